// Package journal keeps an investigation (調査) as one append-only file of JSON
// lines. Each line carries the hash of the line before it, so that an edit shows;
// each is on disk before what follows it is done, so that a crash costs at most
// the line being written.
package journal

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/monshin/monshin/diagnose/lang"
)

// Schema names the format of the file. It stands in the first line, and in each
// entry with which somebody goes on. SchemaV1 is read as well: it has no kinds of
// entries but open, part, verdict, answer, consent and close.
const (
	Schema   = "monshin.journal/v2"
	SchemaV1 = "monshin.journal/v1"
)

//go:embed journal.schema.json
var lineSchema []byte

// LineSchema is the JSON Schema (2020-12) of one line.
func LineSchema() []byte { return bytes.Clone(lineSchema) }

// Kind says what an entry holds.
type Kind string

// The kinds of entries.
const (
	KindOpen    Kind = "open"    // Opening; the first line, and only the first
	KindPart    Kind = "part"    // Part: a fact as it was read
	KindVerdict Kind = "verdict" // Verdict: a judgement
	KindAnswer  Kind = "answer"  // walk.Answer: what the operator said
	KindConsent Kind = "consent" // Consent: what the operator allowed
	KindClose   Kind = "close"   // Closing: what it came to; a journal may hold several, one a run

	KindResume Kind = "resume" // Resume: somebody goes on; what follows is theirs
	KindNote   Kind = "note"   // Note: what the operator wrote down
	KindScript Kind = "script" // Script: what ran inside Windows, and what it printed
	KindShell  Kind = "shell"  // Shell: a recording of a Session Manager shell, by reference

	// What was done to the account. Package remedy says what they hold; here they are
	// kept to the letter.
	KindPlan         Kind = "plan"
	KindApproval     Kind = "approval"
	KindIntent       Kind = "intent"
	KindResult       Kind = "result"
	KindLeft         Kind = "left"
	KindVerification Kind = "verification"
	KindUndo         Kind = "undo"
)

// inV1 reports whether a kind is of the first schema.
func (k Kind) inV1() bool {
	switch k {
	case KindOpen, KindPart, KindVerdict, KindAnswer, KindConsent, KindClose:
		return true
	}
	return false
}

// deed reports whether a kind is about what was done to the account.
func (k Kind) deed() bool {
	switch k {
	case KindPlan, KindApproval, KindIntent, KindResult, KindLeft, KindVerification, KindUndo:
		return true
	}
	return false
}

// head is a line without its hash. The hash covers exactly the bytes of the head,
// so a line can be checked without encoding it again.
type head struct {
	Seq  int             `json:"seq"`
	Time time.Time       `json:"time"`
	Prev string          `json:"prev"`
	Kind Kind            `json:"kind"`
	Body json.RawMessage `json:"body"`
}

const tail = `,"hash":"`

// encode writes one line, newline included, and returns its hash.
func encode(h head) (line []byte, hash string, err error) {
	b, err := json.Marshal(h)
	if err != nil {
		return nil, "", fmt.Errorf("encoding a %s entry: %w", h.Kind, err)
	}
	// Somebody will show the file in a terminal.
	b = lang.CleanJSON(b)
	b = b[:len(b)-1] // the closing brace comes after the hash
	sum := sha256.Sum256(b)
	hash = hex.EncodeToString(sum[:])
	b = append(b, tail...)
	b = append(b, hash...)
	return append(b, "\"}\n"...), hash, nil
}

// decode reads one line, without its newline, and checks its hash. The body is a
// piece of the line.
func decode(line []byte) (head, string, error) {
	cut := bytes.LastIndex(line, []byte(tail))
	if cut < 0 || len(line) < cut+len(tail)+2 || !bytes.HasSuffix(line, []byte(`"}`)) {
		return head{}, "", misfit("not an entry of a monshin journal (no hash at its end)", "monshin の作業記録の項目ではない（末尾にハッシュ値なし）")
	}
	hash := string(line[cut+len(tail) : len(line)-2])
	sum := sha256.Sum256(line[:cut])
	if hex.EncodeToString(sum[:]) != hash {
		return head{}, "", misfit("the hash does not fit the entry: the line was changed or damaged", "ハッシュ値が一致しない（行の変更または破損）")
	}
	h, err := headOf(line[:cut])
	if err != nil {
		return head{}, "", misfit("not an entry of a monshin journal: %s", "monshin の作業記録の項目ではない: %s", err)
	}
	return h, hash, nil
}

// headOf reads the fields of a line. encode always writes them in one order, and
// another writer's line is none of ours; the body is not copied, as a journal may
// hold lines of many megabytes.
func headOf(b []byte) (h head, err error) {
	seq, b, ok1 := between(b, `{"seq":`, ',')
	at, b, ok2 := between(b, `"time":"`, '"')
	prev, b, ok3 := between(b, `,"prev":"`, '"')
	kind, b, ok4 := between(b, `,"kind":"`, '"')
	body, ok5 := bytes.CutPrefix(b, []byte(`,"body":`))
	if !ok1 || !ok2 || !ok3 || !ok4 || !ok5 {
		return h, fmt.Errorf("its fields are not those of an entry")
	}
	if h.Seq, err = strconv.Atoi(string(seq)); err != nil {
		return h, fmt.Errorf("its number %.20q is none", seq)
	}
	if h.Time, err = time.Parse(time.RFC3339Nano, string(at)); err != nil {
		return h, fmt.Errorf("its time %.40q is none", at)
	}
	h.Prev, h.Kind, h.Body = string(prev), Kind(kind), body
	return h, nil
}

// between reads what stands after a prefix and before a byte.
func between(b []byte, prefix string, end byte) (value, rest []byte, ok bool) {
	b, ok = bytes.CutPrefix(b, []byte(prefix))
	if !ok {
		return nil, nil, false
	}
	i := bytes.IndexByte(b, end)
	// Numbers, times, hashes and kinds are short.
	if i < 0 || i > 128 {
		return nil, nil, false
	}
	return b[:i], b[i+1:], true
}
