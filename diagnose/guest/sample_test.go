package guest

import (
	"time"

	"github.com/monshin/monshin/diagnose/estate"
)

const (
	patient   = "i-0123456789abcdef0"
	dnsID     = patient + ";domain=corp.example.local;names=ssm.ap-northeast-1.amazonaws.com,ssmmessages.ap-northeast-1.amazonaws.com"
	machineID = "S-1-5-21-1004336348-1177238915-682003330"
)

func ptr[T any](v T) *T { return &v }

// hour is a time on the day on which the samples were made, in UTC.
func hour(h int) time.Time { return time.Date(2026, 11, 20, h, 30, 15, 0, time.UTC) }

// keys are the touching parts of the patient.
func keys() []estate.Key {
	return []estate.Key{
		estate.GuestIdentityPart.Key(patient), estate.GuestDNSPart.Key(dnsID), estate.GuestActivationPart.Key(patient),
		estate.GuestLaunchPart.Key(patient), estate.GuestSignInPart.Key(patient), estate.GuestDiagnosticsPart.Key(patient),
	}
}

// identities are Windows of each version that AWS offers, in both languages.
func identities() map[string]estate.GuestIdentity {
	return map[string]estate.GuestIdentity{
		"2016, English, no domain": {
			Host: "EC2AMAZ-1A2B3C4", Role: 2, MachineSID: machineID, Build: 14393, UBR: 7428, Edition: "ServerDatacenter",
			Installed: hour(1), Booted: hour(2), Language: 1033, ImageState: "IMAGE_STATE_COMPLETE",
			Generalization: ptr(7), Cleanup: ptr(2), CloneTag: "Mon Nov 02 10:11:12 2026",
			MachineGUID: "2d1a5c3f-0b7e-4f64-9f3a-6a7b8c9d0e1f",
		},
		"2019, Japanese, member, a name that is not ASCII": {
			Host: "東京サーバ03", Domain: "corp.example.local", Joined: true, Role: 3, MachineSID: machineID,
			ComputerSID: "S-1-5-21-3623811015-3361044348-30300820-1013", Build: 17763, UBR: 6532, Edition: "ServerStandard",
			Language: 1041, ImageState: "IMAGE_STATE_UNDEPLOYABLE", Generalization: ptr(3),
			SusClientID: "7F0F2C41-3D6A-4A41-8F4C-0A1B2C3D4E5F", SecureChannel: ptr(false),
		},
		"2022, English, domain controller": {
			Host: "DC01", Domain: "corp.example.local", Joined: true, Role: 5, Build: 20348, UBR: 2966,
			ComputerSID: "S-1-5-21-3623811015-3361044348-30300820-1000", Language: 1033,
		},
		"2025, Japanese, member of a group of clones": {
			Host: "WEB01", Domain: "corp.example.local", Joined: true, Role: 3, MachineSID: machineID, Build: 26100, UBR: 6584,
			Language: 1041, Mismatches: []time.Time{hour(9), hour(8), hour(8)}, SecureChannel: ptr(true),
		},
		"what could not be read is named": {
			Host: "CORE01", Role: 2, Build: 20348, UBR: 1, Unread: estate.GuestUnread{"mismatches", "machine_sid"},
		},
	}
}

func resolved() estate.GuestDNS {
	return estate.GuestDNS{
		Queries: []estate.GuestQuery{
			{Name: "_ldap._tcp.dc._msdcs.corp.example.local", Type: "SRV", Answers: []string{"dc01.corp.example.local", "dc02.corp.example.local"}},
			{Name: "corp.example.local", Type: "A", Code: 9003},
			{Name: "ssm.ap-northeast-1.amazonaws.com", Type: "A", Answers: []string{"52.119.221.5"}},
			{Name: "ssm.ap-northeast-1.amazonaws.com", Type: "A", Server: "169.254.169.253", Answers: []string{"10.0.1.20", "10.0.2.20"}},
			{Name: "ssmmessages.ap-northeast-1.amazonaws.com", Type: "A", Code: 1460},
			{Name: "ssmmessages.ap-northeast-1.amazonaws.com", Type: "A", Server: "169.254.169.253", Code: -1},
		},
		Servers:  [][]string{{"10.0.1.10", "10.0.2.10"}, {"169.254.169.253"}},
		Suffixes: []string{"corp.example.local", "ap-northeast-1.ec2-utilities.amazonaws.com"},
	}
}

