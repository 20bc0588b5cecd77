package policy

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// The generators draw from few words, so that statements, requests and contexts meet.

var (
	actionWords   = []string{"*", "ssm:*", "ssm:Update*", "ssm:UpdateInstanceInformation", "ssm:Get?", "s3:*", "*:*Information"}
	resourceWords = []string{"*", "arn:aws:ec2:*:*:instance/*", "arn:aws:ec2:*", "arn:aws:s3:::b", "arn:aws:ec2:*:*:instance/${k1}", "${k2}", "arn:a*:instance/i-1"}
	operatorWords = []string{"StringEquals", "StringNotEquals", "StringLike", "StringEqualsIfExists", "StringNotLikeIfExists",
		"ForAllValues:StringLike", "ForAnyValue:StringNotEquals", "Bool", "Null", "ArnLike", "ArnNotLike", "NumericLessThan", "DateGreaterThan", "IpAddress", "NotIpAddress", "BinaryEquals"}
	valueWords = []string{"i-1", "*", "a", "a*", "true", "false", "5", "10.0.0.0/8", "10.1.1.1", "2026-01-01", "${k2}", "arn:aws:iam::1:role/*"}
	keyWords   = []string{"k1", "k2", "k3"}
	haveWords  = []string{"i-1", "a", "ab", "true", "false", "3", "10.1.1.1", "2026-06-01", "arn:aws:iam::1:role/x", "i-1:x"}
)

func some(words []string) *rapid.Generator[[]string] {
	return rapid.SliceOfN(rapid.SampledFrom(words), 1, 2)
}

func statements(effects ...Effect) *rapid.Generator[Document] {
	return rapid.Custom(func(t *rapid.T) Document {
		type wire map[string]any
		var list []wire
		for range rapid.IntRange(1, 3).Draw(t, "statements") {
			s := wire{"Effect": rapid.SampledFrom(effects).Draw(t, "effect")}
			s[rapid.SampledFrom([]string{"Action", "NotAction"}).Draw(t, "element")] = some(actionWords).Draw(t, "action")
			s[rapid.SampledFrom([]string{"Resource", "Resource", "NotResource"}).Draw(t, "element")] = some(resourceWords).Draw(t, "resource")
			conditions := map[string]map[string][]string{}
			for range rapid.IntRange(0, 2).Draw(t, "conditions") {
				conditions[rapid.SampledFrom(operatorWords).Draw(t, "operator")] = map[string][]string{
					rapid.SampledFrom(keyWords).Draw(t, "key"): some(valueWords).Draw(t, "values")}
			}
			s["Condition"] = conditions
			list = append(list, s)
		}
		b, err := json.Marshal(wire{"Version": "2012-10-17", "Statement": list})
		if err != nil {
			t.Fatal(err)
		}
		d, err := Parse(string(b))
		if err != nil {
			t.Fatalf("%s: %v", b, err)
		}
		return d
	})
}

func policiesOf(effects ...Effect) *rapid.Generator[[]Policy] {
	return rapid.Custom(func(t *rapid.T) []Policy {
		var out []Policy
		for _, d := range rapid.SliceOfN(statements(effects...), 0, 3).Draw(t, "documents") {
			out = append(out, Policy{Document: d})
		}
		return out
	})
}

func contexts() *rapid.Generator[Context] {
	return rapid.Custom(func(t *rapid.T) Context {
		c := Context{}
		for _, k := range keyWords {
			if rapid.Bool().Draw(t, "known") {
				c[k] = rapid.SliceOfN(rapid.SampledFrom(haveWords), 0, 2).Draw(t, k)
			}
		}
		return c
	})
}

func requests() *rapid.Generator[Request] {
	return rapid.Custom(func(t *rapid.T) Request {
		return Request{
			Action:   rapid.SampledFrom([]string{"ssm:UpdateInstanceInformation", "ssm:GetX", "s3:PutObject"}).Draw(t, "action"),
			Resource: rapid.SampledFrom([]string{"", "*", "arn:aws:ec2:r:1:instance/i-1", "arn:aws:s3:::b"}).Draw(t, "resource"),
			Unscoped: rapid.Bool().Draw(t, "unscoped"),
			Context:  contexts().Draw(t, "context"),
		}
	})
}

func sets(effects ...Effect) *rapid.Generator[Set] {
	return rapid.Custom(func(t *rapid.T) Set {
		return Set{Policies: policiesOf(effects...).Draw(t, "policies"),
			Unread: rapid.SliceOfN(rapid.SampledFrom([]string{"x", "y"}), 0, 1).Draw(t, "unread")}
	})
}

func boundaries() *rapid.Generator[*Set] {
	return rapid.Custom(func(t *rapid.T) *Set {
		if rapid.Bool().Draw(t, "boundary") {
			return nil
		}
		s := sets(Allow, Deny).Draw(t, "set")
		return &s
	})
}

func with(s Set, more []Policy) Set {
	return Set{Policies: append(slices.Clone(s.Policies), more...), Unread: s.Unread}
}

