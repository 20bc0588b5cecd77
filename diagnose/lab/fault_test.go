package lab

import (
	"context"
	"errors"
	"net"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/middleware"
)

func faults(t testing.TB, specs ...string) Options {
	t.Helper()
	var o Options
	for _, s := range specs {
		f, err := ParseFault(s)
		if err != nil {
			t.Fatal(err)
		}
		o.Faults = append(o.Faults, f)
	}
	return o
}

func TestParseFault(t *testing.T) {
	for _, good := range []string{"throttle=0.3", "throttle=1", "deny=ec2:DescribeVpcs", "deny=iam:*", "timeout=*", "empty=ssm:Get?onnectionStatus"} {
		f, err := ParseFault(good)
		if err != nil || f.String() != good {
			t.Errorf("%s: %v, %v", good, f, err)
		}
	}
	for _, bad := range []string{"", "throttle", "throttle=", "throttle=0", "throttle=1.1", "throttle=NaN", "throttle=-1", "throttle=x", "deny=", "deny=DescribeVpcs",
		"deny=:x", "deny=ec2:", "slow=ec2:*", "=", "deny"} {
		if f, err := ParseFault(bad); err == nil || !strings.Contains(err.Error(), "lab fault") {
			t.Errorf("%q: %v, %v", bad, f, err)
		}
	}
}

func FuzzParseFault(f *testing.F) {
	f.Add("throttle=0.3")
	f.Add("deny=ec2:Describe*")
	f.Fuzz(func(t *testing.T, s string) {
		fault, err := ParseFault(s)
		if err != nil {
			return
		}
		again, err := ParseFault(fault.String())
		if err != nil || again != fault {
			t.Errorf("%q reads as %v, and that as %v, %v", s, fault, again, err)
		}
		fault.hits("ec2:DescribeVpcs")
	})
}

