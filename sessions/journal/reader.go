package journal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/walk"
)

// The limits of what a reader accepts and a writer writes. The largest honest line
// is a thousand Run Command invocations with their outputs, about 12 MiB; the
// largest honest file is a few walks of such an account. Only parts are large: the
// longest of the others is a consent with the text of its script.
const (
	maxLine  = 32 << 20
	maxOther = 1 << 20
	maxFile  = 256 << 20
)

// Record is what a journal holds.
type Record struct {
	Opening Opening
	// Schema is that of the last who wrote.
	Schema string
	// AsOf is the time for which the facts speak, that of the latest run.
	AsOf time.Time
	// Parts are the parts as they were read last.
	Parts map[estate.Key]estate.Part
	// Calls are the operations sent, in order.
	Calls    []walk.Call
	Verdicts map[string]Verdict
	// Answers are the latest, Said all of them in order.
	Answers  map[string]string
	Said     []Stamped[walk.Answer]
	Consents []Stamped[Consent]
	Closings []Closing
	Resumes  []Stamped[Resume]
	Notes    []Stamped[Note]
	Scripts  []Stamped[Script]
	Shells   []Stamped[Shell]
	// Deeds are what was done to the account: plans, intents, results, verifications, undos.
	Deeds []Deed
	// Entries counts the entries, Last is the hash of the last.
	Entries int
	Last    string
	// Started and Ended are the times of the first and of the last entry.
	Started, Ended time.Time
	// Backward counts the entries that are earlier than the one before them: the clock
	// was set back. Their order is that of the file.
	Backward int
	// Torn says that the file ends in the middle of a line, as after a crash; that
	// line is not part of the record.
	Torn bool
	// Size is how many bytes the whole entries take.
	Size int64

	// open says that a run was under way after the last closing, doing that a change
	// was begun whose result is not written.
	open, doing bool
	// unended says that the last entry is whole and its newline is missing.
	unended bool
	by      string
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

// Mark is where a reader stands: before the entry with this number, which is of
// this kind and time, after so many runs came to their end.
type Mark struct {
	Seq  int
	Kind Kind
	Time time.Time
	Runs int
}

// Open reads a journal file.
func Open(path string) (*Record, error) { return OpenTo(path, nil) }

// OpenTo reads a journal file as it stood at the first mark for which stop is true.
// Everything behind is checked, and not kept. A nil stop reads all.
func OpenTo(path string, stop func(Mark) bool) (*Record, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("opening the recording: %w", err)
	}
	defer f.Close()
	r, err := ReadTo(f, stop)
	if err != nil {
		return nil, &lang.Error{Err: err, Say: lang.Both("reading the recording %s: %s", "記録 %s を読み取れず: %s").With(path, lang.Said(err))}
	}
	return r, nil
}

// Read reads a journal. A torn last line is tolerated; anything else that does not
// fit is a LineError.
func Read(src io.Reader) (*Record, error) { return ReadTo(src, nil) }

// ReadTo is Read up to the first mark for which stop is true.
func ReadTo(src io.Reader, stop func(Mark) bool) (*Record, error) {
	rec, err := read(src, stop)
	if err != nil {
		return nil, err
	}
	return rec, nil
}

// read returns what was read before an error, too; nil where that is nothing.
func read(src io.Reader, stop func(Mark) bool) (*Record, error) {
	rec := &Record{Parts: map[estate.Key]estate.Part{}, Verdicts: map[string]Verdict{}, Answers: map[string]string{}}
	in := &lines{src: src}
	chain := &chain{}
	scale := newScale()
	stopped := false
	for n := 1; ; n++ {
		line, whole, err := in.next()
		if err != nil {
			return rec.orNil(), &LineError{n, err}
		}
		if len(line) == 0 && !whole {
			break
		}
		h, err := chain.add(line)
		if err == nil && !stopped {
			stopped = stop != nil && n > 1 && stop(Mark{Seq: h.Seq, Kind: h.Kind, Time: h.Time, Runs: len(rec.Closings)})
		}
		if err == nil && !stopped {
			if err = rec.keep(h, scale, int(in.read)); err != nil {
				err = misfit("%s entry: %s", "%s の項目: %s", h.Kind, lang.Said(err))
			}
		}
		if err != nil {
			if !whole && n > 1 {
				rec.Torn = true
				break
			}
			return rec.orNil(), &LineError{n, err}
		}
		rec.Entries, rec.Last, rec.Size = chain.seq, chain.last, in.read
		if !whole {
			rec.unended = true
			break
		}
	}
	if rec.Entries == 0 {
		return nil, &LineError{1, misfit("the file is empty: not a monshin journal", "ファイルが空（monshin の作業記録ではない）")}
	}
	return rec, nil
}

