package lab

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// How long an agent takes (domain.md §3.1 [V:agent-cred]: 25 to 30 minutes after
// AccessDenied; five minutes growing to an hour after other errors, of which the
// table of fixes in §4.3 expects at most 30).
const (
	deniedSleep  = 25 * time.Minute
	networkSleep = 15 * time.Minute
	restartTakes = time.Minute
	bootTakes    = 6 * time.Minute
	// heartbeat is how often an agent reports (domain.md §3.1).
	heartbeat = 5 * time.Minute
	// lostAfter is when Systems Manager calls a connection lost: some missed heartbeats
	// ([M] there; nobody has documented the figure).
	lostAfter = 15 * time.Minute
	// channelTakes is how long the agent needs to open its channel anew ([M]).
	channelTakes = 2 * time.Minute
	// inventoryEvery is the usual rate of an inventory association.
	inventoryEvery = 30 * time.Minute
)

// agentState is how the agent of an instance stands: what it would come to if it
// tried now. denied says that AWS would refuse it, which makes it sleep longer.
type agentState struct{ online, channel, denied bool }

// agents are the states of all agents.
func (w *World) agents() map[string]agentState {
	all := make(map[string]agentState, len(w.Instances))
	for _, i := range w.Instances {
		all[i.ID] = w.agentOf(i)
	}
	return all
}

// agentOf works an agent's state out from everything it needs: Windows and its
// service, the metadata service, a role, names, a way there and back, and policies.
func (w *World) agentOf(i *Instance) agentState {
	if i == nil || i.Windows == nil || !i.Terminated.IsZero() || i.State != "running" || !w.mine(i.Owner) || i.Windows.SSMAgent.Status != "Running" {
		return agentState{}
	}
	o := outside{w, i}
	if !i.Windows.ReachesMetadata(o) {
		return agentState{}
	}
	registers, channels := "ssm:UpdateInstanceInformation", "ssmmessages:CreateControlChannel"
	reached, allowed := w.agentReaches(o, "ssm", registers)
	s := agentState{online: reached && allowed, denied: !allowed}
	if s.online {
		reached, allowed = w.agentReaches(o, "ssmmessages", channels)
		s.channel = reached && allowed
	}
	return s
}

// agentReaches says whether packets get to a service and back, and whether policies
// allow an action there: the role's, and the endpoint's.
func (w *World) agentReaches(o outside, service, action string) (reached, allowed bool) {
	name := service + "." + w.Region + ".amazonaws.com"
	address, ok := o.i.Windows.Connect(o, name, 443)
	allowed = w.roleAllows(o.i, action)
	if !ok {
		return false, allowed
	}
	if e := w.endpointAt(address); e != nil && !e.admits(action) {
		allowed = false
	}
	return true, allowed
}

// endpointAt is the endpoint whose interface has an address.
func (w *World) endpointAt(address string) *Endpoint {
	for _, e := range sorted(w.Endpoints) {
		if slices.ContainsFunc(e.Interfaces, func(eni string) bool { return w.Interfaces[eni] != nil && w.Interfaces[eni].IP == address }) {
			return e
		}
	}
	return nil
}

// admits reports whether the endpoint's policy lets an action through. A condition
// of an Allow is taken to hold, one of a Deny not to.
func (e *Endpoint) admits(action string) bool {
	if e.Policy == "" {
		return true
	}
	all := statements("endpoint", e.Policy)
	for n := range all {
		if !all[n].deny {
			all[n].conditional = false
		}
	}
	decision, _ := decide(all, action)
	return decision == "allowed"
}

// roleAllows reports whether an instance's credentials allow an action: those of its
// profile's role, or else those of Default Host Management (domain.md §3.1).
func (w *World) roleAllows(i *Instance, action string) bool {
	if p := w.Profiles[i.Profile]; p != nil && p.ID == i.ProfileID && w.allows(w.Roles[p.Role], "ec2.amazonaws.com", action) {
		return true
	}
	name := w.Settings[hostManagementSetting]
	return name != "" && w.allows(w.Roles[name[strings.LastIndexByte(name, '/')+1:]], "ssm.amazonaws.com", action)
}

// allows reports whether a service may take a role and the role's policies allow an
// action, within its boundary.
func (w *World) allows(r *Role, service, action string) bool {
	if r == nil || !trusts(r.Trust, service) {
		return false
	}
	var identity []statement
	for _, arn := range r.Attached {
		if p := w.Policies[arn]; p != nil {
			identity = append(identity, statements(p.Name, p.Document)...)
		}
	}
	for _, name := range sortedKeys(r.Inline) {
		identity = append(identity, statements(name, r.Inline[name])...)
	}
	if decision, _ := decide(identity, action); decision != "allowed" {
		return false
	}
	if r.Boundary == "" {
		return true
	}
	p := w.Policies[r.Boundary]
	if p == nil {
		return false
	}
	decision, _ := decide(statements(p.Name, p.Document), action)
	return decision == "allowed"
}

// trusts reports whether a trust policy lets a service take the role. Statements with
// a condition do not, as in the simulator.
func trusts(document, service string) bool {
	var doc struct{ Statement json.RawMessage }
	type raw struct {
		Effect    string
		Action    list
		Principal json.RawMessage
		Condition json.RawMessage
	}
	if json.Unmarshal([]byte(document), &doc) != nil {
		return false
	}
	var all []raw
	if json.Unmarshal(doc.Statement, &all) != nil {
		all = make([]raw, 1)
		if json.Unmarshal(doc.Statement, &all[0]) != nil {
			return false
		}
	}
	allowed := false
	for _, s := range all {
		var who struct{ Service list }
		var anybody string
		_ = json.Unmarshal(s.Principal, &anybody)
		_ = json.Unmarshal(s.Principal, &who)
		fits := anybody == "*" || slices.Contains(who.Service, service)
		takes := slices.ContainsFunc(s.Action, func(a string) bool { return glob(strings.ToLower(a), "sts:assumerole") })
		if !fits || !takes || len(s.Condition) > 0 {
			continue
		}
		if s.Effect == "Deny" {
			return false
		}
		allowed = true
	}
	return allowed
}

