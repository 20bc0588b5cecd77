package windows

import (
	"io"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func strokes(p ...string) []stroke {
	var k keyReader
	var out []stroke
	for _, s := range p {
		for n := range len(s) {
			out = append(out, k.read(s[n])...)
		}
	}
	return out
}

func TestKeys(t *testing.T) {
	text := func(s string) (out []stroke) {
		for _, r := range s {
			out = append(out, stroke{key: keyText, text: r})
		}
		return out
	}
	press := func(keys ...key) (out []stroke) {
		for _, k := range keys {
			out = append(out, stroke{key: k})
		}
		return out
	}
	for in, want := range map[string][]stroke{
		"aあ😀":                                text("aあ😀"),
		"\r":                                 press(keyEnter),
		"\n":                                 press(keyEnter),
		"\r\n\r\n":                           press(keyEnter, keyEnter),
		"\x7f\b":                             press(keyBackspace, keyBackspace),
		"\x03\x0c\x01":                       press(keyInterrupt, keyClear, keyUnknown),
		"\x1b[A\x1b[B\x1b[C\x1b[D":           press(keyUp, keyDown, keyRight, keyLeft),
		"\x1bOA\x1bOF":                       press(keyUp, keyEnd),
		"\x1b[1;5A\x1b[H\x1b[4~\x1b[3;2~":    press(keyUp, keyHome, keyEnd, keyDelete),
		"\x1b[200~x\x1b[201~":                append(append(press(keyUnknown), text("x")...), press(keyUnknown)...),
		"\x1bx":                              append(press(keyEscape), text("x")...),
		"\x1b\x1b[A":                         press(keyEscape, keyUp),
		"\x1b[\r":                            press(keyEnter),
		"\x1b[~\x1b[9999999999999999999999~": press(keyUnknown, keyUnknown),
		"\x83a\xe3\x81b\xff":                 text("ab"),
		"\xe3\x81\r":                         press(keyEnter),
		"\x1b[" + strings.Repeat("1", 33):    nil,
	} {
		if diff := cmp.Diff(want, strokes(in), cmp.AllowUnexported(stroke{})); diff != "" {
			t.Errorf("%q (-want +got):\n%s", in, diff)
		}
	}
}

// screen is a terminal that does what terminals agree on, and notes what they do not:
// text that runs over the edge, and erasing while a wrap is pending.
type screen struct {
	cols, rows int
	cells      [][]string
	x, y       int
	wrong      string
}

func newScreen(cols, rows int) *screen {
	s := &screen{cols: cols, rows: rows}
	for range rows {
		s.cells = append(s.cells, blank(cols))
	}
	return s
}

func blank(cols int) []string {
	out := make([]string, cols)
	for n := range out {
		out[n] = " "
	}
	return out
}

func (s *screen) resize(cols, rows int) {
	for s.y >= rows {
		s.cells, s.y = s.cells[1:], s.y-1
	}
	for len(s.cells) < rows {
		s.cells = append(s.cells, blank(cols))
	}
	s.cells = s.cells[:rows]
	for n := range s.cells {
		s.cells[n] = append(s.cells[n], blank(cols)...)[:cols]
	}
	s.cols, s.rows, s.x = cols, rows, min(s.x, cols-1)
}

func (s *screen) write(text string) {
	for text != "" {
		if rest, ok := strings.CutPrefix(text, "\x1b["); ok {
			end := strings.IndexAny(rest, "ACKJH")
			n, _ := strconv.Atoi(rest[:end])
			s.control(rest[end], max(n, 1), rest[:end])
			text = rest[end+1:]
			continue
		}
		r := []rune(text)[0]
		text = text[len(string(r)):]
		switch r {
		case '\a':
		case '\r':
			s.x = 0
		case '\b':
			s.x = max(0, min(s.x, s.cols-1)-1)
		case '\n':
			if s.y++; s.y == s.rows {
				s.cells, s.y = append(s.cells[1:], blank(s.cols)), s.rows-1
			}
		default:
			s.put(r)
		}
	}
}

func (s *screen) put(r rune) {
	n := cells(r)
	if n == 0 {
		x := min(s.x, s.cols) - 1
		for x > 0 && s.cells[s.y][x] == "" {
			x--
		}
		if x < 0 {
			s.wrong = "a mark at the edge"
			return
		}
		s.cells[s.y][x] += string(r)
		return
	}
	if s.x+n > s.cols {
		s.wrong = "over the edge: " + string(r)
		return
	}
	s.cells[s.y][s.x] = string(r)
	if n == 2 {
		s.cells[s.y][s.x+1] = ""
	}
	s.x += n
}

func (s *screen) control(final byte, n int, parameters string) {
	if s.x == s.cols && final != 'A' {
		s.wrong = "a wrap is pending at " + string(final)
		return
	}
	switch final {
	case 'A':
		s.y = max(0, s.y-n)
	case 'C':
		s.x = min(s.cols-1, s.x+n)
	case 'H':
		s.x, s.y = 0, 0
	case 'K':
		copy(s.cells[s.y][s.x:], blank(s.cols-s.x))
	case 'J':
		from := s.y + 1
		if parameters == "2" {
			from = 0
		} else {
			copy(s.cells[s.y][s.x:], blank(s.cols-s.x))
		}
		for y := from; y < s.rows; y++ {
			s.cells[y] = blank(s.cols)
		}
	}
}

func (s *screen) line(y int) string { return strings.TrimRight(strings.Join(s.cells[y], ""), " ") }

// Whatever is typed, in whatever terminal, the screen shows the line, and the cursor is
// where the line has it.
func TestScreenShowsTheLine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := func() (int, int) {
			return rapid.IntRange(4, 30).Draw(t, "cols"), rapid.IntRange(1, 8).Draw(t, "rows")
		}
		cols, rows := size()
		var e lineEditor
		e.size(cols, rows)
		s := newScreen(cols, rows)
		s.write("before\r\n"[max(0, 6-cols+1):])
		s.write(e.begin("PS> "))
		for range rapid.IntRange(0, 60).Draw(t, "strokes") {
			var out, did string
			switch did = rapid.SampledFrom([]string{"text", "text", "text", "text", "back", "delete", "left", "right", "home", "end", "up", "down", "enter", "break", "resize", "clear", "escape"}).Draw(t, "key"); did {
			case "text":
				out = e.insert(rapid.SampledFrom([]rune("aｱあ漢ﾞ゙é😀 \u0301")).Draw(t, "rune"))
			case "back":
				out = e.remove(e.at)
			case "delete":
				out = e.remove(e.at + 1)
			case "left":
				out = e.move(e.at - 1)
			case "right":
				out = e.move(e.at + 1)
			case "home":
				out = e.move(0)
			case "end":
				out = e.move(len(e.line))
			case "up":
				out = e.older(1)
			case "down":
				out = e.older(-1)
			case "enter":
				e.remember(e.text())
				out = e.finish("") + e.begin("PS> ")
			case "break":
				out = e.finish("^C")
				if e.endCol+2 > e.cols {
					out = e.finish("") // the mark itself may run over the edge
				}
				out += e.begin("PS> ")
			case "resize":
				cols, rows = size()
				s.resize(cols, rows)
				if e.size(cols, rows) {
					out = e.draw()
				}
			case "clear":
				e.shown = 0
				out = clearScreen + e.draw()
			case "escape":
				e.set("")
				out = e.draw()
			}
			s.write(out)
			if s.wrong != "" {
				t.Fatalf("%s: %s\n%q", did, s.wrong, out)
			}
			all, cursorRow, cursorCol := e.layout()
			top := s.y - e.shown
			if top < 0 || s.x != cursorCol || e.shown != cursorRow-max(0, cursorRow-(rows-1)) {
				t.Fatalf("%s: cursor at %d,%d of %d×%d, the line has %d,%d (row %d is shown)\n%q", did, s.x, s.y, cols, rows, cursorCol, cursorRow, e.shown, out)
			}
			first := cursorRow - e.shown
			for y := top; y < rows; y++ {
				want := ""
				if n := first + y - top; n < len(all) {
					want = strings.TrimRight(all[n].text.String(), " ")
				}
				if got := s.line(y); got != want {
					t.Fatalf("%s: row %d shows %q, the line has %q\n%q", did, y, got, want, out)
				}
			}
		}
	})
}

