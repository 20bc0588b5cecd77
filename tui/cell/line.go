// Package cell builds what a terminal shows: lines of an exact width in cells,
// from text that has been made harmless. Nothing else in the interface counts
// columns.
package cell

import (
	"strings"

	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/tui/theme"
)

// Line is one line under construction. What does not fit is cut; String fills up
// the rest, so that every line is exactly as wide as its pane.
type Line struct {
	b     strings.Builder
	width int
	used  int
	back  theme.Style // laid under everything: the selection
}

// NewLine starts a line of width cells.
func NewLine(width int) *Line { return &Line{width: max(width, 0)} }

// On starts a line of width cells on a background.
func On(width int, back theme.Style) *Line { return &Line{width: max(width, 0), back: back} }

// Left is how many cells are still free.
func (l *Line) Left() int { return l.width - l.used }

// Used is how many cells are taken: where the next text will stand.
func (l *Line) Used() int { return l.used }

// Add writes text, made harmless and cut to the room there is.
func (l *Line) Add(s theme.Style, text string) *Line {
	return l.Within(s, text, l.Left())
}

// Within writes text cut to at most width cells.
func (l *Line) Within(s theme.Style, text string, width int) *Line {
	width = min(width, l.Left())
	if width <= 0 || text == "" {
		return l
	}
	text, n := cut(text, width)
	l.b.WriteString(s.Over(l.back).Apply(text))
	l.used += n
	return l
}

// Column writes text and fills it up to exactly width cells.
func (l *Line) Column(s theme.Style, text string, width int) *Line {
	width = min(width, l.Left())
	if width <= 0 {
		return l
	}
	before := l.used
	l.Within(s, text, width)
	return l.Space(before + width - l.used)
}

// Right writes text at the right end, if there is room for it and a space.
func (l *Line) Right(s theme.Style, text string) *Line {
	n := Width(text)
	if n >= l.Left() {
		return l
	}
	return l.Space(l.Left()-n).Add(s, text)
}

// Space writes n blanks.
func (l *Line) Space(n int) *Line {
	n = min(n, l.Left())
	if n > 0 {
		l.b.WriteString(l.back.Apply(Blank(n)))
		l.used += n
	}
	return l
}

// Repeat writes a character that is one cell wide n times.
func (l *Line) Repeat(s theme.Style, char string, n int) *Line {
	n = min(n, l.Left())
	if n > 0 {
		l.b.WriteString(s.Over(l.back).Apply(strings.Repeat(char, n)))
		l.used += n
	}
	return l
}

// String fills the line up and returns it.
func (l *Line) String() string {
	l.Space(l.Left())
	return l.b.String()
}

// Clean makes untrusted text fit for one line.
func Clean(s string) string { return lang.Clean(s) }

// Width is how many cells a text takes as Line would write it.
func Width(s string) int {
	if ascii(s) {
		return len(s)
	}
	return lang.Width(lang.Clean(s))
}

// Wrap breaks untrusted text into lines of at most width cells. Line feeds stay.
func Wrap(s string, width int) []string { return lang.Wrap(lang.CleanLines(s), max(width, 2)) }

// Blank is n spaces.
func Blank(n int) string {
	if n <= 0 {
		return ""
	}
	if n <= len(blanks) {
		return blanks[:n]
	}
	return strings.Repeat(" ", n)
}

const blanks = "                                                                                                                                "

func cut(s string, width int) (string, int) {
	if ascii(s) && len(s) <= width {
		return s, len(s)
	}
	s = lang.Truncate(lang.Clean(s), width)
	return s, lang.Width(s)
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}
