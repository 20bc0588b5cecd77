package tui

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/runbook"
	"github.com/monshin/monshin/diagnose/walk"
	"github.com/monshin/monshin/tui/keys"
	"github.com/monshin/monshin/tui/page"
	"github.com/monshin/monshin/tui/pages/guest"
	"github.com/monshin/monshin/tui/world"
)

// atScript opens the page about the script; the clock stands until it is moved.
func atScript(t *testing.T, o Options, next ...*walk.Diagnosis) (*rig, *fakeWalk, *time.Time) {
	t.Helper()
	b, w := insideWalk(next...)
	now := clock()
	o.Backend, o.Lang, o.Start = b, lang.En, Start{Instance: patient, Symptom: runbook.OfficeTerminates}
	o.Now = func() time.Time { return now }
	r := newRig(t, 80, 24, o).idle().press("w").idle()
	r.lines() // drawn, as a terminal would have it
	return r, w, &now
}

// atDecision tells whether the page about the script is on top.
func (r *rig) atDecision() bool {
	_, is := r.m.top().(*guest.Page)
	return is
}

func TestApprovingAsksWindows(t *testing.T) {
	r, w, now := atScript(t, Options{}, told(fact.Guest))
	r.sees("i-0abc123def4567890 OFFICE-03", "123456789012", "SYSTEM", "CloudTrail", "Only reads", "Cancel", "Allow and run")
	*now = now.Add(2 * time.Second)
	r.press("t").typed(" ＣＨＧ-1234 ").press("enter", "tab").sees("CHG-1234", ">[Allow and run]")
	*now = now.Add(time.Second)
	r.press("enter").idle()
	if got := w.consents(); got != `["CHG-1234"]` {
		t.Errorf("consented under %s", got)
	}
	if n := w.count(); n != 2 {
		t.Errorf("%d runs", n)
	}
	if r.atDecision() {
		t.Error("the page is still open")
	}
	r.sees("root causes: 1", "Windows is being asked")
	// What Windows told is marked, with its time, and nothing more is offered.
	r.press("tab").sees("inside Windows", "2026-11-22 10:55:00 +09:00").lacks("ask Windows")
}

func TestCancelIsChosenAtFirst(t *testing.T) {
	r, w, now := atScript(t, Options{}, told(fact.Guest))
	*now = now.Add(time.Minute)
	r.sees(">[Cancel]").press("enter").idle()
	if r.atDecision() {
		t.Error("the page is still open")
	}
	r.sees("nothing was run", "not checked").press("esc")
	if got := w.consents(); got != "[]" || w.count() != 1 {
		t.Errorf("consented to %s, %d runs", got, w.count())
	}
}

func TestEscCancels(t *testing.T) {
	r, w, now := atScript(t, Options{}, told(fact.Guest))
	*now = now.Add(time.Minute)
	r.press("tab", "esc").idle()
	if r.atDecision() || w.consents() != "[]" || w.count() != 1 {
		t.Errorf("open: %t, consented to %s, %d runs", r.atDecision(), w.consents(), w.count())
	}
}

// TestNoStrayKeyApproves presses every key that a terminal may type by itself.
func TestNoStrayKeyApproves(t *testing.T) {
	t.Run("keys that were on their way", func(t *testing.T) {
		r, w, now := atScript(t, Options{}, told(fact.Guest))
		r.press("tab", "enter").idle().sees("too quick")
		*now = now.Add(300 * time.Millisecond)
		r.press("enter").idle().sees("too quick")
		if w.consents() != "[]" {
			t.Fatal("a stray enter has approved")
		}
		*now = now.Add(300 * time.Millisecond)
		r.press("enter").idle()
		if w.consents() != `[""]` {
			t.Error("a deliberate enter has not approved")
		}
	})
	t.Run("choosing starts the time anew", func(t *testing.T) {
		r, w, now := atScript(t, Options{}, told(fact.Guest))
		*now = now.Add(time.Minute)
		r.press("tab", "enter").idle().sees("too quick")
		if w.consents() != "[]" {
			t.Error("a burst of keys has approved")
		}
	})
	t.Run("letters, digits, space and enter choose nothing", func(t *testing.T) {
		r, w, now := atScript(t, Options{}, told(fact.Guest))
		for c := ' '; c <= '~'; c++ {
			*now = now.Add(time.Minute)
			if !r.atDecision() { // some keys open other pages, enter leaves
				for len(r.m.stack) > 2 {
					r.press("esc")
				}
				r.press("w").idle()
				r.lines()
			}
			r.press(strings.ReplaceAll(string(c), " ", "space"))
			*now = now.Add(time.Minute)
			r.press("enter").idle()
		}
		if w.consents() != "[]" {
			t.Error("a typed text has approved")
		}
	})
}

