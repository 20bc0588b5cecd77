package probe

import (
	"slices"
	"testing"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/finding"
)

func TestRDPPort(t *testing.T) {
	asked := func(from string) func(*netWorld) {
		return func(w *netWorld) { w.answers[estate.AnswerFrom] = from }
	}
	both := func(changes ...func(*netWorld)) func(*netWorld) {
		return func(w *netWorld) {
			for _, c := range changes {
				c(w)
			}
		}
	}
	public := func(w *netWorld) {
		w.route("igw-1", "active")
		w.instance.PublicIP = "203.0.113.9"
		w.groups["sg-i"] = append(w.groups["sg-i"], netRule("sgr-office", false, 3389, "198.51.100.0/24"))
	}
	other := func(w *netWorld) {
		w.others = []estate.Instance{{ID: "i-00000000000000002", State: "running", Platform: "windows", VPC: netVPC, Subnet: "subnet-b", PrivateIP: "10.0.2.99", Groups: []string{"sg-i"}}}
	}
	for _, c := range []struct {
		name   string
		change func(*netWorld)
		want   Outcome
		found  []string
		whys   []string
	}{
		{"not asked yet", func(*netWorld) {}, Unknown, nil, []string{"needs-answer"}},
		{"don't know", asked(""), Unknown, nil, []string{"needs-answer"}},
		{"not asked, and no rule lets anybody in", func(w *netWorld) { w.groups["sg-i"] = w.groups["sg-i"][:1] }, Problem, []string{"rdp.port-blocked@sg-i"}, nil},
		{"nonsense", asked("my desk"), Unknown, nil, []string{"needs-answer"}},
		{"from the same subnet", both(asked("10.0.1.77"), func(w *netWorld) { w.acls[0].Entries = nil }), OK, nil, nil},
		{"from another subnet", asked("10.0.2.77"), OK, nil, nil},
		{"from another subnet, ACL closed", both(asked("10.0.2.77"), func(w *netWorld) { w.acls[0].Entries = nil }), Problem, []string{"rdp.port-blocked@acl-a"}, nil},
		{"from outside the rule", asked("172.16.0.9"), Problem, []string{"rdp.port-blocked@rtb-main", "rdp.port-blocked@sg-i"}, nil},
		{"from the office", both(asked("198.51.100.7"), public), OK, nil, nil},
		{"from the office's block", both(asked("198.51.100.0/24"), public), OK, nil, nil},
		{"from a block of which only a part is let in", both(asked("198.51.0.0/16"), public), Unknown, nil, []string{"needs-answer"}},
		{"from the office, no public address", both(asked("198.51.100.7"), public, func(w *netWorld) { w.instance.PublicIP = "" }), Problem, []string{"rdp.port-blocked@" + netID}, nil},
		{"from an instance", both(asked("i-00000000000000002"), other), OK, nil, nil},
		{"from an instance that may not talk", both(asked("i-00000000000000002"), other, func(w *netWorld) { w.others[0].Groups = []string{"sg-e"} }), Problem, []string{"rdp.port-blocked@sg-e"}, nil},
		{"from itself", asked(netID), Unknown, nil, []string{"needs-answer"}},
		{"groups denied", both(asked("10.0.2.77"), func(w *netWorld) { w.denied = []estate.Key{estate.SecurityGroupPart.Key("sg-i")} }), Unknown, nil, []string{"denied"}},
		{"subnets denied", both(asked("10.0.2.77"), func(w *netWorld) { w.denied = []estate.Key{estate.SubnetsPart.Key(netVPC)} }), Unknown, nil, []string{"denied"}},
		{"dead", func(w *netWorld) { w.dead() }, NotApplicable, nil, nil},
		{"stopped", func(w *netWorld) { w.instance.State = "stopped" }, NotApplicable, nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newNetWorld()
			c.change(w)
			v := w.judge(t, "rdp.port")
			if v.Outcome != c.want || !slices.Equal(netFound(v), c.found) {
				t.Errorf("%s %v because of %v, want %s %v", v.Outcome, netFound(v), v.Whys, c.want, c.found)
			}
			if c.want == Unknown && !slices.Equal(netReasons(v), c.whys) {
				t.Errorf("because of %v, want %v", netReasons(v), c.whys)
			}
		})
	}
}

// What rests on an answer is not proven; that nobody at all is let in is.
func TestRDPCertainty(t *testing.T) {
	w := newNetWorld()
	w.answers[estate.AnswerFrom] = "172.16.0.9"
	if f := netFinding(t, w.judge(t, "rdp.port"), "rdp.port-blocked@sg-i"); f.Certainty != finding.Likely || f.Params["from"] != "172.16.0.9" {
		t.Errorf("%s from %q, want likely", f.Certainty, f.Params["from"])
	}
	w.groups["sg-i"] = nil
	if f := netFinding(t, w.judge(t, "rdp.port"), "rdp.port-blocked@sg-i"); f.Certainty != finding.Proven {
		t.Errorf("%s, want proven", f.Certainty)
	}
}
