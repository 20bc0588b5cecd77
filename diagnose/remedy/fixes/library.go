// Package fixes holds monshin's fixes, one file a family. Each says for which
// findings it is, and writes the plan: the calls, their order, what they change,
// what they reach, how to see that they worked and how to take them back. The facts
// are the fix, verify, undo and blast-radius columns of domain.md (§3.2, §4.3, §5.5,
// §6.3, §7.2, §9.1).
package fixes

import (
	"slices"

	"github.com/monshin/monshin/diagnose/remedy"
)

// Library lists all fixes, those that monshin carries out before those for a person.
// Where a finding has several, the recommended one comes first (for an AD domain that
// does not resolve: the Resolver rule before the DHCP option set, domain.md B3).
func Library() remedy.Library {
	return remedy.NewLibrary(slices.Concat(
		iamFixes(), imdsFixes(), endpointFixes(), networkFixes(), dnsFixes(), licenseFixes(),
		guestFixes(), dnsGuides(), guidedFixes(),
	)...)
}
