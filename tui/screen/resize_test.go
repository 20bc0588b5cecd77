package screen_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/monshin/monshin/tui/screen"
)

func TestResize(t *testing.T) {
	tests := []struct {
		name          string
		w, h          int
		in            string
		width, height int
		then          string
		above, on     []string
		x, y          int
	}{
		{"lower: the prompt stays", 10, 4, "a\r\nb\r\nc\r\nPS> ", 10, 2, "x", []string{"a", "b"}, []string{"c", "PS> x"}, 5, 1},
		{"lower with room below", 10, 4, "a\r\nPS> ", 10, 2, "", nil, []string{"a", "PS>"}, 4, 1},
		{"lower with text below the cursor", 10, 4, "a\r\nb\r\nc\r\nd\x1b[H", 10, 2, "", nil, []string{"a", "b"}, 0, 0},
		{"higher: rows come in at the bottom", 10, 2, "a\r\nb\r\nPS> ", 10, 4, "x", []string{"a"}, []string{"b", "PS> x"}, 5, 1},
		{"narrower: a line is wrapped", 10, 4, "abcdefgh\r\nPS> ", 5, 4, "x", nil, []string{"abcde", "fgh", "PS> x"}, 4, 2},
		{"narrower, and no room", 10, 2, "abcdefgh\r\nPS> ", 5, 2, "", []string{"abcde"}, []string{"fgh", "PS>"}, 4, 1},
		{"wider: a wrapped line is one again", 5, 4, "abcdefgh\r\nPS> ", 10, 4, "", nil, []string{"abcdefgh", "PS>"}, 4, 1},
		{"Japanese is wrapped whole", 10, 4, "日本語テス\r\nPS> ", 5, 5, "", nil, []string{"日本", "語テ", "ス", "PS>"}, 4, 3},
		{"Japanese comes together again", 5, 4, "日本語テス\r\nPS> ", 10, 4, "", nil, []string{"日本語テス", "PS>"}, 4, 1},
		{"what is kept is wrapped as well", 10, 1, "abcdefgh\r\nPS> ", 5, 1, "", []string{"abcde", "fgh"}, []string{"PS>"}, 4, 0},
		{"a full row still waits", 5, 2, "abcde", 5, 3, "f", nil, []string{"abcde", "f"}, 1, 1},
		{"a full row goes on where there is room", 5, 2, "abcde", 8, 2, "f", nil, []string{"abcdef"}, 6, 0},
		{"the prompt itself is wrapped", 12, 2, "PS C:\\> abcd", 6, 2, "x", []string{"PS C:\\"}, []string{"> abcd", "x"}, 1, 1},
		{"margins are gone", 10, 4, "\x1b[1;2r\x1b[4;1Ha", 10, 3, "\r\nb", []string{"", ""}, []string{"", "a", "b"}, 1, 2},
		{"never too small", 10, 3, "ab", -1, 0, "", []string{}, []string{"ab"}, 1, 0},
		{"a program's screen is cut", 6, 2, "ab\x1b[?1049h日本語\r\nx", 5, 3, "\x1b[?1049l", nil, []string{"ab"}, 2, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := screen.New(screen.Options{Width: tt.w, Height: tt.h})
			s.Write([]byte(tt.in))
			s.Resize(tt.width, tt.height)
			s.Write([]byte(tt.then))
			if tt.above == nil {
				tt.above = []string{}
			}
			above, on := rows(s)
			if d := cmp.Diff(tt.above, append([]string{}, above...)); d != "" {
				t.Errorf("above the screen:\n%s", d)
			}
			if d := cmp.Diff(tt.on, on); d != "" {
				t.Errorf("on the screen:\n%s", d)
			}
			if c := s.Cursor(); c.X != tt.x || c.Y != tt.y {
				t.Errorf("the cursor is at %d,%d, not %d,%d", c.X, c.Y, tt.x, tt.y)
			}
		})
	}
}

// TestNoWidthLosesText writes lines, makes the screen any size and back, and
// compares every character.
func TestNoWidthLosesText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOfN(rapid.SampledFrom([]string{
			"abc", "日本語", "接続できません", "ｶﾞｷﾞ", "か\u3099", "x", " y", "0123456789", "、。", "é",
		}), 1, 30).Draw(t, "words")
		s := screen.New(screen.Options{Width: rapid.IntRange(2, 30).Draw(t, "w"), Height: rapid.IntRange(1, 8).Draw(t, "h")})
		text := strings.Join(words, "")
		for _, l := range []string{text, "PS> "} {
			if l == text {
				l += "\r\n"
			}
			s.Write([]byte(l))
		}
		for range rapid.IntRange(0, 4).Draw(t, "sizes") {
			s.Resize(rapid.IntRange(2, 60).Draw(t, "width"), rapid.IntRange(1, 10).Draw(t, "height"))
		}
		// Wide enough for everything on one row.
		s.Resize(1000, 4)
		above, on := rows(s)
		all := append(above, on...)
		if len(all) < 2 || all[len(all)-2] != text || all[len(all)-1] != "PS>" {
			t.Fatalf("%q became %q", text, all)
		}
		if c := s.Cursor(); c.X != 4 {
			t.Fatalf("the prompt's cursor is in column %d", c.X)
		}
	})
}
