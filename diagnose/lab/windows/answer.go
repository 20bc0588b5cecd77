package windows

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/encoding/japanese"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/guest"
)

// resolver is the address at which every VPC's Resolver answers (domain.md §6.1).
const resolver = "169.254.169.253"

// Run runs one of monshin's scripts: what it prints, and what Windows itself prints
// beside it on the error stream.
func (h *Host) Run(o Outside, asked guest.Request) (stdout, stderr string) {
	instance := ""
	if h.metadata(o) {
		instance = o.Instance()
	}
	clock := o.Now().Add(h.Ahead)
	var lines []string
	for i, b := range asked.Blocks {
		lines = append(lines, guest.Line(b, instance, clock.Add(time.Duration(i)*time.Second), h.value(o, b, asked)))
	}
	return strings.Join(lines, "\r\n") + "\r\n", h.noise()
}

func (h *Host) value(o Outside, b guest.Block, asked guest.Request) any {
	switch b {
	case guest.Identity:
		return h.Identity(o)
	case guest.DNS:
		return h.DNS(o, asked.Domains, asked.Names)
	case guest.Activation:
		return h.Activation(o)
	case guest.Launch:
		return h.LaunchState()
	case guest.SignIn:
		return h.SignInState()
	}
	return h.Diagnostics(o)
}

// noise is what a Japanese Windows writes beside a script's output, in its own code
// page, as the agent passes it on: bytes that are no UTF-8 are lost on the way.
func (h *Host) noise() string {
	if h.Language != Japanese {
		return ""
	}
	text, err := japanese.ShiftJIS.NewEncoder().String("警告: ロールの名前付きパイプの一部を表示できませんでした。\r\n")
	if err != nil {
		return ""
	}
	return strings.ToValidUTF8(text, "\ufffd")
}

// Identity answers the identity block.
func (h *Host) Identity(o Outside) estate.GuestIdentity {
	generalization, cleanup := h.Generalization, h.Cleanup
	v := estate.GuestIdentity{
		Host: h.Name, Domain: "WORKGROUP", Joined: h.Domain != "", Role: 2, MachineSID: h.MachineSID, Build: h.Build, UBR: h.UBR, Edition: h.Edition,
		Installed: h.Installed, Booted: h.Booted, Language: h.Language, ImageState: h.ImageState, Generalization: &generalization, Cleanup: &cleanup,
		CloneTag: h.CloneTag, MachineGUID: h.MachineGUID, SusClientID: h.SusClientID,
	}
	week := o.Now().AddDate(0, 0, -7)
	for _, t := range h.Mismatches {
		if t.After(week) {
			v.Mismatches = append(v.Mismatches, t)
		}
	}
	slices.SortFunc(v.Mismatches, func(a, b time.Time) int { return b.Compare(a) })
	if v.Joined {
		trusted := !h.TrustBroken
		v.Domain, v.Role, v.ComputerSID, v.SecureChannel = h.Domain, 3, h.ComputerSID, &trusted
	}
	if h.Controller {
		v.Role, v.MachineSID, v.SecureChannel = 5, "", nil
	}
	return v
}

// servers are the DNS servers that Windows uses, in order.
func (h *Host) servers(o Outside) []string { return o.Servers(h.Lease.DNS) }

// DNS answers the dns block: the domain's names of Windows's own servers, and each
// further name of those and of the VPC's Resolver.
func (h *Host) DNS(o Outside, domains, names []string) estate.GuestDNS {
	v := estate.GuestDNS{Servers: [][]string{h.servers(o)}}
	if h.Lease.Suffix != "" {
		v.Suffixes = []string{h.Lease.Suffix}
	}
	ask := func(name, kind, server string) {
		q := estate.GuestQuery{Name: name, Type: kind, Server: server}
		q.Code, q.Answers = h.lookup(o, name, kind, server)
		v.Queries = append(v.Queries, q)
	}
	for _, d := range domains {
		ask("_ldap._tcp.dc._msdcs."+d, "SRV", "")
		ask(d, "A", "")
	}
	for _, n := range names {
		ask(n, "A", "")
		ask(n, "A", resolver)
	}
	return v
}

