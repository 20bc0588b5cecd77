package transcript

import (
	"fmt"
	"strings"

	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/walk"
)

// Text writes a diagnosis for a terminal: the conclusion first, beside it what
// could not be checked, then every root cause with its evidence. Nothing in it is
// an escape sequence; lines are at most o.Width cells wide, except the summary,
// whose lines are left to the chat that shows them.
func Text(d *walk.Diagnosis, cat *finding.Catalogue, o Options) string {
	o.Reader = Internal
	return prepare(FromDiagnosis(d, nil, nil, o.Version), cat, o).text()
}

func (m *material) text() string {
	r := m.report
	if r.o.Summary {
		return m.summary()
	}
	p := &paper{width: r.o.Width}
	r.head(p)
	r.rootCauses(p)
	r.list(p, lang.Both("Cause not found", "原因が特定できていない事象"), "[!]", r.loose)
	r.consequences(p)
	r.unknowns(p, lang.Both("Not checked", "確認できなかった項目"), r.open)
	r.unknowns(p, lang.Both("To be checked inside Windows", "OS 内の確認が必要な項目"), r.guest)
	r.list(p, lang.Both("For information", "参考"), "[i]", r.notes)
	r.probes(p)
	r.calls(p)
	if m.s.Seal.Last != "" {
		p.line(0, r.say(lang.Both("Hash of the record: %s", "作業記録のハッシュ値: %s").With(show(m.s.Seal.Last))))
	}
	return p.String()
}

func (r report) head(p *paper) {
	if r.d.Simulated {
		p.line(0, r.say(simulated()))
	}
	p.field(r.say(lang.Both("Conclusion", "結論")), r.conclusion())
	if len(r.d.Unknowns) > 0 {
		p.field(r.say(lang.Both("Not checked", "確認できず")), r.notChecked())
	}
	account, region, instance := r.target()
	p.field(r.say(lang.Both("Account", "アカウント")), account)
	p.field(r.say(lang.Both("Region", "リージョン")), region)
	p.field(r.say(lang.Both("Instance", "インスタンス")), instance)
	p.field(r.say(lang.Both("Symptom", "事象")), r.say(cleaned(r.d.Title))+" ("+show(string(r.d.Symptom))+")")
	p.field(r.say(lang.Both("As of", "確認時刻")), r.when(r.d.AsOf))
	p.field(r.say(lang.Both("Source", "取得元")), show(r.d.Source))
	if c, ok := r.d.Caller.Get(); ok && c.ARN != "" {
		p.field(r.say(lang.Both("Read as", "実行権限")), show(c.ARN))
	}
}

// conclusion is one line: the outcome, and the first root cause with its certainty.
func (r report) conclusion() string {
	if len(r.roots) == 0 {
		return r.say(r.outcome())
	}
	f := r.roots[0]
	return r.say(lang.Both("%s: %s (%s)", "%s: %s（%s）").With(
		r.outcome(), r.cat.Screen(r.finding(f, r.when)), f.Certainty.Text()))
}

// notChecked counts what stays unknown and names the first of it.
func (r report) notChecked() string {
	const named = 3
	var titles []lang.Text
	for i, u := range r.d.Unknowns {
		if i == named {
			titles = append(titles, lang.Both("...", "ほか"))
			break
		}
		titles = append(titles, cleaned(u.Title))
	}
	n := lang.Both("%d", "%d 件").With(len(r.d.Unknowns))
	if k := r.needed(); k > 0 {
		n = lang.Both("%d (needed for a conclusion: %d)", "%d 件（うち結論に必要 %d 件）").With(len(r.d.Unknowns), k)
	}
	return r.say(lang.Both("%s: %s", "%s: %s").With(n, lang.Join(titles, lang.Both(", ", "、"))))
}

func (r report) rootCauses(p *paper) {
	if len(r.roots) == 0 {
		return
	}
	p.heading(r.say(lang.Both("Root causes", "根本原因")), len(r.roots))
	for i, root := range r.roots {
		if i > 0 {
			p.blank()
		}
		f := r.finding(root, r.when)
		p.item(0, "[x]", fmt.Sprintf("%d. %s", i+1, r.say(r.cat.Screen(f))))
		p.line(4, r.say(lang.Both("%s / %s / %s", "%s / %s / %s").With(show(f.ID()), root.Severity.Text(), root.Certainty.Text())))
		r.evidence(p, f.Evidence)
		for _, a := range f.Assumptions {
			p.item(4, "-", r.say(lang.Both("assumed, not checked: %s", "前提（未確認）: %s").With(r.cat.AssumptionScreen(a))))
		}
		if command := r.planCommand(root); command != "" {
			p.item(4, "-", r.say(lang.Both("plan of the fix:", "対処手順の作成:")))
			p.verbatim(6, "$ "+command)
		}
	}
}

