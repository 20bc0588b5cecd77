package journal

import (
	"context"
	"maps"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/walk"
)

// Known is an estate of everything that was read.
func (r *Record) Known() *estate.Estate {
	e := r.Estate()
	for _, p := range r.Parts {
		e.Put(p)
	}
	return e
}

// Estate returns an estate in which nothing is known yet, for the record's target,
// time and answers; a walk over Source fills it.
func (r *Record) Estate() *estate.Estate {
	e := estate.New(r.Opening.Target, r.AsOf)
	maps.Copy(e.Answers, r.Answers)
	return e
}

// Cut says that the record ends before its walk did: monshin was killed, the walk
// was cancelled, or the disk was full.
func (r *Record) Cut() bool {
	n := len(r.Closings)
	return r.Torn || r.open || r.doing || n == 0 || !r.Closings[n-1].Complete
}

// Doing says that a change to the account was begun and its result is not recorded:
// whether it was made has to be looked up before anything else is done.
func (r *Record) Doing() bool { return r.doing }

// Outcome is what the latest run came to, "" where none came to an end.
func (r *Record) Outcome() string {
	if n := len(r.Closings); n > 0 && !r.open {
		return r.Closings[n-1].Outcome
	}
	return ""
}

// Operator is who works on it now, "" where that was not said.
func (r *Record) Operator() string { return r.by }

// Source gives the recorded parts. What was not recorded is unknown(not-recorded).
func (r *Record) Source() walk.Source { return recording{r} }

type recording struct{ r *Record }

func (s recording) Collect(_ context.Context, keys []estate.Key, done func(walk.Got)) {
	for _, k := range keys {
		if p, ok := s.r.Parts[k]; ok {
			done(walk.Got{Part: p})
			continue
		}
		if kind, ok := estate.Lookup(k.Kind); ok {
			why := fact.Why{Reason: fact.NotRecorded, Resource: k.ID}
			if actions := kind.Actions(); len(actions) > 0 {
				why.Action = actions[0]
			}
			done(walk.Got{Part: kind.Unknown(k.ID, why)})
		}
	}
}

// Name is "recording", or "recording:lab:NAME" where a lab was recorded.
func (s recording) Name() string {
	if s.r.Opening.Simulated {
		return "recording:" + s.r.Opening.Source
	}
	return "recording"
}
