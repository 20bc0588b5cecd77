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
			Parts: parts,
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
			Parts: append(slices.Clone(parts), estate.EndpointsPart, estate.ManagedNodePart,
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
	answer, _ := v.Answer(estate.AnswerADDomain)
	lic, licWhys := licensed(v, p)
	if !lic.Is && answer == "" {
		if len(licWhys) > 0 {
			return adNeeded{}, licWhys
		}
		return adNeeded{p: p}, nil
	}
	// Asked for together, whatever the answer to the first: each alone would cost a
	// wave of its own.
	servers, serverWhys := serversOf(v, p.VPC)
	estate.ResolverAssociationsPart.Of(v, p.VPC)
	estate.ResolverRulesPart.Of(v, "")
	estate.ResolverEndpointsPart.Of(v, "")
	writtenSince(v, p, resource(p.VPC))
	d, domainWhys := adDomain(v, p)
	if whys := append(serverWhys, domainWhys...); len(whys) > 0 {
		return adNeeded{}, whys
	}
	return adNeeded{p: p, domain: d, servers: servers, needed: true}, nil
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
	case n.servers.nothing:
		return unread(fact.Why{Reason: fact.BlockedBy, Blocker: "dns.options"})
	case n.servers.amazon:
		return n.throughResolver(v)
	}
	return n.throughOwnServers()
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

