package probe

import (
	"strings"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
)

// The tag that License Manager puts on an instance it has adopted, and without
// which it may neither command nor terminate it (domain.md §5.2, [V:lm-main]).
const (
	licenseTag      = "AWSLicenseManager"
	licenseTagValue = "UserSubscriptions"
)

// remoteDesktop is the product of the RDS subscriber access licence, which every
// user needs beside Office or Visual Studio (domain.md §5.5 LM-9).
const remoteDesktop = "REMOTE_DESKTOP_SERVICES"

func licenseProbes() []Probe {
	return []Probe{
		{
			ID:    "license.product",
			Title: lang.Both("Product of License Manager's user-based subscriptions", "ユーザーベースのサブスクリプション対象製品"),
			Parts: []estate.AnyKind{estate.InstancePart, estate.TrailPart, estate.LicensedInstancesPart},
			Judge: judgeLicenseProduct,
		},
		{
			ID:    "license.role",
			Title: lang.Both("License Manager's service-linked role", "License Manager のサービスリンクロール"),
			Parts: []estate.AnyKind{estate.InstancePart, estate.TrailPart, estate.RolePart},
			Codes: []finding.Code{finding.LicenseRoleMissing},
			Judge: judgeLicenseRole,
		},
		{
			ID:    "license.provider",
			Title: lang.Both("Directory registered with License Manager", "License Manager へのディレクトリ登録"),
			Parts: []estate.AnyKind{
				estate.InstancePart, estate.TrailPart, estate.IdentityProvidersPart, estate.LicensedInstancesPart,
				estate.DirectoriesPart, estate.PeeringsPart,
			},
			Codes: []finding.Code{finding.LicenseProviderNotRegistered},
			Judge: judgeLicenseProvider,
		},
		{
			ID:    "license.directory",
			Title: lang.Both("Directory that License Manager selects", "License Manager が選択するディレクトリ"),
			Parts: []estate.AnyKind{
				estate.InstancePart, estate.TrailPart, estate.IdentityProvidersPart, estate.LicensedInstancesPart,
				estate.LicenseInterfacesPart, estate.DirectoriesPart, estate.PeeringsPart,
			},
			Codes: []finding.Code{finding.LicenseDirectoryUnreachable, finding.LicenseDirectoryAmbiguous},
			Judge: judgeLicenseDirectory,
		},
		{
			ID:    "license.interfaces",
			Title: lang.Both("Network interfaces of License Manager", "License Manager のネットワークインターフェイス"),
			Parts: withDomain(directoryPathParts()...),
			Codes: []finding.Code{finding.LicenseInterfaceBroken},
			Judge: judgeLicenseInterfaces,
		},
		{
			ID:    "license.port-1688",
			Title: lang.Both("Path to the activation endpoints (tcp/1688)", "ライセンス認証用エンドポイントへの経路（tcp/1688）"),
			Parts: withDomain(append(directoryPathParts(), estate.EndpointsPart, estate.EndpointInterfacesPart)...),
			Codes: []finding.Code{finding.LicensePort1688Blocked},
			Judge: judgeLicensePort,
		},
		{
			ID:    "license.directory-group",
			Title: lang.Both("Path to the domain controllers", "ドメインコントローラーへの経路"),
			Parts: withDomain(directoryPathParts()...),
			Codes: []finding.Code{finding.LicenseDirectoryUnreachable},
			Judge: judgeDirectoryGroup,
		},
		{
			ID:    "license.commands",
			Title: lang.Both("Commands that License Manager ran on the instance", "License Manager が実行したコマンドの結果"),
			Parts: []estate.AnyKind{estate.InstancePart, estate.TrailPart, estate.CommandsPart},
			Codes: []finding.Code{finding.LicenseInstanceUnhealthy},
			Judge: judgeLicenseCommands,
		},
		{
			ID:    "license.instance",
			Title: lang.Both("License Manager's state of the instance", "License Manager 上のインスタンス状態"),
			Parts: []estate.AnyKind{estate.InstancePart, estate.TrailPart, estate.LicensedInstancesPart},
			Codes: []finding.Code{finding.LicenseInstanceUnhealthy, finding.LicenseNotAdopted},
			Judge: judgeLicensedInstance,
		},
		{
			ID:    "license.instance-type",
			Title: lang.Both("Instance type", "インスタンスタイプ"),
			Parts: []estate.AnyKind{estate.InstancePart, estate.TrailPart, estate.InstanceTypePart},
			Codes: []finding.Code{finding.LicenseUnsupportedInstanceType},
			Judge: judgeLicenseType,
		},
		{
			ID:    "license.image",
			Title: lang.Both("Image: backup or template", "AMI の種別（バックアップ・テンプレート）"),
			Parts: []estate.AnyKind{estate.InstancePart, estate.TrailPart, estate.ImagePart, estate.SiblingsPart},
			Judge: judgeLicenseImage,
		},
		{
			ID:    "license.servers",
			Title: lang.Both("Remote Desktop licence servers", "RDS ライセンスサーバー"),
			Parts: withDomain(estate.LicenseServersPart),
			Codes: []finding.Code{finding.LicenseServerUnhealthy},
			Judge: judgeLicenseServers,
		},
		{
			ID:    "license.user",
			Title: lang.Both("The user's subscription and association", "ユーザーのサブスクリプションと関連付け"),
			Parts: withDomain(estate.SubscriptionsPart, estate.AssociationsPart),
			Asks:  []string{estate.AnswerUser},
			Codes: []finding.Code{finding.LicenseUserNotSubscribed, finding.LicenseUserNotAssociated, finding.LicenseRDSLicenseMissing},
			Judge: judgeLicenseUser,
		},
		licenseAdminsProbe(),
	}
}

