package probe

import (
	"slices"
	"strings"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
)

// All collects every probe, in the order of the tree of domain.md §2: what AWS
// tells for nothing first.
func All() Set {
	groups := [][]Probe{
		instanceProbes(), ssmProbes(), iamProbes(), networkProbes(), dnsProbes(), adDNSProbes(), insideDNSProbes(), directoryProbes(),
		licenseProbes(), cloneProbes(), activationProbes(), passwordProbes(), rdpProbes(), guestProbes(), screenProbes(), diagnosticsProbes(),
	}
	for _, g := range groups {
		for i := range g {
			g[i].Judge = dated(g[i].Judge)
		}
	}
	return NewSet(groups...)
}

// TitleOf names the judgement of an id, also one that the tree at hand lacks; zero for
// an id that no judgement has.
func TitleOf(id string) lang.Text {
	p, _ := All().Get(id)
	return p.Title
}

// dated makes a judgement say so where it finds nothing wrong with configuration
// that was read after the instance's end: it is as good as that today, and nobody
// knows whether it was then.
func dated(judge func(*estate.View) Verdict) func(*estate.View) Verdict {
	return func(v *estate.View) Verdict {
		out := judge(v)
		if out.Outcome != OK || !slices.ContainsFunc(out.Evidence, changeable) {
			return out
		}
		if p, whys := thePatient(v); len(whys) == 0 && p.dead {
			out.Say = lang.Both("%s; read after the instance's end", "%s、終了後の取得値").With(out.Say)
		}
		return out
	}
}

// changeable reports whether a piece of evidence is configuration that somebody may
// have changed since: not the instance's own past, and not what never changes.
func changeable(e finding.Evidence) bool {
	past := []string{
		estate.InstancePart.Name(), estate.TrailPart.Name(), estate.CommandsPart.Name(), estate.LicensedInstancesPart.Name(),
		estate.ImagePart.Name(), estate.InstanceTypePart.Name(), estate.NeighboursPart.Name(), "answer",
	}
	kind := e.At
	if i := strings.IndexAny(kind, ":#"); i >= 0 {
		kind = kind[:i]
	}
	return !slices.Contains(past, kind)
}
