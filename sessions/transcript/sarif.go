package transcript

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/probe"
	"github.com/monshin/monshin/diagnose/walk"
)

// SARIF 2.1.0 (OASIS). The kind of a result says whether a rule was evaluated at all:
// "open" is its word for what could not be decided for lack of information, "review"
// for what a person has to look at (§3.27.9). A result that does not fail has the
// level "none" (§3.27.10).

type sarifLog struct {
	Schema  string     `json:"$schema"`
	Version string     `json:"version"`
	Runs    []sarifRun `json:"runs"`
}

type sarifRun struct {
	Tool        sarifTool         `json:"tool"`
	Language    string            `json:"language"`
	Automation  sarifAutomation   `json:"automationDetails"`
	Invocations []sarifInvocation `json:"invocations"`
	Results     []sarifResult     `json:"results"`
	Properties  sarifProperties   `json:"properties"`
}

type sarifTool struct {
	Driver sarifDriver `json:"driver"`
}

type sarifDriver struct {
	Name    string      `json:"name"`
	Version string      `json:"version,omitempty"`
	Rules   []sarifRule `json:"rules"`
}

type sarifRule struct {
	ID      string       `json:"id"`
	Short   sarifText    `json:"shortDescription"`
	Help    *sarifText   `json:"help,omitempty"`
	HelpURI string       `json:"helpUri,omitempty"`
	Default *sarifConfig `json:"defaultConfiguration,omitempty"`
}

type sarifText struct {
	Text     string `json:"text"`
	Markdown string `json:"markdown,omitempty"`
}

type sarifConfig struct {
	Level string `json:"level"`
}

type sarifAutomation struct {
	ID string `json:"id"`
}

type sarifInvocation struct {
	Successful bool   `json:"executionSuccessful"`
	End        string `json:"endTimeUtc,omitempty"`
}

type sarifResult struct {
	RuleID       string            `json:"ruleId"`
	RuleIndex    int               `json:"ruleIndex"`
	Kind         string            `json:"kind"`
	Level        string            `json:"level"`
	Message      sarifText         `json:"message"`
	Locations    []sarifLocation   `json:"locations"`
	Fingerprints map[string]string `json:"partialFingerprints,omitempty"`
	Properties   any               `json:"properties,omitempty"`
}

type sarifLocation struct {
	Logical []sarifLogical `json:"logicalLocations"`
}

type sarifLogical struct {
	Name string `json:"name"`
	Full string `json:"fullyQualifiedName"`
	Kind string `json:"kind"`
}

type sarifProperties struct {
	Simulated bool   `json:"simulated"`
	Source    string `json:"source"`
	Complete  bool   `json:"complete"`
	Outcome   string `json:"outcome"`
	Hash      string `json:"recordHash,omitempty"`
}

// sarifFinding are the properties of a result that is a finding.
type sarifFinding struct {
	Certainty   finding.Certainty `json:"certainty"`
	RootCause   bool              `json:"rootCause"`
	Observation bool              `json:"observation"`
	CausedBy    []string          `json:"causedBy"`
	Evidence    []evidenceJSON    `json:"evidence"`
}

// sarifUnknown are the properties of a result that could not be decided.
type sarifUnknown struct {
	Reason fact.Reason `json:"reason"`
	Action string      `json:"action,omitempty"`
	Needed bool        `json:"needed"`
}

func (m *material) sarif() ([]byte, error) {
	s := &sarifWriter{material: m, index: map[string]int{}}
	for _, w := range m.d.Findings {
		s.finding(w)
	}
	for _, u := range m.d.Unknowns {
		s.unknown(u)
	}
	for _, j := range m.d.Probes {
		s.judged(j)
	}
	run := sarifRun{
		Tool:        sarifTool{sarifDriver{Name: "monshin", Version: m.o.Version, Rules: s.rules}},
		Language:    string(m.o.Lang),
		Automation:  sarifAutomation{"monshin/" + string(m.d.Symptom) + "/" + m.d.Target.InstanceID},
		Invocations: []sarifInvocation{{Successful: m.d.Complete, End: stamp(m.d.AsOf)}},
		Results:     s.results,
		Properties:  sarifProperties{m.d.Simulated, m.d.Source, m.d.Complete, string(m.d.Outcome), m.s.Seal.Last},
	}
	if run.Results == nil {
		run.Results = []sarifResult{}
	}
	if run.Tool.Driver.Rules == nil {
		run.Tool.Driver.Rules = []sarifRule{}
	}
	b, err := json.MarshalIndent(sarifLog{
		Schema:  "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
		Version: "2.1.0", Runs: []sarifRun{run},
	}, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write the diagnosis of %s as SARIF: %w", lang.Clean(m.d.Target.InstanceID), err)
	}
	return append(lang.CleanJSON(b), '\n'), nil
}

