package transcript

import (
	"slices"
	"strings"

	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/probe"
	"github.com/monshin/monshin/diagnose/walk"
)

// lead names the target, the symptom and the time, so that the first line already says
// what this is about.
func (m *material) lead() []string {
	account, region, instance := m.target()
	out := []string{account, region}
	if _, name, ok := strings.Cut(instance, " "); ok {
		out = append(out, name)
	}
	return append(out, m.say(cleaned(m.d.Title)), m.when(m.d.AsOf))
}

// mostOpen is how many unknowns the first screen shows: more would push the target
// out of it.
const mostOpen = 8

// judgements fill the first screen of a page with what is wrong and what is not known;
// the rest is counted, with a link to where it stands.
func (m *material) judgements(p *page) {
	at := func(titles ...lang.Text) string {
		for _, t := range titles {
			if i := slices.IndexFunc(p.Nav, func(n navEntry) bool { return n.Title == m.say(t) }); i >= 0 {
				return p.Nav[i].ID
			}
		}
		return ""
	}
	fine := 0
	for _, j := range m.d.Probes {
		switch v := j.Verdict; {
		case v.Pending():
		case v.Outcome == probe.OK:
			fine++
		case v.Outcome == probe.Problem:
			mark, class := "[x]", "problem"
			if m.onlyInfo(v) {
				mark, class = "[i]", "none"
			}
			p.Confirmed = append(p.Confirmed, stated{mark, class, m.say(cleaned(j.Title)), m.say(cleaned(v.Say).Times(m.when))})
		}
	}
	p.ConfirmedAll = len(p.Confirmed) + fine
	if fine > 0 {
		p.ConfirmedMore = &more{"ok", "[ok]", m.say(lang.Both("no problem: %d", "問題なし: %d 件").With(fine)), at(checksTitle())}
	}
	p.Open = m.openBriefly()
	p.OpenAll = len(m.d.Unknowns)
	if n := len(p.Open) - mostOpen; n > 0 {
		p.Open = p.Open[:mostOpen]
		p.OpenMore = &more{"unknown", "[?]", m.say(lang.Both("and %d more", "ほか %d 件").With(n)), at(openTitle(), guestTitle())}
	}
}

// onlyInfo reports whether a judgement found nothing that is wrong.
func (m *material) onlyInfo(v probe.Verdict) bool {
	return len(v.Findings) > 0 && !slices.ContainsFunc(v.Findings, func(f finding.Finding) bool { return m.weighed(f).Severity != finding.Info })
}

// openBriefly are the unknowns, those that a conclusion needs first, each check once,
// without what AWS answered: that stands further below.
func (m *material) openBriefly() []stated {
	unknowns := slices.Clone(m.d.Unknowns)
	slices.SortStableFunc(unknowns, func(a, b walk.Open) int { return rank(b.Needed) - rank(a.Needed) })
	var out []stated
	at := map[string]int{}
	for _, u := range unknowns {
		title, why := m.say(cleaned(u.Title)), m.say(reason(m.named(brief(u.Why)), m.when))
		i, ok := at[title]
		switch {
		case !ok:
			at[title] = len(out)
			out = append(out, stated{"[?]", "unknown", title, why})
		case strings.Contains(out[i].Say, why):
		case u.Why.Reason == fact.Denied && strings.Contains(out[i].Say, u.Why.Action) && u.Why.Action != "":
		default:
			out[i].Say += m.say(lang.Both("; ", "、")) + why
		}
	}
	return out
}
