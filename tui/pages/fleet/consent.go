package fleet

import (
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/tui/cell"
	"github.com/monshin/monshin/tui/evidence"
	"github.com/monshin/monshin/tui/field"
	"github.com/monshin/monshin/tui/keys"
	"github.com/monshin/monshin/tui/page"
	"github.com/monshin/monshin/tui/theme"
)

// grace is how long the choice to run has to be in sight before a key approves: the key
// may be part of a text that a terminal types instead of pasting it.
const grace = 500 * time.Millisecond

// consent is the decision whether the script runs on many servers.
type consent struct {
	script string
	// allow says that "allow and run" is chosen, since armed.
	allow  bool
	armed  time.Time
	ticket field.Field
	typing bool
	scroll page.Cursor
	length int
}

func (p *Page) openConsent() page.Next {
	script, err := p.Fleet.Script()
	if err != nil {
		return page.Do(page.Say{Text: said(err)})
	}
	p.consent = consent{script: script}
	p.stage = consenting
	return page.Next{}
}

func (p *Page) actConsent(a keys.Action) page.Next {
	c := &p.consent
	switch {
	case c.typing && a == keys.Accept:
		c.typing = false
	case c.typing && a == keys.Leave:
		c.typing = false
		c.ticket.Set("")
	case c.typing:
		_, handled := c.ticket.Act(a)
		return page.Next{Ignored: !handled}
	case a == keys.Ticket:
		c.typing, c.allow = true, false
	case a == keys.NextPane:
		c.allow, c.armed = true, p.Now()
	case a == keys.PreviousPane:
		c.allow = false
	case a == keys.Back, a == keys.Choose && !c.allow:
		p.stage = showing
		return page.Tell("Cancelled: nothing was run", "キャンセル（未実行）")
	case a == keys.Choose && p.Now().Sub(c.armed) < grace:
		return page.Tell("That was too quick to be read: press enter once more", "表示直後のため未実行。内容を確認後、もう一度 enter")
	case a == keys.Choose:
		p.choice.Guest, p.choice.GoOn = true, false
		p.choice.Ticket = strings.TrimSpace(norm.NFKC.String(c.ticket.Value()))
		return p.run()
	default:
		return page.Next{Ignored: !c.scroll.Scroll(a, c.length)}
	}
	return page.Next{}
}

// consentRows say what running the script means.
func (p *Page) consentRows(e page.Env, width int) []string {
	var out []string
	for _, r := range [][2]lang.Text{
		{lang.Both("Where", "対象"), p.where()},
		{lang.Both("What runs", "実行内容"), lang.Both("The script below, to the letter, by Run Command (ssm:SendCommand, AWS-RunPowerShellScript), once on each server that Systems Manager reaches.",
			"下記スクリプトを Run Command で 1 台につき 1 回実行（ssm:SendCommand、AWS-RunPowerShellScript）。Systems Manager から到達できるサーバーのみ。")},
		{lang.Both("Runs as", "実行権限"), lang.Both("SYSTEM, inside Windows.", "OS 内の SYSTEM 権限。")},
		{lang.Both("Effect", "影響"), lang.Both("Only reads. Changes no setting and no file of Windows.", "参照のみ。OS の設定・ファイルの変更なし。")},
		{lang.Both("Leaves", "残る記録"), lang.Both("Records in CloudTrail; script and output in the command history of this account.",
			"CloudTrail の記録と、当該アカウントのコマンド履歴（スクリプトと出力）。")},
	} {
		out = append(out, evidence.Row(e, r[0].In(e.Lang), r[1].In(e.Lang), width)...)
	}
	return out
}

// where says how many servers are meant.
func (p *Page) where() lang.Text {
	what := lang.Both("all Windows instances of this account and region", "このアカウント・リージョンの全 Windows インスタンス")
	if list := append(append([]string{}, p.choice.Tags...), p.choice.IDs...); len(list) > 0 {
		what = lang.Same(cell.Clean(strings.Join(list, ", ")))
	}
	return lang.Both("%s (%d in the list)", "%s（一覧 %d 台）").With(what, p.result.total)
}

func (p *Page) drawConsent(e page.Env) []string {
	t, c := e.Theme, &p.consent
	width := e.Width - 2
	lines := append(p.consentRows(e, width), cell.Blank(width),
		cell.NewLine(width).Add(t.Title, lang.Both("The exact script", "スクリプト全文").In(e.Lang)).String())
	lines = append(lines, numbered(t, c.script, width)...)
	height := e.Height - 2
	c.scroll.Rows, c.length = max(height-2, 1), len(lines)
	var seen []string
	seen, c.scroll.Offset = cell.Window(lines, width, height-2, c.scroll.Offset, c.scroll.Offset, c.scroll.Offset)
	out := cell.Box(t, lang.Both("Ask the Windows of all of them", "OS 内の確認（複数台）").In(e.Lang), true, e.Width, height, seen,
		c.scroll.Offset > 0, c.scroll.Offset+height-2 < len(lines))
	l := cell.NewLine(e.Width).Space(1).Add(t.Key, lang.Both("Ticket (optional): ", "チケット番号（任意）: ").In(e.Lang))
	switch {
	case c.typing:
		p.at = page.Point{X: c.ticket.Draw(l, t.Plain), Y: len(out)}
	case c.ticket.Value() != "":
		l.Add(t.Strong, c.ticket.Value())
	default:
		l.Add(t.Dim, lang.Both("t to type", "t で入力").In(e.Lang))
	}
	out = append(out, l.String())
	l = cell.NewLine(e.Width).Space(1)
	option(l, t, lang.Both("Cancel", "キャンセル").In(e.Lang), !c.allow)
	l.Space(2)
	option(l, t, lang.Both("Allow and run", "承認して実行").In(e.Lang), c.allow)
	return cell.Fill(append(out, l.String()), e.Width, e.Height)
}

// option draws a choice; brackets mark the chosen one where there is no colour.
func option(l *cell.Line, t *theme.Theme, name string, chosen bool) {
	if chosen {
		l.Add(t.Strong.Over(t.Selected), ">["+name+"]")
		return
	}
	l.Add(t.Dim, "  "+name+" ")
}

// numbered draws a script so that every character of it is seen. Scripts are ASCII.
func numbered(t *theme.Theme, script string, width int) []string {
	all := strings.Split(strings.TrimSuffix(script, "\n"), "\n")
	column := len(strconv.Itoa(len(all))) + 1
	room := max(width-column-2, 1)
	var out []string
	for i, s := range all {
		s = cell.Clean(s)
		number := strconv.Itoa(i + 1)
		for first := true; first || s != ""; first = false {
			piece := s[:min(room, len(s))]
			s = s[len(piece):]
			out = append(out, cell.NewLine(width).Space(column-1-len(number)).Add(t.Dim, number).Space(2).Add(t.Plain, piece).String())
			number = strings.Repeat(" ", len(number))
		}
	}
	return out
}
