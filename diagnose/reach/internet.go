package reach

import (
	"slices"
	"strings"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
)

// Exit says where a subnet's route table sends what is not inside the VPC.
type Exit struct {
	// Internet is Yes where the default route is meant for the internet (a NAT or
	// internet gateway, working or not), No where there is no default route, and
	// Unknown with Whys where it leads to something that is not evaluated.
	Internet Verdict
	Table    string
	Route    string
	Target   string
	// Elsewhere are the targets of other routes that leave the VPC.
	Elsewhere []string
	Whys      []fact.Why
	At        estate.Key
	Origin    fact.Origin

	choice choice
}

// ExitOf reads the default route of a side. Part: route-tables.
func ExitOf(v *estate.View, s Side) Exit {
	e := Exit{At: estate.RouteTablesPart.Key(s.VPC)}
	if s.VPC == "" {
		e.Internet, e.Whys = Unknown, []fact.Why{outside(s)}
		return e
	}
	c := choose(v, s, place{public: true})
	e.choice, e.Table, e.Origin, e.Elsewhere = c, c.table, c.origin, c.leaving()
	switch {
	case len(c.whys) > 0:
		e.Internet, e.Whys = Unknown, c.whys
	case c.route == nil:
		e.Internet = No
		if i := slices.IndexFunc(c.routes, func(r estate.Route) bool { return r.CIDR6 == "::/0" }); i >= 0 {
			// Works only with the dual-stack names of a service (domain.md NET-8).
			e.Internet, e.Route = Unknown, routeText(&c.routes[i])
			e.Whys = []fact.Why{{Reason: fact.NotModelled, Resource: c.table, Detail: "route " + e.Route}}
		}
	default:
		e.Route, e.Target = routeText(c.route), c.route.Target
		if strings.HasPrefix(e.Target, "igw-") || strings.HasPrefix(e.Target, "nat-") || blackhole(c.route) {
			e.Internet = Yes
			break
		}
		e.Internet = Unknown
		e.Whys = []fact.Why{{Reason: fact.NotModelled, Resource: c.table, Detail: "route " + e.Route}}
	}
	return e
}

// Internet evaluates the path from a side to a public IPv4 address that is not
// known one by one, such as an AWS service. Parts: security-group, prefix-list,
// route-tables, network-acls, vpc; nat-gateways and internet-gateways where the
// route goes there.
func Internet(v *estate.View, from Side, port Port) Path {
	p := Path{From: from.Label, To: "internet"}
	out := place{public: true}
	back := Port{port.Protocol, WindowsEphemeral.From, WindowsEphemeral.To}
	p.Hops = append(p.Hops, groupHop(v, from, true, out, port))
	exit := ExitOf(v, from)
	route := exitHop(exit, from)
	p.Hops = append(p.Hops, route,
		aclHop(v, from, true, out, port, ACLRequest),
		aclHop(v, from, false, out, back, ACLReturn))
	p.Via = exit.Target
	if from.VPC != "" {
		p.Hops = append(p.Hops, publicAccessHop(v, from, exit.Target))
	}
	// What the route leads to is looked at also where the route itself is broken: a
	// blackhole's NAT gateway says why.
	switch {
	case strings.HasPrefix(exit.Target, "nat-"):
		p.Hops = append(p.Hops, natHops(v, from, exit.Target, port)...)
	case strings.HasPrefix(exit.Target, "igw-"):
		p.Hops = append(p.Hops, gatewayHop(v, from, exit.Target), addressHop(from))
	}
	if exit.Internet == Unknown {
		p.Hops = append(p.Hops, unseen(route, Gateway, Address, ACLRequest, ACLReturn)...)
	}
	return p.settle()
}

// unseen stands for the hops that would follow if one knew where to: they are as
// open as h is.
func unseen(h Hop, kinds ...Kind) []Hop {
	out := make([]Hop, len(kinds))
	for i, k := range kinds {
		out[i] = h
		out[i].Kind = k
	}
	return out
}

