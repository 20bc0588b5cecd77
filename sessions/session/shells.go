package session

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/sessions/journal"
	"github.com/monshin/monshin/sessions/shell"
	"github.com/monshin/monshin/sessions/transcript"
)

// OpenShell opens the recording of a shell that the journal at path tells of: the
// original, or its masked copy where only that is there, as after a hand-over. One
// that has not the digest that the journal noted is not opened.
func OpenShell(path string, s journal.Shell) (f *os.File, masked bool, err error) {
	f, err = openNoted(path, s.File, s.SHA256)
	if !errors.Is(err, fs.ErrNotExist) || s.Masked == "" {
		return f, false, err
	}
	f, err = openNoted(path, s.Masked, s.MaskedSHA256)
	return f, true, err
}

// openNoted opens a file of the journal's attachments, if it is the one that was noted.
func openNoted(path, name, sum string) (*os.File, error) {
	if !plainName.MatchString(name) || !filepath.IsLocal(name) {
		return nil, &lang.Error{Say: lang.Both("the journal names no recording that could be opened (%q)", "作業記録の操作ログのファイル名が不正（%q）").With(lang.Clean(name))}
	}
	file := filepath.Join(Attachments(path), name)
	root, err := os.OpenRoot(Attachments(path)) // a link does not lead out of it
	if err != nil {
		return nil, unopened(file, err)
	}
	defer root.Close()
	info, err := root.Stat(name)
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("no file")
	}
	if err != nil {
		return nil, unopened(file, err)
	}
	f, err := root.Open(name)
	if err != nil {
		return nil, unopened(file, err)
	}
	h := sha256.New()
	if _, err = io.Copy(h, f); err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	switch {
	case err != nil:
		err = unopened(file, err)
	case hex.EncodeToString(h.Sum(nil)) != sum:
		err = &lang.Error{Say: lang.Both("%s is not as it was recorded: its SHA-256 is not the one in the journal", "%s は記録時から変更あり（SHA-256 が作業記録と不一致）").With(lang.Clean(file))}
	default:
		return f, nil
	}
	return nil, errors.Join(err, f.Close())
}

func unopened(file string, err error) error {
	cause := err
	if p := (*fs.PathError)(nil); errors.As(err, &p) {
		cause = p.Err // it names the file again
	}
	if errors.Is(err, fs.ErrNotExist) {
		return &lang.Error{Err: err, Say: lang.Both("the recording %s is not there", "操作ログ %s が存在しない").With(lang.Clean(file))}
	}
	return &lang.Error{Err: err, Say: lang.Both("the recording %s cannot be read: %v", "操作ログ %s の読み取りに失敗: %v").With(lang.Clean(file), cause)}
}

const (
	// maxShellLine is how much of a line is looked at, in bytes: what a masked copy
	// judges as a whole.
	maxShellLine = 64 << 10
	// maxShellText is how much of it is told, in characters: a wide terminal ten times over.
	maxShellText = 2000
)

// ShellLines reads the text of a recording line by line: without colours and movements
// of the cursor, without empty lines, and each with the time since the beginning at
// which it was whole.
func ShellLines(src io.Reader, each func(at time.Duration, text string) error) error {
	var line []byte
	var last time.Duration
	over := func() error {
		text := strings.TrimRight(lang.Clean(strings.ReplaceAll(strings.TrimRight(shell.Plain(line), "\n"), "\t", "    ")), " ")
		line = line[:0]
		if strings.TrimSpace(text) == "" {
			return nil
		}
		if r := []rune(text); len(r) > maxShellText {
			// Half a word could be half a name that has to be taken out.
			text = string(r[:maxShellText])
			text = text[:strings.LastIndexByte(text, ' ')+1] + "…"
		}
		return each(last, text)
	}
	err := shell.Events(src, func(shell.Head) error { return nil }, func(e shell.Event) error {
		if e.Code != "o" {
			return nil
		}
		for b := e.Data; len(b) > 0; {
			n := bytes.IndexByte(b, '\n') + 1
			whole := n > 0
			if !whole {
				n = len(b)
			}
			line = append(line, b[:min(n, maxShellLine-len(line))]...)
			last, b = e.At, b[n:]
			if whole {
				if err := over(); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return over()
}

// maxTold is how many lines of a shell a report holds: some forty pages of paper.
const maxTold = 2000

// tellLines are the lines of a shell, from its masked copy. Where they are not whole,
// the last line says so.
func tellLines(path string, s journal.Shell, l lang.Lang) []transcript.ShellLine {
	var out []transcript.ShellLine
	left := 0
	at := s.From
	err := func() error {
		if s.Masked == "" {
			return &lang.Error{Say: lang.Both("there is no masked copy", "マスキング済みの操作ログなし")}
		}
		f, err := openNoted(path, s.Masked, s.MaskedSHA256)
		if err != nil {
			return err
		}
		defer f.Close()
		return ShellLines(f, func(since time.Duration, text string) error {
			if at = s.From.Add(since); len(out) == maxTold {
				left++
				return nil
			}
			out = append(out, transcript.ShellLine{Time: at, Text: text})
			return nil
		})
	}()
	if left > 0 {
		out = append(out, transcript.ShellLine{Time: at, Text: lang.Both("[monshin] %d more lines are left out", "［monshin］以降 %d 行を省略").With(left).In(l)})
	}
	if err != nil {
		out = append(out, transcript.ShellLine{Time: at, Text: lang.Both("[monshin] what was shown is not reproduced here: %s", "［monshin］表示内容を掲載できず: %s").With(nameless(path, err)).In(l)})
	}
	return out
}

// nameless says an error without the folder: the report goes to others.
func nameless(path string, err error) lang.Text {
	t, folder := lang.Said(err), Attachments(path)+string(filepath.Separator)
	return lang.Both(strings.ReplaceAll(t.En, folder, ""), strings.ReplaceAll(t.Ja, folder, ""))
}
