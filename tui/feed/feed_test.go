package feed_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/monshin/monshin/tui/feed"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func latest(_, next int) int { return next }

func TestLatestWins(t *testing.T) {
	f := feed.Start(t.Context(), latest, func(_ context.Context, emit func(int)) error {
		for i := range 100 {
			emit(i)
		}
		return errors.New("the end")
	})
	<-f.Done()
	if v, ok, ended, err := f.Next(); v != 99 || !ok || ended || err != nil {
		t.Errorf("got %d, %t, %t, %v", v, ok, ended, err)
	}
	if _, ok, ended, err := f.Next(); ok || !ended || err == nil || err.Error() != "the end" {
		t.Errorf("the end is %t, %t, %v", ok, ended, err)
	}
	f.Stop()
}

func TestPiecesAreJoined(t *testing.T) {
	join := func(old, next []int) []int { return append(slices.Clone(old), next...) }
	f := feed.Start(t.Context(), join, func(_ context.Context, emit func([]int)) error {
		for i := range 50 {
			emit([]int{i})
		}
		return nil
	})
	defer f.Stop()
	var all []int
	for {
		v, _, ended, err := f.Next()
		if err != nil {
			t.Fatal(err)
		}
		if ended {
			break
		}
		all = append(all, v...)
	}
	if len(all) != 50 || !slices.IsSorted(all) {
		t.Errorf("got %v", all)
	}
}

func TestPanicEndsTheFeed(t *testing.T) {
	f := feed.Start(t.Context(), latest, func(context.Context, func(int)) error { panic("boom") })
	defer f.Stop()
	if _, _, ended, err := f.Next(); !ended || err == nil || !strings.Contains(err.Error(), "boom") {
		t.Errorf("got %t, %v", ended, err)
	}
}

func TestStopDoesNotWaitForTheProducer(t *testing.T) {
	release := make(chan struct{})
	f := feed.Start(t.Context(), latest, func(context.Context, func(int)) error { <-release; return nil })
	f.Stop()
	if _, _, ended, _ := f.Next(); !ended {
		t.Error("a stopped feed goes on")
	}
	close(release)
	<-f.Done()
}
