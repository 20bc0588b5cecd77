package page

import "github.com/monshin/monshin/tui/keys"

// Cursor is the place in a list, and what part of the list is seen.
type Cursor struct {
	At     int
	Offset int
	// Rows is how many rows were seen when the list was drawn last: a page.
	Rows int
}

// Act moves in a list of n rows. It reports whether the action was a movement.
func (c *Cursor) Act(a keys.Action, n int) bool {
	step := max(c.Rows-1, 1)
	switch a {
	case keys.Up:
		c.At--
	case keys.Down:
		c.At++
	case keys.PageUp:
		c.At -= step
	case keys.PageDown:
		c.At += step
	case keys.Top:
		c.At = 0
	case keys.Bottom:
		c.At = n - 1
	default:
		return false
	}
	c.Clamp(n)
	return true
}

// Clamp keeps the place inside a list of n rows.
func (c *Cursor) Clamp(n int) { c.At = max(0, min(c.At, n-1)) }

// Scroll moves through lines without a selection.
func (c *Cursor) Scroll(a keys.Action, n int) bool {
	step := max(c.Rows-1, 1)
	switch a {
	case keys.Up:
		c.Offset--
	case keys.Down:
		c.Offset++
	case keys.PageUp:
		c.Offset -= step
	case keys.PageDown:
		c.Offset += step
	case keys.Top:
		c.Offset = 0
	case keys.Bottom:
		c.Offset = n
	default:
		return false
	}
	c.Offset = max(0, min(c.Offset, n-c.Rows))
	return true
}
