package walk

import (
	"cmp"
	"slices"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/probe"
	"github.com/monshin/monshin/diagnose/runbook"
)

// weigh gathers the findings of all verdicts, explains each by the others, and
// says which are root causes: errors and warnings that report no mere effect and
// that nothing else explains.
func (w *Walk) weigh(probes []Judged) []Weighed {
	var all []Weighed
	place := map[string]int{}
	for _, j := range probes {
		for _, f := range j.Verdict.Findings {
			one := w.weighOne(f, j.Probe)
			if i, twice := place[f.ID()]; twice {
				all[i].Finding = merge(all[i].Finding, f)
				if severityRank(one.Severity) < severityRank(all[i].Severity) {
					all[i].Severity, all[i].Probe = one.Severity, one.Probe
				}
				all[i].Finding.Severity = all[i].Severity
				continue
			}
			place[f.ID()] = len(all)
			all = append(all, one)
		}
	}
	for e := range all {
		for c := range all {
			// What is only for information cannot be the cause of anything.
			if c == e || all[c].Severity == finding.Info || !w.o.Words.Explains(all[c].Finding, all[e].Finding) {
				continue
			}
			all[e].CausedBy = append(all[e].CausedBy, all[c].ID())
			all[c].Explains = append(all[c].Explains, all[e].ID())
		}
	}
	open := openCodes(probes, w.o.Probes)
	for i := range all {
		f := &all[i]
		f.Root = !f.Observation && f.Severity != finding.Info && len(f.CausedBy) == 0 && !w.mayBeCaused(f.Finding, open)
	}
	slices.SortStableFunc(all, func(a, b Weighed) int {
		return cmp.Or(
			cmp.Compare(rootRank(a), rootRank(b)),
			cmp.Compare(severityRank(a.Severity), severityRank(b.Severity)),
			cmp.Compare(certaintyRank(a.Certainty), certaintyRank(b.Certainty)),
		)
	})
	return all
}

func (w *Walk) weighOne(f finding.Finding, by string) Weighed {
	out := Weighed{Finding: f, Severity: f.Severity, Probe: by}
	if e, ok := w.o.Words.Entry(f.Code); ok {
		out.Observation = e.Observation
		if out.Severity == "" {
			out.Severity = e.Severity
		}
	}
	if out.Severity == "" {
		out.Severity = finding.Error
	}
	return out
}

// merge joins two judgements' findings of the same code and subject: the words are
// those of the more certain one, the evidence is that of both, each piece once. Which
// severity holds is weigh's business: the catalogue's own may stand behind either.
func merge(a, b finding.Finding) finding.Finding {
	if certaintyRank(b.Certainty) < certaintyRank(a.Certainty) {
		a, b = b, a
	}
	a.Scope = slices.Clone(a.Scope)
	for _, s := range b.Scope {
		if !slices.Contains(a.Scope, s) {
			a.Scope = append(a.Scope, s)
		}
	}
	a.Evidence = slices.Clone(a.Evidence)
	for _, e := range b.Evidence {
		same := func(x finding.Evidence) bool { return x.At == e.At && x.Value == e.Value && x.Rule == e.Rule }
		if !slices.ContainsFunc(a.Evidence, same) {
			a.Evidence = append(a.Evidence, e)
		}
	}
	return a
}

// openCodes lists the findings that a judgement which is still open might make. One
// that waits for nothing but consent is not open in this sense: nothing was refused,
// and what was found from outside stands until somebody looks inside. Nor is one that
// waits for a planned change to show: what else stands now, stands then.
func openCodes(probes []Judged, set probe.Set) map[finding.Code]bool {
	open := map[finding.Code]bool{}
	for _, j := range probes {
		if !slices.ContainsFunc(j.Verdict.Whys, func(w fact.Why) bool { return !awaitsConsent(w) && w.Reason != fact.AfterFix }) {
			continue
		}
		if p, ok := set.Get(j.Probe); ok {
			for _, c := range p.Codes {
				open[c] = true
			}
		}
	}
	return open
}

