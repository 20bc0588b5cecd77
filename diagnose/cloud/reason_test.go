package cloud

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/walk"
)

func TestReasons(t *testing.T) {
	tests := []struct {
		code string
		want fact.Reason
	}{
		{"AccessDenied", fact.Denied}, {"AccessDeniedException", fact.Denied}, {"UnauthorizedOperation", fact.Denied},
		{"UnauthorizedAccess", fact.Denied}, {"AuthorizationError", fact.Denied}, {"Client.UnauthorizedOperation", fact.Denied},
		{"Throttling", fact.Throttled}, {"ThrottlingException", fact.Throttled}, {"RequestLimitExceeded", fact.Throttled},
		{"TooManyRequestsException", fact.Throttled}, {"RateExceeded", fact.Throttled},
		{"UnknownOperationException", fact.NotSupported}, {"InvalidAction", fact.NotSupported}, {"NotImplemented", fact.NotSupported},
		{"UnsupportedOperation", fact.NotSupported}, {"InvalidInstanceID.Malformed", fact.NotSupported},
		{"InternalError", fact.Timeout},
	}
	for _, tt := range tests {
		t.Run(tt.code, func(t *testing.T) {
			a := newAccount(t)
			a.fail("ec2:DescribeSubnets", tt.code)
			cfg := a.config()
			cfg.RetryMaxAttempts = 1
			s := New(cfg, Options{Now: func() time.Time { return asOf }})
			f, got := readOne(t, s, estate.SubnetsPart, "vpc-1")
			why := f.Why()
			if !f.IsUnknown() || why.Reason != tt.want || why.Action != "ec2:DescribeSubnets" || why.Resource != "vpc-1" {
				t.Errorf("%s: %+v", f.State(), why)
			}
			if !strings.Contains(why.Detail, tt.code) || strings.ContainsRune(why.Detail, '\x1b') {
				t.Errorf("detail %q", why.Detail)
			}
			if len(got.Calls) != 1 || got.Calls[0].Error != tt.code || got.Calls[0].RequestID == "" {
				t.Errorf("calls %+v", got.Calls)
			}
			if f.Origin().CLI == "" {
				t.Error("an unknown does not tell how to see it oneself")
			}
		})
	}
}

func TestExpired(t *testing.T) {
	for _, code := range []string{"ExpiredToken", "ExpiredTokenException", "RequestExpired", "InvalidClientTokenId", "UnrecognizedClientException", "AuthFailure", "IncompleteSignature"} {
		a := newAccount(t)
		a.fail("ec2:DescribeSubnets", code)
		s := a.source()
		key := estate.SubnetsPart.Key("vpc-1")
		var gots []walk.Got
		s.Collect(t.Context(), []estate.Key{key}, func(g walk.Got) { gots = append(gots, g) })
		var p *Problem
		if len(gots) != 1 || gots[0].Part.Key != key || !errors.As(gots[0].Expired, &p) || !p.Say.Complete() || !strings.Contains(p.Say.Ja, code) {
			t.Fatalf("%s: %+v", code, gots)
		}
		// The walk asks again when it goes on; what was not delivered costs a call again.
		a.answer("ec2:DescribeSubnets", &ec2.DescribeSubnetsOutput{})
		if got := mustRead(t, s, estate.SubnetsPart, "vpc-1"); len(got) != 0 {
			t.Errorf("%+v", got)
		}
	}
}

func TestCredentialsThatCannotBeHad(t *testing.T) {
	a := newAccount(t)
	cfg := a.config()
	cfg.Credentials = aws.NewCredentialsCache(aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{}, errors.New("failed to refresh cached credentials, the SSO session token has expired or is invalid")
	}))
	for _, key := range []estate.Key{estate.SubnetsPart.Key("vpc-1"), estate.LicensedInstancesPart.Key(""), estate.RolePart.Key("r")} {
		got := collect(t, t.Context(), New(cfg, Options{}), key)
		for _, g := range got {
			if g.Expired == nil || !strings.Contains(g.Expired.Error(), "aws sso login") || len(g.Calls) != 0 {
				t.Errorf("%s: %+v", key, g)
			}
		}
		if len(got) != 1 {
			t.Errorf("%s: delivered %d", key, len(got))
		}
	}
	if len(a.sent) != 0 {
		t.Errorf("sent %v", a.sent)
	}
}

func TestDeadline(t *testing.T) {
	a := newAccount(t)
	a.answers["ec2:DescribeSubnets"] = func(ctx context.Context, _ any) (any, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	s := a.source(func(o *Options) { o.Deadline = 20 * time.Millisecond })
	f, _ := readOne(t, s, estate.SubnetsPart, "vpc-1")
	if why := f.Why(); why.Reason != fact.Timeout || why.Action != "ec2:DescribeSubnets" {
		t.Errorf("%+v", why)
	}
}

// A deadline that ends in the pause before a retry tells what the retry was for.
func TestDeadlineWhileThrottled(t *testing.T) {
	a := newAccount(t)
	a.fail("ec2:DescribeSubnets", "RequestLimitExceeded")
	s := a.source(func(o *Options) { o.Deadline = 30 * time.Millisecond })
	s.ec2 = ec2.New(s.ec2.Options(), func(o *ec2.Options) { o.Retryer = patient{o.Retryer} })
	f, _ := readOne(t, s, estate.SubnetsPart, "vpc-1")
	if why := f.Why(); why.Reason != fact.Throttled || !strings.Contains(why.Detail, "RequestLimitExceeded") {
		t.Errorf("%+v", why)
	}
}

type patient struct{ aws.Retryer }

func (patient) RetryDelay(int, error) (time.Duration, error) { return time.Minute, nil }
