package transcript

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/probe"
	"github.com/monshin/monshin/diagnose/walk"
)

// SchemaName names the JSON that JSON writes. It changes when a reader would break.
const SchemaName = "monshin.diagnosis/v1"

//go:embed diagnosis.schema.json
var schema []byte

// Schema is the JSON Schema (2020-12) of what JSON writes.
func Schema() []byte { return append([]byte(nil), schema...) }

type document struct {
	Schema     string       `json:"schema"`
	Simulated  bool         `json:"simulated"`
	Source     string       `json:"source"`
	Complete   bool         `json:"complete"`
	Target     targetJSON   `json:"target"`
	Symptom    string       `json:"symptom"`
	AsOf       string       `json:"as_of"`
	Outcome    walk.Outcome `json:"outcome"`
	RootCauses []rootJSON   `json:"root_causes"`
	Findings   []foundJSON  `json:"findings"`
	Unknowns   []openJSON   `json:"unknowns"`
	Probes     []probeJSON  `json:"probes"`
	Calls      callsJSON    `json:"calls"`
	Session    *sessionJSON `json:"session,omitempty"`
}

type targetJSON struct {
	InstanceID string `json:"instance_id"`
	Region     string `json:"region"`
	Account    string `json:"account"`
}

type rootJSON struct {
	Code        finding.Code      `json:"code"`
	Subject     string            `json:"subject"`
	Severity    finding.Severity  `json:"severity"`
	Certainty   finding.Certainty `json:"certainty"`
	Summary     string            `json:"summary"`
	Evidence    []evidenceJSON    `json:"evidence"`
	Assumptions []string          `json:"assumptions"`
	Explains    []string          `json:"explains"`
	Fixes       []string          `json:"fixes"`
}

type evidenceJSON struct {
	At        string      `json:"at"`
	Value     string      `json:"value"`
	Rule      string      `json:"rule"`
	Call      string      `json:"call"`
	Source    fact.Source `json:"source"`
	Time      string      `json:"time"`
	RequestID string      `json:"request_id"`
}

type foundJSON struct {
	Code        finding.Code      `json:"code"`
	Subject     string            `json:"subject"`
	Severity    finding.Severity  `json:"severity"`
	Certainty   finding.Certainty `json:"certainty"`
	Observation bool              `json:"observation"`
	CausedBy    []string          `json:"caused_by"`
	Summary     string            `json:"summary"`
}

type openJSON struct {
	Probe     string         `json:"probe"`
	Reason    fact.Reason    `json:"reason"`
	Action    string         `json:"action,omitempty"`
	Statement *statementJSON `json:"statement,omitempty"`
}

// statementJSON is the IAM policy statement that was missing.
type statementJSON struct {
	Effect   string `json:"Effect"`
	Action   string `json:"Action"`
	Resource string `json:"Resource"`
}

type probeJSON struct {
	ID       string   `json:"id"`
	Outcome  string   `json:"outcome"`
	Why      string   `json:"why"`
	Findings []string `json:"findings"`
	Parts    []string `json:"parts"`
}

type callsJSON struct {
	Total       int            `json:"total"`
	Failed      int            `json:"failed"`
	Waves       int            `json:"waves"`
	ByOperation map[string]int `json:"by_operation"`
}

// JSON writes a diagnosis as monshin.diagnosis/v1. Ids, codes and times do not
// depend on o; summaries and rules are in its language. Values are as they were
// read; characters that could move a terminal's cursor are written as \u escapes.
func JSON(d *walk.Diagnosis, cat *finding.Catalogue, o Options) ([]byte, error) {
	o.Reader = Internal
	return prepare(FromDiagnosis(d, nil, nil, o.Version), cat, o).json()
}

