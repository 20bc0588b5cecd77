package cloud

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/fleet"
	"github.com/monshin/monshin/diagnose/guest"
)

const (
	// commandIDs is how many instances one command names (domain.md §12).
	commandIDs = 50
	// invocationPage is the most rows of a page of ListCommandInvocations.
	invocationPage = 50
	// firstLook and lastLook bound the growing pauses between two looks at a command on
	// many: a look shows all of them, so that it may come later than for one.
	firstLook, lastLook = 4 * time.Second, 30 * time.Second
	// listCut is what the list call puts where it cuts an output at 2,500 characters
	// (domain.md §11). The whole is then asked for by itself.
	listCut = "---Output truncated---"
)

// Identities runs the identity script on many; see fleet.Account. At most concurrency
// of them run it at the same time: each command names up to fifty, and as many
// commands are under way as fit.
func (f *Fleet) Identities(ctx context.Context, ids []string, concurrency int, got func(id string, identity fact.Of[estate.GuestIdentity])) error {
	width := min(max(concurrency, 1), commandIDs)
	r := &fleetRun{f: f, width: width, got: got}
	if len(ids) == 0 {
		return nil
	}
	// The text is the same for all of them.
	script, err := guest.Script([]estate.Key{estate.GuestIdentityPart.Key(ids[0])})
	if err != nil {
		return err
	}
	r.lines = strings.Split(strings.TrimSuffix(script, "\n"), "\n")
	ctx, r.stop = context.WithCancel(ctx)
	defer r.stop()

	slots := make(chan struct{}, max(1, concurrency/width))
	var wg sync.WaitGroup
	for batch := range slices.Chunk(ids, commandIDs) {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			break
		}
		wg.Go(func() {
			defer func() { <-slots }()
			r.batch(ctx, batch)
		})
	}
	wg.Wait()
	return r.failure
}

// fleetRun is one script on many instances.
type fleetRun struct {
	f     *Fleet
	width int
	lines []string
	stop  context.CancelFunc
	got   func(string, fact.Of[estate.GuestIdentity])

	mu sync.Mutex
	// refused is why nobody may be asked; failure that the credentials ran out.
	refused *fact.Why
	failure error
}

// unknown tells that these did not answer.
func (r *fleetRun) unknown(ids []string, why fact.Why) {
	if why.Action == "" {
		why.Action = sendCommand
	}
	for _, id := range ids {
		w := why
		w.Resource = id
		r.got(id, fact.UnknownFrom[estate.GuestIdentity](w, r.f.origin(sendCommand, fact.Guest, "")))
	}
}

// end keeps why the run as a whole stops.
func (r *fleetRun) end(err error) {
	r.mu.Lock()
	if r.failure == nil {
		r.failure = err
	}
	r.mu.Unlock()
	r.stop()
}

// batch sends one command and waits for those that it names.
func (r *fleetRun) batch(ctx context.Context, ids []string) {
	r.mu.Lock()
	refused := r.refused
	r.mu.Unlock()
	if refused != nil {
		r.unknown(ids, *refused)
		return
	}
	own, request, cancel := r.f.request(ctx)
	out, err := r.f.s.ssm.SendCommand(request, &ssm.SendCommandInput{
		DocumentName: aws.String(powerShell), InstanceIds: ids, Comment: aws.String(commandComment),
		TimeoutSeconds: aws.Int32(deliveryTimeout),
		MaxConcurrency: aws.String(strconv.Itoa(r.width)),
		// The default is 0: the first server that fails would keep the others from being asked.
		MaxErrors: aws.String("100%"),
		Parameters: map[string][]string{
			"commands":         r.lines,
			"executionTimeout": {strconv.Itoa(executionTimeout)},
		},
	}, func(o *ssm.Options) { o.Retryer = notSent{o.Retryer} })
	cancel()
	r.f.used.add(own, 0)
	switch {
	case ctx.Err() != nil && err != nil:
		return
	case hasCode(err, noNode) && len(ids) > 1:
		// One id that Systems Manager does not take refuses the command for all.
		r.batch(ctx, ids[:len(ids)/2])
		r.batch(ctx, ids[len(ids)/2:])
		return
	case hasCode(err, noNode):
		r.unknown(ids, fact.Why{Reason: fact.BlockedBy, Blocker: registration, Detail: clean(message(err), maxDetail)})
		return
	case err == nil && (out.Command == nil || aws.ToString(out.Command.CommandId) == ""):
		r.unknown(ids, fact.Why{Reason: fact.NotSupported, Detail: errNoCommand.Error()})
		return
	case err != nil:
		err := r.f.problem(err, sendCommand, "", own)
		u, ok := err.(*fleet.UnreadError)
		if !ok {
			r.end(err)
			return
		}
		if u.Why.Reason == fact.Denied {
			r.mu.Lock()
			r.refused = &u.Why
			r.mu.Unlock()
		}
		r.unknown(ids, u.Why)
		return
	}
	r.await(ctx, aws.ToString(out.Command.CommandId), ids)
}

