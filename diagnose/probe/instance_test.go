package probe

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
)

const instID = "i-0a1b2c3d4e5f60718"

var instNow = time.Date(2026, 11, 22, 1, 58, 0, 0, time.UTC)

// world is an estate under construction.
type instEstate struct{ *estate.Estate }

func instNew() instEstate {
	return instEstate{estate.New(estate.Target{InstanceID: instID, Region: "ap-northeast-1"}, instNow)}
}

func instPut[T any](e instEstate, k estate.Kind[T], id string, v T) instEstate {
	e.Put(k.Part(id, fact.Known(v, fact.Origin{Source: fact.API, Call: k.Actions()[0], Time: instNow})))
	return e
}

func instGone(e instEstate) instEstate {
	e.Put(estate.InstancePart.Part(instID, fact.Absent[estate.Instance](fact.Origin{Call: "ec2:DescribeInstances"})))
	return e
}

func instTrail(e instEstate, events ...estate.TrailEvent) instEstate {
	return instPut(e, estate.TrailPart, instanceQuery(instID).String(), estate.Trail{Events: events, To: instNow, Complete: true})
}

func instLaunch(at time.Time) estate.TrailEvent {
	return estate.TrailEvent{ID: "e-run", Time: at, Name: "RunInstances", Launch: &estate.Instance{
		ID: instID, VPC: "vpc-1", Subnet: "subnet-1", Groups: []string{"sg-1"}, ImageID: "ami-1", LaunchTime: at, Type: "m6i.large",
	}}
}

func instEnd(at time.Time, a estate.Actor) estate.TrailEvent {
	return estate.TrailEvent{ID: "e-end", Time: at, Name: "TerminateInstances", Actor: a}
}

func instJudge(t *testing.T, id string, e instEstate) Verdict {
	t.Helper()
	for _, p := range slices.Concat(instanceProbes(), dnsProbes(), adDNSProbes(), insideDNSProbes()) {
		if p.ID == id {
			v := estate.NewView(e.Estate)
			verdict := p.Judge(v)
			for _, k := range v.Touched() {
				if !slices.ContainsFunc(p.Parts, func(d estate.AnyKind) bool { return d.Name() == k.Kind }) {
					t.Errorf("%s read %s, which it does not declare", id, k)
				}
			}
			for _, f := range verdict.Findings {
				if !slices.Contains(p.Codes, f.Code) {
					t.Errorf("%s found %s, which it does not declare", id, f.Code)
				}
			}
			return verdict
		}
	}
	t.Fatalf("no probe %s", id)
	return Verdict{}
}

func codesOf(v Verdict) string {
	var out []string
	for _, f := range v.Findings {
		out = append(out, string(f.Code)+" "+string(f.Certainty))
	}
	return strings.Join(out, ", ")
}

func whysOf(v Verdict) string {
	var out []string
	for _, w := range v.Whys {
		out = append(out, string(w.Reason))
	}
	return strings.Join(out, ", ")
}

func TestWhoEndedTheInstance(t *testing.T) {
	day := instNow.Add(-26 * time.Hour)
	licenseRole := estate.Actor{Type: "AssumedRole", Issuer: "AWSServiceRoleForAWSLicenseManagerUserSubscriptionsService",
		InvokedBy: "license-manager-user-subscriptions.amazonaws.com"}
	row := func(code, transition string) estate.Instance {
		return estate.Instance{ID: instID, State: "terminated", StateCode: code, Transition: transition}
	}
	for _, c := range []struct {
		name, codes, whys string
		outcome           Outcome
		estate            instEstate
	}{
		{"License Manager, row gone", "instance.terminated-by-license-manager likely", "", Problem,
			instTrail(instGone(instNew()), instLaunch(day), instEnd(day.Add(20*time.Minute), licenseRole))},
		{"a person", "instance.terminated-by-user proven", "", Problem,
			instTrail(instGone(instNew()), instLaunch(day), instEnd(day.Add(time.Hour), estate.Actor{Type: "IAMUser", ARN: "arn:aws:iam::1:user/taro"}))},
		{"Auto Scaling", "instance.terminated-by-autoscaling proven", "", Problem,
			instTrail(instGone(instNew()), instEnd(day, estate.Actor{Type: "AssumedRole", Issuer: "AWSServiceRoleForAutoScaling", InvokedBy: "autoscaling.amazonaws.com"}))},
		{"another service", "instance.terminated-by-automation proven", "", Problem,
			instTrail(instGone(instNew()), instEnd(day, estate.Actor{Type: "AssumedRole", InvokedBy: "ssm.amazonaws.com"}))},
		{"from inside, without CloudTrail", "instance.shut-down-from-inside proven", "", Problem,
			instPut(instNew(), estate.InstancePart, instID, row("Client.InstanceInitiatedShutdown", ""))},
		{"five minutes ago: too early", "", "too-early", Unknown,
			instTrail(instPut(instNew(), estate.InstancePart, instID, row("Client.UserInitiatedShutdown", "User initiated (2026-11-22 01:53:00 GMT)")))},
		{"an hour ago, and nothing in CloudTrail", "", "not-recorded", Unknown,
			instTrail(instPut(instNew(), estate.InstancePart, instID, row("Client.UserInitiatedShutdown", "User initiated (2026-11-22 00:53:00 GMT)")))},
		{"a refused termination is no end", "", "not-recorded", Unknown,
			instTrail(instGone(instNew()), instLaunch(day), estate.TrailEvent{Name: "TerminateInstances", Time: day, Error: "Client.OperationNotPermitted"})},
		{"running", "", "", NotApplicable,
			instPut(instNew(), estate.InstancePart, instID, estate.Instance{ID: instID, State: "running"})},
		{"EC2 itself", "", "not-modelled", Unknown,
			instTrail(instPut(instNew(), estate.InstancePart, instID, row("Server.SpotInstanceTermination", "")))},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := instJudge(t, "instance.ending", c.estate)
			if v.Outcome != c.outcome || codesOf(v) != c.codes || whysOf(v) != c.whys {
				t.Errorf("%s, findings %q, whys %q", v.Outcome, codesOf(v), whysOf(v))
			}
		})
	}
	t.Run("too early says until when", func(t *testing.T) {
		v := instJudge(t, "instance.ending", instTrail(instPut(instNew(), estate.InstancePart, instID, row("Client.UserInitiatedShutdown", "User initiated (2026-11-22 01:53:00 GMT)"))))
		if want := time.Date(2026, 11, 22, 2, 13, 0, 0, time.UTC); !v.Whys[0].Until.Equal(want) {
			t.Errorf("until %s, want %s", v.Whys[0].Until, want)
		}
	})
}

