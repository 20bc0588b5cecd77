// Package lang holds what is said to a person, in every language at once.
//
// A Text is built with Both, whose two arguments are both required: leaving one
// language out does not compile.
package lang

import (
	"fmt"
	"strings"
)

// Lang is a language monshin speaks, as a BCP 47 primary subtag.
type Lang string

// The languages monshin speaks.
const (
	En Lang = "en"
	Ja Lang = "ja"
)

// All lists the languages in the order in which documentation shows them.
func All() []Lang { return []Lang{Ja, En} }

// Parse accepts a flag value or a POSIX locale ("ja", "ja_JP.UTF-8", "en-GB").
func Parse(s string) (Lang, bool) {
	s = strings.ToLower(s)
	if i := strings.IndexAny(s, "_-.@"); i >= 0 {
		s = s[:i]
	}
	switch s {
	case "ja":
		return Ja, true
	case "en", "c", "posix":
		return En, true
	}
	return "", false
}

// Text is one statement in every language. The zero Text says nothing.
type Text struct {
	En string `json:"en" yaml:"en"`
	Ja string `json:"ja" yaml:"ja"`
}

// Both makes a Text.
func Both(en, ja string) Text { return Text{En: en, Ja: ja} }

// Same makes a Text of something that no language changes: an id, a name, a value.
func Same(s string) Text { return Text{En: s, Ja: s} }

// In picks one language.
func (t Text) In(l Lang) string {
	if l == Ja {
		return t.Ja
	}
	return t.En
}

// Zero reports whether nothing is said.
func (t Text) Zero() bool { return t.En == "" && t.Ja == "" }

// Complete reports whether every language has words.
func (t Text) Complete() bool { return t.En != "" && t.Ja != "" }

// With fills the verbs of t (fmt's) with args, in both languages. Use explicit
// argument indexes where the languages want another order. An argument that is
// itself a Text is said in the language of the sentence around it.
func (t Text) With(args ...any) Text {
	return Text{En: fmt.Sprintf(t.En, pick(args, En)...), Ja: fmt.Sprintf(t.Ja, pick(args, Ja)...)}
}

func pick(args []any, l Lang) []any {
	out := make([]any, len(args))
	for i, a := range args {
		if t, ok := a.(Text); ok {
			a = t.In(l)
		}
		out[i] = a
	}
	return out
}

// Fill replaces {name} by values[name]. A name without a value stays as it is, so
// that a test of the catalogue can see it.
func (t Text) Fill(values map[string]string) Text {
	if len(values) == 0 {
		return t
	}
	pairs := make([]string, 0, 2*len(values))
	for k, v := range values {
		pairs = append(pairs, "{"+k+"}", v)
	}
	r := strings.NewReplacer(pairs...)
	return Text{En: r.Replace(t.En), Ja: r.Replace(t.Ja)}
}

// Join puts texts after each other with sep between them.
func Join(texts []Text, sep Text) Text {
	var en, ja strings.Builder
	for i, t := range texts {
		if i > 0 {
			en.WriteString(sep.En)
			ja.WriteString(sep.Ja)
		}
		en.WriteString(t.En)
		ja.WriteString(t.Ja)
	}
	return Text{En: en.String(), Ja: ja.String()}
}
