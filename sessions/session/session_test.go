package session

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/probe"
	"github.com/monshin/monshin/diagnose/walk"
	"github.com/monshin/monshin/sessions/journal"
)

var start = time.Date(2026, 11, 22, 1, 58, 0, 0, time.UTC)

// ticking is a clock of one second a look.
func ticking(from time.Time) func() time.Time {
	return func() time.Time { from = from.Add(time.Second); return from }
}

func opening(symptom string) journal.Opening {
	return journal.Opening{Version: "test", Symptom: symptom, AsOf: start, Source: "lab:no-endpoint", Simulated: true, Lang: "en", Operator: "sato",
		Target: estate.Target{InstanceID: "i-0123456789abcdef0", Region: "ap-northeast-1"}, Answers: map[string]string{"user": "tanaka"}}
}

func api(at time.Time) fact.Origin { return fact.Origin{Source: fact.API, Call: "ec2:X", Time: at} }

func endpoints(at time.Time, state string, more ...estate.Endpoint) walk.Event {
	list := append([]estate.Endpoint{{ID: "vpce-1", State: state}}, more...)
	return walk.Event{Got: &walk.Got{Part: estate.EndpointsPart.Part("vpc-1", fact.Known(list, api(at)))}}
}

func judged(o probe.Outcome, found ...finding.Finding) walk.Event {
	return walk.Event{Judged: &walk.Judged{Probe: "endpoint.presence", Verdict: probe.Verdict{Outcome: o, Say: lang.Both("x", "y"), Findings: found}}}
}

var missing = finding.Finding{Code: "endpoint.missing", Subject: "ssm", Certainty: finding.Proven}

