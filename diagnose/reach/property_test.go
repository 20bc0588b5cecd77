package reach

import (
	"slices"
	"testing"

	"github.com/monshin/monshin/diagnose/estate"
	"pgregory.net/rapid"
)

func drawCIDR(t *rapid.T) string {
	return rapid.SampledFrom([]string{"0.0.0.0/0", "10.0.0.0/16", "10.0.1.0/24", "10.0.1.10/32", "10.0.2.0/24", "10.0.2.20/32",
		"10.0.0.0/24", "192.168.0.0/16", "52.0.0.0/8", "10.0.0.1/33", "", "x"}).Draw(t, "cidr")
}

func drawPorts(t *rapid.T) (from, to int) {
	p := rapid.SampledFrom([][2]int{{443, 443}, {0, 65535}, {1024, 65535}, {49152, 65535}, {49152, 60000}, {80, 80}, {-1, -1}, {500, 400}, {-5, 99999}}).Draw(t, "ports")
	return p[0], p[1]
}

func drawRule(t *rapid.T, egress bool) estate.SecurityGroupRule {
	r := estate.SecurityGroupRule{ID: "sgr", Egress: egress, Protocol: rapid.SampledFrom([]string{"tcp", "6", "-1", "udp", "icmp", "?"}).Draw(t, "protocol")}
	r.FromPort, r.ToPort = drawPorts(t)
	switch rapid.IntRange(0, 3).Draw(t, "source") {
	case 0:
		r.Group = rapid.SampledFrom([]string{"sg-i", "sg-e", "sg-x"}).Draw(t, "group")
	case 1:
		r.PrefixList = "pl-1"
	default:
		r.CIDR4 = drawCIDR(t)
	}
	return r
}

func drawEntry(t *rapid.T, allow bool) estate.NetworkACLEntry {
	e := estate.NetworkACLEntry{
		Number: rapid.IntRange(1, 200).Draw(t, "number"), Egress: rapid.Bool().Draw(t, "egress"), Allow: allow,
		Protocol: rapid.SampledFrom([]string{"6", "-1", "17", "1", "58"}).Draw(t, "protocol"), CIDR4: drawCIDR(t),
	}
	e.FromPort, e.ToPort = drawPorts(t)
	return e
}

// drawWorld makes an account in which any of the things that matter may be off.
func drawWorld(t *rapid.T) *world {
	w := newWorld()
	w.lists = []estate.PrefixList{{ID: "pl-1", CIDRs: []string{drawCIDR(t), drawCIDR(t)}}}
	if rapid.Bool().Draw(t, "own egress") {
		w.instance.Rules = nil
	}
	for range rapid.IntRange(0, 2).Draw(t, "egress rules") {
		w.instance.Rules = append(w.instance.Rules, drawRule(t, true))
	}
	if rapid.Bool().Draw(t, "own ingress") {
		w.endpoint.Rules = nil
	}
	for range rapid.IntRange(0, 2).Draw(t, "ingress rules") {
		w.endpoint.Rules = append(w.endpoint.Rules, drawRule(t, false))
	}
	for i := range w.acls {
		for range rapid.IntRange(0, 2).Draw(t, "entries") {
			w.acls[i].Entries = append(w.acls[i].Entries, drawEntry(t, rapid.Bool().Draw(t, "allow")))
		}
	}
	if target := rapid.SampledFrom([]string{"", "nat-1", "igw-1", "tgw-1", "nat-9"}).Draw(t, "default route"); target != "" {
		w.defaultRoute(target, rapid.SampledFrom([]string{"active", "active", "blackhole"}).Draw(t, "route state"))
	}
	if rapid.Bool().Draw(t, "more routes") {
		w.tables[0].Routes = append(w.tables[0].Routes, estate.Route{CIDR4: drawCIDR(t),
			Target: rapid.SampledFrom([]string{"tgw-1", "pcx-1", "eni-9"}).Draw(t, "target"), State: "active"})
	}
	w.nats[0].State = rapid.SampledFrom([]string{"available", "available", "failed"}).Draw(t, "nat")
	w.vpc.BlockPublicAccess = rapid.SampledFrom([]string{"", "off", "block-bidirectional"}).Draw(t, "bpa")
	w.vpc.OwnerID = rapid.SampledFrom([]string{"111111111111", "111111111111", "222222222222"}).Draw(t, "owner")
	w.dns = estate.VPCDNS{Support: true, Hostnames: rapid.Bool().Draw(t, "hostnames")}
	switch rapid.IntRange(0, 3).Draw(t, "endpoint") {
	case 0:
		w.ends = nil
	case 1:
		w.ends[0].Interfaces = append(w.ends[0].Interfaces, "eni-f")
		w.ends[0].Subnets = append(w.ends[0].Subnets, "subnet-p")
		w.enis = append(w.enis, estate.Interface{ID: "eni-f", Subnet: "subnet-p", PrivateIPs: []string{"10.0.0.20"}, Groups: []string{"sg-e"}})
	}
	for i := range w.ends {
		w.ends[i].PrivateDNS = rapid.Bool().Draw(t, "private DNS")
		w.ends[i].State = rapid.SampledFrom([]string{"available", "Available", "pending"}).Draw(t, "state")
	}
	return w
}

