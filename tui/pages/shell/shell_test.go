package shell

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/typed"
	"github.com/monshin/monshin/diagnose/walk"
	"github.com/monshin/monshin/tui/keys"
	"github.com/monshin/monshin/tui/page"
	"github.com/monshin/monshin/tui/theme"
	"github.com/monshin/monshin/tui/world"
)

// server is a shell that answers some commands, and keeps what was typed.
type server struct {
	out   *io.PipeWriter
	in    *io.PipeReader
	done  chan struct{}
	once  sync.Once
	mu    sync.Mutex
	typed []string
	sizes [][2]int
	marks []string
}

const ps = "PS C:\\Windows\\system32> "

func newServer() *server {
	r, w := io.Pipe()
	s := &server{in: r, out: w, done: make(chan struct{})}
	go s.print(ps)
	return s
}

func (s *server) print(text string)          { _, _ = s.out.Write([]byte(text)) }
func (s *server) Read(p []byte) (int, error) { return s.in.Read(p) }
func (s *server) Done() <-chan struct{}      { return s.done }
func (s *server) Ended() lang.Text           { return lang.Both("closed", "切断") }
func (s *server) Recording() string          { return "/tmp/x.cast" }

func (s *server) Mark(label string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.marks = append(s.marks, label)
}

func (s *server) Write(p []byte) (int, error) {
	s.mu.Lock()
	s.typed = append(s.typed, string(p))
	s.mu.Unlock()
	switch line := string(p); {
	case strings.Contains(line, "/ato"):
		go s.print(strings.TrimSuffix(line, "\r") + "\r\nWindows(R) をライセンス認証しています\r\n製品は正常にライセンス認証されました。\r\n" + ps)
	case strings.Contains(line, "Test-NetConnection"):
		go s.print(line + "\r\nTcpTestSucceeded : False\r\n" + ps)
	}
	return len(p), nil
}

func (s *server) Resize(cols, rows int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sizes = append(s.sizes, [2]int{cols, rows})
}

func (s *server) Close() error {
	s.once.Do(func() { close(s.done); _ = s.out.Close() })
	return nil
}

func (s *server) all() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.typed, "")
}

// desk is a walk that opens such shells.
type desk struct {
	server  *server
	refuse  error
	opened  int
	reread  []string
	judged  int
	notices func(lang.Text)
}

func (d *desk) Diagnosis() *walk.Diagnosis { return &walk.Diagnosis{} }
func (d *desk) Sheller() world.Sheller     { return d }
func (d *desk) Rejudge() tea.Cmd           { d.judged++; return nil }
func (d *desk) BeforeShell(context.Context) (lang.Text, error) {
	return lang.Both("License Manager manages it", "License Manager の対象"), d.refuse
}
func (d *desk) OpenShell(_ context.Context, _, _ int, notice func(lang.Text)) (world.Shell, error) {
	d.opened++
	d.notices = notice
	return d.server, nil
}
func (d *desk) Reread(probe string) { d.reread = append(d.reread, probe) }
func (d *desk) Typing([]finding.Finding) []typed.Step {
	all, err := typed.Load()
	if err != nil {
		panic(err)
	}
	return typed.Pick(all, []finding.Code{finding.ActivationNoRoute})
}

// rig runs a page's commands as the program would.
type rig struct {
	*Page
	t    *testing.T
	desk *desk
	msgs chan tea.Msg
	now  time.Time
	said []lang.Text
	gone bool
}

func newRig(t *testing.T) *rig {
	r := &rig{t: t, desk: &desk{server: newServer()}, msgs: make(chan tea.Msg, 64), now: time.Unix(0, 0)}
	r.Page = New(t.Context(), Config{Walk: r.desk, Now: func() time.Time { return r.now }})
	t.Cleanup(r.Close)
	return r
}

func (r *rig) run(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	go func() {
		switch m := cmd().(type) {
		case nil:
		case tea.BatchMsg:
			for _, c := range m {
				r.run(c)
			}
		default:
			r.msgs <- m
		}
	}()
}

func (r *rig) do(n page.Next) {
	switch i := n.Do.(type) {
	case page.Say:
		r.said = append(r.said, i.Text)
	case page.CloseShell:
		r.gone = true
	}
	r.run(n.Cmd)
}

