package probe

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/finding"
)

// A copy without Sysprep shows as a shared SID, a missing password, foreign routes
// and a failed activation: one cause with four consequences.
func TestACopyIsOneCauseWithFourConsequences(t *testing.T) {
	words, err := finding.Load()
	if err != nil {
		t.Fatal(err)
	}
	e := lmEstate()
	ownImage(lmPeer(lmInstance, "EC2AMAZ-7Q2K9D1"), lmPeer("i-2", "EC2AMAZ-7Q2K9D1"))(e)
	inside(estate.GuestIdentityPart, func(i *estate.GuestIdentity) { i.Installed = lmNow().Add(-400 * 24 * time.Hour) })(e)
	inside(estate.GuestActivationPart, func(a *estate.GuestActivation) {
		a.Products[0].Status, a.Products[0].Reason = 5, "0xC004F074"
		a.Routes, a.Ports = routesTo("10.0.1.1", "10.0.9.1"), map[string]string{"169.254.169.250:1688": "timeout", "169.254.169.251:1688": "timeout"}
	})(e)
	var found []finding.Finding
	for _, id := range []string{"clone.lineage", "clone.sid", "clone.authentication", "activation.status", "password.agent"} {
		found = append(found, lmProbe(t, id).Judge(estate.NewView(e)).Findings...)
	}
	var roots, rest []string
	for _, f := range found {
		if slices.ContainsFunc(found, func(c finding.Finding) bool { return words.Explains(c, f) }) {
			rest = append(rest, string(f.Code))
		} else if !slices.Contains(roots, string(f.Code)) { // two judgements may see the same
			roots = append(roots, string(f.Code))
		}
	}
	slices.Sort(rest)
	if diff := cmp.Diff([]string{"clone.not-generalized"}, roots); diff != "" {
		t.Errorf("root causes (-want +got):\n%s", diff)
	}
	want := []string{"activation.not-licensed", "activation.stale-routes", "clone.duplicate-sid", "clone.suspected", "password.not-generated"}
	if diff := cmp.Diff(want, rest); diff != "" {
		t.Errorf("consequences (-want +got):\n%s", diff)
	}
}

// Office that cannot reach License Manager's endpoints is not activated: one cause. A
// Windows that fails beside it has another, and an Office whose key is wrong too.
func TestAClosedPathExplainsOfficeOnly(t *testing.T) {
	words, err := finding.Load()
	if err != nil {
		t.Fatal(err)
	}
	for reason, explained := range map[string]bool{"0xC004F074": true, "0xC004F056": true, "0xDEADBEEF": true, "0xC004F069": false, "0xC004F038": false} {
		e := lmEstate()
		lmClose1688(e)
		inside(estate.GuestActivationPart, func(a *estate.GuestActivation) {
			for i := range a.Products {
				a.Products[i].Status, a.Products[i].Reason = 5, reason
			}
		})(e)
		path := lmProbe(t, "license.port-1688").Judge(estate.NewView(e)).Findings
		if len(path) != 1 || path[0].Code != finding.LicensePort1688Blocked {
			t.Fatalf("%+v", path)
		}
		told := 0
		for _, f := range lmProbe(t, "activation.status").Judge(estate.NewView(e)).Findings {
			if f.Code != finding.ActivationNotLicensed {
				continue
			}
			told++
			office := strings.HasSuffix(f.Subject, "/office")
			if got, want := words.Explains(path[0], f), office && explained; got != want {
				t.Errorf("%s of %s: explained %v, want %v", reason, f.Subject, got, want)
			}
			if office && !slices.ContainsFunc(f.Evidence, func(x finding.Evidence) bool { return x.Value == "license.example" }) {
				t.Errorf("which endpoint Office asks is not shown: %+v", f.Evidence)
			}
		}
		if told != 2 {
			t.Errorf("%s: %d activations failed, want that of Windows and that of Office", reason, told)
		}
	}
}

