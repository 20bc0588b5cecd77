package windows

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// stroke is one key as a terminal sends it: text, or one of the keys below.
type stroke struct {
	key  key
	text rune // of keyText
}

type key int

const (
	keyText key = iota
	keyEnter
	keyBackspace
	keyDelete
	keyLeft
	keyRight
	keyUp
	keyDown
	keyHome
	keyEnd
	keyEscape
	keyInterrupt // ctrl+c
	keyClear     // ctrl+l
	keyUnknown   // a control that the prompt has no use for
)

// keyReader makes strokes of the bytes of a terminal: UTF-8 and VT sequences, cut
// anywhere. An escape is a key of its own only once the byte after it shows that it
// begins no sequence: a cut between two messages of the channel looks the same.
type keyReader struct {
	held  []byte // the beginning of a character, or of a sequence after its escape
	state readState
	cr    bool // the last byte was a carriage return
}

type readState int

const (
	readGround readState = iota
	readEscape
	readControl // after ESC [
	readSingle  // after ESC O
)

// longestSequence is far more than any key's; what is longer is no key.
const longestSequence = 32

// read adds a byte and returns the strokes that are complete with it.
func (k *keyReader) read(b byte) []stroke {
	after := k.cr
	k.cr = false
	switch k.state {
	case readEscape:
		switch b {
		case '[':
			k.state = readControl
			return nil
		case 'O':
			k.state = readSingle
			return nil
		}
		k.state = readGround
		return append([]stroke{{key: keyEscape}}, k.read(b)...)
	case readControl:
		switch {
		case b < ' ':
			k.reset()
			return k.read(b)
		case b >= '@' && b <= '~':
			s := sequence(string(k.held), b)
			k.reset()
			return []stroke{s}
		case len(k.held) == longestSequence:
			k.reset()
			return nil
		}
		k.held = append(k.held, b)
		return nil
	case readSingle:
		k.reset()
		return []stroke{sequence("", b)}
	}
	if b < ' ' || b == 0x7f {
		k.held = k.held[:0] // an unfinished character is none
		return k.control(b, after)
	}
	k.held = append(k.held, b)
	var out []stroke
	for len(k.held) > 0 && utf8.FullRune(k.held) {
		r, n := utf8.DecodeRune(k.held)
		k.held = append(k.held[:0], k.held[n:]...)
		if r != utf8.RuneError || n > 1 {
			out = append(out, stroke{key: keyText, text: r})
		}
	}
	return out
}

func (k *keyReader) reset() { k.state, k.held = readGround, k.held[:0] }

func (k *keyReader) control(b byte, afterReturn bool) []stroke {
	switch b {
	case 0x1b:
		k.state = readEscape
		return nil
	case '\r':
		k.cr = true
		return []stroke{{key: keyEnter}}
	case '\n':
		if afterReturn {
			return nil // one line end, in the way of Windows
		}
		return []stroke{{key: keyEnter}}
	case 0x7f, '\b':
		return []stroke{{key: keyBackspace}}
	case 3:
		return []stroke{{key: keyInterrupt}}
	case 12:
		return []stroke{{key: keyClear}}
	}
	return []stroke{{key: keyUnknown}}
}

// sequence is the key of a control sequence. Modifiers make no difference to this
// prompt, and the marks of a bracketed paste are no keys.
func sequence(parameters string, final byte) stroke {
	keys := map[byte]key{'A': keyUp, 'B': keyDown, 'C': keyRight, 'D': keyLeft, 'H': keyHome, 'F': keyEnd}
	if final == '~' {
		first, _, _ := strings.Cut(parameters, ";")
		n, err := strconv.Atoi(first)
		if err != nil {
			return stroke{key: keyUnknown}
		}
		switch n {
		case 1, 7:
			return stroke{key: keyHome}
		case 4, 8:
			return stroke{key: keyEnd}
		case 3:
			return stroke{key: keyDelete}
		}
		return stroke{key: keyUnknown}
	}
	if k, ok := keys[final]; ok {
		return stroke{key: k}
	}
	return stroke{key: keyUnknown}
}
