package guest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// The decoders are strict. Each block has one shape, which its script prints: a field
// that is unknown, missing, null, doubled or out of its range means that something
// else answered, and then nothing of it is believed.

// decode reads a block's value. required are fields that have to stand there unless
// unread, a list of fields that Windows would not give, names them; optional are
// fields that unread may name besides.
func decode[T any](b json.RawMessage, required, optional []string, check func(*checker, *T)) (T, error) {
	var v, none T
	if err := sound(b); err != nil {
		return none, err
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		return none, err
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(b, &fields); err != nil {
		return none, err
	}
	var unread []string
	if u, ok := fields["unread"]; ok {
		if err := json.Unmarshal(u, &unread); err != nil {
			return none, err
		}
	}
	for _, u := range unread {
		if !slices.Contains(required, u) && !slices.Contains(optional, u) {
			return none, fmt.Errorf("unread names %.40q, which its script always reads", u)
		}
	}
	for _, r := range required {
		if _, ok := fields[r]; !ok && !slices.Contains(unread, r) {
			return none, fmt.Errorf("%s is missing", r)
		}
	}
	c := &checker{}
	check(c, &v)
	if c.err != nil {
		return none, c.err
	}
	return v, nil
}

// sound checks what Go's decoder lets pass: null for anything, a field twice, a
// field's name in other letters, and text after the value.
func sound(b json.RawMessage) error {
	if len(b) > maxValue {
		return fmt.Errorf("%d bytes are more than its script prints", len(b))
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	t, err := d.Token()
	if err != nil {
		return err
	}
	if t != json.Delim('{') {
		return errors.New("it is not an object")
	}
	if err := inside(d, t, 1); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("text follows its value")
	}
	return nil
}

// maxDepth is how deep a value may nest. The scripts' own nest three deep.
const maxDepth = 6

// inside walks the object or array that open opened.
func inside(d *json.Decoder, open json.Token, depth int) error {
	if depth > maxDepth {
		return errors.New("it nests too deep")
	}
	seen := map[string]bool{}
	for d.More() {
		if open == json.Delim('{') {
			k, err := d.Token()
			if err != nil {
				return err
			}
			name, _ := k.(string)
			if name != strings.ToLower(name) {
				return fmt.Errorf("unknown field %.40q", name)
			}
			if seen[name] {
				return fmt.Errorf("%.40s stands there twice", name)
			}
			seen[name] = true
		}
		t, err := d.Token()
		switch {
		case err != nil:
			return err
		case t == nil:
			return errors.New("null stands for a value")
		case t == json.Delim('{') || t == json.Delim('['):
			if err := inside(d, t, depth+1); err != nil {
				return err
			}
		}
	}
	_, err := d.Token()
	return err
}
