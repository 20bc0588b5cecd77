package fix

import (
	"strings"

	tea "charm.land/bubbletea/v2"
	"golang.org/x/text/unicode/norm"

	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/remedy"
	"github.com/monshin/monshin/tui/keys"
	"github.com/monshin/monshin/tui/page"
)

// Act implements page.Page.
func (p *Page) Act(a keys.Action) page.Next {
	p.version++
	if p.form.open {
		return p.fill(a)
	}
	switch a {
	case keys.Back:
		return p.leave()
	case keys.Choose:
		return p.choose()
	case keys.View:
		return p.turn()
	case keys.Approve:
		return p.ask(applying)
	case keys.Undo:
		return p.ask(undoing)
	case keys.HandOut:
		switch {
		case p.view == reading && p.notYet:
			return page.Do(page.Say{Text: p.mayApply()})
		case p.view == reading:
			return page.Next{Cmd: p.handOut()}
		}
	case keys.Retry:
		return p.again()
	}
	if p.listing() {
		return page.Next{Ignored: !p.cursor.Act(a, p.rows())}
	}
	return page.Next{Ignored: !p.scroll.Scroll(a, p.length)}
}

// leave goes one step back; from the list it leaves the page.
func (p *Page) leave() page.Next {
	switch p.view {
	case working:
		return p.stop()
	case reading:
		p.view, p.scroll.Offset, p.err = p.back, 0, nil
		if p.order != "" && p.deed == nothing { // it stands in the list now
			p.order = ""
			return p.again()
		}
		return page.Next{}
	case after:
		return page.Do(page.CloseFixes{})
	}
	return page.Ignore()
}

func (p *Page) choose() page.Next {
	switch p.view {
	case choices, whole:
		if r := p.selectedRun(); r != nil {
			p.open(r)
			return page.Next{}
		}
		x, ok := p.selected()
		switch {
		case !ok:
			return page.Next{}
		case x.Refused != nil && x.Refused.Danger:
			return page.Tell("Not possible here: it would do harm (the reason stands in the list)", "この環境では実施不可（理由は一覧に記載）")
		case x.Refused != nil:
			return page.Tell("It does not apply here (the reason stands in the list)", "適用対象外（理由は一覧に記載）")
		}
		p.back, p.notYet = p.view, p.view == whole && p.cursor.At > 0
		p.view, p.chosen, p.dry, p.order, p.scroll.Offset = reading, x, nil, "", 0
		p.err = nil
		return page.Next{Cmd: p.try()}
	case reading:
		return p.ask(applying)
	}
	return page.Next{}
}

// open shows a run of this investigation.
func (p *Page) open(r *remedy.Run) {
	p.back, p.view, p.scroll.Offset = p.view, after, 0
	p.run, p.before, p.later, p.stopped = r, nil, nil, false
	p.chosen = remedy.Proposal{Planned: remedy.Planned{Plan: r.Plan, Hash: r.Hash}, Forecast: r.Forecast}
}

// turn goes between the fixes of the finding and those of all root causes; from a run
// it goes to what is left to be done.
func (p *Page) turn() page.Next {
	switch {
	case p.form.open || !p.turns():
		return page.Ignore()
	case p.view == choices:
		p.view, p.cursor = whole, page.Cursor{}
		if p.all == nil {
			return page.Next{Cmd: p.overview()}
		}
	case p.view == whole:
		p.view, p.cursor = choices, page.Cursor{}
		if len(p.proposals) == 0 {
			return page.Next{Cmd: p.plan()}
		}
	case p.view == after:
		p.view, p.cursor, p.all, p.proposals = whole, page.Cursor{}, nil, nil
		return page.Next{Cmd: p.overview()}
	}
	return page.Next{}
}

// again goes on with the run in sight or verifies it once more, or makes the plans
// once more.
func (p *Page) again() page.Next {
	switch {
	case p.view == after && p.mayRetry() && p.Walk.Running():
		return page.Tell("The walk is still reading", "切り分けの実行中")
	case p.view == after && p.mayRetry() && p.unfinished():
		return p.ask(continuing)
	case p.view == after && p.mayRetry():
		return page.Next{Cmd: p.verify(false)}
	case p.view == choices && p.deed == nothing:
		return page.Next{Cmd: p.plan()}
	case p.view == whole && p.deed == nothing:
		return page.Next{Cmd: p.overview()}
	}
	return page.Next{}
}

