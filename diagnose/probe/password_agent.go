package probe

import (
	"slices"
	"strings"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
)

func agentPasswordProbe() Probe {
	return Probe{
		ID:    "password.agent",
		Title: lang.Both("Whether the launch agent set a password here", "起動エージェントによるパスワード設定の有無"),
		Parts: []estate.AnyKind{estate.InstancePart, estate.TrailPart, estate.ImagePart, estate.GuestIdentityPart, estate.GuestLaunchPart},
		Codes: []finding.Code{finding.PasswordNotGenerated},
		Judge: judgeAgentPassword,
	}
}

// judgeAgentPassword tells from inside Windows whether a password was made for this
// instance, without GetPasswordData, which watchers alarm on. The agent sets it once
// and then takes the task for done (domain.md A2 [V:cgd], PW-4), so that the state
// which an image brings along says "done" on every copy. That the state is older than
// the instance is a derivation from dates, and likely at most.
func judgeAgentPassword(v *estate.View) Verdict {
	p, stop := runningWindows(v)
	if stop != nil {
		return *stop
	}
	if p.KeyName == "" {
		return notApplicable(lang.Both("launched without a key pair", "キーペアなし"))
	}
	image := estate.ImagePart.Of(v, p.ImageID)
	if image.IsUnknown() {
		return unread(image.Why())
	}
	if i, seen := image.Get(); seen && ofAWS(i) {
		return awsImage(i, p.ImageID, image.Origin())
	}
	identity, launch := estate.GuestIdentityPart.Of(v, p.ID), estate.GuestLaunchPart.Of(v, p.ID)
	if open := slices.Concat(whyOf(identity), whyOf(launch)); len(open) > 0 {
		return unread(open...)
	}
	l, known := launch.Get()
	i, told := identity.Get()
	if !known || !told {
		return unread(slices.Concat(orNotRecorded(launch), orNotRecorded(identity))...)
	}
	if i.Role >= domainController {
		return notApplicable(lang.Both("a domain controller has no local accounts", "ドメインコントローラー（ローカルアカウントなし）"),
			see(estate.GuestIdentityPart.Key(p.ID), "role", i.Role, lang.Both("4 and 5 are domain controllers", "4・5 はドメインコントローラー"), identity.Origin()))
	}
	attached := born(p)
	if attached.IsZero() {
		return unread(fact.Why{Reason: fact.NotRecorded, Action: "ec2:DescribeInstances", Resource: p.ID, Detail: "LaunchTime"})
	}
	s := setupOf(v, p, i, identity.Origin())
	switch {
	case s.stuck && i.ImageState != setupComplete:
		// The agent sets the password when the setup is over, which it is not.
		return problem(lang.Both("no password was generated: the setup did not finish (%s)", "パスワード未生成（セットアップが途中で停止: %s）").With(orDash(i.ImageState)),
			[]finding.Finding{{Code: finding.PasswordNotGenerated, Subject: p.ID, Certainty: finding.Likely,
				Params: passwordParams(p, "ImageState "+orDash(i.ImageState)), Evidence: s.read}}, s.open...)
	case len(s.open) > 0:
		return unread(s.open...)
	}
	c := copied{identity: i, image: image.Value(), seen: image.IsKnown()}
	older := !i.Installed.IsZero() && c.older(attached)
	switch {
	case baked(l.RunOnce, attached), older && (l.Skipped || l.Agent == "v1" && strings.EqualFold(l.PasswordType, "DoNothing")):
	case l.Agent == "v2" && !l.RunOnce.IsZero():
		return ok(lang.Both("EC2Launch ran for this instance (%s)", "EC2Launch の初回処理は本インスタンスで実施済み（%s）").With(stamp(l.RunOnce)),
			see(estate.GuestLaunchPart.Key(p.ID), "run_once", stamp(l.RunOnce),
				lang.Both("EC2Launch's first run was on this instance (%s)", "EC2Launch の初回処理がインスタンスの作成（%s）以降").With(stamp(attached)), launch.Origin()))
	case i.Installed.IsZero():
		return unread(unreadField(p.ID, "InstallDate"))
	case l.Agent == "v2" && !older:
		return unread(unreadField(p.ID, ".run-once"))
	case older:
		// A copy, but nothing tells whether its agent set a password: EC2Config, say.
		return unread(fact.Why{Reason: fact.NotModelled, Action: first(estate.GuestLaunchPart.Actions()...), Resource: p.ID, Detail: join("launch agent", orDash(l.Agent), orDash(l.PasswordType))})
	default:
		return notApplicable(lang.Both("Windows was set up anew: the agent starts afresh", "OS を新規セットアップ済み（起動エージェントの状態の引き継ぎなし）"))
	}
	why, says, reason := whyNoPassword(p, launch)
	f := finding.Finding{Code: finding.PasswordNotGenerated, Subject: p.ID, Certainty: finding.Likely, Params: passwordParams(p, reason), Evidence: says}
	if older {
		f.Evidence = append(f.Evidence, see(estate.GuestIdentityPart.Key(p.ID), "installed", stamp(i.Installed),
			lang.Both("Windows is older than the instance (%s): the agent had done its work on the source, whose password is valid here",
				"OS のインストール日時がインスタンスの作成（%s）より前。起動エージェントの処理は複製元で完了しており、複製元のパスワードが有効").With(stamp(attached)), identity.Origin()))
	}
	say := lang.Both("no password was generated: %s", "パスワード未生成（%s）").With(why)
	return problem(say, []finding.Finding{f})
}
