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
	Guest     Scope = "guest" // whether Windows itself is asked
	Finding   Scope = "finding"
	CLI       Scope = "cli"
	HelpPage  Scope = "help"
	PlainPage Scope = "plain"
	Confirm   Scope = "confirm" // a yes-or-no question
	Text      Scope = "text"    // a text field has the keys
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
	case Guest:
		return lang.Both("Asking Windows", "OS 内の確認")
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

// parents are the scopes that a scope's keys are looked up in, in this order.
func (s Scope) parents() []Scope {
	switch s {
	case Symptoms, Instances:
		return []Scope{s, List, Anywhere, Always}
	case Walk:
		return []Scope{s, List, Anywhere, Always}
	case CLI:
		return []Scope{s, List, Anywhere, Always}
	case Guest, Finding, PlainPage, HelpPage:
		return []Scope{s, Reading, Anywhere, Always}
	case Text, Confirm:
		return []Scope{s, Always}
	}
	return []Scope{s, Anywhere, Always}
}
