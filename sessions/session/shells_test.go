package session

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/sessions/journal"
	"github.com/monshin/monshin/sessions/shell"
)

// castOf records output, a second apart, and gives its journal entry.
func castOf(t *testing.T, path, name string, output ...string) journal.Shell {
	t.Helper()
	now := start
	rec, err := shell.Record(filepath.Join(Attachments(path), name+".cast"), "i-1", 80, 24, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range output {
		now = now.Add(time.Second)
		if err := rec.Output([]byte(o)); err != nil {
			t.Fatal(err)
		}
	}
	d, err := rec.Close()
	if err != nil {
		t.Fatal(err)
	}
	masked := name + ".masked.cast"
	sum, err := shell.MaskedFile(rec.Path(), filepath.Join(Attachments(path), masked))
	if err != nil {
		t.Fatal(err)
	}
	return journal.Shell{SessionID: "s-1", File: name + ".cast", SHA256: d.SHA256, Masked: masked, MaskedSHA256: sum, From: d.From, To: d.To}
}

func TestToldLines(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.jsonl")
	s := castOf(t, path, "a", "\x1b[32mPS C:\\>\x1b[m who", "ami\r\n", "\r\ncorp\\sato\r\npassword: hunter2-Secret\r\n", "PS C:\\> ")
	var got []string
	for _, l := range tellLines(path, s, lang.En) {
		if l.Typed {
			t.Errorf("%q counts as typed", l.Text)
		}
		got = append(got, fmt.Sprintf("%d %s", int(l.Time.Sub(s.From).Seconds()), l.Text))
	}
	all := strings.Join(got, "\n")
	if len(got) != 4 || got[0] != `2 PS C:\> whoami` || got[1] != `3 corp\sato` || strings.Contains(all, "hunter2") || got[3] != `4 PS C:\>` {
		t.Errorf("%s", all)
	}
}

func TestToldLinesAreBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.jsonl")
	for _, n := range []int{maxTold - 1, maxTold, maxTold + 1, maxTold + 70} {
		s := castOf(t, path, fmt.Sprint("n", n), strings.Repeat("line\r\n", n))
		lines := tellLines(path, s, lang.Ja)
		if want := min(n, maxTold+1); len(lines) != want {
			t.Errorf("%d lines are told in %d", n, len(lines))
		}
		last := lines[len(lines)-1].Text
		if left := n - maxTold; left > 0 && !strings.Contains(last, fmt.Sprintf("以降 %d 行を省略", left)) || left <= 0 && last != "line" {
			t.Errorf("%d lines end with %q", n, last)
		}
	}
	s := castOf(t, path, "wide", strings.Repeat("0123456789 ", 50_000)+"\r\nnext\r\n")
	if l := tellLines(path, s, lang.En); len(l) < 2 || len([]rune(l[0].Text)) > maxShellText+1 || !strings.HasSuffix(l[0].Text, "6789 …") || l[len(l)-1].Text != "next" {
		t.Errorf("%d lines", len(l))
	}
}

func TestAShellThatDoesNotFit(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.jsonl")
	good := castOf(t, path, "a", "hello\r\n")
	at := func(name string) string { return filepath.Join(Attachments(path), name) }
	with := func(change func(*journal.Shell)) journal.Shell { s := good; change(&s); return s }
	for name, tt := range map[string]struct {
		s            journal.Shell
		open, told   string // what is said of opening the original, of telling the masked copy
		masked, fine bool
	}{
		"as it was":     {s: good, told: "hello", fine: true},
		"handed over":   {s: with(func(s *journal.Shell) { s.File = "other.cast" }), told: "hello", masked: true, fine: true},
		"changed":       {s: with(func(s *journal.Shell) { s.SHA256, s.MaskedSHA256 = "00", "00" }), open: "not as it was recorded", told: "not as it was recorded"},
		"gone":          {s: with(func(s *journal.Shell) { s.File, s.Masked = "b.cast", "" }), open: "is not there", told: "no masked copy"},
		"somewhere":     {s: with(func(s *journal.Shell) { s.File, s.Masked = "../x.jsonl", "../x.jsonl" }), open: "names no recording", told: "names no recording"},
		"no folder yet": {s: with(func(s *journal.Shell) { s.File, s.Masked = "b.cast", "c.cast" }), open: "is not there", told: "is not there"},
	} {
		f, masked, err := OpenShell(path, tt.s)
		if (err == nil) != tt.fine || tt.fine && masked != tt.masked || err != nil && !strings.Contains(err.Error(), tt.open) {
			t.Errorf("%s: masked %v, %v", name, masked, err)
		}
		if f != nil {
			_ = f.Close()
		}
		l := tellLines(path, tt.s, lang.En)
		if len(l) != 1 || !strings.Contains(l[0].Text, tt.told) || strings.Contains(l[0].Text, filepath.Dir(path)) {
			t.Errorf("%s: %+v", name, l)
		}
	}
	if err := os.Symlink(path, at("link.cast")); err == nil {
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		if f, _, err := OpenShell(path, with(func(s *journal.Shell) { s.File, s.SHA256, s.Masked = "link.cast", sum("x"), "" })); err == nil {
			_ = f.Close()
			t.Error("a link leads out of the folder")
		}
	}
}
