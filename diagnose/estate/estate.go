// Package estate holds what is known about one instance and its surroundings:
// typed parts, keyed by kind and id, serialisable and comparable.
//
// An estate never calls anything and has no clock: AsOf is the time for which it
// speaks. Probes read it through a View, which notes what they touched.
package estate

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/monshin/monshin/diagnose/fact"
)

// Key names one part: a kind, and the id of the thing within the estate's
// account and region ("" for the parts of which there is one).
type Key struct {
	Kind string
	ID   string
}

// String writes "kind" or "kind:id".
func (k Key) String() string {
	if k.ID == "" {
		return k.Kind
	}
	return k.Kind + ":" + k.ID
}

// ParseKey reads what Key.String wrote.
func ParseKey(s string) Key {
	kind, id, _ := strings.Cut(s, ":")
	return Key{Kind: kind, ID: id}
}

// Compare orders keys by kind, then id.
func (k Key) Compare(o Key) int {
	if c := strings.Compare(k.Kind, o.Kind); c != 0 {
		return c
	}
	return strings.Compare(k.ID, o.ID)
}

// Target is what the investigation is about.
type Target struct {
	InstanceID string `json:"instance_id"`
	Region     string `json:"region"`
	// Account is the twelve digits of the caller's account, "" until it is known.
	Account string `json:"account,omitempty"`
	// Partition is "aws", "aws-cn" or "aws-us-gov".
	Partition string `json:"partition,omitempty"`
}

// The questions whose answers an estate can hold: what AWS cannot tell.
const (
	AnswerADDomain = "ad-domain" // the DNS name of the AD domain the instance should join
	AnswerUser     = "user"      // the AD user who cannot use the product
	AnswerFrom     = "from"      // where one connects from: an IP address, a CIDR or an instance id
)

// Estate is what is known. It is not safe for concurrent writes; Clone is cheap.
type Estate struct {
	Target Target
	// AsOf is the time for which the estate speaks, in UTC.
	AsOf time.Time
	// Answers are what the operator said, by question name. "" is "don't know".
	Answers map[string]string

	parts   map[Key]fact.Fact
	derived map[string]derived
}

// New makes an estate in which nothing is known yet.
func New(t Target, asOf time.Time) *Estate {
	return &Estate{Target: t, AsOf: asOf.UTC(), Answers: map[string]string{}, parts: map[Key]fact.Fact{}, derived: map[string]derived{}}
}

// Clone copies the estate; the parts themselves are shared, as nobody changes them.
func (e *Estate) Clone() *Estate {
	return &Estate{Target: e.Target, AsOf: e.AsOf, Answers: maps.Clone(e.Answers), parts: maps.Clone(e.parts), derived: maps.Clone(e.derived)}
}

// Keys lists the parts that the estate holds, in order.
func (e *Estate) Keys() []Key {
	return slices.SortedFunc(maps.Keys(e.parts), Key.Compare)
}

// Has reports whether the part was put in, known or not.
func (e *Estate) Has(k Key) bool { _, ok := e.parts[k]; return ok }

// Fact returns a part without its type; ok is false where the estate has none.
func (e *Estate) Fact(k Key) (fact.Fact, bool) { f, ok := e.parts[k]; return f, ok }

// Put stores a part of whatever kind. The fact must be of the kind's type, as
// made by Kind.Part or Decode.
func (e *Estate) Put(p Part) {
	e.parts[p.Key] = p.Fact
	e.changed(p.Key)
}

// Remove forgets a part, so that it will be asked for again.
func (e *Estate) Remove(k Key) {
	delete(e.parts, k)
	e.changed(k)
}

// Part is one fact with its key.
type Part struct {
	Key  Key
	Fact fact.Fact
}

// Kind describes the parts of one kind, whose values are of type T.
type Kind[T any] struct{ kind }

type kind struct {
	name string
	// actions are the IAM actions that reading such a part needs.
	actions []string
	// touches says that reading it runs a script inside the guest.
	touches bool
	unknown func(fact.Why) fact.Fact
	decode  func(json.RawMessage) (fact.Fact, error)
}

