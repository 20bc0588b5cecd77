package fix

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/remedy"
	"github.com/monshin/monshin/diagnose/walk"
	"github.com/monshin/monshin/tui/feed"
	"github.com/monshin/monshin/tui/page"
	"github.com/monshin/monshin/tui/world"
)

// planned brings the fixes of the finding.
type planned struct {
	page      *Page
	proposals []remedy.Proposal
	runs      []*remedy.Run // the newest first
	err       error
}

// overviewed brings the fixes of all root causes.
type overviewed struct {
	page *Page
	all  remedy.Whole
	runs []*remedy.Run
	err  error
}

// waited says that it is time to look whether the walk has ended.
type waited struct {
	page *Page
	then func() tea.Cmd
}

// pause is how long a plan waits for the walk's own run before it looks again: short
// enough not to be noticed.
const pause = 100 * time.Millisecond

// afterWalk does something as soon as the walk does not read: nothing else may use it
// until then.
func (p *Page) afterWalk(do func() tea.Cmd) tea.Cmd {
	p.deed = planning
	p.version++
	return tea.Tick(pause, func(time.Time) tea.Msg { return waited{p, do} })
}

// tried brings what EC2 said to dry runs.
type tried struct {
	page *Page
	hash string
	dry  map[string]remedy.DryRun
}

// handed says where the work order is.
type handed struct {
	page *Page
	path string
	err  error
}

// went is a piece of progress, or the end.
type went struct {
	feed  *feed.Feed[[]remedy.Progress]
	list  []remedy.Progress
	ended bool
	err   error
}

// errStarting says that the walk has nothing yet that could be planned on.
var errStarting = errors.New("the walk has not begun")

func (p *Page) plan() tea.Cmd {
	f := p.Walk.Fixer()
	switch {
	case p.deed != nothing:
		return nil
	case p.Walk.Running():
		return p.afterWalk(p.plan)
	}
	p.deed, p.err = planning, nil
	p.version++
	ctx, finding := p.ctx, p.Finding
	return func() tea.Msg {
		m := planned{page: p}
		m.err = guarded(func() (err error) {
			if f == nil {
				return errStarting
			}
			m.runs = newestFirst(f)
			m.proposals, err = f.Proposals(ctx, finding)
			return err
		})
		return m
	}
}

func (p *Page) overview() tea.Cmd {
	f := p.Walk.Fixer()
	switch {
	case p.deed != nothing:
		return nil
	case p.Walk.Running():
		return p.afterWalk(p.overview)
	}
	p.deed, p.err = planning, nil
	p.version++
	ctx := p.ctx
	return func() tea.Msg {
		m := overviewed{page: p}
		m.err = guarded(func() (err error) {
			if f == nil {
				return errStarting
			}
			m.runs = newestFirst(f)
			m.all, err = f.Whole(ctx)
			return err
		})
		return m
	}
}

// newestFirst are the runs in the order in which they are taken back.
func newestFirst(f world.Fixer) []*remedy.Run {
	runs := slices.Clone(f.Runs())
	slices.Reverse(runs)
	return runs
}

// try asks EC2 beside the reading of the plan.
func (p *Page) try() tea.Cmd {
	f, plan, ctx := p.Walk.Fixer(), p.chosen.Planned.Plan, p.ctx
	if f == nil || !p.frozen().Zero() || plan.Mode == remedy.Guided {
		return nil
	}
	return func() tea.Msg {
		m := tried{page: p, hash: plan.Hash()}
		_ = guarded(func() error { m.dry = f.DryRun(ctx, plan); return nil }) // no answer is no answer
		return m
	}
}

func (p *Page) handOut() tea.Cmd {
	f, planned, ctx := p.Walk.Fixer(), p.chosen.Planned, p.ctx
	if f == nil || p.deed != nothing {
		return nil
	}
	p.deed = handing
	return func() tea.Msg {
		m := handed{page: p}
		m.err = guarded(func() (err error) { m.path, err = f.HandOut(ctx, planned); return })
		return m
	}
}

// start runs something that tells its progress.
// finish, which may be nil, takes over what it made, when nothing runs any more: until
// then the run belongs to the goroutine that changes it.
func (p *Page) start(d deed, do func(ctx context.Context, on func(remedy.Progress)) error, finish func()) tea.Cmd {
	p.deed, p.view, p.err, p.stopped, p.finish = d, working, nil, false, finish
	p.version++
	p.feed = feed.Start(p.ctx,
		func(old, next []remedy.Progress) []remedy.Progress { return append(old, next...) },
		func(ctx context.Context, emit func([]remedy.Progress)) error {
			return guarded(func() error { return do(ctx, func(x remedy.Progress) { emit([]remedy.Progress{x}) }) })
		})
	return next(p.feed)
}

func next(f *feed.Feed[[]remedy.Progress]) tea.Cmd {
	return func() tea.Msg {
		list, _, ended, err := f.Next()
		if ended {
			<-f.Done() // a call that is under way comes to its end, and into the journal
		}
		return went{f, list, ended, err}
	}
}

// compare keeps the judgement as it stands for the comparison afterwards, unless there
// is an older one; was and is name the two.
func (p *Page) compare(was, is lang.Text) {
	if p.before == nil {
		p.before, p.was, p.is = p.Walk.Diagnosis(), was, is
	}
}