// exitHop judges the default route.
func exitHop(e Exit, s Side) Hop {
	h := Hop{Kind: Routing, Code: finding.NetworkNoRoute, Resource: e.Table, Subnet: s.Subnet,
		At: e.At, Item: e.Table, Origin: e.Origin, Certainty: finding.Proven, Resources: appendNew(nil, e.Table)}
	switch {
	case e.Internet == Unknown:
		h.Value = e.Route
		return h.open(e.Whys...)
	case e.Internet == No:
		return h.decide(No, e.Table, lang.Both("%s has no default route", "%s にデフォルトルートなし").With(e.Table))
	case blackhole(e.choice.route):
		h.Code = finding.NetworkRouteBlackhole
		return h.decide(No, e.Route, lang.Both("%s: the target of the default route %s is gone (blackhole)", "%s: デフォルトルート %s のターゲットが存在せず（blackhole）").With(e.Table, e.Route))
	}
	return h.decide(Yes, e.Route, lang.Both("the default route of %s leads to %s", "%s のデフォルトルートは %s 宛て").With(e.Table, e.Target))
}

// publicAccessHop judges VPC Block Public Access, whose mode blocks internet
// gateways wholly, or all but what NAT gateways open (AWS: "block-bidirectional",
// "block-ingress"). Exclusions of single subnets are not read, so it is likely at
// most (domain.md NET-8 [D]).
func publicAccessHop(v *estate.View, s Side, target string) Hop {
	f := estate.VPCPart.Of(v, s.VPC)
	h := Hop{Kind: Gateway, Code: finding.NetworkNoRoute, Resource: s.VPC, Subnet: s.Subnet,
		At: estate.VPCPart.Key(s.VPC), Item: "block_public_access", Origin: f.Origin(),
		Certainty: finding.Likely, Resources: []string{s.VPC}}
	vpc, known := f.Get()
	if !known {
		if f.IsAbsent() {
			return h.open(fact.Why{Reason: fact.NotVisible, Action: "ec2:DescribeVpcs", Resource: s.VPC})
		}
		return h.open(f.Why())
	}
	mode := vpc.BlockPublicAccess
	if mode == "block-bidirectional" || mode == "block-ingress" && strings.HasPrefix(target, "igw-") {
		return h.decide(No, mode, lang.Both("VPC Block Public Access (%s) blocks this way to the internet", "VPC ブロックパブリックアクセス（%s）によりインターネット経路を遮断").With(mode))
	}
	if mode == "" {
		mode = "off"
	}
	return h.decide(Yes, mode, lang.Both("VPC Block Public Access does not stand in the way", "VPC ブロックパブリックアクセスによる遮断なし"))
}

// gatewayHop judges an internet gateway.
func gatewayHop(v *estate.View, s Side, id string) Hop {
	f := estate.InternetGatewaysPart.Of(v, s.VPC)
	h := Hop{Kind: Gateway, Code: finding.NetworkNoRoute, Resource: id, Subnet: s.Subnet,
		At: estate.InternetGatewaysPart.Key(s.VPC), Item: id, Origin: f.Origin(), Certainty: finding.Proven, Resources: []string{id}}
	if f.IsUnknown() {
		return h.open(f.Why())
	}
	list := f.Value()
	i := slices.IndexFunc(list, func(g estate.Gateway) bool { return g.ID == id })
	if i < 0 {
		// A route to a detached gateway is a blackhole; this one is not, so the gateway
		// is attached but belongs to the VPC's owner.
		return h.open(fact.Why{Reason: fact.NotVisible, Action: "ec2:DescribeInternetGateways", Resource: id})
	}
	// EC2 says "available" for an attached internet gateway.
	if st := strings.ToLower(list[i].State); st != "available" && st != "attached" {
		return h.decide(No, id+" "+list[i].State, lang.Both("%s is not attached: %s", "%s が未アタッチ: %s").With(id, list[i].State))
	}
	return h.decide(Yes, id+" "+list[i].State, lang.Both("%s is attached", "%s はアタッチ済み").With(id))
}