// follow lets the servers follow a change: an agent that could not connect and now
// could does so when it next tries, and one that no longer can is missed. Where a
// change makes no difference to an agent, nothing happens to it.
func (w *World) follow(before map[string]agentState) {
	for _, i := range sorted(w.Instances) {
		was, is := before[i.ID], w.agentOf(i)
		switch {
		case !was.online && is.online:
			w.never(taskAgentLost, i.ID)
			w.later(w.patience(i, was), taskAgentTries, i.ID)
		case was.online && !is.online:
			w.never(taskAgentTries, i.ID)
			w.later(lostAfter, taskAgentLost, i.ID)
		case !was.channel && is.channel:
			w.later(channelTakes, taskChannelOpens, i.ID)
		case was.channel && !is.channel:
			w.never(taskChannelOpens, i.ID)
			if n := w.Nodes[i.ID]; n != nil {
				n.Connected = false
			}
		}
	}
}

// patience is how long an agent sleeps before it tries again.
func (w *World) patience(i *Instance, was agentState) time.Duration {
	if ready := i.Launched.Add(bootTakes); ready.After(w.Now) {
		return ready.Sub(w.Now)
	}
	if was.denied {
		return deniedSleep + time.Duration(jitter(i.ID))*time.Minute
	}
	return networkSleep + time.Duration(jitter(i.ID))*time.Minute
}

// jitter is a number of minutes from 0 to 5 that belongs to a name.
func jitter(name string) int64 {
	n, _ := strconv.ParseInt(digits("sleep/"+name, 2), 16, 16)
	return n % 6
}

// restartAgent lets the agent try again at once.
func (w *World) restartAgent(i *Instance, d time.Duration) {
	switch n := w.Nodes[i.ID]; {
	case w.agentOf(i).online:
		w.never(taskAgentLost, i.ID)
		w.later(d, taskAgentTries, i.ID)
	case n != nil && n.Ping == "Online":
		// The connection that it held is gone with it.
		w.later(lostAfter, taskAgentLost, i.ID)
	}
}

func (w *World) agentTries(instance string) {
	i := w.Instances[instance]
	s := w.agentOf(i)
	if !s.online {
		return
	}
	n := w.Nodes[instance]
	if n == nil {
		n = &Node{Instance: instance, Agent: agentVersion, Registered: w.Now}
		w.Nodes[instance] = n
	}
	year := i.Windows.Year()
	n.Ping, n.Connected, n.LastPing = "Online", s.channel, w.Now
	n.Computer, n.IP, n.Platform = i.Windows.Name, i.IP, fmt.Sprintf("Microsoft Windows Server %d Datacenter", year)
	n.PlatformVersion = fmt.Sprintf("10.0.%d", i.Windows.Build)
}

func (w *World) agentLost(instance string) {
	if n := w.Nodes[instance]; n != nil && !w.agentOf(w.Instances[instance]).online {
		n.Ping, n.Connected = "ConnectionLost", false
	}
}

// beat lets those who are connected report, and gather inventory.
func (w *World) beat() {
	for _, n := range w.Nodes {
		if w.node(n.Instance) == nil || n.Ping != "Online" || w.planned(taskAgentLost, n.Instance) {
			continue
		}
		if late := w.Now.Sub(n.LastPing); late >= heartbeat {
			n.LastPing = w.Now.Add(-(late % heartbeat))
		}
		if age := w.Now.Sub(n.Captured); !n.Captured.IsZero() && age >= inventoryEvery {
			n.Captured = w.Now.Add(-(age % inventoryEvery))
		}
	}
}

// passable reports whether the network ACLs between an instance and an address let a
// TCP connection and its answers through. They act at the edge of a subnet only; of a
// public address only the instance's own subnet has a say here.
func (w *World) passable(i *Instance, target, address string, port int) bool {
	if i.Subnet == target {
		return true
	}
	// Windows takes its ports from 49152 to 65535 (domain.md NET-7).
	answers := []int{49152, 57344, 65535}
	all := func(subnet string, egress bool, peer string, ports ...int) bool {
		return !slices.ContainsFunc(ports, func(p int) bool { return !w.aclAllows(subnet, egress, peer, p) })
	}
	there := all(i.Subnet, true, address, port) && all(i.Subnet, false, address, answers...)
	if target == "" {
		return there
	}
	return there && all(target, false, i.IP, port) && all(target, true, i.IP, answers...)
}

// aclAllows is what the network ACL of a subnet says to one TCP port: the first rule
// that fits decides.
func (w *World) aclAllows(subnet string, egress bool, peer string, port int) bool {
	address, err := netip.ParseAddr(peer)
	if err != nil {
		return false
	}
	for _, a := range sorted(w.ACLs) {
		if a.VPC != w.subnet(subnet).VPC || !slices.Contains(w.aclSubnets(a), subnet) {
			continue
		}
		entries := slices.Clone(a.Entries)
		slices.SortStableFunc(entries, func(x, y ACLEntry) int { return cmp.Compare(x.Number, y.Number) })
		for _, e := range entries {
			open := e.From == 0 && e.To == 0
			if e.Egress == egress && (e.Protocol == "-1" || e.Protocol == "6" && (open || int(e.From) <= port && port <= int(e.To))) && w.within(address, e.CIDR) {
				return e.Allow
			}
		}
		return false
	}
	return true // of a subnet of another account that shows no ACL
}
