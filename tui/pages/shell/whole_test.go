package shell

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/tui/keys"
	"github.com/monshin/monshin/tui/page"
	"github.com/monshin/monshin/tui/world"
)

// wide is a desk whose shells can have the whole terminal.
type wide struct {
	*desk
	broken error // what opening comes to
	lost   error // what is wrong although a shell was open
	took   atomic.Int32
}

func (w *wide) Sheller() world.Sheller { return w }
func (w *wide) FullShell(context.Context) func(io.Reader, io.Writer, io.Writer) (world.Shell, error) {
	return func(in io.Reader, out, err io.Writer) (world.Shell, error) {
		w.took.Add(1)
		if in == nil || out == nil || err == nil {
			return nil, errors.New("half a terminal")
		}
		if w.broken != nil {
			return nil, w.broken
		}
		fmt.Fprint(out, "WHOLE")
		_ = w.server.Close()
		return w.server, w.lost
	}
}

func newWide(t *testing.T) (*rig, *wide) {
	r := newRig(t)
	w := &wide{desk: r.desk}
	r.Walk = w
	r.screen(100, 30, lang.En)
	r.run(r.Start())
	r.until("asking", func() bool { return r.stage == asking })
	return r, w
}

// program runs one command in a real program, which alone can hand its terminal over,
// and gives the page what comes back.
type program struct {
	cmd  tea.Cmd
	page *Page
	next page.Next
}

func (m *program) Init() tea.Cmd  { return m.cmd }
func (m *program) View() tea.View { return tea.NewView("INTERFACE") }
func (m *program) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	if r, ok := msg.(returned); ok {
		m.next = m.page.Receive(r)
		return m, tea.Quit
	}
	return m, nil
}

// handed opens the shell that was chosen, and is what the terminal got.
func (r *rig) handed() string {
	r.t.Helper()
	n := r.Act(keys.Choose)
	if n.Cmd == nil {
		r.t.Fatal("enter hands nothing over")
	}
	var out strings.Builder
	in, w := io.Pipe() // nobody types
	defer w.Close()
	ctx, cancel := context.WithTimeout(r.t.Context(), 20*time.Second)
	defer cancel()
	m := &program{cmd: n.Cmd, page: r.Page}
	if _, err := tea.NewProgram(m, tea.WithContext(ctx), tea.WithInput(in), tea.WithOutput(&out), tea.WithWindowSize(80, 24), tea.WithoutSignals()).Run(); err != nil {
		r.t.Fatal(err)
	}
	r.do(m.next)
	return out.String()
}

func TestTheWholeTerminalIsAskedForTwice(t *testing.T) {
	r, w := newWide(t)
	if r.chosen != toCancel {
		t.Fatal("something else than cancel is the default")
	}
	r.do(r.Act(keys.Whole))
	if s := r.screen(80, 24, lang.Ja); !strings.Contains(s, ">[端末全体で開始]") || !strings.Contains(s, "~.") {
		t.Errorf("what was chosen, and the way out, are not shown:\n%s", s)
	}
	if n := r.Act(keys.Choose); n.Cmd != nil || w.took.Load() != 0 {
		t.Fatal("a stray key took the terminal")
	}
	r.do(r.Act(keys.PreviousPane))
	if r.chosen != toOpen {
		t.Error("not back to a shell beside the steps")
	}
	r.do(r.Act(keys.PreviousPane))
	r.do(r.Act(keys.PreviousPane))
	r.now = r.now.Add(time.Second)
	r.do(r.Act(keys.Choose))
	if !r.gone || w.took.Load() != 0 || w.opened != 0 {
		t.Fatal("cancel opened a session, or did not leave")
	}
}

func TestTheWholeTerminalComesBack(t *testing.T) {
	r, w := newWide(t)
	for range 3 { // past the end stays at the end
		r.do(r.Act(keys.NextPane))
	}
	r.now = r.now.Add(time.Second)
	out := r.handed()
	if i := strings.Index(out, "WHOLE"); i < 0 || !strings.Contains(out[i:], "INTERFACE") {
		t.Errorf("the shell did not get the terminal, or did not give it back: %q", out)
	}
	if w.took.Load() != 1 || w.opened != 0 || r.stage != over || r.Unsettled() || r.Raw() {
		t.Fatalf("took %d, opened %d, stage %d", w.took.Load(), w.opened, r.stage)
	}
	for l, end := range map[lang.Lang]string{lang.En: "closed", lang.Ja: "切断"} {
		if s := r.screen(80, 24, l); !strings.Contains(s, end) || !strings.Contains(s, "/tmp/x.cast") {
			t.Errorf("how it ended and where it is recorded:\n%s", s)
		}
	}
	if w.judged != 1 || len(w.reread) == 0 {
		t.Errorf("not judged anew: %d, %v", w.judged, w.reread)
	}
	// Another one is asked for again, from the beginning.
	r.do(r.Act(keys.Retry))
	r.until("asking again", func() bool { return r.stage == asking })
	if r.chosen != toCancel {
		t.Error("the second question is answered already")
	}
}

func TestTheWholeTerminalFails(t *testing.T) {
	r, w := newWide(t)
	w.broken = &lang.Error{Say: lang.Both("access denied", "アクセス拒否"), Err: errors.New("x")}
	r.do(r.Act(keys.Whole))
	r.now = r.now.Add(time.Second)
	r.handed()
	if s := r.screen(80, 24, lang.Ja); r.stage != over || !strings.Contains(s, "アクセス拒否") || !strings.Contains(s, "シェルを開始できず") {
		t.Errorf("why not:\n%s", s)
	}
	if w.judged != 0 {
		t.Error("judged anew although nothing was opened")
	}
	// From there F asks once more, and what was wrong beside a session is said with it.
	w.broken, w.lost = nil, &lang.Error{Say: lang.Both("record torn", "記録の欠落"), Err: errors.New("y")}
	r.do(r.Act(keys.Whole))
	r.until("asking again", func() bool { return r.stage == asking })
	if r.chosen != toWhole || w.took.Load() != 1 {
		t.Fatal("F did not ask")
	}
	if n := r.Act(keys.Choose); n.Cmd != nil {
		t.Fatal("the second question could not be read")
	}
	r.now = r.now.Add(time.Second)
	r.handed()
	if s := r.screen(80, 24, lang.En); !strings.Contains(s, "record torn") || !strings.Contains(s, "closed") || !strings.Contains(s, "/tmp/x.cast") {
		t.Errorf("the end:\n%s", s)
	}
}

func TestTheWholeTerminalIsNotOfferedWhereItCannotBe(t *testing.T) {
	r := newRig(t)
	r.run(r.Start())
	r.until("asking", func() bool { return r.stage == asking })
	r.do(r.Act(keys.Whole))
	r.do(r.Act(keys.NextPane))
	r.do(r.Act(keys.NextPane))
	if r.Offers(keys.Whole) || r.chosen != toOpen || strings.Contains(r.screen(80, 24, lang.En), "Whole terminal") {
		t.Error("offered")
	}
	open, _ := newWide(t)
	open.connected()
	if open.Offers(keys.Whole) {
		t.Error("offered beside an open session")
	}
	open.do(open.Act(keys.Whole))
	if len(open.said) != 1 || open.stage == opening {
		t.Error("not said why not")
	}
}
