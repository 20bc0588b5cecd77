package screen

import (
	"strconv"

	"github.com/charmbracelet/x/ansi"
)

// control carries out a C0 control. The bell and what is not named here do nothing.
func (t *Terminal) control(b byte) {
	t.last.ok = false
	c := &t.cur
	switch b {
	case '\b':
		c.x, c.pending = max(c.x-1, 0), false
	case '\t':
		t.tab(1)
	case '\n', '\v', '\f':
		c.pending = false
		if t.modes.Newline {
			c.x = 0
		}
		t.index()
	case '\r':
		c.x, c.pending = 0, false
	case 0x0e:
		c.shifted = true
	case 0x0f:
		c.shifted = false
	}
}

// tab goes on to the nth tab stop, or back where n is negative.
func (t *Terminal) tab(n int) {
	step := 1
	if n < 0 {
		step, n = -1, -n
	}
	for x := t.cur.x + step; n > 0 && x >= 0 && x < t.width; x += step {
		t.cur.x = x
		if t.tabs[x] {
			n--
		}
	}
}

// escape carries out an escape sequence.
func (t *Terminal) escape(cmd ansi.Cmd) {
	t.last.ok = false
	c := &t.cur
	switch i := cmd.Intermediate(); i {
	case '(', ')':
		// Line drawing or not: other national sets are ASCII here.
		c.sets[i-'('] = cmd.Final() == '0'
		return
	case '#':
		if cmd.Final() == '8' {
			t.fillE()
		}
		return
	case 0:
	default:
		return
	}
	switch cmd.Final() {
	case '7':
		t.save()
	case '8':
		t.restore()
	case 'D':
		c.pending = false
		t.index()
	case 'E':
		c.x, c.pending = 0, false
		t.index()
	case 'M':
		c.pending = false
		if c.y == t.top {
			t.g.down(t.top, t.bottom, c.pen)
		} else {
			c.y = max(c.y-1, 0)
		}
	case 'H':
		t.tabs[c.x] = true
	case '=':
		t.modes.Keypad = true
	case '>':
		t.modes.Keypad = false
	case 'c':
		t.reset()
	}
}

// fillE is the VT100's alignment pattern (DECALN).
func (t *Terminal) fillE() {
	t.top, t.bottom = 0, t.height-1
	t.cur.x, t.cur.y, t.cur.pending = 0, 0, false
	for y := range t.height {
		for x := range t.width {
			t.g.put(x, y, Cell{Text: "E", Width: 1})
		}
	}
}

func (t *Terminal) save() { t.saved[t.which()] = t.cur }

// restore also finds its place on a screen that has become smaller since.
func (t *Terminal) restore() {
	t.cur = t.saved[t.which()]
	t.clamp()
}

func (t *Terminal) which() int {
	if t.modes.Full {
		return 1
	}
	return 0
}

func (t *Terminal) clamp() {
	t.cur.x, t.cur.y = max(0, min(t.cur.x, t.width-1)), max(0, min(t.cur.y, t.height-1))
	t.cur.pending = t.cur.pending && t.cur.x == t.width-1
}

// whole switches to the alternate screen and back.
func (t *Terminal) whole(on bool) {
	if on == t.modes.Full {
		return
	}
	t.modes.Full = on
	if !on {
		t.g = t.main
		return
	}
	if t.alt == nil || t.alt.width != t.width || len(t.alt.rows) != t.height {
		t.alt = newGrid(t.width, t.height)
	}
	t.g = t.alt
}

// mode sets or resets a mode.
func (t *Terminal) mode(dec bool, n int, on bool) {
	if !dec {
		switch n {
		case 4:
			t.inserting = on
		case 20:
			t.modes.Newline = on
		}
		return
	}
	switch n {
	case 1:
		t.modes.CursorKeys = on
	case 6:
		t.cur.origin = on
		t.to(0, 0)
	case 7:
		t.noWrap = !on
		t.cur.pending = t.cur.pending && on
	case 25:
		t.hidden = !on
	case 47, 1047:
		if !on && t.modes.Full && n == 1047 {
			t.clear(0, t.height)
		}
		t.whole(on)
	case 66:
		t.modes.Keypad = on
	case 1048:
		t.saveOr(on)
	case 1049:
		if on == t.modes.Full {
			return
		}
		if on {
			t.save()
			t.whole(true)
			t.clear(0, t.height)
		} else {
			t.whole(false)
			t.restore()
		}
	case 1000, 1001, 1002, 1003:
		t.modes.Mouse = on
	case 2004:
		t.modes.BracketedPaste = on
	}
}

func (t *Terminal) saveOr(save bool) {
	if save {
		t.save()
	} else {
		t.restore()
	}
}

// modeIs answers DECRQM: 1 set, 2 reset, 0 not known.
func (t *Terminal) modeIs(dec bool, n int) int {
	var on bool
	switch {
	case !dec && n == 4:
		on = t.inserting
	case !dec && n == 20:
		on = t.modes.Newline
	case !dec:
		return 0
	default:
		switch n {
		case 1:
			on = t.modes.CursorKeys
		case 6:
			on = t.cur.origin
		case 7:
			on = !t.noWrap
		case 25:
			on = !t.hidden
		case 47, 1047, 1049:
			on = t.modes.Full
		case 66:
			on = t.modes.Keypad
		case 2004:
			on = t.modes.BracketedPaste
		default:
			return 0
		}
	}
	if on {
		return 1
	}
	return 2
}

// maxReplies bounds what a shell that only asks can pile up before somebody sends it.
const maxReplies = 4 << 10

// reply answers a question with a sequence of numbers.
func (t *Terminal) reply(start string, numbers []int, end string) {
	b := "\x1b[" + start
	for i, n := range numbers {
		if i > 0 {
			b += ";"
		}
		b += strconv.Itoa(n)
	}
	if b += end; len(t.replies)+len(b) <= maxReplies {
		t.replies = append(t.replies, b...)
	}
}
