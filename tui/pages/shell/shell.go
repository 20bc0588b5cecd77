// Package shell is the page with a Session Manager shell beside the steps that one
// types there: the operator changes things by hand without leaving the evidence.
package shell

import (
	"context"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/typed"
	"github.com/monshin/monshin/tui/cell"
	"github.com/monshin/monshin/tui/input"
	"github.com/monshin/monshin/tui/keys"
	"github.com/monshin/monshin/tui/page"
	"github.com/monshin/monshin/tui/screen"
	"github.com/monshin/monshin/tui/world"
)

// stage is how far the shell is.
type stage int

const (
	looking stage = iota // whether a shell can work
	asking               // the operator, before anything is opened
	opening
	open
	over
)

// choice is what the operator is about to answer to the question.
type choice int

const (
	toCancel choice = iota // the default
	toOpen                 // a shell beside the steps
	toWhole                // a shell on the whole terminal
)

// Prefix is the key that takes the keys back from the shell. It is the one that
// telnet and many consoles use, and no program inside Windows does.
const Prefix = "ctrl+]"

// grace is how long "open" has to have been in sight before enter takes it.
const grace = 700 * time.Millisecond

// Config is what the page needs.
type Config struct {
	Walk     page.Shellable
	ReadOnly bool
	Now      func() time.Time
}

// Page is a shell beside its steps.
type Page struct {
	Config
	ctx    context.Context
	cancel context.CancelFunc

	stage  stage
	note   lang.Text
	err    error
	chosen choice
	armed  time.Time

	shell    world.Shell
	terminal *screen.Terminal
	pump     *screen.Pump
	out      *outbox
	heard    *ear
	notices  chan lang.Text
	notice   lang.Text
	// guessed says that the output was taken for CP932 by itself.
	guessed bool

	steps    []typed.Step
	outcomes map[int]typed.Outcome
	// sent is the step whose output is listened to, -1 for none.
	sent int
	// ready is the step that changes something and waits for a second enter.
	ready int

	// typing says that the shell has the keys, led that the prefix was pressed.
	typing, led bool
	zoom        bool
	back        int
	paste       *input.Paste

	cols, rows int
	cursor     page.Cursor
	selection  [2]int
	version    int
	frame      cell.Memo[frameKey]
	point      *page.Point
}

// New makes the page. Nothing is asked before Start, and nothing opened before the
// operator says so.
func New(ctx context.Context, c Config) *Page {
	p := &Page{Config: c, outcomes: map[int]typed.Outcome{}, sent: -1, ready: -1}
	p.ctx, p.cancel = context.WithCancel(ctx)
	return p
}

// looked brings what is to be known before.
type looked struct {
	page *Page
	note lang.Text
	err  error
}

// opened brings the shell.
type opened struct {
	page  *Page
	shell world.Shell
	err   error
}

// drawn says that the screen has changed, or that nothing more will come.
type drawn struct {
	page  *Page
	ended bool
}

// told brings what happened beside the output.
type told struct {
	page *Page
	say  lang.Text
}

// Start looks whether a shell can work, and then asks anew.
func (p *Page) Start() tea.Cmd {
	p.stage, p.err, p.chosen = looking, nil, toCancel
	p.shell, p.terminal = nil, nil // what was before is over, and says nothing of this one
	p.version++
	if d := p.Walk.Diagnosis(); d != nil {
		var found []finding.Finding
		for _, w := range d.Findings {
			found = append(found, w.Finding)
		}
		p.steps = p.Walk.Sheller().Typing(found)
	}
	s, ctx := p.Walk.Sheller(), p.ctx
	return func() tea.Msg {
		note, err := s.BeforeShell(ctx)
		return looked{p, note, err}
	}
}

func (p *Page) connect() tea.Cmd {
	p.stage, p.err = opening, nil
	p.version++
	p.notices = make(chan lang.Text, 16)
	s, ctx, notices, cols, rows := p.Walk.Sheller(), p.ctx, p.notices, p.cols, p.rows
	return func() tea.Msg {
		sh, err := s.OpenShell(ctx, cols, rows, func(t lang.Text) {
			select {
			case notices <- t:
			default: // nobody reads sixteen notices a moment
			}
		})
		return opened{p, sh, err}
	}
}

