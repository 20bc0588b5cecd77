package fleet

import (
	"strconv"
	"time"

	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/fleet"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/probe"
)

// result is what came of a run, as the page shows it.
type result struct {
	simulated, complete, guest bool
	at                         time.Time
	conclusion                 lang.Text
	// lacks are the lists that could not be read.
	lacks  []fact.Why
	total  int
	groups []group
}

// group is a row: what some instances have in common, or why they stand apart.
type group struct {
	mark  mark
	count lang.Text
	title lang.Text
	value string
	about []lang.Text
	// members may be empty where only their number is known.
	members []member
}

// mark is how a row begins.
type mark int

const (
	bad mark = iota
	warned
	noted
	open
	exactly // separates two sets
	nearly
)

// member is one instance of a group.
type member struct {
	id, name, build string
	standing        fleet.Standing
	say             lang.Text
	// gone says that there is no instance to walk.
	gone bool
}

func memberOf(m *fleet.Member) member {
	out := member{id: m.ID, name: m.Name(), standing: m.Standing()}
	if out.name == "" {
		out.name = m.ComputerName()
	}
	if i, ok := m.Identity.Get(); ok {
		out.build = strconv.Itoa(i.Build) + "." + strconv.Itoa(i.UBR)
	}
	out.gone = m.Extra || m.Instance.IsAbsent()
	return out
}

func membersOf(list []*fleet.Member) []member {
	var out []member
	for _, m := range list {
		out = append(out, memberOf(m))
	}
	return out
}

func resultOf(r fleet.Report) *result {
	out := &result{simulated: r.Simulated, complete: r.Complete, at: r.AsOf, total: len(r.Members)}
	for _, l := range r.Lacks {
		out.lacks = append(out.lacks, l.Why)
	}
	return out
}

func markOf(s finding.Severity) mark {
	switch s {
	case finding.Error:
		return bad
	case finding.Warning:
		return warned
	}
	return noted
}

func instances(n int) lang.Text { return lang.Both("%d", "%d 台").With(n) }

func resultOfClones(c *fleet.Clones) *result {
	r := resultOf(c.Report)
	r.guest = c.Guest
	sids, suspects := 0, 0
	for _, g := range c.Groups {
		switch g.Kind {
		case fleet.BySID:
			sids++
		case fleet.ByName:
			suspects++
		}
		row := group{mark: markOf(g.Severity), count: instances(len(g.Members)), title: g.Title(), value: g.Value, members: membersOf(g.Members)}
		row.about = append(row.about, lang.Both("%s, %s", "%s、%s").With(fleet.SeverityText(g.Severity), g.Certainty.Text()), g.Verdict())
		for _, i := range g.Images {
			row.about = append(row.about, imageText(i))
		}
		for _, do := range g.Do() {
			row.about = append(row.about, lang.Both("to do: %s", "対処: %s").With(do))
		}
		r.groups = append(r.groups, row)
	}
	switch {
	case sids+suspects > 0:
		r.conclusion = lang.Both("groups with one machine SID: %d; further groups suspected: %d", "マシン SID の重複 %d グループ、ほかに複製の疑い %d グループ").With(sids, suspects)
	case c.Nobody():
		r.conclusion = fleet.NobodyText()
	case c.Exit() == 0:
		r.conclusion = lang.Both("no duplicate among those that were asked", "確認した範囲では重複なし")
	default:
		r.conclusion = lang.Both("undecided: not every Windows has told its machine SID", "切り分け未完了（マシン SID 未確認のインスタンスあり）")
	}
	r.groups = append(r.groups, apart(c.Members)...)
	return r
}

func imageText(l fleet.Lineage) lang.Text {
	t := lang.Both("AMI %s %s: %d", "AMI %s %s: %d 台").With(l.ID, l.Image.Value().Name, l.Count)
	if from := l.Image.Value().SourceInstance; from != "" {
		t = lang.Both("%s, made from %s", "%s、作成元 %s").With(t, from)
	}
	return t
}

