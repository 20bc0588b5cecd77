package probe

import (
	"strings"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/reach"
)

func endpointProbes() []Probe {
	return []Probe{
		{
			ID:    "endpoint.presence",
			Title: lang.Both("VPC endpoints, or another way to the service", "VPC エンドポイントの有無（または代替経路）"),
			Parts: append(agentParts(), estate.CallerPart, estate.VPCPart, estate.VPCDNSPart, estate.SubnetsPart,
				estate.EndpointsPart, estate.RouteTablesPart, estate.PrefixListPart, estate.ConnectionPart, estate.NeighboursPart),
			Codes: []finding.Code{finding.EndpointMissing},
			Judge: judgePresence,
		},
		{
			ID:    "endpoint.state",
			Title: lang.Both("State of the VPC endpoints", "VPC エンドポイントの状態"),
			Parts: servicePathParts(), Codes: []finding.Code{finding.EndpointNotAvailable},
			Judge: endpointTrait{
				code: finding.EndpointNotAvailable, certainty: finding.Proven,
				fine: func(c reach.Candidate) bool { return c.Available },
				evidence: func(c reach.Candidate, l reach.Lookup) finding.Evidence {
					return see(l.At, c.ID, strings.TrimSpace(c.State+" "+c.FailureReason),
						lang.Both("an endpoint works in the state available", "available 以外の状態では利用不可"), l.Origin)
				},
				good: lang.Both("the endpoints are available", "VPC エンドポイントは available"),
				bad:  lang.Both("not available: %s", "available ではない: %s"),
			}.judged(noteZones),
		},
		{
			ID:    "endpoint.private-dns",
			Title: lang.Both("Private DNS of the VPC endpoints", "VPC エンドポイントのプライベート DNS"),
			Parts: servicePathParts(), Codes: []finding.Code{finding.EndpointPrivateDNSOff},
			// A private hosted zone of one's own could do the same, and is not read; so it is
			// likely at most (domain.md NET-3).
			Judge: endpointTrait{
				code: finding.EndpointPrivateDNSOff, certainty: finding.Likely, zone: true,
				among: func(c reach.Candidate) bool { return c.Available },
				fine:  func(c reach.Candidate) bool { return c.PrivateDNS },
				evidence: func(c reach.Candidate, l reach.Lookup) finding.Evidence {
					value := "PrivateDnsEnabled=false"
					if c.PrivateDNS {
						value = "PrivateDnsEnabled=true"
					}
					return see(l.At, c.ID, value,
						lang.Both("without it the service's name resolves to public addresses", "無効の場合、サービス名はパブリック IP に解決"), l.Origin)
				},
				good: lang.Both("private DNS is on", "プライベート DNS は有効"),
				bad:  lang.Both("private DNS is off: %s", "プライベート DNS が無効: %s"),
			}.judge,
		},
		endpointPolicyProbe(),
		{
			ID:    "endpoint.security-groups",
			Title: lang.Both("Inbound rules of the endpoints' security groups", "VPC エンドポイントの SG のインバウンドルール"),
			Parts: servicePathParts(), Codes: []finding.Code{finding.EndpointSGBlocks},
			Judge: layer{
				kinds: []reach.Kind{reach.SGIngress}, perService: true,
				good: lang.Both("the endpoints' security groups let the instance in", "VPC エンドポイントの SG で受信許可"),
				bad:  lang.Both("no inbound rule for the instance: %s", "インスタンスからのインバウンド許可なし: %s"),
				none: lang.Both("no endpoint carries these services", "対象の VPC エンドポイントなし"),
			}.judge,
		},
	}
}

// judgePresence judges whether each service has a way at all: an endpoint, or a
// default route that is meant for the internet. Whether that way works is for the
// other judgements, so that a broken NAT gateway is not called a missing endpoint.
func judgePresence(v *estate.View) Verdict {
	c, whys := theClient(v)
	if len(whys) > 0 {
		return unread(whys...)
	}
	s := newSheet(v, c)
	for _, service := range c.services {
		l := reach.Find(v, c.side, service)
		switch l.Present {
		case reach.Yes:
			s.saw(see(l.At, l.Endpoints[0].ID, l.Endpoints[0].ID+" "+l.Name, lang.Both("an endpoint of this service exists", "このサービスの VPC エンドポイントあり"), l.Origin))
			continue
		case reach.Unknown:
			s.leaveWay(service, l.Whys...)
			continue
		}
		exit := reach.ExitOf(v, c.side)
		none := see(l.At, l.Name, "0", lang.Both("the VPC has no endpoint of this service", "この VPC にこのサービスのエンドポイントなし"), l.Origin)
		route := noOtherWay(exit)
		switch {
		case exit.Internet == reach.Yes:
			s.saw(none, see(exit.At, exit.Table, exit.Route, lang.Both("the default route leads to the internet, which is as good", "デフォルトルートがインターネット向きのため代替可"), exit.Origin))
		case exit.Internet == reach.Unknown:
			s.saw(none)
			s.leaveWay(service, exit.Whys...)
		case exit.Central():
			// Central endpoints with a private hosted zone could stand there.
			s.saw(none, route)
			s.leaveWay(service, fact.Why{Reason: fact.NotModelled, Resource: exit.Table, Detail: "routes to " + strings.Join(exit.Elsewhere, ", ")})
		case !c.sure(service):
			s.leave(c.legacyWhys...)
		default:
			f := endpointFinding(c, finding.EndpointMissing, l, "", none, route)
			f.Certainty = finding.Proven
			if len(exit.Elsewhere) > 0 {
				// The VPC at the other end could have one, with a private hosted zone.
				f.Certainty = finding.Likely
				f.Assumptions = append(f.Assumptions, noZone(v, service))
			}
			if service == scopeLegacy {
				f.Evidence = withEvidence(f.Evidence, c.agent.Evidence)
			}
			// CloudTrail names an endpoint that was deleted by its own id, which nobody
			// knows here, so nothing shows that it was missing all the time.
			s.add(f)
		}
	}
	s.leave(c.pending()...)
	if len(c.services) == 2 && len(c.legacyWhys) == 0 {
		s.saw(c.agent.Evidence...)
	}
	return s.settle(lang.Both("every service that the agent needs has a way: %s", "エージェントに必要なサービスへの経路あり: %s").With(strings.Join(c.services, ", "))).
		about(lang.Both("no endpoint and no other way: %s", "VPC エンドポイントも代替経路もなし: %s"))
}

