package page

import (
	tea "charm.land/bubbletea/v2"

	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/walk"
	"github.com/monshin/monshin/tui/world"
)

// Shellable is a walk as the page sees it on which a shell stands beside the steps.
type Shellable interface {
	// Diagnosis is the latest snapshot, nil before the first.
	Diagnosis() *walk.Diagnosis
	// Sheller opens shells, nil where there can be none.
	Sheller() world.Sheller
	// Rejudge has the walk go on: a step was carried out.
	Rejudge() tea.Cmd
}

// OpenShell shows a shell beside the steps of the walk below.
type OpenShell struct{}

// CloseShell leaves that page before anything is opened.
type CloseShell struct{ Text lang.Text }

func (OpenShell) intent()  {}
func (CloseShell) intent() {}

// Raw is a page that at times gets every key press as it is: a shell has the focus.
type Raw interface {
	Raw() bool
	// Key takes a key press while Raw is true.
	Key(tea.KeyPressMsg) Next
}
