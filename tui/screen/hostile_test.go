package screen_test

import (
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/charmbracelet/x/ansi"
	"pgregory.net/rapid"

	"github.com/monshin/monshin/tui/screen"
)

var sgr = regexp.MustCompile("\x1b\\[[0-9;]*m")

// sound checks what must be true of any screen whatever was written: cells that fit
// together, lines of an exact width, and nothing in them that a terminal would obey
// but colours.
func sound(t interface {
	Helper()
	Fatalf(string, ...any)
}, s *screen.Terminal) {
	t.Helper()
	if s.Faults() != 0 {
		t.Fatalf("it failed inside")
	}
	w, h := s.Size()
	cells := s.Cells()
	for i := range s.Scrollback() {
		cells = append(cells, s.Above(i))
	}
	for _, r := range cells {
		for x, c := range r {
			half := x+1 < len(r) && r[x+1].Width == 0
			if c.Width > 2 || (c.Width == 2) != half || (c.Width == 0) != (c.Text == "") {
				t.Fatalf("cell %d does not fit: %+v in %+v", x, c, r)
			}
		}
		if len(r) != w {
			t.Fatalf("a row of %d cells on a screen of %d", len(r), w)
		}
	}
	if c := s.Cursor(); c.X < 0 || c.X >= w || c.Y < 0 || c.Y >= h {
		t.Fatalf("the cursor is at %d,%d of %dx%d", c.X, c.Y, w, h)
	}
	for _, v := range []screen.View{{Width: w, Height: h}, {Width: w, Height: 2*h + 1, Back: 1 << 20}, {Width: w/2 + 1, Height: h / 2, Plain: true}, {Width: w + 3, Height: h, Back: 2}} {
		p := s.Picture(v)
		if len(p.Lines) != v.Height {
			t.Fatalf("%d lines in a pane of %d", len(p.Lines), v.Height)
		}
		for _, l := range p.Lines {
			if n := ansi.StringWidth(l); n != v.Width {
				t.Fatalf("%d cells in a pane of %d: %q", n, v.Width, l)
			}
			if n := ansi.StringWidth("│" + l + "│"); n != v.Width+2 {
				t.Fatalf("it melts with the border: %q", l)
			}
			for _, r := range sgr.ReplaceAllString(l, "") {
				if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
					t.Fatalf("%q came through: %q", r, l)
				}
			}
		}
		if c := p.Cursor; c != nil && (c.X < 0 || c.X >= v.Width || c.Y < 0 || c.Y >= v.Height) {
			t.Fatalf("the cursor is outside of the pane: %+v in %+v", c, v)
		}
	}
	if r := s.Replies(); len(r) > 4096 || strings.Trim(string(r), "\x1b[?>;$0123456789ncRyt") != "" {
		t.Fatalf("it answers %q", r)
	}
}

var hostile = []string{
	"\x1b]52;c;cm0gLXJmIC8=\x07", "\x1b]52;c;?\x1b\\", "\x1b]0;rm -rf /\r\x07\x1b[21t", "\x1b[20t", "\x1bP$qm\x1b\\", "\x1bP+q544e\x1b\\",
	"\x1b]8;;http://example.com\x1b\\click\x1b]8;;\x1b\\", "\x1b]9;4;1;50\x07", "\x1b]777;notify;a;b\x07", "\x1b]1337;File=:AAAA\x07",
	"\x1b]10;?\x07", "\x1b]4;1;?\x07", "\x1b[?1049h", "\x1b[?1049l", "\x1b[?47h", "\x1b[?1047l", "\x1b[?3h", "\x1b[?69h", "\x1b[5i", "\x1b[4i",
	"\x1b[2147483647b", "\x1b[99999999999999999999b", "\x1b[-1A", "\x1b[2147483647S", "\x1b[2147483647@", "\x1b[2147483647P", "\x1b[2147483647L",
	"\x1b[2147483647X", "\x1b[2147483647;2147483647H", "\x1b[;2147483647r", "\x1b[3;1r", "\x1b[0;0r", "\x1b[2;3r", "\x1b[?6h", "\x1b[?7l", "\x1b[4h",
	"\x1b[38;2;1;2m", "\x1b[38m", "\x1b[48;5m", "\x1b[38:2::1:2:3m", "\x1b[4:3;58:2::1:2:3m", "\x1b[38;5;300m", "\x1b[1;2;3;4;5;6;7;8;9m",
	strings.Repeat("\x1b[6n", 5000), strings.Repeat("1;", 400) + "m", "\x1b[" + strings.Repeat("1;", 400) + "m", "\x1b]" + strings.Repeat("x", 5000),
	"\x1b", "\x1b[", "\x1bP", "\x9b31m", "\u009b31m", "\x84\x85", "\xf4\x90\x80\x80", "\xed\xa0\x80", "\xc0\xaf", "\x83", "\xe3\x81", "\x1b\x1b\x1b[m",
	"\u202e\u2066\u200b\u00ad\ufeff\U000e0041", "👩\u200d👩\u200d👧", "🇯🇵🇯", "👍🏽", "ก\u0e33", "ᄀ\u1161\u11a8", "ﾞﾞﾟ", "aﾞ", "ｱﾞ", "1\ufe0f\u20e3", "\u0600a", "\u0d4ea",
	"Z̧͓̹a̴l̵g̶o", "日本語", "\x1b[1@", "\x1b[1P", "\b", "\t", "\r", "\n", "\v", "\x0e", "\x0f", "\x1bM", "\x1bD", "\x1bE", "\x1b7", "\x1b8", "\x1bH", "\x1bc", "\x1b#8",
	"\x1b[!p", "\x1b[2J", "\x1b[3J", "\x1b[1K", "\x1b[5n", "\x1b[c", "\x1b[>c", "\x1b[?2026$p", "\x1b[4$p", "\x1b[18t", "\x1b[?25l", "\x1b[3g", "\x1b[I", "\x1b[9Z",
}