func TestAddingADenyNeverAllows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q, s, b := requests().Draw(t, "request"), sets(Allow, Deny).Draw(t, "set"), boundaries().Draw(t, "boundary")
		before := Identity(q, s, b).Verdict
		after := Identity(q, with(s, policiesOf(Deny).Draw(t, "denies")), b).Verdict
		if after == Allowed && before != Allowed || before.Denied() && !after.Denied() {
			t.Fatalf("%s became %s", before, after)
		}
	})
}

func TestAddingAnAllowNeverDenies(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q, s, b := requests().Draw(t, "request"), sets(Allow, Deny).Draw(t, "set"), boundaries().Draw(t, "boundary")
		before := Identity(q, s, b).Verdict
		after := Identity(q, with(s, policiesOf(Allow).Draw(t, "allows")), b).Verdict
		if after.Denied() && !before.Denied() || before == Allowed && after != Allowed {
			t.Fatalf("%s became %s", before, after)
		}
	})
}

func TestNotIsTheComplement(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := requests().Draw(t, "request")
		actions := lowered(some(actionWords).Draw(t, "actions"))
		plain, not := Statement{rules: compiled{actions: actions}}, Statement{rules: compiled{notActions: actions}}
		if plain.matchAction(q.Action) != not.matchAction(q.Action).not() {
			t.Fatal("NotAction is not the complement of Action")
		}
		resources := patterns(some(resourceWords).Draw(t, "resources"), true)
		plain, not = Statement{rules: compiled{resources: resources}}, Statement{rules: compiled{notResources: resources}}
		a, _ := plain.matchResource(q)
		b, _ := not.matchResource(q)
		if a != b.not() {
			t.Fatal("NotResource is not the complement of Resource")
		}
	})
}

func TestKnowingMoreOnlyResolves(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q, s, b := requests().Draw(t, "request"), sets(Allow, Deny).Draw(t, "set"), boundaries().Draw(t, "boundary")
		before := Identity(q, s, b).Verdict
		more := q
		for _, k := range keyWords {
			if _, known := q.Context.get(k); !known {
				more.Context = more.Context.With(k, rapid.SliceOfN(rapid.SampledFrom(haveWords), 0, 2).Draw(t, "more "+k)...)
			}
		}
		if q.Resource == "" {
			more.Resource = "arn:aws:ec2:r:1:instance/i-1"
		}
		after := Identity(more, s, b).Verdict
		if before != Undecided && before.Denied() != after.Denied() || before != Undecided && after == Undecided {
			t.Fatalf("%s became %s", before, after)
		}
	})
}

func TestLosingATextNeverFlips(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q, s, b := requests().Draw(t, "request"), sets(Allow, Deny).Draw(t, "set"), boundaries().Draw(t, "boundary")
		before := Identity(q, s, b).Verdict
		lost := Set{Unread: slices.Clone(s.Unread)}
		for i, p := range s.Policies {
			if rapid.Bool().Draw(t, "lost") {
				lost.Unread = append(lost.Unread, string(rune('a'+i)))
			} else {
				lost.Policies = append(lost.Policies, p)
			}
		}
		after := Identity(q, lost, b).Verdict
		if before == Allowed && after.Denied() || before.Denied() && after == Allowed || before == Undecided && after != Undecided {
			t.Fatalf("%s became %s", before, after)
		}
	})
}

// TestMatchesAgreesWithTheObvious compares the matcher with a recursion that is
// slow and plainly right.
func TestMatchesAgreesWithTheObvious(t *testing.T) {
	var slow func(p, s string) bool
	slow = func(p, s string) bool {
		switch {
		case p == "":
			return s == ""
		case p[0] == '*':
			return slow(p[1:], s) || s != "" && slow(p, s[1:])
		}
		return s != "" && (p[0] == '?' || p[0] == s[0]) && slow(p[1:], s[1:])
	}
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.StringOfN(rapid.SampledFrom([]rune("ab*?:")), 0, 8, -1).Draw(t, "pattern")
		s := rapid.StringOfN(rapid.SampledFrom([]rune("ab:")), 0, 8, -1).Draw(t, "subject")
		out, _ := newPattern(p, false).expand(nil, true)
		if got := matches(out, []rune(s), anywhere); got != slow(p, s) {
			t.Fatalf("matches(%q, %q) = %v", p, s, got)
		}
		if got := glob(p, s); got != slow(p, s) {
			t.Fatalf("glob(%q, %q) = %v", p, s, got)
		}
	})
}

// TestMatchingIsNotExponential would not end if it were.
func TestMatchingIsNotExponential(t *testing.T) {
	p, s := strings.Repeat("a*", 5000), strings.Repeat("a", 6000)+"b"
	if !glob(p, s) || glob(p+"c", s) {
		t.Error("glob is wrong")
	}
	if got, _ := newPattern(p+"c", false).matchText(nil, s[:200], true, false); got != no {
		t.Errorf("got %v", got)
	}
}
