package probe

import (
	"slices"
	"strings"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/reach"
)

// insideDNSProbes judge names where they are used: inside Windows (domain.md DNS-2c,
// DNS-4). What it gets for AWS's names is judged by dns.aws-names.
func insideDNSProbes() []Probe {
	return []Probe{
		{
			ID:    "dns.lookup",
			Title: lang.Both("The AD domain inside Windows", "OS 内での AD ドメインの名前解決"),
			Parts: lookupParts(),
			Asks:  []string{estate.AnswerADDomain},
			Codes: []finding.Code{finding.DNSADDomainUnresolvable, finding.DNSADServersUnreachable},
			Judge: judgeLookup,
		},
		{
			ID:    "dns.lease",
			Title: lang.Both("DNS servers of Windows", "OS が使用する DNS サーバー"),
			Parts: lookupParts(),
			Asks:  []string{estate.AnswerADDomain},
			Codes: []finding.Code{finding.DNSLeaseStale},
			Judge: judgeLease,
		},
	}
}

// lookupParts are the parts that a comparison of Windows's answers with AWS's needs.
func lookupParts() []estate.AnyKind {
	return withDomain(estate.VPCPart, estate.DHCPOptionsPart, estate.ResolverAssociationsPart, estate.ResolverRulesPart,
		estate.ResolverEndpointsPart, estate.EndpointsPart, estate.VPCDNSPart, estate.RouteTablesPart, estate.SubnetsPart,
		estate.CallerPart, estate.GuestDNSPart, estate.GuestIdentityPart)
}

// lookup is a judgement of Windows's name resolution under way.
type lookup struct {
	v    *estate.View
	n    adNeeded
	side reach.Side
	w    windowsDNS
	// servers and serverWhys are what DHCP hands out; follows says whether Windows
	// uses just these.
	servers    dnsServers
	serverWhys []fact.Why
	follows    reach.Verdict
	identity   fact.Of[estate.GuestIdentity]

	found    []finding.Finding
	open     []fact.Why
	evidence []finding.Evidence
}

// lookInside reads what Windows gets for AWS's names, and what to compare it with. whys
// is why Windows's answer cannot be had, or not yet.
func lookInside(v *estate.View, p patient) (l *lookup, whys []fact.Why) {
	l = &lookup{v: v, n: adNeeded{p: p}, side: patientSide(p), follows: reach.Unknown}
	if l.side.Account = v.Target().Account; l.side.Account == "" {
		l.side.Account = p.OwnerID
	}
	l.servers, l.serverWhys = serversOf(v, p.VPC)
	for _, s := range agentServices() {
		reach.Find(v, l.side, s)
	}
	reach.ExitOf(v, l.side)
	// Both in one command: who Windows is, and what it resolves.
	l.identity = estate.GuestIdentityPart.Of(v, p.ID)
	f, w := windowsNames(v, p)
	if !f.IsKnown() {
		return l, orNotRecorded(f)
	}
	l.w = w
	if len(l.serverWhys) == 0 {
		l.follows = w.follows(l.servers, estate.VPCPart.Of(v, p.VPC).Value())
	}
	return l, nil
}

// whoseServers says whose the servers are that Windows asks: handed out is Yes where
// DHCP hands out just these, or Windows is a domain controller, which has servers of
// its own by right; No where it asks others. whys is why that is not known.
func (l *lookup) whoseServers() (handedOut reach.Verdict, whys []fact.Why) {
	switch l.follows {
	case reach.Yes:
		return reach.Yes, nil
	case reach.No:
		id, known := l.identity.Get()
		switch {
		case !known:
			return reach.Unknown, orNotRecorded(l.identity)
		case id.Role >= domainController:
			return reach.Yes, nil
		}
		return reach.No, nil
	}
	switch {
	case len(l.serverWhys) > 0:
		return reach.Unknown, l.serverWhys
	case l.servers.nothing:
		return reach.Unknown, []fact.Why{{Reason: fact.BlockedBy, Blocker: "dns.options"}}
	}
	return reach.Unknown, []fact.Why{unreadField(l.n.p.ID, "DNS servers")}
}

// readDomain reads whether Windows finds the domain that is needed here. needed is
// false where none is; whys is why it is not known, or not yet.
func (l *lookup) readDomain() (a domainAnswer, needed bool, whys []fact.Why) {
	n, whys := domainNeed(l.v, l.n.p)
	if len(whys) > 0 {
		return domainAnswer{}, false, whys
	}
	l.n = n
	l.n.servers = l.servers
	if !n.needed {
		return domainAnswer{}, false, nil
	}
	f, d := windowsFinds(l.v, n.p, n.domain.FQDN)
	if !f.IsKnown() {
		return domainAnswer{}, true, orNotRecorded(f)
	}
	if a = d.domain(n.domain.FQDN); !a.asked {
		return a, true, []fact.Why{unreadField(n.domain.FQDN, "DNS")}
	}
	l.saw(a.evidence)
	return a, true, nil
}

