package probe

import (
	"strings"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
)

// judgeLicenseServers judges the RDS licence servers by the typed words of the API
// (domain.md §5.3 [V:botocore], LM-16).
func judgeLicenseServers(v *estate.View) Verdict {
	p, _, stop := licensedPatient(v)
	if stop != nil {
		return *stop
	}
	part := estate.LicenseServersPart.Of(v, "")
	if part.IsUnknown() {
		return unread(part.Why())
	}
	if len(part.Value()) == 0 {
		return notApplicable(lang.Both("no licence server is registered", "登録されたライセンスサーバーなし"))
	}
	at := estate.LicenseServersPart.Key("")
	d, domainWhys := licenseDomain(v)
	if pending := pendingOf(domainWhys); len(pending) > 0 {
		return unread(pending...)
	}
	providers := estate.IdentityProvidersPart.Of(v, "")
	var found []finding.Finding
	var open []fact.Why
	var read []finding.Evidence
	mine := 0
	judge := func(s estate.LicenseServer, name, word, message string, bad, wait bool) {
		e := see(at, name, join(word, message), lang.Both("License Manager's state of the licence server", "License Manager 上のライセンスサーバーの状態"), part.Origin())
		read = append(read, e)
		switch {
		case bad:
			found = append(found, finding.Finding{
				Code: finding.LicenseServerUnhealthy, Subject: name, Certainty: finding.Proven,
				Params: licenseParams(p, s.Directory, remoteDesktop, "", join(word, message)), Evidence: []finding.Evidence{e},
			})
		case wait:
			open = append(open, fact.Why{Reason: fact.NotModelled, Action: "license-manager-user-subscriptions:ListLicenseServerEndpoints", Resource: name, Detail: orDash(word)})
		}
	}
	for _, s := range part.Value() {
		name := first(s.Endpoint, s.Directory)
		directory, whys := servedBy(s, providers)
		if len(whys) == 0 && d.Directory == "" {
			whys = append(domainWhys, fact.Why{Reason: fact.BlockedBy, Blocker: "license.provider"})
		}
		if len(whys) > 0 {
			open = append(open, whys...)
			continue
		}
		if directory != d.Directory {
			read = append(read, see(at, name, join(directory, s.Provisioning), lang.Both("serves another directory", "別ディレクトリ用のライセンスサーバー"), part.Origin()))
			continue
		}
		mine++
		judge(s, name, s.Provisioning, s.Message, failedWord(s.Provisioning), s.Provisioning != "PROVISIONED")
		for _, n := range s.Servers {
			node := first(n.Address, name)
			if n.Provisioning != "" {
				judge(s, node, n.Provisioning, s.Message, failedWord(n.Provisioning), n.Provisioning != "PROVISIONED")
			}
			judge(s, node, n.Health, s.Message, n.Health == "UNHEALTHY", n.Health != "HEALTHY" && n.Health != "NOT_APPLICABLE")
		}
	}
	if mine == 0 && len(open) == 0 {
		return notApplicable(lang.Both("no licence server serves %s", "%s 用のライセンスサーバーなし").With(d.Directory), read...)
	}
	verdict := settle(found, open, lang.Both("%d licence server endpoints work", "ライセンスサーバー %d 件に問題なし").With(mine), read...)
	if verdict.Outcome == Problem {
		verdict.Say = lang.Both("a licence server does not work: %s", "ライセンスサーバーの異常: %s").With(join(found[0].Subject, found[0].Evidence[0].Value))
	}
	return verdict
}

// servedBy is the directory that a licence server belongs to, by the registration's
// ARN: it holds the directory's id, or is one that the list of registrations shows.
func servedBy(s estate.LicenseServer, providers fact.Of[[]estate.IdentityProvider]) (string, []fact.Why) {
	if s.Directory != "" {
		return s.Directory, nil
	}
	for _, row := range providers.Value() {
		if row.ARN != "" && row.ARN == s.Provider {
			return row.Directory, nil
		}
	}
	if providers.IsUnknown() {
		return "", whyOf(providers)
	}
	return "", []fact.Why{{Reason: fact.NotModelled, Action: "license-manager-user-subscriptions:ListLicenseServerEndpoints", Resource: s.Provider}}
}

