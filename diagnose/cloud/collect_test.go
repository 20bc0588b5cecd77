package cloud

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/walk"
)

func TestRetriesAreCounted(t *testing.T) {
	a := newAccount(t)
	var n atomic.Int32
	a.answers["ec2:DescribeSubnets"] = func(_ context.Context, in any) (any, error) {
		switch n.Add(1) {
		case 1:
			return nil, &smithy.GenericAPIError{Code: "Throttling"}
		case 2:
			return &ec2.DescribeSubnetsOutput{NextToken: aws.String("2"), Subnets: []types.Subnet{{SubnetId: aws.String("subnet-1")}}}, nil
		}
		if aws.ToString(in.(*ec2.DescribeSubnetsInput).NextToken) != "2" {
			t.Error("the second page was not asked for")
		}
		return &ec2.DescribeSubnetsOutput{Subnets: []types.Subnet{{SubnetId: aws.String("subnet-2")}}}, nil
	}
	f, got := readOne(t, a.source(), estate.SubnetsPart, "vpc-1")
	if len(f.Value()) != 2 {
		t.Errorf("%+v", f.Value())
	}
	var again []string
	for _, c := range got.Calls {
		if !c.Time.Equal(asOf) || c.Operation != "ec2:DescribeSubnets" {
			t.Errorf("%+v", c)
		}
		again = append(again, c.Again+c.Error)
	}
	if diff := cmp.Diff([]string{"Throttling", "retry", "page"}, again); diff != "" {
		t.Error(diff)
	}
	if got.Depth != 1 || f.Origin().RequestID != "DescribeSubnets-3" {
		t.Errorf("depth %d, origin %+v", got.Depth, f.Origin())
	}
}

func TestTheSamePageTwice(t *testing.T) {
	a := newAccount(t)
	a.answer("ec2:DescribeSubnets", &ec2.DescribeSubnetsOutput{NextToken: aws.String("1")})
	f, got := readOne(t, a.source(), estate.SubnetsPart, "vpc-1")
	if f.Why().Reason != fact.NotSupported || len(got.Calls) != 2 {
		t.Errorf("%+v after %d calls", f.Why(), len(got.Calls))
	}
}

func TestGroupsAreReadTogether(t *testing.T) {
	a := newAccount(t)
	a.answers["ec2:DescribeSecurityGroups"] = func(_ context.Context, in any) (any, error) {
		out := &ec2.DescribeSecurityGroupsOutput{}
		for _, id := range in.(*ec2.DescribeSecurityGroupsInput).Filters[0].Values {
			if id != "sg-gone" {
				out.SecurityGroups = append(out.SecurityGroups, types.SecurityGroup{GroupId: aws.String(id), GroupName: aws.String("n")})
			}
		}
		return out, nil
	}
	a.answers["ec2:DescribeSecurityGroupRules"] = func(_ context.Context, in any) (any, error) {
		out := &ec2.DescribeSecurityGroupRulesOutput{}
		for _, id := range in.(*ec2.DescribeSecurityGroupRulesInput).Filters[0].Values {
			out.SecurityGroupRules = append(out.SecurityGroupRules, types.SecurityGroupRule{
				GroupId: aws.String(id), SecurityGroupRuleId: aws.String("sgr-" + id), IpProtocol: aws.String("-1"), IsEgress: aws.Bool(true),
				ReferencedGroupInfo: &types.ReferencedSecurityGroup{GroupId: aws.String("sg-x"), UserId: aws.String("444455556666"), VpcPeeringConnectionId: aws.String("pcx-1"), PeeringStatus: aws.String("active")},
			})
		}
		return out, nil
	}
	keys := []estate.Key{estate.SecurityGroupPart.Key("sg-gone")}
	for i := range 250 {
		keys = append(keys, estate.SecurityGroupPart.Key(fmt.Sprintf("sg-%d", i)))
	}
	keys = append(keys, keys[3])
	s := a.source()
	got := collect(t, t.Context(), s, keys...)
	if len(got) != 251 || a.count("ec2:DescribeSecurityGroups") != 2 || a.count("ec2:DescribeSecurityGroupRules") != 2 {
		t.Errorf("%d parts by %d and %d calls", len(got), a.count("ec2:DescribeSecurityGroups"), a.count("ec2:DescribeSecurityGroupRules"))
	}
	calls := 0
	for _, g := range got {
		calls += len(g.Calls)
		if g.Depth != 1 {
			t.Errorf("%s: depth %d", g.Part.Key, g.Depth)
		}
	}
	if calls != 4 {
		t.Errorf("%d calls are listed", calls)
	}
	if f := got[keys[0]].Part.Fact; f.State() != fact.StateAbsent {
		t.Errorf("a group that is not there is %s", f.State())
	}
	want := estate.SecurityGroup{ID: "sg-2", Name: "n", Rules: []estate.SecurityGroupRule{{
		ID: "sgr-sg-2", Egress: true, Protocol: "-1", FromPort: -1, ToPort: -1, Group: "sg-x", GroupOwner: "444455556666", PeeringID: "pcx-1", PeeringStatus: "active",
	}}}
	if diff := cmp.Diff(want, got[keys[3]].Part.Fact.(fact.Of[estate.SecurityGroup]).Value()); diff != "" {
		t.Error(diff)
	}
}

