package shell

import (
	"io"
	"unicode/utf8"
)

// Filter passes output of Windows on to the operator's own terminal, without what
// must not reach it: commands to the terminal in strings (titles, the clipboard,
// hyperlinks, notifications, images: OSC, DCS, SOS, PM, APC), window operations, and
// the control characters of eight bits. Text, colours and the movements of the
// cursor pass. Sequences may be split over writes.
type Filter struct {
	Terminal io.Writer

	state  filterState
	seq    []byte // of the sequence that is not over
	c2     bool   // the byte before was 0xC2, which begins the C1 controls in UTF-8
	length int    // of the string that is passed over
	out    []byte
}

type filterState int

const (
	inText filterState = iota
	inEscape
	inCSI
	inString       // until BEL or ESC \
	inStringEscape // behind an ESC within it
)

const (
	// longestSequence is more than any terminal takes; what is longer is dropped.
	longestSequence = 256
	// longestString is how much a string without its end may swallow.
	longestString = 1 << 16
)

// Write filters p. It reports what the terminal reports, and always takes all of p.
func (f *Filter) Write(p []byte) (int, error) {
	f.out = f.out[:0]
	for _, b := range p {
		f.take(b)
	}
	if len(f.out) > 0 {
		if _, err := f.Terminal.Write(f.out); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

func (f *Filter) take(b byte) {
	if b == 0x18 || b == 0x1a { // CAN and SUB end any sequence
		f.state, f.seq = inText, f.seq[:0]
		return
	}
	switch f.state {
	case inText:
		f.text(b)
	case inEscape:
		f.escape(b)
	case inCSI:
		f.csi(b)
	case inString:
		switch f.length++; {
		case b == 0x07 || f.length > longestString:
			f.state = inText
		case b == 0x1b:
			f.state = inStringEscape
		}
	case inStringEscape:
		f.state = inString
		switch b {
		case '\\':
			f.state = inText
		case 0x1b:
			f.state = inStringEscape
		}
	}
}

func (f *Filter) text(b byte) {
	if f.c2 {
		f.c2 = false
		switch {
		case b >= 0x80 && b <= 0x9f:
			return // a C1 control: some terminals take it for the beginning of a sequence
		case b >= 0xa0 && b <= 0xbf:
			f.out = append(f.out, 0xc2)
		default: // the beginning of nothing, to which something later could be the end
			f.out = utf8.AppendRune(f.out, utf8.RuneError)
		}
	}
	switch {
	case b == 0x1b:
		f.state, f.seq = inEscape, append(f.seq[:0], b)
	case b == 0xc2:
		f.c2 = true
	case b < ' ' && b != '\n' && b != '\r' && b != '\t' && b != '\b' && b != 0x07 && b != 0x0b && b != 0x0c && b != 0x0e && b != 0x0f:
		// ENQ makes terminals answer, the others do nothing.
	default:
		f.out = append(f.out, b)
	}
}

func (f *Filter) escape(b byte) {
	switch {
	case b == '[':
		f.state, f.seq = inCSI, append(f.seq, b)
	case b == ']' || b == 'P' || b == 'X' || b == '^' || b == '_' || b == 'k':
		f.state, f.length = inString, 0
	case b == 0x1b:
		f.seq = append(f.seq[:0], b)
	case b >= ' ' && b <= '/' && len(f.seq) < longestSequence:
		f.seq = append(f.seq, b) // intermediate
	case b >= '0' && b <= '~' && b != 'Z': // ESC Z asks the terminal who it is
		f.out = append(append(f.out, f.seq...), b)
		f.state = inText
	default:
		f.state = inText
	}
}

func (f *Filter) csi(b byte) {
	switch {
	case b == 0x1b:
		f.state, f.seq = inEscape, append(f.seq[:0], b)
	case b < ' ': // a terminal acts on it and goes on with the sequence
		f.text(b)
	case len(f.seq) >= longestSequence || b >= 0x7f:
		f.state = inText
	case b >= '@':
		if b != 't' && b != 'i' { // window operations and reports, printing
			f.out = append(append(f.out, f.seq...), b)
		}
		f.state = inText
	default:
		f.seq = append(f.seq, b)
	}
}