// Each version, language, launch agent and role that is out there: a copy is told
// from what was set up anew, and what a shared SID does is told by the version.
func TestEveryWindowsIsToldApart(t *testing.T) {
	for _, w := range []struct {
		name       string
		build, ubr int
		agent      string
		refuses    bool
	}{
		{"2016", 14393, 7336, "v1", false}, {"2019", 17763, 6414, "v1", false}, {"2019 with v2", 17763, 6414, "v2", false},
		{"2022", 20348, 2402, "v2", false}, {"2025 as released", 26100, 1742, "v2", false}, {"2025", 26100, 6584, "v2", true},
	} {
		for _, language := range []int{1041, 1033} {
			for _, role := range []int{2, 3, 5} {
				for _, copied := range []bool{false, true} {
					t.Run(fmt.Sprintf("%s/%d/role %d/copied %v", w.name, language, role, copied), func(t *testing.T) {
						e := lmEstate()
						ownImage(lmPeer("i-2", "OTHER"))(e)
						inside(estate.GuestIdentityPart, func(i *estate.GuestIdentity) {
							i.Build, i.UBR, i.Language, i.Role, i.Joined = w.build, w.ubr, language, role, role != 2
							if role == 5 {
								i.MachineSID, i.SecureChannel = "", nil
							}
							if copied {
								i.Installed = lmNow().Add(-90 * 24 * time.Hour)
							}
						})(e)
						inside(estate.GuestLaunchPart, func(l *estate.GuestLaunch) {
							l.Agent = w.agent
							if copied && w.agent == "v2" {
								l.RunOnce = lmNow().Add(-90 * 24 * time.Hour)
							}
						})(e)
						v := lmProbe(t, "clone.sid").Judge(estate.NewView(e))
						want := OK
						switch {
						case role == 5:
							want = NotApplicable
						case copied:
							want = Problem
						}
						if v.Outcome != want {
							t.Fatalf("%s, want %s: %+v", v.Outcome, want, v)
						}
						for _, f := range v.Findings {
							for _, x := range f.Evidence {
								if strings.HasSuffix(x.At, "#build") && strings.Contains(x.Rule.En, "refuses authentication") != w.refuses {
									t.Errorf("%s: %s", x.Value, x.Rule.En)
								}
							}
						}
					})
				}
			}
		}
	}
}

// The judgements ask for what they need from inside Windows in one go, without
// waiting for each other: a second command would cost the customer a second run.
func TestTheInsideIsAskedForAtOnce(t *testing.T) {
	e := lmEstate()
	ownImage()(e)
	lmPut(e, estate.PasswordPart, lmInstance, estate.Password{})
	for _, k := range e.Keys() {
		if kind, _ := estate.Lookup(k.Kind); kind.Touches() {
			e.Remove(k)
		}
	}
	for id, want := range map[string]int{"clone.sid": 3, "clone.authentication": 1, "activation.status": 1, "password.data": 1, "ad.join": 1, "agent.service": 1, "license.local-administrators": 1} {
		view := estate.NewView(e)
		v := lmProbe(t, id).Judge(view)
		if got := len(view.Wanted()); got != want || !v.Pending() {
			t.Errorf("%s wants %v, pending %v", id, view.Wanted(), v.Pending())
		}
	}
}

// Evidence of an inventory carries its time: it is as old as it says.
func TestWitnessesShowTheirAge(t *testing.T) {
	e := lmEstate()
	notAsked(e)
	lmChange(e, estate.InventoryPart, lmInstance, func(i *estate.Inventory) { i.Services[0].StartType = "Disabled" })
	v := lmProbe(t, "agent.service").Judge(estate.NewView(e))
	if len(v.Findings) != 1 || !strings.Contains(v.Findings[0].Evidence[0].Value, "2026-11-21T11:00:00Z") {
		t.Errorf("%+v", v.Findings)
	}
	v = lmProbe(t, "instance.records").Judge(estate.NewView(e))
	for _, x := range v.Evidence {
		if strings.HasPrefix(x.At, "inventory") && !strings.Contains(x.Rule.Ja, "2026-11-21T11:00:00Z, -6h") {
			t.Errorf("no age: %+v", x)
		}
	}
}

