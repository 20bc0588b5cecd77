package windows

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/guest"
)

const server = "i-0123456789abcdef0"

func now() time.Time { return time.Date(2026, 11, 21, 16, 58, 0, 0, time.UTC) }

// around is what a Windows meets in a test.
type around struct {
	gateway  string
	metadata bool
	profile  bool
	// names are what any DNS server answers; servers that are not in answering do not.
	names     map[string][]string
	answering []string
	// open are the addresses that answer.
	open []string
}

func normal() around {
	return around{gateway: "10.0.0.1", metadata: true, profile: true, answering: []string{"10.0.0.2", resolver}, names: map[string][]string{
		"ssm.ap-northeast-1.amazonaws.com": {"10.0.0.5"}, "sts.ap-northeast-1.amazonaws.com": {"10.0.0.6"},
	}, open: []string{"10.0.0.5", "10.0.0.6"}}
}

func (a around) Instance() string          { return server }
func (a around) Now() time.Time            { return now() }
func (a around) Gateway() string           { return a.gateway }
func (a around) Servers([]string) []string { return []string{"10.0.0.2"} }
func (a around) Metadata() bool            { return a.metadata }
func (a around) Credentials() bool         { return a.profile }
func (a around) AgentVersion() string      { return "3.3.3050.0" }
func (a around) Region() string            { return "ap-northeast-1" }

func (a around) Lookup(server, name, _ string) (int, []string) {
	if !slices.Contains(a.answering, server) {
		return TimedOut, nil
	}
	if found := a.names[name]; found != nil {
		return Answered, found
	}
	return NoSuchName, nil
}

func (a around) Connects(address string, _ int) bool { return slices.Contains(a.open, address) }

func launched(r Release) *Host {
	return Launched(r, "APP-01", Japanese, now().AddDate(0, 0, -9), "10.0.0.1", []string{"AmazonProvidedDNS"}, "ap-northeast-1.compute.internal")
}

func everything() guest.Request {
	return guest.Request{Blocks: guest.Blocks(), Domains: []string{"corp.example.local"}, Names: []string{"ssm.ap-northeast-1.amazonaws.com"}}
}

func keys() []estate.Key {
	return []estate.Key{
		estate.GuestIdentityPart.Key(server), estate.GuestActivationPart.Key(server), estate.GuestLaunchPart.Key(server),
		estate.GuestSignInPart.Key(server), estate.GuestDiagnosticsPart.Key(server),
		estate.GuestDNSPart.Key(estate.GuestDNSQuery{Instance: server, Domain: "corp.example.local", Names: []string{"ssm.ap-northeast-1.amazonaws.com"}}.String()),
	}
}

// What a simulated Windows prints, the decoders of the real one accept: every release,
// both launch agents, member, workgroup and controller, in order and out of it.
func TestAnswersAreThoseOfWindows(t *testing.T) {
	for name, change := range map[string]func(*Host){
		"as launched":    func(*Host) {},
		"joined":         func(h *Host) { h.Join("corp.example.local", SID("corp")) },
		"trust broken":   func(h *Host) { h.Join("corp.example.local", SID("corp")); h.TrustBroken = true },
		"controller":     func(h *Host) { h.Join("corp.example.local", SID("corp")); h.Controller = true },
		"nine hours off": func(h *Host) { h.Ahead, h.RealTimeIsUniversal = 9*time.Hour, nil },
		"event 6167":     func(h *Host) { h.Mismatches = []time.Time{now().Add(-time.Hour), now().Add(-time.Minute)} },
		"setup stuck": func(h *Host) {
			h.ImageState, h.Generalization, h.RunOnce, h.State = "IMAGE_STATE_UNDEPLOYABLE", 3, time.Time{}, time.Time{}
		},
		"sign-ins refused": func(h *Host) {
			h.Failures = []estate.GuestLogonFailure{{Status: "0xC0000234", SubStatus: "0x00000000", Account: "佐藤", Source: "203.0.113.10", Type: 3, Count: 7, Last: now()}}
			h.Accounts = append(h.Accounts, estate.GuestSignInAccount{Name: "佐藤", Local: true, Locked: true})
		},
	} {
		for _, r := range []Release{2016, 2019, 2022, 2025} {
			h := launched(r)
			change(h)
			stdout, stderr := h.Run(normal(), everything())
			for _, line := range strings.Split(strings.TrimSpace(stdout), "\n") {
				if strings.ContainsFunc(line, func(r rune) bool { return r > '~' }) {
					t.Errorf("%s, %d: not ASCII: %s", name, r, line)
				}
			}
			if stderr == "" {
				t.Errorf("%s, %d: a Japanese Windows says nothing of its own", name, r)
			}
			answer, err := guest.Read([]byte(stderr + stdout))
			if err != nil {
				t.Fatalf("%s, %d: %v", name, r, err)
			}
			for _, k := range keys() {
				p := answer.Part(k, fact.Origin{Source: fact.Guest}, now())
				if p.Fact.State() != fact.StateKnown {
					t.Errorf("%s, %d: %s: %v", name, r, k, p.Fact.Why())
				}
			}
		}
	}
}

