// Package workorder writes plans down for the person who carries them out
// (作業手順書), and runs for the person who asks what was done. It holds pure
// projections of plans, runs and judgements.
package workorder

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/remedy"
	"github.com/monshin/monshin/diagnose/walk"
)

// Order is one plan, or all plans of an investigation, for a reader.
type Order struct {
	Diagnosis *walk.Diagnosis
	// Estate tells with which command a value is seen; nil leaves those out.
	Estate    *estate.Estate
	Proposals []remedy.Proposal
	// Others are the fixes of the same finding that were not chosen.
	Others []remedy.Proposal
	// Left are root causes for which there is no plan.
	Left []walk.Weighed
	// Forecast is the judgement after all plans; nil where there is none.
	Forecast *remedy.Forecast
	// DryRuns are what EC2 said, by step id.
	DryRuns map[string]remedy.DryRun
	// Session is the investigation that monshin verify takes; "" leaves it out.
	Session string
}

// Options say for whom it is written.
type Options struct {
	Lang    lang.Lang
	Zone    *time.Location
	Version string
}

// Formats lists what Write writes.
func Formats() []string { return []string{"text", "markdown", "html", "json"} }

// Write writes an order. Its error names a format that there is not.
func Write(o Order, cat *finding.Catalogue, format string, opts Options) ([]byte, error) {
	if format == "json" {
		return asJSON(o)
	}
	d := &document{lang: opts.Lang}
	w := writer{document: d, order: o, cat: cat, opts: opts}
	w.all()
	switch format {
	case "text":
		return []byte(d.text()), nil
	case "markdown":
		return []byte(d.markdown()), nil
	case "html":
		return []byte(d.page()), nil
	}
	return nil, fmt.Errorf("there is no format %q", format)
}

