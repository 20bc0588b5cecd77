package tui

import (
	"errors"
	"strings"
	"testing"

	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/remedy"
	"github.com/monshin/monshin/tui/keys"
	"github.com/monshin/monshin/tui/pages/fix"
)

var here = size{120, 40}

func inEnglish() Options { return Options{Lang: lang.En} }

// atFix tells whether the page about fixes is on top.
func (r *rig) atFix() bool {
	_, is := r.m.top().(*fix.Page)
	return is
}

// From the root cause to none and back, by the keyboard alone.
func TestFixThereAndBack(t *testing.T) {
	f := newFixer()
	r := atFixes(t, here, inEnglish(), f)
	r.sees("Forward the AD domain by a Resolver rule (recommended)", "steps: 2", "would do harm here", "another VPC", "does not apply", "(by hand)", "APPEARS")
	r.press("enter").idle()
	r.sees("123456789012 (acme-prod), ap-northeast-1", patient, "212", "aws ec2 create-security-group", "Gone", "The AD domain cannot be resolved",
		"No root cause left", "queries that", "route53resolver:CreateResolverRule")
	r.press("end").sees("Stop if", "No way back  queries that were answered", "EC2 would refuse this call").press("home")
	r.consent().sees("Approve: Forward the AD domain", "Account: 123456789012 (acme-prod), ap-northeast-1", "No way back", ">[Approve and carry out]", "CHG-1", "山田")
	if s := f.said(); strings.Contains(s, "apply") {
		t.Fatalf("applied before the consent: %s", s)
	}
	r.wait().press("enter").idle()
	want := "approved[acme-prod|山田|CHG-1|" + resolver().Hash() + "] apply verify run"
	if s := f.said(); !strings.HasSuffix(s, want) {
		t.Fatalf("%s\nwant %s", s, want)
	}
	r.sees("verified", "Before: root causes 1", "After: root causes 0", "- gone", "u: take back")
	// The walk below shows the new judgement.
	r.press("esc").idle().sees("root causes: 0").lacks("does not resolve the AD domain")
	// Nothing is left to fix; what was done can still be opened.
	r.sees("f fixes").press("f").idle().sees("No root cause in what was checked", "verified: Forward the AD domain").press("enter")
	r.sees("What was done", "u: take back").press("u").sees("Take back (steps: 1)", "no way back: Create the rule", ">[Cancel]", "Take it back")
	r.press("tab").wait().press("enter").idle()
	r.sees("taken back", "Before taking back: root causes 0", "Taken back: root causes 1", "not found before").lacks("u take back")
	r.press("esc").idle().sees("root causes: 1")
	if f.mixed {
		t.Errorf("two things used the walk at once: %s", f.said())
	}
}

func TestConsentIsHardToGive(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(r fixRig)
		see  string
	}{
		{"enter takes cancel, the default", func(r fixRig) { r.press("a").typed("acme-prod").press("enter", "enter", "enter").wait().press("enter") }, "nothing was changed"},
		{"too quick", func(r fixRig) { r.consent().press("enter") }, "too quick"},
		{"nothing typed", func(r fixRig) { r.press("a", "tab", "tab", "tab", "tab").wait().press("enter") }, "Type acme-prod to approve"},
		{"another word", func(r fixRig) { r.press("a").typed("acme-dev").press("tab", "tab", "tab", "tab").wait().press("enter") }, "Type acme-prod to approve"},
		{"the word pasted", func(r fixRig) {
			r.press("a").pasted("acme-prod").sees("by hand")
			r.press("tab", "tab", "tab", "tab")
			r.wait().press("enter")
		}, "Type acme-prod to approve"},
		{"esc", func(r fixRig) { r.consent().press("esc").wait().press("j") }, "a: approve and carry out"},
		{"a full-width word is the same word, and then too quick", func(r fixRig) {
			r.press("a").typed("ａｃｍｅ－ｐｒｏｄ").press("tab", "tab", "tab", "tab", "enter")
		}, "too quick"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFixer()
			r := atFixes(t, here, inEnglish(), f)
			r.press("enter").idle()
			c.do(r)
			r.idle().sees(c.see)
			if s := f.said(); strings.Contains(s, "approved") || strings.Contains(s, "apply") {
				t.Errorf("applied: %s", s)
			}
		})
	}
}

// Whatever cannot be approved says why, before and after the key.
func TestWhatCannotBeApproved(t *testing.T) {
	for _, c := range []struct {
		name string
		down int
		set  func(*fakeFixer, *Options)
		see  string
	}{
		{"read-only", 0, func(_ *fakeFixer, o *Options) { o.ReadOnly = true }, "Not possible in read-only mode"},
		{"a record", 0, func(f *fakeFixer, _ *Options) { f.frozen = lang.Both("A record", "記録の閲覧中") }, "A record"},
		{"by hand", 2, func(*fakeFixer, *Options) {}, "Carried out by hand: w writes the work order"},
		{"worse", 3, func(*fakeFixer, *Options) {}, "Not offered: something would appear"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, o := newFixer(), inEnglish()
			c.set(f, &o)
			r := atFixes(t, here, o, f)
			for range c.down {
				r.press("down")
			}
			r.press("enter").idle().sees(c.see).lacks("a approve")
			r.press("a").sees(c.see).lacks("Approver")
			r.press("enter").wait().press("tab", "enter").idle()
			if s := f.said(); strings.Contains(s, "apply") {
				t.Errorf("applied: %s", s)
			}
		})
	}
}

