package fixes

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/guest"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/remedy"
)

// clockGrace is how wrong a clock may be: Kerberos's usual tolerance (domain.md ACT-5).
const clockGrace = 5 * 60 // seconds

// clientKeys are the last five characters of Microsoft's published client keys, by build
// and edition; the script holds the keys (domain.md §7.1 [V:gvlk]).
func clientKeys() map[string]string {
	return map[string]string{
		"26100 ServerDatacenter": "YP6DF", "26100 ServerStandard": "MY832", "20348 ServerDatacenter": "6VM33", "20348 ServerStandard": "VMK7H",
		"17763 ServerDatacenter": "63DFG", "17763 ServerStandard": "J464C", "14393 ServerDatacenter": "8XDDG", "14393 ServerStandard": "KHKQY",
	}
}

func setClientKey(b *remedy.Builder) {
	i, a, ok := activationPart(b)
	if !ok {
		return
	}
	who, ok := need(b, estate.GuestIdentityPart, i.ID)
	if !ok {
		return
	}
	last, known := clientKeys()[fmt.Sprintf("%d %s", who.Build, who.Edition)]
	switch {
	case strings.HasSuffix(who.Edition, "Eval"):
		b.Refuse("an evaluation edition takes no client key before it is converted (DISM /Online /Set-Edition)", "評価版はエディションの変換（DISM /Online /Set-Edition）を行うまでクライアントキーを設定不可")
		return
	case !known:
		b.Refuse("no published client key is known for build %d, edition %s", "ビルド %d、エディション %s に対応する公開クライアントキーなし", who.Build, orDash(lang.Clean(who.Edition)))
		return
	}
	if rows := windowsRows(a); len(rows) > 0 && !slices.ContainsFunc(rows, func(n int) bool { return a.Products[n].PartialKey == last }) {
		remedy.Edit(b, estate.GuestActivationPart, i.ID, func(a estate.GuestActivation) estate.GuestActivation {
			a.Products = slices.Clone(a.Products)
			a.Products[rows[0]].PartialKey = last
			return a
		})
		remedy.Foresee(b, estate.GuestActivationPart, i.ID, func(a estate.GuestActivation) estate.GuestActivation {
			a.Products = slices.Clone(a.Products)
			a.Products[rows[0]].Description = "Windows(R) Operating System, VOLUME_KMSCLIENT channel"
			return a
		})
		foreseeLicence(b, i.ID)
	} else {
		remedy.Awaits(b, estate.GuestActivationPart, i.ID)
	}
	if !runInside(b, i, inside{
		step: "key", fix: guest.FixClientKey, args: map[string]string{"build": strconv.Itoa(who.Build), "edition": who.Edition},
		title:  lang.Both("Install the client key of %[2]s (…-%[3]s) on %[1]s, and activate", "%[1]s に %[2]s のクライアントキー（…-%[3]s）を設定し、ライセンス認証を実行").With(i.ID, who.Edition, last),
		noUndo: lang.Both("Windows shows only the last five characters of the key that it has now, so that monshin cannot put it back", "現在のプロダクトキーは末尾 5 文字しか読み取れず、元に戻せないため"),
		byHand: lang.Both("slmgr.vbs /ipk with Microsoft's published KMS client key (GVLK) of the edition, then slmgr.vbs /ato", "slmgr.vbs /ipk に Microsoft 公開の KMS クライアントキー（GVLK）を指定した後、slmgr.vbs /ato"),
		check:  "Get-CimInstance SoftwareLicensingProduct -Filter \"PartialProductKey IS NOT NULL\" | Select-Object Name, PartialProductKey, LicenseStatus",
		expect: lang.Both("PartialProductKey is %s, LicenseStatus is 1", "PartialProductKey が %s、LicenseStatus が 1").With(last),
	}) {
		return
	}
	insideEnds(b, i)
	b.Why("AWS's KMS activates KMS clients only", "AWS の KMS で認証できるのは KMS クライアント用のキーのみのため")
	b.Stop("stop if the key of now is a licence that the company paid for and nobody has it written down", "現在のキーが自社購入のもので、控えがない場合は中止")
	b.Settles(2*time.Minute, "Windows activates", "ライセンス認証の完了")
	b.Takes(5 * time.Minute)
}

