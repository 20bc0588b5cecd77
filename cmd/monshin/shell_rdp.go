package main

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/sessions/journal"
	"github.com/monshin/monshin/sessions/shell"
)

// forward forwards Remote Desktop until the operator or Session Manager ends it.
func (a *app) forward(ctx context.Context, f *flags, x *shellFlags, inv *investigation, k *knowledge, acc *account, log *slog.Logger) error {
	target := inv.Estate().Target.InstanceID
	w := a.terminal()
	fw, err := shell.OpenForward(ctx, shell.Options{Config: acc.config, Instance: target, Notice: w.notice(f.lang), Reason: f.reason()}, shell.RDP, x.localPort)
	if err != nil {
		return a.whyNoShell(ctx, f, inv, k, log, err)
	}
	defer fw.Close()
	note := func(say lang.Text) error {
		return inv.journal.Append(string(journal.KindNote), journal.Note{Audience: journal.Internal, Text: say.In(f.lang)})
	}
	if err := note(lang.Both("Remote Desktop forwarded over the session %s", "リモートデスクトップのポート転送を開始（セッション %s）").With(fw.SessionID())); err != nil {
		return failed(lang.Both("a session that cannot be noted is not kept open", "記録できないためセッションを終了"), err)
	}
	// The lines are the answer to the command: other programs may take them.
	for _, line := range rdpLines(fw.Port()) {
		fmt.Fprintln(a.out, line)
	}
	fmt.Fprintln(a.err, lang.Both("forwarding until ctrl+c", "転送中（ctrl+c で終了）").In(f.lang))
	select {
	case <-ctx.Done():
	case <-fw.Done():
	}
	left := fw.Close()
	end := fw.End()
	fmt.Fprintln(a.err, clean(end.Say.In(f.lang)))
	noted := note(lang.Both("Session %[1]s: %[2]s", "セッション %[1]s: %[2]s").With(fw.SessionID(), end.Say))
	if noted == nil {
		inv.journal.EndShell() // a failure comes with the journal's close
	}
	switch {
	case left != nil:
		return failed(lang.Both("ending the session", "セッションの終了"), left)
	case noted != nil:
		return failed(lang.Both("recording the session", "セッションの記録"), noted)
	case end.Cause == shell.Lost || end.Cause == shell.Gone || end.Cause == shell.Broken:
		return &exitError{code: exitFailed}
	}
	return nil
}

// rdpLines are what to start the usual clients with.
func rdpLines(port int) []string {
	at := fmt.Sprintf("localhost:%d", port)
	return []string{
		"Windows:  mstsc /v:" + at,
		"macOS:    open \"rdp://full%20address=s:" + strings.ReplaceAll(at, ":", "%3A") + "\"",
		"Linux:    xfreerdp /v:" + at,
	}
}
