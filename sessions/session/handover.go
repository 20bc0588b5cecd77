package session

import (
	"archive/zip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/sessions/journal"
)

// HandOverSchema names the form of a hand-over file: a zip archive of a manifest,
// the journal, and attachments.
const HandOverSchema = "monshin.handover/v1"

// The names in the archive.
const (
	manifestName   = "manifest.json"
	journalName    = "journal.jsonl"
	attachmentsDir = "attachments/"
)

// Manifest says what a hand-over file holds.
type Manifest struct {
	Schema  string `json:"schema"`
	Version string `json:"version"`
	// Journal is the journal's name in the store it came from.
	Journal string `json:"journal"`
	Entries int    `json:"entries"`
	Last    string `json:"last"`
	// Attachments are the copies without secrets that are in the archive, Left what
	// stays where it was recorded.
	Attachments []Carried `json:"attachments"`
	Left        []Left    `json:"left"`
}

// Carried is an attachment in the archive.
type Carried struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
	// Original is the digest of the recording that it is the masked copy of.
	Original string `json:"original"`
}

// Left is a recording of which the archive holds no copy.
type Left struct {
	SessionID string `json:"session_id"`
	Original  string `json:"original"`
	Why       string `json:"why"` // no-masked-copy, missing, changed
}

// The limits of a hand-over file. A journal may be as large as a journal may be; a
// shell of a working day, masked, is some megabytes. What unpacks to many times its
// size was made to fill a disk: journals shrink to a tenth, hardly to a fiftieth.
const (
	maxCarried  = 64 << 20
	maxUnpacked = 512 << 20
	maxFiles    = 200
	maxManifest = 1 << 20
	maxRatio    = 250
	smallEnough = 4 << 20 // below, the ratio does not matter
)

// Pack writes a hand-over file: the same bytes for the same journal. The raw bytes
// of shells stay where they are; a masked copy goes with it, if it still has the
// digest that the journal noted.
func Pack(w io.Writer, path, version string) (Manifest, error) {
	rec, _, err := journal.OpenRecovering(path)
	if err != nil {
		return Manifest{}, err
	}
	m := Manifest{Schema: HandOverSchema, Version: version, Journal: filepath.Base(path), Entries: rec.Entries, Last: rec.Last,
		Attachments: []Carried{}, Left: []Left{}}
	seen := map[string]bool{}
	for _, s := range rec.Shells {
		c, why := carried(path, s.Body)
		switch {
		case why != "":
			m.Left = append(m.Left, Left{SessionID: s.Body.SessionID, Original: s.Body.SHA256, Why: why})
		case !seen[c.Name]:
			seen[c.Name] = true
			m.Attachments = append(m.Attachments, c)
		}
	}
	z := zip.NewWriter(w)
	b, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return m, err
	}
	if err := addBytes(z, manifestName, append(lang.CleanJSON(b), '\n')); err != nil {
		return m, err
	}
	if err := addFile(z, journalName, path, rec.Size); err != nil {
		return m, err
	}
	for _, c := range m.Attachments {
		if err := addFile(z, attachmentsDir+c.Name, filepath.Join(Attachments(path), c.Name), c.Size); err != nil {
			return m, err
		}
	}
	return m, z.Close()
}

