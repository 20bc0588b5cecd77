package windows

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

func licensePrograms() map[string]program {
	return map[string]program{"slmgr": (*run).slmgrWindow, "cscript": (*run).cscript}
}

// published are the client keys that Microsoft publishes for KMS, in pieces: what
// looks like a key is masked wherever monshin writes (domain.md §7.1 [V:gvlk]).
func published() map[string]struct {
	year     Release
	standard bool
} {
	type of = struct {
		year     Release
		standard bool
	}
	key := func(parts ...string) string { return strings.Join(parts, "-") }
	return map[string]of{
		key("D764K", "2NDRG", "47T6Q", "P8T8W", "YP6DF"): {2025, false},
		key("TVRH6", "WHNXV", "R9WG3", "9XRFY", "MY832"): {2025, true},
		key("WX4NM", "KYWYW", "QJJR4", "XV3QB", "6VM33"): {2022, false},
		key("VDYBN", "27WPP", "V4HQT", "9VMD4", "VMK7H"): {2022, true},
		key("WMDGN", "G9PQG", "XVVXX", "R3X43", "63DFG"): {2019, false},
		key("N69G4", "B89J2", "4G8F4", "WWYCC", "J464C"): {2019, true},
		key("CB7KF", "BWN84", "R7R2Y", "793K2", "8XDDG"): {2016, false},
		key("WC2BQ", "8NRM3", "FDDYY", "2BFGV", "KHKQY"): {2016, true},
	}
}

// slmgrWindow is slmgr by its name alone, which shows its answer in a window on a
// desktop that no session sees. The simulation shows the answer and says so.
func (r *run) slmgrWindow(c command) (result, bool) {
	v, ok := r.slmgr(c[1:])
	if v.text != "" {
		v.text = r.shell.note("slmgr shows this in a window that a session does not see; cscript //nologo $env:windir\\system32\\slmgr.vbs writes it here:",
			"slmgr の結果は実機ではダイアログに表示され、セッションでは見えない。画面に出すには cscript //nologo $env:windir\\system32\\slmgr.vbs を使用:") + "\n" + v.text
	}
	return v, ok
}

func (r *run) cscript(c command) (result, bool) {
	rest, banner := c[1:], "Microsoft (R) Windows Script Host Version 5.812\nCopyright (C) Microsoft Corporation. All rights reserved.\n\n"
	for len(rest) > 0 && strings.HasPrefix(rest[0].text, "//") {
		if !strings.EqualFold(rest[0].text, "//nologo") {
			return result{}, r.beyond("cscript", rest[0].text)
		}
		rest, banner = rest[1:], ""
	}
	if len(rest) == 0 {
		return result{}, r.beyond("cscript", "")
	}
	var v result
	ok := false
	switch programName(rest[0].text) {
	case "slmgr":
		v, ok = r.slmgr(rest[1:])
	case "ospp":
		v, ok = r.ospp(rest[1:])
	default:
		return v, r.beyond("cscript", rest[0].text)
	}
	if v.text != "" {
		v.text = banner + v.text
	}
	return v, ok
}

