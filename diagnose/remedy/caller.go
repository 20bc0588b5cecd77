package remedy

import (
	"context"
	"encoding/json"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/lang"
)

// Caller makes the calls of plans: a live account, a lab.
type Caller interface {
	// DryRun asks EC2 whether a call would be allowed, without making it. Operations
	// that have no DryRun come back as NotAsked.
	DryRun(ctx context.Context, c Call) DryRun
	// Do makes a call and waits for its end where the operation only starts something
	// (a command, an automation, a Resolver endpoint). progress, which may be nil, is
	// told what is waited for. An error is a *Failure.
	Do(ctx context.Context, c Call, progress func(lang.Text)) (Reply, error)
	// Find looks for what a call whose answer was lost may have made: by its token or
	// by monshin's tag. found is false where the world holds nothing of it, which
	// is only said when that could be read.
	Find(ctx context.Context, c Call) (r Reply, found bool, err error)
}

// Reader reads parts afresh: no answer of it is older than the call.
type Reader interface {
	Read(ctx context.Context, keys []estate.Key) (map[estate.Key]fact.Fact, error)
}

// Ledger keeps what happens to a plan. Append returns when the entry is on disk.
type Ledger interface {
	Append(kind string, body any) error
}

// Reply is what a call answered.
type Reply struct {
	// Outputs are the values of Call.Outputs, by their paths.
	Outputs   map[string]string `json:"outputs,omitempty"`
	RequestID string            `json:"request_id,omitempty"`
	Time      time.Time         `json:"time,omitzero"`
	// Said is what a script inside Windows or an automation reported, masked.
	Said json.RawMessage `json:"said,omitempty"`
}

// DryRun is what EC2 said to a dry run.
type DryRun struct {
	// Verdict is DryAllowed, DryRefused or NotAsked.
	Verdict DryVerdict `json:"verdict"`
	Detail  string     `json:"detail,omitempty"`
}

// DryVerdict is the outcome of a dry run.
type DryVerdict string

// The outcomes of a dry run.
const (
	DryAllowed DryVerdict = "allowed"
	DryRefused DryVerdict = "refused"
	NotAsked   DryVerdict = "not-asked"
)

// Failure is a call that did not answer with success.
type Failure struct {
	Call Call
	Why  fact.Why
	// Unsure says that the call may have taken effect: no answer came.
	Unsure bool
	// Harmless says that AWS refused because the effect is there already (a duplicate
	// rule): the step is as good as done.
	Harmless bool
	Err      error
}

func (f *Failure) Error() string { return f.Said().En }

// Unwrap returns what came back.
func (f *Failure) Unwrap() error { return f.Err }

// Said tells what was tried and what came back.
func (f *Failure) Said() lang.Text {
	on := f.Why.Resource
	if on == "" {
		on = "-"
	}
	return lang.Both("%[1]s on %[2]s failed: %[3]s", "%[2]s に対する %[1]s が失敗（%[3]s）").With(f.Call.Operation, on, f.Why.String())
}
