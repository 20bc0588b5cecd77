package estate

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// GuestUnread names the fields, as JSON spells them, that Windows would not give: an
// empty list of such a field says nothing, instead of "none".
type GuestUnread []string

// Has reports whether the field could not be read.
func (u GuestUnread) Has(field string) bool { return slices.Contains(u, field) }

// GuestIdentity is what Windows says it is (domain.md §8, SID-1…4, AD-1).
type GuestIdentity struct {
	Host   string `json:"host"`
	Domain string `json:"domain,omitempty"`
	Joined bool   `json:"joined"`
	// Role is Win32_ComputerSystem.DomainRole; 4 and 5 are domain controllers.
	Role int `json:"role"`
	// MachineSID is the machine SID without a RID; "" on a domain controller, which has no local accounts.
	MachineSID  string    `json:"machine_sid,omitempty"`
	ComputerSID string    `json:"computer_sid,omitempty"`
	Build       int       `json:"build"`
	UBR         int       `json:"ubr"`
	Edition     string    `json:"edition,omitempty"`
	Installed   time.Time `json:"installed,omitzero"`
	Booted      time.Time `json:"booted,omitzero"`
	// Language is Win32_OperatingSystem.OSLanguage, an LCID: 1041 Japanese, 1033 English.
	Language int `json:"language,omitempty"`
	// ImageState is IMAGE_STATE_COMPLETE, IMAGE_STATE_UNDEPLOYABLE, …; "" where unreadable.
	ImageState     string `json:"image_state,omitempty"`
	Generalization *int   `json:"generalization,omitempty"` // 7 allowed, 3 stuck (domain.md §8)
	Cleanup        *int   `json:"cleanup,omitempty"`
	CloneTag       string `json:"clone_tag,omitempty"`
	MachineGUID    string `json:"machine_guid,omitempty"`
	SusClientID    string `json:"sus_client_id,omitempty"`
	// Mismatches are LsaSrv 6167 events of the last seven days, newest first.
	Mismatches []time.Time `json:"mismatches,omitempty"`
	// SecureChannel is Test-ComputerSecureChannel; nil where not joined or not testable.
	// It is false also where no domain controller can be reached.
	SecureChannel *bool `json:"secure_channel,omitempty"`
	// Unread may hold mismatches, machine_sid, computer_sid and secure_channel.
	Unread GuestUnread `json:"unread,omitempty"`
}

// GuestDNS is name resolution as Windows does it (DNS-2c, DNS-3, DNS-4).
type GuestDNS struct {
	Queries []GuestQuery `json:"queries"`
	// Servers are the DNS servers of each interface that has any, in order.
	Servers  [][]string `json:"servers,omitempty"`
	Suffixes []string   `json:"suffixes,omitempty"`
	// Unread may hold servers, suffixes, and queries where the time ran out before all were put.
	Unread GuestUnread `json:"unread,omitempty"`
}

// GuestQuery is one query and its answer.
type GuestQuery struct {
	Name   string `json:"name"`
	Type   string `json:"type"`             // A, SRV
	Server string `json:"server,omitempty"` // "" is whatever Windows uses
	// Code is the Windows error: 0 answered, -1 failed without a code, 9003 no such name, 9002 server failure,
	// 9501 no records, 1460 time-out (domain.md §10 [M]).
	Code    int      `json:"code"`
	Answers []string `json:"answers,omitempty"`
}

// GuestActivation is licensing and what it needs (ACT-1…5).
type GuestActivation struct {
	Products []GuestLicense `json:"products"`
	Routes   []GuestRoute   `json:"routes"`
	// Ports maps "169.254.169.250:1688" and its kin to "ok", "timeout" or "errN" (Winsock).
	Ports map[string]string `json:"ports,omitempty"`
	// UTC is the guest's clock when it answered, and ClockOffset how far it is ahead
	// of the clock that asked, in seconds; filled by the collector.
	UTC         time.Time `json:"utc"`
	ClockOffset *float64  `json:"clock_offset,omitempty"`
	TimeZone    string    `json:"time_zone,omitempty"`
	// RealTimeIsUniversal is the registry value; nil where it is not set.
	RealTimeIsUniversal *int `json:"real_time_is_universal,omitempty"`
	V1                  bool `json:"v1,omitempty"` // EC2Launch v1 is installed
	V2                  bool `json:"v2,omitempty"` // EC2Launch v2 is installed
	// Unread may hold products and routes.
	Unread GuestUnread `json:"unread,omitempty"`
}

