package transcript

import (
	"fmt"
	"strings"
	"time"

	"github.com/monshin/monshin/diagnose/fleet"
	"github.com/monshin/monshin/diagnose/lang"
)

// shownMembers is how many instances of a group a screen names; the exports name all.
const shownMembers = 12

// shownDifferences is how many differences a screen shows: those that come later are
// weaker than what was already looked at.
const shownDifferences = 15

// Text writes the report for a terminal.
func (f *Fleet) Text() string {
	p := &paper{width: f.o.Width}
	if f.doc.Simulated {
		p.line(0, f.say(simulated()))
	}
	p.line(0, f.say(f.title))
	p.field(f.say(lang.Both("Conclusion", "結論")), f.say(f.conclusion()))
	p.field(f.say(lang.Both("Instances", "対象")), f.say(f.counts()))
	p.field(f.say(lang.Both("As of", "取得日時")), f.when())
	if !f.doc.Complete {
		p.line(0, f.say(lang.Both("[!] incomplete: stopped before everything was read", "[!] 途中までの結果（全件の取得前に中断）")))
	}
	for _, l := range f.doc.Lacks {
		p.item(0, "[?]", fmt.Sprintf("%s: %s", show(strings.Trim(l.Account+"/"+l.Region, "/")), f.say(l.say)))
	}
	f.groupsText(p)
	f.causesText(p)
	f.differencesText(p)
	f.apartText(p)
	return p.String()
}

func (f *Fleet) when() string {
	t, err := time.Parse(time.RFC3339, f.doc.AsOf)
	if err != nil {
		return "-"
	}
	return lang.Time(t, f.o.Zone)
}

// conclusion says what the report comes to. It never says that all is well.
func (f *Fleet) conclusion() lang.Text {
	d := f.doc
	if d.Complete && len(d.Instances) == 0 {
		return fleet.NobodyText()
	}
	switch d.Kind {
	case "check":
		switch {
		case len(d.Causes) > 0:
			return lang.Both("root causes: %d (instances with one: %d of %d walked)", "根本原因 %d 件（該当 %d 台／切り分け %d 台）").With(len(d.Causes), f.withCause(), d.Counts.Walked)
		case d.Exit == 0:
			return lang.Both("no problem in what was checked (%d walked)", "確認した範囲では問題なし（切り分け %d 台）").With(d.Counts.Walked)
		}
		return lang.Both("undecided (%d of %d walked)", "切り分け未完了（%d／%d 台）").With(d.Counts.Undecided, d.Counts.Walked)
	case "clones":
		sids, suspects := 0, 0
		for _, g := range d.Groups {
			switch g.Kind {
			case fleet.BySID:
				sids++
			case fleet.ByName:
				suspects++
			}
		}
		switch {
		case sids+suspects > 0:
			return lang.Both("groups with one machine SID: %d; further groups suspected: %d", "マシン SID の重複 %d グループ、ほかに複製の疑い %d グループ").With(sids, suspects)
		case d.Exit == 0:
			return lang.Both("no duplicate among those that were asked", "確認した範囲では重複なし")
		}
		return lang.Both("undecided: not every Windows has told its machine SID", "切り分け未完了（マシン SID 未確認のインスタンスあり）")
	}
	exact := 0
	for _, x := range d.Differences {
		if x.Exact {
			exact++
		}
	}
	if exact > 0 {
		return lang.Both("%d facts that all with the problem share and none of the others has", "問題のあるインスタンスのみに共通する項目 %d 件").With(exact)
	}
	return lang.Both("nothing separates the two sets exactly", "両者を完全に分ける項目は見つからず")
}

func (f *Fleet) withCause() int {
	n := 0
	for _, i := range f.doc.Instances {
		if len(i.Causes) > 0 {
			n++
		}
	}
	return n
}

// counts counts the instances by what could be asked of them: none is left out.
func (f *Fleet) counts() lang.Text {
	var parts []lang.Text
	for _, s := range fleet.Standings() {
		if n := f.doc.Counts.Standing[string(s)]; n > 0 {
			parts = append(parts, lang.Both("%s: %d", "%s %d 台").With(s.Text(), n))
		}
	}
	if len(parts) == 0 {
		return lang.Both("none", "0 台")
	}
	return lang.Both("%d (%s)", "%d 台（%s）").With(f.doc.Counts.Total, lang.Join(parts, lang.Both(", ", "、")))
}

