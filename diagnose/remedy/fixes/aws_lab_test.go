package fixes_test

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/monshin/monshin/diagnose/cloud"
	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lab"
	"github.com/monshin/monshin/diagnose/probe"
	"github.com/monshin/monshin/diagnose/remedy"
	"github.com/monshin/monshin/diagnose/remedy/fixes"
	"github.com/monshin/monshin/diagnose/runbook"
	"github.com/monshin/monshin/diagnose/walk"
)

// patientFile is a simulated account that was walked: what is known of it, and what
// was found.
type patientFile struct {
	options walk.Options
	estate  *estate.Estate
	found   *walk.Diagnosis
	source  *cloud.Source
}

var words = sync.OnceValues(finding.Load)

// walked collects a scenario's estate as a walk of its tree does.
func walked(t testing.TB, name string) *patientFile {
	t.Helper()
	s, ok := lab.Find(name)
	if !ok {
		t.Skipf("there is no scenario %s", name)
	}
	l, err := lab.Open(name, lab.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return walkedAs(t, l, s, s.Symptom)
}

func walkedAs(t testing.TB, l *lab.Lab, s lab.Scenario, symptom runbook.Symptom) *patientFile {
	t.Helper()
	catalogue, err := words()
	if err != nil {
		t.Fatal(err)
	}
	set := probe.All()
	library, err := runbook.Embedded(runbook.Known{Probes: set.IDs(), Codes: finding.Names()})
	if err != nil {
		t.Fatal(err)
	}
	tree, ok := library.Tree(symptom)
	if !ok {
		t.Fatalf("no tree for %s", symptom)
	}
	target := estate.Target{InstanceID: s.InstanceID, Region: s.Region, Account: s.Account, Partition: "aws"}
	e := estate.New(target, l.Now())
	maps.Copy(e.Answers, s.Answers)
	p := &patientFile{estate: e, source: cloud.New(l.Config(), cloud.Options{Target: target, Now: l.Now, NoSlowdown: true})}
	p.options = walk.Options{Tree: tree, Probes: set, Words: catalogue, Estate: e, Source: p.source, Simulated: true, Guest: s.Guest}
	w, err := walk.New(p.options)
	if err != nil {
		t.Fatal(err)
	}
	p.found = w.Run(t.Context(), nil)
	p.estate = w.Estate()
	return p
}

// judge judges the estate again, after a test changed it.
func (p *patientFile) judge(t testing.TB) *walk.Diagnosis {
	t.Helper()
	o := p.options
	o.Estate, o.Now = p.estate.Clone(), nil
	d, err := walk.Judge(o)
	if err != nil {
		t.Fatal(err)
	}
	p.found = d
	return d
}

// make writes a plan, reading what it asks for.
func (p *patientFile) make(t testing.TB, f remedy.Fix, found finding.Finding) remedy.Draft {
	t.Helper()
	for range 12 {
		d, err := remedy.Make(f, p.estate, found)
		if err != nil {
			t.Fatal(err)
		}
		if len(d.Wanted) == 0 {
			return d
		}
		p.read(t.Context(), d.Wanted)
	}
	t.Fatalf("%s asks without end", f.ID)
	return remedy.Draft{}
}

func (p *patientFile) read(ctx context.Context, keys []estate.Key) {
	var mu sync.Mutex
	p.source.Collect(ctx, keys, func(g walk.Got) {
		mu.Lock()
		defer mu.Unlock()
		p.estate.Put(g.Part)
	})
}

func (p *patientFile) finding(t testing.TB, code finding.Code) walk.Weighed {
	t.Helper()
	for _, w := range p.found.Findings {
		if w.Code == code {
			return w
		}
	}
	var ids []string
	for _, w := range p.found.Findings {
		ids = append(ids, w.ID())
	}
	t.Fatalf("no %s among %q", code, ids)
	return walk.Weighed{}
}

func theFix(t testing.TB, id string) remedy.Fix {
	t.Helper()
	f, ok := fixes.Library().Find(id)
	if !ok {
		t.Fatalf("no fix %s", id)
	}
	return f
}

// checkPlan checks what holds of every plan.
func checkPlan(t testing.TB, f remedy.Fix, p *remedy.Plan) {
	t.Helper()
	if !p.Why.Complete() || !p.Title.Complete() || !p.Stop.Complete() || p.Duration == 0 {
		t.Errorf("%s does not say why, how long, or when to stop: %+v", f.ID, p)
	}
	if p.Settle > 0 && !p.Wait.Complete() {
		t.Errorf("%s does not say what is waited for", f.ID)
	}
	if len(p.Blast) == 0 {
		t.Errorf("%s says nothing of what it reaches", f.ID)
	}
	for _, x := range p.Blast {
		if !x.What.Complete() || !x.Known && x.Count != 0 {
			t.Errorf("%s: blast %+v", f.ID, x)
		}
	}
	if f.Mode == remedy.Guided {
		return
	}
	if slices.Contains(p.Risks, remedy.Billing) != (len(p.Costs) > 0) || len(p.Costs) > 0 && p.Typed == "" ||
		slices.Contains(p.Risks, remedy.WholeVPC) && p.Typed == "" || slices.Contains(p.Risks, remedy.WholeRole) && p.Typed == "" {
		t.Errorf("%s: risks %v, costs %v, typed %q", f.ID, p.Risks, p.Costs, p.Typed)
	}
	used := p.Actions()
	for _, s := range p.Steps {
		if !s.Title.Complete() || !s.Do.Complete() || s.Check.Command == "" || !s.Check.Expect.Complete() {
			t.Errorf("%s: step %s is not told in full: %+v", f.ID, s.ID, s)
		}
		checkInput(t, f.ID, s.Call)
		checkInput(t, f.ID, s.Undo)
		if s.Undo != nil {
			used = append(used, s.Undo.Operation)
		}
	}
	for _, a := range used {
		if !slices.Contains(f.Actions, a) {
			t.Errorf("%s needs %s, and does not declare it", f.ID, a)
		}
	}
	b, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	var back remedy.Plan
	if err := json.Unmarshal(b, &back); err != nil {
		t.Fatal(err)
	}
	if back.Hash() != p.Hash() {
		t.Errorf("%s: the plan from the ledger has another hash", f.ID)
	}
	for _, word := range []string{"証拠", "証明済み", "健全", "爆発半径", "トランスクリプト", "ゲスト", "足場", "ファインディング", "歩く", "%!"} {
		if strings.Contains(string(b), word) {
			t.Errorf("%s says %s", f.ID, word)
		}
	}
}

// repairs makes the plan and checks that the finding goes, and nothing comes.
func (p *patientFile) repairs(t *testing.T, fix string, code finding.Code) remedy.Draft {
	t.Helper()
	f, w := theFix(t, fix), p.finding(t, code)
	if !slices.Contains(f.For, code) {
		t.Fatalf("%s is not for %s", fix, code)
	}
	d := p.make(t, f, w.Finding)
	if d.Refused != nil {
		t.Fatalf("%s for %s is refused: %s", fix, w.ID(), d.Refused.Say.En)
	}
	checkPlan(t, f, d.Plan)
	again := p.make(t, f, w.Finding)
	if diff := cmp.Diff(d.Plan, again.Plan); diff != "" || again.Plan.Hash() != d.Plan.Hash() {
		t.Errorf("%s: the same estate makes another plan: %s", fix, diff)
	}
	forecast, err := remedy.WhatIf(p.options, p.found, d)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(forecast.Gone, w.ID()) && !slices.Contains(forecast.Open, w.ID()) {
		t.Errorf("%s does not remove %s: gone %q, open %q, stays %q", fix, w.ID(), forecast.Gone, forecast.Open, forecast.Stays)
	}
	if len(forecast.Appears) > 0 {
		t.Errorf("%s brings %q", fix, forecast.Appears)
	}
	// Configuration alone, with the observations as they were, must not say so either.
	o := p.options
	o.Estate, o.Now = d.After.Clone(), nil
	then, err := walk.Judge(o)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range then.Findings {
		if x.ID() == w.ID() {
			t.Errorf("%s: %s is still judged so", fix, x.ID())
		}
	}
	return d
}

func (p *patientFile) refuses(t *testing.T, fix string, code finding.Code, danger bool) {
	t.Helper()
	f := theFix(t, fix)
	d := p.make(t, f, p.finding(t, code).Finding)
	if d.Refused == nil || d.Refused.Danger != danger || !d.Refused.Say.Complete() {
		t.Errorf("%s for %s: %+v", fix, code, d)
	}
}
