package fix

import (
	"slices"
	"strings"

	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/remedy"
	"github.com/monshin/monshin/diagnose/walk"
	"github.com/monshin/monshin/tui/cell"
	"github.com/monshin/monshin/tui/page"
	"github.com/monshin/monshin/tui/theme"
)

// forecastLines draws what will be gone, what stays, what appears.
func (p *Page) forecastLines(e page.Env, f remedy.Forecast, width int) []string {
	var out []string
	part := func(sign string, s, rest theme.Style, name lang.Text, items []lang.Text) {
		if len(items) == 0 {
			return
		}
		out = append(out, para(e, s, name, width)...)
		for _, t := range items {
			for i, l := range cell.Wrap(text(e, t), width-3) {
				line := cell.NewLine(width)
				if i == 0 {
					line.Add(s, " "+sign+" ")
				} else {
					line.Space(3)
				}
				out = append(out, line.Add(rest, l).String())
			}
		}
	}
	names := func(ids []string) (out []lang.Text) {
		for _, id := range ids {
			out = append(out, p.name(id))
		}
		return out
	}
	plain := e.Theme.Plain
	part("!", e.Theme.Problem, e.Theme.Problem, lang.Both("APPEARS", "新たに発生"), names(f.Appears))
	part("+", e.Theme.OK, plain, lang.Both("Gone", "解消"), names(f.Gone))
	part("=", e.Theme.Unknown, plain, lang.Both("Stays", "残存"), names(f.Stays))
	part("?", e.Theme.Running, plain, lang.Both("Only shows afterwards", "適用後に確認"), names(f.Open))
	part("?", e.Theme.Unknown, plain, lang.Both("Cannot be foretold", "見込みを判定できない項目"), unread(f))
	switch n := len(f.Roots); {
	case n > 0:
		return append(out, para(e, e.Theme.Strong, lang.Both("Root causes left: %d", "残る根本原因: %d 件").With(n), width)...)
	case len(f.Open)+len(f.Unread) > 0:
		return append(out, para(e, e.Theme.Strong, lang.Both("No root cause left as far as can be foretold", "見込みを判定できる範囲では残る根本原因なし"), width)...)
	}
	return append(out, para(e, e.Theme.Strong, lang.Both("No root cause left in what was checked", "確認した範囲では残る根本原因なし"), width)...)
}

// unread names the judgements that rest on what was not read.
func unread(f remedy.Forecast) []lang.Text {
	var out []lang.Text
	for _, id := range f.Unread {
		t := lang.Same(id)
		if f.After != nil {
			if i := slices.IndexFunc(f.After.Probes, func(j walk.Judged) bool { return j.Probe == id && !j.Title.Zero() }); i >= 0 {
				t = f.After.Probes[i].Title
			}
		}
		out = append(out, t)
	}
	return out
}

// name says a finding by its id (code@subject) in short: what it is, and of what.
func (p *Page) name(id string) lang.Text {
	code, subject, _ := strings.Cut(id, "@")
	entry, ok := p.Catalogue.Entry(finding.Code(code))
	switch {
	case !ok || entry.Title.Zero():
		return lang.Same(id)
	case subject == "":
		return entry.Title
	}
	return lang.Both("%s: %s", "%s: %s").With(entry.Title, subject)
}

// since is the forecast of the last fix of a list told from the beginning of the
// list: each of its parts is about what d found.
func since(d *walk.Diagnosis, last remedy.Forecast) remedy.Forecast {
	if d == nil || last.After == nil {
		return last
	}
	f := last
	f.Gone, f.Stays, f.Open, f.Appears = nil, nil, nil, nil
	for _, w := range d.Findings {
		_, stays := found(last.After, w.ID())
		switch {
		case w.Severity == finding.Info && !w.Observation:
		case stays:
			f.Stays = append(f.Stays, w.ID())
		case unjudged(last.After, w.Probe):
			f.Open = append(f.Open, w.ID())
		default:
			f.Gone = append(f.Gone, w.ID())
		}
	}
	for _, w := range last.After.Findings {
		if _, was := found(d, w.ID()); !was && w.Severity != finding.Info {
			f.Appears = append(f.Appears, w.ID())
		}
	}
	return f
}
