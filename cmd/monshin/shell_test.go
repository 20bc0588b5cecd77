//go:build unix

package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/charmbracelet/x/term"
	"github.com/creack/pty"

	"github.com/monshin/monshin/sessions/journal"
	"github.com/monshin/monshin/sessions/session"
	"github.com/monshin/monshin/sessions/shell"
)

// seat is somebody at a terminal.
type seat struct {
	t    *testing.T
	keys *os.File // the operator's side
	tty  *os.File

	mu  sync.Mutex
	got bytes.Buffer
}

func sit(t *testing.T) *seat {
	t.Helper()
	keys, tty, err := pty.Open()
	if err != nil {
		t.Skipf("no pseudo terminal here: %v", err)
	}
	if err := pty.Setsize(keys, &pty.Winsize{Cols: 90, Rows: 25}); err != nil {
		t.Fatal(err)
	}
	s := &seat{t: t, keys: keys, tty: tty}
	go func() {
		b := make([]byte, 4096)
		for {
			n, err := keys.Read(b)
			s.mu.Lock()
			s.got.Write(b[:n])
			s.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() { _ = tty.Close(); _ = keys.Close() })
	return s
}

// until waits for a text, and forgets everything up to it.
func (s *seat) until(text string) {
	s.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		s.mu.Lock()
		i := strings.Index(s.got.String(), text)
		if i >= 0 {
			s.got.Next(i + len(text))
		}
		left := s.got.String()
		s.mu.Unlock()
		if i >= 0 {
			return
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("no %q on the screen: %q", text, left)
		}
	}
}

func (s *seat) types(text string) {
	s.t.Helper()
	if _, err := s.keys.WriteString(text); err != nil {
		s.t.Fatal(err)
	}
}

// runs runs a command at the terminal.
func (s *seat) runs(state string, args ...string) <-chan int {
	code := make(chan int, 1)
	go func() {
		code <- run(context.Background(), &app{
			args: args, in: s.tty, out: s.tty, err: s.tty,
			getenv: func(name string) string {
				if name == "XDG_STATE_HOME" || name == "LOCALAPPDATA" {
					return state
				}
				return ""
			},
			isTerminal: func() (bool, bool, bool) { return true, true, true },
		})
	}()
	return code
}

func (s *seat) ends(code <-chan int, want int) {
	s.t.Helper()
	select {
	case got := <-code:
		if got != want {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.t.Errorf("exit %d, want %d: %q", got, want, s.got.String())
		}
	case <-time.After(30 * time.Second):
		s.t.Fatal("the command does not end")
	}
}

func TestShellAtATerminal(t *testing.T) {
	state := t.TempDir()
	s := sit(t)
	before, err := term.GetState(s.tty.Fd())
	if err != nil {
		t.Fatal(err)
	}
	code := s.runs(state, "shell", "--lab", "clone-not-activated", "--lang", "ja")
	s.until("【模擬データ】")
	s.until("開始しますか？ [y/N] ")
	s.types("y\r")
	s.until(`PS C:\Windows\system32> `)
	s.types("hostname\r")
	s.until("LEGACY-02")
	s.until(`PS C:\Windows\system32> `)
	s.types("\x03") // the session's
	s.until("^C")
	s.types("exit\r")
	s.until("シェルが終了")
	s.ends(code, 0)
	if after, err := term.GetState(s.tty.Fd()); err != nil || *after != *before {
		t.Errorf("the terminal is not as it was: %v", err)
	}

	files, err := filepath.Glob(filepath.Join(state, "monshin", "journals", "*.jsonl"))
	if err != nil || len(files) != 1 {
		t.Fatalf("%v %v", files, err)
	}
	rec, err := journal.Open(files[0])
	if err != nil {
		t.Fatal(err)
	}
	if len(rec.Shells) != 1 || len(rec.Notes) != 1 {
		t.Fatalf("%d shells and %d notes are in the journal", len(rec.Shells), len(rec.Notes))
	}
	noted := rec.Shells[0].Body
	if noted.SessionID == "" || noted.To.Before(noted.From) || noted.Masked == "" {
		t.Errorf("%+v", noted)
	}
	var shown bytes.Buffer
	f, err := os.Open(filepath.Join(session.Attachments(files[0]), noted.File))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := shell.Play(t.Context(), &shown, f, shell.PlayOptions{}); err != nil || !strings.Contains(shown.String(), "LEGACY-02") {
		t.Errorf("%v: %q", err, shown.String())
	}
	// What was shown can be handed over, masked.
	var packed bytes.Buffer
	m, err := session.Pack(&packed, files[0], "test")
	if err != nil || len(m.Attachments) != 1 || len(m.Left) != 0 {
		t.Errorf("%v: %+v", err, m)
	}
}

