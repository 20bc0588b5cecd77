package probe

import (
	"slices"
	"strings"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
)

// sheet collects what a judgement over several services comes to: findings, one
// for each thing that is wrong whatever number of services it impairs, with what
// has to be unchanged for them to hold.
type sheet struct {
	v        *estate.View
	c        client
	found    []finding.Finding
	depends  map[string][]string // finding id → resources
	open     []fact.Why
	evidence []finding.Evidence
	carried  []string // services that work though their way could not be followed
}

func newSheet(v *estate.View, c client) *sheet {
	return &sheet{v: v, c: c, depends: map[string][]string{}}
}

func (s *sheet) saw(e ...finding.Evidence) { s.evidence = withEvidence(s.evidence, e) }

func (s *sheet) leave(whys ...fact.Why) { s.open = dedupe(append(s.open, whys...)) }

// leaveWay books why the way to a service could not be followed. Where that is a thing
// that monshin does not evaluate or cannot see, and AWS reports right now that the
// service answers to this very instance, the way is open, whatever it looks like. It
// reports whether it took AWS's word.
func (s *sheet) leaveWay(service string, whys ...fact.Why) bool {
	beyond := func(w fact.Why) bool { return w.Reason == fact.NotModelled || w.Reason == fact.NotVisible }
	if len(whys) == 0 || s.c.p.dead || slices.ContainsFunc(whys, func(w fact.Why) bool { return !beyond(w) }) {
		s.leave(whys...)
		return false
	}
	works, e, open := channelWorks(s.v, s.c.p.ID, service)
	// What worked before a planned change need not work after it.
	if _, planned := beforeFix(estate.ManagedNodePart.Of(s.v, s.c.p.ID).Why()); !works || planned {
		s.leave(append(slices.Clone(whys), pendingOf(open)...)...)
		return false
	}
	e.Rule = lang.Both("AWS reports this channel working right now, so its way is open", "AWS 側でこの通信が現に成立しているため、経路は疎通")
	s.saw(e)
	s.carried = unique(append(s.carried, service))
	return true
}

// add books a finding, or widens the one of the same code and subject.
func (s *sheet) add(f finding.Finding, resources ...string) {
	id := f.ID()
	for _, r := range resources {
		if !slices.Contains(s.depends[id], r) {
			s.depends[id] = append(s.depends[id], r)
		}
	}
	i := slices.IndexFunc(s.found, func(g finding.Finding) bool { return g.ID() == id })
	if i < 0 {
		s.found = append(s.found, f)
		return
	}
	g := &s.found[i]
	for _, scope := range f.Scope {
		if !slices.Contains(g.Scope, scope) {
			g.Scope = append(g.Scope, scope)
		}
	}
	if a, b := g.Params["service"], f.Params["service"]; b != "" && !slices.Contains(strings.Split(a, ", "), b) {
		g.Params["service"] = a + ", " + b
	}
	g.Evidence = withEvidence(g.Evidence, f.Evidence)
	// What is closed wholly for one service and partly for another is closed.
	if g.Severity == finding.Warning && f.Severity != finding.Warning {
		g.Severity, g.Certainty = f.Severity, f.Certainty
	} else if f.Severity == g.Severity {
		g.Certainty = g.Certainty.AtMost(f.Certainty)
	}
}

// withEvidence adds what is not there yet. The same value in the same place is one
// piece of evidence, though it decides for each of several addresses.
func withEvidence(list, more []finding.Evidence) []finding.Evidence {
	for _, e := range more {
		if !slices.ContainsFunc(list, func(o finding.Evidence) bool {
			return o.At == e.At && o.Value == e.Value
		}) {
			list = append(list, e)
		}
	}
	return list
}

