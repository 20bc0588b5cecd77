package probe

import (
	"slices"
	"testing"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
)

// dnsOffice is a running Office instance in a VPC whose directory is registered.
func dnsOffice(servers ...string) instEstate {
	e := instPut(instNew(), estate.InstancePart, instID, estate.Instance{
		ID: instID, State: "running", VPC: "vpc-1", Subnet: "subnet-1", PrivateIP: "10.0.1.10", Groups: []string{"sg-1"},
		ProductCodes: []estate.ProductCode{{ID: "77yzkpa7kvee1y1tt7wnsdwoc", Type: "marketplace"}},
		Tags:         map[string]string{"AWSLicenseManager": "UserSubscriptions"},
	})
	e = instPut(e, estate.VPCPart, "vpc-1", estate.VPC{ID: "vpc-1", CIDR: "10.0.0.0/16", DHCP: "dopt-1"})
	e = instPut(e, estate.DHCPOptionsPart, "dopt-1", estate.DHCPOptions{ID: "dopt-1", DNSServers: servers})
	e = instPut(e, estate.VPCDNSPart, "vpc-1", estate.VPCDNS{Support: true, Hostnames: true})
	e = instPut(e, estate.EndpointsPart, "vpc-1", []estate.Endpoint{{ID: "vpce-1", Service: "com.amazonaws.ap-northeast-1.ssm", Type: "Interface", State: "available", PrivateDNS: true}})
	e = instPut(e, estate.DirectoriesPart, "", []estate.Directory{{ID: "d-1234567890", Name: "corp.example.local", Type: "MicrosoftAD",
		Stage: "Active", VPC: "vpc-1", DNS: []string{"10.0.2.10", "10.0.2.11"}, Group: "sg-dc"}})
	e = instPut(e, estate.DomainControllersPart, "d-1234567890", []estate.DomainController{
		{ID: "dc-1", IP: "10.0.2.10", Status: "Active", VPC: "vpc-1"}, {ID: "dc-2", IP: "10.0.2.11", Status: "Active", VPC: "vpc-1"}})
	e = instPut(e, estate.IdentityProvidersPart, "", []estate.IdentityProvider{{Directory: "d-1234567890", Product: "OFFICE_PROFESSIONAL_PLUS", Status: "REGISTERED"}})
	e = instPut(e, estate.LicensedInstancesPart, "", []estate.LicensedInstance{{ID: instID, Status: "ACTIVE", Directory: "d-1234567890"}})
	e = instPut(e, estate.LicenseInterfacesPart, "", []estate.Interface{})
	e = instPut(e, estate.CommandsPart, instID, estate.Commands{Complete: true})
	e = instPut(e, estate.PeeringsPart, "vpc-1", []estate.Peering{})
	e = instPut(e, estate.RouteTablesPart, "vpc-1", []estate.RouteTable{{ID: "rtb-1", Main: true, Routes: []estate.Route{{CIDR4: "10.0.0.0/16", Target: "local", State: "active"}}}})
	e = instPut(e, estate.ResolverAssociationsPart, "vpc-1", []estate.ResolverAssociation{})
	e = instPut(e, estate.ResolverRulesPart, "", []estate.ResolverRule{})
	e = instPut(e, estate.ResolverEndpointsPart, "", []estate.ResolverEndpoint{{ID: "rslvr-out-1", Direction: "OUTBOUND", Status: "OPERATIONAL"}})
	e = instPut(e, estate.NeighboursPart, "vpc-1", estate.Peers{Complete: true})
	e.Put(estate.ManagedNodePart.Part(instID, fact.Absent[estate.ManagedNode](fact.Origin{})))
	return e
}

func dnsRule(e instEstate, domain, status string, targets ...string) instEstate {
	e = instPut(e, estate.ResolverRulesPart, "", []estate.ResolverRule{{ID: "rslvr-rr-1", Type: "FORWARD", Domain: domain, Status: "COMPLETE", Targets: targets, Endpoint: "rslvr-out-1"}})
	return instPut(e, estate.ResolverAssociationsPart, "vpc-1", []estate.ResolverAssociation{{ID: "a", Rule: "rslvr-rr-1", VPC: "vpc-1", Status: status}})
}

