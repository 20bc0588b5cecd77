// Package input makes of keys and pasted text what a shell expects to read.
package input

import (
	"strconv"
	"strings"
	"unicode"

	tea "charm.land/bubbletea/v2"

	"github.com/monshin/monshin/tui/screen"
)

// Key is what a key press sends, nil where the key means nothing to a shell. The
// sequences are xterm's (ctlseqs, "PC-Style Function Keys"), which the console of
// Windows reads as well.
func Key(k tea.Key, m screen.Modes) []byte {
	mod := k.Mod & (tea.ModShift | tea.ModAlt | tea.ModCtrl | tea.ModMeta)
	if mod&tea.ModMeta != 0 {
		mod = mod&^tea.ModMeta | tea.ModAlt
	}
	const both = tea.ModCtrl | tea.ModAlt
	if k.Text != "" && (mod&both == 0 || mod&both == both && k.Text != string(k.Code)) {
		// Whatever the key was, the text is what was typed: capitals, symbols, what an
		// input method made, of however many characters. Ctrl and alt together with
		// another text than the key's are AltGr.
		return []byte(clean(k.Text))
	}
	if b := named(k.Code, mod, m); b != nil {
		return b
	}
	text := k.Text
	if text == "" {
		if !unicode.IsPrint(k.Code) || k.Code > unicode.MaxRune {
			return nil
		}
		text = string(k.Code)
		if mod&tea.ModShift != 0 && k.ShiftedCode != 0 {
			text = string(k.ShiftedCode)
		} else if mod&(tea.ModShift|tea.ModCtrl) == tea.ModShift {
			text = strings.ToUpper(text)
		}
	}
	if mod&tea.ModCtrl != 0 {
		b, ok := control(text)
		if !ok {
			return nil
		}
		text = string(rune(b))
	} else {
		text = clean(text)
	}
	if mod&tea.ModAlt != 0 {
		text = "\x1b" + text
	}
	return []byte(text)
}

// clean takes control characters out: a key's text has none of its own.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, s)
}

// control is what ctrl makes of a character, as the VT220 has it.
func control(s string) (byte, bool) {
	if len(s) != 1 {
		return 0, false
	}
	switch c := s[0]; {
	case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '[' && c <= '_', c == '@':
		return c & 0x1f, true
	case c == ' ', c == '2':
		return 0, true
	case c >= '3' && c <= '7':
		return c - '3' + 0x1b, true
	case c == '8', c == '?':
		return 0x7f, true
	case c == '/', c == '-':
		return 0x1f, true
	}
	return 0, false
}

// named is what a key without a text of its own sends.
func named(code rune, mod tea.KeyMod, m screen.Modes) []byte {
	alt := ""
	if mod&tea.ModAlt != 0 {
		alt = "\x1b"
	}
	switch code {
	case tea.KeyEnter, tea.KeyKpEnter:
		if code == tea.KeyKpEnter && m.Keypad && mod == 0 {
			return []byte("\x1bOM")
		}
		if m.Newline {
			return []byte(alt + "\r\n")
		}
		return []byte(alt + "\r")
	case tea.KeyTab:
		if mod&tea.ModShift != 0 {
			return []byte(alt + "\x1b[Z")
		}
		return []byte(alt + "\t")
	case tea.KeyBackspace:
		if mod&tea.ModCtrl != 0 {
			return []byte(alt + "\b") // the console of Windows takes a word back
		}
		return []byte(alt + "\x7f")
	case tea.KeyEscape:
		return []byte(alt + "\x1b")
	}
	if r, ok := keypad[code]; ok {
		if m.Keypad && mod == 0 {
			return []byte{0x1b, 'O', r + 0x40} // as SS3: 0 is p, + is k
		}
		if mod&tea.ModCtrl != 0 {
			return nil
		}
		return []byte(alt + string(rune(r)))
	}
	if f, ok := letters[code]; ok {
		switch {
		case mod != 0:
			return []byte("\x1b[1;" + modifier(mod) + string(f))
		case m.CursorKeys, f >= 'P' && f <= 'S':
			return []byte("\x1bO" + string(f))
		}
		return []byte("\x1b[" + string(f))
	}
	if n, ok := numbers[code]; ok {
		if mod != 0 {
			return []byte("\x1b[" + strconv.Itoa(n) + ";" + modifier(mod) + "~")
		}
		return []byte("\x1b[" + strconv.Itoa(n) + "~")
	}
	return nil
}

// modifier is xterm's number for shift, alt and ctrl.
func modifier(mod tea.KeyMod) string {
	n := 1
	if mod&tea.ModShift != 0 {
		n++
	}
	if mod&tea.ModAlt != 0 {
		n += 2
	}
	if mod&tea.ModCtrl != 0 {
		n += 4
	}
	return strconv.Itoa(n)
}

// keypad holds the keys that send a character, or SS3 and a letter. The letter is
// the character 0x40 further on (xterm's ctlseqs, "VT220-Style Function Keys").
var keypad = map[rune]byte{
	tea.KeyKp0: '0', tea.KeyKp1: '1', tea.KeyKp2: '2', tea.KeyKp3: '3', tea.KeyKp4: '4',
	tea.KeyKp5: '5', tea.KeyKp6: '6', tea.KeyKp7: '7', tea.KeyKp8: '8', tea.KeyKp9: '9',
	tea.KeyKpMultiply: '*', tea.KeyKpPlus: '+', tea.KeyKpComma: ',', tea.KeyKpSep: ',',
	tea.KeyKpMinus: '-', tea.KeyKpDecimal: '.', tea.KeyKpDivide: '/', tea.KeyKpEqual: '=',
}

// letters hold the keys whose sequence ends in a letter.
var letters = map[rune]rune{
	tea.KeyUp: 'A', tea.KeyDown: 'B', tea.KeyRight: 'C', tea.KeyLeft: 'D', tea.KeyBegin: 'E',
	tea.KeyEnd: 'F', tea.KeyHome: 'H',
	tea.KeyKpUp: 'A', tea.KeyKpDown: 'B', tea.KeyKpRight: 'C', tea.KeyKpLeft: 'D', tea.KeyKpBegin: 'E',
	tea.KeyKpEnd: 'F', tea.KeyKpHome: 'H',
	tea.KeyF1: 'P', tea.KeyF2: 'Q', tea.KeyF3: 'R', tea.KeyF4: 'S',
}

// numbers hold the keys whose sequence ends in a tilde. 16, 22, 27 and 30 were
// left out on the VT220's keyboard.
var numbers = map[rune]int{
	tea.KeyFind: 1, tea.KeyInsert: 2, tea.KeyDelete: 3, tea.KeySelect: 4, tea.KeyPgUp: 5, tea.KeyPgDown: 6,
	tea.KeyKpInsert: 2, tea.KeyKpDelete: 3, tea.KeyKpPgUp: 5, tea.KeyKpPgDown: 6,
	tea.KeyF5: 15, tea.KeyF6: 17, tea.KeyF7: 18, tea.KeyF8: 19, tea.KeyF9: 20, tea.KeyF10: 21,
	tea.KeyF11: 23, tea.KeyF12: 24, tea.KeyF13: 25, tea.KeyF14: 26, tea.KeyF15: 28, tea.KeyF16: 29,
	tea.KeyF17: 31, tea.KeyF18: 32, tea.KeyF19: 33, tea.KeyF20: 34,
}
