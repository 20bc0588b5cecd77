package fleet

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/guest"
	"github.com/monshin/monshin/diagnose/walk"
)

// outing is the walk of one member.
type outing struct {
	m    *Member
	walk *walk.Walk
	last *walk.Diagnosis
	// wants are the parts inside Windows that the walk stands still without, deaf says
	// that its Windows cannot be asked.
	wants []estate.Key
	deaf  bool
	done  bool // its row is in
}

// rounds bounds how often Windows is asked: what it says may lead to one more question.
const rounds = 3

// together walks some, asks the Windows of all that want it at once, and lets them go on.
func (c *check) together(ctx context.Context, a Account, place Place, members []*Member, tags []Tag) error {
	var outings []*outing
	for _, m := range members {
		w, err := c.o.Walk(a, m)
		if err != nil {
			return err
		}
		outings = append(outings, &outing{m: m, walk: w})
	}
	defer c.count(outings)
	defer func() {
		if ctx.Err() == nil {
			return
		}
		for _, o := range outings {
			if !o.done && o.last != nil && o.last.Complete {
				// What is known without Windows. It is not recorded: who goes on asks again.
				c.add(RowOf(o.m, o.last, c.o.Words), place, false)
			}
		}
	}()
	going := outings
	for round := 0; ; round++ {
		if err := c.run(ctx, place, going, c.o.Guest && round < rounds); err != nil || ctx.Err() != nil {
			return err
		}
		going = slices.DeleteFunc(slices.Clone(going), func(o *outing) bool { return len(o.wants) == 0 })
		if len(going) == 0 {
			return nil
		}
		if err := c.ask(ctx, a, place, going, tags); err != nil || ctx.Err() != nil {
			return err
		}
		tags = nil // a further round is for some of them
	}
}

// run walks each, some at the same time. Who wants to know something of Windows, where
// that is allowed, is left open; the others are done.
func (c *check) run(ctx context.Context, place Place, outings []*outing, asking bool) error {
	slots := make(chan struct{}, walks)
	var wg sync.WaitGroup
	var failures sync.Once
	var failure error
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for _, o := range outings {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			break
		}
		wg.Go(func() {
			defer func() { <-slots }()
			d := o.walk.Run(ctx, nil)
			o.last, o.wants = d, nil
			switch {
			case d.Paused != nil:
				failures.Do(func() { failure = d.Paused })
				cancel()
			case !d.Complete:
			default:
				if asking && !o.deaf {
					o.wants = wants(o.walk.Estate())
				}
				if len(o.wants) == 0 {
					o.done = true
					c.add(RowOf(o.m, d, c.o.Words), place, true)
				}
			}
		})
	}
	wg.Wait()
	return failure
}

// wants are the parts inside Windows that a walk asked for and may not read by itself.
func wants(e *estate.Estate) []estate.Key {
	var keys []estate.Key
	for _, k := range e.Keys() {
		if kind, ok := estate.Lookup(k.Kind); ok && kind.Touches() {
			if f, _ := e.Fact(k); f.State() == fact.StateUnknown && f.Why().Reason == fact.NeedsGuest {
				keys = append(keys, k)
			}
		}
	}
	return keys
}

// ask asks the Windows of all of them, with one script if that is possible, and gives
// each walk what it wanted: the answer, or why there is none.
func (c *check) ask(ctx context.Context, a Account, place Place, outings []*outing, tags []Tag) error {
	keys, byID := map[string][]estate.Key{}, map[string]*outing{}
	var answering []*outing
	for _, o := range outings {
		if !o.m.answers() {
			o.deaf = true // only Windows can tell, and the standing says why it cannot
			continue
		}
		keys[o.m.ID], byID[o.m.ID] = o.wants, o
		// Who it is is asked along: a copy is told by it, and it says that Windows answered.
		if k := estate.GuestIdentityPart.Key(o.m.ID); !o.m.Identity.IsKnown() && !slices.Contains(o.wants, k) {
			keys[o.m.ID] = append(slices.Clone(o.wants), k)
		}
		answering = append(answering, o)
	}
	groups, err := scripts(answering, keys)
	if err != nil {
		return err
	}
	if len(groups) != 1 {
		tags = nil
	}
	var asked atomic.Int64
	for script, ids := range groups {
		c.note(Event{Stage: Asking, Place: place, Total: len(answering), Sent: &Sent{place, script, ids, tags}})
		err := a.Inside(ctx, Question{
			Script: script, IDs: ids, Tags: tags, Concurrency: c.o.Concurrency, Keys: func(id string) []estate.Key { return keys[id] },
		}, func(r Reply) {
			o := byID[r.ID]
			if o == nil {
				if r.Extra {
					c.addExtra(place, r.ID)
				}
				return
			}
			c.heard(o, r)
			c.note(Event{Stage: Asking, Place: place, Done: int(asked.Add(1)), Total: len(answering)})
		})
		if err != nil || ctx.Err() != nil {
			return err
		}
	}
	return nil
}

// scripts are the scripts that answer everything, with the servers that run each. It is
// one, unless the names to resolve are too many for one.
func scripts(outings []*outing, keys map[string][]estate.Key) (map[string][]string, error) {
	var all []estate.Key
	var ids []string
	for _, o := range outings {
		all, ids = append(all, keys[o.m.ID]...), append(ids, o.m.ID)
	}
	if len(ids) == 0 {
		return nil, nil
	}
	slices.Sort(ids)
	if script, err := guest.ManyScript(all); err == nil {
		return map[string][]string{script: ids}, nil
	}
	out := map[string][]string{}
	for _, id := range ids {
		script, err := guest.ManyScript(keys[id])
		if err != nil {
			return nil, err
		}
		out[script] = append(out[script], id)
	}
	return out, nil
}

// heard gives a walk what its Windows said.
func (c *check) heard(o *outing, r Reply) {
	c.mu.Lock()
	defer c.mu.Unlock()
	o.m.Unreached = r.Unreached
	for _, p := range r.Parts {
		if f, ok := p.Fact.(fact.Of[estate.GuestIdentity]); ok {
			o.m.Identity = f
		}
		switch {
		case !slices.Contains(o.wants, p.Key):
		case p.Fact.State() == fact.StateUnknown && p.Fact.Why().Reason == fact.BlockedBy:
			// Nothing in this tree need tell what blocks it: it stays open.
			o.deaf = true
		default:
			o.walk.Put(p)
		}
	}
}

func (c *check) addExtra(p Place, id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !slices.ContainsFunc(c.x.Members, func(m *Member) bool { return m.Place == p && m.ID == id }) {
		c.x.Members = append(c.x.Members, extra(p, id))
	}
}

// count adds what the walks called to the calls of the lists.
func (c *check) count(outings []*outing) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, o := range outings {
		if o.last == nil {
			continue
		}
		for op, n := range o.last.Calls.ByOperation {
			c.x.Calls[op] += n
		}
	}
}