// judgeLookup judges whether Windows finds the AD domain, by the servers that DHCP
// hands out: what others answer is the matter of dns.lease.
func judgeLookup(v *estate.View) Verdict {
	p, stop := runningWindows(v)
	if stop != nil {
		return *stop
	}
	l, whys := lookInside(v, p)
	a, needed, domainWhys := l.readDomain()
	switch {
	case len(domainWhys) > 0:
		return unread(domainWhys...)
	case !needed:
		return notNeeded()
	case len(whys) > 0:
		return unread(whys...)
	case a.resolved:
		return ok(lang.Both("Windows resolves %s", "OS 内で %s を名前解決可能").With(l.n.domain.FQDN), l.evidence...)
	}
	switch handedOut, whys := l.whoseServers(); handedOut {
	case reach.Yes:
		l.unresolved(a)
	case reach.No:
		l.open = append(l.open, fact.Why{Reason: fact.BlockedBy, Blocker: "dns.lease", Resource: p.ID})
	default:
		l.open = append(l.open, whys...)
	}
	return settle(l.found, l.open, lang.Text{}, l.evidence...).
		saying(lang.Both("Windows does not resolve %s", "OS 内で %s を名前解決できない状態").With(l.n.domain.FQDN))
}

// unresolved books that Windows cannot resolve the domain although nothing in the
// configuration says so. "No such name" means that the servers do not know the
// domain; no answer at all means that its servers are not reached. Where the
// configuration tells why, dns.ad-domain says it.
func (l *lookup) unresolved(a domainAnswer) {
	configured := l.n.configured(l.v)
	switch {
	case configured.Outcome == OK:
	case configured.Outcome == Problem:
		l.open = append(l.open, fact.Why{Reason: fact.BlockedBy, Blocker: "dns.ad-domain", Resource: l.n.domain.FQDN})
		return
	case len(l.n.domain.ServerWhys) > 0 || slices.ContainsFunc(configured.Whys, func(w fact.Why) bool { return w.Reason != fact.NeedsGuest }):
		// What could not be read may tell why.
		l.open = append(l.open, configured.Whys...)
		return
	}
	f := l.n.finding(finding.DNSADDomainUnresolvable, l.n.domain.FQDN, a.evidence, serversSeen(l.servers))
	f.Params = l.params(l.n.domain.FQDN)
	f.Certainty = f.Certainty.AtMost(l.n.domain.Certainty)
	if !a.denied() {
		f.Code, f.Certainty = finding.DNSADServersUnreachable, f.Certainty.AtMost(finding.Likely)
	}
	l.found = append(l.found, f)
}

// judgeLease compares the servers that Windows uses with those that DHCP hands out
// (domain.md DNS-4). Others than handed out do no harm by themselves; they are a cause
// where names do not resolve as they should, and then the servers of the option set
// have not been tried.
func judgeLease(v *estate.View) Verdict {
	p, stop := runningWindows(v)
	if stop != nil {
		return *stop
	}
	l, whys := lookInside(v, p)
	a, needed, domainWhys := l.readDomain()
	if pending := pendingOf(domainWhys); len(pending) > 0 || len(whys) > 0 {
		return unread(append(whys, pending...)...)
	}
	used := l.w.serversSeen(lang.Both("the servers that Windows uses", "OS が使用する DNS サーバー"))
	l.saw(used, serversSeen(l.servers))
	handedOut, whys := l.whoseServers()
	switch {
	case handedOut == reach.Unknown:
		out := unread(whys...)
		out.Evidence = l.evidence
		return out
	case l.follows == reach.Yes:
		return ok(lang.Both("as DHCP hands out: %s", "DHCP の配布どおり: %s").With(strings.Join(l.w.servers(), ", ")), l.evidence...)
	case handedOut == reach.Yes:
		return ok(lang.Both("a domain controller, with servers of its own", "ドメインコントローラーのため独自の DNS サーバーを使用"), l.evidence...)
	}
	wrong, waits, read := l.w.awsNames(l.v, l.side)
	l.saw(read...)
	f := finding.Finding{
		Code: finding.DNSLeaseStale, Subject: p.ID, Certainty: finding.Proven, Severity: finding.Info,
		Params: l.params(l.n.domain.FQDN), Evidence: []finding.Evidence{used, serversSeen(l.servers)},
	}
	if needed && a.asked && !a.resolved {
		f.Severity, f.Scope = "", []string{"dns"}
		f.Evidence = append(f.Evidence, a.evidence)
	}
	for _, w := range wrong {
		f.Severity, f.Scope = "", append(f.Scope, w.service)
		f.Evidence = withEvidence(f.Evidence, w.evidence)
	}
	return settle([]finding.Finding{f}, append(pendingOf(waits), domainWhys...), lang.Text{}, l.evidence...).
		saying(lang.Both("Windows uses %s, not what DHCP hands out (%s)", "OS の DNS サーバー（%s）が DHCP の配布内容（%s）と不一致").With(strings.Join(l.w.servers(), ", "), l.servers.text()))
}

