package lab

import (
	"context"
	"slices"
	"time"
)

// Task is something that will happen in the account by itself: an endpoint becomes
// available, an agent tries again, a lease is renewed.
type Task struct {
	At   time.Time
	Kind taskKind
	// ID is what it happens to.
	ID string
}

type taskKind string

const (
	taskEndpointReady   taskKind = "endpoint-ready"
	taskEndpointGone    taskKind = "endpoint-gone"
	taskProfileReady    taskKind = "profile-ready"
	taskResolverReady   taskKind = "resolver-ready"
	taskResolverGone    taskKind = "resolver-gone"
	taskForwardReady    taskKind = "rule-association-ready"
	taskForwardGone     taskKind = "rule-association-gone"
	taskAgentTries      taskKind = "agent-tries"
	taskAgentLost       taskKind = "agent-lost"
	taskChannelOpens    taskKind = "channel-opens"
	taskLeaseRenewed    taskKind = "lease-renewed"
	taskInstanceRunning taskKind = "instance-running"
	taskLicenseStep     taskKind = "license-step"
)

// Now is the lab's clock, in UTC: the moment of the investigation. It stands still
// until somebody advances it.
func (l *Lab) Now() time.Time {
	l.world.mu.Lock()
	defer l.world.mu.Unlock()
	return l.world.Now
}

// Advance lets time pass in the lab: what is due by then happens, in its order. Its
// error is that of the state file.
func (l *Lab) Advance(d time.Duration) error {
	l.world.mu.Lock()
	defer l.world.mu.Unlock()
	if l.file.broken != nil {
		return l.file.broken
	}
	if d <= 0 {
		return nil
	}
	l.world.pass(d)
	return l.save()
}

// nap is how long Sleep really takes where the lab makes nobody wait: enough for a
// screen to be drawn.
const nap = 2 * time.Millisecond

// Sleep lets time pass in the lab, and next to none in reality: what waits for the
// account to change waits by it.
func (l *Lab) Sleep(ctx context.Context, d time.Duration) error {
	really := min(d, nap)
	if l.options.Speed > 0 {
		really = time.Duration(float64(d) / l.options.Speed)
	}
	if err := sleep(ctx, really); err != nil {
		return err
	}
	return l.Advance(d)
}

// later plans a task; one of the same kind for the same thing is replaced.
func (w *World) later(d time.Duration, kind taskKind, id string) {
	w.never(kind, id)
	w.Tasks = append(w.Tasks, Task{At: w.Now.Add(d), Kind: kind, ID: id})
}

// never takes a planned task back.
func (w *World) never(kind taskKind, id string) {
	w.Tasks = slices.DeleteFunc(w.Tasks, func(t Task) bool { return t.Kind == kind && t.ID == id })
}

// planned reports whether a task is to come.
func (w *World) planned(kind taskKind, id string) bool {
	return slices.ContainsFunc(w.Tasks, func(t Task) bool { return t.Kind == kind && t.ID == id })
}

// pass lets time pass.
func (w *World) pass(d time.Duration) {
	end := w.Now.Add(d)
	for {
		next := -1
		for i, t := range w.Tasks {
			if !t.At.After(end) && (next < 0 || t.At.Before(w.Tasks[next].At)) {
				next = i
			}
		}
		if next < 0 {
			break
		}
		t := w.Tasks[next]
		w.Tasks = slices.Delete(w.Tasks, next, next+1)
		if t.At.After(w.Now) {
			w.Now = t.At
		}
		before := w.agents()
		w.happen(t)
		w.follow(before)
	}
	w.Now = end
	w.beat()
}

// happen is what a task comes to. What is no longer there has nothing happen to it.
func (w *World) happen(t Task) {
	switch t.Kind {
	case taskEndpointReady:
		if e := w.Endpoints[t.ID]; e != nil {
			e.State = "available"
		}
	case taskEndpointGone:
		w.removeEndpoint(t.ID)
	case taskProfileReady:
		if i := w.Instances[t.ID]; i != nil {
			i.Associating = false
		}
	case taskResolverReady:
		if e := w.ResolverEndpoints[t.ID]; e != nil {
			e.Status = "OPERATIONAL"
		}
	case taskResolverGone:
		w.removeResolverEndpoint(t.ID)
	case taskForwardReady:
		if a := w.ResolverAssociations[t.ID]; a != nil {
			a.Status = "COMPLETE"
		}
	case taskForwardGone:
		delete(w.ResolverAssociations, t.ID)
	case taskAgentTries:
		w.agentTries(t.ID)
	case taskAgentLost:
		w.agentLost(t.ID)
	case taskChannelOpens:
		if n := w.Nodes[t.ID]; n != nil && n.Ping == "Online" {
			n.Connected = w.agentOf(w.Instances[t.ID]).channel
		}
	case taskLeaseRenewed:
		w.leaseRenewed(t.ID)
	case taskInstanceRunning:
		if i := w.Instances[t.ID]; i != nil && i.State == "pending" {
			i.State = "running"
		}
	case taskLicenseStep:
		w.licenseStep(t.ID)
	}
}
