package cell

import (
	"github.com/monshin/monshin/tui/theme"
)

// Memo keeps the lines of one pane for as long as nothing they show has changed.
type Memo[K comparable] struct {
	key   K
	lines []string
	full  bool
}

// Get returns the lines for key, building them where they are not at hand.
func (m *Memo[K]) Get(key K, build func() []string) []string {
	if !m.full || m.key != key {
		m.key, m.lines, m.full = key, build(), true
	}
	return m.lines
}

// Window cuts height lines out of lines, from the offset that keeps the lines from
// first to last (the selection) in sight, and fills up with blank lines of width
// cells. It returns the new offset.
func Window(lines []string, width, height, offset, first, last int) ([]string, int) {
	height = max(height, 0)
	offset = Scroll(len(lines), height, offset, first, last)
	out := make([]string, 0, height)
	for i := offset; i < len(lines) && len(out) < height; i++ {
		out = append(out, lines[i])
	}
	return Fill(out, width, height), offset
}

// Scroll is the offset nearest to offset at which the lines first to last are
// seen, of n lines in a window of height.
func Scroll(n, height, offset, first, last int) int {
	if last >= offset+height {
		offset = last - height + 1
	}
	if first < offset {
		offset = first
	}
	return max(0, min(offset, n-height))
}

// Fill makes exactly height lines of it.
func Fill(lines []string, width, height int) []string {
	if len(lines) > height {
		return lines[:max(height, 0)]
	}
	for len(lines) < height {
		lines = append(lines, Blank(width))
	}
	return lines
}

// Box draws a border with a title around content of exactly width-2 by height-2
// cells. The corner says whether more is above or below.
func Box(t *theme.Theme, title string, focused bool, width, height int, content []string, above, below bool) []string {
	if width < 4 || height < 2 {
		return Fill(nil, width, height)
	}
	edge, name, open, end := t.Border, t.Dim, " ", " "
	if focused {
		// Brackets say which pane has the keys where there is no colour.
		edge, name, open, end = t.Focus, t.Title, "[", "]"
	}
	b := t.Box
	top := NewLine(width).Repeat(edge, b.TopLeft, 1).Repeat(edge, b.Across, 1)
	top.Within(name, open+title+end, width-3)
	rule(top, edge, b.Across, b.TopRight, above, "^")
	out := make([]string, 0, height)
	out = append(out, top.String())
	side := edge.Apply(b.Down)
	for _, c := range Fill(content, width-2, height-2) {
		out = append(out, side+c+side)
	}
	bottom := NewLine(width).Repeat(edge, b.BottomLeft, 1)
	rule(bottom, edge, b.Across, b.BottomRight, below, "v")
	return append(out, bottom.String())
}

// rule ends a horizontal border; mark says that there is more beyond it.
func rule(l *Line, edge theme.Style, across, corner string, more bool, mark string) {
	if more && l.Left() > 5 {
		l.Repeat(edge, across, l.Left()-5).Add(edge, " "+mark+" ")
	}
	l.Repeat(edge, across, l.Left()-1).Repeat(edge, corner, 1)
}

// Beside puts panes of equal height next to each other.
func Beside(panes ...[]string) []string {
	if len(panes) == 1 {
		return panes[0]
	}
	out := make([]string, len(panes[0]))
	for i := range out {
		s := ""
		for _, p := range panes {
			if i < len(p) {
				s += p[i]
			}
		}
		out[i] = s
	}
	return out
}

// Lines are the lines built last.
func (m *Memo[K]) Lines() []string { return m.lines }
