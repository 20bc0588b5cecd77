package main

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/walk"
	"github.com/monshin/monshin/sessions/journal"
)

// keepScripts records the scripts that ran inside Windows, with what they printed, as
// it was masked.
func (i *investigation) keepScripts(events []walk.Event) {
	for _, e := range events {
		if e.Got == nil || e.Got.Ran == nil {
			continue
		}
		r := e.Got.Ran
		i.keepScript(journal.Script{Source: string(fact.Guest), SHA256: r.SHA256, CommandID: r.CommandID, At: r.Sent,
			Output: r.Output, OutputSHA256: r.OutputSHA256, Parts: names(r.Parts)})
	}
}

// keepAnswer records a line that a customer sent: its digest, so that it can be told
// from another one. What it says is in the parts that came in with it.
func (i *investigation) keepAnswer(line string, at time.Time, keys []estate.Key) {
	if len(keys) > 0 {
		i.keepScript(journal.Script{Source: string(fact.Customer), OutputSHA256: digest(line), At: at, Parts: names(keys)})
	}
}

func (i *investigation) keepScript(s journal.Script) {
	if i.journal != nil {
		// That it could not be written is told where the journal is closed.
		_ = i.journal.Append(string(journal.KindScript), s)
	}
}

func names(keys []estate.Key) []string {
	var out []string
	for _, k := range keys {
		out = append(out, k.String())
	}
	return out
}

func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}
