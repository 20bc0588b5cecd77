package cloud_test

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/monshin/monshin/diagnose/cloud"
	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lab"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/probe"
	"github.com/monshin/monshin/diagnose/remedy"
	"github.com/monshin/monshin/diagnose/remedy/fixes"
	"github.com/monshin/monshin/diagnose/runbook"
	"github.com/monshin/monshin/diagnose/walk"
)

// room is a simulated account with all that works on it.
type room struct {
	lab    *lab.Lab
	source *cloud.Source
	caller *cloud.Caller
}

func enter(t *testing.T, s lab.Scenario, o lab.Options) room {
	t.Helper()
	l, err := lab.Open(s.Name, o)
	if err != nil {
		t.Fatal(err)
	}
	target := estate.Target{InstanceID: s.InstanceID, Region: s.Region, Account: s.Account, Partition: "aws"}
	cfg := l.Config()
	cfg.RetryMaxAttempts = 2 // each attempt at a lost answer really waits
	return room{
		lab:    l,
		source: cloud.New(l.Config(), cloud.Options{Target: target, Now: l.Now, NoSlowdown: true}),
		caller: cloud.NewCaller(cfg, cloud.CallerOptions{Target: target, Now: l.Now, Sleep: l.Sleep}),
	}
}

// walk judges the scenario as it stands.
func (r room) walk(t *testing.T, s lab.Scenario) (*walk.Diagnosis, *estate.Estate) {
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
	tree, ok := trees.Tree(s.Symptom)
	if !ok {
		t.Fatalf("no tree for %s", s.Symptom)
	}
	e := estate.New(estate.Target{InstanceID: s.InstanceID, Region: s.Region, Account: s.Account, Partition: "aws"}, r.lab.Now())
	maps.Copy(e.Answers, s.Answers)
	w, err := walk.New(walk.Options{Tree: tree, Probes: probes, Words: catalogue, Estate: e, Source: r.source, Simulated: true, Guest: s.Guest, Now: r.lab.Now})
	if err != nil {
		t.Fatal(err)
	}
	d := w.Run(t.Context(), nil)
	return d, w.Estate()
}

// draft makes a plan, reading what it asks for.
func (r room) draft(t *testing.T, f remedy.Fix, e *estate.Estate, found finding.Finding) *remedy.Plan {
	t.Helper()
	for range 10 {
		d, err := remedy.Make(f, e, found)
		if err != nil {
			t.Errorf("%s: %v", f.ID, err)
			return nil
		}
		if len(d.Wanted) == 0 {
			return d.Plan
		}
		var mu sync.Mutex // Collect delivers from any goroutine
		r.source.Collect(t.Context(), d.Wanted, func(g walk.Got) {
			mu.Lock()
			defer mu.Unlock()
			e.Put(g.Part)
		})
	}
	t.Errorf("%s asks for ever more", f.ID)
	return nil
}

// plans lists every automatic plan for the root causes of a scenario.
func (r room) plans(t *testing.T, s lab.Scenario) []*remedy.Plan {
	t.Helper()
	d, e := r.walk(t, s)
	var out []*remedy.Plan
	for _, w := range d.Findings {
		for _, f := range fixes.Library().For(w.Code) {
			if f.Mode != remedy.Automatic {
				continue
			}
			if p := r.draft(t, f, e.Clone(), w.Finding); p != nil {
				out = append(out, p)
			}
		}
	}
	return out
}

// understood: every call of a plan, forward and back, is one that the Caller can make.
func understood(t *testing.T, p *remedy.Plan, seen map[string]bool) {
	t.Helper()
	for _, step := range p.Steps {
		for _, c := range []*remedy.Call{step.Call, step.Undo} {
			if c == nil {
				continue
			}
			seen[c.Operation] = true
			if err := cloud.CheckCall(*c); err != nil {
				t.Errorf("%s, step %s: %v", p.Fix, step.ID, err)
			}
		}
	}
}

// book is a ledger that only counts.
type book struct{ entries []string }

func (b *book) Append(kind string, body any) error {
	if _, err := json.Marshal(body); err != nil {
		return err
	}
	b.entries = append(b.entries, kind)
	return nil
}

// unseen cannot be found on the lab, whose GetInstanceProfile shows no tags; AWS's does
// (https://docs.aws.amazon.com/IAM/latest/APIReference/API_InstanceProfile.html).
// TestFind tries it on answers that have them.
const unseen = "iam:CreateInstanceProfile"

