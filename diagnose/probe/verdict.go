package probe

import (
	"fmt"
	"slices"
	"strings"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
)

func ok(say lang.Text, evidence ...finding.Evidence) Verdict {
	return Verdict{Outcome: OK, Say: say, Evidence: evidence}
}

func notApplicable(say lang.Text, evidence ...finding.Evidence) Verdict {
	return Verdict{Outcome: NotApplicable, Say: say, Evidence: evidence}
}

func unknown(say lang.Text, whys ...fact.Why) Verdict {
	return Verdict{Outcome: Unknown, Say: say, Whys: dedupe(whys)}
}

// unread is the verdict where a part that the judgement needs could not be had.
func unread(whys ...fact.Why) Verdict {
	whys = dedupe(whys)
	if len(whys) == 0 {
		whys = []fact.Why{{Reason: fact.NotRecorded}}
	}
	return Verdict{Outcome: Unknown, Say: reasonText(whys[0]), Whys: whys}
}

// problem is the verdict where something is wrong; open are the reasons of what
// stays unknown beside it.
func problem(say lang.Text, found []finding.Finding, open ...fact.Why) Verdict {
	return Verdict{Outcome: Problem, Say: say, Findings: found, Whys: dedupe(open)}
}

// settle makes the verdict of a judgement over several things: problem if
// anything was found, else unknown if anything is open, else ok.
func settle(found []finding.Finding, open []fact.Why, good lang.Text, evidence ...finding.Evidence) Verdict {
	switch {
	case len(found) > 0:
		var names []string
		for _, f := range found {
			names = append(names, f.ID())
		}
		v := problem(lang.Same(strings.Join(names, ", ")), found, open...)
		v.Evidence = evidence
		return v
	case len(open) > 0:
		v := unread(open...)
		v.Evidence = evidence
		return v
	}
	return ok(good, evidence...)
}

// saying gives a verdict that found something words of its own.
func (v Verdict) saying(bad lang.Text) Verdict {
	if v.Outcome == Problem {
		v.Say = bad
	}
	return v
}

// about is saying, with what the findings are about.
func (v Verdict) about(bad lang.Text) Verdict {
	var subjects []string
	for _, f := range v.Findings {
		if !slices.Contains(subjects, f.Subject) {
			subjects = append(subjects, f.Subject)
		}
	}
	return v.saying(bad.With(strings.Join(subjects, ", ")))
}

func dedupe(whys []fact.Why) []fact.Why {
	var out []fact.Why
	for _, w := range whys {
		if w.Reason != "" && !slices.Contains(out, w) {
			out = append(out, w)
		}
	}
	return out
}

// reasonText says a reason of unknown on one line.
func reasonText(w fact.Why) lang.Text {
	var t lang.Text
	switch w.Reason {
	case fact.Denied:
		t = lang.Both("may not be read: %s is denied", "権限不足: %s")
		return t.With(orDash(w.Action))
	case fact.Throttled:
		return lang.Both("AWS throttled %s", "API 制限: %s").With(orDash(w.Action))
	case fact.Timeout:
		return lang.Both("no answer to %s in time", "応答なし: %s").With(orDash(w.Action))
	case fact.NotSupported:
		return lang.Both("this endpoint does not support %s", "このエンドポイントでは非対応: %s").With(orDash(w.Action))
	case fact.TooEarly:
		return lang.Both("too early to tell", "反映待ち")
	case fact.NeedsGuest:
		return lang.Both("only Windows itself can tell", "OS 内の確認が必要")
	case fact.NeedsAnswer:
		return lang.Both("needs your answer: %s", "回答待ち: %s").With(orDash(w.Blocker))
	case fact.BlockedBy:
		return lang.Both("waits for %s", "前段: %s").With(orDash(w.Blocker))
	case fact.NotVisible:
		return lang.Both("belongs to another account and cannot be seen from here", "他アカウントの所有リソース")
	case fact.NotModelled:
		t = lang.Both("not evaluated by monshin: %s", "判定対象外の構成: %s")
		return t.With(orDash(w.Detail))
	case fact.AfterFix:
		return lang.Both("shows after the change", "適用後に確認")
	case fact.Pending:
		return lang.Both("reading", "確認中")
	}
	return lang.Both("no record of it", "記録なし")
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// beforeFix tells an observation that is unknown only because what it follows from is
// to be changed, and what it was before the change, "" for nothing.
func beforeFix(w fact.Why) (was string, planned bool) { return w.Detail, w.Reason == fact.AfterFix }

// see makes a piece of evidence.
func see(at estate.Key, path string, value any, rule lang.Text, o fact.Origin) finding.Evidence {
	a := at.String()
	if path != "" {
		a += "#" + path
	}
	return finding.Evidence{At: a, Value: fmt.Sprint(value), Rule: rule, Origin: o}
}

// whyOf returns the reason of an unknown fact as a one-element list, and nothing
// for a fact that is known or absent.
func whyOf[T any](f fact.Of[T]) []fact.Why {
	if f.IsUnknown() {
		return []fact.Why{f.Why()}
	}
	return nil
}
