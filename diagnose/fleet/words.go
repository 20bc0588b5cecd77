package fleet

import (
	"strconv"

	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
)

func number(n int) string { return strconv.Itoa(n) }

// NobodyText says what Report.Nobody means.
func NobodyText() lang.Text {
	return lang.Both("undecided: no such instance was found", "切り分け未完了（該当するインスタンスなし）")
}

// Text names a standing.
func (s Standing) Text() lang.Text {
	switch s {
	case Answered:
		return lang.Both("Windows answered", "OS 内で確認済み")
	case Online:
		return lang.Both("online, Windows was not asked", "オンライン（OS 内は未確認）")
	case Unread:
		return lang.Both("could not be read", "確認できず")
	case Offline:
		return lang.Both("offline in Systems Manager", "オフライン（接続が失われました）")
	case Unmanaged:
		return lang.Both("no managed node", "マネージドノードではない")
	case Stopped:
		return lang.Both("not running", "停止中")
	case Terminated:
		return lang.Both("terminated", "終了済み（terminated）")
	case Linux:
		return lang.Both("not Windows", "Windows 以外")
	case Controller:
		return lang.Both("domain controller (no machine SID)", "ドメインコントローラー（対象外）")
	case Missing:
		return lang.Both("not found", "見つからない")
	case Denied:
		return lang.Both("access denied", "権限不足")
	case Unreached:
		return lang.Both("not reached by the command for the tag", "タグ指定のコマンドが届かず")
	case Extra:
		return lang.Both("reached by the tag, but not in the list of instances", "一覧にないがタグ指定のコマンドの対象となったノード")
	}
	return lang.Same(string(s))
}

// Title says what the members of a group have in common.
func (g Group) Title() lang.Text {
	switch g.Kind {
	case BySID:
		return lang.Both("The same machine SID", "マシン SID の重複")
	case ByName:
		return lang.Both("The same computer name", "コンピューター名の重複")
	case ByWSUS:
		return lang.Both("The same WSUS client id (SusClientId)", "WSUS クライアント ID（SusClientId）の重複")
	}
	return lang.Both("Launched from one image of the account's own", "同一の自己所有 AMI から起動")
}

// Verdict says what a group means.
func (g Group) Verdict() lang.Text {
	switch g.Kind {
	case BySID:
		return g.sidVerdict()
	case ByName:
		t := lang.Both("Copies without Sysprep are suspected; a person can have given equal names too.", "Sysprep 未実施の複製の疑い（手動で同名にした可能性もあり）。")
		if g.Unasked > 0 {
			t = lang.Both("%s The machine SID of %d is not known.", "%sマシン SID 未確認 %d 台。").With(t, g.Unasked)
		}
		switch {
		case g.Consoles > 1 && g.Thumbprints == 1:
			t = lang.Both("%s The consoles of %d show one RDP certificate.", "%sコンソール出力の RDP 証明書が %d 台で同一。").With(t, g.Consoles)
		case g.Consoles > 1:
			t = lang.Both("%s The consoles of %d show %d different RDP certificates.", "%sコンソール出力の RDP 証明書は %d 台で %d 種類。").With(t, g.Consoles, g.Thumbprints)
		}
		return t
	case ByWSUS:
		return lang.Both("WSUS shows them as one computer, whose state changes with whoever reported last.", "WSUS 上で 1 台として表示され、最後に報告したコンピューターの状態に置き換わる。")
	}
	return lang.Both("Copies of each other if the image was made without Sysprep; %d have not told their SID.", "AMI が Sysprep 未実施で作成されていれば複製。SID 未確認 %d 台。").With(g.Unasked)
}

