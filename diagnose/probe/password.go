package probe

import (
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
)

// passwordWait is how long Windows may take to hand in its first password: AWS says
// at least four minutes, up to fifteen (domain.md §9.1 [V:botocore][V:msgs]).
const passwordWait = 15 * time.Minute

func passwordProbes() []Probe {
	return []Probe{
		{
			ID:    "password.key-pair",
			Title: lang.Both("Key pair", "キーペア"),
			Parts: []estate.AnyKind{estate.InstancePart, estate.TrailPart},
			Codes: []finding.Code{finding.PasswordNoKeyPair},
			Judge: judgeKeyPair,
		},
		{
			ID:    "password.data",
			Title: lang.Both("Password data", "パスワードデータ"),
			Parts: []estate.AnyKind{estate.InstancePart, estate.TrailPart, estate.PasswordPart, estate.ImagePart},
			Codes: []finding.Code{finding.PasswordTooEarly, finding.PasswordNotGenerated},
			Judge: judgePassword,
		},
	}
}

// keyed is the start of a judgement about the Windows password.
func keyed(v *estate.View) (patient, *Verdict) {
	end := func(v Verdict) *Verdict { return &v }
	p, whys := thePatient(v)
	switch {
	case len(whys) > 0:
		return p, end(unread(whys...))
	case p.dead:
		return p, end(notApplicable(lang.Both("the instance is terminated", "終了済み（terminated）")))
	case p.Platform != "windows":
		return p, end(notApplicable(lang.Both("not a Windows instance", "Windows インスタンスではない")))
	}
	return p, nil
}

func judgeKeyPair(v *estate.View) Verdict {
	p, stop := keyed(v)
	if stop != nil {
		return *stop
	}
	if p.KeyName != "" {
		return ok(lang.Both("key pair: %s", "キーペア: %s").With(p.KeyName), see(p.at, "key_name", p.KeyName,
			lang.Both("EC2 encrypts the password to this key pair", "パスワードの暗号化に使用されるキーペア"), p.origin))
	}
	return problem(lang.Both("launched without a key pair", "キーペアなしで起動"), []finding.Finding{{
		Code: finding.PasswordNoKeyPair, Subject: p.ID, Certainty: finding.Proven,
		Params: passwordParams(p),
		Evidence: []finding.Evidence{see(p.at, "key_name", "-",
			lang.Both("without a key pair EC2 has nothing to encrypt a password to, and never shows one", "キーペアがない場合、暗号化先がなくパスワードは取得不可"), p.origin)},
	}})
}

func passwordParams(p patient) map[string]string {
	return map[string]string{"instance": p.ID, "image": orDash(p.ImageID), "time": stamp(born(p)), "key": orDash(p.KeyName)}
}

// born is when this machine started for the first time: LaunchTime moves with
// every start, the attachment of the root volume does not.
func born(p patient) time.Time { return orTime(p.RootAttached, p.LaunchTime) }

func judgePassword(v *estate.View) Verdict {
	p, stop := keyed(v)
	if stop != nil {
		return *stop
	}
	if p.KeyName == "" {
		// GetPasswordData could only be empty, and raises alarms: it is not called.
		return notApplicable(lang.Both("launched without a key pair", "キーペアなし"))
	}
	data := estate.PasswordPart.Of(v, p.ID)
	image := estate.ImagePart.Of(v, p.ImageID)
	if data.IsUnknown() {
		return unread(data.Why())
	}
	at := estate.PasswordPart.Key(p.ID)
	if data.Value().Present {
		return ok(lang.Both("password data is there", "パスワードデータあり"), see(at, "present", true,
			lang.Both("EC2 holds the encrypted password of the first start", "初回起動時のパスワードを EC2 が保持"), data.Origin()))
	}
	empty := see(at, "present", false, lang.Both("EC2 holds no password", "EC2 側にパスワードなし"), data.Origin())
	if born(p).IsZero() {
		return unread(fact.Why{Reason: fact.NotRecorded, Action: "ec2:DescribeInstances", Resource: p.ID, Detail: "LaunchTime"})
	}
	if until := born(p).Add(passwordWait); v.AsOf().Before(until) {
		return problem(
			lang.Both("too early: look again after %s", "生成待ち（%s 以降に再確認）").With(stamp(until)),
			[]finding.Finding{{
				Code: finding.PasswordTooEarly, Subject: p.ID, Certainty: finding.Proven, Params: passwordParams(p),
				Evidence: []finding.Evidence{empty, see(p.at, "launch_time", stamp(born(p)),
					lang.Both("Windows may need 15 minutes from its first start", "初回起動から最大 15 分程度が必要"), p.origin)},
			}},
			fact.Why{Reason: fact.TooEarly, Action: "ec2:GetPasswordData", Until: until})
	}
	f := finding.Finding{
		Code: finding.PasswordNotGenerated, Subject: p.ID, Certainty: finding.Proven, Params: passwordParams(p),
		Evidence: []finding.Evidence{empty, see(p.at, "launch_time", stamp(born(p)),
			lang.Both("more than 15 minutes ago: it will not come any more by itself", "15 分以上経過しており、今後も自動では生成されない"), p.origin)},
	}
	if i, known := image.Get(); known && !ofAWS(i) {
		f.Evidence = append(f.Evidence, see(estate.ImagePart.Key(p.ImageID), "owner", join(i.OwnerAlias, i.OwnerID),
			lang.Both("not an image of AWS: one made without Sysprep never sets a password again", "AWS 提供以外の AMI。Sysprep なしで作成された場合、パスワードは再生成されない"), image.Origin()))
	}
	return problem(lang.Both("no password was generated", "パスワード未生成"), []finding.Finding{f}, pendingOf(whyOf(image))...)
}
