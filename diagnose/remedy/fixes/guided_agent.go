package fixes

import (
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/remedy"
)

// online is the check that an agent is back.
const online = "aws ssm describe-instance-information --filters Key=InstanceIds,Values={instance} --query \"InstanceInformationList[].[PingStatus,LastPingDateTime]\""

func agentGuides() []guide {
	t := lang.Both
	return []guide{{
		id: "agent.start", codes: []finding.Code{finding.SSMAgentStopped},
		title: t("Start the SSM Agent's service on the server", "サーバー上で SSM Agent のサービスを開始"),
		why: t("a stopped agent hears nothing from Systems Manager: neither Run Command nor Session Manager can start it, so it is started on the server, or by a restart",
			"停止した SSM Agent には Run Command もセッションマネージャーも届かないため、OS 上での操作または再起動で開始する必要があるため"),
		steps: []guideStep{{
			t("Find out who stopped it", "停止の経緯を確認"),
			t("Ask the owner of {instance}, and look at its change records: hardening scripts and other management tools disable the service (AmazonSSMAgent) on purpose", "{instance} の管理者への確認と変更記録の確認。セキュリティ強化用のスクリプトや他の管理ツールがサービス（AmazonSSMAgent）を意図的に無効化している場合あり"),
			"aws ssm list-inventory-entries --instance-id {instance} --type-name AWS:Service --filters Key=Name,Values=AmazonSSMAgent",
			t("the state that the inventory saw last", "インベントリに最後に記録された状態"), lang.Text{},
		}, {
			t("Start it by RDP or at the console", "RDP またはコンソール接続でサービスを開始"),
			t("On the server, PowerShell as administrator: Set-Service AmazonSSMAgent -StartupType Automatic; Start-Service AmazonSSMAgent", "OS 上の PowerShell（管理者）: Set-Service AmazonSSMAgent -StartupType Automatic; Start-Service AmazonSSMAgent"),
			"Get-Service AmazonSSMAgent | Select-Object Status, StartType", t("Running, Automatic", "Running、Automatic"), lang.Text{},
		}, {
			t("Without a sign-in: restart the instance in a maintenance window", "サインインできない場合: メンテナンス時間帯にインスタンスを再起動"),
			t("EC2 console > Instances > {instance} > Instance state > Reboot. It helps only where the service's start type is not Disabled; where it is, use AWSSupport-StartEC2RescueWorkflow, which stops the instance and edits the registry offline", "EC2 コンソール > インスタンス > {instance} > インスタンスの状態 > 再起動。スタートアップの種類が Disabled 以外の場合のみ有効。Disabled の場合は、停止してレジストリをオフラインで編集する AWSSupport-StartEC2RescueWorkflow を利用"),
			online, t("Online", "Online"), t("a restart cannot be taken back; a service that starts again can be stopped again", "再起動自体は取り消し不可（開始したサービスは再度停止可能）"),
		}},
		risks: []remedy.Risk{remedy.Restarts}, takes: 20 * time.Minute, settles: 5 * time.Minute, wait: t("the agent registers", "SSM Agent の接続"),
		stop: t("stop if the service was disabled on purpose", "意図的に無効化されていた場合は中止"),
	}, {
		id: "agent.update-by-hand", codes: []finding.Code{finding.SSMAgentOutdated},
		title: t("Install the current SSM Agent on the server", "サーバー上で SSM Agent を手動更新"),
		why:   t("where Run Command or the way to S3 does not work, the installer is brought to the server", "Run Command または S3 への経路を使えない場合に、インストーラーを持ち込んで更新するため"),
		steps: []guideStep{{
			t("Download the installer where there is internet access", "インターネットに接続できる端末でインストーラーを取得"),
			t("https://s3.{region}.amazonaws.com/amazon-ssm-{region}/latest/windows_amd64/AmazonSSMAgentSetup.exe; compare its signature (Amazon.com Services LLC)", "https://s3.{region}.amazonaws.com/amazon-ssm-{region}/latest/windows_amd64/AmazonSSMAgentSetup.exe を取得し、署名（Amazon.com Services LLC）を確認"),
			"Get-AuthenticodeSignature .\\AmazonSSMAgentSetup.exe | Select-Object Status, SignerCertificate", t("Valid", "Valid"), lang.Text{},
		}, {
			t("Run it on {instance} as administrator", "{instance} 上で管理者として実行"),
			t("AmazonSSMAgentSetup.exe /S, then Restart-Service AmazonSSMAgent", "AmazonSSMAgentSetup.exe /S の後、Restart-Service AmazonSSMAgent"),
			online, t("Online, with the new AgentVersion", "Online、かつ新しい AgentVersion"), t("going back means installing the older version's package", "元に戻すには旧バージョンのインストーラーが必要"),
		}},
		risks: []remedy.Risk{remedy.RestartsService}, takes: 20 * time.Minute, settles: 10 * time.Minute, wait: t("the agent reports its version", "SSM Agent のバージョンの報告"),
		stop: t("stop if the signature is not valid", "署名が有効でない場合は中止"),
	}, {
		id: "instance.start", codes: []finding.Code{finding.InstanceNotRunning},
		title: t("Start the instance", "インスタンスを起動"),
		why:   t("Systems Manager, RDP and everything inside Windows need a running instance", "Systems Manager・RDP・OS 内の処理は、いずれも稼働中のインスタンスが前提のため"),
		steps: []guideStep{{
			t("Find out who stopped it and why", "停止の経緯を確認"),
			t("EC2 console > Instances > {instance} > State transition message; CloudTrail > Event history > Resource name {instance}", "EC2 コンソール > インスタンス > {instance} > 状態遷移メッセージ、CloudTrail > イベント履歴 > リソース名 {instance}"),
			"aws cloudtrail lookup-events --lookup-attributes AttributeKey=ResourceName,AttributeValue={instance} --query \"Events[].[EventTime,EventName,Username]\" --output table",
			t("who stopped it is known, and agrees", "停止した担当者と起動の了承"), lang.Text{},
		}, {
			t("Start {instance}", "{instance} を起動"),
			t("EC2 console > Instances > {instance} > Instance state > Start instance (aws ec2 start-instances --instance-ids {instance}); back: Stop instance", "EC2 コンソール > インスタンス > {instance} > インスタンスの状態 > インスタンスを開始（aws ec2 start-instances --instance-ids {instance}）。切り戻しは停止"),
			"aws ec2 describe-instance-status --instance-ids {instance} --query \"InstanceStatuses[].[InstanceState.Name,InstanceStatus.Status,SystemStatus.Status]\"",
			t("running, ok, ok", "running、ok、ok"), lang.Text{},
		}},
		applies: func(b *remedy.Builder, i estate.Instance) bool {
			if i.State == "terminated" || i.State == "shutting-down" {
				b.Refuse("a terminated instance cannot be started", "終了済み（terminated）のインスタンスは起動不可")
				return false
			}
			return true
		},
		cost: t("a running instance is billed", "稼働中のインスタンス料金"), takes: 10 * time.Minute, settles: 15 * time.Minute, wait: t("Windows starts and the agent registers", "Windows の起動と SSM Agent の接続"),
		warn: []lang.Text{t("a public IPv4 address that is no Elastic IP changes", "Elastic IP でないパブリック IPv4 アドレスは変更される")},
		stop: t("stop if the instance was stopped on purpose (cost, decommissioning)", "意図的な停止（費用削減・廃止予定）の場合は中止"),
	}, {
		id: "instance.recover", codes: []finding.Code{finding.InstanceStatusCheckFailed},
		title: t("Recover from the failed status check", "ステータスチェックの失敗からの復旧"),
		why:   t("which check failed decides: the host below (stop and start), Windows (restart, repair), or a volume", "失敗したチェックの種類（基盤・OS・ボリューム）によって対処が異なるため"),
		steps: []guideStep{{
			t("Look at the screen and at scheduled events", "画面と予定されたイベントを確認"),
			t("EC2 console > Instances > {instance} > Actions > Monitor and troubleshoot > Get instance screenshot; Status and alarms. Wait while updates are installed", "EC2 コンソール > インスタンス > {instance} > アクション > モニタリングとトラブルシューティング > インスタンスのスクリーンショットを取得、ステータスとアラーム。更新プログラムの適用中は待機"),
			"aws ec2 describe-instance-status --instance-ids {instance} --include-all-instances",
			t("which of system, instance, ebs is impaired", "system・instance・ebs のうち impaired の項目"), lang.Text{},
		}, {
			t("Make a snapshot of the root volume", "ルートボリュームのスナップショットを取得"),
			t("EC2 console > Volumes > {root} > Actions > Create snapshot", "EC2 コンソール > ボリューム > {root} > アクション > スナップショットの作成"),
			"aws ec2 describe-snapshots --filters Name=volume-id,Values={root} --query \"Snapshots[].[SnapshotId,State]\"", t("completed", "completed"), lang.Text{},
		}, {
			t("system: stop and start; instance: restart, then AWSSupport-ExecuteEC2Rescue; ebs: look at the volume", "system: 停止と起動、instance: 再起動、解消しなければ AWSSupport-ExecuteEC2Rescue、ebs: ボリュームの状態を確認"),
			t("EC2 console > Instances > {instance} > Instance state > Stop, then Start (or Reboot); Systems Manager > Automation > AWSSupport-ExecuteEC2Rescue", "EC2 コンソール > インスタンス > {instance} > インスタンスの状態 > 停止後に開始（または再起動）、Systems Manager > オートメーション > AWSSupport-ExecuteEC2Rescue"),
			"aws ec2 describe-instance-status --instance-ids {instance} --query \"InstanceStatuses[].[InstanceStatus.Status,SystemStatus.Status,AttachedEbsStatus.Status]\"", t("ok for all", "すべて ok"),
			t("a restart cannot be taken back; the snapshot holds the disk as it was", "再起動は取り消し不可（ディスクはスナップショットから復元可能）"),
		}},
		risks: []remedy.Risk{remedy.Restarts}, takes: time.Hour, settles: 15 * time.Minute, wait: t("the checks run again", "ステータスチェックの再実行"),
		warn: []lang.Text{t("data on instance store volumes is lost by a stop; a public IPv4 address that is no Elastic IP changes", "停止によりインスタンスストアのデータは失われ、Elastic IP でないパブリック IPv4 アドレスは変更される")},
		stop: t("stop if the screen shows updates being installed", "更新プログラムの適用中の表示がある場合は中止して待機"),
	}}
}