// apart are rows for those of whom nothing was told from the inside.
func apart(list []*fleet.Member) []group {
	by := map[fleet.Standing][]*fleet.Member{}
	for _, m := range list {
		by[m.Standing()] = append(by[m.Standing()], m)
	}
	var out []group
	for _, s := range fleet.Standings() {
		if s == fleet.Answered || len(by[s]) == 0 {
			continue
		}
		g := group{mark: open, count: instances(len(by[s])), title: s.Text(), members: membersOf(by[s])}
		switch s {
		case fleet.Linux, fleet.Controller, fleet.Terminated:
			g.mark = noted
		}
		g.about = []lang.Text{lang.Both("Counted apart: nothing about them is judged here.", "判定の対象外、または確認できていないインスタンス。")}
		for k := range g.members {
			g.members[k].say = whyNot(by[s][k])
		}
		out = append(out, g)
	}
	return out
}

// whyNot says why a member told nothing.
func whyNot(m *fleet.Member) lang.Text {
	for _, w := range []fact.Why{m.Instance.Why(), m.Node.Why(), m.Identity.Why()} {
		if w.Reason != "" {
			return probe.ReasonWord(w.Reason)
		}
	}
	return lang.Text{}
}

func resultOfCheck(x *fleet.Matrix) *result {
	r := resultOf(x.Report)
	r.guest = x.Guest
	members, rows := map[fleet.MemberID]*fleet.Member{}, map[fleet.MemberID]fleet.Row{}
	for _, m := range x.Members {
		members[fleet.MemberID{Place: m.Place, ID: m.ID}] = m
	}
	with := 0
	var clear, undecided []member
	for _, row := range x.Rows {
		id := fleet.MemberID{Place: row.Place, ID: row.ID}
		rows[id] = row
		m := memberOfRow(row, members[id])
		switch {
		case !row.Walked:
		case len(row.Causes) > 0:
			with++
		case row.Exit == 0:
			clear = append(clear, m)
		case row.Exit == 3:
			undecided = append(undecided, m)
		}
	}
	for _, c := range x.Causes {
		g := group{
			mark: markOf(c.Severity), title: c.Say, value: string(c.Code),
			count: lang.Both("%d/%d", "%d/%d 台").With(len(c.Instances), x.Walked),
			about: []lang.Text{lang.Both("root cause, %s", "根本原因（%s）").With(c.Certainty.Text())},
		}
		if c.Subject != "" && !c.Each {
			g.value += "@" + c.Subject
		}
		if c.Each {
			g.about = append(g.about, lang.Both("Each of them has it for itself.", "インスタンスごとに個別の事象。"))
		}
		for _, id := range c.Instances {
			g.members = append(g.members, memberOfRow(rows[id], members[id]))
		}
		r.groups = append(r.groups, g)
	}
	if len(undecided) > 0 {
		r.groups = append(r.groups, group{mark: open, count: instances(len(undecided)), title: lang.Both("undecided", "切り分け未完了"), members: undecided,
			about: []lang.Text{lang.Both("Something that is needed could not be judged; a member's walk says what.", "必要な項目を判定できず（詳細は各インスタンスの切り分けで確認）。")}})
	}
	if len(clear) > 0 {
		r.groups = append(r.groups, group{mark: noted, count: instances(len(clear)), title: lang.Both("no problem in what was checked", "確認した範囲では問題なし"), members: clear})
	}
	r.groups = append(r.groups, unwalked(x.Rows, members)...)
	switch {
	case len(x.Causes) > 0:
		r.conclusion = lang.Both("root causes: %d (instances with one: %d of %d walked)", "根本原因 %d 件（該当 %d 台／切り分け %d 台）").With(len(x.Causes), with, x.Walked)
	case x.Nobody():
		r.conclusion = fleet.NobodyText()
	case x.Exit() == 0:
		r.conclusion = lang.Both("no problem in what was checked (%d walked)", "確認した範囲では問題なし（切り分け %d 台）").With(x.Walked)
	default:
		r.conclusion = lang.Both("undecided (%d of %d walked)", "切り分け未完了（%d／%d 台）").With(x.Undecided, x.Walked)
	}
	return r
}