// awsNames judges what Windows gets for the names of AWS services.
func (l *lookup) awsNames(api Verdict) Verdict {
	wrong, open, read := l.w.awsNames(l.v, l.side)
	read = append(slices.Clone(read), api.Evidence...)
	handedOut, whys := l.whoseServers()
	stays := func(why fact.Why) Verdict {
		out := unread(why)
		out.Evidence = read
		return out
	}
	switch {
	case len(wrong) > 0 && handedOut == reach.Unknown:
		return stays(whys[0])
	case len(wrong) > 0 && handedOut == reach.No:
		return stays(fact.Why{Reason: fact.BlockedBy, Blocker: "dns.lease", Resource: l.n.p.ID})
	case len(wrong) > 0 && l.follows == reach.Yes && l.servers.amazon && len(l.servers.custom) == 0:
		// Windows asks this very Resolver: something on the machine answers in its place.
		return stays(fact.Why{Reason: fact.NotModelled, Resource: l.n.p.ID, Detail: "hosts, NRPT: " + wrong[0].service})
	case len(wrong) > 0:
		f, waits := l.forwarding(wrong)
		return settle([]finding.Finding{f}, append(open, waits...), lang.Text{}, read...).
			saying(lang.Both("the DNS servers of Windows (%s) do not know the endpoints of this VPC", "OS の DNS サーバー（%s）では VPC エンドポイントの名前を解決不可").With(f.Params["servers"]))
	case len(open) > 0:
		api.Evidence = read
		for _, why := range open {
			if api.Outcome == OK && why.Reason == fact.NotModelled {
				// What Windows gets is not what the configuration lets expect.
				return stays(why)
			}
			api = unlessRefused(api, why)
		}
		return api
	}
	return ok(lang.Both("Windows resolves %s as this VPC does", "OS 内で %s を VPC と同じ結果に名前解決可能").With(strings.Join(agentHosts(l.v), ", ")), read...)
}

func (l *lookup) saw(e ...finding.Evidence) { l.evidence = withEvidence(l.evidence, e) }

// forwarding is the finding that the DNS servers of Windows do not lead AWS names to
// the Resolver of this VPC. A public address still leads somewhere where there is a
// way to the internet.
func (l *lookup) forwarding(wrong []nameProblem) (finding.Finding, []fact.Why) {
	f := finding.Finding{
		Code: finding.DNSAWSNamesNotForwarded, Subject: l.n.p.VPC, Certainty: finding.Proven, Severity: finding.Warning,
		Params:   l.params(""),
		Evidence: []finding.Evidence{l.w.serversSeen(lang.Both("the servers that Windows uses", "OS が使用する DNS サーバー"))},
	}
	exit := reach.ExitOf(l.v, l.side)
	for _, n := range wrong {
		f.Scope = append(f.Scope, n.service)
		f.Certainty = f.Certainty.AtMost(n.certainty)
		f.Evidence = withEvidence(f.Evidence, n.evidence)
		if n.unanswered || exit.Internet == reach.No {
			f.Severity = ""
		}
	}
	if f.Severity == finding.Warning && exit.Route != "" {
		f.Evidence = append(f.Evidence, see(exit.At, exit.Table, exit.Route,
			lang.Both("the default route may carry the traffic to the public address", "パブリック IP アドレス宛ての通信が通る可能性のあるデフォルトルート"), exit.Origin))
	}
	return f, pendingOf(exit.Whys)
}

func (l *lookup) params(domain string) map[string]string {
	servers := strings.Join(l.w.servers(), ", ")
	if servers == "" {
		servers = l.servers.text()
	}
	return map[string]string{
		"vpc": l.n.p.VPC, "domain": domain, "servers": servers, "options": orDash(l.servers.set),
		"directory": l.n.domain.Directory, "instance": l.n.p.ID,
	}
}
