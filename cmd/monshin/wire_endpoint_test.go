package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// endpoint is a small AWS-compatible endpoint on loopback: it checks signatures,
// speaks the protocols of the services that monshin calls, and answers from an
// estate of documents.
type endpoint struct {
	*httptest.Server
	t      testing.TB
	estate *wireEstate
	// secrets are the keys that it knows, by access key id.
	secrets map[string]aws.Credentials
	// interfere answers instead of the service where it returns true.
	interfere func(http.ResponseWriter, *wireCall) bool

	mu    sync.Mutex
	calls []*wireCall
}

// wireCall is one request, as its protocol carries it.
type wireCall struct {
	service, region, action string
	protocol                protocol
	form                    url.Values     // of the query protocols
	body                    map[string]any // of the JSON protocols
	key                     string         // the access key id
	header                  http.Header
}

// String is the IAM action of the call.
func (c *wireCall) String() string { return c.service + ":" + c.action }

// protocol is how a service's answers and errors are written.
type protocol int

const (
	ec2Query protocol = iota + 1
	awsQuery
	json11
	restJSON
)

const (
	wireKey     = "AKIAWIREEXAMPLE00001"
	wireSecret  = "secret-of-the-wire-tests"
	wireRegion  = "ap-northeast-1"
	wireAccount = "111122223333"
	wirePatient = "i-0aaaaaaaaaaaaaaa1"
)

// serve starts an endpoint over a healthy estate.
func serve(t testing.TB) *endpoint {
	t.Helper()
	e := &endpoint{
		t: t, estate: loadEstate(t),
		secrets: map[string]aws.Credentials{wireKey: {AccessKeyID: wireKey, SecretAccessKey: wireSecret}},
	}
	e.Server = httptest.NewServer(e)
	t.Cleanup(e.Close)
	return e
}

// sent lists the calls so far.
func (e *endpoint) sent() []*wireCall {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]*wireCall(nil), e.calls...)
}

// actions counts the calls so far by IAM action.
func (e *endpoint) actions() map[string]int {
	out := map[string]int{}
	for _, c := range e.sent() {
		out[c.String()]++
	}
	return out
}

// ServeHTTP takes a request apart, checks its signature and answers it.
func (e *endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		e.t.Errorf("reading a request: %v", err)
		return
	}
	call, err := parseCall(r, body)
	if err != nil {
		e.t.Errorf("%s %s is no AWS request: %v", r.Method, r.URL, err)
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	e.mu.Lock()
	e.calls = append(e.calls, call)
	e.mu.Unlock()
	w.Header().Set("X-Amzn-RequestId", fmt.Sprintf("00000000-0000-4000-8000-%012x", len(e.sent())))
	if err := e.verify(r, call, body); err != nil {
		e.t.Errorf("%s: %v", call, err)
		call.fail(w, wireError{http.StatusForbidden, "SignatureDoesNotMatch", err.Error()})
		return
	}
	if e.interfere != nil && e.interfere(w, call) {
		return
	}
	e.estate.answer(w, call)
}

// authorization is the header of Signature Version 4
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html).
var authorization = regexp.MustCompile(`^AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request, SignedHeaders=([^,]+), Signature=[0-9a-f]{64}$`)

// protocols of the services, by the name that signs.
var protocols = map[string]protocol{
	"ec2": ec2Query, "iam": awsQuery, "sts": awsQuery,
	"ssm": json11, "cloudtrail": json11, "ds": json11, "route53resolver": json11,
	"license-manager-user-subscriptions": restJSON,
}

// targets are what X-Amz-Target begins with.
var targets = map[string]string{
	"ssm": "AmazonSSM", "cloudtrail": "CloudTrail_20131101", "ds": "DirectoryService_20150416", "route53resolver": "Route53Resolver",
}

// versions are the API versions of the query protocols.
var versions = map[string]string{"ec2": "2016-11-15", "iam": "2010-05-08", "sts": "2011-06-15"}

