package probe

import (
	"slices"
	"strings"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/policy"
)

func iamProbes() []Probe {
	profileParts := []estate.AnyKind{estate.InstancePart, estate.TrailPart, estate.InstanceProfilePart}
	with := func(more ...estate.AnyKind) []estate.AnyKind {
		return slices.Concat(profileParts, hostManagementParts(), more)
	}
	return []Probe{
		{
			ID:    "iam.profile",
			Title: lang.Both("Instance profile", "インスタンスプロファイル"),
			Parts: with(estate.ProfileBindingPart),
			Codes: []finding.Code{finding.IAMProfileMissing, finding.IAMProfileEmpty, finding.IAMProfileStale},
			Judge: judgeProfile,
		},
		{
			ID:    "iam.trust",
			Title: lang.Both("The role's trust policy", "IAM ロールの信頼ポリシー"),
			Parts: with(),
			Codes: []finding.Code{finding.IAMTrustDeniesEC2},
			Judge: judgeTrust,
		},
		{
			ID:    "iam.permissions",
			Title: lang.Both("The role's permissions for the agent", "IAM ロールの権限（SSM Agent 用）"),
			Parts: with(estate.RolePoliciesPart, estate.BoundaryPart),
			Codes: []finding.Code{finding.IAMPermissionMissing, finding.IAMPermissionDenied, finding.IAMBoundaryBlocks},
			Judge: judgePermissions,
		},
		{
			ID:    "iam.host-management",
			Title: lang.Both("Default Host Management Configuration", "デフォルトのホスト管理設定"),
			Parts: append([]estate.AnyKind{estate.InstancePart, estate.TrailPart}, hostManagementParts()...),
			Judge: judgeHostManagement,
		},
		{
			ID:    "iam.simulation",
			Title: lang.Both("IAM policy simulator", "IAM ポリシーシミュレーター"),
			Parts: append(slices.Clone(profileParts), estate.SimulationPart, estate.ManagedNodePart),
			Asks:  []string{answerSimulate},
			Codes: []finding.Code{finding.IAMOrganizationBlocks},
			Judge: judgeSimulation,
		},
	}
}

// lastName is what stands behind the last slash of an ARN or of a name with a path.
func lastName(s string) string { return s[strings.LastIndexByte(s, '/')+1:] }

// profileOf reads the instance profile that p has; name is "" where it has none.
func profileOf(v *estate.View, p patient) (name string, profile fact.Of[estate.InstanceProfile]) {
	name = lastName(p.ProfileARN)
	if p.profileSince != "" {
		return orDash(name), fact.Unknown[estate.InstanceProfile](fact.Why{
			Reason: fact.NotRecorded, Action: "cloudtrail:LookupEvents", Resource: p.ID, Detail: p.profileSince})
	}
	if name == "" {
		return "", fact.Absent[estate.InstanceProfile](p.origin)
	}
	return name, estate.InstanceProfilePart.Of(v, name)
}

// readSince is readAfter for IAM. IAM is global and its events are in the trail of
// us-east-1 (CloudTrail User Guide, "Global service events"), so the trail of the
// instance's region showing no write proves nothing: the assumption always stays.
//
// It also weighs findings against what AWS sees of the agent: credentials that are
// refused cannot keep a channel alive for long, so that one which works right now,
// or worked until the instance's end, speaks against the evaluation.
func readSince(v *estate.View, p patient, found []finding.Finding) []finding.Finding {
	found = slices.Clone(readAfter(v, p, found))
	for i := range found {
		found[i] = weighAlive(v, p, weighSent(v, p, found[i]))
	}
	return found
}

// weighAlive lowers a finding that would keep the agent from registering where it is
// Online, or may be, for all that can be read.
func weighAlive(v *estate.View, p patient, f finding.Finding) finding.Finding {
	if p.dead || !slices.Contains(f.Scope, scopeSSM) {
		return f
	}
	works, e, whys := channelWorks(v, p.ID, scopeSSM)
	if works {
		f.Evidence = withEvidence(slices.Clone(f.Evidence), []finding.Evidence{e})
	}
	if works || len(whys) > 0 {
		f.Certainty = f.Certainty.AtMost(finding.Likely)
	}
	return f
}

func iamParams(role, profile, action, policy string) map[string]string {
	return map[string]string{"role": orDash(role), "profile": orDash(profile), "action": orDash(action), "policy": orDash(policy)}
}

// managed are the scopes that fail without usable credentials.
func managed() []string { return []string{"ssm", "ssmmessages", "ec2messages"} }

