package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/sessions/journal"
	"github.com/monshin/monshin/sessions/session"
	"github.com/monshin/monshin/sessions/shell"
)

// replayedShell is which shell of a record is played, and how.
type replayedShell struct {
	which string // "" for none
	speed float64
}

const (
	// maxSpeed plays a working day in half a minute.
	maxSpeed = 1000
	// maxPause is how long nothing may happen on the screen before it looks broken.
	maxPause = 5 * time.Second
)

func (s *replayedShell) flags(c *cobra.Command, l lang.Lang) {
	c.Flags().StringVar(&s.which, "shell", "", lang.Both("play a Session Manager shell of the record: its number (1 is the first) or last", "記録中のシェルの操作ログを再生（番号（1 が最初）または last）").In(l))
	c.Flags().Float64Var(&s.speed, "speed", 1, lang.Both("with --shell: times as fast as it was, 0 at once; pauses last 5 seconds at most", "--shell での再生速度（倍率。0 は待ち時間なし。無操作の待ちは最長 5 秒）").In(l))
}

// check refuses what does not go together. It reports whether a shell is to be played.
func (s *replayedShell) check(c *cobra.Command) (bool, error) {
	set := c.Flags().Changed
	switch {
	case !set("shell") && set("speed"):
		return false, usage(lang.Both("--speed goes with --shell", "--speed は --shell とともに指定"))
	case !set("shell"):
		return false, nil
	case !(s.speed >= 0 && s.speed <= maxSpeed): // not a number is neither
		return false, usage(lang.Both("--speed %v: a number from 0 to %d", "--speed %v: 0～%d の数値を指定").With(s.speed, maxSpeed))
	}
	for _, other := range []string{"as-of", "output", "symptom", "runbook"} {
		if set(other) {
			return false, usage(lang.Both("--shell and --%s exclude each other", "--shell と --%s は同時に指定不可").With(other))
		}
	}
	return true, nil
}

// pick finds the shell; n is its number, from 1.
func (s *replayedShell) pick(all []journal.Stamped[journal.Shell]) (n int, err error) {
	n, wrong := strconv.Atoi(s.which)
	switch {
	case s.which == "last":
		n = len(all)
	case wrong != nil || n < 1:
		return 0, usage(lang.Both("--shell %q: a number from 1, or last", "--shell %q: 1 以上の番号または last を指定").With(lang.Clean(s.which)))
	}
	if len(all) == 0 {
		return 0, usage(lang.Both("no shell was recorded in this investigation", "この調査にシェルの操作ログなし"))
	}
	if n > len(all) {
		return 0, usage(lang.Both("--shell %d: the investigation has %d", "--shell %d: この調査の操作ログは %d 件").With(n, len(all)))
	}
	return n, nil
}

// replayShell plays a recorded shell in the terminal. Elsewhere it writes its text,
// with times and without what looks like a secret: that goes into files.
func (a *app) replayShell(ctx context.Context, f *flags, name string, which *replayedShell) error {
	path, err := a.replayed(f, name)
	if err != nil {
		return err
	}
	path, r, err := a.openSession(path)
	if err != nil {
		return err
	}
	n, err := which.pick(r.Shells)
	if err != nil {
		return err
	}
	noted := r.Shells[n-1].Body
	rec, masked, err := session.OpenShell(path, noted)
	if err != nil {
		return badInput(lang.Same("--shell"), err)
	}
	defer rec.Close()
	say := lang.Both("Shell %[1]d of %[2]d: %[3]s, session %[4]s, from %[5]s", "シェル %[1]d/%[2]d: %[3]s、セッション %[4]s、開始 %[5]s").
		With(n, len(r.Shells), r.Opening.Target.InstanceID, noted.SessionID, noted.From.In(f.zone).Format("2006-01-02 15:04:05 -07:00"))
	if masked {
		say = lang.Both("%s (masked copy)", "%s（マスキング済みの操作ログ）").With(say)
	}
	if r.Opening.Simulated {
		say = lang.Both("[SIMULATED] %s", "【模擬データ】%s").With(say)
	}
	fmt.Fprintln(a.err, clean(say.In(f.lang)))
	if _, out, _ := a.isTerminal(); !out || a.getenv("TERM") == "dumb" {
		if err := a.writeShell(f, rec, noted.From); err != nil {
			return badInput(lang.Both("the recording", "操作ログ"), err)
		}
		return nil
	}
	err = shell.Play(ctx, a.out, rec, shell.PlayOptions{Speed: which.speed, MaxPause: maxPause})
	_, _ = io.WriteString(a.out, calm+"\r\n") // a failure stays with the output
	fmt.Fprintln(a.err, lang.Both("end of the recording", "再生終了").In(f.lang))
	if err != nil && !errors.Is(err, context.Canceled) { // ctrl+c ends it
		return badInput(lang.Both("the recording", "操作ログ"), err)
	}
	return nil
}

// writeShell writes the lines of a recording, masked, each with its time.
func (a *app) writeShell(f *flags, rec *os.File, from time.Time) error {
	masked, to := io.Pipe()
	go func() { to.CloseWithError(shell.Masked(to, rec)) }()
	defer masked.Close() // ends the masking, too
	out := bufio.NewWriter(a.out)
	err := session.ShellLines(masked, func(at time.Duration, text string) error {
		_, err := fmt.Fprintf(out, "%s  %s\n", from.Add(at).In(f.zone).Format("15:04:05"), clean(text))
		return err
	})
	return errors.Join(err, out.Flush())
}
