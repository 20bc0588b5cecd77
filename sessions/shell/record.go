package shell

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/monshin/monshin/diagnose/lang"
)

// A recording (操作ログ) is a file in asciicast v2, which asciinema plays: one header
// line, then one line for each event. Its events are "o" (output), "r" (size) and
// "m" (mark). Output that is no UTF-8 is written twice: an event "x", which players
// pass over, has its bytes in Base64, and the "o" behind it what of them can be
// shown. What is typed is not recorded, as passwords are typed without being shown;
// what is shown of it is in the output.
// https://docs.asciinema.org/manual/asciicast/v2/

// header is the first line.
type header struct {
	Version   int    `json:"version"`
	Width     int    `json:"width"`
	Height    int    `json:"height"`
	Timestamp int64  `json:"timestamp"`
	Title     string `json:"title,omitempty"`
}

// Recording writes a recording. Every event is in the file, as the system has it,
// before the call returns: a crash of monshin costs nothing, one of the machine the
// last second.
type Recording struct {
	path string
	now  func() time.Time

	mu     sync.Mutex // guards what follows
	file   *os.File
	sum    hash.Hash
	from   time.Time
	to     time.Time
	size   int64
	tail   []byte // of output, the beginning of a character
	synced time.Time
	err    error
	closed bool
}

var _ Recorder = (*Recording)(nil)

// Record begins a recording in a new file that only the operator can read.
func Record(path, title string, cols, rows int, now func() time.Time) (*Recording, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("making the folder of recordings: %w", err)
	}
	f, err := os.OpenFile(filepath.Clean(path), os.O_WRONLY|os.O_CREATE|os.O_EXCL|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("making the recording: %w", err)
	}
	r := &Recording{path: path, now: now, file: f, sum: sha256.New(), from: now()}
	r.to, r.synced = r.from, r.from
	r.mu.Lock()
	defer r.mu.Unlock()
	b, err := json.Marshal(header{2, max(cols, 1), max(rows, 1), r.from.Unix(), title})
	if err == nil {
		err = r.write(b)
	}
	if err == nil {
		err = f.Sync()
	}
	if err != nil {
		return nil, errors.Join(err, f.Close(), os.Remove(path))
	}
	return r, nil
}

// Path is where the recording is.
func (r *Recording) Path() string { return r.path }

// Output records what is about to be shown.
func (r *Recording) Output(p []byte) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	whole := append(r.tail, p...)
	n := len(whole) - cutShort(whole)
	r.tail = append([]byte(nil), whole[n:]...)
	return r.output(whole[:n])
}

// Resize records the terminal's size.
func (r *Recording) Resize(cols, rows int) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.event("r", strconv.Itoa(cols)+"x"+strconv.Itoa(rows))
}

// Mark records a remark, which players offer as a chapter.
func (r *Recording) Mark(label string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.event("m", label)
}

// Digest is a recording that has ended.
type Digest struct {
	// SHA256 is of the file, in hex; Size is in bytes.
	SHA256   string
	Size     int64
	From, To time.Time
}

// Close ends the recording. It may be called twice.
func (r *Recording) Close() (Digest, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.closed {
		if len(r.tail) > 0 {
			_ = r.output(r.tail) // kept in r.err
			r.tail = nil
		}
		r.closed = true
		if err := errors.Join(r.file.Sync(), r.file.Close()); r.err == nil {
			r.err = err
		}
	}
	return Digest{hex.EncodeToString(r.sum.Sum(nil)), r.size, r.from, r.to}, r.err
}

func (r *Recording) output(p []byte) error {
	if len(p) == 0 {
		return r.err
	}
	if !utf8.Valid(p) {
		if err := r.event("x", base64.StdEncoding.EncodeToString(p)); err != nil {
			return err
		}
		return r.event("o", strings.ToValidUTF8(string(p), "\uFFFD"))
	}
	return r.event("o", string(p))
}

func (r *Recording) event(code, data string) error {
	t := r.now()
	b, err := json.Marshal([]any{seconds(t.Sub(r.from)), code, data})
	if err != nil {
		return err
	}
	if err = r.write(b); err != nil {
		return err
	}
	if r.to = t; t.Sub(r.synced) >= time.Second {
		r.synced = t
		r.err = r.file.Sync()
	}
	return r.err
}

