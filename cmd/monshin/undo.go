package main

import (
	"context"
	"fmt"
	"log/slog"
	"slices"

	"github.com/spf13/cobra"

	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/remedy"
	"github.com/monshin/monshin/diagnose/walk"
	"github.com/monshin/monshin/sessions/journal"
	"github.com/monshin/monshin/sessions/session"
)

func newVerify(a *app, f *flags) *cobra.Command {
	l := f.lang
	var noWait bool
	var planID string
	c := &cobra.Command{
		Use:   "verify SESSION",
		Short: lang.Both("Judge a plan again, whoever carried it out", "対処後の事後確認（実施者を問わない）").In(l),
		Long: lang.Both(`Reads afresh what the session's last plan was to change, and judges it by the same
checks; where plans were handed out (monshin fix --plan --hand-out), each of them.
Exit code: 0 verified, 1 ineffective, 2 nothing to verify, 3 too early to tell.`,
			`当該調査の最後の対処手順が対象とする構成を再取得し、同じ判定で確認します。引き渡した手順
（monshin fix --plan --hand-out）は、そのすべてを確認します。
終了コード: 0 対処完了を確認、1 効果なし、2 確認対象なし、3 確認待ち。`).In(l),
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withRuns(cmd.Context(), f, args[0], func(x *fixing, before *walk.Diagnosis, k *knowledge) error {
				return a.verifyRun(cmd.Context(), f, x, before, k, planID, !noWait)
			})
		},
	}
	c.Flags().BoolVar(&noWait, "no-wait", false, lang.Both("look once instead of waiting for the effect", "確認を 1 回のみ行い、反映を待たない").In(l))
	c.Flags().StringVar(&planID, "plan-id", "", lang.Both("this plan of the session instead of the last", "最後の手順ではなく、指定した ID の手順を確認").In(l))
	return c
}

func newUndo(a *app, f *flags) *cobra.Command {
	l := f.lang
	var planID string
	c := &cobra.Command{
		Use:   "undo SESSION [STEP]",
		Short: lang.Both("Take back what a session changed", "調査で実施した変更の切り戻し").In(l),
		Long: lang.Both(`Takes back the last plan that the session carried out, last step first, or one STEP of
it. Each step is taken back only if the world still is as monshin left it; otherwise
the difference is shown and nothing more is done. Exit code: 0 taken back, 2 refused
or nothing to take back, 4 a call failed.`,
			`当該調査で最後に実施した対処手順を、最後のステップから順に（または STEP のみ）切り戻します。
適用後に変更されている場合は、差分を表示して中止します。終了コード: 0 切り戻し完了、
2 中止または対象なし、4 実行失敗。`).In(l),
		Args: cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.readOnly {
				return usage(lang.Both("--read-only: nothing is changed", "--read-only のため変更不可"))
			}
			step := ""
			if len(args) > 1 {
				step = args[1]
			}
			return a.withRuns(cmd.Context(), f, args[0], func(x *fixing, before *walk.Diagnosis, k *knowledge) error {
				return a.undoRun(cmd.Context(), f, x, before, k, planID, step)
			})
		},
	}
	c.Flags().StringVar(&planID, "plan-id", "", lang.Both("this plan of the session instead of the last", "最後の手順ではなく、指定した ID の手順を切り戻し").In(l))
	return c
}

// withRuns goes on with a session in its account, and hands over what was done in it.
func (a *app) withRuns(ctx context.Context, f *flags, name string, do func(*fixing, *walk.Diagnosis, *knowledge) error) error {
	path, rec, err := a.openSession(name)
	if err != nil {
		return err
	}
	if len(rec.Deeds) == 0 {
		return usage(lang.Both("the session %s holds no plan", "調査 %s に対処手順の記録がない").With(session.IDOf(path)))
	}
	d, err := a.deskOf(ctx, f, rec)
	if err != nil {
		return err
	}
	defer d.close()
	k, acc, log := d.knowledge, d.account, d.log
	inv, err := a.goOn(acc, k, f, path, journal.Resume{})
	if err != nil {
		return resumeFailed(err)
	}
	before, err := a.goOnFixing(ctx, f, inv, k, acc, log, rec, do)
	if before != nil {
		a.recordedIn(inv, before, f.lang)
	}
	return err
}

func (a *app) goOnFixing(ctx context.Context, f *flags, inv *investigation, k *knowledge, acc *account, log *slog.Logger, rec *journal.Record, do func(*fixing, *walk.Diagnosis, *knowledge) error) (*walk.Diagnosis, error) {
	x := a.newFixing(inv, k, acc, log, f)
	if err := x.recall(rec); err != nil {
		_ = inv.close()
		return nil, badInput(lang.Same("SESSION"), err)
	}
	// What the record knows is what stood before: when the walk has gone on, somebody
	// may have carried the plan out.
	before, err := x.diagnosis(rec.Known())
	if err != nil {
		_ = inv.close()
		return nil, failed(lang.Same("monshin"), err)
	}
	progress := a.progress(f.lang)
	d := inv.run(ctx, log, progress.show)
	progress.end()
	if d.Paused != nil {
		return d, noAccess(d.Paused)
	}
	return d, do(x, before, k)
}

