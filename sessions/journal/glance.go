package journal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// Glance is what the first and the last lines of a journal tell. What stands
// between them is not looked at, and not checked.
type Glance struct {
	Opening Opening
	// Entries counts the entries, Last is the hash of the last of them.
	Entries int
	Last    string
	// Started and Updated are the times of the first and of the last entry.
	Started, Updated time.Time
	// Closing is the latest run's, nil where none came to its end.
	Closing *Closing
	// Cut says that the record ends before its run did, or before the result of a
	// change that was begun.
	Cut  bool
	Torn bool
	Size int64
}

// GlanceAt looks at the first and the last lines of a journal file.
func GlanceAt(path string) (Glance, error) {
	f, err := os.Open(path)
	if err != nil {
		return Glance{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return Glance{}, err
	}
	if !info.Mode().IsRegular() {
		return Glance{}, fmt.Errorf("%s is no file", path)
	}
	return glance(f, info.Size())
}

// window is how much of the end is looked at first: some dozen entries.
const window = 64 << 10

func glance(src io.ReaderAt, size int64) (Glance, error) {
	g := Glance{Size: size}
	in := &lines{src: io.NewSectionReader(src, 0, min(size, maxLine+1))}
	line, _, err := in.next()
	if err != nil {
		return g, &LineError{1, err}
	}
	h, err := (&chain{}).add(line)
	if err != nil {
		return g, &LineError{1, err}
	}
	if err := schemaOf(h.Body, SchemaV1, Schema); err != nil {
		return g, &LineError{1, err}
	}
	if len(h.Body) > maxOther {
		return g, &LineError{1, heavy()}
	}
	if err := strict(h.Body, &g.Opening); err != nil {
		return g, &LineError{1, err}
	}
	g.Started = h.Time
	for back := int64(window); ; back *= 8 {
		from := max(size-back, 0)
		b := make([]byte, size-from)
		if _, err := src.ReadAt(b, from); err != nil && !errors.Is(err, io.EOF) {
			return g, err
		}
		if settled, err := g.end(b, from == 0); settled || err != nil {
			return g, err
		}
		if back > maxLine {
			return g, errors.New("its last lines are longer than an entry may be")
		}
	}
}

// end reads the last lines backwards, up to the one that tells whether a run came
// to its end. It reports whether that was among them.
func (g *Glance) end(b []byte, all bool) (settled bool, err error) {
	g.Torn, g.Entries = false, 0
	result := false
	for last := true; len(b) > 0; last = false {
		i := bytes.LastIndexByte(bytes.TrimSuffix(b, []byte{'\n'}), '\n') + 1
		if i == 0 && !all {
			return false, nil // the line begins before what was read
		}
		whole := bytes.HasSuffix(b, []byte{'\n'})
		line := bytes.TrimSuffix(b[i:], []byte{'\n'})
		h, hash, err := decode(line)
		b = b[:i]
		switch {
		case err != nil && g.Entries == 0 && (last && !whole || bytes.IndexByte(line, 0) >= 0):
			g.Torn = true // what a crash left
			continue
		case err != nil:
			return true, fmt.Errorf("its last entry: %w", err)
		}
		if g.Entries == 0 {
			g.Entries, g.Last, g.Updated = h.Seq, hash, h.Time
		}
		switch h.Kind {
		case KindNote, KindShell, KindPlan, KindVerification, KindUndo:
		case KindResult:
			result = true
		case KindIntent:
			g.Cut = g.Cut || !result
		case KindClose:
			var c Closing
			if len(h.Body) > maxOther || json.Unmarshal(h.Body, &c) != nil {
				return true, errors.New("its last closing is none")
			}
			g.Closing, g.Cut = &c, g.Cut || g.Torn || !c.Complete
			return true, nil
		default:
			g.Cut = true
			return true, nil
		}
	}
	g.Cut = true
	return all, nil
}
