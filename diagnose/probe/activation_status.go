package probe

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
)

// The application ids of Windows and of Office since 2013 (domain.md §7.1 [M]).
const (
	windowsApplication = "55c92734-d682-4d71-983e-d6ec3f16059f"
	officeApplication  = "0ff1ce15-a989-479d-af46-f275c6370663"
)

// lapsed is the reason of a product that was not activated again in time, which is
// what a closed path comes to after 180 days (SL_E_VL_MACHINE_NOT_BOUND).
const lapsed = "0xC004F056"

// officeScope marks a failed activation of Office that a closed path explains.
const officeScope = "office"

// activated is the LicenseStatus of a product that is activated.
const activated = 1

// licenseJudgement is one look at the activation of one instance.
type licenseJudgement struct {
	p      patient
	a      estate.GuestActivation
	origin fact.Origin
	found  []finding.Finding
	open   []fact.Why
	read   []finding.Evidence
}

func judgeActivation(v *estate.View) Verdict {
	p, stop := runningWindows(v)
	if stop != nil {
		return *stop
	}
	l, whys := licensed(v, p)
	if len(whys) > 0 {
		return unread(whys...)
	}
	own, brought := ownLicense(p)
	if brought && !l.Office {
		return notApplicable(ownLicenseSay(), own)
	}
	if !brought && !licenseIncluded(p) {
		// Who activates it is not known, so that nothing can be called wrong.
		return unread(fact.Why{Reason: fact.BlockedBy, Blocker: "activation.billing"})
	}
	part := estate.GuestActivationPart.Of(v, p.ID)
	a, known := part.Get()
	if !known {
		return unread(orNotRecorded(part)...)
	}
	j := &licenseJudgement{p: p, a: a, origin: part.Origin()}
	var say lang.Text
	if a.Unread.Has("products") {
		j.open = append(j.open, unreadField(p.ID, "SoftwareLicensingProduct"))
	} else {
		if !brought {
			say = j.windows()
		}
		if l.Office {
			j.office()
		}
	}
	out := settle(j.found, j.open, lang.Both("activated", "ライセンス認証済み"), j.read...)
	if !say.Zero() {
		out.Say = say
	}
	return out
}

func (j *licenseJudgement) see(path string, value any, rule lang.Text) finding.Evidence {
	return see(estate.GuestActivationPart.Key(j.p.ID), path, value, rule, j.origin)
}

func (j *licenseJudgement) add(f finding.Finding) { j.found = append(j.found, f) }

// windows judges the activation of Windows itself against AWS's KMS, and returns
// what is to be said of it where it is not activated.
func (j *licenseJudgement) windows() lang.Text {
	row, installed := windowsLicense(j.a.Products)
	licensed := installed && row.Status == activated
	why, explained := reasonOf(row.Reason)
	if !installed {
		why, explained = reasonOf("0xC004F014")
		why.memory = true // that a product without a key is not listed is known from the query alone
	}
	var status finding.Evidence
	var say lang.Text
	if installed {
		var name lang.Text
		status, name = j.status(row)
		if !licensed {
			say = lang.Both("not activated: %s (%s)", "ライセンス認証が未完了: %s（%s）").With(name, orDash(row.Reason))
		}
	} else {
		say = lang.Both("no product key is installed", "プロダクトキー未設定")
		status = j.see("products", "-", lang.Both("Windows lists no product of its own with a key", "プロダクトキーが設定された Windows の製品なし"))
	}
	if !licensed {
		f := finding.Finding{
			Code: finding.ActivationNotLicensed, Subject: j.p.ID, Certainty: finding.Proven,
			Params: j.params(first(row.Name, "Windows"), row), Evidence: []finding.Evidence{status},
		}
		if _, works := licenseStatus(row.Status); works && installed {
			f.Severity = finding.Warning
		}
		if explained {
			f.Evidence = append(f.Evidence, j.see("products", first(row.Reason, "-"), why.meaning))
		}
		j.add(f)
	} else {
		j.read = append(j.read, status)
	}
	j.host(row, licensed, why)
	j.key(row, installed, licensed, why)
	j.reach(licensed)
	j.clock(licensed, why)
	return say
}

// windowsLicense picks the row of Windows: the activated one where there is one, as
// add-ons have rows of their own.
func windowsLicense(rows []estate.GuestLicense) (best estate.GuestLicense, found bool) {
	for _, r := range rows {
		if !strings.EqualFold(r.Application, windowsApplication) {
			continue
		}
		if !found || (best.Status != activated && r.Status == activated) {
			best, found = r, true
		}
	}
	return best, found
}

func (j *licenseJudgement) status(r estate.GuestLicense) (finding.Evidence, lang.Text) {
	name, _ := licenseStatus(r.Status)
	return j.see("products", join(r.Name, "LicenseStatus="+strconv.Itoa(r.Status), r.Reason), name), name
}

func (j *licenseJudgement) params(product string, r estate.GuestLicense) map[string]string {
	return map[string]string{
		"product": product, "reason": join("LicenseStatus="+strconv.Itoa(r.Status), r.Reason), "instance": j.p.ID,
		"host": "-", "key": "-", "offset": "-",
	}
}

func (j *licenseJudgement) with(name, value string) map[string]string {
	m := j.params("Windows", estate.GuestLicense{})
	m["reason"] = "-"
	m[name] = orDash(value)
	return m
}

