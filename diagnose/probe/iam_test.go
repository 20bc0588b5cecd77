package probe

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/finding"
)

func TestProfile(t *testing.T) {
	iamRun(t, "iam.profile", []iamCase{
		{"as it should be", func(*estate.Estate) {}, OK, "", ""},
		{"none", iamNoProfile, Problem, "iam.profile-missing@" + iamInstance, ""},
		{"none, host management", func(e *estate.Estate) { iamNoProfile(e); iamHostOn(e) }, OK, "", ""},
		{"none, host management denied", func(e *estate.Estate) { iamNoProfile(e); iamDeny(e, estate.HostMgmtPart, "") }, Unknown, "", "denied"},
		{"none, host management without its role", func(e *estate.Estate) {
			iamNoProfile(e)
			iamHostOn(e)
			iamAbsent(e, estate.RolePart, iamHostRole)
		}, Problem, "iam.profile-missing@" + iamInstance, ""},
		{"none, host management with a role for EC2", func(e *estate.Estate) {
			iamNoProfile(e)
			iamHostOn(e)
			iamKnown(e, estate.RolePart, iamHostRole, estate.Role{Name: iamHostRole, Trust: iamTrust("ec2.amazonaws.com")})
		}, Problem, "iam.profile-missing@" + iamInstance, ""},
		{"none, host management, old agent", func(e *estate.Estate) {
			iamNoProfile(e)
			iamHostOn(e)
			iamKnown(e, estate.ManagedNodePart, iamInstance, estate.ManagedNode{PingStatus: "ConnectionLost", AgentVersion: "3.1.1.0"})
		}, Problem, "iam.profile-missing@" + iamInstance, ""},
		{"none, host management, agent by a new image", func(e *estate.Estate) {
			iamNoProfile(e)
			iamHostOn(e)
			iamAbsent(e, estate.ManagedNodePart, iamInstance)
			iamKnown(e, estate.ImagePart, "ami-1", estate.Image{ID: "ami-1", Created: iamNow().AddDate(0, -2, 0)})
		}, OK, "", ""},
		{"none, host management, agent by an old image", func(e *estate.Estate) {
			iamNoProfile(e)
			iamHostOn(e)
			iamAbsent(e, estate.ManagedNodePart, iamInstance)
			iamKnown(e, estate.ImagePart, "ami-1", estate.Image{ID: "ami-1", Created: iamNow().AddDate(-6, 0, 0)})
		}, Unknown, "", "needs-guest"},
		{"empty", func(e *estate.Estate) {
			iamKnown(e, estate.InstanceProfilePart, iamProfile, estate.InstanceProfile{Name: iamProfile, ID: "AIPA1"})
		}, Problem, "iam.profile-empty@" + iamProfile, ""},
		{"made again", func(e *estate.Estate) {
			iamKnown(e, estate.InstanceProfilePart, iamProfile, estate.InstanceProfile{Name: iamProfile, ID: "AIPA2", Role: iamRole})
		}, Problem, "iam.profile-stale@" + iamProfile, ""},
		{"made again, host management", func(e *estate.Estate) {
			iamHostOn(e)
			iamKnown(e, estate.InstanceProfilePart, iamProfile, estate.InstanceProfile{Name: iamProfile, ID: "AIPA2", Role: iamRole})
		}, OK, "", ""},
		{"made again and empty", func(e *estate.Estate) {
			iamKnown(e, estate.InstanceProfilePart, iamProfile, estate.InstanceProfile{Name: iamProfile, ID: "AIPA2"})
		}, Problem, "iam.profile-empty@" + iamProfile + " iam.profile-stale@" + iamProfile, ""},
		{"deleted", func(e *estate.Estate) { iamAbsent(e, estate.InstanceProfilePart, iamProfile) }, Problem, "iam.profile-stale@" + iamProfile, ""},
		{"denied", func(e *estate.Estate) { iamDeny(e, estate.InstanceProfilePart, iamProfile) }, Unknown, "", "denied"},
		{"binding denied", func(e *estate.Estate) { iamDeny(e, estate.ProfileBindingPart, iamInstance) }, Unknown, "", "denied"},
		{"being attached", func(e *estate.Estate) {
			iamKnown(e, estate.ProfileBindingPart, iamInstance, estate.ProfileBinding{State: "associating"})
		}, Unknown, "", "too-early"},
		{"being taken away", func(e *estate.Estate) {
			iamKnown(e, estate.ProfileBindingPart, iamInstance, estate.ProfileBinding{State: "disassociating"})
		}, Problem, "iam.profile-missing@" + iamInstance, ""},
		{"instance denied", func(e *estate.Estate) { iamDeny(e, estate.InstancePart, iamInstance) }, Unknown, "", "denied"},
		{"nothing read yet", func(e *estate.Estate) { e.Remove(estate.InstancePart.Key(iamInstance)) }, Unknown, "", "pending"},
	})
}

