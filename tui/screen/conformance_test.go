package screen_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/monshin/monshin/tui/screen"
)

// rows are the texts of what is kept and of the screen; empty rows at the end are
// left out.
func rows(s screen.Screen) (above, on []string) {
	for i := range s.Scrollback() {
		above = append(above, screen.Text(s.Above(i)))
	}
	for _, r := range s.Cells() {
		on = append(on, screen.Text(r))
	}
	for len(on) > 0 && on[len(on)-1] == "" {
		on = on[:len(on)-1]
	}
	return above, on
}

// shown is what a real terminal shows. Sources: ECMA-48; DEC STD 070 for the pending
// wrap, margins and origin mode; xterm's ctlseqs; Windows Terminal for what happens
// when it is resized.
type shown struct {
	name string
	w, h int
	// writes are separated by "|": where a write ends must make no difference.
	in    string
	above []string
	on    []string
	x, y  int
}

var conformance = []shown{
	// Wrapping.
	{"fills a row and waits", 5, 3, "abcde", nil, []string{"abcde"}, 4, 0},
	{"wraps with the next character", 5, 3, "abcdef", nil, []string{"abcde", "f"}, 1, 1},
	{"a line end after a full row is one line end", 5, 3, "abcde\r\nf", nil, []string{"abcde", "f"}, 1, 1},
	{"backspace after a full row", 5, 3, "abcde\bX", nil, []string{"abcXe"}, 4, 0},
	{"wrapping off", 5, 3, "\x1b[?7labcdefg", nil, []string{"abcdg"}, 4, 0},
	{"erasing at a full row takes the last cell", 5, 2, "abcde\x1b[K", nil, []string{"abcd"}, 4, 0},
	{"a saved place remembers that the row was full", 3, 2, "abc\x1b7\x1b[H\x1b8d", nil, []string{"abc", "d"}, 1, 1},

	// Japanese at the right edge, at every width.
	{"日本語 in 2", 2, 3, "日本語", nil, []string{"日", "本", "語"}, 1, 2},
	{"日本語 in 3", 3, 3, "日本語", nil, []string{"日", "本", "語"}, 2, 2},
	{"日本語 in 4", 4, 4, "日本語x漢字ab", nil, []string{"日本", "語x", "漢字", "ab"}, 2, 3},
	{"日本語 in 5", 5, 3, "日本語", nil, []string{"日本", "語"}, 2, 1},
	{"日本語テスABC in 10", 10, 3, "日本語テスABC", nil, []string{"日本語テス", "ABC"}, 3, 1},
	{"wide after one narrow", 4, 3, "a日本", nil, []string{"a日", "本"}, 2, 1},
	{"wide at the edge without wrapping", 5, 2, "\x1b[?7labcd日", nil, []string{"abc日"}, 4, 0},
	{"half-width kana have their sound mark in a cell", 4, 2, "ｶﾞｷﾞｸﾞ", nil, []string{"ｶﾞｷﾞ", "ｸﾞ"}, 2, 1},
	{"a wide character split over writes", 8, 1, "\xe6|\x97|\xa5\xe6\x9c|\xac", nil, []string{"日本"}, 4, 0},

	// Marks.
	{"a mark joins", 8, 1, "か\u3099き", nil, []string{"か\u3099き"}, 4, 0},
	{"a mark in a later write joins", 8, 1, "か|\u3099|き", nil, []string{"か\u3099き"}, 4, 0},
	{"a mark after a full row joins there", 2, 2, "か|\u3099", nil, []string{"か\u3099"}, 1, 0},
	{"a mark after a colour joins", 8, 1, "e\x1b[31m\u0301x", nil, []string{"e\u0301x"}, 2, 0},
	{"a mark with nothing before it goes", 8, 1, "\u0301x", nil, []string{"x"}, 1, 0},
	{"marks do not pile up for ever", 8, 1, "e" + strings.Repeat("\u0301", 50), nil, []string{"e" + strings.Repeat("\u0301", 4)}, 1, 0},

	// Overwriting, deleting, inserting.
	{"the left half is overwritten", 6, 1, "日本\x1b[1Gx", nil, []string{"x 本"}, 1, 0},
	{"the right half is overwritten", 6, 1, "日本\x1b[2Gx", nil, []string{" x本"}, 2, 0},
	{"delete characters (DCH)", 8, 1, "日本語\x1b[2G\x1b[P", nil, []string{" 本語"}, 1, 0},
	{"insert characters (ICH)", 6, 1, "日本語\x1b[G\x1b[@", nil, []string{" 日本"}, 0, 0},
	{"insert mode (IRM)", 8, 1, "abc\x1b[G\x1b[4h日\x1b[4l", nil, []string{"日abc"}, 2, 0},
	{"erase characters (ECH)", 8, 1, "日本語\x1b[2G\x1b[2X", nil, []string{"    語"}, 1, 0},
	{"repeat (REP)", 8, 2, "x\x1b[3b", nil, []string{"xxxx"}, 4, 0},
	{"repeat a wide one", 5, 2, "日\x1b[2b", nil, []string{"日日", "日"}, 2, 1},
	{"erase line to the cursor", 8, 1, "abcdef\x1b[3G\x1b[1K", nil, []string{"   def"}, 2, 0},
	{"erase display below", 8, 3, "ab\r\ncd\r\nef\x1b[2;2H\x1b[J", nil, []string{"ab", "c"}, 1, 1},
	{"erase display above", 8, 3, "ab\r\ncd\r\nef\x1b[2;1H\x1b[1J", nil, []string{"", " d", "ef"}, 0, 1},
	{"a cleared screen stays above", 8, 3, "ab\r\ncd\x1b[2J\x1b[Hx", []string{"ab", "cd"}, []string{"x"}, 1, 0},
	{"erase what is kept", 8, 2, "a\r\nb\r\nc\x1b[3J", nil, []string{"b", "c"}, 1, 1},

	// Moving.
	{"next line (NEL)", 8, 3, "ab\x1bEcd", nil, []string{"ab", "cd"}, 2, 1},
	{"save and restore (CSI s, u)", 8, 2, "ab\x1b[scd\x1b[ux", nil, []string{"abxd"}, 3, 0},
	{"tabs", 20, 1, "\ta\tb", nil, []string{"        a       b"}, 17, 0},
	{"a tab stop of one's own", 20, 1, "\x1b[4G\x1bH\r\tx", nil, []string{"   x"}, 4, 0},
	{"tabs end at the last column", 10, 2, "\t\t\tx", nil, []string{"         x"}, 9, 0},
	{"beyond the screen", 4, 2, "\x1b[99;99Hx", nil, []string{"", "   x"}, 3, 1},
	{"line drawing", 6, 1, "\x1b(0lqk\x1b(Bq", nil, []string{"┌─┐q"}, 4, 0},
	{"line drawing by shift", 6, 1, "\x1b)0a\x0ex\x0fx", nil, []string{"a│x"}, 3, 0},
	{"new line mode", 6, 2, "\x1b[20hab\ncd", nil, []string{"ab", "cd"}, 2, 1},

	// Scrolling and margins.
	{"rows leave at the top", 4, 2, "a\r\nb\r\nc", []string{"a"}, []string{"b", "c"}, 1, 1},
	{"wrapped rows leave too", 2, 2, "abcdef", []string{"ab"}, []string{"cd", "ef"}, 1, 1},
	{"a region below the top keeps nothing", 4, 3, "a\r\nb\r\nc\x1b[2;3r\x1b[3;1H\nd", nil, []string{"a", "c", "d"}, 1, 2},
	{"a region at the top keeps", 4, 3, "a\r\nb\r\nc\x1b[1;2r\x1b[2;1H\nd", []string{"a"}, []string{"b", "d", "c"}, 1, 1},
	{"margins larger than the screen are cut", 4, 3, "a\r\nb\r\nc\x1b[1;99r\x1b[99S", []string{"a", "b", "c"}, nil, 0, 0},
	{"margins that are none are not taken", 4, 3, "\x1b[3;2ra\r\nb\r\nc\r\nd", []string{"a"}, []string{"b", "c", "d"}, 1, 2},
	{"scroll up (SU) keeps", 4, 2, "a\r\nb\x1b[S", []string{"a"}, []string{"b"}, 1, 1},
	{"scroll down (SD)", 4, 2, "a\r\nb\x1b[T", nil, []string{"", "a"}, 1, 1},
	{"reverse index at the top", 4, 2, "a\r\nb\x1b[H\x1bMc", nil, []string{"c", "a"}, 1, 0},
	{"insert lines", 4, 3, "a\r\nb\r\nc\x1b[2;2H\x1b[L", nil, []string{"a", "", "b"}, 0, 1},
	{"delete lines keeps nothing", 4, 3, "a\r\nb\r\nc\x1b[H\x1b[M", nil, []string{"b", "c"}, 0, 0},
	{"origin mode", 4, 4, "\x1b[2;3r\x1b[?6h\x1b[9;1Hx", nil, []string{"", "", "x"}, 1, 2},
	{"cursor down stops at the margin", 4, 4, "\x1b[1;2r\x1b[9Bx", nil, []string{"", "x"}, 1, 1},
	{"cursor up stops at the margin", 4, 4, "\x1b[2;4r\x1b[3;1H\x1b[9Ax", nil, []string{"", "x"}, 1, 1},
	{"cursor up from above the margin", 4, 4, "\x1b[3;4r\x1b[2;1H\x1b[9Ax", nil, []string{"x"}, 1, 0},
	{"cursor down from below the margin", 4, 4, "\x1b[1;2r\x1b[3;1H\x1b[9Bx", nil, []string{"", "", "", "x"}, 1, 3},

	// The alternate screen.
	{"a program comes and goes", 6, 2, "ab\x1b[?1049hxy\r\n\r\n\r\n\x1b[?1049lc", nil, []string{"abc"}, 3, 0},

	// What does not belong on the screen.
	{"titles", 8, 1, "a\x1b]0;日本語\x07b\x1b]2;x\x1b\\c", nil, []string{"abc"}, 3, 0},
	{"a title over writes", 8, 1, "a\x1b]0;日|本語|\x1b|\\b", nil, []string{"ab"}, 2, 0},
	{"clipboard, links, images, messages", 8, 1, "a\x1b]52;c;cm0gLXJm\x07\x1b]8;;http://x\x07b\x1b]8;;\x07\x1bPq#0\x1b\\\x1b_Gx\x1b\\\x1b^x\x1b\\\x1bXx\x1b\\c", nil, []string{"abc"}, 3, 0},
	{"C1 controls as UTF-8", 12, 1, "a\u009b31mb\u0085c", nil, []string{"a31mbc"}, 6, 0},
	{"directions", 8, 1, "a\u202eb\u2066c\u200fd", nil, []string{"abcd"}, 4, 0},
	{"a sequence cut off by a character", 8, 1, "\x1b[3日", nil, []string{"日"}, 2, 0},
	{"a sequence cut off by cancel", 8, 1, "\x1b[3\x18m", nil, []string{"m"}, 1, 0},
	{"unreadable bytes", 8, 1, "a\xffb\xe6c", nil, []string{"a\ufffdb\ufffdc"}, 5, 0},
	{"an unknown sequence", 8, 1, "a\x1b[?9001h\x1b[>4;2mb", nil, []string{"ab"}, 2, 0},
	{"reset", 8, 2, "ab\x1b[31m\x1b[2;2H\x1bcx", nil, []string{"x"}, 1, 0},
}

