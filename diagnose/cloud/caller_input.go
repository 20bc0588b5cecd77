package cloud

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/monshin/monshin/diagnose/cloud/usersubscriptions/types"
	"github.com/monshin/monshin/diagnose/remedy"
)

// decodeInput writes parameters into an input type of the SDK. Names are compared to
// the letter, so that a parameter is never silently left out; into is a pointer to a
// struct. The SDK's DryRun is not for plans: a call that carried it would do nothing.
func decodeInput(parameters map[string]any, into any) error {
	if _, ok := parameters["DryRun"]; ok {
		return fmt.Errorf("DryRun is not a parameter of a plan")
	}
	b, err := json.Marshal(parameters)
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return err
	}
	if v == nil {
		v = map[string]any{}
	}
	return fill(v, reflect.ValueOf(into).Elem(), "")
}

var (
	timeType     = reflect.TypeFor[time.Time]()
	bytesType    = reflect.TypeFor[[]byte]()
	providerType = reflect.TypeFor[types.IdentityProvider]()
)

// fill writes a JSON value into a place of an SDK type; at is its path.
func fill(v any, to reflect.Value, at string) error {
	wrong := func(want string) error { return fmt.Errorf("%s holds %s, not %s", at, kindOf(v), want) }
	if v == nil {
		return nil
	}
	switch to.Type() {
	case timeType:
		s, ok := v.(string)
		t, err := time.Parse(time.RFC3339, s)
		if !ok || err != nil {
			return wrong("a time")
		}
		to.Set(reflect.ValueOf(t))
		return nil
	case bytesType:
		s, ok := v.(string)
		b, err := base64.StdEncoding.DecodeString(s)
		if !ok || err != nil {
			return wrong("base64")
		}
		to.SetBytes(b)
		return nil
	case providerType:
		return fillProvider(v, to, at)
	}
	switch to.Kind() {
	case reflect.Pointer:
		to.Set(reflect.New(to.Type().Elem()))
		return fill(v, to.Elem(), at)
	case reflect.Struct:
		fields, ok := v.(map[string]any)
		if !ok {
			return wrong("an object")
		}
		for _, name := range slices.Sorted(maps.Keys(fields)) {
			f, ok := to.Type().FieldByName(name)
			if !ok || !f.IsExported() {
				return fmt.Errorf("there is no parameter %s", join(at, name))
			}
			if err := fill(fields[name], to.FieldByIndex(f.Index), join(at, name)); err != nil {
				return err
			}
		}
		return nil
	case reflect.Slice:
		list, ok := v.([]any)
		if !ok {
			return wrong("a list")
		}
		to.Set(reflect.MakeSlice(to.Type(), len(list), len(list)))
		for i, v := range list {
			if err := fill(v, to.Index(i), join(at, strconv.Itoa(i))); err != nil {
				return err
			}
		}
		return nil
	case reflect.Map:
		entries, ok := v.(map[string]any)
		if !ok || to.Type().Key().Kind() != reflect.String {
			return wrong("an object")
		}
		to.Set(reflect.MakeMapWithSize(to.Type(), len(entries)))
		for _, name := range slices.Sorted(maps.Keys(entries)) {
			entry := reflect.New(to.Type().Elem()).Elem()
			if err := fill(entries[name], entry, join(at, name)); err != nil {
				return err
			}
			to.SetMapIndex(reflect.ValueOf(name).Convert(to.Type().Key()), entry)
		}
		return nil
	case reflect.String:
		s, ok := v.(string)
		if !ok {
			return wrong("a text")
		}
		to.SetString(s)
		return nil
	case reflect.Bool:
		b, ok := v.(bool)
		if !ok {
			return wrong("true or false")
		}
		to.SetBool(b)
		return nil
	case reflect.Int32, reflect.Int64, reflect.Int:
		n, ok := v.(json.Number)
		i, err := n.Int64()
		if !ok || err != nil || to.OverflowInt(i) {
			return wrong("a whole number")
		}
		to.SetInt(i)
		return nil
	case reflect.Float32, reflect.Float64:
		n, ok := v.(json.Number)
		x, err := n.Float64()
		if !ok || err != nil {
			return wrong("a number")
		}
		to.SetFloat(x)
		return nil
	}
	return fmt.Errorf("%s cannot be set by a plan (%s)", at, to.Type())
}

// fillProvider writes License Manager's union, spelled as in the API:
// {"ActiveDirectoryIdentityProvider": {"DirectoryId": "d-…"}}.
func fillProvider(v any, to reflect.Value, at string) error {
	const member = "ActiveDirectoryIdentityProvider"
	union, _ := v.(map[string]any)
	value, ok := union[member]
	if !ok || len(union) != 1 {
		return fmt.Errorf("%s holds no %s, which is the only identity provider", at, member)
	}
	p := &types.IdentityProviderMemberActiveDirectoryIdentityProvider{}
	if err := fill(value, reflect.ValueOf(&p.Value).Elem(), join(at, member)); err != nil {
		return err
	}
	to.Set(reflect.ValueOf(p))
	return nil
}

