package main

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/monshin/monshin/diagnose/cloud"
	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/runbook"
	"github.com/monshin/monshin/diagnose/walk"
	"github.com/monshin/monshin/sessions/journal"
	"github.com/monshin/monshin/sessions/session"
	"github.com/monshin/monshin/sessions/transcript"
)

// resumed is what an investigation goes on from.
type resumed struct {
	taken session.Taken
	again *session.Again
	// node is the tree's node at which the story stood.
	node string
	// dropped is how much a crash left behind the last whole entry, doing that a change
	// was begun whose result is not known.
	dropped bool
	doing   bool

	mu      sync.Mutex // guards what follows
	done    bool
	changes []session.Change
	// readAgain is how many facts were read anew, stood how many could not be.
	readAgain, stood int
}

// compare notes, after the first run that came to its end, what has changed.
func (r *resumed) compare(e *estate.Estate, d *walk.Diagnosis) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.done {
		return
	}
	read, stood := r.again.Read()
	r.done, r.changes, r.stood = true, r.taken.Changed(e, d, read), len(stood)
	for _, k := range read {
		if _, had := r.taken.Old[k]; had {
			r.readAgain++
		}
	}
}

// lines tell what going on came to, one thing a line; the first sums up.
func (r *resumed) lines() []lang.Text {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.done {
		return nil
	}
	out := []lang.Text{lang.Both("facts read again: %d; changes since: %d", "再取得 %d 件、前回からの変更 %d 件").With(r.readAgain, len(r.changes))}
	if r.stood > 0 {
		out = append(out, lang.Both("%d facts could not be read again now and stand as they were read before", "%d 件は今回取得できず、前回の取得値のまま").With(r.stood))
	}
	if r.doing {
		out = append(out, lang.Both("a change was begun whose result is not recorded: look up whether it was made before making it again",
			"結果が記録されていない変更操作あり。再実施の前に、反映の有無を要確認"))
	}
	if r.dropped {
		out = append(out, lang.Both("the record ended in the middle of an entry, which was dropped", "作業記録の末尾に書き込み途中の項目あり（破棄済み。それ以前は保持）"))
	}
	for _, c := range r.changes {
		out = append(out, c.Say)
	}
	return out
}

// maxName is how long the name of somebody who goes on may be.
const maxName = 80

// operatorName is a name as it is recorded.
func operatorName(s string) string { return lang.Clean(lang.Truncate(strings.TrimSpace(s), maxName)) }

// deskOf is the desk at which one goes on with a record, in its account.
func (a *app) deskOf(ctx context.Context, f *flags, r *journal.Record) (*desk, error) {
	k, err := learn()
	if err != nil {
		return nil, failed(lang.Same("monshin"), err)
	}
	log, closeLog, err := f.debugLog()
	if err != nil {
		return nil, err
	}
	acc, err := a.reopen(ctx, f, r)
	if err != nil {
		closeLog()
		return nil, err
	}
	return &desk{knowledge: k, account: acc, log: log, close: closeLog}, nil
}

// reopen opens the account that a record is of: the lab, or AWS with the profile and
// region of then where the flags name no other.
func (a *app) reopen(ctx context.Context, f *flags, r *journal.Record) (*account, error) {
	g := *f
	g.recording = ""
	switch name, isLab := strings.CutPrefix(r.Opening.Source, "lab:"); {
	case isLab && f.lab != "" && f.lab != name:
		return nil, usage(lang.Both("the investigation is of the lab %s, not of %s", "この調査の対象は模擬アカウント %s であり、%s ではない").With(name, f.lab))
	case isLab:
		g.lab = name
	case r.Opening.Source == "aws" && f.lab == "":
		if g.region == "" {
			g.region = r.Opening.Target.Region
		}
		if g.region != r.Opening.Target.Region {
			return nil, usage(lang.Both("the investigation is of the region %s, not of %s", "この調査の対象リージョンは %s であり、%s ではない").With(r.Opening.Target.Region, g.region))
		}
		if g.profile == "" {
			g.profile = r.Opening.Profile
		}
	default:
		return nil, usage(lang.Both("an investigation of %q can only be looked at: monshin sessions replay", "取得元が %q の調査は閲覧のみ可: monshin sessions replay").With(lang.Clean(r.Opening.Source)))
	}
	acc, err := a.openAccount(ctx, &g)
	if err != nil {
		return nil, err
	}
	if err := acc.ready(ctx, &g); err != nil {
		return nil, err
	}
	return acc, acc.isOf(ctx, r)
}

