package transcript

import (
	"bytes"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"regexp"
	"strings"

	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/walk"
)

//go:embed report.html.tmpl
var reportPage string

// page is what the template of the report is filled with. Every string is plain text:
// html/template escapes it where it stands.
type page struct {
	Lang, Title, Outcome, State string
	// Lead names the target, the symptom and the time on one line.
	Lead       []string
	Simulated  string
	Conclusion []string
	Asks       []string
	Subject    [][]string
	// Confirmed and Open stand side by side on the first screen: what is wrong, and what
	// is not known. ConfirmedMore and OpenMore count the rest, with a link to it.
	Confirmed, Open         []stated
	ConfirmedAll, OpenAll   int
	ConfirmedMore, OpenMore *more
	Nav                     []navEntry
	Tree                    *treePicture
	Steps                   []string
	Paths                   []pathPicture
	// OpenPaths are those that are not drawn.
	OpenPaths []stated
	Body      []htmlBlock
	Shots     []screenshot
	Words     map[string]string
}

// stated is one judgement on a line: its mark, the class of the page's style, what was
// judged, what it came to.
type stated struct{ Mark, State, Title, Say string }

// more counts what is not shown; ID is where it stands.
type more struct{ State, Mark, Text, ID string }

type navEntry struct{ ID, Title string }

type screenshot struct {
	Time string
	Src  template.URL
}

// htmlBlock is a block as the template wants it.
type htmlBlock struct {
	Kind  string
	ID    string
	Level int
	Spans []htmlSpan
	Items []htmlItem
	// Rows are those of fields; Head and Table those of a table.
	Rows  [][]string
	Head  []string
	Table [][]cell
	Text  string
}

// cell is a cell of a table: its lines, the name of its column, the class of the
// page's style by which it breaks.
type cell struct {
	Lines        []string
	Label, Class string
}

type htmlSpan struct{ Kind, Text string }

type htmlItem struct {
	Spans   []htmlSpan
	Command string
	Sub     []htmlItem
}

func (m *material) html() ([]byte, error) {
	t, err := template.New("report").Parse(reportPage)
	if err != nil {
		return nil, fmt.Errorf("the template of the HTML report: %w", err)
	}
	var b bytes.Buffer
	if err := t.Execute(&b, m.filled()); err != nil {
		return nil, fmt.Errorf("write the diagnosis of %s as HTML: %w", lang.Clean(m.d.Target.InstanceID), err)
	}
	return b.Bytes(), nil
}

func (m *material) filled() page {
	w := write(m)
	w.symptom()
	w.timeline()
	w.causes()
	w.looseFindings()
	w.consequences()
	w.fixes()
	w.unknowns()
	w.remarks()
	w.checks()
	w.method()
	w.calls()
	w.scripts()
	w.shells()
	w.notes()
	w.sources()
	w.about()
	p := page{
		Lang: string(m.o.Lang), State: outcomeClass(m.d), Outcome: m.say(m.outcome()), Conclusion: m.conclusionSentences(), Asks: m.requests(),
		Title: m.say(lang.Both("Investigation report: %s", "調査レポート: %s").With(show(m.d.Target.InstanceID))), Lead: m.lead(),
		Subject: w.subject(), Tree: m.treePicture(), Steps: m.steps(), Shots: m.screenshots(),
		Words: map[string]string{},
	}
	p.Paths, p.OpenPaths = m.pathPictures()
	if m.d.Simulated {
		p.Simulated = m.say(simulated())
	}
	p.Subject = append([][]string{{m.say(lang.Both("Symptom", "事象")), m.say(cleaned(m.d.Title))}}, p.Subject...)
	if m.s.Seal.Last != "" {
		p.Subject = append(p.Subject, []string{m.say(lang.Both("Hash of the record", "作業記録のハッシュ値")), show(m.s.Seal.Last)})
	}
	for name, t := range map[string]lang.Text{
		"report": lang.Both("Investigation report", "調査レポート"), "asks": lang.Both("What we ask of you", "お願いしたい事項"),
		"none": lang.Both("Nothing at present.", "現時点ではございません。"), "subject": lang.Both("Subject", "対象"),
		"confirmed": lang.Both("Confirmed", "確認できた点"), "open": lang.Both("Could not be checked", "確認できなかった点"),
		"tree": lang.Both("The way through the decision tree", "切り分けの経過"), "paths": lang.Both("Network paths", "通信経路"),
		"shots": lang.Both("Console screenshots", "コンソール画面"), "contents": lang.Both("Contents", "目次"),
		"nothing": lang.Both("None.", "なし"), "thick": lang.Both("The thick line is the way that was taken.", "太線が実際の経過です。"),
	} {
		p.Words[name] = m.say(t)
	}
	p.Body, p.Nav = htmlBlocks(w.blocks)
	m.judgements(&p)
	var front []navEntry
	if p.Tree != nil {
		front = append(front, navEntry{"tree", p.Words["tree"]})
	}
	if len(p.Paths) > 0 {
		front = append(front, navEntry{"paths", p.Words["paths"]})
	}
	if len(p.Shots) > 0 {
		front = append(front, navEntry{"shots", p.Words["shots"]})
	}
	p.Nav = append(front, p.Nav...)
	return p
}

