// Package fact holds the small type everything is made of: a value that is
// known, known to be absent, or unknown with a reason.
//
// A refused call is never "not there" and never "fine". The zero Of is unknown,
// so a fact that nobody recorded cannot pass for one.
package fact

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// State says which of the three a fact is.
type State uint8

// The states of a fact. StateUnknown is the zero value on purpose.
const (
	StateUnknown State = iota
	StateAbsent
	StateKnown
)

// Reason says why a fact or a judgement is unknown (DESIGN.md §3).
type Reason string

// The reasons of unknown.
const (
	Denied       Reason = "denied"        // the caller may not read it; says nothing about the patient
	Throttled    Reason = "throttled"     // AWS refused for rate, also after the retries
	Timeout      Reason = "timeout"       // no answer inside the part's deadline
	NotSupported Reason = "not-supported" // this endpoint does not know the operation, or answered with something else
	TooEarly     Reason = "too-early"     // the answer will exist later: see Why.Until
	NeedsGuest   Reason = "needs-guest"   // only Windows itself can tell
	NeedsAnswer  Reason = "needs-answer"  // only the operator can tell
	BlockedBy    Reason = "blocked-by"    // another judgement has to be settled first: see Why.Blocker
	NotVisible   Reason = "not-visible"   // belongs to another account, which this caller cannot see
	NotModelled  Reason = "not-modelled"  // read, but monshin does not evaluate such a thing
	NotRecorded  Reason = "not-recorded"  // a recording does not hold it
	AfterFix     Reason = "after-fix"     // depends on a change that is only planned, or was just made

	// Pending is not a reason that is ever reported: the part is still being read.
	Pending Reason = "pending"
)

// Why explains an unknown.
type Why struct {
	Reason Reason `json:"reason"`
	// Action is the IAM action that was tried, or is missing ("ec2:DescribeVpcs").
	Action string `json:"action,omitempty"`
	// Resource is the ARN or id that the action was tried on, where it is known.
	Resource string `json:"resource,omitempty"`
	// Detail is what came back, in the service's own words. Untrusted.
	Detail string `json:"detail,omitempty"`
	// Until is when to look again, for TooEarly.
	Until time.Time `json:"until,omitzero"`
	// Blocker is the probe or part that has to be settled first, for BlockedBy,
	// or the name of the question, for NeedsAnswer.
	Blocker string `json:"blocker,omitempty"`
}

func (w Why) String() string {
	parts := []string{string(w.Reason)}
	if w.Action != "" {
		parts = append(parts, w.Action)
	}
	if w.Blocker != "" {
		parts = append(parts, w.Blocker)
	}
	if w.Detail != "" {
		parts = append(parts, w.Detail)
	}
	return strings.Join(parts, ": ")
}

// Source says who told a fact (DESIGN.md §3).
type Source string

// The sources of a fact.
const (
	API       Source = "api"
	Guest     Source = "guest"
	Console   Source = "console"
	Inventory Source = "inventory"
	Trail     Source = "trail"
	Customer  Source = "customer"
	Stated    Source = "stated" // an answer of the operator; alone it never proves
)

// Origin is where, when and how a fact was read.
type Origin struct {
	Source Source `json:"source"`
	// Call is the operation, spelled as its IAM action: "ec2:DescribeVpcEndpoints".
	Call string `json:"call,omitempty"`
	// CLI is the AWS CLI line with which one can see the fact oneself.
	CLI string `json:"cli,omitempty"`
	// Time is when it was read, in UTC.
	Time time.Time `json:"time,omitzero"`
	// RequestID is the AWS request id of the (last) answer.
	RequestID string `json:"request_id,omitempty"`
}

// Of is a fact of type T.
type Of[T any] struct {
	state  State
	value  T
	why    Why
	origin Origin
}

// Known makes a fact that was read.
func Known[T any](v T, o Origin) Of[T] { return Of[T]{state: StateKnown, value: v, origin: o} }

