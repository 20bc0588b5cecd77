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
			if strings.HasPrefix(s.Name, "office-dead") || s.Name == "office-terminates" || s.Name == "office-dc-elsewhere" || s.Name == "office-1688" || s.Name == "office-two-directories" {
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

// The second seed: a copy without Sysprep is one cause with four consequences, in the
// tree of either complaint, and the words say what a shared SID does and does not do.
func TestTheCopyWithoutSysprep(t *testing.T) {
	for _, symptom := range []string{"cloned", "not-activated"} {
		args := []string{"check", "--lab", "clone-not-activated", "--guest", "--symptom", symptom}
		_, out, _ := invoke(t, append(args, "-o", "json")...)
		var r report
		if err := json.Unmarshal([]byte(out), &r); err != nil {
			t.Fatal(err)
		}
		if len(r.RootCauses) != 1 || r.RootCauses[0].Code != "clone.not-generalized" {
			t.Fatalf("%s: %+v", symptom, r.RootCauses)
		}
		causes := map[string]string{}
		for _, f := range r.Findings {
			for _, by := range f.CausedBy {
				causes[f.Code], _, _ = strings.Cut(by, "@")
			}
		}
		want := map[string]string{
			"clone.duplicate-sid": "clone.not-generalized", "password.not-generated": "clone.not-generalized",
			"activation.stale-routes": "clone.not-generalized", "activation.not-licensed": "activation.stale-routes",
		}
		if diff := cmp.Diff(want, causes); diff != "" {
			t.Errorf("%s: what is caused by what (-want +got):\n%s", symptom, diff)
		}
		if n := r.Calls.ByOperation["ec2:GetPasswordData"]; n != 0 {
			t.Errorf("%s: GetPasswordData was called %d times", symptom, n)
		}
		for l, words := range map[lang.Lang][]string{
			lang.En: {"Windows Server 2016 to 2022 are not on Microsoft's list", "joining a domain works all the same", "26100.5074", "17763.", "adminPasswordType DoNothing", "169.254.169.250", "0xC004F074"},
			lang.Ja: {"Windows Server 2016～2022 は Microsoft の対象一覧に記載がなく", "ドメイン参加にも影響しない", "26100.5074", "17763.", "adminPasswordType DoNothing", "169.254.169.250", "0xC004F074"},
		} {
			_, text, _ := invoke(t, append(args, "-o", "markdown", "--lang", string(l))...)
			for _, w := range words {
				if !strings.Contains(strings.ReplaceAll(text, "\\", ""), w) {
					t.Errorf("%s in %s does not say %q:\n%s", symptom, l, w, text)
				}
			}
		}
	}
}

// Incident of a customer: the same copies, but the account of the office PC is
// locked. The copies are told apart from it, and are no cause.
func TestTheCopiesAreNotTheCause(t *testing.T) {
	_, out, _ := invoke(t, "check", "--lab", "clone-not-the-cause", "--guest", "-o", "json")
	var r report
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatal(err)
	}
	if len(r.RootCauses) != 1 || r.RootCauses[0].Code != "account.locked" || r.RootCauses[0].Certainty != "proven" {
		t.Errorf("%+v", r.RootCauses)
	}
	told := false
	for _, f := range r.Findings {
		if strings.HasPrefix(f.Code, "clone.") {
			told = true
			if f.Severity != "info" || len(f.CausedBy) > 0 {
				t.Errorf("%+v", f)
			}
		}
	}
	if !told {
		t.Error("that the servers are copies is not told")
	}
	code, out, _ := invoke(t, "check", "--lab", "clone-not-the-cause", "--guest", "--symptom", "cloned", "-o", "json")
	if !strings.Contains(out, "clone.not-generalized") || code != exitProblem {
		t.Errorf("exit %d", code)
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
