package probe

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/reach"
)

// patient is the instance as judgements see it: the live row, or, where it is
// gone or has lost its network, completed from its RunInstances event (a
// terminated row has no VPC, subnet or groups any more; domain.md §5.4).
type patient struct {
	estate.Instance
	// dead says that the instance is terminated, shutting down, or its row is gone.
	dead bool
	// died is when it ended, zero where that is not known.
	died time.Time
	// rebuilt says that launch facts came from CloudTrail.
	rebuilt bool
	// profileSince is the event that gave a rebuilt instance another profile, or took
	// it away, after its launch; "" for none. What it has had since is not known.
	profileSince string
	// at and origin are where the facts are from.
	at     estate.Key
	origin fact.Origin
}

// trailOf is the part that holds everything CloudTrail knows of an instance.
func trailOf(id string) estate.Key {
	return estate.TrailPart.Key(instanceQuery(id).String())
}

func instanceQuery(id string) estate.TrailQuery {
	return estate.TrailQuery{Attribute: "ResourceName", Value: id}
}

// thePatient reads the instance. Whys is not empty where it cannot be had.
func thePatient(v *estate.View) (patient, []fact.Why) {
	id := v.Target().InstanceID
	row := estate.InstancePart.Of(v, id)
	p := patient{Instance: row.Value(), at: estate.InstancePart.Key(id), origin: row.Origin()}
	switch {
	case row.IsUnknown() && row.Why().Reason == fact.Pending:
		return p, whyOf(row)
	case row.IsKnown() && p.State != "terminated" && p.State != "shutting-down":
		return p, nil
	}
	// Dead, gone, or not readable: the launch event is the other witness.
	trail := estate.TrailPart.Of(v, instanceQuery(id).String())
	if row.IsUnknown() {
		// What is not readable is not dead. The event tells how it was launched, and
		// that is not enough to judge what it is now.
		return p, whyOf(row)
	}
	p.dead = true
	p.ID = id
	events, known := trail.Get()
	if known {
		p.died = deathIn(events.Events)
	}
	if p.died.IsZero() {
		p.died = transitionTime(p.Transition)
	}
	if p.VPC != "" {
		return p, nil
	}
	if !known {
		if trail.IsUnknown() {
			return p, whyOf(trail)
		}
		return p, []fact.Why{{Reason: fact.NotRecorded, Action: "cloudtrail:LookupEvents", Resource: id}}
	}
	for _, e := range events.Events {
		if e.Launch == nil || e.Error != "" {
			continue
		}
		row := p.Instance
		p.complete(*e.Launch)
		p.rebuilt = true
		p.overtake(row, e.Time, events.Events)
		p.at, p.origin = trailOf(id), trail.Origin()
		p.origin.Source = fact.Trail
		return p, nil
	}
	if row.IsAbsent() && len(events.Events) == 0 && events.Complete {
		// Neither EC2 nor CloudTrail knows the id: there is nothing to judge.
		return p, []fact.Why{{Reason: fact.BlockedBy, Blocker: "instance.state"}}
	}
	return p, []fact.Why{{Reason: fact.NotRecorded, Action: "cloudtrail:LookupEvents", Resource: id, Detail: "RunInstances"}}
}

// complete fills what the row has lost with what the launch had.
func (p *patient) complete(l estate.Instance) {
	fill := func(dst *string, src string) {
		if *dst == "" {
			*dst = src
		}
	}
	fill(&p.Name, l.Name)
	fill(&p.OwnerID, l.OwnerID)
	fill(&p.Platform, l.Platform)
	fill(&p.PlatformDetails, l.PlatformDetails)
	fill(&p.UsageOperation, l.UsageOperation)
	fill(&p.Architecture, l.Architecture)
	fill(&p.Hypervisor, l.Hypervisor)
	fill(&p.Type, l.Type)
	fill(&p.ImageID, l.ImageID)
	fill(&p.KeyName, l.KeyName)
	fill(&p.AZ, l.AZ)
	fill(&p.VPC, l.VPC)
	fill(&p.Subnet, l.Subnet)
	fill(&p.PrivateIP, l.PrivateIP)
	fill(&p.PublicIP, l.PublicIP)
	fill(&p.ProfileARN, l.ProfileARN)
	fill(&p.ProfileID, l.ProfileID)
	fill(&p.State, "terminated")
	if p.LaunchTime.IsZero() {
		p.LaunchTime = l.LaunchTime
	}
	if len(p.Groups) == 0 {
		p.Groups = l.Groups
	}
	if len(p.Interfaces) == 0 {
		p.Interfaces = l.Interfaces
	}
	if len(p.ProductCodes) == 0 {
		p.ProductCodes = l.ProductCodes
	}
	if len(p.Tags) == 0 {
		p.Tags = l.Tags
	}
	if p.Metadata == (estate.MetadataOptions{}) {
		p.Metadata = l.Metadata
	}
}

// overtake takes back the launch facts that a later event changed; what the row
// still has is newer than both.
func (p *patient) overtake(row estate.Instance, launched time.Time, events []estate.TrailEvent) {
	for _, e := range events {
		if e.Error != "" || e.Time.Before(launched) {
			continue
		}
		switch e.Name {
		case "AssociateIamInstanceProfile", "ReplaceIamInstanceProfileAssociation", "DisassociateIamInstanceProfile":
			if row.ProfileARN == "" {
				p.profileSince = e.Name
			}
		case "ModifyInstanceMetadataOptions":
			p.Metadata = row.Metadata
		}
	}
}