// Rules that may not be read leave a group unknown, never without rules.
func TestGroupsWhoseRulesAreRefused(t *testing.T) {
	a := newAccount(t)
	a.answer("ec2:DescribeSecurityGroups", &ec2.DescribeSecurityGroupsOutput{SecurityGroups: []types.SecurityGroup{{GroupId: aws.String("sg-1")}}})
	a.fail("ec2:DescribeSecurityGroupRules", "UnauthorizedOperation")
	got := collect(t, t.Context(), a.source(), estate.SecurityGroupPart.Key("sg-1"), estate.SecurityGroupPart.Key("sg-2"))
	if why := got[estate.SecurityGroupPart.Key("sg-1")].Part.Fact.Why(); why.Reason != fact.Denied || why.Action != "ec2:DescribeSecurityGroupRules" {
		t.Errorf("%+v", why)
	}
	if f := got[estate.SecurityGroupPart.Key("sg-2")].Part.Fact; f.State() != fact.StateAbsent {
		t.Errorf("a group that is not there is %s", f.State())
	}
}

func TestOneOfManyVPCsIsGone(t *testing.T) {
	a := newAccount(t)
	a.answers["ec2:DescribeVpcs"] = func(_ context.Context, in any) (any, error) {
		out := &ec2.DescribeVpcsOutput{}
		for _, id := range in.(*ec2.DescribeVpcsInput).VpcIds {
			if id == "vpc-gone" {
				return nil, &smithy.GenericAPIError{Code: "InvalidVpcID.NotFound"}
			}
			out.Vpcs = append(out.Vpcs, types.Vpc{VpcId: aws.String(id), CidrBlock: aws.String("10.0.0.0/16")})
		}
		return out, nil
	}
	got := collect(t, t.Context(), a.source(), estate.VPCPart.Key("vpc-1"), estate.VPCPart.Key("vpc-gone"), estate.VPCPart.Key("vpc-2"))
	for id, want := range map[string]fact.State{"vpc-1": fact.StateKnown, "vpc-2": fact.StateKnown, "vpc-gone": fact.StateAbsent} {
		if f := got[estate.VPCPart.Key(id)].Part.Fact; f.State() != want {
			t.Errorf("%s is %s (%v)", id, f.State(), f.Why())
		}
	}
	if n := a.count("ec2:DescribeVpcs"); n != 4 {
		t.Errorf("%d calls", n)
	}
}

func TestAtTheSameTimeOnce(t *testing.T) {
	a := newAccount(t)
	open := make(chan struct{})
	a.answers["ec2:DescribeSubnets"] = func(context.Context, any) (any, error) {
		<-open
		return &ec2.DescribeSubnetsOutput{}, nil
	}
	s := a.source()
	key := estate.SubnetsPart.Key("vpc-1")
	var wg sync.WaitGroup
	var calls, delivered, depth atomic.Int32
	for range 8 {
		wg.Go(func() {
			s.Collect(t.Context(), []estate.Key{key, key}, func(g walk.Got) {
				delivered.Add(1)
				calls.Add(int32(len(g.Calls)))
				depth.Add(int32(g.Depth))
			})
		})
	}
	for a.count("ec2:DescribeSubnets") == 0 {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(20 * time.Millisecond) // lets the others come to wait
	close(open)
	wg.Wait()
	if a.count("ec2:DescribeSubnets") != 1 || delivered.Load() != 8 || calls.Load() != 1 || depth.Load() != 8 {
		t.Errorf("%d calls, %d delivered, %d listed, depths %d", a.count("ec2:DescribeSubnets"), delivered.Load(), calls.Load(), depth.Load())
	}
	// Asked again after it was delivered, it is read again.
	collect(t, t.Context(), s, key)
	if a.count("ec2:DescribeSubnets") != 2 {
		t.Errorf("%d calls", a.count("ec2:DescribeSubnets"))
	}
}

func TestCancelled(t *testing.T) {
	a := newAccount(t)
	a.answers["ec2:DescribeSubnets"] = func(ctx context.Context, _ any) (any, error) {
		if a.count("ec2:DescribeSubnets") > 1 {
			return &ec2.DescribeSubnetsOutput{}, nil
		}
		<-ctx.Done()
		return nil, ctx.Err()
	}
	s := a.source()
	key := estate.SubnetsPart.Key("vpc-1")
	first, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		s.Collect(first, []estate.Key{key}, func(g walk.Got) { t.Errorf("delivered %+v", g) })
	})
	for a.count("ec2:DescribeSubnets") == 0 {
		time.Sleep(time.Millisecond)
	}
	var second map[estate.Key]walk.Got
	wg.Go(func() { second = collect(t, t.Context(), s, key) }) // waits for the first
	time.Sleep(20 * time.Millisecond)
	cancel()
	wg.Wait()
	if f := second[key].Part.Fact; f == nil || f.State() != fact.StateKnown {
		t.Errorf("who waited got %v", f)
	}
}

