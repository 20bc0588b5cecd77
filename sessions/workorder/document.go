package workorder

import (
	"fmt"
	"html"
	"slices"
	"strings"

	"github.com/monshin/monshin/diagnose/lang"
)

// kind is what a block of a document is.
type kind uint8

const (
	title kind = iota
	heading
	subheading
	paragraph
	item
	command // one or more lines to be copied
	blanks  // labels of fields that a person fills in
)

// block is one piece of a document, in the language of the document. Its text is
// clean, and not yet escaped for any format.
type block struct {
	kind kind
	text string
	list []string
}

// document is a page in one language that has not been given a format yet.
type document struct {
	lang   lang.Lang
	blocks []block
}

func (d *document) add(k kind, t lang.Text) {
	if !t.Zero() {
		d.blocks = append(d.blocks, block{kind: k, text: lang.Clean(t.In(d.lang))})
	}
}

// copied adds lines that are meant to be copied: they are never broken.
func (d *document) copied(text string) {
	if text = strings.TrimRight(lang.CleanLines(text), "\n"); text != "" {
		d.blocks = append(d.blocks, block{kind: command, text: text})
	}
}

func (d *document) toFill(labels ...lang.Text) {
	b := block{kind: blanks}
	for _, l := range labels {
		b.list = append(b.list, l.In(d.lang))
	}
	d.blocks = append(d.blocks, b)
}

// width is what a mail or a ticket without Markdown shows without breaking lines.
const width = 72

// text writes the document for a terminal or a mail: no tables, no box drawing.
func (d *document) text() string {
	var b strings.Builder
	wrap := func(head, s string) {
		for _, l := range lang.WrapHanging(head+s, width, lang.Width(head)) {
			fmt.Fprintln(&b, strings.TrimRight(l, " "))
		}
	}
	for _, x := range d.blocks {
		switch x.kind {
		case title:
			wrap("", x.text)
			fmt.Fprintln(&b, strings.Repeat("=", min(lang.Width(x.text), width)))
		case heading:
			fmt.Fprintln(&b)
			wrap("", x.text)
			fmt.Fprintln(&b, strings.Repeat("-", min(lang.Width(x.text), width)))
		case subheading:
			fmt.Fprintln(&b)
			wrap("", x.text)
		case paragraph:
			wrap("", x.text)
		case item:
			wrap("- ", x.text)
		case command:
			for _, l := range strings.Split(x.text, "\n") {
				fmt.Fprintln(&b, strings.TrimRight("    "+l, " "))
			}
		case blanks:
			for _, l := range x.list {
				fmt.Fprintf(&b, "  %s: ____________________\n", l)
			}
		}
	}
	return b.String()
}

// markdown writes the document for a ticket.
func (d *document) markdown() string {
	var b strings.Builder
	last := title
	for i, x := range d.blocks {
		if i > 0 && (x.kind != item || last != item) {
			fmt.Fprintln(&b)
		}
		last = x.kind
		switch x.kind {
		case title:
			fmt.Fprintf(&b, "# %s\n", escaped(x.text))
		case heading:
			fmt.Fprintf(&b, "## %s\n", escaped(x.text))
		case subheading:
			fmt.Fprintf(&b, "### %s\n", escaped(x.text))
		case paragraph:
			fmt.Fprintf(&b, "%s\n", escaped(x.text))
		case item:
			fmt.Fprintf(&b, "- %s\n", escaped(x.text))
		case command:
			fence := "```"
			for strings.Contains(x.text, fence) {
				fence += "`"
			}
			fmt.Fprintf(&b, "%s\n%s\n%s\n", fence, x.text, fence)
		case blanks:
			fmt.Fprintf(&b, "|%s\n|%s\n|%s\n", cells(x.list, " %s |"), cells(x.list, "---|"), cells(x.list, "   |"))
		}
	}
	return b.String()
}

func cells(list []string, form string) string {
	var b strings.Builder
	for _, s := range list {
		if strings.Contains(form, "%s") {
			fmt.Fprintf(&b, form, escaped(s))
			continue
		}
		b.WriteString(form)
	}
	return b.String()
}

// special are the characters that Markdown or HTML would act on.
const special = "\\`*[]{}|~!#$<>&@"

// escaped makes s plain text in Markdown.
func escaped(s string) string {
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == '<', r == '>', r == '&', r == '@':
			fmt.Fprintf(&b, "&#%d;", r)
			continue
		case strings.ContainsRune(special, r):
			b.WriteByte('\\')
		case i == 0 && (r == '-' || r == '+' || r == '='):
			b.WriteByte('\\')
		case r == ':' && strings.HasPrefix(s[i:], "://"):
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// style prints well and follows the reader's light or dark setting.
const style = `:root{color-scheme:light dark}body{font:15px/1.6 system-ui,"Hiragino Sans","Yu Gothic UI",sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem}
pre{white-space:pre-wrap;overflow-wrap:anywhere;border:1px solid #8886;border-radius:4px;padding:.6rem;font-size:13px}
h2{border-bottom:1px solid #8886}table{border-collapse:collapse}td,th{border:1px solid #8886;padding:.4rem 1.2rem;min-width:5rem;height:1.2rem}
@media print{body{margin:0;max-width:none}h3{break-after:avoid}pre{break-inside:avoid}}`

// page writes the document as one HTML file that needs no network and no script.
func (d *document) page() string {
	var b strings.Builder
	head := ""
	if i := slices.IndexFunc(d.blocks, func(x block) bool { return x.kind == title }); i >= 0 {
		head = d.blocks[i].text
	}
	fmt.Fprintf(&b, "<!DOCTYPE html>\n<html lang=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n<title>%s</title>\n<style>\n%s\n</style>\n</head>\n<body>\n",
		d.lang, html.EscapeString(head), style)
	list := false
	for _, x := range d.blocks {
		if list != (x.kind == item) {
			list = !list
			if list {
				b.WriteString("<ul>\n")
			} else {
				b.WriteString("</ul>\n")
			}
		}
		s := html.EscapeString(x.text)
		switch x.kind {
		case title:
			fmt.Fprintf(&b, "<h1>%s</h1>\n", s)
		case heading:
			fmt.Fprintf(&b, "<h2>%s</h2>\n", s)
		case subheading:
			fmt.Fprintf(&b, "<h3>%s</h3>\n", s)
		case paragraph:
			fmt.Fprintf(&b, "<p>%s</p>\n", s)
		case item:
			fmt.Fprintf(&b, "<li>%s</li>\n", s)
		case command:
			fmt.Fprintf(&b, "<pre>%s</pre>\n", s)
		case blanks:
			b.WriteString("<table><tr>")
			for _, l := range x.list {
				fmt.Fprintf(&b, "<th>%s</th>", html.EscapeString(l))
			}
			b.WriteString("</tr><tr>" + strings.Repeat("<td></td>", len(x.list)) + "</tr></table>\n")
		}
	}
	if list {
		b.WriteString("</ul>\n")
	}
	b.WriteString("</body>\n</html>\n")
	return b.String()
}