func (f *Fleet) groupsText(p *paper) {
	if len(f.doc.Groups) == 0 {
		return
	}
	p.heading(f.say(lang.Both("Groups", "グループ")), len(f.doc.Groups))
	for _, g := range f.doc.Groups {
		mark := "[!]"
		switch g.Severity {
		case "error":
			mark = "[x]"
		case "info":
			mark = "[-]"
		}
		p.item(0, mark, f.say(lang.Both("%s: %d instances (%s, %s)", "%s: %d 台（%s、%s）").With(g.Title, len(g.Members), fleet.SeverityText(g.Severity), g.Certainty.Text())))
		p.line(4, show(g.Value))
		p.line(4, g.Verdict)
		for _, i := range g.Images {
			p.line(4, f.say(imageText(i)))
		}
		p.line(4, f.say(f.some(g.Members)))
		for _, do := range g.Do {
			p.item(4, ">", do)
		}
	}
}

func imageText(i lineageJSON) lang.Text {
	t := lang.Both("AMI %s %s: %d", "AMI %s %s: %d 台").With(show(i.ID), lang.Clean(i.Name), i.Count)
	if i.SourceInstance != "" {
		t = lang.Both("%s, made from %s", "%s、作成元 %s").With(t, show(i.SourceInstance))
	}
	return t
}

// some names the first of many ids.
func (f *Fleet) some(ids []string) lang.Text {
	if len(ids) <= shownMembers {
		return lang.Same(cleanList(ids))
	}
	return lang.Both("%s and %d more", "%s ほか %d 台").With(cleanList(ids[:shownMembers]), len(ids)-shownMembers)
}

func cleanList(ids []string) string { return lang.Clean(strings.Join(ids, ", ")) }

func (f *Fleet) causesText(p *paper) {
	if f.doc.Kind != "check" {
		return
	}
	if len(f.doc.Causes) > 0 {
		p.heading(f.say(lang.Both("Root causes", "根本原因")), len(f.doc.Causes))
	}
	for _, c := range f.doc.Causes {
		code := string(c.Code)
		if c.Subject != "" {
			code += "@" + c.Subject
		}
		p.item(0, "[x]", f.say(lang.Both("%d of %d: %s (%s)", "%d／%d 台: %s（%s）").With(c.Count, c.Of, c.Summary, c.Certainty.Text())))
		p.line(4, show(code))
		p.line(4, f.say(f.some(c.Instances)))
	}
	if n := f.doc.Counts.Undecided; n > 0 {
		p.blank()
		p.item(0, "[?]", f.say(lang.Both("undecided: %d", "切り分け未完了: %d 台").With(n)))
	}
}

func (f *Fleet) differencesText(p *paper) {
	if f.doc.Kind != "compare" {
		return
	}
	p.heading(f.say(lang.Both("Differences", "相違点")), len(f.doc.Differences))
	for k, d := range f.doc.Differences {
		if k == shownDifferences {
			p.line(0, f.say(lang.Both("and %d more", "ほか %d 件").With(len(f.doc.Differences)-k)))
			break
		}
		mark := "[~]"
		if d.Exact {
			mark = "[=]"
		}
		p.item(0, mark, f.say(lang.Both("%s: %s", "%s: %s").With(d.Trait.Text(), show(d.Value))))
		t := lang.Both("with the problem %d of %d, without %d of %d", "問題あり %d／%d 台、問題なし %d／%d 台").With(d.Bad, d.BadOf, d.Good, d.GoodOf)
		if d.Unread > 0 {
			t = lang.Both("%s, not known of %d", "%s、確認できず %d 台").With(t, d.Unread)
		}
		p.line(4, f.say(t))
	}
}

// apartText names those of which nothing could be judged, up to a screenful each.
func (f *Fleet) apartText(p *paper) {
	by := map[fleet.Standing][]string{}
	for _, i := range f.doc.Instances {
		by[i.Standing] = append(by[i.Standing], i.ID)
	}
	first := true
	for _, s := range fleet.Standings() {
		if s == fleet.Answered || len(by[s]) == 0 || f.doc.Kind == "check" && s == fleet.Online {
			continue
		}
		if first {
			p.blank()
			p.line(0, f.say(lang.Both("Counted apart", "対象外・確認できなかったインスタンス")))
			first = false
		}
		p.item(0, "[?]", f.say(lang.Both("%s (%d): %s", "%s（%d 台）: %s").With(s.Text(), len(by[s]), f.some(by[s]))))
	}
}
