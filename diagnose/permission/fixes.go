package permission

import (
	"slices"

	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/remedy"
)

// Fixes lists the actions that carrying out, checking and taking back these fixes can
// need, by name, beside what the walk needs that finds their findings. watching tells
// which actions a call needs beside its own, to see how it ended.
func Fixes(fixes []remedy.Fix, watching func(operation string) []string) []Need {
	needs := map[string]*Need{}
	for _, f := range fixes {
		if f.Mode != remedy.Automatic {
			continue
		}
		for _, a := range f.Actions {
			add(needs, a, f.Title)
			for _, w := range watching(a) {
				add(needs, w, f.Title)
			}
		}
	}
	return sorted(needs)
}

// Join lists the actions of both, each once.
func Join(a, b []Need) []Need {
	needs := map[string]*Need{}
	for _, n := range slices.Concat(a, b) {
		add(needs, n.Action, n.Probes...)
	}
	return sorted(needs)
}

// FixTable writes the codes with their fixes, automatic and guided, as a Markdown
// table in one language; without says why a code has none.
func FixTable(codes []string, l lang.Lang, fixes func(code string) []remedy.Fix, without func(code string) lang.Text) string {
	out := lang.Both("| finding | monshin can do it | steps for a person |\n|---|---|---|\n", "| 検出結果 | monshin で実施可能 | 手作業の手順 |\n|---|---|---|\n").In(l)
	for _, c := range codes {
		var automatic, guided string
		for _, f := range fixes(c) {
			cell := &automatic
			if f.Mode == remedy.Guided {
				cell = &guided
			}
			if *cell != "" {
				*cell += "<br>"
			}
			*cell += f.Title.In(l) + " (`" + f.ID + "`)"
		}
		if automatic == "" && guided == "" {
			guided = without(c).In(l)
		}
		out += "| `" + c + "` | " + automatic + " | " + guided + " |\n"
	}
	return out
}
