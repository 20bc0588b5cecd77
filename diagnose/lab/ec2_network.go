package lab

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

func networkOperations() map[string]operation {
	return map[string]operation{
		"ec2:DescribeVpcs":                  on(describeVpcs),
		"ec2:DescribeVpcAttribute":          on(describeVpcAttribute),
		"ec2:DescribeSubnets":               on(describeSubnets),
		"ec2:DescribeNetworkAcls":           on(describeNetworkAcls),
		"ec2:DescribeRouteTables":           on(describeRouteTables),
		"ec2:DescribeInternetGateways":      on(describeInternetGateways),
		"ec2:DescribeNatGateways":           on(describeNatGateways),
		"ec2:DescribeVpcPeeringConnections": on(describePeerings),
		"ec2:DescribeDhcpOptions":           on(describeDhcpOptions),
	}
}

// subnet finds a subnet; an empty one stands for what is not there.
func (w *World) subnet(id string) Subnet {
	if s := w.Subnets[id]; s != nil {
		return *s
	}
	return Subnet{}
}

// hostName is the name that AmazonProvidedDNS has for a private address.
func (w *World) hostName(ip string) string {
	return "ip-" + strings.ReplaceAll(ip, ".", "-") + "." + w.Region + ".compute.internal"
}

func describeVpcs(w *World, r *request, in *ec2.DescribeVpcsInput) (*ec2.DescribeVpcsOutput, error) {
	if err := noPagesWithIDs(in.VpcIds, in.MaxResults); err != nil {
		return nil, err
	}
	all := pick(w.VPCs, func(v *VPC) bool { return w.sees(v.ID) }, func(v *VPC) types.Vpc {
		return types.Vpc{
			VpcId: aws.String(v.ID), OwnerId: aws.String(w.owner(v.Owner)), CidrBlock: aws.String(v.CIDR), DhcpOptionsId: aws.String(v.DHCP),
			State: types.VpcStateAvailable, IsDefault: aws.Bool(false), InstanceTenancy: types.TenancyDefault, Tags: named(v.Name, w.Tags[v.ID]),
			CidrBlockAssociationSet: []types.VpcCidrBlockAssociation{{AssociationId: aws.String(id("vpc-cidr-assoc", v.ID)), CidrBlock: aws.String(v.CIDR),
				CidrBlockState: &types.VpcCidrBlockState{State: types.VpcCidrBlockStateCodeAssociated}}},
			BlockPublicAccessStates: &types.BlockPublicAccessStates{InternetGatewayBlockMode: types.BlockPublicAccessModeOff},
		}
	})
	all, err := byID(all, in.VpcIds, func(v types.Vpc) *string { return v.VpcId }, "InvalidVpcID.NotFound", "The vpc ID '%s' does not exist")
	if err != nil {
		return nil, err
	}
	found, err := filter(all, in.Filters, fields[types.Vpc]{
		"vpc-id":          func(v types.Vpc) []string { return one(v.VpcId) },
		"owner-id":        func(v types.Vpc) []string { return one(v.OwnerId) },
		"cidr":            func(v types.Vpc) []string { return one(v.CidrBlock) },
		"dhcp-options-id": func(v types.Vpc) []string { return one(v.DhcpOptionsId) },
	}, func(v types.Vpc) []types.Tag { return v.Tags })
	if err != nil {
		return nil, err
	}
	rows, next, err := page(r, ec2Paging, found, in.NextToken, in.MaxResults)
	return &ec2.DescribeVpcsOutput{Vpcs: rows, NextToken: next}, err
}

