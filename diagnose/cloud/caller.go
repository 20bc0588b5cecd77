package cloud

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/remedy"
)

// DefaultCallDeadline is how long one call that changes something may take, its
// retries included. RunInstances and CreateVpcEndpoint answer in some seconds; what
// has not answered after a minute will not.
const DefaultCallDeadline = time.Minute

// ErrReadOnly is why a Caller that may only read sent nothing.
var ErrReadOnly = errors.New("read-only: nothing was sent")

// CallerOptions say where a Caller calls and how it waits.
type CallerOptions struct {
	// Target names the region; "" is that of the config. Only the region matters.
	Target estate.Target
	// Now dates what was called; nil is the real clock.
	Now func() time.Time
	// Sleep passes the time between two looks at something that is waited for; nil
	// lets it really pass. A simulated account advances its own clock instead.
	Sleep func(ctx context.Context, d time.Duration) error
	// Deadline is how long one call may take, on the real clock and without what is
	// waited for afterwards; 0 is DefaultCallDeadline.
	Deadline time.Duration
	// ReadOnly refuses every Do before anything is sent, and asks no dry run.
	ReadOnly bool
}

// Caller makes the calls of plans. It can make the calls of its table (Operations)
// and no others. It is safe for concurrent use.
type Caller struct {
	o     CallerOptions
	cfg   aws.Config
	deeds map[string]deed

	mu      sync.Mutex
	regions map[string]*clients
}

var _ remedy.Caller = (*Caller)(nil)

// NewCaller makes a Caller from a config of the SDK: one of Config, or of a simulated
// account. It calls nothing.
func NewCaller(cfg aws.Config, o CallerOptions) *Caller {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Sleep == nil {
		o.Sleep = Sleep
	}
	if o.Deadline <= 0 {
		o.Deadline = DefaultCallDeadline
	}
	o.Target.Region = cmp.Or(o.Target.Region, cfg.Region)
	cfg = cfg.Copy()
	cfg.Credentials = marked(cfg.Credentials)
	c := &Caller{o: o, deeds: deeds(), regions: map[string]*clients{}}
	cfg.APIOptions = append(slices.Clone(cfg.APIOptions), c.observe)
	c.cfg = cfg
	return c
}

