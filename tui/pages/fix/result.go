package fix

import (
	"slices"

	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/probe"
	"github.com/monshin/monshin/diagnose/remedy"
	"github.com/monshin/monshin/diagnose/walk"
	"github.com/monshin/monshin/tui/cell"
	"github.com/monshin/monshin/tui/evidence"
	"github.com/monshin/monshin/tui/page"
	"github.com/monshin/monshin/tui/say"
	"github.com/monshin/monshin/tui/theme"
)

// workLines draws each step with how far it is, and what is waited for.
func (p *Page) workLines(e page.Env, width int) []string {
	plan := p.chosen.Planned.Plan
	out := para(e, e.Theme.Strong, plan.Title, width)
	for i, s := range plan.Steps {
		x, ok := p.states[s.ID]
		state, style := state(x.State, ok)
		if p.deed == verifying {
			state, style = lang.Both("done", "完了"), func(t *theme.Theme) theme.Style { return t.OK }
		}
		out = append(out, stepLines(e, i, s, state, style(e.Theme), width)...)
		out = append(out, indented(e, e.Theme.Dim, x.Say, width)...)
	}
	out = append(out, cell.Blank(width))
	waits := p.wait
	hint := lang.Both("esc stops after the call that is under way", "esc で実行中の呼び出しの完了後に中断")
	switch {
	case p.stopped:
		waits, hint = lang.Both("Stopping: the call that is under way comes to its end first", "中断中（実行中の呼び出しの完了待ち）"), lang.Text{}
	case p.deed == verifying:
		hint = lang.Both("esc ends the waiting; it can be checked again later", "esc で待機を終了（あとから再確認が可能）")
		if waits.Zero() {
			waits = lang.Both("Judging again", "再判定中")
		}
	case waits.Zero() && p.deed == applying && len(p.states) == 0:
		waits = lang.Both("Reading again what the plan changes, before the first call", "実施前の状態を再確認中（作成時から変更がないこと）")
	case waits.Zero():
		waits = lang.Both("Under way", "実施中")
	}
	out = append(out, para(e, e.Theme.Running, lang.Both("%s %s", "%s %s").With(say.Spinner(e.Tick), waits), width)...)
	return append(out, para(e, e.Theme.Dim, hint, width)...)
}

// stepLines draws the i-th step beside the word for how far it is.
func stepLines(e page.Env, i int, s remedy.Step, word lang.Text, style theme.Style, width int) []string {
	var out []string
	for j, l := range cell.Wrap(text(e, lang.Both("%d. %s", "%d. %s").With(i+1, s.Title)), width-stateWidth-1) {
		line := cell.NewLine(width)
		if j == 0 {
			line.Column(style, word.In(e.Lang), stateWidth)
		} else {
			line.Space(stateWidth)
		}
		out = append(out, line.Space(1).Add(e.Theme.Plain, l).String())
	}
	return out
}

// stateWidth fits the longest word for a step's state.
const stateWidth = 12

// state is how far a step is, and its colour.
func state(s remedy.StepState, known bool) (lang.Text, func(*theme.Theme) theme.Style) {
	switch {
	case !known, s == remedy.Open:
		return lang.Both("to do", "未実施"), func(t *theme.Theme) theme.Style { return t.Dim }
	case s == remedy.Done:
		return lang.Both("done", "完了"), func(t *theme.Theme) theme.Style { return t.OK }
	case s == remedy.Failed:
		return lang.Both("failed", "失敗"), func(t *theme.Theme) theme.Style { return t.Problem }
	case s == remedy.Prior:
		return lang.Both("there before", "適用済み"), func(t *theme.Theme) theme.Style { return t.Skipped }
	case s == remedy.Reverted:
		return lang.Both("taken back", "切り戻し済み"), func(t *theme.Theme) theme.Style { return t.OK }
	case s == remedy.Undoing:
		return lang.Both("taking back", "切り戻し中"), func(t *theme.Theme) theme.Style { return t.Running }
	}
	return lang.Both("under way", "実施中"), func(t *theme.Theme) theme.Style { return t.Running }
}

