// Package world says what the terminal interface needs from outside: an account,
// a walk, the trees and the catalogue. It holds no code; cmd brings the real ones,
// tests bring fakes.
package world

import (
	"context"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/runbook"
	"github.com/monshin/monshin/diagnose/walk"
)

// Identity is who asks, and where. It stands on every screen, so that nobody works
// in the wrong account.
type Identity struct {
	Account string // twelve digits
	Alias   string // "" where there is none or it may not be read
	ARN     string
	Region  string
	Profile string
	// Simulated says that the account is a lab's. Source is walk.Source's name.
	Simulated bool
	Source    string
}

// Backend is an account: live, recorded or simulated. Its methods may block; the
// interface calls them from goroutines of their own and cancels ctx on leaving.
type Backend interface {
	Identity(ctx context.Context) (Identity, error)
	// List emits the Windows instances of the region in pieces, recently terminated
	// ones included. A row may come again with more known about it.
	List(ctx context.Context, emit func([]estate.Listed)) error
	// Start prepares the investigation of one instance.
	Start(ctx context.Context, instanceID string, symptom runbook.Symptom) (Walk, error)
}

// AnswerMark begins the line that a script prints which somebody else ran.
const AnswerMark = "MONSHIN1A"

// Walk is one investigation. Answer and Retry may be called at any time; Script,
// Consent, Request and Paste may wait for the end of a Run that is under way.
type Walk interface {
	// Run reads and judges until nothing more can be learnt, and emits what is known
	// after each change. Each Diagnosis is a snapshot that nobody changes any more.
	// It may be run again: after an answer, a retry, or renewed credentials.
	Run(ctx context.Context, emit func(*walk.Diagnosis))
	// Answer tells what the operator said; "" is "don't know".
	Answer(name, value string)
	// Retry forgets what could not be read, so that the next Run reads it again.
	Retry()
	// Script is the script that Run Command would run for what only Windows can tell,
	// to the letter; "" where nothing is wanted from there.
	Script() (string, error)
	// Consent records that the script is allowed, under a ticket that may be "". The
	// next Run asks Windows.
	Consent(ticket string) error
	// Request is one block of text for somebody else who may run the script, in every
	// language: the operator may change theirs while it is shown.
	Request() (lang.Text, error)
	// Paste takes text with a line that begins with AnswerMark. The next Run judges what
	// came in with it.
	Paste(text string) (Pasted, error)
	Tree() *runbook.Tree
	// JournalPath is where the investigation is recorded, "" where it is not.
	JournalPath() string
}

// Pasted is what came in with somebody's answer.
type Pasted struct {
	// Parts is how many parts it held that were still open.
	Parts int
	// Notes say what it lacks, and what else is to be known about it, such as its age.
	Notes []lang.Text
}

// Leaver is what a Walk may also do: let go of its record when its page is left, so
// that it can be gone on with.
type Leaver interface{ Leave() }

// Library is the collection of trees.
type Library interface {
	Symptoms() []runbook.Symptom
	Tree(runbook.Symptom) (*runbook.Tree, bool)
	// Search finds symptoms by label, search words and messages, best first. An empty
	// query finds all.
	Search(query string) []runbook.Symptom
}

// Catalogue has the words about findings.
type Catalogue interface {
	Entry(finding.Code) (*finding.Entry, bool)
	// Screen is the finding on one line, with its values.
	Screen(finding.Finding) lang.Text
	// Page is the finding's page, Markdown.
	Page(finding.Code) (lang.Text, error)
}

// Assumer is what a Catalogue may also do: say an assumption on one line.
type Assumer interface {
	AssumptionScreen(finding.Assumption) lang.Text
}
