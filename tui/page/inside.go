package page

import (
	tea "charm.land/bubbletea/v2"

	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/walk"
)

// Inside is a walk as the page sees it on which one decides whether Windows itself
// is asked. The walk keeps what was decided: the page may be left at any time.
type Inside interface {
	// Diagnosis is the latest snapshot, nil before the first.
	Diagnosis() *walk.Diagnosis
	// Asked is how far asking Windows is.
	Asked() Asked
	// Approve allows exactly this script to run, and has the walk go on.
	Approve(script, ticket string) Next
	// Answered takes text with the line that somebody's run of the script printed.
	Answered(text string) Next
}

// Step is how far asking Windows is.
type Step int

// The steps.
const (
	// Reading: the walk runs. What has to be asked is known when it stands still.
	Reading Step = iota
	// Preparing: the texts are being made.
	Preparing
	// Ready: the texts are those of what is known.
	Ready
	// Approving: the consent is being recorded.
	Approving
)

// Asked is how far asking Windows is, and the texts that go with it. It is
// comparable. A failure is "" where there is none; it is untrusted text.
type Asked struct {
	Step Step
	// Script is what Run Command would run, to the letter; "" where nothing is wanted.
	Script        string
	ScriptFailure string
	// Request is what somebody else can be asked to do instead.
	Request        lang.Text
	RequestFailure string
	// Consented says that the scripts were allowed, under Ticket where one was named.
	Consented      bool
	Ticket         string
	ConsentFailure string
	// PasteFailure is why the line that was pasted last was not taken.
	PasteFailure lang.Text
}

// OpenInside shows what asking Windows would mean, and the other way.
type OpenInside struct{ Walk Inside }

// CloseInside leaves that page, where it is open, and shows a line.
type CloseInside struct{ Text lang.Text }

func (OpenInside) intent()  {}
func (CloseInside) intent() {}

// Saying is a Next that shows a line and does something meanwhile.
func Saying(t lang.Text, cmd tea.Cmd) Next { return Next{Do: Say{t}, Cmd: cmd} }
