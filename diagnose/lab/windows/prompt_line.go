package windows

import (
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// cells is how many cells of a terminal a character takes: Japanese takes two, a
// mark that is put on another character none. What Unicode calls ambiguous takes one,
// as in Windows Terminal.
func cells(r rune) int {
	switch {
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		return 0
	case r == 0x3099 || r == 0x309a:
		return 0 // the combining sound marks
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}

// textCells is how many cells a text takes.
func textCells(s string) int {
	n := 0
	for _, r := range s {
		n += cells(r)
	}
	return n
}

// glyph is what one cursor step passes: a character and the marks on it.
type glyph struct {
	text  string
	cells int
}

// maxLine is how many characters a line holds, Windows's own limit for a command
// (https://learn.microsoft.com/troubleshoot/windows-client/shell-experience/command-line-string-limitation).
const maxLine = 8191

// maxHistory bounds what the arrows bring back.
const maxHistory = 500

const bell = "\a"

// lineEditor is the line that is being typed. Its methods return what the terminal
// has to be sent. It wraps by itself, so that a terminal that wraps wide characters in
// its own way shows the same.
type lineEditor struct {
	prompt     []glyph
	line       []glyph
	at         int // the cursor is before this glyph
	length     int // in characters
	cols, rows int
	// shown is the row of the cursor, counted from the first row that is drawn;
	// endRow and endCol are where the line ends, hidden says that not all of it fits.
	shown, endRow, endCol int
	hidden                bool
	history               []string
	recall                int // an index of history; len(history) is the line itself
	draft                 string
}

func glyphs(s string) []glyph {
	var out []glyph
	for _, r := range s {
		n := cells(r)
		if n == 0 && len(out) > 0 {
			out[len(out)-1].text += string(r)
			continue
		}
		out = append(out, glyph{string(r), n})
	}
	return out
}

// typable reports whether a character may stand in a line: what is printed, and the
// joiners that Japanese and emoji need. Others could turn the text around.
func typable(r rune) bool {
	return unicode.IsPrint(r) || unicode.In(r, unicode.Mn, unicode.Me, unicode.Zs, unicode.Co) || r == 0x200d
}

func (e *lineEditor) text() string {
	var b strings.Builder
	for _, g := range e.line {
		b.WriteString(g.text)
	}
	return b.String()
}

func (e *lineEditor) set(s string) {
	e.line, e.length = glyphs(s), len([]rune(s))
	e.at = len(e.line)
}

// begin shows a prompt at the left edge of a fresh row.
func (e *lineEditor) begin(prompt string) string {
	e.prompt = glyphs(prompt)
	e.set("")
	e.recall, e.draft, e.shown = len(e.history), "", 0
	return e.draw()
}

// row is one row of a terminal.
type row struct {
	text  strings.Builder
	cells int
}

// layout breaks prompt and line into rows and says where the cursor is.
func (e *lineEditor) layout() (rows []*row, cursorRow, cursorCol int) {
	rows = []*row{new(row)}
	last := func() *row { return rows[len(rows)-1] }
	put := func(g glyph) {
		if last().cells+g.cells > e.cols && last().cells > 0 {
			rows = append(rows, new(row))
		}
	}
	for _, g := range e.prompt {
		put(g)
		last().text.WriteString(g.text)
		last().cells += g.cells
	}
	for n, g := range e.line {
		put(g)
		if n == e.at {
			cursorRow, cursorCol = len(rows)-1, last().cells
		}
		last().text.WriteString(g.text)
		last().cells += g.cells
	}
	if last().cells >= e.cols {
		rows = append(rows, new(row))
	}
	if e.at == len(e.line) {
		cursorRow, cursorCol = len(rows)-1, last().cells
	}
	return rows, cursorRow, min(cursorCol, e.cols-1)
}

// draw shows the line anew: where it is, or as much of it around the cursor as the
// terminal has rows.
func (e *lineEditor) draw() string {
	rows, cursorRow, cursorCol := e.layout()
	top := max(0, cursorRow-(e.rows-1))
	bottom := min(len(rows), top+e.rows)
	var b strings.Builder
	up(&b, e.shown)
	b.WriteByte('\r')
	for n := top; n < bottom; n++ {
		if n > top {
			b.WriteString("\r\n")
		}
		b.WriteString(rows[n].text.String())
		// At the edge of a full row the terminal would erase its last character.
		if rows[n].cells < e.cols {
			b.WriteString("\x1b[K")
		}
	}
	if rows[bottom-1].cells < e.cols {
		b.WriteString("\x1b[J")
	}
	if cursorRow != bottom-1 || cursorCol != rows[bottom-1].cells {
		up(&b, bottom-1-cursorRow)
		b.WriteByte('\r')
		if cursorCol > 0 {
			b.WriteString("\x1b[" + strconv.Itoa(cursorCol) + "C")
		}
	}
	e.shown, e.hidden = cursorRow-top, bottom-top < len(rows)
	e.endRow, e.endCol = len(rows)-1, rows[len(rows)-1].cells
	return b.String()
}

func up(b *strings.Builder, n int) {
	if n > 0 {
		b.WriteString("\x1b[" + strconv.Itoa(n) + "A")
	}
}

// insert types a character.
func (e *lineEditor) insert(r rune) string {
	if !typable(r) || e.length >= maxLine {
		return bell
	}
	e.length++
	n := cells(r)
	if n == 0 && e.at > 0 {
		g := &e.line[e.at-1]
		g.text += string(r)
		if e.at == len(e.line) && e.endCol > 0 && !e.hidden {
			return string(r)
		}
		return e.draw()
	}
	g := glyph{string(r), n}
	end := e.at == len(e.line)
	e.line = append(e.line, glyph{})
	copy(e.line[e.at+1:], e.line[e.at:])
	e.line[e.at] = g
	e.at++
	// What is typed at the end only has to be shown, while there are rows for it.
	if !end || n == 0 || e.hidden || e.endRow+1 >= e.rows {
		return e.draw()
	}
	out := g.text
	if e.endCol+n > e.cols && e.endCol > 0 {
		out = "\x1b[K\r\n" + out
		e.endRow, e.endCol, e.shown = e.endRow+1, 0, e.shown+1
	}
	e.endCol += n
	if e.endCol >= e.cols {
		out += "\r\n"
		e.endRow, e.endCol, e.shown = e.endRow+1, 0, e.shown+1
	}
	return out
}

// remove takes away the glyph before n.
func (e *lineEditor) remove(n int) string {
	if n < 1 || n > len(e.line) {
		return bell
	}
	g := e.line[n-1]
	end := e.at == len(e.line) && n == e.at
	e.length -= len([]rune(g.text))
	e.line = append(e.line[:n-1], e.line[n:]...)
	if e.at >= n {
		e.at--
	}
	if end && g.cells > 0 && e.endCol >= g.cells && !e.hidden {
		before := e.endRow
		if rows, _, _ := e.layout(); len(rows)-1 == before {
			e.endCol -= g.cells
			return strings.Repeat("\b", g.cells) + "\x1b[K"
		}
	}
	return e.draw()
}

func (e *lineEditor) move(to int) string {
	if to < 0 || to > len(e.line) || to == e.at {
		return ""
	}
	e.at = to
	return e.draw()
}

// older and newer walk the history.
func (e *lineEditor) older(by int) string {
	to := e.recall - by
	if to < 0 || to > len(e.history) {
		return ""
	}
	if e.recall == len(e.history) {
		e.draft = e.text()
	}
	e.recall = to
	if to == len(e.history) {
		e.set(e.draft)
	} else {
		e.set(e.history[to])
	}
	return e.draw()
}

// finish leaves the line: the cursor goes to its end, and mark behind it.
func (e *lineEditor) finish(mark string) string {
	return e.move(len(e.line)) + mark + "\r\n"
}

// remember adds a line to the history, once where it is repeated.
func (e *lineEditor) remember(s string) {
	if strings.TrimSpace(s) == "" || len(e.history) > 0 && e.history[len(e.history)-1] == s {
		return
	}
	e.history = append(e.history, s)
	if len(e.history) > maxHistory {
		e.history = append([]string(nil), e.history[1:]...)
	}
}

// size takes the size of the terminal: at least two columns, for one wide character,
// and one row; at most what no screen has.
func (e *lineEditor) size(cols, rows int) (changed bool) {
	cols, rows = min(max(cols, 2), 2000), min(max(rows, 1), 2000)
	changed = cols != e.cols || rows != e.rows
	e.cols, e.rows = cols, rows
	return changed
}
