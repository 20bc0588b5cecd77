package fixes_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/remedy"
)

func origin() fact.Origin { return fact.Origin{Source: fact.API} }

// alter changes a part that the walk collected.
func alter[T any](t *testing.T, p *patientFile, k estate.Kind[T], id string, turn func(T) T) {
	t.Helper()
	f := k.Of(estate.NewView(p.estate), id)
	if !f.IsKnown() {
		t.Fatalf("%s is %v", k.Key(id), f.State())
	}
	p.estate.Put(k.Part(id, fact.Known(turn(f.Value()), f.Origin())))
}

func absent[T any](p *patientFile, k estate.Kind[T], id string) {
	p.estate.Put(k.Part(id, fact.Absent[T](origin())))
}

func value[T any](t *testing.T, p *patientFile, k estate.Kind[T], id string) T {
	t.Helper()
	v, ok := k.Of(estate.NewView(p.estate), id).Get()
	if !ok {
		t.Fatalf("%s is not known", k.Key(id))
	}
	return v
}

// patient is the instance of a scenario.
func (p *patientFile) patient(t *testing.T) estate.Instance {
	return value(t, p, estate.InstancePart, p.estate.Target.InstanceID)
}

// offline takes the registration away, so that nothing speaks against a finding.
func (p *patientFile) offline() {
	absent(p, estate.ManagedNodePart, p.estate.Target.InstanceID)
	absent(p, estate.ConnectionPart, p.estate.Target.InstanceID)
}

const appRole = "app-server-role"

