package remedy

import (
	"testing"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/walk"
)

// A document that AWS gives back with other spaces and another order of names is the
// same one.
func TestDocumentsAreComparedByTheirMeaning(t *testing.T) {
	role := func(trust string) fact.Of[estate.Role] {
		return fact.Known(estate.Role{Name: "r", Trust: trust}, fact.Origin{})
	}
	key := estate.RolePart.Key("r")
	const sent = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole"}]}`
	for _, c := range []struct {
		back string
		same bool
	}{
		{sent, true},
		{"{\n  \"Statement\": [ { \"Action\": \"sts:AssumeRole\", \"Effect\": \"Allow\" } ],\n  \"Version\": \"2012-10-17\"\n}", true},
		{`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"sts:AssumeRole"}]}`, false},
		{`{"Version":"2012-10-17","Statement":[]}`, false},
		{sent + "x", false},
		{"", false},
		{"{", false},
	} {
		guards, err := compare(key, role(sent), role(c.back))
		if err != nil || (len(guards) == 0) != c.same {
			t.Errorf("%q: %v, %v", c.back, guards, err)
		}
		// What is compared later stands there in the same form.
		for _, g := range guards {
			if now, err := g.at(role(c.back)); err != nil || now != g.After {
				t.Errorf("%q: %q is compared with %q, %v", c.back, now, g.After, err)
			}
		}
	}
}

// Looks that run a command inside Windows are not to follow each other closely.
func TestLooksInsideAreRare(t *testing.T) {
	outside := []estate.Key{estate.EndpointsPart.Key("vpc-1"), estate.ManagedNodePart.Key("i-1")}
	if d := pauses(outside); d >= insideLook {
		t.Errorf("outside: %s", d)
	}
	if d := pauses(append(outside, estate.GuestDNSPart.Key("i-1"))); d < 15*time.Second {
		t.Errorf("inside: %s", d)
	}
}

// An observation points to its cause, unless that is only possible.
func TestObservationsPointToTheirCause(t *testing.T) {
	cause := func(c finding.Certainty) *walk.Diagnosis {
		return &walk.Diagnosis{Findings: []walk.Weighed{{Finding: finding.Finding{Code: finding.EndpointMissing, Subject: "ssmmessages", Certainty: c}, Root: true}}}
	}
	w := walk.Weighed{Finding: finding.Finding{Code: finding.SSMSessionChannelDown, Subject: "i-1"}, Observation: true, CausedBy: []string{"endpoint.missing@ssmmessages"}}
	for c, want := range map[finding.Certainty]bool{finding.Proven: true, finding.Likely: true, finding.Possible: false} {
		if got := explained(cause(c), w); (got != nil) != want || want && (!got.Say.Complete() || got.Say.En != "it follows from endpoint.missing@ssmmessages: fix that first") {
			t.Errorf("%s: %+v", c, got)
		}
	}
	w.Observation = false
	if got := explained(cause(finding.Proven), w); got != nil {
		t.Errorf("a finding that breaks something by itself is refused: %+v", got)
	}
	w.Observation, w.CausedBy = true, nil
	if got := explained(cause(finding.Proven), w); got != nil {
		t.Errorf("without a cause: %+v", got)
	}
}
