package transcript

import (
	"fmt"
	"slices"
	"strings"

	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/probe"
	"github.com/monshin/monshin/diagnose/walk"
	"github.com/monshin/monshin/sessions/transcript/redact"
)

// fixes tells what one does about the causes, and what was done.
func (w *writer) fixes() {
	if len(w.roots) == 0 && len(w.s.Fixes) == 0 {
		return
	}
	w.heading(2, lang.Both("What to do", "対処方法"))
	for _, f := range w.s.Fixes {
		w.fix(f)
	}
	if len(w.s.Fixes) == 0 {
		w.para(w.said(lang.Both("Nothing of this has been carried out by us.", "以下の対処は、当方では実施しておりません。")))
	}
	told := map[finding.Code]bool{}
	for _, r := range w.roots {
		steps, commands := w.advice(r.Code)
		plans := w.plans(r.Code)
		if steps == "" && plans == "" || told[r.Code] {
			continue
		}
		told[r.Code] = true
		w.heading(3, w.cat.Title(r.Code))
		w.page(steps)
		if plans != "" {
			w.para(w.said(lang.Both("The plan with the exact calls, what they reach and the way back:", "作業手順書（実行する API、影響範囲、切り戻し）の作成:")))
			w.verbatim(plans, "sh")
		}
		if commands != "" {
			w.para(w.said(lang.Both("Commands by which to check (replace the words in capitals):", "確認用コマンド（大文字の部分は環境に合わせて置き換えてください）:")))
			w.verbatim(commands, "sh")
		}
	}
}

// plans are the commands that write the plans of what settles a code, one a finding.
func (w *writer) plans(c finding.Code) string {
	var out []string
	for _, r := range w.roots {
		if command := w.planCommand(r); r.Code == c && command != "" && !slices.Contains(out, command) {
			out = append(out, command)
		}
	}
	return strings.Join(out, "\n")
}

func (w *writer) fix(f Fix) {
	w.heading(3, lang.Both("%s: %s", "%s: %s").With(cleaned(f.Title), resultText(f.Result)))
	rows := [][]string{{w.in(lang.Both("Fix", "対処")), show(f.Name)}}
	row := func(name lang.Text, value string) {
		if value != "" {
			rows = append(rows, []string{w.in(name), value})
		}
	}
	row(lang.Both("Settles", "対象の検出結果"), show0(f.Finding))
	row(lang.Both("Affects", "影響範囲"), w.in(cleaned(f.Impact)))
	row(lang.Both("Cost", "費用"), w.in(cleaned(f.Cost)))
	row(lang.Both("Plan", "手順の識別子"), show0(f.PlanID))
	for _, c := range f.Approvals {
		row(lang.Both("Approved", "実行承認"), w.in(w.approval(c)))
	}
	if !f.Say.Zero() {
		row(lang.Both("Checked afterwards", "事後確認"), w.in(lang.Both("%s: %s", "%s: %s").With(w.whenBoth(f.Verified), cleaned(f.Say).Times(w.when))))
	}
	for _, r := range f.Rest {
		row(lang.Both("Not as before", "変更前との相違"), w.in(cleaned(r)))
	}
	w.fields(rows)
	if f.Found != nil {
		w.para(w.said(w.cat.Ticket(w.settled(f))))
		w.evidence(f.Found.Evidence)
	}
	var items []line
	for i, s := range f.Steps {
		l := item(say(fmt.Sprintf("(%d) ", i+1)), w.said(cleaned(s.Title)))
		if s.Call != "" {
			l.spans = append(l.spans, say(" "), val(s.Call))
		}
		l.sub = append(l.sub, item(w.said(w.stepState(s, f.ByHand))))
		if s.CLI != "" {
			l.sub = append(l.sub, line{spans: []span{w.said(lang.Both("as a command", "コマンド"))}, command: s.CLI})
		}
		switch {
		case s.Irreversible:
			l.sub = append(l.sub, item(w.said(lang.Both("cannot be taken back", "切り戻し不可"))))
		case s.Undo != "":
			l.sub = append(l.sub, line{spans: []span{w.said(lang.Both("to take it back", "切り戻し"))}, command: s.Undo})
		}
		items = append(items, l)
	}
	w.list(items)
	w.compare(f)
}

