package guest

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/tui/cell"
)

// TestPiecesLoseNothing: what one approves has to be what one has seen.
func TestPiecesLoseNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringOf(rapid.OneOf(rapid.RuneFrom([]rune("  ab{}$'\"\t\x1b\u202eあ漢ｶﾞか\u3099👩")), rapid.Rune())).Draw(t, "line")
		width := rapid.IntRange(2, 40).Draw(t, "width")
		got := pieces(s, width)
		if joined := strings.Join(got, ""); joined != lang.Clean(s) {
			t.Fatalf("%q became %q", s, joined)
		}
		for _, p := range got {
			if cell.Width(p) > width {
				t.Fatalf("%q is wider than %d", p, width)
			}
		}
	})
}

func TestLines(t *testing.T) {
	for text, want := range map[string]string{
		"a\nb\n": "a|b", "a\nb": "a|b", "a\r\n\r\nb\r\n": "a||b", "\n": "", "a\n\n": "a|",
	} {
		if got := strings.Join(linesOf(text), "|"); got != want {
			t.Errorf("%q has the lines %q", text, got)
		}
	}
}
