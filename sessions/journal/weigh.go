package journal

import (
	"bytes"
	"reflect"
	"runtime"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/walk"
)

// A few bytes of JSON can stand for a structure of a kilobyte ("{}"), so a file's
// size says nothing of the memory that it takes. What an entry can take at most is
// told before it is decoded, from its braces and commas and from the largest
// structure of its kind; what is kept may take grace more than the file is large.
// That is far more than an honest part takes, so a large one is measured once it is
// decoded, and what it was overrated by counts only until it is collected.
const grace = 24 << 20

// measured is what an entry has to be rated at to be worth measuring, in bytes.
const measured = 128 << 10

// mostCollections bounds how often a file can have garbage collected: an honest file
// of the largest size needs a few dozen.
const mostCollections = 64

// The costs of what JSON stands for, in bytes: a string's or a slice's header with
// the room that a growing slice has to spare, and an entry of a map of strings.
const (
	slotCost = 32
	mapCost  = 160
)

// scale tells how much memory an entry may take.
type scale struct {
	shapes map[string]shape // by the kind of part, or by the kind of entry
	kept   map[string]int   // what each thing that may be replaced takes
	total  int
	// slack is by how much what was measured had been overrated, since garbage was
	// collected last; collections counts how often that was.
	slack, collections int
}

// shape is what a value of a type takes: its own size once, and that of the largest
// structure of which it can hold many. maps says that it holds maps.
type shape struct {
	once, each int
	maps       bool
}

func newScale() *scale {
	return &scale{shapes: map[string]shape{
		string(KindVerdict): shapeOf(reflect.TypeFor[Verdict]()),
		string(KindPart):    shapeOf(reflect.TypeFor[[]walk.Call]()),
		string(KindOpen):    shapeOf(reflect.TypeFor[Opening]()),
		"":                  shapeOf(reflect.TypeFor[Stamped[Resume]]()), // the largest of the others
	}, kept: map[string]int{}}
}

// ofPart is the shape of a kind of parts.
func (s *scale) ofPart(kind string) shape {
	if known, ok := s.shapes["part:"+kind]; ok {
		return known
	}
	k, ok := estate.Lookup(kind)
	if !ok {
		return shape{}
	}
	found := shapeOf(reflect.TypeOf(k.Unknown("", fact.Why{Reason: fact.NotRecorded}).Fact))
	s.shapes["part:"+kind] = found
	return found
}

// of is the shape of a kind of entries.
func (s *scale) of(k Kind) shape {
	if found, ok := s.shapes[string(k)]; ok {
		return found
	}
	return s.shapes[""]
}

// verdict is what an entry of a map of verdicts takes. What a verdict refers to is
// shared.
func (s *scale) verdict() int { return s.of(KindVerdict).once + mapCost }

// weigh is the most that a value of the shape can take that is decoded from b.
func weigh(sh shape, b []byte) int {
	objects, lists, commas := bytes.Count(b, []byte{'{'}), bytes.Count(b, []byte{'['}), bytes.Count(b, []byte{','})
	slot := slotCost
	if sh.maps {
		slot = mapCost
	}
	// A list that grows is there twice while it is copied.
	return len(b) + 2*sh.once + 2*objects*sh.each + (lists+commas)*slot
}

// put notes that something is kept under a name, in place of what was there under
// it, and reports whether it still fits a file of which so many bytes were read.
func (s *scale) put(name string, weight, read int) bool {
	s.total += weight
	if name != "" {
		s.total -= s.kept[name]
		s.slack += s.kept[name]
		s.kept[name] = weight
	}
	return s.fits(0, read)
}

// fits reports whether something would fit. Garbage that could be in its way is
// collected.
func (s *scale) fits(weight, read int) bool {
	if s.total+weight > grace+read || s.total+s.slack+weight <= grace+read {
		return s.total+weight <= grace+read
	}
	if s.collections == mostCollections {
		return false
	}
	runtime.GC()
	s.slack, s.collections = 0, s.collections+1
	return true
}

// weighed notes what a decoded value that was rated at so much takes really, under a
// name as put does.
func (s *scale) weighed(name string, v any, rated, read int) bool {
	weight := rated
	if rated > measured {
		weight = min(rated, sizeOf(reflect.ValueOf(v)))
	}
	s.slack += rated - weight
	return s.put(name, weight, read)
}

// sizeOf is what a value refers to, in bytes.
func sizeOf(v reflect.Value) int {
	switch v.Kind() {
	case reflect.String:
		return v.Len()
	case reflect.Slice:
		n := v.Cap() * int(v.Type().Elem().Size())
		if !refers(v.Type().Elem().Kind()) {
			return n
		}
		for i := range v.Len() {
			n += sizeOf(v.Index(i))
		}
		return n
	case reflect.Array:
		n := 0
		for i := range v.Len() {
			n += sizeOf(v.Index(i))
		}
		return n
	case reflect.Map:
		n := v.Len() * (mapCost + int(v.Type().Key().Size()+v.Type().Elem().Size()))
		for it := v.MapRange(); it.Next(); {
			n += sizeOf(it.Key()) + sizeOf(it.Value())
		}
		return n
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return 0
		}
		return int(v.Elem().Type().Size()) + sizeOf(v.Elem())
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return 0 // its location is shared
		}
		n := 0
		for i := range v.NumField() {
			n += sizeOf(v.Field(i))
		}
		return n
	}
	return 0
}

// refers reports whether values of a kind can refer to more.
func refers(k reflect.Kind) bool {
	switch k {
	case reflect.String, reflect.Slice, reflect.Array, reflect.Map, reflect.Pointer, reflect.Interface, reflect.Struct:
		return true
	}
	return false
}

func shapeOf(t reflect.Type) shape {
	out := shape{once: int(t.Size())}
	seen := map[reflect.Type]bool{}
	var look func(t reflect.Type, many bool)
	look = func(t reflect.Type, many bool) {
		if seen[t] && !many {
			return
		}
		switch t.Kind() {
		case reflect.Struct:
			if many && out.each < int(t.Size()) {
				out.each = int(t.Size())
			} else if seen[t] {
				return
			}
			seen[t] = true
			for i := range t.NumField() {
				look(t.Field(i).Type, false)
			}
		case reflect.Map:
			out.maps = true
			look(t.Elem(), true)
		case reflect.Slice, reflect.Array, reflect.Pointer:
			look(t.Elem(), true)
		}
	}
	look(t, false)
	return out
}
