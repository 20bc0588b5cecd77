package windows

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

func routePrograms() map[string]program {
	return map[string]program{
		"route": (*run).route, "Get-NetRoute": (*run).getNetRoute, "New-NetRoute": (*run).newNetRoute, "Remove-NetRoute": (*run).removeNetRoute,
		"Import-Module": (*run).importModule, "Add-Routes": (*run).addRoutesCommand, "Set-ActivationSettings": (*run).setActivationSettings,
		"EC2Launch": (*run).launchAgent,
	}
}

// card is the index of the only network card, as the activation block tells it.
const card = "6"

const (
	activeStore, persistentStore = "ActiveStore", "PersistentStore"
	defaultDestination           = "0.0.0.0/0"
)

// routeObjects are the routes of a store, in the order of their destinations.
func (r *run) routeObjects(stores ...string) []object {
	var out []object
	for _, v := range r.h.Activation(r.o).Routes {
		if slices.Contains(stores, v.Store) {
			out = append(out, object{{"ifIndex", strconv.Itoa(v.Interface)}, {"DestinationPrefix", v.Destination}, {"NextHop", v.NextHop},
				{"RouteMetric", strconv.Itoa(v.Metric)}, {"PolicyStore", v.Store}, {"Store", v.Store}, {"InterfaceAlias", r.alias()}, {"AddressFamily", "IPv4"}})
		}
	}
	return out
}

var routeColumns = []string{"ifIndex", "DestinationPrefix", "NextHop", "RouteMetric", "PolicyStore"}

func (r *run) getNetRoute(c command) (result, bool) {
	b, ok := r.bind(c, "DestinationPrefix 0", "AddressFamily", "PolicyStore", "NextHop")
	if !ok {
		return result{}, false
	}
	store := activeStore
	switch given := b.get("PolicyStore"); {
	case strings.EqualFold(given, persistentStore):
		store = persistentStore
	case given != "" && !strings.EqualFold(given, activeStore):
		return result{}, r.beyond(c[0].text, "-PolicyStore "+given)
	}
	if family := b.get("AddressFamily"); family != "" && !strings.EqualFold(family, "IPv4") {
		return result{}, r.beyond(c[0].text, "-AddressFamily "+family)
	}
	v := result{columns: routeColumns}
	for _, o := range r.routeObjects(store) {
		to, _ := o.get("DestinationPrefix")
		hop, _ := o.get("NextHop")
		if (!b.has("DestinationPrefix") || wildcard(b.get("DestinationPrefix"), to)) && (!b.has("NextHop") || wildcard(b.get("NextHop"), hop)) {
			v.objects = append(v.objects, o)
		}
	}
	if len(v.objects) == 0 && b.has("DestinationPrefix") {
		return v, r.noRoute(c[0].text)
	}
	return v, true
}

func (r *run) noRoute(cmdlet string) bool {
	return r.fail(cmdlet, "No matching MSFT_NetRoute objects found by CIM query.", "CIM クエリで一致する MSFT_NetRoute オブジェクトが見つかりません。")
}

// newNetRoute adds a route to one address: in both stores, unless only the active one
// is named.
func (r *run) newNetRoute(c command) (result, bool) {
	b, ok := r.bind(c, "DestinationPrefix 0", "NextHop", "InterfaceIndex", "InterfaceAlias", "RouteMetric", "PolicyStore", "AddressFamily")
	if !ok {
		return result{}, false
	}
	to, badTo := netip.ParsePrefix(b.get("DestinationPrefix"))
	hop, badHop := netip.ParseAddr(b.get("NextHop"))
	metric := newMetric
	var badMetric error
	if b.has("RouteMetric") {
		metric, badMetric = strconv.Atoi(b.get("RouteMetric"))
	}
	store := b.get("PolicyStore")
	switch {
	case badTo != nil || badHop != nil || badMetric != nil || metric < 0 || metric > 9999:
		return result{}, r.fail(c[0].text, "Invalid parameter", "パラメーターが無効です")
	case to.Bits() == 0 || !to.Addr().Is4() || store != "" && !strings.EqualFold(store, activeStore):
		return result{}, r.beyond(c[0].text, words(c[1:]))
	}
	route := Route{Destination: to.Masked().String(), NextHop: hop.String(), Metric: metric, Persistent: store == ""}
	if slices.ContainsFunc(r.h.Routes, func(have Route) bool {
		return have.Destination == route.Destination && have.NextHop == route.NextHop && (have.Persistent || !route.Persistent)
	}) {
		return result{}, r.fail(c[0].text, "Instance MSFT_NetRoute already exists", "インスタンス MSFT_NetRoute は既に存在します")
	}
	r.h.Routes = append(r.h.Routes, route)
	return r.routesTo(route), true
}

