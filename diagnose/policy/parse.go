package policy

import (
	"fmt"
	"slices"
	"unicode/utf8"
)

// MaxSize is the largest document that Parse takes, in bytes. AWS's own limits are
// 6,144 characters for a managed policy, 10,240 for the inline ones of a role and
// 20,480 for an endpoint policy; the first two do not count white space, so this
// leaves room for a generously indented one.
const MaxSize = 256 << 10

// SyntaxError says where a document is no policy.
type SyntaxError struct {
	// Line and Column count from 1; Column counts characters.
	Line, Column int
	// At is the element: "Statement.2.Effect". "" is the document.
	At   string
	What string
}

func (e *SyntaxError) Error() string {
	at := ""
	if e.At != "" {
		at = e.At + ": "
	}
	return fmt.Sprintf("policy document, line %d, column %d: %s%s", e.Line, e.Column, at, e.What)
}

// Parse reads a policy document. It refuses what IAM refuses: elements it does not
// know, elements given twice, statements without an effect or an action. Every
// error is a *SyntaxError.
func Parse(text string) (Document, error) {
	r := &reader{text: text}
	if len(text) > MaxSize {
		return Document{}, r.fail(0, fmt.Sprintf("the document has %d bytes, AWS allows 20480 characters at most", len(text)))
	}
	if !utf8.ValidString(text) {
		return Document{}, r.fail(invalidAt(text), "not valid UTF-8")
	}
	var d Document
	if err := r.document(&d); err != nil {
		return Document{}, err
	}
	d.compile()
	return d, nil
}

func invalidAt(s string) int {
	for i := 0; i < len(s); {
		c, n := utf8.DecodeRuneInString(s[i:])
		if c == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return len(s)
}

func (r *reader) document(d *Document) error {
	kind, _, err := r.next()
	if err != nil {
		return err
	}
	err = r.object(kind, func(key string, at int) error {
		switch key {
		case "Version", "Id", "Statement":
			return r.in(key, func() error { return r.documentElement(d, key) })
		}
		return r.fail(at, fmt.Sprintf("no element of a policy is called %s (Version, Id, Statement)", quote(key)))
	})
	if err != nil {
		return err
	}
	if len(d.Statements) == 0 {
		return r.fail(0, "the document has no Statement")
	}
	if kind, _, err = r.next(); err == nil && kind != theEnd {
		err = r.fail(r.start, "something follows the end of the document")
	}
	return err
}

func (r *reader) documentElement(d *Document, key string) (err error) {
	switch key {
	case "Version":
		if d.Version, err = r.word(); err == nil && d.Version != "2012-10-17" && d.Version != "2008-10-17" {
			err = r.fail(r.start, quote(d.Version)+" is neither 2012-10-17 nor 2008-10-17")
		}
	case "Id":
		d.ID, err = r.word()
	case "Statement":
		err = r.oneOrMany(func(kind byte, _ string) error {
			var s Statement
			err := r.statement(kind, &s)
			d.Statements = append(d.Statements, s)
			return err
		})
	}
	return err
}

func (r *reader) statement(kind byte, s *Statement) error {
	if kind != '{' {
		return r.expected(kind, "a statement is an object")
	}
	start := r.start
	seen := map[string]bool{}
	err := r.object(kind, func(key string, at int) error {
		seen[key] = true
		read, known := r.statementElement(s, key)
		if !known {
			return r.fail(at, "no element of a statement is called "+quote(key))
		}
		return r.in(key, read)
	})
	if err != nil {
		return err
	}
	for _, pair := range []struct {
		a, b   string
		needed bool
	}{{"Action", "NotAction", true}, {"Resource", "NotResource", false}, {"Principal", "NotPrincipal", false}} {
		if seen[pair.a] && seen[pair.b] {
			return r.fail(start, fmt.Sprintf("has both %s and %s", pair.a, pair.b))
		}
		if pair.needed && !seen[pair.a] && !seen[pair.b] {
			return r.fail(start, fmt.Sprintf("has neither %s nor %s", pair.a, pair.b))
		}
	}
	if !seen["Effect"] {
		return r.fail(start, "has no Effect")
	}
	return nil
}

// statementElement returns what reads an element.
func (r *reader) statementElement(s *Statement, key string) (read func() error, known bool) {
	list := func(to *[]string) func() error {
		return func() (err error) { *to, err = r.strings(); return err }
	}
	who := func(to *[]Principal) func() error {
		return func() (err error) { *to, err = r.principals(); return err }
	}
	switch key {
	case "Sid":
		return func() (err error) { s.Sid, err = r.word(); return err }, true
	case "Effect":
		return func() error {
			e, err := r.word()
			if err == nil && e != string(Allow) && e != string(Deny) {
				err = r.fail(r.start, quote(e)+" is neither Allow nor Deny")
			}
			s.Effect = Effect(e)
			return err
		}, true
	case "Action":
		return list(&s.Actions), true
	case "NotAction":
		return list(&s.NotActions), true
	case "Resource":
		return list(&s.Resources), true
	case "NotResource":
		return list(&s.NotResources), true
	case "Principal":
		return who(&s.Principals), true
	case "NotPrincipal":
		return who(&s.NotPrincipals), true
	case "Condition":
		return func() (err error) { s.Conditions, err = r.conditions(); return err }, true
	}
	return nil, false
}

func (r *reader) principals() ([]Principal, error) {
	kind, v, err := r.next()
	switch {
	case err != nil:
		return nil, err
	case kind == aString && v == "*":
		return []Principal{{Type: "AWS", Value: "*"}}, nil
	case kind == aString:
		return nil, r.fail(r.start, quote(v)+" is no principal: \"*\" or an object")
	}
	var out []Principal
	start := r.start
	err = r.object(kind, func(kind string, at int) error {
		if !slices.Contains([]string{"AWS", "Service", "Federated", "CanonicalUser"}, kind) {
			return r.fail(at, fmt.Sprintf("no kind of principal is called %s (AWS, Service, Federated, CanonicalUser)", quote(kind)))
		}
		return r.in(kind, func() error {
			values, err := r.strings()
			for _, v := range values {
				out = append(out, Principal{Type: kind, Value: v})
			}
			return err
		})
	})
	if err == nil && len(out) == 0 {
		err = r.fail(start, "names nobody")
	}
	return out, err
}

func (r *reader) conditions() ([]Condition, error) {
	var out []Condition
	kind, _, err := r.next()
	if err != nil {
		return nil, err
	}
	err = r.object(kind, func(operator string, _ int) error {
		kind, _, err := r.next()
		if err != nil {
			return err
		}
		return r.in(operator, func() error {
			return r.object(kind, func(key string, _ int) error {
				return r.in(key, func() error {
					values, err := r.scalars()
					out = append(out, Condition{Operator: operator, Key: key, Values: values})
					return err
				})
			})
		})
	})
	return out, err
}