// termination finds the event that terminated an instance: the first
// TerminateInstances that succeeded. EC2 lets a call on an instance that is already
// terminated succeed as well, so that later ones (a clean-up, a stack that is
// deleted) say nothing.
func termination(events []estate.TrailEvent) (estate.TrailEvent, bool) {
	var first estate.TrailEvent
	for _, e := range events {
		if e.Name == "TerminateInstances" && e.Error == "" && (first.Name == "" || e.Time.Before(first.Time)) {
			first = e
		}
	}
	return first, first.Name != ""
}

// deathIn is when an instance was terminated, zero where no event tells.
func deathIn(events []estate.TrailEvent) time.Time {
	e, _ := termination(events)
	return e.Time
}

// transitionTime reads the time in StateTransitionReason, "User initiated
// (2026-11-20 15:21:07 GMT)" (domain.md §9.3 [V:str]).
func transitionTime(s string) time.Time {
	_, s, found := strings.Cut(s, "(")
	s, _, closed := strings.Cut(s, ")")
	if !found || !closed {
		return time.Time{}
	}
	t, err := time.Parse("2006-01-02 15:04:05 MST", s)
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}

// readAfter weighs findings that stand on configuration which was read after the
// death they should explain. For a living patient it changes nothing. For a dead
// one each finding gets the assumption read-after-the-fact and is likely at most,
// unless CloudTrail shows that none of the resources was written since: the
// events of all queries are there to the last page and hold no successful write.
func readAfter(v *estate.View, p patient, found []finding.Finding, queries ...estate.TrailQuery) []finding.Finding {
	if !p.dead || len(found) == 0 {
		return found
	}
	// What was written in the last minutes CloudTrail may not show yet.
	unchanged := !p.died.IsZero() && len(queries) > 0 && v.AsOf().Sub(p.died) >= trailLag
	for _, q := range queries {
		q.Since = p.died
		trail, known := estate.TrailPart.Of(v, q.String()).Get()
		unchanged = unchanged && known && trail.Complete && !slices.ContainsFunc(trail.Events, writes(p.died))
	}
	if unchanged {
		if l, _ := licensed(v, p); l.Is {
			// Configuration alone never proves why License Manager ended an instance:
			// only the output of its own command, or a living guest, does.
			found = slices.Clone(found)
			for i := range found {
				found[i].Certainty = found[i].Certainty.AtMost(finding.Likely)
			}
		}
		return found
	}
	event := ""
	if !p.died.IsZero() {
		event = p.died.UTC().Format(time.RFC3339)
	}
	out := slices.Clone(found)
	for i := range out {
		out[i].Certainty = out[i].Certainty.AtMost(finding.Likely)
		out[i].Assumptions = append(slices.Clone(out[i].Assumptions), finding.Assumption{
			Code:   finding.AssumeUnchanged,
			Params: map[string]string{"event": event, "read": v.AsOf().UTC().Format(time.RFC3339)},
		})
	}
	return out
}

// writtenSince reports whether CloudTrail shows a write to a resource after the
// death. That it does not show one says nothing.
func writtenSince(v *estate.View, p patient, q estate.TrailQuery) bool {
	if !p.dead || p.died.IsZero() {
		return false
	}
	q.Since = p.died
	return slices.ContainsFunc(estate.TrailPart.Of(v, q.String()).Value().Events, writes(p.died))
}

// writes tells the events that changed something after a time.
func writes(after time.Time) func(estate.TrailEvent) bool {
	return func(e estate.TrailEvent) bool { return !e.ReadOnly && e.Error == "" && e.Time.After(after) }
}

// resource asks CloudTrail for the events of one resource.
func resource(id string) estate.TrailQuery {
	return estate.TrailQuery{Attribute: "ResourceName", Value: id}
}

// Patient is the instance as judgements see it: live, or completed from CloudTrail.
func Patient(e *estate.Estate) fact.Of[estate.Instance] { return PatientOf(estate.NewView(e)) }

// PatientOf is Patient, read through a view that notes what it needed.
func PatientOf(v *estate.View) fact.Of[estate.Instance] {
	if row := estate.InstancePart.Of(v, v.Target().InstanceID); row.IsKnown() && row.Value().VPC != "" {
		return row
	}
	p, whys := thePatient(v)
	if len(whys) > 0 {
		return fact.Unknown[estate.Instance](whys[0])
	}
	return fact.Known(p.Instance, p.origin)
}

// patientSide is the patient as an end of a network path: its primary interface.
func patientSide(p patient) reach.Side {
	s := reach.Side{Label: p.ID, VPC: p.VPC, Subnet: p.Subnet, Groups: p.Groups}
	if len(p.Interfaces) > 0 && len(p.Interfaces[0].Groups) > 0 {
		s.Groups = p.Interfaces[0].Groups
	}
	addresses := []string{p.PrivateIP}
	if len(p.Interfaces) > 0 {
		addresses = append(addresses, p.Interfaces[0].IPv6s...)
	}
	for _, text := range addresses {
		if a, err := netip.ParseAddr(text); err == nil {
			s.IPs = append(s.IPs, a)
		}
	}
	switch a, err := netip.ParseAddr(p.PublicIP); {
	case err == nil:
		s.Public = fact.Known(a, p.origin)
	case p.dead:
		// A terminated instance has lost its address, whether it had one or not.
		s.Public = fact.Unknown[netip.Addr](fact.Why{Reason: fact.NotRecorded, Resource: p.ID, Detail: "public address"})
	default:
		s.Public = fact.Absent[netip.Addr](p.origin)
	}
	return s
}
