// Package runbook holds the symptoms and their decision trees (切り分けフロー).
//
// A tree is data: YAML, embedded or from a file, checked when it is loaded, every
// mistake with its line, column and a caret. Its nodes name probes and findings by
// id; the judgements themselves are Go.
package runbook

import (
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
)

// Symptom names what an operator sees or was told (事象); the entry to a tree.
type Symptom string

// The symptoms (DESIGN.md §3).
const (
	NotInSystemsManager Symptom = "not-in-systems-manager"
	NoSession           Symptom = "no-session"
	RDPNoScreen         Symptom = "rdp-no-screen"
	RDPRefused          Symptom = "rdp-refused"
	InstanceGone        Symptom = "instance-gone"
	OfficeTerminates    Symptom = "office-terminates"
	OfficeNotLicensed   Symptom = "office-not-licensed"
	DomainJoin          Symptom = "domain-join"
	NotActivated        Symptom = "not-activated"
	NoPassword          Symptom = "no-password"
	Cloned              Symptom = "cloned"
	Everything          Symptom = "everything"
)

// NodeKind is what a node of a tree is.
type NodeKind string

// The kinds of nodes.
const (
	ProbeNode    NodeKind = "probe"    // a judgement
	QuestionNode NodeKind = "question" // what AWS cannot tell
	StepNode     NodeKind = "step"     // an instruction with an expected outcome
	FindingsNode NodeKind = "findings" // an end: which findings would be the cause here
)

// The edges of nodes that are no probes. A probe's edges are its outcomes.
const (
	Answered = "answered"
	DontKnow = "dont-know"
	Done     = "done"
)

// Tree is the decision tree of one symptom, with its branches resolved.
type Tree struct {
	Symptom Symptom
	Title   lang.Text
	// About says in a sentence or two what the tree looks at.
	About lang.Text
	// Search are words people use for it; Messages are texts that Windows, AWS or a
	// customer's screen show. Both languages in one list.
	Search   []string
	Messages []string
	// Start is the id of the first node.
	Start string
	// Nodes stand in the order of the file, branches where they are included.
	Nodes []Node
	// NeedsGuest says that a judgement which only Windows can make leaves this
	// symptom undecided (DESIGN.md §4, exit codes).
	NeedsGuest bool
}

// Node is one place in a tree.
type Node struct {
	ID   string
	Kind NodeKind
	// Title is the node's name on the screen; a probe node without one has its probe's.
	Title lang.Text
	// Branch is the id of the shared branch that the node came from, "" for the tree's own.
	Branch string
	// Probe is the probe's id, for probe nodes.
	Probe string
	// Optional says that an unknown here does not leave the symptom undecided.
	Optional bool
	Question *Question
	Step     *Step
	// Findings are the codes that an end node lists.
	Findings []finding.Code
	// Next maps an outcome to the id of the next node; "" ends the story there.
	Next map[string]string
}

// Question asks the operator what AWS cannot tell.
type Question struct {
	// Name is the answer's name: estate.AnswerADDomain and its kin.
	Name string
	Text lang.Text
	// Hint shows the form of an answer.
	Hint lang.Text
}

// Step tells the operator to do something and what should come out.
type Step struct {
	Do      lang.Text
	Command string
	Expect  lang.Text
}

// Probes lists the ids of the tree's probes, each once, in order.
func (t *Tree) Probes() []string {
	var ids []string
	seen := map[string]bool{}
	for _, n := range t.Nodes {
		if n.Kind == ProbeNode && !seen[n.Probe] {
			seen[n.Probe] = true
			ids = append(ids, n.Probe)
		}
	}
	return ids
}

// Node finds a node.
func (t *Tree) Node(id string) (*Node, bool) {
	for i := range t.Nodes {
		if t.Nodes[i].ID == id {
			return &t.Nodes[i], true
		}
	}
	return nil, false
}

// Path follows the edges from the start, asking edge for the outcome of each node,
// and returns the ids of the nodes passed. edge returns "" where the outcome is not
// there yet; the path ends there.
func (t *Tree) Path(edge func(*Node) string) []string {
	var path []string
	seen := map[string]bool{}
	for id := t.Start; id != "" && !seen[id]; {
		n, ok := t.Node(id)
		if !ok {
			return path
		}
		seen[id] = true
		path = append(path, id)
		e := edge(n)
		if e == "" {
			return path
		}
		id = n.Next[e]
	}
	return path
}
