package reach

import (
	"fmt"
	"math/bits"
	"net/netip"
	"slices"
	"strings"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
)

// groupHop asks the security groups of a side, which are a union: one rule that
// allows is enough, so an allow that is known decides whatever else is unread.
func groupHop(v *estate.View, s Side, egress bool, peer place, port Port) Hop {
	h := Hop{Kind: SGIngress, Code: finding.EndpointSGBlocks, Certainty: finding.Proven,
		Resource: strings.Join(s.Groups, ","), Subnet: s.Subnet, Resources: slices.Clone(s.Groups)}
	if egress {
		h.Kind, h.Code = SGEgress, finding.NetworkSGEgressBlocks
	}
	if len(s.Groups) == 0 {
		if s.VPC == "" {
			return h.open(outside(s))
		}
		return h.open(fact.Why{Reason: fact.NotRecorded, Resource: s.Label, Detail: "security groups"})
	}
	g := groupRules{view: v, egress: egress, peer: peer, port: port}
	var groups []estate.SecurityGroup
	for _, id := range s.Groups {
		f := estate.SecurityGroupPart.Of(v, id)
		if group, known := f.Get(); known {
			groups = append(groups, group)
			if h.At == (estate.Key{}) {
				h.At, h.Origin = estate.SecurityGroupPart.Key(id), f.Origin()
			}
			continue
		}
		why := f.Why()
		if f.IsAbsent() {
			// The interface has the group, so it exists; this account cannot see it.
			why = fact.Why{Reason: fact.NotVisible, Action: "ec2:DescribeSecurityGroups", Resource: id}
		}
		h.Whys = merge(h.Whys, why)
	}
	// Rules that need another part (a prefix list) come last: they are not read
	// where the rules at hand already allow.
	for _, withLists := range []bool{false, true} {
		for _, group := range groups {
			for i := range group.Rules {
				r := &group.Rules[i]
				if r.Egress != egress || (r.PrefixList != "") != withLists {
					continue
				}
				if g.weigh(r) && g.allowed.covers(port.ports()) {
					h.At, h.Item, h.Whys, h.Notes = estate.SecurityGroupPart.Key(group.ID), r.ID, nil, g.notes
					h.Origin = estate.SecurityGroupPart.Of(v, group.ID).Origin()
					return h.decide(Yes, describe(r), lang.Both("%s allows it", "%s により許可").With(describeIn(r)))
				}
			}
		}
	}
	h.Notes = g.notes
	if len(h.Whys) > 0 || (g.allowed.union(g.maybe)).covers(port.ports()) {
		return h.open(g.whys...)
	}
	best, bestGroup := nearest(groups, egress, peer, port)
	if best == nil {
		if egress {
			return h.decide(No, "0", lang.Both("%s has no outbound rule, so nothing may leave", "%s にアウトバウンドルールがないため送信不可").With(h.Resource))
		}
		return h.decide(No, "0", lang.Both("%s has no inbound rule, so nothing is let in", "%s にインバウンドルールがないため受信不可").With(h.Resource))
	}
	h.At, h.Item = estate.SecurityGroupPart.Key(bestGroup), best.ID
	h.Nearest = describe(best)
	return h.decide(No, h.Nearest, lang.Both("no rule matches %s %s; the closest is %s", "%s（%s）に一致するルールなし。最も近いルールは %s").
		With(port.String(), direction(egress, peer), describeIn(best)))
}

func direction(egress bool, peer place) lang.Text {
	if egress {
		return lang.Both("to %s", "送信先 %s").With(peer.name())
	}
	return lang.Both("from %s", "送信元 %s").With(peer.name())
}

// groupRules adds up what rules allow.
type groupRules struct {
	view   *estate.View
	egress bool
	peer   place
	port   Port

	allowed, maybe spans
	whys           []fact.Why
	notes          []string
}

// weigh adds what a rule allows, and reports whether it allows anything for sure.
func (g *groupRules) weigh(r *estate.SecurityGroupRule) bool {
	ports, ok := rulePorts(g.port, r.Protocol, r.FromPort, r.ToPort)
	if !ok {
		if _, readable := protocol(r.Protocol); !readable {
			g.notes = append(g.notes, describe(r))
		}
		return false
	}
	hit := Ports{max(ports.From, g.port.From), min(ports.To, g.port.To)}
	if hit.From > hit.To {
		return false
	}
	match, whys := g.admits(r)
	switch match {
	case Yes:
		g.allowed = g.allowed.plus(hit)
	case Unknown:
		g.maybe = g.maybe.plus(hit)
		g.whys = merge(g.whys, whys...)
	}
	return match == Yes
}

// admits tells whether the rule is about the peer.
func (g *groupRules) admits(r *estate.SecurityGroupRule) (Verdict, []fact.Why) {
	switch {
	case g.peer.anywhere:
		return Yes, nil
	case r.Group != "":
		return g.refers(r)
	case r.PrefixList != "":
		return listed(g.view, r.PrefixList, g.peer)
	}
	c, ok := ruleBlock(r)
	if !ok {
		g.notes = append(g.notes, describe(r))
		return No, nil
	}
	in := g.peer.in(c)
	if in == Unknown {
		return in, []fact.Why{g.peer.open()}
	}
	return in, nil
}

// refers judges a rule that names a group. A group of a peered VPC counts only
// while the peering is active (domain.md NET-6).
func (g *groupRules) refers(r *estate.SecurityGroupRule) (Verdict, []fact.Why) {
	switch {
	case r.PeeringStatus != "" && r.PeeringStatus != "active":
		return No, nil
	case slices.Contains(g.peer.groups, r.Group):
		return Yes, nil
	case g.peer.groupsOpen:
		return Unknown, []fact.Why{{Reason: fact.NotRecorded, Resource: r.Group, Detail: "security groups of " + g.peer.name().En}}
	}
	return No, nil
}

