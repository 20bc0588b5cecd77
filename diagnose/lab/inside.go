package lab

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/monshin/monshin/diagnose/lab/windows"
)

// outside is the account as the Windows of one instance meets it.
type outside struct {
	w *World
	i *Instance
}

var _ windows.Outside = outside{}

func (o outside) Instance() string  { return o.i.ID }
func (o outside) Now() time.Time    { return o.w.Now }
func (o outside) Region() string    { return o.w.Region }
func (o outside) Metadata() bool    { return !o.i.MetadataOff }
func (o outside) Gateway() string   { return o.w.router(o.i.Subnet) }
func (o outside) Credentials() bool { p := o.w.Profiles[o.i.Profile]; return p != nil && p.Role != "" }

func (o outside) AgentVersion() string {
	if n := o.w.Nodes[o.i.ID]; n != nil {
		return n.Agent
	}
	return agentVersion
}

func (o outside) vpc() *VPC { return o.w.VPCs[o.w.subnet(o.i.Subnet).VPC] }

// Servers are the addresses of an option set's servers: AmazonProvidedDNS is the
// VPC's address plus two (domain.md §6.1).
func (o outside) Servers(options []string) []string {
	var out []string
	for _, s := range options {
		if s == "AmazonProvidedDNS" {
			s = resolverAddress(o.vpc())
		}
		out = append(out, s)
	}
	return out
}

// resolverAddress is where a VPC's Resolver answers.
func resolverAddress(v *VPC) string {
	a := netip.MustParsePrefix(v.CIDR).Addr()
	return a.Next().Next().String()
}

// router is the first address of a subnet.
func (w *World) router(subnet string) string {
	return netip.MustParsePrefix(w.subnet(subnet).CIDR).Addr().Next().String()
}

// Lookup asks a DNS server: the VPC's Resolver, or a domain controller.
func (o outside) Lookup(server, name, kind string) (int, []string) {
	v := o.vpc()
	if server == resolverAddress(v) || server == "169.254.169.253" {
		return o.w.resolve(v, name, kind, 0)
	}
	if d := o.w.controllerAt(server); d != nil && o.w.joined(v.ID, d.VPC) && o.w.admits([]string{d.Group}, false, "udp", 53, o.i.IP, o.i.Groups) {
		return o.w.askDirectory(d, name, kind, 0)
	}
	return windows.TimedOut, nil
}

// maxForwards ends what forwards in a circle.
const maxForwards = 4

// resolve is a VPC's Resolver: forwarding rules, private names of the endpoints,
// and what is public (domain.md §6.1, DNS-2a, DNS-3).
func (w *World) resolve(v *VPC, name, kind string, depth int) (int, []string) {
	switch {
	case !v.DNSSupport:
		return windows.TimedOut, nil
	case depth > maxForwards:
		return windows.ServerFailure, nil
	}
	if rule := w.ruleFor(v.ID, name); rule != nil {
		return w.forward(rule, name, kind, depth+1)
	}
	for _, e := range sorted(w.Endpoints) {
		if e.VPC == v.ID && e.PrivateDNS && v.DNSHostnames && e.State == "available" && slices.Contains(e.DNSNames, name) {
			if kind != "A" {
				return windows.NoRecords, nil
			}
			var out []string
			for _, eni := range e.Interfaces {
				out = append(out, w.Interfaces[eni].IP)
			}
			return windows.Answered, out
		}
	}
	if name == "amazonaws.com" || strings.HasSuffix(name, ".amazonaws.com") {
		if kind != "A" {
			return windows.NoRecords, nil
		}
		return windows.Answered, []string{publicAddress(name)}
	}
	return windows.NoSuchName, nil
}

// publicAddress is where a service of AWS is on the internet. S3 is in the range
// that its prefix list names.
func publicAddress(name string) string {
	if strings.HasPrefix(name, "s3.") {
		return "52.219.0.17"
	}
	n, _ := strconv.ParseUint(digits("public/"+name, 4), 16, 16)
	return netip.AddrFrom4([4]byte{52, 119, byte(n >> 8), byte(n)}).String()
}

// ruleFor is the most specific forwarding rule of a VPC that covers a name.
func (w *World) ruleFor(vpc, name string) *ResolverRule {
	var best *ResolverRule
	for _, a := range sorted(w.ResolverAssociations) {
		r := w.ResolverRules[a.Rule]
		if a.VPC != vpc || a.Status != "COMPLETE" || r == nil || r.Type != "FORWARD" {
			continue
		}
		if under(name, r.Domain) && (best == nil || len(r.Domain) > len(best.Domain)) {
			best = r
		}
	}
	return best
}

// under reports whether a name is a domain or in it.
func under(name, domain string) bool {
	domain = strings.TrimSuffix(domain, ".")
	return name == domain || strings.HasSuffix(name, "."+domain)
}

