package probe

import (
	"testing"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
)

// What happened to an instance, where several events could be the one.
func TestTheEventThatReallyEndedIt(t *testing.T) {
	day := instNow.Add(-26 * time.Hour)
	license := estate.Actor{Type: "AssumedRole", Issuer: "AWSServiceRoleForAWSLicenseManagerUserSubscriptionsService"}
	person := estate.Actor{Type: "IAMUser", ARN: "arn:aws:iam::1:user/taro"}
	stop := func(at time.Time) estate.TrailEvent {
		return estate.TrailEvent{ID: "e-stop", Time: at, Name: "StopInstances", Actor: person}
	}
	row := func(state, code, transition string) estate.Instance {
		return estate.Instance{ID: instID, State: state, StateCode: code, Transition: transition}
	}
	for _, c := range []struct {
		name, codes, whys string
		outcome           Outcome
		estate            instEstate
	}{
		{"the clean-up that terminates it again is not the end", "instance.terminated-by-license-manager likely", "", Problem,
			instTrail(instGone(instNew()), instLaunch(day), instEnd(day.Add(20*time.Minute), license), instEnd(day.Add(30*time.Minute), person))},
		{"terminated just now, and stopped by somebody last week", "", "too-early", Unknown,
			instTrail(instPut(instNew(), estate.InstancePart, instID, row("terminated", "Client.UserInitiatedShutdown", "User initiated (2026-11-22 01:53:00 GMT)")),
				stop(instNow.Add(-7*24*time.Hour)))},
		{"gone, with a stop and no termination on record", "", "not-recorded", Unknown,
			instTrail(instGone(instNew()), instLaunch(day), stop(day.Add(time.Hour)))},
		{"stopped by a person", "", "", NotApplicable,
			instTrail(instPut(instNew(), estate.InstancePart, instID, row("stopped", "Client.UserInitiatedShutdown", "User initiated (2026-11-22 00:53:00 GMT)")),
				stop(time.Date(2026, 11, 22, 0, 52, 58, 0, time.UTC)))},
		{"stopped again later: the old stop is not it", "", "not-recorded", Unknown,
			instTrail(instPut(instNew(), estate.InstancePart, instID, row("stopped", "Client.UserInitiatedShutdown", "User initiated (2026-11-22 00:53:00 GMT)")),
				stop(instNow.Add(-7*24*time.Hour)))},
		{"stopped by EC2, whoever stopped it before", "", "not-modelled", Unknown,
			instTrail(instPut(instNew(), estate.InstancePart, instID, row("stopped", "Server.ScheduledStop", "")), stop(instNow.Add(-7*24*time.Hour)))},
		{"a person in the console is a person", "instance.terminated-by-user proven", "", Problem,
			instTrail(instGone(instNew()), instEnd(day, estate.Actor{Type: "IAMUser", Name: "taro", InvokedBy: "signin.amazonaws.com"}))},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := instJudge(t, "instance.ending", c.estate)
			if v.Outcome != c.outcome || codesOf(v) != c.codes || whysOf(v) != c.whys {
				t.Errorf("%s, findings %q, whys %q", v.Outcome, codesOf(v), whysOf(v))
			}
		})
	}
}

func TestStatusChecksThatSayNothingAreNotPassed(t *testing.T) {
	e := instPut(instNew(), estate.InstancePart, instID, estate.Instance{ID: instID, State: "running", VPC: "vpc-1"})
	for _, c := range []struct {
		status estate.InstanceStatus
		want   Outcome
	}{
		{estate.InstanceStatus{System: "ok", Instance: "ok"}, OK},
		{estate.InstanceStatus{System: "ok", Instance: "ok", EBS: "not-applicable"}, OK},
		{estate.InstanceStatus{System: "ok"}, Unknown},
		{estate.InstanceStatus{System: "ok", Instance: "a-word-of-tomorrow"}, Unknown},
		{estate.InstanceStatus{System: "ok", Instance: "impaired", EBS: "impaired"}, Problem},
		{estate.InstanceStatus{System: "ok", Instance: "initializing", EBS: "ok"}, Unknown},
	} {
		if v := instJudge(t, "instance.health", instPut(e, estate.StatusPart, instID, c.status)); v.Outcome != c.want {
			t.Errorf("%+v: %s, want %s", c.status, v.Outcome, c.want)
		}
	}
}

// What a launch event says holds until a later event says otherwise.
func TestLaunchFactsThatWereOvertaken(t *testing.T) {
	day := instNow.Add(-26 * time.Hour)
	launch := instLaunch(day)
	launch.Launch.Metadata.Endpoint = "disabled"
	later := func(name, failed string) estate.TrailEvent {
		return estate.TrailEvent{Name: name, Time: day.Add(time.Minute), Error: failed}
	}
	patientAfter := func(e ...estate.TrailEvent) (patient, *estate.View) {
		events := append([]estate.TrailEvent{launch}, e...)
		v := estate.NewView(instTrail(instGone(instNew()), append(events, instEnd(day.Add(time.Hour), estate.Actor{Type: "IAMUser"}))...).Estate)
		p, whys := thePatient(v)
		if len(whys) > 0 {
			t.Fatal(whys)
		}
		return p, v
	}
	p, v := patientAfter()
	if name, profile := profileOf(v, p); name != "" || !profile.IsAbsent() || p.Metadata.Endpoint != "disabled" {
		t.Errorf("as launched: profile %q %v, metadata %q", name, profile.State(), p.Metadata.Endpoint)
	}
	p, v = patientAfter(later("AssociateIamInstanceProfile", ""), later("ModifyInstanceMetadataOptions", ""))
	if _, profile := profileOf(v, p); !profile.IsUnknown() || p.Metadata.Endpoint != "" {
		t.Errorf("changed after the launch: profile %v, metadata %q", profile.State(), p.Metadata.Endpoint)
	}
	p, v = patientAfter(later("AssociateIamInstanceProfile", "UnauthorizedOperation"))
	if _, profile := profileOf(v, p); !profile.IsAbsent() {
		t.Errorf("a refused change: profile %v", profile.State())
	}
}
