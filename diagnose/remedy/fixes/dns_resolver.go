package fixes

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/reach"
	"github.com/monshin/monshin/diagnose/remedy"
)

// targets are the servers of a rule, as Resolver's parameters.
func targets(servers []netip.Addr) []any {
	out := make([]any, len(servers))
	for i, a := range servers {
		field := "Ip"
		if a.Is6() {
			field = "Ipv6"
		}
		out[i] = map[string]any{field: a.String(), "Port": 53}
	}
	return out
}

// endpoints of the world are written "ip:port".
func targetTexts(servers []netip.Addr) []string {
	out := make([]string, len(servers))
	for i, a := range servers {
		out[i] = netip.AddrPortFrom(a, 53).String()
	}
	return out
}

// forwardDomain is remedy A of domain.md §6.3: the VPC's Resolver forwards the AD
// domain, and only that, to the directory.
func forwardDomain(b *remedy.Builder) {
	i, ok := patient(b)
	if !ok {
		return
	}
	d, ok := needDomain(b)
	if !ok || !forward(b, i, d) {
		return
	}
	inVPC(b, i.VPC)
	b.Why("the VPC's Resolver then forwards %s to the directory's servers; every other name is resolved as before, and no lease has to be renewed",
		"VPC の Resolver が %s のみをディレクトリの DNS サーバーへ転送する（他の名前の解決は従来どおり。リースの更新は不要）", d.fqdn)
	b.Settles(5*time.Minute, "Resolver takes a rule over within minutes; names that were not found stay so in caches for a while", "Resolver への反映は数分以内（名前解決失敗のキャッシュはしばらく残る）")
	b.Takes(15 * time.Minute)
	b.Stop("stop if the endpoint is not OPERATIONAL after 10 minutes", "10 分経過してもエンドポイントが OPERATIONAL にならない場合は中止")
}

// forward writes the steps for which the domain is forwarded from the VPC: an
// outbound endpoint where none fits, a rule where there is none, the association.
func forward(b *remedy.Builder, i estate.Instance, d domain) bool {
	vpc, ok := own(b, i.VPC)
	associations, rules, endpoints, ok2 := resolverParts(b, i.VPC)
	if !ok || !ok2 {
		return false
	}
	for _, a := range associations {
		for _, r := range rules {
			if r.ID == a.Rule && a.VPC == i.VPC && strings.EqualFold(strings.TrimSuffix(r.Domain, "."), d.fqdn) {
				// The right rule, not (yet) in force; or one that does something else for the name.
				b.Refuse("the rule %s for %s is associated with %s already (%s)", "%[2]s のルール %[1]s は既に %[3]s に関連付け済み（%[4]s）", r.ID, d.fqdn, i.VPC, a.Status)
				return false
			}
		}
	}
	rule := ""
	for _, r := range rules {
		if strings.EqualFold(strings.TrimSuffix(r.Domain, "."), d.fqdn) && strings.EqualFold(r.Type, "FORWARD") && sameTargets(r.Targets, d.servers) && (rule == "" || r.ID < rule) {
			rule = r.ID
		}
	}
	if rule == "" {
		endpoint, ok := outbound(b, vpc, d, endpoints)
		if !ok {
			return false
		}
		rule = ruleStepFor(b, d, endpoint)
	}
	out := "ResolverRuleAssociation.Id"
	remedy.Edit(b, estate.ResolverAssociationsPart, i.VPC, func(list []estate.ResolverAssociation) []estate.ResolverAssociation {
		return append(slices.Clone(list), estate.ResolverAssociation{ID: remedy.Output("associate", out), Rule: rule, VPC: i.VPC, Status: "COMPLETE"})
	})
	b.Step(remedy.Step{
		ID: "associate", Title: lang.Both("Associate the rule for %s with %s", "%s のルールを %s に関連付け").With(d.fqdn, i.VPC),
		Call: &remedy.Call{Operation: "route53resolver:AssociateResolverRule", Outputs: []string{out},
			Input: map[string]any{"ResolverRuleId": rule, "VPCId": i.VPC, "Name": "monshin-ad"}},
		Undo: &remedy.Call{Operation: "route53resolver:DisassociateResolverRule", Input: map[string]any{"ResolverRuleId": rule, "VPCId": i.VPC}},
		Do:   lang.Both("Route 53 console > Resolver > Rules > the rule > Associate VPC: %s", "Route 53 コンソール > リゾルバー > ルール > 対象のルール > VPC を関連付け > %s").With(i.VPC),
		Check: remedy.Check{
			Command: fmt.Sprintf("aws route53resolver list-resolver-rule-associations --filters Name=VPCId,Values=%s", i.VPC),
			Expect:  lang.Both("the association, COMPLETE", "Status が COMPLETE の関連付けあり"),
		},
	})
	return true
}