// Absent makes a fact that something is known not to exist.
func Absent[T any](o Origin) Of[T] { return Of[T]{state: StateAbsent, origin: o} }

// Unknown makes a fact that could not be had.
func Unknown[T any](w Why) Of[T] { return Of[T]{state: StateUnknown, why: w} }

// UnknownFrom is Unknown with the origin of the failed attempt.
func UnknownFrom[T any](w Why, o Origin) Of[T] {
	return Of[T]{state: StateUnknown, why: w, origin: o}
}

// State tells which of the three the fact is.
func (f Of[T]) State() State { return f.state }

// Get returns the value and whether there is one.
func (f Of[T]) Get() (T, bool) { return f.value, f.state == StateKnown }

// Value returns the value, or the zero T. Use it only after a check of State.
func (f Of[T]) Value() T { return f.value }

// IsKnown reports whether a value was read.
func (f Of[T]) IsKnown() bool { return f.state == StateKnown }

// IsAbsent reports whether the thing is known not to exist.
func (f Of[T]) IsAbsent() bool { return f.state == StateAbsent }

// IsUnknown reports whether nothing is known.
func (f Of[T]) IsUnknown() bool { return f.state == StateUnknown }

// Why returns the reason of an unknown. An unknown without a reason was not recorded.
func (f Of[T]) Why() Why {
	if f.state == StateUnknown && f.why.Reason == "" {
		return Why{Reason: NotRecorded}
	}
	return f.why
}

// Origin returns where the fact was read.
func (f Of[T]) Origin() Origin { return f.origin }

// WithOrigin returns f as told by o.
func (f Of[T]) WithOrigin(o Origin) Of[T] { f.origin = o; return f }

// Map turns a fact into another that follows from it.
func Map[T, U any](f Of[T], turn func(T) U) Of[U] {
	out := Of[U]{state: f.state, why: f.why, origin: f.origin}
	if f.state == StateKnown {
		out.value = turn(f.value)
	}
	return out
}

// Fact is an Of[T] of whatever T.
type Fact interface {
	State() State
	Why() Why
	Origin() Origin
}

type wire[T any] struct {
	State  string  `json:"state"`
	Value  *T      `json:"value,omitempty"`
	Why    *Why    `json:"why,omitempty"`
	Origin *Origin `json:"origin,omitempty"`
}

// MarshalJSON writes {"state":"known|absent|unknown","value":…,"why":…,"origin":…}.
func (f Of[T]) MarshalJSON() ([]byte, error) {
	w := wire[T]{State: f.state.String()}
	switch f.state {
	case StateKnown:
		w.Value = &f.value
	case StateUnknown:
		why := f.Why()
		w.Why = &why
	}
	if f.origin != (Origin{}) {
		w.Origin = &f.origin
	}
	return json.Marshal(w)
}

// UnmarshalJSON reads what MarshalJSON wrote and refuses anything else.
func (f *Of[T]) UnmarshalJSON(b []byte) error {
	var w wire[T]
	if err := json.Unmarshal(b, &w); err != nil {
		return err
	}
	*f = Of[T]{}
	if w.Origin != nil {
		f.origin = *w.Origin
	}
	switch w.State {
	case "known":
		if w.Value == nil {
			return fmt.Errorf("a known fact has no value")
		}
		f.state, f.value = StateKnown, *w.Value
	case "absent":
		f.state = StateAbsent
	case "unknown":
		if w.Why == nil || w.Why.Reason == "" {
			return fmt.Errorf("an unknown fact has no reason")
		}
		f.why = *w.Why
	default:
		return fmt.Errorf("a fact is known, absent or unknown, not %q", w.State)
	}
	return nil
}

func (s State) String() string {
	switch s {
	case StateKnown:
		return "known"
	case StateAbsent:
		return "absent"
	}
	return "unknown"
}
