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

// The AWS services that the SSM Agent talks to (domain.md §3.1, endpoint matrix),
// in the words of finding scopes.
const (
	scopeSSM      = "ssm"
	scopeMessages = "ssmmessages"
	scopeLegacy   = "ec2messages"
)

func networkProbes() []Probe {
	return append(endpointProbes(),
		Probe{
			ID:    "network.security-groups",
			Title: lang.Both("Outbound rules of the instance's security groups", "インスタンスの SG のアウトバウンドルール"),
			Parts: servicePathParts(), Codes: []finding.Code{finding.NetworkSGEgressBlocks},
			Judge: layer{
				kinds: []reach.Kind{reach.SGEgress},
				good:  lang.Both("the instance's security groups let it out", "インスタンスの SG で送信許可"),
				bad:   lang.Both("no outbound rule: %s", "アウトバウンド許可なし: %s"),
				none:  lang.Both("there is no path whose security groups could be judged", "判定できる経路なし"),
			}.judge,
		},
		Probe{
			ID:    "network.acls",
			Title: lang.Both("Network ACLs, there and back", "ネットワーク ACL（往復）"),
			Parts: servicePathParts(), Codes: []finding.Code{finding.NetworkNACLBlocksRequest, finding.NetworkNACLBlocksReturn},
			Judge: layer{
				kinds: []reach.Kind{reach.ACLRequest, reach.ACLReturn},
				good:  lang.Both("network ACLs let requests and answers through", "ネットワーク ACL で往復とも許可"),
				bad:   lang.Both("closed: %s", "通信を拒否: %s"),
				none:  lang.Both("no network ACL lies in the way", "経路上に判定対象のネットワーク ACL なし"),
			}.judge,
		},
		Probe{
			ID:    "network.routes",
			Title: lang.Both("Routes and gateways", "ルートテーブルとゲートウェイ"),
			Parts: servicePathParts(), Codes: []finding.Code{finding.NetworkNoRoute, finding.NetworkRouteBlackhole, finding.NetworkNoPublicAddress},
			Judge: layer{
				kinds: []reach.Kind{reach.Routing, reach.Gateway, reach.Address},
				good:  lang.Both("the routes lead there and back", "往復とも経路あり"),
				bad:   lang.Both("no working way: %s", "有効な経路なし: %s"),
				none:  lang.Both("no route is meant for these services", "これらのサービス向けの経路なし"),
			}.judge,
		},
		witnessProbe(),
	)
}

// servicePathParts are the parts that a judgement of the whole path may read.
func servicePathParts() []estate.AnyKind {
	return append(agentParts(),
		estate.CallerPart, estate.VPCPart, estate.VPCDNSPart, estate.SubnetsPart, estate.EndpointsPart,
		estate.EndpointInterfacesPart, estate.SecurityGroupPart, estate.PrefixListPart, estate.NetworkACLsPart,
		estate.RouteTablesPart, estate.NATGatewaysPart, estate.InternetGatewaysPart, estate.ConnectionPart,
		estate.NeighboursPart)
}

// client is the patient as one who calls AWS services.
type client struct {
	p    patient
	side reach.Side
	// services are those that the agent needs; legacy says whether ec2messages is
	// among them for sure, and legacyWhys why that is open.
	services   []string
	legacy     bool
	legacyWhys []fact.Why
	// agent is what the need for ec2messages rests on.
	agent agent
}

// theClient reads who calls, and which services the agent needs: ec2messages only
// for agents before 3.3.40.0 (domain.md B1 [V]).
func theClient(v *estate.View) (client, []fact.Why) {
	p, whys := thePatient(v)
	if len(whys) == 0 && p.VPC == "" {
		whys = []fact.Why{{Reason: fact.NotRecorded, Action: "ec2:DescribeInstances", Resource: v.Target().InstanceID, Detail: "VpcId"}}
	}
	if len(whys) > 0 {
		return client{}, whys
	}
	c := client{p: p, side: patientSide(p), services: []string{scopeSSM, scopeMessages}}
	if c.side.Account = v.Target().Account; c.side.Account == "" {
		// EC2 shows only one's own instances, so whose the instance is, is who asks.
		c.side.Account = p.OwnerID
	}
	c.agent = agentVersion(v)
	newer, known := c.agent.AtLeast(agentWithoutMDS)
	switch {
	case known && newer:
	case known:
		c.legacy = true
		c.services = append(c.services, scopeLegacy)
	default:
		c.legacyWhys = c.agent.whys()
		if !slices.ContainsFunc(c.legacyWhys, func(w fact.Why) bool { return w.Reason == fact.Pending }) {
			c.services = append(c.services, scopeLegacy)
		}
	}
	return c, nil
}

