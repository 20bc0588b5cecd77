package probe

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
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
			Parts: []estate.AnyKind{estate.InstancePart, estate.TrailPart, estate.VPCDNSPart, estate.EndpointsPart, estate.VPCPart, estate.DHCPOptionsPart},
			Codes: []finding.Code{finding.DNSVPCSupportOff, finding.DNSVPCHostnamesOff},
			Judge: judgeVPCAttributes,
		},
		{
			ID:    "dns.options",
			Title: lang.Both("DHCP option set", "DHCP オプションセット"),
			Parts: []estate.AnyKind{estate.InstancePart, estate.TrailPart, estate.VPCPart, estate.DHCPOptionsPart},
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

func judgeVPCAttributes(v *estate.View) Verdict {
	p, whys := thePatient(v)
	if len(whys) > 0 {
		return unread(whys...)
	}
	attributes := estate.VPCDNSPart.Of(v, p.VPC)
	endpoints := estate.EndpointsPart.Of(v, p.VPC)
	servers, serverWhys := serversOf(v, p.VPC)
	a, known := attributes.Get()
	if !known {
		return unread(orNotRecorded(attributes)...)
	}
	at := estate.VPCDNSPart.Key(p.VPC)
	support := see(at, "support", a.Support, lang.Both("enableDnsSupport: whether the VPC's Resolver answers", "enableDnsSupport（VPC の Resolver が応答するか）"), attributes.Origin())
	hostnames := see(at, "hostnames", a.Hostnames, lang.Both("enableDnsHostnames: private DNS names of endpoints need it", "enableDnsHostnames（エンドポイントのプライベート DNS 名に必要）"), attributes.Origin())
	if a.Support && a.Hostnames {
		return ok(lang.Both("DNS resolution and DNS hostnames are on", "DNS 解決・DNS ホスト名とも有効"), support, hostnames)
	}
	var found []finding.Finding
	var open []fact.Why
	params := map[string]string{"vpc": p.VPC, "domain": "", "servers": servers.text(), "options": servers.set}
	scope := []string{"ssm", "ssmmessages", "ec2messages"}
	if !a.Support {
		// Without the Resolver nothing answers its address; only an instance whose
		// servers are all its own does without it.
		switch {
		case len(serverWhys) > 0:
			open = append(open, serverWhys...)
		case servers.amazon:
			found = append(found, finding.Finding{
				Code: finding.DNSVPCSupportOff, Subject: p.VPC, Certainty: finding.Proven,
				Scope: append(slices.Clone(scope), "dns", "1688"), Params: params, Evidence: []finding.Evidence{support, serversSeen(servers)},
			})
		}
	}
	if private := withPrivateDNS(endpoints.Value(), v.Target().Region); len(private) > 0 && len(found) == 0 {
		// Interface endpoints are found by name only where both attributes are on
		// (domain.md NET-3). With support off the first finding says it already.
		code, why := finding.DNSVPCHostnamesOff, hostnames
		if !a.Support {
			code, why = finding.DNSVPCSupportOff, support
		}
		found = append(found, finding.Finding{
			Code: code, Subject: p.VPC, Certainty: finding.Proven, Scope: append(private, "1688"), Params: params,
			Evidence: []finding.Evidence{why},
		})
	} else if endpoints.IsUnknown() {
		open = append(open, endpoints.Why())
	}
	found = readAfter(v, p, found, resource(p.VPC))
	return settle(found, open, lang.Both("off, and nothing here needs it", "無効だが本構成では影響なし"), support, hostnames)
}

// withPrivateDNS lists the short names of the services that interface endpoints
// serve under their usual names.
func withPrivateDNS(endpoints []estate.Endpoint, region string) []string {
	var out []string
	for _, e := range endpoints {
		if strings.EqualFold(e.Type, "Interface") && e.PrivateDNS {
			if short, ok := strings.CutPrefix(e.Service, "com.amazonaws."+region+"."); ok && !slices.Contains(out, short) {
				out = append(out, short)
			}
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
	params := map[string]string{"vpc": p.VPC, "domain": "", "servers": s.text(), "options": s.set}
	seen := serversSeen(s)
	switch {
	case s.nothing:
		found := []finding.Finding{{
			// That no set means no DNS servers follows from the documentation of
			// AssociateDhcpOptions (domain.md DNS-1 [D]).
			Code: finding.DNSDHCPOptionsNone, Subject: p.VPC, Certainty: finding.Likely,
			Scope: []string{"ssm", "ssmmessages", "ec2messages", "dns"}, Params: params, Evidence: []finding.Evidence{seen},
		}}
		return settle(readAfter(v, p, found, resource(p.VPC)), nil, lang.Text{}, seen)
	case s.amazon && len(s.custom) > 0:
		found := []finding.Finding{{
			// Windows asks the next server after a time-out, not after "no such name"
			// (domain.md §6.1 [M]).
			Code: finding.DNSMixedServers, Subject: s.set, Certainty: finding.Possible,
			Scope: []string{"dns"}, Params: params, Evidence: []finding.Evidence{seen},
		}}
		return settle(readAfter(v, p, found, resource(p.VPC)), nil, lang.Text{}, seen)
	case s.amazon:
		return ok(lang.Both("AmazonProvidedDNS (%s)", "AmazonProvidedDNS（%s）").With(s.set), seen)
	}
	return ok(lang.Both("own DNS servers: %s", "独自の DNS サーバー: %s").With(s.text()), seen)
}
