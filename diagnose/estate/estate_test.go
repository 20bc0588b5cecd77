package estate

import (
	"encoding/json"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/monshin/monshin/diagnose/fact"
)

func sampleEstate() *Estate {
	e := New(Target{InstanceID: "i-1", Region: "ap-northeast-1"}, time.Unix(1000, 0))
	e.Put(VPCPart.Part("vpc-1", fact.Known(VPC{ID: "vpc-1", CIDR: "10.0.0.0/16"}, fact.Origin{Source: fact.API})))
	return e
}

func TestADerivationIsWorkedOutAgainOnlyWhenNeeded(t *testing.T) {
	e := sampleEstate()
	runs := 0
	cidr := func(v *View) string {
		return Derive(v, "cidr", func(v *View) string {
			runs++
			v.Answer("from")
			return VPCPart.Of(v, "vpc-1").Value().CIDR
		})
	}
	check := func(what string, wantRuns int, want string) {
		t.Helper()
		v := NewView(e)
		if got := cidr(v); got != want || runs != wantRuns {
			t.Errorf("%s: %q after %d runs, want %q after %d", what, got, runs, want, wantRuns)
		}
		if diff := cmp.Diff([]Key{VPCPart.Key("vpc-1")}, v.Touched()); diff != "" {
			t.Errorf("%s: the reader does not count as having read it: %s", what, diff)
		}
		if !slices.Equal(v.Asked(), []string{"from"}) {
			t.Errorf("%s: asked %v", what, v.Asked())
		}
	}
	check("first", 1, "10.0.0.0/16")
	check("again", 1, "10.0.0.0/16")
	e.Put(RolePart.Unknown("r", fact.Why{Reason: fact.Denied}))
	check("something else changed", 1, "10.0.0.0/16")
	e.Put(VPCPart.Part("vpc-1", fact.Known(VPC{CIDR: "10.1.0.0/16"}, fact.Origin{})))
	check("the part changed", 2, "10.1.0.0/16")
	e.Answers["from"] = "10.0.0.1"
	check("an answer came", 3, "10.1.0.0/16")
	e.AsOf = e.AsOf.Add(time.Hour)
	check("time passed", 4, "10.1.0.0/16")
	c := e.Clone()
	c.Remove(VPCPart.Key("vpc-1"))
	check("a copy changed", 4, "10.1.0.0/16")
	e.Remove(VPCPart.Key("vpc-1"))
	v := NewView(e)
	if cidr(v) != "" || !slices.Equal(v.Wanted(), []Key{VPCPart.Key("vpc-1")}) {
		t.Errorf("a missing part is not asked for through a derivation: %v", v.Wanted())
	}
	v = NewView(e)
	if cidr(v); !slices.Equal(v.Wanted(), []Key{VPCPart.Key("vpc-1")}) {
		t.Error("nor when the derivation is at hand")
	}
}

func TestEveryKindSurvivesJSON(t *testing.T) {
	for _, k := range Kinds() {
		unknown := k.Unknown("x", fact.Why{Reason: fact.Denied, Action: "a:B"})
		b, err := Encode(unknown)
		if err != nil {
			t.Fatal(err)
		}
		back, err := Decode(unknown.Key, b)
		if err != nil {
			t.Fatal(err)
		}
		if back.Fact.State() != fact.StateUnknown || back.Fact.Why().Reason != fact.Denied || reflect.TypeOf(back.Fact) != reflect.TypeOf(unknown.Fact) {
			t.Errorf("%s came back as %#v", k.Name(), back.Fact)
		}
		if len(k.Actions()) == 0 {
			t.Errorf("%s declares no action", k.Name())
		}
	}
}

func TestDecodeRefusesWhatDoesNotFit(t *testing.T) {
	for what, c := range map[string]struct {
		key  Key
		json string
	}{
		"an unknown kind":          {Key{Kind: "dragon"}, `{"state":"absent"}`},
		"another type":             {VPCPart.Key("v"), `{"state":"known","value":[1]}`},
		"known without a value":    {VPCPart.Key("v"), `{"state":"known"}`},
		"unknown without a reason": {VPCPart.Key("v"), `{"state":"unknown"}`},
		"another state":            {VPCPart.Key("v"), `{"state":"maybe"}`},
		"no JSON":                  {VPCPart.Key("v"), `x`},
	} {
		if _, err := Decode(c.key, json.RawMessage(c.json)); err == nil {
			t.Errorf("%s was accepted", what)
		}
	}
}

func TestTrailQueryReadsItself(t *testing.T) {
	for _, q := range []TrailQuery{
		{Attribute: "ResourceName", Value: "i-1"},
		{Attribute: "ResourceName", Value: "arn:aws:iam::1:role/x@y", Since: time.Date(2026, 11, 20, 15, 21, 7, 0, time.UTC)},
		{Attribute: "EventSource", Value: "route53resolver.amazonaws.com"},
	} {
		back, err := ParseTrailQuery(q.String())
		if err != nil || back != q {
			t.Errorf("%s came back as %+v, %v", q, back, err)
		}
	}
	for _, s := range []string{"", "x", "=", "a=", "=b", "a=b@yesterday"} {
		if _, err := ParseTrailQuery(s); err == nil {
			t.Errorf("%q was accepted", s)
		}
	}
}

func TestKeysReadThemselves(t *testing.T) {
	for _, k := range []Key{{Kind: "caller"}, {Kind: "vpc", ID: "vpc-1"}, {Kind: "trail", ID: "ResourceName=i-1@2026-11-20T15:21:07Z"}} {
		if got := ParseKey(k.String()); got != k {
			t.Errorf("%v came back as %v", k, got)
		}
	}
}
