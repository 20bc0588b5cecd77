package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"charm.land/fang/v2"
	"charm.land/lipgloss/v2"
	"github.com/spf13/cobra"

	"github.com/monshin/monshin/diagnose/lab"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/remedy"
	"github.com/monshin/monshin/diagnose/runbook"
)

// app is the process's surroundings, so that a test can give others.
type app struct {
	args       []string
	in         io.Reader
	out, err   io.Writer
	getenv     func(string) string
	isTerminal func() (in, out, err bool)

	// ledger stands between a run and its journal; nil for nothing.
	ledger func(remedy.Ledger) remedy.Ledger
	// meddle is told of every call to a simulated account before it is answered, and may
	// change the account as somebody else would; nil for nobody.
	meddle func(action string, w *lab.World)

	// screen is out itself, which run puts behind a sink.
	screen io.Writer
}

// sink remembers that something could not be written: a report that a full disk
// cut short must not look like a whole one.
type sink struct {
	io.Writer
	err error
}

func (s *sink) Write(b []byte) (int, error) {
	n, err := s.Writer.Write(b)
	if err != nil && s.err == nil {
		s.err = err
	}
	return n, err
}

// The exit codes (DESIGN.md §4).
const (
	exitOK        = 0
	exitProblem   = 1
	exitUsage     = 2
	exitUndecided = 3
	exitFailed    = 4
)

// exitError ends the process with a code. Say is what the operator is told, ""
// where everything has been said.
type exitError struct {
	code int
	say  lang.Text
	err  error
}

func (e *exitError) Error() string { return e.say.En }
func (e *exitError) Unwrap() error { return e.err }

// Said returns the words, for lang.Said.
func (e *exitError) Said() lang.Text { return e.say }

// usage is wrong usage or bad input.
func usage(say lang.Text) error { return &exitError{code: exitUsage, say: say} }

// badInput is bad input whose error already says all there is to say.
func badInput(what lang.Text, err error) error {
	return &exitError{code: exitUsage, say: lang.Both("%s: %s", "%s: %s").With(what, sayError(err)), err: err}
}

// failed is missing credentials, or monshin's own failure.
func failed(what lang.Text, err error) error {
	return &exitError{code: exitFailed, say: lang.Both("%s: %s", "%s: %s").With(what, sayError(err)), err: err}
}

// sayError gives an error's words in both languages where it has them.
func sayError(err error) lang.Text {
	var mistakes runbook.Mistakes
	if errors.As(err, &mistakes) {
		return lang.Both(mistakes.In(lang.En), mistakes.In(lang.Ja))
	}
	return lang.Said(err)
}

// run runs one command line and returns the exit code.
func run(ctx context.Context, a *app) int {
	l := a.language()
	root := newRoot(a, l)
	root.SetArgs(a.args)
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.err)
	out := &sink{Writer: a.out}
	a.screen, a.out = a.out, out
	err := fang.Execute(ctx, root, fang.WithErrorHandler(func(w io.Writer, _ fang.Styles, err error) {
		var e *exitError
		switch {
		case errors.As(err, &e) && e.say.Zero():
		case errors.As(err, &e):
			fmt.Fprintf(w, "monshin: %s\n", lang.CleanLines(e.say.In(l)))
		default:
			fmt.Fprintf(w, "monshin: %s\n", clean(err.Error()))
			fmt.Fprintln(w, lang.Both("See monshin --help.", "使い方は monshin --help を参照").In(l))
		}
	}), fang.WithColorSchemeFunc(func(lipgloss.LightDarkFunc) fang.ColorScheme { return fang.AnsiColorScheme(lipgloss.LightDark(true)) }),
		fang.WithoutManpage())
	var e *exitError
	switch {
	case err == nil && out.err != nil:
		fmt.Fprintf(a.err, "monshin: %s\n", clean(sayError(failed(lang.Both("writing the output", "結果の出力"), out.err)).In(l)))
		return exitFailed
	case err == nil:
		return exitOK
	case errors.As(err, &e):
		return e.code
	}
	return exitUsage // cobra's own errors: unknown flags, commands, wrong counts
}

// language is what the operator reads, found before flags are parsed because the
// help is written in it.
func (a *app) language() lang.Lang {
	for i, s := range a.args {
		if v, ok := cutFlag(s, "--lang"); ok {
			if l, known := lang.Parse(v); known {
				return l
			}
		}
		if s == "--lang" && i+1 < len(a.args) {
			if l, known := lang.Parse(a.args[i+1]); known {
				return l
			}
		}
	}
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if v := a.getenv(name); v != "" {
			if l, known := lang.Parse(v); known {
				return l
			}
			return lang.En // a locale monshin does not speak
		}
	}
	return lang.En
}

func cutFlag(s, name string) (string, bool) {
	if len(s) > len(name) && s[:len(name)] == name && s[len(name)] == '=' {
		return s[len(name)+1:], true
	}
	return "", false
}

func clean(s string) string { return lang.Clean(s) }

func newRoot(a *app, l lang.Lang) *cobra.Command {
	f := &flags{lang: l}
	root := &cobra.Command{
		Use: "monshin [INSTANCE]",
		Short: lang.Both("Find out why a Windows EC2 instance misbehaves, and prove it",
			"Windows EC2 インスタンスの不具合を切り分け、根本原因を特定").In(l),
		Long: lang.Both(`monshin walks a decision tree about one Windows EC2 instance: instance role, VPC
endpoints, network, DNS and Active Directory, License Manager, clones, activation,
password. It reads AWS live, says which of the problems is the cause, how sure that
is, and on what evidence. It plans the fix, says what will come of it, carries it out
only with consent to exactly that plan, checks it by the same judgement, and can take
it back. Until then it changes nothing.`,
			`monshin は Windows EC2 インスタンス 1 台について、インスタンスロール、VPC エンドポイント、
ネットワーク、DNS と Active Directory、License Manager、複製、ライセンス認証、パスワードを
AWS の現在の構成から確認し、根本原因とその確度、根拠を示します。対処手順と適用後の見込みを作成し、
その手順が承認された場合のみ実施し、同じ判定で事後確認を行い、切り戻しもできます。
承認されるまで変更操作は行いません。`).In(l),
		Example: `  monshin
  monshin i-0123456789abcdef0
  monshin --lab office-terminates
  monshin check i-0123456789abcdef0 --symptom not-in-systems-manager -o json`,
		Args:          cobra.MaximumNArgs(1),
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.openTUI(cmd.Context(), f, args)
		},
		PersistentPreRunE: func(*cobra.Command, []string) error { return f.check() },
	}
	f.register(root)
	root.Flags().StringVar(&f.symptom, "symptom", "", lang.Both("symptom to start with", "最初に開く事象").In(l))
	root.Flags().StringVar(&f.runbook, "runbook", "", lang.Both("walk the tree in FILE", "FILE の切り分けフローを使用").In(l))
	root.Flags().BoolVar(&f.ascii, "ascii", false, lang.Both("draw borders with ASCII characters", "罫線を ASCII 文字で表示").In(l))
	root.Flags().BoolVar(&f.still, "no-animation", false, lang.Both("no moving parts on the screen", "アニメーションなし").In(l))
	root.AddCommand(newCheck(a, f), newFix(a, f), newVerify(a, f), newUndo(a, f), newFleet(a, f), newShell(a, f), newAsk(a, f), newExplain(a, f), newRunbook(a, f), newPermissions(a, f), newSessions(a, f), newLab(a, f))
	return root
}
