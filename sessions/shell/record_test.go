//go:build unix

package shell

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// clockwork is a clock that goes on by a tenth of a second each time it is looked at.
func clockwork() func() time.Time {
	t := time.Date(2026, 11, 22, 1, 2, 3, 0, time.UTC)
	return func() time.Time {
		t = t.Add(100 * time.Millisecond)
		return t
	}
}

func record(t testing.TB, each func(*Recording)) (path string, d Digest) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "attachments", "shell.cast")
	r, err := Record(path, "suzuki-0123", 80, 24, clockwork())
	if err != nil {
		t.Fatal(err)
	}
	each(r)
	if d, err = r.Close(); err != nil {
		t.Fatal(err)
	}
	return path, d
}

func events(t testing.TB, src io.Reader) (all []Event, err error) {
	t.Helper()
	err = Events(src, func(Head) error { return nil }, func(e Event) error {
		all = append(all, e)
		return nil
	})
	return all, err
}

func contents(t testing.TB, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestRecording(t *testing.T) {
	path, d := record(t, func(r *Recording) {
		for _, p := range []string{"日", "\xe6\x9c", "\xac\r\n", "\x83\x65\x83X\x83g", "\x1b[31mred\u009b"} {
			if err := r.Output([]byte(p)); err != nil {
				t.Error(err)
			}
		}
		_ = r.Resize(100, 30)
		_ = r.Mark("Authorised users only")
	})
	text := contents(t, path)
	if d.SHA256 != sha(text) || d.Size != int64(len(text)) || !d.To.After(d.From) {
		t.Errorf("%+v", d)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
	// Every line is JSON, as players read it, and shows nothing to a terminal.
	for line := range strings.Lines(text) {
		if !json.Valid([]byte(line)) || strings.ContainsAny(line[:len(line)-1], "\x1b\u009b\r") {
			t.Errorf("%q", line)
		}
	}
	all, err := events(t, strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	var out []byte
	var rest []string
	for n, e := range all {
		if n > 0 && e.At < all[n-1].At {
			t.Error("time goes backwards")
		}
		if e.Code == "o" {
			out = append(out, e.Data...)
		} else {
			rest = append(rest, e.Code+" "+string(e.Data))
		}
	}
	if want := "日本\r\n\x83\x65\x83X\x83g\x1b[31mred\u009b"; string(out) != want {
		t.Errorf("%q, want %q", out, want)
	}
	if d := cmp.Diff([]string{"r 100x30", "m Authorised users only"}, rest); d != "" {
		t.Error(d)
	}
}

// Whatever bytes come in whatever pieces, they are what is played.
func TestRecordingKeepsEveryByte(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		parts := rapid.SliceOfN(rapid.SliceOfN(rapid.Byte(), 0, 40), 0, 20).Draw(rt, "parts")
		path, _ := record(t, func(r *Recording) {
			for _, p := range parts {
				if err := r.Output(p); err != nil {
					rt.Fatal(err)
				}
			}
		})
		all, err := events(t, strings.NewReader(contents(t, path)))
		if err != nil {
			rt.Fatal(err)
		}
		var got []byte
		for _, e := range all {
			got = append(got, e.Data...)
		}
		if want := bytes.Join(parts, nil); !bytes.Equal(got, want) {
			rt.Fatalf("%q, want %q", got, want)
		}
	})
}

// A crash costs the line that was being written.
func TestTornRecording(t *testing.T) {
	path, _ := record(t, func(r *Recording) {
		for i := range 5 {
			_ = r.Output([]byte(strings.Repeat("x", i+1)))
		}
	})
	text := contents(t, path)
	last := strings.LastIndex(strings.TrimSuffix(text, "\n"), "\n") + 1
	for cut := last; cut < len(text)-2; cut++ {
		all, err := events(t, strings.NewReader(text[:cut]))
		if err != nil || len(all) != 4 {
			t.Fatalf("cut at %d: %d events, %v", cut, len(all), err)
		}
	}
	if _, err := events(t, strings.NewReader(strings.Replace(text, `"o"`, `o`, 1))); err == nil {
		t.Error("a damaged line in the middle was passed over")
	}
	for _, other := range []string{"", "x", `{"version":1}`, "[0,\"o\",\"x\"]\n"} {
		if _, err := events(t, strings.NewReader(other)); err == nil {
			t.Errorf("%q is a recording", other)
		}
	}
}

func TestRecordingOnAFullDisk(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("this machine has no /dev/full")
	}
	path, err := Record(filepath.Join(t.TempDir(), "x.cast"), "", 80, 24, clockwork())
	if err != nil {
		t.Fatal(err)
	}
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_ = path.file.Close()
	path.file = full
	if path.Output([]byte("x")) == nil || path.Output([]byte("y")) == nil {
		t.Error("a full disk takes everything")
	}
	if _, err := path.Close(); err == nil {
		t.Error("the end says nothing of it")
	}
}

// failing is a recorder on a full disk.
type failing struct{ calls int }

func (f *failing) Output([]byte) error {
	f.calls++
	return errors.New("no space left on device")
}
func (f *failing) Resize(int, int) error { return nil }
func (f *failing) Mark(string) error     { return nil }

