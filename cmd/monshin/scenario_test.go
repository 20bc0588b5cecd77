package main

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/monshin/monshin/diagnose/lab"
	"github.com/monshin/monshin/diagnose/lang"
)

// invoke runs one command line as a user would, with a state folder of its own.
func invoke(t testing.TB, args ...string) (code int, out, errs string) {
	t.Helper()
	state := t.TempDir()
	var o, e bytes.Buffer
	code = run(context.Background(), &app{
		args: args, in: strings.NewReader(""), out: &o, err: &e,
		getenv: func(name string) string {
			switch name {
			case "XDG_STATE_HOME", "LOCALAPPDATA":
				return state
			}
			return ""
		},
		isTerminal: func() (bool, bool, bool) { return false, false, false },
	})
	return code, o.String(), e.String()
}

type report struct {
	Schema     string `json:"schema"`
	Outcome    string `json:"outcome"`
	Simulated  bool   `json:"simulated"`
	RootCauses []struct {
		Code, Subject, Certainty string
		Explains, Assumptions    []string
	} `json:"root_causes"`
	Findings []struct {
		Code, Subject, Severity string
		Observation             bool
		CausedBy                []string `json:"caused_by"`
	} `json:"findings"`
	Unknowns []struct{ Probe, Reason, Action string } `json:"unknowns"`
	Probes   []struct{ ID, Outcome, Why string }      `json:"probes"`
	Calls    struct {
		Total, Failed, Waves int
		ByOperation          map[string]int `json:"by_operation"`
	} `json:"calls"`
}

// The contract of the lab: what each scenario must come to, and nothing else
// called a root cause.
func TestScenarios(t *testing.T) {
	for _, s := range lab.Scenarios() {
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			args := []string{"check", "--lab", s.Name}
			if s.Guest {
				args = append(args, "--guest")
			}
			code, out, errs := invoke(t, append(slices.Clone(args), "-o", "json")...)
			var r report
			if err := json.Unmarshal([]byte(out), &r); err != nil {
				t.Fatalf("%v\n%s\n%s", err, out, errs)
			}
			var got []string
			for _, c := range r.RootCauses {
				got = append(got, c.Code+"@"+c.Subject)
			}
			if !sameCauses(got, s.Expect) || code != s.Exit {
				t.Errorf("root causes %q, exit %d; want %v, exit %d", got, code, s.Expect, s.Exit)
				for _, u := range r.Unknowns {
					t.Logf("unknown %s: %s %s", u.Probe, u.Reason, u.Action)
				}
				for _, p := range r.Probes {
					t.Logf("%-28s %-14s %s", p.ID, p.Outcome, p.Why)
				}
			}
			if !r.Simulated || errs != "" {
				t.Errorf("simulated %v, stderr %q", r.Simulated, errs)
			}
			waves := 5
			if strings.HasPrefix(s.Name, "office-dead") || s.Name == "office-terminates" || s.Name == "office-1688" || s.Name == "office-two-directories" {
				waves = 6 // the launch facts come from CloudTrail
			}
			if s.Guest {
				waves += 2 // sending the command, and reading what it printed
			}
			if r.Calls.Waves > waves || r.Calls.Total > 70 {
				t.Errorf("%d waves, %d calls", r.Calls.Waves, r.Calls.Total)
			}
			for _, l := range lang.All() {
				for _, format := range []string{"text", "markdown"} {
					c, text, errs := invoke(t, append(slices.Clone(args), "-o", format, "--lang", string(l))...)
					if c != s.Exit || errs != "" {
						t.Errorf("%s in %s: exit %d, stderr %q", format, l, c, errs)
					}
					for _, e := range s.Expect {
						if !strings.Contains(text, string(e.Code)) {
							t.Errorf("%s in %s does not name %s", format, l, e.Code)
						}
					}
					if simulated := lang.Both("SIMULATED", "【模擬データ】").In(l); !strings.Contains(text, simulated) {
						t.Errorf("%s in %s does not say %s", format, l, simulated)
					}
				}
			}
		})
	}
}

// sameCauses compares as sets. An expectation's subject is the end of the real one;
// without a subject it stands for every finding of its code (one group can close
// several endpoints).
func sameCauses(got []string, want []lab.Expected) bool {
	left := slices.Clone(got)
	for _, w := range want {
		fits := func(g string) bool {
			code, subject, _ := strings.Cut(g, "@")
			return code == string(w.Code) && strings.HasSuffix(subject, w.Subject)
		}
		if !slices.ContainsFunc(got, fits) {
			return false
		}
		left = slices.DeleteFunc(left, fits)
	}
	return len(left) == 0
}

// The main job's own promise, beyond the root cause's name.
func TestTheOfficeInstanceThatTerminatedItself(t *testing.T) {
	_, out, _ := invoke(t, "check", "--lab", "office-terminates", "-o", "json")
	var r report
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatal(err)
	}
	if len(r.RootCauses) != 1 {
		t.Fatalf("%+v", r.RootCauses)
	}
	c := r.RootCauses[0]
	if c.Certainty != "proven" || slices.Contains(c.Assumptions, "read-after-the-fact") {
		t.Errorf("certainty %s, assumptions %v", c.Certainty, c.Assumptions)
	}
	if !slices.ContainsFunc(c.Explains, func(s string) bool { return strings.HasPrefix(s, "instance.terminated-by-license-manager") }) {
		t.Errorf("explains %v", c.Explains)
	}
	_, out, _ = invoke(t, "check", "--lab", "office-dead-long-ago", "-o", "json")
	r = report{}
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatal(err)
	}
	if c := r.RootCauses[0]; c.Certainty != "likely" || !slices.Contains(c.Assumptions, "read-after-the-fact") {
		t.Errorf("certainty %s, assumptions %v", c.Certainty, c.Assumptions)
	}
}

// A recording of a walk, judged without any network, comes to the same.
func TestARecordingComesToTheSame(t *testing.T) {
	state := t.TempDir()
	for _, s := range lab.Scenarios() {
		t.Run(s.Name, func(t *testing.T) {
			live, file := recordWalk(t, state, s.Name)
			code, out, errs := invoke(t, "check", "--recording", file, "-o", "json")
			if code != s.Exit {
				t.Errorf("exit %d, want %d: %s", code, s.Exit, errs)
			}
			var a, b report
			if err := json.Unmarshal([]byte(live), &a); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal([]byte(out), &b); err != nil {
				t.Fatal(err)
			}
			a.Calls, b.Calls = b.Calls, a.Calls
			a.Calls = b.Calls
			if diff := cmp.Diff(a, b); diff != "" {
				t.Error(diff)
			}
		})
	}
}
