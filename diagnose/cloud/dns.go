package cloud

import (
	"context"
	"net"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/route53resolver"
	resolver "github.com/aws/aws-sdk-go-v2/service/route53resolver/types"

	"github.com/monshin/monshin/diagnose/estate"
)

// resolverPage is the most rows of a page that Route 53 Resolver gives.
const resolverPage = 100

func (s *Source) dhcpOptions(ctx context.Context, ids []string) (map[string]estate.DHCPOptions, map[string]error) {
	missing := []string{"InvalidDhcpOptionID.NotFound", "InvalidDhcpOptionsID.NotFound", "InvalidDhcpOptionsId.NotFound"}
	return byID(ctx, ids, missing, func(ctx context.Context, ids []string) (map[string]estate.DHCPOptions, error) {
		out, err := s.ec2.DescribeDhcpOptions(ctx, &ec2.DescribeDhcpOptionsInput{DhcpOptionsIds: ids})
		if err != nil {
			return nil, err
		}
		found := map[string]estate.DHCPOptions{}
		for _, o := range out.DhcpOptions {
			found[aws.ToString(o.DhcpOptionsId)] = dhcpOptionsOf(o)
		}
		return found, nil
	})
}

func dhcpOptionsOf(o types.DhcpOptions) estate.DHCPOptions {
	e := estate.DHCPOptions{ID: aws.ToString(o.DhcpOptionsId)}
	for _, c := range o.DhcpConfigurations {
		var values []string
		for _, v := range c.Values {
			values = append(values, present(v.Value)...)
		}
		switch aws.ToString(c.Key) {
		case "domain-name-servers":
			e.DNSServers = values
		case "domain-name":
			if len(values) > 0 {
				e.DomainName = values[0]
			}
		case "ntp-servers":
			e.NTPServers = values
		}
	}
	return e
}

func (s *Source) resolverAssociations(ctx context.Context, vpc string) ([]estate.ResolverAssociation, error) {
	var rows []resolver.ResolverRuleAssociation
	err := pages(ctx, func(ctx context.Context, token *string) (*string, error) {
		out, err := s.resolver.ListResolverRuleAssociations(ctx, &route53resolver.ListResolverRuleAssociationsInput{
			Filters:    []resolver.Filter{{Name: aws.String("VPCId"), Values: []string{vpc}}},
			MaxResults: aws.Int32(resolverPage), NextToken: token,
		})
		if err != nil {
			return nil, err
		}
		rows = append(rows, out.ResolverRuleAssociations...)
		return out.NextToken, nil
	})
	return list(mapped(rows, func(a resolver.ResolverRuleAssociation) estate.ResolverAssociation {
		return estate.ResolverAssociation{
			ID: aws.ToString(a.Id), Rule: aws.ToString(a.ResolverRuleId), VPC: aws.ToString(a.VPCId), Status: string(a.Status),
		}
	})), err
}

func (s *Source) resolverRules(ctx context.Context, _ string) ([]estate.ResolverRule, error) {
	var rows []resolver.ResolverRule
	err := pages(ctx, func(ctx context.Context, token *string) (*string, error) {
		out, err := s.resolver.ListResolverRules(ctx, &route53resolver.ListResolverRulesInput{MaxResults: aws.Int32(resolverPage), NextToken: token})
		if err != nil {
			return nil, err
		}
		rows = append(rows, out.ResolverRules...)
		return out.NextToken, nil
	})
	return list(mapped(rows, resolverRuleOf)), err
}

func resolverRuleOf(r resolver.ResolverRule) estate.ResolverRule {
	e := estate.ResolverRule{
		ID: aws.ToString(r.Id), Name: aws.ToString(r.Name), Type: string(r.RuleType), Domain: aws.ToString(r.DomainName),
		Status: string(r.Status), Endpoint: aws.ToString(r.ResolverEndpointId), OwnerID: aws.ToString(r.OwnerId),
	}
	for _, t := range r.TargetIps {
		if address := first(t.Ip, t.Ipv6); address != "" {
			e.Targets = append(e.Targets, net.JoinHostPort(address, strconv.Itoa(int32Or(t.Port, 53)))) // DNS's own port
		}
	}
	return e
}

func (s *Source) resolverEndpoints(ctx context.Context, _ string) ([]estate.ResolverEndpoint, error) {
	var rows []resolver.ResolverEndpoint
	err := pages(ctx, func(ctx context.Context, token *string) (*string, error) {
		out, err := s.resolver.ListResolverEndpoints(ctx, &route53resolver.ListResolverEndpointsInput{MaxResults: aws.Int32(resolverPage), NextToken: token})
		if err != nil {
			return nil, err
		}
		rows = append(rows, out.ResolverEndpoints...)
		return out.NextToken, nil
	})
	return list(mapped(rows, func(p resolver.ResolverEndpoint) estate.ResolverEndpoint {
		return estate.ResolverEndpoint{
			ID: aws.ToString(p.Id), Direction: string(p.Direction), Status: string(p.Status), VPC: aws.ToString(p.HostVPCId), Groups: p.SecurityGroupIds,
		}
	})), err
}
