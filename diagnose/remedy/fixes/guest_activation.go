package fixes

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/guest"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/remedy"
)

// windowsProduct is the application id of Windows (domain.md §7.1 [M]).
const windowsProduct = "55c92734-d682-4d71-983e-d6ec3f16059f"

// kmsHost and kmsPort are AWS's first KMS host (domain.md §7.1 [V:ec2cfg]).
const (
	kmsHost = "169.254.169.250"
	kmsPort = 1688
)

func activationFixes() []remedy.Fix {
	fix := func(id string, en, ja string, code finding.Code, make func(*remedy.Builder), more ...finding.Code) remedy.Fix {
		return remedy.Fix{ID: id, Mode: remedy.Automatic, For: append([]finding.Code{code}, more...), Title: lang.Both(en, ja), Actions: []string{"ssm:SendCommand"}, Make: make}
	}
	return []remedy.Fix{
		fix("activation.add-routes", "Set the routes to AWS's KMS and activate", "AWS の KMS へのルートを再設定してライセンス認証",
			finding.ActivationStaleRoutes, addRoutes, finding.ActivationNoRoute),
		fix("activation.remove-routes", "Only remove the routes that lead to another subnet's gateway", "別サブネットのゲートウェイへのルートの削除のみ実施",
			finding.ActivationStaleRoutes, removeRoutes),
		fix("activation.set-kms-host", "Set AWS's KMS as the host and activate", "KMS ホストを AWS の KMS に設定してライセンス認証",
			finding.ActivationKMSHostWrong, setKMSHost),
		fix("activation.set-client-key", "Install the KMS client key of the edition and activate", "エディションに対応する KMS クライアントキーを設定してライセンス認証",
			finding.ActivationKeyWrong, setClientKey),
		fix("activation.set-clock", "Set the clock right, and keep it right", "OS の時刻を同期し、ずれの原因となる設定を修正",
			finding.ActivationClockSkewed, setClock),
	}
}

// activationPart reads what Windows tells of its licence, and refuses where the
// customer brings it: AWS's KMS must not be used then (domain.md ACT-0).
func activationPart(b *remedy.Builder) (estate.Instance, estate.GuestActivation, bool) {
	i, ok := reached(b)
	if !ok {
		return i, estate.GuestActivation{}, false
	}
	if i.UsageOperation == "RunInstances:0800" || i.PlatformDetails == "Windows BYOL" {
		b.Refuse("the licence is the customer's own (BYOL): AWS's KMS must not activate it", "ライセンス持ち込み（BYOL）のため AWS の KMS は利用不可")
		return i, estate.GuestActivation{}, false
	}
	a, ok := need(b, estate.GuestActivationPart, i.ID)
	return i, a, ok
}

// gateways are the routers of now.
func gateways(a estate.GuestActivation) []string {
	var out []string
	for _, r := range a.Routes {
		if hop, err := netip.ParseAddr(r.NextHop); err == nil && r.Destination == "0.0.0.0/0" && r.Store == "ActiveStore" && !hop.IsUnspecified() {
			out = append(out, r.NextHop)
		}
	}
	return out
}

// linkRoute tells the routes to AWS's link-local services.
func linkRoute(r estate.GuestRoute) bool {
	p, err := netip.ParsePrefix(r.Destination)
	return err == nil && p.Bits() == 32 && netip.MustParsePrefix("169.254.169.0/24").Contains(p.Addr())
}

// strayRoutes are those that lead to none of the gateways of now.
func strayRoutes(a estate.GuestActivation) []estate.GuestRoute {
	now := gateways(a)
	var out []estate.GuestRoute
	for _, r := range a.Routes {
		if linkRoute(r) && len(now) > 0 && !slices.Contains(now, r.NextHop) {
			out = append(out, r)
		}
	}
	return out
}

// routeList writes the link-local routes as the scripts take them: a persistent one is
// active too, and stands there once.
func routeList(a estate.GuestActivation) string {
	var kept, out []string
	name := func(r estate.GuestRoute) string {
		return r.Destination + "|" + r.NextHop + "|" + strconv.Itoa(r.Metric)
	}
	for _, r := range a.Routes {
		if linkRoute(r) && r.Store == "PersistentStore" && !slices.Contains(kept, name(r)) {
			kept = append(kept, name(r))
		}
	}
	for _, k := range kept {
		out = append(out, k+"|persistent")
	}
	for _, r := range a.Routes {
		if linkRoute(r) && r.Store == "ActiveStore" && !slices.Contains(kept, name(r)) {
			out = append(out, name(r)+"|active")
		}
	}
	return strings.Join(out, ",")
}

// dropStray edits the routes as the scripts do: what they add afterwards is looked at,
// since its metric is Windows's choice.
func dropStray(b *remedy.Builder, id string, a estate.GuestActivation) {
	stray := strayRoutes(a)
	if len(stray) == 0 {
		return
	}
	remedy.Edit(b, estate.GuestActivationPart, id, func(a estate.GuestActivation) estate.GuestActivation {
		var left []estate.GuestRoute
		for _, r := range a.Routes {
			if !slices.Contains(stray, r) {
				left = append(left, r)
			}
		}
		a.Routes = left
		return a
	})
}

