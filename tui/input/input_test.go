package input_test

import (
	"testing"
	"unicode/utf8"

	tea "charm.land/bubbletea/v2"
	"pgregory.net/rapid"

	"github.com/monshin/monshin/tui/input"
	"github.com/monshin/monshin/tui/screen"
)

func TestKey(t *testing.T) {
	const shift, alt, ctrl = tea.ModShift, tea.ModAlt, tea.ModCtrl
	app, pad := screen.Modes{CursorKeys: true}, screen.Modes{Keypad: true}
	tests := []struct {
		name string
		key  tea.Key
		mode screen.Modes
		want string
	}{
		{"letter", tea.Key{Code: 'a', Text: "a"}, screen.Modes{}, "a"},
		{"capital", tea.Key{Code: 'a', Text: "A", Mod: shift}, screen.Modes{}, "A"},
		{"capital by caps lock", tea.Key{Code: 'a', Text: "A", Mod: tea.ModCapsLock}, screen.Modes{}, "A"},
		{"letter with num lock", tea.Key{Code: 'a', Text: "a", Mod: tea.ModNumLock}, screen.Modes{}, "a"},
		{"symbol", tea.Key{Code: '1', Text: "!", Mod: shift}, screen.Modes{}, "!"},
		{"space", tea.Key{Code: ' ', Text: " "}, screen.Modes{}, " "},
		{"yen sign", tea.Key{Code: '¥', Text: "¥"}, screen.Modes{}, "¥"},
		{"kana", tea.Key{Code: 'あ', Text: "あ"}, screen.Modes{}, "あ"},
		{"half-width cluster", tea.Key{Code: tea.KeyExtended, Text: "ｶﾞ"}, screen.Modes{}, "ｶﾞ"},
		{"decomposed kana", tea.Key{Code: tea.KeyExtended, Text: "か\u3099"}, screen.Modes{}, "か\u3099"},
		{"a sentence of an input method", tea.Key{Code: tea.KeyExtended, Text: "接続できません。"}, screen.Modes{}, "接続できません。"},
		{"full-width letter stays", tea.Key{Code: 'ａ', Text: "ａ"}, screen.Modes{}, "ａ"},
		{"AltGr", tea.Key{Code: 'q', Text: "@", Mod: ctrl | alt}, screen.Modes{}, "@"},
		{"held down", tea.Key{Code: tea.KeyUp, IsRepeat: true}, screen.Modes{}, "\x1b[A"},

		{"ctrl+c", tea.Key{Code: 'c', Mod: ctrl}, screen.Modes{}, "\x03"},
		{"ctrl+z", tea.Key{Code: 'z', Mod: ctrl}, screen.Modes{}, "\x1a"},
		{"ctrl+shift+c", tea.Key{Code: 'c', Mod: ctrl | shift}, screen.Modes{}, "\x03"},
		{"ctrl+c with caps lock", tea.Key{Code: 'c', Mod: ctrl | tea.ModCapsLock}, screen.Modes{}, "\x03"},
		{"ctrl+space", tea.Key{Code: ' ', Mod: ctrl}, screen.Modes{}, "\x00"},
		{"ctrl+@", tea.Key{Code: '@', Mod: ctrl}, screen.Modes{}, "\x00"},
		{"ctrl+[", tea.Key{Code: '[', Mod: ctrl}, screen.Modes{}, "\x1b"},
		{"ctrl+]", tea.Key{Code: ']', Mod: ctrl}, screen.Modes{}, "\x1d"},
		{"ctrl+/", tea.Key{Code: '/', Mod: ctrl}, screen.Modes{}, "\x1f"},
		{"ctrl+_", tea.Key{Code: '_', Mod: ctrl}, screen.Modes{}, "\x1f"},
		{"ctrl+あ", tea.Key{Code: 'あ', Mod: ctrl}, screen.Modes{}, ""},
		{"alt+f", tea.Key{Code: 'f', Mod: alt}, screen.Modes{}, "\x1bf"},
		{"alt+F", tea.Key{Code: 'f', Mod: alt | shift}, screen.Modes{}, "\x1bF"},
		{"alt+F as kitty tells it", tea.Key{Code: 'f', ShiftedCode: 'F', Mod: alt | shift}, screen.Modes{}, "\x1bF"},
		{"meta+f", tea.Key{Code: 'f', Mod: tea.ModMeta}, screen.Modes{}, "\x1bf"},
		{"ctrl+alt+a", tea.Key{Code: 'a', Mod: ctrl | alt}, screen.Modes{}, "\x1b\x01"},

		{"enter", tea.Key{Code: tea.KeyEnter}, screen.Modes{}, "\r"},
		{"shift+enter", tea.Key{Code: tea.KeyEnter, Mod: shift}, screen.Modes{}, "\r"},
		{"enter in new line mode", tea.Key{Code: tea.KeyEnter}, screen.Modes{Newline: true}, "\r\n"},
		{"alt+enter", tea.Key{Code: tea.KeyEnter, Mod: alt}, screen.Modes{}, "\x1b\r"},
		{"tab", tea.Key{Code: tea.KeyTab}, screen.Modes{}, "\t"},
		{"shift+tab", tea.Key{Code: tea.KeyTab, Mod: shift}, screen.Modes{}, "\x1b[Z"},
		{"backspace", tea.Key{Code: tea.KeyBackspace}, screen.Modes{}, "\x7f"},
		{"ctrl+backspace", tea.Key{Code: tea.KeyBackspace, Mod: ctrl}, screen.Modes{}, "\b"},
		{"escape", tea.Key{Code: tea.KeyEscape}, screen.Modes{}, "\x1b"},

		{"up", tea.Key{Code: tea.KeyUp}, screen.Modes{}, "\x1b[A"},
		{"up for an application", tea.Key{Code: tea.KeyUp}, app, "\x1bOA"},
		{"home for an application", tea.Key{Code: tea.KeyHome}, app, "\x1bOH"},
		{"ctrl+left", tea.Key{Code: tea.KeyLeft, Mod: ctrl}, screen.Modes{}, "\x1b[1;5D"},
		{"ctrl+left for an application", tea.Key{Code: tea.KeyLeft, Mod: ctrl}, app, "\x1b[1;5D"},
		{"shift+end", tea.Key{Code: tea.KeyEnd, Mod: shift}, screen.Modes{}, "\x1b[1;2F"},
		{"alt+right", tea.Key{Code: tea.KeyRight, Mod: alt}, screen.Modes{}, "\x1b[1;3C"},
		{"all of them", tea.Key{Code: tea.KeyDown, Mod: shift | alt | ctrl}, screen.Modes{}, "\x1b[1;8B"},
		{"delete", tea.Key{Code: tea.KeyDelete}, screen.Modes{}, "\x1b[3~"},
		{"ctrl+delete", tea.Key{Code: tea.KeyDelete, Mod: ctrl}, screen.Modes{}, "\x1b[3;5~"},
		{"page up", tea.Key{Code: tea.KeyPgUp}, screen.Modes{}, "\x1b[5~"},
		{"F1", tea.Key{Code: tea.KeyF1}, screen.Modes{}, "\x1bOP"},
		{"F1 for an application", tea.Key{Code: tea.KeyF1}, app, "\x1bOP"},
		{"shift+F4", tea.Key{Code: tea.KeyF4, Mod: shift}, screen.Modes{}, "\x1b[1;2S"},
		{"F5", tea.Key{Code: tea.KeyF5}, screen.Modes{}, "\x1b[15~"},
		{"F12", tea.Key{Code: tea.KeyF12}, screen.Modes{}, "\x1b[24~"},
		{"ctrl+F12", tea.Key{Code: tea.KeyF12, Mod: ctrl}, screen.Modes{}, "\x1b[24;5~"},

		{"keypad with its text", tea.Key{Code: tea.KeyKp5, Text: "5"}, screen.Modes{}, "5"},
		{"keypad without", tea.Key{Code: tea.KeyKp5}, screen.Modes{}, "5"},
		{"keypad for an application", tea.Key{Code: tea.KeyKp5}, pad, "\x1bOu"},
		{"keypad enter", tea.Key{Code: tea.KeyKpEnter}, screen.Modes{}, "\r"},
		{"keypad enter for an application", tea.Key{Code: tea.KeyKpEnter}, pad, "\x1bOM"},
		{"keypad up", tea.Key{Code: tea.KeyKpUp}, screen.Modes{}, "\x1b[A"},

		{"caps lock itself", tea.Key{Code: tea.KeyCapsLock}, screen.Modes{}, ""},
		{"shift itself", tea.Key{Code: tea.KeyLeftShift, Mod: shift}, screen.Modes{}, ""},
		{"volume", tea.Key{Code: tea.KeyMute}, screen.Modes{}, ""},
		{"nothing", tea.Key{}, screen.Modes{}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := string(input.Key(tt.key, tt.mode)); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

// TestEveryTextIsTyped: whatever an input method makes arrives, whole.
func TestEveryTextIsTyped(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[あ-んア-ンｦ-ﾟ一-龠a-zA-Z0-9!-/ 　、。]{1,12}`).Draw(t, "text")
		r, _ := utf8.DecodeRuneInString(text)
		k := tea.Key{Text: text, Code: rapid.SampledFrom([]rune{r, tea.KeyExtended, 'a', 0}).Draw(t, "code"),
			Mod: rapid.SampledFrom([]tea.KeyMod{0, tea.ModShift, tea.ModCapsLock, tea.ModNumLock | tea.ModShift}).Draw(t, "mod")}
		if got := string(input.Key(k, screen.Modes{CursorKeys: true})); got != text {
			t.Fatalf("%+v sends %q", k, got)
		}
	})
}

func TestPasted(t *testing.T) {
	marked := screen.Modes{BracketedPaste: true}
	tests := []struct {
		name, in string
		mode     screen.Modes
		want     string
		lines    int
		runs     bool
		dropped  int
	}{
		{"a line", "slmgr /dlv", screen.Modes{}, "slmgr /dlv", 1, false, 0},
		{"a line, marked", "slmgr /dlv", marked, "\x1b[200~slmgr /dlv\x1b[201~", 1, false, 0},
		{"with a line end", "slmgr /ato\n", screen.Modes{}, "slmgr /ato\r", 1, true, 0},
		{"lines of Windows", "a\r\nb\r\nc", screen.Modes{}, "a\rb\rc", 3, true, 0},
		{"lines of old", "a\rb", screen.Modes{}, "a\rb", 2, true, 0},
		{"hidden line ends", "a\u2028b\u0085c", screen.Modes{}, "a\rb\rc", 3, true, 0},
		{"tabs stay", "a\tb", screen.Modes{}, "a\tb", 1, false, 0},
		{"Japanese", "ホスト名 ｶﾞ", marked, "\x1b[200~ホスト名 ｶﾞ\x1b[201~", 1, false, 0},
		{"the end of a paste inside", "a\x1b[201~\x03rm", marked, "\x1b[200~a[201~rm\x1b[201~", 1, false, 2},
		{"C1 controls and directions", "a\u009b201~\u202eb", marked, "\x1b[200~a201~b\x1b[201~", 1, false, 2},
		{"nothing", "", marked, "", 1, false, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := input.Pasted(tt.in)
			if got := string(p.Bytes(tt.mode)); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
			if p.Lines != tt.lines || p.Runs != tt.runs || p.Dropped != tt.dropped {
				t.Errorf("%d lines, runs %v, %d dropped", p.Lines, p.Runs, p.Dropped)
			}
		})
	}
}
