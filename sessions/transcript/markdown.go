package transcript

import (
	"fmt"
	"slices"
	"strings"

	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/probe"
	"github.com/monshin/monshin/diagnose/walk"
)

// Markdown writes a diagnosis as a report for a ticket: whole polite sentences,
// times in the reader's zone with UTC beside them. Strings from outside cannot
// become markup.
func Markdown(d *walk.Diagnosis, cat *finding.Catalogue, o Options) string {
	r := sorted(d, cat, o)
	m := &markdown{report: r}
	if o.Summary {
		m.summary()
		return m.String()
	}
	m.head()
	m.open()
	m.causes()
	m.loose()
	m.consequences()
	m.notes()
	m.checks()
	m.method()
	return m.String()
}

type markdown struct {
	report
	strings.Builder
}

// block writes a paragraph, heading or list, and the empty line behind it.
func (m *markdown) block(s string) { m.WriteString(strings.TrimRight(s, "\n") + "\n\n") }

func (m *markdown) heading(level int, t lang.Text) {
	m.block(strings.Repeat("#", level) + " " + plain(m.say(t)))
}

func (m *markdown) head() {
	m.heading(1, lang.Both("Investigation report", "調査レポート"))
	if m.d.Simulated {
		m.block("> **" + plain(m.say(lang.Both("[SIMULATED]", "【模擬データ】"))) + "** " +
			plain(m.say(lang.Both("This is data of a simulated account, not of a real one.", "模擬アカウントの結果であり、実環境のデータではございません。"))))
	}
	m.heading(2, lang.Both("Conclusion", "結論"))
	for _, s := range m.conclusionSentences() {
		m.block(plain(s))
	}
	account, region, instance := m.target()
	rows := [][2]string{
		{m.say(lang.Both("Account", "アカウント")), account},
		{m.say(lang.Both("Region", "リージョン")), region},
		{m.say(lang.Both("Instance", "インスタンス")), instance},
	}
	if i, ok := m.d.Instance.Get(); ok && i.ImageID != "" {
		rows = append(rows, [2]string{"AMI", show(i.ImageID)})
	}
	rows = append(rows,
		[2]string{m.say(lang.Both("Symptom", "事象")), m.say(m.d.Title)},
		[2]string{m.say(lang.Both("Examined at", "調査日時")), m.whenBoth(m.d.AsOf)},
		[2]string{m.say(lang.Both("Source", "取得元")), show(m.d.Source)},
	)
	if c, ok := m.d.Caller.Get(); ok && c.ARN != "" {
		rows = append(rows, [2]string{m.say(lang.Both("Read as", "実行権限")), show(c.ARN)})
	}
	if m.o.Version != "" {
		rows = append(rows, [2]string{m.say(lang.Both("Tool", "使用ツール")), "monshin " + show(m.o.Version)})
	}
	var b strings.Builder
	b.WriteString(m.say(lang.Both("| Item | Value |\n|---|---|\n", "| 項目 | 内容 |\n|---|---|\n")))
	for _, row := range rows {
		fmt.Fprintf(&b, "| %s | %s |\n", plain(row[0]), plain(row[1]))
	}
	m.block(b.String())
}

// conclusionSentences say the outcome, and each root cause with its certainty in the verb.
func (r report) conclusionSentences() []string {
	var out []string
	// What happened comes before why it did: 「終了されておりました。…が原因と…」.
	for _, f := range r.effects {
		if f.Observation {
			out = append(out, r.say(r.cat.Ticket(r.finding(f, r.whenBoth))))
			break
		}
	}
	for _, f := range r.roots {
		out = append(out, r.say(r.cat.Cause(r.finding(f, r.whenBoth))))
	}
	if len(r.roots) == 0 {
		out = append(out, r.say(r.outcomeSentence()))
	} else if !r.d.Complete {
		out = append(out, r.say(lang.Both("The examination was stopped before everything was read.", "なお、調査は途中で終了しております。")))
	}
	if n := len(r.d.Unknowns); n > 0 {
		out = append(out, r.say(lang.Both("Points that could not be checked: %d; they are listed below.", "なお、確認できていない点が %d 件ございます（後述）。").With(n)))
	}
	return out
}

