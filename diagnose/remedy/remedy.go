// Package remedy holds the fixes: which there are for a finding, the plan that one
// comes to on an estate, what the tree will say afterwards, how the plan is carried
// out, checked and taken back.
//
// A plan is made from an estate and from nothing else; making one calls nothing.
// What changes the world stands behind Caller, and nothing is called before its
// intent is on disk (Ledger).
package remedy

import (
	"slices"

	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
)

// Mode says who carries a fix out.
type Mode string

// The modes.
const (
	// Automatic fixes are calls that monshin makes.
	Automatic Mode = "automatic"
	// Guided fixes are steps for a person, with checks between them: the console,
	// another account, a decision that is not the operator's.
	Guided Mode = "guided"
)

// Risk is a named danger of a plan. A plan with a risk says so before consent.
type Risk string

// The risks.
const (
	OpensPort       Risk = "opens-port"
	WholeVPC        Risk = "whole-vpc" // touches every instance of the VPC
	WholeRole       Risk = "whole-role"
	Billing         Risk = "billing"
	RestartsService Risk = "restarts-service"
	Restarts        Risk = "restarts-instance"
	RerunsUserData  Risk = "reruns-user-data"
	NotUndoable     Risk = "not-undoable"
	BreaksNames     Risk = "breaks-aws-names" // domain.md B4
)

// Words says a risk to a person.
func (r Risk) Words() lang.Text {
	switch r {
	case OpensPort:
		return lang.Both("opens a port", "ポートの開放")
	case WholeVPC:
		return lang.Both("affects every instance of the VPC", "VPC 内の全インスタンスに影響")
	case WholeRole:
		return lang.Both("affects everything that uses the role", "ロールを使用するすべてのリソースに影響")
	case Billing:
		return lang.Both("costs money", "料金の発生")
	case RestartsService:
		return lang.Both("restarts a Windows service", "Windows サービスの再起動")
	case Restarts:
		return lang.Both("restarts the instance", "インスタンスの再起動")
	case RerunsUserData:
		return lang.Both("may run user data again", "ユーザーデータの再実行の可能性")
	case NotUndoable:
		return lang.Both("cannot be taken back", "切り戻し不可")
	case BreaksNames:
		return lang.Both("may break the resolution of AWS names in the VPC", "VPC 内の AWS サービス名の名前解決に影響する可能性")
	}
	return lang.Same(string(r))
}

// Fix is one way to remove a finding.
type Fix struct {
	// ID is stable once released: "endpoint.create".
	ID   string
	Mode Mode
	// For are the findings that it removes. Where a finding has several fixes, their
	// order in the library is the recommended one (domain.md §3.2, §4.3, §6.3, §7.2, §9.1).
	For   []finding.Code
	Title lang.Text
	// Actions are the IAM actions that its calls need, reads before and after not counted.
	// A test compares them with what fix runs really called.
	Actions []string
	// Make writes the plan. It reads through b and calls b.Refuse where the fix does
	// not apply; it may return early when b.Waiting reports that a part is missing.
	Make func(b *Builder)
}

// Library is the fixes that there are, in the recommended order.
type Library struct{ fixes []Fix }

// NewLibrary makes a library of fixes in the recommended order.
func NewLibrary(fixes ...Fix) Library { return Library{fixes: fixes} }

// All lists the fixes.
func (l Library) All() []Fix { return slices.Clone(l.fixes) }

// Find finds a fix by id.
func (l Library) Find(id string) (Fix, bool) {
	i := slices.IndexFunc(l.fixes, func(f Fix) bool { return f.ID == id })
	if i < 0 {
		return Fix{}, false
	}
	return l.fixes[i], true
}

// For lists the fixes of a finding, the recommended one first.
func (l Library) For(c finding.Code) []Fix {
	var out []Fix
	for _, f := range l.fixes {
		if slices.Contains(f.For, c) {
			out = append(out, f)
		}
	}
	return out
}
