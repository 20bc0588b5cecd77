package tui

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/monshin/monshin/diagnose/lang"
)

// rig drives a model as Bubble Tea would, without a terminal and without timers.
type rig struct {
	t    testing.TB
	m    *Model
	msgs chan tea.Msg
	// open counts commands that have not answered.
	open    atomic.Int64
	quit    bool
	clipped []string // what was sent by OSC 52
	cleared int
}

func newRig(t testing.TB, width, height int, o Options) *rig {
	t.Helper()
	if o.Library == nil {
		o.Library = library()
	}
	if o.Catalogue == nil {
		o.Catalogue = fakeCatalogue{}
	}
	if o.Backend == nil {
		o.Backend, _ = fakes(done())
	}
	if o.Fleet == nil {
		o.Fleet = &fakeFleet{}
	}
	if o.Zone == nil {
		o.Zone = tokyo()
	}
	if o.Now == nil {
		o.Now = clock
	}
	ctx, cancel := context.WithCancel(context.Background())
	m := New(ctx, o)
	m.tick = func(time.Duration, func(time.Time) tea.Msg) tea.Cmd { return nil }
	m.own = o.Now
	r := &rig{t: t, m: m, msgs: make(chan tea.Msg, 64)}
	t.Cleanup(func() { cancel(); m.close() })
	r.send(tea.WindowSizeMsg{Width: width, Height: height})
	r.do(m.Init())
	return r
}

func (r *rig) send(msg tea.Msg) {
	_, cmd := r.m.Update(msg)
	r.do(cmd)
}

// do runs a command in a goroutine; what it answers is handled by until.
func (r *rig) do(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	r.open.Add(1)
	go func() { r.msgs <- cmd() }()
}

// until handles messages until the condition holds.
func (r *rig) until(what string, ok func() bool) *rig {
	r.t.Helper()
	limit := time.After(10 * time.Second)
	for !ok() {
		select {
		case msg := <-r.msgs:
			r.open.Add(-1)
			r.take(msg)
		case <-limit:
			r.t.Fatalf("waited in vain until %s; the screen:\n%s", what, strings.Join(r.lines(), "\n"))
		}
	}
	return r
}

// idle handles messages until no command is open.
func (r *rig) idle() *rig {
	r.t.Helper()
	return r.until("nothing is under way", func() bool { return r.open.Load() == 0 })
}

func (r *rig) take(msg tea.Msg) {
	switch msg := msg.(type) {
	case nil:
	case tea.BatchMsg:
		for _, c := range msg {
			r.do(c)
		}
	case tea.QuitMsg:
		r.quit = true
	default:
		// Bubble Tea's own messages are not exported: they are told by their names.
		switch name := reflect.TypeOf(msg).String(); name {
		case "tea.setClipboardMsg":
			r.clipped = append(r.clipped, fmt.Sprint(msg))
		case "tea.clearScreenMsg":
			r.cleared++
		case "tea.backgroundColorMsg", "tea.windowSizeMsg":
		default:
			r.send(msg)
		}
	}
}

// press sends keys by their names, as a terminal would.
func (r *rig) press(names ...string) *rig {
	r.t.Helper()
	for _, n := range names {
		r.send(keyOf(r.t, n))
		r.until("the key is handled", func() bool { return len(r.msgs) == 0 })
	}
	return r
}

// typed sends text key by key.
func (r *rig) typed(text string) *rig {
	for _, c := range text {
		r.send(tea.KeyPressMsg{Code: c, Text: string(c)})
	}
	return r
}

func keyOf(t testing.TB, name string) tea.KeyPressMsg {
	t.Helper()
	special := map[string]rune{
		"enter": tea.KeyEnter, "esc": tea.KeyEscape, "tab": tea.KeyTab, "up": tea.KeyUp, "down": tea.KeyDown,
		"left": tea.KeyLeft, "right": tea.KeyRight, "home": tea.KeyHome, "end": tea.KeyEnd, "pgup": tea.KeyPgUp,
		"pgdown": tea.KeyPgDown, "backspace": tea.KeyBackspace, "delete": tea.KeyDelete,
	}
	switch {
	case name == "space":
		return tea.KeyPressMsg{Code: ' ', Text: " "}
	case name == "shift+tab":
		return tea.KeyPressMsg{Code: tea.KeyTab, Mod: tea.ModShift}
	case strings.HasPrefix(name, "ctrl+"):
		return tea.KeyPressMsg{Code: rune(name[5]), Mod: tea.ModCtrl}
	case special[name] != 0:
		return tea.KeyPressMsg{Code: special[name]}
	}
	rs := []rune(name)
	if len(rs) != 1 {
		t.Fatalf("no key is called %q", name)
	}
	return tea.KeyPressMsg{Code: rs[0], Text: name}
}

func (r *rig) lines() []string { return strings.Split(r.m.View().Content, "\n") }

func (r *rig) sees(what ...string) *rig {
	r.t.Helper()
	screen := plainText(r.m.View().Content)
	for _, w := range what {
		if !strings.Contains(screen, w) {
			r.t.Errorf("the screen does not show %q:\n%s", w, screen)
		}
	}
	return r
}

func (r *rig) lacks(what ...string) *rig {
	r.t.Helper()
	screen := plainText(r.m.View().Content)
	for _, w := range what {
		if strings.Contains(screen, w) {
			r.t.Errorf("the screen shows %q:\n%s", w, screen)
		}
	}
	return r
}

func langs() []lang.Lang { return lang.All() }

func (r *rig) resize(s size) { r.send(tea.WindowSizeMsg{Width: s.w, Height: s.h}) }
