package windows

import (
	"slices"
	"strconv"
	"strings"

	"github.com/monshin/monshin/diagnose/estate"
)

func accountPrograms() map[string]program {
	return map[string]program{
		"Get-LocalUser": (*run).getLocalUser, "Get-LocalGroupMember": (*run).getLocalGroupMember, "Disable-LocalUser": (*run).changeLocalUser,
		"Enable-LocalUser": (*run).changeLocalUser, "Remove-LocalUser": (*run).changeLocalUser, "Test-ComputerSecureChannel": (*run).testSecureChannel,
	}
}

// getLocalUser lists the local accounts of the guest's state: administrators, and who
// signs in.
func (r *run) getLocalUser(c command) (result, bool) {
	b, ok := r.bind(c, "Name 0")
	if !ok {
		return result{}, false
	}
	v := result{columns: []string{"Name", "Enabled", "Description"}}
	add := func(name string, disabled bool, sid string) {
		for _, o := range v.objects {
			if have, _ := o.get("Name"); strings.EqualFold(have, name) {
				return
			}
		}
		if !b.has("Name") || wildcard(b.get("Name"), name) {
			v.objects = append(v.objects, object{{"Name", name}, {"Enabled", title(strconv.FormatBool(!disabled))}, {"Description", ""}, {"SID", sid}})
		}
	}
	for _, a := range r.h.Admins {
		add(a.Name, a.Disabled, r.h.MachineSID+"-"+strconv.Itoa(a.RID))
	}
	for _, a := range r.h.Accounts {
		if a.Local {
			add(a.Name, a.Disabled, "")
		}
	}
	if len(v.objects) == 0 {
		return v, r.noUser(c[0].text, b.get("Name"))
	}
	return v, true
}

func title(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

func (r *run) noUser(cmdlet, name string) bool {
	return r.fail(cmdlet, "User "+name+" was not found.", "ユーザー "+name+" が見つかりませんでした。")
}

func (r *run) getLocalGroupMember(c command) (result, bool) {
	b, ok := r.bind(c, "Group 0", "Name", "SID")
	if !ok {
		return result{}, false
	}
	group := b.get("Group") + b.get("Name") + b.get("SID")
	if !strings.EqualFold(group, "Administrators") && group != "S-1-5-32-544" {
		return result{}, r.beyond(c[0].text, group)
	}
	v := result{columns: []string{"ObjectClass", "Name", "PrincipalSource"}}
	for _, a := range r.h.Admins {
		v.objects = append(v.objects, object{{"ObjectClass", r.say("User", "ユーザー")}, {"Name", r.h.Name + `\` + a.Name}, {"PrincipalSource", "Local"},
			{"SID", r.h.MachineSID + "-" + strconv.Itoa(a.RID)}})
	}
	return v, true
}

// changeLocalUser disables, enables or removes a local account.
func (r *run) changeLocalUser(c command) (result, bool) {
	b, ok := r.bind(c, "Name 0")
	if !ok {
		return result{}, false
	}
	h, name, found := r.h, b.get("Name"), false
	verb := strings.ToLower(c[0].text)
	admin := func(a estate.GuestAccount) bool { return strings.EqualFold(a.Name, name) }
	local := func(a estate.GuestSignInAccount) bool { return a.Local && strings.EqualFold(a.Name, name) }
	if n := slices.IndexFunc(h.Admins, admin); n >= 0 {
		found = true
		if h.Admins[n].RID == 500 && verb == "remove-localuser" {
			return result{}, r.fail(c[0].text, "Cannot perform this operation on the built-in account.", "組み込みアカウントに対してこの操作は実行できません。")
		}
		h.Admins[n].Disabled = verb == "disable-localuser"
	}
	if n := slices.IndexFunc(h.Accounts, local); n >= 0 {
		found = true
		h.Accounts[n].Disabled = verb == "disable-localuser"
	}
	if !found {
		return result{}, r.noUser(c[0].text, name)
	}
	if verb == "remove-localuser" {
		h.Admins, h.Accounts = slices.DeleteFunc(h.Admins, admin), slices.DeleteFunc(h.Accounts, local)
	}
	return result{}, true
}

// testSecureChannel is a member's trust in its domain, and its repair where a
// controller is found.
func (r *run) testSecureChannel(c command) (result, bool) {
	b, ok := r.bind(c, "Repair ?")
	if !ok {
		return result{}, false
	}
	h := r.h
	code, _ := h.lookup(r.o, "_ldap._tcp.dc._msdcs."+h.Domain, "SRV", "")
	switch {
	case h.Domain == "":
		return result{}, r.fail(c[0].text, "Cannot verify the secure channel for the local computer. Operation failed with the following exception: The local computer is not joined to a domain.",
			"ローカル コンピューターのセキュリティで保護されたチャネルを確認できません。操作は次の例外で失敗しました: ローカル コンピューターはドメインに参加していません。")
	case code != Answered:
		return result{text: "False\n"}, true
	case b.has("Repair"):
		h.TrustBroken = false
	}
	return result{text: title(strconv.FormatBool(!h.TrustBroken)) + "\n"}, true
}