func TestHostileOutput(t *testing.T) {
	s := screen.New(screen.Options{Width: 20, Height: 5, Scrollback: 10})
	for _, h := range hostile {
		s.Write([]byte(h))
		s.Write([]byte("\x18ok\r\n"))
		sound(t, s)
	}
}

func TestHostileOutputInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := screen.New(screen.Options{
			Width: rapid.IntRange(2, 12).Draw(t, "w"), Height: rapid.IntRange(1, 6).Draw(t, "h"), Scrollback: 5,
			Charset: screen.Charset(rapid.IntRange(0, 1).Draw(t, "charset")),
		})
		for range rapid.IntRange(1, 30).Draw(t, "n") {
			if rapid.IntRange(0, 7).Draw(t, "how") == 0 {
				s.Resize(rapid.IntRange(0, 14).Draw(t, "width"), rapid.IntRange(0, 7).Draw(t, "height"))
			} else {
				s.Write([]byte(rapid.SampledFrom(hostile).Draw(t, "write")))
			}
			sound(t, s)
		}
	})
}

func FuzzWrite(f *testing.F) {
	for _, h := range hostile {
		f.Add([]byte(h), uint8(9), uint8(4))
	}
	for _, c := range conformance {
		f.Add([]byte(c.in), uint8(c.w), uint8(c.h))
	}
	f.Fuzz(func(t *testing.T, p []byte, w, h uint8) {
		s := screen.New(screen.Options{Width: int(w % 40), Height: int(h % 12), Scrollback: 8})
		half := len(p) / 2
		s.Write(p[:half])
		sound(t, s)
		s.Resize(int(h%17), int(w%9))
		sound(t, s)
		s.SetCharset(screen.CP932)
		s.Write(p[half:])
		sound(t, s)
	})
}

func TestReplies(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"status", "\x1b[5n", "\x1b[0n"},
		{"place", "ab\r\nc\x1b[6n", "\x1b[2;2R"},
		{"place after a full row", "\x1b[1;9Hab\x1b[6n", "\x1b[1;10R"},
		{"place in origin mode", "\x1b[2;3r\x1b[?6h\x1b[6n", "\x1b[1;1R"},
		{"kind", "\x1b[c\x1b[>c", "\x1b[?62;22c\x1b[>1;10;0c"},
		{"modes", "\x1b[?2004h\x1b[?2004$p\x1b[?7$p\x1b[?9001$p\x1b[4$p", "\x1b[?2004;1$y\x1b[?7;1$y\x1b[?9001;0$y\x1b[4;2$y"},
		{"size", "\x1b[18t", "\x1b[8;3;10t"},
		{"titles are no answer", "\x1b]0;x\x07\x1b[21t\x1b[20t\x1bP$qm\x1b\\\x1b]52;c;?\x07\x1b]10;?\x07", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := screen.New(screen.Options{Width: 10, Height: 3})
			s.Write([]byte(tt.in))
			if got := string(s.Replies()); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
			if again := s.Replies(); len(again) != 0 {
				t.Errorf("and again %q", again)
			}
		})
	}
}

// TestAStringThatNeverEnds: what comes after a title of more than a megabyte is text
// again.
func TestAStringThatNeverEnds(t *testing.T) {
	s := screen.New(screen.Options{Width: 10, Height: 2})
	s.Write([]byte("\x1b]0;" + strings.Repeat("日", 1<<20/3)))
	if _, on := rows(s); len(on) != 0 {
		t.Fatalf("%q", on)
	}
	s.Write([]byte("title\r\nprompt"))
	if _, on := rows(s); on[1] != "prompt" {
		t.Fatalf("%q", on)
	}
}
