package journal

import (
	"encoding/json"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/probe"
	"github.com/monshin/monshin/diagnose/walk"
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
	// Operator is the name of who begins, "" where it was not said. The account that
	// reads is told by the part "caller".
	Operator string `json:"operator,omitempty"`
	// Profile is the AWS profile, "" for the default chain.
	Profile string `json:"profile,omitempty"`
}

// Resume says that somebody goes on. What follows is of its schema and its version.
type Resume struct {
	Schema  string `json:"schema"`
	Version string `json:"version"`
	// Operator is who goes on, "" where it was not said.
	Operator string `json:"operator,omitempty"`
	// AsOf is the time for which the facts speak that are read from now on.
	AsOf   time.Time `json:"as_of,omitzero"`
	Source string    `json:"source,omitempty"`
	Lang   string    `json:"lang,omitempty"`
	// Dropped is how many bytes behind the last whole entry were no entry: what a
	// crash or a power cut left of one that was never confirmed.
	Dropped int64 `json:"dropped,omitempty"`
	// Handed says that the journal came from a hand-over file.
	Handed bool `json:"handed,omitempty"`
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

// ShellOnly is the outcome of a run that was a Session Manager shell (or forwarded a
// port) and judged nothing.
const ShellOnly = "shell"

// Closing is what a run came to.
type Closing struct {
	// Outcome is a walk.Outcome or ShellOnly.
	Outcome    string   `json:"outcome"`
	Complete   bool     `json:"complete"`
	RootCauses []string `json:"root_causes"`
	Calls      int      `json:"calls"`
	Waves      int      `json:"waves"`
	// Node is the tree's node at which the story stands, "" in journals of v1.
	Node string `json:"node,omitempty"`
}

// The audiences of a note.
const (
	Internal = "internal"
	Customer = "customer"
)

// Note is what the operator wrote down (メモ).
type Note struct {
	Text string `json:"text"`
	// Audience is Internal or Customer. A note whose mark is lost is internal.
	Audience string `json:"audience"`
	// Node is the tree's node where it was written, "" for none.
	Node string `json:"node,omitempty"`
}

// Script is a script that ran inside Windows.
type Script struct {
	// Source is "guest" where Run Command ran it, "customer" where somebody else did
	// and sent what it printed.
	Source string `json:"source"`
	// SHA256 is the digest of its exact text, in hex; the text is in the consent. ""
	// where it is not known what exactly was run.
	SHA256 string `json:"sha256,omitempty"`
	// CommandID is Run Command's.
	CommandID string `json:"command_id,omitempty"`
	// Output is what it printed, masked; OutputSHA256 the digest of what it really printed.
	Output       string `json:"output,omitempty"`
	OutputSHA256 string `json:"output_sha256,omitempty"`
	// At is when it ran, by the clock of where it ran.
	At time.Time `json:"at,omitzero"`
	// Parts are the keys of what came in with it.
	Parts []string `json:"parts,omitempty"`
}

// Shell is a recording of a Session Manager shell. The journal holds no byte of it.
type Shell struct {
	SessionID string `json:"session_id"`
	// File is the recording, a name in the investigation's folder of attachments.
	// SHA256 is its digest, in hex.
	File   string `json:"file"`
	SHA256 string `json:"sha256"`
	// Masked is the copy without secrets, which a hand-over carries; "" where there is none.
	Masked       string    `json:"masked,omitempty"`
	MaskedSHA256 string    `json:"masked_sha256,omitempty"`
	From         time.Time `json:"from"`
	To           time.Time `json:"to,omitzero"`
	// Sent are the commands that monshin sent into the shell, masked, in their order.
	// What was typed by hand is only in what the shell showed of it.
	Sent []string `json:"sent,omitempty"`
	// ExitCode is that of a session which ran one command; nil where it is not known.
	ExitCode *int `json:"exit_code,omitempty"`
}

// Stamped is a body with when it was written, and by whom where that was said.
type Stamped[T any] struct {
	Seq  int
	Time time.Time
	By   string
	Body T
}

// Deed is an entry about what was done to the account, to the letter.
type Deed struct {
	Kind Kind
	Seq  int
	Time time.Time
	By   string
	Body json.RawMessage
	// Verdicts are the judgements as they stood then, by probe, of a plan and of a
	// verification; nil for the others.
	Verdicts map[string]Verdict
}
