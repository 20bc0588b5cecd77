package policy

import "strings"

// Verdict is what policies come to.
type Verdict string

// The verdicts. ImplicitDeny means that no statement allows the request. It stays
// the verdict where a Deny besides could hold or not: denied is denied.
const (
	Allowed      Verdict = "allowed"
	ExplicitDeny Verdict = "explicit-deny"
	ImplicitDeny Verdict = "implicit-deny"
	Undecided    Verdict = "undecided"
)

// Denied reports whether the request is refused, explicitly or not.
func (v Verdict) Denied() bool { return v == ExplicitDeny || v == ImplicitDeny }

// Decision is a verdict with what decided it.
type Decision struct {
	Verdict Verdict `json:"verdict"`
	// Grants is what the policies say that are meant to grant.
	Grants Part `json:"grants"`
	// Boundary is what the permissions boundary says, nil where there is none.
	Boundary *Part `json:"boundary,omitempty"`
}

// Part is what one group of policies says by itself.
type Part struct {
	Verdict Verdict `json:"verdict"`
	// By is the deciding statement: the Deny that holds, or the first Allow. nil for
	// ImplicitDeny, and where no Allow is sure.
	By *Ref `json:"by,omitempty"`
	// Closest is, for an ImplicitDeny, an Allow that names the action and fails
	// otherwise: on "resource", "condition" or "principal" (ClosestFails).
	Closest      *Ref   `json:"closest,omitempty"`
	ClosestFails string `json:"closest_fails,omitempty"`
	// Open is what leaves the verdict undecided.
	Open []Open `json:"open,omitempty"`
}

// Open is one thing that could not be decided.
type Open struct {
	// Kind is "condition", "resource", "principal" or "policy" (one that was not read).
	Kind string `json:"kind"`
	// What is the operator and key ("StringEquals aws:SourceVpc"), the pattern, or the
	// name of the unread policy.
	What string `json:"what"`
	// Ref is the statement; nil for an unread policy.
	Ref *Ref `json:"ref,omitempty"`
}

// Set is a group of policies that are evaluated together.
type Set struct {
	Policies []Policy
	// Unread names policies that belong to the group and whose text is not known.
	Unread []string
}

// Identity evaluates the policies of a role under its permissions boundary; nil
// means that the role has none. Service control policies are not part of it.
func Identity(q Request, grants Set, boundary *Set) Decision {
	d := Decision{Grants: grants.decide(q, ofIdentity)}
	d.Verdict = d.Grants.Verdict
	if boundary != nil {
		b := boundary.decide(q, ofIdentity)
		d.Boundary = &b
		d.Verdict = both(d.Verdict, b.Verdict)
	}
	return d
}

// Trust evaluates a role's trust policy for a service that wants to assume it.
func Trust(p Policy, service, action string, ctx Context) Decision {
	q := Request{Action: action, Who: Who{Service: service}, Context: ctx}
	return alone(Set{Policies: []Policy{p}}.decide(q, ofTrust))
}

// Resource evaluates the policy of a resource, such as a VPC endpoint's, for the
// principal q.Who. It says nothing about what identity policies grant.
func Resource(p Policy, q Request) Decision {
	return alone(Set{Policies: []Policy{p}}.decide(q, ofResource))
}

func alone(p Part) Decision { return Decision{Verdict: p.Verdict, Grants: p} }

// both joins two groups that must both allow.
func both(a, b Verdict) Verdict {
	for _, v := range []Verdict{ExplicitDeny, ImplicitDeny, Undecided} {
		if a == v || b == v {
			return v
		}
	}
	return Allowed
}

// subject says which elements a kind of policy has beside the action.
type subject uint8

const (
	ofIdentity subject = iota // no principal: it is whoever has the policy
	ofTrust                   // no resource: it is the role itself
	ofResource
)

