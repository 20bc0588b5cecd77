package probe

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
)

const (
	gdDomain  = "corp.example.local"
	gdHostSSM = "ssm.ap-northeast-1.amazonaws.com"
	gdHostMsg = "ssmmessages.ap-northeast-1.amazonaws.com"
)

// gdKey is the part that Windows answers about a domain, or, without one, about the
// agent's services.
func gdKey(domain string) string {
	if domain != "" {
		return estate.GuestDNSQuery{Instance: instID, Domain: domain}.String()
	}
	return estate.GuestDNSQuery{Instance: instID, Names: []string{gdHostSSM, gdHostMsg}}.String()
}

// gdPut stores what Windows answered, as both parts that it answers.
func gdPut(e instEstate, domain string, g estate.GuestDNS) instEstate {
	one, two := g, g
	one.Queries, two.Queries = nil, nil
	for _, q := range g.Queries {
		if q.Name == gdHostSSM || q.Name == gdHostMsg {
			two.Queries = append(two.Queries, q)
		} else {
			one.Queries = append(one.Queries, q)
		}
	}
	return instPut(instPut(e, estate.GuestDNSPart, gdKey(domain), one), estate.GuestDNSPart, gdKey(""), two)
}

// gdAnswer is a Windows that resolves everything through one server.
func gdAnswer(server string) estate.GuestDNS {
	a := func(name, server string, ips ...string) estate.GuestQuery {
		return estate.GuestQuery{Name: name, Type: "A", Server: server, Answers: ips}
	}
	return estate.GuestDNS{
		Servers: [][]string{{server}},
		Queries: []estate.GuestQuery{
			{Name: directoryRecord + gdDomain, Type: "SRV", Answers: []string{"dc1.corp.example.local"}},
			a(gdDomain, "", "10.0.2.10"),
			a(gdHostSSM, "", "10.0.1.50"), a(gdHostSSM, resolverAddress, "10.0.1.50"),
			a(gdHostMsg, "", "10.0.1.51"), a(gdHostMsg, resolverAddress, "10.0.1.51"),
		},
	}
}

// gdSet changes one query of an answer.
func gdSet(g estate.GuestDNS, name, server string, code int, answers ...string) estate.GuestDNS {
	g.Queries = slices.Clone(g.Queries)
	for i := range g.Queries {
		if g.Queries[i].Name == name && g.Queries[i].Server == server {
			g.Queries[i].Code, g.Queries[i].Answers = code, answers
		}
	}
	return g
}

func gdNoDomain(g estate.GuestDNS, code int) estate.GuestDNS {
	return gdSet(g, directoryRecord+gdDomain, "", code)
}

// gdOffice is a running Office instance whose Windows answers.
func gdOffice(g estate.GuestDNS, servers ...string) instEstate {
	e := dnsOffice(servers...)
	i := estate.InstancePart.Of(estate.NewView(e.Estate), instID).Value()
	i.Platform, i.OwnerID = "windows", "111111111111"
	e = instPut(e, estate.InstancePart, instID, i)
	e = instPut(e, estate.VPCPart, "vpc-1", estate.VPC{ID: "vpc-1", OwnerID: "111111111111", CIDR: "10.0.0.0/16", DHCP: "dopt-1"})
	end := func(id, service string) estate.Endpoint {
		return estate.Endpoint{ID: id, Service: "com.amazonaws.ap-northeast-1." + service, Type: "Interface", State: "available", PrivateDNS: true}
	}
	e = instPut(e, estate.EndpointsPart, "vpc-1", []estate.Endpoint{end("vpce-1", "ssm"), end("vpce-2", "ssmmessages")})
	e = instPut(e, estate.RouteTablesPart, "vpc-1", []estate.RouteTable{{ID: "rtb-1", Main: true, Routes: []estate.Route{{CIDR4: "10.0.0.0/16", Target: "local", State: "active"}}}})
	e = instPut(e, estate.SubnetsPart, "vpc-1", []estate.Subnet{{ID: "subnet-1", VPC: "vpc-1", OwnerID: "111111111111", CIDR: "10.0.1.0/24"}})
	e = instPut(e, estate.GuestIdentityPart, instID, estate.GuestIdentity{Host: "OFFICE-03", Role: 1, Build: 20348})
	return gdPut(e, gdDomain, g)
}