var plainName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,100}$`)

// carried looks at the masked copy of a shell; why says that it cannot go along.
func carried(path string, s journal.Shell) (c Carried, why string) {
	if s.Masked == "" || !plainName.MatchString(s.Masked) || !filepath.IsLocal(s.Masked) {
		return c, "no-masked-copy"
	}
	sum, n, err := digest(filepath.Join(Attachments(path), s.Masked))
	switch {
	case err != nil || n > maxCarried:
		return c, "missing"
	case sum != s.MaskedSHA256:
		return c, "changed"
	}
	return Carried{Name: s.Masked, Size: n, SHA256: sum, Original: s.SHA256}, ""
}

func digest(path string) (sum string, n int64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", 0, err
	}
	defer f.Close()
	h := sha256.New()
	n, err = io.Copy(h, f)
	return hex.EncodeToString(h.Sum(nil)), n, err
}

func addBytes(z *zip.Writer, name string, b []byte) error {
	w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate})
	if err == nil {
		_, err = w.Write(b)
	}
	return err
}

func addFile(z *zip.Writer, name, path string, size int64) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate})
	if err != nil {
		return err
	}
	n, err := io.Copy(w, io.LimitReader(f, size))
	if err == nil && n < size {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// Fate says what became of an imported investigation.
type Fate string

// The fates.
const (
	Imported Fate = "imported" // it was not here
	Extended Fate = "extended" // it was here, and the file goes on where that ended
	Known    Fate = "known"    // it is here, and goes at least as far as the file
	Copied   Fate = "copied"   // it is here, and goes on otherwise: the file got an id of its own
)

// refused is a hand-over file that is not taken.
func refused(en, ja string, args ...any) error {
	return &lang.Error{Say: lang.Both("not a hand-over file that can be taken: "+en, "引き継ぎファイルとして取り込み不可: "+ja).With(args...)}
}

// Import takes the investigation in a hand-over file into the store, and returns
// where its journal is now. Nothing in the file is believed: names, sizes and
// digests are checked, and the journal's chain from its first entry to its last.
func (s *Store) Import(file string) (path string, fate Fate, err error) {
	z, err := zip.OpenReader(file)
	if err != nil {
		if errors.Is(err, zip.ErrFormat) {
			return "", "", refused("it is no zip archive", "zip 形式ではない")
		}
		return "", "", err
	}
	defer z.Close()
	m, files, err := contents(&z.Reader)
	if err != nil {
		return "", "", err
	}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return "", "", err
	}
	work, err := os.MkdirTemp(s.dir, ".import-")
	if err != nil {
		return "", "", err
	}
	defer os.RemoveAll(work)
	unpacked := filepath.Join(work, journalName)
	if _, _, err := unpack(files[journalName], unpacked, maxUnpacked); err != nil {
		return "", "", err
	}
	rec, err := journal.Open(unpacked)
	if err != nil {
		return "", "", err
	}
	if rec.Torn || rec.Last != m.Last || rec.Entries != m.Entries {
		return "", "", refused("its journal is not the one that its manifest names", "作業記録が目録の記載と一致しない")
	}
	if err := os.Mkdir(Attachments(unpacked), 0o700); err != nil {
		return "", "", err
	}
	for _, c := range m.Attachments {
		sum, n, err := unpack(files[attachmentsDir+c.Name], filepath.Join(Attachments(unpacked), c.Name), maxCarried)
		if err != nil {
			return "", "", err
		}
		if sum != c.SHA256 || n != c.Size {
			return "", "", refused("the attachment %s is not the one that its manifest names", "添付 %s が目録の記載と一致しない", c.Name)
		}
	}
	return s.settle(unpacked, m, rec)
}

// contents reads the manifest and finds the files that it names. What it does not
// name is not taken, and makes the whole file suspect.
func contents(z *zip.Reader) (Manifest, map[string]*zip.File, error) {
	var m Manifest
	if len(z.File) > maxFiles {
		return m, nil, refused("it holds %d files", "ファイルが %d 件ある", len(z.File))
	}
	files := map[string]*zip.File{}
	total := uint64(0)
	for _, f := range z.File {
		if _, twice := files[f.Name]; twice || !f.Mode().IsRegular() {
			return m, nil, refused("%s is there twice, or is no file", "%s が重複しているか、ファイルではない", lang.Clean(f.Name))
		}
		files[f.Name] = f
		total += f.UncompressedSize64
		if f.UncompressedSize64 > maxUnpacked || total > maxUnpacked ||
			f.UncompressedSize64 > smallEnough && f.UncompressedSize64/maxRatio > f.CompressedSize64 {
			return m, nil, refused("%s unpacks to more than it may", "%s の展開後の大きさが上限を超える", lang.Clean(f.Name))
		}
	}
	manifest := files[manifestName]
	if manifest == nil || files[journalName] == nil {
		return m, nil, refused("it has no manifest or no journal", "目録または作業記録がない")
	}
	b, err := readAll(manifest, maxManifest)
	if err != nil {
		return m, nil, err
	}
	if err := json.Unmarshal(b, &m); err != nil || m.Schema != HandOverSchema {
		return m, nil, refused("its schema is %q, not %q", "形式が %q（%q ではない）", m.Schema, HandOverSchema)
	}
	for _, c := range m.Attachments {
		if !plainName.MatchString(c.Name) || !filepath.IsLocal(c.Name) || files[attachmentsDir+c.Name] == nil {
			return m, nil, refused("the attachment %s has no plain name, or is not there", "添付 %s の名前が不正、または存在しない", lang.Clean(c.Name))
		}
	}
	if want := 2 + len(m.Attachments); len(files) != want {
		return m, nil, refused("it holds %d files where %d are named", "目録の記載は %[2]d 件だが %[1]d 件ある", len(files), want)
	}
	return m, files, nil
}

func readAll(f *zip.File, most int64) ([]byte, error) {
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	b, err := io.ReadAll(io.LimitReader(r, most+1))
	if err == nil && int64(len(b)) > most {
		err = refused("%s is too large", "%s が大きすぎる", lang.Clean(f.Name))
	}
	return b, err
}

// unpack writes a file of the archive, no more of it than there may be, whatever the
// archive says of its size.
func unpack(f *zip.File, to string, most int64) (sum string, n int64, err error) {
	r, err := f.Open()
	if err != nil {
		return "", 0, err
	}
	defer r.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", 0, err
	}
	h := sha256.New()
	n, err = io.Copy(io.MultiWriter(out, h), io.LimitReader(r, most+1))
	if err == nil && n > most {
		err = refused("%s is too large", "%s が大きすぎる", lang.Clean(f.Name))
	}
	if err == nil {
		err = out.Sync()
	}
	return hex.EncodeToString(h.Sum(nil)), n, errors.Join(err, out.Close())
}

var madeByName = regexp.MustCompile(`^[0-9]{8}T[0-9]{6}Z-[A-Za-z0-9-]{1,80}-[0-9a-f]{8}\.jsonl$`)

// settle puts an unpacked investigation where it belongs.
func (s *Store) settle(unpacked string, m Manifest, rec *journal.Record) (string, Fate, error) {
	name, fate := m.Journal, Imported
	if !madeByName.MatchString(name) {
		name = s.fresh(rec)
	}
	to := filepath.Join(s.dir, name)
	if _, err := os.Stat(to); err == nil {
		here, err := begins(to, unpacked)
		if err != nil {
			return "", "", err
		}
		switch here {
		case sameSoFar:
			return to, Known, s.addAttachments(unpacked, to)
		case goesOn:
			fate = Extended
		default:
			to, fate = filepath.Join(s.dir, s.fresh(rec)), Copied
		}
	}
	l, err := Take(to, Holder{})
	if err != nil {
		return "", "", err
	}
	defer l.Release()
	if err := s.addAttachments(unpacked, to); err != nil {
		return "", "", err
	}
	if err := os.Rename(unpacked, to); err != nil {
		return "", "", err
	}
	return to, fate, nil
}

// fresh is a name that no other investigation has.
func (s *Store) fresh(rec *journal.Record) string {
	t := rec.Started
	if t.IsZero() {
		t = time.Unix(0, 0)
	}
	safe := func(in string) string {
		b := []byte(in)
		for i, c := range b {
			if !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-') {
				b[i] = '-'
			}
		}
		return string(b[:min(len(b), 32)])
	}
	return Name(t, safe(rec.Opening.Target.InstanceID), safe(rec.Opening.Symptom))
}

func (s *Store) addAttachments(unpacked, to string) error {
	from := Attachments(unpacked)
	list, err := os.ReadDir(from)
	if err != nil || len(list) == 0 {
		return err
	}
	if err := os.MkdirAll(Attachments(to), 0o700); err != nil {
		return err
	}
	for _, e := range list {
		target := filepath.Join(Attachments(to), e.Name())
		if _, err := os.Lstat(target); err == nil {
			continue // the one that is here stays
		}
		if err := os.Rename(filepath.Join(from, e.Name()), target); err != nil {
			return err
		}
	}
	return nil
}

// relation is how two journals of one name stand to each other.
type relation int

const (
	differs   relation = iota
	sameSoFar          // the one that is here begins with the other
	goesOn             // the other begins with the one that is here
)

// begins compares the journal that is here with another.
func begins(here, other string) (relation, error) {
	a, err := os.Open(here)
	if err != nil {
		return differs, err
	}
	defer a.Close()
	b, err := os.Open(other)
	if err != nil {
		return differs, err
	}
	defer b.Close()
	p, q := make([]byte, 64<<10), make([]byte, 64<<10)
	for {
		n, e1 := io.ReadFull(a, p)
		k, e2 := io.ReadFull(b, q)
		for _, e := range []error{e1, e2} {
			if e != nil && !errors.Is(e, io.EOF) && !errors.Is(e, io.ErrUnexpectedEOF) {
				return differs, e
			}
		}
		common := min(n, k)
		switch {
		case string(p[:common]) != string(q[:common]):
			return differs, nil
		case k < n, k == n && e2 != nil:
			return sameSoFar, nil
		case n < k:
			return goesOn, nil
		case e1 != nil:
			return sameSoFar, nil
		}
	}
}

// Say tells the fate.
func (f Fate) Say() lang.Text {
	switch f {
	case Extended:
		return lang.Both("it was here already; the file goes on where it ended", "既存の調査の続きとして取り込み済み")
	case Known:
		return lang.Both("it is here already, with all that the file holds", "既に取り込み済み（既存の調査を使用）")
	case Copied:
		return lang.Both("an investigation of that id is here and went on otherwise; the file has a new id", "同じ ID で別の経過をたどった調査があるため、新しい ID で取り込み")
	}
	return lang.Both("imported", "取り込み済み")
}
