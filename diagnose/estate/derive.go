package estate

import (
	"maps"
	"slices"
	"time"
)

// derived is something that was worked out from parts, with all that it read. It
// holds for as long as none of that changes.
type derived struct {
	value   any
	touched []Key
	wanted  []Key
	answers map[string]answer
	asOf    time.Time
}

type answer struct {
	value string
	asked bool
}

// Derive returns compute's result for the view's estate, and works it out only
// where something that it read has changed since. Several judgements share one
// derivation this way; each still counts as having read what the derivation read.
// name must be unique to the computation and its arguments.
func Derive[T any](v *View, name string, compute func(*View) T) T {
	d, ok := v.estate.derived[name]
	if !ok || !v.estate.holds(d) {
		sub := NewView(v.estate)
		value := compute(sub)
		d = derived{value: value, touched: sub.touched, wanted: sub.wanted, asOf: v.estate.AsOf, answers: map[string]answer{}}
		for _, name := range sub.answers {
			a, asked := v.estate.Answers[name]
			d.answers[name] = answer{a, asked}
		}
		v.estate.derived[name] = d
	}
	for _, k := range d.touched {
		v.touch(k)
	}
	for _, k := range d.wanted {
		v.want(k)
	}
	for name := range d.answers {
		v.Answer(name)
	}
	return d.value.(T)
}

// holds reports whether a derivation's answers and time are still the estate's;
// changed parts drop it by themselves.
func (e *Estate) holds(d derived) bool {
	if !d.asOf.Equal(e.AsOf) {
		return false
	}
	for name, was := range d.answers {
		if now, asked := e.Answers[name]; asked != was.asked || now != was.value {
			return false
		}
	}
	return true
}

// changed drops what was derived from a part.
func (e *Estate) changed(k Key) {
	maps.DeleteFunc(e.derived, func(_ string, d derived) bool { return slices.Contains(d.touched, k) })
}
