package fleet

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
)

// Trait is something in which instances can differ.
type Trait string

// The traits, those first that more often are the reason of a difference.
const (
	TraitImage   Trait = "image"
	TraitBuild   Trait = "os-build"
	TraitPatch   Trait = "patch"
	TraitSubnet  Trait = "subnet"
	TraitVPC     Trait = "vpc"
	TraitGroup   Trait = "security-group"
	TraitRole    Trait = "instance-profile"
	TraitAgent   Trait = "agent-version"
	TraitPing    Trait = "ping-status"
	TraitLaunch  Trait = "launch-day"
	TraitZone    Trait = "zone"
	TraitType    Trait = "instance-type"
	TraitKey     Trait = "key-pair"
	TraitState   Trait = "state"
	TraitTag     Trait = "tag"
	TraitAccount Trait = "account"
)

// Traits lists every trait, in their order.
func Traits() []Trait {
	return []Trait{TraitImage, TraitBuild, TraitPatch, TraitSubnet, TraitVPC, TraitGroup, TraitRole, TraitAgent, TraitPing,
		TraitLaunch, TraitZone, TraitType, TraitKey, TraitState, TraitTag, TraitAccount}
}

// Subject is an instance that is compared.
type Subject struct {
	*Member
	Patches fact.Of[[]estate.Patch]
}

// Difference is a value that the bad ones have and the good ones do not.
type Difference struct {
	Trait Trait
	Value string
	// Bad of BadOf bad ones have it, and Good of GoodOf good ones, among those of whom
	// the trait is known.
	Bad, BadOf, Good, GoodOf int
	// Exact says that all bad ones have it and no good one has, with all of them known.
	Exact bool
	// Unread is how many instances could not be read for this trait.
	Unread int
}

// Comparison is what the bad ones share.
type Comparison struct {
	Report
	Bad, Good   []Subject
	Differences []Difference
}

// tends is by how much the shares of the bad and of the good must differ before a
// value is worth a line where it does not separate them exactly.
const tends = 0.5

// Compare finds what the bad ones share and the good ones do not have, strongest
// first. A trait that could not be read of somebody is never counted as one that he
// does not have.
func Compare(bad, good []Subject) []Difference {
	var out []Difference
	for _, t := range Traits() {
		badHave, badOf := tally(t, bad)
		goodHave, goodOf := tally(t, good)
		if badOf == 0 || goodOf == 0 {
			continue
		}
		unread := len(bad) + len(good) - badOf - goodOf
		for _, value := range slices.Sorted(maps.Keys(badHave)) {
			d := Difference{Trait: t, Value: value, Bad: badHave[value], BadOf: badOf, Good: goodHave[value], GoodOf: goodOf, Unread: unread}
			d.Exact = d.Bad == len(bad) && d.Good == 0 && unread == 0
			if d.Exact || d.strength() >= tends {
				out = append(out, d)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Difference) int {
		return cmp.Or(boolRank(a.Exact)-boolRank(b.Exact), cmp.Compare(b.strength(), a.strength()),
			slices.Index(Traits(), a.Trait)-slices.Index(Traits(), b.Trait))
	})
	return out
}

func boolRank(first bool) int {
	if first {
		return 0
	}
	return 1
}

// strength is the share of the bad that have it less that of the good: 1 separates.
func (d Difference) strength() float64 {
	return float64(d.Bad)/float64(d.BadOf) - float64(d.Good)/float64(d.GoodOf)
}

// tally counts the values of a trait, and of how many it is known.
func tally(t Trait, list []Subject) (have map[string]int, of int) {
	have = map[string]int{}
	for _, s := range list {
		values, known := s.values(t)
		if !known {
			continue
		}
		of++
		for _, v := range slices.Compact(slices.Sorted(slices.Values(values))) {
			have[v]++
		}
	}
	return have, of
}

// values are an instance's values of a trait; known is false where they were not read.
func (s Subject) values(t Trait) (values []string, known bool) {
	i, ok := s.Instance.Get()
	one := func(v string) ([]string, bool) { return []string{v}, v != "" }
	n, managed := s.Node.Get()
	switch t {
	case TraitBuild:
		if id, told := s.Identity.Get(); told {
			return one(build(id))
		}
		return one(strings.TrimSpace(n.PlatformName + " " + n.PlatformVer))
	case TraitAgent:
		return one(n.AgentVersion)
	case TraitPing:
		if s.Node.IsAbsent() {
			return []string{"-"}, true
		}
		return []string{n.PingStatus}, managed
	case TraitPatch:
		p, read := s.Patches.Get()
		for _, kb := range p {
			if strings.HasPrefix(kb.State, "Installed") {
				values = append(values, strings.TrimSpace(kb.KB+" "+day(kb.Installed)))
			}
		}
		return values, read
	case TraitAccount:
		return one(s.Place.String())
	}
	if !ok {
		return nil, false
	}
	switch t {
	case TraitImage:
		return one(i.ImageID)
	case TraitSubnet:
		return one(i.Subnet)
	case TraitVPC:
		return one(i.VPC)
	case TraitGroup:
		return i.Groups, true
	case TraitRole:
		if i.ProfileARN == "" {
			return []string{"-"}, true
		}
		return one(i.ProfileARN)
	case TraitLaunch:
		return one(day(i.LaunchTime))
	case TraitZone:
		return one(i.AZ)
	case TraitType:
		return one(i.Type)
	case TraitKey:
		if i.KeyName == "" {
			return []string{"-"}, true
		}
		return one(i.KeyName)
	case TraitState:
		return one(i.State)
	case TraitTag:
		for k, v := range i.Tags {
			if k != "Name" && !strings.HasPrefix(k, "aws:") {
				values = append(values, k+"="+v)
			}
		}
		return values, true
	}
	return nil, false
}

// day is a date in UTC: instances that were launched together differ by seconds.
func day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.DateOnly)
}

func build(i estate.GuestIdentity) string { return number(i.Build) + "." + number(i.UBR) }

// Exit is the exit code of the comparison: 3 where somebody could not be read, and
// where nothing separates the two sets, else 0: a difference is no root cause yet.
func (c *Comparison) Exit() int {
	exact := false
	for _, d := range c.Differences {
		exact = exact || d.Exact
	}
	if !c.Complete || len(c.Lacks) > 0 || !exact {
		return 3
	}
	return 0
}