// Every plan of every scenario is carried out and taken back on the lab: each step is
// found afterwards, and not found once it is taken back; nothing but the steps' own
// calls changes anything; what the plan names stands as before.
func TestEveryPlanForwardAndBack(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range lab.Scenarios() {
		for n, plan := range enter(t, s, lab.Options{}).plans(t, s) {
			understood(t, plan, seen)
			r := enter(t, s, lab.Options{})
			plans := r.plans(t, s)
			if n >= len(plans) {
				t.Fatalf("%s: the plans differ from one time to the next", s.Name)
			}
			p := plans[n]
			t.Run(s.Name+"/"+p.Fix, func(t *testing.T) { forwardAndBack(t, r, p) })
		}
	}
	if len(seen) < 15 {
		t.Errorf("only %d operations were met: %v", len(seen), slices.Sorted(maps.Keys(seen)))
	}
}

func forwardAndBack(t *testing.T, r room, p *remedy.Plan) {
	ctx := t.Context()
	before, err := r.source.Read(ctx, p.Keys())
	if err != nil {
		t.Fatal(err)
	}
	ledger := &book{}
	runner := &remedy.Runner{Caller: r.caller, Reader: r.source, Ledger: ledger, Now: r.lab.Now, Sleep: r.lab.Sleep}
	run, err := runner.Start("run-1", remedy.Planned{Plan: *p}, remedy.Approval{Hash: p.Hash(), Typed: p.Typed})
	if err != nil {
		t.Fatal(err)
	}
	calls := len(r.lab.Mutations())
	for _, step := range p.Steps {
		if call, err := run.Resolve(step, false); err == nil {
			r.caller.DryRun(ctx, call)
		}
	}
	if got := len(r.lab.Mutations()); got != calls {
		t.Fatalf("the dry runs changed something: %+v", r.lab.Mutations()[calls:])
	}
	if err := runner.Apply(ctx, run); err != nil {
		var f *remedy.Failure
		if errors.As(err, &f) && !f.Unsure && (f.Why.Reason == fact.Denied || strings.Contains(f.Why.Detail, "is not authorized")) {
			return // this scenario's operator, or its role, may not: TestDeniedOnTheLab
		}
		t.Fatalf("%v\nmutations: %+v", err, r.lab.Mutations())
	}
	done := effects(r.lab.Mutations()[calls:])
	if len(done) != len(p.Steps) {
		t.Errorf("%d steps made %d changes: %v", len(p.Steps), len(done), done)
	}
	look := func(step remedy.Step, undo, want bool) {
		t.Helper()
		call, err := run.Resolve(step, undo)
		if err != nil {
			t.Fatal(err)
		}
		if call.Operation == unseen {
			return
		}
		now := len(r.lab.Mutations())
		reply, found, err := r.caller.Find(ctx, call)
		if err != nil || found != want {
			t.Errorf("step %s, undo %t: found %t, %v", step.ID, undo, found, err)
		}
		if want && !undo && !cmp.Equal(reply.Outputs, run.Replies[step.ID].Outputs) {
			t.Errorf("step %s: found %v, which is not %v", step.ID, reply.Outputs, run.Replies[step.ID].Outputs)
		}
		if len(r.lab.Mutations()) != now {
			t.Errorf("step %s: looking changed something", step.ID)
		}
	}
	for _, step := range p.Steps {
		look(step, false, true)
	}
	if !p.Undoable() {
		return
	}
	for _, step := range slices.Backward(p.Steps) {
		if err := runner.Undo(ctx, run, step.ID); err != nil {
			t.Fatalf("step %s: %v\nmutations: %+v", step.ID, err, r.lab.Mutations()[calls:])
		}
		look(step, true, true)
	}
	after, err := r.source.Read(ctx, p.Keys())
	if err != nil {
		t.Fatal(err)
	}
	for k, f := range before {
		if guest, ok := estate.Lookup(k.Kind); ok && guest.Touches() {
			continue // its clock runs
		}
		if k.Kind == estate.SubscriptionsPart.Name() || k.Kind == estate.AssociationsPart.Name() {
			continue // License Manager keeps a row of what has ended
		}
		if !same(f, after[k]) {
			t.Errorf("%s: %s", k, cmp.Diff(text(f), text(after[k])))
		}
	}
}

func effects(all []lab.Mutation) []string {
	var out []string
	for _, m := range all {
		if m.Effect {
			out = append(out, m.Action)
		}
	}
	return out
}

func same(a, b fact.Fact) bool { return text(a) == text(b) }

// text is a fact without its origin.
func text(f fact.Fact) string {
	if f == nil {
		return ""
	}
	b, _ := json.Marshal(f)
	var m map[string]any
	if json.Unmarshal(b, &m) != nil {
		return string(b)
	}
	delete(m, "origin")
	b, _ = json.Marshal(m)
	return string(b)
}

