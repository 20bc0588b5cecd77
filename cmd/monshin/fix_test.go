package main

import (
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/lab"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/remedy"
	"github.com/monshin/monshin/diagnose/walk"
	"github.com/monshin/monshin/sessions/journal"
)

// operation is one scenario on the table, with everything that a fix needs.
type operation struct {
	*fixing
	diagnosis *walk.Diagnosis
	lab       *lab.Lab
	dir       string
}

// operate walks a scenario in an account of its own.
func operate(t *testing.T, k *knowledge, s lab.Scenario, state string) operation {
	t.Helper()
	return operateIn(t, k, s, state, nil)
}

// operateIn walks a scenario in an account that somebody watches, or meddles with.
func operateIn(t *testing.T, k *knowledge, s lab.Scenario, state string, meddle func(string, *lab.World), faults ...lab.Fault) operation {
	t.Helper()
	dir := t.TempDir()
	a := &app{meddle: meddle, getenv: func(name string) string {
		if name == "XDG_STATE_HOME" || name == "LOCALAPPDATA" {
			return dir
		}
		return ""
	}, isTerminal: func() (bool, bool, bool) { return false, false, false }}
	f := &flags{lang: lang.En, lab: s.Name, labSeed: 1, labState: state, faults: faults}
	acc, err := a.openAccount(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	tree, err := k.tree(s.Symptom, "")
	if err != nil {
		t.Fatal(err)
	}
	inv, err := a.investigate(acc, k, f, acc.instance, tree, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = inv.close() })
	log := slog.New(slog.DiscardHandler)
	d := inv.run(t.Context(), log, nil)
	if s.Guest {
		if err := inv.consent("CHG-1", ""); err != nil {
			t.Fatal(err)
		}
		d = inv.run(t.Context(), log, nil)
	}
	return operation{a.newFixing(inv, k, acc, log, f), d, acc.lab, inv.journalPath()}
}

// deeds reads what the journal says was done.
func (o operation) deeds(t *testing.T) []journal.Deed {
	t.Helper()
	r, err := journal.Open(o.dir)
	if err != nil {
		t.Fatal(err)
	}
	return r.Deeds
}

// fresh reads parts as they are now.
func (o operation) fresh(t *testing.T, keys []estate.Key) map[string]string {
	t.Helper()
	facts, err := o.account.cloud.Read(t.Context(), keys)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for k, f := range facts {
		if f.State() == fact.StateUnknown {
			t.Fatalf("%s is unknown: %s", k, f.Why())
		}
		p, err := estate.Encode(estate.Part{Key: k, Fact: f})
		if err != nil {
			t.Fatal(err)
		}
		text := string(p)
		if i := strings.Index(text, `,"origin":`); i >= 0 {
			text = text[:i]
		}
		out[k.String()] = text
	}
	return out
}

// Every fix of every scenario: what is predicted comes true, and undo leaves nothing.
func TestFixesDoWhatTheySay(t *testing.T) {
	k, err := learn()
	if err != nil {
		t.Fatal(err)
	}
	called := &callsOfFixes{by: map[string]map[string]bool{}}
	t.Run("scenarios", func(t *testing.T) {
		for _, s := range lab.Scenarios() {
			t.Run(s.Name, func(t *testing.T) {
				t.Parallel()
				first := operate(t, k, s, "")
				for _, w := range first.diagnosis.Findings {
					if !w.Root && (!w.Observation || len(w.CausedBy) > 0) {
						continue // what something else explains goes with its cause
					}
					for _, fix := range first.library.For(w.Code) {
						t.Run(fix.ID+" "+w.ID(), func(t *testing.T) { onTheTable(t, k, s, w.ID(), fix, called) })
					}
				}
			})
		}
	})
	if !t.Failed() {
		called.compare(t, k)
	}
}

