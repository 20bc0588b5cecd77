package probe

import (
	"testing"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/finding"
)

// A model that says blocked, against somebody whose packets get through.
func TestATwinThatWorksSpeaksAgainstTheModel(t *testing.T) {
	missing, messages := "endpoint.missing@"+netSSM, "endpoint.missing@"+netMsg
	for _, c := range []struct {
		name string
		make func(*netWorld)
		ssm  finding.Certainty
	}{
		{"alone", func(*netWorld) {}, finding.Proven},
		{"a twin is Online", func(w *netWorld) {}, finding.Possible},
		{"the twin's ping is old", func(w *netWorld) { w.peers[0].LastPing = netNow().Add(-time.Hour) }, finding.Proven},
		{"it has other groups", func(w *netWorld) { w.peers[0].Groups = []string{"sg-x"} }, finding.Proven},
		{"it is in another subnet", func(w *netWorld) { w.peers[0].Subnet = "subnet-b" }, finding.Proven},
		{"it is the patient itself", func(w *netWorld) { w.peers[0].ID = netID }, finding.Proven},
		{"neighbours denied", func(w *netWorld) { w.denied = []estate.Key{estate.NeighboursPart.Key(netVPC)} }, finding.Possible},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newNetWorld()
			w.endpoints = nil
			if c.name != "alone" {
				w.peers = []estate.Peer{{ID: "i-2", State: "running", Subnet: "subnet-a", Groups: []string{"sg-i"}, Managed: true, PingStatus: "Online", LastPing: netNow().Add(-time.Minute)}}
			}
			c.make(w)
			v := w.judge(t, "endpoint.presence")
			if f := netFinding(t, v, missing); f.Certainty != c.ssm || f.Severity == finding.Info {
				t.Errorf("ssm: %s %s, want %s", f.Certainty, f.Severity, c.ssm)
			}
			if f := netFinding(t, v, messages); f.Certainty != finding.Proven {
				t.Errorf("a twin says nothing of the session channel: %s", f.Certainty)
			}
		})
	}
	// A rule for single addresses can let the twin in and the patient not.
	w := newNetWorld()
	w.groups["sg-e"] = []estate.SecurityGroupRule{netRule("sgr-in", false, 443, "10.0.1.99/32")}
	w.peers = []estate.Peer{{ID: "i-2", State: "running", Subnet: "subnet-a", Groups: []string{"sg-i"}, Managed: true, PingStatus: "Online", LastPing: netNow()}}
	if f := netFinding(t, w.judge(t, "endpoint.security-groups"), "endpoint.sg-blocks@"+netSSM); f.Certainty != finding.Proven {
		t.Errorf("a group that names single addresses: %s", f.Certainty)
	}
}

// Systems Manager took License Manager's command for an instance that was registered
// then, over the network that it had then.
func TestACommandThatWasSentSpeaksAgainstWhatIsClosedNow(t *testing.T) {
	license := estate.Actor{Issuer: "AWSServiceRoleForAWSLicenseManagerUserSubscriptionsService"}
	for _, c := range []struct {
		name string
		sent estate.TrailEvent
		want finding.Certainty
	}{
		{"by License Manager, minutes before", estate.TrailEvent{Name: "SendCommand", Actor: license, Time: time.Unix(-600, 0)}, finding.Possible},
		{"by License Manager, days before", estate.TrailEvent{Name: "SendCommand", Actor: license, Time: time.Unix(-3*86400, 0)}, finding.Likely},
		{"refused", estate.TrailEvent{Name: "SendCommand", Actor: license, Time: time.Unix(-600, 0), Error: "InvalidInstanceId"}, finding.Likely},
		{"by somebody else", estate.TrailEvent{Name: "SendCommand", Actor: estate.Actor{Type: "IAMUser"}, Time: time.Unix(-600, 0)}, finding.Likely},
		{"only tagged", estate.TrailEvent{Name: "CreateTags", Actor: license, Time: time.Unix(-600, 0)}, finding.Likely},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newNetWorld()
			died := w.dead()
			w.endpoints = nil
			c.sent.Time = died.Add(c.sent.Time.Sub(time.Unix(0, 0)))
			trail := w.trails[instanceQuery(netID)]
			trail.Events = append(trail.Events, c.sent)
			w.trails[instanceQuery(netID)] = trail
			v := w.judge(t, "endpoint.presence")
			if f := netFinding(t, v, "endpoint.missing@"+netSSM); f.Certainty != c.want {
				t.Errorf("ssm: %s, want %s", f.Certainty, c.want)
			}
			if f := netFinding(t, v, "endpoint.missing@"+netMsg); f.Certainty != finding.Likely {
				t.Errorf("it says nothing of the session channel: %s", f.Certainty)
			}
		})
	}
}

func TestBlockedAnswersNameTheirPorts(t *testing.T) {
	w := newNetWorld()
	w.acls[0].Entries = w.acls[0].Entries[:1] // what goes out is allowed, what comes in is not
	f := netFinding(t, w.judge(t, "network.acls"), "network.nacl-blocks-return@acl-a")
	if f.Params["port"] != "49152-65535" {
		t.Errorf("answers come back to %q", f.Params["port"])
	}
	w = newNetWorld()
	w.acls[0].Entries = w.acls[0].Entries[1:]
	if f := netFinding(t, w.judge(t, "network.acls"), "network.nacl-blocks-request@acl-a"); f.Params["port"] != "443" {
		t.Errorf("requests go to %q", f.Params["port"])
	}
}

func TestPrivateZonesAreAssumedAway(t *testing.T) {
	w := newNetWorld()
	w.endpoints[0].PrivateDNS = false
	f := netFinding(t, w.judge(t, "endpoint.private-dns"), "endpoint.private-dns-off@"+netSSM)
	if len(f.Assumptions) != 1 || f.Assumptions[0].Code != finding.AssumeNoPrivateZone || f.Assumptions[0].Params["domain"] != "ssm.ap-northeast-1.amazonaws.com" {
		t.Errorf("%+v", f.Assumptions)
	}
}

// CloudTrail is blind for some minutes: right after a death it cannot show that
// nothing was written.
func TestNothingWrittenIsNotKnownAtOnce(t *testing.T) {
	w := newNetWorld()
	w.dead()
	died := netNow().Add(-5 * time.Minute)
	w.trails[instanceQuery(netID)].Events[1].Time = died
	w.groups["sg-e"] = nil
	q := resource("sg-e")
	q.Since = died
	w.trails[q] = estate.Trail{Complete: true, To: netNow()}
	f := netFinding(t, w.judge(t, "endpoint.security-groups"), "endpoint.sg-blocks@"+netMsg)
	if f.Certainty != finding.Likely || len(f.Assumptions) != 1 {
		t.Errorf("%s %v", f.Certainty, f.Assumptions)
	}
}