// A change whose answer is lost is found, and is made once.
func TestLostAnswers(t *testing.T) {
	tries := 0
	for _, name := range []string{"no-endpoint", "no-role", "nacl-return", "office-terminates"} {
		s, ok := lab.Find(name)
		if !ok {
			t.Fatalf("there is no scenario %s", name)
		}
		for n, plan := range enter(t, s, lab.Options{}).plans(t, s) {
			for _, step := range plan.Steps {
				if step.Call.Operation != unseen {
					tries++
					t.Run(name+"/"+plan.Fix+"/"+step.ID, func(t *testing.T) {
						t.Parallel() // they wait for what does not come
						loseAnswer(t, s, n, step.Call.Operation)
					})
				}
			}
		}
	}
	if tries < 10 {
		t.Errorf("only %d answers were lost", tries)
	}
}

// loseAnswer carries the n-th plan of a scenario out where an operation never answers.
func loseAnswer(t *testing.T, s lab.Scenario, n int, operation string) {
	fault, err := lab.ParseFault("late=" + operation)
	if err != nil {
		t.Fatal(err)
	}
	r := enter(t, s, lab.Options{Faults: []lab.Fault{fault}})
	p := r.plans(t, s)[n]
	runner := &remedy.Runner{Caller: r.caller, Reader: r.source, Ledger: &book{}, Now: r.lab.Now, Sleep: r.lab.Sleep}
	run, err := runner.Start("run-1", remedy.Planned{Plan: *p}, remedy.Approval{Hash: p.Hash(), Typed: p.Typed})
	if err != nil {
		t.Fatal(err)
	}
	if err := runner.Apply(t.Context(), run); err != nil || !run.Finished() {
		t.Errorf("with the answers lost: %v", err)
	}
	want, got := 0, 0
	for _, step := range p.Steps {
		if step.Call.Operation == operation {
			want++
		}
	}
	for _, action := range effects(r.lab.Mutations()) {
		if action == operation {
			got++
		}
	}
	if got != want {
		t.Errorf("%s took effect %d times, not %d", operation, got, want)
	}
}

// What may not be done is refused, and nothing of it is done.
func TestDeniedOnTheLab(t *testing.T) {
	s, ok := lab.Find("endpoint-sg")
	if !ok {
		t.Fatal("no scenario endpoint-sg")
	}
	fault, err := lab.ParseFault("deny=ec2:AuthorizeSecurityGroupIngress")
	if err != nil {
		t.Fatal(err)
	}
	r := enter(t, s, lab.Options{Faults: []lab.Fault{fault}})
	for _, p := range r.plans(t, s) {
		if p.Steps[0].Call.Operation != "ec2:AuthorizeSecurityGroupIngress" {
			continue
		}
		if d := r.caller.DryRun(t.Context(), *p.Steps[0].Call); d.Verdict != remedy.DryRefused || d.Detail == "" {
			t.Errorf("%+v", d)
		}
		_, err := r.caller.Do(t.Context(), *p.Steps[0].Call, func(lang.Text) {})
		f, ok := err.(*remedy.Failure)
		if !ok || f.Unsure || f.Why.Reason != fact.Denied {
			t.Errorf("%v", err)
		}
		if len(effects(r.lab.Mutations())) != 0 {
			t.Errorf("%+v", r.lab.Mutations())
		}
		return
	}
	t.Error("no plan begins with that call")
}

// The lab's time passes where a live account's would.
func TestTheLabsTime(t *testing.T) {
	s, _ := lab.Find("no-endpoint")
	r := enter(t, s, lab.Options{})
	plans := r.plans(t, s)
	if len(plans) == 0 {
		t.Fatal("no plan")
	}
	p := plans[0]
	start, real := r.lab.Now(), time.Now()
	runner := &remedy.Runner{Caller: r.caller, Reader: r.source, Ledger: &book{}, Now: r.lab.Now, Sleep: r.lab.Sleep}
	run, err := runner.Start("run-1", remedy.Planned{Plan: *p}, remedy.Approval{Hash: p.Hash(), Typed: p.Typed})
	if err != nil {
		t.Fatal(err)
	}
	if err := runner.Apply(context.Background(), run); err != nil {
		t.Fatal(err)
	}
	if r.lab.Now().Sub(start) < 10*time.Second || time.Since(real) > 20*time.Second {
		t.Errorf("%s: %s of the lab's time in %s", p.Fix, r.lab.Now().Sub(start), time.Since(real))
	}
}
