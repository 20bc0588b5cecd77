package main

import (
	"context"
	"errors"
	"io"

	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/tui/world"
)

var _ world.FullSheller = (*shelling)(nil)

// FullShell is a shell on the whole terminal, as monshin shell has it.
func (s *shelling) FullShell(ctx context.Context) func(in io.Reader, out, err io.Writer) (world.Shell, error) {
	return func(in io.Reader, out, beside io.Writer) (world.Shell, error) {
		w := onTerminal(in, out, beside)
		cols, rows := w.size()
		sh, err := s.open(ctx, cols, rows, w.notice(s.flags.lang))
		if err != nil {
			return nil, err
		}
		broken := w.run(ctx, sh.Shell, true)
		left := sh.Close() // what is missing of the record is said by Ended
		if broken = errors.Join(broken, left); broken != nil {
			return sh, failed(lang.Both("the terminal", "端末"), broken)
		}
		return sh, nil
	}
}
