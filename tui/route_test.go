package tui

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/runbook"
	"github.com/monshin/monshin/diagnose/walk"
)

// onWalk opens the walk of a diagnosis at 80x24 in English.
func onWalk(t *testing.T, script ...*walk.Diagnosis) (*rig, *fakeBackend, *fakeWalk) {
	t.Helper()
	b, w := fakes(script...)
	r := newRig(t, 80, 24, Options{Backend: b, Lang: lang.En, Start: Start{Instance: patient, Symptom: runbook.OfficeTerminates}})
	return r.idle(), b, w
}

func TestEscNeverQuits(t *testing.T) {
	for _, sc := range scenes() {
		t.Run(sc.name, func(t *testing.T) {
			r := sc.set(t, size{80, 24}, Options{Lang: lang.En})
			for range 12 {
				r.press("esc").idle()
			}
			r.until("back at the first screen", func() bool { return len(r.m.stack) == 1 })
			r.press("esc")
			if r.quit {
				t.Error("esc has quit")
			}
			r.sees("q quits")
		})
	}
}

func TestCtrlCLeavesFromEverywhere(t *testing.T) {
	for _, sc := range scenes() {
		t.Run(sc.name, func(t *testing.T) {
			r := sc.set(t, size{80, 24}, Options{Lang: lang.En})
			r.send(keyOf(t, "ctrl+c"))
			r.until("it quits", func() bool { return r.quit })
		})
	}
}

func TestQuit(t *testing.T) {
	t.Run("at once on the first screen", func(t *testing.T) {
		r := newRig(t, 80, 24, Options{Lang: lang.En}).idle().press("q").idle()
		if !r.quit {
			t.Error("q has not quit")
		}
	})
	t.Run("typed into a field it is a letter", func(t *testing.T) {
		r := newRig(t, 80, 24, Options{Lang: lang.En}).idle().press("/").typed("q?Lyp").idle()
		if r.quit {
			t.Error("a typed q has quit")
		}
		r.sees("Search: q?Lyp")
	})
	t.Run("from a walk only after a yes", func(t *testing.T) {
		r, _, _ := onWalk(t, done())
		r.press("q").idle().sees("Quit?", "/state/monshin/")
		r.press("n").idle().lacks("Quit?")
		if r.quit {
			t.Fatal("a no has quit")
		}
		r.press("q", "j", "enter").idle().sees("Quit?")
		if r.quit {
			t.Fatal("another key than y has quit")
		}
		r.press("y").idle()
		if !r.quit {
			t.Error("a yes has not quit")
		}
	})
	t.Run("mid-walk it says so", func(t *testing.T) {
		b, w := fakes(early())
		w.hold = true
		r := newRig(t, 80, 24, Options{Backend: b, Lang: lang.En, Start: Start{Instance: patient, Symptom: runbook.OfficeTerminates}})
		r.until("something is shown", func() bool { return strings.Contains(plainText(r.m.View().Content), "[x]") })
		r.press("q").sees("The walk is not finished")
	})
	t.Run("not from pages in between", func(t *testing.T) {
		r, _, _ := onWalk(t, done())
		r.press("enter", "q").idle().sees("esc goes back")
		if r.quit {
			t.Error("q has quit from a finding's page")
		}
	})
}

func TestFlow(t *testing.T) {
	b, _ := fakes(done())
	r := newRig(t, 100, 30, Options{Backend: b, Lang: lang.En}).idle()
	r.press("/").typed("vanishes").press("enter").idle().sees("Which instance?", "OFFICE-03", "terminated")
	r.press("/").typed("ｏｆｆｉｃｅ").sees("1/4").press("enter").idle()
	r.sees("root causes: 1", "OFFICE-03", "i-0abc123def4567890")
	if got := fmt.Sprint(b.started); got != "[i-0abc123def4567890 office-terminates]" {
		t.Errorf("started %s", got)
	}
	r.press("esc").sees("Which instance?").press("esc").press("esc").sees("What do you see").lacks("OFFICE-03")
}

