package remedy

import (
	"slices"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/probe"
	"github.com/monshin/monshin/diagnose/walk"
)

// Forecast is what the tree will say after a plan (適用後の見込み), by ids of findings
// (code@subject).
type Forecast struct {
	Gone    []string `json:"gone,omitempty"`
	Stays   []string `json:"stays,omitempty"`
	Appears []string `json:"appears,omitempty"`
	// Open are findings that only show afterwards: they rest on what is to be observed.
	Open []string `json:"open,omitempty"`
	// Roots are the root causes that are left.
	Roots []string `json:"roots,omitempty"`
	// Unread are probes that cannot say what they will find, because the plan leads
	// to something that was not read.
	Unread []string `json:"unread,omitempty"`

	// After is the whole judgement of the estate after the plan.
	After *walk.Diagnosis `json:"-"`
	// Estate is that estate, observations unsettled.
	Estate *estate.Estate `json:"-"`
}

// Worse reports whether the plan would bring something new that is wrong.
func (f Forecast) Worse() bool { return len(f.Appears) > 0 }

// WhatIf judges the effect of a draft by the probes that judged before. o is the
// walk's: its estate, source and consent are not used.
func WhatIf(o walk.Options, before *walk.Diagnosis, d Draft) (Forecast, error) {
	after := Unsettle(d.After, d.Plan.Keys())
	o.Estate, o.Source, o.Now = after.Clone(), nil, nil
	then, err := walk.Judge(o)
	if err != nil {
		return Forecast{}, err
	}
	then.Simulated = before.Simulated
	return forecast(before, then, after), nil
}

func forecast(before, then *walk.Diagnosis, after *estate.Estate) Forecast {
	f := Forecast{After: then, Estate: after}
	has := func(d *walk.Diagnosis, id string) bool {
		return slices.ContainsFunc(d.Findings, func(w walk.Weighed) bool { return w.ID() == id })
	}
	for _, w := range before.Findings {
		switch {
		case w.Severity == finding.Info && !w.Observation:
		case has(then, w.ID()):
			f.Stays = append(f.Stays, w.ID())
		case outcome(then, w.Probe) == probe.Unknown:
			f.Open = append(f.Open, w.ID())
		default:
			f.Gone = append(f.Gone, w.ID())
		}
	}
	for _, w := range then.Findings {
		if !has(before, w.ID()) && w.Severity != finding.Info {
			f.Appears = append(f.Appears, w.ID())
		}
	}
	for _, w := range then.RootCauses() {
		f.Roots = append(f.Roots, w.ID())
	}
	for _, p := range then.Probes {
		if p.Verdict.Outcome == probe.Unknown && outcome(before, p.Probe) != probe.Unknown &&
			slices.ContainsFunc(p.Verdict.Whys, func(w fact.Why) bool { return w.Reason == fact.NotRecorded }) {
			f.Unread = append(f.Unread, p.Probe)
		}
	}
	return f
}

func outcome(d *walk.Diagnosis, id string) probe.Outcome {
	for _, p := range d.Probes {
		if p.Probe == id {
			return p.Verdict.Outcome
		}
	}
	return probe.Unknown
}

// follows says which observations depend on what a plan edits: they are not known
// until they are looked at again. History (CloudTrail, commands that ran) stays.
func follows(kind string) []string {
	node := []string{estate.ManagedNodePart.Name(), estate.ConnectionPart.Name(), estate.GuestDiagnosticsPart.Name(), estate.LicensedInstancesPart.Name()}
	names := append(slices.Clone(node), estate.GuestDNSPart.Name())
	switch kind {
	case estate.VPCPart.Name(), estate.VPCDNSPart.Name(), estate.DHCPOptionsPart.Name(), estate.EndpointsPart.Name(),
		estate.ResolverAssociationsPart.Name(), estate.ResolverRulesPart.Name(), estate.ResolverEndpointsPart.Name():
		return names
	case estate.SecurityGroupPart.Name(), estate.NetworkACLsPart.Name(), estate.RouteTablesPart.Name():
		return append(names, estate.GuestActivationPart.Name())
	case estate.GuestDNSPart.Name(): // a lease that was renewed
		return node
	case estate.InstancePart.Name(), estate.InstanceProfilePart.Name(), estate.RolePart.Name(), estate.RolePoliciesPart.Name(),
		estate.ProfileBindingPart.Name(), estate.HostMgmtPart.Name():
		return node
	}
	return nil
}

// Unsettle returns a copy of an estate in which the observations that depend on the
// edited parts are unknown(after-fix).
func Unsettle(e *estate.Estate, edited []estate.Key) *estate.Estate {
	out := e.Clone()
	for _, k := range edited {
		for _, name := range follows(k.Kind) {
			kind, ok := estate.Lookup(name)
			if !ok {
				continue
			}
			for _, o := range out.Keys() {
				if o.Kind == name && !slices.Contains(edited, o) {
					f, _ := e.Fact(o)
					out.Put(kind.Unknown(o.ID, fact.Why{Reason: fact.AfterFix, Detail: was(f)}))
				}
			}
		}
	}
	return out
}

// was is what an observation said before the change: judgements of configuration
// weigh by it whether a channel works.
func was(f fact.Fact) string {
	switch f := f.(type) {
	case fact.Of[estate.ManagedNode]:
		if f.IsKnown() {
			return f.Value().PingStatus
		}
	case fact.Of[estate.Connection]:
		if f.IsKnown() {
			return f.Value().Status
		}
	}
	return ""
}

// madeWith says which parts AWS makes along with what a plan edits: a new endpoint's
// interfaces. Before the plan they say what they said; after it they are read again.
func madeWith(kind string) []string {
	if kind == estate.EndpointsPart.Name() {
		return []string{estate.EndpointInterfacesPart.Name()}
	}
	return nil
}

// Observations lists the parts of an estate that are to be read again to see what
// came of a plan: what it edited, and what follows from that.
func Observations(e *estate.Estate, p Plan) []estate.Key {
	edited := p.Keys()
	out := slices.Clone(edited)
	for _, k := range edited {
		for _, name := range append(follows(k.Kind), madeWith(k.Kind)...) {
			for _, o := range e.Keys() {
				if o.Kind == name && !slices.Contains(out, o) {
					out = append(out, o)
				}
			}
		}
	}
	return out
}
