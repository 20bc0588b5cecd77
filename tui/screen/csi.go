package screen

import "github.com/charmbracelet/x/ansi"

// csi carries out a control sequence. Counts are cut to what the screen can show,
// so that no sequence is more work than the screen is large.
func (t *Terminal) csi(cmd ansi.Cmd, ps ansi.Params) {
	if cmd.Final() != 'b' && cmd.Final() != 'm' {
		defer func() { t.last.ok = false }()
	}
	switch cmd.Intermediate() {
	case 0:
	case '$':
		if cmd.Final() == 'p' {
			n, _, _ := ps.Param(0, 0)
			if cmd.Prefix() == '?' {
				t.reply("?", []int{n, t.modeIs(true, n)}, "$y")
			} else if cmd.Prefix() == 0 {
				t.reply("", []int{n, t.modeIs(false, n)}, "$y")
			}
		}
		return
	case '!':
		if cmd.Final() == 'p' {
			t.softReset()
		}
		return
	default:
		return
	}
	switch cmd.Prefix() {
	case 0:
		t.sequence(cmd.Final(), ps)
	case '?':
		switch cmd.Final() {
		case 'h', 'l':
			for i := range ps {
				n, _, _ := ps.Param(i, 0)
				t.mode(true, n, cmd.Final() == 'h')
			}
		case 'J', 'K':
			t.sequence(cmd.Final(), ps) // selective erasing: nothing is protected
		case 'n':
			if n, _, _ := ps.Param(0, 0); n == 6 {
				t.reply("?", []int{t.row() + 1, t.cur.x + 1}, "R")
			}
		}
	case '>':
		if n, _, _ := ps.Param(0, 0); cmd.Final() == 'c' && n == 0 {
			t.reply(">", []int{1, 10, 0}, "c")
		}
	}
}

// softReset is DECSTR.
func (t *Terminal) softReset() {
	t.top, t.bottom = 0, t.height-1
	t.cur.origin, t.cur.pen, t.cur.sets, t.cur.shifted = false, Style{}, [2]bool{}, false
	t.hidden, t.inserting, t.noWrap = false, false, false
	t.modes.CursorKeys, t.modes.Keypad = false, false
	t.saved[t.which()] = cursor{}
}

func (t *Terminal) sequence(final byte, ps ansi.Params) {
	c := &t.cur
	n := t.count(ps, 0)
	switch final {
	case '@':
		c.pending = false
		t.g.insert(c.x, c.y, n, c.pen)
	case 'A', 'F', 'k':
		t.vertical(-n)
		if final == 'F' {
			c.x = 0
		}
	case 'B', 'E', 'e':
		t.vertical(n)
		if final == 'E' {
			c.x = 0
		}
	case 'C', 'a':
		c.x, c.pending = min(c.x+n, t.width-1), false
	case 'D', 'j':
		c.x, c.pending = max(c.x-n, 0), false
	case 'G', '`':
		c.x, c.pending = min(n, t.width)-1, false
	case 'H', 'f':
		t.to(t.count(ps, 1)-1, n-1)
	case 'd':
		t.to(c.x, n-1)
	case 'I':
		t.tab(n)
	case 'Z':
		t.tab(-n)
	case 'g':
		t.clearTabs(first(ps))
	case 'J':
		t.eraseDisplay(first(ps))
	case 'K':
		t.eraseLine(first(ps))
	case 'X':
		c.pending = false
		t.g.erase(c.y, c.x, c.x+n, c.pen)
	case 'P':
		c.pending = false
		t.g.remove(c.x, c.y, n, c.pen)
	case 'L', 'M':
		t.lines(final == 'L', n)
	case 'S':
		for range min(n, t.bottom-t.top+1) {
			t.scrollUp(t.top)
		}
	case 'T':
		if len(ps) > 1 {
			return // mouse tracking of old
		}
		for range min(n, t.bottom-t.top+1) {
			t.g.down(t.top, t.bottom, c.pen)
		}
	case 'b':
		t.repeat(n)
	case 'm':
		c.pen.read(ps)
	case 'r':
		t.margins(ps)
	case 's':
		t.save()
	case 'u':
		t.restore()
	case 'h', 'l':
		for i := range ps {
			m, _, _ := ps.Param(i, 0)
			t.mode(false, m, final == 'h')
		}
	case 'n', 'c', 't':
		t.answer(final, first(ps))
	}
}

// count is a parameter that says how often or where: at least 1, and no more than
// the screen has cells.
func (t *Terminal) count(ps ansi.Params, i int) int {
	n, _, _ := ps.Param(i, 1)
	return max(1, min(n, t.width*t.height))
}

