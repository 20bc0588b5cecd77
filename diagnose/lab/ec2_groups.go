package lab

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

func groupOperations() map[string]operation {
	return map[string]operation{
		"ec2:DescribeSecurityGroups":      on(describeSecurityGroups),
		"ec2:DescribeSecurityGroupRules":  on(describeSecurityGroupRules),
		"ec2:GetManagedPrefixListEntries": on(getManagedPrefixListEntries),
	}
}

// maxFilterValues is EC2's limit for the values of one filter
// (https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html).
const maxFilterValues = 200

func checkFilterValues(filters []types.Filter) error {
	for _, f := range filters {
		if len(f.Values) > maxFilterValues {
			return fail("FilterLimitExceeded", "The maximum number of filter values specified on a single call is %d", maxFilterValues)
		}
	}
	return nil
}

func describeSecurityGroups(w *World, r *request, in *ec2.DescribeSecurityGroupsInput) (*ec2.DescribeSecurityGroupsOutput, error) {
	if err := noPagesWithIDs(in.GroupIds, in.MaxResults); err != nil {
		return nil, err
	}
	if err := checkFilterValues(in.Filters); err != nil {
		return nil, err
	}
	all := pick(w.Groups, func(g *Group) bool { return w.mine(g.Owner) }, w.showGroup)
	all, err := byID(all, in.GroupIds, func(g types.SecurityGroup) *string { return g.GroupId },
		"InvalidGroup.NotFound", "The security group '%s' does not exist")
	if err != nil {
		return nil, err
	}
	found, err := filter(all, in.Filters, fields[types.SecurityGroup]{
		"group-id":   func(g types.SecurityGroup) []string { return one(g.GroupId) },
		"group-name": func(g types.SecurityGroup) []string { return one(g.GroupName) },
		"vpc-id":     func(g types.SecurityGroup) []string { return one(g.VpcId) },
		"owner-id":   func(g types.SecurityGroup) []string { return one(g.OwnerId) },
	}, func(g types.SecurityGroup) []types.Tag { return g.Tags })
	if err != nil {
		return nil, err
	}
	rows, next, err := page(r, ec2Paging, found, in.NextToken, in.MaxResults)
	return &ec2.DescribeSecurityGroupsOutput{SecurityGroups: rows, NextToken: next}, err
}

func (w *World) showGroup(g *Group) types.SecurityGroup {
	row := types.SecurityGroup{
		GroupId: aws.String(g.ID), GroupName: aws.String(g.Name), Description: aws.String(g.Description), VpcId: aws.String(g.VPC),
		OwnerId: aws.String(w.owner(g.Owner)), SecurityGroupArn: aws.String(w.arn("ec2", "security-group/"+g.ID)), Tags: named("", w.Tags[g.ID]),
	}
	for _, r := range g.Rules {
		p := types.IpPermission{IpProtocol: aws.String(r.Protocol)}
		if r.Protocol != "-1" {
			p.FromPort, p.ToPort = aws.Int32(r.From), aws.Int32(r.To)
		}
		switch {
		case strings.HasPrefix(r.Peer, "sg-"):
			p.UserIdGroupPairs = []types.UserIdGroupPair{{GroupId: aws.String(r.Peer), UserId: aws.String(w.groupOwner(r.Peer))}}
		case strings.HasPrefix(r.Peer, "pl-"):
			p.PrefixListIds = []types.PrefixListId{{PrefixListId: aws.String(r.Peer)}}
		case strings.Contains(r.Peer, ":"):
			p.Ipv6Ranges = []types.Ipv6Range{{CidrIpv6: aws.String(r.Peer)}}
		default:
			p.IpRanges = []types.IpRange{{CidrIp: aws.String(r.Peer)}}
		}
		if r.Egress {
			row.IpPermissionsEgress = append(row.IpPermissionsEgress, p)
		} else {
			row.IpPermissions = append(row.IpPermissions, p)
		}
	}
	return row
}

func (w *World) groupOwner(id string) string {
	if g := w.Groups[id]; g != nil {
		return w.owner(g.Owner)
	}
	return w.Account
}

