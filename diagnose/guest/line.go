package guest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf16"
)

const (
	// maxLine is how long a line may get before it is split: a list call of Run
	// Command shows 2,500 characters of an output.
	maxLine = 2400
	// pieceLen is how much of a value goes into one of several lines. Escaped, it
	// stays below maxLine: about one character in six is a quotation mark.
	pieceLen = 1700
)

// Line writes a block's answer as its script prints it, without the last line end:
// one line, or several where the value is long. value is the block's estate type
// (GuestIdentity, …). What Windows does not know, the clock's offset, is left out.
func Line(b Block, instance string, t time.Time, value any) string {
	d := ascii(plain(value))
	one := header(b, instance, t) + `,"d":` + d + "}"
	if len(one) <= maxLine {
		return one
	}
	var lines []string
	n := (len(d) + pieceLen - 1) / pieceLen
	for i := range n {
		piece := d[i*pieceLen : min((i+1)*pieceLen, len(d))]
		piece = strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(piece)
		lines = append(lines, fmt.Sprintf(`%s,"p":%d,"n":%d,"d":"%s"}`, header(b, instance, t), i+1, n, piece))
	}
	return strings.Join(lines, "\n")
}

// FailedLine writes the line of a block that could not answer: exception is a .NET
// type, hresult its code ("System.Management.Automation.CommandNotFoundException", 0x80131501).
func FailedLine(b Block, instance string, t time.Time, exception string, hresult uint32) string {
	return fmt.Sprintf(`%s,"e":"%s: 0x%08X"}`, header(b, instance, t), exception, hresult)
}

func header(b Block, instance string, t time.Time) string {
	return fmt.Sprintf(`%s{"b":"%s","i":"%s","t":"%s"`, marker, b, instance, t.UTC().Format(time.RFC3339))
}

// plain turns a guest value into what a script prints: an empty list is [], and
// nothing is null.
func plain(value any) map[string]any {
	b, err := json.Marshal(value)
	if err != nil {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var m map[string]any
	if d.Decode(&m) != nil {
		return nil
	}
	delete(m, "clock_offset")
	unread, _ := m["unread"].([]any)
	for k, v := range m {
		if v != nil {
			continue
		}
		// Only lists are written without omitempty; one that was not read is left out.
		m[k] = []any{}
		for _, u := range unread {
			if u == k {
				delete(m, k)
			}
		}
	}
	return m
}

// ascii writes JSON without a character outside of printable ASCII.
func ascii(v any) string {
	var buf bytes.Buffer
	e := json.NewEncoder(&buf)
	e.SetEscapeHTML(false)
	if e.Encode(v) != nil {
		return "null"
	}
	var out strings.Builder
	for _, r := range strings.TrimSuffix(buf.String(), "\n") {
		if r >= ' ' && r <= '~' {
			out.WriteRune(r)
			continue
		}
		for _, u := range utf16.Encode([]rune{r}) {
			fmt.Fprintf(&out, `\u%04x`, u)
		}
	}
	return out.String()
}
