package lab

import (
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/runbook"
)

// managementScenarios are about Systems Manager: roles, endpoints, the network.
func managementScenarios() []Scenario {
	return []Scenario{{
		Name: "no-role", Symptom: runbook.NotInSystemsManager, Exit: 1, Expect: cause(finding.IAMProfileMissing),
		Title:  lang.Both("No instance profile", "インスタンスプロファイルの付け忘れ"),
		Lesson: lang.Both("Without a role the agent has no credentials, and nothing says so but its absence.", "ロールがないと SSM Agent は認証情報を得られず、一覧に表示されないこと以外に手掛かりが残りません。"),
		build: broken(func(w *World) {
			i := w.Instances[appID()]
			i.Profile, i.ProfileID, i.Association = "", "", ""
			w.relaunch(i)
			w.offline(appID())
		}),
	}, {
		Name: "role-without-policy", Symptom: runbook.NotInSystemsManager, Exit: 1, Expect: cause(finding.IAMPermissionMissing),
		Title:  lang.Both("A role without the permissions of the agent", "ロールに SSM Agent の権限がない"),
		Lesson: lang.Both("A role is not enough: some policy must grant the five actions with which the agent registers and opens its channels.", "ロールがあるだけでは足りず、登録と通信に必要な 5 つのアクションが許可されている必要があります。"),
		build:  broken((*World).withoutPermission),
	}, {
		Name: "boundary", Symptom: runbook.NotInSystemsManager, Exit: 1, Expect: cause(finding.IAMBoundaryBlocks),
		Title:  lang.Both("A permissions boundary that cuts the policy off", "アクセス許可の境界による権限不足"),
		Lesson: lang.Both("The policy grants everything; the boundary does not, and the boundary wins.", "ポリシーで許可されていても、アクセス許可の境界 (permissions boundary) で許可されていなければ使えません。"),
		build: broken(func(w *World) {
			w.Roles[appRole].Boundary = w.addPolicy(own("developer-boundary"), "v1")
			w.offline(appID())
		}),
	}, {
		Name: "no-endpoint", Symptom: runbook.NoSession, Exit: 1, Expect: []Expected{{Code: finding.EndpointMissing, Subject: "ssmmessages"}},
		Title:  lang.Both("Online, but no session: ssmmessages has no endpoint", "オンラインだがセッションを開始できない（ssmmessages のエンドポイントなし）"),
		Lesson: lang.Both("Registration uses ssm, sessions use ssmmessages: an instance can be Online and still refuse every session.", "登録は ssm、セッションは ssmmessages を使うため、オンラインでもセッションを開始できないことがあります。"),
		build: broken(func(w *World) {
			w.dropEndpoint(vpcID(), "ssmmessages")
			for _, n := range w.Nodes {
				n.Connected = false
			}
		}),
	}, {
		Name: "endpoint-sg", Symptom: runbook.NotInSystemsManager, Exit: 1, Expect: cause(finding.EndpointSGBlocks),
		Title:  lang.Both("The endpoints' security group does not admit the instance", "エンドポイントのセキュリティグループで拒否"),
		Lesson: lang.Both("The endpoints are there and available; their group admits another network.", "エンドポイントは利用可能でも、そのセキュリティグループのインバウンドルールが別のネットワークしか許可していません。"),
		build: broken(func(w *World) {
			w.setRules(endpointGroup(), in("tcp", 443, 443, "10.21.0.0/16"), out("-1", -1, -1, "0.0.0.0/0"))
			w.allOffline()
		}),
	}, {
		Name: "sg-egress", Symptom: runbook.NotInSystemsManager, Exit: 1, Expect: cause(finding.NetworkSGEgressBlocks),
		Title:  lang.Both("The instance's security group lets nothing out on 443", "インスタンスのセキュリティグループのアウトバウンドで拒否"),
		Lesson: lang.Both("A group without the usual rule for all outbound traffic has to let tcp/443 out by name.", "アウトバウンドの既定ルールを削除した場合は、tcp/443 を明示的に許可する必要があります。"),
		build: broken(func(w *World) {
			w.setRules(appGroup(), in("tcp", 3389, 3389, "10.0.0.0/8"), out("tcp", 80, 80, "10.0.0.0/8"), out("tcp", 1433, 1433, "10.0.0.0/8"), out("udp", 53, 53, "0.0.0.0/0"))
			w.offline(appID())
		}),
	}, {
		Name: "nacl-return", Symptom: runbook.NotInSystemsManager, Exit: 1, Expect: cause(finding.NetworkNACLBlocksReturn),
		Title:  lang.Both("The network ACL blocks the answers", "ネットワーク ACL が戻り通信を拒否"),
		Lesson: lang.Both("A network ACL has no memory: the answers need the ephemeral ports of Windows, 49152 to 65535, inbound.", "ネットワーク ACL はステートレスのため、戻り通信用に Windows のエフェメラルポート 49152～65535 のインバウンドを許可する必要があります。"),
		build: broken(func(w *World) {
			w.withACL()
			w.offline(appID())
		}),
	}, {
		Name: "private-dns-off", Symptom: runbook.NotInSystemsManager, Exit: 1, Expect: []Expected{{Code: finding.EndpointPrivateDNSOff}},
		Title:  lang.Both("Private DNS of the ssm endpoint is off", "ssm エンドポイントのプライベート DNS が無効"),
		Lesson: lang.Both("Without private DNS the usual name leads to public addresses, which a private subnet cannot reach.", "プライベート DNS が無効だと通常のサービス名がパブリック IP に解決され、閉域のサブネットからは到達できません。"),
		build: broken(func(w *World) {
			e := w.Endpoints[id("vpce", vpcID()+"ssm")]
			e.PrivateDNS, e.DNSNames = false, e.DNSNames[:1]
			w.allOffline()
		}),
	}, {
		Name: "dns-support-off", Symptom: runbook.NotInSystemsManager, Exit: 1, Expect: cause(finding.DNSVPCSupportOff),
		Title:  lang.Both("The VPC's DNS resolution is off", "VPC の DNS 解決が無効"),
		Lesson: lang.Both("With enableDnsSupport off there is no resolver at the VPC's address plus two, and no name is resolved.", "enableDnsSupport が無効だと VPC のリゾルバーが応答せず、名前解決ができません。"),
		build: broken(func(w *World) {
			w.VPCs[vpcID()].DNSSupport = false
			w.allOffline()
		}),
	}, {
		Name: "shared-vpc", Symptom: runbook.NotInSystemsManager, Exit: 3, Unknown: []fact.Reason{fact.NotVisible}, build: sharedVPC,
		Title:  lang.Both("A shared subnet: the endpoints belong to another account", "共有サブネット（エンドポイントは他アカウントの所有）"),
		Lesson: lang.Both("A participant sees no endpoint of the VPC's owner. An empty list is then no sign that there is none.", "共有 VPC の参加者からは所有者のエンドポイントが見えません。一覧が空でも、存在しないとは言えません。"),
	}, {
		Name: "witness", Symptom: runbook.NotInSystemsManager, Exit: 1, Expect: cause(finding.IAMPermissionMissing), build: witness,
		Title:  lang.Both("A transit gateway on the way, and a neighbour that works", "Transit Gateway 経由で、同条件のインスタンスは正常に動作中"),
		Lesson: lang.Both("Where the path cannot be followed, a neighbour with the same subnet and group that is Online shows that it works.", "経路を追えない構成でも、同じサブネット・同じセキュリティグループのインスタンスがオンラインであれば経路は問題ないと考えられます。"),
	}}
}

// withACL gives the target's subnet a network ACL that lets requests out and no
// answers to ephemeral ports in.
func (w *World) withACL() {
	acl := id("acl", "prod-app")
	w.ACLs[acl] = &ACL{ID: acl, VPC: vpcID(), Subnets: []string{appSubnet()}, Entries: []ACLEntry{
		{Number: 100, Allow: true, Protocol: "6", CIDR: "10.0.0.0/8", From: 3389, To: 3389},
		{Number: 110, Allow: true, Protocol: "6", CIDR: "10.0.0.0/8", From: 443, To: 443},
		{Number: 120, Allow: true, Protocol: "17", CIDR: "0.0.0.0/0", From: 1024, To: 65535},
		{Number: 100, Egress: true, Allow: true, Protocol: "-1", CIDR: "0.0.0.0/0"},
	}}
}
