package screen

import (
	"bytes"

	"github.com/charmbracelet/x/ansi/parser"
)

// floodFrom is how much has to come at once before it is worth looking for what can
// be passed over.
const floodFrom = 64 << 10

// flood follows a write so large that much of it will have left the rows that are
// kept before its end is drawn. To pass over that part shows the same in the end,
// only sooner.
type flood struct {
	// end and rest are counted from the end of the write. Up to end there is only
	// text, line ends and colours; what comes before rest will be gone by end.
	end, rest int
	known     bool
}

func newFlood(size int) *flood {
	if size < floodFrom {
		return nil
	}
	return &flood{}
}

// search looks at what is left of the write. rows is how many line ends make
// everything before them disappear.
func (f *flood) search(p []byte, rows int) {
	n := 0
	for n < len(p) {
		if b := p[n]; b >= ' ' || b == '\n' || b == '\r' || b == '\t' || b == '\b' {
			n++
		} else if m := colourSequence(p[n:]); m > 0 {
			n += m
		} else {
			break
		}
	}
	f.known, f.end, f.rest = true, len(p)-n, len(p)
	at := n
	for range rows + 1 {
		if at = bytes.LastIndexByte(p[:at], '\n'); at < 0 {
			return
		}
	}
	// The rest begins in the first column, so that no half line stays.
	for at == 0 || p[at-1] != '\r' {
		if at = bytes.LastIndexByte(p[:at], '\n'); at < 0 {
			return
		}
	}
	f.rest = len(p) - at - 1
}

// colourSequence is the length of the SGR sequence that begins here, 0 where none
// does; 64 bytes hold any real one.
func colourSequence(p []byte) int {
	if len(p) < 3 || p[0] != 0x1b || p[1] != '[' {
		return 0
	}
	for i, b := range p[2:min(len(p), 64)] {
		switch {
		case b == 'm':
			return i + 3
		case b >= '0' && b <= '9' || b == ';' || b == ':':
		default:
			return 0
		}
	}
	return 0
}

// skip passes over what of a flood will not be seen, of which p is what is left. It
// returns how many bytes are done: 0 where they have to be drawn.
func (t *Terminal) skip(p []byte, f *flood) int {
	if f == nil || t.modes.Full || t.top != 0 || t.bottom != t.height-1 || t.inserting ||
		t.parser.State() != parser.GroundState || len(t.decode.held) > 0 {
		return 0
	}
	if !f.known || len(p) <= f.end {
		// One screen of rows brings the cursor to the bottom, wherever it stands,
		// and one more takes what it wrote over with it.
		f.search(p, t.history.most+2*t.height)
	}
	n := len(p) - f.rest
	if n <= 0 {
		return 0
	}
	// The colours that were chosen on the way stay chosen.
	for q := p[:n]; ; {
		i := bytes.IndexByte(q, 0x1b)
		if i < 0 {
			break
		}
		m := colourSequence(q[i:])
		for _, b := range q[i : i+m] {
			t.parser.Advance(b)
		}
		q = q[i+m:]
	}
	t.last.ok = false
	// What follows begins in the first column, and whole screens of it follow.
	t.cur.x, t.cur.y, t.cur.pending = 0, t.height-1, false
	return n
}
