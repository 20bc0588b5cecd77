package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/charmbracelet/x/term"
	"github.com/muesli/cancelreader"

	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/sessions/shell"
)

// sizeEvery is how often the terminal's size is looked at: Windows has no signal for
// it, and the look costs next to nothing.
const sizeEvery = 250 * time.Millisecond

// whole is the operator's whole terminal while a shell has it.
type whole struct {
	in  io.Reader
	out io.Writer // behind the filter
	err io.Writer

	mu  sync.Mutex // guards raw and writing to err
	raw bool
	fd  uintptr
	has bool // fd is a terminal
}

func (a *app) terminal() *whole { return onTerminal(a.in, a.screen, a.err) }

func onTerminal(in io.Reader, out, beside io.Writer) *whole {
	w := &whole{in: in, out: out, err: beside}
	if f, ok := out.(interface{ Fd() uintptr }); ok && term.IsTerminal(f.Fd()) {
		w.fd, w.has = f.Fd(), true
	}
	return w
}

// size is the terminal's, 80 by 24 where there is none.
func (w *whole) size() (cols, rows int) {
	if w.has {
		if c, r, err := term.GetSize(w.fd); err == nil && c > 0 && r > 0 {
			return c, r
		}
	}
	return 80, 24
}

// notice says what happens beside the output, on a line of its own.
func (w *whole) notice(l lang.Lang) func(shell.Notice) {
	return func(n shell.Notice) {
		text := lang.CleanLines(n.Say.In(l))
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.raw {
			fmt.Fprintf(w.err, "\r\n[monshin] %s\r\n", lang.Clean(text))
			return
		}
		fmt.Fprintf(w.err, "%s\n", text)
	}
}

// calm puts a terminal back that a program in the shell left in another mode: colours,
// the cursor, the alternate screen, bracketed paste, the mouse, and the keypad.
const calm = "\x1b[m\x1b[?25h\x1b[?1049l\x1b[?2004l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?1004l\x1b[?1l\x1b>"

// run shows the session until it ends. keys says that the keyboard is the session's.
func (w *whole) run(ctx context.Context, s *shell.Shell, keys bool) error {
	if keys {
		back, err := w.takeOver()
		if err != nil {
			return err
		}
		defer back()
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if keys {
		in, err := cancelreader.NewReader(w.in)
		if err != nil {
			return err
		}
		var wait sync.WaitGroup
		wait.Go(func() { w.typing(in, s, cancel) })
		wait.Go(func() { w.sizes(ctx, s) })
		defer func() {
			cancel()
			// An input that cannot be cancelled keeps its reader until something is typed.
			if in.Cancel() {
				wait.Wait()
			}
			// Only then: a reader whose descriptor is closed under it waits for ever.
			_ = in.Close()
		}()
	}
	stop := context.AfterFunc(ctx, func() { _ = s.Close() }) // Close is called again, and says what it came to
	defer stop()
	_, err := io.Copy(&shell.Filter{Terminal: w.out}, onlyReader{s})
	return err
}

// onlyReader hides what io.Copy would use instead of Read.
type onlyReader struct{ io.Reader }

// takeOver puts the terminal into raw mode; back gives it back, whatever happens.
func (w *whole) takeOver() (back func(), err error) {
	f, ok := w.in.(interface{ Fd() uintptr })
	if !ok {
		return nil, errors.New("the input is no terminal")
	}
	state, err := term.MakeRaw(f.Fd())
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	w.raw = true
	w.mu.Unlock()
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.raw = false
		_, _ = io.WriteString(w.out, calm)
		_ = term.Restore(f.Fd(), state) // there is nothing else to do
		_, _ = io.WriteString(w.out, "\r\n")
	}, nil
}

func (w *whole) sizes(ctx context.Context, s *shell.Shell) {
	t := time.NewTicker(sizeEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.Done():
			return
		case <-t.C:
			s.Resize(w.size()) // the size that it has is passed over
		}
	}
}

// typing sends what is typed.
func (w *whole) typing(in io.Reader, s *shell.Shell, leave func()) {
	var out exits
	b := make([]byte, 4096)
	for {
		n, err := in.Read(b)
		text, over := out.take(b[:n])
		if len(text) > 0 {
			if _, err := s.Write(text); err != nil {
				return
			}
		}
		if over || err != nil {
			// The end of the input ends the session: nobody could end it otherwise.
			if over || !errors.Is(err, cancelreader.ErrCanceled) {
				leave()
			}
			return
		}
	}
}

// exits finds "~." at the beginning of a line, as ssh does: ctrl+c is the session's.
type exits struct {
	within bool // a line has begun
	tilde  bool // it has begun with ~, which is held back
}

// take gives what is to be sent; over says that the operator wants to leave.
func (e *exits) take(p []byte) (send []byte, over bool) {
	for _, b := range p {
		if e.tilde {
			e.tilde = false
			switch b {
			case '.':
				return send, true
			case '~':
			default:
				send = append(send, '~')
			}
			e.within = true
		} else if b == '~' && !e.within {
			e.tilde = true
			continue
		}
		send = append(send, b)
		e.within = b != '\r' && b != '\n'
	}
	return send, false
}
