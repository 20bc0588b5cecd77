package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/remedy"
	"github.com/monshin/monshin/diagnose/walk"
	"github.com/monshin/monshin/sessions/workorder"
)

// fixFlags are what monshin fix takes beside the flags of a walk.
type fixFlags struct {
	with, planID, confirm string
	goOn                  string
	format                string
	plan, yes, noWait     bool
	handOut               bool
}

func newFix(a *app, f *flags) *cobra.Command {
	l, x := f.lang, &fixFlags{}
	c := &cobra.Command{
		Use:   "fix [CODE[@SUBJECT]] [INSTANCE]",
		Short: lang.Both("Plan a fix, or carry out exactly that plan", "対処手順の作成、または承認済み手順の実施").In(l),
		Long: lang.Both(`--plan writes the plan (a work order): the exact calls, what they reach, what the
same judgement will say afterwards, and the way back. Without CODE it plans all
root causes. It changes nothing and needs no permission to change anything.
With --hand-out the plan is also kept in the investigation, so that monshin verify
judges it after somebody else has carried it out.
--yes --plan-id HASH carries out that very plan; one that has changed is refused.
Afterwards the same judgement checks it. Exit code: 0 verified, 1 ineffective,
2 refused, 3 too early to tell, 4 a call failed.`,
			`--plan は作業手順書（実行する API、影響範囲、適用後の見込み、切り戻し）を出力します。
CODE を省略するとすべての根本原因が対象です。変更操作は行わず、変更権限も不要です。
--hand-out を付けると手順を調査に記録し、他の担当者の実施後に monshin verify で確認できます。
--yes --plan-id HASH は当該手順のみを実施します（内容が変わった場合は中止）。
実施後に同じ判定で事後確認を行います。終了コード: 0 対処完了を確認、1 効果なし、2 中止、
3 確認待ち、4 実行失敗。`).In(l),
		Example: "  monshin fix endpoint.missing@ssmmessages i-0123456789abcdef0 --plan -o markdown\n  monshin fix endpoint.missing@ssmmessages i-0123456789abcdef0 --yes --plan-id 1f0c… --confirm my-alias",
		Args:    cobra.MaximumNArgs(2),
		RunE:    func(cmd *cobra.Command, args []string) error { return a.fix(cmd.Context(), f, x, args) },
	}
	c.Flags().BoolVar(&x.plan, "plan", false, lang.Both("write the plan and change nothing", "対処手順の出力のみ（変更なし）").In(l))
	c.Flags().BoolVar(&x.handOut, "hand-out", false, lang.Both("with --plan: keep the plan for monshin verify; somebody else carries it out", "--plan と併用: 他の担当者が実施する手順として記録し、monshin verify で確認").In(l))
	c.Flags().StringVar(&x.with, "with", "", lang.Both("this fix instead of the recommended one", "推奨以外の対処方法を指定").In(l))
	c.Flags().BoolVar(&x.yes, "yes", false, lang.Both("carry the plan out", "対処手順を実施").In(l))
	c.Flags().StringVar(&x.planID, "plan-id", "", lang.Both("the plan that is approved", "承認する対処手順の ID").In(l))
	c.Flags().StringVar(&x.goOn, "continue", "", lang.Both("go on with the plan that SESSION was carrying out when it was interrupted", "SESSION で中断した対処手順を続行").In(l))
	c.Flags().StringVar(&x.confirm, "confirm", "", lang.Both("the word that a wide or billed plan asks for", "影響範囲が広い手順や料金が発生する手順で求められる確認文字列").In(l))
	c.Flags().StringVarP(&x.format, "output", "o", "text", lang.Both("text, markdown, html or json", "text、markdown、html、json のいずれか").In(l))
	c.Flags().BoolVar(&x.noWait, "no-wait", false, lang.Both("look once after the last step instead of waiting for the effect", "実施後の確認を 1 回のみ行い、反映を待たない").In(l))
	c.Flags().StringVar(&f.symptom, "symptom", "", lang.Both("the symptom (see: monshin runbook list)", "事象（一覧: monshin runbook list）").In(l))
	c.Flags().StringArrayVar(&f.answers, "answer", nil, lang.Both("answer a question: ad-domain=…, user=…, from=… (repeatable)", "質問への回答: ad-domain=…、user=…、from=…（複数指定可）").In(l))
	c.Flags().BoolVar(&f.guest, "guest", false, lang.Both("allow the read-only scripts inside Windows (Run Command)", "OS 内での参照用スクリプトの実行（Run Command）を許可").In(l))
	c.Flags().StringVar(&f.ticket, "ticket", "", lang.Both("ticket under which this is approved; recorded", "承認チケット番号（記録用）").In(l))
	c.Flags().StringVar(&f.approver, "approver", "", lang.Both("who approved this; recorded", "承認者（記録用）").In(l))
	return c
}

