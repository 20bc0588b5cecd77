package probe

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
)

const (
	siOffice  = "203.0.113.10"
	siBastion = "i-00000000000000002"
)

func siInt(n int) *int    { return &n }
func siBool(b bool) *bool { return &b }

// siFine is a Windows that lets people in.
func siFine() estate.GuestSignIn {
	return estate.GuestSignIn{
		FailuresRead: true, DenyTS: siInt(0), Port: 3389, NLA: siInt(1), Sessions: siInt(0), FirewallOpen: siBool(true),
		TermService: estate.GuestService{Status: "Running", StartType: "Manual"},
		Allowed:     []string{"S-1-5-32-544", "S-1-5-32-555"},
		Accounts:    []estate.GuestSignInAccount{{Name: "Administrator", Local: true}},
	}
}

func siFailed(status, sub, account, source string, kind, minutes int) estate.GuestLogonFailure {
	return estate.GuestLogonFailure{Status: status, SubStatus: sub, Account: account, Source: source, Type: kind, Count: 3,
		Last: instNow.Add(-time.Duration(minutes) * time.Minute)}
}

// siEstate is a running Windows that answered, asked about a sign-in from the office.
func siEstate(change func(*estate.GuestSignIn), answers ...string) instEstate {
	g := siFine()
	if change != nil {
		change(&g)
	}
	e := instPut(instNew(), estate.InstancePart, instID, estate.Instance{ID: instID, State: "running", Platform: "windows", VPC: "vpc-1"})
	e = instPut(e, estate.GuestSignInPart, instID, g)
	e = instPut(e, estate.GuestIdentityPart, instID, estate.GuestIdentity{Host: "WEB-01", Role: 2})
	e = instPut(e, estate.InstancePart, siBastion, estate.Instance{ID: siBastion, State: "running", PrivateIP: "10.0.9.9",
		Interfaces: []estate.Interface{{PrivateIPs: []string{"10.0.9.9", "10.0.9.10"}}}})
	for i := 0; i+1 < len(answers); i += 2 {
		e.Answers[answers[i]] = answers[i+1]
	}
	return e
}

func siMember(e instEstate, channel *bool) instEstate {
	return instPut(e, estate.GuestIdentityPart, instID, estate.GuestIdentity{Host: "WEB-01", Role: 3, Joined: true, Domain: gdDomain, SecureChannel: channel})
}

func siJudge(t *testing.T, e instEstate) Verdict {
	t.Helper()
	p := signInProbe()
	v := estate.NewView(e.Estate)
	verdict := p.Judge(v)
	for _, k := range v.Touched() {
		if !slices.ContainsFunc(p.Parts, func(d estate.AnyKind) bool { return d.Name() == k.Kind }) {
			t.Errorf("read %s, which it does not declare", k)
		}
	}
	for _, a := range v.Asked() {
		if !slices.Contains(p.Asks, a) {
			t.Errorf("read the answer %q, which it does not declare", a)
		}
	}
	for _, f := range verdict.Findings {
		if !slices.Contains(p.Codes, f.Code) || len(f.Evidence) == 0 || f.Subject == "" || f.Certainty == "" {
			t.Errorf("%s is not declared, or lacks evidence, subject or certainty: %+v", f.ID(), f)
		}
	}
	if !verdict.Say.Complete() {
		t.Errorf("says %+v", verdict.Say)
	}
	return verdict
}

// idsOf writes findings as "code@subject certainty severity".
func idsOf(v Verdict) string {
	var out []string
	for _, f := range v.Findings {
		out = append(out, strings.TrimSpace(f.ID()+" "+string(f.Certainty)+" "+string(f.Severity)))
	}
	return strings.Join(out, ", ")
}

