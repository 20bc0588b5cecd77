package probe

import (
	"slices"
	"strings"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
)

// accountState is a state of an account that keeps its user out.
type accountState struct {
	code  finding.Code
	value string
	rule  lang.Text
}

// account finds what Windows told of an account that somebody typed.
func (s *signIn) account(typed string) (estate.GuestSignInAccount, bool) {
	name := accountName(typed)
	if name == "" {
		return estate.GuestSignInAccount{}, false
	}
	i := slices.IndexFunc(s.g.Accounts, func(a estate.GuestSignInAccount) bool { return strings.EqualFold(a.Name, strings.TrimSpace(typed)) })
	if i < 0 {
		i = slices.IndexFunc(s.g.Accounts, func(a estate.GuestSignInAccount) bool { return accountName(a.Name) == name })
	}
	if i < 0 {
		return estate.GuestSignInAccount{}, false
	}
	return s.g.Accounts[i], true
}

// accountStates lists what keeps an account out at a time.
func accountStates(a estate.GuestSignInAccount, now time.Time) []accountState {
	var out []accountState
	add := func(code finding.Code, value string, rule lang.Text) {
		out = append(out, accountState{code, value, rule})
	}
	if a.Locked {
		add(finding.AccountLocked, "locked", lang.Both("the account is locked out now", "現在ロックアウト中"))
	}
	if a.Disabled {
		add(finding.AccountDisabled, "disabled", lang.Both("the account is disabled now", "現在無効"))
	}
	if !a.Expires.IsZero() && a.Expires.Before(now) {
		add(finding.AccountExpired, stamp(a.Expires), lang.Both("the account expired then", "アカウントの有効期限（経過済み）"))
	}
	switch {
	case a.PasswordExpired:
		add(finding.AccountPasswordExpired, "password expired", lang.Both("the password is expired, or has to be changed first", "パスワードの有効期限切れ、または変更が必要"))
	case !a.PasswordExpires.IsZero() && a.PasswordExpires.Before(now):
		add(finding.AccountPasswordExpired, stamp(a.PasswordExpires), lang.Both("the password expired then", "パスワードの有効期限（経過済み）"))
	}
	return out
}

// statedAccount judges the account that the operator named where no failed logon has
// brought it up: its state keeps the user out all the same.
func (s *signIn) statedAccount(seen []estate.GuestLogonFailure) {
	if s.who.user == "" || slices.ContainsFunc(seen, func(g estate.GuestLogonFailure) bool { return accountName(g.Account) == s.who.user }) {
		return
	}
	a, listed := s.account(s.who.user)
	if !listed {
		return
	}
	for _, st := range accountStates(a, s.now) {
		s.found = append(s.found, s.accountFinding(st.code, a.Name, finding.Likely, "", s.see("accounts."+a.Name, st.value, st.rule)))
	}
}
