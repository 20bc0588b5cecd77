package runbook

import (
	"testing"

	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/probe"
)

// known are the names that the code really has.
func known(t testing.TB) Known {
	t.Helper()
	c, err := finding.Load()
	if err != nil {
		t.Fatal(err)
	}
	return Known{Probes: probe.All().IDs(), Codes: c.Codes()}
}

func codesOf(names ...string) []finding.Code {
	var out []finding.Code
	for _, n := range names {
		out = append(out, finding.Code(n))
	}
	return out
}
