package windows

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

func systemPrograms() map[string]program {
	return map[string]program{
		"whoami": (*run).whoami, "hostname": (*run).hostname, "chcp": (*run).chcp, "help": (*run).help, "w32tm": (*run).w32tm,
		"reg": (*run).reg, "Get-ItemProperty": (*run).getItemProperty, "Set-ItemProperty": (*run).setItemProperty,
		"Get-Date": (*run).getDate, "Get-WinEvent": (*run).getWinEvent,
		"cls":  func(*run, command) (result, bool) { return result{text: clearScreen}, true },
		"exit": func(r *run, _ command) (result, bool) { r.ended = true; return result{}, true },
	}
}

// exitCode is what exit was given.
func exitCode(c command) int {
	if len(c) > 1 {
		if n, err := strconv.Atoi(c[1].text); err == nil {
			return n
		}
	}
	return 0
}

func (r *run) help(command) (result, bool) {
	_, shown := programs()
	return result{text: r.shell.note("monshin simulates this Windows. It knows these commands, not all of their parameters, and the pipes Where-Object, Select-Object, Format-Table, Format-List and findstr:",
		"monshin が模擬する Windows。対応コマンド（パラメーターは一部のみ）と、パイプ先の Where-Object・Select-Object・Format-Table・Format-List・findstr:") + "\n" + wrapped(shown, r.cols)}, true
}

func (r *run) hostname(c command) (result, bool) {
	if len(c) > 1 {
		return result{}, r.beyond("hostname", c[1].text)
	}
	return result{text: plain(r.h.Name) + "\n"}, true
}