func describeSecurityGroupRules(w *World, r *request, in *ec2.DescribeSecurityGroupRulesInput) (*ec2.DescribeSecurityGroupRulesOutput, error) {
	if err := noPagesWithIDs(in.SecurityGroupRuleIds, in.MaxResults); err != nil {
		return nil, err
	}
	if err := checkFilterValues(in.Filters); err != nil {
		return nil, err
	}
	var all []types.SecurityGroupRule
	for _, g := range sorted(w.Groups) {
		if !w.mine(g.Owner) {
			continue
		}
		for _, rule := range g.Rules {
			all = append(all, w.showRule(g, rule))
		}
	}
	all, err := byID(all, in.SecurityGroupRuleIds, func(s types.SecurityGroupRule) *string { return s.SecurityGroupRuleId },
		"InvalidSecurityGroupRuleId.NotFound", "The security group rule ID '%s' does not exist")
	if err != nil {
		return nil, err
	}
	found, err := filter(all, in.Filters, fields[types.SecurityGroupRule]{
		"group-id":               func(s types.SecurityGroupRule) []string { return one(s.GroupId) },
		"security-group-rule-id": func(s types.SecurityGroupRule) []string { return one(s.SecurityGroupRuleId) },
	}, func(s types.SecurityGroupRule) []types.Tag { return s.Tags })
	if err != nil {
		return nil, err
	}
	rows, next, err := page(r, ec2Paging, found, in.NextToken, in.MaxResults)
	return &ec2.DescribeSecurityGroupRulesOutput{SecurityGroupRules: rows, NextToken: next}, err
}

func (w *World) showRule(g *Group, r Rule) types.SecurityGroupRule {
	row := types.SecurityGroupRule{
		SecurityGroupRuleId: aws.String(r.ID), GroupId: aws.String(g.ID), GroupOwnerId: aws.String(w.owner(g.Owner)), IsEgress: aws.Bool(r.Egress),
		IpProtocol: aws.String(r.Protocol), FromPort: aws.Int32(r.From), ToPort: aws.Int32(r.To),
		SecurityGroupRuleArn: aws.String(w.arn("ec2", "security-group-rule/"+r.ID)), Tags: named("", w.Tags[r.ID]),
	}
	if r.Protocol == "-1" {
		row.FromPort, row.ToPort = aws.Int32(-1), aws.Int32(-1)
	}
	if r.Comment != "" {
		row.Description = aws.String(r.Comment)
	}
	switch peer := aws.String(r.Peer); {
	case strings.HasPrefix(r.Peer, "sg-"):
		row.ReferencedGroupInfo = w.referenced(g, r.Peer)
	case strings.HasPrefix(r.Peer, "pl-"):
		row.PrefixListId = peer
	case strings.Contains(r.Peer, ":"):
		row.CidrIpv6 = peer
	default:
		row.CidrIpv4 = peer
	}
	return row
}

// referenced describes the group that a rule of g names; one of a peered VPC comes
// with the peering.
func (w *World) referenced(g *Group, id string) *types.ReferencedSecurityGroup {
	ref := &types.ReferencedSecurityGroup{GroupId: aws.String(id), UserId: aws.String(w.groupOwner(id))}
	other := w.Groups[id]
	if other == nil || other.VPC == g.VPC {
		return ref
	}
	ref.VpcId = aws.String(other.VPC)
	for _, p := range sorted(w.Peerings) {
		if slices.Contains([]string{p.Requester, p.Accepter}, g.VPC) && slices.Contains([]string{p.Requester, p.Accepter}, other.VPC) {
			ref.VpcPeeringConnectionId, ref.PeeringStatus = aws.String(p.ID), aws.String(p.Status)
		}
	}
	return ref
}

func getManagedPrefixListEntries(w *World, r *request, in *ec2.GetManagedPrefixListEntriesInput) (*ec2.GetManagedPrefixListEntriesOutput, error) {
	list := w.PrefixLists[aws.ToString(in.PrefixListId)]
	if list == nil {
		return nil, fail("InvalidPrefixListID.NotFound", "The prefix list ID '%s' does not exist", aws.ToString(in.PrefixListId))
	}
	var all []types.PrefixListEntry
	for _, c := range list.CIDRs {
		all = append(all, types.PrefixListEntry{Cidr: aws.String(c)})
	}
	rows, next, err := page(r, entryPaging, all, in.NextToken, in.MaxResults)
	return &ec2.GetManagedPrefixListEntriesOutput{Entries: rows, NextToken: next}, err
}
