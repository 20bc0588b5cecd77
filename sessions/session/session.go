package session

import (
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/monshin/monshin/sessions/journal"
)

// Session is an investigation that this process writes to.
type Session struct {
	*journal.Writer
	ID   string
	lock *Lock
}

// Begin starts a journal in the store.
func (s *Store) Begin(now func() time.Time, o journal.Opening) (*Session, error) {
	name := Name(now(), o.Target.InstanceID, o.Symptom)
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return nil, err
	}
	l, err := Take(filepath.Join(s.dir, name), Holder{})
	if err != nil {
		return nil, err
	}
	w, err := journal.Create(s.dir, name, now, o)
	if err != nil {
		l.Release()
		return nil, err
	}
	return &Session{Writer: w, ID: IDOf(name), lock: l}, nil
}

// GoOn opens a journal to append to it. A BusyError says that another process does
// so already; the journal can still be read.
func GoOn(path string, now func() time.Time, r journal.Resume) (*Session, *journal.Record, error) {
	l, err := Take(path, Holder{})
	if err != nil {
		return nil, nil, err
	}
	w, rec, err := journal.GoOn(path, now, r)
	if err != nil {
		l.Release()
		return nil, nil, err
	}
	return &Session{Writer: w, ID: IDOf(path), lock: l}, rec, nil
}

// Close ends the journal and lets others work on it. It may be called twice.
func (s *Session) Close() error {
	err := s.Writer.Close()
	s.lock.Release()
	return err
}

// Busy finds the BusyError in an error.
func Busy(err error) (*BusyError, bool) {
	var b *BusyError
	ok := errors.As(err, &b)
	return b, ok
}