func first(ps ansi.Params) int {
	n, _, _ := ps.Param(0, 0)
	return n
}

// answer replies to the questions that need one: status, place, kind, size. The
// title is not reported: a shell could have set it to a command.
func (t *Terminal) answer(final byte, n int) {
	switch {
	case final == 'n' && n == 5:
		t.reply("0", nil, "n")
	case final == 'n' && n == 6:
		t.reply("", []int{t.row() + 1, t.cur.x + 1}, "R")
	case final == 'c' && n == 0:
		t.reply("?", []int{62, 22}, "c") // a VT220 with colours
	case final == 't' && n == 18:
		t.reply("", []int{8, t.height, t.width}, "t")
	}
}

// row is the cursor's row as the shell counts it.
func (t *Terminal) row() int {
	if t.cur.origin {
		return t.cur.y - t.top
	}
	return t.cur.y
}

// to moves the cursor; rows count from the top margin in origin mode.
func (t *Terminal) to(x, y int) {
	low, high := 0, t.height-1
	if t.cur.origin {
		low, high = t.top, t.bottom
	}
	t.cur.x, t.cur.y, t.cur.pending = max(0, min(x, t.width-1)), max(low, min(y+low, high)), false
}

// vertical moves the cursor by rows; the margins stop it where it stands inside.
func (t *Terminal) vertical(n int) {
	low, high := 0, t.height-1
	if t.cur.y >= t.top {
		low = t.top
	}
	if t.cur.y <= t.bottom {
		high = t.bottom
	}
	if n < 0 {
		high = t.height - 1
	} else {
		low = 0
	}
	t.cur.y, t.cur.pending = max(low, min(t.cur.y+n, high)), false
}

func (t *Terminal) clearTabs(n int) {
	switch n {
	case 0:
		t.tabs[t.cur.x] = false
	case 3:
		clear(t.tabs)
	}
}

// lines inserts or deletes rows at the cursor, inside the margins.
func (t *Terminal) lines(insert bool, n int) {
	if t.cur.y < t.top || t.cur.y > t.bottom {
		return
	}
	for range min(n, t.bottom-t.cur.y+1) {
		if insert {
			t.g.down(t.cur.y, t.bottom, t.cur.pen)
		} else {
			t.g.up(t.cur.y, t.bottom, t.cur.pen, t.g.rows[t.cur.y].cells)
		}
	}
	t.cur.x, t.cur.pending = 0, false
}

// repeat prints the last character again (REP).
func (t *Terminal) repeat(n int) {
	if !t.last.ok {
		return
	}
	c := t.last.cell
	c.Style = t.cur.pen
	for range n {
		t.place(c)
	}
}

// margins sets the scrolling region (DECSTBM). A region larger than the screen is
// cut to it; one without two rows is not taken.
func (t *Terminal) margins(ps ansi.Params) {
	top, bottom := t.count(ps, 0), t.height
	if b, _, ok := ps.Param(1, 0); ok && b > 0 {
		bottom = min(b, t.height)
	}
	if top >= bottom {
		return
	}
	t.top, t.bottom = top-1, bottom-1
	t.to(0, 0)
}

// clear blanks rows.
func (t *Terminal) clear(from, to int) {
	for y := from; y < to; y++ {
		t.g.erase(y, 0, t.width, t.cur.pen)
	}
}

func (t *Terminal) eraseDisplay(n int) {
	c := &t.cur
	switch n {
	case 0:
		t.g.erase(c.y, c.x, t.width, c.pen)
		t.clear(c.y+1, t.height)
	case 1:
		t.clear(0, c.y)
		t.g.erase(c.y, 0, c.x+1, c.pen)
	case 2:
		t.keep()
		t.clear(0, t.height)
	case 3:
		if !t.modes.Full {
			t.history.clear()
		}
		return
	default:
		return
	}
	c.pending = false
}

// keep lets the rows that show something leave at the top before the screen is
// cleared, so that "cls" does not take an answer away.
func (t *Terminal) keep() {
	if t.modes.Full {
		return
	}
	last := t.height - 1
	for last >= 0 && t.g.rows[last].used() == 0 {
		last--
	}
	for y := range last + 1 {
		memory := t.history.push(t.g.rows[y])
		t.g.rows[y] = empty(t.width, memory, Style{})
	}
}

func (t *Terminal) eraseLine(n int) {
	c := &t.cur
	switch n {
	case 0:
		t.g.erase(c.y, c.x, t.width, c.pen)
	case 1:
		t.g.erase(c.y, 0, c.x+1, c.pen)
	case 2:
		t.g.erase(c.y, 0, t.width, c.pen)
	default:
		return
	}
	c.pending = false
}
