package screen

import (
	"strings"
	"unicode"

	"github.com/charmbracelet/x/ansi"
)

// printable is every character of ASCII as a string, to be cut from without memory.
const printable = " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~"

// drawing is what ` to ~ mean in the VT100's line-drawing set.
var drawing = strings.Split("◆ ▒ ␉ ␌ ␍ ␊ ° ± ␤ ␋ ┘ ┐ ┌ └ ┼ ⎺ ⎻ ─ ⎼ ⎽ ├ ┤ ┴ ┬ │ ≤ ≥ π ≠ £ ·", " ")

// maxMarks bounds what can be piled on one character.
const maxMarks = 4

func (t *Terminal) printASCII(p []byte) {
	set := t.cur.sets[0]
	if t.cur.shifted {
		set = t.cur.sets[1]
	}
	for _, b := range p {
		text := printable[b-' ' : b-' '+1]
		if set && b >= '`' {
			text = drawing[b-'`']
		}
		t.place(Cell{Text: text, Style: t.cur.pen, Width: 1})
	}
}

// glyph is a character as it is stored.
type glyph struct {
	text  string
	width uint8
}

// print draws a character beyond ASCII.
func (t *Terminal) print(r rune) {
	g, ok := t.glyphs[r]
	if !ok {
		if len(t.glyphs) >= 8192 {
			clear(t.glyphs)
		}
		g = glyph{string(r), uint8(width(r))}
		if r >= flagA && r <= flagZ {
			// Two of them would melt into one flag and shift the line.
			g.text = string('Ａ' + r - flagA)
		}
		t.glyphs[r] = g
	}
	switch {
	case g.width > 0:
		t.place(Cell{Text: g.text, Style: t.cur.pen, Width: g.width})
	case unicode.IsMark(r) && !unseen(r):
		t.mark(r)
	}
}

// The regional indicators, letters of which two make a flag.
const flagA, flagZ = 0x1f1e6, 0x1f1ff

// width is how many cells a shell counts for a character: as wcwidth has it, one
// character at a time, ambiguous ones narrow. Half-width sound marks (ﾞ ﾟ) take a
// cell of their own, as in the Windows console.
func width(r rune) int {
	switch {
	case r < 0xa0:
		return 0 // C1 controls that came as UTF-8 are not obeyed
	case r >= 0x3041 && r <= 0x30ff && r != 0x3099 && r != 0x309a, r >= 0x4e00 && r <= 0x9fff, r >= 0xff01 && r <= 0xff60:
		return 2
	case r >= 0xff61 && r <= 0xff9f:
		return 1
	case r >= flagA && r <= flagZ:
		return 2
	case unseen(r):
		return 0
	}
	return min(2, ansi.StringWidth(string(r)))
}

// unseen characters change how others are shown or hide between them: joiners,
// variation selectors, directions, tags. They are left out: in the operator's
// terminal they could turn the order of a line round or shift what follows.
func unseen(r rune) bool {
	return unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Variation_Selector, r) ||
		unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r) || r == '\u2028' || r == '\u2029'
}

// mark joins a combining mark to the character before it, also when that came in an
// earlier write.
func (t *Terminal) mark(r rune) {
	x, y := t.cur.x-1, t.cur.y
	if t.last.ok {
		x, y = t.last.x, t.last.y
	} else if t.cur.pending {
		x = t.cur.x
	}
	if x < 0 {
		return
	}
	c := t.g.rows[y].cells
	if c[x].Width == 0 {
		x--
	}
	if len([]rune(c[x].Text)) > maxMarks {
		return
	}
	c[x].Text += string(r)
	t.last.cell.Text = c[x].Text
}

// place puts a character where the cursor is, wrapping first where it has to.
func (t *Terminal) place(c Cell) {
	n := int(c.Width)
	if full := t.cur.x+n > t.width; t.cur.pending || full {
		switch {
		case !t.noWrap:
			r := &t.g.rows[t.cur.y]
			if full && !t.cur.pending {
				t.g.erase(t.cur.y, t.cur.x, t.width, Style{})
				r.padded = true
			}
			r.wrapped = true
			t.cur.x, t.cur.pending = 0, false
			t.index()
		default:
			t.cur.x = t.width - n
		}
	}
	if t.inserting {
		t.g.insert(t.cur.x, t.cur.y, n, t.cur.pen)
	}
	t.g.put(t.cur.x, t.cur.y, c)
	t.last.x, t.last.y, t.last.cell, t.last.ok = t.cur.x, t.cur.y, c, true
	t.cur.x += n
	if t.cur.x >= t.width {
		t.cur.x, t.cur.pending = t.width-1, !t.noWrap
	}
}

// index goes one row down; at the bottom margin the rows move up instead.
func (t *Terminal) index() {
	switch {
	case t.cur.y == t.bottom:
		t.scrollUp(t.top)
	case t.cur.y < t.height-1:
		t.cur.y++
	}
}

// scrollUp moves the rows from top to the bottom margin up. What leaves the main
// screen at its very top is kept.
func (t *Terminal) scrollUp(top int) {
	if top > 0 || t.modes.Full {
		t.g.up(top, t.bottom, t.cur.pen, t.g.rows[top].cells)
		return
	}
	// The new row is made in the memory of the oldest one kept.
	memory := t.history.push(t.g.rows[0])
	t.g.up(0, t.bottom, t.cur.pen, memory)
}
