package fix

import (
	"slices"
	"strings"

	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/remedy"
	"github.com/monshin/monshin/sessions/workorder"
	"github.com/monshin/monshin/tui/cell"
	"github.com/monshin/monshin/tui/evidence"
	"github.com/monshin/monshin/tui/page"
	"github.com/monshin/monshin/tui/theme"
)

// headLines is what the plan is called.
func (p *Page) headLines(e page.Env, width int) []string {
	plan := p.chosen.Planned.Plan
	t := plan.Title
	if plan.Mode == remedy.Guided {
		t = byHand(t)
	}
	out := para(e, e.Theme.Strong, t, width)
	if p.err != nil {
		out = append(out, para(e, e.Theme.Problem, lang.Both("Nothing was changed: %s", "変更なし: %s").With(lang.Said(p.err)), width)...)
	}
	if p.order != "" {
		out = append(out, para(e, e.Theme.OK, lang.Both("Work order: %s", "作業手順書: %s").With(p.order), width)...)
		out = append(out, para(e, e.Theme.Plain, lang.Both("When it has been carried out: open it at the bottom of the list of fixes; r checks", "実施後: 対処方法の一覧末尾にある該当手順を開き、r で事後確認"), width)...)
	}
	return out
}

// planLines draws the rest of the plan: where, why, how far it reaches, each step.
func (p *Page) planLines(e page.Env, width int) []string {
	plan := p.chosen.Planned.Plan
	var out []string
	row := func(en, ja string, t lang.Text) {
		if !t.Zero() {
			out = append(out, evidence.Row(e, lang.Both(en, ja).In(e.Lang), text(e, t), width)...)
		}
	}
	row("Account", "アカウント", account(plan))
	row("Instance", "対象", lang.Same(plan.Target.InstanceID))
	row("Finding", "検出結果", lang.Both("%s (%s)", "%s（%s）").With(p.name(plan.Finding), plan.Code))
	row("Why", "効果", plan.Why)
	for _, b := range plan.Blast {
		row("Reaches", "影響範囲", workorder.Blast(b))
	}
	for _, r := range plan.Risks {
		row("Risk", "リスク", r.Words())
	}
	for _, c := range plan.Costs {
		row("Cost", "料金", c)
	}
	for _, w := range plan.Warnings {
		row("Note", "注意", w)
	}
	row("Settles", "反映待ち", plan.Wait)
	if plan.Undoable() {
		row("Way back", "切り戻し", plan.WayBack())
	} else {
		row("No way back", "切り戻し不可", plan.WayBack())
	}
	if a := plan.Actions(); len(a) > 0 {
		row("Permissions", "必要な権限", lang.Same(strings.Join(a, ", ")))
	}
	for i, s := range plan.Steps {
		out = append(append(out, cell.Blank(width)), para(e, e.Theme.Title, lang.Both("Step %d of %d: %s", "手順 %d/%d: %s").With(i+1, len(plan.Steps), s.Title), width)...)
		out = append(out, p.stepLines(e, s, plan, width)...)
	}
	if !plan.Stop.Zero() {
		out = append(out, cell.Blank(width))
		row("Stop if", "中止の判断", plan.Stop)
	}
	return out
}

func (p *Page) stepLines(e page.Env, s remedy.Step, plan remedy.Plan, width int) []string {
	var out []string
	row := func(en, ja, value string) {
		if value != "" {
			out = append(out, evidence.Row(e, lang.Both(en, ja).In(e.Lang), value, width)...)
		}
	}
	row("Why", "目的", text(e, s.Why))
	if s.Call != nil {
		row("Call", "コマンド", s.Call.CLI(plan.Target.Region))
		if d, ok := p.dry[s.ID]; ok && d.Verdict != remedy.NotAsked {
			row("EC2 says", "EC2 の判定", text(e, workorder.DryRun(d)))
		}
	}
	row("Console", "操作", text(e, s.Do))
	if s.Script != "" {
		row("Script", "スクリプト", text(e, lang.Both("runs inside Windows, to the letter:", "OS 内で実行する内容（全文）:")))
		for _, l := range strings.Split(strings.TrimRight(s.Script, "\n"), "\n") {
			out = append(out, exact(e.Theme.Plain, l, width)...)
		}
	}
	if s.Diff != nil {
		out = append(out, diffLines(e, *s.Diff, width)...)
	}
	row("Check", "確認", s.Check.Command)
	row("Expected", "期待結果", text(e, s.Check.Expect))
	switch {
	case s.Undo != nil:
		row("Way back", "切り戻し", s.Undo.CLI(plan.Target.Region))
	case !s.NoUndo.Zero():
		row("No way back", "切り戻し不可", text(e, s.NoUndo))
	}
	return out
}

// exact draws a line of a script so that every character of it is seen.
func exact(s theme.Style, line string, width int) []string {
	var out []string
	for i, l := range cell.Wrap(cell.Clean(line), width-2) {
		c := cell.NewLine(width)
		if i == 0 {
			c.Add(s, "| ")
		} else {
			c.Space(2)
		}
		out = append(out, c.Add(s, l).String())
	}
	return out
}

// diffLines shows what goes and what comes, line by line; lines that stay stand
// between them.
func diffLines(e page.Env, d remedy.Diff, width int) []string {
	out := para(e, e.Theme.Strong, lang.Same(d.Name), width)
	was, is := strings.Split(d.Before, "\n"), strings.Split(d.After, "\n")
	line := func(sign string, s theme.Style, text string) {
		for _, l := range cell.Wrap(cell.Clean(text), width-2) {
			out = append(out, cell.NewLine(width).Add(s, sign+" "+l).String())
		}
	}
	for len(was)+len(is) > 0 {
		switch {
		case len(was) > 0 && len(is) > 0 && was[0] == is[0]:
			line(" ", e.Theme.Dim, was[0])
			was, is = was[1:], is[1:]
		case len(was) > 0 && !slices.Contains(is, was[0]):
			line("-", e.Theme.Problem, was[0])
			was = was[1:]
		case len(is) > 0:
			line("+", e.Theme.OK, is[0])
			is = is[1:]
		default:
			line("-", e.Theme.Problem, was[0])
			was = was[1:]
		}
	}
	return out
}

// account names the account: nobody may approve for another one.
func account(plan remedy.Plan) lang.Text {
	t := lang.Same(plan.Target.Account)
	if plan.Alias != "" {
		t = lang.Both("%s (%s)", "%s（%s）").With(t, plan.Alias)
	}
	return lang.Both("%s, %s", "%s / %s").With(t, plan.Target.Region)
}
