package tui

import (
	"context"
	"fmt"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/runbook"
	"github.com/monshin/monshin/tui/cell"
	"github.com/monshin/monshin/tui/keys"
	"github.com/monshin/monshin/tui/page"
	"github.com/monshin/monshin/tui/pages/instances"
	"github.com/monshin/monshin/tui/pages/symptoms"
	"github.com/monshin/monshin/tui/pages/walking"
	"github.com/monshin/monshin/tui/theme"
	"github.com/monshin/monshin/tui/world"
)

// The smallest window in which the pages can be read, in cells.
const (
	minWidth  = 60
	minHeight = 16
)

// Model is the root.
type Model struct {
	o    Options
	ctx  context.Context
	keys *keys.Map

	width, height int
	dark          bool
	env           page.Env

	stack  []page.Page
	first  *symptoms.Page
	picker *instances.Page

	instance, name string
	symptom        runbook.Symptom
	// kept is the instance that was chosen before a member of a fleet was walked.
	kept struct{ instance, name string }

	identity    Identity
	identified  bool
	identityErr error

	confirming bool
	toast      lang.Text
	toastID    int
	beating    bool
	closed     bool

	// tick makes timers; tests bring one that never fires.
	tick func(time.Duration, func(time.Time) tea.Msg) tea.Cmd
	// own is the machine's own clock. Options.Now may be a lab's, which stands still.
	own func() time.Time

	cache frameCache
	head  cell.Memo[headKey]
	foot  cell.Memo[footKey]
}

// frameCache is the frame as it was joined last.
type frameCache struct {
	head, foot string
	lines      []string
	content    string
}

// New makes the root model. Pages stop what they have running when ctx ends.
func New(ctx context.Context, o Options) *Model {
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	o.NoAnimation = o.NoAnimation || o.FullRepaint
	if o.Lang == "" {
		o.Lang = lang.En
	}
	m := &Model{o: o, ctx: ctx, keys: keys.NewMap(), dark: true, instance: o.Start.Instance, tick: tea.Tick, own: time.Now}
	m.first = symptoms.New(o.Library)
	m.first.Many = o.Fleet != nil
	m.stack = []page.Page{m.first}
	m.env = page.Env{Lang: o.Lang, Zone: o.Zone}
	m.retheme()
	m.clock()
	return m
}

func (m *Model) retheme() {
	m.env.Theme = theme.New(theme.Options{Dark: m.dark, NoColor: m.o.NoColor, ASCII: m.o.ASCII})
}

func (m *Model) clock() { m.env.Now = m.o.Now().Truncate(time.Second) }

// identifiedMsg is the answer of Backend.Identity.
type identifiedMsg struct {
	identity Identity
	err      error
}

// beatMsg moves the animation and counts seconds.
type beatMsg struct{}

// toastGoneMsg takes a line away that was shown long enough.
type toastGoneMsg struct{ id int }

// Init implements tea.Model.
func (m *Model) Init() tea.Cmd {
	cmds := []tea.Cmd{tea.RequestBackgroundColor, m.identify(), m.countSessions()}
	if ref := m.o.Start.Resume; ref != "" {
		cmds = append(cmds, m.intend(page.ResumeSession{Session: world.Session{Ref: ref, Instance: m.o.Start.Instance, Symptom: m.o.Start.Symptom}}))
	} else if s := m.o.Start.Symptom; s != "" {
		m.first.Select(s)
		cmds = append(cmds, m.intend(page.ChoseSymptom{Symptom: s}))
	}
	cmds = append(cmds, m.beat())
	return tea.Batch(cmds...)
}

func (m *Model) identify() tea.Cmd {
	ctx, b := m.ctx, m.o.Backend
	return func() (msg tea.Msg) {
		defer func() {
			if r := recover(); r != nil {
				msg = identifiedMsg{err: fmt.Errorf("monshin failed inside: %v", r)}
			}
		}()
		id, err := b.Identity(ctx)
		return identifiedMsg{id, err}
	}
}

// Update implements tea.Model.
func (m *Model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	cmd := m.handle(msg)
	return m, tea.Batch(cmd, m.beat(), m.repaint())
}

// repaint has the screen cleared where the frame changed and the terminal needs it.
func (m *Model) repaint() tea.Cmd {
	if !m.o.FullRepaint {
		return nil
	}
	before := m.cache.content
	if now, _ := m.frame(); now == before {
		return nil
	}
	return tea.ClearScreen
}

func (m *Model) handle(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height = msg.Width, msg.Height
	case tea.BackgroundColorMsg:
		m.dark = msg.IsDark()
		m.retheme()
	case tea.KeyPressMsg:
		m.clock()
		return m.key(msg)
	case tea.PasteMsg:
		m.clock()
		return m.paste(msg.Content)
	case identifiedMsg:
		m.identity, m.identityErr, m.identified = msg.identity, msg.err, msg.err == nil
	case copiedMsg:
		return m.copied(msg)
	case countedMsg:
		m.first.Unfinished(msg.n)
	case toastGoneMsg:
		if msg.id == m.toastID {
			m.toast = lang.Text{}
		}
	case beatMsg:
		m.beating = false
		m.clock()
		if !m.o.NoAnimation {
			m.env.Tick++
		}
	default:
		return m.deliver(msg)
	}
	return nil
}

