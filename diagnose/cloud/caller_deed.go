package cloud

import (
	"context"
	"encoding/json"
	"reflect"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/directoryservice"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/route53resolver"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/monshin/monshin/diagnose/cloud/usersubscriptions"
	"github.com/monshin/monshin/diagnose/lang"
)

// deed is one operation that a Caller can make: a row of the table.
type deed struct {
	input  func() any   // a new *Input
	output reflect.Type // Output
	// invoke sends it. A single request is repeated only where AWS turned it away for
	// its rate.
	invoke func(ctx context.Context, at *clients, in any, single bool) (any, error)
	// find looks for the effect, and makes the output of it.
	find func(ctx context.Context, e *errand, in any) (out any, found bool, err error)
	// wait waits for the end of what the operation started, and returns what that said.
	wait func(ctx context.Context, e *errand, in, out any) (json.RawMessage, error)
	// check refuses parameters that the SDK would take and a Caller does not.
	check func(in any) error
	// token is the parameter with which AWS recognises a repetition.
	token string
	// harmless are the codes with which AWS may say that the effect is there already.
	// They are believed only if find finds it.
	harmless []string
	lags     []lag
	// reads are the actions with which find and wait look, in order.
	reads []string
	// makes says that the operation makes a thing, which is there however it ended.
	makes bool
	// late says that find may not see for a moment what was made.
	late bool
}

// lag is a refusal that means that AWS has not heard yet of what an earlier step made.
type lag struct {
	codes []string
	// text stands in the message, "" for any.
	text  string
	limit time.Duration
	say   lang.Text
}

func (d deed) lagOf(err error) (lag, bool) {
	for _, l := range d.lags {
		if hasCode(err, l.codes...) && strings.Contains(strings.ToLower(message(err)), strings.ToLower(l.text)) {
			return l, true
		}
	}
	return lag{}, false
}

// option is what an operation has beyond the plain call.
type option func(*deed)

func token(name string) option        { return func(d *deed) { d.token = name } }
func harmless(codes ...string) option { return func(d *deed) { d.harmless = codes } }
func lags(all ...lag) option          { return func(d *deed) { d.lags = append(d.lags, all...) } }
func reads(actions ...string) option  { return func(d *deed) { d.reads = actions } }
func late(d *deed)                    { d.late = true }
func only[I any](f func(*I) error) option {
	return func(d *deed) { d.check = func(in any) error { return f(in.(*I)) } }
}

// until waits for an end that says nothing.
func until[I, O any](f func(context.Context, *errand, *I, *O) error) option {
	say := answers(func(ctx context.Context, e *errand, in *I, out *O) (json.RawMessage, error) {
		return nil, f(ctx, e, in, out)
	})
	return func(d *deed) {
		say(d)
		d.makes = true
	}
}

// answers waits for an end that says something.
func answers[I, O any](f func(context.Context, *errand, *I, *O) (json.RawMessage, error)) option {
	return func(d *deed) {
		d.wait = func(ctx context.Context, e *errand, in, out any) (json.RawMessage, error) {
			return f(ctx, e, in.(*I), out.(*O))
		}
	}
}

func newDeed[I, O any](send func(context.Context, *clients, *I, bool) (*O, error), find func(context.Context, *errand, *I) (*O, error), options []option) deed {
	d := deed{
		input: func() any { return new(I) }, output: reflect.TypeFor[O](),
		invoke: func(ctx context.Context, at *clients, in any, single bool) (any, error) {
			out, err := send(ctx, at, in.(*I), single)
			if err != nil {
				return nil, err // and not a nil *O in an any
			}
			return out, nil
		},
		find: func(ctx context.Context, e *errand, in any) (any, bool, error) {
			out, err := find(ctx, e, in.(*I))
			if err != nil || out == nil {
				return nil, false, err
			}
			return out, true, nil
		},
	}
	for _, o := range options {
		o(&d)
	}
	return d
}

func onEC2[I, O any](call func(*ec2.Client, context.Context, *I, ...func(*ec2.Options)) (*O, error), find func(context.Context, *errand, *I) (*O, error), options ...option) deed {
	return newDeed(func(ctx context.Context, at *clients, in *I, single bool) (*O, error) {
		return call(at.ec2, ctx, in, func(o *ec2.Options) {
			if single {
				o.Retryer = notSent{o.Retryer}
			}
		})
	}, find, options)
}

func onIAM[I, O any](call func(*iam.Client, context.Context, *I, ...func(*iam.Options)) (*O, error), find func(context.Context, *errand, *I) (*O, error), options ...option) deed {
	return newDeed(func(ctx context.Context, at *clients, in *I, single bool) (*O, error) {
		return call(at.iam, ctx, in, func(o *iam.Options) {
			if single {
				o.Retryer = notSent{o.Retryer}
			}
		})
	}, find, options)
}

func onSSM[I, O any](call func(*ssm.Client, context.Context, *I, ...func(*ssm.Options)) (*O, error), find func(context.Context, *errand, *I) (*O, error), options ...option) deed {
	return newDeed(func(ctx context.Context, at *clients, in *I, single bool) (*O, error) {
		return call(at.ssm, ctx, in, func(o *ssm.Options) {
			if single {
				o.Retryer = notSent{o.Retryer}
			}
		})
	}, find, options)
}

func onResolver[I, O any](call func(*route53resolver.Client, context.Context, *I, ...func(*route53resolver.Options)) (*O, error), find func(context.Context, *errand, *I) (*O, error), options ...option) deed {
	return newDeed(func(ctx context.Context, at *clients, in *I, single bool) (*O, error) {
		return call(at.resolver, ctx, in, func(o *route53resolver.Options) {
			if single {
				o.Retryer = notSent{o.Retryer}
			}
		})
	}, find, options)
}

func onDirectory[I, O any](call func(*directoryservice.Client, context.Context, *I, ...func(*directoryservice.Options)) (*O, error), find func(context.Context, *errand, *I) (*O, error), options ...option) deed {
	return newDeed(func(ctx context.Context, at *clients, in *I, single bool) (*O, error) {
		return call(at.directory, ctx, in, func(o *directoryservice.Options) {
			if single {
				o.Retryer = notSent{o.Retryer}
			}
		})
	}, find, options)
}

func onLicenses[I, O any](call func(*usersubscriptions.Client, context.Context, *I, ...func(*usersubscriptions.Options)) (*O, error), find func(context.Context, *errand, *I) (*O, error), options ...option) deed {
	return newDeed(func(ctx context.Context, at *clients, in *I, single bool) (*O, error) {
		return call(at.licenses, ctx, in, func(o *usersubscriptions.Options) {
			if single {
				o.Retryer = notSent{o.Retryer}
			}
		})
	}, find, options)
}
