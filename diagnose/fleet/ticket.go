package fleet

import "github.com/monshin/monshin/diagnose/lang"

// Ticket says what a group means in whole polite sentences, for an export.
func (g Group) Ticket() lang.Text {
	n := len(g.Members)
	switch g.Kind {
	case BySID:
		t := lang.Both("%d instances had the same machine SID.", "%d 台のインスタンスで、マシン SID が重複しておりました。").With(n)
		if b := len(g.Blocking); b > 0 {
			t = lang.Both(
				"%s On %d of them Windows (build 26100 with revision 5074, or later) refuses authentication from the other members. Connections from computers outside of the group are not affected.",
				"%sこのうち %d 台（OS ビルド 26100.5074 以降）では、SID が重複するコンピューターからの認証が OS により拒否されます。グループ外のコンピューターからの接続には影響ございません。").With(t, b)
		} else {
			t = lang.Both(
				"%s Their Windows builds do not refuse authentication for it; Windows Server 2025 and Windows 11 24H2 or later do, from the updates of 2025-08-29 on (KB5064081, KB5065426).",
				"%s現在の OS ビルドでは認証への影響はございませんが、Windows Server 2025・Windows 11 24H2 以降に 2025 年 8 月 29 日以降の更新（KB5064081、KB5065426）を適用された場合は、認証が拒否されます。").With(t)
		}
		if g.WSUS != "" {
			t = lang.Both("%s They have the same WSUS client id (SusClientId) too, so that WSUS shows them as one computer.", "%sWSUS クライアント ID（SusClientId）も重複しており、WSUS では 1 台のコンピューターとして表示されます。").With(t)
		}
		if r := len(g.Refused); r > 0 {
			t = lang.Both("%s Event 6167 (LsaSrv) of the last seven days was recorded on %d.", "%s直近 7 日間のイベント 6167（LsaSrv）が %d 台で記録されておりました。").With(t, r)
		}
		return t
	case ByName:
		t := lang.Both(
			"%d instances used the same computer name. They may have been copied from an image without Sysprep; equal names given by hand are possible as well.",
			"%d 台のインスタンスで、コンピューター名が重複しておりました。Sysprep を実施せずに複製された可能性が高いと考えております（手動で同名を設定された可能性もございます）。").With(n)
		if g.Unasked > 0 {
			t = lang.Both("%s The machine SID of %d of them has not been read.", "%sこのうち %d 台のマシン SID は確認できておりません。").With(t, g.Unasked)
		}
		return t
	case ByWSUS:
		return lang.Both(
			"%d instances had the same WSUS client id (SusClientId). WSUS shows them as one computer.",
			"%d 台のインスタンスで、WSUS クライアント ID（SusClientId）が重複しておりました。WSUS では 1 台のコンピューターとして表示されます。").With(n)
	}
	return lang.Both(
		"%d instances were launched from one image of the account's own. Whether it was generalized with Sysprep has not been read for %d of them.",
		"%d 台のインスタンスが同一の自己所有 AMI から起動されておりました。うち %d 台では Sysprep による一般化の有無を確認できておりません。").With(n, g.Unasked)
}