func TestTrustPolicy(t *testing.T) {
	denies := "iam.trust-denies-ec2@" + iamRole
	iamRun(t, "iam.trust", []iamCase{
		{"as it should be", func(*estate.Estate) {}, OK, "", ""},
		{"another service", func(e *estate.Estate) { iamTrusts(e, iamTrust("lambda.amazonaws.com")) }, Problem, denies, ""},
		{"another service, host management", func(e *estate.Estate) { iamHostOn(e); iamTrusts(e, iamTrust("lambda.amazonaws.com")) }, OK, "", ""},
		{"another service, host management denied", func(e *estate.Estate) {
			iamDeny(e, estate.HostMgmtPart, "")
			iamTrusts(e, iamTrust("lambda.amazonaws.com"))
		}, Unknown, "", "denied"},
		{"a condition", func(e *estate.Estate) {
			iamTrusts(e, strings.Replace(iamTrust("ec2.amazonaws.com"), `"Action"`, `"Condition":{"StringEquals":{"aws:SourceArn":"x"}},"Action"`, 1))
		}, Unknown, "", "not-modelled"},
		{"not a policy", func(e *estate.Estate) { iamTrusts(e, "<html>") }, Unknown, "", "not-modelled"},
		{"denied", func(e *estate.Estate) { iamDeny(e, estate.RolePart, iamRole) }, Unknown, "", "denied"},
		{"gone", func(e *estate.Estate) { iamAbsent(e, estate.RolePart, iamRole) }, Unknown, "", "not-recorded"},
		{"no profile", iamNoProfile, NotApplicable, "", ""},
		{"profile denied", func(e *estate.Estate) { iamDeny(e, estate.InstanceProfilePart, iamProfile) }, Unknown, "", "denied"},
		{"china", func(e *estate.Estate) {
			e.Target.Partition = "aws-cn"
			iamTrusts(e, iamTrust("ec2.amazonaws.com.cn"))
		}, OK, "", ""},
	})
}

