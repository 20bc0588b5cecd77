package redact

import "strings"

// An ARN is judged by what it is made of: arn:partition:service:region:account:resource.

func (r *Redactor) learnARN(c Class, s string) {
	f := strings.SplitN(s, ":", 6)
	if len(f) < 6 || f[0] != "arn" {
		// A caller's user id: "AROA…:session".
		if id, session, ok := strings.Cut(s, ":"); ok && c == Own {
			r.remember(Machine, id)
			r.remember(Operator, session)
		} else if c == Own {
			r.remember(Machine, s)
		}
		return
	}
	r.remember(Account, f[4])
	switch path := strings.Split(f[5], "/"); {
	case f[2] == "sts" && path[0] == "assumed-role" && len(path) >= 3:
		session := strings.Join(path[2:], "/")
		if r.fixed(path[1]) {
			r.Learn(Plain, session) // an AWS service's own
			return
		}
		r.remember(Role, path[1])
		r.remember(personal(c), session)
	case f[2] == "iam" && path[0] == "user":
		r.remember(personal(c), path[len(path)-1])
	case f[2] == "iam" && f[4] != "aws":
		r.remember(Role, path[len(path)-1])
	}
}

func personal(c Class) Class {
	if c == Own {
		return Operator
	}
	return User
}

func (r *Redactor) arn(c Class, s string) string {
	f := strings.SplitN(s, ":", 6)
	if len(f) < 6 || f[0] != "arn" {
		if id, session, ok := strings.Cut(s, ":"); ok {
			return r.value(Machine, id) + ":" + r.value(personal(c), session)
		}
		return r.value(Machine, s)
	}
	if f[4] == "aws" {
		return s // AWS's own policies
	}
	f[4] = r.value(Account, f[4])
	path := strings.Split(f[5], "/")
	switch {
	case f[2] == "sts" && path[0] == "assumed-role" && len(path) >= 3:
		if session := strings.Join(path[2:], "/"); !r.fixed(path[1]) || refine(personal(c), session) != personal(c) {
			path = []string{path[0], r.value(Role, path[1]), r.value(refine(personal(c), session), session)}
		}
	case f[2] == "iam" && path[0] == "user":
		for i := 1; i < len(path); i++ {
			path[i] = r.value(personal(c), path[i])
		}
	case f[2] == "iam":
		for i := 1; i < len(path); i++ {
			path[i] = r.value(Role, path[i])
		}
	case r.reader == Public:
		for i, p := range path {
			if i > 0 || len(path) == 1 {
				path[i] = r.resource(p)
			}
		}
	default:
		return strings.Join(f[:5], ":") + ":" + r.sweep(f[5])
	}
	f[5] = strings.Join(path, "/")
	return strings.Join(f, ":")
}

// resource rewrites one step of an ARN's path; a "*" says nothing.
func (r *Redactor) resource(s string) string {
	if s == "*" || s == "" {
		return s
	}
	return r.token(refine(Name, s), s)
}
