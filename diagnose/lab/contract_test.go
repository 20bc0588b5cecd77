package lab_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/monshin/monshin/diagnose/cloud"
	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lab"
	"github.com/monshin/monshin/diagnose/probe"
	"github.com/monshin/monshin/diagnose/runbook"
	"github.com/monshin/monshin/diagnose/walk"
)

// engine is everything that turns a lab into a diagnosis.
type engine struct {
	catalogue *finding.Catalogue
	probes    probe.Set
	trees     *runbook.Library
}

func newEngine(t testing.TB) engine {
	t.Helper()
	catalogue, err := finding.Load()
	if err != nil {
		t.Fatal(err)
	}
	probes := probe.All()
	trees, err := runbook.Embedded(runbook.Known{Probes: probes.IDs(), Codes: catalogue.Codes()})
	if err != nil {
		t.Fatal(err)
	}
	return engine{catalogue, probes, trees}
}

// diagnose walks a scenario, as `monshin check --lab NAME` does; with --guest where
// the scenario says so.
func (e engine) diagnose(t testing.TB, s lab.Scenario, symptom runbook.Symptom, o lab.Options) (*walk.Diagnosis, *estate.Estate) {
	t.Helper()
	return e.diagnoseInside(t, s, symptom, o, s.Guest)
}

// diagnoseInside says whether scripts may run inside Windows.
func (e engine) diagnoseInside(t testing.TB, s lab.Scenario, symptom runbook.Symptom, o lab.Options, inside bool) (*walk.Diagnosis, *estate.Estate) {
	t.Helper()
	l, err := lab.Open(s.Name, o)
	if err != nil {
		t.Fatal(err)
	}
	tree, ok := e.trees.Tree(symptom)
	if !ok {
		t.Fatalf("no tree for %s", symptom)
	}
	target := estate.Target{InstanceID: s.InstanceID, Region: s.Region}
	w, err := walk.New(walk.Options{
		Tree: tree, Probes: e.probes, Words: e.catalogue, Estate: estate.New(target, l.Now()), Simulated: true, Now: l.Now, Guest: inside,
		Source: cloud.New(l.Config(), cloud.Options{Target: target, Name: l.Source(), Now: l.Now, NoSlowdown: true}),
	})
	if err != nil {
		t.Fatal(err)
	}
	for question, answer := range s.Answers {
		w.Answer(question, answer)
	}
	d := w.Run(context.Background(), func(*walk.Diagnosis, []walk.Event) {})
	return d, w.Estate()
}

// Every scenario comes to what DESIGN.md §6 says: every expected root cause, and
// nothing else called one.
func TestScenariosComeToWhatTheContractSays(t *testing.T) {
	e := newEngine(t)
	for _, s := range lab.Scenarios() {
		t.Run(s.Name, func(t *testing.T) {
			d, known := e.diagnose(t, s, s.Symptom, lab.Options{})
			if d.Exit() != s.Exit || !d.Complete || !d.Simulated || d.Source != "lab:"+s.Name {
				t.Errorf("exit %d, want %d; complete %v, simulated %v, source %s", d.Exit(), s.Exit, d.Complete, d.Simulated, d.Source)
			}
			roots := d.RootCauses()
			for _, want := range s.Expect {
				if !slices.ContainsFunc(roots, func(f walk.Weighed) bool { return fits(f, want) }) {
					t.Errorf("no root cause is %+v", want)
				}
			}
			for _, f := range roots {
				if !slices.ContainsFunc(s.Expect, func(want lab.Expected) bool { return f.Code == want.Code }) {
					t.Errorf("%s is called a root cause", f.ID())
				}
			}
			for _, reason := range s.Unknown {
				if !slices.ContainsFunc(d.Unknowns, func(o walk.Open) bool { return o.Why.Reason == reason && o.Needed }) {
					t.Errorf("no needed unknown is %s", reason)
				}
			}
			for _, code := range s.Unexplained {
				if !slices.ContainsFunc(d.Findings, func(f walk.Weighed) bool { return f.Code == code && f.Observation && len(f.CausedBy) == 0 }) {
					t.Errorf("%s is no unexplained observation", code)
				}
			}
			// Six waves where facts come from CloudTrail only, and two for the command inside
			// Windows; seventy calls for one instance.
			waves := 6
			if s.Guest {
				waves = 8
			}
			if d.Calls.Waves > waves || d.Calls.Total > 70 || d.Calls.ByOperation["ssm:SendCommand"] > 1 {
				t.Errorf("%d waves, %d calls: %v", d.Calls.Waves, d.Calls.Total, d.Calls.ByOperation)
			}
			checkNoSecret(t, d, known)
		})
	}
}

