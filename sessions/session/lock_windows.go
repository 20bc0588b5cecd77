package session

import (
	"errors"
	"os"
	"syscall"
	"unsafe"
)

// LockFileEx's flags and the error of a lock that another process has
// (https://learn.microsoft.com/en-us/windows/win32/api/fileapi/nf-fileapi-lockfileex).
const (
	failImmediately = 0x1
	exclusive       = 0x2
	lockViolation   = syscall.Errno(33)
)

// lockFile locks one byte far behind the contents: Windows keeps others from reading
// what is locked, and who holds the lock is to be read.
func lockFile(f *os.File) error {
	proc := syscall.NewLazyDLL("kernel32.dll").NewProc("LockFileEx")
	at := syscall.Overlapped{OffsetHigh: 0x7fffffff}
	ok, _, err := proc.Call(f.Fd(), exclusive|failImmediately, 0, 1, 0, uintptr(unsafe.Pointer(&at)))
	switch {
	case ok != 0:
		return nil
	case errors.Is(err, lockViolation):
		return errHeld
	}
	return err
}

// removeClosed removes a lock that could not be removed while it was open. It fails
// where somebody else has opened it meanwhile, and that is right.
func removeClosed(path string) error { return os.Remove(path) }
