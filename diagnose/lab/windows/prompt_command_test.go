package windows

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/monshin/monshin/diagnose/estate"
)

// A Windows that is broken says so at the prompt, in the words of its state.
func TestPromptOfBrokenWindows(t *testing.T) {
	office := Product{Name: "Office 21, Office21ProPlus2021VL_KMS_Client_AE edition", Application: OfficeApplication, KMS: true, PartialKey: "6F7TH", Host: "10.0.0.5", Port: 1688}
	for _, c := range []struct {
		line   string
		change func(*Host, *leased)
		want   []string
	}{
		{"cscript //nologo slmgr.vbs /ato", func(h *Host, _ *leased) { h.BlocksKMS = true }, []string{"0xC004F074"}},
		{"cscript //nologo slmgr.vbs /ato", func(h *Host, _ *leased) { h.Ahead = 9 * time.Hour }, []string{"0xC004F06C", "タイムスタンプ"}},
		{"cscript //nologo slmgr.vbs /dlv", func(h *Host, _ *leased) { h.BlocksKMS = true }, []string{"ライセンスの状態: 通知", "0xC004F074"}},
		{"cscript //nologo slmgr.vbs /xpr", func(h *Host, _ *leased) { h.BlocksKMS = true }, []string{"通知モード"}},
		{"cscript //nologo slmgr.vbs /xpr", func(h *Host, _ *leased) { h.Products[0].KMS = false }, []string{"永続的"}},
		{"cscript //nologo slmgr.vbs /ato", func(h *Host, _ *leased) { h.Products = nil }, []string{"製品が見つかりません"}},
		{"Get-CimInstance SoftwareLicensingProduct | fl LicenseStatus, LicenseStatusReason", func(h *Host, _ *leased) { h.BlocksKMS = true }, []string{"LicenseStatus       : 5", "LicenseStatusReason : 3221549172"}},
		{"Test-NetConnection 169.254.169.250 -Port 1688", func(h *Host, _ *leased) { h.BlocksKMS = true }, []string{"TcpTestSucceeded : False"}},
		{"Test-NetConnection 169.254.169.254 -Port 80", func(_ *Host, o *leased) { o.metadata = false }, []string{"TcpTestSucceeded : False"}},
		{"Test-NetConnection 169.254.169.253 -Port 53", func(*Host, *leased) {}, []string{"[模擬]"}},
		{"Test-NetConnection 169.254.169.253 -Port 53", func(h *Host, _ *leased) { h.Routes = nil }, []string{"TcpTestSucceeded : False"}},
		{"Test-NetConnection localhost -Port 3389", func(h *Host, _ *leased) { h.RemoteOff = true }, []string{"TcpTestSucceeded : False"}},
		{"Test-NetConnection localhost -Port 445", func(*Host, *leased) {}, []string{"[模擬]"}},
		{"w32tm /resync", func(h *Host, _ *leased) { h.Routes = nil }, []string{"同期をとり直しませんでした"}},
		{"Resolve-DnsName x.example", func(_ *Host, o *leased) { o.answering = nil }, []string{"タイムアウト"}},
		{"nslookup x.example", func(_ *Host, o *leased) { o.answering = nil }, []string{"timeout was 2 seconds", "タイムアウト"}},
		{"Start-Service TermService", func(h *Host, _ *leased) {
			h.TermService = estate.GuestService{Status: "Stopped", StartType: "Disabled"}
		}, []string{"開始できません"}},
		{"Get-Service TermService", func(h *Host, _ *leased) { h.TermService = estate.GuestService{Status: "Missing"} }, []string{"見つかりません"}},
		{"reg query HKLM\\SYSTEM\\CurrentControlSet\\Control\\TimeZoneInformation /v RealTimeIsUniversal", func(h *Host, _ *leased) { h.RealTimeIsUniversal = nil }, []string{"値が見つかりませんでした"}},
		{"Get-ItemProperty HKLM:\\SYSTEM\\CurrentControlSet\\Control\\TimeZoneInformation RealTimeIsUniversal", func(h *Host, _ *leased) { h.RealTimeIsUniversal = nil }, []string{"存在しません"}},
		{"Get-WinEvent -FilterHashtable @{LogName='System'; Id=6167} -MaxEvents 1 | fl TimeCreated, Message", func(h *Host, _ *leased) {
			h.Mismatches = []time.Time{now().Add(-time.Hour), now().Add(-time.Minute)}
		}, []string{"TimeCreated : 2026/11/22 01:57:00", "マシン ID"}},
		{"Get-WinEvent -FilterHashtable @{LogName='Security'; Id=4625} | fl", func(h *Host, _ *leased) {
			h.Failures = []estate.GuestLogonFailure{{Status: "0xC0000234", SubStatus: "0x00000000", Account: "佐藤", Source: "203.0.113.10", Type: 3, Count: 7, Last: now()}}
		}, []string{"佐藤", "0xC0000234", "[模擬]"}},
		{"Test-ComputerSecureChannel", func(h *Host, o *leased) {
			h.Join("corp.example.local", SID("d"))
			h.TrustBroken = true
			o.names = map[string][]string{"_ldap._tcp.dc._msdcs.corp.example.local": {"dc1.corp.example.local"}}
		}, []string{"False"}},
		{"Test-ComputerSecureChannel -Repair; Test-ComputerSecureChannel", func(h *Host, o *leased) {
			h.Join("corp.example.local", SID("d"))
			h.TrustBroken = true
			o.names = map[string][]string{"_ldap._tcp.dc._msdcs.corp.example.local": {"dc1.corp.example.local"}}
		}, []string{"True\nTrue"}},
		{"cscript //nologo ospp.vbs /act", func(h *Host, o *leased) { h.Products = append(h.Products, office) }, []string{"LICENSE NAME: Office 21", "<Product activation successful>"}},
		{"cscript //nologo ospp.vbs /act", func(h *Host, o *leased) { h.Products, o.open = append(h.Products, office), nil }, []string{"ERROR CODE: 0xC004F074", "No Key Management Service"}},
		{"cscript ospp.vbs /dstatus", func(h *Host, o *leased) { h.Products, o.open = append(h.Products, office), nil }, []string{"Windows Script Host", "---NOTIFICATIONS---"}},
	} {
		h, o := speaking(2022, Japanese), surroundings()
		c.change(h, &o)
		s := sit(t, h, o, seat())
		got := s.runs(c.line)
		for _, want := range c.want {
			if !strings.Contains(got, want) {
				t.Errorf("%s: no %q in\n%s", c.line, want, got)
			}
		}
	}
}

