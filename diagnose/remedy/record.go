package remedy

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
)

// The kinds of entries that a run leaves in the ledger, in the order in which they
// come.
const (
	KindPlan         = "plan"         // Planned
	KindApproval     = "approval"     // Approved
	KindIntent       = "intent"       // Intent, before a call
	KindResult       = "result"       // Result, after it
	KindLeft         = "left"         // Left, when the plan is done
	KindVerification = "verification" // Verified
	KindUndone       = "undo"         // Undone
)

// Planned is a plan that was made or handed out.
type Planned struct {
	Run  string `json:"run"`
	Hash string `json:"hash"`
	Plan Plan   `json:"plan"`
	// Explains are the observations that the finding explained when the plan was made.
	Explains []string `json:"explains,omitempty"`
	// Severity is how bad the finding was. One that is left as something less bad (an
	// account that was locked, and is not any more) is removed.
	Severity finding.Severity `json:"severity,omitempty"`
	// Probes are the judgements that made the finding: the same ones verify.
	Probes []string `json:"probes,omitempty"`
	// Forecast is what was predicted.
	Forecast *Forecast `json:"forecast,omitempty"`
	// ByHand says that somebody else carries it out: monshin only judges afterwards.
	ByHand bool `json:"by_hand,omitempty"`
}

// Approval is the consent to exactly one plan.
type Approval struct {
	Hash string `json:"hash"`
	// By is the caller's ARN; Approver and Ticket are as the operator gave them.
	By       string    `json:"by,omitempty"`
	Approver string    `json:"approver,omitempty"`
	Ticket   string    `json:"ticket,omitempty"`
	Typed    string    `json:"typed,omitempty"`
	Time     time.Time `json:"time"`
}

// Approved is an approval in the ledger.
type Approved struct {
	Run      string   `json:"run"`
	Approval Approval `json:"approval"`
}

// Intent says what is about to be called.
type Intent struct {
	Run  string `json:"run"`
	Step string `json:"step"`
	Undo bool   `json:"undo,omitempty"`
	Call Call   `json:"call"` // as it is sent
}

// Result says what came back.
type Result struct {
	Run  string `json:"run"`
	Step string `json:"step"`
	Undo bool   `json:"undo,omitempty"`
	OK   bool   `json:"ok"`
	// Found says that the effect was found in the world, and no call was made for it.
	Found bool `json:"found,omitempty"`
	// Prior says that the effect was there before the run came to it: it is not this
	// run's, and an undo leaves it alone.
	Prior bool      `json:"prior,omitempty"`
	Reply Reply     `json:"reply,omitzero"`
	Error lang.Text `json:"error,omitzero"`
	// Unsure says that nobody knows whether the call took effect.
	Unsure bool `json:"unsure,omitempty"`
}

// Left is the world as the run left it, at the places that it changed.
type Left struct {
	Run    string  `json:"run"`
	Values []Guard `json:"values"` // After is what was read
}

// Verified is one verification.
type Verified struct {
	Run          string       `json:"run"`
	Verification Verification `json:"verification"`
}

// Undone says that steps were taken back.
type Undone struct {
	Run   string   `json:"run"`
	Steps []string `json:"steps"`
	// Rest is what does not stand as it did before the run.
	Rest []Drift `json:"rest,omitempty"`
}

// StepState says how far a step is.
type StepState string

// The states of a step.
const (
	Open     StepState = "open"
	Intended StepState = "intended" // begun, and nobody recorded how it ended
	Done     StepState = "done"
	Failed   StepState = "failed"
	Undoing  StepState = "undoing" // its undo was begun, and nobody recorded how it ended
	Reverted StepState = "reverted"
	// Prior steps were not needed: somebody had done the same before.
	Prior StepState = "prior"
)

// Run is one carrying-out of a plan, as the ledger tells it.
type Run struct {
	ID       string
	Hash     string
	Plan     Plan
	Explains []string
	Severity finding.Severity
	Probes   []string
	Forecast *Forecast
	ByHand   bool
	Approval *Approval
	// States and Outputs by step id; Outputs hold placeholders' values.
	States  map[string]StepState
	Replies map[string]Reply
	Errors  map[string]lang.Text
	Outputs map[string]string
	Times   map[string]time.Time // of the last result
	Left    []Guard
	// Verification is the last one, nil before the first.
	Verification *Verification
	Undone       *Undone
}

// NewRun starts a run of a plan. The id distinguishes runs of equal plans; tokens
// are made from it.
func NewRun(id string, p Planned) *Run {
	return &Run{
		ID: id, Hash: p.Hash, Plan: p.Plan, Explains: p.Explains, Severity: p.Severity, Probes: p.Probes, Forecast: p.Forecast, ByHand: p.ByHand,
		States: map[string]StepState{}, Replies: map[string]Reply{}, Errors: map[string]lang.Text{}, Outputs: map[string]string{}, Times: map[string]time.Time{},
	}
}

