// Package keys is the one table of keys. The footer, the help and the
// documentation are made from it, and every key press is looked up in it; no page
// knows a key by itself.
package keys

import "github.com/monshin/monshin/diagnose/lang"

// Action is what a key asks for.
type Action string

// The actions.
const (
	Interrupt Action = "interrupt" // leave at once
	Quit      Action = "quit"
	Back      Action = "back"
	Help      Action = "help"
	Language  Action = "language"
	Redraw    Action = "redraw"
	Plain     Action = "plain"
	Copy      Action = "copy"

	Up       Action = "up"
	Down     Action = "down"
	PageUp   Action = "page-up"
	PageDown Action = "page-down"
	Top      Action = "top"
	Bottom   Action = "bottom"
	Choose   Action = "choose"
	Filter   Action = "filter"
	EnterID  Action = "enter-id"

	NextPane     Action = "next-pane"
	PreviousPane Action = "previous-pane"
	NextFault    Action = "next-fault"
	Previous     Action = "previous-fault"
	Commands     Action = "commands"
	Retry        Action = "retry"
	Answer       Action = "answer"
	DontKnow     Action = "dont-know"

	Note     Action = "note"     // to the page on which a note is typed
	Audience Action = "audience" // for whom a note is
	Sessions Action = "sessions" // to the investigations that can be gone on with
	Changes  Action = "changes"  // to what has changed since

	Many Action = "many" // to the page about many instances

	Fixes   Action = "fixes" // to the page about what can be done
	Approve Action = "approve"
	Undo    Action = "undo"
	HandOut Action = "hand-out"

	Shell    Action = "shell" // to a Session Manager shell beside the steps
	Zoom     Action = "zoom"
	Charset  Action = "charset"
	EndShell Action = "end-shell"
	Whole    Action = "whole-terminal" // the shell gets the whole terminal

	Inside Action = "inside" // to the page about asking Windows itself
	Ticket Action = "ticket"
	View   Action = "view"

	Yes Action = "yes"
	No  Action = "no"

	Accept     Action = "accept"
	Leave      Action = "leave"
	CursorLeft Action = "cursor-left"
	CursorEnd  Action = "cursor-end"
	CursorHome Action = "cursor-home"
	CursorNext Action = "cursor-right"
	DeleteBack Action = "delete-back"
	DeleteNext Action = "delete-next"
)

// Scope is where a key has its meaning.
type Scope string

// The scopes. Anywhere is looked at after the scope of the page, and not while
// text is typed, except for Always.
const (
	Always    Scope = "always"    // also while text is typed
	Anywhere  Scope = "anywhere"  // every page
	List      Scope = "list"      // pages with something to choose
	Reading   Scope = "reading"   // pages with something to read
	Symptoms  Scope = "symptoms"  // the list of symptoms
	Instances Scope = "instances" // the list of instances
	Walk      Scope = "walk"
	Fleet     Scope = "fleet" // many instances
	// FleetConsent is whether the Windows of many is asked.
	FleetConsent Scope = "fleet-consent"
	Guest        Scope = "guest"    // whether Windows itself is asked
	Fixing       Scope = "fixing"   // what can be done, and doing it
	SessionList  Scope = "sessions" // the investigations that can be gone on with
	ChangesPage  Scope = "changes"  // what has changed since
	NotePage     Scope = "note"     // a note is typed
	Shelling     Scope = "shelling" // the steps beside a shell
	Finding      Scope = "finding"
	CLI          Scope = "cli"
	HelpPage     Scope = "help"
	PlainPage    Scope = "plain"
	Confirm      Scope = "confirm" // a yes-or-no question
	Text         Scope = "text"    // a text field has the keys
)

// Name says a scope to a person.
func (s Scope) Name() lang.Text {
	switch s {
	case Always, Anywhere:
		return lang.Both("Everywhere", "共通")
	case List:
		return lang.Both("Lists", "一覧")
	case Reading:
		return lang.Both("Reading", "閲覧")
	case Symptoms:
		return lang.Both("Symptoms", "事象の選択")
	case Instances:
		return lang.Both("Instances", "インスタンスの選択")
	case Walk:
		return lang.Both("Walk", "切り分け")
	case Fleet:
		return lang.Both("Many instances", "複数台の切り分け")
	case FleetConsent:
		return lang.Both("Many instances: asking Windows", "複数台の OS 内の確認")
	case Guest:
		return lang.Both("Asking Windows", "OS 内の確認")
	case Fixing:
		return lang.Both("Fixes", "対処")
	case SessionList:
		return lang.Both("Unfinished investigations", "未完了の調査")
	case ChangesPage:
		return lang.Both("What has changed", "前回からの変更")
	case NotePage:
		return lang.Both("Notes", "メモ")
	case Shelling:
		return lang.Both("Shell and steps", "シェルと手順")
	case Finding:
		return lang.Both("Finding", "検出結果")
	case CLI:
		return lang.Both("AWS CLI lines", "AWS CLI コマンド")
	case HelpPage:
		return lang.Both("Help", "ヘルプ")
	case PlainPage:
		return lang.Both("Plain text", "テキスト表示")
	case Confirm:
		return lang.Both("Confirmation", "確認")
	}
	return lang.Both("Text fields", "入力欄")
}

// Typing reports whether a text field has the keys.
func (s Scope) Typing() bool { return s == Text || s == NotePage }

// parents are the scopes that a scope's keys are looked up in, in this order.
func (s Scope) parents() []Scope {
	switch s {
	case Symptoms, Instances, Fleet, SessionList:
		return []Scope{s, List, Anywhere, Always}
	case Walk, Shelling:
		return []Scope{s, List, Anywhere, Always}
	case CLI:
		return []Scope{s, List, Anywhere, Always}
	case Guest, Fixing, FleetConsent, Finding, PlainPage, HelpPage, ChangesPage:
		return []Scope{s, Reading, Anywhere, Always}
	case NotePage:
		return []Scope{s, Text, Always}
	case Text, Confirm:
		return []Scope{s, Always}
	}
	return []Scope{s, Anywhere, Always}
}