func TestSignIn(t *testing.T) {
	type group = estate.GuestLogonFailure
	failed := func(groups ...group) func(*estate.GuestSignIn) {
		return func(g *estate.GuestSignIn) { g.Failures = groups }
	}
	with := func(account estate.GuestSignInAccount, groups ...group) func(*estate.GuestSignIn) {
		return func(g *estate.GuestSignIn) {
			g.Failures, g.Accounts = groups, append(g.Accounts, account)
		}
	}
	locked := siFailed("0xC0000234", "0x0", "tanaka", siOffice, 3, 10)
	wrong := siFailed("0xC000006D", "0xC000006A", "tanaka", siOffice, 3, 20)
	from := []string{estate.AnswerFrom, siOffice}
	for _, c := range []struct {
		name    string
		change  func(*estate.GuestSignIn)
		answers []string
		want    string
		whys    string
		outcome Outcome
	}{
		{"nothing wrong", nil, from, "", "", OK},
		{"nothing wrong, nobody said from where", nil, nil, "", "", OK},

		{"locked, and locked still", with(estate.GuestSignInAccount{Name: "tanaka", Locked: true}, locked, wrong), from, "account.locked@tanaka proven", "", Problem},
		{"locked, state not read", failed(locked, wrong), from, "account.locked@tanaka likely", "", Problem},
		{"locked for a while", with(estate.GuestSignInAccount{Name: "tanaka"}, locked), from, "account.locked@tanaka likely warning", "", Problem},
		{"wrong passwords of a locked account", with(estate.GuestSignInAccount{Name: "CORP\\tanaka", Locked: true}, wrong), from, "account.locked@tanaka likely", "", Problem},
		{"disabled", with(estate.GuestSignInAccount{Name: "tanaka", Disabled: true}, siFailed("0xC000006E", "0xC0000072", "tanaka", siOffice, 3, 10)), from, "account.disabled@tanaka proven", "", Problem},
		{"expired", with(estate.GuestSignInAccount{Name: "tanaka", Expires: instNow.Add(-time.Hour)}, siFailed("0xc0000193", "0x0", "tanaka", siOffice, 10, 10)), from, "account.expired@tanaka proven", "", Problem},
		{"password expired", failed(siFailed("0xC000006E", "0xC0000071", "CORP\\tanaka", siOffice, 3, 10)), from, "account.password-expired@CORP\\tanaka likely", "", Problem},
		{"password to be changed", failed(siFailed("0xC0000224", "0x0", "tanaka", siOffice, 3, 10)), from, "account.password-expired@tanaka likely", "", Problem},
		{"wrong password", failed(wrong), from, "account.credentials-wrong@tanaka proven", "", Problem},
		{"the newest counts", failed(siFailed("0xC000006D", "0xC000006A", "tanaka", siOffice, 3, 5), locked), from, "account.credentials-wrong@tanaka proven", "", Problem},
		{"no such user: the name stays away", failed(siFailed("0xC000006D", "0xC0000064", "hunter2!", siOffice, 3, 5)), from, "account.credentials-wrong@" + instID + " proven", "", Problem},
		{"no right to RDP", failed(siFailed("0xC000015B", "0x0", "tanaka", siOffice, 10, 5)), from, "rdp.not-permitted@tanaka proven", "", Problem},
		{"no right before the screen", failed(siFailed("0xC000015B", "0x0", "tanaka", siOffice, 3, 5)), from, "rdp.not-permitted@tanaka likely", "", Problem},
		{"outside the hours", failed(siFailed("0xC000006E", "0xC000006F", "tanaka", siOffice, 3, 5)), from, "rdp.not-permitted@tanaka likely", "", Problem},
		{"clocks apart", failed(siFailed("0xC0000133", "0x0", "tanaka", siOffice, 3, 5)), from, "activation.clock-skewed@" + instID + " likely", "", Problem},
		{"no detail", failed(siFailed("0xC000006D", "0x0", "tanaka", siOffice, 3, 5)), from, "", "not-modelled", Unknown},
		{"a status that nobody knows", failed(siFailed("0xC0001234", "", "tanaka", siOffice, 3, 5)), from, "", "not-modelled", Unknown},
		{"nonsense", failed(siFailed("wat", "", "tanaka", siOffice, 3, 5)), from, "", "not-modelled", Unknown},

		{"from somewhere else", failed(siFailed("0xC0000234", "0x0", "tanaka", "198.51.100.1", 3, 10)), from, "", "", OK},
		{"from the office's block", failed(locked), []string{estate.AnswerFrom, "203.0.113.0/24"}, "account.locked@tanaka likely", "", Problem},
		{"from an instance, by its second address", failed(siFailed("0xC0000234", "0x0", "tanaka", "10.0.9.10", 3, 10)), []string{estate.AnswerFrom, siBastion}, "account.locked@tanaka likely", "", Problem},
		{"a service with an old password", failed(siFailed("0xC000006D", "0xC000006A", "svc", siOffice, 5, 10)), from, "", "", OK},
		{"two days ago", failed(siFailed("0xC0000234", "0x0", "tanaka", siOffice, 3, 2880)), from, "", "", OK},
		{"through a forwarded port", with(estate.GuestSignInAccount{Name: "tanaka", Locked: true}, siFailed("0xC0000234", "0x0", "tanaka", "::1", 10, 10)), from, "account.locked@tanaka possible", "", Problem},
		{"wrong password, nobody knows whose", failed(siFailed("0xC000006D", "0xC000006A", "tanaka", "-", 3, 10)), from, "", "", OK},
		{"strangers, and nobody asked yet", failed(siFailed("0xC000006E", "0xC0000072", "Guest", "45.9.9.9", 3, 10)), nil, "", "needs-answer", Unknown},
		{"strangers, and don't know", failed(siFailed("0xC000006E", "0xC0000072", "Guest", "45.9.9.9", 3, 10)), []string{estate.AnswerFrom, ""}, "", "needs-answer", Unknown},
		{"from inside, and don't know", failed(siFailed("0xC0000234", "0x0", "tanaka", "10.0.3.3", 3, 10)), []string{estate.AnswerFrom, ""}, "account.locked@tanaka possible", "", Problem},
		{"the user is known", failed(siFailed("0xC0000234", "0x0", "CORP\\tanaka", "45.9.9.9", 3, 10), siFailed("0xC000006E", "0xC0000072", "Guest", "45.9.9.9", 3, 9)),
			[]string{estate.AnswerUser, "tanaka@corp.example.local"}, "account.locked@CORP\\tanaka likely", "", Problem},
		{"the user is known, nothing in the log", with(estate.GuestSignInAccount{Name: "tanaka", Disabled: true}), []string{estate.AnswerFrom, siOffice, estate.AnswerUser, "tanaka"}, "account.disabled@tanaka likely", "", Problem},
		{"somebody else from the office", failed(siFailed("0xC0000234", "0x0", "suzuki", siOffice, 3, 10)), []string{estate.AnswerFrom, siOffice, estate.AnswerUser, "tanaka"}, "", "", OK},
		{"the log may not be read", func(g *estate.GuestSignIn) { g.FailuresRead = false }, from, "", "not-recorded", Unknown},
		{"more groups than were asked for", func(g *estate.GuestSignIn) {
			for range mostGroups {
				g.Failures = append(g.Failures, siFailed("0xC000006D", "0xC0000064", "x", "45.9.9.9", 3, 1))
			}
		}, from, "", "not-recorded", Unknown},

		{"Remote Desktop off", func(g *estate.GuestSignIn) { g.DenyTS = siInt(1) }, from, "rdp.service-off@" + instID + " proven", "", Problem},
		{"the service stopped", func(g *estate.GuestSignIn) { g.TermService.Status = "Stopped" }, from, "rdp.service-off@" + instID + " proven", "", Problem},
		{"the service starts", func(g *estate.GuestSignIn) { g.TermService.Status = "StartPending" }, from, "", "not-modelled", Unknown},
		{"the firewall closed", func(g *estate.GuestSignIn) { g.FirewallOpen = siBool(false) }, from, "rdp.service-off@" + instID + " possible", "", Problem},
		{"another port", func(g *estate.GuestSignIn) { g.Port = 13389 }, from, "rdp.service-off@" + instID + " likely warning", "", Problem},
		{"off, and another port", func(g *estate.GuestSignIn) { g.DenyTS, g.Port = siInt(1), 13389 }, from, "rdp.service-off@" + instID + " proven", "", Problem},
		{"the firewall closed, and another port", func(g *estate.GuestSignIn) { g.FirewallOpen, g.Port = siBool(false), 13389 }, from, "rdp.service-off@" + instID + " possible", "", Problem},
		{"the switch not read", func(g *estate.GuestSignIn) { g.DenyTS = nil }, from, "", "not-recorded", Unknown},
		{"grace over", func(g *estate.GuestSignIn) { g.RDSRole, g.GraceDays = true, siInt(0) }, from, "rdp.license-expired@" + instID + " likely", "", Problem},
		{"grace lasts", func(g *estate.GuestSignIn) { g.RDSRole, g.GraceDays = true, siInt(30) }, from, "", "", OK},
		{"no role, no licence needed", func(g *estate.GuestSignIn) { g.GraceDays = siInt(0) }, from, "", "", OK},
		{"role not read", func(g *estate.GuestSignIn) { g.Unread = estate.GuestUnread{"rds_role"} }, from, "", "not-recorded", Unknown},
		{"everybody refused", func(g *estate.GuestSignIn) { g.Denied = []string{"S-1-1-0"} }, from, "rdp.not-permitted@S-1-1-0 likely", "", Problem},
		{"local accounts refused: usual", func(g *estate.GuestSignIn) { g.Denied = []string{"S-1-5-113"} }, from, "", "", OK},
		{"two sessions, and nobody refused", func(g *estate.GuestSignIn) { g.Sessions = siInt(2) }, from, "rdp.session-limit@" + instID + " possible warning", "", Problem},
		{"two sessions, nobody complains", func(g *estate.GuestSignIn) { g.Sessions = siInt(2) }, nil, "rdp.session-limit@" + instID + " possible info", "", Problem},
		{"two sessions, and a refusal", func(g *estate.GuestSignIn) { g.Sessions = siInt(2); g.Failures = []group{wrong} }, from,
			"account.credentials-wrong@tanaka proven, rdp.session-limit@" + instID + " possible info", "", Problem},
		{"many sessions on a session host", func(g *estate.GuestSignIn) { g.Sessions, g.RDSRole, g.GraceDays = siInt(40), true, siInt(99) }, from, "", "", OK},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := siJudge(t, siEstate(c.change, c.answers...))
			if v.Outcome != c.outcome || idsOf(v) != c.want || whysOf(v) != c.whys {
				t.Errorf("%s, findings %q, whys %q", v.Outcome, idsOf(v), whysOf(v))
			}
		})
	}
}

