package keys

import (
	"strings"

	"github.com/monshin/monshin/diagnose/lang"
)

// Label names a binding's keys for a person. Arrows are written as words: the
// width of the signs differs between terminals.
func (b Binding) Label() string { return strings.Join(b.Keys, " / ") }

// Markdown is the table of keys for the documentation.
func Markdown(l lang.Lang) string {
	var b strings.Builder
	head := lang.Both("| Where | Key | What it does |", "| 場所 | キー | 動作 |").In(l)
	b.WriteString(head + "\n|---|---|---|\n")
	for _, r := range Table() {
		ks := make([]string, len(r.Keys))
		for i, k := range r.Keys {
			ks[i] = "`" + k + "`"
		}
		b.WriteString("| " + r.Scope.Name().In(l) + " | " + strings.Join(ks, " ") + " | " + r.Long.In(l) + " |\n")
	}
	return b.String()
}
