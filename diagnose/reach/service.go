package reach

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
)

// https is what every AWS service is asked on.
func https() Port { return TCP(443) }

func parseIP(s string) netip.Addr {
	a, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Addr{}
	}
	return a.Unmap()
}

// ServiceName is the full name of an AWS service's endpoint service:
// "com.amazonaws.ap-northeast-1.ssm".
func ServiceName(region, service string) string { return "com.amazonaws." + region + "." + service }

// Lookup is what is known of a service's interface endpoints in a VPC.
type Lookup struct {
	Service string // short: "ssm"
	Name    string // full
	// Present is Yes where the VPC has an endpoint of the service, whatever its
	// state; No where it is known to have none; else Unknown with Whys.
	Present   Verdict
	Endpoints []Candidate
	Whys      []fact.Why
	At        estate.Key
	Origin    fact.Origin
}

// Candidate is one endpoint of the service.
type Candidate struct {
	estate.Endpoint
	// Available: EC2 says so. Usable: available, and the service's public name
	// resolves to it: private DNS is on, and so are the two DNS attributes of the
	// VPC that private DNS needs (domain.md NET-3).
	Available bool
	Usable    Verdict
	Whys      []fact.Why // why Usable is unknown
}

// Usable is Yes where some endpoint of the service answers to the service's name.
func (l Lookup) Usable() (Verdict, []fact.Why) {
	verdict, whys := No, []fact.Why(nil)
	for _, c := range l.Endpoints {
		verdict = anyOf(verdict, c.Usable)
		whys = merge(whys, c.Whys...)
	}
	if verdict != Unknown {
		whys = nil
	}
	return verdict, whys
}

// Find looks for a service's interface endpoints in the side's VPC. Parts:
// endpoints; vpc (and subnets and caller, where needed) to learn whose the VPC is
// when no endpoint is seen.
func Find(v *estate.View, s Side, service string) Lookup {
	l := Lookup{Service: service, Name: ServiceName(region(v, s), service), At: estate.EndpointsPart.Key(s.VPC)}
	if s.VPC == "" {
		l.Present, l.Whys = Unknown, []fact.Why{outside(s)}
		return l
	}
	f := estate.EndpointsPart.Of(v, s.VPC)
	l.Origin = f.Origin()
	if f.IsUnknown() {
		l.Present, l.Whys = Unknown, []fact.Why{f.Why()}
		return l
	}
	// China's partition names some services cn.com.amazonaws.….
	suffix := "." + strings.TrimPrefix(l.Name, "com.")
	for _, e := range f.Value() {
		named := e.Service == l.Name || e.Service == "cn.com"+suffix
		if named && (e.Type == "" || strings.EqualFold(e.Type, "Interface")) && !strings.EqualFold(e.State, "deleted") {
			l.Endpoints = append(l.Endpoints, Candidate{Endpoint: e,
				// The API's enum is capitalised, the wire is not (domain.md NET-2).
				Available: strings.EqualFold(e.State, "available")})
		}
	}
	if len(l.Endpoints) > 0 {
		l.Present = Yes
		l.judgeNames(v, s.VPC)
		return l
	}
	own, whys := Owned(v, s)
	switch own {
	case Yes:
		l.Present = No
	case No:
		// DescribeVpcEndpoints does not show the owner's endpoints to those with whom a
		// subnet is shared: an empty answer says nothing.
		l.Present, l.Whys = Unknown, []fact.Why{{Reason: fact.NotVisible, Action: "ec2:DescribeVpcEndpoints", Resource: s.VPC}}
	default:
		l.Present, l.Whys = Unknown, whys
	}
	return l
}

func (l *Lookup) judgeNames(v *estate.View, vpc string) {
	f := estate.VPCDNSPart.Of(v, vpc)
	for i := range l.Endpoints {
		c := &l.Endpoints[i]
		dns, known := f.Get()
		switch {
		case !c.Available || !c.PrivateDNS || known && !(dns.Support && dns.Hostnames):
			c.Usable = No
		case known:
			c.Usable = Yes
		default:
			c.Usable = Unknown
			c.Whys = []fact.Why{f.Why()}
			if f.IsAbsent() {
				c.Whys = []fact.Why{{Reason: fact.NotVisible, Action: "ec2:DescribeVpcAttribute", Resource: vpc}}
			}
		}
	}
}

