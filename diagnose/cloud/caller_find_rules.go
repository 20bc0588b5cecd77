package cloud

import (
	"context"
	"net/netip"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// ruleKey is what makes two security group rules the same rule to EC2.
type ruleKey struct {
	protocol string
	from, to int
	peer     string // a CIDR, a prefix list or a group
}

// protocols by their numbers, which EC2 takes and gives back as names.
var protocolNames = map[string]string{"6": "tcp", "17": "udp", "1": "icmp", "58": "icmpv6", "all": "-1"}

func protocolName(s *string) string {
	if name, ok := protocolNames[aws.ToString(s)]; ok {
		return name
	}
	return aws.ToString(s)
}

// network is a CIDR as EC2 keeps it, without host bits.
func network(cidr *string) string {
	p, err := netip.ParsePrefix(aws.ToString(cidr))
	if err != nil {
		return aws.ToString(cidr)
	}
	return p.Masked().String()
}

func keyOf(protocol *string, from, to *int32, peer string) ruleKey {
	k := ruleKey{protocol: protocolName(protocol), from: int32Or(from, -1), to: int32Or(to, -1), peer: peer}
	if k.protocol == "-1" {
		k.from, k.to = -1, -1 // all protocols have no ports
	}
	return k
}

// keysOf are the rules that permissions stand for.
func keysOf(permissions []types.IpPermission) []ruleKey {
	var keys []ruleKey
	for _, p := range permissions {
		add := func(peer string) { keys = append(keys, keyOf(p.IpProtocol, p.FromPort, p.ToPort, peer)) }
		for _, r := range p.IpRanges {
			add(network(r.CidrIp))
		}
		for _, r := range p.Ipv6Ranges {
			add(network(r.CidrIpv6))
		}
		for _, r := range p.PrefixListIds {
			add(aws.ToString(r.PrefixListId))
		}
		for _, r := range p.UserIdGroupPairs {
			add(aws.ToString(r.GroupId))
		}
	}
	return keys
}

func keyOfRule(r types.SecurityGroupRule) ruleKey {
	peer := aws.ToString(r.PrefixListId)
	switch {
	case r.CidrIpv4 != nil:
		peer = network(r.CidrIpv4)
	case r.CidrIpv6 != nil:
		peer = network(r.CidrIpv6)
	case r.ReferencedGroupInfo != nil:
		peer = aws.ToString(r.ReferencedGroupInfo.GroupId)
	}
	return keyOf(r.IpProtocol, r.FromPort, r.ToPort, peer)
}

// rules reads the rules of a group in one direction.
func (e *errand) rules(ctx context.Context, group string, egress bool) ([]types.SecurityGroupRule, error) {
	var all []types.SecurityGroupRule
	err := pages(ctx, func(ctx context.Context, token *string) (*string, error) {
		out, err := e.at.ec2.DescribeSecurityGroupRules(ctx, &ec2.DescribeSecurityGroupRulesInput{
			Filters: filtered("group-id", group), MaxResults: aws.Int32(ec2Page), NextToken: token,
		})
		if err != nil {
			return nil, err
		}
		for _, r := range out.SecurityGroupRules {
			if aws.ToBool(r.IsEgress) == egress {
				all = append(all, r)
			}
		}
		return out.NextToken, nil
	})
	return all, err
}

// granted finds the rules of all permissions, in their order; nil where one is missing.
func (e *errand) granted(ctx context.Context, group *string, permissions []types.IpPermission, egress bool) ([]types.SecurityGroupRule, error) {
	keys := keysOf(permissions)
	if len(keys) == 0 {
		return nil, errCannotTell
	}
	all, err := e.rules(ctx, aws.ToString(group), egress)
	if err != nil {
		return nil, err
	}
	var found []types.SecurityGroupRule
	for _, k := range keys {
		i := slices.IndexFunc(all, func(r types.SecurityGroupRule) bool { return keyOfRule(r) == k })
		if i < 0 {
			return nil, nil
		}
		found = append(found, all[i])
	}
	return found, nil
}

// revoked reports whether none of the rules is left, named by id or by permission.
func (e *errand) revoked(ctx context.Context, group *string, ids []string, permissions []types.IpPermission, egress bool) (bool, error) {
	keys := keysOf(permissions)
	if len(ids)+len(keys) == 0 {
		return false, errCannotTell
	}
	all, err := e.rules(ctx, aws.ToString(group), egress)
	if err != nil {
		return false, err
	}
	return !slices.ContainsFunc(all, func(r types.SecurityGroupRule) bool {
		return slices.Contains(ids, aws.ToString(r.SecurityGroupRuleId)) || slices.Contains(keys, keyOfRule(r))
	}), nil
}

func findIngress(ctx context.Context, e *errand, in *ec2.AuthorizeSecurityGroupIngressInput) (*ec2.AuthorizeSecurityGroupIngressOutput, error) {
	found, err := e.granted(ctx, in.GroupId, in.IpPermissions, false)
	if err != nil || found == nil {
		return nil, err
	}
	return &ec2.AuthorizeSecurityGroupIngressOutput{Return: aws.Bool(true), SecurityGroupRules: found}, nil
}

func findEgress(ctx context.Context, e *errand, in *ec2.AuthorizeSecurityGroupEgressInput) (*ec2.AuthorizeSecurityGroupEgressOutput, error) {
	found, err := e.granted(ctx, in.GroupId, in.IpPermissions, true)
	if err != nil || found == nil {
		return nil, err
	}
	return &ec2.AuthorizeSecurityGroupEgressOutput{Return: aws.Bool(true), SecurityGroupRules: found}, nil
}

func findIngressRemoval(ctx context.Context, e *errand, in *ec2.RevokeSecurityGroupIngressInput) (*ec2.RevokeSecurityGroupIngressOutput, error) {
	gone, err := e.revoked(ctx, in.GroupId, in.SecurityGroupRuleIds, in.IpPermissions, false)
	if err != nil || !gone {
		return nil, err
	}
	return &ec2.RevokeSecurityGroupIngressOutput{Return: aws.Bool(true)}, nil
}

func findEgressRemoval(ctx context.Context, e *errand, in *ec2.RevokeSecurityGroupEgressInput) (*ec2.RevokeSecurityGroupEgressOutput, error) {
	gone, err := e.revoked(ctx, in.GroupId, in.SecurityGroupRuleIds, in.IpPermissions, true)
	if err != nil || !gone {
		return nil, err
	}
	return &ec2.RevokeSecurityGroupEgressOutput{Return: aws.Bool(true)}, nil
}

func (e *errand) groups(ctx context.Context, filters []types.Filter) ([]types.SecurityGroup, error) {
	var all []types.SecurityGroup
	err := pages(ctx, func(ctx context.Context, token *string) (*string, error) {
		out, err := e.at.ec2.DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{Filters: filters, MaxResults: aws.Int32(ec2Page), NextToken: token})
		if err != nil {
			return nil, err
		}
		all = append(all, out.SecurityGroups...)
		return out.NextToken, nil
	})
	return all, err
}

