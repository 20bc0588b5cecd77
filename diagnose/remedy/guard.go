package remedy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
)

// Guard is one value of the estate that a step changes. Before is compared with the
// world right before the step is done, After right after, and before it is undone.
type Guard struct {
	// Part is the part's key, and At the path within it: "rules[sgr-1].from_port".
	Part string `json:"part"`
	At   string `json:"at"`
	// Before and After are compact JSON; "" where nothing stands there.
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
}

// volatile are the fields that AWS changes by itself while a thing comes up or goes
// away. What they say is judged, not guarded.
var volatile = []string{"state", "status", "interfaces", "dns_names", "failure_reason", "version"}

// compare lists what differs between two facts of one part, leaf by leaf.
func compare(key estate.Key, before, after fact.Fact) ([]Guard, error) {
	b, err := plain(before)
	if err != nil {
		return nil, err
	}
	a, err := plain(after)
	if err != nil {
		return nil, err
	}
	d := differ{part: key.String()}
	d.walk("", b, a)
	return d.guards, nil
}

// plain is a fact's value as JSON's own types, nil where there is none.
func plain(f fact.Fact) (any, error) {
	if f == nil || f.State() != fact.StateKnown {
		return nil, nil
	}
	raw, err := json.Marshal(f)
	if err != nil {
		return nil, err
	}
	var w struct {
		Value any `json:"value"`
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(&w); err != nil {
		return nil, err
	}
	return w.Value, nil
}

type differ struct {
	part   string
	guards []Guard
}

func (d *differ) walk(at string, before, after any) {
	switch b := before.(type) {
	case map[string]any:
		if a, ok := after.(map[string]any); ok {
			for _, k := range slices.Sorted(maps.Keys(union(b, a))) {
				if !slices.Contains(volatile, k) {
					d.walk(join(at, k), b[k], a[k])
				}
			}
			return
		}
	case []any:
		a, ok := after.([]any)
		if !ok && after != nil {
			break
		}
		d.lists(at, b, a)
		return
	case nil:
		if a, ok := after.([]any); ok {
			d.lists(at, nil, a)
			return
		}
	}
	if x, y := compact(before), compact(after); x != y {
		d.guards = append(d.guards, Guard{Part: d.part, At: at, Before: x, After: y})
	}
}

// lists compares arrays as sets of things with a name: the order of AWS's lists says
// nothing.
func (d *differ) lists(at string, before, after []any) {
	b, a := byName(before), byName(after)
	for _, name := range slices.Sorted(maps.Keys(union(b, a))) {
		_, was := b[name]
		_, is := a[name]
		path := at + "[" + name + "]"
		switch {
		case was && is:
			d.walk(path, b[name], a[name])
		case was:
			d.guards = append(d.guards, Guard{Part: d.part, At: path, Before: compact(b[name])})
		default:
			d.guards = append(d.guards, Guard{Part: d.part, At: path, After: compact(a[name])})
		}
	}
}

func union(a, b map[string]any) map[string]any {
	m := maps.Clone(a)
	if m == nil {
		m = map[string]any{}
	}
	maps.Copy(m, b)
	return m
}

func join(at, field string) string {
	if at == "" {
		return field
	}
	return at + "." + field
}

// byName keys the elements of an array by what identifies them.
func byName(list []any) map[string]any {
	m := map[string]any{}
	for _, v := range list {
		name := nameOf(v)
		for n := 2; ; n++ { // equal elements of a list of values
			if _, taken := m[name]; !taken {
				break
			}
			name = nameOf(v) + "#" + strconv.Itoa(n)
		}
		m[name] = v
	}
	return m
}

func nameOf(v any) string {
	o, ok := v.(map[string]any)
	if !ok {
		return strings.Trim(compact(v), `"`)
	}
	if n, ok := o["number"].(json.Number); ok { // an entry of a network ACL
		side := "in"
		if o["egress"] == true {
			side = "out"
		}
		return side + " " + n.String()
	}
	for _, field := range []string{"id", "arn", "name", "code", "key"} {
		if s, ok := o[field].(string); ok && s != "" {
			return s
		}
	}
	return compact(v)
}

func compact(v any) string {
	if v == nil {
		return ""
	}
	v = settle(v)
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(b)
}

// settle drops what AWS changes by itself, and writes JSON documents within texts
// (policies) compactly: AWS returns them with other spaces and another order of
// names than they were sent with.
func settle(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, x := range v {
			if !slices.Contains(volatile, k) {
				out[k] = settle(x)
			}
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = settle(x)
		}
		return out
	case string:
		return sameDocument(v)
	}
	return v
}

// sameDocument is the compact form of a text that holds a JSON object; any other text
// stays as it is.
func sameDocument(s string) string {
	if !strings.HasPrefix(strings.TrimSpace(s), "{") {
		return s
	}
	var v any
	d := json.NewDecoder(strings.NewReader(s))
	d.UseNumber()
	if d.Decode(&v) != nil || d.More() {
		return s
	}
	b, err := json.Marshal(v)
	if err != nil {
		return s
	}
	return string(b)
}

// at reads what stands at a guard's path in a fact, "" where nothing does.
func (g Guard) at(f fact.Fact) (string, error) {
	v, err := plain(f)
	if err != nil {
		return "", err
	}
	for _, step := range steps(g.At) {
		switch {
		case v == nil:
			return "", nil
		case step.field != "":
			o, _ := v.(map[string]any)
			v = o[step.field]
		default:
			list, _ := v.([]any)
			v = byName(list)[step.name]
		}
	}
	return compact(v), nil
}

type pathStep struct{ field, name string }

// steps splits "rules[sgr-1].from_port". Names hold no "]".
func steps(at string) []pathStep {
	var out []pathStep
	for at != "" {
		if at[0] == '[' {
			end := strings.Index(at, "]")
			// Names may hold brackets of their own: the closing one ends the path or is
			// followed by a field or another name.
			for end >= 0 && end+1 < len(at) && at[end+1] != '.' && at[end+1] != '[' {
				next := strings.Index(at[end+1:], "]")
				if next < 0 {
					break
				}
				end += 1 + next
			}
			if end < 0 {
				return append(out, pathStep{name: at[1:]})
			}
			out = append(out, pathStep{name: at[1:end]})
			at = strings.TrimPrefix(at[end+1:], ".")
			continue
		}
		end := strings.IndexAny(at, ".[")
		if end < 0 {
			return append(out, pathStep{field: at})
		}
		out = append(out, pathStep{field: at[:end]})
		at = strings.TrimPrefix(at[end:], ".")
	}
	return out
}
