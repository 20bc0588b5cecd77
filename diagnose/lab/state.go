package lab

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// stateSchema names the form of a state file.
const stateSchema = "monshin.lab-state/v1"

// state is what a state file holds.
type state struct {
	Schema   string `json:"schema"`
	Scenario string `json:"scenario"`
	// Digest is of the account as it stands in the file: half a file, or one that
	// somebody edited, would otherwise be a different account without a word.
	Digest    string          `json:"digest"`
	Mutations []Mutation      `json:"mutations"`
	World     json.RawMessage `json:"world"`
}

// stateFile is where a lab keeps its state.
type stateFile struct {
	// broken is why the state cannot be kept; nothing is answered after that.
	broken error
	// last is the digest of what this process last read or wrote.
	last [sha256.Size]byte
}

// resume takes the account from the state file, or makes the file.
func (l *Lab) resume() error {
	path := l.options.State
	if path == "" {
		return nil
	}
	if l.scenario.operations != nil {
		return mistake("lab state: %s holds too many servers to be kept in a file; only scenarios of one server are", "ラボの状態: %s は台数が多くファイルに保存できない（1 台のシナリオのみ可）", l.scenario.Name)
	}
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		l.world.mu.Lock()
		defer l.world.mu.Unlock()
		return l.save()
	}
	if err != nil {
		return mistake("lab state %s cannot be read: %s", "ラボの状態ファイル %s を読み込めない: %s", path, err)
	}
	w, log, err := l.read(raw)
	if err != nil {
		return err
	}
	l.world, l.log = w, log
	l.file.last = sha256.Sum256(raw)
	return nil
}

// read is strict: a file that is not exactly one that a lab of this scenario wrote is
// refused.
func (l *Lab) read(raw []byte) (*World, []Mutation, error) {
	path := l.options.State
	spoilt := func(why error) error {
		return mistake("lab state %s is not a whole state file: %s. Delete it to start the scenario anew", "ラボの状態ファイル %s が壊れている: %s（削除するとシナリオを最初から開始）", path, why)
	}
	var s state
	if err := strict(raw, &s); err != nil {
		return nil, nil, spoilt(err)
	}
	switch {
	case s.Schema != stateSchema:
		return nil, nil, mistake("lab state %s is of the form %q; this monshin reads %q", "ラボの状態ファイル %s の形式は %q（この monshin が読めるのは %q）", path, s.Schema, stateSchema)
	case s.Scenario != l.scenario.Name:
		return nil, nil, mistake("lab state %s belongs to the scenario %q, not to %q", "ラボの状態ファイル %s はシナリオ %q のもの（指定は %q）", path, s.Scenario, l.scenario.Name)
	case s.Digest != digestOf(s.World):
		return nil, nil, spoilt(errors.New("digest"))
	}
	w := new(World)
	if err := strict(s.World, w); err != nil {
		return nil, nil, spoilt(err)
	}
	return w, s.Mutations, nil
}

func strict(raw []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows its end")
	}
	return nil
}

func digestOf(world []byte) string {
	sum := sha256.Sum256(world)
	return hex.EncodeToString(sum[:])
}

// save writes the state. The caller holds the world. A lab whose state could not be
// written answers nothing any more: what it would say could not be taken up again.
func (l *Lab) save() error {
	path := l.options.State
	if path == "" {
		return nil
	}
	l.file.broken = l.write(path)
	return l.file.broken
}

func (l *Lab) write(path string) error {
	raw, err := os.ReadFile(path)
	switch {
	case err == nil && sha256.Sum256(raw) != l.file.last:
		return mistake("lab state %s was changed by another process", "ラボの状態ファイル %s が別のプロセスで変更された", path)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return mistake("lab state %s cannot be read: %s", "ラボの状態ファイル %s を読み込めない: %s", path, err)
	}
	world := mustJSON(l.world)
	log := l.log
	if log == nil {
		log = []Mutation{}
	}
	out := mustJSON(state{Schema: stateSchema, Scenario: l.scenario.Name, Digest: digestOf(world), Mutations: log, World: world})
	if err := replace(path, out); err != nil {
		return mistake("lab state %s cannot be written: %s", "ラボの状態ファイル %s に書き込めない: %s", path, err)
	}
	l.file.last = sha256.Sum256(out)
	return nil
}

// replace writes a file so that whoever reads it sees the old one or the new one: a
// file beside it that is on disk before it takes the name.
func replace(path string, content []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = f.Close()
			_ = os.Remove(f.Name())
		}
	}()
	if _, err = f.Write(content); err != nil {
		return err
	}
	if err = f.Sync(); err != nil {
		return err
	}
	if err = f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
