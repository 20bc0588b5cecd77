package screen_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/monshin/monshin/tui/screen"
)

func TestStyles(t *testing.T) {
	tests := []struct {
		in   string
		want screen.Style
		sgr  string
	}{
		{"", screen.Style{}, ""},
		{"\x1b[1;31m", screen.Style{Fg: screen.Index(1), Attr: screen.Bold}, "\x1b[1;31m"},
		{"\x1b[93;104m", screen.Style{Fg: screen.Index(11), Bg: screen.Index(12)}, "\x1b[93;104m"},
		{"\x1b[38;5;200m", screen.Style{Fg: screen.Index(200)}, "\x1b[38;5;200m"},
		{"\x1b[38;5;3m", screen.Style{Fg: screen.Index(3)}, "\x1b[33m"},
		{"\x1b[48:5:200m", screen.Style{Bg: screen.Index(200)}, "\x1b[48;5;200m"},
		{"\x1b[38;2;1;2;3;4m", screen.Style{Fg: screen.RGB(1, 2, 3), Attr: screen.Underline}, "\x1b[4;38;2;1;2;3m"},
		{"\x1b[38:2::1:2:3;7m", screen.Style{Fg: screen.RGB(1, 2, 3), Attr: screen.Reverse}, "\x1b[7;38;2;1;2;3m"},
		{"\x1b[48:2:1:2:3m", screen.Style{Bg: screen.RGB(1, 2, 3)}, "\x1b[48;2;1;2;3m"},
		{"\x1b[38;2;0;0;0m", screen.Style{Fg: screen.RGB(0, 0, 0)}, "\x1b[38;2;0;0;0m"},
		{"\x1b[38;5;0m", screen.Style{Fg: screen.Index(0)}, "\x1b[30m"},
		{"\x1b[4:3m", screen.Style{Attr: screen.Underline}, "\x1b[4m"},
		{"\x1b[4m\x1b[4:0m", screen.Style{}, ""},
		{"\x1b[58:2::1:2:3;1m", screen.Style{Attr: screen.Bold}, "\x1b[1m"},
		{"\x1b[58;5;1;3m", screen.Style{Attr: screen.Italic}, "\x1b[3m"},
		{"\x1b[1;2;3;4;7;9m\x1b[22;23;24;27;29m", screen.Style{}, ""},
		{"\x1b[31;42m\x1b[39;49m", screen.Style{}, ""},
		{"\x1b[31;42;1m\x1b[m", screen.Style{}, ""},
		{"\x1b[31;42;1;0;3m", screen.Style{Attr: screen.Italic}, "\x1b[3m"},
		{"\x1b[5;6;8mshown", screen.Style{}, ""},
		{"\x1b[38m\x1b[38;9;1m\x1b[48;5m", screen.Style{}, ""},
		{"\x1b[>4;1m\x1b[?4m", screen.Style{}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.in, func(t *testing.T) {
			s := screen.New(screen.Options{Width: 9, Height: 1})
			s.Write([]byte(tt.in + "\rx"))
			got := s.Cells()[0][0].Style
			if got != tt.want {
				t.Errorf("%+v, want %+v", got, tt.want)
			}
			if got.SGR() != tt.sgr {
				t.Errorf("%q, want %q", got.SGR(), tt.sgr)
			}
		})
	}
}

