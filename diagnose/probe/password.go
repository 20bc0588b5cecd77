package probe

import (
	"slices"
	"strings"
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
			Parts: []estate.AnyKind{estate.InstancePart, estate.TrailPart, estate.PasswordPart, estate.ImagePart,
				estate.ConsolePart, estate.GuestLaunchPart},
			Codes: []finding.Code{finding.PasswordTooEarly, finding.PasswordNotGenerated},
			Judge: judgePassword,
		},
		agentPasswordProbe(),
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
		Params: passwordParams(p, "-"),
		Evidence: []finding.Evidence{see(p.at, "key_name", "-",
			lang.Both("without a key pair EC2 has nothing to encrypt a password to, and never shows one", "キーペアがない場合、暗号化先がなくパスワードは取得不可"), p.origin)},
	}})
}

// passwordParams fill the words about a password. Reason is what was seen, to the
// letter, and so the same in every language.
func passwordParams(p patient, reason string) map[string]string {
	return map[string]string{"instance": p.ID, "image": orDash(p.ImageID), "time": stamp(born(p)), "key": orDash(p.KeyName), "reason": reason}
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
				Code: finding.PasswordTooEarly, Subject: p.ID, Certainty: finding.Proven, Params: passwordParams(p, "-"),
				Evidence: []finding.Evidence{empty, see(p.at, "launch_time", stamp(born(p)),
					lang.Both("Windows may need 15 minutes from its first start", "初回起動から最大 15 分程度が必要"), p.origin)},
			}},
			fact.Why{Reason: fact.TooEarly, Action: "ec2:GetPasswordData", Until: until})
	}
	// The console costs no consent; the launch agent's own state needs a look inside.
	console, launch := estate.ConsolePart.Of(v, p.ID), fact.Of[estate.GuestLaunch]{}
	if p.State == "running" {
		launch = estate.GuestLaunchPart.Of(v, p.ID)
	}
	f := finding.Finding{
		Code: finding.PasswordNotGenerated, Subject: p.ID, Certainty: finding.Proven,
		Evidence: []finding.Evidence{empty, see(p.at, "launch_time", stamp(born(p)),
			lang.Both("more than 15 minutes ago: it will not come any more by itself", "15 分以上経過しており、今後も自動では生成されない"), p.origin)},
	}
	if i, known := image.Get(); known && !ofAWS(i) {
		f.Evidence = append(f.Evidence, see(estate.ImagePart.Key(p.ImageID), "owner", join(i.OwnerAlias, i.OwnerID),
			lang.Both("not an image of AWS: one made without Sysprep never sets a password again", "AWS 提供以外の AMI。Sysprep なしで作成された場合、パスワードは再生成されない"), image.Origin()))
	}
	f.Evidence = append(f.Evidence, consolePassword(v, p, console)...)
	why, says, reason := whyNoPassword(p, launch)
	f.Evidence = append(f.Evidence, says...)
	if f.Params = passwordParams(p, reason); reason == "" {
		f.Params["reason"] = "PasswordData: \"\""
	}
	say := lang.Both("no password was generated", "パスワード未生成")
	if !why.Zero() {
		say = lang.Both("no password was generated: %s", "パスワード未生成（%s）").With(why)
	}
	return problem(say, []finding.Finding{f}, slices.Concat(pendingOf(whyOf(image)), pendingOf(whyOf(console)), pendingOf(whyOf(launch)))...)
}

