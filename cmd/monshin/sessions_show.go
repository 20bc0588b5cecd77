package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/remedy"
	"github.com/monshin/monshin/sessions/journal"
	"github.com/monshin/monshin/sessions/session"
)

func sortBySeq(list []happened) {
	slices.SortStableFunc(list, func(a, b happened) int { return cmp.Compare(a.Seq, b.Seq) })
}

// showSession prints what an investigation is about, and what people did, in order.
func (a *app) showSession(f *flags, path string, r *journal.Record) error {
	k, err := learn()
	if err != nil {
		return failed(lang.Same("monshin"), err)
	}
	s := shownOf(path, r)
	row := func(name lang.Text, value string) {
		if value != "" {
			fmt.Fprintf(a.out, "%s %s\n", column(name.In(f.lang)+":", 18), clean(value))
		}
	}
	head := s.ID
	if s.Simulated {
		head += " " + lang.Both("[SIMULATED]", "【模擬データ】").In(f.lang)
	}
	fmt.Fprintln(a.out, clean(head))
	row(lang.Both("symptom", "事象"), symptomTitle(k, s.Symptom).In(f.lang)+" ("+s.Symptom+")")
	row(lang.Both("instance", "インスタンス"), s.InstanceID+" ("+s.Region+")")
	row(lang.Both("account", "アカウント"), strings.TrimSpace(s.Account+" "+s.Caller))
	row(lang.Both("source", "取得元"), s.Source)
	row(lang.Both("outcome", "結果"), recordOutcome(s).In(f.lang))
	row(lang.Both("root causes", "根本原因"), strings.Join(s.RootCauses, ", "))
	row(lang.Both("started", "開始"), when(s.Started, f))
	row(lang.Both("last entry", "最終記録"), when(s.Updated, f))
	row(lang.Both("operators", "担当者"), strings.Join(s.Operators, ", "))
	row(lang.Both("entries", "項目数"), fmt.Sprint(s.Entries))
	row(lang.Both("last hash", "最終ハッシュ値"), s.Last)
	row(lang.Both("file", "ファイル"), s.Path)
	for _, w := range warnings(s.Torn, s.Backward) {
		fmt.Fprintln(a.out, "! "+w.In(f.lang))
	}
	if len(s.Events) > 0 {
		fmt.Fprintln(a.out)
	}
	for _, e := range s.Events {
		line := when(e.Time, f) + "  " + kindText(e).In(f.lang)
		if e.By != "" {
			line += " (" + e.By + ")"
		}
		text := e.Text
		if e.Raw != nil {
			text = deedText(e).Times(func(t time.Time) string { return lang.Time(t, f.zone) }).In(f.lang)
		}
		if text != "" {
			line += ": " + strings.ReplaceAll(text, "\n", " / ")
		}
		fmt.Fprintln(a.out, clean(line))
	}
	return nil
}

func recordOutcome(s shown) lang.Text {
	sum := session.Summary{}
	if s.Outcome == "" {
		return outcomeText(sum)
	}
	sum.Closing = &journal.Closing{Outcome: s.Outcome, RootCauses: s.RootCauses}
	return outcomeText(sum)
}

// warnings are what is to be known about a record that is not as it should be.
func warnings(torn bool, backward int) []lang.Text {
	var out []lang.Text
	if torn {
		out = append(out, lang.Both("the record ends in the middle of an entry, as after a crash; what stands before is whole", "末尾に書き込み途中の項目あり（異常終了など）。それ以前の記録は保持"))
	}
	if backward > 0 {
		out = append(out, lang.Both("the clock was set back while it was written (%d times); the order is that of the file", "記録中に時計が %d 回逆行。順序はファイル内の並びのとおり").With(backward))
	}
	return out
}

func kindText(e happened) lang.Text {
	switch journal.Kind(e.Kind) {
	case journal.KindResume:
		return lang.Both("gone on", "再開")
	case journal.KindAnswer:
		return lang.Both("answer", "回答")
	case journal.KindConsent:
		return lang.Both("consent", "実行承認")
	case journal.KindNote:
		if e.For == journal.Customer {
			return lang.Both("note for the customer", "メモ（お客様へ）")
		}
		return lang.Both("note", "メモ（社内のみ）")
	case journal.KindScript:
		return lang.Both("script", "スクリプト")
	case journal.KindShell:
		return lang.Both("shell", "操作ログ")
	case journal.KindPlan:
		return lang.Both("plan", "対処手順")
	case journal.KindApproval:
		return lang.Both("plan approved", "対処手順の承認")
	case journal.KindIntent:
		return lang.Both("about to change", "実施直前")
	case journal.KindResult:
		return lang.Both("changed", "実施結果")
	case journal.KindVerification:
		return lang.Both("checked", "事後確認")
	case journal.KindLeft:
		return lang.Both("left as", "適用後の状態")
	case journal.KindUndo:
		return lang.Both("taken back", "切り戻し")
	}
	return lang.Same(e.Kind)
}

