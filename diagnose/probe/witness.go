package probe

import (
	"slices"
	"strings"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
)

// onlineNow reports whether a row of Systems Manager says that its node answers
// right now, by the clock of the estate.
func onlineNow(v *estate.View, status string, ping time.Time) bool {
	return strings.EqualFold(status, "Online") && !ping.IsZero() && v.AsOf().Sub(ping) <= pingFresh
}

func witnessProbe() Probe {
	return Probe{
		ID:    "network.witness",
		Title: lang.Both("Another instance with the same path that works", "同条件で動作中のインスタンス（比較対象）"),
		Parts: []estate.AnyKind{estate.InstancePart, estate.TrailPart, estate.ManagedNodePart, estate.NeighboursPart,
			estate.RouteTablesPart, estate.NetworkACLsPart},
		Judge: judgeWitness,
	}
}

// judgeWitness looks for an instance that sends its packets the same way (same
// groups, and the same subnet, or a subnet with the same route table and network
// ACL) and is Online: then the path works, also where it cannot be evaluated. It
// says likely, as the witness's differences could be the reason.
func judgeWitness(v *estate.View) Verdict {
	p, whys := thePatient(v)
	if len(whys) == 0 && p.VPC == "" {
		whys = []fact.Why{{Reason: fact.NotRecorded, Action: "ec2:DescribeInstances", Resource: v.Target().InstanceID, Detail: "VpcId"}}
	}
	if len(whys) > 0 {
		return unread(whys...)
	}
	if !p.dead {
		node := estate.ManagedNodePart.Of(v, p.ID)
		if node.IsUnknown() {
			return unread(node.Why())
		}
		if n, there := node.Get(); there && onlineNow(v, n.PingStatus, n.LastPing) {
			return notApplicable(lang.Both("the instance itself is Online", "対象インスタンス自身が Online"),
				see(estate.ManagedNodePart.Key(p.ID), "ping_status", n.PingStatus+" "+stamp(n.LastPing), lang.Both("it needs no witness", "比較対象は不要"), node.Origin()))
		}
	}
	f := estate.NeighboursPart.Of(v, p.VPC)
	if f.IsUnknown() {
		return unread(f.Why())
	}
	side := patientSide(p)
	at := estate.NeighboursPart.Key(p.VPC)
	var elsewhere []estate.Peer
	var near []finding.Evidence
	for _, peer := range f.Value().Peers {
		if peer.ID == p.ID || !peer.Managed || !onlineNow(v, peer.PingStatus, peer.LastPing) {
			continue
		}
		same := side.Subnet != "" && peer.Subnet == side.Subnet
		groups := len(side.Groups) > 0 && sameSet(peer.Groups, side.Groups)
		switch {
		case same && groups:
			return witnessed(at, peer, p, lang.Both("same subnet and same security groups, Online now", "同一サブネット・同一 SG で現在 Online"), f.Origin())
		case groups:
			elsewhere = append(elsewhere, peer)
		case same && len(near) < 3: // three show enough
			near = append(near, see(at, peer.ID, peerValue(peer), lang.Both("Online in the same subnet, with other security groups", "同一サブネットで Online（SG は相違）"), f.Origin()))
		}
	}
	if len(elsewhere) > 0 {
		tables, acls := estate.RouteTablesPart.Of(v, p.VPC), estate.NetworkACLsPart.Of(v, p.VPC)
		if open := slices.Concat(whyOf(tables), whyOf(acls)); len(open) > 0 {
			return unread(open...)
		}
		for _, peer := range elsewhere {
			if sameRoads(tables.Value(), acls.Value(), peer.Subnet, side.Subnet) {
				return witnessed(at, peer, p, lang.Both("same security groups, route table and network ACL, Online now", "同一 SG・同一ルートテーブル・同一ネットワーク ACL で現在 Online"), f.Origin())
			}
		}
	}
	say := lang.Both("no other instance with the same path is Online", "同条件で Online のインスタンスなし")
	if !f.Value().Complete {
		say = lang.Both("no other instance with the same path is Online, among the %d that were read", "読み取った %d 台の中に同条件で Online のインスタンスなし").With(len(f.Value().Peers))
	}
	return notApplicable(say, near...)
}

// witnessed is the verdict with a witness, and with what it has that the patient
// has not.
func witnessed(at estate.Key, peer estate.Peer, p patient, rule lang.Text, o fact.Origin) Verdict {
	evidence := []finding.Evidence{see(at, peer.ID, peerValue(peer), rule, o)}
	differ := func(what string, label lang.Text, theirs, ours string) {
		if theirs != ours {
			evidence = append(evidence, see(at, peer.ID+"."+what, orDash(theirs)+" / "+orDash(ours), label, o))
		}
	}
	differ("profile_arn", lang.Both("instance profile: the other's / this one's", "インスタンスプロファイル: 比較対象 / 対象"), lastName(peer.ProfileARN), lastName(p.ProfileARN))
	differ("image_id", lang.Both("AMI: the other's / this one's", "AMI: 比較対象 / 対象"), peer.ImageID, p.ImageID)
	differ("subnet", lang.Both("subnet: the other's / this one's", "サブネット: 比較対象 / 対象"), peer.Subnet, p.Subnet)
	differ("platform", lang.Both("platform: the other's / this one's", "プラットフォーム: 比較対象 / 対象"), peer.Platform, p.Platform)
	return ok(lang.Both("the path is likely fine: %s works on the same one", "経路は問題ない可能性が高い（同条件の %s が Online）").With(peer.ID), evidence...)
}

func peerValue(p estate.Peer) string {
	return strings.TrimSpace(p.ID + " " + p.PingStatus + " " + stamp(p.LastPing) + " " + p.AgentVersion)
}

func sameSet(a, b []string) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(slices.Compact(a), slices.Compact(b))
}

// sameRoads reports whether two subnets share their route table and network ACL.
func sameRoads(tables []estate.RouteTable, acls []estate.NetworkACL, a, b string) bool {
	if a == "" || b == "" {
		return false
	}
	table := func(subnet string) string {
		main := ""
		for _, t := range tables {
			if slices.Contains(t.Subnets, subnet) {
				return t.ID
			}
			if t.Main {
				main = t.ID
			}
		}
		return main
	}
	acl := func(subnet string) string {
		for _, l := range acls {
			if slices.Contains(l.Subnets, subnet) {
				return l.ID
			}
		}
		return ""
	}
	return table(a) != "" && table(a) == table(b) && acl(a) != "" && acl(a) == acl(b)
}