func policyGuides() []guide {
	t := lang.Both
	restart := guideStep{
		t("Restart the agent", "SSM Agent を再起動"),
		t("On the server: Restart-Service AmazonSSMAgent, or restart the instance; after AccessDenied the agent waits 25 to 30 minutes by itself", "OS 上で Restart-Service AmazonSSMAgent、またはインスタンスを再起動。AccessDenied 後の SSM Agent は 25～30 分待機してから再試行"),
		online, t("Online", "Online"), lang.Text{},
	}
	simulate := "aws iam simulate-principal-policy --policy-source-arn arn:aws:iam::{account}:role/{role} --action-names ssm:UpdateInstanceInformation ssmmessages:CreateControlChannel ssmmessages:OpenControlChannel ssmmessages:CreateDataChannel ssmmessages:OpenDataChannel --query \"EvaluationResults[].[EvalActionName,EvalDecision]\""
	half := 30 * time.Minute
	wait := t("the agent's next attempt (25 to 30 minutes after AccessDenied)", "SSM Agent の次回再試行（AccessDenied から 25～30 分）")
	return []guide{{
		id: "iam.narrow-deny", codes: []finding.Code{finding.IAMPermissionDenied},
		title: t("Narrow the Deny statement", "Deny ステートメントの対象を限定"),
		why:   t("a Deny wins over every Allow: only the policy's owner can take the agent out of it", "Deny はすべての Allow に優先し、対象外にできるのはポリシーの管理者のみのため"),
		steps: []guideStep{{
			t("Ask the owner of the policy {policy} what the Deny is for", "ポリシー {policy} の管理者に Deny の目的を確認"),
			t("IAM console > Roles > {role} > Permissions > {policy}: keep the text of now", "IAM コンソール > ロール > {role} > 許可 > {policy}。現在の内容を保存"),
			simulate, t("explicitDeny for the actions that the finding names", "検出されたアクションが explicitDeny"), lang.Text{},
		}, {
			t("Leave the agent's actions out of the statement", "ステートメントから SSM Agent のアクションを除外"),
			t("IAM console > Policies > {policy} > Edit: a new default version; back: set the version of before as default. An inline policy has no versions: paste the saved text", "IAM コンソール > ポリシー > {policy} > 編集（新しいデフォルトバージョン）。切り戻しは旧バージョンをデフォルトに設定。インラインポリシーは保存した内容を貼り戻す"),
			simulate, t("allowed for all five", "5 件とも allowed"), lang.Text{},
		}, restart},
		risks: []remedy.Risk{remedy.WholeRole}, takes: half, settles: half, wait: wait,
		stop: t("stop if the Deny is a rule of the company: give the instance another role instead", "社内規定による Deny の場合は中止し、別のロールの利用を検討"),
	}, {
		id: "iam.widen-boundary", codes: []finding.Code{finding.IAMBoundaryBlocks},
		title: t("Let the permissions boundary allow the agent", "アクセス許可の境界に SSM Agent のアクションを追加"),
		why:   t("a role may do only what its boundary allows as well, so that attaching more policies changes nothing", "境界で許可されない限り、ポリシーを追加しても権限は得られないため"),
		steps: []guideStep{{
			t("Send the request to the owner of the boundary {policy}", "境界 {policy} の管理者へ依頼"),
			t("The owner is usually the security or platform team. Do not take the boundary off: that removes a safeguard", "管理者の多くはセキュリティ部門または基盤部門。境界の取り外しは統制を外す操作のため行わない"),
			"aws iam get-role --role-name {role} --query Role.PermissionsBoundary", t("the boundary's ARN", "境界の ARN"), lang.Text{},
		}, {
			t("Add the five actions as a new version", "5 つのアクションを新しいバージョンとして追加"),
			t("IAM console > Policies > {policy} > Edit: ssm:UpdateInstanceInformation, ssmmessages:CreateControlChannel, OpenControlChannel, CreateDataChannel, OpenDataChannel; back: the version of before as default", "IAM コンソール > ポリシー > {policy} > 編集: ssm:UpdateInstanceInformation、ssmmessages:CreateControlChannel・OpenControlChannel・CreateDataChannel・OpenDataChannel。切り戻しは旧バージョンをデフォルトに設定"),
			simulate, t("allowed, AllowedByPermissionsBoundary true", "allowed（AllowedByPermissionsBoundary が true）"), lang.Text{},
		}, restart},
		risks: []remedy.Risk{remedy.WholeRole}, takes: half, settles: half, wait: wait,
		stop: t("stop if the owner does not agree", "管理者の了承が得られない場合は中止"),
	}, {
		id: "iam.ask-organization", codes: []finding.Code{finding.IAMOrganizationBlocks},
		title: t("Ask the organization to allow the agent's actions", "組織の管理者に SSM Agent のアクションの許可を依頼"),
		why:   t("a service control policy is changed in the management account only, and concerns whole accounts", "サービスコントロールポリシー（SCP）は管理アカウントでのみ変更でき、アカウント全体に影響するため"),
		steps: []guideStep{{
			t("Send the simulation's result to the organization's administrators", "シミュレーション結果を組織の管理者へ送付"),
			t("Include account {account}, role {role} and the actions that are refused", "アカウント {account}、ロール {role}、拒否されたアクションを記載"),
			simulate, t("OrganizationsDecisionDetail: AllowedByOrganizations false", "OrganizationsDecisionDetail の AllowedByOrganizations が false"), lang.Text{},
		}, {
			t("They change the policy, or attach it elsewhere", "管理者が SCP の内容または適用先を変更"),
			t("Management account: AWS Organizations console > Policies > Service control policies", "管理アカウント: AWS Organizations コンソール > ポリシー > サービスコントロールポリシー"),
			simulate, t("allowed", "allowed"), lang.Text{},
		}, restart},
		typed: true, takes: time.Hour, settles: half, wait: wait,
		stop: t("stop if the refusal is meant (a region or a service that is not to be used)", "意図した制限（利用を認めないリージョン・サービス）の場合は中止"),
	}}
}
