package fixes

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/reach"
	"github.com/monshin/monshin/diagnose/remedy"
)

// leg is one path with what its two ends are called in rules.
type leg struct {
	path reach.Path
	// client and server are blocks: the instance's subnet, the endpoint's subnet, or
	// everything where the way leads to the internet.
	client, server string
	// wide is the block of the VPC that holds the server: what a security group's
	// outbound rule names, so that a later subnet of the endpoint needs no new rule.
	wide string
}

// opener opens what is closed on paths, a rule for a step, until they let the
// traffic through. The paths are evaluated by the same code that judged them, on the
// estate as the steps so far leave it.
type opener struct {
	b    *remedy.Builder
	port int
	// legs evaluates the paths on an estate.
	legs func(*estate.View) []leg
	// ours picks the hops that this fix is to open.
	ours func(reach.Hop) bool
	// aclVPC tells the VPC of a network ACL.
	aclVPC func(reach.Hop) string

	made   int
	groups []string // groups that were touched
	acls   []string // ACLs that were touched
	fault  bool     // a refusal was given
}

// mostRules bounds a plan: four legs for each of the zones of a region.
const mostRules = 24

// run writes the steps. ok is false where the fix does not apply.
func (o *opener) run() bool {
	for range mostRules {
		l, h, found := o.next()
		if !found {
			break
		}
		before := o.made
		switch h.Kind {
		case reach.SGEgress, reach.SGIngress:
			o.allow(l, h)
		case reach.ACLRequest, reach.ACLReturn:
			o.admit(l, h)
		}
		if o.fault || o.b.Waiting() {
			return false
		}
		if again, same, still := o.next(); o.made == before || still && again.path.To == l.path.To && same.Item == h.Item && same.Kind == h.Kind && same.Resource == h.Resource && same.Subnet == h.Subnet && same.Partial == h.Partial {
			o.b.Refuse("no rule that monshin could add opens %s", "%s は規則の追加では開放できない", h.Resource)
			return false
		}
	}
	if o.b.Waiting() {
		return false
	}
	if _, h, left := o.next(); left {
		o.b.Refuse("more than %d rules would be needed, the next of them in %s", "必要な規則が %d 件を超過（次は %s）", mostRules, h.Resource)
		return false
	}
	if o.made == 0 {
		o.b.Refuse("nothing that this fix could open is closed now", "この対処で開放できる箇所は現時点で閉じていない")
		return false
	}
	return true
}

// next finds the first hop that is to be opened and closed.
func (o *opener) next() (leg, reach.Hop, bool) {
	for _, l := range o.legs(o.b.Later()) {
		for _, h := range l.path.Hops {
			if (h.Verdict == reach.No || h.Partial != "") && o.ours(h) {
				return l, h, true
			}
		}
	}
	return leg{}, reach.Hop{}, false
}

// allow adds a rule to the first of a side's security groups.
func (o *opener) allow(l leg, h reach.Hop) {
	group, _, _ := strings.Cut(h.Resource, ",")
	egress := h.Kind == reach.SGEgress
	cidr := l.client
	if egress {
		cidr = l.wide
	}
	if group == "" || cidr == "" {
		o.b.Refuse("the block that a rule of %s would name is not known", "%s の規則に指定する CIDR を特定できない", h.Resource)
		o.fault = true
		return
	}
	if _, ok := need(o.b, estate.SecurityGroupPart, group); !ok {
		o.fault = true
		return
	}
	o.made++
	side := "in"
	if egress {
		side = "out"
	}
	allowRule(o.b, ruleStep{id: fmt.Sprintf("%s-%d-%d", side, o.port, o.made), group: group, egress: egress, port: o.port, cidr: cidr})
	if !slices.Contains(o.groups, group) {
		o.groups = append(o.groups, group)
	}
}

// ruleStep is a rule of a security group that exists.
type ruleStep struct {
	id, group string
	egress    bool
	port      int
	cidr      string
}