func endpointFinding(c client, code finding.Code, l reach.Lookup, endpoint string, evidence ...finding.Evidence) finding.Finding {
	return finding.Finding{
		Code: code, Subject: l.Name, Scope: []string{l.Service}, Evidence: evidence,
		Params: map[string]string{"service": l.Name, "vpc": c.p.VPC, "endpoint": endpoint},
	}
}

// endpointTrait judges a trait of which one endpoint of a service has to have it,
// unless the service is reached over the internet anyway.
type endpointTrait struct {
	code      finding.Code
	certainty finding.Certainty
	among     func(reach.Candidate) bool // nil: all
	fine      func(reach.Candidate) bool
	evidence  func(reach.Candidate, reach.Lookup) finding.Evidence
	good, bad lang.Text
	// zone says that a private hosted zone of one's own could make up for it.
	zone bool
}

// noZone is the assumption that no private hosted zone answers for a service's name:
// those are not read (domain.md NET-3).
func noZone(v *estate.View, service string) finding.Assumption {
	name := service + "." + v.Target().Region + ".amazonaws.com"
	if v.Target().Partition == "aws-cn" {
		name += ".cn"
	}
	return finding.Assumption{Code: finding.AssumeNoPrivateZone, Params: map[string]string{"domain": name}}
}

// judged is judge with something added to its verdict.
func (t endpointTrait) judged(add func(*estate.View, Verdict) Verdict) func(*estate.View) Verdict {
	return func(v *estate.View) Verdict { return add(v, t.judge(v)) }
}

func (t endpointTrait) judge(v *estate.View) Verdict {
	c, whys := theClient(v)
	if len(whys) > 0 {
		return unread(whys...)
	}
	s := newSheet(v, c)
	judged := false
	for _, service := range c.services {
		l := reach.Find(v, c.side, service)
		if l.Present == reach.Unknown {
			s.leave(l.Whys...)
			continue
		}
		fine := false
		var bad []reach.Candidate
		for _, e := range l.Endpoints {
			if t.among != nil && !t.among(e) {
				continue
			}
			judged = true
			s.saw(t.evidence(e, l))
			if t.fine(e) {
				fine = true
			} else {
				bad = append(bad, e)
			}
		}
		if fine || len(bad) == 0 {
			continue
		}
		path := servicePath(v, c, service)
		switch {
		case path.Internet == reach.Yes:
			s.saw(see(path.Exit.At, path.Exit.Table, path.Exit.Route, lang.Both("the service is reached over the internet instead", "インターネット経由で到達可能"), path.Exit.Origin))
		case path.Internet == reach.Unknown:
			s.leave(path.InternetWhys...)
		case !c.sure(service):
			s.leave(c.legacyWhys...)
		default:
			f := endpointFinding(c, t.code, l, bad[0].ID, t.evidence(bad[0], l), noOtherWay(*path.Exit))
			f.Certainty = t.certainty
			if t.zone {
				f.Assumptions = append(f.Assumptions, noZone(v, service))
			}
			s.add(f, bad[0].ID)
		}
	}
	s.leave(c.pending()...)
	if !judged && len(s.open) == 0 {
		return notApplicable(lang.Both("there is no such endpoint to judge", "判定対象の VPC エンドポイントなし"))
	}
	return s.settle(t.good).about(t.bad)
}

// noOtherWay is the evidence that the internet is no way round an endpoint.
func noOtherWay(e reach.Exit) finding.Evidence {
	if e.Internet == reach.Yes {
		return see(e.At, e.Table, e.Route, lang.Both("the way over the internet does not work either", "インターネット経由の経路も利用不可"), e.Origin)
	}
	return see(e.At, e.Table, e.Table, lang.Both("and its route table has no default route", "ルートテーブルにデフォルトルートもなし"), e.Origin)
}