// awaitsConsent tells the unknown that the walk itself puts in the place of a part
// inside the guest.
func awaitsConsent(w fact.Why) bool {
	return w.Reason == fact.NeedsGuest && w.Action == first(estate.GuestIdentityPart.Actions())
}

// mayBeCaused reports whether something that explains f could still turn up: its
// judgement is open. Without this, refusing a call could turn a consequence into
// a root cause.
func (w *Walk) mayBeCaused(f finding.Finding, open map[finding.Code]bool) bool {
	for code := range open {
		e, ok := w.o.Words.Entry(code)
		if !ok {
			continue
		}
		for _, x := range e.Explains {
			if x.Code == f.Code {
				return true
			}
		}
	}
	return false
}

// open lists what could not be judged, what is needed first.
func (w *Walk) open(probes []Judged) []Open {
	var out []Open
	for _, j := range probes {
		for _, why := range j.Verdict.Whys {
			if why.Reason == fact.Pending {
				continue
			}
			out = append(out, Open{Probe: j.Probe, Title: j.Title, Why: why, Needed: w.needed(j.Probe, why, probes)})
		}
	}
	slices.SortStableFunc(out, func(a, b Open) int { return cmp.Compare(rank(!a.Needed), rank(!b.Needed)) })
	return out
}

// needed reports whether the symptom stays undecided without an unknown.
func (w *Walk) needed(id string, why fact.Why, probes []Judged) bool {
	switch {
	case ofWindows(why) && !w.o.Tree.NeedsGuest:
		return false
	case why.Reason == fact.BlockedBy && w.reported(why.Blocker, probes):
		return false // what blocks it counts for itself
	}
	return slices.ContainsFunc(w.o.Tree.Nodes, func(n runbook.Node) bool {
		return n.Kind == runbook.ProbeNode && n.Probe == id && !n.Optional
	})
}

// ofWindows tells the unknowns of what only Windows can tell: nobody consented, or it
// could not be asked because it does not answer to Systems Manager.
func ofWindows(w fact.Why) bool {
	return w.Reason == fact.NeedsGuest || w.Reason == fact.BlockedBy && w.Action == first(estate.GuestIdentityPart.Actions())
}

// reported reports whether a judgement that blocks another one tells by itself that
// not all is settled: it found something, or is open for a reason of its own. One that
// is not in the tree tells nothing, and what waits for it is then open on its own.
func (w *Walk) reported(blocker string, probes []Judged) bool {
	return slices.ContainsFunc(probes, func(j Judged) bool {
		return j.Probe == blocker && (len(j.Verdict.Findings) > 0 || slices.ContainsFunc(j.Verdict.Whys, func(y fact.Why) bool {
			return y.Reason != fact.BlockedBy && w.needed(blocker, y, probes)
		}))
	})
}

func rootRank(f Weighed) int { return rank(!f.Root) }
func rank(late bool) int {
	if late {
		return 1
	}
	return 0
}

func severityRank(s finding.Severity) int {
	return slices.Index([]finding.Severity{finding.Error, finding.Warning, finding.Info}, s)
}

func certaintyRank(c finding.Certainty) int {
	return slices.Index([]finding.Certainty{finding.Proven, finding.Likely, finding.Possible}, c)
}

// OutcomeText names an outcome (users.md, "Outcomes and certainty"). Clear never
// says that all is well: only what was read was judged.
func OutcomeText(d *Diagnosis) lang.Text {
	switch d.Outcome {
	case Problems:
		return lang.Both("problems found", "問題あり")
	case Clear:
		return lang.Both("no problem in what was checked", "確認した範囲では問題なし")
	}
	n := 0
	for _, u := range d.Unknowns {
		if u.Needed {
			n++
		}
	}
	return lang.Both("undecided (%d not checked)", "切り分け未完了（確認できず %d 件）").With(n)
}