// seconds writes a time of an event to the microsecond.
func seconds(d time.Duration) json.Number {
	return json.Number(strconv.FormatFloat(max(d, 0).Seconds(), 'f', 6, 64))
}

// write appends one line, and after a failure nothing more: a line that is cut short
// stays the last.
func (r *Recording) write(b []byte) error {
	if r.closed {
		return os.ErrClosed
	}
	if r.err != nil {
		return r.err
	}
	// Somebody will show the file in a terminal.
	b = append(lang.CleanJSON(b), '\n')
	n, err := r.file.Write(b)
	r.sum.Write(b[:n])
	r.size += int64(n)
	r.err = err
	return err
}

// cutShort is how many bytes at the end of b begin a character that is not whole.
func cutShort(b []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(b); n++ {
		if c := b[len(b)-n]; utf8.RuneStart(c) {
			if !utf8.FullRune(b[len(b)-n:]) {
				return n
			}
			break
		}
	}
	return 0
}

// Event is an event of a recording.
type Event struct {
	// At is the time since the recording began.
	At time.Duration
	// Code is "o" (output), "r" (size) or "m" (mark); Data are the bytes that came.
	Code string
	Data []byte
}

// longest is the longest line that a recording may have: a mark, or a kilobyte of
// output in which every byte is escaped, and much more.
const longest = 4 << 20

// Head is what a recording says of itself.
type Head struct {
	Cols, Rows int
	Begun      time.Time // to the second
	Title      string
}

// Events reads a recording: head once, each for each event. Its last line may be cut
// short, by the crash of a machine, and is then left out. Any other line that is no
// event ends it with an error.
func Events(src io.Reader, head func(Head) error, each func(Event) error) error {
	in := &lineReader{src: src}
	line, _, err := in.next()
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	var h header
	if json.Unmarshal(line, &h) != nil || h.Version != 2 {
		return &lang.Error{Say: lang.Both("not a recording of a shell (asciicast v2)", "操作ログ（asciicast v2）ではない")}
	}
	if err := head(Head{h.Width, h.Height, time.Unix(h.Timestamp, 0).UTC(), h.Title}); err != nil {
		return err
	}
	var exact *Event
	for n := 2; ; n++ {
		line, whole, err := in.next()
		if len(line) == 0 && err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return err
		}
		e, ok := event(line)
		if ok && e.Code == "x" {
			e.Data, err = base64.StdEncoding.DecodeString(string(e.Data))
			ok = err == nil
		}
		switch {
		case !ok && !whole:
			return nil
		case !ok:
			return &lang.Error{Say: lang.Both("line %d of the recording is no event", "操作ログの %d 行目が不正").With(n)}
		case e.Code == "x":
			exact = &Event{e.At, "o", e.Data}
			continue
		case exact != nil && e.Code == "o":
			e = *exact
		}
		exact = nil
		if err := each(e); err != nil {
			return err
		}
	}
}

func event(line []byte) (Event, bool) {
	var parts []json.RawMessage
	var at float64
	var code, data string
	if json.Unmarshal(line, &parts) != nil || len(parts) != 3 || json.Unmarshal(parts[0], &at) != nil ||
		json.Unmarshal(parts[1], &code) != nil || json.Unmarshal(parts[2], &data) != nil || at < 0 || at > 1e8 {
		return Event{}, false
	}
	return Event{time.Duration(at * float64(time.Second)), code, []byte(data)}, true
}

// lineReader reads lines of at most longest bytes.
type lineReader struct {
	src  io.Reader
	rest []byte
	end  error
}

// next returns a line without its newline; whole says that it had one.
func (l *lineReader) next() (line []byte, whole bool, err error) {
	looked := 0
	for {
		for i := looked; i < len(l.rest); i++ {
			if l.rest[i] == '\n' {
				line, l.rest = l.rest[:i], l.rest[i+1:]
				return line, true, nil
			}
		}
		looked = len(l.rest)
		if l.end != nil {
			line, l.rest = l.rest, nil
			return line, false, l.end
		}
		if len(l.rest) > longest {
			return nil, false, &lang.Error{Say: lang.Both("a line of the recording is longer than %d MiB", "操作ログに %d MiB を超える行あり").With(longest >> 20)}
		}
		b := make([]byte, 32<<10)
		n, err := l.src.Read(b)
		l.rest = append(l.rest[:len(l.rest):len(l.rest)], b[:n]...)
		l.end = err
	}
}
