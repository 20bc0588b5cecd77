package reach

import (
	"fmt"
	"slices"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
)

// closingRule is the number of the deny that ends every network ACL.
const closingRule = 32767

// aclHop asks the network ACL of a side's subnet for one direction of one leg.
func aclHop(v *estate.View, s Side, egress bool, peer place, port Port, kind Kind) Hop {
	h := Hop{Kind: kind, Code: finding.NetworkNACLBlocksRequest, Subnet: s.Subnet, Certainty: finding.Proven, Ports: port.ports()}
	if kind == ACLReturn {
		h.Code = finding.NetworkNACLBlocksReturn
	}
	if s.VPC == "" {
		return h.open(outside(s))
	}
	acls := estate.NetworkACLsPart.Of(v, s.VPC)
	h.At, h.Origin = estate.NetworkACLsPart.Key(s.VPC), acls.Origin()
	subnet, whys := subnetOf(v, s)
	if acls.IsUnknown() {
		return h.open(append(whys, acls.Why())...)
	}
	if subnet == "" {
		return h.open(whys...)
	}
	h.Subnet = subnet
	list := acls.Value()
	i := slices.IndexFunc(list, func(a estate.NetworkACL) bool { return slices.Contains(a.Subnets, subnet) })
	if i < 0 {
		// Every subnet has an ACL, so one that is not listed cannot be seen from here.
		return h.open(fact.Why{Reason: fact.NotVisible, Action: "ec2:DescribeNetworkAcls", Resource: subnet})
	}
	acl := list[i]
	h.Resource, h.Item, h.Resources = acl.ID, acl.ID+".ingress", []string{acl.ID}
	if egress {
		h.Item = acl.ID + ".egress"
	}
	r := readACL(acl, egress, peer, port)
	h.Notes = r.notes
	asked := port.ports()
	switch {
	case r.allow.covers(asked):
		return h.decide(Yes, r.said(r.allowing), lang.Both("%s allows it", "%sにより許可").With(r.named(r.allowing)))
	case kind == ACLReturn && r.allow.empty() && r.open.empty(), kind == ACLRequest && !r.deny.empty():
		return h.decide(No, r.said(r.denying), lang.Both("%s denies %s %s", "%sにより %s（%s）を拒否").
			With(r.named(r.denying), port.String(), direction(egress, peer)))
	case !r.open.empty():
		return h.open(peer.open())
	}
	h.Partial = r.deny.String()
	return h.decide(Yes, r.said(r.denying), lang.Both("%[1]s keeps %[2]s of the ports %[3]s closed that answers come back to; connections that draw one of them fail", "%[1]sにより応答用ポート %[3]s のうち %[2]s が拒否。該当ポートを使う接続のみ失敗").
		With(r.named(r.denying), h.Partial, asked.String()))
}

// aclReading is what an ACL says of one flow: the first entry in the order of the
// numbers that matches a port decides it.
type aclReading struct {
	id                string
	allow, deny, open spans
	// allowing and denying are the entries that decided first; nil for the closing
	// deny that every ACL has.
	allowing, denying *estate.NetworkACLEntry
	notes             []string
}

func readACL(acl estate.NetworkACL, egress bool, peer place, port Port) aclReading {
	r := aclReading{id: acl.ID}
	entries := make([]*estate.NetworkACLEntry, 0, len(acl.Entries))
	for i := range acl.Entries {
		if acl.Entries[i].Egress == egress {
			entries = append(entries, &acl.Entries[i])
		}
	}
	slices.SortStableFunc(entries, func(a, b *estate.NetworkACLEntry) int { return a.Number - b.Number })

	rest := spans{port.ports()}
	// Entries that may or may not match leave both ways open until a later entry
	// says the same as they do.
	var mayAllow, mayDeny spans
	for _, e := range entries {
		ports, ok := aclPorts(port, e)
		if !ok {
			if _, readable := protocol(e.Protocol); !readable {
				r.notes = append(r.notes, entryText(e))
			}
			continue
		}
		hit := rest.cut(ports)
		if hit.empty() {
			continue
		}
		cidr := e.CIDR4
		if cidr == "" {
			cidr = e.CIDR6
		}
		c, ok := block(cidr)
		if !ok {
			r.notes = append(r.notes, entryText(e))
			continue
		}
		switch peer.in(c) {
		case No:
		case Unknown:
			if e.Allow {
				mayAllow = mayAllow.union(hit)
			} else {
				mayDeny = mayDeny.union(hit)
			}
		case Yes:
			other := mayDeny
			if !e.Allow {
				other = mayAllow
			}
			r.settle(e, hit, other)
			for _, p := range hit {
				rest = rest.minus(p)
			}
		}
	}
	r.settle(nil, rest, mayAllow)
	return r
}

