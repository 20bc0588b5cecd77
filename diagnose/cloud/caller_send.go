package cloud

import (
	"context"
	"errors"
	"net"
	"net/http"
	"reflect"
	"regexp"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/directoryservice"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/route53resolver"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/monshin/monshin/diagnose/cloud/usersubscriptions"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/remedy"
	"github.com/monshin/monshin/diagnose/walk"
)

// clients are the services in one region.
type clients struct {
	ec2       *ec2.Client
	iam       *iam.Client
	ssm       *ssm.Client
	resolver  *route53resolver.Client
	directory *directoryservice.Client
	licenses  *usersubscriptions.Client
}

func (c *Caller) in(region string) *clients {
	c.mu.Lock()
	defer c.mu.Unlock()
	if at, ok := c.regions[region]; ok {
		return at
	}
	cfg := c.cfg.Copy()
	cfg.Region = region
	at := &clients{
		ec2: ec2.NewFromConfig(cfg), iam: iam.NewFromConfig(cfg), ssm: ssm.NewFromConfig(cfg),
		resolver: route53resolver.NewFromConfig(cfg), directory: directoryservice.NewFromConfig(cfg),
		licenses: usersubscriptions.NewFromConfig(cfg),
	}
	c.regions[region] = at
	return at
}

// errand is one call with what it needs on its way.
type errand struct {
	c    *Caller
	at   *clients
	call remedy.Call
	say  func(lang.Text)
}

func (c *Caller) errand(call remedy.Call, say func(lang.Text)) *errand {
	if say == nil {
		say = func(lang.Text) {}
	}
	region := call.Region
	if region == "" {
		region = c.o.Target.Region
	}
	return &errand{c: c, at: c.in(region), call: call, say: say}
}

// send makes the call. What AWS refuses only because it has not heard yet of what an
// earlier step made is sent again, for as long as the table says.
func (e *errand) send(ctx context.Context, d deed, in any) (out any, t *trace, err error) {
	passed, pause := time.Duration(0), lagPause
	for {
		t = &trace{}
		attempt, cancel := context.WithTimeout(context.WithValue(onSheet(ctx, &t.sheet), traceKey{}, t), e.c.o.Deadline)
		out, err = d.invoke(attempt, e.at, in, !e.repeatable(d))
		cancel()
		if err == nil {
			err = turnedDown(out)
		}
		lag, known := d.lagOf(err)
		if !known || passed >= lag.limit || t.lost.Load() {
			return out, t, err
		}
		e.say(lag.say)
		if slept := e.c.o.Sleep(ctx, pause); slept != nil {
			return out, t, err
		}
		passed += pause
		pause = min(pause*2, lagLongest)
	}
}

// lagPause and lagLongest bound the growing pauses before a call is made again.
const lagPause, lagLongest = 2 * time.Second, 10 * time.Second

// repeatable reports whether the call carries what makes a repetition harmless.
func (e *errand) repeatable(d deed) bool {
	if d.token == "" {
		return false
	}
	token, _ := e.call.Input[d.token].(string)
	return token != ""
}

// trace is what was sent for one call.
type trace struct {
	sheet
	lost atomic.Bool
}

type traceKey struct{}

// observe adds to an SDK stack what a Caller has to know of every attempt. It stands
// where Source.observe stands, and for the same reason.
func (c *Caller) observe(stack *middleware.Stack) error {
	if err := stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("MonshinAnswer", checkAnswer), middleware.After); err != nil {
		return err
	}
	return stack.Finalize.Add(middleware.FinalizeMiddlewareFunc("MonshinAttempt",
		func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
			call := walk.Call{Operation: actionOf(awsmiddleware.GetServiceID(ctx), awsmiddleware.GetOperationName(ctx)), Time: c.now()}
			start := time.Now()
			out, metadata, err := next.HandleFinalize(ctx, in)
			call.Took = time.Since(start)
			call.RequestID, call.Error = clean(requestID(metadata, err), 128), clean(errorCode(err), 128)
			sheetOf(ctx).note(call, 1, err)
			if t, ok := ctx.Value(traceKey{}).(*trace); ok && ambiguous(err) {
				t.lost.Store(true)
			}
			return out, metadata, err
		}), middleware.After)
}