// approval is a consent on one line, without what it is for.
func (w *writer) approval(c Consent) lang.Text {
	t := lang.Same(w.whenBoth(c.Time))
	if c.Ticket != "" {
		t = lang.Both("%s, ticket %s", "%s、チケット %s").With(t, show(c.Ticket))
	}
	if c.Approver != "" {
		t = lang.Both("%s, by %s", "%s、承認者 %s").With(t, show(c.Approver))
	}
	return t
}

func (w *writer) stepState(s Step, byHand bool) lang.Text {
	switch {
	case s.Done.IsZero() && byHand:
		return lang.Both("handed out; not carried out by monshin", "手順を提示（monshin による実施なし）")
	case s.Done.IsZero() && s.Unsure:
		return lang.Both("begun; how it ended is not known", "開始済み（結果を確認できず）")
	case s.Done.IsZero():
		return lang.Both("not carried out", "未実施")
	case s.Prior:
		return lang.Both("in place already %s; nothing was called", "%s 時点で適用済み（変更操作なし）").With(w.whenBoth(s.Done))
	}
	t := lang.Both("carried out %s", "%s に実施").With(w.whenBoth(s.Done))
	if s.By != "" && w.reader != redact.Customer {
		t = lang.Both("%s by %s", "%s（%s）").With(t, show(s.By))
	}
	if s.RequestID != "" {
		t = lang.Both("%s, request id %s", "%s、リクエスト ID %s").With(t, show(s.RequestID))
	}
	if !s.Error.Zero() {
		t = lang.Both("%s, failed: %s", "%s、失敗: %s").With(t, cleaned(s.Error))
	}
	if s.Unsure {
		t = lang.Both("%s; how it ended is not known", "%s（結果を確認できず）").With(t)
	}
	if !s.Undone.IsZero() {
		t = lang.Both("%s, taken back %s", "%s、%s に切り戻し").With(t, w.whenBoth(s.Undone))
	}
	return t
}

// settled is what a fix was to settle, as w.finding gives it.
func (m *material) settled(f Fix) finding.Finding {
	return m.finding(walk.Weighed{Finding: *f.Found}, m.whenBoth)
}

// conclusionSentences begin with what was changed: a report written after a fix
// tells what was wrong, too.
func (m *material) conclusionSentences() []string {
	var out []string
	for _, f := range m.s.Fixes {
		what := show0(f.Finding)
		if f.Found != nil {
			what = m.say(m.cat.Screen(m.settled(f)))
		}
		if t := carried(f); !t.Zero() {
			at := lang.Both("afterwards", "その後")
			if !f.Verified.IsZero() {
				at = lang.Both("at %s", "%s に").With(m.whenBoth(f.Verified))
			}
			out = append(out, m.say(t.With(what, cleaned(f.Title), at)))
		}
	}
	return append(out, m.report.conclusionSentences()...)
}

