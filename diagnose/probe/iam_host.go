package probe

import (
	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/policy"
)

// hostManagement is Default Host Management Configuration as a way for this
// instance: the agent turns to it only where the profile gives no credentials, or
// none that may call ssm:UpdateInstanceInformation (domain.md §3.1 [V:agent-cred]).
type hostManagement struct {
	// set says that a role is set; role is its name.
	set  bool
	role string
	// usable and whys exclude each other; neither means that it is known not to work.
	usable bool
	whys   []fact.Why
	// say is the judgement in one line.
	say      lang.Text
	evidence []finding.Evidence
}

func hostManagementParts() []estate.AnyKind {
	return []estate.AnyKind{estate.HostMgmtPart, estate.RolePart, estate.ManagedNodePart, estate.ImagePart}
}

// hostManagementOf judges IAM-5: a role is set, exists, trusts ssm.amazonaws.com,
// and the agent is new enough.
func hostManagementOf(v *estate.View, p patient) hostManagement {
	setting := estate.HostMgmtPart.Of(v, "")
	at := estate.HostMgmtPart.Key("")
	if setting.IsUnknown() {
		return hostManagement{whys: whyOf(setting)}
	}
	h := hostManagement{role: lastName(setting.Value().Role)}
	if h.role == "" {
		h.say = lang.Both("off", "オフ")
		h.evidence = []finding.Evidence{see(at, "role", "-", lang.Both("no role is set for Default Host Management in this region", "このリージョンではデフォルトのホスト管理設定がオフ"), setting.Origin())}
		return h
	}
	h.set = true
	h.evidence = []finding.Evidence{see(at, "role", setting.Value().Role, lang.Both("the role of Default Host Management in this region", "このリージョンのデフォルトのホスト管理設定のロール"), setting.Origin())}
	part := estate.RolePart.Of(v, h.role)
	version := agentVersion(v)
	h.evidence = append(h.evidence, version.Evidence...)

	able, sure := version.AtLeast(agentWithHostManagement)
	switch {
	case !sure:
		h.whys = version.whys()
	case !able:
		h.say = lang.Both("on, but agent %s is older than %s", "オンだがエージェント %s は %s より前").With(version.Version, agentWithHostManagement)
		return h
	}
	role, there := part.Get()
	if part.IsUnknown() {
		h.whys = append(h.whys, whyOf(part)...)
		return h
	}
	roleAt := estate.RolePart.Key(h.role)
	if !there {
		h.whys = nil
		h.say = lang.Both("on, but the role %s does not exist", "オンだがロール %s が存在しない").With(h.role)
		h.evidence = append(h.evidence, see(roleAt, "", "-", lang.Both("IAM knows no such role", "IAM に該当ロールなし"), part.Origin()))
		return h
	}
	known := policy.Context{}
	if account := accountOf(v, p); account != "" {
		// Systems Manager assumes the role for this account (IAM User Guide, "The confused
		// deputy problem").
		known = known.With("aws:SourceAccount", account)
	}
	t := trustOf(role, known, "ssm.amazonaws.com")
	switch {
	case t.Verdict.Denied():
		h.whys = nil
		h.say = lang.Both("on, but the role %s does not trust ssm.amazonaws.com", "オンだがロール %s は ssm.amazonaws.com を信頼していない").With(h.role)
		h.evidence = append(h.evidence, see(roleAt, "trust", role.Trust, lang.Both("ssm.amazonaws.com must be allowed to assume it", "ssm.amazonaws.com に sts:AssumeRole の許可が必要"), part.Origin()))
		return h
	case t.Verdict == policy.Undecided:
		h.whys = append(h.whys, t.whys()...)
	}
	if len(h.whys) > 0 {
		return h
	}
	h.usable = true
	h.say = lang.Both("on, with the role %s", "オン（ロール %s）").With(h.role)
	h.evidence = append(h.evidence, see(roleAt, "trust", refText(*t.Grants.By), lang.Both("trusts ssm.amazonaws.com", "ssm.amazonaws.com を信頼"), part.Origin()))
	return h
}

// insteadOf weighs findings that take the profile's credentials away: they matter
// only where Default Host Management does not stand in.
func (h hostManagement) insteadOf(v *estate.View, p patient, found []finding.Finding, say lang.Text, open ...fact.Why) Verdict {
	var seen []finding.Evidence
	for _, f := range found {
		seen = append(seen, f.Evidence...)
	}
	switch {
	case h.usable:
		return ok(lang.Both("%s; Default Host Management stands in (role %s)", "%s。デフォルトのホスト管理設定で代替（ロール %s）").With(say, h.role), append(seen, h.evidence...)...)
	case len(h.whys) > 0:
		out := unread(append(append([]fact.Why{}, h.whys...), open...)...)
		out.Evidence = append(seen, h.evidence...)
		return out
	}
	for i := range found {
		found[i].Evidence = append(found[i].Evidence, h.evidence...)
	}
	return problem(lang.Both("%s; Default Host Management: %s", "%s。デフォルトのホスト管理設定: %s").With(say, h.say), readSince(v, p, found), open...)
}

// judgeHostManagement only tells. Whether an unusable setting matters depends on the
// profile, and is judged there.
func judgeHostManagement(v *estate.View) Verdict {
	p, whys := thePatient(v)
	h := hostManagementOf(v, p)
	switch {
	case len(whys) > 0:
		return unread(whys...)
	case len(h.whys) > 0:
		out := unread(h.whys...)
		out.Evidence = h.evidence
		return out
	case h.usable:
		return ok(h.say, h.evidence...)
	}
	return notApplicable(h.say, h.evidence...)
}