func gdInternet(e instEstate) instEstate {
	return instPut(e, estate.RouteTablesPart, "vpc-1", []estate.RouteTable{{ID: "rtb-1", Main: true, Routes: []estate.Route{
		{CIDR4: "10.0.0.0/16", Target: "local", State: "active"}, {CIDR4: "0.0.0.0/0", Target: "nat-1", State: "active"}}}})
}

// gdElsewhere moves the directory to another VPC: the fix of the seed then hides the endpoints.
func gdElsewhere(e instEstate) instEstate {
	return instPut(e, estate.DirectoriesPart, "", []estate.Directory{{ID: "d-1234567890", Name: gdDomain, Type: "MicrosoftAD", Stage: "Active", VPC: "vpc-2", DNS: []string{"10.0.2.10", "10.0.2.11"}}})
}

func gdUnknown(e instEstate, r fact.Reason, key estate.Key) instEstate {
	kind, _ := estate.Lookup(key.Kind)
	e.Put(kind.Unknown(key.ID, fact.Why{Reason: r, Action: kind.Actions()[0]}))
	return e
}

func gdPublic(g estate.GuestDNS) estate.GuestDNS {
	return gdSet(gdSet(g, gdHostSSM, "", 0, "52.1.2.3"), gdHostMsg, "", 0, "52.1.2.4")
}

