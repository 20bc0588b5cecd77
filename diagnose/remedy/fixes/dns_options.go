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

// amazonProvided is the word in an option set for the VPC's Resolver, noOptions EC2's
// word for "no option set": not the default set (domain.md §6.1 [V:botocore]).
const (
	amazonProvided = "AmazonProvidedDNS"
	noOptions      = "default"
)

// mostServers is how many DNS servers an option set takes (domain.md §6.1 [V:botocore]).
const mostServers = 4

// leaseWait is "a few hours" in which all instances take a new set over by themselves
// (domain.md §6.1 [V:botocore]); half a lease of an hour is the least of it.
const leaseWait = 2 * time.Hour

// handOut writes the steps that make an option set and associate it with the VPC. The
// domain name and the time servers of the present set are kept; its NetBIOS options,
// which hardly anybody has, are not read.
func handOut(b *remedy.Builder, vpc estate.VPC, servers []string, domainName string) bool {
	was, old := vpc.DHCP, estate.DHCPOptions{}
	if was == "" {
		was = noOptions
	}
	if was != noOptions {
		var ok bool
		if old, ok = need(b, estate.DHCPOptionsPart, was); !ok {
			return false
		}
	}
	if domainName == "" {
		domainName = old.DomainName
	}
	config := []any{map[string]any{"Key": "domain-name-servers", "Values": anys(servers)}}
	if domainName != "" {
		config = append(config, map[string]any{"Key": "domain-name", "Values": []any{domainName}})
	}
	if len(old.NTPServers) > 0 {
		config = append(config, map[string]any{"Key": "ntp-servers", "Values": anys(old.NTPServers)})
	}
	out := "DhcpOptions.DhcpOptionsId"
	id := remedy.Output("options", out)
	remedy.Creates(b, estate.DHCPOptionsPart, id, estate.DHCPOptions{ID: id, DNSServers: servers, DomainName: domainName, NTPServers: old.NTPServers})
	b.Step(remedy.Step{
		ID: "options", Title: lang.Both("Make a DHCP option set with %s", "%s を配布する DHCP オプションセットを作成").With(strings.Join(servers, ", ")),
		Why:     lang.Both("an option set cannot be edited", "オプションセットは作成後に変更できないため"),
		Actions: []string{"ec2:CreateDhcpOptions", "ec2:CreateTags"},
		Call: &remedy.Call{Operation: "ec2:CreateDhcpOptions", Tagged: true, Outputs: []string{out},
			Input: map[string]any{"DhcpConfigurations": config, "TagSpecifications": tagged("dhcp-options", "monshin")}},
		Undo: &remedy.Call{Operation: "ec2:DeleteDhcpOptions", Input: map[string]any{"DhcpOptionsId": id}},
		Do: lang.Both("VPC console > DHCP option sets > Create: domain name %s, domain name servers %s", "VPC コンソール > DHCP オプションセット > 作成 > ドメイン名 %s、ドメインネームサーバー %s").
			With(orDash(domainName), strings.Join(servers, ", ")),
		Check: remedy.Check{Command: "aws ec2 describe-dhcp-options --filters Name=tag:Name,Values=monshin", Expect: lang.Both("one set with these servers", "上記サーバーを持つセットが 1 つ")},
	})
	associate := func(set string) *remedy.Call {
		return &remedy.Call{Operation: "ec2:AssociateDhcpOptions", Input: map[string]any{"DhcpOptionsId": set, "VpcId": vpc.ID}}
	}
	remedy.Edit(b, estate.VPCPart, vpc.ID, func(v estate.VPC) estate.VPC { v.DHCP = id; return v })
	b.Step(remedy.Step{
		ID: "associate-options", Title: lang.Both("Associate it with %s in place of %s", "%s に関連付け（変更前: %s）").With(vpc.ID, was),
		Call: associate(id), Undo: associate(was),
		Do: lang.Both("VPC console > Your VPCs > %s > Actions > Edit VPC settings > DHCP option set", "VPC コンソール > お使いの VPC > %s > アクション > VPC の設定を編集 > DHCP オプションセット").With(vpc.ID),
		Check: remedy.Check{
			Command: fmt.Sprintf("aws ec2 describe-vpcs --vpc-ids %s --query Vpcs[].DhcpOptionsId", vpc.ID),
			Expect:  lang.Both("the new dopt-…", "新しい dopt-…"),
		},
	})
	if was == noOptions {
		b.Warn("%s has no option set now; taking the plan back leaves it without one again, which is not the default set", "%s には現在オプションセットの関連付けなし。切り戻し後も「関連付けなし」に戻る（デフォルトのセットではない）", vpc.ID)
	}
	if was != noOptions {
		b.Warn("NetBIOS options of %s, if it has any, are not copied", "%s の NetBIOS オプション（設定がある場合）は引き継がれない", was)
	}
	inVPC(b, vpc.ID)
	b.Warn("Windows takes the new servers over when it renews its lease, within a few hours; until then instances differ. To hurry one: ipconfig /renew, or restart it",
		"OS への反映は DHCP リースの更新時（数時間以内）で、それまではインスタンスごとに状態が異なる。即時反映には ipconfig /renew または再起動が必要")
	b.Risk(remedy.WholeVPC)
	b.Settles(leaseWait, "instances take the new DNS servers over when they renew their leases (ipconfig /renew or a restart hurries one)", "DHCP リースの更新時に反映（ipconfig /renew または再起動で短縮可）")
	b.Takes(15 * time.Minute)
	b.Stop("stop if names stop resolving on any instance: associate the previous set again", "いずれかのインスタンスで名前解決に失敗した場合は中止し、変更前のセットを関連付け直すこと")
	return true
}

