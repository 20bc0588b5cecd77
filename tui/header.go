package tui

import (
	"strings"

	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/runbook"
	"github.com/monshin/monshin/tui/cell"
	"github.com/monshin/monshin/tui/page"
	"github.com/monshin/monshin/tui/theme"
)

// badge marks what comes from a lab.
func badge() lang.Text { return lang.Both("SIMULATED", "【模擬データ】") }

func (m *Model) simulated() bool {
	if m.identity.Simulated {
		return true
	}
	for _, p := range m.stack {
		if s, ok := p.(interface{ Simulated() bool }); ok && s.Simulated() {
			return true
		}
	}
	return false
}

// segment is a piece of the header. least is how far it may be cut; a piece that
// says where one is working may not be cut at all.
type segment struct {
	text  string
	style theme.Style
	least int
}

// headKey is everything that the header shows.
type headKey struct {
	env            page.Env
	width          int
	identity       Identity
	known          bool
	failure        string
	simulated      bool
	instance, name string
	symptom        runbook.Symptom
}

// header is the head of every page: where one works, as whom, on what.
func (m *Model) header() string {
	k := headKey{env: m.env.Still(), width: m.width, identity: m.identity, known: m.identified,
		simulated: m.simulated(), symptom: m.symptom}
	k.instance, k.name = m.patient()
	if m.identityErr != nil {
		k.failure = lang.Said(m.identityErr).In(m.env.Lang)
	}
	return m.head.Get(k, func() []string {
		t := m.env.Theme
		rule := cell.NewLine(m.width).Repeat(t.Border, t.Box.Across, m.width).String()
		return []string{compose(m.account(k), m.width) + "\n" + compose(m.subject(k), m.width) + "\n" + rule}
	})[0]
}

// patient is the instance that the page on top is about, or the one that is chosen.
func (m *Model) patient() (id, name string) {
	id, name = m.instance, m.name
	for _, p := range m.stack {
		if s, ok := p.(interface{ Subject() (id, name string) }); ok {
			id, name = s.Subject()
		}
	}
	return id, name
}

func whole(text string, s theme.Style) segment { return segment{text, s, cell.Width(text)} }

func (m *Model) account(k headKey) []segment {
	t, id := m.env.Theme, k.identity
	out := []segment{whole("monshin", t.Title)}
	if k.simulated {
		out = append(out, whole(badge().In(m.env.Lang), t.Badge))
	}
	switch {
	case k.failure != "":
		failed := lang.Both("account unknown: %s", "アカウント確認できず: %s").With(cell.Clean(k.failure))
		return append(out, segment{failed.In(m.env.Lang), t.Problem, 20})
	case !k.known:
		return append(out, whole(lang.Both("asking for the account ...", "アカウント確認中 ...").In(m.env.Lang), t.Dim))
	}
	if id.Alias != "" {
		out = append(out, segment{cell.Clean(id.Alias), t.Strong, 8})
	}
	out = append(out, whole(cell.Clean(id.Account), t.Strong))
	out = append(out, segment{Role(id.ARN), t.Plain, 8})
	out = append(out, whole(cell.Clean(id.Region), t.Strong))
	if m.o.ReadOnly {
		out = append(out, segment{lang.Both("read-only", "読み取り専用").In(m.env.Lang), t.Dim, 0})
	}
	return out
}

func (m *Model) subject(k headKey) []segment {
	t := m.env.Theme
	var out []segment
	if k.instance == "" {
		out = append(out, whole(lang.Both("no instance chosen", "インスタンス未選択").In(m.env.Lang), t.Dim))
	} else {
		out = append(out, segment{cell.Clean(k.instance), t.Strong, 19})
		if k.name != "" {
			out = append(out, segment{cell.Clean(k.name), t.Plain, 10})
		}
	}
	if m.symptom != "" {
		label := string(m.symptom)
		if tree, ok := m.o.Library.Tree(m.symptom); ok && !tree.Title.Zero() {
			label = tree.Title.In(m.env.Lang)
		}
		out = append(out, segment{cell.Clean(label), t.Dim, 8})
	}
	if m.identity.Profile != "" {
		out = append(out, segment{lang.Both("profile %s", "プロファイル %s").With(cell.Clean(m.identity.Profile)).In(m.env.Lang), t.Dim, 0})
	}
	return out
}

// gap stands between segments.
const gap = 2

// compose writes segments in width cells: the longest that may be cut is cut first,
// what may vanish vanishes when nothing can be cut any more.
func compose(segs []segment, width int) string {
	room := make([]int, len(segs))
	total := 1 - gap // none stands behind the last
	for i, s := range segs {
		room[i] = cell.Width(s.text)
		total += room[i] + gap
	}
	for total > width {
		longest := -1
		for i, s := range segs {
			if room[i] > s.least && (longest < 0 || room[i] > room[longest]) {
				longest = i
			}
		}
		if longest < 0 {
			break
		}
		room[longest]--
		total--
	}
	l := cell.NewLine(width).Space(1)
	for i, s := range segs {
		if room[i] > 0 {
			l.Within(s.style, s.text, room[i]).Space(gap)
		}
	}
	return l.String()
}

// Role names who asks, from the caller's ARN: a role's name without its session, a
// user, or root. A role made by IAM Identity Center shows its permission set.
func Role(arn string) string {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 {
		return cell.Clean(arn)
	}
	path := strings.Split(parts[5], "/")
	if path[0] != "assumed-role" || len(path) < 2 {
		return cell.Clean(parts[5])
	}
	role := path[1]
	if set, ok := strings.CutPrefix(role, "AWSReservedSSO_"); ok {
		if i := strings.LastIndexByte(set, '_'); i > 0 {
			return cell.Clean(set[:i])
		}
	}
	return cell.Clean(role)
}