func failedWord(s string) bool { return s == "PROVISIONING_FAILED" || s == "DELETION_FAILED" }

// account is a user as a person names one: "tanaka", "CORP\tanaka" or
// "tanaka@corp.example.local".
type account struct{ user, domain string }

func readAccount(s string) account {
	s = strings.TrimSpace(s)
	if d, u, found := strings.Cut(s, `\`); found {
		return account{strings.ToLower(u), strings.ToLower(d)}
	}
	if u, d, found := strings.Cut(s, "@"); found {
		return account{strings.ToLower(u), strings.ToLower(d)}
	}
	return account{user: strings.ToLower(s)}
}

// is reports whether a row of License Manager speaks of the account. A NetBIOS name
// matches the first label of a DNS name, or the directory's own short name.
func (a account) is(user, domain, short string) bool {
	row := readAccount(user)
	if row.user != a.user {
		return false
	}
	theirs := strings.ToLower(first(domain, row.domain, ""))
	if a.domain == "" || theirs == "" || theirs == "-" {
		return true
	}
	label := func(s string) string { s, _, _ = strings.Cut(s, "."); return s }
	return a.domain == theirs || a.domain == strings.ToLower(short) || label(a.domain) == label(theirs) &&
		(!strings.Contains(a.domain, ".") || !strings.Contains(theirs, "."))
}

// judgeLicenseUser judges whether one person may use the product. It has nothing to
// do with terminations (domain.md B6), so the dead are left out.
func judgeLicenseUser(v *estate.View) Verdict {
	p, l, stop := licensedPatient(v)
	if stop != nil {
		return *stop
	}
	if p.dead {
		return notApplicable(lang.Both("the instance is terminated", "終了済み（terminated）"))
	}
	answer, _ := v.Answer(estate.AnswerUser)
	who := readAccount(answer)
	if who.user == "" {
		return unread(fact.Why{Reason: fact.NeedsAnswer, Blocker: estate.AnswerUser})
	}
	d, whys := licenseDomain(v)
	products, productWhys := productsOf(v, p, l)
	if whys = append(whys, productWhys...); len(whys) > 0 {
		return unread(whys...)
	}
	if d.Directory == "" {
		return unread(fact.Why{Reason: fact.BlockedBy, Blocker: "license.provider"})
	}
	subscriptions := estate.SubscriptionsPart.Of(v, d.Directory)
	associations := estate.AssociationsPart.Of(v, p.ID+"/"+d.Directory)
	u := userJudgement{p: p, d: d, who: who, products: products, answer: answer}
	u.subscribed(subscriptions)
	u.associated(associations)
	if pending := pendingOf(u.open); len(pending) > 0 {
		return unread(pending...)
	}
	verdict := settle(u.found, u.open, lang.Both("%s is subscribed and associated", "%s はサブスクライブ・関連付け済み").With(answer), u.read...)
	if verdict.Outcome == Problem {
		var codes []string
		for _, f := range u.found {
			codes = append(codes, string(f.Code))
		}
		verdict.Say = lang.Both("%s cannot use the product: %s", "%s は製品を利用不可: %s").With(answer, strings.Join(codes, ", "))
	}
	return verdict
}

// userJudgement gathers what is found about one user.
type userJudgement struct {
	p        patient
	d        domain
	who      account
	answer   string
	products []string
	found    []finding.Finding
	open     []fact.Why
	read     []finding.Evidence
}

func (u *userJudgement) report(c finding.Code, product, message string, e finding.Evidence) {
	u.found = append(u.found, finding.Finding{
		Code: c, Subject: u.answer, Certainty: u.d.Certainty,
		Params: licenseParams(u.p, u.d.Directory, product, u.answer, message), Evidence: []finding.Evidence{e}, Assumptions: u.d.assumptions,
	})
}

// subscribed judges the subscriptions: to each product of the instance, and then to
// the RDS licence that goes with it.
func (u *userJudgement) subscribed(part fact.Of[[]estate.UserSubscription]) {
	if part.IsUnknown() {
		u.open = append(u.open, whyOf(part)...)
		return
	}
	all := true
	for _, product := range u.products {
		if !strings.EqualFold(product, remoteDesktop) {
			all = u.subscription(part, product, finding.LicenseUserNotSubscribed) && all
		}
	}
	// Without the product the RDS licence is no question of its own.
	if all {
		u.subscription(part, remoteDesktop, finding.LicenseRDSLicenseMissing)
	}
}

// subscription judges one product and reports whether the user has it.
func (u *userJudgement) subscription(part fact.Of[[]estate.UserSubscription], product string, code finding.Code) bool {
	at := estate.SubscriptionsPart.Key(u.d.Directory)
	other, last := "", finding.Evidence{}
	for _, row := range part.Value() {
		if !strings.EqualFold(row.Product, product) || !u.who.is(row.User, row.Domain, u.d.Row.Short) {
			continue
		}
		last = see(at, row.User, join(row.Product, row.Status, row.Message),
			lang.Both("License Manager's state of the subscription", "License Manager 上のサブスクリプションの状態"), part.Origin())
		switch strings.ToUpper(row.Status) {
		case "SUBSCRIBED", "ACTIVE":
			u.read = append(u.read, last)
			return true
		case "UNSUBSCRIBED":
		default:
			other = join(row.Status, row.Message)
		}
	}
	switch {
	case other != "":
		u.read = append(u.read, last)
		u.open = append(u.open, fact.Why{Reason: fact.NotModelled, Action: "license-manager-user-subscriptions:ListProductSubscriptions", Resource: u.answer, Detail: other})
	case last.At != "":
		u.report(code, product, last.Value, last)
	default:
		u.report(code, product, "", see(at, product, "-",
			lang.Both("the user has no subscription to %s in this directory", "このディレクトリで %s のサブスクリプションなし").With(product), part.Origin()))
	}
	return false
}

func (u *userJudgement) associated(part fact.Of[[]estate.UserAssociation]) {
	if part.IsUnknown() {
		u.open = append(u.open, whyOf(part)...)
		return
	}
	at := estate.AssociationsPart.Key(u.p.ID + "/" + u.d.Directory)
	gone, other := finding.Evidence{}, ""
	for _, row := range part.Value() {
		if !u.who.is(row.User, row.Domain, u.d.Row.Short) || (row.Instance != "" && row.Instance != u.p.ID) {
			continue
		}
		e := see(at, row.User, join(row.Status, row.Message),
			lang.Both("License Manager's state of the association", "License Manager 上の関連付けの状態"), part.Origin())
		u.read = append(u.read, e)
		switch strings.ToUpper(row.Status) {
		case "ASSOCIATED", "ACTIVE":
			return
		case "DISASSOCIATED":
			gone = e
		default:
			other = join(row.Status, row.Message)
		}
	}
	switch {
	case other != "":
		u.open = append(u.open, fact.Why{Reason: fact.NotModelled, Action: "license-manager-user-subscriptions:ListUserAssociations", Resource: u.answer, Detail: other})
	case gone.At != "":
		u.report(finding.LicenseUserNotAssociated, strings.Join(u.products, ", "), gone.Value, gone)
	default:
		u.report(finding.LicenseUserNotAssociated, strings.Join(u.products, ", "), "", see(at, "", "-",
			lang.Both("the user is not associated with this instance", "このインスタンスへの関連付けなし"), part.Origin()))
	}
}
