package walking

import (
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/walk"
)

// section is a group of the results.
type section int

const (
	rootSection section = iota
	openSection         // reported, its cause not known
	otherSection
	unknownSection
	waitingSection
)

// item is one row of the results: a finding, something unknown, or a part that is
// still being read.
type item struct {
	section section
	found   *walk.Weighed
	open    *walk.Open
	waiting estate.Key
	// depth is 0 for a cause, and grows with each consequence of a consequence.
	depth int
}

func (i item) id() string {
	switch {
	case i.found != nil:
		return i.found.ID()
	case i.open != nil:
		return i.open.Probe + " " + string(i.open.Why.Reason) + " " + i.open.Why.Action
	}
	return i.waiting.String()
}

// itemsOf orders a diagnosis: each cause with what it leads to, every finding once.
func itemsOf(d *walk.Diagnosis) []item {
	place := map[string]int{}
	for i := range d.Findings {
		place[d.Findings[i].ID()] = i
	}
	shown := map[string]bool{}
	groups := [3][]item{}
	var put func(s section, f *walk.Weighed, depth int)
	put = func(s section, f *walk.Weighed, depth int) {
		if shown[f.ID()] {
			return
		}
		shown[f.ID()] = true
		groups[s] = append(groups[s], item{section: s, found: f, depth: depth})
		for _, id := range f.Explains {
			if i, ok := place[id]; ok && !d.Findings[i].Root {
				put(s, &d.Findings[i], depth+1)
			}
		}
	}
	// Roots first: what they explain must not be shown under anything else.
	for i := range d.Findings {
		if f := &d.Findings[i]; f.Root {
			put(rootSection, f, 0)
		}
	}
	for i := range d.Findings {
		if f := &d.Findings[i]; len(f.CausedBy) == 0 {
			put(sectionOf(f), f, 0)
		}
	}
	for i := range d.Findings {
		put(sectionOf(&d.Findings[i]), &d.Findings[i], 0)
	}
	var out []item
	for _, g := range groups {
		out = append(out, g...)
	}
	for i := range d.Unknowns {
		out = append(out, item{section: unknownSection, open: &d.Unknowns[i]})
	}
	for _, k := range d.Waiting {
		out = append(out, item{section: waitingSection, waiting: k})
	}
	return out
}

func sectionOf(f *walk.Weighed) section {
	if f.Severity == finding.Info {
		return otherSection
	}
	return openSection
}

// item is the selected row of the results.
func (p *Page) item() item {
	if at := p.cursors[resultPane].At; at < len(p.items) {
		return p.items[at]
	}
	return item{}
}

func (p *Page) settleItem(id string) {
	c := &p.cursors[resultPane]
	if id != "" && c.At > 0 {
		for i := range p.items {
			if p.items[i].id() == id {
				c.At = i
				return
			}
		}
	}
	c.Clamp(len(p.items))
}

// slow is from when on a part is said to be waited for: shorter waits come and go
// faster than one can read.
const slow = 2 * time.Second
