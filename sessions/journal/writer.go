package journal

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/walk"
)

// File is what a writer needs of a file.
type File interface {
	io.Writer
	Sync() error
	Truncate(size int64) error
	Seek(offset int64, whence int) (int64, error)
	Close() error
}

// Writer appends entries. Append returns before the entry is on disk; entries that
// queue up meanwhile share one write and one fsync. Sync waits for all of them.
// A Writer is safe for concurrent use.
type Writer struct {
	path string
	now  func() time.Time

	mu    sync.Mutex // guards what follows
	queue []byte
	seq   int
	prev  string
	err   error // the first failure; nothing is written after it
	shut  bool
	// broken says that the disk did not take something: the chain ends there.
	broken bool

	wake chan struct{}
	done chan struct{}
	idle *sync.Cond // signalled whenever the queue has been written
	busy bool

	file File
	size int64 // of what is known to be on disk
	// unended says that the file lacks its last newline.
	unended bool
}

// NewWriter starts a journal in an empty file.
func NewWriter(path string, f File, now func() time.Time, o Opening) (*Writer, error) {
	o.Schema = Schema
	w := newWriter(path, f, now)
	if err := w.first(KindOpen, o); err != nil {
		return nil, err
	}
	return w, nil
}

func newWriter(path string, f File, now func() time.Time) *Writer {
	w := &Writer{path: path, now: now, file: f, wake: make(chan struct{}, 1), done: make(chan struct{})}
	w.idle = sync.NewCond(&w.mu)
	return w
}

// first starts the writing, with an entry without which there is nothing to go on with.
func (w *Writer) first(k Kind, body any) error {
	go w.run()
	w.append(k, body)
	if err := w.Sync(); err != nil {
		_ = w.Close() // says the same again
		return err
	}
	return nil
}

// Path is where the journal is.
func (w *Writer) Path() string { return w.path }

// Record appends what happened in a walk.
func (w *Writer) Record(events []walk.Event) {
	for _, e := range events {
		switch {
		case e.Got != nil:
			f, err := estate.Encode(e.Got.Part)
			if err != nil {
				w.fail(w.unwritten(fmt.Errorf("the part %s: %w", e.Got.Part.Key, err)))
				return
			}
			w.append(KindPart, Part{Key: e.Got.Part.Key.String(), Fact: f, Calls: e.Got.Calls})
		case e.Judged != nil:
			w.append(KindVerdict, Verdict{Probe: e.Judged.Probe, Verdict: e.Judged.Verdict})
		case e.Answer != nil:
			w.append(KindAnswer, *e.Answer)
		}
	}
}

// Consent appends what the operator allowed.
func (w *Writer) Consent(c Consent) { w.append(KindConsent, c) }

// errShut is what an entry comes to that is appended after Close.
var errShut = errors.New("the journal is closed")

// Append writes one entry and returns when it is on disk: what follows from it may
// be done then. The body is anything that JSON can hold; it must hold no secret.
func (w *Writer) Append(kind string, body any) error {
	switch k := Kind(kind); k {
	case KindNote, KindScript, KindShell, KindConsent:
	case KindOpen, KindResume:
		return fmt.Errorf("a %s entry stands only where somebody begins", kind)
	default:
		if !k.deed() {
			return fmt.Errorf("no kind of entry is called %q", kind)
		}
	}
	w.mu.Lock()
	shut := w.shut
	w.mu.Unlock()
	if shut {
		return errShut
	}
	w.append(Kind(kind), body)
	return w.Sync()
}

// End appends what a run came to.
func (w *Writer) End(d *walk.Diagnosis) {
	c := Closing{Outcome: string(d.Outcome), Complete: d.Complete, RootCauses: []string{}, Calls: d.Calls.Total, Waves: d.Calls.Waves}
	for _, f := range d.RootCauses() {
		c.RootCauses = append(c.RootCauses, f.ID())
	}
	if n := len(d.Path); n > 0 {
		c.Node = d.Path[n-1]
	}
	w.append(KindClose, c)
}

// EndShell appends that the run was a shell without a walk, and that it is over.
func (w *Writer) EndShell() {
	w.append(KindClose, Closing{Outcome: ShellOnly, Complete: true, RootCauses: []string{}})
}

