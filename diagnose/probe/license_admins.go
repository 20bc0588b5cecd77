package probe

import (
	"strings"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
)

// builtInAdministrator is the RID of the Administrator that Windows makes itself.
const builtInAdministrator = 500

// sessionUser is the local administrator that the first Session Manager shell makes
// on Windows (domain.md LM-11 [V:agent-ssmuser]).
const sessionUser = "ssm-user"

func licenseAdminsProbe() Probe {
	return Probe{
		ID:    "license.local-administrators",
		Title: lang.Both("Local users in the Administrators group", "Administrators グループのローカルユーザー"),
		Parts: []estate.AnyKind{estate.InstancePart, estate.TrailPart, estate.GuestLaunchPart},
		Codes: []finding.Code{finding.LicenseLocalAdministrators},
		Judge: judgeLicenseAdmins,
	}
}

// judgeLicenseAdmins looks for local administrators beside the built-in one: AWS
// names them as a reason for which License Manager takes an instance for unhealthy
// and ends it (domain.md LM-11). Whether that holds for ssm-user nobody says.
func judgeLicenseAdmins(v *estate.View) Verdict {
	if _, _, stop := licensedPatient(v); stop != nil {
		return *stop
	}
	p, stop := runningWindows(v)
	if stop != nil {
		return *stop
	}
	part := estate.GuestLaunchPart.Of(v, p.ID)
	l, known := part.Get()
	switch {
	case !known:
		return unread(orNotRecorded(part)...)
	case l.Unread.Has("local_admins"):
		return unread(unreadField(p.ID, "Administrators (S-1-5-32-544)"))
	}
	at := estate.GuestLaunchPart.Key(p.ID)
	var extra []string
	var read []finding.Evidence
	others := false
	for _, a := range l.LocalAdmins {
		value := a.Name
		if a.Disabled {
			value += " (disabled)"
		}
		switch {
		case a.RID == builtInAdministrator:
			read = append(read, see(at, "local_admins", value, lang.Both("the built-in Administrator", "ビルトイン Administrator"), part.Origin()))
		case strings.EqualFold(a.Name, sessionUser):
			extra = append(extra, a.Name)
			read = append(read, see(at, "local_admins", value, lang.Both("made by the first Session Manager shell; whether License Manager minds it is not documented",
				"セッションマネージャーの初回接続時に作成されたユーザー（License Manager が許容するかは公開情報なし）"), part.Origin()))
		default:
			extra, others = append(extra, a.Name), true
			read = append(read, see(at, "local_admins", value, lang.Both("an extra local administrator", "追加されたローカル管理者"), part.Origin()))
		}
	}
	if len(extra) == 0 {
		if len(read) == 0 {
			read = append(read, see(at, "local_admins", "-", lang.Both("no local user is an administrator", "ローカルユーザーの管理者なし"), part.Origin()))
		}
		return ok(lang.Both("no extra local administrator", "ローカル管理者の追加なし"), read...)
	}
	f := finding.Finding{
		Code: finding.LicenseLocalAdministrators, Subject: p.ID, Certainty: finding.Proven,
		Params: licenseParams(p, "", "", strings.Join(extra, ", "), ""), Evidence: read,
	}
	if !others {
		f.Severity, f.Certainty = finding.Info, finding.Possible
	}
	return problem(lang.Both("extra local administrators: %s", "ローカル管理者の追加あり: %s").With(strings.Join(extra, ", ")), []finding.Finding{f})
}
