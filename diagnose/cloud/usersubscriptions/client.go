// Package usersubscriptions is a client of License Manager user-based
// subscriptions: the list operations that a diagnosis needs, and the four that
// subscribe and associate a user and take that back.
//
// The official SDK module of this service is not among monshin's libraries, so the
// client is built here from the SDK's own pieces: a smithy middleware stack with
// the SDK's retryer, signer, user agent, request ids, endpoints and errors. It
// takes an aws.Config like every client of the SDK and obeys everything in it, so
// that what is plugged into the config (a recorder, a simulated account) reaches it.
package usersubscriptions

import (
	"context"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/logging"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// What the service is called by its model.
const (
	ServiceID         = "License Manager User Subscriptions"
	ServiceAPIVersion = "2018-05-10"

	// signingName is both the SigV4 service name and the first label of the host.
	signingName = "license-manager-user-subscriptions"
)

// HTTPClient sends requests.
type HTTPClient interface {
	Do(*http.Request) (*http.Response, error)
}

// HTTPSignerV4 signs requests.
type HTTPSignerV4 interface {
	SignHTTP(ctx context.Context, credentials aws.Credentials, r *http.Request, payloadHash string, service string, region string, signingTime time.Time, optFns ...func(*v4.SignerOptions)) error
}

// Options configure a Client; the fields mean what they mean in the SDK's clients.
type Options struct {
	APIOptions       []func(*middleware.Stack) error
	AppID            string
	BaseEndpoint     *string
	ClientLogMode    aws.ClientLogMode
	Credentials      aws.CredentialsProvider
	HTTPClient       HTTPClient
	HTTPSignerV4     HTTPSignerV4
	Logger           logging.Logger
	Region           string
	Retryer          aws.Retryer
	RetryMaxAttempts int
	RetryMode        aws.RetryMode
	UseDualStack     bool
	UseFIPS          bool
}

// Client calls License Manager user-based subscriptions.
type Client struct {
	options Options
	// skew is the difference between the service's clock and ours, in nanoseconds.
	skew *atomic.Int64
}

// New makes a client.
func New(o Options, optFns ...func(*Options)) *Client {
	o.APIOptions = slices.Clone(o.APIOptions)
	for _, fn := range optFns {
		fn(&o)
	}
	if o.Logger == nil {
		o.Logger = logging.Nop{}
	}
	if o.HTTPClient == nil {
		o.HTTPClient = awshttp.NewBuildableClient()
	}
	if o.HTTPSignerV4 == nil {
		o.HTTPSignerV4 = v4.NewSigner(func(so *v4.SignerOptions) {
			so.Logger = o.Logger
			so.LogSigning = o.ClientLogMode.IsSigning()
		})
	}
	if o.Retryer == nil {
		o.Retryer = retryer(o.RetryMode)
	}
	if o.RetryMaxAttempts > 0 {
		o.Retryer = retry.AddWithMaxAttempts(o.Retryer, o.RetryMaxAttempts)
	}
	return &Client{options: o, skew: new(atomic.Int64)}
}

func retryer(mode aws.RetryMode) aws.Retryer {
	if mode == aws.RetryModeAdaptive {
		return retry.NewAdaptiveMode()
	}
	return retry.NewStandard()
}

// NewFromConfig makes a client from what the SDK loaded.
func NewFromConfig(cfg aws.Config, optFns ...func(*Options)) *Client {
	o := Options{
		APIOptions:       cfg.APIOptions,
		AppID:            cfg.AppID,
		BaseEndpoint:     baseEndpoint(cfg),
		ClientLogMode:    cfg.ClientLogMode,
		Credentials:      cfg.Credentials,
		HTTPClient:       cfg.HTTPClient,
		Logger:           cfg.Logger,
		Region:           cfg.Region,
		RetryMaxAttempts: cfg.RetryMaxAttempts,
		RetryMode:        cfg.RetryMode,
		UseDualStack:     usesDualStack(cfg),
		UseFIPS:          usesFIPS(cfg),
	}
	if cfg.Retryer != nil {
		o.Retryer = cfg.Retryer()
	}
	serviceOptions := func(o *Options) {
		for _, fn := range cfg.ServiceOptions {
			fn(ServiceID, o)
		}
	}
	return New(o, append([]func(*Options){serviceOptions}, optFns...)...)
}

// Options returns a copy of the client's configuration.
func (c *Client) Options() Options {
	o := c.options
	o.APIOptions = slices.Clone(o.APIOptions)
	return o
}

// operation is what differs from one operation to the next.
type operation struct {
	name, path string
	validate   func(in any) error
	encode     func(in any) (any, error)
	decode     func(body []byte) (any, error)
}

func invoke[I, O any](ctx context.Context, c *Client, op operation, params *I, optFns []func(*Options)) (*O, middleware.Metadata, error) {
	if params == nil {
		params = new(I)
	}
	result, metadata, err := c.send(ctx, op, params, optFns)
	if err != nil {
		return nil, metadata, err
	}
	out, ok := result.(*O)
	if !ok {
		return nil, metadata, operationError(op.name, &smithy.DeserializationError{Err: errResult(result, out)})
	}
	return out, metadata, nil
}

func (c *Client) send(ctx context.Context, op operation, params any, optFns []func(*Options)) (any, middleware.Metadata, error) {
	o := c.Options()
	for _, fn := range optFns {
		fn(&o)
	}
	ctx = middleware.ClearStackValues(ctx)
	ctx = middleware.WithServiceID(ctx, ServiceID)
	ctx = middleware.WithOperationName(ctx, op.name)
	ctx = middleware.SetLogger(ctx, o.Logger)
	ctx = awsmiddleware.SetServiceID(ctx, ServiceID)
	ctx = awsmiddleware.SetOperationName(ctx, op.name)
	ctx = awsmiddleware.SetRegion(ctx, o.Region)

	stack := middleware.NewStack(op.name, smithyhttp.NewStackRequest)
	if err := c.build(stack, op, o); err != nil {
		return nil, middleware.Metadata{}, operationError(op.name, err)
	}
	for _, fn := range o.APIOptions {
		if err := fn(stack); err != nil {
			return nil, middleware.Metadata{}, operationError(op.name, err)
		}
	}
	handler := middleware.DecorateHandler(smithyhttp.NewClientHandlerWithOptions(o.HTTPClient), stack)
	result, metadata, err := handler.Handle(ctx, params)
	if err != nil {
		return nil, metadata, operationError(op.name, err)
	}
	return result, metadata, nil
}

func operationError(name string, err error) error {
	return &smithy.OperationError{ServiceID: ServiceID, OperationName: name, Err: err}
}

// build puts the stack together in the order, and under the ids, of the SDK's own
// clients, because what is added through APIOptions finds its place by them.
func (c *Client) build(stack *middleware.Stack, op operation, o Options) error {
	userAgent := awsmiddleware.NewRequestUserAgent()
	userAgent.AddSDKAgentKeyValue(awsmiddleware.APIMetadata, "licensemanagerusersubscriptions", ServiceAPIVersion)
	if o.AppID != "" {
		userAgent.AddSDKAgentKey(awsmiddleware.ApplicationIdentifier, o.AppID)
	}
	attempts := retry.NewAttemptMiddleware(o.Retryer, smithyhttp.RequestCloner, func(a *retry.Attempt) {
		a.LogAttempts = o.ClientLogMode.IsRetries()
		a.ClientSkew = c.skew
	})
	steps := []func() error{
		func() error { return stack.Initialize.Add(&inputValidation{op}, middleware.After) },
		func() error { return stack.Serialize.Add(&serializer{op: op, options: o}, middleware.After) },
		func() error { return stack.Build.Add(&awsmiddleware.ClientRequestID{}, middleware.After) },
		func() error { return stack.Build.Add(&smithyhttp.ComputeContentLength{}, middleware.After) },
		func() error { return stack.Build.Add(userAgent, middleware.After) },
		func() error { return stack.Build.Add(&awsmiddleware.RecursionDetection{}, middleware.After) },
		func() error { return stack.Finalize.Add(attempts, middleware.After) },
		func() error { return stack.Finalize.Add(&v4.ComputePayloadSHA256{}, middleware.After) },
		func() error { return stack.Finalize.Add(&signer{options: o, skew: c.skew}, middleware.After) },
		func() error { return stack.Deserialize.Add(&awsmiddleware.AddRawResponse{}, middleware.Before) },
		func() error { return stack.Deserialize.Add(&awshttp.ResponseErrorWrapper{}, middleware.After) },
		func() error { return stack.Deserialize.Add(&awsmiddleware.RequestIDRetriever{}, middleware.After) },
		func() error { return stack.Deserialize.Add(&deserializer{op}, middleware.After) },
		func() error { return stack.Deserialize.Add(&awsmiddleware.RecordResponseTiming{}, middleware.After) },
		func() error {
			return stack.Deserialize.Add(&smithyhttp.RequestResponseLogger{
				LogRequest: o.ClientLogMode.IsRequest(), LogRequestWithBody: o.ClientLogMode.IsRequestWithBody(),
				LogResponse: o.ClientLogMode.IsResponse(), LogResponseWithBody: o.ClientLogMode.IsResponseWithBody(),
			}, middleware.After)
		},
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}
