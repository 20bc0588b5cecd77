package probe

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
)

const (
	iamInstance = "i-0123456789abcdef0"
	iamAccount  = "111122223333"
	iamProfile  = "AppProfile"
	iamRole     = "AppRole"
	iamRoleARN  = "arn:aws:iam::111122223333:role/" + iamRole
	iamHostRole = "AWSSystemsManagerDefaultEC2InstanceManagementRole"
	iamBoundary = "arn:aws:iam::111122223333:policy/Boundary"

	iamMinimum = `{"Version":"2012-10-17","Statement":{"Sid":"Core","Effect":"Allow","Resource":"*","Action":[
		"ssm:UpdateInstanceInformation","ssmmessages:CreateControlChannel","ssmmessages:OpenControlChannel",
		"ssmmessages:CreateDataChannel","ssmmessages:OpenDataChannel"]}}`
	iamNoSSM     = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}`
	iamDenySSM   = `{"Version":"2012-10-17","Statement":{"Sid":"NoSSM","Effect":"Deny","Action":"ssm:*","Resource":"*"}}`
	iamFromVPC   = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:SourceVpc":"vpc-1"}}}}`
	iamOnlySSM   = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"ssm:*","Resource":"*"}}`
	iamNotAction = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}}`
)

func iamNow() time.Time { return time.Date(2026, 11, 21, 3, 0, 0, 0, time.UTC) }

func iamOrigin(call string) fact.Origin {
	return fact.Origin{Source: fact.API, Call: call, Time: iamNow(), RequestID: "r-" + call}
}

func iamTrust(service string) string {
	return `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"` + service + `"},"Action":"sts:AssumeRole"}}`
}

func iamKnown[T any](e *estate.Estate, k estate.Kind[T], id string, value T) {
	e.Put(k.Part(id, fact.Known(value, iamOrigin(k.Name()))))
}

func iamAbsent[T any](e *estate.Estate, k estate.Kind[T], id string) {
	e.Put(k.Part(id, fact.Absent[T](iamOrigin(k.Name()))))
}

// iamEstate is a running instance with a profile, a role that trusts EC2 and the
// least permissions, Online; Default Host Management is off.
func iamEstate() *estate.Estate {
	e := estate.New(estate.Target{InstanceID: iamInstance, Region: "ap-northeast-1", Account: iamAccount, Partition: "aws"}, iamNow())
	iamKnown(e, estate.InstancePart, iamInstance, iamMachine())
	iamKnown(e, estate.ProfileBindingPart, iamInstance, estate.ProfileBinding{State: "associated", ProfileID: "AIPA1"})
	iamKnown(e, estate.InstanceProfilePart, iamProfile, estate.InstanceProfile{Name: iamProfile, ID: "AIPA1", Role: iamRole, RoleARN: iamRoleARN})
	iamKnown(e, estate.RolePart, iamRole, estate.Role{Name: iamRole, ARN: iamRoleARN, Trust: iamTrust("ec2.amazonaws.com")})
	iamPolicies(e, iamMinimum)
	iamKnown(e, estate.HostMgmtPart, "", estate.HostManagement{})
	iamKnown(e, estate.ManagedNodePart, iamInstance, estate.ManagedNode{ID: iamInstance, PingStatus: "Online", LastPing: iamNow().Add(-time.Minute), AgentVersion: "3.3.987.0"})
	iamKnown(e, estate.ConnectionPart, iamInstance, estate.Connection{Status: "connected"})
	return e
}

func iamMachine() estate.Instance {
	return estate.Instance{
		ID: iamInstance, OwnerID: iamAccount, State: "running", VPC: "vpc-1", PrivateIP: "10.0.1.5", ImageID: "ami-1",
		LaunchTime: iamNow().Add(-48 * time.Hour),
		ProfileARN: "arn:aws:iam::111122223333:instance-profile/" + iamProfile, ProfileID: "AIPA1",
		Metadata: estate.MetadataOptions{Endpoint: "enabled", Tokens: "required", State: "applied"},
	}
}

// iamInstanceIs changes the instance.
func iamInstanceIs(e *estate.Estate, change func(*estate.Instance)) {
	i := iamMachine()
	change(&i)
	iamKnown(e, estate.InstancePart, iamInstance, i)
}

func iamNoProfile(e *estate.Estate) {
	iamInstanceIs(e, func(i *estate.Instance) { i.ProfileARN, i.ProfileID = "", "" })
}

func iamPolicies(e *estate.Estate, texts ...string) {
	var p estate.RolePolicies
	for i, t := range texts {
		p.Attached = append(p.Attached, estate.PolicyText{Name: "p" + string(rune('0'+i)), ARN: "arn:aws:iam::aws:policy/p", Version: "v2", JSON: t})
	}
	iamKnown(e, estate.RolePoliciesPart, iamRole, p)
}

func iamTrusts(e *estate.Estate, trust string) {
	iamKnown(e, estate.RolePart, iamRole, estate.Role{Name: iamRole, ARN: iamRoleARN, Trust: trust})
}

