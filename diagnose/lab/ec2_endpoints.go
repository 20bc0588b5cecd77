package lab

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

func endpointOperations() map[string]operation {
	return map[string]operation{
		"ec2:DescribeVpcEndpoints":      on(describeVpcEndpoints),
		"ec2:DescribeNetworkInterfaces": on(describeNetworkInterfaces),
	}
}

// openEndpointPolicy is the policy of an endpoint that nobody gave one.
const openEndpointPolicy = `{"Statement":[{"Action":"*","Effect":"Allow","Principal":"*","Resource":"*"}]}`

func describeVpcEndpoints(w *World, r *request, in *ec2.DescribeVpcEndpointsInput) (*ec2.DescribeVpcEndpointsOutput, error) {
	if err := noPagesWithIDs(in.VpcEndpointIds, in.MaxResults); err != nil {
		return nil, err
	}
	// A participant of a shared VPC does not see the owner's endpoints.
	all := pick(w.Endpoints, func(e *Endpoint) bool { return w.mine(e.Owner) }, w.showEndpoint)
	all, err := byID(all, in.VpcEndpointIds, func(e types.VpcEndpoint) *string { return e.VpcEndpointId },
		"InvalidVpcEndpointId.NotFound", "The Vpc Endpoint Id '%s' does not exist")
	if err != nil {
		return nil, err
	}
	found, err := filter(all, in.Filters, fields[types.VpcEndpoint]{
		"vpc-id":             func(e types.VpcEndpoint) []string { return one(e.VpcId) },
		"vpc-endpoint-id":    func(e types.VpcEndpoint) []string { return one(e.VpcEndpointId) },
		"service-name":       func(e types.VpcEndpoint) []string { return one(e.ServiceName) },
		"vpc-endpoint-type":  func(e types.VpcEndpoint) []string { return []string{string(e.VpcEndpointType)} },
		"vpc-endpoint-state": func(e types.VpcEndpoint) []string { return []string{string(e.State)} },
	}, func(e types.VpcEndpoint) []types.Tag { return e.Tags })
	if err != nil {
		return nil, err
	}
	rows, next, err := page(r, ec2Paging, found, in.NextToken, in.MaxResults)
	return &ec2.DescribeVpcEndpointsOutput{VpcEndpoints: rows, NextToken: next}, err
}

func (w *World) showEndpoint(e *Endpoint) types.VpcEndpoint {
	policy := e.Policy
	if policy == "" {
		policy = openEndpointPolicy
	}
	row := types.VpcEndpoint{
		VpcEndpointId: aws.String(e.ID), VpcId: aws.String(e.VPC), OwnerId: aws.String(w.owner(e.Owner)), ServiceName: aws.String(e.Service),
		// The wire has it in small letters (domain.md NET-2).
		State: types.State(e.State), VpcEndpointType: types.VpcEndpointType(e.Type), PolicyDocument: aws.String(policy),
		PrivateDnsEnabled: aws.Bool(e.PrivateDNS), RequesterManaged: aws.Bool(e.Managed), CreationTimestamp: aws.Time(e.Created),
		SubnetIds: append([]string(nil), e.Subnets...), NetworkInterfaceIds: append([]string(nil), e.Interfaces...),
		RouteTableIds: append([]string(nil), e.RouteTables...), IpAddressType: types.IpAddressTypeIpv4, Tags: named("", w.Tags[e.ID]),
	}
	for _, g := range groupIDs(w, e.Groups) {
		row.Groups = append(row.Groups, types.SecurityGroupIdentifier{GroupId: g.GroupId, GroupName: g.GroupName})
	}
	for _, n := range e.DNSNames {
		row.DnsEntries = append(row.DnsEntries, types.DnsEntry{DnsName: aws.String(n), HostedZoneId: aws.String("Z2E726K9Y6RL4W")})
	}
	return row
}

