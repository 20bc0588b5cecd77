package windows

import (
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding/japanese"

	"github.com/monshin/monshin/diagnose/estate"
)

// leased is around with DHCP.
type leased struct {
	around
	lease Lease
}

func (l leased) Offer() Lease { return l.lease }

func surroundings() leased {
	return leased{normal(), Lease{DNS: []string{"10.0.0.2"}, Suffix: "corp.example.local", Since: now()}}
}

var escapes = regexp.MustCompile("\x1b\\[[0-9;?]*[A-Za-z]|\a")

// bare is output without what only a terminal sees.
func bare(s string) string { return strings.ReplaceAll(escapes.ReplaceAllString(s, ""), "\r", "") }

// sitting is a test at a prompt.
type sitting struct {
	t *testing.T
	h *Host
	p *Prompt
}

func sit(t *testing.T, h *Host, o Surroundings, at Seat) *sitting {
	t.Helper()
	p := h.Prompt(o, at)
	t.Cleanup(func() {
		_ = p.Close()
		<-p.Done()
	})
	s := &sitting{t, h, p}
	s.output()
	return s
}

// output is what is there to be read.
func (s *sitting) output() string {
	s.p.mu.Lock()
	out := s.p.out
	s.p.out = nil
	s.p.mu.Unlock()
	return string(out)
}

// types sends text and returns what comes, without its terminal part.
func (s *sitting) types(text string) string {
	s.t.Helper()
	if _, err := s.p.Write([]byte(text)); err != nil {
		s.t.Fatalf("%q: %v", text, err)
	}
	return bare(s.output())
}

// runs enters a line; its echo and the next prompt are left out.
func (s *sitting) runs(line string) string {
	s.t.Helper()
	out := s.types(line + "\r")
	_, out, _ = strings.Cut(out, "\n")
	return strings.TrimSuffix(out, promptText)
}

// seat is a wide one that shows every language.
func seat() Seat {
	return Seat{Cols: 200, Rows: 50, CodePage: pageUTF8, Address: "10.0.0.10", Mask: "255.255.255.0"}
}

func speaking(r Release, language int) *Host {
	return Launched(r, "APP-01", language, now().AddDate(0, 0, -9), "10.0.0.1", []string{"AmazonProvidedDNS"}, "ap-northeast-1.compute.internal")
}

