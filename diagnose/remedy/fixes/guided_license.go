package fixes

import (
	"time"

	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
)

func licenseGuides() []guide {
	t := lang.Both
	providers := "aws license-manager-user-subscriptions list-identity-providers --query \"IdentityProviderSummaries[].[Product,Status,FailureMessage,IdentityProvider.ActiveDirectoryIdentityProvider.DirectoryId]\" --output table"
	instances := "aws license-manager-user-subscriptions list-instances --query \"InstanceSummaries[].[InstanceId,Status,StatusMessage]\" --output table"
	fresh := guideStep{
		t("Launch a fresh instance", "新しいインスタンスを起動"),
		t("EC2 console > Launch instances, with the same settings; the one that failed is not repaired by License Manager. With termination protection if you want to look at a failure; lift it and terminate it afterwards",
			"EC2 コンソール > インスタンスを起動（同じ設定）。設定に失敗したインスタンスは License Manager による修復の対象外。失敗時に調査する場合は終了保護を有効にし、完了後に解除して終了"),
		instances, t("the new instance becomes ACTIVATED (AWS: around 20 minutes)", "新しいインスタンスが ACTIVATED（AWS の目安は約 20 分）"), lang.Text{},
	}
	settle, wait := 30*time.Minute, t("License Manager configures a new launch (AWS: around 20 minutes)", "License Manager による新しいインスタンスの設定（AWS の目安は約 20 分）")
	hour := time.Hour
	return []guide{{
		id: "license.register-directory", codes: []finding.Code{finding.LicenseProviderNotRegistered},
		title: t("Register the directory for the product", "製品にディレクトリを登録"),
		why:   t("License Manager joins instances only to a directory that is registered for their product", "License Manager が参加させるのは、製品ごとに登録されたディレクトリのみのため"),
		steps: []guideStep{{
			t("Read what is registered, and why it failed", "登録状況と失敗の理由を確認"),
			t("License Manager console > Settings > User-based subscriptions", "License Manager コンソール > 設定 > ユーザーベースのサブスクリプション"),
			providers, t("no row for the product, or another status than REGISTERED with a message", "対象製品の行がない、または REGISTERED 以外でメッセージあり"), lang.Text{},
		}, {
			t("Register it", "ディレクトリを登録"),
			t("License Manager console > User-based subscriptions > Register directory (for Office also the subnets and a security group that lets tcp/1688 in); it makes network interfaces and endpoints; back: deregister, after users and instances are removed",
				"License Manager コンソール > ユーザーベースのサブスクリプション > ディレクトリの登録（Office はサブネットと tcp/1688 を許可する SG も指定）。ENI とエンドポイントが作成される。切り戻しは、ユーザーとインスタンスの削除後に登録解除"),
			providers, t("REGISTERED", "REGISTERED"), lang.Text{},
		}, fresh},
		cost: t("users are billed per calendar month, endpoints per hour", "ユーザーごとの月額料金とエンドポイントの時間料金"), typed: true,
		takes: hour, settles: settle, wait: wait, stop: t("stop if another directory is registered in this VPC already: one is possible for each VPC and product", "同じ VPC に別のディレクトリが登録済みの場合は中止（VPC・製品ごとに 1 つのみ）"),
	}, {
		id: "license.reach-directory", codes: []finding.Code{finding.LicenseDirectoryUnreachable},
		title: t("Make exactly one registered directory reachable", "登録済みディレクトリ 1 つに到達できる構成に変更"),
		why: t("License Manager uses the directory of the instance's VPC, or of exactly one peered VPC; transit gateways do not count",
			"License Manager が使うのは、インスタンスの VPC、またはピアリング先がちょうど 1 つの場合のディレクトリで、Transit Gateway は対象外のため"),
		steps: []guideStep{{
			t("See where the registered directories are", "登録済みディレクトリの VPC を確認"),
			t("Directory Service console > Directories > the directory > Networking", "Directory Service コンソール > ディレクトリ > 対象 > ネットワーク"),
			"aws ds describe-directories --query \"DirectoryDescriptions[].[DirectoryId,Stage,VpcSettings.VpcId]\"", t("the VPC of each", "各ディレクトリの VPC"), lang.Text{},
		}, {
			t("Launch in that VPC, or peer {vpc} with it", "そのディレクトリの VPC で起動、または {vpc} とピアリング接続"),
			t("VPC console > Peering connections > Create, accept, add routes both ways; security groups for the AD ports incl. tcp/9389; back: delete the peering", "VPC コンソール > ピアリング接続 > 作成・承諾、双方のルートを追加。AD のポート（tcp/9389 を含む）を SG で許可。切り戻しはピアリングの削除"),
			"aws ec2 describe-vpc-peering-connections --filters Name=status-code,Values=active --query \"VpcPeeringConnections[].[RequesterVpcInfo.VpcId,AccepterVpcInfo.VpcId]\"", t("one peering with a directory's VPC", "ディレクトリの VPC とのピアリングが 1 件"), lang.Text{},
		}, fresh},
		takes: hour, settles: settle, wait: wait, stop: t("stop if the address ranges of the VPCs overlap: they cannot be peered", "VPC の CIDR が重複している場合は中止（ピアリング不可）"),
	}, {
		id: "license.one-directory", codes: []finding.Code{finding.LicenseDirectoryAmbiguous},
		title: t("Leave License Manager exactly one directory", "License Manager から見えるディレクトリを 1 つに限定"),
		why:   t("with several peered VPCs that each hold a registered directory License Manager chooses none and terminates the instance", "登録済みディレクトリのある VPC と複数ピアリングしている場合、License Manager は選択できず、インスタンスを終了させるため"),
		steps: []guideStep{{
			t("List the peerings of {vpc} and the directories behind them", "{vpc} のピアリングと接続先のディレクトリを確認"),
			t("VPC console > Peering connections; License Manager console > Settings", "VPC コンソール > ピアリング接続、License Manager コンソール > 設定"),
			"aws ec2 describe-vpc-peering-connections --filters Name=status-code,Values=active --query \"VpcPeeringConnections[].[VpcPeeringConnectionId,RequesterVpcInfo.VpcId,AccepterVpcInfo.VpcId]\"", t("more than one leads to a registered directory", "登録済みディレクトリへの接続が複数"), lang.Text{},
		}, {
			t("Choose one way with the owners of the network", "ネットワークの管理者と方法を決定"),
			t("Launch in a VPC that holds the wanted directory or is peered with it alone; or register the wanted directory in {vpc}; or deregister the other. Never delete a peering for this: others use it",
				"目的のディレクトリの VPC、またはそこだけとピアリングした VPC で起動する、{vpc} 内に目的のディレクトリを登録する、または他方の登録を解除する。ピアリングの削除は他の通信に影響するため行わない"),
			providers, t("one directory can be reached", "到達できるディレクトリが 1 つ"), lang.Text{},
		}, fresh},
		takes: hour, settles: settle, wait: wait, stop: t("stop before a peering or a registration that others use is removed", "他で利用中のピアリングや登録の削除が必要な場合は中止"),
	}, {
		id: "license.repair-interfaces", codes: []finding.Code{finding.LicenseInterfaceBroken},
		title: t("Let License Manager's network interfaces reach the directory", "License Manager の ENI からディレクトリへの通信を回復"),
		why:   t("registration makes two interfaces with the VPC's default security group, and a stripped default group cuts them off", "登録時に作成される 2 つの ENI は VPC のデフォルト SG を使うため、デフォルト SG のルールが空だと通信できないため"),
		steps: []guideStep{{
			t("Look at the two interfaces", "2 つの ENI を確認"),
			t("EC2 console > Network interfaces, description AWS created network interface for LicenseManager", "EC2 コンソール > ネットワークインターフェイス（説明: AWS created network interface for LicenseManager）"),
			"aws ec2 describe-network-interfaces --filters \"Name=description,Values=AWS created network interface for LicenseManager*\" --query \"NetworkInterfaces[].[NetworkInterfaceId,Status,Groups[].GroupId]\"", t("two, in-use", "2 件、in-use"), lang.Text{},
		}, {
			t("Give them a security group of their own with outbound access to the controllers", "ドメインコントローラーへの送信を許可する専用の SG に変更"),
			t("EC2 console > Network interfaces > Actions > Change security groups; note the groups of before. AWS allows exchanging the group; never delete or detach the interface. Deleted ones come back only by registering anew",
				"EC2 コンソール > ネットワークインターフェイス > アクション > セキュリティグループを変更（変更前の SG を記録）。SG の変更は可能だが、ENI の削除・デタッチは禁止。削除済みの場合は再登録が必要"),
			providers, t("REGISTERED, no message", "REGISTERED、メッセージなし"), lang.Text{},
		}, fresh},
		takes: 30 * time.Minute, settles: settle, wait: wait, stop: t("stop if the default security group would have to be opened again against a rule of the company", "社内規定に反してデフォルト SG を開放する必要がある場合は中止"),
	}, {
		id: "license.subscribe-rds", codes: []finding.Code{finding.LicenseRDSLicenseMissing},
		title: t("Subscribe the user to Remote Desktop Services", "ユーザーに Remote Desktop Services のサブスクリプションを追加"),
		why:   t("signing in to a License Manager product needs the RDS SAL besides the product", "License Manager の製品へのサインインには、製品とは別に RDS SAL が必要なため"),
		steps: []guideStep{{
			t("See what {user} is subscribed to", "{user} のサブスクリプションを確認"),
			t("License Manager console > User-based subscriptions > Products > Remote Desktop Services", "License Manager コンソール > ユーザーベースのサブスクリプション > 製品 > Remote Desktop Services"),
			"aws license-manager-user-subscriptions list-product-subscriptions --identity-provider ActiveDirectoryIdentityProvider={DirectoryId={directory}} --product REMOTE_DESKTOP_SERVICES", t("the user is not listed", "対象ユーザーなし"), lang.Text{},
		}, {
			t("Subscribe the user", "ユーザーをサブスクライブ"),
			t("The same page > Subscribe users; back: Unsubscribe, though billing runs until the 60 days of the licence are over", "同じ画面 > ユーザーをサブスクライブ。切り戻しはサブスクライブ解除（課金は CAL の 60 日間の期限まで継続）"),
			"aws license-manager-user-subscriptions list-product-subscriptions --identity-provider ActiveDirectoryIdentityProvider={DirectoryId={directory}} --product REMOTE_DESKTOP_SERVICES", t("SUBSCRIBED", "SUBSCRIBED"), lang.Text{},
		}},
		cost: t("per user and calendar month, without proration", "ユーザーごとの月額料金（日割りなし）"), typed: true,
		takes: 20 * time.Minute, settles: 15 * time.Minute, wait: t("the subscription becomes active", "サブスクリプションの反映"), stop: t("stop without a cost owner's approval", "費用負担者の承認がない場合は中止"),
	}, {
		id: "license.repair-server", codes: []finding.Code{finding.LicenseServerUnhealthy},
		title: t("Repair the RDS licence server endpoint", "RDS ライセンスサーバーエンドポイントの復旧"),
		why:   t("without a healthy licence server sessions are refused after the grace period", "ライセンスサーバーが使えないと、猶予期間の経過後にセッションが拒否されるため"),
		steps: []guideStep{{
			t("Read the endpoint's message", "エンドポイントのメッセージを確認"),
			t("License Manager console > Settings > License server endpoints", "License Manager コンソール > 設定 > ライセンスサーバーエンドポイント"),
			"aws license-manager-user-subscriptions list-license-server-endpoints --query \"LicenseServerEndpoints[].[LicenseServerEndpointProvisioningStatus,StatusMessage]\"", t("the status, and why", "状態とその理由"), lang.Text{},
		}, {
			t("Check the secret, the directory and the ports", "シークレット・ディレクトリ・ポートを確認"),
			t("The secret's name begins with license-manager-user-, its keys are username (Administrator) and password, and the password is right; the AD ports are open from the endpoint's subnets", "シークレット名は license-manager-user- で始まり、キーは username（Administrator）と password で、パスワードが正しいこと。エンドポイントのサブネットから AD のポートが許可されていること"),
			"aws license-manager-user-subscriptions list-license-server-endpoints --query \"LicenseServerEndpoints[].LicenseServers[].[ProvisioningStatus,HealthStatus]\"", t("PROVISIONED, HEALTHY", "PROVISIONED、HEALTHY"), lang.Text{},
		}},
		takes: hour, settles: 30 * time.Minute, wait: t("License Manager checks the endpoint again", "License Manager による再確認"), stop: t("stop before the endpoint is deleted: no licences are given until another is there", "エンドポイントの削除が必要な場合は中止し、AWS サポートへ問い合わせ（再作成までライセンスの発行が停止）"),
	}, {
		id: "license.remove-administrators", codes: []finding.Code{finding.LicenseLocalAdministrators},
		title: t("Take additional local administrators off the instance", "追加のローカル管理者をインスタンスから削除"),
		why:   t("AWS lists additional local administrators as a reason for an unhealthy instance, which License Manager can terminate", "追加のローカル管理者は異常と判定される要因で、License Manager による終了の対象となり得るため"),
		steps: []guideStep{{
			t("Find out what the account is for", "アカウントの用途を確認"),
			t("ssm-user is made by Session Manager's first shell: use Run Command on these instances instead", "ssm-user はセッションマネージャーの初回接続で作成されるため、このインスタンスでは Run Command を利用"),
			"Get-LocalGroupMember -SID S-1-5-32-544", t("the accounts, with {user}", "アカウントの一覧（{user} を含む）"), lang.Text{},
		}, {
			t("Take it out of the group", "グループから削除"),
			t("By Run Command (AWS-RunPowerShellScript) on {instance}: Remove-LocalGroupMember -SID S-1-5-32-544 -Member NAME; back: Add-LocalGroupMember", "{instance} に対する Run Command（AWS-RunPowerShellScript）: Remove-LocalGroupMember -SID S-1-5-32-544 -Member NAME。切り戻しは Add-LocalGroupMember"),
			instances, t("ACTIVATED", "ACTIVATED"), lang.Text{},
		}},
		takes: 15 * time.Minute, settles: 30 * time.Minute, wait: t("License Manager checks the instance again", "License Manager による再確認"), stop: t("stop if it is the built-in Administrator", "ビルトインの Administrator の場合は中止"),
	}, {
		id: "license.another-type", codes: []finding.Code{finding.LicenseUnsupportedInstanceType},
		title: t("Launch on a supported instance type", "対応するインスタンスタイプで起動"),
		why:   t("user-based subscriptions need Nitro and x86_64", "ユーザーベースのサブスクリプションの要件は Nitro かつ x86_64 のため"),
		steps: []guideStep{{
			t("Choose a Nitro type of the same size", "同等サイズの Nitro 世代のタイプを選定"),
			t("EC2 console > Instance types, filter Hypervisor nitro, architecture x86_64", "EC2 コンソール > インスタンスタイプ（ハイパーバイザー nitro、アーキテクチャ x86_64）"),
			"aws ec2 describe-instance-types --filters Name=hypervisor,Values=nitro Name=processor-info.supported-architecture,Values=x86_64 --query \"InstanceTypes[].InstanceType\"", t("the type is listed", "選定したタイプが一覧に表示"), lang.Text{},
		}, fresh},
		cost: t("the price of the other type", "変更後のタイプの料金"), takes: 30 * time.Minute, settles: settle, wait: wait, stop: t("stop without a cost owner's approval", "費用負担者の承認がない場合は中止"),
	}}
}
