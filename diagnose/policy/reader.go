package policy

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// reader walks the tokens of a document and knows where each stands. It never
// recurses into what it does not expect, so a deeply nested document costs nothing.
type reader struct {
	text  string
	dec   *json.Decoder
	token json.Token
	// start is the offset at which token begins.
	start int
}

func (r *reader) open() {
	r.dec = json.NewDecoder(strings.NewReader(r.text))
	r.dec.UseNumber()
}

// next reads one token. At the end of the text it returns io.EOF.
func (r *reader) next() error {
	from := min(int(r.dec.InputOffset()), len(r.text))
	rest := strings.TrimLeft(r.text[from:], " \t\r\n,:")
	r.start = len(r.text) - len(rest)
	t, err := r.dec.Token()
	r.token = t
	return err
}

func (r *reader) fail(offset int, at, what string) error {
	offset = min(max(offset, 0), len(r.text))
	before := r.text[:offset]
	line := 1 + strings.Count(before, "\n")
	column := 1 + utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:])
	return &SyntaxError{Line: line, Column: column, At: at, What: what}
}

// broken turns what the JSON decoder says into our error.
func (r *reader) broken(err error, at string) error {
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax):
		return r.fail(int(syntax.Offset)-1, at, "not JSON: "+syntax.Error())
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return r.fail(len(r.text), at, "not JSON: the document ends too early")
	}
	return r.fail(r.start, at, "not JSON: "+err.Error())
}

// object reads an object whose opening brace comes next.
func (r *reader) object(at string, member func(key string, at int) error) error {
	if err := r.next(); err != nil {
		return r.broken(err, at)
	}
	if r.token != json.Delim('{') {
		return r.fail(r.start, at, "an object belongs here")
	}
	return r.members(at, member)
}

// members reads an object whose opening brace was read.
func (r *reader) members(at string, member func(key string, at int) error) error {
	seen := map[string]bool{}
	for r.dec.More() {
		if err := r.next(); err != nil {
			return r.broken(err, at)
		}
		key, is := r.token.(string)
		if !is {
			return r.fail(r.start, at, "a name belongs here")
		}
		if seen[key] {
			return r.fail(r.start, at, fmt.Sprintf("has %q twice", key))
		}
		seen[key] = true
		if err := member(key, r.start); err != nil {
			return err
		}
	}
	if err := r.next(); err != nil {
		return r.broken(err, at)
	}
	return nil
}

// oneOrMany reads one value or a list of them. value finds its first token read.
func (r *reader) oneOrMany(at string, value func(at string) error) error {
	if err := r.next(); err != nil {
		return r.broken(err, at)
	}
	if r.token != json.Delim('[') {
		return value(at)
	}
	start, n := r.start, 0
	for r.dec.More() {
		if err := r.next(); err != nil {
			return r.broken(err, at)
		}
		if err := value(fmt.Sprintf("%s[%d]", at, n)); err != nil {
			return err
		}
		n++
	}
	if err := r.next(); err != nil {
		return r.broken(err, at)
	}
	if n == 0 {
		return r.fail(start, at, "the list is empty")
	}
	return nil
}

// word reads one string.
func (r *reader) word(at string) (string, error) {
	if err := r.next(); err != nil {
		return "", r.broken(err, at)
	}
	s, is := r.token.(string)
	if !is {
		return "", r.fail(r.start, at, "a string belongs here")
	}
	return s, nil
}

// strings reads a string or a list of strings.
func (r *reader) strings(at string) ([]string, error) {
	var out []string
	err := r.oneOrMany(at, func(at string) error {
		s, is := r.token.(string)
		if !is {
			return r.fail(r.start, at, "a string belongs here")
		}
		out = append(out, s)
		return nil
	})
	return out, err
}

// scalars reads a string, number or boolean, or a list of them, as strings: IAM
// takes "true" and true for the same.
func (r *reader) scalars(at string) ([]string, error) {
	var out []string
	err := r.oneOrMany(at, func(at string) error {
		switch t := r.token.(type) {
		case string:
			out = append(out, t)
		case json.Number:
			out = append(out, t.String())
		case bool:
			out = append(out, fmt.Sprint(t))
		default:
			return r.fail(r.start, at, "a string, a number or a boolean belongs here")
		}
		return nil
	})
	return out, err
}
