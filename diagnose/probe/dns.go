package probe

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/reach"
)

// amazonDNS is the word in a DHCP option set that stands for the VPC's Resolver.
const amazonDNS = "AmazonProvidedDNS"

// noDHCPOptions is EC2's word for "no option set is associated": not the default
// set (domain.md §6.1 [V:botocore]).
const noDHCPOptions = "default"

func dnsProbes() []Probe {
	return []Probe{
		{
			ID:    "dns.vpc-attributes",
			Title: lang.Both("DNS attributes of the VPC", "VPC の DNS 属性"),
			Parts: append(servicePathParts(), estate.DHCPOptionsPart),
			Codes: []finding.Code{finding.DNSVPCSupportOff, finding.DNSVPCHostnamesOff},
			Judge: judgeVPCAttributes,
		},
		{
			ID:    "dns.options",
			Title: lang.Both("DHCP option set", "DHCP オプションセット"),
			Parts: []estate.AnyKind{estate.InstancePart, estate.TrailPart, estate.VPCPart, estate.DHCPOptionsPart, estate.ManagedNodePart},
			Codes: []finding.Code{finding.DNSDHCPOptionsNone, finding.DNSMixedServers},
			Judge: judgeDHCPOptions,
		},
	}
}

// dnsServers are the servers that DHCP hands to a VPC's instances.
type dnsServers struct {
	set     string // dopt-…
	words   []string
	amazon  bool         // the VPC's Resolver is among them
	custom  []netip.Addr // the others
	at      estate.Key
	origin  fact.Origin
	nothing bool // no servers are handed out at all
}

// serversOf reads what DHCP hands out in the patient's VPC.
func serversOf(v *estate.View, vpcID string) (dnsServers, []fact.Why) {
	vpc := estate.VPCPart.Of(v, vpcID)
	n, known := vpc.Get()
	if !known {
		return dnsServers{}, orNotRecorded(vpc)
	}
	s := dnsServers{set: n.DHCP, at: estate.VPCPart.Key(vpcID), origin: vpc.Origin()}
	if n.DHCP == noDHCPOptions || n.DHCP == "" {
		s.nothing = true
		return s, nil
	}
	options := estate.DHCPOptionsPart.Of(v, n.DHCP)
	o, known := options.Get()
	if !known {
		return dnsServers{}, orNotRecorded(options)
	}
	s.at, s.origin, s.words = estate.DHCPOptionsPart.Key(n.DHCP), options.Origin(), o.DNSServers
	s.nothing = len(o.DNSServers) == 0
	for _, w := range o.DNSServers {
		if strings.EqualFold(w, amazonDNS) {
			s.amazon = true
			continue
		}
		if a, err := netip.ParseAddr(w); err == nil {
			if isResolver(a, n) {
				s.amazon = true
			} else {
				s.custom = append(s.custom, a)
			}
		}
	}
	return s, nil
}

// isResolver reports whether an address is the VPC's Resolver: the primary CIDR's
// base plus two, or one of the link-local addresses (domain.md §6.1 [V:dnsdoc]).
func isResolver(a netip.Addr, vpc estate.VPC) bool {
	if a == netip.MustParseAddr("169.254.169.253") || a == netip.MustParseAddr("fd00:ec2::253") {
		return true
	}
	p, err := netip.ParsePrefix(vpc.CIDR)
	return err == nil && a == p.Masked().Addr().Next().Next()
}

func (s dnsServers) text() string {
	if len(s.words) == 0 {
		return "-"
	}
	return strings.Join(s.words, ", ")
}

