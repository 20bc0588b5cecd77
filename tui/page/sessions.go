package page

import (
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/tui/world"
)

// OpenSessions shows the investigations that can be gone on with.
type OpenSessions struct{}

// ResumeSession goes on with one.
type ResumeSession struct{ Session world.Session }

// OpenChanges shows what has changed since an investigation stood still.
type OpenChanges struct{ Lines []lang.Text }

// TakeNote gives a note to the walk below.
type TakeNote struct {
	Text        string
	ForCustomer bool
}

// CloseNote leaves the page on which a note is typed, where it is open, and shows a line.
// Where the note could not be kept it stays open instead, with what was typed.
type CloseNote struct {
	Text   lang.Text
	Failed bool
}

func (OpenSessions) intent()  {}
func (ResumeSession) intent() {}
func (OpenChanges) intent()   {}
func (TakeNote) intent()      {}
func (CloseNote) intent()     {}

// Noting is a walk as the page sees it on which a note is typed.
type Noting interface {
	// TakeNote keeps a note; what comes of it arrives as CloseNote or Say.
	TakeNote(text string, forCustomer bool) Next
}
