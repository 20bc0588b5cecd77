package reach

import (
	"slices"

	"github.com/monshin/monshin/diagnose/fact"
)

// Layer is what one kind of hops says of a group, or of all groups that are needed.
type Layer struct {
	Verdict Verdict
	// Blocked are the hops of these kinds that close the way; only where Verdict is No.
	Blocked []Hop
	// Partial are hops that leave a part of the answers' ports closed on every path.
	Partial []Hop
	// Hops are all hops of these kinds that were evaluated.
	Hops []Hop
	Whys []fact.Why
	// Used tells whether anything of these kinds is needed at all; UsedWhys are the
	// reasons where that is unknown.
	Used     Verdict
	UsedWhys []fact.Why
}

// Layer judges the hops of some kinds over the groups that are needed. Verdict is
// Yes where nothing of these kinds is needed.
func (p ServicePath) Layer(kinds ...Kind) Layer {
	out := Layer{Verdict: Yes, Used: No}
	for _, g := range p.Groups {
		if g.Needed == No {
			continue
		}
		l := g.layer(kinds)
		if g.Needed == Unknown && !(l.Verdict == Yes && len(l.Partial) == 0) {
			// What is wrong here matters only if the group is needed.
			l = Layer{Verdict: Unknown, Hops: l.Hops, Whys: merge(slices.Clone(g.Whys), l.Whys...)}
		}
		if len(l.Hops) > 0 {
			out.Used, out.UsedWhys = anyOf(out.Used, g.Needed), merge(out.UsedWhys, g.Whys...)
		}
		out.Verdict = all(out.Verdict, l.Verdict)
		out.Blocked = append(out.Blocked, l.Blocked...)
		out.Partial = append(out.Partial, l.Partial...)
		out.Hops = append(out.Hops, l.Hops...)
		out.Whys = merge(out.Whys, l.Whys...)
	}
	return out
}

// layer judges the hops of some kinds over paths of which one is enough. Where the
// kinds close one path and open another, the whole paths decide: each may be closed
// by something else, and then every closed hop is a cause.
func (g Group) layer(kinds []Kind) Layer {
	l := Layer{}
	if len(g.Paths) == 0 {
		return Layer{Verdict: Unknown, Whys: g.Whys}
	}
	seen := map[Verdict]bool{}
	clean := false // some path has no hop of these kinds that is only partly open
	best := No     // how far a path comes that is, or may be, clean
	var partial []Hop
	for _, p := range g.Paths {
		v, rough := Yes, false
		for _, h := range p.Hops {
			if !slices.Contains(kinds, h.Kind) {
				continue
			}
			l.Hops = append(l.Hops, h)
			v = all(v, h.Verdict)
			switch {
			case h.Verdict == No:
				l.Blocked = append(l.Blocked, h)
			case h.Verdict == Unknown:
				l.Whys = merge(l.Whys, h.Whys...)
			case h.Partial != "":
				partial, rough = append(partial, h), true
			}
		}
		seen[v] = true
		clean = clean || v == Yes && !rough
		if v != No && !rough {
			best = anyOf(best, p.Verdict)
		}
	}
	reached := g.reached()
	switch {
	case len(seen) == 1 && seen[No], seen[No] && reached == No:
		l.Verdict = No
	case len(seen) == 1 && seen[Yes]:
		l.Verdict = Yes
		if !clean {
			l.Partial = partial
		}
	case reached == Yes && best == Yes:
		l.Verdict = Yes
	case reached == Yes && best == No:
		l.Verdict, l.Partial = Yes, partial
	default:
		l.Verdict = Unknown
		for _, p := range g.Paths {
			l.Whys = merge(l.Whys, p.Whys()...)
		}
	}
	if l.Verdict != No {
		l.Blocked = nil
	}
	if l.Verdict == Yes {
		l.Whys = nil
	}
	return l
}