// Every command answers in the guest's language: what has to be in the answer.
func TestPromptAnswers(t *testing.T) {
	type answer struct{ line, en, ja string }
	for _, c := range []answer{
		{"hostname", "APP-01\n", "APP-01\n"},
		{"whoami", `app-01\ssm-user`, `app-01\ssm-user`},
		{"whoami /user", "User Name       SID\n=============== ===", "ユーザー名      SID\n=============== ==="},
		{"chcp", "Active code page: 65001", "Active code page: 65001"},
		{"chcp 1", "Invalid code page", "無効なコード ページです"},
		{"cscript //nologo $env:windir\\system32\\slmgr.vbs /ato", "Product activated successfully.", "製品は正常にライセンス認証されました。"},
		{"cscript C:\\Windows\\System32\\slmgr.vbs /xpr", "Volume activation will expire 5/20/2027 4:58:00 PM", "ボリューム ライセンス認証の有効期限: 2027/05/21 01:58:00"},
		{"slmgr /dlv", "License Status: Licensed", "ライセンスの状態: ライセンスされています"},
		{"slmgr /ato", "a session does not see", "セッションでは見えない"},
		{"slmgr /skms kms.example.com:1689", "set to kms.example.com:1689 successfully", "kms.example.com:1689 に正しく設定されました"},
		{"slmgr /ckms", "cleared successfully", "正しく消去されました"},
		{"slmgr /ipk AAAAA-BBBBB-CCCCC-DDDDD-EEEEE", "0xC004F050", "0xC004F050"},
		{"slmgr /ipk " + strings.Join([]string{"WMDGN", "G9PQG", "XVVXX", "R3X43", "63DFG"}, "-"), "0xC004F069", "0xC004F069"},
		{"slmgr /ipk " + strings.Join([]string{"wx4nm", "KYWYW", "QJJR4", "XV3QB", "6VM33"}, "-"), "Installed product key", "が正しくインストールされました"},
		{"cscript //nologo ospp.vbs /act", "<No installed product keys detected>", "<No installed product keys detected>"},
		{"ipconfig", "IPv4 Address. . . . . . . . . . . : 10.0.0.10", "IPv4 アドレス . . . . . . . . . . . .: 10.0.0.10"},
		{"ipconfig /all", "DNS Servers", "DNS サーバー"},
		{"ipconfig /renew", "corp.example.local", "corp.example.local"},
		{"ipconfig /flushdns", "Successfully flushed the DNS Resolver Cache.", "DNS リゾルバー キャッシュは正常にフラッシュされました。"},
		{"route print", "Persistent Routes:\n  None", "固定ルート:\n  なし"},
		{"route print 169.254.169.250", "169.254.169.250  255.255.255.255", "169.254.169.250  255.255.255.255"},
		{"Resolve-DnsName ssm.ap-northeast-1.amazonaws.com", "10.0.0.5", "10.0.0.5"},
		{"resolve-dnsname -Type SRV _ldap._tcp.dc._msdcs.corp.example.local", "DNS name does not exist", "DNS 名がありません"},
		{"Resolve-DnsName x.example -Server 10.9.9.9", "timeout period expired", "タイムアウト期間が経過した"},
		{"nslookup ssm.ap-northeast-1.amazonaws.com", "Name:    ssm.ap-northeast-1.amazonaws.com\nAddress:  10.0.0.5", "名前:    ssm.ap-northeast-1.amazonaws.com\nAddress:  10.0.0.5"},
		{"nslookup x.example", "can't find x.example: Non-existent domain", "*** UnKnown が x.example を見つけられません"},
		{"nslookup -type=srv x.example 10.9.9.9", "timed-out", "タイムアウトしました"},
		{"Test-NetConnection 169.254.169.250 -Port 1688", "TcpTestSucceeded : True", "InterfaceAlias   : イーサネット"},
		{"Test-NetConnection -ComputerName ssm.ap-northeast-1.amazonaws.com -Port 443", "RemoteAddress    : 10.0.0.5", "TcpTestSucceeded : True"},
		{"tnc x.example -p 443", "WARNING: Name resolution of x.example failed", "警告: x.example の名前解決に失敗しました"},
		{"Test-NetConnection 10.9.9.9 -Port 443", "TcpTestSucceeded : False", "警告: TCP connect to (10.9.9.9 : 443) failed"},
		{"Test-NetConnection 10.9.9.9", "ping; name a -Port", "-Port の指定が必要"},
		{"Test-NetConnection localhost -CommonTCPPort RDP", "TcpTestSucceeded : True", "TcpTestSucceeded : True"},
		{"Get-DnsClientServerAddress -AddressFamily IPv4", "{10.0.0.2}", "{10.0.0.2}"},
		{"Get-Service AmazonSSMAgent", "Running AmazonSSMAgent Amazon SSM Agent", "Running AmazonSSMAgent Amazon SSM Agent"},
		{"Get-Service AmazonSSMAgent | Select-Object Status, StartType", "Running Automatic", "Running Automatic"},
		{"Get-Service Nothing", "Cannot find any service with service name 'Nothing'.", "サービス名 'Nothing' のサービスが見つかりません。"},
		{"Get-Service | Where-Object { $_.Status -eq 'Stopped' -and $_.Name -like 'S*' } | ft Name", "Spooler", "Spooler"},
		{"Get-NetRoute -AddressFamily IPv4 | Where-Object DestinationPrefix -like '169.254.169.*' | Format-Table DestinationPrefix, NextHop, Store", "169.254.169.250/32 10.0.0.1 ActiveStore", "169.254.169.250/32 10.0.0.1 ActiveStore"},
		{"Get-NetRoute 10.*", "No matching MSFT_NetRoute", "一致する MSFT_NetRoute"},
		{"w32tm /resync /rediscover", "The command completed successfully.", "コマンドは正しく完了しました。"},
		{"(Get-Date).ToUniversalTime()", "Saturday, November 21, 2026 4:58:00 PM", "2026年11月21日 16:58:00"},
		{"Get-Date -Format o", "2026-11-21T16:58:00.0000000+00:00", "2026-11-22T01:58:00.0000000+09:00"},
		{"(Get-ItemProperty 'HKLM:\\SYSTEM\\CurrentControlSet\\Control\\Terminal Server').fDenyTSConnections", "0\n", "0\n"},
		{`reg query "HKLM\SYSTEM\CurrentControlSet\Control\TimeZoneInformation" /v TimeZoneKeyName`, "REG_SZ    UTC", "REG_SZ    Tokyo Standard Time"},
		{"Get-CimInstance Win32_ComputerSystem | fl Name, Domain", "Domain : WORKGROUP", "Domain : WORKGROUP"},
		{"Get-CimInstance Win32_OperatingSystem", "Microsoft Windows Server 2022 Datacenter", "Microsoft Windows Server 2022 Datacenter"},
		{`Get-CimInstance -Query "SELECT Name,LicenseStatus FROM SoftwareLicensingProduct WHERE PartialProductKey IS NOT NULL" | Format-Table Name, LicenseStatus`,
			"Windows(R), ServerDatacenter edition             1", "Windows(R), ServerDatacenter edition             1"},
		{"Get-WinEvent -FilterHashtable @{LogName='System'; Id=6167} -MaxEvents 5 | Format-List TimeCreated, ProviderName, Message", "No events were found", "一致するイベントが見つかりませんでした"},
		{"Get-LocalGroupMember -Group Administrators", `APP-01\ssm-user`, `APP-01\ssm-user`},
		{"Get-LocalUser Nobody", "User Nobody was not found.", "ユーザー Nobody が見つかりませんでした。"},
		{"Add-Routes", "is not recognized as the name of a cmdlet", "コマンドレット、関数、スクリプト ファイル、または操作可能なプログラムの名前として認識されません"},
		{`Import-Module "C:\ProgramData\Amazon\EC2-Windows\Launch\Module\Ec2Launch.psd1"`, "was not loaded", "読み込まれませんでした"},
		{"Test-ComputerSecureChannel", "not joined to a domain", "ドメインに参加していません"},
		{"Test-NetConnection 169.254.169.250 -Port 1688; Get-Date -Format s", "2026-11-21T16:58:00", "2026-11-22T01:58:00"},
		{"ipconfig /all | findstr /i dns", "DNS Servers", "DNS サーバー"},
		{"help", "[simulation]", "[模擬]"},
		// What is not simulated is said, never guessed.
		{"systeminfo", `[simulation] monshin simulates this Windows, and does not know "systeminfo"`, "[模擬] monshin が模擬する Windows のため、「systeminfo」は実行できない"},
		{"Get-Service -DependentServices", "[simulation] Get-Service: \"-DependentServices\" is not simulated", "[模擬] Get-Service: 「-DependentServices」は模擬の対象外"},
		{"$x = 1", "[simulation]", "[模擬]"},
		{"hostname > C:\\x.txt", "[simulation]", "[模擬]"},
		{"hostname | Sort-Object", "Sort-Object", "Sort-Object"},
		{"'open", "missing its end", "終端記号がありません"},
		{"Get-CimInstance Win32_Process", "Win32_Process", "Win32_Process"},
		{"slmgr /rearm", "[simulation] slmgr: \"/rearm\"", "[模擬] slmgr: 「/rearm」"},
	} {
		for _, language := range []int{English, Japanese} {
			want := c.en
			if language == Japanese {
				want = c.ja
			}
			s := sit(t, speaking(2022, language), surroundings(), seat())
			if got := s.runs(c.line); !strings.Contains(squeeze(got), squeeze(want)) {
				t.Errorf("%s (%d):\n%s\nhas no %q", c.line, language, got, want)
			}
		}
	}
}

