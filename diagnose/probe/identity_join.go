package probe

import (
	"strings"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
)

// licenseJoin is how long License Manager may take to join a new instance to the
// domain: AWS speaks of about 20 minutes for the whole configuration (domain.md §2 T1).
const licenseJoin = 20 * time.Minute

func joinProbe() Probe {
	return Probe{
		ID:    "ad.join",
		Title: lang.Both("Domain membership and secure channel", "ドメイン参加状態とセキュアチャネル"),
		Parts: withDomain(estate.GuestIdentityPart),
		Asks:  []string{estate.AnswerADDomain},
		Codes: []finding.Code{finding.ADNotJoined, finding.ADSecureChannelBroken},
		Judge: judgeJoin,
	}
}

// joinNeed is the domain that the instance should be a member of.
type joinNeed struct {
	needed  bool // something says that it should be a member of one
	license bool // License Manager does
	domain  domain
	whys    []fact.Why // why domain is not known
}

func joinNeedOf(v *estate.View, p patient) joinNeed {
	answer, _ := v.Answer(estate.AnswerADDomain)
	l, whys := licensed(v, p)
	n := joinNeed{license: l.Is, needed: l.Is || domainName(answer) != "", whys: whys}
	if n.needed {
		n.domain, n.whys = adDomain(v, p)
	}
	return n
}

func judgeJoin(v *estate.View) Verdict {
	p, stop := runningWindows(v)
	if stop != nil {
		return *stop
	}
	part := estate.GuestIdentityPart.Of(v, p.ID)
	need := joinNeedOf(v, p)
	i, known := part.Get()
	if !known {
		return unread(append(orNotRecorded(part), pendingOf(need.whys)...)...)
	}
	at := estate.GuestIdentityPart.Key(p.ID)
	if !i.Joined {
		return judgeUnjoined(v, p, need, see(at, "joined", join("false", i.Domain),
			lang.Both("Windows is in a workgroup", "OS はワークグループに所属"), part.Origin()))
	}
	member := see(at, "domain", i.Domain, lang.Both("Windows is a member of this domain", "OS が参加しているドメイン"), part.Origin())
	read := []finding.Evidence{member}
	var found []finding.Finding
	var open []fact.Why
	if need.needed {
		open = append(open, need.whys...)
		switch d := need.domain; {
		case len(need.whys) > 0 || sameDomain(i.Domain, d):
		case d.Certainty != finding.Proven && d.Source != fact.Stated:
			// A domain from a second source that is not the one Windows is in: the source is
			// as likely to be wrong as Windows is.
			open = append(open, fact.Why{Reason: fact.BlockedBy, Blocker: "license.provider", Detail: d.FQDN})
		default:
			found = append(found, finding.Finding{
				Code: finding.ADNotJoined, Subject: p.ID, Certainty: finding.Likely.AtMost(need.domain.Certainty),
				Params: map[string]string{"domain": need.domain.FQDN},
				Evidence: []finding.Evidence{member, see(need.domain.At, "", need.domain.FQDN,
					lang.Both("the domain that it should be a member of", "本来参加すべきドメイン"), need.domain.Origin)},
				Assumptions: need.domain.assumptions,
			})
		}
	}
	switch {
	case i.Role >= domainController:
		read = append(read, see(at, "role", i.Role, lang.Both("a domain controller: it has no secure channel to a domain of its own", "ドメインコントローラーのためセキュアチャネルは対象外"), part.Origin()))
	case i.SecureChannel == nil:
		open = append(open, unreadField(p.ID, "Test-ComputerSecureChannel"))
	case *i.SecureChannel:
		read = append(read, see(at, "secure_channel", true, lang.Both("the domain knows the computer's password", "セキュアチャネルの確認に成功"), part.Origin()))
	default:
		found = append(found, finding.Finding{
			Code: finding.ADSecureChannelBroken, Subject: p.ID, Certainty: finding.Proven,
			Params: map[string]string{"domain": i.Domain},
			Evidence: []finding.Evidence{member, see(at, "secure_channel", false,
				lang.Both("Test-ComputerSecureChannel fails: the domain refuses the computer's own account, or no controller answers",
					"Test-ComputerSecureChannel が失敗（コンピューターアカウントが拒否された、または DC の応答なし）"), part.Origin())},
		})
	}
	return settle(found, open, lang.Both("member of %s", "%s に参加済み").With(i.Domain), read...)
}

func judgeUnjoined(v *estate.View, p patient, need joinNeed, workgroup finding.Evidence) Verdict {
	if !need.needed {
		answer, asked := v.Answer(estate.AnswerADDomain)
		if asked {
			return unread(fact.Why{Reason: fact.NeedsAnswer, Blocker: estate.AnswerADDomain, Detail: answer})
		}
		return notApplicable(lang.Both("in a workgroup, and no AD domain is needed as far as is known", "ワークグループに所属（AD ドメインを必要とする構成ではない）"), workgroup)
	}
	if until := p.LaunchTime.Add(licenseJoin); need.license && v.AsOf().Before(until) {
		u := unread(append(pendingOf(need.whys), fact.Why{Reason: fact.TooEarly, Resource: p.ID, Until: until})...)
		u.Evidence = []finding.Evidence{workgroup}
		return u
	}
	evidence := []finding.Evidence{workgroup}
	if need.domain.FQDN != "" {
		evidence = append(evidence, see(need.domain.At, "", need.domain.FQDN,
			lang.Both("the domain that it should be a member of", "本来参加すべきドメイン"), need.domain.Origin))
	}
	return problem(lang.Both("not a member of a domain", "ドメインに未参加"), []finding.Finding{{
		Code: finding.ADNotJoined, Subject: p.ID, Certainty: finding.Proven,
		Params: map[string]string{"domain": orDash(need.domain.FQDN)}, Evidence: evidence,
	}}, pendingOf(need.whys)...)
}

// sameDomain compares the domain that Windows names with the one that is needed.
// Windows can give the short name of a domain.
func sameDomain(member string, d domain) bool {
	name := domainName(member)
	if name == d.FQDN {
		return true
	}
	short, _, _ := strings.Cut(d.FQDN, ".")
	return !strings.Contains(name, ".") && (strings.EqualFold(member, d.Row.Short) && member != "" || name == short)
}