// A refused fix is not opened.
func TestRefusedFixIsNotOpened(t *testing.T) {
	r := atFixes(t, here, inEnglish(), newFixer())
	r.press("down", "enter").idle().sees("it would do harm", "What can be done").press("end", "enter").idle().sees("does not apply here")
}

func TestWorkOrder(t *testing.T) {
	f := newFixer()
	o := inEnglish()
	o.ReadOnly = true
	r := atFixes(t, here, o, f)
	r.press("down", "down", "enter").idle().press("w").idle().sees("/state/monshin/journals/", ".html", "r checks")
	// It stands in the list and can be checked afterwards.
	r.press("esc").idle().sees("work order written: Have the domain controller").press("end", "enter").sees("r: check", "by hand").press("r").idle()
	r.sees("verified", "Last judgement: root causes 1")
	if s := f.said(); !strings.Contains(s, "handout proposals verify run") {
		t.Error(s)
	}
}

func TestStoppingAnApply(t *testing.T) {
	f := newFixer()
	f.hold = make(chan struct{})
	r := atFixes(t, here, inEnglish(), f)
	r.press("enter").idle()
	r.consent().wait().press("enter")
	r.until("the second step waits", r.shows("the rule is coming up")).sees("done", "under way", "1. Create a security group", "esc stops after")
	if !r.m.top().(*fix.Page).Unsettled() {
		t.Error("leaving would cut nothing short")
	}
	r.press("esc").idle()
	r.sees("Stopped: the steps that follow were not begun", "done in part", "to do", "r: go on", "u: take back").lacks("context canceled")
	// It goes on where it stopped, after one more consent.
	close(f.hold)
	r.press("r").sees("Go on: Forward the AD domain", ">[Cancel]").press("enter").sees("nothing was changed").press("r", "tab", "enter").sees("too quick")
	r.wait().press("enter").idle().sees("verified", "After: root causes 0")
	if n := strings.Count(f.said(), "approved"); n != 1 {
		t.Errorf("approved %d times: %s", n, f.said())
	}
}

func TestWaitingForTheEffectCanBeEnded(t *testing.T) {
	f := newFixer()
	r := atFixes(t, here, inEnglish(), f)
	r.press("enter").idle()
	r.consent()
	f.plan.Steps = f.plan.Steps[:1]
	f.hold = make(chan struct{})
	r.wait().press("enter")
	r.until("the second step waits", r.shows("the rule is coming up"))
	f.hold <- struct{}{}
	r.until("the effect is waited for", r.shows("2026-11-22 11:32:00 +09:00")).sees("esc ends the waiting", "Checking")
	r.press("esc").idle().sees("too early to tell", "r: check", "u: take back").lacks("canceled")
	close(f.hold)
	r.press("r").idle().sees("verified")
}

func TestAFailedStepSaysWhatIsDone(t *testing.T) {
	f := newFixer()
	f.fails = lang.Both("route53resolver:CreateResolverRule failed: AccessDenied", "失敗")
	r := atFixes(t, here, inEnglish(), f)
	r.press("enter").idle()
	r.consent().wait().press("enter").idle()
	r.sees("done in part", "failed", "AccessDenied", "r: go on, try again", "u: take back", "Before: root causes 1", "After: root causes 1")
	if n := strings.Count(plainText(r.m.View().Content), "AccessDenied"); n != 1 {
		t.Errorf("the failure is said %d times", n)
	}
	if s := f.said(); strings.Contains(s, "verify") {
		t.Errorf("verified what failed: %s", s)
	}
}

func TestDriftStopsTheWayBack(t *testing.T) {
	f := newFixer()
	f.drift = &remedy.Changed{Undo: true, Drifts: []remedy.Drift{{Guard: remedy.Guard{Part: "security-group:sg-1", At: "rules"}, Expected: "[]", Now: `["sgr-9"]`}}}
	r := atFixes(t, here, inEnglish(), f)
	r.press("enter").idle()
	r.consent().wait().press("enter").idle().press("u", "tab")
	r.wait().press("enter").idle().sees("not undone", "sgr-9", "u: take back", "After: root causes 0")
}

func TestTheWholePlan(t *testing.T) {
	f := newFixer()
	r := atFixes(t, here, inEnglish(), f)
	r.press("v").idle().sees("All root causes, in order", "Root causes: 1 now, 0 after", "> 1 Forward", "2 Have the domain controller", "After all of them", "Gone")
	// What comes later can be read, and neither approved nor handed out.
	r.press("down", "enter").idle().sees("Its turn comes after").press("w").sees("Its turn comes after").press("esc")
	r.press("up", "enter").idle()
	r.consent().wait().press("enter").idle().press("v").idle()
	r.sees("No root cause in what was checked", "Not checked: 1", "Done in this investigation").lacks("this finding")
	if s := f.said(); strings.Contains(s, "handout") {
		t.Error(s)
	}
}

