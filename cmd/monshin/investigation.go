package main

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/probe"
	"github.com/monshin/monshin/diagnose/runbook"
	"github.com/monshin/monshin/diagnose/walk"
	"github.com/monshin/monshin/sessions/journal"
	"github.com/monshin/monshin/sessions/session"
)

// knowledge is what monshin knows before it has read anything.
type knowledge struct {
	catalogue *finding.Catalogue
	library   *runbook.Library
	probes    probe.Set
}

// learn reads the catalogue and the trees, side by side: both are YAML, whose
// reader is what an operator would wait for at start.
func learn() (*knowledge, error) {
	k := &knowledge{probes: probe.All()}
	var trees, words error
	var wait sync.WaitGroup
	wait.Go(func() { k.catalogue, words = finding.Load() })
	k.library, trees = runbook.Embedded(k.known())
	wait.Wait()
	if words != nil {
		return nil, fmt.Errorf("the catalogue of findings: %w", words)
	}
	if trees != nil {
		return nil, fmt.Errorf("the decision trees: %w", trees)
	}
	return k, nil
}

func (k *knowledge) known() runbook.Known {
	return runbook.Known{Probes: k.probes.IDs(), Codes: finding.Names()}
}

// tree finds the symptom's tree, or reads the operator's own.
func (k *knowledge) tree(s runbook.Symptom, file string) (*runbook.Tree, error) {
	if file == "" {
		t, ok := k.library.Tree(s)
		if !ok {
			return nil, fmt.Errorf("there is no tree for %q", s)
		}
		return t, nil
	}
	src, err := os.ReadFile(file)
	if err != nil {
		return nil, badInput(lang.Same("--runbook"), err)
	}
	t, err := runbook.Load(file, src, k.branches(file), k.known())
	if err != nil {
		return nil, badInput(lang.Both("the tree has mistakes", "切り分けフローに誤りあり"), err)
	}
	return t, nil
}

// investigation is one walk with its journal.
type investigation struct {
	*walk.Walk
	journal *session.Session // nil where nothing is recorded
	// unrecorded is why there is no journal although there should be one.
	unrecorded error
	// resumed is what it goes on from, nil where it began here.
	resumed *resumed
}

// investigate prepares the walk of one instance for one symptom.
func (a *app) investigate(acc *account, k *knowledge, f *flags, instance string, tree *runbook.Tree, answers map[string]string) (*investigation, error) {
	target := estate.Target{InstanceID: instance, Region: acc.region}
	e := estate.New(target, acc.now())
	maps.Copy(e.Answers, acc.answers)
	maps.Copy(e.Answers, answers)
	now := acc.now
	if acc.recorded {
		now = nil
	}
	w, err := walk.New(walk.Options{
		Tree: tree, Probes: k.probes, Words: k.catalogue, Estate: e, Source: acc.source, Simulated: acc.simulated, Now: now, Guest: acc.consented,
	})
	if err != nil {
		return nil, err
	}
	inv := &investigation{Walk: w}
	if !acc.recorded {
		inv.journal, inv.unrecorded = a.record(acc, f, e, tree)
	}
	return inv, nil
}

func (a *app) record(acc *account, f *flags, e *estate.Estate, tree *runbook.Tree) (*session.Session, error) {
	store, err := a.store()
	if err != nil {
		return nil, err
	}
	return store.Begin(time.Now, journal.Opening{
		Version: version(), Target: e.Target, Symptom: string(tree.Symptom), AsOf: e.AsOf, Profile: f.profile,
		Source: acc.source.Name(), Simulated: acc.simulated, Lang: string(f.lang), Answers: maps.Clone(e.Answers),
	})
}

// run walks once, recording what happens.
func (i *investigation) run(ctx context.Context, log *slog.Logger, emit func(*walk.Diagnosis)) *walk.Diagnosis {
	d := i.Run(ctx, func(d *walk.Diagnosis, events []walk.Event) {
		if i.journal != nil {
			i.journal.Record(events)
		}
		i.keepScripts(events)
		logEvents(log, events)
		if emit != nil {
			emit(d)
		}
	})
	if i.journal != nil {
		i.journal.End(d)
	}
	if i.resumed != nil && d.Complete {
		i.resumed.compare(i.Estate(), d)
	}
	return d
}

// journalPath is where the walk is recorded, "" where it is not.
func (i *investigation) journalPath() string {
	if i.journal == nil {
		return ""
	}
	return i.journal.Path()
}

// close ends the journal, and returns why it is not whole, nil where it is.
func (i *investigation) close() error {
	if i.journal == nil {
		return i.unrecorded
	}
	return i.journal.Close()
}

// desk is what a walk begins with, on a screen or without one.
type desk struct {
	knowledge *knowledge
	account   *account
	log       *slog.Logger
	close     func()
}

// openDesk reads what monshin knows and opens the account. It makes no call.
func (a *app) openDesk(ctx context.Context, f *flags) (*desk, error) {
	k, err := learn()
	if err != nil {
		return nil, failed(lang.Same("monshin"), err)
	}
	log, closeLog, err := f.debugLog()
	if err != nil {
		return nil, err
	}
	acc, err := a.openAccount(ctx, f)
	if err != nil {
		closeLog()
		return nil, err
	}
	return &desk{knowledge: k, account: acc, log: log, close: closeLog}, nil
}

// debugLog opens the file of --debug; without the flag it logs nowhere.
func (f *flags) debugLog() (*slog.Logger, func(), error) {
	if f.debug == "" {
		return slog.New(slog.DiscardHandler), func() {}, nil
	}
	file, err := os.OpenFile(filepath.Clean(f.debug), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, nil, badInput(lang.Same("--debug"), err)
	}
	return slog.New(slog.NewJSONHandler(file, &slog.HandlerOptions{Level: slog.LevelDebug})), func() { _ = file.Close() }, nil
}

// logEvents writes what was called and what was judged, and no values: the log is
// for finding out what monshin did, the journal holds what it saw.
func logEvents(log *slog.Logger, events []walk.Event) {
	for _, e := range events {
		switch {
		case e.Got != nil:
			log.Debug("part", "key", e.Got.Part.Key.String(), "state", e.Got.Part.Fact.State().String(), "depth", e.Got.Depth)
			for _, c := range e.Got.Calls {
				log.Debug("call", "operation", c.Operation, "took", c.Took, "request", c.RequestID, "error", c.Error, "again", c.Again)
			}
		case e.Judged != nil:
			log.Debug("verdict", "probe", e.Judged.Probe, "outcome", string(e.Judged.Verdict.Outcome))
		}
	}
}
