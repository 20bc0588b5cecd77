package probe

import (
	"slices"
	"testing"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
)

// dnsPlain is a running instance that has nothing to do with License Manager, in the
// VPC of dnsOffice.
func dnsPlain(servers ...string) instEstate {
	e := instPut(dnsOffice(servers...), estate.VPCPart, "vpc-1", estate.VPC{ID: "vpc-1", CIDR: "10.0.0.0/16", DHCP: "dopt-1", OwnerID: "111122223333"})
	e.Target.Account = "111122223333"
	return instPut(e, estate.InstancePart, instID, estate.Instance{
		ID: instID, State: "running", VPC: "vpc-1", Subnet: "subnet-1", PrivateIP: "10.0.1.10", Groups: []string{"sg-1"}, ImageID: "ami-1"})
}

// dnsRoute gives the VPC a default route, and what a working NAT gateway needs.
func dnsRoute(e instEstate, target string) instEstate {
	e = instPut(e, estate.RouteTablesPart, "vpc-1", []estate.RouteTable{
		{ID: "rtb-1", Main: true, Routes: []estate.Route{{CIDR4: "0.0.0.0/0", Target: target, State: "active"}}},
		{ID: "rtb-2", Subnets: []string{"subnet-2"}, Routes: []estate.Route{{CIDR4: "0.0.0.0/0", Target: "igw-1", State: "active"}}}})
	e = instPut(e, estate.NATGatewaysPart, "vpc-1", []estate.NATGateway{{ID: "nat-1", Subnet: "subnet-2", State: "available", PrivateIP: "10.0.9.9"}})
	e = instPut(e, estate.InternetGatewaysPart, "vpc-1", []estate.Gateway{{ID: "igw-1", State: "available"}})
	e = instPut(e, estate.EndpointInterfacesPart, "vpc-1", []estate.Interface{})
	e = instPut(e, estate.SecurityGroupPart, "sg-1", estate.SecurityGroup{ID: "sg-1", Rules: []estate.SecurityGroupRule{{Egress: true, Protocol: "-1", CIDR4: "0.0.0.0/0"}}})
	all := func(egress bool) estate.NetworkACLEntry {
		return estate.NetworkACLEntry{Number: 100, Egress: egress, Allow: true, Protocol: "-1", CIDR4: "0.0.0.0/0", ToPort: 65535}
	}
	return instPut(e, estate.NetworkACLsPart, "vpc-1", []estate.NetworkACL{{ID: "acl-1", Subnets: []string{"subnet-1", "subnet-2"}, Entries: []estate.NetworkACLEntry{all(false), all(true)}}})
}

func dnsImage(e instEstate) instEstate {
	return instPut(e, estate.ImagePart, "ami-1", estate.Image{ID: "ami-1", Created: instNow.AddDate(0, -1, 0)})
}

func dnsAttributes(e instEstate, support, hostnames bool) instEstate {
	return dnsImage(instPut(e, estate.VPCDNSPart, "vpc-1", estate.VPCDNS{Support: support, Hostnames: hostnames}))
}

func dnsOnline(e instEstate) instEstate {
	e = instPut(e, estate.ManagedNodePart, instID, estate.ManagedNode{ID: instID, PingStatus: "Online", LastPing: instNow.Add(-time.Minute), AgentVersion: "3.3.3050.0"})
	return instPut(e, estate.ConnectionPart, instID, estate.Connection{Status: "connected"})
}

