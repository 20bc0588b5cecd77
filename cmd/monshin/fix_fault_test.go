package main

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/lab"
	"github.com/monshin/monshin/diagnose/remedy"
	"github.com/monshin/monshin/diagnose/walk"
)

// planned is a plan on the table of a scenario that nothing but the given faults and
// the given stranger disturbs.
func planned(t *testing.T, scenario, finding, fix string, meddle func(string, *lab.World), faults ...string) (operation, remedy.Planned) {
	t.Helper()
	k, err := learn()
	if err != nil {
		t.Fatal(err)
	}
	s, ok := lab.Find(scenario)
	if !ok {
		t.Fatalf("there is no scenario %s", scenario)
	}
	var all []lab.Fault
	for _, f := range faults {
		x, err := lab.ParseFault(f)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, x)
	}
	o := operateIn(t, k, s, "", meddle, all...)
	i := slices.IndexFunc(o.diagnosis.Findings, func(w walk.Weighed) bool { return string(w.Code) == finding })
	if i < 0 {
		t.Fatalf("%s is not found", finding)
	}
	proposals, err := o.Proposals(t.Context(), o.diagnosis.Findings[i].ID())
	if err != nil {
		t.Fatal(err)
	}
	i = slices.IndexFunc(proposals, func(p remedy.Proposal) bool { return p.Fix.ID == fix && p.Refused == nil })
	if i < 0 {
		t.Fatalf("%s is not proposed", fix)
	}
	return o, proposals[i].Planned
}

func consent(p remedy.Planned) remedy.Approval {
	return remedy.Approval{Hash: p.Plan.Hash(), Typed: p.Plan.Typed}
}

// told makes sure that an error says in both languages what happened, with the exit
// code that it is to end with.
func told(t *testing.T, err error, code int, en string) {
	t.Helper()
	var e *exitError
	if !errors.As(outcomeOf(err), &e) {
		t.Fatalf("ended with %v", err)
	}
	if e.code != code || !strings.Contains(e.say.En, en) || !e.say.Complete() || strings.Contains(e.say.In("ja"), "%!") || e.say.In("ja") == e.say.En {
		t.Errorf("exit %d: %q / %q", e.code, e.say.En, e.say.In("ja"))
	}
}

// refold reads the runs back from the journal, as another process would.
func (o operation) refold(t *testing.T) *remedy.Run {
	t.Helper()
	var lines []remedy.Line
	for _, d := range o.deeds(t) {
		lines = append(lines, remedy.Line{Kind: string(d.Kind), Body: d.Body})
	}
	runs, err := remedy.Fold(lines)
	if err != nil || len(runs) != 1 {
		t.Fatalf("the journal holds %d runs: %v", len(runs), err)
	}
	return runs[0]
}

// same compares what the run knows of itself with what the journal knows.
func (o operation) same(t *testing.T, run *remedy.Run) {
	t.Helper()
	if d := cmp.Diff(run.States, o.refold(t).States); d != "" {
		t.Errorf("the journal tells another story (-run +journal):\n%s", d)
	}
}

// Denied in the middle: the plan stops, says what is done, and what is done can be
// taken back.
func TestDeniedInTheMiddleOfAPlan(t *testing.T) {
	o, p := planned(t, "no-endpoint", "endpoint.missing", "endpoint.create", nil, "deny=ec2:CreateVpcEndpoint")
	keys := steady(p.Plan.Keys())
	before := o.fresh(t, keys)
	run, err := o.Apply(t.Context(), p, consent(p), nil)
	told(t, err, exitFailed, "ec2:CreateVpcEndpoint")
	o.same(t, run)
	last := p.Plan.Steps[len(p.Plan.Steps)-1].ID
	if run.Finished() || !run.Begun() || run.State(last) != remedy.Failed {
		t.Errorf("states: %v", run.States)
	}
	// Whoever goes on is told the same, and makes nothing twice.
	n := len(o.effects())
	told(t, o.Continue(t.Context(), run, nil), exitFailed, "ec2:CreateVpcEndpoint")
	if len(o.effects()) != n {
		t.Errorf("going on changed something: %v", o.effects())
	}
	if err := o.Undo(t.Context(), run, "", nil); err != nil {
		t.Fatal(err)
	}
	o.same(t, run)
	if d := cmp.Diff(before, o.fresh(t, keys)); d != "" || len(run.Undone.Rest) > 0 {
		t.Errorf("half a plan was not taken back: %v\n%s", run.Undone.Rest, d)
	}
	told(t, o.Undo(t.Context(), run, "", nil), exitUsage, "nothing is left to be taken back")
}

