package fixes

import (
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/remedy"
)

func activationGuides() []guide {
	t := lang.Both
	licence := "Get-CimInstance SoftwareLicensingProduct -Filter \"PartialProductKey IS NOT NULL\" | Select-Object Name, LicenseStatus, LicenseStatusReason"
	return []guide{{
		id: "activation.open-firewall", codes: []finding.Code{finding.ActivationNoRoute},
		title: t("Let Windows's own firewall and security software pass tcp/1688", "OS 内のファイアウォール・セキュリティソフトで tcp/1688 を許可"),
		why:   t("the KMS hosts are link-local: security groups have no part in it, only what filters inside Windows", "KMS はリンクローカルアドレスのため SG は関係せず、OS 内のフィルターのみが影響するため"),
		steps: []guideStep{{
			t("Test the way", "到達性を確認"),
			t("PowerShell on {instance}: both KMS hosts", "{instance} 上の PowerShell で両方の KMS ホストを確認"),
			"Test-NetConnection 169.254.169.250 -Port 1688; Test-NetConnection 169.254.169.251 -Port 1688", t("False although the routes are there", "ルートがあるにもかかわらず False"), lang.Text{},
		}, {
			t("Find the rule that blocks, and let outbound tcp/1688 pass", "遮断している規則を特定し、送信方向の tcp/1688 を許可"),
			t("Windows Defender Firewall with Advanced Security > Outbound Rules (a Block rule wins over an Allow), group policies (gpresult /scope computer /r), and other security software; back: the rule as it was", "セキュリティが強化された Windows Defender ファイアウォール > 送信の規則（ブロックが許可に優先）、グループポリシー（gpresult /scope computer /r）、他のセキュリティソフト。切り戻しは規則を元に戻す"),
			"Get-NetFirewallRule -Direction Outbound -Action Block -Enabled True | Select-Object DisplayName, PolicyStoreSourceType", t("no rule that covers 169.254.169.250 and tcp/1688", "169.254.169.250・tcp/1688 に該当するブロック規則なし"), lang.Text{},
		}, {
			t("Activate", "ライセンス認証を実行"),
			t("cscript //nologo $env:windir\\system32\\slmgr.vbs /ato", "cscript //nologo $env:windir\\system32\\slmgr.vbs /ato"),
			licence, t("LicenseStatus is 1", "LicenseStatus が 1"), lang.Text{},
		}},
		takes: 30 * time.Minute, settles: 2 * time.Minute, wait: t("Windows activates", "ライセンス認証の完了"), stop: t("stop if the block is a rule of the company", "社内規定による遮断の場合は中止"),
	}, {
		id: "activation.runbook", codes: []finding.Code{finding.ActivationStaleRoutes, finding.ActivationNoRoute, finding.ActivationKMSHostWrong, finding.ActivationKeyWrong, finding.ActivationClockSkewed},
		title: t("AWS's runbook AWSSupport-ActivateWindowsWithAmazonLicense", "AWS の Runbook（AWSSupport-ActivateWindowsWithAmazonLicense）を実行"),
		why:   t("AWS's own runbook sets routes, KMS host and activation; it can also work on a stopped instance", "AWS の Runbook がルート・KMS ホスト・ライセンス認証を設定し、停止中のインスタンスにも対応するため"),
		steps: []guideStep{{
			t("Make sure that the licence is included", "ライセンス込みであることを確認"),
			t("It must not be used on BYOL (usage operation RunInstances:0800)", "ライセンス持ち込み（RunInstances:0800）では使用禁止"),
			"aws ec2 describe-instances --instance-ids {instance} --query \"Reservations[].Instances[].UsageOperation\"", t("RunInstances:0002 or with SQL Server", "RunInstances:0002、または SQL Server 付きの値"), lang.Text{},
		}, {
			t("Run it with AllowOffline=False", "AllowOffline=False で実行"),
			t("Systems Manager console > Automation > AWSSupport-ActivateWindowsWithAmazonLicense, InstanceId {instance}. AllowOffline=True stops and starts the instance", "Systems Manager コンソール > オートメーション > AWSSupport-ActivateWindowsWithAmazonLicense、InstanceId {instance}。AllowOffline=True は停止・起動を伴う"),
			licence, t("LicenseStatus is 1", "LicenseStatus が 1"), t("the runbook keeps no record of the routes and the host of before", "Runbook は変更前のルートとホストを記録しないため"),
		}},
		applies: func(b *remedy.Builder, i estate.Instance) bool {
			if i.UsageOperation == "RunInstances:0800" || i.PlatformDetails == "Windows BYOL" {
				b.Refuse("the licence is the customer's own (BYOL): AWS's KMS must not activate it", "ライセンス持ち込み（BYOL）のため AWS の KMS は利用不可")
				return false
			}
			return true
		},
		takes: 30 * time.Minute, settles: 5 * time.Minute, wait: t("Windows activates", "ライセンス認証の完了"), stop: t("stop if the licence is the customer's own", "ライセンス持ち込みの場合は中止"),
	}}
}

