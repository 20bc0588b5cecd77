// Package markdown lays the catalogue's pages out for a terminal. It knows the
// Markdown that those pages use, and wraps with the Japanese rules, which the
// general renderers do not.
package markdown

import (
	"regexp"
	"strings"

	"github.com/monshin/monshin/tui/cell"
	"github.com/monshin/monshin/tui/theme"
)

// Render lays text out in lines of exactly width cells.
func Render(text string, width int, t *theme.Theme) []string {
	width = max(width, 8)
	r := renderer{width: width, t: t, item: regexp.MustCompile(`^(\s*)([-*+]|\d{1,3}[.)])\s+(.*)$`)}
	for line := range strings.SplitSeq(strings.ReplaceAll(text, "\r\n", "\n"), "\n") {
		r.line(line)
	}
	r.flush()
	for len(r.out) > 0 && strings.TrimSpace(r.out[len(r.out)-1]) == "" {
		r.out = r.out[:len(r.out)-1]
	}
	return r.out
}

type renderer struct {
	width int
	t     *theme.Theme
	item  *regexp.Regexp
	out   []string

	paragraph string
	// first stands before the paragraph's first line, rest before the others.
	first, rest string
	quoted      bool
	fenced      bool
}

func (r *renderer) line(s string) {
	bare := strings.TrimSpace(s)
	switch {
	case strings.HasPrefix(bare, "```"):
		r.flush()
		r.fenced = !r.fenced
	case r.fenced:
		r.verbatim(s)
	case bare == "":
		r.flush()
		r.blank()
	case strings.HasPrefix(bare, "#"):
		r.flush()
		level := len(bare) - len(strings.TrimLeft(bare, "#"))
		r.heading(strings.TrimSpace(bare[level:]), level)
	case strings.Trim(bare, "-") == "" && len(bare) >= 3:
		r.flush()
		r.out = append(r.out, cell.NewLine(r.width).Repeat(r.t.Border, r.t.Box.Across, r.width).String())
	case strings.HasPrefix(bare, "|"):
		r.flush()
		r.table(bare)
	case strings.HasPrefix(bare, ">"):
		if !r.quoted {
			r.flush()
		}
		r.quoted, r.first, r.rest = true, "| ", "| "
		r.join(strings.TrimSpace(bare[1:]))
	default:
		if m := r.item.FindStringSubmatch(s); m != nil {
			r.flush()
			mark := m[2]
			if len(mark) == 1 {
				mark = "-"
			}
			depth := min(len(strings.ReplaceAll(m[1], "\t", "  ")), r.width/3)
			r.first = cell.Blank(depth) + mark + " "
			r.rest = cell.Blank(len(r.first))
			r.join(m[3])
			return
		}
		r.join(bare)
	}
}

// join adds a source line to the paragraph. Between Japanese characters a line
// feed is no space.
func (r *renderer) join(s string) {
	if r.paragraph != "" && s != "" {
		if r.paragraph[len(r.paragraph)-1] < 0x80 || s[0] < 0x80 {
			r.paragraph += " "
		}
	}
	r.paragraph += s
}

func (r *renderer) flush() {
	if r.paragraph != "" {
		style := r.t.Plain
		if r.quoted {
			style = r.t.Dim
		}
		r.text(r.paragraph, style)
	}
	r.paragraph, r.first, r.rest, r.quoted = "", "", "", false
}

func (r *renderer) text(s string, base theme.Style) {
	runs := inline(s, base, r.t)
	lines := wrapRuns(runs, r.width-len(r.first))
	for i, l := range lines {
		lead := r.rest
		if i == 0 {
			lead = r.first
		}
		out := cell.NewLine(r.width).Add(r.t.Dim, lead)
		for _, run := range l {
			out.Add(run.style, run.text)
		}
		r.out = append(r.out, out.String())
	}
}

func (r *renderer) heading(s string, level int) {
	if len(r.out) > 0 {
		r.blank()
	}
	style := r.t.Title
	if level > 2 {
		style = r.t.Strong
	}
	r.text(s, style)
}

// verbatim keeps a line as it is: a command that is broken into words cannot be
// copied. Where it is too long it goes on in the next line.
func (r *renderer) verbatim(s string) {
	for _, l := range cell.Wrap(strings.ReplaceAll(s, "\t", "    "), r.width-4) {
		r.out = append(r.out, cell.NewLine(r.width).Space(4).Add(r.t.Key, l).String())
	}
}

func (r *renderer) table(s string) {
	s = strings.Trim(s, "|")
	if strings.Trim(s, "-:| ") == "" {
		return
	}
	parts := strings.Split(s, "|")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	r.first, r.rest = "  ", "    "
	r.text(strings.Join(parts, " : "), r.t.Plain)
	r.first, r.rest = "", ""
}

func (r *renderer) blank() {
	if len(r.out) == 0 || strings.TrimSpace(r.out[len(r.out)-1]) == "" {
		return
	}
	r.out = append(r.out, cell.Blank(r.width))
}
