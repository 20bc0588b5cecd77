package transcript

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/walk"
	"github.com/monshin/monshin/sessions/transcript/redact"
)

// writer builds the blocks of a report.
type writer struct {
	*material
	doc
}

func write(m *material) *writer { return &writer{material: m, doc: doc{lang: m.o.Lang}} }

// say of a writer is the report's: doc has one of its own for headings.
func (w *writer) said(t lang.Text) span { return say(w.in(t)) }

// whole writes everything in the order in which a customer's ticket wants it
// (結論、事象、時系列、原因と根拠、影響、対処、確認できなかった点、実施した操作、資料).
func (w *writer) whole() {
	w.head()
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
	w.scripts()
	w.shells()
	w.notes()
	w.sources()
	w.about()
}

func (w *writer) head() {
	w.heading(1, lang.Both("Investigation report", "調査レポート"))
	w.simulated()
	w.heading(2, lang.Both("Conclusion", "結論"))
	for _, s := range w.conclusionSentences() {
		w.para(say(s))
	}
	if asks := w.requests(); len(asks) > 0 {
		w.heading(3, lang.Both("What we ask of you", "お願いしたい事項"))
		var items []line
		for _, a := range asks {
			items = append(items, item(say(a)))
		}
		w.list(items)
	}
	w.heading(3, lang.Both("Subject", "対象"))
	w.fields(w.subject())
}

func (w *writer) simulated() {
	if w.d.Simulated {
		w.blocks = append(w.blocks, block{kind: warning, spans: []span{
			{bold, w.in(lang.Both("[SIMULATED]", "【模擬データ】"))},
			w.said(lang.Both(" This is data of a simulated account, not of a real one.", " 模擬アカウントの結果であり、実環境のデータではございません。")),
		}})
	}
}

// subject are what was examined, when, by whom and with what.
func (w *writer) subject() [][]string {
	account, region, instance := w.target()
	rows := [][]string{
		{w.in(lang.Both("Account", "アカウント")), account},
		{w.in(lang.Both("Region", "リージョン")), region},
		{w.in(lang.Both("Instance", "インスタンス")), instance},
	}
	row := func(name lang.Text, value string) {
		if value != "" {
			rows = append(rows, []string{w.in(name), value})
		}
	}
	if i, ok := w.d.Instance.Get(); ok {
		row(lang.Same("AMI"), show0(i.ImageID))
		row(lang.Both("OS", "OS"), show0(i.PlatformDetails))
	}
	row(lang.Both("Examined at", "調査日時"), w.whenBoth(w.d.AsOf))
	if from, to := w.whenBoth(w.s.Started), w.whenBoth(w.s.Ended); !w.s.Started.IsZero() && !w.s.Ended.IsZero() && from != to {
		row(lang.Both("Investigated from, to", "調査期間"), from+" - "+to)
	}
	row(lang.Both("Source", "取得元"), show0(w.d.Source))
	if c, ok := w.d.Caller.Get(); ok {
		row(lang.Both("Read as", "実行権限"), show0(c.ARN))
	}
	row(lang.Both("AWS profile", "AWS プロファイル"), show0(w.s.Profile))
	if w.reader != redact.Customer {
		var names []string
		for _, o := range w.s.Operators {
			names = append(names, show(o.Name))
		}
		row(lang.Both("Operators", "作業者"), strings.Join(names, ", "))
	}
	if w.o.Version != "" {
		row(lang.Both("Tool", "使用ツール"), "monshin "+show(w.o.Version))
	}
	row(lang.Both("Investigation", "調査 ID"), show0(w.s.ID))
	return rows
}

// show0 is show, but leaves nothing where there is nothing.
func show0(s string) string {
	if s == "" {
		return ""
	}
	return show(s)
}

func (w *writer) symptom() {
	w.heading(2, lang.Both("Symptom", "事象"))
	w.para(w.said(cleaned(w.d.Title)))
	if w.s.Reported != "" {
		w.para(w.said(lang.Both("As it was reported:", "お客様の申告内容（原文）:")))
		w.blocks = append(w.blocks, block{kind: quote, text: w.s.Reported})
	}
	var items []line
	for _, a := range w.s.Answers {
		v := say(w.in(lang.Both("don't know", "わからない")))
		if a.Value != "" {
			v = val(a.Value)
		}
		items = append(items, item(w.said(lang.Both("answered: %s = ", "回答: %s = ").With(show(a.Name))), v))
	}
	w.list(items)
}

