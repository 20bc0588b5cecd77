package lang

import (
	"strings"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

// Width is how many terminal cells s takes. Half-width kana count as they are
// laid out: composed with their sound marks (see Wrap). Ambiguous characters
// count one cell; monshin's own texts avoid them.
func Width(s string) int {
	w := 0
	for _, c := range clusters(s) {
		w += c.width
	}
	return w
}

// Wrap breaks plain text into lines of at most width cells. It breaks at spaces
// and beside Japanese characters, never inside an ASCII word or id that fits on a
// line of its own, and keeps the Japanese rules of what may not begin or end a
// line (kinsoku) as long as the width allows it. Spaces at a break are dropped;
// line feeds in s begin a new line. Half-width kana are laid out as full-width
// ones, since terminals disagree about the width of their sound marks. A width
// below 2 counts as 2, the widest character.
//
// The text must be clean: an escape sequence would be measured as if it were text.
func Wrap(s string, width int) []string { return WrapHanging(s, width, 0) }

// WrapHanging is Wrap with every line after the first moved right by indent spaces,
// which count to the width. An indent that leaves less than two cells is left out.
func WrapHanging(s string, width, indent int) []string {
	width = max(width, 2)
	if indent < 0 || width-indent < 2 {
		indent = 0
	}
	var lines []string
	room := width
	for paragraph := range strings.SplitSeq(s, "\n") {
		for _, l := range wrapLine(clusters(strings.TrimSuffix(paragraph, "\r")), room, width-indent) {
			if len(lines) > 0 && l != "" {
				l = strings.Repeat(" ", indent) + l
			}
			lines = append(lines, l)
		}
		room = width - indent
	}
	return lines
}

// Truncate cuts s to at most width cells and marks the cut with "..", where there
// is room for the mark. Line feeds count as spaces.
func Truncate(s string, width int) string {
	cs := clusters(strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", " "), "\n", " "))
	if cells(cs) <= width {
		return join(cs)
	}
	const mark = ".."
	room := width
	// A mark that leaves less than two cells of text says less than the text.
	marked := width >= len(mark)+2
	if marked {
		room -= len(mark)
	}
	n, w := 0, 0
	for n < len(cs) && w+cs[n].width <= room {
		w += cs[n].width
		n++
	}
	out := join(cs[:n])
	if marked {
		return strings.TrimRight(out, " ") + mark
	}
	return out
}

// cluster is what a reader sees as one character.
type cluster struct {
	text  string
	width int
}

func clusters(s string) []cluster {
	s = composeKana(s)
	out := make([]cluster, 0, len(s))
	for len(s) > 0 {
		if s[0] < utf8.RuneSelf && (len(s) == 1 || s[1] < utf8.RuneSelf) {
			w := 1
			if s[0] < ' ' || s[0] == 0x7f {
				w = 0
			}
			out = append(out, cluster{s[:1], w})
			s = s[1:]
			continue
		}
		c, w := ansi.FirstGraphemeCluster(s, ansi.GraphemeWidth)
		if c == "" {
			c, w = s[:1], 0
		}
		out = append(out, cluster{c, w})
		s = s[len(c):]
	}
	return out
}

func cells(cs []cluster) int {
	w := 0
	for _, c := range cs {
		w += c.width
	}
	return w
}

func join(cs []cluster) string {
	var b strings.Builder
	for _, c := range cs {
		b.WriteString(c.text)
	}
	return b.String()
}

// wrapLine breaks one paragraph: its first line at width, the others at rest.
func wrapLine(cs []cluster, width, rest int) []string {
	for len(cs) > 0 && cs[len(cs)-1].space() {
		cs = cs[:len(cs)-1]
	}
	if len(cs) == 0 {
		return []string{""}
	}
	var lines []string
	for len(cs) > 0 {
		end := fitting(cs, width)
		if end < len(cs) {
			end = breakBefore(cs, end)
		}
		line := cs[:end]
		for len(line) > 0 && line[len(line)-1].space() {
			line = line[:len(line)-1]
		}
		if len(line) > 0 {
			lines = append(lines, join(line))
			width = rest
		}
		cs = cs[end:]
		for len(cs) > 0 && cs[0].space() {
			cs = cs[1:]
		}
	}
	return lines
}

// fitting is how many of cs fit into width, one at least; spaces may hang over the edge.
func fitting(cs []cluster, width int) int {
	w := 0
	for i, c := range cs {
		w += c.width
		if w > width && !c.space() {
			return max(i, 1)
		}
	}
	return len(cs)
}

// breakBefore finds the last place at or before end where a line may break; where
// there is none, end itself.
func breakBefore(cs []cluster, end int) int {
	for k := end; k > 0; k-- {
		if mayBreak(cs[k-1], cs[k]) && !blank(cs[:k]) {
			return k
		}
	}
	// Nothing but a long word, or a run that no rule lets break: break beside a
	// Japanese character rather than inside a word, else where the line is full.
	for k := end; k > 0; k-- {
		if (cs[k-1].width == 2 || cs[k].width == 2) && !blank(cs[:k]) {
			return k
		}
	}
	return end
}

func blank(cs []cluster) bool {
	for _, c := range cs {
		if !c.space() {
			return false
		}
	}
	return true
}

func mayBreak(before, after cluster) bool {
	switch {
	case after.space():
		return false // the break comes after the spaces
	case before.space():
		return !after.mayNotBegin() || after.width == 1
	case before.width < 2 && after.width < 2:
		return false
	case after.width == 0:
		return false
	}
	return !after.mayNotBegin() && !before.mayNotEnd()
}

func (c cluster) space() bool { return c.text == " " || c.text == "\u3000" || c.text == "\t" }

// The characters of JIS X 4051 that may not begin, or may not end, a line.
const (
	notAtBegin = "、。，．・：；？！゛゜ヽヾゝゞ々ー～」』）］｝〉》】〕’”ぁぃぅぇぉっゃゅょゎゕゖァィゥェォッャュョヮヵヶ‐–…‥%％" +
		",.:;?!)]}>'\""
	notAtEnd = "「『（［｛〈《【〔‘“([{<￥＄"
)

func (c cluster) mayNotBegin() bool { return strings.Contains(notAtBegin, c.first()) }
func (c cluster) mayNotEnd() bool   { return strings.Contains(notAtEnd, c.first()) }

func (c cluster) first() string {
	_, n := utf8.DecodeRuneInString(c.text)
	return c.text[:n]
}
