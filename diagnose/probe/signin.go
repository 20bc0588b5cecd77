package probe

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
)

// mostGroups is how many groups of failed logons Windows is asked for; with as many,
// there may have been more.
const mostGroups = 40

// shownFailures are as many groups as show what there is where none can be judged.
const shownFailures = 3

func signInProbe() Probe {
	return Probe{
		ID:    "rdp.sign-in",
		Title: lang.Both("RDP settings and sign-in inside Windows", "OS 内の RDP 設定とサインイン"),
		Parts: []estate.AnyKind{estate.InstancePart, estate.TrailPart, estate.GuestSignInPart, estate.GuestIdentityPart},
		Asks:  []string{estate.AnswerFrom, estate.AnswerUser},
		Codes: []finding.Code{
			finding.RDPServiceOff, finding.RDPNotPermitted, finding.RDPSessionLimit, finding.RDPLicenseExpired,
			finding.AccountLocked, finding.AccountDisabled, finding.AccountExpired, finding.AccountPasswordExpired,
			finding.AccountCredentialsWrong, finding.ADSecureChannelBroken, finding.ActivationClockSkewed,
		},
		Judge: judgeSignIn,
	}
}

// signIn is a judgement of what stands in the way of signing in, under way.
type signIn struct {
	p        patient
	g        estate.GuestSignIn
	at       estate.Key
	origin   fact.Origin
	identity fact.Of[estate.GuestIdentity]
	who      complaint
	asked    bool // from where one connects was asked
	now      time.Time

	found    []finding.Finding
	open     []fact.Why
	evidence []finding.Evidence
	// refused says that Windows recorded a refusal that may be the one complained of.
	refused bool
}

// judgeSignIn judges what Windows itself tells about signing in (domain.md RDP-1). Of
// the failed logons only those count that can be the operator's: what strangers
// and forgotten services try is no cause of their trouble.
func judgeSignIn(v *estate.View) Verdict {
	p, stop := runningWindows(v)
	if stop != nil {
		return *stop
	}
	f := estate.GuestSignInPart.Of(v, p.ID)
	// In the same command, whatever the answer to the first: what a failed trust means.
	identity := estate.GuestIdentityPart.Of(v, p.ID)
	who := complaintOf(v)
	_, asked := v.Answer(estate.AnswerFrom)
	g, known := f.Get()
	if !known {
		return unread(orNotRecorded(f)...)
	}
	s := &signIn{p: p, g: g, at: estate.GuestSignInPart.Key(p.ID), origin: f.Origin(), identity: identity, who: who, asked: asked, now: v.AsOf()}
	if t := f.Origin().Time; !t.IsZero() && t.Before(s.now) {
		s.now = t // somebody else's answer can be older than the walk
	}
	s.service()
	s.licensing()
	s.rights()
	s.failures()
	s.sessions()
	return settle(s.found, s.open, lang.Both("Remote Desktop is on, and no failed sign-in %s is recorded within 24 hours", "リモートデスクトップは有効、過去 24 時間に%sサインイン失敗の記録なし").With(s.fromText()), s.evidence...).
		about(lang.Both("in the way of signing in: %s", "サインインの妨げとなる状態あり: %s"))
}

func (s *signIn) fromText() lang.Text {
	for _, e := range s.who.stated {
		if strings.HasSuffix(e.At, estate.AnswerFrom) {
			return lang.Both("from %s", " %s からの").With(e.Value)
		}
	}
	return lang.Both("by RDP", " RDP の")
}

func (s *signIn) saw(e ...finding.Evidence) { s.evidence = withEvidence(s.evidence, e) }

func (s *signIn) see(path string, value any, rule lang.Text) finding.Evidence {
	return see(s.at, path, value, rule, s.origin)
}

func (s *signIn) params() map[string]string {
	from := ""
	for _, e := range s.who.stated {
		if strings.HasSuffix(e.At, estate.AnswerFrom) {
			from = e.Value
		}
	}
	port := s.g.Port
	if port == 0 {
		port = rdpPort
	}
	return map[string]string{"instance": s.p.ID, "from": orDash(from), "port": strconv.Itoa(port)}
}