// deliver hands the result of a command to the page that it belongs to.
func (m *Model) deliver(msg tea.Msg) tea.Cmd {
	pages := m.stack
	if m.picker != nil {
		pages = append([]page.Page{m.picker}, pages...)
	}
	for _, p := range pages {
		if next := p.Receive(msg); !next.Ignored {
			return m.apply(next)
		}
	}
	return nil
}

func (m *Model) top() page.Page { return m.stack[len(m.stack)-1] }

func (m *Model) push(p page.Page) { m.stack = append(m.stack, p) }

// pop leaves the page on top. The picker is kept: its list need not be read again.
func (m *Model) pop() {
	p := m.top()
	m.stack = m.stack[:len(m.stack)-1]
	if len(m.stack) == 1 {
		m.symptom = "" // it is being chosen again
	}
	m.leaveMember()
	if p == page.Page(m.picker) {
		m.instance, m.name = m.o.Start.Instance, ""
		return
	}
	p.Close()
}

// The beats: fast enough to be seen moving, slow enough to cost nothing; without
// animation only seconds are counted.
const (
	animationBeat = 125 * time.Millisecond
	countingBeat  = time.Second
)

// beat keeps one timer going while something on the top page moves.
func (m *Model) beat() tea.Cmd {
	if m.beating || !m.top().Lively() {
		return nil
	}
	m.beating = true
	every := animationBeat
	if m.o.NoAnimation {
		every = countingBeat
	}
	return m.tick(every, func(time.Time) tea.Msg { return beatMsg{} })
}

// intend does what only the root can do.
func (m *Model) intend(i page.Intent) tea.Cmd {
	switch i := i.(type) {
	case page.Say:
		return m.say(i.Text)
	case page.ChoseSymptom:
		m.symptom = i.Symptom
		if m.instance != "" {
			return m.walk()
		}
		return m.pick()
	case page.ChooseInstance:
		m.symptom = ""
		return m.pick()
	case page.ChoseInstance:
		return m.choseInstance(i)
	case page.OpenFleet:
		m.openFleet()
	case page.WalkMember:
		return m.walkMember(i)
	case page.OpenInside:
		m.openInside(i)
	case page.CloseInside:
		return m.closeInside(i)
	case page.OpenShell:
		return m.openShell()
	case page.CloseShell:
		m.pop()
		return m.say(i.Text)
	case page.OpenFixes:
		return m.openFixes(i)
	case page.CloseFixes:
		return m.closeFixes(i)
	case page.OpenSessions, page.ResumeSession, page.OpenChanges, page.TakeNote, page.CloseNote:
		return m.session(i)
	case page.OpenFinding, page.OpenCode, page.OpenCommands:
		m.open(i)
	}
	return nil
}

func (m *Model) choseInstance(i page.ChoseInstance) tea.Cmd {
	m.instance, m.name = i.ID, i.Name
	if m.symptom != "" {
		return m.walk()
	}
	// The instance came first: the symptoms are under the list.
	m.stack = m.stack[:len(m.stack)-1]
	return m.say(lang.Both("Now choose the symptom", "続けて事象を選択"))
}

func (m *Model) pick() tea.Cmd {
	var cmd tea.Cmd
	if m.picker == nil {
		m.picker = instances.New(m.o.Backend)
		cmd = m.picker.Start(m.ctx)
	}
	m.push(m.picker)
	return cmd
}

func (m *Model) walk() tea.Cmd {
	w := walking.New(m.ctx, walking.Config{
		Backend: m.o.Backend, Catalogue: m.o.Catalogue, Now: m.o.Now,
		Instance: m.instance, Name: m.name, Symptom: m.symptom, ReadOnly: m.o.ReadOnly,
	})
	m.push(w)
	return w.Start()
}

// toastTime is how long a line stays: long enough to read two lines of Japanese.
const toastTime = 6 * time.Second

func (m *Model) say(t lang.Text) tea.Cmd {
	m.toastID++
	id := m.toastID
	m.toast = t
	return m.tick(toastTime, func(time.Time) tea.Msg { return toastGoneMsg{id} })
}

// close ends every page and waits a little for what was under way.
func (m *Model) close() {
	if m.closed {
		return
	}
	m.closed = true
	pages := m.stack
	if m.picker != nil {
		pages = append(pages, m.picker)
	}
	late := time.After(grace)
	for _, p := range pages {
		p.Close()
		if e, ok := p.(interface{ Ended() <-chan struct{} }); ok {
			select {
			case <-e.Ended():
			case <-late:
				return
			}
		}
	}
}

// View implements tea.Model.
func (m *Model) View() tea.View {
	content, cursor := m.frame()
	v := tea.NewView(content)
	v.AltScreen = true
	v.WindowTitle = strings.TrimSpace("monshin " + lang.Clean(m.instance))
	v.Cursor = cursor
	return v
}
