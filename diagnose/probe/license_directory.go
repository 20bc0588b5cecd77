package probe

import (
	"strings"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
)

// What License Manager says where it cannot select a directory, verbatim (domain.md
// §5.3 [V:lm-ts]); compared in part, and without case.
const (
	saysAmbiguous   = "peered with multiple VPCs that each have a registered Active Directory"
	saysUnreachable = "No registered Active Directory is reachable from this instance's VPC"
)

// saidOfDirectory reads License Manager's own words about the selection.
func saidOfDirectory(message string) (finding.Code, bool) {
	says := strings.ToLower(message)
	switch {
	case strings.Contains(says, strings.ToLower(saysAmbiguous)):
		return finding.LicenseDirectoryAmbiguous, true
	case strings.Contains(says, strings.ToLower(saysUnreachable)):
		return finding.LicenseDirectoryUnreachable, true
	}
	return "", false
}

func judgeLicenseDirectory(v *estate.View) Verdict {
	p, l, stop := licensedPatient(v)
	if stop != nil {
		return *stop
	}
	reg := registered(v, p, l)
	directories := estate.DirectoriesPart.Of(v, "")
	rows := estate.LicensedInstancesPart.Of(v, "")
	if p.VPC != "" {
		estate.PeeringsPart.Of(v, p.VPC) // needed as soon as no directory is in the VPC itself
	}
	if pending := pendingOf(append(reg.whys, append(whyOf(directories), whyOf(rows)...)...)); len(pending) > 0 {
		return unread(pending...)
	}
	found, read, open := configuredDirectory(v, p, l, reg, directories)
	if pending := pendingOf(open); len(pending) > 0 {
		return unread(pending...)
	}
	// What License Manager itself said outweighs what the configuration is now. As
	// long as it was not heard, the selection is not called good.
	open = append(open, whyOf(rows)...)
	if row, listed := licensedRow(rows, p.ID); listed {
		if code, said := saidOfDirectory(row.Message); said {
			certainty := finding.Proven
			if p.dead {
				// That the row of a dead instance keeps its last words is from memory
				// (domain.md §5.4 [M]); what proves a termination is the output of License
				// Manager's own command.
				certainty = finding.Likely
			}
			found = withWords(found, finding.Finding{
				Code: code, Subject: p.VPC, Certainty: certainty, Scope: []string{"directory"},
				Params: licenseParams(p, row.Directory, strings.Join(row.Products, ", "), "", row.Message),
				Evidence: []finding.Evidence{see(estate.LicensedInstancesPart.Key(""), row.ID, row.Message,
					lang.Both("License Manager's own words", "License Manager のステータスメッセージ（原文）"), rows.Origin())},
			})
		}
	}
	if len(found) == 0 && len(read) == 0 && len(open) == 0 {
		open = append(open, fact.Why{Reason: fact.BlockedBy, Blocker: "license.provider"})
	}
	verdict := settle(found, open, lang.Text{}, read...)
	switch {
	case verdict.Outcome == OK:
		verdict.Say = lang.Both("selects %s", "選択されるディレクトリ: %s").With(read[0].Value)
	case verdict.Outcome == Problem && found[0].Code == finding.LicenseDirectoryAmbiguous:
		verdict.Say = lang.Both("several peered VPCs have a registered directory", "ピアリング接続先の複数 VPC に登録済みディレクトリあり（選択不可）")
	case verdict.Outcome == Problem:
		verdict.Say = lang.Both("no registered directory is in reach of %s", "%s から到達可能な登録済みディレクトリなし").With(p.VPC)
	}
	return verdict
}

// withWords adds a finding in License Manager's own words; it replaces the weaker
// one of the same code that the configuration gave, and keeps its evidence.
func withWords(found []finding.Finding, said finding.Finding) []finding.Finding {
	for i, f := range found {
		if f.Code == said.Code {
			said.Evidence = append(said.Evidence, f.Evidence...)
			found[i] = said
			return found
		}
	}
	return append(found, said)
}

// configuredDirectory applies License Manager's rule of selection to the
// configuration as it is. From a second source only "none in reach" can be told: it
// may hold directories of other products as well.
func configuredDirectory(v *estate.View, p patient, l license, reg registration, directories fact.Of[[]estate.Directory]) (found []finding.Finding, read []finding.Evidence, open []fact.Why) {
	if len(reg.products) == 0 {
		_, whys := productsOf(v, p, l)
		return nil, nil, whys
	}
	all := reg.candidates(directories)
	if len(all) == 0 {
		return nil, nil, reg.whys
	}
	s := selectDirectory(v, p, all, directories)
	certainty := finding.Proven
	var assumptions []finding.Assumption
	if second := all[0].second; second != "" {
		certainty = finding.Likely
		assumptions = append(assumptions, secondSource(second))
	}
	evidence := func(c candidate, rule lang.Text) finding.Evidence {
		return see(estate.DirectoriesPart.Key(""), c.id, join(c.id, c.vpc), rule, directories.Origin())
	}
	report := func(code finding.Code, ids string, evidence ...finding.Evidence) {
		found = afterDeath(v, p, []finding.Finding{{
			Code: code, Subject: p.VPC, Certainty: certainty, Scope: []string{"directory"},
			Params: licenseParams(p, ids, strings.Join(reg.products, ", "), "", ""), Evidence: evidence, Assumptions: assumptions,
		}}, licenseWrites(), resource(p.VPC))
	}
	if s.own.id != "" {
		read = append(read, evidence(s.own, lang.Both("a registered directory in the instance's own VPC is selected", "インスタンスと同一 VPC の登録済みディレクトリが選択される")))
		return nil, read, reg.whys
	}
	if len(s.whys) > 0 {
		return nil, nil, append(s.whys, reg.whys...)
	}
	peers := see(estate.PeeringsPart.Key(p.VPC), "", orDash(strings.Join(s.peers, ", ")),
		lang.Both("VPCs with an active peering", "アクティブなピアリング接続先の VPC"), s.origin)
	var ids []string
	for _, c := range all {
		ids = append(ids, c.id)
	}
	switch {
	case len(s.peered) == 0:
		e := []finding.Evidence{peers}
		for _, c := range all {
			e = append(e, evidence(c, lang.Both("registered, but neither in this VPC nor in a peered one", "登録済みだが、同一 VPC にもピアリング接続先 VPC にも存在しない")))
		}
		report(finding.LicenseDirectoryUnreachable, strings.Join(ids, ", "), e...)
	case len(s.peered) == 1:
		read = append(read, evidence(s.peered[0], lang.Both("the only registered directory in a peered VPC is selected", "ピアリング接続先 VPC で唯一の登録済みディレクトリが選択される")), peers)
		open = reg.whys
	case all[0].second != "":
		open = reg.whys
		if len(open) == 0 {
			open = []fact.Why{{Reason: fact.BlockedBy, Blocker: "license.provider"}}
		}
	default:
		e := []finding.Evidence{peers}
		ids = nil
		for _, c := range s.peered {
			ids = append(ids, c.id)
			e = append(e, evidence(c, lang.Both("registered, in a peered VPC; License Manager selects only where there is exactly one", "ピアリング接続先 VPC の登録済みディレクトリ。License Manager が選択できるのは 1 つのみの場合に限られる")))
		}
		report(finding.LicenseDirectoryAmbiguous, strings.Join(ids, ", "), e...)
	}
	return found, read, open
}
