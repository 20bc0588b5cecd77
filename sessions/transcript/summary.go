package transcript

import (
	"strings"

	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/walk"
)

// summary is the diagnosis as a chat message of at most 12 lines. Lines
// are not wrapped: a chat does that. What could not be checked is always named.
func (r report) summary() string {
	var lines []string
	say := func(t lang.Text, args ...any) { lines = append(lines, r.say(t.With(args...))) }
	if r.d.Simulated {
		lines = append(lines, r.say(simulated()))
	}
	say(lang.Both("Conclusion: %s", "結論: %s"), r.outcome())
	account, region, instance := r.target()
	say(lang.Both("Target: %s / %s / %s", "対象: %s / %s / %s"), account, region, instance)
	say(lang.Both("Symptom: %s (as of %s)", "事象: %s（%s 時点）"), cleaned(r.d.Title), r.when(r.d.AsOf))

	// Four lines for what is wrong, three for what is unknown: with the lines above
	// and a line each that counts the rest, the message stays within its limit.
	wrong, room := append(append([]walk.Weighed{}, r.roots...), r.loose...), 4
	for i, w := range wrong {
		if i == room-1 && len(wrong) > room {
			say(lang.Both("- and %d more", "- ほか %d 件"), len(wrong)-i)
			break
		}
		said := r.cat.Screen(r.finding(w, r.when))
		if !w.Root {
			say(lang.Both("[!] cause not found: %s (%s)", "[!] 原因未特定: %s（%s）"), said, show(string(w.Code)))
			continue
		}
		say(lang.Both("[x] root cause (%s): %s (%s)", "[x] 根本原因（%s）: %s（%s）"), w.Certainty.Text(), said, show(string(w.Code)))
	}
	if n := len(r.effects); n > 0 {
		var codes []string
		for _, e := range r.effects {
			codes = append(codes, show(e.ID()))
		}
		say(lang.Both("[>] consequences: %s", "[>] 派生事象: %s"), lang.Truncate(strings.Join(codes, ", "), 160))
	}
	open := append(append([]walk.Open{}, r.open...), r.guest...)
	const most = 3
	for i, u := range open {
		if i == most-1 && len(open) > most {
			say(lang.Both("[?] and %d more not checked", "[?] ほか %d 件を確認できず"), len(open)-i)
			break
		}
		say(lang.Both("[?] not checked: %s (%s)", "[?] 確認できず: %s（%s）"), cleaned(u.Title), reason(r.named(u.Why), r.when))
	}
	return strings.Join(lines, "\n") + "\n"
}
