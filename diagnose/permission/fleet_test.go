package permission

import (
	"slices"
	"testing"

	"github.com/monshin/monshin/diagnose/policy"
)

// What runs a script is allowed for the one document only.
func TestScriptsAreAllowedByOneDocument(t *testing.T) {
	needs := Fleet(treeOf("a", "c"), set())
	if got := names(needs); slices.Contains(got, "ec2:GetPasswordData") || !slices.Contains(got, "iam:GetRole") || !slices.Contains(got, "ssm:SendCommand") {
		t.Errorf("needed for a fleet: %v", got)
	}
	doc, err := policy.Parse(Policy(needs))
	if err != nil {
		t.Fatal(err)
	}
	for resource, want := range map[string]policy.Verdict{
		"arn:aws:ssm:ap-northeast-1::document/AWS-RunPowerShellScript":         policy.Allowed,
		"arn:aws:ec2:ap-northeast-1:111122223333:instance/i-0123456789abcdef0": policy.Allowed,
		"arn:aws:ssm:ap-northeast-1::document/AWS-RunShellScript":              policy.ImplicitDeny,
		"arn:aws:ssm:ap-northeast-1:111122223333:document/theirs":              policy.ImplicitDeny,
	} {
		d := policy.Identity(policy.Request{Action: "ssm:SendCommand", Resource: resource}, policy.Set{Policies: []policy.Policy{{Document: doc}}}, nil)
		if d.Verdict != want {
			t.Errorf("%s is %v, want %v", resource, d.Verdict, want)
		}
	}
	for _, n := range Fleet(nil, set()) {
		for _, p := range n.Probes {
			if !p.Complete() {
				t.Errorf("%s lacks a reason in a language", n.Action)
			}
		}
	}
}
