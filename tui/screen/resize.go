package screen

// Resize implements Screen. The rows of the main screen and those kept above it are
// wrapped anew, as Windows Terminal does; the row with the cursor stays in sight, and
// what has no room any more leaves at the top. Rows that come in come in at the
// bottom, where the console of Windows, which draws the prompt, has them too. The
// alternate screen is cut or filled up: its program draws it anew.
func (t *Terminal) Resize(width, height int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	width, height = clampSize(width, height)
	if width == t.width && height == t.height {
		return // a real terminal keeps its margins and tab stops then
	}
	t.version++
	t.last.ok = false
	at := place{t.cur.x, t.cur.y}
	if t.cur.pending {
		at.x++
	}
	if t.modes.Full {
		// The cursor of the main screen is the one to come back to.
		at = place{t.saved[0].x, t.saved[0].y}
	}
	at = t.refit(at, width, height)
	if t.alt != nil {
		t.alt.cut(width, height)
	}
	t.width, t.height = width, height
	t.top, t.bottom = 0, height-1
	t.setTabs()
	if t.modes.Full {
		t.saved[0].x, t.saved[0].y, t.saved[0].pending = min(at.x, width-1), at.y, false
	} else {
		t.cur.x, t.cur.y = min(at.x, width-1), at.y
		t.cur.pending = at.x >= width && !t.noWrap
	}
	t.clamp()
}

// place is a cell of some rows; x may be one beyond the last column.
type place struct{ x, y int }

// refit wraps the main screen and its history for another size and returns where
// the cursor is then.
func (t *Terminal) refit(cur place, width, height int) place {
	above := t.history.len()
	rows := make([]row, 0, above+t.height)
	for i := range above {
		rows = append(rows, t.history.at(i))
	}
	rows = append(rows, t.main.rows...)
	cur.y += above
	// What is empty below the text and the cursor needs no room.
	for len(rows) > cur.y+1 && len(rows) > above && rows[len(rows)-1].used() == 0 {
		rows = rows[:len(rows)-1]
	}
	home := place{0, above}
	rows = rewrap(rows, width, &cur, &home)
	top := home.y
	if n := len(rows) - top - height; n > 0 {
		top += min(n, cur.y-top)
	}
	t.history.clear()
	for _, r := range rows[max(0, top-t.history.most):top] {
		t.history.push(r)
	}
	g := newGrid(width, height)
	copy(g.rows, rows[top:min(len(rows), top+height)])
	if t.g == t.main {
		t.g = g
	}
	t.main = g
	return place{cur.x, cur.y - top}
}

// rewrap lays lines out in rows of another width and moves the marks along.
func rewrap(rows []row, width int, marks ...*place) []row {
	out := make([]row, 0, len(rows))
	cells := make([]Cell, 0, width)
	flush := func(wrapped bool) {
		padded := wrapped && len(cells) < width
		for len(cells) < width {
			cells = append(cells, blank(Style{}))
		}
		out = append(out, row{cells, wrapped, padded})
		cells = make([]Cell, 0, width)
	}
	moved := make([]bool, len(marks))
	move := func(x, y, beyond int) {
		for i, m := range marks {
			if !moved[i] && m.y == y && m.x == x {
				*m, moved[i] = place{min(len(cells)+beyond, width), len(out)}, true
			}
		}
	}
	for y, r := range rows {
		end := r.used()
		if r.wrapped {
			end = len(r.cells)
			if r.padded {
				end--
			}
		}
		for i, m := range marks {
			// Columns before a mark count, empty or not.
			if !moved[i] && m.y == y && !r.wrapped {
				end = max(end, min(m.x, len(r.cells)))
			}
		}
		for x := 0; x < end; x++ {
			c := r.cells[x]
			if c.Width == 0 {
				move(x, y, -1)
				continue
			}
			if len(cells)+int(c.Width) > width {
				flush(true)
			}
			move(x, y, 0)
			cells = append(cells, c)
			if c.Width == 2 {
				cells = append(cells, Cell{Style: c.Style})
			}
		}
		for x := end; x <= len(r.cells); x++ {
			move(x, y, 0)
		}
		if !r.wrapped || y == len(rows)-1 {
			flush(false)
		}
	}
	return out
}

// cut makes a grid larger or smaller where it stands.
func (g *grid) cut(width, height int) {
	n := newGrid(width, height)
	for y := range min(height, len(g.rows)) {
		if width < g.width {
			g.split(width, y)
		}
		copy(n.rows[y].cells, g.rows[y].cells)
	}
	*g = *n
}