// slmgr is slmgr.vbs: its options that act on KMS activation, and those that show it.
func (r *run) slmgr(given command) (result, bool) {
	if len(given) == 0 {
		return result{}, r.beyond("slmgr", "")
	}
	option := strings.ToLower(given[0].text)
	if o, ok := strings.CutPrefix(option, "-"); ok {
		option = "/" + o
	}
	value := ""
	if len(given) > 1 {
		value = given[1].text
	}
	arguments := map[string]int{"/ato": 0, "/dlv": 0, "/dli": 0, "/xpr": 0, "/ckms": 0, "/skms": 1, "/ipk": 1}
	n, known := arguments[option]
	if !known || len(given) != n+1 {
		return result{}, r.beyond("slmgr", words(given))
	}
	p := r.h.windowsProduct()
	if p == nil {
		return result{text: r.say("Error: product not found.\n", "エラー: 製品が見つかりません。\n")}, false
	}
	switch option {
	case "/ato":
		return r.activateProduct(*p)
	case "/skms":
		host, port := value, "1688"
		if h, given, cut := strings.Cut(value, ":"); cut && strings.Count(value, ":") == 1 {
			host, port = h, given
		}
		if host == "" || r.h.setKMS(host, port) != nil {
			return result{text: r.say("Error: 0x80070057 The parameter is incorrect.\n", "エラー: 0x80070057 パラメーターが間違っています。\n")}, false
		}
		return result{text: fmt.Sprintf(r.say("Key Management Service machine name set to %s successfully.\n", "キー管理サービス コンピューター名は %s に正しく設定されました。\n"), plainLine(value))}, true
	case "/ckms":
		_ = r.h.setKMS("", "") // there is a product
		return result{text: r.say("Key Management Service machine name cleared successfully.\n", "キー管理サービス コンピューター名は正しく消去されました。\n")}, true
	case "/ipk":
		return r.installProductKey(value)
	case "/xpr":
		return result{text: plain(p.Name) + ":\n    " + r.expiry(*p) + "\n"}, true
	}
	return result{text: r.productText(*p, option == "/dlv")}, true
}

// expiry is when a licence ends: a KMS client's after 180 days.
func (r *run) expiry(p Product) string {
	l := r.h.license(r.o, p)
	switch {
	case l.Status != 1:
		return r.say("Windows is in Notification mode", "Windows は通知モードです")
	case !p.KMS:
		return r.say("The machine is permanently activated.", "コンピューターは永続的にライセンス認証されています。")
	}
	end := r.shortTime(r.clock().Add(time.Duration(l.GraceMinutes) * time.Minute))
	return r.say("Volume activation will expire "+end, "ボリューム ライセンス認証の有効期限: "+end)
}

// codeText is what Windows says to a code of activation (domain.md §7.1).
func (r *run) codeText(code string) string {
	head := r.say("The Software Licensing Service reported that the product could not be activated.", "ソフトウェア ライセンス サービスから、製品をライセンス認証できなかったという報告がありました。")
	switch code {
	case "0xC004F074":
		return head + r.say(" No Key Management Service (KMS) could be contacted. Please see the Application Event Log for additional information.",
			"キー管理サービス (KMS) に接続できませんでした。詳細については、アプリケーション イベント ログを参照してください。")
	case "0xC004F06C":
		return head + r.say(" The Key Management Service (KMS) determined that the request timestamp is invalid.", "要求のタイムスタンプが無効であるとキー管理サービス (KMS) が判断しました。")
	case "0xC004F050":
		return r.say("The Software Licensing Service reported that the product key is invalid.", "ソフトウェア ライセンス サービスから、プロダクト キーが無効であるという報告がありました。")
	case "0xC004F069":
		return r.say("The Software Licensing Service reported that the product SKU is not found.", "ソフトウェア ライセンス サービスから、製品 SKU が見つからないという報告がありました。")
	}
	return head
}

func (r *run) errorText(code string) string {
	return r.say("Error: ", "エラー: ") + code + " " + r.codeText(code) + "\n"
}

// productID stands for a product's activation id, which the guest's state does not hold.
func productID(p Product) string { return guid("product/" + p.Name) }

func (r *run) activateProduct(p Product) (result, bool) {
	name := plain(p.Name) + " (" + productID(p) + ")"
	text := fmt.Sprintf(r.say("Activating %s ...\n", "%s をライセンス認証しています...\n"), name)
	if code := r.h.activation(r.o); code != "ok" {
		return result{text: text + r.errorText(code)}, false
	}
	return result{text: text + r.say("Product activated successfully.\n", "製品は正常にライセンス認証されました。\n")}, true
}

func (r *run) installProductKey(key string) (result, bool) {
	key = strings.ToUpper(key)
	of, known := published()[key]
	switch {
	case !known:
		return result{text: r.errorText("0xC004F050")}, false
	case of.year != r.h.release() || of.standard != (r.h.Edition == "ServerStandard") || r.h.installKey(strconv.Itoa(r.h.Build), r.h.Edition) != nil:
		return result{text: r.errorText("0xC004F069")}, false
	}
	// The installed key is named by its end, as where it is shown later.
	r.h.windowsProduct().PartialKey = key[len(key)-5:]
	return result{text: fmt.Sprintf(r.say("Installed product key %s successfully.\n", "プロダクト キー %s が正しくインストールされました。\n"), key)}, true
}