func passwordGuides() []guide {
	t := lang.Both
	data := "aws ec2 get-password-data --instance-id {instance} --query PasswordData"
	codes := []finding.Code{finding.PasswordNotGenerated, finding.PasswordNoKeyPair}
	rerun := []remedy.Risk{remedy.Restarts, remedy.RerunsUserData}
	return []guide{{
		id: "password.rerun-v2", codes: codes[:1],
		title: t("Let EC2Launch v2 make the password anew", "EC2Launch v2 でパスワードを再生成"),
		why:   t("the agent sets the password once, and its state was copied with the image; after a reset it runs like the first time", "パスワードの設定は初回のみで、実行済みの状態が AMI に含まれているため、リセットにより初回と同様に動作させる"),
		steps: []guideStep{{
			t("Read the agent's tasks: all that run once, and user data, run again", "エージェントのタスクを確認（once のタスクとユーザーデータが再実行される）"),
			t("On {instance}: EC2Launch.exe get-agent-config; setAdminAccount has to be of type random", "{instance} 上で EC2Launch.exe get-agent-config を実行し、setAdminAccount の type が random であることを確認"),
			"& \"$env:ProgramFiles\\Amazon\\EC2Launch\\EC2Launch.exe\" get-agent-config --format json", t("setAdminAccount, random", "setAdminAccount、random"), lang.Text{},
		}, {
			t("Reset the agent and restart", "エージェントをリセットして再起動"),
			t("PowerShell as administrator: & \"$env:ProgramFiles\\Amazon\\EC2Launch\\EC2Launch.exe\" reset; Restart-Computer", "PowerShell（管理者）: & \"$env:ProgramFiles\\Amazon\\EC2Launch\\EC2Launch.exe\" reset; Restart-Computer"),
			data, t("not empty, 4 to 15 minutes after the start", "起動後 4～15 分で値あり"), t("the password of before is replaced", "変更前のパスワードは置き換えられるため"),
		}},
		risks: rerun, takes: 30 * time.Minute, settles: 15 * time.Minute, wait: t("the password arrives 4 to 15 minutes after the start", "起動後 4～15 分でのパスワードの登録"),
		stop: t("stop if user data would do harm when it runs again", "ユーザーデータの再実行に問題がある場合は中止"),
	}, {
		id: "password.rerun-v1", codes: codes[:1],
		title: t("Let EC2Launch v1 make the password anew", "EC2Launch v1 でパスワードを再生成"),
		why:   t("v1 sets adminPasswordType to DoNothing once it has run, and the image was taken after that", "v1 は実行後に adminPasswordType を DoNothing に変更し、その後に AMI が作成されているため"),
		steps: []guideStep{{
			t("Set the type back to Random", "設定を Random に変更"),
			t("On {instance}: C:\\ProgramData\\Amazon\\EC2-Windows\\Launch\\Config\\LaunchConfig.json, \"adminPasswordType\": \"Random\"; keep a copy for the way back", "{instance} 上の C:\\ProgramData\\Amazon\\EC2-Windows\\Launch\\Config\\LaunchConfig.json の \"adminPasswordType\" を \"Random\" に変更（切り戻し用にコピーを保存）"),
			"(Get-Content -Raw C:\\ProgramData\\Amazon\\EC2-Windows\\Launch\\Config\\LaunchConfig.json | ConvertFrom-Json).adminPasswordType", t("Random", "Random"), lang.Text{},
		}, {
			t("Schedule it and restart", "スケジュールを設定して再起動"),
			t("C:\\ProgramData\\Amazon\\EC2-Windows\\Launch\\Scripts\\InitializeInstance.ps1 -Schedule; Restart-Computer", "C:\\ProgramData\\Amazon\\EC2-Windows\\Launch\\Scripts\\InitializeInstance.ps1 -Schedule; Restart-Computer"),
			data, t("not empty, 4 to 15 minutes after the start", "起動後 4～15 分で値あり"), t("the password of before is replaced", "変更前のパスワードは置き換えられるため"),
		}},
		risks: rerun, takes: 30 * time.Minute, settles: 15 * time.Minute, wait: t("the password arrives 4 to 15 minutes after the start", "起動後 4～15 分でのパスワードの登録"),
		stop: t("stop if user data would do harm when it runs again", "ユーザーデータの再実行に問題がある場合は中止"),
	}, {
		id: "password.offline", codes: codes,
		title: t("Reset the password offline with AWSSupport-ResetAccess", "AWSSupport-ResetAccess でオフラインのままパスワードをリセット"),
		why:   t("where nobody can sign in and Systems Manager does not reach Windows, the volume is edited on a helper", "サインインも Systems Manager の利用もできない場合に、作業用インスタンスでボリュームを直接編集するため"),
		steps: []guideStep{{
			t("Have an outage approved", "停止を伴う作業の承認を取得"),
			t("The runbook stops {instance}, makes an image, works in a temporary VPC and starts it again; a public IPv4 address that is no Elastic IP changes", "Runbook は {instance} を停止して AMI を作成し、一時的な VPC で作業後に再起動する。Elastic IP でないパブリック IPv4 アドレスは変更される"),
			"aws ec2 describe-instances --instance-ids {instance} --query \"Reservations[].Instances[].[State.Name,PublicIpAddress,RootDeviceType]\"", t("ebs as root device", "ルートデバイスが ebs"), lang.Text{},
		}, {
			t("Run it", "Runbook を実行"),
			t("Systems Manager console > Automation > AWSSupport-ResetAccess, InstanceId {instance}", "Systems Manager コンソール > オートメーション > AWSSupport-ResetAccess、InstanceId {instance}"),
			"aws ssm describe-automation-executions --filters Key=DocumentNamePrefix,Values=AWSSupport-ResetAccess --query \"AutomationExecutionMetadataList[].[AutomationExecutionId,AutomationExecutionStatus]\"", t("Success", "Success"), t("the password of before is replaced; the image holds the state of before", "変更前のパスワードは置き換えられるため（変更前の状態は AMI に保存）"),
		}},
		risks: []remedy.Risk{remedy.Restarts}, cost: t("the helper while it runs, the image until it is deleted", "作業用インスタンスと AMI の料金"), takes: time.Hour, settles: 15 * time.Minute, wait: t("Windows starts", "Windows の起動"),
		stop: t("stop on a License Manager instance: a stop can cost its health", "License Manager のインスタンスの場合は中止（停止により異常と判定される可能性）"),
	}}
}