// ambiguous reports whether a request that failed may have been carried out: it was
// sent, and what came back is not AWS's refusal.
func ambiguous(err error) bool {
	if err == nil {
		return false
	}
	var undecodable *smithy.DeserializationError
	var response *smithyhttp.ResponseError
	var api smithy.APIError
	var name *net.DNSError
	status, code := 0, ""
	if errors.As(err, &response) {
		status = response.HTTPStatusCode()
	}
	if errors.As(err, &api) && api.ErrorCode() != unknownError {
		code = api.ErrorCode()
	}
	failed := status >= http.StatusInternalServerError && status != http.StatusNotImplemented
	switch {
	case code != "":
		switch codes[code] {
		case refused, slowed, unsupported, invalidCredentials:
			return false
		case unanswered:
			return true
		}
		// EC2 says with status 500 that it has no capacity, and has then made nothing
		// (https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html).
		return !strings.HasPrefix(code, "Insufficient") && (failed || status == 0 && api.ErrorFault() == smithy.FaultServer)
	case errors.As(err, &undecodable):
		return failed || status < http.StatusMultipleChoices
	case status != 0:
		return failed
	case errors.Is(err, syscall.ECONNREFUSED), errors.As(err, &name) && name.IsNotFound:
		return false // nobody got it
	}
	return true
}

// failure says what became of a call that did not succeed.
func (c *Caller) failure(call remedy.Call, err error, s *sheet) *remedy.Failure {
	why, expired := whyNot(err, call.Operation, resourceOf(call), s)
	if expired {
		// AWS refused whoever that was; the Problem says what to do.
		err = expiredProblem(why, err)
		why.Reason = fact.Denied
	}
	why.Detail = withoutCode(why.Detail)
	return &remedy.Failure{Call: call, Why: why, Err: err}
}

// turnedDown finds the refusal in an answer that came as a success.
func turnedDown(out any) error {
	switch o := out.(type) {
	case *ec2.DeleteVpcEndpointsOutput:
		if len(o.Unsuccessful) > 0 { // one endpoint is deleted at a time
			u := o.Unsuccessful[0]
			e := &smithy.GenericAPIError{Code: "Unsuccessful", Message: aws.ToString(u.ResourceId)}
			if u.Error != nil {
				e.Code, e.Message = aws.ToString(u.Error.Code), aws.ToString(u.Error.Message)
			}
			return e
		}
	case *ec2.RevokeSecurityGroupIngressOutput:
		if len(o.UnknownIpPermissions) > 0 {
			return &smithy.GenericAPIError{Code: noPermission, Message: "the group has no such rule"}
		}
	case *ec2.RevokeSecurityGroupEgressOutput:
		if len(o.UnknownIpPermissions) > 0 {
			return &smithy.GenericAPIError{Code: noPermission, Message: "the group has no such rule"}
		}
	}
	v := reflect.ValueOf(out)
	if v.Kind() == reflect.Pointer && !v.IsNil() {
		if f := v.Elem().FieldByName("Return"); f.IsValid() && f.Type() == reflect.TypeFor[*bool]() && !f.IsNil() && !f.Elem().Bool() {
			return &smithy.GenericAPIError{Code: "Return", Message: "AWS answered with Return=false"}
		}
	}
	return nil
}

// noPermission is EC2's word for a security group rule that is not there.
const noPermission = "InvalidPermission.NotFound"

// encoded is the text that only sts:DecodeAuthorizationMessage reads.
var encoded = regexp.MustCompile(`\s*Encoded authorization failure message:.*`)

func withoutCode(detail string) string { return encoded.ReplaceAllString(detail, "") }

// named are the parameters that say what a call is about, the most telling first.
var named = []string{
	"AssociationId", "InstanceId", "InstanceIds", "GroupId", "GroupName", "NetworkAclId", "VpcEndpointId", "VpcEndpointIds", "ServiceName",
	"RoleName", "InstanceProfileName", "ResolverRuleId", "ResolverEndpointId", "DirectoryId", "Username", "DomainName", "AWSServiceName",
	"VpcId", "VPCId", "DhcpOptionsId", "ImageId", "DocumentName", "Name",
}

// resourceOf is what a call is about, "" where no parameter tells.
func resourceOf(call remedy.Call) string {
	for _, name := range named {
		switch v := call.Input[name].(type) {
		case string:
			return clean(v, maxDetail)
		case []string:
			if len(v) > 0 {
				return clean(v[0], maxDetail)
			}
		case []any:
			if len(v) > 0 {
				if s, ok := v[0].(string); ok {
					return clean(s, maxDetail)
				}
			}
		}
	}
	return ""
}