// drawDenied picks parts that may not be read.
func drawDenied(t *rapid.T, w *world) []estate.Key {
	var keys []estate.Key
	for _, p := range w.parts() {
		keys = append(keys, p.Key)
	}
	return rapid.SliceOfNDistinct(rapid.SampledFrom(keys), 0, 4, func(k estate.Key) string { return k.String() }).Draw(t, "denied")
}

// answers are everything that is asked of one account.
func answers(w *world) map[string]Verdict {
	v := w.view()
	q := Question{From: w.side(), To: w.eni(), Port: TCP(443)}
	s := Service(v, w.side(), "ssm")
	out := map[string]Verdict{
		"between": Between(v, q).Verdict, "internet": Internet(v, w.side(), TCP(443)).Verdict, "service": s.Verdict, "present": s.Present,
	}
	for _, k := range []Kind{SGEgress, SGIngress, ACLRequest, ACLReturn, Routing, Gateway, Address} {
		out["layer "+string(k)] = s.Layer(k).Verdict
	}
	return out
}

func TestDenyingNeverFlips(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		before := Service(w.view(), w.side(), "ssm")
		full := answers(w)
		w.denied = drawDenied(t, w)
		for name, verdict := range answers(w) {
			if verdict != full[name] && verdict != Unknown {
				t.Errorf("%s: %s with everything read, %s without %v", name, full[name], verdict, w.denied)
			}
		}
		after := Service(w.view(), w.side(), "ssm")
		for _, k := range []Kind{SGEgress, SGIngress, ACLRequest, ACLReturn, Routing, Gateway, Address} {
			was, is := before.Layer(k), after.Layer(k)
			for _, h := range slices.Concat(is.Blocked, is.Partial) {
				if !slices.ContainsFunc(slices.Concat(was.Blocked, was.Partial), func(o Hop) bool { return o.Code == h.Code && o.Resource == h.Resource }) {
					t.Errorf("%s: %s@%s found only without %v", k, h.Code, h.Resource, w.denied)
				}
			}
			if is.Verdict == Unknown && len(is.Whys) == 0 {
				t.Errorf("%s: unknown without a reason", k)
			}
		}
	})
}

func TestAddingARuleNeverCloses(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		q := Question{From: w.side(), To: w.eni(), Port: TCP(443)}
		was := Between(w.view(), q).Verdict
		if rapid.Bool().Draw(t, "on the instance") {
			w.instance.Rules = append(w.instance.Rules, drawRule(t, true))
		} else {
			w.endpoint.Rules = slices.Insert(w.endpoint.Rules, 0, drawRule(t, false))
		}
		is := Between(w.view(), q).Verdict
		if was == Yes && is != Yes || was == Unknown && is == No {
			t.Errorf("%s before the rule, %s after", was, is)
		}
	})
}

