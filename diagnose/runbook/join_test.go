package runbook

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/probe"
)

func TestTheEdgesOfAProbeAreItsOutcomes(t *testing.T) {
	var want []string
	for _, o := range probe.Outcomes() {
		want = append(want, string(o))
	}
	if d := cmp.Diff(want, probeOutcomes()); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// Where a probe's problem ends the story in a list of findings, the list has every
// cause that the probe can find.
func TestTheEndsListWhatTheirProbesFind(t *testing.T) {
	set := probe.All()
	catalogue, err := finding.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, tree := range library(t).Trees() {
		for _, n := range tree.Nodes {
			if n.Kind != ProbeNode {
				continue
			}
			p, _ := set.Get(n.Probe)
			end, ok := tree.Node(n.Next["problem"])
			for ok && end.Kind == StepNode {
				end, ok = tree.Node(end.Next[Done])
			}
			if !ok || end.Kind != FindingsNode {
				continue
			}
			for _, c := range p.Codes {
				if e, _ := catalogue.Entry(c); e.Observation && !slices.Contains(end.Findings, c) {
					continue // an effect need not be named as a cause
				}
				if !slices.Contains(end.Findings, c) {
					t.Errorf("%s: %s can find %s, but %s does not list it", tree.Symptom, n.ID, c, end.ID)
				}
			}
		}
	}
}

// A question is of use only where a probe of the same tree reads its answer.
func TestEveryQuestionHasAReader(t *testing.T) {
	set := probe.All()
	for _, tree := range library(t).Trees() {
		for _, n := range tree.Nodes {
			if n.Kind != QuestionNode {
				continue
			}
			if !slices.ContainsFunc(tree.Probes(), func(id string) bool {
				p, _ := set.Get(id)
				return slices.Contains(p.Asks, n.Question.Name)
			}) {
				t.Errorf("%s: no probe reads the answer to %s", tree.Symptom, n.ID)
			}
		}
	}
}

// An observation stays unexplained, and the symptom undecided, where none of the
// probes that find its causes stands in the same tree.
func TestObservationsStandBesideTheirCauses(t *testing.T) {
	set := probe.All()
	catalogue, err := finding.Load()
	if err != nil {
		t.Fatal(err)
	}
	explainers := func(effect finding.Code) []finding.Code {
		var out []finding.Code
		for _, c := range catalogue.Codes() {
			e, _ := catalogue.Entry(c)
			if slices.ContainsFunc(e.Explains, func(x finding.Explanation) bool { return x.Code == effect }) {
				out = append(out, c)
			}
		}
		return out
	}
	for _, tree := range library(t).Trees() {
		var found []finding.Code
		for _, id := range tree.Probes() {
			p, _ := set.Get(id)
			found = append(found, p.Codes...)
		}
		for _, c := range found {
			e, _ := catalogue.Entry(c)
			causes := explainers(c)
			if !e.Observation || e.Severity == finding.Info || len(causes) == 0 {
				continue
			}
			// Who or what ended an instance is the answer itself where nobody asked for
			// more: the symptoms of License Manager are a matter of their own.
			if c == finding.InstanceTerminatedByLicense && !slices.Contains(tree.Probes(), "license.product") {
				continue
			}
			if !slices.ContainsFunc(causes, func(cause finding.Code) bool { return slices.Contains(found, cause) }) && c != finding.PasswordNotGenerated {
				t.Errorf("%s: %s can be observed, but none of its causes (%v) can be found", tree.Symptom, c, causes)
			}
		}
	}
}
