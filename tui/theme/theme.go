// Package theme holds the colours and the borders. A state is never told by
// colour alone, so a theme without any says the same.
package theme

import "strconv"

// Style is how a piece of text looks, as a terminal's SGR parameters.
type Style struct{ sgr string }

// Apply gives text the style.
func (s Style) Apply(text string) string {
	if s.sgr == "" || text == "" {
		return text
	}
	return "\x1b[" + s.sgr + "m" + text + "\x1b[m"
}

// Over is s on top of the style under it.
func (s Style) Over(under Style) Style {
	switch {
	case under.sgr == "":
		return s
	case s.sgr == "":
		return under
	}
	return Style{s.sgr + ";" + under.sgr}
}

// Box is a set of border characters.
type Box struct {
	TopLeft, TopRight, BottomLeft, BottomRight, Across, Down string
}

// Theme is everything that looks.
type Theme struct {
	// ID tells themes apart in caches.
	ID string

	Plain, Strong, Dim, Title, Border, Focus, Selected Style
	OK, Problem, Unknown, Running, Skipped, Badge, Key Style

	Box Box
}

// Options choose a theme.
type Options struct {
	Dark bool
	// NoColor leaves only bold, underline and reverse.
	NoColor bool
	// ASCII draws borders of characters that are one cell wide everywhere.
	ASCII bool
}

// colour is an sRGB colour.
type colour struct{ r, g, b uint8 }

// palette holds the foreground colours of a theme. Each has a contrast of at least
// 4.5:1 (WCAG 2.1, 1.4.3) against the background it is made for; a test measures it.
type palette struct {
	dim, title, border, focus, ok, problem, unknown, running, skipped, key colour
	selected                                                               colour // a background
	badgeText, badge                                                       colour
}

func light() palette {
	return palette{
		dim: colour{96, 96, 104}, title: colour{20, 72, 150}, border: colour{110, 110, 118}, focus: colour{20, 72, 150},
		ok: colour{16, 110, 50}, problem: colour{178, 24, 36}, unknown: colour{134, 84, 0}, running: colour{20, 72, 150},
		skipped: colour{96, 96, 104}, key: colour{110, 40, 140}, selected: colour{214, 228, 248},
		badgeText: colour{255, 255, 255}, badge: colour{140, 60, 0},
	}
}

func dark() palette {
	return palette{
		dim: colour{160, 160, 170}, title: colour{130, 180, 255}, border: colour{130, 130, 142}, focus: colour{130, 180, 255},
		ok: colour{120, 210, 140}, problem: colour{255, 130, 130}, unknown: colour{240, 195, 90}, running: colour{130, 180, 255},
		skipped: colour{160, 160, 170}, key: colour{215, 160, 245}, selected: colour{40, 56, 84},
		badgeText: colour{20, 20, 20}, badge: colour{245, 170, 70},
	}
}

// New makes a theme.
func New(o Options) *Theme {
	t := &Theme{ID: "dark", Box: Box{"┌", "┐", "└", "┘", "─", "│"}}
	if !o.Dark {
		t.ID = "light"
	}
	if o.ASCII {
		t.ID += "-ascii"
		t.Box = Box{"+", "+", "+", "+", "-", "|"}
	}
	t.Strong = Style{"1"}
	if o.NoColor {
		t.ID += "-plain"
		t.Title, t.Focus, t.Key = Style{"1"}, Style{"1"}, Style{"1"}
		t.Problem, t.Badge, t.Selected = Style{"1"}, Style{"1;7"}, Style{"7"}
		return t
	}
	p := dark()
	if !o.Dark {
		p = light()
	}
	t.Dim, t.Border, t.Skipped = ink(p.dim), ink(p.border), ink(p.skipped)
	t.Title, t.Focus = Style{"1;" + ink(p.title).sgr}, Style{"1;" + ink(p.focus).sgr}
	t.OK, t.Unknown, t.Running, t.Key = ink(p.ok), ink(p.unknown), ink(p.running), ink(p.key)
	t.Problem = Style{"1;" + ink(p.problem).sgr}
	t.Selected = paper(p.selected)
	t.Badge = Style{"1;" + ink(p.badgeText).sgr + ";" + paper(p.badge).sgr}
	return t
}

func ink(c colour) Style   { return Style{"38;2;" + c.params()} }
func paper(c colour) Style { return Style{"48;2;" + c.params()} }

func (c colour) params() string {
	return strconv.Itoa(int(c.r)) + ";" + strconv.Itoa(int(c.g)) + ";" + strconv.Itoa(int(c.b))
}
