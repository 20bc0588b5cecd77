package probe

import (
	"fmt"
	"slices"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
)

// lmCase is one estate with what one probe must say of it.
type lmCase struct {
	name  string
	probe string
	make  func(*estate.Estate)
	// want is the outcome, then the reasons of unknown or the findings as
	// "code@subject certainty".
	want []string
}

// lmCases are the cases of every judgement that is tried on this account.
func lmCases() []lmCase {
	return slices.Concat(licenseCases(), machineCases(), insideCases(), activationCases(), doubtfulCases())
}

func licenseCases() []lmCase {
	ok := []string{"ok"}
	na := []string{"not-applicable"}
	is := func(p patientEdit) func(*estate.Estate) {
		return func(e *estate.Estate) { lmChange(e, estate.InstancePart, lmInstance, p) }
	}
	notLicensed := is(func(i *estate.Instance) { i.ProductCodes, i.Tags = nil, nil })
	return []lmCase{
		{"office", "license.product", nil, ok},
		{"by tag alone", "license.product", is(func(i *estate.Instance) { i.ProductCodes = nil }), ok},
		{"another product", "license.product", is(func(i *estate.Instance) {
			i.Tags, i.ProductCodes = nil, []estate.ProductCode{{ID: "aw0evgkw8e5c1q413zgy5pjce"}}
		}), na},
		{"unmapped code", "license.product", is(func(i *estate.Instance) { i.ProductCodes[0].ID = "a8jthu9h8pjsn4b8ylvfl6sfr" }), ok},
		{"plain Windows", "license.product", notLicensed, na},
		{"no row", "license.product", func(e *estate.Estate) { lmDeny(e, estate.InstancePart.Key(lmInstance)) }, []string{"unknown", "denied"}},
		{"dead, no code in the event, touched by the role", "license.product", func(e *estate.Estate) {
			lmDead(e)
			lmChange(e, estate.TrailPart, "ResourceName="+lmInstance, func(t *estate.Trail) { t.Events[0].Launch.ProductCodes = nil })
		}, ok},
		{"dead, never touched", "license.product", func(e *estate.Estate) {
			lmDead(e)
			lmChange(e, estate.TrailPart, "ResourceName="+lmInstance, func(t *estate.Trail) {
				t.Events = t.Events[:1]
				t.Events[0].Launch.ProductCodes = nil
			})
		}, na},
		{"dead, the trail cut", "license.product", func(e *estate.Estate) {
			lmDead(e)
			lmChange(e, estate.TrailPart, "ResourceName="+lmInstance, func(t *estate.Trail) {
				t.Events, t.Complete = t.Events[:1], false
				t.Events[0].Launch.ProductCodes = nil
			})
		}, []string{"unknown", "not-recorded"}},

		{"role", "license.role", nil, ok},
		{"no role", "license.role", func(e *estate.Estate) { lmAbsent(e, estate.RolePart, lmRole) }, []string{"problem", "license.role-missing@" + lmRole + " proven"}},
		{"no role now, dead before", "license.role", func(e *estate.Estate) {
			lmDead(e)
			lmAbsent(e, estate.RolePart, lmRole)
		}, []string{"problem", "license.role-missing@" + lmRole + " likely"}},
		{"role denied", "license.role", func(e *estate.Estate) { lmDeny(e, estate.RolePart.Key(lmRole)) }, []string{"unknown", "denied"}},

		{"provider", "license.provider", nil, ok},
		{"no provider", "license.provider", func(e *estate.Estate) { lmPut(e, estate.IdentityProvidersPart, "", []estate.IdentityProvider{}) },
			[]string{"problem", "license.provider-not-registered@OFFICE_PROFESSIONAL_PLUS proven"}},
		{"provider for RDS alone", "license.provider", func(e *estate.Estate) {
			lmPut(e, estate.IdentityProvidersPart, "", []estate.IdentityProvider{lmProvider(lmDirectory, remoteDesktop)})
		}, []string{"problem", "license.provider-not-registered@OFFICE_PROFESSIONAL_PLUS proven"}},
		{"provider taken back", "license.provider", func(e *estate.Estate) {
			lmChange(e, estate.IdentityProvidersPart, "", func(p *[]estate.IdentityProvider) { (*p)[0].Status = "DEREGISTERED" })
		}, []string{"problem", "license.provider-not-registered@OFFICE_PROFESSIONAL_PLUS proven"}},
		{"provider failed", "license.provider", func(e *estate.Estate) {
			lmChange(e, estate.IdentityProvidersPart, "", func(p *[]estate.IdentityProvider) {
				(*p)[0].Status, (*p)[0].Failure = "REGISTRATION_FAILED", "The subnet has no free address."
			})
		}, []string{"problem", "license.provider-not-registered@" + lmDirectory + " proven"}},
		{"provider in a state unheard of", "license.provider", func(e *estate.Estate) {
			lmChange(e, estate.IdentityProvidersPart, "", func(p *[]estate.IdentityProvider) { (*p)[0].Status = "CONFIGURING" })
		}, []string{"unknown", "not-modelled"}},
		{"provider without settings", "license.provider", func(e *estate.Estate) {
			lmChange(e, estate.IdentityProvidersPart, "", func(p *[]estate.IdentityProvider) { (*p)[0].SecurityGroup, (*p)[0].Subnets = "", nil })
		}, []string{"problem", "license.provider-not-registered@" + lmDirectory + " proven"}},
		{"provider denied", "license.provider", func(e *estate.Estate) { lmDeny(e, estate.IdentityProvidersPart.Key("")) }, []string{"unknown", "denied"}},
		{"not asked of others", "license.provider", func(e *estate.Estate) {
			notLicensed(e)
			e.Remove(estate.IdentityProvidersPart.Key(""))
		}, na},

		{"directory in the VPC", "license.directory", nil, ok},
		{"directory in one peered VPC", "license.directory", lmPeered("vpc-ad"), ok},
		{"directory behind nothing", "license.directory", lmPeered(), []string{"problem", "license.directory-unreachable@" + lmVPC + " proven"}},
		{"directory behind a dead peering", "license.directory", func(e *estate.Estate) {
			lmPeered("vpc-ad")(e)
			lmChange(e, estate.PeeringsPart, lmVPC, func(p *[]estate.Peering) { (*p)[0].Status = "expired" })
		}, []string{"problem", "license.directory-unreachable@" + lmVPC + " proven"}},
		{"directory's VPC not visible", "license.directory", func(e *estate.Estate) {
			lmPeered("vpc-ad")(e)
			lmChange(e, estate.DirectoriesPart, "", func(d *[]estate.Directory) { (*d)[0].VPC = "" })
			lmPut(e, estate.LicenseInterfacesPart, "", []estate.Interface{})
		}, []string{"unknown", "not-visible"}},
		{"two peered directories", "license.directory", lmTwoDirectories, []string{"problem", "license.directory-ambiguous@" + lmVPC + " proven"}},
		{"two peered directories, peerings denied", "license.directory", func(e *estate.Estate) {
			lmTwoDirectories(e)
			lmDeny(e, estate.PeeringsPart.Key(lmVPC))
		}, []string{"unknown", "denied"}},
		{"two peered directories, nothing of License Manager", "license.directory", func(e *estate.Estate) {
			lmTwoDirectories(e)
			lmDeny(e, estate.IdentityProvidersPart.Key(""), estate.LicensedInstancesPart.Key(""))
		}, []string{"unknown", "denied"}},
		{"none in reach, told by the interfaces", "license.directory", func(e *estate.Estate) {
			lmPeered()(e)
			lmDeny(e, estate.IdentityProvidersPart.Key(""), estate.LicensedInstancesPart.Key(""))
		}, []string{"problem", "license.directory-unreachable@" + lmVPC + " likely", "denied"}},
		{"in License Manager's words", "license.directory", func(e *estate.Estate) {
			lmDead(e)
			lmPut(e, estate.LicensedInstancesPart, "", []estate.LicensedInstance{{ID: lmInstance, Status: "TERMINATED",
				Message: "This instance's VPC is peered with multiple VPCs that each have a registered Active Directory."}})
		}, []string{"problem", "license.directory-ambiguous@" + lmVPC + " likely"}},
		{"good, but License Manager was not heard", "license.directory", func(e *estate.Estate) { lmDeny(e, estate.LicensedInstancesPart.Key("")) }, []string{"unknown", "denied"}},
		{"nothing registered", "license.directory", func(e *estate.Estate) {
			lmPut(e, estate.IdentityProvidersPart, "", []estate.IdentityProvider{})
			lmPut(e, estate.LicenseInterfacesPart, "", []estate.Interface{})
		}, []string{"unknown", "blocked-by"}},

		{"active", "ad.directory", nil, ok},
		{"impaired", "ad.directory", func(e *estate.Estate) {
			lmChange(e, estate.DirectoriesPart, "", func(d *[]estate.Directory) { (*d)[0].Stage = "Impaired" })
		}, []string{"problem", "ad.directory-not-active@" + lmDirectory + " proven"}},
		{"one controller impaired", "ad.directory", func(e *estate.Estate) {
			lmChange(e, estate.DomainControllersPart, lmDirectory, func(c *[]estate.DomainController) { (*c)[0].Status = "Impaired" })
		}, []string{"problem", "ad.directory-not-active@" + lmDirectory + " proven warning"}},
		{"updating", "ad.directory", func(e *estate.Estate) {
			lmChange(e, estate.DirectoriesPart, "", func(d *[]estate.Directory) { (*d)[0].Stage = "Updating" })
		}, []string{"unknown", "not-modelled"}},
		{"controllers denied", "ad.directory", func(e *estate.Estate) { lmDeny(e, estate.DomainControllersPart.Key(lmDirectory)) }, []string{"unknown", "denied"}},
		{"no domain is needed", "ad.directory", notLicensed, na},
		{"a domain that is stated", "ad.directory", func(e *estate.Estate) {
			notLicensed(e)
			e.Answers[estate.AnswerADDomain] = "CORP.example.local."
		}, ok},
		{"a stated domain, impaired", "ad.directory", func(e *estate.Estate) {
			notLicensed(e)
			e.Answers[estate.AnswerADDomain] = lmFQDN
			lmChange(e, estate.DirectoriesPart, "", func(d *[]estate.Directory) { (*d)[0].Stage = "Inoperable" })
		}, []string{"problem", "ad.directory-not-active@" + lmDirectory + " likely"}},
		{"a domain that is no directory of AWS", "ad.directory", func(e *estate.Estate) {
			notLicensed(e)
			e.Answers[estate.AnswerADDomain] = "onpremises.example"
		}, na},

		{"a domain that only the join error names, directories denied", "ad.directory", func(e *estate.Estate) {
			lmDead(e)
			lmJoinFailed(e)
			lmDeny(e, estate.IdentityProvidersPart.Key(""), estate.LicenseInterfacesPart.Key(""), estate.DirectoriesPart.Key(""))
		}, []string{"unknown", "denied"}},
		{"join", "ad.join", notAsked, []string{"unknown", "needs-guest"}},
		{"join of the stopped", "ad.join", is(func(i *estate.Instance) { i.State = "stopped" }), na},
		{"join of the dead", "ad.join", lmDead, na},
		{"join on Linux", "ad.join", is(func(i *estate.Instance) { i.Platform = "" }), na},
		{"service", "agent.service", notAsked, []string{"unknown", "needs-guest"}},
		{"service of the dead", "agent.service", lmDead, na},

		{"interfaces", "license.interfaces", nil, ok},
		{"one interface", "license.interfaces", func(e *estate.Estate) {
			lmChange(e, estate.LicenseInterfacesPart, "", func(i *[]estate.Interface) { *i = (*i)[:1] })
		}, []string{"problem", "license.interface-broken@" + lmDirectory + " likely"}},
		{"no interface, nothing of License Manager", "license.interfaces", func(e *estate.Estate) {
			lmPut(e, estate.LicenseInterfacesPart, "", []estate.Interface{})
			lmDeny(e, estate.IdentityProvidersPart.Key(""))
		}, []string{"unknown", "denied"}},
		{"an interface not in use", "license.interfaces", func(e *estate.Estate) {
			lmChange(e, estate.LicenseInterfacesPart, "", func(i *[]estate.Interface) { (*i)[0].Status = "available" })
		}, []string{"problem", "license.interface-broken@" + lmDirectory + " proven"}},
		{"a stripped default group", "license.interfaces", func(e *estate.Estate) {
			lmChange(e, estate.SecurityGroupPart, "sg-default", func(g *estate.SecurityGroup) { g.Rules = nil })
		}, []string{"problem", "license.interface-broken@" + lmDirectory + " proven"}},
		{"a default group that lets some out", "license.interfaces", func(e *estate.Estate) {
			lmChange(e, estate.SecurityGroupPart, "sg-default", func(g *estate.SecurityGroup) {
				g.Rules = []estate.SecurityGroupRule{lmRule("sgr-389", true, "tcp", 389, 389, "10.0.0.0/16")}
			})
		}, []string{"problem", "license.interface-broken@" + lmDirectory + " possible info"}},
		{"default group denied", "license.interfaces", func(e *estate.Estate) { lmDeny(e, estate.SecurityGroupPart.Key("sg-default")) }, []string{"unknown", "denied"}},
		{"a shared directory's interfaces", "license.interfaces", func(e *estate.Estate) {
			lmPut(e, estate.LicenseInterfacesPart, "", []estate.Interface{})
			lmChange(e, estate.DirectoriesPart, "", func(d *[]estate.Directory) { (*d)[0].Type = "SharedMicrosoftAD" })
		}, []string{"unknown", "not-visible"}},

		{"1688", "license.port-1688", nil, ok},
		{"1688 closed at the endpoint", "license.port-1688", lmClose1688, []string{"problem", "license.port-1688-blocked@vpce-1688 proven"}},
		{"1688 closed, dead", "license.port-1688", func(e *estate.Estate) {
			lmDead(e)
			lmClose1688(e)
		}, []string{"problem", "license.port-1688-blocked@vpce-1688 likely"}},
		{"1688 closed at the instance", "license.port-1688", func(e *estate.Estate) {
			lmChange(e, estate.SecurityGroupPart, "sg-app", func(g *estate.SecurityGroup) {
				g.Rules = []estate.SecurityGroupRule{lmRule("sgr-443", true, "tcp", 443, 443, "0.0.0.0/0")}
			})
		}, []string{"problem", "license.port-1688-blocked@vpce-1688 proven"}},
		{"1688 group denied", "license.port-1688", func(e *estate.Estate) { lmDeny(e, estate.SecurityGroupPart.Key("sg-1688")) }, []string{"unknown", "denied"}},
		{"1688 endpoints gone", "license.port-1688", func(e *estate.Estate) {
			lmChange(e, estate.EndpointsPart, lmVPC, func(s *[]estate.Endpoint) { *s = (*s)[1:] })
		}, []string{"unknown", "not-modelled"}},
		{"1688 not for Visual Studio", "license.port-1688", is(func(i *estate.Instance) { i.ProductCodes[0].ID = "bz0vcy31ooqlzk5tsash4r1ik" }), na},
		{"1688, product from the row", "license.port-1688", is(func(i *estate.Instance) { i.ProductCodes[0].ID = "4gs2prcp03ojilgkjx8m3ifh7" }), ok},
		{"1688, product unknown", "license.port-1688", func(e *estate.Estate) {
			is(func(i *estate.Instance) { i.ProductCodes[0].ID = "4gs2prcp03ojilgkjx8m3ifh7" })(e)
			lmDeny(e, estate.LicensedInstancesPart.Key(""))
		}, []string{"unknown", "denied"}},
		{"1688 from a subnet that is only to be found by the address", "license.port-1688", is(func(i *estate.Instance) { i.Subnet = "" }), ok},
		{"1688 in a peered directory's VPC", "license.port-1688", lmPeeredEndpoints, ok},

		{"controllers", "license.directory-group", nil, ok},
		{"controllers without 9389", "license.directory-group", func(e *estate.Estate) {
			lmChange(e, estate.SecurityGroupPart, "sg-dc", func(g *estate.SecurityGroup) {
				g.Rules = []estate.SecurityGroupRule{lmRule("sgr-low", false, "-1", -1, -1, "10.0.9.0/24"), lmRule("sgr-tcp", false, "tcp", 1, 1024, "10.0.0.0/16"),
					lmRule("sgr-udp", false, "udp", 1, 1024, "10.0.0.0/16")}
			})
		}, []string{"problem", "license.directory-unreachable@" + lmDirectory + " proven"}},
		{"controllers without LDAPS", "license.directory-group", func(e *estate.Estate) {
			lmChange(e, estate.SecurityGroupPart, "sg-dc", func(g *estate.SecurityGroup) {
				g.Rules = []estate.SecurityGroupRule{lmRule("sgr-a", false, "tcp", 1, 600, "10.0.0.0/16"), lmRule("sgr-b", false, "udp", 1, 600, "10.0.0.0/16"),
					lmRule("sgr-c", false, "tcp", 9389, 9389, "10.0.0.0/16")}
			})
		}, ok},
		{"controllers of a shared directory", "license.directory-group", func(e *estate.Estate) {
			lmChange(e, estate.DirectoriesPart, "", func(d *[]estate.Directory) {
				(*d)[0].Type, (*d)[0].VPC, (*d)[0].Group = "SharedMicrosoftAD", "", ""
			})
		}, []string{"unknown", "not-modelled"}},

		{"commands", "license.commands", nil, ok},
		{"no commands", "license.commands", func(e *estate.Estate) { lmPut(e, estate.CommandsPart, lmInstance, estate.Commands{Complete: true}) }, na},
		{"commands cut", "license.commands", func(e *estate.Estate) { lmPut(e, estate.CommandsPart, lmInstance, estate.Commands{}) }, []string{"unknown", "not-recorded"}},
		{"commands denied", "license.commands", func(e *estate.Estate) { lmDeny(e, estate.CommandsPart.Key(lmInstance)) }, []string{"unknown", "denied"}},
		{"join failed", "license.commands", func(e *estate.Estate) {
			lmDead(e)
			lmJoinFailed(e)
		}, []string{"problem", "license.instance-unhealthy@" + lmInstance + " proven"}},
		{"join failed, then worked", "license.commands", func(e *estate.Estate) {
			lmJoinFailed(e)
			lmChange(e, estate.CommandsPart, lmInstance, func(c *estate.Commands) {
				c.Invocations = append([]estate.Invocation{{CommandID: "cmd-3", Document: licenseDocument, Status: "Success", Requested: lmNow().Add(-20 * time.Hour)}}, c.Invocations...)
			})
		}, ok},
		{"License Manager's command failed otherwise", "license.commands", func(e *estate.Estate) {
			lmDead(e)
			lmActivationFailed(e)
		}, []string{"problem", "license.instance-unhealthy@" + lmInstance + " likely"}},
		{"somebody's command failed", "license.commands", lmActivationFailed, ok},
		{"command running", "license.commands", func(e *estate.Estate) {
			lmPut(e, estate.CommandsPart, lmInstance, estate.Commands{Complete: true, Invocations: []estate.Invocation{{CommandID: "c", Document: licenseDocument, Status: "InProgress", Requested: lmNow()}}})
		}, []string{"unknown", "too-early"}},

		{"activated", "license.instance", nil, ok},
		{"failed", "license.instance", func(e *estate.Estate) {
			lmPut(e, estate.LicensedInstancesPart, "", []estate.LicensedInstance{{ID: lmInstance, Status: "FAILED", Message: "Local administrators were found."}})
		}, []string{"problem", "license.instance-unhealthy@" + lmInstance + " proven"}},
		{"a word unheard of", "license.instance", func(e *estate.Estate) {
			lmPut(e, estate.LicensedInstancesPart, "", []estate.LicensedInstance{{ID: lmInstance, Status: "CONFIGURING"}})
		}, []string{"unknown", "not-modelled"}},
		{"terminated without a reason", "license.instance", lmDead, na},
		{"never adopted", "license.instance", func(e *estate.Estate) {
			lmPut(e, estate.LicensedInstancesPart, "", []estate.LicensedInstance{})
			is(func(i *estate.Instance) { i.Tags = nil })(e)
		}, []string{"problem", "license.not-adopted@" + lmInstance + " proven"}},
		{"not adopted yet", "license.instance", func(e *estate.Estate) {
			lmPut(e, estate.LicensedInstancesPart, "", []estate.LicensedInstance{})
			is(func(i *estate.Instance) { i.Tags, i.LaunchTime = nil, lmNow().Add(-9*time.Minute) })(e)
		}, []string{"unknown", "too-early"}},
		{"never adopted, list denied", "license.instance", func(e *estate.Estate) {
			lmDeny(e, estate.LicensedInstancesPart.Key(""))
			is(func(i *estate.Instance) { i.Tags = nil })(e)
		}, []string{"problem", "license.not-adopted@" + lmInstance + " likely", "denied"}},
		{"tag changed", "license.instance", is(func(i *estate.Instance) { i.Tags[licenseTag] = "none" }), []string{"problem", "license.not-adopted@" + lmInstance + " proven"}},
		{"tagged, not listed", "license.instance", func(e *estate.Estate) { lmPut(e, estate.LicensedInstancesPart, "", []estate.LicensedInstance{}) }, []string{"unknown", "not-modelled"}},

		{"type", "license.instance-type", nil, ok},
		{"xen", "license.instance-type", func(e *estate.Estate) {
			lmPut(e, estate.InstanceTypePart, "m6i.large", estate.InstanceType{Name: "m4.large", Hypervisor: "xen", Architectures: []string{"x86_64"}})
		}, []string{"problem", "license.unsupported-instance-type@m6i.large proven"}},
		{"graviton", "license.instance-type", func(e *estate.Estate) {
			lmPut(e, estate.InstanceTypePart, "m6i.large", estate.InstanceType{Name: "m7g.large", Hypervisor: "nitro", Architectures: []string{"arm64"}})
		}, []string{"problem", "license.unsupported-instance-type@m6i.large proven"}},
		{"metal", "license.instance-type", func(e *estate.Estate) {
			lmPut(e, estate.InstanceTypePart, "m6i.large", estate.InstanceType{Name: "m5.metal", BareMetal: true, Architectures: []string{"x86_64"}})
		}, ok},

		{"marketplace image", "license.image", nil, ok},
		{"own image, original alive", "license.image", func(e *estate.Estate) {
			lmSelfImage(e, "i-source", lmPeer(lmInstance, "A"))
			lmPut(e, estate.InstancePart, "i-source", estate.Instance{ID: "i-source", State: "running"})
		}, []string{"unknown", "needs-guest"}},
		{"own image, original gone", "license.image", func(e *estate.Estate) {
			lmSelfImage(e, "i-source", lmPeer(lmInstance, "A"))
			lmAbsent(e, estate.InstancePart, "i-source")
		}, ok},
		{"own image, siblings denied", "license.image", func(e *estate.Estate) {
			lmSelfImage(e, "")
			lmDeny(e, estate.SiblingsPart.Key(lmImage))
		}, []string{"unknown", "denied"}},
		{"image not visible", "license.image", func(e *estate.Estate) { lmAbsent(e, estate.ImagePart, lmImage) }, []string{"unknown", "not-visible"}},

		{"servers", "license.servers", nil, ok},
		{"no servers", "license.servers", func(e *estate.Estate) { lmPut(e, estate.LicenseServersPart, "", []estate.LicenseServer{}) }, na},
		{"server unhealthy", "license.servers", func(e *estate.Estate) {
			lmChange(e, estate.LicenseServersPart, "", func(s *[]estate.LicenseServer) { (*s)[0].Servers[0].Health = "UNHEALTHY" })
		}, []string{"problem", "license.server-unhealthy@10.0.2.30 proven"}},
		{"server failed", "license.servers", func(e *estate.Estate) {
			lmChange(e, estate.LicenseServersPart, "", func(s *[]estate.LicenseServer) { (*s)[0].Provisioning = "PROVISIONING_FAILED" })
		}, []string{"problem", "license.server-unhealthy@rds-license.corp.example.local proven"}},
		{"server on its way", "license.servers", func(e *estate.Estate) {
			lmChange(e, estate.LicenseServersPart, "", func(s *[]estate.LicenseServer) { (*s)[0].Provisioning = "PROVISIONING" })
		}, []string{"unknown", "not-modelled"}},

		{"user", "license.user", nil, ok},
		{"user with a domain", "license.user", func(e *estate.Estate) { e.Answers[estate.AnswerUser] = `CORP\Sato` }, ok},
		{"user of another domain", "license.user", func(e *estate.Estate) { e.Answers[estate.AnswerUser] = "sato@other.example" }, []string{"problem",
			"license.user-not-subscribed@sato@other.example proven", "license.user-not-associated@sato@other.example proven"}},
		{"no user named", "license.user", func(e *estate.Estate) { delete(e.Answers, estate.AnswerUser) }, []string{"unknown", "needs-answer"}},
		{"user not known", "license.user", func(e *estate.Estate) { e.Answers[estate.AnswerUser] = "" }, []string{"unknown", "needs-answer"}},
		{"user missing", "license.user", func(e *estate.Estate) { e.Answers[estate.AnswerUser] = "tanaka" }, []string{"problem",
			"license.user-not-subscribed@tanaka proven", "license.user-not-associated@tanaka proven"}},
		{"user without RDS", "license.user", func(e *estate.Estate) {
			lmChange(e, estate.SubscriptionsPart, lmDirectory, func(s *[]estate.UserSubscription) { *s = (*s)[:1] })
		}, []string{"problem", "license.rds-license-missing@sato proven"}},
		{"user unsubscribed", "license.user", func(e *estate.Estate) {
			lmChange(e, estate.SubscriptionsPart, lmDirectory, func(s *[]estate.UserSubscription) { (*s)[0].Status = "UNSUBSCRIBED" })
		}, []string{"problem", "license.user-not-subscribed@sato proven"}},
		{"user subscribed anew", "license.user", func(e *estate.Estate) {
			lmChange(e, estate.SubscriptionsPart, lmDirectory, func(s *[]estate.UserSubscription) {
				old := (*s)[0]
				old.Status = "UNSUBSCRIBED"
				*s = append([]estate.UserSubscription{old}, *s...)
			})
		}, ok},
		{"user being subscribed", "license.user", func(e *estate.Estate) {
			lmChange(e, estate.SubscriptionsPart, lmDirectory, func(s *[]estate.UserSubscription) { (*s)[0].Status = "SUBSCRIBING" })
		}, []string{"unknown", "not-modelled"}},
		{"user denied", "license.user", func(e *estate.Estate) {
			lmDeny(e, estate.SubscriptionsPart.Key(lmDirectory), estate.AssociationsPart.Key(lmInstance+"/"+lmDirectory))
		}, []string{"unknown", "denied"}},
		{"user of the dead", "license.user", lmDead, na},
	}
}

