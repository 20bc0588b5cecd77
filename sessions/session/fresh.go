package session

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/walk"
	"github.com/monshin/monshin/sessions/journal"
)

// Fresh is how long a fact is taken as it was read when an investigation is gone on
// with. Within it a crash and a new start do not ask AWS everything again; beyond it
// somebody may have changed something between two people's turns.
const Fresh = 15 * time.Minute

// Taken is what a record gives to whoever goes on with it.
type Taken struct {
	// Estate holds what need not be read again.
	Estate *estate.Estate
	// Stale are the parts that were read too long ago, by their keys. They are read
	// again where the walk still wants them.
	Stale []estate.Key
	// Old are all parts as they were.
	Old map[estate.Key]estate.Part
	// Verdicts are the judgements as they were.
	Verdicts map[string]journal.Verdict
}

// TakeOver prepares an estate for going on at a time.
//
// What AWS would tell otherwise by now is read again. What Windows told is kept: a
// script runs only where the operator allows it anew. So is what a customer sent,
// and the password's state: asking for it twice raises alarms (see DESIGN.md §5).
// What could not be read is tried again.
func TakeOver(r *journal.Record, now time.Time) Taken {
	e := r.Estate()
	e.AsOf = now.UTC()
	t := Taken{Estate: e, Old: r.Parts, Verdicts: r.Verdicts}
	for k, p := range r.Parts {
		switch {
		case p.Fact.State() == fact.StateUnknown:
			// Not stale, but not worth keeping: the walk finds by itself that it wants it.
		case lasts(p, now):
			e.Put(p)
		default:
			t.Stale = append(t.Stale, k)
		}
	}
	slices.SortFunc(t.Stale, estate.Key.Compare)
	return t
}

// lasts reports whether a known part need not be read again.
func lasts(p estate.Part, now time.Time) bool {
	kind, ok := estate.Lookup(p.Key.Kind)
	o := p.Fact.Origin()
	switch {
	case !ok:
		return false
	case kind.Touches(), p.Key.Kind == estate.PasswordPart.Name():
		return true
	case o.Source == fact.Customer, o.Source == fact.Stated:
		return true
	}
	// A time that is still to come says that a clock was wrong.
	age := now.Sub(o.Time)
	return age >= 0 && age <= Fresh
}

// Again is a source that reads for a walk that goes on. Where something cannot be
// read now for a reason that says nothing about it (throttling, no answer), what was
// read before stands, with the time of then.
type Again struct {
	live walk.Source
	old  map[estate.Key]estate.Part

	mu    sync.Mutex
	read  map[estate.Key]bool
	stood map[estate.Key]bool
}

// Again makes a source for going on.
func (t Taken) Again(live walk.Source) *Again {
	return &Again{live: live, old: t.Old, read: map[estate.Key]bool{}, stood: map[estate.Key]bool{}}
}

// Collect implements walk.Source.
func (a *Again) Collect(ctx context.Context, keys []estate.Key, done func(walk.Got)) {
	a.live.Collect(ctx, keys, func(g walk.Got) {
		k := g.Part.Key
		old, had := a.old[k]
		stands := g.Expired == nil && had && old.Fact.State() != fact.StateUnknown &&
			g.Part.Fact.State() == fact.StateUnknown && passing(g.Part.Fact.Why().Reason)
		a.mu.Lock()
		a.read[k], a.stood[k] = g.Expired == nil && !stands, stands
		a.mu.Unlock()
		if stands {
			g.Part = old
		}
		done(g)
	})
}

// Name implements walk.Source.
func (a *Again) Name() string { return a.live.Name() }

// Read lists what was read anew, Stood what could not be, in the order of their keys.
func (a *Again) Read() (read, stood []estate.Key) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for k := range a.read {
		if a.read[k] {
			read = append(read, k)
		}
		if a.stood[k] {
			stood = append(stood, k)
		}
	}
	slices.SortFunc(read, estate.Key.Compare)
	slices.SortFunc(stood, estate.Key.Compare)
	return read, stood
}

// passing are the reasons that say nothing of the thing itself, and pass.
func passing(r fact.Reason) bool { return r == fact.Throttled || r == fact.Timeout }

// Changed tells what differs from before, of what was read anew, and how the
// judgements differ. What had not been read or judged before has not changed.
func (t Taken) Changed(now *estate.Estate, d *walk.Diagnosis, read []estate.Key) []Change {
	none := func() State {
		return State{Facts: map[estate.Key]fact.Fact{}, Verdicts: map[string]journal.Verdict{}}
	}
	before, after := none(), none()
	for _, k := range read {
		p, had := t.Old[k]
		f, has := now.Fact(k)
		if had && has {
			before.Facts[k], after.Facts[k] = p.Fact, f
		}
	}
	for _, j := range d.Probes {
		if was, had := t.Verdicts[j.Probe]; had && !j.Verdict.Pending() {
			before.Verdicts[j.Probe], after.Verdicts[j.Probe] = was, journal.Verdict{Probe: j.Probe, Verdict: j.Verdict}
		}
	}
	return Diff(before, after)
}
