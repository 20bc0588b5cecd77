package probe

import (
	"slices"
	"strings"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
)

// The words by which EC2 bills a Windows whose licence the customer brings; such a
// Windows is not activated against AWS's KMS (domain.md §5.1 [V:billing], ACT-0).
const (
	ownLicenseOperation = "RunInstances:0800"
	ownLicenseDetails   = "Windows BYOL"
)

func activationProbes() []Probe {
	parts := []estate.AnyKind{estate.InstancePart, estate.TrailPart}
	return []Probe{
		{
			ID:    "activation.billing",
			Title: lang.Both("Who provides the Windows licence", "Windows ライセンスの提供元"),
			Parts: parts,
			Judge: judgeBilling,
		},
		{
			ID:    "activation.status",
			Title: lang.Both("Windows activation", "Windows のライセンス認証状態"),
			Parts: append(slices.Clone(parts), estate.GuestActivationPart),
			Codes: []finding.Code{
				finding.ActivationNotLicensed, finding.ActivationStaleRoutes, finding.ActivationNoRoute,
				finding.ActivationKMSHostWrong, finding.ActivationKeyWrong, finding.ActivationClockSkewed,
			},
			Judge: judgeActivation,
		},
	}
}

func ownLicenseSay() lang.Text {
	return lang.Both("own licence (BYOL): not activated against AWS's KMS", "ライセンス持ち込み（BYOL）: AWS の KMS による認証の対象外")
}

// ownLicense tells whether the customer brings the Windows licence.
func ownLicense(p patient) (finding.Evidence, bool) {
	rule := lang.Both("EC2 bills a brought licence so", "ライセンス持ち込み時の EC2 の課金区分")
	switch {
	case p.UsageOperation == ownLicenseOperation:
		return see(p.at, "usage_operation", p.UsageOperation, rule, p.origin), true
	case p.PlatformDetails == ownLicenseDetails:
		return see(p.at, "platform_details", p.PlatformDetails, rule, p.origin), true
	}
	return finding.Evidence{}, false
}

// licenseIncluded tells whether EC2 bills the Windows licence: Windows alone, or with
// SQL Server Enterprise, Web or Standard (EC2 User Guide, "AMI billing information").
func licenseIncluded(p patient) bool {
	switch p.UsageOperation {
	case "RunInstances:0002", "RunInstances:0102", "RunInstances:0202", "RunInstances:0006":
		return true
	}
	return p.PlatformDetails == "Windows" || strings.HasPrefix(p.PlatformDetails, "Windows with SQL Server")
}

func judgeBilling(v *estate.View) Verdict {
	p, whys := thePatient(v)
	switch {
	case len(whys) > 0:
		return unread(whys...)
	case p.dead:
		return notApplicable(lang.Both("the instance is terminated", "終了済み（terminated）"))
	case p.Platform != "windows":
		return notApplicable(lang.Both("not a Windows instance", "Windows インスタンスではない"))
	}
	if e, own := ownLicense(p); own {
		return notApplicable(ownLicenseSay(), e)
	}
	if p.UsageOperation == "" && p.PlatformDetails == "" {
		return unread(fact.Why{Reason: fact.NotRecorded, Action: "ec2:DescribeInstances", Resource: p.ID, Detail: "UsageOperation"})
	}
	if !licenseIncluded(p) {
		return unread(fact.Why{Reason: fact.NotModelled, Action: "ec2:DescribeInstances", Resource: p.ID, Detail: join(p.PlatformDetails, p.UsageOperation)})
	}
	e := see(p.at, "usage_operation", join(p.PlatformDetails, p.UsageOperation),
		lang.Both("the Windows licence is included, so AWS's KMS activates it", "ライセンス込みのため AWS の KMS で認証"), p.origin)
	return ok(lang.Both("licence included (%s)", "ライセンス込み（%s）").With(orDash(p.UsageOperation)), e)
}
