package probe

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/reach"
)

func adDNSProbes() []Probe {
	parts := withDomain(estate.VPCPart, estate.DHCPOptionsPart,
		estate.ResolverAssociationsPart, estate.ResolverRulesPart, estate.ResolverEndpointsPart)
	return []Probe{
		{
			ID:    "dns.ad-domain",
			Title: lang.Both("The VPC resolves the AD domain", "AD ドメインの名前解決"),
			Parts: append(slices.Clone(parts), estate.GuestDNSPart),
			Asks:  []string{estate.AnswerADDomain},
			Codes: []finding.Code{finding.DNSADDomainUnresolvable, finding.DNSResolverRuleStale},
			Judge: judgeADDomain,
		},
		{
			ID:    "dns.ad-servers",
			Title: lang.Both("The AD's DNS servers answer", "AD DNS サーバーへの到達性"),
			Parts: append(slices.Clone(parts), estate.SecurityGroupPart, estate.NetworkACLsPart,
				estate.RouteTablesPart, estate.PrefixListPart, estate.SubnetsPart),
			Asks:  []string{estate.AnswerADDomain},
			Codes: []finding.Code{finding.DNSADServersUnreachable},
			Judge: judgeADServers,
		},
		{
			ID:    "dns.aws-names",
			Title: lang.Both("AWS names resolve to the endpoints of this VPC", "AWS サービス名のこの VPC での名前解決"),
			Parts: append(lookupParts(), estate.ManagedNodePart,
				estate.RouteTablesPart, estate.PrefixListPart, estate.SubnetsPart),
			Asks:  []string{estate.AnswerADDomain},
			Codes: []finding.Code{finding.DNSAWSNamesNotForwarded},
			Judge: judgeAWSNames,
		},
	}
}

// adNeeded is what the judgements about the AD domain have in common: the
// patient, the domain it needs, and the servers that DHCP hands out.
type adNeeded struct {
	p       patient
	domain  domain
	servers dnsServers
	// needed is false where nothing says that an AD domain has to resolve.
	needed bool
}

func adNeed(v *estate.View) (adNeeded, []fact.Why) {
	p, whys := thePatient(v)
	if len(whys) > 0 {
		return adNeeded{}, whys
	}
	n, whys := domainNeed(v, p)
	if !n.needed {
		return n, whys
	}
	servers, serverWhys := serversOf(v, p.VPC)
	if whys := append(serverWhys, whys...); len(whys) > 0 {
		return adNeeded{}, whys
	}
	n.servers = servers
	return n, nil
}

// domainNeed is the domain that the patient needs, without what DHCP hands out. needed
// is set as soon as it is known that it needs one, whys is why it is not known which.
func domainNeed(v *estate.View, p patient) (adNeeded, []fact.Why) {
	n := adNeeded{p: p}
	answer, _ := v.Answer(estate.AnswerADDomain)
	lic, licWhys := licensed(v, p)
	if !lic.Is && answer == "" {
		return n, licWhys
	}
	// Asked for together, whatever the answer to the first: each alone would cost a
	// wave of its own.
	serversOf(v, p.VPC)
	estate.ResolverAssociationsPart.Of(v, p.VPC)
	estate.ResolverRulesPart.Of(v, "")
	estate.ResolverEndpointsPart.Of(v, "")
	writtenSince(v, p, resource(p.VPC))
	n.needed = true
	d, whys := adDomain(v, p)
	n.domain = d
	return n, whys
}

func (n adNeeded) params() map[string]string {
	return map[string]string{
		"vpc": n.p.VPC, "domain": n.domain.FQDN, "servers": n.servers.text(), "options": n.servers.set,
		"directory": n.domain.Directory, "controllers": join(addressTexts(n.domain.Servers)...),
	}
}

func addressTexts(as []netip.Addr) []string {
	var out []string
	for _, a := range as {
		out = append(out, a.String())
	}
	return out
}

func notNeeded() Verdict {
	return notApplicable(lang.Both("no AD domain is needed here, as far as is known", "AD ドメインを必要とする構成ではない"))
}

func judgeADDomain(v *estate.View) Verdict {
	n, whys := adNeed(v)
	switch {
	case len(whys) > 0:
		return unread(whys...)
	case !n.needed:
		return notNeeded()
	}
	return n.asWindowsSees(v, n.configured(v))
}