func (x *fixFlags) check(f *flags) error {
	switch {
	case x.goOn != "" && (x.plan || x.yes || x.planID != "" || x.handOut):
		return usage(lang.Both("--continue goes on with an approved plan: without --plan, --yes and --plan-id", "--continue は承認済み手順の続行用（--plan、--yes、--plan-id とは併用不可）"))
	case x.goOn != "" && f.readOnly:
		return usage(lang.Both("--read-only: nothing is changed", "--read-only のため変更不可"))
	case x.goOn != "":
		return nil
	case x.handOut && !x.plan:
		return usage(lang.Both("--hand-out goes with --plan: monshin does not carry out what is handed out", "--hand-out は --plan と併用（引き渡す手順は monshin では実施しない）"))
	case x.handOut && f.recording != "":
		return usage(lang.Both("--hand-out needs an account: a recording holds no plans, and nothing can be verified in it", "--hand-out にはアカウントへの接続が必要（記録の再生中は事後確認不可）"))
	case x.plan == x.yes:
		return usage(lang.Both("say either --plan (write the plan) or --yes --plan-id HASH (carry it out)", "--plan（手順の出力）または --yes --plan-id HASH（実施）のいずれかを指定"))
	case x.yes && x.planID == "":
		return usage(lang.Both("--yes needs --plan-id: the id that monshin fix --plan printed", "--yes には --plan-id が必要（monshin fix --plan が表示する ID）"))
	case x.yes && f.readOnly:
		return usage(lang.Both("--read-only: nothing is changed", "--read-only のため変更不可"))
	case !slices.Contains(workorder.Formats(), x.format):
		return usage(lang.Both("-o %q: the formats are text, markdown, html and json", "-o %q: 指定できる形式は text、markdown、html、json").With(x.format))
	}
	return nil
}

func (a *app) fix(ctx context.Context, f *flags, x *fixFlags, args []string) error {
	if err := x.check(f); err != nil {
		return err
	}
	if x.goOn != "" {
		if len(args) > 0 {
			return usage(lang.Both("--continue SESSION says all: %q is too much", "--continue SESSION 以外の引数 %q は不要").With(args[0]))
		}
		return a.withRuns(ctx, f, x.goOn, func(w *fixing, before *walk.Diagnosis, k *knowledge) error {
			return a.continueRun(ctx, f, w, before, k, !x.noWait)
		})
	}
	var code string
	if len(args) > 0 && !instanceID.MatchString(args[0]) {
		code, args = args[0], args[1:]
	}
	if len(args) > 1 {
		return usage(lang.Both("%q is no finding code", "%q は検出結果コードではない").With(args[0]))
	}
	if code == "" && x.yes {
		return usage(lang.Both("--yes carries out one plan: name its CODE", "--yes は 1 件の手順のみ実施: CODE の指定が必要"))
	}
	return a.withInvestigation(ctx, f, args, func(inv *investigation, k *knowledge, acc *account, log *slog.Logger) error {
		progress := a.progress(f.lang)
		d := inv.run(ctx, log, progress.show)
		var err error
		if f.guest && d.Paused == nil && len(inv.insideKeys()) > 0 {
			if err = inv.consent(f.ticket, f.approver); err == nil {
				d = inv.run(ctx, log, progress.show)
			}
		}
		progress.end()
		defer a.recordedIn(inv, d, f.lang)
		switch {
		case err != nil:
			return failed(lang.Same("--guest"), err)
		case d.Paused != nil:
			return noAccess(d.Paused)
		}
		return a.fixOne(ctx, f, x, code, d, a.newFixing(inv, k, acc, log, f), k)
	})
}

