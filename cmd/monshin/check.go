package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/walk"
	"github.com/monshin/monshin/sessions/journal"
	"github.com/monshin/monshin/sessions/session"
	"github.com/monshin/monshin/sessions/transcript"
)

func newCheck(a *app, f *flags) *cobra.Command {
	var out outputFlags
	l := f.lang
	c := &cobra.Command{
		Use:   "check [INSTANCE]",
		Short: lang.Both("Walk without the terminal UI, and report", "画面なしで切り分けを実行し、結果を出力").In(l),
		Long: lang.Both(`Reads, judges, reports. Exit code: 0 no problem in what was checked, 1 a root cause
was found (or there is no such instance), 3 undecided, 2 wrong usage or input,
4 no usable credentials or monshin failed.`,
			`取得・判定・報告を行います。終了コード: 0 確認した範囲では問題なし、1 根本原因あり
（または該当インスタンスなし）、3 切り分け未完了、2 引数・入力の誤り、4 認証情報なし・内部エラー。`).In(l),
		Example: "  monshin check i-0123456789abcdef0 --symptom no-session\n  monshin check --lab office-terminates --lang ja",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.check(cmd.Context(), f, args, out)
		},
	}
	c.Flags().StringVar(&f.symptom, "symptom", "", lang.Both("the symptom (see: monshin runbook list)", "事象（一覧: monshin runbook list）").In(l))
	c.Flags().StringVar(&f.runbook, "runbook", "", lang.Both("walk the tree in FILE", "FILE の切り分けフローを使用").In(l))
	c.Flags().StringArrayVar(&f.answers, "answer", nil, lang.Both("answer a question: ad-domain=…, user=…, from=… (repeatable)", "質問への回答: ad-domain=…、user=…、from=…（複数指定可）").In(l))
	c.Flags().StringVarP(&out.format, "output", "o", "text", formatList().In(l))
	c.Flags().StringVar(&out.reader, "for", "", lang.Both("who will read it: %s (default: internal)", "提供先: %s（既定は internal）").With(readerList()).In(l))
	c.Flags().BoolVar(&out.summary, "summary", false, lang.Both("short enough for a chat message", "チャットに貼れる長さの要約").In(l))
	c.Flags().BoolVar(&f.guest, "guest", false, lang.Both("allow the read-only scripts inside Windows (Run Command)", "OS 内での参照用スクリプトの実行（Run Command）を許可").In(l))
	c.Flags().StringVar(&f.ticket, "ticket", "", lang.Both("ticket under which the scripts are allowed; recorded", "スクリプト実行の承認チケット番号（記録用）").In(l))
	c.Flags().StringVar(&f.approver, "approver", "", lang.Both("who allowed the scripts; recorded", "スクリプト実行の承認者（記録用）").In(l))
	c.Flags().StringVar(&f.answerFile, "answer-file", "", lang.Both("FILE with the line that the script of monshin ask printed", "monshin ask のスクリプトの出力行を保存したファイル").In(l))
	c.Flags().BoolVar(&f.simulate, "simulate", false, lang.Both("also ask iam:SimulatePrincipalPolicy (extra evidence, never decides alone)", "iam:SimulatePrincipalPolicy も参照（参考情報。単独では判定しない）").In(l))
	return c
}

// outputFlags say how a report is written.
type outputFlags struct {
	format, reader string
	summary        bool
}

// output is what outputFlags come to.
type output struct {
	format  transcript.Format
	reader  transcript.Reader
	summary bool
}

func (o outputFlags) parse() (output, error) {
	format, ok := transcript.ParseFormat(o.format)
	if !ok {
		return output{}, usage(lang.Both("-o %q: %s", "-o %q: 指定できる形式は %s").With(o.format, formatList()))
	}
	reader, ok := transcript.ParseReader(o.reader)
	if !ok {
		return output{}, usage(lang.Both("--for %q: the readers are %s", "--for %q: 指定できる提供先は %s").With(o.reader, readerList()))
	}
	if o.summary && format != transcript.AsText && format != transcript.AsPlain && format != transcript.AsMarkdown {
		return output{}, usage(lang.Both("--summary goes with -o text, plain or markdown", "--summary は -o text、plain、markdown と併用"))
	}
	return output{format, reader, o.summary}, nil
}