// GuestLicense is one SoftwareLicensingProduct with a key. The key itself is never read.
type GuestLicense struct {
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	Application string `json:"application"` // GUID: 55c92734-… Windows, 0ff1ce15-… Office
	// Status is LicenseStatus: 0 unlicensed, 1 licensed, 2 OOB grace, 3 OOT grace,
	// 4 non-genuine grace, 5 notification, 6 extended grace (domain.md §7 [V:ls]).
	Status       int    `json:"status"`
	Reason       string `json:"reason,omitempty"` // "0xC004F074"
	GraceMinutes int64  `json:"grace_minutes,omitempty"`
	PartialKey   string `json:"partial_key,omitempty"` // the last five characters
	KMSHost      string `json:"kms_host,omitempty"`
	KMSPort      int    `json:"kms_port,omitempty"`
	Discovered   string `json:"discovered,omitempty"`
}

// GuestRoute is an IPv4 route of Windows, for 169.254.169.0/24 and the default.
type GuestRoute struct {
	Store       string `json:"store"` // ActiveStore, PersistentStore
	Destination string `json:"destination"`
	NextHop     string `json:"next_hop"`
	Interface   int    `json:"interface,omitempty"`
	// Metric is the route's own; it is needed to put a route back.
	Metric int `json:"metric,omitempty"`
}

// GuestLaunch is the launch agent, the password's fate, and who is an administrator.
type GuestLaunch struct {
	// Agent is "v1", "v2", "ec2config" or "".
	Agent string `json:"agent,omitempty"`
	// RunOnce and State are when EC2Launch v2 last wrote .run-once and state.json.
	RunOnce time.Time `json:"run_once,omitzero"`
	State   time.Time `json:"state,omitzero"`
	// PasswordType is setAdminAccount's type (random, static, doNothing; "default" where the task
	// names none), or v1's adminPasswordType; "" where v2 has no such task, or Unread says so.
	PasswordType string `json:"password_type,omitempty"`
	// Skipped says that agent.log holds "Skipping task preReady-setAdminAccount".
	Skipped     bool           `json:"skipped,omitempty"`
	LocalAdmins []GuestAccount `json:"local_admins,omitempty"`
	SSMAgent    GuestService   `json:"ssm_agent"`
	// Unread may hold password_type and local_admins.
	Unread GuestUnread `json:"unread,omitempty"`
}

// GuestAccount is a local account.
type GuestAccount struct {
	Name     string `json:"name"`
	RID      int    `json:"rid,omitempty"`
	Disabled bool   `json:"disabled,omitempty"`
}

// GuestService is a Windows service: .NET's words (Running, Stopped; Automatic, Manual, Disabled).
type GuestService struct {
	Status    string `json:"status"` // "Missing" where Windows has no such service
	StartType string `json:"start_type,omitempty"`
}

// GuestSignIn is what signing in depends on (RDP-1).
type GuestSignIn struct {
	// Failures are failed logons (Security 4625) of the last 24 hours, grouped.
	Failures []GuestLogonFailure `json:"failures,omitempty"`
	// FailuresRead is false where the Security log could not be read.
	FailuresRead bool                 `json:"failures_read"`
	Accounts     []GuestSignInAccount `json:"accounts,omitempty"`
	DenyTS       *int                 `json:"deny_ts,omitempty"` // fDenyTSConnections: 1 is off
	Port         int                  `json:"port,omitempty"`
	NLA          *int                 `json:"nla,omitempty"` // UserAuthentication
	TermService  GuestService         `json:"term_service"`
	Sessions     *int                 `json:"sessions,omitempty"` // interactive sessions now
	// GraceDays are the days left of the RDS grace period; nil where there is none.
	GraceDays *int `json:"grace_days,omitempty"`
	// RDSRole says that the Remote Desktop Session Host role is installed.
	RDSRole bool `json:"rds_role,omitempty"`
	// Allowed and Denied are the SIDs with the right and the denial to log on through RDP.
	Allowed []string `json:"allowed,omitempty"`
	Denied  []string `json:"denied,omitempty"`
	// FirewallOpen says whether an enabled inbound rule lets the port in; nil where unknown.
	FirewallOpen *bool `json:"firewall_open,omitempty"`
	// Unread may hold accounts, sessions, rds_role, grace_days, firewall_open, and
	// allowed and denied (only LocalSystem may read them: not where a person ran the script).
	Unread GuestUnread `json:"unread,omitempty"`
}

// GuestLogonFailure is one group of failed logons.
type GuestLogonFailure struct {
	Status    string `json:"status"`     // "0xC000006D"
	SubStatus string `json:"sub_status"` // "0xC000006A"
	// Account is DOMAIN\name, or a name. Where no such account exists, two letters and "...":
	// it may be a password that somebody typed into the wrong field.
	Account string `json:"account,omitempty"`
	Source  string `json:"source,omitempty"` // address or workstation
	Type    int    `json:"type,omitempty"`   // logon type: 3 network, 10 remote interactive
	// Count is the least there were: the newest 3,000 failures are counted.
	Count int       `json:"count"`
	Last  time.Time `json:"last,omitzero"`
}