// directoryDNS is remedy B of domain.md §6.3, with its prechecks: handing out the
// directory's servers sends every name of every instance to them, and those of another
// VPC do not know this VPC's endpoints (B4).
func directoryDNS(b *remedy.Builder) {
	i, ok := patient(b)
	if !ok {
		return
	}
	d, ok := needDomain(b)
	vpc, ok2 := own(b, i.VPC)
	endpoints, ok3 := need(b, estate.EndpointsPart, i.VPC)
	estate.NeighboursPart.Of(b.View(), i.VPC)
	exit := reach.ExitOf(b.View(), sideOf(b, i))
	if !ok || !ok2 || !ok3 || b.Waiting() {
		return
	}
	var private []string
	for _, e := range endpoints {
		if strings.EqualFold(e.Type, "Interface") && e.PrivateDNS {
			private = append(private, shortService(e.Service))
		}
	}
	slices.Sort(private)
	private = slices.Compact(private)
	d.servers = d.servers[:min(len(d.servers), mostServers)]
	if d.row.VPC != i.VPC {
		where := lang.Same(d.row.VPC)
		if d.row.VPC == "" {
			where = lang.Both("a VPC that is not known", "不明な VPC")
		}
		if len(private) > 0 && exit.Internet != reach.Yes {
			b.Endangers("the directory is in %[1]s, whose Resolver does not know the interface endpoints of %[2]s (%[3]s), and there is no way over the internet: with its DNS servers the instances would lose these services, Systems Manager with them. Use the Resolver rule instead",
				"ディレクトリは %[1]s にあり、その Resolver では %[2]s のインターフェイスエンドポイント（%[3]s）の名前を解決できない。インターネット経路もないため、この DNS サーバーに切り替えると Systems Manager を含むこれらのサービスに接続できなくなる。Resolver ルールによる対処を使用すること",
				where, i.VPC, strings.Join(private, ", "))
			return
		}
		if len(private) > 0 {
			b.Warn("the directory is in %s and does not know the endpoints of %s: their names would lead over the internet instead", "ディレクトリは %s にあり、%s のエンドポイント名を解決できない。該当サービスの通信はインターネット経由に変わる", where, i.VPC)
			b.Risk(remedy.BreaksNames)
		}
	}
	if !handOut(b, vpc, texts(d.servers), d.fqdn) {
		return
	}
	if len(private) > 0 {
		b.Warn("check the names of these endpoints on an instance after its lease was renewed: %s", "リース更新後、次のエンドポイント名が名前解決できることを OS 内で確認すること: %s", strings.Join(private, ", "))
	}
	b.Warn("private hosted zones of the VPC are resolved only as far as the directory forwards to this VPC's Resolver; they are not read", "VPC に関連付けられたプライベートホストゾーンの名前は、ディレクトリがこの VPC の Resolver へ転送する範囲でのみ解決可能（プライベートホストゾーンは未確認）")
	b.Why("instances then ask the directory's servers for every name, %s included", "インスタンスが %s を含むすべての名前をディレクトリの DNS サーバーに問い合わせるようになる", d.fqdn)
	b.Type(i.VPC)
}

