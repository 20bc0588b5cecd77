package tui

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/runbook"
	"github.com/monshin/monshin/diagnose/walk"
	"github.com/monshin/monshin/tui/page"
	"github.com/monshin/monshin/tui/pages/guest"
)

func (r *rig) pasted(text string) *rig {
	r.send(tea.PasteMsg{Content: text})
	return r.idle()
}

func TestTheOtherWay(t *testing.T) {
	var copied string
	r, w, _ := atScript(t, Options{Copy: func(s string) error { copied = s; return nil }}, told(fact.Customer))
	r.press("y").idle().sees("Copied the request")
	if copied != "SIMULATED\n"+request() {
		t.Errorf("copied %q", copied)
	}
	r.press("v").sees("確認のお願い", "run by the customer", "Paste the line that comes back").lacks("Allow and run")
	r.press("tab").sees("v shows the script")
	w.parts = 3
	r.pasted("PS C:\\> & {...}\r" + answerLine + "\rPS C:\\>\r")
	if want := []string{"PS C:\\> & {...}\n" + answerLine + "\nPS C:\\>\n"}; !slices.Equal(w.pastes, want) {
		t.Errorf("pasted %q", w.pastes)
	}
	if r.atDecision() || w.count() != 2 {
		t.Errorf("open: %t, %d runs", r.atDecision(), w.count())
	}
	r.sees("Facts that came in with the pasted line: 3", "root causes: 1").press("tab").sees("run by the customer", "2026-11-22 10:55:00 +09:00")
	if w.consents() != "[]" {
		t.Error("a pasted answer was taken for a consent")
	}
}

func TestPastedAnswer(t *testing.T) {
	t.Run("on the walk", func(t *testing.T) {
		b, w := insideWalk(told(fact.Customer))
		w.parts = 2
		r := newRig(t, 80, 24, Options{Backend: b, Lang: lang.Ja, Start: Start{Instance: patient, Symptom: runbook.OfficeTerminates}}).idle().pasted(answerLine)
		r.sees("お客様の実行結果を取り込み: 2 件")
		if w.count() != 2 {
			t.Errorf("%d runs", w.count())
		}
	})
	t.Run("on a page that was opened from the walk", func(t *testing.T) {
		b, w := insideWalk(told(fact.Customer))
		w.parts = 1
		r := newRig(t, 80, 24, Options{Backend: b, Lang: lang.En, Start: Start{Instance: patient, Symptom: runbook.OfficeTerminates}}).idle().press("?").pasted(answerLine)
		if len(w.pastes) != 1 || w.count() != 2 {
			t.Errorf("pasted %q, %d runs", w.pastes, w.count())
		}
		r.sees("Keys: Walk")
	})
	t.Run("while an answer is being typed", func(t *testing.T) {
		b, w := fakes(asking())
		w.parts = 1
		r := newRig(t, 80, 24, Options{Backend: b, Lang: lang.En, Start: Start{Instance: patient, Symptom: runbook.OfficeTerminates}}).idle().press("a").pasted(answerLine)
		if len(w.pastes) != 1 {
			t.Error("it was typed into the field")
		}
		r.lacks("H4sIAAAA")
	})
	t.Run("while the ticket is being typed", func(t *testing.T) {
		r, w, _ := atScript(t, Options{}, told(fact.Customer))
		r.press("t").pasted("CHG-").typed("9").sees("CHG-9").pasted(answerLine)
		if len(w.pastes) != 1 {
			t.Error("it was typed into the field")
		}
	})
	t.Run("that cannot be read", func(t *testing.T) {
		r, w, _ := atScript(t, Options{}, told(fact.Customer))
		w.pasteErr = errors.New("the answer is from i-0fff\x1b[2J, the investigation is about " + patient)
		r.pasted(answerLine).sees("was not taken", `i-0fff\x1b[2J`)
		if w.count() != 1 || !r.atDecision() {
			t.Errorf("%d runs, still open: %t", w.count(), r.atDecision())
		}
		w.pasteErr, w.parts = nil, 1
		r.pasted(answerLine).lacks("was not taken")
	})
	t.Run("that answers nothing", func(t *testing.T) {
		r, w, _ := atScript(t, Options{}, told(fact.Customer))
		r.pasted(answerLine).sees("answers nothing that is open")
		if w.count() != 1 {
			t.Errorf("%d runs", w.count())
		}
	})
	t.Run("that is none", func(t *testing.T) {
		r, w, _ := atScript(t, Options{}, told(fact.Customer))
		r.pasted("hello").sees("no line that begins with MONSHIN1A")
		if len(w.pastes) != 0 {
			t.Error("it was taken all the same")
		}
	})
	t.Run("after the page was left", func(t *testing.T) {
		r, w, now := atScript(t, Options{}, told(fact.Guest))
		*now = now.Add(time.Minute)
		r.press("tab")
		*now = now.Add(time.Minute)
		r.send(keyOf(t, "enter"))
		r.send(keyOf(t, "esc"))
		r.idle()
		if w.consents() != `[""]` || w.count() != 2 {
			t.Errorf("consented to %s, %d runs: what was allowed must run", w.consents(), w.count())
		}
	})
}