func (m *material) json() ([]byte, error) {
	r, d, cat := m.report, m.d, m.cat
	account := d.Target.Account
	if c, ok := d.Caller.Get(); ok && account == "" {
		account = c.Account
	}
	doc := document{
		Schema: SchemaName, Simulated: d.Simulated, Source: d.Source, Complete: d.Complete,
		Target:  targetJSON{InstanceID: d.Target.InstanceID, Region: d.Target.Region, Account: account},
		Symptom: string(d.Symptom), AsOf: stamp(d.AsOf), Outcome: d.Outcome,
		RootCauses: []rootJSON{}, Findings: []foundJSON{}, Unknowns: []openJSON{}, Probes: []probeJSON{},
		Calls: callsJSON{Total: d.Calls.Total, Failed: d.Calls.Failed, Waves: d.Calls.Waves, ByOperation: map[string]int{}},
	}
	doc.Session = m.sessionJSON()
	for op, n := range d.Calls.ByOperation {
		doc.Calls.ByOperation[op] = n
	}
	for _, f := range d.Findings {
		summary := r.say(cat.Screen(r.finding(f, stamp)))
		if f.Root {
			doc.RootCauses = append(doc.RootCauses, rootJSON{
				Code: f.Code, Subject: f.Subject, Severity: f.Severity, Certainty: f.Certainty, Summary: summary,
				Evidence: r.evidenceJSON(f.Evidence), Assumptions: assumptionCodes(f.Assumptions),
				Explains: codesOf(f.Explains), Fixes: fixIDs(f.Code),
			})
		}
		doc.Findings = append(doc.Findings, foundJSON{
			Code: f.Code, Subject: f.Subject, Severity: f.Severity, Certainty: f.Certainty,
			Observation: f.Observation, CausedBy: list(f.CausedBy), Summary: summary,
		})
	}
	for _, u := range d.Unknowns {
		doc.Unknowns = append(doc.Unknowns, openJSON{Probe: u.Probe, Reason: u.Why.Reason, Action: u.Why.Action, Statement: statement(u.Why)})
	}
	for _, j := range d.Probes {
		p := probeJSON{ID: j.Probe, Outcome: outcomeOf(j.Verdict), Why: r.say(cleaned(j.Verdict.Say)), Findings: []string{}, Parts: keys(j.Parts)}
		for _, f := range j.Verdict.Findings {
			p.Findings = append(p.Findings, f.ID())
		}
		doc.Probes = append(doc.Probes, p)
	}
	b, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write the diagnosis of %s as JSON: %w", lang.Clean(d.Target.InstanceID), err)
	}
	return append(lang.CleanJSON(b), '\n'), nil
}

func (r report) evidenceJSON(in []finding.Evidence) []evidenceJSON {
	out := []evidenceJSON{}
	for _, e := range in {
		out = append(out, evidenceJSON{
			At: e.At, Value: e.Value, Rule: r.say(cleaned(e.Rule)), Call: e.Origin.Call,
			Source: e.Origin.Source, Time: stamp(e.Origin.Time), RequestID: e.Origin.RequestID,
		})
	}
	return out
}

// statement is the permission that a refused call lacked. The resource is named
// where AWS named it by ARN; an id alone is no resource of a policy.
func statement(w fact.Why) *statementJSON {
	if w.Reason != fact.Denied || w.Action == "" {
		return nil
	}
	resource := "*"
	if strings.HasPrefix(w.Resource, "arn:") {
		resource = w.Resource
	}
	return &statementJSON{Effect: "Allow", Action: w.Action, Resource: resource}
}

func assumptionCodes(in []finding.Assumption) []string {
	out := []string{}
	for _, a := range in {
		out = append(out, a.Code)
	}
	return out
}

func keys(in []estate.Key) []string {
	out := []string{}
	for _, k := range in {
		out = append(out, k.String())
	}
	return out
}

// list makes an empty list of none: a reader of JSON expects [] and not null.
func list(in []string) []string { return append([]string{}, in...) }

// stamp writes a time in UTC, "" for none.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// codesOf turns ids into codes, each once: monshin.diagnosis/v1 names what a cause
// explains by code; the subjects stand with the findings themselves.
func codesOf(ids []string) []string {
	out := []string{}
	for _, id := range ids {
		code, _, _ := strings.Cut(id, "@")
		if !slices.Contains(out, code) {
			out = append(out, code)
		}
	}
	return out
}

// outcomeOf is what a probe says in monshin.diagnosis/v1. A judgement whose parts
// did not arrive is unknown there.
func outcomeOf(v probe.Verdict) string {
	if v.Outcome == "" {
		return string(probe.Unknown)
	}
	return string(v.Outcome)
}