// An attribute that is off matters only where the agent has no other way.
func TestAttributesThatTakeNothingAway(t *testing.T) {
	tgw := func(e instEstate) instEstate {
		return instPut(dnsRoute(e, "nat-1"), estate.RouteTablesPart, "vpc-1", []estate.RouteTable{{ID: "rtb-1", Main: true, Routes: []estate.Route{{CIDR4: "0.0.0.0/0", Target: "tgw-1", State: "active"}}}})
	}
	others := func(e instEstate) instEstate {
		return instPut(e, estate.EndpointsPart, "vpc-1", []estate.Endpoint{{ID: "vpce-9", Service: "com.amazonaws.ap-northeast-1.ecr.api", Type: "Interface", State: "available", PrivateDNS: true}})
	}
	for _, c := range []struct {
		name, codes, whys string
		outcome           Outcome
		estate            instEstate
	}{
		{"no other way", "dns.vpc-hostnames-off proven", "", Problem, dnsAttributes(dnsPlain("AmazonProvidedDNS"), true, false)},
		{"a NAT gateway leads to the public addresses", "", "", OK, dnsAttributes(dnsRoute(dnsPlain("AmazonProvidedDNS"), "nat-1"), true, false)},
		{"a transit gateway may", "", "not-modelled", Unknown, dnsAttributes(tgw(dnsPlain("AmazonProvidedDNS")), true, false)},
		{"the endpoints are for other services", "", "", OK, dnsAttributes(others(dnsPlain("AmazonProvidedDNS")), true, false)},
		{"AWS reports the agent working", "dns.vpc-hostnames-off possible", "", Problem, dnsAttributes(dnsOnline(dnsPlain("AmazonProvidedDNS")), true, false)},
		{"no Resolver, and nobody else to ask", "dns.vpc-support-off proven", "", Problem, dnsAttributes(dnsRoute(dnsPlain("AmazonProvidedDNS"), "nat-1"), false, true)},
		{"no Resolver, and nobody asks it", "", "", OK, dnsAttributes(dnsRoute(dnsPlain("192.168.1.1"), "nat-1"), false, true)},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := instJudge(t, "dns.vpc-attributes", c.estate)
			if v.Outcome != c.outcome || codesOf(v) != c.codes || whysOf(v) != c.whys {
				t.Errorf("%s, findings %q, whys %q", v.Outcome, codesOf(v), whysOf(v))
			}
			if c.name == "AWS reports the agent working" && v.Findings[0].Severity != finding.Info {
				t.Errorf("severity %q", v.Findings[0].Severity)
			}
		})
	}
}

func TestNoOptionSetAndYetOnline(t *testing.T) {
	none := instPut(dnsPlain("AmazonProvidedDNS"), estate.VPCPart, "vpc-1", estate.VPC{ID: "vpc-1", CIDR: "10.0.0.0/16", DHCP: "default"})
	if v := instJudge(t, "dns.options", none); codesOf(v) != "dns.dhcp-options-none likely" || v.Findings[0].Severity != "" {
		t.Errorf("not registered: %q %v", codesOf(v), v.Findings)
	}
	if v := instJudge(t, "dns.options", dnsOnline(none)); codesOf(v) != "dns.dhcp-options-none possible" || v.Findings[0].Severity != finding.Info {
		t.Errorf("online: %q %v", codesOf(v), v.Findings)
	}
	if v := instJudge(t, "dns.aws-names", none); v.Outcome != Unknown {
		t.Errorf("nobody is asked for names, and they are called resolved: %s", v.Outcome)
	}
}

// Mixed servers may or may not know the domain; that they are mixed is the finding.
func TestMixedServersDecideNothingElse(t *testing.T) {
	for _, servers := range [][]string{{"10.0.2.10", "AmazonProvidedDNS"}, {"AmazonProvidedDNS", "10.0.2.10"}} {
		e := dnsOffice(servers...)
		if v := instJudge(t, "dns.ad-domain", e); v.Outcome != Unknown || whysOf(v) != "blocked-by" {
			t.Errorf("%v: dns.ad-domain is %s %q %q", servers, v.Outcome, codesOf(v), whysOf(v))
		}
		if v := instJudge(t, "dns.aws-names", e); v.Outcome != Unknown || whysOf(v) != "blocked-by" {
			t.Errorf("%v: dns.aws-names is %s %q", servers, v.Outcome, whysOf(v))
		}
		if v := instJudge(t, "dns.ad-domain", dnsRule(e, "corp.example.local", "COMPLETE", "10.0.2.10:53")); v.Outcome != OK {
			t.Errorf("%v with a rule: dns.ad-domain is %s", servers, v.Outcome)
		}
	}
}

