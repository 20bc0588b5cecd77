// Package session keeps investigations (調査): where their journals are, who works
// on which, what has changed between two of them, and how one is handed over.
package session

import (
	"cmp"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/sessions/journal"
)

// Store is the folder in which the journals are.
type Store struct{ dir string }

// At is the store in a folder, which need not be there yet.
func At(dir string) *Store { return &Store{dir: dir} }

// Dir is the folder.
func (s *Store) Dir() string { return s.dir }

// The endings of the files of a store. Beside a journal there may be its folder of
// attachments, its lock, and what a crash left at its end.
const (
	ending      = ".jsonl"
	attachments = ".d"
	torn        = ".torn-"
	// HandOver is the ending of a hand-over file.
	HandOver = ".monshin"
)

// Name is the name of a new journal: it sorts by time and tells what it is about.
// The random end is the investigation's id, and keeps two of one second apart.
func Name(t time.Time, instance, symptom string) string {
	return fmt.Sprintf("%s-%s-%s-%s%s", t.UTC().Format("20060102T150405Z"), instance, symptom, newID(), ending)
}

func newID() string {
	var r [4]byte
	_, _ = rand.Read(r[:]) // never fails (crypto/rand)
	return hex.EncodeToString(r[:])
}

var idAtEnd = regexp.MustCompile(`-([0-9a-f]{8})$`)

// IDOf is the id of the investigation in a file: the end of a name that Name made,
// else the whole name.
func IDOf(path string) string {
	name := strings.TrimSuffix(filepath.Base(path), ending)
	if m := idAtEnd.FindStringSubmatch(name); m != nil {
		return m[1]
	}
	return name
}

// Summary is an investigation as a list shows it.
type Summary struct {
	ID   string
	Path string
	journal.Glance
	// Err is why the journal cannot be read; the rest is then empty.
	Err error
}

// Outcome is what the latest run came to, "" where it was cut short.
func (s Summary) Outcome() string {
	if s.Closing == nil || s.Cut {
		return ""
	}
	return s.Closing.Outcome
}

// Unfinished says that there is something to go on with: the run was cut short, or
// the symptom is undecided.
func (s Summary) Unfinished() bool {
	return s.Err == nil && (s.Outcome() == "" || s.Outcome() == "undecided")
}

// List looks at the first and last lines of every journal, and gives them newest
// first: by when they were written last. A folder that is not there holds none.
func (s *Store) List() ([]Summary, error) {
	names, err := os.ReadDir(s.dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	}
	var out []Summary
	for _, n := range names {
		if n.IsDir() || !strings.HasSuffix(n.Name(), ending) {
			continue
		}
		sum := Summary{Path: filepath.Join(s.dir, n.Name()), ID: IDOf(n.Name())}
		if sum.Glance, sum.Err = journal.GlanceAt(sum.Path); sum.Err != nil {
			sum.Glance = journal.Glance{}
			if info, err := n.Info(); err == nil {
				sum.Updated = info.ModTime()
			}
		}
		out = append(out, sum)
	}
	slices.SortStableFunc(out, func(a, b Summary) int {
		return cmp.Or(b.Updated.Compare(a.Updated), cmp.Compare(b.Path, a.Path))
	})
	return out, nil
}

// Last names the investigation that was written last.
const Last = "last"

// Find returns the path of the journal that is named by an id, by the beginning of
// an id or of a file's name where only one begins so, by a path, or by Last.
func (s *Store) Find(name string) (string, error) {
	if name == "" {
		return "", &lang.Error{Say: lang.Both("which investigation? give an id, a path or %q (see: monshin sessions list)",
			"調査の指定が必要（ID・パス・%q。一覧: monshin sessions list）").With(Last)}
	}
	if looksLikePath(name) {
		info, err := os.Stat(name)
		switch {
		case err != nil:
			return "", err
		case info.IsDir():
			return "", &lang.Error{Say: lang.Both("%s is a folder, not a journal", "%s はフォルダー（作業記録ではない）").With(name)}
		}
		return filepath.Clean(name), nil
	}
	list, err := s.List()
	if err != nil {
		return "", err
	}
	if name == Last {
		for _, c := range list {
			if c.Err == nil {
				return c.Path, nil
			}
		}
		return "", &lang.Error{Say: lang.Both("there is no investigation yet in %s", "%s に調査の記録なし").With(s.dir)}
	}
	var found []Summary
	for _, c := range list {
		switch {
		case c.ID == name:
			return c.Path, nil
		case strings.HasPrefix(c.ID, name), strings.HasPrefix(filepath.Base(c.Path), name):
			found = append(found, c)
		}
	}
	switch len(found) {
	case 1:
		return found[0].Path, nil
	case 0:
		return "", &lang.Error{Say: lang.Both("there is no investigation %q in %s (see: monshin sessions list)",
			"調査 %q は %s に存在しない（一覧: monshin sessions list）").With(name, s.dir)}
	}
	var ids []string
	for _, c := range found[:min(len(found), 8)] {
		ids = append(ids, c.ID)
	}
	return "", &lang.Error{Say: lang.Both("%q is the beginning of %d investigations: %s", "%q で始まる調査が %d 件ある: %s").With(name, len(found), strings.Join(ids, ", "))}
}

func looksLikePath(name string) bool {
	if strings.ContainsAny(name, `/\`) || strings.HasSuffix(name, ending) || strings.HasSuffix(name, HandOver) {
		return true
	}
	info, err := os.Stat(name)
	return err == nil && info.Mode().IsRegular()
}

// Attachments is the folder of a journal's attachments.
func Attachments(path string) string { return strings.TrimSuffix(path, ending) + attachments }

// Files lists what belongs to a journal and is there, the journal first.
func Files(path string) []string {
	out := []string{path}
	if aside, err := filepath.Glob(globbed(path) + torn + "*"); err == nil {
		out = append(out, aside...)
	}
	// Work orders are named after the journal and the plan.
	if orders, err := filepath.Glob(globbed(strings.TrimSuffix(path, ending)) + "-*.html"); err == nil {
		out = append(out, orders...)
	}
	if _, err := os.Stat(Attachments(path)); err == nil {
		out = append(out, Attachments(path))
	}
	return out
}

// globbed makes a path that Glob takes to the letter.
func globbed(path string) string {
	return strings.NewReplacer(`*`, `[*]`, `?`, `[?]`, `[`, `[[]`).Replace(path)
}

// Delete removes a journal with all that belongs to it. One that somebody works on
// is a BusyError.
func Delete(path string) error {
	l, err := Take(path, Holder{})
	if err != nil {
		return err
	}
	defer l.Release()
	files := Files(path)
	// The journal goes last: as long as it is there, the rest can still be found.
	slices.Reverse(files)
	for _, f := range files {
		if err := os.RemoveAll(f); err != nil {
			return err
		}
	}
	return nil
}