// pause is the time before the first look at a command.
func (r *fleetRun) pause() time.Duration {
	if r.f.s.o.NoSlowdown {
		return shortPause
	}
	return firstLook
}

// await looks at a command until everybody that it names came to an end.
func (r *fleetRun) await(ctx context.Context, command string, ids []string) {
	open := map[string]bool{}
	for _, id := range ids {
		open[id] = true
	}
	pause, last := r.pause(), lastLook
	if r.f.s.o.NoSlowdown {
		last = shortPause
	}
	until := time.Now().Add(commandDeadline + lastLook)
	for len(open) > 0 {
		if time.Now().After(until) {
			r.unknown(slices.Sorted(maps.Keys(open)), fact.Why{Reason: fact.Timeout, Detail: "the command did not end in time"})
			return
		}
		if wait(ctx, pause) != nil {
			return
		}
		pause = min(pause*2, last)
		err := r.f.list(ctx, "ssm:ListCommandInvocations", func(ctx context.Context, token *string) (*string, error) {
			out, err := r.f.s.ssm.ListCommandInvocations(ctx, &ssm.ListCommandInvocationsInput{
				CommandId: aws.String(command), Details: true, MaxResults: aws.Int32(invocationPage), NextToken: token,
			})
			if err != nil {
				return nil, err
			}
			for _, i := range out.CommandInvocations {
				id := aws.ToString(i.InstanceId)
				if state := stateOf(aws.ToString(i.StatusDetails), string(i.Status)); open[id] && slices.Contains(ends, state) {
					delete(open, id)
					r.tell(ctx, command, id, state, i)
				}
			}
			return out.NextToken, nil
		})
		switch {
		case ctx.Err() != nil:
			return
		case isUnread(err):
			r.unknown(slices.Sorted(maps.Keys(open)), err.(*fleet.UnreadError).Why)
			return
		case err != nil:
			r.end(err)
			return
		}
	}
}

// tell reads what one of them printed.
func (r *fleetRun) tell(ctx context.Context, command, id, state string, i ssmtypes.CommandInvocation) {
	one := run{id: command, state: state}
	for _, p := range i.CommandPlugins {
		one.stdout, one.code = aws.ToString(p.Output), p.ResponseCode
	}
	if why := one.failure(); why.Reason != "" {
		r.unknown([]string{id}, why)
		return
	}
	if strings.Contains(one.stdout, listCut) {
		if whole, ok := r.whole(ctx, command, id); ok {
			one.stdout = whole
		}
	}
	cli := commandLine("ssm get-command-invocation", r.f.s.o.Target.Region, arg("--command-id", command), arg("--instance-id", id))
	o := r.f.origin(sendCommand, fact.Guest, cli)
	answer, err := guest.Read([]byte(one.stdout))
	if err != nil {
		r.unknown([]string{id}, fact.Why{Reason: fact.NotSupported, Detail: clean(Mask(one.detail(err)), maxDetail)})
		return
	}
	part := answer.Part(estate.GuestIdentityPart.Key(id), o, time.Time{})
	identity, ok := part.Fact.(fact.Of[estate.GuestIdentity])
	if !ok {
		r.unknown([]string{id}, fact.Why{Reason: fact.NotSupported, Detail: "the answer is of another kind"})
		return
	}
	r.got(id, identity)
}

// whole reads the output that the list call cut.
func (r *fleetRun) whole(ctx context.Context, command, id string) (string, bool) {
	own, ctx, cancel := r.f.request(ctx)
	defer cancel()
	defer func() { r.f.used.add(own, 0) }()
	in := &ssm.GetCommandInvocationInput{CommandId: aws.String(command), InstanceId: aws.String(id)}
	out, err := r.f.s.ssm.GetCommandInvocation(ctx, in)
	if hasCode(err, noInvocation) && wait(ctx, min(firstPause, r.pause())) == nil {
		// Run Command is eventually consistent, also where its list already shows the row.
		out, err = r.f.s.ssm.GetCommandInvocation(ctx, in)
	}
	if err != nil {
		return "", false
	}
	return aws.ToString(out.StandardOutputContent), true
}