func (r *rig) until(what string, ok func() bool) {
	r.t.Helper()
	limit := time.After(10 * time.Second)
	for !ok() {
		select {
		case m := <-r.msgs:
			r.do(r.Receive(m))
		case <-time.After(5 * time.Millisecond):
		case <-limit:
			r.t.Fatalf("never: %s\n%s", what, r.screen(100, 30, lang.En))
		}
	}
}

func (r *rig) screen(w, h int, l lang.Lang) string {
	f := r.Draw(page.Env{Lang: l, Zone: time.UTC, Theme: theme.New(theme.Options{}), Width: w, Height: h})
	if len(f.Lines) != h {
		r.t.Errorf("%d lines of %d", len(f.Lines), h)
	}
	for i, line := range f.Lines {
		if n := ansi.StringWidth(line); n != w {
			r.t.Errorf("%dx%d %s: line %d is %d cells wide: %q", w, h, l, i, n, ansi.Strip(line))
		}
	}
	return ansi.Strip(strings.Join(f.Lines, "\n"))
}

// connected opens the shell as an operator does.
func (r *rig) connected() {
	r.t.Helper()
	r.screen(100, 30, lang.En)
	r.run(r.Start())
	r.until("asking", func() bool { return r.stage == asking })
	r.do(r.Act(keys.NextPane))
	r.now = r.now.Add(time.Second)
	r.do(r.Act(keys.Choose))
	r.until("the prompt", func() bool { return r.stage == open && strings.Contains(r.screen(100, 30, lang.En), "PS C:") })
}

func (r *rig) press(text string) {
	for _, c := range text {
		r.do(r.Key(tea.KeyPressMsg{Code: c, Text: string(c)}))
	}
}

func prefix() tea.KeyPressMsg { return tea.KeyPressMsg{Code: ']', Mod: tea.ModCtrl} }

func TestNothingIsOpenedByItself(t *testing.T) {
	r := newRig(t)
	r.run(r.Start())
	r.until("asking", func() bool { return r.stage == asking })
	s := r.screen(80, 24, lang.Ja)
	if !strings.Contains(s, "License Manager") || !strings.Contains(s, "キャンセル") {
		t.Errorf("what opening means is not said:\n%s", s)
	}
	r.do(r.Act(keys.Choose)) // enter at once: on cancel
	if r.desk.opened != 0 || !r.gone {
		t.Fatal("enter opened a session, or did not leave")
	}
	r.do(r.Act(keys.NextPane))
	r.do(r.Act(keys.Choose)) // too quick
	if r.desk.opened != 0 {
		t.Fatal("a stray key opened a session")
	}
}

func TestWhyItCannotWork(t *testing.T) {
	r := newRig(t)
	r.desk.refuse = &lang.Error{Say: lang.Both("the node is offline", "マネージドノードがオフライン"), Err: errors.New("x")}
	r.run(r.Start())
	r.until("over", func() bool { return r.stage == over })
	if s := r.screen(80, 24, lang.Ja); !strings.Contains(s, "オフライン") {
		t.Errorf("the reason is not shown:\n%s", s)
	}
}

func TestTypingGoesToTheShell(t *testing.T) {
	r := newRig(t)
	r.connected()
	if !r.Raw() {
		t.Fatal("the shell does not have the keys")
	}
	if r.Offers(keys.Choose) || r.Offers(keys.Back) {
		t.Error("keys are offered that are the shell's now")
	}
	r.press("Dir é漢")
	r.do(r.Key(tea.KeyPressMsg{Code: 'c', Mod: tea.ModCtrl}))
	r.do(r.Key(tea.KeyPressMsg{Code: tea.KeyEnter}))
	r.until("typed", func() bool { return r.desk.server.all() == "Dir é漢\x03\r" })
	r.do(r.Key(prefix()))
	r.press("s")
	if r.Raw() {
		t.Fatal("the prefix did not take the keys back")
	}
	r.do(r.Act(keys.NextPane))
	r.do(r.Key(prefix()))
	r.do(r.Key(prefix()))
	r.until("the prefix itself", func() bool { return strings.HasSuffix(r.desk.server.all(), "\x1d") })
}

