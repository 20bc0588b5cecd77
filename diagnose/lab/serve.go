package lab

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"net"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// hang is how long one attempt of a timeout fault waits before it counts as a
// connection timeout. Eight of them with their pauses stay inside the deadline
// that a caller gives one part, and are long enough to be seen on a screen.
const hang = 500 * time.Millisecond

// callKey is where one call of a client travels in the context of its attempts.
type callKey struct{}

// clientCall is one call of a client, which may take several attempts.
type clientCall struct {
	in any
	// done says that an attempt took effect whose answer was lost.
	done bool
}

// install puts the lab into one operation's stack.
func (l *Lab) install(stack *middleware.Stack) error {
	capture := middleware.InitializeMiddlewareFunc("LabCapture",
		func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
			return next.HandleInitialize(middleware.WithStackValue(ctx, callKey{}, &clientCall{in: in.Parameters}), in)
		})
	if err := stack.Initialize.Add(capture, middleware.After); err != nil {
		return err
	}
	// First in Deserialize: the SDK's own deserialiser would want HTTP.
	return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("LabAnswer",
		func(ctx context.Context, _ middleware.DeserializeInput, _ middleware.DeserializeHandler) (out middleware.DeserializeOutput, md middleware.Metadata, err error) {
			out.Result, md, err = l.attempt(ctx)
			return out, md, err
		}), middleware.Before)
}

// request is one call as the world sees it.
type request struct {
	action string
	region string
	in     any
	// scope binds a page token to the operation and everything it was asked.
	scope string
	// id is the request id.
	id string
	// told says that the operation has written its own event of CloudTrail.
	told bool
}

// dry reports whether EC2 is asked only whether it would.
func (r *request) dry() bool {
	v := reflect.ValueOf(r.in)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct {
		return false
	}
	f := v.Elem().FieldByName("DryRun")
	on, ok := reflect.Value{}, f.IsValid() && f.Kind() == reflect.Pointer && !f.IsNil()
	if ok {
		on = f.Elem()
	}
	return ok && on.Kind() == reflect.Bool && on.Bool()
}

// attempt answers one attempt of a request.
func (l *Lab) attempt(ctx context.Context) (any, middleware.Metadata, error) {
	var md middleware.Metadata
	service, name := awsmiddleware.GetServiceID(ctx), awsmiddleware.GetOperationName(ctx)
	op, known := l.operations[actionOf(service, name)]
	if !known {
		return nil, md, fmt.Errorf("lab: unfaked %s:%s", service, name)
	}
	c, ok := middleware.GetStackValue(ctx, callKey{}).(*clientCall)
	if !ok {
		return nil, md, fmt.Errorf("lab: %s:%s came without its input", service, name)
	}
	req := &request{action: actionOf(service, name), region: awsmiddleware.GetRegion(ctx), in: c.in}
	whole, scope := fingerprint(req)
	n := l.attempts.next(whole)
	id := requestID(whole, n)
	req.scope, req.id = scope, id
	awsmiddleware.SetRequestIDMetadata(&md, id)

	if err := sleep(ctx, l.options.Latency); err != nil {
		return nil, md, err
	}
	out, err := l.answer(ctx, op, req, c, whole, n)
	l.note(op, req, err)
	if err != nil {
		return nil, md, asResponse(err, service, id)
	}
	return out, md, nil
}

func (l *Lab) answer(ctx context.Context, op operation, req *request, c *clientCall, whole string, n int) (any, error) {
	late := false
	for _, f := range l.options.Faults {
		switch {
		case f.kind == throttleFault:
			if l.chance(whole, n) < f.rate {
				return nil, throttled(req.action)
			}
		case f.kind == denyFault:
			for _, action := range append([]string{req.action}, op.also...) {
				if f.hits(action) {
					return nil, l.world.refuse(req.action, action)
				}
			}
		case !f.hits(req.action):
		case f.kind == timeoutFault:
			return nil, timedOut(ctx)
		case f.kind == lateFault:
			late = late || op.changes && !req.dry()
		case f.kind == emptyFault:
			return op.empty(), nil
		}
	}
	if !late {
		return l.perform(op, req)
	}
	// The first attempt takes effect and its answer is lost; those after it do not get
	// through at all.
	if !c.done {
		if out, err := l.perform(op, req); err != nil {
			return out, err
		}
		c.done = true
	}
	return nil, timedOut(ctx)
}

// timedOut is a connection that nobody answers, after its time.
func timedOut(ctx context.Context) error {
	if err := sleep(ctx, hang); err != nil {
		return err
	}
	return &smithyhttp.RequestSendError{Err: &net.OpError{Op: "dial", Net: "tcp", Err: timeoutError{}}}
}

// chance is a number in [0, 1) that belongs to the n-th attempt of a request.
func (l *Lab) chance(whole string, n int) float64 {
	h := fnv.New64a()
	fmt.Fprintf(h, "%d\x00%s\x00%d", l.options.Seed, whole, n)
	// FNV's high bits move little for a short tail; one round of mixing spreads them.
	x := h.Sum64()
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	return float64(x>>11) / (1 << 53)
}