func TestTheADDomainResolves(t *testing.T) {
	joinFailed := estate.Commands{Complete: true, Invocations: []estate.Invocation{{
		CommandID: "c-1", Document: "AWS-RunPowerShellScript", Status: "Failed", Requested: instNow,
		Error: "Add-Computer : Computer 'EC2AMAZ-1' failed to join domain 'corp.example.local' from its current workgroup 'WORKGROUP' with following error message: The specified domain either does not exist or could not be contacted.",
	}}}
	denied := func(e instEstate, p estate.Part) instEstate { e.Put(p); return e }
	no := fact.Why{Reason: fact.Denied, Action: "x"}
	for _, c := range []struct {
		name, codes, whys string
		outcome           Outcome
		estate            instEstate
	}{
		{"the seed: AmazonProvidedDNS and no rule", "dns.ad-domain-unresolvable likely", "", Problem, dnsOffice("AmazonProvidedDNS")},
		{"the same, and the join failed for it", "dns.ad-domain-unresolvable proven", "", Problem,
			instPut(dnsOffice("AmazonProvidedDNS"), estate.CommandsPart, instID, joinFailed)},
		{"a rule for the domain", "", "", OK, dnsRule(dnsOffice("AmazonProvidedDNS"), "corp.example.local.", "COMPLETE", "10.0.2.10:53", "10.0.2.11:53")},
		{"a rule for a parent", "", "", OK, dnsRule(dnsOffice("AmazonProvidedDNS"), "example.local", "COMPLETE", "10.0.2.10:53")},
		{"a rule for a name that only ends alike", "dns.ad-domain-unresolvable likely", "", Problem,
			dnsRule(dnsOffice("AmazonProvidedDNS"), "rp.example.local", "COMPLETE", "10.0.2.10:53")},
		{"an association that is not complete", "dns.ad-domain-unresolvable likely", "", Problem,
			dnsRule(dnsOffice("AmazonProvidedDNS"), "corp.example.local", "FAILED", "10.0.2.10:53")},
		{"a rule to servers that are no longer the directory's", "dns.resolver-rule-stale likely", "", Problem,
			dnsRule(dnsOffice("AmazonProvidedDNS"), "corp.example.local", "COMPLETE", "10.0.9.9:53")},
		{"the Resolver by address", "dns.ad-domain-unresolvable likely", "", Problem, dnsOffice("10.0.0.2")},
		{"the directory's servers", "", "", OK, dnsOffice("10.0.2.10", "10.0.2.11")},
		{"servers that nobody knows", "", "needs-guest", Unknown, dnsOffice("192.168.1.1")},
		{"rules denied", "", "denied", Unknown, denied(dnsOffice("AmazonProvidedDNS"), estate.ResolverRulesPart.Unknown("", no))},
		{"options denied", "", "denied", Unknown, denied(dnsOffice("AmazonProvidedDNS"), estate.DHCPOptionsPart.Unknown("dopt-1", no))},
		{"a shared rule that the list does not show", "", "not-visible", Unknown,
			instPut(dnsOffice("AmazonProvidedDNS"), estate.ResolverAssociationsPart, "vpc-1", []estate.ResolverAssociation{{Rule: "rslvr-rr-9", VPC: "vpc-1", Status: "COMPLETE"}})},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := instJudge(t, "dns.ad-domain", c.estate)
			if v.Outcome != c.outcome || codesOf(v) != c.codes || whysOf(v) != c.whys {
				t.Errorf("%s, findings %q, whys %q", v.Outcome, codesOf(v), whysOf(v))
			}
		})
	}
	plain := instPut(dnsOffice("AmazonProvidedDNS"), estate.InstancePart, instID, estate.Instance{ID: instID, State: "running", VPC: "vpc-1"})
	if v := instJudge(t, "dns.ad-domain", plain); v.Outcome != NotApplicable {
		t.Errorf("an instance that needs no domain: %s %s", v.Outcome, codesOf(v))
	}
}

func TestDHCPOptions(t *testing.T) {
	for _, c := range []struct {
		name, codes string
		servers     []string
		outcome     Outcome
	}{
		{"Amazon's", "", []string{"AmazonProvidedDNS"}, OK},
		{"mixed", "dns.mixed-servers possible", []string{"10.0.2.10", "AmazonProvidedDNS"}, Problem},
		{"mixed by address", "dns.mixed-servers possible", []string{"10.0.2.10", "10.0.0.2"}, Problem},
		{"own", "", []string{"10.0.2.10"}, OK},
		{"a set without servers", "dns.dhcp-options-none likely", nil, Problem},
	} {
		t.Run(c.name, func(t *testing.T) {
			if v := instJudge(t, "dns.options", dnsOffice(c.servers...)); v.Outcome != c.outcome || codesOf(v) != c.codes {
				t.Errorf("%s, findings %q", v.Outcome, codesOf(v))
			}
		})
	}
	none := instPut(dnsOffice("AmazonProvidedDNS"), estate.VPCPart, "vpc-1", estate.VPC{ID: "vpc-1", CIDR: "10.0.0.0/16", DHCP: "default"})
	if v := instJudge(t, "dns.options", none); codesOf(v) != "dns.dhcp-options-none likely" {
		t.Errorf("no set at all: %s %q", v.Outcome, codesOf(v))
	}
}

func TestVPCAttributes(t *testing.T) {
	for _, c := range []struct {
		name, codes string
		dns         estate.VPCDNS
		outcome     Outcome
	}{
		{"both on", "", estate.VPCDNS{Support: true, Hostnames: true}, OK},
		{"hostnames off, endpoints with private DNS", "dns.vpc-hostnames-off proven", estate.VPCDNS{Support: true}, Problem},
		{"support off", "dns.vpc-support-off proven", estate.VPCDNS{Hostnames: true}, Problem},
		{"both off", "dns.vpc-support-off proven", estate.VPCDNS{}, Problem},
	} {
		t.Run(c.name, func(t *testing.T) {
			if v := instJudge(t, "dns.vpc-attributes", instPut(dnsOffice("AmazonProvidedDNS"), estate.VPCDNSPart, "vpc-1", c.dns)); v.Outcome != c.outcome || codesOf(v) != c.codes {
				t.Errorf("%s, findings %q", v.Outcome, codesOf(v))
			}
		})
	}
	nat := instPut(dnsOffice("AmazonProvidedDNS"), estate.VPCDNSPart, "vpc-1", estate.VPCDNS{Support: true})
	if v := instJudge(t, "dns.vpc-attributes", instPut(nat, estate.EndpointsPart, "vpc-1", []estate.Endpoint{})); codesOf(v) != "dns.vpc-hostnames-off likely" {
		t.Errorf("Office, whose activation wants hostnames: %s %q", v.Outcome, codesOf(v))
	}
}

// The seed's own fix leads here when the directory is in another VPC.
func TestAWSNamesThroughAnotherVPCsDirectory(t *testing.T) {
	e := dnsOffice("10.0.2.10", "10.0.2.11")
	if v := instJudge(t, "dns.aws-names", e); v.Outcome != OK {
		t.Errorf("a directory in the same VPC: %s %q", v.Outcome, codesOf(v))
	}
	dirs := []estate.Directory{{ID: "d-1234567890", Name: "corp.example.local", Type: "MicrosoftAD", Stage: "Active", VPC: "vpc-2", DNS: []string{"10.0.2.10", "10.0.2.11"}}}
	e = instPut(e, estate.DirectoriesPart, "", dirs)
	v := instJudge(t, "dns.aws-names", e)
	if codesOf(v) != "dns.aws-names-not-forwarded likely" || !slices.Equal(v.Findings[0].Scope, []string{"ssm"}) {
		t.Errorf("%s %q %v", v.Outcome, codesOf(v), v.Findings)
	}
	online := instPut(e, estate.ManagedNodePart, instID, estate.ManagedNode{ID: instID, PingStatus: "Online", LastPing: instNow.Add(-time.Minute)})
	if v := instJudge(t, "dns.aws-names", online); codesOf(v) != "dns.aws-names-not-forwarded possible" || v.Findings[0].Severity != finding.Info {
		t.Errorf("an agent that is online: %q %v", codesOf(v), v.Findings)
	}
}
