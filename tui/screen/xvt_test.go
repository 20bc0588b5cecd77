package screen_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/charmbracelet/x/vt"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/monshin/monshin/tui/screen"
)

func same(t interface {
	Helper()
	Fatalf(string, ...any)
}, a, b *screen.Terminal) {
	t.Helper()
	if d := cmp.Diff(a.Cells(), b.Cells()); d != "" {
		t.Fatalf("the screens differ:\n%s", d)
	}
	if d := cmp.Diff(a.Scrollback(), b.Scrollback()); d != "" {
		t.Fatalf("the rows above differ:\n%s", d)
	}
	for i := range a.Scrollback() {
		if d := cmp.Diff(a.Above(i), b.Above(i)); d != "" {
			t.Fatalf("row %d above differs:\n%s", i, d)
		}
	}
	if d := cmp.Diff(a.Cursor(), b.Cursor()); d != "" {
		t.Fatalf("the cursors differ:\n%s", d)
	}
}

// TestAgreesWithAnotherEmulator draws with this screen and with charmbracelet's,
// from what that one does right: no wide character at an edge or cut in half, no
// mark alone, margins within the screen.
func TestAgreesWithAnotherEmulator(t *testing.T) {
	const w, h = 20, 6
	em := vt.NewEmulator(w, h)
	defer em.Close()
	rapid.Check(t, func(t *rapid.T) {
		s := screen.New(screen.Options{Width: w, Height: h})
		em.WriteString("\x1bc")
		num := func(name string, most int) int { return rapid.IntRange(1, most).Draw(t, name) }
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			var p string
			switch rapid.IntRange(0, 13).Draw(t, "what") {
			case 0, 1, 2:
				p = rapid.StringMatching(`[a-z ]{1,25}`).Draw(t, "text")
			case 3:
				// Japanese on a row of its own.
				p = fmt.Sprintf("\x1b[%d;1H\x1b[2K日本語%s", num("row", h), rapid.SampledFrom([]string{"", "abc", "テスト"}).Draw(t, "tail"))
				p += "\r\n\x1b[2K"
			case 4:
				p = fmt.Sprintf("\x1b[%d;%dH\x1b[2K", num("row", h), num("col", w))
			case 5:
				p = "\r\n\x1b[2K"
			case 6:
				// Moving across margins and after a full row, x/vt has rules of its own.
				p = fmt.Sprintf("\x1b[r\x1b[2K\x1b[%d%c", num("n", 9), rapid.SampledFrom([]rune("ABCDEFGd")).Draw(t, "move")) + "\x1b[2K"
			case 7:
				// With 1, x/vt takes the whole row of the cursor; after a full row it still wraps.
				p = "\x1b[D\x1b[J"
			case 8:
				// Afterwards x/vt is at another row where there are margins.
				p = fmt.Sprintf("\x1b[%d%c\x1b[H\x1b[2K", num("n", 4), rapid.SampledFrom([]rune("LM")).Draw(t, "lines"))
			case 9:
				p = fmt.Sprintf("\x1b[%dm", rapid.SampledFrom([]int{0, 1, 2, 3, 4, 7, 9, 22, 23, 24, 27, 29, 31, 39, 44, 49, 93, 107}).Draw(t, "sgr"))
			case 10:
				p = fmt.Sprintf("\x1b[38;5;%d;48;2;1;2;%dm", num("fg", 255), num("bg", 255))
			case 11:
				// x/vt takes them only inside the margins; xterm and VTE everywhere.
				p = fmt.Sprintf("\x1b[r\x1b[2K%s\r\x1b[%dC\x1b[%d%c", "abcdefgh", num("at", 5), num("n", 5), rapid.SampledFrom([]rune("@PX")).Draw(t, "chars"))
			case 12:
				top := num("top", h-1)
				p = fmt.Sprintf("\x1b[%d;%dr\x1b[2K", top, top+num("more", h-top))
			case 13:
				p = rapid.SampledFrom([]string{"\r\x1bM\x1b[2K", "\r\x1bD\x1b[2K", "\r\t", "\r  \b", "\r\x1b[2S\x1b[2K", "\r\x1b[T\x1b[2K", "\x1b[r"}).Draw(t, "other")
			}
			s.Write([]byte(p))
			em.Write([]byte(p))
			compare(t, s, em, w, h, p)
		}
	})
}

func compare(t *rapid.T, s *screen.Terminal, em *vt.Emulator, w, h int, after string) {
	t.Helper()
	var got, want []string
	cells := s.Cells()
	for y := range h {
		var a, b strings.Builder
		for x := range w {
			c, o := cells[y][x], em.CellAt(x, y)
			// The look of a wide character's right half is nobody's business.
			if c.Width > 0 {
				a.WriteString(look(c.Style, c.Text))
			}
			if o.Width > 0 {
				b.WriteString(look(style(o.Style.String()), o.Content))
			}
		}
		got, want = append(got, a.String()), append(want, b.String())
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Fatalf("after %q:\n%s", after, d)
	}
	p := em.CursorPosition()
	if c := s.Cursor(); c.X != p.X || c.Y != p.Y {
		t.Fatalf("after %q the cursor is at %d,%d, not %d,%d", after, c.X, c.Y, p.X, p.Y)
	}
}

// look is a cell in words. Of a blank only the background counts: what is left of a
// wide character that was cut in half may look like it or not.
func look(s screen.Style, text string) string {
	if text == " " {
		s = screen.Style{Bg: s.Bg}
	}
	return s.SGR() + text
}

// style reads an SGR sequence by printing with it.
func style(sgr string) screen.Style {
	s := screen.New(screen.Options{Width: 2, Height: 1})
	s.Write([]byte(sgr + "x"))
	return s.Cells()[0][0].Style
}
