package main

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/runbook"
	"github.com/monshin/monshin/diagnose/walk"
	"github.com/monshin/monshin/tui/world"
)

// backend is the account as the terminal interface uses it.
type backend struct {
	app       *app
	flags     *flags
	knowledge *knowledge
	account   *account
	log       *slog.Logger
	// operator is the name of who goes on, "" where it was not said.
	operator string

	mu    sync.Mutex // guards what follows
	walks []*investigation
}

// Identity reads who asks. A recording knows it from the part that it holds.
func (b *backend) Identity(ctx context.Context) (world.Identity, error) {
	id := world.Identity{
		Region: b.account.region, Profile: b.flags.profile,
		Simulated: b.account.simulated, Source: b.account.source.Name(),
	}
	if err := b.account.ready(ctx, b.flags); err != nil {
		return id, err
	}
	var failure error
	b.account.source.Collect(ctx, []estate.Key{estate.CallerPart.Key("")}, func(g walk.Got) {
		failure = g.Expired
		e := estate.New(estate.Target{}, b.account.now())
		if g.Expired == nil {
			e.Put(g.Part)
		}
		if c, ok := estate.CallerPart.Of(estate.NewView(e), "").Get(); ok {
			id.Account, id.Alias, id.ARN = c.Account, c.Alias, c.ARN
		}
	})
	if failure != nil {
		return id, noAccess(failure)
	}
	return id, nil
}

// List streams the Windows instances. A recording holds one.
func (b *backend) List(ctx context.Context, emit func([]estate.Listed)) error {
	if b.account.cloud == nil {
		emit([]estate.Listed{{ID: b.account.instance}})
		return nil
	}
	return b.account.cloud.List(ctx, emit)
}

// Start prepares an investigation, with a journal of its own.
func (b *backend) Start(_ context.Context, instance string, s runbook.Symptom) (world.Walk, error) {
	if b.account.recorded && instance != b.account.instance {
		return nil, usage(lang.Both("the recording is about %s", "記録の対象は %s").With(b.account.instance))
	}
	tree, err := b.knowledge.tree(s, b.flags.runbook)
	if err != nil {
		return nil, err
	}
	inv, err := b.app.investigate(b.account, b.knowledge, b.flags, instance, tree, nil)
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	b.walks = append(b.walks, inv)
	b.mu.Unlock()
	x := b.app.newFixing(inv, b.knowledge, b.account, b.log, b.flags)
	return &recorded{
		investigation: inv, fixing: x, shelling: b.shells(inv, b.account, x), log: b.log, readOnly: b.flags.readOnly, now: b.account.now,
		last: &walk.Diagnosis{Target: estate.Target{InstanceID: instance, Region: b.account.region}, Title: tree.Title},
	}, nil
}

// shells opens shells beside an investigation.
func (b *backend) shells(inv *investigation, acc *account, x *fixing) *shelling {
	return &shelling{app: b.app, inv: inv, account: acc, knowledge: b.knowledge, flags: b.flags, fixing: x}
}

// close ends the journals, and returns the paths of what was recorded and the
// first failure.
func (b *backend) close() (paths []string, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, w := range b.walks {
		if e := w.close(); e != nil && err == nil {
			err = e
		}
		if p := w.journalPath(); p != "" {
			paths = append(paths, p)
		}
	}
	return paths, err
}

// recorded is an investigation as the terminal interface runs it.
type recorded struct {
	*investigation
	*fixing
	*shelling
	log      *slog.Logger
	readOnly bool
	now      func() time.Time
	// told is what the operator has to know at once, the zero text for nothing.
	told lang.Text
	// last names the patient for a request.
	last *walk.Diagnosis
}

// Run walks, and goes on where an answer came while it was ending.
func (r *recorded) Run(ctx context.Context, emit func(*walk.Diagnosis)) {
	r.run(ctx, r.log, emit)
}

// Leave ends the journal; leaving monshin tells whether it is whole.
func (r *recorded) Leave() {
	if r.journal != nil {
		_ = r.journal.Close() // said again by backend.close
	}
}

// JournalPath is where the investigation is recorded.
func (r *recorded) JournalPath() string { return r.journalPath() }

// Script is what Run Command would run, to the letter.
func (r *recorded) Script() (string, error) { return r.script() }

// Consent records who allowed the scripts; the next Run asks Windows.
func (r *recorded) Consent(ticket string) error {
	if r.readOnly {
		return usage(lang.Both("--read-only: scripts inside Windows are not run", "--read-only のため OS 内でのスクリプト実行は不可"))
	}
	return r.consent(ticket, "")
}

// Request is one block for somebody else who may run the script.
func (r *recorded) Request() (lang.Text, error) { return r.request(r.last) }

// Paste takes the line that somebody's run of the script printed.
func (r *recorded) Paste(text string) (world.Pasted, error) { return r.paste(text, r.now()) }
