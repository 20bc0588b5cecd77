package probe

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/reach"
)

// whose says how a failed logon relates to the operator's complaint.
type whose int

const (
	others  whose = iota // from somewhere else, or somebody else's
	perhaps              // Windows did not record where it came from
	theirs               // from where the operator said
)

// complaint is who could not sign in, as far as the operator told.
type complaint struct {
	// places are where they connect from; nil where that is not known.
	places []netip.Prefix
	// user is the account, lower case and without its domain; "" where that is not known.
	user string
	// whys says why places are not known.
	whys []fact.Why
	// stated shows the answers.
	stated []finding.Evidence
}

// told reports whether anything is known of who complains.
func (c complaint) told() bool { return len(c.places) > 0 || c.user != "" }

// complaintOf reads the answers to from where and who. An instance stands for all
// of its addresses.
func complaintOf(v *estate.View) complaint {
	var c complaint
	if user, _ := v.Answer(estate.AnswerUser); accountName(user) != "" {
		c.user = accountName(user)
		c.stated = append(c.stated, see(estate.Key{Kind: "answer", ID: estate.AnswerUser}, "", user, lang.Both("who signs in, as stated", "サインインするユーザー（申告）"), fact.Origin{Source: fact.Stated}))
	}
	from, _ := v.Answer(estate.AnswerFrom)
	from = strings.TrimSpace(from)
	ask := func(detail string) {
		c.whys = []fact.Why{{Reason: fact.NeedsAnswer, Blocker: estate.AnswerFrom, Detail: detail}}
	}
	switch {
	case from == "":
		ask("")
		return c
	case isInstanceID(from):
		row := estate.InstancePart.Of(v, from)
		i, there := row.Get()
		switch {
		case row.IsUnknown():
			c.whys = whyOf(row)
		case !there:
			ask(from + ": no such instance in this region")
		}
		for _, text := range instanceAddresses(i) {
			if a, err := netip.ParseAddr(text); err == nil {
				c.places = append(c.places, netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen()))
			}
		}
	default:
		if block, err := netip.ParsePrefix(from); err == nil {
			c.places = []netip.Prefix{block.Masked()}
		} else if a, err := netip.ParseAddr(from); err == nil && a.Zone() == "" {
			c.places = []netip.Prefix{netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen())}
		} else {
			ask(from + ": neither an IP address, nor a CIDR block, nor an instance id")
		}
	}
	if len(c.places) > 0 {
		c.stated = append(c.stated, see(estate.Key{Kind: "answer", ID: estate.AnswerFrom}, "", from, lang.Both("where one connects from, as stated", "接続元（申告）"), fact.Origin{Source: fact.Stated}))
	}
	return c
}

func instanceAddresses(i estate.Instance) []string {
	out := []string{i.PrivateIP, i.PublicIP}
	for _, n := range i.Interfaces {
		out = append(append(append(out, n.PrivateIPs...), n.IPv6s...), n.PublicIP)
	}
	return out
}

// whose weighs one group of failed logons. Loopback is where a forwarded port ends
// (Session Manager, Fleet Manager): it may be anybody.
func (c complaint) whose(f estate.GuestLogonFailure) whose {
	if !byRDP(f.Type) {
		return others
	}
	r, _, _ := refusalOf(f)
	if c.user != "" && accountName(f.Account) != c.user && !r.nobody {
		return others
	}
	source, err := netip.ParseAddr(strings.TrimSpace(f.Source))
	if err != nil || source.Unmap().IsLoopback() {
		return perhaps
	}
	switch {
	case slices.ContainsFunc(c.places, func(p netip.Prefix) bool { return p.Contains(source.Unmap()) }):
		return theirs
	case len(c.places) > 0:
		return others
	case c.user != "" && !r.nobody:
		return theirs
	case reach.Private(source.Unmap()):
		return perhaps
	}
	return others // strangers on the internet try every server that they find
}

// byRDP reports whether RDP makes logons of this type: 10 at the screen, 3 before it
// (Network Level Authentication), 7 when a session is taken up again. 0 is not known.
func byRDP(logonType int) bool { return slices.Contains([]int{0, 3, 7, 10}, logonType) }

// accountName cuts the domain off an account as people type it, "CORP\user" or
// "user@corp.example"; lower case, as Windows does not tell cases apart.
func accountName(s string) string {
	s = strings.TrimSpace(s)
	if i := strings.LastIndexByte(s, '\\'); i >= 0 {
		s = s[i+1:]
	}
	if i := strings.IndexByte(s, '@'); i > 0 {
		s = s[:i]
	}
	return strings.ToLower(s)
}
