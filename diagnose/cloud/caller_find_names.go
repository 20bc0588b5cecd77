package cloud

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/directoryservice"
	dstypes "github.com/aws/aws-sdk-go-v2/service/directoryservice/types"
	"github.com/aws/aws-sdk-go-v2/service/route53resolver"
	"github.com/aws/aws-sdk-go-v2/service/route53resolver/types"
)

func findResolverEndpoint(ctx context.Context, e *errand, in *route53resolver.CreateResolverEndpointInput) (*route53resolver.CreateResolverEndpointOutput, error) {
	if aws.ToString(in.CreatorRequestId) == "" {
		return nil, errCannotTell
	}
	var found *types.ResolverEndpoint
	err := pages(ctx, func(ctx context.Context, token *string) (*string, error) {
		out, err := e.at.resolver.ListResolverEndpoints(ctx, &route53resolver.ListResolverEndpointsInput{MaxResults: aws.Int32(resolverPage), NextToken: token})
		if err != nil {
			return nil, err
		}
		for _, r := range out.ResolverEndpoints {
			if aws.ToString(r.CreatorRequestId) == *in.CreatorRequestId && r.Status != types.ResolverEndpointStatusDeleting {
				found = &r
			}
		}
		return out.NextToken, nil
	})
	if err != nil || found == nil {
		return nil, err
	}
	return &route53resolver.CreateResolverEndpointOutput{ResolverEndpoint: found}, nil
}

// resolverEndpoint reads an endpoint; nil where there is none.
func (e *errand) resolverEndpoint(ctx context.Context, id *string) (*types.ResolverEndpoint, error) {
	out, err := e.at.resolver.GetResolverEndpoint(ctx, &route53resolver.GetResolverEndpointInput{ResolverEndpointId: id})
	if hasCode(err, notThere) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return out.ResolverEndpoint, nil
}

func findResolverEndpointRemoval(ctx context.Context, e *errand, in *route53resolver.DeleteResolverEndpointInput) (*route53resolver.DeleteResolverEndpointOutput, error) {
	r, err := e.resolverEndpoint(ctx, in.ResolverEndpointId)
	if err != nil || r != nil && r.Status != types.ResolverEndpointStatusDeleting {
		return nil, err
	}
	return &route53resolver.DeleteResolverEndpointOutput{ResolverEndpoint: r}, nil
}

func findResolverRule(ctx context.Context, e *errand, in *route53resolver.CreateResolverRuleInput) (*route53resolver.CreateResolverRuleOutput, error) {
	if aws.ToString(in.CreatorRequestId) == "" {
		return nil, errCannotTell
	}
	var found *types.ResolverRule
	err := pages(ctx, func(ctx context.Context, token *string) (*string, error) {
		out, err := e.at.resolver.ListResolverRules(ctx, &route53resolver.ListResolverRulesInput{MaxResults: aws.Int32(resolverPage), NextToken: token})
		if err != nil {
			return nil, err
		}
		for _, r := range out.ResolverRules {
			if aws.ToString(r.CreatorRequestId) == *in.CreatorRequestId && r.Status != types.ResolverRuleStatusDeleting {
				found = &r
			}
		}
		return out.NextToken, nil
	})
	if err != nil || found == nil {
		return nil, err
	}
	return &route53resolver.CreateResolverRuleOutput{ResolverRule: found}, nil
}

// resolverRule reads a rule; nil where there is none.
func (e *errand) resolverRule(ctx context.Context, id *string) (*types.ResolverRule, error) {
	out, err := e.at.resolver.GetResolverRule(ctx, &route53resolver.GetResolverRuleInput{ResolverRuleId: id})
	if hasCode(err, notThere) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return out.ResolverRule, nil
}

func findResolverRuleChange(ctx context.Context, e *errand, in *route53resolver.UpdateResolverRuleInput) (*route53resolver.UpdateResolverRuleOutput, error) {
	r, err := e.resolverRule(ctx, in.ResolverRuleId)
	if err != nil || r == nil || in.Config == nil {
		return nil, err
	}
	if in.Config.Name != nil && aws.ToString(r.Name) != *in.Config.Name ||
		in.Config.ResolverEndpointId != nil && aws.ToString(r.ResolverEndpointId) != *in.Config.ResolverEndpointId ||
		len(in.Config.TargetIps) > 0 && !slices.Equal(targets(r.TargetIps), targets(in.Config.TargetIps)) {
		return nil, nil
	}
	return &route53resolver.UpdateResolverRuleOutput{ResolverRule: r}, nil
}

// targets are the servers of a rule, in order; 53 is the port where none is named.
func targets(list []types.TargetAddress) []string {
	out := mapped(list, func(t types.TargetAddress) string {
		return first(t.Ip, t.Ipv6) + " " + strconv.Itoa(int32Or(t.Port, 53))
	})
	slices.Sort(out)
	return out
}

