package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/sessions/journal"
	"github.com/monshin/monshin/sessions/session"
	"github.com/monshin/monshin/sessions/shell"
)

// recordedShells makes a journal that holds a shell for each text.
func recordedShells(t *testing.T, m *machine, texts ...string) (path string) {
	t.Helper()
	a := m.app(nil, nil)
	store, err := a.store()
	if err != nil {
		t.Fatal(err)
	}
	begun := time.Date(2026, 11, 22, 1, 58, 0, 0, time.UTC)
	x, err := store.Begin(func() time.Time { return begun }, journal.Opening{Version: "test", Source: "lab:healthy", Simulated: true, Symptom: "no-session",
		Target: estate.Target{InstanceID: "i-0123456789abcdef0", Region: "ap-northeast-1"}, AsOf: begun})
	if err != nil {
		t.Fatal(err)
	}
	for i, text := range texts {
		now := begun
		name := "shell-" + string(rune('a'+i))
		rec, err := shell.Record(filepath.Join(session.Attachments(x.Path()), name+".cast"), "i-1", 80, 24, func() time.Time { return now })
		if err != nil {
			t.Fatal(err)
		}
		now = begun.Add(2 * time.Second)
		if err := rec.Output([]byte(text)); err != nil {
			t.Fatal(err)
		}
		d, err := rec.Close()
		if err != nil {
			t.Fatal(err)
		}
		if err := x.Append(string(journal.KindShell), journal.Shell{SessionID: "okada-" + name, File: name + ".cast", SHA256: d.SHA256, From: d.From, To: d.To}); err != nil {
			t.Fatal(err)
		}
	}
	x.EndShell()
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	return x.Path()
}

func TestReplayingAShell(t *testing.T) {
	m := newMachine(t)
	path := recordedShells(t, m, "first\r\n", "\x1b[32mPS C:\\>\x1b[m hostname\r\nOFFICE-03\r\n\x1b]0;title\x07password: hunter2-Secret\r\n")
	out, errs := m.want(0, "sessions", "replay", path, "--shell", "last", "--tz", "Asia/Tokyo")
	has(t, out, "10:58:02  PS C:\\> hostname\n10:58:02  OFFICE-03\n")
	has(t, errs, "[SIMULATED]", "Shell 2 of 2", "okada-shell-b", "10:58:00 +09:00")
	if strings.Contains(out, "\x1b") || strings.Contains(out, "hunter2") || strings.Contains(out, "first") {
		t.Errorf("%q", out)
	}
	out, errs = m.want(0, "sessions", "replay", path, "--shell", "1", "--lang", "ja")
	has(t, out, "first")
	has(t, errs, "【模擬データ】", "シェル 1/2")

	// In a terminal it is shown as it was, without what a terminal must not be told.
	var shown, said bytes.Buffer
	a := m.app(&shown, &said, "sessions", "replay", path, "--shell", "2", "--speed", "0")
	a.isTerminal = func() (bool, bool, bool) { return true, true, true }
	if code := run(t.Context(), a); code != 0 {
		t.Fatalf("exit %d: %s", code, said.String())
	}
	has(t, shown.String(), "\x1b[32mPS C:\\>\x1b[m hostname\r\nOFFICE-03\r\n", calm)
	if strings.Contains(shown.String(), "title") {
		t.Errorf("%q", shown.String())
	}
}

func TestTheSpeedOfAReplay(t *testing.T) {
	m := newMachine(t)
	path := recordedShells(t, m, "hello\r\n") // two seconds after it began
	took := func(speed string) time.Duration {
		var shown, said bytes.Buffer
		a := m.app(&shown, &said, "sessions", "replay", path, "--shell", "1", "--speed", speed)
		a.isTerminal = func() (bool, bool, bool) { return true, true, true }
		begun := time.Now()
		if code := run(t.Context(), a); code != 0 || !strings.Contains(shown.String(), "hello") {
			t.Fatalf("exit %d: %s", code, said.String())
		}
		return time.Since(begun)
	}
	if d := took("4"); d < 500*time.Millisecond {
		t.Errorf("two seconds at four times the speed took %v", d)
	}
}

