package probe

import (
	"fmt"
	"strings"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/policy"
	"github.com/monshin/monshin/diagnose/reach"
)

func endpointPolicyProbe() Probe {
	return Probe{
		ID:    "endpoint.policy",
		Title: lang.Both("Policies of the VPC endpoints", "VPC エンドポイントのポリシー"),
		Parts: append(servicePathParts(), estate.InstanceProfilePart),
		Codes: []finding.Code{finding.EndpointPolicyBlocks},
		Judge: judgeEndpointPolicy,
	}
}

// endpointActions are what the agent calls on a service: for ec2messages the two
// without which no command arrives (domain.md §3.1).
func endpointActions(service string) []string {
	if service == scopeLegacy {
		return []string{"ec2messages:GetEndpoint", "ec2messages:GetMessages"}
	}
	var out []string
	for _, a := range agentActions() {
		if strings.HasPrefix(a, service+":") {
			out = append(out, a)
		}
	}
	return out
}

// judgeEndpointPolicy judges whether the policy of the endpoint that carries a
// service lets the instance's role make the agent's calls (domain.md NET-4). What
// the role itself may do is judged elsewhere; both have to allow.
func judgeEndpointPolicy(v *estate.View) Verdict {
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
		for _, e := range l.Endpoints {
			if !e.Available {
				continue
			}
			judged = true
			s.policyOf(service, l, e)
		}
	}
	s.leave(c.pending()...)
	if !judged && len(s.open) == 0 {
		return notApplicable(lang.Both("there is no such endpoint to judge", "判定対象の VPC エンドポイントなし"))
	}
	return s.settle(lang.Both("the endpoints' policies allow the agent's calls", "VPC エンドポイントのポリシーで許可")).
		about(lang.Both("the endpoint's policy does not allow the agent's calls: %s", "エンドポイントポリシーで許可なし: %s"))
}

func (s *sheet) policyOf(service string, l reach.Lookup, e reach.Candidate) {
	if e.Policy == "" {
		// AWS shows a policy for every endpoint whose service knows them.
		s.saw(see(l.At, e.ID, "-", lang.Both("the endpoint has no policy, so it refuses nothing", "エンドポイントポリシーなし（制限なし）"), l.Origin))
		return
	}
	d, err := policy.Parse(e.Policy)
	if err != nil {
		s.leave(fact.Why{Reason: fact.NotModelled, Resource: e.ID, Detail: err.Error()})
		return
	}
	p := policy.Policy{Source: policy.Source{Policy: e.ID}, Document: d}
	denied, by, open := s.decide(p, service, e.ID, "")
	if len(open) > 0 {
		// It asks who calls. What is refused to everybody stays refused.
		role, whys := s.role()
		if len(whys) > 0 {
			open = whys
		} else {
			denied, by, open = s.decide(p, service, e.ID, role)
		}
	}
	evidence := see(l.At, e.ID, by, lang.Both("the statement that decides", "判定根拠のステートメント"), l.Origin)
	if len(denied) == 0 {
		s.saw(evidence)
		s.leave(open...)
		return
	}
	needed, whys := s.carries(service, e)
	switch {
	case needed == reach.No:
		return
	case needed == reach.Unknown:
		s.leave(whys...)
	case !s.c.sure(service):
		s.leave(s.c.legacyWhys...)
	default:
		evidence.Rule = lang.Both("does not allow %s", "%s の許可なし").With(strings.Join(denied, ", "))
		f := endpointFinding(s.c, finding.EndpointPolicyBlocks, l, e.ID, evidence)
		f.Certainty = finding.Proven
		f.Params["action"] = strings.Join(denied, ", ")
		s.add(f, e.ID)
	}
	s.leave(open...)
}

// decide evaluates the agent's calls. denied are the actions that are refused; by
// is the statement that decided the first of them, or else the last that allowed.
func (s *sheet) decide(p policy.Policy, service, endpoint, role string) (denied []string, by string, open []fact.Why) {
	by = "-"
	for _, action := range endpointActions(service) {
		q := profileRequest(s.v, s.c.p, role, action)
		q.Context = q.Context.With("aws:SourceVpce", endpoint).With("aws:SourceVpc", s.c.p.VPC)
		if s.c.p.PrivateIP != "" {
			q.Context = q.Context.With("aws:VpcSourceIp", s.c.p.PrivateIP)
		}
		d := policy.Resource(p, q)
		statement := statementName(d)
		switch {
		case d.Verdict.Denied():
			if len(denied) == 0 {
				by = statement
			}
			denied = append(denied, action)
		case d.Verdict == policy.Undecided:
			for _, o := range d.Grants.Open {
				open = dedupe(append(open, fact.Why{Reason: fact.NotModelled, Resource: endpoint, Detail: o.Kind + " " + o.What}))
			}
		case len(denied) == 0:
			by = statement
		}
	}
	return denied, by, open
}

func statementName(d policy.Decision) string {
	ref := d.Grants.By
	if ref == nil {
		ref = d.Grants.Closest
	}
	if ref == nil {
		return string(d.Verdict)
	}
	name := fmt.Sprintf("%s Statement[%d] %s", ref.Policy, ref.Index, ref.Effect)
	if ref.Sid != "" {
		name += " " + ref.Sid
	}
	return name
}

// role is the role in the patient's instance profile.
func (s *sheet) role() (string, []fact.Why) {
	name, profile := profileOf(s.v, s.c.p)
	p, known := profile.Get()
	switch {
	case profile.IsUnknown():
		return "", whyOf(profile)
	case name == "" || !known || p.RoleARN == "":
		return "", []fact.Why{{Reason: fact.BlockedBy, Blocker: "iam.profile"}}
	}
	return p.RoleARN, nil
}

// carries tells whether the service depends on the endpoint.
func (s *sheet) carries(service string, e reach.Candidate) (reach.Verdict, []fact.Why) {
	if e.Usable == reach.Yes {
		return reach.Yes, nil
	}
	for _, g := range servicePath(s.v, s.c, service).Groups {
		if g.Endpoint != nil && g.Endpoint.ID == e.ID {
			return g.Needed, g.Whys
		}
	}
	return reach.No, nil
}
