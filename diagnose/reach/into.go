package reach

import (
	"strings"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
)

// Into evaluates what lies on the side of To when From opens a connection to it:
// its security groups, the network ACL of its subnet, the way back. From may be
// anybody: an address or a block of the internet, of another network, or of the
// VPC; where it stands in To's own subnet, say so, as the ACL is left out there.
// What From itself lets out is not asked. Parts: security-group, prefix-list,
// network-acls, route-tables, peerings; from the internet also vpc and
// internet-gateways.
func Into(v *estate.View, q Question) Path {
	p := Path{From: q.From.Label, To: q.To.Label}
	from := q.From.place(false)
	// Somebody inside AWS may come with groups that the rules name.
	public := from.block.IsValid() && !private(from.block)
	from.groupsOpen = len(from.groups) == 0 && !public
	if !from.block.IsValid() {
		h := Hop{Kind: Routing, Subnet: q.To.Subnet, Certainty: finding.Proven}
		p.Hops = []Hop{h.open(fact.Why{Reason: fact.NotModelled, Resource: q.From.Label, Detail: "IPv6"})}
		return p.settle()
	}
	p.Hops = append(p.Hops, groupHop(v, q.To, false, from, q.Port))
	if q.From.Subnet != "" && q.From.Subnet == q.To.Subnet {
		p.Via = "subnet"
		return p.settle()
	}
	p.Hops = append(p.Hops,
		aclHop(v, q.To, false, from, q.Port, ACLRequest),
		aclHop(v, q.To, true, from, q.ephemeral(), ACLReturn))
	if !public {
		home, via := routeHop(v, q.To, q.From, from)
		p.Hops, p.Via = append(p.Hops, home), via
		return p.settle()
	}
	exit := ExitOf(v, q.To)
	route := exitHop(exit, q.To)
	if route.Verdict == Yes && strings.HasPrefix(exit.Target, "nat-") {
		route = route.decide(No, exit.Route, lang.Both("the default route of %s leads to %s, which lets nobody in from the internet", "%s のデフォルトルートは %s 宛てのため、インターネットからの接続は不可").With(exit.Table, exit.Target))
	}
	p.Hops, p.Via = append(p.Hops, route), exit.Target
	if q.To.VPC != "" {
		// From outside, "block-ingress" closes every gateway.
		p.Hops = append(p.Hops, publicAccessHop(v, q.To, "igw-"))
	}
	if strings.HasPrefix(exit.Target, "igw-") {
		p.Hops = append(p.Hops, gatewayHop(v, q.To, exit.Target))
	}
	p.Hops = append(p.Hops, addressHop(q.To))
	return p.settle()
}
