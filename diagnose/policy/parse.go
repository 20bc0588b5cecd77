package policy

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
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
	// At is the element: "Statement[2].Effect". "" is the document.
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
		return Document{}, r.fail(0, "", fmt.Sprintf("the document has %d bytes, AWS allows 20480 characters at most", len(text)))
	}
	if !utf8.ValidString(text) {
		return Document{}, r.fail(invalidAt(text), "", "not valid UTF-8")
	}
	r.open()
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
	hasStatement := false
	err := r.object("", func(key string, at int) error {
		var err error
		switch key {
		case "Version":
			if d.Version, err = r.word("Version"); err != nil {
				return err
			}
			if d.Version != "2012-10-17" && d.Version != "2008-10-17" {
				return r.fail(r.start, "Version", fmt.Sprintf("%q is neither 2012-10-17 nor 2008-10-17", d.Version))
			}
		case "Id":
			d.ID, err = r.word("Id")
		case "Statement":
			hasStatement = true
			err = r.statements(d)
		default:
			return r.fail(at, "", fmt.Sprintf("no element of a policy is called %q (Version, Id, Statement)", key))
		}
		return err
	})
	if err != nil {
		return err
	}
	if !hasStatement {
		return r.fail(0, "", "the document has no Statement")
	}
	if err := r.next(); !errors.Is(err, io.EOF) {
		return r.fail(r.start, "", "something follows the end of the document")
	}
	return nil
}

func (r *reader) statements(d *Document) error {
	return r.oneOrMany("Statement", func(at string) error {
		var s Statement
		if err := r.statement(at, &s); err != nil {
			return err
		}
		d.Statements = append(d.Statements, s)
		return nil
	})
}

func (r *reader) statement(at string, s *Statement) error {
	start := r.start
	if r.token != json.Delim('{') {
		return r.fail(r.start, at, "a statement is an object")
	}
	seen := map[string]bool{}
	err := r.members(at, func(key string, keyAt int) error {
		seen[key] = true
		var err error
		path := at + "." + key
		switch key {
		case "Sid":
			s.Sid, err = r.word(path)
		case "Effect":
			var e string
			if e, err = r.word(path); err == nil && e != string(Allow) && e != string(Deny) {
				return r.fail(r.start, path, fmt.Sprintf("%q is neither Allow nor Deny", e))
			}
			s.Effect = Effect(e)
		case "Action":
			s.Actions, err = r.strings(path)
		case "NotAction":
			s.NotActions, err = r.strings(path)
		case "Resource":
			s.Resources, err = r.strings(path)
		case "NotResource":
			s.NotResources, err = r.strings(path)
		case "Principal":
			s.Principals, err = r.principals(path)
		case "NotPrincipal":
			s.NotPrincipals, err = r.principals(path)
		case "Condition":
			s.Conditions, err = r.conditions(path)
		default:
			return r.fail(keyAt, at, fmt.Sprintf("no element of a statement is called %q", key))
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, pair := range []struct {
		a, b   string
		needed bool
	}{{"Action", "NotAction", true}, {"Resource", "NotResource", false}, {"Principal", "NotPrincipal", false}} {
		if seen[pair.a] && seen[pair.b] {
			return r.fail(start, at, fmt.Sprintf("has both %s and %s", pair.a, pair.b))
		}
		if pair.needed && !seen[pair.a] && !seen[pair.b] {
			return r.fail(start, at, fmt.Sprintf("has neither %s nor %s", pair.a, pair.b))
		}
	}
	if !seen["Effect"] {
		return r.fail(start, at, "has no Effect")
	}
	return nil
}

func (r *reader) principals(at string) ([]Principal, error) {
	if err := r.next(); err != nil {
		return nil, r.broken(err, at)
	}
	if s, is := r.token.(string); is {
		if s != "*" {
			return nil, r.fail(r.start, at, fmt.Sprintf("%q is no principal: \"*\" or an object", s))
		}
		return []Principal{{Type: "AWS", Value: "*"}}, nil
	}
	if r.token != json.Delim('{') {
		return nil, r.fail(r.start, at, "a principal is \"*\" or an object")
	}
	var out []Principal
	start := r.start
	err := r.members(at, func(kind string, keyAt int) error {
		if !slices.Contains([]string{"AWS", "Service", "Federated", "CanonicalUser"}, kind) {
			return r.fail(keyAt, at, fmt.Sprintf("no kind of principal is called %q (AWS, Service, Federated, CanonicalUser)", kind))
		}
		values, err := r.strings(at + "." + kind)
		for _, v := range values {
			out = append(out, Principal{Type: kind, Value: v})
		}
		return err
	})
	if err == nil && len(out) == 0 {
		err = r.fail(start, at, "names nobody")
	}
	return out, err
}

func (r *reader) conditions(at string) ([]Condition, error) {
	var out []Condition
	err := r.object(at, func(operator string, _ int) error {
		return r.object(at+"."+operator, func(key string, _ int) error {
			values, err := r.scalars(at + "." + operator + "." + key)
			out = append(out, Condition{Operator: operator, Key: key, Values: values})
			return err
		})
	})
	return out, err
}