// allowRule writes the step that adds a rule.
func allowRule(b *remedy.Builder, r ruleStep) {
	out := "SecurityGroupRules.0.SecurityGroupRuleId"
	added := remedy.Output(r.id, out)
	remedy.Edit(b, estate.SecurityGroupPart, r.group, func(g estate.SecurityGroup) estate.SecurityGroup {
		g.Rules = append(slices.Clone(g.Rules), estate.SecurityGroupRule{ID: added, Egress: r.egress, Protocol: "tcp", FromPort: r.port, ToPort: r.port, CIDR4: r.cidr, Description: "monshin"})
		return g
	})
	operation, tab, filter := "Ingress", lang.Both("Inbound rules", "インバウンドルール"), "false"
	title := lang.Both("Allow tcp/%d from %s into %s", "%[3]s で %[2]s からの tcp/%[1]d を許可").With(r.port, r.cidr, r.group)
	if r.egress {
		operation, tab, filter = "Egress", lang.Both("Outbound rules", "アウトバウンドルール"), "true"
		title = lang.Both("Allow tcp/%d to %s out of %s", "%[3]s で %[2]s への tcp/%[1]d を許可").With(r.port, r.cidr, r.group)
	}
	b.Step(remedy.Step{
		ID: r.id, Title: title,
		Call: &remedy.Call{
			Operation: "ec2:AuthorizeSecurityGroup" + operation,
			Input: map[string]any{
				"GroupId": r.group,
				"IpPermissions": []any{map[string]any{"IpProtocol": "tcp", "FromPort": r.port, "ToPort": r.port,
					"IpRanges": []any{map[string]any{"CidrIp": r.cidr, "Description": "monshin"}}}},
				"TagSpecifications": tagged("security-group-rule", "monshin"),
			},
			Outputs: []string{out}, Tagged: true,
		},
		Actions: []string{"ec2:AuthorizeSecurityGroup" + operation, "ec2:CreateTags"},
		Undo:    &remedy.Call{Operation: "ec2:RevokeSecurityGroup" + operation, Input: map[string]any{"GroupId": r.group, "SecurityGroupRuleIds": []any{added}}},
		Do: lang.Both("EC2 console > Security Groups > %s > %s > Edit: add Custom TCP %d, %s", "EC2 コンソール > セキュリティグループ > %s > %s > 編集 > カスタム TCP %d、%s を追加").
			With(r.group, tab, r.port, r.cidr),
		Check: remedy.Check{
			Command: fmt.Sprintf("aws ec2 describe-security-group-rules --filters Name=group-id,Values=%s --query \"SecurityGroupRules[?IsEgress==`%s` && FromPort==`%d`]\"", r.group, filter, r.port),
			Expect:  lang.Both("a rule for %s on tcp/%d", "%s・tcp/%d のルールあり").With(r.cidr, r.port),
		},
	})
}

// admit adds an entry to a network ACL, at a free number before the one that denies.
func (o *opener) admit(l leg, h reach.Hop) {
	egress := strings.HasSuffix(h.Item, ".egress")
	// A request leaves towards the server and arrives from the client; its answer goes
	// the other way.
	cidr := l.client
	if egress == (h.Kind == reach.ACLRequest) {
		cidr = l.server
	}
	if cidr == "" {
		o.b.Refuse("the block that an entry of %s would name is not known", "%s のエントリに指定する CIDR を特定できない", h.Resource)
		o.fault = true
		return
	}
	vpc := o.aclVPC(h)
	acls, ok := need(o.b, estate.NetworkACLsPart, vpc)
	if !ok {
		o.fault = true
		return
	}
	if later, known := estate.NetworkACLsPart.Of(o.b.Later(), vpc).Get(); known {
		acls = later
	}
	i := slices.IndexFunc(acls, func(a estate.NetworkACL) bool { return a.ID == h.Resource })
	if i < 0 {
		o.b.Refuse("%s is not listed", "%s が一覧に存在しない", h.Resource)
		o.fault = true
		return
	}
	entry := estate.NetworkACLEntry{Egress: egress, Allow: true, Protocol: "6", CIDR4: cidr, FromPort: h.Ports.From, ToPort: h.Ports.To}
	number, ok := freeNumber(acls[i], entry)
	if !ok {
		o.b.Refuse("%s has no free number before the entry that denies: its entries have to be renumbered", "%s には拒否ルールより前の空き番号なし。ルール番号の振り直しが必要", h.Resource)
		o.fault = true
		return
	}
	entry.Number = number
	o.made++
	side := "in"
	if egress {
		side = "out"
	}
	entryStep(o.b, fmt.Sprintf("entry-%s-%d", side, number), vpc, h.Resource, entry)
	if !slices.Contains(o.acls, h.Resource) {
		o.acls = append(o.acls, h.Resource)
	}
	if n := sameDirection(acls[i], egress); n >= aclQuota {
		o.b.Warn("%s already has %d entries in this direction; the default quota is %d", "%s のこの方向のエントリは既に %d 件（デフォルトのクォータは %d 件）", h.Resource, n, aclQuota)
	}
}

