// Package screen is the terminal that stands in a pane: what a shell writes goes
// in, cells with a style come out, and nothing else. Whatever the shell sends
// beyond text and drawing (titles, clipboard, hyperlinks, notifications, images)
// ends here; the operator's own terminal never sees a byte of it.
//
// The stream is read with the parser of charmbracelet/x/ansi. Everything the
// parser recognises is carried out here rather than by charmbracelet/x/vt: that
// emulator loses wide characters at the right edge and combining marks that come
// in a later write, cuts the prompt off when a window shrinks, copies every cell to
// scroll one line, and answers questions through a pipe that blocks its writer. A
// shim that corrected all of it would have left nothing of it but an array. It
// stays the yardstick where it is right: a test draws with both and compares.
//
// conformance_test.go holds what a real terminal shows, and what is not handled.
package screen

import "io"

// Screen is the terminal behind a pane. Its methods may be called from any
// goroutine; none of them waits for anybody but another caller.
type Screen interface {
	// Write draws what the shell sent. It takes everything and never fails; bytes
	// of an unfinished character or sequence wait for the next call.
	io.Writer
	// Resize changes the size in cells, at least 2 by 1, and wraps lines anew.
	Resize(width, height int)
	// Size is the size in cells.
	Size() (width, height int)
	// Cells are the rows of the screen, each as wide as the screen.
	Cells() [][]Cell
	// Cursor is where the shell's cursor stands.
	Cursor() Cursor
	// Scrollback is how many rows have left at the top and are still kept.
	Scrollback() int
	// Above is such a row: 0 is the oldest. It is nil where there is none.
	Above(i int) []Cell
	// Modes are what the shell has asked for that concerns keys.
	Modes() Modes
	// Replies takes the answers to questions that the shell has asked (where is
	// the cursor, what are you). They belong to the shell's input. They hold
	// numbers only, never a text that the shell could have chosen.
	Replies() []byte
	// Picture draws the screen for a pane.
	Picture(View) Picture
	// Version changes whenever Picture may have changed.
	Version() uint64
	// Suspect says that the output looks like code page 932 while it is read as UTF-8.
	Suspect() bool
	// Charset is how the output is read.
	Charset() Charset
	// SetCharset changes it, from the next write on.
	SetCharset(Charset)
}

// Cursor is the place of the shell's cursor, from the upper left corner.
type Cursor struct {
	X, Y    int
	Visible bool
}

// Modes are the shell's wishes about input.
type Modes struct {
	// CursorKeys: arrows are sent as ESC O A instead of ESC [ A (DECCKM).
	CursorKeys bool
	// Keypad: the keypad sends its own sequences (DECKPAM).
	Keypad bool
	// BracketedPaste: pasted text is to be marked as such (mode 2004).
	BracketedPaste bool
	// Newline: Enter is sent as CR LF (LNM).
	Newline bool
	// Mouse: the shell's program wants mouse events (1000 to 1003).
	Mouse bool
	// Full: a program has taken the whole screen (the alternate one); there is no
	// scrollback then.
	Full bool
}

// Options choose what a new screen is like.
type Options struct {
	// Width and Height are cells; at least 2 by 1, at most 1000 by 500.
	Width, Height int
	// Scrollback is how many rows are kept above the screen, 0 for 2000. The
	// recording holds everything, so this is for looking back, not for keeping.
	Scrollback int
	Charset    Charset
}

const (
	// defaultScrollback at 200 columns is 13 MB at the most.
	defaultScrollback = 2000
	// The limits keep the memory of one screen bounded, whoever asks for a size.
	maxWidth, maxHeight = 1000, 500
)

// New makes an empty screen.
func New(o Options) *Terminal {
	if o.Scrollback <= 0 {
		o.Scrollback = defaultScrollback
	}
	t := &Terminal{history: history{most: o.Scrollback}}
	t.width, t.height = clampSize(o.Width, o.Height)
	t.decode.charset = o.Charset
	t.listen()
	t.reset()
	return t
}

func clampSize(w, h int) (int, int) {
	// A wide character needs two columns.
	return max(2, min(w, maxWidth)), max(1, min(h, maxHeight))
}
