package screen_test

import (
	"bytes"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/monshin/monshin/tui/screen"
)

// TestAFloodEndsAsIfDrawn writes the same output at once, where the screen may pass
// over what nobody will see, and in small pieces, where it may not.
func TestAFloodEndsAsIfDrawn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var b bytes.Buffer
		for j := range rapid.IntRange(0, 12000).Draw(t, "numbered") {
			fmt.Fprintf(&b, "row %d\r\n", j)
		}
		for i := range rapid.IntRange(1, 6).Draw(t, "parts") {
			n := rapid.IntRange(1, 4000).Draw(t, "lines")
			line := rapid.SampledFrom([]string{
				"y\r\n", "\x1b[32mok\x1b[m 日本語 %d\r\n", "%d \x1b[1;3%dm\r\n", "long " + strings.Repeat("テスト", 9) + "%d\r\n", "no return %d\n", "tab\t%d\b\r\n",
			}).Draw(t, "line")
			for j := range n {
				if strings.Contains(line, "%") {
					fmt.Fprintf(&b, line, append([]any{j}, j%8)[:strings.Count(line, "%")]...)
				} else {
					b.WriteString(line)
				}
			}
			b.WriteString(rapid.SampledFrom([]string{
				"", "\x1b[2;3HX", "\x1b[H\x1b[2J", "\x1b[1;2r", "\x1b[r", "\x1b[41m", "\x1b[4h", "\x1b[4l", "\x1b]0;open", "\a", "\x1b[?1049h", "\x1b[?1049l", "か", "\xe3\x81", "PS> ",
			}).Draw(t, fmt.Sprint("between", i)))
		}
		o := screen.Options{Width: rapid.IntRange(2, 30).Draw(t, "w"), Height: rapid.IntRange(1, 8).Draw(t, "h"), Scrollback: rapid.IntRange(1, 40).Draw(t, "keep")}
		start := rapid.SampledFrom([]string{"", "old\r\nrows\r\nhere\x1b[H", "\x1b[3;4Hx"}).Draw(t, "start")
		endsAsIfDrawn(t, o, start, b.Bytes())
	})
}

// TestFloods are the ones a chance may miss.
func TestFloods(t *testing.T) {
	numbered := func(line string) []byte {
		var b bytes.Buffer
		for j := range 20000 {
			fmt.Fprintf(&b, line, j)
		}
		return b.Bytes()
	}
	for name, p := range map[string][]byte{
		"numbered":           numbered("%d\r\n"),
		"without returns":    numbered("row %d\n"),
		"on one row":         numbered("\rrow %d"),
		"one line":           numbered("%d"),
		"colours":            numbered("\x1b[1;4%[1]dm%[1]d\r\n"),
		"with a bell":        append(numbered("%d\r\n"), numbered("\a%d\r\n")...),
		"into a title":       append(numbered("%d\r\n"), numbered("\x1b]0;%d\r\n")...),
		"into half a letter": append(numbered("%d\r\n"), "\xe6\x97"...),
	} {
		t.Run(name, func(t *testing.T) {
			for _, start := range []string{"", "old\r\nrows\r\nhere\x1b[H", "\xe6\x97", "\x1b[2;3r", "\x1b[?1049h", "\x1b]0;"} {
				endsAsIfDrawn(t, screen.Options{Width: 17, Height: 4, Scrollback: 6}, start, p)
			}
		})
	}
}

func endsAsIfDrawn(t interface {
	Helper()
	Fatalf(string, ...any)
}, o screen.Options, start string, p []byte) {
	t.Helper()
	once, drawn := screen.New(o), screen.New(o)
	once.Write([]byte(start))
	drawn.Write([]byte(start))
	once.Write(p)
	for len(p) > 0 {
		n := min(len(p), 1000)
		drawn.Write(p[:n])
		p = p[n:]
	}
	for _, s := range []*screen.Terminal{once, drawn} {
		s.Write([]byte("\x18x\r\nend"))
	}
	same(t, drawn, once)
}

// TestAMillionLinesNeedNoMemory draws them in pieces too small to be passed over.
func TestAMillionLinesNeedNoMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("a second or two")
	}
	s := screen.New(screen.Options{Width: 120, Height: 40})
	line := []byte(strings.Repeat("行", 20) + " 0123456789\r\n")
	piece := bytes.Repeat(line, 500)
	use := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	for range 10 {
		s.Write(piece)
	}
	before := use()
	var allocated, after runtime.MemStats
	runtime.ReadMemStats(&allocated)
	for range 2000 {
		s.Write(piece)
	}
	runtime.ReadMemStats(&after)
	if grown := int64(use()) - int64(before); grown > 1<<20 {
		t.Errorf("a million lines grew the heap by %d KiB", grown>>10)
	}
	if n := after.TotalAlloc - allocated.TotalAlloc; n > 4<<20 {
		t.Errorf("a million lines allocated %d MiB on the way", n>>20)
	}
	if s.Scrollback() != 2000 {
		t.Errorf("%d rows are kept", s.Scrollback())
	}
}