// deedText tells an entry about what was done on one line. One of a form that this
// monshin does not know is shown as it is.
func deedText(e happened) lang.Text {
	raw := lang.Same(lang.Truncate(clean(string(e.Raw)), 120))
	read := func(v any) bool { return json.Unmarshal(e.Raw, v) == nil }
	switch journal.Kind(e.Kind) {
	case journal.KindPlan:
		var x remedy.Planned
		switch {
		case !read(&x):
		case x.ByHand:
			return lang.Both("%s (plan %s), handed out", "%s（手順 ID %s、手順書の提示）").With(x.Plan.Title, x.Hash)
		default:
			return lang.Both("%s (plan %s)", "%s（手順 ID %s）").With(x.Plan.Title, x.Hash)
		}
	case journal.KindApproval:
		var x remedy.Approved
		if read(&x) {
			return lang.Same(strings.Join(strings.Fields(strings.Join([]string{x.Approval.Hash, x.Approval.Ticket, x.Approval.Approver, x.Approval.By}, " ")), " "))
		}
	case journal.KindIntent:
		var x remedy.Intent
		switch {
		case !read(&x):
		case x.Undo:
			return lang.Both("taking back %s: %s", "切り戻し %s: %s").With(x.Step, x.Call.Operation)
		default:
			return lang.Both("%s: %s", "%s: %s").With(x.Step, x.Call.Operation)
		}
	case journal.KindResult:
		var x remedy.Result
		switch {
		case !read(&x):
		case x.Unsure:
			return lang.Both("%s: how it ended is not known", "%s: 結果不明").With(x.Step)
		case !x.OK:
			return lang.Both("%s: failed: %s", "%s: 失敗 %s").With(x.Step, x.Error)
		case x.Prior:
			return lang.Both("%s: there already", "%s: 適用済みのため不要").With(x.Step)
		default:
			return lang.Both("%s: done %s", "%s: 完了 %s").With(x.Step, x.Reply.RequestID)
		}
	case journal.KindLeft:
		var x remedy.Left
		if read(&x) {
			return lang.Both("%d values", "%d 項目").With(len(x.Values))
		}
	case journal.KindVerification:
		var x remedy.Verified
		if read(&x) {
			return lang.Both("%s: %s", "%s: %s").With(x.Verification.State.Words(), x.Verification.Say)
		}
	case journal.KindUndo:
		var x remedy.Undone
		if read(&x) {
			return lang.Same(strings.Join(x.Steps, ", "))
		}
	}
	return raw
}

func newSessionsVerify(a *app, f *flags) *cobra.Command {
	l := f.lang
	var hash, format string
	c := &cobra.Command{
		Use:   "verify SESSION",
		Short: lang.Both("Check that a record was not changed", "改ざんチェック").In(l),
		Long: lang.Both(`Checks the chain of hashes from the first entry to the last. --hash compares it with
the hash that an export printed. Exit code: 0 unchanged, 1 changed or not that record.`,
			`先頭から末尾までハッシュ値の連鎖を検査します。--hash には調査レポートに記載のハッシュ値を指定します。
終了コード: 0 変更なし、1 変更あり・別の記録。`).In(l),
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := oneOf("-o", format, "text", "json"); err != nil {
				return err
			}
			return a.verifySession(f, args[0], strings.ToLower(strings.TrimSpace(hash)), format)
		},
	}
	c.Flags().StringVar(&hash, "hash", "", lang.Both("the last hash that an export printed", "調査レポートに記載の最終ハッシュ値").In(l))
	c.Flags().StringVarP(&format, "output", "o", "text", lang.Both("text or json", "text、json のいずれか").In(l))
	return c
}

// verified is the result of a check in JSON.
type verified struct {
	Path    string `json:"path"`
	Intact  bool   `json:"intact"`
	Entries int    `json:"entries"`
	Last    string `json:"last_hash"`
	// HashAt is the number of the entry with the hash that was asked for, 0 for none.
	HashAt   int    `json:"hash_at"`
	Torn     int64  `json:"torn_bytes"`
	Backward int    `json:"clock_set_back"`
	Broken   string `json:"broken,omitempty"`
}

func (a *app) verifySession(f *flags, name, hash, format string) error {
	path, err := a.findSession(name)
	if err != nil {
		return err
	}
	c, err := journal.VerifyFile(path, hash)
	if err != nil {
		return badInput(lang.Same("SESSION"), err)
	}
	v := verified{Path: path, Intact: c.Broken == nil && (hash == "" || c.At > 0), Entries: c.Entries, Last: c.Last, HashAt: c.At, Torn: c.Torn, Backward: c.Backward}
	if c.Broken != nil {
		v.Broken = c.Broken.Error()
	}
	if format == "json" {
		if err := a.writeJSON(v); err != nil {
			return err
		}
	} else {
		for _, line := range checkLines(c, hash) {
			fmt.Fprintln(a.out, clean(line.In(f.lang)))
		}
	}
	if !v.Intact {
		return &exitError{code: exitProblem}
	}
	return nil
}

