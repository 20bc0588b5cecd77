package lang

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Clean makes a string that came from AWS or from Windows fit to be shown on one
// line of a terminal: it can move no cursor, set no title, turn no text around and
// hide nothing. What is taken out is shown as what it was ("\x1b", "\u202e", "\n"),
// so that a manipulated name is seen and not passed over. A tab becomes a space.
// Clean text stays as it is, and Clean(Clean(s)) is Clean(s).
func Clean(s string) string { return clean(s, false) }

// CleanLines is Clean for text of several lines: line feeds stay.
func CleanLines(s string) string { return clean(strings.ReplaceAll(s, "\r\n", "\n"), true) }

func clean(s string, lines bool) string {
	if plain(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s) + 16)
	marks, last := 0, rune(0)
	for i, r := range s {
		if r == utf8.RuneError {
			if _, n := utf8.DecodeRuneInString(s[i:]); n == 1 {
				fmt.Fprintf(&b, `\x%02x`, s[i])
				marks, last = maxMarks, 0
				continue
			}
		}
		mark := unicode.In(r, unicode.Mn, unicode.Me)
		switch {
		case r == '\n' && lines:
			b.WriteByte('\n')
			r = 0
		case r == '\n':
			b.WriteString(`\n`)
			r = 0
		case r == '\r':
			b.WriteString(`\r`)
			r = 0
		case r == '\t', r != '\u3000' && unicode.Is(unicode.Zs, r):
			b.WriteByte(' ')
			r = ' '
		case unicode.Is(unicode.Variation_Selector, r) && last >= 0xa9 && marks == 0:
			b.WriteRune(r)
		case !unicode.IsGraphic(r), invisible(r), mark && (last == 0 || last == ' ' || marks >= maxMarks):
			escape(&b, r)
			r = 0
		default:
			b.WriteRune(r)
		}
		switch {
		case mark && r != 0:
			marks++
		default:
			marks, last = 0, r
		}
	}
	return b.String()
}

// maxMarks is how many combining marks a character may carry. No orthography in
// use stacks more; a pile of them paints over the lines around it.
const maxMarks = 4

func plain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// invisible says that r takes no room and shows nothing: the default-ignorable
// characters of Unicode that count as graphic.
func invisible(r rune) bool {
	return unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector, unicode.Cf) ||
		r >= 0x17b4 && r <= 0x17b5
}

func escape(b *strings.Builder, r rune) {
	switch {
	case r < 0x100:
		fmt.Fprintf(b, `\x%02x`, r)
	case r < 0x10000:
		fmt.Fprintf(b, `\u%04x`, r)
	default:
		fmt.Fprintf(b, `\U%08x`, r)
	}
}

// CleanJSON escapes, in a JSON text, what encoding/json leaves as it is and a
// terminal could act on: C1 controls, format characters, everything that is not to
// be seen. The text means the same afterwards: outside of strings JSON has only ASCII.
func CleanJSON(b []byte) []byte {
	if plain(string(b)) {
		return b
	}
	out := make([]byte, 0, len(b)+16)
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		switch {
		case r < 0x7f || r == utf8.RuneError || unicode.IsGraphic(r) && !invisible(r):
			out = append(out, b[:n]...)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			out = fmt.Appendf(out, `\u%04x\u%04x`, high, low)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
		b = b[n:]
	}
	return out
}