func TestPermissions(t *testing.T) {
	missing, denied, bounded := "iam.permission-missing@"+iamRole, "iam.permission-denied@"+iamRole, "iam.boundary-blocks@"+iamRole
	iamRun(t, "iam.permissions", []iamCase{
		{"the minimum", func(*estate.Estate) {}, OK, "", ""},
		{"not action", func(e *estate.Estate) { iamPolicies(e, iamNoSSM, iamNotAction) }, OK, "", ""},
		{"inline", func(e *estate.Estate) {
			iamKnown(e, estate.RolePoliciesPart, iamRole, estate.RolePolicies{Inline: []estate.PolicyText{{Name: "inline", JSON: iamMinimum}}})
		}, OK, "", ""},
		{"none", func(e *estate.Estate) { iamPolicies(e) }, Problem, missing, ""},
		{"unrelated", func(e *estate.Estate) { iamPolicies(e, iamNoSSM) }, Problem, missing, ""},
		{"no channels", func(e *estate.Estate) { iamPolicies(e, iamOnlySSM) }, Problem, missing, ""},
		{"no channels, host management is not used then", func(e *estate.Estate) { iamHostOn(e); iamPolicies(e, iamOnlySSM) }, Problem, missing, ""},
		{"denied explicitly", func(e *estate.Estate) { iamPolicies(e, iamMinimum, iamDenySSM) }, Problem, denied, ""},
		{"denied and missing", func(e *estate.Estate) { iamPolicies(e, iamOnlySSM, iamDenySSM) }, Problem, missing + " " + denied, ""},
		{"boundary without it", func(e *estate.Estate) { iamBounded(e, iamNoSSM) }, Problem, bounded, ""},
		{"boundary denies", func(e *estate.Estate) {
			iamBounded(e, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"ssm:*","Resource":"*"}]}`)
		}, Problem, bounded, ""},
		{"boundary and no policy", func(e *estate.Estate) { iamBounded(e, iamNoSSM); iamPolicies(e) }, Problem, missing + " " + bounded, ""},
		{"wide boundary", func(e *estate.Estate) { iamBounded(e, iamNotAction) }, OK, "", ""},
		{"boundary denied to us", func(e *estate.Estate) { iamBounded(e, iamNoSSM); iamDeny(e, estate.BoundaryPart, iamBoundary) }, Unknown, "", "denied"},
		{"boundary blocks, policies denied to us", func(e *estate.Estate) { iamBounded(e, iamNoSSM); iamDeny(e, estate.RolePoliciesPart, iamRole) }, Problem, bounded, "denied"},
		{"role denied to us, nothing granted", func(e *estate.Estate) { iamDeny(e, estate.RolePart, iamRole); iamPolicies(e) }, Problem, missing, "denied"},
		{"condition", func(e *estate.Estate) { iamPolicies(e, iamFromVPC) }, Unknown, "", "not-modelled"},
		{"not a policy", func(e *estate.Estate) { iamPolicies(e, iamMinimum, "{") }, Unknown, "", "not-modelled"},
		{"policies denied to us", func(e *estate.Estate) { iamDeny(e, estate.RolePoliciesPart, iamRole) }, Unknown, "", "denied"},
		{"one text denied to us", func(e *estate.Estate) {
			iamKnown(e, estate.RolePoliciesPart, iamRole, estate.RolePolicies{
				Attached: []estate.PolicyText{{Name: "core", JSON: iamMinimum}},
				Unread:   []estate.Unread{{Name: "other", Action: "iam:GetPolicyVersion", Reason: "denied"}}})
		}, Unknown, "", "denied"},
		{"one text unread for no reason given", func(e *estate.Estate) {
			iamKnown(e, estate.RolePoliciesPart, iamRole, estate.RolePolicies{Unread: []estate.Unread{{Name: "other"}}})
		}, Unknown, "", "not-recorded"},
		{"no profile", iamNoProfile, NotApplicable, "", ""},
		{"no profile, host management", func(e *estate.Estate) { iamNoProfile(e); iamHostOn(e) }, OK, "", ""},
		{"no profile, host management without policies", func(e *estate.Estate) {
			iamNoProfile(e)
			iamHostOn(e)
			iamKnown(e, estate.RolePoliciesPart, iamHostRole, estate.RolePolicies{})
		}, Problem, "iam.permission-missing@" + iamHostRole, ""},
		{"cannot register, host management does", func(e *estate.Estate) { iamHostOn(e); iamPolicies(e, iamNoSSM) }, OK, "", ""},
		{"cannot register, host management denied to us", func(e *estate.Estate) { iamDeny(e, estate.HostMgmtPart, ""); iamPolicies(e, iamNoSSM) }, Unknown, "", "denied"},
		{"undecided, host management", func(e *estate.Estate) { iamHostOn(e); iamPolicies(e, iamFromVPC) }, Unknown, "", "not-modelled"},
	})
}

func TestPermissionFindings(t *testing.T) {
	e := iamEstate()
	ssmNoRow(e)
	iamPolicies(e, iamOnlySSM, iamDenySSM)
	got := iamJudge(t, e, "iam.permissions").Findings
	type brief struct {
		Code     finding.Code
		Scope    []string
		Action   string
		Policy   string
		Profile  string
		Evidence []string
	}
	var have []brief
	for _, f := range got {
		b := brief{f.Code, f.Scope, f.Params["action"], f.Params["policy"], f.Params["profile"], nil}
		for _, x := range f.Evidence {
			b.Evidence = append(b.Evidence, x.At+" "+x.Value+": "+x.Rule.En)
		}
		have = append(have, b)
	}
	want := []brief{
		{finding.IAMPermissionMissing, []string{"ssmmessages"},
			"ssmmessages:CreateControlChannel, ssmmessages:OpenControlChannel, ssmmessages:CreateDataChannel, ssmmessages:OpenDataChannel",
			"p0 v2, p1 v2", iamProfile,
			[]string{"role-policies:AppRole p0 v2, p1 v2: no statement of these policies allows ssmmessages:CreateControlChannel, ssmmessages:OpenControlChannel, ssmmessages:CreateDataChannel, ssmmessages:OpenDataChannel"}},
		{finding.IAMPermissionDenied, []string{"ssm"}, actionRegister, "p1", iamProfile,
			[]string{`role-policies:AppRole p1 v2 Statement[0] (Sid "NoSSM"): an explicit deny of ssm:UpdateInstanceInformation wins over every allow`}},
	}
	if d := cmp.Diff(want, have); d != "" {
		t.Error(d)
	}
	e = iamEstate()
	ssmNoRow(e)
	iamPolicies(e)
	if f := iamJudge(t, e, "iam.permissions").Findings[0]; !slices.Equal(f.Scope, []string{"ssm", "ssmmessages"}) || f.Certainty != finding.Proven {
		t.Errorf("a role that may do nothing: %+v", f)
	}
}

func TestPermissionsShowTheClosestStatement(t *testing.T) {
	e := iamEstate()
	ssmNoRow(e)
	iamPolicies(e, strings.Replace(iamMinimum, `"*"`, `"arn:aws:ec2:*:*:instance/i-other"`, 1))
	f := iamJudge(t, e, "iam.permissions").Findings[0]
	last := f.Evidence[len(f.Evidence)-1]
	if last.Value != `p0 v2 Statement[0] (Sid "Core")` || !strings.HasPrefix(last.Rule.En, "the closest") {
		t.Errorf("got %+v", last)
	}
}

func TestIdentityOfTheDead(t *testing.T) {
	e := iamEstate()
	iamDead(e)
	iamPolicies(e)
	for _, id := range []string{"iam.profile", "iam.trust"} {
		if got := iamJudge(t, e, id); got.Outcome != OK {
			t.Errorf("%s: %s %q %v", id, got.Outcome, got.Say.En, got.Whys)
		}
	}
	f := iamJudge(t, e, "iam.permissions").Findings[0]
	if f.Certainty != finding.Likely || len(f.Assumptions) != 1 || f.Assumptions[0].Code != finding.AssumeUnchanged {
		t.Errorf("got %s %+v", f.Certainty, f.Assumptions)
	}
}

func TestHostManagement(t *testing.T) {
	iamRun(t, "iam.host-management", []iamCase{
		{"off", func(*estate.Estate) {}, NotApplicable, "", ""},
		{"absent", func(e *estate.Estate) { iamAbsent(e, estate.HostMgmtPart, "") }, NotApplicable, "", ""},
		{"on", iamHostOn, OK, "", ""},
		{"denied", func(e *estate.Estate) { iamDeny(e, estate.HostMgmtPart, "") }, Unknown, "", "denied"},
		{"role denied", func(e *estate.Estate) { iamHostOn(e); iamDeny(e, estate.RolePart, iamHostRole) }, Unknown, "", "denied"},
		{"role gone", func(e *estate.Estate) { iamHostOn(e); iamAbsent(e, estate.RolePart, iamHostRole) }, NotApplicable, "", ""},
		{"role gone, agent unknown", func(e *estate.Estate) {
			iamHostOn(e)
			iamAbsent(e, estate.RolePart, iamHostRole)
			iamDeny(e, estate.ManagedNodePart, iamInstance)
		}, NotApplicable, "", ""},
		{"role with this account's condition", func(e *estate.Estate) {
			iamHostOn(e)
			iamKnown(e, estate.RolePart, iamHostRole, estate.Role{Name: iamHostRole,
				Trust: strings.Replace(iamTrust("ssm.amazonaws.com"), `"Action"`, `"Condition":{"StringEquals":{"aws:SourceAccount":"111122223333"}},"Action"`, 1)})
		}, OK, "", ""},
	})
}

func TestSimulation(t *testing.T) {
	results := func(r ...estate.SimulatedAction) func(*estate.Estate) {
		return func(e *estate.Estate) {
			e.Answers[answerSimulate] = "yes"
			iamKnown(e, estate.SimulationPart, iamRoleARN, estate.Simulation{Results: r})
		}
	}
	iamRun(t, "iam.simulation", []iamCase{
		{"not asked", func(*estate.Estate) {}, NotApplicable, "", ""},
		{"all allowed", results(estate.SimulatedAction{Action: "a:b", Decision: "allowed", Organizations: "allowed"}), OK, "", ""},
		{"refused for another reason", results(estate.SimulatedAction{Action: "a:b", Decision: "implicitDeny"}), NotApplicable, "", ""},
		{"organization", results(estate.SimulatedAction{Action: "ssm:b", Decision: "implicitDeny", Organizations: "denied"}), Problem, "iam.organization-blocks@" + iamRole, ""},
		{"nothing said", results(), Unknown, "", "not-recorded"},
		{"denied", func(e *estate.Estate) {
			e.Answers[answerSimulate] = "yes"
			iamDeny(e, estate.SimulationPart, iamRoleARN)
		}, Unknown, "", "denied"},
	})
	view := estate.NewView(iamEstate())
	judgeSimulation(view)
	if slices.ContainsFunc(view.Touched(), func(k estate.Key) bool { return k.Kind == estate.SimulationPart.Name() }) {
		t.Error("simulates without being asked")
	}
}