// isOf makes sure that an account is the one of a record: the ids in it mean nothing
// in another one.
func (acc *account) isOf(ctx context.Context, r *journal.Record) error {
	was, ok := estate.CallerPart.Of(estate.NewView(r.Known()), "").Get()
	if !ok || acc.cloud == nil {
		return nil
	}
	var is string
	var expired error
	acc.source.Collect(ctx, []estate.Key{estate.CallerPart.Key("")}, func(g walk.Got) {
		if expired = g.Expired; expired != nil {
			return
		}
		e := estate.New(estate.Target{}, acc.now())
		e.Put(g.Part)
		if c, ok := estate.CallerPart.Of(estate.NewView(e), "").Get(); ok {
			is = c.Account
		}
	})
	switch {
	case expired != nil:
		return noAccess(expired)
	case is != "" && is != was.Account:
		return usage(lang.Both("the investigation is of the account %s, and these credentials are of %s", "この調査の対象アカウントは %s だが、認証情報はアカウント %s のもの").
			With(lang.Clean(was.Account), lang.Clean(is)))
	}
	return nil
}

// goOn prepares the walk of a recorded investigation in its account. A
// session.BusyError says that another process works on it.
func (a *app) goOn(acc *account, k *knowledge, f *flags, path string, r journal.Resume) (*investigation, error) {
	r.Version, r.AsOf, r.Source, r.Lang = version(), acc.now().UTC(), acc.source.Name(), string(f.lang)
	// Nothing is written before it is clear that there is a tree to go on with.
	before, _, err := journal.OpenRecovering(path)
	if err != nil {
		return nil, badInput(lang.Same("monshin sessions resume"), err)
	}
	symptom := runbook.Symptom(before.Opening.Symptom)
	if f.runbook == "" {
		if symptom, err = acc.pick(before.Opening.Symptom, k.library.Symptoms()); err != nil {
			return nil, err
		}
	}
	tree, err := k.tree(symptom, f.runbook)
	if err != nil {
		return nil, err
	}
	sess, rec, err := session.GoOn(path, time.Now, r)
	if err != nil {
		return nil, err
	}
	from := &resumed{taken: session.TakeOver(rec, acc.now()), dropped: rec.Torn, doing: rec.Doing()}
	from.again = from.taken.Again(acc.source)
	if n := len(rec.Closings); n > 0 {
		from.node = rec.Closings[n-1].Node
	}
	w, err := walk.New(walk.Options{
		Tree: tree, Probes: k.probes, Words: k.catalogue, Estate: from.taken.Estate, Source: from.again, Simulated: acc.simulated, Now: acc.now,
	})
	if err != nil {
		_ = sess.Close()
		return nil, err
	}
	return &investigation{Walk: w, journal: sess, resumed: from}, nil
}

// note writes down what the operator noted, on disk before it returns.
func (i *investigation) note(text string, forCustomer bool, node string) error {
	text = strings.TrimSpace(lang.CleanLines(text))
	switch {
	case i.journal == nil && i.unrecorded != nil:
		return i.unrecorded
	case i.journal == nil:
		return &lang.Error{Say: lang.Both("nothing is recorded here, so no note can be kept", "記録していないため、メモの保存不可")}
	case text == "":
		return nil
	}
	audience := journal.Internal
	if forCustomer {
		audience = journal.Customer
	}
	// A journal holds no secret, also where somebody pastes one.
	return i.journal.Append(string(journal.KindNote), journal.Note{Text: cloud.Mask(text), Audience: audience, Node: node})
}

// resumeHeadless goes on without the terminal interface, and reports.
func (a *app) resumeHeadless(ctx context.Context, f *flags, k *knowledge, inv *investigation, log *slog.Logger, format string) error {
	progress := a.progress(f.lang)
	d := inv.run(ctx, log, progress.show)
	progress.end()
	for _, l := range inv.resumed.lines() {
		fmt.Fprintln(a.err, clean(l.In(f.lang)))
	}
	if n, ok := inv.Tree().Node(inv.resumed.node); ok {
		fmt.Fprintln(a.err, clean(lang.Both("it stood at: %s", "前回の到達点: %s").With(nodeTitle(k, n)).In(f.lang)))
	}
	a.recordedIn(inv, d, f.lang)
	o := transcript.Options{Lang: f.lang, Zone: f.zone, Version: version()}
	form, _ := transcript.ParseFormat(format)
	s, err := a.told(inv, d, output{format: form})
	if err != nil {
		return failed(lang.Both("writing the report", "結果の出力"), err)
	}
	b, err := transcript.Export(s, k.catalogue, form, o)
	if err != nil {
		return failed(lang.Both("writing the report", "結果の出力"), err)
	}
	if _, err := a.out.Write(b); err != nil {
		return failed(lang.Both("writing the report", "結果の出力"), err)
	}
	if d.Paused != nil {
		return noAccess(d.Paused)
	}
	if code := d.Exit(); code != exitOK {
		return &exitError{code: code}
	}
	return nil
}

// nodeTitle names a node of a tree.
func nodeTitle(k *knowledge, n *runbook.Node) lang.Text {
	if p, ok := k.probes.Get(n.Probe); ok && n.Title.Zero() {
		return p.Title
	}
	if n.Title.Zero() {
		return lang.Same(n.ID)
	}
	return n.Title
}
