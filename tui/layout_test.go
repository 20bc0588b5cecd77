package tui

import (
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/walk"
)

// sizes are the breakpoints of the layout and their neighbours, the smallest and
// some odd ones.
func sizes() []size {
	var out []size
	for _, w := range []int{59, 60, 61, 79, 80, 81, 99, 100, 101, 109, 110, 111, 149, 150, 151, 200, 240} {
		for _, h := range []int{15, 16, 17, 23, 24, 25, 30, 60, 80} {
			out = append(out, size{w, h})
		}
	}
	return append(out, size{1, 1}, size{2, 3}, size{10, 40}, size{300, 16})
}

// checkFrame holds a frame to what every frame must be.
func checkFrame(t *testing.T, content string, s size) {
	t.Helper()
	lines := strings.Split(content, "\n")
	if len(lines) != s.h {
		t.Errorf("%d lines in a window of %d", len(lines), s.h)
	}
	for y, l := range lines {
		if w := ansi.StringWidth(l); w != s.w {
			t.Errorf("line %d is %d cells wide in a window of %d: %q", y, w, s.w, ansi.Strip(l))
		}
		if rest := sgr.ReplaceAllString(l, ""); strings.ContainsFunc(rest, dangerous) {
			t.Errorf("line %d carries control characters: %q", y, rest)
		}
	}
}

var sgr = regexp.MustCompile("\x1b\\[[0-9;]*m")

// dangerous are characters that move the cursor, hide text or turn it around.
func dangerous(r rune) bool {
	return r < ' ' || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0x200b || r == 0xfeff
}

func TestLayout(t *testing.T) {
	for _, sc := range scenes() {
		for _, l := range langs() {
			t.Run(sc.name+"-"+string(l), func(t *testing.T) {
				for _, ascii := range []bool{false, true} {
					r := sc.set(t, size{120, 40}, Options{Lang: l, ASCII: ascii, NoColor: ascii})
					for _, s := range sizes() {
						r.resize(s)
						checkFrame(t, r.m.View().Content, s)
						if t.Failed() {
							t.Fatalf("at %s, ASCII %t", s, ascii)
						}
					}
				}
			})
		}
	}
}

// nasty is what a tag, an alias or an error message may hold.
func nasty() []string {
	return []string{
		"\x1b[2J\x1b]0;owned\x07\x1b[31mRED", "line\nfeed\r\nand\ttab", "\u202egnp.exe\u202c", "\u2066hidden\u2069",
		"ｶﾞｷﾞｸﾞﾄﾞ ﾊﾟﾋﾟ", "か\u3099き\u3099", "👩‍👩‍👧‍👦 family ⚠️ ✔️", "𠮷野家 髙﨑", "z\u0301\u0301\u0301\u0301\u0301\u0301\u0301a",
		"\xff\xfe broken \x83\x65", strings.Repeat("長い名前", 80), strings.Repeat("x", 400), "שלום مرحبا", "\u200b\ufeff", "...…①→●",
	}
}

func TestLayoutWithNastyNames(t *testing.T) {
	for _, bad := range nasty() {
		for _, l := range langs() {
			d := done()
			d.Instance = fact.Known(estate.Instance{ID: patient, Name: bad}, fact.Origin{})
			for i := range d.Probes {
				v := &d.Probes[i].Verdict
				d.Probes[i].Title = lang.Same(bad)
				for j := range v.Whys {
					v.Whys[j].Detail, v.Whys[j].Action, v.Whys[j].Resource = bad, bad, bad
				}
				for j := range v.Findings {
					f := &v.Findings[j]
					f.Subject, f.Params = bad, map[string]string{"options": bad, "time": bad}
					for k := range f.Evidence {
						e := &f.Evidence[k]
						e.Value, e.At, e.Rule, e.Origin.CLI, e.Origin.RequestID = bad, bad, lang.Same(bad), "aws "+bad, bad
					}
				}
				d.Findings[min(i, 1)].Finding = d.Probes[min(i, 1)].Verdict.Findings[0]
			}
			d.Unknowns[0].Title, d.Unknowns[0].Why.Detail, d.Unknowns[0].Why.Action = lang.Same(bad), bad, bad
			d.Waiting = []estate.Key{{Kind: "role", ID: bad}}
			b, w := fakes(d)
			b.identity.Alias, b.identity.Profile, b.identity.Account, b.identity.Region = bad, bad, bad, bad
			b.identity.ARN = "arn:aws:sts::1:assumed-role/" + bad + "/x"
			b.listed = [][]estate.Listed{{{ID: bad, Name: bad, State: bad, Type: bad, PrivateIP: bad}}}
			w.crash = bad == nasty()[0]
			r := newRig(t, 100, 30, Options{Backend: b, Lang: l, Start: Start{Instance: bad, Symptom: tree().Symptom}}).idle()
			for _, keys := range [][]string{{}, {"tab"}, {"shift+tab"}, {"shift+tab", "e"}, {"enter"}, {"esc", "c"}, {"p"}, {"esc", "esc"}, {"esc", "i"}, {"/"}} {
				r.press(keys...).idle()
				for _, s := range []size{{60, 16}, {80, 24}, {111, 31}, {200, 60}} {
					r.resize(s)
					checkFrame(t, r.m.View().Content, s)
				}
				if t.Failed() {
					t.Fatalf("with %q in %s after %v:\n%s", bad, l, keys, plainText(r.m.View().Content))
				}
			}
			if title := r.m.View().WindowTitle; strings.ContainsFunc(title, dangerous) {
				t.Errorf("the window's title carries control characters: %q", title)
			}
		}
	}
}