func (g Group) sidVerdict() lang.Text {
	var t lang.Text
	switch n := len(g.Blocking); {
	case n == 0:
		t = lang.Both(
			"A risk: these builds do not check for it. Windows Server 2025 and Windows 11 24H2 or later do, from the updates of 2025-08-29 on (KB5064081, KB5065426).",
			"リスクあり（現在の OS ビルドでは認証への影響なし。Windows Server 2025・Windows 11 24H2 以降に 2025 年 8 月 29 日以降の更新（KB5064081、KB5065426）を適用した場合は影響あり）。",
		)
	default:
		t = lang.Both(
			"Authentication between members of this group is blocked where one of %d members is the target (build 26100 with revision 5074, or later). Clients outside of the group are not affected.",
			"このグループのコンピューター間で、%d 台（ビルド 26100.5074 以降）への認証がブロックされる。グループ外からの接続には影響なし。",
		).With(n)
	}
	if g.WSUS != "" {
		t = lang.Both("%s They share the WSUS client id (SusClientId) too.", "%sWSUS クライアント ID（SusClientId）も重複。").With(t)
	}
	if n := len(g.Refused); n > 0 {
		t = lang.Both("%s Event 6167 of the last seven days stands on %d.", "%sイベント 6167（直近 7 日）の記録あり: %d 台。").With(t, n)
	}
	return t
}

// Do says what to do about a group, in order.
func (g Group) Do() []lang.Text {
	switch g.Kind {
	case BySID:
		return []lang.Text{
			lang.Both("Make a new image from a copy of the server that was generalized with Sysprep (EC2Launch), and replace the members one by one with instances of it.",
				"複製したサーバーで Sysprep（EC2Launch）を実施して一般化した AMI を作成し、1 台ずつ置き換える"),
			lang.Both("Do not run Sysprep on a server in use: it takes it out of its domain and removes its settings. Leaving the domain and joining it again does not change the SID.",
				"稼働中のサーバーで Sysprep を実行しない（ドメインから外れ、設定が失われる）。ドメインへの再参加では SID は変わらない"),
		}
	case ByName:
		return []lang.Text{lang.Both("Read the machine SIDs: monshin fleet clones --guest, or have the customer run the script of monshin ask.",
			"マシン SID を確認する（monshin fleet clones --guest、または monshin ask のスクリプトをお客様に実行いただく）")}
	case ByWSUS:
		return []lang.Text{lang.Both("On each of them stop the wuauserv service, delete SusClientId and SusClientIdValidation, start it again, and run wuauclt /resetauthorization /detectnow.",
			"各サーバーで wuauserv サービスを停止し、SusClientId と SusClientIdValidation を削除後に開始、wuauclt /resetauthorization /detectnow を実行する")}
	}
	return nil
}

// SeverityText is a severity in the words of a screen.
func SeverityText(s finding.Severity) lang.Text {
	switch s {
	case finding.Error:
		return lang.Both("error", "要対処")
	case finding.Warning:
		return lang.Both("warning", "要注意")
	}
	return lang.Both("info", "参考")
}

// Text names a trait.
func (t Trait) Text() lang.Text {
	switch t {
	case TraitImage:
		return lang.Same("AMI")
	case TraitBuild:
		return lang.Both("OS build", "OS ビルド")
	case TraitPatch:
		return lang.Both("update, installed on (UTC)", "更新プログラムと適用日（UTC）")
	case TraitSubnet:
		return lang.Both("subnet", "サブネット")
	case TraitVPC:
		return lang.Same("VPC")
	case TraitGroup:
		return lang.Both("security group", "セキュリティグループ")
	case TraitRole:
		return lang.Both("instance profile", "インスタンスプロファイル")
	case TraitAgent:
		return lang.Both("SSM Agent version", "SSM Agent のバージョン")
	case TraitPing:
		return lang.Both("state in Systems Manager", "Systems Manager の状態")
	case TraitLaunch:
		return lang.Both("launched on (UTC)", "起動日（UTC）")
	case TraitZone:
		return lang.Both("Availability Zone", "アベイラビリティーゾーン")
	case TraitType:
		return lang.Both("instance type", "インスタンスタイプ")
	case TraitKey:
		return lang.Both("key pair", "キーペア")
	case TraitState:
		return lang.Both("state", "状態")
	case TraitTag:
		return lang.Both("tag", "タグ")
	case TraitAccount:
		return lang.Both("account and region", "アカウントとリージョン")
	}
	return lang.Same(string(t))
}
