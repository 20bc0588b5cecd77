// Package lab holds simulated AWS accounts: an in-memory World that answers the
// calls of the AWS SDK, and the scenarios, each a sound estate with named things
// broken on top.
//
// Nothing goes over a network. The SDK's own stack runs up to the point where it
// would send: the typed input is captured at the end of Initialize, and the typed
// output is given in Deserialize, inside the retry loop, so that throttling,
// latency and timeouts meet the real retryer. What the lab does not model it says
// loudly; it never answers with a guess.
//
// Calls that change something change the World, and the servers follow: whether a
// node comes Online follows from its network and policies as soon as one of them has
// changed. Before that it is the scenario's data.
package lab

import (
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/smithy-go/middleware"

	"github.com/monshin/monshin/diagnose/lang"
)

// Options say how a lab behaves beyond what its scenario says.
type Options struct {
	// Latency is added to every request attempt; 0 is none.
	Latency time.Duration
	// Seed decides which attempts a throttle fault hits. The same seed, faults and
	// requests give the same answers, in whatever order they come.
	Seed int64
	// Faults are put on top of the scenario.
	Faults []Fault
	// State is a file that carries the account and its clock from process to process;
	// "" is none. It is made where it is not there, and written before each answer to a
	// call that changed something.
	State string
	// Before is called before each attempt is answered: somebody else who changes the
	// account at that moment. It runs with the account locked and may not call the lab.
	Before func(action string, w *World)
	// Speed is how many times faster than real time Sleep goes; 0 makes nobody wait.
	Speed float64
}

// Lab is one simulated account, safe for concurrent use.
type Lab struct {
	scenario   Scenario
	world      *World
	options    Options
	operations map[string]operation
	attempts   attempts
	log        []Mutation // guarded by world.mu
	file       stateFile  // guarded by world.mu
}

// Open sets a scenario up. Its error names the scenario that does not exist and
// those that do.
func Open(name string, o Options) (*Lab, error) {
	if s, ok := Find(name); ok {
		return s.open(o)
	}
	var names []string
	for _, s := range slices.Concat(Scenarios(), Fleets()) {
		names = append(names, s.Name)
	}
	return nil, mistake("the lab has no scenario %q; it has %s", "ラボにシナリオ %q は存在しない。指定できるのは %s", name, strings.Join(names, ", "))
}

// mistake is wrong input, in both languages.
func mistake(en, ja string, args ...any) error {
	return &lang.Error{Say: lang.Both(en, ja).With(args...)}
}

func (s Scenario) open(o Options) (*Lab, error) {
	l := &Lab{scenario: s, world: s.build(), options: o, operations: operations()}
	if s.operations != nil {
		for action, op := range s.operations() {
			op.changes, op.also = l.operations[action].changes, l.operations[action].also
			l.operations[action] = op
		}
	}
	for _, f := range o.Faults {
		if err := f.check(l.operations); err != nil {
			return nil, err
		}
	}
	if err := l.resume(); err != nil {
		return nil, err
	}
	l.world.sessions = &sessions{lab: l}
	return l, nil
}

// Scenario returns what the lab was opened with.
func (l *Lab) Scenario() Scenario { return l.scenario }

// Source is the "source" of monshin.diagnosis/v1.
func (l *Lab) Source() string { return "lab:" + l.scenario.Name }

// Actions lists the IAM actions that the lab answers, in order.
func (l *Lab) Actions() []string { return sortedKeys(l.operations) }

// maxAttempts is more than the SDK's usual three to five, so that throttle=0.3
// (a long outage in AWS's terms) fails one request in fifteen thousand.
const maxAttempts = 8

// maxBackoff is what the SDK's twenty seconds become: a lab makes nobody wait.
const maxBackoff = 20 * time.Millisecond

// Config is what the SDK's clients are made from. Every client made from it, in
// whatever region, talks to this lab.
func (l *Lab) Config() aws.Config {
	return aws.Config{
		Region: l.scenario.Region,
		// Not a secret: the keys of AWS's documentation, which open nothing.
		Credentials: credentials.NewStaticCredentialsProvider(
			"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "lab"),
		Retryer: func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) {
				o.MaxAttempts = maxAttempts
				o.Backoff = retry.NewExponentialJitterBackoff(maxBackoff)
				// The retry quota is a client's memory of other requests, which would
				// make answers depend on their order.
				o.RateLimiter = ratelimit.None
			})
		},
		APIOptions: []func(*middleware.Stack) error{l.install},
	}
}
