package resume

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/fleet"
)

func TestGoesOnAfterACrash(t *testing.T) {
	place := fleet.Place{Account: "111122223333", Region: "ap-northeast-1"}
	told := func(id string, f fact.Of[estate.GuestIdentity]) fleet.Event {
		return fleet.Event{Told: &fleet.Told{Place: place, ID: id, Identity: f}}
	}
	known := fact.Known(estate.GuestIdentity{Host: "WEB-01", MachineSID: "S-1-5-21-1-2-3", Installed: time.Unix(1000, 0).UTC()}, fact.Origin{Source: fact.Guest})
	opening := Opening{Command: "clones", Source: "lab:x", Guest: true, Ticket: "CHG-1", AsOf: time.Unix(2000, 0).UTC()}
	f, err := Create(filepath.Join(t.TempDir(), "fleets"), "a.jsonl", opening)
	if err != nil {
		t.Fatal(err)
	}
	f.Note(told("i-1", known))
	f.Note(told("i-2", fact.Unknown[estate.GuestIdentity](fact.Why{Reason: fact.Timeout}))) // may be had the next time
	f.Note(fleet.Event{Row: &fleet.Row{Place: place, ID: "i-3", Exit: 1, Walked: true}})
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	// A crash leaves half a line.
	file, err := os.OpenFile(f.Path(), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = file.WriteString(`{"told":{"place":{"reg`)
	_ = file.Close()

	again, err := Append(f.Path())
	if err != nil {
		t.Fatal(err)
	}
	again.Note(told("i-4", known))
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
	log, err := Open(f.Path())
	if err != nil {
		t.Fatal(err)
	}
	opening.Schema = Schema
	if d := cmp.Diff(opening, log.Opening); d != "" {
		t.Errorf("the opening (-want +got):\n%s", d)
	}
	var ids []string
	for _, id := range []string{"i-1", "i-2", "i-3", "i-4"} {
		key := fleet.MemberID{Place: place, ID: id}
		if f, ok := log.Told[key]; ok {
			ids = append(ids, id)
			if d := cmp.Diff(known.Value(), f.Value()); d != "" {
				t.Errorf("%s (-want +got):\n%s", id, d)
			}
		}
		if _, ok := log.Rows[key]; ok {
			ids = append(ids, "row "+id)
		}
	}
	if d := cmp.Diff([]string{"i-1", "row i-3", "i-4"}, ids); d != "" {
		t.Errorf("what is kept (-want +got):\n%s", d)
	}
	info, err := os.Stat(f.Path())
	if err != nil || info.Mode().Perm() != 0o600 && os.PathSeparator == '/' {
		t.Errorf("others may read it: %v, %v", info.Mode(), err)
	}
}

func TestOtherFilesAreRefused(t *testing.T) {
	for name, text := range map[string]string{"empty": "", "text": "hello\n", "other": `{"opening":{"schema":"x"}}` + "\n", "headless": `{"row":{}}` + "\n"} {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(path); err == nil {
			t.Errorf("%s was taken for a record", name)
		}
	}
	if _, err := Open(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a file that is not there was opened")
	}
}

func FuzzOpen(f *testing.F) {
	f.Add([]byte(`{"opening":{"schema":"monshin.fleet-progress/v1"}}` + "\n" + `{"told":{"id":"i-1","identity":{"state":"known","value":{}}}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		path := filepath.Join(t.TempDir(), "f")
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if log, err := Open(path); err == nil && log.Opening.Schema != Schema {
			t.Fatalf("opened with the schema %q", log.Opening.Schema)
		}
	})
}