func TestInstanceFirst(t *testing.T) {
	b, _ := fakes(done())
	r := newRig(t, 100, 30, Options{Backend: b, Lang: lang.En}).idle()
	r.press("i").idle().press("i").typed(" Ｉ-0ABC123DEF4567890").press("enter").idle().sees("Now choose the symptom", "OFFICE-03")
	r.press("enter").idle()
	if got := fmt.Sprint(b.started); got != "[i-0abc123def4567890 not-in-systems-manager]" {
		t.Errorf("started %s", got)
	}
}

func TestGivenSymptomPicksTheInstance(t *testing.T) {
	b, _ := fakes(done())
	r := newRig(t, 100, 30, Options{Backend: b, Lang: lang.En, Start: Start{Symptom: runbook.NoSession}}).idle()
	r.sees("Which instance?").press("enter").idle()
	if got := fmt.Sprint(b.started); got != "[i-0abc123def4567890 no-session]" {
		t.Errorf("started %s", got)
	}
}

func TestPastedMessageSearches(t *testing.T) {
	r := newRig(t, 80, 24, Options{Lang: lang.En}).idle()
	r.send(tea.PasteMsg{Content: "  An error occurred (TargetNotConnected):\r\n i-0abc is not connected.\n"})
	r.sees("Session Manager does not connect", "TargetNotConnected").lacks("RDP times out")
}

func TestPasteWithoutAField(t *testing.T) {
	r, _, _ := onWalk(t, done())
	r.send(tea.PasteMsg{Content: "x"})
	r.sees("Nothing to paste into here")
}

func TestInputMethod(t *testing.T) {
	t.Run("full-width letters act as their keys", func(t *testing.T) {
		r := newRig(t, 80, 24, Options{Lang: lang.En}).idle()
		r.press("？").sees("Keys: Symptoms").press("esc")
		r.press("Ｌ").sees("どの事象ですか").press("Ｌ")
		r.press("ｊ", "ｊ").sees(" > RDP times out").press("ｋ").sees(" > Session Manager does not connect")
		r.press("　").press("／").typed("ｒｄｐ").sees("Search: ｒｄｐ")
		r.press("esc", "ｑ").idle()
		if !r.quit {
			t.Error("a full-width q has not quit")
		}
	})
	t.Run("kana says that the input method is on", func(t *testing.T) {
		for _, kana := range []string{"あ", "ｱ", "カ", "漢", "。", "ー"} {
			r := newRig(t, 80, 24, Options{Lang: lang.Ja}).idle().press(kana).sees("IMEがオンです")
			if r.quit {
				t.Errorf("%s has quit", kana)
			}
		}
	})
	t.Run("kana typed into a field is text", func(t *testing.T) {
		r := newRig(t, 80, 24, Options{Lang: lang.Ja}).idle().press("/").typed("リモート").sees("検索: リモート", "RDP 接続").lacks("IMEが")
		if r.m.View().Cursor == nil {
			t.Fatal("no cursor where text is typed")
		}
		// " 検索: " is 7 cells, four full-width characters 8 more; the line is the page's second.
		if c := r.m.View().Cursor; c.X != 15 || c.Y != headLines+1 {
			t.Errorf("the cursor is at %d,%d", c.X, c.Y)
		}
		r.press("left", "left").idle()
		if c := r.m.View().Cursor; c.X != 11 {
			t.Errorf("after two steps to the left the cursor is at %d", c.X)
		}
	})
}

func TestNoCursorWithoutAField(t *testing.T) {
	if c := newRig(t, 80, 24, Options{}).idle().m.View().Cursor; c != nil {
		t.Errorf("there is a cursor at %v", c)
	}
}

func TestLanguageSwitchesLive(t *testing.T) {
	r, _, _ := onWalk(t, done())
	r.sees("problems found").press("L").sees("問題あり", "根本原因 1 件").lacks("problems found").press("L").sees("problems found")
}

