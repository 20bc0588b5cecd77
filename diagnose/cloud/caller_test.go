package cloud

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/google/go-cmp/cmp"

	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/remedy"
)

// waiter is a clock that passes only by being slept on.
type waiter struct{ slept []time.Duration }

func (w *waiter) sleep(ctx context.Context, d time.Duration) error {
	if len(w.slept) > 5000 {
		return errors.New("waited for ever")
	}
	w.slept = append(w.slept, d)
	return ctx.Err()
}

func (w *waiter) total() (sum time.Duration) {
	for _, d := range w.slept {
		sum += d
	}
	return sum
}

func (a *account) caller(change ...func(*CallerOptions)) (*Caller, *waiter) {
	w := &waiter{}
	o := CallerOptions{Now: func() time.Time { return asOf }, Sleep: w.sleep}
	for _, f := range change {
		f(&o)
	}
	cfg := a.config()
	cfg.RetryMode, cfg.RetryMaxAttempts = "", 0
	cfg.Retryer = func() aws.Retryer {
		return retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxAttempts, o.MaxBackoff, o.RateLimiter = 3, time.Millisecond, ratelimit.None
		})
	}
	return NewCaller(cfg, o), w
}

// sequence gives each request of an action the next of these, and then the last.
func (a *account) sequence(action string, results ...any) {
	n := 0
	a.answers[action] = func(context.Context, any) (any, error) {
		r := results[min(n, len(results)-1)]
		n++
		if err, ok := r.(error); ok {
			return nil, err
		}
		return r, nil
	}
}

// coded is an error of AWS as it comes over HTTP.
func coded(status int, code, text string) error {
	return &awshttp.ResponseError{RequestID: "req", ResponseError: &smithyhttp.ResponseError{
		Response: &smithyhttp.Response{Response: &http.Response{StatusCode: status, Header: http.Header{}, Body: http.NoBody}},
		Err:      &smithy.GenericAPIError{Code: code, Message: text},
	}}
}

func failed(t *testing.T, err error) *remedy.Failure {
	t.Helper()
	var f *remedy.Failure
	if !errors.As(err, &f) {
		t.Fatalf("not a Failure: %v", err)
	}
	return f
}

func object(pairs ...any) map[string]any {
	m := map[string]any{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i].(string)] = pairs[i+1]
	}
	return m
}

var allow443 = remedy.Call{
	Operation: "ec2:AuthorizeSecurityGroupIngress",
	Input: object("GroupId", "sg-1", "IpPermissions", []any{object("IpProtocol", "tcp", "FromPort", 443, "ToPort", 443,
		"IpRanges", []any{object("CidrIp", "10.0.0.0/16", "Description", "monshin")})}),
	Outputs: []string{"SecurityGroupRules.0.SecurityGroupRuleId"},
}

var newEndpoint = remedy.Call{
	Operation: "ec2:CreateVpcEndpoint", Token: "ClientToken", Tagged: true,
	Input: object("VpcId", "vpc-1", "ServiceName", "com.amazonaws.ap-northeast-1.ssm", "VpcEndpointType", "Interface", "ClientToken", "monshin-1",
		"SubnetIds", []any{"subnet-1"}, "PrivateDnsEnabled", true,
		"TagSpecifications", []any{object("ResourceType", "vpc-endpoint", "Tags", []any{object("Key", remedy.StepTag, "Value", "monshin-1")})}),
	Outputs: []string{"VpcEndpoint.VpcEndpointId"},
}

func endpointIn(state ec2types.State) ec2types.VpcEndpoint {
	return ec2types.VpcEndpoint{VpcEndpointId: aws.String("vpce-1"), State: state}
}

