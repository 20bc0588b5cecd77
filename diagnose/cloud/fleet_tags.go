package cloud

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/fleet"
)

const (
	listCommands = "ssm:ListCommands"
	// noCommand is what Run Command answers until a command is known everywhere.
	noCommand = "InvalidCommandId"
	// looksOfMany is how often at most the answers of a command by tags are listed
	// before its end, so that somebody who stops it has a part of them: each time is a
	// request for fifty servers.
	looksOfMany = 2
	// lastLooks is how often they are listed after the end: the list may be behind.
	lastLooks = 3
)

// progress is how far a command by tags is.
type progress struct {
	targets, completed int
	ended              bool
	// unseen says that this caller may not look at commands.
	unseen bool
}

// tagged sends one command by tags and waits for its end. How far it is tells one row
// of ListCommands; the answers are listed a few times only.
func (r *fleetRun) tagged(ctx context.Context) {
	s, own, err := r.send(ctx, nil, r.q.Tags)
	if err != nil {
		if ctx.Err() == nil {
			r.unsent(r.q.IDs, err, own)
		}
		return
	}
	open, asked := map[string]bool{}, map[string]bool{}
	for _, id := range r.q.IDs {
		open[id], asked[id] = true, true
	}
	seen := map[string]bool{}
	each := func(id, state string, i ssmtypes.CommandInvocation) {
		first := !seen[id]
		seen[id] = true
		switch {
		case !asked[id] && first:
			r.got(fleet.Reply{ID: id, Extra: true})
		case open[id] && slices.Contains(ends, state):
			delete(open, id)
			r.tell(ctx, s, id, state, i)
		}
	}
	pause, last := r.pauses()
	until := time.Now().Add(commandDeadline + lastLook)
	var before progress
	looks, lasting, left := 0, 0, len(open)
	for len(open) > 0 && lasting < lastLooks {
		if Sleep(ctx, pause) != nil {
			return
		}
		pause = min(pause*2, last)
		now, err := r.far(ctx, s.id)
		if ctx.Err() != nil || err != nil {
			r.unlooked(ctx, open, err)
			return
		}
		if now.completed > before.completed || now.targets > before.targets || len(open) < left {
			// Servers beyond the concurrency wait for their turn: the command is alive.
			until = time.Now().Add(commandDeadline + lastLook)
		}
		before, left = now, len(open)
		late := time.Now().After(until)
		if now.ended || late {
			lasting++
		}
		part := now.targets > 0 && now.completed*(looksOfMany+1) >= now.targets*(looks+1) && looks < looksOfMany
		if !now.ended && !late && !part && !now.unseen {
			continue
		}
		looks++
		if err := r.look(ctx, s.id, each); ctx.Err() != nil || err != nil {
			r.unlooked(ctx, open, err)
			return
		}
		if late || now.ended && now.targets > 0 && len(seen) >= now.targets {
			break // nobody is missing in the list
		}
	}
	// Who is missing was not reached only where everybody else is there.
	whole := before.ended && len(seen) >= before.targets
	for _, id := range slices.Sorted(maps.Keys(open)) {
		switch {
		case seen[id]:
			r.unknown([]string{id}, fact.Why{Reason: fact.Timeout, Detail: "the command did not end in time"})
		case !whole:
			r.unknown([]string{id}, fact.Why{Reason: fact.Timeout, Action: listInvocations, Detail: "what became of the command was not shown in time"})
		default:
			why := fact.Why{Reason: fact.NotRecorded, Detail: "the command for the tags did not go to this server"}
			r.got(fleet.Reply{ID: id, Parts: r.lacking(id, why), Unreached: true})
		}
	}
}

// far tells how far a command is. A caller who may not look at commands goes by the
// list of their answers alone.
func (r *fleetRun) far(ctx context.Context, command string) (progress, error) {
	own, ctx, cancel := r.f.request(ctx)
	defer cancel()
	defer func() { r.f.used.add(own, 0) }()
	out, err := r.f.s.ssm.ListCommands(ctx, &ssm.ListCommandsInput{CommandId: aws.String(command)})
	switch {
	case hasCode(err, noCommand):
		return progress{}, nil
	case err != nil:
		err = r.f.problem(err, listCommands, "", own)
		if u, ok := err.(*fleet.UnreadError); ok && u.Why.Reason == fact.Denied {
			return progress{unseen: true}, nil
		}
		return progress{}, err
	case len(out.Commands) == 0:
		return progress{}, nil
	}
	c := out.Commands[0]
	going := []ssmtypes.CommandStatus{"", ssmtypes.CommandStatusPending, ssmtypes.CommandStatusInProgress, ssmtypes.CommandStatusCancelling}
	return progress{targets: int(c.TargetCount), completed: int(c.CompletedCount), ended: !slices.Contains(going, c.Status)}, nil
}
