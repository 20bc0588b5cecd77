package cloud

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"

	"github.com/monshin/monshin/diagnose/walk"
)

// sheet notes what was sent for one part.
type sheet struct {
	mu    sync.Mutex
	calls []walk.Call
	// depth is the longest chain of dependent operations so far.
	depth int
	// failures are the errors of the last failed attempt, by action. A deadline that
	// ends during a pause between attempts would hide them.
	failures map[string]error
}

func (s *sheet) note(c walk.Call, depth int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, c)
	s.depth = max(s.depth, depth)
	if s.failures == nil {
		s.failures = map[string]error{}
	}
	s.failures[c.Operation] = err
}

// deepen notes a chain of operations that another part's sheet holds.
func (s *sheet) deepen(depth int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.depth = max(s.depth, depth)
}

// add takes over what another sheet holds, made behind a chain of above operations.
func (s *sheet) add(o *sheet, above int) {
	o.mu.Lock()
	calls, depth, failures := o.calls, o.depth, o.failures
	o.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, calls...)
	if depth > 0 {
		s.depth = max(s.depth, above+depth)
	}
	for action, err := range failures {
		if s.failures == nil {
			s.failures = map[string]error{}
		}
		s.failures[action] = err
	}
}

func (s *sheet) failure(action string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failures[action]
}

// requestID is that of the last answer to an action, else of the last answer at all.
func (s *sheet) requestID(action string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := ""
	own := false
	for _, c := range s.calls {
		if c.RequestID != "" && (c.Operation == action || !own) {
			id, own = c.RequestID, c.Operation == action
		}
	}
	return id
}

func (s *sheet) all() ([]walk.Call, int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls, s.depth
}

// What a context carries for the requests made with it.
type (
	sheetKey   struct{}
	depthKey   struct{}
	pageKey    struct{}
	attemptKey struct{}
	sinceKey   struct{}
)

func onSheet(ctx context.Context, s *sheet) context.Context {
	return context.WithValue(context.WithValue(ctx, sheetKey{}, s), depthKey{}, 1)
}

func sheetOf(ctx context.Context) *sheet {
	if s, ok := ctx.Value(sheetKey{}).(*sheet); ok {
		return s
	}
	return &sheet{} // requests outside of a part, of which nobody keeps a record
}

func depthOf(ctx context.Context) int {
	if d, ok := ctx.Value(depthKey{}).(int); ok {
		return d
	}
	return 1
}

// deeper is the context of requests that depend on the answer to those made with ctx.
func deeper(ctx context.Context) context.Context {
	return context.WithValue(ctx, depthKey{}, depthOf(ctx)+1)
}

// observe adds to an SDK stack what every request needs: a slot, and an entry on
// the sheet. It stands last in Finalize, inside the retry loop and behind signing,
// so that it sees exactly what is sent.
func (s *Source) observe(stack *middleware.Stack) error {
	count := middleware.InitializeMiddlewareFunc("MonshinOperation", func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
		return next.HandleInitialize(context.WithValue(ctx, attemptKey{}, new(int)), in)
	})
	if err := stack.Initialize.Add(count, middleware.Before); err != nil {
		return err
	}
	if err := stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("MonshinAnswer", checkAnswer), middleware.After); err != nil {
		return err
	}
	return stack.Finalize.Add(middleware.FinalizeMiddlewareFunc("MonshinAttempt", s.attempt), middleware.After)
}

func (s *Source) attempt(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (out middleware.FinalizeOutput, metadata middleware.Metadata, err error) {
	action := actionOf(awsmiddleware.GetServiceID(ctx), awsmiddleware.GetOperationName(ctx))
	if action == "cloudtrail:LookupEvents" && s.pace != nil {
		if err := s.pace.Wait(ctx); err != nil {
			return out, metadata, errors.Join(context.DeadlineExceeded, err)
		}
	}
	release, err := s.slots.take(ctx, awsmiddleware.GetServiceID(ctx)+"/"+awsmiddleware.GetRegion(ctx))
	if err != nil {
		return out, metadata, err
	}
	defer release()

	call := walk.Call{Operation: action, Time: s.now()}
	if ctx.Value(pageKey{}) != nil {
		call.Again = "page"
	}
	if n, ok := ctx.Value(attemptKey{}).(*int); ok {
		if *n++; *n > 1 {
			call.Again = "retry"
		}
	}
	start := time.Now()
	out, metadata, err = next.HandleFinalize(ctx, in)
	call.Took = time.Since(start)
	call.RequestID = clean(requestID(metadata, err), 128)
	call.Error = clean(errorCode(err), 128)
	sheetOf(ctx).note(call, depthOf(ctx), err)
	return out, metadata, err
}

func requestID(metadata middleware.Metadata, err error) string {
	if id, ok := awsmiddleware.GetRequestIDMetadata(metadata); ok {
		return id
	}
	if response := (*awshttp.ResponseError)(nil); errors.As(err, &response) {
		return response.ServiceRequestID()
	}
	return ""
}

// errorCode is the service's code, or a word for what happened instead of an answer.
func errorCode(err error) string {
	var api smithy.APIError
	var undecodable *smithy.DeserializationError
	switch {
	case err == nil:
		return ""
	case errors.As(err, &api):
		return api.ErrorCode()
	case errors.Is(err, context.Canceled):
		return "cancelled"
	case isTimeout(err):
		return "timeout"
	case errors.As(err, &undecodable):
		return "undecodable"
	}
	return "failed"
}

// actionOf spells an operation as its IAM action.
func actionOf(serviceID, operation string) string {
	prefix, ok := map[string]string{
		"Directory Service":                  "ds",
		"License Manager User Subscriptions": "license-manager-user-subscriptions",
	}[serviceID]
	if !ok {
		prefix = strings.ToLower(strings.ReplaceAll(serviceID, " ", ""))
	}
	return prefix + ":" + operation
}

// slots bounds the requests under way, for each service and region by itself.
type slots struct {
	limit int
	mu    sync.Mutex
	of    map[string]chan struct{}
}

func (s *slots) take(ctx context.Context, name string) (release func(), err error) {
	s.mu.Lock()
	slot, ok := s.of[name]
	if !ok {
		if s.of == nil {
			s.of = map[string]chan struct{}{}
		}
		slot = make(chan struct{}, s.limit)
		s.of[name] = slot
	}
	s.mu.Unlock()
	select {
	case slot <- struct{}{}:
		return func() { <-slot }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
