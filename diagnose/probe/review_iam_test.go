package probe

import (
	"testing"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/finding"
)

// Policies that refuse what AWS sees happening are likely at most.
func TestRefusalsBesideAWorkingAgent(t *testing.T) {
	lost := func(e *estate.Estate) {
		iamKnown(e, estate.ConnectionPart, iamInstance, estate.Connection{Status: "notconnected"})
	}
	noSession := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["ssm:*","ssmmessages:*ControlChannel"],"Resource":"*"}}`
	for _, c := range []struct {
		name, probe string
		make        func(*estate.Estate)
		want        finding.Certainty
	}{
		{"nothing allowed, not registered", "iam.permissions", func(e *estate.Estate) { iamPolicies(e); ssmNoRow(e) }, finding.Proven},
		{"nothing allowed, all channels work", "iam.permissions", func(e *estate.Estate) { iamPolicies(e) }, finding.Likely},
		{"nothing allowed, one channel is down", "iam.permissions", func(e *estate.Estate) { iamPolicies(e); lost(e) }, finding.Proven},
		{"no session channel allowed, and it is down", "iam.permissions", func(e *estate.Estate) { iamPolicies(e, iamOnlySSM); lost(e) }, finding.Proven},
		{"only what each session calls is refused", "iam.permissions", func(e *estate.Estate) { iamPolicies(e, noSession) }, finding.Proven},
		{"nothing allowed, Systems Manager not readable", "iam.permissions", func(e *estate.Estate) {
			iamPolicies(e)
			iamDeny(e, estate.ManagedNodePart, iamInstance)
		}, finding.Likely},
		{"no profile, not registered", "iam.profile", func(e *estate.Estate) { iamNoProfile(e); ssmNoRow(e) }, finding.Proven},
		{"no profile, and it works", "iam.profile", iamNoProfile, finding.Likely},
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

// A role that License Manager's commands ran with was good enough then.
func TestRefusalsBesideACommandThatRan(t *testing.T) {
	e := iamEstate()
	iamDead(e)
	iamPolicies(e)
	trail, _ := estate.TrailPart.Of(estate.NewView(e), instanceQuery(iamInstance).String()).Get()
	died := deathIn(trail.Events)
	if died.IsZero() {
		t.Fatal("the dead instance has no death")
	}
	for i := range trail.Events {
		if trail.Events[i].Launch != nil {
			launch := *trail.Events[i].Launch
			launch.ProductCodes = []estate.ProductCode{{ID: lmOffice}}
			trail.Events[i].Launch = &launch
		}
	}
	iamKnown(e, estate.TrailPart, instanceQuery(iamInstance).String(), trail)
	run := estate.Invocation{CommandID: "c", Status: "Failed", Details: "Failed", Requested: died.Add(-5 * time.Minute)}
	for want, runs := range map[finding.Certainty][]estate.Invocation{finding.Likely: nil, finding.Possible: {run}} {
		iamKnown(e, estate.CommandsPart, iamInstance, estate.Commands{Complete: true, Invocations: runs})
		if v := iamJudge(t, e, "iam.permissions"); len(v.Findings) != 1 || v.Findings[0].Certainty != want {
			t.Errorf("%d commands: %s %+v", len(runs), v.Outcome, v.Findings)
		}
	}
}
