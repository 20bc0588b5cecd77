package guest

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/monshin/monshin/diagnose/estate"
)

func TestOneScriptForMany(t *testing.T) {
	const one, two = "i-0123456789abcdef0", "i-0123456789abcdef1"
	dns := func(id string, names ...string) estate.Key {
		return estate.GuestDNSPart.Key(estate.GuestDNSQuery{Instance: id, Domain: "corp.example.local", Names: names}.String())
	}
	script, err := ManyScript([]estate.Key{
		estate.GuestIdentityPart.Key(one), estate.GuestIdentityPart.Key(two), estate.GuestActivationPart.Key(two),
		dns(one, "a.example.local"), dns(two, "b.example.local"),
	})
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(script, one) || strings.Contains(script, two) || !strings.HasSuffix(script, "exit 0\n") || strings.Contains(script, "Clipboard") {
		t.Errorf("the script names somebody, or does not end well:\n%s", script[max(0, len(script)-600):])
	}
	want := Request{Blocks: []Block{Identity, DNS, Activation}, Domains: []string{"corp.example.local"}, Names: []string{"a.example.local", "b.example.local"}}
	// However the lines are joined on the way.
	got, err := AskedOfMany(strings.ReplaceAll(script, "\n", "\r\n"))
	if d := cmp.Diff(want, got); err != nil || d != "" {
		t.Errorf("read back (-want +got), %v:\n%s", err, d)
	}
	if _, err := AskedOfMany(strings.Replace(script, "exit 0", "Restart-Computer", 1)); err == nil {
		t.Error("a changed script is taken for one of monshin's")
	}
	if _, err := Asked(script); err == nil {
		t.Error("a script for many is taken for one for a single instance, which prints something else")
	}
	if _, err := ManyScript([]estate.Key{estate.InstancePart.Key(one)}); err == nil {
		t.Error("a part that is not read inside Windows is taken")
	}
	line := AskLine(Line(Identity, one, time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC), estate.GuestIdentity{Host: "A", Role: 2, Build: 20348, UBR: 1}))
	if a, err := ReadLine(line + "\r\n"); err != nil || a.Instance != one {
		t.Errorf("instance %q, %v", a.Instance, err)
	}
}