// amazonDNS hands out the VPC's own Resolver, which knows the endpoints and private
// zones of the VPC, and has it forward the AD domain where one is known.
func amazonDNS(b *remedy.Builder) {
	i, ok := patient(b)
	if !ok {
		return
	}
	vpc, ok := own(b, i.VPC)
	dns, ok2 := need(b, estate.VPCDNSPart, i.VPC)
	d, known, ok3 := domainOf(b)
	if !ok || !ok2 || !ok3 {
		return
	}
	if !dns.Support {
		b.Refuse("DNS resolution of %s is off, so its Resolver answers nothing: turn it on first", "%s の DNS 解決が無効のため Resolver が応答しない。先に有効化が必要", i.VPC)
		return
	}
	if !known && foreign(b, vpc) {
		b.Refuse("the servers that are handed out now (%s) are no directory of this account; which domains they answer for is not known, and those would be lost", "現在配布中の DNS サーバー（%s）は当アカウントのディレクトリではない。解決対象のドメインが不明なため、切り替えると該当ドメインの名前解決ができなくなる", b.Finding().Params["servers"])
		return
	}
	if known {
		associations, rules, _, ok := resolverParts(b, i.VPC)
		if !ok {
			return
		}
		if _, governed := governs(d.fqdn, i.VPC, associations, rules); !governed {
			if !forward(b, i, d) {
				return
			}
		}
	}
	estate.NeighboursPart.Of(b.View(), i.VPC)
	if !handOut(b, vpc, []string{amazonProvided}, "") {
		return
	}
	b.Why("the VPC's Resolver knows the endpoints and private zones of the VPC", "VPC の Resolver は VPC のエンドポイントとプライベートホストゾーンの名前を解決できるため")
	if known {
		b.Why("the VPC's Resolver knows the endpoints of the VPC, and forwards %s to the directory", "VPC の Resolver は VPC のエンドポイント名を解決でき、%s はディレクトリへ転送される", d.fqdn)
	}
	if b.Finding().Params["domain"] == "" && !known {
		b.Warn("AD domains are then not resolved until a Resolver rule forwards them", "AD ドメインの名前解決には別途 Resolver ルールが必要")
	}
	if !b.Billed() {
		b.Type(i.VPC)
	}
}

// foreign reports whether DHCP hands out servers of one's own.
func foreign(b *remedy.Builder, vpc estate.VPC) bool {
	for _, s := range words(b.Finding().Params["servers"]) {
		a, err := netip.ParseAddr(s)
		if err != nil {
			continue
		}
		if p, err := netip.ParsePrefix(vpc.CIDR); err == nil && a == p.Masked().Addr().Next().Next() || a == netip.AddrFrom4([4]byte{169, 254, 169, 253}) {
			continue
		}
		return true
	}
	return false
}

