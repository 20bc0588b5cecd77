package probe

import (
	"strconv"
	"strings"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
)

// Versions of the SSM Agent at which something changes (domain.md §3.1, SSM-3).
const (
	// agentWithoutMDS needs ec2messages no more [V:agent-rn].
	agentWithoutMDS = "3.3.40.0"
	// agentWithHostManagement can use Default Host Management [V:dhmc].
	agentWithHostManagement = "3.2.582.0"
)

// agent is what is known of an instance's SSM Agent.
type agent struct {
	Version string
	// Estimated says that Version is the least that the image's date lets expect.
	// The agent may be newer, never known to be older.
	Estimated bool
	Known     bool
	// Whys are the reasons where it is not known.
	Whys []fact.Why
	// Evidence is where the version is from.
	Evidence []finding.Evidence
}

// agentParts are the parts that agentVersion reads.
func agentParts() []estate.AnyKind {
	return []estate.AnyKind{estate.InstancePart, estate.TrailPart, estate.ManagedNodePart, estate.ImagePart}
}

// agentVersion reads the version from Systems Manager's row. Where the instance has
// no row the image's date gives a lower bound (domain.md SSM-3 [D]): images made
// since March 2024 hold 3.3.40.0 (2024-02-07) or later.
func agentVersion(v *estate.View) agent {
	id := v.Target().InstanceID
	node := estate.ManagedNodePart.Of(v, id)
	if node.IsUnknown() {
		return agent{Whys: whyOf(node)}
	}
	if n, ok := node.Get(); ok {
		if _, ok := numbers(n.AgentVersion); !ok {
			return agent{Whys: []fact.Why{{Reason: fact.NotRecorded, Resource: id, Detail: "AgentVersion"}}}
		}
		return agent{Version: n.AgentVersion, Known: true, Evidence: []finding.Evidence{see(
			estate.ManagedNodePart.Key(id), "agent_version", n.AgentVersion,
			lang.Both("the version that the agent reported", "エージェントが報告したバージョン"), node.Origin())}}
	}
	p, whys := thePatient(v)
	if p.ImageID == "" {
		if len(whys) == 0 {
			whys = []fact.Why{{Reason: fact.NotRecorded, Resource: id, Detail: "ImageId"}}
		}
		return agent{Whys: whys}
	}
	image := estate.ImagePart.Of(v, p.ImageID)
	i, ok := image.Get()
	switch {
	case image.IsUnknown():
		return agent{Whys: whyOf(image)}
	case !ok:
		return agent{Whys: []fact.Why{{Reason: fact.NotVisible, Action: "ec2:DescribeImages", Resource: p.ImageID}}}
	}
	// A month after the release: the images of March 2024 are the first that surely have it.
	if i.Created.Before(time.Date(2024, time.March, 1, 0, 0, 0, 0, time.UTC)) {
		return agent{Whys: []fact.Why{{Reason: fact.NeedsGuest, Resource: id, Detail: "AgentVersion"}}}
	}
	return agent{Version: agentWithoutMDS, Estimated: true, Known: true, Evidence: []finding.Evidence{see(
		estate.ImagePart.Key(p.ImageID), "created", stamp(i.Created),
		lang.Both("images made since 2024-03 hold agent %s or later (estimate)", "2024-03 以降の AMI はエージェント %s 以降（推定）").With(agentWithoutMDS),
		image.Origin())}}
}

// AtLeast says whether the agent is that version or a later one. An estimate can
// say yes, and never no.
func (a agent) AtLeast(version string) (newer, known bool) {
	if !a.Known {
		return false, false
	}
	have, ok := numbers(a.Version)
	want, ok2 := numbers(version)
	if !ok || !ok2 {
		return false, false
	}
	newer = compareNumbers(have, want) >= 0
	return newer, newer || !a.Estimated
}

// whys are the reasons of an AtLeast that is not known.
func (a agent) whys() []fact.Why {
	if len(a.Whys) > 0 {
		return a.Whys
	}
	return []fact.Why{{Reason: fact.NeedsGuest, Detail: "AgentVersion"}}
}

// numbers cuts "3.3.40.0".
func numbers(version string) ([]int, bool) {
	var out []int
	for f := range strings.SplitSeq(version, ".") {
		n, err := strconv.Atoi(f)
		if err != nil || n < 0 {
			return nil, false
		}
		out = append(out, n)
	}
	return out, true
}

// compareNumbers orders versions; a missing number counts as 0.
func compareNumbers(a, b []int) int {
	for i := range max(len(a), len(b)) {
		var x, y int
		if i < len(a) {
			x = a[i]
		}
		if i < len(b) {
			y = b[i]
		}
		if x != y {
			return x - y
		}
	}
	return 0
}
