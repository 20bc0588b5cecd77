package probe

import (
	"strings"
	"testing"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/lang"
)

func TestEndpointsInOtherZonesAreSaidAndNoProblem(t *testing.T) {
	for _, c := range []struct {
		name string
		zone string
		said bool
	}{
		{"the same zone", "ap-northeast-1a", false},
		{"another zone", "ap-northeast-1c", true},
		{"a zone that is not told", "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := instPut(instNew(), estate.InstancePart, instID, estate.Instance{ID: instID, State: "running", VPC: "vpc-1", AZ: "ap-northeast-1a"})
			e = instPut(e, estate.EndpointsPart, "vpc-1", []estate.Endpoint{{
				ID: "vpce-1", Service: "com.amazonaws.ap-northeast-1.ssm", Type: "Interface", Interfaces: []string{"eni-1"},
			}})
			e = instPut(e, estate.EndpointInterfacesPart, "vpc-1", []estate.Interface{{ID: "eni-1", AZ: c.zone}})
			v := noteZones(estate.NewView(e.Estate), ok(lang.Both("fine", "問題なし")))
			if v.Outcome != OK || strings.Contains(v.Say.En, "vpce-1") != c.said || (len(v.Evidence) == 1) != c.said {
				t.Errorf("%s: %+v", v.Outcome, v)
			}
		})
	}
}
