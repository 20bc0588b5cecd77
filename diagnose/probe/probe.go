// Package probe holds the judgements: pure functions of an estate, one file a
// branch of the tree. A probe calls nothing, reads no clock and keeps no state, so
// the same probes judge a live account, a recording, a lab, and an estate as it
// would be after a fix.
package probe

import (
	"slices"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
)

// Outcome is the result of one judgement.
type Outcome string

// The outcomes.
const (
	OK            Outcome = "ok"
	Problem       Outcome = "problem"
	Unknown       Outcome = "unknown"
	NotApplicable Outcome = "not-applicable"
)

// Outcomes lists every outcome.
func Outcomes() []Outcome { return []Outcome{OK, Problem, Unknown, NotApplicable} }

// Verdict is what a probe says of an estate.
type Verdict struct {
	Outcome Outcome `json:"outcome"`
	// Say is the verdict in one line.
	Say lang.Text `json:"say"`
	// Whys are the reasons of an unknown; also of what a problem leaves open.
	Whys     []fact.Why         `json:"whys,omitempty"`
	Findings []finding.Finding  `json:"findings,omitempty"`
	Evidence []finding.Evidence `json:"evidence,omitempty"`
}

// Pending reports whether parts are still being read.
func (v Verdict) Pending() bool {
	return slices.ContainsFunc(v.Whys, func(w fact.Why) bool { return w.Reason == fact.Pending })
}

// Probe is one judgement (確認項目).
type Probe struct {
	// ID names it in trees, in JSON and on the command line: "endpoint.presence".
	ID string
	// Title names what is judged, not the result.
	Title lang.Text
	// Parts are the kinds of parts that Judge may read. A test compares them with
	// what is really read.
	Parts []estate.AnyKind
	// Asks names the questions whose answers Judge may read.
	Asks []string
	// Codes are the findings that Judge may make.
	Codes []finding.Code
	// Judge makes the verdict. It never panics on any estate.
	Judge func(*estate.View) Verdict
}

// Set is a collection of probes by id.
type Set struct {
	byID  map[string]Probe
	order []string
}

// NewSet collects probes. Two of one id are a programming error, reported by Get's absence in tests.
func NewSet(groups ...[]Probe) Set {
	s := Set{byID: map[string]Probe{}}
	for _, g := range groups {
		for _, p := range g {
			if _, twice := s.byID[p.ID]; !twice {
				s.order = append(s.order, p.ID)
			}
			s.byID[p.ID] = p
		}
	}
	return s
}

// Get finds a probe.
func (s Set) Get(id string) (Probe, bool) { p, ok := s.byID[id]; return p, ok }

// IDs lists the probes in the order in which they were given.
func (s Set) IDs() []string { return slices.Clone(s.order) }
