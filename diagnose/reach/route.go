package reach

import (
	"slices"
	"strings"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
)

// local is the target of the routes inside a VPC.
const local = "local"

// choice is the route that a subnet's table picks for a destination.
type choice struct {
	table string
	route *estate.Route // nil: no route matches
	dest  string        // the route's destination as text
	// also is every other route of the table, for judgements about the whole.
	routes []estate.Route
	origin fact.Origin
	whys   []fact.Why // not empty: it cannot be told which route
}

// choose finds the route with the longest prefix for a place, in the table that is
// associated with the side's subnet or else in the VPC's main table.
func choose(v *estate.View, s Side, dst place) choice {
	f := estate.RouteTablesPart.Of(v, s.VPC)
	c := choice{origin: f.Origin()}
	subnet, whys := subnetOf(v, s)
	if f.IsUnknown() {
		c.whys = append(whys, f.Why())
		return c
	}
	if subnet == "" {
		c.whys = whys
		return c
	}
	table := tableOf(f.Value(), subnet)
	if table == nil {
		// Every subnet has a table, so one that is not listed cannot be seen from here.
		c.whys = []fact.Why{{Reason: fact.NotVisible, Action: "ec2:DescribeRouteTables", Resource: subnet}}
		return c
	}
	c.table, c.routes = table.ID, table.Routes
	best := -1
	var maybe []*estate.Route
	var open []fact.Why
	for i := range table.Routes {
		r := &table.Routes[i]
		match, bits, why := routeMatch(v, r, dst)
		switch {
		case match == Yes && bits > best:
			best, c.route, c.dest = bits, r, routeDestination(r)
		case match == Unknown:
			maybe, open = append(maybe, r), append(open, why)
		}
	}
	for i, r := range maybe {
		if c.route == nil || r.Target != c.route.Target || r.State != c.route.State {
			c.whys = merge(c.whys, open[i])
		}
	}
	return c
}

// onlyLocal reports whether the table has no route, default routes and gateway
// endpoints aside, that leaves the VPC.
func (c choice) onlyLocal() bool {
	return len(c.leaving()) == 0
}

// leaving lists the targets of routes that leave the VPC, default routes and
// gateway endpoints aside.
func (c choice) leaving() []string {
	var out []string
	for _, r := range c.routes {
		gateway := r.PrefixList != "" && strings.HasPrefix(r.Target, "vpce-")
		if r.Target != local && !gateway && !strings.HasSuffix(routeDestination(&r), "/0") {
			out = appendNew(out, r.Target)
		}
	}
	return out
}

func tableOf(tables []estate.RouteTable, subnet string) *estate.RouteTable {
	if i := slices.IndexFunc(tables, func(t estate.RouteTable) bool { return slices.Contains(t.Subnets, subnet) }); i >= 0 {
		return &tables[i]
	}
	if i := slices.IndexFunc(tables, func(t estate.RouteTable) bool { return t.Main }); i >= 0 {
		return &tables[i]
	}
	return nil
}

// routeMatch tells whether a route is about a place, and how specific it is.
func routeMatch(v *estate.View, r *estate.Route, dst place) (Verdict, int, fact.Why) {
	if r.PrefixList != "" {
		if strings.HasPrefix(r.Target, "vpce-") {
			// A gateway endpoint: its list holds the public addresses of S3 or DynamoDB,
			// which nothing asked here goes to.
			return No, 0, fact.Why{}
		}
		match, whys := listed(v, r.PrefixList, dst)
		if len(whys) > 0 {
			return match, 0, whys[0]
		}
		// Among routes that match, a prefix list counts as the most specific: a list
		// that holds the address holds it for that purpose.
		return match, 129, fact.Why{}
	}
	cidr := r.CIDR4
	if cidr == "" {
		cidr = r.CIDR6
	}
	c, ok := block(cidr)
	if !ok {
		return No, 0, fact.Why{}
	}
	match := dst.in(c)
	if match == Unknown {
		w := dst.open()
		if dst.public {
			w.Detail = "route " + routeText(r)
		}
		return match, 0, w
	}
	return match, c.Bits(), fact.Why{}
}

func routeDestination(r *estate.Route) string {
	for _, s := range []string{r.CIDR4, r.CIDR6, r.PrefixList} {
		if s != "" {
			return s
		}
	}
	return "?"
}

// routeText writes a route: "0.0.0.0/0 nat-1 blackhole".
func routeText(r *estate.Route) string {
	s := routeDestination(r) + " " + r.Target
	if r.State != "" && r.State != "active" {
		s += " " + r.State
	}
	return s
}

