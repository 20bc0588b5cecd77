package reach

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
)

// Side is one end of a path.
type Side struct {
	// Label names it for people: an id.
	Label string
	// VPC and Subnet are where it stands; "" where that is not known or not in AWS.
	VPC, Subnet string
	// IPs are its addresses, the primary first. Empty: not known, for the reason Unread.
	IPs    []netip.Addr
	Unread fact.Why
	// Block stands for many addresses at once (an office network); used where IPs is empty.
	Block netip.Prefix
	// Groups are the security groups of its interface. Empty: not known.
	Groups []string
	// Public is its public IPv4 address.
	Public fact.Of[netip.Addr]
	// Account owns the side, Region is where it is; "" means the target's.
	Account, Region string
}

// address picks the side's address of one family; without one, any place is unknown.
func (s Side) address(v6 bool) netip.Prefix {
	for _, a := range s.IPs {
		if a = a.Unmap(); a.IsValid() && a.Is6() == v6 {
			return single(a.WithZone(""))
		}
	}
	if len(s.IPs) == 0 && s.Block.IsValid() && plain(s.Block).Addr().Is6() == v6 {
		return plain(s.Block)
	}
	return netip.Prefix{}
}

func (s Side) place(v6 bool) place {
	p := place{block: s.address(v6), groups: s.Groups, groupsOpen: len(s.Groups) == 0 && s.VPC != "", why: s.Unread}
	if p.why.Reason == "" {
		p.why = fact.Why{Reason: fact.NotRecorded, Resource: s.Label, Detail: "IP address"}
	}
	return p
}

// sixOnly reports whether two sides can only speak IPv6 with each other.
func sixOnly(a, b Side) bool {
	return !(a.address(false).IsValid() && b.address(false).IsValid()) &&
		a.address(true).IsValid() && b.address(true).IsValid()
}

// Question is: can From open a connection to To on Port?
type Question struct {
	From, To Side
	Port     Port
	// Ephemeral is where answers go to; the zero value means WindowsEphemeral.
	Ephemeral Ports
}

func (q Question) ephemeral() Port {
	e := q.Ephemeral
	if e == (Ports{}) {
		e = WindowsEphemeral
	}
	return Port{q.Port.Protocol, e.From, e.To}
}

// Kind says what a hop is.
type Kind string

// The kinds of hops.
const (
	SGEgress   Kind = "sg-egress"
	SGIngress  Kind = "sg-ingress"
	ACLRequest Kind = "nacl-request"
	ACLReturn  Kind = "nacl-return"
	Routing    Kind = "route"
	Gateway    Kind = "gateway"        // a NAT or internet gateway
	Address    Kind = "public-address" // a public address where an internet gateway wants one
)

// Hop is one thing that lets the traffic through or does not.
type Hop struct {
	Kind Kind
	// Code is the finding that fits where Verdict is No; callers may know a better one.
	Code finding.Code
	// Resource is the id of the group, ACL, route table, gateway or instance.
	// Several groups are joined by commas.
	Resource string
	// Subnet is where the hop is evaluated, where that matters.
	Subnet string
	// Endpoint is the VPC endpoint to whose interface the path leads, if any.
	Endpoint string
	Verdict  Verdict
	// Ports are the ports that a network ACL was asked for: of the answers, those that
	// the asking side takes.
	Ports Ports
	// Partial lists the ports that stay closed where only a part of the range of
	// the answers is open; Verdict is Yes then.
	Partial string
	// Value is what was read: the deciding rule, or the nearest.
	Value string
	// Rule says how Value decided.
	Rule lang.Text
	// Nearest is the rule that came closest, where none matched.
	Nearest string
	// Whys are the reasons of an unknown.
	Whys []fact.Why
	// Notes are things that were skipped: rules that cannot be read as rules.
	Notes []string
	// At is the part that the hop was read from, Item the place in it.
	At     estate.Key
	Item   string
	Origin fact.Origin
	// Certainty is the most that a finding of this hop may claim.
	Certainty finding.Certainty
	// Resources are the ids whose change would change this hop.
	Resources []string
}

