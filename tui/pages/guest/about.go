package guest

import (
	"slices"
	"strings"

	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/probe"
	"github.com/monshin/monshin/diagnose/walk"
	"github.com/monshin/monshin/tui/cell"
	"github.com/monshin/monshin/tui/evidence"
	"github.com/monshin/monshin/tui/page"
	"github.com/monshin/monshin/tui/theme"
)

func (p *Page) title() lang.Text {
	if p.view == requestView {
		return lang.Both("Ask somebody else (v: the script)", "他の方への依頼（v: スクリプト）")
	}
	return lang.Both("Ask Windows itself (v: ask somebody else)", "OS 内の確認（v: 他の方への依頼）")
}

// text is the long text of a view, "" where there is none.
func text(v view, a page.Asked, l lang.Lang) string {
	if v == requestView {
		return a.Request.In(l)
	}
	return a.Script
}

// heading names that text.
func heading(v view, a page.Asked) lang.Text {
	switch {
	case v == requestView && a.Request.Zero():
		return lang.Both("The request", "依頼文")
	case v == requestView:
		return lang.Both("The request (y copies it)", "依頼文（y でコピー）")
	case a.Script == "":
		return lang.Both("The script", "スクリプト")
	}
	return lang.Both("The exact script (%d lines)", "スクリプト全文（%d 行）").With(len(linesOf(a.Script)))
}

// row is one thing to know before deciding. A row without a name is a statement.
type row struct {
	name, value lang.Text
	style       theme.Style
}

// about draws what deciding means, in lines of width cells.
func (p *Page) about(e page.Env, a page.Asked, d *walk.Diagnosis, width int) []string {
	var out []string
	for _, r := range p.rows(p.view, e, a, d) {
		if r.name.Zero() {
			out = append(out, evidence.Paragraph(r.style, r.value.In(e.Lang), width)...)
			continue
		}
		out = append(out, evidence.Row(e, r.name.In(e.Lang), r.value.In(e.Lang), width)...)
	}
	return out
}

func (p *Page) rows(v view, e page.Env, a page.Asked, d *walk.Diagnosis) []row {
	out := p.failures(v, e, a)
	add := func(name, value lang.Text) { out = append(out, row{name: name, value: value}) }
	add(lang.Both("Where", "対象"), where(d))
	if v == requestView {
		add(lang.Both("How", "手順"), lang.Both(
			"Copy the request with y and send it to somebody who may run the script. One line comes back; paste it here.",
			"y で依頼文をコピーし、実行権限をお持ちの方へ送付。返送された 1 行をこの画面に貼り付け。"))
		add(lang.Both("Effect", "影響"), lang.Both("Only reads; monshin itself runs nothing.", "参照のみ。monshin からの実行なし。"))
		add(lang.Both("Source", "情報源"), lang.Both("What comes in is marked: run by the customer, with the time.",
			"取り込んだ情報には「お客様の実行結果」と実行時刻を付記。"))
	} else {
		add(lang.Both("What runs", "実行内容"), lang.Both(
			"The script shown here, to the letter, once, through Run Command (ssm:SendCommand, AWS-RunPowerShellScript).",
			"表示中のスクリプトを Run Command で 1 回実行（ssm:SendCommand、AWS-RunPowerShellScript）。"))
		add(lang.Both("Runs as", "実行権限"), lang.Both("SYSTEM, inside Windows.", "OS 内の SYSTEM 権限。"))
		add(lang.Both("Effect", "影響"), lang.Both("Only reads. Changes no setting and no file of Windows.", "参照のみ。OS の設定・ファイルの変更なし。"))
		add(lang.Both("Leaves", "残る記録"), lang.Both(
			"A record in CloudTrail; script and output in the command history of this account.",
			"CloudTrail の記録と、当該アカウントのコマンド履歴（スクリプトと出力）。"))
		add(lang.Both("Holds for", "承認の範囲"), lang.Both(
			"This investigation: later readings and answers may run such read-only scripts again, without this page.",
			"この調査の間有効（以降の再取得・回答時は、同種の参照用スクリプトを本画面なしで実行）。"))
	}
	if why := reasons(e, d); !why.Zero() {
		add(lang.Both("Why", "理由"), why)
	}
	return out
}