// Accounts in which something else is wrong than in any scenario.
func TestFixesRepairWhatWasChanged(t *testing.T) {
	for _, c := range []struct {
		name, scenario string
		change         func(*testing.T, *patientFile)
		code           finding.Code
		fix            string
		check          func(*testing.T, *patientFile, remedy.Draft)
	}{
		{
			name: "a profile without its role", scenario: "healthy", code: finding.IAMProfileEmpty, fix: "iam.fill-profile",
			change: func(t *testing.T, p *patientFile) {
				alter(t, p, estate.InstanceProfilePart, appRole, func(x estate.InstanceProfile) estate.InstanceProfile { x.Role, x.RoleARN = "", ""; return x })
			},
			check: func(t *testing.T, p *patientFile, d remedy.Draft) {
				if len(d.Plan.Steps) != 1 || d.Plan.Steps[0].Call.Input["RoleName"] != appRole {
					t.Errorf("steps: %+v", d.Plan.Steps)
				}
			},
		},
		{
			name: "a profile whose role is gone as well", scenario: "healthy", code: finding.IAMProfileEmpty, fix: "iam.fill-profile",
			change: func(t *testing.T, p *patientFile) {
				alter(t, p, estate.InstanceProfilePart, appRole, func(x estate.InstanceProfile) estate.InstanceProfile { x.Role, x.RoleARN = "", ""; return x })
				absent(p, estate.RolePart, appRole)
			},
		},
		{
			name: "a profile that was made again", scenario: "healthy", code: finding.IAMProfileStale, fix: "iam.replace-profile",
			change: func(t *testing.T, p *patientFile) {
				alter(t, p, estate.InstancePart, p.patient(t).ID, func(i estate.Instance) estate.Instance { i.ProfileID = "AIPAOLD"; return i })
			},
			check: func(t *testing.T, p *patientFile, d remedy.Draft) {
				if d.Plan.Undoable() || !slices.Contains(d.Plan.Risks, remedy.NotUndoable) {
					t.Error("a deleted profile cannot be attached again, and the plan does not say so")
				}
			},
		},
		{
			name: "a profile that was deleted", scenario: "healthy", code: finding.IAMProfileStale, fix: "iam.attach-profile",
			change: func(t *testing.T, p *patientFile) { absent(p, estate.InstanceProfilePart, appRole) },
		},
		{
			name: "a trust policy for another service", scenario: "healthy", code: finding.IAMTrustDeniesEC2, fix: "iam.repair-trust",
			change: func(t *testing.T, p *patientFile) {
				alter(t, p, estate.RolePart, appRole, func(r estate.Role) estate.Role {
					r.Trust = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}}`
					return r
				})
			},
			check: func(t *testing.T, p *patientFile, d remedy.Draft) {
				after := value(t, &patientFile{estate: d.After}, estate.RolePart, appRole).Trust
				want := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"},{"Action":"sts:AssumeRole","Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"}}]}`
				if after != want || d.Plan.Steps[0].Diff == nil {
					t.Errorf("trust policy %s", after)
				}
			},
		},
		{
			name: "no metadata service", scenario: "healthy", code: finding.IMDSDisabled, fix: "imds.enable",
			change: func(t *testing.T, p *patientFile) {
				alter(t, p, estate.InstancePart, p.patient(t).ID, func(i estate.Instance) estate.Instance { i.Metadata.Endpoint = "disabled"; return i })
			},
			check: func(t *testing.T, p *patientFile, d remedy.Draft) {
				if _, touched := d.Plan.Steps[0].Call.Input["HttpTokens"]; touched {
					t.Error("HttpTokens is touched")
				}
			},
		},
		{
			name: "an endpoint policy for something else", scenario: "healthy", code: finding.EndpointPolicyBlocks, fix: "endpoint.repair-policy",
			change: func(t *testing.T, p *patientFile) {
				endpointPolicy(t, p, `{"Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*"}]}`)
			},
		},
		{
			name: "a deny for requests", scenario: "healthy", code: finding.NetworkNACLBlocksRequest, fix: "network.open-acl",
			change: func(t *testing.T, p *patientFile) {
				acl(t, p, estate.NetworkACLEntry{Number: 90, Egress: true, Protocol: "6", CIDR4: "10.20.0.0/16", FromPort: 0, ToPort: 65535},
					estate.NetworkACLEntry{Number: 89, Egress: true, Allow: true, Protocol: "17", CIDR4: "0.0.0.0/0", FromPort: 0, ToPort: 65535})
			},
			check: func(t *testing.T, p *patientFile, d remedy.Draft) {
				for _, s := range d.Plan.Steps {
					if n := s.Call.Input["RuleNumber"].(int); n >= 90 || n == 89 {
						t.Errorf("rule number %d", n)
					}
				}
			},
		},
		{
			name: "a rule to servers that are gone", scenario: "healthy-resolver-rule", code: finding.DNSResolverRuleStale, fix: "dns.update-rule",
			change: func(t *testing.T, p *patientFile) {
				alter(t, p, estate.ResolverRulesPart, "", func(list []estate.ResolverRule) []estate.ResolverRule {
					out := slices.Clone(list)
					for i := range out {
						if strings.HasPrefix(out[i].Domain, "corp.") {
							out[i].Targets = []string{"10.9.9.9:53"}
						}
					}
					return out
				})
			},
		},
		{
			name: "no option set", scenario: "healthy", code: finding.DNSDHCPOptionsNone, fix: "dns.amazon-dns",
			change: func(t *testing.T, p *patientFile) {
				alter(t, p, estate.VPCPart, p.patient(t).VPC, func(v estate.VPC) estate.VPC { v.DHCP = "default"; return v })
			},
			check: func(t *testing.T, p *patientFile, d remedy.Draft) {
				last := d.Plan.Steps[len(d.Plan.Steps)-1]
				if last.Undo.Input["DhcpOptionsId"] != "default" || !slices.ContainsFunc(d.Plan.Warnings, func(w lang.Text) bool { return strings.Contains(w.En, "no option set") }) {
					t.Errorf("the way back to no option set: %+v", last.Undo)
				}
			},
		},
		{
			name: "servers mixed", scenario: "healthy-resolver-rule", code: finding.DNSMixedServers, fix: "dns.amazon-dns",
			change: func(t *testing.T, p *patientFile) { handOut(t, p, "10.20.20.10", "AmazonProvidedDNS") },
			check: func(t *testing.T, p *patientFile, d remedy.Draft) {
				if len(d.Plan.Steps) != 2 {
					t.Errorf("the rule is there, and the plan has %d steps", len(d.Plan.Steps))
				}
				if got := d.Plan.Steps[1].Undo.Input["DhcpOptionsId"]; got == "default" || !strings.HasPrefix(got.(string), "dopt-") {
					t.Errorf("the way back leads to %v", got)
				}
			},
		},
		{
			name: "servers mixed, and the directory beside", scenario: "healthy-resolver-rule", code: finding.DNSMixedServers, fix: "dns.dhcp-options",
			change: func(t *testing.T, p *patientFile) { handOut(t, p, "10.20.20.10", "AmazonProvidedDNS") },
		},
		{
			name: "no service-linked role", scenario: "office-terminates", code: finding.LicenseRoleMissing, fix: "license.create-role",
			change: func(t *testing.T, p *patientFile) {
				absent(p, estate.RolePart, "AWSServiceRoleForAWSLicenseManagerUserSubscriptionsService")
			},
			check: func(t *testing.T, p *patientFile, d remedy.Draft) {
				if d.Plan.Undoable() || !d.Plan.Steps[0].NoUndo.Complete() {
					t.Error("IAM keeps the role while directories are registered, and the plan does not say so")
				}
			},
		},
		{
			name: "no service-linked role, and no directory yet", scenario: "office-terminates", code: finding.LicenseRoleMissing, fix: "license.create-role",
			change: func(t *testing.T, p *patientFile) {
				absent(p, estate.RolePart, "AWSServiceRoleForAWSLicenseManagerUserSubscriptionsService")
				alter(t, p, estate.IdentityProvidersPart, "", func([]estate.IdentityProvider) []estate.IdentityProvider { return nil })
			},
			check: func(t *testing.T, p *patientFile, d remedy.Draft) {
				if !d.Plan.Undoable() {
					t.Error("nothing is in the way of taking the role back")
				}
			},
		},
		{
			name: "no remote desktop licence", scenario: "office-user-missing", code: finding.LicenseRDSLicenseMissing, fix: "license.subscribe-user",
			change: func(t *testing.T, p *patientFile) {
				subscriptions(t, p, estate.UserSubscription{User: "tanaka", Product: "OFFICE_PROFESSIONAL_PLUS", Status: "SUBSCRIBED"})
			},
		},
		{
			name: "a subscription that ended", scenario: "office-user-missing", code: finding.LicenseUserNotSubscribed, fix: "license.subscribe-user",
			change: func(t *testing.T, p *patientFile) {
				subscriptions(t, p, estate.UserSubscription{User: "tanaka", Product: "OFFICE_PROFESSIONAL_PLUS", Status: "UNSUBSCRIBED"})
			},
			check: func(t *testing.T, p *patientFile, d remedy.Draft) {
				if len(d.Plan.Steps) != 2 || len(d.Plan.Costs) != 2 {
					t.Errorf("both the product and the remote desktop licence are missing: %d steps, %d costs", len(d.Plan.Steps), len(d.Plan.Costs))
				}
			},
		},
		{
			name: "a user who is only not associated", scenario: "office-user-missing", code: finding.LicenseUserNotAssociated, fix: "license.associate-user",
			change: func(t *testing.T, p *patientFile) {
				subscriptions(t, p, estate.UserSubscription{User: "tanaka", Product: "OFFICE_PROFESSIONAL_PLUS", Status: "SUBSCRIBED"},
					estate.UserSubscription{User: "tanaka", Product: "REMOTE_DESKTOP_SERVICES", Status: "SUBSCRIBED"})
			},
		},
		{
			name: "1688 closed everywhere", scenario: "office-1688", code: finding.LicensePort1688Blocked, fix: "license.open-1688",
			change: func(t *testing.T, p *patientFile) {
				i := p.launched(t)
				for _, g := range i.Groups {
					alter(t, p, estate.SecurityGroupPart, g, func(g estate.SecurityGroup) estate.SecurityGroup {
						g.Rules = slices.DeleteFunc(slices.Clone(g.Rules), func(r estate.SecurityGroupRule) bool { return r.Egress })
						return g
					})
				}
			},
			check: func(t *testing.T, p *patientFile, d remedy.Draft) {
				seen := map[string]bool{}
				for _, s := range d.Plan.Steps {
					seen[s.Call.Operation] = true
				}
				if !seen["ec2:AuthorizeSecurityGroupEgress"] || !seen["ec2:AuthorizeSecurityGroupIngress"] {
					t.Errorf("not both ends: %v", seen)
				}
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := walked(t, c.scenario)
			if !strings.HasPrefix(c.scenario, "office") && !strings.HasPrefix(string(c.code), "license") {
				p.offline()
			}
			c.change(t, p)
			p.judge(t)
			d := p.repairs(t, c.fix, c.code)
			if c.check != nil && d.Plan != nil {
				c.check(t, p, d)
			}
		})
	}
}