// Pipes keep and show what they say.
func TestPipes(t *testing.T) {
	s := sit(t, speaking(2022, English), surroundings(), seat())
	for pipe, want := range map[string]string{
		"Select-Object -ExpandProperty Name -First 2":                "Amazon EC2Launch\nAmazonSSMAgent\n",
		"? Name -eq w32time | select -exp Status":                    "Running\n",
		"where { $_.Name -match '^(w32|spool)' } | select -exp Name": "Spooler\nW32Time\n",
		"where Name -notmatch '[a-z]' | select -exp Name":            "",
		"where Status -ne Running | select -exp Name":                "Amazon EC2Launch\nNetlogon\nSpooler\n",
		"where Name -notlike *a* | select -exp Name":                 "Netlogon\nSpooler\nW32Time\n",
		"Out-Null":                       "",
		"ft Name | where Name -like *":   "simulation",
		"where Name -gt A":               "simulation",
		"where { $_.Name.Length -eq 3 }": "simulation",
		"where Name -match '('":          "simulation",
		"select -First x":                "simulation",
	} {
		got := s.runs("Get-Service A*,D*,N*,S*,W* | " + pipe)
		switch {
		case want == "simulation":
			if !strings.Contains(got, "[simulation]") {
				t.Errorf("%s: %s", pipe, got)
			}
		case got != want:
			t.Errorf("%s: %q, want %q", pipe, got, want)
		}
	}
}

func TestParse(t *testing.T) {
	env := map[string]string{"windir": `C:\Windows`}
	flat := func(statements [][]command) (out [][][]string) {
		for _, p := range statements {
			var stages [][]string
			for _, c := range p {
				var all []string
				for _, w := range c {
					all = append(all, w.text+w.member)
				}
				stages = append(stages, all)
			}
			out = append(out, stages)
		}
		return out
	}
	for line, want := range map[string][][][]string{
		"":                                 nil,
		" ; ; # nothing":                   nil,
		"a b;c":                            {{{"a", "b"}}, {{"c"}}},
		"a | b c | d":                      {{{"a"}, {"b", "c"}, {"d"}}},
		`a 'it''s' "x""y" "$env:WINDIR\s"`: {{{"a", "it's", `x"y`, `C:\Windows\s`}}},
		"a `;b $true":                      {{{"a", ";b", "$true"}}},
		"& 'C:\\Program Files\\x.exe' run": {{{`C:\Program Files\x.exe`, "run"}}},
		"w {$_.a -eq '}'} @{a=1; b='x'}":   {{{"w", "$_.a -eq '}'", "a=1; b='x'"}}},
		"(a b).c; d":                       {{{"a b.c"}}, {{"d"}}},
		"a\u3000b":                         {{{"a\u3000b"}}},
		"a \u3000 b":                       {{{"a", "b"}}},
	} {
		got, err := parse(line, env)
		if err != nil {
			t.Errorf("%q: %v", line, err)
		}
		if diff := cmp.Diff(want, flat(got)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", line, diff)
		}
	}
	for _, line := range []string{"'a", `"a`, "{", "({)}", "a `"} {
		if _, err := parse(line, env); !errors.Is(err, errUnfinished) {
			t.Errorf("%q: %v", line, err)
		}
	}
	for _, line := range []string{"| a", "a |", "a && b", "$x", "a > b", "a 2>&1", "a(b)", strings.Repeat("{", 20), `"$(x)"`} {
		var beyond errBeyond
		if _, err := parse(line, env); !errors.As(err, &beyond) {
			t.Errorf("%q: %v", line, err)
		}
	}
}