// decide applies the rule of IAM: an explicit deny wins, then an allow, else no.
func (s Set) decide(q Request, kind subject) Part {
	var out Part
	var allow *Ref
	var denyOpen, allowOpen []Open
	for _, p := range s.Policies {
		for i := range p.Statements {
			st, ref := &p.Statements[i], p.ref(i)
			t, failed, open := st.match(q, kind, ref)
			switch {
			case t == yes && st.Effect == Deny:
				return Part{Verdict: ExplicitDeny, By: &ref}
			case t == maybe && st.Effect == Deny:
				denyOpen = append(denyOpen, open...)
			case t == yes && allow == nil:
				allow = &ref
			case t == maybe:
				allowOpen = append(allowOpen, open...)
			case t == no && st.Effect == Allow && failed != "action" && out.Closest == nil:
				out.Closest, out.ClosestFails = &ref, failed
			}
		}
	}
	var unread []Open
	for _, name := range s.Unread {
		unread = append(unread, Open{Kind: "policy", What: name})
	}
	switch {
	case allow != nil && len(denyOpen)+len(unread) == 0:
		return Part{Verdict: Allowed, By: allow}
	case allow != nil:
		return Part{Verdict: Undecided, By: allow, Open: append(denyOpen, unread...)}
	case len(allowOpen)+len(unread) > 0:
		return Part{Verdict: Undecided, Open: append(append(allowOpen, denyOpen...), unread...)}
	}
	out.Verdict = ImplicitDeny
	return out
}

// match says whether the statement speaks of the request. failed names the first
// element that says no; open is what makes it a maybe.
func (s *Statement) match(q Request, kind subject, ref Ref) (t truth, failed string, open []Open) {
	note := func(kind, what string) { open = append(open, Open{Kind: kind, What: what, Ref: &ref}) }
	t = s.matchAction(q.Action)
	if t == no {
		return no, "action", nil
	}
	if kind != ofIdentity {
		p := s.matchPrincipal(q.Who)
		if p == no {
			return no, "principal", nil
		}
		if p == maybe {
			note("principal", principals(s.Principals, s.NotPrincipals))
		}
		t = t.and(p)
	}
	if kind != ofTrust {
		r, what := s.matchResource(q)
		if r == no {
			return no, "resource", nil
		}
		if r == maybe {
			note("resource", what)
		}
		t = t.and(r)
	}
	for _, c := range s.rules.conditions {
		h := c.holds(q.Context)
		if h == no {
			return no, "condition", nil
		}
		if h == maybe {
			note("condition", c.Operator+" "+c.Key)
		}
		t = t.and(h)
	}
	return t, "", open
}

func (s *Statement) matchAction(action string) truth {
	action = strings.ToLower(action)
	if len(s.rules.notActions) > 0 {
		return matchAction(s.rules.notActions, action).not()
	}
	return matchAction(s.rules.actions, action)
}

// matchPrincipal is undecided where the element is missing, which IAM does not
// accept in a policy that has to have it.
func (s *Statement) matchPrincipal(w Who) truth {
	switch {
	case len(s.NotPrincipals) > 0:
		return w.outside(s.NotPrincipals)
	case len(s.Principals) > 0:
		return w.among(s.Principals)
	}
	return maybe
}

// matchResource returns the pattern that left it undecided. A missing element is
// undecided as in matchPrincipal.
func (s *Statement) matchResource(q Request) (truth, string) {
	switch {
	case len(s.rules.notResources) > 0:
		t, what := anyResource(s.rules.notResources, q)
		return t.not(), what
	case len(s.rules.resources) > 0:
		return anyResource(s.rules.resources, q)
	}
	return maybe, "no Resource"
}

func anyResource(list []pattern, q Request) (t truth, what string) {
	for _, p := range list {
		one := maybe
		if p.raw == "*" {
			one = yes
		} else if q.Resource != "" {
			if one, _ = p.matchARN(q.Context, q.Resource); one == yes && q.Unscoped {
				one = maybe
			}
		}
		if one == maybe {
			what = p.raw
		}
		t = t.or(one)
	}
	return t, what
}

func principals(lists ...[]Principal) string {
	var out []string
	for _, l := range lists {
		for _, p := range l {
			out = append(out, p.Type+":"+p.Value)
		}
	}
	if len(out) == 0 {
		return "no Principal"
	}
	return strings.Join(out, ", ")
}