func (r report) evidence(p *paper, list []finding.Evidence) {
	for _, e := range list {
		p.item(4, "-", fmt.Sprintf("%s: %s (%s)", r.say(lang.Both("value", "取得値")), show(e.Value), show(e.At)))
		if !e.Rule.Zero() {
			p.line(6, r.say(lang.Both("rule: %s", "判定根拠: %s").With(cleaned(e.Rule))))
		}
		o := e.Origin
		from := r.say(source(o.Source))
		if o.Call != "" {
			from = show(o.Call) + " [" + from + "]"
		}
		if !o.Time.IsZero() {
			from += " " + r.when(o.Time)
		}
		if o.RequestID != "" {
			from += " " + r.say(requestID()) + " " + show(o.RequestID)
		}
		p.line(6, r.say(lang.Both("read from: %s", "取得元: %s").With(from)))
		if o.CLI != "" {
			p.verbatim(6, "$ "+show(o.CLI))
		}
	}
}

func (r report) list(p *paper, title lang.Text, mark string, list []walk.Weighed) {
	if len(list) == 0 {
		return
	}
	p.heading(r.say(title), len(list))
	for _, w := range list {
		f := r.finding(w, r.when)
		p.item(0, mark, r.say(r.cat.Screen(f)))
		p.line(4, r.say(lang.Both("%s / %s / %s", "%s / %s / %s").With(show(f.ID()), w.Severity.Text(), w.Certainty.Text())))
		r.evidence(p, f.Evidence)
	}
}

// consequences shows what other findings explain, each once.
func (r report) consequences(p *paper) {
	if len(r.effects) == 0 {
		return
	}
	p.heading(r.say(lang.Both("Consequences", "派生事象")), len(r.effects))
	for _, w := range r.effects {
		p.item(0, "[>]", r.say(r.cat.Screen(r.finding(w, r.when))))
		p.line(4, r.say(lang.Both("due to %s", "%s に起因").With(show(strings.Join(w.CausedBy, ", ")))))
	}
}

func (r report) unknowns(p *paper, title lang.Text, list []walk.Open) {
	if len(list) == 0 {
		return
	}
	p.heading(r.say(title), len(list))
	for _, u := range list {
		var need lang.Text
		if u.Needed {
			need = lang.Both(" (needed for a conclusion)", "（結論に必要）")
		}
		p.item(0, "[?]", r.say(lang.Both("%s: %s%s", "%s: %s%s").With(cleaned(u.Title), reason(r.named(u.Why), r.when), need)))
		p.line(4, r.say(lang.Both("to do: %s", "対応: %s").With(remedy(u.Why))))
	}
}

func (r report) probes(p *paper) {
	if len(r.d.Probes) == 0 {
		return
	}
	p.heading(r.say(lang.Both("What was checked", "確認項目")), len(r.d.Probes))
	for _, j := range r.d.Probes {
		mark, word := state(j.Verdict)
		line := r.say(cleaned(j.Title)) + ": " + r.say(word)
		if !j.Verdict.Say.Zero() {
			line = r.say(lang.Both("%s: %s (%s)", "%s: %s（%s）").With(cleaned(j.Title), word, cleaned(j.Verdict.Say).Times(r.when)))
		}
		p.item(0, mark, line)
	}
}

func (r report) calls(p *paper) {
	p.blank()
	c := r.d.Calls
	p.line(0, r.say(lang.Both("API calls: %d (failed: %d, waves: %d)", "API 呼び出し: %d 回（失敗 %d 回、段数 %d）").With(c.Total, c.Failed, c.Waves)))
	if r.readOnly() {
		p.line(0, r.say(lang.Both("Nothing was changed: only reading calls were made.", "変更操作なし（参照系 API のみ）")))
	}
}

// cleaned is a text that may carry values from outside, fit to be shown.
func cleaned(t lang.Text) lang.Text { return lang.Both(lang.Clean(t.En), lang.Clean(t.Ja)) }
