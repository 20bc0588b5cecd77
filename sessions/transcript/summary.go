package transcript

import (
	"slices"
	"strings"

	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/walk"
)

// namesWide is how many cells a line of names may take in a summary: two lines of a
// chat window.
const namesWide = 160

// summary is the session as a chat message of at most 12 lines. Lines are not
// wrapped: a chat does that. What could not be checked is always named, and what comes
// next.
func (m *material) summary() string {
	r := m.report
	var lines []string
	say := func(t lang.Text, args ...any) { lines = append(lines, r.say(t.With(args...))) }
	names := func(list []lang.Text) string { return lang.Truncate(r.say(joined(list)), namesWide) }
	if r.d.Simulated {
		lines = append(lines, r.say(simulated()))
	}
	say(lang.Both("Conclusion: %s", "結論: %s"), r.outcome())
	account, region, instance := r.target()
	say(lang.Both("Target: %s / %s / %s", "対象: %s / %s / %s"), account, region, instance)
	say(lang.Both("Symptom: %s (as of %s)", "事象: %s（%s 時点）"), cleaned(r.d.Title), r.when(r.d.AsOf))

	// Four lines for what is wrong, one for what follows, three for what was done, for
	// what is unknown: with the lines above and the next step that makes twelve.
	const most = 4
	wrong := slices.Concat(r.roots, r.loose)
	for i, w := range wrong {
		if i == most-1 && len(wrong) > most {
			say(lang.Both("[x] and %d more: %s", "[x] ほか %d 件: %s"), len(wrong)-i, names(r.titlesOf(wrong[i:])))
			break
		}
		said := r.cat.Screen(r.finding(w, r.when))
		if !w.Root {
			say(lang.Both("[!] cause not found: %s (%s)", "[!] 原因未特定: %s（%s）"), said, show(string(w.Code)))
			continue
		}
		say(lang.Both("[x] root cause (%s): %s (%s)", "[x] 根本原因（%s）: %s（%s）"), w.Certainty.Text(), said, show(string(w.Code)))
	}
	if effects := r.titlesOf(r.effects); len(effects) > 0 {
		say(lang.Both("[>] what follows (%d): %s", "[>] 派生事象（%d 件）: %s"), len(effects), names(effects))
	}
	room := 2
	if done := m.doneFixes(); len(done) > 0 {
		room--
		say(lang.Both("[+] done: %s", "[+] 実施した対処: %s"), names(done))
	}
	open := slices.Concat(r.open, r.guest)
	for i, u := range open {
		if i == room-1 && len(open) > room {
			say(lang.Both("[?] not checked, %d more: %s", "[?] 確認できず（ほか %d 件）: %s"), len(open)-i, names(unique(open[i:])))
			break
		}
		say(lang.Both("[?] not checked: %s (%s)", "[?] 確認できず: %s（%s）"), cleaned(u.Title), reason(r.named(brief(u.Why)), r.when))
	}
	if next := m.next(); !next.Zero() {
		say(lang.Both("Next: %s", "次の対応: %s"), next)
	}
	return strings.Join(lines, "\n") + "\n"
}

// doneFixes names the fixes that were carried out, with what became of them.
func (m *material) doneFixes() []lang.Text {
	var out []lang.Text
	for _, f := range m.s.Fixes {
		if !carried(f).Zero() {
			out = append(out, lang.Both("%s (%s)", "%s（%s）").With(cleaned(f.Title), resultText(f.Result)))
		}
	}
	return out
}

// next is what one does now, in few words.
func (m *material) next() lang.Text {
	var out []lang.Text
	say := func(t lang.Text, args ...any) { out = append(out, t.With(args...)) }
	for _, w := range m.effects {
		if w.Code == finding.InstanceTerminatedByLicense {
			say(lang.Both("do not launch it again with these settings until the cause is settled", "原因の解消まで同じ設定での再作成を控える"))
			break
		}
	}
	command := m.planCommand(m.roots...)
	var denied, answers []string
	for _, u := range m.d.Unknowns {
		switch u.Why.Reason {
		case fact.Denied:
			denied = add(denied, u.Why.Action)
		case fact.NeedsAnswer:
			answers = add(answers, u.Why.Blocker)
		}
	}
	slices.Sort(denied)
	short := func(list []string) string { return lang.Truncate(show(strings.Join(list, ", ")), namesWide) }
	switch {
	case command != "":
		say(lang.Both("plan of the fix: %s", "対処手順の作成: %s"), command)
	case len(m.roots) > 0:
		say(lang.Both("settle the causes (%d)", "根本原因への対処（%d 件）"), len(m.roots))
	case len(denied) > 0:
		say(lang.Both("have these read-only actions allowed: %s", "参照権限の付与: %s"), short(denied))
	case len(answers) > 0:
		say(lang.Both("to be told: %s", "情報の入手: %s"), short(answers))
	case len(m.guest) > 0:
		say(lang.Both("look inside Windows", "OS 内の確認"))
	}
	return joined(out)
}

// brief is a reason without what AWS said about it.
func brief(w fact.Why) fact.Why {
	switch w.Reason {
	case fact.Denied, fact.Throttled, fact.Timeout, fact.NotSupported:
		w.Detail = ""
	}
	return w
}

// unique are the titles of unknowns, each once.
func unique(open []walk.Open) []lang.Text {
	var out []lang.Text
	for _, u := range open {
		if t := cleaned(u.Title); !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	return out
}