func join(at, name string) string {
	if at == "" {
		return name
	}
	return at + "." + name
}

func kindOf(v any) string {
	switch v.(type) {
	case map[string]any:
		return "an object"
	case []any:
		return "a list"
	case string:
		return "a text"
	case bool:
		return "true or false"
	}
	return "a number"
}

// placeholder is how the texts begin that stand for what an earlier step answers.
var placeholder = strings.TrimSuffix(remedy.Output("", ""), ":")

// unresolved finds a placeholder in parameters, "" where there is none.
func unresolved(v any) string {
	switch v := v.(type) {
	case string:
		if strings.HasPrefix(v, placeholder) {
			return v
		}
	case []string:
		for _, s := range v {
			if u := unresolved(s); u != "" {
				return u
			}
		}
	case []any:
		for _, x := range v {
			if u := unresolved(x); u != "" {
				return u
			}
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			if u := unresolved(v[name]); u != "" {
				return u
			}
		}
	case []map[string]any:
		for _, x := range v {
			if u := unresolved(x); u != "" {
				return u
			}
		}
	}
	return ""
}

// complete reports whether a call can be made: nothing in it is still to come.
func complete(call remedy.Call) error {
	if u := unresolved(call.Input); u != "" {
		return fmt.Errorf("the parameters of %s still hold %s, which an earlier step has to answer", call.Operation, clean(u, 80))
	}
	if call.Token != "" {
		if s, _ := call.Input[call.Token].(string); s == "" {
			return fmt.Errorf("%s has no %s", call.Operation, call.Token)
		}
	}
	return nil
}

// setDryRun asks an input for a dry run; false where its operation knows none.
func setDryRun(in any) bool {
	f := reflect.ValueOf(in).Elem().FieldByName("DryRun")
	if !f.IsValid() || f.Type() != reflect.TypeFor[*bool]() {
		return false
	}
	f.Set(reflect.ValueOf(aws.Bool(true)))
	return true
}

// checkPath reports whether a path of field names and array indexes leads to a plain
// value of an output type.
func checkPath(t reflect.Type, path string) error {
	for step := range strings.SplitSeq(path, ".") {
		for t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		switch t.Kind() {
		case reflect.Struct:
			f, ok := t.FieldByName(step)
			if !ok || !f.IsExported() || step == "ResultMetadata" {
				return fmt.Errorf("there is no %s in %s", step, path)
			}
			t = f.Type
		case reflect.Slice:
			if n, err := strconv.Atoi(step); err != nil || n < 0 {
				return fmt.Errorf("%s in %s is no place in a list", step, path)
			}
			t = t.Elem()
		default:
			return fmt.Errorf("there is nothing below %s in %s", step, path)
		}
	}
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.String, reflect.Bool, reflect.Int32, reflect.Int64:
		return nil
	}
	return fmt.Errorf("%s is no single value", path)
}

// outputsOf reads the values at paths that checkPath has passed.
func outputsOf(out any, paths []string) (map[string]string, error) {
	if len(paths) == 0 {
		return nil, nil
	}
	values := map[string]string{}
	var missing error
	for _, path := range paths {
		value, ok := outputAt(reflect.ValueOf(out), path)
		if !ok {
			missing = fmt.Errorf("the answer holds no %s", path)
			continue
		}
		values[path] = value
	}
	return values, missing
}

func outputAt(v reflect.Value, path string) (string, bool) {
	deref := func() bool {
		for v.Kind() == reflect.Pointer {
			if v.IsNil() {
				return false
			}
			v = v.Elem()
		}
		return true
	}
	for step := range strings.SplitSeq(path, ".") {
		if !deref() {
			return "", false
		}
		switch v.Kind() {
		case reflect.Struct:
			v = v.FieldByName(step)
		case reflect.Slice:
			n, err := strconv.Atoi(step)
			if err != nil || n < 0 || n >= v.Len() {
				return "", false
			}
			v = v.Index(n)
		default:
			return "", false
		}
	}
	if !deref() || !v.IsValid() {
		return "", false
	}
	switch v.Kind() {
	case reflect.String:
		return v.String(), v.String() != ""
	case reflect.Bool:
		return strconv.FormatBool(v.Bool()), true
	case reflect.Int32, reflect.Int64:
		return strconv.FormatInt(v.Int(), 10), true
	}
	return "", false
}
