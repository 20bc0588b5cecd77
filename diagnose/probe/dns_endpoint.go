package probe

import (
	"net/netip"
	"slices"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/reach"
)

// endpointAsks judges whether a Resolver endpoint that works gets its questions to
// the servers of the domain: its own groups have to let DNS out to one of them, and
// the directory's group has to let DNS in at all (domain.md DNS-2a). The endpoint's
// addresses are not read, so that rules for single sources, network ACLs and routes
// between the two stay out of it.
func (n adNeeded) endpointAsks(v *estate.View, e estate.ResolverEndpoint, rule estate.ResolverRule, status finding.Evidence) Verdict {
	read := []finding.Evidence{status}
	var found []finding.Finding
	var open []fact.Why
	report := func(evidence []finding.Evidence, groups ...string) {
		f := n.finding(finding.DNSADServersUnreachable, e.ID, append(evidence, status)...)
		f.Certainty = n.domain.Certainty
		var changed []estate.TrailQuery
		for _, g := range groups {
			changed = append(changed, resource(g))
		}
		found = append(found, readAfter(v, n.p, []finding.Finding{f}, changed...)...)
	}
	targets := targetAddresses(rule.Targets)
	if blocked, whys := leaving(v, e, targets); len(blocked) > 0 {
		report(blocked, e.Groups...)
	} else {
		open = append(open, whys...)
	}
	if group := n.domain.Row.Group; group != "" && slices.ContainsFunc(targets, func(a netip.Addr) bool { return slices.Contains(n.domain.Servers, a) }) {
		for _, port := range dnsPorts() {
			opens, rules, whys := reach.Opens(v, []string{group}, port)
			switch opens {
			case reach.No:
				report([]finding.Evidence{see(estate.SecurityGroupPart.Key(group), "", "0", lang.Both("no inbound rule lets %s in, from anywhere", "%s を許可するインバウンドルールなし").With(port.String()), groupOrigin(v, group))}, group)
			case reach.Yes:
				read = append(read, see(estate.SecurityGroupPart.Key(group), port.String(), rules[0], lang.Both("the directory's group lets DNS in", "ディレクトリの SG で DNS を許可"), groupOrigin(v, group)))
			default:
				open = append(open, whys...)
			}
		}
	}
	if len(found) > 1 {
		found = found[:1] // one endpoint is one finding
	}
	return settle(found, open, lang.Both("the outbound endpoint %s is operational, and security groups let DNS through", "アウトバウンドエンドポイント %s は OPERATIONAL、SG で DNS を許可").With(e.ID), read...).
		about(lang.Both("security groups do not let DNS through: %s", "SG で DNS の許可なし: %s"))
}

// leaving asks whether the endpoint's groups let DNS out to any of the targets.
// blocked is the evidence where they do to none.
func leaving(v *estate.View, e estate.ResolverEndpoint, targets []netip.Addr) (blocked []finding.Evidence, whys []fact.Why) {
	from := reach.Side{Label: e.ID, VPC: e.VPC, Groups: e.Groups}
	passed := false
	for _, target := range targets {
		closed := false
		var open []fact.Why
		for _, port := range dnsPorts() {
			switch h := reach.Leaves(v, from, target, port); h.Verdict {
			case reach.No:
				closed = true
				blocked = withEvidence(blocked, []finding.Evidence{hopEvidence(h)})
			case reach.Unknown:
				open = append(open, h.Whys...)
			}
		}
		if !closed {
			passed = passed || len(open) == 0
			whys = append(whys, open...)
		}
	}
	switch {
	case passed:
		return nil, nil
	case len(whys) > 0:
		return nil, whys
	}
	return blocked, nil
}
