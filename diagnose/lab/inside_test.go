package lab_test

import (
	"slices"
	"testing"

	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lab"
	"github.com/monshin/monshin/diagnose/runbook"
	"github.com/monshin/monshin/diagnose/walk"
)

// Where all is in order outside of Windows, it is inside too.
func TestHealthyInsideToo(t *testing.T) {
	e := newEngine(t)
	for _, s := range lab.Scenarios() {
		if s.Symptom != runbook.Everything || s.Exit != 0 {
			continue
		}
		d, _ := e.diagnoseInside(t, s, runbook.Everything, lab.Options{}, true)
		if d.Exit() != 0 || d.Calls.ByOperation["ssm:SendCommand"] != 1 {
			t.Errorf("%s: exit %d, %d commands, root causes %v", s.Name, d.Exit(), d.Calls.ByOperation["ssm:SendCommand"], ids(d))
			for _, u := range d.Unknowns {
				t.Logf("%s: %v (needed %v)", u.Probe, u.Why, u.Needed)
			}
		}
	}
}

// A look inside takes no root cause away, but where it shows what is behind one, and
// adds none but what only Windows tells.
func TestALookInsideAgrees(t *testing.T) {
	e := newEngine(t)
	added := map[string]finding.Code{"cloned-fleet": finding.CloneNotGeneralized, "no-password": finding.CloneNotGeneralized}
	for _, s := range lab.Scenarios() {
		if s.Guest {
			continue
		}
		outside, _ := e.diagnoseInside(t, s, s.Symptom, lab.Options{}, false)
		inside, _ := e.diagnoseInside(t, s, s.Symptom, lab.Options{}, true)
		for _, id := range ids(outside) {
			if !slices.ContainsFunc(inside.Findings, func(f walk.Weighed) bool { return f.ID() == id && (f.Root || len(f.CausedBy) > 0) }) {
				t.Errorf("%s: inside, %s is gone", s.Name, id)
			}
		}
		for _, f := range inside.RootCauses() {
			if !slices.Contains(ids(outside), f.ID()) && f.Code != added[s.Name] {
				t.Errorf("%s: inside, %s is a root cause too", s.Name, f.ID())
			}
		}
	}
}