func TestShowsWhatATerminalShows(t *testing.T) {
	for _, tt := range conformance {
		t.Run(tt.name, func(t *testing.T) {
			s := screen.New(screen.Options{Width: tt.w, Height: tt.h})
			for p := range strings.SplitSeq(tt.in, "|") {
				if _, err := s.Write([]byte(p)); err != nil {
					t.Fatal(err)
				}
			}
			check(t, s, tt)
		})
	}
}

// TestWhereAWriteEndsMakesNoDifference feeds the same streams byte by byte.
func TestWhereAWriteEndsMakesNoDifference(t *testing.T) {
	for _, tt := range conformance {
		t.Run(tt.name, func(t *testing.T) {
			s := screen.New(screen.Options{Width: tt.w, Height: tt.h})
			for _, b := range []byte(strings.ReplaceAll(tt.in, "|", "")) {
				s.Write([]byte{b})
			}
			check(t, s, tt)
		})
	}
}

func check(t *testing.T, s *screen.Terminal, want shown) {
	t.Helper()
	above, on := rows(s)
	if len(above)+len(want.above) > 0 {
		if d := cmp.Diff(want.above, above); d != "" {
			t.Errorf("above the screen:\n%s", d)
		}
	}
	if len(on)+len(want.on) > 0 {
		if d := cmp.Diff(want.on, on); d != "" {
			t.Errorf("on the screen:\n%s", d)
		}
	}
	if c := s.Cursor(); c.X != want.x || c.Y != want.y {
		t.Errorf("the cursor is at %d,%d, not %d,%d", c.X, c.Y, want.x, want.y)
	}
	if s.Faults() != 0 {
		t.Error("it failed inside")
	}
}

