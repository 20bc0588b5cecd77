package main

import (
	"io"
	"net/http"
	"testing"
)

// A success that is no answer tells nothing: what was not read is not missing.
func TestWireSaysNothing(t *testing.T) {
	for name, answer := range map[string]func(http.ResponseWriter){
		"an empty body": func(http.ResponseWriter) {},
		"a word":        func(w http.ResponseWriter) { _, _ = io.WriteString(w, "OK") },
		"XHTML":         func(w http.ResponseWriter) { xhtmlPage(w, http.StatusOK) },
		"other XML":     func(w http.ResponseWriter) { _, _ = io.WriteString(w, xmlHeader+"<!-- up --><health>fine</health>") },
	} {
		t.Run(name, func(t *testing.T) {
			e := serve(t)
			e.impatient()
			e.estate.load("office.txtar")
			pointAt(t, e.URL)
			_, whole := diagnose(t, "office-terminates")
			for _, service := range []string{"", "ec2", "iam", "ssm", "cloudtrail", "ds", "route53resolver", "license-manager-user-subscriptions"} {
				t.Run(service, func(t *testing.T) {
					e.interfere = func(w http.ResponseWriter, c *wireCall) bool {
						if service != "" && c.service != service {
							return false
						}
						answer(w)
						return true
					}
					inNoTime(t, func(t *testing.T) {
						code, r := diagnose(t, "office-terminates")
						if code != exitUndecided && (code != exitProblem || len(r.RootCauses) == 0) || !r.Complete {
							t.Errorf("exit %d, complete %v, root causes %v", code, r.Complete, r.causes())
						}
						if r.Calls.Failed == 0 {
							t.Error("no call failed")
						}
						r.lessThan(t, whole)
					})
				})
			}
		})
	}
}

// Who hangs up has not answered; another time it may.
func TestWireHangsUp(t *testing.T) {
	e := serve(t)
	e.impatient()
	e.interfere = func(http.ResponseWriter, *wireCall) bool { panic(http.ErrAbortHandler) }
	pointAt(t, e.URL)
	inNoTime(t, func(t *testing.T) { undecided(t, "timeout", "ec2:DescribeInstances") })
}
