package lab

import (
	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/runbook"
)

// officeScenarios are about License Manager's user-based subscriptions.
func officeScenarios() []Scenario {
	killed := []finding.Code{finding.InstanceTerminatedByLicense}
	return []Scenario{{
		Name: "office-terminates", Symptom: runbook.OfficeTerminates, InstanceID: officeID(dead), Exit: 1, build: officeTerminates,
		Expect: []Expected{{Code: finding.DNSADDomainUnresolvable, Certainty: finding.Proven, Explains: killed}},
		Title:  lang.Both("OFFICE-03 is gone: its VPC cannot resolve the AD domain", "OFFICE-03 が消えた（VPC から AD ドメインを名前解決できない）"),
		Lesson: lang.Both("License Manager terminates an Office instance that it cannot join to the domain. Its own Run Command output survives the instance and holds the error.",
			"License Manager は、ドメインに参加させられない Office 付きインスタンスを終了 (terminated) させます。その Run Command の出力はインスタンスの終了後も残り、エラーの内容を確認できます。"),
	}, {
		Name: "office-dc-elsewhere", Symptom: runbook.OfficeTerminates, InstanceID: officeID(dead), Exit: 1, build: officeElsewhere,
		Expect: []Expected{{Code: finding.DNSADDomainUnresolvable, Certainty: finding.Proven, Explains: killed}},
		Title:  lang.Both("The same, and the domain controllers are in a peered VPC", "同じ事象で、ドメインコントローラーがピアリング先の VPC にある"),
		Lesson: lang.Both("A Resolver rule forwards the domain and nothing else. The controllers as the VPC's DNS servers would take its servers out of Systems Manager, because they know none of its endpoints.",
			"Resolver ルールなら AD ドメインの名前だけを転送できます。DHCP オプションで DC を DNS サーバーにすると、DC は自 VPC のエンドポイントを解決できないため、Systems Manager に接続できなくなります。"),
	}, {
		Name: "office-dead-long-ago", Symptom: runbook.OfficeTerminates, InstanceID: officeID(dead), Exit: 1, Unknown: []fact.Reason{fact.Denied}, build: officeDeadLongAgo,
		Expect: []Expected{{Code: finding.DNSADDomainUnresolvable, Certainty: finding.Likely, Explains: killed, Assumptions: []string{finding.AssumeUnchanged}}},
		Title:  lang.Both("The same, forty days later and with ReadOnlyAccess", "同じ事象を 40 日後に ReadOnlyAccess で調査"),
		Lesson: lang.Both("Run Command has forgotten, License Manager's API is refused, and somebody changed the DNS in between: what is left makes the cause likely, not proven.",
			"Run Command の履歴は残っておらず、License Manager の API は権限不足で、その後 DNS 設定も変更されています。このため原因は「確定」ではなく「有力」にとどまります。"),
	}, {
		Name: "office-1688", Symptom: runbook.OfficeTerminates, InstanceID: officeID(dead), Exit: 1, build: office1688, Expect: cause(finding.LicensePort1688Blocked),
		Title:  lang.Both("Joined, but the activation servers cannot be reached", "ドメイン参加後、ライセンス認証サーバーに到達できない"),
		Lesson: lang.Both("Office needs tcp/1688 to License Manager's endpoints, whose security group is easily forgotten.", "Office のライセンス認証には License Manager のエンドポイントへの tcp/1688 が必要です。そのセキュリティグループは見落とされがちです。"),
	}, {
		Name: "office-two-directories", Symptom: runbook.OfficeTerminates, InstanceID: officeID(dead), Exit: 1, build: officeTwoDirectories, Expect: cause(finding.LicenseDirectoryAmbiguous),
		Title:  lang.Both("Two registered directories are within reach", "到達可能な登録済みディレクトリが 2 つ存在"),
		Lesson: lang.Both("License Manager takes the directory of the instance's VPC or that of exactly one peered VPC; with two it gives up.", "License Manager は自 VPC か、ピアリング先のうちただ 1 つの VPC にあるディレクトリを使います。2 つあると選択できず、インスタンスを終了 (terminated) させます。"),
	}, {
		Name: "office-user-missing", Symptom: runbook.OfficeNotLicensed, InstanceID: officeID(living), Exit: 1, build: officeUserMissing,
		Answers: map[string]string{estate.AnswerUser: "tanaka"},
		Expect:  []Expected{{Code: finding.LicenseUserNotSubscribed}, {Code: finding.LicenseUserNotAssociated}},
		Title:   lang.Both("tanaka can sign in to nothing: neither subscribed nor associated", "tanaka が Office を使えない（未サブスクライブ・未関連付け）"),
		Lesson: lang.Both("A user needs the product's subscription and an association with the instance. Their lack does not terminate anything.",
			"ユーザーには製品のサブスクリプションとインスタンスへの関連付けの両方が必要です。なお、これらが不足していてもインスタンスが終了 (terminated) されることはありません。"),
	}}
}

// officeUserMissing leaves tanaka with the Remote Desktop licence alone.
func officeUserMissing() *World {
	w := officeRunning()
	w.subscribe("tanaka", remoteProduct)
	return w
}