func (a *app) fixOne(ctx context.Context, f *flags, x *fixFlags, code string, d *walk.Diagnosis, work *fixing, k *knowledge) error {
	if code == "" {
		whole, err := work.Whole(ctx)
		if err != nil {
			return a.said(err)
		}
		return a.planOut(f, x, workorder.Order{Diagnosis: d, Estate: work.inv.Estate(), Proposals: whole.Proposals, Left: whole.Left, Forecast: whole.Forecast}, work, k)
	}
	w, err := findingOf(d, code)
	if err != nil {
		return err
	}
	proposals, err := work.Proposals(ctx, w.ID())
	if err != nil {
		return a.said(err)
	}
	p, err := choose(proposals, w.ID(), x.with)
	if err != nil {
		return err
	}
	if x.plan {
		return a.planOut(f, x, workorder.Order{
			Diagnosis: d, Estate: work.inv.Estate(), Proposals: []remedy.Proposal{p}, Others: others(proposals, p), Forecast: p.Forecast, DryRuns: work.DryRun(ctx, p.Planned.Plan),
		}, work, k)
	}
	run, err := work.Apply(ctx, p.Planned, remedy.Approval{Hash: x.planID, Typed: x.confirm, Approver: f.approver, Ticket: f.ticket}, a.steps(f, &p.Planned.Plan))
	if err != nil {
		if run != nil {
			a.sayRun(f, run)
			a.sayNext(f, work, run)
		}
		return outcomeOf(err)
	}
	after, err := work.Verify(ctx, run, !x.noWait, a.steps(f, &p.Planned.Plan))
	if err != nil {
		return outcomeOf(err)
	}
	a.sayRun(f, run)
	a.sayVerdict(f, d, after, k)
	if code := run.Verification.Exit(); code != exitOK {
		return &exitError{code: code}
	}
	return nil
}

// said passes errors that end with a code of their own, and names others monshin's.
func (a *app) said(err error) error {
	if e := (*exitError)(nil); errors.As(err, &e) {
		return e
	}
	return outcomeOf(err)
}

// choose picks the fix: the one that was named, else the first that applies.
func choose(proposals []remedy.Proposal, finding, with string) (remedy.Proposal, error) {
	var ids []string
	for _, p := range proposals {
		ids = append(ids, p.Fix.ID)
		if with != "" && p.Fix.ID != with {
			continue
		}
		if p.Refused == nil {
			return p, nil
		}
		if with != "" {
			return p, usage(lang.Both("%s is not offered here: %s", "%s は適用不可: %s").With(with, p.Refused.Say))
		}
	}
	switch {
	case len(proposals) == 0:
		return remedy.Proposal{}, usage(lang.Both("there is no fix for %[1]s; see monshin explain %[1]s", "%[1]s に対する対処手順は用意されていない（monshin explain %[1]s を参照）").With(finding))
	case with != "":
		return remedy.Proposal{}, usage(lang.Both("%s has no fix %q; there are %s", "%s に対処方法 %q は存在しない。指定できるのは %s").With(finding, with, strings.Join(ids, ", ")))
	}
	return remedy.Proposal{}, usage(lang.Both("no fix of %s applies here: %s", "%s に適用できる対処方法がない: %s").With(finding, refusals(proposals)))
}

func refusals(proposals []remedy.Proposal) lang.Text {
	var all []lang.Text
	for _, p := range proposals {
		if p.Refused != nil {
			all = append(all, lang.Both("%s: %s", "%s: %s").With(p.Fix.ID, p.Refused.Say))
		}
	}
	return lang.Join(all, lang.Both("; ", "、"))
}

func others(all []remedy.Proposal, p remedy.Proposal) []remedy.Proposal {
	return slices.DeleteFunc(slices.Clone(all), func(o remedy.Proposal) bool { return o.Fix.ID == p.Fix.ID })
}

