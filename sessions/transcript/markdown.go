package transcript

import (
	"fmt"
	"strings"

	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/walk"
)

// Markdown writes a diagnosis as a report for a ticket (GitHub, Backlog): whole polite
// sentences, times in the reader's zone with UTC beside them. Strings from outside
// cannot become markup.
func Markdown(d *walk.Diagnosis, cat *finding.Catalogue, o Options) string {
	o.Reader = Internal
	return prepare(FromDiagnosis(d, nil, nil, o.Version), cat, o).markdown()
}

func (m *material) markdown() string {
	if m.o.Summary {
		// The conclusion alone, as a list for a chat that reads Markdown.
		var b strings.Builder
		for line := range strings.Lines(m.summary()) {
			b.WriteString("- " + plain(strings.TrimPrefix(strings.TrimSuffix(line, "\n"), "- ")) + "\n")
		}
		return b.String()
	}
	w := write(m)
	w.whole()
	return markdownOf(w.blocks, w.lang)
}

// markdownOf writes blocks as Markdown.
func markdownOf(blocks []block, l lang.Lang) string {
	var b strings.Builder
	put := func(s string) { b.WriteString(strings.TrimRight(s, "\n") + "\n\n") }
	for _, x := range blocks {
		switch x.kind {
		case heading:
			put(strings.Repeat("#", x.level) + " " + marked(x.spans))
		case paragraph:
			put(marked(x.spans))
		case warning:
			put("> " + marked(x.spans))
		case quote:
			var q strings.Builder
			for line := range strings.Lines(x.text) {
				// A break inside what somebody said stays one.
				q.WriteString("> " + plain(strings.TrimRight(line, "\r\n")) + "  \n")
			}
			put(strings.TrimRight(q.String(), " \n"))
		case bullets:
			put(markedList(x.items, ""))
		case fields:
			put(rowsOf(append([][]string{{lang.Both("Item", "項目").In(l), lang.Both("Value", "内容").In(l)}}, x.rows...)))
		case table:
			put(rowsOf(x.rows))
		case verbatim:
			put(fencedText(x.text, x.info))
		}
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}

func marked(spans []span) string {
	var b strings.Builder
	for _, s := range spans {
		switch s.kind {
		case value, link: // nothing in a ticket is a link by itself, so none can be passed off as one
			b.WriteString(code(s.text))
		case bold:
			b.WriteString("**" + plain(s.text) + "**")
		default:
			b.WriteString(plain(s.text))
		}
	}
	return b.String()
}

func markedList(items []line, indent string) string {
	var b strings.Builder
	for _, it := range items {
		b.WriteString(indent + "- " + marked(it.spans))
		if it.command != "" {
			b.WriteString(":\n\n" + fenced(it.command, indent+"  ") + "\n")
		}
		b.WriteString("\n" + markedList(it.sub, indent+"  "))
	}
	return b.String()
}

// rowsOf writes a table whose first row is its head.
func rowsOf(rows [][]string) string {
	var b strings.Builder
	for i, row := range rows {
		b.WriteString("|")
		for _, cell := range row {
			fmt.Fprintf(&b, " %s |", plain(cell))
		}
		b.WriteString("\n")
		if i == 0 {
			b.WriteString(strings.Repeat("|---", len(row)) + "|\n")
		}
	}
	return b.String()
}

// fencedText shows several lines as they are, in a fence that they cannot end; info
// says what they are.
func fencedText(text, info string) string {
	fence := "```"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	var b strings.Builder
	b.WriteString(fence + info + "\n")
	for line := range strings.Lines(text) {
		b.WriteString(lang.Clean(strings.TrimRight(line, "\r\n")) + "\n")
	}
	return b.String() + fence
}