// settle books the ports that e decides (nil: the closing deny), but for those
// where an earlier entry may have decided the other way.
func (r *aclReading) settle(e *estate.NetworkACLEntry, hit, other spans) {
	var open spans
	for _, p := range other {
		open = open.union(hit.cut(p))
	}
	for _, p := range open {
		hit = hit.minus(p)
	}
	r.open = r.open.union(open)
	switch {
	case hit.empty():
	case e != nil && e.Allow:
		if r.allow.empty() {
			r.allowing = e
		}
		r.allow = r.allow.union(hit)
	default:
		if r.deny.empty() {
			r.denying = e
		}
		r.deny = r.deny.union(hit)
	}
}

func aclPorts(asked Port, e *estate.NetworkACLEntry) (Ports, bool) {
	from, to := e.FromPort, e.ToPort
	if n, ok := protocol(e.Protocol); ok && (n == icmp || n == icmpv6) && from == 0 && to == maxPort {
		from, to = -1, -1 // an entry without a type is about all of them
	}
	return rulePorts(asked, e.Protocol, from, to)
}

func (r aclReading) said(e *estate.NetworkACLEntry) string {
	if e == nil {
		return r.id + " #* deny all"
	}
	return r.id + " " + entryText(e)
}

func (r aclReading) named(e *estate.NetworkACLEntry) lang.Text {
	if e == nil {
		return lang.Both("the closing deny of %s (no rule matches)", "%s の最終拒否ルール（一致するルールなし）").With(r.id)
	}
	if e.Number == closingRule {
		return lang.Both("the closing deny of %s (no numbered rule matches)", "%s の最終拒否ルール（一致する番号付きルールなし）").With(r.id)
	}
	return lang.Both("%s rule %s", "%s のルール %s ").With(r.id, entryText(e))
}

// entryText writes an entry: "#100 allow tcp/1024-65535 0.0.0.0/0".
func entryText(e *estate.NetworkACLEntry) string {
	action := "deny"
	if e.Allow {
		action = "allow"
	}
	what := protocolName(e.Protocol)
	if n, ok := protocol(e.Protocol); ok && (n == tcp || n == udp) {
		what += "/" + Ports{e.FromPort, e.ToPort}.String()
	}
	number := fmt.Sprint(e.Number)
	if e.Number == closingRule {
		number = "*"
	}
	return fmt.Sprintf("#%s %s %s %s%s", number, action, what, e.CIDR4, e.CIDR6)
}

// subnetOf finds the subnet of a side, by its address where it does not say. Part:
// subnets, only then.
func subnetOf(v *estate.View, s Side) (string, []fact.Why) {
	if s.Subnet != "" || s.VPC == "" {
		return s.Subnet, nil
	}
	f := estate.SubnetsPart.Of(v, s.VPC)
	if f.IsUnknown() {
		return "", []fact.Why{f.Why()}
	}
	for _, n := range f.Value() {
		for _, cidr := range []string{n.CIDR, n.IPv6CIDR} {
			if c, ok := block(cidr); ok && len(s.IPs) > 0 && c.Contains(s.IPs[0].Unmap()) {
				return n.ID, nil
			}
		}
	}
	return "", []fact.Why{{Reason: fact.NotVisible, Action: "ec2:DescribeSubnets", Resource: s.Label}}
}
