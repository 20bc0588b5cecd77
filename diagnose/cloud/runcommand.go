package cloud

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/smithy-go"

	"github.com/monshin/monshin/diagnose/fact"
)

const (
	// deliveryTimeout is for how many seconds a command waits for its node, and
	// executionTimeout for how many the script may run (domain.md §11): a dead node
	// is not to run it hours later, and the script takes some seconds.
	deliveryTimeout  = 60
	executionTimeout = 90
	// commandDeadline is the sum of both, after which there is nothing to wait for.
	commandDeadline = (deliveryTimeout + executionTimeout) * time.Second

	// commandComment is what the history of the account says about a command.
	commandComment = "monshin read-only script"
	// registration is the judgement of whether the node is managed at all.
	registration = "ssm.registration"
	// noInvocation is what GetCommandInvocation answers right after SendCommand, until
	// the command is known everywhere (domain.md §11).
	noInvocation = "InvocationDoesNotExist"

	// firstPause and lastPause bound the growing pauses between two looks at a command.
	firstPause, lastPause = 500 * time.Millisecond, 5 * time.Second
	// shortPause is both, for a simulated account.
	shortPause = 2 * time.Millisecond
)

// errNoCommand says that a command was accepted and has no id to ask for.
var errNoCommand = errUnsupported{errors.New("the command was accepted without an id")}

// run is one command that came to an end.
type run struct {
	id string
	// sent is AWS's time of the request, or this machine's, and took how long it was
	// until the end was seen.
	sent time.Time
	took time.Duration
	// state is StatusDetails without spaces, lower-case.
	state          string
	code           int32
	stdout, stderr string
}

// ends are the states in which a command stays (domain.md §11 [V:ssm-mon]). AWS spells
// them with and without spaces.
var ends = []string{
	"success", "failed", "cancelled", "timedout", "deliverytimedout", "executiontimedout",
	"undeliverable", "terminated", "accessdenied", "invalidplatform", "ratelimitexceeded",
}

func stateOf(details, status string) string {
	if details == "" {
		details = status
	}
	return strings.ToLower(strings.ReplaceAll(details, " ", ""))
}

// run runs a PowerShell script on an instance and waits for its end. The command is
// sent once: only what AWS turned away for its rate is sent again.
func (s *Source) run(ctx context.Context, instance, script string) (run, error) {
	r := run{sent: s.now()}
	start := time.Now()
	out, err := s.ssm.SendCommand(ctx, &ssm.SendCommandInput{
		DocumentName: aws.String(powerShell), InstanceIds: []string{instance}, Comment: aws.String(commandComment),
		TimeoutSeconds: aws.Int32(deliveryTimeout),
		Parameters: map[string][]string{
			"commands":         strings.Split(strings.TrimSuffix(script, "\n"), "\n"),
			"executionTimeout": {strconv.Itoa(executionTimeout)},
		},
	}, func(o *ssm.Options) { o.Retryer = notSent{o.Retryer} })
	if err != nil {
		return r, err
	}
	if out.Command == nil || aws.ToString(out.Command.CommandId) == "" {
		return r, errNoCommand
	}
	r.id = aws.ToString(out.Command.CommandId)
	if t := utc(out.Command.RequestedDateTime); !t.IsZero() {
		r.sent = t // an operator's clock may be wrong, AWS's is not
	}
	err = s.await(deeper(ctx), instance, &r)
	r.took = time.Since(start)
	return r, err
}

// await looks at a command until it has come to an end.
func (s *Source) await(ctx context.Context, instance string, r *run) error {
	pause, last := firstPause, lastPause
	if s.o.NoSlowdown {
		pause, last = shortPause, shortPause
	}
	for {
		if err := Sleep(ctx, pause); err != nil {
			return err
		}
		pause = min(pause*3/2, last)
		out, err := s.ssm.GetCommandInvocation(ctx, &ssm.GetCommandInvocationInput{CommandId: aws.String(r.id), InstanceId: aws.String(instance)})
		switch {
		case hasCode(err, noInvocation):
			continue
		case err != nil:
			return err
		}
		r.state = stateOf(aws.ToString(out.StatusDetails), string(out.Status))
		if !slices.Contains(ends, r.state) {
			// Status is the enumeration, StatusDetails is free text that AWS may extend.
			if r.state = stateOf("", string(out.Status)); !slices.Contains(ends, r.state) {
				continue
			}
		}
		r.code = out.ResponseCode
		r.stdout, r.stderr = aws.ToString(out.StandardOutputContent), aws.ToString(out.StandardErrorContent)
		return nil
	}
}

// Sleep waits on the real clock, or until ctx ends.
func Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// failure says why a command told nothing; its reason is "" for the ends that are
// answers. A script that failed has still printed what its blocks found before.
func (r run) failure() fact.Why {
	switch r.state {
	case "success", "failed":
		return fact.Why{}
	case "accessdenied":
		return fact.Why{Reason: fact.Denied, Detail: r.state}
	case "ratelimitexceeded":
		return fact.Why{Reason: fact.Throttled, Detail: r.state}
	case "timedout", "deliverytimedout", "executiontimedout":
		return fact.Why{Reason: fact.Timeout, Detail: r.state}
	case "undeliverable":
		return fact.Why{Reason: fact.BlockedBy, Blocker: registration, Detail: r.state}
	}
	return fact.Why{Reason: fact.NotSupported, Detail: r.state} // cancelled, terminated, invalidplatform
}

// detail tells what came back instead of an answer. What a script wrote to its error
// stream is in whatever language Windows speaks, and shown as it is.
func (r run) detail(err error) string {
	parts := []string{err.Error()}
	if r.state != "success" {
		parts = append(parts, r.state+" ("+strconv.Itoa(int(r.code))+")")
	}
	if text := clean(r.stderr, maxDetail); text != "" {
		parts = append(parts, text)
	}
	return strings.Join(parts, ": ")
}

// notSent retries only what AWS turned away before it did anything.
type notSent struct{ aws.Retryer }

func (n notSent) IsErrorRetryable(err error) bool {
	var api smithy.APIError
	return errors.As(err, &api) && codes[api.ErrorCode()] == slowed && n.Retryer.IsErrorRetryable(err)
}