func describeVpcAttribute(w *World, _ *request, in *ec2.DescribeVpcAttributeInput) (*ec2.DescribeVpcAttributeOutput, error) {
	v := w.VPCs[aws.ToString(in.VpcId)]
	if v == nil || !w.sees(v.ID) {
		return nil, fail("InvalidVpcID.NotFound", "The vpc ID '%s' does not exist", aws.ToString(in.VpcId))
	}
	out := &ec2.DescribeVpcAttributeOutput{VpcId: aws.String(v.ID)}
	switch in.Attribute {
	case types.VpcAttributeNameEnableDnsSupport:
		out.EnableDnsSupport = &types.AttributeBooleanValue{Value: aws.Bool(v.DNSSupport)}
	case types.VpcAttributeNameEnableDnsHostnames:
		out.EnableDnsHostnames = &types.AttributeBooleanValue{Value: aws.Bool(v.DNSHostnames)}
	default:
		return nil, fail("InvalidParameterValue", "Value (%s) for parameter attribute is invalid.", in.Attribute)
	}
	return out, nil
}

func describeSubnets(w *World, r *request, in *ec2.DescribeSubnetsInput) (*ec2.DescribeSubnetsOutput, error) {
	if err := noPagesWithIDs(in.SubnetIds, in.MaxResults); err != nil {
		return nil, err
	}
	all := pick(w.Subnets, func(s *Subnet) bool { return w.mine(s.Owner) || s.Shared }, func(s *Subnet) types.Subnet {
		return types.Subnet{
			SubnetId: aws.String(s.ID), VpcId: aws.String(s.VPC), OwnerId: aws.String(w.owner(s.Owner)), CidrBlock: aws.String(s.CIDR),
			AvailabilityZone: aws.String(s.AZ), State: types.SubnetStateAvailable, MapPublicIpOnLaunch: aws.Bool(false),
			DefaultForAz: aws.Bool(false), AvailableIpAddressCount: aws.Int32(200), Tags: named(s.Name, w.Tags[s.ID]),
			SubnetArn: aws.String("arn:aws:ec2:" + w.Region + ":" + w.owner(s.Owner) + ":subnet/" + s.ID),
		}
	})
	all, err := byID(all, in.SubnetIds, func(s types.Subnet) *string { return s.SubnetId }, "InvalidSubnetID.NotFound", "The subnet ID '%s' does not exist")
	if err != nil {
		return nil, err
	}
	found, err := filter(all, in.Filters, fields[types.Subnet]{
		"subnet-id":         func(s types.Subnet) []string { return one(s.SubnetId) },
		"vpc-id":            func(s types.Subnet) []string { return one(s.VpcId) },
		"availability-zone": func(s types.Subnet) []string { return one(s.AvailabilityZone) },
		"owner-id":          func(s types.Subnet) []string { return one(s.OwnerId) },
	}, func(s types.Subnet) []types.Tag { return s.Tags })
	if err != nil {
		return nil, err
	}
	rows, next, err := page(r, ec2Paging, found, in.NextToken, in.MaxResults)
	return &ec2.DescribeSubnetsOutput{Subnets: rows, NextToken: next}, err
}

func describeInternetGateways(w *World, r *request, in *ec2.DescribeInternetGatewaysInput) (*ec2.DescribeInternetGatewaysOutput, error) {
	if err := noPagesWithIDs(in.InternetGatewayIds, in.MaxResults); err != nil {
		return nil, err
	}
	all := pick(w.InternetGateways, func(g *InternetGateway) bool { return w.ownVPC(g.VPC) }, func(g *InternetGateway) types.InternetGateway {
		return types.InternetGateway{InternetGatewayId: aws.String(g.ID), OwnerId: aws.String(w.Account),
			// EC2 says available here, which is not among the SDK's values.
			Attachments: []types.InternetGatewayAttachment{{VpcId: aws.String(g.VPC), State: "available"}}}
	})
	all, err := byID(all, in.InternetGatewayIds, func(g types.InternetGateway) *string { return g.InternetGatewayId },
		"InvalidInternetGatewayID.NotFound", "The internetGateway ID '%s' does not exist")
	if err != nil {
		return nil, err
	}
	found, err := filter(all, in.Filters, fields[types.InternetGateway]{
		"internet-gateway-id": func(g types.InternetGateway) []string { return one(g.InternetGatewayId) },
		"attachment.vpc-id":   func(g types.InternetGateway) []string { return one(g.Attachments[0].VpcId) },
		"attachment.state":    func(g types.InternetGateway) []string { return []string{string(g.Attachments[0].State)} },
	}, func(g types.InternetGateway) []types.Tag { return g.Tags })
	if err != nil {
		return nil, err
	}
	rows, next, err := page(r, ec2Paging, found, in.NextToken, in.MaxResults)
	return &ec2.DescribeInternetGatewaysOutput{InternetGateways: rows, NextToken: next}, err
}

