package cloud

import (
	"context"
	"errors"
	"sync"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/walk"
)

// reader reads the parts of one kind.
type reader struct {
	kind estate.AnyKind
	// read reads the parts with these ids; there is more than one only where batch
	// says that a request can serve several.
	read  func(ctx context.Context, ids []string) map[string]reading
	batch bool
	// unknown makes the fact that a part inside Windows could not be had; see inside.
	unknown func(fact.Why, fact.Origin) fact.Fact
	// action is the request that tells what the part holds, "" for the kind's first.
	action string
	// cli is the rest of an AWS CLI line for one id.
	cli func(id string) string
	// resource is the ARN or id that an unknown names; nil is the part's id.
	resource func(id string) string
	// source is who told; "" is the API.
	source fact.Source
	// paged says that the deadline is for each page, and that read sees to it.
	paged bool
}

// reading is what became of one id.
type reading struct {
	// known makes the fact of what was read, or of its absence; unknown makes the
	// fact that it could not be had.
	known   func(fact.Origin) fact.Fact
	unknown func(fact.Why, fact.Origin) fact.Fact
	err     error
}

// flight is a part that is being read; whoever wants it too waits for it.
type flight struct {
	done chan struct{}
	got  walk.Got
	// cancelled says that the reader went away before there was an answer.
	cancelled bool
}

// Collect reads parts; see walk.Source. Parts that somebody else is reading are
// waited for; parts that were delivered before are read again.
func (s *Source) Collect(ctx context.Context, keys []estate.Key, done func(walk.Got)) {
	var wg sync.WaitGroup
	defer wg.Wait()
	s.start(ctx, keys, done, &wg)
}

// start claims what nobody reads yet and waits for the rest, all in the background.
func (s *Source) start(ctx context.Context, keys []estate.Key, done func(walk.Got), wg *sync.WaitGroup) {
	type claim struct {
		keys    []estate.Key
		flights []*flight
	}
	var again, first []claim // read again, and read for the first time
	batches := map[string]int{}
	seen := map[estate.Key]bool{}
	var generation int64

	s.mu.Lock()
	for _, k := range keys {
		if seen[k] {
			continue
		}
		seen[k] = true
		if f, ok := s.flying[k]; ok {
			wg.Go(func() { s.wait(ctx, k, f, done, wg) })
			continue
		}
		f := &flight{done: make(chan struct{})}
		s.flying[k] = f
		list, batch, shared := &first, k.Kind, s.readers[k.Kind].batch
		instance, touching := guestInstance(k)
		switch {
		case touching:
			// One command for all that is asked of an instance, also where some of it is
			// asked again: nothing of it is remembered.
			batch, shared = "guest "+instance, true
		case s.delivered[k]:
			if generation == 0 {
				s.generation++
				generation = s.generation
			}
			list, batch = &again, "again "+k.Kind
		}
		if i, ok := batches[batch]; ok && shared {
			(*list)[i].keys = append((*list)[i].keys, k)
			(*list)[i].flights = append((*list)[i].flights, f)
			continue
		}
		batches[batch] = len(*list)
		*list = append(*list, claim{[]estate.Key{k}, []*flight{f}})
	}
	s.mu.Unlock()

	for _, c := range first {
		wg.Go(func() { s.fly(ctx, c.keys, c.flights, done) })
	}
	renewed := context.WithValue(ctx, sinceKey{}, generation)
	for _, c := range again {
		wg.Go(func() { s.fly(renewed, c.keys, c.flights, done) })
	}
}

// wait delivers a part that another collection is reading.
func (s *Source) wait(ctx context.Context, k estate.Key, f *flight, done func(walk.Got), wg *sync.WaitGroup) {
	select {
	case <-f.done:
	case <-ctx.Done():
		return
	}
	if f.cancelled {
		if ctx.Err() == nil {
			s.start(ctx, []estate.Key{k}, done, wg)
		}
		return
	}
	got := f.got
	got.Calls = nil // they stand with who made them
	done(got)
}