func TestRedraw(t *testing.T) {
	r := newRig(t, 80, 24, Options{}).idle().press("ctrl+l").idle()
	if r.cleared != 1 {
		t.Errorf("the screen was cleared %d times", r.cleared)
	}
}

func TestFullRepaintClearsOnlyWhatChanged(t *testing.T) {
	r := newRig(t, 80, 24, Options{FullRepaint: true}).idle()
	r.m.View()
	before := r.cleared
	r.send(beatMsg{})
	r.idle()
	if r.cleared != before {
		t.Error("an equal frame was painted again")
	}
	r.press("down").idle()
	if r.cleared != before+1 {
		t.Errorf("a changed frame cleared the screen %d times", r.cleared-before)
	}
}

func TestHelpListsTheKeysOfThePage(t *testing.T) {
	r, _, _ := onWalk(t, done())
	r.press("?").sees("Keys: Walk", "tab / right / l").press("/").typed("retry").lacks("tab / right")
	r.press("esc").press("/").typed("aws cli").press("enter").sees("AWS CLI lines").lacks("tab / right").press("esc", "esc").sees("problems found")
}

func TestQuestion(t *testing.T) {
	b, w := fakes(asking())
	w.scripts = [][]*walk.Diagnosis{{asking()}, {done()}}
	r := newRig(t, 80, 24, Options{Backend: b, Lang: lang.En, Start: Start{Instance: patient, Symptom: runbook.OfficeTerminates}}).idle()
	r.sees("Question", "Which AD domain should it join?", "needs an answer")
	r.press("a", "enter").sees("Type an answer")
	r.typed("ｃｏｒｐ.example.local").press("enter").idle().sees("root causes: 1").lacks("Question")
	if got := fmt.Sprint(w.answers, w.runs); got != "[ad-domain=corp.example.local] 2" {
		t.Errorf("answered and ran %s", got)
	}
	r.press("shift+tab").sees("answered")
}

func TestQuestionAtTheEndOfTheWay(t *testing.T) {
	d := done()
	d.Path = d.Path[:2]
	r, _, w := onWalk(t, d)
	r.sees("Which AD domain should it join?", "a answer").press("d").idle()
	if got := fmt.Sprint(w.answers); got != "[ad-domain=]" {
		t.Errorf("answered %s", got)
	}
}

func TestDontKnow(t *testing.T) {
	b, w := fakes(asking())
	r := newRig(t, 80, 24, Options{Backend: b, Lang: lang.En, Start: Start{Instance: patient, Symptom: runbook.OfficeTerminates}}).idle()
	r.press("d").idle().sees("don't know")
	if got := fmt.Sprint(w.answers, w.runs); got != "[ad-domain=] 2" {
		t.Errorf("answered and ran %s", got)
	}
}

func TestAnswerWhileRunningRunsAgain(t *testing.T) {
	b, w := fakes(asking())
	w.hold, w.release = true, make(chan struct{})
	w.scripts = [][]*walk.Diagnosis{{asking()}, {done()}}
	r := newRig(t, 80, 24, Options{Backend: b, Lang: lang.En, Start: Start{Instance: patient, Symptom: runbook.OfficeTerminates}})
	r.until("the question", func() bool { return strings.Contains(plainText(r.m.View().Content), "Question") })
	r.press("d").sees("don't know")
	if n := w.count(); n != 1 {
		t.Fatalf("%d runs at once", n)
	}
	close(w.release)
	r.idle().sees("root causes: 1")
	if n := w.count(); n != 2 {
		t.Errorf("%d runs, the answer came during the first", n)
	}
}

