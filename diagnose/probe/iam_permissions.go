package probe

import (
	"slices"
	"strings"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/policy"
)

// judgePermissions judges IAM-4 by evaluating the policies themselves. The role is
// that of the profile; Default Host Management's where there is no such role, or
// where it gives the agent no way to register and host management does.
func judgePermissions(v *estate.View) Verdict {
	p, whys := thePatient(v)
	host := estate.HostMgmtPart.Of(v, "")
	if len(whys) > 0 {
		return unread(whys...)
	}
	profile, none, whys := roleOf(v, p)
	// Asked for early: in the rare account where it is on, waiting for the verdict on
	// the profile would make the chain of calls twice as long.
	if role := lastName(host.Value().Role); role != "" {
		textsOf(v, role)
	}
	switch {
	case len(whys) > 0:
		return unread(whys...)
	case none:
		h := hostManagementOf(v, p)
		switch {
		case h.usable:
			return hostRights(v, p, h).verdict(v, p)
		case len(h.whys) > 0:
			return unread(h.whys...)
		}
		return notApplicable(lang.Both("no role in use", "対象のロールなし"), h.evidence...)
	}
	r := rightsOf(v, p, profile.Role, profile.RoleARN, profile.Name)
	wins := profileWins(v, profile, r)
	if wins == policy.Allowed {
		return r.verdict(v, p)
	}
	h := hostManagementOf(v, p)
	switch {
	case len(h.whys) > 0:
		out := unread(append(slices.Clone(r.open), h.whys...)...)
		out.Evidence = append(slices.Clone(r.evidence), h.evidence...)
		return out
	case !h.usable:
		return r.verdict(v, p)
	case wins == policy.Undecided:
		// Which of the two roles the agent uses is not known.
		out := unread(r.open...)
		out.Evidence = append(slices.Clone(r.evidence), h.evidence...)
		return out
	}
	out := hostRights(v, p, h).verdict(v, p)
	out.Evidence = append(out.Evidence, h.evidence...)
	return out
}

// profileWins says whether the agent stays with the credentials of the profile: it
// gets some, and they may register it (domain.md §3.1 [V:agent-cred]).
func profileWins(v *estate.View, profile estate.InstanceProfile, r rights) policy.Verdict {
	trusted := policy.Undecided
	if role, known := estate.RolePart.Of(v, profile.Role).Get(); known {
		trusted = trustOf(role, nil, ec2Services(v.Target())...).Verdict
	}
	register := r.may(actionRegister)
	switch {
	case register.Denied() || trusted.Denied():
		return policy.ImplicitDeny
	case register == policy.Allowed && trusted == policy.Allowed:
		return policy.Allowed
	}
	return policy.Undecided
}

// hostRights evaluates the role of Default Host Management, which is known to exist.
func hostRights(v *estate.View, p patient, h hostManagement) rights {
	arn := estate.RolePart.Of(v, h.role).Value().ARN
	return rightsOf(v, p, h.role, arn, "")
}

// verdict says what the rights come to. That they suffice rests on the assumption
// that no service control policy stands in the way, and says so.
func (r rights) verdict(v *estate.View, p patient) Verdict {
	var open []fact.Why
	if r.undecided {
		open = dedupe(r.open)
	}
	good := lang.Both("%s allows what the agent needs (service control policies assumed to allow it)",
		"%s に必要な権限あり（SCP による制限がないことが前提）").With(r.role)
	out := settle(readSince(v, p, r.findings), open, good, r.evidence...)
	if out.Outcome == Problem {
		var parts []string
		for _, f := range r.findings {
			parts = append(parts, f.Params["action"])
		}
		out.Say = lang.Both("%s: refused %s", "%s: 許可されていないアクション %s").With(r.role, strings.Join(unique(parts), ", "))
	}
	return out
}

func unique(list []string) []string {
	var out []string
	for _, s := range list {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// answerSimulate is the question whether to ask AWS's policy simulator besides.
const answerSimulate = "simulate"

// judgeSimulation reads SimulatePrincipalPolicy, only where the operator asked for
// it. AWS says that it can differ from the live system (domain.md IAM-4), so it
// decides nothing but what nothing else can tell: the organization's policies.
func judgeSimulation(v *estate.View) Verdict {
	if answer, _ := v.Answer(answerSimulate); answer != "yes" {
		return notApplicable(lang.Both("not asked for", "実施指定なし"))
	}
	p, whys := thePatient(v)
	if len(whys) > 0 {
		return unread(whys...)
	}
	profile, none, whys := roleOf(v, p)
	switch {
	case len(whys) > 0:
		return unread(whys...)
	case none:
		return notApplicable(lang.Both("no role in use", "対象のロールなし"))
	case profile.RoleARN == "":
		return unread(fact.Why{Reason: fact.NotRecorded, Resource: profile.Role, Detail: "role ARN"})
	}
	part := estate.SimulationPart.Of(v, profile.RoleARN)
	s, known := part.Get()
	if !known {
		return unread(orNotRecorded(part)...)
	}
	at := estate.SimulationPart.Key(profile.RoleARN)
	var read []finding.Evidence
	var blocked tally
	var refused []string
	for _, r := range s.Results {
		read = append(read, see(at, r.Action, join(r.Decision, named("organizations", r.Organizations), named("boundary", r.Boundary)),
			lang.Both("what AWS's simulator says; the live system can differ", "シミュレーターの結果（実際の動作と異なる場合あり）"), part.Origin()))
		if r.Organizations == "denied" {
			blocked.add(r.Action, policy.Part{})
		}
		if r.Decision != "allowed" {
			refused = append(refused, r.Action)
		}
	}
	switch {
	case len(blocked.actions) > 0:
		return problem(lang.Both("the simulator says that the organization's policies refuse %s", "シミュレーターの結果: 組織のポリシー（SCP）により %s が不許可").With(strings.Join(blocked.actions, ", ")),
			readSince(v, p, []finding.Finding{{
				Code: finding.IAMOrganizationBlocks, Subject: profile.Role, Certainty: finding.Likely, Scope: blocked.scope(),
				Params: iamParams(profile.Role, profile.Name, strings.Join(blocked.actions, ", "), ""), Evidence: read,
			}}))
	case len(refused) > 0:
		return notApplicable(lang.Both("the simulator refuses %s; iam.permissions decides", "シミュレーターの結果: %s が不許可（判定は iam.permissions による）").With(strings.Join(refused, ", ")), read...)
	case len(read) == 0:
		return unread(fact.Why{Reason: fact.NotRecorded, Action: "iam:SimulatePrincipalPolicy", Resource: profile.RoleARN})
	}
	return ok(lang.Both("the simulator allows all", "シミュレーターの結果: すべて許可"), read...)
}

func named(name, value string) string {
	if value == "" {
		return ""
	}
	return name + "=" + value
}