// failures judges the failed logons of the last day.
func (s *signIn) failures() {
	if !s.g.FailuresRead || s.g.Unread.Has("failures") {
		s.open = append(s.open, unreadField(s.p.ID, "Security 4625"))
		s.statedAccount(nil)
		return
	}
	var mine, maybe, strangers []estate.GuestLogonFailure
	groups := slices.Clone(s.g.Failures)
	slices.SortStableFunc(groups, func(a, b estate.GuestLogonFailure) int { return b.Last.Compare(a.Last) })
	for _, g := range groups {
		if !byRDP(g.Type) || !g.Last.IsZero() && s.now.Sub(g.Last) > incident {
			continue
		}
		switch s.who.whose(g) {
		case theirs:
			mine = append(mine, g)
		case perhaps:
			maybe = append(maybe, g)
		default:
			strangers = append(strangers, g)
		}
	}
	s.refused = len(mine)+len(maybe) > 0
	unreadPlace := len(s.who.whys) > 0 && s.who.whys[0].Reason != fact.NeedsAnswer
	if (unreadPlace || !s.who.told() && !s.asked) && (s.refused || len(strangers) > 0) {
		// Whose failures these are decides what they mean.
		s.refused = true
		s.open = append(s.open, s.who.whys...)
		all := slices.Concat(mine, maybe, strangers)
		for _, g := range all[:min(shownFailures, len(all))] {
			s.saw(s.failure(g))
		}
		return
	}
	switch {
	case len(mine) > 0:
		s.judgeFailures(mine, finding.Proven)
	case len(maybe) > 0:
		s.judgeFailures(maybe, finding.Possible)
	case !s.who.told() && len(strangers) > 0:
		s.open = append(s.open, s.who.whys...)
	case len(s.g.Failures) >= mostGroups:
		s.open = append(s.open, unreadField(s.p.ID, "Security 4625: more than "+strconv.Itoa(mostGroups)+" groups"))
	}
	s.statedAccount(append(mine, maybe...))
}

// judgeFailures takes the newest refusal of each account: an account that was locked
// out by wrong passwords is locked out.
func (s *signIn) judgeFailures(groups []estate.GuestLogonFailure, most finding.Certainty) {
	done := map[string]bool{}
	for _, g := range groups {
		r, _, _ := refusalOf(g)
		name := accountName(g.Account)
		if r.nobody {
			name = ""
		}
		if done[name] {
			continue
		}
		done[name] = true
		s.judgeFailure(g, most)
	}
}

func (s *signIn) judgeFailure(g estate.GuestLogonFailure, most finding.Certainty) {
	r, code, known := refusalOf(g)
	seen := s.failure(g)
	s.saw(seen)
	account, listed := s.account(g.Account)
	states := accountStates(account, s.now)
	var found []finding.Finding
	for _, st := range states {
		c := finding.Likely
		if st.code == r.code {
			c = finding.Proven
		}
		found = append(found, s.accountFinding(st.code, g.Account, c.AtMost(most), "", seen, s.see("accounts."+account.Name, st.value, st.rule)))
	}
	agree := slices.ContainsFunc(states, func(st accountState) bool { return st.code == r.code })
	switch {
	case agree:
	case r.trust:
		found = append(found, s.brokenTrust(r, seen, most)...)
	case r.code == finding.AccountCredentialsWrong:
		// What nobody can place is no reason to doubt what the operator typed.
		if len(found) == 0 && most == finding.Proven {
			found = append(found, s.credentialsWrong(g, r, seen))
		}
	case r.code == finding.ActivationClockSkewed:
		found = append(found, finding.Finding{Code: r.code, Subject: s.p.ID, Certainty: r.sure.AtMost(most), Params: s.params(), Evidence: []finding.Evidence{seen}})
	case r.code == finding.RDPNotPermitted:
		c := r.sure
		if g.Type != 10 {
			c = c.AtMost(finding.Likely) // the right that is missing may be another than RDP's
		}
		f := s.accountFinding(r.code, g.Account, c.AtMost(most), "", seen)
		f.Evidence = append(f.Evidence, s.rightsSeen()...)
		found = append(found, f)
	case r.code != "":
		severity := finding.Severity("")
		if listed && !s.g.Unread.Has("accounts") {
			severity = finding.Warning // it was so, and is not any more
		}
		found = append(found, s.accountFinding(r.code, g.Account, r.sure.AtMost(most), severity, seen))
	case len(found) == 0 && known:
		s.open = append(s.open, fact.Why{Reason: fact.NotModelled, Resource: s.p.ID, Detail: "4625 " + code + ": " + r.meaning.En})
	case len(found) == 0:
		s.open = append(s.open, fact.Why{Reason: fact.NotModelled, Resource: s.p.ID, Detail: "4625 " + code})
	}
	s.found = append(s.found, found...)
}

