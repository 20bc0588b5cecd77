package journal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/monshin/monshin/diagnose/walk"
)

// fault is what goes wrong with a disk.
type fault int

const (
	none fault = iota
	killed
	fullDisk
	badSync
	cutLost      // power: what was not synced is gone
	cutHalf      // power: half of it is there
	cutZeros     // power: the file is as long as it should be, and its end was never filled
	cutZerosHead // power: the end was filled, what is before it was not
	faults
)

func (f fault) String() string {
	return [...]string{"none", "kill", "full disk", "failed sync", "power cut, lost", "power cut, half", "power cut, zeros", "power cut, zeros before data"}[f]
}

var errDead = errors.New("the process is no more")

// disk is a file on a disk that fails at an operation.
type disk struct {
	fault fault
	at    int // the operation at which it fails, from 0
	ops   int
	dead  bool
	seen  []byte // by processes
	safe  int    // how much of it survives a power cut
}

func (d *disk) fail() bool {
	d.ops++
	return d.fault != none && d.ops-1 == d.at
}

func (d *disk) Write(b []byte) (int, error) {
	if d.dead {
		return 0, errDead
	}
	if !d.fail() {
		d.seen = append(d.seen, b...)
		return len(b), nil
	}
	switch d.fault {
	case fullDisk:
		d.seen = append(d.seen, b[:len(b)/2]...)
		return len(b) / 2, syscall.ENOSPC
	case badSync:
		d.seen = append(d.seen, b...)
		return len(b), nil // it fails where it syncs
	}
	part := len(b) / 2
	if d.fault != killed {
		part = len(b)
	}
	d.seen = append(d.seen, b[:part]...)
	d.die()
	return part, errDead
}

func (d *disk) Sync() error {
	if d.dead {
		return errDead
	}
	if !d.fail() {
		d.safe = len(d.seen)
		return nil
	}
	if d.fault == fullDisk || d.fault == badSync {
		return syscall.EIO
	}
	d.die()
	return errDead
}

// die leaves what is found after the restart.
func (d *disk) die() {
	d.dead = true
	lost := d.seen[d.safe:]
	switch d.fault {
	case cutLost:
		d.seen = d.seen[:d.safe]
	case cutHalf:
		d.seen = d.seen[:d.safe+len(lost)/2]
	case cutZeros:
		clear(lost)
	case cutZerosHead:
		clear(lost[:(len(lost)+1)/2])
	}
}

func (d *disk) Truncate(n int64) error {
	if d.dead {
		return errDead
	}
	d.seen = d.seen[:n]
	return nil
}

func (d *disk) Seek(int64, int) (int64, error) { return int64(len(d.seen)), nil }
func (d *disk) Close() error                   { return nil }

// Whatever happens to the disk, and at whatever write: what was confirmed is there,
// the investigation goes on, and the operator was told.
func TestEveryFaultAtEveryWrite(t *testing.T) {
	for f := killed; f < faults; f++ {
		for at := range 16 {
			t.Run(fmt.Sprint(f, " at ", at), func(t *testing.T) {
				d := &disk{fault: f, at: at}
				w, err := NewWriter("j", d, clock(), opening())
				var confirmed []string
				told := err
				for i := 0; err == nil && i < 8; i++ {
					text := fmt.Sprint("note ", i)
					if err := w.Append("note", Note{Text: text, Audience: Internal}); err != nil {
						told = err
						break
					}
					confirmed = append(confirmed, text)
				}
				if w != nil {
					_ = w.Close()
				}
				// A sync fails at odd operations only, where badSync waits for one.
				happened := d.ops > at && (f != badSync || at%2 == 1)
				if happened && told == nil {
					t.Fatal("the operator was not told")
				}
				d.dead, d.fault = false, none
				rec, damage, err := Recover(bytes.NewReader(d.seen), int64(len(d.seen)))
				if len(confirmed) == 0 && err != nil {
					return // nothing was ever confirmed, and it is said that there is nothing
				}
				if err != nil {
					t.Fatalf("%v; the file:\n%q", err, d.seen)
				}
				kept := map[string]bool{}
				for _, n := range rec.Notes {
					kept[n.Body.Text] = true
				}
				for _, c := range confirmed {
					if !kept[c] {
						t.Errorf("%s was confirmed and is gone", c)
					}
				}
				if len(kept) > len(confirmed)+1 {
					t.Errorf("%d notes, %d confirmed", len(kept), len(confirmed))
				}
				again, err := continued("j", d, clock(), rec, damage, Resume{Version: "test"})
				if err != nil {
					t.Fatal(err)
				}
				if err := errors.Join(again.Append("note", Note{Text: "after", Audience: Internal}), again.Close()); err != nil {
					t.Fatal(err)
				}
				whole, err := Read(bytes.NewReader(d.seen))
				if err != nil || whole.Torn || whole.Notes[len(whole.Notes)-1].Body.Text != "after" || len(whole.Notes) != len(kept)+1 {
					t.Fatalf("after going on: %+v, %v", whole, err)
				}
				if damage != nil && whole.Resumes[0].Body.Dropped != damage.Size {
					t.Errorf("%d bytes were dropped, and the journal says %d", damage.Size, whole.Resumes[0].Body.Dropped)
				}
			})
		}
	}
}