func TestGlob(t *testing.T) {
	for _, tc := range []struct {
		pattern, s string
		want       bool
	}{
		{"*", "", true}, {"", "", true}, {"", "a", false}, {"a*c", "abbc", true}, {"a*c", "abb", false}, {"a?c", "abc", true}, {"a?c", "ac", false},
		{"*a*b*", "xaxbx", true}, {"**", "x", true}, {"a", "A", false}, {"*ab", "aab", true}, {"?", "日", true},
	} {
		if got := glob(tc.pattern, tc.s); got != tc.want {
			t.Errorf("glob(%q, %q) = %v", tc.pattern, tc.s, got)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	_, err := Open("nothing", Options{})
	if err == nil || !strings.Contains(err.Error(), `"nothing"`) || !strings.Contains(err.Error(), "office-terminates") {
		t.Errorf("unknown scenario: %v", err)
	}
	_, err = Open("healthy", faults(t, "deny=ec2:DescribeVpc"))
	if err == nil || !strings.Contains(err.Error(), "ec2:DescribeVpc") {
		t.Errorf("a fault that hits nothing: %v", err)
	}
	if _, err = Open("healthy", Options{Faults: []Fault{{}}}); err == nil {
		t.Error("an empty fault passes")
	}
}

// A throttled account still answers everything, through the SDK's own retries.
func TestThrottlingMeetsTheRetryer(t *testing.T) {
	o := faults(t, "throttle=0.3")
	o.Seed = 1
	c := open(t, "office-terminates", o)
	retried := 0
	for action, call := range every(c) {
		out, err := call(t.Context())
		if err != nil {
			if code := codeOf(err); slices.Contains([]string{"Throttling", "ThrottlingException", "RequestLimitExceeded"}, code) {
				t.Errorf("%s: %v", action, err)
			}
			continue
		}
		md := reflect.ValueOf(out).Elem().FieldByName("ResultMetadata").Interface().(middleware.Metadata)
		results, ok := retry.GetAttemptResults(md)
		if !ok {
			t.Fatalf("%s: no retryer ran", action)
		}
		retried += len(results.Results) - 1
	}
	if retried < 5 {
		t.Errorf("only %d retries with three of ten attempts throttled", retried)
	}
}

func TestThrottlingAlways(t *testing.T) {
	c := open(t, "healthy", faults(t, "throttle=1"))
	_, err := c.ec2.DescribeRegions(t.Context(), &ec2.DescribeRegionsInput{})
	var last *retry.MaxAttemptsError
	if codeOf(err) != "RequestLimitExceeded" || !errors.As(err, &last) || last.Attempt != maxAttempts {
		t.Errorf("got %v", err)
	}
}

func TestChanceIsEven(t *testing.T) {
	l := &Lab{}
	const n = 20000
	low := 0
	for i := range n {
		c := l.chance("ec2:DescribeVpcs{}", i)
		if c < 0 || c >= 1 {
			t.Fatal(c)
		}
		if c < 0.3 {
			low++
		}
	}
	if share := float64(low) / n; share < 0.28 || share > 0.32 {
		t.Errorf("%.3f of the attempts are below 0.3", share)
	}
}

// Each service refuses in its own words, wrapped as the SDK wraps them.
func TestDeny(t *testing.T) {
	c := open(t, "healthy", faults(t, "deny=*"))
	for action, call := range every(c) {
		_, err := call(t.Context())
		want, _ := codesOf(action)
		var response *awshttp.ResponseError
		if codeOf(err) != want || !errors.As(err, &response) || len(response.ServiceRequestID()) != 36 {
			t.Errorf("%s: want %s, got %v", action, want, err)
		}
		if err != nil && !strings.Contains(err.Error(), action) {
			t.Errorf("%s is not named in: %v", action, err)
		}
	}
}

func TestScenarioDenies(t *testing.T) {
	c := open(t, "office-dead-long-ago", Options{})
	calls := every(c)
	if _, err := calls["license-manager-user-subscriptions:ListInstances"](t.Context()); codeOf(err) != "AccessDeniedException" {
		t.Errorf("ListInstances: %v", err)
	}
	if _, err := calls["ds:DescribeDirectories"](t.Context()); err != nil {
		t.Errorf("DescribeDirectories: %v", err)
	}
}

// Empty answers are the SDK's own outputs with nothing in them, whatever they are.
func TestEmpty(t *testing.T) {
	c := open(t, "office-terminates", faults(t, "empty=*"))
	for action, call := range every(c) {
		out, err := call(t.Context())
		if err != nil {
			t.Errorf("%s: %v", action, err)
			continue
		}
		if v := reflect.ValueOf(clean(out)).Elem(); !v.IsZero() {
			t.Errorf("%s: not empty: %+v", action, out)
		}
	}
}

func TestTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open(t, "healthy", faults(t, "timeout=sts:*"))
		start := time.Now()
		_, err := c.sts.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
		var timeout net.Error
		if !errors.As(err, &timeout) || !timeout.Timeout() {
			t.Errorf("no timeout: %v", err)
		}
		if took := time.Since(start); took < maxAttempts*hang || took > maxAttempts*hang+time.Second {
			t.Errorf("%d attempts took %v", maxAttempts, took)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		start = time.Now()
		if _, err = c.sts.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("under a deadline: %v", err)
		}
		if took := time.Since(start); took != 100*time.Millisecond {
			t.Errorf("a deadline of 100ms took %v", took)
		}
	})
}

func TestLatency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open(t, "healthy", Options{Latency: 50 * time.Millisecond})
		start := time.Now()
		if _, err := c.sts.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{}); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took != 50*time.Millisecond {
			t.Errorf("took %v", took)
		}
	})
}

func TestOtherRegionsAreEmpty(t *testing.T) {
	l, err := Open("healthy", Options{})
	if err != nil {
		t.Fatal(err)
	}
	cfg := l.Config()
	cfg.Region = "us-east-1"
	out, err := ec2.NewFromConfig(cfg).DescribeInstances(t.Context(), &ec2.DescribeInstancesInput{})
	if err != nil || len(out.Reservations) != 0 {
		t.Errorf("%v, %v", out, err)
	}
	regions, err := ec2.NewFromConfig(cfg).DescribeRegions(t.Context(), &ec2.DescribeRegionsInput{})
	if err != nil || len(regions.Regions) < 5 {
		t.Errorf("%v, %v", regions, err)
	}
	if id, err := sts.NewFromConfig(cfg).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{}); err != nil || *id.Account != account {
		t.Error(id, err)
	}
}
