package field_test

import (
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"pgregory.net/rapid"

	"github.com/monshin/monshin/tui/cell"
	"github.com/monshin/monshin/tui/field"
	"github.com/monshin/monshin/tui/keys"
	"github.com/monshin/monshin/tui/theme"
)

func draw(f *field.Field, width int) (string, int) {
	l := cell.NewLine(width)
	x := f.Draw(l, theme.Style{})
	return ansi.Strip(l.String()), x
}

func TestCursorStandsInCells(t *testing.T) {
	tests := []struct {
		name  string
		value string
		acts  []keys.Action
		width int
		line  string
		x     int
	}{
		{"empty", "", nil, 6, "      ", 0},
		{"letters", "abc", nil, 6, "abc   ", 3},
		{"Japanese", "日本", nil, 6, "日本  ", 4},
		{"one to the left", "日本", []keys.Action{keys.CursorLeft}, 6, "日本  ", 2},
		{"at the start", "a日", []keys.Action{keys.CursorHome}, 6, "a日   ", 0},
		{"too long shows the end", "abcdefgh", nil, 6, "defgh ", 5},
		{"too long at the start", "abcdefgh", []keys.Action{keys.CursorHome}, 6, "abcdef", 0},
		{"wide and too long", "日本語入力", nil, 6, "入力  ", 4},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var f field.Field
			f.Set(tt.value)
			for _, a := range tt.acts {
				f.Act(a)
			}
			line, x := draw(&f, tt.width)
			if line != tt.line || x != tt.x {
				t.Errorf("got %q with the cursor at %d, want %q at %d", line, x, tt.line, tt.x)
			}
		})
	}
}

func TestEditing(t *testing.T) {
	var f field.Field
	for _, k := range "i-0ab" {
		f.Type(tea.KeyPressMsg{Code: k, Text: string(k)})
	}
	f.Act(keys.CursorLeft)
	f.Act(keys.DeleteBack)
	f.Act(keys.DeleteNext)
	f.Insert("9\n8\t\x1b7")
	if got := f.Value(); got != "i-09 8 7" {
		t.Errorf("got %q", got)
	}
	if f.Type(tea.KeyPressMsg{Code: 'x', Text: "x", Mod: tea.ModCtrl}) {
		t.Error("ctrl+x was typed")
	}
	if _, handled := f.Act(keys.Quit); handled {
		t.Error("a field does not quit")
	}
}

func TestPasteHasAnEnd(t *testing.T) {
	var f field.Field
	f.Insert(strings.Repeat("日", 1<<20))
	f.Insert("more")
	if n := len([]rune(f.Value())); n != 2000 {
		t.Errorf("%d characters were taken", n)
	}
}

func TestCursorStaysInside(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var f field.Field
		f.Set(rapid.StringOf(rapid.SampledFrom([]rune("ab日が́👍 \u202e"))).Draw(t, "value"))
		for range rapid.IntRange(0, 9).Draw(t, "acts") {
			f.Act(rapid.SampledFrom([]keys.Action{keys.CursorLeft, keys.CursorNext, keys.CursorHome, keys.CursorEnd, keys.DeleteBack, keys.DeleteNext}).Draw(t, "act"))
		}
		w := rapid.IntRange(1, 30).Draw(t, "width")
		line, x := draw(&f, w)
		if x < 0 || x >= w {
			t.Fatalf("the cursor is at %d in a line of %d", x, w)
		}
		if got := ansi.StringWidth(line); got != w {
			t.Fatalf("the line is %d wide, not %d: %q", got, w, line)
		}
	})
}
