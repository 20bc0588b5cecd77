package reach

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
)

// closed lists "code@resource" of the hops that close a path.
func closed(hops []Hop) []string {
	var out []string
	for _, h := range hops {
		out = append(out, string(h.Code)+"@"+h.Resource)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func reasons(whys []fact.Why) []string {
	var out []string
	for _, w := range whys {
		out = append(out, string(w.Reason))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func TestBetween(t *testing.T) {
	deny := func(n int, egress bool, from, to int, cidr string) estate.NetworkACLEntry {
		return estate.NetworkACLEntry{Number: n, Egress: egress, Protocol: "6", FromPort: from, ToPort: to, CIDR4: cidr}
	}
	for _, c := range []struct {
		name   string
		change func(*world)
		want   Verdict
		closed []string
		whys   []string
	}{
		{"everything open", func(*world) {}, Yes, nil, nil},
		{"no egress rule at all", func(w *world) { w.instance.Rules = nil }, No, []string{"network.sg-egress-blocks@sg-i"}, nil},
		{"egress on another port", func(w *world) {
			w.instance.Rules = []estate.SecurityGroupRule{tcpRule("sgr-80", true, 80, 80, "0.0.0.0/0")}
		}, No, []string{"network.sg-egress-blocks@sg-i"}, nil},
		{"egress by the endpoint's group", func(w *world) {
			w.instance.Rules = []estate.SecurityGroupRule{{ID: "sgr-g", Egress: true, Protocol: "tcp", FromPort: 443, ToPort: 443, Group: "sg-e"}}
		}, Yes, nil, nil},
		{"ingress from the instance's group", func(w *world) {
			w.endpoint.Rules = []estate.SecurityGroupRule{{ID: "sgr-g", Protocol: "6", FromPort: 0, ToPort: 65535, Group: "sg-i"}}
		}, Yes, nil, nil},
		{"ingress from another group", func(w *world) {
			w.endpoint.Rules = []estate.SecurityGroupRule{{ID: "sgr-g", Protocol: "tcp", FromPort: 443, ToPort: 443, Group: "sg-x"}}
		}, No, []string{"endpoint.sg-blocks@sg-e"}, nil},
		{"ingress from a group of a peering that is gone", func(w *world) {
			w.endpoint.Rules = []estate.SecurityGroupRule{{ID: "sgr-g", Protocol: "tcp", FromPort: 443, ToPort: 443, Group: "sg-i", PeeringID: "pcx-1", PeeringStatus: "deleted"}}
		}, No, []string{"endpoint.sg-blocks@sg-e"}, nil},
		{"prefix list that holds the address", func(w *world) {
			w.lists = []estate.PrefixList{{ID: "pl-1", CIDRs: []string{"nonsense", "10.0.1.0/24"}}}
			w.endpoint.Rules = []estate.SecurityGroupRule{{ID: "sgr-pl", Protocol: "tcp", FromPort: 443, ToPort: 443, PrefixList: "pl-1"}}
		}, Yes, nil, nil},
		{"prefix list that does not", func(w *world) {
			w.lists = []estate.PrefixList{{ID: "pl-1", CIDRs: []string{"10.9.0.0/16"}}}
			w.endpoint.Rules = []estate.SecurityGroupRule{{ID: "sgr-pl", Protocol: "tcp", FromPort: 443, ToPort: 443, PrefixList: "pl-1"}}
		}, No, []string{"endpoint.sg-blocks@sg-e"}, nil},
		{"prefix list that may not be read", func(w *world) {
			w.denied = append(w.denied, estate.PrefixListPart.Key("pl-1"))
			w.endpoint.Rules = []estate.SecurityGroupRule{{ID: "sgr-pl", Protocol: "tcp", FromPort: 443, ToPort: 443, PrefixList: "pl-1"}}
		}, Unknown, nil, []string{"denied"}},
		{"group that may not be read", func(w *world) { w.denied = append(w.denied, estate.SecurityGroupPart.Key("sg-e")) }, Unknown, nil, []string{"denied"}},
		{"rules that make no sense match nothing", func(w *world) {
			w.endpoint.Rules = []estate.SecurityGroupRule{
				tcpRule("a", false, 443, 443, "300.1.2.3/8"), tcpRule("b", false, 443, 443, "10.0.0.0/99"), tcpRule("c", false, 443, 443, ""),
				{ID: "d", Protocol: "frobnicate", FromPort: 443, ToPort: 443, CIDR4: "0.0.0.0/0"}, tcpRule("e", false, 9, 1, "0.0.0.0/0"),
				{ID: "f", Protocol: "300", FromPort: 443, ToPort: 443, CIDR4: "0.0.0.0/0"},
			}
		}, No, []string{"endpoint.sg-blocks@sg-e"}, nil},
		{"ACL denies the request", func(w *world) {
			w.acls[0].Entries = append(w.acls[0].Entries, deny(90, true, 443, 443, "10.0.2.0/24"))
		}, No, []string{"network.nacl-blocks-request@acl-a"}, nil},
		{"the same deny behind the allow does nothing", func(w *world) {
			w.acls[0].Entries = append(w.acls[0].Entries, deny(110, true, 443, 443, "10.0.2.0/24"))
		}, Yes, nil, nil},
		{"ACL of the endpoint's subnet lets nothing in", func(w *world) { w.acls[1].Entries = nil }, No,
			[]string{"network.nacl-blocks-request@acl-b", "network.nacl-blocks-return@acl-b"}, nil},
		{"ACL denies the answers", func(w *world) {
			w.acls[0].Entries = append(w.acls[0].Entries, deny(90, false, 1024, 65535, "0.0.0.0/0"))
		}, No, []string{"network.nacl-blocks-return@acl-a"}, nil},
		{"ACL denies ports that Windows does not use", func(w *world) {
			w.acls[0].Entries = append(w.acls[0].Entries, deny(90, false, 1024, 49151, "0.0.0.0/0"))
		}, Yes, nil, nil},
		{"ICMP and IPv6 entries are about something else", func(w *world) {
			w.acls[0].Entries = append(w.acls[0].Entries,
				estate.NetworkACLEntry{Number: 1, Protocol: "1", CIDR4: "0.0.0.0/0", FromPort: -1, ToPort: -1},
				estate.NetworkACLEntry{Number: 2, Protocol: "58", CIDR6: "::/0"},
				estate.NetworkACLEntry{Number: 3, Protocol: "-1", CIDR6: "::/0", ToPort: 65535},
				estate.NetworkACLEntry{Number: 4, Protocol: "x", CIDR4: "0.0.0.0/0", ToPort: 65535},
				estate.NetworkACLEntry{Number: 5, Protocol: "6", CIDR4: "1.2.3.4/64", ToPort: 65535},
				estate.NetworkACLEntry{Number: 6, Protocol: "6", CIDR4: "0.0.0.0/0", FromPort: 70000, ToPort: 80000})
		}, Yes, nil, nil},
		{"ACLs of the owner of the VPC are not visible", func(w *world) { w.acls = nil }, Unknown, nil, []string{"not-visible"}},
		{"a middlebox route inside the VPC", func(w *world) {
			w.tables[0].Routes = append(w.tables[0].Routes, estate.Route{CIDR4: "10.0.2.0/24", Target: "eni-9", State: "active"})
		}, Unknown, nil, []string{"not-modelled"}},
		{"route tables may not be read", func(w *world) { w.denied = append(w.denied, estate.RouteTablesPart.Key(vpcID)) }, Unknown, nil, []string{"denied"}},
		{"a default route does not catch what is inside", func(w *world) {
			w.tables[0].Routes = []estate.Route{{CIDR4: "0.0.0.0/0", Target: "tgw-1", State: "active"}}
		}, Yes, nil, nil},
		{"causes that hide behind each other are all found", func(w *world) {
			w.instance.Rules, w.endpoint.Rules = nil, nil
			w.acls[0].Entries = append(w.acls[0].Entries, deny(90, false, 49152, 65535, "10.0.0.0/8"))
		}, No, []string{"endpoint.sg-blocks@sg-e", "network.nacl-blocks-return@acl-a", "network.sg-egress-blocks@sg-i"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld()
			c.change(w)
			p := Between(w.view(), Question{From: w.side(), To: w.eni(), Port: TCP(443)})
			if p.Verdict != c.want {
				t.Errorf("verdict %s, want %s: %+v", p.Verdict, c.want, p.Hops)
			}
			if got := closed(p.Blocked()); !slices.Equal(got, c.closed) {
				t.Errorf("closed by %v, want %v", got, c.closed)
			}
			if got := reasons(p.Whys()); !slices.Equal(got, c.whys) {
				t.Errorf("open because of %v, want %v", got, c.whys)
			}
			for _, h := range p.Hops {
				if !h.Rule.Complete() {
					t.Errorf("hop %s says nothing in one language: %+v", h.Kind, h.Rule)
				}
			}
		})
	}
}

func TestSameSubnetHasNoACL(t *testing.T) {
	w := newWorld()
	for i := range w.acls {
		w.acls[i].Entries = nil
	}
	to := w.eni()
	to.Subnet = "subnet-a"
	if p := Between(w.view(), Question{From: w.side(), To: to, Port: TCP(443)}); p.Verdict != Yes || p.Via != "subnet" {
		t.Errorf("inside a subnet: %s via %q, want yes via subnet", p.Verdict, p.Via)
	}
}

func TestPartlyOpenAnswers(t *testing.T) {
	w := newWorld()
	w.acls[0].Entries = append(w.acls[0].Entries, estate.NetworkACLEntry{Number: 90, Protocol: "6", FromPort: 61000, ToPort: 65535, CIDR4: "0.0.0.0/0"})
	p := Between(w.view(), Question{From: w.side(), To: w.eni(), Port: TCP(443)})
	if p.Verdict != Yes {
		t.Fatalf("verdict %s, want yes", p.Verdict)
	}
	var partial []string
	for _, h := range p.Hops {
		if h.Partial != "" {
			partial = append(partial, h.Resource+" "+h.Partial)
		}
	}
	if want := []string{"acl-a 61000-65535"}; !slices.Equal(partial, want) {
		t.Errorf("partly open: %v, want %v", partial, want)
	}
	// For a NAT gateway's range the lower ports count too.
	p = Between(w.view(), Question{From: w.side(), To: w.eni(), Port: TCP(443), Ephemeral: Ports{61000, 65535}})
	if got := closed(p.Blocked()); !slices.Equal(got, []string{"network.nacl-blocks-return@acl-a"}) {
		t.Errorf("a client that uses only the closed ports: closed by %v", got)
	}
}

// Rules add up, also over a range of ports.
func TestPortRange(t *testing.T) {
	w := newWorld()
	q := Question{From: w.side(), To: w.eni(), Port: Port{Protocol: "tcp", From: 400, To: 500}}
	w.endpoint.Rules = []estate.SecurityGroupRule{tcpRule("a", false, 300, 443, "10.0.0.0/16"), tcpRule("b", false, 444, 600, "10.0.1.10/32")}
	if p := Between(w.view(), q); p.Verdict != Yes {
		t.Errorf("two rules that cover the range together: %s", p.Verdict)
	}
	w.endpoint.Rules[1].FromPort = 445
	if p := Between(w.view(), q); p.Verdict != No {
		t.Errorf("tcp/444 is covered by no rule: %s", p.Verdict)
	}
}

func TestNearestRule(t *testing.T) {
	w := newWorld()
	w.endpoint.Rules = []estate.SecurityGroupRule{
		tcpRule("sgr-far", false, 443, 443, "192.168.0.0/16"),
		tcpRule("sgr-near", false, 443, 443, "10.0.9.0/24"),
		tcpRule("sgr-out", true, 443, 443, "0.0.0.0/0"),
	}
	p := Between(w.view(), Question{From: w.side(), To: w.eni(), Port: TCP(443)})
	h := p.Blocked()[0]
	if h.Item != "sgr-near" || h.Nearest != "sgr-near tcp/443 10.0.9.0/24" {
		t.Errorf("nearest is %q (%s), want sgr-near", h.Nearest, h.Item)
	}
	if !strings.Contains(h.Rule.En, "closest is sgr-near (tcp/443 from 10.0.9.0/24)") || !strings.Contains(h.Rule.Ja, "sgr-near（tcp/443, 送信元 10.0.9.0/24）") {
		t.Errorf("the rule does not name it: %+v", h.Rule)
	}
	w.endpoint.Rules = append(w.endpoint.Rules, tcpRule("sgr-port", false, 80, 80, "10.0.1.0/24"))
	if h := Between(w.view(), Question{From: w.side(), To: w.eni(), Port: TCP(443)}).Blocked()[0]; h.Item != "sgr-port" {
		t.Errorf("nearest is %s, want the rule for the right peer", h.Item)
	}
}

func TestIPv6(t *testing.T) {
	w := newWorld()
	from, to := w.side(), w.eni()
	from.IPs = []netip.Addr{netip.MustParseAddr("2001:db8:1::10")}
	to.IPs = []netip.Addr{netip.MustParseAddr("2001:db8:2::20")}
	q := Question{From: from, To: to, Port: TCP(443)}
	if p := Between(w.view(), q); p.Verdict != No {
		t.Errorf("IPv4 rules let IPv6 through: %s", p.Verdict)
	}
	w.instance.Rules = []estate.SecurityGroupRule{{ID: "a", Egress: true, Protocol: "-1", FromPort: -1, ToPort: -1, CIDR6: "::/0"}}
	w.endpoint.Rules = []estate.SecurityGroupRule{{ID: "b", Protocol: "tcp", FromPort: 443, ToPort: 443, CIDR6: "2001:db8:1::/64"}}
	for i := range w.acls {
		for _, egress := range []bool{false, true} {
			w.acls[i].Entries = append(w.acls[i].Entries, estate.NetworkACLEntry{Number: 101, Egress: egress, Allow: true, Protocol: "-1", CIDR6: "::/0", ToPort: 65535})
		}
	}
	w.tables[0].Routes = append(w.tables[0].Routes, estate.Route{CIDR6: "2001:db8::/32", Target: local, State: "active"})
	if p := Between(w.view(), q); p.Verdict != Yes {
		t.Errorf("IPv6 path: %s, %+v", p.Verdict, p.Blocked())
	}
}

func TestPeering(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(w *world, far *[]estate.Route)
		want   Verdict
		closed []string
	}{
		{"active, routes both ways", func(*world, *[]estate.Route) {}, Yes, nil},
		{"no route there", func(w *world, _ *[]estate.Route) { w.tables[0].Routes = w.tables[0].Routes[:1] }, No, []string{"network.no-route@rtb-main"}},
		{"no route back", func(_ *world, far *[]estate.Route) { *far = (*far)[:1] }, No, []string{"network.no-route@rtb-far"}},
		{"not active", func(w *world, _ *[]estate.Route) { w.peerings[0].Status = "pending-acceptance" }, No,
			[]string{"network.route-blackhole@rtb-far", "network.route-blackhole@rtb-main"}},
		{"blackhole", func(w *world, _ *[]estate.Route) { w.tables[0].Routes[1].State = "blackhole" }, No, []string{"network.route-blackhole@rtb-main"}},
		{"a transit gateway is not evaluated", func(w *world, _ *[]estate.Route) { w.tables[0].Routes[1].Target = "tgw-1" }, Unknown, nil},
		{"leads to another VPC", func(w *world, _ *[]estate.Route) { w.peerings[0].AccepterVPC = "vpc-3" }, No, []string{"network.no-route@rtb-far", "network.no-route@rtb-main"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld()
			w.tables[0].Routes = append(w.tables[0].Routes, estate.Route{CIDR4: "172.16.0.0/16", Target: "pcx-1", State: "active"})
			w.peerings = []estate.Peering{{ID: "pcx-1", Status: "active", RequesterVPC: vpcID, AccepterVPC: "vpc-2"}}
			far := []estate.Route{{CIDR4: "172.16.0.0/16", Target: local, State: "active"}, {CIDR4: "10.0.0.0/16", Target: "pcx-1", State: "active"}}
			c.change(w, &far)
			e := estate.New(estate.Target{Region: "ap-northeast-1"}, w.view().AsOf())
			for _, p := range w.parts() {
				e.Put(p)
			}
			o := origin()
			e.Put(estate.RouteTablesPart.Part("vpc-2", fact.Known([]estate.RouteTable{{ID: "rtb-far", Main: true, Routes: far}}, o)))
			e.Put(estate.NetworkACLsPart.Part("vpc-2", fact.Known([]estate.NetworkACL{openACL("acl-far", "subnet-far")}, o)))
			e.Put(estate.PeeringsPart.Part("vpc-2", fact.Known(w.peerings, o)))
			e.Put(estate.SecurityGroupPart.Part("sg-dc", fact.Known(estate.SecurityGroup{ID: "sg-dc", Rules: []estate.SecurityGroupRule{
				{ID: "sgr-dns", Protocol: "udp", FromPort: 53, ToPort: 53, Group: "sg-i", PeeringStatus: "active"}}}, o)))
			to := Side{Label: "dc", VPC: "vpc-2", Subnet: "subnet-far", IPs: []netip.Addr{netip.MustParseAddr("172.16.0.10")}, Groups: []string{"sg-dc"}}
			p := Between(estate.NewView(e), Question{From: w.side(), To: to, Port: UDP(53)})
			if p.Verdict != c.want {
				t.Errorf("verdict %s, want %s: %v", p.Verdict, c.want, p.Whys())
			}
			if got := closed(p.Blocked()); !slices.Equal(got, c.closed) {
				t.Errorf("closed by %v, want %v", got, c.closed)
			}
		})
	}
}

// A group of another region cannot be named in a rule.
func TestGroupsOfAnotherRegion(t *testing.T) {
	w := newWorld()
	w.endpoint.Rules = []estate.SecurityGroupRule{{ID: "sgr-g", Protocol: "tcp", FromPort: 443, ToPort: 443, Group: "sg-i"}}
	q := Question{From: w.side(), To: w.eni(), Port: TCP(443)}
	q.From.Region, q.To.Region = "ap-northeast-1", "ap-northeast-3"
	if p := Between(w.view(), q); p.Verdict != No {
		t.Errorf("verdict %s, want no", p.Verdict)
	}
	q.To.Region = "ap-northeast-1"
	if p := Between(w.view(), q); p.Verdict != Yes {
		t.Errorf("in one region: %s, want yes", p.Verdict)
	}
}

func TestInternet(t *testing.T) {
	known := fact.Known(netip.MustParseAddr("203.0.113.9"), origin())
	for _, c := range []struct {
		name   string
		change func(*world, *Side)
		want   Verdict
		closed []string
		whys   []string
	}{
		{"no default route", func(*world, *Side) {}, No, []string{"network.no-route@rtb-main"}, nil},
		{"by NAT", func(w *world, _ *Side) { w.defaultRoute("nat-1", "active") }, Yes, nil, nil},
		{"NAT gateway deleted", func(w *world, _ *Side) { w.defaultRoute("nat-1", "blackhole"); w.nats[0].State = "deleted" }, No,
			[]string{"network.route-blackhole@nat-1", "network.route-blackhole@rtb-main"}, nil},
		{"NAT gateway failed", func(w *world, _ *Side) { w.defaultRoute("nat-1", "active"); w.nats[0].State = "failed" }, No, []string{"network.route-blackhole@nat-1"}, nil},
		{"NAT gateway in a subnet without a way out", func(w *world, _ *Side) {
			w.defaultRoute("nat-1", "active")
			w.tables[1].Routes = w.tables[1].Routes[:1]
		}, No, []string{"network.no-route@rtb-p"}, nil},
		{"private NAT gateway", func(w *world, _ *Side) { w.defaultRoute("nat-1", "active"); w.nats[0].Type = "private" }, No, []string{"network.no-public-address@nat-1"}, nil},
		{"NAT subnet's ACL closes what NAT uses", func(w *world, _ *Side) {
			w.defaultRoute("nat-1", "active")
			w.acls[2].Entries = append(w.acls[2].Entries, estate.NetworkACLEntry{Number: 90, Protocol: "6", FromPort: 1024, ToPort: 65535, CIDR4: "0.0.0.0/0"})
		}, No, []string{"network.nacl-blocks-return@acl-p"}, nil},
		{"NAT of the VPC's owner", func(w *world, _ *Side) { w.defaultRoute("nat-9", "active") }, Unknown, nil, []string{"not-visible"}},
		{"regional NAT gateway", func(w *world, _ *Side) { w.defaultRoute("nat-1", "active"); w.nats[0].Subnet = "" }, Unknown, nil, []string{"not-modelled"}},
		{"internet gateway without an address", func(w *world, _ *Side) { w.defaultRoute("igw-1", "active") }, No, []string{"network.no-public-address@i-1"}, nil},
		{"internet gateway with an address", func(w *world, s *Side) { w.defaultRoute("igw-1", "active"); s.Public = known }, Yes, nil, nil},
		{"address not known", func(w *world, s *Side) {
			w.defaultRoute("igw-1", "active")
			s.Public = fact.Unknown[netip.Addr](fact.Why{Reason: fact.NotRecorded})
		}, Unknown, nil, []string{"not-recorded"}},
		{"Block Public Access", func(w *world, s *Side) {
			w.defaultRoute("igw-1", "active")
			s.Public, w.vpc.BlockPublicAccess = known, "block-ingress"
		}, No, []string{"network.no-route@vpc-1"}, nil},
		{"Block Public Access for ingress lets NAT out", func(w *world, _ *Side) {
			w.defaultRoute("nat-1", "active")
			w.vpc.BlockPublicAccess = "block-ingress"
		}, Yes, nil, nil},
		{"transit gateway", func(w *world, _ *Side) { w.defaultRoute("tgw-1", "active") }, Unknown, nil, []string{"not-modelled"}},
		{"dead transit gateway", func(w *world, _ *Side) { w.defaultRoute("tgw-1", "blackhole") }, No, []string{"network.route-blackhole@rtb-main"}, nil},
		{"a part of the internet by another way", func(w *world, _ *Side) {
			w.defaultRoute("nat-1", "active")
			w.tables[0].Routes = append(w.tables[0].Routes, estate.Route{CIDR4: "52.0.0.0/8", Target: "tgw-1", State: "active"})
		}, Unknown, nil, []string{"not-modelled"}},
		{"IPv6 only", func(w *world, _ *Side) {
			w.tables[0].Routes = append(w.tables[0].Routes, estate.Route{CIDR6: "::/0", Target: "eigw-1", State: "active"})
		}, Unknown, nil, []string{"not-modelled"}},
		{"egress to private addresses only", func(w *world, _ *Side) {
			w.defaultRoute("nat-1", "active")
			w.instance.Rules = []estate.SecurityGroupRule{tcpRule("a", true, 443, 443, "10.0.0.0/8")}
		}, No, []string{"network.sg-egress-blocks@sg-i"}, nil},
		{"egress to a part of the internet", func(w *world, _ *Side) {
			w.defaultRoute("nat-1", "active")
			w.instance.Rules = []estate.SecurityGroupRule{tcpRule("a", true, 443, 443, "52.0.0.0/8")}
		}, Unknown, nil, []string{"not-modelled"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld()
			s := w.side()
			c.change(w, &s)
			p := Internet(w.view(), s, TCP(443))
			if p.Verdict != c.want {
				t.Errorf("verdict %s, want %s: closed %v, open %v", p.Verdict, c.want, closed(p.Blocked()), p.Whys())
			}
			if got := closed(p.Blocked()); !slices.Equal(got, c.closed) {
				t.Errorf("closed by %v, want %v", got, c.closed)
			}
			if c.want == Unknown {
				if got := reasons(p.Whys()); !slices.Equal(got, c.whys) {
					t.Errorf("open because of %v, want %v", got, c.whys)
				}
			}
		})
	}
}

func TestService(t *testing.T) {
	type expected struct {
		present, verdict Verdict
		sg               Verdict // the instance's egress
		ingress          []string
	}
	for _, c := range []struct {
		name   string
		change func(*world)
		want   expected
	}{
		{"by endpoint", func(*world) {}, expected{Yes, Yes, Yes, nil}},
		{"no endpoint, no route", func(w *world) { w.ends = nil }, expected{No, No, Yes, nil}},
		{"no endpoint, NAT", func(w *world) { w.ends = nil; w.defaultRoute("nat-1", "active") }, expected{No, Yes, Yes, nil}},
		{"no endpoint, transit gateway", func(w *world) { w.ends = nil; w.defaultRoute("tgw-1", "active") }, expected{No, Unknown, Yes, nil}},
		{"no endpoint, a transit gateway for other networks", func(w *world) {
			w.ends = nil
			w.tables[0].Routes = append(w.tables[0].Routes, estate.Route{CIDR4: "10.0.0.0/8", Target: "tgw-1", State: "active"})
		}, expected{No, Unknown, Yes, nil}},
		{"no endpoint, no route, and nothing may leave either", func(w *world) { w.ends, w.instance.Rules = nil, nil }, expected{No, No, No, nil}},
		{"endpoints may not be read", func(w *world) { w.denied = []estate.Key{estate.EndpointsPart.Key(vpcID)} }, expected{Unknown, Unknown, Unknown, nil}},
		{"shared VPC", func(w *world) { w.ends, w.vpc.OwnerID = nil, "222222222222" }, expected{Unknown, Unknown, Unknown, nil}},
		{"private DNS off, NAT", func(w *world) {
			w.ends[0].PrivateDNS = false
			w.endpoint.Rules = nil
			w.defaultRoute("nat-1", "active")
		}, expected{Yes, Yes, Yes, nil}},
		{"private DNS off, no route", func(w *world) { w.ends[0].PrivateDNS = false; w.endpoint.Rules = nil }, expected{Yes, No, Yes, []string{"endpoint.sg-blocks@sg-e"}}},
		{"VPC attributes off, endpoint closed too", func(w *world) { w.dns.Hostnames = false; w.endpoint.Rules = nil }, expected{Yes, No, Yes, []string{"endpoint.sg-blocks@sg-e"}}},
		{"endpoint closed, NAT does not help", func(w *world) { w.endpoint.Rules = nil; w.defaultRoute("nat-1", "active") }, expected{Yes, No, Yes, []string{"endpoint.sg-blocks@sg-e"}}},
		{"a gateway endpoint of that name is none", func(w *world) { w.ends[0].Type = "Gateway" }, expected{No, No, Yes, nil}},
		{"China's name", func(w *world) { w.ends[0].Service = "cn." + ssmEnd }, expected{Yes, Yes, Yes, nil}},
		{"interfaces may not be read", func(w *world) { w.denied = []estate.Key{estate.EndpointInterfacesPart.Key(vpcID)} }, expected{Yes, Yes, Yes, nil}},
		{"one of two interfaces can be reached", func(w *world) {
			w.ends[0].Interfaces = append(w.ends[0].Interfaces, "eni-f")
			w.enis = append(w.enis, estate.Interface{ID: "eni-f", Subnet: "subnet-p", PrivateIPs: []string{"10.0.0.20"}, Groups: []string{"sg-e"}})
			w.acls[1].Entries = nil
		}, expected{Yes, Yes, Yes, nil}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld()
			c.change(w)
			p := Service(w.view(), w.side(), "ssm")
			ingress := p.Layer(SGIngress)
			got := expected{p.Present, p.Verdict, p.Layer(SGEgress).Verdict, closed(ingress.Blocked)}
			if got.present != c.want.present || got.verdict != c.want.verdict || got.sg != c.want.sg || !slices.Equal(got.ingress, c.want.ingress) {
				t.Errorf("got %+v, want %+v (whys %v)", got, c.want, p.Whys)
			}
		})
	}
}

// Where one interface is closed by one thing and the other by another, both things
// are causes, though neither closes all interfaces.
func TestLayersOfSeveralInterfaces(t *testing.T) {
	w := newWorld()
	w.ends[0].Interfaces = append(w.ends[0].Interfaces, "eni-f")
	w.enis = append(w.enis, estate.Interface{ID: "eni-f", Subnet: "subnet-p", PrivateIPs: []string{"10.0.0.20"}, Groups: []string{"sg-e"}})
	w.acls[1].Entries = nil
	w.instance.Rules = []estate.SecurityGroupRule{tcpRule("a", true, 443, 443, "10.0.2.0/24")}
	p := Service(w.view(), w.side(), "ssm")
	if p.Verdict != No {
		t.Fatalf("verdict %s, want no", p.Verdict)
	}
	if got := closed(p.Layer(SGEgress).Blocked); !slices.Equal(got, []string{"network.sg-egress-blocks@sg-i"}) {
		t.Errorf("egress: %v", got)
	}
	if got := closed(p.Layer(ACLRequest).Blocked); !slices.Equal(got, []string{"network.nacl-blocks-request@acl-b"}) {
		t.Errorf("ACL: %v", got)
	}
}

func TestInto(t *testing.T) {
	known := fact.Known(netip.MustParseAddr("203.0.113.9"), origin())
	for _, c := range []struct {
		name, from string
		change     func(*world, *Side)
		want       Verdict
		closed     []string
	}{
		{"from the VPC", "10.0.2.7/32", func(*world, *Side) {}, Yes, nil},
		{"from nowhere routed", "192.168.1.1/32", func(*world, *Side) {}, No, []string{"network.no-route@rtb-main"}},
		{"from the internet without a gateway", "198.51.100.7/32", func(*world, *Side) {}, No, []string{"network.no-public-address@i-1", "network.no-route@rtb-main"}},
		{"from the internet", "198.51.100.7/32", func(w *world, s *Side) { w.defaultRoute("igw-1", "active"); s.Public = known }, Yes, nil},
		{"from the internet behind NAT", "198.51.100.7/32", func(w *world, s *Side) { w.defaultRoute("nat-1", "active"); s.Public = known }, No, []string{"network.no-route@rtb-main"}},
		{"a block of which only a part is let in", "198.51.100.0/24", func(w *world, s *Side) {
			w.defaultRoute("igw-1", "active")
			s.Public = known
			w.instance.Rules = []estate.SecurityGroupRule{tcpRule("a", false, 3389, 3389, "198.51.100.7/32")}
		}, Unknown, nil},
		{"IPv6", "2001:db8::/32", func(*world, *Side) {}, Unknown, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld()
			s := w.side()
			c.change(w, &s)
			p := Into(w.view(), Question{From: Side{Label: c.from, Block: netip.MustParsePrefix(c.from)}, To: s, Port: TCP(3389), Ephemeral: NATEphemeral})
			if p.Verdict != c.want || !slices.Equal(closed(p.Blocked()), c.closed) {
				t.Errorf("%s closed by %v, want %s by %v", p.Verdict, closed(p.Blocked()), c.want, c.closed)
			}
		})
	}
}

func TestOpens(t *testing.T) {
	w := newWorld()
	if v, rules, _ := Opens(w.view(), []string{"sg-i"}, TCP(3389)); v != Yes || len(rules) != 1 {
		t.Errorf("%s by %v, want yes by one rule", v, rules)
	}
	if v, _, _ := Opens(w.view(), []string{"sg-e"}, TCP(3389)); v != No {
		t.Errorf("%s, want no", v)
	}
	w.denied = []estate.Key{estate.SecurityGroupPart.Key("sg-e")}
	if v, _, whys := Opens(w.view(), []string{"sg-e"}, TCP(3389)); v != Unknown || len(whys) != 1 || whys[0].Reason != fact.Denied {
		t.Errorf("%s because of %v, want unknown because denied", v, whys)
	}
}

// A part that is on its way never makes parts wanted that may not be needed.
func TestWaitingAsksForWhatIsNeededOnly(t *testing.T) {
	w := newWorld().defaultRoute("nat-1", "active")
	e := estate.New(estate.Target{Region: "ap-northeast-1"}, w.view().AsOf())
	for _, p := range w.parts() {
		if p.Key.Kind == estate.RouteTablesPart.Name() || p.Key.Kind == estate.VPCPart.Name() {
			e.Put(p)
		}
	}
	v := estate.NewView(e)
	Service(v, w.side(), "ssm")
	var wanted []string
	for _, k := range v.Wanted() {
		wanted = append(wanted, k.Kind)
	}
	slices.Sort(wanted)
	if want := []string{"endpoints", "network-acls", "security-group"}; !slices.Equal(wanted, want) {
		t.Errorf("wanted %v, want %v", wanted, want)
	}
}

func BenchmarkTenThousandRules(b *testing.B) {
	w := newWorld()
	w.endpoint.Rules = nil
	for i := range 10000 {
		w.endpoint.Rules = append(w.endpoint.Rules, tcpRule("sgr", false, 443, 443, netip.AddrFrom4([4]byte{10, 1, byte(i >> 8), byte(i)}).String()+"/32"))
	}
	v := w.view()
	q := Question{From: w.side(), To: w.eni(), Port: TCP(443)}
	for b.Loop() {
		if p := Between(v, q); p.Verdict != No {
			b.Fatal(p.Verdict)
		}
	}
}

func BenchmarkService(b *testing.B) {
	w := newWorld()
	e := w.view()
	for b.Loop() {
		if p := Service(e, w.side(), "ssm"); p.Verdict != Yes {
			b.Fatal(p.Verdict)
		}
	}
}
