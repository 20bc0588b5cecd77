package windows

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

func networkPrograms() map[string]program {
	return map[string]program{
		"ipconfig": (*run).ipconfig, "Resolve-DnsName": (*run).resolveDNSName, "nslookup": (*run).nslookup,
		"Test-NetConnection": (*run).testNetConnection, "Get-DnsClientServerAddress": (*run).getServerAddress, "Clear-DnsClientCache": (*run).clearCache,
	}
}

// dotted is a line of ipconfig: its name, a dot in every second cell up to the colon,
// the value.
func dotted(name, value string, colon int) string {
	line := "   " + name
	for n := textCells(line); n < colon; n++ {
		if n%2 == 1 {
			line += "."
		} else {
			line += " "
		}
	}
	return line + ": " + plain(value) + "\n"
}

func (r *run) alias() string { return r.say("Ethernet", "イーサネット") }

func (r *run) ipconfig(c command) (result, bool) {
	option := ""
	switch len(c) {
	case 1:
	case 2:
		option = strings.ToLower(c[1].text)
	default:
		return result{}, r.beyond("ipconfig", words(c[1:]))
	}
	head := "\n" + r.say("Windows IP Configuration", "Windows IP 構成") + "\n\n"
	switch option {
	case "", "/all":
	case "/renew":
		// Between release and renewal the session would hang; the lab's DHCP answers at once.
		r.h.renew(r.o)
	case "/flushdns":
		return result{text: head + r.say("Successfully flushed the DNS Resolver Cache.", "DNS リゾルバー キャッシュは正常にフラッシュされました。") + "\n"}, true
	default:
		return result{}, r.beyond("ipconfig", option)
	}
	var b strings.Builder
	b.WriteString(head)
	seat, lease := r.shell.seat, r.h.Lease
	colon := 37
	if r.shell.language == Japanese {
		colon = 40
	}
	line := func(en, ja, value string) { b.WriteString(dotted(r.say(en, ja), value, colon)) }
	if option == "/all" {
		line("Host Name", "ホスト名", r.h.Name)
		line("Primary Dns Suffix", "プライマリ DNS サフィックス", r.h.Domain)
		if lease.Suffix != "" {
			line("DNS Suffix Search List", "DNS サフィックス検索一覧", lease.Suffix)
		}
		b.WriteString("\n")
	}
	b.WriteString("\n" + r.say("Ethernet adapter ", "イーサネット アダプター ") + r.alias() + ":\n\n")
	line("Connection-specific DNS Suffix", "接続固有の DNS サフィックス", lease.Suffix)
	if option == "/all" {
		line("DHCP Enabled", "DHCP 有効", r.say("Yes", "はい"))
	}
	if seat.Address != "" {
		line("IPv4 Address", "IPv4 アドレス", seat.Address)
	}
	if seat.Mask != "" {
		line("Subnet Mask", "サブネット マスク", seat.Mask)
	}
	if option == "/all" && !lease.Since.IsZero() {
		line("Lease Obtained", "リース取得", r.longTime(lease.Since.Add(r.h.Ahead).In(r.zone())))
	}
	line("Default Gateway", "デフォルト ゲートウェイ", r.o.Gateway())
	if option == "/all" {
		line("DHCP Server", "DHCP サーバー", r.o.Gateway())
		for n, s := range r.h.servers(r.o) {
			if n == 0 {
				line("DNS Servers", "DNS サーバー", s)
				continue
			}
			b.WriteString(strings.Repeat(" ", colon+2) + plain(s) + "\n")
		}
	}
	return result{text: b.String()}, true
}

// lookupError is what Windows says to a code of DNS.
func lookupError(code int) (en, ja string) {
	switch code {
	case NoSuchName:
		return "DNS name does not exist", "DNS 名がありません"
	case ServerFailure:
		return "DNS server failure", "DNS サーバー障害です"
	case NoRecords:
		return "No records found for given DNS query", "指定された DNS クエリのレコードが見つかりません"
	}
	return "This operation returned because the timeout period expired", "タイムアウト期間が経過したため、この操作は終了しました"
}

