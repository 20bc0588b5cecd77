package lab

import (
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

func groupChanges() map[string]operation {
	return map[string]operation{
		"ec2:CreateSecurityGroup":           change(createGroup),
		"ec2:DeleteSecurityGroup":           change(deleteGroup),
		"ec2:AuthorizeSecurityGroupIngress": change(authorizeIngress),
		"ec2:AuthorizeSecurityGroupEgress":  change(authorizeEgress),
		"ec2:RevokeSecurityGroupIngress":    change(revokeIngress),
		"ec2:RevokeSecurityGroupEgress":     change(revokeEgress),
	}
}

// maxRules is the quota of rules of a group in one direction
// (https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html).
const maxRules = 60

// groupText is what names and descriptions of groups and rules may hold
// (https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html).
func groupText() *regexp.Regexp {
	return regexp.MustCompile(`^[a-zA-Z0-9 ._\-:/()#,@\[\]+=&;{}!$*]{0,255}$`)
}

func checkText(member, text string) error {
	if !groupText().MatchString(text) {
		return fail("InvalidParameterValue", "Value (%s) for parameter %s is invalid. Character sets beyond ASCII are not supported.", text, member)
	}
	return nil
}

func createGroup(w *World, r *request, in *ec2.CreateSecurityGroupInput) (*ec2.CreateSecurityGroupOutput, error) {
	name, text, vpc := aws.ToString(in.GroupName), aws.ToString(in.Description), aws.ToString(in.VpcId)
	if err := checkText("GroupName", name); err != nil {
		return nil, err
	}
	if err := checkText("GroupDescription", text); err != nil {
		return nil, err
	}
	switch v := w.VPCs[vpc]; {
	case in.VpcId == nil:
		return nil, fail("VPCIdNotSpecified", "No default VPC for this user")
	case v == nil || !w.mine(v.Owner):
		return nil, fail("InvalidVpcID.NotFound", "The vpc ID '%s' does not exist", vpc)
	case name == "" || name == "default" || strings.HasPrefix(name, "sg-"):
		return nil, fail("InvalidParameterValue", "Cannot use reserved security group name: %s", name)
	case text == "":
		return nil, fail("MissingParameter", "The request must contain the parameter GroupDescription")
	}
	for _, g := range w.Groups {
		if g.VPC == vpc && g.Name == name {
			return nil, fail("InvalidGroup.Duplicate", "The security group '%s' already exists for VPC '%s'", name, vpc)
		}
	}
	tags, err := specified(in.TagSpecifications, types.ResourceTypeSecurityGroup)
	if err != nil {
		return nil, err
	}
	g := &Group{ID: w.newID("sg"), VPC: vpc, Name: name, Description: text}
	g.Rules = []Rule{{ID: w.newID("sgr"), Egress: true, Protocol: "-1", From: -1, To: -1, Peer: "0.0.0.0/0"}}
	w.Groups[g.ID] = g
	w.tag(g.ID, tags[types.ResourceTypeSecurityGroup])
	return &ec2.CreateSecurityGroupOutput{GroupId: aws.String(g.ID), SecurityGroupArn: aws.String(w.arn("ec2", "security-group/"+g.ID)), Tags: named("", w.Tags[g.ID])}, nil
}

// group finds one of this account's groups.
func (w *World) group(id *string) (*Group, error) {
	if g := w.Groups[aws.ToString(id)]; g != nil && w.mine(g.Owner) {
		return g, nil
	}
	return nil, fail("InvalidGroup.NotFound", "The security group '%s' does not exist", aws.ToString(id))
}

func deleteGroup(w *World, _ *request, in *ec2.DeleteSecurityGroupInput) (*ec2.DeleteSecurityGroupOutput, error) {
	g, err := w.group(in.GroupId)
	if err != nil {
		return nil, err
	}
	if g.Name == "default" {
		return nil, fail("CannotDelete", "the specified group: \"%s\" name: \"default\" cannot be deleted by a user", g.ID)
	}
	if w.groupInUse(g.ID) {
		return nil, fail("DependencyViolation", "resource %s has a dependent object", g.ID)
	}
	delete(w.Groups, g.ID)
	delete(w.Tags, g.ID)
	return &ec2.DeleteSecurityGroupOutput{GroupId: aws.String(g.ID), Return: aws.Bool(true)}, nil
}

// groupInUse reports whether an interface has a group, or a rule of another names it.
func (w *World) groupInUse(id string) bool {
	for _, i := range w.Instances {
		if i.Terminated.IsZero() && slices.Contains(i.Groups, id) {
			return true
		}
	}
	for _, n := range w.Interfaces {
		if slices.Contains(n.Groups, id) {
			return true
		}
	}
	for _, e := range w.ResolverEndpoints {
		if slices.Contains(e.Groups, id) {
			return true
		}
	}
	for _, g := range w.Groups {
		if g.ID != id && slices.ContainsFunc(g.Rules, func(r Rule) bool { return r.Peer == id }) {
			return true
		}
	}
	return false
}

// rulesOf turns permissions into rules, one for each peer, as EC2 does.
func (w *World) rulesOf(g *Group, egress bool, permissions []types.IpPermission) ([]Rule, error) {
	var out []Rule
	for _, p := range permissions {
		base, err := portsOf(p)
		if err != nil {
			return nil, err
		}
		base.Egress = egress
		add := func(peer string, comment *string) error {
			base.Peer, base.Comment = peer, aws.ToString(comment)
			if slices.ContainsFunc(out, base.same) {
				return fail("InvalidParameterValue", "The same permission must not appear multiple times")
			}
			out = append(out, base)
			return checkText("Description", base.Comment)
		}
		for _, x := range p.IpRanges {
			block, err := canonical(aws.ToString(x.CidrIp), true)
			if err == nil {
				err = add(block, x.Description)
			}
			if err != nil {
				return nil, err
			}
		}
		for _, x := range p.Ipv6Ranges {
			block, err := canonical(aws.ToString(x.CidrIpv6), false)
			if err == nil {
				err = add(block, x.Description)
			}
			if err != nil {
				return nil, err
			}
		}
		for _, x := range p.PrefixListIds {
			list := aws.ToString(x.PrefixListId)
			if w.PrefixLists[list] == nil {
				return nil, fail("InvalidPrefixListID.NotFound", "The prefix list ID '%s' does not exist", list)
			}
			if err := add(list, x.Description); err != nil {
				return nil, err
			}
		}
		for _, x := range p.UserIdGroupPairs {
			peer := w.Groups[aws.ToString(x.GroupId)]
			if peer == nil || !w.joined(g.VPC, peer.VPC) {
				return nil, fail("InvalidGroup.NotFound", "You have specified two resources that belong to different networks, or the security group '%s' does not exist", aws.ToString(x.GroupId))
			}
			if err := add(peer.ID, x.Description); err != nil {
				return nil, err
			}
		}
		if len(p.IpRanges)+len(p.Ipv6Ranges)+len(p.PrefixListIds)+len(p.UserIdGroupPairs) == 0 {
			return nil, fail("InvalidParameterValue", "Invalid value for parameter permissions: a permission needs a source or destination")
		}
	}
	if len(out) == 0 {
		return nil, fail("MissingParameter", "Either 'ipPermissions' or 'securityGroupRuleIds' should be provided.")
	}
	return out, nil
}

func portsOf(p types.IpPermission) (Rule, error) {
	protocol := strings.ToLower(aws.ToString(p.IpProtocol))
	if name := map[string]string{"6": "tcp", "17": "udp", "1": "icmp", "58": "icmpv6", "all": "-1"}[protocol]; name != "" {
		protocol = name
	}
	number, err := strconv.Atoi(protocol)
	numbered := err == nil && number >= -1 && number <= 255
	switch {
	case protocol == "":
		return Rule{}, fail("MissingParameter", "The request must contain the parameter ipProtocol")
	case protocol == "-1" || numbered:
		return Rule{Protocol: protocol, From: -1, To: -1}, nil
	case protocol != "tcp" && protocol != "udp" && protocol != "icmp" && protocol != "icmpv6":
		return Rule{}, fail("InvalidParameterValue", "Invalid value '%s' for IP protocol. Unknown protocol.", protocol)
	case p.FromPort == nil || p.ToPort == nil:
		return Rule{}, fail("InvalidParameterValue", "Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange.")
	}
	r := Rule{Protocol: protocol, From: *p.FromPort, To: *p.ToPort}
	if ports := protocol == "tcp" || protocol == "udp"; ports && (r.From < 0 || r.To > 65535 || r.From > r.To) {
		return Rule{}, fail("InvalidParameterValue", "Invalid TCP/UDP port range (%d:%d)", r.From, r.To)
	}
	return r, nil
}

// canonical writes a block as EC2 keeps it: without the bits behind its length.
func canonical(block string, four bool) (string, error) {
	p, err := netip.ParsePrefix(block)
	if err != nil || p.Addr().Is4() != four {
		return "", fail("InvalidParameterValue", "CIDR block %s is malformed", block)
	}
	return p.Masked().String(), nil
}

// same reports whether two rules permit the same.
func (r Rule) same(other Rule) bool {
	return r.Egress == other.Egress && r.Protocol == other.Protocol && r.From == other.From && r.To == other.To && r.Peer == other.Peer
}

func (w *World) authorize(group *string, egress bool, permissions []types.IpPermission, specs []types.TagSpecification) ([]types.SecurityGroupRule, error) {
	g, err := w.group(group)
	if err != nil {
		return nil, err
	}
	rules, err := w.rulesOf(g, egress, permissions)
	if err != nil {
		return nil, err
	}
	tags, err := specified(specs, types.ResourceTypeSecurityGroupRule)
	if err != nil {
		return nil, err
	}
	have := 0
	for _, r := range g.Rules {
		if r.Egress == egress {
			have++
		}
	}
	if have+len(rules) > maxRules {
		return nil, fail("RulesPerSecurityGroupLimitExceeded", "The maximum number of rules per security group has been reached.")
	}
	for _, r := range rules {
		if slices.ContainsFunc(g.Rules, r.same) {
			return nil, fail("InvalidPermission.Duplicate", "the specified rule \"peer: %s, %s, from port: %d, to port: %d, ALLOW\" already exists", r.Peer, strings.ToUpper(r.Protocol), r.From, r.To)
		}
	}
	var out []types.SecurityGroupRule
	for _, r := range rules {
		r.ID = w.newID("sgr")
		g.Rules = append(g.Rules, r)
		w.tag(r.ID, tags[types.ResourceTypeSecurityGroupRule])
		out = append(out, w.showRule(g, r))
	}
	return out, nil
}

// plainPermission is the old way to give one permission, by members of its own.
func plainPermission(permissions []types.IpPermission, cidr, protocol *string, from, to *int32) []types.IpPermission {
	if len(permissions) > 0 || cidr == nil {
		return permissions
	}
	return []types.IpPermission{{IpProtocol: protocol, FromPort: from, ToPort: to, IpRanges: []types.IpRange{{CidrIp: cidr}}}}
}

func authorizeIngress(w *World, _ *request, in *ec2.AuthorizeSecurityGroupIngressInput) (*ec2.AuthorizeSecurityGroupIngressOutput, error) {
	rules, err := w.authorize(in.GroupId, false, plainPermission(in.IpPermissions, in.CidrIp, in.IpProtocol, in.FromPort, in.ToPort), in.TagSpecifications)
	if err != nil {
		return nil, err
	}
	return &ec2.AuthorizeSecurityGroupIngressOutput{Return: aws.Bool(true), SecurityGroupRules: rules}, nil
}

func authorizeEgress(w *World, _ *request, in *ec2.AuthorizeSecurityGroupEgressInput) (*ec2.AuthorizeSecurityGroupEgressOutput, error) {
	rules, err := w.authorize(in.GroupId, true, plainPermission(in.IpPermissions, in.CidrIp, in.IpProtocol, in.FromPort, in.ToPort), in.TagSpecifications)
	if err != nil {
		return nil, err
	}
	return &ec2.AuthorizeSecurityGroupEgressOutput{Return: aws.Bool(true), SecurityGroupRules: rules}, nil
}

func (w *World) revoke(group *string, egress bool, ids []string, permissions []types.IpPermission) ([]types.RevokedSecurityGroupRule, error) {
	g, err := w.group(group)
	if err != nil {
		return nil, err
	}
	if len(ids) > 0 && len(permissions) > 0 {
		return nil, fail("InvalidParameterCombination", "The parameter 'ipPermissions' may not be used in combination with 'securityGroupRuleIds'")
	}
	var gone []Rule
	for _, id := range ids {
		n := slices.IndexFunc(g.Rules, func(r Rule) bool { return r.ID == id && r.Egress == egress })
		if n < 0 {
			return nil, fail("InvalidSecurityGroupRuleId.NotFound", "The security group rule ID '%s' does not exist", id)
		}
		gone = append(gone, g.Rules[n])
	}
	if len(ids) == 0 {
		wanted, err := w.rulesOf(g, egress, permissions)
		if err != nil {
			return nil, err
		}
		for _, r := range wanted {
			n := slices.IndexFunc(g.Rules, r.same)
			if n < 0 {
				return nil, fail("InvalidPermission.NotFound", "The specified rule does not exist in this security group.")
			}
			gone = append(gone, g.Rules[n])
		}
	}
	var out []types.RevokedSecurityGroupRule
	for _, r := range gone {
		row := w.showRule(g, r)
		revoked := types.RevokedSecurityGroupRule{SecurityGroupRuleId: row.SecurityGroupRuleId, GroupId: row.GroupId, IsEgress: row.IsEgress, IpProtocol: row.IpProtocol,
			FromPort: row.FromPort, ToPort: row.ToPort, CidrIpv4: row.CidrIpv4, CidrIpv6: row.CidrIpv6, PrefixListId: row.PrefixListId, Description: row.Description}
		if row.ReferencedGroupInfo != nil {
			revoked.ReferencedGroupId = row.ReferencedGroupInfo.GroupId
		}
		out = append(out, revoked)
		g.Rules = slices.DeleteFunc(g.Rules, func(x Rule) bool { return x.ID == r.ID })
		delete(w.Tags, r.ID)
	}
	return out, nil
}

func revokeIngress(w *World, _ *request, in *ec2.RevokeSecurityGroupIngressInput) (*ec2.RevokeSecurityGroupIngressOutput, error) {
	gone, err := w.revoke(in.GroupId, false, in.SecurityGroupRuleIds, plainPermission(in.IpPermissions, in.CidrIp, in.IpProtocol, in.FromPort, in.ToPort))
	if err != nil {
		return nil, err
	}
	return &ec2.RevokeSecurityGroupIngressOutput{Return: aws.Bool(true), RevokedSecurityGroupRules: gone}, nil
}

func revokeEgress(w *World, _ *request, in *ec2.RevokeSecurityGroupEgressInput) (*ec2.RevokeSecurityGroupEgressOutput, error) {
	gone, err := w.revoke(in.GroupId, true, in.SecurityGroupRuleIds, plainPermission(in.IpPermissions, in.CidrIp, in.IpProtocol, in.FromPort, in.ToPort))
	if err != nil {
		return nil, err
	}
	return &ec2.RevokeSecurityGroupEgressOutput{Return: aws.Bool(true), RevokedSecurityGroupRules: gone}, nil
}
