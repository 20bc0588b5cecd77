package keys_test

import (
	"slices"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/tui/keys"
)

// taken are keys that never arrive, or do harm on their way: browsers (the terminal
// of CloudShell is a page) close and open tabs and windows by them, reload, print
// and search; Windows Terminal splits panes, opens palettes and goes full screen;
// terminals suspend, stop their output or send an end of file.
func taken() []string {
	return []string{
		"ctrl+w", "ctrl+t", "ctrl+n", "ctrl+r", "ctrl+p", "ctrl+f", "ctrl+g", "ctrl+h", "ctrl+j", "ctrl+k", "ctrl+d", "ctrl+o",
		"ctrl+u", "ctrl+s", "ctrl+q", "ctrl+z", "ctrl+v", "ctrl+a", "ctrl+e", "ctrl+tab", "ctrl+,", "ctrl+0", "ctrl+-", "ctrl+=",
		"f1", "f3", "f5", "f6", "f7", "f11", "f12", "alt+f4", "alt+enter", "alt+left", "alt+right", "alt+space", "alt+d",
	}
}

func TestNoKeyIsTakenBySomebodyElse(t *testing.T) {
	for _, b := range keys.Table() {
		for _, k := range b.Keys {
			if slices.Contains(taken(), k) || strings.HasPrefix(k, "ctrl+shift+") || strings.Contains(k, "alt+") || strings.Contains(k, "super+") {
				t.Errorf("%s uses %s, which a browser, a terminal or Windows takes", b.Action, k)
			}
		}
	}
}

func TestTableIsComplete(t *testing.T) {
	seen := map[string]bool{}
	for _, b := range keys.Table() {
		if !b.Short.Complete() || !b.Long.Complete() || !b.Scope.Name().Complete() {
			t.Errorf("%s in %s is not said in both languages", b.Action, b.Scope)
		}
		if len(b.Keys) == 0 || b.Action == "" {
			t.Errorf("a row of %s has no key or no action", b.Scope)
		}
		for _, k := range b.Keys {
			if id := string(b.Scope) + " " + k; seen[id] {
				t.Errorf("%s is in the table twice", id)
			} else {
				seen[id] = true
			}
			for _, r := range k {
				if r > '~' {
					t.Errorf("%q cannot be typed on every keyboard", k)
				}
			}
		}
	}
}

func TestLettersAreNoKeysInTextFields(t *testing.T) {
	for _, b := range keys.Table() {
		if b.Scope != keys.Text && b.Scope != keys.Always {
			continue
		}
		for _, k := range b.Keys {
			if len(k) == 1 || k == "space" {
				t.Errorf("%s would swallow the letter %q", b.Action, k)
			}
		}
	}
}

func TestLookup(t *testing.T) {
	m := keys.NewMap()
	tests := []struct {
		scope keys.Scope
		key   string
		want  keys.Action
	}{
		{keys.Walk, "c", keys.Commands},
		{keys.Walk, "j", keys.Down},
		{keys.Walk, "q", keys.Quit},
		{keys.Walk, "ctrl+c", keys.Interrupt},
		{keys.Confirm, "y", keys.Yes}, // not Copy
		{keys.Confirm, "q", ""},
		{keys.Text, "esc", keys.Leave}, // not Back
		{keys.Text, "q", ""},
		{keys.Text, "ctrl+c", keys.Interrupt},
		{keys.Symptoms, "a", ""},
		{keys.Symptoms, "esc", keys.Back},
	}
	for _, tt := range tests {
		if got, _ := m.Lookup(tt.scope, tt.key); got != tt.want {
			t.Errorf("%s in %s is %q, want %q", tt.key, tt.scope, got, tt.want)
		}
	}
}

func TestFooterIsShortAndLive(t *testing.T) {
	m := keys.NewMap()
	for _, s := range []keys.Scope{keys.Symptoms, keys.Instances, keys.Fleet, keys.FleetConsent, keys.Walk, keys.Guest, keys.Finding, keys.CLI, keys.HelpPage, keys.PlainPage, keys.Confirm, keys.Text} {
		rows := m.Footer(s)
		if len(rows) < 2 {
			t.Errorf("the footer of %s is empty", s)
		}
		for _, b := range rows {
			if a, ok := m.Lookup(s, b.Keys[0]); !ok || a != b.Action {
				t.Errorf("the footer of %s offers %s for %s, which does %q", s, b.Keys[0], b.Action, a)
			}
		}
	}
}

func TestHelpIsReachableFromEveryPage(t *testing.T) {
	m := keys.NewMap()
	for _, s := range []keys.Scope{keys.Symptoms, keys.Instances, keys.Fleet, keys.FleetConsent, keys.Walk, keys.Guest, keys.Finding, keys.CLI, keys.PlainPage} {
		if a, _ := m.Lookup(s, "?"); a != keys.Help {
			t.Errorf("? in %s is %q", s, a)
		}
	}
}

func TestMarkdownHasEveryKey(t *testing.T) {
	for _, l := range lang.All() {
		doc := keys.Markdown(l)
		for _, b := range keys.Table() {
			if !strings.Contains(doc, b.Long.In(l)) || !strings.Contains(doc, "`"+b.Keys[0]+"`") {
				t.Errorf("the documentation in %s lacks %s", l, b.Action)
			}
		}
		if got, want := strings.Count(doc, "\n"), len(keys.Table())+2; got != want {
			t.Errorf("%d lines for %d keys", got, want-2)
		}
	}
}

func TestNameUndoesFullWidth(t *testing.T) {
	for c := rune('!'); c <= '~'; c++ {
		wide := tea.KeyPressMsg{Code: c + 0xfee0, Text: string(c + 0xfee0)}
		if got := keys.Name(wide); got != string(c) {
			t.Errorf("%s is %q", wide.Text, got)
		}
		if keys.Composed(wide) {
			t.Errorf("%s is taken for kana", wide.Text)
		}
		if got := keys.Name(tea.KeyPressMsg{Code: c, Text: string(c)}); got != string(c) {
			t.Errorf("%c is %q", c, got)
		}
	}
	for k, want := range map[tea.KeyPressMsg]string{
		{Code: ' ', Text: " "}:                   "space",
		{Code: 0x3000, Text: "\u3000"}:           "space",
		{Code: tea.KeyTab, Mod: tea.ModShift}:    "shift+tab",
		{Code: 'c', Mod: tea.ModCtrl}:            "ctrl+c",
		{Code: tea.KeyEnter}:                     "enter",
		{Code: 'l', ShiftedCode: 'L', Text: "L"}: "L",
		{Code: tea.KeyPgDown}:                    "pgdown",
		{Code: tea.KeyEscape}:                    "esc",
	} {
		if got := keys.Name(k); got != want {
			t.Errorf("%v is %q, want %q", k, got, want)
		}
	}
}