// failure shows a group of failed logons. Of an account that does not exist the name
// is left out: people type passwords there.
func (s *signIn) failure(g estate.GuestLogonFailure) finding.Evidence {
	r, code, known := refusalOf(g)
	rule := r.meaning
	if !known {
		rule = lang.Both("status %s", "ステータス %s").With(code)
	}
	name := g.Account
	if r.nobody || !known || r.code == "" {
		name = ""
	}
	value := join(code, name, "x"+strconv.Itoa(g.Count), "from", orDash(g.Source), "type", strconv.Itoa(g.Type), stamp(g.Last))
	return s.see("failures", value, lang.Both("failed sign-in (Security 4625): %s", "サインイン失敗（Security 4625）: %s").With(rule))
}

func (s *signIn) credentialsWrong(g estate.GuestLogonFailure, r refusal, seen finding.Evidence) finding.Finding {
	f := s.accountFinding(finding.AccountCredentialsWrong, g.Account, r.sure, "", seen)
	if r.nobody {
		f.Subject = s.p.ID
		delete(f.Params, "user")
	}
	return f
}

// brokenTrust weighs a refusal for want of the domain's trust against the test of the
// secure channel: a trust that works now was no more than unreachable for a moment.
func (s *signIn) brokenTrust(r refusal, seen finding.Evidence, most finding.Certainty) []finding.Finding {
	i, known := s.identity.Get()
	if !known {
		s.open = append(s.open, orNotRecorded(s.identity)...)
		return nil
	}
	at := estate.GuestIdentityPart.Key(s.p.ID)
	f := finding.Finding{
		Code: finding.ADSecureChannelBroken, Subject: s.p.ID, Certainty: r.sure.AtMost(most), Scope: []string{"directory"},
		Params: s.params(), Evidence: []finding.Evidence{seen},
	}
	f.Params["domain"] = i.Domain
	switch {
	case !i.Joined:
		s.open = append(s.open, fact.Why{Reason: fact.NotModelled, Resource: s.p.ID, Detail: "4625: " + r.meaning.En})
		return nil
	case i.SecureChannel != nil && *i.SecureChannel:
		s.saw(see(at, "secure_channel", true, lang.Both("the trust works now", "現在のセキュアチャネルの確認は成功"), s.identity.Origin()))
		return nil
	case i.SecureChannel != nil:
		f.Certainty = finding.Proven
		f.Evidence = append(f.Evidence, see(at, "secure_channel", false, lang.Both("and Test-ComputerSecureChannel fails", "Test-ComputerSecureChannel も失敗"), s.identity.Origin()))
	}
	if s.g.NLA != nil && *s.g.NLA == 1 {
		f.Evidence = append(f.Evidence, s.see("nla", 1, lang.Both("Network Level Authentication is on: the domain has to answer before a screen is shown", "NLA が有効（画面表示の前にドメインの応答が必要）")))
	}
	return []finding.Finding{f}
}

// accountFinding makes a finding about the account that somebody typed.
func (s *signIn) accountFinding(code finding.Code, account string, c finding.Certainty, severity finding.Severity, evidence ...finding.Evidence) finding.Finding {
	params := s.params()
	params["user"] = account
	return finding.Finding{
		Code: code, Subject: cmp.Or(account, s.p.ID), Certainty: c, Severity: severity, Params: params,
		Evidence: append(slices.Clone(evidence), s.who.stated...),
	}
}
