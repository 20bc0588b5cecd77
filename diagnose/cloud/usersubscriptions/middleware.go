package usersubscriptions

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// maxBody bounds what is read of an answer. A page of the longest lists is far
// below it; what is longer does not come from this service.
const maxBody = 16 << 20

type member struct {
	name string
	set  bool
}

// required tells which members of an input are missing, like the SDK does.
func required(input string, members ...member) error {
	invalid := smithy.InvalidParamsError{Context: input}
	for _, m := range members {
		if !m.set {
			invalid.Add(smithy.NewErrParamRequired(m.name))
		}
	}
	if invalid.Len() > 0 {
		return invalid
	}
	return nil
}

func errResult(got, want any) error { return fmt.Errorf("the answer is a %T, not a %T", got, want) }

type inputValidation struct{ op operation }

func (*inputValidation) ID() string { return "OperationInputValidation" }

func (m *inputValidation) HandleInitialize(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
	if m.op.validate != nil {
		if err := m.op.validate(in.Parameters); err != nil {
			return middleware.InitializeOutput{}, middleware.Metadata{}, err
		}
	}
	return next.HandleInitialize(ctx, in)
}

type serializer struct {
	op      operation
	options Options
}

func (*serializer) ID() string { return "OperationSerializer" }

func (m *serializer) HandleSerialize(ctx context.Context, in middleware.SerializeInput, next middleware.SerializeHandler) (out middleware.SerializeOutput, metadata middleware.Metadata, err error) {
	fail := func(err error) (middleware.SerializeOutput, middleware.Metadata, error) {
		return out, metadata, &smithy.SerializationError{Err: err}
	}
	request, ok := in.Request.(*smithyhttp.Request)
	if !ok {
		return fail(fmt.Errorf("unknown transport type %T", in.Request))
	}
	endpoint, err := m.options.endpoint()
	if err != nil {
		return fail(err)
	}
	value, err := m.op.encode(in.Parameters)
	if err != nil {
		return fail(err)
	}
	body, err := json.Marshal(value)
	if err != nil {
		return fail(err)
	}
	request.Method = "POST"
	request.URL = joined(endpoint, m.op.path)
	request.Header.Set("Content-Type", "application/json")
	if request, err = request.SetStream(bytes.NewReader(body)); err != nil {
		return fail(err)
	}
	in.Request = request
	return next.HandleSerialize(ctx, in)
}

// joined puts an operation's path behind whatever path the endpoint has.
func joined(endpoint *url.URL, path string) *url.URL {
	u := *endpoint
	u.Path = strings.TrimSuffix(u.Path, "/") + path
	u.RawPath = ""
	return &u
}

type signer struct {
	options Options
	skew    *atomic.Int64
}

func (*signer) ID() string { return "Signing" }

func (m *signer) HandleFinalize(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (out middleware.FinalizeOutput, metadata middleware.Metadata, err error) {
	if m.options.Credentials == nil || aws.IsCredentialsProvider(m.options.Credentials, (*aws.AnonymousCredentials)(nil)) {
		return next.HandleFinalize(ctx, in)
	}
	request, ok := in.Request.(*smithyhttp.Request)
	if !ok {
		return out, metadata, &v4.SigningError{Err: fmt.Errorf("unknown transport type %T", in.Request)}
	}
	credentials, err := m.options.Credentials.Retrieve(ctx)
	if err != nil {
		return out, metadata, fmt.Errorf("get identity: get credentials: %w", err)
	}
	at := time.Now().Add(time.Duration(m.skew.Load()))
	err = m.options.HTTPSignerV4.SignHTTP(ctx, credentials, request.Request, v4.GetPayloadHash(ctx), signingName, m.options.Region, at)
	if err != nil {
		return out, metadata, &v4.SigningError{Err: err}
	}
	return next.HandleFinalize(ctx, in)
}

type deserializer struct{ op operation }

func (*deserializer) ID() string { return "OperationDeserializer" }

func (m *deserializer) HandleDeserialize(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
	out, metadata, err := next.HandleDeserialize(ctx, in)
	response, ok := out.RawResponse.(*smithyhttp.Response)
	if !ok {
		if err == nil {
			err = &smithy.DeserializationError{Err: fmt.Errorf("unknown transport type %T", out.RawResponse)}
		}
		return out, metadata, err
	}
	defer response.Body.Close()
	if err != nil {
		return out, metadata, err
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxBody))
	if err != nil {
		return out, metadata, &smithy.DeserializationError{Err: fmt.Errorf("reading the answer: %w", err)}
	}
	if response.StatusCode < 200 || response.StatusCode >= 300 {
		return out, metadata, decodeError(response.StatusCode, response.Header.Get("X-Amzn-ErrorType"), body)
	}
	if out.Result, err = m.op.decode(body); err != nil {
		return out, metadata, &smithy.DeserializationError{Err: err, Snapshot: snapshot(body)}
	}
	return out, metadata, nil
}

// decodeError reads an error answer of rest-json: the code stands in the header
// X-Amzn-ErrorType, else in "__type" or "code" of the body
// (https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html#operation-error-serialization).
func decodeError(status int, header string, body []byte) error {
	var answer struct {
		Type    string `json:"__type"`
		Code    any    `json:"code"`
		Message string `json:"message"`
	}
	err := unmarshal(body, &answer)
	code := header
	if code == "" {
		code = answer.Type
	}
	if s, ok := answer.Code.(string); ok && code == "" {
		code = s
	}
	code = shortCode(code)
	if code == "" && err != nil {
		return &smithy.DeserializationError{
			Err: fmt.Errorf("the answer with HTTP status %d is not JSON: %w", status, err), Snapshot: snapshot(body),
		}
	}
	fault := smithy.FaultClient
	if status >= 500 {
		fault = smithy.FaultServer
	}
	if code == "" {
		code = "UnknownError"
	}
	return &smithy.GenericAPIError{Code: code, Message: answer.Message, Fault: fault}
}

// shortCode strips the namespace and the URI that services put around a code:
// "com.amazon#AccessDeniedException:http://…".
func shortCode(code string) string {
	code, _, _ = strings.Cut(code, ":")
	if i := strings.LastIndexByte(code, '#'); i >= 0 {
		code = code[i+1:]
	}
	return strings.TrimSpace(code)
}

// snapshot keeps the beginning of an answer that could not be read, as much as the SDK keeps.
func snapshot(body []byte) []byte { return body[:min(len(body), 1024)] }
