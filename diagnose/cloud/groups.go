package cloud

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/monshin/monshin/diagnose/estate"
)

// filterValues is how many values one EC2 filter takes
// (https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html).
const filterValues = 200

// securityGroups reads groups and their rules, both for many groups at once.
func (s *Source) securityGroups(ctx context.Context, ids []string) (map[string]estate.SecurityGroup, map[string]error) {
	values, errs := map[string]estate.SecurityGroup{}, map[string]error{}
	chunks := slices.Collect(slices.Chunk(ids, filterValues))
	groups, failures := make([]map[string]estate.SecurityGroup, len(chunks)), make([][2]error, len(chunks))
	_ = each(chunks, func(i int, chunk []string) error {
		groups[i], failures[i][0], failures[i][1] = s.groupsWithRules(ctx, chunk)
		return nil
	})
	for i, chunk := range chunks {
		for _, id := range chunk {
			group, there := groups[i][id]
			switch {
			case failures[i][0] != nil:
				errs[id] = failures[i][0]
			case there && failures[i][1] != nil: // it exists, and its rules are not known
				errs[id] = failures[i][1]
			case there:
				values[id] = group
			}
		}
	}
	return values, errs
}

func (s *Source) groupsWithRules(ctx context.Context, ids []string) (found map[string]estate.SecurityGroup, noGroups, noRules error) {
	by := []types.Filter{{Name: aws.String("group-id"), Values: ids}}
	var groups []types.SecurityGroup
	var rules []types.SecurityGroupRule
	_ = parallel(
		func() error {
			noGroups = pages(ctx, func(ctx context.Context, token *string) (*string, error) {
				out, err := s.ec2.DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{Filters: by, MaxResults: aws.Int32(ec2Page), NextToken: token})
				if err != nil {
					return nil, err
				}
				groups = append(groups, out.SecurityGroups...)
				return out.NextToken, nil
			})
			return nil
		},
		func() error {
			noRules = pages(ctx, func(ctx context.Context, token *string) (*string, error) {
				out, err := s.ec2.DescribeSecurityGroupRules(ctx, &ec2.DescribeSecurityGroupRulesInput{Filters: by, MaxResults: aws.Int32(ec2Page), NextToken: token})
				if err != nil {
					return nil, err
				}
				rules = append(rules, out.SecurityGroupRules...)
				return out.NextToken, nil
			})
			return nil
		},
	)
	found = map[string]estate.SecurityGroup{}
	for _, g := range groups {
		id := aws.ToString(g.GroupId)
		found[id] = estate.SecurityGroup{ID: id, Name: aws.ToString(g.GroupName), VPC: aws.ToString(g.VpcId), Rules: []estate.SecurityGroupRule{}}
	}
	for _, r := range rules {
		if g, ok := found[aws.ToString(r.GroupId)]; ok {
			g.Rules = append(g.Rules, ruleOf(r))
			found[g.ID] = g
		}
	}
	return found, noGroups, noRules
}

func ruleOf(r types.SecurityGroupRule) estate.SecurityGroupRule {
	e := estate.SecurityGroupRule{
		ID: aws.ToString(r.SecurityGroupRuleId), Egress: aws.ToBool(r.IsEgress), Protocol: aws.ToString(r.IpProtocol),
		FromPort: int32Or(r.FromPort, -1), ToPort: int32Or(r.ToPort, -1),
		CIDR4: aws.ToString(r.CidrIpv4), CIDR6: aws.ToString(r.CidrIpv6), PrefixList: aws.ToString(r.PrefixListId),
		Description: freeText(r.Description),
	}
	if g := r.ReferencedGroupInfo; g != nil {
		e.Group, e.GroupOwner = aws.ToString(g.GroupId), aws.ToString(g.UserId)
		e.PeeringID, e.PeeringStatus = aws.ToString(g.VpcPeeringConnectionId), aws.ToString(g.PeeringStatus)
	}
	return e
}

func (s *Source) prefixList(ctx context.Context, id string) (estate.PrefixList, error) {
	e := estate.PrefixList{ID: id, CIDRs: []string{}}
	err := pages(ctx, func(ctx context.Context, token *string) (*string, error) {
		out, err := s.ec2.GetManagedPrefixListEntries(ctx, &ec2.GetManagedPrefixListEntriesInput{PrefixListId: aws.String(id), MaxResults: aws.Int32(100), NextToken: token})
		if err != nil {
			return nil, err
		}
		for _, entry := range out.Entries {
			e.CIDRs = append(e.CIDRs, present(entry.Cidr)...)
		}
		return out.NextToken, nil
	})
	if hasCode(err, "InvalidPrefixListID.NotFound", "InvalidPrefixListId.NotFound") {
		return estate.PrefixList{}, errAbsent
	}
	return e, err
}