// consolePassword is what the console output tells of the password (domain.md PW-4).
func consolePassword(v *estate.View, p patient, console fact.Of[estate.Console]) []finding.Evidence {
	c, known := console.Get()
	if !known {
		return nil
	}
	at := estate.ConsolePart.Key(p.ID)
	age := ageOf(v, c.Time)
	switch {
	case c.Empty:
		return []finding.Evidence{see(at, "empty", age, lang.Both("the console output is empty", "コンソール出力が空"), console.Origin())}
	case c.Waiting && !c.Ready:
		return []finding.Evidence{see(at, "waiting", age, lang.Both("Windows waited for the instance metadata, where the key is", "公開鍵を含むインスタンスメタデータの応答待ち"), console.Origin())}
	case c.Sysprep != "" && !c.Ready:
		return []finding.Evidence{see(at, "sysprep", join(c.Sysprep, age), lang.Both("the setup of Windows was not over", "OS のセットアップが未完了"), console.Origin())}
	case c.Password:
		return []finding.Evidence{see(at, "password", age, lang.Both("the launch agent wrote a password line, which EC2 did not take", "起動エージェントはパスワードを出力済み（EC2 側には未登録）"), console.Origin())}
	case c.Ready:
		return []finding.Evidence{see(at, "password", join("-", age), lang.Both("Windows was ready, and the launch agent wrote no password", "起動完了の出力あり、パスワードの出力なし"), console.Origin())}
	}
	return []finding.Evidence{see(at, "password", join("-", age), lang.Both("no line about a password", "パスワードの出力なし"), console.Origin())}
}

// whyNoPassword asks the launch agent why it set no password (domain.md PW-4): in
// words, by evidence, and to the letter. Why is zero where its state does not tell.
func whyNoPassword(p patient, launch fact.Of[estate.GuestLaunch]) (why lang.Text, says []finding.Evidence, letter string) {
	l, known := launch.Get()
	if !known {
		return why, nil, ""
	}
	add := func(path string, value any, rule, reason lang.Text, seen string) {
		says = append(says, see(estate.GuestLaunchPart.Key(p.ID), path, value, rule, launch.Origin()))
		if why.Zero() {
			why, letter = reason, seen
		}
	}
	if l.Skipped {
		add("skipped", true,
			lang.Both("EC2Launch's log: Skipping task preReady-setAdminAccount; the task runs once, and by its state it had run",
				"EC2Launch のログに Skipping task preReady-setAdminAccount の記録あり（1 回のみ実行されるタスクで、実施済みとみなされた）"),
			lang.Both("EC2Launch skipped the task", "EC2Launch がタスクをスキップ"), "EC2Launch v2: Skipping task preReady-setAdminAccount")
	}
	if baked(l.RunOnce, born(p)) {
		add("run_once", stamp(l.RunOnce),
			lang.Both("EC2Launch's first run was before this instance existed: its state came with the image", "EC2Launch の初回処理がインスタンスの作成より前（状態ファイルが AMI に残存）"),
			lang.Both("EC2Launch's state came with the image", "EC2Launch の状態ファイルが AMI に残存"), "EC2Launch v2: .run-once "+stamp(l.RunOnce))
	}
	switch strings.ToLower(l.PasswordType) {
	case "donothing":
		rule := lang.Both("EC2Launch is set to leave the password alone", "EC2Launch の設定がパスワードを変更しない設定（doNothing）")
		if l.Agent == "v1" {
			// v1 sets this itself when it has run (domain.md PW-4).
			rule = lang.Both("EC2Launch v1 leaves the password alone: it sets this itself after its first run", "EC2Launch v1 がパスワードを変更しない設定（DoNothing。初回処理後に自動で設定される値）")
		}
		seen := "EC2Launch v2: setAdminAccount " + l.PasswordType
		if l.Agent == "v1" {
			seen = "EC2Launch v1: adminPasswordType " + l.PasswordType
		}
		add("password_type", l.PasswordType, rule, lang.Both("EC2Launch is set to doNothing", "EC2Launch の設定が doNothing"), seen)
	case "static", "specify":
		add("password_type", l.PasswordType,
			lang.Both("EC2Launch sets a fixed password, which EC2 never learns", "EC2Launch の設定が固定パスワード（EC2 には登録されない）"),
			lang.Both("EC2Launch sets a fixed password", "EC2Launch の設定が固定パスワード"), "EC2Launch: "+l.PasswordType)
	}
	if l.Agent == "" {
		add("agent", "-",
			lang.Both("no launch agent of AWS is installed: nothing sets a password", "AWS の起動エージェントが未導入のため、パスワードは設定されない"),
			lang.Both("no launch agent is installed", "起動エージェントが未導入"), "EC2Launch: -")
	}
	return why, says, letter
}
