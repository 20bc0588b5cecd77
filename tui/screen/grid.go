package screen

import "slices"

// row is one line of cells, and how it goes on.
type row struct {
	cells []Cell
	// wrapped says that the text goes on in the next row because this one was full.
	wrapped bool
	// padded says that the last cell of a wrapped row is empty only because a wide
	// character had no room in it.
	padded bool
}

// grid is a rectangle of cells. Every wide character is followed by its right half
// (Width 0), and there is no such half anywhere else; every method keeps it so.
type grid struct {
	rows  []row
	width int
}

func blank(s Style) Cell { return Cell{Text: " ", Width: 1, Style: Style{Bg: s.Bg}} }

// empty makes a row of blanks, in the given memory where it is large enough.
func empty(width int, cells []Cell, s Style) row {
	cells = slices.Grow(cells[:0], width)[:width]
	b := blank(s)
	for i := range cells {
		cells[i] = b
	}
	return row{cells: cells}
}

func newGrid(width, height int) *grid {
	g := &grid{width: width, rows: make([]row, height)}
	for i := range g.rows {
		g.rows[i] = empty(width, nil, Style{})
	}
	return g
}

// split cuts between x-1 and x: a wide character that stands on both sides goes.
func (g *grid) split(x, y int) {
	if c := g.rows[y].cells; x > 0 && x < g.width && c[x].Width == 0 {
		c[x-1], c[x] = blank(c[x-1].Style), blank(c[x-1].Style)
	}
}

// put sets a character of one or two cells. It must fit.
func (g *grid) put(x, y int, c Cell) {
	n := int(c.Width)
	g.split(x, y)
	g.split(x+n, y)
	r := &g.rows[y]
	r.cells[x] = c
	if n == 2 {
		r.cells[x+1] = Cell{Style: c.Style}
	}
	if x+n >= g.width {
		r.wrapped, r.padded = false, false
	}
}

// erase blanks the cells from x0 up to x1, which is not included.
func (g *grid) erase(y, x0, x1 int, s Style) {
	x0, x1 = max(x0, 0), min(x1, g.width)
	if x0 >= x1 {
		return
	}
	g.split(x0, y)
	g.split(x1, y)
	r := &g.rows[y]
	b := blank(s)
	for x := x0; x < x1; x++ {
		r.cells[x] = b
	}
	if x1 == g.width {
		r.wrapped, r.padded = false, false
	}
}

// insert moves the cells from x on to the right by n; what leaves the row is lost.
func (g *grid) insert(x, y, n int, s Style) {
	n = min(n, g.width-x)
	g.split(x, y)
	g.split(g.width-n, y)
	r := &g.rows[y]
	copy(r.cells[x+n:], r.cells[x:g.width-n])
	r.wrapped, r.padded = false, false
	for i := x; i < x+n; i++ {
		r.cells[i] = blank(s)
	}
}

// remove takes n cells out at x; blanks come in at the right.
func (g *grid) remove(x, y, n int, s Style) {
	n = min(n, g.width-x)
	g.split(x, y)
	g.split(x+n, y)
	r := &g.rows[y]
	copy(r.cells[x:], r.cells[x+n:])
	r.wrapped, r.padded = false, false
	for i := g.width - n; i < g.width; i++ {
		r.cells[i] = blank(s)
	}
}

// up moves the rows from top to bottom (included) up by one; the blank row that
// comes in uses the memory given in place of the row that goes out, which is returned.
func (g *grid) up(top, bottom int, s Style, memory []Cell) row {
	out := g.rows[top]
	copy(g.rows[top:bottom+1], g.rows[top+1:bottom+1])
	g.rows[bottom] = empty(g.width, memory, s)
	return out
}

// down moves the rows from top to bottom down by one; the last is lost.
func (g *grid) down(top, bottom int, s Style) {
	out := g.rows[bottom]
	copy(g.rows[top+1:bottom+1], g.rows[top:bottom])
	g.rows[top] = empty(g.width, out.cells, s)
}

// used is the number of cells of a row up to the last that shows something.
func (r row) used() int {
	n := len(r.cells)
	for n > 0 && r.cells[n-1] == (Cell{Text: " ", Width: 1}) {
		n--
	}
	return n
}