// outcome is how a run stands, in a word, and its colour.
func outcome(r *remedy.Run) (lang.Text, func(*theme.Theme) theme.Style) {
	dim := func(t *theme.Theme) theme.Style { return t.Dim }
	good := func(t *theme.Theme) theme.Style { return t.OK }
	open := func(t *theme.Theme) theme.Style { return t.Unknown }
	bad := func(t *theme.Theme) theme.Style { return t.Problem }
	switch v := r.Verification; {
	case r.Undone != nil && len(r.Undone.Rest) > 0:
		return lang.Both("taken back, not as before", "切り戻し済み（変更前と不一致あり）"), open
	case r.Undone != nil:
		return lang.Both("taken back", "切り戻し済み"), dim
	case r.Dangling():
		return lang.Both("interrupted", "中断（結果不明の手順あり）"), open
	case v != nil && v.State == remedy.Confirmed:
		return v.State.Words(), good
	case v != nil && v.State == remedy.Ineffective:
		return v.State.Words(), bad
	case v != nil:
		return v.State.Words(), open
	case r.ByHand:
		return lang.Both("work order written", "作業手順書を出力済み（実施後に事後確認）"), open
	case r.Finished():
		return lang.Both("done, not checked", "実施済み（未確認）"), open
	case r.Begun():
		return lang.Both("done in part", "一部のみ実施"), open
	}
	if slices.ContainsFunc(r.Plan.Steps, func(s remedy.Step) bool { return r.State(s.ID) == remedy.Failed }) {
		return lang.Both("failed, nothing was changed", "失敗（変更なし）"), bad
	}
	return lang.Both("not done", "未実施"), dim
}

func (p *Page) resultTitle() lang.Text {
	switch {
	case p.before == nil:
		return lang.Both("What was done", "実施内容")
	case p.run != nil && p.run.Undone != nil:
		return lang.Both("What taking back came to", "切り戻しの結果")
	}
	return lang.Both("What came of it: before and after", "実施結果（前後の比較）")
}

// afterLines draws what came of it: the verification, what went wrong, and the
// judgements before and after.
func (p *Page) afterLines(e page.Env, width int) []string {
	var out []string
	if p.stopped && p.run != nil && !p.run.Finished() && p.run.Undone == nil {
		out = append(out, para(e, e.Theme.Unknown, lang.Both("Stopped: the steps that follow were not begun", "中断（以降の手順は未実施）"), width)...)
	}
	if p.err != nil && !p.told() {
		out = append(out, para(e, e.Theme.Problem, lang.Said(p.err), width)...)
	}
	if p.run != nil {
		out = append(out, p.runLines(e, width)...)
	}
	d := p.latest()
	switch {
	case p.before == nil || d == nil:
		return out
	case p.later == nil && p.Walk.Running():
		return append(append(out, cell.Blank(width)), para(e, e.Theme.Running, lang.Both("%s Judging again", "%s 再判定中").With(say.Spinner(e.Tick)), width)...)
	}
	out = append(out, cell.Blank(width))
	was, is := p.was, p.is
	if e.Width >= beside {
		return append(out, p.sides(e, was, is, d, width)...)
	}
	return append(out, p.changes(e, was, is, d, width)...)
}

// told reports whether a step says itself what went wrong.
func (p *Page) told() bool {
	said := lang.Said(p.err)
	return p.run != nil && slices.ContainsFunc(p.run.Plan.Steps, func(s remedy.Step) bool {
		return p.run.Errors[s.ID].En != "" && p.run.Errors[s.ID].En == said.En
	})
}

// count says how many root causes a judgement has.
func count(name lang.Text, d *walk.Diagnosis) lang.Text {
	return lang.Both("%s: root causes %d", "%s: 根本原因 %d 件").With(name, len(d.RootCauses()))
}

// listed are the findings of a judgement that are compared.
func listed(d *walk.Diagnosis) []walk.Weighed {
	return slices.DeleteFunc(slices.Clone(d.Findings), func(w walk.Weighed) bool { return w.Severity == finding.Info })
}

// sides draws both judgements beside each other, each finding in its own rows.
func (p *Page) sides(e page.Env, was, is lang.Text, d *walk.Diagnosis, width int) []string {
	left := (width - 2) / 2
	right := width - 2 - left
	var out []string
	pair := func(l, r []string) {
		n := max(len(l), len(r))
		out = append(out, cell.Beside(cell.Fill(l, left, n), cell.Fill(nil, 2, n), cell.Fill(r, right, n))...)
	}
	pair(heading(e, count(was, p.before), left), heading(e, count(is, d), right))
	for _, w := range listed(p.before) {
		if now, stays := found(d, w.ID()); stays {
			pair(p.compared(e, w, "=", e.Theme.Plain, left), p.compared(e, now, "=", e.Theme.Plain, right))
			continue
		}
		if unjudged(d, w.Probe) {
			pair(p.compared(e, w, "?", e.Theme.Unknown, left), para(e, e.Theme.Unknown, lang.Both("? could not be judged", "? 確認できず"), right))
			continue
		}
		pair(p.compared(e, w, "-", e.Theme.OK, left), para(e, e.Theme.OK, lang.Both("- gone", "- 解消"), right))
	}
	for _, w := range listed(d) {
		if _, was := found(p.before, w.ID()); !was {
			pair(para(e, e.Theme.Dim, lang.Both("! not found before", "! 以前は検出なし"), left), p.compared(e, w, "!", e.Theme.Problem, right))
		}
	}
	if len(listed(d)) == 0 {
		pair(nil, para(e, e.Theme.OK, lang.Both("Nothing found in what was checked", "確認した範囲では検出なし"), right))
	}
	return out
}