// judgeVPCAttributes judges what the two DNS attributes of the VPC take away: with
// support off the Resolver itself; with either off the private names of interface
// endpoints (domain.md NET-3), which matters only where nothing else leads to the
// service.
func judgeVPCAttributes(v *estate.View) Verdict {
	c, whys := theClient(v)
	if len(whys) > 0 {
		return unread(whys...)
	}
	attributes := estate.VPCDNSPart.Of(v, c.p.VPC)
	estate.EndpointsPart.Of(v, c.p.VPC)
	servers, serverWhys := serversOf(v, c.p.VPC)
	a, known := attributes.Get()
	if !known {
		return unread(orNotRecorded(attributes)...)
	}
	at := estate.VPCDNSPart.Key(c.p.VPC)
	support := see(at, "support", a.Support, lang.Both("enableDnsSupport: whether the VPC's Resolver answers", "enableDnsSupport（VPC の Resolver が応答するか）"), attributes.Origin())
	hostnames := see(at, "hostnames", a.Hostnames, lang.Both("enableDnsHostnames: private DNS names of endpoints need it", "enableDnsHostnames（エンドポイントのプライベート DNS 名に必要）"), attributes.Origin())
	// The part takes two calls, and its origin shows the first.
	hostnames.Origin.CLI = strings.Replace(hostnames.Origin.CLI, "enableDnsSupport", "enableDnsHostnames", 1)
	if a.Support && a.Hostnames {
		return ok(lang.Both("DNS resolution and DNS hostnames are on", "DNS 解決・DNS ホスト名とも有効"), support, hostnames)
	}
	f := finding.Finding{
		Code: finding.DNSVPCHostnamesOff, Subject: c.p.VPC, Certainty: finding.Proven, Evidence: []finding.Evidence{hostnames},
		Params: map[string]string{"vpc": c.p.VPC, "domain": "", "servers": servers.text(), "options": servers.set},
	}
	if !a.Support {
		f.Code, f.Evidence = finding.DNSVPCSupportOff, []finding.Evidence{support}
	}
	l, licenseWhys := licensed(v, c.p)
	s := newSheet(v, c)
	s.saw(support, hostnames)
	private, evidence := s.namesOnly()
	f.Evidence = append(f.Evidence, evidence...)
	switch {
	case !a.Support && servers.amazon:
		// Without the Resolver nothing answers its address; only an instance whose
		// servers are all its own does without it.
		f.Scope, f.Evidence = slices.Clone(c.services), append(f.Evidence, serversSeen(servers))
		if l.Is {
			f.Scope = append(f.Scope, "dns", "1688")
		}
	case len(private) > 0:
		f.Scope = private
		if l.Office {
			f.Scope = append(f.Scope, "1688")
		}
	case l.Office:
		// AWS asks for both attributes where Office is activated; what fails without
		// them is not documented (domain.md §5.2.4 [V:lm-main]).
		f.Scope, f.Certainty = []string{"1688"}, finding.Likely
		f.Evidence = append(f.Evidence, l.Evidence)
	default:
		s.leave(licenseWhys...)
	}
	if len(f.Scope) > 0 {
		s.add(f, c.p.VPC)
	}
	if !a.Support && !servers.amazon {
		s.leave(serverWhys...)
	}
	return s.settle(lang.Both("off, and nothing here needs it", "無効だが本構成では影響なし")).
		saying(lang.Both("off: %s", "無効: %s").With(attributesOff(a)))
}

func attributesOff(a estate.VPCDNS) string {
	var off []string
	if !a.Support {
		off = append(off, "enableDnsSupport")
	}
	if !a.Hostnames {
		off = append(off, "enableDnsHostnames")
	}
	return strings.Join(off, ", ")
}

// namesOnly lists the services that the agent needs and that are reached only by
// the private name of an endpoint: one is there, available and with private DNS, and
// the internet is no way round.
func (s *sheet) namesOnly() (services []string, evidence []finding.Evidence) {
	for _, service := range s.c.services {
		l := reach.Find(s.v, s.c.side, service)
		if l.Present == reach.Unknown {
			s.leave(l.Whys...)
			continue
		}
		i := slices.IndexFunc(l.Endpoints, func(e reach.Candidate) bool { return e.Available && e.PrivateDNS })
		if i < 0 {
			continue
		}
		path := servicePath(s.v, s.c, service)
		switch {
		case path.Internet == reach.Yes:
			s.saw(see(path.Exit.At, path.Exit.Table, path.Exit.Route, lang.Both("the service is reached over the internet instead", "インターネット経由で到達可能"), path.Exit.Origin))
		case path.Internet == reach.Unknown:
			s.leave(path.InternetWhys...)
		case !s.c.sure(service):
			s.leave(s.c.legacyWhys...)
		default:
			services = append(services, service)
			evidence = withEvidence(evidence, []finding.Evidence{
				see(l.At, l.Endpoints[i].ID, l.Name, lang.Both("an endpoint that is found by its private name", "プライベート DNS 名で参照されるエンドポイント"), l.Origin),
				noOtherWay(*path.Exit),
			})
		}
	}
	s.leave(s.c.pending()...)
	return services, evidence
}