// squeeze leaves runs of spaces as one, so that a table's widths do not matter.
func squeeze(s string) string { return regexp.MustCompile(` +`).ReplaceAllString(s, " ") }

// The way of the seed: a copy in another subnet, with routes that stayed behind, is
// activated again at the prompt, line by line.
func TestPromptActivatesACopy(t *testing.T) {
	for _, language := range []int{Japanese, English} {
		source := speaking(2019, language)
		o := surroundings()
		o.gateway = "10.0.1.1"
		h := source.Copied(now().AddDate(0, 0, -1), o.gateway, []string{"AmazonProvidedDNS"}, "x")
		if h.Activation(o).Products[0].Status == 1 {
			t.Fatal("a copy with stale routes is activated already")
		}
		s := sit(t, h, o, seat())
		ato := "cscript //nologo $env:windir\\system32\\slmgr.vbs /ato"
		if got := s.runs(ato); !strings.Contains(got, "0xC004F074") {
			t.Errorf("%d: %s", language, got)
		}
		if got := s.runs("w32tm /resync"); !strings.Contains(got, s.p.shell.say("no time data", "同期をとり直しませんでした")) {
			t.Errorf("%d: %s", language, got)
		}
		if got := s.runs(`Import-Module "C:\ProgramData\Amazon\EC2-Windows\Launch\Module\Ec2Launch.psd1"`); got != "" {
			t.Errorf("%d: %q", language, got)
		}
		added := s.runs("Add-Routes")
		for _, want := range []string{"169.254.169.250/32", "10.0.1.1", "PersistentStore", "ActiveStore", s.p.shell.say("successfully", "正しく完了しました")} {
			if !strings.Contains(added, want) {
				t.Errorf("%d: no %s in\n%s", language, want, added)
			}
		}
		if got := s.runs("Set-ActivationSettings"); got != "" {
			t.Errorf("%d: %q", language, got)
		}
		if got := s.runs(ato); !strings.Contains(got, s.p.shell.say("Product activated successfully.", "製品は正常にライセンス認証されました。")) {
			t.Errorf("%d: %s", language, got)
		}
		v := h.Activation(o)
		if v.Products[0].Status != 1 || slices.ContainsFunc(v.Routes, func(r estate.GuestRoute) bool { return r.NextHop == "10.0.0.1" }) {
			t.Errorf("%d: %+v", language, v)
		}
	}
}