func findGroup(ctx context.Context, e *errand, in *ec2.CreateSecurityGroupInput) (*ec2.CreateSecurityGroupOutput, error) {
	by, err := stepTag(in.TagSpecifications)
	if err != nil {
		return nil, err
	}
	all, err := e.groups(ctx, by)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return &ec2.CreateSecurityGroupOutput{GroupId: all[0].GroupId, SecurityGroupArn: all[0].SecurityGroupArn, Tags: all[0].Tags}, nil
}

func findGroupRemoval(ctx context.Context, e *errand, in *ec2.DeleteSecurityGroupInput) (*ec2.DeleteSecurityGroupOutput, error) {
	if aws.ToString(in.GroupId) == "" {
		return nil, errCannotTell
	}
	all, err := e.groups(ctx, filtered("group-id", *in.GroupId))
	if err != nil || len(all) > 0 {
		return nil, err
	}
	return &ec2.DeleteSecurityGroupOutput{GroupId: in.GroupId}, nil
}

// aclEntry finds the entry of a network ACL with a number.
func (e *errand) aclEntry(ctx context.Context, acl *string, number *int32, egress *bool) (*types.NetworkAclEntry, error) {
	out, err := e.at.ec2.DescribeNetworkAcls(ctx, &ec2.DescribeNetworkAclsInput{Filters: filtered("network-acl-id", aws.ToString(acl))})
	if err != nil {
		return nil, err
	}
	for _, a := range out.NetworkAcls {
		for _, entry := range a.Entries {
			if aws.ToInt32(entry.RuleNumber) == aws.ToInt32(number) && aws.ToBool(entry.Egress) == aws.ToBool(egress) {
				return &entry, nil
			}
		}
	}
	return nil, nil
}