// Throttled, or without an answer after it took effect: nothing is done twice.
func TestTroubleOnTheWay(t *testing.T) {
	for _, fault := range []string{"throttle=0.3", "late=ec2:CreateVpcEndpoint", "late=ec2:CreateSecurityGroup", "late=ec2:AuthorizeSecurityGroupIngress"} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			o, p := planned(t, "no-endpoint", "endpoint.missing", "endpoint.create", nil, fault)
			keys := steady(p.Plan.Keys())
			before := o.fresh(t, keys)
			run, err := o.Apply(t.Context(), p, consent(p), nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := o.Verify(t.Context(), run, true, nil); err != nil || run.Verification.State != remedy.Confirmed {
				t.Fatalf("%v, %+v", err, run.Verification)
			}
			o.same(t, run)
			if e := o.effects(); len(e) != len(p.Plan.Steps) {
				t.Errorf("%d steps made %d changes: %v", len(p.Plan.Steps), len(e), e)
			}
			if err := o.Undo(t.Context(), run, "", nil); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(before, o.fresh(t, keys)); d != "" {
				t.Errorf("undo left a difference:\n%s", d)
			}
		})
	}
}

// No answer, and no effect: the step is not done, the message says so, and nothing
// dangles.
func TestNoAnswerAndNoEffect(t *testing.T) {
	o, p := planned(t, "endpoint-sg", "endpoint.sg-blocks", "endpoint.allow-ingress", nil, "timeout=ec2:AuthorizeSecurityGroupIngress")
	run, err := o.Apply(t.Context(), p, consent(p), nil)
	told(t, err, exitFailed, "ec2:AuthorizeSecurityGroupIngress")
	o.same(t, run)
	if run.Dangling() || run.Begun() || len(o.effects()) != 0 {
		t.Errorf("states %v, changes %v", run.States, o.effects())
	}
	told(t, o.Undo(t.Context(), run, "", nil), exitUsage, "nothing is left to be taken back")
}