// attempts counts how often each request was tried.
type attempts struct {
	mu   sync.Mutex
	seen map[string]int // guarded by mu
}

func (a *attempts) next(whole string) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.seen == nil {
		a.seen = map[string]int{}
	}
	a.seen[whole]++
	return a.seen[whole]
}

// fingerprint names a request: whole with everything in it, scope without the
// place in a list and the page size.
func fingerprint(r *request) (whole, scope string) {
	in := reflect.New(reflect.TypeOf(r.in).Elem()).Elem()
	in.Set(reflect.ValueOf(r.in).Elem())
	whole = r.action + "@" + r.region + string(mustJSON(in.Interface()))
	for _, name := range []string{"NextToken", "Marker", "MaxResults", "MaxItems", "Limit"} {
		if f := in.FieldByName(name); f.IsValid() {
			f.SetZero()
		}
	}
	h := fnv.New64a()
	h.Write([]byte(r.action + "@" + r.region))
	h.Write(mustJSON(in.Interface()))
	return whole, hex.EncodeToString(h.Sum(nil))
}

func mustJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic("lab: an input of the SDK is not JSON: " + err.Error())
	}
	return b
}

// requestID makes an id in AWS's form that is the same in every run.
func requestID(whole string, n int) string {
	return uuid(fmt.Sprintf("request\x00%s\x00%d", whole, n))
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// timeoutError is what a connection that nobody answers comes to.
type timeoutError struct{}

func (timeoutError) Error() string   { return "i/o timeout" }
func (timeoutError) Timeout() bool   { return true }
func (timeoutError) Temporary() bool { return true }

// services says how each service names itself to the SDK, in IAM, and to a user
// whom it refuses.
var services = []struct{ id, prefix, denied, throttled string }{
	{"EC2", "ec2", "UnauthorizedOperation", "RequestLimitExceeded"},
	{"SSM", "ssm", "AccessDeniedException", "ThrottlingException"},
	{"KMS", "kms", "AccessDeniedException", "ThrottlingException"},
	{"IAM", "iam", "AccessDenied", "Throttling"},
	{"STS", "sts", "AccessDenied", "Throttling"},
	{"CloudTrail", "cloudtrail", "AccessDeniedException", "ThrottlingException"},
	{"Route53Resolver", "route53resolver", "AccessDeniedException", "ThrottlingException"},
	{"Directory Service", "ds", "AccessDeniedException", "ThrottlingException"},
	{"License Manager User Subscriptions", "license-manager-user-subscriptions", "AccessDeniedException", "ThrottlingException"},
}

// actionOf spells an operation as its IAM action.
func actionOf(service, operation string) string {
	for _, s := range services {
		if s.id == service {
			return s.prefix + ":" + operation
		}
	}
	return service + ":" + operation
}

func codesOf(action string) (denied, throttled string) {
	prefix, _, _ := strings.Cut(action, ":")
	for _, s := range services {
		if s.prefix == prefix {
			return s.denied, s.throttled
		}
	}
	return "AccessDenied", "Throttling"
}

func throttled(action string) error {
	_, code := codesOf(action)
	if code == "RequestLimitExceeded" {
		return fail(code, "Request limit exceeded.")
	}
	return fail(code, "Rate exceeded")
}

// fail makes an error as AWS answers it.
func fail(code, format string, args ...any) error {
	return &smithy.GenericAPIError{Code: code, Message: fmt.Sprintf(format, args...), Fault: smithy.FaultClient}
}

// asResponse puts an error of AWS into the envelope in which the SDK delivers it,
// with its HTTP status and request id. Other errors pass.
func asResponse(err error, service, id string) error {
	var api *smithy.GenericAPIError
	if !errors.As(err, &api) {
		return err
	}
	header := http.Header{"X-Amzn-Requestid": []string{id}}
	return &awshttp.ResponseError{RequestID: id, ResponseError: &smithyhttp.ResponseError{
		Response: &smithyhttp.Response{Response: &http.Response{StatusCode: statusOf(service, api.Code), Header: header, Body: http.NoBody}},
		Err:      err,
	}}
}

func statusOf(service, code string) int {
	xml := slices.Contains([]string{"EC2", "IAM", "STS"}, service)
	switch {
	case code == "RequestLimitExceeded":
		return http.StatusServiceUnavailable
	case code == "DryRunOperation":
		return http.StatusPreconditionFailed
	case xml && (code == "UnauthorizedOperation" || code == "AccessDenied"):
		return http.StatusForbidden
	case code == "NoSuchEntity":
		return http.StatusNotFound
	case service == "IAM" && slices.Contains([]string{"EntityAlreadyExists", "DeleteConflict", "LimitExceeded"}, code):
		return http.StatusConflict
	}
	return http.StatusBadRequest
}
