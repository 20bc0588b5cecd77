// Package field is a line of text that one types into. It is our own because the
// cursor has to stand in the right cell: an input method opens its window there,
// and bubbles' textinput counts characters, not cells.
package field

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/tui/cell"
	"github.com/monshin/monshin/tui/keys"
	"github.com/monshin/monshin/tui/theme"
)

// limit is how many characters a field takes: enough for a pasted error message
// with its stack of causes, too little to make searching slow.
const limit = 2000

// Field is a line of text with a cursor.
type Field struct {
	text []rune
	at   int
}

// Value is the text.
func (f *Field) Value() string { return string(f.text) }

// Set replaces the text and puts the cursor at its end.
func (f *Field) Set(s string) {
	f.text = nil
	f.at = 0
	f.Insert(s)
}

// Insert puts text at the cursor. Line feeds and tabs become spaces.
func (f *Field) Insert(s string) {
	s = strings.NewReplacer("\r\n", " ", "\n", " ", "\r", " ", "\t", " ").Replace(s)
	var in []rune
	for _, r := range s {
		if r >= ' ' && r != 0x7f && (r < 0x80 || r > 0x9f) {
			in = append(in, r)
		}
	}
	in = in[:min(len(in), limit-len(f.text))]
	f.text = slices.Insert(f.text, f.at, in...)
	f.at += len(in)
}

// Type handles a key press that the table has no action for. It reports whether
// the text changed.
func (f *Field) Type(k tea.KeyPressMsg) bool {
	if k.Text == "" || k.Mod&^(tea.ModShift|tea.ModCapsLock|tea.ModNumLock) != 0 {
		return false
	}
	before := len(f.text)
	f.Insert(k.Text)
	return len(f.text) != before
}

// Act does what the table says; changed tells whether the text did, handled
// whether the action was one of a field's.
func (f *Field) Act(a keys.Action) (changed, handled bool) {
	switch a {
	case keys.CursorLeft:
		f.at = max(f.at-1, 0)
	case keys.CursorNext:
		f.at = min(f.at+1, len(f.text))
	case keys.CursorHome:
		f.at = 0
	case keys.CursorEnd:
		f.at = len(f.text)
	case keys.DeleteBack:
		if f.at > 0 {
			f.text = slices.Delete(f.text, f.at-1, f.at)
			f.at--
			return true, true
		}
	case keys.DeleteNext:
		if f.at < len(f.text) {
			f.text = slices.Delete(f.text, f.at, f.at+1)
			return true, true
		}
	default:
		return false, false
	}
	return false, true
}

// Draw writes the field into what is left of a line and returns the column of the
// cursor. A text that is too long is moved so that the cursor stays in sight.
func (f *Field) Draw(l *cell.Line, s theme.Style) int {
	start := l.Used()
	room := l.Left() - 1 // one for the cursor behind the last character
	if room <= 0 {
		return start
	}
	from, w := f.at, 0
	for from > 0 && w+width(f.text[from-1]) <= room {
		from--
		w += width(f.text[from])
	}
	l.Within(s, string(f.text[from:f.at]), room)
	at := l.Used()
	// Cut rather than mark the end: the mark would look like typed dots.
	to, w := f.at, 0
	for to < len(f.text) && w+width(f.text[to]) <= l.Left() {
		w += width(f.text[to])
		to++
	}
	l.Add(s, string(f.text[f.at:to]))
	return at
}

func width(r rune) int {
	if r < 0x80 {
		return 1
	}
	return lang.Width(lang.Clean(string(r)))
}