func TestPlansThatCannotBeMade(t *testing.T) {
	f := newFixer()
	f.planErr = errors.New("ec2:DescribeVpcs: RequestLimitExceeded")
	r := atFixes(t, here, inEnglish(), f)
	r.sees("could not be made: ec2:DescribeVpcs: RequestLimitExceeded", "r makes them again").press("enter", "down", "v").idle().sees("RequestLimitExceeded")
	f.planErr = nil
	r.press("r").idle().sees("All root causes, in order", "Forward the AD domain").press("v").idle().sees("recommended")
}

// The page is reached from a finding's page too, and copies the plan.
func TestFixFromTheFindingsPage(t *testing.T) {
	b, _ := fakes(done())
	o := inEnglish()
	o.Backend, o.Start = fixBackend{b, newFixer()}, Start{Instance: patient, Symptom: tree().Symptom}
	r := newRig(t, 100, 30, o).idle().press("enter").idle().press("f").idle().sees("recommended").press("y").idle()
	if len(r.clipped) != 1 || !strings.Contains(r.clipped[0], "aws ec2 create-security-group") {
		t.Errorf("copied %q", r.clipped)
	}
	r.press("p").sees("recommended").press("esc").press("esc").idle().sees("error / proven / root cause")
}

// A walk that cannot be fixed says so.
func TestNothingToFix(t *testing.T) {
	b, _ := fakes(done())
	o := inEnglish()
	o.Backend, o.Start = b, Start{Instance: patient, Symptom: tree().Symptom}
	r := newRig(t, 100, 30, o).idle().lacks("f fixes").press("f").idle()
	if r.atFix() {
		t.Error("the page is open")
	}
}

// Nothing moves on a page of fixes where nothing is under way.
func TestFixesStandStill(t *testing.T) {
	r := atFixes(t, here, inEnglish(), newFixer())
	if r.m.top().(*fix.Page).Lively() {
		t.Error("the list moves")
	}
	before := r.m.View().Content
	r.send(beatMsg{})
	if r.m.View().Content != before {
		t.Error("the list changed by itself")
	}
}

// Every key of the page does something that is seen or said, or is not offered.
func TestFixKeysAreInTheHelp(t *testing.T) {
	r := atFixes(t, here, inEnglish(), newFixer())
	r.press("?")
	for _, b := range keys.Table() {
		if b.Scope == keys.Fixing {
			r.sees(b.Long.En)
		}
	}
}

// Foreign strings of plans and runs do no harm to the terminal.
func TestFixesWithNastyNames(t *testing.T) {
	for _, bad := range nasty() {
		f := newFixer()
		p := &f.plan
		p.Alias, p.Typed, p.Title, p.Why, p.Wait, p.Stop = bad, "", lang.Same(bad), lang.Same(bad), lang.Same(bad), lang.Same(bad)
		p.Target.Account, p.Target.Region = bad, bad
		p.Costs, p.Warnings = []lang.Text{lang.Same(bad)}, []lang.Text{lang.Same(bad)}
		p.Blast[0].What, p.Blast[0].Names = lang.Same(bad), []string{bad}
		for i := range p.Steps {
			s := &p.Steps[i]
			s.Title, s.Why, s.Do, s.Check.Expect, s.Check.Command = lang.Same(bad), lang.Same(bad), lang.Same(bad), lang.Same(bad), bad
			s.Script, s.Call.Input = bad+"\n"+bad, map[string]any{"GroupName": bad}
			s.Diff = &remedy.Diff{Name: bad, Before: "a\n" + bad, After: bad + "\nb"}
			s.Actions = []string{bad}
		}
		f.fails = lang.Same(bad)
		r := atFixes(t, size{100, 30}, Options{Lang: lang.Ja}, f)
		look := func() {
			t.Helper()
			for _, s := range []size{{60, 16}, {80, 24}, {100, 30}, {200, 60}} {
				r.resize(s)
				checkFrame(t, r.m.View().Content, s)
			}
			if t.Failed() {
				t.Fatalf("with %q:\n%s", bad, plainText(r.m.View().Content))
			}
		}
		look()
		r.press("v").idle()
		look()
		r.press("enter").idle()
		look()
		r.press("a", "tab").typed(strings.ToValidUTF8(bad, "")).press("tab", "tab", "tab")
		look()
		r.wait().press("enter").idle()
		look()
		r.press("p")
		look()
	}
}

// The buttons of the consent stay in sight in the smallest window.
func TestConsentFitsTheSmallestWindow(t *testing.T) {
	for _, l := range langs() {
		r := atFixes(t, size{60, 16}, Options{Lang: l}, newFixer())
		r.press("enter").idle()
		r.consent().sees(">[", "acme-prod", "CHG-1", "123456789012")
	}
}