// formatList names the formats; a sentence of its own, as flags show it.
func formatList() lang.Text {
	var names []string
	for _, f := range transcript.Formats() {
		names = append(names, string(f))
	}
	last := len(names) - 1
	return lang.Both(strings.Join(names[:last], ", ")+" or "+names[last], strings.Join(names, "、")+" のいずれか")
}

func readerList() lang.Text {
	var names []string
	for _, r := range transcript.Readers() {
		names = append(names, string(r))
	}
	return lang.Both(strings.Join(names, ", "), strings.Join(names, "、"))
}

func (a *app) check(ctx context.Context, f *flags, args []string, flags outputFlags) error {
	out, err := flags.parse()
	if err != nil {
		return err
	}
	return a.withInvestigation(ctx, f, args, func(inv *investigation, k *knowledge, acc *account, log *slog.Logger) error {
		return a.checkOne(ctx, f, inv, k, acc, log, out)
	})
}

// withInvestigation opens what the command line names, and calls do with the walk
// of one instance that is ready to run.
func (a *app) withInvestigation(ctx context.Context, f *flags, args []string, do func(*investigation, *knowledge, *account, *slog.Logger) error) error {
	answers, err := f.answered()
	if err != nil {
		return err
	}
	desk, err := a.openDesk(ctx, f)
	if err != nil {
		return err
	}
	defer desk.close()
	k, acc := desk.knowledge, desk.account
	instance, err := acc.target(args)
	if err != nil {
		return err
	}
	symptom, err := acc.pick(f.symptom, k.library.Symptoms())
	if err != nil {
		return err
	}
	tree, err := k.tree(symptom, f.runbook)
	if err != nil {
		return err
	}
	if err := acc.ready(ctx, f); err != nil {
		return err
	}
	inv, err := a.investigate(acc, k, f, instance, tree, answers)
	if err != nil {
		return failed(lang.Same("monshin"), err)
	}
	return do(inv, k, acc, desk.log)
}

func (a *app) checkOne(ctx context.Context, f *flags, inv *investigation, k *knowledge, acc *account, log *slog.Logger, out output) error {
	if acc.cut {
		fmt.Fprintln(a.err, lang.Both("monshin: the recording ends before its walk did; what is missing counts as not recorded",
			"monshin: 記録は調査の途中で途切れており、以降の項目は「記録なし」として扱う").In(f.lang))
	}
	progress := a.progress(f.lang)
	d := inv.run(ctx, log, progress.show)
	if f.guest && d.Paused == nil && len(inv.insideKeys()) > 0 {
		// What AWS tells comes first; then it is known what the script has to ask, and
		// the consent is recorded with its exact text before it runs.
		if err := inv.consent(f.ticket, f.approver); err != nil {
			progress.end()
			return failed(lang.Same("--guest"), err)
		}
		d = inv.run(ctx, log, progress.show)
	}
	if f.answerFile != "" {
		text, err := readAnswerFile(f.answerFile)
		if err != nil {
			progress.end()
			return err
		}
		taken, err := inv.paste(text, acc.now())
		if err != nil {
			progress.end()
			return badInput(lang.Same("--answer-file"), err)
		}
		for _, note := range taken.Notes {
			fmt.Fprintln(a.err, clean("monshin: --answer-file: "+note.In(f.lang)))
		}
		d = inv.run(ctx, log, progress.show)
	}
	progress.end()
	a.recordedIn(inv, d, f.lang)
	if err := a.report(inv, d, k, f, out); err != nil {
		return failed(lang.Both("writing the report", "結果の出力"), err)
	}
	if d.Paused != nil {
		return noAccess(d.Paused)
	}
	if code := d.Exit(); code != exitOK {
		return &exitError{code: code}
	}
	return nil
}

