package world

import (
	"context"
	"time"

	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/runbook"
)

// Session is an investigation that was recorded and is not finished.
type Session struct {
	// Ref is what Sessions.Resume takes; ID is shown.
	Ref, ID  string
	Instance string
	Symptom  runbook.Symptom
	// Cut says that its run was cut short; else it is undecided.
	Cut     bool
	Updated time.Time
}

// Sessions is what a Backend may also do: go on with what was recorded.
type Sessions interface {
	// Unfinished lists the investigations of this account that can be gone on with,
	// newest first.
	Unfinished(ctx context.Context) ([]Session, error)
	// Resume prepares to go on with one.
	Resume(ctx context.Context, ref string) (Walk, error)
}

// Noter is what a Walk may also do: keep a note of the operator, on disk before it
// returns. node is the id of the tree's node where it was written, "" for none.
type Noter interface {
	Note(text string, forCustomer bool, node string) error
}

// Resumed is what a Walk may also do that goes on from a record.
type Resumed interface {
	// Told is what the operator has to know at once, the zero text for nothing.
	Told() lang.Text
	// Node is the id of the tree's node at which the story stood, "" for none.
	Node() string
	// Changes tell, after the first Run that came to its end, what has changed since;
	// the first line sums up. Nil where it goes on from nothing.
	Changes() []lang.Text
}
