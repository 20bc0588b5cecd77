// Package feed carries what a goroutine produces to the interface's loop without
// ever making the goroutine wait: what is not fetched in time is merged.
package feed

import (
	"context"
	"fmt"
	"sync"
)

// Feed is one running producer.
type Feed[T any] struct {
	merge func(old, next T) T
	note  chan struct{} // of capacity one: something is there
	done  chan struct{}
	stop  context.CancelFunc
	ctx   context.Context

	mu   sync.Mutex
	next T
	full bool
	err  error
}

// Start runs produce in a goroutine of its own. merge joins what was not fetched
// yet with what came after it. A panic of produce ends the feed with an error.
func Start[T any](ctx context.Context, merge func(old, next T) T, produce func(ctx context.Context, emit func(T)) error) *Feed[T] {
	f := &Feed[T]{merge: merge, note: make(chan struct{}, 1), done: make(chan struct{})}
	f.ctx, f.stop = context.WithCancel(ctx)
	go func() {
		defer close(f.done)
		defer func() {
			if r := recover(); r != nil {
				f.fail(fmt.Errorf("monshin failed inside: %v", r))
			}
		}()
		f.fail(produce(f.ctx, f.put))
	}()
	return f
}

// Stop asks the producer to end. What it emits afterwards is not fetched.
func (f *Feed[T]) Stop() { f.stop() }

// Done is closed when the producer has returned.
func (f *Feed[T]) Done() <-chan struct{} { return f.done }

// Next waits for something new. ended means that nothing follows; err is then what
// the producer returned. It returns ended as soon as the feed is stopped, also when
// the producer does not notice.
func (f *Feed[T]) Next() (v T, ok, ended bool, err error) {
	select {
	case <-f.note:
	case <-f.done:
	case <-f.ctx.Done():
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.full {
		v, f.full = f.next, false
		return v, true, false, nil
	}
	var none T
	select {
	case <-f.done:
		return none, false, true, f.err
	default:
		return none, false, f.ctx.Err() != nil, f.ctx.Err()
	}
}

func (f *Feed[T]) put(v T) {
	f.mu.Lock()
	if f.full {
		v = f.merge(f.next, v)
	}
	f.next, f.full = v, true
	f.mu.Unlock()
	select {
	case f.note <- struct{}{}:
	default:
	}
}

func (f *Feed[T]) fail(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err == nil {
		f.err = err
	}
}
