package windows

import (
	"errors"
	"io"
	"strings"
	"sync"

	"github.com/monshin/monshin/diagnose/lang"
)

// Use does something at a Windows while nobody else looks at it or changes it, once,
// and lets what is around it follow. do says whether the SSM Agent was started anew.
// An error, which may be a lang.Error, ends the session: Windows is no longer there, or
// what was done cannot be kept.
type Use func(do func(h *Host, o Surroundings) (restarted bool)) error

// Seat is how somebody sits at a Windows.
type Seat struct {
	// Cols and Rows are the terminal's size; 0 is the 200 by 60 with which the agent
	// opens its console (amazon-ssm-agent, shell_windows.go).
	Cols, Rows int
	// Address and Mask are the server's own, which are in no guest's state; where they
	// are "" the lines of ipconfig that tell them are left out.
	Address, Mask string
	// CodePage is the console's at the start: 65001, 932 or 437. 0 is the one of
	// Windows's language, 932 or 437.
	CodePage int
	// Command is run instead of asking for lines, and ends the session, as the documents
	// for one command do.
	Command string
}

// Prompt is the PowerShell that a Session Manager session shows, over a Windows that
// is simulated: what is typed acts on the state of the guest. It speaks VT, echoes by
// itself, and takes UTF-8; its output is in the console's code page. It answers the
// commands that are in its help, and says of all others that it is a simulation.
//
// Safe for concurrent use. Write waits while nobody reads.
type Prompt struct {
	in    sync.Mutex // orders what is typed and what it does
	use   Use
	keys  keyReader
	edit  lineEditor
	shell shell
	left  bool // the session has been left

	mu    sync.Mutex
	wake  *sync.Cond
	out   []byte
	ended bool
	code  int
	done  chan struct{}
}

// maxPending is how much output waits for a reader before typing does.
const maxPending = 1 << 20

// Sit opens a session at a Windows. It creates, or enables, the account of sessions.
func Sit(use Use, at Seat) *Prompt {
	p := &Prompt{use: use, done: make(chan struct{})}
	p.wake = sync.NewCond(&p.mu)
	if at.Cols == 0 || at.Rows == 0 {
		at.Cols, at.Rows = 200, 60
	}
	p.edit.size(at.Cols, at.Rows)
	p.in.Lock()
	defer p.in.Unlock()
	refused := false
	err := use(func(h *Host, _ Surroundings) bool {
		p.shell = shell{language: h.Language, page: at.CodePage, seat: at}
		if p.shell.page == 0 {
			p.shell.page = ownPage(h.Language)
		}
		refused = !h.sessionStarts()
		return false
	})
	switch {
	case err != nil:
		p.gone(err)
		return p
	case refused:
		// Since agent 2.3.672.0 (AWS Systems Manager User Guide, "Managing ssm-user").
		p.emit(p.shell.note("A domain controller has no ssm-user of its own: the agent creates none there, and no session starts until somebody does.",
			"ドメインコントローラーでは ssm-user は自動作成されない。手動で作成するまでセッションは開始できない。") + "\n")
		p.leave(1)
		return p
	case at.Command != "":
		p.run(at.Command)
		if !p.left {
			p.leave(p.shell.code)
		}
		return p
	}
	p.emit("Windows PowerShell\nCopyright (C) Microsoft Corporation. All rights reserved.\n\n")
	p.emit(p.shell.note("monshin simulates this Windows. \"help\" lists what it knows.", "monshin が模擬する Windows。対応コマンドは help で表示。") + "\n\n")
	p.emit(p.edit.begin(promptText))
	return p
}

// Prompt opens a session at a Windows that nobody else holds.
func (h *Host) Prompt(o Surroundings, at Seat) *Prompt {
	var mu sync.Mutex
	return Sit(func(do func(*Host, Surroundings) bool) error {
		mu.Lock()
		defer mu.Unlock()
		do(h, o)
		return nil
	}, at)
}

const promptText = `PS C:\Windows\system32> `

// Read gives output, and io.EOF once the session has ended and all of it was read.
func (p *Prompt) Read(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(b) == 0 {
		return 0, nil
	}
	for len(p.out) == 0 && !p.ended {
		p.wake.Wait()
	}
	if len(p.out) == 0 {
		return 0, io.EOF
	}
	n := copy(b, p.out)
	if p.out = p.out[n:]; len(p.out) == 0 {
		p.out = nil
	}
	p.wake.Broadcast()
	return n, nil
}