// settle weighs the findings against what AWS sees of the channels and against
// the time at which things were read, and makes the verdict.
func (s *sheet) settle(good lang.Text) Verdict {
	var found []finding.Finding
	for _, f := range s.found {
		f, whys := weighWorking(s.v, s.c.p, f)
		s.leave(whys...)
		f, whys = weighTwin(s.v, s.c.p, weighSent(s.v, s.c.p, f))
		s.leave(whys...)
		var changes []estate.TrailQuery
		for _, r := range s.depends[f.ID()] {
			changes = append(changes, resource(r))
		}
		found = append(found, readAfter(s.v, s.c.p, []finding.Finding{f}, changes...)...)
	}
	if len(s.carried) > 0 {
		good = lang.Both("not followed by monshin in full, but AWS reports it working right now: %s", "経路の一部は判定対象外の構成。AWS 側では現に通信が成立: %s").With(strings.Join(s.carried, ", "))
	}
	return settle(found, s.open, good, s.evidence...)
}

// weighWorking lowers a finding about a channel that AWS reports working right
// now: then the model has missed something (a proxy, a private zone, a path that
// is not evaluated), and what it says is a possibility worth knowing. Where AWS's
// report cannot be read the finding is lowered too, as it may be the same.
func weighWorking(v *estate.View, p patient, f finding.Finding) (finding.Finding, []fact.Why) {
	if p.dead || len(f.Scope) == 0 {
		return f, nil
	}
	var broken []string
	var whys []fact.Why
	var seen []finding.Evidence
	scopes := f.Scope
	if f.Subject != f.Params["service"] {
		// What all services share and one of them passes is at least not that simple.
		scopes = unique(append(slices.Clone(scopes), scopeSSM, scopeMessages))
	}
	for _, scope := range scopes {
		works, e, why := channelWorks(v, p.ID, scope)
		switch {
		case len(why) > 0:
			whys = append(whys, why...)
		case works:
			seen = append(seen, e)
		case slices.Contains(f.Scope, scope):
			broken = append(broken, scope)
		}
	}
	switch {
	case len(broken) == 0:
		f.Severity, f.Certainty = finding.Info, finding.Possible
		f.Evidence = withEvidence(slices.Clone(f.Evidence), seen)
		return f, whys
	case len(seen) > 0:
		// It stands in the way of one channel and not of another: something is missing
		// in the picture, and only the broken one is impaired.
		f.Scope, f.Certainty = broken, f.Certainty.AtMost(finding.Likely)
		f.Evidence = withEvidence(slices.Clone(f.Evidence), seen)
	case len(whys) > 0:
		f.Certainty = f.Certainty.AtMost(finding.Likely) // the other channel may work
	}
	return f, pendingOf(whys)
}

// weighTwin lowers a finding about what an instance shares with its neighbours where
// one with the same subnet and groups is Online: its packets take the same way, so
// that the model has missed something, or the neighbour has what this one lacks (a
// proxy). Where the neighbours cannot be read there may be such a one.
func weighTwin(v *estate.View, p patient, f finding.Finding) (finding.Finding, []fact.Why) {
	shared := []finding.Code{finding.EndpointMissing, finding.EndpointNotAvailable, finding.EndpointPrivateDNSOff,
		finding.NetworkSGEgressBlocks, finding.NetworkNoRoute, finding.NetworkRouteBlackhole,
		finding.DNSVPCSupportOff, finding.DNSVPCHostnamesOff, finding.DNSDHCPOptionsNone}
	if p.dead || !slices.Contains(shared, f.Code) || !slices.Contains(f.Scope, scopeSSM) {
		return f, nil // that a neighbour is Online says nothing of the session channel
	}
	side := patientSide(p)
	neighbours := estate.NeighboursPart.Of(v, p.VPC)
	if neighbours.IsUnknown() {
		f.Certainty = finding.Possible
		return f, pendingOf(whyOf(neighbours))
	}
	for _, peer := range neighbours.Value().Peers {
		if peer.ID != p.ID && peer.Managed && onlineNow(v, peer.PingStatus, peer.LastPing) &&
			side.Subnet != "" && peer.Subnet == side.Subnet && sameSet(peer.Groups, side.Groups) {
			f.Certainty = finding.Possible
			f.Evidence = withEvidence(slices.Clone(f.Evidence), []finding.Evidence{see(estate.NeighboursPart.Key(p.VPC), peer.ID, peerValue(peer),
				lang.Both("an instance with the same subnet and groups is Online, against the model", "同一サブネット・同一 SG のインスタンスが Online（本判定と不一致）"), neighbours.Origin())})
			return f, nil
		}
	}
	return f, nil
}