// describeNetworkInterfaces shows the interfaces of instances, which follow from
// them, and those of everything else.
func describeNetworkInterfaces(w *World, r *request, in *ec2.DescribeNetworkInterfacesInput) (*ec2.DescribeNetworkInterfacesOutput, error) {
	if err := noPagesWithIDs(in.NetworkInterfaceIds, in.MaxResults); err != nil {
		return nil, err
	}
	all := pick(w.Interfaces, func(i *Interface) bool { return w.mine(i.Owner) }, w.showInterface)
	for _, i := range sorted(w.Instances) {
		if w.mine(i.Owner) && i.Terminated.IsZero() {
			row := w.showInterface(&Interface{ID: i.Interface, Subnet: i.Subnet, IP: i.IP, Type: "interface", Status: "in-use", Groups: i.Groups})
			row.RequesterManaged = aws.Bool(false)
			row.Attachment = &types.NetworkInterfaceAttachment{AttachmentId: aws.String(id("eni-attach", i.ID)), InstanceId: aws.String(i.ID),
				InstanceOwnerId: aws.String(w.Account), DeviceIndex: aws.Int32(0), Status: types.AttachmentStatusAttached}
			all = append(all, row)
		}
	}
	all, err := byID(all, in.NetworkInterfaceIds, func(i types.NetworkInterface) *string { return i.NetworkInterfaceId },
		"InvalidNetworkInterfaceID.NotFound", "The networkInterface ID '%s' does not exist")
	if err != nil {
		return nil, err
	}
	found, err := filter(all, in.Filters, fields[types.NetworkInterface]{
		"network-interface-id":         func(i types.NetworkInterface) []string { return one(i.NetworkInterfaceId) },
		"vpc-id":                       func(i types.NetworkInterface) []string { return one(i.VpcId) },
		"subnet-id":                    func(i types.NetworkInterface) []string { return one(i.SubnetId) },
		"interface-type":               func(i types.NetworkInterface) []string { return []string{string(i.InterfaceType)} },
		"description":                  func(i types.NetworkInterface) []string { return one(i.Description) },
		"status":                       func(i types.NetworkInterface) []string { return []string{string(i.Status)} },
		"requester-id":                 func(i types.NetworkInterface) []string { return one(i.RequesterId) },
		"addresses.private-ip-address": func(i types.NetworkInterface) []string { return one(i.PrivateIpAddress) },
		"group-id": func(i types.NetworkInterface) []string {
			var out []string
			for _, g := range i.Groups {
				out = append(out, aws.ToString(g.GroupId))
			}
			return out
		},
		"attachment.instance-id": func(i types.NetworkInterface) []string {
			if i.Attachment == nil {
				return nil
			}
			return one(i.Attachment.InstanceId)
		},
	}, func(i types.NetworkInterface) []types.Tag { return i.TagSet })
	if err != nil {
		return nil, err
	}
	rows, next, err := page(r, ec2Paging, found, in.NextToken, in.MaxResults)
	return &ec2.DescribeNetworkInterfacesOutput{NetworkInterfaces: rows, NextToken: next}, err
}

func (w *World) showInterface(i *Interface) types.NetworkInterface {
	subnet := w.subnet(i.Subnet)
	row := types.NetworkInterface{
		NetworkInterfaceId: aws.String(i.ID), OwnerId: aws.String(w.owner(i.Owner)), SubnetId: aws.String(i.Subnet), VpcId: aws.String(subnet.VPC),
		AvailabilityZone: aws.String(subnet.AZ), PrivateIpAddress: aws.String(i.IP), InterfaceType: types.NetworkInterfaceType(i.Type),
		Description: aws.String(i.Description), Status: types.NetworkInterfaceStatus(i.Status), Groups: groupIDs(w, i.Groups),
		RequesterManaged: aws.Bool(true), SourceDestCheck: aws.Bool(true), PrivateDnsName: aws.String(w.hostName(i.IP)),
		PrivateIpAddresses: []types.NetworkInterfacePrivateIpAddress{{Primary: aws.Bool(true), PrivateIpAddress: aws.String(i.IP)}},
	}
	if i.Requester != "" {
		row.RequesterId = aws.String(i.Requester)
	}
	return row
}