// apply carries the plan out and then looks what came of it.
func (p *Page) apply(a remedy.Approval) tea.Cmd {
	f, planned := p.Walk.Fixer(), p.chosen.Planned
	p.before, p.later, p.run = nil, nil, nil
	p.compare(lang.Both("Before", "適用前"), lang.Both("After", "適用後"))
	p.states, p.wait = map[string]remedy.Progress{}, lang.Text{}
	var run *remedy.Run
	return p.start(applying, func(ctx context.Context, on func(remedy.Progress)) (err error) {
		run, err = f.Apply(ctx, planned, a, on)
		return err
	}, func() { p.run = run })
}

// goOn continues the run in sight, which was interrupted.
func (p *Page) goOn() tea.Cmd {
	f, run := p.Walk.Fixer(), p.run
	p.compare(lang.Both("Before going on", "続行前"), lang.Both("After", "適用後"))
	p.later, p.states, p.wait = nil, map[string]remedy.Progress{}, lang.Text{}
	for _, s := range run.Plan.Steps {
		p.states[s.ID] = remedy.Progress{Step: s.ID, State: run.State(s.ID)}
	}
	return p.start(continuing, func(ctx context.Context, on func(remedy.Progress)) error { return f.Continue(ctx, run, on) }, nil)
}

// verify judges again. The walk's own run must not be under way.
func (p *Page) verify(wait bool) tea.Cmd {
	f, run := p.Walk.Fixer(), p.run
	p.compare(lang.Both("Last judgement", "前回の判定"), lang.Both("This judgement", "今回の判定"))
	p.wait = lang.Text{}
	var d *walk.Diagnosis
	return p.start(verifying, func(ctx context.Context, on func(remedy.Progress)) (err error) {
		d, err = f.Verify(ctx, run, wait, on)
		return err
	}, func() {
		if d != nil {
			p.later = d
		}
	})
}

func (p *Page) undo() tea.Cmd {
	f, run := p.Walk.Fixer(), p.run
	p.compare(lang.Both("Before taking back", "切り戻し前"), lang.Both("Now", "現在"))
	p.states, p.wait = map[string]remedy.Progress{}, lang.Text{}
	for _, s := range run.Plan.Steps {
		p.states[s.ID] = remedy.Progress{Step: s.ID, State: run.State(s.ID)}
	}
	return p.start(undoing, func(ctx context.Context, on func(remedy.Progress)) error { return f.Undo(ctx, run, "", on) }, func() {
		if run.Undone != nil {
			p.is = lang.Both("Taken back", "切り戻し後")
		}
	})
}

// Receive implements page.Page.
func (p *Page) Receive(m tea.Msg) page.Next {
	switch m := m.(type) {
	case planned:
		if m.page != p {
			return page.Ignore()
		}
		p.deed, p.err, p.proposals, p.runs = nothing, m.err, m.proposals, m.runs
		p.cursor.Clamp(p.rows())
	case overviewed:
		if m.page != p {
			return page.Ignore()
		}
		p.deed, p.err, p.all, p.runs = nothing, m.err, &m.all, m.runs
		p.cursor.Clamp(p.rows())
	case tried:
		if m.page != p {
			return page.Ignore()
		}
		if m.hash == p.chosen.Planned.Plan.Hash() {
			p.dry = m.dry
		}
	case handed:
		if m.page != p {
			return page.Ignore()
		}
		p.deed = nothing
		p.version++
		p.order = m.path
		if m.err != nil {
			return page.Do(page.Say{Text: lang.Both("The work order could not be written: %s", "作業手順書の出力に失敗: %s").With(lang.Said(m.err))})
		}
		p.scroll.Offset = 0 // where the path stands
		return page.Tell("The work order is written", "作業手順書を出力")
	case waited:
		if m.page != p {
			return page.Ignore()
		}
		p.deed = nothing
		return page.Next{Cmd: m.then()}
	case went:
		if m.feed != p.feed {
			return page.Ignore()
		}
		return p.take(m)
	default:
		return page.Ignore()
	}
	p.version++
	return page.Next{}
}

func (p *Page) take(m went) page.Next {
	p.version++
	for _, x := range m.list {
		if x.Step == "" {
			p.wait = x.Say
			continue
		}
		p.states[x.Step] = x
	}
	if !m.ended {
		return page.Next{Cmd: next(p.feed)}
	}
	was := p.deed
	p.deed, p.feed, p.err = nothing, nil, m.err
	if p.stopped && errors.Is(m.err, context.Canceled) {
		p.err = nil // the operator knows
	}
	if p.finish != nil {
		p.finish()
	}
	if p.ctx.Err() != nil {
		return page.Next{}
	}
	p.view, p.scroll.Offset = after, 0
	switch {
	case (was == applying || was == continuing) && m.err == nil:
		return page.Next{Cmd: p.verify(true)}
	case was == applying && p.run == nil:
		// Nothing was begun: the plan is the place to see why.
		p.view = reading
	case was == undoing:
		p.later = nil
	}
	return page.Next{Cmd: p.Walk.Rejudge()}
}

// stop ends what is under way as soon as the call that is being made has its answer.
func (p *Page) stop() page.Next {
	if p.feed == nil {
		return page.Next{}
	}
	p.feed.Stop()
	p.stopped = true
	if p.deed == verifying {
		return page.Tell("No longer waiting", "確認待ちを終了")
	}
	return page.Tell("Stopping after the call that is under way", "実行中の呼び出しの完了後に中断")
}

// guarded turns a crash into an error.
func guarded(do func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("monshin failed inside: %v", r)
		}
	}()
	return do()
}

// latest is the judgement to compare with: the one after, else the walk's own.
func (p *Page) latest() *walk.Diagnosis {
	if p.later != nil {
		return p.later
	}
	return p.Walk.Diagnosis()
}
