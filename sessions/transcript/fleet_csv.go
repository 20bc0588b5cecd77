package transcript

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"strings"

	"github.com/monshin/monshin/diagnose/lang"
)

// bom tells Excel that a file is UTF-8; without it Japanese turns into other
// characters (users.md, incident B).
const bom = "\ufeff"

// CSV writes one row for each instance, for a spreadsheet; of a comparison one row
// for each difference. mark puts a byte order mark in front.
func (f *Fleet) CSV(mark bool) ([]byte, error) {
	var b bytes.Buffer
	if mark {
		b.WriteString(bom)
	}
	w := csv.NewWriter(&b)
	w.UseCRLF = true // RFC 4180
	head, rows := f.instanceRows()
	if f.doc.Kind == "compare" {
		head, rows = f.differenceRows()
	}
	for _, row := range append([][]string{head}, rows...) {
		for k, cell := range row {
			row[k] = inert(cell)
		}
		if err := w.Write(row); err != nil {
			return nil, fmt.Errorf("write the report as CSV: %w", err)
		}
	}
	w.Flush()
	return b.Bytes(), w.Error()
}

// inert makes a cell that no spreadsheet takes for a formula: what begins with one of
// these is shown with an apostrophe in front.
// https://owasp.org/www-community/attacks/CSV_Injection
func inert(s string) string {
	s = lang.Clean(s)
	// Blanks in front do not stop a spreadsheet, and full-width signs do not either.
	if t := strings.TrimLeft(s, " \u3000"); t != "" && strings.ContainsAny(t[:1], "=+-@\t\r|") || strings.HasPrefix(t, "＝") || strings.HasPrefix(t, "＋") || strings.HasPrefix(t, "－") || strings.HasPrefix(t, "＠") {
		return "'" + s
	}
	return s
}

func (f *Fleet) instanceRows() (head []string, rows [][]string) {
	say := func(en, ja string) string { return f.say(lang.Both(en, ja)) }
	head = []string{
		say("account", "アカウント"), say("region", "リージョン"), say("instance", "インスタンス ID"), "Name", say("state", "状態"), say("standing", "確認状況"),
		say("computer name", "コンピューター名"), say("build", "OS ビルド"), say("machine SID", "マシン SID"), "AMI",
		say("duplicates", "重複"), say("severity", "重要度"), say("outcome", "結果"), say("root causes", "根本原因"), say("reason", "確認できない理由"), say("simulated", "模擬データ"),
	}
	shared, severity := map[string][]string{}, map[string]string{}
	for _, g := range f.doc.Groups {
		for _, id := range g.Members {
			shared[id] = append(shared[id], string(g.Kind)+"="+g.Value)
			// Groups come with the worst first.
			if severity[id] == "" {
				severity[id] = string(g.Severity)
			}
		}
	}
	for _, i := range f.doc.Instances {
		simulated := ""
		if f.doc.Simulated {
			simulated = say("simulated", "模擬データ")
		}
		rows = append(rows, []string{
			i.Account, i.Region, i.ID, i.Name, i.State, f.say(i.Standing.Text()), i.ComputerName, i.Build, i.MachineSID, i.Image,
			strings.Join(shared[i.ID], "; "), severity[i.ID], i.Outcome, strings.Join(i.Causes, "; "), strings.TrimSpace(string(i.Reason) + " " + i.Action), simulated,
		})
	}
	return head, rows
}

func (f *Fleet) differenceRows() (head []string, rows [][]string) {
	say := func(en, ja string) string { return f.say(lang.Both(en, ja)) }
	head = []string{say("fact", "項目"), say("value", "値"), say("with the problem", "問題あり"), say("of", "問題あり（台数）"), say("without", "問題なし"), say("of", "問題なし（台数）"), say("only with the problem", "問題ありのみに共通"), say("not known", "確認できず")}
	for _, d := range f.doc.Differences {
		exact := ""
		if d.Exact {
			exact = "yes"
		}
		rows = append(rows, []string{f.say(d.Trait.Text()), d.Value, fmt.Sprint(d.Bad), fmt.Sprint(d.BadOf), fmt.Sprint(d.Good), fmt.Sprint(d.GoodOf), exact, fmt.Sprint(d.Unread)})
	}
	return head, rows
}
