package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/runbook"
	"github.com/monshin/monshin/sessions/journal"
	"github.com/monshin/monshin/sessions/session"
	"github.com/monshin/monshin/sessions/transcript"
	"github.com/monshin/monshin/tui"
)

func newSessions(a *app, f *flags) *cobra.Command {
	l := f.lang
	c := &cobra.Command{
		Use:   "sessions",
		Short: lang.Both("Investigations that were recorded", "記録済みの調査").In(l),
		Long: lang.Both(`Lists, shows, goes on with, exports, replays, compares, checks and deletes recorded
investigations. SESSION is an id, the beginning of one, a path, or "last".`,
			`記録済みの調査の一覧・表示・再開・出力・閲覧・比較・改ざんチェック・削除を行います。
SESSION には ID、ID の先頭部分、ファイルのパス、または last（最後の調査）を指定します。`).In(l),
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	c.AddCommand(newSessionsList(a, f), newSessionsShow(a, f), newSessionsResume(a, f), newSessionsExport(a, f),
		newSessionsReplay(a, f), newSessionsDiff(a, f), newSessionsVerify(a, f), newSessionsDelete(a, f))
	return c
}

// findSession is the path of the journal that SESSION names.
func (a *app) findSession(name string) (string, error) {
	store, err := a.store()
	if err != nil {
		return "", badInput(lang.Same("monshin sessions"), err)
	}
	path, err := store.Find(name)
	if err != nil {
		return "", badInput(lang.Same("SESSION"), err)
	}
	return path, nil
}

// openSession reads the journal that SESSION names, also one whose end a crash damaged.
func (a *app) openSession(name string) (string, *journal.Record, error) {
	path, err := a.findSession(name)
	if err != nil {
		return "", nil, err
	}
	r, damage, err := journal.OpenRecovering(path)
	if err != nil {
		return "", nil, badInput(lang.Same("SESSION"), err)
	}
	r.Torn = r.Torn || damage != nil
	return path, r, nil
}

// oneOf refuses a flag's value that is none of its words.
func oneOf(flag, value string, words ...string) error {
	for _, w := range words {
		if w == value {
			return nil
		}
	}
	return usage(lang.Both("%s %q: use one of %s", "%s %q: 指定できるのは %s").With(flag, value, strings.Join(words, ", ")))
}

func newSessionsResume(a *app, f *flags) *cobra.Command {
	l := f.lang
	var as, format string
	c := &cobra.Command{
		Use:   "resume SESSION|FILE.monshin",
		Short: lang.Both("Go on with an investigation, or with one that was handed over", "調査の再開・引き継いだ調査の取り込み").In(l),
		Long: lang.Both(`Reads again what is older than 15 minutes, says what has changed since, and goes on
where it stood: on the screen, or with -o without one. Scripts inside Windows are not
run again without a new consent. Where another process works on it, it is opened for
reading only.`,
			`15 分以上前に取得した項目を再取得し、前回からの変更を示した上で、前回の到達点から再開します
（-o 指定時・端末なしの場合は画面なしで実行）。OS 内のスクリプトは、改めて承認しない限り再実行しません。
別のプロセスが使用中の場合は、読み取り専用で開きます。`).In(l),
		Example: "  monshin sessions resume last\n  monshin sessions resume 1a2b3c4d.monshin --as tanaka",
		Args:    cobra.ExactArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return a.resume(cmd.Context(), f, args[0], as, format) },
	}
	c.Flags().StringVar(&as, "as", "", lang.Both("your name, recorded with what you add (needed for FILE.monshin)", "担当者名（以降の記録に付記。FILE.monshin では必須）").In(l))
	c.Flags().StringVarP(&format, "output", "o", "", lang.Both("go on without the screen and report: text, plain, markdown or json", "画面なしで再開し結果を出力: text、plain、markdown、json のいずれか").In(l))
	c.Flags().StringVar(&f.runbook, "runbook", "", lang.Both("walk the tree in FILE", "FILE の切り分けフローを使用").In(l))
	return c
}