// Somebody else does the same, or another thing to the same place, between the plan
// and its steps, and between apply and undo.
func TestSomebodyElse(t *testing.T) {
	t.Run("between plan and apply", func(t *testing.T) {
		o, p := planned(t, "dns-support-off", "dns.vpc-support-off", "dns.enable-support", nil)
		other(t, o, func(w *lab.World) {
			for _, v := range w.VPCs {
				v.DNSSupport = true
			}
		})
		run, err := o.Apply(t.Context(), p, consent(p), nil)
		told(t, err, exitUsage, "make the plan again")
		o.same(t, run)
		if len(o.effects()) != 0 {
			t.Errorf("it was applied all the same: %v", o.effects())
		}
		told(t, o.Undo(t.Context(), run, "", nil), exitUsage, "nothing is left")
	})
	t.Run("between apply and undo", func(t *testing.T) {
		o, p := planned(t, "dns-support-off", "dns.vpc-support-off", "dns.enable-support", nil)
		run, err := o.Apply(t.Context(), p, consent(p), nil)
		if err != nil {
			t.Fatal(err)
		}
		other(t, o, func(w *lab.World) {
			for _, v := range w.VPCs {
				v.DNSSupport = false
			}
		})
		n := len(o.effects())
		told(t, o.Undo(t.Context(), run, "", nil), exitUsage, "somebody changed it since")
		o.same(t, run)
		if len(o.effects()) != n || !run.Begun() {
			t.Errorf("it was undone all the same: %v", run.States)
		}
		// Put back as monshin left it, it can be undone.
		other(t, o, func(w *lab.World) {
			for _, v := range w.VPCs {
				v.DNSSupport = true
			}
		})
		if err := o.Undo(t.Context(), run, "", nil); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("in the middle of the plan", func(t *testing.T) {
		var group string
		armed, done := false, false
		o, p := planned(t, "many-causes", "endpoint.missing", "endpoint.create", func(action string, w *lab.World) {
			if armed && action == "ec2:CreateSecurityGroup" && !done {
				done = true
				for _, v := range w.VPCs {
					v.DNSHostnames, group = false, v.ID
				}
			}
		})
		armed = true
		run, err := o.Apply(t.Context(), p, consent(p), nil)
		if !done || group == "" {
			t.Fatal("nobody meddled: the test is none")
		}
		if err == nil {
			t.Error("private DNS was asked for where DNS hostnames are off, and AWS accepted it")
		}
		o.same(t, run)
		var e *exitError
		if !errors.As(outcomeOf(err), &e) || e.code == exitOK {
			t.Errorf("ended with %v", err)
		}
	})
}

func other(t *testing.T, o operation, change func(*lab.World)) {
	t.Helper()
	if err := o.lab.Meddle(change); err != nil {
		t.Fatal(err)
	}
}

// An operator who stops in the middle of a plan can go on, and take it back.
func TestStoppedInTheMiddle(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	armed := false
	o, p := planned(t, "no-endpoint", "endpoint.missing", "endpoint.create", func(action string, _ *lab.World) {
		if armed && action == "ec2:AuthorizeSecurityGroupIngress" {
			stop()
		}
	})
	armed = true
	run, err := o.Apply(ctx, p, consent(p), nil)
	told(t, err, exitUndecided, "stopped")
	o.same(t, run)
	if err := o.Continue(t.Context(), run, nil); err != nil {
		t.Fatal(err)
	}
	if e := o.effects(); len(e) != len(p.Plan.Steps) {
		t.Errorf("%d steps made %d changes: %v", len(p.Plan.Steps), len(e), e)
	}
	if err := o.Undo(t.Context(), run, "", nil); err != nil {
		t.Fatal(err)
	}
}

// One step is taken back, the rest stands; then the rest.
func TestUndoOfOneStep(t *testing.T) {
	o, p := planned(t, "nacl-return", "network.nacl-blocks-return", "network.open-acl", nil)
	keys := steady(p.Plan.Keys())
	before := o.fresh(t, keys)
	run, err := o.Apply(t.Context(), p, consent(p), nil)
	if err != nil {
		t.Fatal(err)
	}
	first := p.Plan.Steps[0].ID
	if err := o.Undo(t.Context(), run, first, nil); err != nil {
		t.Fatal(err)
	}
	if run.State(first) != remedy.Reverted || len(p.Plan.Steps) > 1 && !run.Begun() {
		t.Errorf("states: %v", run.States)
	}
	told(t, o.Undo(t.Context(), run, first, nil), exitUsage, "nothing is left")
	if len(p.Plan.Steps) > 1 {
		if err := o.Undo(t.Context(), run, "", nil); err != nil {
			t.Fatal(err)
		}
	}
	if d := cmp.Diff(before, o.fresh(t, keys)); d != "" {
		t.Errorf("undo left a difference:\n%s", d)
	}
	o.same(t, run)
}

// An operator who may only read is told so at the first call, and nothing is begun.
func TestAnOperatorWhoMayOnlyRead(t *testing.T) {
	o, p := planned(t, "endpoint-sg", "endpoint.sg-blocks", "endpoint.allow-ingress", nil, "deny=ec2:AuthorizeSecurityGroupIngress")
	if d := o.DryRun(t.Context(), p.Plan)[p.Plan.Steps[0].ID]; d.Verdict != remedy.DryRefused {
		t.Errorf("the dry run says %+v", d)
	}
	run, err := o.Apply(t.Context(), p, consent(p), nil)
	var f *remedy.Failure
	if !errors.As(err, &f) || f.Why.Reason != fact.Denied || run.Begun() || len(o.effects()) != 0 {
		t.Errorf("%v, %v", err, o.effects())
	}
	told(t, err, exitFailed, "ec2:AuthorizeSecurityGroupIngress")
}
