package fixes

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// withStatement adds a statement at the end of a policy document and leaves the
// rest as it is.
func withStatement(document string, statement map[string]any) (string, error) {
	var top map[string]json.RawMessage
	if err := json.Unmarshal([]byte(document), &top); err != nil {
		return "", fmt.Errorf("reading the document: %w", err)
	}
	if top == nil {
		return "", errors.New("the document is null")
	}
	added, err := json.Marshal(statement)
	if err != nil {
		return "", err
	}
	var list []json.RawMessage
	raw := bytes.TrimSpace(top["Statement"])
	switch {
	case len(raw) == 0 || bytes.Equal(raw, []byte("null")):
	case raw[0] == '[':
		if err := json.Unmarshal(raw, &list); err != nil {
			return "", fmt.Errorf("reading its statements: %w", err)
		}
	default: // a single statement may stand without the list
		list = append(list, raw)
	}
	if top["Statement"], err = json.Marshal(append(list, added)); err != nil {
		return "", err
	}
	// Version before Statement, as people write it.
	var out bytes.Buffer
	out.WriteByte('{')
	for _, key := range []string{"Version", "Id", "Statement"} {
		value, there := top[key]
		if !there {
			continue
		}
		if out.Len() > 1 {
			out.WriteByte(',')
		}
		fmt.Fprintf(&out, "%q:", key)
		if err := json.Compact(&out, value); err != nil {
			return "", err
		}
		delete(top, key)
	}
	out.WriteByte('}')
	for key := range top {
		return "", fmt.Errorf("it has an element %q", key)
	}
	return out.String(), nil
}

// indented writes a document for reading; what is no JSON stays as it is.
func indented(document string) string {
	var out bytes.Buffer
	if err := json.Indent(&out, []byte(document), "", "  "); err != nil {
		return document
	}
	return out.String()
}
