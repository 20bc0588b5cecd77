package keys

import (
	"slices"

	"github.com/monshin/monshin/diagnose/lang"
)

// Binding is one row of the table.
type Binding struct {
	Scope  Scope
	Action Action
	// Keys are the keys as Bubble Tea names them, the one to show first.
	Keys []string
	// Short fits the footer; Long stands in the help.
	Short, Long lang.Text
	// Footer is the place in the footer, from 1; 0 keeps the key out of it.
	Footer int
}

// Table lists every key, in the order of the documentation.
func Table() []Binding {
	b := lang.Both
	return []Binding{
		{Anywhere, Help, []string{"?"}, b("help", "ヘルプ"), b("Show every key of this screen", "この画面のキー一覧"), 50},
		{Anywhere, Back, []string{"esc"}, b("back", "戻る"), b("Go back; never quits", "前の画面に戻る（終了はしない）"), 55},
		{Anywhere, Quit, []string{"q"}, b("quit", "終了"), b("Quit on the first screen; in a walk it asks first", "最初の画面で終了（切り分け画面では確認あり）"), 57},
		{Anywhere, Language, []string{"L"}, b("日本語", "English"), b("Switch between Japanese and English", "日本語と英語の切り替え"), 56},
		{Anywhere, Copy, []string{"y"}, b("copy", "コピー"), b("Copy what is selected", "選択中の内容をコピー"), 0},
		{Anywhere, Plain, []string{"p"}, b("plain text", "テキスト表示"), b("Show this screen as plain text to select with the mouse", "マウスで選択できる枠なしのテキスト表示"), 0},
		{Anywhere, Note, []string{"n"}, b("note", "メモ"), b("Write a note into the record of the investigation", "調査の記録にメモを追加"), 0},
		{Always, Redraw, []string{"ctrl+l"}, b("redraw", "再描画"), b("Draw the screen again", "画面の再描画"), 0},
		{Always, Interrupt, []string{"ctrl+c"}, b("leave", "中断して終了"), b("Leave at once; what was read is recorded", "ただちに終了（取得済みの内容は記録済み）"), 99},

		{List, Up, []string{"up", "k"}, b("up", "上"), b("One up", "1 つ上"), 0},
		{List, Down, []string{"down", "j"}, b("down", "下"), b("One down", "1 つ下"), 0},
		{List, PageUp, []string{"pgup", "b"}, b("page up", "前ページ"), b("One page up", "1 ページ上"), 0},
		{List, PageDown, []string{"pgdown", "space"}, b("page down", "次ページ"), b("One page down", "1 ページ下"), 0},
		{List, Top, []string{"home", "g"}, b("first", "先頭"), b("To the first", "先頭へ"), 0},
		{List, Bottom, []string{"end", "G"}, b("last", "末尾"), b("To the last", "末尾へ"), 0},

		{Reading, Up, []string{"up", "k"}, b("scroll", "スクロール"), b("One line up", "1 行上"), 0},
		{Reading, Down, []string{"down", "j"}, b("scroll", "スクロール"), b("One line down", "1 行下"), 10},
		{Reading, PageUp, []string{"pgup", "b"}, b("page up", "前ページ"), b("One page up", "1 ページ上"), 0},
		{Reading, PageDown, []string{"pgdown", "space"}, b("page down", "次ページ"), b("One page down", "1 ページ下"), 20},
		{Reading, Top, []string{"home", "g"}, b("start", "先頭"), b("To the start", "先頭へ"), 0},
		{Reading, Bottom, []string{"end", "G"}, b("end", "末尾"), b("To the end", "末尾へ"), 0},

		{Symptoms, Choose, []string{"enter"}, b("choose", "選択"), b("Choose the symptom", "事象を選択"), 10},
		{Symptoms, Filter, []string{"/"}, b("search", "検索"), b("Search by words, or by a message; pasting works at any time", "語句やメッセージで検索（貼り付けはいつでも可）"), 20},
		{Symptoms, Sessions, []string{"s"}, b("go on", "調査を再開"), b("Unfinished investigations to go on with", "未完了の調査の一覧（再開）"), 32},
		{Symptoms, EnterID, []string{"i"}, b("instance", "インスタンス"), b("Choose another instance first", "先にインスタンスを選び直す"), 30},

		{Symptoms, Many, []string{"f"}, b("many", "複数台"), b("Many instances: copies, one symptom over many, comparing", "複数台の切り分け（複製の確認・同じ事象の集計・比較）"), 35},

		{Fleet, Choose, []string{"enter"}, b("open", "開く"), b("Open what is selected: a task, a group's members, a member's walk", "選択項目を開く（実施内容・該当インスタンス・切り分け）"), 10},
		{Fleet, Inside, []string{"w"}, b("ask Windows", "OS 内の確認"), b("Read the machine SIDs: the script before it runs on many", "マシン SID の確認（複数台で実行する前のスクリプト確認）"), 15},
		{Fleet, Retry, []string{"r"}, b("run again", "再実行"), b("Run again; what was stopped goes on", "再実行（中断した場合は続きから）"), 30},
		{Fleet, Copy, []string{"y"}, b("copy", "コピー"), b("Copy the group with its members' ids", "グループと該当インスタンス ID をコピー"), 40},

		{FleetConsent, Choose, []string{"enter"}, b("decide", "決定"), b("Do what is chosen: cancel, or allow and run", "選択中の操作を決定（キャンセル・承認して実行）"), 1},
		{FleetConsent, NextPane, []string{"tab", "right"}, b("choose", "選択"), b("To \"allow and run\"", "「承認して実行」を選択"), 2},
		{FleetConsent, PreviousPane, []string{"shift+tab", "left"}, b("choose", "選択"), b("To \"cancel\"", "「キャンセル」を選択"), 0},
		{FleetConsent, Ticket, []string{"t"}, b("ticket", "チケット番号"), b("Type the ticket under which the script is allowed", "承認のチケット番号を入力"), 3},

		{Instances, Choose, []string{"enter"}, b("choose", "選択"), b("Choose the instance", "インスタンスを選択"), 10},
		{Instances, Filter, []string{"/"}, b("filter", "絞り込み"), b("Filter by Name, id or IP address", "Name・ID・IP アドレスで絞り込み"), 20},
		{Instances, EnterID, []string{"i"}, b("type an id", "ID 入力"), b("Type the id of an instance that is not listed any more", "一覧にないインスタンスの ID を入力"), 30},

		{Instances, Retry, []string{"r"}, b("read again", "再取得"), b("Read the list again", "一覧の再取得"), 40},

		{Walk, Choose, []string{"enter"}, b("details", "詳細"), b("Open what is selected: a finding's page, a question, the evidence", "選択項目を開く（検出結果の説明・質問・根拠）"), 10},
		{Walk, NextPane, []string{"tab", "right", "l"}, b("pane", "枠切替"), b("To the next pane", "次の枠へ"), 20},
		{Walk, PreviousPane, []string{"shift+tab", "left", "h"}, b("pane", "枠切替"), b("To the previous pane", "前の枠へ"), 0},
		{Walk, NextFault, []string{"e"}, b("next problem", "次の問題"), b("To the next problem or unchecked item", "次の「問題あり」「確認できず」へ"), 0},
		{Walk, Previous, []string{"E"}, b("previous problem", "前の問題"), b("To the previous problem or unchecked item", "前の「問題あり」「確認できず」へ"), 0},
		{Walk, Changes, []string{"s"}, b("changes", "変更点"), b("What has changed since, where the walk goes on from a record", "前回からの変更（再開した調査のみ）"), 14},
		{Walk, Commands, []string{"c"}, b("AWS CLI", "AWS CLI"), b("Show the AWS CLI lines of the selected evidence", "選択中の根拠を確認する AWS CLI コマンド"), 30},
		{Walk, Copy, []string{"y"}, b("copy", "コピー"), b("Copy the selected evidence or finding", "選択中の根拠・検出結果をコピー"), 40},
		{Walk, Retry, []string{"r"}, b("retry", "再取得"), b("Read again what could not be read; also after renewing credentials", "確認できなかった項目の再取得（認証情報の更新後も同じ）"), 0},
		{Walk, Answer, []string{"a"}, b("answer", "回答"), b("Answer the open question", "質問に回答"), 0},
		{Walk, DontKnow, []string{"d"}, b("don't know", "わからない"), b("Answer the open question with: don't know", "質問に「わからない」と回答"), 0},

		{Walk, Inside, []string{"w"}, b("ask Windows", "OS 内の確認"), b("Ask Windows itself: the script before it runs, or a request to somebody else", "OS 内の確認（実行前のスクリプト確認、他の方への依頼文）"), 15},

		{Guest, Choose, []string{"enter"}, b("decide", "決定"), b("Do what is chosen: cancel, or allow and run", "選択中の操作を決定（キャンセル・承認して実行）"), 1},
		{Guest, NextPane, []string{"tab", "right"}, b("choose", "選択"), b("To \"allow and run\"", "「承認して実行」を選択"), 2},
		{Guest, PreviousPane, []string{"shift+tab", "left"}, b("choose", "選択"), b("To \"cancel\"", "「キャンセル」を選択"), 0},
		{Guest, Copy, []string{"y"}, b("copy request", "依頼文コピー"), b("Copy the request to somebody else who may run the script", "実行権限をお持ちの方への依頼文をコピー"), 3},
		{Guest, View, []string{"v"}, b("script/request", "表示切替"), b("Show the script, or the request to somebody else", "スクリプトと依頼文の表示切り替え"), 0},
		{Guest, Ticket, []string{"t"}, b("ticket", "チケット番号"), b("Type the ticket under which the script is allowed", "承認のチケット番号を入力"), 0},

		{Walk, Fixes, []string{"f"}, b("fixes", "対処"), b("What can be done about the selected root cause", "選択中の根本原因への対処方法"), 12},

		{Fixing, Choose, []string{"enter"}, b("choose", "決定"), b("Open the plan; in a plan: approve; in the form: do what is chosen", "対処手順を開く（手順画面では承認、承認欄では選択中の操作を決定）"), 1},
		{Fixing, NextPane, []string{"tab", "right"}, b("choose", "選択"), b("To \"approve and carry out\"", "「承認して実施」を選択"), 2},
		{Fixing, PreviousPane, []string{"shift+tab", "left"}, b("choose", "選択"), b("To \"cancel\"", "「キャンセル」を選択"), 0},
		{Fixing, Approve, []string{"a"}, b("approve", "承認"), b("Approve the plan in sight; it asks before it begins", "表示中の対処手順を承認（実施前に確認あり）"), 3},
		{Fixing, HandOut, []string{"w"}, b("work order", "手順書"), b("Write the work order for somebody else who carries the plan out", "ほかの方が実施するための作業手順書を出力"), 4},
		{Fixing, Undo, []string{"u"}, b("take back", "切り戻し"), b("Take back what was done; it asks first", "実施済みの変更を切り戻す（確認あり）"), 5},
		{Fixing, Retry, []string{"r"}, b("check again", "再確認"), b("Judge again, or make the plans again", "事後確認または対処手順の作成をやり直す"), 6},
		{Fixing, View, []string{"v"}, b("all causes", "全体表示"), b("The fixes of this finding, or of all root causes in order", "この検出結果の対処方法と、すべての根本原因の対処手順の切り替え"), 7},
		{Fixing, Copy, []string{"y"}, b("copy", "コピー"), b("Copy the plan as a work order", "対処手順を作業手順書としてコピー"), 0},

		{SessionList, Choose, []string{"enter"}, b("go on", "再開"), b("Go on with the investigation", "選択中の調査を再開"), 10},
		{SessionList, Retry, []string{"r"}, b("read again", "再取得"), b("Read the list again", "一覧の再取得"), 20},

		{ChangesPage, Copy, []string{"y"}, b("copy", "コピー"), b("Copy what has changed", "変更点をコピー"), 30},

		{NotePage, Accept, []string{"enter"}, b("save", "保存"), b("Save the note", "メモを保存"), 1},
		{NotePage, Audience, []string{"tab"}, b("for whom", "提出先"), b("For colleagues only, or for the customer too", "社内のみ・お客様へを切り替え"), 2},
		{NotePage, Down, []string{"down"}, b("new line", "改行"), b("To the next line; behind the last one a new line begins", "次の行へ（末尾では改行）"), 3},
		{NotePage, Leave, []string{"esc"}, b("drop", "破棄"), b("Leave and drop the note", "メモを破棄して戻る"), 4},

		{Walk, Shell, []string{"x"}, b("shell", "シェル"), b("A Session Manager shell beside the steps; it asks first", "手順を見ながらのセッションマネージャー接続（接続前に確認あり）"), 0},

		{Shelling, Choose, []string{"enter"}, b("send", "送信"), b("Send the selected step into the shell; what changes something at the second enter", "選択中のコマンドをシェルに送信（設定を変更するものは 2 回目の enter で送信）"), 1},
		{Shelling, NextPane, []string{"tab", "right"}, b("shell", "シェル"), b("Into the shell; ctrl+] then s comes back to the steps", "シェルへ移動（ctrl+] に続けて s で手順に戻る）"), 2},
		{Shelling, PreviousPane, []string{"shift+tab", "left"}, b("cancel", "キャンセル"), b("To \"cancel\"", "「キャンセル」を選択"), 0},
		{Shelling, Zoom, []string{"z"}, b("zoom", "拡大"), b("The shell alone; in the shell ctrl+] then z", "シェルのみを表示（シェル内では ctrl+] に続けて z）"), 3},
		{Shelling, EndShell, []string{"x"}, b("end", "終了"), b("End the session; in the shell ctrl+] then x", "セッションを終了（シェル内では ctrl+] に続けて x）"), 4},
		{Shelling, Retry, []string{"r"}, b("again", "再接続"), b("Open another session", "セッションを開き直す"), 5},
		{Shelling, Whole, []string{"F"}, b("whole terminal", "端末全体"), b("Open the session on the whole terminal, after the same question; Enter then ~. ends it", "端末全体でセッションを開始（同じ確認あり。終了は Enter の直後に ~.）"), 6},
		{Shelling, Charset, []string{"C"}, b("CP932", "CP932"), b("Read the output as CP932 instead of UTF-8, or back", "出力の文字コードを UTF-8 と CP932 で切り替え"), 0},
		{Shelling, Copy, []string{"y"}, b("copy", "コピー"), b("Copy the selected command", "選択中のコマンドをコピー"), 0},

		{Finding, Fixes, []string{"f"}, b("fixes", "対処"), b("What can be done about this finding", "この検出結果への対処方法"), 12},
		{Finding, Commands, []string{"c"}, b("AWS CLI", "AWS CLI"), b("Show the AWS CLI lines of the evidence", "根拠を確認する AWS CLI コマンド"), 30},

		{Finding, Copy, []string{"y"}, b("copy", "コピー"), b("Copy the finding with its evidence", "検出結果と根拠をコピー"), 40},

		{CLI, Copy, []string{"y"}, b("copy", "コピー"), b("Copy the selected line", "選択中のコマンドをコピー"), 10},
		{CLI, Down, []string{"down", "j"}, b("next", "次へ"), b("To the next line", "次のコマンドへ"), 20},

		{PlainPage, Copy, []string{"y"}, b("copy all", "全文コピー"), b("Copy the whole text", "全文をコピー"), 5},

		{HelpPage, Filter, []string{"/"}, b("filter", "絞り込み"), b("Filter the keys", "キーの絞り込み"), 30},

		{Confirm, Yes, []string{"y"}, b("yes", "はい"), b("Yes", "はい"), 10},
		{Confirm, No, []string{"n", "esc"}, b("no", "いいえ"), b("No", "いいえ"), 20},

		{Text, Accept, []string{"enter"}, b("accept", "確定"), b("Take what was typed", "入力を確定"), 10},
		{Text, Leave, []string{"esc"}, b("cancel", "取り消し"), b("Leave the field and drop what was typed", "入力を取り消して戻る"), 20},
		{Text, Up, []string{"up"}, b("up", "上"), b("Move in the list", "一覧を移動"), 0},
		{Text, Down, []string{"down"}, b("down", "下"), b("Move in the list", "一覧を移動"), 0},
		{Text, NextPane, []string{"tab"}, b("next", "次の欄"), b("To the next field, where there are several", "次の入力欄へ（複数ある場合）"), 0},
		{Text, CursorLeft, []string{"left"}, b("left", "左"), b("Cursor to the left", "カーソルを左へ"), 0},
		{Text, CursorNext, []string{"right"}, b("right", "右"), b("Cursor to the right", "カーソルを右へ"), 0},
		{Text, CursorHome, []string{"home"}, b("start", "行頭"), b("Cursor to the start", "カーソルを行頭へ"), 0},
		{Text, CursorEnd, []string{"end"}, b("end", "行末"), b("Cursor to the end", "カーソルを行末へ"), 0},
		{Text, DeleteBack, []string{"backspace"}, b("delete", "削除"), b("Delete before the cursor", "カーソルの前を削除"), 0},
		{Text, DeleteNext, []string{"delete"}, b("delete", "削除"), b("Delete under the cursor", "カーソル位置を削除"), 0},
	}
}