// configured judges the domain's resolution by what AWS tells alone.
func (n adNeeded) configured(v *estate.View) Verdict {
	switch {
	case n.servers.nothing:
		return unread(fact.Why{Reason: fact.BlockedBy, Blocker: "dns.options"})
	case n.servers.amazon:
		return n.throughResolver(v)
	}
	return n.throughOwnServers()
}

// asWindowsSees puts what Windows resolves above what the configuration lets expect:
// a domain that it finds does resolve, and one that it does not find, where the
// configuration says so too, is proven not to. What else it cannot resolve is
// judged by dns.lookup. While Windows is being asked, the configuration speaks.
func (n adNeeded) asWindowsSees(v *estate.View, api Verdict) Verdict {
	if api.Pending() || !askable(n.p) {
		return api
	}
	f, w := windowsFinds(v, n.p, n.domain.FQDN)
	if !f.IsKnown() {
		return unlessRefused(api, orNotRecorded(f)[0])
	}
	a := w.domain(n.domain.FQDN)
	switch {
	case !a.asked:
		return api
	case a.resolved:
		return ok(lang.Both("Windows resolves %s", "OS 内で %s を名前解決可能").With(n.domain.FQDN), append([]finding.Evidence{a.evidence}, api.Evidence...)...)
	case api.Outcome != Problem:
		out := unread(fact.Why{Reason: fact.BlockedBy, Blocker: "dns.lookup", Resource: n.domain.FQDN})
		out.Say = lang.Both("Windows does not resolve %s", "OS 内で %s を名前解決できない状態").With(n.domain.FQDN)
		out.Evidence = append([]finding.Evidence{a.evidence}, api.Evidence...)
		return out
	}
	api.Evidence = append(slices.Clone(api.Evidence), a.evidence)
	for i := range api.Findings {
		found := &api.Findings[i]
		found.Evidence = append(slices.Clone(found.Evidence), a.evidence)
		if !a.denied() || w.follows(n.servers, estate.VPCPart.Of(v, n.p.VPC).Value()) != reach.Yes {
			continue // not answered by the servers that this is about
		}
		found.Certainty = finding.Proven.AtMost(n.domain.Certainty)
		found.Assumptions = slices.DeleteFunc(slices.Clone(found.Assumptions), func(a finding.Assumption) bool {
			return a.Code == finding.AssumeNoPrivateZone
		})
	}
	return api
}

// unlessRefused is a judgement that stands on AWS alone because Windows did not
// answer: it stays where Windows was not asked, or is still being asked, and is open
// where the question was refused or lost, as the answer could contradict it.
func unlessRefused(api Verdict, why fact.Why) Verdict {
	switch {
	case why.Reason == fact.Pending:
		api.Whys = dedupe(append(slices.Clone(api.Whys), why))
	case mayRefute(why):
		evidence := api.Evidence
		api = unread(why)
		api.Evidence = evidence
	}
	return api
}

