package tui

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/vt"
	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

func plainText(s string) string { return ansi.Strip(s) }

// still shows a model's view once and leaves.
type still struct{ view tea.View }

func (s still) Init() tea.Cmd                       { return tea.Quit }
func (s still) Update(tea.Msg) (tea.Model, tea.Cmd) { return s, nil }
func (s still) View() tea.View                      { return s.view }

// replay sends a view through Bubble Tea's renderer into a terminal emulator and
// returns what stands on the screen then.
func replay(t testing.TB, v tea.View, width, height int) []string {
	t.Helper()
	var out bytes.Buffer
	p := tea.NewProgram(still{v}, tea.WithInput(nil), tea.WithOutput(&out), tea.WithWindowSize(width, height),
		tea.WithColorProfile(colorprofile.TrueColor), tea.WithEnvironment([]string{"TERM=xterm-256color"}), tea.WithoutSignals())
	if _, err := p.Run(); err != nil {
		t.Fatal(err)
	}
	e := vt.NewEmulator(width, height)
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		// The emulator answers queries; unread answers would block it.
		if _, err := io.Copy(io.Discard, e); err != nil && !errors.Is(err, io.EOF) {
			t.Errorf("draining the emulator: %v", err)
		}
	}()
	// Without a terminal the renderer writes bare line feeds: the emulator has to
	// take them as new lines (LNM). The alternate screen must not be left again.
	stream := "\x1b[20h" + strings.ReplaceAll(out.String(), "\x1b[?1049l", "")
	if _, err := e.Write([]byte(stream)); err != nil {
		t.Fatal(err)
	}
	lines := make([]string, height)
	for y := range lines {
		var b strings.Builder
		for x := 0; x < width; {
			c := e.CellAt(x, y)
			if c == nil || c.Width == 0 {
				b.WriteByte(' ')
				x++
				continue
			}
			b.WriteString(c.Content)
			x += c.Width
		}
		lines[y] = strings.TrimRight(b.String(), " ")
	}
	if pipe, ok := e.InputPipe().(io.Closer); ok {
		if err := pipe.Close(); err != nil {
			t.Fatal(err)
		}
	}
	<-drained
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	return lines
}

func golden(t *testing.T, name string, lines []string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	got := strings.Join(lines, "\n") + "\n"
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("no golden file (go test ./tui -update writes it): %v", err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s differs (-want +got):\n%s", path, d)
	}
}

type size struct{ w, h int }

func (s size) String() string { return strconv.Itoa(s.w) + "x" + strconv.Itoa(s.h) }

// scene brings a model to a screen.
type scene struct {
	name string
	set  func(t testing.TB, s size, o Options) *rig
}

func scenes() []scene {
	walked := func(t testing.TB, s size, o Options) *rig {
		o.Backend, _ = fakes(done())
		o.Start = Start{Instance: patient, Symptom: tree().Symptom}
		return newRig(t, s.w, s.h, o).idle()
	}
	return append(append(append(insideScenes(), fleetScenes()...), fixScenes()...), []scene{
		{"symptoms", func(t testing.TB, s size, o Options) *rig {
			return newRig(t, s.w, s.h, o).idle().press("down")
		}},
		{"symptoms-search", func(t testing.TB, s size, o Options) *rig {
			return newRig(t, s.w, s.h, o).idle().press("/").typed("フリート")
		}},
		{"instances", func(t testing.TB, s size, o Options) *rig {
			return newRig(t, s.w, s.h, o).idle().press("i").idle().press("down")
		}},
		{"instances-id", func(t testing.TB, s size, o Options) *rig {
			return newRig(t, s.w, s.h, o).idle().press("i").idle().press("i").typed("i-12345").press("enter")
		}},
		{"walk-running", func(t testing.TB, s size, o Options) *rig {
			b, w := fakes(early())
			w.hold = true
			o.Backend, o.Start = b, Start{Instance: patient, Symptom: tree().Symptom}
			r := newRig(t, s.w, s.h, o)
			return r.until("something is shown and the account known", func() bool {
				return r.m.identified && strings.Contains(plainText(r.m.View().Content), "[x]")
			})
		}},
		{"walk-done", walked},
		{"walk-tree", func(t testing.TB, s size, o Options) *rig {
			return walked(t, s, o).press("shift+tab", "down", "down")
		}},
		{"walk-evidence", func(t testing.TB, s size, o Options) *rig {
			return walked(t, s, o).press("shift+tab", "e", "tab", "tab")
		}},
		{"walk-causes", func(t testing.TB, s size, o Options) *rig {
			return walked(t, s, o).press("down")
		}},
		{"walk-question", func(t testing.TB, s size, o Options) *rig {
			o.Backend, _ = fakes(asking())
			o.Start = Start{Instance: patient, Symptom: tree().Symptom}
			return newRig(t, s.w, s.h, o).idle().press("a").typed("corp.例え")
		}},
		{"walk-paused", func(t testing.TB, s size, o Options) *rig {
			o.Backend, _ = fakes(paused())
			o.Start = Start{Instance: patient, Symptom: tree().Symptom}
			return newRig(t, s.w, s.h, o).idle()
		}},
		{"walk-quit", func(t testing.TB, s size, o Options) *rig {
			return walked(t, s, o).press("q")
		}},
		{"finding", func(t testing.TB, s size, o Options) *rig {
			return walked(t, s, o).press("enter")
		}},
		{"commands", func(t testing.TB, s size, o Options) *rig {
			return walked(t, s, o).press("c", "down")
		}},
		{"help", func(t testing.TB, s size, o Options) *rig {
			return walked(t, s, o).press("?")
		}},
		{"plain", func(t testing.TB, s size, o Options) *rig {
			return walked(t, s, o).press("p")
		}},
	}...)
}

func TestScreens(t *testing.T) {
	for _, sc := range scenes() {
		for _, s := range []size{{80, 24}, {100, 30}, {200, 60}} {
			for _, l := range langs() {
				name := sc.name + "-" + s.String() + "-" + string(l)
				t.Run(name, func(t *testing.T) {
					r := sc.set(t, s, Options{Lang: l})
					golden(t, name, replay(t, r.m.View(), s.w, s.h))
				})
			}
		}
	}
}