func sameTargets(have []string, want []netip.Addr) bool {
	if len(have) == 0 {
		return false
	}
	for _, h := range have {
		a, err := netip.ParseAddr(h)
		if p, err2 := netip.ParseAddrPort(h); err2 == nil {
			a, err = p.Addr(), nil
		}
		if err != nil || !slices.Contains(want, a) {
			return false
		}
	}
	return true
}

// mostTargets is how many servers a rule takes (Route 53 Resolver quotas).
const mostTargets = 6

func ruleStepFor(b *remedy.Builder, d domain, endpoint string) string {
	servers := d.servers[:min(len(d.servers), mostTargets)]
	out := "ResolverRule.Id"
	rule := remedy.Output("rule", out)
	remedy.Edit(b, estate.ResolverRulesPart, "", func(list []estate.ResolverRule) []estate.ResolverRule {
		return append(slices.Clone(list), estate.ResolverRule{ID: rule, Name: "monshin-ad", Type: "FORWARD", Domain: d.fqdn + ".", Status: "COMPLETE",
			Targets: targetTexts(servers), Endpoint: endpoint, OwnerID: b.Target().Account})
	})
	b.Step(remedy.Step{
		ID: "rule", Title: lang.Both("Make a rule that forwards %s to %s", "%s を %s へ転送するルールを作成").With(d.fqdn, strings.Join(texts(servers), ", ")),
		Actions: []string{"route53resolver:CreateResolverRule", "route53resolver:TagResource"},
		Call: &remedy.Call{Operation: "route53resolver:CreateResolverRule", Token: "CreatorRequestId", Tagged: true, Outputs: []string{out}, Input: map[string]any{
			"Name": "monshin-ad", "RuleType": "FORWARD", "DomainName": d.fqdn, "ResolverEndpointId": endpoint, "TargetIps": targets(servers), "Tags": labelled("monshin-ad"),
		}},
		Undo: &remedy.Call{Operation: "route53resolver:DeleteResolverRule", Input: map[string]any{"ResolverRuleId": rule}},
		Do: lang.Both("Route 53 console > Resolver > Rules > Create rule: Forward, %s, targets %s port 53", "Route 53 コンソール > リゾルバー > ルール > ルールを作成 > 転送、%s、ターゲット %s ポート 53").
			With(d.fqdn, strings.Join(texts(servers), ", ")),
		Check: remedy.Check{
			Command: fmt.Sprintf("aws route53resolver list-resolver-rules --query \"ResolverRules[?DomainName=='%s.']\"", d.fqdn),
			Expect:  lang.Both("one rule, COMPLETE, with these targets", "上記ターゲットを持つルールが 1 つ、Status は COMPLETE"),
		},
	})
	return rule
}

