package transcript

import (
	"slices"

	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/walk"
)

// conclusionSentences say what happened, each root cause with its certainty in the
// verb, what follows from the causes, and that some points could not be checked.
func (r report) conclusionSentences() []string {
	var out []string
	say := func(t lang.Text) { out = append(out, r.say(t)) }
	// What happened comes before why it did: 「終了されておりました。…が原因と…」.
	lead, leads := r.leading()
	if leads {
		say(r.cat.Ticket(r.finding(lead, r.whenBoth)))
	}
	if n := len(r.roots); n > 1 {
		say(lang.Both("There are %d causes.", "原因は次の %d 件です。").With(n))
	}
	for i, f := range r.roots {
		t := r.cat.Cause(r.finding(f, r.whenBoth))
		if len(r.roots) > 1 {
			t = lang.Both("(%d) %s", "(%d) %s").With(i+1, t)
		}
		say(t)
	}
	if len(r.roots) == 0 {
		say(r.outcomeSentence())
	} else {
		r.follows(lead.ID(), leads, say)
		if !r.d.Complete {
			say(lang.Both("The examination was stopped before everything was read.", "なお、調査は途中で終了しております。"))
		}
	}
	if n := len(r.d.Unknowns); n > 0 {
		say(lang.Both("Points that could not be checked: %d (%s); they are listed below.", "なお、確認できていない点が %d 件ございます（%s。詳細は後述）。").With(n, r.namedOpen()))
	}
	return out
}

// leading is the event that the conclusion begins with. The end of an instance or what
// Systems Manager sees of it is what somebody noticed; any other consequence tells
// less than its cause.
func (r report) leading() (walk.Weighed, bool) {
	f, ok := headline(append(slices.Clone(r.effects), r.loose...))
	if ok && len(r.roots) > 0 && eventRank(f.Code) > rankManaged {
		return walk.Weighed{}, false
	}
	return f, ok
}

// follows says what the causes led to and what they do not explain; lead was said.
func (r report) follows(lead string, leads bool, say func(lang.Text)) {
	rest := func(in []walk.Weighed) []walk.Weighed {
		return slices.DeleteFunc(slices.Clone(in), func(w walk.Weighed) bool { return leads && w.ID() == lead })
	}
	if effects := r.titlesOf(rest(r.effects)); len(effects) > 0 {
		t := lang.Both("This explains (%d): %s.", "これに起因する事象を %d 件確認しております: %s。")
		if slices.ContainsFunc(r.roots, func(w walk.Weighed) bool { return w.Certainty != finding.Proven }) {
			t = lang.Both("This would explain (%d): %s.", "これに起因すると考えられる事象を %d 件確認しております: %s。")
		}
		say(t.With(len(effects), joined(effects)))
	}
	if loose := r.titlesOf(rest(r.loose)); len(loose) > 0 {
		say(lang.Both("Not explained by this (%d): %s.", "原因を特定できていない事象が %d 件ございます: %s。").With(len(loose), joined(loose)))
	}
}

// titlesOf names findings, each title once.
func (r report) titlesOf(in []walk.Weighed) []lang.Text {
	var out []lang.Text
	seen := map[finding.Code]bool{}
	for _, w := range in {
		if !seen[w.Code] {
			seen[w.Code] = true
			out = append(out, cleaned(r.cat.Title(w.Code)))
		}
	}
	return out
}

func joined(list []lang.Text) lang.Text { return lang.Join(list, lang.Both("; ", "、")) }

// namedOpen names the first of what could not be checked.
func (r report) namedOpen() lang.Text {
	const most = 4
	open := append(slices.Clone(r.open), r.guest...)
	t := titles(open[:min(most, len(open))])
	if len(open) > most {
		t = lang.Both("%s, ...", "%s ほか").With(t)
	}
	return t
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