type patientEdit = func(*estate.Instance)

// lmPeered moves the directory into a VPC of its own, with peerings to these.
func lmPeered(peers ...string) func(*estate.Estate) {
	return func(e *estate.Estate) {
		lmChange(e, estate.DirectoriesPart, "", func(d *[]estate.Directory) { (*d)[0].VPC = "vpc-ad" })
		var links []estate.Peering
		for i, p := range peers {
			links = append(links, estate.Peering{ID: fmt.Sprintf("pcx-%d", i), Status: "active", RequesterVPC: lmVPC, AccepterVPC: p})
		}
		lmPut(e, estate.PeeringsPart, lmVPC, links)
	}
}

func lmTwoDirectories(e *estate.Estate) {
	lmPeered("vpc-ad", "vpc-ad2")(e)
	lmChange(e, estate.DirectoriesPart, "", func(d *[]estate.Directory) {
		*d = append(*d, estate.Directory{ID: "d-9967000002", Name: "two.example.local", Type: "MicrosoftAD", Stage: "Active", VPC: "vpc-ad2"})
	})
	lmChange(e, estate.IdentityProvidersPart, "", func(p *[]estate.IdentityProvider) {
		*p = append(*p, lmProvider("d-9967000002", "OFFICE_PROFESSIONAL_PLUS"))
	})
	lmChange(e, estate.LicenseInterfacesPart, "", func(i *[]estate.Interface) {
		second := (*i)[0]
		second.ID, second.VPC, second.Description = "eni-lm3", "vpc-ad2", "AWS created network interface for LicenseManager d-9967000002"
		*i = append(*i, second)
	})
}