// outbound finds an outbound endpoint of the VPC whose groups let DNS out to the
// directory, or writes the steps that make one. It returns the endpoint's id.
func outbound(b *remedy.Builder, vpc estate.VPC, d domain, endpoints []estate.ResolverEndpoint) (string, bool) {
	fit := ""
	for _, e := range endpoints {
		if e.VPC == vpc.ID && strings.EqualFold(e.Direction, "OUTBOUND") && strings.EqualFold(e.Status, "OPERATIONAL") && asks(b, e, d) && (fit == "" || e.ID < fit) {
			fit = e.ID
		}
	}
	if b.Waiting() || fit != "" {
		return fit, fit != ""
	}
	subnets, ok := need(b, estate.SubnetsPart, vpc.ID)
	if !ok {
		return "", false
	}
	chosen, ok := wayTo(b, vpc, d, subnets)
	if !ok {
		return "", false
	}
	group := dnsGroup(b, vpc, d)
	out := "ResolverEndpoint.Id"
	id := remedy.Output("resolver", out)
	remedy.Edit(b, estate.ResolverEndpointsPart, "", func(list []estate.ResolverEndpoint) []estate.ResolverEndpoint {
		return append(slices.Clone(list), estate.ResolverEndpoint{ID: id, Direction: "OUTBOUND", Status: "OPERATIONAL", VPC: vpc.ID, Groups: []string{group}})
	})
	var addresses []any
	for _, s := range chosen {
		addresses = append(addresses, map[string]any{"SubnetId": s})
	}
	b.Step(remedy.Step{
		ID: "resolver", Title: lang.Both("Make an outbound Resolver endpoint in %s", "%s に Resolver アウトバウンドエンドポイントを作成").With(strings.Join(chosen, ", ")),
		Actions: []string{"route53resolver:CreateResolverEndpoint", "route53resolver:TagResource"},
		Call: &remedy.Call{Operation: "route53resolver:CreateResolverEndpoint", Token: "CreatorRequestId", Tagged: true, Outputs: []string{out}, Input: map[string]any{
			"Name": "monshin-ad", "Direction": "OUTBOUND", "SecurityGroupIds": []any{group}, "IpAddresses": addresses, "Tags": labelled("monshin-ad"),
		}},
		Undo: &remedy.Call{Operation: "route53resolver:DeleteResolverEndpoint", Input: map[string]any{"ResolverEndpointId": id}},
		Do: lang.Both("Route 53 console > Resolver > Outbound endpoints > Create: %s, the security group above, subnets %s", "Route 53 コンソール > リゾルバー > アウトバウンドエンドポイント > 作成 > %s、上記のセキュリティグループ、サブネット %s").
			With(vpc.ID, strings.Join(chosen, ", ")),
		Check: remedy.Check{
			Command: "aws route53resolver list-resolver-endpoints --query \"ResolverEndpoints[?Direction=='OUTBOUND'].[Id,Status,HostVPCId]\"",
			Expect:  lang.Both("OPERATIONAL for %s", "%s のエンドポイントが OPERATIONAL").With(vpc.ID),
		},
	})
	b.Cost("hourly for each of %d interfaces of the endpoint, and per million queries (Route 53 Resolver pricing of %s)", "エンドポイントの ENI %d 個分の時間課金とクエリ数に応じた課金（%s の Route 53 Resolver 料金）", len(chosen), b.Target().Region)
	b.TypeAccount()
	return id, true
}

// asks reports whether an endpoint's groups let DNS out to all servers.
func asks(b *remedy.Builder, e estate.ResolverEndpoint, d domain) bool {
	from := reach.Side{Label: e.ID, VPC: e.VPC, Groups: e.Groups}
	all := len(e.Groups) > 0
	for _, s := range d.servers {
		for _, p := range []reach.Port{reach.TCP(53), reach.UDP(53)} {
			all = reach.Leaves(b.View(), from, s, p).Verdict == reach.Yes && all
		}
	}
	return all
}

// wayTo picks two subnets, in two zones where there are two, from which a route leads
// to the directory's servers. Where a route cannot be told, it says so.
func wayTo(b *remedy.Builder, vpc estate.VPC, d domain, subnets []estate.Subnet) ([]string, bool) {
	verdicts := map[string]reach.Verdict{}
	for _, s := range subnets {
		if s.OwnerID != "" && b.Target().Account != "" && s.OwnerID != b.Target().Account {
			continue
		}
		from := reach.Side{Label: s.ID, VPC: vpc.ID, Subnet: s.ID}
		if p, err := netip.ParsePrefix(s.CIDR); err == nil {
			from.Block = p
		}
		verdicts[s.ID] = reach.Yes
		for _, server := range d.servers {
			to := reach.Side{Label: server.String(), VPC: d.row.VPC, IPs: []netip.Addr{server}}
			path := reach.Between(b.View(), reach.Question{From: from, To: to, Port: reach.TCP(53)})
			for _, h := range path.Hops {
				if h.Kind == reach.Routing && h.Verdict != reach.Yes && h.Subnet == s.ID && verdicts[s.ID] != reach.No {
					verdicts[s.ID] = h.Verdict
				}
			}
		}
	}
	if b.Waiting() {
		return nil, false
	}
	for _, want := range []reach.Verdict{reach.Yes, reach.Unknown} {
		fit := onePerZone(subnets, func(s estate.Subnet) bool { return verdicts[s.ID] == want })
		switch {
		case len(fit) == 0:
			continue
		case len(fit) == 1:
			// Two interfaces in one zone work; an outage of the zone takes both.
			b.Warn("both interfaces of the endpoint are in one zone (%s): no other subnet has a way to the directory", "エンドポイントの ENI 2 個とも同一 AZ（%s）。他にディレクトリへの経路を持つサブネットなし", fit[0].AZ)
			fit = append(fit, fit[0])
		}
		if want == reach.Unknown {
			b.Warn("whether a route leads from %s to the directory's servers could not be told (a transit gateway, for example)", "%s からディレクトリの DNS サーバーへの経路は判定できていない（Transit Gateway など）", strings.Join(ids(fit[:2]), ", "))
		}
		return ids(fit[:2]), true
	}
	b.Refuse("no subnet of %s has a route to the directory's servers (%s)", "%s 内にディレクトリの DNS サーバー（%s）への経路を持つサブネットなし", vpc.ID, strings.Join(texts(d.servers), ", "))
	return nil, false
}

