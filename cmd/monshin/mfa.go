package main

import (
	"bufio"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/monshin/monshin/diagnose/lang"
)

// askMFA returns a function that asks for an MFA code, once for the process: a
// code cannot be used twice, so a second question would be for the next code.
func (a *app) askMFA(l lang.Lang) func() (string, error) {
	return sync.OnceValues(func() (string, error) {
		if in, _, _ := a.isTerminal(); !in {
			return "", errors.New(lang.Both("an MFA code is needed and there is no terminal to ask on; log in with the AWS CLI first", "MFA コードが必要だが入力できる端末がない。先に AWS CLI でログインすること").In(l))
		}
		fmt.Fprint(a.err, lang.Both("MFA code: ", "MFA コード: ").In(l))
		line, err := bufio.NewReader(a.in).ReadString('\n')
		if err != nil {
			return "", fmt.Errorf("reading the MFA code: %w", err)
		}
		return strings.TrimSpace(line), nil
	})
}