// An edit is no crash: nobody goes on behind it as if nothing were.
func TestAnEditIsNotRepaired(t *testing.T) {
	b, err := os.ReadFile(full(t))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "a.jsonl")
	if err := os.WriteFile(path, bytes.Replace(b, []byte("tanaka"), []byte("suzuki"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	_, _, err = GoOn(path, clock(), Resume{})
	var at *LineError
	if !errors.As(err, &at) {
		t.Errorf("have %v", err)
	}
	if now, _ := os.ReadFile(path); len(now) != len(b) {
		t.Error("the file was cut")
	}
}

func TestGoingOnAfterACrash(t *testing.T) {
	for name, end := range map[string]string{
		"half a line": `{"seq":99,"time":"2026`, "zeros": strings.Repeat("\x00", 4096), "zeros and lines": strings.Repeat("\x00", 100) + "}\n{}\n{}\n",
	} {
		path := full(t)
		before, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
		if err != nil {
			t.Fatal(err)
		}
		_, err = f.WriteString(end)
		if err := errors.Join(err, f.Close()); err != nil {
			t.Fatal(err)
		}
		w, rec, err := GoOn(path, clock(), Resume{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if !rec.Torn || !rec.Cut() || rec.Entries != before.Entries {
			t.Errorf("%s: %+v", name, rec)
		}
		after, err := Open(path)
		if err != nil || after.Entries != before.Entries+1 || after.Resumes[1].Body.Dropped != int64(len(end)) {
			t.Errorf("%s: %+v, %v", name, after, err)
		}
		aside, err := filepath.Glob(path + ".torn-*")
		if err != nil || len(aside) != 1 {
			t.Fatalf("%s: put aside %v, %v", name, aside, err)
		}
		if b, err := os.ReadFile(aside[0]); err != nil || string(b) != end {
			t.Errorf("%s: put aside %q, %v", name, b, err)
		}
	}
}

func TestOnlyTheLastNewlineIsMissing(t *testing.T) {
	path := full(t)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, int64(len(b)-1)); err != nil {
		t.Fatal(err)
	}
	w, rec, err := GoOn(path, clock(), Resume{})
	if err != nil || rec.Torn {
		t.Fatalf("%+v, %v", rec, err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if r, err := Open(path); err != nil || r.Entries != rec.Entries+1 {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestAFolderThatMayNotBeWritten(t *testing.T) {
	if runtime.GOOS == "windows" || os.Getuid() == 0 {
		t.Skip("root and Windows write into such a folder")
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(dir, "a.jsonl", clock(), opening()); !errors.Is(err, os.ErrPermission) {
		t.Errorf("have %v", err)
	}
}

func TestAClockThatGoesBackwards(t *testing.T) {
	now := start
	path := filepath.Join(t.TempDir(), "x")
	w, err := Create(path, "a.jsonl", func() time.Time { now = now.Add(-time.Hour); return now }, opening())
	if err != nil {
		t.Fatal(err)
	}
	w.Record(sample(t))
	w.End(&walk.Diagnosis{Outcome: walk.Clear, Complete: true})
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := Open(w.Path())
	if err != nil || r.Backward != r.Entries-1 || r.Cut() {
		t.Fatalf("%+v, %v", r, err)
	}
	again, _, err := GoOn(w.Path(), clock(), Resume{})
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
}

// FuzzRecover: any bytes give a record that can be gone on with, or an error.
func FuzzRecover(f *testing.F) {
	b, err := os.ReadFile(full(f))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add(b[:len(b)*2/3])
	f.Add(append(bytes.Clone(b), make([]byte, 64)...))
	f.Fuzz(func(t *testing.T, b []byte) {
		rec, damage, err := Recover(bytes.NewReader(b), int64(len(b)))
		if (rec == nil) == (err == nil) {
			t.Fatalf("%v, %v", rec, err)
		}
		c := Verify(bytes.NewReader(b), "")
		if err == nil && damage == nil && (c.Broken != nil || c.Last != rec.Last) {
			t.Fatalf("read, and the check says %+v", c)
		}
		if err != nil {
			return
		}
		d := &disk{seen: bytes.Clone(b)}
		w, err := continued("j", d, clock(), rec, damage, Resume{})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if again, err := Read(bytes.NewReader(d.seen)); err != nil || again.Entries != rec.Entries+1 {
			t.Fatalf("after going on: %v", err)
		}
	})
}

var _ io.Writer = (*disk)(nil)
