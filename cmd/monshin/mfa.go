package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/monshin/monshin/diagnose/lang"
)

// askMFA returns a function that asks for an MFA code, once for the process: a
// code cannot be used twice, so a second question would be for the next code.
func (a *app) askMFA(ctx context.Context, l lang.Lang) func() (string, error) {
	return sync.OnceValues(func() (string, error) {
		if in, _, _ := a.isTerminal(); !in {
			return "", errors.New(lang.Both("an MFA code is needed and there is no terminal to ask on; log in with the AWS CLI first", "MFA コードが必要だが入力できる端末がない。先に AWS CLI でログインすること").In(l))
		}
		fmt.Fprint(a.err, lang.Both("MFA code: ", "MFA コード: ").In(l))
		type answer struct {
			line string
			err  error
		}
		typed := make(chan answer, 1)
		go func() { // a read of a terminal cannot be cancelled
			line, err := bufio.NewReader(a.in).ReadString('\n')
			typed <- answer{line, err}
		}()
		select {
		case <-ctx.Done():
			fmt.Fprintln(a.err)
			return "", fmt.Errorf("reading the MFA code: %w", ctx.Err())
		case got := <-typed:
			if got.err != nil {
				return "", fmt.Errorf("reading the MFA code: %w", got.err)
			}
			return strings.TrimSpace(got.line), nil
		}
	})
}
