package policy

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// pattern is a value of a policy: text, wildcards, and policy variables.
type pattern struct {
	raw   string
	parts []part
}

type part struct {
	// text is literal except for * and ?, which are wildcards where the use of the
	// pattern knows any.
	text string
	// variable is the context key of ${key}, fallback what stands behind its comma.
	variable    string
	fallback    string
	hasFallback bool
	// literal marks ${*}, ${?} and ${$}, which mean the character.
	literal bool
}

func patterns(values []string, variables bool) []pattern {
	var out []pattern
	for _, v := range values {
		out = append(out, newPattern(v, variables))
	}
	return out
}

// newPattern splits a value. Without variables (a document of 2008-10-17, or an
// Action) "${" is text.
func newPattern(raw string, variables bool) pattern {
	p := pattern{raw: raw}
	rest := raw
	for variables {
		i := strings.Index(rest, "${")
		if i < 0 {
			break
		}
		j := strings.IndexByte(rest[i:], '}')
		if j < 0 {
			break
		}
		if i > 0 {
			p.parts = append(p.parts, part{text: rest[:i]})
		}
		p.parts = append(p.parts, newVariable(rest[i+2:i+j]))
		rest = rest[i+j+1:]
	}
	if rest != "" {
		p.parts = append(p.parts, part{text: rest})
	}
	return p
}

func newVariable(inside string) part {
	switch inside {
	case "*", "?", "$":
		return part{text: inside, literal: true}
	}
	name, fallback, has := strings.Cut(inside, ",")
	v := part{variable: strings.ToLower(strings.TrimSpace(name))}
	fallback = strings.TrimSpace(fallback)
	if has && len(fallback) >= 2 && fallback[0] == '\'' && fallback[len(fallback)-1] == '\'' {
		v.fallback, v.hasFallback = fallback[1:len(fallback)-1], true
	}
	return v
}

// Symbols of an expanded pattern beside plain characters, outside of Unicode.
const (
	anyText    rune = -1 // *
	anyChar    rune = -2 // ?
	unresolved rune = -3 // a variable whose value is not known
)

// expand puts values for variables. Characters of a value are never wildcards.
// open names the variables that stay unresolved.
func (p pattern) expand(ctx Context, wildcards bool) (out []rune, open []string) {
	out = make([]rune, 0, len(p.raw))
	for _, part := range p.parts {
		switch {
		case part.variable != "":
			value, known := part.value(ctx)
			if !known {
				out = append(out, unresolved)
				open = append(open, part.variable)
				continue
			}
			out = append(out, []rune(value)...)
		case part.literal:
			out = append(out, []rune(part.text)...)
		default:
			for _, c := range part.text {
				if wildcards && c == '*' {
					c = anyText
				} else if wildcards && c == '?' {
					c = anyChar
				}
				out = append(out, c)
			}
		}
	}
	return out, open
}

// value is known where the context has exactly one value, or none and the
// variable a fallback. What IAM does with a variable without a value depends on
// the element it stands in, so such a statement stays undecided.
func (p part) value(ctx Context) (string, bool) {
	values, known := ctx.get(p.variable)
	switch {
	case known && len(values) == 1:
		return values[0], true
	case known && len(values) == 0 && p.hasFallback:
		return p.fallback, true
	}
	return "", false
}

// text returns the pattern as plain text, where every variable is known.
func (p pattern) text(ctx Context) (string, bool) {
	out, open := p.expand(ctx, false)
	return string(out), len(open) == 0
}

// matchAction says whether one of the patterns names the action. Both sides are in
// lower case: actions are not case-sensitive.
func matchAction(patterns []string, action string) truth {
	for _, p := range patterns {
		if glob(p, action) {
			return yes
		}
	}
	return no
}

// glob matches * and ? byte by byte. Going back to the last * only is enough, so it
// costs len(p) × len(s) steps at most.
func glob(p, s string) bool {
	i, j := 0, 0
	star, from := -1, 0
	for j < len(s) {
		switch {
		case i < len(p) && p[i] == '*':
			star, from = i, j
			i++
		case i < len(p) && (p[i] == '?' || p[i] == s[j]):
			i++
			j++
		case star >= 0:
			from++
			i, j = star+1, from
		default:
			return false
		}
	}
	return strings.Trim(p[i:], "*") == ""
}

// matchText compares a value of StringEquals or StringLike.
func (p pattern) matchText(ctx Context, s string, wildcards, fold bool) (truth, []string) {
	out, open := p.expand(ctx, wildcards)
	subject := []rune(s)
	if fold {
		out, subject = lower(out), lower(subject)
	}
	switch {
	case !matches(out, subject, anywhere):
		return no, nil
	case len(open) > 0:
		return maybe, open
	}
	return yes, nil
}

// matchARN compares an ARN. A * at the end of one of the colon-separated segments
// can reach beyond the colon, another cannot; an ARN with too few segments is
// completed with * ("IAM JSON policy elements: Resource"). What matches only when
// every * may reach beyond a colon is undecided, as the page does not say how a
// resource part that itself has colons is cut.
func (p pattern) matchARN(ctx Context, s string) (truth, []string) {
	if p.raw == "*" {
		return yes, nil
	}
	out, open := p.expand(ctx, true)
	subject := []rune(s)
	loose := out
	if slices.Equal(out[:min(4, len(out))], []rune("arn:")) {
		colons := 0
		for _, c := range out {
			if c == ':' {
				colons++
			}
		}
		if colons < 5 {
			loose = append(slices.Clone(out), anyText)
			for ; colons < 5; colons++ {
				out = append(out, ':', anyText)
			}
		}
	}
	switch {
	case !matches(loose, subject, anywhere):
		return no, nil
	case len(open) > 0:
		return maybe, open
	case !matches(out, subject, segmentEnds(out)):
		return maybe, nil
	}
	return yes, nil
}

// anywhere lets every * reach beyond a colon.
func anywhere(int) bool { return true }

// segmentEnds lets the * that ends a segment reach beyond a colon.
func segmentEnds(p []rune) func(int) bool {
	return func(i int) bool { return i+1 == len(p) || p[i+1] == ':' }
}

// matches compares an expanded pattern with a subject; wide tells which * may
// stand for colons. It costs len(p) × len(s) steps whatever the pattern.
func matches(p, s []rune, wide func(i int) bool) bool {
	// at[j] says whether the pattern so far matches s[:j].
	at := make([]bool, len(s)+1)
	at[0] = true
	for i, c := range p {
		if c == anyText || c == unresolved {
			crosses := c == unresolved || wide(i)
			for j := 1; j <= len(s); j++ {
				at[j] = at[j] || at[j-1] && (crosses || s[j-1] != ':')
			}
			continue
		}
		for j := len(s); j >= 1; j-- {
			at[j] = at[j-1] && (c == s[j-1] || c == anyChar)
		}
		at[0] = false
	}
	return at[len(s)]
}

func lower(rs []rune) []rune {
	out := slices.Clone(rs)
	for i, c := range out {
		if c > 0 {
			out[i], _ = utf8.DecodeRuneInString(strings.ToLower(string(c)))
		}
	}
	return out
}
