package world

import (
	"context"

	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/remedy"
	"github.com/monshin/monshin/diagnose/walk"
)

// Fixer is what a Walk may also do: change things, check and take back. Its methods
// may block; they run in goroutines of their own, one at a time, and never beside a
// Run of the walk.
type Fixer interface {
	// Proposals are the fixes of a finding (code@subject), the recommended one first.
	// It reads what the plans need and changes nothing.
	Proposals(ctx context.Context, finding string) ([]remedy.Proposal, error)
	// Whole is the ordered list of fixes for all root causes (対処手順の全体).
	Whole(ctx context.Context) (remedy.Whole, error)
	// DryRun asks EC2 which steps of a plan would be allowed, by step id. It changes
	// nothing.
	DryRun(ctx context.Context, p remedy.Plan) map[string]remedy.DryRun
	// Apply carries a plan out under an approval, or goes on with a run. The run comes
	// back whole or not, beside the error.
	Apply(ctx context.Context, p remedy.Planned, a remedy.Approval, on func(remedy.Progress)) (*remedy.Run, error)
	// Continue goes on with a run that was interrupted.
	Continue(ctx context.Context, run *remedy.Run, on func(remedy.Progress)) error
	// Verify judges again until the run is verified or its time is over; with wait
	// false it looks once. The outcome is in run.Verification.
	Verify(ctx context.Context, run *remedy.Run, wait bool, on func(remedy.Progress)) (*walk.Diagnosis, error)
	// Undo takes a run back; step narrows it to one, "" is all.
	Undo(ctx context.Context, run *remedy.Run, step string, on func(remedy.Progress)) error
	// Frozen is why nothing can be changed here (a record that is only looked at), the
	// zero text where it can. It does not block.
	Frozen() lang.Text
	// Runs are the runs of this investigation so far, the last one last.
	Runs() []*remedy.Run
	// HandOut records a plan as one that somebody else carries out, and writes its work
	// order (作業手順書) beside the journal. It returns the file's path.
	HandOut(ctx context.Context, p remedy.Planned) (path string, err error)
}