// asJSON writes the plans as data: what a program needs to approve one.
func asJSON(o Order) ([]byte, error) {
	type plan struct {
		ID       string           `json:"id"`
		Plan     remedy.Plan      `json:"plan"`
		Forecast *remedy.Forecast `json:"forecast,omitempty"`
	}
	type refused struct {
		Fix    string    `json:"fix"`
		Say    lang.Text `json:"say"`
		Danger bool      `json:"danger,omitempty"`
	}
	out := struct {
		Schema    string                   `json:"schema"`
		Simulated bool                     `json:"simulated"`
		Plans     []plan                   `json:"plans"`
		Others    []plan                   `json:"others,omitempty"`
		Refused   []refused                `json:"refused,omitempty"`
		Left      []string                 `json:"left,omitempty"`
		DryRuns   map[string]remedy.DryRun `json:"dry_runs,omitempty"`
		Session   string                   `json:"session,omitempty"`
	}{Schema: "monshin.plan/v1", Simulated: o.Diagnosis.Simulated, Plans: []plan{}, DryRuns: o.DryRuns, Session: o.Session}
	for _, p := range o.Proposals {
		out.Plans = append(out.Plans, plan{p.Planned.Plan.Hash(), p.Planned.Plan, p.Forecast})
	}
	for _, p := range o.Others {
		if p.Refused != nil {
			out.Refused = append(out.Refused, refused{p.Fix.ID, p.Refused.Say, p.Refused.Danger})
			continue
		}
		out.Others = append(out.Others, plan{p.Planned.Plan.Hash(), p.Planned.Plan, p.Forecast})
	}
	for _, w := range o.Left {
		out.Left = append(out.Left, w.ID())
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(out)
	return lang.CleanJSON(b.Bytes()), err
}

type writer struct {
	*document
	order Order
	cat   *finding.Catalogue
	opts  Options
}

// say adds a text with its times in the reader's zone.
func (w writer) say(k kind, t lang.Text) {
	w.add(k, t.Times(func(at time.Time) string { return lang.Time(at, w.opts.Zone) }))
}

func (w writer) all() {
	d := w.order.Diagnosis
	w.say(title, lang.Both("Work order: %s", "作業手順書: %s").With(d.Target.InstanceID))
	if d.Simulated {
		w.say(paragraph, lang.Both("SIMULATED ACCOUNT: nothing here is about a real system.", "模擬データです。実在の環境に関する内容ではありません。"))
	}
	w.target()
	if len(w.order.Proposals) == 0 {
		w.say(paragraph, lang.Both("There is no plan: no root cause was found for which monshin has a fix.", "対処手順はありません（対処方法のある根本原因は検出されておりません）。"))
	}
	if len(w.order.Proposals) > 1 {
		w.overview()
	}
	for i, p := range w.order.Proposals {
		w.plan(i, p)
	}
	if len(w.order.Others) > 0 {
		w.others()
	}
	if len(w.order.Left) > 0 {
		w.say(heading, lang.Both("Root causes without a plan", "対処手順のない根本原因"))
		for _, f := range w.order.Left {
			w.say(item, lang.Both("%s (%s)", "%s（%s）").With(w.cat.Screen(f.Finding), f.ID()))
		}
	}
	if w.opts.Version != "" {
		w.say(paragraph, lang.Both("Written by monshin %s.", "作成: monshin %s").With(w.opts.Version))
	}
}

func (w writer) target() {
	d := w.order.Diagnosis
	account := d.Target.Account
	if c, ok := d.Caller.Get(); ok && c.Alias != "" {
		account = fmt.Sprintf("%s (%s)", c.Account, c.Alias)
	}
	w.say(heading, lang.Both("Target", "対象"))
	w.say(item, lang.Both("account: %s", "アカウント: %s").With(account))
	w.say(item, lang.Both("region: %s", "リージョン: %s").With(d.Target.Region))
	name := d.Target.InstanceID
	if i, ok := d.Instance.Get(); ok && i.Name != "" {
		name += " (" + i.Name + ")"
	}
	w.say(item, lang.Both("instance: %s", "インスタンス: %s").With(name))
	w.say(item, lang.Both("read at: %s", "構成の取得時刻: %s").With(lang.Time(d.AsOf, w.opts.Zone)))
}

// overview lists the plans in their order, on one page.
func (w writer) overview() {
	w.say(heading, lang.Both("All plans, in order", "対処手順の全体（実施順）"))
	for i, p := range w.order.Proposals {
		w.say(item, lang.Both("%[1]d. %[2]s: removes %[3]s (plan %[4]s)", "%[1]d. %[2]s: %[3]s を解消（手順 ID %[4]s）").With(
			i+1, p.Planned.Plan.Title, p.Planned.Plan.Finding, p.Planned.Plan.Hash()))
	}
	w.say(paragraph, lang.Both("Each plan is made again on the account before it is approved; an id changes when what is there has changed.",
		"各手順は承認前に現在の構成から再作成します。構成が変わると手順 ID も変わります。"))
	if f := w.order.Forecast; f != nil {
		w.forecast(*f)
	}
}

func (w writer) plan(i int, p remedy.Proposal) {
	plan := p.Planned.Plan
	head := lang.Both("%s", "%s").With(plan.Title)
	if len(w.order.Proposals) > 1 {
		head = lang.Both("Plan %d: %s", "手順 %d: %s").With(i+1, plan.Title)
	}
	w.say(heading, head)
	w.say(item, lang.Both("plan id: %s", "手順 ID: %s").With(plan.Hash()))
	w.say(item, lang.Both("purpose: %s", "目的: %s").With(plan.Why))
	w.say(item, lang.Both("removes: %s", "解消する検出事項: %s").With(plan.Finding))
	if plan.Duration > 0 {
		w.say(item, lang.Both("takes about %s", "所要時間の目安: %s").With(span(plan.Duration)))
	}
	w.reach(plan)
	if p.Forecast != nil && len(w.order.Proposals) == 1 {
		w.forecast(*p.Forecast)
	}
	w.before(plan)
	for n, s := range plan.Steps {
		w.step(n, len(plan.Steps), s, plan)
	}
	w.after(plan)
	w.back(plan)
	if !plan.Stop.Zero() {
		w.say(subheading, lang.Both("When to stop", "中止の判断"))
		w.say(paragraph, plan.Stop)
	}
}

func (w writer) reach(plan remedy.Plan) {
	w.say(subheading, lang.Both("What it reaches", "影響範囲"))
	for _, b := range plan.Blast {
		w.say(item, Blast(b))
	}
	for _, r := range plan.Risks {
		w.say(item, lang.Both("risk: %s", "リスク: %s").With(r.Words()))
	}
	for _, c := range plan.Costs {
		w.say(item, lang.Both("cost: %s", "料金: %s").With(c))
	}
	for _, x := range plan.Warnings {
		w.say(item, lang.Both("note: %s", "注意: %s").With(x))
	}
	if len(plan.Blast)+len(plan.Risks)+len(plan.Costs)+len(plan.Warnings) == 0 {
		w.say(item, lang.Both("this instance only", "対象インスタンスのみ"))
	}
	if a := plan.Actions(); len(a) > 0 {
		w.say(item, lang.Both("permissions needed: %s", "必要な権限: %s").With(strings.Join(a, ", ")))
	}
}

// Blast says a number of what a plan reaches. What was not counted is not none.
func Blast(b remedy.Blast) lang.Text {
	count := lang.Same(fmt.Sprint(b.Count))
	switch {
	case !b.Known:
		count = lang.Both("not known", "不明")
	case b.AtLeast:
		count = lang.Both("%d or more", "%d 以上").With(b.Count)
	}
	t := lang.Both("%s: %s", "%s: %s").With(b.What, count)
	if len(b.Names) > 0 {
		t = lang.Both("%s (%s)", "%s（%s）").With(t, strings.Join(b.Names, ", "))
	}
	return t
}

func (w writer) forecast(f remedy.Forecast) {
	w.say(subheading, lang.Both("What the same judgement will say afterwards", "適用後の見込み"))
	for _, x := range Forecast(f) {
		w.say(item, x)
	}
}

// Forecast says a forecast, a line a kind.
func Forecast(f remedy.Forecast) []lang.Text {
	var out []lang.Text
	line := func(en, ja string, ids []string) {
		if len(ids) > 0 {
			out = append(out, lang.Both(en, ja).With(strings.Join(ids, ", ")))
		}
	}
	line("gone: %s", "解消: %s", f.Gone)
	line("APPEARS: %s", "新たに発生: %s", f.Appears)
	line("stays: %s", "残存: %s", f.Stays)
	line("only shows afterwards: %s", "適用後に確認: %s", f.Open)
	line("root causes that are left: %s", "残る根本原因: %s", f.Roots)
	if len(f.Roots) == 0 {
		out = append(out, lang.Both("no root cause is left in what was checked", "確認した範囲では根本原因は残らない見込み"))
	}
	return out
}

// before lists the values that have to stand for the plan to be right.
func (w writer) before(plan remedy.Plan) {
	type place struct{ part, at string }
	seen := map[place]bool{}
	var guards []remedy.Guard
	for _, s := range plan.Steps {
		for _, g := range s.Guards {
			if p := (place{g.Part, g.At}); !seen[p] && !strings.Contains(g.Part+g.At, "new:") {
				seen[p] = true
				guards = append(guards, g)
			}
		}
	}
	if len(guards) == 0 {
		return
	}
	w.say(subheading, lang.Both("Checks before", "事前確認"))
	var shown []string
	for _, g := range guards {
		before := g.Before
		if before == "" {
			before = "-"
		}
		w.say(item, lang.Both("%s: %s is %s", "%s の %s が %s であること").With(g.Part, g.At, before))
		if cli := w.seeing(g.Part); cli != "" && !slices.Contains(shown, cli) {
			shown = append(shown, cli)
			w.copied(cli)
		}
	}
	w.say(paragraph, lang.Both("If a value is another one, stop: the plan has to be made again.", "値が異なる場合は中止し、手順を再作成してください。"))
}

// seeing is the command with which a part is seen.
func (w writer) seeing(part string) string {
	if w.order.Estate == nil {
		return ""
	}
	if f, ok := w.order.Estate.Fact(estate.ParseKey(part)); ok {
		return f.Origin().CLI
	}
	return ""
}

func (w writer) step(n, of int, s remedy.Step, plan remedy.Plan) {
	w.say(subheading, lang.Both("Step %d of %d: %s", "手順 %d/%d: %s").With(n+1, of, s.Title))
	w.say(paragraph, s.Why)
	if !s.Do.Zero() {
		w.say(item, lang.Both("console: %s", "コンソール: %s").With(s.Do))
	}
	if s.Call != nil {
		w.say(item, lang.Both("AWS CLI:", "AWS CLI:"))
		w.copied(s.Call.CLI(plan.Target.Region))
		if w.order.DryRuns != nil {
			w.say(item, DryRun(w.order.DryRuns[s.ID]))
		}
	}
	if s.Script != "" {
		w.say(item, lang.Both("PowerShell that runs inside Windows (parameters.json holds its lines as \"commands\"):", "OS 内で実行する PowerShell（parameters.json の \"commands\" に各行を指定）:"))
		w.copied(s.Script)
	}
	if s.Diff != nil {
		w.say(item, lang.Both("%s before:", "%s（変更前）:").With(s.Diff.Name))
		w.copied(s.Diff.Before)
		w.say(item, lang.Both("%s after:", "%s（変更後）:").With(s.Diff.Name))
		w.copied(s.Diff.After)
	}
	if s.Check.Command != "" || !s.Check.Expect.Zero() {
		w.say(item, lang.Both("check: %s", "確認: %s").With(s.Check.Expect))
		w.copied(s.Check.Command)
	}
	w.toFill(lang.Both("done by", "実施者"), lang.Both("at", "実施時刻"), lang.Both("checked by", "確認者"))
}

// DryRun says what EC2 said.
func DryRun(d remedy.DryRun) lang.Text {
	switch d.Verdict {
	case remedy.DryAllowed:
		return lang.Both("EC2 would allow this call (DryRun)", "DryRun の結果: 実行可能")
	case remedy.DryRefused:
		return lang.Both("EC2 would refuse this call (DryRun): %s", "DryRun の結果: 実行不可（%s）").With(d.Detail)
	}
	return lang.Both("cannot be tried without making the call", "DryRun 対象外（事前の権限確認は不可）")
}

func (w writer) after(plan remedy.Plan) {
	w.say(subheading, lang.Both("Checks after", "事後確認"))
	if plan.Settle > 0 && !plan.Wait.Zero() {
		w.say(item, lang.Both("the effect may take %s to show: %s", "反映まで最大 %s: %s").With(span(plan.Settle), plan.Wait))
	}
	if w.order.Session != "" {
		w.say(item, lang.Both("monshin judges again by the same checks:", "monshin による同じ判定での再確認:"))
		w.copied("monshin verify " + w.order.Session)
	} else {
		w.say(item, lang.Both("monshin judges again by the same checks:", "monshin による同じ判定での再確認:"))
		w.copied(fmt.Sprintf("monshin check %s --symptom %s --region %s", plan.Target.InstanceID, w.order.Diagnosis.Symptom, plan.Target.Region))
	}
	w.say(item, lang.Both("expected: %s is no longer found", "期待結果: %s が検出されないこと").With(plan.Finding))
}

func (w writer) back(plan remedy.Plan) {
	w.say(subheading, lang.Both("The way back", "切り戻し"))
	for _, s := range slices.Backward(plan.Steps) {
		switch {
		case s.Undo != nil:
			w.say(item, lang.Both("%s:", "%s:").With(s.Title))
			w.copied(s.Undo.CLI(plan.Target.Region))
			if s.UndoScript != "" {
				w.copied(s.UndoScript)
			}
		case !s.NoUndo.Zero():
			w.say(item, lang.Both("%s: no way back: %s", "%s: 切り戻し不可（%s）").With(s.Title, s.NoUndo))
		}
	}
	if plan.Undoable() {
		w.say(paragraph, lang.Both("Possible as long as nobody has changed the same settings since.", "適用後に同じ設定が変更されていない間は切り戻し可能です。"))
	}
}

func (w writer) others() {
	w.say(heading, lang.Both("Other fixes of the same finding", "その他の対処方法"))
	for _, p := range w.order.Others {
		if p.Refused != nil {
			w.say(item, lang.Both("%s (%s): not here: %s", "%s（%s）: 適用不可（%s）").With(p.Fix.Title, p.Fix.ID, p.Refused.Say))
			continue
		}
		w.say(item, lang.Both("%s (%s, plan %s)", "%s（%s、手順 ID %s）").With(p.Fix.Title, p.Fix.ID, p.Planned.Plan.Hash()))
		for _, x := range p.Planned.Plan.Warnings {
			w.say(item, lang.Both("note: %s", "注意: %s").With(x))
		}
	}
}

// span says a duration in minutes, or hours.
func span(d time.Duration) lang.Text {
	if d >= 2*time.Hour {
		return lang.Both("%d hours", "%d 時間").With(int(d.Hours()))
	}
	return lang.Both("%d minutes", "%d 分").With(int(d.Minutes()))
}

// Text is one plan as a work order for a terminal or a mail.
func Text(d *walk.Diagnosis, p remedy.Proposal, opts Options) string {
	doc := &document{lang: opts.Lang}
	w := writer{document: doc, order: Order{Diagnosis: d, Proposals: []remedy.Proposal{p}}, opts: opts}
	w.all()
	return doc.text()
}
