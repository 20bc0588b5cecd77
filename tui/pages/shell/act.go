package shell

import (
	tea "charm.land/bubbletea/v2"

	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/typed"
	"github.com/monshin/monshin/tui/input"
	"github.com/monshin/monshin/tui/keys"
	"github.com/monshin/monshin/tui/page"
	"github.com/monshin/monshin/tui/screen"
	"github.com/monshin/monshin/tui/world"
)

// Key implements page.Raw: the shell has the keys, but for the prefix.
func (p *Page) Key(k tea.KeyPressMsg) page.Next {
	p.version++
	if p.led {
		p.led = false
		return p.command(keys.Name(k), k)
	}
	if k.Keystroke() == Prefix || k.Code == 0x1d {
		p.led = true
		return page.Next{}
	}
	p.back = 0
	if b := input.Key(tea.Key(k), p.terminal.Modes()); b != nil {
		p.out.send(b)
	}
	return page.Next{}
}

// command does what follows the prefix.
func (p *Page) command(name string, k tea.KeyPressMsg) page.Next {
	switch name {
	case "z":
		p.zoom = !p.zoom
	case "x":
		return p.end()
	case "pgup":
		p.back += max(p.rows-1, 1)
	case "pgdown":
		p.back = max(p.back-max(p.rows-1, 1), 0)
	case Prefix:
		p.out.send([]byte{0x1d}) // the shell's own
	case "tab", "s", "esc":
		p.typing = false
	default:
		if k.Code == 0x1d {
			p.out.send([]byte{0x1d})
			return page.Next{}
		}
		return page.Tell("After ctrl+]: s steps, z zoom, pgup/pgdown look back, x end, ctrl+] itself",
			"ctrl+] の後: s 手順、z 拡大、pgup/pgdown 履歴、x 終了、ctrl+] そのものの送信")
	}
	return page.Next{}
}

// Act implements page.Page: the steps have the keys.
func (p *Page) Act(a keys.Action) page.Next {
	p.version++
	if a != keys.Choose {
		p.ready = -1
	}
	switch a {
	case keys.NextPane:
		switch p.stage {
		case asking:
			p.choose(p.chosen + 1)
		case open:
			p.typing, p.led = true, false
		}
		return page.Next{}
	case keys.PreviousPane:
		if p.stage == asking {
			p.choose(p.chosen - 1)
		}
		return page.Next{}
	case keys.Choose:
		return p.enter()
	case keys.Whole:
		return p.askWhole()
	case keys.Zoom:
		p.zoom = !p.zoom
		return page.Next{}
	case keys.Charset:
		return p.turnCharset()
	case keys.EndShell:
		return p.end()
	case keys.Retry:
		if p.stage == over {
			return page.Next{Cmd: p.Start()}
		}
		return page.Next{}
	case keys.Back:
		if p.paste != nil {
			p.paste = nil
			return page.Tell("Not pasted", "貼り付けを中止")
		}
		if p.stage == open {
			return page.Tell("The session is open: x ends it, tab goes back into it", "セッション接続中（x で終了、tab でシェルへ）")
		}
		return page.Ignore()
	}
	return page.Next{Ignored: !p.cursor.Act(a, len(p.steps))}
}

func (p *Page) enter() page.Next {
	switch {
	case p.stage == asking:
		return p.decide()
	case p.stage != open:
		return page.Next{}
	case p.paste != nil:
		p.out.send(p.paste.Bytes(p.terminal.Modes()))
		p.paste, p.typing = nil, true
		return page.Next{}
	case p.cursor.At >= len(p.steps):
		return page.Next{}
	}
	return p.sendStep(p.cursor.At)
}

func (p *Page) decide() page.Next {
	switch {
	case p.chosen == toCancel:
		return page.Do(page.CloseShell{Text: lang.Both("Cancelled: no session was opened", "キャンセル（セッション未開始）")})
	case p.Now().Sub(p.armed) < grace:
		return page.Tell("That was too quick to be read: press enter once more", "表示直後のため未実行。内容を確認後、もう一度 enter")
	case p.chosen == toWhole:
		return page.Next{Cmd: p.handOver()}
	}
	return page.Next{Cmd: p.connect()}
}

// sendStep types a step into the shell. What changes something is sent at the second
// enter, after its whole text has been in sight.
func (p *Page) sendStep(i int) page.Next {
	s := p.steps[i]
	switch {
	case p.sent >= 0:
		return page.Tell("The step before has not come to its end", "前のコマンドの完了待ち")
	case !s.Complete():
		return page.Tell("Type this one by hand: a part of it is not known", "未確定の項目があるため、手入力が必要")
	case s.Changes && p.ready != i:
		p.ready = i
		return page.Tell("This changes something: enter once more sends it", "設定を変更するコマンド: もう一度 enter で送信")
	}
	p.ready, p.sent, p.back = -1, i, 0
	delete(p.outcomes, i)
	p.heard.listen()
	p.out.put(func(sh world.Shell) { sh.Mark(s.Command) })
	p.out.send([]byte(s.Command + "\r"))
	return page.Next{}
}

// hear looks whether the step that was sent has come to its end, and what came of it.
func (p *Page) hear() tea.Cmd {
	if p.sent < 0 {
		return nil
	}
	output, done := p.heard.ended()
	if !done && p.stage == open {
		return nil
	}
	s := p.steps[p.sent]
	p.outcomes[p.sent] = s.Read(output)
	if p.outcomes[p.sent] == typed.Unclear && s.Bad != "" && s.Good == "" {
		p.outcomes[p.sent] = typed.AsHoped // what shows a failure has not come
	}
	if p.outcomes[p.sent] != typed.Not && p.cursor.At == p.sent && p.sent+1 < len(p.steps) {
		p.cursor.At++
	}
	p.sent = -1
	p.heard.stop()
	p.version++
	if s.Probe == "" {
		return nil
	}
	p.Walk.Sheller().Reread(s.Probe)
	return p.Walk.Rejudge()
}

func (p *Page) turnCharset() page.Next {
	if p.terminal == nil {
		return page.Next{}
	}
	if p.terminal.Charset() == screen.UTF8 {
		p.terminal.SetCharset(screen.CP932)
		return page.Tell("Output is read as CP932 (Shift_JIS) from now on", "以降の出力を CP932（Shift_JIS）として表示")
	}
	p.terminal.SetCharset(screen.UTF8)
	return page.Tell("Output is read as UTF-8 from now on", "以降の出力を UTF-8 として表示")
}

// end closes the session.
func (p *Page) end() page.Next {
	if p.shell == nil || p.stage != open {
		return page.Next{}
	}
	sh := p.shell
	p.notice = lang.Both("Ending the session", "セッションを終了中")
	return page.Next{Cmd: func() tea.Msg {
		_ = sh.Close() // how it ended is told by the session
		return nil
	}}
}

// Type implements page.Page.
func (p *Page) Type(tea.KeyPressMsg) page.Next { return page.Ignore() }

// Paste implements page.Page. Many lines would run as they come: the operator looks
// at them first.
func (p *Page) Paste(text string) (page.Next, bool) {
	if p.stage != open {
		return page.Next{}, false
	}
	p.version++
	in := input.Pasted(text)
	if !in.Runs {
		p.out.send(in.Bytes(p.terminal.Modes()))
		return page.Next{}, true
	}
	p.paste, p.typing = &in, false
	return page.Next{}, true
}
