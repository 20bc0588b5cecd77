package transcript

import (
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/reach"
)

// route is one network path as an export pictures it, hop by hop.
type route struct {
	Title lang.Text
	// From and To are its ends.
	From, To string
	Verdict  reach.Verdict
	Hops     []hop
	// Others counts further paths of the same kind that are not pictured.
	Others int
}

// hop is one thing that lets the traffic through or does not.
type hop struct {
	Name lang.Text
	// Resource is its id, Value the deciding rule or the nearest.
	Resource, Value string
	Rule            lang.Text
	Verdict         reach.Verdict
	Whys            []fact.Why
}

// managing are the services without which an instance is no managed node or has no session.
var managing = []string{"ssm", "ssmmessages", "ec2messages"}

// pathsOf evaluates the ways from the instance to the services that manage it, as far
// as the walk read what they are made of.
func pathsOf(s Session) []route {
	inst, ok := s.Diagnosis.Instance.Get()
	if s.Estate == nil || !ok || inst.VPC == "" || !s.Estate.Has(estate.EndpointsPart.Key(inst.VPC)) {
		return nil
	}
	side := sideOf(inst, s.Diagnosis.Instance.Origin())
	var out []route
	for _, service := range managing {
		p := reach.Service(estate.NewView(s.Estate), side, service)
		if r, ok := routeOf(p, s); ok {
			out = append(out, r)
		}
	}
	return out
}

func sideOf(i estate.Instance, o fact.Origin) reach.Side {
	s := reach.Side{Label: i.ID, VPC: i.VPC, Subnet: i.Subnet, Groups: i.Groups}
	addresses := []string{i.PrivateIP}
	if len(i.Interfaces) > 0 {
		if len(i.Interfaces[0].Groups) > 0 {
			s.Groups = i.Interfaces[0].Groups
		}
		addresses = append(addresses, i.Interfaces[0].IPv6s...)
	}
	for _, text := range addresses {
		if a, err := netip.ParseAddr(text); err == nil {
			s.IPs = append(s.IPs, a)
		}
	}
	switch a, err := netip.ParseAddr(i.PublicIP); {
	case err == nil:
		s.Public = fact.Known(a, o)
	case i.State == "terminated" || i.State == "shutting-down":
		// It has lost its address, whether it had one or not.
		s.Public = fact.Unknown[netip.Addr](fact.Why{Reason: fact.NotRecorded, Resource: i.ID, Detail: "public address"})
	default:
		s.Public = fact.Absent[netip.Addr](o)
	}
	return s
}

func routeOf(p reach.ServicePath, s Session) (route, bool) {
	r := route{
		Title: lang.Both("The way to Systems Manager (%s, tcp/443)", "Systems Manager への通信経路（%s、tcp/443）").With(p.Service),
		To:    p.Name, Verdict: p.Verdict,
	}
	best, rank := reach.Path{}, -1
	var through *reach.Candidate
	n := 0
	for i := range p.Groups {
		g := &p.Groups[i]
		for _, path := range g.Paths {
			n++
			// What is needed and closed tells most, then what is needed at all.
			k := 0
			if g.Needed == reach.Yes {
				k += 4
			}
			if g.Endpoint != nil {
				k += 2
			}
			if path.Verdict == reach.No {
				k++
			}
			if k > rank && len(path.Hops) > 0 {
				best, rank, through = path, k, g.Endpoint
			}
		}
	}
	r.From = best.From
	r.Others = max(n-1, 0)
	switch {
	case p.Present == reach.No && p.Internet != reach.Yes:
		verdict := reach.No
		if p.Internet == reach.Unknown {
			verdict = reach.Unknown
		}
		r.Hops = append(r.Hops, hop{Name: lang.Both("VPC endpoint", "VPC エンドポイント"), Resource: p.Name, Verdict: verdict, Whys: p.InternetWhys,
			Rule: lang.Both("the VPC has no interface endpoint of this service, and no other way is known to be open", "VPC に当該サービスのインターフェイスエンドポイントなし、代わりの経路も確認できず")})
	case p.Present == reach.Unknown:
		r.Hops = append(r.Hops, hop{Name: lang.Both("VPC endpoint", "VPC エンドポイント"), Resource: p.Name, Verdict: reach.Unknown, Whys: p.Whys})
	case through != nil:
		r.Hops = append(r.Hops, endpointHops(*through, s)...)
	}
	hops := make([]hop, 0, len(best.Hops))
	for _, h := range best.Hops {
		next := hop{Name: hopName(h.Kind), Resource: h.Resource, Value: h.Value, Rule: h.Rule, Verdict: h.Verdict, Whys: h.Whys}
		// Two subnets of one ACL or route table are judged twice, by the same rule.
		if len(hops) == 0 || !reflect.DeepEqual(hops[len(hops)-1], next) {
			hops = append(hops, next)
		}
	}
	if p.Present == reach.Yes && through == nil || p.Present != reach.Yes {
		r.Hops = append(hops, r.Hops...) // first what the instance itself lets out
	} else {
		r.Hops = append(r.Hops, hops...)
	}
	if r.From == "" || len(r.Hops) == 0 || unread(r.Hops) {
		return route{}, false
	}
	return r, true
}