// office judges the Office of a License Manager product: it is activated by the same
// service against License Manager's endpoints, so that AWS's KMS hosts and the
// routes to them are none of its business.
func (j *licenseJudgement) office() {
	seen := false
	for _, r := range j.a.Products {
		if !strings.EqualFold(r.Application, officeApplication) {
			continue
		}
		seen = true
		e, _ := j.status(r)
		if r.Status == activated {
			j.read = append(j.read, e)
			continue
		}
		f := finding.Finding{
			Code: finding.ActivationNotLicensed, Subject: j.p.ID + "/office", Certainty: finding.Proven,
			Params: j.params(first(r.Name, "Office"), r), Evidence: []finding.Evidence{e},
		}
		if _, works := licenseStatus(r.Status); works {
			f.Severity = finding.Warning
		}
		why, known := reasonOf(r.Reason)
		if known {
			f.Evidence = append(f.Evidence, j.see("products", r.Reason, why.meaning))
		}
		if !known || why.family == reasonReach || strings.EqualFold(r.Reason, lapsed) {
			f.Scope = []string{officeScope} // nothing says that it was answered: the path may be closed
		}
		if host := first(r.KMSHost, r.Discovered); host != "-" {
			f.Evidence = append(f.Evidence, j.see("products", host, lang.Both("the activation endpoint that Office asks (License Manager's, tcp/1688)", "Office の認証先（License Manager のエンドポイント、tcp/1688）")))
		}
		j.add(f)
		break // one row tells; Office's other parts have the same licence
	}
	if !seen {
		// Office takes its key when License Manager configures the instance.
		j.read = append(j.read, j.see("products", "-", lang.Both("no Office with a key", "プロダクトキーが設定された Office なし")))
	}
}

// kmsHosts are AWS's own KMS hosts (domain.md §7.1 [V:ec2cfg][V:agent-const]).
func kmsHosts() []string { return []string{"169.254.169.250", "169.254.169.251", "fd00:ec2::240"} }

func (j *licenseJudgement) host(r estate.GuestLicense, licensed bool, why reason) {
	host := first(r.KMSHost, r.Discovered)
	at := "products"
	if slices.Contains(kmsHosts(), strings.ToLower(host)) && (r.KMSPort == 0 || r.KMSPort == 1688) {
		j.read = append(j.read, j.see(at, host, lang.Both("AWS's KMS", "AWS の KMS")))
		return
	}
	f := finding.Finding{Code: finding.ActivationKMSHostWrong, Subject: j.p.ID, Certainty: finding.Likely, Params: j.with("host", host)}
	switch {
	case host == "-":
		if licensed || why.family != reasonHost {
			return // without a host Windows looks one up; that is wrong where it fails
		}
		f.Certainty = finding.Possible
		f.Params["host"] = "DNS"
		f.Evidence = []finding.Evidence{j.see(at, r.Reason, why.meaning)}
	case licensed:
		// It works, perhaps on purpose: a company can run a KMS of its own.
		f.Severity = finding.Info
		f.Evidence = []finding.Evidence{j.see(at, host, lang.Both("not AWS's KMS, and activated all the same", "AWS 以外の KMS を使用（認証は完了）"))}
	default:
		if r.KMSPort != 0 && r.KMSPort != 1688 {
			host = fmt.Sprintf("%s:%d", host, r.KMSPort)
			f.Params["host"] = host
		}
		if why.family == reasonReach || why.family == reasonHost {
			f.Certainty = finding.Proven
		}
		f.Evidence = []finding.Evidence{j.see(at, host, lang.Both("not AWS's KMS (169.254.169.250, 169.254.169.251, port 1688)", "AWS の KMS（169.254.169.250、169.254.169.251、ポート 1688）ではない"))}
	}
	j.add(f)
}

// key judges the kind of the product key: AWS's KMS activates KMS clients only.
func (j *licenseJudgement) key(r estate.GuestLicense, installed, licensed bool, why reason) {
	channel := keyChannel(r.Description)
	client := channel == "VOLUME_KMSCLIENT"
	blamed := why.family == reasonKey && !licensed
	if licensed || client && !blamed {
		if channel != "" {
			j.read = append(j.read, j.see("products", join(channel, r.PartialKey), lang.Both("the kind of the product key", "プロダクトキーの種別")))
		}
		return
	}
	f := finding.Finding{Code: finding.ActivationKeyWrong, Subject: j.p.ID, Certainty: finding.Likely, Params: j.with("key", first(channel, r.PartialKey, r.Reason))}
	if channel != "" && !client {
		f.Evidence = append(f.Evidence, j.see("products", join(channel, r.PartialKey),
			lang.Both("no KMS client key (VOLUME_KMSCLIENT): AWS's KMS cannot activate it", "KMS クライアント用のキー（VOLUME_KMSCLIENT）ではないため、AWS の KMS では認証不可")))
	}
	if blamed {
		f.Evidence = append(f.Evidence, j.see("products", first(r.Reason), why.meaning))
		switch {
		case !why.memory:
			f.Certainty = finding.Proven
		case len(f.Evidence) == 1 && installed:
			f.Certainty = finding.Possible
		}
	}
	if len(f.Evidence) > 0 {
		j.add(f)
	}
}

// keyChannel reads the kind of a key out of a description such as "Windows(R)
// Operating System, VOLUME_KMSCLIENT channel". The kinds are words of the licensing
// service, the same in every language.
func keyChannel(description string) string {
	for _, c := range []string{"VOLUME_KMSCLIENT", "VOLUME_MAK", "VOLUME_KMS", "TIMEBASED_EVAL", "OEM_", "RETAIL"} {
		if at := strings.Index(description, c); at >= 0 {
			word, _, _ := strings.Cut(description[at:], " ")
			return strings.Trim(word, ",.")
		}
	}
	return ""
}