// judgeProfile judges IAM-1 and IAM-2: the profile, the role in it, and whether it
// is still the same profile.
func judgeProfile(v *estate.View) Verdict {
	p, whys := thePatient(v)
	host := hostManagementOf(v, p)
	if len(whys) > 0 {
		return unread(whys...)
	}
	id := v.Target().InstanceID
	name, profile := profileOf(v, p)
	attached := see(p.at, "profile_arn", orDash(p.ProfileARN), lang.Both("the profile that EC2 shows for the instance", "EC2 がインスタンスに関連付けているプロファイル"), p.origin)
	found := func(code finding.Code, subject string, c finding.Certainty, evidence ...finding.Evidence) finding.Finding {
		return finding.Finding{
			Code: code, Subject: subject, Certainty: c, Scope: managed(), Params: iamParams("", name, "", ""),
			Evidence: append([]finding.Evidence{attached}, evidence...),
		}
	}
	if name == "" {
		return host.insteadOf(v, p, []finding.Finding{found(finding.IAMProfileMissing, id, finding.Proven)},
			lang.Both("none attached", "未設定"))
	}
	var bad []finding.Finding
	state, leaving, open := bindingState(v, p)
	if leaving {
		bad = append(bad, found(finding.IAMProfileMissing, id, finding.Proven, state...))
	}
	at := estate.InstanceProfilePart.Key(name)
	current, there := profile.Get()
	switch {
	case profile.IsUnknown():
		open = append(open, whyOf(profile)...)
	case !there:
		bad = append(bad, found(finding.IAMProfileStale, name, finding.Likely, see(at, "", "-",
			lang.Both("IAM has no profile of this name: it was deleted after it was attached", "IAM に同名のプロファイルなし（関連付け後に削除）"), profile.Origin())))
	default:
		if current.Role == "" {
			bad = append(bad, found(finding.IAMProfileEmpty, name, finding.Proven, see(at, "role", "-",
				lang.Both("a profile without a role gives no credentials", "ロールのないプロファイルからは認証情報を取得できない"), profile.Origin())))
		}
		if p.ProfileID != "" && current.ID != "" && p.ProfileID != current.ID {
			// [D] in domain.md IAM-2.
			bad = append(bad, found(finding.IAMProfileStale, name, finding.Likely, see(at, "id", p.ProfileID+" / "+current.ID,
				lang.Both("the attached id / the id of today: the profile was deleted and made again", "関連付け済みの ID / 現在の ID（プロファイルは削除後に再作成）"), profile.Origin())))
		}
	}
	if len(bad) > 0 {
		return host.insteadOf(v, p, bad, lang.Both("%s gives no credentials", "%s から認証情報を取得できない").With(name), open...)
	}
	evidence := append([]finding.Evidence{attached}, state...)
	if there {
		evidence = append(evidence, see(at, "role", current.Role, lang.Both("the role in the profile", "プロファイル内のロール"), profile.Origin()))
	}
	return settle(nil, open, lang.Both("%s with the role %s", "%s（ロール %s）").With(name, current.Role), evidence...)
}

// bindingState reads the association of the profile. A dead instance has none any
// more. leaving says that the profile is being taken away.
func bindingState(v *estate.View, p patient) (state []finding.Evidence, leaving bool, open []fact.Why) {
	if p.dead {
		return nil, false, nil
	}
	id := v.Target().InstanceID
	binding := estate.ProfileBindingPart.Of(v, id)
	b, known := binding.Get()
	if !known {
		return nil, false, orNotRecorded(binding)
	}
	state = []finding.Evidence{see(estate.ProfileBindingPart.Key(id), "state", b.State,
		lang.Both("the state of the association", "関連付けの状態"), binding.Origin())}
	switch b.State {
	case "associated":
		return state, false, nil
	case "disassociating", "disassociated":
		return state, true, nil
	case "associating":
		// Associations settle within seconds; a minute is a generous time to look again.
		return state, false, []fact.Why{{Reason: fact.TooEarly, Until: v.AsOf().Add(time.Minute), Resource: id}}
	}
	return state, false, []fact.Why{{Reason: fact.NotModelled, Resource: id, Detail: "association state " + b.State}}
}

// roleOf names the role in force through the profile. none is set where there is no
// such role: another probe's finding.
func roleOf(v *estate.View, p patient) (profile estate.InstanceProfile, none bool, whys []fact.Why) {
	name, part := profileOf(v, p)
	if name != "" && part.IsUnknown() {
		return profile, false, whyOf(part)
	}
	profile = part.Value()
	return profile, profile.Role == "", nil
}

// judgeTrust judges IAM-3: EC2 must be able to assume the role for the instance.
func judgeTrust(v *estate.View) Verdict {
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
	}
	part := estate.RolePart.Of(v, profile.Role)
	role, known := part.Get()
	if !known {
		return unread(orNotRecorded(part)...)
	}
	at := estate.RolePart.Key(profile.Role)
	t := trustOf(role, nil, ec2Services(v.Target())...)
	switch {
	case t.broken != nil:
		return t.unreadable(at, part.Origin())
	case t.Verdict == policy.Undecided:
		out := unread(conditionWhys(t.Grants.Open)...)
		out.Evidence = []finding.Evidence{see(at, "trust", role.Trust, lang.Both("the trust policy", "信頼ポリシー"), part.Origin())}
		return out
	case t.Verdict == policy.Allowed:
		return ok(lang.Both("%s may be assumed by %s", "%s は %s による引き受けを許可").With(profile.Role, t.service),
			see(at, "trust", refText(*t.Grants.By), lang.Both("allows sts:AssumeRole to %s", "%s に sts:AssumeRole を許可").With(t.service), part.Origin()))
	}
	rule := lang.Both("no statement allows sts:AssumeRole to %s", "%s に sts:AssumeRole を許可するステートメントなし").With(t.service)
	if t.Verdict == policy.ExplicitDeny {
		rule = lang.Both("%s denies sts:AssumeRole to %s", "%s が %s の sts:AssumeRole を明示的に拒否").With(refText(*t.Grants.By), t.service)
	}
	return hostManagementOf(v, p).insteadOf(v, p, []finding.Finding{{
		Code: finding.IAMTrustDeniesEC2, Subject: profile.Role, Certainty: finding.Proven, Scope: managed(),
		Params:   iamParams(profile.Role, profile.Name, "sts:AssumeRole", ""),
		Evidence: []finding.Evidence{see(at, "trust", role.Trust, rule, part.Origin())},
	}}, lang.Both("EC2 may not assume %s", "EC2 は %s を引き受け不可").With(profile.Role))
}
