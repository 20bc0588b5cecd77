package shell

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/monshin/monshin/diagnose/cloud"
	"github.com/monshin/monshin/diagnose/lang"
)

// Masked writes a recording without what looks like a secret, as exports do. Output
// is judged by the line, however many events it came in: a command that is typed
// comes back letter by letter. A line in which something is hidden loses its colours
// and comes as a whole, at the time of its end; the others stay as they are.
func Masked(dst io.Writer, src io.Reader) error {
	m := &masker{dst: dst}
	err := Events(src, m.head, func(e Event) error {
		if e.Code == "o" {
			return m.output(e)
		}
		e.Data = []byte(cloud.Mask(string(e.Data)))
		m.others = append(m.others, e)
		if len(m.line) == 0 {
			return m.flush()
		}
		return nil
	})
	if err != nil {
		return err
	}
	return m.flush()
}

// maxLine is how long a line may be that is judged as a whole; a longer one is
// judged in pieces, which overlap in nothing.
const maxLine = 64 << 10

type masker struct {
	dst    io.Writer
	line   []Event // the events of the line that is not over
	length int
	others []Event // sizes and marks within it
	key    bool    // within a private key
	err    error
}

func (m *masker) head(h Head) error {
	m.put(header{Version: 2, Width: h.Cols, Height: h.Rows, Timestamp: h.Begun.Unix(), Title: cloud.Mask(h.Title)})
	return m.err
}

// output takes the pieces of an event, one for each line of which it has some.
func (m *masker) output(e Event) error {
	for b := e.Data; len(b) > 0; {
		n := bytes.IndexByte(b, '\n') + 1
		over := n > 0
		if !over {
			n = len(b)
		}
		m.line = append(m.line, Event{e.At, e.Code, b[:n]})
		m.length += n
		b = b[n:]
		if over || m.length > maxLine {
			if err := m.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

// flush judges a line and writes it.
func (m *masker) flush() error {
	var raw []byte
	var last time.Duration
	for _, e := range m.line {
		raw = append(raw, e.Data...)
		last = e.At
	}
	plain := Plain(raw)
	masked := cloud.Mask(plain)
	begins, ends := strings.Contains(plain, "-----BEGIN") && strings.Contains(plain, "PRIVATE KEY"), strings.Contains(plain, "-----END")
	if m.key || begins {
		masked = "********"
		m.key = !ends
	}
	switch {
	case masked != plain:
		end := ""
		if bytes.HasSuffix(raw, []byte("\n")) {
			end = "\r\n"
		}
		m.event(Event{last, "o", []byte(strings.TrimRight(masked, " \r\n") + end)})
	default:
		for _, e := range m.line {
			m.event(e)
		}
	}
	for _, e := range m.others {
		m.event(e)
	}
	m.line, m.others, m.length = m.line[:0], m.others[:0], 0
	return m.err
}

func (m *masker) event(e Event) {
	m.put([]any{seconds(e.At), e.Code, strings.ToValidUTF8(string(e.Data), "\uFFFD")})
}

// put writes a line, unless one before it could not be written.
func (m *masker) put(v any) {
	b, err := json.Marshal(v)
	if err == nil && m.err == nil {
		_, err = m.dst.Write(append(lang.CleanJSON(b), '\n'))
	}
	if m.err == nil {
		m.err = err
	}
}

// sequences are what of a terminal's output is no text.
var sequences = regexp.MustCompile(`\x1b\[[0-?]*[ -/]*[@-~]|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[ -/]*[0-~]|[\x00-\x07\x0b-\x1f\x7f]`)

// Plain is the text of a line of output: without colours and the like, and with what
// moves the cursor to another place as a space, since two things that stand in
// different places are not one word. Backspaces take back what they took back.
func Plain(b []byte) string {
	s := sequences.ReplaceAllStringFunc(strings.ToValidUTF8(string(b), "\uFFFD"), func(q string) string {
		if strings.HasPrefix(q, "\x1b[") && strings.ContainsAny(q[len(q)-1:], "ABCDEFGHdf") || q == "\r" {
			return " "
		}
		return ""
	})
	if !strings.Contains(s, "\b") {
		return strings.TrimRight(s, " ")
	}
	var out []rune
	for _, r := range s {
		if r != '\b' {
			out = append(out, r)
		} else if len(out) > 0 && out[len(out)-1] != '\n' {
			out = out[:len(out)-1]
		}
	}
	return strings.TrimRight(string(out), " ")
}

// MaskedFile writes the masked copy of a recording beside it and returns its digest.
func MaskedFile(path, masked string) (sha string, err error) {
	in, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer in.Close()
	out, err := os.OpenFile(masked, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	err = Masked(io.MultiWriter(out, sum), in)
	if err == nil {
		err = out.Sync()
	}
	if e := out.Close(); err == nil {
		err = e
	}
	if err != nil {
		_ = os.Remove(masked) // half a copy is none
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
