// Package windows is the inside of simulated servers: the state of one Windows each,
// from which the answers of monshin's scripts follow.
//
// Nothing in it is an answer that was written down. What Windows resolves, reaches
// and may activate follows from its state and from what it meets outside of itself
// (Outside): change the one or the other, and the answers change.
package windows

import (
	"time"

	"github.com/monshin/monshin/diagnose/estate"
)

// Language ids (LCID) of Windows.
const (
	English  = 1033
	Japanese = 1041
)

// Ids of the launch agents, as scripts name them.
const (
	LaunchV1 = "v1"
	LaunchV2 = "v2"
)

// Host is the state of one Windows. It holds no pointers into the account around it
// and survives JSON.
type Host struct {
	Name string
	// Domain is the DNS name of the domain of which it is a member, "" for none.
	Domain string
	// Controller says that it is a domain controller.
	Controller bool
	// TrustBroken says that the machine account's password does not fit the domain's.
	TrustBroken bool

	Build, UBR int
	Edition    string
	// Language is an LCID.
	Language          int
	Installed, Booted time.Time
	// MachineSID is the SID of the local accounts without their RID; ComputerSID is
	// the domain's SID of the machine account.
	MachineSID, ComputerSID string
	MachineGUID             string
	SusClientID             string
	CloneTag                string
	// ImageState, Generalization and Cleanup are what Sysprep left in the registry.
	ImageState              string
	Generalization, Cleanup int
	// Mismatches are LsaSrv events 6167.
	Mismatches []time.Time
	Updates    []Update

	Network
	Licensing
	Launch
	SignIn
}

// Update is an installed update.
type Update struct {
	KB, Title string
	Installed time.Time
}

// Network is how Windows is connected.
type Network struct {
	// Lease is what DHCP handed out when it was last renewed: DNS servers as the option
	// set names them (AmazonProvidedDNS or addresses), and the DNS suffix.
	Lease  Lease
	Routes []Route
	// Forwarders are the DNS forwarders of a domain controller, Zones its conditional
	// ones: the server by the zone.
	Forwarders []string
	Zones      map[string]string
	// BlocksKMS says that a rule of Windows Firewall lets nothing out to tcp/1688.
	BlocksKMS bool
}

// Lease is one DHCP lease.
type Lease struct {
	DNS    []string
	Suffix string
	Since  time.Time
}

// Route is a route that somebody added. A persistent one is active too. Of several
// to the same destination the one with the lowest metric is taken.
type Route struct {
	Destination, NextHop string
	Metric               int
	Persistent           bool
}

// Licensing is what activation depends on.
type Licensing struct {
	Products []Product
	// Ahead is how far the clock is ahead of the right time.
	Ahead    time.Duration
	TimeZone string
	// RealTimeIsUniversal is the registry value; nil is none.
	RealTimeIsUniversal *int
}

// Product is a product with a key. KMS says that the key is a KMS client's; another
// key is activated by itself.
type Product struct {
	Name, Channel, Application string
	KMS                        bool
	PartialKey                 string
	Host                       string
	Port                       int
}

// Launch is the launch agent and what it did.
type Launch struct {
	Agent          string
	RunOnce, State time.Time
	PasswordType   string
	Skipped        bool
	Admins         []estate.GuestAccount
	SSMAgent       estate.GuestService
}

// SignIn is what signing in depends on.
type SignIn struct {
	Failures        []estate.GuestLogonFailure
	Accounts        []estate.GuestSignInAccount
	RemoteOff       bool // fDenyTSConnections
	Port            int
	NoNLA           bool
	TermService     estate.GuestService
	Sessions        int
	SessionHost     bool // the Remote Desktop Session Host role
	GraceDays       *int
	Allowed, Denied []string
	FirewallClosed  bool
}

// Outside is what Windows meets beyond its own state.
type Outside interface {
	// Instance is the instance id that the metadata service tells.
	Instance() string
	// Now is the right time.
	Now() time.Time
	// Gateway is the router of the subnet.
	Gateway() string
	// Servers are the addresses that an option set's words stand for.
	Servers(options []string) []string
	// Lookup asks one DNS server for one name: a Windows error code and the answers.
	Lookup(server, name, kind string) (code int, answers []string)
	// Connects reports whether a TCP connection to an address opens.
	Connects(address string, port int) bool
	// Metadata reports whether the metadata service is switched on.
	Metadata() bool
	// Credentials reports whether there is a role to take credentials from.
	Credentials() bool
	// AgentVersion is the SSM Agent's.
	AgentVersion() string
	// Region is where it all is.
	Region() string
}