func TestRetry(t *testing.T) {
	t.Run("reads again what was denied", func(t *testing.T) {
		r, _, w := onWalk(t, done())
		r.press("r").idle()
		if w.retries != 1 || w.runs != 2 {
			t.Errorf("%d retries, %d runs", w.retries, w.runs)
		}
	})
	t.Run("says when there is nothing", func(t *testing.T) {
		d := done()
		d.Unknowns = nil
		r, _, w := onWalk(t, d)
		r.press("r").idle().sees("Nothing to read again")
		if w.retries != 0 {
			t.Error("it was retried all the same")
		}
	})
	t.Run("goes on after a pause", func(t *testing.T) {
		b, w := fakes()
		w.scripts = [][]*walk.Diagnosis{{paused()}, {done()}}
		r := newRig(t, 100, 24, Options{Backend: b, Lang: lang.En, Start: Start{Instance: patient, Symptom: runbook.OfficeTerminates}}).idle()
		r.sees("Paused", "Press r", "ExpiredTok", "[x]") // what was read stays
		r.press("r").idle().lacks("Paused").sees("root causes: 1")
	})
	t.Run("starts again what could not start", func(t *testing.T) {
		b, _ := fakes(done())
		b.startErr = errors.New("no credentials")
		r := newRig(t, 100, 24, Options{Backend: b, Lang: lang.En, Start: Start{Instance: patient, Symptom: runbook.OfficeTerminates}}).idle()
		r.sees("Stopped: no credentials")
		b.startErr = nil
		r.press("r").idle().sees("root causes: 1").lacks("no credentials")
	})
}

func TestCrashOfAWalkIsShown(t *testing.T) {
	b, w := fakes(early())
	w.crash = true
	r := newRig(t, 100, 24, Options{Backend: b, Lang: lang.En, Start: Start{Instance: patient, Symptom: runbook.OfficeTerminates}}).idle()
	r.sees("monshin failed inside: nil map", "[x]")
}

func TestLeavingAWalkStopsIt(t *testing.T) {
	b, w := fakes(early())
	w.hold = true
	r := newRig(t, 100, 24, Options{Backend: b, Lang: lang.En, Start: Start{Instance: patient, Symptom: runbook.OfficeTerminates}})
	r.until("something is shown", func() bool { return strings.Contains(plainText(r.m.View().Content), "[x]") })
	page := r.m.top().(interface{ Ended() <-chan struct{} })
	ended := page.Ended()
	r.press("esc")
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Fatal("the walk goes on after its page was left")
	}
	if !w.ended {
		t.Error("the walk has not ended by itself")
	}
}

func TestCopy(t *testing.T) {
	t.Run("to the own clipboard", func(t *testing.T) {
		var copied string
		b, _ := fakes(done())
		r := newRig(t, 100, 30, Options{Backend: b, Lang: lang.En, Start: Start{Instance: patient, Symptom: runbook.OfficeTerminates},
			Copy: func(s string) error { copied = s; return nil }}).idle()
		r.press("y").idle().sees("Copied the finding (clipboard of this machine)")
		for _, want := range []string{"SIMULATED\n", "[proven]", "dns.ad-domain-unresolvable@corp.example.local", "AmazonProvidedDNS", "2026-11-22 10:57:00 +09:00", "CLI: aws ec2"} {
			if !strings.Contains(copied, want) {
				t.Errorf("the copy lacks %q:\n%s", want, copied)
			}
		}
		if len(r.clipped) != 0 {
			t.Error("the terminal was asked as well")
		}
		// A command is to be pasted as it is.
		r.press("c", "y").idle()
		if copied != "aws ec2 describe-dhcp-options --dhcp-options-ids dopt-0aa11bb22 --region ap-northeast-1" {
			t.Errorf("copied %q", copied)
		}
	})
	t.Run("by the terminal where that fails", func(t *testing.T) {
		b, _ := fakes(done())
		r := newRig(t, 100, 30, Options{Backend: b, Lang: lang.En, Start: Start{Instance: patient, Symptom: runbook.OfficeTerminates},
			Copy: func(string) error { return errors.New("no pbcopy") }}).idle()
		r.press("y").idle().sees("OSC 52")
		if len(r.clipped) != 1 {
			t.Errorf("the terminal was asked %d times", len(r.clipped))
		}
	})
	t.Run("by the terminal where there is no other", func(t *testing.T) {
		r, _, _ := onWalk(t, done())
		r.press("y").idle().sees("OSC 52")
		if len(r.clipped) != 1 {
			t.Errorf("the terminal was asked %d times", len(r.clipped))
		}
	})
}

