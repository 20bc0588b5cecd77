package cloud

import (
	"context"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/google/go-cmp/cmp"

	lm "github.com/monshin/monshin/diagnose/cloud/usersubscriptions/types"
	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/walk"
)

// ids are a part's id for each kind.
var ids = map[string]string{
	"caller": "", "instance": "i-0123456789abcdef0", "instance-status": "i-0123456789abcdef0", "elsewhere": "i-0123456789abcdef0",
	"profile-association": "i-0123456789abcdef0", "password": "i-0123456789abcdef0", "instance-type": "m6i.large",
	"image": "ami-1", "siblings": "ami-1", "neighbours": "vpc-1", "trail": "ResourceName=i-0123456789abcdef0",
	"commands": "i-0123456789abcdef0", "managed-node": "i-0123456789abcdef0", "connection": "i-0123456789abcdef0",
	"host-management": "", "instance-profile": "web", "role": "web", "role-policies": "web", "role-profiles": "web", "policy": "arn:aws:iam::aws:policy/x",
	"simulation": "arn:aws:iam::111122223333:role/web", "vpc": "vpc-1", "vpc-dns": "vpc-1", "subnets": "vpc-1", "network-acls": "vpc-1",
	"route-tables": "vpc-1", "internet-gateways": "vpc-1", "nat-gateways": "vpc-1", "endpoints": "vpc-1", "endpoint-interfaces": "vpc-1",
	"peerings": "vpc-1", "security-group": "sg-1", "prefix-list": "pl-1", "license-interfaces": "",
	"dhcp-options": "dopt-1", "resolver-associations": "vpc-1", "resolver-rules": "", "resolver-endpoints": "", "directories": "",
	"domain-controllers": "d-9067f3da7a", "identity-providers": "", "licensed-instances": "", "user-subscriptions": "d-9067f3da7a",
	"user-associations": "i-0123456789abcdef0/d-9067f3da7a", "license-servers": "",
	"inventory": "i-0123456789abcdef0", "patches": "i-0123456789abcdef0", "console": "i-0123456789abcdef0", "screenshot": "i-0123456789abcdef0",
	"guest-identity": "i-0123456789abcdef0", "guest-activation": "i-0123456789abcdef0", "guest-launch": "i-0123456789abcdef0",
	"guest-sign-in": "i-0123456789abcdef0", "guest-diagnostics": "i-0123456789abcdef0",
	"guest-dns": "i-0123456789abcdef0;domain=corp.example.local;names=ssm.ap-northeast-1.amazonaws.com",
}

func allKeys(t *testing.T) []estate.Key {
	t.Helper()
	var keys []estate.Key
	for _, k := range estate.Kinds() {
		id, ok := ids[k.Name()]
		if !ok {
			t.Fatalf("the test has no id for the kind %s", k.Name())
		}
		keys = append(keys, k.Key(id))
	}
	return keys
}

// The table of what each kind needs is what is really called, no more and no less.
func TestActionsOfKinds(t *testing.T) {
	a := newAccount(t)
	a.answer("ec2:DescribeRegions", &ec2.DescribeRegionsOutput{Regions: []types.Region{{RegionName: aws.String("us-east-1")}, {RegionName: aws.String("ap-northeast-1")}}})
	a.answer("ec2:DescribeInstances", &ec2.DescribeInstancesOutput{Reservations: []types.Reservation{{Instances: []types.Instance{{InstanceId: aws.String("i-0123456789abcdef0")}}}}})
	a.answer("ssm:ListCommandInvocations", &ssm.ListCommandInvocationsOutput{CommandInvocations: []ssmtypes.CommandInvocation{{CommandId: aws.String("c"), Status: "Failed"}}})
	a.answer("iam:ListAttachedRolePolicies", &iam.ListAttachedRolePoliciesOutput{AttachedPolicies: []iamtypes.AttachedPolicy{{PolicyArn: aws.String("arn:aws:iam::aws:policy/y")}}})
	a.answer("iam:ListRolePolicies", &iam.ListRolePoliciesOutput{PolicyNames: []string{"inline"}})
	a.answer("iam:GetPolicy", &iam.GetPolicyOutput{Policy: &iamtypes.Policy{DefaultVersionId: aws.String("v1")}})
	a.windows(windows{})
	sources := map[string]fact.Source{"trail": fact.Trail, "inventory": fact.Inventory, "console": fact.Console, "screenshot": fact.Console}
	for _, k := range estate.Kinds() {
		t.Run(k.Name(), func(t *testing.T) {
			s := a.source()
			// Who calls is at hand in every walk, and costs an image nothing.
			collect(t, t.Context(), s, estate.CallerPart.Key(""))
			if k.Name() == "caller" {
				s = a.source()
			}
			key := k.Key(ids[k.Name()])
			got := collect(t, t.Context(), s, key)[key]
			var called []string
			for _, c := range got.Calls {
				called = append(called, c.Operation)
			}
			slices.Sort(called)
			want := k.Actions()
			slices.Sort(want)
			if diff := cmp.Diff(want, slices.Compact(called)); diff != "" {
				t.Errorf("actions (-declared +called):\n%s", diff)
			}
			o := got.Part.Fact.Origin()
			if !slices.Contains(want, o.Call) {
				t.Errorf("the origin's call is %q, which is none of %v", o.Call, want)
			}
			if !strings.HasPrefix(o.CLI, "aws ") || !strings.Contains(o.CLI, "--region ap-northeast-1") {
				t.Errorf("the command line is %q", o.CLI)
			}
			if !o.Time.Equal(asOf) || o.RequestID == "" {
				t.Errorf("origin %+v", o)
			}
			from := fact.API
			switch {
			case k.Touches():
				from = fact.Guest
			case sources[k.Name()] != "":
				from = sources[k.Name()]
			}
			if o.Source != from {
				t.Errorf("source %q, want %q", o.Source, from)
			}
		})
	}
}