func ruleBlock(r *estate.SecurityGroupRule) (netip.Prefix, bool) {
	if r.CIDR4 != "" {
		return block(r.CIDR4)
	}
	return block(r.CIDR6)
}

// listed tells whether a place lies in a managed prefix list.
func listed(v *estate.View, id string, p place) (Verdict, []fact.Why) {
	f := estate.PrefixListPart.Of(v, id)
	list, known := f.Get()
	if !known {
		if f.IsAbsent() {
			return Unknown, []fact.Why{{Reason: fact.NotVisible, Action: "ec2:GetManagedPrefixListEntries", Resource: id}}
		}
		return Unknown, []fact.Why{f.Why()}
	}
	verdict := No
	for _, s := range list.CIDRs {
		if c, ok := block(s); ok {
			verdict = anyOf(verdict, p.in(c))
		}
	}
	if verdict == Unknown {
		return Unknown, []fact.Why{p.open()}
	}
	return verdict, nil
}

// describe writes a rule on one line: "sgr-1 tcp/443 10.0.0.0/8".
func describe(r *estate.SecurityGroupRule) string {
	return strings.TrimSpace(r.ID + " " + speaks(r) + " " + source(r))
}

func describeIn(r *estate.SecurityGroupRule) lang.Text {
	id := r.ID
	if id == "" {
		id = "rule"
	}
	if r.Egress {
		return lang.Both("%s (%s to %s)", "%s（%s, 送信先 %s）").With(id, speaks(r), source(r))
	}
	return lang.Both("%s (%s from %s)", "%s（%s, 送信元 %s）").With(id, speaks(r), source(r))
}

func speaks(r *estate.SecurityGroupRule) string {
	name := protocolName(r.Protocol)
	if name == "all" || r.FromPort == -1 && r.ToPort == -1 {
		return name
	}
	return name + "/" + Ports{r.FromPort, r.ToPort}.String()
}

func source(r *estate.SecurityGroupRule) string {
	for _, s := range []string{r.CIDR4, r.CIDR6, r.PrefixList, r.Group} {
		if s != "" {
			return s
		}
	}
	return "?"
}

// nearest finds the rule that came closest: the right peer with the wrong port
// before the right port with another peer, and there the longest common prefix.
func nearest(groups []estate.SecurityGroup, egress bool, peer place, port Port) (*estate.SecurityGroupRule, string) {
	var best *estate.SecurityGroupRule
	var where string
	score := -1
	for gi := range groups {
		for i := range groups[gi].Rules {
			r := &groups[gi].Rules[i]
			if r.Egress != egress {
				continue
			}
			if s := closeness(r, peer, port); s > score {
				best, where, score = r, groups[gi].ID, s
			}
		}
	}
	return best, where
}

// The weights only have to order: the protocol and port together count less than
// the right peer (64), and more than any common prefix of 32 bits.
func closeness(r *estate.SecurityGroupRule, peer place, port Port) int {
	s := 0
	if p, ok := rulePorts(port, r.Protocol, r.FromPort, r.ToPort); ok {
		s += 8
		if p.From <= port.From && port.To <= p.To {
			s += 40
		}
	}
	c, ok := ruleBlock(r)
	switch {
	case r.Group != "" && slices.Contains(peer.groups, r.Group):
		s += 64
	case !ok || !peer.block.IsValid():
	case peer.in(c) == Yes:
		s += 64
	case c.Addr().Is4() && peer.block.Addr().Is4():
		s += common(c, peer.block)
	}
	return s
}

// common counts the leading bits that two IPv4 blocks share.
func common(a, b netip.Prefix) int {
	x, y := a.Addr().As4(), b.Addr().As4()
	n := 0
	for i := range x {
		z := bits.LeadingZeros8(x[i] ^ y[i])
		n += z
		if z < 8 {
			break
		}
	}
	return min(n, a.Bits(), b.Bits())
}

// Leaves asks the security groups of a side alone whether they let a port out to an
// address. Parts: security-group, prefix-list.
func Leaves(v *estate.View, from Side, to netip.Addr, port Port) Hop {
	return groupHop(v, from, true, place{block: single(to)}, port)
}

// Opens tells whether any rule of the groups lets the port in from anybody at all,
// and lists the rules that do. Parts: security-group.
func Opens(v *estate.View, groups []string, port Port) (Verdict, []string, []fact.Why) {
	verdict, whys := No, []fact.Why(nil)
	var rules []string
	if len(groups) == 0 {
		return Unknown, nil, []fact.Why{{Reason: fact.NotRecorded, Detail: "security groups"}}
	}
	for _, id := range groups {
		f := estate.SecurityGroupPart.Of(v, id)
		group, known := f.Get()
		if !known {
			why := f.Why()
			if f.IsAbsent() {
				why = fact.Why{Reason: fact.NotVisible, Action: "ec2:DescribeSecurityGroups", Resource: id}
			}
			verdict, whys = anyOf(verdict, Unknown), merge(whys, why)
			continue
		}
		for i := range group.Rules {
			r := &group.Rules[i]
			if r.Egress {
				continue
			}
			if p, ok := rulePorts(port, r.Protocol, r.FromPort, r.ToPort); ok && p.From <= port.To && port.From <= p.To {
				verdict = Yes
				rules = append(rules, fmt.Sprintf("%s %s", id, describe(r)))
			}
		}
	}
	return verdict, rules, whys
}