func iamBounded(e *estate.Estate, text string) {
	iamKnown(e, estate.RolePart, iamRole, estate.Role{Name: iamRole, ARN: iamRoleARN, Trust: iamTrust("ec2.amazonaws.com"), BoundaryARN: iamBoundary})
	iamKnown(e, estate.BoundaryPart, iamBoundary, estate.PolicyText{Name: "Boundary", ARN: iamBoundary, Version: "v1", JSON: text})
}

// iamHostOn switches Default Host Management on, with a role that works.
func iamHostOn(e *estate.Estate) {
	iamKnown(e, estate.HostMgmtPart, "", estate.HostManagement{Role: "service-role/" + iamHostRole})
	iamKnown(e, estate.RolePart, iamHostRole, estate.Role{Name: iamHostRole, ARN: "arn:aws:iam::111122223333:role/service-role/" + iamHostRole, Trust: iamTrust("ssm.amazonaws.com")})
	iamKnown(e, estate.RolePoliciesPart, iamHostRole, estate.RolePolicies{Attached: []estate.PolicyText{{Name: "Default", JSON: iamMinimum}}})
}

func iamDeny(e *estate.Estate, k estate.AnyKind, id string) {
	e.Put(k.Unknown(id, fact.Why{Reason: fact.Denied, Action: k.Actions()[0]}))
}

// iamDead ends the instance; License Manager's way, seconds after an hour.
func iamDead(e *estate.Estate) {
	iamInstanceIs(e, func(i *estate.Instance) {
		i.State, i.VPC, i.ProfileARN, i.ProfileID = "terminated", "", "", ""
		i.Transition = "User initiated (2026-11-20 15:21:07 GMT)"
	})
	launch := iamMachine()
	iamKnown(e, estate.TrailPart, instanceQuery(iamInstance).String(), estate.Trail{Complete: true, Events: []estate.TrailEvent{
		{Name: "RunInstances", Time: iamNow().Add(-48 * time.Hour), Launch: &launch},
		{Name: "TerminateInstances", Time: iamNow().Add(-12 * time.Hour)},
	}})
	iamAbsent(e, estate.ManagedNodePart, iamInstance)
}

// iamJudge runs a probe of this file's branches and checks what holds for all of
// them: it reads only what it declares, and finds only what it declares.
func iamJudge(t interface {
	Helper()
	Fatalf(string, ...any)
}, e *estate.Estate, id string) Verdict {
	t.Helper()
	p, found := NewSet(iamProbes(), ssmProbes()).Get(id)
	if !found {
		t.Fatalf("no probe %s", id)
	}
	view := estate.NewView(e)
	out := p.Judge(view)
	var kinds []string
	for _, k := range p.Parts {
		kinds = append(kinds, k.Name())
	}
	for _, k := range view.Touched() {
		if !slices.Contains(kinds, k.Kind) {
			t.Fatalf("%s reads %s, which it does not declare", id, k)
		}
	}
	for _, q := range view.Asked() {
		if !slices.Contains(p.Asks, q) {
			t.Fatalf("%s asks %s, which it does not declare", id, q)
		}
	}
	for _, f := range out.Findings {
		if !slices.Contains(p.Codes, f.Code) {
			t.Fatalf("%s finds %s, which it does not declare", id, f.Code)
		}
		if len(f.Evidence) == 0 || len(f.Scope) == 0 {
			t.Fatalf("%s: %s has no evidence or no scope", id, f.ID())
		}
	}
	switch {
	case !out.Say.Complete():
		t.Fatalf("%s says nothing", id)
	case (out.Outcome == Problem) != (len(out.Findings) > 0):
		t.Fatalf("%s: %s with %d findings", id, out.Outcome, len(out.Findings))
	case out.Outcome == Unknown && len(out.Whys) == 0:
		t.Fatalf("%s is unknown without a reason", id)
	case out.Outcome == OK && len(out.Evidence) == 0:
		t.Fatalf("%s is ok without evidence", id)
	}
	return out
}

func iamIDs(v Verdict) string {
	var out []string
	for _, f := range v.Findings {
		out = append(out, f.ID())
	}
	return strings.Join(out, " ")
}

func iamReasons(v Verdict) string {
	var out []string
	for _, w := range v.Whys {
		out = append(out, string(w.Reason))
	}
	return strings.Join(out, " ")
}

type iamCase struct {
	name    string
	change  func(*estate.Estate)
	outcome Outcome
	found   string // ids
	whys    string // reasons
}

func iamRun(t *testing.T, id string, cases []iamCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			e := iamEstate()
			c.change(e)
			got := iamJudge(t, e, id)
			if got.Outcome != c.outcome || iamIDs(got) != c.found || iamReasons(got) != c.whys {
				t.Errorf("got %s [%s] [%s] %q, want %s [%s] [%s]", got.Outcome, iamIDs(got), iamReasons(got), got.Say.En, c.outcome, c.found, c.whys)
			}
		})
	}
}
