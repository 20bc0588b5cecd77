// Package guest is the page on which the operator decides whether Windows itself is
// asked: the exact script before it runs, what running it means, and the other way,
// a request to somebody else whose answer is pasted.
package guest

import (
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"golang.org/x/text/unicode/norm"

	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/walk"
	"github.com/monshin/monshin/tui/cell"
	"github.com/monshin/monshin/tui/field"
	"github.com/monshin/monshin/tui/keys"
	"github.com/monshin/monshin/tui/page"
	"github.com/monshin/monshin/tui/world"
)

// grace is how long the script, and the choice to run it, have to be in sight before
// a key approves: the key may have been meant for the page before, or be part of a
// text that a terminal types instead of pasting it.
const grace = 500 * time.Millisecond

// view is what the page shows.
type view int

const (
	scriptView view = iota
	requestView
)

// Config is what the page needs.
type Config struct {
	Walk page.Inside
	// ReadOnly rules the script out; the request stays.
	ReadOnly bool
	// Now is the machine's own clock: a lab's stands still.
	Now func() time.Time
}

// Page is the decision.
type Page struct {
	Config
	view view
	// run says that "allow and run" is chosen. Nothing but a key for it chooses it.
	run bool
	// seen is the script that was drawn last, armed when the choice in its present
	// form came into sight.
	seen  string
	armed time.Time

	ticket  field.Field
	typing  bool
	scroll  page.Cursor
	length  int // lines that can be scrolled
	at      page.Point
	version int
	frame   cell.Memo[frameKey]
	text    cell.Memo[textKey]
}

// frameKey is everything that the page shows.
type frameKey struct {
	env     page.Env
	version int
	asked   page.Asked
	d       *walk.Diagnosis
}

// New makes the page. In read-only mode it begins with the request, the only way there.
func New(c Config) *Page {
	p := &Page{Config: c, armed: c.Now()}
	if c.ReadOnly {
		p.view = requestView
	}
	return p
}

// Scope implements page.Page.
func (p *Page) Scope() keys.Scope {
	if p.typing {
		return keys.Text
	}
	return keys.Guest
}

// Offers reports whether a key does something now.
func (p *Page) Offers(a keys.Action) bool {
	switch a {
	case keys.NextPane, keys.PreviousPane:
		return p.may()
	case keys.Copy:
		return !p.Walk.Asked().Request.Zero()
	}
	return true
}

// may reports whether "allow and run" can be chosen.
func (p *Page) may() bool { return p.view == scriptView && p.blocked(p.Walk.Asked()).Zero() }

// Act implements page.Page.
func (p *Page) Act(a keys.Action) page.Next {
	p.version++
	if p.typing {
		return p.edit(a)
	}
	switch a {
	case keys.Choose:
		return p.decide()
	case keys.NextPane:
		return p.choose()
	case keys.PreviousPane:
		p.run = false
	case keys.View:
		p.view = requestView - p.view
		p.run, p.scroll.Offset = false, 0
	case keys.Ticket:
		if why := p.blocked(p.Walk.Asked()); !why.Zero() {
			return page.Do(page.Say{Text: why})
		}
		p.view, p.typing = scriptView, true
	default:
		return page.Next{Ignored: !p.scroll.Scroll(a, p.length)}
	}
	return page.Next{}
}

// choose puts the choice on "allow and run".
func (p *Page) choose() page.Next {
	if p.view != scriptView {
		return page.Tell("v shows the script", "v でスクリプトを表示")
	}
	if why := p.blocked(p.Walk.Asked()); !why.Zero() {
		return page.Do(page.Say{Text: why})
	}
	if !p.run {
		p.run, p.armed = true, p.Now()
	}
	return page.Next{}
}

// decide does what is chosen.
func (p *Page) decide() page.Next {
	a := p.Walk.Asked()
	if !p.run {
		if !p.may() {
			return page.Do(page.CloseInside{}) // "back": there was nothing to cancel
		}
		return page.Do(page.CloseInside{Text: lang.Both("Cancelled: nothing was run", "キャンセル（未実行）")})
	}
	if why := p.blocked(a); !why.Zero() {
		p.run = false
		return page.Do(page.Say{Text: why})
	}
	if a.Script != p.seen || p.Now().Sub(p.armed) < grace {
		return page.Tell("That was too quick to be read: press enter once more", "表示直後のため未実行。内容を確認後、もう一度 enter")
	}
	p.run = false
	return p.Walk.Approve(a.Script, p.number())
}

// blocked is why the script cannot be run now, the zero text where it can.
func (p *Page) blocked(a page.Asked) lang.Text {
	switch {
	case p.ReadOnly:
		return lang.Both("Not possible in read-only mode", "読み取り専用モードのため実行不可")
	case a.Consented:
		return lang.Both("Allowed already in this investigation", "この調査では承認済み")
	case a.Step == page.Reading:
		return lang.Both("The script is made when AWS has told everything", "AWS API での確認完了後にスクリプトを作成")
	case a.Step == page.Preparing:
		return lang.Both("The script is being made", "スクリプト作成中")
	case a.Step == page.Approving:
		return lang.Both("The consent is being recorded", "承認を記録中")
	case a.ScriptFailure != "":
		return lang.Both("The script could not be made", "スクリプト作成不可")
	case a.Script == "":
		return lang.Both("Nothing has to be asked of Windows", "OS 内で確認する項目なし")
	}
	return lang.Text{}
}

// number is the ticket as it is recorded.
func (p *Page) number() string { return strings.TrimSpace(norm.NFKC.String(p.ticket.Value())) }

func (p *Page) edit(a keys.Action) page.Next {
	switch a {
	case keys.Accept:
		p.typing = false
		p.ticket.Set(p.number())
	case keys.Leave:
		p.typing = false
		p.ticket.Set("")
	case keys.Up, keys.Down:
		p.scroll.Scroll(a, p.length)
	default:
		_, handled := p.ticket.Act(a)
		return page.Next{Ignored: !handled}
	}
	return page.Next{}
}

// Type implements page.Page.
func (p *Page) Type(k tea.KeyPressMsg) page.Next {
	if p.ticket.Type(k) {
		p.version++
	}
	return page.Next{}
}

// Paste implements page.Page. An answer is taken wherever it is pasted.
func (p *Page) Paste(text string) (page.Next, bool) {
	switch {
	case strings.Contains(text, world.AnswerMark):
		return p.Walk.Answered(text), true
	case p.typing:
		p.ticket.Insert(text)
		p.version++
		return page.Next{}, true
	}
	return page.Tell("That holds no line that begins with MONSHIN1A", "MONSHIN1A で始まる行が見つからず、取り込み不可"), true
}

// Receive implements page.Page: what happens is the walk's.
func (p *Page) Receive(tea.Msg) page.Next { return page.Ignore() }

// Lively implements page.Page.
func (p *Page) Lively() bool { return p.Walk.Asked().Step != page.Ready }

// Close implements page.Page.
func (p *Page) Close() {}

// Copy implements page.Page: the request, whatever is in sight.
func (p *Page) Copy(e page.Env) (string, lang.Text) {
	return lang.CleanLines(p.Walk.Asked().Request.In(e.Lang)), lang.Both("the request", "依頼文")
}