// changes draws both judgements one under the other where they do not fit beside each
// other: what is new first, then what is gone, then what stays.
func (p *Page) changes(e page.Env, was, is lang.Text, d *walk.Diagnosis, width int) []string {
	out := heading(e, lang.Both("%s -> %s", "%s -> %s").With(count(was, p.before), count(is, d)), width)
	part := func(name lang.Text, sign string, s theme.Style, from *walk.Diagnosis, want func(walk.Weighed) bool) {
		n := len(out)
		for _, w := range listed(from) {
			if want(w) {
				out = append(out, p.compared(e, w, sign, s, width)...)
			}
		}
		if len(out) > n {
			out = slices.Insert(out, n, para(e, e.Theme.Dim, name, width)...)
		}
	}
	in := func(d *walk.Diagnosis, w walk.Weighed) bool { _, ok := found(d, w.ID()); return ok }
	fresh := lang.Both("New", "新たに検出")
	if p.run != nil && p.run.Undone != nil {
		fresh = lang.Both("Back again", "再び検出")
	}
	part(fresh, "!", e.Theme.Problem, d, func(w walk.Weighed) bool { return !in(p.before, w) })
	part(lang.Both("Gone", "解消"), "-", e.Theme.OK, p.before, func(w walk.Weighed) bool { return !in(d, w) && !unjudged(d, w.Probe) })
	part(lang.Both("Could not be judged", "確認できず"), "?", e.Theme.Unknown, p.before, func(w walk.Weighed) bool { return !in(d, w) && unjudged(d, w.Probe) })
	part(lang.Both("Stays", "残存"), "=", e.Theme.Plain, d, func(w walk.Weighed) bool { return in(p.before, w) })
	return out
}

// compared draws a finding in a comparison.
func (p *Page) compared(e page.Env, w walk.Weighed, sign string, s theme.Style, width int) []string {
	var out []string
	t := evidence.Say(e, p.Catalogue, w.Finding)
	if !w.Root {
		t = lang.Both("%s (follows)", "%s（派生事象）").With(t)
	}
	for i, l := range cell.Wrap(text(e, t), width-2) {
		line := cell.NewLine(width)
		if i == 0 {
			line.Add(s, sign+" ")
		} else {
			line.Space(2)
		}
		out = append(out, line.Add(s, l).String())
	}
	return out
}

// runLines draws the outcome of the run in sight, and its steps where not all of them
// are done.
func (p *Page) runLines(e page.Env, width int) []string {
	r := p.run
	word, style := outcome(r)
	out := para(e, e.Theme.Strong, r.Plan.Title, width)
	v, u := r.Verification, r.Undone
	switch {
	case u != nil:
		out = append(out, para(e, style(e.Theme), word, width)...)
		for _, x := range u.Rest {
			out = append(out, para(e, e.Theme.Problem, lang.Both("not as before: %s", "変更前と不一致: %s").With(x.Say()), width)...)
		}
	case v != nil:
		out = append(out, para(e, style(e.Theme), lang.Both("%s: %s", "%s: %s").With(word, v.Say), width)...)
	default:
		out = append(out, para(e, style(e.Theme), word, width)...)
	}
	if r.ByHand || r.Finished() && p.err == nil && u == nil && p.before != nil {
		return out
	}
	for i, s := range r.Plan.Steps {
		word, style := state(r.State(s.ID), true)
		out = append(out, stepLines(e, i, s, word, style(e.Theme), width)...)
		out = append(out, indented(e, e.Theme.Problem, r.Errors[s.ID], width)...)
	}
	return out
}

// unjudged reports whether a probe came to no judgement.
func unjudged(d *walk.Diagnosis, id string) bool {
	i := slices.IndexFunc(d.Probes, func(j walk.Judged) bool { return j.Probe == id })
	return i < 0 || d.Probes[i].Verdict.Outcome == probe.Unknown
}
