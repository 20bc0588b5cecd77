package remedy

import (
	"slices"
	"strings"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/walk"
)

// Proposal is one fix of a finding on an estate: its plan with what it will come to,
// or why it does not apply.
type Proposal struct {
	Fix     Fix
	Planned Planned
	Refused *Refusal
	// Forecast is nil for a refused fix.
	Forecast *Forecast
}

// Propose makes the plans of all fixes of a finding, the recommended one first, each
// with its forecast. wanted are parts that have to be read first; the proposals are
// then those that could be made without.
func Propose(l Library, o walk.Options, e *estate.Estate, d *walk.Diagnosis, w walk.Weighed) (out []Proposal, wanted []estate.Key, err error) {
	for _, f := range l.For(w.Code) {
		draft, err := Make(f, e, w.Finding)
		if err != nil {
			return nil, nil, err
		}
		for _, k := range draft.Wanted {
			if !slices.Contains(wanted, k) {
				wanted = append(wanted, k)
			}
		}
		if len(draft.Wanted) > 0 {
			continue
		}
		if draft.Plan != nil && draft.Plan.Means.Zero() {
			if refused := explained(d, w); refused != nil {
				draft.Plan, draft.Refused = nil, refused
			}
		}
		p := Proposal{Fix: f, Refused: draft.Refused}
		if draft.Plan != nil {
			forecast, err := WhatIf(o, d, draft)
			if err != nil {
				return nil, nil, err
			}
			p.Forecast = &forecast
			p.Planned = Planned{Hash: draft.Plan.Hash(), Plan: *draft.Plan, Explains: w.Explains, Severity: w.Severity, Probes: madeBy(d, w), Forecast: &forecast}
		}
		out = append(out, p)
	}
	return out, wanted, nil
}

// explained refuses to work on an observation whose cause is known: restarting an
// agent that cannot reach its service changes nothing, and hides what is wrong for as
// long as the operator waits. A cause that is only possible refuses nothing.
func explained(d *walk.Diagnosis, w walk.Weighed) *Refusal {
	if !w.Observation {
		return nil
	}
	var causes []string
	for _, c := range d.Findings {
		if slices.Contains(w.CausedBy, c.ID()) && c.Certainty != finding.Possible {
			causes = append(causes, c.ID())
		}
	}
	if len(causes) == 0 {
		return nil
	}
	return &Refusal{Say: lang.Both("it follows from %s: fix that first", "原因は %s。先に原因の対処が必要").With(strings.Join(causes, ", "))}
}

// madeBy lists the probes whose judgement holds the finding.
func madeBy(d *walk.Diagnosis, w walk.Weighed) []string {
	var out []string
	for _, j := range d.Probes {
		for _, f := range j.Verdict.Findings {
			if f.ID() == w.ID() && !slices.Contains(out, j.Probe) {
				out = append(out, j.Probe)
			}
		}
	}
	return out
}

// Whole is an ordered list of fixes after which as few root causes are left as
// monshin knows how to remove.
type Whole struct {
	Proposals []Proposal
	// Left are root causes that no fix of the list removes.
	Left []walk.Weighed
	// Forecast is the judgement after all of them; nil where the list is empty.
	Forecast *Forecast
}

// enough bounds the list: each fix removes at least one of the root causes of one
// instance, of which there are a handful.
const enough = 32

// PlanAll makes the smallest ordered list of fixes after which no root cause is left,
// as far as there are fixes. Each is planned on the estate as those before it leave
// it; before one of them is carried out its plan is made again on the world.
func PlanAll(l Library, o walk.Options, e *estate.Estate, d *walk.Diagnosis) (whole Whole, wanted []estate.Key, err error) {
	now, est := d, e
	tried := map[string]bool{}
	for range enough {
		var next *Proposal
		for _, w := range now.RootCauses() {
			if tried[w.ID()] {
				continue
			}
			proposals, want, err := Propose(l, o, est, now, w)
			if err != nil {
				return Whole{}, nil, err
			}
			for _, k := range want {
				if !slices.Contains(wanted, k) {
					wanted = append(wanted, k)
				}
			}
			if len(want) > 0 {
				return Whole{}, wanted, nil
			}
			i := slices.IndexFunc(proposals, func(p Proposal) bool {
				return p.Refused == nil && (p.Fix.Mode == Guided || !p.Forecast.Worse() && !slices.Contains(p.Forecast.Stays, w.ID()))
			})
			tried[w.ID()] = true
			if i < 0 {
				whole.Left = append(whole.Left, w)
				continue
			}
			next = &proposals[i]
			break
		}
		if next == nil {
			break
		}
		whole.Proposals = append(whole.Proposals, *next)
		now, est = next.Forecast.After, next.Forecast.Estate
	}
	if len(whole.Proposals) > 0 {
		all := forecast(d, now, est) // against what is found today, not against the last plan's start
		whole.Forecast = &all
	}
	return whole, nil, nil
}
