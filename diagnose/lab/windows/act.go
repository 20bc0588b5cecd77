package windows

import "slices"

// What a fixing script and somebody at a prompt both do.

// linkServices makes the routes to the link-local services those of this subnet, as
// the launch agent does: stale ones go, missing ones are added, v1's for good.
func (h *Host) linkServices(o Outside, metric int) {
	h.dropStale(o)
	for _, to := range Linked() {
		there := slices.ContainsFunc(h.Routes, func(r Route) bool {
			return r.Destination == to+"/32" && (r.Persistent || h.Agent != LaunchV1)
		})
		if !there {
			h.Routes = append(h.Routes, Route{Destination: to + "/32", NextHop: o.Gateway(), Metric: metric, Persistent: h.Agent == LaunchV1})
		}
	}
}

// restartAgent starts the SSM Agent anew; one that is disabled does not start.
func (h *Host) restartAgent() bool {
	if h.SSMAgent.StartType == "Disabled" {
		return false
	}
	h.SSMAgent.Status = "Running"
	return true
}

// renew takes the lease that DHCP hands out now.
func (h *Host) renew(o Surroundings) { h.Lease = o.Offer() }

// synchronise sets the clock right.
func (h *Host) synchronise() { h.Ahead = 0 }