func define[T any](name string, actions ...string) Kind[T] {
	return Kind[T]{kind{
		name: name, actions: actions,
		unknown: func(w fact.Why) fact.Fact { return fact.Unknown[T](w) },
		decode: func(b json.RawMessage) (fact.Fact, error) {
			var f fact.Of[T]
			err := json.Unmarshal(b, &f)
			return f, err
		},
	}}
}

// touch marks a kind whose parts are read inside the guest, which needs consent.
func touch[T any](k Kind[T]) Kind[T] {
	k.touches = true
	return k
}

// Touches reports whether reading such a part runs a script inside the guest.
func (k kind) Touches() bool { return k.touches }

// Name is the kind's name, the first half of its keys.
func (k kind) Name() string { return k.name }

// Actions lists the IAM actions that reading such a part needs.
func (k kind) Actions() []string { return slices.Clone(k.actions) }

// Key names the part of this kind with that id.
func (k kind) Key(id string) Key { return Key{Kind: k.name, ID: id} }

// Unknown makes an unknown part of this kind.
func (k kind) Unknown(id string, w fact.Why) Part { return Part{k.Key(id), k.unknown(w)} }

// Part makes a part of this kind.
func (k Kind[T]) Part(id string, f fact.Of[T]) Part { return Part{k.Key(id), f} }

// Of reads a part through a view. A part that the estate does not hold is
// unknown(pending), and the view notes that it is wanted.
func (k Kind[T]) Of(v *View, id string) fact.Of[T] {
	key := k.Key(id)
	v.touch(key)
	if f, ok := v.estate.parts[key]; ok {
		return f.(fact.Of[T])
	}
	v.want(key)
	return fact.Unknown[T](fact.Why{Reason: fact.Pending, Blocker: key.String()})
}

// AnyKind is a Kind of whatever T.
type AnyKind interface {
	Name() string
	Touches() bool
	Actions() []string
	Key(id string) Key
	Unknown(id string, w fact.Why) Part
}

// Lookup finds a kind by name.
func Lookup(name string) (AnyKind, bool) {
	k, ok := kinds()[name]
	return k, ok
}

// Kinds lists every kind, by name.
func Kinds() []AnyKind {
	m := kinds()
	out := make([]AnyKind, 0, len(m))
	for _, n := range slices.Sorted(maps.Keys(m)) {
		out = append(out, m[n])
	}
	return out
}

// View is an estate as one judgement reads it.
type View struct {
	estate  *Estate
	touched []Key
	wanted  []Key
	answers []string
}

// NewView starts a reading of e.
func NewView(e *Estate) *View { return &View{estate: e} }

// Target says what the investigation is about.
func (v *View) Target() Target { return v.estate.Target }

// AsOf is the time for which the estate speaks. Probes have no other clock.
func (v *View) AsOf() time.Time { return v.estate.AsOf }

// Answer returns what the operator said; asked is false where the question has
// not been put yet. An answer of "" means "don't know".
func (v *View) Answer(name string) (answer string, asked bool) {
	if !slices.Contains(v.answers, name) {
		v.answers = append(v.answers, name)
	}
	answer, asked = v.estate.Answers[name]
	return answer, asked
}

// Touched lists the parts that were read, in the order of the first reading.
func (v *View) Touched() []Key { return v.touched }

// Wanted lists the parts that were read but are not there yet.
func (v *View) Wanted() []Key { return v.wanted }

// Asked lists the questions whose answers were read.
func (v *View) Asked() []string { return v.answers }

func (v *View) touch(k Key) {
	if !slices.Contains(v.touched, k) {
		v.touched = append(v.touched, k)
	}
}

func (v *View) want(k Key) {
	if !slices.Contains(v.wanted, k) {
		v.wanted = append(v.wanted, k)
	}
}

// Encode writes a part's fact as JSON.
func Encode(p Part) (json.RawMessage, error) { return json.Marshal(p.Fact) }

// Decode reads a part's fact. It refuses kinds it does not know and values that
// do not fit the kind.
func Decode(key Key, b json.RawMessage) (Part, error) {
	k, ok := kindTable()[key.Kind]
	if !ok {
		return Part{}, fmt.Errorf("no kind of part is called %q", key.Kind)
	}
	f, err := k.decode(b)
	if err != nil {
		return Part{}, fmt.Errorf("part %s: %w", key, err)
	}
	return Part{key, f}, nil
}