func TestLookup(t *testing.T) {
	resolver, dc := gdAnswer("10.0.0.2"), gdAnswer("10.0.2.10")
	rule := func(e instEstate) instEstate {
		return dnsRule(e, gdDomain, "COMPLETE", "10.0.2.10:53", "10.0.2.11:53")
	}
	both := func(servers ...string) estate.GuestDNS {
		g := gdAnswer("10.0.2.10")
		g.Servers = [][]string{servers}
		return g
	}
	controller := func(e instEstate) instEstate {
		return instPut(e, estate.GuestIdentityPart, instID, estate.GuestIdentity{Role: 5})
	}
	// selfManaged is an instance that should join a domain which AWS knows nothing of.
	selfManaged := func(e instEstate) instEstate {
		e = instPut(e, estate.InstancePart, instID, estate.Instance{ID: instID, State: "running", Platform: "windows", VPC: "vpc-1", Subnet: "subnet-1", PrivateIP: "10.0.1.10"})
		e.Answers[estate.AnswerADDomain] = gdDomain
		return instPut(e, estate.DirectoriesPart, "", []estate.Directory{})
	}
	tell := func(g estate.GuestDNS) estate.GuestDNS {
		g.Servers, g.Unread = nil, estate.GuestUnread{"servers"}
		return g
	}
	for _, c := range []struct {
		name, codes, whys string
		outcome           Outcome
		estate            instEstate
	}{
		{"all resolves, by a rule", "", "", OK, rule(gdOffice(resolver, "AmazonProvidedDNS"))},
		{"all resolves, by the directory", "", "", OK, gdOffice(both("10.0.2.11", "10.0.2.10"), "10.0.2.10", "10.0.2.11")},
		{"the Resolver by its other address", "", "", OK, rule(gdOffice(gdAnswer(resolverAddress), "AmazonProvidedDNS"))},
		{"the seed: dns.ad-domain says it", "", "blocked-by", Unknown, gdOffice(gdNoDomain(resolver, dnsNoName), "AmazonProvidedDNS")},
		{"no such domain, though a rule forwards it", "dns.ad-domain-unresolvable proven", "", Problem, rule(gdOffice(gdNoDomain(resolver, dnsNoName), "AmazonProvidedDNS"))},
		{"no such domain, by the directory itself", "dns.ad-domain-unresolvable proven", "", Problem, gdOffice(gdNoDomain(both("10.0.2.10", "10.0.2.11"), dnsNoName), "10.0.2.10", "10.0.2.11")},
		{"an address, but no controllers", "dns.ad-domain-unresolvable proven", "", Problem, rule(gdOffice(gdNoDomain(resolver, dnsNoRecords), "AmazonProvidedDNS"))},
		{"no answer, though a rule forwards it", "dns.ad-servers-unreachable likely", "", Problem, rule(gdOffice(gdNoDomain(resolver, dnsTimeout), "AmazonProvidedDNS"))},
		{"a failing server, though a rule forwards it", "dns.ad-servers-unreachable likely", "", Problem, rule(gdOffice(gdNoDomain(resolver, dnsServerFails), "AmazonProvidedDNS"))},
		{"no such domain, and the rules may not be read", "", "denied", Unknown,
			gdUnknown(gdOffice(gdNoDomain(resolver, dnsNoName), "AmazonProvidedDNS"), fact.Denied, estate.ResolverRulesPart.Key(""))},
		{"a self-managed domain that a rule forwards in vain", "dns.ad-domain-unresolvable likely", "", Problem, rule(selfManaged(gdOffice(gdNoDomain(resolver, dnsNoName), "AmazonProvidedDNS")))},
		{"a self-managed domain, by servers that do not know it", "dns.ad-domain-unresolvable likely", "", Problem, selfManaged(gdOffice(gdNoDomain(gdAnswer("192.168.1.1"), dnsNoName), "192.168.1.1"))},
		{"perhaps self-managed: directories denied", "", "needs-guest", Unknown,
			gdUnknown(rule(selfManaged(gdOffice(gdNoDomain(resolver, dnsNoName), "AmazonProvidedDNS"))), fact.Denied, estate.DirectoriesPart.Key(""))},
		{"the query itself failed", "", "not-recorded", Unknown, rule(gdOffice(gdNoDomain(resolver, dnsNoCode), "AmazonProvidedDNS"))},
		{"old servers that know no domain", "", "blocked-by", Unknown, gdOffice(gdNoDomain(resolver, dnsNoName), "10.0.2.10", "10.0.2.11")},
		{"old servers that know the domain", "", "", OK, rule(gdOffice(dc, "AmazonProvidedDNS"))},
		{"a controller whose servers know no domain", "dns.ad-domain-unresolvable proven", "", Problem, controller(rule(gdOffice(gdNoDomain(gdAnswer("127.0.0.1"), dnsNoName), "AmazonProvidedDNS")))},
		{"old servers, and nobody knows whether it is a controller", "", "timeout", Unknown,
			gdUnknown(gdOffice(gdNoDomain(resolver, dnsNoName), "10.0.2.10"), fact.Timeout, estate.GuestIdentityPart.Key(instID))},
		{"servers that Windows would not tell", "", "not-recorded", Unknown, rule(gdOffice(tell(gdNoDomain(resolver, dnsNoName)), "AmazonProvidedDNS"))},
		{"servers that Windows would not tell, and the domain resolves", "", "", OK, rule(gdOffice(tell(resolver), "AmazonProvidedDNS"))},
		{"options denied", "", "denied", Unknown, gdUnknown(gdOffice(gdNoDomain(resolver, dnsNoName), "AmazonProvidedDNS"), fact.Denied, estate.DHCPOptionsPart.Key("dopt-1"))},
		{"no options at all", "", "blocked-by", Unknown, instPut(gdOffice(gdNoDomain(resolver, dnsNoName), "AmazonProvidedDNS"), estate.VPCPart, "vpc-1", estate.VPC{ID: "vpc-1", CIDR: "10.0.0.0/16", DHCP: noDHCPOptions})},
		{"Windows was not asked", "", "needs-guest", Unknown, gdUnknown(gdOffice(resolver, "AmazonProvidedDNS"), fact.NeedsGuest, estate.GuestDNSPart.Key(gdKey(gdDomain)))},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := instJudge(t, "dns.lookup", c.estate)
			if v.Outcome != c.outcome || codesOf(v) != c.codes || whysOf(v) != c.whys || !v.Say.Complete() {
				t.Errorf("%s, findings %q, whys %q, says %+v", v.Outcome, codesOf(v), whysOf(v), v.Say)
			}
		})
	}
	stopped := instPut(gdOffice(resolver, "AmazonProvidedDNS"), estate.InstancePart, instID, estate.Instance{ID: instID, State: "stopped", Platform: "windows", VPC: "vpc-1"})
	if v := instJudge(t, "dns.lookup", stopped); v.Outcome != NotApplicable {
		t.Errorf("stopped: %s", v.Outcome)
	}
}