// What changes the guest's state changes it as the fixes do.
func TestPromptActs(t *testing.T) {
	universal := 1
	for line, c := range map[string]struct {
		before func(*Host)
		after  func(*Host) bool
	}{
		"ipconfig /renew": {nil, func(h *Host) bool { return h.Lease.Suffix == "corp.example.local" }},
		"slmgr /skms 169.254.169.251:1688": {nil, func(h *Host) bool {
			return h.Products[0].Host == "169.254.169.251" && h.Products[0].Port == 1688
		}},
		"slmgr /ckms":   {nil, func(h *Host) bool { return h.Products[0].Host == "" }},
		"w32tm /resync": {func(h *Host) { h.Ahead = 9 * time.Hour }, func(h *Host) bool { return h.Ahead == 0 }},
		"Set-ItemProperty HKLM:\\SYSTEM\\CurrentControlSet\\Control\\TimeZoneInformation RealTimeIsUniversal 1 -Type DWord; w32tm /resync /rediscover": {
			func(h *Host) { h.Ahead, h.RealTimeIsUniversal = 9*time.Hour, nil },
			func(h *Host) bool {
				return h.Ahead == 0 && h.RealTimeIsUniversal != nil && *h.RealTimeIsUniversal == universal
			}},
		`reg add "HKLM\SYSTEM\CurrentControlSet\Control\TimeZoneInformation" /v RealTimeIsUniversal /t REG_DWORD /d 1 /f`: {
			func(h *Host) { h.RealTimeIsUniversal = nil }, func(h *Host) bool { return h.RealTimeIsUniversal != nil && *h.RealTimeIsUniversal == 1 }},
		"Set-ItemProperty 'HKLM:\\SYSTEM\\CurrentControlSet\\Control\\Terminal Server' fDenyTSConnections 0; Set-Service TermService -StartupType Manual; Start-Service TermService": {
			func(h *Host) {
				h.RemoteOff, h.TermService = true, estate.GuestService{Status: "Stopped", StartType: "Disabled"}
			},
			func(h *Host) bool {
				return !h.RemoteOff && h.TermService == estate.GuestService{Status: "Running", StartType: "Manual"}
			}},
		"Stop-Service TermService -Force": {nil, func(h *Host) bool { return h.TermService.Status == "Stopped" }},
		"Start-Service TermService": {func(h *Host) { h.TermService = estate.GuestService{Status: "Stopped", StartType: "Disabled"} },
			func(h *Host) bool { return h.TermService.Status == "Stopped" }},
		"Set-Service AmazonSSMAgent -StartupType Disabled":   {nil, func(h *Host) bool { return h.SSMAgent.StartType == "Disabled" }},
		"Disable-LocalUser ssm-user":                         {nil, func(h *Host) bool { return h.Admins[1].Disabled }},
		"Remove-LocalUser -Name ssm-user":                    {nil, func(h *Host) bool { return len(h.Admins) == 1 }},
		"Remove-LocalUser Administrator":                     {nil, func(h *Host) bool { return h.Admins[0].Name == "Administrator" && !h.Admins[0].Disabled }},
		"Remove-NetRoute 169.254.169.250/32 -Confirm:$false": {nil, func(h *Host) bool { return !routed(h, "169.254.169.250/32") }},
		"Remove-NetRoute 169.254.169.250/32":                 {nil, func(h *Host) bool { return routed(h, "169.254.169.250/32") }},
		"route delete 169.254.169.250":                       {nil, func(h *Host) bool { return !routed(h, "169.254.169.250/32") }},
		"New-NetRoute -DestinationPrefix 169.254.169.250/32 -NextHop 10.0.0.1 -InterfaceIndex 6 -PolicyStore ActiveStore": {
			func(h *Host) { h.Routes = nil }, func(h *Host) bool {
				return len(h.Routes) == 1 && !h.Routes[0].Persistent && h.linked(normal(), "169.254.169.250")
			}},
		"New-NetRoute 0.0.0.0/0 -NextHop 10.0.0.9": {func(h *Host) { h.Routes = nil }, func(h *Host) bool { return len(h.Routes) == 0 }},
		`& "$env:ProgramFiles\Amazon\EC2Launch\EC2Launch.exe" run`: {func(h *Host) { h.Routes = nil },
			func(h *Host) bool { return len(h.Routes) == len(Linked()) && h.State.Equal(now()) }},
		"Test-ComputerSecureChannel -Repair": {func(h *Host) { h.Join("ssm.ap-northeast-1.amazonaws.com", SID("d")); h.TrustBroken = true },
			func(h *Host) bool { return h.TrustBroken }}, // no controller is found
		// What is not simulated changes nothing.
		"Set-ItemProperty HKLM:\\SYSTEM\\Nowhere fDenyTSConnections 1": {nil, func(h *Host) bool { return !h.RemoteOff }},
		"route delete 10.9.9.9": {nil, func(h *Host) bool { return len(h.Routes) == len(Linked()) }},
	} {
		h := speaking(2022, Japanese)
		if c.before != nil {
			c.before(h)
		}
		s := sit(t, h, surroundings(), seat())
		if got := s.runs(line); !c.after(h) {
			t.Errorf("%s: %+v\n%s", line, h, got)
		}
	}
}