func findResolverRuleRemoval(ctx context.Context, e *errand, in *route53resolver.DeleteResolverRuleInput) (*route53resolver.DeleteResolverRuleOutput, error) {
	r, err := e.resolverRule(ctx, in.ResolverRuleId)
	if err != nil || r != nil && r.Status != types.ResolverRuleStatusDeleting {
		return nil, err
	}
	return &route53resolver.DeleteResolverRuleOutput{ResolverRule: r}, nil
}

// resolverAssociation finds the association of a rule with a VPC; nil where there is none.
func (e *errand) resolverAssociation(ctx context.Context, rule, vpc *string) (*types.ResolverRuleAssociation, error) {
	var found *types.ResolverRuleAssociation
	err := pages(ctx, func(ctx context.Context, token *string) (*string, error) {
		out, err := e.at.resolver.ListResolverRuleAssociations(ctx, &route53resolver.ListResolverRuleAssociationsInput{
			Filters:    []types.Filter{{Name: aws.String("VPCId"), Values: []string{aws.ToString(vpc)}}},
			MaxResults: aws.Int32(resolverPage), NextToken: token,
		})
		if err != nil {
			return nil, err
		}
		for _, a := range out.ResolverRuleAssociations {
			if aws.ToString(a.ResolverRuleId) == aws.ToString(rule) && aws.ToString(a.VPCId) == aws.ToString(vpc) {
				found = &a
			}
		}
		return out.NextToken, nil
	})
	return found, err
}

func findResolverAssociation(ctx context.Context, e *errand, in *route53resolver.AssociateResolverRuleInput) (*route53resolver.AssociateResolverRuleOutput, error) {
	a, err := e.resolverAssociation(ctx, in.ResolverRuleId, in.VPCId)
	if err != nil || a == nil || a.Status == types.ResolverRuleAssociationStatusDeleting {
		return nil, err
	}
	return &route53resolver.AssociateResolverRuleOutput{ResolverRuleAssociation: a}, nil
}

func findResolverAssociationRemoval(ctx context.Context, e *errand, in *route53resolver.DisassociateResolverRuleInput) (*route53resolver.DisassociateResolverRuleOutput, error) {
	a, err := e.resolverAssociation(ctx, in.ResolverRuleId, in.VPCId)
	if err != nil || a != nil && a.Status != types.ResolverRuleAssociationStatusDeleting {
		return nil, err
	}
	return &route53resolver.DisassociateResolverRuleOutput{ResolverRuleAssociation: a}, nil
}

// forwarder finds the conditional forwarder of a directory for a domain; nil where
// there is none.
func (e *errand) forwarder(ctx context.Context, directory, domain *string) (*dstypes.ConditionalForwarder, error) {
	out, err := e.at.directory.DescribeConditionalForwarders(ctx, &directoryservice.DescribeConditionalForwardersInput{DirectoryId: directory})
	if err != nil {
		return nil, err
	}
	for _, f := range out.ConditionalForwarders {
		if strings.EqualFold(strings.TrimSuffix(aws.ToString(f.RemoteDomainName), "."), strings.TrimSuffix(aws.ToString(domain), ".")) {
			return &f, nil
		}
	}
	return nil, nil
}

// forwardsTo reports whether a forwarder has exactly these servers.
func forwardsTo(f *dstypes.ConditionalForwarder, v4, v6 []string) bool {
	return f != nil && sameSet(f.DnsIpAddrs, v4) && sameSet(f.DnsIpv6Addrs, v6)
}

func sameSet(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

func findForwarder(ctx context.Context, e *errand, in *directoryservice.CreateConditionalForwarderInput) (*directoryservice.CreateConditionalForwarderOutput, error) {
	f, err := e.forwarder(ctx, in.DirectoryId, in.RemoteDomainName)
	if err != nil || !forwardsTo(f, in.DnsIpAddrs, in.DnsIpv6Addrs) {
		return nil, err
	}
	return &directoryservice.CreateConditionalForwarderOutput{}, nil
}

func findForwarderChange(ctx context.Context, e *errand, in *directoryservice.UpdateConditionalForwarderInput) (*directoryservice.UpdateConditionalForwarderOutput, error) {
	f, err := e.forwarder(ctx, in.DirectoryId, in.RemoteDomainName)
	if err != nil || !forwardsTo(f, in.DnsIpAddrs, in.DnsIpv6Addrs) {
		return nil, err
	}
	return &directoryservice.UpdateConditionalForwarderOutput{}, nil
}

func findForwarderRemoval(ctx context.Context, e *errand, in *directoryservice.DeleteConditionalForwarderInput) (*directoryservice.DeleteConditionalForwarderOutput, error) {
	f, err := e.forwarder(ctx, in.DirectoryId, in.RemoteDomainName)
	if err != nil || f != nil {
		return nil, err
	}
	return &directoryservice.DeleteConditionalForwarderOutput{}, nil
}