func TestLease(t *testing.T) {
	resolver := gdAnswer("10.0.0.2")
	rule := func(e instEstate) instEstate {
		return dnsRule(e, gdDomain, "COMPLETE", "10.0.2.10:53", "10.0.2.11:53")
	}
	two := resolver
	two.Servers = [][]string{{"192.168.9.9"}, {"10.0.0.2"}}
	for _, c := range []struct {
		name, whys string
		outcome    Outcome
		severity   finding.Severity
		scope      []string
		estate     instEstate
	}{
		{"as handed out", "", OK, "", nil, rule(gdOffice(resolver, "AmazonProvidedDNS"))},
		{"as handed out, though nothing resolves", "", OK, "", nil, gdOffice(gdNoDomain(gdPublic(resolver), dnsNoName), "AmazonProvidedDNS")},
		{"a second interface has others", "", OK, "", nil, rule(gdOffice(two, "AmazonProvidedDNS"))},
		{"others that know everything", "", Problem, finding.Info, nil, rule(gdOffice(gdAnswer("10.0.2.10"), "AmazonProvidedDNS"))},
		{"others that know no domain", "", Problem, "", []string{"dns"}, gdOffice(gdNoDomain(resolver, dnsNoName), "10.0.2.10")},
		{"others that know no endpoints", "", Problem, "", []string{"ssm", "ssmmessages"}, rule(gdOffice(gdPublic(gdAnswer("192.168.1.1")), "AmazonProvidedDNS"))},
		{"one of two handed out", "", Problem, finding.Info, nil, gdOffice(gdAnswer("10.0.2.10"), "10.0.2.10", "10.0.2.11")},
		{"a controller has servers of its own", "", OK, "", nil, instPut(gdOffice(gdNoDomain(gdAnswer("127.0.0.1"), dnsNoName), "10.0.2.10"), estate.GuestIdentityPart, instID, estate.GuestIdentity{Role: 4})},
		{"perhaps a controller", "timeout", Unknown, "", nil, gdUnknown(gdOffice(resolver, "10.0.2.10"), fact.Timeout, estate.GuestIdentityPart.Key(instID))},
		{"options denied", "denied", Unknown, "", nil, gdUnknown(gdOffice(resolver, "10.0.2.10"), fact.Denied, estate.DHCPOptionsPart.Key("dopt-1"))},
		{"the domain not answered", "timeout", Problem, finding.Info, nil, gdUnknown(gdOffice(resolver, "10.0.2.10"), fact.Timeout, estate.GuestDNSPart.Key(gdKey(gdDomain)))},
		{"Windows was not asked", "needs-guest", Unknown, "", nil, gdUnknown(gdOffice(resolver, "10.0.2.10"), fact.NeedsGuest, estate.GuestDNSPart.Key(gdKey("")))},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := instJudge(t, "dns.lease", c.estate)
			if v.Outcome != c.outcome || whysOf(v) != c.whys || !v.Say.Complete() {
				t.Errorf("%s, findings %q, whys %q, says %+v", v.Outcome, codesOf(v), whysOf(v), v.Say)
			}
			if c.outcome == Problem && (codesOf(v) != "dns.lease-stale proven" || v.Findings[0].Severity != c.severity || !slices.Equal(v.Findings[0].Scope, c.scope)) {
				t.Errorf("%+v", v.Findings)
			}
		})
	}
}

