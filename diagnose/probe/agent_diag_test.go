package probe

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
)

// adgChecks are the agent's checks in its order; those named fail.
func adgChecks(failed ...string) estate.GuestDiagnostics {
	var g estate.GuestDiagnostics
	for _, name := range []string{
		"EC2 IMDS", "Hybrid instance registration", "Connectivity to ssm endpoint", "Connectivity to ec2messages endpoint",
		"Connectivity to ssmmessages endpoint", "Connectivity to s3 endpoint", "Connectivity to kms endpoint", "Connectivity to logs endpoint",
		"Connectivity to monitoring endpoint", "AWS Credentials", "Agent service", "Proxy configuration", "Windows sysprep image state", "SSM Agent version",
	} {
		c := estate.GuestCheck{Check: name, Status: "Success"}
		switch {
		case slices.Contains(failed, name):
			c.Status, c.Note = "Failed", "dial tcp: i/o timeout"
		case name == "Hybrid instance registration" || name == "Proxy configuration":
			c.Status = "Skipped"
		}
		g.Checks = append(g.Checks, c)
	}
	return g
}

func adgEstate(g estate.GuestDiagnostics, version string) instEstate {
	e := instPut(instNew(), estate.InstancePart, instID, estate.Instance{ID: instID, State: "running", Platform: "windows", VPC: "vpc-1", ImageID: "ami-1"})
	e = instPut(e, estate.ManagedNodePart, instID, estate.ManagedNode{ID: instID, PingStatus: "Online", AgentVersion: version})
	e = instPut(e, estate.ImagePart, "ami-1", estate.Image{ID: "ami-1"})
	return instPut(e, estate.GuestDiagnosticsPart, instID, g)
}

func TestDiagnostics(t *testing.T) {
	const old, current = "3.2.0.0", "3.3.40.0"
	mds, messages := "Connectivity to ec2messages endpoint", "Connectivity to ssmmessages endpoint"
	for _, c := range []struct {
		name, version string
		g             estate.GuestDiagnostics
		want          Outcome
		codes, whys   string
	}{
		{"all well", current, adgChecks(), OK, "", ""},
		{"services that nobody needs", current, adgChecks("Connectivity to kms endpoint", "Connectivity to logs endpoint", "Connectivity to monitoring endpoint", "Connectivity to s3 endpoint"), OK, "", ""},
		{"ec2messages, and a current agent", current, adgChecks(mds), OK, "", ""},
		{"ec2messages, and an old agent", old, adgChecks(mds), Unknown, "", "not-modelled"},
		{"ec2messages and ssmmessages", current, adgChecks(mds, messages), Unknown, "", "not-modelled"},
		{"ec2messages, and a version that is not known", "", adgChecks(mds), Unknown, "", "not-recorded"},
		{"credentials, by STS, which is not reached", current, adgChecks("AWS Credentials"), OK, "", ""},
		{"credentials, and no path", current, adgChecks("AWS Credentials", "Connectivity to ssm endpoint"), Unknown, "", "not-modelled"},
		{"no path to ssm", current, adgChecks("Connectivity to ssm endpoint"), Unknown, "", "not-modelled"},
		{"no metadata", current, adgChecks("EC2 IMDS"), Unknown, "", "not-modelled"},
		{"in the middle of Sysprep", current, adgChecks("Windows sysprep image state"), Unknown, "", "blocked-by"},
		{"the service does not run", current, adgChecks("Agent service"), Problem, "ssm.agent-stopped proven", ""},
		{"a status that nobody knows", current, estate.GuestDiagnostics{Checks: []estate.GuestCheck{{Check: "EC2 IMDS", Status: "?"}}}, Unknown, "", "not-modelled"},
		{"no checks", current, estate.GuestDiagnostics{}, Unknown, "", "not-recorded"},
		{"too old to diagnose itself", old, estate.GuestDiagnostics{Missing: true}, Unknown, "", "not-supported"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := diagnosticsProbes()[0]
			view := estate.NewView(adgEstate(c.g, c.version).Estate)
			v := p.Judge(view)
			if v.Outcome != c.want || codesOf(v) != c.codes || whysOf(v) != c.whys || !v.Say.Complete() {
				t.Errorf("%s, findings %q, whys %q, says %+v", v.Outcome, codesOf(v), whysOf(v), v.Say)
			}
			for _, k := range view.Touched() {
				if !slices.ContainsFunc(p.Parts, func(d estate.AnyKind) bool { return d.Name() == k.Kind }) {
					t.Errorf("read %s, which it does not declare", k)
				}
			}
		})
	}
	asked := gdUnknown(adgEstate(adgChecks(), current), fact.NeedsGuest, estate.GuestDiagnosticsPart.Key(instID))
	if v := diagnosticsProbes()[0].Judge(estate.NewView(asked.Estate)); v.Outcome != Unknown || whysOf(v) != "needs-guest" {
		t.Errorf("not asked: %s %q", v.Outcome, whysOf(v))
	}
}

func TestDiagnosticsMonotone(t *testing.T) {
	names := adgChecks().Checks
	rapid.Check(t, func(t *rapid.T) {
		var failed []string
		for _, c := range names {
			if rapid.IntRange(0, 4).Draw(t, c.Check) == 0 {
				failed = append(failed, c.Check)
			}
		}
		e := adgEstate(adgChecks(failed...), rapid.SampledFrom([]string{"", "3.2.0.0", "3.3.40.0"}).Draw(t, "version"))
		poor := instEstate{e.Clone()}
		for _, k := range e.Keys() {
			if rapid.Bool().Draw(t, "lose "+k.String()) {
				poor = gdUnknown(poor, fact.Denied, k)
			}
		}
		p := diagnosticsProbes()[0]
		checkPoorer(t, p.ID, p.Judge(estate.NewView(e.Estate)), p.Judge(estate.NewView(poor.Estate)))
	})
}