func routesUnread(b *remedy.Builder, a estate.GuestActivation) bool {
	switch {
	case a.Unread.Has("routes"):
		b.Refuse("the routes of Windows could not be read: what stands there could not be put back", "OS のルートを取得できておらず、切り戻しができないため")
	case len(gateways(a)) == 0:
		b.Refuse("Windows has no default gateway to which the routes could lead", "OS にデフォルトゲートウェイがなく、ルートの向き先を決められないため")
	default:
		return false
	}
	return true
}

// addRoutes is the seed's four commands for EC2Launch v1, and the same routes for v2,
// whose own run would also run user data that is set to run always (domain.md ACT-2).
func addRoutes(b *remedy.Builder) {
	i, a, ok := activationPart(b)
	if !ok || routesUnread(b, a) {
		return
	}
	fix := guest.FixActivateV2
	byHand := lang.Both("remove the routes to 169.254.169.x that lead to another gateway (Remove-NetRoute), add one to each of 169.254.169.250 and .251 via the default gateway (New-NetRoute -PolicyStore ActiveStore), then slmgr.vbs /ato",
		"別のゲートウェイを向く 169.254.169.x へのルートを削除（Remove-NetRoute）し、169.254.169.250 と .251 へのルートをデフォルトゲートウェイ経由で追加（New-NetRoute -PolicyStore ActiveStore）した後、slmgr.vbs /ato")
	switch {
	case a.V1:
		fix = guest.FixActivateV1
		byHand = lang.Same(`Import-Module C:\ProgramData\Amazon\EC2-Windows\Launch\Module\Ec2Launch.psd1; Add-Routes; Set-ActivationSettings; cscript //nologo $env:windir\system32\slmgr.vbs /ato`)
	case !a.V2:
		b.Refuse("neither EC2Launch v1 nor v2 is installed; EC2Config sets the routes by itself when its service is restarted", "EC2Launch v1・v2 のいずれもなし。EC2Config の場合はサービスの再起動でルートが再設定される")
		return
	}
	if len(strayRoutes(a)) == 0 && routed(a) {
		b.Refuse("the routes to the KMS hosts are there and lead to the right gateway: what stops the traffic is a firewall in Windows", "KMS ホストへのルートは存在し、向き先も正しい。通信を止めているのは OS 内のファイアウォール等")
		return
	}
	if h := hostToSet(a); h != "" && !setHostStep(b, i, a, h) {
		return
	}
	dropStray(b, i.ID, a)
	remedy.Awaits(b, estate.GuestActivationPart, i.ID)
	if !runInside(b, i, inside{
		step: "routes", fix: fix, undo: guest.FixRestoreRoutes, undoArgs: map[string]string{"routes": routeList(a)},
		title:  lang.Both("Set the routes of %[1]s to AWS's link-local services by the gateway %[2]s, and activate", "%[1]s の AWS リンクローカルサービスへのルートをゲートウェイ %[2]s 経由に再設定し、ライセンス認証を実行").With(i.ID, strings.Join(gateways(a), ", ")),
		byHand: byHand,
		check:  "Test-NetConnection 169.254.169.250 -Port 1688; Get-CimInstance SoftwareLicensingProduct -Filter \"PartialProductKey IS NOT NULL\" | Select-Object Name, LicenseStatus",
		expect: lang.Both("TcpTestSucceeded is True, LicenseStatus of Windows is 1", "TcpTestSucceeded が True、Windows の LicenseStatus が 1"),
	}) {
		return
	}
	insideEnds(b, i)
	b.Why("AWS's KMS hosts are link-local: only the routes of Windows lead to them, and they have to name the gateway of this subnet", "AWS の KMS はリンクローカルアドレスで、到達には現在のサブネットのゲートウェイを向いた OS のルートが必要なため")
	b.Settles(2*time.Minute, "Windows activates", "ライセンス認証の完了")
	b.Takes(5 * time.Minute)
}

// routed reports whether Windows has an active route to both KMS hosts.
func routed(a estate.GuestActivation) bool {
	for _, host := range []string{"169.254.169.250/32", "169.254.169.251/32"} {
		if !slices.ContainsFunc(a.Routes, func(r estate.GuestRoute) bool { return r.Store == "ActiveStore" && r.Destination == host }) {
			return false
		}
	}
	return true
}

