package lang_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/monshin/monshin/diagnose/lang"
)

func TestWrap(t *testing.T) {
	tests := []struct {
		name  string
		in    string
		width int
		want  []string
	}{
		{"empty", "", 10, []string{""}},
		{"fits", "hello", 5, []string{"hello"}},
		{"breaks at a space", "hello world", 8, []string{"hello", "world"}},
		{"a space may hang over", "hello world", 5, []string{"hello", "world"}},
		{"line feeds", "a\n\nb", 5, []string{"a", "", "b"}},
		{"carriage returns", "a\r\nb", 5, []string{"a", "b"}},
		{"Japanese breaks anywhere", "確認項目", 4, []string{"確認", "項目"}},
		{"an id stays whole", "対象は i-0abc です", 10, []string{"対象は", "i-0abc で", "す"}},
		{"an id without spaces stays whole", "対象はi-0abcです", 10, []string{"対象は", "i-0abcです"}},
		{"a long word is cut", "arn:aws:iam", 4, []string{"arn:", "aws:", "iam"}},
		{"a full stop does not begin a line", "確認した。次", 8, []string{"確認し", "た。次"}},
		{"small kana do not begin a line", "あいシャア", 6, []string{"あい", "シャア"}},
		{"a long vowel mark does not begin a line", "サーバー", 6, []string{"サー", "バー"}},
		{"a bracket does not end a line", "確認「名前」", 6, []string{"確認", "「名", "前」"}},
		{"nothing but closing brackets", "」」」」", 4, []string{"」」", "」」"}},
		{"leading spaces stay", "  ab cd", 4, []string{"  ab", "cd"}},
		{"half-width kana are composed", "ｶﾞｷﾞ", 2, []string{"ガ", "ギ"}},
		{"only spaces", "   ", 2, []string{""}},
		{"narrower than a character", "確認", 1, []string{"確", "認"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if d := cmp.Diff(tt.want, lang.Wrap(tt.in, tt.width)); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestWrapHanging(t *testing.T) {
	tests := []struct {
		name          string
		in            string
		width, indent int
		want          []string
	}{
		{"further lines move", "[x] one two three", 9, 4, []string{"[x] one", "    two", "    three"}},
		{"line feeds too", "a\nb", 9, 2, []string{"a", "  b"}},
		{"empty lines stay empty", "a\n\nb", 9, 2, []string{"a", "", "  b"}},
		{"no room for the indent", "確認項目", 4, 3, []string{"確認", "項目"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if d := cmp.Diff(tt.want, lang.WrapHanging(tt.in, tt.width, tt.indent)); d != "" {
				t.Error(d)
			}
		})
	}
	rapid.Check(t, func(t *rapid.T) {
		s, width, indent := lang.CleanLines(words().Draw(t, "s")), rapid.IntRange(2, 40).Draw(t, "width"), rapid.IntRange(0, 12).Draw(t, "indent")
		lines := lang.WrapHanging(s, width, indent)
		for _, l := range lines {
			if w := lang.Width(l); w > width {
				t.Errorf("line %q is %d cells wide, more than %d", l, w, width)
			}
		}
		if got, want := flat(strings.Join(lines, "")), flat(strings.Join(lang.Wrap(s, 1<<20), "")); got != want {
			t.Errorf("lost something: got %q, want %q", got, want)
		}
	})
}

func TestWidth(t *testing.T) {
	tests := []struct {
		in   string
		want int
	}{
		{"", 0}, {"abc", 3}, {"確認", 4}, {"ｶﾞ", 2}, {"か\u3099", 2}, {"ﾞ", 2}, {"e\u0301", 1}, {"【x】", 5}, {"ｱ", 2},
	}
	for _, tt := range tests {
		if got := lang.Width(tt.in); got != tt.want {
			t.Errorf("Width(%q) = %d, want %d", tt.in, got, tt.want)
		}
	}
}

func TestTruncate(t *testing.T) {
	tests := []struct {
		in    string
		width int
		want  string
	}{
		{"abcdef", 6, "abcdef"}, {"abcdefg", 6, "abcd.."}, {"確認項目", 7, "確認.."}, {"abc", 2, "ab"}, {"確認", 1, ""},
		{"a\nb", 9, "a b"}, {"abc", 0, ""}, {"abc", -1, ""}, {"ab cdef", 5, "ab.."},
	}
	for _, tt := range tests {
		if got := lang.Truncate(tt.in, tt.width); got != tt.want {
			t.Errorf("Truncate(%q, %d) = %q, want %q", tt.in, tt.width, got, tt.want)
		}
	}
}

// words makes the mixtures that real reports have: ids, Japanese with its
// punctuation, half-width kana with marks, emoji, combining marks.
func words() *rapid.Generator[string] {
	piece := rapid.SampledFrom([]string{
		" ", "  ", "\n", "i-0abc1234", "arn:aws:iam::1:role/x", "は", "、", "。", "「", "」", "サーバー", "ッ", "確認", "ｶﾞ", "ﾞ",
		"e\u0301", "か\u3099", "👨‍👩‍👧", "🇯🇵", "(", ")", "\u3000", "a", "%", "→",
	})
	return rapid.Custom(func(t *rapid.T) string {
		if rapid.Bool().Draw(t, "any") {
			return rapid.String().Draw(t, "s")
		}
		return strings.Join(rapid.SliceOfN(piece, 0, 30).Draw(t, "pieces"), "")
	})
}

// flat is s without what a break may drop.
func flat(s string) string {
	return strings.Map(func(r rune) rune {
		if r == ' ' || r == '\u3000' || r == '\n' {
			return -1
		}
		return r
	}, s)
}

func checkWrap(t interface{ Errorf(string, ...any) }, s string, width int) {
	s = lang.CleanLines(s)
	lines := lang.Wrap(s, width)
	for _, l := range lines {
		if w := lang.Width(l); w > max(width, 2) {
			t.Errorf("line %q is %d cells wide, more than %d", l, w, width)
		}
	}
	// A break may not take anything but spaces, and wrapping again finds nothing to do.
	whole := lang.Wrap(s, 1<<20)
	if got, want := flat(strings.Join(lines, "")), flat(strings.Join(whole, "")); got != want {
		t.Errorf("Wrap(%q, %d) lost something:\n got %q\nwant %q", s, width, got, want)
	}
	for _, l := range lines {
		if again := lang.Wrap(l, width); len(again) != 1 {
			t.Errorf("line %q of Wrap(%q, %d) breaks again into %q", l, s, width, again)
		}
	}
}

func TestWrapProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		checkWrap(t, words().Draw(t, "s"), rapid.IntRange(1, 40).Draw(t, "width"))
	})
}

func TestTruncateProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, width := lang.Clean(words().Draw(t, "s")), rapid.IntRange(0, 40).Draw(t, "width")
		out := lang.Truncate(s, width)
		if w := lang.Width(out); w > width {
			t.Errorf("Truncate(%q, %d) = %q is %d cells wide", s, width, out, w)
		}
		if lang.Width(s) > width+2 && width >= 4 && !strings.HasSuffix(out, "..") {
			t.Errorf("Truncate(%q, %d) = %q hides the cut", s, width, out)
		}
	})
}

