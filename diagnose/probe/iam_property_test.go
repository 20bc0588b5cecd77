package probe

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/finding"
)

// TestLosingIdentityFactsNeverJudges: taking parts away never turns a problem into ok or ok
// into a problem, and never adds a finding.
func TestLosingIdentityFactsNeverJudges(t *testing.T) {
	trusts := []string{iamTrust("ec2.amazonaws.com"), iamTrust("lambda.amazonaws.com"), iamTrust("ssm.amazonaws.com"), "{",
		strings.Replace(iamTrust("ec2.amazonaws.com"), `"Action"`, `"Condition":{"Bool":{"x":"true"}},"Action"`, 1)}
	texts := []string{iamMinimum, iamNoSSM, iamDenySSM, iamFromVPC, iamOnlySSM, iamNotAction, "{"}
	rapid.Check(t, func(t *rapid.T) {
		e := iamEstate()
		pick := func(name string, options ...func()) { rapid.SampledFrom(options).Draw(t, name)() }
		none := func() {}
		pick("profile", none, none,
			func() { iamNoProfile(e) },
			func() { iamAbsent(e, estate.InstanceProfilePart, iamProfile) },
			func() {
				iamKnown(e, estate.InstanceProfilePart, iamProfile, estate.InstanceProfile{Name: iamProfile, ID: "AIPA2", Role: iamRole, RoleARN: iamRoleARN})
			},
			func() { iamKnown(e, estate.InstanceProfilePart, iamProfile, estate.InstanceProfile{Name: iamProfile}) },
			func() { iamDead(e) },
			func() { iamInstanceIs(e, func(i *estate.Instance) { i.State = "stopped" }) },
			func() { iamInstanceIs(e, func(i *estate.Instance) { i.LaunchTime = iamNow().Add(-5 * time.Minute) }) },
			func() { iamInstanceIs(e, func(i *estate.Instance) { i.Metadata.Endpoint = "disabled" }) },
		)
		iamKnown(e, estate.ProfileBindingPart, iamInstance, estate.ProfileBinding{
			State: rapid.SampledFrom([]string{"associated", "associating", "disassociating", "?"}).Draw(t, "binding")})
		role := estate.Role{Name: iamRole, ARN: iamRoleARN, Trust: rapid.SampledFrom(trusts).Draw(t, "trust")}
		if rapid.Bool().Draw(t, "bounded") {
			role.BoundaryARN = iamBoundary
			iamKnown(e, estate.BoundaryPart, iamBoundary, estate.PolicyText{Name: "Boundary", JSON: rapid.SampledFrom(texts).Draw(t, "boundary")})
		}
		iamKnown(e, estate.RolePart, iamRole, role)
		iamPolicies(e, rapid.SliceOfN(rapid.SampledFrom(texts), 0, 2).Draw(t, "policies")...)
		pick("host", none, func() { iamHostOn(e) }, func() { iamHostOn(e); iamAbsent(e, estate.RolePart, iamHostRole) },
			func() {
				iamHostOn(e)
				iamKnown(e, estate.RolePart, iamHostRole, estate.Role{Name: iamHostRole, Trust: rapid.SampledFrom(trusts).Draw(t, "host trust")})
			})
		pick("node", none,
			func() {
				iamAbsent(e, estate.ManagedNodePart, iamInstance)
				iamKnown(e, estate.ImagePart, "ami-1", estate.Image{ID: "ami-1", Created: iamNow().AddDate(-rapid.IntRange(0, 6).Draw(t, "age"), 0, 0)})
			},
			func() {
				iamKnown(e, estate.ManagedNodePart, iamInstance, estate.ManagedNode{PingStatus: rapid.SampledFrom([]string{"Online", "ConnectionLost"}).Draw(t, "ping"),
					LastPing: iamNow().Add(-time.Minute * time.Duration(rapid.IntRange(0, 30).Draw(t, "minutes"))), AgentVersion: "3.1.0.0"})
			})
		iamKnown(e, estate.ConnectionPart, iamInstance, estate.Connection{Status: rapid.SampledFrom([]string{"connected", "notconnected", "?"}).Draw(t, "connection")})

		poorer := e.Clone()
		for _, k := range e.Keys() {
			if rapid.IntRange(0, 3).Draw(t, "lose "+k.String()) > 0 {
				continue
			}
			kind, _ := estate.Lookup(k.Kind)
			iamDeny(poorer, kind, k.ID)
		}
		for _, p := range append(iamProbes(), ssmProbes()...) {
			before, after := iamJudge(t, e, p.ID), iamJudge(t, poorer, p.ID)
			if after.Outcome != before.Outcome && after.Outcome != Unknown {
				t.Fatalf("%s: %s became %s (%q, %q)", p.ID, before.Outcome, after.Outcome, before.Say.En, after.Say.En)
			}
			for _, f := range after.Findings {
				if !slices.ContainsFunc(before.Findings, func(b finding.Finding) bool { return b.ID() == f.ID() }) {
					t.Fatalf("%s: %s appeared", p.ID, f.ID())
				}
			}
		}
	})
}

// TestIdentityIsAskedForEarly: a walk over an instance with a profile needs no more
// rounds of requests than the chain instance → profile → role and policies → boundary.
func TestIdentityIsAskedForEarly(t *testing.T) {
	full := iamEstate()
	iamBounded(full, iamNotAction)
	e := estate.New(full.Target, full.AsOf)
	var rounds [][]string
	for {
		wanted := map[estate.Key]bool{}
		for _, p := range iamProbes() {
			view := estate.NewView(e)
			p.Judge(view)
			for _, k := range view.Wanted() {
				wanted[k] = true
			}
		}
		if len(wanted) == 0 {
			break
		}
		var round []string
		for k := range wanted {
			f, ok := full.Fact(k)
			if !ok {
				t.Fatalf("asks for %s", k)
			}
			e.Put(estate.Part{Key: k, Fact: f})
			round = append(round, k.Kind)
		}
		slices.Sort(round)
		rounds = append(rounds, round)
	}
	want := [][]string{{"host-management", "instance"}, {"instance-profile", "profile-association"}, {"role", "role-policies"}, {"policy"}}
	if d := cmp.Diff(want, rounds); d != "" {
		t.Error(d)
	}
}

// BenchmarkPermissions judges a role with the number of policies that AWS allows by
// default, each of a usual length.
func BenchmarkPermissions(b *testing.B) {
	e := iamEstate()
	texts := []string{iamMinimum}
	for len(texts) < 10 {
		var statements []string
		for range 12 {
			statements = append(statements, `{"Effect":"Allow","Action":["s3:GetObject","s3:Put*","logs:*","kms:Decrypt"],"Resource":["arn:aws:s3:::bucket/*","arn:aws:logs:*:*:*"],"Condition":{"StringEquals":{"aws:SourceVpc":"vpc-1"}}}`)
		}
		texts = append(texts, `{"Version":"2012-10-17","Statement":[`+strings.Join(statements, ",")+`]}`)
	}
	iamPolicies(e, texts...)
	b.ReportAllocs()
	for b.Loop() {
		judgePermissions(estate.NewView(e))
	}
}
