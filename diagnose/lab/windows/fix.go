package windows

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
)

// Surroundings are what a fix meets outside of Windows: Outside, and DHCP.
type Surroundings interface {
	Outside
	// Offer is the lease that DHCP would hand out now.
	Offer() Lease
}

// Refused is a fix that Windows did not do, in the words of a script: a .NET type and
// an HRESULT.
type Refused struct{ Type, Code string }

func (r *Refused) Error() string { return r.Type + ": " + r.Code }

// refuse is what a script's own check throws.
func refuse() error { return &Refused{"System.InvalidOperationException", "0x80131509"} }

// cimFailed is a class of Windows that says no.
func cimFailed() error {
	return &Refused{"Microsoft.Management.Infrastructure.CimException", "0x80131500"}
}

// Fixed is what a fixing script reports: what it is about, before and after.
type Fixed struct{ Before, After map[string]string }

// fixing is one of the scripts: what it looks at and what it does. act leaves Windows
// as it was where it fails.
type fixing struct {
	look func() map[string]string
	act  func() error
}

// Fix does to Windows what one of monshin's fixing scripts does (diagnose/guest/fixes)
// and reports what the script would, in its names. args are the script's own. known is
// false for a script that this Windows does not know. Where err is given, After is
// what stands there then.
func (h *Host) Fix(o Surroundings, id string, args map[string]string) (f Fixed, known bool, err error) {
	script, known := h.fixings(o, args)[id]
	if !known {
		return Fixed{}, false, nil
	}
	f.Before = script.look()
	err = script.act()
	f.After = script.look()
	return f, true, err
}

// fixings are the scripts by their ids.
func (h *Host) fixings(o Surroundings, args map[string]string) map[string]fixing {
	activation := ""
	license := func() map[string]string { return h.licenseState(o, activation) }
	routes := func() map[string]string { return h.routeState(o, activation) }
	// A KMS that refuses does not fail the script: its code is told.
	activate := func() { activation = h.activation(o) }
	clock := func() map[string]string { return h.clockState(o) }
	desktop := func() map[string]string { return h.desktopState() }
	forwarders := func() map[string]string { return h.forwarderState(args["zone"]) }
	return map[string]fixing{
		"restart-agent": {look: func() map[string]string {
			return map[string]string{"status": h.SSMAgent.Status, "start_type": h.SSMAgent.StartType}
		}, act: func() error { h.restartAgent(); return nil }},
		"renew-lease": {look: func() map[string]string {
			return map[string]string{"servers": strings.Join(h.servers(o), ","), "by_hand": ""}
		}, act: func() error { h.renew(o); return nil }},
		"activate-v1":      {routes, func() error { return h.activateAgain(o, LaunchV1, activate) }},
		"activate-v2":      {routes, func() error { return h.activateAgain(o, LaunchV2, activate) }},
		"remove-routes":    {routes, func() error { h.dropStale(o); return nil }},
		"restore-routes":   {routes, func() error { return h.putRoutes(args["routes"]) }},
		"kms-host":         {license, func() error { return h.fixKMS(args, activate) }},
		"client-key":       {license, func() error { defer activate(); return h.installKey(args["build"], args["edition"]) }},
		"clock":            {clock, func() error { return h.fixClock(args) }},
		"rdp-service":      {desktop, func() error { return h.fixDesktop(args) }},
		"unlock-account":   {func() map[string]string { return h.lockState(args) }, func() error { return h.unlock(args) }},
		"add-forwarder":    {forwarders, func() error { return h.addForwarder(args["server"], args["zone"]) }},
		"remove-forwarder": {forwarders, func() error { return h.removeForwarder(args["server"], args["zone"]) }},
	}
}

func (h *Host) licenseState(o Outside, activation string) map[string]string {
	m := map[string]string{"host": "", "port": "0", "key": "", "status": "0", "reason": "0x00000000", "activation": activation}
	if p := h.windowsProduct(); p != nil {
		l := h.license(o, *p)
		m["host"], m["port"], m["key"], m["status"], m["reason"] = p.Host, strconv.Itoa(p.Port), p.PartialKey, strconv.Itoa(l.Status), l.Reason
	}
	return m
}

// activation is what an attempt comes to: "ok", or the code.
func (h *Host) activation(o Outside) string {
	p := h.windowsProduct()
	if p == nil {
		return "0x80131509"
	}
	if l := h.license(o, *p); l.Status != 1 {
		return l.Reason
	}
	return "ok"
}