// routesTo shows a route in the stores that it is in.
func (r *run) routesTo(route Route) result {
	v := result{columns: routeColumns}
	for _, o := range r.routeObjects(activeStore, persistentStore) {
		to, _ := o.get("DestinationPrefix")
		hop, _ := o.get("NextHop")
		if to == route.Destination && hop == route.NextHop {
			v.objects = append(v.objects, o)
		}
	}
	return v
}

// removeNetRoute removes routes from both stores. A line that is sent for a step has
// to say that it needs no confirmation.
func (r *run) removeNetRoute(c command) (result, bool) {
	b, ok := r.bind(c, "DestinationPrefix 0", "NextHop", "InterfaceIndex", "InterfaceAlias")
	if !ok {
		return result{}, false
	}
	if b.has("Confirm") || !confirmed(c) {
		return result{}, r.beyond(c[0].text, r.say("without -Confirm:$false", "-Confirm:$false の省略"))
	}
	before := len(r.h.Routes)
	r.h.Routes = slices.DeleteFunc(r.h.Routes, func(have Route) bool {
		return have.Destination == b.get("DestinationPrefix") && (!b.has("NextHop") || have.NextHop == b.get("NextHop"))
	})
	if len(r.h.Routes) == before {
		return result{}, r.noRoute(c[0].text)
	}
	return result{}, true
}

func confirmed(c command) bool {
	return slices.ContainsFunc(c, func(w word) bool { return strings.EqualFold(w.text, "-Confirm:$false") })
}

// route is route.exe: print and delete.
func (r *run) route(c command) (result, bool) {
	var given []string
	for _, w := range c[1:] {
		if !strings.EqualFold(w.text, "-4") {
			given = append(given, w.text)
		}
	}
	switch {
	case len(given) == 0 || len(given) > 2:
	case strings.EqualFold(given[0], "print"):
		pattern := "*"
		if len(given) == 2 {
			pattern = given[1]
		}
		return result{text: r.routeTable(pattern)}, true
	case strings.EqualFold(given[0], "delete") && len(given) == 2:
		before := len(r.h.Routes)
		r.h.Routes = slices.DeleteFunc(r.h.Routes, func(have Route) bool { return strings.TrimSuffix(have.Destination, "/32") == given[1] })
		if len(r.h.Routes) == before {
			return result{text: r.say("The route deletion failed: Element not found.\n\n", "ルートの削除に失敗しました: 要素が見つかりません。\n\n")}, false
		}
		return result{text: " OK!\n"}, true
	}
	return result{}, r.beyond("route", words(c[1:]))
}

