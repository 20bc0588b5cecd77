package remedy

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
)

// Plan is what a fix comes to on one estate: the exact calls in their order. It is
// data, so that it can be kept, sent, carried out by somebody else, and taken back
// by another process.
type Plan struct {
	Fix     string        `json:"fix"`
	Mode    Mode          `json:"mode"`
	Finding string        `json:"finding"` // code@subject
	Code    finding.Code  `json:"code"`
	Target  estate.Target `json:"target"`
	Alias   string        `json:"alias,omitempty"` // of the account
	// AsOf is when the estate was read that the plan was made from.
	AsOf  time.Time `json:"as_of"`
	Title lang.Text `json:"title"`
	// Why says how the plan removes the finding, in one sentence.
	Why   lang.Text `json:"why"`
	Steps []Step    `json:"steps"`
	Risks []Risk    `json:"risks,omitempty"`
	// Costs are what it costs, a line each; empty is nothing.
	Costs []lang.Text `json:"costs,omitempty"`
	Blast []Blast     `json:"blast,omitempty"`
	// Warnings are what the operator should know before consenting.
	Warnings []lang.Text `json:"warnings,omitempty"`
	// Settle is how long after the last step the effect may take to show: an agent's
	// retry, a lease (domain.md B2, §6.1).
	Settle time.Duration `json:"settle"`
	// Wait says what is waited for in that time.
	Wait lang.Text `json:"wait,omitzero"`
	// Means is set for a plan that removes nothing and makes something that can be looked
	// at: what one then has. Its verification is that it was carried out.
	Means lang.Text `json:"means,omitzero"`
	// Typed is the word the operator has to type: the account's alias or id, or the VPC
	// id, for the wide and the billed; "" for none.
	Typed string `json:"typed,omitempty"`
	// Touches are the parts that the plan changes, and Depends the observations that
	// follow from them and are read again to verify.
	Touches []string `json:"touches"`
	// Duration is how long carrying it out takes, for a work order.
	Duration time.Duration `json:"duration,omitempty"`
	// Stop says when a person who carries it out is to stop.
	Stop lang.Text `json:"stop,omitzero"`
}

// Step is one call, or one instruction for a person.
type Step struct {
	// ID is unique within the plan; outputs are referred to by it.
	ID    string    `json:"id"`
	Title lang.Text `json:"title"`
	Why   lang.Text `json:"why,omitzero"`
	// Call is nil for an instruction.
	Call *Call `json:"call,omitempty"`
	// Script is the PowerShell that the call runs inside Windows, to be read first.
	Script string `json:"script,omitempty"`
	// Do is what a person does: the console path, for calls too.
	Do lang.Text `json:"do,omitzero"`
	// Check is how a person sees that the step worked: a command and what it prints.
	Check Check `json:"check,omitzero"`
	// Actions are the IAM actions that the call needs.
	Actions []string `json:"actions,omitempty"`
	// Guards are the values that the step changes: what stood there when the plan was
	// made, and what will stand there after.
	Guards []Guard `json:"guards,omitempty"`
	// Undo takes the step back; nil where nothing can.
	Undo *Call `json:"undo,omitempty"`
	// UndoScript is the PowerShell that Undo runs.
	UndoScript string `json:"undo_script,omitempty"`
	// NoUndo says why there is no way back. Either it or Undo is set.
	NoUndo lang.Text `json:"no_undo,omitzero"`
	// Diff shows a document before and after, where the step edits one (a trust policy).
	Diff *Diff `json:"diff,omitempty"`
}

// Check is a command and what it should print.
type Check struct {
	Command string    `json:"command,omitempty"`
	Expect  lang.Text `json:"expect,omitzero"`
}

// Diff is a document before and after.
type Diff struct {
	Name   string `json:"name"`
	Before string `json:"before"`
	After  string `json:"after"`
}

// Call is one operation with its parameters, as the AWS SDK names them.
type Call struct {
	// Operation is spelled as the IAM action's service and the API's operation:
	// "ec2:CreateVpcEndpoint".
	Operation string `json:"operation"`
	// Input are the parameters, by the field names of the SDK's input type. A string
	// made by Output stands for what an earlier step answers.
	Input map[string]any `json:"input"`
	// Token names the parameter that makes a repetition harmless ("ClientToken",
	// "CreatorRequestId"), "" where the operation has none.
	Token string `json:"token,omitempty"`
	// Tagged says that the operation tags what it creates; monshin's tag is added.
	Tagged bool `json:"tagged,omitempty"`
	// Outputs are the values of the answer that later steps or the undo need, as paths
	// of field names with array indexes: "VpcEndpoint.VpcEndpointId", "SecurityGroupRules.0.SecurityGroupRuleId".
	Outputs []string `json:"outputs,omitempty"`
	// Region is where the call goes, "" for the target's.
	Region string `json:"region,omitempty"`
}

// Blast is how much a plan reaches, in numbers.
type Blast struct {
	// What is counted: "instances with the security group sg-1".
	What lang.Text `json:"what"`
	// Count is meaningful only if Known; AtLeast says that more may exist.
	Count   int      `json:"count"`
	Known   bool     `json:"known"`
	AtLeast bool     `json:"at_least,omitempty"`
	Names   []string `json:"names,omitempty"` // some of them
}

// Hash identifies the plan. Consent is to a hash: whatever changes in what would be
// done, where, or what stands there now, changes it.
func (p Plan) Hash() string {
	type deed struct {
		Call, Undo *Call
		Script     string
		Guards     []Guard
		Do         lang.Text
	}
	whole := struct {
		Fix, Finding string
		Target       estate.Target
		Steps        []deed
		Risks        []Risk
		Typed        string
	}{Fix: p.Fix, Finding: p.Finding, Target: p.Target, Risks: p.Risks, Typed: p.Typed}
	for _, s := range p.Steps {
		whole.Steps = append(whole.Steps, deed{s.Call, s.Undo, s.Script + s.UndoScript, s.Guards, s.Do})
	}
	b, err := json.Marshal(whole)
	if err != nil { // Input holds only what JSON can hold: Builder checks
		panic("remedy: a plan that cannot be written: " + err.Error())
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8]) // 64 bits: nobody searches for a collision with a plan made from the estate
}

// Undoable reports whether every step can be taken back. An instruction is taken to
// be, by the person who carries it out, unless it says why not.
func (p Plan) Undoable() bool {
	return !slices.ContainsFunc(p.Steps, func(s Step) bool { return s.Undo == nil && (s.Call != nil || !s.NoUndo.Zero()) })
}

// Actions lists the IAM actions that carrying the plan out needs, in order.
func (p Plan) Actions() []string {
	var out []string
	for _, s := range p.Steps {
		out = append(out, s.Actions...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Keys lists the parts that the plan changes.
func (p Plan) Keys() []estate.Key {
	var out []estate.Key
	for _, k := range p.Touches {
		out = append(out, estate.ParseKey(k))
	}
	return out
}

// outputMark starts a placeholder. It holds no character that a parser of ids,
// addresses or documents would act on.
const outputMark = "new:"

// Output stands for a value that an earlier step's answer holds. The same string
// names the thing in the estate after the effect.
func Output(step, path string) string { return outputMark + step + ":" + path }