func TestStepsAreSentAndRead(t *testing.T) {
	r := newRig(t)
	r.connected()
	r.typing = false
	find := func(part string) int {
		for i, s := range r.steps {
			if strings.Contains(s.Command, part) {
				return i
			}
		}
		t.Fatalf("no step %q", part)
		return 0
	}
	test, ato := find("Test-NetConnection"), find("/ato")
	r.cursor.At = test
	r.do(r.Act(keys.Choose))
	r.until("the test read", func() bool { return r.sent < 0 && r.outcomes[test] == typed.Not })
	if !strings.Contains(r.screen(120, 30, lang.En), "[x]") {
		t.Error("the failure is not shown")
	}
	r.cursor.At = ato
	r.do(r.Act(keys.Choose))
	if r.sent >= 0 || strings.Contains(r.desk.server.all(), "/ato") {
		t.Fatal("what changes something was sent at the first enter")
	}
	r.do(r.Act(keys.Choose))
	r.until("the activation read", func() bool { return r.sent < 0 && r.outcomes[ato] == typed.AsHoped })
	if m := r.desk.server.marks; len(m) != 2 || !strings.Contains(m[1], "/ato") {
		t.Errorf("the recording does not say what was sent: %q", m)
	}
	if len(r.desk.reread) != 1 || r.desk.reread[0] != "activation.status" || r.desk.judged == 0 {
		t.Errorf("the probe behind the step was not run again: %v, %d", r.desk.reread, r.desk.judged)
	}
	if s := r.screen(80, 24, lang.Ja); !strings.Contains(s, "正常にライセンス認証") {
		t.Errorf("the Japanese answer is broken:\n%s", s)
	}
}

func TestManyLinesAreNotPastedBlindly(t *testing.T) {
	r := newRig(t)
	r.connected()
	r.Paste("one")
	r.until("one", func() bool { return r.desk.server.all() == "one" })
	r.Paste("a\nb\x1b[201~rm\n")
	time.Sleep(20 * time.Millisecond)
	if r.desk.server.all() != "one" || r.paste == nil {
		t.Fatal("many lines were pasted without a question")
	}
	r.do(r.Act(keys.Choose))
	r.until("pasted", func() bool { return r.desk.server.all() == "onea\rb[201~rm\r" })
}

func TestTheEndIsTold(t *testing.T) {
	r := newRig(t)
	r.connected()
	r.do(r.Key(prefix()))
	r.press("x")
	r.until("over", func() bool { return r.stage == over })
	if s := r.screen(100, 30, lang.En); !strings.Contains(s, "closed") || !strings.Contains(s, "/tmp/x.cast") || !strings.Contains(s, "PS C:") {
		t.Errorf("the end:\n%s", s)
	}
	if r.Unsettled() || r.Raw() {
		t.Error("the ended session still has the keys")
	}
}

func TestLayout(t *testing.T) {
	r := newRig(t)
	r.connected()
	go r.desk.server.print("日本語の長い行が右端で折り返されても文字が失われないこと 0123456789 ｶﾞｷﾞｸﾞ\r\n\x1b]52;c;aGVsbG8=\x07\x1b]0;title\x07" + ps)
	r.until("printed", func() bool { return strings.Contains(r.screen(200, 60, lang.Ja), "失われない") })
	for _, size := range [][2]int{{80, 24}, {60, 16}, {81, 25}, {109, 30}, {110, 30}, {111, 31}, {200, 60}} {
		for _, l := range lang.All() {
			for range 2 {
				s := r.screen(size[0], size[1], l)
				if strings.Contains(s, "\x1b]") {
					t.Error("a control string of the guest reached the frame")
				}
				r.zoom = !r.zoom
				r.version++
			}
		}
	}
	r.until("resized", func() bool {
		r.desk.server.mu.Lock()
		defer r.desk.server.mu.Unlock()
		return len(r.desk.server.sizes) > 4
	})
	r.typing = true
	r.version++
	if f := r.Draw(page.Env{Lang: lang.En, Zone: time.UTC, Theme: theme.New(theme.Options{}), Width: 100, Height: 30}); f.Cursor == nil {
		t.Error("the real cursor is not where the text is")
	}
}