// ask opens the form for consent.
func (p *Page) ask(to deed) page.Next {
	var why lang.Text
	switch {
	case to == undoing && p.view == after:
		why = p.mayUndo()
	case to == continuing && p.view == after:
	case to == applying && p.view == reading:
		why = p.mayApply()
	default:
		return page.Next{}
	}
	if why.Zero() && p.Walk.Running() {
		why = lang.Both("The walk is still reading", "切り分けの実行中")
	}
	if !why.Zero() {
		return page.Do(page.Say{Text: why})
	}
	approver, ticket := p.form.approver, p.form.ticket // of the plan before: they seldom change
	p.form = form{open: true, to: to, approver: approver, ticket: ticket, armed: p.Now()}
	if p.typedWord() == "" {
		p.form.focus = len(p.form.fields(p)) // on "cancel"
	}
	return page.Next{}
}

// fill moves through the form.
func (p *Page) fill(a keys.Action) page.Next {
	fields := len(p.form.fields(p))
	if f := p.form.text(p); f != nil {
		switch a {
		case keys.Accept:
			f.Set(strings.TrimSpace(norm.NFKC.String(f.Value())))
			p.focus(p.form.focus + 1)
		case keys.Leave:
			p.form.open = false
		case keys.Up:
			p.focus(max(p.form.focus-1, 0))
		case keys.Down, keys.NextPane:
			p.focus(p.form.focus + 1)
		default:
			_, handled := f.Act(a)
			return page.Next{Ignored: !handled}
		}
		return page.Next{}
	}
	switch a {
	case keys.Back:
		p.form.open = false
	case keys.NextPane:
		p.focus(fields + 1)
	case keys.PreviousPane:
		p.focus(fields)
	case keys.Up:
		p.focus(max(p.form.focus-1, 0))
	case keys.Down:
		p.focus(min(p.form.focus+1, fields+1))
	case keys.Choose:
		return p.decide(p.form.focus > fields)
	default:
		return page.Next{Ignored: !p.scroll.Scroll(a, p.length)}
	}
	return page.Next{}
}

func (p *Page) focus(at int) {
	if at != p.form.focus {
		p.form.focus, p.form.armed = at, p.Now()
	}
}

// decide does what is chosen: nothing, or the plan.
func (p *Page) decide(yes bool) page.Next {
	if !yes {
		p.form.open = false
		return page.Tell("Cancelled: nothing was changed", "キャンセル（変更なし）")
	}
	if p.Now().Sub(p.form.armed) < grace {
		return page.Tell("That was too quick to be read: press enter once more", "表示直後のため未実行。内容を確認後、もう一度 enter")
	}
	typed := strings.TrimSpace(norm.NFKC.String(p.form.typed.Value()))
	if want := p.typedWord(); want != "" && typed != want {
		p.focus(0)
		return page.Do(page.Say{Text: lang.Both("Type %s to approve", "承認には %s の入力が必要").With(want)})
	}
	p.form.open = false
	switch p.form.to {
	case undoing:
		return page.Next{Cmd: p.undo()}
	case continuing:
		return page.Next{Cmd: p.goOn()}
	}
	return page.Next{Cmd: p.apply(remedy.Approval{
		Hash: p.chosen.Planned.Plan.Hash(), Typed: typed, Approver: p.form.approver.Value(), Ticket: p.form.ticket.Value(),
	})}
}

// Type implements page.Page.
func (p *Page) Type(k tea.KeyPressMsg) page.Next {
	if f := p.form.text(p); p.form.open && f != nil && f.Type(k) {
		p.version++
	}
	return page.Next{}
}

// Paste implements page.Page. The word that has to be typed is typed.
func (p *Page) Paste(text string) (page.Next, bool) {
	f := p.form.text(p)
	if !p.form.open || f == nil {
		return page.Next{}, false
	}
	if f == &p.form.typed {
		return page.Tell("Type this one by hand", "この欄は手入力のみ"), true
	}
	f.Insert(text)
	p.version++
	return page.Next{}, true
}