// A picture can show anything: that there is one is told, and when it was taken.
func TestThePictureIsNotShown(t *testing.T) {
	for _, c := range []struct {
		shot estate.Screenshot
		want string
	}{
		{estate.Screenshot{Taken: lmNow(), Width: 1024, Height: 768, Size: 3000, JPEG: []byte("secret")}, "kept in the record"},
		{estate.Screenshot{Taken: lmNow(), Width: 1024, Height: 768, Size: 300000, Dropped: "larger than 204800 bytes"}, "larger than 204800 bytes"},
	} {
		e := lmEstate()
		lmPut(e, estate.ScreenshotPart, lmInstance, c.shot)
		v := lmProbe(t, "rdp.screen").Judge(estate.NewView(e))
		shown := fmt.Sprintf("%+v", v)
		if !strings.Contains(shown, "2026-11-21T17:00:00Z") || !strings.Contains(shown, c.want) || strings.Contains(shown, "secret") || strings.Contains(shown, "c2VjcmV0") {
			t.Errorf("%s", shown)
		}
	}
}

// Whatever Windows says of itself, each judgement comes to something that it can
// show, and a Windows that is as young as its instance is never called a copy.
func TestAnyIdentityIsJudged(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		when := func(label string) time.Time {
			return rapid.SampledFrom([]time.Time{{}, lmNow().Add(-400 * 24 * time.Hour), lmNow().Add(-100 * time.Hour), lmNow().Add(-71 * time.Hour), lmNow().Add(-time.Minute), lmNow().Add(9 * time.Hour)}).Draw(t, label)
		}
		e := lmEstate()
		if rapid.Bool().Draw(t, "own image") {
			ownImage(lmPeer("i-2", rapid.SampledFrom([]string{"", "A", "B"}).Draw(t, "peer")))(e)
		}
		generalization, channel := rapid.IntRange(0, 8).Draw(t, "generalization"), rapid.Bool().Draw(t, "channel")
		i := estate.GuestIdentity{
			Host: rapid.SampledFrom([]string{"", "A", "B"}).Draw(t, "host"), Domain: rapid.String().Draw(t, "domain"), Joined: rapid.Bool().Draw(t, "joined"),
			Role: rapid.IntRange(-1, 6).Draw(t, "role"), Build: rapid.IntRange(0, 30000).Draw(t, "build"), UBR: rapid.IntRange(0, 9000).Draw(t, "ubr"),
			Installed: when("installed"), Booted: when("booted"), ImageState: rapid.SampledFrom([]string{"", setupComplete, "IMAGE_STATE_UNDEPLOYABLE", "x"}).Draw(t, "state"),
			Generalization: &generalization, SecureChannel: &channel,
		}
		for range rapid.IntRange(0, 2).Draw(t, "events") {
			i.Mismatches = append(i.Mismatches, when("event"))
		}
		e.Answers[estate.AnswerFrom] = rapid.SampledFrom([]string{"", lmInstance, lmClient, "203.0.113.1", "10.0.0.0/8", "::1", "x"}).Draw(t, "from")
		inside(estate.GuestIdentityPart, func(g *estate.GuestIdentity) { *g = i })(e)
		inside(estate.GuestLaunchPart, func(l *estate.GuestLaunch) {
			l.Agent, l.RunOnce, l.Skipped = rapid.String().Draw(t, "agent"), when("run once"), rapid.Bool().Draw(t, "skipped")
			l.PasswordType = rapid.String().Draw(t, "password type")
		})(e)
		for _, p := range lmProbes() {
			v := p.Judge(estate.NewView(e))
			if !slices.Contains(Outcomes(), v.Outcome) || (v.Outcome == Problem) != (len(v.Findings) > 0) || v.Outcome == Unknown && len(v.Whys) == 0 {
				t.Errorf("%s: %+v", p.ID, v)
			}
			for _, f := range v.Findings {
				if f.Code == finding.CloneNotGeneralized && !i.Installed.IsZero() && i.Installed.After(lmNow().Add(-72*time.Hour)) {
					t.Errorf("a Windows of %s is called a copy", i.Installed)
				}
			}
		}
	})
}