func (a *app) resume(ctx context.Context, f *flags, name, as, format string) error {
	in, out, _ := a.isTerminal()
	headless := format != "" || !in || !out || a.getenv("TERM") == "dumb"
	if format == "" {
		format = "text"
	}
	if err := oneOf("-o", format, "text", "plain", "markdown", "json"); err != nil {
		return err
	}
	as = operatorName(as)
	handed := strings.HasSuffix(name, session.HandOver)
	if handed {
		if as == "" {
			return usage(lang.Both("who takes it over? --as NAME", "引き継ぐ担当者名の指定が必要: --as NAME"))
		}
		path, err := a.takeIn(f, name)
		if err != nil {
			return err
		}
		name = path
	}
	path, r, err := a.openSession(name)
	if err != nil {
		return err
	}
	d, err := a.deskOf(ctx, f, r)
	if err != nil {
		return err
	}
	defer d.close()
	k, acc, log := d.knowledge, d.account, d.log
	// What else the screen opens is of the same account.
	if f.profile == "" {
		f.profile = r.Opening.Profile
	}
	f.lab, _ = strings.CutPrefix(r.Opening.Source, "lab:")
	if !r.Opening.Simulated {
		f.lab, f.region = "", r.Opening.Target.Region
	}
	next := journal.Resume{Operator: as, Handed: handed}
	if !headless {
		return a.resumeOnScreen(ctx, f, d, path, r, next)
	}
	inv, err := a.goOn(acc, k, f, path, next)
	if busy, is := session.Busy(err); is {
		fmt.Fprintf(a.err, "monshin: %s\n", clean(readOnlyBecause(busy).In(f.lang)))
		return a.judgeAgain(ctx, f, k, recordedAccount(r), path, r, transcript.Format(format))
	}
	if err != nil {
		return resumeFailed(err)
	}
	return a.resumeHeadless(ctx, f, k, inv, log, format)
}

// resumeFailed tells why going on was not possible, with the code that it deserves.
func resumeFailed(err error) error {
	if e := (*exitError)(nil); errors.As(err, &e) {
		return err
	}
	return failed(lang.Same("monshin sessions resume"), err)
}

// readOnlyBecause says why an investigation can only be read now.
func readOnlyBecause(busy *session.BusyError) lang.Text {
	return lang.Both("%s: opened for reading only", "%sのため、読み取り専用で表示").With(busy.Said())
}

// takeIn imports a hand-over file and returns where its journal is now.
func (a *app) takeIn(f *flags, file string) (string, error) {
	store, err := a.store()
	if err != nil {
		return "", badInput(lang.Same("monshin sessions"), err)
	}
	path, fate, err := store.Import(file)
	if busy, is := session.Busy(err); is {
		return "", badInput(lang.Same(file), busy)
	}
	if err != nil {
		return "", badInput(lang.Same(clean(file)), err)
	}
	fmt.Fprintf(a.err, "%s: %s\n", session.IDOf(path), fate.Say().In(f.lang))
	return path, nil
}

func (a *app) resumeOnScreen(ctx context.Context, f *flags, d *desk, path string, r *journal.Record, b journal.Resume) error {
	return a.showTUI(ctx, f, d, tui.Start{
		Instance: r.Opening.Target.InstanceID, Symptom: runbook.Symptom(r.Opening.Symptom), Resume: path,
	}, b.Operator)
}

func newSessionsReplay(a *app, f *flags) *cobra.Command {
	l := f.lang
	var asOf, format string
	played := &replayedShell{}
	c := &cobra.Command{
		Use:   "replay SESSION",
		Short: lang.Both("Open a record offline: no network, no credentials", "記録を開く（オフライン。認証情報不要）").In(l),
		Long: lang.Both(`Opens the screen on what was recorded. Any symptom's tree can be walked on the same
facts, by today's rules; where those judge otherwise than the record does, it is said.
--as-of TIME takes the record as it stood then. --shell plays a recorded Session Manager
shell instead; where there is no terminal, it writes its text with times, masked.`,
			`記録された構成情報で画面を開きます。同じ構成情報で他の事象の切り分けも可能です。判定は現在の版の
ルールで行い、当時の判定と異なる項目を示します。--as-of 時刻 で、その時点までの記録を使用します。
--shell では、記録されたセッションマネージャーのシェルを再生します（端末以外への出力時は、
マスキング済みのテキストを時刻付きで出力）。`).In(l),
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if is, err := played.check(cmd); err != nil {
				return err
			} else if is {
				return a.replayShell(cmd.Context(), f, args[0], played)
			}
			return a.replay(cmd.Context(), f, args[0], asOf, format)
		},
	}
	c.Flags().StringVar(&asOf, "as-of", "", lang.Both("the record as it stood at TIME (2026-11-22T10:58:00+09:00 or 10:58)", "TIME 時点までの記録を使用（例 2026-11-22T10:58:00+09:00、10:58）").In(l))
	c.Flags().StringVarP(&format, "output", "o", "", lang.Both("report without the screen: text, plain, markdown, html or json", "画面なしで結果を出力: text、plain、markdown、html、json のいずれか").In(l))
	c.Flags().StringVar(&f.symptom, "symptom", "", lang.Both("the symptom to judge the facts for", "判定に使う事象").In(l))
	c.Flags().StringVar(&f.runbook, "runbook", "", lang.Both("walk the tree in FILE", "FILE の切り分けフローを使用").In(l))
	played.flags(c, l)
	return c
}