func TestConcurrency(t *testing.T) {
	a := newAccount(t)
	slow := func(out any) func(context.Context, any) (any, error) {
		return func(context.Context, any) (any, error) {
			time.Sleep(2 * time.Millisecond)
			return out, nil
		}
	}
	a.answers["ec2:DescribeSubnets"] = slow(&ec2.DescribeSubnetsOutput{})
	a.answers["iam:GetRole"] = slow(&iam.GetRoleOutput{})
	var keys []estate.Key
	for i := range 40 {
		keys = append(keys, estate.SubnetsPart.Key(fmt.Sprint("vpc-", i)), estate.RolePart.Key(fmt.Sprint("r", i)))
	}
	s := a.source(func(o *Options) { o.Concurrency = 4 })
	collect(t, t.Context(), s, keys...)
	if got := a.most["EC2/ap-northeast-1"]; got != 4 {
		t.Errorf("%d requests to EC2 were under way at once", got)
	}
	if got := a.most["IAM/ap-northeast-1"]; got != 4 {
		t.Errorf("%d requests to IAM were under way at once", got)
	}
}

// Pieces of several parts are read once, and again where one of the parts is.
func TestSharedPieces(t *testing.T) {
	a := newAccount(t)
	a.answer("iam:ListAttachedRolePolicies", &iam.ListAttachedRolePoliciesOutput{AttachedPolicies: []iamtypes.AttachedPolicy{{PolicyArn: aws.String("arn:p"), PolicyName: aws.String("p")}}})
	a.answers["iam:GetPolicy"] = func(context.Context, any) (any, error) {
		time.Sleep(5 * time.Millisecond) // so that the others come while it is under way
		return &iam.GetPolicyOutput{Policy: &iamtypes.Policy{DefaultVersionId: aws.String("v2"), PolicyName: aws.String("p")}}, nil
	}
	a.answer("iam:GetPolicyVersion", &iam.GetPolicyVersionOutput{PolicyVersion: &iamtypes.PolicyVersion{Document: aws.String("%7B%22a%22%3A%20%22%2B%22%7D")}})
	s := a.source()
	got := collect(t, t.Context(), s, estate.RolePoliciesPart.Key("a"), estate.RolePoliciesPart.Key("b"), estate.RolePoliciesPart.Key("c"))
	total := 0
	for _, g := range got {
		total += len(g.Calls)
		if g.Depth != 3 {
			t.Errorf("%s: depth %d", g.Part.Key, g.Depth)
		}
		want := estate.RolePolicies{Attached: []estate.PolicyText{{Name: "p", ARN: "arn:p", Version: "v2", JSON: `{"a": "+"}`}}}
		if diff := cmp.Diff(want, g.Part.Fact.(fact.Of[estate.RolePolicies]).Value()); diff != "" {
			t.Error(diff)
		}
	}
	if a.count("iam:GetPolicy") != 1 || a.count("iam:GetPolicyVersion") != 1 || total != 3*2+2 {
		t.Errorf("GetPolicy %d, GetPolicyVersion %d, %d calls listed", a.count("iam:GetPolicy"), a.count("iam:GetPolicyVersion"), total)
	}
	// The boundary is the same policy: at hand.
	if _, g := readOne(t, s, estate.BoundaryPart, "arn:p"); g.Depth != 0 || len(g.Calls) != 0 {
		t.Errorf("depth %d, calls %v", g.Depth, g.Calls)
	}
	// A part that is read again reads its pieces again.
	readOne(t, s, estate.RolePoliciesPart, "a")
	if a.count("iam:GetPolicy") != 2 {
		t.Errorf("GetPolicy %d", a.count("iam:GetPolicy"))
	}
}

