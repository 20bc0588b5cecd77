package cloud

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/monshin/monshin/diagnose/estate"
)

const (
	noInstance = "InvalidInstanceID.NotFound"
	// ec2Page is the most rows of a page that EC2 gives for most of its lists; it may
	// not be set where rows are asked for by id (domain.md §12).
	ec2Page = 1000
)

func (s *Source) instance(ctx context.Context, id string) (estate.Instance, error) {
	out, err := s.ec2.DescribeInstances(ctx, &ec2.DescribeInstancesInput{InstanceIds: []string{id}})
	if hasCode(err, noInstance) {
		return estate.Instance{}, errAbsent
	}
	if err != nil {
		return estate.Instance{}, err
	}
	for _, r := range out.Reservations {
		for _, i := range r.Instances {
			if aws.ToString(i.InstanceId) == id {
				return instanceOf(i, aws.ToString(r.OwnerId)), nil
			}
		}
	}
	return estate.Instance{}, errAbsent
}

func instanceOf(i types.Instance, owner string) estate.Instance {
	e := estate.Instance{
		ID: aws.ToString(i.InstanceId), OwnerID: owner, Tags: tagsOf(i.Tags),
		Transition: aws.ToString(i.StateTransitionReason),
		Platform:   strings.ToLower(string(i.Platform)), PlatformDetails: aws.ToString(i.PlatformDetails),
		UsageOperation: aws.ToString(i.UsageOperation),
		Architecture:   string(i.Architecture), Hypervisor: string(i.Hypervisor),
		Type: string(i.InstanceType), ImageID: aws.ToString(i.ImageId), KeyName: aws.ToString(i.KeyName),
		LaunchTime: utc(i.LaunchTime), VPC: aws.ToString(i.VpcId), Subnet: aws.ToString(i.SubnetId),
		PrivateIP: aws.ToString(i.PrivateIpAddress), PublicIP: aws.ToString(i.PublicIpAddress),
		Groups: groupsOf(i.SecurityGroups), ProductCodes: mapped(i.ProductCodes, productCodeOf),
	}
	e.Name = e.Tags["Name"]
	if i.State != nil {
		e.State = string(i.State.Name)
	}
	if i.StateReason != nil {
		e.StateCode, e.StateMessage = aws.ToString(i.StateReason.Code), freeText(i.StateReason.Message)
	}
	if i.Placement != nil {
		e.AZ = aws.ToString(i.Placement.AvailabilityZone)
	}
	if p := i.IamInstanceProfile; p != nil {
		e.ProfileARN, e.ProfileID = aws.ToString(p.Arn), aws.ToString(p.Id)
	}
	if m := i.MetadataOptions; m != nil {
		e.Metadata = estate.MetadataOptions{
			Endpoint: string(m.HttpEndpoint), Tokens: string(m.HttpTokens), State: string(m.State),
			HopLimit: int32Or(m.HttpPutResponseHopLimit, 0),
		}
	}
	for _, d := range i.BlockDeviceMappings {
		if d.Ebs != nil && d.DeviceName != nil && aws.ToString(d.DeviceName) == aws.ToString(i.RootDeviceName) {
			e.RootVolume, e.RootAttached = aws.ToString(d.Ebs.VolumeId), utc(d.Ebs.AttachTime)
		}
	}
	e.Interfaces = mapped(i.NetworkInterfaces, func(n types.InstanceNetworkInterface) estate.Interface {
		return attachedInterface(n, e.AZ)
	})
	primaryFirst(e.Interfaces)
	return e
}

// primaryFirst orders interfaces by device index.
func primaryFirst(list []estate.Interface) {
	slices.SortStableFunc(list, func(a, b estate.Interface) int { return a.DeviceIndex - b.DeviceIndex })
}

