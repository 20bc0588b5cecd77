package fleet

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
)

// GroupKind is what the members of a group have in common.
type GroupKind string

// The kinds of groups.
const (
	BySID   GroupKind = "machine-sid"   // the same machine SID: copies, without doubt
	ByName  GroupKind = "computer-name" // the same computer name: probably copies
	ByWSUS  GroupKind = "wsus-id"       // the same SusClientId: one row in WSUS
	ByImage GroupKind = "image"         // one image of the account's own: context
)

// Group is members that have something in common that each should have for itself.
type Group struct {
	Kind  GroupKind
	Value string
	// Code is the finding of the catalogue, "" where a group is context or has none.
	Code      finding.Code
	Severity  finding.Severity
	Certainty finding.Certainty
	Members   []*Member
	// Images are the images that the members were launched from, with their origin.
	Images []Lineage
	// Blocking are the members whose Windows refuses the others (see blocks).
	Blocking []*Member
	// Refused are the members on which Windows did refuse somebody in the last seven
	// days: event 6167.
	Refused []*Member
	// Unasked is how many members Windows was not asked of, so that their SID is open.
	Unasked int
	// WSUS is the SusClientId where the members share that too, "" where they do not.
	WSUS string
	// Thumbprints is how many different certificates the members' consoles show, and
	// Consoles of how many members the console was read.
	Thumbprints, Consoles int
}

// Lineage is one image and where it is from.
type Lineage struct {
	Place Place
	ID    string
	// Image is absent where EC2 no longer has it.
	Image fact.Of[estate.Image]
	Count int
}

// Clones is what a survey came to.
type Clones struct {
	Report
	// Guest says that Windows was asked.
	Guest  bool
	Groups []Group
}

// What hardens the check of the machine ID: Windows Server 2025 and Windows 11 24H2
// (build 26100) and later, from the updates of 2025-08-29 on (KB5064081, revision
// 5074; domain.md §8.1 [V:ms-5068222]).
const (
	hardenedBuild = 26100
	hardenedUBR   = 5074
)

// blocks reports whether this Windows refuses whoever has the same machine ID. Later
// builds have the check from their first revision.
func blocks(i estate.GuestIdentity) bool {
	return i.Build > hardenedBuild || i.Build == hardenedBuild && i.UBR >= hardenedUBR
}

// imageKey names an image in a survey.
type imageKey struct {
	place Place
	id    string
}

