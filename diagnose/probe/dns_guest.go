package probe

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/reach"
)

// resolverAddress is where every instance reaches the Resolver of its own VPC,
// whatever DNS servers it was handed (domain.md §6.1 [V:dnsdoc]).
const resolverAddress = "169.254.169.253"

// directoryRecord begins the name of the record by which Windows finds a domain's
// controllers (domain.md DNS-2c).
const directoryRecord = "_ldap._tcp.dc._msdcs."

// The errors of Windows's resolver (domain.md §10 [M], so that what a code means is
// likely at most; that the name was not answered is what Windows said).
const (
	dnsAnswered    = 0
	dnsNoCode      = -1 // the query itself failed: nothing is known
	dnsTimeout     = 1460
	dnsServerFails = 9002
	dnsNoName      = 9003
	dnsNoRecords   = 9501
)

// windowsDNS is name resolution as Windows does it.
type windowsDNS struct {
	estate.GuestDNS
	at     estate.Key
	origin fact.Origin
}

// askable reports whether there is a running Windows that could be asked.
func askable(p patient) bool { return !p.dead && p.State == "running" && p.Platform == "windows" }

// windowsFinds reads whether Windows finds an AD domain. What is asked is part of the
// part's id, so it may be read only where the domain is settled.
func windowsFinds(v *estate.View, p patient, domain string) (fact.Of[estate.GuestDNS], windowsDNS) {
	return windowsResolves(v, estate.GuestDNSQuery{Instance: p.ID, Domain: domain})
}

// windowsNames reads what Windows gets for the agent's services. It is a question of
// its own, so that nothing that is not known of a domain stands in its way; both are
// answered by one script.
func windowsNames(v *estate.View, p patient) (fact.Of[estate.GuestDNS], windowsDNS) {
	return windowsResolves(v, estate.GuestDNSQuery{Instance: p.ID, Names: agentHosts(v)})
}

func windowsResolves(v *estate.View, q estate.GuestDNSQuery) (fact.Of[estate.GuestDNS], windowsDNS) {
	f := estate.GuestDNSPart.Of(v, q.String())
	return f, windowsDNS{GuestDNS: f.Value(), at: estate.GuestDNSPart.Key(q.String()), origin: f.Origin()}
}

// agentServices are the services whose names the agent has to resolve today.
func agentServices() []string { return []string{scopeSSM, scopeMessages} }

// agentHosts are the host names of these services.
func agentHosts(v *estate.View) []string {
	var out []string
	for _, s := range agentServices() {
		if h := serviceHost(v, s); h != "" {
			out = append(out, h)
		}
	}
	return out
}

func serviceHost(v *estate.View, service string) string {
	region := v.Target().Region
	switch {
	case region == "":
		return ""
	case strings.HasPrefix(region, "cn-"):
		return service + "." + region + ".amazonaws.com.cn"
	}
	return service + "." + region + ".amazonaws.com"
}

// mayRefute reports whether a look inside Windows was refused or got lost, so that
// an answer which nobody has could still contradict what AWS tells. Where Windows
// was not asked, or cannot be, the judgement stands on AWS alone.
func mayRefute(w fact.Why) bool {
	return w.Reason == fact.Denied || w.Reason == fact.Throttled || w.Reason == fact.Timeout
}

// query finds a query that Windows made.
func (w windowsDNS) query(name, kind, server string) (estate.GuestQuery, bool) {
	i := slices.IndexFunc(w.Queries, func(q estate.GuestQuery) bool {
		return canonical(q.Name) == canonical(name) && strings.EqualFold(q.Type, kind) && q.Server == server
	})
	if i < 0 {
		return estate.GuestQuery{}, false
	}
	return w.Queries[i], true
}

// domainAnswer is what Windows got for an AD domain.
type domainAnswer struct {
	// asked says that Windows asked and that the outcome is known.
	asked    bool
	resolved bool
	code     int
	evidence finding.Evidence
}

