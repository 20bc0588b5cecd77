// Package evidence writes what findings stand on: value, rule, call, time, source.
package evidence

import (
	"strings"
	"time"

	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/walk"
	"github.com/monshin/monshin/tui/cell"
	"github.com/monshin/monshin/tui/page"
	"github.com/monshin/monshin/tui/say"
	"github.com/monshin/monshin/tui/theme"
	"github.com/monshin/monshin/tui/world"
)

// labels is how wide the column of names is.
const labels = 12

// Lines writes pieces of evidence in lines of exactly width cells.
func Lines(e page.Env, list []finding.Evidence, width int) []string {
	var out []string
	for i, ev := range list {
		if i > 0 {
			out = append(out, cell.Blank(width))
		}
		head := lang.Both("Evidence %d of %d", "根拠 %d/%d").With(i+1, len(list)).In(e.Lang)
		out = append(out, cell.NewLine(width).Add(e.Theme.Strong, head).String())
		for _, row := range rows(e, ev) {
			out = append(out, Row(e, row.name.In(e.Lang), row.value, width)...)
		}
	}
	return out
}

// Row writes a name and a value that may take several lines.
func Row(e page.Env, name, value string, width int) []string {
	var out []string
	column := min(labels, width/3)
	for i, s := range cell.Wrap(value, width-column-1) {
		l := cell.NewLine(width)
		if i == 0 {
			l.Column(e.Theme.Dim, name, column)
		} else {
			l.Space(column)
		}
		out = append(out, l.Space(1).Add(e.Theme.Plain, s).String())
	}
	return out
}

// Paragraph writes text in a style over as many lines as it takes.
func Paragraph(s theme.Style, text string, width int) []string {
	var out []string
	for _, l := range cell.Wrap(text, width) {
		out = append(out, cell.NewLine(width).Add(s, l).String())
	}
	return out
}

type row struct {
	name  lang.Text
	value string
}

func rows(e page.Env, ev finding.Evidence) []row {
	out := []row{{lang.Both("Value", "取得値"), ev.Value}}
	add := func(en, ja, value string) {
		if value != "" {
			out = append(out, row{lang.Both(en, ja), value})
		}
	}
	add("Rule", "判定根拠", say.Zoned(ev.Rule.In(e.Lang), e.Zone))
	add("Where", "場所", ev.At)
	o := ev.Origin
	call := o.Call
	if o.RequestID != "" {
		call += lang.Both(" (request id %s)", "（リクエスト ID %s）").With(o.RequestID).In(e.Lang)
	}
	add("Call", "API", call)
	if !o.Time.IsZero() {
		at := say.Time(o.Time, e.Zone)
		if age := say.Age(o.Time, e.Now); !age.Zero() {
			at += lang.Both(" (%s)", "（%s）").With(age).In(e.Lang)
		}
		add("Read at", "取得時刻", at)
	}
	if o.Source != "" {
		add("Source", "情報源", say.Source(o.Source).In(e.Lang))
	}
	return out
}

// Clock is e with the clock from which the ages of a diagnosis' evidence are told:
// in a lab time stands where its scenario put it.
func Clock(e page.Env, d *walk.Diagnosis) page.Env {
	if d != nil && d.Simulated {
		e.Now = d.AsOf
	}
	return e
}

// Say is a finding on one line, its times in the operator's zone.
func Say(e page.Env, c world.Catalogue, f finding.Finding) lang.Text { return c.Screen(inZone(e, f)) }

func inZone(e page.Env, f finding.Finding) finding.Finding {
	return f.WithTimes(func(t time.Time) string { return say.Time(t, e.Zone) })
}

// Finding writes a finding's evidence, assumptions and relations.
func Finding(e page.Env, c world.Catalogue, d *walk.Diagnosis, f walk.Weighed, width int) []string {
	out := Lines(e, f.Evidence, width)
	section := func(title lang.Text, items []string) {
		if len(items) == 0 {
			return
		}
		if len(out) > 0 {
			out = append(out, cell.Blank(width))
		}
		out = append(out, cell.NewLine(width).Add(e.Theme.Strong, title.In(e.Lang)).String())
		for _, item := range items {
			for i, s := range cell.Wrap(item, width-2) {
				lead := "  "
				if i == 0 {
					lead = "- "
				}
				out = append(out, cell.NewLine(width).Add(e.Theme.Dim, lead).Add(e.Theme.Plain, s).String())
			}
		}
	}
	var assumed []string
	for _, a := range inZone(e, f.Finding).Assumptions {
		assumed = append(assumed, Assumption(c, a).In(e.Lang))
	}
	section(lang.Both("Assumed, not checked", "前提（未確認）"), assumed)
	section(lang.Both("Explains", "派生事象"), named(e, c, d, f.Explains))
	section(lang.Both("Caused by", "原因"), named(e, c, d, f.CausedBy))
	return out
}

// named says findings that are given by their ids.
func named(e page.Env, c world.Catalogue, d *walk.Diagnosis, ids []string) []string {
	var out []string
	for _, id := range ids {
		text := id
		if d != nil {
			for _, f := range d.Findings {
				if f.ID() == id {
					text = Say(e, c, f.Finding).In(e.Lang) + " (" + id + ")"
				}
			}
		}
		out = append(out, text)
	}
	return out
}

// Assumption says an assumption, by its code where the catalogue has no words for it.
func Assumption(c world.Catalogue, a finding.Assumption) lang.Text {
	if words, ok := c.(world.Assumer); ok {
		if t := words.AssumptionScreen(a); !t.Zero() {
			return t
		}
	}
	return lang.Same(a.Code)
}

// Text writes evidence as plain lines, for the clipboard and the plain screen.
func Text(e page.Env, list []finding.Evidence) []string {
	var out []string
	for i, ev := range list {
		out = append(out, lang.Both("Evidence %d of %d", "根拠 %d/%d").With(i+1, len(list)).In(e.Lang))
		for _, r := range rows(e, ev) {
			out = append(out, "  "+r.name.In(e.Lang)+": "+cell.Clean(r.value))
		}
		if ev.Origin.CLI != "" {
			out = append(out, "  CLI: "+cell.Clean(ev.Origin.CLI))
		}
	}
	return out
}

// Summary is a finding with its evidence for the clipboard.
func Summary(e page.Env, c world.Catalogue, f walk.Weighed) string {
	lines := []string{
		"[" + f.Certainty.Text().In(e.Lang) + "] " + cell.Clean(Say(e, c, f.Finding).In(e.Lang)),
		cell.Clean(f.ID()),
	}
	for _, a := range inZone(e, f.Finding).Assumptions {
		lines = append(lines, lang.Both("Assumed, not checked: %s", "前提（未確認）: %s").With(Assumption(c, a)).In(e.Lang))
	}
	lines = append(lines, Text(e, f.Evidence)...)
	return strings.Join(lines, "\n") + "\n"
}