// Windows's DNS errors (domain.md §10).
const (
	Answered      = 0
	NoSuchName    = 9003
	ServerFailure = 9002
	NoRecords     = 9501
	TimedOut      = 1460
)

// lookup resolves a name as Windows does: the next server is asked after a time-out
// only (domain.md §6.1).
func (h *Host) lookup(o Outside, name, kind, server string) (code int, answers []string) {
	servers := []string{server}
	if server == "" {
		servers = h.servers(o)
	}
	code = TimedOut
	for _, s := range servers {
		if !h.linked(o, s) {
			continue
		}
		if code, answers = o.Lookup(s, name, kind); code != TimedOut {
			return code, answers
		}
	}
	return code, answers
}

// linked reports whether packets to an address leave for where they should: anywhere
// but to the link-local services Windows uses its default route, and to those the
// route that was added for each.
func (h *Host) linked(o Outside, address string) bool {
	if !slices.Contains(Linked(), address) {
		return true
	}
	best := Route{Metric: 1 << 30}
	for _, r := range h.Routes {
		if r.Destination == address+"/32" && r.Metric < best.Metric {
			best = r
		}
	}
	return best.NextHop == o.Gateway()
}

// metadata reports whether Windows reaches the metadata service.
func (h *Host) metadata(o Outside) bool { return h.linked(o, "169.254.169.254") && o.Metadata() }

// kms reports whether Windows reaches one of AWS's KMS servers.
func (h *Host) kms(o Outside, address string) bool { return h.linked(o, address) && !h.BlocksKMS }

// Activation answers the activation block.
func (h *Host) Activation(o Outside) estate.GuestActivation {
	v := estate.GuestActivation{
		Products: []estate.GuestLicense{}, UTC: o.Now().Add(h.Ahead), TimeZone: h.TimeZone, RealTimeIsUniversal: h.RealTimeIsUniversal,
		V1: h.Agent == LaunchV1, V2: h.Agent == LaunchV2, Ports: map[string]string{},
	}
	for _, p := range h.Products {
		v.Products = append(v.Products, h.license(o, p))
	}
	const card = 6
	v.Routes = []estate.GuestRoute{{Store: "ActiveStore", Destination: "0.0.0.0/0", NextHop: o.Gateway(), Interface: card}}
	for _, store := range []string{"ActiveStore", "PersistentStore"} {
		for _, r := range h.Routes {
			if store == "ActiveStore" || r.Persistent {
				v.Routes = append(v.Routes, estate.GuestRoute{Store: store, Destination: r.Destination, NextHop: r.NextHop, Interface: card, Metric: r.Metric})
			}
		}
	}
	for address, open := range map[string]bool{
		"169.254.169.250:1688": h.kms(o, "169.254.169.250"), "169.254.169.251:1688": h.kms(o, "169.254.169.251"), "169.254.169.254:80": h.metadata(o),
	} {
		v.Ports[address] = "timeout"
		if open {
			v.Ports[address] = "ok"
		}
	}
	return v
}

// clockTolerance is how far a KMS client's clock may be off before its KMS refuses it
// (0xC004F06C); the figure is from memory, and nothing here lies near it.
const clockTolerance = 4 * time.Hour

// license is a product's state: a KMS client is licensed where it reaches its KMS
// with a clock that is about right.
func (h *Host) license(o Outside, p Product) estate.GuestLicense {
	l := estate.GuestLicense{
		Name: p.Name, Description: p.Channel, Application: p.Application, PartialKey: p.PartialKey, KMSHost: p.Host, KMSPort: p.Port,
		Status: 1, Reason: "0x4004F040", GraceMinutes: 259200,
	}
	if !p.KMS {
		l.GraceMinutes = 0
		return l
	}
	reached := h.kms(o, p.Host)
	if a, err := netip.ParseAddr(p.Host); err != nil || !a.IsLinkLocalUnicast() {
		reached = o.Connects(p.Host, p.Port)
	}
	switch {
	case !reached:
		l.Status, l.Reason, l.GraceMinutes = 5, "0xC004F074", 0
	case h.Ahead.Abs() > clockTolerance:
		l.Status, l.Reason, l.GraceMinutes = 5, "0xC004F06C", 0
	}
	return l
}

