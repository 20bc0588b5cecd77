package main

import (
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/monshin/monshin/diagnose/cloud"
	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/fleet"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/runbook"
	"github.com/monshin/monshin/diagnose/walk"
	"github.com/monshin/monshin/sessions/resume"
	"github.com/monshin/monshin/sessions/transcript"
)

// fleetClones looks for copies of one Windows.
func (a *app) fleetClones(ctx context.Context, f *flags, ff *fleetFlags) error {
	if err := ff.checkFormat(f); err != nil {
		return err
	}
	if err := ff.choose(nil); err != nil {
		return err
	}
	if err := ff.again(f, "clones"); err != nil {
		return err
	}
	if err := ff.checkGuest(f); err != nil {
		return err
	}
	accounts, err := a.places(ctx, f, ff)
	if err != nil {
		return err
	}
	p := a.fleetProgress(f.lang)
	found, err := a.findClones(ctx, f, ff, accounts, p.show)
	p.end()
	a.finish(f, ff, found.Complete)
	if err != nil && len(found.Members) == 0 {
		return noAccess(err)
	}
	return a.reportFleet(f, ff, transcript.FleetClones(found, ff.options(f)), found.Exit(), err)
}

// reportFleet writes a report; with an error it holds what was there before.
func (a *app) reportFleet(f *flags, ff *fleetFlags, r *transcript.Fleet, code int, err error) error {
	if err == nil {
		return a.writeFleet(f, ff, r, code)
	}
	if wrong := a.writeFleet(f, ff, r, exitOK); wrong != nil {
		return wrong
	}
	return noAccess(err)
}

// findClones makes the survey, and records it.
func (a *app) findClones(ctx context.Context, f *flags, ff *fleetFlags, accounts []fleet.Account, show func(fleet.Event)) (*fleet.Clones, error) {
	o := fleet.CloneOptions{Selection: ff.selection, Guest: f.guest, Concurrency: ff.concurrency, Now: ff.now}
	if ff.resumed != nil {
		o.Known = ff.resumed.Told
	}
	a.recordFleet(f, ff, resume.Opening{Command: "clones", Source: accounts[0].Name()})
	o.Note = ff.note(show)
	found, err := fleet.FindClones(ctx, accounts, o)
	found.Simulated = ff.simulated
	return found, err
}

// fleetCheck walks one symptom for many instances.
func (a *app) fleetCheck(ctx context.Context, f *flags, ff *fleetFlags, args []string) error {
	if err := ff.checkFormat(f); err != nil {
		return err
	}
	if err := ff.choose(args); err != nil {
		return err
	}
	if err := ff.again(f, "check"); err != nil {
		return err
	}
	if err := ff.checkGuest(f); err != nil {
		return err
	}
	if len(ff.selection.IDs)+len(ff.selection.Tags) == 0 {
		return usage(lang.Both("which instances? give their ids, or --tag KEY=VALUE", "インスタンス ID または --tag KEY=VALUE の指定が必要"))
	}
	if f.symptom == "" {
		return usage(lang.Both("which symptom? give --symptom (see: monshin runbook list)", "--symptom の指定が必要（一覧: monshin runbook list）"))
	}
	var err error
	if ff.answered, err = f.answered(); err != nil {
		return err
	}
	k, err := learn()
	if err != nil {
		return failed(lang.Same("monshin"), err)
	}
	accounts, err := a.places(ctx, f, ff)
	if err != nil {
		return err
	}
	p := a.fleetProgress(f.lang)
	x, err := a.walkMany(ctx, f, ff, k, accounts, p.show)
	p.end()
	if x == nil {
		return err
	}
	a.finish(f, ff, x.Complete)
	if err != nil && len(x.Members) == 0 {
		return noAccess(err)
	}
	return a.reportFleet(f, ff, transcript.FleetCheck(x, ff.options(f)), x.Exit(), err)
}

// walkMany walks the symptom's tree for each, and records what came out. Without a
// tree there is no matrix.
func (a *app) walkMany(ctx context.Context, f *flags, ff *fleetFlags, k *knowledge, accounts []fleet.Account, show func(fleet.Event)) (*fleet.Matrix, error) {
	symptom, err := (&account{}).pick(f.symptom, k.library.Symptoms())
	if err != nil {
		return nil, err
	}
	tree, err := k.tree(symptom, "")
	if err != nil {
		return nil, err
	}
	w := &fleetWalk{knowledge: k, tree: tree, flags: ff, sources: map[fleet.Account]*fleet.Shared{}}
	for _, acc := range accounts {
		w.sources[acc] = fleet.NewShared(acc.(*cloud.Fleet).Source())
	}
	o := fleet.CheckOptions{Selection: ff.selection, Walk: w.walk, Words: k.catalogue, Guest: f.guest, Concurrency: ff.concurrency, Now: ff.now}
	if ff.resumed != nil {
		o.Done = ff.resumed.Rows
	}
	a.recordFleet(f, ff, resume.Opening{Command: "check", Source: accounts[0].Name(), Symptom: f.symptom, Answers: ff.answered})
	o.Note = ff.note(show)
	x, err := fleet.Check(ctx, accounts, o)
	x.Simulated, x.Symptom, x.Title = ff.simulated, f.symptom, tree.Title
	return x, err
}