// The longest chains of dependent operations (calls that the others of a kind make
// in parallel do not count).
func TestDepths(t *testing.T) {
	a := newAccount(t)
	a.answer("ec2:DescribeRegions", &ec2.DescribeRegionsOutput{Regions: []types.Region{{RegionName: aws.String("us-east-1")}, {RegionName: aws.String("us-west-2")}}})
	a.answer("ec2:DescribeInstances", &ec2.DescribeInstancesOutput{Reservations: []types.Reservation{{Instances: []types.Instance{{InstanceId: aws.String("i-1")}}}}})
	a.answer("ssm:ListCommandInvocations", &ssm.ListCommandInvocationsOutput{CommandInvocations: []ssmtypes.CommandInvocation{{CommandId: aws.String("c"), Status: "Failed"}}})
	a.answer("iam:ListAttachedRolePolicies", &iam.ListAttachedRolePoliciesOutput{AttachedPolicies: []iamtypes.AttachedPolicy{{PolicyArn: aws.String("arn:aws:iam::aws:policy/y")}}})
	a.answer("iam:GetPolicy", &iam.GetPolicyOutput{Policy: &iamtypes.Policy{DefaultVersionId: aws.String("v1")}})
	a.windows(windows{})
	deep := map[string]int{"elsewhere": 2, "siblings": 2, "neighbours": 2, "commands": 2, "role-policies": 3, "policy": 2}
	for _, k := range estate.Kinds() {
		key := k.Key(ids[k.Name()])
		want := max(deep[k.Name()], 1)
		if k.Touches() {
			want = 2
		}
		if got := collect(t, t.Context(), a.source(), key)[key].Depth; got != want {
			t.Errorf("%s: depth %d, want %d", k.Name(), got, want)
		}
	}
}

// Whatever an endpoint answers with, a part comes out of it that can be kept and
// read back.
func TestOddAnswers(t *testing.T) {
	for seed := range uint64(60) {
		rng := rand.New(rand.NewPCG(seed, 1))
		a := newAccount(t)
		for action, kind := range outputs {
			a.answers[action] = func(context.Context, any) (any, error) {
				a.mu.Lock() // which also guards rng
				defer a.mu.Unlock()
				out := reflect.New(kind)
				odd(rng, out.Elem(), 0)
				return out.Interface(), nil
			}
		}
		keys := allKeys(t)
		got := collect(t, t.Context(), a.source(hasty), keys...)
		for _, k := range keys {
			g, ok := got[k]
			if !ok {
				t.Fatalf("seed %d: %s was not delivered", seed, k)
			}
			text, err := estate.Encode(g.Part)
			if err != nil {
				t.Fatalf("seed %d: %s: %v", seed, k, err)
			}
			if _, err := estate.Decode(k, text); err != nil {
				t.Errorf("seed %d: %s: %v", seed, k, err)
			}
		}
	}
}

// hasty waits for no command whose end nobody tells.
func hasty(o *Options) { o.CommandDeadline = 20 * time.Millisecond }

