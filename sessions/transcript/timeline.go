package transcript

import (
	"cmp"
	"slices"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/lang"
)

// event is one line of the timeline (時系列).
type event struct {
	Time time.Time
	// From says who tells of it.
	From lang.Text
	What lang.Text
	// Who did it, as it was recorded; ID is the event's, command's or request's.
	Who, ID string
	// Failed is the error that it ended in.
	Failed string
}

// mostEvents bounds the timeline: what is further back than this many changes has
// nothing to do with an instance that fails today.
const mostEvents = 60

// eventsOf gathers what is known to have happened, oldest first: CloudTrail's events
// that changed something, Run Command, the instance's own times, what was done here.
func eventsOf(s Session) []event {
	var out []event
	add := func(e event) {
		if !e.Time.IsZero() && !slices.Contains(out, e) {
			out = append(out, e)
		}
	}
	if s.Estate != nil {
		v := estate.NewView(s.Estate)
		for _, k := range s.Estate.Keys() {
			switch k.Kind {
			case estate.TrailPart.Name():
				trailEvents(estate.TrailPart.Of(v, k.ID), add)
			case estate.CommandsPart.Name():
				commandEvents(estate.CommandsPart.Of(v, k.ID), add)
			case estate.ManagedNodePart.Name():
				if n, ok := estate.ManagedNodePart.Of(v, k.ID).Get(); ok && n.ID == s.Diagnosis.Target.InstanceID {
					add(event{Time: n.LastPing, From: lang.Same("Systems Manager"), What: lang.Both("last ping (%s)", "最終 ping（%s）").With(n.PingStatus)})
				}
			}
		}
	}
	if i, ok := s.Diagnosis.Instance.Get(); ok {
		add(event{Time: i.LaunchTime, From: lang.Same("EC2"), What: lang.Both("launched", "起動")})
	}
	for _, r := range s.Scripts {
		add(event{Time: r.Time, From: lang.Same("monshin"), What: lang.Both("script %s run inside Windows", "OS 内でスクリプト %s を実行").With(r.Name), ID: r.CommandID})
	}
	for _, f := range s.Fixes {
		for _, step := range f.Steps {
			done := lang.Both("carried out: %s (%s)", "対処を実施: %s（%s）").With(step.Title, step.Call)
			switch {
			case step.Prior:
				continue // nothing happened
			case !step.Error.Zero():
				done = lang.Both("failed: %s (%s): %s", "対処に失敗: %s（%s）: %s").With(step.Title, step.Call, step.Error)
			}
			add(event{Time: step.Done, From: lang.Same("monshin"), What: done, Who: step.By, ID: step.RequestID})
			add(event{Time: step.Undone, From: lang.Same("monshin"), What: lang.Both("taken back: %s (%s)", "切り戻し: %s（%s）").With(step.Title, step.Call), Who: step.By})
		}
	}
	add(event{Time: s.Diagnosis.AsOf, From: lang.Same("monshin"), What: lang.Both("investigated", "調査を実施")})
	slices.SortStableFunc(out, func(a, b event) int {
		return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.From.En, b.From.En), cmp.Compare(a.What.En, b.What.En), cmp.Compare(a.ID, b.ID))
	})
	if len(out) > mostEvents {
		out = out[len(out)-mostEvents:]
	}
	return out
}

func trailEvents(f fact.Of[estate.Trail], add func(event)) {
	for _, e := range f.Value().Events {
		if e.ReadOnly {
			continue
		}
		who := e.Actor.ARN
		for _, other := range []string{e.Actor.InvokedBy, e.Actor.Issuer, e.Actor.Name} {
			if who == "" {
				who = other
			}
		}
		add(event{Time: e.Time, From: lang.Same("CloudTrail"), What: lang.Same(e.Name + " (" + e.Source + ")"), Who: who, ID: e.ID, Failed: e.Error})
	}
}

func commandEvents(f fact.Of[estate.Commands], add func(event)) {
	for _, c := range f.Value().Invocations {
		add(event{Time: c.Requested, From: lang.Same("Run Command"), What: lang.Same(c.Document + ": " + cmp.Or(c.Details, c.Status)), ID: c.CommandID})
	}
}
