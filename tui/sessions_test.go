package tui

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/tui/world"
)

// keeper is a backend with recorded investigations.
type keeper struct {
	*fakeBackend
	walk    *keptWalk
	list    []world.Session
	listErr error
	resumed []string
}

func (k *keeper) Unfinished(context.Context) ([]world.Session, error) { return k.list, k.listErr }

func (k *keeper) Resume(_ context.Context, ref string) (world.Walk, error) {
	k.resumed = append(k.resumed, ref)
	if k.startErr != nil {
		return nil, k.startErr
	}
	return k.walk, nil
}

// keptWalk goes on from a record and keeps notes.
type keptWalk struct {
	*fakeWalk
	told    lang.Text
	node    string
	changes []lang.Text
	noteErr error
	notes   []string
}

func (w *keptWalk) Told() lang.Text      { return w.told }
func (w *keptWalk) Node() string         { return w.node }
func (w *keptWalk) Changes() []lang.Text { return w.changes }

func (w *keptWalk) Note(text string, forCustomer bool, node string) error {
	if w.noteErr != nil {
		return w.noteErr
	}
	who := "internal"
	if forCustomer {
		who = "customer"
	}
	w.notes = append(w.notes, who+"@"+node+": "+text)
	return nil
}

func kept() *keeper {
	b, w := fakes(done())
	b.listErr = nil
	k := &keeper{fakeBackend: b, walk: &keptWalk{fakeWalk: w}}
	for i, s := range []string{"1a2b3c4d", "5e6f7081"} {
		k.list = append(k.list, world.Session{Ref: "/state/" + s, ID: s, Instance: patient, Symptom: tree().Symptom, Cut: i == 0,
			Updated: clock().Add(-time.Duration(i+1) * time.Hour)})
	}
	k.walk.changes = []lang.Text{
		lang.Both("facts read again: 12; changes since: 2", "再取得 12 件、前回からの変更 2 件"),
		lang.Both("no longer found: endpoint.missing@ssm", "解消または検出されず: endpoint.missing@ssm"),
		lang.Both("VPC endpoints of vpc-1, vpce-1.state: pending -> available", "VPC エンドポイント vpc-1 の vpce-1.state: pending → available"),
	}
	return k
}

func TestSessionScreens(t *testing.T) {
	for _, sc := range []struct {
		name string
		set  func(r *rig) *rig
	}{
		{"sessions-first", func(r *rig) *rig { return r }},
		{"sessions-list", func(r *rig) *rig { return r.press("s").idle().press("down") }},
		{"sessions-resumed", func(r *rig) *rig { return r.press("s").idle().press("enter").idle() }},
		{"sessions-changes", func(r *rig) *rig { return r.press("s").idle().press("enter").idle().press("s") }},
		{"sessions-note", func(r *rig) *rig {
			return r.press("s").idle().press("enter").idle().press("n").typed("3 台は使えている").press("down").typed("AMI は同じ").press("tab")
		}},
	} {
		for _, s := range []size{{80, 24}, {100, 30}, {200, 60}} {
			for _, l := range langs() {
				name := sc.name + "-" + s.String() + "-" + string(l)
				t.Run(name, func(t *testing.T) {
					r := sc.set(newRig(t, s.w, s.h, Options{Lang: l, Backend: kept()}).idle())
					golden(t, name, replay(t, r.m.View(), s.w, s.h))
				})
			}
		}
	}
}

func TestGoingOnWithAnInvestigation(t *testing.T) {
	k := kept()
	k.walk.node = tree().Nodes[2].ID
	r := newRig(t, 120, 40, Options{Backend: k, Lang: lang.En}).idle()
	r.sees("unfinished investigations: 2").press("s").idle().sees("1a2b3c4d", "cut short", "undecided")
	r.press("down", "enter").idle()
	if !slices.Equal(k.resumed, []string{"/state/5e6f7081"}) || len(k.started) != 0 {
		t.Errorf("resumed %q, started %q", k.resumed, k.started)
	}
	r.sees("changes since: 2", "s shows them").press("s").sees("no longer found: endpoint.missing@ssm").press("esc")
	// The cursor is where the story stood.
	if r.press("shift+tab", "n").typed("x").press("enter").idle(); len(k.walk.notes) != 1 || k.walk.notes[0] != "internal@"+tree().Nodes[2].ID+": x" {
		t.Errorf("notes %q", k.walk.notes)
	}
	r.sees("The note is recorded")
}

