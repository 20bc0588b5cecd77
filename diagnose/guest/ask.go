package guest

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"

	"github.com/monshin/monshin/diagnose/estate"
)

const (
	// askMarker starts the one line that somebody sends back.
	askMarker = "MONSHIN1A "
	// maxCode bounds its base64. The longest answer packs to some 4 kB.
	maxCode = 256 << 10
)

// AskScript is the same as Script for somebody who pastes it into a PowerShell
// window as an administrator: it leaves the window open and as it was, and prints one
// line, "MONSHIN1A <length> <base64 of gzip of the answer's lines>", which it also puts
// on the clipboard where there is one. ReadLine reads that line.
func AskScript(keys []estate.Key) (string, error) {
	r, err := RequestFor(keys)
	if err != nil {
		return "", err
	}
	var s strings.Builder
	// A scope of its own: nothing of the script stays in the window.
	s.WriteString("& {\n")
	s.WriteString(Prelude())
	s.WriteByte('\n')
	s.WriteString(text("ask-begin"))
	r.blocks(&s)
	s.WriteByte('\n')
	s.WriteString(text("pack"))
	s.WriteString(text("ask-end"))
	s.WriteString("}\n")
	return s.String(), nil
}

// AskLine packs an answer's lines into the line that AskScript prints.
func AskLine(lines string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	// Writes to a buffer do not fail.
	_, _ = z.Write([]byte(lines))
	_ = z.Close()
	code := base64.StdEncoding.EncodeToString(b.Bytes())
	return askMarker + strconv.Itoa(len(code)) + " " + code
}

// ReadLine reads the line that AskScript printed, as somebody sent it: wrapped,
// quoted, with a prompt around it, in UTF-16. It says how much of a line is missing,
// and refuses one that was altered on the way. Without such a line it tries the
// lines of Script, since the other script's output may have been sent.
func ReadLine(line string) (Answer, error) {
	if len(line) > maxOutput {
		return Answer{}, fmt.Errorf("the text has %d bytes: more than %d cannot be an answer", len(line), maxOutput)
	}
	line = string(narrow([]byte(line)))
	// The last one: what stands before may be the script itself, pasted along.
	i := strings.LastIndex(line, askMarker)
	for ; i >= 0; i = strings.LastIndex(line[:i], askMarker) {
		if rest := line[i+len(askMarker):]; rest != "" && rest[0] >= '0' && rest[0] <= '9' {
			return unpack(rest)
		}
	}
	if start.MatchString(line) {
		return Read([]byte(line))
	}
	return Answer{}, fmt.Errorf("the text holds no answer: it has no line that starts with %q", askMarker)
}

// unpack reads "<length> <base64>", whatever follows.
func unpack(s string) (Answer, error) {
	digits, rest, _ := strings.Cut(s, " ")
	n, err := strconv.Atoi(digits)
	if err != nil || n < 4 || n > maxCode {
		return Answer{}, fmt.Errorf("the answer's line is damaged: %.12q is not a length", digits)
	}
	code := make([]byte, 0, n)
	for _, r := range rest {
		if len(code) == n {
			break
		}
		switch {
		case unicode.IsSpace(r), r == '>', r == '|', unicode.Is(unicode.Cf, r):
			// A wrap, a mail's quotation mark, an invisible character.
		case r < 0x80 && (r == '+' || r == '/' || r == '=' || unicode.IsLetter(r) || unicode.IsDigit(r)):
			code = append(code, byte(r))
		default:
			return Answer{}, fmt.Errorf("the answer's line is damaged: %q after %d of %d characters does not belong there", r, len(code), n)
		}
	}
	if len(code) < n {
		return Answer{}, fmt.Errorf("the answer's line was cut: %d of %d characters arrived", len(code), n)
	}
	packed, err := base64.StdEncoding.Strict().DecodeString(string(code))
	if err != nil {
		return Answer{}, fmt.Errorf("the answer's line was altered on the way: %w", err)
	}
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return Answer{}, fmt.Errorf("the answer's line was altered on the way: %w", err)
	}
	// One byte more than Read takes, so that a bomb is told from a full answer.
	lines, err := io.ReadAll(io.LimitReader(z, maxOutput+1))
	if err != nil {
		return Answer{}, fmt.Errorf("the answer's line was altered on the way: %w", err)
	}
	return Read(lines)
}
