package main

import (
	"context"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/monshin/monshin/diagnose/cloud"
	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/lab"
	"github.com/monshin/monshin/diagnose/probe"
	"github.com/monshin/monshin/diagnose/walk"
)

// walkLab walks a scenario's own symptom, in process, with faults on top.
func walkLab(t testing.TB, k *knowledge, s lab.Scenario, faults ...lab.Fault) (*walk.Diagnosis, *estate.Estate) {
	t.Helper()
	l, err := lab.Open(s.Name, lab.Options{Seed: 1, Faults: faults})
	if err != nil {
		t.Fatal(err)
	}
	src := cloud.New(l.Config(), cloud.Options{Target: estate.Target{Region: s.Region}, Name: l.Source(), Now: l.Now, NoSlowdown: true})
	w, err := walk.New(optionsFor(t, k, s, src))
	if err != nil {
		t.Fatal(err)
	}
	d := w.Run(context.Background(), nil)
	return d, w.Estate()
}

func optionsFor(t testing.TB, k *knowledge, s lab.Scenario, src walk.Source) walk.Options {
	t.Helper()
	tree, err := k.tree(s.Symptom, "")
	if err != nil {
		t.Fatal(err)
	}
	e := estate.New(estate.Target{InstanceID: s.InstanceID, Region: s.Region}, s.Now)
	maps.Copy(e.Answers, s.Answers)
	return walk.Options{Tree: tree, Probes: k.probes, Words: k.catalogue, Estate: e, Source: src, Simulated: true, Guest: s.Guest}
}

func outcomes(d *walk.Diagnosis) map[string]probe.Outcome {
	out := map[string]probe.Outcome{}
	for _, j := range d.Probes {
		out[j.Probe] = j.Verdict.Outcome
	}
	return out
}

// compare checks that knowing less says nothing new.
func compareKnowingLess(t interface{ Errorf(string, ...any) }, what string, full, less *walk.Diagnosis) {
	roots := map[string]bool{}
	for _, r := range full.RootCauses() {
		roots[r.ID()] = true
	}
	for _, r := range less.RootCauses() {
		if !roots[r.ID()] {
			t.Errorf("%s: %s became a root cause", what, r.ID())
		}
	}
	before := outcomes(full)
	for id, now := range outcomes(less) {
		was := before[id]
		if was == probe.OK && now == probe.Problem || was == probe.Problem && now == probe.OK ||
			was != probe.NotApplicable && was != probe.Unknown && now == probe.NotApplicable {
			t.Errorf("%s: %s turned from %s to %s", what, id, was, now)
		}
	}
}

// Taking any facts away never adds a root cause, never turns a problem into ok nor
// ok into a problem.
func TestTakingFactsAwaySaysNothingNew(t *testing.T) {
	k, err := learn()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range lab.Scenarios() {
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			_, full := walkLab(t, k, s)
			judge := func(e *estate.Estate) *walk.Diagnosis {
				o := optionsFor(t, k, s, nil)
				o.Estate = e
				d, err := walk.Judge(o)
				if err != nil {
					t.Fatal(err)
				}
				return d
			}
			base := judge(full.Clone())
			keys := full.Keys()
			rapid.Check(t, func(r *rapid.T) {
				e := full.Clone()
				n := rapid.IntRange(1, 4).Draw(r, "n")
				what := ""
				for range n {
					key := rapid.SampledFrom(keys).Draw(r, "key")
					kind, _ := estate.Lookup(key.Kind)
					e.Put(kind.Unknown(key.ID, fact.Why{Reason: fact.Denied, Action: kind.Actions()[0]}))
					what += " " + key.String()
				}
				compareKnowingLess(r, "without"+what, base, judge(e))
			})
		})
	}
}

// The same at the seam: each action that a walk uses is refused, one at a time. A
// refusal can send a judgement to its second source, so this is not the same test.
func TestRefusingAnActionSaysNothingNew(t *testing.T) {
	if testing.Short() {
		t.Skip("walks every scenario once an action")
	}
	k, err := learn()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range lab.Scenarios() {
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			full, _ := walkLab(t, k, s)
			for action := range full.Calls.ByOperation {
				fault, err := lab.ParseFault("deny=" + action)
				if err != nil {
					t.Fatal(err)
				}
				less, _ := walkLab(t, k, s, fault)
				compareKnowingLess(t, "without "+action, full, less)
			}
		})
	}
}

