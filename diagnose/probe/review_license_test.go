package probe

import (
	"time"

	"github.com/monshin/monshin/diagnose/estate"
)

// doubtfulCases are those in which a judgement about License Manager could blame
// what has nothing to do with this instance.
func doubtfulCases() []lmCase {
	const other = "d-9967000009"
	besideFailed := func(e *estate.Estate) {
		lmChange(e, estate.IdentityProvidersPart, "", func(p *[]estate.IdentityProvider) {
			row := lmProvider(other, "OFFICE_PROFESSIONAL_PLUS")
			row.Status, row.Failure = "REGISTRATION_FAILED", "The subnet has no free address."
			*p = append(*p, row)
		})
	}
	untagged := func(e *estate.Estate) {
		lmChange(e, estate.InstancePart, lmInstance, func(i *estate.Instance) { i.Tags = nil })
	}
	row := func(e *estate.Estate, status string) {
		lmChange(e, estate.LicensedInstancesPart, "", func(r *[]estate.LicensedInstance) { (*r)[0].Status = status })
	}
	serves := func(directory, provider string) func(*estate.Estate) {
		return func(e *estate.Estate) {
			lmChange(e, estate.LicenseServersPart, "", func(s *[]estate.LicenseServer) {
				(*s)[0].Directory, (*s)[0].Provider, (*s)[0].Provisioning = directory, provider, "PROVISIONING_FAILED"
			})
			lmChange(e, estate.IdentityProvidersPart, "", func(p *[]estate.IdentityProvider) { (*p)[1].ARN = "arn:provider" })
		}
	}
	return []lmCase{
		{"another directory's registration failed", "license.provider", besideFailed, []string{"ok"}},
		{"another's failed, and the good one is out of reach", "license.provider", func(e *estate.Estate) {
			lmPeered()(e)
			besideFailed(e)
		}, []string{"problem", "license.provider-not-registered@" + other + " proven"}},
		{"another's failed, directories denied", "license.provider", func(e *estate.Estate) {
			besideFailed(e)
			lmDeny(e, estate.DirectoriesPart.Key(""))
		}, []string{"unknown", "denied"}},
		{"a failed registration is no second choice", "license.directory", func(e *estate.Estate) {
			lmTwoDirectories(e)
			lmChange(e, estate.IdentityProvidersPart, "", func(p *[]estate.IdentityProvider) {
				for i := range *p {
					if (*p)[i].Directory != lmDirectory {
						(*p)[i].Status, (*p)[i].Failure = "REGISTRATION_FAILED", "The subnet has no free address."
					}
				}
			})
		}, []string{"ok"}},

		{"without the tag, License Manager not readable", "license.instance", func(e *estate.Estate) {
			untagged(e)
			lmDeny(e, estate.LicensedInstancesPart.Key(""))
		}, []string{"problem", "license.not-adopted@" + lmInstance + " likely", "denied"}},
		{"just launched, License Manager not readable", "license.instance", func(e *estate.Estate) {
			untagged(e)
			lmChange(e, estate.InstancePart, lmInstance, func(i *estate.Instance) { i.LaunchTime = lmNow().Add(-5 * time.Minute) })
			lmDeny(e, estate.LicensedInstancesPart.Key(""))
		}, []string{"unknown", "denied"}},
		{"listed, and the tag taken away", "license.instance", untagged, []string{"problem", "license.not-adopted@" + lmInstance + " likely"}},
		{"failed, and the tag taken away", "license.instance", func(e *estate.Estate) {
			untagged(e)
			row(e, "FAILED")
		}, []string{"problem", "license.instance-unhealthy@" + lmInstance + " proven", "license.not-adopted@" + lmInstance + " likely"}},
		{"in a state unheard of, and the tag taken away", "license.instance", func(e *estate.Estate) {
			untagged(e)
			row(e, "DRIFTING")
		}, []string{"problem", "license.not-adopted@" + lmInstance + " likely", "not-modelled"}},

		{"another directory's server failed", "license.servers", serves(other, ""), []string{"not-applicable"}},
		{"this directory's server failed, by its registration", "license.servers", serves("", "arn:provider"),
			[]string{"problem", "license.server-unhealthy@rds-license.corp.example.local proven"}},
		{"nobody's server failed", "license.servers", serves("", "arn:another"), []string{"unknown", "not-modelled"}},

		{"billed as something unheard of", "activation.billing", func(e *estate.Estate) {
			lmChange(e, estate.InstancePart, lmInstance, func(i *estate.Instance) {
				i.UsageOperation, i.PlatformDetails = "RunInstances:0fff", "Windows on the Moon"
			})
		}, []string{"unknown", "not-modelled"}},
		{"billed with SQL Server", "activation.billing", func(e *estate.Estate) {
			lmChange(e, estate.InstancePart, lmInstance, func(i *estate.Instance) {
				i.UsageOperation, i.PlatformDetails = "RunInstances:0006", "Windows with SQL Server Standard"
			})
		}, []string{"ok"}},
		{"others share a name, this one has its own", "clone.lineage", func(e *estate.Estate) {
			lmSelfImage(e, "", lmPeer(lmInstance, "WEB-01"), lmPeer("i-2", "TEMPLATE"), lmPeer("i-3", "TEMPLATE"))
		}, []string{"problem", "clone.suspected@" + lmImage + " possible"}},
		{"only the port of AD web services is closed", "license.directory-group", func(e *estate.Estate) {
			lmChange(e, estate.SecurityGroupPart, "sg-dc", func(g *estate.SecurityGroup) {
				g.Rules = append(g.Rules[1:], lmRule("sgr-low", false, "tcp", 0, 9000, "10.0.0.0/16"), lmRule("sgr-udp", false, "udp", 0, 9000, "10.0.0.0/16"))
			})
		}, []string{"problem", "license.directory-unreachable@" + lmDirectory + " proven"}},
		{"only one of the usual ports is closed", "license.directory-group", func(e *estate.Estate) {
			lmChange(e, estate.SecurityGroupPart, "sg-dc", func(g *estate.SecurityGroup) {
				g.Rules = append(g.Rules[1:], lmRule("sgr-high", false, "tcp", 465, 65535, "10.0.0.0/16"),
					lmRule("sgr-low", false, "tcp", 0, 463, "10.0.0.0/16"), lmRule("sgr-udp", false, "udp", 0, 9000, "10.0.0.0/16"))
			})
		}, []string{"problem", "license.directory-unreachable@" + lmDirectory + " likely"}},
	}
}
