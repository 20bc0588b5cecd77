package runbook

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// fold makes texts comparable however they were typed or pasted: one width (NFKC),
// one case, no prolonged sound marks (サーバー, サーバ), no punctuation, one space
// between words and none beside Japanese characters, which Windows separates
// (プライマリ ドメイン) and people do not.
func fold(s string) string {
	s = strings.ToLower(norm.NFKC.String(s))
	var b strings.Builder
	b.Grow(len(s))
	space := false
	last := rune(0)
	for _, r := range s {
		switch {
		case r == 'ー', unicode.Is(unicode.Mn, r), unicode.Is(unicode.Cf, r), r == '\'', r == '’':
			continue // "can't" and "cant"; combining marks that NFKC could not compose
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			space = true
			continue
		}
		if space && last != 0 && !japanese(last) && !japanese(r) {
			b.WriteByte(' ')
		}
		space = false
		b.WriteRune(r)
		last = r
	}
	return b.String()
}

// japanese reports whether r belongs to a script that is written without spaces.
func japanese(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana)
}

// grams cuts folded text into the pieces that are compared: whole words where
// there are spaces, pairs of characters where there are none. Numbers and ids are
// left out; they differ from one paste to the next. Error codes stay.
func grams(folded string) []string {
	var out []string
	for _, run := range runs(folded) {
		if !japanese([]rune(run)[0]) {
			if w, ok := meaning(run); ok {
				out = append(out, w)
			}
			continue
		}
		rs := []rune(run)
		if len(rs) == 1 {
			out = append(out, run)
		}
		for i := 0; i+1 < len(rs); i++ {
			out = append(out, string(rs[i:i+2]))
		}
	}
	return out
}

// runs splits folded text at spaces and where the kind of script changes.
func runs(folded string) []string {
	var out []string
	for _, part := range strings.Fields(folded) {
		start, was := 0, false
		for i, r := range part {
			if is := japanese(r); i > 0 && is != was {
				out = append(out, part[start:i])
				start, was = i, is
			} else if i == 0 {
				was = is
			}
		}
		out = append(out, part[start:])
	}
	return out
}

// meaning normalises one word; false where it says nothing about a symptom.
func meaning(w string) (string, bool) {
	if code, ok := errorCode(w); ok {
		return code, true
	}
	digits := 0
	for _, r := range w {
		if unicode.IsDigit(r) {
			digits++
		}
	}
	const shortestPortOrEvent = 4 // 3389, 1688, 6167, 4625
	if digits == len(w) {
		return w, digits == shortestPortOrEvent
	}
	// What is long and has many digits is an id, a hash or a time.
	return w, digits < 4 || len(w) < 9
}

// errorCode recognises a Windows error code with or without its 0x.
func errorCode(w string) (string, bool) {
	code, prefixed := strings.CutPrefix(w, "0x")
	for _, r := range code {
		if !strings.ContainsRune("0123456789abcdef", r) {
			return "", false
		}
	}
	switch {
	case prefixed && len(code) > 0 && len(code) <= 8:
		// leading zeros are written or not
		return "0x" + strings.TrimLeft(code, "0"), true
	case len(code) == 8 && (strings.HasPrefix(code, "c0") || strings.HasPrefix(code, "8007")):
		return "0x" + code, true
	}
	return "", false
}
