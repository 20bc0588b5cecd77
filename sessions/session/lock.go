package session

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/monshin/monshin/diagnose/lang"
)

// Holder says who works on an investigation.
type Holder struct {
	PID   int       `json:"pid"`
	Host  string    `json:"host,omitempty"`
	Since time.Time `json:"since"`
}

// BusyError says that another process works on an investigation.
type BusyError struct {
	Path   string
	Holder Holder
}

func (e *BusyError) Error() string { return e.Said().En }

// Said returns the words, for lang.Said.
func (e *BusyError) Said() lang.Text {
	if e.Holder.PID == 0 {
		return lang.Both("another process works on this investigation", "別のプロセスがこの調査を使用中")
	}
	return lang.Both("process %d on %s works on this investigation since %s", "この調査はプロセス %d（%s）が %s から使用中").
		With(e.Holder.PID, e.Holder.Host, e.Holder.Since.UTC().Format(time.RFC3339))
}

// Lock keeps other processes from writing to a journal. It is the system's own
// (flock, LockFileEx): it ends with the process, so that one which was killed leaves
// nothing that somebody would have to remove.
type Lock struct {
	file *os.File
	path string
}

// errHeld is what lockFile says where another process has the lock.
var errHeld = errors.New("the lock is held")

// Take locks a journal. A BusyError says who else has it.
func Take(path string, h Holder) (*Lock, error) {
	if h.PID == 0 {
		h.PID = os.Getpid()
		h.Host, _ = os.Hostname()
		h.Since = time.Now().UTC()
	}
	name := path + ".lock"
	// Another process may take the file away between our opening and our locking it.
	for range 16 {
		f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return nil, err
		}
		err = lockFile(f)
		if errors.Is(err, errHeld) {
			busy := &BusyError{Path: path, Holder: holderOf(f)}
			return nil, errors.Join(busy, f.Close())
		}
		if err != nil {
			return nil, errors.Join(fmt.Errorf("locking %s: %w", name, err), f.Close())
		}
		if !still(f, name) {
			_ = f.Close()
			continue
		}
		l := &Lock{file: f, path: name}
		if err := l.write(h); err != nil {
			l.Release()
			return nil, err
		}
		return l, nil
	}
	return nil, &BusyError{Path: path}
}

// write says in the lock whose it is, for whoever comes second.
func (l *Lock) write(h Holder) error {
	b, err := json.Marshal(h)
	if err != nil {
		return err
	}
	if err := l.file.Truncate(0); err != nil {
		return err
	}
	_, err = l.file.WriteAt(append(b, '\n'), 0)
	return err
}

// Release gives the lock back. It may be called twice, and on none.
func (l *Lock) Release() {
	if l == nil || l.file == nil {
		return
	}
	// While it is held nobody else can make another one of its name. Windows removes
	// no open file; there a lock without a holder stays, which does no harm.
	_ = os.Remove(l.path)
	_ = l.file.Close()
	_ = removeClosed(l.path)
	l.file = nil
}

// still reports whether a name is that of an open file.
func still(f *os.File, name string) bool {
	a, err := f.Stat()
	if err != nil {
		return false
	}
	b, err := os.Stat(name)
	return err == nil && os.SameFile(a, b)
}

// holderOf reads who has the lock; it may be about to write it.
func holderOf(f *os.File) (h Holder) {
	b, err := io.ReadAll(io.LimitReader(f, 4<<10))
	if err == nil {
		_ = json.Unmarshal(b, &h)
	}
	h.Host = lang.Clean(h.Host)
	return h
}
