package main

import (
	"context"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/runbook"
	"github.com/monshin/monshin/diagnose/walk"
	"github.com/monshin/monshin/sessions/journal"
	"github.com/monshin/monshin/sessions/session"
	"github.com/monshin/monshin/tui/world"
)

// Unfinished lists the recorded investigations of this account that can be gone on
// with. A recording offers none: it is looked at.
func (b *backend) Unfinished(context.Context) ([]world.Session, error) {
	if b.account.recorded {
		return nil, nil
	}
	store, err := b.app.store()
	if err != nil {
		return nil, err
	}
	list, err := store.List()
	if err != nil {
		return nil, err
	}
	var out []world.Session
	for _, s := range list {
		o := s.Opening
		if !s.Unfinished() || o.Source != b.account.source.Name() || o.Target.Region != b.account.region || o.Profile != b.flags.profile {
			continue
		}
		out = append(out, world.Session{Ref: s.Path, ID: s.ID, Instance: o.Target.InstanceID, Symptom: runbook.Symptom(o.Symptom),
			Cut: s.Outcome() == "", Updated: s.Updated})
	}
	return out, nil
}

// Resume goes on with a recorded investigation. One that another process works on is
// opened for reading, and the operator is told.
func (b *backend) Resume(ctx context.Context, ref string) (world.Walk, error) {
	r, _, err := journal.OpenRecovering(ref)
	if err != nil {
		return nil, err
	}
	if b.account.recorded {
		return nil, usage(lang.Both("a recording is looked at, not gone on with", "記録の閲覧中は再開不可"))
	}
	if err := b.account.isOf(ctx, r); err != nil {
		return nil, err
	}
	acc := b.account
	inv, err := b.app.goOn(acc, b.knowledge, b.flags, ref, journal.Resume{Operator: b.operator})
	told := lang.Text{}
	if busy, is := session.Busy(err); is {
		told = readOnlyBecause(busy)
		acc = recordedAccount(r)
		tree, wrong := b.knowledge.tree(runbook.Symptom(r.Opening.Symptom), b.flags.runbook)
		if wrong != nil {
			return nil, wrong
		}
		inv, err = b.app.investigate(acc, b.knowledge, b.flags, acc.instance, tree, nil)
	}
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	b.walks = append(b.walks, inv)
	b.mu.Unlock()
	x := b.app.newFixing(inv, b.knowledge, acc, b.log, b.flags)
	if err := x.recall(r); err != nil {
		return nil, badInput(lang.Same(ref), err)
	}
	return &recorded{
		investigation: inv, fixing: x, shelling: b.shells(inv, acc, x), log: b.log,
		readOnly: b.flags.readOnly || acc.recorded, now: acc.now, told: told,
		last: &walk.Diagnosis{Target: estate.Target{InstanceID: r.Opening.Target.InstanceID, Region: acc.region}, Title: inv.Tree().Title},
	}, nil
}

// Note keeps what the operator noted.
func (r *recorded) Note(text string, forCustomer bool, node string) error {
	return r.note(text, forCustomer, node)
}

// Told is what the operator has to know at once.
func (r *recorded) Told() lang.Text { return r.told }

// Node is where the story stood.
func (r *recorded) Node() string {
	if r.resumed == nil {
		return ""
	}
	return r.resumed.node
}

// Changes tell what has changed since.
func (r *recorded) Changes() []lang.Text {
	if r.resumed == nil {
		return nil
	}
	return r.resumed.lines()
}