func desktopGuides() []guide {
	t := lang.Both
	return []guide{{
		id: "rdp.allow-source", codes: []finding.Code{finding.RDPPortBlocked},
		title: t("Let RDP in from where it is needed, or go without the port", "必要な接続元からの RDP を許可、またはポートを開けずに接続"),
		why:   t("tcp/3389 from {from} is closed on the way; Session Manager's port forwarding needs no open port at all", "{from} からの tcp/3389 が経路上で閉じているため。セッションマネージャーのポート転送であればポートの開放は不要"),
		steps: []guideStep{{
			t("Recommended: port forwarding by Session Manager", "推奨: セッションマネージャーのポート転送で接続"),
			t("monshin shell {instance} --rdp, or aws ssm start-session --target {instance} --document-name AWS-StartPortForwardingSession (not on License Manager instances)", "monshin shell {instance} --rdp、または aws ssm start-session --target {instance} --document-name AWS-StartPortForwardingSession（License Manager のインスタンスを除く）"),
			online, t("Online: forwarding works", "Online（ポート転送が可能）"), lang.Text{},
		}, {
			t("Or allow tcp/3389 from one address block, never from 0.0.0.0/0", "または特定の接続元のみ tcp/3389 を許可（0.0.0.0/0 は不可）"),
			t("EC2 console > Security Groups > the instance's group > Inbound rules: RDP from {from}; VPC console > Network ACLs, both ways, where they close it. Keep the rule's id for the way back", "EC2 コンソール > セキュリティグループ > インスタンスの SG > インバウンドルール: {from} からの RDP。必要に応じて VPC コンソール > ネットワーク ACL（双方向）。切り戻し用にルール ID を記録"),
			"Test-NetConnection ADDRESS -Port 3389", t("TcpTestSucceeded is True", "TcpTestSucceeded が True"), lang.Text{},
		}},
		risks: []remedy.Risk{remedy.OpensPort}, takes: 20 * time.Minute, settles: 2 * time.Minute, wait: t("the rule takes effect", "ルールの反映"),
		stop: t("stop if the source is the whole internet", "接続元がインターネット全体となる場合は中止"),
	}, {
		id: "rdp.change-policy", codes: []finding.Code{finding.RDPServiceOff},
		title: t("Change the policy or the firewall that keeps Remote Desktop off", "リモートデスクトップを無効化しているポリシー・ファイアウォールを変更"),
		why:   t("a group policy stands above the local switch, and Windows Firewall above the service", "グループポリシーはローカル設定より優先され、ファイアウォールはサービスの状態と別に遮断するため"),
		steps: []guideStep{{
			t("Find what decides", "設定元を確認"),
			t("On {instance}: group policies of the computer, the listener's port, and the rules of the group Remote Desktop", "{instance} 上でコンピューターのグループポリシー、待ち受けポート、「リモート デスクトップ」グループの規則を確認"),
			"gpresult /scope computer /r; Get-NetFirewallRule -Group '@FirewallAPI.dll,-28752' | Select-Object Name, Enabled, Profile", t("a policy, or disabled rules", "該当ポリシー、または無効な規則"), lang.Text{},
		}, {
			t("Change it where it is set", "設定元で変更"),
			t("Group Policy Management: Computer Configuration > Administrative Templates > Windows Components > Remote Desktop Services; or Enable-NetFirewallRule -Group '@FirewallAPI.dll,-28752'; back: Disable for the rules that were off", "グループポリシーの管理: コンピューターの構成 > 管理用テンプレート > Windows コンポーネント > リモート デスクトップ サービス。または Enable-NetFirewallRule -Group '@FirewallAPI.dll,-28752'（切り戻しは無効だった規則を再度無効化）"),
			"Test-NetConnection localhost -Port 3389", t("TcpTestSucceeded is True", "TcpTestSucceeded が True"), lang.Text{},
		}},
		risks: []remedy.Risk{remedy.OpensPort}, takes: 30 * time.Minute, settles: 5 * time.Minute, wait: t("the policy is refreshed", "ポリシーの更新"),
		stop: t("stop if Remote Desktop is off on purpose", "意図的な無効化の場合は中止"),
	}, {
		id: "rdp.grant-right", codes: []finding.Code{finding.RDPNotPermitted},
		title: t("Give the user the right to sign in by Remote Desktop", "ユーザーにリモートデスクトップでのサインインを許可"),
		why:   t("name and password are right; the right is missing, or denied", "ユーザー名とパスワードは正しく、権利の不足または拒否が原因のため"),
		steps: []guideStep{{
			t("See who has the right, and who is denied", "許可・拒否の対象を確認"),
			t("On {instance}: secpol.msc > Local Policies > User Rights Assignment; lusrmgr.msc > Groups", "{instance} 上の secpol.msc > ローカル ポリシー > ユーザー権利の割り当て、lusrmgr.msc > グループ"),
			"Get-LocalGroupMember -SID S-1-5-32-555; gpresult /scope computer /r", t("the user's groups are not among them", "ユーザーの所属グループなし"), lang.Text{},
		}, {
			t("Add a domain group to the local group Remote Desktop Users", "ドメインのグループをローカルの Remote Desktop Users に追加"),
			t("Add-LocalGroupMember -SID S-1-5-32-555 -Member DOMAIN\\GROUP; back: Remove-LocalGroupMember. Where a group policy sets it, change it there. Do not make people administrators for it; License Manager instance: AssociateUser", "Add-LocalGroupMember -SID S-1-5-32-555 -Member DOMAIN\\GROUP（切り戻しは Remove-LocalGroupMember）。グループポリシーで設定されている場合はポリシー側で変更。管理者権限は付与しない。License Manager のインスタンスは AssociateUser"),
			"Get-LocalGroupMember -SID S-1-5-32-555", t("the group is listed", "追加したグループが一覧に表示"), lang.Text{},
		}},
		takes: 20 * time.Minute, settles: 2 * time.Minute, wait: t("the user signs in anew", "再サインイン"), stop: t("stop without the server owner's approval", "サーバー管理者の承認がない場合は中止"),
	}, {
		id: "rdp.free-session", codes: []finding.Code{finding.RDPSessionLimit},
		title: t("Free a session", "セッションを解放"),
		why:   t("without the session host role two sessions are allowed, and disconnected ones count", "セッション ホストの役割がない場合の上限は 2 で、切断状態のセッションも数えられるため"),
		steps: []guideStep{{
			t("See who is signed in", "セッションを確認"),
			t("On {instance}, or by Run Command: quser", "{instance} 上、または Run Command で quser を実行"),
			"quser", t("the sessions, with idle times", "セッションとアイドル時間"), lang.Text{},
		}, {
			t("Sign off a disconnected one, with its user's consent", "利用者の了承を得て切断状態のセッションをサインアウト"),
			t("logoff ID; or take one over: mstsc /admin", "logoff ID、または mstsc /admin で接続"),
			"quser", t("fewer than two", "2 未満"), t("what the session had not saved is lost", "未保存の作業は失われるため"),
		}},
		takes: 10 * time.Minute, settles: time.Minute, wait: t("the user signs in", "サインイン"), stop: t("stop if a session does work that nobody can vouch for", "作業内容を確認できないセッションしかない場合は中止"),
	}, {
		id: "rdp.license-server", codes: []finding.Code{finding.RDPLicenseExpired},
		title: t("Name an RDS licence server, or take the role off", "RDS ライセンスサーバーの指定、または役割の削除"),
		why:   t("a session host without a licence server works for 120 days", "ライセンスサーバーのないセッション ホストが使えるのは 120 日間のみのため"),
		steps: []guideStep{{
			t("Sign in without a licence", "ライセンスなしで接続"),
			t("mstsc /admin, or Session Manager", "mstsc /admin、またはセッションマネージャー"),
			"(Get-CimInstance -Namespace root\\cimv2\\TerminalServices -ClassName Win32_TerminalServiceSetting).LicensingType", t("5 is not configured", "5 は未構成"), lang.Text{},
		}, {
			t("Set a licence server and the mode, with licences that you own or License Manager's", "所有する CAL または License Manager のライセンスサーバーとモードを設定"),
			t("Group policy: Remote Desktop Session Host > Licensing: the server and the mode; back: the values of before. Do not reset the grace period: that breaks the licence terms", "グループポリシー: リモート デスクトップ セッション ホスト > ライセンス（サーバーとモード）。切り戻しは変更前の値。猶予期間のリセットはライセンス条項に反するため行わない"),
			"lsdiag.msc", t("no problem is reported", "問題の表示なし"), lang.Text{},
		}, {
			t("Or, where two administrators' sessions are enough: remove the role", "または、管理用の 2 セッションで足りる場合は役割を削除"),
			t("Server Manager > Remove Roles: Remote Desktop Session Host, with a restart; back: add it again", "サーバー マネージャー > 役割の削除: リモート デスクトップ セッション ホスト（再起動あり）。切り戻しは再追加"),
			"Get-WindowsFeature RDS-RD-Server", t("not installed", "未インストール"), lang.Text{},
		}},
		cost: t("RDS client access licences", "RDS CAL の費用"), risks: []remedy.Risk{remedy.Restarts}, takes: time.Hour, settles: 5 * time.Minute, wait: t("the session host asks the licence server", "ライセンスサーバーへの接続"),
		stop: t("stop without a licence that you own", "利用できるライセンスがない場合は中止"),
	}}
}