func (r report) outcomeSentence() lang.Text {
	switch {
	case !r.d.Complete:
		return lang.Both("The examination was stopped before everything was read; there is no conclusion yet.", "調査を途中で終了したため、原因の切り分けは完了しておりません。")
	case r.d.Outcome == walk.Clear:
		return lang.Both("No problem was found in what was checked.", "確認した範囲では、問題は見受けられませんでした。")
	case r.d.Outcome == walk.Problems:
		return lang.Both("Problems were found; they are listed below.", "後述の問題が確認されました。")
	}
	return lang.Both("The cause could not be determined with what was checked.", "確認した範囲では原因を特定できておらず、切り分けは完了しておりません。")
}

func (m *markdown) open() {
	section := func(title lang.Text, list []walk.Open) {
		if len(list) == 0 {
			return
		}
		m.heading(2, title)
		var b strings.Builder
		for _, u := range list {
			fmt.Fprintf(&b, "- **%s**: %s", plain(m.say(u.Title)), plain(m.say(reasonSentence(m.named(u.Why), m.whenBoth))))
			if u.Needed {
				b.WriteString(" " + plain(m.say(lang.Both("It is needed for a conclusion.", "結論を出すために必要な項目です。"))))
			}
			if u.Why.Action != "" {
				fmt.Fprintf(&b, "\n  - %s: %s", plain(m.say(lang.Both("action", "必要なアクション"))), code(u.Why.Action))
			}
			if u.Why.Detail != "" {
				fmt.Fprintf(&b, "\n  - %s: %s", plain(m.say(lang.Both("what came back", "応答内容"))), code(u.Why.Detail))
			}
			fmt.Fprintf(&b, "\n  - %s: %s\n", plain(m.say(lang.Both("to do", "対応"))), plain(m.say(remedy(u.Why))))
		}
		m.block(b.String())
	}
	section(lang.Both("What could not be checked", "確認できなかった点"), m.report.open)
	section(lang.Both("What has to be checked inside Windows", "OS 内での確認が必要な点"), m.guest)
}

func (m *markdown) causes() {
	if len(m.roots) == 0 {
		return
	}
	m.heading(2, lang.Both("Causes and what shows them", "原因と根拠"))
	for i, w := range m.roots {
		f := m.finding(w, m.whenBoth)
		m.heading(3, lang.Both("%d. %s", "%d. %s").With(i+1, m.cat.Title(f.Code)))
		m.block(fmt.Sprintf("%s / %s / %s", code(f.ID()), plain(m.say(w.Severity.Text())), plain(m.say(w.Certainty.Text()))))
		m.block(plain(m.say(m.cat.Ticket(f))))
		m.block(plain(m.say(m.cat.Cause(f))))
		m.evidence(f.Evidence)
		if len(f.Assumptions) > 0 {
			var b strings.Builder
			for _, a := range f.Assumptions {
				fmt.Fprintf(&b, "- %s\n", plain(m.say(m.cat.AssumptionTicket(a))))
			}
			m.block(m.say(lang.Both("Assumed, not checked:", "前提（未確認）:")) + "\n\n" + b.String())
		}
	}
}

func (m *markdown) evidence(list []finding.Evidence) {
	if len(list) == 0 {
		return
	}
	var b strings.Builder
	for _, e := range list {
		fmt.Fprintf(&b, "- %s: %s (%s)\n", plain(m.say(lang.Both("value", "取得値"))), code(e.Value), code(e.At))
		if !e.Rule.Zero() {
			fmt.Fprintf(&b, "  - %s: %s\n", plain(m.say(lang.Both("rule", "判定根拠"))), plain(m.say(e.Rule)))
		}
		o := e.Origin
		from := plain(m.say(source(o.Source)))
		if o.Call != "" {
			from = code(o.Call) + " (" + from + ")"
		}
		if !o.Time.IsZero() {
			from += ", " + plain(m.whenBoth(o.Time))
		}
		if o.RequestID != "" {
			from += ", " + plain(m.say(requestID())) + " " + code(o.RequestID)
		}
		fmt.Fprintf(&b, "  - %s: %s\n", plain(m.say(lang.Both("read from", "取得元"))), from)
		if o.CLI != "" {
			fmt.Fprintf(&b, "  - %s:\n\n%s\n", plain(m.say(lang.Both("to see it yourself", "ご確認用コマンド"))), fenced(o.CLI, "    "))
		}
	}
	m.block(b.String())
}