func TestAWSNamesWhereTheInternetIsAWayToo(t *testing.T) {
	e := dnsRoute(dnsOffice("10.0.2.10", "10.0.2.11"), "nat-1")
	e = instPut(e, estate.DirectoriesPart, "", []estate.Directory{{ID: "d-1234567890", Name: "corp.example.local", Type: "MicrosoftAD", Stage: "Active", VPC: "vpc-2", DNS: []string{"10.0.2.10", "10.0.2.11"}}})
	v := instJudge(t, "dns.aws-names", e)
	if codesOf(v) != "dns.aws-names-not-forwarded likely" || v.Findings[0].Severity != finding.Warning {
		t.Errorf("%q %v", codesOf(v), v.Findings)
	}
	e = instPut(e, estate.EndpointsPart, "vpc-1", []estate.Endpoint{{ID: "vpce-9", Service: "com.amazonaws.ap-northeast-1.logs", Type: "Interface", State: "available", PrivateDNS: true}})
	if v := instJudge(t, "dns.aws-names", e); v.Outcome != OK {
		t.Errorf("endpoints that the agent does not use: %s %q", v.Outcome, codesOf(v))
	}
}

// What proves that the domain could not be resolved: a failed join of this domain,
// on this instance, that nobody else's command made, under the settings of today.
func TestWitnessesOfAFailedJoin(t *testing.T) {
	died := instNow.Add(-26 * time.Hour)
	joined := func(domain string, at time.Time) estate.Invocation {
		return estate.Invocation{CommandID: "c-1", Document: "AWS-RunPowerShellScript", Status: "Failed", Requested: at,
			Error: "Computer 'EC2AMAZ-1' failed to join domain '" + domain + "': The specified domain either does not exist or could not be contacted."}
	}
	fine := func(at time.Time) estate.Invocation {
		return estate.Invocation{CommandID: "c-2", Document: "AWS-RunPowerShellScript", Status: "Success", Requested: at}
	}
	send := func(at time.Time, issuer string) estate.TrailEvent {
		return estate.TrailEvent{Name: "SendCommand", Time: at, Actor: estate.Actor{Type: "AssumedRole", Issuer: issuer}}
	}
	const license = "AWSServiceRoleForAWSLicenseManagerUserSubscriptionsService"
	dead := func(events []estate.TrailEvent, runs ...estate.Invocation) instEstate {
		launch := instLaunch(died.Add(-20 * time.Minute))
		launch.Launch.ProductCodes = []estate.ProductCode{{ID: "77yzkpa7kvee1y1tt7wnsdwoc", Type: "marketplace"}}
		e := instGone(dnsOffice("AmazonProvidedDNS"))
		e = instTrail(e, append(append([]estate.TrailEvent{launch}, events...), instEnd(died, estate.Actor{Issuer: license}))...)
		return instPut(e, estate.CommandsPart, instID, estate.Commands{Complete: true, Invocations: runs})
	}
	changed := func(e instEstate) instEstate {
		q := resource("vpc-1")
		q.Since = died
		return instPut(e, estate.TrailPart, q.String(), estate.Trail{Complete: true, Events: []estate.TrailEvent{{Name: "AssociateDhcpOptions", Time: died.Add(time.Hour)}}})
	}
	at := died.Add(-5 * time.Minute)
	for _, c := range []struct {
		name, want string
		estate     instEstate
	}{
		{"License Manager's", "proven", dead([]estate.TrailEvent{send(at, license)}, joined("corp.example.local", at))},
		{"CloudTrail names nobody", "proven", dead(nil, joined("corp.example.local", at))},
		{"the customer's", "likely", dead([]estate.TrailEvent{send(at, "BuildRole")}, joined("corp.example.local", at))},
		{"of another domain", "likely", dead([]estate.TrailEvent{send(at, license)}, joined("old.example.local", at))},
		{"made good days before", "likely", dead(nil, fine(at), joined("corp.example.local", at.AddDate(0, 0, -3)))},
		{"followed by a clean-up", "proven", dead(nil, fine(at.Add(time.Minute)), joined("corp.example.local", at))},
		{"under options that were changed since", "likely", changed(dead(nil, joined("corp.example.local", at)))},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := instJudge(t, "dns.ad-domain", c.estate)
			if codesOf(v) != "dns.ad-domain-unresolvable "+c.want {
				t.Fatalf("%s %q %q", v.Outcome, codesOf(v), whysOf(v))
			}
			after := slices.ContainsFunc(v.Findings[0].Assumptions, func(a finding.Assumption) bool { return a.Code == finding.AssumeUnchanged })
			if after != (c.want == "likely") {
				t.Errorf("assumptions: %v", v.Findings[0].Assumptions)
			}
		})
	}
}