func outcomeClass(d *walk.Diagnosis) string {
	switch {
	case !d.Complete, d.Outcome == walk.Undecided:
		return "unknown"
	case d.Outcome == walk.Problems:
		return "problem"
	}
	return "ok"
}

// steps says the way through the tree in words, for those who do not see pictures.
func (m *material) steps() []string {
	if m.s.Tree == nil {
		return nil
	}
	var out []string
	for _, id := range m.d.Path {
		if n, ok := m.s.Tree.Node(id); ok {
			_, word, _ := m.nodeState(n, true)
			out = append(out, lang.Clean(m.nodeTitle(n))+": "+m.say(word))
		}
	}
	return out
}

// screenshots are inside the file itself.
func (m *material) screenshots() []screenshot {
	var out []screenshot
	for _, s := range m.s.Screenshots {
		// The type is one of two constants (see pictures) and the rest is base64: safe as
		// an address.
		out = append(out, screenshot{m.whenBoth(s.Time), template.URL("data:" + s.Type + ";base64," + base64.StdEncoding.EncodeToString(s.Data))})
	}
	return out
}

func htmlBlocks(in []block) ([]htmlBlock, []navEntry) {
	kinds := map[blockKind]string{heading: "heading", paragraph: "paragraph", warning: "warning", quote: "quote", bullets: "list", fields: "fields", table: "table", verbatim: "verbatim"}
	var out []htmlBlock
	var nav []navEntry
	for _, x := range in {
		b := htmlBlock{Kind: kinds[x.kind], Level: x.level, Spans: htmlSpans(x.spans), Items: htmlItems(x.items), Text: cleanLines(x.text)}
		for _, r := range x.rows {
			row := make([]string, len(r))
			for i, c := range r {
				row[i] = lang.Clean(c)
			}
			b.Rows = append(b.Rows, row)
		}
		if x.kind == table {
			b.Head, b.Table, b.Rows = b.Rows[0], cells(b.Rows), nil
		}
		if x.kind == heading && x.level == 2 {
			b.ID = fmt.Sprintf("s%d", len(nav)+1)
			nav = append(nav, navEntry{b.ID, lang.Clean(bare(x.spans))})
		}
		out = append(out, b)
	}
	return out, nav
}

// cells are the rows of a table behind its head. A column of short values is not
// broken, one of words breaks between them, one of ids and ARNs where it must.
func cells(rows [][]string) [][]cell {
	const short, word = 20, 34 // cells: of a column in one piece, of its longest word
	class := make([]string, len(rows[0]))
	for i := range class {
		widest, longest := 0, 0
		for _, r := range rows {
			if timed.MatchString(r[i]) {
				continue
			}
			widest = max(widest, lang.Width(r[i]))
			for _, w := range strings.Fields(r[i]) {
				longest = max(longest, lang.Width(w))
			}
		}
		switch {
		case widest <= short:
			class[i] = "whole"
		case longest <= word:
			class[i] = "words"
		}
	}
	var out [][]cell
	for _, r := range rows[1:] {
		row := make([]cell, len(r))
		for i, c := range r {
			row[i] = cell{pieces(c), rows[0][i], class[i]}
		}
		out = append(out, row)
	}
	return out
}

// timed is a time as whenBoth writes it.
var timed = regexp.MustCompile(`^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d\d:\d\d( / \S+Z)?$`)

// pieces are the lines of a cell: a time in two zones takes two.
func pieces(s string) []string {
	if timed.MatchString(s) {
		return strings.SplitN(s, " / ", 2)
	}
	return []string{s}
}

func htmlSpans(in []span) []htmlSpan {
	kinds := map[spanKind]string{words: "words", value: "value", bold: "bold", link: "link"}
	var out []htmlSpan
	for _, s := range in {
		text := lang.Clean(s.text)
		if s.kind == value {
			text = show(s.text)
		}
		out = append(out, htmlSpan{kinds[s.kind], text})
	}
	return out
}

func htmlItems(in []line) []htmlItem {
	var out []htmlItem
	for _, l := range in {
		out = append(out, htmlItem{htmlSpans(l.spans), lang.Clean(l.command), htmlItems(l.sub)})
	}
	return out
}

// cleanLines cleans a text and keeps its lines.
func cleanLines(s string) string {
	var b strings.Builder
	for l := range strings.Lines(s) {
		b.WriteString(lang.Clean(strings.TrimRight(l, "\r\n")) + "\n")
	}
	return strings.TrimRight(b.String(), "\n")
}