// begun makes an investigation and closes it.
func begun(t testing.TB, s *Store, at time.Time, end walk.Outcome, events ...walk.Event) string {
	t.Helper()
	x, err := s.Begin(ticking(at), opening("no-session"))
	if err != nil {
		t.Fatal(err)
	}
	x.Record(events)
	if end != "" {
		x.End(&walk.Diagnosis{Outcome: end, Complete: true, Path: []string{"start", "channel"}})
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	return x.Path()
}

func TestListAndFind(t *testing.T) {
	s := At(filepath.Join(t.TempDir(), "journals"))
	if list, err := s.List(); err != nil || len(list) != 0 {
		t.Fatalf("%v, %v", list, err)
	}
	if _, err := s.Find(Last); err == nil {
		t.Error("the last of none was found")
	}
	done := begun(t, s, start, walk.Problems)
	cut := begun(t, s, start.Add(2*time.Hour), "", endpoints(start, "available"))
	open := begun(t, s, start.Add(time.Hour), walk.Undecided)
	if err := os.WriteFile(filepath.Join(s.Dir(), "broken.jsonl"), []byte("x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	list, err := s.List()
	if err != nil || len(list) != 4 {
		t.Fatalf("%v, %v", list, err)
	}
	var got []string
	for _, x := range list {
		if x.Err == nil {
			got = append(got, filepath.Base(x.Path)+" "+x.Outcome())
			if want := x.Path != done; x.Unfinished() != want {
				t.Errorf("%s is unfinished: %v", x.Path, x.Unfinished())
			}
		} else if x.Unfinished() {
			t.Error("what cannot be read is offered to go on with")
		}
	}
	if want := []string{filepath.Base(cut) + " ", filepath.Base(open) + " undecided", filepath.Base(done) + " problems"}; !slices.Equal(got, want) {
		t.Errorf("have %q, want %q", got, want)
	}
	for name, want := range map[string]string{
		Last: cut, IDOf(open): open, IDOf(open)[:7]: open, open: open, filepath.Base(done)[:14]: done,
	} {
		if got, err := s.Find(name); err != nil || got != want {
			t.Errorf("%q is %q, %v", name, got, err)
		}
	}
	for _, bad := range []string{"", "zzzz", "2026", "/no/such/file.jsonl", s.Dir() + "/"} {
		if got, err := s.Find(bad); err == nil || lang.Said(err).Ja == "" {
			t.Errorf("%q is %q, %v", bad, got, err)
		}
	}
}

func TestDelete(t *testing.T) {
	s := At(t.TempDir())
	path, other := begun(t, s, start, walk.Clear), begun(t, s, start, walk.Clear)
	if err := os.MkdirAll(Attachments(path), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, f := range []string{path + torn + "7", filepath.Join(Attachments(path), "x")} {
		if err := os.WriteFile(f, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if len(Files(path)) != 3 {
		t.Errorf("what belongs to it: %q", Files(path))
	}
	held, err := Take(path, Holder{})
	if err != nil {
		t.Fatal(err)
	}
	if _, busy := Busy(Delete(path)); !busy {
		t.Error("one that somebody works on was deleted")
	}
	held.Release()
	if err := Delete(path); err != nil {
		t.Fatal(err)
	}
	names, err := os.ReadDir(s.Dir())
	if err != nil || len(names) != 1 || names[0].Name() != filepath.Base(other) {
		t.Errorf("left: %v, %v", names, err)
	}
}

// The lock of another process: this test binary runs itself.
func TestTheSecondProcessIsTold(t *testing.T) {
	if path := os.Getenv("MONSHIN_TEST_LOCK"); path != "" {
		if _, err := Take(path, Holder{}); err != nil {
			os.Exit(3)
		}
		os.Stdout.WriteString("held\n")
		select {} // until it is killed
	}
	path := begun(t, At(t.TempDir()), start, walk.Clear)
	c := exec.Command(os.Args[0], "-test.run=^TestTheSecondProcessIsTold$")
	c.Env = append(os.Environ(), "MONSHIN_TEST_LOCK="+path)
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 5)
	if _, err := out.Read(line); err != nil || string(line) != "held\n" {
		t.Fatalf("%q, %v", line, err)
	}
	_, _, err = GoOn(path, time.Now, journal.Resume{})
	busy, ok := Busy(err)
	if !ok || busy.Holder.PID != c.Process.Pid || !strings.Contains(lang.Said(err).Ja, "使用中") {
		t.Errorf("have %v", err)
	}
	if _, err := journal.Open(path); err != nil {
		t.Errorf("it can still be read: %v", err)
	}
	if err := c.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = c.Wait()
	// What a killed process leaves stands in nobody's way.
	x, _, err := GoOn(path, time.Now, journal.Resume{})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(x.Close(), x.Close()); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(path + ".lock"); err == nil && os.PathSeparator == '/' {
		t.Error("the lock was left behind")
	}
}

func TestTakeOver(t *testing.T) {
	now := start.Add(time.Hour)
	id := "i-0123456789abcdef0"
	parts := map[estate.Key]estate.Part{}
	put := func(p estate.Part) { parts[p.Key] = p }
	put(estate.VPCPart.Part("old", fact.Known(estate.VPC{}, api(start))))
	put(estate.VPCPart.Part("new", fact.Known(estate.VPC{}, api(now.Add(-time.Minute)))))
	put(estate.VPCPart.Part("future", fact.Known(estate.VPC{}, api(now.Add(time.Hour)))))
	put(estate.VPCPart.Part("gone", fact.Absent[estate.VPC](api(start))))
	put(estate.RolePart.Unknown("web", fact.Why{Reason: fact.Denied}))
	put(estate.PasswordPart.Part(id, fact.Known(estate.Password{}, api(start))))
	put(estate.GuestIdentityPart.Part(id, fact.Known(estate.GuestIdentity{}, fact.Origin{Source: fact.Guest, Time: start})))
	put(estate.InventoryPart.Part(id, fact.Known(estate.Inventory{}, fact.Origin{Source: fact.Customer, Time: start})))
	taken := TakeOver(&journal.Record{Parts: parts, Answers: map[string]string{"user": "x"}, AsOf: start}, now)
	var kept, stale []string
	for _, k := range taken.Estate.Keys() {
		kept = append(kept, k.String())
	}
	for _, k := range taken.Stale {
		stale = append(stale, k.String())
	}
	if want := []string{"guest-identity:" + id, "inventory:" + id, "password:" + id, "vpc:new"}; !slices.Equal(kept, want) {
		t.Errorf("kept %q", kept)
	}
	if want := []string{"vpc:future", "vpc:gone", "vpc:old"}; !slices.Equal(stale, want) {
		t.Errorf("stale %q", stale)
	}
	if !taken.Estate.AsOf.Equal(now) || taken.Estate.Answers["user"] != "x" {
		t.Errorf("as of %s, answers %v", taken.Estate.AsOf, taken.Estate.Answers)
	}
}
