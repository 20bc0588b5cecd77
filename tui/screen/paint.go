package screen

import (
	"strings"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"

	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/tui/cell"
)

// View is the pane a screen is drawn for.
type View struct {
	// Width and Height are the room, in cells. It may differ from the screen's size
	// for a moment, while a resize is on its way.
	Width, Height int
	// Back is how many rows the operator looks back.
	Back int
	// Plain leaves the colours out.
	Plain bool
}

// Picture is a drawn screen.
type Picture struct {
	// Lines are exactly View.Height lines of exactly View.Width cells, for the panes
	// of package cell. They hold text and SGR sequences and no other control.
	Lines []string
	// Cursor is where the terminal's own cursor belongs, so that an input method
	// opens its window there; nil where it is hidden or out of sight.
	Cursor *Point
	// Back is View.Back, cut to what there is.
	Back int
	// Above is how many rows can still be seen by looking further back.
	Above int
}

// Point is a cell of the pane.
type Point struct{ X, Y int }

// Picture implements Screen.
func (t *Terminal) Picture(v View) Picture {
	t.mu.Lock()
	defer t.mu.Unlock()
	v.Width, v.Height = max(v.Width, 0), max(v.Height, 0)
	above := t.above()
	// A pane that is lower than the screen shows the part with the cursor.
	low := max(0, t.cur.y-v.Height+1)
	back := max(0, min(v.Back, above+low))
	first := above + low - back
	p := Picture{Lines: make([]string, 0, v.Height), Back: back, Above: first}
	for y := first; len(p.Lines) < v.Height; y++ {
		switch {
		case y < above:
			p.Lines = append(p.Lines, paint(t.history.at(y).cells, v.Width, v.Plain))
		case y < above+t.height:
			p.Lines = append(p.Lines, paint(t.g.rows[y-above].cells, v.Width, v.Plain))
		default:
			p.Lines = append(p.Lines, cell.Blank(v.Width))
		}
	}
	if y := above + t.cur.y - first; !t.hidden && y >= 0 && y < v.Height && t.cur.x < v.Width {
		p.Cursor = &Point{t.cur.x, y}
	}
	return p
}

// Text is what a row says, without its looks and the blanks at its end.
func Text(cells []Cell) string {
	var b strings.Builder
	for _, c := range cells {
		b.WriteString(c.Text)
	}
	return strings.TrimRight(b.String(), " ")
}

// paint draws a row exactly width cells wide.
func paint(cells []Cell, width int, plain bool) string {
	if width <= 0 {
		return ""
	}
	line, odd := join(cells, width, plain, false)
	if odd && ansi.StringWidth(line) != width {
		// Something melts with its neighbour that no rule here knows.
		line, _ = join(cells, width, plain, true)
	}
	return line
}

// join writes the cells of a row one after the other. odd says that some are no
// everyday characters; strict replaces all of those.
func join(cells []Cell, width int, plain, strict bool) (line string, odd bool) {
	var b strings.Builder
	b.Grow(width + 32)
	var style Style
	// The text of the cell before. What stands left and right of the row is not known
	// here, so it is taken for a letter.
	before := "x"
	used := 0
	for x := 0; x < len(cells) && used < width; x++ {
		c := cells[x]
		if c.Width == 0 {
			continue
		}
		text, w := c.Text, int(c.Width)
		if kana, ok := voiced(cells, x); ok && used+2 <= width {
			text, w = kana, 2
			x++
		} else if used+w > width {
			break
		} else if !everyday(text) {
			odd = true
			if strict || !separate(before, text, w) {
				text = substitute(text, w)
			}
		}
		s := c.Style
		if plain {
			s = s.Plain()
		}
		if s != style {
			if style != (Style{}) {
				b.WriteString("\x1b[m")
			}
			b.WriteString(s.SGR())
			style = s
		}
		b.WriteString(text)
		before = text
		used += w
	}
	if style != (Style{}) {
		b.WriteString("\x1b[m")
	}
	b.WriteString(cell.Blank(width - used))
	return b.String(), odd
}

// separate says whether a text takes its w cells between its neighbours.
func separate(before, text string, w int) bool {
	return ansi.StringWidth(text) == w && ansi.StringWidth(before+text) == ansi.StringWidth(before)+w &&
		ansi.StringWidth(text+"x") == w+1
}

// voiced finds a half-width kana with its sound mark (ｶﾞ). They are two cells here
// and in the Windows console, but one character, of one or two cells, to terminals
// and libraries that measure what a reader sees as one. The full-width letter (ガ)
// takes two cells everywhere.
func voiced(cells []Cell, x int) (string, bool) {
	if x+1 >= len(cells) || cells[x+1].Text != "ﾞ" && cells[x+1].Text != "ﾟ" {
		return "", false
	}
	kana := lang.Truncate(cells[x].Text+cells[x+1].Text, 2)
	return kana, utf8.RuneCountInString(kana) == 1 && ansi.StringWidth(kana) == 2
}

// everyday characters never melt with what stands before them.
func everyday(text string) bool {
	if len(text) == 1 {
		return true
	}
	r, n := utf8.DecodeRuneInString(text)
	if n != len(text) {
		return false
	}
	return r >= 0x3041 && r <= 0x30ff || r >= 0x4e00 && r <= 0x9fff || r >= 0xff01 && r <= 0xff9d ||
		r >= 0x3000 && r <= 0x3020 || r >= 0x2500 && r <= 0x25ff && r != 0x25aa && r != 0x25ab || r >= 0xa1 && r <= 0x17f && r != 0xad && r != 0xa9 && r != 0xae
}

// substitute is what stands for a character that cannot be shown in its cells.
func substitute(text string, width int) string {
	switch {
	case text == "ﾞ":
		return "\""
	case text == "ﾟ":
		return "°"
	case width == 2:
		return "〓" // what Japanese print sets for a missing character
	}
	return "?"
}
