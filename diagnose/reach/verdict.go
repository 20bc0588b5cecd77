// Package reach answers one question at a time: can A open a connection to B on
// this port? It evaluates security groups, network ACLs in both directions, route
// tables, peering, NAT and internet gateways and VPC endpoints, hop by hop, and
// names the rule that decided each hop.
//
// What it covers: IPv4 (and IPv6 inside a VPC), one VPC, two VPCs over a VPC
// peering connection, the way to the public internet, interface endpoints.
// What it does not: transit gateways, virtual private gateways, appliances,
// AWS Network Firewall, Gateway Load Balancers, local gateways, private hosted
// zones. Where one of these lies in the way, the answer is unknown(not-modelled).
//
// Every hop is evaluated, also behind a closed one, so that independent causes are
// all found in one pass. Nothing here calls AWS: parts are read through an
// estate.View, which notes what is still missing.
package reach

import (
	"slices"

	"github.com/monshin/monshin/diagnose/fact"
)

// Verdict is the answer to a question, or of one hop.
type Verdict string

// The verdicts. Unknown always has a reason beside it.
const (
	Yes     Verdict = "yes"
	No      Verdict = "no"
	Unknown Verdict = "unknown"
)

// all is Yes when everything is; one No decides, also beside unknowns.
func all(vs ...Verdict) Verdict {
	switch {
	case slices.Contains(vs, No):
		return No
	case slices.Contains(vs, Unknown):
		return Unknown
	}
	return Yes
}

// anyOf is No when everything is; one Yes decides, also beside unknowns.
func anyOf(vs ...Verdict) Verdict {
	switch {
	case slices.Contains(vs, Yes):
		return Yes
	case slices.Contains(vs, Unknown):
		return Unknown
	}
	return No
}

// merge adds reasons that are not there yet.
func merge(whys []fact.Why, more ...fact.Why) []fact.Why {
	for _, w := range more {
		if w.Reason != "" && !slices.Contains(whys, w) {
			whys = append(whys, w)
		}
	}
	return whys
}
