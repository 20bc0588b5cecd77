package cloud

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/google/go-cmp/cmp"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/probe"
	"github.com/monshin/monshin/diagnose/runbook"
	"github.com/monshin/monshin/diagnose/walk"
)

// A reading that began before the question is not given out as its answer.
func TestReadIsFresh(t *testing.T) {
	key := estate.InstanceProfilePart.Key("web")
	a := newAccount(t)
	before, let := make(chan struct{}), make(chan struct{})
	n := 0
	a.answers["iam:GetInstanceProfile"] = func(context.Context, any) (any, error) {
		a.mu.Lock()
		n++
		mine := n
		a.mu.Unlock()
		role := "new"
		if mine == 1 { // it was looked at before the change, and is slow to answer
			role = "old"
			close(before)
			<-let
		}
		return &iam.GetInstanceProfileOutput{InstanceProfile: &iamtypes.InstanceProfile{InstanceProfileName: aws.String("web"), Roles: []iamtypes.Role{{RoleName: &role}}}}, nil
	}
	s := a.source()
	slow := make(chan walk.Got, 1)
	go s.Collect(t.Context(), []estate.Key{key}, func(g walk.Got) { slow <- g })
	<-before
	facts, err := s.Read(t.Context(), []estate.Key{key, key})
	if err != nil || facts[key].(fact.Of[estate.InstanceProfile]).Value().Role != "new" {
		t.Errorf("%+v, %v", facts, err)
	}
	close(let)
	if old := (<-slow).Part.Fact.(fact.Of[estate.InstanceProfile]).Value().Role; old != "old" {
		t.Errorf("the first reader got %q", old)
	}
	again, err := s.Read(t.Context(), []estate.Key{key})
	if err != nil || again[key].(fact.Of[estate.InstanceProfile]).Value().Role != "new" || n != 3 {
		t.Errorf("%+v, %v, %d requests", again, err, n)
	}
}

// What parts share is read again too, and once for all of them.
func TestReadForgetsWhatPartsShare(t *testing.T) {
	a := newAccount(t)
	version := "v1"
	a.answers["iam:ListAttachedRolePolicies"] = func(context.Context, any) (any, error) {
		return &iam.ListAttachedRolePoliciesOutput{AttachedPolicies: []iamtypes.AttachedPolicy{{PolicyArn: aws.String("arn:p"), PolicyName: aws.String("p")}}}, nil
	}
	a.answers["iam:GetPolicy"] = func(context.Context, any) (any, error) {
		return &iam.GetPolicyOutput{Policy: &iamtypes.Policy{PolicyName: aws.String("p"), DefaultVersionId: &version}}, nil
	}
	a.answer("iam:GetPolicyVersion", &iam.GetPolicyVersionOutput{PolicyVersion: &iamtypes.PolicyVersion{Document: aws.String("{}")}})
	s := a.source()
	mustRead(t, s, estate.RolePoliciesPart, "a")
	version = "v2"
	// b was never read, and still must not see the policy as a saw it.
	keys := []estate.Key{estate.RolePoliciesPart.Key("b"), estate.RolePoliciesPart.Key("c")}
	facts, err := s.Read(t.Context(), keys)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range keys {
		if got := facts[k].(fact.Of[estate.RolePolicies]).Value().Attached[0].Version; got != "v2" {
			t.Errorf("%s: %s", k, got)
		}
	}
	if got := a.count("iam:GetPolicy"); got != 2 {
		t.Errorf("%d requests for one policy, before and after", got)
	}
}

// A node that did not answer before a fix is asked again after it.
func TestReadAsksANodeAgain(t *testing.T) {
	a := newAccount(t)
	a.answer("ssm:DescribeInstanceInformation", &ssm.DescribeInstanceInformationOutput{InstanceInformationList: []ssmtypes.InstanceInformation{{
		InstanceId: aws.String(target), PingStatus: ssmtypes.PingStatusConnectionLost,
	}}})
	s := a.source(func(o *Options) { o.CommandDeadline = 50 * time.Millisecond })
	mustRead(t, s, estate.ManagedNodePart, target)
	if f, _ := readOne(t, s, estate.GuestIdentityPart, target); f.Why().Reason != fact.BlockedBy || a.count("ssm:SendCommand") != 0 {
		t.Fatalf("%+v", f.Why())
	}
	if _, err := s.Read(t.Context(), []estate.Key{estate.GuestIdentityPart.Key(target)}); err != nil || a.count("ssm:SendCommand") != 1 {
		t.Errorf("%v: asked %d times", err, a.count("ssm:SendCommand"))
	}
}