func removeRoutes(b *remedy.Builder) {
	i, a, ok := activationPart(b)
	if !ok || routesUnread(b, a) {
		return
	}
	if len(strayRoutes(a)) == 0 {
		b.Refuse("no route leads to another gateway", "別のゲートウェイを向くルートなし")
		return
	}
	dropStray(b, i.ID, a)
	remedy.Awaits(b, estate.GuestActivationPart, i.ID)
	if !runInside(b, i, inside{
		step: "routes", fix: guest.FixRemoveRoutes, undo: guest.FixRestoreRoutes, undoArgs: map[string]string{"routes": routeList(a)},
		title:  lang.Both("Remove %[2]d routes of %[1]s that lead to another subnet's gateway", "%[1]s の別サブネットのゲートウェイを向くルート %[2]d 件を削除").With(i.ID, len(strayRoutes(a))),
		byHand: lang.Both("Remove-NetRoute for each route to 169.254.169.x whose next hop is not the default gateway", "次ホップがデフォルトゲートウェイでない 169.254.169.x へのルートを Remove-NetRoute で削除"),
		check:  "Get-NetRoute -DestinationPrefix 169.254.169.* | Select-Object DestinationPrefix, NextHop",
		expect: lang.Both("only %s as next hop", "次ホップは %s のみ").With(strings.Join(gateways(a), ", ")),
	}) {
		return
	}
	insideEnds(b, i)
	b.Why("the wrong routes go; EC2Launch adds the right ones when it runs next", "誤ったルートを削除し、正しいルートは EC2Launch の次回実行時に追加されるため")
	b.Warn("with EC2Launch v1 nothing adds routes again by itself: choose the other fix there", "EC2Launch v1 ではルートは自動で再追加されないため、もう一方の対処を推奨")
	b.Settles(2*time.Minute, "Windows is looked at again", "OS の再確認")
	b.Takes(3 * time.Minute)
}

// windowsRows are the indexes of the rows of Windows itself.
func windowsRows(a estate.GuestActivation) []int {
	var out []int
	for n, p := range a.Products {
		if strings.EqualFold(p.Application, windowsProduct) {
			out = append(out, n)
		}
	}
	return out
}

func awsKMS(host string) bool {
	return slices.Contains([]string{kmsHost, "169.254.169.251", "fd00:ec2::240"}, strings.ToLower(host))
}

// hostToSet is AWS's KMS where Windows has another one, "" where it has not.
func hostToSet(a estate.GuestActivation) string {
	for _, n := range windowsRows(a) {
		if p := a.Products[n]; !awsKMS(p.KMSHost) || p.KMSPort != 0 && p.KMSPort != kmsPort {
			return kmsHost
		}
	}
	return ""
}

// setHostStep is slmgr /skms, and its way back to what was recorded: /skms with the
// host of before, or /ckms where there was none.
func setHostStep(b *remedy.Builder, i estate.Instance, a estate.GuestActivation, host string) bool {
	rows := windowsRows(a)
	if len(rows) == 0 {
		b.Refuse("Windows lists no product of its own with a key: install the client key first", "プロダクトキーが設定された Windows の製品がないため、先にクライアントキーの設定が必要")
		return false
	}
	old := a.Products[rows[0]]
	back := map[string]string{"clear": "1"}
	if old.KMSHost != "" {
		back = map[string]string{"host": old.KMSHost}
		if old.KMSPort != 0 {
			back["port"] = strconv.Itoa(old.KMSPort)
		}
	}
	remedy.Edit(b, estate.GuestActivationPart, i.ID, func(a estate.GuestActivation) estate.GuestActivation {
		a.Products = slices.Clone(a.Products)
		for _, n := range windowsRows(a) {
			a.Products[n].KMSHost, a.Products[n].KMSPort = host, kmsPort
		}
		return a
	})
	return runInside(b, i, inside{
		step: "host", fix: guest.FixKMSHost, args: map[string]string{"host": host, "port": strconv.Itoa(kmsPort)}, undo: guest.FixKMSHost, undoArgs: back,
		title:  lang.Both("Set the KMS host of %[1]s to %[2]s (before: %[3]s)", "%[1]s の KMS ホストを %[2]s に設定（変更前: %[3]s）").With(i.ID, host, orDash(lang.Clean(old.KMSHost))),
		byHand: lang.Same(fmt.Sprintf("cscript //nologo $env:windir\\system32\\slmgr.vbs /skms %s:%d; cscript //nologo $env:windir\\system32\\slmgr.vbs /ato", host, kmsPort)),
		check:  "Get-CimInstance SoftwareLicensingProduct -Filter \"PartialProductKey IS NOT NULL\" | Select-Object Name, KeyManagementServiceMachine, LicenseStatus",
		expect: lang.Both("the host is %s", "KMS ホストが %s").With(host),
	})
}

func setKMSHost(b *remedy.Builder) {
	i, a, ok := activationPart(b)
	if !ok {
		return
	}
	if a.Unread.Has("products") {
		b.Refuse("the licences of Windows could not be read", "OS のライセンス情報を取得できない")
		return
	}
	if !setHostStep(b, i, a, kmsHost) {
		return
	}
	foreseeLicence(b, i.ID)
	insideEnds(b, i)
	b.Why("the Windows licence of this instance comes with EC2, and only AWS's KMS activates it", "この Windows ライセンスは EC2 に含まれ、認証できるのは AWS の KMS のみのため")
	b.Stop("stop if the company runs a KMS of its own and this server is meant to use it", "自社の KMS の利用が意図したものである場合は中止")
	b.Settles(2*time.Minute, "Windows activates", "ライセンス認証の完了")
	b.Takes(5 * time.Minute)
}