// State is how far a step is.
func (r *Run) State(step string) StepState {
	if s := r.States[step]; s != "" {
		return s
	}
	return Open
}

// Finished reports whether every step is done.
func (r *Run) Finished() bool {
	for _, s := range r.Plan.Steps {
		if state := r.State(s.ID); state != Done && state != Prior {
			return false
		}
	}
	return true
}

// Begun reports whether anything was called, or may have been, and is not taken back.
func (r *Run) Begun() bool {
	for _, s := range r.Plan.Steps {
		switch r.State(s.ID) {
		case Done, Intended, Undoing:
			return true
		}
	}
	return false
}

// Dangling reports whether an intent has no result: a crash, or a lost connection.
func (r *Run) Dangling() bool {
	for _, s := range r.Plan.Steps {
		switch r.State(s.ID) {
		case Intended, Undoing:
			return true
		}
	}
	return false
}

// note takes a result in.
func (r *Run) note(x Result) {
	r.Errors[x.Step] = x.Error
	if !x.Reply.Time.IsZero() {
		r.Times[x.Step] = x.Reply.Time
	}
	switch {
	case x.Unsure: // stays intended, or undoing
	case x.OK && x.Undo:
		r.States[x.Step] = Reverted
	case x.OK && x.Prior:
		r.States[x.Step] = Prior
		r.keep(x)
	case x.OK:
		r.States[x.Step] = Done
		r.keep(x)
	case !x.Undo && len(x.Reply.Outputs) > 0:
		// It made something that then came to a bad end, and that costs money and stands
		// in the way until it is taken back.
		r.States[x.Step] = Done
		r.keep(x)
	case x.Undo:
		r.States[x.Step] = Done // the undo failed: what was done still stands
	default:
		r.States[x.Step] = Failed
	}
}

func (r *Run) keep(x Result) {
	r.Replies[x.Step] = x.Reply
	for path, v := range x.Reply.Outputs {
		r.Outputs[Output(x.Step, path)] = v
	}
}

// Line is one entry of a ledger.
type Line struct {
	Kind string
	Body json.RawMessage
}

// Fold reads the runs out of a ledger's entries, in the order in which they began.
// Entries of other kinds are passed over; one that does not fit is an error that
// names it by its number among lines.
func Fold(lines []Line) ([]*Run, error) {
	var runs []*Run
	find := func(id string) *Run {
		for _, r := range runs {
			if r.ID == id {
				return r
			}
		}
		return nil
	}
	for i, line := range lines {
		into := func(v any) error {
			if err := json.Unmarshal(line.Body, v); err != nil {
				return &lang.Error{Err: err, Say: lang.Both("entry %d (%s) is not readable: %v", "項目 %d（%s）を解釈できない: %v").With(i+1, line.Kind, err)}
			}
			return nil
		}
		missing := func(id string) error {
			return &lang.Error{Say: lang.Both("entry %d (%s) belongs to the run %q, which has no plan before it", "項目 %d（%s）の対象 %q に対応する対処手順の記録がない").With(i+1, line.Kind, id)}
		}
		var err error
		switch line.Kind {
		case KindPlan:
			var x Planned
			if err = into(&x); err == nil {
				if x.Run == "" || find(x.Run) != nil {
					return nil, fmt.Errorf("entry %d (%s): the run %q has a plan already, or no id", i+1, line.Kind, x.Run)
				}
				runs = append(runs, NewRun(x.Run, x))
			}
		case KindApproval:
			var x Approved
			if err = into(&x); err == nil {
				r := find(x.Run)
				if r == nil {
					return nil, missing(x.Run)
				}
				r.Approval = &x.Approval
			}
		case KindIntent:
			var x Intent
			if err = into(&x); err == nil {
				r := find(x.Run)
				if r == nil {
					return nil, missing(x.Run)
				}
				r.States[x.Step] = Intended
				if x.Undo {
					r.States[x.Step] = Undoing
				}
			}
		case KindResult:
			var x Result
			if err = into(&x); err == nil {
				r := find(x.Run)
				if r == nil {
					return nil, missing(x.Run)
				}
				r.note(x)
			}
		case KindLeft:
			var x Left
			if err = into(&x); err == nil {
				r := find(x.Run)
				if r == nil {
					return nil, missing(x.Run)
				}
				r.Left = x.Values
			}
		case KindVerification:
			var x Verified
			if err = into(&x); err == nil {
				r := find(x.Run)
				if r == nil {
					return nil, missing(x.Run)
				}
				r.Verification = &x.Verification
			}
		case KindUndone:
			var x Undone
			if err = into(&x); err == nil {
				r := find(x.Run)
				if r == nil {
					return nil, missing(x.Run)
				}
				r.Undone = &x
			}
		}
		if err != nil {
			return nil, err
		}
	}
	return runs, nil
}