// What fails for want of the domain is weighed by the test of the secure channel.
func TestSignInByTheDomain(t *testing.T) {
	broken := func(status string) func(*estate.GuestSignIn) {
		return func(g *estate.GuestSignIn) {
			g.Failures = []estate.GuestLogonFailure{siFailed(status, "0x0", "CORP\\tanaka", siOffice, 3, 10)}
		}
	}
	is := "ad.secure-channel-broken@" + instID
	for _, c := range []struct {
		name, status, want, whys string
		channel                  *bool
	}{
		{"the trust is broken", "0xC000018D", is + " proven", "", siBool(false)},
		{"it works again", "0xC000018D", "", "", siBool(true)},
		{"it was not tested", "0xC000018D", is + " likely", "", nil},
		{"no controller was reached", "0xC000005E", is + " possible", "", nil},
		{"no controller was reached, and one is now", "0xC000005E", "", "", siBool(true)},
		{"another domain's trust", "0xC000018C", "", "not-modelled", siBool(true)},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := siJudge(t, siMember(siEstate(broken(c.status), estate.AnswerFrom, siOffice), c.channel))
			if idsOf(v) != c.want || whysOf(v) != c.whys {
				t.Errorf("%s, findings %q, whys %q", v.Outcome, idsOf(v), whysOf(v))
			}
		})
	}
	v := siJudge(t, gdUnknown(siEstate(broken("0xC000018D"), estate.AnswerFrom, siOffice), fact.Timeout, estate.GuestIdentityPart.Key(instID)))
	if v.Outcome != Unknown || whysOf(v) != "timeout" {
		t.Errorf("identity not read: %s %q %q", v.Outcome, idsOf(v), whysOf(v))
	}
	nla := siJudge(t, siMember(siEstate(broken("0xC000018D"), estate.AnswerFrom, siOffice), siBool(false)))
	if !slices.ContainsFunc(nla.Findings[0].Evidence, func(e finding.Evidence) bool { return strings.HasSuffix(e.At, "#nla") }) {
		t.Errorf("NLA is not shown: %+v", nla.Findings[0].Evidence)
	}
}

