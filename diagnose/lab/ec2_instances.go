package lab

import (
	"encoding/base64"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

func instanceOperations() map[string]operation {
	return map[string]operation{
		"ec2:DescribeInstances":                      on(describeInstances),
		"ec2:DescribeInstanceStatus":                 on(describeInstanceStatus),
		"ec2:DescribeIamInstanceProfileAssociations": on(describeProfileAssociations),
		"ec2:DescribeInstanceTypes":                  on(describeInstanceTypes),
		"ec2:DescribeImages":                         on(describeImages),
		"ec2:DescribeRegions":                        on(describeRegions),
		"ec2:GetPasswordData":                        on(getPasswordData),
		"ec2:GetConsoleOutput":                       on(getConsoleOutput),
		"ec2:GetConsoleScreenshot":                   on(getConsoleScreenshot),
	}
}

// platform is what EC2 writes, where the SDK's constant says Windows.
const platform types.PlatformValues = "windows"

// rowLives is how long EC2 still shows a terminated instance (domain.md §5.4, [M]).
const rowLives = time.Hour

// visible reports whether EC2 still has a row of an instance.
func (w *World) visible(i *Instance) bool {
	return w.mine(i.Owner) && (i.Terminated.IsZero() || w.Now.Sub(i.Terminated) < rowLives)
}

func (w *World) instances() []types.Instance {
	return pick(w.Instances, w.visible, w.showInstance)
}

func describeInstances(w *World, r *request, in *ec2.DescribeInstancesInput) (*ec2.DescribeInstancesOutput, error) {
	if err := w.checkInstanceIDs(in.InstanceIds); err != nil {
		return nil, err
	}
	if err := noPagesWithIDs(in.InstanceIds, in.MaxResults); err != nil {
		return nil, err
	}
	all := w.instances()
	if len(in.InstanceIds) > 0 {
		all = slices.DeleteFunc(all, func(i types.Instance) bool { return !slices.Contains(in.InstanceIds, *i.InstanceId) })
	}
	found, err := filter(all, in.Filters, instanceFields(), func(i types.Instance) []types.Tag { return i.Tags })
	if err != nil {
		return nil, err
	}
	rows, next, err := page(r, ec2Paging, found, in.NextToken, in.MaxResults)
	if err != nil {
		return nil, err
	}
	out := &ec2.DescribeInstancesOutput{NextToken: next}
	for _, row := range rows {
		// One reservation an instance, as separate launches have.
		out.Reservations = append(out.Reservations, types.Reservation{
			ReservationId: aws.String(id("r", *row.InstanceId)),
			OwnerId:       aws.String(w.Account),
			Instances:     []types.Instance{row},
		})
	}
	return out, nil
}

// checkInstanceIDs refuses ids as EC2 does: first those that are no ids, then
// those that are not there.
func (w *World) checkInstanceIDs(ids []string) error {
	for _, want := range ids {
		if !instanceID().MatchString(want) {
			return fail("InvalidInstanceID.Malformed", "Invalid id: %q", want)
		}
	}
	for _, want := range ids {
		if i := w.Instances[want]; i == nil || !w.visible(i) {
			return fail("InvalidInstanceID.NotFound", "The instance ID '%s' does not exist", want)
		}
	}
	return nil
}

// instanceID is the form of an instance id: eight digits in old accounts.
func instanceID() *regexp.Regexp { return regexp.MustCompile(`^i-([0-9a-f]{8}|[0-9a-f]{17})$`) }

func instanceFields() fields[types.Instance] {
	return fields[types.Instance]{
		"instance-id":                func(i types.Instance) []string { return one(i.InstanceId) },
		"image-id":                   func(i types.Instance) []string { return one(i.ImageId) },
		"vpc-id":                     func(i types.Instance) []string { return one(i.VpcId) },
		"subnet-id":                  func(i types.Instance) []string { return one(i.SubnetId) },
		"private-ip-address":         func(i types.Instance) []string { return one(i.PrivateIpAddress) },
		"key-name":                   func(i types.Instance) []string { return one(i.KeyName) },
		"instance-type":              func(i types.Instance) []string { return []string{string(i.InstanceType)} },
		"instance-state-name":        func(i types.Instance) []string { return []string{string(i.State.Name)} },
		"platform":                   func(i types.Instance) []string { return []string{string(i.Platform)} },
		"platform-details":           func(i types.Instance) []string { return one(i.PlatformDetails) },
		"iam-instance-profile.arn":   func(i types.Instance) []string { return one(profileOf(i).Arn) },
		"iam-instance-profile.id":    func(i types.Instance) []string { return one(profileOf(i).Id) },
		"network-interface.group-id": instanceGroups,
		"instance.group-id":          instanceGroups,
		"product-code": func(i types.Instance) []string {
			var out []string
			for _, p := range i.ProductCodes {
				out = append(out, aws.ToString(p.ProductCodeId))
			}
			return out
		},
	}
}

func profileOf(i types.Instance) types.IamInstanceProfile {
	if i.IamInstanceProfile == nil {
		return types.IamInstanceProfile{}
	}
	return *i.IamInstanceProfile
}

func instanceGroups(i types.Instance) []string {
	var out []string
	for _, g := range i.SecurityGroups {
		out = append(out, aws.ToString(g.GroupId))
	}
	return out
}

// showInstance is EC2's row. A terminated instance has lost its network, its
// volumes and its profile there (domain.md §5.4).
func (w *World) showInstance(i *Instance) types.Instance {
	row := types.Instance{
		InstanceId: aws.String(i.ID), ImageId: aws.String(i.Image), InstanceType: types.InstanceType(i.Type),
		LaunchTime: aws.Time(i.Launched), Architecture: types.ArchitectureValuesX8664, AmiLaunchIndex: aws.Int32(0),
		// EC2 says xen for Nitro too.
		Hypervisor: types.HypervisorTypeXen, VirtualizationType: types.VirtualizationTypeHvm,
		Platform: platform, PlatformDetails: aws.String("Windows"), UsageOperation: aws.String("RunInstances:0002"),
		RootDeviceName: aws.String("/dev/sda1"), RootDeviceType: types.DeviceTypeEbs, EbsOptimized: aws.Bool(true), EnaSupport: aws.Bool(true),
		StateTransitionReason: aws.String(""),
		State:                 &types.InstanceState{Code: aws.Int32(16), Name: types.InstanceStateNameRunning},
		Monitoring:            &types.Monitoring{State: types.MonitoringStateDisabled},
		Tags:                  named(i.Name, i.Tags),
		MetadataOptions: &types.InstanceMetadataOptionsResponse{
			State: types.InstanceMetadataOptionsStateApplied, HttpTokens: types.HttpTokensStateRequired,
			HttpEndpoint: types.InstanceMetadataEndpointStateEnabled, HttpPutResponseHopLimit: aws.Int32(2),
			HttpProtocolIpv6: types.InstanceMetadataProtocolStateDisabled, InstanceMetadataTags: types.InstanceMetadataTagsStateDisabled,
		},
	}
	if i.Key != "" {
		row.KeyName = aws.String(i.Key)
	}
	if i.MetadataTokens != "" {
		row.MetadataOptions.HttpTokens = types.HttpTokensState(i.MetadataTokens)
	}
	if i.MetadataHops != 0 {
		row.MetadataOptions.HttpPutResponseHopLimit = aws.Int32(i.MetadataHops)
	}
	if i.MetadataOff {
		row.MetadataOptions.HttpEndpoint = types.InstanceMetadataEndpointStateDisabled
	}
	for _, code := range i.ProductCodes {
		row.ProductCodes = append(row.ProductCodes, types.ProductCode{ProductCodeId: aws.String(code), ProductCodeType: types.ProductCodeValuesMarketplace})
	}
	subnet := w.subnet(i.Subnet)
	row.Placement = &types.Placement{AvailabilityZone: aws.String(subnet.AZ), Tenancy: types.TenancyDefault, GroupName: aws.String("")}
	switch {
	case !i.Terminated.IsZero():
		row.State = &types.InstanceState{Code: aws.Int32(48), Name: types.InstanceStateNameTerminated}
		row.StateTransitionReason = aws.String(i.Terminated.UTC().Format("User initiated (2006-01-02 15:04:05 GMT)"))
		row.StateReason = &types.StateReason{Code: aws.String("Client.UserInitiatedShutdown"),
			Message: aws.String("Client.UserInitiatedShutdown: User initiated shutdown")}
		return row
	case i.State == "pending":
		row.State = &types.InstanceState{Code: aws.Int32(0), Name: types.InstanceStateNamePending}
	case i.State == "stopped":
		row.State = &types.InstanceState{Code: aws.Int32(80), Name: types.InstanceStateNameStopped}
	}
	row.VpcId, row.SubnetId, row.PrivateIpAddress = aws.String(subnet.VPC), aws.String(i.Subnet), aws.String(i.IP)
	row.PrivateDnsName = aws.String(w.hostName(i.IP))
	row.SecurityGroups = groupIDs(w, i.Groups)
	row.SourceDestCheck = aws.Bool(true)
	if i.Profile != "" {
		row.IamInstanceProfile = &types.IamInstanceProfile{Arn: aws.String(w.profileARN(i.Profile)), Id: aws.String(i.ProfileID)}
	}
	row.BlockDeviceMappings = []types.InstanceBlockDeviceMapping{{
		DeviceName: row.RootDeviceName,
		Ebs: &types.EbsInstanceBlockDevice{VolumeId: aws.String(i.Volume), Status: types.AttachmentStatusAttached,
			AttachTime: aws.Time(i.Launched.Add(time.Second)), DeleteOnTermination: aws.Bool(true)},
	}}
	row.NetworkInterfaces = []types.InstanceNetworkInterface{{
		NetworkInterfaceId: aws.String(i.Interface), VpcId: row.VpcId, SubnetId: row.SubnetId, OwnerId: aws.String(w.Account),
		Description: aws.String(""), InterfaceType: aws.String("interface"), Status: types.NetworkInterfaceStatusInUse,
		Groups: groupIDs(w, i.Groups), PrivateIpAddress: aws.String(i.IP), SourceDestCheck: aws.Bool(true),
		PrivateIpAddresses: []types.InstancePrivateIpAddress{{Primary: aws.Bool(true), PrivateIpAddress: aws.String(i.IP)}},
		Attachment: &types.InstanceNetworkInterfaceAttachment{AttachmentId: aws.String(id("eni-attach", i.ID)),
			AttachTime: aws.Time(i.Launched), DeviceIndex: aws.Int32(0), Status: types.AttachmentStatusAttached},
	}}
	if i.PublicIP != "" {
		row.PublicIpAddress, row.PublicDnsName = aws.String(i.PublicIP), aws.String("ec2-"+strings.ReplaceAll(i.PublicIP, ".", "-")+"."+w.Region+".compute.amazonaws.com")
		association := &types.InstanceNetworkInterfaceAssociation{PublicIp: row.PublicIpAddress, PublicDnsName: row.PublicDnsName, IpOwnerId: aws.String(w.Account)}
		row.NetworkInterfaces[0].Association = association
		row.NetworkInterfaces[0].PrivateIpAddresses[0].Association = association
	}
	return row
}

func describeInstanceStatus(w *World, r *request, in *ec2.DescribeInstanceStatusInput) (*ec2.DescribeInstanceStatusOutput, error) {
	if err := w.checkInstanceIDs(in.InstanceIds); err != nil {
		return nil, err
	}
	if len(in.InstanceIds) > 100 {
		return nil, fail("InvalidParameterValue", "At most 100 instance ids can be given")
	}
	if err := noPagesWithIDs(in.InstanceIds, in.MaxResults); err != nil {
		return nil, err
	}
	var all []types.InstanceStatus
	for _, i := range sorted(w.Instances) {
		running := i.Terminated.IsZero() && i.State == "running"
		asked := len(in.InstanceIds) == 0 || slices.Contains(in.InstanceIds, i.ID)
		if !w.visible(i) || !asked || (!running && !aws.ToBool(in.IncludeAllInstances)) {
			continue
		}
		row := w.showInstance(i)
		status := types.InstanceStatus{
			InstanceId: row.InstanceId, InstanceState: row.State, AvailabilityZone: row.Placement.AvailabilityZone,
			SystemStatus:      statusSummary("not-applicable"),
			InstanceStatus:    statusSummary("not-applicable"),
			AttachedEbsStatus: &types.EbsStatusSummary{Status: "not-applicable"},
		}
		if running {
			status.SystemStatus, status.InstanceStatus = statusSummary(i.SystemStatus), statusSummary(i.InstanceStatus)
			status.AttachedEbsStatus = &types.EbsStatusSummary{Status: types.SummaryStatusOk}
		}
		all = append(all, status)
	}
	found, err := filter(all, in.Filters, fields[types.InstanceStatus]{
		"instance-state-name": func(s types.InstanceStatus) []string { return []string{string(s.InstanceState.Name)} },
		"availability-zone":   func(s types.InstanceStatus) []string { return one(s.AvailabilityZone) },
	}, nil)
	if err != nil {
		return nil, err
	}
	rows, next, err := page(r, ec2Paging, found, in.NextToken, in.MaxResults)
	return &ec2.DescribeInstanceStatusOutput{InstanceStatuses: rows, NextToken: next}, err
}

func statusSummary(s string) *types.InstanceStatusSummary {
	if s == "" {
		s = "ok"
	}
	return &types.InstanceStatusSummary{Status: types.SummaryStatus(s)}
}

func describeProfileAssociations(w *World, r *request, in *ec2.DescribeIamInstanceProfileAssociationsInput) (*ec2.DescribeIamInstanceProfileAssociationsOutput, error) {
	all := pick(w.Instances, func(i *Instance) bool { return i.Profile != "" && i.Terminated.IsZero() && w.mine(i.Owner) },
		func(i *Instance) types.IamInstanceProfileAssociation {
			return *w.showAssociation(i)
		})
	all, err := byID(all, in.AssociationIds, func(a types.IamInstanceProfileAssociation) *string { return a.AssociationId },
		"InvalidAssociationID.NotFound", "The association ID '%s' does not exist")
	if err != nil {
		return nil, err
	}
	found, err := filter(all, in.Filters, fields[types.IamInstanceProfileAssociation]{
		"instance-id": func(a types.IamInstanceProfileAssociation) []string { return one(a.InstanceId) },
		"state":       func(a types.IamInstanceProfileAssociation) []string { return []string{string(a.State)} },
	}, nil)
	if err != nil {
		return nil, err
	}
	rows, next, err := page(r, ec2Paging, found, in.NextToken, in.MaxResults)
	return &ec2.DescribeIamInstanceProfileAssociationsOutput{IamInstanceProfileAssociations: rows, NextToken: next}, err
}

func (w *World) showAssociation(i *Instance) *types.IamInstanceProfileAssociation {
	row := &types.IamInstanceProfileAssociation{
		AssociationId: aws.String(i.Association), InstanceId: aws.String(i.ID), State: types.IamInstanceProfileAssociationStateAssociated,
		IamInstanceProfile: &types.IamInstanceProfile{Arn: aws.String(w.profileARN(i.Profile)), Id: aws.String(i.ProfileID)},
	}
	if i.Associating {
		row.State = types.IamInstanceProfileAssociationStateAssociating
	}
	return row
}

func getPasswordData(w *World, _ *request, in *ec2.GetPasswordDataInput) (*ec2.GetPasswordDataOutput, error) {
	if err := w.checkInstanceIDs([]string{aws.ToString(in.InstanceId)}); err != nil {
		return nil, err
	}
	i := w.Instances[*in.InstanceId]
	return &ec2.GetPasswordDataOutput{InstanceId: aws.String(i.ID), PasswordData: aws.String(i.PasswordData),
		Timestamp: aws.Time(i.Launched.Add(4 * time.Minute))}, nil
}

// getConsoleOutput is what the launch agent wrote at the last start. Without Latest
// it is the same here: EC2 posts it some minutes after each start.
func getConsoleOutput(w *World, _ *request, in *ec2.GetConsoleOutputInput) (*ec2.GetConsoleOutputOutput, error) {
	if err := w.checkInstanceIDs([]string{aws.ToString(in.InstanceId)}); err != nil {
		return nil, err
	}
	i := w.Instances[*in.InstanceId]
	out := &ec2.GetConsoleOutputOutput{InstanceId: aws.String(i.ID), Timestamp: aws.Time(w.Now)}
	if i.Terminated.IsZero() {
		image := ""
		if m := w.Images[i.Image]; m != nil {
			image = m.Name
		}
		text := i.Windows.Console(outside{w, i}, image, i.PasswordData)
		out.Output = aws.String(base64.StdEncoding.EncodeToString([]byte(text)))
	}
	return out, nil
}

func describeRegions(w *World, _ *request, in *ec2.DescribeRegionsInput) (*ec2.DescribeRegionsOutput, error) {
	out := &ec2.DescribeRegionsOutput{}
	for _, name := range w.Regions {
		if len(in.RegionNames) > 0 && !slices.Contains(in.RegionNames, name) {
			continue
		}
		out.Regions = append(out.Regions, types.Region{RegionName: aws.String(name), OptInStatus: aws.String("opt-in-not-required"),
			Endpoint: aws.String("ec2." + name + ".amazonaws.com")})
	}
	return out, nil
}