// What is declared is what is called: a probe's parts, and the actions of the
// parts, against what the walks of all scenarios really did.
func TestDeclaredPartsAreTheReadOnes(t *testing.T) {
	k, err := learn()
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for _, s := range lab.Scenarios() {
		for _, symptom := range k.library.Symptoms() {
			s.Symptom = symptom
			d, read := walkLab(t, k, s)
			for _, j := range d.Probes {
				p, _ := k.probes.Get(j.Probe)
				declared := map[string]bool{}
				for _, part := range p.Parts {
					declared[part.Name()] = true
				}
				for _, key := range j.Parts {
					if !declared[key.Kind] {
						t.Errorf("%s in %s read %s, which it does not declare", j.Probe, s.Name, key)
					}
					used[key.Kind] = true
				}
				for _, f := range j.Verdict.Findings {
					entry, ok := k.catalogue.Entry(f.Code)
					if !ok {
						t.Errorf("%s found %s, which the catalogue does not have", j.Probe, f.Code)
						continue
					}
					for _, name := range entry.Params {
						if _, filled := f.Params[name]; !filled && name != "subject" {
							t.Errorf("%s in %s: %s leaves {%s} unfilled", j.Probe, s.Name, f.Code, name)
						}
					}
				}
				if s := j.Verdict.Say; !s.Complete() {
					t.Errorf("%s says nothing in one language: %+v", j.Probe, s)
				}
			}
			actions := map[string]bool{}
			for _, key := range read.Keys() {
				kind, _ := estate.Lookup(key.Kind)
				for _, a := range kind.Actions() {
					actions[a] = true
				}
			}
			for op := range d.Calls.ByOperation {
				if !actions[op] {
					t.Errorf("%s for %s called %s, which no part that was read declares", s.Name, symptom, op)
				}
				if op == "ec2:GetPasswordData" && symptom != "no-password" {
					t.Errorf("%s for %s called GetPasswordData", s.Name, symptom)
				}
			}
		}
	}
	// Read only where a scenario has no reason to: another region, a rule that names a
	// prefix list, a simulation that somebody asked for, what a fix would reach.
	elsewhere := []string{"caller", "elsewhere", "prefix-list", "simulation", "role-profiles"}
	for _, kind := range estate.Kinds() {
		if !used[kind.Name()] && !slices.Contains(elsewhere, kind.Name()) {
			t.Errorf("no judgement of any scenario reads %s", kind.Name())
		}
	}
}

func BenchmarkJudgeFull(b *testing.B) {
	k, o := benchEstate(b)
	full := o.Estate
	_ = k
	for b.Loop() {
		o.Estate = full.Clone()
		if _, err := walk.Judge(o); err != nil {
			b.Fatal(err)
		}
	}
}

func benchEstate(b *testing.B) (*knowledge, walk.Options) {
	b.Helper()
	k, err := learn()
	if err != nil {
		b.Fatal(err)
	}
	for _, s := range lab.Scenarios() {
		if s.Name == "office-terminates" {
			s.Symptom = "everything"
			_, e := walkLab(b, k, s)
			o := optionsFor(b, k, s, nil)
			o.Estate = e
			return k, o
		}
	}
	b.Fatal("no office-terminates")
	return nil, walk.Options{}
}

// held is a source that has every part at hand.
type held struct{ *estate.Estate }

func (h held) Name() string { return "recording" }

func (h held) Collect(_ context.Context, keys []estate.Key, done func(walk.Got)) {
	for _, k := range keys {
		if f, ok := h.Fact(k); ok {
			done(walk.Got{Part: estate.Part{Key: k, Fact: f}})
		}
	}
}

// BenchmarkJudgeAgain judges what depends on one part, after that part was read anew.
func BenchmarkJudgeAgain(b *testing.B) {
	_, o := benchEstate(b)
	o.Source = held{o.Estate.Clone()}
	for _, kind := range []string{"security-group", "role-policies", "dhcp-options", "caller"} {
		b.Run(kind, func(b *testing.B) {
			var key estate.Key
			for _, k := range o.Estate.Keys() {
				if k.Kind == kind {
					key = k
				}
			}
			w, err := walk.New(o)
			if err != nil {
				b.Fatal(err)
			}
			w.Run(context.Background(), nil)
			for b.Loop() {
				w.Refresh(key)
				w.Run(context.Background(), nil)
			}
		})
	}
}