// People type their password where the user name goes. Windows records it; nobody
// shows it.
func TestNamesThatAreNoAccountsStayAway(t *testing.T) {
	const secret = "hunter2!"
	for _, f := range []estate.GuestLogonFailure{
		siFailed("0xC000006D", "0xC0000064", secret, siOffice, 3, 5),
		siFailed("0xC000006D", "0x0", secret, siOffice, 3, 5),
		siFailed("0xC0001234", "0x0", secret, siOffice, 3, 5),
		siFailed("0xC000006D", "0xC0000064", secret, "45.9.9.9", 3, 5),
	} {
		for _, answers := range [][]string{{estate.AnswerFrom, siOffice}, {estate.AnswerFrom, ""}, nil} {
			v := siJudge(t, siEstate(func(g *estate.GuestSignIn) { g.Failures = []estate.GuestLogonFailure{f} }, answers...))
			if all := cmp.Diff(Verdict{}, v); strings.Contains(all, secret) {
				t.Errorf("%+v with %v: %s", f, answers, all)
			}
		}
	}
}

func TestSignInWithoutWindows(t *testing.T) {
	e := siEstate(nil)
	for reason, want := range map[fact.Reason]string{fact.NeedsGuest: "needs-guest", fact.Denied: "denied", fact.BlockedBy: "blocked-by"} {
		if v := siJudge(t, gdUnknown(e, reason, estate.GuestSignInPart.Key(instID))); v.Outcome != Unknown || whysOf(v) != want {
			t.Errorf("%s: %s %q", reason, v.Outcome, whysOf(v))
		}
	}
	if v := siJudge(t, instPut(e, estate.InstancePart, instID, estate.Instance{ID: instID, State: "stopped", Platform: "windows", VPC: "vpc-1"})); v.Outcome != NotApplicable {
		t.Errorf("stopped: %s", v.Outcome)
	}
	unasked := siEstate(nil)
	unasked.Remove(estate.GuestSignInPart.Key(instID))
	unasked.Remove(estate.GuestIdentityPart.Key(instID))
	view := estate.NewView(unasked.Estate)
	if v := signInProbe().Judge(view); !v.Pending() || len(view.Wanted()) != 2 {
		t.Errorf("asks for %v, which would take two commands", view.Wanted())
	}
}

