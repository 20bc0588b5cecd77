package shell

import (
	"io"

	tea "charm.land/bubbletea/v2"

	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/tui/cell"
	"github.com/monshin/monshin/tui/page"
	"github.com/monshin/monshin/tui/theme"
	"github.com/monshin/monshin/tui/world"
)

// whole is the shell to which the whole terminal is handed over (tea.ExecCommand).
type whole struct {
	run      func(in io.Reader, out, err io.Writer) (world.Shell, error)
	in       io.Reader
	out, err io.Writer

	shell world.Shell
}

func (w *whole) SetStdin(in io.Reader)   { w.in = in }
func (w *whole) SetStdout(out io.Writer) { w.out = out }
func (w *whole) SetStderr(err io.Writer) { w.err = err }

// Run returns when the shell has given the terminal back.
func (w *whole) Run() (err error) {
	w.shell, err = w.run(w.in, w.out, w.err)
	return err
}

// returned says that the terminal is the interface's again.
type returned struct {
	page  *Page
	shell world.Shell // nil where none was opened
	err   error
}

// fullSheller is nil where the shell cannot have the whole terminal.
func (p *Page) fullSheller() world.FullSheller {
	s, _ := p.Walk.Sheller().(world.FullSheller)
	return s
}

// offersWhole reports whether the whole terminal can be asked for now.
func (p *Page) offersWhole() bool {
	return (p.stage == asking || p.stage == over) && p.fullSheller() != nil
}

// askWhole chooses the whole terminal. Nothing is opened before enter.
func (p *Page) askWhole() page.Next {
	switch {
	case p.stage == open:
		return page.Tell("The session is open: x ends it first", "セッション接続中（先に x で終了）")
	case !p.offersWhole():
		return page.Next{}
	case p.stage == asking:
		p.choose(toWhole)
		return page.Next{}
	}
	cmd := p.Start()
	p.chosen = toWhole
	return page.Next{Cmd: cmd}
}

// choose moves along the choices, as far as there are any.
func (p *Page) choose(c choice) {
	last := toOpen
	if p.fullSheller() != nil {
		last = toWhole
	}
	if c = min(max(c, toCancel), last); c != p.chosen {
		p.chosen, p.armed = c, p.Now()
	}
}

// handOver gives the terminal to the shell until that ends.
func (p *Page) handOver() tea.Cmd {
	p.stage, p.err = opening, nil
	p.version++
	w := &whole{run: p.fullSheller().FullShell(p.ctx)}
	return tea.Exec(w, func(err error) tea.Msg {
		return returned{p, w.shell, err}
	})
}

// takeBack goes on after the shell. Whatever was done there, the walk judges anew.
func (p *Page) takeBack(m returned) page.Next {
	p.version++
	p.stage, p.shell, p.err = over, m.shell, m.err
	if m.shell == nil {
		return page.Next{}
	}
	for _, s := range p.steps {
		if s.Probe != "" {
			p.Walk.Sheller().Reread(s.Probe)
		}
	}
	return page.Next{Cmd: p.Walk.Rejudge()}
}

// choices draws the answers to the question.
func (p *Page) choices(l *cell.Line, e page.Env) {
	names := []lang.Text{
		toCancel: lang.Both("Cancel (esc)", "キャンセル（esc）"),
		toOpen:   lang.Both("Open the session", "セッションを開始"),
		toWhole:  lang.Both("Whole terminal", "端末全体で開始"),
	}
	if p.fullSheller() == nil {
		names = names[:toWhole]
	}
	for c, name := range names {
		if c > 0 {
			l.Space(2)
		}
		if choice(c) == p.chosen {
			l.Add(e.Theme.Strong.Over(e.Theme.Selected), ">["+name.In(e.Lang)+"]")
		} else {
			l.Add(e.Theme.Dim, "  "+name.In(e.Lang)+" ")
		}
	}
}

// afterwards says how a shell on the whole terminal ended. What it showed is in its
// recording, and not on this page.
func (p *Page) afterwards(para func(theme.Style, lang.Text) []string, t *theme.Theme) []string {
	out := para(t.Strong, p.shell.Ended())
	if p.err != nil {
		out = append(out, para(t.Problem, lang.Said(p.err))...)
	}
	if path := p.shell.Recording(); path != "" {
		out = append(out, para(t.Plain, lang.Both("recording: %s", "操作ログ: %s").With(path))...)
	}
	again := lang.Both("r: another session   esc: back", "r: セッションを開き直す   esc: 戻る")
	return append(out, para(t.Dim, again)...)
}

var _ tea.ExecCommand = (*whole)(nil)