func memberOfRow(row fleet.Row, m *fleet.Member) member {
	out := member{id: row.ID, name: row.Name, standing: row.Standing}
	if m != nil {
		out = memberOf(m)
	}
	switch {
	case len(row.Causes) > 0:
		out.say = row.Causes[0].Say
	case row.Why.Reason == fact.Pending:
		out.say = lang.Both("not reached", "未実施")
	case row.Why.Reason != "":
		out.say = probe.ReasonWord(row.Why.Reason)
	default:
		for _, why := range reasonsInOrder {
			if row.Open[why] > 0 {
				out.say = probe.ReasonWord(why)
				break
			}
		}
	}
	return out
}

// reasonsInOrder are the reasons that leave a walk open, what one can do most about first.
var reasonsInOrder = []fact.Reason{
	fact.Denied, fact.NeedsGuest, fact.NeedsAnswer, fact.TooEarly, fact.Throttled, fact.Timeout, fact.NotSupported, fact.NotVisible, fact.NotModelled, fact.NotRecorded,
}

// unwalked are rows for those that were not walked, by why.
func unwalked(rows []fleet.Row, members map[fleet.MemberID]*fleet.Member) []group {
	var out []group
	place := map[string]int{}
	for _, row := range rows {
		if row.Walked {
			continue
		}
		title := row.Standing.Text()
		if row.Why.Reason == fact.Pending {
			title = lang.Both("not reached before the end", "中断までに未実施")
		}
		k, ok := place[title.En]
		if !ok {
			k = len(out)
			place[title.En] = k
			out = append(out, group{mark: open, title: title})
			if row.Standing == fleet.Linux {
				out[k].mark = noted
			}
		}
		out[k].members = append(out[k].members, memberOfRow(row, members[fleet.MemberID{Place: row.Place, ID: row.ID}]))
		out[k].count = instances(len(out[k].members))
	}
	return out
}

func resultOfCompare(c *fleet.Comparison) *result {
	r := resultOf(c.Report)
	exact := 0
	for _, d := range c.Differences {
		g := group{mark: nearly, title: d.Trait.Text(), value: d.Value, count: lang.Both("%d/%d : %d/%d", "%d/%d : %d/%d").With(d.Bad, d.BadOf, d.Good, d.GoodOf)}
		if d.Exact {
			exact++
			g.mark = exactly
			g.about = append(g.about, lang.Both("All with the problem have it, and none of the others.", "問題のある全台のみに共通。"))
		}
		g.about = append(g.about, lang.Both("with the problem %d of %d, without %d of %d", "問題あり %d／%d 台、問題なし %d／%d 台").With(d.Bad, d.BadOf, d.Good, d.GoodOf))
		if d.Unread > 0 {
			g.about = append(g.about, lang.Both("not known of %d", "確認できず %d 台").With(d.Unread))
		}
		r.groups = append(r.groups, g)
	}
	for _, side := range []struct {
		title lang.Text
		list  []fleet.Subject
	}{
		{lang.Both("Instances with the problem", "問題のあるインスタンス"), c.Bad},
		{lang.Both("Instances without it", "問題のないインスタンス"), c.Good},
	} {
		g := group{mark: noted, title: side.title, count: instances(len(side.list))}
		for _, s := range side.list {
			g.members = append(g.members, memberOf(s.Member))
		}
		r.groups = append(r.groups, g)
	}
	if exact > 0 {
		r.conclusion = lang.Both("%d facts that all with the problem share and none of the others has", "問題のあるインスタンスのみに共通する項目 %d 件").With(exact)
	} else {
		r.conclusion = lang.Both("nothing separates the two sets exactly", "両者を完全に分ける項目は見つからず")
	}
	return r
}
