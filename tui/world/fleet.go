package world

import (
	"context"

	"github.com/monshin/monshin/diagnose/fleet"
	"github.com/monshin/monshin/diagnose/runbook"
)

// Fleet judges many instances of the account and region. Its methods block until they
// are done or ctx ends; they then return what they have, which says that it is not
// complete. note is told how far they are, one event at a time.
type Fleet interface {
	// Clones looks for copies of one Windows.
	Clones(ctx context.Context, c Choice, note func(fleet.Event)) (*fleet.Clones, error)
	// Check walks one symptom's tree for each.
	Check(ctx context.Context, s runbook.Symptom, c Choice, note func(fleet.Event)) (*fleet.Matrix, error)
	// Compare finds what the bad ones have in common and no good one has.
	Compare(ctx context.Context, bad, good []string, note func(fleet.Event)) (*fleet.Comparison, error)
	// Script is what Clones runs inside Windows where that is allowed, to the letter.
	Script() (string, error)
}

// Choice says which instances are meant: by ids, by tags (KEY=VALUE) that they all
// carry, or, empty, all. Guest allows the script inside Windows, under a ticket that
// may be "". GoOn goes on with what the last run of the same kind, which was stopped,
// had learnt.
type Choice struct {
	IDs, Tags []string
	Guest     bool
	Ticket    string
	GoOn      bool
}
