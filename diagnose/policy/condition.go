package policy

import (
	"math/big"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// comparison is a Condition, its operator understood and its values split.
type comparison struct {
	Condition
	values []pattern
	// each is "", "all" (ForAllValues) or "any" (ForAnyValue).
	each     string
	ifExists bool
	negated  bool
	null     bool
	// compare is nil for an operator that is not evaluated.
	compare compare
}

// compare says whether a value of the request is what one value of the policy asks for.
type compare func(want pattern, ctx Context, have string) truth

// compareWith understands an operator: a prefix, a name, the suffix IfExists.
func compareWith(c Condition, variables bool) comparison {
	out := comparison{Condition: c, values: patterns(c.Values, variables)}
	name := strings.ToLower(c.Operator)
	if rest, ok := strings.CutPrefix(name, "forallvalues:"); ok {
		name, out.each = rest, "all"
	} else if rest, ok := strings.CutPrefix(name, "foranyvalue:"); ok {
		name, out.each = rest, "any"
	}
	if name == "null" {
		out.null = true
		return out
	}
	name, out.ifExists = strings.CutSuffix(name, "ifexists")
	out.compare, out.negated = operator(name)
	return out
}

// operator knows the operators of "IAM JSON policy elements: Condition operators"
// but BinaryEquals, by their name in lower case. It returns nil for any other.
func operator(name string) (compare compare, negated bool) {
	switch name {
	case "stringequals", "stringnotequals":
		return text(false, false), name != "stringequals"
	case "stringequalsignorecase", "stringnotequalsignorecase":
		return text(false, true), name != "stringequalsignorecase"
	case "stringlike", "stringnotlike":
		return text(true, false), name != "stringlike"
	case "arnequals", "arnlike":
		return likeARN, false
	case "arnnotequals", "arnnotlike":
		return likeARN, true
	case "ipaddress", "notipaddress":
		return inNetwork, name != "ipaddress"
	case "bool":
		return boolean, false
	}
	if order, ok := strings.CutPrefix(name, "numeric"); ok {
		holds, negated := ordering(order)
		return number(holds), negated
	}
	if order, ok := strings.CutPrefix(name, "date"); ok {
		holds, negated := ordering(order)
		return date(holds), negated
	}
	return nil, false
}

// ordering turns the second word of a numeric or date operator into a test of a
// three-way comparison.
func ordering(word string) (holds func(int) bool, negated bool) {
	switch word {
	case "equals", "notequals":
		return func(c int) bool { return c == 0 }, word != "equals"
	case "lessthan":
		return func(c int) bool { return c < 0 }, false
	case "lessthanequals":
		return func(c int) bool { return c <= 0 }, false
	case "greaterthan":
		return func(c int) bool { return c > 0 }, false
	case "greaterthanequals":
		return func(c int) bool { return c >= 0 }, false
	}
	return nil, false
}

// holds evaluates the condition on a request.
func (c comparison) holds(ctx Context) truth {
	have, known := ctx.get(c.Key)
	if c.null {
		return c.isNull(ctx, have, known)
	}
	switch {
	case c.compare == nil || !known:
		return maybe
	case len(have) == 0:
		// An absent key fulfils what is negated, what says IfExists, and ForAllValues
		// ("IAM JSON policy elements: Condition operators").
		if c.each == "any" {
			return truthOf(c.ifExists)
		}
		return truthOf(c.ifExists || c.negated || c.each == "all")
	case c.each == "" && len(have) > 1:
		// IAM defines no meaning for several values without a set operator.
		return maybe
	}
	t := truthOf(c.each == "all")
	for _, h := range have {
		one := no
		for _, w := range c.values {
			one = one.or(c.compare(w, ctx, h))
		}
		if c.negated {
			one = one.not()
		}
		if c.each == "all" {
			t = t.and(one)
		} else {
			t = t.or(one)
		}
	}
	return t
}

// isNull is the operator Null: "true" asks for the key to be absent.
func (c comparison) isNull(ctx Context, have []string, known bool) truth {
	if !known {
		return maybe
	}
	t := no
	for _, w := range c.values {
		s, ok := w.text(ctx)
		absent, err := strconv.ParseBool(strings.ToLower(s))
		if !ok || err != nil {
			t = t.or(maybe)
			continue
		}
		t = t.or(truthOf(absent == (len(have) == 0)))
	}
	return t
}

func text(wildcards, fold bool) compare {
	return func(want pattern, ctx Context, have string) truth {
		t, _ := want.matchText(ctx, have, wildcards, fold)
		return t
	}
}

func likeARN(want pattern, ctx Context, have string) truth {
	t, _ := want.matchARN(ctx, have)
	return t
}

func boolean(want pattern, ctx Context, have string) truth {
	w, ok := want.text(ctx)
	w, have = strings.ToLower(w), strings.ToLower(have)
	if !ok || w != "true" && w != "false" || have != "true" && have != "false" {
		return maybe
	}
	return truthOf(w == have)
}

func inNetwork(want pattern, ctx Context, have string) truth {
	w, ok := want.text(ctx)
	network, fine := network(w)
	address, err := netip.ParseAddr(have)
	if !ok || !fine || err != nil {
		return maybe
	}
	return truthOf(network.Contains(address.Unmap()))
}

func network(s string) (netip.Prefix, bool) {
	if p, err := netip.ParsePrefix(s); err == nil {
		return p.Masked(), true
	}
	a, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Prefix{}, false
	}
	return netip.PrefixFrom(a, a.BitLen()), true
}

func number(holds func(int) bool) compare {
	if holds == nil {
		return nil
	}
	return func(want pattern, ctx Context, have string) truth {
		s, ok := want.text(ctx)
		w, wok := decimal(s)
		h, hok := decimal(have)
		if !ok || !wok || !hok {
			return maybe
		}
		return truthOf(holds(h.Cmp(w)))
	}
}

// decimal reads a number exactly. Anything longer than any number that makes sense
// in a policy is refused, as an exponent could make it cost gigabytes.
func decimal(s string) (*big.Rat, bool) {
	if len(s) > 40 || strings.ContainsAny(s, "eEpPxX/_") {
		return nil, false
	}
	return new(big.Rat).SetString(s)
}

func date(holds func(int) bool) compare {
	if holds == nil {
		return nil
	}
	return func(want pattern, ctx Context, have string) truth {
		s, ok := want.text(ctx)
		w, wok := moment(s)
		h, hok := moment(have)
		if !ok || !wok || !hok {
			return maybe
		}
		return truthOf(holds(h.Compare(w)))
	}
}

// moment reads the forms of ISO 8601 that IAM takes (W3C profile), and epoch seconds.
func moment(s string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04Z07:00", "2006-01-02", "2006-01"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	// Ten digits reach the year 2286; shorter numbers, such as a year, are left alone.
	if len(s) == 10 {
		if n, err := strconv.ParseInt(s, 10, 64); err == nil {
			return time.Unix(n, 0), true
		}
	}
	return time.Time{}, false
}