// GuestSignInAccount is an account that a failure names, or the administrator.
type GuestSignInAccount struct {
	Name            string    `json:"name"`
	Local           bool      `json:"local,omitempty"`
	Locked          bool      `json:"locked,omitempty"`
	Disabled        bool      `json:"disabled,omitempty"`
	Expires         time.Time `json:"expires,omitzero"`
	PasswordExpires time.Time `json:"password_expires,omitzero"`
	PasswordExpired bool      `json:"password_expired,omitempty"`
}

// GuestDiagnostics is `ssm-cli get-diagnostics`.
type GuestDiagnostics struct {
	Checks []GuestCheck `json:"checks"`
	// Missing says that the agent is too old to have it (before 3.1.501.0).
	Missing bool `json:"missing,omitempty"`
}

// GuestCheck is one check of the agent's own diagnostics.
type GuestCheck struct {
	Check  string `json:"check"`
	Status string `json:"status"` // Success, Skipped, Failed
	Note   string `json:"note,omitempty"`
}

// Inventory is what SSM Inventory holds of the instance, as old as it says.
type Inventory struct {
	Captured time.Time `json:"captured,omitzero"`
	// Gateways and DNS are of AWS:Network.
	Gateways []string           `json:"gateways,omitempty"`
	DNS      []string           `json:"dns,omitempty"`
	Services []InventoryService `json:"services,omitempty"` // AWS:Service, those that monshin asks about
	Updates  []InventoryUpdate  `json:"updates,omitempty"`  // AWS:WindowsUpdate
}

// InventoryService is a service in AWS:Service.
type InventoryService struct {
	Name      string `json:"name"`
	Status    string `json:"status"`
	StartType string `json:"start_type,omitempty"`
}

// InventoryUpdate is an update in AWS:WindowsUpdate.
type InventoryUpdate struct {
	HotFix    string    `json:"hot_fix"`
	Installed time.Time `json:"installed,omitzero"`
}

// Patch is one row of DescribeInstancePatches.
type Patch struct {
	KB        string    `json:"kb"`
	State     string    `json:"state"`
	Title     string    `json:"title,omitempty"`
	Installed time.Time `json:"installed,omitzero"`
}

// Console is what the markers in the console output say (domain.md §9.2). The
// text itself is not kept: it can hold a password.
type Console struct {
	Time         time.Time `json:"time,omitzero"`
	Empty        bool      `json:"empty,omitempty"`
	LaunchAgent  string    `json:"launch_agent,omitempty"`
	AgentVersion string    `json:"agent_version,omitempty"` // "SSM: Amazon SSM Agent v…"
	Thumbprint   string    `json:"thumbprint,omitempty"`    // RDPCERTIFICATE-THUMBPRINT
	Ready        bool      `json:"ready,omitempty"`         // "Windows is Ready to use"
	Password     bool      `json:"password,omitempty"`      // a <Password> element was there
	Sysprep      string    `json:"sysprep,omitempty"`       // SysprepState=…
	Waiting      bool      `json:"waiting,omitempty"`       // "Waiting for meta-data accessibility"
	OSName       string    `json:"os_name,omitempty"`
	Language     string    `json:"language,omitempty"`
	TimeZone     string    `json:"time_zone,omitempty"`
}

// Screenshot is a picture of the console. It can show what only people in the room
// should see: it is kept in the record and never shown but as "taken at".
type Screenshot struct {
	// Taken is when EC2 was asked; EC2 itself tells no time.
	Taken time.Time `json:"taken"`
	// Width and Height are in pixels, Size in bytes.
	Width  int `json:"width"`
	Height int `json:"height"`
	Size   int `json:"size"`
	// JPEG is the picture (base64 in JSON); empty where it was dropped for its size.
	JPEG []byte `json:"jpeg,omitempty"`
	// Dropped says why there is no picture: "larger than 204800 bytes".
	Dropped string `json:"dropped,omitempty"`
}

// GuestDNSQuery says what Windows is asked to resolve. Its string form is the id
// of a GuestDNSPart: "i-…;domain=corp.example.local;names=ssm.…,ssmmessages.…".
type GuestDNSQuery struct {
	Instance string
	Domain   string   // the AD domain, "" for none
	Names    []string // further names, asked of Windows's own servers and of the VPC's Resolver
}

// String writes the query as a part id.
func (q GuestDNSQuery) String() string {
	return q.Instance + ";domain=" + q.Domain + ";names=" + strings.Join(q.Names, ",")
}

// ParseGuestDNSQuery reads what String wrote.
func ParseGuestDNSQuery(s string) (GuestDNSQuery, error) {
	instance, rest, ok := strings.Cut(s, ";domain=")
	domain, names, ok2 := strings.Cut(rest, ";names=")
	if !ok || !ok2 || instance == "" {
		return GuestDNSQuery{}, fmt.Errorf("%q is not a guest DNS query", s)
	}
	q := GuestDNSQuery{Instance: instance, Domain: domain}
	if names != "" {
		q.Names = strings.Split(names, ",")
	}
	return q, nil
}