// throughResolver judges a VPC whose instances ask the Resolver: it knows the AD
// domain only through a forwarding rule (domain.md DNS-2a; §6.1 [V:r53blog]).
func (n adNeeded) throughResolver(v *estate.View) Verdict {
	associations := estate.ResolverAssociationsPart.Of(v, n.p.VPC)
	rules := estate.ResolverRulesPart.Of(v, "")
	endpoints := estate.ResolverEndpointsPart.Of(v, "")
	if whys := slices.Concat(whyOf(associations), whyOf(rules)); len(whys) > 0 {
		return unread(whys...)
	}
	rule, found, unseen := governing(n.domain.FQDN, n.p.VPC, associations.Value(), rules.Value())
	if unseen != "" {
		// A rule is associated that the list does not show: another account's.
		return unread(fact.Why{Reason: fact.NotVisible, Action: "route53resolver:ListResolverRules", Resource: unseen})
	}
	at := estate.ResolverRulesPart.Key("")
	seen := serversSeen(n.servers)
	switch {
	case !found && len(n.servers.custom) > 0:
		// Whether a query gets to the servers that may know the domain, or to the
		// Resolver that does not, changes with time.
		return unread(fact.Why{Reason: fact.BlockedBy, Blocker: "dns.options"})
	case !found && !n.p.dead && coming(n.domain.FQDN, n.p.VPC, associations.Value(), rules.Value()):
		// Associations settle within minutes.
		return unread(fact.Why{Reason: fact.TooEarly, Action: "route53resolver:ListResolverRuleAssociations", Until: v.AsOf().Add(5 * time.Minute), Resource: n.p.VPC})
	case found && rule.Status != "" && rule.Status != "COMPLETE":
		return unread(fact.Why{Reason: fact.NotModelled, Action: "route53resolver:ListResolverRules", Resource: rule.ID, Detail: rule.Status})
	case !found:
		none := see(estate.ResolverAssociationsPart.Key(n.p.VPC), "", ruleNames(associations.Value(), rules.Value()),
			lang.Both("no forwarding rule of this VPC covers %s, so the Resolver answers that the name does not exist",
				"%s を対象とする転送ルールの関連付けがなく、VPC の Resolver では名前解決不可").With(n.domain.FQDN), associations.Origin())
		f := n.finding(finding.DNSADDomainUnresolvable, n.domain.FQDN, seen, none)
		return n.weighed(v, f, resource(n.p.VPC), estate.TrailQuery{Attribute: "EventSource", Value: "route53resolver.amazonaws.com"})
	}
	targets := targetAddresses(rule.Targets)
	rest := see(at, rule.ID, fmt.Sprintf("%s -> %s", rule.Domain, join(rule.Targets...)),
		lang.Both("the most specific rule that covers the domain", "対象ドメインに最も一致する転送ルール"), rules.Origin())
	if endpoints.IsUnknown() {
		return unread(endpoints.Why())
	}
	stale := outside(targets, n.domain.Servers)
	if len(n.domain.Servers) > 0 && len(stale) > 0 && len(n.domain.ServerWhys) > 0 {
		return unread(n.domain.ServerWhys...) // the directory may have servers that are not known
	}
	if len(n.domain.Servers) > 0 && len(stale) > 0 {
		f := n.finding(finding.DNSResolverRuleStale, rule.ID, rest, see(n.domain.At, "dns", join(addressTexts(n.domain.Servers)...),
			lang.Both("the directory's DNS addresses now", "ディレクトリの現在の DNS アドレス"), n.domain.Origin))
		f.Params["stale"] = join(addressTexts(stale)...)
		if len(stale) < len(targets) {
			// One good target is left: slow, and broken whenever the stale one is asked.
			f.Severity = finding.Warning
		}
		return n.weighed(v, f, estate.TrailQuery{Attribute: "EventSource", Value: "route53resolver.amazonaws.com"})
	}
	for _, e := range endpoints.Value() {
		if e.ID == rule.Endpoint && !strings.EqualFold(e.Status, "OPERATIONAL") {
			return unread(fact.Why{Reason: fact.BlockedBy, Blocker: "dns.ad-servers", Detail: e.ID + " " + e.Status})
		}
	}
	if len(n.domain.Servers) == 0 {
		return unread(fact.Why{Reason: fact.NeedsGuest, Detail: n.domain.FQDN})
	}
	return ok(lang.Both("a Resolver rule forwards %s to the directory", "%s は Resolver ルールでディレクトリへ転送").With(n.domain.FQDN), seen, rest)
}

// throughOwnServers judges a VPC whose DHCP options name DNS servers of its own.
func (n adNeeded) throughOwnServers() Verdict {
	seen := serversSeen(n.servers)
	if len(n.domain.Servers) > 0 && len(outside(n.servers.custom, n.domain.Servers)) < len(n.servers.custom) {
		return ok(lang.Both("the directory's own DNS servers are handed out", "ディレクトリの DNS サーバーを配布"), seen)
	}
	// Servers that are nobody monshin knows may well forward the domain.
	v := unread(fact.Why{Reason: fact.NeedsGuest, Detail: n.servers.text()})
	v.Say = lang.Both("own DNS servers (%s): only Windows can tell whether they know %s", "独自 DNS サーバー（%s）による %s の名前解決は OS 内の確認が必要").With(n.servers.text(), n.domain.FQDN)
	v.Evidence = []finding.Evidence{seen}
	return v
}

func (n adNeeded) finding(c finding.Code, subject string, evidence ...finding.Evidence) finding.Finding {
	return finding.Finding{
		Code: c, Subject: subject, Certainty: finding.Proven, Scope: []string{"dns"},
		Params: n.params(), Evidence: evidence, Assumptions: slices.Clone(n.domain.assumptions),
	}
}