// An instance that needs no domain is asked for the agent's names alone.
func TestInsideWithoutADomain(t *testing.T) {
	e := gdOffice(gdAnswer("192.168.1.1"), "AmazonProvidedDNS")
	e = instPut(e, estate.InstancePart, instID, estate.Instance{ID: instID, State: "running", Platform: "windows", VPC: "vpc-1", Subnet: "subnet-1", PrivateIP: "10.0.1.10"})
	e.Remove(estate.GuestDNSPart.Key(gdKey(gdDomain)))
	if v := instJudge(t, "dns.lookup", e); v.Outcome != NotApplicable {
		t.Errorf("%s %q %q", v.Outcome, codesOf(v), whysOf(v))
	}
	if v := instJudge(t, "dns.lease", e); codesOf(v) != "dns.lease-stale proven" || v.Findings[0].Severity != finding.Info {
		t.Errorf("%s %v", v.Outcome, v.Findings)
	}
}

// What Windows resolves stands above what the configuration lets expect.
func TestWindowsHasTheLastWord(t *testing.T) {
	resolver := gdAnswer("10.0.0.2")
	guest := estate.GuestDNSPart.Key(gdKey(gdDomain))
	for _, c := range []struct {
		name, codes, whys string
		outcome           Outcome
		estate            instEstate
	}{
		{"no rule, and Windows finds no domain", "dns.ad-domain-unresolvable proven", "", Problem, gdOffice(gdNoDomain(resolver, dnsNoName), "AmazonProvidedDNS")},
		{"no rule, but Windows finds it", "", "", OK, gdOffice(resolver, "AmazonProvidedDNS")},
		{"no rule, and Windows asks other servers", "dns.ad-domain-unresolvable likely", "", Problem, gdOffice(gdNoDomain(gdAnswer("192.168.1.1"), dnsNoName), "AmazonProvidedDNS")},
		{"no rule, and Windows got no answer", "dns.ad-domain-unresolvable likely", "", Problem, gdOffice(gdNoDomain(resolver, dnsTimeout), "AmazonProvidedDNS")},
		{"no rule, Windows not asked", "dns.ad-domain-unresolvable likely", "", Problem, gdUnknown(gdOffice(resolver, "AmazonProvidedDNS"), fact.NeedsGuest, guest)},
		{"no rule, Windows cannot be asked", "dns.ad-domain-unresolvable likely", "", Problem, gdUnknown(gdOffice(resolver, "AmazonProvidedDNS"), fact.BlockedBy, guest)},
		{"no rule, asking Windows refused", "", "denied", Unknown, gdUnknown(gdOffice(resolver, "AmazonProvidedDNS"), fact.Denied, guest)},
		{"servers that nobody knows, and Windows finds the domain", "", "", OK, gdOffice(gdAnswer("192.168.1.1"), "192.168.1.1")},
		{"servers that nobody knows, and it does not", "", "blocked-by", Unknown, gdOffice(gdNoDomain(gdAnswer("192.168.1.1"), dnsNoName), "192.168.1.1")},
	} {
		t.Run(c.name, func(t *testing.T) {
			if v := instJudge(t, "dns.ad-domain", c.estate); v.Outcome != c.outcome || codesOf(v) != c.codes || whysOf(v) != c.whys {
				t.Errorf("%s, findings %q, whys %q", v.Outcome, codesOf(v), whysOf(v))
			}
		})
	}
	// While Windows is being asked the configuration speaks, and the verdict is open.
	asking := gdOffice(resolver, "AmazonProvidedDNS")
	asking.Remove(guest)
	if v := instJudge(t, "dns.ad-domain", asking); codesOf(v) != "dns.ad-domain-unresolvable likely" || !v.Pending() {
		t.Errorf("while asking: %s %q %v", v.Outcome, codesOf(v), v.Whys)
	}
	// An answer of the operator does not become a proof by Windows not finding it.
	g := gdAnswer("10.0.0.2")
	g.Queries[0] = estate.GuestQuery{Name: directoryRecord + "typo.example.local", Type: "SRV", Code: dnsNoName}
	stated := gdPut(gdOffice(resolver, "AmazonProvidedDNS"), "typo.example.local", g)
	stated.Answers[estate.AnswerADDomain] = "typo.example.local"
	if v := instJudge(t, "dns.ad-domain", stated); codesOf(v) != "dns.ad-domain-unresolvable likely" {
		t.Errorf("a stated domain: %s %q", v.Outcome, codesOf(v))
	}
}