// parseCall reads a request as its service would. Which service it is for stands in
// the scope of the signature, as there is one host for all.
func parseCall(r *http.Request, body []byte) (*wireCall, error) {
	signed := authorization.FindStringSubmatch(r.Header.Get("Authorization"))
	if signed == nil {
		return nil, fmt.Errorf("not signed: %q", r.Header.Get("Authorization"))
	}
	c := &wireCall{key: signed[1], region: signed[3], service: signed[4], header: r.Header.Clone()}
	c.protocol = protocols[c.service]
	if r.Method != http.MethodPost {
		return nil, fmt.Errorf("%s to %s, which only takes POST", r.Method, c.service)
	}
	kind := r.Header.Get("Content-Type")
	switch c.protocol {
	case ec2Query, awsQuery:
		form, err := url.ParseQuery(string(body))
		if err != nil || kind != "application/x-www-form-urlencoded" {
			return nil, fmt.Errorf("%q with %q: %w", kind, body, err)
		}
		if v := form.Get("Version"); v != versions[c.service] {
			return nil, fmt.Errorf("version %q of %s", v, c.service)
		}
		c.form, c.action = form, form.Get("Action")
		return c, nil
	case json11:
		target, action, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		if target != targets[c.service] || kind != "application/x-amz-json-1.1" {
			return nil, fmt.Errorf("%q with X-Amz-Target %q", kind, r.Header.Get("X-Amz-Target"))
		}
		c.action = action
	case restJSON:
		c.action = r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
		if want := licensePaths[c.action]; want == "" || !strings.HasSuffix(r.URL.Path, want) || kind != "application/json" {
			return nil, fmt.Errorf("%q to %s, want %q", kind, r.URL.Path, want)
		}
	default:
		return nil, fmt.Errorf("signed for %q, which is no service that monshin calls", c.service)
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	return c, decoder.Decode(&c.body)
}

// verify signs the request anew, of what reached this side, and compares.
func (e *endpoint) verify(r *http.Request, c *wireCall, body []byte) error {
	credentials, ok := e.secrets[c.key]
	if !ok {
		return fmt.Errorf("nobody has the key %q", c.key)
	}
	if got := r.Header.Get("X-Amz-Security-Token"); got != credentials.SessionToken {
		return fmt.Errorf("session token %q", got)
	}
	at, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	if err != nil {
		return err
	}
	again, err := http.NewRequest(r.Method, e.URL+r.URL.RequestURI(), bytes.NewReader(body))
	if err != nil {
		return err
	}
	for name := range strings.SplitSeq(authorization.FindStringSubmatch(r.Header.Get("Authorization"))[5], ";") {
		if v := r.Header.Values(name); len(v) > 0 {
			again.Header[http.CanonicalHeaderKey(name)] = v
		}
	}
	// The signer writes these itself.
	again.Header.Del("Content-Length")
	again.Header.Del("X-Amz-Date")
	again.Header.Del("X-Amz-Security-Token")
	again.Host = r.Host
	sum := sha256.Sum256(body)
	err = v4.NewSigner().SignHTTP(r.Context(), credentials, again, hex.EncodeToString(sum[:]), c.service, c.region, at)
	if err != nil {
		return err
	}
	if got, want := r.Header.Get("Authorization"), again.Header.Get("Authorization"); got != want {
		return fmt.Errorf("the signature does not fit:\n got %s\nwant %s", got, want)
	}
	return nil
}

// newFront puts a path before an endpoint, as a proxy does that hides the path from
// it. What is asked for outside of the path is noted.
func newFront(t testing.TB, path string, e *endpoint, outside *[]string) *httptest.Server {
	t.Helper()
	var mu sync.Mutex
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != path && !strings.HasPrefix(r.URL.Path, path+"/") {
			mu.Lock()
			*outside = append(*outside, r.URL.Path)
			mu.Unlock()
			http.NotFound(w, r)
			return
		}
		e.ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)
	return front
}