// open makes a hop unknown.
func (h Hop) open(whys ...fact.Why) Hop {
	h.Verdict = Unknown
	h.Whys = merge(h.Whys, whys...)
	if len(h.Whys) == 0 {
		h.Whys = []fact.Why{{Reason: fact.NotRecorded, Resource: h.Resource}}
	}
	if h.Rule.Zero() {
		h.Rule = lang.Both("cannot be told: %s", "判定できず: %s").With(string(h.Whys[0].Reason))
	}
	return h
}

func (h Hop) decide(v Verdict, value string, rule lang.Text) Hop {
	h.Verdict, h.Value, h.Rule = v, value, rule
	return h
}

// Path is an answer.
type Path struct {
	Verdict Verdict
	// Via is how the traffic goes: "subnet", "local", "pcx-…", "nat-…", "igw-…", "" where unknown.
	Via      string
	From, To string
	Hops     []Hop
}

func (p Path) settle() Path {
	p.Verdict = Yes
	for _, h := range p.Hops {
		p.Verdict = all(p.Verdict, h.Verdict)
	}
	if len(p.Hops) == 0 {
		p.Verdict = Unknown
	}
	return p
}

// Blocked lists the hops that let nothing through.
func (p Path) Blocked() []Hop { return p.with(No) }

// Whys lists the reasons of what stays open.
func (p Path) Whys() []fact.Why {
	var whys []fact.Why
	for _, h := range p.with(Unknown) {
		whys = merge(whys, h.Whys...)
	}
	if p.Verdict == Unknown && len(whys) == 0 {
		whys = []fact.Why{{Reason: fact.NotRecorded, Resource: p.To}}
	}
	return whys
}

func (p Path) with(v Verdict) []Hop {
	var out []Hop
	for _, h := range p.Hops {
		if h.Verdict == v {
			out = append(out, h)
		}
	}
	return out
}

// Between evaluates the path from one side to another: in one VPC, or between two
// VPCs by whatever the route table says (VPC peering is evaluated, anything else
// is unknown). Parts: security-group, prefix-list, network-acls, route-tables,
// peerings (where a route goes to one).
func Between(v *estate.View, q Question) Path {
	p := Path{From: q.From.Label, To: q.To.Label}
	v6 := sixOnly(q.From, q.To)
	from, to := q.From.place(v6), q.To.place(v6)
	same := q.From.VPC != "" && q.From.VPC == q.To.VPC
	if q.From.Region != "" && q.To.Region != "" && q.From.Region != q.To.Region {
		// Rules can name groups of a peered VPC of the same region only (domain.md NET-6).
		from.groups, from.groupsOpen, to.groups, to.groupsOpen = nil, false, nil, false
	}

	p.Hops = append(p.Hops, groupHop(v, q.From, true, to, q.Port))
	if !same || q.From.Subnet == "" || q.From.Subnet != q.To.Subnet {
		// Network ACLs act at the subnet's border, so they are left out inside one.
		back := q.ephemeral()
		p.Hops = append(p.Hops,
			aclHop(v, q.From, true, to, q.Port, ACLRequest),
			aclHop(v, q.To, false, from, q.Port, ACLRequest),
			aclHop(v, q.To, true, from, back, ACLReturn),
			aclHop(v, q.From, false, to, back, ACLReturn))
		out, via := routeHop(v, q.From, q.To, to)
		home, _ := routeHop(v, q.To, q.From, from)
		p.Hops = append(p.Hops, out, home)
		p.Via = via
	} else {
		p.Via = "subnet"
	}
	p.Hops = append(p.Hops, groupHop(v, q.To, false, from, q.Port))
	return p.settle()
}

// outside is the reason where a side is not in a VPC that is known.
func outside(s Side) fact.Why {
	return fact.Why{Reason: fact.NotModelled, Resource: s.Label, Detail: fmt.Sprintf("%s is not in a known subnet", s.Label)}
}

func appendNew(list []string, more ...string) []string {
	for _, s := range more {
		if s != "" && !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	return list
}