// sure reports whether the agent is known to need the service.
func (c client) sure(service string) bool { return service != scopeLegacy || c.legacy }

// pending are the reasons why the list of services is not complete yet.
func (c client) pending() []fact.Why {
	if slices.Contains(c.services, scopeLegacy) {
		return nil
	}
	return c.legacyWhys
}

// layer judges one kind of hops on the paths to all services.
type layer struct {
	kinds []reach.Kind
	good  lang.Text
	bad   lang.Text
	none  lang.Text
	// perService makes the service the subject: the hop's resource is its endpoint's.
	perService bool
}

func (l layer) judge(v *estate.View) Verdict {
	c, whys := theClient(v)
	if len(whys) > 0 {
		return unread(whys...)
	}
	s := newSheet(v, c)
	used := false
	var usedWhys []fact.Why
	for _, service := range c.services {
		path := servicePath(v, c, service)
		seen := path.Layer(l.kinds...)
		used = used || seen.Used == reach.Yes
		for _, h := range seen.Hops {
			s.saw(hopEvidence(h))
		}
		if !c.sure(service) {
			// Whether the agent needs this one is open, so nothing wrong here is a finding.
			if seen.Verdict != reach.Yes || len(seen.Partial) > 0 {
				s.leave(append(pendingOf(seen.Whys), c.legacyWhys...)...)
			}
			if seen.Used == reach.Unknown {
				usedWhys = append(usedWhys, seen.UsedWhys...)
			}
			continue
		}
		if !s.leaveWay(service, seen.Whys...) && seen.Used == reach.Unknown {
			usedWhys = append(usedWhys, seen.UsedWhys...)
		}
		for _, h := range slices.Concat(seen.Blocked, seen.Partial) {
			s.add(l.finding(c, path, h), h.Resources...)
		}
	}
	s.leave(c.pending()...)
	if !used && len(s.open) == 0 && len(s.found) == 0 && len(s.carried) == 0 {
		if len(usedWhys) > 0 {
			return unread(usedWhys...)
		}
		return notApplicable(l.none)
	}
	return s.settle(l.good).about(l.bad)
}

// finding turns a closed hop into what is wrong.
func (l layer) finding(c client, path reach.ServicePath, h reach.Hop) finding.Finding {
	f := finding.Finding{
		Code: h.Code, Subject: h.Resource, Certainty: h.Certainty, Scope: []string{path.Service},
		Params: map[string]string{
			"service": path.Name, "vpc": c.p.VPC, "endpoint": h.Endpoint, "subnet": h.Subnet, "port": "443",
			"group": "", "acl": "", "route": "",
		},
		Evidence: []finding.Evidence{hopEvidence(h)},
	}
	switch h.Kind {
	case reach.SGEgress, reach.SGIngress:
		f.Params["group"] = h.Resource
	case reach.ACLRequest, reach.ACLReturn:
		f.Params["acl"], f.Params["port"] = h.Resource, h.Ports.String()
	case reach.Routing, reach.Gateway:
		f.Params["route"] = h.Value
	}
	if l.perService {
		f.Subject = path.Name
	}
	if h.Partial != "" {
		// Connections that draw an open port work, so it fails now and then.
		f.Severity, f.Certainty = finding.Warning, f.Certainty.AtMost(finding.Likely)
	}
	return f
}

func hopEvidence(h reach.Hop) finding.Evidence {
	rule := h.Rule
	if len(h.Notes) > 0 {
		rule = lang.Both("%s; skipped, cannot be read as rules: %s", "%s。ルールとして解釈できず除外: %s").With(rule, strings.Join(h.Notes, "; "))
	}
	return see(h.At, h.Item, h.Value, rule, h.Origin)
}

// servicePath is the way from the instance to a service. Five judgements look at it.
func servicePath(v *estate.View, c client, service string) reach.ServicePath {
	return estate.Derive(v, "service-path/"+service, func(v *estate.View) reach.ServicePath {
		// The side rests on the patient: read it again, so that the derivation does too.
		_, _ = thePatient(v)
		return reach.Service(v, c.side, service)
	})
}
