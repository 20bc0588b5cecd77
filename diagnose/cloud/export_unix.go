//go:build unix

package cloud

import "syscall"

// withoutTerminal puts a program into a session of its own, where /dev/tty does not open.
func withoutTerminal() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }
