package cloud

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/remedy"
)

func callerOverWire(url string, deadline time.Duration) *Caller {
	return NewCaller(aws.Config{
		Region: "ap-northeast-1", BaseEndpoint: aws.String(url), RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
	}, CallerOptions{Deadline: deadline, Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }})
}

// wireCalls are one call of each protocol, with what the service answers.
var wireCalls = []struct {
	call remedy.Call
	// holds are parts of the request; of forms as "name=value".
	holds  []string
	answer string
	// denied is how the service refuses.
	denied string
}{
	{
		call:  allow443,
		holds: []string{"Action=AuthorizeSecurityGroupIngress", "GroupId=sg-1", "IpPermissions.1.FromPort=443", "IpPermissions.1.IpRanges.1.CidrIp=10.0.0.0/16", "IpPermissions.1.IpRanges.1.Description=monshin"},
		answer: `<AuthorizeSecurityGroupIngressResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>req-1</requestId><return>true</return>
			<securityGroupRuleSet><item><securityGroupRuleId>sgr-1</securityGroupRuleId></item></securityGroupRuleSet></AuthorizeSecurityGroupIngressResponse>`,
		denied: `<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>no</Message></Error></Errors><RequestID>req-1</RequestID></Response>`,
	},
	{
		call: remedy.Call{Operation: "iam:CreateInstanceProfile", Outputs: []string{"InstanceProfile.Arn"},
			Input: object("InstanceProfileName", "p", "Tags", []any{object("Key", remedy.StepTag, "Value", "monshin-1")})},
		holds: []string{"Action=CreateInstanceProfile", "InstanceProfileName=p", "Tags.member.1.Key=" + remedy.StepTag, "Tags.member.1.Value=monshin-1"},
		answer: `<CreateInstanceProfileResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><CreateInstanceProfileResult><InstanceProfile>
			<Arn>arn:aws:iam::1:instance-profile/p</Arn></InstanceProfile></CreateInstanceProfileResult><ResponseMetadata><RequestId>req-1</RequestId></ResponseMetadata></CreateInstanceProfileResponse>`,
		denied: `<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>no</Message></Error><RequestId>req-1</RequestId></ErrorResponse>`,
	},
	{
		call: remedy.Call{Operation: "route53resolver:CreateResolverRule", Token: "CreatorRequestId", Outputs: []string{"ResolverRule.Id"},
			Input: object("CreatorRequestId", "monshin-1", "RuleType", "FORWARD", "DomainName", "corp.example.local", "TargetIps", []any{object("Ip", "10.0.0.2", "Port", 53)})},
		holds:  []string{`"CreatorRequestId":"monshin-1"`, `"TargetIps":[{"Ip":"10.0.0.2","Port":53}]`, `"RuleType":"FORWARD"`},
		answer: `{"ResolverRule":{"Id":"rslvr-rr-1","Status":"COMPLETE"}}`,
		denied: `{"__type":"AccessDeniedException","message":"no"}`,
	},
	{
		call: remedy.Call{Operation: "ds:CreateConditionalForwarder",
			Input: object("DirectoryId", "d-1234567890", "RemoteDomainName", "amazonaws.com", "DnsIpAddrs", []any{"10.0.0.2"})},
		holds:  []string{`"DnsIpAddrs":["10.0.0.2"]`, `"RemoteDomainName":"amazonaws.com"`},
		answer: `{}`,
		denied: `{"__type":"com.amazonaws.directoryservice#AccessDeniedException","message":"no"}`,
	},
	{
		call: remedy.Call{Operation: "license-manager-user-subscriptions:StartProductSubscription", Outputs: []string{"ProductUserSummary.ProductUserArn"},
			Input: object("IdentityProvider", object("ActiveDirectoryIdentityProvider", object("DirectoryId", "d-1")), "Product", "OFFICE_PROFESSIONAL_PLUS", "Username", "taro")},
		holds:  []string{`"IdentityProvider":{"ActiveDirectoryIdentityProvider":{"DirectoryId":"d-1"}}`, `"Username":"taro"`},
		answer: `{"ProductUserSummary":{"ProductUserArn":"arn:u","Status":"SUBSCRIBED"}}`,
		denied: `{"__type":"AccessDeniedException","message":"no"}`,
	},
}

// One call of each protocol, to a server and back.
func TestCallsOverTheWire(t *testing.T) {
	for _, tt := range wireCalls {
		var body string
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			b, _ := io.ReadAll(r.Body)
			body = string(b)
			if form, err := url.ParseQuery(body); err == nil && form.Get("Action") != "" {
				var lines []string
				for name, values := range form {
					lines = append(lines, name+"="+values[0])
				}
				body = strings.Join(lines, "\n")
			}
			w.Header().Set("X-Amzn-RequestId", "req-1")
			io.WriteString(w, tt.answer)
		}))
		reply, err := callerOverWire(server.URL, 0).Do(t.Context(), tt.call, nil)
		server.Close()
		if err != nil || reply.RequestID != "req-1" || len(reply.Outputs) != len(tt.call.Outputs) {
			t.Errorf("%s: %+v, %v", tt.call.Operation, reply, err)
		}
		for _, want := range tt.holds {
			if !strings.Contains(body, want) {
				t.Errorf("%s: the request does not hold %s:\n%s", tt.call.Operation, want, body)
			}
		}
	}
}

func TestCallsThatFailOverTheWire(t *testing.T) {
	hangUp := func(w http.ResponseWriter, _ string) {
		if conn, _, err := w.(http.Hijacker).Hijack(); err == nil {
			conn.Close()
		}
	}
	tests := []struct {
		name   string
		serve  func(w http.ResponseWriter, denied string)
		reason fact.Reason
		unsure bool
	}{
		{"refused", func(w http.ResponseWriter, denied string) { w.WriteHeader(403); io.WriteString(w, denied) }, fact.Denied, false},
		{"hung up on", hangUp, fact.Timeout, true},
		{"never answered", func(http.ResponseWriter, string) { time.Sleep(300 * time.Millisecond) }, fact.Timeout, true},
		{"a sign-in page with status 200", func(w http.ResponseWriter, _ string) { io.WriteString(w, "<html><p>sign in</html>") }, fact.NotSupported, true},
		{"a page of a proxy that has no server", func(w http.ResponseWriter, _ string) {
			w.WriteHeader(502)
			io.WriteString(w, "<html>bad gateway</html>")
		}, fact.NotSupported, true},
		{"a page of a proxy that forbids", func(w http.ResponseWriter, _ string) { w.WriteHeader(403) }, fact.Denied, false},
		{"an answer that is cut", func(w http.ResponseWriter, _ string) {
			w.Header().Set("Content-Length", "1000")
			io.WriteString(w, "{")
		}, "", true},
	}
	for _, tt := range tests {
		for _, wire := range wireCalls {
			var sent atomic.Int32
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				sent.Add(1)
				tt.serve(w, wire.denied)
			}))
			_, err := callerOverWire(server.URL, 150*time.Millisecond).Do(t.Context(), wire.call, nil)
			server.Close()
			f := failed(t, err)
			if f.Unsure != tt.unsure || f.Harmless || tt.reason != "" && f.Why.Reason != tt.reason {
				t.Errorf("%s, %s: %+v", tt.name, wire.call.Operation, f)
			}
			if strings.ContainsAny(f.Why.Detail, "\r\n\x1b") || sent.Load() != 1 {
				t.Errorf("%s, %s: sent %d times: %q", tt.name, wire.call.Operation, sent.Load(), f.Why.Detail)
			}
		}
	}
}