func TestNTStatus(t *testing.T) {
	for s, want := range map[string]uint32{"0xC000006A": 0xC000006A, " 0xc000006a ": 0xC000006A, "0x0": 0, "": 0, "C000006A": 0, "0x1C000006A": 0, "0xZZ": 0} {
		if got := ntStatus(s); got != want {
			t.Errorf("%q: %#x, want %#x", s, got, want)
		}
	}
}

func TestAccountName(t *testing.T) {
	for s, want := range map[string]string{`CORP\Tanaka`: "tanaka", "tanaka@corp.example.local": "tanaka", " TANAKA ": "tanaka", `.\Administrator`: "administrator", "": "", "@x": "@x"} {
		if got := accountName(s); got != want {
			t.Errorf("%q: %q, want %q", s, got, want)
		}
	}
}

// Knowing less about the instance that one connects from, or about the domain, says nothing new.
func TestSignInMonotone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		status := rapid.SampledFrom([]string{"0xC0000234", "0xC000006D", "0xC000015B", "0xC000018D", "0xC000005E", "0xC0000133", "0xC0000072", "0x1"})
		sub := rapid.SampledFrom([]string{"0x0", "0xC000006A", "0xC0000064", "0xC0000071"})
		source := rapid.SampledFrom([]string{siOffice, "10.0.9.9", "45.9.9.9", "::1", "-", "WS01"})
		e := siEstate(func(g *estate.GuestSignIn) {
			for range rapid.IntRange(0, 4).Draw(t, "groups") {
				g.Failures = append(g.Failures, siFailed(status.Draw(t, "status"), sub.Draw(t, "sub"), rapid.SampledFrom([]string{"tanaka", `CORP\suzuki`}).Draw(t, "account"),
					source.Draw(t, "source"), rapid.SampledFrom([]int{0, 3, 5, 10}).Draw(t, "type"), rapid.IntRange(0, 2000).Draw(t, "ago")))
			}
			g.Accounts = append(g.Accounts, estate.GuestSignInAccount{Name: "tanaka", Locked: rapid.Bool().Draw(t, "locked"), Disabled: rapid.Bool().Draw(t, "disabled")})
			g.Sessions = siInt(rapid.IntRange(0, 3).Draw(t, "sessions"))
			g.FailuresRead = rapid.Bool().Draw(t, "read")
		})
		if rapid.Bool().Draw(t, "asked") {
			e.Answers[estate.AnswerFrom] = rapid.SampledFrom([]string{"", siOffice, "10.0.0.0/8", siBastion, "i-00000000000000009", "?"}).Draw(t, "from")
		}
		if rapid.Bool().Draw(t, "named") {
			e.Answers[estate.AnswerUser] = rapid.SampledFrom([]string{"", "tanaka", "nobody"}).Draw(t, "user")
		}
		if rapid.Bool().Draw(t, "member") {
			e = siMember(e, rapid.SampledFrom([]*bool{nil, siBool(true), siBool(false)}).Draw(t, "channel"))
		}
		e = instPut(e, estate.InstancePart, "i-00000000000000009", estate.Instance{ID: "i-00000000000000009"})
		poor := instEstate{e.Clone()}
		for _, k := range e.Keys() {
			if rapid.IntRange(0, 2).Draw(t, "lose "+k.String()) == 0 {
				poor = gdUnknown(poor, fact.Denied, k)
			}
		}
		p := signInProbe()
		checkPoorer(t, p.ID, p.Judge(estate.NewView(e.Estate)), p.Judge(estate.NewView(poor.Estate)))
	})
}
