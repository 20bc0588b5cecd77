package typed_test

import (
	"slices"
	"testing"

	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/probe"
	"github.com/monshin/monshin/diagnose/typed"
)

func TestSteps(t *testing.T) {
	all, err := typed.Load()
	if err != nil {
		t.Fatal(err)
	}
	probes := probe.All()
	for _, s := range all {
		if !s.Title.Complete() || !s.Why.Complete() || !s.Expect.Complete() || s.Command == "" {
			t.Errorf("%q is not said whole", s.Command)
		}
		for _, c := range s.For {
			if !slices.Contains(finding.Names(), c) {
				t.Errorf("%q is for %q, which is no finding", s.Command, c)
			}
		}
		if _, ok := probes.Get(s.Probe); s.Probe != "" && !ok {
			t.Errorf("%q names the probe %q, which does not exist", s.Command, s.Probe)
		}
		if s.Changes && s.Probe == "" && s.Bad == "" && s.Good == "" {
			t.Errorf("%q changes something, and nothing tells what came of it", s.Command)
		}
	}
}

func TestRead(t *testing.T) {
	all, err := typed.Load()
	if err != nil {
		t.Fatal(err)
	}
	find := func(command string) typed.Step {
		i := slices.IndexFunc(all, func(s typed.Step) bool { return s.Command == command })
		if i < 0 {
			t.Fatalf("no step %q", command)
		}
		return all[i]
	}
	ato := find(`cscript //nologo C:\Windows\System32\slmgr.vbs /ato`)
	for out, want := range map[string]typed.Outcome{
		"Product activated successfully.":                   typed.AsHoped,
		"製品は正常にライセンス認証されました。":                               typed.AsHoped,
		"エラー: 0xC004F074 ソフトウェア ライセンス サービスから報告がありました。":      typed.Not,
		"Activating Windows(R) Operating System (aa-bb)...": typed.Unclear,
	} {
		if got := ato.Read(out); got != want {
			t.Errorf("%q is %q", out, got)
		}
	}
	if got := find("Test-NetConnection 169.254.169.250 -Port 1688").Read("TcpTestSucceeded : False"); got != typed.Not {
		t.Errorf("a refused connection is %q", got)
	}
}

func TestPick(t *testing.T) {
	all, err := typed.Load()
	if err != nil {
		t.Fatal(err)
	}
	got := typed.Pick(all, []finding.Code{finding.CloneNotGeneralized})
	var commands []string
	for _, s := range got {
		commands = append(commands, s.Command)
	}
	for _, want := range []string{"Add-Routes", "Set-ActivationSettings", "whoami /user", "hostname"} {
		if !slices.Contains(commands, want) {
			t.Errorf("%q is not offered: %q", want, commands)
		}
	}
	if slices.Contains(commands, "ipconfig /renew") {
		t.Error("a step of another finding is offered")
	}
	if last := commands[len(commands)-1]; last != "chcp 65001" {
		t.Errorf("the last is %q", last)
	}
}

func TestOnlyNamesComeIntoACommand(t *testing.T) {
	s := typed.Step{Command: "Resolve-DnsName _ldap._tcp.dc._msdcs.DOMAIN; x ssm.REGION.amazonaws.com INSTANCE_ID"}
	got := s.With(typed.Known{Region: "ap-northeast-1", Instance: "i-0123456789abcdef0", Domain: "corp.example.local"})
	if got.Command != "Resolve-DnsName _ldap._tcp.dc._msdcs.corp.example.local; x ssm.ap-northeast-1.amazonaws.com i-0123456789abcdef0" || !got.Complete() {
		t.Errorf("filled: %q", got.Command)
	}
	for _, evil := range []string{"a; Remove-Item C:\\", "a b", "$(x)", "a'", "-x", "", "a\r\nb", "DOMAIN;"} {
		if got := s.With(typed.Known{Domain: evil, Region: evil, Instance: evil}); got.Command != s.Command || got.Complete() {
			t.Errorf("%q came into a command: %q", evil, got.Command)
		}
	}
}