// A backspace takes a character with its marks, of however many cells.
func TestEditing(t *testing.T) {
	for in, want := range map[string]string{
		"あい\x7fう":                           "あう",
		"か\u3099き\x7f\x7fx":                 "x",
		"abc\x1b[D\x1b[D\x7fX":              "Xbc",
		"abc\x1b[H\x1b[3~":                  "bc",
		"abc\x1b[D\x1b[FX":                  "abcX",
		"gone\x1bx":                         "x",
		"\x7f\x1b[3~a":                      "a",
		"gone\x03kept":                      "kept",
		"kept\x0c":                          "kept",
		"hostname\r\x1b[A":                  "hostname",
		"hostname\rcls\r\x1b[A\x1b[A":       "hostname",
		"cls\r\rcls\r\x1b[A\x1b[A\x1b[A":    "cls",
		"cls\rdraft\x1b[A\x1b[B":            "draft",
		"cls\rdraft\x1b[A\x1b[B\x1b[B":      "draft",
		"a\u202eb\u0007":                    "ab",
		strings.Repeat("x", maxLine+5):      strings.Repeat("x", maxLine),
		strings.Repeat("x", maxLine) + "\b": strings.Repeat("x", maxLine-1),
	} {
		s := sit(t, speaking(2022, Japanese), surroundings(), seat())
		s.types(in)
		if got := s.p.edit.text(); got != want {
			t.Errorf("%.60q: %.60q, want %.60q", in, got, want)
		}
	}
	var e lineEditor
	for n := range maxHistory + 20 {
		e.remember(strconv.Itoa(n))
	}
	if len(e.history) != maxHistory || e.history[maxHistory-1] != strconv.Itoa(maxHistory+19) {
		t.Errorf("history of %d ends with %q", len(e.history), e.history[len(e.history)-1])
	}
}