// recordedIn says what became of the record: always where it is not whole, and to
// somebody at a terminal where it is and what it is good for.
func (a *app) recordedIn(inv *investigation, d *walk.Diagnosis, l lang.Lang) {
	if err := inv.close(); err != nil {
		what := lang.Both("this walk is not recorded", "この調査は記録されていない")
		if inv.journal != nil {
			what = lang.Both("this walk is not recorded whole", "この調査の記録は不完全")
		}
		fmt.Fprintf(a.err, "monshin: %s: %s\n", what.In(l), clean(lang.Said(err).In(l)))
		return
	}
	path := inv.journalPath()
	if _, _, tty := a.isTerminal(); !tty || path == "" {
		return
	}
	fmt.Fprintln(a.err, clean(lang.Both("recorded in %s", "作業記録: %s").With(path).In(l)))
	if slices.ContainsFunc(d.Unknowns, func(u walk.Open) bool { return u.Why.Reason == fact.Denied }) {
		fmt.Fprintln(a.err, clean(lang.Both("for a request for the permissions that were missing: monshin permissions --for-session %s",
			"不足した権限の付与依頼文: monshin permissions --for-session %s").With(path).In(l)))
	}
}

func (a *app) report(inv *investigation, d *walk.Diagnosis, k *knowledge, f *flags, out output) error {
	o := transcript.Options{Lang: f.lang, Zone: f.zone, Summary: out.summary, Version: version(), Reader: out.reader}
	s, err := a.told(inv, d, out)
	if err != nil {
		return err
	}
	b, err := transcript.Export(s, k.catalogue, out.format, o)
	if err != nil {
		return err
	}
	_, err = a.out.Write(b)
	return err
}

// told is the walk as a report tells it. The reports that people keep also tell what
// the record holds: each call with its time and request id, the hash of the record.
func (a *app) told(inv *investigation, d *walk.Diagnosis, out output) (transcript.Session, error) {
	switch out.format {
	case transcript.AsHTML, transcript.AsMarkdown, transcript.AsPlain:
		if path := inv.journalPath(); path != "" {
			if r, err := journal.Open(path); err == nil {
				return session.Tell(path, r, d, inv.Estate(), inv.Tree())
			}
		}
	}
	return transcript.FromDiagnosis(d, inv.Estate(), inv.Tree(), version()), nil
}

// progress shows on a terminal what a walk waits for.
type progress struct {
	out  io.Writer
	lang lang.Lang

	mu    sync.Mutex
	last  *walk.Diagnosis
	drawn bool
	stop  chan struct{}
	done  chan struct{}
}

// slow is after how long a progress line is worth a look; most walks are shorter.
const slow = 400 * time.Millisecond

func (a *app) progress(l lang.Lang) *progress {
	p := &progress{lang: l, stop: make(chan struct{}), done: make(chan struct{})}
	if _, _, tty := a.isTerminal(); tty {
		p.out = a.err
	}
	go p.run()
	return p
}

func (p *progress) show(d *walk.Diagnosis) {
	p.mu.Lock()
	p.last = d
	p.mu.Unlock()
}

func (p *progress) run() {
	defer close(p.done)
	tick := time.NewTicker(slow)
	defer tick.Stop()
	for {
		select {
		case <-p.stop:
			if p.drawn {
				fmt.Fprint(p.out, "\r\x1b[K")
			}
			return
		case <-tick.C:
			p.mu.Lock()
			d := p.last
			p.mu.Unlock()
			if p.out == nil || d == nil || len(d.Waiting) == 0 {
				continue
			}
			var names []string
			for _, k := range d.Waiting {
				names = append(names, k.Kind)
			}
			line := lang.Both("%d calls; still waiting for %s", "API %d 回、応答待ち: %s").With(d.Calls.Total, strings.Join(names, ", ")).In(p.lang)
			fmt.Fprintf(p.out, "\r\x1b[K%s", lang.Truncate(clean(line), 78))
			p.drawn = true
		}
	}
}

func (p *progress) end() {
	close(p.stop)
	<-p.done
}
