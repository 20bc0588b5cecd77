package remedy

import (
	"slices"
	"testing"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
)

// What AWS makes along with an endpoint is read again with it: network ACLs and
// security groups of the path are judged by the new interfaces.
func TestObservationsHoldTheInterfacesOfNewEndpoints(t *testing.T) {
	e := estate.New(estate.Target{InstanceID: "i-1"}, time.Time{})
	interfaces, group := estate.EndpointInterfacesPart.Key("vpc-1"), estate.SecurityGroupPart.Key("sg-1")
	for _, k := range []estate.Key{interfaces, group} {
		kind, _ := estate.Lookup(k.Kind)
		e.Put(kind.Unknown(k.ID, fact.Why{Reason: fact.Pending}))
	}
	got := Observations(e, Plan{Touches: []string{estate.EndpointsPart.Key("vpc-1").String()}})
	if !slices.Contains(got, interfaces) {
		t.Errorf("%v lacks %s", got, interfaces)
	}
	if slices.Contains(got, group) {
		t.Errorf("%v has %s, which an endpoint does not change", got, group)
	}
}
