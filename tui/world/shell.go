package world

import (
	"context"
	"io"

	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/typed"
)

// Sheller is what a Walk may also do: open a Session Manager shell on its instance.
type Sheller interface {
	// BeforeShell says what opening a shell means here, before anything is opened. Its
	// error says why one cannot work, by the same reasons as the walk's.
	BeforeShell(ctx context.Context) (lang.Text, error)
	// OpenShell opens a shell of that size, recorded from the first byte. notice, which
	// may be called from any goroutine and must not wait, is told what happens beside
	// the output.
	OpenShell(ctx context.Context, cols, rows int, notice func(lang.Text)) (Shell, error)
	// Typing are the lines to type for what was found, ready to be sent.
	Typing(found []finding.Finding) []typed.Step
	// Reread forgets what a probe has read, so that the next Run judges it anew.
	Reread(probe string)
}

// Shell is an open shell. Read and Write may wait; they are called from goroutines.
type Shell interface {
	io.ReadWriter
	Resize(cols, rows int)
	// Mark notes in the recording what is sent now: the command of a step.
	Mark(label string)
	// Close ends the session.
	Close() error
	Done() <-chan struct{}
	// Ended says why the session is over, after Done is closed.
	Ended() lang.Text
	// Recording is the path of the recording, "" where there is none.
	Recording() string
}

// FullSheller is what a Sheller may also do: have the operator's whole terminal be the
// shell's, as monshin shell does.
type FullSheller interface {
	// FullShell is a shell that is recorded from its first byte. run has the terminal
	// until the session ends, and gives it back as it was, whatever happens; it is for a
	// goroutine to which the terminal was given. The shell that it returns has ended; it
	// is nil where none was opened, and err says why. Ending ctx ends the session.
	FullShell(ctx context.Context) (run func(in io.Reader, out, err io.Writer) (Shell, error))
}
