package main

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/monshin/monshin/diagnose/lang"
)

// Nothing is concluded from an endpoint that gives no answers: the walk ends, is
// undecided, and says of the instance why it is not known.
func TestWireNoAnswers(t *testing.T) {
	for name, trouble := range map[string]struct {
		answer func(http.ResponseWriter, *wireCall) bool
		reason string
		words  []string
	}{
		"HTTP 500 in HTML": {
			answer: func(w http.ResponseWriter, _ *wireCall) bool { htmlPage(w, 500); return true },
			reason: "not-supported", words: []string{"ec2:DescribeInstances (HTTP 500 Internal Server Error"},
		},
		"HTTP 500 in XHTML": {
			answer: func(w http.ResponseWriter, _ *wireCall) bool { xhtmlPage(w, 500); return true },
			reason: "not-supported", words: []string{"ec2:DescribeInstances (HTTP 500 Internal Server Error"},
		},
		"HTTP 200 in HTML": {
			answer: func(w http.ResponseWriter, _ *wireCall) bool { htmlPage(w, 200); return true },
			reason: "not-supported", words: []string{"ec2:DescribeInstances (HTTP 200 OK"},
		},
		"the service fails": {
			answer: func(w http.ResponseWriter, c *wireCall) bool {
				c.fail(w, wireError{500, "InternalError", "An internal error has occurred"})
				return true
			},
			reason: "timeout", words: []string{"ec2:DescribeInstances (InternalError: An internal error has occurred"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			e := serve(t)
			e.impatient()
			e.interfere = trouble.answer
			pointAt(t, e.URL)
			inNoTime(t, func(t *testing.T) { undecided(t, trouble.reason, trouble.words...) })
		})
	}
}

// undecided walks in both languages, and expects that the instance could not be
// read for a reason. Words stand in the text, in either language.
func undecided(t *testing.T, reason string, words ...string) {
	t.Helper()
	code, r := diagnose(t, "not-in-systems-manager")
	if code != exitUndecided || !r.Complete || len(r.Findings) > 0 {
		t.Errorf("exit %d, complete %v, findings %+v", code, r.Complete, r.Findings)
	}
	if got := r.reasons()["ec2:DescribeInstances"]; got != reason {
		t.Errorf("ec2:DescribeInstances left %q, want %q; all: %v", got, reason, r.reasons())
	}
	for _, p := range r.Probes {
		if p.Outcome == "ok" || p.Outcome == "problem" {
			t.Errorf("%s is %q where nothing was read: %s", p.ID, p.Outcome, p.Why)
		}
	}
	for _, l := range lang.All() {
		code, out, errs := invoke(t, "check", wirePatient, "--symptom", "not-in-systems-manager", "--lang", string(l))
		flat := strings.NewReplacer("（", " (", "）", ")").Replace(strings.Join(strings.Fields(out), " "))
		for _, w := range words {
			if code != exitUndecided || !strings.Contains(flat, w) {
				t.Errorf("%s: exit %d, no %q in:\n%s%s", l, code, w, out, errs)
			}
		}
	}
}

func TestWireNobodyListens(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	pointAt(t, url)
	inNoTime(t, func(t *testing.T) { undecided(t, "timeout", "ec2:DescribeInstances", "refused") })
}

// An answer that breaks off in its middle is no answer, in whatever protocol.
func TestWireBreaksOff(t *testing.T) {
	e := serve(t)
	e.impatient()
	e.estate.load("office.txtar")
	pointAt(t, e.URL)
	_, whole := diagnose(t, "office-terminates")
	for service := range protocols {
		t.Run(service, func(t *testing.T) {
			e.interfere = func(w http.ResponseWriter, c *wireCall) bool {
				if c.service != service {
					return false
				}
				recorder := httptest.NewRecorder()
				e.estate.answer(recorder, c)
				body := recorder.Body.Bytes()
				w.Header().Set("Content-Type", recorder.Header().Get("Content-Type"))
				w.WriteHeader(recorder.Code)
				_, _ = w.Write(body[:len(body)*2/3]) // whoever hangs up here fails the test below
				return true
			}
			inNoTime(t, func(t *testing.T) {
				code, r := diagnose(t, "office-terminates")
				if code != exitProblem && code != exitUndecided || !r.Complete {
					t.Errorf("exit %d, complete %v", code, r.Complete)
				}
				if r.Calls.Failed == 0 {
					t.Error("no call failed")
				}
				r.lessThan(t, whole)
			})
		})
	}
}

// Throttling is overcome by waiting. On the real clock, and so for two services
// alone: after it the SDK sends at most one request in two seconds for a while.
func TestWireThrottledOnce(t *testing.T) {
	e := serve(t)
	e.estate.load("office.txtar")
	pointAt(t, e.URL)
	_, whole := diagnose(t, "office-terminates")
	var mu sync.Mutex
	left := map[string]bool{"ds:DescribeDomainControllers": true, "license-manager-user-subscriptions:ListInstances": true}
	e.interfere = func(w http.ResponseWriter, c *wireCall) bool {
		mu.Lock()
		defer mu.Unlock()
		if !left[c.String()] {
			return false
		}
		left[c.String()] = false
		c.fail(w, throttled(c))
		return true
	}
	code, r := diagnose(t, "office-terminates")
	if diff := cmp.Diff(whole.causes(), r.causes()); diff != "" || code != exitProblem || len(r.Unknowns) != len(whole.Unknowns) {
		t.Errorf("exit %d, unknown %v, root causes:\n%s", code, r.reasons(), diff)
	}
	// How many groups share a call depends on the order in which answers arrive, so
	// totals of two walks differ; the throttled operations are called once each, and
	// once again.
	if r.Calls.Failed != whole.Calls.Failed+len(left) {
		t.Errorf("calls %+v, without throttling %+v", r.Calls, whole.Calls)
	}
	for operation := range left {
		if got, want := r.Calls.ByOperation[operation], whole.Calls.ByOperation[operation]+1; got != want {
			t.Errorf("%s was sent %d times, want %d", operation, got, want)
		}
	}
}

// Whoever stops waiting gets what is known so far.
func TestWireCancelled(t *testing.T) {
	e := serve(t)
	release := make(chan struct{})
	t.Cleanup(func() { close(release) }) // before the endpoint closes, which waits
	waiting := make(chan struct{}, 64)
	e.interfere = func(_ http.ResponseWriter, c *wireCall) bool {
		if c.service == "iam" && c.action != "ListAccountAliases" {
			waiting <- struct{}{}
			<-release
			return true
		}
		return false
	}
	pointAt(t, e.URL)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-waiting
		time.Sleep(50 * time.Millisecond) // for what else is under way; the test holds without it
		cancel()
	}()
	start := time.Now()
	code, out, errs := invokeWith(ctx, t.TempDir(), "check", wirePatient, "--symptom", "not-in-systems-manager", "-o", "json")
	var r wireReport
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatalf("exit %d, %v\n%s\n%s", code, err, out, errs)
	}
	if code != exitUndecided || r.Complete || len(r.RootCauses) > 0 {
		t.Errorf("exit %d, complete %v, root causes %v", code, r.Complete, r.RootCauses)
	}
	if got := r.outcome("instance.state"); got != "ok" {
		t.Errorf("the instance's state, which was known, is %q", got)
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("it ended after %s", took)
	}
}