// TestApprovingWhereTheLabsClockStands: a lab's time does not pass, the operator's does.
func TestApprovingWhereTheLabsClockStands(t *testing.T) {
	b, w := insideWalk(told(fact.Guest))
	r := newRig(t, 80, 24, Options{Backend: b, Lang: lang.En, Start: Start{Instance: patient, Symptom: runbook.OfficeTerminates}}).idle()
	own := clock()
	r.m.own = func() time.Time { return own }
	r.press("w").idle()
	r.lines()
	own = own.Add(time.Second)
	r.press("tab")
	own = own.Add(time.Second)
	r.press("enter").idle()
	if got := w.consents(); got != `[""]` {
		t.Errorf("consented to %s", got)
	}
}

func TestNothingIsApprovedThatWasNotShown(t *testing.T) {
	r, w, now := atScript(t, Options{}, told(fact.Guest))
	w.next = "Get-Date\nexit 0\n"
	*now = now.Add(time.Minute)
	r.press("tab")
	*now = now.Add(time.Minute)
	r.press("enter").idle()
	if got := w.consents(); got != "[]" || w.count() != 1 {
		t.Fatalf("consented to %s, %d runs", got, w.count())
	}
	r.sees("has changed since it was shown", ">[Cancel]").press("end").sees("Get-Date", "exit 0")
	*now = now.Add(time.Minute)
	r.press("tab")
	*now = now.Add(time.Minute)
	r.press("enter").idle()
	if got := w.consents(); got != `[""]` {
		t.Errorf("the new script was shown and approved, consented to %s", got)
	}
}

func TestConsentThatCannotBeRecordedRunsNothing(t *testing.T) {
	r, w, now := atScript(t, Options{}, told(fact.Guest))
	w.consentErr = errors.New("the consent could not be recorded: disk full")
	*now = now.Add(time.Minute)
	r.press("tab")
	*now = now.Add(time.Minute)
	r.press("enter").idle().sees("Nothing was run", "disk full")
	if w.count() != 1 || !r.atDecision() {
		t.Errorf("%d runs, still open: %t", w.count(), r.atDecision())
	}
}

func TestReadOnlyRulesTheScriptOut(t *testing.T) {
	r, w, now := atScript(t, Options{ReadOnly: true}, told(fact.Guest))
	r.sees("Not possible in read-only mode", "The request").press("v").sees("Read-only mode (--read-only)").press("pgdown").sees("The exact script").lacks("Allow and run", "tab choose")
	for _, k := range []string{"tab", "right", "t", "enter"} {
		*now = now.Add(time.Minute)
		r.press(k).idle()
	}
	if got := w.consents(); got != "[]" || w.count() != 1 {
		t.Errorf("consented to %s, %d runs", got, w.count())
	}
	// The walk refuses it too, whoever asks.
	for _, p := range r.m.stack {
		if in, ok := p.(page.Inside); ok && in.Approve(script(), "").Cmd != nil {
			t.Error("the walk approves in read-only mode")
		}
	}
}

func TestKeyIsNamedOnlyWhileItIsOfUse(t *testing.T) {
	r, _, _ := onWalk(t, done())
	r.lacks("ask Windows")
	b, _ := insideWalk(told(fact.Guest))
	r = newRig(t, 80, 24, Options{Backend: b, Lang: lang.En, Start: Start{Instance: patient, Symptom: runbook.OfficeTerminates}}).idle()
	r.sees("ask Windows").press("e", "shift+tab").sees("w shows the script").press("q").sees("Quit?", "yes", "no")
}

func TestNothingToAsk(t *testing.T) {
	d := done()
	d.Unknowns = nil
	r, _, _ := onWalk(t, d)
	r.press("w").idle().sees("Nothing is left to ask")
	if r.atDecision() {
		t.Error("the page opened all the same")
	}
}

func TestConsentIsAskedForOnce(t *testing.T) {
	r, w, now := atScript(t, Options{}, needing())
	*now = now.Add(time.Minute)
	r.press("tab")
	*now = now.Add(time.Minute)
	r.press("enter").idle().press("down").lacks("ask Windows")
	r.press("w").idle().sees("Allowed; ticket: none named", "Allowed already in this investigation").press("tab").lacks(">[Allow and run]")
	*now = now.Add(time.Minute)
	r.press("enter").idle()
	if w.consents() != `[""]` {
		t.Errorf("consented to %s", w.consents())
	}
}

func TestWaitingForWindowsIsCounted(t *testing.T) {
	d := needing()
	d.Complete, d.Waiting = false, []estate.Key{estate.GuestActivationPart.Key(patient)}
	b, w := fakes(d)
	w.hold = true
	now := clock()
	r := newRig(t, 120, 30, Options{Backend: b, Lang: lang.Ja, Start: Start{Instance: patient, Symptom: tree().Symptom}, Now: func() time.Time { return now }})
	r.until("the first snapshot", func() bool { return strings.Contains(plainText(r.m.View().Content), "[x]") })
	now = now.Add(12 * time.Second)
	r.send(beatMsg{})
	r.sees("OS 内の応答待ち（12 秒経過）")
}