func TestTheCallerIsAtHand(t *testing.T) {
	a := newAccount(t)
	a.answer("sts:GetCallerIdentity", &sts.GetCallerIdentityOutput{Account: aws.String("111122223333"), Arn: aws.String("arn:aws:iam::111122223333:user/x")})
	a.fail("iam:ListAccountAliases", "AccessDenied")
	a.answer("ec2:DescribeImages", &ec2.DescribeImagesOutput{Images: []types.Image{
		{ImageId: aws.String("ami-1"), OwnerId: aws.String("111122223333"), CreationDate: aws.String("2026-01-02T03:04:05.000Z")},
	}})
	s := a.source()
	me := mustRead(t, s, estate.CallerPart, "")
	if me.Account != "111122223333" || me.Alias != "" {
		t.Errorf("%+v", me)
	}
	if image := mustRead(t, s, estate.ImagePart, "ami-1"); image.OwnerAlias != "self" || image.Created.IsZero() {
		t.Errorf("%+v", image)
	}
	if a.count("sts:GetCallerIdentity") != 1 {
		t.Errorf("%d calls to STS", a.count("sts:GetCallerIdentity"))
	}
}

func TestUnreadPolicies(t *testing.T) {
	a := newAccount(t)
	a.answer("iam:ListAttachedRolePolicies", &iam.ListAttachedRolePoliciesOutput{AttachedPolicies: []iamtypes.AttachedPolicy{{PolicyArn: aws.String("arn:p"), PolicyName: aws.String("p")}}})
	a.answer("iam:ListRolePolicies", &iam.ListRolePoliciesOutput{PolicyNames: []string{"inline"}})
	a.fail("iam:GetPolicy", "AccessDenied")
	a.answer("iam:GetRolePolicy", &iam.GetRolePolicyOutput{PolicyDocument: aws.String("%7B%7D")})
	got := mustRead(t, a.source(), estate.RolePoliciesPart, "r")
	if len(got.Unread) != 1 || got.Unread[0].Name != "p" || got.Unread[0].Action != "iam:GetPolicy" || got.Unread[0].Reason != string(fact.Denied) {
		t.Errorf("%+v", got.Unread)
	}
	if diff := cmp.Diff([]estate.PolicyText{{Name: "inline", JSON: "{}"}}, got.Inline); diff != "" {
		t.Error(diff)
	}
	a.fail("iam:ListRolePolicies", "AccessDenied")
	if f, _ := readOne(t, a.source(), estate.RolePoliciesPart, "r"); f.Why().Reason != fact.Denied || f.Why().Action != "iam:ListRolePolicies" {
		t.Errorf("%+v", f.Why())
	}
}

func TestARegionThatCannotBeRead(t *testing.T) {
	a := newAccount(t)
	a.answer("ec2:DescribeRegions", &ec2.DescribeRegionsOutput{Regions: []types.Region{
		{RegionName: aws.String("us-east-1")}, {RegionName: aws.String("ap-northeast-1")}, {RegionName: aws.String("eu-west-1")}, {RegionName: aws.String("evil.example")},
	}})
	var n atomic.Int32
	a.answers["ec2:DescribeInstances"] = func(context.Context, any) (any, error) {
		if n.Add(1) == 1 {
			return nil, &smithy.GenericAPIError{Code: "UnauthorizedOperation"}
		}
		return &ec2.DescribeInstancesOutput{Reservations: []types.Reservation{{Instances: []types.Instance{{InstanceId: aws.String("i-1")}}}}}, nil
	}
	got := mustRead(t, a.source(), estate.ElsewherePart, "i-1")
	if len(got.Found) != 1 || len(got.Failed) != 1 || len(got.Searched) != 1 || got.Found[0] == got.Failed[0] {
		t.Errorf("%+v", got)
	}
	if a.most["EC2/evil.example"] != 0 {
		t.Error("a request went to a region that is none")
	}
}

func TestAnUnknownKind(t *testing.T) {
	key := estate.Key{Kind: "no-such-kind", ID: "x"}
	got := collect(t, t.Context(), newAccount(t).source(), key)
	if f := got[key].Part.Fact; f == nil || f.Why().Reason != fact.NotSupported {
		t.Errorf("%v", f)
	}
}

func TestAnonymousCredentialsStay(t *testing.T) {
	for _, p := range []aws.CredentialsProvider{nil, aws.AnonymousCredentials{}} {
		if got := marked(p); got != p {
			t.Errorf("%T became %T", p, got)
		}
	}
	if _, ok := marked(credentials.NewStaticCredentialsProvider("a", "b", "")).(credentialsOf); !ok {
		t.Error("credentials are not marked")
	}
}
