package cloud

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
)

func overWire(url string) *Source {
	return New(aws.Config{
		Region: "ap-northeast-1", BaseEndpoint: aws.String(url), RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
	}, Options{NoSlowdown: true})
}

// One part of each protocol: EC2 query, query, AWS JSON, REST JSON.
var protocols = []estate.Key{
	estate.InstancePart.Key("i-1"), estate.RolePart.Key("r"), estate.ManagedNodePart.Key("i-1"), estate.LicensedInstancesPart.Key(""),
}

func TestEndpointsThatAreNotAWS(t *testing.T) {
	tests := []struct {
		name   string
		status int
		body   string
		want   fact.Reason
	}{
		{"a page of HTML for an error", 500, "<html><body><h1>It works!</h1></body></html>", fact.NotSupported},
		{"a page of HTML for not found", 404, "<!doctype html><title>404</title>", fact.NotSupported},
		{"not implemented", 501, "", fact.NotSupported},
		{"forbidden without a code", 403, "", fact.Denied},
	}
	for _, tt := range tests {
		for _, key := range protocols {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("X-Amzn-RequestId", "req-1")
				w.WriteHeader(tt.status)
				io.WriteString(w, tt.body)
			}))
			g := collect(t, t.Context(), overWire(server.URL), key)[key]
			server.Close()
			f := g.Part.Fact
			if f == nil || f.State() != fact.StateUnknown || f.Why().Reason != tt.want || f.Why().Action == "" {
				t.Errorf("%s, %s: %+v", tt.name, key, g)
				continue
			}
			if strings.ContainsAny(f.Why().Detail, "\n\r\x1b") {
				t.Errorf("%s, %s: detail %q", tt.name, key, f.Why().Detail)
			}
			if len(g.Calls) != 1 || g.Calls[0].RequestID != "req-1" || g.Calls[0].Error == "" {
				t.Errorf("%s, %s: calls %+v", tt.name, key, g.Calls)
			}
		}
	}
}

func TestHTMLThatSaysItIsAllRight(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		io.WriteString(w, "<html><p>please sign in</html>")
	}))
	defer server.Close()
	for _, key := range protocols {
		g := collect(t, t.Context(), overWire(server.URL), key)[key]
		if f := g.Part.Fact; f == nil || f.State() == fact.StateKnown {
			t.Errorf("%s became %+v", key, g.Part.Fact)
		}
	}
}

func TestNobodyListens(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + listener.Addr().String()
	listener.Close()
	for _, key := range protocols {
		g := collect(t, t.Context(), overWire(url), key)[key]
		if f := g.Part.Fact; f == nil || f.Why().Reason != fact.Timeout || !strings.Contains(f.Why().Detail, "refused") {
			t.Errorf("%s: %+v", key, g)
		}
	}
}

func TestErrorsOverTheWire(t *testing.T) {
	var n atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n.Add(1)
		w.WriteHeader(403)
		io.WriteString(w, `<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>You are not authorized. Encoded authorization failure message: `+strings.Repeat("A", 2000)+`</Message></Error></Errors><RequestID>req-9</RequestID></Response>`)
	}))
	defer server.Close()
	f, g := readOne(t, overWire(server.URL), estate.InstancePart, "i-1")
	if why := f.Why(); why.Reason != fact.Denied || why.Action != "ec2:DescribeInstances" || len([]rune(why.Detail)) > maxDetail {
		t.Errorf("%+v", why)
	}
	if n.Load() != 1 || g.Calls[0].RequestID != "req-9" || g.Calls[0].Error != "UnauthorizedOperation" {
		t.Errorf("%+v", g.Calls)
	}
}

// A refusal that names its resource is about that.
func TestTheResourceOfARefusal(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Amzn-ErrorType", "AccessDeniedException")
		w.WriteHeader(400)
		io.WriteString(w, `{"message":"User: arn:aws:iam::1:user/u is not authorized to perform: ssm:DescribeInstanceInformation on resource: arn:aws:ssm:ap-northeast-1:1:* because no identity-based policy allows it"}`)
	}))
	defer server.Close()
	f, _ := readOne(t, overWire(server.URL), estate.ManagedNodePart, "i-1")
	if f.Why().Resource != "arn:aws:ssm:ap-northeast-1:1:*" {
		t.Errorf("%+v", f.Why())
	}
}