// Accounts in which a fix must not be offered.
func TestFixesRefuse(t *testing.T) {
	other := func(t *testing.T, p *patientFile) {
		alter(t, p, estate.DirectoriesPart, "", func(list []estate.Directory) []estate.Directory {
			out := slices.Clone(list)
			for i := range out {
				out[i].VPC, out[i].Subnets, out[i].Group = "vpc-0e15e0000000000aa", nil, ""
			}
			return out
		})
	}
	for _, c := range []struct {
		name, scenario string
		change         func(*testing.T, *patientFile)
		code           finding.Code
		fix            string
		danger         bool
	}{
		{"the directory's DNS of another VPC breaks the endpoints' names", "office-terminates", other, finding.DNSADDomainUnresolvable, "dns.dhcp-options", true},
		{"and so it does where the account is made like that", "office-dc-elsewhere", func(*testing.T, *patientFile) {}, finding.DNSADDomainUnresolvable, "dns.dhcp-options", true},
		{"an explicit deny in the trust policy", "healthy", func(t *testing.T, p *patientFile) {
			alter(t, p, estate.RolePart, appRole, func(r estate.Role) estate.Role {
				r.Trust = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
				return r
			})
		}, finding.IAMTrustDeniesEC2, "iam.repair-trust", false},
		{"an explicit deny in the endpoint's policy", "healthy", func(t *testing.T, p *patientFile) {
			endpointPolicy(t, p, `{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"},{"Effect":"Deny","Principal":"*","Action":"ssm*:*","Resource":"*"}]}`)
		}, finding.EndpointPolicyBlocks, "endpoint.repair-policy", false},
		{"no free number before a deny", "healthy", func(t *testing.T, p *patientFile) {
			acl(t, p, estate.NetworkACLEntry{Number: 1, Egress: true, Protocol: "-1", CIDR4: "0.0.0.0/0", ToPort: 65535})
		}, finding.NetworkNACLBlocksRequest, "network.open-acl", false},
		{"a VPC of another account", "no-endpoint", func(t *testing.T, p *patientFile) {
			alter(t, p, estate.VPCPart, p.patient(t).VPC, func(v estate.VPC) estate.VPC { v.OwnerID = "999988887777"; return v })
		}, finding.EndpointMissing, "endpoint.create", false},
		{"what could not be read", "no-endpoint", func(t *testing.T, p *patientFile) {
			vpc := p.patient(t).VPC
			p.estate.Put(estate.VPCDNSPart.Unknown(vpc, fact.Why{Reason: fact.Denied, Action: "ec2:DescribeVpcAttribute"}))
		}, finding.EndpointMissing, "endpoint.create", false},
		{"nobody else has a profile", "no-role", func(t *testing.T, p *patientFile) {
			alter(t, p, estate.NeighboursPart, p.patient(t).VPC, func(x estate.Peers) estate.Peers { x.Peers = nil; return x })
		}, finding.IAMProfileMissing, "iam.attach-profile", false},
		{"not subscribed yet", "office-user-missing", func(*testing.T, *patientFile) {}, finding.LicenseUserNotAssociated, "license.associate-user", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := walked(t, c.scenario)
			if c.scenario == "healthy" {
				p.offline()
			}
			found := p.found
			c.change(t, p)
			p.judge(t)
			if c.scenario == "no-endpoint" || c.scenario == "no-role" {
				p.found = found // the finding is from before somebody changed it
			}
			p.refuses(t, c.fix, c.code, c.danger)
		})
	}
}

