package probe

import (
	"slices"
	"strings"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
)

// agentWithDiagnostics is the first agent with `ssm-cli get-diagnostics` (domain.md SSM-3 [V:agent-rn]).
const agentWithDiagnostics = "3.1.501.0"

func diagnosticsProbes() []Probe {
	return []Probe{{
		ID:    "agent.diagnostics",
		Title: lang.Both("The agent's own diagnostics (ssm-cli)", "SSM Agent の自己診断（ssm-cli）"),
		Parts: append(agentParts(), estate.GuestDiagnosticsPart),
		Codes: []finding.Code{finding.SSMAgentStopped},
		Judge: judgeDiagnostics,
	}}
}

// endpointCheck reads which service "Connectivity to ssm endpoint" is about
// (domain.md §3.2, check names [V:agent-diag]).
func endpointCheck(name string) (service string, is bool) {
	rest, found := strings.CutPrefix(name, "Connectivity to ")
	service, end := strings.CutSuffix(rest, " endpoint")
	return service, found && end
}

// judgeDiagnostics reads the agent's own checks. Some fail on instances that work:
// services that nobody needs for management, and ec2messages since agent 3.3.40.0
// (domain.md §3.2 [D]). What fails and matters is said with the agent's note. Why
// Windows cannot connect is judged from outside by the network's judgements; where
// these find nothing, it is Windows: its firewall, a proxy, its routes.
func judgeDiagnostics(v *estate.View) Verdict {
	p, stop := runningWindows(v)
	if stop != nil {
		return *stop
	}
	f := estate.GuestDiagnosticsPart.Of(v, p.ID)
	version := agentVersion(v)
	g, known := f.Get()
	if !known {
		return unread(orNotRecorded(f)...)
	}
	at := estate.GuestDiagnosticsPart.Key(p.ID)
	if g.Missing {
		u := unread(fact.Why{Reason: fact.NotSupported, Resource: p.ID, Detail: "ssm-cli get-diagnostics: agent before " + agentWithDiagnostics})
		u.Say = lang.Both("the agent is too old to diagnose itself (before %s)", "エージェントが古く自己診断に非対応（%s より前）").With(agentWithDiagnostics)
		return u
	}
	d := diagnostics{v: v, p: p, g: g, version: version}
	var found []finding.Finding
	for _, c := range g.Checks {
		status := strings.ToLower(c.Status)
		rule, harmless := d.read(c)
		seen := see(at, c.Check, join(c.Status, c.Note), rule, f.Origin())
		d.seen = append(d.seen, seen)
		switch {
		case status == "success" || status == "skipped" || harmless:
		case status != "failed":
			d.open = append(d.open, fact.Why{Reason: fact.NotModelled, Resource: p.ID, Detail: c.Check + ": " + c.Status})
		case c.Check == "Agent service":
			found = append(found, finding.Finding{
				Code: finding.SSMAgentStopped, Subject: p.ID, Certainty: finding.Proven, Scope: agentServices(),
				Params: map[string]string{"instance": p.ID, "version": orDash(version.Version), "lastping": "-"}, Evidence: []finding.Evidence{seen},
			})
		default:
			d.failed = append(d.failed, c.Check)
		}
	}
	return d.verdict(found)
}

// diagnostics is a reading of the agent's checks under way.
type diagnostics struct {
	v       *estate.View
	p       patient
	g       estate.GuestDiagnostics
	version agent
	failed  []string
	ignored []string
	open    []fact.Why
	seen    []finding.Evidence
}

// read says what a check means, and whether its failing does no harm. Whether
// ec2messages is needed can stay open.
func (d *diagnostics) read(c estate.GuestCheck) (rule lang.Text, harmless bool) {
	if !strings.EqualFold(c.Status, "failed") {
		return lang.Both("the agent's own check", "エージェントの自己診断項目"), false
	}
	service, endpoint := endpointCheck(c.Check)
	switch {
	case endpoint && service == scopeLegacy:
		newer, known := d.version.AtLeast(agentWithoutMDS)
		switch {
		case !d.passed(scopeMessages) || known && !newer:
			return lang.Both("this agent needs the service", "このエージェントには必要なサービス"), false
		case !known:
			d.open = append(d.open, d.version.whys()...)
			return lang.Both("needed by agents before %s only", "エージェント %s より前でのみ必要").With(agentWithoutMDS), true
		}
		d.ignored = append(d.ignored, service)
		return lang.Both("a false alarm: ssmmessages works, and agent %s or later needs no ec2messages", "影響なし（ssmmessages が利用可能、かつエージェント %s 以降では ec2messages は不要）").With(agentWithoutMDS), true
	case endpoint && slices.Contains([]string{"s3", "kms", "logs", "monitoring"}, service):
		d.ignored = append(d.ignored, service)
		return lang.Both("no matter for management: needed only by options that use the service", "影響なし（マネージドノードとしての動作には不要）"), true
	case c.Check == "Windows sysprep image state":
		d.open = append(d.open, fact.Why{Reason: fact.BlockedBy, Blocker: "clone.sid", Resource: d.p.ID, Detail: c.Note})
		return lang.Both("judged with the state of Sysprep (clone.sid)", "Sysprep の状態として別途判定（clone.sid）"), true
	case c.Check == "AWS Credentials" && d.passed(scopeSSM) && d.passed(scopeMessages):
		// The check asks STS, which the agent itself does not need (domain.md §3.1 [D]).
		d.ignored = append(d.ignored, "sts")
		return lang.Both("asks STS, which the agent itself does not need", "STS への問い合わせによる確認。エージェント自体の動作には不要"), true
	}
	return lang.Both("the agent's own check fails", "エージェントの自己診断で失敗"), false
}

// passed reports whether the agent reaches a service.
func (d *diagnostics) passed(service string) bool {
	return slices.ContainsFunc(d.g.Checks, func(c estate.GuestCheck) bool {
		s, is := endpointCheck(c.Check)
		return is && s == service && strings.EqualFold(c.Status, "success")
	})
}

func (d *diagnostics) verdict(found []finding.Finding) Verdict {
	if len(d.g.Checks) == 0 {
		return unread(unreadField(d.p.ID, "ssm-cli get-diagnostics"))
	}
	if len(d.failed) > 0 {
		d.open = append(d.open, fact.Why{Reason: fact.NotModelled, Resource: d.p.ID, Detail: strings.Join(d.failed, ", ")})
	}
	good := lang.Both("%d checks of the agent itself, none fails", "自己診断 %d 項目で失敗なし").With(len(d.g.Checks))
	if len(d.ignored) > 0 {
		good = lang.Both("%d checks of the agent itself; what fails does no harm (%s)", "自己診断 %d 項目（失敗はあるが影響なし: %s）").With(len(d.g.Checks), strings.Join(d.ignored, ", "))
	}
	out := settle(found, d.open, good, d.seen...).
		saying(lang.Both("the agent's service does not run", "SSM Agent のサービスが停止"))
	if out.Outcome == Unknown && len(d.failed) > 0 {
		out.Say = lang.Both("the agent's own checks fail: %s", "自己診断で失敗: %s").With(strings.Join(d.failed, ", "))
	}
	return out
}