// blackhole reports whether the route's target is gone: the packets are dropped.
func blackhole(r *estate.Route) bool { return strings.EqualFold(r.State, "blackhole") }

// routeHop judges the route from one side to another, and names the way.
func routeHop(v *estate.View, s, to Side, dst place) (Hop, string) {
	h := Hop{Kind: Routing, Code: finding.NetworkNoRoute, Subnet: s.Subnet, Certainty: finding.Proven}
	if s.VPC == "" {
		return h.open(outside(s)), ""
	}
	h.At = estate.RouteTablesPart.Key(s.VPC)
	c := choose(v, s, dst)
	h.Origin, h.Resource, h.Item = c.origin, c.table, c.table
	h.Resources = appendNew(nil, c.table)
	sameVPC := s.VPC == to.VPC
	switch {
	case sameVPC && c.table != "" && !dst.block.IsValid() && c.onlyLocal():
		// Whatever the address is, nothing but the VPC's own routes can be about it.
		return h.decide(Yes, local, lang.Both("the route inside the VPC", "VPC 内の local ルート")), local
	case len(c.whys) > 0:
		return h.open(c.whys...), ""
	case sameVPC && (c.route == nil || strings.HasSuffix(c.dest, "/0")):
		// EC2 puts the VPC's own blocks into every table, and it cannot be taken out.
		return h.decide(Yes, local, lang.Both("the route inside the VPC", "VPC 内の local ルート")), local
	case c.route == nil:
		return h.decide(No, c.table, lang.Both("%s has no route to %s", "%s に %s への経路なし").With(c.table, dst.name())), ""
	case blackhole(c.route):
		h.Code = finding.NetworkRouteBlackhole
		return h.decide(No, routeText(c.route), lang.Both("%s: the target of the route %s is gone (blackhole)", "%s: 経路 %s のターゲットが存在せず（blackhole）").With(c.table, routeText(c.route))), ""
	case c.route.Target == local && (sameVPC || to.VPC == ""):
		return h.decide(Yes, routeText(c.route), lang.Both("the route inside the VPC", "VPC 内の local ルート")), local
	case c.route.Target == local:
		h = h.decide(Unknown, routeText(c.route), lang.Both("%s is inside this VPC's own addresses, but belongs to %s", "%s はこの VPC の CIDR 内だが、所属は %s").With(dst.name(), to.VPC))
		return h.open(fact.Why{Reason: fact.NotModelled, Resource: c.table, Detail: "overlapping addresses"}), ""
	case strings.HasPrefix(c.route.Target, "pcx-") && !sameVPC:
		return peeringHop(v, h, s, to, c), c.route.Target
	}
	h = h.decide(Unknown, routeText(c.route), lang.Both("%s goes through %s, which monshin does not evaluate", "%s の経路は %s 経由（判定対象外）").With(dst.name(), c.route.Target))
	return h.open(fact.Why{Reason: fact.NotModelled, Resource: c.table, Detail: "route " + routeText(c.route)}), c.route.Target
}

// peeringHop judges a route into a peering: it has to be active, and to lead to
// the VPC that is asked for.
func peeringHop(v *estate.View, h Hop, s, to Side, c choice) Hop {
	f := estate.PeeringsPart.Of(v, s.VPC)
	list := f.Value()
	id := c.route.Target
	i := slices.IndexFunc(list, func(p estate.Peering) bool { return p.ID == id })
	switch {
	case f.IsUnknown():
		return h.open(f.Why())
	case i < 0:
		return h.open(fact.Why{Reason: fact.NotVisible, Action: "ec2:DescribeVpcPeeringConnections", Resource: id})
	}
	p := list[i]
	other := p.AccepterVPC
	if p.AccepterVPC == s.VPC {
		other = p.RequesterVPC
	}
	h.Resources = appendNew(h.Resources, id)
	switch {
	case !strings.EqualFold(p.Status, "active"):
		h.Code = finding.NetworkRouteBlackhole
		return h.decide(No, id+" "+p.Status, lang.Both("the peering %s is not active: %s", "ピアリング接続 %s が active でない: %s").With(id, p.Status))
	case to.VPC != "" && other != to.VPC:
		return h.decide(No, id+" "+other, lang.Both("the route goes to %s by %s, and not to %s", "経路の行き先は %s（%s）であり %s ではない").With(other, id, to.VPC))
	}
	return h.decide(Yes, routeText(c.route), lang.Both("%s leads to %s, active", "%s 経由で %s へ到達（active）").With(id, other))
}
