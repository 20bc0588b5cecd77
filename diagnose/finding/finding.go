// Package finding holds the catalogue: what can be wrong, how bad it is, what it
// explains, and the words for it in every language; and the type of one finding.
//
// The words and the relations are data (catalogue.yaml); the codes are Go
// constants; a test joins the two.
package finding

import (
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/lang"
)

// Code names what is wrong. Codes are stable once released (DESIGN.md §3).
type Code string

// Severity is how bad a finding is.
type Severity string

// The severities, worst first. Info is never a root cause.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
	Info    Severity = "info"
)

// LessThan reports whether s is less bad than o; nothing is less bad than "".
func (s Severity) LessThan(o Severity) bool {
	rank := map[Severity]int{Error: 3, Warning: 2, Info: 1}
	return o != "" && rank[s] < rank[o]
}

// Certainty is how sure a finding is (DESIGN.md §3).
type Certainty string

// The certainties, surest first.
const (
	Proven   Certainty = "proven"
	Likely   Certainty = "likely"
	Possible Certainty = "possible"
)

// AtMost returns the weaker of two certainties.
func (c Certainty) AtMost(o Certainty) Certainty {
	if o.rank() > c.rank() {
		return o
	}
	return c
}

func (c Certainty) rank() int {
	switch c {
	case Proven:
		return 0
	case Likely:
		return 1
	}
	return 2
}

// Finding is a code with a subject, as one judgement made it.
type Finding struct {
	Code Code `json:"code"`
	// Subject is the id or name of what is wrong: a role, a group, a service name.
	Subject   string    `json:"subject"`
	Certainty Certainty `json:"certainty"`
	// Severity overrides the catalogue's where a judgement knows better; "" does not.
	Severity Severity `json:"severity,omitempty"`
	// Scope lists what the finding impairs, in the catalogue's words for matching
	// explanations: "ssm", "ssmmessages", "ec2messages", "dns", "1688", "directory"; of an
	// activation, whose it is where it is not Windows's: "office".
	Scope []string `json:"scope,omitempty"`
	// Params fill the catalogue's texts. Values are untrusted and are shown cleaned.
	Params      map[string]string `json:"params,omitempty"`
	Evidence    []Evidence        `json:"evidence,omitempty"`
	Assumptions []Assumption      `json:"assumptions,omitempty"`
}

// ID is code@subject, or the code alone.
func (f Finding) ID() string {
	if f.Subject == "" {
		return string(f.Code)
	}
	return string(f.Code) + "@" + f.Subject
}

// Evidence is one fact that a judgement stands on.
type Evidence struct {
	// At is the path into the estate: a part key, and a path in the part after a
	// "#" where that helps: "security-group:sg-1#sgr-2".
	At string `json:"at"`
	// Value is what was read. Untrusted.
	Value string `json:"value"`
	// Rule says how the value decided.
	Rule   lang.Text   `json:"rule"`
	Origin fact.Origin `json:"origin"`
}

// Assumption is a coded statement that a verdict rests on and that was not checked.
type Assumption struct {
	Code   string            `json:"code"`
	Params map[string]string `json:"params,omitempty"`
}

// The assumptions (DESIGN.md §3). Their words are in the catalogue.
const (
	// AssumeSCP: no service control policy of the organization stands in the way.
	AssumeSCP = "scp-allows"
	// AssumeUnchanged: configuration was read after the death it should explain.
	// Params: read, event (times, RFC 3339).
	AssumeUnchanged = "read-after-the-fact"
	// AssumeAgentFromImage: the agent's version was estimated from the image's date.
	AssumeAgentFromImage = "agent-version-from-image"
	// AssumeResourcePolicy: a condition in a policy could not be decided. Param: condition.
	AssumeCondition = "condition-undecided"
	// AssumeSecondSource: License Manager's own API was not read; the fact comes
	// from another place. Param: source.
	AssumeSecondSource = "second-source"
	// AssumeForwarders: an AD DNS forwards to the resolver of its own VPC only
	// (domain.md B4, [D]).
	AssumeForwarders = "default-forwarders"
	// AssumeNoPrivateZone: no private hosted zone and no Route 53 Profile answers
	// for the AD domain; monshin does not read them. Param: domain.
	AssumeNoPrivateZone = "no-private-zone"
)