// notHandled is where this screen differs from some real terminals, knowingly. The
// test keeps the list true.
var notHandled = []struct {
	shown
	why string
}{
	{shown{"emoji sequences", 12, 1, "👩\u200d👧", nil, []string{"👩👧"}, 4, 0},
		"joined emoji show their parts, each two cells, as consoles without grapheme clusters do: the shell counts them so"},
	{shown{"flags", 12, 1, "🇯🇵", nil, []string{"ＪＰ"}, 4, 0},
		"a flag shows its letters: two letters that melt would shift the rest of the line"},
	{shown{"variation selectors", 12, 1, "☺\ufe0fx", nil, []string{"☺x"}, 2, 0},
		"they change a character's width in some terminals and not in others"},
	{shown{"left and right margins", 12, 2, "\x1b[?69h\x1b[3;5sab", nil, []string{"ab"}, 2, 0},
		"DECSLRM: no console of Windows sends it"},
	{shown{"double width lines", 12, 1, "\x1b#6ab", nil, []string{"ab"}, 2, 0},
		"DECDWL: a pane's cells are of one size"},
	{shown{"national sets", 12, 1, "\x1b(A#", nil, []string{"#"}, 1, 0},
		"the British pound sign for #, and the like"},
	{shown{"protected cells", 12, 1, "\x1b[1\"qab\x1b[?2K", nil, nil, 2, 0},
		"DECSCA: selective erasing erases everything"},
}

func TestNotHandled(t *testing.T) {
	for _, tt := range notHandled {
		t.Run(tt.name, func(t *testing.T) {
			s := screen.New(screen.Options{Width: tt.w, Height: tt.h})
			s.Write([]byte(tt.in))
			check(t, s, tt.shown)
		})
	}
}