// fleetWalk walks single instances over what they share.
type fleetWalk struct {
	knowledge *knowledge
	tree      *runbook.Tree
	flags     *fleetFlags
	sources   map[fleet.Account]*fleet.Shared
}

// walk prepares the walk of one. It is not allowed to ask Windows by itself: the fleet
// asks for all of them together.
func (w *fleetWalk) walk(a fleet.Account, m *fleet.Member) (*walk.Walk, error) {
	e := fleet.Prefill(m, w.flags.now())
	maps.Copy(e.Answers, w.flags.answered)
	return walk.New(walk.Options{
		Tree: w.tree, Probes: w.knowledge.probes, Words: w.knowledge.catalogue, Estate: e,
		Source: w.sources[a], Simulated: w.flags.simulated, Now: w.flags.now,
	})
}

// fleetCompare compares instances with a problem to those without.
func (a *app) fleetCompare(ctx context.Context, f *flags, ff *fleetFlags) error {
	if err := ff.checkFormat(f); err != nil {
		return err
	}
	if len(ff.bad) == 0 || len(ff.good) == 0 {
		return usage(lang.Both("give instances with --bad and with --good", "--bad と --good の両方の指定が必要"))
	}
	if err := ff.choose(append(append([]string{}, ff.bad...), ff.good...)); err != nil {
		return err
	}
	if err := ff.sides(); err != nil {
		return err
	}
	accounts, err := a.places(ctx, f, ff)
	if err != nil {
		return err
	}
	p := a.fleetProgress(f.lang)
	c, err := a.compareMany(ctx, ff, accounts, p.show)
	p.end()
	if err != nil {
		return noAccess(err)
	}
	return a.writeFleet(f, ff, transcript.FleetCompare(c, ff.options(f)), c.Exit())
}

// sides refuses an instance that is in both sets.
func (ff *fleetFlags) sides() error {
	for _, id := range ff.good {
		if slices.Contains(ff.bad, id) {
			return usage(lang.Both("%s is named with and without the problem", "%s が問題あり・問題なしの両方に指定されている").With(id))
		}
	}
	return nil
}

// compareMany reads both sets and compares them.
func (a *app) compareMany(ctx context.Context, ff *fleetFlags, accounts []fleet.Account, show func(fleet.Event)) (*fleet.Comparison, error) {
	found, err := fleet.FindClones(ctx, accounts, fleet.CloneOptions{Selection: ff.selection, Now: ff.now, Note: show})
	if err != nil {
		return nil, err
	}
	patches, err := patchesOf(ctx, accounts, found)
	if err != nil {
		return nil, err
	}
	c := &fleet.Comparison{Report: found.Report}
	c.Simulated = ff.simulated
	for _, m := range found.Members {
		s := fleet.Subject{Member: m, Patches: patches[m.ID]}
		if slices.Contains(ff.bad, m.ID) {
			c.Bad = append(c.Bad, s)
		} else {
			c.Good = append(c.Good, s)
		}
	}
	c.Complete = c.Complete && ctx.Err() == nil
	c.Differences = fleet.Compare(c.Bad, c.Good)
	return c, nil
}

// patchesOf reads which updates are on the managed ones, and when they came.
func patchesOf(ctx context.Context, accounts []fleet.Account, found *fleet.Clones) (map[string]fact.Of[[]estate.Patch], error) {
	var keys []estate.Key
	for _, m := range found.Members {
		if m.Node.IsKnown() {
			keys = append(keys, estate.PatchesPart.Key(m.ID))
		}
	}
	out := map[string]fact.Of[[]estate.Patch]{}
	var mu sync.Mutex
	var failure error
	for _, acc := range accounts {
		acc.(*cloud.Fleet).Source().Collect(ctx, keys, func(g walk.Got) {
			mu.Lock()
			defer mu.Unlock()
			for _, c := range g.Calls {
				found.Calls[c.Operation]++
			}
			if g.Expired != nil {
				failure = g.Expired
			} else if f, ok := g.Part.Fact.(fact.Of[[]estate.Patch]); ok {
				out[g.Part.Key.ID] = f
			}
		})
	}
	return out, failure
}
