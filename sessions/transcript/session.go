package transcript

import (
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/runbook"
	"github.com/monshin/monshin/diagnose/walk"
)

// Session is one investigation (調査) with everything that an export may tell of
// it. Only Diagnosis must be set: what is empty was not done, or is not known, and
// no export says more of it than that.
type Session struct {
	// Diagnosis is what the walk came to; its Caller says who read.
	Diagnosis *walk.Diagnosis
	// Estate is what was read. Nil where only the diagnosis is at hand: then there is
	// no network path and no timeline, and an export for the public knows fewer names.
	Estate *estate.Estate
	// Tree is the tree that was walked; nil leaves the picture out.
	Tree *runbook.Tree

	// ID names the investigation among the others; "" for one that is not kept.
	ID string
	// Version is monshin's own, as it wrote the journal.
	Version string
	// Lang is the language in which the investigation was walked. An export may be in another.
	Lang lang.Lang
	// Started and Ended bound the investigation; zero where not recorded.
	Started, Ended time.Time
	// Profile is the AWS profile, Journal the path of the journal, both of the
	// operator's own machine.
	Profile, Journal string
	// Operators worked on it, in the order in which they took it over.
	Operators []Operator
	// Reported is what the customer said, to the letter.
	Reported string

	Answers  []Answer
	Notes    []Note
	Consents []Consent
	// Calls are the operations sent, in order, with time and request id. Empty where
	// nothing recorded them; the diagnosis still counts them.
	Calls       []walk.Call
	Scripts     []Script
	Fixes       []Fix
	Shells      []Shell
	Screenshots []Screenshot
	// Attachments are the files that go with an export.
	Attachments []Attachment
	Seal        Seal
}

// FromDiagnosis is the session of a walk that nothing else is known of. estate and
// tree may be nil.
func FromDiagnosis(d *walk.Diagnosis, e *estate.Estate, tree *runbook.Tree, version string) Session {
	return Session{Diagnosis: d, Estate: e, Tree: tree, Version: version}
}

// Operator is somebody who worked on an investigation.
type Operator struct {
	Name string
	// From is when they took it over.
	From time.Time
}

// Answer is what the operator said to a question of the tree; "" is "don't know".
type Answer struct {
	Name, Value string
	Time        time.Time
	// By is the operator, "" where not recorded.
	By string
}

// Audience says who may read a note.
type Audience string

// The audiences of notes. The zero Audience is Internal: a note whose mark was lost
// must not reach a customer.
const (
	ForInternal Audience = "internal"
	ForCustomer Audience = "customer"
)

// Note is what the operator wrote down (メモ).
type Note struct {
	Time     time.Time
	By       string
	Audience Audience
	Text     string
	// At is the id of the tree's node where it was written, "" for none.
	At string
}

// Consent is what was allowed, by its exact text.
type Consent struct {
	Time time.Time
	// What is "guest-scripts", or the hash of a plan.
	What             string
	Ticket, Approver string
	Text             string
}

// Script is a script that ran inside Windows, with what became of it.
type Script struct {
	Time time.Time
	// Name is what monshin calls it; SHA256 is the digest of its exact text, in hex.
	Name, SHA256 string
	// Source is "guest" where Run Command ran it, "customer" where they did.
	Source string
	// CommandID is Run Command's, "" where the customer ran it.
	CommandID string
	// OutputSHA256 is the digest of its whole output, in hex.
	OutputSHA256 string
	// Output is what it printed, masked; "" where it is not kept.
	Output string
}

// Fix is a fix (対処) as it was planned and as it went.
type Fix struct {
	// Name is its id ("endpoint.create"), Title its name, Finding the id (code@subject)
	// of what it was to settle, PlanID the hash of the plan that was shown.
	Name    string
	Title   lang.Text
	Finding string
	PlanID  string
	// Impact is its blast radius (影響範囲), Cost what it costs.
	Impact, Cost lang.Text
	Steps        []Step
	// Result is "planned", "handed-out", "refused", "failed", "unsure", "unverified",
	// "verified", "ineffective", "too-early", "undecided", "undone" or "partly-undone".
	Result string
	// ByHand says that somebody else was to carry it out. Whether and when they did is
	// not recorded; only what was seen afterwards is.
	ByHand bool
	// Approvals are the consents to this very plan.
	Approvals []Consent
	// Found is what it was to settle, with its evidence, as it was found before; nil
	// where that is not recorded.
	Found *finding.Finding
	// Before and After are what the checks said, one line a check.
	Before, After []Check
	// Verified is when it was checked last, Say what that came to.
	Verified time.Time
	Say      lang.Text
	// Rest is what does not stand as it did before, although it was taken back.
	Rest []lang.Text
}

// Step is one call of a fix.
type Step struct {
	Title lang.Text
	// Call is spelled as the IAM action; CLI is the equivalent command line.
	Call, CLI string
	// Done is when the answer came, zero where the step was not carried out.
	Done      time.Time
	RequestID string
	// Error is what came back, zero for success.
	Error lang.Text
	// Prior says that the effect was there already: nothing was called for it.
	Prior bool
	// Unsure says that it was begun, and that nobody knows how it ended.
	Unsure bool
	// Undo says how it is taken back; Irreversible that it cannot be.
	Undo         string
	Irreversible bool
	// Undone is when it was taken back, zero where it was not.
	Undone time.Time
	By     string
}

// Check is what one probe said before or after a fix.
type Check struct {
	Probe string
	Title lang.Text
	// Outcome is a probe.Outcome, Say its verdict on one line.
	Outcome string
	Say     lang.Text
	Time    time.Time
}

// Shell is a Session Manager shell as it was recorded (操作ログ): the masked text.
type Shell struct {
	// SessionID is Session Manager's.
	SessionID string
	By        string
	From, To  time.Time
	// SHA256 is the digest of the recording that stays on the operator's machine, in hex.
	SHA256 string
	Lines  []ShellLine
}

// ShellLine is a line of a shell.
type ShellLine struct {
	Time time.Time
	// Typed says that the operator wrote it.
	Typed bool
	Text  string
}

// Screenshot is a picture of the console of the instance.
type Screenshot struct {
	Time time.Time
	// Type is the media type, image/jpeg or image/png; nothing else is shown.
	Type string
	Data []byte
}

// Attachment is a file that goes with an export.
type Attachment struct {
	Name   string
	Size   int64
	SHA256 string
}

// Seal is what shows that a journal was not edited (改ざんチェック).
type Seal struct {
	// Entries counts the journal's entries, Last is the hash of the last of them; ""
	// where nothing was recorded.
	Entries int
	Last    string
	// Torn says that the journal ends in the middle of an entry, as after a crash.
	Torn bool
}