func TestWindowsHasTheLastWordOnAWSNames(t *testing.T) {
	both := gdAnswer("10.0.2.10")
	both.Servers = [][]string{{"10.0.2.10", "10.0.2.11"}}
	guest := estate.GuestDNSPart.Key(gdKey(""))
	office := func(g estate.GuestDNS) instEstate { return gdElsewhere(gdOffice(g, "10.0.2.10", "10.0.2.11")) }
	online := func(e instEstate) instEstate {
		return instPut(e, estate.ManagedNodePart, instID, estate.ManagedNode{ID: instID, PingStatus: "Online"})
	}
	for _, c := range []struct {
		name, codes, whys string
		outcome           Outcome
		estate            instEstate
	}{
		{"Windows gets public addresses", "dns.aws-names-not-forwarded proven", "", Problem, online(gdInternet(office(gdPublic(both))))},
		{"somebody forwards", "", "", OK, office(both)},
		{"Windows not asked", "dns.aws-names-not-forwarded likely", "", Problem, gdUnknown(office(both), fact.NeedsGuest, guest)},
		{"asking Windows refused", "", "denied", Unknown, gdUnknown(office(both), fact.Denied, guest)},
		{"Windows uses other servers, and they forward", "", "", OK, office(gdAnswer("192.168.1.1"))},
		{"servers that nobody knows, and they forward", "", "", OK, gdOffice(gdAnswer("192.168.1.1"), "192.168.1.1")},
		{"servers that nobody knows, and they do not", "dns.aws-names-not-forwarded proven", "", Problem, gdOffice(gdPublic(gdAnswer("192.168.1.1")), "192.168.1.1")},
	} {
		t.Run(c.name, func(t *testing.T) {
			if v := instJudge(t, "dns.aws-names", c.estate); v.Outcome != c.outcome || codesOf(v) != c.codes || whysOf(v) != c.whys {
				t.Errorf("%s, findings %q, whys %q", v.Outcome, codesOf(v), whysOf(v))
			}
		})
	}
}