// Receive implements page.Page.
func (p *Page) Receive(m tea.Msg) page.Next {
	switch m := m.(type) {
	case looked:
		if m.page != p {
			return page.Ignore()
		}
		p.version++
		p.stage, p.note, p.err, p.armed = asking, m.note, m.err, p.Now()
		if m.err != nil {
			p.stage = over
		}
		return page.Next{}
	case opened:
		if m.page != p {
			return page.Ignore()
		}
		return p.begin(m)
	case returned:
		if m.page != p {
			return page.Ignore()
		}
		return p.takeBack(m)
	case told:
		if m.page != p {
			return page.Ignore()
		}
		p.version++
		p.notice = m.say
		return page.Next{Cmd: p.listen()}
	case drawn:
		if m.page != p {
			return page.Ignore()
		}
		p.version++
		if m.ended {
			p.finish()
			return page.Next{Cmd: p.Walk.Rejudge()}
		}
		p.decode()
		return page.Next{Cmd: tea.Batch(p.watch(), p.hear())}
	}
	return page.Ignore()
}

func (p *Page) begin(m opened) page.Next {
	p.version++
	if m.err != nil {
		p.stage, p.err = over, m.err
		return page.Next{}
	}
	if p.ctx.Err() != nil {
		_ = m.shell.Close()
		return page.Next{}
	}
	p.stage, p.shell, p.typing = open, m.shell, true
	p.terminal = screen.New(screen.Options{Width: max(p.cols, 2), Height: max(p.rows, 1)})
	p.out = newOutbox(p.shell)
	p.heard = &ear{}
	p.pump = screen.NewPump(p.terminal, p.out.send)
	go p.read(p.shell, p.pump, p.heard)
	return page.Next{Cmd: tea.Batch(p.watch(), p.listen())}
}

// read draws what comes until the session is over.
func (p *Page) read(sh world.Shell, pump *screen.Pump, heard *ear) {
	b := make([]byte, 32<<10)
	for {
		n, err := sh.Read(b)
		if n > 0 {
			heard.add(b[:n])
			heard.codePage(b[:n])
			_, _ = pump.Write(b[:n])
		}
		if err != nil {
			break
		}
	}
	pump.Close()
}

// watch waits for the screen to change.
func (p *Page) watch() tea.Cmd {
	pump := p.pump
	return func() tea.Msg {
		_, more := <-pump.Changed()
		return drawn{p, !more}
	}
}

func (p *Page) listen() tea.Cmd {
	notices, sh := p.notices, p.shell
	return func() tea.Msg {
		select {
		case t := <-notices:
			return told{p, t}
		case <-sh.Done():
			return nil
		}
	}
}

// decode reads the output as CP932 once it looks like it: Japanese Windows writes so
// unless somebody told it otherwise. The operator can turn it back.
func (p *Page) decode() {
	switch p.heard.page() {
	case "65001":
		p.terminal.SetCharset(screen.UTF8)
		p.guessed, p.notice = true, lang.Text{}
		return
	case "932":
		p.terminal.SetCharset(screen.CP932)
		p.guessed = true
		return
	}
	if p.guessed || !p.terminal.Suspect() {
		return
	}
	p.guessed = true
	p.terminal.SetCharset(screen.CP932)
	p.notice = lang.Both("Output is read as CP932 from now on; chcp 65001 makes it UTF-8, C turns this back", "以降の出力を CP932 として表示（chcp 65001 で UTF-8 に変更可、C で元に戻す）")
}

// finish notes that the session is over. The screen stays to be read.
func (p *Page) finish() {
	p.stage, p.typing, p.led, p.paste = over, false, false, nil
	p.hear()
	p.out.close()
}

// Scope implements page.Page.
func (p *Page) Scope() keys.Scope { return keys.Shelling }

// Raw implements page.Raw.
func (p *Page) Raw() bool { return p.stage == open && p.typing }

// Offers reports whether a key does something now.
func (p *Page) Offers(a keys.Action) bool {
	if p.Raw() {
		return false // the keys are the shell's; the title says how to take them back
	}
	switch a {
	case keys.NextPane:
		return p.stage == open || p.stage == asking
	case keys.Zoom, keys.EndShell:
		return p.stage == open
	case keys.Retry:
		return p.stage == over
	case keys.Whole:
		return p.offersWhole()
	}
	return true
}

// Lively implements page.Page.
func (p *Page) Lively() bool { return p.stage == looking || p.stage == opening }

// Unsettled reports whether leaving would cut something short.
func (p *Page) Unsettled() bool { return p.stage == open || p.stage == opening }

// JournalPath is where the investigation is recorded.
func (p *Page) JournalPath() string {
	if w, ok := p.Walk.(interface{ JournalPath() string }); ok {
		return w.JournalPath()
	}
	return ""
}

// Close implements page.Page: leaving the page ends the session.
func (p *Page) Close() {
	p.cancel()
	if p.shell != nil {
		_ = p.shell.Close() // the session ends in any case; its record says how
	}
}

// Ended is closed when the session is over. Close comes first.
func (p *Page) Ended() <-chan struct{} {
	if p.shell != nil {
		return p.shell.Done()
	}
	done := make(chan struct{})
	close(done)
	return done
}