func checkLines(c journal.Check, hash string) []lang.Text {
	var out []lang.Text
	if c.Broken != nil {
		out = append(out, lang.Both("CHANGED OR DAMAGED at %s", "変更または破損あり: %s").With(c.Broken.Said()))
		if c.Entries > 0 {
			out = append(out, lang.Both("entries before it that are in order: %d, the hash of the last: %s", "それ以前の連続した項目 %d 件、その最終ハッシュ値: %s").With(c.Entries, c.Last))
		}
	} else {
		out = append(out, lang.Both("the chain of %d entries is unbroken", "項目 %d 件の連鎖に変更なし").With(c.Entries),
			lang.Both("last hash: %s", "最終ハッシュ値: %s").With(c.Last))
	}
	switch {
	case hash == "":
	case c.At == 0:
		out = append(out, lang.Both("NO ENTRY has the hash %s: another record, or a changed one", "ハッシュ値 %s の項目なし（別の記録、または変更あり）").With(hash))
	case c.At == c.Entries:
		out = append(out, lang.Both("the hash is that of the last entry", "指定のハッシュ値は最終項目と一致"))
	default:
		out = append(out, lang.Both("the hash is that of entry %d; %d entries were added since", "指定のハッシュ値は項目 %d と一致（以降 %d 件の追記あり）").With(c.At, c.Entries-c.At))
	}
	return append(out, warnings(c.Torn > 0, c.Backward)...)
}

func newSessionsDiff(a *app, f *flags) *cobra.Command {
	l := f.lang
	var format string
	c := &cobra.Command{
		Use:   "diff SESSION [SESSION]",
		Short: lang.Both("What differs between two investigations", "2 つの調査の差分").In(l),
		Long: lang.Both(`Says which facts and judgements differ. With one SESSION: before and after its fix
where there was one, else its first run and now.`,
			`構成情報と判定の差分を示します。SESSION が 1 つの場合は、対処の前後（対処がなければ最初の実行と最新）を比較します。`).In(l),
		Args: cobra.RangeArgs(1, 2),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := oneOf("-o", format, "text", "json"); err != nil {
				return err
			}
			return a.diffSessions(f, args, format)
		},
	}
	c.Flags().StringVarP(&format, "output", "o", "text", lang.Both("text or json", "text、json のいずれか").In(l))
	return c
}

// differing is a change in JSON.
type differing struct {
	Sort   session.Sort `json:"sort"`
	Key    string       `json:"key"`
	Path   string       `json:"path,omitempty"`
	Before string       `json:"before"`
	After  string       `json:"after"`
	Text   string       `json:"text"`
}

func (a *app) diffSessions(f *flags, args []string, format string) error {
	path, after, err := a.openSession(args[len(args)-1])
	if err != nil {
		return err
	}
	var before *journal.Record
	if len(args) == 2 {
		if _, before, err = a.openSession(args[0]); err != nil {
			return err
		}
		if x, y := before.Opening.Target, after.Opening.Target; x.InstanceID != y.InstanceID || x.Region != y.Region {
			fmt.Fprintln(a.err, clean(lang.Both("these are two instances: %s (%s) and %s (%s)", "対象インスタンスが異なる: %s（%s）と %s（%s）").
				With(x.InstanceID, x.Region, y.InstanceID, y.Region).In(f.lang)))
		}
	} else if before, err = earlier(path, after); err != nil {
		return badInput(lang.Same("SESSION"), err)
	}
	list := session.Diff(session.StateOf(before), session.StateOf(after))
	if format == "json" {
		out := []differing{}
		for _, c := range list {
			out = append(out, differing{Sort: c.Sort, Key: c.Key, Path: c.Path, Before: c.Before, After: c.After, Text: c.Say.In(f.lang)})
		}
		return a.writeJSON(out)
	}
	if len(list) == 0 {
		fmt.Fprintln(a.out, lang.Both("nothing differs in what both have read", "双方で取得した範囲に差分なし").In(f.lang))
	}
	for _, c := range list {
		fmt.Fprintln(a.out, clean(c.Say.In(f.lang)))
	}
	return nil
}

// earlier is the record before its first plan, else after its first run.
func earlier(path string, now *journal.Record) (*journal.Record, error) {
	planned := len(now.Deeds) > 0
	return journal.OpenTo(path, func(m journal.Mark) bool {
		if planned {
			return m.Kind == journal.KindPlan || m.Kind == journal.KindIntent
		}
		return m.Runs > 0
	})
}