func onTheTable(t *testing.T, k *knowledge, s lab.Scenario, finding string, fix remedy.Fix, called *callsOfFixes) {
	guard := &watchman{t: t}
	o := operateIn(t, k, s, "", guard.before)
	proposals, err := o.Proposals(t.Context(), finding)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(proposals, func(p remedy.Proposal) bool { return p.Fix.ID == fix.ID })
	if i < 0 {
		t.Fatal("the fix was not proposed")
	}
	p := proposals[i]
	if p.Refused != nil {
		t.Skipf("refused: %s", p.Refused.Say.En)
	}
	plan := p.Planned.Plan
	if plan.Mode == remedy.Guided {
		t.Skip("carried out by hand")
	}
	keys := steady(plan.Keys())
	before := o.fresh(t, keys)
	guard.watch(o)
	run, err := o.Apply(t.Context(), p.Planned, remedy.Approval{Hash: plan.Hash(), Typed: plan.Typed}, nil)
	if f := (*remedy.Failure)(nil); errors.As(err, &f) && f.Why.Reason == fact.Denied && len(o.effects()) == 0 {
		return // an operator who may only read: nothing was changed, and a work order is what is left
	}
	if err != nil {
		t.Fatalf("apply: %v", err)
	}
	after, err := o.Verify(t.Context(), run, true, nil)
	if err != nil {
		t.Fatalf("verify: %v", err)
	}
	want := remedy.Confirmed
	if s.Name == "kms-blocked" && fix.ID == "activation.add-routes" {
		want = remedy.Ineffective // something else than routes is in the way, and the check says so
	}
	if run.Verification.State != want {
		t.Errorf("%s: %s", run.Verification.State, run.Verification.Say.En)
	}
	compareForecast(t, *p.Forecast, after)

	_, never := run.Undoable()
	if len(never) == len(plan.Steps) {
		guard.done(o)
		called.add(fix.ID, guard.calls)
		return
	}
	if err := o.Undo(t.Context(), run, "", nil); err != nil {
		t.Fatalf("undo: %v", err)
	}
	if len(run.Undone.Rest) > 0 && len(never) == 0 {
		t.Errorf("left behind: %s", run.Undone.Rest[0].Say().En)
	}
	if len(never) == 0 {
		if diff := cmp.Diff(before, o.fresh(t, keys)); diff != "" {
			t.Errorf("undo left a difference (-before +after):\n%s", diff)
		}
	}
	guard.done(o)
	called.add(fix.ID, guard.calls)
}

// steady leaves out what is never the same twice: Windows tells the time with its
// answer, and License Manager keeps the row of a subscription that has ended. There
// the run's own comparison of the places that it changed has to do.
func steady(keys []estate.Key) []estate.Key {
	return slices.DeleteFunc(keys, func(k estate.Key) bool {
		kind, ok := estate.Lookup(k.Kind)
		return ok && kind.Touches() || k.Kind == estate.SubscriptionsPart.Name() || k.Kind == estate.AssociationsPart.Name()
	})
}

// effects are the changes that the account took.
func (o operation) effects() []lab.Mutation {
	return slices.DeleteFunc(o.lab.Mutations(), func(m lab.Mutation) bool { return !m.Effect || m.Action == "ssm:SendCommand" })
}

// compareForecast holds a forecast against the judgement that came afterwards.
func compareForecast(t *testing.T, f remedy.Forecast, after *walk.Diagnosis) {
	t.Helper()
	is := map[string]bool{}
	for _, w := range after.Findings {
		is[w.ID()] = true
	}
	for _, id := range f.Gone {
		if is[id] {
			t.Errorf("%s was to be gone and stands", id)
		}
	}
	for _, id := range slices.Concat(f.Stays, f.Appears) {
		if !is[id] && !strings.Contains(id, "new:") {
			t.Errorf("%s was to stand and is gone", id)
		}
	}
	for _, w := range after.RootCauses() {
		if slices.Contains(f.Stays, w.ID()) && !slices.Contains(f.Roots, w.ID()) {
			t.Errorf("%s was not to be among the root causes that are left", w.ID())
		}
	}
}
