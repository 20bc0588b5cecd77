package fixes

import (
	"time"

	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/remedy"
)

func directoryGuides() []guide {
	t := lang.Both
	joined := "(Get-CimInstance Win32_ComputerSystem) | Select-Object PartOfDomain, Domain"
	return []guide{{
		id: "ad.join", codes: []finding.Code{finding.ADNotJoined},
		title: t("Join the domain", "ドメインに参加"),
		why:   t("domain users, group policies and License Manager's products need the membership", "ドメインユーザー・グループポリシー・License Manager の製品には、ドメインへの参加が必要なため"),
		steps: []guideStep{{
			t("Resolve and reach first", "名前解決と通信を先に確認"),
			t("On {instance}: joining before the domain resolves only repeats the error", "{instance} 上で確認（名前解決できない状態での参加は同じエラーになる）"),
			"nltest /dsgetdc:{domain}", t("a domain controller", "ドメインコントローラーの応答"), lang.Text{},
		}, {
			t("License Manager instance: launch a new one instead", "License Manager のインスタンス: 手動参加ではなく新しいインスタンスを起動"),
			t("License Manager joins by itself; after the cause is corrected launch a fresh instance", "参加処理は License Manager が行うため、原因の解消後に新しいインスタンスを起動"),
			"aws license-manager-user-subscriptions list-instances --query \"InstanceSummaries[].[InstanceId,Status]\"", t("the new instance is listed", "新しいインスタンスが一覧に表示"), lang.Text{},
		}, {
			t("Other instances: join with an account that may do so", "その他のインスタンス: 権限のあるアカウントで参加"),
			t("PowerShell as administrator: Add-Computer -DomainName {domain} -Restart, or Run Command > AWS-JoinDirectoryServiceDomain; back: Remove-Computer (know a local administrator's password first)", "PowerShell（管理者）: Add-Computer -DomainName {domain} -Restart、または Run Command > AWS-JoinDirectoryServiceDomain。切り戻しは Remove-Computer（事前にローカル管理者のパスワードを確認）"),
			joined, t("True, {domain}", "True、{domain}"), lang.Text{},
		}},
		risks: []remedy.Risk{remedy.Restarts}, takes: 30 * time.Minute, settles: 10 * time.Minute, wait: t("Windows restarts", "Windows の再起動"),
		stop: t("stop if a computer object of the same name exists and nobody knows whose it is", "同名のコンピューターオブジェクトがあり、使用者が不明な場合は中止"),
	}, {
		id: "ad.repair-channel", codes: []finding.Code{finding.ADSecureChannelBroken},
		title: t("Repair the trust between Windows and its domain", "ドメインとの信頼関係を修復"),
		why:   t("the machine account's password and the domain's copy differ: a restored snapshot, a clone, or a reset object", "コンピューターアカウントのパスワードが AD 側と一致していないため（スナップショットからの復元・複製・オブジェクトのリセットなど）"),
		steps: []guideStep{{
			t("Make sure that a domain controller answers", "ドメインコントローラーの応答を確認"),
			t("The test below also fails where none can be reached: correct DNS and ports first", "到達できない場合も以下の確認は失敗するため、DNS とポートの問題を先に解消"),
			"nltest /dsgetdc:{domain}; Test-ComputerSecureChannel", t("a controller, and False", "ドメインコントローラーの応答、および False"), lang.Text{},
		}, {
			t("Make sure that no other machine has the same account", "同じコンピューターアカウントを使う別のサーバーがないことを確認"),
			t("A clone of a member breaks the trust of its source each month. Rebuild the clone from a generalized image", "メンバーサーバーの複製は、複製元の信頼関係も繰り返し壊すため、一般化した AMI から作成し直す"),
			"aws ssm describe-instance-information --query \"InstanceInformationList[].[InstanceId,ComputerName]\" --output table", t("the computer name appears once", "コンピューター名の重複なし"), lang.Text{},
		}, {
			t("Repair it as a local administrator", "ローカル管理者で修復"),
			t("PowerShell as administrator: Test-ComputerSecureChannel -Repair -Credential (Get-Credential)", "PowerShell（管理者）: Test-ComputerSecureChannel -Repair -Credential (Get-Credential)"),
			"Test-ComputerSecureChannel", t("True", "True"), t("the machine account gets a new password; the one of before was worth nothing", "コンピューターアカウントのパスワードが更新されるため（変更前の値は既に無効）"),
		}},
		takes: 20 * time.Minute, settles: 2 * time.Minute, wait: t("the next sign-in", "次回のサインイン"),
		stop: t("stop if the server is a clone: repairing it breaks the other one", "複製されたサーバーの場合は中止（修復により複製元の信頼関係が壊れる）"),
	}, {
		id: "ad.bring-directory-back", codes: []finding.Code{finding.ADDirectoryNotActive},
		title: t("Bring the directory back to Active", "ディレクトリを Active の状態に復旧"),
		why:   t("a directory that is not Active answers nobody for certain", "Active でないディレクトリでは、DNS と認証の応答が保証されないため"),
		steps: []guideStep{{
			t("Read the stage of {subject} and its reason", "{subject} の状態と理由を確認"),
			t("Directory Service console > Directories > {subject}", "Directory Service コンソール > ディレクトリ > {subject}"),
			"aws ds describe-directories --query \"DirectoryDescriptions[].[DirectoryId,Name,Stage,StageReason]\"", t("the stage, and why", "状態とその理由"), lang.Text{},
		}, {
			t("Creating, Restoring: wait. Inoperable, Impaired, Failed: follow the reason, else AWS Support", "Creating・Restoring は待機、Inoperable・Impaired・Failed は理由に従って対処、解消しない場合は AWS サポートへ問い合わせ"),
			t("Impaired often means that the controllers lost their network: look at their security group and subnets. Restoring from a snapshot sets the whole directory back: only with its owner", "Impaired の多くはドメインコントローラーのネットワークに起因。SG とサブネットを確認。スナップショットからの復元はディレクトリ全体が過去の状態に戻るため、管理者の判断が必要"),
			"aws ds describe-domain-controllers --directory-id {subject} --query \"DomainControllers[].[DnsIpAddr,Status]\"", t("Active for all", "すべて Active"), lang.Text{},
		}},
		takes: time.Hour, settles: 30 * time.Minute, wait: t("the directory becomes Active", "ディレクトリが Active になるまで"),
		stop: t("stop before anything is restored or deleted: that concerns everybody in the directory", "復元・削除の前に中止（ディレクトリの全利用者に影響）"),
	}}
}
