package markdown

import (
	"strings"
	"unicode/utf8"

	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/tui/theme"
)

// run is a stretch of text of one style.
type run struct {
	text  string
	style theme.Style
}

// inline finds `code`, **strong** and [links](url). A sign that is not closed is text.
func inline(s string, base theme.Style, t *theme.Theme) []run {
	var out []run
	var plain strings.Builder
	put := func(text string, style theme.Style) {
		if plain.Len() > 0 {
			out = append(out, run{plain.String(), base})
			plain.Reset()
		}
		out = append(out, run{text, style})
	}
	for s != "" {
		switch {
		case s[0] == '`':
			if code, rest, ok := strings.Cut(s[1:], "`"); ok {
				put(code, t.Key)
				s = rest
				continue
			}
		case strings.HasPrefix(s, "**"):
			if strong, rest, ok := strings.Cut(s[2:], "**"); ok && strong != "" {
				put(strong, t.Strong)
				s = rest
				continue
			}
		case s[0] == '[':
			if label, rest, ok := strings.Cut(s[1:], "]("); ok && !strings.Contains(label, "]") {
				if url, after, ok := strings.Cut(rest, ")"); ok {
					plain.WriteString(label)
					if url != label {
						put(" <"+url+">", t.Dim)
					}
					s = after
					continue
				}
			}
		case s[0] == '<' && strings.HasPrefix(s, "<http"):
			if url, rest, ok := strings.Cut(s[1:], ">"); ok {
				put(url, t.Dim)
				s = rest
				continue
			}
		}
		_, n := utf8.DecodeRuneInString(s)
		plain.WriteString(s[:n])
		s = s[n:]
	}
	if plain.Len() > 0 {
		out = append(out, run{plain.String(), base})
	}
	return out
}

// wrapRuns wraps the text of runs and gives each piece its style back. The wrapper
// drops spaces at line ends and changes nothing else of clean text.
func wrapRuns(runs []run, width int) [][]run {
	type styled struct {
		r     rune
		style int
	}
	var flat []styled
	var text strings.Builder
	for i, r := range runs {
		// Truncate composes half-width kana as Wrap will.
		clean := lang.Truncate(lang.Clean(r.text), 1<<20)
		text.WriteString(clean)
		for _, c := range clean {
			flat = append(flat, styled{c, i})
		}
	}
	var lines [][]run
	at := 0
	for _, l := range lang.Wrap(text.String(), width) {
		var line []run
		last := -1
		for _, c := range l {
			for at < len(flat) && flat[at].r != c && (flat[at].r == ' ' || flat[at].r == '\u3000') {
				at++
			}
			style := last
			if at < len(flat) {
				style = flat[at].style
				at++
			}
			if style != last || len(line) == 0 {
				line = append(line, run{style: runs[max(style, 0)].style})
				last = style
			}
			line[len(line)-1].text += string(c)
		}
		lines = append(lines, line)
	}
	return lines
}
