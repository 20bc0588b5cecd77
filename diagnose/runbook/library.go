package runbook

import (
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"sync"
)

//go:embed trees/*.yaml branches/*.yaml
var embedded embed.FS

// Symptoms lists monshin's symptoms in the order in which they are shown.
func Symptoms() []Symptom {
	return []Symptom{
		NotInSystemsManager, NoSession, RDPNoScreen, RDPRefused, InstanceGone, OfficeTerminates,
		OfficeNotLicensed, DomainJoin, NotActivated, NoPassword, Cloned, Everything,
	}
}

// Branches holds monshin's own shared branches, for Load.
func Branches() fs.FS {
	sub, err := fs.Sub(embedded, "branches")
	if err != nil {
		// The name is a constant that fs.ValidPath accepts: nothing else can fail.
		panic(err)
	}
	return sub
}

// Library is a collection of trees, at most one for a symptom.
type Library struct {
	trees []*Tree
	// index is made by the first search: most commands never search.
	index func() *index
}

// Embedded loads monshin's own trees. The error is a Mistakes where a tree and the
// names that are known do not fit together.
func Embedded(known Known) (*Library, error) {
	l := newLoader(Branches(), known)
	var trees []*Tree
	for _, s := range Symptoms() {
		name := "trees/" + string(s) + ".yaml"
		src, err := embedded.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("the tree of the symptom %q: %w", s, err)
		}
		t, err := l.tree(name, src)
		if err != nil {
			return nil, err
		}
		if t.Symptom != s {
			return nil, fmt.Errorf("%s holds the tree of %q", name, t.Symptom)
		}
		trees = append(trees, t)
	}
	return NewLibrary(trees...), nil
}

// NewLibrary collects trees; the order is the one in which they are shown. A later
// tree takes the place of an earlier one of the same symptom.
func NewLibrary(trees ...*Tree) *Library {
	l := &Library{}
	for _, t := range trees {
		if i := slices.IndexFunc(l.trees, func(o *Tree) bool { return o.Symptom == t.Symptom }); i >= 0 {
			l.trees[i] = t
			continue
		}
		l.trees = append(l.trees, t)
	}
	l.index = sync.OnceValue(func() *index { return newIndex(l.trees) })
	return l
}

// With is the library with one more tree, somebody's own: in the place of the one
// for the same symptom, or at the end.
func (l *Library) With(t *Tree) *Library { return NewLibrary(append(slices.Clone(l.trees), t)...) }

// Trees lists the trees in the order in which they are shown.
func (l *Library) Trees() []*Tree { return slices.Clone(l.trees) }

// Tree finds the tree of a symptom.
func (l *Library) Tree(s Symptom) (*Tree, bool) {
	for _, t := range l.trees {
		if t.Symptom == s {
			return t, true
		}
	}
	return nil, false
}

// Symptoms lists the symptoms of the library in the order in which they are shown.
func (l *Library) Symptoms() []Symptom {
	out := make([]Symptom, len(l.trees))
	for i, t := range l.trees {
		out[i] = t.Symptom
	}
	return out
}
