package probe

import (
	"regexp"
	"slices"
	"strings"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
)

// registration is what is known of the directories that are registered with
// License Manager for the instance's product.
type registration struct {
	providers fact.Of[[]estate.IdentityProvider]
	// rows are the registrations for the product, those that are gone left out.
	rows       []estate.IdentityProvider
	interfaces fact.Of[[]estate.Interface]
	// products are the instance's products; empty where they are not known.
	products []string
	// whys says what of all this could not be read.
	whys []fact.Why
}

// registered reads the registrations. Everything is touched at once, so that the
// second source is there when the first is refused.
func registered(v *estate.View, p patient, l license) registration {
	r := registration{
		providers:  estate.IdentityProvidersPart.Of(v, ""),
		interfaces: estate.LicenseInterfacesPart.Of(v, ""),
	}
	products, whys := productsOf(v, p, l)
	r.products = products
	r.whys = append(whyOf(r.providers), pendingOf(whys)...)
	for _, row := range r.providers.Value() {
		if forProduct(row, r.products) && !gone(row) {
			r.rows = append(r.rows, row)
		}
	}
	return r
}

// forProduct reports whether a registration is for one of the products; where those
// are not known, whether it is for anything but RDS.
func forProduct(row estate.IdentityProvider, products []string) bool {
	if len(products) == 0 {
		return !strings.EqualFold(row.Product, remoteDesktop)
	}
	return slices.ContainsFunc(products, func(s string) bool { return strings.EqualFold(s, row.Product) })
}

// gone reports whether a registration was taken back (the word is AWS's sample
// repository's, domain.md §5.3 [V:lm-sample]).
func gone(row estate.IdentityProvider) bool { return strings.EqualFold(row.Status, "DEREGISTERED") }

// standing reports whether a registration works: "REGISTERED" in the API, and
// "Configured" in the console (domain.md §5.3).
func standing(row estate.IdentityProvider) bool {
	return strings.EqualFold(row.Status, "REGISTERED") || strings.EqualFold(row.Status, "CONFIGURED")
}

// failed reports whether License Manager says why a registration does not work.
func failed(row estate.IdentityProvider) bool { return row.Failure != "" && !standing(row) }

// complete reports whether a registration works and has what its product needs:
// Office the VPC settings (domain.md LM-3).
func complete(row estate.IdentityProvider) bool {
	return standing(row) && !(isOffice(row.Product) && row.SecurityGroup == "" && len(row.Subnets) == 0)
}

// candidate is a directory that License Manager may select.
type candidate struct {
	id     string
	domain string
	// vpc is where the directory is, "" where that is not known.
	vpc string
	// second names the second source that the candidate comes from, "" for none.
	second string
}

// candidates lists the registered directories, each once. Where License Manager's
// API is refused, or shows none, its network interfaces tell: their description
// holds the directory's id (domain.md §5.2).
func (r registration) candidates(directories fact.Of[[]estate.Directory]) []candidate {
	var out []candidate
	add := func(c candidate) {
		if c.id == "" || slices.ContainsFunc(out, func(o candidate) bool { return o.id == c.id }) {
			return
		}
		row, _ := directoryWithID(directories, c.id)
		c.vpc = row.VPC
		out = append(out, c)
	}
	// Where some registration did not fail, those that did are no choice.
	failing := !slices.ContainsFunc(r.rows, func(row estate.IdentityProvider) bool { return !failed(row) })
	for _, row := range r.rows {
		if failing || !failed(row) {
			add(candidate{id: row.Directory, domain: row.Domain})
		}
	}
	if len(out) > 0 {
		return out
	}
	for _, i := range r.interfaces.Value() {
		add(candidate{id: directoryOf(i), second: "ec2:DescribeNetworkInterfaces"})
	}
	slices.SortFunc(out, func(a, b candidate) int { return strings.Compare(a.id, b.id) })
	return out
}

// directoryOf reads the directory's id in the description of an interface that
// License Manager made: "AWS created network interface for LicenseManager d-…"
// (domain.md §5.2 [V:lm-main]).
func directoryOf(i estate.Interface) string {
	return regexp.MustCompile(`\b(?:d|sd)-[0-9a-f]{10}\b`).FindString(i.Description)
}

