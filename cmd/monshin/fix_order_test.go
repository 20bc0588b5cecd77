package main

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/lab"
	"github.com/monshin/monshin/diagnose/remedy"
	"github.com/monshin/monshin/diagnose/walk"
)

// From five causes to none in whatever order, and back: each forecast comes true, and
// the way back leads to where it began.
func TestPlansInAnyOrder(t *testing.T) {
	k, err := learn()
	if err != nil {
		t.Fatal(err)
	}
	s, ok := lab.Find("many-causes")
	if !ok {
		t.Fatal("there is no scenario many-causes")
	}
	for seed := range uint64(6) { // of 120 orders
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			t.Parallel()
			order := rand.New(rand.NewPCG(seed, 0))
			guard := &watchman{t: t}
			o := operateIn(t, k, s, "", guard.before)
			guard.watch(o)
			now := o.diagnosis
			if n := len(now.RootCauses()); n != 5 {
				t.Fatalf("%d root causes", n)
			}
			before := map[string]string{}
			var runs []*remedy.Run
			for len(now.RootCauses()) > 0 {
				roots := now.RootCauses()
				w := roots[order.IntN(len(roots))]
				p := applicable(t, o, w)
				for at, v := range o.fresh(t, steady(unseen(p.Plan.Keys(), before))) {
					before[at] = v
				}
				run, err := o.Apply(t.Context(), p, consent(p), nil)
				if err != nil {
					t.Fatalf("%s: %v", p.Plan.Fix, err)
				}
				after, err := o.Verify(t.Context(), run, true, nil)
				if err != nil || run.Verification.State != remedy.Confirmed {
					t.Fatalf("%s: %v, %+v", p.Plan.Fix, err, run.Verification)
				}
				compareForecast(t, *p.Forecast, after)
				if len(after.RootCauses()) >= len(roots) {
					t.Fatalf("%s left %d root causes of %d", p.Plan.Fix, len(after.RootCauses()), len(roots))
				}
				runs, now = append(runs, run), after
			}
			for _, run := range slices.Backward(runs) {
				if err := o.Undo(t.Context(), run, "", nil); err != nil {
					t.Fatalf("undo of %s: %v", run.Plan.Fix, err)
				}
				if len(run.Undone.Rest) > 0 {
					t.Errorf("%s left %s", run.Plan.Fix, run.Undone.Rest[0].Say().En)
				}
			}
			var keys []estate.Key
			for _, at := range slices.Sorted(maps.Keys(before)) {
				keys = append(keys, estate.ParseKey(at))
			}
			if d := cmp.Diff(before, o.fresh(t, keys)); d != "" {
				t.Errorf("the way back leads elsewhere (-before +after):\n%s", d)
			}
			guard.done(o)
		})
	}
}

// applicable is the first fix of a finding that monshin can carry out.
func applicable(t *testing.T, o operation, w walk.Weighed) remedy.Planned {
	t.Helper()
	all, err := o.Proposals(t.Context(), w.ID())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range all {
		if p.Refused == nil && p.Fix.Mode == remedy.Automatic {
			return p.Planned
		}
	}
	t.Fatalf("nothing can be done about %s", w.ID())
	return remedy.Planned{}
}

// unseen leaves out the parts whose state at the beginning is known.
func unseen(keys []estate.Key, seen map[string]string) []estate.Key {
	return slices.DeleteFunc(slices.Clone(keys), func(k estate.Key) bool {
		_, known := seen[k.String()]
		return known
	})
}
