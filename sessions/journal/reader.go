package journal

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/walk"
)

// The limits of what a reader accepts. The largest honest line is a part with
// 10,000 security group rules, about 3 MiB; the largest honest file is a few
// walks of such an estate.
const (
	maxLine = 8 << 20
	maxFile = 64 << 20
)

// Record is what a journal holds.
type Record struct {
	Opening Opening
	// Parts are the parts as they were read last.
	Parts map[estate.Key]estate.Part
	// Calls are the operations sent, in order.
	Calls    []walk.Call
	Verdicts map[string]Verdict
	Answers  map[string]string
	Closings []Closing
	// Entries counts the entries, Last is the hash of the last.
	Entries int
	Last    string
	// Torn says that the file ends in the middle of a line, as after a crash; that
	// line is not part of the record.
	Torn bool
}

// LineError says where a journal does not fit.
type LineError struct {
	Line int
	Err  error
}

func (e *LineError) Error() string { return fmt.Sprintf("line %d: %v", e.Line, e.Err) }

// Unwrap returns the cause.
func (e *LineError) Unwrap() error { return e.Err }

// Open reads a journal file.
func Open(path string) (*Record, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("opening the recording: %w", err)
	}
	defer f.Close()
	r, err := Read(f)
	if err != nil {
		return nil, fmt.Errorf("reading the recording %s: %w", path, err)
	}
	return r, nil
}

// Read reads a journal. A torn last line is tolerated; anything else that does not
// fit is a LineError.
func Read(src io.Reader) (*Record, error) {
	rec := &Record{Parts: map[estate.Key]estate.Part{}, Verdicts: map[string]Verdict{}, Answers: map[string]string{}}
	in := bufio.NewReaderSize(io.LimitReader(src, maxFile+1), 64<<10)
	total := 0
	for n := 1; ; n++ {
		line, whole, err := readLine(in)
		total += len(line)
		if err != nil {
			return nil, &LineError{n, err}
		}
		if total > maxFile {
			return nil, &LineError{n, fmt.Errorf("the file is larger than %d MiB", maxFile>>20)}
		}
		if len(line) == 0 && !whole {
			break
		}
		if err := rec.add(line); err != nil {
			if !whole && n > 1 {
				rec.Torn = true
				break
			}
			return nil, &LineError{n, err}
		}
		if !whole {
			break
		}
	}
	if rec.Entries == 0 {
		return nil, &LineError{1, errors.New("the file is empty: not a monshin journal")}
	}
	return rec, nil
}

// readLine reads up to a newline; whole is false where the file ends first.
func readLine(in *bufio.Reader) (line []byte, whole bool, err error) {
	for {
		piece, err := in.ReadSlice('\n')
		line = append(line, piece...)
		switch {
		case len(line) > maxLine:
			return nil, false, fmt.Errorf("the line is longer than %d MiB", maxLine>>20)
		case err == nil:
			return bytes.TrimSuffix(line, []byte("\n")), true, nil
		case errors.Is(err, io.EOF):
			return line, false, nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, false, err
		}
	}
}

func (r *Record) add(line []byte) error {
	h, hash, err := decode(line)
	if err != nil {
		return err
	}
	switch {
	case h.Seq != r.Entries+1:
		return fmt.Errorf("entry %d stands where entry %d should: lines are missing or moved", h.Seq, r.Entries+1)
	case h.Prev != r.Last:
		return errors.New("the entry does not follow the one before it: lines were changed")
	case (h.Kind == KindOpen) != (r.Entries == 0):
		return fmt.Errorf("a journal begins with one %q entry and has no other", KindOpen)
	}
	if err := r.keep(h); err != nil {
		return fmt.Errorf("%s entry: %w", h.Kind, err)
	}
	r.Entries, r.Last = h.Seq, hash
	return nil
}

func (r *Record) keep(h head) error {
	switch h.Kind {
	case KindOpen:
		// The version comes first: a newer file may differ in everything else.
		var v struct{ Schema string }
		if err := json.Unmarshal(h.Body, &v); err != nil {
			return err
		}
		if v.Schema != Schema {
			return fmt.Errorf("the schema is %q; this monshin reads %q", v.Schema, Schema)
		}
		if err := strict(h.Body, &r.Opening); err != nil {
			return err
		}
		for k, a := range r.Opening.Answers {
			r.Answers[k] = a
		}
	case KindPart:
		var p Part
		if err := strict(h.Body, &p); err != nil {
			return err
		}
		part, err := estate.Decode(estate.ParseKey(p.Key), p.Fact)
		if err != nil {
			return err
		}
		r.Parts[part.Key] = part
		r.Calls = append(r.Calls, p.Calls...)
	case KindVerdict:
		var v Verdict
		if err := strict(h.Body, &v); err != nil {
			return err
		}
		r.Verdicts[v.Probe] = v
	case KindAnswer:
		var a walk.Answer
		if err := strict(h.Body, &a); err != nil {
			return err
		}
		r.Answers[a.Name] = a.Value
	case KindClose:
		var c Closing
		if err := strict(h.Body, &c); err != nil {
			return err
		}
		r.Closings = append(r.Closings, c)
	default:
		return fmt.Errorf("this monshin knows no such kind of entry")
	}
	return nil
}

func strict(b json.RawMessage, into any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	return d.Decode(into)
}