// domain reads whether Windows finds the controllers of an AD domain. The record of
// the controllers decides: a domain's own name can have an address for other reasons.
func (w windowsDNS) domain(fqdn string) domainAnswer {
	q, asked := w.query(directoryRecord+fqdn, "SRV", "")
	if !asked || q.Code == dnsNoCode {
		return domainAnswer{}
	}
	a := domainAnswer{asked: true, resolved: q.Code == dnsAnswered && len(q.Answers) > 0, code: q.Code}
	if q.Code == dnsAnswered && !a.resolved {
		a.code = dnsNoRecords
	}
	rule := lang.Both("Windows finds the domain controllers by this record", "このレコードで OS がドメインコントローラーを検出")
	if !a.resolved {
		rule = lang.Both("Windows asked for the domain controllers and got no answer (%s)", "OS によるドメインコントローラーの名前解決に応答なし（%s）").With(codeText(a.code))
	}
	a.evidence = w.saw(q, rule)
	return a
}

// denied reports whether a server said that there is no such name, and did not
// merely fail to answer.
func (a domainAnswer) denied() bool { return a.code == dnsNoName || a.code == dnsNoRecords }

func (w windowsDNS) saw(q estate.GuestQuery, rule lang.Text) finding.Evidence {
	value := strings.Join(q.Answers, ", ")
	if q.Code != dnsAnswered || value == "" {
		value = "error " + strconv.Itoa(q.Code)
	}
	path := q.Type + " " + q.Name
	if q.Server != "" {
		path += " @" + q.Server
	}
	return see(w.at, path, value, rule, w.origin)
}

func codeText(code int) lang.Text {
	var t lang.Text
	switch code {
	case dnsNoName:
		t = lang.Both("no such name", "名前なし")
	case dnsNoRecords:
		t = lang.Both("no such records", "該当レコードなし")
	case dnsServerFails:
		t = lang.Both("the server failed", "サーバー側の失敗")
	case dnsTimeout:
		t = lang.Both("no answer in time", "タイムアウト")
	default:
		return lang.Both("error %d", "エラー %d").With(code)
	}
	return lang.Both("error %d, probably: %s", "エラー %d、%s とみられる").With(code, t)
}

// servers are the DNS servers that Windows uses, each once, in order.
func (w windowsDNS) servers() []string { return unique(slices.Concat(w.Servers...)) }

func (w windowsDNS) serversSeen(rule lang.Text) finding.Evidence {
	return see(w.at, "servers", orDash(strings.Join(w.servers(), ", ")), rule, w.origin)
}

// follows compares the servers that Windows uses with those that DHCP hands out:
// Yes where an interface has exactly these, in whatever order (domain.md DNS-4).
func (w windowsDNS) follows(s dnsServers, vpc estate.VPC) reach.Verdict {
	if len(w.servers()) == 0 || w.Unread.Has("servers") || s.nothing {
		return reach.Unknown
	}
	want := addressTexts(slices.DeleteFunc(slices.Clone(s.custom), func(a netip.Addr) bool { return !a.Is4() }))
	if s.amazon {
		want = append(want, amazonDNS)
	}
	for _, list := range w.Servers {
		var have []string
		for _, text := range list {
			if a, err := netip.ParseAddr(text); err == nil && isResolver(a.Unmap(), vpc) {
				text = amazonDNS
			}
			have = append(have, text)
		}
		if sameSet(have, want) {
			return reach.Yes
		}
	}
	return reach.No
}

// nameProblem is a service whose name Windows does not resolve as the VPC does.
type nameProblem struct {
	service string
	// unanswered says that Windows gets no address at all, instead of another.
	unanswered bool
	certainty  finding.Certainty
	evidence   []finding.Evidence
}