// license says what License Manager's user-based subscriptions have to do with an
// instance.
type license struct {
	// Is says that it runs a product of these subscriptions.
	Is bool
	// Product is License Manager's name of the product ("OFFICE_PROFESSIONAL_PLUS"),
	// "" where the product code is not mapped to one.
	Product string
	// Name is what people call it.
	Name string
	// Office says that one of the products is Office, which alone needs tcp/1688.
	Office bool
	// Products are all products that the product codes are mapped to.
	Products []string
	// Evidence is the witness by which the instance was recognised.
	Evidence finding.Evidence
}

// productOfCode maps the product codes that License Manager's service-linked role
// may tag and terminate (policy v6 of 2026-07-10; domain.md §5.1 [V:slr6]). The
// first three are mapped to a product by AWS ([V:lm-slr22]); of the other six only
// the family is known.
func productOfCode(code string) (license, bool) {
	const family = "AWS License Manager user-based subscriptions"
	switch code {
	case "77yzkpa7kvee1y1tt7wnsdwoc":
		return license{Is: true, Product: "OFFICE_PROFESSIONAL_PLUS", Name: "Office LTSC Professional Plus", Office: true}, true
	case "bz0vcy31ooqlzk5tsash4r1ik":
		return license{Is: true, Product: "VISUAL_STUDIO_ENTERPRISE", Name: "Visual Studio Enterprise"}, true
	case "d44g89hc0gp9jdzm99rznthpw":
		return license{Is: true, Product: "VISUAL_STUDIO_PROFESSIONAL", Name: "Visual Studio Professional"}, true
	case "a8jthu9h8pjsn4b8ylvfl6sfr", "7at6der8hnlov1g347e6tdkde", "3t0v0vuhvxjzm6m462f9v8iz4",
		"4gs2prcp03ojilgkjx8m3ifh7", "5uypd9kpy863kwykrwn4bcolv", "eqtok9gt75we12qgk28b955qc":
		return license{Is: true, Name: family}, true
	}
	return license{}, false
}

// licensed tells whether the instance runs a product of License Manager's
// user-based subscriptions: by product code, by tag, and for the dead by what
// License Manager did to them. The service's role is bound to the product codes, so
// that an instance without one cannot have been touched by it (domain.md §5.1 [D]).
// Whys is not empty where that cannot be told.
func licensed(v *estate.View, p patient) (license, []fact.Why) {
	if l, coded := productOfCodes(p); coded {
		return l, nil
	}
	family := license{Is: true, Name: "AWS License Manager user-based subscriptions"}
	if p.Tags[licenseTag] == licenseTagValue {
		family.Evidence = see(p.at, "tags", licenseTag+"="+licenseTagValue,
			lang.Both("the tag that License Manager puts on an instance it manages", "License Manager が管理対象に付けるタグ"), p.origin)
		return family, nil
	}
	if !p.dead {
		return license{}, nil
	}
	trail := estate.TrailPart.Of(v, instanceQuery(p.ID).String())
	events, known := trail.Get()
	if !known {
		return license{}, orNotRecorded(trail)
	}
	for _, e := range events.Events {
		if e.Error == "" && ofLicenseManager(e.Actor) {
			family.Evidence = see(trailOf(p.ID), e.ID, e.Name,
				lang.Both("License Manager's service-linked role acted on the instance", "License Manager のサービスリンクロールによる操作"), from(trail.Origin(), e))
			return family, nil
		}
	}
	if !events.Complete {
		return license{}, []fact.Why{{Reason: fact.NotRecorded, Action: "cloudtrail:LookupEvents", Resource: p.ID}}
	}
	return license{}, nil
}

