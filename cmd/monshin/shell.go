package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/probe"
	"github.com/monshin/monshin/diagnose/runbook"
	"github.com/monshin/monshin/diagnose/walk"
	"github.com/monshin/monshin/sessions/journal"
	"github.com/monshin/monshin/sessions/shell"
	"github.com/monshin/monshin/sessions/transcript"
)

// shellFlags are what monshin shell takes.
type shellFlags struct {
	yes       bool
	command   string
	rdp       bool
	localPort int
}

func newShell(a *app, f *flags) *cobra.Command {
	l, x := f.lang, &shellFlags{}
	c := &cobra.Command{
		Use:   "shell [INSTANCE]",
		Short: lang.Both("A Session Manager shell on the whole terminal, recorded", "セッションマネージャーのシェル（端末全体・操作ログ付き）").In(l),
		Long: lang.Both(`Opens a Session Manager shell (ssm:StartSession) after asking, in this terminal. What
it shows is recorded, with times, beside the investigation's journal; what is typed
is not, as passwords are. Enter, then ~. ends the session from here; ~~ types a ~.
Where no session can be opened, the checks of no-session say why. --rdp forwards
Remote Desktop (AWS-StartPortForwardingSession) until ctrl+c; nothing of it is recorded
but that it was open.
Exit code: 0 the session ended, 1 it cannot be opened (or the command failed),
2 wrong usage or no consent, 4 the connection or monshin failed.`,
			`確認のうえセッションマネージャーのシェル（ssm:StartSession）をこの端末で開きます。表示内容は
時刻とともに操作ログに記録されます（パスワード保護のため入力そのものは記録しません）。
Enter の直後に ~. で終了、~~ で ~ を入力します。接続できない場合は「セッションマネージャーで
接続できない」の確認項目で原因を示します。--rdp はリモートデスクトップのポートを ctrl+c まで
転送します（AWS-StartPortForwardingSession。開始と終了のみ記録）。終了コード: 0 セッション終了、1 接続不可（または
コマンド失敗）、2 引数の誤り・未承認、4 接続断・内部エラー。`).In(l),
		Example: "  monshin shell i-0123456789abcdef0\n  monshin shell --lab clone-not-activated",
		Args:    cobra.MaximumNArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return a.shell(cmd.Context(), f, x, args) },
	}
	c.Flags().BoolVar(&x.yes, "yes", false, lang.Both("do not ask before the session is opened", "セッション開始の確認を省略").In(l))
	c.Flags().StringVar(&x.command, "command", "", lang.Both("run one command (AWS-StartNonInteractiveCommand) instead of a shell", "シェルの代わりにコマンドを 1 つ実行（AWS-StartNonInteractiveCommand）").In(l))
	c.Flags().BoolVar(&x.rdp, "rdp", false, lang.Both("forward Remote Desktop to a port of this machine instead of a shell", "シェルの代わりにリモートデスクトップのポートをこの端末に転送").In(l))
	c.Flags().IntVar(&x.localPort, "local-port", 0, lang.Both("with --rdp: the local port (default: any that is free)", "--rdp で使用するローカルポート（既定は空きポート）").In(l))
	c.Flags().StringVar(&f.ticket, "ticket", "", lang.Both("ticket under which the session is opened; AWS notes it as the reason", "承認チケット番号（セッションの理由として AWS に記録）").In(l))
	return c
}

func (x *shellFlags) check(a *app, f *flags) error {
	in, out, _ := a.isTerminal()
	switch {
	case f.recording != "":
		return usage(lang.Both("a recording has no shell", "記録に対してシェルは開けない"))
	case f.readOnly:
		return usage(lang.Both("--read-only: a session can change anything", "--read-only のためセッション開始不可（任意の変更が可能なため）"))
	case x.rdp && x.command != "":
		return usage(lang.Both("--rdp and --command exclude each other", "--rdp と --command は同時に指定不可"))
	case x.localPort < 0 || x.localPort > 65535 || x.localPort != 0 && !x.rdp:
		return usage(lang.Both("--local-port %d: a port between 1 and 65535, with --rdp", "--local-port %d: --rdp とともに 1～65535 を指定").With(x.localPort))
	case x.command == "" && !x.rdp && !(in && out):
		return usage(lang.Both("a shell needs a terminal; --command runs one command without", "シェルには端末が必要（--command でコマンド 1 つの実行は可）"))
	case !x.yes && !in:
		return usage(lang.Both("there is no terminal to ask on; --yes opens the session without asking", "確認を入力できる端末がない。--yes で確認を省略"))
	}
	return nil
}