// TestDeniedOnlyStillHasARequest: what AWS refused can be asked of somebody else,
// also where Windows has nothing to tell.
func TestDeniedOnlyStillHasARequest(t *testing.T) {
	b, w := fakes(done())
	w.request = lang.Same("aws license-manager-user-subscriptions list-identity-providers\n")
	r := newRig(t, 80, 24, Options{Backend: b, Lang: lang.En, Start: Start{Instance: patient, Symptom: runbook.OfficeTerminates}}).idle()
	r.lacks("ask Windows").press("w").idle().sees("Nothing has to be asked of Windows").lacks("Allow and run")
	r.press("tab").lacks(">[Allow").press("v").sees("list-identity-providers")
}

// The request is for the customer, whose language is not always the operator's: it
// follows the key that changes the language, on the screen and in what is copied.
func TestTheRequestFollowsTheLanguage(t *testing.T) {
	var copied string
	b, w := insideWalk(told(fact.Customer))
	w.request = lang.Both("Please run this block\n", "下記のブロックを実行してください\n")
	o := Options{Backend: b, Lang: lang.En, Start: Start{Instance: patient, Symptom: runbook.OfficeTerminates}, Copy: func(s string) error { copied = s; return nil }}
	r := newRig(t, 100, 30, o).idle().press("w").idle().press("v").sees("Please run this block")
	r.press("L").idle().sees("下記のブロックを実行してください").lacks("Please run this block").press("y").idle()
	if !strings.Contains(copied, "下記のブロックを実行してください") || strings.Contains(copied, "Please") {
		t.Errorf("copied %q", copied)
	}
	r.press("L").idle().sees("Please run this block")
}

// What an answer lacks, and how old it is, is told with what came in.
func TestNotesOnAnAnswerAreTold(t *testing.T) {
	b, w := insideWalk(told(fact.Customer))
	w.parts, w.notes = 1, []lang.Text{lang.Both("the answer lacks DNS\x1b[2J", "DNS の回答なし\x1b[2J")}
	r := newRig(t, 120, 30, Options{Backend: b, Lang: lang.En, Start: Start{Instance: patient, Symptom: runbook.OfficeTerminates}}).idle().pasted(answerLine)
	r.sees("Facts that came in with the pasted line: 1", "the answer lacks DNS")
	checkFrame(t, r.m.View().Content, size{120, 30})
}

func TestTextsFollowTheWalk(t *testing.T) {
	b, w := insideWalk(needing())
	w.hold, w.release = true, make(chan struct{})
	r := newRig(t, 80, 24, Options{Backend: b, Lang: lang.En, Start: Start{Instance: patient, Symptom: runbook.OfficeTerminates}})
	r.until("something is shown", func() bool { return strings.Contains(plainText(r.m.View().Content), "[x]") })
	r.press("w").sees("made when AWS has told everything").lacks("Allow and run").press("tab", "enter")
	if r.atDecision() || w.made != 0 {
		t.Fatal("a script was made, or could be chosen, while the walk runs")
	}
	r.press("w")
	close(w.release)
	r.idle().sees("The exact script", ">[Cancel]", "Allow and run")
	if w.made != 1 {
		t.Errorf("the script was made %d times", w.made)
	}
}

// TestAScriptOfAnOlderStateIsDropped: what AWS told since may have changed what has
// to be asked.
func TestAScriptOfAnOlderStateIsDropped(t *testing.T) {
	b, w := insideWalk(needing())
	w.gates, w.entered = []chan struct{}{make(chan struct{}), make(chan struct{})}, make(chan int, 2)
	w.next, w.parts, w.pasteErr = "Get-Date\nexit 0\n", 1, errors.New("the other lines are damaged")
	r := newRig(t, 80, 24, Options{Backend: b, Lang: lang.En, Start: Start{Instance: patient, Symptom: runbook.OfficeTerminates}}).idle().press("w")
	r.sees("is being made")
	<-w.entered
	r.send(tea.PasteMsg{Content: answerLine})
	r.until("the next script is being made", func() bool {
		return w.count() == 2 && r.open.Load() == 2 && r.m.top().(*guest.Page).Walk.Asked().Step == page.Preparing
	})
	<-w.entered
	close(w.gates[0])
	r.until("the first script is there", func() bool { return r.open.Load() == 1 })
	r.sees("is being made").lacks("Allow and run")
	close(w.gates[1])
	r.idle().sees("The exact script (2 lines)", "Allow and run")
}

func TestAnotherScriptHasToBeChosenAnew(t *testing.T) {
	r, w, now := atScript(t, Options{}, needing())
	r.press("tab").sees(">[Allow and run]")
	w.next, w.parts, w.pasteErr = "Get-Date\nexit 0\n", 1, errors.New("the other lines are damaged")
	r.pasted(answerLine).sees("The exact script (2 lines)", ">[Cancel]")
	*now = now.Add(time.Minute)
	r.press("enter").idle()
	if w.consents() != "[]" {
		t.Error("a choice that was made for another script was taken")
	}
}

func TestRefusedCommandPointsToTheRequest(t *testing.T) {
	d := needing()
	d.Probes[1].Verdict.Whys = []fact.Why{{Reason: fact.Denied, Action: "ssm:SendCommand"}}
	b, w := insideWalk(d)
	w.scripts[0] = []*walk.Diagnosis{d}
	newRig(t, 120, 40, Options{Backend: b, Lang: lang.En, Start: Start{Instance: patient, Symptom: runbook.OfficeTerminates}}).idle().press("e").
		sees("ssm:SendCommand is denied", "w shows a request to somebody else")
}
