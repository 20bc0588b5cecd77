package fixes

import (
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/remedy"
)

func networkGuides() []guide {
	t := lang.Both
	routes := "aws ec2 describe-route-tables --filters Name=association.subnet-id,Values={subnet} --query \"RouteTables[].Routes[]\""
	hour := time.Hour
	wait := t("the agent's next attempt (5 minutes up to 1 hour after network errors)", "SSM Agent の次回再試行（ネットワークエラー後 5 分～1 時間）")
	return []guide{{
		id: "network.ask-owner",
		codes: []finding.Code{finding.EndpointMissing, finding.EndpointNotAvailable, finding.EndpointPrivateDNSOff, finding.EndpointSGBlocks, finding.EndpointPolicyBlocks,
			finding.NetworkNACLBlocksRequest, finding.NetworkNACLBlocksReturn, finding.DNSVPCSupportOff, finding.DNSVPCHostnamesOff, finding.DNSDHCPOptionsNone},
		title: t("Ask the account that owns the VPC", "VPC の所有アカウントへ依頼"),
		why:   t("in a shared VPC only its owner may change endpoints, network ACLs, DNS attributes and option sets", "共有 VPC では、エンドポイント・ネットワーク ACL・DNS 属性・DHCP オプションの変更は所有者のみ可能なため"),
		steps: []guideStep{{
			t("Find out who owns {vpc}", "{vpc} の所有者を確認"),
			t("VPC console > Your VPCs > {vpc} > Owner ID", "VPC コンソール > お使いの VPC > {vpc} > 所有者 ID"),
			"aws ec2 describe-vpcs --vpc-ids {vpc} --query \"Vpcs[].OwnerId\"", t("another account than {account}", "{account} 以外のアカウント"), lang.Text{},
		}, {
			t("Send the finding {subject} with its evidence, and the steps of the other fixes, to the owner", "検出内容（{subject}）と根拠、他の対処手順を所有者へ送付"),
			t("monshin's work order holds both; the owner's monshin can judge it in the owner's account", "作業手順書に記載。所有者側でも monshin による確認が可能"),
			online, t("Online after the owner's change", "所有者側の変更後に Online"), lang.Text{},
		}},
		applies: func(b *remedy.Builder, i estate.Instance) bool {
			if i.VPC == "" {
				b.Refuse("the instance's VPC is not known", "インスタンスの VPC が不明")
				return false
			}
			v, ok := need(b, estate.VPCPart, i.VPC)
			if ok && (v.OwnerID == "" || v.OwnerID == b.Target().Account || b.Target().Account == "") {
				b.Refuse("the VPC belongs to this account", "VPC はこのアカウントの所有")
				return false
			}
			return ok
		},
		takes: 30 * time.Minute, settles: hour, wait: wait, stop: t("stop if the owner answers that it is meant so", "所有者側で意図した構成の場合は中止"),
	}, {
		id: "endpoint.wait-or-recreate", codes: []finding.Code{finding.EndpointNotAvailable},
		title: t("Bring the endpoint into the state available", "エンドポイントを available の状態に復旧"),
		why:   t("only an available endpoint takes traffic; what to do follows from its state", "通信できるのは available のエンドポイントのみで、対処は現在の状態によって異なるため"),
		steps: []guideStep{{
			t("Read the state of {endpoint} and its reason", "{endpoint} の状態と理由を確認"),
			t("VPC console > Endpoints > {endpoint} > Details. pending: wait some minutes; deleting: find out who and why", "VPC コンソール > エンドポイント > {endpoint} > 詳細。pending は数分待機、deleting は実行者と理由を確認"),
			"aws ec2 describe-vpc-endpoints --vpc-endpoint-ids {endpoint} --query \"VpcEndpoints[].[State,FailureReason,LastError]\"", t("the state, and why", "状態とその理由"), lang.Text{},
		}, {
			t("failed, rejected, expired: remove the reason, make another endpoint for {service}", "failed・rejected・expired の場合: 理由を取り除き、{service} のエンドポイントを作成し直す"),
			t("VPC console > Endpoints > Create endpoint: service {service}, one subnet per zone, a security group that lets tcp/443 in from the VPC, private DNS on; then delete the failed one", "VPC コンソール > エンドポイント > エンドポイントを作成: {service}、AZ ごとに 1 サブネット、VPC からの tcp/443 を許可する SG、プライベート DNS 有効。作成後に失敗したものを削除"),
			"aws ec2 describe-vpc-endpoints --filters Name=vpc-id,Values={vpc} Name=service-name,Values={service} --query \"VpcEndpoints[].[VpcEndpointId,State]\"", t("available", "available"),
			t("a deleted endpoint does not come back under its id: rules and policies that name the id (aws:SourceVpce) have to be changed", "削除したエンドポイントの ID は再利用不可のため、ID を指定したルールやポリシー（aws:SourceVpce）の変更が必要"),
		}},
		risks: []remedy.Risk{remedy.WholeVPC}, cost: t("a new endpoint is billed per hour and zone", "新しいエンドポイントの時間料金（AZ ごと）"),
		takes: 30 * time.Minute, settles: hour, wait: wait, stop: t("stop if somebody deletes it on purpose", "意図的な削除の場合は中止"),
	}, {
		id: "network.add-route", codes: []finding.Code{finding.NetworkNoRoute, finding.NetworkNoPublicAddress},
		title: t("Complete the way to the service", "サービスへの経路を確保"),
		why:   t("the subnet has no way out that works; endpoints are the narrow way, a NAT gateway the wide one", "サブネットから外部への有効な経路がないため。限定的な方法はエンドポイント、広く開く方法は NAT ゲートウェイ"),
		steps: []guideStep{{
			t("Look at the route table of {subnet}", "{subnet} のルートテーブルを確認"),
			t("VPC console > Subnets > {subnet} > Route table. An empty answer means the VPC's main table", "VPC コンソール > サブネット > {subnet} > ルートテーブル。結果が空の場合は VPC のメインルートテーブル"),
			routes, t("no default route that is active, or one to an internet gateway without a public address", "有効なデフォルトルートなし、またはパブリック IP なしでのインターネットゲートウェイ向けルート"), lang.Text{},
		}, {
			t("Recommended: interface endpoints for ssm and ssmmessages", "推奨: ssm・ssmmessages のインターフェイスエンドポイントを作成"),
			t("VPC console > Endpoints > Create endpoint, for each: one subnet per zone, tcp/443 from the VPC, private DNS on; back: delete them", "VPC コンソール > エンドポイント > エンドポイントを作成（それぞれ AZ ごとに 1 サブネット、VPC からの tcp/443 許可、プライベート DNS 有効）。切り戻しは削除"),
			"aws ec2 describe-vpc-endpoints --filters Name=vpc-id,Values={vpc} --query \"VpcEndpoints[].[ServiceName,State,PrivateDnsEnabled]\"", t("available, true", "available、true"), lang.Text{},
		}, {
			t("Or: a default route to a NAT gateway that has a way out itself; for a single server an Elastic IP", "または: 外部への経路を持つ NAT ゲートウェイへのデフォルトルート（1 台のみなら Elastic IP）を設定"),
			t("VPC console > Route tables > Edit routes: 0.0.0.0/0 to nat-…; back: delete the route. Have outbound internet access for all subnets of the table approved first", "VPC コンソール > ルートテーブル > ルートを編集: 0.0.0.0/0 → nat-…。切り戻しはルートの削除。対象テーブルの全サブネットから外向き通信が可能になるため、事前に承認を取得"),
			routes, t("0.0.0.0/0, active", "0.0.0.0/0、active"), lang.Text{},
		}},
		risks: []remedy.Risk{remedy.WholeVPC}, cost: t("endpoints and NAT gateways are billed per hour and by data", "エンドポイント・NAT ゲートウェイの時間料金とデータ処理料金"),
		takes: hour, settles: hour, wait: wait, stop: t("stop if VPC Block Public Access closes the way: that is the account's own rule", "VPC ブロックパブリックアクセスによる遮断の場合は中止（アカウントの統制のため管理者に確認）"),
	}, {
		id: "network.replace-blackhole", codes: []finding.Code{finding.NetworkRouteBlackhole},
		title: t("Replace the route whose target is gone", "ターゲットが削除されたルートを修正"),
		why:   t("a blackhole route drops what it matches, also where a wider route would lead further", "blackhole のルートは、より広い経路があっても該当する通信を破棄するため"),
		steps: []guideStep{{
			t("Find out what the route {route} led to", "ルート {route} の元のターゲットを確認"),
			t("CloudTrail > Event history: DeleteNatGateway, DeleteVpcPeeringConnection, DeleteTransitGatewayVpcAttachment, …", "CloudTrail > イベント履歴: DeleteNatGateway、DeleteVpcPeeringConnection、DeleteTransitGatewayVpcAttachment など"),
			routes, t("a route with State blackhole", "State が blackhole のルート"), lang.Text{},
		}, {
			t("Let it lead to the successor, or delete it where a wider route is right", "後継のターゲットに変更、またはより広い経路が正しい場合は削除"),
			t("VPC console > Route tables > Edit routes; write the target of before down for the way back", "VPC コンソール > ルートテーブル > ルートを編集。切り戻し用に変更前のターゲットを記録"),
			routes, t("active", "active"), lang.Text{},
		}},
		risks: []remedy.Risk{remedy.WholeVPC}, takes: 30 * time.Minute, settles: hour, wait: wait,
		stop: t("stop if nobody knows why the target was deleted", "ターゲットの削除理由が不明な場合は中止"),
	}}
}