// conditionalForwarder is remedy C of domain.md §6.3 for a Managed Microsoft AD: it
// forwards the names of the endpoints to an inbound Resolver endpoint of this VPC. A
// person does it, because the addresses of the inbound endpoint are chosen on the way.
func conditionalForwarder(b *remedy.Builder) {
	i, ok := patient(b)
	if !ok {
		return
	}
	d, ok := needDomain(b)
	if !ok {
		return
	}
	if d.row.Type != "MicrosoftAD" {
		b.Refuse("%s is no Managed Microsoft AD of this account; its forwarders are set on its own DNS servers", "%s はこのアカウントの Managed Microsoft AD ではないため、DNS サーバー側でのフォワーダー設定が必要", d.row.ID)
		return
	}
	region := b.Target().Region
	suffix := region + ".amazonaws.com"
	if strings.HasPrefix(region, "cn-") {
		suffix += ".cn"
	}
	b.Step(remedy.Step{
		ID: "inbound", Title: lang.Both("Make an inbound Resolver endpoint in %s", "%s に Resolver インバウンドエンドポイントを作成").With(i.VPC),
		Do: lang.Both("Route 53 console > Resolver > Inbound endpoints > Create: %s, two subnets, a security group that lets tcp and udp 53 in from %s; note its two addresses",
			"Route 53 コンソール > リゾルバー > インバウンドエンドポイント > 作成 > %s、サブネット 2 つ、%s からの tcp/udp 53 を許可するセキュリティグループ。作成後に 2 つの IP アドレスを控える").With(i.VPC, strings.Join(texts(d.servers), ", ")),
		Check: remedy.Check{Command: "aws route53resolver list-resolver-endpoint-ip-addresses --resolver-endpoint-id rslvr-in-…", Expect: lang.Both("two addresses, ATTACHED", "IP アドレス 2 つ、Status は ATTACHED")},
	})
	services := slices.Clone(b.Finding().Scope)
	slices.Sort(services)
	for _, service := range services {
		name := service + "." + suffix
		b.Step(remedy.Step{
			ID: "forward-" + service, Title: lang.Both("Let %s forward %s to it", "%s から %s をインバウンドエンドポイントへ転送").With(d.row.ID, name),
			Do: lang.Both("Directory Service console > %[1]s > Networking & security > Conditional forwarders > Add: %[2]s, the two addresses; or: aws ds create-conditional-forwarder --directory-id %[1]s --remote-domain-name %[2]s --dns-ip-addrs ADDRESS ADDRESS",
				"Directory Service コンソール > %[1]s > ネットワークとセキュリティ > 条件付きフォワーダー > 追加 > %[2]s、控えた IP アドレス 2 つ。または aws ds create-conditional-forwarder --directory-id %[1]s --remote-domain-name %[2]s --dns-ip-addrs ADDRESS ADDRESS").With(d.row.ID, name),
			Check: remedy.Check{Command: "aws ds describe-conditional-forwarders --directory-id " + d.row.ID, Expect: lang.Both("%s with these addresses", "%s と上記の IP アドレス").With(name)},
		})
	}
	if d.row.VPC != "" && d.row.VPC != i.VPC {
		b.Warn("the directory in %s needs a way to the inbound endpoint (peering, transit gateway), and its security group has to let DNS out", "%s のディレクトリからインバウンドエンドポイントへの経路（ピアリング、Transit Gateway）とセキュリティグループでの許可が必要", d.row.VPC)
	}
	b.Reaches(remedy.Blast{What: lang.Both("clients of the directory %s", "ディレクトリ %s を DNS として使用する端末").With(d.row.ID)})
	b.Warn("every client of the directory then resolves these names to the endpoints of %s", "以後、ディレクトリを DNS として使用するすべての端末でこれらの名前が %s のエンドポイントに解決される", i.VPC)
	b.Cost("hourly for each of the 2 interfaces of the inbound endpoint (Route 53 Resolver pricing of %s)", "インバウンドエンドポイントの ENI 2 個分の時間課金（%s の Route 53 Resolver 料金）", region)
	b.Why("the directory then asks this VPC's Resolver for these names, which knows the endpoints", "ディレクトリがこれらの名前をこの VPC の Resolver に問い合わせ、エンドポイントの IP アドレスを得るようになる")
	b.Settles(30*time.Minute, "DNS caches of the directory and of Windows run out", "ディレクトリおよび OS の DNS キャッシュの失効を待機")
	b.Takes(30 * time.Minute)
	b.Stop("stop if other VPCs use the directory and have endpoints of their own: their names would lead here", "ディレクトリを利用する他の VPC に独自のエンドポイントがある場合は中止（名前がこの VPC のエンドポイントに解決されるため）")
}