func (r *Record) orNil() *Record {
	if r.Entries == 0 {
		return nil
	}
	return r
}

// lines reads lines into one buffer.
type lines struct {
	src  io.Reader
	buf  []byte
	from int // of what is not given out yet
	end  bool
	read int64 // bytes given out, newlines included
}

// next reads up to a newline; whole is false where the file ends first. The line is
// valid until the next call.
func (l *lines) next() (line []byte, whole bool, err error) {
	looked := 0
	for {
		if i := bytes.IndexByte(l.buf[l.from+looked:], '\n'); i >= 0 {
			line = l.buf[l.from : l.from+looked+i]
			l.from += looked + i + 1
			l.read += int64(len(line) + 1)
			if l.read > maxFile {
				return nil, false, misfit("the file is larger than %d MiB", "ファイルが %d MiB を超えている", maxFile>>20)
			}
			return line, true, nil
		}
		looked = len(l.buf) - l.from
		switch {
		case looked > maxLine:
			return nil, false, misfit("the line is longer than %d MiB", "行が %d MiB を超えている", maxLine>>20)
		case l.end:
			line, l.from = l.buf[l.from:], len(l.buf)
			l.read += int64(len(line))
			return line, false, nil
		}
		if err := l.fill(); err != nil {
			return nil, false, err
		}
	}
}

// fill reads more behind what is not given out yet.
func (l *lines) fill() error {
	if l.from > 0 {
		l.buf = l.buf[:copy(l.buf, l.buf[l.from:])]
		l.from = 0
	}
	if len(l.buf) == cap(l.buf) {
		// Doubled, and with room for a newline behind the longest line.
		room := min(max(2*cap(l.buf), 64<<10), maxLine+2)
		grown := make([]byte, len(l.buf), room)
		copy(grown, l.buf)
		l.buf = grown
	}
	n, err := l.src.Read(l.buf[len(l.buf):cap(l.buf)])
	l.buf = l.buf[:len(l.buf)+n]
	if errors.Is(err, io.EOF) {
		l.end = true
		return nil
	}
	return err
}

// chain checks that each line follows the one before it.
type chain struct {
	seq  int
	last string
}

func (c *chain) add(line []byte) (head, error) {
	h, hash, err := decode(line)
	if err != nil {
		return head{}, err
	}
	switch {
	case h.Seq != c.seq+1:
		return head{}, misfit("entry %d stands where entry %d should: lines are missing or moved", "項目 %[2]d の位置に項目 %[1]d がある（行の欠落または移動）", h.Seq, c.seq+1)
	case h.Prev != c.last:
		return head{}, misfit("the entry does not follow the one before it: lines were changed", "前の項目と連続していない（行の変更）")
	case (h.Kind == KindOpen) != (c.seq == 0):
		return head{}, misfit("a journal begins with one %q entry and has no other", "作業記録は %q の項目 1 件で始まり、以降には現れない", KindOpen)
	}
	c.seq, c.last = h.Seq, hash
	return h, nil
}

// view is a piece of a JSON text, not copied.
type view []byte

// UnmarshalJSON keeps where the piece is.
func (v *view) UnmarshalJSON(b []byte) error { *v = b; return nil }

// keep takes an entry into the record.
func (r *Record) keep(h head, s *scale, read int) error {
	if h.Kind != KindPart && len(h.Body) > maxOther {
		return misfit("%d MiB: only parts are that large", "%d MiB（構成情報以外の上限を超過）", len(h.Body)>>20)
	}
	if r.Schema == SchemaV1 && h.Kind != KindResume && !h.Kind.inV1() {
		return misfit("%s has no such kind of entry", "%s にない種類の項目", SchemaV1)
	}
	w := weigh(s.of(h.Kind), h.Body)
	switch {
	case h.Kind == KindPart, h.Kind.deed(): // weighed by what they hold
	case h.Kind == KindVerdict && !s.fits(w, read): // and put once it is known whose it is
		return heavy()
	case h.Kind != KindVerdict && !s.put("", w, read):
		return heavy()
	}
	if r.Started.IsZero() {
		r.Started = h.Time
	}
	if h.Time.Before(r.Ended) {
		r.Backward++
	}
	r.Ended = h.Time
	if err := r.take(h, s, read); err != nil {
		return err
	}
	switch h.Kind {
	case KindClose:
		r.open = false
	case KindIntent:
		r.doing = true
	case KindResult:
		r.doing = false
	case KindNote, KindShell, KindPlan, KindApproval, KindLeft, KindVerification, KindUndo:
	default:
		r.open = true
	}
	return nil
}