// LaunchState answers the launch block.
func (h *Host) LaunchState() estate.GuestLaunch {
	return estate.GuestLaunch{
		Agent: h.Agent, RunOnce: h.RunOnce, State: h.State, PasswordType: h.PasswordType, Skipped: h.Skipped,
		LocalAdmins: h.Admins, SSMAgent: h.SSMAgent,
	}
}

// SignInState answers the sign-in block.
func (h *Host) SignInState() estate.GuestSignIn {
	bit := func(on bool) *int {
		n := 0
		if on {
			n = 1
		}
		return &n
	}
	sessions, open := h.Sessions, !h.FirewallClosed
	return estate.GuestSignIn{
		Failures: h.Failures, FailuresRead: true, Accounts: h.Accounts, DenyTS: bit(h.RemoteOff), Port: h.Port, NLA: bit(!h.NoNLA),
		TermService: h.TermService, Sessions: &sessions, GraceDays: h.GraceDays, RDSRole: h.SessionHost,
		Allowed: h.Allowed, Denied: h.Denied, FirewallOpen: &open,
	}
}

// Diagnostics answers the diagnostics block: `ssm-cli get-diagnostics` with the
// agent's own names and words (domain.md §3.2 [V:agent-diag]). It calls an optional
// endpoint that is not there a failure.
func (h *Host) Diagnostics(o Outside) estate.GuestDiagnostics {
	var v estate.GuestDiagnostics
	add := func(check, status, note string) {
		v.Checks = append(v.Checks, estate.GuestCheck{Check: check, Status: status, Note: note})
	}
	judge := func(check string, good bool, well, badly string) {
		if good {
			add(check, "Success", well)
		} else {
			add(check, "Failed", badly)
		}
	}
	imds := h.metadata(o)
	judge("EC2 IMDS", imds, "IMDS is accessible and has instance id "+o.Instance()+" in Region "+o.Region(), "Failed to access IMDS")
	add("Hybrid instance registration", "Skipped", "Instance does not have hybrid registration")
	for _, service := range []string{"ssm", "ec2messages", "ssmmessages", "s3", "kms", "logs", "monitoring"} {
		name := service + "." + o.Region() + ".amazonaws.com"
		judge("Connectivity to "+service+" endpoint", h.reaches(o, name), name+" is reachable", name+" is not reachable")
	}
	// The agent asks STS who it is, and calls it a failure where STS has no endpoint.
	credentials := imds && o.Credentials()
	judge("AWS Credentials", credentials && h.reaches(o, "sts."+o.Region()+".amazonaws.com"), "Credentials are valid", "Failed to get caller identity: request timed out")
	judge("Agent service", h.SSMAgent.Status == "Running", "Agent service is running and is running as expected user", "Agent service is not running")
	add("Proxy configuration", "Skipped", "No proxy configuration detected")
	judge("Windows sysprep image state", h.ImageState == "IMAGE_STATE_COMPLETE", "Windows image state value is at desired value IMAGE_STATE_COMPLETE",
		fmt.Sprintf("Windows image state value is %s, should be IMAGE_STATE_COMPLETE", h.ImageState))
	add("SSM Agent version", "Success", "SSM Agent version is "+o.AgentVersion())
	return v
}

// reaches reports whether a name resolves and its address answers on tcp/443.
func (h *Host) reaches(o Outside, name string) bool {
	code, answers := h.lookup(o, name, "A", "")
	return code == Answered && slices.ContainsFunc(answers, func(a string) bool { return o.Connects(a, 443) })
}
