package cloud

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/monshin/monshin/diagnose/estate"
)

// byID reads things by id in one request. One unknown id fails the whole request,
// so each is then asked for by itself.
func byID[T any](ctx context.Context, ids []string, missing []string, read func(ctx context.Context, ids []string) (map[string]T, error)) (map[string]T, map[string]error) {
	values, err := read(ctx, ids)
	switch {
	case err == nil:
		return values, nil
	case !hasCode(err, missing...):
		errs := map[string]error{}
		for _, id := range ids {
			errs[id] = err
		}
		return nil, errs
	case len(ids) == 1:
		return nil, nil
	}
	values, errs := map[string]T{}, map[string]error{}
	found, failed := make([]map[string]T, len(ids)), make([]error, len(ids))
	ctx = deeper(ctx)
	_ = each(ids, func(i int, id string) error {
		found[i], failed[i] = read(ctx, []string{id})
		return nil
	})
	for i, id := range ids {
		if v, ok := found[i][id]; ok {
			values[id] = v
		}
		if failed[i] != nil && !hasCode(failed[i], missing...) {
			errs[id] = failed[i]
		}
	}
	return values, errs
}

func (s *Source) vpcs(ctx context.Context, ids []string) (map[string]estate.VPC, map[string]error) {
	return byID(ctx, ids, []string{"InvalidVpcID.NotFound"}, func(ctx context.Context, ids []string) (map[string]estate.VPC, error) {
		out, err := s.ec2.DescribeVpcs(ctx, &ec2.DescribeVpcsInput{VpcIds: ids})
		if err != nil {
			return nil, err
		}
		found := map[string]estate.VPC{}
		for _, v := range out.Vpcs {
			found[aws.ToString(v.VpcId)] = vpcOf(v)
		}
		return found, nil
	})
}

func vpcOf(v types.Vpc) estate.VPC {
	e := estate.VPC{
		ID: aws.ToString(v.VpcId), OwnerID: aws.ToString(v.OwnerId), CIDR: aws.ToString(v.CidrBlock), DHCP: aws.ToString(v.DhcpOptionsId),
	}
	for _, a := range v.CidrBlockAssociationSet {
		if bound(a.CidrBlockState) {
			e.CIDRs = append(e.CIDRs, present(a.CidrBlock)...)
		}
	}
	if len(e.CIDRs) == 0 {
		e.CIDRs = present(v.CidrBlock)
	}
	for _, a := range v.Ipv6CidrBlockAssociationSet {
		if bound(a.Ipv6CidrBlockState) {
			e.IPv6CIDRs = append(e.IPv6CIDRs, present(a.Ipv6CidrBlock)...)
		}
	}
	if b := v.BlockPublicAccessStates; b != nil {
		e.BlockPublicAccess = string(b.InternetGatewayBlockMode)
	}
	return e
}

// bound reports whether a block belongs to its VPC. An association without a state
// comes from endpoints that leave it out.
func bound(s *types.VpcCidrBlockState) bool {
	return s == nil || s.State == "" || s.State == types.VpcCidrBlockStateCodeAssociated || s.State == types.VpcCidrBlockStateCodeAssociating
}

func (s *Source) vpcDNS(ctx context.Context, vpc string) (estate.VPCDNS, error) {
	var e estate.VPCDNS
	read := func(attribute types.VpcAttributeName, take func(*ec2.DescribeVpcAttributeOutput) *types.AttributeBooleanValue, into *bool) func() error {
		return func() error {
			out, err := s.ec2.DescribeVpcAttribute(ctx, &ec2.DescribeVpcAttributeInput{VpcId: aws.String(vpc), Attribute: attribute})
			if err != nil {
				return err
			}
			value := take(out)
			if value == nil || value.Value == nil {
				return errUnsupported{errNoAttribute}
			}
			*into = *value.Value
			return nil
		}
	}
	err := parallel(
		read(types.VpcAttributeNameEnableDnsSupport, func(o *ec2.DescribeVpcAttributeOutput) *types.AttributeBooleanValue { return o.EnableDnsSupport }, &e.Support),
		read(types.VpcAttributeNameEnableDnsHostnames, func(o *ec2.DescribeVpcAttributeOutput) *types.AttributeBooleanValue { return o.EnableDnsHostnames }, &e.Hostnames),
	)
	if hasCode(err, "InvalidVpcID.NotFound") {
		return estate.VPCDNS{}, errAbsent
	}
	return e, err
}

func (s *Source) subnets(ctx context.Context, vpc string) ([]estate.Subnet, error) {
	var rows []types.Subnet
	err := pages(ctx, func(ctx context.Context, token *string) (*string, error) {
		out, err := s.ec2.DescribeSubnets(ctx, &ec2.DescribeSubnetsInput{Filters: filters("vpc-id", vpc), MaxResults: aws.Int32(ec2Page), NextToken: token})
		if err != nil {
			return nil, err
		}
		rows = append(rows, out.Subnets...)
		return out.NextToken, nil
	})
	return list(mapped(rows, subnetOf)), err
}

func subnetOf(n types.Subnet) estate.Subnet {
	e := estate.Subnet{
		ID: aws.ToString(n.SubnetId), VPC: aws.ToString(n.VpcId), OwnerID: aws.ToString(n.OwnerId),
		AZ: aws.ToString(n.AvailabilityZone), CIDR: aws.ToString(n.CidrBlock),
	}
	for _, a := range n.Ipv6CidrBlockAssociationSet {
		state := types.SubnetCidrBlockStateCode("")
		if a.Ipv6CidrBlockState != nil {
			state = a.Ipv6CidrBlockState.State
		}
		if e.IPv6CIDR == "" && (state == "" || state == types.SubnetCidrBlockStateCodeAssociated || state == types.SubnetCidrBlockStateCodeAssociating) {
			e.IPv6CIDR = aws.ToString(a.Ipv6CidrBlock)
		}
	}
	return e
}