// sameEntry compares everything that an entry of a network ACL says.
func sameEntry(a, b types.NetworkAclEntry) bool {
	ports := func(r *types.PortRange) [2]int {
		if r == nil {
			return [2]int{-1, -1}
		}
		return [2]int{int32Or(r.From, -1), int32Or(r.To, -1)}
	}
	icmp := func(c *types.IcmpTypeCode) [2]int {
		if c == nil {
			return [2]int{-1, -1}
		}
		return [2]int{int32Or(c.Type, -1), int32Or(c.Code, -1)}
	}
	return protocolName(a.Protocol) == protocolName(b.Protocol) && a.RuleAction == b.RuleAction &&
		network(a.CidrBlock) == network(b.CidrBlock) && network(a.Ipv6CidrBlock) == network(b.Ipv6CidrBlock) &&
		ports(a.PortRange) == ports(b.PortRange) && icmp(a.IcmpTypeCode) == icmp(b.IcmpTypeCode)
}

func findACLEntry(ctx context.Context, e *errand, in *ec2.CreateNetworkAclEntryInput) (*ec2.CreateNetworkAclEntryOutput, error) {
	is, err := e.aclEntry(ctx, in.NetworkAclId, in.RuleNumber, in.Egress)
	if err != nil || is == nil || !sameEntry(*is, types.NetworkAclEntry{
		Protocol: in.Protocol, RuleAction: in.RuleAction, CidrBlock: in.CidrBlock, Ipv6CidrBlock: in.Ipv6CidrBlock, PortRange: in.PortRange, IcmpTypeCode: in.IcmpTypeCode,
	}) {
		return nil, err
	}
	return &ec2.CreateNetworkAclEntryOutput{}, nil
}

func findACLReplacement(ctx context.Context, e *errand, in *ec2.ReplaceNetworkAclEntryInput) (*ec2.ReplaceNetworkAclEntryOutput, error) {
	is, err := e.aclEntry(ctx, in.NetworkAclId, in.RuleNumber, in.Egress)
	if err != nil || is == nil || !sameEntry(*is, types.NetworkAclEntry{
		Protocol: in.Protocol, RuleAction: in.RuleAction, CidrBlock: in.CidrBlock, Ipv6CidrBlock: in.Ipv6CidrBlock, PortRange: in.PortRange, IcmpTypeCode: in.IcmpTypeCode,
	}) {
		return nil, err
	}
	return &ec2.ReplaceNetworkAclEntryOutput{}, nil
}

func findACLRemoval(ctx context.Context, e *errand, in *ec2.DeleteNetworkAclEntryInput) (*ec2.DeleteNetworkAclEntryOutput, error) {
	is, err := e.aclEntry(ctx, in.NetworkAclId, in.RuleNumber, in.Egress)
	if err != nil || is != nil {
		return nil, err
	}
	return &ec2.DeleteNetworkAclEntryOutput{}, nil
}