func TestErrorsAreShownHarmless(t *testing.T) {
	for _, bad := range nasty() {
		b, _ := fakes(done())
		b.fails, b.listErr, b.startErr = errors.New(bad), errors.New(bad), errors.New(bad)
		b.listed = nil
		r := newRig(t, 80, 24, Options{Backend: b, Lang: lang.Ja}).idle()
		checkFrame(t, r.m.View().Content, size{80, 24})
		r.press("i").idle()
		checkFrame(t, r.m.View().Content, size{80, 24})
		r.press("i").typed(patient).press("enter").idle()
		r.press("enter").idle().sees("中断")
		checkFrame(t, r.m.View().Content, size{80, 24})
	}
}

// TestReplayedScreenIsWhatWasDrawn catches widths about which Bubble Tea's renderer
// and the layout disagree: a line that is too wide wraps or is cut there.
func TestReplayedScreenIsWhatWasDrawn(t *testing.T) {
	for _, sc := range scenes() {
		for _, l := range langs() {
			s := size{100, 30}
			r := sc.set(t, s, Options{Lang: l})
			drawn := r.lines()
			for y, line := range replay(t, r.m.View(), s.w, s.h) {
				if want := strings.TrimRight(ansi.Strip(drawn[y]), " "); line != want {
					t.Errorf("%s in %s, line %d:\n drawn %q\n shown %q", sc.name, l, y, want, line)
				}
			}
		}
	}
}

func TestTooSmallSaysHowMuchIsNeeded(t *testing.T) {
	r := newRig(t, 80, 24, Options{Lang: lang.Ja}).idle()
	r.resize(size{40, 12})
	r.sees("現在 40x12、必要 60x16")
	r.resize(size{60, 16})
	r.sees("どの事象ですか")
}

func TestNoColourStillTellsStates(t *testing.T) {
	b, _ := fakes(done())
	r := newRig(t, 80, 24, Options{Backend: b, Lang: lang.En, NoColor: true, Start: Start{Instance: patient, Symptom: tree().Symptom}}).idle().press("shift+tab")
	if c := r.m.View().Content; strings.Contains(c, "38;2") || strings.Contains(c, "48;2") {
		t.Error("there are colours without colour")
	}
	r.sees("[x]", "[ok]", "[?]", "[-]", "problem", "denied", "not applicable")
}

func TestASCIIBorders(t *testing.T) {
	b, _ := fakes(done())
	r := newRig(t, 200, 60, Options{Backend: b, Lang: lang.En, ASCII: true, Start: Start{Instance: patient, Symptom: tree().Symptom}}).idle()
	for _, c := range plainText(r.m.View().Content) {
		if c > '~' {
			t.Fatalf("%q is no ASCII character", c)
		}
	}
}

func TestRunningShowsWhatIsWaitedFor(t *testing.T) {
	b, w := fakes(early())
	w.hold = true
	now := clock()
	r := newRig(t, 200, 40, Options{Backend: b, Lang: lang.En, Start: Start{Instance: patient, Symptom: tree().Symptom},
		Now: func() time.Time { return now }})
	r.until("the first snapshot", func() bool { return strings.Contains(plainText(r.m.View().Content), "[x]") })
	r.sees("Still waiting for (2)", "dhcp-options:dopt-0aa11bb22", "waiting for: 2", "No root cause so far").lacks("(5 s)")
	now = now.Add(5 * time.Second)
	r.send(beatMsg{})
	r.sees("dhcp-options:dopt-0aa11bb22 (5 s)")
}

func TestNothingUnreadIsCalledFine(t *testing.T) {
	d := early()
	d.Outcome = walk.Clear // as if nothing were left: it is not complete
	b, _ := fakes(d)
	r := newRig(t, 120, 40, Options{Backend: b, Lang: lang.En, Start: Start{Instance: patient, Symptom: tree().Symptom}}).idle()
	r.sees("not finished", "not read").lacks("no problem", "No root cause found in what was checked")
}

// What copying says has to be read to its end: it says what to do where the
// terminal ignored it.
func TestToastsFit(t *testing.T) {
	for _, sc := range scenes() {
		for _, l := range langs() {
			r := sc.set(t, size{80, 24}, Options{Lang: l})
			r.press("y")
			if w := lang.Width(r.m.toast.In(l)); w > 78 {
				t.Errorf("%s in %s: %d cells: %s", sc.name, l, w, r.m.toast.In(l))
			}
		}
	}
}
