package transcript

import (
	"strings"
	"unicode"

	"github.com/monshin/monshin/diagnose/lang"
)

// plain makes s plain text in Markdown: cleaned, and with everything that
// Markdown or HTML would read as markup, links made by themselves included,
// escaped. Underscores inside words mean nothing there and stay readable.
func plain(s string) string {
	rs := []rune(lang.Clean(s))
	var b strings.Builder
	for i, r := range rs {
		switch r {
		case '<':
			b.WriteString("&lt;")
			continue
		case '>':
			b.WriteString("&gt;")
			continue
		case '&':
			b.WriteString("&amp;")
			continue
		case '\\', '`', '*', '[', ']', '{', '}', '|', '~', '!', '#', '$':
			b.WriteByte('\\')
		case '_':
			if i == 0 || i == len(rs)-1 || !wordy(rs[i-1]) || !wordy(rs[i+1]) {
				b.WriteByte('\\')
			}
		case ':':
			// "https:" followed by slashes becomes a link by itself.
			if strings.HasPrefix(string(rs[i:min(i+3, len(rs))]), "://") {
				b.WriteByte('\\')
			}
		case '.':
			if i >= 3 && strings.EqualFold(string(rs[i-3:i]), "www") {
				b.WriteByte('\\')
			}
		case '@':
			b.WriteString("&#64;") // mail addresses become links by themselves, names mentions
			continue
		case '-', '+', '=':
			if i == 0 {
				b.WriteByte('\\')
			}
		}
		b.WriteRune(r)
	}
	return b.String()
}

func wordy(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// code shows s as it is, in a code span that s cannot end.
func code(s string) string {
	s = show(s)
	longest, run := 0, 0
	for _, r := range s {
		if r != '`' {
			run = 0
			continue
		}
		run++
		longest = max(longest, run)
	}
	fence := strings.Repeat("`", longest+1)
	if longest > 0 || strings.HasPrefix(s, " ") || strings.HasSuffix(s, " ") {
		return fence + " " + s + " " + fence
	}
	return fence + s + fence
}

// fenced shows a command on its own lines, to be copied.
func fenced(s, indent string) string {
	s = show(s)
	fence := "```"
	for strings.Contains(s, fence) {
		fence += "`"
	}
	return indent + fence + "sh\n" + indent + s + "\n" + indent + fence
}