// forward asks a rule's targets in their order. A Resolver whose targets do not
// answer fails itself.
func (w *World) forward(r *ResolverRule, name, kind string, depth int) (int, []string) {
	endpoint := w.ResolverEndpoints[r.Endpoint]
	if endpoint == nil || endpoint.Status != "OPERATIONAL" {
		return windows.ServerFailure, nil
	}
	for _, target := range r.Targets {
		d := w.controllerAt(target)
		if d != nil && w.joined(endpoint.VPC, d.VPC) && w.admits(endpoint.Groups, true, "udp", 53, target, nil) {
			return w.askDirectory(d, name, kind, depth)
		}
	}
	return windows.ServerFailure, nil
}

// controllerAt is the directory whose working controller has an address.
func (w *World) controllerAt(address string) *Directory {
	for _, d := range sorted(w.Directories) {
		for _, c := range d.Controllers {
			if c.IP == address && c.Status == "Active" && d.Stage == "Active" {
				return d
			}
		}
	}
	return nil
}

// askDirectory is a directory's DNS: its own domain, and for the rest the Resolver
// of the VPC that it stands in, which knows nothing of other VPCs' endpoints
// (domain.md §1 B4).
func (w *World) askDirectory(d *Directory, name, kind string, depth int) (int, []string) {
	if !under(name, d.Name) {
		if servers, ok := d.forwarder(name); ok {
			return w.askServers(d, servers, name, kind, depth+1)
		}
		return w.resolve(w.VPCs[d.VPC], name, kind, depth+1)
	}
	var out []string
	for _, c := range d.Controllers {
		switch {
		case c.Status != "Active":
		case kind == "SRV" && name == "_ldap._tcp.dc._msdcs."+d.Name:
			out = append(out, "win-"+digits("controller/"+c.ID, 8)+"."+d.Name)
		case kind == "A" && name == d.Name:
			out = append(out, c.IP)
		}
	}
	if len(out) == 0 {
		return windows.NoSuchName, nil
	}
	return windows.Answered, out
}

// joined reports whether packets find their way between two VPCs: they are one, or
// peered.
func (w *World) joined(a, b string) bool {
	if a == b {
		return true
	}
	for _, p := range w.Peerings {
		if p.Status == "active" && (p.Requester == a && p.Accepter == b || p.Requester == b && p.Accepter == a) {
			return true
		}
	}
	return false
}

// Connects reports whether a TCP connection opens: to the interface of an endpoint
// or of another thing in the VPC, or to what is public by a route, and the network
// ACLs let it and its answers through.
func (o outside) Connects(address string, port int) bool {
	w := o.w
	if !w.admits(o.i.Groups, true, "tcp", port, address, nil) {
		return false
	}
	for _, n := range sorted(w.Interfaces) {
		if n.IP == address && w.joined(o.vpc().ID, w.Subnets[n.Subnet].VPC) {
			return w.admits(n.Groups, false, "tcp", port, o.i.IP, o.i.Groups) && w.passable(o.i, n.Subnet, address, port)
		}
	}
	a, err := netip.ParseAddr(address)
	return err == nil && !a.IsPrivate() && !a.IsLinkLocalUnicast() && w.leads(o.i, a) && w.passable(o.i, "", address, port)
}

// leads reports whether the route table of an instance's subnet has a way to a
// public address. What a transit gateway leads to is taken to work.
func (w *World) leads(i *Instance, to netip.Addr) bool {
	table := w.tableOf(i.Subnet)
	if table == nil {
		return false
	}
	for _, r := range table.Routes {
		if list := w.PrefixLists[r.To]; list != nil {
			if slices.ContainsFunc(list.CIDRs, func(c string) bool { return netip.MustParsePrefix(c).Contains(to) }) {
				return true
			}
			continue
		}
		if r.Blackhole || !netip.MustParsePrefix(r.To).Contains(to) {
			continue
		}
		if strings.HasPrefix(r.Target, "igw-") && i.PublicIP == "" {
			continue
		}
		return true
	}
	return false
}

// tableOf is the route table of a subnet: its own, or the VPC's main one.
func (w *World) tableOf(subnet string) *RouteTable {
	var main *RouteTable
	for _, t := range sorted(w.RouteTables) {
		if slices.Contains(t.Subnets, subnet) {
			return t
		}
		if t.Main && t.VPC == w.subnet(subnet).VPC {
			main = t
		}
	}
	return main
}

// admits reports whether a rule of one of the groups lets a port through, to or from
// an address or one of the groups of who has it.
func (w *World) admits(groups []string, egress bool, protocol string, port int, peer string, peerGroups []string) bool {
	address, err := netip.ParseAddr(peer)
	if err != nil {
		return false
	}
	for _, id := range groups {
		g := w.Groups[id]
		if g == nil {
			continue
		}
		for _, r := range g.Rules {
			if r.Egress != egress || r.Protocol != "-1" && (r.Protocol != protocol || int(r.From) > port || int(r.To) < port) {
				continue
			}
			if slices.Contains(peerGroups, r.Peer) || w.within(address, r.Peer) {
				return true
			}
		}
	}
	return false
}

// within reports whether an address is in a block or in a prefix list.
func (w *World) within(a netip.Addr, peer string) bool {
	if list := w.PrefixLists[peer]; list != nil {
		return slices.ContainsFunc(list.CIDRs, func(c string) bool { return w.within(a, c) })
	}
	p, err := netip.ParsePrefix(peer)
	return err == nil && p.Contains(a)
}
