package fixes

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/reach"
	"github.com/monshin/monshin/diagnose/remedy"
)

// How long the agent may take to notice that something was repaired: after a refusal
// it sleeps 25 to 30 minutes, after any other failure 5 minutes growing to an hour
// (domain.md §3.1 [V:agent-cred]; §4.3 gives up to 30 minutes for the network).
const (
	agentRetry   = 30 * time.Minute
	agentBackoff = time.Hour
)

// agentWaits says what is waited for after a repair of the agent's way or rights.
func agentWaits(b *remedy.Builder, d time.Duration) {
	b.Settles(d, "the SSM Agent retries within %d minutes; restarting the service AmazonSSMAgent or the instance shortens that",
		"SSM Agent の再試行は最長 %d 分後（AmazonSSMAgent サービスまたはインスタンスの再起動で短縮可）", int(d.Minutes()))
}

// https is what every AWS service is asked on.
const https = 443

func networkFixes() []remedy.Fix {
	return []remedy.Fix{
		{
			ID: "network.allow-egress", Mode: remedy.Automatic, For: []finding.Code{finding.NetworkSGEgressBlocks},
			Title:   lang.Both("Let the instance's security group send tcp/443", "インスタンスのセキュリティグループで tcp/443 の送信を許可"),
			Actions: []string{"ec2:AuthorizeSecurityGroupEgress", "ec2:CreateTags", "ec2:RevokeSecurityGroupEgress"},
			Make:    allowEgress,
		},
		{
			ID: "network.open-acl", Mode: remedy.Automatic, For: []finding.Code{finding.NetworkNACLBlocksRequest, finding.NetworkNACLBlocksReturn},
			Title:   lang.Both("Add the missing entries to the network ACL", "ネットワーク ACL に不足しているルールを追加"),
			Actions: []string{"ec2:CreateNetworkAclEntry", "ec2:DeleteNetworkAclEntry"},
			Make:    openACL,
		},
	}
}

// serviceLegs evaluates the paths from the instance to the AWS services that a
// finding impairs.
func serviceLegs(b *remedy.Builder, i estate.Instance, vpc estate.VPC, subnets []estate.Subnet) func(*estate.View) []leg {
	side := sideOf(b, i)
	services := b.Finding().Scope
	return func(v *estate.View) []leg {
		var out []leg
		for _, service := range services {
			p := reach.Service(v, side, service)
			for _, g := range p.Groups {
				if g.Needed == reach.No {
					continue
				}
				for _, path := range g.Paths {
					out = append(out, serviceLeg(v, path, g.Endpoint, i, vpc, subnets))
				}
			}
		}
		// AWS lists interfaces in no order; a plan has one.
		slices.SortStableFunc(out, byServer)
		return out
	}
}

func byServer(a, b leg) int {
	if c := strings.Compare(a.server, b.server); c != 0 {
		return c
	}
	return strings.Compare(a.path.To, b.path.To)
}

func serviceLeg(v *estate.View, path reach.Path, endpoint *reach.Candidate, i estate.Instance, vpc estate.VPC, subnets []estate.Subnet) leg {
	l := leg{path: path, client: subnetCIDR(subnets, i.Subnet), server: "0.0.0.0/0", wide: "0.0.0.0/0"}
	if endpoint == nil {
		if path.To == "anywhere" {
			// Nothing but "may anything leave": the endpoints that will carry it are in the VPC.
			l.server, l.wide = vpc.CIDR, vpc.CIDR
		}
		return l
	}
	subnet := ""
	for _, n := range estate.EndpointInterfacesPart.Of(v, i.VPC).Value() {
		if n.ID == path.To {
			subnet = n.Subnet
		}
	}
	if subnet == "" { // the interfaces are not read: the path names the endpoint's subnet
		for _, h := range path.Hops {
			if slices.Contains(endpoint.Subnets, h.Subnet) && h.Subnet != i.Subnet {
				subnet = h.Subnet
			}
		}
	}
	l.server = subnetCIDR(subnets, subnet)
	l.wide = holder(vpc, l.server)
	return l
}

// holder is the block of the VPC that a subnet's block lies in.
func holder(vpc estate.VPC, cidr string) string {
	in, err := netip.ParsePrefix(cidr)
	if err != nil {
		return vpc.CIDR
	}
	for _, c := range blocks(vpc) {
		if p, err := netip.ParsePrefix(c); err == nil && p.Bits() <= in.Bits() && p.Contains(in.Addr()) {
			return c
		}
	}
	return cidr
}

// serviceOpener reads what the paths to AWS services need.
func serviceOpener(b *remedy.Builder) (*opener, estate.Instance, bool) {
	i, ok := patient(b)
	if !ok {
		return nil, i, false
	}
	vpc, ok := need(b, estate.VPCPart, i.VPC)
	subnets, ok2 := need(b, estate.SubnetsPart, i.VPC)
	if !ok || !ok2 {
		return nil, i, false
	}
	legs := serviceLegs(b, i, vpc, subnets)
	legs(b.View()) // asks for what is missing
	if b.Waiting() {
		return nil, i, false
	}
	return &opener{b: b, port: https, legs: legs, aclVPC: func(reach.Hop) string { return i.VPC }}, i, true
}

func allowEgress(b *remedy.Builder) {
	o, i, ok := serviceOpener(b)
	if !ok {
		return
	}
	o.ours = func(h reach.Hop) bool { return h.Kind == reach.SGEgress }
	if !o.run() {
		return
	}
	for _, g := range o.groups {
		withGroup(b, i.VPC, g)
	}
	b.Why("the instance may then open connections to AWS services on tcp/443; the answers need no rule, as security groups are stateful",
		"インスタンスから AWS サービスへの tcp/443 の接続が可能になる（セキュリティグループはステートフルのため戻り通信のルールは不要）")
	b.Risk(remedy.OpensPort)
	agentWaits(b, agentRetry)
	b.Takes(5 * time.Minute)
	b.Stop("stop if the group is managed by a template (CloudFormation, Terraform): change it there instead",
		"セキュリティグループがテンプレート（CloudFormation、Terraform など）で管理されている場合は中止し、テンプレート側で変更すること")
}

func openACL(b *remedy.Builder) {
	o, i, ok := serviceOpener(b)
	if !ok {
		return
	}
	acl := b.Finding().Params["acl"]
	if acl == "" {
		acl = b.Finding().Subject
	}
	o.ours = func(h reach.Hop) bool {
		return (h.Kind == reach.ACLRequest || h.Kind == reach.ACLReturn) && h.Resource == acl
	}
	if !o.run() {
		return
	}
	for _, a := range estate.NetworkACLsPart.Of(b.View(), i.VPC).Value() {
		if a.ID == acl {
			b.Reaches(remedy.Blast{What: lang.Both("subnets with %s", "%s が適用されているサブネット").With(acl), Count: len(a.Subnets), Known: true, Names: some(remedy.Blast{Names: slices.Clone(a.Subnets)}).Names})
			inSubnets(b, i.VPC, acl, a.Subnets)
		}
	}
	b.Why("a network ACL has no memory: requests and answers need an entry each, and answers come back to the client's ephemeral ports (Windows: 49152-65535)",
		"ネットワーク ACL はステートレスのため、リクエストと戻り通信（Windows のエフェメラルポート 49152-65535）の両方に許可ルールが必要")
	b.Risk(remedy.OpensPort)
	agentWaits(b, agentRetry)
	b.Takes(10 * time.Minute)
	b.Stop("stop if one of the rule numbers is taken by now", "ルール番号が既に使用されている場合は中止")
}
