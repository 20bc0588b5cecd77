package fleet

import (
	"regexp"
	"strings"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
)

// Question is one script for many servers.
type Question struct {
	Script string
	// IDs are the servers that are asked.
	IDs []string
	// Tags, where there are any, name the same servers for Run Command, so that one
	// command serves all of them.
	Tags []Tag
	// Concurrency is how many servers run it at the same time.
	Concurrency int
	// Keys are the parts that the script answers for one server.
	Keys func(id string) []estate.Key
}

// Reply is what came of asking one server.
type Reply struct {
	ID    string
	Parts []estate.Part
	// Unreached says that a command by tags did not go to this server, although the
	// server carries them. Extra says the opposite: it went to one that was not asked for.
	Unreached, Extra bool
}

// Sent is one round of asking, as it is recorded before anything runs.
type Sent struct {
	Place  Place    `json:"place"`
	Script string   `json:"script"`
	IDs    []string `json:"ids"`
	Tags   []Tag    `json:"tags,omitempty"`
}

// maxTags is how many targets one command takes (domain.md §12).
const maxTags = 5

// targetKey is the form of a target's key, "tag:" included.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_Target.html
var targetKey = regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,124}$`)

// targets are the tags by which a command goes to whom the selection chose, nil where
// ids have to be named: EC2 takes * and ? as wildcards and Run Command does not, and a
// command by tags also goes to servers that run no Windows, which nobody means to ask.
func (s Selection) targets(members []*Member) []Tag {
	if len(s.Tags) == 0 || len(s.Tags) > maxTags {
		return nil
	}
	for _, t := range s.Tags {
		if t.Value == "" || strings.ContainsAny(t.Value, `*?\`) || !targetKey.MatchString(t.Key) {
			return nil
		}
	}
	for _, m := range members {
		i := m.Instance.Value()
		if m.Earlier != "" || i.State == "running" && i.Platform != "windows" {
			return nil
		}
	}
	return s.Tags
}

// extra is a node that a command by tags reached and that the list of instances did
// not show: a server outside of EC2, or one that was started meanwhile.
func extra(p Place, id string) *Member {
	why := fact.Why{Reason: fact.NotRecorded, Action: "ec2:DescribeInstances", Resource: id}
	return &Member{
		Place: p, ID: id, Extra: true,
		Instance: fact.Unknown[estate.Instance](why), Node: fact.Unknown[estate.ManagedNode](why),
		Identity: fact.Unknown[estate.GuestIdentity](notAsked()),
	}
}
