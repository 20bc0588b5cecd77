package fixes

import (
	"time"

	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
)

// cloneGuides rebuild. A server that runs is never generalized in place: Sysprep cannot
// be taken back, removes it from its domain, and does not repair what a copy broke
// (domain.md §8.2).
func cloneGuides() []guide {
	t := lang.Both
	return []guide{{
		id: "clone.rebuild", codes: []finding.Code{finding.CloneNotGeneralized, finding.CloneAuthenticationBlocked, finding.CloneDuplicateSID, finding.CloneSysprepStuck, finding.CloneSuspected},
		title: t("Rebuild from a generalized image", "Sysprep で一般化した AMI から作成し直す"),
		why: t("SID, name, password, routes and activation are made anew only on a machine that starts from a generalized image",
			"SID・コンピューター名・パスワード・ルート・ライセンス認証は、一般化した AMI からの起動時にのみ新しく作成されるため"),
		steps: []guideStep{{
			t("Make an image of {instance} without a restart, and keep the image {image}", "{instance} の AMI を作成し、元の AMI（{image}）も保持"),
			t("EC2 console > Instances > {instance} > Actions > Image and templates > Create image; or start from a current AWS image and install anew, which is the cleanest", "EC2 コンソール > インスタンス > {instance} > アクション > イメージとテンプレート > イメージを作成。AWS の最新 AMI からの新規構築が最も確実"),
			"aws ec2 describe-images --owners self --query \"Images[].[ImageId,Name,State]\" --output table", t("available", "available"), lang.Text{},
		}, {
			t("Launch a helper from it, cut off from the network", "その AMI からネットワークを隔離した作業用インスタンスを起動"),
			t("A security group that lets only your own access in, no License Manager product running twice, a key pair. Two machines of one identity must not meet", "自分の接続元のみを許可する SG とキーペアを指定し、License Manager の製品を二重に稼働させない。同一の SID・名前のサーバーを同じネットワークで同時に使わない"),
			"aws ec2 describe-instances --filters Name=instance-state-name,Values=running --query \"Reservations[].Instances[].[InstanceId,ImageId]\"", t("running", "running"), lang.Text{},
		}, {
			t("On the helper only: leave the domain, then generalize", "作業用インスタンスでのみ: ドメインから離脱し、Sysprep を実行"),
			t("EC2Launch v2: & \"$env:ProgramFiles\\Amazon\\EC2Launch\\EC2Launch.exe\" sysprep --shutdown=true. v1: InitializeInstance.ps1 -Schedule, then SysprepInstance.ps1. Never on the server that is in use. Japanese images: look at LocaleName in the answer file first",
				"EC2Launch v2: & \"$env:ProgramFiles\\Amazon\\EC2Launch\\EC2Launch.exe\" sysprep --shutdown=true。v1: InitializeInstance.ps1 -Schedule の後に SysprepInstance.ps1。稼働中のサーバー自体では実行しない。日本語環境では応答ファイルのロケール設定を事前に確認"),
			"aws ec2 describe-instances --filters Name=instance-state-name,Values=stopped --query \"Reservations[].Instances[].[InstanceId,State.Name]\"", t("stopped: Sysprep shut it down by itself", "stopped（Sysprep による自動シャットダウン）"),
			t("Sysprep cannot be taken back on the helper; the image of the first step holds the state of before", "作業用インスタンス上の Sysprep は取り消し不可（最初に作成した AMI に変更前の状態あり）"),
		}, {
			t("Make the image of the stopped helper, and terminate the helper", "停止した作業用インスタンスから AMI を作成し、作業用インスタンスを終了"),
			t("EC2 console > Instances > the helper > Create image; then Terminate", "EC2 コンソール > インスタンス > 作業用インスタンス > イメージを作成、完了後に終了"),
			"aws ec2 describe-images --owners self --query \"Images[].[ImageId,State]\"", t("available", "available"), lang.Text{},
		}, {
			t("Launch two from it and compare", "新しい AMI から 2 台を起動して比較"),
			t("Their SIDs and names differ, the password can be had after 4 to 15 minutes, Windows is activated: monshin fleet clones", "SID とコンピューター名が異なり、4～15 分後にパスワードを取得でき、ライセンス認証が完了していることを確認（monshin fleet clones）"),
			"monshin fleet clones --guest", t("no group with one SID", "SID の重複なし"), lang.Text{},
		}, {
			t("Replace the servers one by one, and keep the old ones stopped until the new ones are accepted", "サーバーを 1 台ずつ切り替え、確認が終わるまで旧サーバーを停止状態で保持"),
			t("Data, DNS names, load balancer targets and domain membership move with the cut-over; back: start the old one again", "データ・DNS 名・ロードバランサーのターゲット・ドメイン参加を切り替え時に移行。切り戻しは旧サーバーの起動"),
			online, t("the new server is Online", "新サーバーが Online"), lang.Text{},
		}},
		takes: 4 * time.Hour, cost: t("the helper, test instances, images and snapshots while they exist", "作業用・検証用インスタンス、AMI・スナップショットの料金（削除まで）"),
		warn: []lang.Text{
			t("Microsoft: it is not sufficient to take devices out of the domain and run Sysprep on them; rebuild them", "ドメインからの離脱と Sysprep の実行だけでは不十分で、作成し直しが必要（Microsoft の案内）"),
			t("the temporary registry workaround of 2026 is given by Microsoft Support only, weakens the protection, and expires at the end of 2027", "2026 年提供の一時的なレジストリ回避策は Microsoft サポート経由のみで、保護が弱まり、2027 年末に失効"),
		},
		settles: time.Hour, wait: t("the replacement is launched and looked at", "切り替え後のサーバーの確認"),
		stop: t("stop if somebody proposes to run Sysprep on the server in use", "稼働中のサーバー自体で Sysprep を実行する案の場合は中止"),
	}}
}