// whoami names the account of sessions, which is a local one.
func (r *run) whoami(c command) (result, bool) {
	name := strings.ToLower(plain(r.h.Name)) + `\` + SessionUser
	switch {
	case len(c) == 1:
		return result{text: name + "\n"}, true
	case len(c) > 2 || !strings.EqualFold(c[1].text, "/user"):
		return result{}, r.beyond("whoami", c[len(c)-1].text)
	}
	sid := r.h.MachineSID + "-" + strconv.Itoa(r.sessionRID())
	title := r.say("User Name", "ユーザー名")
	wide := max(textCells(name), textCells(title))
	return result{text: "\nUSER INFORMATION\n----------------\n\n" + fit(title, wide, false) + " SID\n" +
		strings.Repeat("=", wide) + " " + strings.Repeat("=", len(sid)) + "\n" + fit(name, wide, false) + " " + sid + "\n"}, true
}

func (r *run) sessionRID() int {
	for _, a := range r.h.Admins {
		if strings.EqualFold(a.Name, SessionUser) {
			return a.RID
		}
	}
	return 0
}

// chcp shows or sets the console's code page. On one that Windows's language has no
// texts in, it speaks English.
func (r *run) chcp(c command) (result, bool) {
	if len(c) > 2 {
		return result{}, r.beyond("chcp", c[2].text)
	}
	if len(c) == 2 {
		page, err := strconv.Atoi(c[1].text)
		if err != nil || !slices.Contains([]int{pageUTF8, pageJapanese, pageOEM}, page) {
			return result{text: r.say("Invalid code page\n", "無効なコード ページです\n")}, false
		}
		r.shell.page = page
	}
	text := "Active code page: "
	if r.shell.language == Japanese && r.shell.page == pageJapanese {
		text = "現在のコード ページ: "
	}
	return result{text: text + strconv.Itoa(r.shell.page) + "\n"}, true
}

// zone is the time zone that Windows is set to; of those that the lab has.
func (r *run) zone() *time.Location {
	if r.h.TimeZone == "Tokyo Standard Time" {
		return time.FixedZone("JST", 9*60*60)
	}
	return time.UTC
}

// clock is the time as Windows has it, in its zone.
func (r *run) clock() time.Time { return r.o.Now().Add(r.h.Ahead).In(r.zone()) }

func (r *run) shortTime(t time.Time) string {
	return t.Format(r.say("1/2/2006 3:04:05 PM", "2006/01/02 15:04:05"))
}

func (r *run) longTime(t time.Time) string {
	return t.Format(r.say("Monday, January 2, 2006 3:04:05 PM", "2006年1月2日 15:04:05"))
}

func (r *run) getDate(c command) (result, bool) {
	b, ok := r.bind(c, "Format")
	if !ok {
		return result{}, false
	}
	now := r.clock()
	o := object{{"DateTime", r.longTime(now)}, {"Utc", now.UTC().Format(time.RFC3339)}, {"Kind", "Local"}}
	text := "\n" + r.longTime(now) + "\n\n\n"
	if b.has("Format") {
		form, known := map[string]string{"o": "2006-01-02T15:04:05.0000000-07:00", "s": "2006-01-02T15:04:05", "u": "2006-01-02 15:04:05Z"}[b.get("Format")]
		if !known {
			return result{}, r.beyond(c[0].text, "-Format "+b.get("Format"))
		}
		text = now.Format(form) + "\n"
	}
	return result{text: text, objects: []object{o}}, true
}

// w32tm takes the right time from AWS's time service, where Windows has a way to it.
func (r *run) w32tm(c command) (result, bool) {
	options := map[string]bool{}
	for _, w := range c[1:] {
		options[strings.ToLower(w.text)] = true
	}
	delete(options, "/rediscover")
	delete(options, "/force")
	switch {
	case len(options) == 1 && options["/resync"]:
		text, ok := r.resync()
		return result{text: text}, ok
	case len(options) == 2 && options["/query"] && options["/source"]:
		return result{text: timeService + "\n"}, true
	}
	return result{}, r.beyond("w32tm", words(c[1:]))
}

func words(c command) string {
	var out []string
	for _, w := range c {
		out = append(out, w.text)
	}
	return strings.Join(out, " ")
}

// timeService is AWS's (domain.md §7.1).
const timeService = "169.254.169.123"

func (r *run) resync() (string, bool) {
	sent := r.say("Sending resync command to local computer\n", "再同期コマンドをローカル コンピューターに送信しています\n")
	if !r.h.linked(r.o, timeService) {
		return sent + r.say("The computer did not resync because no time data was available.\n", "時刻データが利用できなかったため、コンピューターは同期をとり直しませんでした。\n"), false
	}
	r.h.synchronise()
	return sent + r.say("The command completed successfully.\n", "コマンドは正しく完了しました。\n"), true
}

// setting is one value of the registry; set is nil where the simulation only shows it.
type setting struct {
	key, name string
	value     *int
	text      string
	set       func(string) error
}

const (
	timeZoneKey = `SYSTEM\CurrentControlSet\Control\TimeZoneInformation`
	desktopKey  = `SYSTEM\CurrentControlSet\Control\Terminal Server`
)

// settings are the values of the registry that the guest's state holds.
func (r *run) settings() []setting {
	h := r.h
	bit := func(on bool) *int {
		n := 0
		if on {
			n = 1
		}
		return &n
	}
	rdp := desktopKey + `\WinStations\RDP-Tcp`
	return []setting{
		{key: timeZoneKey, name: "RealTimeIsUniversal", value: h.RealTimeIsUniversal, set: h.setUniversal},
		{key: timeZoneKey, name: "TimeZoneKeyName", text: h.TimeZone},
		{key: desktopKey, name: "fDenyTSConnections", value: bit(h.RemoteOff), set: func(s string) error {
			if s != "0" && s != "1" {
				return refuse()
			}
			return h.putDesktop(s, "", "")
		}},
		{key: rdp, name: "PortNumber", value: &h.Port},
		{key: rdp, name: "UserAuthentication", value: bit(!h.NoNLA)},
		{key: `SOFTWARE\Microsoft\Windows\CurrentVersion\Setup\State`, name: "ImageState", text: h.ImageState},
	}
}

func (s setting) there() bool { return s.value != nil || s.text != "" }

func (s setting) String() string {
	if s.value != nil {
		return strconv.Itoa(*s.value)
	}
	return s.text
}

// under is the path of a key of HKEY_LOCAL_MACHINE below it.
func under(path string) string {
	path = strings.TrimSuffix(path, `\`)
	for _, root := range []string{`HKEY_LOCAL_MACHINE\`, `HKLM:\`, `HKLM\`, `Registry::HKEY_LOCAL_MACHINE\`} {
		if len(path) > len(root) && strings.EqualFold(path[:len(root)], root) {
			return path[len(root):]
		}
	}
	return ""
}

func (r *run) setting(key, name string) (setting, bool) {
	for _, s := range r.settings() {
		if strings.EqualFold(s.key, key) && strings.EqualFold(s.name, name) {
			return s, true
		}
	}
	return setting{}, false
}

// reg is reg.exe for the values that the simulation has: query and add.
func (r *run) reg(c command) (result, bool) {
	options := map[string]string{}
	for n := 3; n < len(c); n++ {
		o := strings.ToLower(c[n].text)
		switch {
		case o == "/f":
			options[o] = "yes"
		case slices.Contains([]string{"/v", "/t", "/d"}, o) && n+1 < len(c):
			options[o] = c[n+1].text
			n++
		default:
			return result{}, r.beyond("reg", c[n].text)
		}
	}
	if len(c) < 3 {
		return result{}, r.beyond("reg", words(c[1:]))
	}
	s, known := r.setting(under(c[2].text), options["/v"])
	verb := strings.ToLower(c[1].text)
	switch {
	case !known || verb != "query" && verb != "add":
		return result{}, r.beyond("reg", words(c[1:]))
	case verb == "query" && !s.there():
		return result{text: r.say("ERROR: The system was unable to find the specified registry key or value.\n", "エラー: 指定されたレジストリ キーまたは値が見つかりませんでした。\n")}, false
	case verb == "query":
		kind, value := "REG_SZ", s.String()
		if s.value != nil {
			kind, value = "REG_DWORD", fmt.Sprintf("0x%x", *s.value)
		}
		return result{text: "\n" + `HKEY_LOCAL_MACHINE\` + s.key + "\n    " + s.name + "    " + kind + "    " + plain(value) + "\n\n"}, true
	case s.set == nil || options["/d"] == "" || !strings.EqualFold(options["/t"], "REG_DWORD"):
		return result{}, r.beyond("reg", words(c[1:]))
	case options["/f"] == "" && s.there():
		// It would ask whether to overwrite; a line that is sent for a step has to name /f.
		return result{}, r.beyond("reg add", r.say("without /f", "/f の省略"))
	}
	if s.set(options["/d"]) != nil {
		return result{text: r.say("ERROR: Invalid syntax.\n", "エラー: 無効な構文です。\n")}, false
	}
	return result{text: r.say("The operation completed successfully.\n\n", "この操作を正しく終了しました。\n\n")}, true
}

func (r *run) getItemProperty(c command) (result, bool) {
	b, ok := r.bind(c, "Path 0", "Name 1", "LiteralPath")
	if !ok {
		return result{}, false
	}
	key := under(b.get("Path") + b.get("LiteralPath"))
	var o object
	for _, s := range r.settings() {
		if strings.EqualFold(s.key, key) && s.there() && (!b.has("Name") || strings.EqualFold(s.name, b.get("Name"))) {
			o = append(o, property{s.name, s.String()})
		}
	}
	if s, known := r.setting(key, b.get("Name")); known && !s.there() {
		return result{}, r.fail(c[0].text, "Property "+s.name+" does not exist at path HKEY_LOCAL_MACHINE\\"+s.key+".", "プロパティ "+s.name+" はパス HKEY_LOCAL_MACHINE\\"+s.key+" に存在しません。")
	}
	if o == nil {
		return result{}, r.beyond(c[0].text, words(c[1:]))
	}
	return result{objects: []object{o}, list: true}, true
}

func (r *run) setItemProperty(c command) (result, bool) {
	b, ok := r.bind(c, "Path 0", "Name 1", "Value 2", "LiteralPath", "Type", "Force ?")
	if !ok {
		return result{}, false
	}
	s, known := r.setting(under(b.get("Path")+b.get("LiteralPath")), b.get("Name"))
	if !known || s.set == nil || b.has("Type") && !strings.EqualFold(b.get("Type"), "DWord") {
		return result{}, r.beyond(c[0].text, words(c[1:]))
	}
	if b.get("Value") == "" || s.set(b.get("Value")) != nil {
		return result{}, r.fail(c[0].text, "Cannot convert value \""+b.get("Value")+"\" to type \"System.Int32\".", "値 \""+b.get("Value")+"\" を型 \"System.Int32\" に変換できません。")
	}
	return result{}, true
}

// getWinEvent shows the events that the guest's state holds: LsaSrv 6167 and failed
// sign-ins.
func (r *run) getWinEvent(c command) (result, bool) {
	b, ok := r.bind(c, "FilterHashtable", "MaxEvents")
	if !ok {
		return result{}, false
	}
	filter := map[string]string{}
	for _, part := range strings.Split(b.get("FilterHashtable"), ";") {
		name, value, _ := strings.Cut(part, "=")
		filter[strings.ToLower(strings.TrimSpace(name))] = strings.ToLower(strings.Trim(strings.TrimSpace(value), `'"`))
	}
	type event struct {
		at      time.Time
		message string
	}
	var events []event
	provider := ""
	switch {
	case len(filter) == 2 && filter["logname"] == "system" && filter["id"] == "6167":
		provider = "LsaSrv"
		for _, t := range r.h.Mismatches {
			events = append(events, event{t, r.say("There is a partial mismatch in the machine ID. This indicates that the ticket has either been manipulated or it belongs to a different boot session. Failing authentication.",
				"マシン ID が部分的に一致しません。チケットが改ざんされているか、別のブート セッションのものです。認証に失敗しました。")})
		}
	case len(filter) == 2 && filter["logname"] == "security" && filter["id"] == "4625":
		provider = "Microsoft-Windows-Security-Auditing"
		for _, f := range r.h.Failures {
			events = append(events, event{f.Last, fmt.Sprintf(r.say("An account failed to log on.\n\nLogon Type: %d\nAccount Name: %s\nStatus: %s\nSub Status: %s\nSource Network Address: %s",
				"アカウントがログオンに失敗しました。\n\nログオン タイプ: %d\nアカウント名: %s\n状態: %s\nサブ ステータス: %s\nソース ネットワーク アドレス: %s"), f.Type, f.Account, f.Status, f.SubStatus, f.Source)})
		}
		if len(events) > 0 {
			r.out.WriteString(r.shell.note("of failures that are alike the newest is shown.", "同じ内容の失敗は最新の 1 件のみ表示。") + "\n")
		}
	default:
		return result{}, r.beyond(c[0].text, words(c[1:]))
	}
	if len(events) == 0 {
		return result{}, r.fail(c[0].text, "No events were found that match the specified selection criteria.", "指定した選択条件に一致するイベントが見つかりませんでした。")
	}
	slices.SortStableFunc(events, func(a, b event) int { return cmp.Compare(b.at.UnixNano(), a.at.UnixNano()) })
	if b.has("MaxEvents") {
		n, err := strconv.Atoi(b.get("MaxEvents"))
		if err != nil || n < 1 {
			return result{}, r.beyond(c[0].text, "-MaxEvents "+b.get("MaxEvents"))
		}
		events = events[:min(n, len(events))]
	}
	var out []object
	for _, e := range events {
		out = append(out, object{{"TimeCreated", r.shortTime(e.at.In(r.zone()))}, {"ProviderName", provider}, {"Id", strings.ToUpper(filter["id"])},
			{"LevelDisplayName", r.say("Information", "情報")}, {"Message", e.message}})
	}
	return result{objects: out, columns: []string{"TimeCreated", "Id", "LevelDisplayName", "Message"}}, true
}