func TestACall(t *testing.T) {
	a := newAccount(t)
	a.answer(allow443.Operation, &ec2.AuthorizeSecurityGroupIngressOutput{
		Return: aws.Bool(true), SecurityGroupRules: []ec2types.SecurityGroupRule{{SecurityGroupRuleId: aws.String("sgr-1")}},
	})
	c, _ := a.caller()
	reply, err := c.Do(t.Context(), allow443, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := remedy.Reply{
		Outputs: map[string]string{"SecurityGroupRules.0.SecurityGroupRuleId": "sgr-1"}, RequestID: "AuthorizeSecurityGroupIngress-1", Time: asOf,
	}
	if d := cmp.Diff(want, reply); d != "" {
		t.Error(d)
	}
	in := a.sent[allow443.Operation][0].(*ec2.AuthorizeSecurityGroupIngressInput)
	p := in.IpPermissions[0]
	if aws.ToString(in.GroupId) != "sg-1" || in.DryRun != nil || aws.ToInt32(p.FromPort) != 443 || aws.ToString(p.IpRanges[0].Description) != "monshin" {
		t.Errorf("sent %+v", in)
	}
}

// What becomes of a call, by what came instead of an answer.
func TestFailuresOfCalls(t *testing.T) {
	undecodable := &smithy.DeserializationError{Err: errors.New("cut")}
	tests := []struct {
		name   string
		err    error
		reason fact.Reason
		unsure bool
		tries  int // of a call without a token
	}{
		{"refused", coded(403, "UnauthorizedOperation", "You are not authorized. Encoded authorization failure message: AAAABBBB"), fact.Denied, false, 1},
		{"refused by another service's word", coded(400, "AccessDeniedException", "no"), fact.Denied, false, 1},
		{"turned away for the rate", coded(503, "RequestLimitExceeded", "slow"), fact.Throttled, false, 3},
		{"wrong", coded(400, "InvalidGroup.Duplicate", "taken"), fact.NotSupported, false, 1},
		{"no capacity, with status 500", coded(500, "InsufficientInstanceCapacity", "none"), fact.NotSupported, false, 1},
		{"failed inside", coded(500, "InternalError", "sorry"), fact.Timeout, true, 1},
		{"failed inside, with a code of its own", coded(500, "Whatever", "sorry"), fact.NotSupported, true, 1},
		{"failed without a code", coded(502, "UnknownError", ""), fact.NotSupported, true, 1},
		{"unavailable", coded(503, "ServiceUnavailable", "later"), fact.Timeout, true, 1},
		{"cut while it was read", undecodable, fact.NotSupported, true, 1},
		{"hung up on", &smithyhttp.RequestSendError{Err: io.ErrUnexpectedEOF}, fact.Timeout, true, 1},
		{"reset", &smithyhttp.RequestSendError{Err: &net.OpError{Op: "read", Err: syscall.ECONNRESET}}, fact.Timeout, true, 1},
		{"timed out", &smithyhttp.RequestSendError{Err: &net.OpError{Op: "read", Err: context.DeadlineExceeded}}, fact.Timeout, true, 1},
		{"nobody listens", &smithyhttp.RequestSendError{Err: &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}}, fact.Timeout, false, 1},
		{"no such name", &smithyhttp.RequestSendError{Err: &net.DNSError{IsNotFound: true}}, fact.NotSupported, false, 1},
		{"credentials ran out", coded(400, "ExpiredToken", "old"), fact.Denied, false, 1},
	}
	for _, tt := range tests {
		a := newAccount(t)
		a.sequence("ec2:CreateSecurityGroup", tt.err)
		a.sequence("ec2:CreateVpcEndpoint", tt.err)
		c, _ := a.caller()
		_, err := c.Do(t.Context(), remedy.Call{Operation: "ec2:CreateSecurityGroup", Input: object("GroupName", "g", "VpcId", "vpc-1", "Description", "d")}, nil)
		f := failed(t, err)
		if f.Why.Reason != tt.reason || f.Unsure != tt.unsure || f.Harmless || f.Why.Action != "ec2:CreateSecurityGroup" || f.Why.Resource != "g" {
			t.Errorf("%s: %+v", tt.name, f)
		}
		if n := a.count("ec2:CreateSecurityGroup"); n != tt.tries {
			t.Errorf("%s: a call without a token was sent %d times, not %d", tt.name, n, tt.tries)
		}
		if strings.Contains(f.Why.Detail, "AAAABBBB") {
			t.Errorf("%s: %q", tt.name, f.Why.Detail)
		}
		_, err = c.Do(t.Context(), newEndpoint, nil)
		if f := failed(t, err); f.Unsure != tt.unsure {
			t.Errorf("%s: with a token: %+v", tt.name, f)
		}
	}
}

