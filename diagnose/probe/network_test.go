package probe

import (
	"slices"
	"testing"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"pgregory.net/rapid"
)

// netCase is one account and what the probes say of it; what is not listed is ok
// or not applicable.
type netCase struct {
	name    string
	change  func(*netWorld)
	found   map[string][]string // probe → findings
	unknown map[string][]string // probe → reasons
}

func TestNetworkProbes(t *testing.T) {
	denyAnswers := estate.NetworkACLEntry{Number: 90, Protocol: "6", FromPort: 1024, ToPort: 65535, CIDR4: "10.0.0.0/8"}
	every := func(ids ...string) map[string][]string {
		m := map[string][]string{}
		for _, id := range []string{"endpoint.presence", "endpoint.state", "endpoint.private-dns", "endpoint.policy", "endpoint.security-groups",
			"network.security-groups", "network.acls", "network.routes"} {
			m[id] = ids
		}
		return m
	}
	for _, c := range []netCase{
		{"endpoints", func(*netWorld) {}, nil, nil},
		{"NAT without endpoints", func(w *netWorld) { w.endpoints = nil; w.route("nat-1", "active") }, nil, nil},
		{"no endpoint and no route", func(w *netWorld) { w.endpoints = nil },
			map[string][]string{"endpoint.presence": {"endpoint.missing@" + netSSM, "endpoint.missing@" + netMsg}}, nil},
		{"one endpoint is missing", func(w *netWorld) { w.endpoints = w.endpoints[:1] },
			map[string][]string{"endpoint.presence": {"endpoint.missing@" + netMsg}}, nil},
		{"a broken NAT gateway is no missing endpoint", func(w *netWorld) { w.endpoints = nil; w.route("nat-1", "active"); w.nats[0].State = "failed" },
			map[string][]string{"network.routes": {"network.route-blackhole@nat-1"}}, nil},
		{"internet gateway without a public address", func(w *netWorld) { w.endpoints = nil; w.route("igw-1", "active") },
			map[string][]string{"network.routes": {"network.no-public-address@" + netID}}, nil},
		{"transit gateway", func(w *netWorld) { w.endpoints = nil; w.route("tgw-1", "active") }, nil, map[string][]string{
			"endpoint.presence": {"not-modelled"}, "network.acls": {"not-modelled"}, "network.routes": {"not-modelled"}}},
		{"endpoint state", func(w *netWorld) { w.endpoints[0].State, w.endpoints[0].FailureReason = "failed", "no capacity" },
			map[string][]string{"endpoint.state": {"endpoint.not-available@" + netSSM}}, nil},
		{"capitalised state", func(w *netWorld) { w.endpoints[0].State = "Available" }, nil, nil},
		{"private DNS off", func(w *netWorld) { w.endpoints[1].PrivateDNS = false },
			map[string][]string{"endpoint.private-dns": {"endpoint.private-dns-off@" + netMsg}}, nil},
		{"private DNS off, but NAT", func(w *netWorld) { w.endpoints[1].PrivateDNS = false; w.route("nat-1", "active") }, nil, nil},
		{"VPC attributes are another probe's", func(w *netWorld) { w.dns.Hostnames = false }, nil, nil},
		{"endpoint's group", func(w *netWorld) {
			w.groups["sg-e"] = []estate.SecurityGroupRule{netRule("x", false, 443, "10.9.0.0/16")}
		},
			map[string][]string{"endpoint.security-groups": {"endpoint.sg-blocks@" + netSSM, "endpoint.sg-blocks@" + netMsg}}, nil},
		{"instance's group", func(w *netWorld) { w.groups["sg-i"] = nil },
			map[string][]string{"network.security-groups": {"network.sg-egress-blocks@sg-i"}}, nil},
		{"ACL there", func(w *netWorld) { w.acls[1].Entries = w.acls[1].Entries[:1] },
			map[string][]string{"network.acls": {"network.nacl-blocks-request@acl-b"}}, nil},
		{"ACL back", func(w *netWorld) { w.acls[0].Entries = append(w.acls[0].Entries, denyAnswers) },
			map[string][]string{"network.acls": {"network.nacl-blocks-return@acl-a"}}, nil},
		{"policy that denies", func(w *netWorld) {
			w.endpoints[0].Policy = `{"Statement":[{"Effect":"Allow","Principal":"*","Action":"ssm:Get*","Resource":"*"}]}`
		}, map[string][]string{"endpoint.policy": {"endpoint.policy-blocks@" + netSSM}}, nil},
		{"policy of AWS's own", func(w *netWorld) {
			w.endpoints[0].Policy = `{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}`
		}, nil, nil},
		{"policy for another role", func(w *netWorld) {
			w.endpoints[0].Policy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:role/other"},"Action":"*","Resource":"*"}]}`
		}, map[string][]string{"endpoint.policy": {"endpoint.policy-blocks@" + netSSM}}, nil},
		{"policy for this VPC", func(w *netWorld) {
			w.endpoints[0].Policy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:SourceVpc":"vpc-1"}}}]}`
		}, nil, nil},
		{"policy for an organization", func(w *netWorld) {
			w.endpoints[0].Policy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}}]}`
		}, nil, map[string][]string{"endpoint.policy": {"not-modelled"}}},
		{"policy that is none", func(w *netWorld) { w.endpoints[0].Policy = "<html>" }, nil, map[string][]string{"endpoint.policy": {"not-modelled"}}},
		{"everything at once", func(w *netWorld) {
			w.endpoints = w.endpoints[1:]
			w.groups["sg-e"], w.dns.Hostnames = nil, false
			w.acls[0].Entries = append(w.acls[0].Entries, denyAnswers)
		}, map[string][]string{
			"endpoint.presence":        {"endpoint.missing@" + netSSM},
			"endpoint.security-groups": {"endpoint.sg-blocks@" + netMsg},
			"network.acls":             {"network.nacl-blocks-return@acl-a"},
		}, nil},
		{"behind a missing endpoint nothing may leave either", func(w *netWorld) { w.endpoints = nil; w.groups["sg-i"] = nil }, map[string][]string{
			"endpoint.presence":       {"endpoint.missing@" + netSSM, "endpoint.missing@" + netMsg},
			"network.security-groups": {"network.sg-egress-blocks@sg-i"},
		}, nil},
		{"shared VPC", func(w *netWorld) { w.endpoints, w.vpc.OwnerID = nil, "222222222222" }, nil, every("not-visible")},
		{"endpoints denied", func(w *netWorld) { w.denied = []estate.Key{estate.EndpointsPart.Key(netVPC)} }, nil, every("denied")},
		{"instance denied", func(w *netWorld) { w.denied = []estate.Key{estate.InstancePart.Key(netID)} }, nil, every("denied")},
		{"the endpoints' group denied", func(w *netWorld) { w.denied = []estate.Key{estate.SecurityGroupPart.Key("sg-e")} }, nil,
			map[string][]string{"endpoint.security-groups": {"denied"}}},
		{"ACLs denied", func(w *netWorld) { w.denied = []estate.Key{estate.NetworkACLsPart.Key(netVPC)} }, nil,
			map[string][]string{"network.acls": {"denied"}}},
		{"old agent without ec2messages", func(w *netWorld) {
			w.online()
			w.node.AgentVersion = "3.2.0.0"
		}, map[string][]string{"endpoint.presence": {"endpoint.missing@" + netMDS}}, nil},
		{"agent of an unknown version", func(w *netWorld) { w.image.Created = netNow().AddDate(-5, 0, 0) }, nil,
			map[string][]string{"endpoint.presence": {"needs-guest"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newNetWorld()
			c.change(w)
			for _, p := range networkProbes() {
				if p.ID == "network.witness" {
					continue
				}
				v := w.judge(t, p.ID)
				slices.Sort(c.found[p.ID])
				if got := netFound(v); !slices.Equal(got, c.found[p.ID]) {
					t.Errorf("%s found %v, want %v", p.ID, got, c.found[p.ID])
				}
				want := c.unknown[p.ID]
				switch {
				case len(want) > 0 && (v.Outcome != Unknown || !slices.Equal(netReasons(v), want)):
					t.Errorf("%s is %s because of %v, want unknown because of %v", p.ID, v.Outcome, v.Whys, want)
				case len(want) == 0 && v.Outcome == Unknown:
					t.Errorf("%s is unknown because of %v", p.ID, v.Whys)
				}
				if !v.Say.Complete() {
					t.Errorf("%s says nothing in one language: %+v", p.ID, v.Say)
				}
				if (v.Outcome == OK || v.Outcome == Problem) && len(v.Evidence) == 0 {
					t.Errorf("%s is %s without evidence", p.ID, v.Outcome)
				}
			}
		})
	}
}

func TestFindingsOfOneThingAreOne(t *testing.T) {
	w := newNetWorld()
	w.groups["sg-i"] = nil
	f := netFinding(t, w.judge(t, "network.security-groups"), "network.sg-egress-blocks@sg-i")
	if !slices.Equal(f.Scope, []string{"ssm", "ssmmessages"}) || f.Params["service"] != netSSM+", "+netMsg || f.Certainty != finding.Proven {
		t.Errorf("scope %v, service %q, %s", f.Scope, f.Params["service"], f.Certainty)
	}
	if f.Params["group"] != "sg-i" || f.Params["port"] != "443" {
		t.Errorf("params %v", f.Params)
	}
}

func TestChannelsThatWork(t *testing.T) {
	for _, c := range []struct {
		name      string
		change    func(*netWorld)
		severity  finding.Severity
		certainty finding.Certainty
		scope     []string
	}{
		{"never registered", func(*netWorld) {}, "", finding.Proven, []string{"ssm", "ssmmessages"}},
		{"both work", func(w *netWorld) { w.online(); w.connection = "connected" }, finding.Info, finding.Possible, []string{"ssm", "ssmmessages"}},
		{"one works", func(w *netWorld) { w.online() }, "", finding.Likely, []string{"ssmmessages"}},
		{"lost", func(w *netWorld) { w.online(); w.node.PingStatus = "ConnectionLost" }, "", finding.Proven, []string{"ssm", "ssmmessages"}},
		{"an old ping", func(w *netWorld) { w.online(); w.node.LastPing = netNow().Add(-time.Hour) }, "", finding.Proven, []string{"ssm", "ssmmessages"}},
		{"not known", func(w *netWorld) { w.denied = []estate.Key{estate.ManagedNodePart.Key(netID)} }, finding.Info, finding.Possible, []string{"ssm", "ssmmessages"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newNetWorld()
			w.acls[1].Entries = w.acls[1].Entries[:1]
			c.change(w)
			f := netFinding(t, w.judge(t, "network.acls"), "network.nacl-blocks-request@acl-b")
			if f.Severity != c.severity || f.Certainty != c.certainty || !slices.Equal(f.Scope, c.scope) {
				t.Errorf("severity %q, %s, scope %v; want %q, %s, %v", f.Severity, f.Certainty, f.Scope, c.severity, c.certainty, c.scope)
			}
		})
	}
}

func TestPartlyOpenAnswersAreAWarning(t *testing.T) {
	w := newNetWorld()
	w.acls[0].Entries = append(w.acls[0].Entries, estate.NetworkACLEntry{Number: 90, Protocol: "6", FromPort: 61000, ToPort: 65535, CIDR4: "0.0.0.0/0"})
	f := netFinding(t, w.judge(t, "network.acls"), "network.nacl-blocks-return@acl-a")
	if f.Severity != finding.Warning || f.Certainty != finding.Likely {
		t.Errorf("severity %q, %s; want warning, likely", f.Severity, f.Certainty)
	}
}

func TestMissingEndpointBesideAPeering(t *testing.T) {
	w := newNetWorld()
	w.endpoints = nil
	w.tables[0].Routes = append(w.tables[0].Routes, estate.Route{CIDR4: "172.16.0.0/16", Target: "pcx-1", State: "active"})
	if f := netFinding(t, w.judge(t, "endpoint.presence"), "endpoint.missing@"+netSSM); f.Certainty != finding.Likely {
		t.Errorf("%s, want likely: the endpoint could stand in the peered VPC", f.Certainty)
	}
	w.tables[0].Routes[1].Target = "tgw-1"
	if v := w.judge(t, "endpoint.presence"); v.Outcome != Unknown {
		t.Errorf("%s, want unknown: the endpoint could stand behind the transit gateway", v.Outcome)
	}
}

func TestDeadPatient(t *testing.T) {
	w := newNetWorld()
	died := w.dead()
	w.groups["sg-e"] = nil
	id := "endpoint.sg-blocks@" + netMsg
	f := netFinding(t, w.judge(t, "endpoint.security-groups"), id)
	if f.Certainty != finding.Likely || len(f.Assumptions) != 1 || f.Assumptions[0].Code != finding.AssumeUnchanged {
		t.Errorf("read after the death: %s, assumptions %v", f.Certainty, f.Assumptions)
	}
	q := resource("sg-e")
	q.Since = died
	w.trails[q] = estate.Trail{Complete: true, To: netNow()}
	if f := netFinding(t, w.judge(t, "endpoint.security-groups"), id); f.Certainty != finding.Proven || len(f.Assumptions) != 0 {
		t.Errorf("nobody wrote to the group since: %s, assumptions %v", f.Certainty, f.Assumptions)
	}
	w.trails[q] = estate.Trail{Complete: true, To: netNow(), Events: []estate.TrailEvent{{Name: "RevokeSecurityGroupIngress", Time: died.Add(time.Hour)}}}
	if f := netFinding(t, w.judge(t, "endpoint.security-groups"), id); f.Certainty != finding.Likely {
		t.Errorf("somebody wrote to the group since: %s", f.Certainty)
	}
}

// The agent's need for ec2messages is known late; nothing is read for it before.
func TestLegacyServiceWaitsForTheVersion(t *testing.T) {
	w := newNetWorld()
	e := w.estate()
	e.Remove(estate.ManagedNodePart.Key(netID))
	v := estate.NewView(e)
	verdict := netProbe(t, "network.acls").Judge(v)
	if verdict.Outcome != Unknown || !verdict.Pending() {
		t.Errorf("%s, pending %v; want unknown, pending", verdict.Outcome, verdict.Pending())
	}
	if want := []estate.Key{estate.ManagedNodePart.Key(netID)}; !slices.Equal(v.Wanted(), want) {
		t.Errorf("wanted %v, want %v", v.Wanted(), want)
	}
}

// drawNet makes an account in which any of the things that matter may be off.
func drawNet(t *rapid.T) *netWorld {
	w := newNetWorld()
	sometimes := func(name string, off func()) {
		if rapid.IntRange(0, 3).Draw(t, name) == 0 {
			off()
		}
	}
	sometimes("egress", func() { w.groups["sg-i"] = []estate.SecurityGroupRule{netRule("a", true, 443, "10.0.2.20/32")} })
	sometimes("no egress", func() { w.groups["sg-i"] = nil })
	sometimes("ingress", func() { w.groups["sg-e"] = nil })
	sometimes("request", func() { w.acls[1].Entries = w.acls[1].Entries[:1] })
	sometimes("answers", func() {
		w.acls[0].Entries = append(w.acls[0].Entries, estate.NetworkACLEntry{Number: 90, Protocol: "6",
			FromPort: rapid.SampledFrom([]int{1024, 60000}).Draw(t, "from"), ToPort: 65535, CIDR4: "0.0.0.0/0"})
	})
	sometimes("ssm", func() { w.endpoints = w.endpoints[1:] })
	sometimes("none", func() { w.endpoints = nil })
	for i := range w.endpoints {
		sometimes("private DNS", func() { w.endpoints[i].PrivateDNS = false })
		sometimes("state", func() { w.endpoints[i].State = "pending" })
		sometimes("policy", func() {
			w.endpoints[i].Policy = rapid.SampledFrom([]string{"x",
				`{"Statement":[{"Effect":"Allow","Principal":{"AWS":"` + netRole + `"},"Action":"*","Resource":"*"}]}`,
				`{"Statement":[{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}]}`,
			}).Draw(t, "document")
		})
	}
	sometimes("names", func() { w.dns.Hostnames = false })
	sometimes("owner", func() { w.vpc.OwnerID = "222222222222" })
	sometimes("route", func() {
		w.route(rapid.SampledFrom([]string{"nat-1", "igw-1", "tgw-1"}).Draw(t, "target"), rapid.SampledFrom([]string{"active", "blackhole"}).Draw(t, "route state"))
	})
	sometimes("nat", func() { w.nats[0].State = "failed" })
	sometimes("online", w.online)
	sometimes("connected", func() { w.connection = "connected" })
	sometimes("old agent", func() {
		if w.node != nil {
			w.node.AgentVersion = "3.1.0.0"
		}
	})
	sometimes("old image", func() { w.image.Created = netNow().AddDate(-5, 0, 0) })
	sometimes("dead", func() { w.dead() })
	peer := estate.Peer{ID: "i-2", State: "running", Subnet: "subnet-a", Groups: []string{"sg-i"}, Managed: true, PingStatus: "Online", LastPing: netNow()}
	sometimes("peer", func() { w.peers = append(w.peers, peer) })
	sometimes("peer elsewhere", func() { peer.Subnet = "subnet-b"; w.peers = append(w.peers, peer) })
	sometimes("answer", func() {
		w.answers[estate.AnswerFrom] = rapid.SampledFrom([]string{"", "10.0.1.7", "10.0.2.7", "198.51.100.7", "192.168.0.0/16", "i-00000000000000002", "2001:db8::1", "?"}).Draw(t, "from where")
	})
	w.others = []estate.Instance{{ID: "i-00000000000000002", State: "running", VPC: netVPC, Subnet: "subnet-b", PrivateIP: "10.0.2.99", Groups: []string{"sg-e"}}}
	sometimes("rdp", func() {
		w.groups["sg-i"] = append(w.groups["sg-i"], estate.SecurityGroupRule{ID: "r", Protocol: "tcp", FromPort: 3389, ToPort: 3389, Group: "sg-e"})
	})
	return w
}

// Taking facts away never adds a finding, never makes one worse, and never turns a
// problem into ok or ok into a problem.
func TestNetworkMonotone(t *testing.T) {
	probes := append(networkProbes(), rdpProbes()...)
	root := func(f finding.Finding) bool { return f.Severity != finding.Info }
	rapid.Check(t, func(t *rapid.T) {
		w := drawNet(t)
		full := w.estate()
		w.denied = rapid.SliceOfNDistinct(rapid.SampledFrom(full.Keys()), 1, 4, func(k estate.Key) string { return k.String() }).Draw(t, "denied")
		less := w.estate()
		for _, p := range probes {
			was, is := p.Judge(estate.NewView(full)), p.Judge(estate.NewView(less))
			if is.Outcome != Unknown && is.Outcome != was.Outcome {
				t.Errorf("%s: %s becomes %s without %v", p.ID, was.Outcome, is.Outcome, w.denied)
			}
			if is.Outcome == Unknown && len(is.Whys) == 0 {
				t.Errorf("%s: unknown without a reason", p.ID)
			}
			for _, f := range is.Findings {
				i := slices.IndexFunc(was.Findings, func(g finding.Finding) bool { return g.ID() == f.ID() })
				if i < 0 {
					t.Errorf("%s: %s only without %v", p.ID, f.ID(), w.denied)
					continue
				}
				if g := was.Findings[i]; root(f) && !root(g) || f.Certainty.AtMost(g.Certainty) != f.Certainty {
					t.Errorf("%s: %s was %q %s, is %q %s without %v", p.ID, f.ID(), g.Severity, g.Certainty, f.Severity, f.Certainty, w.denied)
				}
			}
		}
	})
}

// Probes read the parts that they declare, make the findings that they declare, and
// fill in what the catalogue's texts ask for.
func TestNetworkDeclarations(t *testing.T) {
	catalogue, err := finding.Load()
	if err != nil {
		t.Fatal(err)
	}
	probes := append(networkProbes(), rdpProbes()...)
	rapid.Check(t, func(t *rapid.T) {
		w := drawNet(t)
		e := w.estate()
		for _, k := range e.Keys() {
			if rapid.IntRange(0, 9).Draw(t, "pending") == 0 {
				e.Remove(k)
			}
		}
		for _, p := range probes {
			v := estate.NewView(e)
			verdict := p.Judge(v)
			for _, k := range v.Touched() {
				if !slices.ContainsFunc(p.Parts, func(kind estate.AnyKind) bool { return kind.Name() == k.Kind }) {
					t.Errorf("%s reads %s and does not declare it", p.ID, k)
				}
			}
			for _, a := range v.Asked() {
				if !slices.Contains(p.Asks, a) {
					t.Errorf("%s asks for %s and does not declare it", p.ID, a)
				}
			}
			if len(v.Wanted()) > 0 && verdict.Outcome != Problem && !verdict.Pending() && p.ID != "network.witness" {
				// A part that is still on its way may only be missed where it decides nothing.
				for _, k := range v.Wanted() {
					e2 := e.Clone()
					kind, _ := estate.Lookup(k.Kind)
					e2.Put(kind.Unknown(k.ID, fact.Why{Reason: fact.Denied}))
					if again := p.Judge(estate.NewView(e2)); again.Outcome != verdict.Outcome {
						t.Errorf("%s is %s because of %v and not pending, though it waits for %s and is then %s because of %v", p.ID, verdict.Outcome, verdict.Whys, k, again.Outcome, again.Whys)
					}
				}
			}
			for _, f := range verdict.Findings {
				if !slices.Contains(p.Codes, f.Code) {
					t.Errorf("%s makes %s and does not declare it", p.ID, f.Code)
				}
				if len(f.Evidence) == 0 || f.Certainty == "" || f.Subject == "" {
					t.Errorf("%s: %s lacks evidence, certainty or subject: %+v", p.ID, f.ID(), f)
				}
				entry, ok := catalogue.Entry(f.Code)
				if !ok {
					t.Errorf("%s is not in the catalogue", f.Code)
					continue
				}
				for _, name := range entry.Params {
					if f.Params[name] == "" {
						t.Errorf("%s: %s does not fill {%s}: %v", p.ID, f.ID(), name, f.Params)
					}
				}
			}
		}
	})
}

func BenchmarkNetworkProbes(b *testing.B) {
	w := newNetWorld()
	e := w.estate()
	probes := networkProbes()
	for b.Loop() {
		for _, p := range probes {
			p.Judge(estate.NewView(e))
		}
	}
}
