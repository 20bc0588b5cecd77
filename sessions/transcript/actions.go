package transcript

import (
	"fmt"
	"slices"
	"strings"

	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/sessions/transcript/redact"
)

func (w *writer) scripts() {
	// Consents to plans stand with their fixes.
	consents := slices.DeleteFunc(slices.Clone(w.s.Consents), func(c Consent) bool {
		return slices.ContainsFunc(w.s.Fixes, func(f Fix) bool { return f.PlanID == c.What })
	})
	if len(w.s.Scripts)+len(consents) == 0 {
		return
	}
	w.heading(2, lang.Both("Scripts run inside Windows", "OS 内で実行したスクリプト"))
	for _, c := range consents {
		w.para(w.said(lang.Both("approved %s: %s", "実行承認 %s: %s").With(w.approval(c), show(c.What))))
	}
	for _, s := range w.s.Scripts {
		by := lang.Both("by Run Command", "Run Command による実行")
		if s.Source == "customer" {
			by = lang.Both("by the customer", "お客様による実行")
		}
		w.heading(3, lang.Both("%s (%s)", "%s（%s）").With(show(s.Name), by))
		rows := [][]string{{w.in(lang.Both("Time", "日時")), w.whenBoth(s.Time)}}
		for _, r := range []struct {
			name  lang.Text
			value string
		}{
			{lang.Both("Command id", "コマンド ID"), s.CommandID}, {lang.Both("SHA-256 of the script", "スクリプトの SHA-256"), s.SHA256},
			{lang.Both("SHA-256 of the output", "出力の SHA-256"), s.OutputSHA256},
		} {
			if r.value != "" {
				rows = append(rows, []string{w.in(r.name), show(r.value)})
			}
		}
		w.fields(rows)
		w.verbatim(s.Output, "text")
	}
}

func (w *writer) shells() {
	if len(w.s.Shells) == 0 {
		return
	}
	w.heading(2, lang.Both("Shell recordings", "操作ログ"))
	for _, s := range w.s.Shells {
		w.heading(3, lang.Both("%s to %s", "%s ～ %s").With(w.whenBoth(s.From), w.whenBoth(s.To)))
		rows := [][]string{{w.in(lang.Both("Session", "セッション ID")), show(s.SessionID)}}
		if s.By != "" && w.reader != redact.Customer {
			rows = append(rows, []string{w.in(lang.Both("Operator", "作業者")), show(s.By)})
		}
		if s.SHA256 != "" {
			rows = append(rows, []string{w.in(lang.Both("SHA-256 of the original", "原本の SHA-256")), show(s.SHA256)})
		}
		w.fields(rows)
		var b strings.Builder
		for _, l := range s.Lines {
			mark := " "
			if l.Typed {
				mark = ">"
			}
			fmt.Fprintf(&b, "%s %s %s\n", l.Time.In(w.o.Zone).Format("15:04:05"), mark, lang.Clean(l.Text))
		}
		w.verbatim(b.String(), "text")
	}
}

func (w *writer) notes() {
	if len(w.s.Notes) == 0 {
		return
	}
	w.heading(2, lang.Both("Notes", "メモ"))
	for _, n := range w.s.Notes {
		mark := lang.Both("internal", "社内のみ")
		if n.Audience == ForCustomer {
			mark = lang.Both("for the customer", "お客様へ")
		}
		t := lang.Both("%s (%s)", "%s（%s）").With(w.whenBoth(n.Time), mark)
		if w.reader == redact.Customer {
			t = lang.Same(w.whenBoth(n.Time))
		} else if n.By != "" {
			t = lang.Both("%s %s", "%s %s").With(t, show(n.By))
		}
		w.para(w.said(t))
		w.blocks = append(w.blocks, block{kind: quote, text: n.Text})
	}
}

// about says what the report itself is: its seal, its attachments, what was taken out.
func (w *writer) about() {
	if w.s.Seal.Last == "" && len(w.s.Attachments) == 0 && w.reader == redact.Internal && len(w.rows) == 0 {
		return
	}
	w.heading(2, lang.Both("About this report", "本レポートについて"))
	w.fields([][]string{{w.in(lang.Both("For", "提供先")), w.in(w.reader.Text())}})
	if w.s.Seal.Last != "" {
		w.para(w.said(lang.Both("The record has %d entries; the hash of the last is ", "作業記録は %d 件、最終項目のハッシュ値は次のとおりです（改ざんチェック用）: ").With(w.s.Seal.Entries)), val(w.s.Seal.Last))
		if w.s.Seal.Torn {
			w.para(w.said(lang.Both("The record ends in the middle of an entry; what came after it is not known.", "作業記録は項目の途中で終わっており、以降の内容は確認できておりません。")))
		}
	}
	var items []line
	for _, a := range w.s.Attachments {
		l := item(val(a.Name), say(fmt.Sprintf(" (%d bytes)", a.Size)))
		if a.SHA256 != "" {
			l.sub = []line{item(say("SHA-256: "), val(a.SHA256))}
		}
		items = append(items, l)
	}
	if len(items) > 0 {
		w.para(w.said(lang.Both("Attached:", "添付ファイル:")))
		w.list(items)
	}
	w.redactions()
}

// redactions is the report of what was replaced where (マスキング).
func (w *writer) redactions() {
	if len(w.rows) == 0 && w.reader == redact.Internal {
		return
	}
	w.heading(3, lang.Both("What was replaced or left out", "マスキングの内容"))
	if len(w.rows) == 0 {
		w.para(w.said(lang.Both("Nothing was replaced.", "置き換えた箇所はございません。")))
		return
	}
	var items []line
	for _, l := range w.left {
		items = append(items, item(w.said(lang.Both("left out: %s (%d)", "記載を省略: %s（%d 件）").With(l.what, l.n))))
	}
	w.list(items)
	var rows [][]string
	for _, r := range w.rows {
		if r.Class != redact.Removed {
			rows = append(rows, []string{w.in(placeText(r.Place)), w.in(r.Class.Text()), fmt.Sprint(r.Values), fmt.Sprint(r.Times)})
		}
	}
	w.table([]lang.Text{lang.Both("Where", "箇所"), lang.Both("What", "種類"), lang.Both("Different values", "値の数"), lang.Both("Occurrences", "置換箇所")}, rows)
}

func placeText(place string) lang.Text {
	switch place {
	case "diagnosis":
		return lang.Both("subject, causes, checks", "対象・原因・確認項目")
	case "timeline":
		return lang.Both("timeline", "時系列")
	case "paths":
		return lang.Both("network paths", "通信経路")
	case "notes":
		return lang.Both("report, answers, notes", "申告・回答・メモ")
	case "calls":
		return lang.Both("calls", "API 呼び出し")
	case "scripts":
		return lang.Both("scripts", "スクリプト")
	case "fixes":
		return lang.Both("fixes", "対処")
	case "shells":
		return lang.Both("shell recordings", "操作ログ")
	case "attachments":
		return lang.Both("attachments", "添付ファイル")
	}
	return lang.Both("other", "その他")
}