// setClock sets the registry value that EC2's hardware clock needs, and takes the time
// from the time source (domain.md ACT-5).
func setClock(b *remedy.Builder) {
	i, a, ok := activationPart(b)
	if !ok {
		return
	}
	step := inside{
		step: "clock", fix: guest.FixClock,
		title:  lang.Both("Set RealTimeIsUniversal=1 on %s and synchronise the clock", "%s に RealTimeIsUniversal=1 を設定し、時刻を同期").With(i.ID),
		byHand: lang.Same(`Set-ItemProperty HKLM:\SYSTEM\CurrentControlSet\Control\TimeZoneInformation RealTimeIsUniversal 1 -Type DWord; w32tm /resync /rediscover`),
		check:  "(Get-Date).ToUniversalTime(); w32tm /query /status",
		expect: lang.Both("the time in UTC is right", "UTC の時刻が正しい"),
	}
	if now := a.RealTimeIsUniversal; now == nil || *now != 1 {
		old := ""
		if now != nil {
			old = strconv.Itoa(*now)
		}
		step.undo, step.undoArgs = guest.FixClock, map[string]string{"real_time_is_universal": old}
		remedy.Edit(b, estate.GuestActivationPart, i.ID, func(a estate.GuestActivation) estate.GuestActivation {
			one := 1
			a.RealTimeIsUniversal = &one
			return a
		})
		b.Warn("undo puts the registry value back; the time itself stays right", "切り戻しの対象はレジストリ値のみ（同期後の時刻は維持）")
	} else {
		step.noUndo = lang.Both("only the time changes, and a wrong time is nothing to go back to", "変更は時刻の修正のみで、戻すべき設定変更なし")
	}
	remedy.Foresee(b, estate.GuestActivationPart, i.ID, func(a estate.GuestActivation) estate.GuestActivation {
		right := 0.0
		a.ClockOffset = &right
		return a
	})
	foreseeLicence(b, i.ID)
	if !runInside(b, i, step) {
		return
	}
	insideEnds(b, i)
	b.Why("EC2 keeps the hardware clock in UTC, which Windows takes for local time without this value", "EC2 のハードウェアクロックは UTC のため、この値がないと Windows が現地時刻とみなすため")
	b.Warn("the clock jumps: what runs by the clock (scheduled tasks, logs, databases) sees it", "時刻が大きく変わるため、スケジュールされたタスク・ログ・データベース等への影響を事前に確認")
	b.Settles(5*time.Minute, "Windows activates with the right time", "正しい時刻でのライセンス認証")
	b.Takes(5 * time.Minute)
}

// foreseeLicence says what Windows will show of its licence: activated where nothing
// that was read stands in the way any more; otherwise it has to be looked at.
func foreseeLicence(b *remedy.Builder, id string) {
	f := estate.GuestActivationPart.Of(b.Later(), id)
	a, known := f.Get()
	rows := windowsRows(a)
	clear := known && len(rows) > 0 && hostToSet(a) == "" && a.ClockOffset != nil && *a.ClockOffset <= clockGrace && *a.ClockOffset >= -clockGrace &&
		(a.Ports[kmsHost+":1688"] == "ok" || a.Ports["169.254.169.251:1688"] == "ok")
	for _, n := range rows {
		clear = clear && strings.Contains(a.Products[n].Description, "VOLUME_KMSCLIENT")
	}
	if !clear {
		remedy.Awaits(b, estate.GuestActivationPart, id)
		return
	}
	remedy.Foresee(b, estate.GuestActivationPart, id, func(a estate.GuestActivation) estate.GuestActivation {
		a.Products = slices.Clone(a.Products)
		for _, n := range windowsRows(a) {
			a.Products[n].Status, a.Products[n].Reason = 1, ""
		}
		return a
	})
}