// Map looks keys up. Make it once; the table does not change.
type Map struct {
	rows  []Binding
	index map[Scope]map[string]Action
	// footers are made once: they are looked at for every frame.
	footers map[Scope][]Binding
}

// NewMap indexes the table.
func NewMap() *Map {
	m := &Map{rows: Table(), index: map[Scope]map[string]Action{}, footers: map[Scope][]Binding{}}
	for _, r := range m.rows {
		if m.index[r.Scope] == nil {
			m.index[r.Scope] = map[string]Action{}
		}
		for _, k := range r.Keys {
			m.index[r.Scope][k] = r.Action
		}
	}
	for s := range m.index {
		m.footers[s] = m.footer(s)
	}
	return m
}

// Lookup finds what a key asks for in a scope and the scopes around it.
func (m *Map) Lookup(s Scope, key string) (Action, bool) {
	for _, p := range s.parents() {
		if a, ok := m.index[p][key]; ok {
			return a, true
		}
	}
	return "", false
}

// Of lists the rows that are live in a scope, innermost first. A key that an inner
// scope has taken is not listed again.
func (m *Map) Of(s Scope) []Binding {
	var out []Binding
	taken := map[string]bool{}
	for _, p := range s.parents() {
		for _, r := range m.rows {
			if r.Scope != p {
				continue
			}
			r.Keys = slices.DeleteFunc(slices.Clone(r.Keys), func(k string) bool { return taken[k] })
			if len(r.Keys) > 0 {
				out = append(out, r)
			}
		}
		for k := range m.index[p] {
			taken[k] = true
		}
	}
	return out
}

// Footer lists the rows of a scope's footer, best first.
func (m *Map) Footer(s Scope) []Binding { return m.footers[s] }

func (m *Map) footer(s Scope) []Binding {
	rows := slices.DeleteFunc(m.Of(s), func(b Binding) bool { return b.Footer == 0 })
	slices.SortStableFunc(rows, func(a, b Binding) int { return a.Footer - b.Footer })
	return rows
}
