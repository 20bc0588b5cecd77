package workorder

import (
	"slices"
	"strings"

	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/remedy"
	"github.com/monshin/monshin/diagnose/walk"
)

// Run says what was done, step by step, and what was not.
func Run(run *remedy.Run, opts Options) string {
	d := &document{lang: opts.Lang}
	w := writer{document: d, opts: opts}
	w.say(paragraph, lang.Both("%s (plan %s)", "%s（手順 ID %s）").With(run.Plan.Title, run.Hash))
	for i, s := range run.Plan.Steps {
		line := lang.Both("%d. %s: %s", "%d. %s: %s").With(i+1, s.Title, Step(run, s))
		if t := run.Times[s.ID]; !t.IsZero() {
			line = lang.Both("%s, %s", "%s、%s").With(line, lang.Time(t, opts.Zone))
		}
		w.say(item, line)
		if e := run.Errors[s.ID]; !e.Zero() {
			w.say(item, e)
		}
	}
	if u := run.Undone; u != nil {
		w.say(paragraph, lang.Both("Taken back: %s", "切り戻し済み: %s").With(strings.Join(u.Steps, ", ")))
		for _, x := range u.Rest {
			w.say(item, lang.Both("not as before: %s", "変更前と不一致: %s").With(x.Say()))
		}
	}
	if v := run.Verification; v != nil {
		w.say(paragraph, lang.Both("Check afterwards: %s: %s", "事後確認: %s。%s").With(v.State.Words(), v.Say))
	}
	return d.text()
}

// Step says how far a step of a run is.
func Step(run *remedy.Run, s remedy.Step) lang.Text {
	if run.ByHand {
		return lang.Both("by hand, not recorded here", "手作業（実施状況は記録対象外）")
	}
	switch run.State(s.ID) {
	case remedy.Done:
		return lang.Both("done", "完了")
	case remedy.Failed:
		return lang.Both("failed", "失敗")
	case remedy.Intended:
		return lang.Both("begun, end not known", "開始済み（結果不明）")
	case remedy.Undoing:
		return lang.Both("undo begun, end not known", "切り戻し開始済み（結果不明）")
	case remedy.Prior:
		return lang.Both("there already", "適用済みのため不要")
	case remedy.Reverted:
		return lang.Both("taken back", "切り戻し済み")
	}
	return lang.Both("not done", "未実施")
}

// BeforeAfter sets the judgements before and after a run side by side: what is gone,
// what stays, what is new.
func BeforeAfter(before, after *walk.Diagnosis, cat *finding.Catalogue, opts Options) string {
	d := &document{lang: opts.Lang}
	w := writer{document: d, opts: opts}
	w.say(paragraph, lang.Both("Before and after:", "適用前後の比較:"))
	was, is := ids(before), ids(after)
	for _, f := range before.Findings {
		sign := lang.Both("stays", "残存")
		if !slices.Contains(is, f.ID()) {
			sign = lang.Both("gone ", "解消")
		}
		w.say(item, lang.Both("%s  %s", "%s  %s").With(sign, cat.Screen(f.Finding)))
	}
	for _, f := range after.Findings {
		if !slices.Contains(was, f.ID()) {
			w.say(item, lang.Both("NEW    %s", "新規  %s").With(cat.Screen(f.Finding)))
		}
	}
	roots := after.RootCauses()
	w.say(paragraph, lang.Both("Root causes: %d before, %d after", "根本原因: 適用前 %d 件、適用後 %d 件").With(len(before.RootCauses()), len(roots)))
	return d.text()
}

func ids(d *walk.Diagnosis) []string {
	var out []string
	for _, f := range d.Findings {
		out = append(out, f.ID())
	}
	return out
}
