package probe

import (
	"fmt"
	"strings"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
)

// recentUpdate is how long ago an update may have been installed to be worth
// showing: "it worked yesterday" is what customers say.
const recentUpdate = 48 * time.Hour

// shownUpdates bounds the evidence; a patch night installs a handful.
const shownUpdates = 8

func recordsProbe() Probe {
	return Probe{
		ID:    "instance.records",
		Title: lang.Both("What Systems Manager remembers of Windows", "Systems Manager に残る OS の記録（取得時点の状態）"),
		Parts: []estate.AnyKind{estate.InstancePart, estate.TrailPart, estate.ManagedNodePart, estate.InventoryPart, estate.PatchesPart},
		Judge: judgeRecords,
	}
}

// judgeRecords shows the witnesses that need no consent and also speak for a server
// that is offline now: gateway, DNS servers and services of the last inventory, and
// the updates that were installed shortly before. They are facts of their own time
// and decide nothing by themselves.
func judgeRecords(v *estate.View) Verdict {
	p, stop := runningWindows(v)
	if stop != nil {
		return *stop
	}
	node := estate.ManagedNodePart.Of(v, p.ID)
	if node.IsUnknown() {
		return unread(node.Why())
	}
	n, registered := node.Get()
	if !registered {
		return notApplicable(lang.Both("not registered, so nothing is remembered", "未登録のため記録なし"))
	}
	inventory, patches := estate.InventoryPart.Of(v, p.ID), estate.PatchesPart.Of(v, p.ID)
	read := []finding.Evidence{see(estate.ManagedNodePart.Key(p.ID), "last_ping", join(n.PingStatus, ageOf(v, n.LastPing)), lang.Both("the last heartbeat", "最終 ping"), node.Origin())}
	if i, known := inventory.Get(); known {
		at, age := estate.InventoryPart.Key(p.ID), ageOf(v, i.Captured)
		if len(i.Gateways) > 0 {
			read = append(read, see(at, "gateways", strings.Join(i.Gateways, ", "), lang.Both("the gateway, as of %s", "デフォルトゲートウェイ（%s 時点）").With(age), inventory.Origin()))
		}
		if len(i.DNS) > 0 {
			read = append(read, see(at, "dns", strings.Join(i.DNS, ", "), lang.Both("the DNS servers, as of %s", "DNS サーバー（%s 時点）").With(age), inventory.Origin()))
		}
		for _, s := range i.Services {
			read = append(read, see(at, s.Name, join(s.Status, s.StartType), lang.Both("a service, as of %s", "サービス（%s 時点）").With(age), inventory.Origin()))
		}
	}
	updates := updatesOf(v, p, inventory, patches)
	read = append(read, updates[:min(len(updates), shownUpdates)]...)
	if whys := append(whyOf(inventory), whyOf(patches)...); len(whys) > 0 {
		out := unread(whys...)
		out.Evidence = read
		return out
	}
	if inventory.IsAbsent() && patches.IsAbsent() {
		return notApplicable(lang.Both("neither inventory nor patch results", "インベントリ・パッチ適用結果の記録なし"), read...)
	}
	// Patch results carry no time of their own, an inventory does.
	captured := lang.Both("patch results of the last scan", "前回スキャン時のパッチ結果")
	if i, known := inventory.Get(); known {
		captured = lang.Both("inventory of %s", "インベントリ %s 時点").With(ageOf(v, i.Captured))
	}
	if len(updates) > 0 {
		return ok(lang.Both("%d updates installed within two days (%s)", "過去 48 時間以内に更新プログラム %d 件の適用あり（%s）").With(len(updates), captured), read...)
	}
	return ok(lang.Both("no update installed within two days, as far as is recorded (%s)", "過去 48 時間以内の更新プログラム適用の記録なし（%s）").With(captured), read...)
}

// updatesOf lists the updates that were installed shortly before, from both places
// that know of them, each once.
func updatesOf(v *estate.View, p patient, inventory fact.Of[estate.Inventory], patches fact.Of[[]estate.Patch]) []finding.Evidence {
	var out []finding.Evidence
	seen := map[string]bool{}
	add := func(at estate.Key, kb, title string, installed time.Time, o fact.Origin) {
		kb = strings.ToUpper(kb)
		if age := v.AsOf().Sub(installed); installed.IsZero() || age < 0 || age > recentUpdate || seen[kb] {
			return
		}
		seen[kb] = true
		out = append(out, see(at, kb, join(title, stamp(installed)), lang.Both("an update installed shortly before", "直近に適用された更新プログラム"), o))
	}
	for _, u := range patches.Value() {
		// The service answers "Installed" where the SDK's constants say "INSTALLED":
		// https://docs.aws.amazon.com/code-library/latest/ug/ssm_example_ssm_DescribeInstancePatches_section.html
		if strings.HasPrefix(strings.ToUpper(u.State), "INSTALLED") {
			add(estate.PatchesPart.Key(p.ID), u.KB, u.Title, u.Installed, patches.Origin())
		}
	}
	for _, u := range inventory.Value().Updates {
		add(estate.InventoryPart.Key(p.ID), u.HotFix, "", u.Installed, inventory.Origin())
	}
	return out
}

// ageOf says when something was recorded, and how long ago that is.
func ageOf(v *estate.View, t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	age := v.AsOf().Sub(t)
	switch {
	case age < time.Minute:
		return stamp(t)
	case age < 2*time.Hour:
		return fmt.Sprintf("%s, -%dm", stamp(t), int(age.Minutes()))
	case age < 48*time.Hour:
		return fmt.Sprintf("%s, -%dh", stamp(t), int(age.Hours()))
	}
	return fmt.Sprintf("%s, -%dd", stamp(t), int(age.Hours()/24))
}