// fly reads parts that share their requests, of one kind or of one guest, and
// delivers them.
func (s *Source) fly(ctx context.Context, keys []estate.Key, flights []*flight, done func(walk.Got)) {
	gots := s.read(ctx, keys)
	cancelled := ctx.Err() != nil
	s.mu.Lock()
	for i, k := range keys {
		f := flights[i]
		if s.flying[k] == f { // Forget may have let another one start
			delete(s.flying, k)
		}
		// What failed because the collection ended says nothing about the account.
		f.cancelled = cancelled && (gots[i].Expired != nil || gots[i].Part.Fact.State() == fact.StateUnknown)
		f.got = gots[i]
		if !f.cancelled && f.got.Expired == nil {
			s.delivered[k] = true
		}
	}
	s.mu.Unlock()
	for i, f := range flights {
		close(f.done)
		if !f.cancelled {
			done(gots[i])
		}
	}
}

// read reads parts of one kind, with one sheet for all of them: its calls stand
// with the first part.
func (s *Source) read(ctx context.Context, keys []estate.Key) []walk.Got {
	gots := make([]walk.Got, len(keys))
	if instance, touching := guestInstance(keys[0]); touching {
		return s.readGuest(ctx, instance, keys)
	}
	r, ok := s.readers[keys[0].Kind]
	if !ok {
		for i, k := range keys {
			gots[i] = walk.Got{Part: unreadable(k)}
		}
		return gots
	}
	ids := make([]string, len(keys))
	for i, k := range keys {
		ids[i] = k.ID
	}
	own := &sheet{}
	if !r.paged {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, s.o.Deadline)
		defer cancel()
	}
	readings := r.read(onSheet(ctx, own), ids)

	action := r.action
	if action == "" {
		action = r.kind.Actions()[0]
	}
	calls, depth := own.all()
	for i, k := range keys {
		gots[i] = walk.Got{Depth: depth}
		if i == 0 {
			gots[i].Calls = calls
		}
		source := r.source
		if source == "" {
			source = fact.API
		}
		origin := fact.Origin{
			Source: source, Call: action, Time: s.now(), RequestID: own.requestID(action),
			CLI: r.cli(k.ID),
		}
		result := readings[k.ID]
		switch {
		case result.err == nil || errors.Is(result.err, errAbsent):
			gots[i].Part = estate.Part{Key: k, Fact: result.known(origin)}
		default:
			resource := k.ID
			if r.resource != nil {
				resource = r.resource(k.ID)
			}
			why, expired := whyNot(result.err, action, clean(resource, maxDetail), own)
			if expired {
				// The part says which is meant, and is not to be used.
				gots[i].Expired = expiredProblem(why, result.err)
				why.Reason = fact.Pending
			}
			gots[i].Part = estate.Part{Key: k, Fact: result.unknown(why, origin)}
		}
	}
	return gots
}

// unreadable is the part of a kind that this source cannot read.
func unreadable(k estate.Key) estate.Part {
	why := fact.Why{Reason: fact.NotSupported, Detail: "no collector reads parts of the kind " + clean(k.Kind, 64)}
	if kind, ok := estate.Lookup(k.Kind); ok {
		return kind.Unknown(k.ID, why)
	}
	return estate.Part{Key: k, Fact: fact.Unknown[struct{}](why)}
}

// one makes the reader of a kind whose parts are read one by one.
func one[T any](k estate.Kind[T], r reader, read func(ctx context.Context, id string) (T, error)) reader {
	r.kind = k
	r.read = func(ctx context.Context, ids []string) map[string]reading {
		out := map[string]reading{}
		for _, id := range ids { // there is one
			value, err := read(ctx, id)
			out[id] = readingOf(value, err)
		}
		return out
	}
	return r
}

// many makes the reader of a kind of which one request serves several parts.
// An id that is missing from the values does not exist.
func many[T any](k estate.Kind[T], r reader, read func(ctx context.Context, ids []string) (map[string]T, map[string]error)) reader {
	r.kind, r.batch = k, true
	r.read = func(ctx context.Context, ids []string) map[string]reading {
		values, errs := read(ctx, ids)
		out := map[string]reading{}
		for _, id := range ids {
			value, ok := values[id]
			err := errs[id]
			if err == nil && !ok {
				err = errAbsent
			}
			out[id] = readingOf(value, err)
		}
		return out
	}
	return r
}

func readingOf[T any](value T, err error) reading {
	return reading{
		err: err,
		known: func(o fact.Origin) fact.Fact {
			if err != nil {
				return fact.Absent[T](o)
			}
			return fact.Known(value, o)
		},
		unknown: func(w fact.Why, o fact.Origin) fact.Fact { return fact.UnknownFrom[T](w, o) },
	}
}