// ldapPort is where a domain controller's directory answers; ttl is what every record
// is given here, where records do not age.
const ldapPort, ttl = "389", "60"

func (r *run) resolveDNSName(c command) (result, bool) {
	b, ok := r.bind(c, "Name 0", "Type 1", "Server", "DnsOnly ?", "QuickTimeout ?", "NoHostsFile ?")
	if !ok {
		return result{}, false
	}
	kind := strings.ToUpper(b.get("Type"))
	if kind == "" || kind == "A_AAAA" {
		kind = "A"
	}
	name := b.get("Name")
	if name == "" || kind != "A" && kind != "SRV" {
		return result{}, r.beyond(c[0].text, words(c[1:]))
	}
	code, answers := r.h.lookup(r.o, strings.ToLower(strings.TrimSuffix(name, ".")), kind, b.get("Server"))
	if code != Answered {
		en, ja := lookupError(code)
		return result{}, r.fail(c[0].text, name+" : "+en, name+" : "+ja)
	}
	v := result{columns: []string{"Name", "Type", "TTL", "Section", "IPAddress"}}
	if kind == "SRV" {
		v.columns = []string{"Name", "Type", "TTL", "Section", "NameTarget", "Priority", "Weight", "Port"}
	}
	for _, a := range answers {
		o := object{{"Name", name}, {"Type", kind}, {"TTL", ttl}, {"Section", "Answer"}}
		if kind == "SRV" {
			o = append(o, property{"NameTarget", a}, property{"Priority", "0"}, property{"Weight", "100"}, property{"Port", ldapPort})
		} else {
			o = append(o, property{"IPAddress", a})
		}
		v.objects = append(v.objects, o)
	}
	return v, true
}

// nslookup asks the first server only, or the one it is given.
func (r *run) nslookup(c command) (result, bool) {
	kind, server, name := "A", "", ""
	for _, w := range c[1:] {
		option, value, _ := strings.Cut(strings.ToLower(w.text), "=")
		switch {
		case slices.Contains([]string{"-type", "-q", "-querytype"}, option):
			kind = strings.ToUpper(value)
		case name == "":
			name = strings.ToLower(strings.TrimSuffix(w.text, "."))
		case server == "":
			server = w.text
		default:
			return result{}, r.beyond("nslookup", words(c[1:]))
		}
	}
	if name == "" || strings.HasPrefix(name, "-") || kind != "A" && kind != "SRV" {
		return result{}, r.beyond("nslookup", words(c[1:]))
	}
	if server == "" {
		if all := r.h.servers(r.o); len(all) > 0 {
			server = all[0]
		}
	}
	head := r.say("Server:  ", "サーバー:  ") + "UnKnown\nAddress:  " + plain(server) + "\n\n"
	code, answers := r.h.lookup(r.o, name, kind, server)
	shown := plain(name)
	switch code {
	case Answered:
		text := head + r.say("Non-authoritative answer:\n", "権限のない回答:\n")
		if kind == "SRV" {
			for _, a := range answers {
				text += shown + "\tSRV service location:\n\t  priority       = 0\n\t  weight         = 100\n\t  port           = " + ldapPort + "\n\t  svr hostname   = " + plain(a) + "\n"
			}
			return result{text: text + "\n"}, true
		}
		return result{text: text + r.say("Name:    ", "名前:    ") + shown + "\nAddress:  " + plain(strings.Join(answers, "\n\t  ")) + "\n\n"}, true
	case TimedOut:
		late := "DNS request timed out.\n    timeout was 2 seconds.\n"
		return result{text: late + head + late + late + r.say("*** Request to UnKnown timed-out\n", "*** UnKnown への要求がタイムアウトしました\n")}, false
	}
	why := map[int]string{NoSuchName: "Non-existent domain", ServerFailure: "Server failed"}[code]
	if code == NoRecords {
		return result{text: head + r.say("*** No address (A) records available for "+shown+"\n", shown+" に利用できるアドレス (A) レコードがありません\n")}, false
	}
	return result{text: head + r.say("*** UnKnown can't find "+shown+": ", "*** UnKnown が "+shown+" を見つけられません: ") + why + "\n"}, false
}