// recall takes the runs of a record over.
func (x *fixing) recall(rec *journal.Record) error {
	runs, err := session.Runs(rec)
	x.runs = runs
	return err
}

// pickRun is the run that a plan's id names, or the last that want accepts.
func pickRun(runs []*remedy.Run, planID string, want func(*remedy.Run) bool) (*remedy.Run, error) {
	var last *remedy.Run
	for _, r := range runs {
		switch {
		case planID != "" && r.Hash != planID:
		case want(r):
			last = r
		}
	}
	if last == nil && planID != "" {
		return nil, usage(lang.Both("the session has no such plan %q", "調査に該当する対処手順 %q がない").With(planID))
	}
	return last, nil
}

// toVerify lists what is judged again: the plan that an id names, else the last one
// that was carried out, else all that were handed out, each once.
func toVerify(runs []*remedy.Run, planID string) ([]*remedy.Run, error) {
	last, err := pickRun(runs, planID, func(r *remedy.Run) bool { return r.ByHand || r.Begun() })
	if err != nil || last == nil {
		return nil, err
	}
	if planID != "" || !last.ByHand {
		return []*remedy.Run{last}, nil
	}
	var out []*remedy.Run
	for _, r := range runs {
		if !r.ByHand {
			continue
		}
		out = slices.DeleteFunc(out, func(o *remedy.Run) bool { return o.Hash == r.Hash })
		out = append(out, r)
	}
	return out, nil
}

func (a *app) verifyRun(ctx context.Context, f *flags, x *fixing, before *walk.Diagnosis, k *knowledge, planID string, wait bool) error {
	runs, err := toVerify(x.runs, planID)
	if err != nil {
		return err
	}
	if len(runs) == 0 {
		return usage(lang.Both("nothing was done that could be verified", "事後確認の対象となる実施記録なし"))
	}
	var after *walk.Diagnosis
	code := exitOK
	for _, run := range runs {
		if run.Dangling() {
			if err := x.with(nil).Reconcile(ctx, run); err != nil {
				return outcomeOf(err)
			}
		}
		if after, err = x.Verify(ctx, run, wait, a.steps(f, &run.Plan)); err != nil {
			return outcomeOf(err)
		}
		a.sayRun(f, run)
		code = worse(code, run.Verification.Exit())
	}
	a.sayVerdict(f, before, after, k)
	if code != exitOK {
		return &exitError{code: code}
	}
	return nil
}

// worse is the exit code of two verifications: one plan that did nothing is worse than
// one that cannot be told yet.
func worse(a, b int) int {
	if a == exitOK || b == exitProblem {
		return b
	}
	return a
}

func (a *app) undoRun(ctx context.Context, f *flags, x *fixing, before *walk.Diagnosis, k *knowledge, planID, step string) error {
	run, err := pickRun(x.runs, planID, (*remedy.Run).Begun)
	if err != nil {
		return err
	}
	if run == nil {
		return usage(lang.Both("nothing is left to be taken back", "切り戻し対象なし"))
	}
	if step != "" {
		known := false
		for _, s := range run.Plan.Steps {
			known = known || s.ID == step
		}
		if !known {
			return usage(lang.Both("the plan %s has no step %q", "対処手順 %s にステップ %q はない").With(run.Hash, step))
		}
	}
	for _, s := range run.Plan.Steps {
		if s.Call != nil && s.Undo == nil && run.State(s.ID) == remedy.Done {
			fmt.Fprintln(a.err, clean(lang.Both("no way back: %s: %s", "切り戻し不可: %s: %s").With(s.Title, s.NoUndo).In(f.lang)))
		}
	}
	failedUndo := x.Undo(ctx, run, step, a.steps(f, &run.Plan))
	a.sayRun(f, run)
	if failedUndo != nil {
		return outcomeOf(failedUndo)
	}
	after := x.inv.run(ctx, x.log, nil)
	if after.Paused != nil {
		return noAccess(after.Paused)
	}
	a.sayVerdict(f, before, after, k)
	return nil
}

// continueRun goes on with the last run that was interrupted.
func (a *app) continueRun(ctx context.Context, f *flags, x *fixing, before *walk.Diagnosis, k *knowledge, wait bool) error {
	run, err := pickRun(x.runs, "", func(r *remedy.Run) bool { return !r.ByHand && !r.Finished() && r.Undone == nil })
	if err != nil {
		return err
	}
	if run == nil {
		return usage(lang.Both("the session has no plan that was interrupted", "中断した対処手順なし"))
	}
	if err := x.Continue(ctx, run, a.steps(f, &run.Plan)); err != nil {
		a.sayRun(f, run)
		a.sayNext(f, x, run)
		return outcomeOf(err)
	}
	after, err := x.Verify(ctx, run, wait, a.steps(f, &run.Plan))
	if err != nil {
		return outcomeOf(err)
	}
	a.sayRun(f, run)
	a.sayVerdict(f, before, after, k)
	if code := run.Verification.Exit(); code != exitOK {
		return &exitError{code: code}
	}
	return nil
}
