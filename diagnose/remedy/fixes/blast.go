package fixes

import (
	"slices"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/remedy"
)

// shownNames bounds the names beside a number; the number counts all.
const shownNames = 8

// withGroup counts the instances of a VPC that carry a security group.
func withGroup(b *remedy.Builder, vpc, group string) {
	b.Reaches(countPeers(b, vpc, func(p estate.Peer) bool { return slices.Contains(p.Groups, group) },
		lang.Both("running instances with the security group %s", "セキュリティグループ %s を使用する実行中インスタンス").With(group)))
}

// endpointsWithGroup counts the endpoints of a VPC that carry a security group.
func endpointsWithGroup(b *remedy.Builder, vpc, group string) {
	x := remedy.Blast{What: lang.Both("VPC endpoints with the security group %s", "セキュリティグループ %s を使用する VPC エンドポイント").With(group)}
	if list, known := estate.EndpointsPart.Of(b.View(), vpc).Get(); known {
		x.Known = true
		for _, e := range list {
			if slices.Contains(e.Groups, group) {
				x.Count++
				x.Names = append(x.Names, e.ID)
			}
		}
	}
	b.Reaches(some(x))
}

// inVPC counts the instances of a VPC.
func inVPC(b *remedy.Builder, vpc string) {
	b.Reaches(countPeers(b, vpc, func(estate.Peer) bool { return true },
		lang.Both("running instances in %s", "%s 内の実行中インスタンス").With(vpc)))
}

// inSubnets counts the instances of a VPC in some of its subnets.
func inSubnets(b *remedy.Builder, vpc, of string, subnets []string) {
	b.Reaches(countPeers(b, vpc, func(p estate.Peer) bool { return slices.Contains(subnets, p.Subnet) },
		lang.Both("running instances in the subnets of %s", "%s が適用されるサブネット内の実行中インスタンス").With(of)))
}

// withProfile counts the instances that carry an instance profile. Only the VPC of
// the instance is listed, so that there may be more.
func withProfile(b *remedy.Builder, vpc, arn string) {
	x := countPeers(b, vpc, func(p estate.Peer) bool { return p.ProfileARN == arn && arn != "" },
		lang.Both("running instances of %s with the instance profile %s", "%s 内でインスタンスプロファイル %s を使用する実行中インスタンス").With(vpc, lastName(arn)))
	x.AtLeast = x.Known
	b.Reaches(x)
}

// withRole counts the instance profiles that hold a role.
func withRole(b *remedy.Builder, role string) {
	x := remedy.Blast{What: lang.Both("instance profiles with the role %s", "ロール %s を含むインスタンスプロファイル").With(role)}
	part := estate.RoleProfilesPart.Of(b.View(), role)
	if p, known := part.Get(); known {
		x.Known, x.AtLeast, x.Count, x.Names = true, !p.Complete, len(p.Names), slices.Clone(p.Names)
	}
	b.Reaches(some(x))
}

// single says that a plan touches the one instance alone.
func single(b *remedy.Builder, id string) {
	b.Reaches(remedy.Blast{What: lang.Both("instances", "対象インスタンス"), Count: 1, Known: true, Names: []string{id}})
}

// countPeers counts among the running instances of a VPC; the list may be cut off,
// and then more may exist.
func countPeers(b *remedy.Builder, vpc string, is func(estate.Peer) bool, what lang.Text) remedy.Blast {
	x := remedy.Blast{What: what}
	peers, known := estate.NeighboursPart.Of(b.View(), vpc).Get()
	if !known {
		return x
	}
	x.Known, x.AtLeast = true, !peers.Complete
	for _, p := range peers.Peers {
		if is(p) {
			x.Count++
			name := p.ID
			if p.Name != "" {
				name = p.Name + " (" + p.ID + ")"
			}
			x.Names = append(x.Names, name)
		}
	}
	return some(x)
}

// some keeps a few names, in an order that does not depend on AWS's.
func some(x remedy.Blast) remedy.Blast {
	slices.Sort(x.Names)
	x.Names = x.Names[:min(len(x.Names), shownNames)]
	return x
}
