// Package journal keeps an investigation (調査) as one append-only file of JSON
// lines. Each line carries the hash of the line before it, so that an edit shows;
// each is on disk before what follows it is done, so that a crash costs at most
// the line being written.
package journal

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/probe"
	"github.com/monshin/monshin/diagnose/walk"
)

// Schema names the format of the file. It stands in the first line.
const Schema = "monshin.journal/v1"

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
)

// Opening says what the investigation is about and who recorded it.
type Opening struct {
	Schema    string            `json:"schema"`
	Version   string            `json:"version"` // monshin's
	Target    estate.Target     `json:"target"`
	Symptom   string            `json:"symptom"`
	AsOf      time.Time         `json:"as_of"`
	Source    string            `json:"source"`
	Simulated bool              `json:"simulated,omitempty"`
	Lang      string            `json:"lang,omitempty"`
	Answers   map[string]string `json:"answers,omitempty"`
}

// Part is a part as it was read, with the calls that read it.
type Part struct {
	Key   string          `json:"key"`
	Fact  json.RawMessage `json:"fact"`
	Calls []walk.Call     `json:"calls,omitempty"`
}

// Verdict is a judgement as it was made.
type Verdict struct {
	Probe   string        `json:"probe"`
	Verdict probe.Verdict `json:"verdict"`
}

// Consent is what the operator allowed, by its exact text.
type Consent struct {
	What     string `json:"what"` // "guest-scripts"
	Ticket   string `json:"ticket,omitempty"`
	Approver string `json:"approver,omitempty"`
	Text     string `json:"text"`
}

// Closing is what a run came to.
type Closing struct {
	Outcome    string   `json:"outcome"`
	Complete   bool     `json:"complete"`
	RootCauses []string `json:"root_causes"`
	Calls      int      `json:"calls"`
	Waves      int      `json:"waves"`
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

// decode reads one line, without its newline, and checks its hash.
func decode(line []byte) (head, string, error) {
	cut := bytes.LastIndex(line, []byte(tail))
	if cut < 0 || !bytes.HasSuffix(line, []byte(`"}`)) {
		return head{}, "", misfit("not an entry of a monshin journal (no hash at its end)", "monshin の作業記録の項目ではない（末尾にハッシュ値なし）")
	}
	hash := string(line[cut+len(tail) : len(line)-2])
	sum := sha256.Sum256(line[:cut])
	if hex.EncodeToString(sum[:]) != hash {
		return head{}, "", misfit("the hash does not fit the entry: the line was changed or damaged", "ハッシュ値が一致しない（行の変更または破損）")
	}
	var h head
	d := json.NewDecoder(bytes.NewReader(append(bytes.Clone(line[:cut]), '}')))
	d.DisallowUnknownFields()
	if err := d.Decode(&h); err != nil {
		return head{}, "", misfit("not an entry of a monshin journal: %s", "monshin の作業記録の項目ではない: %s", err)
	}
	return h, hash, nil
}