func TestAnInstanceThatIsNotThere(t *testing.T) {
	missing := instTrail(instGone(instNew()))
	if v := instJudge(t, "instance.state", missing); whysOf(v) != "pending" {
		t.Errorf("other regions are not looked at: %s, %s", v.Outcome, whysOf(v))
	}
	v := instJudge(t, "instance.state", instPut(missing, estate.ElsewherePart, instID, estate.Elsewhere{Found: []string{"us-east-1"}}))
	if codesOf(v) != "instance.not-found proven" || v.Findings[0].Params["region"] != "us-east-1" {
		t.Errorf("%s %+v", codesOf(v), v.Findings)
	}
	// Without CloudTrail an id that EC2 forgot and an id that never was look the same.
	denied := instGone(instNew())
	denied.Put(estate.TrailPart.Unknown(instanceQuery(instID).String(), fact.Why{Reason: fact.Denied, Action: "cloudtrail:LookupEvents"}))
	if v := instJudge(t, "instance.state", denied); v.Outcome != Unknown || codesOf(v) != "" {
		t.Errorf("%s %s", v.Outcome, codesOf(v))
	}
}

func TestTheDeadAreCompletedFromTheirLaunch(t *testing.T) {
	day := instNow.Add(-26 * time.Hour)
	e := instTrail(instPut(instNew(), estate.InstancePart, instID, estate.Instance{ID: instID, State: "terminated", Type: "m6i.large"}),
		instLaunch(day), instEnd(day.Add(time.Hour), estate.Actor{Type: "IAMUser"}))
	p, whys := thePatient(estate.NewView(e.Estate))
	if len(whys) > 0 || !p.dead || !p.rebuilt || p.VPC != "vpc-1" || p.Subnet != "subnet-1" || !p.died.Equal(day.Add(time.Hour)) {
		t.Errorf("%+v, %v", p, whys)
	}
	if p.origin.Source != fact.Trail {
		t.Errorf("the launch facts claim to be from %q", p.origin.Source)
	}
}

func TestConfigurationReadAfterADeath(t *testing.T) {
	died := instNow.Add(-26 * time.Hour)
	p := patient{dead: true, died: died}
	found := []finding.Finding{{Code: finding.DNSADDomainUnresolvable, Certainty: finding.Proven}}
	q := resource("vpc-1")
	q.Since = died
	write := estate.TrailEvent{Name: "AssociateDhcpOptions", Time: died.Add(time.Hour)}
	for _, c := range []struct {
		name  string
		trail *estate.Trail
		want  finding.Certainty
	}{
		{"CloudTrail not read", nil, finding.Likely},
		{"no write since", &estate.Trail{Complete: true}, finding.Proven},
		{"a write since", &estate.Trail{Complete: true, Events: []estate.TrailEvent{write}}, finding.Likely},
		{"a refused write since", &estate.Trail{Complete: true, Events: []estate.TrailEvent{{Name: "AssociateDhcpOptions", Time: died.Add(time.Hour), Error: "AccessDenied"}}}, finding.Proven},
		{"a read since", &estate.Trail{Complete: true, Events: []estate.TrailEvent{{Name: "DescribeVpcs", ReadOnly: true, Time: died.Add(time.Hour)}}}, finding.Proven},
		{"not to the last page", &estate.Trail{}, finding.Likely},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := instNew()
			if c.trail != nil {
				e = instPut(e, estate.TrailPart, q.String(), *c.trail)
			}
			got := readAfter(estate.NewView(e.Estate), p, found, resource("vpc-1"))
			if got[0].Certainty != c.want || (c.want == finding.Likely) != (len(got[0].Assumptions) == 1) {
				t.Errorf("%+v", got[0])
			}
		})
	}
	if got := readAfter(estate.NewView(instNew().Estate), patient{}, found); got[0].Certainty != finding.Proven {
		t.Error("a living instance's configuration is doubted")
	}
}
