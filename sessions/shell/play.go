package shell

import (
	"context"
	"io"
	"time"
)

// PlayOptions say how a recording is played (再生).
type PlayOptions struct {
	// Speed is how many times faster than it was, 0 for as fast as it can be written.
	Speed float64
	// MaxPause cuts pauses down, before Speed; 0 keeps them.
	MaxPause time.Duration
	// Mark is told the remarks; nil passes over them. Resize likewise.
	Mark   func(label string)
	Resize func(size string)
}

// Play writes the output of a recording to a terminal, at its times. Nothing of it
// reaches the terminal that a Filter holds back. It ends early with ctx.
func Play(ctx context.Context, dst io.Writer, src io.Reader, o PlayOptions) error {
	screen := &Filter{Terminal: dst}
	var at time.Duration
	return Events(src, func(Head) error { return nil }, func(e Event) error {
		pause := max(e.At-at, 0)
		at = max(e.At, at)
		if o.MaxPause > 0 {
			pause = min(pause, o.MaxPause)
		}
		if o.Speed > 0 && pause > 0 {
			sleep(ctx, time.Duration(float64(pause)/o.Speed))
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		switch {
		case e.Code == "o":
			_, err := screen.Write(e.Data)
			return err
		case e.Code == "m" && o.Mark != nil:
			o.Mark(string(e.Data))
		case e.Code == "r" && o.Resize != nil:
			o.Resize(string(e.Data))
		}
		return nil
	})
}
