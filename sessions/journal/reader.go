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
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/walk"
)

// The limits of what a reader accepts and a writer writes. The largest honest line
// is a thousand Run Command invocations with their outputs, about 12 MiB; the
// largest honest file is a few walks of such an account.
const (
	maxLine = 32 << 20
	maxFile = 256 << 20
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
	Consents []Consent
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

// Said returns the words, for lang.Said.
func (e *LineError) Said() lang.Text {
	return lang.Both("line %d: %s", "%d 行目: %s").With(e.Line, lang.Said(e.Err))
}

// misfit is what is wrong with a line.
func misfit(en, ja string, args ...any) error {
	return &lang.Error{Say: lang.Both(en, ja).With(args...)}
}

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
		return nil, &lang.Error{Err: err, Say: lang.Both("reading the recording %s: %s", "記録 %s を読み取れず: %s").With(path, lang.Said(err))}
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
			return nil, &LineError{n, misfit("the file is larger than %d MiB", "ファイルが %d MiB を超えている", maxFile>>20)}
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
		return nil, &LineError{1, misfit("the file is empty: not a monshin journal", "ファイルが空（monshin の作業記録ではない）")}
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
			return nil, false, misfit("the line is longer than %d MiB", "行が %d MiB を超えている", maxLine>>20)
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
		return misfit("entry %d stands where entry %d should: lines are missing or moved", "項目 %[2]d の位置に項目 %[1]d がある（行の欠落または移動）", h.Seq, r.Entries+1)
	case h.Prev != r.Last:
		return misfit("the entry does not follow the one before it: lines were changed", "前の項目と連続していない（行の変更）")
	case (h.Kind == KindOpen) != (r.Entries == 0):
		return misfit("a journal begins with one %q entry and has no other", "作業記録は %q の項目 1 件で始まり、以降には現れない", KindOpen)
	}
	if err := r.keep(h); err != nil {
		return misfit("%s entry: %s", "%s の項目: %s", h.Kind, lang.Said(err))
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
			return misfit("the schema is %q; this monshin reads %q", "形式は %q。この版の monshin が読めるのは %q", v.Schema, Schema)
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
	case KindConsent:
		var c Consent
		if err := strict(h.Body, &c); err != nil {
			return err
		}
		r.Consents = append(r.Consents, c)
	case KindClose:
		var c Closing
		if err := strict(h.Body, &c); err != nil {
			return err
		}
		r.Closings = append(r.Closings, c)
	default:
		return misfit("this monshin knows no such kind of entry", "この版の monshin にない種類の項目")
	}
	return nil
}

func strict(b json.RawMessage, into any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	return d.Decode(into)
}
