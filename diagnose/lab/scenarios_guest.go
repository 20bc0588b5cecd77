package lab

import (
	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/runbook"
)

// guestScenarios are about what only Windows itself tells.
func guestScenarios() []Scenario {
	return []Scenario{{
		Name: "clone-not-activated", Symptom: runbook.Cloned, InstanceID: id("i", legacyCopy), Exit: 1, Guest: true, build: cloneNotActivated,
		Expect: []Expected{{Code: finding.CloneNotGeneralized, Explains: []finding.Code{finding.ActivationStaleRoutes, finding.CloneDuplicateSID}}},
		Title:  lang.Both("A copy without Sysprep: no activation, no password", "Sysprep なしの複製（ライセンス認証もパスワード取得も不可）"),
		Lesson: lang.Both("Foreign routes, no password, no activation: not three faults but one image that was taken without Sysprep.",
			"別サブネット向けの永続ルート、パスワードなし、ライセンス認証の失敗。個別の障害ではなく、Sysprep せずに作成した AMI という 1 つの原因の結果です。"),
	}, {
		Name: "clone-server-2025", Symptom: runbook.RDPRefused, InstanceID: id("i", terminal), Exit: 1, Guest: true, build: cloneServer2025,
		Answers: map[string]string{estate.AnswerFrom: id("i", jump)},
		Expect:  []Expected{{Code: finding.CloneNotGeneralized, Explains: []finding.Code{finding.CloneAuthenticationBlocked}}},
		Title:   lang.Both("Windows Server 2025 refuses the copy of itself", "Windows Server 2025 が複製同士の認証を拒否"),
		Lesson: lang.Both("Since the updates of August 2025, Windows Server 2025 refuses to authenticate a computer with its own SID. Event 6167 on the target says so.",
			"2025 年 8 月以降の更新プログラムを適用した Windows Server 2025 は、自身と同じ SID のコンピューターからの認証を拒否します。接続先のイベント 6167 で確認できます。"),
	}, {
		Name: "clone-not-the-cause", Symptom: runbook.RDPRefused, InstanceID: id("i", terminal), Exit: 1, Guest: true, build: cloneNotTheCause,
		Answers: map[string]string{estate.AnswerFrom: officePC},
		Expect:  cause(finding.AccountLocked),
		Title:   lang.Both("Copies, but the office PC's account is locked", "複製ではあるが、原因は社内 PC から使うアカウントのロックアウト"),
		Lesson: lang.Both("A shared SID stops sign-ins between the copies only. From an office PC it does not matter; the account does.",
			"SID の重複で拒否されるのは複製同士の認証だけです。社内 PC からの接続には影響せず、原因はアカウントのロックアウトです。"),
	}, {
		Name: "dns-forwarder-missing", Symptom: runbook.Everything, Exit: 1, Guest: true, build: dnsForwarderMissing,
		Answers: map[string]string{estate.AnswerADDomain: adDomain},
		Expect:  []Expected{{Code: finding.DNSAWSNamesNotForwarded, Certainty: finding.Proven}},
		Title:   lang.Both("The directory's DNS, in another VPC, sends AWS's names to the internet", "別 VPC の AD DNS を配布した結果、AWS のサービス名がパブリック IP に解決"),
		Lesson: lang.Both("A directory's DNS knows the endpoints of its own VPC at most. Handed out in another VPC it takes the servers there out of Systems Manager.",
			"AD の DNS サーバーが解決できるのは、自身の VPC のエンドポイントまでです。別の VPC に DHCP で配布すると、その VPC のサーバーは Systems Manager から外れます。"),
	}, {
		Name: "lease-stale", Symptom: runbook.DomainJoin, Exit: 1, Guest: true, build: leaseStale,
		Answers: map[string]string{estate.AnswerADDomain: adDomain},
		Expect:  explaining(finding.DNSLeaseStale, finding.ADNotJoined),
		Title:   lang.Both("The option set is right, the lease is old", "DHCP オプションは正しいが、リースが更新されていない"),
		Lesson: lang.Both("A new DHCP option set reaches a running Windows when its lease is renewed, which takes up to hours; ipconfig /renew does it at once.",
			"新しい DHCP オプションセットが稼働中の Windows に反映されるのはリース更新時で、数時間かかることがあります。ipconfig /renew で即時に反映できます。"),
	}, {
		Name: "kms-blocked", Symptom: runbook.NotActivated, Exit: 1, Guest: true, build: broken(kmsBlocked), Expect: explaining(finding.ActivationNoRoute, finding.ActivationNotLicensed),
		Title: lang.Both("No way to the KMS servers", "KMS サーバーに到達できない"),
		Lesson: lang.Both("169.254.169.250 and .251 are reached by routes of Windows itself; security groups and network ACLs have no part in it.",
			"169.254.169.250 と .251 への経路は OS 内のルートで決まり、セキュリティグループやネットワーク ACL は関係しません。"),
	}, {
		Name: "clock-skewed", Symptom: runbook.NotActivated, Exit: 1, Guest: true, build: broken(clockSkewed), Expect: explaining(finding.ActivationClockSkewed, finding.ActivationNotLicensed),
		Title: lang.Both("Nine hours ahead", "時計が 9 時間進んでいる"),
		Lesson: lang.Both("A Windows set to Tokyo's time needs RealTimeIsUniversal=1, or it takes the hardware's UTC for local time.",
			"タイムゾーンを東京にした場合は RealTimeIsUniversal=1 が必要です。未設定だとハードウェアの UTC 時刻を現地時刻とみなし、9 時間ずれます。"),
	}, {
		Name: "agent-stopped", Symptom: runbook.NotInSystemsManager, Exit: 1, build: broken(agentStopped), Expect: explaining(finding.SSMAgentStopped, finding.SSMConnectionLost),
		Title: lang.Both("RDP works, Systems Manager does not: the agent was stopped", "RDP はできるが Systems Manager に接続できない（SSM Agent の停止）"),
		Lesson: lang.Both("Inventory outlives the connection: what it last saw of the agent's service tells why the heartbeat ended.",
			"インベントリは接続が切れた後も残ります。最後に記録された SSM Agent サービスの状態から、接続が途絶えた理由を推定できます。"),
	}, {
		Name: "sysprep-stuck", Symptom: runbook.Cloned, Exit: 1, Guest: true, build: sysprepStuck, Expect: cause(finding.CloneSysprepStuck),
		Title: lang.Both("Sysprep stopped half-way", "Sysprep が途中で停止"),
		Lesson: lang.Both("An image in which Sysprep did not finish makes servers whose setup does not finish: RDP stays off and no password is set.",
			"Sysprep が完了していない AMI から起動したサーバーはセットアップが完了せず、RDP は無効のまま、パスワードも設定されません。"),
	}, {
		Name: "ssm-cli-false-alarms", Symptom: runbook.Everything, Guest: true, build: broken(func(w *World) { w.dropEndpoint(vpcID(), "ec2messages") }),
		Title: lang.Both("ssm-cli reports failures that are none", "ssm-cli の診断に「Failed」があるが問題のない構成"),
		Lesson: lang.Both("ssm-cli calls every endpoint that is not there a failure: ec2messages is no longer needed, kms, logs and monitoring never were.",
			"ssm-cli は存在しないエンドポイントをすべて Failed と表示します。ec2messages は現在のエージェントでは不要で、kms・logs・monitoring は任意です。"),
	}, {
		Name: "rds-grace-over", Symptom: runbook.RDPRefused, Exit: 1, Guest: true, build: broken(rdsGraceOver),
		Answers: map[string]string{estate.AnswerFrom: neighbourID()},
		Expect:  cause(finding.RDPLicenseExpired),
		Title:   lang.Both("The grace period of Remote Desktop Services is over", "リモートデスクトップサービスの猶予期間が終了"),
		Lesson: lang.Both("A session host without a licence server works for 120 days. Servers launched from one image end on the same day.",
			"ライセンスサーバーのない RD セッションホストが使えるのは 120 日間です。同じ AMI から作成したサーバーは同じ日に使えなくなります。"),
	}}
}
