package windows

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
)

// Release is a release of Windows Server, by its year.
type Release int

// releases are the builds, an update level of autumn 2026's kind, the launch agent of
// AWS's images, and the last characters of Microsoft's published client key (domain.md
// §7.1 [V:gvlk]; §1 A3, A4).
var releases = map[Release]struct {
	build, ubr int
	agent, key string
}{
	2016: {14393, 8594, LaunchV1, "8XDDG"},
	2019: {17763, 7792, LaunchV1, "63DFG"},
	2022: {20348, 4405, LaunchV2, "6VM33"},
	2025: {26100, 7171, LaunchV2, "YP6DF"},
}

// The ApplicationIDs of Windows, and of Office since 2013, in SoftwareLicensingProduct
// (domain.md §7.1 [M]).
const (
	WindowsApplication = "55c92734-d682-4d71-983e-d6ec3f16059f"
	OfficeApplication  = "0ff1ce15-a989-479d-af46-f275c6370663"
)

// Linked are the link-local services to which the launch agents add routes
// (domain.md §7.1 [V:seedA]): metadata, KMS, time, DNS.
func Linked() []string {
	return []string{"169.254.169.254", "169.254.169.250", "169.254.169.251", "169.254.169.249", "169.254.169.123", "169.254.169.253"}
}

// Launched is a Windows as it comes up from a generalised image of AWS: a name and a
// SID of its own, activated, its password set.
func Launched(r Release, name string, language int, at time.Time, gateway string, lease []string, suffix string) *Host {
	of := releases[r]
	ready := at.Add(2*time.Minute + 40*time.Second)
	h := &Host{
		Name: name, Build: of.build, UBR: of.ubr, Edition: "ServerDatacenter", Language: language,
		Installed: at.Add(70 * time.Second), Booted: at.Add(90 * time.Second),
		MachineSID: SID("machine/" + name + at.Format(time.RFC3339)), MachineGUID: guid("machine/" + name), SusClientID: guid("sus/" + name),
		CloneTag: "Wed Oct 14 19:55:02 2026", ImageState: "IMAGE_STATE_COMPLETE", Generalization: 7, Cleanup: 2,
		Updates: []Update{{KB: "KB5070881", Title: "2026-10 Cumulative Update for Windows Server", Installed: time.Date(2026, 10, 14, 19, 40, 0, 0, time.UTC)}},
		Network: Network{Lease: Lease{DNS: lease, Suffix: suffix, Since: at.Add(95 * time.Second)}},
		Licensing: Licensing{TimeZone: "UTC", Products: []Product{{
			Name: "Windows(R), ServerDatacenter edition", Channel: "Windows(R) Operating System, VOLUME_KMSCLIENT channel",
			Application: WindowsApplication, KMS: true, PartialKey: of.key, Host: "169.254.169.250", Port: 1688,
		}}},
		Launch: Launch{
			Agent: of.agent, PasswordType: "Random", SSMAgent: estate.GuestService{Status: "Running", StartType: "Automatic"},
			Admins: []estate.GuestAccount{{Name: "Administrator", RID: 500}},
		},
		SignIn: SignIn{
			Port: 3389, TermService: estate.GuestService{Status: "Running", StartType: "Manual"},
			Accounts: []estate.GuestSignInAccount{{Name: "Administrator", Local: true}},
			Allowed:  []string{"S-1-5-32-544", "S-1-5-32-555"},
		},
	}
	if language == Japanese {
		universal := 1
		h.TimeZone, h.RealTimeIsUniversal = "Tokyo Standard Time", &universal
	}
	if h.Agent == LaunchV2 {
		h.PasswordType, h.RunOnce, h.State = "random", ready, ready
	} else {
		// v1 sets the type to DoNothing once it has set the password (domain.md PW-4).
		h.PasswordType = "DoNothing"
	}
	h.addRoutes(gateway)
	return h
}

// addRoutes is what the launch agent does at a start: v1 adds persistent routes, and
// only at the first start; v2 adds fleeting ones each time (domain.md §7.1).
func (h *Host) addRoutes(gateway string) {
	for _, to := range Linked() {
		h.Routes = append(h.Routes, Route{Destination: to + "/32", NextHop: gateway, Metric: 30, Persistent: h.Agent == LaunchV1})
	}
}

// Copied is a Windows as it comes up from an image of h that was taken without
// Sysprep: all of h, and started elsewhere. What the launch agent does once it has
// done, and does not do again.
func (h *Host) Copied(at time.Time, gateway string, lease []string, suffix string) *Host {
	c := *h
	c.Booted = at.Add(55 * time.Second)
	c.Lease = Lease{DNS: lease, Suffix: suffix, Since: at.Add(60 * time.Second)}
	c.Failures, c.Mismatches = nil, nil
	c.Products = append([]Product(nil), h.Products...)
	c.Admins = append([]estate.GuestAccount(nil), h.Admins...)
	c.Accounts = append([]estate.GuestSignInAccount(nil), h.Accounts...)
	c.Routes = nil
	for _, r := range h.Routes {
		if r.Persistent {
			c.Routes = append(c.Routes, r)
		}
	}
	if c.Agent == LaunchV2 {
		c.State, c.Skipped = at.Add(80*time.Second), true
		c.addRoutes(gateway)
	}
	return &c
}

// Rename gives the computer another name, which leaves its SIDs as they are.
func (h *Host) Rename(name string) *Host {
	h.Name = name
	return h
}

// Join makes it a member of a domain.
func (h *Host) Join(domain, domainSID string) {
	h.Domain, h.ComputerSID = domain, fmt.Sprintf("%s-%d", domainSID, 1100+number("rid/"+h.Name)%8000)
}

// SID makes the SID of a machine or a domain from a name.
func SID(name string) string {
	return fmt.Sprintf("S-1-5-21-%d-%d-%d", number("sid1/"+name), number("sid2/"+name), number("sid3/"+name))
}

func number(name string) uint32 {
	sum := sha256.Sum256([]byte(name))
	return binary.BigEndian.Uint32(sum[:])
}

func guid(name string) string {
	sum := sha256.Sum256([]byte("guid/" + name))
	s := hex.EncodeToString(sum[:])
	return strings.Join([]string{s[:8], s[8:12], "4" + s[13:16], "a" + s[17:20], s[20:32]}, "-")
}