func TestGoingOnFromTheCommandLine(t *testing.T) {
	k := kept()
	k.walk.told = lang.Both("process 7 works on it: opened for reading only", "読み取り専用で表示")
	r := newRig(t, 100, 30, Options{Backend: k, Lang: lang.En, Start: Start{Instance: patient, Symptom: tree().Symptom, Resume: "/state/x"}})
	r.until("it is told", func() bool { return strings.Contains(plainText(r.m.View().Content), "process 7 works on it") })
	if !slices.Equal(k.resumed, []string{"/state/x"}) {
		t.Errorf("resumed %q", k.resumed)
	}
}

func TestNothingToGoOnWith(t *testing.T) {
	k := kept()
	k.list = nil
	r := newRig(t, 100, 30, Options{Backend: k, Lang: lang.En}).idle().lacks("unfinished", "go on")
	r.press("s").idle().sees("No unfinished investigation").press("enter").sees("Nothing to go on with")
	k.listErr = errors.New("disk \x1b[2J")
	r.press("r").idle().sees(`disk \x1b[2J`)
	// A backend without records says so.
	newRig(t, 100, 30, Options{Lang: lang.En}).idle().press("s").idle().sees("Nothing recorded can be gone on with here")
	// What cannot be gone on with is told where it was asked for.
	k = kept()
	k.startErr = errors.New("line 5: changed")
	newRig(t, 100, 30, Options{Backend: k, Lang: lang.En}).idle().press("s").idle().press("enter").idle().sees("line 5: changed")
}

func TestNotes(t *testing.T) {
	k := kept()
	open := func() *rig {
		return newRig(t, 100, 30, Options{Backend: k, Lang: lang.En, Start: Start{Instance: patient, Symptom: tree().Symptom, Resume: "x"}}).idle()
	}
	t.Run("before an investigation", func(t *testing.T) {
		newRig(t, 100, 30, Options{Backend: k, Lang: lang.En}).idle().press("n").sees("A note belongs to an investigation")
	})
	t.Run("lines and audience", func(t *testing.T) {
		k.walk.notes = nil
		r := open().press("n").sees("[internal only]").typed("qnesL?").press("down").typed("two").press("tab").sees("[for the customer]", "qnesL?")
		r.press("enter").idle().lacks("[for the customer]").sees("recorded")
		if want := "customer@: qnesL?\ntwo"; len(k.walk.notes) != 1 || k.walk.notes[0] != want {
			t.Errorf("notes %q", k.walk.notes)
		}
	})
	t.Run("pasted", func(t *testing.T) {
		k.walk.notes = nil
		r := open().press("n")
		r.send(tea.PasteMsg{Content: "one\r\ntwo\n\x1b[2Jthree\n"})
		r.press("enter").idle()
		if want := "internal@: one\ntwo\n[2Jthree"; len(k.walk.notes) != 1 || k.walk.notes[0] != want {
			t.Errorf("notes %q", k.walk.notes)
		}
	})
	t.Run("over another page", func(t *testing.T) {
		k.walk.notes = nil
		open().press("?", "n").typed("z").press("enter").idle().sees("Keys: Walk")
		if len(k.walk.notes) != 1 {
			t.Errorf("notes %q", k.walk.notes)
		}
	})
	t.Run("empty and dropped", func(t *testing.T) {
		k.walk.notes = nil
		r := open().press("n", "enter").sees("The note is empty").press("down", "up", "backspace").typed("x").press("esc").sees("dropped")
		r.lacks("[internal only]")
		if len(k.walk.notes) != 0 {
			t.Errorf("notes %q", k.walk.notes)
		}
	})
	t.Run("a full disk", func(t *testing.T) {
		k.walk.notes, k.walk.noteErr = nil, errors.New("no space left on device")
		r := open().press("n").typed("keep me").press("enter").idle().sees("not recorded: no space left", "keep me")
		k.walk.noteErr = nil
		r.press("enter").idle()
		if len(k.walk.notes) != 1 || k.walk.notes[0] != "internal@: keep me" {
			t.Errorf("notes %q", k.walk.notes)
		}
	})
	t.Run("a walk that keeps none", func(t *testing.T) {
		r, _, _ := onWalk(t, done())
		r.press("n").typed("x").press("enter").idle().sees("No note can be kept here", "x")
	})
}
