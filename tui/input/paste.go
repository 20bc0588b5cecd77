package input

import (
	"strings"
	"unicode"

	"github.com/monshin/monshin/tui/screen"
)

// Paste is pasted text, made fit to be typed.
type Paste struct {
	text string
	// Lines is how many lines it has.
	Lines int
	// Runs says that the shell would begin to carry it out without a key press: a
	// line end is in it. The operator should be asked first.
	Runs bool
	// Dropped is how many control characters were taken out. A text that was copied
	// from a page can hold some that end the paste early and type a command.
	Dropped int
}

// Pasted reads a pasted text. Line ends of every system become one; tabs stay.
func Pasted(text string) Paste {
	p := Paste{}
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u2028", "\n", "\u2029", "\n", "\u0085", "\n").Replace(text)
	p.text = strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r) && r != '\u200d') {
			p.Dropped++
			return -1
		}
		return r
	}, text)
	p.Lines = strings.Count(strings.TrimRight(p.text, "\n"), "\n") + 1
	p.Runs = strings.Contains(p.text, "\n")
	return p
}

// Text is the text as the operator may look at it before.
func (p Paste) Text() string { return p.text }

// Bytes is what is sent: Enter between the lines, and the marks around it where the
// shell asked for them, so that it does not take the text for keys.
func (p Paste) Bytes(m screen.Modes) []byte {
	s := strings.ReplaceAll(p.text, "\n", "\r")
	if m.BracketedPaste && s != "" {
		s = "\x1b[200~" + s + "\x1b[201~"
	}
	return []byte(s)
}