// registeredInTrail lists the directories that CloudTrail saw being registered: the
// last second source, ninety days long and blind to what was taken back since.
func registeredInTrail(v *estate.View, directories fact.Of[[]estate.Directory]) ([]candidate, []fact.Why) {
	part := estate.TrailPart.Of(v, estate.TrailQuery{Attribute: "EventName", Value: "RegisterIdentityProvider"}.String())
	var out []candidate
	for _, e := range part.Value().Events {
		names := []string{e.Params["directoryId"]}
		for _, r := range e.Resources {
			names = append(names, r.Name)
		}
		for _, name := range names {
			row, known := directoryWithID(directories, name)
			if e.Error == "" && known && !slices.ContainsFunc(out, func(c candidate) bool { return c.id == name }) {
				out = append(out, candidate{id: name, vpc: row.VPC, second: "cloudtrail:LookupEvents"})
			}
		}
	}
	return out, pendingOf(whyOf(part))
}

// selected is the directory that License Manager selects among the registered ones;
// the zero candidate where there is none. A single candidate is the one, reachable
// or not: which domain has to resolve does not depend on the path to it.
func (r registration) selected(v *estate.View, p patient, directories fact.Of[[]estate.Directory]) (candidate, []fact.Why) {
	return selectAmong(v, p, r.candidates(directories), directories)
}

func selectAmong(v *estate.View, p patient, all []candidate, directories fact.Of[[]estate.Directory]) (candidate, []fact.Why) {
	switch len(all) {
	case 0:
		return candidate{}, nil
	case 1:
		return all[0], nil
	}
	s := selectDirectory(v, p, all, directories)
	switch {
	case len(s.whys) > 0:
		return candidate{}, s.whys
	case s.own.id != "":
		return s.own, nil
	case len(s.peered) == 1:
		return s.peered[0], nil
	}
	return candidate{}, []fact.Why{{Reason: fact.BlockedBy, Blocker: "license.directory"}}
}

// selection is how License Manager sees the registered directories from a VPC.
type selection struct {
	own    candidate   // in the instance's own VPC
	peered []candidate // in VPCs with an active peering, one for each VPC
	peers  []string    // the VPCs that are peered with the instance's
	origin fact.Origin // of the peerings
	whys   []fact.Why
}

// selectDirectory applies License Manager's rule: a registered directory in the
// instance's VPC, else the one in exactly one peered VPC; transit gateways do not
// count (domain.md §5.2.7 [V:lm-main], the last [D]).
func selectDirectory(v *estate.View, p patient, all []candidate, directories fact.Of[[]estate.Directory]) selection {
	var s selection
	if p.VPC == "" {
		s.whys = []fact.Why{{Reason: fact.NotRecorded, Action: "ec2:DescribeInstances", Resource: p.ID}}
		return s
	}
	peerings := estate.PeeringsPart.Of(v, p.VPC)
	s.origin = peerings.Origin()
	for _, c := range all {
		switch c.vpc {
		case p.VPC:
			if s.own.id == "" {
				s.own = c
			}
		case "":
			if directories.IsUnknown() {
				s.whys = append(s.whys, directories.Why())
				continue
			}
			s.whys = append(s.whys, fact.Why{Reason: fact.NotVisible, Action: "ds:DescribeDirectories", Resource: c.id})
		}
	}
	if s.own.id != "" {
		s.whys = nil
		return s
	}
	s.whys = append(s.whys, whyOf(peerings)...)
	for _, link := range peerings.Value() {
		if !strings.EqualFold(link.Status, "active") {
			continue
		}
		other := link.AccepterVPC
		if other == p.VPC {
			other = link.RequesterVPC
		}
		s.peers = append(s.peers, other)
	}
	slices.Sort(s.peers)
	s.peers = slices.Compact(s.peers)
	for _, vpc := range s.peers {
		if i := slices.IndexFunc(all, func(c candidate) bool { return c.vpc == vpc }); i >= 0 {
			s.peered = append(s.peered, all[i])
		}
	}
	return s
}

func judgeLicenseRole(v *estate.View) Verdict {
	p, l, stop := licensedPatient(v)
	if stop != nil {
		return *stop
	}
	const name = "AWSServiceRoleForAWSLicenseManagerUserSubscriptionsService"
	role := estate.RolePart.Of(v, name)
	at := estate.RolePart.Key(name)
	switch {
	case role.IsUnknown():
		return unread(role.Why())
	case role.IsKnown():
		return ok(lang.Both("the role is there", "ロールあり"), see(at, "arn", role.Value().ARN,
			lang.Both("License Manager acts with this role", "License Manager が使用するロール"), role.Origin()))
	}
	// IAM's events are in another region's event history (us-east-1), which is not
	// read: what was read after a death stays an assumption.
	found := afterDeath(v, p, []finding.Finding{{
		Code: finding.LicenseRoleMissing, Subject: name, Certainty: finding.Proven, Scope: []string{"directory"},
		Params: licenseParams(p, "", first(l.Product, l.Name), "", name),
		Evidence: []finding.Evidence{see(at, "", "NoSuchEntity",
			lang.Both("IAM has no such role, so License Manager cannot tag, command or join the instance",
				"IAM に該当ロールなし。License Manager によるタグ付け・コマンド実行・ドメイン参加が不可"), role.Origin())},
	}})
	return problem(lang.Both("the service-linked role is missing: %s", "サービスリンクロールなし: %s").With(name), found)
}

