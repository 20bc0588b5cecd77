//go:build unix

package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/term"

	"github.com/monshin/monshin/sessions/journal"
	"github.com/monshin/monshin/sessions/session"
)

// handsOver goes from the walk to a shell on the whole terminal.
func (s *seat) handsOver() {
	s.t.Helper()
	s.until("root causes")
	time.Sleep(time.Second) // the walk comes to its end
	s.types("x")
	s.until("Whole terminal")
	s.types("F")
	s.until("exit, or Enter")
	time.Sleep(time.Second) // a question that nobody can have read takes no enter
	s.types("\r")
	s.until("\x1b[?1049l") // the interface has left
	s.until(`PS C:\Windows\system32> `)
}

// A shell takes the whole terminal from the interface and gives it back: the keys, the
// screen, and in the end the modes that the terminal had before either.
func TestWholeTerminalFromTheInterface(t *testing.T) {
	state := t.TempDir()
	s := sit(t)
	before, err := term.GetState(s.tty.Fd())
	if err != nil {
		t.Fatal(err)
	}
	code := s.runs(state, "--lab", "clone-not-activated", "--lang", "en", "--no-animation")
	s.handsOver()
	s.types("hostname\r")
	s.until("LEGACY-02")
	s.types("\x03") // the session's, and not the interface's
	s.until("^C")
	s.types("\r~.")
	s.until("\x1b[?1049h") // and is back
	s.until("closed from here")
	s.until("recording:")
	s.types("\x1b")
	s.until("root causes")
	s.types("\x03")
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
	if len(rec.Shells) != 1 || rec.Shells[0].Body.Masked == "" {
		t.Fatalf("%+v", rec.Shells)
	}
	cast, err := os.ReadFile(filepath.Join(session.Attachments(files[0]), rec.Shells[0].Body.File))
	if err != nil || !strings.Contains(string(cast), "LEGACY-02") {
		t.Errorf("what was shown is not recorded: %v", err)
	}
}

// A process that is told to end while the shell has the terminal leaves it as it was.
func TestWholeTerminalIsGivenBackAtTheEnd(t *testing.T) {
	s := sit(t)
	before, err := term.GetState(s.tty.Fd())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	state := t.TempDir()
	code := make(chan int, 1)
	go func() {
		code <- run(ctx, &app{
			args: []string{"--lab", "clone-not-activated", "--lang", "en", "--no-animation"}, in: s.tty, out: s.tty, err: s.tty,
			getenv: func(name string) string {
				if name == "XDG_STATE_HOME" || name == "LOCALAPPDATA" {
					return state
				}
				return ""
			},
			isTerminal: func() (bool, bool, bool) { return true, true, true },
		})
	}()
	s.handsOver()
	cancel()
	s.until("recorded in ")
	s.ends(code, 0)
	if after, err := term.GetState(s.tty.Fd()); err != nil || *after != *before {
		t.Errorf("the terminal is not as it was: %v", err)
	}
	files, err := filepath.Glob(filepath.Join(state, "monshin", "journals", "*.jsonl"))
	if err != nil || len(files) != 1 {
		t.Fatalf("%v %v", files, err)
	}
	rec, err := journal.Open(files[0])
	if err != nil || len(rec.Shells) != 1 {
		t.Errorf("the shell is not in the journal: %v", err)
	}
}
