package probe

import (
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