func TestScriptIsShownToTheLetter(t *testing.T) {
	long := "if ($true)    { 'two    spaces' }" + strings.Repeat(" x", 90) + " # \x1b[31mred \u202e"
	for _, s := range []size{{80, 24}, {100, 30}, {200, 60}} {
		b, w := insideWalk(told(fact.Guest))
		w.script = long + "\nexit 0\n"
		r := newRig(t, s.w, s.h, Options{Backend: b, Lang: lang.En, ASCII: true, Start: Start{Instance: patient, Symptom: runbook.OfficeTerminates}}).idle().press("w").idle()
		r.lines()
		r.press("end")
		checkFrame(t, r.m.View().Content, s)
		// The pieces of the line stand under each other, each as wide as the pane.
		var shown strings.Builder
		for _, l := range r.lines() {
			l = strings.TrimSuffix(ansi.Strip(l), "|")
			l = l[strings.LastIndex(l, "|")+1:]
			switch {
			case strings.HasPrefix(l, "1  "):
				shown.Reset()
				shown.WriteString(l[3:])
			case strings.HasPrefix(l, "   "):
				shown.WriteString(l[3:])
			case strings.HasPrefix(l, "2  "):
				shown.WriteString("|" + l[3:])
			}
		}
		want := strings.NewReplacer("\x1b", `\x1b`, "\u202e", `\u202e`).Replace(long)
		if got, _, _ := strings.Cut(shown.String(), "|"); strings.TrimRight(got, " ") != want {
			t.Errorf("at %s shown\n%q\nnot\n%q", s, got, want)
		}
		r.sees("2  exit 0")
	}
}

func TestDecisionWithNastyTexts(t *testing.T) {
	for _, bad := range nasty() {
		for _, l := range langs() {
			b, w := insideWalk(told(fact.Guest))
			w.script, w.request = bad+"\n"+bad, lang.Same(bad)
			w.scriptErr, w.requestErr, w.pasteErr, w.consentErr = nil, errors.New(bad), errors.New(bad), errors.New(bad)
			d := w.scripts[0][0]
			d.Target.Account, d.Target.Region, d.Probes[1].Title = bad, bad, lang.Same(bad)
			d.Instance = fact.Known(estate.Instance{ID: patient, Name: bad}, fact.Origin{})
			d.Caller = fact.Known(estate.Caller{Alias: bad}, fact.Origin{})
			now := clock()
			r := newRig(t, 100, 30, Options{Backend: b, Lang: l, Start: Start{Instance: patient, Symptom: tree().Symptom}, Now: func() time.Time { return now }}).idle().press("w").idle()
			for _, ks := range [][]string{{}, {"t"}, {"enter", "tab"}, {"enter"}, {"v"}, {"p"}} {
				now = now.Add(time.Minute)
				r.press(ks...).idle()
				if len(ks) == 1 && ks[0] == "t" {
					r.pasted(bad)
				}
				for _, s := range []size{{60, 16}, {80, 24}, {119, 31}, {120, 31}, {200, 60}} {
					r.resize(s)
					checkFrame(t, r.m.View().Content, s)
				}
				if t.Failed() {
					t.Fatalf("with %q in %s after %v:\n%s", bad, l, ks, plainText(r.m.View().Content))
				}
			}
			r.press("esc").pasted(answerLine + bad)
			checkFrame(t, r.m.View().Content, size{200, 60})
		}
	}
}

func TestCrashInsideIsSaid(t *testing.T) {
	b, w := insideWalk(told(fact.Guest))
	r := newRig(t, 80, 24, Options{Backend: crashingBackend{b, w}, Lang: lang.En, Start: Start{Instance: patient, Symptom: runbook.OfficeTerminates}}).idle()
	r.press("w").idle().sees("The script could not be made: monshin failed inside: no script").pasted(answerLine).sees("monshin failed inside: no paste")
}

// crashingBackend starts such a walk.
type crashingBackend struct {
	*fakeBackend
	walk *fakeWalk
}

func (b crashingBackend) Start(context.Context, string, runbook.Symptom) (Walk, error) {
	return crashing{b.walk}, nil
}

// crashing is a walk whose methods about Windows panic.
type crashing struct{ *fakeWalk }

func (crashing) Script() (string, error)            { panic("no script") }
func (crashing) Paste(string) (world.Pasted, error) { panic("no paste") }

func TestHelpOfTheDecision(t *testing.T) {
	r, _, _ := atScript(t, Options{})
	r.press("?").sees("Keys: Asking Windows", "Copy the request").press("esc", "p").sees("The exact script").press("end").sees("exit 0").press("y").idle()
	if len(r.clipped) != 1 || !strings.Contains(r.clipped[0], script()) || !strings.Contains(r.clipped[0], "The request") {
		t.Errorf("the plain text is not whole: %q", r.clipped)
	}
	r.press("esc")
	if !r.atDecision() {
		t.Error("help and plain text did not come back")
	}
	if a, _ := r.m.keys.Lookup(keys.Guest, "l"); a != "" {
		t.Errorf("a letter does %q: a typed line could choose", a)
	}
}