// What Windows gets for AWS's names (domain.md DNS-3), whatever the configuration says.
func TestAWSNamesInsideWindows(t *testing.T) {
	resolver := gdAnswer("10.0.0.2")
	rule := func(e instEstate) instEstate { return dnsRule(e, gdDomain, "COMPLETE", "10.0.2.10:53", "10.0.2.11:53") }
	both := func(servers ...string) estate.GuestDNS {
		g := gdAnswer("10.0.2.10")
		g.Servers = [][]string{servers}
		return g
	}
	controller := func(e instEstate) instEstate {
		return instPut(e, estate.GuestIdentityPart, instID, estate.GuestIdentity{Role: 5})
	}
	for _, c := range []struct {
		name, codes, whys string
		outcome           Outcome
		severity          finding.Severity
		estate            instEstate
	}{
		{"as the VPC does", "", "", OK, "", rule(gdOffice(resolver, "AmazonProvidedDNS"))},
		{"public, and private by the VPC", "dns.aws-names-not-forwarded proven", "", Problem, "", gdOffice(gdPublic(both("10.0.2.10", "10.0.2.11")), "10.0.2.10", "10.0.2.11")},
		{"the same with a way out", "dns.aws-names-not-forwarded proven", "", Problem, finding.Warning, gdInternet(gdOffice(gdPublic(both("10.0.2.10", "10.0.2.11")), "10.0.2.10", "10.0.2.11"))},
		{"no answer for AWS names", "dns.aws-names-not-forwarded proven", "", Problem, "", gdInternet(gdOffice(gdSet(both("10.0.2.10", "10.0.2.11"), gdHostSSM, "", dnsNoName), "10.0.2.10", "10.0.2.11"))},
		{"public, and the Resolver not asked", "dns.aws-names-not-forwarded likely", "", Problem, "",
			gdOffice(gdSet(gdSet(both("10.0.2.10", "10.0.2.11"), gdHostSSM, "", 0, "52.1.2.3"), gdHostSSM, resolverAddress, dnsTimeout), "10.0.2.10", "10.0.2.11")},
		{"public everywhere without endpoints", "", "", OK, "", instPut(rule(gdOffice(
			gdSet(gdSet(gdPublic(resolver), gdHostSSM, resolverAddress, 0, "52.1.2.3"), gdHostMsg, resolverAddress, 0, "52.9.9.9"), "AmazonProvidedDNS")), estate.EndpointsPart, "vpc-1", []estate.Endpoint{})},
		{"public everywhere despite endpoints", "", "not-modelled", Unknown, "", rule(gdOffice(gdSet(gdSet(resolver, gdHostSSM, "", 0, "52.1.2.3"), gdHostSSM, resolverAddress, 0, "52.1.2.3"), "AmazonProvidedDNS"))},
		{"another VPC's endpoint, by the AD's DNS", "", "", OK, "", gdOffice(gdSet(gdSet(both("10.0.2.10", "10.0.2.11"), gdHostSSM, "", 0, "10.9.0.5"), gdHostSSM, resolverAddress, 0, "52.1.2.3"), "10.0.2.10", "10.0.2.11")},
		{"nobody answers for AWS names", "", "not-modelled", Unknown, "", rule(gdOffice(gdSet(gdSet(resolver, gdHostSSM, "", dnsTimeout), gdHostSSM, resolverAddress, dnsTimeout), "AmazonProvidedDNS"))},
		{"the VPC's own Resolver contradicts itself", "", "not-modelled", Unknown, "", rule(gdOffice(gdPublic(resolver), "AmazonProvidedDNS"))},
		{"other servers than handed out", "", "blocked-by", Unknown, "", gdOffice(gdPublic(gdAnswer("192.168.1.1")), "10.0.2.10")},
		{"a controller with servers of its own", "dns.aws-names-not-forwarded proven", "", Problem, "", controller(gdOffice(gdPublic(gdAnswer("127.0.0.1")), "10.0.2.10"))},
		{"servers that Windows would not tell", "", "not-recorded", Unknown, "", gdOffice(func() estate.GuestDNS {
			g := gdPublic(resolver)
			g.Servers, g.Unread = nil, estate.GuestUnread{"servers"}
			return g
		}(), "10.0.2.10")},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := instJudge(t, "dns.aws-names", c.estate)
			if v.Outcome != c.outcome || codesOf(v) != c.codes || whysOf(v) != c.whys || !v.Say.Complete() {
				t.Errorf("%s, findings %q, whys %q, says %+v", v.Outcome, codesOf(v), whysOf(v), v.Say)
			}
			if len(v.Findings) > 0 && v.Findings[0].Severity != c.severity {
				t.Errorf("severity %q, want %q", v.Findings[0].Severity, c.severity)
			}
		})
	}
}

