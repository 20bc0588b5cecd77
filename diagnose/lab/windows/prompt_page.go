package windows

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
)

// Code pages of a console.
const (
	pageUTF8     = 65001
	pageJapanese = 932
	pageOEM      = 437
)

func ownPage(language int) int {
	if language == Japanese {
		return pageJapanese
	}
	return pageOEM
}

// encoded is a text in a code page; what the page does not have becomes question marks,
// as in a console: as many as the cells it takes, so that the rest stays in its place.
func encoded(s string, page int) []byte {
	var e encoding.Encoding
	switch page {
	case pageJapanese:
		e = japanese.ShiftJIS
	case pageOEM:
		e = charmap.CodePage437
	default:
		return []byte(s)
	}
	out := make([]byte, 0, len(s))
	encoder := e.NewEncoder()
	for _, r := range s {
		// A backslash and a tilde are what they are in Windows's page 932.
		if r < utf8.RuneSelf {
			out = append(out, byte(r))
			continue
		}
		b, err := encoder.Bytes([]byte(string(r)))
		if err != nil {
			encoder.Reset()
			b = []byte(strings.Repeat("?", cells(r)))
		}
		out = append(out, b...)
	}
	return out
}

// plain is a text of the account or of a person without anything that would act on a
// terminal.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' || typable(r) {
			return r
		}
		if unicode.IsControl(r) || unicode.In(r, unicode.Cf) {
			return -1
		}
		return '?'
	}, s)
}
