// Package say holds the words that several pages use for states, reasons, times
// and sources. A state is a sign and a word, never a colour alone.
package say

import (
	"time"

	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/probe"
	"github.com/monshin/monshin/tui/theme"
)

// SignWidth is how many cells every sign takes.
const SignWidth = 4

// Outcome is a probe's outcome as a sign.
func Outcome(t *theme.Theme, o probe.Outcome) (sign string, s theme.Style) {
	switch o {
	case probe.OK:
		return "[ok]", t.OK
	case probe.Problem:
		return "[x]", t.Problem
	case probe.NotApplicable:
		return "[-]", t.Skipped
	}
	return "[?]", t.Unknown
}

// OutcomeWord is a verdict in a word; an unknown is told by its first reason.
func OutcomeWord(v probe.Verdict) lang.Text {
	switch v.Outcome {
	case probe.OK:
		return lang.Both("ok", "問題なし")
	case probe.Problem:
		return lang.Both("problem", "問題あり")
	case probe.NotApplicable:
		return lang.Both("not applicable", "対象外")
	}
	if len(v.Whys) > 0 {
		return probe.ReasonWord(v.Whys[0].Reason)
	}
	return lang.Both("unknown", "確認できず")
}

// Edge names an edge of a tree.
func Edge(e string) lang.Text {
	switch e {
	case string(probe.OK):
		return lang.Both("ok", "問題なし")
	case string(probe.Problem):
		return lang.Both("problem", "問題あり")
	case string(probe.NotApplicable):
		return lang.Both("not applicable", "対象外")
	case string(probe.Unknown):
		return lang.Both("unknown", "確認できず")
	case "answered":
		return lang.Both("answered", "回答あり")
	case "dont-know":
		return lang.Both("don't know", "わからない")
	case "done":
		return lang.Both("done", "実施後")
	}
	return lang.Same(e)
}

// Spinner is the sign of what is being read.
func Spinner(tick int) string {
	return []string{"[..]", "[ .]", "[..]", "[. ]"}[tick&3]
}

// Running is the word for what is being read.
func Running() lang.Text { return lang.Both("reading", "確認中") }

// Why says a reason of unknown in a sentence, with what was tried and when to look
// again, in the zone.
func Why(w fact.Why, zone *time.Location) lang.Text {
	switch w.Reason {
	case fact.Denied:
		return lang.Both("may not be read: %s is denied", "権限不足により確認できず: %s").With(dash(w.Action))
	case fact.Throttled:
		return lang.Both("AWS throttled %s, also after retries", "API 制限により確認できず（再試行後も同じ）: %s").With(dash(w.Action))
	case fact.Timeout:
		return lang.Both("no answer to %s in time", "時間内に応答なし: %s").With(dash(w.Action))
	case fact.NotSupported:
		return lang.Both("this endpoint does not support %s", "このエンドポイントでは非対応: %s").With(dash(w.Action))
	case fact.TooEarly:
		if w.Until.IsZero() {
			return lang.Both("too early to tell; look again later", "反映待ち（時間をおいて再確認）")
		}
		return lang.Both("too early to tell; look again after %s", "反映待ち（%s 以降に再確認）").With(Time(w.Until, zone))
	case fact.NeedsGuest:
		return lang.Both("only Windows itself can tell", "OS 内の確認が必要")
	case fact.NeedsAnswer:
		return lang.Both("needs your answer: %s", "回答待ち: %s").With(dash(w.Blocker))
	case fact.BlockedBy:
		return lang.Both("not done: something before it has to be settled (%s)", "未実施（前段で問題あり: %s）").With(dash(w.Blocker))
	case fact.NotVisible:
		return lang.Both("belongs to another account and cannot be seen from here", "他アカウントの所有リソースのため確認できず")
	case fact.NotModelled:
		return lang.Both("read, but not evaluated by monshin: %s", "判定対象外の構成: %s").With(dash(w.Detail))
	case fact.NotRecorded:
		return lang.Both("no record of it: %s", "記録なし: %s").With(dash(w.Action))
	case fact.AfterFix:
		return lang.Both("only shows after the change", "適用後に確認")
	case fact.Pending:
		return Running()
	}
	return lang.Both("unknown", "確認できず")
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// Source names who told a fact.
func Source(s fact.Source) lang.Text {
	switch s {
	case fact.API:
		return lang.Both("AWS API", "AWS API")
	case fact.Guest:
		return lang.Both("inside Windows", "OS 内")
	case fact.Console:
		return lang.Both("console output", "コンソール出力")
	case fact.Inventory:
		return lang.Both("SSM Inventory", "SSM インベントリ")
	case fact.Trail:
		return lang.Both("CloudTrail", "CloudTrail")
	case fact.Customer:
		return lang.Both("run by the customer", "お客様の実行結果")
	case fact.Stated:
		return lang.Both("stated by you", "申告（回答）")
	}
	return lang.Same(string(s))
}