func (a *app) shell(ctx context.Context, f *flags, x *shellFlags, args []string) error {
	if err := x.check(a, f); err != nil {
		return err
	}
	f.symptom = string(runbook.NoSession)
	return a.withInvestigation(ctx, f, args, func(inv *investigation, k *knowledge, acc *account, log *slog.Logger) error {
		if acc.lab != nil {
			defer acc.lab.Close()
		}
		err := a.shellOn(ctx, f, x, inv, k, acc, log)
		if broken := inv.close(); broken != nil && err == nil {
			err = failed(lang.Both("recording the shell", "操作ログの記録"), broken)
		}
		return err
	})
}

func (a *app) shellOn(ctx context.Context, f *flags, x *shellFlags, inv *investigation, k *knowledge, acc *account, log *slog.Logger) error {
	target := inv.Estate().Target
	if inv.journal == nil {
		return failed(lang.Both("a shell is not opened without its recording", "操作ログを記録できないためシェルを開けない"), inv.unrecorded)
	}
	if err := shell.Ready(ctx, acc.config, target.InstanceID); err != nil {
		return a.whyNoShell(ctx, f, inv, k, log, err)
	}
	before := lookBefore(ctx, k, acc, target)
	for _, line := range before.say() {
		fmt.Fprintln(a.err, clean(line.In(f.lang)))
	}
	if !x.yes {
		agreed, err := a.agreed(ctx, lang.Both("Open a session on %s? [y/N] ", "%s でセッションを開始しますか？ [y/N] ").With(target.InstanceID), f.lang)
		if err != nil || !agreed {
			return &exitError{code: exitUsage, say: lang.Both("no session was opened", "セッションは開始していない"), err: err}
		}
	}
	if x.rdp {
		return a.forward(ctx, f, x, inv, k, acc, log)
	}
	return a.recordedShell(ctx, f, x, inv, k, acc, log)
}

// whyNoShell walks the tree of no-session instead of only saying that there is no
// channel.
func (a *app) whyNoShell(ctx context.Context, f *flags, inv *investigation, k *knowledge, log *slog.Logger, cause error) error {
	var not *shell.NotReadyError
	if !errors.As(cause, &not) {
		return failed(lang.Same("monshin shell"), cause)
	}
	fmt.Fprintln(a.err, clean(not.Say.In(f.lang)))
	progress := a.progress(f.lang)
	d := inv.run(ctx, log, progress.show)
	progress.end()
	if d.Paused != nil {
		return noAccess(d.Paused)
	}
	if err := a.report(inv, d, k, f, output{format: transcript.AsText, summary: true}); err != nil {
		return failed(lang.Both("writing the report", "結果の出力"), err)
	}
	return &exitError{code: exitProblem}
}

// beforehand is what has to be said before a session is opened.
type beforehand struct {
	target         estate.Target
	account, alias string
	arn            string
	// managed says that License Manager manages the instance; unread that it could not
	// be read.
	managed, unread bool
	simulated       bool
}

// lookBefore reads who asks, and whether License Manager manages the instance.
func lookBefore(ctx context.Context, k *knowledge, acc *account, target estate.Target) beforehand {
	e := estate.New(target, acc.now())
	var mu sync.Mutex
	acc.source.Collect(ctx, []estate.Key{estate.CallerPart.Key(""), estate.InstancePart.Key(target.InstanceID)}, func(g walk.Got) {
		mu.Lock()
		defer mu.Unlock()
		if g.Expired == nil {
			e.Put(g.Part)
		}
	})
	v := estate.NewView(e)
	b := beforehand{target: target, simulated: acc.simulated}
	if c, ok := estate.CallerPart.Of(v, "").Get(); ok {
		b.account, b.alias, b.arn = c.Account, c.Alias, c.ARN
	}
	if _, ok := estate.InstancePart.Of(v, target.InstanceID).Get(); !ok {
		b.unread = true
		return b
	}
	if p, ok := k.probes.Get("license.product"); ok {
		b.managed = p.Judge(v).Outcome != probe.NotApplicable
	}
	return b
}

func (b beforehand) say() []lang.Text {
	who := b.account
	if b.alias != "" {
		who += " (" + b.alias + ")"
	}
	if who == "" {
		who = "?"
	}
	lines := []lang.Text{lang.Both(
		"ssm:StartSession on %[1]s in %[2]s, account %[3]s, as %[4]s. CloudTrail logs it, and it is an alarm in many companies.",
		"対象: %[1]s（%[2]s、アカウント %[3]s）、実行者: %[4]s。ssm:StartSession は CloudTrail に記録され、監視の対象となっている場合があります。").
		With(b.target.InstanceID, b.target.Region, who, or(b.arn, "?"))}
	if b.simulated {
		lines = append([]lang.Text{lang.Both("[SIMULATED] This is a simulated account, not a real one.", "【模擬データ】模擬アカウント（実環境ではない）")}, lines...)
	}
	if w := shell.Warning(b.managed); !w.Zero() {
		lines = append(lines, lang.Both("WARNING: %s", "【注意】%s").With(w))
	}
	if b.unread {
		lines = append(lines, lang.Both(
			"Whether License Manager manages this instance could not be read. On one that it manages, a session creates a local administrator (ssm-user), for which it can be terminated.",
			"License Manager の管理対象かどうかは確認できず。管理対象の場合、セッションによりローカル管理者 ssm-user が作成され、終了（terminated）の要因となる可能性あり。"))
	}
	return lines
}

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// reason is what AWS notes with the session: that it was monshin, and the ticket.
func (f *flags) reason() string {
	const longest = 256 // of ssm:StartSession
	r := []rune(strings.TrimSpace("monshin " + f.ticket))
	return string(r[:min(len(r), longest)])
}