func attachedInterface(n types.InstanceNetworkInterface, az string) estate.Interface {
	e := estate.Interface{
		ID: aws.ToString(n.NetworkInterfaceId), VPC: aws.ToString(n.VpcId), Subnet: aws.ToString(n.SubnetId), AZ: az,
		Description: freeText(n.Description), Status: string(n.Status), Groups: groupsOf(n.Groups),
	}
	for _, a := range n.PrivateIpAddresses {
		e.PrivateIPs = append(e.PrivateIPs, present(a.PrivateIpAddress)...)
		if a.Association != nil && e.PublicIP == "" {
			e.PublicIP = aws.ToString(a.Association.PublicIp)
		}
	}
	e.PrivateIPs = withPrimary(e.PrivateIPs, n.PrivateIpAddress)
	for _, a := range n.Ipv6Addresses {
		e.IPv6s = append(e.IPv6s, present(a.Ipv6Address)...)
	}
	if n.Association != nil {
		e.PublicIP = first(n.Association.PublicIp, &e.PublicIP)
	}
	if n.Attachment != nil {
		e.DeviceIndex = int32Or(n.Attachment.DeviceIndex, 0)
	}
	return e
}

// interfaceOf turns a row of DescribeNetworkInterfaces.
func interfaceOf(n types.NetworkInterface) estate.Interface {
	e := estate.Interface{
		ID: aws.ToString(n.NetworkInterfaceId), VPC: aws.ToString(n.VpcId), Subnet: aws.ToString(n.SubnetId),
		AZ: aws.ToString(n.AvailabilityZone), Description: freeText(n.Description), Status: string(n.Status),
		Groups: groupsOf(n.Groups),
	}
	for _, a := range n.PrivateIpAddresses {
		e.PrivateIPs = append(e.PrivateIPs, present(a.PrivateIpAddress)...)
		if a.Association != nil && e.PublicIP == "" {
			e.PublicIP = aws.ToString(a.Association.PublicIp)
		}
	}
	e.PrivateIPs = withPrimary(e.PrivateIPs, n.PrivateIpAddress)
	for _, a := range n.Ipv6Addresses {
		e.IPv6s = append(e.IPv6s, present(a.Ipv6Address)...)
	}
	if n.Association != nil {
		e.PublicIP = first(n.Association.PublicIp, &e.PublicIP)
	}
	if n.Attachment != nil {
		e.DeviceIndex = int32Or(n.Attachment.DeviceIndex, 0)
	}
	return e
}

// withPrimary puts an interface's own address in front.
func withPrimary(list []string, primary *string) []string {
	if aws.ToString(primary) == "" {
		return list
	}
	list = slices.DeleteFunc(list, func(a string) bool { return a == *primary })
	return slices.Insert(list, 0, *primary)
}

func groupsOf(list []types.GroupIdentifier) []string {
	var out []string
	for _, g := range list {
		out = append(out, present(g.GroupId)...)
	}
	return out
}

func tagsOf(list []types.Tag) map[string]string {
	if len(list) == 0 {
		return nil
	}
	out := make(map[string]string, len(list))
	for _, t := range list {
		if key := aws.ToString(t.Key); keptTag(key) {
			out[key] = freeText(t.Value)
		}
	}
	return out
}

// keptTag says whether a tag is kept: those that a judgement reads. The others are
// a customer's own, and their values can be anything.
func keptTag(key string) bool { return key == "Name" || strings.HasPrefix(key, licenseTag) }

func productCodeOf(c types.ProductCode) estate.ProductCode {
	return estate.ProductCode{ID: aws.ToString(c.ProductCodeId), Type: string(c.ProductCodeType)}
}