// endpointHops are what an endpoint itself decides: its state, its name, its policy.
func endpointHops(c reach.Candidate, s Session) []hop {
	state := reach.Yes
	if !c.Available {
		state = reach.No
	}
	out := []hop{
		{Name: lang.Both("State of the VPC endpoint", "VPC エンドポイントの状態"), Resource: c.ID, Value: c.State, Verdict: state},
		{Name: lang.Both("Name resolution to the VPC endpoint", "VPC エンドポイントへの名前解決"), Resource: c.ID, Verdict: c.Usable, Whys: c.Whys,
			Value: fmt.Sprintf("PrivateDnsEnabled=%v", c.PrivateDNS), Rule: nameRule(c)},
	}
	if !c.Available {
		out = out[:1]
	}
	for _, f := range s.Diagnosis.Findings {
		if f.Code == finding.EndpointPolicyBlocks && (f.Subject == c.Service || f.Subject == c.ID || strings.HasSuffix(c.Service, "."+f.Subject)) {
			h := hop{Name: lang.Both("Policy of the VPC endpoint", "VPC エンドポイントのポリシー"), Resource: c.ID, Verdict: reach.No}
			if len(f.Evidence) > 0 {
				h.Value, h.Rule = f.Evidence[0].Value, f.Evidence[0].Rule
			}
			out = append(out, h)
		}
	}
	return out
}

// nameRule says why the service's name does or does not lead to an endpoint.
func nameRule(c reach.Candidate) lang.Text {
	switch {
	case !c.PrivateDNS:
		return lang.Both("private DNS is off, so the service's name does not lead to the endpoint", "プライベート DNS が無効のため、サービス名は当該エンドポイントに解決されない")
	case c.Usable == reach.No:
		return lang.Both("private DNS needs DNS resolution and DNS hostnames of the VPC, of which one is off", "プライベート DNS に必要な VPC の DNS 解決・DNS ホスト名のいずれかが無効")
	case c.Usable == reach.Yes:
		return lang.Both("the service's name leads to the endpoint", "サービス名は当該エンドポイントに解決される")
	}
	return lang.Text{}
}

// unread reports whether a hop waits for what this walk did not read.
func unread(hops []hop) bool {
	return slices.ContainsFunc(hops, func(h hop) bool {
		return slices.ContainsFunc(h.Whys, func(w fact.Why) bool { return w.Reason == fact.Pending })
	})
}

func hopName(k reach.Kind) lang.Text {
	switch k {
	case reach.SGEgress:
		return lang.Both("Security group, outbound", "セキュリティグループ（アウトバウンド）")
	case reach.SGIngress:
		return lang.Both("Security group, inbound", "セキュリティグループ（インバウンド）")
	case reach.ACLRequest:
		return lang.Both("Network ACL, request", "ネットワーク ACL（要求）")
	case reach.ACLReturn:
		return lang.Both("Network ACL, answer", "ネットワーク ACL（応答）")
	case reach.Routing:
		return lang.Both("Route", "ルートテーブル")
	case reach.Gateway:
		return lang.Both("Gateway", "ゲートウェイ")
	case reach.Address:
		return lang.Both("Public address", "パブリック IP アドレス")
	}
	return lang.Same(string(k))
}