func TestReadFails(t *testing.T) {
	a := newAccount(t)
	a.fail("iam:GetRole", "ExpiredToken")
	a.fail("iam:GetInstanceProfile", "AccessDenied")
	s := a.source()
	var p *Problem
	if _, err := s.Read(t.Context(), []estate.Key{estate.RolePart.Key("r")}); !errors.As(err, &p) {
		t.Errorf("%v", err)
	}
	key := estate.InstanceProfilePart.Key("web")
	if facts, err := s.Read(t.Context(), []estate.Key{key}); err != nil || facts[key].Why().Reason != fact.Denied {
		t.Errorf("%v, %v", facts, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Read(ctx, []estate.Key{key}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestRoleProfiles(t *testing.T) {
	page := func(more bool, names ...string) *iam.ListInstanceProfilesForRoleOutput {
		out := &iam.ListInstanceProfilesForRoleOutput{IsTruncated: more}
		for _, n := range names {
			out.InstanceProfiles = append(out.InstanceProfiles, iamtypes.InstanceProfile{InstanceProfileName: aws.String(n)})
		}
		if more {
			out.Marker = aws.String("after " + names[0])
		}
		return out
	}
	a := newAccount(t)
	a.sequence("iam:ListInstanceProfilesForRole", page(true, "web"), page(false, "app"))
	if d := cmp.Diff(estate.RoleProfiles{Names: []string{"app", "web"}, Complete: true}, mustRead(t, a.source(), estate.RoleProfilesPart, "r")); d != "" {
		t.Error(d)
	}
	a = newAccount(t)
	a.sequence("iam:ListInstanceProfilesForRole", page(true, "a"), page(true, "b"), page(true, "c"), page(true, "d"), page(true, "e"), page(true, "f"))
	if got := mustRead(t, a.source(), estate.RoleProfilesPart, "r"); got.Complete || len(got.Names) != maxProfilePages {
		t.Errorf("%+v", got)
	}
	a = newAccount(t)
	a.fail("iam:ListInstanceProfilesForRole", "NoSuchEntity")
	if f, _ := readOne(t, a.source(), estate.RoleProfilesPart, "r"); !f.IsAbsent() {
		t.Errorf("%+v", f)
	}
}

// walk.Refresh leads to requests, also for a part that the Source gave out before.
func TestRefreshReadsAgain(t *testing.T) {
	catalogue, err := finding.Load()
	if err != nil {
		t.Fatal(err)
	}
	probes := probe.All()
	trees, err := runbook.Embedded(runbook.Known{Probes: probes.IDs(), Codes: catalogue.Codes()})
	if err != nil {
		t.Fatal(err)
	}
	tree, ok := trees.Tree("not-in-systems-manager")
	if !ok {
		t.Fatal("no tree")
	}
	a := newAccount(t)
	w, err := walk.New(walk.Options{
		Tree: tree, Probes: probes, Words: catalogue, Source: a.source(), Now: func() time.Time { return asOf },
		Estate: estate.New(estate.Target{InstanceID: target, Region: "ap-northeast-1"}, asOf),
	})
	if err != nil {
		t.Fatal(err)
	}
	w.Run(t.Context(), nil)
	key, action := estate.ManagedNodePart.Key(target), "ssm:DescribeInstanceInformation"
	before, other := a.count(action), a.count("ec2:DescribeInstances")
	w.Run(t.Context(), nil)
	if before == 0 || a.count(action) != before {
		t.Fatalf("%d requests, then %d without a refresh", before, a.count(action))
	}
	w.Refresh(key)
	w.Run(t.Context(), nil)
	if a.count(action) != before+1 || a.count("ec2:DescribeInstances") != other {
		t.Errorf("%d requests after the refresh, not %d; others %d, not %d", a.count(action), before+1, a.count("ec2:DescribeInstances"), other)
	}
}
