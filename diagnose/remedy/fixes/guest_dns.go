package fixes

import (
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/guest"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/remedy"
)

func leaseFixes() []remedy.Fix {
	return []remedy.Fix{{
		ID: "dns.renew-lease", Mode: remedy.Automatic, For: []finding.Code{finding.DNSLeaseStale},
		Title:   lang.Both("Renew the DHCP lease of Windows", "Windows の DHCP リースを更新"),
		Actions: []string{"ssm:SendCommand"},
		Make:    renewLease,
	}}
}

// renewLease takes what DHCP hands out now, instead of hours later (domain.md §6.1).
func renewLease(b *remedy.Builder) {
	i, ok := reached(b)
	if !ok {
		return
	}
	for _, id := range seenIn(b, estate.GuestDNSPart.Name()) {
		remedy.Awaits(b, estate.GuestDNSPart, id)
	}
	if !runInside(b, i, inside{
		step: "renew", fix: guest.FixRenewLease,
		title:  lang.Both("Renew the lease of %s", "%s の DHCP リースを更新").With(i.ID),
		noUndo: lang.Both("a lease is given by DHCP: another option set and a renewal bring the servers of before back", "リースの内容は DHCP が決めるため。元の DNS サーバーに戻すには DHCP オプションセットを戻して再度更新"),
		byHand: lang.Same("ipconfig /renew; ipconfig /flushdns"),
		check:  "Get-DnsClientServerAddress -AddressFamily IPv4 | Where-Object ServerAddresses",
		expect: lang.Both("the DNS servers of the VPC's option set", "VPC の DHCP オプションセットどおりの DNS サーバー"),
	}) {
		return
	}
	insideEnds(b, i)
	b.Why("Windows uses the DNS servers of the lease until it is renewed", "Windows はリースの更新まで、以前に配布された DNS サーバーを使い続けるため")
	b.Warn("names are resolved by other servers from then on; the address of the instance stays, as EC2 assigns it", "以後の名前解決は新しい DNS サーバーで実施。IP アドレスは EC2 の割り当てのため変更なし")
	b.Warn("servers that somebody set by hand on an adapter are not touched by this", "アダプターに手動設定された DNS サーバーは変更の対象外")
	b.Settles(2*time.Minute, "Windows asks the new servers", "新しい DNS サーバーでの名前解決")
	b.Takes(2 * time.Minute)
}

func forwarderFixes() []remedy.Fix {
	return []remedy.Fix{{
		ID: "dns.add-forwarder", Mode: remedy.Automatic, For: []finding.Code{finding.DNSAWSNamesNotForwarded},
		Title:   lang.Both("Let this domain controller forward to the VPC's Resolver", "このドメインコントローラーのフォワーダーに VPC の Resolver を追加"),
		Actions: []string{"ssm:SendCommand"},
		Make:    addForwarder,
	}}
}

// vpcResolver is where every instance reaches the Resolver of its own VPC (domain.md §6.1).
const vpcResolver = "169.254.169.253"

// addForwarder is for an instance that is a domain controller itself. Where others
// serve the names, they have to be changed: ds.* for a managed directory, and the
// guided steps for controllers elsewhere (domain.md §6.3 C).
func addForwarder(b *remedy.Builder) {
	i, ok := reached(b)
	if !ok {
		return
	}
	who, ok := need(b, estate.GuestIdentityPart, i.ID)
	if !ok {
		return
	}
	if who.Role < 4 {
		b.Refuse("this instance is no domain controller: the forwarder belongs on the servers that it asks", "ドメインコントローラーではないため対象外（フォワーダーは問い合わせ先の DNS サーバー側に設定）")
		return
	}
	for _, id := range seenIn(b, estate.GuestDNSPart.Name()) {
		remedy.Awaits(b, estate.GuestDNSPart, id)
	}
	args := map[string]string{"server": vpcResolver}
	if !runInside(b, i, inside{
		step: "forward", fix: guest.FixAddForwarder, args: args, undo: guest.FixRemoveForwarder, undoArgs: args,
		title:  lang.Both("Add %[2]s as a forwarder on %[1]s", "%[1]s のフォワーダーに %[2]s を追加").With(i.ID, vpcResolver),
		byHand: lang.Same("Add-DnsServerForwarder -IPAddress " + vpcResolver),
		check:  "Get-DnsServerForwarder; Resolve-DnsName ssm." + b.Target().Region + ".amazonaws.com",
		expect: lang.Both("%s is listed; the answer is an address of the endpoint", "%s が一覧にあり、エンドポイントのプライベート IP アドレスに解決").With(vpcResolver),
	}) {
		return
	}
	insideEnds(b, i)
	b.Reaches(remedy.Blast{What: lang.Both("clients that use this server for DNS", "この DNS サーバーを利用するクライアント")})
	b.Why("what the directory does not know is then answered by the VPC's Resolver, which knows its endpoints", "AD の管理外の名前を、エンドポイントの名前を解決できる VPC の Resolver に転送するため")
	b.Settles(5*time.Minute, "the servers forget what they answered before", "DNS キャッシュの期限切れ")
	b.Takes(5 * time.Minute)
	b.Warn("the other controllers of the domain need the same: forwarders are kept for each server", "フォワーダーはサーバーごとの設定のため、他のドメインコントローラーにも同じ設定が必要")
}