func routed(h *Host, to string) bool {
	return slices.ContainsFunc(h.Routes, func(r Route) bool { return r.Destination == to })
}

// The first session makes a local administrator; its end disables him, and the next
// one enables him again.
func TestSessionUser(t *testing.T) {
	h := speaking(2022, Japanese)
	p := h.Prompt(surroundings(), seat())
	if len(h.Admins) != 2 || h.Admins[1].Name != SessionUser || h.Admins[1].Disabled || h.Admins[1].RID != 1001 {
		t.Fatalf("%+v", h.Admins)
	}
	if _, err := p.Write([]byte("exit\r")); err != nil {
		t.Fatal(err)
	}
	<-p.Done()
	if !h.Admins[1].Disabled || !h.Accounts[1].Disabled {
		t.Errorf("%+v %+v", h.Admins, h.Accounts)
	}
	if _, err := p.Write([]byte("x")); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("after the end: %v", err)
	}
	if all, err := io.ReadAll(p); err != nil || !strings.Contains(bare(string(all)), "PS C:\\Windows\\system32> exit") {
		t.Errorf("%q %v", all, err)
	}
	again := h.Prompt(surroundings(), seat())
	if len(h.Admins) != 2 || h.Admins[1].Disabled {
		t.Errorf("%+v", h.Admins)
	}
	_ = again.Close()
	<-again.Done()
	if !h.Admins[1].Disabled {
		t.Error("closing leaves the account enabled")
	}

	h.Controller = true
	none := h.Prompt(surroundings(), seat())
	<-none.Done()
	if all, _ := io.ReadAll(none); !strings.Contains(string(all), "ssm-user") || none.ExitCode() != 1 {
		t.Errorf("on a controller: %q, %d", all, none.ExitCode())
	}
}

