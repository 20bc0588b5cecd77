package main

import (
	"context"
	"io"
	"runtime/debug"
	"sync"

	"github.com/monshin/monshin/diagnose/cloud"
	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fleet"
	"github.com/monshin/monshin/diagnose/guest"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/runbook"
	"github.com/monshin/monshin/sessions/resume"
	"github.com/monshin/monshin/tui/world"
)

// many is the account as the page about many instances uses it: the same runs as
// those of monshin fleet, in the account and region of the screen.
type many struct {
	app       *app
	flags     *flags
	knowledge *knowledge
	account   *account

	mu sync.Mutex // guards what follows
	// stopped are the records of the last runs that did not end, by command.
	stopped map[string]string
	paths   []string
	broken  error
}

// fleet gives the screen its runs over many; nil for a recording, which holds one
// instance.
func (b *backend) fleet() *many {
	if b.account.cloud == nil {
		return nil
	}
	return &many{app: b.app, flags: b.flags, knowledge: b.knowledge, account: b.account, stopped: map[string]string{}}
}

// screen is m as the interface takes it: a nil *many would not be nil there.
func (m *many) screen() world.Fleet {
	if m == nil {
		return nil
	}
	return m
}

// outfit is what one run works with.
type outfit struct {
	app      *app
	flags    *flags
	run      *fleetFlags
	accounts []fleet.Account
}

// prepare readies a run. Nothing that it says may reach the terminal, which the screen
// holds.
func (m *many) prepare(command string, c world.Choice) (*outfit, error) {
	debug.SetMemoryLimit(fleetMemory)
	quiet, f := *m.app, *m.flags
	quiet.err = io.Discard
	f.guest, f.ticket, f.approver, f.answers = c.Guest, c.Ticket, "", nil
	ff := &fleetFlags{tags: c.Tags, concurrency: fleet.DefaultConcurrency, simulated: m.account.simulated, now: m.account.now}
	if err := ff.checkGuest(&f); err != nil {
		return nil, err
	}
	if err := ff.choose(c.IDs); err != nil {
		return nil, err
	}
	m.mu.Lock()
	record := m.stopped[command]
	m.mu.Unlock()
	if c.GoOn && record != "" {
		log, err := resume.Open(record)
		if err != nil {
			return nil, badInput(lang.Both("the record of the run that was stopped", "中断した実行の記録"), err)
		}
		ff.resume, ff.resumed = record, log
	}
	// The credentials are those of the screen: a code for MFA could not be asked for here.
	s := cloud.New(m.account.config, cloud.Options{
		Target: estate.Target{Region: m.account.region}, Name: m.account.source.Name(), Now: m.account.now,
		NoSlowdown: m.account.simulated, Concurrency: cloud.FleetConcurrency,
	})
	return &outfit{&quiet, &f, ff, []fleet.Account{s.Fleet()}}, nil
}

// ended keeps where a run was recorded.
func (m *many) ended(command string, o *outfit, complete bool) {
	if o.run.record == nil {
		return
	}
	path := o.run.record.Path()
	err := o.run.record.Close()
	m.mu.Lock()
	defer m.mu.Unlock()
	if err != nil && m.broken == nil {
		m.broken = err
	}
	delete(m.stopped, command)
	if !complete {
		m.stopped[command] = path
	}
	if o.run.resume == "" {
		m.paths = append(m.paths, path)
	}
}

// close tells where runs were recorded, and the first failure to.
func (m *many) close() (paths []string, err error) {
	if m == nil {
		return nil, nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.paths, m.broken
}

// Clones implements world.Fleet.
func (m *many) Clones(ctx context.Context, c world.Choice, note func(fleet.Event)) (*fleet.Clones, error) {
	o, err := m.prepare("clones", c)
	if err != nil {
		return nil, err
	}
	found, err := o.app.findClones(ctx, o.flags, o.run, o.accounts, note)
	m.ended("clones", o, found.Complete)
	return found, reached(err)
}

// Check implements world.Fleet.
func (m *many) Check(ctx context.Context, s runbook.Symptom, c world.Choice, note func(fleet.Event)) (*fleet.Matrix, error) {
	o, err := m.prepare("check", c)
	if err != nil {
		return nil, err
	}
	o.flags.symptom = string(s)
	if o.run.resumed != nil && o.run.resumed.Opening.Symptom != o.flags.symptom {
		o.run.resume, o.run.resumed = "", nil // another symptom than was stopped
	}
	x, err := o.app.walkMany(ctx, o.flags, o.run, m.knowledge, o.accounts, note)
	if x == nil {
		return nil, err
	}
	m.ended("check", o, x.Complete)
	return x, reached(err)
}

// Compare implements world.Fleet.
func (m *many) Compare(ctx context.Context, bad, good []string, note func(fleet.Event)) (*fleet.Comparison, error) {
	o, err := m.prepare("compare", world.Choice{IDs: append(append([]string{}, bad...), good...)})
	if err != nil {
		return nil, err
	}
	o.run.bad, o.run.good = bad, good
	if err := o.run.sides(); err != nil {
		return nil, err
	}
	found, err := o.app.compareMany(ctx, o.run, o.accounts, note)
	return found, reached(err)
}

// Script implements world.Fleet.
func (m *many) Script() (string, error) {
	// It names no instance: the text is the same for every server.
	return guest.Script([]estate.Key{estate.GuestIdentityPart.Key("i-00000000000000000")})
}

// reached gives an error of AWS its words.
func reached(err error) error {
	if err == nil {
		return nil
	}
	return noAccess(err)
}
