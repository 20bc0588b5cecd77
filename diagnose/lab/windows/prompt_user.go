package windows

import (
	"strings"

	"github.com/monshin/monshin/diagnose/estate"
)

// SessionUser is the account that Session Manager's sessions run as: the first one
// creates it, as a local administrator (domain.md LM-11 [V:agent-ssmuser]).
const SessionUser = "ssm-user"

// sessionStarts is what the agent does when a session starts: it makes its account,
// or enables it. On a domain controller it makes none, and without one none starts.
func (h *Host) sessionStarts() bool {
	if h.Controller {
		return false
	}
	for n := range h.Admins {
		if strings.EqualFold(h.Admins[n].Name, SessionUser) {
			h.Admins[n].Disabled = false
			h.setAccount(false)
			return true
		}
	}
	rid := 1000
	for _, a := range h.Admins {
		rid = max(rid, a.RID)
	}
	h.Admins = append(h.Admins, estate.GuestAccount{Name: SessionUser, RID: rid + 1})
	h.setAccount(false)
	return true
}

// sessionEnds is what it does at a session's end: it disables the account
// (amazon-ssm-agent, shell_windows.go, Stop).
func (h *Host) sessionEnds() {
	for n := range h.Admins {
		if strings.EqualFold(h.Admins[n].Name, SessionUser) {
			h.Admins[n].Disabled = true
			h.setAccount(true)
		}
	}
}

// setAccount keeps the list of accounts that sign in beside the one of administrators.
func (h *Host) setAccount(disabled bool) {
	if a := h.account(map[string]string{"account": SessionUser, "scope": "local"}); a != nil {
		a.Disabled = disabled
		return
	}
	h.Accounts = append(h.Accounts, estate.GuestSignInAccount{Name: SessionUser, Local: true, Disabled: disabled})
}
