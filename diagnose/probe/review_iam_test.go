package probe

import (
	"testing"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/finding"
)

// Policies that refuse what AWS sees happening are likely at most.
func TestRefusalsBesideAWorkingAgent(t *testing.T) {
	for _, c := range []struct {
		name, probe string
		make        func(*estate.Estate)
		want        finding.Certainty
	}{
		{"nothing allowed, not registered", "iam.permissions", func(e *estate.Estate) { iamPolicies(e); ssmNoRow(e) }, finding.Proven},
		{"nothing allowed, and it is Online", "iam.permissions", func(e *estate.Estate) { iamPolicies(e) }, finding.Likely},
		{"no session channel allowed", "iam.permissions", func(e *estate.Estate) { iamPolicies(e, iamOnlySSM) }, finding.Proven},
		{"nothing allowed, Systems Manager not readable", "iam.permissions", func(e *estate.Estate) {
			iamPolicies(e)
			iamDeny(e, estate.ManagedNodePart, iamInstance)
		}, finding.Likely},
		{"no profile, not registered", "iam.profile", func(e *estate.Estate) { iamNoProfile(e); ssmNoRow(e) }, finding.Proven},
		{"no profile, and it works", "iam.profile", iamNoProfile, finding.Likely},
		{"no metadata service, not registered", "imds.endpoint", func(e *estate.Estate) {
			iamInstanceIs(e, func(i *estate.Instance) { i.Metadata.Endpoint = "disabled" })
			ssmNoRow(e)
		}, finding.Proven},
		{"no metadata service, and it works", "imds.endpoint", func(e *estate.Estate) {
			iamInstanceIs(e, func(i *estate.Instance) { i.Metadata.Endpoint = "disabled" })
		}, finding.Likely},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := iamEstate()
			c.make(e)
			v := iamJudge(t, e, c.probe)
			if len(v.Findings) != 1 || v.Findings[0].Certainty != c.want {
				t.Errorf("%s %+v", v.Outcome, v.Findings)
			}
		})
	}
}

// A role with which the instance was registered until its end was good enough then.
func TestRefusalsBesideACommandThatWasSent(t *testing.T) {
	e := iamEstate()
	iamDead(e)
	iamPolicies(e)
	key := instanceQuery(iamInstance).String()
	trail, _ := estate.TrailPart.Of(estate.NewView(e), key).Get()
	died := deathIn(trail.Events)
	if died.IsZero() {
		t.Fatal("the dead instance has no death")
	}
	if v := iamJudge(t, e, "iam.permissions"); len(v.Findings) != 1 || v.Findings[0].Certainty != finding.Likely {
		t.Errorf("no command: %s %+v", v.Outcome, v.Findings)
	}
	trail.Events = append(trail.Events, estate.TrailEvent{Name: "SendCommand", Time: died.Add(-5 * time.Minute),
		Actor: estate.Actor{InvokedBy: "license-manager-user-subscriptions.amazonaws.com"}})
	iamKnown(e, estate.TrailPart, key, trail)
	if v := iamJudge(t, e, "iam.permissions"); len(v.Findings) != 1 || v.Findings[0].Certainty != finding.Possible {
		t.Errorf("a command: %s %+v", v.Outcome, v.Findings)
	}
}
