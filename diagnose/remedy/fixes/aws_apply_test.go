package fixes_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/monshin/monshin/diagnose/cloud"
	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lab"
	"github.com/monshin/monshin/diagnose/remedy"
)

// kept holds the entries of a run in memory.
type kept struct{ kinds []string }

func (l *kept) Append(kind string, body any) error {
	if _, err := json.Marshal(body); err != nil {
		return err
	}
	l.kinds = append(l.kinds, kind)
	return nil
}

// A plan that is carried out in a simulated account removes its finding there, and
// taking it back leaves every part as it was.
func TestFixesHoldInTheAccount(t *testing.T) {
	for _, c := range []struct {
		scenario string
		code     finding.Code
		fix      string
		meddle   func(*lab.World)
	}{
		{"healthy", finding.IAMProfileEmpty, "iam.fill-profile", func(w *lab.World) { w.Profiles[appRole].Role = "" }},
		{"healthy", finding.IAMTrustDeniesEC2, "iam.repair-trust", func(w *lab.World) {
			w.Roles[appRole].Trust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
		}},
		{"healthy", finding.IMDSDisabled, "imds.enable", func(w *lab.World) {
			for _, i := range w.Instances {
				i.MetadataOff = true
			}
		}},
		{"healthy", finding.EndpointPolicyBlocks, "endpoint.repair-policy", func(w *lab.World) {
			for _, e := range w.Endpoints {
				if strings.HasSuffix(e.Service, ".ssm") {
					e.Policy = `{"Version":"2008-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*"}]}`
				}
			}
		}},
		{"healthy", finding.DNSDHCPOptionsNone, "dns.amazon-dns", func(w *lab.World) {
			for _, v := range w.VPCs {
				v.DHCP = "default"
			}
		}},
		{"healthy-resolver-rule", finding.DNSResolverRuleStale, "dns.update-rule", func(w *lab.World) {
			for _, r := range w.ResolverRules {
				r.Targets = []string{"10.9.9.9"}
			}
		}},
		{"healthy-resolver-rule", finding.DNSMixedServers, "dns.amazon-dns", func(w *lab.World) {
			for _, o := range w.DHCPOptions {
				o.DNS = []string{"10.20.20.10", "AmazonProvidedDNS"}
			}
		}},
		{"office-terminates", finding.LicenseRoleMissing, "license.create-role", func(w *lab.World) {
			delete(w.Roles, "AWSServiceRoleForAWSLicenseManagerUserSubscriptionsService")
		}},
		{"office-user-missing", finding.LicenseUserNotAssociated, "license.associate-user", func(w *lab.World) {
			sub := *w.Subscriptions[0]
			sub.User, sub.Product = "tanaka", "OFFICE_PROFESSIONAL_PLUS"
			w.Subscriptions = append(w.Subscriptions, &sub)
		}},
		{"no-role", finding.IAMProfileMissing, "iam.attach-profile", nil},
		{"no-role", finding.IAMProfileMissing, "iam.create-profile", nil},
		{"role-without-policy", finding.IAMPermissionMissing, "iam.attach-policy", nil},
		{"no-endpoint", finding.EndpointMissing, "endpoint.create", nil},
		{"endpoint-sg", finding.EndpointSGBlocks, "endpoint.allow-ingress", nil},
		{"sg-egress", finding.NetworkSGEgressBlocks, "network.allow-egress", nil},
		{"nacl-return", finding.NetworkNACLBlocksReturn, "network.open-acl", nil},
		{"private-dns-off", finding.EndpointPrivateDNSOff, "endpoint.enable-private-dns", nil},
		{"dns-support-off", finding.DNSVPCSupportOff, "dns.enable-support", nil},
		{"office-terminates", finding.DNSADDomainUnresolvable, "dns.resolver-rule", nil},
		{"office-terminates", finding.DNSADDomainUnresolvable, "dns.dhcp-options", nil},
		{"office-dc-elsewhere", finding.DNSADDomainUnresolvable, "dns.resolver-rule", nil},
		{"office-1688", finding.LicensePort1688Blocked, "license.open-1688", nil},
		{"office-user-missing", finding.LicenseUserNotSubscribed, "license.subscribe-user", nil},
		{"dns-forwarder-missing", finding.DNSAWSNamesNotForwarded, "dns.amazon-dns", nil},
		{"many-causes", finding.EndpointMissing, "endpoint.create", nil},
		{"many-causes", finding.NetworkNACLBlocksReturn, "network.open-acl", nil},
	} {
		t.Run(c.scenario+"/"+c.fix, func(t *testing.T) {
			t.Parallel()
			s, ok := lab.Find(c.scenario)
			if !ok {
				t.Skipf("there is no scenario %s", c.scenario)
			}
			l, err := lab.Open(c.scenario, lab.Options{})
			if err != nil {
				t.Fatal(err)
			}
			symptom := s.Symptom
			if c.meddle != nil {
				if err := l.Meddle(c.meddle); err != nil {
					t.Fatal(err)
				}
				// The server notices: a heartbeat that is fresh speaks against every finding.
				if err := l.Advance(2 * time.Hour); err != nil {
					t.Fatal(err)
				}
			}
			p := walkedAs(t, l, s, symptom)
			w := p.finding(t, c.code)
			d := p.make(t, theFix(t, c.fix), w.Finding)
			if d.Plan == nil {
				t.Fatalf("no plan: %+v", d)
			}
			keys := d.Plan.Keys()
			before := contents(t, p, keys)

			r := &remedy.Runner{
				Caller: cloud.NewCaller(l.Config(), cloud.CallerOptions{Target: p.estate.Target, Now: l.Now, Sleep: l.Sleep}),
				Reader: p.source, Ledger: &kept{}, Now: l.Now, Sleep: l.Sleep,
			}
			run, err := r.Start("1", remedy.Planned{Plan: *d.Plan}, remedy.Approval{Hash: d.Plan.Hash(), Typed: d.Plan.Typed})
			if err != nil {
				t.Fatal(err)
			}
			if err := r.Apply(t.Context(), run); err != nil {
				t.Fatal(err)
			}
			if err := l.Advance(d.Plan.Settle); err != nil {
				t.Fatal(err)
			}
			then := walkedAs(t, l, s, symptom)
			for _, x := range then.found.Findings {
				if x.ID() == w.ID() && x.Root {
					t.Errorf("%s is still there after %s", x.ID(), c.fix)
				}
			}
			if slices.Equal(contents(t, p, keys), before) {
				t.Errorf("%s changed nothing of %v", c.fix, keys)
			}
			if !d.Plan.Undoable() {
				return // it says so before
			}
			if err := r.Undo(t.Context(), run, ""); err != nil {
				t.Fatal(err)
			}
			if len(run.Undone.Rest) > 0 {
				t.Errorf("what is left: %+v", run.Undone.Rest)
			}
			if diff := cmp.Diff(before, contents(t, p, keys)); diff != "" {
				t.Errorf("after the way back: %s", diff)
			}
		})
	}
}

