package lang

import (
	"strings"

	"golang.org/x/text/unicode/norm"
)

// composeKana turns half-width kana into full-width ones and joins kana with the
// combining sound marks behind them (the name of a Mac's file arrives that way).
// A half-width sound mark is one cell to some terminals and part of the kana
// before it to others; a composed kana is two cells to all. Everything else stays.
func composeKana(s string) string {
	if !strings.ContainsFunc(s, func(r rune) bool { return halfKana(r) || combiningMark(r) }) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	rs := []rune(s)
	for i := 0; i < len(rs); i++ {
		r := rs[i]
		if halfKana(r) {
			r = wide(r)
		}
		if i+1 < len(rs) && (soundMark(rs[i+1]) || combiningMark(rs[i+1])) && kana(r) {
			if c := []rune(norm.NFC.String(string([]rune{r, combining(rs[i+1])}))); len(c) == 1 {
				r = c[0]
				i++
			}
		}
		b.WriteRune(r)
	}
	return b.String()
}

func halfKana(r rune) bool      { return r >= '｡' && r <= 'ﾟ' }
func soundMark(r rune) bool     { return r == 'ﾞ' || r == 'ﾟ' }
func combiningMark(r rune) bool { return r == 0x3099 || r == 0x309a }
func kana(r rune) bool          { return r >= 0x3041 && r <= 0x30ff }

// wide gives the full-width form. A sound mark becomes the spacing one, which
// joins nothing before it.
func wide(r rune) rune {
	switch r {
	case 'ﾞ':
		return 0x309b
	case 'ﾟ':
		return 0x309c
	}
	return []rune(norm.NFKC.String(string(r)))[0]
}

func combining(mark rune) rune {
	switch mark {
	case 'ﾞ', 0x3099:
		return 0x3099
	}
	return 0x309a
}
