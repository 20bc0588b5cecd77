// Package fleet judges many instances together: which of them have one cause in
// common, which are copies of each other, and what the broken ones share that the
// working ones do not.
//
// It calls nothing itself: an Account gives what it asks for. Every instance that was
// named or found is counted, also the ones that nothing could be asked of.
package fleet

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
)

// Place is one region of one account.
type Place struct {
	Account string `json:"account,omitempty"`
	Region  string `json:"region"`
}

// String writes "account/region", or the region alone where the account is not known.
func (p Place) String() string {
	if p.Account == "" {
		return p.Region
	}
	return p.Account + "/" + p.Region
}

// Standing says what could be asked of an instance, or why it could not.
type Standing string

// The standings. Only Answered ones were really judged from the inside.
const (
	Answered   Standing = "answered"          // Windows answered
	Online     Standing = "online"            // Windows could be asked and was not
	Unread     Standing = "unread"            // Windows was asked, and its answer could not be had
	Offline    Standing = "offline"           // a managed node without a heartbeat
	Unmanaged  Standing = "unmanaged"         // runs, and is no managed node
	Stopped    Standing = "stopped"           // not running
	Terminated Standing = "terminated"        // no longer there
	Linux      Standing = "linux"             // not Windows
	Controller Standing = "domain-controller" // has no machine SID of its own
	Missing    Standing = "not-found"         // named, and not in the account and region
	Denied     Standing = "denied"            // the caller may not read it
	Unreached  Standing = "unreached"         // a command by tags did not go to it
	Extra      Standing = "extra"             // a command by tags went to it, and it was not in the list
)

// Standings lists every standing in the order in which they are counted out.
func Standings() []Standing {
	return []Standing{Answered, Online, Unread, Offline, Unmanaged, Stopped, Terminated, Linux, Controller, Missing, Denied, Unreached, Extra}
}

// Member is one instance of a fleet, as far as lists tell, and what came of asking it.
type Member struct {
	Place Place
	// Instance is EC2's row without its interfaces; of a member that is not there or
	// may not be read it holds the id alone.
	Instance fact.Of[estate.Instance]
	ID       string
	// Node is what Systems Manager says, absent where it does not know the instance.
	Node fact.Of[estate.ManagedNode]
	// Identity is what Windows says of itself.
	Identity fact.Of[estate.GuestIdentity]
	// Console holds the markers of the console output, read for suspects only.
	Console fact.Of[estate.Console]
	// Unreached and Extra are as in Reply.
	Unreached, Extra bool
	// Earlier is what an earlier run came to, which this one does not ask again; "" is
	// that there was none.
	Earlier Standing
}

// Name is the Name tag, or what is known in its place.
func (m *Member) Name() string { return m.Instance.Value().Name }

// ComputerName is the name by which Windows calls itself, upper-case and without its
// domain: of two sources Windows itself comes first. "" is not known.
func (m *Member) ComputerName() string {
	name := m.Identity.Value().Host
	if name == "" {
		name = m.Node.Value().ComputerName
	}
	name, _, _ = strings.Cut(strings.TrimSpace(name), ".")
	return strings.ToUpper(name)
}

// controllerRole is the first of the two roles of domain controllers (domain.md §10).
const controllerRole = 4

// Standing tells what could be asked of the member.
func (m *Member) Standing() Standing {
	i, ok := m.Instance.Get()
	switch {
	case m.Extra:
		return Extra
	case m.Instance.IsAbsent():
		return Missing
	case !ok && m.Instance.Why().Reason == fact.Denied:
		return Denied
	case !ok:
		return Unread
	case i.State == "terminated" || i.State == "shutting-down":
		return Terminated
	case i.Platform != "windows":
		return Linux
	case i.State != "running":
		return Stopped
	case m.Identity.IsKnown() && m.Identity.Value().Role >= controllerRole:
		return Controller
	case m.Identity.IsKnown():
		return Answered
	case m.Identity.Why().Reason == fact.Denied || m.Node.IsUnknown() && m.Node.Why().Reason == fact.Denied:
		return Denied
	case m.Node.IsUnknown():
		return Unread
	case m.Node.IsAbsent():
		return Unmanaged
	case m.Node.Value().PingStatus != "Online":
		return Offline
	case m.Unreached:
		return Unreached
	case m.Earlier != "":
		return m.Earlier
	case m.Identity.Why().Reason == fact.NeedsGuest:
		return Online
	}
	return Unread
}

// answers reports whether Run Command could reach the member's Windows.
func (m *Member) answers() bool {
	i, ok := m.Instance.Get()
	n, managed := m.Node.Get()
	return ok && managed && i.State == "running" && i.Platform == "windows" && n.PingStatus == "Online"
}

// lives reports whether the member is a Windows that is there, running or not.
func (m *Member) lives() bool {
	i, ok := m.Instance.Get()
	return ok && i.Platform == "windows" && i.State != "terminated" && i.State != "shutting-down"
}

// notAsked is the reason of an identity that nobody consented to read.
func notAsked() fact.Why {
	return fact.Why{Reason: fact.NeedsGuest, Action: "ssm:SendCommand"}
}

// Slim drops of an instance what no judgement of a fleet reads, so that ten thousand
// of them stay small.
func Slim(i estate.Instance) estate.Instance {
	i.Interfaces, i.ProductCodes = nil, nil
	return i
}

// Count counts members by standing.
func Count(members []*Member) map[Standing]int {
	out := map[Standing]int{}
	for _, m := range members {
		out[m.Standing()]++
	}
	return out
}

// sortMembers orders members by place, then id, whatever order they arrived in.
func sortMembers(members []*Member) {
	slices.SortFunc(members, func(a, b *Member) int {
		return cmp.Or(cmp.Compare(a.Place.Account, b.Place.Account), cmp.Compare(a.Place.Region, b.Place.Region), cmp.Compare(a.ID, b.ID))
	})
}

// Tag is one tag that instances are chosen by.
type Tag struct{ Key, Value string }

// String writes "key=value".
func (t Tag) String() string { return t.Key + "=" + t.Value }

// Selection chooses instances: by id, by tags that they all carry, or, empty, all.
type Selection struct {
	IDs  []string
	Tags []Tag
}

// Report is what a survey of a fleet was and when.
type Report struct {
	Source    string
	Simulated bool
	AsOf      time.Time
	// Complete is false where it was cancelled, or where a list could not be read.
	Complete bool
	// Lacks are the lists that could not be read, by place.
	Lacks   []Lack
	Members []*Member
	// Calls counts the operations sent, by IAM action.
	Calls map[string]int
}

// Nobody says that all lists were read and that no instance is meant by the selection: a
// tag with a typing mistake, say. Nothing was judged then, which is no good news.
func (r *Report) Nobody() bool {
	return r.Complete && len(r.Lacks) == 0 && len(r.Members) == 0
}

// Lack is a list of one place that could not be read.
type Lack struct {
	Place Place
	Why   fact.Why
}
