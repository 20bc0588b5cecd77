// Package resume keeps what a survey of many instances has learnt so far in one
// append-only file of JSON lines, so that a survey that was cancelled, or that
// crashed, goes on where it was.
package resume

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/fleet"
)

// Schema names the form of the file. It changes when a reader would break.
const Schema = "monshin.fleet-progress/v1"

// Opening is what a survey was started with. A resumed one is started with the same.
type Opening struct {
	Schema  string          `json:"schema"`
	Version string          `json:"version,omitempty"`
	Command string          `json:"command"` // check, clones
	Source  string          `json:"source"`
	AsOf    time.Time       `json:"as_of"`
	Symptom string          `json:"symptom,omitempty"`
	Choose  fleet.Selection `json:"choose"`
	// Regions, Profiles and Roles are the places, Lab the simulated account.
	Regions  []string          `json:"regions,omitempty"`
	Profiles []string          `json:"profiles,omitempty"`
	Roles    []string          `json:"roles,omitempty"`
	Lab      string            `json:"lab,omitempty"`
	Answers  map[string]string `json:"answers,omitempty"`
	// Guest says that scripts inside Windows were allowed, under Ticket by Approver. What
	// was run is recorded to the letter by the lines of fleet.Sent.
	Guest    bool   `json:"guest,omitempty"`
	Ticket   string `json:"ticket,omitempty"`
	Approver string `json:"approver,omitempty"`
	// Concurrency is how many servers run a script at the same time.
	Concurrency int `json:"concurrency,omitempty"`
}

// line is one line of the file: one of the fields is set.
type line struct {
	Opening *Opening    `json:"opening,omitempty"`
	Told    *fleet.Told `json:"told,omitempty"`
	Row     *fleet.Row  `json:"row,omitempty"`
	Sent    *fleet.Sent `json:"sent,omitempty"`
}

// Log is what a file holds.
type Log struct {
	Opening Opening
	Told    map[fleet.MemberID]fact.Of[estate.GuestIdentity]
	Rows    map[fleet.MemberID]fleet.Row
	// Sent are the scripts that were run, in order.
	Sent []fleet.Sent
}

// File is a file that is being written. Its methods are safe for concurrent use.
type File struct {
	mu   sync.Mutex
	file *os.File
	err  error
}

// Create makes a new file that only its owner may read.
func Create(dir, name string, o Opening) (*File, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the folder of the record: %w", err)
	}
	o.Schema = Schema
	f, err := os.OpenFile(filepath.Join(dir, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("making the record: %w", err)
	}
	out := &File{file: f}
	out.write(line{Opening: &o})
	return out, out.err
}

// Append opens a file to go on with. A line that a crash left unfinished is closed, so
// that the next one stands by itself.
func Append(path string) (*File, error) {
	f, err := os.OpenFile(filepath.Clean(path), os.O_RDWR|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the record: %w", err)
	}
	out := &File{file: f}
	end, err := f.Seek(0, 2)
	if err == nil && end > 0 {
		var last [1]byte
		if _, err = f.ReadAt(last[:], end-1); err == nil && last[0] != '\n' {
			_, err = f.Write([]byte("\n"))
		}
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("going on with the record: %w", err), f.Close())
	}
	return out, nil
}

// Path is where the file is.
func (f *File) Path() string { return f.file.Name() }

// Note keeps what an event brought.
func (f *File) Note(e fleet.Event) {
	switch {
	case e.Told != nil && lasting(e.Told.Identity):
		f.write(line{Told: e.Told})
	case e.Row != nil:
		f.write(line{Row: e.Row})
	case e.Sent != nil:
		// On disk before anything runs: what was allowed is told by the exact text.
		f.write(line{Sent: e.Sent})
		f.sync()
	}
}

// lasting reports whether an answer need not be asked for again. A refusal or a
// time-out may have gone by the next time.
func lasting(f fact.Of[estate.GuestIdentity]) bool { return f.IsKnown() }

// write appends one line in one call: a crash costs at most this line. The first
// failure stays, and Close tells it.
func (f *File) write(l line) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err != nil {
		return
	}
	b, err := json.Marshal(l)
	if err == nil {
		_, err = f.file.Write(append(b, '\n'))
	}
	f.err = err
}

func (f *File) sync() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err == nil {
		f.err = f.file.Sync()
	}
}

// Close ends the file, and returns why it is not whole, nil where it is.
func (f *File) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return errors.Join(f.err, f.file.Sync(), f.file.Close())
}

// maxLine bounds a line. The longest names everybody that one script was sent to: some
// 25 bytes for each.
const maxLine = 8 << 20

// Open reads a file. Lines that are not whole, as a crash leaves them, are passed over:
// their instances are asked again.
func Open(path string) (*Log, error) {
	f, err := os.Open(filepath.Clean(path))
	if err != nil {
		return nil, fmt.Errorf("opening the record: %w", err)
	}
	defer func() { _ = f.Close() }()
	l := &Log{Told: map[fleet.MemberID]fact.Of[estate.GuestIdentity]{}, Rows: map[fleet.MemberID]fleet.Row{}}
	in := bufio.NewScanner(f)
	in.Buffer(nil, maxLine)
	n := 0
	for in.Scan() {
		n++
		if len(bytes.TrimSpace(in.Bytes())) == 0 {
			continue
		}
		var v line
		if err := json.Unmarshal(in.Bytes(), &v); err != nil {
			if n == 1 {
				return nil, fmt.Errorf("%s is no record of a survey of many instances", path)
			}
			// What a crash left of a line. The lines behind it are of whoever went on.
			continue
		}
		switch {
		case n == 1 && (v.Opening == nil || v.Opening.Schema != Schema):
			return nil, fmt.Errorf("%s is no record of a survey of many instances (%s)", path, Schema)
		case v.Opening != nil:
			l.Opening = *v.Opening
		case v.Told != nil:
			l.Told[fleet.MemberID{Place: v.Told.Place, ID: v.Told.ID}] = v.Told.Identity
		case v.Sent != nil:
			l.Sent = append(l.Sent, *v.Sent)
		case v.Row != nil:
			l.Rows[fleet.MemberID{Place: v.Row.Place, ID: v.Row.ID}] = *v.Row
		}
	}
	if err := in.Err(); err != nil {
		return nil, fmt.Errorf("reading the record %s: %w", path, err)
	}
	if n == 0 {
		return nil, fmt.Errorf("%s is empty", path)
	}
	return l, nil
}