// dnsGroup writes the steps that make a group which lets DNS out to the directory's
// servers, and nothing else.
func dnsGroup(b *remedy.Builder, vpc estate.VPC, d domain) string {
	id := remedy.Output("group-dns", "GroupId")
	name := "monshin-resolver-ad"
	g := newGroup(b, "group-dns", name, vpc.ID, "DNS from Route 53 Resolver to the directory (made by monshin)")
	var ranges []any
	var rules []estate.SecurityGroupRule
	for _, s := range d.servers {
		cidr := netip.PrefixFrom(s, s.BitLen()).String()
		ranges = append(ranges, map[string]any{"CidrIp": cidr, "Description": "monshin"})
		for _, p := range []string{"tcp", "udp"} {
			rules = append(rules, estate.SecurityGroupRule{ID: remedy.Output("dns-out", p+" "+cidr), Egress: true, Protocol: p, FromPort: 53, ToPort: 53, CIDR4: cidr, Description: "monshin"})
		}
	}
	permission := func(p string) map[string]any {
		return map[string]any{"IpProtocol": p, "FromPort": 53, "ToPort": 53, "IpRanges": ranges}
	}
	dns := []any{permission("tcp"), permission("udp")}
	g.Rules = append(slices.Clone(g.Rules), rules...)
	remedy.Creates(b, estate.SecurityGroupPart, id, g)
	b.Step(remedy.Step{
		ID: "dns-out", Title: lang.Both("Let DNS (tcp and udp 53) out of it to %s", "%s への DNS（tcp/udp 53）の送信を許可").With(strings.Join(texts(d.servers), ", ")),
		Actions: []string{"ec2:AuthorizeSecurityGroupEgress", "ec2:CreateTags"},
		Call: &remedy.Call{Operation: "ec2:AuthorizeSecurityGroupEgress", Tagged: true,
			Input: map[string]any{"GroupId": id, "IpPermissions": dns, "TagSpecifications": tagged("security-group-rule", "monshin")}},
		Undo:  &remedy.Call{Operation: "ec2:RevokeSecurityGroupEgress", Input: map[string]any{"GroupId": id, "IpPermissions": dns}},
		Do:    lang.Both("VPC console > Security Groups > %s > Outbound rules > Edit: DNS (TCP) and DNS (UDP) to these addresses", "VPC コンソール > セキュリティグループ > %s > アウトバウンドルール > 編集 > 上記アドレス宛ての DNS (TCP)・DNS (UDP)").With(name),
		Check: remedy.Check{Command: groupCheck(vpc.ID, name), Expect: lang.Both("tcp and udp 53 to these addresses", "上記アドレス宛ての tcp/udp 53")},
	})
	all := []any{map[string]any{"IpProtocol": "-1", "IpRanges": []any{map[string]any{"CidrIp": "0.0.0.0/0"}}}}
	g.Rules = rules
	remedy.Creates(b, estate.SecurityGroupPart, id, g)
	b.Step(remedy.Step{
		ID: "only-dns", Title: lang.Both("Take away its rule that lets everything out", "すべての送信を許可する既定のルールを削除"),
		Call:  &remedy.Call{Operation: "ec2:RevokeSecurityGroupEgress", Input: map[string]any{"GroupId": id, "IpPermissions": all}},
		Undo:  &remedy.Call{Operation: "ec2:AuthorizeSecurityGroupEgress", Input: map[string]any{"GroupId": id, "IpPermissions": all}},
		Do:    lang.Both("VPC console > Security Groups > %s > Outbound rules > Edit: delete All traffic", "VPC コンソール > セキュリティグループ > %s > アウトバウンドルール > 編集 > すべてのトラフィックを削除").With(name),
		Check: remedy.Check{Command: groupCheck(vpc.ID, name), Expect: lang.Both("no outbound rule but DNS", "アウトバウンドルールは DNS のみ")},
	})
	return id
}