func accountGuides() []guide {
	t := lang.Both
	state := "Get-ADUser -Identity ACCOUNT -Properties LockedOut,Enabled,AccountExpirationDate,PasswordExpired | Select-Object LockedOut,Enabled,AccountExpirationDate,PasswordExpired"
	look := guideStep{
		t("See the account's state", "アカウントの状態を確認"),
		t("Active Directory Users and Computers (or Administrative Center) > {subject}; a local account: net user NAME on {instance}. ACCOUNT is the name without the domain", "Active Directory ユーザーとコンピューター（または管理センター）> {subject}。ローカルアカウントは {instance} 上で net user NAME。ACCOUNT はドメイン部分を除いた名前"),
		state, t("what the finding says", "検出内容と同じ状態"), lang.Text{},
	}
	wait := t("the user signs in again", "再サインイン")
	one := func(id string, code finding.Code, title, why, do, do2, expect, stop lang.Text, noUndo lang.Text) guide {
		return guide{id: id, codes: []finding.Code{code}, title: title, why: why, takes: 15 * time.Minute, settles: 15 * time.Minute, wait: wait, stop: stop,
			steps: []guideStep{look, {do, do2, state, expect, noUndo}}}
	}
	return []guide{
		one("account.unlock-in-directory", finding.AccountLocked,
			t("Unlock the account in the directory", "AD でアカウントのロックアウトを解除"),
			t("only an administrator of the directory may unlock a domain account", "ドメインアカウントのロックアウト解除は AD の管理者のみ可能なため"),
			t("Find where the wrong passwords come from, then unlock", "誤ったパスワードの送信元を特定した後、ロックアウトを解除"),
			t("Security log of the PDC emulator, event 4740, names the computer; services, tasks, mapped drives and disconnected sessions with an old password are the usual ones. Then Unlock-ADAccount -Identity ACCOUNT", "PDC エミュレーターのセキュリティログのイベント 4740 で送信元を確認（古いパスワードのサービス・タスク・ネットワークドライブ・切断セッションが多い）。その後 Unlock-ADAccount -Identity ACCOUNT"),
			t("LockedOut is False", "LockedOut が False"), t("stop if the source is unknown: it may be an attack", "送信元が不明な場合は中止（攻撃の可能性）"),
			t("nobody can lock an account again by a setting", "設定で再度ロックすることはできないため")),
		one("account.enable", finding.AccountDisabled,
			t("Enable the account", "アカウントを有効化"),
			t("a disabled account is refused with the right password", "無効なアカウントは正しいパスワードでも拒否されるため"),
			t("Ask who disabled it, then enable it", "無効化の経緯を確認した後、有効化"),
			t("Enable-ADAccount -Identity ACCOUNT (local: Enable-LocalUser NAME); back: Disable-ADAccount. EC2Launch leaves Administrator disabled where its password type is doNothing", "Enable-ADAccount -Identity ACCOUNT（ローカル: Enable-LocalUser NAME）。切り戻しは Disable-ADAccount。EC2Launch のパスワード設定が doNothing の場合は Administrator が無効のまま"),
			t("Enabled is True", "Enabled が True"), t("stop if the user left, or it was disabled for security", "退職者のアカウントやセキュリティ上の無効化の場合は中止"), lang.Text{}),
		one("account.extend", finding.AccountExpired,
			t("Extend the account", "アカウントの有効期限を延長"),
			t("an expired account is refused with the right password", "期限切れのアカウントは正しいパスワードでも拒否されるため"),
			t("Set another date, with the owner's approval", "管理者の承認を得て期限を変更"),
			t("Set-ADAccountExpiration -Identity ACCOUNT -DateTime DATE (local: Set-LocalUser NAME -AccountExpires DATE); back: the date of before", "Set-ADAccountExpiration -Identity ACCOUNT -DateTime DATE（ローカル: Set-LocalUser NAME -AccountExpires DATE）。切り戻しは変更前の日付"),
			t("AccountExpirationDate lies ahead", "AccountExpirationDate が将来の日付"), t("stop if the end of the contract is why it expired", "契約終了による期限切れの場合は中止"), lang.Text{}),
		one("account.change-password", finding.AccountPasswordExpired,
			t("Change the expired password", "期限切れのパスワードを変更"),
			t("with Network Level Authentication an expired password cannot be changed at the sign-in", "NLA が有効な場合、期限切れのパスワードはサインイン時に変更できないため"),
			t("Let the user change it elsewhere, or set a new one", "別の端末で本人が変更、または管理者が再設定"),
			t("On a joined PC: Ctrl+Alt+Del > Change a password; or Set-ADAccountPassword -Identity ACCOUNT -Reset (local: Set-LocalUser NAME -Password). Tell it on a safe way, never in a ticket", "ドメイン参加済みの PC で Ctrl+Alt+Del > パスワードの変更、または Set-ADAccountPassword -Identity ACCOUNT -Reset（ローカル: Set-LocalUser NAME -Password）。安全な方法で伝達し、チケットには記載しない"),
			t("PasswordExpired is False", "PasswordExpired が False"), t("stop if services run with this account: plan the change with them", "サービスで使用しているアカウントの場合は中止し、影響を確認して計画"),
			t("the password of before cannot be put back", "変更前のパスワードには戻せないため")),
		one("account.right-credentials", finding.AccountCredentialsWrong,
			t("Use the right account and password", "正しいアカウントとパスワードでサインイン"),
			t("Windows refused the name or the password that was typed", "入力されたユーザー名またはパスワードが OS で拒否されているため"),
			t("Type the name with its domain, or .\\ for a local account; delete saved credentials", "ドメイン名付き、またはローカルアカウントは .\\ 付きで入力し、保存済みの資格情報を削除"),
			t("On the client: cmdkey /list, cmdkey /delete:TERMSRV/NAME. A clone keeps its source's password; a password from GetPasswordData is that of the first start. Else reset the password", "接続元で cmdkey /list、cmdkey /delete:TERMSRV/NAME。複製されたサーバーでは複製元のパスワードが有効。GetPasswordData の値は初回起動時のもの。解消しない場合はパスワードを再設定"),
			t("no new event 4625 for the account", "該当アカウントの新しいイベント 4625 なし"), t("stop after three attempts: the account may be locked out", "3 回失敗した時点で中止（ロックアウトのおそれ）"), lang.Text{}),
	}
}
