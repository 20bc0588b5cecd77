package redact

import (
	"cmp"
	"slices"
)

// Row of a report: what was replaced in one part of an export.
type Row struct {
	// Place is the part, as it was named to In.
	Place string
	Class Class
	// Values is how many different values, Times how often any of them stood there.
	Values, Times int
}

// Report lists what was replaced where, by place, then by class.
func (r *Redactor) Report() []Row {
	var out []Row
	for e, t := range r.report {
		out = append(out, Row{e.place, e.class, len(t.values), t.times})
	}
	order := Classes()
	slices.SortFunc(out, func(a, b Row) int {
		return cmp.Or(cmp.Compare(a.Place, b.Place), cmp.Compare(slices.Index(order, a.Class), slices.Index(order, b.Class)), cmp.Compare(a.Class, b.Class))
	})
	return out
}
