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
	listCut         = "---Output truncated---"
	listInvocations = "ssm:ListCommandInvocations"
)

// Inside runs a script on many; see fleet.Account. By ids, each command names up to
// fifty, and as many commands are under way as fit into the concurrency; by tags, one
// command goes to all.
func (f *Fleet) Inside(ctx context.Context, q fleet.Question, got func(fleet.Reply)) error {
	if len(q.IDs) == 0 {
		return nil
	}
	r := &fleetRun{f: f, q: q, got: got, lines: strings.Split(strings.TrimSuffix(q.Script, "\n"), "\n")}
	ctx, r.stop = context.WithCancel(ctx)
	defer r.stop()
	if len(q.Tags) > 0 {
		r.width = max(q.Concurrency, 1)
		r.tagged(ctx)
		return r.failure
	}
	r.width = min(max(q.Concurrency, 1), commandIDs)
	slots := make(chan struct{}, max(1, q.Concurrency/r.width))
	var wg sync.WaitGroup
	for batch := range slices.Chunk(q.IDs, commandIDs) {
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
	q     fleet.Question
	width int
	lines []string
	stop  context.CancelFunc
	got   func(fleet.Reply)

	mu sync.Mutex
	// refused is why nobody may be asked; failure that the credentials ran out.
	refused *fact.Why
	failure error
}

// unknown tells that these did not answer.
func (r *fleetRun) unknown(ids []string, why fact.Why) {
	for _, id := range ids {
		r.got(fleet.Reply{ID: id, Parts: r.lacking(id, why)})
	}
}

// lacking are the parts of a server that did not answer.
func (r *fleetRun) lacking(id string, why fact.Why) []estate.Part {
	if why.Action == "" {
		why.Action = sendCommand
	}
	why.Resource = id
	var out []estate.Part
	for _, k := range r.q.Keys(id) {
		out = append(out, estate.Part{Key: k, Fact: r.f.s.readers[k.Kind].unknown(why, r.f.origin(sendCommand, fact.Guest, ""))})
	}
	return out
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

// sending is a command that was accepted.
type sending struct {
	id string
	// start is when it was sent by this machine's clock, and sent by AWS's.
	start, sent time.Time
}

// send sends the command to ids, or else to tags. A failure is returned as it came.
func (r *fleetRun) send(ctx context.Context, ids []string, tags []fleet.Tag) (sending, *sheet, error) {
	own, request, cancel := r.f.request(ctx)
	defer cancel()
	defer func() { r.f.used.add(own, 0) }()
	in := &ssm.SendCommandInput{
		DocumentName: aws.String(powerShell), InstanceIds: ids, Comment: aws.String(commandComment),
		TimeoutSeconds: aws.Int32(deliveryTimeout),
		MaxConcurrency: aws.String(strconv.Itoa(r.width)),
		// The default is 0: the first server that fails would keep the others from being asked.
		MaxErrors: aws.String("100%"),
		Parameters: map[string][]string{
			"commands":         r.lines,
			"executionTimeout": {strconv.Itoa(executionTimeout)},
		},
	}
	for _, t := range tags {
		in.Targets = append(in.Targets, ssmtypes.Target{Key: aws.String("tag:" + t.Key), Values: []string{t.Value}})
	}
	s := sending{start: time.Now(), sent: r.f.s.now()}
	out, err := r.f.s.ssm.SendCommand(request, in, func(o *ssm.Options) { o.Retryer = notSent{o.Retryer} })
	switch {
	case err != nil:
		return s, own, err
	case out.Command == nil || aws.ToString(out.Command.CommandId) == "":
		return s, own, errNoCommand
	}
	s.id = aws.ToString(out.Command.CommandId)
	if t := utc(out.Command.RequestedDateTime); !t.IsZero() {
		s.sent = t // an operator's clock may be wrong, AWS's is not
	}
	return s, own, nil
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
	s, own, err := r.send(ctx, ids, nil)
	switch {
	case err != nil && ctx.Err() != nil:
	case hasCode(err, noNode) && len(ids) > 1:
		// One id that Systems Manager does not take refuses the command for all.
		r.batch(ctx, ids[:len(ids)/2])
		r.batch(ctx, ids[len(ids)/2:])
	case hasCode(err, noNode):
		r.unknown(ids, fact.Why{Reason: fact.BlockedBy, Blocker: registration, Detail: clean(message(err), maxDetail)})
	case err != nil:
		r.unsent(ids, err, own)
	default:
		r.await(ctx, s, ids)
	}
}

// unsent tells that a command could not be sent to these.
func (r *fleetRun) unsent(ids []string, err error, own *sheet) {
	err = r.f.problem(err, sendCommand, "", own)
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
}

// pauses are the times before the first look at a command, and at most between two.
func (r *fleetRun) pauses() (first, last time.Duration) {
	if r.f.s.o.NoSlowdown {
		return shortPause, shortPause
	}
	return firstLook, lastLook
}

// await looks at a command until everybody that it names came to an end.
func (r *fleetRun) await(ctx context.Context, s sending, ids []string) {
	open := map[string]bool{}
	for _, id := range ids {
		open[id] = true
	}
	pause, last := r.pauses()
	until := time.Now().Add(commandDeadline + lastLook)
	for len(open) > 0 {
		if time.Now().After(until) {
			r.unknown(slices.Sorted(maps.Keys(open)), fact.Why{Reason: fact.Timeout, Detail: "the command did not end in time"})
			return
		}
		if Sleep(ctx, pause) != nil {
			return
		}
		pause = min(pause*2, last)
		err := r.look(ctx, s.id, func(id, state string, i ssmtypes.CommandInvocation) {
			if open[id] && slices.Contains(ends, state) {
				delete(open, id)
				r.tell(ctx, s, id, state, i)
			}
		})
		if ctx.Err() != nil || err != nil {
			r.unlooked(ctx, open, err)
			return
		}
	}
}

// look lists what became of a command.
func (r *fleetRun) look(ctx context.Context, command string, each func(id, state string, i ssmtypes.CommandInvocation)) error {
	return r.f.list(ctx, listInvocations, func(ctx context.Context, token *string) (*string, error) {
		out, err := r.f.s.ssm.ListCommandInvocations(ctx, &ssm.ListCommandInvocationsInput{
			CommandId: aws.String(command), Details: true, MaxResults: aws.Int32(invocationPage), NextToken: token,
		})
		if err != nil {
			return nil, err
		}
		for _, i := range out.CommandInvocations {
			state := stateOf(aws.ToString(i.StatusDetails), string(i.Status))
			if !slices.Contains(ends, state) {
				// Status is the enumeration, StatusDetails is free text that AWS may extend.
				state = stateOf("", string(i.Status))
			}
			each(aws.ToString(i.InstanceId), state, i)
		}
		return out.NextToken, nil
	})
}

// unlooked tells that it could not be seen what became of a command.
func (r *fleetRun) unlooked(ctx context.Context, open map[string]bool, err error) {
	switch {
	case ctx.Err() != nil:
	case isUnread(err):
		r.unknown(slices.Sorted(maps.Keys(open)), err.(*fleet.UnreadError).Why)
	case err != nil:
		r.end(err)
	}
}

// tell reads what one of them printed.
func (r *fleetRun) tell(ctx context.Context, s sending, id, state string, i ssmtypes.CommandInvocation) {
	one := run{id: s.id, state: state, sent: s.sent, took: time.Since(s.start)}
	for _, p := range i.CommandPlugins {
		one.stdout, one.code = aws.ToString(p.Output), p.ResponseCode
	}
	if why := one.failure(); why.Reason != "" {
		r.unknown([]string{id}, why)
		return
	}
	if strings.Contains(one.stdout, listCut) {
		if whole, ok := r.whole(ctx, s.id, id); ok {
			one.stdout = whole
		}
	}
	cli := commandLine("ssm get-command-invocation", r.f.s.o.Target.Region, arg("--command-id", s.id), arg("--instance-id", id))
	o := r.f.origin(sendCommand, fact.Guest, cli)
	answer, err := guest.ReadLine(one.stdout)
	if err != nil {
		r.unknown([]string{id}, fact.Why{Reason: fact.NotSupported, Detail: clean(Mask(one.detail(err)), maxDetail)})
		return
	}
	reply := fleet.Reply{ID: id}
	for _, k := range r.q.Keys(id) {
		reply.Parts = append(reply.Parts, clocked(answer.Part(k, o, one.sent), one))
	}
	r.got(reply)
}

// whole reads the output that the list call cut.
func (r *fleetRun) whole(ctx context.Context, command, id string) (string, bool) {
	own, ctx, cancel := r.f.request(ctx)
	defer cancel()
	defer func() { r.f.used.add(own, 0) }()
	in := &ssm.GetCommandInvocationInput{CommandId: aws.String(command), InstanceId: aws.String(id)}
	out, err := r.f.s.ssm.GetCommandInvocation(ctx, in)
	if hasCode(err, noInvocation) && Sleep(ctx, r.again()) == nil {
		// Run Command is eventually consistent, also where its list already shows the row.
		out, err = r.f.s.ssm.GetCommandInvocation(ctx, in)
	}
	if err != nil {
		return "", false
	}
	return aws.ToString(out.StandardOutputContent), true
}

// again is the pause before something is asked again that was not there yet.
func (r *fleetRun) again() time.Duration {
	first, _ := r.pauses()
	return min(firstPause, first)
}
