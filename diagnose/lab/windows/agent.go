package windows

import (
	"slices"
	"time"
)

// ReachesMetadata reports whether Windows reaches the metadata service.
func (h *Host) ReachesMetadata(o Outside) bool { return h.metadata(o) }

// Connect resolves a name as Windows does and connects to it: the address that
// answered on a TCP port.
func (h *Host) Connect(o Outside, name string, port int) (address string, ok bool) {
	code, answers := h.lookup(o, name, "A", "")
	if code != Answered {
		return "", false
	}
	for _, a := range answers {
		if o.Connects(a, port) {
			return a, true
		}
	}
	return "", false
}

// Resolve resolves a name as Windows does: a Windows error code and the answers.
func (h *Host) Resolve(o Outside, name, kind string) (code int, answers []string) {
	return h.lookup(o, name, kind, "")
}

// Year is the release of Windows Server by its year, 0 for a build that is none.
func (h *Host) Year() int { return int(h.release()) }

// Reboot starts Windows anew: services that start by themselves run, DHCP is asked,
// and launch agent v2 adds its routes for the subnet that it finds itself in.
func (h *Host) Reboot(at time.Time, gateway string, lease Lease) {
	h.Booted, h.Lease = at, lease
	if h.SSMAgent.StartType != "Disabled" && h.SSMAgent.Status != "Missing" {
		h.SSMAgent.Status = "Running"
	}
	if h.Agent != LaunchV2 {
		return // v1's routes are persistent, and a start-up script's come back by themselves
	}
	h.Routes = slices.DeleteFunc(h.Routes, func(r Route) bool { return !r.Persistent })
	h.State = at
	h.addRoutes(gateway)
}