func (m *markdown) loose() {
	if len(m.report.loose) == 0 {
		return
	}
	m.heading(2, lang.Both("Found, without a known cause", "原因を特定できていない事象"))
	for _, w := range m.report.loose {
		f := m.finding(w, m.whenBoth)
		m.block(code(f.ID()) + " / " + plain(m.say(w.Certainty.Text())))
		m.block(plain(m.say(m.cat.Ticket(f))))
		m.evidence(f.Evidence)
	}
}

func (m *markdown) consequences() {
	if len(m.effects) == 0 {
		return
	}
	m.heading(2, lang.Both("Consequences", "派生事象"))
	var b strings.Builder
	for _, w := range m.effects {
		var causes []string
		for _, id := range w.CausedBy {
			causes = append(causes, code(id))
		}
		fmt.Fprintf(&b, "- %s\n  - %s\n", plain(m.say(m.cat.Ticket(m.finding(w, m.whenBoth)))),
			m.say(lang.Both("due to %s", "%s に起因する事象です。").With(strings.Join(causes, ", "))))
	}
	m.block(b.String())
}

func (m *markdown) notes() {
	if len(m.report.notes) == 0 {
		return
	}
	m.heading(2, lang.Both("For information", "参考情報"))
	var b strings.Builder
	for _, w := range m.report.notes {
		fmt.Fprintf(&b, "- %s\n", plain(m.say(m.cat.Ticket(m.finding(w, m.whenBoth)))))
	}
	m.block(b.String())
}

func (m *markdown) checks() {
	if len(m.d.Probes) == 0 {
		return
	}
	m.heading(2, lang.Both("What was checked", "確認項目"))
	var b strings.Builder
	b.WriteString(m.say(lang.Both("| Check | Result | Remark |\n|---|---|---|\n", "| 確認項目 | 結果 | 内容 |\n|---|---|---|\n")))
	for _, j := range m.d.Probes {
		_, word := state(j.Verdict)
		fmt.Fprintf(&b, "| %s | %s | %s |\n", plain(m.say(j.Title)), plain(m.say(word)), plain(m.say(j.Verdict.Say.Times(m.when))))
	}
	m.block(b.String())
}

func (m *markdown) method() {
	m.heading(2, lang.Both("What was done", "実施した操作"))
	c := m.d.Calls
	m.block(plain(m.say(lang.Both("%d API calls were made, %d of which failed.", "API を %d 回呼び出しました（うち失敗 %d 回）。").With(c.Total, c.Failed))))
	if m.readOnly() {
		m.block(plain(m.say(lang.Both("They only read; nothing was changed.", "いずれも参照系の操作であり、変更操作は行っておりません。"))))
	}
	if len(c.ByOperation) == 0 {
		return
	}
	var names []string
	for op := range c.ByOperation {
		names = append(names, op)
	}
	slices.Sort(names)
	for i, op := range names {
		names[i] = fmt.Sprintf("- %s: %d", code(op), c.ByOperation[op])
	}
	m.block(strings.Join(names, "\n"))
}

// summary is the conclusion alone, as a list for a chat that reads Markdown.
func (m *markdown) summary() {
	for line := range strings.Lines(m.report.summary()) {
		m.WriteString("- " + plain(strings.TrimPrefix(strings.TrimSuffix(line, "\n"), "- ")) + "\n")
	}
}

// outcomeOf is what a probe says in monshin.diagnosis/v1. A judgement whose parts
// did not arrive is unknown there.
func outcomeOf(v probe.Verdict) string {
	if v.Outcome == "" {
		return string(probe.Unknown)
	}
	return string(v.Outcome)
}