// aclQuota is how many entries a network ACL takes in one direction by default
// (Amazon VPC User Guide, "Amazon VPC quotas").
const aclQuota = 20

func sameDirection(a estate.NetworkACL, egress bool) int {
	n := 0
	for _, e := range a.Entries {
		if e.Egress == egress && e.Number < closingEntry {
			n++
		}
	}
	return n
}

// closingEntry is the number of the deny that ends every network ACL; 32766 is the
// last that one may use.
const closingEntry = 32767

// freeNumber finds a number for an entry: the highest free one before the first deny
// that is about the same traffic, else ten after the last.
func freeNumber(a estate.NetworkACL, want estate.NetworkACLEntry) (int, bool) {
	taken := map[int]bool{}
	last, deny := 0, closingEntry
	for _, e := range a.Entries {
		if e.Egress != want.Egress || e.Number >= closingEntry {
			continue
		}
		taken[e.Number] = true
		last = max(last, e.Number)
		if !e.Allow && about(e, want) {
			deny = min(deny, e.Number)
		}
	}
	if deny == closingEntry {
		n := 100 // as the console numbers the first
		if last > 0 {
			n = (last/10 + 1) * 10
		}
		if n < closingEntry {
			return n, true
		}
	}
	for n := deny - 1; n >= 1; n-- {
		if !taken[n] {
			return n, true
		}
	}
	return 0, false
}

// about reports whether two entries speak of some of the same traffic.
func about(a, b estate.NetworkACLEntry) bool {
	if a.Protocol != "-1" && a.Protocol != b.Protocol || a.Protocol != "-1" && (a.ToPort < b.FromPort || b.ToPort < a.FromPort) {
		return false
	}
	x, err := netip.ParsePrefix(a.CIDR4)
	y, err2 := netip.ParsePrefix(b.CIDR4)
	return err == nil && err2 == nil && x.Overlaps(y)
}

// entryStep writes the step that adds an entry to a network ACL.
func entryStep(b *remedy.Builder, id, vpc, acl string, e estate.NetworkACLEntry) {
	remedy.Edit(b, estate.NetworkACLsPart, vpc, func(list []estate.NetworkACL) []estate.NetworkACL {
		out := slices.Clone(list)
		for i := range out {
			if out[i].ID == acl {
				out[i].Entries = append(slices.Clone(out[i].Entries), e)
			}
		}
		return out
	})
	ports := fmt.Sprint(e.FromPort)
	if e.ToPort != e.FromPort {
		ports += "-" + fmt.Sprint(e.ToPort)
	}
	side, tab := lang.Both("from", "送信元"), lang.Both("Inbound rules", "インバウンドルール")
	if e.Egress {
		side, tab = lang.Both("to", "送信先"), lang.Both("Outbound rules", "アウトバウンドルール")
	}
	b.Step(remedy.Step{
		ID: id, Title: lang.Both("Entry %[1]d of %[2]s: allow tcp/%[3]s %[4]s %[5]s", "%[2]s のルール %[1]d: tcp/%[3]s を許可（%[4]s %[5]s）").With(e.Number, acl, ports, side, e.CIDR4),
		Call: &remedy.Call{Operation: "ec2:CreateNetworkAclEntry", Input: map[string]any{
			"NetworkAclId": acl, "RuleNumber": e.Number, "Egress": e.Egress, "Protocol": e.Protocol, "RuleAction": "allow", "CidrBlock": e.CIDR4,
			"PortRange": map[string]any{"From": e.FromPort, "To": e.ToPort},
		}},
		Undo: &remedy.Call{Operation: "ec2:DeleteNetworkAclEntry", Input: map[string]any{"NetworkAclId": acl, "RuleNumber": e.Number, "Egress": e.Egress}},
		Do: lang.Both("VPC console > Network ACLs > %s > %s > Edit: rule %d, Custom TCP %s, %s, Allow", "VPC コンソール > ネットワーク ACL > %s > %s > 編集 > ルール番号 %d、カスタム TCP %s、%s、許可").
			With(acl, tab, e.Number, ports, e.CIDR4),
		Check: remedy.Check{
			Command: fmt.Sprintf("aws ec2 describe-network-acls --network-acl-ids %s --query 'NetworkAcls[].Entries[?RuleNumber==`%d`]'", acl, e.Number),
			Expect:  lang.Both("the entry, with RuleAction allow", "RuleAction が allow の当該エントリ"),
		},
	})
}
