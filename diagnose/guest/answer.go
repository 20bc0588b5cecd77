package guest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
)

// action is what a guest part needs, for the reason of an unknown.
const action = "ssm:SendCommand"

// From checks that the answer is of that instance. An answer of a Windows that could
// not reach its metadata service does not say whose it is, and passes.
func (a Answer) From(instance string) error {
	if a.Instance != "" && a.Instance != instance {
		return fmt.Errorf("the answer is from %s, not from %s: run the script on %s", a.Instance, instance, instance)
	}
	return nil
}

// Part decodes the part with that key. o is how the answer was had, and asked what
// the asker's clock showed when Windows answered, from which the offset of Windows's
// clock follows (zero where nobody knows).
//
// A block that is missing, failed, was cut, or does not hold exactly what its script
// prints makes an unknown part with the reason; so does an answer of another instance.
func (a Answer) Part(key estate.Key, o fact.Origin, asked time.Time) estate.Part {
	switch key.Kind {
	case estate.GuestIdentityPart.Name():
		return part(a, estate.GuestIdentityPart, key, o, identity)
	case estate.GuestDNSPart.Name():
		return part(a, estate.GuestDNSPart, key, o, func(b json.RawMessage) (estate.GuestDNS, error) {
			v, err := dns(b)
			if err != nil {
				return v, err
			}
			return asIn(v, key.ID)
		})
	case estate.GuestActivationPart.Name():
		return part(a, estate.GuestActivationPart, key, o, func(b json.RawMessage) (estate.GuestActivation, error) {
			v, err := activation(b)
			if err == nil && !asked.IsZero() {
				ahead := v.UTC.Sub(asked).Seconds()
				v.ClockOffset = &ahead
			}
			return v, err
		})
	case estate.GuestLaunchPart.Name():
		return part(a, estate.GuestLaunchPart, key, o, launch)
	case estate.GuestSignInPart.Name():
		return part(a, estate.GuestSignInPart, key, o, signIn)
	case estate.GuestDiagnosticsPart.Name():
		return part(a, estate.GuestDiagnosticsPart, key, o, diagnostics)
	}
	why := fact.Why{Reason: fact.NotSupported, Detail: "no script reads " + key.Kind}
	if k, ok := estate.Lookup(key.Kind); ok {
		return k.Unknown(key.ID, why)
	}
	return estate.Part{Key: key, Fact: fact.Unknown[json.RawMessage](why)}
}

func part[T any](a Answer, k estate.Kind[T], key estate.Key, o fact.Origin, decode func(json.RawMessage) (T, error)) estate.Part {
	unknown := func(r fact.Reason, detail string) estate.Part {
		return k.Part(key.ID, fact.UnknownFrom[T](fact.Why{Reason: r, Action: action, Resource: instanceOf(key), Detail: detail}, o))
	}
	if err := a.From(instanceOf(key)); err != nil {
		return unknown(fact.NotRecorded, err.Error())
	}
	b, _ := BlockOf(key.Kind)
	if failure, ok := a.Failed[b]; ok {
		return unknown(reason(failure), failure)
	}
	raw, ok := a.Lines[b]
	switch {
	case !ok && a.Truncated:
		return unknown(fact.NotRecorded, fmt.Sprintf("truncated: the output was cut before block %s was whole", b))
	case !ok:
		return unknown(fact.NotRecorded, fmt.Sprintf("the answer holds no block %s", b))
	}
	v, err := decode(raw)
	if err != nil {
		return unknown(fact.NotSupported, fmt.Sprintf("block %s: %v", b, err))
	}
	return k.Part(key.ID, fact.Known(v, o))
}

// refusals are the .NET exceptions and HRESULTs by which Windows refuses: what the
// person who ran the script may not read (E_ACCESSDENIED, COR_E_SECURITY, WBEM_E_ACCESS_DENIED).
var refusals = []string{"System.UnauthorizedAccessException", "System.Security.SecurityException", "0x80070005", "0x80041003"}

// reason turns a block's failure into a reason of unknown.
func reason(failure string) fact.Reason {
	holds := func(s string) bool { return strings.Contains(failure, s) }
	switch {
	case slices.ContainsFunc(refusals, holds):
		return fact.Denied
	case holds("System.TimeoutException"):
		return fact.Timeout
	}
	// A missing cmdlet, class or program among them.
	return fact.NotSupported
}

// asIn keeps of a DNS answer what that part's query asked: one script serves several.
func asIn(v estate.GuestDNS, id string) (estate.GuestDNS, error) {
	q, err := estate.ParseGuestDNSQuery(id)
	if err != nil {
		return v, err
	}
	asked := slices.Clone(q.Names)
	if q.Domain != "" {
		asked = append(asked, q.Domain, locator+q.Domain)
	}
	var kept []estate.GuestQuery
	for _, g := range v.Queries {
		if slices.ContainsFunc(asked, func(n string) bool { return strings.EqualFold(n, g.Name) }) {
			kept = append(kept, g)
		}
	}
	v.Queries = kept
	if len(kept) == 0 && len(asked) > 0 && !v.Unread.Has("queries") {
		return v, fmt.Errorf("it resolved none of %s: the script asked something else", strings.Join(asked, ", "))
	}
	return v, nil
}

// locator is what a domain's controllers register their LDAP service under
// (domain.md DNS-2c).
const locator = "_ldap._tcp.dc._msdcs."
