package transcript

import (
	"bytes"
	"cmp"
	"encoding/xml"
	"fmt"
	"slices"
	"strings"

	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/probe"
	"github.com/monshin/monshin/diagnose/walk"
)

// JUnit's XML has no standard; these are the elements and attributes that Jenkins,
// GitLab and GitHub's reporters read, in their order.

type junitSuites struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Name     string       `xml:"name,attr"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Errors   int          `xml:"errors,attr"`
	Skipped  int          `xml:"skipped,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name       string          `xml:"name,attr"`
	Tests      int             `xml:"tests,attr"`
	Failures   int             `xml:"failures,attr"`
	Errors     int             `xml:"errors,attr"`
	Skipped    int             `xml:"skipped,attr"`
	Timestamp  string          `xml:"timestamp,attr,omitempty"`
	Properties []junitProperty `xml:"properties>property"`
	Cases      []junitCase     `xml:"testcase"`
}

type junitProperty struct {
	Name  string `xml:"name,attr"`
	Value string `xml:"value,attr"`
}

type junitCase struct {
	Class   string       `xml:"classname,attr"`
	Name    string       `xml:"name,attr"`
	Skipped *junitReason `xml:"skipped"`
	Failure *junitReason `xml:"failure"`
	Out     string       `xml:"system-out,omitempty"`
}

type junitReason struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr,omitempty"`
	Text    string `xml:",chardata"`
}

// junit writes one test a check. A check that found something fails, one that could
// not be made is skipped with its reason: it neither passed nor failed.
func (m *material) junit() ([]byte, error) {
	account, region, instance := m.target()
	suite := junitSuite{Name: "monshin." + show(string(m.d.Symptom)), Properties: []junitProperty{
		{"account", account}, {"region", region}, {"instance", instance}, {"source", show(m.d.Source)},
		{"simulated", fmt.Sprint(m.d.Simulated)}, {"complete", fmt.Sprint(m.d.Complete)}, {"outcome", string(m.d.Outcome)},
	}}
	if !m.d.AsOf.IsZero() {
		suite.Timestamp = m.d.AsOf.UTC().Format("2006-01-02T15:04:05")
	}
	for _, p := range []junitProperty{{"version", show0(m.o.Version)}, {"hash", show0(m.s.Seal.Last)}} {
		if p.Value != "" {
			suite.Properties = append(suite.Properties, p)
		}
	}
	if !m.d.Complete {
		suite.Cases = append(suite.Cases, junitCase{Class: "monshin", Name: "complete",
			Skipped: &junitReason{Message: m.say(m.outcomeSentence())}})
	}
	for _, j := range m.d.Probes {
		suite.Cases = append(suite.Cases, m.junitCase(j))
	}
	for _, c := range suite.Cases {
		suite.Tests++
		if c.Failure != nil {
			suite.Failures++
		}
		if c.Skipped != nil {
			suite.Skipped++
		}
	}
	all := junitSuites{Name: "monshin", Tests: suite.Tests, Failures: suite.Failures, Skipped: suite.Skipped, Suites: []junitSuite{suite}}
	var b bytes.Buffer
	b.WriteString(xml.Header)
	e := xml.NewEncoder(&b)
	e.Indent("", "  ")
	if err := e.Encode(all); err != nil {
		return nil, fmt.Errorf("write the diagnosis of %s as JUnit XML: %w", lang.Clean(m.d.Target.InstanceID), err)
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}

func (m *material) junitCase(j walk.Judged) junitCase {
	family, _, _ := strings.Cut(j.Probe, ".")
	c := junitCase{Class: "monshin." + show(family), Name: show(j.Probe) + ": " + m.say(cleaned(j.Title))}
	said := m.say(cleaned(j.Verdict.Say).Times(m.when))
	switch {
	case j.Verdict.Outcome == probe.OK && !j.Verdict.Pending():
		c.Out = said
	case j.Verdict.Outcome == probe.Problem:
		var lines []string
		worst := finding.Info
		for _, f := range j.Verdict.Findings {
			w := m.weighed(f)
			if severityOf(w.Severity) < severityOf(worst) {
				worst = w.Severity
			}
			lines = append(lines, m.found(w)...)
		}
		text := strings.Join(lines, "\n")
		if worst == finding.Info && len(j.Verdict.Findings) > 0 {
			c.Out = text // something to know, nothing that is wrong
			return c
		}
		c.Failure = &junitReason{Message: cmp.Or(said, m.say(lang.Both("problem", "問題あり"))), Type: string(worst), Text: text}
	default:
		message := said
		if len(j.Verdict.Whys) > 0 && j.Verdict.Outcome != probe.NotApplicable {
			message = m.say(reason(m.named(j.Verdict.Whys[0]), m.when))
		}
		_, word := state(j.Verdict)
		c.Skipped = &junitReason{Message: strings.TrimSuffix(m.say(word)+": "+message, ": ")}
	}
	return c
}

// weighed is a verdict's finding with its place among the others.
func (m *material) weighed(f finding.Finding) walk.Weighed {
	if i := slices.IndexFunc(m.d.Findings, func(w walk.Weighed) bool { return w.ID() == f.ID() }); i >= 0 {
		return m.d.Findings[i]
	}
	w := walk.Weighed{Finding: f, Severity: f.Severity}
	if e, ok := m.cat.Entry(f.Code); ok && w.Severity == "" {
		w.Severity = e.Severity
	}
	return w
}

// severityOf orders severities, the worst first.
func severityOf(s finding.Severity) int {
	switch s {
	case finding.Error:
		return 0
	case finding.Warning:
		return 1
	}
	return 2
}

// found says a finding with its evidence, in lines.
func (m *material) found(w walk.Weighed) []string {
	f := m.finding(w, m.when)
	out := []string{"[" + m.say(w.Certainty.Text()) + "] " + m.say(m.cat.Screen(f)) + " (" + show(f.ID()) + ")"}
	for _, e := range f.Evidence {
		l := "  " + m.say(lang.Both("value", "取得値")) + ": " + show(e.Value) + " (" + show(e.At) + ")"
		if e.Origin.Call != "" {
			l += " " + show(e.Origin.Call) + " " + m.when(e.Origin.Time) + " " + show(e.Origin.RequestID)
		}
		out = append(out, l)
		if !e.Rule.Zero() {
			out = append(out, "    "+m.say(lang.Both("rule", "判定根拠"))+": "+m.say(cleaned(e.Rule)))
		}
	}
	for _, id := range w.CausedBy {
		out = append(out, "  "+m.say(lang.Both("due to %s", "%s に起因").With(show(id))))
	}
	return out
}