// planOut writes plans as a work order, and keeps them where somebody else is to
// carry them out.
func (a *app) planOut(f *flags, x *fixFlags, o workorder.Order, work *fixing, k *knowledge) error {
	if !x.handOut || len(o.Proposals) == 0 {
		return a.writeOrders(f, x.format, o, k)
	}
	for i := range o.Proposals {
		if err := work.keep(o.Proposals[i].Planned); err != nil {
			return a.said(err)
		}
	}
	o.Session = work.inv.journal.ID
	if err := a.writeOrders(f, x.format, o, k); err != nil {
		return err
	}
	fmt.Fprintln(a.err, clean(lang.Both("kept in the investigation %[1]s; when it has been carried out: monshin verify %[1]s", "調査 %[1]s に記録済み。実施後の確認: monshin verify %[1]s").With(o.Session).In(f.lang)))
	return nil
}

// writeOrders writes plans as a work order.
func (a *app) writeOrders(f *flags, format string, o workorder.Order, k *knowledge) error {
	b, err := workorder.Write(o, k.catalogue, format, f.order())
	if err == nil {
		_, err = a.out.Write(b)
	}
	if err != nil {
		return failed(lang.Both("writing the plan", "対処手順の出力"), err)
	}
	return nil
}

// steps tells the progress of a run on the error stream.
func (a *app) steps(f *flags, p *remedy.Plan) func(remedy.Progress) {
	last := ""
	return func(x remedy.Progress) {
		line := x.Say
		if i := slices.IndexFunc(p.Steps, func(s remedy.Step) bool { return s.ID == x.Step }); i >= 0 {
			line = lang.Both("[%d/%d] %s: %s", "[%d/%d] %s: %s").With(i+1, len(p.Steps), p.Steps[i].Title, stateWord(x))
			if !x.Say.Zero() {
				line = lang.Both("%s (%s)", "%s（%s）").With(line, x.Say)
			}
		}
		s := clean(line.Times(func(t time.Time) string { return lang.Time(t, f.zone) }).In(f.lang))
		if s != last { // what is waited for is told once, not at every look
			fmt.Fprintln(a.err, s)
		}
		last = s
	}
}

func stateWord(x remedy.Progress) lang.Text {
	switch x.State {
	case remedy.Intended:
		return lang.Both("under way", "実施中")
	case remedy.Undoing:
		return lang.Both("being taken back", "切り戻し中")
	case remedy.Done:
		if x.Undo {
			return lang.Both("not taken back", "切り戻し失敗")
		}
		return lang.Both("done", "完了")
	case remedy.Prior:
		return lang.Both("there already", "適用済みのため不要")
	case remedy.Reverted:
		return lang.Both("taken back", "切り戻し済み")
	case remedy.Failed:
		return lang.Both("failed", "失敗")
	}
	return lang.Both("not done", "未実施")
}

// sayRun says what was done and what was not.
func (a *app) sayRun(f *flags, run *remedy.Run) { fmt.Fprint(a.out, workorder.Run(run, f.order())) }

// sayNext says what can be done after a run that did not come to its end.
func (a *app) sayNext(f *flags, work *fixing, run *remedy.Run) {
	if work.inv.journal == nil {
		return
	}
	next := lang.Both("nothing is changed; a work order for somebody who may do it: monshin fix %[1]s --plan --hand-out -o markdown",
		"変更は未実施。権限を持つ担当者への作業手順書: monshin fix %[1]s --plan --hand-out -o markdown").With(run.Plan.Finding)
	if run.Begun() {
		next = lang.Both("what is done stays; to go on: monshin fix --continue %[1]s; to take it back: monshin undo %[1]s",
			"完了した手順は適用されたまま。続行: monshin fix --continue %[1]s、切り戻し: monshin undo %[1]s").With(work.inv.journal.ID)
	}
	fmt.Fprintln(a.err, clean(next.In(f.lang)))
}

// sayVerdict says the judgement before and after, side by side.
func (a *app) sayVerdict(f *flags, before, after *walk.Diagnosis, k *knowledge) {
	fmt.Fprint(a.out, workorder.BeforeAfter(before, after, k.catalogue, f.order()))
}

// order is for whom plans and runs are written.
func (f *flags) order() workorder.Options {
	return workorder.Options{Lang: f.lang, Zone: f.zone, Version: version()}
}
