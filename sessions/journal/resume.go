package journal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/monshin/monshin/diagnose/lang"
)

// Damage is what a crash or a power cut left behind the last whole entry.
type Damage struct {
	// From is where it begins, Size how many bytes it has.
	From, Size int64
}

// Recover reads a journal whose end may be damaged, and returns what stands before
// the damage. Damage is only what a crash can do: a line without its end, and
// blocks of a file that the system had made larger but not yet filled, which read
// as zeros. Both are behind what was confirmed. Anything else that does not fit was
// done by somebody, and is an error.
func Recover(src io.ReaderAt, size int64) (*Record, *Damage, error) {
	rec, err := read(io.NewSectionReader(src, 0, size), nil)
	if err != nil && (rec == nil || !unfilled(src, rec.Size, size)) {
		return nil, nil, err
	}
	rec.Torn = rec.Torn || err != nil
	if !rec.Torn {
		return rec, nil, nil
	}
	return rec, &Damage{From: rec.Size, Size: size - rec.Size}, nil
}

// unfilled reports whether the line at an offset holds bytes that were never
// written. JSON holds no zeros, and no text editor writes them.
func unfilled(src io.ReaderAt, from, size int64) bool {
	in := &lines{src: io.NewSectionReader(src, from, size-from)}
	line, _, err := in.next()
	return err == nil && bytes.IndexByte(line, 0) >= 0
}

// openRecovering is Recover of a file.
func openRecovering(f interface {
	io.ReaderAt
	Stat() (os.FileInfo, error)
}) (*Record, *Damage, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, nil, err
	}
	return Recover(f, info.Size())
}

// OpenRecovering is Open for a journal whose end may be damaged.
func OpenRecovering(path string) (*Record, *Damage, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, fmt.Errorf("opening the recording: %w", err)
	}
	defer f.Close()
	r, d, err := openRecovering(f)
	if err != nil {
		return nil, nil, &lang.Error{Err: err, Say: lang.Both("reading the recording %s: %s", "記録 %s を読み取れず: %s").With(path, lang.Said(err))}
	}
	return r, d, nil
}

// GoOn opens a journal to append to it, with a first entry that says who goes on.
// What a crash left behind the last whole entry is put aside beside the journal
// (".torn") and cut off, and the entry says how much that was. The record is of
// what stood there before.
func GoOn(path string, now func() time.Time, b Resume) (*Writer, *Record, error) {
	f, err := os.OpenFile(filepath.Clean(path), os.O_RDWR|os.O_APPEND, 0o600)
	if err != nil {
		return nil, nil, fmt.Errorf("opening the journal: %w", err)
	}
	rec, damage, err := openRecovering(f)
	if err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	if damage != nil {
		if err := putAside(path, f, *damage); err != nil {
			return nil, nil, errors.Join(err, f.Close())
		}
	}
	w, err := continued(path, f, now, rec, damage, b)
	if err != nil {
		return nil, nil, err
	}
	return w, rec, nil
}

// continued makes a writer that goes on behind a record. It closes the file where
// it fails.
func continued(path string, f File, now func() time.Time, rec *Record, damage *Damage, b Resume) (*Writer, error) {
	w := newWriter(path, f, now)
	w.seq, w.prev, w.size = rec.Entries, rec.Last, rec.Size
	b.Schema = Schema
	if damage != nil {
		b.Dropped = damage.Size
		if err := f.Truncate(rec.Size); err != nil {
			return nil, errors.Join(w.unwritten(err), f.Close())
		}
	}
	if _, err := f.Seek(0, io.SeekEnd); err != nil {
		return nil, errors.Join(w.unwritten(err), f.Close())
	}
	w.unended = rec.unended
	if err := w.first(KindResume, b); err != nil {
		return nil, err
	}
	return w, nil
}

// putAside copies what is cut off. It is not known to be worthless.
func putAside(path string, f io.ReaderAt, d Damage) error {
	aside, err := os.OpenFile(fmt.Sprintf("%s.torn-%d", filepath.Clean(path), d.From), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("putting the damaged end aside: %w", err)
	}
	_, err = io.Copy(aside, io.NewSectionReader(f, d.From, d.Size))
	if err == nil {
		err = aside.Sync()
	}
	if err = errors.Join(err, aside.Close()); err != nil {
		return fmt.Errorf("putting the damaged end aside: %w", err)
	}
	return nil
}
