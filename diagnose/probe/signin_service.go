package probe

import (
	"slices"
	"strconv"
	"strings"

	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
)

// adminSessions is how many sessions Windows Server allows without the Remote Desktop
// Session Host role, and AWS on its Office images (domain.md §5.2 [V:lm-launch]).
const adminSessions = 2

// service judges whether Remote Desktop listens: its switch, its service, its port
// and the firewall of Windows (domain.md §9.4).
func (s *signIn) service() {
	f := finding.Finding{Code: finding.RDPServiceOff, Subject: s.p.ID, Params: s.params()}
	worse := func(severity finding.Severity, c finding.Certainty) {
		switch {
		case len(f.Evidence) == 0 || f.Severity == finding.Warning && severity != finding.Warning:
			f.Severity, f.Certainty = severity, c
		case f.Severity == severity && f.Certainty.AtMost(c) == f.Certainty:
			f.Certainty = c // one sure reason is enough
		}
	}
	switch deny := s.g.DenyTS; {
	case deny == nil:
		s.open = append(s.open, unreadField(s.p.ID, "fDenyTSConnections"))
	case *deny == 0:
		s.saw(s.see("deny_ts", 0, lang.Both("Remote Desktop is on (fDenyTSConnections)", "リモートデスクトップは有効（fDenyTSConnections）")))
	default:
		worse("", finding.Proven)
		f.Evidence = append(f.Evidence, s.see("deny_ts", *deny, lang.Both("Remote Desktop is off (fDenyTSConnections); Sysprep leaves it so when it breaks off", "リモートデスクトップは無効（fDenyTSConnections）。Sysprep が途中で止まった場合もこの値")))
	}
	switch status := s.g.TermService.Status; status {
	case "Running":
		s.saw(s.see("term_service", status, lang.Both("the service TermService runs", "サービス TermService は実行中")))
	case "Stopped", "Missing", "Paused":
		worse("", finding.Proven)
		f.Evidence = append(f.Evidence, s.see("term_service", strings.TrimSpace(status+" "+s.g.TermService.StartType), lang.Both("the service TermService does not run", "サービス TermService が停止")))
	case "":
		s.open = append(s.open, unreadField(s.p.ID, "TermService"))
	default:
		s.open = append(s.open, fact.Why{Reason: fact.NotModelled, Resource: s.p.ID, Detail: "TermService " + status})
	}
	switch open := s.g.FirewallOpen; {
	case open == nil:
		s.open = append(s.open, unreadField(s.p.ID, "Windows Firewall"))
	case *open:
		s.saw(s.see("firewall_open", true, lang.Both("an inbound rule of the Windows firewall lets the port in", "Windows ファイアウォールの受信規則でポートを許可")))
	default:
		// The name of the rule is known from memory only (domain.md §9.4 [M]).
		worse("", finding.Possible)
		f.Evidence = append(f.Evidence, s.see("firewall_open", false, lang.Both("no enabled inbound rule of the Windows firewall lets the port in", "Windows ファイアウォールにポートを許可する有効な受信規則なし")))
	}
	if s.g.Port != 0 && s.g.Port != rdpPort {
		// Who knows the port gets in; who does not gets no answer.
		worse(finding.Warning, finding.Likely)
		f.Evidence = append(f.Evidence, s.see("port", s.g.Port, lang.Both("Windows listens on another port than 3389", "待ち受けポートが 3389 以外")))
	}
	if len(f.Evidence) > 0 {
		s.found = append(s.found, f)
	}
}

// licensing judges the grace period of Remote Desktop licensing: with the role and
// without a licence server Windows lets people in for 120 days.
func (s *signIn) licensing() {
	switch {
	case s.g.Unread.Has("rds_role"):
		s.open = append(s.open, unreadField(s.p.ID, "RDS role"))
		return
	case !s.g.RDSRole:
		return
	case s.g.Unread.Has("grace_days"):
		s.open = append(s.open, unreadField(s.p.ID, "RDS grace period"))
		return
	case s.g.GraceDays == nil:
		return
	}
	role := s.see("rds_role", true, lang.Both("the role Remote Desktop Session Host is installed: each session needs a licence", "リモートデスクトップ セッション ホストの役割あり（接続にライセンスが必要）"))
	days := *s.g.GraceDays
	if days > 0 {
		s.saw(role, s.see("grace_days", days, lang.Both("days left of the grace period", "猶予期間の残り日数")))
		return
	}
	s.found = append(s.found, finding.Finding{
		Code: finding.RDPLicenseExpired, Subject: s.p.ID, Certainty: finding.Likely, Params: s.params(),
		Evidence: []finding.Evidence{role, s.see("grace_days", days, lang.Both("no day is left of the grace period", "猶予期間の残り日数なし"))},
	})
}

// everybody are the groups to which every user belongs; refusing one refuses all.
func everybody() []string { return []string{"S-1-1-0", "S-1-5-11", "S-1-5-32-545"} }

// rights judges what is refused to everybody. Whom else a right leaves out depends on
// groups that are not read: the failed logon tells (0xC000015B).
func (s *signIn) rights() {
	for _, sid := range s.g.Denied {
		if slices.Contains(everybody(), sid) {
			s.found = append(s.found, finding.Finding{
				Code: finding.RDPNotPermitted, Subject: sid, Certainty: finding.Likely, Params: s.params(),
				Evidence: []finding.Evidence{s.see("denied", sid, lang.Both("SeDenyRemoteInteractiveLogonRight refuses RDP to everybody, whatever else is allowed", "SeDenyRemoteInteractiveLogonRight により全ユーザーの RDP を拒否（許可より優先）"))},
			})
		}
	}
}

// rightsSeen shows who may sign in by RDP.
func (s *signIn) rightsSeen() []finding.Evidence {
	var out []finding.Evidence
	if !s.g.Unread.Has("allowed") {
		out = append(out, s.see("allowed", orDash(strings.Join(s.g.Allowed, " ")), lang.Both("who may sign in by RDP (S-1-5-32-544 Administrators, -555 Remote Desktop Users)", "RDP のサインインを許可する対象（S-1-5-32-544 Administrators、-555 Remote Desktop Users）")))
	}
	if !s.g.Unread.Has("denied") && len(s.g.Denied) > 0 {
		out = append(out, s.see("denied", strings.Join(s.g.Denied, " "), lang.Both("who may not, whatever else is allowed", "RDP のサインインを拒否する対象（許可より優先）")))
	}
	return out
}

// sessions judges the number of sessions. Windows records no failed logon when it is
// full: it can be the cause only where nothing else refused anybody.
func (s *signIn) sessions() {
	if s.g.Sessions == nil || s.g.Unread.Has("sessions") || s.g.RDSRole || *s.g.Sessions < adminSessions {
		return
	}
	f := finding.Finding{
		Code: finding.RDPSessionLimit, Subject: s.p.ID, Certainty: finding.Possible, Severity: finding.Info, Params: s.params(),
		Evidence: []finding.Evidence{s.see("sessions", *s.g.Sessions, lang.Both("sessions now; %d are allowed without the session host role", "現在のセッション数（セッション ホストの役割がない場合の上限は %d）").With(adminSessions))},
	}
	f.Params["count"] = strconv.Itoa(*s.g.Sessions)
	i, known := s.identity.Get()
	trusted := known && len(i.Mismatches) == 0 && (i.SecureChannel == nil || *i.SecureChannel)
	if s.who.told() && trusted && !s.refused && len(s.found) == 0 && len(s.open) == 0 {
		f.Severity = finding.Warning
	}
	s.found = append(s.found, f)
}