func (w *writer) timeline() {
	if len(w.events) == 0 || len(w.events) == 1 && w.s.Estate == nil && len(w.s.Calls) == 0 {
		return
	}
	w.heading(2, lang.Both("Timeline", "時系列"))
	var rows [][]string
	for _, e := range w.events {
		what := w.in(cleaned(e.What))
		if e.Failed != "" {
			what += " [" + show(e.Failed) + "]"
		}
		who := e.Who
		if e.ID != "" {
			who = strings.TrimSpace(who + " (" + e.ID + ")")
		}
		rows = append(rows, []string{w.whenBoth(e.Time), show0(w.in(e.From)), what, show0(who)})
	}
	w.table([]lang.Text{lang.Both("Time", "日時"), lang.Both("Source", "情報源"), lang.Both("Event", "内容"), lang.Both("By (id)", "実行者（ID）")}, rows)
}

func (w *writer) causes() {
	if len(w.roots) == 0 {
		return
	}
	w.heading(2, lang.Both("Causes and what shows them", "原因と根拠"))
	for i, c := range w.roots {
		f := w.finding(c, w.whenBoth)
		w.heading(3, lang.Both("%d. %s", "%d. %s").With(i+1, w.cat.Title(f.Code)))
		w.para(val(f.ID()), w.said(lang.Both(" / %s / %s", " / %s / %s").With(c.Severity.Text(), c.Certainty.Text())))
		w.para(w.said(w.cat.Ticket(f)))
		w.para(w.said(w.cat.Cause(f)))
		w.evidence(f.Evidence)
		if len(f.Assumptions) > 0 {
			w.para(w.said(lang.Both("Assumed, not checked:", "前提（未確認）:")))
			var items []line
			for _, a := range f.Assumptions {
				items = append(items, item(w.said(w.cat.AssumptionTicket(a))))
			}
			w.list(items)
		}
	}
}

func (w *writer) evidence(in []finding.Evidence) {
	var items []line
	for _, e := range in {
		l := item(w.said(lang.Both("value: ", "取得値: ")), val(e.Value), say(" ("), val(e.At), say(")"))
		if !e.Rule.Zero() {
			l.sub = append(l.sub, item(w.said(lang.Both("rule: %s", "判定根拠: %s").With(cleaned(e.Rule).Times(w.whenBoth)))))
		}
		o := e.Origin
		from := item(w.said(lang.Both("read from: ", "取得元: ")))
		if o.Call != "" {
			from.spans = append(from.spans, val(o.Call), w.said(lang.Both(" (%s)", " (%s)").With(source(o.Source))))
		} else {
			from.spans = append(from.spans, w.said(source(o.Source)))
		}
		if !o.Time.IsZero() {
			from.spans = append(from.spans, say(", "+w.whenBoth(o.Time)))
		}
		if o.RequestID != "" {
			from.spans = append(from.spans, w.said(lang.Both(", %s ", ", %s ").With(requestID())), val(o.RequestID))
		}
		l.sub = append(l.sub, from)
		if o.CLI != "" {
			l.sub = append(l.sub, line{spans: []span{w.said(lang.Both("to see it yourself", "ご確認用コマンド"))}, command: o.CLI})
		}
		items = append(items, l)
	}
	w.list(items)
}

func (w *writer) looseFindings() {
	if len(w.material.loose) == 0 {
		return
	}
	w.heading(2, lang.Both("Found, without a known cause", "原因を特定できていない事象"))
	for _, l := range w.material.loose {
		f := w.finding(l, w.whenBoth)
		w.para(val(f.ID()), w.said(lang.Both(" / %s", " / %s").With(l.Certainty.Text())))
		w.para(w.said(w.cat.Ticket(f)))
		w.evidence(f.Evidence)
	}
}

func (w *writer) consequences() {
	if len(w.effects) == 0 {
		return
	}
	w.heading(2, lang.Both("Consequences", "派生事象"))
	var items []line
	for _, e := range w.effects {
		l := item(w.said(w.cat.Ticket(w.finding(e, w.whenBoth))))
		due := item()
		for i, id := range e.CausedBy {
			if i > 0 {
				due.spans = append(due.spans, say(", "))
			}
			due.spans = append(due.spans, val(id))
		}
		if w.lang == lang.Ja {
			due.spans = append(due.spans, say(" に起因する事象です。"))
		} else {
			due.spans = append([]span{say("due to ")}, due.spans...)
		}
		l.sub = []line{due}
		items = append(items, l)
	}
	w.list(items)
}

// unknowns are what could not be checked; what needs Windows is apart, as somebody
// else can do it.
func (w *writer) unknowns() {
	w.open(openTitle(), w.material.open)
	w.open(guestTitle(), w.guest)
}