func TestAddingADenyNeverOpens(t *testing.T) {
	openness := func(p Path) int {
		if p.Verdict != Yes {
			return map[Verdict]int{No: 0, Unknown: 1}[p.Verdict]
		}
		for _, h := range p.Hops {
			if h.Partial != "" {
				return 2
			}
		}
		return 3
	}
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		q := Question{From: w.side(), To: w.eni(), Port: TCP(443)}
		was := Between(w.view(), q)
		acl := &w.acls[rapid.IntRange(0, len(w.acls)-1).Draw(t, "acl")]
		deny := drawEntry(t, false)
		// Of two entries with one number, which AWS does not allow, the first counts.
		for slices.ContainsFunc(acl.Entries, func(e estate.NetworkACLEntry) bool { return e.Number == deny.Number && e.Egress == deny.Egress }) {
			deny.Number++
		}
		acl.Entries = append(acl.Entries, deny)
		is := Between(w.view(), q)
		if openness(is) > openness(was) {
			t.Errorf("%s before the deny, %s after", was.Verdict, is.Verdict)
		}
	})
}

func TestSpans(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := map[int]bool{}
		var s spans
		for range rapid.IntRange(0, 8).Draw(t, "steps") {
			p := Ports{rapid.IntRange(0, 30).Draw(t, "from"), rapid.IntRange(0, 30).Draw(t, "to")}
			add := rapid.Bool().Draw(t, "add")
			if add {
				s = s.plus(p)
			} else {
				s = s.minus(p)
			}
			for i := p.From; i <= p.To; i++ {
				in[i] = add
			}
		}
		for i := range 31 {
			if s.covers(Ports{i, i}) != in[i] {
				t.Errorf("%v: %d in it: %v, want %v", s, i, !in[i], in[i])
			}
		}
		for i := 1; i < len(s); i++ {
			if s[i-1].To+1 >= s[i].From {
				t.Errorf("%v is not sorted and disjoint", s)
			}
		}
	})
}

// Whatever stands in rules, routes and addresses, an answer comes back.
func FuzzForeignStrings(f *testing.F) {
	f.Add("10.0.0.0/8", "tcp", 443, "nat-1", "10.0.1.1")
	f.Add("::ffff:10.0.0.0/104", "58", -1, "", "fe80::1%eth0")
	f.Add("0.0.0.0/-1", "999999999999999999999", 1<<40, "vpce-1", "::ffff:10.0.1.1")
	f.Fuzz(func(t *testing.T, cidr, proto string, port int, target, address string) {
		w := newWorld()
		w.instance.Rules = append(w.instance.Rules[:0], estate.SecurityGroupRule{ID: cidr, Egress: true, Protocol: proto, FromPort: port, ToPort: -port, CIDR4: cidr, CIDR6: cidr})
		w.acls[0].Entries = append(w.acls[0].Entries, estate.NetworkACLEntry{Number: port, Protocol: proto, CIDR6: cidr, FromPort: port, ToPort: port, Allow: true})
		w.tables[0].Routes = append(w.tables[0].Routes, estate.Route{CIDR4: cidr, Target: target, State: proto})
		w.enis[0].PrivateIPs = []string{address}
		side := w.side()
		if a := parseIP(address); a.IsValid() {
			side.IPs = append(side.IPs[:0], a)
		}
		Service(w.view(), side, "ssm")
		Internet(w.view(), side, Port{Protocol: proto, From: port, To: port})
		Between(w.view(), Question{From: side, To: w.eni(), Port: Port{Protocol: proto, From: port, To: 1}})
	})
}
