package probe

import (
	"strings"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
)

// agentService is the name of the agent's Windows service.
const agentService = "AmazonSSMAgent"

func guestProbes() []Probe {
	return []Probe{
		{
			ID:    "agent.service",
			Title: lang.Both("The agent's Windows service", "SSM Agent のサービス状態"),
			Parts: []estate.AnyKind{estate.InstancePart, estate.TrailPart, estate.ManagedNodePart, estate.GuestLaunchPart, estate.InventoryPart},
			Codes: []finding.Code{finding.SSMAgentStopped},
			Judge: judgeAgentService,
		},
		consoleProbe(),
		recordsProbe(),
	}
}

// judgeAgentService asks, in this order, and asks on only where one cannot tell: the
// heartbeat, which only a running service sends; Windows itself; and what the
// inventory remembers, which needs no consent and is as old as it says.
func judgeAgentService(v *estate.View) Verdict {
	p, stop := runningWindows(v)
	if stop != nil {
		return *stop
	}
	node := estate.ManagedNodePart.Of(v, p.ID)
	if node.IsUnknown() {
		return unread(node.Why())
	}
	n, registered := node.Get()
	if registered && onlineNow(v, n.PingStatus, n.LastPing) {
		return ok(lang.Both("running: its last heartbeat was at %s", "稼働中（最終 ping: %s）").With(stamp(n.LastPing)),
			see(estate.ManagedNodePart.Key(p.ID), "last_ping", ageOf(v, n.LastPing), lang.Both("only a running service sends it", "ハートビートはサービス稼働中のみ送信される"), node.Origin()))
	}
	launch := estate.GuestLaunchPart.Of(v, p.ID)
	if l, known := launch.Get(); known {
		return serviceState(p, l.SSMAgent, launch.Origin())
	}
	why := orNotRecorded(launch)[0]
	switch why.Reason {
	case fact.Pending, fact.Denied, fact.Throttled:
		return unread(why)
	}
	if !registered {
		// Without a row there is no inventory either.
		return unread(why)
	}
	inventory := estate.InventoryPart.Of(v, p.ID)
	if inventory.IsUnknown() {
		return unread(append([]fact.Why{why}, pendingOf(whyOf(inventory))...)...)
	}
	out := unread(why)
	for _, s := range inventory.Value().Services {
		if !strings.EqualFold(s.Name, agentService) {
			continue
		}
		e := see(estate.InventoryPart.Key(p.ID), s.Name, join(s.Status, s.StartType, ageOf(v, inventory.Value().Captured)),
			lang.Both("the inventory's last word of the service, and its time", "インベントリに残るサービスの状態と取得日時"), inventory.Origin())
		out.Evidence = append(out.Evidence, e)
		if stopped(s.Status, s.StartType) {
			return problem(lang.Both("%s when the inventory was taken (%s)", "%s（インベントリ取得時点: %s）").With(join(s.Status, s.StartType), ageOf(v, inventory.Value().Captured)),
				[]finding.Finding{agentStopped(p, finding.Likely, e,
					see(estate.ManagedNodePart.Key(p.ID), "ping_status", join(n.PingStatus, ageOf(v, n.LastPing)), lang.Both("and no heartbeat since", "以降のハートビートなし"), node.Origin()))})
		}
	}
	return out
}

// serviceState judges the service as Windows shows it now.
func serviceState(p patient, s estate.GuestService, o fact.Origin) Verdict {
	e := see(estate.GuestLaunchPart.Key(p.ID), "ssm_agent", join(s.Status, s.StartType), lang.Both("the service as Windows shows it", "OS 上のサービスの状態"), o)
	switch {
	case s.Status == "":
		return unread(unreadField(p.ID, agentService))
	case strings.EqualFold(s.Status, "Running"):
		return ok(lang.Both("running", "稼働中"), e)
	case strings.EqualFold(s.Status, "StartPending"):
		return unread(fact.Why{Reason: fact.NotModelled, Resource: p.ID, Detail: agentService + " " + s.Status})
	}
	return problem(lang.Both("the service is %s", "サービスの状態: %s").With(join(s.Status, s.StartType)), []finding.Finding{agentStopped(p, finding.Proven, e)})
}

func agentStopped(p patient, c finding.Certainty, evidence ...finding.Evidence) finding.Finding {
	return finding.Finding{Code: finding.SSMAgentStopped, Subject: p.ID, Certainty: c, Scope: []string{"ssm"}, Evidence: evidence}
}

// stopped reads the words of the inventory. The agent itself writes them, so that
// it ran at that time: disabled means that it did not come up again.
func stopped(status, start string) bool {
	return status != "" && !strings.EqualFold(status, "Running") && !strings.EqualFold(status, "StartPending") || strings.EqualFold(start, "Disabled")
}
