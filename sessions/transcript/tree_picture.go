package transcript

import (
	"cmp"
	"slices"

	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/probe"
	"github.com/monshin/monshin/diagnose/runbook"
	"github.com/monshin/monshin/diagnose/walk"
)

// treePicture is the decision tree (切り分けフロー), one line a node, with its edges
// beside it and the way that was taken drawn thick. Lengths are in the picture's own
// units, which a browser scales to the width there is.
type treePicture struct {
	Width, Height int
	Label         string
	Edges         []treeEdge
	Nodes         []treeNode
}

type treeNode struct {
	X, Y, TextX, TextY int
	// Mark, Word and Title are written behind each other; Full is not shortened.
	Mark, Word, Title, Full string
	WordX, TitleX           int
	On                      bool
	// State is a class of the page's style: ok, problem, unknown, none.
	State string
}

type treeEdge struct {
	X1, Y1, Lane, X2, Y2 int
	Straight, On         bool
	// ArrowX is where the head of the arrow begins.
	ArrowX int
}

const (
	rowHeight = 26
	laneWidth = 9
	treeWidth = 880
	// cellTenths is how wide a terminal cell is, in tenths of a unit, at the 12.5 units
	// in which the pictures are written, for the widest fonts that are common.
	cellTenths = 76
)

func cellsWide(cells int) int { return cells * cellTenths / 10 }
func cellsIn(width int) int   { return width * 10 / cellTenths }

func (m *material) treePicture() *treePicture {
	t := m.s.Tree
	if t == nil || len(t.Nodes) == 0 {
		return nil
	}
	at := map[string]int{}
	for i, n := range t.Nodes {
		at[n.ID] = i
	}
	on := map[string]bool{}
	taken := map[[2]int]bool{}
	for i, id := range m.d.Path {
		on[id] = true
		if i > 0 {
			taken[[2]int{at[m.d.Path[i-1]], at[id]}] = true
		}
	}
	lanes, edges := lanesOf(t, at, taken)
	x := 14 + lanes*laneWidth
	p := &treePicture{Width: treeWidth, Height: len(t.Nodes)*rowHeight + 12, Label: m.say(lang.Both("The decision tree and the way taken", "切り分けフローと経過"))}
	y := func(i int) int { return i*rowHeight + rowHeight/2 + 6 }
	for _, e := range edges {
		p.Edges = append(p.Edges, treeEdge{X1: x, Y1: y(e.from), X2: x, Y2: y(e.to), Lane: x - 6 - e.lane*laneWidth, Straight: e.lane == 0, On: e.on, ArrowX: x - 6})
	}
	// The ways not taken lie under the way taken.
	slices.SortStableFunc(p.Edges, func(a, b treeEdge) int { return cmp.Compare(rank(a.On), rank(b.On)) })
	const wordCells = 14 // "not applicable", the longest there is
	titleX := x + 52 + cellsWide(wordCells)
	for i := range t.Nodes {
		n := &t.Nodes[i]
		mark, word, state := m.nodeState(n, on[n.ID])
		full := lang.Clean(m.nodeTitle(n))
		p.Nodes = append(p.Nodes, treeNode{
			X: x, Y: y(i), TextX: x + 14, TextY: y(i) + 4, WordX: x + 52, TitleX: titleX, On: on[n.ID], State: state,
			Mark: mark, Word: lang.Truncate(m.say(word), wordCells), Full: full,
			Title: lang.Truncate(full, cellsIn(treeWidth-titleX-6)),
		})
	}
	return p
}

func rank(b bool) int {
	if b {
		return 1
	}
	return 0
}

type laneEdge struct {
	from, to, lane int
	on             bool
}

// lanesOf gives every edge a lane of its own beside the nodes; 0 is none, for an edge
// to the next line. Short edges lie near.
func lanesOf(t *runbook.Tree, at map[string]int, taken map[[2]int]bool) (int, []laneEdge) {
	var out []laneEdge
	seen := map[[2]int]bool{}
	for i := range t.Nodes {
		var targets []int
		for _, to := range t.Nodes[i].Next {
			if j, ok := at[to]; ok {
				targets = append(targets, j)
			}
		}
		slices.Sort(targets)
		for _, j := range targets {
			if k := [2]int{i, j}; !seen[k] {
				seen[k] = true
				out = append(out, laneEdge{from: i, to: j, on: taken[k]})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b laneEdge) int {
		return cmp.Or(cmp.Compare(reachOf(a), reachOf(b)), cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to))
	})
	lanes := 0
	for i := range out {
		if out[i].to == out[i].from+1 {
			continue
		}
		for lane := 1; ; lane++ {
			if !slices.ContainsFunc(out[:i], func(o laneEdge) bool { return o.lane == lane && overlap(o, out[i]) }) {
				out[i].lane = lane
				lanes = max(lanes, lane)
				break
			}
		}
	}
	return lanes, out
}

// reachOf is how many lines an edge passes.
func reachOf(e laneEdge) int { return max(e.from, e.to) - min(e.from, e.to) }

func overlap(a, b laneEdge) bool {
	if a.to == b.to {
		return false // arrows to one node share a lane
	}
	return min(a.from, a.to) < max(b.from, b.to) && min(b.from, b.to) < max(a.from, a.to)
}

// nodeState is what a node came to: a mark, a word, a class of the page's style.
func (m *material) nodeState(n *runbook.Node, on bool) (string, lang.Text, string) {
	missed := lang.Both("not reached", "未到達")
	switch n.Kind {
	case runbook.ProbeNode:
		i := slices.IndexFunc(m.d.Probes, func(j walk.Judged) bool { return j.Probe == n.Probe })
		if i < 0 {
			return "[?]", lang.Both("not read", "未取得"), "unknown"
		}
		v := m.d.Probes[i].Verdict
		mark, word := state(v)
		switch {
		case v.Pending(), v.Outcome == probe.Unknown:
			return mark, word, "unknown"
		case v.Outcome == probe.OK:
			return mark, word, "ok"
		case v.Outcome == probe.Problem:
			return mark, word, "problem"
		}
		return mark, word, "none"
	case runbook.FindingsNode:
		for _, c := range n.Findings {
			if slices.ContainsFunc(m.d.Findings, func(w walk.Weighed) bool { return w.Code == c && w.Severity != finding.Info }) {
				return "[x]", lang.Both("found", "検出あり"), "problem"
			}
		}
		if on {
			return "[=]", lang.Both("conclusion", "判断"), "none"
		}
		return "[=]", missed, "none"
	case runbook.QuestionNode:
		if on && len(m.d.Path) > 0 && m.d.Path[len(m.d.Path)-1] != n.ID {
			return "[A]", lang.Both("answered", "回答済み"), "ok"
		}
		if on {
			return "[Q]", lang.Both("needs an answer", "回答待ち"), "unknown"
		}
		return "[Q]", missed, "none"
	}
	if on {
		return "[>]", lang.Both("to do", "手順"), "none"
	}
	return "[>]", missed, "none"
}

func (m *material) nodeTitle(n *runbook.Node) string {
	switch {
	case !n.Title.Zero():
		return m.say(n.Title)
	case n.Question != nil:
		return m.say(n.Question.Text)
	case n.Step != nil:
		return m.say(n.Step.Do)
	}
	for _, j := range m.d.Probes {
		if j.Probe == n.Probe && n.Probe != "" {
			return m.say(j.Title)
		}
	}
	return cmp.Or(n.Probe, n.ID)
}