func FuzzWrap(f *testing.F) {
	f.Add("対象は i-0abc です。", 10)
	f.Add("ｶﾞｷﾞ\n\x1b[31m", 2)
	f.Fuzz(func(t *testing.T, s string, width int) {
		checkWrap(t, s, min(max(width, -1), 200))
	})
}

func TestClean(t *testing.T) {
	tests := []struct {
		name, in, want string
	}{
		{"plain", "web-01 東京", "web-01 東京"},
		{"escape sequence", "a\x1b[31mb", `a\x1b[31mb`},
		{"C1", "a\u009bb", `a\x9bb`},
		{"delete", "a\x7fb", `a\x7fb`},
		{"bidi override", "a\u202eb", `a\u202eb`},
		{"isolate", "a\u2066b", `a\u2066b`},
		{"zero width", "a\u200bb", `a\u200bb`},
		{"soft hyphen", "a\u00adb", `a\xadb`},
		{"byte order mark", "\ufeffa", `\ufeffa`},
		{"line feed", "a\nb", `a\nb`},
		{"tab", "a\tb", "a b"},
		{"no-break space", "a\u00a0b", "a b"},
		{"ideographic space stays", "a\u3000b", "a\u3000b"},
		{"not UTF-8", "a\xffb", `a\xffb`},
		{"replacement character stays", "a\ufffdb", "a\ufffdb"},
		{"Hangul filler", "\u3164", `\u3164`},
		{"tag characters", "a\U000e0041", `a\U000e0041`},
		{"private use", "\ue000", `\ue000`},
		{"accent stays", "e\u0301", "e\u0301"},
		{"a mark with nothing to sit on", "\u0301a", `\u0301a`},
		{"a pile of marks", "e\u0301\u0301\u0301\u0301\u0301", "e\u0301\u0301\u0301\u0301" + `\u0301`},
		{"ideographic variation stays", "葛\U000e0100", "葛\U000e0100"},
		{"hidden variation selectors", "a\ufe01", `a\ufe01`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := lang.Clean(tt.in); got != tt.want {
				t.Errorf("Clean(%q) = %q, want %q", tt.in, got, tt.want)
			}
		})
	}
	if got := lang.CleanLines("a\r\nb\x1bc"); got != "a\nb\\x1bc" {
		t.Errorf("CleanLines = %q", got)
	}
}

func checkClean(t interface{ Errorf(string, ...any) }, s string) {
	out := lang.Clean(s)
	for _, r := range out {
		if r != ' ' && r != '\u3000' && !unicode.IsGraphic(r) || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Bidi_Control) {
			t.Errorf("Clean(%q) = %q holds %U", s, out, r)
		}
	}
	if again := lang.Clean(out); again != out {
		t.Errorf("Clean(%q) = %q, and again %q", s, out, again)
	}
	if s != "" && out == "" {
		t.Errorf("Clean(%q) hides everything", s)
	}
	if strings.ContainsAny(lang.CleanLines(s), "\r\x1b\u009b\u202e") {
		t.Errorf("CleanLines(%q) lets something through", s)
	}
}

func TestCleanProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { checkClean(t, rapid.String().Draw(t, "s")) })
	rapid.Check(t, func(t *rapid.T) { checkClean(t, string(rapid.SliceOf(rapid.Byte()).Draw(t, "b"))) })
}

func TestCleanJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := rapid.String().Draw(t, "s")
		b, err := json.Marshal(map[string]string{"x": in})
		if err != nil {
			t.Fatal(err)
		}
		out := lang.CleanJSON(b)
		var back map[string]string
		if err := json.Unmarshal(out, &back); err != nil || back["x"] != strings.ToValidUTF8(in, "\ufffd") {
			t.Errorf("%q became %q (%v)", b, out, err)
		}
		for _, r := range string(out) {
			if r != '\u3000' && !unicode.IsGraphic(r) || unicode.In(r, unicode.Cc, unicode.Cf) {
				t.Errorf("%q holds %U", out, r)
			}
		}
	})
}

func FuzzClean(f *testing.F) {
	f.Add("a\x1b]52;c;AAAA\x07")
	f.Add("\xff\u202e葛\U000e0100")
	f.Fuzz(func(t *testing.T, s string) { checkClean(t, s) })
}
