package markdown_test

import (
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
	"github.com/google/go-cmp/cmp"

	"github.com/monshin/monshin/tui/markdown"
	"github.com/monshin/monshin/tui/theme"
)

func render(s string, width int) []string {
	var out []string
	for _, l := range markdown.Render(s, width, theme.New(theme.Options{Dark: true, ASCII: true})) {
		out = append(out, strings.TrimRight(ansi.Strip(l), " "))
	}
	return out
}

func TestRender(t *testing.T) {
	tests := []struct {
		name, in string
		width    int
		want     []string
	}{
		{"a paragraph goes over lines", "one two\nthree four", 10, []string{"one two", "three four"}},
		{"a line feed between Japanese is no space", "日本\n語です", 20, []string{"日本語です"}},
		{"a heading stands apart", "text\n# Head\nmore", 20, []string{"text", "", "Head", "more"}},
		{"lists hang", "- one two three\n  1) four", 12, []string{"- one two", "  three", "  1) four"}},
		{"code stays", "```\n  aws x \\\n    --y\n```", 30, []string{"      aws x \\", "        --y"}},
		{"signs go", "**a** `b` [c](https://d) <https://e>", 40, []string{"a b c <https://d> https://e"}},
		{"open signs stay", "2 ** 3 ` [x", 20, []string{"2 ** 3 ` [x"}},
		{"tables are read row by row", "| a | b |\n|---|---|\n| c | d |", 20, []string{"  a : b", "  c : d"}},
		{"quotes", "> a\n> b", 20, []string{"| a b"}},
		{"rules", "a\n\n---\nb", 8, []string{"a", "", "--------", "b"}},
		{"nothing", "", 20, nil},
		{"escapes are shown", "a \x1b[31m b", 20, []string{`a \x1b[31m b`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if d := cmp.Diff(tt.want, render(tt.in, tt.width)); d != "" {
				t.Errorf("-want +got:\n%s", d)
			}
		})
	}
}

func TestStylesFollowTheirText(t *testing.T) {
	th := theme.New(theme.Options{Dark: true})
	got := strings.Join(markdown.Render("これは **とても大切な** 注意です。`code` もあります。", 16, th), "\n")
	for _, part := range []string{th.Strong.Apply("とても大"), th.Key.Apply("code")} {
		if !strings.Contains(got, part) {
			t.Errorf("%q is not in %q", part, got)
		}
	}
}

func FuzzRender(f *testing.F) {
	for _, s := range []string{"# a\n- b\n```\nc", "**[`", "|||\n>", "ｶﾞ **ｷﾞ** `か\u3099`", "1. \x1b]0;x\x07", "\u202e`\xff`", "[a](b", "---"} {
		f.Add(s, 20)
	}
	th := theme.New(theme.Options{Dark: true})
	f.Fuzz(func(t *testing.T, s string, width int) {
		width = max(8, min(width, 200))
		for _, l := range markdown.Render(s, width, th) {
			if got := ansi.StringWidth(l); got != width {
				t.Fatalf("a line of %d in a page of %d: %q", got, width, l)
			}
		}
	})
}
