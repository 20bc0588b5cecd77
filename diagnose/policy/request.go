package policy

import (
	"maps"
	"slices"
	"strings"
)

// Request is what is asked of the policies.
type Request struct {
	// Action is spelled "ssm:UpdateInstanceInformation".
	Action string
	// Resource is the ARN on which the service asks IAM; "" where it is not known.
	Resource string
	// Unscoped says that the service documents no resource types for the action, so
	// that "*" is the only Resource that is documented to work.
	Unscoped bool
	Who      Who
	Context  Context
}

// Who makes a request: a service, or the session of a role.
type Who struct {
	// Service is a service principal: "ec2.amazonaws.com". It excludes the others.
	Service string
	// Role is the ARN of the role whose session asks, Session the session's name (for
	// the role of an instance, the instance's id), Account the role's account.
	Role    string
	Session string
	Account string
}

// Context holds what is known of a request, by condition key in lower case. A key
// with no values is known not to be in the request; a key that is not in the map
// is not known.
type Context map[string][]string

// With returns c with a key's values added; without values the key is known not
// to be in the request. Keys are not case-sensitive.
func (c Context) With(key string, values ...string) Context {
	out := maps.Clone(c)
	if out == nil {
		out = Context{}
	}
	out[strings.ToLower(key)] = slices.Clone(values)
	return out
}

func (c Context) get(key string) (values []string, known bool) {
	values, known = c[strings.ToLower(key)]
	return values, known
}

// among says whether w is one of the listed principals.
func (w Who) among(list []Principal) truth {
	t := no
	for _, p := range list {
		t = t.or(w.is(p))
	}
	return t
}

func (w Who) is(p Principal) truth {
	// "*" is everybody, services too ("aws:PrincipalIsAWSService", IAM User Guide).
	if p.Type == "AWS" && p.Value == "*" {
		return yes
	}
	if w.Service != "" {
		return truthOf(p.Type == "Service" && p.Value == w.Service)
	}
	if p.Type != "AWS" {
		return no
	}
	if w.Role == "" {
		return maybe
	}
	switch {
	case p.Value == w.Role:
		return yes
	case p.Value == w.Account && w.Account != "":
		return yes
	case strings.HasPrefix(p.Value, "AROA"):
		// A role's unique id: IAM shows it in place of a role that was deleted, and
		// the id of the caller's role is not part of the request here.
		return maybe
	}
	service, account, name, ok := splitARN(p.Value)
	switch {
	case !ok:
		return no
	case service == "iam" && name == "root":
		return truthOf(account == w.Account && w.Account != "")
	case service == "sts" && strings.HasPrefix(name, "assumed-role/"):
		return w.isSession(account, strings.TrimPrefix(name, "assumed-role/"))
	}
	return no
}

func (w Who) isSession(account, roleAndSession string) truth {
	role, session, _ := strings.Cut(roleAndSession, "/")
	_, _, own, _ := splitARN(w.Role)
	switch {
	case account != w.Account || role != own[strings.LastIndexByte(own, '/')+1:]:
		return no
	case w.Session == "":
		return maybe
	}
	return truthOf(session == w.Session)
}

// outside says whether w is none of the listed principals. IAM compares
// NotPrincipal with the session, its role and its account each, so a list that
// names only some of them is undecided.
func (w Who) outside(list []Principal) truth {
	t := w.among(list).not()
	if t == no && w.Service == "" && !slices.Contains(list, Principal{Type: "AWS", Value: "*"}) {
		return maybe
	}
	return t
}

// splitARN cuts arn:partition:service:region:account:name.
func splitARN(arn string) (service, account, name string, ok bool) {
	f := strings.SplitN(arn, ":", 6)
	if len(f) != 6 || f[0] != "arn" {
		return "", "", "", false
	}
	return f[2], f[4], f[5], true
}
