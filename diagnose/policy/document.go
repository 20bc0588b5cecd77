// Package policy evaluates IAM policy documents with three values: a request is
// allowed, denied, or undecided, because a condition rests on something that
// nobody knows yet or because a policy could not be read.
//
// It reads identity policies under a permissions boundary, trust policies, and
// the policies of VPC endpoints. Service control policies are not among its
// inputs: that none of them stands in the way is an assumption of the caller.
// The rules are those of "Policy evaluation logic" and "IAM JSON policy element
// reference" in the IAM User Guide
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies.html).
package policy

import "strings"

// Document is one policy document, parsed.
type Document struct {
	// Version is the version of the policy language, "2012-10-17" or "2008-10-17";
	// the latter is meant where the document has none, and knows no policy variables.
	Version    string
	ID         string
	Statements []Statement
}

// Statement is one statement of a document. Exactly one of Actions and
// NotActions is set; at most one of the two of each other pair.
type Statement struct {
	Sid    string
	Effect Effect

	Actions      []string
	NotActions   []string
	Resources    []string
	NotResources []string
	// Principals is nil where the statement has neither Principal nor NotPrincipal.
	Principals    []Principal
	NotPrincipals []Principal
	Conditions    []Condition

	rules compiled
}

// Effect is Allow or Deny.
type Effect string

// The effects.
const (
	Allow Effect = "Allow"
	Deny  Effect = "Deny"
)

// Principal is one entry of a Principal element: {"Service": "ec2.amazonaws.com"}.
type Principal struct {
	// Type is AWS, Service, Federated or CanonicalUser; "*" is written as AWS and "*",
	// which is what it means.
	Type  string
	Value string
}

// Condition is one key under one operator, with the values it is compared to.
type Condition struct {
	// Operator is as written: "ForAnyValue:StringLikeIfExists".
	Operator string
	Key      string
	Values   []string
}

// Source says where a document is from.
type Source struct {
	// Policy is the policy's name.
	Policy string `json:"policy"`
	// ARN is "" for inline policies.
	ARN string `json:"arn,omitempty"`
	// Version is the version id of a managed policy ("v2"), "" for inline ones.
	Version string `json:"version,omitempty"`
}

// Policy is a document with its source.
type Policy struct {
	Source
	Document
}

// Ref points at one statement of a policy.
type Ref struct {
	Source
	Sid string `json:"sid,omitempty"`
	// Index counts the statements of the document from 0.
	Index  int    `json:"index"`
	Effect Effect `json:"effect"`
}

func (p Policy) ref(i int) Ref {
	return Ref{Source: p.Source, Sid: p.Statements[i].Sid, Index: i, Effect: p.Statements[i].Effect}
}

// compiled holds a statement's patterns, split once.
type compiled struct {
	// actions are in lower case; they know wildcards and no variables.
	actions, notActions     []string
	resources, notResources []pattern
	conditions              []comparison
}

// compile prepares every statement for evaluation. It comes after reading, as
// Version may stand behind Statement and decides what "${" means.
func (d *Document) compile() {
	variables := d.Version == "2012-10-17"
	for i := range d.Statements {
		s := &d.Statements[i]
		s.rules = compiled{
			actions:      lowered(s.Actions),
			notActions:   lowered(s.NotActions),
			resources:    patterns(s.Resources, variables),
			notResources: patterns(s.NotResources, variables),
		}
		for _, c := range s.Conditions {
			s.rules.conditions = append(s.rules.conditions, compareWith(c, variables))
		}
	}
}

func lowered(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = strings.ToLower(s)
	}
	return out
}
