package cloud

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/monshin/monshin/diagnose/estate"
)

// errNoAttribute is an answer that lacks what was asked for.
var errNoAttribute = errors.New("the answer does not hold the attribute that was asked for")

// licenseManagerInterfaces is how License Manager describes the interfaces that it
// makes for a directory; the directory's id follows (domain.md §5.2).
const licenseManagerInterfaces = "AWS created network interface for LicenseManager*"

func (s *Source) endpoints(ctx context.Context, vpc string) ([]estate.Endpoint, error) {
	var rows []types.VpcEndpoint
	err := pages(ctx, func(ctx context.Context, token *string) (*string, error) {
		out, err := s.ec2.DescribeVpcEndpoints(ctx, &ec2.DescribeVpcEndpointsInput{Filters: filters("vpc-id", vpc), MaxResults: aws.Int32(ec2Page), NextToken: token})
		if err != nil {
			return nil, err
		}
		rows = append(rows, out.VpcEndpoints...)
		return out.NextToken, nil
	})
	return list(mapped(rows, endpointOf)), err
}

func endpointOf(v types.VpcEndpoint) estate.Endpoint {
	e := estate.Endpoint{
		ID: aws.ToString(v.VpcEndpointId), Service: aws.ToString(v.ServiceName), Type: string(v.VpcEndpointType), State: string(v.State),
		FailureReason: aws.ToString(v.FailureReason), PrivateDNS: aws.ToBool(v.PrivateDnsEnabled), Policy: aws.ToString(v.PolicyDocument),
		Subnets: v.SubnetIds, Interfaces: v.NetworkInterfaceIds, RouteTables: v.RouteTableIds,
		OwnerID: aws.ToString(v.OwnerId), Managed: aws.ToBool(v.RequesterManaged),
	}
	if e.FailureReason == "" && v.LastError != nil {
		e.FailureReason = Mask(first(v.LastError.Message, v.LastError.Code))
	}
	for _, g := range v.Groups {
		e.Groups = append(e.Groups, present(g.GroupId)...)
	}
	for _, d := range v.DnsEntries {
		e.DNSNames = append(e.DNSNames, present(d.DnsName)...)
	}
	return e
}

func (s *Source) endpointInterfaces(ctx context.Context, vpc string) ([]estate.Interface, error) {
	return s.interfaces(ctx, filters("vpc-id", vpc, "interface-type", "vpc_endpoint"))
}

func (s *Source) licenseInterfaces(ctx context.Context, _ string) ([]estate.Interface, error) {
	return s.interfaces(ctx, filters("description", licenseManagerInterfaces))
}

func (s *Source) interfaces(ctx context.Context, by []types.Filter) ([]estate.Interface, error) {
	var rows []types.NetworkInterface
	err := pages(ctx, func(ctx context.Context, token *string) (*string, error) {
		out, err := s.ec2.DescribeNetworkInterfaces(ctx, &ec2.DescribeNetworkInterfacesInput{Filters: by, MaxResults: aws.Int32(ec2Page), NextToken: token})
		if err != nil {
			return nil, err
		}
		rows = append(rows, out.NetworkInterfaces...)
		return out.NextToken, nil
	})
	return list(mapped(rows, interfaceOf)), err
}

// peerings lists the connections of a VPC from both sides.
func (s *Source) peerings(ctx context.Context, vpc string) ([]estate.Peering, error) {
	sides := [2][]types.VpcPeeringConnection{}
	side := func(i int, name string) func() error {
		return func() error {
			return pages(ctx, func(ctx context.Context, token *string) (*string, error) {
				out, err := s.ec2.DescribeVpcPeeringConnections(ctx, &ec2.DescribeVpcPeeringConnectionsInput{Filters: filters(name, vpc), MaxResults: aws.Int32(ec2Page), NextToken: token})
				if err != nil {
					return nil, err
				}
				sides[i] = append(sides[i], out.VpcPeeringConnections...)
				return out.NextToken, nil
			})
		}
	}
	if err := parallel(side(0, "requester-vpc-info.vpc-id"), side(1, "accepter-vpc-info.vpc-id")); err != nil {
		return nil, err
	}
	found := []estate.Peering{}
	seen := map[string]bool{}
	for _, p := range append(sides[0], sides[1]...) {
		if e := peeringOf(p); !seen[e.ID] {
			seen[e.ID] = true
			found = append(found, e)
		}
	}
	return found, nil
}

func peeringOf(p types.VpcPeeringConnection) estate.Peering {
	e := estate.Peering{ID: aws.ToString(p.VpcPeeringConnectionId)}
	if p.Status != nil {
		e.Status = string(p.Status.Code)
	}
	if r := p.RequesterVpcInfo; r != nil {
		e.RequesterVPC, e.RequesterOwner, e.RequesterRegion = aws.ToString(r.VpcId), aws.ToString(r.OwnerId), aws.ToString(r.Region)
		e.RequesterCIDRs = blocksOf(r)
	}
	if a := p.AccepterVpcInfo; a != nil {
		e.AccepterVPC, e.AccepterOwner, e.AccepterRegion = aws.ToString(a.VpcId), aws.ToString(a.OwnerId), aws.ToString(a.Region)
		e.AccepterCIDRs = blocksOf(a)
	}
	return e
}

func blocksOf(v *types.VpcPeeringConnectionVpcInfo) []string {
	var out []string
	for _, b := range v.CidrBlockSet {
		out = append(out, present(b.CidrBlock)...)
	}
	if len(out) == 0 {
		out = present(v.CidrBlock)
	}
	for _, b := range v.Ipv6CidrBlockSet {
		out = append(out, present(b.Ipv6CidrBlock)...)
	}
	return out
}