// productOfCodes reads the instance's product codes; an image can hold several
// products. A code that is mapped to a product counts before one that is not.
func productOfCodes(p patient) (license, bool) {
	var best license
	for _, c := range p.ProductCodes {
		l, known := productOfCode(c.ID)
		if !known {
			continue
		}
		products, office := best.Products, best.Office || l.Office
		if l.Product != "" {
			products = append(products, l.Product)
		}
		if !best.Is || (best.Product == "" && l.Product != "") {
			best = l
			best.Evidence = see(p.at, "product_codes", c.ID,
				lang.Both("a product code of License Manager's user-based subscriptions", "License Manager ユーザーベースのサブスクリプション対象のプロダクトコード"), p.origin)
		}
		best.Products, best.Office = products, office
	}
	return best, best.Is
}

// licensedPatient is the start of every judgement about License Manager: the
// instance and its product. stop is set where the judgement ends here; nothing of
// License Manager was asked for then.
func licensedPatient(v *estate.View) (p patient, l license, stop *Verdict) {
	end := func(v Verdict) *Verdict { return &v }
	p, whys := thePatient(v)
	if len(whys) > 0 {
		return p, l, end(unread(whys...))
	}
	l, whys = licensed(v, p)
	if len(whys) > 0 {
		return p, l, end(unread(whys...))
	}
	if !l.Is {
		return p, l, end(notApplicable(lang.Both(
			"no product of License Manager's user-based subscriptions", "ユーザーベースのサブスクリプション対象製品ではない")))
	}
	return p, l, nil
}

func judgeLicenseProduct(v *estate.View) Verdict {
	p, l, stop := licensedPatient(v)
	if stop != nil {
		return *stop
	}
	if l.Product != "" {
		return ok(lang.Same(l.Name), l.Evidence)
	}
	products, whys := productsOf(v, p, l)
	if len(whys) > 0 {
		// That it is such an instance is certain; which product it is, is not needed
		// for this judgement.
		return ok(lang.Both("%s (which product is not known)", "%s（製品名は不明）").With(l.Name), l.Evidence)
	}
	return ok(lang.Same(l.Name+": "+strings.Join(products, ", ")), l.Evidence)
}

// productsOf names the instance's products as License Manager does: from the
// product code, else from License Manager's own row.
func productsOf(v *estate.View, p patient, l license) ([]string, []fact.Why) {
	if len(l.Products) > 0 {
		return l.Products, nil
	}
	rows := estate.LicensedInstancesPart.Of(v, "")
	if rows.IsUnknown() {
		return nil, whyOf(rows)
	}
	if row, found := licensedRow(rows, p.ID); found && len(row.Products) > 0 {
		return row.Products, nil
	}
	return nil, []fact.Why{{Reason: fact.NotModelled, Detail: l.Name + ": " + l.Evidence.Value}}
}

// licensedRow finds License Manager's row of an instance.
func licensedRow(rows fact.Of[[]estate.LicensedInstance], id string) (estate.LicensedInstance, bool) {
	for _, r := range rows.Value() {
		if r.ID == id {
			return r, true
		}
	}
	return estate.LicensedInstance{}, false
}

// licenseParams fills every parameter that the texts of license.* may use.
func licenseParams(p patient, directory, product, user, message string) map[string]string {
	return map[string]string{
		"directory": orDash(directory), "product": orDash(product), "user": orDash(user),
		"instance": orDash(p.ID), "message": orDash(message),
	}
}

// licenseWrites asks CloudTrail for what was done to License Manager's settings:
// its events name no resource that could be asked for.
func licenseWrites() estate.TrailQuery {
	return estate.TrailQuery{Attribute: "EventSource", Value: "license-manager-user-subscriptions.amazonaws.com"}
}

// afterDeath weighs findings about what License Manager needs. Configuration alone
// never proves why License Manager ended an instance: only its own words do
// (DESIGN.md, domain.md §5.4), so that findings about the dead are likely at most.
func afterDeath(v *estate.View, p patient, found []finding.Finding, queries ...estate.TrailQuery) []finding.Finding {
	if !p.dead {
		return found
	}
	found = readAfter(v, p, found, queries...)
	out := make([]finding.Finding, 0, len(found))
	for _, f := range found {
		f.Certainty = f.Certainty.AtMost(finding.Likely)
		out = append(out, f)
	}
	return out
}
