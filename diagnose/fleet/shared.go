package fleet

import (
	"context"
	"regexp"
	"sync"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/walk"
)

// Shared is a walk's Source for many walks of one account and region: a part that
// several instances share (VPC, security group, role, …) is read once. It never lets
// a fleet read passwords: many such calls at once are an alarm to whoever watches the
// account (users.md, incident B).
type Shared struct {
	inner walk.Source

	mu    sync.Mutex
	parts map[estate.Key]*part // guarded by mu
}

type part struct {
	done chan struct{}
	// got is set once done is closed; again says that it was not had and may be had
	// the next time.
	got   walk.Got
	again bool
}

var _ walk.Source = (*Shared)(nil)

// NewShared makes a Source that shares what inner reads.
func NewShared(inner walk.Source) *Shared {
	return &Shared{inner: inner, parts: map[estate.Key]*part{}}
}

// Name is inner's.
func (s *Shared) Name() string { return s.inner.Name() }

// ofOne finds an instance id in the id of a part: such a part belongs to one walk and
// is not kept.
var ofOne = regexp.MustCompile(`(^|[^0-9a-z])i-([0-9a-f]{17}|[0-9a-f]{8})($|[^0-9a-f])`)

// Collect reads parts; see walk.Source. The calls of a part stand with the walk that
// was the first to ask for it.
func (s *Shared) Collect(ctx context.Context, keys []estate.Key, done func(walk.Got)) {
	var wg sync.WaitGroup
	defer wg.Wait()
	var ask []estate.Key
	mine := map[estate.Key]*part{}
	s.mu.Lock()
	for _, k := range keys {
		switch p, ok := s.parts[k]; {
		case k.Kind == estate.PasswordPart.Name():
			wg.Go(func() { done(walk.Got{Part: quiet(k)}) })
		case ofOne.MatchString(k.ID):
			ask = append(ask, k)
		case ok:
			wg.Go(func() { s.wait(ctx, k, p, done) })
		default:
			p = &part{done: make(chan struct{}), again: true}
			s.parts[k], mine[k] = p, p
			ask = append(ask, k)
		}
	}
	s.mu.Unlock()
	if len(ask) == 0 {
		return
	}
	s.inner.Collect(ctx, ask, func(g walk.Got) {
		if p := mine[g.Part.Key]; p != nil {
			s.settle(p, g)
		}
		done(g)
	})
	// What inner did not deliver, because ctx ended, others may still get.
	for k, p := range mine {
		s.mu.Lock()
		select {
		case <-p.done:
		default:
			close(p.done)
		}
		if p.again && s.parts[k] == p {
			delete(s.parts, k)
		}
		s.mu.Unlock()
	}
}

// settle keeps an answer. A refusal is one; a time-out is none.
func (s *Shared) settle(p *part, g walk.Got) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p.got = g
	p.again = g.Expired != nil
	if f := g.Part.Fact; f != nil && f.State() == fact.StateUnknown {
		switch f.Why().Reason {
		case fact.Timeout, fact.Throttled, fact.Pending:
			p.again = true
		}
	}
	close(p.done)
}

func (s *Shared) wait(ctx context.Context, k estate.Key, p *part, done func(walk.Got)) {
	select {
	case <-p.done:
	case <-ctx.Done():
		return
	}
	s.mu.Lock()
	got, again := p.got, p.again
	s.mu.Unlock()
	if again && got.Expired == nil {
		// The first to ask did not get it: this walk tries for itself.
		s.inner.Collect(ctx, []estate.Key{k}, done)
		return
	}
	// At hand: no call of this walk, and no wave.
	got.Calls, got.Depth = nil, 0
	done(got)
}

// quiet is the part that a fleet does not read.
func quiet(k estate.Key) estate.Part {
	return estate.PasswordPart.Unknown(k.ID, fact.Why{
		Reason: fact.NotRecorded, Action: "ec2:GetPasswordData", Resource: k.ID, Detail: "not called for a fleet: monshin check asks for one instance",
	})
}
