package probe

import (
	"net/netip"
	"slices"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/reach"
)

// judgeAWSNames judges where the names of AWS services come from when DHCP hands
// out the AD's DNS servers: those forward to the Resolver of their own VPC, which
// does not know the endpoints of this one (domain.md B4: first sentence
// [V:r53blog], the rest [D], so likely at most).
//
// What Windows itself gets stands above that, whichever way it goes (domain.md DNS-3).
func judgeAWSNames(v *estate.View) Verdict {
	api := configuredAWSNames(v)
	p, whys := thePatient(v)
	if len(whys) > 0 || !askable(p) || api.Pending() {
		return api
	}
	l, whys := lookInside(v, p)
	if len(whys) > 0 {
		return unlessRefused(api, whys[0])
	}
	return l.awsNames(api)
}

// configuredAWSNames judges by what AWS tells alone.
func configuredAWSNames(v *estate.View) Verdict {
	p, whys := thePatient(v)
	if len(whys) > 0 {
		return unread(whys...)
	}
	s, whys := serversOf(v, p.VPC)
	if len(whys) > 0 {
		return unread(whys...)
	}
	seen := serversSeen(s)
	switch {
	case s.nothing, s.amazon && len(s.custom) > 0:
		return unread(fact.Why{Reason: fact.BlockedBy, Blocker: "dns.options"})
	case s.amazon:
		return ok(lang.Both("the VPC's own Resolver answers", "VPC の Resolver が応答"), seen)
	}
	endpoints := estate.EndpointsPart.Of(v, p.VPC)
	directories := estate.DirectoriesPart.Of(v, "")
	node := estate.ManagedNodePart.Of(v, p.ID)
	exit := reach.ExitOf(v, patientSide(p))
	if endpoints.IsUnknown() {
		return unread(endpoints.Why())
	}
	private := withPrivateDNS(endpoints.Value(), v.Target().Region)
	if len(private) == 0 {
		return ok(lang.Both("no interface endpoint depends on it", "対象のインターフェイスエンドポイントなし"), seen)
	}
	if whys := whyOf(directories); len(whys) > 0 {
		return unread(whys...)
	}
	for _, d := range directories.Value() {
		if !slices.ContainsFunc(s.custom, func(a netip.Addr) bool { return slices.Contains(d.DNS, a.String()) }) {
			continue
		}
		if d.VPC == p.VPC {
			return ok(lang.Both("the directory's DNS is in this VPC and asks its Resolver", "ディレクトリの DNS は同一 VPC 内"), seen)
		}
		if d.VPC == "" {
			return unread(fact.Why{Reason: fact.NotVisible, Action: "ds:DescribeDirectories", Resource: d.ID})
		}
		whys := pendingOf(exit.Whys)
		if _, planned := beforeFix(node.Why()); !planned {
			whys = append(whys, whyOf(node)...)
		}
		if len(whys) > 0 {
			return unread(whys...)
		}
		f := finding.Finding{
			Code: finding.DNSAWSNamesNotForwarded, Subject: p.VPC, Certainty: finding.Likely, Scope: private,
			Params: map[string]string{"vpc": p.VPC, "domain": d.Name, "servers": s.text(), "options": s.set, "directory": d.ID},
			Evidence: []finding.Evidence{seen, see(estate.DirectoriesPart.Key(""), d.ID, d.VPC,
				lang.Both("the directory is in another VPC, whose Resolver does not know the endpoints of this one",
					"ディレクトリは別 VPC にあり、その Resolver はこの VPC のエンドポイントを解決できない"), directories.Origin())},
			Assumptions: []finding.Assumption{{Code: finding.AssumeForwarders}},
		}
		switch {
		case node.IsKnown() && onlineNow(v, node.Value().PingStatus, node.Value().LastPing):
			// AWS reports the agent online: the names evidently resolve.
			f.Severity, f.Certainty = finding.Info, finding.Possible
		case exit.Internet == reach.Yes:
			// The public addresses can be reached as well (domain.md DNS-3).
			f.Severity = finding.Warning
		}
		return settle(readAfter(v, p, []finding.Finding{f}, resource(p.VPC)), nil, lang.Text{}, seen).
			saying(lang.Both("the AD DNS (%s) does not know the endpoints of this VPC", "AD の DNS（%s）では VPC エンドポイントの名前を解決不可").With(s.text()))
	}
	u := unread(fact.Why{Reason: fact.NeedsGuest, Detail: s.text()})
	u.Say = lang.Both("own DNS servers (%s): only Windows can tell what AWS names resolve to", "独自 DNS サーバー（%s）での AWS サービス名の解決結果は OS 内の確認が必要").With(s.text())
	u.Evidence = []finding.Evidence{seen}
	return u
}
