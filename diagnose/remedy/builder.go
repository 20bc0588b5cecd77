package remedy

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/probe"
)

// Builder writes a plan. What a fix reads goes through its view, so that a part that
// is missing is asked for; what it changes goes through Edit, so that the effect and
// the guards come from the same statement.
type Builder struct {
	view    *estate.View
	after   *estate.Estate
	finding finding.Finding
	plan    Plan
	refused *Refusal
	// edits of the step that is being written
	guards []Guard
	fault  error
}

// Refusal says why a fix does not apply.
type Refusal struct {
	Say lang.Text `json:"say"`
	// Danger says that the fix could be carried out and would do harm.
	Danger bool `json:"danger,omitempty"`
}

// Draft is what making a plan came to. One of Plan and Refused holds where Wanted is
// empty; otherwise the parts have to be read first.
type Draft struct {
	Plan    *Plan
	Refused *Refusal
	Wanted  []estate.Key
	// After is the estate as the plan's calls leave it, observations not yet unsettled.
	After *estate.Estate
}

// Make writes the plan of a fix for a finding on an estate.
func Make(f Fix, e *estate.Estate, found finding.Finding) (Draft, error) {
	b := &Builder{view: estate.NewView(e), after: e.Clone(), finding: found, plan: Plan{
		Fix: f.ID, Mode: f.Mode, Finding: found.ID(), Code: found.Code, Target: e.Target, AsOf: e.AsOf, Title: f.Title,
	}}
	if c, ok := estate.CallerPart.Of(b.view, "").Get(); ok {
		b.plan.Target.Account, b.plan.Alias = c.Account, c.Alias
	}
	f.Make(b)
	switch {
	case b.fault != nil:
		return Draft{}, fmt.Errorf("the plan of %s for %s: %w", f.ID, found.ID(), b.fault)
	case len(b.view.Wanted()) > 0:
		return Draft{Wanted: b.view.Wanted()}, nil
	case b.refused != nil:
		return Draft{Refused: b.refused}, nil
	case len(b.plan.Steps) == 0:
		return Draft{}, fmt.Errorf("the plan of %s for %s has no steps and no refusal", f.ID, found.ID())
	}
	if !b.plan.Undoable() {
		b.Risk(NotUndoable)
	}
	return Draft{Plan: &b.plan, After: b.after}, nil
}

// View is the estate as the fix reads it.
func (b *Builder) View() *estate.View { return b.view }

// Later is the estate as the edits so far leave it. Parts that are missing there are
// not asked for: read them through View first.
func (b *Builder) Later() *estate.View { return estate.NewView(b.after) }

// Finding is what is to be removed.
func (b *Builder) Finding() finding.Finding { return b.finding }

// Target is the instance under investigation.
func (b *Builder) Target() estate.Target { return b.plan.Target }

// Instance is the patient: live, or rebuilt from CloudTrail.
func (b *Builder) Instance() fact.Of[estate.Instance] { return probe.PatientOf(b.view) }

// Waiting reports whether a part that was read is missing. The fix may then return:
// it will be made again when the part is there.
func (b *Builder) Waiting() bool { return len(b.view.Wanted()) > 0 }

// Refuse says that the fix does not apply here.
func (b *Builder) Refuse(en, ja string, args ...any) {
	b.refused = &Refusal{Say: lang.Both(en, ja).With(args...)}
}

// Endangers says that the fix would do harm here and is not offered for consent.
func (b *Builder) Endangers(en, ja string, args ...any) {
	b.refused = &Refusal{Say: lang.Both(en, ja).With(args...), Danger: true}
}

// Unread refuses because a fact that the plan needs is unknown.
func (b *Builder) Unread(k estate.Key, w fact.Why) {
	if w.Reason == fact.Pending {
		return // it is wanted
	}
	b.Refuse("the plan needs %s, which could not be read (%s)", "対処手順の作成に必要な %s を取得できない（%s）", k.String(), string(w.Reason))
}

// Why says how the plan removes the finding.
func (b *Builder) Why(en, ja string, args ...any) { b.plan.Why = lang.Both(en, ja).With(args...) }

// Risk adds a named danger.
func (b *Builder) Risk(r Risk) {
	if !slices.Contains(b.plan.Risks, r) {
		b.plan.Risks = append(b.plan.Risks, r)
	}
}

// Cost adds a line of what it costs, and the risk.
func (b *Builder) Cost(en, ja string, args ...any) {
	b.plan.Costs = append(b.plan.Costs, lang.Both(en, ja).With(args...))
	b.Risk(Billing)
}

// Billed reports whether the plan so far costs money.
func (b *Builder) Billed() bool { return len(b.plan.Costs) > 0 }

// Reaches adds a number of what the plan touches.
func (b *Builder) Reaches(x Blast) { b.plan.Blast = append(b.plan.Blast, x) }

// Warn adds what the operator should know before consenting.
func (b *Builder) Warn(en, ja string, args ...any) {
	b.plan.Warnings = append(b.plan.Warnings, lang.Both(en, ja).With(args...))
}