// odd fills an output at random: pointers that may be nil, lists that may be empty,
// strings that may be anything.
func odd(rng *rand.Rand, v reflect.Value, depth int) {
	strange := []string{"", "local", "i-0123456789abcdef0", "vpc-1", "sg-1", "default", "\x1b]0;x\x07", "\xff\xfe", "\u202e", "{", `{"responseElements":{"instancesSet":{"items":[{"instanceId":"i-0123456789abcdef0","networkInterfaceSet":{"items":[{}]}}]}}}`, "%zz", "RunInstances"}
	switch v.Kind() {
	case reflect.Pointer:
		if depth < 8 && rng.IntN(3) > 0 {
			v.Set(reflect.New(v.Type().Elem()))
			odd(rng, v.Elem(), depth+1)
		}
	case reflect.Slice:
		if depth < 8 {
			v.Set(reflect.MakeSlice(v.Type(), rng.IntN(3), 3))
			for i := range v.Len() {
				odd(rng, v.Index(i), depth+1)
			}
		}
	case reflect.Struct:
		if v.Type().Name() == "Metadata" {
			return
		}
		for i := range v.NumField() {
			f := v.Type().Field(i)
			// A further page comes by chance, and then ends.
			if f.IsExported() && !(f.Name == "NextToken" || f.Name == "Marker") {
				odd(rng, v.Field(i), depth+1)
			}
		}
	case reflect.String:
		v.SetString(strange[rng.IntN(len(strange))])
	case reflect.Bool:
		v.SetBool(rng.IntN(2) == 0)
	case reflect.Int32, reflect.Int64, reflect.Int:
		v.SetInt(int64(rng.IntN(70000) - 2))
	case reflect.Interface:
		if v.Type() == reflect.TypeFor[lm.IdentityProvider]() {
			v.Set(reflect.ValueOf([]lm.IdentityProvider{
				&lm.UnknownUnionMember{}, &lm.IdentityProviderMemberActiveDirectoryIdentityProvider{}, (*lm.IdentityProviderMemberActiveDirectoryIdentityProvider)(nil),
			}[rng.IntN(3)]))
		}
	}
}

func TestPagesOfEveryList(t *testing.T) {
	// Two pages for every operation whose input has a token: each kind reads both.
	a := newAccount(t)
	for action, kind := range outputs {
		a.answers[action] = func(_ context.Context, in any) (any, error) {
			out := reflect.New(kind)
			given := reflect.ValueOf(in).Elem()
			for _, name := range []string{"NextToken", "Marker"} {
				from, to := given.FieldByName(name), out.Elem().FieldByName(name)
				if from.IsValid() && to.IsValid() && from.IsNil() {
					to.Set(reflect.ValueOf(aws.String("2")))
					if truncated := out.Elem().FieldByName("IsTruncated"); truncated.IsValid() {
						truncated.SetBool(true)
					}
				}
			}
			return out.Interface(), nil
		}
	}
	a.windows(windows{})
	// One row each: asked for by id, of one row by nature, or cut on purpose.
	single := []string{
		"sts:GetCallerIdentity", "iam:ListAccountAliases", "ec2:DescribeInstanceTypes", "ec2:DescribeImages", "ec2:DescribeVpcs",
		"ec2:DescribeDhcpOptions", "ec2:DescribeInstanceStatus",
	}
	for _, k := range estate.Kinds() {
		key := k.Key(ids[k.Name()])
		got := collect(t, t.Context(), a.source(hasty), key)[key]
		seen := map[string]int{}
		for _, c := range got.Calls {
			if c.Again == "page" {
				seen[c.Operation]++
			}
		}
		for _, action := range k.Actions() {
			sent := slices.ContainsFunc(got.Calls, func(c walk.Call) bool { return c.Operation == action })
			if !sent || slices.Contains(single, action) || !hasToken(outputs[action]) {
				continue
			}
			if k.Name() == "instance" || k.Name() == "neighbours" && action == "ec2:DescribeInstances" {
				continue
			}
			if seen[action] == 0 {
				t.Errorf("%s reads one page of %s only", k.Name(), action)
			}
		}
		if got.Part.Fact.State() == fact.StateUnknown && k.Name() != "vpc-dns" { // which these answers lack
			t.Errorf("%s: %v", k.Name(), got.Part.Fact.Why())
		}
	}
}

func hasToken(output reflect.Type) bool {
	_, next := output.FieldByName("NextToken")
	_, marker := output.FieldByName("Marker")
	return next || marker
}
