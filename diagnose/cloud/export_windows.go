package cloud

import "syscall"

// createNoWindow starts a console program without a console
// (https://learn.microsoft.com/en-us/windows/win32/procthread/process-creation-flags).
const createNoWindow = 0x08000000

// withoutTerminal keeps a program from reading the keyboard of monshin's console.
func withoutTerminal() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{CreationFlags: createNoWindow, HideWindow: true}
}