func TestARuleThatIsJustBeingAssociated(t *testing.T) {
	e := dnsRule(dnsOffice("AmazonProvidedDNS"), "corp.example.local", "CREATING", "10.0.2.10:53")
	if v := instJudge(t, "dns.ad-domain", e); v.Outcome != Unknown || whysOf(v) != string(fact.TooEarly) {
		t.Errorf("%s %q %q", v.Outcome, codesOf(v), whysOf(v))
	}
}

// A rule and an operational endpoint are no answer yet: the groups on both ends have
// to let DNS through.
func TestTheResolverEndpointGetsThrough(t *testing.T) {
	out := func(port int, cidr string) estate.SecurityGroupRule {
		return estate.SecurityGroupRule{ID: "sgr", Egress: true, Protocol: "-1", FromPort: port, ToPort: port, CIDR4: cidr}
	}
	in := func(protocol string) estate.SecurityGroupRule {
		return estate.SecurityGroupRule{ID: "sgr", Protocol: protocol, FromPort: 53, ToPort: 53, CIDR4: "10.0.9.0/24"}
	}
	world := func(egress []estate.SecurityGroupRule, ingress ...estate.SecurityGroupRule) instEstate {
		e := dnsRule(dnsOffice("AmazonProvidedDNS"), "corp.example.local", "COMPLETE", "10.0.2.10:53", "10.0.2.11:53")
		e = instPut(e, estate.ResolverEndpointsPart, "", []estate.ResolverEndpoint{{ID: "rslvr-out-1", Direction: "OUTBOUND", Status: "OPERATIONAL", VPC: "vpc-1", Groups: []string{"sg-out"}}})
		e = instPut(e, estate.SecurityGroupPart, "sg-out", estate.SecurityGroup{ID: "sg-out", Rules: egress})
		return instPut(e, estate.SecurityGroupPart, "sg-dc", estate.SecurityGroup{ID: "sg-dc", Rules: ingress})
	}
	all := []estate.SecurityGroupRule{out(-1, "0.0.0.0/0")}
	denied := world(all, in("udp"), in("tcp"))
	denied.Put(estate.SecurityGroupPart.Unknown("sg-out", fact.Why{Reason: fact.Denied, Action: "x"}))
	ungrouped := instPut(world(all, in("udp"), in("tcp")), estate.ResolverEndpointsPart, "", []estate.ResolverEndpoint{{ID: "rslvr-out-1", Status: "OPERATIONAL", VPC: "vpc-1"}})
	for _, c := range []struct {
		name, codes, whys string
		outcome           Outcome
		estate            instEstate
	}{
		{"open", "", "", OK, world(all, in("udp"), in("tcp"))},
		{"out to one of the two", "", "", OK, world([]estate.SecurityGroupRule{out(-1, "10.0.2.11/32")}, in("udp"), in("tcp"))},
		{"out to neither", "dns.ad-servers-unreachable proven", "", Problem, world([]estate.SecurityGroupRule{out(-1, "10.7.0.0/16")}, in("udp"), in("tcp"))},
		{"in on udp only", "dns.ad-servers-unreachable proven", "", Problem, world(all, in("udp"))},
		{"not in at all", "dns.ad-servers-unreachable proven", "", Problem, world(all)},
		{"closed on both ends", "dns.ad-servers-unreachable proven", "", Problem, world(nil)},
		{"the endpoint's group denied", "", "denied", Unknown, denied},
		{"the endpoint's groups not told", "", "not-recorded", Unknown, ungrouped},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := instJudge(t, "dns.ad-servers", c.estate)
			if v.Outcome != c.outcome || codesOf(v) != c.codes || whysOf(v) != c.whys {
				t.Errorf("%s, findings %q, whys %q", v.Outcome, codesOf(v), whysOf(v))
			}
		})
	}
}
