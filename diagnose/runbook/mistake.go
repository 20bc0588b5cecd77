package runbook

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/monshin/monshin/diagnose/lang"
)

// Mistake is one thing that is wrong with a tree file, and where.
type Mistake struct {
	// File is the name as it was given to Load, or the branch's file.
	File string
	// Line and Column count from 1, Column in characters. Line 0 speaks of the whole file.
	Line, Column int
	Text         lang.Text
	// Source is the line itself, without its line end. Untrusted.
	Source string
}

// In writes the mistake as compilers do: place, message, the source line and a caret.
func (m Mistake) In(l lang.Lang) string {
	file := lang.Clean(m.File)
	if m.Line == 0 {
		return fmt.Sprintf("%s: %s", file, m.Text.In(l))
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s:%d:%d: %s", file, m.Line, m.Column, m.Text.In(l))
	// A line can be very long; the caret needs its surroundings only.
	const around = 60
	before, after := cut(m.Source, m.Column-1)
	if r := []rune(before); len(r) > around {
		before = ".." + string(r[len(r)-around:])
	}
	after, rest := cut(after, around)
	if rest != "" {
		after += ".."
	}
	before, after = lang.Clean(before), lang.Clean(after)
	fmt.Fprintf(&b, "\n%5d | %s%s\n      | %s^", m.Line, before, after, strings.Repeat(" ", lang.Width(before)))
	return b.String()
}

// cut splits s after n characters.
func cut(s string, n int) (string, string) {
	for i := range s {
		if n <= 0 {
			return s[:i], s[i:]
		}
		n--
	}
	return s, ""
}

// Mistakes is everything that is wrong with a tree file. It is an error.
type Mistakes []Mistake

// maxMistakes is how many mistakes are written out: more than fit on a screen help nobody.
const maxMistakes = 30

// Error writes all mistakes in English.
func (ms Mistakes) Error() string { return ms.In(lang.En) }

// In writes all mistakes, one after the other.
func (ms Mistakes) In(l lang.Lang) string {
	var out []string
	for _, m := range ms[:min(len(ms), maxMistakes)] {
		out = append(out, m.In(l))
	}
	if n := len(ms) - maxMistakes; n > 0 {
		out = append(out, lang.Both("... and %d more", "他 %d 件").With(n).In(l))
	}
	return strings.Join(out, "\n")
}

func (ms Mistakes) sorted() Mistakes {
	slices.SortStableFunc(ms, func(a, b Mistake) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return ms
}

// keptMistakes is how many mistakes of one file are remembered.
const keptMistakes = 500

// place is where something stands in a file.
type place struct{ line, column int }

// sheet is the source of one file, and what was found wrong with it.
type sheet struct {
	name     string
	lines    []string
	mistakes Mistakes
}

func (s *sheet) mistake(at place, t lang.Text) {
	if len(s.mistakes) >= keptMistakes {
		return
	}
	m := Mistake{File: s.name, Line: at.line, Column: max(at.column, 1), Text: t}
	if at.line >= 1 {
		if at.line <= len(s.lines) {
			m.Source = s.lines[at.line-1]
		}
	} else {
		m.Line, m.Column = 0, 0
	}
	s.mistakes = append(s.mistakes, m)
}

// unknown notes that a word is none of the candidates, and which was probably meant.
func (s *sheet) unknown(w word, what lang.Text, candidates []string) {
	if len(s.mistakes) >= maxMistakes {
		candidates = nil // nobody will read it; do not search
	}
	if near, ok := nearest(w.text, candidates); ok {
		s.mistake(w.at, lang.Both("unknown %s %s; did you mean %q?", "不明な%s %s。%q の誤りの可能性あり").With(what, quote(w.text), near))
		return
	}
	s.mistake(w.at, lang.Both("unknown %s %s", "不明な%s %s").With(what, quote(w.text)))
}