func TestPicture(t *testing.T) {
	at := func(x, y int) *screen.Point { return &screen.Point{X: x, Y: y} }
	tests := []struct {
		name   string
		w, h   int
		in     string
		view   screen.View
		lines  []string
		cursor *screen.Point
		back   int
		above  int
	}{
		{"as it is", 6, 2, "ab\r\n日本", screen.View{Width: 6, Height: 2}, []string{"ab    ", "日本  "}, at(4, 1), 0, 0},
		{"colours end with their text", 4, 1, "\x1b[31ma\x1b[1mb\x1b[mc", screen.View{Width: 4, Height: 1}, []string{"\x1b[31ma\x1b[m\x1b[1;31mb\x1b[mc "}, at(3, 0), 0, 0},
		{"without colours", 4, 1, "\x1b[31ma\x1b[1mb\x1b[44mc", screen.View{Width: 4, Height: 1, Plain: true}, []string{"a\x1b[1mb\x1b[m\x1b[1;7mc\x1b[m "}, at(3, 0), 0, 0},
		{"a wider and higher pane", 4, 1, "ab", screen.View{Width: 6, Height: 2}, []string{"ab    ", "      "}, at(2, 0), 0, 0},
		{"a narrower pane cuts no character in half", 6, 1, "日本語", screen.View{Width: 3, Height: 1}, []string{"日 "}, nil, 0, 0},
		{"a lower pane shows the cursor", 4, 3, "a\r\nb\r\nc", screen.View{Width: 4, Height: 2}, []string{"b   ", "c   "}, at(1, 1), 0, 1},
		{"looking back", 4, 1, "a\r\nb\r\nc", screen.View{Width: 4, Height: 1, Back: 1}, []string{"b   "}, nil, 1, 1},
		{"no further than there is", 4, 1, "a\r\nb\r\nc", screen.View{Width: 4, Height: 2, Back: 9}, []string{"a   ", "b   "}, nil, 2, 0},
		{"a hidden cursor", 4, 1, "a\x1b[?25l", screen.View{Width: 4, Height: 1}, []string{"a   "}, nil, 0, 0},
		{"a shown one", 4, 1, "a\x1b[?25l\x1b[?25h", screen.View{Width: 4, Height: 1}, []string{"a   "}, at(1, 0), 0, 0},
		{"half-width kana keep their cells", 6, 1, "ｶﾞx", screen.View{Width: 6, Height: 1}, []string{"ガx   "}, at(3, 0), 0, 0},
		{"a sound mark alone", 6, 1, "ﾞaﾟ", screen.View{Width: 6, Height: 1}, []string{"\"a°   "}, at(3, 0), 0, 0},
		{"what would melt", 6, 1, "👍🏽x", screen.View{Width: 6, Height: 1}, []string{"👍〓x "}, at(5, 0), 0, 0},
		{"a program's screen has nothing above", 4, 1, "a\r\nb\x1b[?1049hc", screen.View{Width: 4, Height: 1, Back: 3}, []string{" c  "}, at(2, 0), 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := screen.New(screen.Options{Width: tt.w, Height: tt.h})
			s.Write([]byte(tt.in))
			got := s.Picture(tt.view)
			if d := cmp.Diff(screen.Picture{Lines: tt.lines, Cursor: tt.cursor, Back: tt.back, Above: tt.above}, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestModes(t *testing.T) {
	tests := []struct {
		in   string
		want screen.Modes
	}{
		{"\x1b[?1h\x1b=\x1b[?2004h", screen.Modes{CursorKeys: true, Keypad: true, BracketedPaste: true}},
		{"\x1b[?1;2004h\x1b[?1;2004l", screen.Modes{}},
		{"\x1b[?1002h\x1b[20h", screen.Modes{Mouse: true, Newline: true}},
		{"\x1b[?1049h", screen.Modes{Full: true}},
		{"\x1b[?1h\x1b[?2004h\x1bc", screen.Modes{}},
		{"\x1b[?1h\x1b[!p", screen.Modes{}},
	}
	for _, tt := range tests {
		s := screen.New(screen.Options{Width: 4, Height: 2})
		s.Write([]byte(tt.in))
		if got := s.Modes(); got != tt.want {
			t.Errorf("%q: %+v", tt.in, got)
		}
	}
}

// TestVersion: what has not changed need not be drawn again.
func TestVersion(t *testing.T) {
	s := screen.New(screen.Options{Width: 4, Height: 2})
	last := s.Version()
	for _, change := range []func(){
		func() { s.Write([]byte("a")) }, func() { s.Resize(5, 2) }, func() { s.Write([]byte("\x1b[?25l")) },
	} {
		change()
		if v := s.Version(); v == last {
			t.Error("a change was not counted")
		}
		last = s.Version()
	}
	s.Resize(5, 2)
	s.Picture(screen.View{Width: 5, Height: 2})
	s.Write(nil)
	if s.Version() != last {
		t.Error("nothing changed, and it was counted")
	}
}