// ownVPC reports whether a VPC is this account's own.
func (w *World) ownVPC(id string) bool {
	v := w.VPCs[id]
	return v != nil && w.mine(v.Owner)
}

func describeNatGateways(w *World, r *request, in *ec2.DescribeNatGatewaysInput) (*ec2.DescribeNatGatewaysOutput, error) {
	all := pick(w.NATGateways, func(g *NATGateway) bool { return w.ownVPC(g.VPC) }, func(g *NATGateway) types.NatGateway {
		return types.NatGateway{
			NatGatewayId: aws.String(g.ID), VpcId: aws.String(g.VPC), SubnetId: aws.String(g.Subnet), State: types.NatGatewayStateAvailable,
			ConnectivityType: types.ConnectivityTypePublic,
			NatGatewayAddresses: []types.NatGatewayAddress{{AllocationId: aws.String(id("eipalloc", g.ID)), NetworkInterfaceId: aws.String(g.Interface),
				PrivateIp: aws.String(g.PrivateIP), PublicIp: aws.String(g.PublicIP), IsPrimary: aws.Bool(true), Status: types.NatGatewayAddressStatusSucceeded}},
		}
	})
	all, err := byID(all, in.NatGatewayIds, func(g types.NatGateway) *string { return g.NatGatewayId },
		"NatGatewayNotFound", "NAT gateway %s was not found")
	if err != nil {
		return nil, err
	}
	found, err := filter(all, in.Filter, fields[types.NatGateway]{
		"vpc-id":         func(g types.NatGateway) []string { return one(g.VpcId) },
		"subnet-id":      func(g types.NatGateway) []string { return one(g.SubnetId) },
		"state":          func(g types.NatGateway) []string { return []string{string(g.State)} },
		"nat-gateway-id": func(g types.NatGateway) []string { return one(g.NatGatewayId) },
	}, func(g types.NatGateway) []types.Tag { return g.Tags })
	if err != nil {
		return nil, err
	}
	rows, next, err := page(r, ec2Paging, found, in.NextToken, in.MaxResults)
	return &ec2.DescribeNatGatewaysOutput{NatGateways: rows, NextToken: next}, err
}

func describePeerings(w *World, r *request, in *ec2.DescribeVpcPeeringConnectionsInput) (*ec2.DescribeVpcPeeringConnectionsOutput, error) {
	if err := noPagesWithIDs(in.VpcPeeringConnectionIds, in.MaxResults); err != nil {
		return nil, err
	}
	all := pick(w.Peerings, func(p *Peering) bool { return w.ownVPC(p.Requester) || w.ownVPC(p.Accepter) }, func(p *Peering) types.VpcPeeringConnection {
		return types.VpcPeeringConnection{
			VpcPeeringConnectionId: aws.String(p.ID), RequesterVpcInfo: w.peer(p.Requester, p), AccepterVpcInfo: w.peer(p.Accepter, p),
			Status: &types.VpcPeeringConnectionStateReason{Code: types.VpcPeeringConnectionStateReasonCode(p.Status), Message: aws.String(p.Status)},
		}
	})
	all, err := byID(all, in.VpcPeeringConnectionIds, func(p types.VpcPeeringConnection) *string { return p.VpcPeeringConnectionId },
		"InvalidVpcPeeringConnectionID.NotFound", "The vpcPeeringConnection ID '%s' does not exist")
	if err != nil {
		return nil, err
	}
	found, err := filter(all, in.Filters, fields[types.VpcPeeringConnection]{
		"requester-vpc-info.vpc-id": func(p types.VpcPeeringConnection) []string { return one(p.RequesterVpcInfo.VpcId) },
		"accepter-vpc-info.vpc-id":  func(p types.VpcPeeringConnection) []string { return one(p.AccepterVpcInfo.VpcId) },
		"status-code":               func(p types.VpcPeeringConnection) []string { return []string{string(p.Status.Code)} },
	}, func(p types.VpcPeeringConnection) []types.Tag { return p.Tags })
	if err != nil {
		return nil, err
	}
	rows, next, err := page(r, ec2Paging, found, in.NextToken, in.MaxResults)
	return &ec2.DescribeVpcPeeringConnectionsOutput{VpcPeeringConnections: rows, NextToken: next}, err
}