// judgeAWSNames judges where the names of AWS services come from when DHCP hands
// out the AD's DNS servers: those forward to the Resolver of their own VPC, which
// does not know the endpoints of this one (domain.md B4: first sentence
// [V:r53blog], the rest [D], so likely at most).
func judgeAWSNames(v *estate.View) Verdict {
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
		if whys := append(whyOf(node), pendingOf(exit.Whys)...); len(whys) > 0 {
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

// dnsPorts are both protocols of DNS: answers that do not fit a datagram come over
// TCP, and a domain's SRV records often do not.
func dnsPorts() []reach.Port {
	return []reach.Port{{Protocol: "udp", From: 53, To: 53}, {Protocol: "tcp", From: 53, To: 53}}
}

// judgeADServers judges whether the servers that answer for the domain can be
// reached by whoever asks them: the instance itself, or the Resolver endpoint.
func judgeADServers(v *estate.View) Verdict {
	n, whys := adNeed(v)
	switch {
	case len(whys) > 0:
		return unread(whys...)
	case !n.needed:
		return notNeeded()
	case n.servers.nothing:
		return unread(fact.Why{Reason: fact.BlockedBy, Blocker: "dns.options"})
	case n.servers.amazon:
		return n.endpointWorks(v)
	}
	return n.serversAnswer(v)
}

// endpointWorks judges the outbound endpoint of the rule that governs the domain.
func (n adNeeded) endpointWorks(v *estate.View) Verdict {
	associations := estate.ResolverAssociationsPart.Of(v, n.p.VPC)
	rules := estate.ResolverRulesPart.Of(v, "")
	endpoints := estate.ResolverEndpointsPart.Of(v, "")
	if whys := slices.Concat(whyOf(associations), whyOf(rules), whyOf(endpoints)); len(whys) > 0 {
		return unread(whys...)
	}
	rule, found, unseen := governing(n.domain.FQDN, n.p.VPC, associations.Value(), rules.Value())
	switch {
	case unseen != "":
		return unread(fact.Why{Reason: fact.NotVisible, Action: "route53resolver:ListResolverRules", Resource: unseen})
	case !found && len(n.servers.custom) > 0:
		return n.serversAnswer(v) // beside the Resolver, servers of one's own are asked
	case !found:
		return notApplicable(lang.Both("nobody is asked for the domain: no rule forwards it", "転送ルールがなく、AD DNS サーバーへの問い合わせ自体が発生しない"))
	}
	for _, e := range endpoints.Value() {
		if e.ID != rule.Endpoint {
			continue
		}
		status := see(estate.ResolverEndpointsPart.Key(""), e.ID, e.Status,
			lang.Both("state of the outbound endpoint that the rule uses", "転送ルールが使用するアウトバウンドエンドポイントの状態"), endpoints.Origin())
		if strings.EqualFold(e.Status, "OPERATIONAL") {
			return n.endpointAsks(v, e, rule, status)
		}
		switch strings.ToUpper(e.Status) {
		case "CREATING", "UPDATING", "AUTO_RECOVERING":
			// These pass by themselves, and an endpoint that recovers may still answer
			// (https://docs.aws.amazon.com/Route53/latest/APIReference/API_route53resolver_ResolverEndpoint.html).
			later := unread(fact.Why{Reason: fact.TooEarly, Action: "route53resolver:ListResolverEndpoints", Resource: e.ID, Detail: e.Status, Until: v.AsOf().Add(15 * time.Minute)})
			later.Evidence = []finding.Evidence{status}
			return later
		}
		f := n.finding(finding.DNSADServersUnreachable, e.ID, status)
		return settle(readAfter(v, n.p, []finding.Finding{f}, estate.TrailQuery{Attribute: "EventSource", Value: "route53resolver.amazonaws.com"}), nil, lang.Text{}, status).
			about(lang.Both("the outbound endpoint does not work: %s", "アウトバウンドエンドポイントが利用不可: %s"))
	}
	// A shared rule brings its owner's endpoint, which this account cannot list.
	return unread(fact.Why{Reason: fact.NotVisible, Action: "route53resolver:ListResolverEndpoints", Resource: rule.Endpoint})
}

// serversAnswer judges the path from the instance to each server of the directory
// that DHCP hands out. One that answers is enough: Windows asks the next after a
// time-out.
func (n adNeeded) serversAnswer(v *estate.View) Verdict {
	if len(n.domain.Servers) == 0 {
		return unread(n.domain.ServerWhys...)
	}
	from := patientSide(n.p)
	var found []finding.Finding
	var open []fact.Why
	var good []finding.Evidence
	asked := false
	for _, server := range n.servers.custom {
		if !slices.Contains(n.domain.Servers, server) {
			continue
		}
		asked = true
		verdict := reach.Yes
		var blocked []reach.Hop
		for _, port := range dnsPorts() {
			path := reach.Between(v, reach.Question{From: from, To: n.serverSide(v, server), Port: port})
			if path.Verdict == reach.No {
				verdict = reach.No
				blocked = append(blocked, path.Blocked()...)
			} else if path.Verdict == reach.Unknown && verdict == reach.Yes {
				verdict = reach.Unknown
			}
			if path.Verdict == reach.Unknown {
				open = append(open, path.Whys()...)
			}
		}
		seen := see(n.servers.at, "dns_servers", server.String(), lang.Both("path to this server, udp and tcp 53", "このサーバーへの経路（udp/tcp 53）"), n.servers.origin)
		switch verdict {
		case reach.Yes:
			good = append(good, seen)
		case reach.No:
			f := n.finding(finding.DNSADServersUnreachable, server.String(), seen)
			f.Certainty = n.domain.Certainty
			var changed []estate.TrailQuery
			for _, h := range blocked {
				f.Evidence = append(f.Evidence, finding.Evidence{At: h.At.String() + "#" + h.Item, Value: h.Value, Rule: h.Rule, Origin: h.Origin})
				f.Certainty = f.Certainty.AtMost(h.Certainty)
				for _, r := range h.Resources {
					changed = append(changed, resource(r))
				}
			}
			found = append(found, readAfter(v, n.p, []finding.Finding{f}, changed...)...)
		}
	}
	switch {
	case !asked:
		return unread(fact.Why{Reason: fact.BlockedBy, Blocker: "dns.ad-domain"})
	case len(good) > 0 || len(open) > 0:
		for i := range found {
			found[i].Severity = finding.Warning // the others answer, or may, after a time-out
		}
	}
	return settle(found, open, lang.Both("the AD's DNS servers can be reached", "AD DNS サーバーへ到達可能"), good...).
		about(lang.Both("the AD's DNS servers cannot be reached: %s", "AD DNS サーバーへ到達不可: %s"))
}

// serverSide is a DNS server of the directory as an end of a path.
func (n adNeeded) serverSide(v *estate.View, server netip.Addr) reach.Side {
	s := reach.Side{Label: server.String(), VPC: n.domain.Row.VPC, IPs: []netip.Addr{server}}
	if n.domain.Row.Group != "" {
		s.Groups = []string{n.domain.Row.Group}
	}
	if s.VPC == "" {
		return s // a directory shared by another account: nothing of its network shows
	}
	if subnets, known := estate.SubnetsPart.Of(v, s.VPC).Get(); known {
		for _, sub := range subnets {
			if p, err := netip.ParsePrefix(sub.CIDR); err == nil && p.Contains(server) {
				s.Subnet = sub.ID
			}
		}
	}
	return s
}