func TestHeaderNamesWhereOneIs(t *testing.T) {
	for _, sc := range scenes() {
		if sc.name == "plain" || sc.name == "guest-read-only" {
			continue // shows the text and nothing else; names the mode besides, and cuts the alias for it
		}
		r := sc.set(t, size{80, 24}, Options{Lang: lang.Ja})
		r.sees("【模擬データ】", "acme-prod", "123456789012", "ReadOnlyA", "ap-northeast-1")
	}
}

func TestSimulatedIsMarkedOnEveryScreen(t *testing.T) {
	for _, sc := range scenes() {
		for _, s := range []size{{60, 16}, {80, 24}} {
			sc.set(t, s, Options{Lang: lang.En}).sees("SIMULATED")
		}
	}
}

func TestLiveAccountIsNotMarked(t *testing.T) {
	d := done()
	d.Simulated = false
	b, _ := fakes(d)
	b.identity.Simulated = false
	newRig(t, 80, 24, Options{Backend: b, Lang: lang.En, Start: Start{Instance: patient, Symptom: runbook.OfficeTerminates}}).idle().lacks("SIMULATED")
}

func TestUnknownAccountIsSaid(t *testing.T) {
	b, _ := fakes(done())
	b.fails = errors.New("sts: no credentials")
	r := newRig(t, 100, 24, Options{Backend: b, Lang: lang.En, Start: Start{Instance: patient, Symptom: runbook.OfficeTerminates}}).idle()
	r.sees("account unknown: sts: no credentials")
	b.fails = nil
	r.press("r").idle().sees("123456789012").lacks("account unknown")
}

func TestConsequenceIsShownOnceUnderItsCause(t *testing.T) {
	b, _ := fakes(done())
	r := newRig(t, 200, 60, Options{Backend: b, Lang: lang.En, Start: Start{Instance: patient, Symptom: runbook.OfficeTerminates}}).idle()
	screen := plainText(r.m.View().Content)
	if n := strings.Count(screen, "(consequence)"); n != 1 {
		t.Errorf("the consequence stands %d times in the results", n)
	}
	if !strings.Contains(screen, "-> License Manager terminated") {
		t.Errorf("the consequence does not stand under its cause:\n%s", screen)
	}
}

func TestListFailureCanBeReadAgain(t *testing.T) {
	b, _ := fakes(done())
	b.listErr = errors.New("ec2:DescribeInstances: UnauthorizedOperation")
	r := newRig(t, 100, 24, Options{Backend: b, Lang: lang.En}).idle().press("i").idle()
	r.sees("The list could not be read", "UnauthorizedOperation", "WEB-01")
	b.listErr = nil
	r.press("r").idle().lacks("could not be read").sees("4/4")
}

func TestToastGoes(t *testing.T) {
	r := newRig(t, 80, 24, Options{Lang: lang.En}).idle().press("esc").sees("q quits")
	r.send(toastGoneMsg{r.m.toastID - 1})
	r.sees("q quits") // an older message's time is over, not this one's
	r.send(toastGoneMsg{r.m.toastID})
	r.lacks("This is the first screen")
}

func TestRunsInATerminalAndLeaves(t *testing.T) {
	b, _ := fakes(done())
	var out strings.Builder
	// The keys wait in the input: ctrl+c is handled whenever it is read.
	err := Run(t.Context(), Options{
		Backend: b, Library: library(), Catalogue: fakeCatalogue{}, Lang: lang.En, Now: clock,
		Start: Start{Instance: patient, Symptom: runbook.OfficeTerminates}, Input: strings.NewReader("\x03"), Output: &out,
		Environ: []string{"TERM=xterm-256color"}, NoAnimation: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "\x1b[?1049h") || !strings.Contains(out.String(), "\x1b[?1049l") {
		t.Errorf("the alternate screen was not entered and left: %q", out.String())
	}
}