func TestAShellThatCannotBeReplayed(t *testing.T) {
	m := newMachine(t)
	path := recordedShells(t, m, "first\r\n", "second\r\n")
	for _, tt := range []struct {
		args []string
		en   string
		ja   string
	}{
		{[]string{"--shell", "3"}, "has 2", "2 件"},
		{[]string{"--shell", "0"}, "a number from 1", "1 以上の番号"},
		{[]string{"--shell", ""}, "a number from 1", "1 以上の番号"},
		{[]string{"--shell", "1", "--speed", "-1"}, "--speed -1", "--speed -1"},
		{[]string{"--shell", "1", "--speed", "NaN"}, "a number from 0", "0～1000"},
		{[]string{"--speed", "2"}, "goes with --shell", "--shell とともに"},
		{[]string{"--shell", "1", "-o", "json"}, "exclude each other", "同時に指定不可"},
	} {
		_, errs := m.want(2, append([]string{"sessions", "replay", path, "--lang", "en"}, tt.args...)...)
		has(t, errs, tt.en)
		_, errs = m.want(2, append([]string{"sessions", "replay", path, "--lang", "ja"}, tt.args...)...)
		has(t, errs, tt.ja)
	}
	file := filepath.Join(session.Attachments(path), "shell-a.cast")
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, bytes.Replace(b, []byte("first"), []byte("fir5t"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	out, errs := m.want(2, "sessions", "replay", path, "--shell", "1")
	if has(t, errs, "not as it was recorded"); out != "" {
		t.Errorf("it is shown all the same: %q", out)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	_, errs = m.want(2, "sessions", "replay", path, "--shell", "1", "--lang", "ja")
	has(t, errs, "存在しない")
	_, errs = m.want(2, "sessions", "replay", recordedShells(t, newMachine(t)), "--shell", "last")
	has(t, errs, "no shell was recorded")
}

// A shell that has ended is nothing to go on with.
func TestAShellThatHasEndedIsFinished(t *testing.T) {
	m := newMachine(t)
	m.want(0, "shell", "--lab", "healthy", "--command", "hostname", "--yes")
	l := m.list()
	if len(l) != 1 || l[0].Unfinished || l[0].Outcome != journal.ShellOnly {
		t.Fatalf("%+v", l)
	}
	out, _ := m.want(0, "sessions", "list", "--lang", "ja")
	if has(t, out, "シェルのみ"); strings.Contains(out, "中断") || strings.HasPrefix(out, "*") {
		t.Error(out)
	}
	out, _ = m.want(0, "sessions", "show", "last")
	has(t, out, "shell only")
	// A report of it holds what was shown.
	out, _ = m.want(0, "sessions", "replay", "last", "--shell", "last")
	shown := strings.TrimSpace(out[strings.Index(out, "  ")+2:])
	report, _ := m.want(0, "sessions", "export", "last", "-o", "markdown")
	if shown == "" || !strings.Contains(report, shown) {
		t.Errorf("%q is not in the report:\n%s", shown, report)
	}
}

func TestExportingAShell(t *testing.T) {
	m := newMachine(t)
	path := recordedShells(t, m, "password: hunter2-Secret\r\nok\r\n")
	_, errs := m.want(2, "sessions", "export", path, "-o", "asciicast")
	has(t, errs, "no masked copy")
	x, rec, err := session.GoOn(path, time.Now, journal.Resume{})
	if err != nil {
		t.Fatal(err)
	}
	sh := rec.Shells[0].Body
	dir := session.Attachments(path)
	sh.Masked = "shell-a.masked.cast"
	if sh.MaskedSHA256, err = shell.MaskedFile(filepath.Join(dir, sh.File), filepath.Join(dir, sh.Masked)); err != nil {
		t.Fatal(err)
	}
	if err := x.Append(string(journal.KindShell), sh); err != nil {
		t.Fatal(err)
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	out, _ := m.want(0, "sessions", "export", path, "-o", "asciicast")
	has(t, out, `"version":2`, "ok")
	if strings.Contains(out, "hunter2") {
		t.Errorf("a secret was exported: %q", out)
	}
	_, errs = m.want(2, "sessions", "export", path, "-o", "asciicast", "--for", "customer")
	has(t, errs, "colleagues only")
	if err := os.WriteFile(filepath.Join(dir, sh.Masked), []byte(out+" "), 0o600); err != nil {
		t.Fatal(err)
	}
	_, errs = m.want(2, "sessions", "export", path, "-o", "asciicast", "--lang", "ja")
	has(t, errs, "作成後に内容が変更")
}