func (h *Host) windowsProduct() *Product {
	for n := range h.Products {
		if h.Products[n].Application == WindowsApplication {
			return &h.Products[n]
		}
	}
	return nil
}

// linkLocal tells the routes to AWS's link-local services.
func linkLocal(r Route) bool {
	return slices.Contains(Linked(), strings.TrimSuffix(r.Destination, "/32"))
}

// routeState lists the link-local routes as the scripts do: destination, gateway,
// metric and store; a persistent one is active too, and listed once.
func (h *Host) routeState(o Outside, activation string) map[string]string {
	m := h.licenseState(o, activation)
	lists := map[bool][]string{}
	for _, r := range h.Routes {
		if linkLocal(r) {
			lists[r.Persistent] = append(lists[r.Persistent], strings.Join([]string{r.Destination, r.NextHop, strconv.Itoa(r.Metric)}, "|"))
		}
	}
	var out []string
	for _, persistent := range []bool{true, false} {
		slices.Sort(lists[persistent])
		for _, named := range slices.Compact(lists[persistent]) {
			switch {
			case persistent:
				out = append(out, named+"|persistent")
			case !slices.Contains(lists[true], named):
				out = append(out, named+"|active")
			}
		}
	}
	m["routes"], m["gateway"] = strings.Join(out, ","), o.Gateway()
	return m
}

// newMetric is New-NetRoute's, where no metric is given.
const newMetric = 256

// putRoutes makes both stores hold exactly the link-local routes of a list.
func (h *Host) putRoutes(list string) error {
	kept := slices.DeleteFunc(slices.Clone(h.Routes), linkLocal)
	for _, item := range strings.Split(list, ",") {
		if item == "" {
			continue
		}
		f := strings.Split(item, "|")
		if len(f) != 4 {
			return refuse()
		}
		metric, badMetric := strconv.Atoi(f[2])
		_, badHop := netip.ParseAddr(f[1])
		r := Route{Destination: f[0], NextHop: f[1], Metric: metric, Persistent: f[3] == "persistent"}
		if badMetric != nil || badHop != nil || !linkLocal(r) || !r.Persistent && f[3] != "active" {
			return refuse()
		}
		kept = append(kept, r)
	}
	h.Routes = kept
	return nil
}

// dropStale drops the link-local routes that lead to another subnet's router.
func (h *Host) dropStale(o Outside) {
	h.Routes = slices.DeleteFunc(h.Routes, func(r Route) bool { return linkLocal(r) && r.NextHop != o.Gateway() })
}

// activateAgain drops the routes that lead to another subnet's router, adds those
// that the launch agent adds where they are missing, and tries; v1's
// Set-ActivationSettings also names AWS's KMS (domain.md ACT-2).
func (h *Host) activateAgain(o Outside, agent string, try func()) error {
	if h.Agent != agent {
		return refuse()
	}
	h.linkServices(o, newMetric)
	if agent == LaunchV1 {
		if err := h.setKMS("169.254.169.250", "1688"); err != nil {
			return err
		}
	}
	try()
	return nil
}

// fixKMS names a host and tries where it is AWS's, or clears it.
func (h *Host) fixKMS(args map[string]string, try func()) error {
	if args["clear"] != "" {
		return h.setKMS("", "")
	}
	if err := h.setKMS(args["host"], args["port"]); err != nil {
		return err
	}
	if slices.Contains([]string{"169.254.169.250", "169.254.169.251", "fd00:ec2::240"}, args["host"]) {
		try()
	}
	return nil
}

// fixClock sets the registry value and takes the right time, or, with a recorded
// value, puts only that back.
func (h *Host) fixClock(args map[string]string) error {
	if recorded, given := args["real_time_is_universal"]; given {
		return h.setUniversal(recorded)
	}
	h.synchronise()
	return h.setUniversal("1")
}

// fixDesktop turns Remote Desktop on, or puts back what was recorded.
func (h *Host) fixDesktop(args map[string]string) error {
	if args["deny"] != "" {
		return h.putDesktop(args["deny"], args["start_type"], args["status"])
	}
	return h.openDesktop()
}

// setKMS names the KMS host, or, without one, clears it.
func (h *Host) setKMS(host, port string) error {
	p := h.windowsProduct()
	if p == nil {
		return cimFailed()
	}
	n := 0
	if port != "" {
		var err error
		if n, err = strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
			return cimFailed()
		}
	}
	if host == "" {
		n = 0
	}
	p.Host, p.Port = host, n
	return nil
}

