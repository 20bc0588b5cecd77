package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"

	"github.com/natefinch/atomic"

	"github.com/monshin/monshin/diagnose/cloud"
	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/remedy"
	"github.com/monshin/monshin/diagnose/remedy/fixes"
	"github.com/monshin/monshin/diagnose/walk"
	"github.com/monshin/monshin/sessions/workorder"
)

// fixing is what an investigation can change: the fixes of its findings, carried out
// in its account and kept in its journal.
type fixing struct {
	inv     *investigation
	options walk.Options
	account *account
	library remedy.Library
	log     *slog.Logger
	runner  remedy.Runner
	runs    []*remedy.Run
	by      string

	catalogue *finding.Catalogue
	order     workorder.Options
}

// newFixing prepares the fixes of an investigation. A recording has no account to
// change: what-if works, and nothing else.
func (a *app) newFixing(inv *investigation, k *knowledge, acc *account, log *slog.Logger, f *flags) *fixing {
	x := &fixing{
		inv: inv, account: acc, library: fixes.Library(), log: log, catalogue: k.catalogue, order: f.order(),
		options: walk.Options{Tree: inv.Tree(), Probes: k.probes, Words: k.catalogue, Simulated: acc.simulated},
	}
	x.runner = remedy.Runner{
		Ledger: a.ledgerOf(inv), Now: acc.now, Sleep: acc.sleep, ReadOnly: f.readOnly || acc.cloud == nil,
	}
	if acc.cloud != nil {
		x.runner.Caller = cloud.NewCaller(acc.config, cloud.CallerOptions{
			Target: inv.Estate().Target, Now: acc.now, Sleep: acc.sleep, ReadOnly: f.readOnly,
		})
		x.runner.Reader = acc.cloud
	}
	return x
}

// ledgerOf is where an investigation keeps what is done. A test may stand in between.
func (a *app) ledgerOf(inv *investigation) remedy.Ledger {
	if a.ledger != nil {
		return a.ledger(ledger{inv})
	}
	return ledger{inv}
}

// ledger keeps a run in the investigation's journal. Without a journal nothing can be
// changed: what was done would be forgotten.
type ledger struct{ inv *investigation }

func (l ledger) Append(kind string, body any) error {
	if l.inv.journal == nil {
		if l.inv.unrecorded != nil {
			return l.inv.unrecorded
		}
		return &lang.Error{Say: lang.Both("nothing is recorded here, so nothing is changed", "記録先がないため変更不可")}
	}
	return l.inv.journal.Append(kind, body)
}

