package screen

// history is a ring of the rows that have left the screen at the top.
type history struct {
	rows  []row
	first int // the oldest, once the ring is full
	most  int
}

// push takes a row over, memory and all. The memory of the row that had to go for
// it is returned, so that a million lines need no more than the ring holds.
func (h *history) push(r row) []Cell {
	if len(h.rows) < h.most {
		h.rows = append(h.rows, r)
		return nil
	}
	old := h.rows[h.first].cells
	h.rows[h.first] = r
	h.first = (h.first + 1) % h.most
	return old
}

func (h *history) len() int { return len(h.rows) }

// at is a row, 0 the oldest.
func (h *history) at(i int) row { return h.rows[(h.first+i)%len(h.rows)] }

func (h *history) clear() { h.rows, h.first = nil, 0 }
