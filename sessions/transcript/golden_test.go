package transcript_test

import (
	"fmt"
	"testing"

	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/runbook"
	"github.com/monshin/monshin/diagnose/walk"
	"github.com/monshin/monshin/sessions/transcript"
)

// smallTree is a tree of every kind of node, with an edge that passes over others.
func smallTree(d *walk.Diagnosis) *runbook.Tree {
	d.Path = []string{"ending", "dns", "cause"}
	return &runbook.Tree{Symptom: d.Symptom, Title: d.Title, Start: "ending", Nodes: []runbook.Node{
		{ID: "ending", Kind: runbook.ProbeNode, Probe: "instance.ending", Next: map[string]string{"ok": "domain", "problem": "dns", "unknown": "dns"}},
		{ID: "domain", Kind: runbook.QuestionNode, Question: &runbook.Question{Name: "ad-domain", Text: lang.Both("Which AD domain?", "AD ドメイン名は？")}, Next: map[string]string{"answered": "dns", "dont-know": "look"}},
		{ID: "look", Kind: runbook.StepNode, Step: &runbook.Step{Do: lang.Both("Look it up", "ドメイン名を確認")}, Next: map[string]string{"done": "dns"}},
		{ID: "dns", Kind: runbook.ProbeNode, Probe: "dns.ad-domain", Next: map[string]string{"problem": "cause", "ok": "license"}},
		{ID: "license", Kind: runbook.ProbeNode, Probe: "license.instance", Next: map[string]string{"ok": "cause"}},
		{ID: "cause", Kind: runbook.FindingsNode, Title: lang.Both("The domain cannot be resolved", "ドメインの名前解決不可"), Findings: []finding.Code{finding.DNSADDomainUnresolvable}},
	}}
}

// The small sessions as they are written in every format that is not of TestGolden,
// and one that holds everything, for every reader.
func TestGoldenExports(t *testing.T) {
	cat := catalogue(t)
	for name, d := range samples() {
		s := transcript.FromDiagnosis(d, nil, smallTree(d), "0.1.0")
		for _, l := range lang.All() {
			for ending, f := range map[string]transcript.Format{
				"html": transcript.AsHTML, "plain.txt": transcript.AsPlain, "junit.xml": transcript.AsJUnit, "sarif.json": transcript.AsSARIF,
			} {
				golden(t, fmt.Sprintf("%s.%s.%s", name, l, ending), export(t, s, cat, f, l, transcript.Internal))
			}
		}
	}
	s := office()
	for _, l := range lang.All() {
		for _, r := range transcript.Readers() {
			golden(t, fmt.Sprintf("session.%s.%s.md", r, l), export(t, s, cat, transcript.AsMarkdown, l, r))
		}
		golden(t, fmt.Sprintf("session.public.%s.json", l), export(t, s, cat, transcript.AsJSON, l, transcript.Public))
	}
}