func lmClose1688(e *estate.Estate) {
	lmChange(e, estate.SecurityGroupPart, "sg-1688", func(g *estate.SecurityGroup) { g.Rules[0].CIDR4 = "10.0.99.0/24" })
}

// lmPeeredEndpoints puts the directory and its endpoints into a peered VPC.
func lmPeeredEndpoints(e *estate.Estate) {
	lmPeered("vpc-ad")(e)
	lmChange(e, estate.EndpointsPart, lmVPC, func(s *[]estate.Endpoint) {
		lmPut(e, estate.EndpointsPart, "vpc-ad", (*s)[:1])
		*s = nil
	})
	lmPut(e, estate.EndpointInterfacesPart, "vpc-ad", []estate.Interface{{ID: "eni-ep1", VPC: "vpc-ad", Subnet: "subnet-ep1", PrivateIPs: []string{"10.9.4.40"}, Groups: []string{"sg-1688"}}})
	lmPut(e, estate.SubnetsPart, "vpc-ad", []estate.Subnet{{ID: "subnet-ep1", VPC: "vpc-ad", CIDR: "10.9.4.0/24", OwnerID: "111122223333"}})
	acls, _ := e.Fact(estate.NetworkACLsPart.Key(lmVPC))
	lmPut(e, estate.NetworkACLsPart, "vpc-ad", acls.(fact.Of[[]estate.NetworkACL]).Value())
	lmPut(e, estate.RouteTablesPart, "vpc-ad", []estate.RouteTable{{ID: "rtb-ad", Main: true, Routes: []estate.Route{{CIDR4: "10.0.0.0/16", Target: "pcx-0", State: "active"}}}})
	lmChange(e, estate.RouteTablesPart, lmVPC, func(r *[]estate.RouteTable) {
		(*r)[0].Routes = append((*r)[0].Routes, estate.Route{CIDR4: "10.9.0.0/16", Target: "pcx-0", State: "active"})
	})
	lmPut(e, estate.PeeringsPart, "vpc-ad", []estate.Peering{{ID: "pcx-0", Status: "active", RequesterVPC: lmVPC, AccepterVPC: "vpc-ad"}})
}

func lmActivationFailed(e *estate.Estate) {
	lmPut(e, estate.CommandsPart, lmInstance, estate.Commands{Complete: true, Invocations: []estate.Invocation{{
		CommandID: "cmd-4", Document: licenseDocument, Requested: lmNow().Add(-26*time.Hour + 10*time.Minute), Status: "Failed",
		Output: "ERROR CODE: 0xC004F074\r\nNo Key Management Service (KMS) could be contacted.",
	}}})
}
