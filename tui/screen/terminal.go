package screen

import (
	"sync"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/ansi/parser"
)

// Terminal is the Screen. Use New.
type Terminal struct {
	writing sync.Mutex // one writer at a time; held over several turns of mu
	mu      sync.Mutex

	width, height int
	main, alt     *grid
	g             *grid // the one that is seen
	history       history

	cur         cursor
	saved       [2]cursor // of the main and of the alternate screen
	top, bottom int       // the margins, both included
	tabs        []bool
	modes       Modes
	hidden      bool
	noWrap      bool // DECAWM off
	inserting   bool // IRM

	// last is the character that was printed last, where nothing has happened since:
	// marks join it and REP repeats it.
	last struct {
		x, y int
		cell Cell
		ok   bool
	}
	glyphs  map[rune]glyph // so that every 漢 is measured and stored once
	parser  *ansi.Parser
	decode  decoder
	quiet   int // bytes since a control string began
	replies []byte
	version uint64
	faults  int
}

// cursor is what DECSC saves.
type cursor struct {
	x, y int
	// pending: the last column has been written; the next character wraps first.
	pending bool
	origin  bool // DECOM: rows count from the top margin
	pen     Style
	sets    [2]bool // G0 and G1 hold line drawing
	shifted bool    // G1 is in use
}

var _ Screen = (*Terminal)(nil)

// chunk is how much is drawn before others may look at the screen: less than a
// millisecond of work.
const chunk = 8 << 10

// maxString bounds a control string (a title, an image) that never ends: after it
// the stream counts as text again.
const maxString = 1 << 20

// Write implements Screen.
func (t *Terminal) Write(p []byte) (int, error) {
	t.writing.Lock()
	defer t.writing.Unlock()
	n := len(p)
	for f := newFlood(n); len(p) > 0; {
		p = p[t.turn(p, f):]
	}
	return n, nil
}

// turn draws a chunk, or passes over what nobody could see any more, and returns
// how many bytes are done.
func (t *Terminal) turn(p []byte, f *flood) (done int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	defer func() {
		if r := recover(); r != nil {
			// Better an empty screen than none: the recording has the text.
			t.faults++
			t.reset()
			done = min(len(p), chunk)
		}
	}()
	t.version++
	if n := t.skip(p, f); n > 0 {
		return n
	}
	n := min(len(p), chunk)
	t.feed(t.decode.decode(p[:n]))
	return n
}

// feed draws valid UTF-8. The parser gets ASCII only: what stands between a
// sequence's bytes does not matter here, and the parser would take the byte 0x9c
// inside a Japanese title for its end.
func (t *Terminal) feed(p []byte) {
	for len(p) > 0 {
		state := t.parser.State()
		switch {
		case p[0] >= utf8.RuneSelf:
			r, n := utf8.DecodeRune(p)
			p = p[n:]
			if state == parser.GroundState {
				t.print(r)
			} else if !inString(state) {
				// A character cuts a sequence off, as a terminal has it.
				t.parser.Advance(can)
				t.print(r)
			} else {
				t.within(n)
			}
		case state == parser.GroundState && p[0] >= ' ' && p[0] < 0x7f:
			n := 1
			for n < len(p) && p[n] >= ' ' && p[n] < 0x7f {
				n++
			}
			t.printASCII(p[:n])
			p = p[n:]
		default:
			t.parser.Advance(p[0])
			if inString(t.parser.State()) {
				t.within(1)
			} else {
				t.quiet = 0
			}
			p = p[1:]
		}
	}
}

const can = 0x18

// within counts what a control string has taken.
func (t *Terminal) within(n int) {
	if t.quiet += n; t.quiet > maxString {
		t.parser.Advance(can)
		t.quiet = 0
	}
}

// inString says whether a control string is under way (OSC, DCS, SOS, PM, APC).
func inString(s parser.State) bool {
	switch s {
	case parser.DcsStringState, parser.OscStringState, parser.SosStringState, parser.PmStringState, parser.ApcStringState:
		return true
	}
	return false
}

// listen wires the parser. Control strings have no handler: nothing in them is for
// this screen, and the operator's terminal must not get them.
func (t *Terminal) listen() {
	t.parser = ansi.NewParser()
	t.parser.SetDataSize(64) // what they hold is never looked at
	t.parser.SetHandler(ansi.Handler{
		Execute:   t.control,
		HandleCsi: t.csi,
		HandleEsc: t.escape,
	})
	t.glyphs = make(map[rune]glyph)
}

// reset is a terminal as it is switched on (RIS); what stood on the screen is lost,
// the rows above it are kept.
func (t *Terminal) reset() {
	t.main, t.alt = newGrid(t.width, t.height), nil
	t.g = t.main
	t.cur, t.saved = cursor{}, [2]cursor{}
	t.top, t.bottom = 0, t.height-1
	t.tabs = nil
	t.setTabs()
	t.modes, t.hidden, t.noWrap, t.inserting = Modes{}, false, false, false
	t.last.ok = false
	t.parser.Reset()
	t.quiet = 0
}

// setTabs gives every column that has none yet its default stop.
func (t *Terminal) setTabs() {
	for x := len(t.tabs); x < t.width; x++ {
		t.tabs = append(t.tabs, x%8 == 0)
	}
	t.tabs = t.tabs[:t.width]
}

// Size implements Screen.
func (t *Terminal) Size() (width, height int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.width, t.height
}

// Cells implements Screen.
func (t *Terminal) Cells() [][]Cell {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := make([][]Cell, t.height)
	for y, r := range t.g.rows {
		out[y] = append([]Cell(nil), r.cells...)
	}
	return out
}

// Cursor implements Screen.
func (t *Terminal) Cursor() Cursor {
	t.mu.Lock()
	defer t.mu.Unlock()
	return Cursor{X: t.cur.x, Y: t.cur.y, Visible: !t.hidden}
}

// Scrollback implements Screen.
func (t *Terminal) Scrollback() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.above()
}

// above is Scrollback: none while a program has the whole screen.
func (t *Terminal) above() int {
	if t.modes.Full {
		return 0
	}
	return t.history.len()
}

// Above implements Screen.
func (t *Terminal) Above(i int) []Cell {
	t.mu.Lock()
	defer t.mu.Unlock()
	if i < 0 || i >= t.above() {
		return nil
	}
	return append([]Cell(nil), t.history.at(i).cells...)
}

// Modes implements Screen.
func (t *Terminal) Modes() Modes {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.modes
}

// Replies implements Screen.
func (t *Terminal) Replies() []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.replies
	t.replies = nil
	return r
}

// Version implements Screen.
func (t *Terminal) Version() uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.version
}

// Suspect implements Screen.
func (t *Terminal) Suspect() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.decode.suspect()
}

// Charset implements Screen.
func (t *Terminal) Charset() Charset {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.decode.charset
}

// SetCharset implements Screen.
func (t *Terminal) SetCharset(c Charset) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if c != t.decode.charset {
		t.decode.set(c)
		t.version++
	}
}

// Faults counts how often drawing failed inside and the screen was cleared. It
// is 0 unless monshin has an error there.
func (t *Terminal) Faults() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.faults
}