func openTitle() lang.Text {
	return lang.Both("What could not be checked", "確認できなかった点")
}

func guestTitle() lang.Text {
	return lang.Both("What has to be checked inside Windows", "OS 内での確認が必要な点")
}

func checksTitle() lang.Text { return lang.Both("What was checked", "確認項目") }

func (w *writer) open(title lang.Text, in []walk.Open) {
	if len(in) == 0 {
		return
	}
	w.heading(2, title)
	var items []line
	for _, u := range in {
		l := item(span{bold, w.in(cleaned(u.Title))}, w.said(lang.Both(": %s", ": %s").With(reasonSentence(w.named(u.Why), w.whenBoth))))
		if u.Needed {
			l.spans = append(l.spans, w.said(lang.Both(" It is needed for a conclusion.", " 結論を出すために必要な項目です。")))
		}
		if u.Why.Action != "" {
			l.sub = append(l.sub, item(w.said(lang.Both("action: ", "必要なアクション: ")), val(u.Why.Action)))
		}
		if u.Why.Detail != "" {
			l.sub = append(l.sub, item(w.said(lang.Both("what came back: ", "応答内容: ")), val(u.Why.Detail)))
		}
		l.sub = append(l.sub, item(w.said(lang.Both("to do: %s", "対応: %s").With(remedy(u.Why)))))
		items = append(items, l)
	}
	w.list(items)
}

// remarks are findings for information.
func (w *writer) remarks() {
	if len(w.report.notes) == 0 {
		return
	}
	w.heading(2, lang.Both("For information", "参考情報"))
	var items []line
	for _, n := range w.report.notes {
		items = append(items, item(w.said(w.cat.Ticket(w.finding(n, w.whenBoth)))))
	}
	w.list(items)
}

func (w *writer) checks() {
	if len(w.d.Probes) == 0 {
		return
	}
	w.heading(2, checksTitle())
	var rows [][]string
	for _, j := range w.d.Probes {
		_, word := state(j.Verdict)
		rows = append(rows, []string{w.in(cleaned(j.Title)), w.in(word), w.in(cleaned(j.Verdict.Say).Times(w.when))})
	}
	w.table([]lang.Text{lang.Both("Check", "確認項目"), lang.Both("Result", "結果"), lang.Both("Remark", "内容")}, rows)
}

func (w *writer) method() {
	w.heading(2, lang.Both("What was done", "実施した操作"))
	c := w.d.Calls
	w.para(w.said(lang.Both("%d API calls were made, %d of which failed.", "API を %d 回呼び出しました（うち失敗 %d 回）。").With(c.Total, c.Failed)))
	switch {
	case !w.changed():
		w.para(w.said(lang.Both("They only read; nothing was changed.", "いずれも参照系の操作であり、変更操作は行っておりません。")))
	case w.onlyScripts():
		w.para(w.said(lang.Both("They only read, and ran the read-only scripts inside Windows that are listed below; nothing was changed.",
			"参照系の操作と、後述の OS 内の参照用スクリプトの実行（Run Command）のみであり、変更操作は行っておりません。")))
	}
	var names []string
	for op := range c.ByOperation {
		names = append(names, op)
	}
	slices.Sort(names)
	var items []line
	for _, op := range names {
		items = append(items, item(val(op), say(fmt.Sprintf(": %d", c.ByOperation[op]))))
	}
	w.list(items)
}

// calls is the table of every operation that was sent.
func (w *writer) calls() {
	var rows [][]string
	for _, c := range w.callsOf() {
		result := w.in(lang.Both("answered", "応答あり"))
		if c.Error != "" {
			result = show(c.Error)
		}
		switch c.Again {
		case "page":
			result += w.in(lang.Both(" (next page)", "（次ページ）"))
		case "retry":
			result += w.in(lang.Both(" (retry)", "（再試行）"))
		}
		rows = append(rows, []string{w.when(c.Time), show(c.Operation), result, c.Took.Round(time.Millisecond).String(), show(c.RequestID)})
	}
	w.table([]lang.Text{lang.Both("Time", "日時"), lang.Same("API"), lang.Both("Result", "結果"), lang.Both("Took", "所要時間"), requestID()}, rows)
}

func (w *writer) sources() {
	urls := w.documents()
	if len(urls) == 0 {
		return
	}
	w.heading(2, lang.Both("Official documentation", "公式ドキュメント"))
	var items []line
	for _, u := range urls {
		items = append(items, item(span{link, u}))
	}
	w.list(items)
}
