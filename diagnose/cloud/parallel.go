package cloud

import "sync"

// parallel runs all of them at the same time, waits for all, and returns the first
// error in their order, so that the outcome does not depend on the race. They are
// not cancelled by each other: a request that is under way costs the same either way,
// and its answer may be worth something.
func parallel(run ...func() error) error {
	errs := make([]error, len(run))
	var wg sync.WaitGroup
	for i, f := range run {
		wg.Go(func() { errs[i] = f() })
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// each runs f for every element at the same time.
func each[T any](list []T, f func(i int, v T) error) error {
	run := make([]func() error, len(list))
	for i, v := range list {
		run[i] = func() error { return f(i, v) }
	}
	return parallel(run...)
}
