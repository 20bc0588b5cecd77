package probe

import (
	"net/netip"
	"strings"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/reach"
)

// rdpPort is where Windows listens unless its registry says otherwise (domain.md §9.4).
const rdpPort = 3389

func rdpProbes() []Probe {
	return []Probe{
		{
			ID:    "rdp.port",
			Title: lang.Both("Network path of RDP (tcp/3389)", "RDP（tcp/3389）の通信経路"),
			Parts: []estate.AnyKind{estate.InstancePart, estate.TrailPart, estate.SecurityGroupPart, estate.PrefixListPart,
				estate.SubnetsPart, estate.NetworkACLsPart, estate.RouteTablesPart, estate.PeeringsPart, estate.VPCPart,
				estate.InternetGatewaysPart},
			Asks:  []string{estate.AnswerFrom},
			Codes: []finding.Code{finding.RDPPortBlocked},
			Judge: judgeRDPPort,
		},
		signInProbe(),
	}
}

// judgeRDPPort judges whether the network lets RDP in from where the operator
// connects (domain.md RDP-1). Without an answer one thing can still be said: that
// no rule lets it in from anywhere.
func judgeRDPPort(v *estate.View) Verdict {
	p, stop := alive(v)
	if stop != nil {
		return *stop
	}
	port := reach.TCP(rdpPort)
	side := patientSide(p)
	answer, asked := v.Answer(estate.AnswerFrom)
	answer = strings.TrimSpace(answer)
	s := newSheet(v, client{p: p, side: side})

	opens, rules, whys := reach.Opens(v, side.Groups, port)
	groups := strings.Join(side.Groups, ",")
	if opens == reach.No {
		from := answer
		if from == "" {
			from = "0.0.0.0/0"
		}
		f := rdpFinding(groups, from, finding.Proven, see(estate.SecurityGroupPart.Key(side.Groups[0]), "", groups,
			lang.Both("no inbound rule lets tcp/3389 in, from anywhere", "tcp/3389 を許可するインバウンドルールが皆無"), groupOrigin(v, side.Groups[0])))
		s.add(f, side.Groups...)
	}
	for _, r := range rules {
		group, rule, _ := strings.Cut(r, " ")
		s.saw(see(estate.SecurityGroupPart.Key(group), "", rule, lang.Both("an inbound rule for tcp/3389", "tcp/3389 のインバウンドルール"), groupOrigin(v, group)))
	}
	if !asked || answer == "" {
		s.leave(whys...)
		if opens != reach.No {
			s.leave(fact.Why{Reason: fact.NeedsAnswer, Blocker: estate.AnswerFrom})
		}
		return s.settle(lang.Text{}).about(lang.Both("no inbound rule for tcp/3389: %s", "tcp/3389 のインバウンド許可なし: %s"))
	}

	path, open := s.rdpPath(answer, side, port)
	if len(open) > 0 {
		s.leave(open...)
	}
	for _, h := range path.Hops {
		s.saw(hopEvidence(h))
		partial := h.Verdict == reach.Yes && h.Partial != ""
		if h.Verdict != reach.No && !partial {
			s.leave(h.Whys...)
			continue
		}
		// What the operator said is part of the judgement, and alone never proves.
		f := rdpFinding(h.Resource, answer, h.Certainty.AtMost(finding.Likely), hopEvidence(h),
			see(estate.Key{Kind: "answer", ID: estate.AnswerFrom}, "", answer, lang.Both("where one connects from, as stated", "接続元（申告）"), fact.Origin{Source: fact.Stated}))
		if partial {
			f.Severity = finding.Warning
		}
		if opens == reach.No && h.Kind == reach.SGIngress {
			continue // said already, and without the answer
		}
		s.add(f, h.Resources...)
	}
	return s.settle(lang.Both("tcp/3389 is let in from %s", "%s からの tcp/3389 は許可").With(answer)).
		about(lang.Both("tcp/3389 is closed on the way: %s", "tcp/3389 の通信不可: %s"))
}

func rdpFinding(subject, from string, c finding.Certainty, evidence ...finding.Evidence) finding.Finding {
	return finding.Finding{
		Code: finding.RDPPortBlocked, Subject: subject, Certainty: c, Evidence: evidence,
		Params: map[string]string{"from": from, "port": "3389"},
	}
}

func groupOrigin(v *estate.View, id string) fact.Origin {
	return estate.SecurityGroupPart.Of(v, id).Origin()
}

// rdpPath evaluates the way from what the operator answered: an address, a block
// or an instance. The reasons are those for which a part of it was left out.
func (s *sheet) rdpPath(answer string, to reach.Side, port reach.Port) (reach.Path, []fact.Why) {
	if isInstanceID(answer) {
		return s.rdpFromInstance(answer, to, port)
	}
	from := reach.Side{Label: answer}
	block, err := netip.ParsePrefix(answer)
	if err != nil {
		a, err := netip.ParseAddr(answer)
		if err != nil || a.Zone() != "" {
			return reach.Path{}, []fact.Why{{Reason: fact.NeedsAnswer, Blocker: estate.AnswerFrom, Detail: answer + ": neither an IP address, nor a CIDR block, nor an instance id"}}
		}
		block = netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen())
	}
	from.Block = block.Masked()
	q := reach.Question{From: from, To: to, Port: port}
	if !reach.Private(block.Addr()) {
		q.Ephemeral = reach.NATEphemeral // offices come through address translation
		return reach.Into(s.v, q), nil
	}
	var open []fact.Why
	subnets := estate.SubnetsPart.Of(s.v, to.VPC)
	if subnets.IsUnknown() {
		// In the same subnet no network ACL lies between. Not knowing that, it is left out
		// and left open.
		open = whyOf(subnets)
		q.From.Subnet = to.Subnet
	}
	for _, n := range subnets.Value() {
		c, err := netip.ParsePrefix(n.CIDR)
		if err == nil && n.ID == to.Subnet && c.Bits() <= from.Block.Bits() && c.Contains(from.Block.Addr()) {
			q.From.Subnet = n.ID
		}
	}
	return reach.Into(s.v, q), open
}

func (s *sheet) rdpFromInstance(id string, to reach.Side, port reach.Port) (reach.Path, []fact.Why) {
	if id == s.c.p.ID {
		return reach.Path{}, []fact.Why{{Reason: fact.NeedsAnswer, Blocker: estate.AnswerFrom, Detail: id + ": the instance itself"}}
	}
	f := estate.InstancePart.Of(s.v, id)
	other, known := f.Get()
	switch {
	case f.IsUnknown():
		return reach.Path{}, whyOf(f)
	case !known || other.VPC == "":
		return reach.Path{}, []fact.Why{{Reason: fact.NeedsAnswer, Blocker: estate.AnswerFrom, Detail: id + ": no such instance in this region"}}
	}
	q := reach.Question{From: patientSide(patient{Instance: other, origin: f.Origin()}), To: to, Port: port}
	if other.Platform == "" {
		q.Ephemeral = reach.LinuxEphemeral
	}
	return reach.Between(s.v, q), nil
}

// isInstanceID reports whether an answer is an EC2 instance id, old form or new.
func isInstanceID(s string) bool {
	hex, found := strings.CutPrefix(s, "i-")
	return found && (len(hex) == 8 || len(hex) == 17) && strings.Trim(hex, "0123456789abcdef") == ""
}
