package cloud

import (
	"context"
	"errors"
	"sync"

	"github.com/monshin/monshin/diagnose/fact"
)

// memo keeps pieces that several parts are made of (who is calling, managed
// policies), so that each is read once.
type memo struct {
	mu    sync.Mutex
	items map[string]*item
}

type item struct {
	// generation is the collection in which the reading began.
	generation int64
	done       chan struct{}
	// The rest is set once done is closed.
	value any
	err   error
	depth int
	// cancelled says that the reader went away before there was an answer.
	cancelled bool
}

// recall returns the piece called name, reading it if it is not there, or if it is
// older than the collection that ctx belongs to asks for. Readers at the same time
// share one reading, whose calls stand on the sheet of the first. Answers are kept,
// also "there is none" and "refused"; anything else that failed is tried again.
func recall[T any](ctx context.Context, s *Source, name string, read func(context.Context) (T, error)) (T, error) {
	since, _ := ctx.Value(sinceKey{}).(int64)
	for {
		s.memo.mu.Lock()
		it, ok := s.memo.items[name]
		if !ok || it.generation < since {
			it = &item{generation: since, done: make(chan struct{})}
			if s.memo.items == nil {
				s.memo.items = map[string]*item{}
			}
			s.memo.items[name] = it
			s.memo.mu.Unlock()
			return readItem(ctx, s, name, it, read)
		}
		s.memo.mu.Unlock()

		atHand := false
		select {
		case <-it.done:
			atHand = true
		default:
			select {
			case <-it.done:
			case <-ctx.Done():
				var none T
				return none, ctx.Err()
			}
		}
		if it.cancelled {
			continue
		}
		if !atHand {
			sheetOf(ctx).deepen(depthOf(ctx) - 1 + it.depth)
		}
		value, _ := it.value.(T)
		return value, it.err
	}
}

func readItem[T any](ctx context.Context, s *Source, name string, it *item, read func(context.Context) (T, error)) (T, error) {
	own := &sheet{}
	value, err := read(onSheet(ctx, own))
	sheetOf(ctx).add(own, depthOf(ctx)-1)
	_, it.depth = own.all()
	it.value, it.err = value, err
	// The reader's context ended, by cancellation or by its deadline: who waits has
	// another one and tries for itself.
	it.cancelled = err != nil && ctx.Err() != nil

	s.memo.mu.Lock()
	if !keep(err) && s.memo.items[name] == it {
		delete(s.memo.items, name)
	}
	s.memo.mu.Unlock()
	close(it.done)
	return value, err
}

// keep reports whether an outcome is an answer, which asking again would not change.
func keep(err error) bool {
	if err == nil || errors.Is(err, errAbsent) {
		return true
	}
	reason, expired := classify(err)
	return !expired && reason == fact.Denied
}
