package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// pointAt sends the program to an endpoint by the environment alone, as an operator
// does, and hides whatever account the machine has.
func pointAt(t testing.TB, url string) {
	t.Helper()
	for _, pair := range os.Environ() {
		if name, _, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "AWS_") {
			unset(t, name)
		}
	}
	home := t.TempDir()
	for name, value := range map[string]string{
		"HOME": home, "USERPROFILE": home,
		"PATH":                        home, // no AWS CLI that holds credentials
		"AWS_CONFIG_FILE":             filepath.Join(home, "config"),
		"AWS_SHARED_CREDENTIALS_FILE": filepath.Join(home, "credentials"),
		"AWS_EC2_METADATA_DISABLED":   "true",
		"AWS_REGION":                  wireRegion,
		"AWS_ACCESS_KEY_ID":           wireKey,
		"AWS_SECRET_ACCESS_KEY":       wireSecret,
		"AWS_ENDPOINT_URL":            url,
	} {
		t.Setenv(name, value)
	}
}

// unset takes a variable out of the environment until the test ends.
func unset(t testing.TB, names ...string) {
	t.Helper()
	for _, name := range names {
		t.Setenv(name, "") // restores it
		if err := os.Unsetenv(name); err != nil {
			t.Fatal(err)
		}
	}
}

// configure writes the shared configuration, and takes the credentials out of the
// environment, which would go before it.
func configure(t testing.TB, config string) {
	t.Helper()
	unset(t, "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
	if err := os.WriteFile(os.Getenv("AWS_CONFIG_FILE"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
}

// invokeIn is invoke with a state folder that the test looks into.
func invokeIn(t testing.TB, state string, args ...string) (code int, out, errs string) {
	t.Helper()
	return invokeWith(t.Context(), state, args...)
}

// invokeWith is invokeIn for a context that the test ends.
func invokeWith(ctx context.Context, state string, args ...string) (code int, out, errs string) {
	var o, e bytes.Buffer
	code = run(ctx, &app{
		args: args, in: strings.NewReader(""), out: &o, err: &e,
		getenv: func(name string) string {
			return map[string]string{"XDG_STATE_HOME": state, "LOCALAPPDATA": state}[name]
		},
		isTerminal: func() (bool, bool, bool) { return false, false, false },
	})
	return code, o.String(), e.String()
}

// journalIn reads the one journal below a state folder.
func journalIn(t testing.TB, state string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(state, "monshin", "journals", "*.jsonl"))
	if err != nil || len(found) != 1 {
		t.Fatalf("journals %v, %v", found, err)
	}
	b, err := os.ReadFile(found[0])
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// wireReport is what a test reads of the program's JSON.
type wireReport struct {
	report
	Source   string
	Complete bool
	Target   struct{ Region, Account string }
}

// diagnose walks the patient of the estate and reads the report.
func diagnose(t testing.TB, symptom string, more ...string) (int, wireReport) {
	t.Helper()
	args := append([]string{"check", wirePatient, "--symptom", symptom, "-o", "json"}, more...)
	code, out, errs := invoke(t, args...)
	var r wireReport
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatalf("exit %d, %v\n%s\n%s", code, err, out, errs)
	}
	if r.Simulated || r.Source != "aws" {
		t.Errorf("what an endpoint told is called %q, simulated %v", r.Source, r.Simulated)
	}
	return code, r
}

// causes are the root causes as code@subject, in order of the alphabet.
func (r wireReport) causes() []string {
	out := []string{}
	for _, c := range r.RootCauses {
		out = append(out, c.Code+"@"+c.Subject)
	}
	slices.Sort(out)
	return out
}

// outcome is what a judgement came to; "" where it was not made.
func (r wireReport) outcome(probe string) string {
	for _, p := range r.Probes {
		if p.ID == probe {
			return p.Outcome
		}
	}
	return ""
}

// reasons maps every action that left something unknown to the reason.
func (r wireReport) reasons() map[string]string {
	out := map[string]string{}
	for _, u := range r.Unknowns {
		if u.Action != "" {
			out[u.Action] = u.Reason
		}
	}
	return out
}

// lessThan checks that a walk which could read less than another claims nothing
// that the other did not find: nothing new is wrong, and what was wrong is not fine.
func (r wireReport) lessThan(t testing.TB, whole wireReport) {
	t.Helper()
	for _, c := range r.causes() {
		if !slices.Contains(whole.causes(), c) {
			t.Errorf("%s is a root cause only where less could be read", c)
		}
	}
	found := map[string]bool{}
	for _, f := range whole.Findings {
		found[f.Code+"@"+f.Subject] = true
	}
	for _, f := range r.Findings {
		if !found[f.Code+"@"+f.Subject] {
			t.Errorf("%s@%s was found only where less could be read", f.Code, f.Subject)
		}
	}
	for _, p := range r.Probes {
		if was := whole.outcome(p.ID); was != p.Outcome && p.Outcome != "unknown" {
			t.Errorf("%s is %q where less could be read, and was %q: %s", p.ID, p.Outcome, was, p.Why)
		}
	}
}

// inNoTime runs f on a clock that jumps over every pause, so that the pauses between
// attempts, which add up to a quarter of a minute a request, cost nothing. The
// endpoints must answer and close each connection: see impatient.
func inNoTime(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	now := time.Now()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(now)) // that clock begins in the year 2000
		f(t)
	})
}

// impatient lets an endpoint close connections after each answer: a connection that
// is kept waits for the network, and while anything does, no pause is jumped over.
func (e *endpoint) impatient() { e.Config.SetKeepAlivesEnabled(false) }