// judgeClones groups the members. It is a pure function of what was read.
func judgeClones(members []*Member, images map[imageKey]fact.Of[estate.Image]) []Group {
	sids, names, wsus, made := map[string][]*Member{}, map[string][]*Member{}, map[string][]*Member{}, map[imageKey][]*Member{}
	for _, m := range members {
		if !m.lives() {
			continue
		}
		identity, known := m.Identity.Get()
		if known && identity.MachineSID != "" && identity.Role < controllerRole {
			sids[identity.MachineSID] = append(sids[identity.MachineSID], m)
		}
		if known && identity.SusClientID != "" {
			id := strings.ToLower(identity.SusClientID)
			wsus[id] = append(wsus[id], m)
		}
		if name := m.ComputerName(); name != "" {
			names[name] = append(names[name], m)
		}
		key := imageKey{m.Place, m.Instance.Value().ImageID}
		if own(images[key], m.Place) {
			made[key] = append(made[key], m)
		}
	}
	var out []Group
	add := func(kind GroupKind, value string, list []*Member) *Group {
		if len(list) < 2 {
			return nil
		}
		out = append(out, Group{Kind: kind, Value: value, Members: list, Images: lineage(list, images)})
		g := &out[len(out)-1]
		g.count()
		return g
	}
	for _, sid := range slices.Sorted(maps.Keys(sids)) {
		if g := add(BySID, sid, sids[sid]); g != nil {
			g.Code, g.Severity, g.Certainty = finding.CloneDuplicateSID, finding.Warning, finding.Proven
			if len(g.Blocking) > 0 {
				g.Severity = finding.Error
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if settled(names[name]) {
			continue
		}
		if g := add(ByName, name, names[name]); g != nil {
			g.Code, g.Severity, g.Certainty = finding.CloneSuspected, finding.Warning, finding.Likely
		}
	}
	for _, id := range slices.Sorted(maps.Keys(wsus)) {
		// Copies share it as a rule: it goes with the group and not beside it.
		same := func(g Group) bool { return g.Kind == BySID && slices.Equal(g.Members, wsus[id]) }
		if k := slices.IndexFunc(out, same); k >= 0 {
			out[k].WSUS = id
			continue
		}
		if g := add(ByWSUS, id, wsus[id]); g != nil {
			g.Severity, g.Certainty = finding.Warning, finding.Proven
		}
	}
	for _, key := range slices.SortedFunc(maps.Keys(made), func(a, b imageKey) int {
		return cmp.Or(cmp.Compare(a.place.String(), b.place.String()), cmp.Compare(a.id, b.id))
	}) {
		if settled(made[key]) {
			continue
		}
		if g := add(ByImage, key.id, made[key]); g != nil {
			g.Severity, g.Certainty = finding.Info, finding.Possible
		}
	}
	slices.SortStableFunc(out, func(a, b Group) int {
		return cmp.Or(rank(a)-rank(b), len(b.Members)-len(a.Members))
	})
	return out
}

func rank(g Group) int {
	kinds := []GroupKind{BySID, ByName, ByWSUS, ByImage}
	r := 2 * slices.Index(kinds, g.Kind)
	if g.Severity != finding.Error {
		r++
	}
	return r
}

// settled reports whether Windows told the SID of all of them: then their SIDs say
// who is a copy, and what merely points to it adds nothing.
func settled(list []*Member) bool {
	return !slices.ContainsFunc(list, func(m *Member) bool { return !m.Identity.IsKnown() })
}

// own reports whether an image was made by the account itself: those of AWS and of
// the Marketplace are generalised.
func own(f fact.Of[estate.Image], p Place) bool {
	i, ok := f.Get()
	return ok && (i.OwnerAlias == "self" || i.OwnerID != "" && i.OwnerID == p.Account)
}

func lineage(list []*Member, images map[imageKey]fact.Of[estate.Image]) []Lineage {
	counts := map[imageKey]int{}
	for _, m := range list {
		counts[imageKey{m.Place, m.Instance.Value().ImageID}]++
	}
	var out []Lineage
	for key, n := range counts {
		out = append(out, Lineage{Place: key.place, ID: key.id, Image: images[key], Count: n})
	}
	slices.SortFunc(out, func(a, b Lineage) int {
		return cmp.Or(b.Count-a.Count, cmp.Compare(a.Place.String(), b.Place.String()), cmp.Compare(a.ID, b.ID))
	})
	return out
}

func (g *Group) count() {
	prints := map[string]bool{}
	for _, m := range g.Members {
		i, known := m.Identity.Get()
		switch {
		case !known:
			g.Unasked++
		case g.Kind == BySID && blocks(i):
			g.Blocking = append(g.Blocking, m)
		}
		if g.Kind == BySID && len(i.Mismatches) > 0 {
			g.Refused = append(g.Refused, m)
		}
		if c, ok := m.Console.Get(); ok && c.Thumbprint != "" {
			prints[c.Thumbprint] = true
			g.Consoles++
		}
	}
	g.Thumbprints = len(prints)
}

// Exit is the exit code of the survey: 1 where a group is a root cause by the measure
// of `monshin check`, 3 where a Windows was not asked, a list not read or nobody meant, else 0.
func (c *Clones) Exit() int {
	for _, g := range c.Groups {
		if g.Severity == finding.Error || g.Severity == finding.Warning {
			return 1
		}
	}
	if !c.Complete || len(c.Lacks) > 0 || c.Nobody() || open(c.Members) > 0 {
		return 3
	}
	return 0
}

// open counts the members whose machine SID might be anybody's.
func open(members []*Member) int {
	n := 0
	for s, count := range Count(members) {
		switch s {
		case Online, Unread, Offline, Unmanaged, Stopped, Denied, Missing, Unreached:
			n += count
		}
	}
	return n
}
