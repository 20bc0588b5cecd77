package cloud

import (
	"context"
	"sync"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/remedy"
	"github.com/monshin/monshin/diagnose/walk"
)

var _ remedy.Reader = (*Source)(nil)

// Forget makes the Source read these parts anew when they are asked for next: nothing
// that was read, or whose reading began, before the call is given out for them.
// Whoever waits for a reading that is under way still gets that one.
func (s *Source) Forget(keys ...estate.Key) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range keys {
		delete(s.flying, k)
		s.delivered[k] = true // asked again, and with it what it shares with other parts
		if instance, touching := guestInstance(k); touching {
			delete(s.lost, instance) // the node may answer now
		}
	}
}

// Read reads parts afresh; see remedy.Reader. A part that could not be had is unknown
// with its reason. It is an error when the credentials ran out (a *Problem), or when
// ctx ended before all parts were read.
func (s *Source) Read(ctx context.Context, keys []estate.Key) (map[estate.Key]fact.Fact, error) {
	s.Forget(keys...)
	var mu sync.Mutex
	facts := map[estate.Key]fact.Fact{}
	var expired error
	s.Collect(ctx, keys, func(g walk.Got) {
		mu.Lock()
		defer mu.Unlock()
		if g.Expired != nil {
			expired = g.Expired
			return
		}
		facts[g.Part.Key] = g.Part.Fact
	})
	if expired != nil {
		return nil, expired
	}
	for _, k := range keys {
		if _, ok := facts[k]; !ok {
			return nil, context.Cause(ctx)
		}
	}
	return facts, nil
}
