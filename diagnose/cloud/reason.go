package cloud

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"syscall"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/monshin/monshin/diagnose/fact"
)

// errAbsent is what a collector returns where the answer is that there is none.
var errAbsent = errors.New("there is none")

// errUnsupported is what a collector returns where the service says that it cannot
// tell this about such a thing.
type errUnsupported struct{ error }

func (e errUnsupported) Unwrap() error { return e.error }

// outcome is what an error code says about the caller and the endpoint.
type outcome int

const (
	refused outcome = iota + 1
	slowed
	unanswered
	unsupported
	invalidCredentials
)

// codes is the table of the error codes that mean the same in every service.
// Sources: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
// and the common errors of the other services' API references.
var codes = map[string]outcome{
	"AccessDenied": refused, "AccessDeniedException": refused, "UnauthorizedOperation": refused,
	"UnauthorizedAccess": refused, "AuthorizationError": refused, "Client.UnauthorizedOperation": refused,
	"NotAuthorized": refused, "NotAuthorizedException": refused, "ForbiddenException": refused,

	"Throttling": slowed, "ThrottlingException": slowed, "ThrottledException": slowed, "RequestLimitExceeded": slowed,
	"TooManyRequestsException": slowed, "RateExceeded": slowed, "RequestThrottled": slowed, "RequestThrottledException": slowed,
	"EC2ThrottledException": slowed, "SlowDown": slowed,

	// The service failed, also after the retries; it may answer later.
	"InternalError": unanswered, "InternalFailure": unanswered, "InternalServerError": unanswered,
	"InternalServerException": unanswered, "InternalServiceError": unanswered, "ServiceException": unanswered,
	"ServiceUnavailable": unanswered, "ServiceUnavailableException": unanswered, "Unavailable": unanswered,
	"RequestTimeout": unanswered, "RequestTimeoutException": unanswered,

	"UnknownOperationException": unsupported, "UnknownOperation": unsupported, "InvalidAction": unsupported,
	"NotImplemented": unsupported, "UnsupportedOperation": unsupported, "UnsupportedOperationException": unsupported,

	"ExpiredToken": invalidCredentials, "ExpiredTokenException": invalidCredentials, "RequestExpired": invalidCredentials,
	"InvalidClientTokenId": invalidCredentials, "UnrecognizedClientException": invalidCredentials,
	"AuthFailure": invalidCredentials, "IncompleteSignature": invalidCredentials, "IncompleteSignatureException": invalidCredentials,
	"InvalidSignatureException": invalidCredentials, "SignatureDoesNotMatch": invalidCredentials,
	"MissingAuthenticationToken": invalidCredentials, "MissingAuthenticationTokenException": invalidCredentials,
}

// unknownError is the code that the SDK gives to an error without one.
const unknownError = "UnknownError"

// classify says why a request did not give an answer, and whether the reason is
// that the credentials are no longer (or never were) valid.
func classify(err error) (reason fact.Reason, expired bool) {
	var unsupportedThing errUnsupported
	var credentials *credentialsError
	var api smithy.APIError
	var response *smithyhttp.ResponseError
	var name *net.DNSError
	status := 0
	if errors.As(err, &response) {
		status = response.HTTPStatusCode()
	}
	code := ""
	if errors.As(err, &api) && api.ErrorCode() != unknownError {
		code = api.ErrorCode()
	}
	switch {
	case errors.As(err, &unsupportedThing):
		return fact.NotSupported, false
	case errors.As(err, &credentials):
		return "", true
	case status == http.StatusNotImplemented:
		return fact.NotSupported, false
	case code != "":
		switch codes[code] {
		case refused:
			return fact.Denied, false
		case slowed:
			return fact.Throttled, false
		case unanswered:
			return fact.Timeout, false
		case invalidCredentials:
			return "", true
		}
		return fact.NotSupported, false
	case status == http.StatusForbidden:
		return fact.Denied, false
	case status == http.StatusTooManyRequests:
		return fact.Throttled, false
	case status != 0:
		return fact.NotSupported, false // a page of HTML, or of nothing
	case errors.As(err, &name) && name.IsNotFound:
		return fact.NotSupported, false // the service has no endpoint in this region
	case isTimeout(err):
		return fact.Timeout, false
	}
	return fact.NotSupported, false
}