func judgeLicenseProvider(v *estate.View) Verdict {
	p, l, stop := licensedPatient(v)
	if stop != nil {
		return *stop
	}
	providers := estate.IdentityProvidersPart.Of(v, "")
	products, productWhys := productsOf(v, p, l)
	if providers.IsUnknown() {
		return unread(providers.Why())
	}
	at := estate.IdentityProvidersPart.Key("")
	var found []finding.Finding
	var open []fact.Why
	var read []finding.Evidence
	missing := func(product string, evidence finding.Evidence, directory, message string) {
		found = append(found, finding.Finding{
			Code: finding.LicenseProviderNotRegistered, Subject: first(directory, l.Product, l.Name), Certainty: finding.Proven,
			Scope:    []string{"directory", "1688"},
			Params:   licenseParams(p, directory, product, "", message),
			Evidence: []finding.Evidence{evidence},
		})
	}
	asked := products
	if len(asked) == 0 {
		// Which product is not known: no registration at all is wrong for any of them,
		// and nothing more can be told.
		asked = []string{""}
		open = append(open, productWhys...)
	}
	for _, product := range asked {
		var rows []estate.IdentityProvider
		for _, row := range providers.Value() {
			if forProduct(row, nonEmpty(product)) && !gone(row) {
				rows = append(rows, row)
			}
		}
		if len(rows) == 0 {
			missing(first(product, l.Name), see(at, "", providerList(providers.Value()),
				lang.Both("no directory is registered for the product", "対象製品に登録されたディレクトリなし"), providers.Origin()), "", "")
			continue
		}
		if product == "" {
			continue
		}
		another, whys := besides(v, p, rows)
		open = append(open, whys...)
		for _, row := range rows {
			e := see(at, row.Directory, join(row.Product, row.Status, row.Failure),
				lang.Both("License Manager's own word for the registration", "License Manager 上の登録状態"), providers.Origin())
			read = append(read, e)
			switch {
			case another || len(whys) > 0:
			case failed(row):
				missing(product, e, row.Directory, row.Failure)
			case !standing(row):
				open = append(open, fact.Why{Reason: fact.NotModelled, Action: "license-manager-user-subscriptions:ListIdentityProviders",
					Resource: row.Directory, Detail: row.Status})
			case !complete(row):
				e.Rule = lang.Both("Office needs the registration's VPC settings: without them License Manager makes no activation endpoints",
					"Office には登録時の VPC 設定が必須。未設定ではライセンス認証用エンドポイントが作成されない")
				missing(product, e, row.Directory, "Settings")
			}
		}
	}
	verdict := settle(afterDeath(v, p, found, licenseWrites()), open,
		lang.Both("registered: %s", "登録済み: %s").With(providerList(providers.Value())), read...)
	if verdict.Outcome == Problem {
		verdict.Say = lang.Both("no working registration for %s", "%s の有効なディレクトリ登録なし").With(first(strings.Join(products, ", "), l.Name))
	}
	return verdict
}

// besides reports whether License Manager selects a registration that works beside
// some that do not: those are another VPC's, and no cause of anything here.
func besides(v *estate.View, p patient, rows []estate.IdentityProvider) (bool, []fact.Why) {
	reg := registration{}
	for _, row := range rows {
		if complete(row) {
			reg.rows = append(reg.rows, row)
		}
	}
	if len(reg.rows) == 0 || len(reg.rows) == len(rows) {
		return false, nil
	}
	directories := estate.DirectoriesPart.Of(v, "")
	s := selectDirectory(v, p, reg.candidates(directories), directories)
	return s.own.id != "" || len(s.peered) == 1, s.whys
}

func nonEmpty(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

func providerList(rows []estate.IdentityProvider) string {
	var out []string
	for _, row := range rows {
		out = append(out, join(first(row.Directory, row.Domain), row.Product, row.Status))
	}
	return orDash(strings.Join(out, ", "))
}