// peer is one side of a peering. EC2 tells the address block of an active one only.
func (w *World) peer(vpc string, p *Peering) *types.VpcPeeringConnectionVpcInfo {
	info := &types.VpcPeeringConnectionVpcInfo{VpcId: aws.String(vpc), Region: aws.String(w.Region)}
	if v := w.VPCs[vpc]; v != nil {
		info.OwnerId = aws.String(w.owner(v.Owner))
		if p.Status == "active" {
			info.CidrBlock = aws.String(v.CIDR)
			info.CidrBlockSet = []types.CidrBlock{{CidrBlock: aws.String(v.CIDR)}}
		}
	}
	return info
}

// seesOptions reports whether this account sees an option set: its own, or that of
// a VPC which it sees.
func (w *World) seesOptions(o *DHCPOptions) bool {
	if w.mine(o.Owner) {
		return true
	}
	for _, v := range w.VPCs {
		if v.DHCP == o.ID && w.sees(v.ID) {
			return true
		}
	}
	return false
}

func describeDhcpOptions(w *World, r *request, in *ec2.DescribeDhcpOptionsInput) (*ec2.DescribeDhcpOptionsOutput, error) {
	if err := noPagesWithIDs(in.DhcpOptionsIds, in.MaxResults); err != nil {
		return nil, err
	}
	all := pick(w.DHCPOptions, w.seesOptions, w.showOptions)
	all, err := byID(all, in.DhcpOptionsIds, func(o types.DhcpOptions) *string { return o.DhcpOptionsId },
		"InvalidDhcpOptionID.NotFound", "The dhcpOption ID '%s' does not exist")
	if err != nil {
		return nil, err
	}
	found, err := filter(all, in.Filters, fields[types.DhcpOptions]{
		"dhcp-options-id": func(o types.DhcpOptions) []string { return one(o.DhcpOptionsId) },
		"owner-id":        func(o types.DhcpOptions) []string { return one(o.OwnerId) },
	}, func(o types.DhcpOptions) []types.Tag { return o.Tags })
	if err != nil {
		return nil, err
	}
	rows, next, err := page(r, ec2Paging, found, in.NextToken, in.MaxResults)
	return &ec2.DescribeDhcpOptionsOutput{DhcpOptions: rows, NextToken: next}, err
}

func (w *World) showOptions(o *DHCPOptions) types.DhcpOptions {
	row := types.DhcpOptions{DhcpOptionsId: aws.String(o.ID), OwnerId: aws.String(w.owner(o.Owner)), Tags: named(o.Name, w.Tags[o.ID])}
	for _, c := range []struct {
		key    string
		values []string
	}{{"domain-name", o.Domain}, {"domain-name-servers", o.DNS}} {
		conf := types.DhcpConfiguration{Key: aws.String(c.key)}
		for _, v := range c.values {
			conf.Values = append(conf.Values, types.AttributeValue{Value: aws.String(v)})
		}
		if len(conf.Values) > 0 {
			row.DhcpConfigurations = append(row.DhcpConfigurations, conf)
		}
	}
	for _, key := range sortedKeys(o.More) {
		conf := types.DhcpConfiguration{Key: aws.String(key)}
		for _, v := range o.More[key] {
			conf.Values = append(conf.Values, types.AttributeValue{Value: aws.String(v)})
		}
		row.DhcpConfigurations = append(row.DhcpConfigurations, conf)
	}
	return row
}
