package probe

import (
	"strings"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
)

// pingFresh is how old the last ping of an agent may be, and how long a new
// instance may take to register: three of the agent's five-minute heartbeats
// (domain.md SSM-1).
const pingFresh = 15 * time.Minute

func ssmProbes() []Probe {
	return []Probe{
		{
			ID:    "ssm.registration",
			Title: lang.Both("Registration with Systems Manager", "マネージドノードの登録状態"),
			Parts: []estate.AnyKind{estate.InstancePart, estate.TrailPart, estate.ManagedNodePart},
			Codes: []finding.Code{finding.SSMNotRegistered, finding.SSMConnectionLost},
			Judge: judgeRegistration,
		},
		{
			ID:    "ssm.channel",
			Title: lang.Both("Session Manager channel", "セッションマネージャーの接続状態"),
			Parts: []estate.AnyKind{estate.InstancePart, estate.TrailPart, estate.ManagedNodePart, estate.ConnectionPart},
			Codes: []finding.Code{finding.SSMSessionChannelDown},
			Judge: judgeChannel,
		},
		{
			ID:    "ssm.agent",
			Title: lang.Both("SSM Agent version", "SSM Agent のバージョン"),
			Parts: append(agentParts(), estate.HostMgmtPart),
			Codes: []finding.Code{finding.SSMAgentOutdated},
			Judge: judgeAgent,
		},
		imdsProbe(),
	}
}

// alive reads the instance for judgements of the agent. stop is the verdict where
// there is no running instance to judge.
func alive(v *estate.View) (p patient, stop *Verdict) {
	p, whys := thePatient(v)
	var out Verdict
	switch {
	case p.dead && p.State == "" && len(whys) > 0:
		// Not a row, nor an event that tells of one: whether there ever was such an
		// instance is another probe's matter.
		out = unread(append(pendingOf(whys), fact.Why{Reason: fact.BlockedBy, Blocker: "instance.state"})...)
	case p.dead:
		out = notApplicable(lang.Both("the instance is terminated", "インスタンスは終了済み（terminated）"))
	case len(whys) > 0:
		out = unread(whys...)
	case p.State == "stopped" || p.State == "stopping":
		out = notApplicable(lang.Both("the instance is %s", "インスタンスは停止中（%s）").With(p.State),
			see(p.at, "state", p.State, lang.Both("an agent runs only on a running instance", "エージェントは稼働中のインスタンスでのみ動作"), p.origin))
	default:
		return p, nil
	}
	return p, &out
}

func ssmParams(n estate.ManagedNode) map[string]string {
	last := "-"
	if !n.LastPing.IsZero() {
		last = stamp(n.LastPing)
	}
	return map[string]string{"lastping": last, "version": orDash(n.AgentVersion)}
}

func judgeRegistration(v *estate.View) Verdict {
	id := v.Target().InstanceID
	node := estate.ManagedNodePart.Of(v, id)
	p, stop := alive(v)
	if stop != nil {
		return *stop
	}
	if node.IsUnknown() {
		return unread(whyOf(node)...)
	}
	if node.IsAbsent() {
		return judgeUnregistered(v, p, node.Origin())
	}
	n := node.Value()
	at := estate.ManagedNodePart.Key(id)
	read := []finding.Evidence{
		see(at, "ping_status", n.PingStatus, lang.Both("Systems Manager's state of the agent", "Systems Manager から見たエージェントの状態"), node.Origin()),
		see(at, "last_ping", ageOf(v, n.LastPing), lang.Both("a heartbeat comes every 5 minutes", "ハートビートは 5 分間隔"), node.Origin()),
	}
	if !strings.EqualFold(n.PingStatus, "Online") {
		if until := p.LaunchTime.Add(pingFresh); v.AsOf().Before(until) {
			// Started again just now: the row is from before, and the agent still has to come up.
			out := unread(fact.Why{Reason: fact.TooEarly, Until: until, Resource: id})
			out.Evidence = append(read, see(p.at, "launch_time", stamp(p.LaunchTime), lang.Both("started then", "起動日時"), p.origin))
			return out
		}
		return problem(lang.Both("%s (last ping %s)", "%s（最終 ping: %s）").With(orDash(n.PingStatus), ssmParams(n)["lastping"]),
			[]finding.Finding{{
				Code: finding.SSMConnectionLost, Subject: id, Certainty: finding.Proven,
				Scope: []string{"ssm"}, Params: ssmParams(n), Evidence: read,
			}})
	}
	switch {
	case n.LastPing.IsZero():
		out := unread(fact.Why{Reason: fact.NotRecorded, Resource: id, Detail: "LastPingDateTime"})
		out.Evidence = read
		return out
	case v.AsOf().Sub(n.LastPing) > pingFresh:
		// Systems Manager still says Online although heartbeats are missing: it is about
		// to change its mind, or the agent is.
		out := unknown(lang.Both("Online, but the last ping is from %s", "Online だが最終 ping は %s").With(stamp(n.LastPing)),
			fact.Why{Reason: fact.TooEarly, Until: v.AsOf().Add(5 * time.Minute), Resource: id})
		out.Evidence = read
		return out
	}
	return ok(lang.Both("Online, last ping %s", "Online（最終 ping: %s）").With(stamp(n.LastPing)), read...)
}

