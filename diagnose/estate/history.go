package estate

import (
	"fmt"
	"strings"
	"time"
)

// TrailQuery asks CloudTrail for management events by one attribute, which is
// all that LookupEvents takes.
type TrailQuery struct {
	// Attribute is ResourceName, EventName, EventSource or Username.
	Attribute string
	Value     string
	// Since limits how far back to look; zero is the whole history (90 days).
	Since time.Time
}

// String writes the query as a part id: "ResourceName=i-…" or
// "ResourceName=vpc-…@2026-11-20T15:21:07Z".
func (q TrailQuery) String() string {
	s := q.Attribute + "=" + q.Value
	if !q.Since.IsZero() {
		s += "@" + q.Since.UTC().Format(time.RFC3339)
	}
	return s
}

// ParseTrailQuery reads what String wrote.
func ParseTrailQuery(s string) (TrailQuery, error) {
	attribute, rest, ok := strings.Cut(s, "=")
	if !ok || attribute == "" || rest == "" {
		return TrailQuery{}, fmt.Errorf("%q is not a CloudTrail query (Attribute=value@since)", s)
	}
	q := TrailQuery{Attribute: attribute, Value: rest}
	if i := strings.LastIndexByte(rest, '@'); i >= 0 {
		t, err := time.Parse(time.RFC3339, rest[i+1:])
		if err != nil {
			return TrailQuery{}, fmt.Errorf("%q is not a CloudTrail query: %w", s, err)
		}
		q.Value, q.Since = rest[:i], t
	}
	return q, nil
}

// Trail is what CloudTrail's event history holds for a query, oldest first.
type Trail struct {
	Events []TrailEvent `json:"events"`
	// From and To bound what was searched.
	From time.Time `json:"from,omitzero"`
	To   time.Time `json:"to"`
	// Complete is false where monshin stopped before the last page.
	Complete bool `json:"complete"`
}

// TrailEvent is one event, reduced to what judgements and reports need.
type TrailEvent struct {
	ID     string    `json:"id"`
	Time   time.Time `json:"time"`
	Name   string    `json:"name"`   // TerminateInstances
	Source string    `json:"source"` // ec2.amazonaws.com
	// ReadOnly is CloudTrail's readOnly.
	ReadOnly bool   `json:"read_only,omitempty"`
	Actor    Actor  `json:"actor"`
	Error    string `json:"error,omitempty"` // errorCode
	ErrorMsg string `json:"error_message,omitempty"`
	// RequestID is the AWS request id of the call that made the event.
	RequestID string  `json:"request_id,omitempty"`
	Resources []Named `json:"resources,omitempty"`
	// Launch holds the instance as RunInstances made it, for a RunInstances event
	// and for the instance that the query asked for.
	Launch *Instance `json:"launch,omitempty"`
	// Params are the request parameters that monshin reads, flat ("dhcpOptionsId",
	// "documentName"); never whole documents, which can hold secrets.
	Params map[string]string `json:"params,omitempty"`
}

// Named is a resource as CloudTrail lists it.
type Named struct {
	Type string `json:"type,omitempty"`
	Name string `json:"name"`
}

// Actor is who made a call, from userIdentity.
type Actor struct {
	Type      string `json:"type,omitempty"` // AssumedRole, IAMUser, AWSService, Root, …
	ARN       string `json:"arn,omitempty"`
	Account   string `json:"account,omitempty"`
	Name      string `json:"name,omitempty"`       // userName, or the session name
	Issuer    string `json:"issuer,omitempty"`     // sessionIssuer.userName: the role
	InvokedBy string `json:"invoked_by,omitempty"` // license-manager-user-subscriptions.amazonaws.com
	SourceIP  string `json:"source_ip,omitempty"`
	UserAgent string `json:"user_agent,omitempty"`
}

// Commands are Run Command invocations on one instance, newest first.
type Commands struct {
	Invocations []Invocation `json:"invocations"`
	Complete    bool         `json:"complete"`
}

// Invocation is one run of a command on the instance. Output and Error are
// masked (passwords, keys, tokens) before they are kept.
type Invocation struct {
	CommandID string    `json:"command_id"`
	Document  string    `json:"document"`
	Requested time.Time `json:"requested"`
	Status    string    `json:"status"`
	// Details is StatusDetails: Success, Failed, DeliveryTimedOut, …
	Details      string `json:"details,omitempty"`
	Comment      string `json:"comment,omitempty"`
	ServiceRole  string `json:"service_role,omitempty"`
	ResponseCode int    `json:"response_code"`
	Output       string `json:"output,omitempty"`
	Error        string `json:"error,omitempty"`
	// Truncated says that AWS or the agent cut the output.
	Truncated bool `json:"truncated,omitempty"`
}
