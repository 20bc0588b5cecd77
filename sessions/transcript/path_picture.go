package transcript

import (
	"slices"

	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/reach"
)

// pathPicture is a network path from top to bottom, a box a hop.
type pathPicture struct {
	Title, Verdict, State string
	Width, Height         int
	Boxes                 []pathBox
	Arrows                []pathArrow
	// Note says what the picture leaves out.
	Note string
}

type pathBox struct {
	X, Y, Width, Height int
	State               string
	Lines               []pathLine
}

type pathLine struct {
	X, Y int
	Text string
	// Kind is a class of the page's style: name, value, rule.
	Kind string
}

type pathArrow struct {
	X, Y1, Y2 int
	// Closed says that nothing gets beyond the box above.
	Closed bool
}

const (
	pathWidth  = 720
	pathMargin = 14
	pathGap    = 22
	lineHeight = 19
)

// pathPictures draws the paths that are not open; where all are, the first. The
// others are said on a line each: a picture of what lets everything through hides the
// one that does not.
func (m *material) pathPictures() (drawn []pathPicture, open []stated) {
	all := !slices.ContainsFunc(m.paths, func(r route) bool { return r.Verdict != reach.Yes })
	for i, r := range m.paths {
		if r.Verdict != reach.Yes || all && i == 0 {
			drawn = append(drawn, m.pathPicture(r))
			continue
		}
		open = append(open, stated{"[ok]", "ok", m.say(cleaned(r.Title)), m.say(verdictText(r.Verdict))})
	}
	return drawn, open
}

func (m *material) pathPicture(r route) pathPicture {
	p := pathPicture{Title: m.say(cleaned(r.Title)), Width: pathWidth}
	p.State, p.Verdict = verdictClass(r.Verdict), m.say(verdictText(r.Verdict))
	if r.Others > 0 {
		p.Note = m.say(lang.Both("Further paths of the same service were judged and are not drawn: %d.", "同じサービスへの経路はほかに %d 件判定しておりますが、図では省略しています。").With(r.Others))
	}
	y := 4
	closed := false
	box := func(state string, lines ...pathLine) {
		if len(p.Boxes) > 0 {
			p.Arrows = append(p.Arrows, pathArrow{X: pathWidth / 2, Y1: y, Y2: y + pathGap, Closed: closed})
			y += pathGap
		}
		b := pathBox{X: 2, Y: y, Width: pathWidth - 4, State: state}
		for i := range lines {
			lines[i].X, lines[i].Y = pathMargin, y+lineHeight*(i+1)-1
		}
		b.Lines, b.Height = lines, lineHeight*len(lines)+10
		y += b.Height
		p.Boxes = append(p.Boxes, b)
	}
	box("end", m.pathLines("name", r.From)...)
	for _, h := range r.Hops {
		mark := map[reach.Verdict]string{reach.Yes: "[ok] ", reach.No: "[x] "}[h.Verdict]
		if mark == "" {
			mark = "[?] "
		}
		name := mark + m.say(h.Name)
		if h.Resource != "" {
			name += "  " + h.Resource
		}
		lines := m.pathLines("name", name)
		if h.Value != "" {
			lines = append(lines, m.pathLines("value", h.Value)...)
		}
		if !h.Rule.Zero() {
			lines = append(lines, m.pathLines("rule", m.say(h.Rule))...)
		}
		if h.Verdict == reach.Unknown {
			for _, w := range h.Whys {
				lines = append(lines, m.pathLines("rule", m.say(reason(m.named(w), m.when)))...)
			}
		}
		box(verdictClass(h.Verdict), lines...)
		closed = closed || h.Verdict == reach.No
	}
	end := "end"
	if closed {
		end = "cut"
	}
	box(end, m.pathLines("name", r.To)...)
	p.Height = y + 4
	return p
}

// pathLines breaks a text so that it stays in its box.
func (m *material) pathLines(kind, text string) []pathLine {
	var out []pathLine
	for _, l := range lang.Wrap(lang.Clean(text), cellsIn(pathWidth-2*pathMargin)) {
		out = append(out, pathLine{Text: l, Kind: kind})
	}
	return out
}

func verdictClass(v reach.Verdict) string {
	switch v {
	case reach.Yes:
		return "ok"
	case reach.No:
		return "problem"
	}
	return "unknown"
}

func verdictText(v reach.Verdict) lang.Text {
	switch v {
	case reach.Yes:
		return lang.Both("open in what was read", "取得した設定の範囲では通信可")
	case reach.No:
		return lang.Both("closed", "通信不可")
	}
	return lang.Both("cannot be told", "確認できず")
}
