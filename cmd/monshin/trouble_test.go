package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/monshin/monshin/diagnose/lang"
)

// full is an output that takes so many bytes and no more.
type full struct{ room int }

func (f *full) Write(b []byte) (int, error) {
	if len(b) > f.room {
		n := f.room
		f.room = 0
		return n, errors.New("no space left on device")
	}
	f.room -= len(b)
	return len(b), nil
}

// surroundings are an app's with a state folder of its own.
func surroundings(t testing.TB, out, errs io.Writer, args ...string) *app {
	state := t.TempDir()
	return &app{
		args: args, in: strings.NewReader(""), out: out, err: errs,
		getenv: func(name string) string {
			if name == "XDG_STATE_HOME" || name == "LOCALAPPDATA" {
				return state
			}
			return ""
		},
		isTerminal: func() (bool, bool, bool) { return false, false, false },
	}
}

// An output that is cut short is a failure of every command.
func TestAFullOutputIsAFailure(t *testing.T) {
	for _, args := range [][]string{
		{"check", "--lab", "healthy"}, {"lab", "list"}, {"lab", "show", "healthy"}, {"explain", "iam.profile-missing"},
		{"runbook", "list"}, {"runbook", "show", "no-session"}, {"runbook", "graph", "no-session"}, {"permissions"}, {"permissions", "--table"},
	} {
		var errs bytes.Buffer
		code := run(t.Context(), surroundings(t, &full{room: 40}, &errs, args...))
		if code != exitFailed || !strings.Contains(errs.String(), "no space left") {
			t.Errorf("%v: exit %d, %q", args, code, errs.String())
		}
	}
}

// At a terminal a check says where its record is, and what for where something was denied.
func TestACheckAtATerminalNamesItsRecord(t *testing.T) {
	for scenario, asks := range map[string]bool{"healthy": false, "operator-denied": true} {
		for _, l := range lang.All() {
			var out, errs bytes.Buffer
			a := surroundings(t, &out, &errs, "check", "--lab", scenario, "--lang", string(l))
			a.isTerminal = func() (bool, bool, bool) { return true, true, true }
			run(t.Context(), a)
			if !strings.Contains(errs.String(), ".jsonl") || strings.Contains(errs.String(), "--for-session") != asks {
				t.Errorf("%s in %s: %q", scenario, l, errs.String())
			}
		}
	}
}

// Where no record can be kept, the report is there all the same, and the operator is told.
func TestAWalkThatCannotBeRecorded(t *testing.T) {
	file := t.TempDir() + "/file"
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, l := range lang.All() {
		var out, errs bytes.Buffer
		a := surroundings(t, &out, &errs, "check", "--lab", "many-causes", "--lang", string(l))
		a.getenv = func(name string) string {
			if name == "XDG_STATE_HOME" || name == "LOCALAPPDATA" {
				return file
			}
			return ""
		}
		code := run(t.Context(), a)
		if code != exitProblem || !strings.Contains(out.String(), "endpoint.missing") || !strings.Contains(errs.String(), lang.Both("not recorded", "記録されていない").In(l)) {
			t.Errorf("%s: exit %d, %q", l, code, errs.String())
		}
	}
}

// A walk that was cut short leaves a whole record, and judging it says that it was.
func TestACancelledWalkIsRecorded(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(250*time.Millisecond, cancel)
	var out, errs bytes.Buffer
	a := surroundings(t, &out, &errs, "check", "--lab", "office-terminates", "--lab-latency", "100ms", "-o", "json")
	a.isTerminal = func() (bool, bool, bool) { return false, false, true }
	if code := run(ctx, a); code != exitUndecided {
		t.Errorf("exit %d", code)
	}
	if !strings.Contains(out.String(), `"complete": false`) {
		t.Errorf("%s", out.String())
	}
	_, file, ok := strings.Cut(strings.TrimSpace(errs.String()), "recorded in ")
	if !ok {
		t.Fatalf("%q", errs.String())
	}
	file, _, _ = strings.Cut(file, "\n")
	for _, l := range lang.All() {
		code, _, said := invoke(t, "check", "--recording", file, "--lang", string(l))
		if code != exitUndecided || !strings.Contains(said, lang.Both("ends before its walk did", "途中で途切れており").In(l)) {
			t.Errorf("%s: exit %d, %q", l, code, said)
		}
	}
}

// Ctrl+C at the question for an MFA code ends it, although the read of the terminal goes on.
func TestTheMFAQuestionCanBeCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	in, keep := io.Pipe()
	defer keep.Close()
	a := surroundings(t, io.Discard, io.Discard)
	a.in = in
	a.isTerminal = func() (bool, bool, bool) { return true, true, true }
	time.AfterFunc(20*time.Millisecond, cancel)
	if code, err := a.askMFA(ctx, lang.En)(); !errors.Is(err, context.Canceled) {
		t.Errorf("%q, %v", code, err)
	}
}

// Wrong input is told in the operator's language.
func TestMistakesAreToldInBothLanguages(t *testing.T) {
	dir := t.TempDir()
	bad := dir + "/bad.jsonl"
	if err := os.WriteFile(bad, []byte("x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"check", "--recording", dir + "/none"}, {"check", "--recording", bad}, {"check", "--lab", "none"}, {"lab", "show", "none"},
		{"check", "--lab", "healthy", "--lab-fault", "x"}, {"check", "--lab", "healthy", "--lab-fault", "throttle=2"},
		{"check", "--lab", "healthy", "--lab-fault", "deny=x"}, {"check", "--lab", "healthy", "--lab-fault", "deny=ec2:Nothing"},
		{"check", "--lab", "healthy", "--runbook", dir + "/none"}, {"check", "--lab", "healthy", "--debug", dir + "/none/x"},
		{"explain", "none"}, {"runbook", "show", "none"}, {"runbook", "graph", "everything", "-o", "x"}, {"check", "--lab", "healthy", "i-1"},
		{"check", "--lab", "healthy", "-o", "x"}, {"check", "--lab", "healthy", "--tz", "x"}, {"check", "--lab", "healthy", "--answer", "x"},
	} {
		said := map[lang.Lang]string{}
		for _, l := range lang.All() {
			code, _, errs := invoke(t, append(args, "--lang", string(l))...)
			if code != exitUsage {
				t.Errorf("%v: exit %d", args, code)
			}
			said[l] = errs
		}
		if !strings.ContainsFunc(said[lang.Ja], func(r rune) bool { return r >= 0x3041 && r <= 0x9fff }) {
			t.Errorf("%v is told in English only: %s", args, said[lang.Ja])
		}
	}
}
