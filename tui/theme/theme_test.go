package theme

import (
	"math"
	"strings"
	"testing"
)

// contrast is WCAG 2.1's contrast ratio of two colours.
func contrast(a, b colour) float64 {
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func luminance(c colour) float64 {
	channel := func(v uint8) float64 {
		s := float64(v) / 255
		if s <= 0.04045 {
			return s / 12.92
		}
		return math.Pow((s+0.055)/1.055, 2.4)
	}
	return 0.2126*channel(c.r) + 0.7152*channel(c.g) + 0.0722*channel(c.b)
}

func TestContrast(t *testing.T) {
	white, black := colour{255, 255, 255}, colour{0, 0, 0}
	if got := contrast(white, black); math.Abs(got-21) > 0.01 {
		t.Fatalf("black on white has a contrast of %f", got)
	}
	for name, side := range map[string]struct {
		p    palette
		back []colour
	}{
		// Terminals are seldom pure black or white; the usual greys are tried too.
		"dark":  {dark(), []colour{black, {30, 30, 30}, dark().selected}},
		"light": {light(), []colour{white, {250, 250, 245}, light().selected}},
	} {
		inks := map[string]colour{
			"dim": side.p.dim, "title": side.p.title, "focus": side.p.focus, "ok": side.p.ok, "problem": side.p.problem,
			"unknown": side.p.unknown, "running": side.p.running, "skipped": side.p.skipped, "key": side.p.key,
		}
		for ink, c := range inks {
			for _, b := range side.back {
				if got := contrast(c, b); got < 4.5 {
					t.Errorf("%s: %s on %v has a contrast of %.2f", name, ink, b, got)
				}
			}
		}
		if got := contrast(side.p.badgeText, side.p.badge); got < 4.5 {
			t.Errorf("%s: the badge has a contrast of %.2f", name, got)
		}
	}
}

func TestThemesDiffer(t *testing.T) {
	seen := map[string]bool{}
	for _, o := range []Options{{}, {Dark: true}, {NoColor: true}, {Dark: true, NoColor: true}, {ASCII: true}, {Dark: true, ASCII: true}} {
		id := New(o).ID
		if seen[id] {
			t.Errorf("two themes are called %s", id)
		}
		seen[id] = true
	}
}

func TestNoColorHasNone(t *testing.T) {
	th := New(Options{NoColor: true})
	for _, s := range []Style{th.Plain, th.Strong, th.Dim, th.Title, th.Border, th.Focus, th.Selected, th.OK, th.Problem, th.Unknown, th.Running, th.Skipped, th.Badge, th.Key} {
		if got := s.Apply("x"); strings.Contains(got, "8;2;") {
			t.Errorf("%q is coloured", got)
		}
	}
	if th.Selected.Apply("x") == "x" {
		t.Error("the selection cannot be seen")
	}
}

func TestStylesStack(t *testing.T) {
	a, b := Style{"1"}, Style{"48;2;1;2;3"}
	if got := a.Over(b).Apply("x"); got != "\x1b[1;48;2;1;2;3mx\x1b[m" {
		t.Errorf("got %q", got)
	}
	if (Style{}).Over(b) != b || a.Over(Style{}) != a {
		t.Error("an empty style changes the other")
	}
	if got := a.Apply(""); got != "" {
		t.Errorf("nothing became %q", got)
	}
}
