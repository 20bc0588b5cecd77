package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/monshin/monshin/diagnose/lab"
	"github.com/monshin/monshin/diagnose/remedy"
	"github.com/monshin/monshin/sessions/journal"
)

// deadly is a ledger whose process is killed at an entry: before it is written, or
// right after.
type deadly struct {
	remedy.Ledger
	at    int
	after bool
}

func (d *deadly) Append(kind string, body any) error {
	d.at--
	if d.at == 0 && !d.after {
		dieNow()
	}
	err := d.Ledger.Append(kind, body)
	if d.at == 0 && d.after {
		dieNow()
	}
	return err
}

// dieNow is kill -9: nothing is flushed, nothing deferred runs.
func dieNow() {
	p, err := os.FindProcess(os.Getpid())
	if err == nil {
		err = p.Kill()
	}
	if err != nil {
		panic(err)
	}
	select {}
}

// dies is monshin as a process that is killed at the entry that MONSHIN_TEST_DIES names:
// "3" before the third entry of a fix, "3+" right after it.
func dies() {
	at := os.Getenv("MONSHIN_TEST_DIES")
	n, err := strconv.Atoi(strings.TrimSuffix(at, "+"))
	if err != nil {
		panic(err)
	}
	a := thisProcess()
	a.ledger = func(l remedy.Ledger) remedy.Ledger {
		return &deadly{Ledger: l, at: n, after: strings.HasSuffix(at, "+")}
	}
	os.Exit(run(context.Background(), a))
}

// process runs a command line in a process of its own.
func process(t *testing.T, dir, diesAt string, args ...string) (code int, out string) {
	t.Helper()
	name := "monshin"
	if diesAt != "" {
		name = "monshin-dies"
	}
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Env = append(os.Environ(), "XDG_STATE_HOME="+dir, "LOCALAPPDATA="+dir, "MONSHIN_TEST_DIES="+diesAt, "LANG=C", "TZ=UTC")
	var b bytes.Buffer
	cmd.Stdout, cmd.Stderr = &b, &b
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), b.String()
}

// world is what a state file says of the account, without the log and the clock.
func worldIn(t *testing.T, state string) (mutations []lab.Mutation) {
	t.Helper()
	l, err := lab.Open("many-causes", lab.Options{State: state})
	if err != nil {
		t.Fatal(err)
	}
	return l.Mutations()
}

// Killed at every entry of a fix: afterwards nothing is done twice, nothing is
// forgotten, and what was done can be taken back.
func TestKilledAtEveryEntryOfAFix(t *testing.T) {
	const scenario, finding = "many-causes", "endpoint.missing"
	plan := func(t *testing.T, dir, state string) (id, word string) {
		t.Helper()
		code, out := process(t, dir, "", "fix", finding, "--lab", scenario, "--lab-state", state, "--plan", "-o", "json")
		var v struct {
			Plans []struct {
				ID   string
				Plan struct{ Typed string }
			}
		}
		if err := json.Unmarshal([]byte(out[strings.Index(out, "{"):]), &v); err != nil || code != 0 || len(v.Plans) != 1 {
			t.Fatalf("%v, exit %d: %s", err, code, out)
		}
		return v.Plans[0].ID, v.Plans[0].Plan.Typed
	}
	steps := 0
	for n, more := 1, true; more; n++ {
		for _, at := range []string{strconv.Itoa(n), strconv.Itoa(n) + "+"} {
			dir := t.TempDir()
			state := filepath.Join(dir, "lab.json")
			id, word := plan(t, dir, state)
			code, _ := process(t, dir, at, "fix", finding, "--lab", scenario, "--lab-state", state, "--yes", "--plan-id", id, "--confirm", word)
			if code == 0 {
				more = false
				steps = effects(worldIn(t, state))
				break
			}
			// Killed: the journal is whole up to the entry.
			code, out := process(t, dir, "", "fix", "--continue", "last", "--lab", scenario, "--lab-state", state)
			if n <= 2 && code == 2 {
				// Nothing was approved yet, or not yet begun with a plan on disk.
				if e := effects(worldIn(t, state)); e != 0 {
					t.Errorf("killed at %s: %d changes without an approval on disk", at, e)
				}
				continue
			}
			if code == 2 && strings.Contains(out, "no plan that was interrupted") {
				// It was killed after its last step: what is left is the check.
				code, out = process(t, dir, "", "verify", "last", "--lab", scenario, "--lab-state", state)
			}
			if code != 0 {
				t.Fatalf("killed at %s: going on ended with %d: %s", at, code, out)
			}
			done := effects(worldIn(t, state))
			if code, out = process(t, dir, "", "undo", "last", "--lab", scenario, "--lab-state", state); code != 0 {
				t.Fatalf("killed at %s: undo ended with %d: %s", at, code, out)
			}
			code, out = process(t, dir, "", "check", "--lab", scenario, "--lab-state", state)
			if code != 1 || !strings.Contains(out, finding) {
				t.Errorf("killed at %s: after undo the finding is not back: %s", at, out)
			}
			if steps == 0 {
				steps = done
			}
			if done != steps {
				t.Errorf("killed at %s: %d changes, and a run without a kill makes %d", at, done, steps)
			}
			if again, _ := plan(t, dir, state); again != id {
				t.Errorf("killed at %s: after undo the account is another one: plan %s became %s", at, id, again)
			}
		}
		if n > 40 {
			t.Fatal("the fix never ends")
		}
	}
	if steps < 2 {
		t.Errorf("only %d changes: the plan is no test", steps)
	}
}

func effects(all []lab.Mutation) int {
	n := 0
	for _, m := range all {
		if m.Effect {
			n++
		}
	}
	return n
}

// An intent without a result is told as such when the journal is read again.
func TestAJournalThatEndsInAnIntent(t *testing.T) {
	dir := t.TempDir()
	state := filepath.Join(dir, "lab.json")
	code, out := process(t, dir, "", "fix", "dns.vpc-hostnames-off", "--lab", "many-causes", "--lab-state", state, "--plan", "-o", "json")
	if code != 0 {
		t.Fatal(out)
	}
	var v struct {
		Plans []struct {
			ID   string
			Plan struct{ Typed string }
		}
	}
	if err := json.Unmarshal([]byte(out[strings.Index(out, "{"):]), &v); err != nil {
		t.Fatal(err)
	}
	if code, _ = process(t, dir, "3+", "fix", "dns.vpc-hostnames-off", "--lab", "many-causes", "--lab-state", state, "--yes", "--plan-id", v.Plans[0].ID, "--confirm", v.Plans[0].Plan.Typed); code == 0 {
		t.Fatal("it was not killed")
	}
	files, _ := filepath.Glob(filepath.Join(dir, "monshin", "journals", "*.jsonl"))
	for _, f := range files {
		if r, err := journal.Open(f); err == nil && len(r.Deeds) > 0 {
			if !r.Doing() {
				t.Error("the open intent is not seen")
			}
			return
		}
	}
	t.Error("no journal holds the intent")
}