func TestExpiredCredentialsSayWhatToDo(t *testing.T) {
	a := newAccount(t)
	a.fail("ec2:AuthorizeSecurityGroupIngress", "ExpiredToken")
	c, _ := a.caller()
	_, err := c.Do(t.Context(), allow443, nil)
	var p *Problem
	if !errors.As(err, &p) || !strings.Contains(p.Say.Ja, "再ログイン") {
		t.Errorf("%v", err)
	}
}

// A lost answer is asked for again only where a token makes that harmless, and is not
// forgotten when the second attempt is refused.
func TestRetries(t *testing.T) {
	lost := &smithyhttp.RequestSendError{Err: &net.OpError{Op: "read", Err: syscall.ECONNRESET}}
	available := endpointIn(ec2types.StateAvailable)
	for _, tt := range []struct {
		name    string
		results []any
		tries   int
		ok      bool
		unsure  bool
	}{
		{"the second answers", []any{lost, &ec2.CreateVpcEndpointOutput{VpcEndpoint: &available}}, 2, true, false},
		{"the second is refused", []any{lost, coded(403, "UnauthorizedOperation", "no")}, 2, false, true},
		{"refused at once", []any{coded(403, "UnauthorizedOperation", "no")}, 1, false, false},
	} {
		a := newAccount(t)
		a.sequence("ec2:CreateVpcEndpoint", tt.results...)
		a.answer("ec2:DescribeVpcEndpoints", &ec2.DescribeVpcEndpointsOutput{VpcEndpoints: []ec2types.VpcEndpoint{available}})
		c, _ := a.caller()
		_, err := c.Do(t.Context(), newEndpoint, nil)
		if n := a.count("ec2:CreateVpcEndpoint"); n != tt.tries || (err == nil) != tt.ok {
			t.Errorf("%s: %d attempts, %v", tt.name, n, err)
		}
		if err != nil && failed(t, err).Unsure != tt.unsure {
			t.Errorf("%s: %+v", tt.name, err)
		}
	}
}

// Without its token in the parameters, a call is not made at all.
func TestACallThatLacksSomething(t *testing.T) {
	a := newAccount(t)
	c, _ := a.caller()
	tokenless := newEndpoint
	tokenless.Input = object("VpcId", "vpc-1")
	open := allow443
	open.Input = object("GroupId", remedy.Output("group", "GroupId"))
	deep := allow443
	deep.Input = object("GroupId", "sg-1", "IpPermissions", []any{object("IpRanges", []any{object("CidrIp", remedy.Output("a", "B"))})})
	for _, call := range []remedy.Call{
		tokenless, open, deep,
		{Operation: "ec2:TerminateClientVpnConnections"}, {Operation: "ec2:DescribeInstances"}, {Operation: ""},
		{Operation: "ec2:CreateSecurityGroup", Input: object("GroupNam", "g")},
		{Operation: "ssm:SendCommand", Input: object("DocumentName", "AWS-RunShellScript", "InstanceIds", []any{"i-1"}, "Comment", "c")},
	} {
		_, err := c.Do(t.Context(), call, nil)
		if f := failed(t, err); f.Unsure || f.Harmless || f.Why.Reason != fact.NotSupported {
			t.Errorf("%s: %+v", call.Operation, f)
		}
		if _, _, err := c.Find(t.Context(), call); err == nil {
			t.Errorf("%s was looked for", call.Operation)
		}
	}
	if len(a.sent) != 0 {
		t.Errorf("sent: %v", a.sent)
	}
}

