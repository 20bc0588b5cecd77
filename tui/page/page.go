// Package page is the contract between the root, which routes, and the pages,
// which show one thing each. Pages do not know each other: they answer with what
// they want to happen.
package page

import (
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/runbook"
	"github.com/monshin/monshin/diagnose/walk"
	"github.com/monshin/monshin/tui/keys"
	"github.com/monshin/monshin/tui/theme"
)

// Env is what pages draw with. It is comparable: a page that drew with an equal
// Env and has not changed since need not draw again.
type Env struct {
	Lang  lang.Lang
	Zone  *time.Location
	Theme *theme.Theme
	// Width and Height are the room for the page, in cells.
	Width, Height int
	// Now is the time, cut to the second: ages are told from it.
	Now time.Time
	// Tick counts frames of animation; it stands still where there is none.
	Tick int
}

// Still is the Env without what moves by itself, for what shows no time.
func (e Env) Still() Env {
	e.Now, e.Tick = time.Time{}, 0
	return e
}

// Frame is a drawn page: exactly Height lines of exactly Width cells.
type Frame struct {
	Lines []string
	// Cursor is where the terminal's cursor belongs, nil where no text is typed.
	// It has to be the real one: input methods open their window there.
	Cursor *Point
}

// Point is a cell of the page.
type Point struct{ X, Y int }

// Page is one screen.
type Page interface {
	// Scope is where the page's keys stand in the table; keys.Text while a field has them.
	Scope() keys.Scope
	// Act does what a key asks for.
	Act(keys.Action) Next
	// Type gets a key press while Scope is keys.Text and the table has no action for it.
	Type(tea.KeyPressMsg) Next
	// Paste gets pasted text; taken is false where the page has no use for it.
	Paste(text string) (next Next, taken bool)
	// Receive gets the results of the page's own commands.
	Receive(tea.Msg) Next
	// Draw draws the page. It is called often and must be cheap where nothing changed.
	Draw(Env) Frame
	// Plain is the page's content without borders and panes, one string a line, of
	// whatever width.
	Plain(Env) []string
	// Copy is what `y` puts on the clipboard; what names it. Nothing selected is "".
	Copy(Env) (text string, what lang.Text)
	// Lively says that something moves or waits: the root then keeps Env.Tick and
	// Env.Now going.
	Lively() bool
	// Close ends what the page has running.
	Close()
}

// Next is what a page wants to happen.
type Next struct {
	Do  Intent
	Cmd tea.Cmd
	// Ignored says that the page has no use for the action; the root may have.
	Ignored bool
}

// Intent is something only the root can do.
type Intent interface{ intent() }

// Say shows a line for a while.
type Say struct{ Text lang.Text }

// ChoseSymptom goes on with a symptom.
type ChoseSymptom struct{ Symptom runbook.Symptom }

// ChooseInstance goes to the list of instances.
type ChooseInstance struct{}

// ChoseInstance goes on with an instance; Name is "" where it is not known.
type ChoseInstance struct{ ID, Name string }

// OpenFleet goes to the page about many instances.
type OpenFleet struct{}

// WalkMember walks one of many instances. What is under it stays.
type WalkMember struct {
	ID, Name string
	Symptom  runbook.Symptom
}

// OpenFinding shows the page of a finding.
type OpenFinding struct {
	Diagnosis *walk.Diagnosis
	Finding   walk.Weighed
}

// OpenCode shows the page of a code that nothing was found of.
type OpenCode struct{ Code finding.Code }

// OpenCommands shows the AWS CLI lines of evidence.
type OpenCommands struct {
	Title    lang.Text
	Evidence []finding.Evidence
}

func (Say) intent()            {}
func (ChoseSymptom) intent()   {}
func (ChooseInstance) intent() {}
func (ChoseInstance) intent()  {}
func (OpenFleet) intent()      {}
func (WalkMember) intent()     {}
func (OpenFinding) intent()    {}
func (OpenCode) intent()       {}
func (OpenCommands) intent()   {}

// Do makes a Next of an intent.
func Do(i Intent) Next { return Next{Do: i} }

// Tell makes a Next that shows a line.
func Tell(en, ja string) Next { return Next{Do: Say{lang.Both(en, ja)}} }

// Ignore is the answer to an action that the page has no use for.
func Ignore() Next { return Next{Ignored: true} }