func TestEnglishWindowsIsQuiet(t *testing.T) {
	h := launched(2022)
	h.Language = English
	if _, stderr := h.Run(normal(), everything()); stderr != "" {
		t.Errorf("%q", stderr)
	}
}

// A licence follows from what Windows reaches, and from its clock.
func TestLicencesFollow(t *testing.T) {
	for name, c := range map[string]struct {
		release Release
		change  func(*Host, *around)
		status  int
		reason  string
		port    string
	}{
		"in order, v1":             {2019, func(*Host, *around) {}, 1, "0x4004F040", "ok"},
		"in order, v2":             {2022, func(*Host, *around) {}, 1, "0x4004F040", "ok"},
		"moved, v1 routes stay":    {2019, func(h *Host, a *around) { a.gateway = "10.0.1.1" }, 5, "0xC004F074", "timeout"},
		"firewall":                 {2022, func(h *Host, _ *around) { h.BlocksKMS = true }, 5, "0xC004F074", "timeout"},
		"no routes":                {2022, func(h *Host, _ *around) { h.Routes = nil }, 5, "0xC004F074", "timeout"},
		"clock nine hours ahead":   {2022, func(h *Host, _ *around) { h.Ahead = 9 * time.Hour }, 5, "0xC004F06C", "ok"},
		"clock six minutes behind": {2022, func(h *Host, _ *around) { h.Ahead = -6 * time.Minute }, 1, "0x4004F040", "ok"},
		"a KMS of the company":     {2022, func(h *Host, _ *around) { h.Products[0].Host = "10.9.9.9" }, 5, "0xC004F074", "ok"},
		"a KMS that answers": {2022, func(h *Host, a *around) {
			h.Products[0].Host = "10.9.9.9"
			a.open = append(a.open, "10.9.9.9")
		}, 1, "0x4004F040", "ok"},
		"a key of its own": {2022, func(h *Host, _ *around) { h.Products[0].KMS, h.Routes = false, nil }, 1, "0x4004F040", "timeout"},
	} {
		h, a := launched(c.release), normal()
		c.change(h, &a)
		got := h.Activation(a)
		if p := got.Products[0]; p.Status != c.status || p.Reason != c.reason || got.Ports["169.254.169.250:1688"] != c.port {
			t.Errorf("%s: %d %s, port %s", name, p.Status, p.Reason, got.Ports["169.254.169.250:1688"])
		}
	}
}

// A copy keeps what was set up: SIDs, install date, v1's routes; v2 adds its routes
// anew, and neither sets a password again.
func TestCopies(t *testing.T) {
	for _, r := range []Release{2019, 2022} {
		h := launched(r)
		at := now().AddDate(0, 0, -1)
		c := h.Copied(at, "10.0.1.1", []string{"AmazonProvidedDNS"}, "x").Rename("COPY-01")
		if c.MachineSID != h.MachineSID || !c.Installed.Equal(h.Installed) || c.Name != "COPY-01" || h.Name != "APP-01" || !c.Booted.After(at) {
			t.Errorf("%d: %+v", r, c)
		}
		moved := normal()
		moved.gateway = "10.0.1.1"
		persistent := slices.ContainsFunc(c.Activation(moved).Routes, func(r estate.GuestRoute) bool { return r.Store == "PersistentStore" && r.NextHop == "10.0.0.1" })
		if v1 := r == 2019; persistent != v1 || (c.Activation(moved).Products[0].Status == 1) == v1 || c.Skipped == v1 {
			t.Errorf("%d: persistent %v, status %d, skipped %v", r, persistent, c.Activation(moved).Products[0].Status, c.Skipped)
		}
		if text := c.Console(moved, "own", "secret"); strings.Contains(text, "<Password>") || strings.Contains(text, "secret") {
			t.Errorf("%d: a copy writes a password", r)
		}
		if text := h.Console(normal(), "own", "secret"); !strings.Contains(text, "<Password>") || !strings.Contains(text, "Windows is Ready to use") {
			t.Errorf("%d: a first start writes no password:\n%s", r, text)
		}
		// What is changed in the copy stays in the copy.
		c.Admins[0].Disabled, c.Products[0].PartialKey = true, "-----"
		if h.Admins[0].Disabled || h.Products[0].PartialKey == "-----" {
			t.Errorf("%d: the copy shares memory", r)
		}
	}
}