// carried says what a fix (%[2]s) did about what was found (%[1]s), as it was checked
// then (%[3]s); zero where nothing was carried out.
func carried(f Fix) lang.Text {
	switch {
	case f.Result == "verified" && f.ByHand:
		return lang.Both("It was found: %[1]s. We handed out the steps \"%[2]s\"; %[3]s the same check no longer found it.", "「%[1]s」につきましては、対処手順「%[2]s」をご案内し、%[3]s同じ確認により解消を確認しております。")
	case f.Result == "verified":
		return lang.Both("It was found: %[1]s. We carried out \"%[2]s\"; %[3]s the same check no longer found it.", "「%[1]s」につきましては、対処「%[2]s」を実施し、%[3]s同じ確認により解消を確認しております。")
	case f.Result == "ineffective" && f.ByHand:
		return lang.Both("It was found: %[1]s. We handed out the steps \"%[2]s\"; %[3]s it was still there.", "「%[1]s」につきましては、対処手順「%[2]s」をご案内しておりますが、%[3]s確認したところ解消しておりません。")
	case f.Result == "ineffective":
		return lang.Both("It was found: %[1]s. We carried out \"%[2]s\", which did not settle it (checked %[3]s).", "「%[1]s」につきましては、対処「%[2]s」を実施しましたが、%[3]s確認したところ解消しておりません。")
	case f.ByHand:
		return lang.Text{}
	case f.Result == "undone":
		return lang.Both("It was found: %[1]s. We carried out \"%[2]s\" and took it back.", "「%[1]s」につきましては、対処「%[2]s」を実施後、切り戻しております。")
	case f.Result == "partly-undone":
		return lang.Both("It was found: %[1]s. We carried out \"%[2]s\" and took a part of it back.", "「%[1]s」につきましては、対処「%[2]s」を実施後、一部を切り戻しております。")
	case f.Result == "too-early", f.Result == "unverified", f.Result == "undecided":
		return lang.Both("It was found: %[1]s. We carried out \"%[2]s\"; whether that settles it is not confirmed yet.", "「%[1]s」につきましては、対処「%[2]s」を実施済みですが、解消はまだ確認できておりません。")
	case f.Result == "failed":
		return lang.Both("It was found: %[1]s. \"%[2]s\" failed on the way.", "「%[1]s」につきましては、対処「%[2]s」が途中で失敗しております。")
	case f.Result == "unsure":
		return lang.Both("It was found: %[1]s. \"%[2]s\" was interrupted, and how it ended is not known.", "「%[1]s」につきましては、対処「%[2]s」が中断しており、結果を確認できておりません。")
	}
	return lang.Text{}
}

func resultText(result string) lang.Text {
	switch result {
	case "planned":
		return lang.Both("planned", "未実施（手順のみ）")
	case "verified":
		return lang.Both("verified", "解消を確認")
	case "ineffective":
		return lang.Both("ineffective", "解消せず")
	case "too-early":
		return lang.Both("too early to tell", "反映待ち")
	case "refused":
		return lang.Both("not carried out (refused)", "未実施（実施を中止）")
	case "undone":
		return lang.Both("taken back", "切り戻し済み")
	case "partly-undone":
		return lang.Both("taken back in part", "一部切り戻し済み")
	case "handed-out":
		return lang.Both("handed out, not checked yet", "手順を提示済み（事後確認前）")
	case "failed":
		return lang.Both("failed on the way", "途中で失敗")
	case "unsure":
		return lang.Both("interrupted, how it ended is not known", "中断（結果を確認できず）")
	case "unverified":
		return lang.Both("carried out, not checked yet", "実施済み（事後確認前）")
	case "undecided":
		return lang.Both("could not be judged afterwards", "事後確認で判定できず")
	}
	return lang.Both("result unknown", "結果を確認できず")
}

// compare is the table of a fix's checks, before and after.
func (w *writer) compare(f Fix) {
	if len(f.Before)+len(f.After) == 0 {
		return
	}
	said := func(c Check) string {
		s := w.in(outcomeText(c.Outcome))
		if !c.Say.Zero() {
			s = w.in(lang.Both("%s (%s)", "%s（%s）").With(s, cleaned(c.Say).Times(w.when)))
		}
		return s
	}
	var rows [][]string
	at := map[string]int{}
	for _, c := range f.Before {
		at[c.Probe] = len(rows)
		rows = append(rows, []string{w.in(cleaned(c.Title)), said(c), "-"})
	}
	for _, c := range f.After {
		if i, ok := at[c.Probe]; ok {
			rows[i][2] = said(c)
			continue
		}
		rows = append(rows, []string{w.in(cleaned(c.Title)), "-", said(c)})
	}
	w.table([]lang.Text{lang.Both("Check", "確認項目"), lang.Both("Before", "実施前"), lang.Both("After", "実施後")}, rows)
}

func outcomeText(outcome string) lang.Text {
	_, word := state(probe.Verdict{Outcome: probe.Outcome(outcome)})
	return word
}