// Owned tells whether the side's VPC belongs to the side's own account, so that
// what is not listed in it is not there. Parts: vpc; subnets where the VPC does
// not tell; caller where nothing else says who asks.
func Owned(v *estate.View, s Side) (Verdict, []fact.Why) {
	owner, whys := "", []fact.Why(nil)
	f := estate.VPCPart.Of(v, s.VPC)
	owner = f.Value().OwnerID
	if f.IsUnknown() && f.Why().Reason == fact.Pending {
		return Unknown, []fact.Why{f.Why()}
	}
	if owner == "" {
		whys = merge(whys, reasonOf(f, "ec2:DescribeVpcs", s.VPC))
		subnets := estate.SubnetsPart.Of(v, s.VPC)
		list := subnets.Value()
		if i := slices.IndexFunc(list, func(n estate.Subnet) bool { return n.ID == s.Subnet }); i >= 0 {
			owner = list[i].OwnerID
		}
		whys = merge(whys, reasonOf(subnets, "ec2:DescribeSubnets", s.Subnet))
	}
	account := s.Account
	if account == "" {
		account = v.Target().Account
	}
	if account == "" {
		caller := estate.CallerPart.Of(v, "")
		account = caller.Value().Account
		if account == "" {
			whys = merge(whys, reasonOf(caller, "sts:GetCallerIdentity", ""))
		}
	}
	switch {
	case owner == "" || account == "":
		return Unknown, whys
	case owner == account:
		return Yes, nil
	}
	return No, nil
}

func reasonOf[T any](f fact.Of[T], action, resource string) fact.Why {
	if f.IsUnknown() {
		return f.Why()
	}
	return fact.Why{Reason: fact.NotVisible, Action: action, Resource: resource}
}

func region(v *estate.View, s Side) string {
	if s.Region != "" {
		return s.Region
	}
	return v.Target().Region
}

// Group is a set of paths of which one is enough, such as those to the interfaces
// of an endpoint.
type Group struct {
	// Endpoint is set where the paths lead to the interfaces of an endpoint.
	Endpoint *Candidate
	Paths    []Path
	// Needed is Yes where the service cannot be reached unless this group lets it
	// through, No where something else carries it, Unknown (with Whys) where that
	// is open.
	Needed Verdict
	Whys   []fact.Why
}

// ServicePath is the answer to: can the side reach this AWS service?
type ServicePath struct {
	Lookup
	Verdict Verdict
	// Exit is where the default route leads; read only where no endpoint carries the service.
	Exit   *Exit
	Groups []Group
	// Internet is the answer for the way over the internet alone, Unknown (with
	// InternetWhys) where it was not evaluated.
	Internet     Verdict
	InternetWhys []fact.Why
}

// Service evaluates how a side reaches an AWS service: by an interface endpoint to
// which the service's name resolves, else over the internet. Several interfaces of
// an endpoint are all evaluated, one that can be reached is enough. Parts: as for
// Find, Between and Internet, vpc-dns and endpoint-interfaces where there is an
// endpoint.
func Service(v *estate.View, s Side, service string) ServicePath {
	p := ServicePath{Lookup: Find(v, s, service), Internet: Unknown}
	usable, whys := p.Usable()
	direct := No // by endpoint, if names resolve to it
	for i := range p.Endpoints {
		c := &p.Endpoints[i]
		if usable == Yes && c.Usable == No {
			continue // names resolve to the other one
		}
		g := Group{Endpoint: c, Paths: endpointPaths(v, s, c.Endpoint)}
		direct = anyOf(direct, g.reached())
		p.Groups = append(p.Groups, g)
	}
	if usable == Yes {
		for i := range p.Groups {
			p.Groups[i].Needed = Yes
		}
		p.Verdict = direct
		return p
	}

	if waiting(p.Whys) || waiting(whys) || p.Present == Unknown {
		// Nothing is read of a way that may not be the one. What any way needs is asked
		// for now, so that it comes with the rest.
		p.Verdict = Unknown
		for i := range p.Groups {
			p.Groups[i].Needed, p.Groups[i].Whys = Unknown, whys
		}
		p.Groups = append(p.Groups, Group{Needed: Unknown, Whys: merge(slices.Clone(p.Whys), whys...)}, leaves(v, s))
		p.InternetWhys = p.Groups[len(p.Endpoints)].Whys
		ask(v, s)
		return p
	}
	exit := ExitOf(v, s)
	p.Exit = &exit
	path := Internet(v, s, https())
	internet := path.Verdict
	if exit.Internet == Unknown {
		internet = Unknown // private addresses may be meant, which is another question
	}
	if p.Internet = internet; internet == Unknown {
		p.InternetWhys = merge(slices.Clone(exit.Whys), path.Whys()...)
	}
	for i := range p.Groups {
		g := &p.Groups[i]
		switch {
		case internet == No:
			g.Needed = Yes
		case internet == Yes && usable == No:
			g.Needed = No
		default:
			g.Needed, g.Whys = Unknown, slices.Clone(whys)
			g.Whys = merge(g.Whys, p.InternetWhys...)
		}
	}
	out := Group{Paths: []Path{path}}
	switch {
	case exit.Internet == No:
		out.Needed = No // nobody meant the service to be reached that way
	case usable == Unknown:
		out.Needed, out.Whys = Unknown, whys
	case exit.Internet == Yes:
		out.Needed = Yes
	default:
		out.Needed, out.Whys = Unknown, exit.Whys
	}
	p.Groups = append(p.Groups, out)
	if exit.Internet != Yes {
		p.Groups = append(p.Groups, leaves(v, s))
	}

	switch {
	case usable == No && !(internet == No && p.Present == No && exit.Central()):
		p.Verdict = internet
	case usable == Unknown && internet == direct:
		p.Verdict = direct
	default:
		p.Verdict = Unknown
	}
	return p
}