// updateRule points a rule of this account at the directory's servers of today.
func updateRule(b *remedy.Builder) {
	i, ok := patient(b)
	if !ok {
		return
	}
	d, ok := needDomain(b)
	_, rules, _, ok2 := resolverParts(b, i.VPC)
	if !ok || !ok2 {
		return
	}
	id := b.Finding().Subject
	at := slices.IndexFunc(rules, func(r estate.ResolverRule) bool { return r.ID == id })
	if at < 0 {
		b.Refuse("the rule %s is not listed", "ルール %s が一覧に存在しない", id)
		return
	}
	rule := rules[at]
	if rule.OwnerID != "" && b.Target().Account != "" && rule.OwnerID != b.Target().Account {
		b.Refuse("the rule %s belongs to the account %s, which has to change it", "ルール %s はアカウント %s の所有のため、所有者側での変更が必要", id, rule.OwnerID)
		return
	}
	servers := d.servers[:min(len(d.servers), mostTargets)]
	var old []any
	for _, t := range rule.Targets {
		p, err := netip.ParseAddrPort(t)
		if a, err2 := netip.ParseAddr(t); err2 == nil {
			p, err = netip.AddrPortFrom(a, 53), nil
		}
		if err != nil {
			b.Refuse("the rule's target %q cannot be read, so that it could not be put back", "ルールのターゲット %q を解釈できず、切り戻し不可", t)
			return
		}
		field := "Ip"
		if p.Addr().Is6() {
			field = "Ipv6"
		}
		old = append(old, map[string]any{field: p.Addr().String(), "Port": int(p.Port())})
	}
	set := func(to []any) *remedy.Call {
		return &remedy.Call{Operation: "route53resolver:UpdateResolverRule", Input: map[string]any{"ResolverRuleId": id, "Config": map[string]any{"TargetIps": to}}}
	}
	remedy.Edit(b, estate.ResolverRulesPart, "", func(list []estate.ResolverRule) []estate.ResolverRule {
		out := slices.Clone(list)
		out[at].Targets = targetTexts(servers)
		return out
	})
	b.Step(remedy.Step{
		ID: "targets", Title: lang.Both("Forward %s to %s instead of %s", "%s の転送先を %[3]s から %[2]s に変更").With(d.fqdn, strings.Join(texts(servers), ", "), strings.Join(rule.Targets, ", ")),
		Call: set(targets(servers)), Undo: set(old),
		Do: lang.Both("Route 53 console > Resolver > Rules > %s > Edit: targets %s port 53", "Route 53 コンソール > リゾルバー > ルール > %s > 編集 > ターゲット %s ポート 53").With(id, strings.Join(texts(servers), ", ")),
		Check: remedy.Check{
			Command: "aws route53resolver get-resolver-rule --resolver-rule-id " + id,
			Expect:  lang.Both("these targets, COMPLETE", "上記のターゲット、Status は COMPLETE"),
		},
	})
	b.Reaches(remedy.Blast{What: lang.Both("VPCs that use the rule (only %s was looked at)", "このルールを使用する VPC（確認したのは %s のみ）").With(i.VPC), Count: 1, Known: true, AtLeast: true, Names: []string{i.VPC}})
	inVPC(b, i.VPC)
	b.Why("the rule forwards to addresses that are the directory's no more", "ルールの転送先がディレクトリの現在の DNS アドレスと一致していないため")
	b.Risk(remedy.WholeVPC)
	b.Type(i.VPC)
	b.Settles(5*time.Minute, "Resolver takes the change over within minutes", "Resolver への反映は数分以内")
	b.Takes(5 * time.Minute)
	b.Stop("stop if the rule is shared with other accounts and they were not told", "ルールが他アカウントと共有されている場合は、事前連絡がなければ中止")
}