func TestMasked(t *testing.T) {
	tests := []struct {
		name, in, want string
		hidden         []string
	}{
		{"nothing to hide", "C:\\> \x1b[32mhostname\x1b[m\r\nWEB-01\r\n", "C:\\> \x1b[32mhostname\x1b[m\r\nWEB-01\r\n", nil},
		{"letter by letter, in colours", "PS> New-User \x1b[90m-Password\x1b[m \x1b[36mGeheim1!\x1b[m\r\nok\r\n", "PS> New-User -Password ********\r\nok\r\n", []string{"Geheim"}},
		{"a key over many lines", "-----BEGIN RSA PRIVATE KEY-----\r\nMIIabc\r\nxyz\r\n-----END RSA PRIVATE KEY-----\r\nafter\r\n", "********\r\n********\r\n********\r\n********\r\nafter\r\n", []string{"MII", "xyz"}},
		{"a line without its end", "net user ops Geheim1!", "net user ops ********", []string{"Geheim"}},
		{"drawn again", "PS> $p = 'x'; password=G\x1b[1;5Hpassword=Ge\x1b[1;5Hpassword=Geheim\r\n", "", []string{"Geheim", "=Ge"}},
	}
	for _, tt := range tests {
		for _, size := range []int{1, 3, 1000} {
			path, _ := record(t, func(r *Recording) {
				for b := []byte(tt.in); len(b) > 0; {
					n := min(size, len(b))
					_ = r.Output(b[:n])
					b = b[n:]
				}
				_ = r.Mark("banner password: Geheim1!")
			})
			masked := path + ".masked"
			digest, err := MaskedFile(path, masked)
			if err != nil {
				t.Fatal(err)
			}
			text := contents(t, masked)
			if digest != sha(text) {
				t.Errorf("%s: another digest", tt.name)
			}
			all, err := events(t, strings.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			for _, e := range all {
				if e.Code == "o" {
					got += string(e.Data)
				}
			}
			if tt.want != "" && got != tt.want {
				t.Errorf("%s by %d: %q, want %q", tt.name, size, got, tt.want)
			}
			for _, h := range append(tt.hidden, "Geheim1!") {
				if strings.Contains(text, h) && (h != "Geheim1!" || !strings.Contains(tt.in, "after")) {
					t.Errorf("%s by %d: %q is still there: %s", tt.name, size, h, text)
				}
			}
		}
	}
}

func TestPlay(t *testing.T) {
	path, _ := record(t, func(r *Recording) {
		_ = r.Output([]byte("one \x1b]52;c;ZXZpbA==\x07"))
		_ = r.Mark("here")
		_ = r.Output([]byte("two"))
	})
	var out bytes.Buffer
	var marks []string
	began := time.Now()
	err := Play(t.Context(), &out, strings.NewReader(contents(t, path)), PlayOptions{Speed: 4, Mark: func(s string) { marks = append(marks, s) }})
	if err != nil || out.String() != "one two" || fmt.Sprint(marks) != "[here]" {
		t.Errorf("%q %v %v", out.String(), marks, err)
	}
	if took := time.Since(began); took < 60*time.Millisecond {
		t.Errorf("three tenths of a second took %v at four times the speed", took)
	}
}

func TestFilter(t *testing.T) {
	tests := map[string]string{
		"plain 日本語ｶﾞ\r\n\t\b\a":                      "plain 日本語ｶﾞ\r\n\t\b\a",
		"\x1b[1;31mred\x1b[m\x1b[10;5H\x1b[?25l":     "\x1b[1;31mred\x1b[m\x1b[10;5H\x1b[?25l",
		"\x1b(0lqk\x1b(B\x1b7\x1b8\x1bM\x1b=":        "\x1b(0lqk\x1b(B\x1b7\x1b8\x1bM\x1b=",
		"a\x1b]0;title\x07b\x1b]0;title\x1b\\c":      "abc",
		"a\x1b]52;c;ZXZpbA==\x1b\\b":                 "ab",
		"a\x1b]8;;http://x\x07link\x1b]8;;\x07b":     "alinkb",
		"a\x1bPq#0;2;0\x1b\\b\x1b_Gx\x1b\\c\x1b^x\a": "abc",
		"a\x1b[21tb\x1b[5ic\x1bZd\x05e":              "abcde",
		"a\u009d0;x\u009cb\u009b31mc":                "a0;xb31mc",
		"é\u00a0":                                    "é\u00a0",
		"a\x1b]0;never":                              "a",
		"a\x1b]0;x\x18b":                             "ab",
	}
	for in, want := range tests {
		for _, size := range []int{1, 2, 1000} {
			var out bytes.Buffer
			f := &Filter{Terminal: &out}
			for b := []byte(in); len(b) > 0; {
				n := min(size, len(b))
				if _, err := f.Write(b[:n]); err != nil {
					t.Fatal(err)
				}
				b = b[n:]
			}
			if out.String() != want {
				t.Errorf("%q by %d: %q, want %q", in, size, out.String(), want)
			}
		}
	}
}

func FuzzFilter(f *testing.F) {
	f.Add([]byte("\x1b]52;c;x\x07\x1b[31m日本\x9b\xc2\x9d"))
	f.Fuzz(func(t *testing.T, b []byte) {
		var out bytes.Buffer
		if _, err := (&Filter{Terminal: &out}).Write(b); err != nil {
			t.Fatal(err)
		}
		for _, never := range []string{"\x1b]", "\x1bP", "\x1b_", "\x1b^", "\x1bX", "\x1bk", "\x05", "\u009b", "\u009d", "\u0090"} {
			if strings.Contains(out.String(), never) {
				t.Fatalf("%q passed in %q", never, out.String())
			}
		}
	})
}

func FuzzEvents(f *testing.F) {
	f.Add([]byte("{\"version\":2}\n[0.1,\"x\",\"gw==\"]\n[0.1,\"o\",\"x\"]\n[1,\"m\",\"x\"]"))
	f.Fuzz(func(t *testing.T, b []byte) {
		_, _ = events(t, bytes.NewReader(b))
		_ = Masked(io.Discard, bytes.NewReader(b))
	})
}
