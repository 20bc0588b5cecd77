package session

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/walk"
	"github.com/monshin/monshin/sessions/journal"
	"github.com/monshin/monshin/sessions/transcript"
)

func sum(s string) string {
	h := sha256.Sum256([]byte(s))
	return hex.EncodeToString(h[:])
}

// shelled is an investigation with two shells; one has a masked copy.
func shelled(t testing.TB, s *Store) string {
	t.Helper()
	x, err := s.Begin(ticking(start), opening("no-session"))
	if err != nil {
		t.Fatal(err)
	}
	x.Record([]walk.Event{endpoints(start, "available")})
	if err := os.MkdirAll(Attachments(x.Path()), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"a.raw": "net user x TopSecret1", "a.cast": "net user x ****", "b.raw": "dir"} {
		if err := os.WriteFile(filepath.Join(Attachments(x.Path()), name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, b := range []journal.Shell{
		{SessionID: "s-1", File: "a.raw", SHA256: sum("net user x TopSecret1"), Masked: "a.cast", MaskedSHA256: sum("net user x ****"), From: start},
		{SessionID: "s-2", File: "b.raw", SHA256: sum("dir"), From: start},
		{SessionID: "s-3", File: "c.raw", SHA256: sum("c"), Masked: "../../etc/passwd", MaskedSHA256: sum("c"), From: start},
	} {
		if err := x.Append("shell", b); err != nil {
			t.Fatal(err)
		}
	}
	x.End(&walk.Diagnosis{Outcome: walk.Undecided, Complete: true})
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	return x.Path()
}

func packed(t testing.TB, path string) []byte {
	t.Helper()
	var b bytes.Buffer
	if _, err := Pack(&b, path, "test"); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func handed(t testing.TB, b []byte) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "x"+HandOver)
	if err := os.WriteFile(name, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestHandingOver(t *testing.T) {
	from, to := At(t.TempDir()), At(filepath.Join(t.TempDir(), "new"))
	path := shelled(t, from)
	b := packed(t, path)
	if !bytes.Equal(b, packed(t, path)) {
		t.Error("two files of one journal differ")
	}
	if text := unzipped(t, b); strings.Contains(text, "TopSecret1") || !strings.Contains(text, "net user x ****") {
		t.Error("the raw bytes of a shell are in it, or the masked ones are not")
	}
	got, fate, err := to.Import(handed(t, b))
	if err != nil || fate != Imported || filepath.Base(got) != filepath.Base(path) {
		t.Fatalf("%s, %s, %v", got, fate, err)
	}
	if s, _, err := digest(filepath.Join(Attachments(got), "a.cast")); err != nil || s != sum("net user x ****") {
		t.Errorf("the masked copy: %s, %v", s, err)
	}
	x, rec, err := GoOn(got, ticking(start.Add(time.Hour)), journal.Resume{Operator: "tanaka", Handed: true})
	if err != nil || rec.Operator() != "sato" {
		t.Fatal(err)
	}
	if err := errors.Join(x.Append("note", journal.Note{Text: "n", Audience: journal.Customer}), x.Close()); err != nil {
		t.Fatal(err)
	}
	// And back again: the one who began has it with what was added.
	back, fate, err := from.Import(handed(t, packed(t, got)))
	if err != nil || fate != Extended || back != path {
		t.Fatalf("%s, %s, %v", back, fate, err)
	}
	r, err := journal.Open(path)
	if err != nil || len(r.Notes) != 1 || r.Notes[0].By != "tanaka" {
		t.Fatalf("%+v, %v", r, err)
	}
	if _, _, err := digest(filepath.Join(Attachments(path), "a.raw")); err != nil {
		t.Errorf("the raw recording is gone: %v", err)
	}
	if _, fate, err = from.Import(handed(t, b)); err != nil || fate != Known {
		t.Errorf("an older file: %s, %v", fate, err)
	}
	// Two who went on apart from each other.
	if x, _, err = GoOn(got, time.Now, journal.Resume{}); err != nil || x.Close() != nil {
		t.Fatal(err)
	}
	if x, _, err = GoOn(path, time.Now, journal.Resume{Operator: "other"}); err != nil || x.Close() != nil {
		t.Fatal(err)
	}
	copied, fate, err := from.Import(handed(t, packed(t, got)))
	if err != nil || fate != Copied || copied == path {
		t.Errorf("%s, %s, %v", copied, fate, err)
	}
	list, err := from.List()
	if err != nil || len(list) != 2 {
		t.Errorf("%v, %v", list, err)
	}
	leftovers, err := filepath.Glob(filepath.Join(from.Dir(), ".import-*"))
	if err != nil || len(leftovers) != 0 {
		t.Errorf("left behind: %v", leftovers)
	}
}

func TestWhatIsLeftBehindIsTold(t *testing.T) {
	path := shelled(t, At(t.TempDir()))
	if err := os.WriteFile(filepath.Join(Attachments(path), "a.cast"), []byte("changed"), 0o600); err != nil {
		t.Fatal(err)
	}
	m, err := Pack(io.Discard, path, "test")
	if err != nil || len(m.Attachments) != 0 || len(m.Left) != 3 || m.Left[0].Why != "changed" || m.Left[1].Why != "no-masked-copy" || m.Left[2].Why != "no-masked-copy" {
		t.Errorf("%+v, %v", m, err)
	}
}

func unzipped(t testing.TB, b []byte) string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(&out, r); err != nil {
			t.Fatal(err)
		}
	}
	return out.String()
}

// archive makes a zip of names and contents.
func archive(t testing.TB, files ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(files); i += 2 {
		if err := addBytes(z, files[i], []byte(files[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestHostileHandOverFiles(t *testing.T) {
	dir := t.TempDir()
	s := At(filepath.Join(dir, "store"))
	path := shelled(t, At(t.TempDir()))
	good := packed(t, path)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	rec, err := journal.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	manifest := func(change func(*Manifest)) string {
		m := Manifest{Schema: HandOverSchema, Journal: filepath.Base(path), Entries: rec.Entries, Last: rec.Last}
		change(&m)
		b, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	as := func(name string) string {
		return manifest(func(m *Manifest) { m.Attachments = []Carried{{Name: name, Size: 1, SHA256: sum("x")}} })
	}
	plain := manifest(func(*Manifest) {})
	j := string(text)
	for name, b := range map[string][]byte{
		"no zip":              []byte("hello"),
		"empty":               nil,
		"cut short":           good[:len(good)/2],
		"no manifest":         archive(t, journalName, j),
		"no journal":          archive(t, manifestName, plain),
		"another schema":      archive(t, manifestName, manifest(func(m *Manifest) { m.Schema = "x" }), journalName, j),
		"manifest of garbage": archive(t, manifestName, "[[[", journalName, j),
		"journal of garbage":  archive(t, manifestName, plain, journalName, "garbage\n"),
		"an edited journal":   archive(t, manifestName, plain, journalName, strings.Replace(j, "tanaka", "suzuki", 1)),
		"a shorter journal":   archive(t, manifestName, plain, journalName, j[:strings.LastIndex(strings.TrimSpace(j), "\n")+1]),
		"a torn journal":      archive(t, manifestName, plain, journalName, j+"{"),
		"one file more":       archive(t, manifestName, plain, journalName, j, "x", "x"),
		"a way out":           archive(t, manifestName, as("../../evil"), journalName, j, attachmentsDir+"../../evil", "x"),
		"an absolute way out": archive(t, manifestName, as("/tmp/evil"), journalName, j, attachmentsDir+"/tmp/evil", "x"),
		"a way out, windows":  archive(t, manifestName, as(`..\evil`), journalName, j, attachmentsDir+`..\evil`, "x"),
		"the same twice":      archive(t, manifestName, plain, journalName, j, journalName, j),
		"another attachment":  archive(t, manifestName, as("a.cast"), journalName, j, attachmentsDir+"a.cast", "y"),
		"a bomb":              archive(t, manifestName, plain, journalName, strings.Repeat("0", 64<<20)),
		"a bomb beside":       archive(t, manifestName, as("a.cast"), journalName, j, attachmentsDir+"a.cast", strings.Repeat("0", 65<<20)),
		"a large manifest":    archive(t, manifestName, plain+strings.Repeat(" ", 2<<20), journalName, j),
	} {
		if got, _, err := s.Import(handed(t, b)); err == nil {
			t.Errorf("%s was taken as %s", name, got)
		}
	}
	// A file whose header lies about its size is cut where it may end.
	lie := archive(t, manifestName, plain, journalName, j)
	if _, _, err := s.Import(handed(t, lie)); err != nil {
		t.Errorf("the honest one was refused: %v", err)
	}
	list, err := s.List()
	if err != nil || len(list) != 1 {
		t.Errorf("the store holds %v, %v", list, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "evil")); err == nil {
		t.Error("a file got out")
	}
}

func TestANameThatIsNoneOfOurs(t *testing.T) {
	s := At(t.TempDir())
	path := begun(t, s, start, walk.Clear)
	odd := filepath.Join(t.TempDir(), "CON.jsonl")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(odd, b, 0o600); err != nil {
		t.Fatal(err)
	}
	got, fate, err := At(t.TempDir()).Import(handed(t, packed(t, odd)))
	if err != nil || fate != Imported || !madeByName.MatchString(filepath.Base(got)) {
		t.Errorf("%s, %s, %v", got, fate, err)
	}
}

func FuzzImport(f *testing.F) {
	f.Add(packed(f, shelled(f, At(f.TempDir()))))
	f.Fuzz(func(t *testing.T, b []byte) {
		s := At(t.TempDir())
		path, _, err := s.Import(handed(t, b))
		if err == nil {
			if _, err := journal.Open(path); err != nil {
				t.Error(err)
			}
		}
	})
}

func TestTelling(t *testing.T) {
	s := At(t.TempDir())
	path := shelled(t, s)
	x, _, err := GoOn(path, ticking(start.Add(time.Hour)), journal.Resume{Operator: "tanaka"})
	if err != nil {
		t.Fatal(err)
	}
	x.Record([]walk.Event{{Answer: &walk.Answer{Name: "ad-domain", Value: "corp"}}})
	x.Consent(journal.Consent{What: "guest-scripts", Ticket: "CHG-1", Text: "Get-Date"})
	for _, n := range []journal.Note{{Text: "in", Audience: journal.Internal, Node: "n"}, {Text: "out", Audience: journal.Customer}, {Text: "odd", Audience: "x"}} {
		if err := x.Append("note", n); err != nil {
			t.Fatal(err)
		}
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := journal.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Tell(path, r, &walk.Diagnosis{Target: estate.Target{}}, r.Known(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if got.ID != IDOf(path) || got.Seal.Last != r.Last || got.Seal.Entries != r.Entries || got.Lang != "en" || !got.Started.Equal(r.Started) {
		t.Errorf("%+v", got)
	}
	if len(got.Operators) != 2 || got.Operators[0].Name != "sato" || got.Operators[1].Name != "tanaka" {
		t.Errorf("operators %+v", got.Operators)
	}
	if len(got.Notes) != 3 || got.Notes[0].Audience != transcript.ForInternal || got.Notes[1].Audience != transcript.ForCustomer || got.Notes[2].Audience != transcript.ForInternal {
		t.Errorf("notes %+v", got.Notes)
	}
	if len(got.Answers) != 2 || len(got.Consents) != 1 || len(got.Shells) != 3 || got.Answers[0].By != "tanaka" {
		t.Errorf("answers %+v, consents %+v, shells %+v", got.Answers, got.Consents, got.Shells)
	}
}
