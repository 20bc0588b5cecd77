package screen

import (
	"strconv"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// Cell is one place of the screen.
type Cell struct {
	// Text is one character with its marks; " " where there is none.
	Text  string
	Style Style
	// Width is 1 or 2, and 0 for the right half of the wide character before it.
	Width uint8
}

// Style is how a character looks. It is comparable.
type Style struct {
	Fg, Bg Color
	Attr   Attr
}

// Attr is a set of attributes. Blinking and concealed text are shown plainly: what
// a shell sends is to be read.
type Attr uint8

// The attributes.
const (
	Bold Attr = 1 << iota
	Faint
	Italic
	Underline
	Reverse
	Strike
)

// Color is a colour: zero is the terminal's own.
type Color uint32

const (
	indexed Color = 1 << 24
	direct  Color = 2 << 24
)

// Index is a colour of the palette of 256.
func Index(i uint8) Color { return indexed | Color(i) }

// RGB is a colour of its own.
func RGB(r, g, b uint8) Color { return direct | Color(r)<<16 | Color(g)<<8 | Color(b) }

// params adds the SGR parameters that choose the colour; base is 30 or 40.
func (c Color) params(b *strings.Builder, base int) {
	switch {
	case c&direct != 0:
		b.WriteString(";" + strconv.Itoa(base+8) + ";2")
		for _, n := range []Color{c >> 16, c >> 8, c} {
			b.WriteString(";" + strconv.Itoa(int(n&0xff)))
		}
	case c&indexed == 0:
	case c&0xff < 8:
		b.WriteString(";" + strconv.Itoa(base+int(c&0xff)))
	case c&0xff < 16:
		b.WriteString(";" + strconv.Itoa(base+60+int(c&0xff)-8))
	default:
		b.WriteString(";" + strconv.Itoa(base+8) + ";5;" + strconv.Itoa(int(c&0xff)))
	}
}

// Plain is the style without its colours, for terminals that should have none.
func (s Style) Plain() Style {
	if s.Bg != 0 && s.Fg == 0 || s.Bg != 0 && s.Attr&Reverse == 0 {
		// A background that marks something still marks it.
		return Style{Attr: s.Attr | Reverse}
	}
	return Style{Attr: s.Attr}
}

// SGR is the sequence that switches to the style from none; "" for none.
func (s Style) SGR() string {
	if s == (Style{}) {
		return ""
	}
	var b strings.Builder
	for i, p := range []string{"1", "2", "3", "4", "7", "9"} {
		if s.Attr&(1<<i) != 0 {
			b.WriteString(";" + p)
		}
	}
	s.Fg.params(&b, 30)
	s.Bg.params(&b, 40)
	return "\x1b[" + strings.TrimPrefix(b.String(), ";") + "m"
}

// read changes the style as a Select Graphic Rendition sequence says (ECMA-48
// 8.3.117; the colours of ITU T.416 with colons, and of xterm with semicolons).
func (s *Style) read(ps ansi.Params) {
	if len(ps) == 0 {
		*s = Style{}
		return
	}
	for i := 0; i < len(ps); i++ {
		p, more, _ := ps.Param(i, 0)
		switch {
		case p == 38 || p == 48 || p == 58:
			c, n := colour(ps[i:])
			switch {
			case c == 0 || p == 58: // lines under text have its colour
			case p == 38:
				s.Fg = c
			default:
				s.Bg = c
			}
			i += n - 1
			continue
		case p == 4 && more:
			// 4:0 is none, the others are kinds of underline.
			kind, _, _ := ps.Param(i+1, 1)
			s.set(Underline, kind != 0)
		case p == 0:
			*s = Style{}
		case p >= 30 && p <= 37:
			s.Fg = Index(uint8(p - 30))
		case p >= 90 && p <= 97:
			s.Fg = Index(uint8(p - 90 + 8))
		case p >= 40 && p <= 47:
			s.Bg = Index(uint8(p - 40))
		case p >= 100 && p <= 107:
			s.Bg = Index(uint8(p - 100 + 8))
		case p == 39:
			s.Fg = 0
		case p == 49:
			s.Bg = 0
		default:
			s.attribute(p)
		}
		for ; more && i+1 < len(ps); i++ {
			_, more, _ = ps.Param(i+1, 0)
		}
	}
}

func (s *Style) attribute(p int) {
	switch p {
	case 1:
		s.set(Bold, true)
	case 2:
		s.set(Faint, true)
	case 3:
		s.set(Italic, true)
	case 4, 21:
		s.set(Underline, true)
	case 7:
		s.set(Reverse, true)
	case 9:
		s.set(Strike, true)
	case 22:
		s.set(Bold|Faint, false)
	case 23:
		s.set(Italic, false)
	case 24:
		s.set(Underline, false)
	case 27:
		s.set(Reverse, false)
	case 29:
		s.set(Strike, false)
	}
}

func (s *Style) set(a Attr, on bool) {
	s.Attr &^= a
	if on {
		s.Attr |= a
	}
}

// colour reads an extended colour and how many parameters it takes. What cannot be
// read is 0; then what follows is skipped as far as its form tells.
func colour(ps ansi.Params) (Color, int) {
	var v [6]int
	n := 0
	_, colons, _ := ps.Param(0, 0)
	for n < len(ps) && (n < len(v) || colons) {
		p, more, _ := ps.Param(n, 0)
		if n < len(v) {
			v[n] = max(0, min(p, 255))
		}
		n++
		if colons && !more {
			break
		}
	}
	switch {
	case n < 3:
		return 0, n
	case v[1] == 5:
		if !colons {
			n = 3
		}
		return Index(uint8(v[2])), n
	case v[1] != 2 || n < 5:
		return 0, n
	case colons && n >= 6:
		// 38:2:space:r:g:b, as the standard has it.
		return RGB(uint8(v[3]), uint8(v[4]), uint8(v[5])), n
	case !colons:
		n = 5
	}
	return RGB(uint8(v[2]), uint8(v[3]), uint8(v[4])), n
}
