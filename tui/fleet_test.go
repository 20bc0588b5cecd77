package tui

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/monshin/monshin/diagnose/lang"
)

// From the first screen to the walk of one member of a group, and back the same way.
func TestFleetToAMembersWalk(t *testing.T) {
	f := &fakeFleet{}
	b, _ := fakes(done())
	r := manyRig(t, size{80, 24}, Options{Backend: b, Lang: lang.En}, f)
	r.sees("Copies of one Windows", "One symptom over many").press("down", "enter")
	r.sees("Session Manager does not connect").press("down", "enter").press("enter")
	r.sees("Type KEY=VALUE").typed("env=prod, system=web 1").press("enter").idle()
	if f.said() != `check no-session ids=[] tags=["env=prod" "system=web 1"] guest=false ticket="" again=false` {
		t.Fatal(f.said())
	}
	r.sees("2/4", "vpc-0123 has no endpoint", "undecided", "not reached before the end", "enter open").press("enter")
	r.sees("i-0aaaaaaaaaaaaaaa0", "i-0aaaaaaaaaaaaaaa1").lacks("i-0aaaaaaaaaaaaaaa2")
	r.press("down", "enter").idle()
	if len(b.started) != 1 || b.started[0] != "i-0aaaaaaaaaaaaaaa1 no-session" {
		t.Fatalf("started %v", b.started)
	}
	r.press("esc").sees("i-0aaaaaaaaaaaaaaa0", "no instance chosen")
	r.press("esc").sees("root causes: 1").press("esc").sees("Copies of one Windows").press("esc").sees("What do you see")
}

// esc stops a run and keeps what it has; r goes on.
func TestFleetStops(t *testing.T) {
	f := &fakeFleet{hold: true}
	r := manyRig(t, size{80, 24}, Options{Lang: lang.En}, f).press("enter", "enter")
	r.until("it is told how far it is", func() bool { return strings.Contains(plainText(r.m.View().Content), "318 / 1002") })
	r.sees("asking Windows", "esc stops").press("esc").idle()
	r.sees("[!] not whole", "The same computer name", "3")
	f.hold = false
	r.press("r").idle().lacks("not whole")
	r.press("r").idle()
	want := "clones ids=[] tags=[] guest=false ticket=\"\" again=false\n" +
		"clones ids=[] tags=[] guest=false ticket=\"\" again=true\n" +
		"clones ids=[] tags=[] guest=false ticket=\"\" again=false"
	if f.said() != want {
		t.Errorf("runs:\n%s", f.said())
	}
}

// A second esc does not wait for what was stopped.
func TestFleetIsLeft(t *testing.T) {
	r := manyRig(t, size{80, 24}, Options{Lang: lang.En}, &fakeFleet{hold: true}).press("enter", "enter")
	r.until("it is told how far it is", func() bool { return strings.Contains(plainText(r.m.View().Content), "318 / 1002") })
	r.send(keyOf(t, "esc"))
	r.send(keyOf(t, "esc"))
	r.sees("One symptom over many", "Left without").idle().sees("One symptom over many").lacks("not whole")
}

// Windows is asked after the script was in sight and the choice was made for it.
func TestFleetConsent(t *testing.T) {
	f := &fakeFleet{}
	now := clock()
	r := manyRig(t, size{100, 30}, Options{Lang: lang.En, Now: func() time.Time { return now }}, f).press("enter").typed("env=prod").press("enter").idle()
	r.sees("w ask Windows").press("w").sees("The exact script", "env=prod (5 in the list)", "ssm:SendCommand", ">[Cancel]")
	r.press("enter").idle().sees("Cancelled")
	r.press("w", "t").typed("ＣＨＧ-1").press("enter", "tab", "enter").idle().sees("too quick")
	now = now.Add(time.Second)
	r.press("enter").idle().sees("The same machine SID", "revision 5074").lacks("w ask Windows")
	if !strings.HasSuffix(f.said(), `clones ids=[] tags=["env=prod"] guest=true ticket="CHG-1" again=false`) || strings.Count(f.said(), "guest=true") != 1 {
		t.Errorf("runs:\n%s", f.said())
	}
	r = manyRig(t, size{80, 24}, Options{Lang: lang.En, ReadOnly: true}, f).press("enter", "enter").idle()
	r.lacks("w ask Windows").press("w").idle().sees("read-only")
}

func TestFleetSaysWhyItCouldNotBegin(t *testing.T) {
	for _, l := range langs() {
		r := manyRig(t, size{80, 24}, Options{Lang: l}, &fakeFleet{err: errors.New("no credentials\x1b[2J")}).press("enter", "enter").idle()
		r.sees("no credentials")
		checkFrame(t, r.m.View().Content, size{80, 24})
	}
}

func TestFleetWithNastyNames(t *testing.T) {
	for _, bad := range nasty() {
		for _, keys := range [][]string{{"enter", "enter"}, {"enter", "enter", "enter"}, {"enter", "enter", "p"}, {"enter", "enter", "y"}} {
			s := size{80, 24}
			r := manyRig(t, s, Options{Lang: lang.Ja}, &fakeFleet{name: bad})
			for _, k := range keys {
				r.press(k).idle()
			}
			checkFrame(t, r.m.View().Content, s)
		}
	}
}

// Where there is nothing to read many from, the key is neither named nor live.
func TestNoFleetInARecording(t *testing.T) {
	r := newRig(t, 80, 24, Options{Lang: lang.En}).idle()
	r.sees("f many")
	r.m.first.Many = false
	r.press("down").lacks("f many").press("f").sees("What do you see")
}
