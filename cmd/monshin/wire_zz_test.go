package main

import (
	"net/http"
	"sync/atomic"
	"testing"
	"time"
)

func TestZZ(t *testing.T) {
	for _, n := range []int64{1, 2, 3, 5} {
		e := serve(t)
		var done atomic.Int64
		e.interfere = func(w http.ResponseWriter, c *wireCall) bool {
			if c.service == "ec2" && c.action != "DescribeInstances" && done.Add(1) <= n {
				c.fail(w, throttled(c))
				return true
			}
			return false
		}
		pointAt(t, e.URL)
		start := time.Now()
		code, r := diagnose(t, "not-in-systems-manager")
		t.Log(n, code, time.Since(start), r.Calls.Total, r.Calls.Failed, r.reasons())
	}
}