func heavy() error {
	return misfit("the entry stands for more than its size allows", "項目の内容がファイルの大きさに対して過大")
}

func (r *Record) take(h head, s *scale, read int) error {
	switch h.Kind {
	case KindOpen:
		if err := schemaOf(h.Body, SchemaV1, Schema); err != nil {
			return err
		}
		if err := strict(h.Body, &r.Opening); err != nil {
			return err
		}
		r.Schema, r.AsOf, r.by = r.Opening.Schema, r.Opening.AsOf, r.Opening.Operator
		for k, a := range r.Opening.Answers {
			r.Answers[k] = a
		}
	case KindResume:
		if err := schemaOf(h.Body, Schema); err != nil {
			return err
		}
		return stamp(r, h, &r.Resumes, func(b Resume) {
			r.Schema, r.by = b.Schema, b.Operator
			if !b.AsOf.IsZero() {
				r.AsOf = b.AsOf
			}
		})
	case KindPart:
		return r.part(h.Body, s, read)
	case KindVerdict:
		var v Verdict
		if err := strict(h.Body, &v); err != nil {
			return err
		}
		if !s.put("verdict:"+v.Probe, weigh(s.of(h.Kind), h.Body), read) {
			return heavy()
		}
		r.Verdicts[v.Probe] = v
	case KindAnswer:
		return stamp(r, h, &r.Said, func(a walk.Answer) { r.Answers[a.Name] = a.Value })
	case KindConsent:
		return stamp(r, h, &r.Consents, nil)
	case KindClose:
		var c Closing
		if err := strict(h.Body, &c); err != nil {
			return err
		}
		r.Closings = append(r.Closings, c)
	case KindNote:
		return stamp(r, h, &r.Notes, nil)
	case KindScript:
		return stamp(r, h, &r.Scripts, nil)
	case KindShell:
		return stamp(r, h, &r.Shells, nil)
	default:
		if !h.Kind.deed() {
			return misfit("this monshin knows no such kind of entry", "この版の monshin にない種類の項目")
		}
		if !json.Valid(h.Body) {
			return misfit("it is not JSON", "JSON ではない")
		}
		if !s.put("", len(h.Body), read) {
			return heavy()
		}
		d := Deed{Kind: h.Kind, Seq: h.Seq, Time: h.Time, By: r.by, Body: bytes.Clone(h.Body)}
		if h.Kind == KindPlan || h.Kind == KindVerification {
			if !s.put("", len(r.Verdicts)*s.verdict(), read) {
				return heavy()
			}
			d.Verdicts = maps.Clone(r.Verdicts)
		}
		r.Deeds = append(r.Deeds, d)
	}
	return nil
}

// part takes a part. Its body can be many megabytes, of which no copy is made.
func (r *Record) part(body []byte, s *scale, read int) error {
	var p struct {
		Key   string `json:"key"`
		Fact  view   `json:"fact"`
		Calls view   `json:"calls"`
	}
	if err := json.Unmarshal(body, &p); err != nil {
		return err
	}
	key := estate.ParseKey(p.Key)
	rated := weigh(s.ofPart(key.Kind), p.Fact)
	if !s.put("", weigh(s.of(KindPart), p.Calls), read) || !s.fits(rated, read) {
		return heavy()
	}
	part, err := estate.Decode(key, json.RawMessage(p.Fact))
	if err != nil {
		return err
	}
	if !s.weighed(p.Key, &part, rated, read) {
		return heavy()
	}
	var calls []walk.Call
	if len(p.Calls) > 0 {
		if err := json.Unmarshal(p.Calls, &calls); err != nil {
			return err
		}
	}
	r.Parts[part.Key] = part
	r.Calls = append(r.Calls, calls...)
	return nil
}

// schemaOf looks at the version first: a newer file may differ in everything else.
func schemaOf(body []byte, known ...string) error {
	var v struct{ Schema string }
	if err := json.Unmarshal(body, &v); err != nil {
		return err
	}
	for _, k := range known {
		if v.Schema == k {
			return nil
		}
	}
	return misfit("the schema is %q; this monshin reads up to %q", "形式は %q。この版の monshin が読めるのは %q まで", v.Schema, Schema)
}

// stamp takes a body with when and by whom it was written.
func stamp[T any](r *Record, h head, into *[]Stamped[T], also func(T)) error {
	var body T
	if err := strict(h.Body, &body); err != nil {
		return err
	}
	if also != nil {
		also(body)
	}
	*into = append(*into, Stamped[T]{Seq: h.Seq, Time: h.Time, By: r.by, Body: body})
	return nil
}

func strict(b json.RawMessage, into any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return misfit("something stands behind its body", "本文の後に余分な内容あり")
	}
	return nil
}
