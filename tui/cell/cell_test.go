package cell_test

import (
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
	"pgregory.net/rapid"

	"github.com/monshin/monshin/tui/cell"
	"github.com/monshin/monshin/tui/theme"
)

func text() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		parts := rapid.SliceOfN(rapid.SampledFrom([]string{
			"abc", " ", "日本語", "ｶﾞ", "が", "\x1b[31m", "\u202e", "👩‍👩‍👧", "é", "\n", "\t", "（", "…", "\xff", "x",
		}), 0, 12).Draw(t, "parts")
		return strings.Join(parts, "")
	})
}

func TestEveryLineHasItsWidth(t *testing.T) {
	th := theme.New(theme.Options{Dark: true})
	rapid.Check(t, func(t *rapid.T) {
		w := rapid.IntRange(0, 50).Draw(t, "width")
		l := cell.On(w, th.Selected)
		for range rapid.IntRange(0, 6).Draw(t, "pieces") {
			s := text().Draw(t, "text")
			switch n := rapid.IntRange(-2, 20).Draw(t, "n"); rapid.IntRange(0, 5).Draw(t, "how") {
			case 0:
				l.Add(th.Strong, s)
			case 1:
				l.Within(th.Dim, s, n)
			case 2:
				l.Column(th.Plain, s, n)
			case 3:
				l.Right(th.Key, s)
			case 4:
				l.Space(n)
			case 5:
				l.Repeat(th.Border, "─", n)
			}
		}
		out := l.String()
		if got := ansi.StringWidth(out); got != w {
			t.Fatalf("%d cells in a line of %d: %q", got, w, out)
		}
		if strings.Contains(out, "\n") || strings.Contains(out, "\x1b[31m") {
			t.Fatalf("something harmful came through: %q", out)
		}
	})
}

func TestWindow(t *testing.T) {
	lines := strings.Split("a b c d e f", " ")
	tests := []struct {
		name        string
		height, at  int
		first, last int
		want        string
		offset      int
	}{
		{"at the top", 3, 0, 0, 0, "abc", 0},
		{"follows down", 3, 0, 4, 4, "cde", 2},
		{"follows up", 3, 3, 1, 1, "bcd", 1},
		{"a tall selection shows its start", 2, 0, 1, 4, "bc", 1},
		{"not beyond the end", 4, 9, 5, 5, "cdef", 2},
		{"fills up", 8, 0, 0, 0, "abcdef  ", 0},
		{"no height", 0, 0, 0, 0, "", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, offset := cell.Window(lines, 1, tt.height, tt.at, tt.first, tt.last)
			if strings.Join(got, "") != tt.want || offset != tt.offset {
				t.Errorf("got %q at %d, want %q at %d", got, offset, tt.want, tt.offset)
			}
		})
	}
}

func TestBox(t *testing.T) {
	for _, ascii := range []bool{true, false} {
		th := theme.New(theme.Options{ASCII: ascii, NoColor: true})
		for w := range 30 {
			for h := range 6 {
				for _, title := range []string{"", "Evidence", "原因と結果（長い題名）"} {
					for y, l := range cell.Box(th, title, w%2 == 0, w, h, []string{cell.Blank(w - 2)}, true, true) {
						if got := ansi.StringWidth(l); got != w {
							t.Fatalf("line %d of a box of %dx%d titled %q is %d wide: %q", y, w, h, title, got, l)
						}
					}
				}
			}
		}
	}
}

func TestMemoBuildsOnlyWhatChanged(t *testing.T) {
	var m cell.Memo[int]
	built := 0
	build := func() []string { built++; return nil }
	for _, k := range []int{0, 0, 1, 1, 0} {
		m.Get(k, build)
	}
	if built != 3 {
		t.Errorf("built %d times", built)
	}
}