func (a *app) replay(ctx context.Context, f *flags, name, asOf, format string) error {
	path, err := a.replayed(f, name)
	if err != nil {
		return err
	}
	_, r, err := a.openSession(path)
	if err != nil {
		return err
	}
	if asOf != "" {
		at, err := momentOf(asOf, f.zone, r.Ended)
		if err != nil {
			return err
		}
		if at.Before(r.Started) {
			return usage(lang.Both("--as-of %s: the record begins at %s", "--as-of %s: 記録の開始は %s").With(asOf, r.Started.In(f.zone).Format(time.RFC3339)))
		}
		if r, err = journal.OpenTo(path, func(m journal.Mark) bool { return m.Time.After(at) }); err != nil {
			return badInput(lang.Same("--as-of"), err)
		}
	}
	k, err := learn()
	if err != nil {
		return failed(lang.Same("monshin"), err)
	}
	acc := recordedAccount(r)
	in, out, _ := a.isTerminal()
	if format == "" && in && out && a.getenv("TERM") != "dumb" {
		start := tui.Start{Instance: acc.instance}
		if start.Symptom, err = acc.pick(f.symptom, k.library.Symptoms()); err != nil {
			return err
		}
		log, closeLog, err := f.debugLog()
		if err != nil {
			return err
		}
		defer closeLog()
		return a.showTUI(ctx, f, &desk{knowledge: k, account: acc, log: log, close: func() {}}, start, "")
	}
	if format == "" {
		format = "text"
	}
	if err := oneOf("-o", format, "text", "plain", "markdown", "html", "json"); err != nil {
		return err
	}
	return a.judgeAgain(ctx, f, k, acc, path, r, transcript.Format(format))
}

// replayed is the path of the journal to replay. A hand-over file is unpacked into
// the store: it holds what a recording has to have, under its own id.
func (a *app) replayed(f *flags, name string) (string, error) {
	if strings.HasSuffix(name, session.HandOver) {
		return a.takeIn(f, name)
	}
	return a.findSession(name)
}

// momentOf reads a time: RFC 3339, a date and a time, or a time on the day of the
// record, in the operator's zone.
func momentOf(s string, zone *time.Location, day time.Time) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t, nil
	}
	for _, form := range []string{"2006-01-02 15:04:05", "2006-01-02T15:04:05", "2006-01-02 15:04", "2006-01-02T15:04"} {
		if t, err := time.ParseInLocation(form, s, zone); err == nil {
			return t, nil
		}
	}
	for _, form := range []string{"15:04:05", "15:04"} {
		if t, err := time.Parse(form, s); err == nil {
			y, m, d := day.In(zone).Date()
			return time.Date(y, m, d, t.Hour(), t.Minute(), t.Second(), 0, zone), nil
		}
	}
	return time.Time{}, usage(lang.Both("--as-of %q is no time: use 2026-11-22T10:58:00+09:00, 2026-11-22 10:58 or 10:58",
		"--as-of %q は時刻ではない（例: 2026-11-22T10:58:00+09:00、2026-11-22 10:58、10:58）").With(s))
}

func newSessionsDelete(a *app, f *flags) *cobra.Command {
	l := f.lang
	var yes bool
	c := &cobra.Command{
		Use:   "delete SESSION...",
		Short: lang.Both("Delete investigations with their attachments", "調査と添付ファイルの削除").In(l),
		Args:  cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			var paths []string
			for _, name := range args {
				path, err := a.findSession(name)
				if err != nil {
					return err
				}
				if filepath.Ext(path) == session.HandOver {
					return usage(lang.Both("%s is a hand-over file, not an investigation of this machine", "%s は引き継ぎファイル（この端末の調査ではない）").With(path))
				}
				paths = append(paths, path)
			}
			return a.deleteSessions(f, paths, yes)
		},
	}
	c.Flags().BoolVar(&yes, "yes", false, lang.Both("do not ask", "確認なしで削除").In(l))
	return c
}

func (a *app) deleteSessions(f *flags, paths []string, yes bool) error {
	for _, p := range paths {
		for _, file := range session.Files(p) {
			fmt.Fprintln(a.err, clean(file))
		}
	}
	if !yes {
		if in, _, _ := a.isTerminal(); !in {
			return usage(lang.Both("nothing was deleted: without a terminal to ask on, --yes is needed", "未削除: 端末がないため --yes の指定が必要"))
		}
		fmt.Fprint(a.err, lang.Both("Delete these for good? [y/N] ", "完全に削除しますか？ [y/N] ").In(f.lang))
		var answer string
		_, _ = fmt.Fscanln(a.in, &answer)
		if answer = strings.ToLower(answer); answer != "y" && answer != "yes" {
			fmt.Fprintln(a.err, lang.Both("nothing was deleted", "未削除").In(f.lang))
			return nil
		}
	}
	for _, p := range paths {
		err := session.Delete(p)
		if busy, is := session.Busy(err); is {
			return badInput(lang.Same(session.IDOf(p)), busy)
		}
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return failed(lang.Same(session.IDOf(p)), err)
		}
		fmt.Fprintln(a.out, lang.Both("deleted: %s", "削除済み: %s").With(session.IDOf(p)).In(f.lang))
	}
	return nil
}
