package walk

import (
	"context"
	"testing"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/probe"
	"github.com/monshin/monshin/diagnose/runbook"
)

// says is a probe whose verdict is given.
func says(name string, v probe.Verdict) probe.Probe {
	return probe.Probe{ID: name, Title: lang.Both(name, name), Judge: func(*estate.View) probe.Verdict { return v }}
}

// What waits for another judgement leaves the symptom undecided, unless that judgement
// is made here and tells by itself that not all is settled.
func TestWhatWaitsForAnotherJudgementIsNotClear(t *testing.T) {
	blocked := func(by, action string) probe.Verdict {
		return probe.Verdict{Outcome: probe.Unknown, Whys: []fact.Why{{Reason: fact.BlockedBy, Blocker: by, Action: action}}}
	}
	open := func(r fact.Reason) probe.Verdict {
		return probe.Verdict{Outcome: probe.Unknown, Whys: []fact.Why{{Reason: r}}}
	}
	found := probe.Verdict{Outcome: probe.Problem, Findings: []finding.Finding{{Code: finding.CloneDuplicateSID, Subject: "S-1", Certainty: finding.Proven}}}
	const send = "ssm:SendCommand"
	for _, c := range []struct {
		name     string
		blocked  probe.Verdict
		blocker  *probe.Verdict // nil: not in the tree
		optional bool           // the blocker's node is
		guest    bool           // the tree needs the guest
		needed   bool
		exit     int
	}{
		{"the blocker is not in the tree", blocked("b", ""), nil, false, false, true, 3},
		{"the blocker found something", blocked("b", ""), &found, false, false, false, 1},
		{"the blocker is open and needed itself", blocked("b", ""), ptr(open(fact.Denied)), false, false, false, 3},
		{"the blocker is open and nobody minds", blocked("b", ""), ptr(open(fact.Denied)), true, false, true, 3},
		{"the blocker is fine", blocked("b", ""), &probe.Verdict{Outcome: probe.OK}, false, false, true, 3},
		{"each waits for the other", blocked("b", ""), ptr(blocked("a", "")), false, false, true, 3},
		{"Windows does not answer, and has to be asked", blocked("b", send), nil, false, true, true, 3},
		{"Windows does not answer, and need not be asked", blocked("b", send), nil, false, false, false, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			tr := tree("a")
			tr.NeedsGuest = c.guest
			probes := []probe.Probe{says("a", c.blocked)}
			if c.blocker != nil {
				tr.Nodes = append(tr.Nodes, runbook.Node{ID: "b", Kind: runbook.ProbeNode, Probe: "b", Optional: c.optional})
				probes = append(probes, says("b", *c.blocker))
			}
			d := start(t, sick(), tr, probes...).Run(context.Background(), nil)
			for _, u := range d.Unknowns {
				if u.Probe == "a" && u.Needed != c.needed {
					t.Errorf("needed is %v, want %v", u.Needed, c.needed)
				}
			}
			if d.Exit() != c.exit {
				t.Errorf("exit %d (%s), want %d", d.Exit(), d.Outcome, c.exit)
			}
		})
	}
}

func ptr[T any](v T) *T { return &v }