// weighed says how sure a finding about the domain's resolution is. It is proven
// where License Manager's own command failed on this instance for want of the
// domain: that witness is from the time of the death and outside monshin's model
// of DNS. Without it, zones that monshin does not read could still answer, and
// what was read after a death may have changed.
func (n adNeeded) weighed(v *estate.View, f finding.Finding, queries ...estate.TrailQuery) Verdict {
	kind, output, witnessed := joinError(v, n.p, n.domain.FQDN)
	switch {
	case witnessed && kind == joinDNS:
		f.Evidence = append(f.Evidence, output)
		if vpc := resource(n.p.VPC); writtenSince(v, n.p, vpc) {
			// The witness stands, but what it met may have been another setting.
			f = readAfter(v, n.p, []finding.Finding{f}, vpc)[0]
		}
	default:
		f.Certainty = f.Certainty.AtMost(finding.Likely)
		if f.Code == finding.DNSADDomainUnresolvable {
			f.Assumptions = append(f.Assumptions, finding.Assumption{Code: finding.AssumeNoPrivateZone, Params: map[string]string{"domain": n.domain.FQDN}})
		}
		f = readAfter(v, n.p, []finding.Finding{f}, queries...)[0]
	}
	f.Certainty = f.Certainty.AtMost(n.domain.Certainty)
	say := lang.Both("%s does not resolve (DNS: %s)", "%s を名前解決不可（DNS: %s）").With(n.domain.FQDN, n.servers.text())
	if f.Code == finding.DNSResolverRuleStale {
		say = lang.Both("the rule for %s forwards to %s", "%s の転送ルールの転送先が不一致（%s）").With(n.domain.FQDN, f.Params["stale"])
	}
	return settle([]finding.Finding{f}, nil, lang.Text{}, f.Evidence...).saying(say)
}

// governing finds the rule that answers for a name in a VPC: among the rules whose
// association is complete, the most specific domain wins. unseen is the id of an
// associated rule that the list does not hold.
func governing(name, vpc string, associations []estate.ResolverAssociation, rules []estate.ResolverRule) (best estate.ResolverRule, found bool, unseen string) {
	byID := map[string]estate.ResolverRule{}
	for _, r := range rules {
		byID[r.ID] = r
	}
	for _, a := range associations {
		if a.VPC != vpc || !strings.EqualFold(a.Status, "COMPLETE") {
			continue
		}
		r, ok := byID[a.Rule]
		if !ok {
			// rslvr-autodefined-rr-internet-resolver is AWS's own rule for everything else.
			if !strings.HasPrefix(a.Rule, "rslvr-autodefined-") {
				unseen = a.Rule
			}
			continue
		}
		if covers(r.Domain, name) && (!found || len(canonical(r.Domain)) > len(canonical(best.Domain))) {
			best, found = r, true
		}
	}
	if found {
		unseen = ""
	}
	return best, found && strings.EqualFold(best.Type, "FORWARD"), unseen
}

// coming reports whether a forwarding rule for a name is just being associated.
func coming(name, vpc string, associations []estate.ResolverAssociation, rules []estate.ResolverRule) bool {
	return slices.ContainsFunc(associations, func(a estate.ResolverAssociation) bool {
		return a.VPC == vpc && strings.EqualFold(a.Status, "CREATING") && slices.ContainsFunc(rules, func(r estate.ResolverRule) bool {
			return r.ID == a.Rule && strings.EqualFold(r.Type, "FORWARD") && covers(r.Domain, name)
		})
	})
}

// covers reports whether a rule's domain is name or a parent of it.
func covers(rule, name string) bool {
	r, n := canonical(rule), canonical(name)
	return r != "" && (n == r || strings.HasSuffix(n, "."+r))
}

func canonical(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) }

func ruleNames(associations []estate.ResolverAssociation, rules []estate.ResolverRule) string {
	var names []string
	for _, a := range associations {
		for _, r := range rules {
			// "." is AWS's own rule for all the rest, which every VPC has.
			if r.ID == a.Rule && canonical(r.Domain) != "" {
				names = append(names, r.Domain+" ("+a.Status+")")
			}
		}
	}
	return orDash(strings.Join(names, ", "))
}

// targetAddresses reads "ip:port" and bare addresses.
func targetAddresses(targets []string) []netip.Addr {
	var out []netip.Addr
	for _, t := range targets {
		if ap, err := netip.ParseAddrPort(t); err == nil {
			out = append(out, ap.Addr())
		} else if a, err := netip.ParseAddr(t); err == nil {
			out = append(out, a)
		}
	}
	return out
}

// outside lists what is in some but not in all.
func outside(some, all []netip.Addr) []netip.Addr {
	var out []netip.Addr
	for _, a := range some {
		if !slices.Contains(all, a) {
			out = append(out, a)
		}
	}
	return out
}