func (s *Source) status(ctx context.Context, id string) (estate.InstanceStatus, error) {
	out, err := s.ec2.DescribeInstanceStatus(ctx, &ec2.DescribeInstanceStatusInput{
		InstanceIds: []string{id}, IncludeAllInstances: aws.Bool(true),
	})
	if hasCode(err, noInstance) {
		return estate.InstanceStatus{}, errAbsent
	}
	if err != nil {
		return estate.InstanceStatus{}, err
	}
	for _, row := range out.InstanceStatuses {
		if aws.ToString(row.InstanceId) != id {
			continue
		}
		e := estate.InstanceStatus{Events: mapped(row.Events, func(v types.InstanceStatusEvent) estate.StatusEvent {
			return estate.StatusEvent{Code: string(v.Code), Description: freeText(v.Description), NotBefore: utc(v.NotBefore)}
		})}
		if row.SystemStatus != nil {
			e.System = string(row.SystemStatus.Status)
		}
		if row.InstanceStatus != nil {
			e.Instance = string(row.InstanceStatus.Status)
		}
		if row.AttachedEbsStatus != nil {
			e.EBS = string(row.AttachedEbsStatus.Status)
		}
		return e, nil
	}
	return estate.InstanceStatus{}, errAbsent
}

// elsewhere looks for an instance in the account's other regions.
func (s *Source) elsewhere(ctx context.Context, id string) (estate.Elsewhere, error) {
	out, err := s.ec2.DescribeRegions(ctx, &ec2.DescribeRegionsInput{})
	if err != nil {
		return estate.Elsewhere{}, err
	}
	var regions []string
	for _, r := range out.Regions {
		name := aws.ToString(r.RegionName)
		if name != "" && name != s.o.Target.Region && aws.ToString(r.OptInStatus) != "not-opted-in" && IsRegion(name) {
			regions = append(regions, name)
		}
	}
	slices.Sort(regions)
	regions = slices.Compact(regions)
	found, errs := make([]bool, len(regions)), make([]error, len(regions))
	ctx = deeper(ctx)
	_ = each(regions, func(i int, region string) error {
		found[i], errs[i] = s.holds(ctx, region, id)
		return nil // a region that cannot be read does not hide the others
	})
	e := estate.Elsewhere{Searched: []string{}}
	for i, region := range regions {
		switch {
		case errs[i] != nil:
			// Also where the region rejects the credentials: it may not be enabled there,
			// and credentials that are really invalid show in every other part.
			e.Failed = append(e.Failed, region)
		case found[i]:
			e.Found = append(e.Found, region)
			fallthrough
		default:
			e.Searched = append(e.Searched, region)
		}
	}
	return e, nil
}

func (s *Source) holds(ctx context.Context, region, id string) (found bool, err error) {
	err = pages(ctx, func(ctx context.Context, token *string) (*string, error) {
		out, err := s.ec2.DescribeInstances(ctx, &ec2.DescribeInstancesInput{
			Filters: filters("instance-id", id), MaxResults: aws.Int32(ec2Page), NextToken: token,
		}, func(o *ec2.Options) { o.Region = region })
		if err != nil {
			return nil, err
		}
		for _, r := range out.Reservations {
			for _, i := range r.Instances {
				found = found || aws.ToString(i.InstanceId) == id
			}
		}
		return out.NextToken, nil
	})
	return found, err
}

// filters makes EC2 filters: a name and its value in turn.
func filters(pairs ...string) []types.Filter {
	var out []types.Filter
	for i := 0; i+1 < len(pairs); i += 2 {
		out = append(out, types.Filter{Name: aws.String(pairs[i]), Values: []string{pairs[i+1]}})
	}
	return out
}

func (s *Source) profileBinding(ctx context.Context, id string) (estate.ProfileBinding, error) {
	var rows []types.IamInstanceProfileAssociation
	err := pages(ctx, func(ctx context.Context, token *string) (*string, error) {
		out, err := s.ec2.DescribeIamInstanceProfileAssociations(ctx, &ec2.DescribeIamInstanceProfileAssociationsInput{
			Filters: []types.Filter{
				{Name: aws.String("instance-id"), Values: []string{id}},
				{Name: aws.String("state"), Values: []string{"associated", "associating"}},
			},
			MaxResults: aws.Int32(ec2Page), NextToken: token,
		})
		if err != nil {
			return nil, err
		}
		rows = append(rows, out.IamInstanceProfileAssociations...)
		return out.NextToken, nil
	})
	if err != nil {
		return estate.ProfileBinding{}, err
	}
	for _, row := range rows {
		if aws.ToString(row.InstanceId) != id {
			continue
		}
		e := estate.ProfileBinding{ID: aws.ToString(row.AssociationId), State: string(row.State)}
		if p := row.IamInstanceProfile; p != nil {
			e.ProfileARN, e.ProfileID = aws.ToString(p.Arn), aws.ToString(p.Id)
		}
		return e, nil
	}
	return estate.ProfileBinding{}, errAbsent
}