// contents reads parts afresh and writes them as text, lists in order.
func contents(t *testing.T, p *patientFile, keys []estate.Key) []string {
	t.Helper()
	facts, err := p.source.Read(t.Context(), keys)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, k := range keys {
		b, err := json.Marshal(facts[k])
		if err != nil {
			t.Fatal(err)
		}
		var whole struct {
			State string
			Value any
		}
		if err := json.Unmarshal(b, &whole); err != nil {
			t.Fatal(err)
		}
		if rows, ok := whole.Value.([]any); ok && (k.Kind == estate.SubscriptionsPart.Name() || k.Kind == estate.AssociationsPart.Name()) {
			// License Manager keeps the row of what was stopped.
			whole.Value = slices.DeleteFunc(rows, func(r any) bool {
				m, _ := r.(map[string]any)
				return m["status"] == "UNSUBSCRIBED" || m["status"] == "DISASSOCIATED"
			})
		}
		b, err = json.MarshalIndent(ordered(whole.Value), "", " ")
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, k.String()+" "+whole.State+" "+string(b))
	}
	return out
}

func ordered(v any) any {
	switch v := v.(type) {
	case []any:
		out := slices.Clone(v)
		for i := range out {
			out[i] = ordered(out[i])
		}
		slices.SortFunc(out, func(a, b any) int {
			x, _ := json.Marshal(a)
			y, _ := json.Marshal(b)
			return slices.Compare(x, y)
		})
		return out
	case map[string]any:
		for k := range v {
			v[k] = ordered(v[k])
		}
	}
	return v
}
