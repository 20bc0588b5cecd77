package transcript

import (
	"strings"

	"github.com/monshin/monshin/diagnose/lang"
)

// ticketWidth is how many cells a line for a ticket system may take: what mails are
// wrapped at, with room for the marks of a reply.
const ticketWidth = 72

// plainText is the report for a ticket system that knows no Markdown: no tables, no
// lines drawn, every line within ticketWidth.
func (m *material) plainText() string {
	if m.o.Summary {
		p := &paper{width: ticketWidth}
		for l := range strings.Lines(m.summary()) {
			text, command, ok := strings.Cut(strings.TrimSuffix(l, "\n"), "monshin fix ")
			p.hang("", 2, strings.TrimSpace(text))
			if ok {
				p.command(2, "monshin fix "+command)
			}
		}
		return p.String()
	}
	w := write(m)
	w.whole()
	return plainOf(w.blocks, w.lang)
}

func plainOf(blocks []block, l lang.Lang) string {
	p := &paper{width: ticketWidth}
	for i, x := range blocks {
		if i > 0 && !(x.kind == bullets && blocks[i-1].kind == paragraph) {
			p.blank()
		}
		switch x.kind {
		case heading:
			switch x.level {
			case 1, 2:
				p.line(0, lang.Both("== %s ==", "【%s】").With(lang.Clean(bare(x.spans))).In(l))
			default:
				p.line(0, lang.Both("-- %s --", "◇ %s").With(lang.Clean(bare(x.spans))).In(l))
			}
		case paragraph:
			p.line(0, lang.Clean(bare(x.spans)))
		case warning:
			p.line(0, lang.Clean(bare(x.spans)))
		case quote:
			for q := range strings.Lines(x.text) {
				p.item(0, ">", lang.Clean(strings.TrimRight(q, "\r\n")))
			}
		case bullets:
			p.bullets(x.items, 0)
		case fields:
			for _, r := range x.rows {
				p.field(lang.Clean(r[0]), lang.Clean(r[1]))
			}
		case table:
			p.records(x.rows)
		case verbatim:
			for v := range strings.Lines(x.text) {
				p.command(2, strings.TrimRight(v, "\r\n"))
			}
		}
	}
	return p.String()
}

func (p *paper) bullets(items []line, indent int) {
	for _, it := range items {
		text := lang.Clean(bare(it.spans))
		if it.command != "" {
			text += ":"
		}
		p.item(indent, "-", text)
		if it.command != "" {
			p.command(indent+2, it.command)
		}
		p.bullets(it.sub, indent+2)
	}
}

// records writes a table one row after the other: the first cell, then what stands
// in the others with the names of their columns.
func (p *paper) records(rows [][]string) {
	for _, row := range rows[1:] {
		p.item(0, "-", lang.Clean(row[0]))
		for i, cell := range row[1:] {
			if cell != "" {
				p.hang("  "+lang.Clean(rows[0][i+1])+": ", 4, lang.Clean(cell))
			}
		}
	}
}

// command writes a line to be copied. Where it is too long it goes on behind a
// backslash, which a shell takes for the end of nothing; the rest begins at the edge,
// so that a word that had to be cut stays one.
func (p *paper) command(indent int, s string) {
	s = lang.Clean(s)
	lead := strings.Repeat(" ", indent)
	for lang.Width(lead+s) > p.width {
		room := p.width - indent - 2
		cut := strings.LastIndexByte(lang.Truncate(s, room+1), ' ')
		if whole := strings.TrimRight(headOf(s, room), " "); cut <= 0 || cut >= len(whole) {
			if at := strings.LastIndexByte(whole, ' '); at > 0 {
				cut = at
			} else {
				head := headOf(s, room+1)
				p.lines = append(p.lines, lead+head+`\`)
				s, lead = s[len(head):], ""
				continue
			}
		}
		p.lines = append(p.lines, lead+s[:cut]+` \`)
		s, lead = strings.TrimLeft(s[cut:], " "), strings.Repeat(" ", indent)
	}
	p.lines = append(p.lines, lead+s)
}

// headOf is the beginning of s that fits into width cells, one character at least.
func headOf(s string, width int) string {
	end := 0
	for i, r := range s {
		if n := i + len(string(r)); end == 0 || lang.Width(s[:n]) <= width {
			end = n
			continue
		}
		break
	}
	return s[:end]
}