func (r *run) productText(p Product, long bool) string {
	l := r.h.license(r.o, p)
	var b strings.Builder
	line := func(en, ja, value string) { b.WriteString(r.say(en, ja) + ": " + plainLine(value) + "\n") }
	if long {
		line("Software licensing service version", "ソフトウェア ライセンス サービスのバージョン", fmt.Sprintf("10.0.%d.%d", r.h.Build, r.h.UBR))
		b.WriteString("\n")
	}
	line("Name", "名前", p.Name)
	line("Description", "説明", p.Channel)
	if long {
		line("Activation ID", "ライセンス認証 ID", productID(p))
		line("Application ID", "アプリケーション ID", p.Application)
	}
	line("Partial Product Key", "部分的なプロダクト キー", p.PartialKey)
	if l.Status == 1 {
		line("License Status", "ライセンスの状態", r.say("Licensed", "ライセンスされています"))
	} else {
		line("License Status", "ライセンスの状態", r.say("Notification", "通知"))
		line("Notification Reason", "通知の理由", l.Reason)
	}
	if !p.KMS {
		return b.String()
	}
	if l.Status == 1 {
		line("Volume activation expiration", "ボリューム ライセンス認証の有効期限", fmt.Sprintf(r.say("%d minute(s) (%d day(s))", "%d 分 (%d 日)"), l.GraceMinutes, l.GraceMinutes/(24*60)))
	}
	b.WriteString("\n" + r.say("Most recent activation information:", "最新のライセンス認証情報:") + "\n" + r.say("Key Management Service client information", "キー管理サービス クライアント情報") + "\n")
	kms := r.say("DNS auto-discovery: KMS name not available", "DNS 自動検出: KMS 名を取得できません")
	if p.Host != "" {
		kms = r.say("Registered KMS machine name: ", "登録されている KMS コンピューター名: ") + p.Host + ":" + strconv.Itoa(p.Port)
	}
	b.WriteString("    " + plainLine(kms) + "\n")
	return b.String()
}

// ospp is Office's ospp.vbs, which speaks English everywhere: /act and /dstatus.
func (r *run) ospp(given command) (result, bool) {
	if len(given) != 1 || !strings.EqualFold(given[0].text, "/act") && !strings.EqualFold(given[0].text, "/dstatus") {
		return result{}, r.beyond("ospp.vbs", words(given))
	}
	act, good := strings.EqualFold(given[0].text, "/act"), true
	bar := strings.Repeat("-", 39) + "\n"
	text := "---Processing--------------------------\n" + bar
	found := false
	for _, p := range r.h.Products {
		if p.Application != OfficeApplication {
			continue
		}
		found = true
		l := r.h.license(r.o, p)
		if act {
			text += "Installed product key detected - attempting to activate the following product:\n"
		}
		text += "SKU ID: " + productID(p) + "\nLICENSE NAME: " + plainLine(p.Name) + "\n"
		switch {
		case !act && l.Status == 1:
			text += "LICENSE STATUS:  ---LICENSED---\n"
		case !act:
			text += "LICENSE STATUS:  ---NOTIFICATIONS---\nERROR CODE: " + l.Reason + "\n"
		}
		text += "Last 5 characters of installed product key: " + plainLine(p.PartialKey) + "\n"
		switch {
		case act && l.Status == 1:
			text += "<Product activation successful>\n"
		case act:
			good = false
			english := run{shell: &shell{language: English}}
			text += "ERROR CODE: " + l.Reason + "\nERROR DESCRIPTION: " + english.codeText(l.Reason) + "\n"
		}
		text += bar
	}
	if !found {
		text += "<No installed product keys detected>\n" + bar
	}
	return result{text: text + "---Exiting-----------------------------\n"}, good && found
}