func (s *Source) networkACLs(ctx context.Context, vpc string) ([]estate.NetworkACL, error) {
	var rows []types.NetworkAcl
	err := pages(ctx, func(ctx context.Context, token *string) (*string, error) {
		out, err := s.ec2.DescribeNetworkAcls(ctx, &ec2.DescribeNetworkAclsInput{Filters: filters("vpc-id", vpc), MaxResults: aws.Int32(ec2Page), NextToken: token})
		if err != nil {
			return nil, err
		}
		rows = append(rows, out.NetworkAcls...)
		return out.NextToken, nil
	})
	return list(mapped(rows, networkACLOf)), err
}

func networkACLOf(a types.NetworkAcl) estate.NetworkACL {
	e := estate.NetworkACL{ID: aws.ToString(a.NetworkAclId), Default: aws.ToBool(a.IsDefault), Entries: []estate.NetworkACLEntry{}}
	for _, b := range a.Associations {
		e.Subnets = append(e.Subnets, present(b.SubnetId)...)
	}
	for _, r := range a.Entries {
		entry := estate.NetworkACLEntry{
			Number: int32Or(r.RuleNumber, 0), Egress: aws.ToBool(r.Egress), Allow: r.RuleAction == types.RuleActionAllow,
			Protocol: aws.ToString(r.Protocol), CIDR4: aws.ToString(r.CidrBlock), CIDR6: aws.ToString(r.Ipv6CidrBlock),
			ToPort: maxPort,
		}
		if p := r.PortRange; p != nil {
			entry.FromPort, entry.ToPort = int32Or(p.From, 0), int32Or(p.To, maxPort)
		}
		e.Entries = append(e.Entries, entry)
	}
	return e
}

// maxPort ends the port range of an entry that has none.
const maxPort = 65535

func (s *Source) routeTables(ctx context.Context, vpc string) ([]estate.RouteTable, error) {
	var rows []types.RouteTable
	err := pages(ctx, func(ctx context.Context, token *string) (*string, error) {
		out, err := s.ec2.DescribeRouteTables(ctx, &ec2.DescribeRouteTablesInput{Filters: filters("vpc-id", vpc), MaxResults: aws.Int32(100), NextToken: token})
		if err != nil {
			return nil, err
		}
		rows = append(rows, out.RouteTables...)
		return out.NextToken, nil
	})
	return list(mapped(rows, routeTableOf)), err
}

func routeTableOf(t types.RouteTable) estate.RouteTable {
	e := estate.RouteTable{ID: aws.ToString(t.RouteTableId), Routes: []estate.Route{}}
	for _, a := range t.Associations {
		e.Main = e.Main || aws.ToBool(a.Main)
		e.Subnets = append(e.Subnets, present(a.SubnetId)...)
	}
	for _, r := range t.Routes {
		e.Routes = append(e.Routes, estate.Route{
			CIDR4: aws.ToString(r.DestinationCidrBlock), CIDR6: aws.ToString(r.DestinationIpv6CidrBlock), PrefixList: aws.ToString(r.DestinationPrefixListId),
			// A gateway id is "local", igw-…, vgw-… or vpce-….
			Target: first(r.GatewayId, r.NatGatewayId, r.TransitGatewayId, r.VpcPeeringConnectionId, r.NetworkInterfaceId,
				r.EgressOnlyInternetGatewayId, r.LocalGatewayId, r.CarrierGatewayId, r.CoreNetworkArn, r.OdbNetworkArn, r.InstanceId),
			State: string(r.State),
		})
	}
	return e
}

func (s *Source) internetGateways(ctx context.Context, vpc string) ([]estate.Gateway, error) {
	var rows []types.InternetGateway
	err := pages(ctx, func(ctx context.Context, token *string) (*string, error) {
		out, err := s.ec2.DescribeInternetGateways(ctx, &ec2.DescribeInternetGatewaysInput{Filters: filters("attachment.vpc-id", vpc), MaxResults: aws.Int32(ec2Page), NextToken: token})
		if err != nil {
			return nil, err
		}
		rows = append(rows, out.InternetGateways...)
		return out.NextToken, nil
	})
	return list(mapped(rows, func(g types.InternetGateway) estate.Gateway {
		e := estate.Gateway{ID: aws.ToString(g.InternetGatewayId)}
		for _, a := range g.Attachments {
			if aws.ToString(a.VpcId) == vpc {
				e.State = string(a.State)
			}
		}
		return e
	})), err
}

func (s *Source) natGateways(ctx context.Context, vpc string) ([]estate.NATGateway, error) {
	var rows []types.NatGateway
	err := pages(ctx, func(ctx context.Context, token *string) (*string, error) {
		out, err := s.ec2.DescribeNatGateways(ctx, &ec2.DescribeNatGatewaysInput{Filter: filters("vpc-id", vpc), MaxResults: aws.Int32(ec2Page), NextToken: token})
		if err != nil {
			return nil, err
		}
		rows = append(rows, out.NatGateways...)
		return out.NextToken, nil
	})
	return list(mapped(rows, natGatewayOf)), err
}

func natGatewayOf(g types.NatGateway) estate.NATGateway {
	e := estate.NATGateway{
		ID: aws.ToString(g.NatGatewayId), Subnet: aws.ToString(g.SubnetId), State: string(g.State), Type: string(g.ConnectivityType),
	}
	for i, a := range g.NatGatewayAddresses {
		if i == 0 || aws.ToBool(a.IsPrimary) {
			e.PrivateIP, e.PublicIP = aws.ToString(a.PrivateIp), aws.ToString(a.PublicIp)
		}
	}
	return e
}