// Output is in the console's code page, from the start and after chcp.
func TestPromptCodePages(t *testing.T) {
	decode := func(s string) string {
		out, err := japanese.ShiftJIS.NewDecoder().String(s)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	h := speaking(2022, Japanese)
	p := h.Prompt(surroundings(), Seat{Cols: 100, Rows: 30})
	s := &sitting{t, h, p}
	if first := s.output(); strings.Contains(first, "模擬") || !strings.Contains(decode(first), "[模擬] monshin が模擬する Windows") {
		t.Errorf("%q", first)
	}
	if _, err := p.Write([]byte("chcp\rあ表\u2603😀か\u3099")); err != nil {
		t.Fatal(err)
	}
	got := s.output()
	if text := decode(got); !strings.Contains(text, "現在のコード ページ: 932") || !strings.Contains(text, "あ表???か") || strings.Contains(text, "か?") {
		t.Errorf("%q", text)
	}
	s.types("\x03")
	if got := s.runs("chcp 65001"); got != "Active code page: 65001\n" {
		t.Errorf("%q", got)
	}
	if got := s.runs("ipconfig"); !strings.Contains(got, "イーサネット") {
		t.Errorf("%q", got)
	}
	_ = p.Close()
	<-p.Done()

	english := speaking(2022, English).Prompt(surroundings(), Seat{Cols: 100, Rows: 30})
	_, _ = english.Write([]byte("chcp\ré語\rexit 3\r"))
	all, err := io.ReadAll(english)
	if err != nil || !strings.Contains(string(all), "Active code page: 437") || !strings.Contains(string(all), "\x82?") || english.ExitCode() != 3 {
		t.Errorf("%q %v %d", all, err, english.ExitCode())
	}
}

// Use sees each line once, and whether the agent was started anew; a Windows that is
// gone ends the session.
func TestUse(t *testing.T) {
	h := speaking(2022, English)
	var restarts, uses int
	var gone error
	p := Sit(func(do func(*Host, Surroundings) bool) error {
		if gone != nil {
			return gone
		}
		uses++
		if do(h, surroundings()) {
			restarts++
		}
		return nil
	}, Seat{})
	if _, err := p.Write([]byte("hostname\rRestart-Service AmazonSSMAgent\r\r")); err != nil {
		t.Fatal(err)
	}
	if uses != 3 || restarts != 1 {
		t.Errorf("%d uses, %d restarts", uses, restarts)
	}
	gone = errors.New("terminated")
	if _, err := p.Write([]byte("hostname\rhostname\r")); err != nil {
		t.Fatal(err)
	}
	all, err := io.ReadAll(p)
	if err != nil || strings.Count(string(all), "The session cannot go on: terminated") != 1 || p.ExitCode() != 1 {
		t.Errorf("%q %v", all, err)
	}
	<-p.Done()
}

// With the agent goes the session.
func TestStoppedAgentEndsTheSession(t *testing.T) {
	h := speaking(2022, Japanese)
	p := h.Prompt(surroundings(), seat())
	if _, err := p.Write([]byte("Stop-Service AmazonSSMAgent\rhostname\r")); err != nil {
		t.Fatal(err)
	}
	<-p.Done()
	if all, _ := io.ReadAll(p); h.SSMAgent.Status != "Stopped" || strings.Contains(bare(string(all)), "\nAPP-01") {
		t.Errorf("%+v %q", h.SSMAgent, all)
	}
}

// A session for one command runs it and ends with its code.
func TestOneCommand(t *testing.T) {
	for line, code := range map[string]int{"hostname": 0, "nothing": 1, "exit 7": 7} {
		p := speaking(2022, English).Prompt(surroundings(), Seat{Command: line})
		all, err := io.ReadAll(p)
		<-p.Done()
		if err != nil || p.ExitCode() != code || strings.Contains(string(all), promptText) || line == "hostname" && string(all) != "APP-01\r\n" {
			t.Errorf("%s: %d %q %v", line, p.ExitCode(), all, err)
		}
	}
}

// Names in the account cannot act on a terminal.
func TestPromptIsSafe(t *testing.T) {
	h := speaking(2022, English)
	evil := "\x1b]52;c;ZXZpbA==\a\u202eX\x9b2J"
	h.Name, h.Domain, h.Lease.Suffix = evil, evil, evil
	h.Products[0].Name = evil
	h.Admins = append(h.Admins, estate.GuestAccount{Name: evil, RID: 1500})
	h.Failures = []estate.GuestLogonFailure{{Account: evil, Source: evil, Last: now()}}
	s := sit(t, h, surroundings(), seat())
	for _, line := range []string{"hostname", "whoami", "whoami /user", "ipconfig /all", "slmgr /dlv", "Get-LocalUser", "Get-LocalUser | fl", "Get-LocalGroupMember Administrators",
		"Get-CimInstance Win32_ComputerSystem", "(Get-CimInstance Win32_ComputerSystem).Name", "Get-WinEvent -FilterHashtable @{LogName='Security';Id=4625} | fl", "nslookup $env:COMPUTERNAME", "Get-Service $env:COMPUTERNAME"} {
		if _, err := s.p.Write([]byte(line + "\r")); err != nil {
			t.Fatal(err)
		}
		out := s.output()
		for _, bad := range []string{"\x1b]", "\u202e", "\x9b", "\u009b"} {
			if strings.Contains(out, bad) {
				t.Errorf("%s: %q", line, out)
			}
		}
	}
}

// No answer is wider than its table: one that does not fit is cut, by cells.
func TestTablesFit(t *testing.T) {
	for _, cols := range []int{2, 10, 20, 40, 80, 120} {
		at := seat()
		at.Cols = cols
		s := sit(t, speaking(2022, Japanese), surroundings(), at)
		for _, line := range []string{"Get-NetRoute", "Get-Service", "Get-CimInstance SoftwareLicensingProduct | ft", "Get-LocalGroupMember Administrators"} {
			for _, l := range strings.Split(s.runs(line), "\n") {
				if strings.Contains(l, "模擬") || strings.Contains(l, line) || strings.TrimSpace(l) == "" || cols < 10 {
					continue
				}
				if textCells(l) > cols && !strings.Contains(line+"\n", l) {
					t.Errorf("%d columns, %s: %q takes %d", cols, line, l, textCells(l))
				}
			}
		}
	}
}