func TestShellIsLeftByTilde(t *testing.T) {
	s := sit(t)
	code := s.runs(t.TempDir(), "shell", "--lab", "healthy", "--yes")
	s.until(`PS C:\Windows\system32> `)
	s.types("\r~.")
	s.until("the session was closed from here")
	s.ends(code, 0)
}

func TestNoShellWithoutConsent(t *testing.T) {
	s := sit(t)
	code := s.runs(t.TempDir(), "shell", "--lab", "healthy")
	s.until("[y/N] ")
	s.types("\r")
	s.until("no session was opened")
	s.ends(code, 2)
}

func TestShellSaysWhyNot(t *testing.T) {
	m := newMachine(t)
	out, _ := m.want(1, "shell", "--lab", "no-endpoint", "--command", "hostname", "--yes")
	has(t, out, "endpoint.missing")
	for _, args := range [][]string{{"--lab", "healthy"}, {"--lab", "healthy", "--command", "hostname"}, {"--lab", "healthy", "--command", "hostname", "--yes", "--read-only"}, {"--lab", "nowhere", "--command", "x", "--yes"}} {
		m.want(2, append([]string{"shell"}, args...)...)
	}
	out, errs := m.want(0, "shell", "--lab", "healthy", "--command", "hostname", "--yes")
	if strings.TrimSpace(out) == "" {
		t.Error("the command's output is not shown")
	}
	has(t, errs, "[SIMULATED]", "recorded in")
}

func TestShellWarnsOfLicenseManager(t *testing.T) {
	m := newMachine(t)
	_, errs := m.want(0, "shell", "--lab", "office-user-missing", "--command", "hostname", "--yes")
	has(t, errs, "WARNING", "ssm-user", "Run Command")
	_, errs = m.want(0, "shell", "--lab", "healthy", "--command", "hostname", "--yes")
	if strings.Contains(errs, "WARNING") {
		t.Error("a warning where License Manager manages nothing")
	}
}

func TestExits(t *testing.T) {
	tests := []struct {
		typed, sent string
		over        bool
	}{
		{"~.", "", true}, {"a~.", "a~.", false}, {"a\r~.b", "a\r", true}, {"\r~~.", "\r~.", false}, {"\r~x\r~", "\r~x\r", false}, {"~\r~.", "~\r", true},
	}
	for _, tt := range tests {
		for _, size := range []int{1, 100} {
			var e exits
			var sent []byte
			over := false
			for b := []byte(tt.typed); len(b) > 0 && !over; {
				n := min(size, len(b))
				var part []byte
				part, over = e.take(b[:n])
				sent = append(sent, part...)
				b = b[n:]
			}
			if string(sent) != tt.sent || over != tt.over {
				t.Errorf("%q by %d: %q %v", tt.typed, size, sent, over)
			}
		}
	}
}

func TestRemoteDesktopIsForwarded(t *testing.T) {
	m := newMachine(t)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var out, errs guarded
	a := m.app(nil, nil, "shell", "--lab", "healthy", "--rdp", "--yes")
	a.out, a.err = &out, &errs
	code := make(chan int, 1)
	go func() { code <- run(ctx, a) }()
	port := regexp.MustCompile(`mstsc /v:localhost:(\d+)`)
	var found []string
	for deadline := time.Now().Add(30 * time.Second); found == nil && time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		found = port.FindStringSubmatch(out.String())
	}
	if found == nil {
		t.Fatalf("no line for the client: %q %q", out.String(), errs.String())
	}
	c, err := net.Dial("tcp", "127.0.0.1:"+found[1])
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetReadDeadline(time.Now().Add(20 * time.Second))
	if b, err := io.ReadAll(c); err != nil || len(b) != 0 {
		t.Errorf("%q %v", b, err)
	}
	cancel()
	select {
	case got := <-code:
		if got != 0 {
			t.Errorf("exit %d: %s", got, errs.String())
		}
	case <-time.After(30 * time.Second):
		t.Fatal("it does not end")
	}
	// Nobody speaks behind the ports of the lab, and that is said.
	has(t, errs.String(), "could not connect to the port", "the session was closed from here")
}

// guarded is a buffer for two goroutines.
type guarded struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (g *guarded) Write(p []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.b.Write(p)
}

func (g *guarded) String() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.b.String()
}