func fits(f walk.Weighed, want lab.Expected) bool {
	ok := f.Code == want.Code && strings.HasSuffix(f.Subject, want.Subject) && (want.Certainty == "" || f.Certainty == want.Certainty)
	for _, code := range want.Explains {
		ok = ok && slices.ContainsFunc(f.Explains, func(id string) bool { return strings.HasPrefix(id+"@", string(code)+"@") })
	}
	for _, code := range want.Assumptions {
		ok = ok && slices.ContainsFunc(f.Assumptions, func(a finding.Assumption) bool { return a.Code == code })
	}
	return ok
}

func checkNoSecret(t *testing.T, d *walk.Diagnosis, known *estate.Estate) {
	t.Helper()
	b, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	all := string(b)
	for _, key := range known.Keys() {
		f, _ := known.Fact(key)
		raw, err := estate.Encode(estate.Part{Key: key, Fact: f})
		if err != nil {
			t.Fatal(err)
		}
		all += string(raw)
	}
	// The second is how every encrypted password of a lab begins, also on the console.
	for _, secret := range []string{lab.PlantedSecret, "bGFi"} {
		if strings.Contains(all, secret) {
			t.Errorf("%s got out of the collectors", secret)
		}
	}
}

// Everything can be asked of every scenario; what a symptom's own tree finds,
// the tree of everything finds too, and it stays below seventy calls.
func TestEverythingOnEveryScenario(t *testing.T) {
	e := newEngine(t)
	for _, s := range lab.Scenarios() {
		d, _ := e.diagnose(t, s, runbook.Everything, lab.Options{})
		waves := 6
		if s.Guest {
			waves = 8
		}
		if d.Calls.Total > 70 || d.Calls.Waves > waves {
			t.Errorf("%s: %d waves, %d calls: %v", s.Name, d.Calls.Waves, d.Calls.Total, d.Calls.ByOperation)
		}
		for _, never := range []string{"ec2:GetPasswordData", "ssm:SendCommand", "ssm:StartSession"} {
			if d.Calls.ByOperation[never] > 0 && !(s.Guest && never == "ssm:SendCommand") {
				t.Errorf("%s: %s was called", s.Name, never)
			}
		}
		for _, want := range s.Expect {
			if !slices.ContainsFunc(d.RootCauses(), func(f walk.Weighed) bool { return fits(f, want) }) {
				t.Errorf("%s: everything does not find %+v", s.Name, want)
			}
		}
	}
}

// A throttled account comes to the same diagnosis.
func TestThrottlingChangesNoVerdict(t *testing.T) {
	e := newEngine(t)
	throttle, err := lab.ParseFault("throttle=0.3")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"office-terminates", "many-causes"} {
		s, _ := lab.Find(name)
		calm, _ := e.diagnose(t, s, s.Symptom, lab.Options{})
		busy, _ := e.diagnose(t, s, s.Symptom, lab.Options{Seed: 3, Faults: []lab.Fault{throttle}})
		if d := cmp.Diff(ids(calm), ids(busy)); d != "" || busy.Exit() != calm.Exit() {
			t.Errorf("%s: exit %d, then %d: %s", name, calm.Exit(), busy.Exit(), d)
		}
		if busy.Calls.Total <= calm.Calls.Total {
			t.Errorf("%s: %d calls, throttled %d: retries are not counted", name, calm.Calls.Total, busy.Calls.Total)
		}
	}
}

// Taking any call away adds no root cause, and what was
// broken does not become clear.
func TestRefusalsAddNoRootCause(t *testing.T) {
	e := newEngine(t)
	names := []string{"many-causes", "office-terminates", "healthy-resolver-rule", "clone-not-activated", "clone-server-2025", "clone-not-the-cause", "dns-forwarder-missing"}
	for _, name := range names {
		s, _ := lab.Find(name)
		whole, _ := e.diagnose(t, s, s.Symptom, lab.Options{})
		for action := range whole.Calls.ByOperation {
			refuse, err := lab.ParseFault("deny=" + action)
			if err != nil {
				t.Fatal(err)
			}
			d, _ := e.diagnose(t, s, s.Symptom, lab.Options{Faults: []lab.Fault{refuse}})
			for _, id := range ids(d) {
				if !slices.Contains(ids(whole), id) {
					t.Errorf("%s: without %s, %s is a root cause", name, action, id)
				}
			}
			if whole.Exit() != 0 && d.Exit() == 0 {
				t.Errorf("%s: without %s all is clear", name, action)
			}
		}
	}
}

func ids(d *walk.Diagnosis) []string {
	var out []string
	for _, f := range d.RootCauses() {
		out = append(out, f.ID())
	}
	slices.Sort(out)
	return out
}