// read reads parts that plans need and puts them into the walk.
func (x *fixing) read(ctx context.Context, keys []estate.Key) error {
	var mu sync.Mutex // Collect delivers from any goroutine
	var expired error
	var open []estate.Key
	x.account.source.Collect(ctx, keys, func(g walk.Got) {
		mu.Lock()
		defer mu.Unlock()
		if g.Expired != nil {
			expired = g.Expired
			return
		}
		x.inv.Put(g.Part)
		open = append(open, g.Part.Key)
		if x.inv.journal != nil {
			x.inv.journal.Record([]walk.Event{{Got: &g}})
		}
	})
	if expired != nil {
		return noAccess(expired)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	for _, k := range keys {
		if !slices.Contains(open, k) {
			kind, ok := estate.Lookup(k.Kind)
			if !ok {
				return fmt.Errorf("a fix reads %s, of which there is no kind", k)
			}
			x.inv.Put(kind.Unknown(k.ID, fact.Why{Reason: fact.NotRecorded, Resource: k.ID}))
		}
	}
	return nil
}

// rounds bounds the readings for plans: a plan that reads a part because of another
// part goes on for a few rounds, and never for ever.
const rounds = 8

// planning runs make on the newest estate until it wants nothing more.
func (x *fixing) planning(ctx context.Context, make func(*estate.Estate) ([]estate.Key, error)) error {
	for round := range rounds {
		wanted, err := make(x.inv.Estate())
		if err != nil || len(wanted) == 0 {
			if round > 0 {
				// What was read for the plans is part of the record, which ends with what
				// all of it came to.
				x.inv.run(ctx, x.log, nil)
			}
			return err
		}
		if err := x.read(ctx, wanted); err != nil {
			return err
		}
	}
	return &lang.Error{Say: lang.Both("the plan keeps asking for more", "対処手順に必要な情報が揃わない")}
}

// diagnosis judges what is known now, without reading.
func (x *fixing) diagnosis(e *estate.Estate) (*walk.Diagnosis, error) {
	o := x.options
	o.Estate = e.Clone()
	return walk.Judge(o)
}

// Proposals are the fixes of a finding.
func (x *fixing) Proposals(ctx context.Context, id string) (out []remedy.Proposal, err error) {
	err = x.planning(ctx, func(e *estate.Estate) ([]estate.Key, error) {
		d, err := x.diagnosis(e)
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(d.Findings, func(w walk.Weighed) bool { return w.ID() == id })
		if i < 0 {
			return nil, usage(lang.Both("there is no finding %s here now", "現在の検出結果に %s は存在しない").With(id))
		}
		var wanted []estate.Key
		out, wanted, err = remedy.Propose(x.library, x.options, e, d, d.Findings[i])
		return wanted, err
	})
	return out, err
}

// Whole is the ordered list of fixes for all root causes.
func (x *fixing) Whole(ctx context.Context) (out remedy.Whole, err error) {
	err = x.planning(ctx, func(e *estate.Estate) ([]estate.Key, error) {
		d, err := x.diagnosis(e)
		if err != nil {
			return nil, err
		}
		var wanted []estate.Key
		out, wanted, err = remedy.PlanAll(x.library, x.options, e, d)
		return wanted, err
	})
	return out, err
}

// DryRun asks EC2 which steps would be allowed. Steps that need what an earlier step
// answers cannot be asked.
func (x *fixing) DryRun(ctx context.Context, p remedy.Plan) map[string]remedy.DryRun {
	out := map[string]remedy.DryRun{}
	if x.runner.Caller == nil {
		return out
	}
	probe := remedy.NewRun("dry-run", remedy.Planned{Plan: p})
	for _, s := range p.Steps {
		if s.Call == nil {
			continue
		}
		call, err := probe.Resolve(s, false)
		if err != nil {
			out[s.ID] = remedy.DryRun{Verdict: remedy.NotAsked}
			continue
		}
		out[s.ID] = x.runner.Caller.DryRun(ctx, call)
	}
	return out
}

// with is the runner that tells on.
func (x *fixing) with(on func(remedy.Progress)) *remedy.Runner {
	r := x.runner
	r.On = on
	return &r
}

// Apply carries a plan out.
func (x *fixing) Apply(ctx context.Context, p remedy.Planned, a remedy.Approval, on func(remedy.Progress)) (*remedy.Run, error) {
	if x.runner.Caller == nil {
		return nil, usage(lang.Both("this is a recording: it has no account to change (--plan shows what would be done)", "記録の再生中のため変更不可（--plan で手順と見込みのみ確認可）"))
	}
	if a.By == "" {
		a.By = x.caller()
	}
	if a.Time.IsZero() {
		a.Time = x.runner.Now()
	}
	r := x.with(on)
	run, err := r.Start(runID(), p, a)
	if err != nil {
		return nil, err
	}
	x.runs = append(x.runs, run)
	x.log.Info("apply", "run", run.ID, "fix", run.Plan.Fix, "plan", run.Hash)
	return run, r.Apply(ctx, run)
}

// Continue goes on with a run.
func (x *fixing) Continue(ctx context.Context, run *remedy.Run, on func(remedy.Progress)) error {
	return x.with(on).Apply(ctx, run)
}

// Verify judges a run again.
func (x *fixing) Verify(ctx context.Context, run *remedy.Run, wait bool, on func(remedy.Progress)) (*walk.Diagnosis, error) {
	if run.Plan.Target.InstanceID != x.inv.Estate().Target.InstanceID {
		return nil, usage(lang.Both("the plan is for %s", "対処手順の対象は %s").With(run.Plan.Target.InstanceID))
	}
	keys := remedy.Observations(x.inv.Estate(), run.Plan)
	return x.with(on).Verify(ctx, run, keys, x.again, wait)
}

// again reads parts afresh and walks.
func (x *fixing) again(ctx context.Context, keys []estate.Key) (*walk.Diagnosis, error) {
	x.inv.Refresh(keys...)
	if x.account.cloud != nil {
		x.account.cloud.Forget(keys...)
	}
	d := x.inv.run(ctx, x.log, nil)
	if d.Paused != nil {
		return d, noAccess(d.Paused)
	}
	return d, ctx.Err()
}

// Undo takes a run back, and reads what it changed.
func (x *fixing) Undo(ctx context.Context, run *remedy.Run, step string, on func(remedy.Progress)) error {
	err := x.with(on).Undo(ctx, run, step)
	x.inv.Refresh(remedy.Observations(x.inv.Estate(), run.Plan)...)
	if x.account.cloud != nil {
		x.account.cloud.Forget(remedy.Observations(x.inv.Estate(), run.Plan)...)
	}
	return err
}

// Frozen is why nothing can be changed.
func (x *fixing) Frozen() lang.Text {
	if x.account.cloud == nil {
		return lang.Both("A record is only looked at: nothing can be changed from it", "記録の閲覧中のため変更不可")
	}
	return lang.Text{}
}

// Runs are the runs of the investigation.
func (x *fixing) Runs() []*remedy.Run { return slices.Clone(x.runs) }

// HandOut records a plan that somebody else carries out.
func (x *fixing) HandOut(_ context.Context, p remedy.Planned) (string, error) {
	if err := x.keep(p); err != nil {
		return "", err
	}
	return x.writeOrder(p)
}

// keep records a plan as one that monshin only checks.
func (x *fixing) keep(p remedy.Planned) error {
	p.Run, p.ByHand, p.Hash = runID(), true, p.Plan.Hash()
	if err := x.runner.Ledger.Append(remedy.KindPlan, p); err != nil {
		return err
	}
	x.runs = append(x.runs, remedy.NewRun(p.Run, p))
	return nil
}

// writeOrder writes the work order of a plan beside the journal, where the operator
// finds it, and nobody else can read it.
func (x *fixing) writeOrder(p remedy.Planned) (string, error) {
	e := x.inv.Estate()
	d, err := x.diagnosis(e)
	if err != nil {
		return "", err
	}
	b, err := workorder.Write(workorder.Order{
		Diagnosis: d, Estate: e, Proposals: []remedy.Proposal{{Planned: p, Forecast: p.Forecast}}, Forecast: p.Forecast, Session: x.inv.journal.ID,
	}, x.catalogue, "html", x.order)
	if err != nil {
		return "", err
	}
	path := strings.TrimSuffix(x.inv.journalPath(), ".jsonl") + "-" + p.Plan.Hash() + ".html"
	return path, atomic.WriteFile(path, bytes.NewReader(b))
}

// caller is the ARN of who asks, "" where it is not known.
func (x *fixing) caller() string {
	if x.by == "" {
		c, _ := estate.CallerPart.Of(estate.NewView(x.inv.Estate()), "").Get()
		x.by = c.ARN
	}
	return x.by
}

// runID distinguishes runs; tokens of calls are made from it.
func runID() string {
	var r [6]byte
	_, _ = rand.Read(r[:]) // never fails (crypto/rand)
	return hex.EncodeToString(r[:])
}

// findingOf resolves CODE or CODE@SUBJECT to one finding of a diagnosis.
func findingOf(d *walk.Diagnosis, arg string) (walk.Weighed, error) {
	code, subject, exact := strings.Cut(arg, "@")
	var hits, same []string
	var hit walk.Weighed
	for _, w := range d.Findings {
		if w.Code != finding.Code(code) {
			continue
		}
		same = append(same, w.ID())
		if !exact || w.Subject == subject || strings.HasSuffix(w.Subject, "."+subject) {
			hits, hit = append(hits, w.ID()), w
		}
	}
	switch {
	case len(hits) == 1:
		return hit, nil
	case len(hits) > 1:
		return hit, usage(lang.Both("%s is there more than once: %s", "%s は複数検出されている: %s").With(arg, strings.Join(hits, ", ")))
	case len(same) > 0:
		return hit, usage(lang.Both("%s was not found here; there is %s", "%s は検出されていない。検出済み: %s").With(arg, strings.Join(same, ", ")))
	}
	var all []string
	for _, w := range d.RootCauses() {
		all = append(all, w.ID())
	}
	if len(all) == 0 {
		return hit, usage(lang.Both("%s was not found here, and no root cause was", "%s は検出されていない（根本原因の検出もなし）").With(arg))
	}
	return hit, usage(lang.Both("%s was not found here; the root causes are %s", "%s は検出されていない。根本原因: %s").With(arg, strings.Join(all, ", ")))
}

// outcomeOf is the exit code of a fix that ended with err.
func outcomeOf(err error) error {
	var changed *remedy.Changed
	var refused *remedy.Refused
	var ends *exitError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &ends):
		return ends
	case errors.As(err, &changed), errors.As(err, &refused):
		return &exitError{code: exitUsage, say: lang.Said(err), err: err}
	case errors.Is(err, context.Canceled):
		return &exitError{code: exitUndecided, say: lang.Both("stopped; what was done is recorded, and monshin undo takes it back", "中断。実施済みの手順は記録済みで、monshin undo で切り戻し可能"), err: err}
	}
	return &exitError{code: exitFailed, say: lang.Said(err), err: err}
}