// failures come first: they say why something is missing below.
func (p *Page) failures(v view, e page.Env, a page.Asked) []row {
	var out []row
	add := func(en, ja, failure string) {
		if failure != "" {
			out = append(out, row{value: lang.Both(en, ja).With(cell.Clean(failure)), style: e.Theme.Problem})
		}
	}
	add("Nothing was run: %s", "未実行: %s", a.ConsentFailure)
	add("The pasted line was not taken: %s", "貼り付けた行は取り込み不可: %s", a.PasteFailure.In(e.Lang))
	if v == requestView {
		add("The request could not be made: %s", "依頼文の作成不可: %s", a.RequestFailure)
		return out
	}
	add("The script could not be made: %s", "スクリプト作成不可: %s", a.ScriptFailure)
	if p.ReadOnly {
		out = append(out, row{style: e.Theme.Unknown, value: lang.Both(
			"Read-only mode (--read-only): monshin runs nothing inside Windows. v shows the request to somebody else.",
			"読み取り専用モード（--read-only）: monshin から OS 内での実行は不可。v で他の方への依頼文を表示。")})
	}
	return out
}

// reasons lists the checks that only Windows can settle.
func reasons(e page.Env, d *walk.Diagnosis) lang.Text {
	if d == nil {
		return lang.Text{}
	}
	var titles []string
	for _, j := range d.Probes {
		inside := slices.ContainsFunc(j.Verdict.Whys, func(y fact.Why) bool { return y.Reason == fact.NeedsGuest })
		if j.Verdict.Outcome == probe.Unknown && inside {
			titles = append(titles, "- "+cell.Clean(j.Title.In(e.Lang)))
		}
	}
	if len(titles) == 0 {
		return lang.Text{}
	}
	return lang.Both("Only Windows itself can tell (%d):\n%s", "AWS API では確認できない項目（%d 件）:\n%s").
		With(len(titles), strings.Join(titles, "\n"))
}

// where names the account and the instance: nobody may approve for another one.
func where(d *walk.Diagnosis) lang.Text {
	if d == nil {
		return lang.Both("not known yet", "未確認")
	}
	account := lang.Same(cell.Clean(d.Target.Account))
	if d.Target.Account == "" {
		account = lang.Both("account unknown", "アカウント確認できず")
	}
	if c, ok := d.Caller.Get(); ok && c.Alias != "" {
		account = lang.Both("%s (%s)", "%s（%s）").With(account, cell.Clean(c.Alias))
	}
	instance := cell.Clean(d.Target.InstanceID)
	if i, ok := d.Instance.Get(); ok && i.Name != "" {
		instance += " " + cell.Clean(i.Name)
	}
	return lang.Both("%s, %s\n%s", "%s / %s\n%s").With(account, cell.Clean(d.Target.Region), instance)
}

// Plain implements page.Page: both views, the texts line by line as they are.
func (p *Page) Plain(e page.Env) []string {
	a, d := p.Walk.Asked(), p.Walk.Diagnosis()
	var out []string
	for _, v := range []view{scriptView, requestView} {
		for _, r := range p.rows(v, e, a, d) {
			value := strings.ReplaceAll(r.value.In(e.Lang), "\n", " ")
			if !r.name.Zero() {
				value = r.name.In(e.Lang) + ": " + value
			}
			out = append(out, cell.Clean(value))
		}
		out = append(out, "", heading(v, a).In(e.Lang), "")
		for _, l := range linesOf(text(v, a, e.Lang)) {
			out = append(out, cell.Clean(l))
		}
		out = append(out, "")
	}
	return out
}