func judgeUnregistered(v *estate.View, p patient, o fact.Origin) Verdict {
	id := v.Target().InstanceID
	none := see(estate.ManagedNodePart.Key(id), "", "-",
		lang.Both("DescribeInstanceInformation has no row for a running instance: it is not registered in this account and region",
			"稼働中のインスタンスの行が DescribeInstanceInformation に無い場合、このアカウント・リージョンでは未登録"), o)
	started := see(p.at, "launch_time", stamp(p.LaunchTime), lang.Both("started then", "起動日時"), p.origin)
	if p.LaunchTime.IsZero() {
		return unread(fact.Why{Reason: fact.NotRecorded, Resource: id, Detail: "LaunchTime"})
	}
	if until := p.LaunchTime.Add(pingFresh); p.State != "running" || v.AsOf().Before(until) {
		if v.AsOf().After(until) {
			until = v.AsOf().Add(pingFresh)
		}
		out := unread(fact.Why{Reason: fact.TooEarly, Until: until, Resource: id})
		out.Evidence = []finding.Evidence{none, started}
		return out
	}
	return problem(lang.Both("no row in Systems Manager; running since %s", "Systems Manager に登録なし（%s から稼働中）").With(stamp(p.LaunchTime)),
		[]finding.Finding{{
			Code: finding.SSMNotRegistered, Subject: id, Certainty: finding.Proven,
			Scope: []string{"ssm"}, Params: ssmParams(estate.ManagedNode{}), Evidence: []finding.Evidence{none, started},
		}})
}

func judgeChannel(v *estate.View) Verdict {
	id := v.Target().InstanceID
	node := estate.ManagedNodePart.Of(v, id)
	_, stop := alive(v)
	if stop != nil {
		return *stop
	}
	n, registered := node.Get()
	switch {
	case node.IsUnknown():
		return unread(whyOf(node)...)
	case !registered || !strings.EqualFold(n.PingStatus, "Online"):
		return unread(fact.Why{Reason: fact.BlockedBy, Blocker: "ssm.registration"})
	}
	connection := estate.ConnectionPart.Of(v, id)
	c, known := connection.Get()
	if !known {
		return unread(orNotRecorded(connection)...)
	}
	read := see(estate.ConnectionPart.Key(id), "status", c.Status,
		lang.Both("GetConnectionStatus tests the ssmmessages channel", "GetConnectionStatus は ssmmessages の接続状態を示す"), connection.Origin())
	switch strings.ToLower(c.Status) {
	case "connected":
		return ok(lang.Both("connected", "接続済み（connected）"), read)
	case "notconnected":
		return problem(lang.Both("Online, but the ssmmessages channel is not connected", "Online だが ssmmessages の接続なし"),
			[]finding.Finding{{
				Code: finding.SSMSessionChannelDown, Subject: id, Certainty: finding.Proven,
				Scope: []string{"ssmmessages"}, Params: ssmParams(n), Evidence: []finding.Evidence{read},
			}})
	}
	out := unread(fact.Why{Reason: fact.NotModelled, Resource: id, Detail: "ConnectionStatus " + c.Status})
	out.Evidence = []finding.Evidence{read}
	return out
}

// judgeAgent warns of an old agent only where its age is the reason that nothing
// works: without an instance profile the agent needs Default Host Management, which
// it knows from 3.2.582.0 on. That an agent before 3.3.40.0 needs ec2messages is
// judged where the endpoints are.
func judgeAgent(v *estate.View) Verdict {
	id := v.Target().InstanceID
	p, stop := alive(v)
	if stop != nil {
		return *stop
	}
	a := agentVersion(v)
	if !a.Known {
		return unread(a.whys()...)
	}
	read := a.Evidence
	able, known := a.AtLeast(agentWithHostManagement)
	n, there := estate.ManagedNodePart.Of(v, id).Get()
	// An agent that answers right now has its credentials from somewhere.
	if known && !able && p.ProfileARN == "" && !(there && onlineNow(v, n.PingStatus, n.LastPing)) {
		host := estate.HostMgmtPart.Of(v, "")
		if host.IsUnknown() {
			return unread(whyOf(host)...)
		}
		if role := host.Value().Role; role != "" {
			read = append(read, see(estate.HostMgmtPart.Key(""), "role", role,
				lang.Both("Default Host Management, the only way without a profile, needs agent %s", "プロファイルなしの場合に必要なデフォルトのホスト管理設定はエージェント %s 以降が必須").With(agentWithHostManagement), host.Origin()))
			return problem(lang.Both("agent %s cannot use Default Host Management", "エージェント %s はデフォルトのホスト管理設定に非対応").With(a.Version),
				[]finding.Finding{{
					Code: finding.SSMAgentOutdated, Subject: id, Certainty: finding.Proven,
					Scope:  []string{"ssm", "ssmmessages", "ec2messages"},
					Params: ssmParams(estate.ManagedNode{AgentVersion: a.Version}), Evidence: read,
				}})
		}
	}
	if a.Estimated {
		return ok(lang.Both("not reported; %s or later by the image's date", "報告なし。AMI の作成日から %s 以降と推定").With(a.Version), read...)
	}
	if newer, _ := a.AtLeast(agentWithoutMDS); newer {
		return ok(lang.Both("%s; ec2messages is not needed", "%s（ec2messages は不要）").With(a.Version), read...)
	}
	return ok(lang.Both("%s; still needs ec2messages (up to %s)", "%s（%s より前のため ec2messages が必要）").With(a.Version, agentWithoutMDS), read...)
}
