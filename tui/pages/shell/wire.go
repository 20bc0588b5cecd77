package shell

import (
	"regexp"
	"strings"
	"sync"

	"github.com/charmbracelet/x/ansi"

	"github.com/monshin/monshin/tui/world"
)

// outbox sends what is typed in its order, and never has the interface wait for the
// session.
type outbox struct {
	mu     sync.Mutex
	more   *sync.Cond
	queue  []func(world.Shell)
	closed bool
}

func newOutbox(sh world.Shell) *outbox {
	o := &outbox{}
	o.more = sync.NewCond(&o.mu)
	go o.run(sh)
	return o
}

func (o *outbox) run(sh world.Shell) {
	for {
		o.mu.Lock()
		for len(o.queue) == 0 && !o.closed {
			o.more.Wait()
		}
		if o.closed {
			o.mu.Unlock()
			return
		}
		do := o.queue[0]
		o.queue = o.queue[1:]
		o.mu.Unlock()
		do(sh)
	}
}

func (o *outbox) put(do func(world.Shell)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.queue = append(o.queue, do)
	o.more.Signal()
}

// send queues bytes for the shell. What an ended session does not take is lost with it.
func (o *outbox) send(b []byte) {
	b = append([]byte(nil), b...)
	o.put(func(sh world.Shell) { _, _ = sh.Write(b) })
}

func (o *outbox) resize(cols, rows int) { o.put(func(sh world.Shell) { sh.Resize(cols, rows) }) }

func (o *outbox) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	o.more.Signal()
}

// ear keeps what the shell has printed since the last step was sent, so that its
// outcome can be recognised.
type ear struct {
	mu   sync.Mutex
	text []byte
	on   bool
	// set is the code page that chcp has just named.
	set string
}

// named is what chcp answers, in whatever language: "Active code page: 65001".
var named = regexp.MustCompile(`: ?(65001|932)\r?\n`)

func (e *ear) codePage(b []byte) {
	if m := named.FindSubmatch(b); m != nil {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.set = string(m[1])
	}
}

// page is the code page that was named since the last call, "" for none.
func (e *ear) page() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	s := e.set
	e.set = ""
	return s
}

// enough bounds what is kept: a step that prints more is not recognised by its beginning.
const enough = 64 << 10

func (e *ear) add(b []byte) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.on {
		return
	}
	e.text = append(e.text, b...)
	if len(e.text) > enough {
		e.text = e.text[len(e.text)-enough:]
	}
}

// listen begins anew.
func (e *ear) listen() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.text, e.on = nil, true
}

func (e *ear) stop() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.text, e.on = nil, false
}

// said is what was printed, without control sequences.
func (e *ear) said() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return strings.ReplaceAll(ansi.Strip(string(e.text)), "\r", "")
}

// prompt is PowerShell's, alone at the end of the output: the command has come to its end.
var prompt = regexp.MustCompile(`(?:^|\n)PS [A-Za-z]:\\[^\n>]*> ?$`)

// ended reports whether the command has come to its end, and what it printed. The
// first line is the command itself, as the shell repeats it.
func (e *ear) ended() (output string, done bool) {
	s := e.said()
	loc := prompt.FindStringIndex(s)
	if loc == nil || !strings.Contains(s[:loc[0]+1], "\n") {
		return s, false
	}
	return s[:loc[0]], true
}