// isTimeout reports whether there was no answer: in time, or because nobody listens.
func isTimeout(err error) bool {
	var network net.Error
	var operation *net.OpError
	var sending *smithyhttp.RequestSendError
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) ||
		errors.As(err, &network) && network.Timeout() ||
		errors.As(err, &sending) && (errors.Is(sending, io.EOF) || errors.Is(sending, io.ErrUnexpectedEOF)) || // hung up on
		errors.As(err, &operation) || errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ECONNRESET)
}

// hasCode reports whether a service answered with one of these codes.
func hasCode(err error, codes ...string) bool {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return false
	}
	for _, c := range codes {
		if api.ErrorCode() == c {
			return true
		}
	}
	return false
}

// onResource finds the ARN in "… is not authorized to perform: x on resource: arn:…".
var onResource = regexp.MustCompile(`on resource: (arn:[^\s"]+)`)

// maxDetail is how many runes of a service's message are kept. EC2 appends to its
// refusals a coded text of some thousand characters, which tells an operator nothing.
const maxDetail = 300

// whyNot explains a failed part. action is what the part is read with, for errors
// that do not tell the operation themselves.
func whyNot(err error, action, resource string, s *sheet) (why fact.Why, expired bool) {
	var operation *smithy.OperationError
	if errors.As(err, &operation) {
		action = actionOf(operation.Service(), operation.Operation())
	}
	// A deadline during the pause before a retry says less than what the retry was for.
	if errors.Is(err, context.DeadlineExceeded) {
		if last := s.failure(action); last != nil {
			err = last
		}
	}
	reason, expired := classify(err)
	detail := message(err)
	why = fact.Why{Reason: reason, Action: action, Resource: resource, Detail: clean(Mask(detail), maxDetail)}
	if m := onResource.FindStringSubmatch(detail); m != nil {
		why.Resource = clean(m[1], maxDetail)
	}
	return why, expired
}

// message is what came back, in the service's own words where it has any.
func message(err error) string {
	var api smithy.APIError
	var undecodable *smithy.DeserializationError
	var response *smithyhttp.ResponseError
	answered := "" // "HTTP 500 Internal Server Error"
	if errors.As(err, &response) && response.HTTPStatusCode() != 0 {
		answered = strings.TrimSpace(fmt.Sprintf("HTTP %d %s", response.HTTPStatusCode(), http.StatusText(response.HTTPStatusCode())))
	}
	switch {
	case errors.As(err, &api) && api.ErrorCode() == unknownError:
		return answered
	case errors.As(err, &api):
		parts := []string{api.ErrorCode()}
		if m := api.ErrorMessage(); m != "" && m != api.ErrorCode() {
			parts = append(parts, m)
		}
		return strings.Join(parts, ": ")
	case errors.As(err, &undecodable):
		text := answered + ": " + undecodable.Err.Error()
		if len(undecodable.Snapshot) > 0 {
			text += ": " + string(undecodable.Snapshot)
		}
		return text
	case errors.Is(err, context.DeadlineExceeded):
		return "no answer before the deadline"
	case answered != "":
		return answered + ": " + response.Err.Error()
	}
	return err.Error()
}

// credentialsError says that a request was not sent because the credentials for it
// could not be had.
type credentialsError struct{ err error }

func (e *credentialsError) Error() string { return "credentials: " + e.err.Error() }
func (e *credentialsError) Unwrap() error { return e.err }

// credentialsOf marks the failures of a provider as such.
type credentialsOf struct{ aws.CredentialsProvider }

func (c credentialsOf) Retrieve(ctx context.Context) (aws.Credentials, error) {
	v, err := c.CredentialsProvider.Retrieve(ctx)
	if err != nil && ctx.Err() == nil {
		err = &credentialsError{err}
	}
	return v, err
}

// ProviderSources keeps the user agent's note on where credentials are from.
func (c credentialsOf) ProviderSources() []aws.CredentialSource {
	if p, ok := c.CredentialsProvider.(aws.CredentialProviderSource); ok {
		return p.ProviderSources()
	}
	return nil
}

func marked(p aws.CredentialsProvider) aws.CredentialsProvider {
	if p == nil || aws.IsCredentialsProvider(p, (*aws.AnonymousCredentials)(nil)) {
		return p
	}
	return credentialsOf{p}
}