// addressHop judges whether the side has the public address that an internet
// gateway needs: it translates nothing for an instance without one.
func addressHop(s Side) Hop {
	h := Hop{Kind: Address, Code: finding.NetworkNoPublicAddress, Resource: s.Label, Subnet: s.Subnet,
		At: estate.InstancePart.Key(s.Label), Item: "public_ip", Origin: s.Public.Origin(), Certainty: finding.Proven}
	switch a, known := s.Public.Get(); {
	case known:
		return h.decide(Yes, a.String(), lang.Both("it has the public address %s", "パブリック IP アドレス %s あり").With(a.String()))
	case s.Public.IsAbsent():
		return h.decide(No, "-", lang.Both("an internet gateway needs a public address, and there is none", "インターネットゲートウェイ経由にはパブリック IP アドレスが必要だが未割り当て"))
	}
	return h.open(s.Public.Why())
}

// natHops judge a NAT gateway: its state, its own way out, and the network ACLs
// of its subnet, where answers come back to ports from 1024 on.
func natHops(v *estate.View, from Side, id string, port Port) []Hop {
	f := estate.NATGatewaysPart.Of(v, from.VPC)
	// Behind a NAT gateway stands an internet gateway: it is asked for together.
	estate.InternetGatewaysPart.Of(v, from.VPC)
	h := Hop{Kind: Gateway, Code: finding.NetworkRouteBlackhole, Resource: id, Subnet: from.Subnet,
		At: estate.NATGatewaysPart.Key(from.VPC), Item: id, Origin: f.Origin(), Certainty: finding.Proven, Resources: []string{id}}
	list := f.Value()
	i := slices.IndexFunc(list, func(g estate.NATGateway) bool { return g.ID == id })
	if f.IsUnknown() || i < 0 {
		why := reasonOf(f, "ec2:DescribeNatGateways", id)
		return unseen(h.open(why), Gateway, Address, Routing, ACLRequest, ACLReturn)
	}
	g := list[i]
	var hops []Hop
	if strings.EqualFold(g.State, "available") {
		hops = append(hops, h.decide(Yes, id+" "+g.State, lang.Both("%s is available", "%s は available").With(id)))
	} else {
		hops = append(hops, h.decide(No, id+" "+g.State, lang.Both("%s is not available: %s", "%s が available でない: %s").With(id, g.State)))
	}
	if strings.EqualFold(g.Type, "private") {
		h.Kind, h.Code = Address, finding.NetworkNoPublicAddress
		hops = append(hops, h.decide(No, id+" "+g.Type, lang.Both("%s is a private NAT gateway and has no public address", "%s はプライベート NAT ゲートウェイのためパブリック IP アドレスなし").With(id)))
	}
	if g.Subnet == "" {
		// A regional NAT gateway stands in no subnet and has its own route table.
		h = h.open(fact.Why{Reason: fact.NotModelled, Resource: id, Detail: "NAT gateway without a subnet"})
		return append(hops, unseen(h, Gateway, Routing, ACLRequest, ACLReturn)...)
	}
	nat := Side{Label: id, VPC: from.VPC, Subnet: g.Subnet}
	if a := parseIP(g.PrivateIP); a.IsValid() {
		nat.IPs = append(nat.IPs, a)
	}
	exit := ExitOf(v, nat)
	hops = append(hops, exitHop(exit, nat))
	out, inside := place{public: true}, from.place(false)
	back := Port{port.Protocol, WindowsEphemeral.From, WindowsEphemeral.To}
	natBack := Port{port.Protocol, NATEphemeral.From, NATEphemeral.To}
	switch {
	case exit.Internet == Unknown:
		hops = append(hops, unseen(hops[len(hops)-1], Gateway)...)
	case strings.HasPrefix(exit.Target, "igw-"):
		hops = append(hops, gatewayHop(v, nat, exit.Target))
	case exit.Internet == Yes && !blackhole(exit.choice.route):
		h := exitHop(exit, nat)
		hops = append(hops, h.open(fact.Why{Reason: fact.NotModelled, Resource: exit.Table, Detail: "route " + exit.Route}))
	}
	if from.Subnet == "" || from.Subnet != g.Subnet {
		hops = append(hops,
			aclHop(v, nat, false, inside, port, ACLRequest),
			aclHop(v, nat, true, inside, back, ACLReturn))
	}
	return append(hops,
		aclHop(v, nat, true, out, port, ACLRequest),
		aclHop(v, nat, false, out, natBack, ACLReturn))
}