// password tells whether there is password data. The data itself goes no further.
func (s *Source) password(ctx context.Context, id string) (estate.Password, error) {
	out, err := s.ec2.GetPasswordData(ctx, &ec2.GetPasswordDataInput{InstanceId: aws.String(id)})
	if hasCode(err, noInstance) {
		return estate.Password{}, errAbsent
	}
	if err != nil {
		return estate.Password{}, err
	}
	return estate.Password{Present: strings.TrimSpace(aws.ToString(out.PasswordData)) != "", Time: utc(out.Timestamp)}, nil
}

func (s *Source) instanceType(ctx context.Context, name string) (estate.InstanceType, error) {
	out, err := s.ec2.DescribeInstanceTypes(ctx, &ec2.DescribeInstanceTypesInput{InstanceTypes: []types.InstanceType{types.InstanceType(name)}})
	if hasCode(err, "InvalidInstanceType") {
		return estate.InstanceType{}, errAbsent
	}
	if err != nil {
		return estate.InstanceType{}, err
	}
	for _, t := range out.InstanceTypes {
		if string(t.InstanceType) != name {
			continue
		}
		e := estate.InstanceType{Name: name, Hypervisor: string(t.Hypervisor), BareMetal: aws.ToBool(t.BareMetal)}
		if t.ProcessorInfo != nil {
			e.Architectures = mapped(t.ProcessorInfo.SupportedArchitectures, func(a types.ArchitectureType) string { return string(a) })
		}
		return e, nil
	}
	return estate.InstanceType{}, errAbsent
}

func (s *Source) image(ctx context.Context, id string) (estate.Image, error) {
	out, err := s.ec2.DescribeImages(ctx, &ec2.DescribeImagesInput{ImageIds: []string{id}, IncludeDeprecated: aws.Bool(true)})
	if hasCode(err, "InvalidAMIID.NotFound", "InvalidAMIID.Unavailable") {
		return estate.Image{}, errAbsent
	}
	if err != nil {
		return estate.Image{}, err
	}
	for _, i := range out.Images {
		if aws.ToString(i.ImageId) != id {
			continue
		}
		e := imageOf(i)
		// EC2 says "self" only of images found by owner. A caller that cannot be told
		// leaves the alias as EC2 gave it.
		if me, err := s.identity(ctx); err == nil && e.OwnerID != "" && e.OwnerID == me.Account {
			e.OwnerAlias = "self"
		}
		return e, nil
	}
	return estate.Image{}, errAbsent
}

// imageOf turns a row of DescribeImages. Its alias is EC2's: "self" only of images found by owner.
func imageOf(i types.Image) estate.Image {
	return estate.Image{
		ID: aws.ToString(i.ImageId), Name: aws.ToString(i.Name), OwnerID: aws.ToString(i.OwnerId), OwnerAlias: aws.ToString(i.ImageOwnerAlias),
		Platform: strings.ToLower(string(i.Platform)), Created: isoTime(i.CreationDate), State: string(i.State),
		SourceInstance: aws.ToString(i.SourceInstanceId), SourceImage: aws.ToString(i.SourceImageId),
		SourceRegion: aws.ToString(i.SourceImageRegion), ProductCodes: mapped(i.ProductCodes, productCodeOf),
		Deprecated: isoTime(i.DeprecationTime),
	}
}