// installKey installs Microsoft's published client key.
func (h *Host) installKey(build, edition string) error {
	p := h.windowsProduct()
	of, known := releases[h.release()]
	if p == nil || !known || build != strconv.Itoa(h.Build) || edition != h.Edition {
		return refuse()
	}
	p.PartialKey, p.KMS, p.Channel = of.key, true, "Windows(R) Operating System, VOLUME_KMSCLIENT channel"
	return nil
}

func (h *Host) clockState(o Outside) map[string]string {
	m := map[string]string{"utc": o.Now().Add(h.Ahead).UTC().Format(time.RFC3339), "real_time_is_universal": ""}
	if h.RealTimeIsUniversal != nil {
		m["real_time_is_universal"] = strconv.Itoa(*h.RealTimeIsUniversal)
	}
	return m
}

func (h *Host) setUniversal(value string) error {
	if value == "" {
		h.RealTimeIsUniversal = nil
		return nil
	}
	n, err := strconv.Atoi(value)
	if err != nil {
		return &Refused{"System.FormatException", "0x80131537"}
	}
	h.RealTimeIsUniversal = &n
	return nil
}

func (h *Host) desktopState() map[string]string {
	return map[string]string{"deny": map[bool]string{true: "1", false: "0"}[h.RemoteOff], "policy": "", "status": h.TermService.Status, "start_type": h.TermService.StartType}
}

func (h *Host) openDesktop() error {
	start := ""
	if h.TermService.StartType == "Disabled" {
		start = "Manual"
	}
	return h.putDesktop("0", start, "Running")
}

func (h *Host) putDesktop(deny, start, status string) error {
	if h.TermService.Status == "Missing" {
		return &Refused{"Microsoft.PowerShell.Commands.ServiceCommandException", "0x80131501"}
	}
	if deny != "" {
		h.RemoteOff = deny == "1"
	}
	if start != "" {
		h.TermService.StartType = start
	}
	if status == "Running" || status == "Stopped" {
		h.TermService.Status = status
	}
	return nil
}

// account finds an account by name: one of this computer, or of its domain.
func (h *Host) account(args map[string]string) *estate.GuestSignInAccount {
	for n := range h.Accounts {
		if a := &h.Accounts[n]; strings.EqualFold(a.Name, args["account"]) && a.Local == (args["scope"] == "local") {
			return a
		}
	}
	return nil
}

func (h *Host) lockState(args map[string]string) map[string]string {
	m := map[string]string{"account": args["account"]}
	if a := h.account(args); a != nil {
		m["locked"] = strconv.FormatBool(a.Locked)
	}
	return m
}

func (h *Host) unlock(args map[string]string) error {
	a := h.account(args)
	if a == nil || args["scope"] != "local" && !h.Controller {
		return refuse()
	}
	a.Locked = false
	return nil
}

func (h *Host) forwarderState(zone string) map[string]string {
	m := map[string]string{"forwarders": strings.Join(h.Forwarders, ",")}
	if zone != "" {
		m["zone"] = h.Zones[zone]
	}
	return m
}

// errNoDNSServer is PowerShell without the module of a DNS server.
func errNoDNSServer() error {
	return &Refused{"System.Management.Automation.CommandNotFoundException", "0x80131501"}
}

func (h *Host) addForwarder(server, zone string) error {
	_, bad := netip.ParseAddr(server)
	switch {
	case !h.Controller:
		return errNoDNSServer()
	case bad != nil:
		return cimFailed()
	case zone != "" && h.Zones[zone] != "", zone == "" && slices.Contains(h.Forwarders, server):
		return refuse()
	case zone != "":
		if h.Zones == nil {
			h.Zones = map[string]string{}
		}
		h.Zones[zone] = server
	default:
		h.Forwarders = append(h.Forwarders, server)
	}
	return nil
}

func (h *Host) removeForwarder(server, zone string) error {
	switch {
	case !h.Controller:
		return errNoDNSServer()
	case zone != "" && h.Zones[zone] != server, zone == "" && !slices.Contains(h.Forwarders, server):
		return refuse()
	case zone != "":
		delete(h.Zones, zone)
	default:
		h.Forwarders = slices.DeleteFunc(h.Forwarders, func(s string) bool { return s == server })
	}
	return nil
}