// The echo of a key is the key, so that a slow line sends little.
func TestEchoIsShort(t *testing.T) {
	s := sit(t, speaking(2022, Japanese), surroundings(), seat())
	for in, want := range map[string]string{"a": "a", "あ": "あ"} {
		_, _ = s.p.Write([]byte(in))
		if got := s.output(); got != want {
			t.Errorf("%q echoes %q", in, got)
		}
	}
}

// Nobody who does not read makes output pile up, and closing frees who waits.
func TestWriteWaits(t *testing.T) {
	p := speaking(2022, English).Prompt(surroundings(), seat())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = p.Write([]byte(strings.Repeat("help\r", 20000)))
	}()
	deadline := time.Now().Add(20 * time.Second)
	for {
		p.mu.Lock()
		n := len(p.out)
		p.mu.Unlock()
		if n > maxPending {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("nothing piles up")
		}
		time.Sleep(time.Millisecond)
	}
	time.Sleep(20 * time.Millisecond)
	p.mu.Lock()
	n := len(p.out)
	p.mu.Unlock()
	if n > maxPending+8192 {
		t.Errorf("%d bytes wait", n)
	}
	_ = p.Close()
	<-done
	<-p.Done()
	if all, err := io.ReadAll(p); err != nil || len(all) != n {
		t.Errorf("%d of %d, %v", len(all), n, err)
	}
}

// What Windows holds somebody else's lock for, closing does not wait for.
func TestCloseDoesNotWait(t *testing.T) {
	h := speaking(2022, English)
	lock := make(chan struct{}, 1)
	p := Sit(func(do func(*Host, Surroundings) bool) error {
		lock <- struct{}{}
		do(h, surroundings())
		<-lock
		return nil
	}, Seat{})
	lock <- struct{}{}
	_ = p.Close()
	if _, err := io.ReadAll(p); err != nil {
		t.Error(err)
	}
	<-lock
	<-p.Done()
	if !h.Admins[1].Disabled {
		t.Error("the account stays enabled")
	}
}

// However the bytes are cut, they do the same; nothing that is typed panics, and what
// comes out is of this prompt: no sequence that acts on more than its own screen.
func FuzzPrompt(f *testing.F) {
	f.Add([]byte("whoami /user\rGet-NetRoute | ft\r\x1b[A\x1b[D\x7fあ\x03"), 80, 24, 3)
	f.Add([]byte("chcp 932\rか\u3099\x1b[H\x1b[3~(((({{{{'\r"), 5, 2, 1)
	f.Add([]byte("$_ | where {$_.a -match '('} | select -f 1\rexit 1\r"), 2, 1, 2)
	f.Add([]byte("reg add HKLM\\ /v\rslmgr /ipk\rnslookup -type\rroute delete\rGet-Date -Format\r"), 40, 10, 7)
	f.Add([]byte("Get-NetRoute|?{$_.NextHop -eq '10.0.0.1'}|fl *\rNew-NetRoute ,, -NextHop\r"), 40, 10, 7)
	f.Fuzz(func(t *testing.T, typed []byte, cols, rows, cut int) {
		if len(typed) > 2000 {
			return
		}
		at := Seat{Cols: cols, Rows: rows, CodePage: pageUTF8}
		run := func(cut int) string {
			h := speaking(2019, Japanese)
			p := h.Prompt(surroundings(), at)
			go func() {
				for rest := typed; len(rest) > 0; {
					n := min(max(cut, 1), len(rest))
					if _, err := p.Write(rest[:n]); err != nil {
						break
					}
					rest = rest[n:]
				}
				p.Resize(rows, cols)
				_ = p.Close()
			}()
			all, err := io.ReadAll(p)
			if err != nil {
				t.Fatal(err)
			}
			<-p.Done()
			return string(all)
		}
		whole := run(len(typed))
		if split := run(cut); split != whole {
			t.Errorf("cut at %d:\n%q\n%q", cut, split, whole)
		}
		for _, bad := range []string{"\x1b]", "\x1bP", "\x1b_", "\x1b^", "\u009b", "\u202e"} {
			if strings.Contains(whole, bad) {
				t.Errorf("%q in %q", bad, whole)
			}
		}
	})
}
