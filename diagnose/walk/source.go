// Package walk runs a decision tree: it asks for the parts that the tree's probes
// need, judges each probe again whenever a part it read arrives, orders and
// explains the findings, and tells what happens as events.
package walk

import (
	"context"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
)

// Source gives parts: a live account, a lab, a recording.
type Source interface {
	// Collect reads the parts with these keys and calls done once for each, from
	// any goroutine, in any order, before it returns. A part that cannot be had is
	// unknown with its reason, never an error. Collect returns early when ctx ends;
	// what it did not deliver stays open.
	Collect(ctx context.Context, keys []estate.Key, done func(Got))
	// Name is the "source" of monshin.diagnosis/v1: "aws", "lab:NAME", "recording", "recording:lab:NAME".
	Name() string
}

// Got is one part as a source delivered it.
type Got struct {
	Part estate.Part
	// Calls are the operations that were sent for it. A call that served several
	// parts is listed with the first of them only.
	Calls []Call
	// Depth is the longest chain of dependent operations among Calls, or of the call
	// that it shared; later pages and retries do not deepen it. At least 1 for a part
	// that was read over the network, 0 for one that was at hand.
	Depth int
	// Ran is the script that ran inside Windows for it, nil where none did. One that
	// served several parts stands with the first of them only.
	Ran *Script
	// Expired says that the credentials ran out. Part is then not used: the walk
	// pauses, and asks again when it goes on.
	Expired error
}

// Script is a script as it ran inside Windows.
type Script struct {
	// CommandID is Run Command's, Sent when it was sent.
	CommandID string
	Sent      time.Time
	// SHA256 is the digest of its exact text, in hex.
	SHA256 string
	// Output is the beginning of what it printed, masked; OutputSHA256 is the digest of
	// all that arrived, in hex.
	Output, OutputSHA256 string
	// Parts are what it told.
	Parts []estate.Key
}

// Call is one operation as it was sent.
type Call struct {
	Operation string        `json:"operation"` // spelled as the IAM action: "ec2:DescribeVpcs"
	Time      time.Time     `json:"time"`
	Took      time.Duration `json:"took"`
	RequestID string        `json:"request_id,omitempty"`
	// Error is the error code that came back, "" for success.
	Error string `json:"error,omitempty"`
	// Again says why this is not the first request of its operation: "page", "retry" or "".
	Again string `json:"again,omitempty"`
}