// Taking facts away makes the judgements of names unknown and nothing else.
func TestLookupMonotone(t *testing.T) {
	probes := slices.Concat(dnsProbes(), adDNSProbes(), insideDNSProbes())
	rapid.Check(t, func(t *rapid.T) {
		server := rapid.SampledFrom([]string{"10.0.0.2", "10.0.2.10", "192.168.1.1", "127.0.0.1"}).Draw(t, "server")
		dhcp := rapid.SampledFrom([]string{"AmazonProvidedDNS", "10.0.2.10", "192.168.1.1"}).Draw(t, "dhcp")
		g := gdAnswer(server)
		code := rapid.SampledFrom([]int{0, 0, dnsNoName, dnsTimeout, dnsNoCode})
		g = gdNoDomain(g, code.Draw(t, "domain"))
		if g.Queries[0].Code == 0 {
			g = gdSet(g, directoryRecord+gdDomain, "", 0, "dc1")
		}
		ip := rapid.SampledFrom([]string{"10.0.1.50", "10.9.9.9", "52.1.2.3"})
		g = gdSet(g, gdHostSSM, "", code.Draw(t, "ssm"), ip.Draw(t, "ip"))
		g = gdSet(g, gdHostSSM, resolverAddress, code.Draw(t, "vpc"), ip.Draw(t, "vpc ip"))
		e := gdOffice(g, dhcp)
		if rapid.Bool().Draw(t, "internet") {
			e = gdInternet(e)
		}
		if rapid.Bool().Draw(t, "elsewhere") {
			e = gdElsewhere(e)
		}
		if rapid.Bool().Draw(t, "rule") {
			e = dnsRule(e, gdDomain, "COMPLETE", rapid.SampledFrom([]string{"10.0.2.10:53", "10.0.9.9:53"}).Draw(t, "target"))
		}
		if rapid.Bool().Draw(t, "no endpoints") {
			e = instPut(e, estate.EndpointsPart, "vpc-1", []estate.Endpoint{})
		}
		if rapid.Bool().Draw(t, "no product") {
			i := estate.InstancePart.Of(estate.NewView(e.Estate), instID).Value()
			i.ProductCodes, i.Tags = nil, nil
			e = instPut(e, estate.InstancePart, instID, i)
		}
		if rapid.Bool().Draw(t, "controller") {
			e = instPut(e, estate.GuestIdentityPart, instID, estate.GuestIdentity{Role: 5})
		}
		if rapid.Bool().Draw(t, "hostnames off") {
			e = instPut(e, estate.VPCDNSPart, "vpc-1", estate.VPCDNS{Support: true})
		}
		if rapid.Bool().Draw(t, "online") {
			e = instPut(e, estate.ManagedNodePart, instID, estate.ManagedNode{ID: instID, PingStatus: "Online"})
		}
		poor := instEstate{e.Clone()}
		for _, k := range e.Keys() {
			if rapid.IntRange(0, 4).Draw(t, "lose "+k.String()) == 0 {
				poor = gdUnknown(poor, fact.Denied, k)
			}
		}
		for _, p := range probes {
			was, is := p.Judge(estate.NewView(e.Estate)), p.Judge(estate.NewView(poor.Estate))
			checkPoorer(t, p.ID, was, is)
		}
	})
}

// checkPoorer checks that knowing less says nothing new.
func checkPoorer(t interface{ Errorf(string, ...any) }, id string, was, is Verdict) {
	if is.Outcome != Unknown && is.Outcome != was.Outcome {
		t.Errorf("%s: %s becomes %s (%s; %s)", id, was.Outcome, is.Outcome, codesOf(was), codesOf(is))
	}
	if is.Outcome == Unknown && len(is.Whys) == 0 {
		t.Errorf("%s: unknown without a reason", id)
	}
	for _, f := range is.Findings {
		i := slices.IndexFunc(was.Findings, func(g finding.Finding) bool { return g.ID() == f.ID() })
		if i < 0 {
			t.Errorf("%s: %s appears; it had %s", id, f.ID(), codesOf(was))
			continue
		}
		g := was.Findings[i]
		if f.Severity != finding.Info && g.Severity == finding.Info || f.Certainty.AtMost(g.Certainty) != f.Certainty {
			t.Errorf("%s: %s was %q %s, is %q %s", id, f.ID(), g.Severity, g.Certainty, f.Severity, f.Certainty)
		}
	}
}