// connects reports whether a TCP connection to an address opens, and whether the
// simulation can tell: of Windows itself and the link-local services it knows little.
func (r *run) connects(address string, port int) (open, known bool) {
	h := r.h
	a, err := netip.ParseAddr(address)
	switch {
	case err != nil:
		return false, false
	case a.IsLoopback() || address == r.shell.seat.Address:
		return h.TermService.Status == "Running" && !h.RemoteOff, port == h.Port
	case port == 1688 && h.BlocksKMS:
		return false, true
	case address == "169.254.169.254" && port == 80:
		return h.metadata(r.o), true
	case (address == "169.254.169.250" || address == "169.254.169.251") && port == 1688:
		return h.kms(r.o, address), true
	case a.IsLinkLocalUnicast():
		// Of the others it is only known that nothing is reached by a route that leads elsewhere.
		return false, !h.linked(r.o, address)
	}
	return r.o.Connects(address, port), true
}

func (r *run) testNetConnection(c command) (result, bool) {
	b, ok := r.bind(c, "ComputerName 0", "CommonTCPPort 1", "Port", "InformationLevel")
	if !ok {
		return result{}, false
	}
	name := b.get("ComputerName")
	port, err := strconv.Atoi(b.get("Port"))
	if common, known := map[string]int{"rdp": 3389, "http": 80, "smb": 445, "winrm": 5985}[strings.ToLower(b.get("CommonTCPPort"))]; known {
		port, err = common, nil
	}
	if name == "" || err != nil || port < 1 || port > 65535 || b.has("InformationLevel") {
		if b.has("ComputerName") && !b.has("Port") {
			return result{}, r.beyond(c[0].text, r.say("ping; name a -Port", "ping（-Port の指定が必要）"))
		}
		return result{}, r.beyond(c[0].text, words(c[1:]))
	}
	address := name
	if strings.EqualFold(name, "localhost") {
		address = "127.0.0.1"
	} else if _, err := netip.ParseAddr(name); err != nil {
		code, answers := r.h.lookup(r.o, strings.ToLower(name), "A", "")
		if code != Answered || len(answers) == 0 {
			r.warn("Name resolution of "+name+" failed", name+" の名前解決に失敗しました")
			return result{list: true, objects: []object{{{"ComputerName", name}, {"RemoteAddress", ""}, {"InterfaceAlias", ""}, {"SourceAddress", ""}, {"PingSucceeded", "False"}, {"TcpTestSucceeded", "False"}}}}, true
		}
		address = answers[0]
		for _, a := range answers {
			if open, _ := r.connects(a, port); open {
				address = a
				break
			}
		}
	}
	open, known := r.connects(address, port)
	if !known {
		return result{}, r.beyond(c[0].text, address+":"+strconv.Itoa(port))
	}
	if !open {
		// Windows PowerShell does not translate this one.
		failed := "TCP connect to (" + address + " : " + strconv.Itoa(port) + ") failed"
		r.warn(failed, failed)
	}
	return result{list: true, objects: []object{{{"ComputerName", name}, {"RemoteAddress", address}, {"RemotePort", strconv.Itoa(port)}, {"InterfaceAlias", r.alias()},
		{"SourceAddress", r.shell.seat.Address}, {"TcpTestSucceeded", title(strconv.FormatBool(open))}}}}, true
}

func (r *run) getServerAddress(c command) (result, bool) {
	if _, ok := r.bind(c, "AddressFamily"); !ok {
		return result{}, false
	}
	return result{columns: []string{"InterfaceAlias", "InterfaceIndex", "AddressFamily", "ServerAddresses"}, objects: []object{{{"InterfaceAlias", r.alias()},
		{"InterfaceIndex", card}, {"AddressFamily", "IPv4"}, {"ServerAddresses", "{" + strings.Join(r.h.servers(r.o), ", ") + "}"}}}}, true
}

func (r *run) clearCache(c command) (result, bool) {
	_, ok := r.bind(c)
	return result{}, ok
}
