package remedy

import (
	"context"
	"slices"

	"github.com/monshin/monshin/diagnose/lang"
)

// Undoable lists the steps that an undo would take back now, in its order, and the
// steps that nothing can take back.
func (r *Run) Undoable() (back, never []Step) {
	for _, s := range slices.Backward(r.Plan.Steps) {
		switch state := r.State(s.ID); {
		case state != Done && state != Intended && state != Undoing:
		case s.Undo == nil:
			never = append(never, s)
		default:
			back = append(back, s)
		}
	}
	return back, never
}

// Undo takes back what a run did, last step first; step narrows it to one, "" is
// all. Each step is taken back only if the world still is as the run left it at that
// place. It stops at the first that is not or that fails. Errors are as those of Apply.
func (r *Runner) Undo(ctx context.Context, run *Run, step string) error {
	if r.ReadOnly {
		return refuse("monshin was started with --read-only", "--read-only で起動されているため変更不可")
	}
	if err := r.Reconcile(ctx, run); err != nil {
		return err
	}
	back, never := run.Undoable()
	if step != "" {
		here := func(s Step) bool { return s.ID != step }
		back, never = slices.DeleteFunc(back, here), slices.DeleteFunc(never, here)
	}
	if len(back) == 0 {
		if len(never) > 0 {
			return refuse("nothing can be taken back: %s", "切り戻し不可: %s", never[0].NoUndo)
		}
		return refuse("nothing is left to be taken back", "切り戻し対象なし")
	}
	var undone []string
	for _, s := range back {
		if err := r.stillOurs(ctx, run, s); err != nil {
			return err
		}
		if err := r.do(ctx, run, s, true); err != nil {
			return err
		}
		undone = append(undone, s.ID)
	}
	rest, err := r.rest(ctx, run, back)
	if err != nil {
		return err
	}
	run.Undone = &Undone{Run: run.ID, Steps: undone, Rest: rest}
	return r.Ledger.Append(KindUndone, run.Undone)
}

// stillOurs compares the places of a step with what the run left there.
func (r *Runner) stillOurs(ctx context.Context, run *Run, s Step) error {
	var guards []Guard
	for _, g := range s.Guards {
		g = run.resolveGuard(g)
		for _, l := range run.Left {
			if l.Part == g.Part && l.At == g.At {
				g.After = l.After
			}
		}
		guards = append(guards, g)
	}
	if run.Left == nil {
		// The run was cut short before the world was read: what AWS chose by itself is
		// not known, so only the values that the plan set are compared.
		guards = slices.DeleteFunc(guards, func(g Guard) bool { return g.Before == "" })
	}
	drifts, err := r.compare(ctx, guards, func(g Guard) string { return g.After })
	if err == nil && len(drifts) > 0 {
		err = &Changed{Undo: true, Drifts: drifts}
	}
	return err
}

// rest lists the places that do not stand as they did before the run.
func (r *Runner) rest(ctx context.Context, run *Run, steps []Step) ([]Drift, error) {
	first := map[string]bool{}
	var guards []Guard
	for _, s := range slices.Backward(steps) { // in the plan's order: the first edit of a place knows what stood there
		for _, g := range s.Guards {
			g = run.resolveGuard(g)
			if place := g.Part + " " + g.At; !first[place] {
				first[place] = true
				guards = append(guards, g)
			}
		}
	}
	return r.compare(ctx, guards, func(g Guard) string { return g.Before })
}

// WayBack says before a plan is approved what cannot be undone.
func (p Plan) WayBack() lang.Text {
	var never []lang.Text
	for _, s := range p.Steps {
		if s.Call != nil && s.Undo == nil {
			never = append(never, lang.Both("%s: %s", "%s: %s").With(s.Title, s.NoUndo))
		}
	}
	if len(never) == 0 {
		return lang.Both("every step can be taken back", "すべての手順で切り戻し可能")
	}
	return lang.Join(never, lang.Both("; ", "、"))
}
