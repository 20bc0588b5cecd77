// Package cloud reads an AWS account: it is the walk's Source for live accounts
// and, through the SDK's own seams, for simulated ones.
//
// Collectors turn a part's key into the calls that the part needs, and the answers
// into the estate's types. They judge nothing. What cannot be had is unknown with
// its reason; what is refused is never taken for missing.
package cloud

import (
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/directoryservice"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/route53resolver"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"golang.org/x/time/rate"

	"github.com/monshin/monshin/diagnose/cloud/usersubscriptions"
	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/walk"
)

// What Options stand for where they are zero.
const (
	// DefaultDeadline is how long a part may take, retries included. An operator
	// waits about that long before looking elsewhere.
	DefaultDeadline = 20 * time.Second
	// DefaultCommandDeadline is how long a command may wait for its node and then run,
	// after which there is nothing to wait for.
	DefaultCommandDeadline = commandDeadline
	// DefaultConcurrency is how many requests may be under way for one service and
	// region; EC2 refills 20 tokens a second for a Describe (domain.md §12).
	DefaultConcurrency = 12
	// DefaultTrailRate is LookupEvents's quota of requests a second for an account and region
	// (https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html).
	DefaultTrailRate = 2
)

// Options say what a Source is for and how hard it may work.
type Options struct {
	// Target names the instance and the region. Only the region matters to Source.
	Target estate.Target
	// Name is walk.Source's name; "" is "aws".
	Name string
	// Now is the clock of what is read; nil is the real one. It dates facts and calls
	// and bounds CloudTrail searches; deadlines always run on the real clock.
	Now func() time.Time
	// Deadline is how long one part may take; 0 is DefaultDeadline. A CloudTrail
	// search has so long for each page.
	Deadline time.Duration
	// CommandDeadline is how long a command inside Windows may take, from its sending
	// to its end; 0 is DefaultCommandDeadline.
	CommandDeadline time.Duration
	// Concurrency is how many requests may be under way for one service and region;
	// 0 is DefaultConcurrency.
	Concurrency int
	// TrailRate is how many LookupEvents requests may be sent a second, after a burst
	// of two; 0 is DefaultTrailRate.
	TrailRate float64
	// NoSlowdown lifts TrailRate and shortens the pauses in which a command is waited
	// for: a simulated account has no quota, and its scripts take no time.
	NoSlowdown bool
}

// Source reads one region of one account. It is safe for concurrent use.
type Source struct {
	o Options

	ec2       *ec2.Client
	iam       *iam.Client
	ssm       *ssm.Client
	sts       *sts.Client
	trail     *cloudtrail.Client
	resolver  *route53resolver.Client
	directory *directoryservice.Client
	licenses  *usersubscriptions.Client

	readers map[string]reader
	slots   slots
	pace    *rate.Limiter // of LookupEvents
	memo    memo

	mu sync.Mutex
	// flying are the parts that are being read.
	flying map[estate.Key]*flight
	// delivered are the parts that were given out: asked again, they are read again.
	delivered map[estate.Key]bool
	// lost are the managed nodes that were seen without a heartbeat, and when.
	lost map[string]time.Time
	// generation numbers the collections that read something again. What the memo
	// holds from before does not count for them.
	generation int64
}

var _ walk.Source = (*Source)(nil)

// New makes a Source from a config of the SDK: one of Config, or of a simulated
// account. It calls nothing.
func New(cfg aws.Config, o Options) *Source {
	if o.Name == "" {
		o.Name = "aws"
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Deadline <= 0 {
		o.Deadline = DefaultDeadline
	}
	if o.CommandDeadline <= 0 {
		o.CommandDeadline = DefaultCommandDeadline
	}
	if o.Concurrency <= 0 {
		o.Concurrency = DefaultConcurrency
	}
	if o.TrailRate <= 0 {
		o.TrailRate = DefaultTrailRate
	}
	if o.Target.Region == "" {
		o.Target.Region = cfg.Region
	}
	s := &Source{
		o: o, slots: slots{limit: o.Concurrency},
		flying: map[estate.Key]*flight{}, delivered: map[estate.Key]bool{}, lost: map[string]time.Time{},
	}
	if !o.NoSlowdown {
		s.pace = rate.NewLimiter(rate.Limit(o.TrailRate), 2)
	}
	cfg = cfg.Copy()
	cfg.Region = o.Target.Region
	cfg.Credentials = marked(cfg.Credentials)
	cfg.APIOptions = append(slices.Clone(cfg.APIOptions), s.observe)
	s.ec2 = ec2.NewFromConfig(cfg)
	s.iam = iam.NewFromConfig(cfg)
	s.ssm = ssm.NewFromConfig(cfg)
	s.sts = sts.NewFromConfig(cfg)
	s.trail = cloudtrail.NewFromConfig(cfg)
	s.resolver = route53resolver.NewFromConfig(cfg)
	s.directory = directoryservice.NewFromConfig(cfg)
	s.licenses = usersubscriptions.NewFromConfig(cfg)
	s.readers = readers(s)
	return s
}

// Name is "aws", or what Options called it.
func (s *Source) Name() string { return s.o.Name }

// now is the time of what is being read.
func (s *Source) now() time.Time { return s.o.Now().UTC() }