// Write types. What is typed behind an exit is lost; after the end it is an
// io.ErrClosedPipe.
func (p *Prompt) Write(b []byte) (int, error) {
	p.in.Lock()
	defer p.in.Unlock()
	if p.over() {
		return 0, io.ErrClosedPipe
	}
	for _, c := range b {
		for _, s := range p.keys.read(c) {
			if !p.room() {
				return len(b), nil
			}
			p.press(s)
		}
	}
	return len(b), nil
}

// Resize says how large the terminal is.
func (p *Prompt) Resize(cols, rows int) {
	p.in.Lock()
	defer p.in.Unlock()
	if p.edit.size(cols, rows) && !p.over() && p.shell.seat.Command == "" {
		p.emit(p.edit.draw())
	}
}

// Close ends the session from outside. The account of sessions is disabled a moment
// later: see Done.
func (p *Prompt) Close() error {
	p.end(1)
	// Whoever closes may hold what Use waits for.
	go func() {
		p.in.Lock()
		defer p.in.Unlock()
		p.leave(1)
	}()
	return nil
}

// Done is closed once the session has ended and Windows has done what it does then.
func (p *Prompt) Done() <-chan struct{} { return p.done }

// ExitCode is 0, or what exit was given; 1 for a session that was ended from outside.
func (p *Prompt) ExitCode() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.code
}

func (p *Prompt) over() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ended
}

// room waits for a reader and says whether the session goes on.
func (p *Prompt) room() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.out) > maxPending && !p.ended {
		p.wake.Wait()
	}
	return !p.ended
}

// end stops reading and writing.
func (p *Prompt) end(code int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.ended {
		p.ended, p.code = true, code
		p.wake.Broadcast()
	}
}

// leave ends the session on Windows's side, once. The caller holds in.
func (p *Prompt) leave(code int) {
	if p.left {
		return
	}
	p.left = true
	// A Windows that is gone has no account left to disable.
	_ = p.use(func(h *Host, _ Surroundings) bool { h.sessionEnds(); return false })
	p.end(code)
	close(p.done)
}

// gone tells why the session cannot go on.
func (p *Prompt) gone(err error) {
	why := lang.Same(err.Error())
	if said := (*lang.Error)(nil); errors.As(err, &said) {
		why = said.Say
	}
	p.emit(p.shell.note("The session cannot go on: "+why.In(lang.En), "セッションを続行できない: "+why.In(lang.Ja)) + "\n")
	p.left = true
	p.end(1)
	close(p.done)
}

func (p *Prompt) press(s stroke) {
	e := &p.edit
	switch s.key {
	case keyText:
		p.emit(e.insert(s.text))
	case keyBackspace:
		p.emit(e.remove(e.at))
	case keyDelete:
		p.emit(e.remove(e.at + 1))
	case keyLeft:
		p.emit(e.move(e.at - 1))
	case keyRight:
		p.emit(e.move(e.at + 1))
	case keyHome:
		p.emit(e.move(0))
	case keyEnd:
		p.emit(e.move(len(e.line)))
	case keyUp:
		p.emit(e.older(1))
	case keyDown:
		p.emit(e.older(-1))
	case keyEscape:
		e.set("")
		p.emit(e.draw())
	case keyInterrupt:
		p.emit(e.finish("^C") + e.begin(promptText))
	case keyClear:
		e.shown = 0
		p.emit(clearScreen + e.draw())
	case keyEnter:
		p.enter()
	case keyUnknown:
	}
}

const clearScreen = "\x1b[2J\x1b[H"

func (p *Prompt) enter() {
	line := p.edit.text()
	p.emit(p.edit.finish(""))
	p.edit.remember(line)
	p.run(line)
	if !p.left {
		p.emit(p.edit.begin(promptText))
	}
}

// run runs one line of PowerShell.
func (p *Prompt) run(line string) {
	if strings.TrimSpace(line) == "" {
		return
	}
	var r run
	err := p.use(func(h *Host, o Surroundings) bool {
		r = run{h: h, o: o, shell: &p.shell, cols: p.edit.cols, line: line}
		r.all(line)
		return r.restarted
	})
	if err != nil {
		p.gone(err)
		return
	}
	p.emit(r.out.String())
	if r.ended {
		p.leave(p.shell.code)
	}
}

// emit sends text in the console's code page, with Windows's line ends.
func (p *Prompt) emit(s string) {
	if s == "" {
		return
	}
	s = strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\n", "\r\n")
	b := encoded(s, p.shell.page)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return
	}
	p.out = append(p.out, b...)
	p.wake.Broadcast()
}
