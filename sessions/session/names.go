package session

import (
	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/lang"
)

// PartName names a part for a person: what it is, and its id where it has one.
func PartName(k estate.Key) lang.Text {
	t, ok := kindNames()[k.Kind]
	if !ok {
		t = lang.Same(lang.Clean(k.Kind))
	}
	if k.ID == "" {
		return t
	}
	return lang.Both("%s %s", "%s %s").With(t, lang.Truncate(lang.Clean(k.ID), 60))
}

// kindNames are the words for the kinds of parts.
func kindNames() map[string]lang.Text {
	b := lang.Both
	return map[string]lang.Text{
		"caller": b("who reads", "実行者"), "instance": b("instance", "インスタンス"), "instance-status": b("status checks", "ステータスチェック"),
		"elsewhere": b("instance in other regions", "他リージョンのインスタンス"), "profile-association": b("instance profile association", "インスタンスプロファイルの関連付け"),
		"password": b("password data", "パスワードデータの有無"), "instance-type": b("instance type", "インスタンスタイプ"), "image": b("AMI", "AMI"),
		"siblings": b("instances of the same AMI", "同じ AMI のインスタンス"), "neighbours": b("instances in the VPC", "同じ VPC のインスタンス"),
		"trail": b("CloudTrail", "CloudTrail の履歴"), "commands": b("Run Command invocations", "Run Command の実行履歴"),
		"managed-node": b("managed node", "マネージドノード"), "connection": b("Session Manager connection", "セッションマネージャーの接続状態"),
		"host-management": b("Default Host Management", "デフォルトのホスト管理設定"), "instance-profile": b("instance profile", "インスタンスプロファイル"),
		"role": b("role", "ロール"), "role-policies": b("policies of the role", "ロールのポリシー"), "policy": b("policy", "ポリシー"),
		"role-profiles": b("instance profiles with the role", "ロールを含むインスタンスプロファイル"),
		"simulation":    b("policy simulation", "ポリシーシミュレーション"), "vpc": b("VPC", "VPC"), "vpc-dns": b("DNS settings of the VPC", "VPC の DNS 設定"),
		"subnets": b("subnets of", "サブネット"), "network-acls": b("network ACLs of", "ネットワーク ACL"), "route-tables": b("route tables of", "ルートテーブル"),
		"internet-gateways": b("internet gateways of", "インターネットゲートウェイ"), "nat-gateways": b("NAT gateways of", "NAT ゲートウェイ"),
		"endpoints": b("VPC endpoints of", "VPC エンドポイント"), "endpoint-interfaces": b("endpoint network interfaces of", "エンドポイントのネットワークインターフェイス"),
		"peerings": b("peerings of", "VPC ピアリング"), "security-group": b("security group", "セキュリティグループ"), "prefix-list": b("prefix list", "プレフィックスリスト"),
		"license-interfaces": b("License Manager network interfaces", "License Manager のネットワークインターフェイス"), "dhcp-options": b("DHCP option set", "DHCP オプションセット"),
		"resolver-associations": b("Resolver rule associations of", "Resolver ルールの関連付け"), "resolver-rules": b("Resolver rules", "Resolver ルール"),
		"resolver-endpoints": b("Resolver endpoints", "Resolver エンドポイント"), "directories": b("directories", "ディレクトリ"),
		"domain-controllers": b("domain controllers of", "ドメインコントローラー"), "identity-providers": b("License Manager identity providers", "License Manager の ID プロバイダー"),
		"licensed-instances": b("License Manager instances", "License Manager のインスタンス"), "user-subscriptions": b("user subscriptions of", "ユーザーのサブスクリプション"),
		"user-associations": b("user associations of", "ユーザーの関連付け"), "license-servers": b("licence servers", "ライセンスサーバー"),
		"inventory": b("inventory of", "インベントリ"), "patches": b("patches of", "パッチ"), "console": b("console output of", "コンソール出力"), "screenshot": b("console screenshot of", "コンソールのスクリーンショット"),
		"guest-identity": b("identity inside Windows of", "OS 内の識別情報"), "guest-dns": b("name resolution inside Windows of", "OS 内の名前解決"),
		"guest-activation": b("activation inside Windows of", "OS 内のライセンス認証"), "guest-launch": b("launch agent inside Windows of", "OS 内の起動エージェント"),
		"guest-sign-in": b("logons inside Windows of", "OS 内のログオン記録"), "guest-diagnostics": b("SSM Agent diagnostics of", "SSM Agent の診断結果"),
	}
}
