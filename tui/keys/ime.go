package keys

import (
	"unicode"

	tea "charm.land/bubbletea/v2"
)

// Name is the key's name for Lookup. With a Japanese input method on, letters
// arrive as full-width forms (U+FF01 to U+FF5E, an ideographic space); they act as
// the keys they stand for. Control keys arrive unchanged.
func Name(k tea.KeyPressMsg) string {
	rs := []rune(k.Text)
	if len(rs) != 1 {
		return k.Keystroke()
	}
	switch r := rs[0]; {
	case r == '\u3000', r == ' ':
		return "space"
	case r >= 0xff01 && r <= 0xff5e:
		return string(r - 0xfee0)
	}
	return k.Text
}

// Composed reports whether the key's text can only come from an input method:
// kana, a Chinese character, Japanese punctuation. It is no key of monshin's.
func Composed(k tea.KeyPressMsg) bool {
	for _, r := range k.Text {
		if unicode.In(r, unicode.Hiragana, unicode.Katakana, unicode.Han) ||
			r == 'ー' || r >= 0x3001 && r <= 0x303f || r >= 0xff61 && r <= 0xff9f {
			return true
		}
	}
	return false
}
