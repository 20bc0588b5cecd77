package tui

import (
	"fmt"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/probe"
	"github.com/monshin/monshin/diagnose/runbook"
	"github.com/monshin/monshin/diagnose/walk"
)

// large is a walk of 60 checks in which everything is found, said and open.
func large() (*runbook.Tree, *walk.Diagnosis) {
	t, d := tree(), done()
	base := d.Probes[1].Verdict
	for i := range 60 {
		id := fmt.Sprintf("probe.%d", i)
		title := lang.Both(fmt.Sprintf("Check %d of the path", i), fmt.Sprintf("経路の確認項目 その %d", i))
		t.Nodes = append(t.Nodes, runbook.Node{ID: id, Kind: runbook.ProbeNode, Probe: id, Title: title})
		v := base
		switch i % 3 {
		case 0:
			f := v.Findings[0]
			f.Subject = id
			v.Findings = append(v.Findings[:0:0], f)
			d.Findings = append(d.Findings, walk.Weighed{Finding: f, Severity: "error", Root: true, Probe: id})
		case 1:
			v = probe.Verdict{Outcome: probe.Unknown, Whys: []fact.Why{{Reason: fact.Denied, Action: "ec2:DescribeVpcs"}}}
			d.Unknowns = append(d.Unknowns, walk.Open{Probe: id, Title: title, Why: v.Whys[0], Needed: true})
		default:
			v = probe.Verdict{Outcome: probe.OK, Say: title}
		}
		d.Probes = append(d.Probes, walk.Judged{Probe: id, Title: title, Verdict: v})
	}
	return t, d
}

func benchRig(b *testing.B, l lang.Lang) (*rig, *walk.Diagnosis) {
	t, d := large()
	back, w := fakes(d)
	w.tree = t
	r := newRig(b, 200, 60, Options{Backend: back, Lang: l, Start: Start{Instance: patient, Symptom: runbook.OfficeTerminates}}).idle()
	r.m.View()
	return r, d
}

// BenchmarkFrameAllChanged is a frame of the walk at 200x60 of which nothing can be
// taken from a cache.
func BenchmarkFrameAllChanged(b *testing.B) {
	for _, l := range langs() {
		b.Run(string(l), func(b *testing.B) {
			r, _ := benchRig(b, l)
			b.ReportAllocs()
			for b.Loop() {
				r.m.retheme() // another theme drops every cache
				r.m.View()
			}
		})
	}
}

// BenchmarkFrameOneKey is a frame after the selection moved by one.
func BenchmarkFrameOneKey(b *testing.B) {
	r, _ := benchRig(b, lang.Ja)
	keys := []tea.KeyPressMsg{{Code: tea.KeyDown}, {Code: tea.KeyUp}}
	i := 0
	for b.Loop() {
		r.m.Update(keys[i&1])
		i++
		r.m.View()
	}
}

// BenchmarkFrameUnchanged is a frame in which nothing changed.
func BenchmarkFrameUnchanged(b *testing.B) {
	r, _ := benchRig(b, lang.Ja)
	b.ReportAllocs()
	for b.Loop() {
		r.m.View()
	}
}

// BenchmarkFilter10000 is one key typed into the filter of ten thousand instances,
// with the frame that shows it.
func BenchmarkFilter10000(b *testing.B) {
	back, _ := fakes(done())
	back.listed = [][]estate.Listed{many(10000)}
	r := newRig(b, 120, 40, Options{Backend: back, Lang: lang.Ja}).idle()
	r.press("i").idle().press("/")
	if !strings.Contains(plainText(r.m.View().Content), "10000/10000") {
		b.Fatal("the list is not there")
	}
	keys := []tea.KeyPressMsg{{Code: '9', Text: "9"}, {Code: tea.KeyBackspace}}
	i := 0
	for b.Loop() {
		r.m.Update(keys[i&1])
		i++
		r.m.View()
	}
}