func endpointPolicy(t *testing.T, p *patientFile, text string) {
	t.Helper()
	alter(t, p, estate.EndpointsPart, p.patient(t).VPC, func(list []estate.Endpoint) []estate.Endpoint {
		out := slices.Clone(list)
		for i := range out {
			if strings.HasSuffix(out[i].Service, ".ssm") {
				out[i].Policy = text
			}
		}
		return out
	})
}

// acl gives the patient's subnet a network ACL that lets everything through but for
// some entries.
func acl(t *testing.T, p *patientFile, entries ...estate.NetworkACLEntry) {
	t.Helper()
	i := p.patient(t)
	alter(t, p, estate.NetworkACLsPart, i.VPC, func(list []estate.NetworkACL) []estate.NetworkACL {
		out := slices.Clone(list)
		for n := range out {
			out[n].Subnets = slices.DeleteFunc(slices.Clone(out[n].Subnets), func(s string) bool { return s == i.Subnet })
		}
		all := func(egress bool) []estate.NetworkACLEntry {
			return []estate.NetworkACLEntry{
				{Number: 100, Egress: egress, Allow: true, Protocol: "-1", CIDR4: "0.0.0.0/0", ToPort: 65535},
				{Number: 32767, Egress: egress, Protocol: "-1", CIDR4: "0.0.0.0/0", ToPort: 65535},
			}
		}
		return append(out, estate.NetworkACL{ID: "acl-0123456789abcdef0", Subnets: []string{i.Subnet}, Entries: slices.Concat(all(true), all(false), entries)})
	})
}

func handOut(t *testing.T, p *patientFile, servers ...string) {
	t.Helper()
	set := value(t, p, estate.VPCPart, p.patient(t).VPC).DHCP
	alter(t, p, estate.DHCPOptionsPart, set, func(o estate.DHCPOptions) estate.DHCPOptions { o.DNSServers = servers; return o })
}

// subscriptions replaces what License Manager has of tanaka.
func subscriptions(t *testing.T, p *patientFile, rows ...estate.UserSubscription) {
	t.Helper()
	directory := value(t, p, estate.DirectoriesPart, "")[0].ID
	alter(t, p, estate.SubscriptionsPart, directory, func(list []estate.UserSubscription) []estate.UserSubscription {
		kept := slices.DeleteFunc(slices.Clone(list), func(s estate.UserSubscription) bool { return s.User == "tanaka" })
		return append(kept, rows...)
	})
}

// launched is the patient of a post-mortem, as CloudTrail remembers its launch.
func (p *patientFile) launched(t *testing.T) estate.Instance {
	t.Helper()
	i, ok := p.found.Instance.Get()
	if !ok {
		t.Fatal("no patient")
	}
	return i
}
