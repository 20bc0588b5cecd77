package policy

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// reader reads JSON from front to back and knows where it stands, which
// encoding/json tells only of syntax errors. It never recurses into what it does
// not expect, so a deeply nested document costs nothing.
type reader struct {
	text string
	// at is the offset of what comes next, start that of the token read last.
	at, start int
	// path is where the reader is: "Statement", "2", "Action".
	path []string
}

// kinds of tokens: the delimiters are themselves.
const (
	aString  = 's'
	aNumber  = 'n'
	aBoolean = 'b'
	aNull    = '0'
	theEnd   = 0
)

// next reads one token; value is a string's content or the text of a scalar.
func (r *reader) next() (kind byte, value string, err error) {
	for r.at < len(r.text) && strings.IndexByte(" \t\r\n", r.text[r.at]) >= 0 {
		r.at++
	}
	r.start = r.at
	if r.at == len(r.text) {
		return theEnd, "", nil
	}
	switch c := r.text[r.at]; c {
	case '{', '}', '[', ']', ',', ':':
		r.at++
		return c, "", nil
	case '"':
		value, err = r.quoted()
		return aString, value, err
	}
	for r.at < len(r.text) && strings.IndexByte(" \t\r\n{}[],:\"", r.text[r.at]) < 0 {
		r.at++
	}
	value = r.text[r.start:r.at]
	switch {
	case value == "true", value == "false":
		return aBoolean, value, nil
	case value == "null":
		return aNull, value, nil
	case json.Valid([]byte(value)):
		return aNumber, value, nil
	}
	return 0, "", r.fail(r.start, "not JSON: "+quote(value))
}

// quoted reads a string. Plain ones are cut out of the text as they stand.
func (r *reader) quoted() (string, error) {
	plain := true
	for i := r.at + 1; i < len(r.text); i++ {
		switch c := r.text[i]; {
		case c == '\\':
			plain = false
			i++
		case c < ' ':
			return "", r.fail(i, "not JSON: a control character in a string")
		case c == '"':
			literal := r.text[r.at : i+1]
			r.at = i + 1
			if plain {
				return literal[1 : len(literal)-1], nil
			}
			var s string
			if err := json.Unmarshal([]byte(literal), &s); err != nil {
				return "", r.fail(r.start, "not JSON: "+err.Error())
			}
			return s, nil
		}
	}
	return "", r.fail(len(r.text), "not JSON: the document ends too early")
}

// quote shows a piece of a document in a message, shortened.
func quote(s string) string {
	if len(s) > 40 {
		s = strings.ToValidUTF8(s[:40], "") + "…"
	}
	return strconv.Quote(s)
}

func (r *reader) fail(offset int, what string) error {
	offset = min(max(offset, 0), len(r.text))
	before := r.text[:offset]
	line := 1 + strings.Count(before, "\n")
	column := 1 + utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:])
	return &SyntaxError{Line: line, Column: column, At: strings.Join(r.path, "."), What: what}
}

// expected is the error where the token read last is not what belongs there.
func (r *reader) expected(kind byte, what string) error {
	if kind == theEnd {
		return r.fail(r.start, "not JSON: the document ends too early")
	}
	return r.fail(r.start, what)
}

// in reads something one level deeper.
func (r *reader) in(name string, read func() error) error {
	r.path = append(r.path, name)
	err := read()
	r.path = r.path[:len(r.path)-1]
	return err
}

// object reads an object, of which kind is the first token. member finds the colon
// behind its name read, and the offset of the name.
func (r *reader) object(kind byte, member func(key string, at int) error) error {
	if kind != '{' {
		return r.expected(kind, "an object belongs here")
	}
	seen := map[string]bool{}
	for {
		kind, key, err := r.next()
		switch {
		case err != nil:
			return err
		case kind == '}' && len(seen) == 0:
			return nil
		case kind != aString:
			return r.expected(kind, "not JSON: a name belongs here")
		case seen[key]:
			return r.fail(r.start, fmt.Sprintf("has %s twice", quote(key)))
		}
		seen[key] = true
		at := r.start
		if kind, _, err = r.next(); err != nil {
			return err
		} else if kind != ':' {
			return r.expected(kind, "not JSON: a colon belongs here")
		}
		if err := member(key, at); err != nil {
			return err
		}
		if more, err := r.more('}'); !more {
			return err
		}
	}
}

// more reads what stands behind an element: a comma, or the end of the list.
func (r *reader) more(end byte) (bool, error) {
	kind, _, err := r.next()
	switch {
	case err != nil:
		return false, err
	case kind == ',':
		return true, nil
	case kind == end:
		return false, nil
	}
	return false, r.expected(kind, fmt.Sprintf("not JSON: a comma or %c belongs here", end))
}

// oneOrMany reads one value or a list of them. value finds its first token read.
func (r *reader) oneOrMany(value func(kind byte, v string) error) error {
	kind, v, err := r.next()
	if err != nil {
		return err
	}
	if kind != '[' {
		return value(kind, v)
	}
	start := r.start
	for n := 0; ; n++ {
		kind, v, err := r.next()
		if err != nil {
			return err
		}
		if kind == ']' && n == 0 {
			return r.fail(start, "the list is empty")
		}
		if err := r.in(strconv.Itoa(n), func() error { return value(kind, v) }); err != nil {
			return err
		}
		if more, err := r.more(']'); !more {
			return err
		}
	}
}

// word reads one string.
func (r *reader) word() (string, error) {
	kind, v, err := r.next()
	if err == nil && kind != aString {
		err = r.expected(kind, "a string belongs here")
	}
	return v, err
}

// strings reads a string or a list of strings.
func (r *reader) strings() ([]string, error) {
	var out []string
	err := r.oneOrMany(func(kind byte, v string) error {
		if kind != aString {
			return r.expected(kind, "a string belongs here")
		}
		out = append(out, v)
		return nil
	})
	return out, err
}

// scalars reads a string, number or boolean, or a list of them, as strings: IAM
// takes "true" and true for the same.
func (r *reader) scalars() ([]string, error) {
	var out []string
	err := r.oneOrMany(func(kind byte, v string) error {
		if kind != aString && kind != aNumber && kind != aBoolean {
			return r.expected(kind, "a string, a number or a boolean belongs here")
		}
		out = append(out, v)
		return nil
	})
	return out, err
}
