package main

import (
	"context"
	"maps"
	"sync"

	"github.com/monshin/monshin/diagnose/cloud"
	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/fleet"
	"github.com/monshin/monshin/diagnose/guest"
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
	if ff.concurrency < 1 {
		return usage(lang.Both("--concurrency %d: at least one server", "--concurrency %d: 1 以上を指定").With(ff.concurrency))
	}
	if err := ff.choose(nil); err != nil {
		return err
	}
	if err := ff.again(f, "clones"); err != nil {
		return err
	}
	if f.guest && f.readOnly {
		return usage(lang.Both("--read-only: scripts inside Windows are not run", "--read-only のため OS 内でのスクリプト実行は不可"))
	}
	accounts, err := a.places(ctx, f, ff)
	if err != nil {
		return err
	}
	o := fleet.CloneOptions{Selection: ff.selection, Guest: f.guest, Concurrency: ff.concurrency, Now: ff.now}
	opening := resume.Opening{Command: "clones", Source: accounts[0].Name(), Guest: f.guest, Ticket: f.ticket, Approver: f.approver}
	if f.guest {
		// The text is the same for every server; it names none of them.
		if opening.Script, err = guest.Script([]estate.Key{estate.GuestIdentityPart.Key("i-00000000000000000")}); err != nil {
			return failed(lang.Same("--guest"), err)
		}
	}
	if ff.resumed != nil {
		o.Known = ff.resumed.Told
	}
	a.recordFleet(f, ff, opening)
	p := a.fleetProgress(f.lang)
	o.Note = ff.note(p)
	found, err := fleet.FindClones(ctx, accounts, o)
	p.end()
	a.finish(f, ff, found.Complete)
	if err != nil && len(found.Members) == 0 {
		return noAccess(err)
	}
	found.Simulated = ff.simulated
	code := found.Exit()
	if err != nil {
		if wrong := a.writeFleet(f, ff, transcript.FleetClones(found, ff.options(f)), exitOK); wrong != nil {
			return wrong
		}
		return noAccess(err)
	}
	return a.writeFleet(f, ff, transcript.FleetClones(found, ff.options(f)), code)
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
	if len(ff.selection.IDs)+len(ff.selection.Tags) == 0 {
		return usage(lang.Both("which instances? give their ids, or --tag KEY=VALUE", "インスタンス ID または --tag KEY=VALUE の指定が必要"))
	}
	if f.symptom == "" {
		return usage(lang.Both("which symptom? give --symptom (see: monshin runbook list)", "--symptom の指定が必要（一覧: monshin runbook list）"))
	}
	answers, err := f.answered()
	if err != nil {
		return err
	}
	k, err := learn()
	if err != nil {
		return failed(lang.Same("monshin"), err)
	}
	symptom, err := (&account{}).pick(f.symptom, k.library.Symptoms())
	if err != nil {
		return err
	}
	tree, err := k.tree(symptom, "")
	if err != nil {
		return err
	}
	accounts, err := a.places(ctx, f, ff)
	if err != nil {
		return err
	}
	w := &fleetWalk{knowledge: k, tree: tree, answers: answers, flags: ff, sources: map[fleet.Account]*fleet.Shared{}, calls: map[string]int{}}
	for _, acc := range accounts {
		w.sources[acc] = fleet.NewShared(acc.(*cloud.Fleet).Source())
	}
	o := fleet.CheckOptions{Selection: ff.selection, Walk: w.walk, Words: k.catalogue, Now: ff.now}
	if ff.resumed != nil {
		o.Done = ff.resumed.Rows
	}
	a.recordFleet(f, ff, resume.Opening{Command: "check", Source: accounts[0].Name(), Symptom: f.symptom, Answers: answers})
	p := a.fleetProgress(f.lang)
	o.Note = ff.note(p)
	x, err := fleet.Check(ctx, accounts, o)
	p.end()
	a.finish(f, ff, x.Complete)
	if err != nil && len(x.Members) == 0 {
		return noAccess(err)
	}
	for op, n := range w.calls {
		x.Calls[op] += n
	}
	x.Simulated, x.Symptom, x.Title = ff.simulated, f.symptom, tree.Title
	report := transcript.FleetCheck(x, ff.options(f))
	if err != nil {
		if wrong := a.writeFleet(f, ff, report, exitOK); wrong != nil {
			return wrong
		}
		return noAccess(err)
	}
	return a.writeFleet(f, ff, report, x.Exit())
}

// fleetWalk walks single instances over what they share.
type fleetWalk struct {
	knowledge *knowledge
	tree      *runbook.Tree
	answers   map[string]string
	flags     *fleetFlags
	sources   map[fleet.Account]*fleet.Shared

	mu    sync.Mutex
	calls map[string]int
}

func (w *fleetWalk) walk(ctx context.Context, a fleet.Account, m *fleet.Member) (*walk.Diagnosis, error) {
	e := fleet.Prefill(m, w.flags.now())
	maps.Copy(e.Answers, w.answers)
	one, err := walk.New(walk.Options{
		Tree: w.tree, Probes: w.knowledge.probes, Words: w.knowledge.catalogue, Estate: e,
		Source: w.sources[a], Simulated: w.flags.simulated, Now: w.flags.now,
	})
	if err != nil {
		return nil, err
	}
	d := one.Run(ctx, func(*walk.Diagnosis, []walk.Event) {})
	w.mu.Lock()
	defer w.mu.Unlock()
	for op, n := range d.Calls.ByOperation {
		w.calls[op] += n
	}
	return d, nil
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
	side := map[string]string{}
	for _, id := range ff.bad {
		side[id] = "bad"
	}
	for _, id := range ff.good {
		if side[id] == "bad" {
			return usage(lang.Both("%s is named by --bad and by --good", "%s が --bad と --good の両方に指定されている").With(id))
		}
	}
	accounts, err := a.places(ctx, f, ff)
	if err != nil {
		return err
	}
	p := a.fleetProgress(f.lang)
	found, err := fleet.FindClones(ctx, accounts, fleet.CloneOptions{Selection: ff.selection, Now: ff.now, Note: p.show})
	if err != nil {
		p.end()
		return noAccess(err)
	}
	patches, err := patchesOf(ctx, accounts, found)
	p.end()
	if err != nil {
		return noAccess(err)
	}
	c := &fleet.Comparison{Report: found.Report}
	c.Simulated = ff.simulated
	for _, m := range found.Members {
		s := fleet.Subject{Member: m, Patches: patches[m.ID]}
		if side[m.ID] == "bad" {
			c.Bad = append(c.Bad, s)
		} else {
			c.Good = append(c.Good, s)
		}
	}
	c.Differences = fleet.Compare(c.Bad, c.Good)
	return a.writeFleet(f, ff, transcript.FleetCompare(c, ff.options(f)), c.Exit())
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