// Windows asks its next server after a time-out only.
func TestServersInOrder(t *testing.T) {
	h, a := launched(2022), normal()
	if code, found := h.lookup(a, "ssm.ap-northeast-1.amazonaws.com", "A", ""); code != Answered || len(found) != 1 {
		t.Errorf("%d %v", code, found)
	}
	if code, _ := h.lookup(a, "nothing.example", "A", ""); code != NoSuchName {
		t.Errorf("%d", code)
	}
	a.answering = []string{resolver}
	if code, _ := h.lookup(a, "ssm.ap-northeast-1.amazonaws.com", "A", ""); code != TimedOut {
		t.Errorf("%d", code)
	}
	// The address of every VPC's Resolver is behind a route of its own.
	a.gateway = "10.0.7.1"
	if code, _ := h.lookup(a, "ssm.ap-northeast-1.amazonaws.com", "A", resolver); code != TimedOut {
		t.Errorf("%d", code)
	}
}

func TestDiagnosticsFollow(t *testing.T) {
	statuses := func(h *Host, a around) map[string]string {
		out := map[string]string{}
		for _, c := range h.Diagnostics(a).Checks {
			out[c.Check] = c.Status
		}
		return out
	}
	h, a := launched(2022), normal()
	want := map[string]string{
		"EC2 IMDS": "Success", "Hybrid instance registration": "Skipped", "Connectivity to ssm endpoint": "Success",
		"Connectivity to ec2messages endpoint": "Failed", "Connectivity to ssmmessages endpoint": "Failed", "Connectivity to s3 endpoint": "Failed",
		"Connectivity to kms endpoint": "Failed", "Connectivity to logs endpoint": "Failed", "Connectivity to monitoring endpoint": "Failed",
		"AWS Credentials": "Success", "Agent service": "Success", "Proxy configuration": "Skipped", "Windows sysprep image state": "Success", "SSM Agent version": "Success",
	}
	if d := cmp.Diff(want, statuses(h, a)); d != "" {
		t.Error(d)
	}
	for check, change := range map[string]func(*Host, *around){
		"EC2 IMDS":                     func(_ *Host, a *around) { a.metadata = false },
		"AWS Credentials":              func(_ *Host, a *around) { a.profile = false },
		"Connectivity to ssm endpoint": func(_ *Host, a *around) { a.open = nil },
		"Agent service":                func(h *Host, _ *around) { h.SSMAgent.Status = "Stopped" },
		"Windows sysprep image state":  func(h *Host, _ *around) { h.ImageState = "IMAGE_STATE_UNDEPLOYABLE" },
	} {
		h, a := launched(2022), normal()
		change(h, &a)
		if got := statuses(h, a)[check]; got != "Failed" {
			t.Errorf("%s: %s", check, got)
		}
	}
}

// Without its metadata service Windows does not know which instance it is.
func TestInstanceIsNotKnownWithoutMetadata(t *testing.T) {
	h, a := launched(2022), normal()
	a.metadata = false
	stdout, _ := h.Run(a, guest.Request{Blocks: []guest.Block{guest.Identity}})
	answer, err := guest.Read([]byte(stdout))
	if err != nil || answer.Instance != "" {
		t.Errorf("%q, %v", answer.Instance, err)
	}
}

func TestHostSurvivesJSON(t *testing.T) {
	h := launched(2025)
	h.Join("corp.example.local", SID("corp"))
	b, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	var again Host
	if err := json.Unmarshal(b, &again); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(h, &again); d != "" {
		t.Error(d)
	}
}
