package transcript

import (
	"fmt"
	"strings"

	"github.com/monshin/monshin/diagnose/fleet"
	"github.com/monshin/monshin/diagnose/lang"
)

// Markdown writes the report for a ticket: whole polite sentences, every instance
// named. Strings from outside cannot become markup.
func (f *Fleet) Markdown() string {
	m := &fleetMarkdown{Fleet: f}
	m.heading(1, f.title)
	if f.doc.Simulated {
		m.block("> **" + plain(f.say(lang.Both("[SIMULATED]", "【模擬データ】"))) + "** " +
			plain(f.say(lang.Both("This is data of a simulated account, not of a real one.", "模擬アカウントの結果であり、実環境のデータではございません。"))))
	}
	m.heading(2, lang.Both("Conclusion", "結論"))
	m.block(plain(f.say(m.sentence())))
	if !f.doc.Complete {
		m.block(plain(f.say(lang.Both("The survey ended before everything was read: what follows is a part of it.", "途中で中断したため、以下は取得できた範囲の結果となります。"))))
	}
	for _, l := range f.doc.Lacks {
		m.block("- " + plain(strings.Trim(l.Account+"/"+l.Region, "/")) + ": " + plain(f.say(l.say)))
	}
	m.standings()
	m.groups()
	m.causes()
	m.differences()
	m.instances()
	return m.String()
}

type fleetMarkdown struct {
	*Fleet
	strings.Builder
}

func (m *fleetMarkdown) block(s string) { m.WriteString(strings.TrimRight(s, "\n") + "\n\n") }

func (m *fleetMarkdown) heading(level int, t lang.Text) {
	m.block(strings.Repeat("#", level) + " " + plain(m.say(t)))
}

func (m *fleetMarkdown) table(head lang.Text, rows [][]string) {
	if len(rows) == 0 {
		return
	}
	var b strings.Builder
	b.WriteString(m.say(head) + "\n|" + strings.Repeat("---|", len(rows[0])) + "\n")
	for _, row := range rows {
		for _, cell := range row {
			if cell == "" {
				cell = "-"
			}
			b.WriteString("| " + plain(cell) + " ")
		}
		b.WriteString("|\n")
	}
	m.block(b.String())
}

func (m *fleetMarkdown) sentence() lang.Text {
	d := m.doc
	switch d.Kind {
	case "check":
		switch {
		case len(d.Causes) > 0:
			return lang.Both("%d of %d instances that were examined have a root cause; %d different ones were found.",
				"調査した %[2]d 台のうち %[1]d 台で問題を確認しました。原因は %[3]d 種類です。").With(m.withCause(), d.Counts.Walked, len(d.Causes))
		case d.Exit == 0:
			return lang.Both("No problem was found in what was checked.", "確認した範囲では、問題は見受けられませんでした。")
		}
		return lang.Both("The cause has not been found yet: %d instances are undecided.", "%d 台で切り分けが完了しておりません。").With(d.Counts.Undecided)
	case "clones":
		switch {
		case len(d.Groups) > 0 && d.Exit == 1:
			return lang.Both("Instances that share what each should have for itself were found, in %d groups.", "本来は個別であるべき情報が重複しているインスタンスを %d グループ確認しました。").With(len(d.Groups))
		case d.Exit == 0:
			return lang.Both("No duplicate was found among the instances that were asked.", "確認した範囲では、重複は見受けられませんでした。")
		}
		return lang.Both("It is undecided: not every Windows has told its machine SID.", "マシン SID を確認できていないインスタンスがあるため、切り分けは完了しておりません。")
	}
	return lang.Both("%d facts differ between the instances with the problem and those without.", "問題のあるインスタンスと問題のないインスタンスで、%d 件の相違点を確認しました。").With(len(d.Differences))
}

func (m *fleetMarkdown) standings() {
	var rows [][]string
	for _, s := range fleet.Standings() {
		if n := m.doc.Counts.Standing[string(s)]; n > 0 {
			rows = append(rows, []string{m.say(s.Text()), fmt.Sprint(n)})
		}
	}
	rows = append(rows, []string{m.say(lang.Both("total", "合計")), fmt.Sprint(m.doc.Counts.Total)}, []string{m.say(lang.Both("as of", "取得日時")), m.when()})
	m.table(lang.Both("| Instances | Count |", "| インスタンス | 台数 |"), rows)
}

func (m *fleetMarkdown) groups() {
	for k, g := range m.doc.Groups {
		m.heading(2, lang.Both("%s (%d)", "%s（%d 台）").With(g.Title, len(g.Members)))
		m.block(plain(m.tickets[k]))
		m.block("- " + plain(show(g.Value)) + "\n- " + plain(m.say(lang.Both("severity: %s, certainty: %s", "重要度: %s、確度: %s").With(fleet.SeverityText(g.Severity), g.Certainty.Text()))))
		for _, i := range g.Images {
			m.block("- " + plain(m.say(imageText(i))))
		}
		m.block(plain(strings.Join(g.Members, ", ")))
		for _, do := range g.Do {
			m.block("- " + plain(do))
		}
	}
}

func (m *fleetMarkdown) causes() {
	var rows [][]string
	for _, c := range m.doc.Causes {
		rows = append(rows, []string{fmt.Sprintf("%d / %d", c.Count, c.Of), c.Summary, m.say(c.Certainty.Text()), string(c.Code), strings.Join(c.Instances, ", ")})
	}
	m.table(lang.Both("| Instances | Root cause | Certainty | Code | Ids |", "| 台数 | 根本原因 | 確度 | コード | インスタンス ID |"), rows)
}

func (m *fleetMarkdown) differences() {
	var rows [][]string
	for _, d := range m.doc.Differences {
		rows = append(rows, []string{m.say(d.Trait.Text()), d.Value, fmt.Sprintf("%d / %d", d.Bad, d.BadOf), fmt.Sprintf("%d / %d", d.Good, d.GoodOf), fmt.Sprint(d.Unread)})
	}
	m.table(lang.Both("| Fact | Value | With the problem | Without | Not known |", "| 項目 | 値 | 問題あり | 問題なし | 確認できず |"), rows)
}

func (m *fleetMarkdown) instances() {
	var rows [][]string
	for _, i := range m.doc.Instances {
		what := strings.Join(i.Causes, ", ")
		if what == "" {
			what = i.MachineSID
		}
		rows = append(rows, []string{i.ID, i.Name, m.say(i.Standing.Text()), i.ComputerName, i.Build, what})
	}
	if len(rows) > 0 {
		m.heading(2, lang.Both("Instances", "インスタンス一覧"))
	}
	m.table(lang.Both("| Instance | Name | State | Computer name | Build | Root causes, or machine SID |", "| インスタンス | Name | 状態 | コンピューター名 | ビルド | 根本原因またはマシン SID |"), rows)
}
