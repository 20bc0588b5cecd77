package fleet

import (
	"context"
	"errors"

	tea "charm.land/bubbletea/v2"

	"github.com/monshin/monshin/diagnose/fleet"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/tui/feed"
	"github.com/monshin/monshin/tui/page"
)

// job is a run that is under way. Stopping it does not end its feed: what it has by
// then still comes.
type job struct {
	feed     *feed.Feed[update]
	cancel   context.CancelFunc
	stopping bool
	// left says that nobody waits for its end any more.
	left bool
	last fleet.Event
}

// update is how far a run is, or what came of it.
type update struct {
	event  fleet.Event
	result *result
}

// got is an update of a job, or its end.
type got struct {
	job   *job
	u     update
	ended bool
	err   error
}

func (j *job) stop() {
	j.stopping = true
	j.cancel()
}

// run starts what was chosen.
func (p *Page) run() page.Next {
	ctx, cancel := context.WithCancel(p.ctx)
	j := &job{cancel: cancel}
	task, choice, symptom, bad := p.task, p.choice, p.symptom, p.bad
	j.feed = feed.Start(p.ctx, func(old, next update) update {
		if next.result == nil {
			next.result = old.result
		}
		return next
	}, func(_ context.Context, emit func(update)) error {
		defer cancel()
		note := func(e fleet.Event) {
			// Only how far it is: what was learnt comes at the end.
			emit(update{event: fleet.Event{Stage: e.Stage, Place: e.Place, Done: e.Done, Total: e.Total}})
		}
		var r *result
		var err error
		switch task {
		case clones:
			var c *fleet.Clones
			if c, err = p.Fleet.Clones(ctx, choice, note); c != nil {
				r = resultOfClones(c)
			}
		case check:
			var x *fleet.Matrix
			if x, err = p.Fleet.Check(ctx, symptom, choice, note); x != nil {
				r = resultOfCheck(x)
			}
		default:
			var c *fleet.Comparison
			if c, err = p.Fleet.Compare(ctx, bad, choice.IDs, note); c != nil {
				r = resultOfCompare(c)
			}
		}
		if r != nil {
			emit(update{result: r})
		}
		return err
	})
	p.job, p.stage, p.failure, p.result = j, running, lang.Text{}, nil
	p.version++
	return page.Next{Cmd: wait(j)}
}

func wait(j *job) tea.Cmd {
	return func() tea.Msg {
		u, _, ended, err := j.feed.Next()
		return got{j, u, ended, err}
	}
}

// Receive implements page.Page.
func (p *Page) Receive(m tea.Msg) page.Next {
	g, ok := m.(got)
	if !ok || g.job != p.job {
		return page.Ignore()
	}
	if p.job.left {
		return page.Next{}
	}
	p.version++
	if !g.ended {
		if g.u.event.Stage != "" {
			p.job.last = g.u.event
		}
		if g.u.result != nil {
			p.result = g.u.result
		}
		return page.Next{Cmd: wait(p.job)}
	}
	if g.err != nil {
		p.failure = said(g.err)
	}
	if p.result == nil {
		// It could not begin, or was stopped before anything came.
		p.stage = choosing
		if p.failure.Zero() {
			return page.Tell("Stopped before anything was read", "取得前に中断")
		}
		return page.Next{}
	}
	p.stage, p.groups = showing, page.Cursor{}
	return page.Next{}
}

// said are an error's words. One without words of its own is the system's, and does not
// say what it is about.
func said(err error) lang.Text {
	var own interface{ Said() lang.Text }
	if errors.As(err, &own) && !own.Said().Zero() {
		return own.Said()
	}
	return lang.Both("The instances could not be read: %s", "インスタンスを取得できず: %s").With(err.Error())
}

// Ended is closed when nothing of the page runs any more.
func (p *Page) Ended() <-chan struct{} {
	if p.job == nil {
		none := make(chan struct{})
		close(none)
		return none
	}
	return p.job.feed.Done()
}