// Settles says how long the effect may take to show, and what is waited for.
func (b *Builder) Settles(d time.Duration, en, ja string, args ...any) {
	b.plan.Settle, b.plan.Wait = d, lang.Both(en, ja).With(args...)
}

// Means says what one has after a plan that removes nothing.
func (b *Builder) Means(en, ja string, args ...any) { b.plan.Means = lang.Both(en, ja).With(args...) }

// Takes says how long a person needs to carry the plan out, and when to stop.
func (b *Builder) Takes(d time.Duration) { b.plan.Duration = d }

// Stop says when a person who carries the plan out is to stop.
func (b *Builder) Stop(en, ja string, args ...any) { b.plan.Stop = lang.Both(en, ja).With(args...) }

// Type asks the operator to type a word before consent.
func (b *Builder) Type(word string) { b.plan.Typed = word }

// TypeAccount asks for the account's alias, or its id where it has none.
func (b *Builder) TypeAccount() {
	b.Type(b.plan.Target.Account)
	if b.plan.Alias != "" {
		b.Type(b.plan.Alias)
	}
}

// Edit changes a part as a call will change it. turn gets the value as the steps
// before left it and returns another; it must not write into slices or maps of its
// argument. The guards of the step follow from the difference.
func Edit[T any](b *Builder, k estate.Kind[T], id string, turn func(T) T) {
	key := k.Key(id)
	now := k.Of(estate.NewView(b.after), id)
	if now.IsUnknown() {
		b.fail("step edits %s, which is unknown", key)
		return
	}
	put(b, k, id, fact.Known(turn(now.Value()), now.Origin()))
}

func put[T any](b *Builder, k estate.Kind[T], id string, to fact.Of[T]) {
	key := k.Key(id)
	old, _ := b.after.Fact(key)
	guards, err := compare(key, old, to)
	if err != nil {
		b.fail("%v", err)
		return
	}
	if len(guards) == 0 {
		b.fail("step changes nothing of %s", key)
		return
	}
	b.guards = append(b.guards, guards...)
	b.after.Put(k.Part(id, to))
	if s := key.String(); !slices.Contains(b.plan.Touches, s) {
		b.plan.Touches = append(b.plan.Touches, s)
	}
}

// Awaits says that a part has to be looked at again after the step: what Windows shows
// then follows from the step, and is not known before.
func Awaits[T any](b *Builder, k estate.Kind[T], id string) {
	b.after.Put(k.Unknown(id, fact.Why{Reason: fact.AfterFix}))
	if s := k.Key(id).String(); !slices.Contains(b.plan.Touches, s) {
		b.plan.Touches = append(b.plan.Touches, s)
	}
}

// Foresee changes what a part observes where that follows for certain from the edits
// of the step. It is judged, and not guarded: others may have changed it meanwhile.
func Foresee[T any](b *Builder, k estate.Kind[T], id string, turn func(T) T) {
	now := k.Of(estate.NewView(b.after), id)
	if v, ok := now.Get(); ok {
		b.after.Put(k.Part(id, fact.Known(turn(v), now.Origin())))
		if s := k.Key(id).String(); !slices.Contains(b.plan.Touches, s) {
			b.plan.Touches = append(b.plan.Touches, s)
		}
	}
}

// Creates puts a part that the call brings into being (a new security group): there
// is nothing yet to be guarded.
func Creates[T any](b *Builder, k estate.Kind[T], id string, v T) {
	b.after.Put(k.Part(id, fact.Known(v, fact.Origin{Source: fact.API})))
	if s := k.Key(id).String(); !strings.Contains(id, outputMark) && !slices.Contains(b.plan.Touches, s) {
		b.plan.Touches = append(b.plan.Touches, s)
	}
}

// Step adds a step. The edits made since the step before belong to it.
func (b *Builder) Step(s Step) {
	s.Guards, b.guards = append(s.Guards, b.guards...), nil
	if slices.ContainsFunc(b.plan.Steps, func(o Step) bool { return o.ID == s.ID }) || s.ID == "" || strings.Contains(s.ID, ":") {
		b.fail("step id %q", s.ID)
	}
	if s.Call == nil && s.Do.Zero() {
		b.fail("step %s has neither a call nor an instruction", s.ID)
	}
	if s.Call != nil {
		if s.Undo == nil && s.NoUndo.Zero() {
			b.fail("step %s has no way back and does not say why", s.ID)
		}
		if len(s.Actions) == 0 {
			s.Actions = []string{s.Call.Operation}
		}
		if _, err := json.Marshal(s.Call.Input); err != nil {
			b.fail("step %s: %v", s.ID, err)
		}
	}
	b.plan.Steps = append(b.plan.Steps, s)
}

func (b *Builder) fail(format string, args ...any) {
	if b.fault == nil {
		b.fault = fmt.Errorf(format, args...)
	}
}
