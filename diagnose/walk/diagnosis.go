package walk

import (
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/probe"
	"github.com/monshin/monshin/diagnose/runbook"
)

// Outcome is what a diagnosis comes to.
type Outcome string

// The outcomes of a diagnosis. Clear means: no problem in what was read; it never
// means healthy.
const (
	Problems  Outcome = "problems"
	Clear     Outcome = "clear"
	Undecided Outcome = "undecided"
)

// Diagnosis is what is known at one moment of a walk, and at its end.
type Diagnosis struct {
	Target  estate.Target
	Symptom runbook.Symptom
	Title   lang.Text // the symptom's
	// Source is walk.Source's name; Simulated says that it comes from a lab.
	Source    string
	Simulated bool
	AsOf      time.Time
	// Complete is false while parts are being read, and where the walk was cancelled.
	Complete bool
	Outcome  Outcome
	// Instance is the patient as the walk knows it: live, or rebuilt from CloudTrail.
	Instance fact.Of[estate.Instance]
	Caller   fact.Of[estate.Caller]

	Probes   []Judged  // in the order of the tree
	Findings []Weighed // root causes first, then by severity, then by id
	Unknowns []Open    // what stays open, needed ones first
	Path     []string  // ids of the nodes that the story passed
	Calls    Calls
	// Waiting are the parts that are being read right now.
	Waiting []estate.Key
	// Paused is why the walk stands still: the credentials ran out.
	Paused error
}

// Judged is one probe's verdict.
type Judged struct {
	Probe   string
	Title   lang.Text
	Verdict probe.Verdict
	// Parts are the parts that the judgement read.
	Parts []estate.Key
}

// Weighed is a finding with its place among the others.
type Weighed struct {
	finding.Finding
	Severity    finding.Severity
	Observation bool
	// Probe is the probe that made it.
	Probe string
	// Root says that it is a root cause.
	Root bool
	// CausedBy and Explains are ids (code@subject) of other findings.
	CausedBy []string
	Explains []string
}

// Open is a judgement that could not be made, and why.
type Open struct {
	Probe string
	Title lang.Text
	Why   fact.Why
	// Needed says that the symptom stays undecided without it.
	Needed bool
}

// Calls counts the operations sent.
type Calls struct {
	Total  int
	Failed int
	// Waves is the longest chain of dependent operations.
	Waves       int
	ByOperation map[string]int
}

// RootCauses lists the findings that are root causes.
func (d *Diagnosis) RootCauses() []Weighed {
	var out []Weighed
	for _, f := range d.Findings {
		if f.Root {
			out = append(out, f)
		}
	}
	return out
}

// Exit is the exit code of `monshin check` (DESIGN.md §4): 1 at least one root
// cause or instance.not-found, else 3 a needed unknown or an unexplained
// observation, else 0.
func (d *Diagnosis) Exit() int {
	undecided := !d.Complete
	for _, f := range d.Findings {
		switch {
		case f.Root, f.Code == finding.InstanceNotFound:
			return 1
		case f.Observation && f.Severity != finding.Info && len(f.CausedBy) == 0:
			undecided = true
		}
	}
	for _, u := range d.Unknowns {
		undecided = undecided || u.Needed
	}
	if undecided {
		return 3
	}
	return 0
}