func (r *run) routeTable(pattern string) string {
	var b strings.Builder
	bar := strings.Repeat("=", 75) + "\n"
	cell := func(s string, to int) string { return fit(plainLine(s), max(to, textCells(s)), true) }
	lines := func(store string, line func(to, mask, hop, metric string)) (some bool) {
		for _, o := range r.routeObjects(store) {
			destination, _ := o.get("DestinationPrefix")
			hop, _ := o.get("NextHop")
			metric, _ := o.get("RouteMetric")
			p, err := netip.ParsePrefix(destination)
			if err != nil || !wildcard(pattern, p.Addr().String()) || store == persistentStore && destination == defaultDestination {
				continue
			}
			line(p.Addr().String(), mask(p.Bits()), hop, metric)
			some = true
		}
		return some
	}
	b.WriteString("\n" + r.say("IPv4 Route Table", "IPv4 ルート テーブル") + "\n" + bar + r.say("Active Routes:", "アクティブ ルート:") + "\n")
	head := []string{"Network Destination", "Netmask", "Gateway", "Interface", "Metric"}
	if r.shell.language == Japanese {
		head = []string{"ネットワーク宛先", "ネットマスク", "ゲートウェイ", "インターフェイス", "メトリック"}
	}
	b.WriteString(cell(head[0], 19) + " " + cell(head[1], 16) + " " + cell(head[2], 16) + " " + cell(head[3], 16) + " " + cell(head[4], 6) + "\n")
	lines(activeStore, func(to, mask, hop, metric string) {
		b.WriteString(cell(to, 19) + " " + cell(mask, 16) + " " + cell(hop, 16) + " " + cell(r.shell.seat.Address, 16) + " " + cell(metric, 6) + "\n")
	})
	b.WriteString(bar + r.say("Persistent Routes:", "固定ルート:") + "\n")
	head = []string{"Network Address", "Netmask", "Gateway Address", "Metric"}
	if r.shell.language == Japanese {
		head = []string{"ネットワーク アドレス", "ネットマスク", "ゲートウェイ アドレス", "メトリック"}
	}
	title := cell(head[0], 19) + " " + cell(head[1], 16) + " " + cell(head[2], 16) + " " + cell(head[3], 6) + "\n"
	some := lines(persistentStore, func(to, mask, hop, metric string) {
		b.WriteString(title + cell(to, 19) + " " + cell(mask, 16) + " " + cell(hop, 16) + " " + cell(metric, 6) + "\n")
		title = ""
	})
	if !some {
		b.WriteString("  " + r.say("None", "なし") + "\n")
	}
	b.WriteString(bar)
	return b.String()
}

func mask(bits int) string {
	if bits < 0 || bits > 32 {
		return ""
	}
	n := ^uint32(0) << (32 - bits)
	return netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}).String()
}

// launchModule is the module of EC2Launch v1 (domain.md ACT-2).
const launchModule = `C:\ProgramData\Amazon\EC2-Windows\Launch\Module\Ec2Launch.psd1`

func (r *run) importModule(c command) (result, bool) {
	b, ok := r.bind(c, "Name 0", "Force ?")
	if !ok {
		return result{}, false
	}
	name := b.get("Name")
	switch {
	case !strings.EqualFold(name, launchModule):
		return result{}, r.beyond(c[0].text, name)
	case r.h.Agent != LaunchV1:
		return result{}, r.fail(c[0].text, "The specified module '"+name+"' was not loaded because no valid module file was found in any module directory.",
			"指定されたモジュール '"+name+"' は、有効なモジュール ファイルがどのモジュール ディレクトリにも見つからなかったため読み込まれませんでした。")
	}
	r.shell.module = true
	return result{}, true
}

// moduleMetric is what v1's module gives its routes (sysprep-and-cloned-instances).
const moduleMetric = 15

// addRoutesCommand is v1's Add-Routes: the routes to the link-local services in both
// stores, and the time from one of them.
func (r *run) addRoutesCommand(c command) (result, bool) {
	if !r.shell.module {
		return result{}, r.notRecognized(c[0].text)
	}
	if len(c) > 1 {
		return result{}, r.beyond(c[0].text, c[1].text)
	}
	r.h.linkServices(r.o, moduleMetric)
	var v result
	for _, to := range Linked() {
		v.objects = append(v.objects, r.routesTo(Route{Destination: to + "/32", NextHop: r.o.Gateway()}).objects...)
	}
	text, _ := r.resync()
	return result{text: table(v.objects, routeColumns, r.cols) + text}, true
}

// setActivationSettings is v1's: AWS's KMS becomes the KMS.
func (r *run) setActivationSettings(c command) (result, bool) {
	if !r.shell.module {
		return result{}, r.notRecognized(c[0].text)
	}
	if len(c) > 1 {
		return result{}, r.beyond(c[0].text, c[1].text)
	}
	if r.h.setKMS("169.254.169.250", "1688") != nil {
		return result{}, r.fail(c[0].text, "Windows has no product key.", "プロダクト キーがありません。")
	}
	return result{}, true
}

// launchAgent is EC2Launch v2's run: of what it does each time, the routes.
func (r *run) launchAgent(c command) (result, bool) {
	switch {
	case r.h.Agent != LaunchV2:
		return result{}, r.notRecognized(c[0].text)
	case len(c) != 2 || !strings.EqualFold(c[1].text, "run"):
		return result{}, r.beyond("EC2Launch.exe", words(c[1:]))
	}
	r.h.linkServices(r.o, newMetric)
	r.h.State = r.o.Now()
	return result{}, true
}
