package fixes

import (
	"net/netip"
	"slices"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/reach"
	"github.com/monshin/monshin/diagnose/remedy"
)

// activationPort is where Office asks for its licence (domain.md §5.2 [V:lm-main]).
const activationPort = 1688

// openActivation opens every leg of the way from the instance to the endpoint: the
// instance's groups outbound, the endpoint's groups inbound, network ACLs. The groups
// of a terminated instance are what the next one is launched with, so that the dead
// are no reason to refuse.
func openActivation(b *remedy.Builder) {
	i, ok := patient(b)
	if !ok {
		return
	}
	id := b.Finding().Subject
	vpcs := []string{i.VPC}
	if d, known := estate.DirectoriesPart.Of(b.View(), "").Get(); known {
		for _, r := range d {
			if r.ID == b.Finding().Params["directory"] && r.VPC != "" && r.VPC != i.VPC {
				vpcs = append(vpcs, r.VPC)
			}
		}
	}
	var e estate.Endpoint
	where := ""
	for _, vpc := range vpcs {
		list, ok := need(b, estate.EndpointsPart, vpc)
		if !ok {
			return
		}
		if at := slices.IndexFunc(list, func(e estate.Endpoint) bool { return e.ID == id }); at >= 0 {
			e, where = list[at], vpc
			break
		}
	}
	if where == "" {
		if !b.Waiting() {
			b.Refuse("the endpoint %s is not listed", "エンドポイント %s が一覧に存在しない", id)
		}
		return
	}
	vpc, ok := need(b, estate.VPCPart, where)
	from, ok2 := need(b, estate.SubnetsPart, i.VPC)
	subnets, ok3 := need(b, estate.SubnetsPart, where)
	interfaces, ok4 := need(b, estate.EndpointInterfacesPart, where)
	if !ok || !ok2 || !ok3 || !ok4 {
		return
	}
	side := sideOf(b, i)
	legs := func(v *estate.View) []leg {
		var out []leg
		for _, n := range interfaces {
			if !slices.Contains(e.Interfaces, n.ID) {
				continue
			}
			to := reach.Side{Label: n.ID, VPC: where, Subnet: n.Subnet, Groups: n.Groups}
			if len(to.Groups) == 0 {
				to.Groups = e.Groups
			}
			for _, s := range n.PrivateIPs {
				if a, err := netip.ParseAddr(s); err == nil {
					to.IPs = append(to.IPs, a)
				}
			}
			server := subnetCIDR(subnets, n.Subnet)
			out = append(out, leg{path: reach.Between(v, reach.Question{From: side, To: to, Port: reach.TCP(activationPort)}),
				client: subnetCIDR(from, i.Subnet), server: server, wide: holder(vpc, server)})
		}
		slices.SortStableFunc(out, byServer)
		return out
	}
	for _, l := range legs(b.View()) {
		for _, h := range l.path.Hops {
			if h.Kind == reach.Routing && h.Verdict == reach.No {
				b.Refuse("there is no route between the instance and the endpoint (%s): rules alone do not open the way", "インスタンスとエンドポイント間の経路なし（%s）。ルールの追加のみでは通信不可", h.Value)
				return
			}
		}
	}
	if b.Waiting() {
		return
	}
	o := &opener{b: b, port: activationPort, legs: legs, ours: func(h reach.Hop) bool {
		switch h.Kind {
		case reach.SGEgress, reach.SGIngress, reach.ACLRequest, reach.ACLReturn:
			return true
		}
		return false
	}}
	o.aclVPC = func(h reach.Hop) string {
		for _, v := range []string{i.VPC, where} {
			if h.At == estate.NetworkACLsPart.Key(v) {
				return v
			}
		}
		return i.VPC
	}
	if !o.run() {
		return
	}
	for _, g := range o.groups {
		withGroup(b, i.VPC, g)
		endpointsWithGroup(b, where, g)
	}
	for _, a := range o.acls {
		for _, v := range slices.Compact([]string{i.VPC, where}) {
			for _, acl := range estate.NetworkACLsPart.Of(b.View(), v).Value() {
				if acl.ID == a {
					inSubnets(b, v, a, acl.Subnets)
				}
			}
		}
	}
	b.Why("Office is activated over tcp/1688 at License Manager's endpoints, and License Manager terminates an instance that cannot be", "Office のライセンス認証は License Manager のエンドポイントへの tcp/1688 で行われ、認証できないインスタンスは終了（terminated）されるため")
	b.Warn("an instance that was terminated stays so: launch a new one after the repair", "終了済みのインスタンスは復旧しない。対処後に新しいインスタンスの起動が必要")
	b.Risk(remedy.OpensPort)
	b.Settles(10*time.Minute, "rules apply at once; Office retries by itself, or by: cscript ospp.vbs /act", "ルールは即時反映。Office のライセンス認証は自動再試行（cscript ospp.vbs /act で即時実行可）")
	b.Takes(5 * time.Minute)
	b.Stop("stop if the group is managed by a template (CloudFormation, Terraform): change it there instead",
		"セキュリティグループがテンプレート（CloudFormation、Terraform など）で管理されている場合は中止し、テンプレート側で変更すること")
}