func (w *Writer) append(k Kind, body any) {
	b, err := json.Marshal(body)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil || w.shut {
		return
	}
	if err == nil {
		var line []byte
		var hash string
		line, hash, err = encode(head{Seq: w.seq + 1, Time: w.now().UTC(), Prev: w.prev, Kind: k, Body: b})
		most := maxOther
		if k == KindPart {
			most = maxLine
		}
		if err == nil && (len(line) > maxLine || len(b) > most) {
			err = misfit("an entry of %d MiB is more than a journal holds", "%d MiB の項目は上限を超えるため記録不可", len(line)>>20)
		}
		if err == nil {
			w.seq, w.prev = w.seq+1, hash
			w.queue = append(w.queue, line...)
			w.busy = true
			select {
			case w.wake <- struct{}{}:
			default:
			}
			return
		}
	}
	w.err = w.unwritten(err)
}

// unwritten says that something is not in the journal.
func (w *Writer) unwritten(err error) error {
	cause := err
	if file := (*fs.PathError)(nil); errors.As(err, &file) {
		cause = file.Err // it names the path again
	}
	return &lang.Error{Err: err, Say: lang.Both(
		"writing the journal %s: %v; what was recorded before is kept", "作業記録 %s への書き込みに失敗: %v（それまでの記録は保持）").With(w.path, cause)}
}

// fail ends the journal: an entry that is missing in its middle would not show.
func (w *Writer) fail(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil {
		w.err = err
	}
	w.idle.Broadcast()
}

// Sync waits until everything appended is on disk, and returns the first failure.
func (w *Writer) Sync() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.busy && w.err == nil {
		w.idle.Wait()
	}
	return w.err
}

// Err returns the first failure, nil so far.
func (w *Writer) Err() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

// Close writes what is left and closes the file. It may be called twice.
func (w *Writer) Close() error {
	err := w.Sync()
	w.mu.Lock()
	if w.shut {
		w.mu.Unlock()
		return err
	}
	w.shut = true
	close(w.wake)
	w.mu.Unlock()
	<-w.done
	return errors.Join(err, w.file.Close())
}

func (w *Writer) run() {
	defer close(w.done)
	for range w.wake {
		w.mu.Lock()
		batch := w.queue
		w.queue = nil
		if w.broken {
			batch = nil // it follows what is not on disk
		}
		w.mu.Unlock()
		err := w.write(batch)
		w.mu.Lock()
		w.broken = w.broken || err != nil
		if err != nil && w.err == nil {
			w.err = w.unwritten(err)
		}
		w.busy = len(w.queue) > 0
		w.idle.Broadcast()
		w.mu.Unlock()
	}
}

// write puts a batch on disk. After a failure nothing of the batch stays, so that
// the file ends in a whole line.
func (w *Writer) write(batch []byte) error {
	if len(batch) == 0 {
		return nil
	}
	if w.unended {
		batch = append([]byte{'\n'}, batch...)
	}
	n, err := w.file.Write(batch)
	if err == nil && n < len(batch) {
		err = io.ErrShortWrite
	}
	if err == nil {
		err = w.file.Sync()
	}
	if err != nil {
		if cut := w.file.Truncate(w.size); cut == nil {
			_, _ = w.file.Seek(w.size, io.SeekStart)
		}
		return err
	}
	w.size += int64(n)
	w.unended = false
	return nil
}

// Create makes a journal file in dir, which is made where it is missing. Nobody
// but the operator can read either (0700, 0600): a journal holds a customer's
// configuration.
func Create(dir, name string, now func() time.Time, o Opening) (*Writer, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the journal folder: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("opening the journal folder: %w", err)
	}
	defer root.Close()
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("making the journal in %s: %w", dir, err)
	}
	syncDir(dir)
	w, err := NewWriter(f.Name(), f, now, o)
	if err != nil {
		_ = root.Remove(name) // an empty file is nobody's journal
		return nil, err
	}
	return w, nil
}

// syncDir makes the new name itself durable, where the system can.
func syncDir(dir string) {
	if d, err := os.Open(dir); err == nil {
		_ = d.Sync() // Windows refuses it for folders, and does not need it
		_ = d.Close()
	}
}