// agreed asks a question with the answer no unless somebody says yes.
func (a *app) agreed(ctx context.Context, question lang.Text, l lang.Lang) (bool, error) {
	fmt.Fprint(a.err, question.In(l))
	type answer struct {
		line string
		err  error
	}
	typed := make(chan answer, 1)
	go func() { // a read of a terminal cannot be cancelled
		line, err := readLine(a.in)
		typed <- answer{line, err}
	}()
	select {
	case <-ctx.Done():
		fmt.Fprintln(a.err)
		return false, ctx.Err()
	case got := <-typed:
		word := strings.ToLower(strings.TrimSpace(got.line))
		return word == "y" || word == "yes" || word == "はい", got.err
	}
}

// readLine reads one line byte by byte: what is typed behind it is the shell's.
func readLine(in interface{ Read([]byte) (int, error) }) (string, error) {
	var line []byte
	var b [1]byte
	for len(line) < 4096 {
		n, err := in.Read(b[:])
		if n > 0 && (b[0] == '\n' || b[0] == '\r') {
			return string(line), nil
		}
		line = append(line, b[:n]...)
		if err != nil {
			return string(line), err
		}
	}
	return string(line), nil
}

// recordedShell opens the session with its recording, and notes both in the journal.
func (a *app) recordedShell(ctx context.Context, f *flags, x *shellFlags, inv *investigation, k *knowledge, acc *account, log *slog.Logger) error {
	out := a.terminal()
	cols, rows := out.size()
	o := shell.Options{Instance: inv.Estate().Target.InstanceID, Cols: cols, Rows: rows, Notice: out.notice(f.lang), Reason: f.reason()}
	if x.command != "" {
		o.Document = shell.NonInteractive(x.command)
	}
	s, rec, err := a.openRecorded(ctx, f, inv, acc, o)
	if err != nil {
		return a.whyNoShell(ctx, f, inv, k, log, err)
	}
	path := rec.Path()
	raw := out.run(ctx, s, x.command == "")
	left := s.Close()
	noted := a.noteShell(inv, s, rec, path, nil)
	if noted == nil {
		inv.journal.EndShell() // a failure comes with the journal's close
	}
	end := s.End()
	fmt.Fprintln(a.err, clean(end.Say.In(f.lang)))
	if left != nil {
		fmt.Fprintln(a.err, clean(lang.Said(left).In(f.lang)))
	}
	fmt.Fprintln(a.err, clean(lang.Both("recorded in %s", "操作ログ: %s").With(path).In(f.lang)))
	switch {
	case noted != nil:
		return failed(lang.Both("the recording is not whole", "操作ログが不完全"), noted)
	case raw != nil:
		return failed(lang.Both("the terminal", "端末"), raw)
	case end.Cause == shell.Lost || end.Cause == shell.Gone || end.Cause == shell.Broken:
		return &exitError{code: exitFailed}
	case end.ExitCode != nil && *end.ExitCode != 0:
		fmt.Fprintln(a.err, clean(lang.Both("the command ended with exit code %d", "コマンドの終了コード: %d").With(*end.ExitCode).In(f.lang)))
		return &exitError{code: exitProblem}
	}
	return nil
}

// noteShell ends the recording, makes the masked copy and notes both in the journal.
func (a *app) noteShell(inv *investigation, s *shell.Shell, rec *shell.Recording, path string, sent []string) error {
	d, err := rec.Close()
	entry := journal.Shell{SessionID: s.SessionID(), File: filepath.Base(path), SHA256: d.SHA256, From: d.From.UTC(), To: d.To.UTC(), Sent: sent, ExitCode: s.End().ExitCode}
	masked := strings.TrimSuffix(path, ".cast") + ".masked.cast"
	sum, unmasked := shell.MaskedFile(path, masked)
	if unmasked == nil {
		entry.Masked, entry.MaskedSHA256 = filepath.Base(masked), sum
	}
	return errors.Join(err, unmasked, inv.journal.Append(string(journal.KindShell), entry))
}
