//go:build unix

// Package local puts a real shell of this machine under a pseudo terminal behind the
// gateway, for tests of the data channel. No part of monshin itself uses it.
package local

import (
	"errors"
	"os"
	"os/exec"
	"sync"
	"time"

	"github.com/creack/pty"
)

// Shell is a process under a pseudo terminal.
type Shell struct {
	terminal *os.File
	command  *exec.Cmd
	done     chan struct{}
	once     sync.Once
}

// Start runs a program under a pseudo terminal of 80 by 24.
func Start(program string, args ...string) (*Shell, error) {
	c := exec.Command(program, args...)
	// What the agent sets (amazon-ssm-agent, agent/session/shell).
	c.Env = append(os.Environ(), "TERM=xterm-256color", "LANG=C.UTF-8", "PS1=$ ")
	f, err := pty.StartWithSize(c, &pty.Winsize{Cols: 80, Rows: 24})
	if err != nil {
		return nil, err
	}
	s := &Shell{terminal: f, command: c, done: make(chan struct{})}
	go func() {
		defer close(s.done)
		_ = c.Wait() // the exit code is in the state
	}()
	return s, nil
}

// Read reads what the shell writes, until its end.
func (s *Shell) Read(p []byte) (int, error) { return s.terminal.Read(p) }

// Write types.
func (s *Shell) Write(p []byte) (int, error) { return s.terminal.Write(p) }

// Resize changes the terminal's size.
func (s *Shell) Resize(cols, rows int) {
	_ = pty.Setsize(s.terminal, &pty.Winsize{Cols: uint16(cols), Rows: uint16(rows)}) // it may have ended
}

// ExitCode is the shell's, -1 where a signal ended it.
func (s *Shell) ExitCode() int {
	<-s.done
	return s.command.ProcessState.ExitCode()
}

// Close ends the shell, and waits until it is gone.
func (s *Shell) Close() error {
	var err error
	s.once.Do(func() {
		err = s.terminal.Close()
		select {
		case <-s.done:
		case <-time.After(200 * time.Millisecond):
			if e := s.command.Process.Kill(); !errors.Is(e, os.ErrProcessDone) {
				err = errors.Join(err, e)
			}
			<-s.done
		}
	})
	return err
}
