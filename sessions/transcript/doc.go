package transcript

import (
	"regexp"
	"strings"

	"github.com/monshin/monshin/diagnose/lang"
)

// A report is built once as blocks and written down by Markdown, plain text and HTML,
// so that the three say the same. What the blocks hold is not escaped: each writer
// does that in its own way.

type spanKind int

const (
	words spanKind = iota // monshin's words, with values in them
	value                 // a value as it was read, to be shown as it is
	bold
	link // an address of monshin's own catalogue, never one that was read
)

type span struct {
	kind spanKind
	text string
}

func say(s string) span { return span{words, s} }
func val(s string) span { return span{value, s} }

// line is one item of a list, with what hangs below it.
type line struct {
	spans   []span
	command string // a command to be copied, shown on lines of its own
	sub     []line
}

func item(spans ...span) line { return line{spans: spans} }

type blockKind int

const (
	heading blockKind = iota
	paragraph
	warning // a paragraph that must not be passed over
	quote   // what somebody said, to the letter
	bullets
	fields // names and values
	table
	verbatim
)

type block struct {
	kind  blockKind
	level int
	spans []span
	items []line
	// rows are those of fields (two cells) and of a table, whose first is its head.
	rows [][]string
	text string
	// info says what verbatim text is: "sh" for commands, "text" for what came out.
	info string
}

// doc is blocks under construction.
type doc struct {
	lang   lang.Lang
	blocks []block
}

func (d *doc) in(t lang.Text) string { return t.In(d.lang) }

func (d *doc) heading(level int, t lang.Text) {
	d.blocks = append(d.blocks, block{kind: heading, level: level, spans: []span{say(d.in(t))}})
}

func (d *doc) para(spans ...span) {
	d.blocks = append(d.blocks, block{kind: paragraph, spans: spans})
}

func (d *doc) list(items []line) {
	if len(items) > 0 {
		d.blocks = append(d.blocks, block{kind: bullets, items: items})
	}
}

func (d *doc) fields(rows [][]string) {
	if len(rows) > 0 {
		d.blocks = append(d.blocks, block{kind: fields, rows: rows})
	}
}

func (d *doc) table(head []lang.Text, rows [][]string) {
	if len(rows) == 0 {
		return
	}
	first := make([]string, len(head))
	for i, t := range head {
		first[i] = d.in(t)
	}
	d.blocks = append(d.blocks, block{kind: table, rows: append([][]string{first}, rows...)})
}

func (d *doc) verbatim(text, info string) {
	if strings.TrimSpace(text) != "" {
		d.blocks = append(d.blocks, block{kind: verbatim, text: text, info: info})
	}
}

var (
	numbered = regexp.MustCompile(`^(\d{1,3})\. +(.*)$`)
	bulleted = regexp.MustCompile(`^[-*] +(.*)$`)
	inline   = regexp.MustCompile("`[^`]+`|\\*\\*[^*]+\\*\\*")
)

// page takes over a part of a page of the catalogue: monshin's own Markdown, which
// knows paragraphs, lists, code spans and bold words.
func (d *doc) page(text string) {
	var items []line
	flush := func() {
		d.list(items)
		items = nil
	}
	for l := range strings.Lines(text) {
		l = strings.TrimSpace(l)
		switch {
		case l == "" || strings.HasPrefix(l, "```"):
			continue
		case numbered.MatchString(l):
			m := numbered.FindStringSubmatch(l)
			items = append(items, line{spans: append([]span{say("(" + m[1] + ") ")}, spansOf(m[2])...)})
		case bulleted.MatchString(l):
			items = append(items, line{spans: spansOf(bulleted.FindStringSubmatch(l)[1])})
		default:
			flush()
			d.para(spansOf(l)...)
		}
	}
	flush()
}

func spansOf(s string) []span {
	var out []span
	from := 0
	for _, m := range inline.FindAllStringIndex(s, -1) {
		if m[0] > from {
			out = append(out, say(s[from:m[0]]))
		}
		word := s[m[0]:m[1]]
		if word[0] == '`' {
			out = append(out, val(strings.Trim(word, "`")))
		} else {
			out = append(out, span{bold, strings.Trim(word, "*")})
		}
		from = m[1]
	}
	if from < len(s) {
		out = append(out, say(s[from:]))
	}
	return out
}

// bare is the text of spans without any marks.
func bare(spans []span) string {
	var b strings.Builder
	for _, s := range spans {
		b.WriteString(s.text)
	}
	return b.String()
}