// awsNames compares what Windows gets for the agent's services with what the VPC's
// own Resolver answers, and with the endpoints of the VPC (domain.md DNS-3).
func (w windowsDNS) awsNames(v *estate.View, side reach.Side) (wrong []nameProblem, open []fact.Why, read []finding.Evidence) {
	for _, service := range agentServices() {
		host := serviceHost(v, service)
		own, asked := w.query(host, "A", "")
		if !asked || own.Code == dnsNoCode {
			open = append(open, fact.Why{Reason: fact.NotRecorded, Resource: host, Detail: "DNS"})
			continue
		}
		ownSeen := w.saw(own, lang.Both("what Windows gets from the servers it uses", "OS が使用する DNS サーバーの応答"))
		read = append(read, ownSeen)
		answered := own.Code == dnsAnswered && len(addresses(own)) > 0
		vpc, compared := w.query(host, "A", resolverAddress)
		compared = compared && vpc.Code == dnsAnswered && len(addresses(vpc)) > 0
		vpcSeen := w.saw(vpc, lang.Both("what the VPC's own Resolver answers to the same question", "同じ問い合わせに対する VPC の Resolver の応答"))
		if compared {
			read = append(read, vpcSeen)
		}
		switch {
		case !answered && compared:
			wrong = append(wrong, nameProblem{service, true, finding.Proven, []finding.Evidence{ownSeen, vpcSeen}})
		case !answered:
			// Neither answers: not a matter of forwarding.
			open = append(open, fact.Why{Reason: fact.NotModelled, Resource: host, Detail: "DNS error " + strconv.Itoa(own.Code)})
		case compared && overlap(addresses(own), addresses(vpc)):
			open = append(open, publicDespiteEndpoint(v, side, service, host, own)...)
		case !public(own):
			// An endpoint of another VPC serves the name, unless this VPC has one of its own.
			if compared && !public(vpc) {
				open = append(open, fact.Why{Reason: fact.NotModelled, Resource: host, Detail: strings.Join(own.Answers, ", ") + " / " + strings.Join(vpc.Answers, ", ")})
			}
		case compared && !public(vpc):
			wrong = append(wrong, nameProblem{service, false, finding.Proven, []finding.Evidence{ownSeen, vpcSeen}})
		case compared:
			// Other public addresses: the service has many.
			open = append(open, publicDespiteEndpoint(v, side, service, host, own)...)
		default:
			p, whys := uncompared(v, side, service, ownSeen)
			wrong, open = append(wrong, p...), append(open, whys...)
		}
	}
	return wrong, open, read
}

// publicDespiteEndpoint leaves the judgement open where even the VPC's Resolver
// answers with a public address although an endpoint should stand there.
func publicDespiteEndpoint(v *estate.View, side reach.Side, service, host string, own estate.GuestQuery) []fact.Why {
	if !public(own) {
		return nil
	}
	usable, whys := usableEndpoint(reach.Find(v, side, service))
	if usable == reach.Yes {
		return []fact.Why{{Reason: fact.NotModelled, Resource: host, Detail: fmt.Sprintf("%s, despite the endpoint's private DNS", strings.Join(own.Answers, ", "))}}
	}
	return whys
}

// usableEndpoint tells whether an endpoint of the VPC serves the service's own name.
func usableEndpoint(l reach.Lookup) (reach.Verdict, []fact.Why) {
	if l.Present == reach.Unknown {
		return reach.Unknown, l.Whys
	}
	return l.Usable()
}

// uncompared judges a public answer where the VPC's Resolver could not be asked:
// with an endpoint that serves the name, the servers do not know this VPC.
func uncompared(v *estate.View, side reach.Side, service string, own finding.Evidence) ([]nameProblem, []fact.Why) {
	lookup := reach.Find(v, side, service)
	usable, whys := usableEndpoint(lookup)
	if usable != reach.Yes {
		return nil, whys
	}
	e := see(lookup.At, lookup.Name, lookup.Endpoints[0].ID, lang.Both("an endpoint of this VPC serves the name privately", "この VPC のエンドポイントがプライベート DNS 名を提供"), lookup.Origin)
	return []nameProblem{{service, false, finding.Likely, []finding.Evidence{own, e}}}, nil
}

// addresses are the IP addresses among a query's answers; names are aliases on the way.
func addresses(q estate.GuestQuery) []netip.Addr {
	var out []netip.Addr
	for _, s := range q.Answers {
		if a, err := netip.ParseAddr(s); err == nil {
			out = append(out, a.Unmap())
		}
	}
	return out
}

// public reports whether any answer is an address of the internet.
func public(q estate.GuestQuery) bool {
	return slices.ContainsFunc(addresses(q), func(a netip.Addr) bool { return !reach.Private(a) })
}

func overlap(a, b []netip.Addr) bool {
	return slices.ContainsFunc(a, func(x netip.Addr) bool { return slices.Contains(b, x) })
}