// Every operation of the table changes something, and can be looked for.
func TestTheTable(t *testing.T) {
	for name, d := range deeds() {
		_, operation, _ := strings.Cut(name, ":")
		for _, reading := range []string{"Describe", "Get", "List"} {
			if strings.HasPrefix(operation, reading) {
				t.Errorf("%s only reads", name)
			}
		}
		if d.find == nil || d.invoke == nil {
			t.Errorf("%s is incomplete", name)
		}
		if reads := Watching(name); len(reads) == 0 || !slices.IsSorted(reads) || slices.Contains(reads, name) {
			t.Errorf("%s is watched with %v", name, reads)
		}
		if d.token != "" {
			if err := decodeInput(object(d.token, "x"), d.input()); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if got := Operations(); !slices.IsSorted(got) || len(got) != len(deeds()) {
		t.Errorf("%v", got)
	}
}

func TestReadOnly(t *testing.T) {
	a := newAccount(t)
	c, _ := a.caller(func(o *CallerOptions) { o.ReadOnly = true })
	for _, name := range Operations() {
		_, err := c.Do(t.Context(), remedy.Call{Operation: name}, nil)
		if !errors.Is(err, ErrReadOnly) || failed(t, err).Unsure {
			t.Errorf("%s: %v", name, err)
		}
		if d := c.DryRun(t.Context(), remedy.Call{Operation: name}); d.Verdict != remedy.NotAsked {
			t.Errorf("%s: %+v", name, d)
		}
	}
	if len(a.sent) != 0 {
		t.Errorf("sent: %v", a.sent)
	}
}

// A refusal because the effect is there is believed only if it is there.
func TestHarmless(t *testing.T) {
	rule := func(cidr string, port int32) *ec2.DescribeSecurityGroupRulesOutput {
		return &ec2.DescribeSecurityGroupRulesOutput{SecurityGroupRules: []ec2types.SecurityGroupRule{{
			SecurityGroupRuleId: aws.String("sgr-7"), IpProtocol: aws.String("tcp"), FromPort: &port, ToPort: &port, CidrIpv4: &cidr, IsEgress: aws.Bool(false),
		}}}
	}
	acl := func(action ec2types.RuleAction) *ec2.DescribeNetworkAclsOutput {
		return &ec2.DescribeNetworkAclsOutput{NetworkAcls: []ec2types.NetworkAcl{{Entries: []ec2types.NetworkAclEntry{{
			RuleNumber: aws.Int32(90), Egress: aws.Bool(true), Protocol: aws.String("6"), RuleAction: action, CidrBlock: aws.String("0.0.0.0/0"),
			PortRange: &ec2types.PortRange{From: aws.Int32(443), To: aws.Int32(443)},
		}}}}}
	}
	entry := remedy.Call{Operation: "ec2:CreateNetworkAclEntry", Input: object("NetworkAclId", "acl-1", "RuleNumber", 90, "Egress", true,
		"Protocol", "tcp", "RuleAction", "allow", "CidrBlock", "0.0.0.0/0", "PortRange", object("From", 443, "To", 443))}
	addRole := remedy.Call{Operation: "iam:AddRoleToInstanceProfile", Input: object("InstanceProfileName", "p", "RoleName", "r")}
	profile := func(role, tag string) *iam.GetInstanceProfileOutput {
		return &iam.GetInstanceProfileOutput{InstanceProfile: &iamtypes.InstanceProfile{
			InstanceProfileName: aws.String("p"), Arn: aws.String("arn:aws:iam::1:instance-profile/p"), Roles: []iamtypes.Role{{RoleName: aws.String(role)}},
			Tags: []iamtypes.Tag{{Key: aws.String(remedy.StepTag), Value: aws.String(tag)}},
		}}
	}
	newProfile := remedy.Call{Operation: "iam:CreateInstanceProfile", Tagged: true, Outputs: []string{"InstanceProfile.Arn"},
		Input: object("InstanceProfileName", "p", "Tags", []any{object("Key", remedy.StepTag, "Value", "mine")})}
	revoke := remedy.Call{Operation: "ec2:RevokeSecurityGroupIngress", Input: object("GroupId", "sg-1", "SecurityGroupRuleIds", []any{"sgr-9"})}
	tests := []struct {
		name string
		call remedy.Call
		code string
		read string
		out  any
		want bool
	}{
		{"the same rule", allow443, "InvalidPermission.Duplicate", "ec2:DescribeSecurityGroupRules", rule("10.0.0.0/16", 443), true},
		{"the same rule, spelled with host bits", allow443, "InvalidPermission.Duplicate", "ec2:DescribeSecurityGroupRules", rule("10.0.5.5/16", 443), true},
		{"another port", allow443, "InvalidPermission.Duplicate", "ec2:DescribeSecurityGroupRules", rule("10.0.0.0/16", 444), false},
		{"no rule at all", allow443, "InvalidPermission.Duplicate", "ec2:DescribeSecurityGroupRules", &ec2.DescribeSecurityGroupRulesOutput{}, false},
		{"it cannot be read", allow443, "InvalidPermission.Duplicate", "ec2:DescribeSecurityGroupRules", coded(403, "UnauthorizedOperation", "no"), false},
		{"another code", allow443, "RulesPerSecurityGroupLimitExceeded", "ec2:DescribeSecurityGroupRules", rule("10.0.0.0/16", 443), false},
		{"the same entry", entry, "NetworkAclEntryAlreadyExists", "ec2:DescribeNetworkAcls", acl("allow"), true},
		{"an entry that denies", entry, "NetworkAclEntryAlreadyExists", "ec2:DescribeNetworkAcls", acl("deny"), false},
		{"the same role", addRole, "LimitExceeded", "iam:GetInstanceProfile", profile("r", ""), true},
		{"another role", addRole, "LimitExceeded", "iam:GetInstanceProfile", profile("other", ""), false},
		{"our profile", newProfile, "EntityAlreadyExists", "iam:GetInstanceProfile", profile("", "mine"), true},
		{"somebody else's profile", newProfile, "EntityAlreadyExists", "iam:GetInstanceProfile", profile("", "theirs"), false},
		{"a rule that is gone", revoke, "InvalidSecurityGroupRuleId.NotFound", "ec2:DescribeSecurityGroupRules", rule("10.0.0.0/16", 443), true},
	}
	for _, tt := range tests {
		a := newAccount(t)
		a.fail(tt.call.Operation, tt.code)
		a.sequence(tt.read, tt.out)
		c, _ := a.caller()
		reply, err := c.Do(t.Context(), tt.call, nil)
		if f := failed(t, err); f.Harmless != tt.want || f.Unsure {
			t.Errorf("%s: %+v", tt.name, f)
		}
		if tt.want && len(reply.Outputs) != len(tt.call.Outputs) {
			t.Errorf("%s: outputs %v", tt.name, reply.Outputs)
		}
	}
}

// AWS also says no with a success.
func TestSuccessesThatAreNone(t *testing.T) {
	a := newAccount(t)
	a.answer("ec2:RevokeSecurityGroupIngress", &ec2.RevokeSecurityGroupIngressOutput{Return: aws.Bool(true), UnknownIpPermissions: []ec2types.IpPermission{{}}})
	a.answer("ec2:DescribeSecurityGroupRules", &ec2.DescribeSecurityGroupRulesOutput{})
	a.answer("ec2:ModifyVpcEndpoint", &ec2.ModifyVpcEndpointOutput{Return: aws.Bool(false)})
	a.answer("ec2:DeleteVpcEndpoints", &ec2.DeleteVpcEndpointsOutput{Unsuccessful: []ec2types.UnsuccessfulItem{{
		ResourceId: aws.String("vpce-1"), Error: &ec2types.UnsuccessfulItemError{Code: aws.String("OperationNotPermitted"), Message: aws.String("managed by a service")},
	}}})
	c, _ := a.caller()
	if _, err := c.Do(t.Context(), remedy.Call{Operation: "ec2:RevokeSecurityGroupIngress", Input: allow443.Input}, nil); !failed(t, err).Harmless {
		t.Errorf("revoke: %v", err)
	}
	for operation, input := range map[string]map[string]any{
		"ec2:ModifyVpcEndpoint":  object("VpcEndpointId", "vpce-1", "PrivateDnsEnabled", true),
		"ec2:DeleteVpcEndpoints": object("VpcEndpointIds", []any{"vpce-1"}),
	} {
		_, err := c.Do(t.Context(), remedy.Call{Operation: operation, Input: input}, nil)
		if f := failed(t, err); f.Unsure || f.Harmless || f.Why.Resource != "vpce-1" {
			t.Errorf("%s: %+v", operation, f)
		}
	}
}

func TestDryRun(t *testing.T) {
	tests := []struct {
		name   string
		err    error
		want   remedy.DryVerdict
		detail string
	}{
		{"allowed", coded(412, "DryRunOperation", "Request would have succeeded, but DryRun flag is set."), remedy.DryAllowed, ""},
		{"refused", coded(403, "UnauthorizedOperation", "You are not authorized because no policy allows it. Encoded authorization failure message: AAAA"),
			remedy.DryRefused, "UnauthorizedOperation: You are not authorized because no policy allows it."},
		{"wrong", coded(400, "InvalidGroup.NotFound", "no sg-1"), remedy.NotAsked, "InvalidGroup.NotFound: no sg-1"},
	}
	for _, tt := range tests {
		a := newAccount(t)
		a.sequence(allow443.Operation, tt.err)
		c, _ := a.caller()
		if d := c.DryRun(t.Context(), allow443); d.Verdict != tt.want || d.Detail != tt.detail {
			t.Errorf("%s: %+v", tt.name, d)
		}
		if in := a.sent[allow443.Operation][0].(*ec2.AuthorizeSecurityGroupIngressInput); !aws.ToBool(in.DryRun) {
			t.Errorf("%s: sent for good", tt.name)
		}
	}
	a := newAccount(t)
	c, _ := a.caller()
	later := allow443
	later.Input = object("GroupId", remedy.Output("group", "GroupId"))
	for _, call := range []remedy.Call{
		later,
		{Operation: "ec2:AssociateIamInstanceProfile", Input: object("InstanceId", "i-1")}, // has no DryRun
		{Operation: "iam:DeleteRole", Input: object("RoleName", "r")},
		{Operation: "ec2:Nothing"},
	} {
		if d := c.DryRun(t.Context(), call); d.Verdict != remedy.NotAsked {
			t.Errorf("%s: %+v", call.Operation, d)
		}
	}
	if len(a.sent) != 0 {
		t.Errorf("sent: %v", a.sent)
	}
}

// What IAM made is not known to EC2 at once.
func TestLags(t *testing.T) {
	call := remedy.Call{Operation: "ec2:AssociateIamInstanceProfile", Input: object("InstanceId", "i-1", "IamInstanceProfile", object("Name", "p")),
		Outputs: []string{"IamInstanceProfileAssociation.AssociationId"}}
	unknown := coded(400, "InvalidParameterValue", "Value (p) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name")
	a := newAccount(t)
	a.sequence(call.Operation, unknown, unknown, &ec2.AssociateIamInstanceProfileOutput{
		IamInstanceProfileAssociation: &ec2types.IamInstanceProfileAssociation{AssociationId: aws.String("iip-assoc-1")},
	})
	c, w := a.caller()
	var said []lang.Text
	reply, err := c.Do(t.Context(), call, func(s lang.Text) { said = append(said, s) })
	if err != nil || reply.Outputs["IamInstanceProfileAssociation.AssociationId"] != "iip-assoc-1" || len(said) != 2 || w.total() == 0 {
		t.Errorf("%+v, %v, %v", reply, err, said)
	}

	a = newAccount(t)
	a.sequence(call.Operation, unknown)
	c, w = a.caller()
	_, err = c.Do(t.Context(), call, nil)
	if f := failed(t, err); f.Unsure || w.total() < 30*time.Second || w.total() > 45*time.Second {
		t.Errorf("%+v after %s", f, w.total())
	}

	a = newAccount(t)
	a.sequence(call.Operation, coded(400, "InvalidParameterValue", "another parameter"))
	c, w = a.caller()
	if _, err = c.Do(t.Context(), call, nil); err == nil || w.total() != 0 {
		t.Errorf("%v after %s", err, w.total())
	}
}

// The end of the operator's patience after the sending leaves the call open.
func TestACallThatIsCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	a := newAccount(t)
	a.answers[allow443.Operation] = func(ctx context.Context, _ any) (any, error) {
		cancel()
		<-ctx.Done()
		return nil, ctx.Err()
	}
	c, _ := a.caller()
	_, err := c.Do(ctx, allow443, nil)
	if !failed(t, err).Unsure {
		t.Errorf("%v", err)
	}
	_, err = c.Do(ctx, allow443, nil) // ended before anything is sent
	if failed(t, err).Unsure || a.count(allow443.Operation) != 1 {
		t.Errorf("%v", err)
	}
}

func TestAnotherRegion(t *testing.T) {
	a := newAccount(t)
	a.answer(allow443.Operation, &ec2.AuthorizeSecurityGroupIngressOutput{SecurityGroupRules: []ec2types.SecurityGroupRule{{SecurityGroupRuleId: aws.String("sgr-1")}}})
	c, _ := a.caller()
	there := allow443
	there.Region = "eu-west-1"
	if _, err := c.Do(t.Context(), there, nil); err != nil {
		t.Fatal(err)
	}
	if a.most["EC2/eu-west-1"] != 1 || a.most["EC2/ap-northeast-1"] != 0 {
		t.Errorf("%v", a.most)
	}
}