func waiting(whys []fact.Why) bool {
	return slices.ContainsFunc(whys, func(w fact.Why) bool { return w.Reason == fact.Pending })
}

// leaves asks the one thing that any way to the service needs, whichever it will
// be: a rule that lets its port out of the instance at all.
func leaves(v *estate.View, s Side) Group {
	h := groupHop(v, s, true, place{anywhere: true}, https())
	p := Path{From: s.Label, To: "anywhere", Hops: []Hop{h}}
	return Group{Needed: Yes, Paths: []Path{p.settle()}}
}

// ask touches what every way out of a subnet needs.
func ask(v *estate.View, s Side) {
	if s.VPC != "" {
		estate.NetworkACLsPart.Of(v, s.VPC)
		estate.RouteTablesPart.Of(v, s.VPC)
	}
}

// Central reports whether routes lead to a network in which central endpoints may
// stand (a transit gateway, a VPN, an appliance), with a private hosted zone for the
// service's name; neither is evaluated. Peerings do not count.
func (e Exit) Central() bool {
	return slices.ContainsFunc(e.Elsewhere, func(t string) bool { return !strings.HasPrefix(t, "pcx-") })
}

// reached tells whether any path of the group is open.
func (g Group) reached() Verdict {
	verdict := No
	for _, p := range g.Paths {
		verdict = anyOf(verdict, p.Verdict)
	}
	if len(g.Paths) == 0 {
		return Unknown
	}
	return verdict
}

// endpointPaths evaluates the path to each interface of an endpoint.
func endpointPaths(v *estate.View, s Side, e estate.Endpoint) []Path {
	var out []Path
	f := estate.EndpointInterfacesPart.Of(v, s.VPC)
	for _, n := range f.Value() {
		if !slices.Contains(e.Interfaces, n.ID) {
			continue
		}
		to := endpointSide(s, e, n.ID, n.Subnet)
		if len(n.Groups) > 0 {
			to.Groups = n.Groups
		}
		for _, ip := range slices.Concat(n.PrivateIPs, n.IPv6s) {
			if a := parseIP(ip); a.IsValid() {
				to.IPs = append(to.IPs, a)
			}
		}
		out = append(out, toEndpoint(v, s, to, e))
	}
	if len(out) > 0 {
		return out
	}
	// Without the interfaces their subnets and groups are still known; what hangs on
	// their addresses stays open.
	for _, subnet := range e.Subnets {
		to := endpointSide(s, e, e.ID, subnet)
		to.Unread = reasonOf(f, "ec2:DescribeNetworkInterfaces", e.ID)
		out = append(out, toEndpoint(v, s, to, e))
	}
	return out
}

func endpointSide(s Side, e estate.Endpoint, label, subnet string) Side {
	return Side{Label: label, VPC: s.VPC, Subnet: subnet, Groups: e.Groups, Account: s.Account, Region: s.Region}
}

func toEndpoint(v *estate.View, s, to Side, e estate.Endpoint) Path {
	p := Between(v, Question{From: s, To: to, Port: https()})
	for i := range p.Hops {
		p.Hops[i].Endpoint = e.ID
	}
	return p
}
