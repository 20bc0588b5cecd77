package guest

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// wrap breaks a line as a mail program does.
func wrap(s string, width int, with string) string {
	var b strings.Builder
	for len(s) > width {
		b.WriteString(s[:width] + with)
		s = s[width:]
	}
	return b.String() + s
}

func TestReadLine(t *testing.T) {
	want, err := Read([]byte(output()))
	if err != nil {
		t.Fatal(err)
	}
	line := AskLine(output())
	ask, err := AskScript(keys())
	if err != nil {
		t.Fatal(err)
	}
	for name, in := range map[string]string{
		"as it is":                 line,
		"with a line end":          line + "\r\n",
		"a prompt after it":        line + "\nPS C:\\Users\\Administrator> ",
		"a prompt after a space":   line + " PS C:\\>",
		"a greeting before it":     "お世話になっております。\n結果です。\n\n" + line + "\n\nよろしくお願いいたします。",
		"wrapped":                  wrap(line, 76, "\n"),
		"wrapped by Windows":       wrap(line, 120, "\r\n"),
		"wrapped and quoted":       "> " + wrap(line, 76, "\r\n> "),
		"wrapped, no-break spaces": wrap(line, 76, "\u00a0\n\u200b"),
		"the script before it":     ask + "\n" + line,
		"UTF-16":                   string(wide(line, binary.LittleEndian, []byte{0xff, 0xfe})),
		"the other script's lines": output(),
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ReadLine(in)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestReadLineRefuses(t *testing.T) {
	line := AskLine(output())
	code := line[strings.LastIndex(line, " ")+1:]
	pack := func(b []byte) string {
		c := base64.StdEncoding.EncodeToString(b)
		return fmt.Sprintf("%s%d %s", askMarker, len(c), c)
	}
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	for range 64 {
		if _, err := z.Write(make([]byte, 1<<20)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	// A letter in the middle becomes its neighbour.
	altered := []byte(line)
	altered[len(altered)/2] ^= 1
	if c := altered[len(altered)/2]; c == '@' || c == '[' || c == '`' || c == '{' {
		altered[len(altered)/2] = 'A'
	}
	for name, c := range map[string]struct{ line, says string }{
		"nothing":         {"", "no answer"},
		"something else":  {"ファイルが見つかりません", "no answer"},
		"the marker only": {"MONSHIN1A ", "no answer"},
		"the script":      {text("ask-end"), "no answer"},
		"cut":             {line[:len(line)-40], fmt.Sprintf("%d of %d", len(code)-40, len(code))},
		"altered":         {string(altered), "altered"},
		"a hole":          {line[:60] + "…" + line[61:], "does not belong"},
		"no length":       {"MONSHIN1A 99999999999999999999 " + code, "length"},
		"too long":        {"MONSHIN1A 999999999 " + code, "length"},
		"no gzip":         {pack([]byte("plain text")), "altered"},
		"a bomb":          {pack(bomb.Bytes()), "bytes"},
		"packed nothing":  {AskLine(""), "no answer"},
		"packed noise":    {AskLine("hello"), "no answer"},
		"an endless text": {strings.Repeat("x", maxOutput+1), "bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			a, err := ReadLine(c.line)
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v %+v", err, a)
			}
		})
	}
}

// However much of a line arrives, it is read whole or refused.
func TestReadLineCutAnywhere(t *testing.T) {
	line := AskLine(answers()[Launch])
	for i := range len(line) {
		if a, err := ReadLine(line[:i]); err == nil {
			t.Fatalf("%d of %d characters were an answer: %+v", i, len(line), a)
		}
	}
}
