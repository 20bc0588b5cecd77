package fixes_test

import (
	"testing"

	"github.com/monshin/monshin/diagnose/cloud"
	"github.com/monshin/monshin/diagnose/remedy"
)

// checkInput reads a call's parameters and outputs into the SDK's own types: a field
// that the operation does not have, or a value of another type, is a mistake.
func checkInput(t testing.TB, fix string, c *remedy.Call) {
	t.Helper()
	if c == nil {
		return
	}
	if err := cloud.CheckCall(*c); err != nil {
		t.Errorf("%s: %v", fix, err)
	}
	if _, specs := c.Input["TagSpecifications"]; c.Tagged && !specs && c.Input["Tags"] == nil {
		t.Errorf("%s: %s is to be tagged, and has nowhere to put a tag", fix, c.Operation)
	}
}