// Operations lists what a Caller can be told to do, spelled as in remedy.Call, in order.
func Operations() []string {
	var out []string
	for name := range deeds() {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// Watching lists the IAM actions with which a Caller waits for the end of an operation
// and looks for its effect, in order: what an operator needs besides the operation itself.
func Watching(operation string) []string { return slices.Clone(deeds()[operation].reads) }

// CheckCall reports whether a Caller understands a call: that the operation is one of
// the table, and that its parameters and outputs are fields of the SDK's types.
// Placeholders pass for the texts that will stand in their place.
func CheckCall(call remedy.Call) error {
	_, _, err := prepare(deeds(), call)
	return err
}

// prepare finds the operation and decodes the parameters.
func prepare(table map[string]deed, call remedy.Call) (deed, any, error) {
	d, ok := table[call.Operation]
	if !ok {
		return deed{}, nil, fmt.Errorf("%q is no operation that a fix may call", call.Operation)
	}
	in := d.input()
	if err := decodeInput(call.Input, in); err != nil {
		return deed{}, nil, fmt.Errorf("the parameters of %s: %w", call.Operation, err)
	}
	for _, path := range call.Outputs {
		if err := checkPath(d.output, path); err != nil {
			return deed{}, nil, fmt.Errorf("the answer of %s: %w", call.Operation, err)
		}
	}
	if call.Token != "" && call.Token != d.token {
		return deed{}, nil, fmt.Errorf("%s knows no token %q", call.Operation, call.Token)
	}
	if d.check != nil {
		if err := d.check(in); err != nil {
			return deed{}, nil, fmt.Errorf("the parameters of %s: %w", call.Operation, err)
		}
	}
	return d, in, nil
}

// Do makes a call; see remedy.Caller. Where AWS took the call and what it started did
// not come to a good end, the Reply holds what the call answered, beside the *Failure:
// that is there and has to be taken back. A Failure that is Harmless comes with the
// Reply that the call would have had, read from what is there.
func (c *Caller) Do(ctx context.Context, call remedy.Call, progress func(lang.Text)) (remedy.Reply, error) {
	d, in, err := prepare(c.deeds, call)
	switch {
	case c.o.ReadOnly:
		return remedy.Reply{}, c.unsent(call, fact.Denied, ErrReadOnly)
	case err != nil:
		return remedy.Reply{}, c.unsent(call, fact.NotSupported, err)
	}
	if err := complete(call); err != nil {
		return remedy.Reply{}, c.unsent(call, fact.NotSupported, err)
	}
	e := c.errand(call, progress)
	out, t, err := e.send(ctx, d, in)
	reply := remedy.Reply{RequestID: t.requestID(call.Operation), Time: c.now()}
	if err != nil {
		f := c.failure(call, err, &t.sheet)
		f.Unsure = t.lost.Load()
		if !hasCode(err, d.harmless...) || d.find == nil || f.Unsure {
			return reply, f
		}
		there, found, lookErr := d.find(ctx, e, in)
		if lookErr != nil || !found {
			return reply, f
		}
		f.Harmless = true
		if reply.Outputs, err = outputsOf(there, call.Outputs); err != nil {
			f.Harmless = false
		}
		return reply, f
	}
	return e.finish(ctx, d, in, out, reply)
}

// finish reads the outputs and waits for the end of what a call started.
func (e *errand) finish(ctx context.Context, d deed, in, out any, reply remedy.Reply) (remedy.Reply, error) {
	values, missing := outputsOf(out, e.call.Outputs)
	reply.Outputs = values
	if missing != nil {
		// It was done; that the answer does not name it makes it no less done.
		f := e.c.unsent(e.call, fact.NotSupported, missing)
		f.Unsure = true
		return reply, f
	}
	if d.wait == nil {
		return reply, nil
	}
	said, err := d.wait(ctx, e, in, out)
	reply.Said = said
	if err == nil {
		return reply, nil
	}
	f := e.c.failure(e.call, err, &sheet{})
	var end *endedError
	if f.Unsure = !errors.As(err, &end); !f.Unsure {
		f.Why.Reason, f.Why.Action = end.reason, e.call.Operation
	}
	return reply, f
}

// DryRun asks EC2; see remedy.Caller. A call whose parameters an earlier step answers
// cannot be asked yet.
func (c *Caller) DryRun(ctx context.Context, call remedy.Call) remedy.DryRun {
	d, in, err := prepare(c.deeds, call)
	switch {
	case err != nil:
		return remedy.DryRun{Verdict: remedy.NotAsked, Detail: clean(err.Error(), maxDetail)}
	case c.o.ReadOnly, !setDryRun(in), unresolved(call.Input) != "":
		return remedy.DryRun{Verdict: remedy.NotAsked}
	}
	e := c.errand(call, nil)
	own := &sheet{}
	ctx, cancel := context.WithTimeout(onSheet(ctx, own), c.o.Deadline)
	defer cancel()
	_, err = d.invoke(ctx, e.at, in, true)
	switch {
	case hasCode(err, "DryRunOperation"):
		return remedy.DryRun{Verdict: remedy.DryAllowed}
	case err == nil:
		return remedy.DryRun{Verdict: remedy.NotAsked, Detail: "the endpoint does not know DryRun and may have made the call"}
	}
	why, _ := whyNot(err, call.Operation, "", own)
	verdict := remedy.NotAsked
	if why.Reason == fact.Denied {
		verdict = remedy.DryRefused
	}
	return remedy.DryRun{Verdict: verdict, Detail: withoutCode(why.Detail)}
}

// Find looks for the effect of a call whose answer was lost; see remedy.Caller. It
// only reads, and never repeats the call: by monshin's tag or by the token where the
// operation made something, by the name in IAM, by the comment of a command, and else
// by comparing what is there with what the call asks for.
//
// It waits for the end of what it found. What was made and came to a bad end, or to
// none in time, is found all the same: it is there. A script that says that it did
// nothing is not found. An error is a *Failure that is Unsure.
func (c *Caller) Find(ctx context.Context, call remedy.Call) (remedy.Reply, bool, error) {
	d, in, err := prepare(c.deeds, call)
	if err == nil {
		err = complete(call)
	}
	if err != nil {
		return remedy.Reply{}, false, c.unsent(call, fact.NotSupported, err)
	}
	e := c.errand(call, nil)
	own := &sheet{}
	ctx = onSheet(ctx, own)
	for look := 1; ; look++ {
		out, found, err := d.find(ctx, e, in)
		switch {
		case err != nil:
			f := c.failure(call, err, own)
			f.Unsure = true
			return remedy.Reply{}, false, f
		case found:
			return e.found(ctx, d, in, out)
		case !d.late || look >= looks:
			return remedy.Reply{}, false, nil
		}
		if err := c.o.Sleep(ctx, betweenLooks); err != nil {
			return remedy.Reply{}, false, c.failure(call, err, own)
		}
	}
}

// found tells what an effect that is there came to.
func (e *errand) found(ctx context.Context, d deed, in, out any) (remedy.Reply, bool, error) {
	reply, err := e.finish(ctx, d, in, out, remedy.Reply{Time: e.c.now()})
	var end *endedError
	var slow *slowError
	switch {
	case err == nil:
		return reply, true, nil
	case errors.As(err, &end) && !d.makes:
		return remedy.Reply{}, false, nil
	case d.makes && (errors.As(err, &end) || errors.As(err, &slow)):
		return reply, true, nil
	}
	return reply, true, err
}

// What EC2, IAM and Run Command made shows in their lists a moment later ("eventual
// consistency", https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html):
// that it is not there is only believed after several looks.
const (
	looks        = 4
	betweenLooks = 3 * time.Second
)

// now is the time of what is being called.
func (c *Caller) now() time.Time { return c.o.Now().UTC() }

// unsent is the failure of a call that was not made.
func (c *Caller) unsent(call remedy.Call, reason fact.Reason, err error) *remedy.Failure {
	return &remedy.Failure{Call: call, Err: err, Why: fact.Why{
		Reason: reason, Action: call.Operation, Resource: resourceOf(call), Detail: clean(err.Error(), maxDetail),
	}}
}