// sentBefore is how long before its end an instance must have been sent a command
// for the way to Systems Manager to count as open until then: License Manager gives
// up within tens of minutes (domain.md §5.2).
const sentBefore = time.Hour

// weighSent lowers a finding about the way of a dead instance to Systems Manager
// where CloudTrail shows that License Manager sent it a command shortly before its
// end: Systems Manager refuses that for an instance that is not registered, so that
// what is closed now was open (domain.md §5.4 [D]).
func weighSent(v *estate.View, p patient, f finding.Finding) finding.Finding {
	if !p.dead || p.died.IsZero() || !slices.Contains(f.Scope, scopeSSM) || slices.ContainsFunc(f.Scope, func(s string) bool { return !slices.Contains(managed(), s) }) {
		return f
	}
	trail := estate.TrailPart.Of(v, instanceQuery(p.ID).String())
	for _, e := range trail.Value().Events {
		if e.Name == "SendCommand" && e.Error == "" && ofLicenseManager(e.Actor) && !e.Time.After(p.died) && p.died.Sub(e.Time) <= sentBefore {
			f.Certainty = finding.Possible
			f.Evidence = withEvidence(slices.Clone(f.Evidence), []finding.Evidence{see(trailOf(p.ID), e.ID, e.Name+" "+stamp(e.Time),
				lang.Both("the instance was registered shortly before its end, against the model", "終了直前まで Systems Manager に登録済み（本判定と不一致）"), from(trail.Origin(), e))})
			return f
		}
	}
	return f
}

// channelWorks tells whether AWS reports a service's channel working right now:
// ssm by a fresh ping, ssmmessages by the connection status. For ec2messages AWS
// reports nothing.
func channelWorks(v *estate.View, id, scope string) (bool, finding.Evidence, []fact.Why) {
	if scope != scopeSSM && scope != scopeMessages {
		return false, finding.Evidence{}, nil
	}
	node := estate.ManagedNodePart.Of(v, id)
	if node.IsUnknown() {
		if was, planned := beforeFix(node.Why()); planned {
			if scope == scopeMessages {
				was, _ = beforeFix(estate.ConnectionPart.Of(v, id).Why())
			}
			return strings.EqualFold(was, "Online") || strings.EqualFold(was, "connected"), see(estate.ManagedNodePart.Key(id), "", was,
				lang.Both("AWS reported this channel working before the change", "変更前は AWS 側でこの通信が成立"), node.Origin()), nil
		}
		return false, finding.Evidence{}, whyOf(node)
	}
	n, there := node.Get()
	if !there {
		return false, finding.Evidence{}, nil // never registered: no channel works
	}
	if scope == scopeSSM {
		fresh := onlineNow(v, n.PingStatus, n.LastPing)
		return fresh, see(estate.ManagedNodePart.Key(id), "ping_status", n.PingStatus+" "+stamp(n.LastPing),
			lang.Both("AWS reports this channel working right now, against the model", "AWS 側ではこの通信が現に成立（本判定と不一致）"), node.Origin()), nil
	}
	connection := estate.ConnectionPart.Of(v, id)
	if connection.IsUnknown() {
		return false, finding.Evidence{}, whyOf(connection)
	}
	status := connection.Value().Status
	return strings.EqualFold(status, "connected"), see(estate.ConnectionPart.Key(id), "status", status,
		lang.Both("AWS reports this channel working right now, against the model", "AWS 側ではこの通信が現に成立（本判定と不一致）"), connection.Origin()), nil
}
