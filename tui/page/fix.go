package page

import (
	tea "charm.land/bubbletea/v2"

	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/walk"
	"github.com/monshin/monshin/tui/world"
)

// Fixable is a walk as the page sees it on which one decides about fixes.
type Fixable interface {
	// Diagnosis is the latest snapshot, nil before the first.
	Diagnosis() *walk.Diagnosis
	// Fixer is what can be done about it, nil where nothing can.
	Fixer() world.Fixer
	// Running reports whether the walk reads: nothing else may use it then.
	Running() bool
	// Rejudge has the walk go on: something was changed, or read for a plan.
	Rejudge() tea.Cmd
}

// OpenFixes shows what can be done about a finding (code@subject) of the walk below;
// "" is all of its root causes, and what was done so far.
type OpenFixes struct{ Finding string }

// CloseFixes leaves that page and shows a line.
type CloseFixes struct{ Text lang.Text }

func (OpenFixes) intent()  {}
func (CloseFixes) intent() {}