type sarifWriter struct {
	*material
	rules   []sarifRule
	index   map[string]int
	results []sarifResult
}

// rule returns the place of a rule, which it writes where it is new.
func (s *sarifWriter) rule(r sarifRule) int {
	i, ok := s.index[r.ID]
	if !ok {
		i = len(s.rules)
		s.index[r.ID] = i
		s.rules = append(s.rules, r)
	}
	return i
}

func (s *sarifWriter) add(r sarifRule, kind, level, message, at string, print string, properties any) {
	res := sarifResult{RuleID: r.ID, RuleIndex: s.rule(r), Kind: kind, Level: level, Message: sarifText{Text: message}, Properties: properties}
	if print != "" {
		res.Fingerprints = map[string]string{"monshin/v1": print}
	}
	t := s.d.Target
	name := show(t.InstanceID)
	if at != "" {
		name = show(at)
	}
	full := strings.Join([]string{show(t.Account), show(t.Region), show(t.InstanceID)}, "/")
	if at != "" {
		full += "/" + name
	}
	res.Locations = []sarifLocation{{[]sarifLogical{{name, full, "resource"}}}}
	s.results = append(s.results, res)
}

func (s *sarifWriter) finding(w walk.Weighed) {
	kind, level := "fail", "note"
	switch {
	case w.Severity == finding.Info:
		kind, level = "informational", "none"
	case len(w.CausedBy) > 0: // a consequence, which goes with its cause
	case w.Severity == finding.Warning:
		level = "warning"
	default:
		level = "error"
	}
	at := ""
	if len(w.Evidence) > 0 {
		at = w.Evidence[0].At
	}
	s.add(s.codeRule(w), kind, level, s.say(s.cat.Screen(s.material.finding(w, s.when))), at, w.ID(), sarifFinding{
		Certainty: w.Certainty, RootCause: w.Root, Observation: w.Observation, CausedBy: list(w.CausedBy), Evidence: s.evidenceJSON(w.Evidence),
	})
}

func (s *sarifWriter) codeRule(w walk.Weighed) sarifRule {
	level := map[finding.Severity]string{finding.Error: "error", finding.Warning: "warning"}[w.Severity]
	if level == "" {
		level = "note"
	}
	r := sarifRule{ID: string(w.Code), Short: sarifText{Text: s.say(s.cat.Title(w.Code))}, Default: &sarifConfig{level}}
	if e, ok := s.cat.Entry(w.Code); ok {
		page := s.say(e.Page)
		r.Help = &sarifText{Text: page, Markdown: page}
		for _, url := range e.Sources {
			if r.HelpURI == "" && strings.HasPrefix(url, "https://docs.aws.amazon.com/") {
				r.HelpURI = url
			}
		}
	}
	return r
}

func (s *sarifWriter) unknown(u walk.Open) {
	kind := "open"
	switch u.Why.Reason {
	case fact.NeedsGuest, fact.NeedsAnswer, fact.NotModelled, fact.NotVisible:
		kind = "review" // a person can look at it
	}
	message := s.say(lang.Both("%s: %s", "%s: %s").With(cleaned(u.Title), reason(s.named(u.Why), s.when)))
	s.add(s.checkRule(u.Probe, u.Title), kind, "none", message, "", "", sarifUnknown{u.Why.Reason, u.Why.Action, u.Needed})
}

// judged writes what a check came to where no finding and no unknown says it.
func (s *sarifWriter) judged(j walk.Judged) {
	kind := ""
	switch {
	case j.Verdict.Pending():
		return
	case j.Verdict.Outcome == probe.OK:
		kind = "pass"
	case j.Verdict.Outcome == probe.NotApplicable:
		kind = "notApplicable"
	default:
		return
	}
	_, word := state(j.Verdict)
	message := s.say(lang.Both("%s: %s", "%s: %s").With(cleaned(j.Title), word))
	if !j.Verdict.Say.Zero() {
		message = s.say(lang.Both("%s: %s (%s)", "%s: %s（%s）").With(cleaned(j.Title), word, cleaned(j.Verdict.Say).Times(s.when)))
	}
	s.add(s.checkRule(j.Probe, j.Title), kind, "none", message, "", "", nil)
}

func (s *sarifWriter) checkRule(id string, title lang.Text) sarifRule {
	return sarifRule{ID: id, Short: sarifText{Text: s.say(cleaned(title))}}
}