func nameGuides() []guide {
	t := lang.Both
	ask := "Resolve-DnsName _ldap._tcp.dc._msdcs.{domain} -Type SRV -DnsOnly"
	return []guide{{
		id: "dns.reach-controllers", codes: []finding.Code{finding.DNSADServersUnreachable},
		title: t("Open the way to the domain controllers' DNS", "ドメインコントローラーの DNS への通信を許可"),
		why:   t("the servers are right and do not answer: a security group, a network ACL or a route stands between", "DNS サーバーの指定は正しいが応答がなく、経路上の SG・ネットワーク ACL・ルートで遮断されているため"),
		steps: []guideStep{{
			t("Test from a server in the same subnet", "同じサブネットのサーバーから確認"),
			t("PowerShell on the server: Test-NetConnection CONTROLLER -Port 53 for each of {servers}", "OS 上の PowerShell: {servers} のそれぞれに Test-NetConnection -Port 53"),
			ask, t("the time runs out", "タイムアウト"), lang.Text{},
		}, {
			t("Open udp/53 and tcp/53 both ways between {subnet} and the controllers", "{subnet} とドメインコントローラー間の udp/53・tcp/53 を許可"),
			t("EC2 console > Security Groups: outbound of the instance (or of the Resolver endpoint), inbound of the controllers; VPC console > Network ACLs where subnets differ. Keep the rule ids for the way back", "EC2 コンソール > セキュリティグループ: インスタンス（または Resolver エンドポイント）のアウトバウンドとドメインコントローラーのインバウンド。サブネットが異なる場合は VPC コンソール > ネットワーク ACL。切り戻し用にルール ID を記録"),
			ask, t("an answer with the controllers' names", "ドメインコントローラーの名前の応答"), lang.Text{},
		}, {
			t("Controllers elsewhere: routes both ways, and their own firewall", "別ネットワークの場合: 双方向のルートとドメインコントローラー側のファイアウォールを確認"),
			t("VPC console > Route tables on both sides (peering, transit gateway, VPN); Windows Firewall on the controllers", "VPC コンソール > 双方のルートテーブル（ピアリング・Transit Gateway・VPN）、ドメインコントローラーの Windows ファイアウォール"),
			ask, t("an answer", "応答あり"), lang.Text{},
		}},
		risks: []remedy.Risk{remedy.OpensPort}, takes: time.Hour, settles: 5 * time.Minute, wait: t("Windows asks again", "OS による再度の名前解決"),
		stop: t("stop if the controllers are being maintained", "ドメインコントローラーがメンテナンス中の場合は中止"),
	}, {
		id: "dns.forward-aws-names", codes: []finding.Code{finding.DNSAWSNamesNotForwarded},
		title: t("Let the directory's DNS servers forward AWS's names to this VPC", "AD の DNS サーバーから AWS のサービス名をこの VPC に転送"),
		why:   t("DNS servers in another VPC ask that VPC's Resolver, which does not know the endpoints here", "別 VPC の DNS サーバーは自身の VPC の Resolver に問い合わせ、この VPC のエンドポイントの名前を解決できないため"),
		steps: []guideStep{{
			t("Make an inbound Resolver endpoint in {vpc} (two subnets)", "{vpc} に Resolver インバウンドエンドポイントを作成（2 サブネット）"),
			t("Route 53 console > Resolver > Inbound endpoints > Create: security group with udp/53 and tcp/53 from the controllers; back: delete it", "Route 53 コンソール > リゾルバー > インバウンドエンドポイント > 作成: ドメインコントローラーからの udp/53・tcp/53 を許可する SG。切り戻しは削除"),
			"aws route53resolver list-resolver-endpoints --filters Name=Direction,Values=INBOUND --query \"ResolverEndpoints[].[Id,Status,HostVPCId]\"", t("OPERATIONAL in {vpc}", "{vpc} に OPERATIONAL"), lang.Text{},
		}, {
			t("On each controller: a conditional forwarder for {region}.amazonaws.com to its addresses", "各ドメインコントローラーで {region}.amazonaws.com の条件付きフォワーダーを設定"),
			t("DNS Manager > Conditional Forwarders > New, or Add-DnsServerConditionalForwarderZone -Name {region}.amazonaws.com -MasterServers IP1,IP2; back: Remove-DnsServerZone. In the same VPC a plain forwarder to 169.254.169.253 is enough", "DNS マネージャー > 条件付きフォワーダー > 新規、または Add-DnsServerConditionalForwarderZone -Name {region}.amazonaws.com -MasterServers IP1,IP2。切り戻しは Remove-DnsServerZone。同一 VPC 内なら 169.254.169.253 への通常のフォワーダーで可"),
			"Resolve-DnsName ssm.{region}.amazonaws.com -Type A -DnsOnly", t("an address of the endpoint in {vpc}", "{vpc} のエンドポイントのプライベート IP アドレス"), lang.Text{},
		}},
		cost: t("a Resolver endpoint is billed per hour and address", "Resolver エンドポイントの時間料金（IP アドレスごと）"), takes: time.Hour, settles: 15 * time.Minute, wait: t("the DNS caches run out", "DNS キャッシュの期限切れ"),
		warn: []lang.Text{t("all clients of these controllers then get the endpoints of {vpc}: make sure that they reach them", "これらの DNS サーバーを利用する全クライアントが {vpc} のエンドポイントを利用するため、到達性を確認")},
		stop: t("stop if other VPCs with endpoints of their own use the same controllers", "独自のエンドポイントを持つ他の VPC が同じ DNS サーバーを利用している場合は中止"),
	}, {
		id: "dns.reset-servers", codes: []finding.Code{finding.DNSLeaseStale},
		title: t("Take the DNS servers from DHCP again", "アダプターの DNS サーバーを DHCP からの取得に戻す"),
		why:   t("servers that were set by hand on the adapter stand above what DHCP hands out", "アダプターに手動設定された DNS サーバーは DHCP の配布より優先されるため"),
		steps: []guideStep{{
			t("Write down what is set by hand", "手動設定の値を記録"),
			t("On {instance}: note the interface and its servers for the way back", "{instance} 上でインターフェイスと DNS サーバーを切り戻し用に記録"),
			"Get-DnsClientServerAddress -AddressFamily IPv4 | Where-Object ServerAddresses", t("the servers, by interface", "インターフェイスごとの DNS サーバー"), lang.Text{},
		}, {
			t("Reset them", "設定を解除"),
			t("PowerShell as administrator: Set-DnsClientServerAddress -InterfaceIndex N -ResetServerAddresses; ipconfig /renew; back: -ServerAddresses with the noted ones", "PowerShell（管理者）: Set-DnsClientServerAddress -InterfaceIndex N -ResetServerAddresses、ipconfig /renew。切り戻しは記録した値を -ServerAddresses に指定"),
			"Get-DnsClientServerAddress -AddressFamily IPv4 | Where-Object ServerAddresses", t("the servers of the VPC's option set", "VPC の DHCP オプションセットどおりの DNS サーバー"), lang.Text{},
		}},
		takes: 10 * time.Minute, settles: 2 * time.Minute, wait: t("Windows asks the new servers", "新しい DNS サーバーでの名前解決"),
		stop: t("stop if the server is a domain controller: it has servers of its own by design", "ドメインコントローラーの場合は中止（独自の DNS サーバーの利用が標準）"),
	}}
}