func activated() estate.GuestActivation {
	return estate.GuestActivation{
		Products: []estate.GuestLicense{
			{
				Name: "Windows(R), ServerStandard edition", Description: "Windows(R) Operating System, VOLUME_KMSCLIENT channel",
				Application: "55c92734-d682-4d71-983e-d6ec3f16059f", Status: 5, Reason: "0xC004F074", PartialKey: "VMK7H",
				KMSHost: "169.254.169.250", KMSPort: 1688,
			},
			{Name: "Office 21, Office21ProPlus2021VL_KMS_Client_AE edition", Application: "0ff1ce15-a989-479d-af46-f275c6370663", Status: 1, Reason: "0x00000000", GraceMinutes: 259200, PartialKey: "6F7TH", Discovered: "kms.example.local"},
		},
		Routes: []estate.GuestRoute{
			{Store: "ActiveStore", Destination: "0.0.0.0/0", NextHop: "10.0.1.1", Interface: 6},
			{Store: "PersistentStore", Destination: "169.254.169.250/32", NextHop: "10.9.9.1"},
		},
		Ports: map[string]string{"169.254.169.250:1688": "timeout", "169.254.169.251:1688": "err10061", "169.254.169.254:80": "ok"},
		UTC:   hour(9), TimeZone: "Tokyo Standard Time", RealTimeIsUniversal: ptr(1), V1: true,
	}
}

func launched() estate.GuestLaunch {
	return estate.GuestLaunch{
		Agent: "v2", RunOnce: hour(3), State: hour(4), PasswordType: "doNothing", Skipped: true,
		LocalAdmins: []estate.GuestAccount{{Name: "Administrator", RID: 500}, {Name: "ssm-user", RID: 1002}, {Name: "管理者", RID: 1003, Disabled: true}},
		SSMAgent:    estate.GuestService{Status: "Running", StartType: "Automatic"},
	}
}

func signedIn() estate.GuestSignIn {
	return estate.GuestSignIn{
		FailuresRead: true,
		Failures: []estate.GuestLogonFailure{
			{Status: "0xC0000234", SubStatus: "0x00000000", Account: `CORP\tanaka`, Source: "203.0.113.10", Type: 3, Count: 12, Last: hour(9)},
			{Status: "0xC000006D", SubStatus: "0xC0000064", Account: "ad...", Source: "SCAN\u202e1", Type: 3, Count: 900, Last: hour(7)},
		},
		Accounts: []estate.GuestSignInAccount{
			{Name: "Administrator", Local: true, PasswordExpires: hour(23)},
			{Name: "tanaka", Locked: true, Expires: hour(22), PasswordExpired: true},
		},
		DenyTS: ptr(0), Port: 3389, NLA: ptr(1), TermService: estate.GuestService{Status: "Running", StartType: "Manual"},
		Sessions: ptr(2), GraceDays: ptr(0), RDSRole: true,
		Allowed: []string{"S-1-5-32-544", "S-1-5-32-555"}, Denied: []string{"S-1-5-21-3623811015-3361044348-30300820-1105"}, FirewallOpen: ptr(true),
	}
}

func diagnosed() estate.GuestDiagnostics {
	return estate.GuestDiagnostics{Checks: []estate.GuestCheck{
		{Check: "EC2 IMDS", Status: "Success", Note: "IMDS is accessible and has instance id i-0123456789abcdef0 in region ap-northeast-1"},
		{Check: "Connectivity to kms endpoint", Status: "Failed", Note: "kms.ap-northeast-1.amazonaws.com is not reachable: dial tcp 52.119.1.1:443: i/o timeout"},
		{Check: "Proxy configuration", Status: "Skipped"},
	}}
}

// answers are all the blocks' lines of the patient.
func answers() map[Block]string {
	t := hour(9)
	return map[Block]string{
		Identity:    Line(Identity, patient, t, identities()["2019, Japanese, member, a name that is not ASCII"]),
		DNS:         Line(DNS, patient, t, resolved()),
		Activation:  Line(Activation, patient, t, activated()),
		Launch:      Line(Launch, patient, t, launched()),
		SignIn:      Line(SignIn, patient, t, signedIn()),
		Diagnostics: Line(Diagnostics, patient, t, diagnosed()),
	}
}

func output() string {
	var s string
	for _, b := range Blocks() {
		s += answers()[b] + "\r\n"
	}
	return s
}