// withPrivateDNS lists those of the services the agent talks to that interface
// endpoints serve under their usual names.
func withPrivateDNS(endpoints []estate.Endpoint, region string) []string {
	var out []string
	for _, short := range []string{scopeSSM, scopeMessages, scopeLegacy} {
		if slices.ContainsFunc(endpoints, func(e estate.Endpoint) bool {
			return strings.EqualFold(e.Type, "Interface") && e.PrivateDNS && e.Service == reach.ServiceName(region, short)
		}) {
			out = append(out, short)
		}
	}
	return out
}

func serversSeen(s dnsServers) finding.Evidence {
	return see(s.at, "dns_servers", s.text(), lang.Both("the DNS servers that DHCP hands out", "DHCP で配布される DNS サーバー"), s.origin)
}

func judgeDHCPOptions(v *estate.View) Verdict {
	p, whys := thePatient(v)
	if len(whys) > 0 {
		return unread(whys...)
	}
	s, whys := serversOf(v, p.VPC)
	if len(whys) > 0 {
		return unread(whys...)
	}
	seen := serversSeen(s)
	f := finding.Finding{
		Params:   map[string]string{"vpc": p.VPC, "domain": "", "servers": s.text(), "options": s.set},
		Evidence: []finding.Evidence{seen},
	}
	switch {
	case s.nothing:
		// That no set means no DNS servers follows from the documentation of
		// AssociateDhcpOptions (domain.md DNS-1 [D]).
		f.Code, f.Subject, f.Certainty = finding.DNSDHCPOptionsNone, p.VPC, finding.Likely
		f.Scope = []string{scopeSSM, scopeMessages}
		if l, _ := licensed(v, p); l.Is {
			f.Scope = append(f.Scope, "dns")
		}
		var open []fact.Why
		if !p.dead {
			// An agent that is Online has its names from somewhere; one that nobody may look
			// at could be.
			node := estate.ManagedNodePart.Of(v, p.ID)
			if _, planned := beforeFix(node.Why()); !planned {
				open = whyOf(node)
			}
			if n, there := node.Get(); len(open) > 0 || there && onlineNow(v, n.PingStatus, n.LastPing) {
				f.Severity, f.Certainty = finding.Info, finding.Possible
			}
		}
		return settle(readAfter(v, p, []finding.Finding{f}, resource(p.VPC)), open, lang.Text{}, seen).
			saying(lang.Both("no DNS server is handed out", "DNS サーバーの配布なし"))
	case s.amazon && len(s.custom) > 0:
		// Windows asks the next server after a time-out, not after "no such name"
		// (domain.md §6.1 [M]).
		f.Code, f.Subject, f.Certainty, f.Scope = finding.DNSMixedServers, s.set, finding.Possible, []string{"dns"}
		return settle(readAfter(v, p, []finding.Finding{f}, resource(p.VPC)), nil, lang.Text{}, seen).
			saying(lang.Both("AD DNS and the VPC's Resolver mixed: %s", "AD の DNS と VPC の Resolver が混在: %s").With(s.text()))
	case s.amazon:
		return ok(lang.Both("AmazonProvidedDNS (%s)", "AmazonProvidedDNS（%s）").With(s.set), seen)
	}
	return ok(lang.Both("own DNS servers: %s", "独自の DNS サーバー: %s").With(s.text()), seen)
}
