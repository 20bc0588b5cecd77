package remedy

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// The AWS CLI spells operations and parameters with hyphens, by these two rules
// (botocore's xform_name).
var (
	wordStart = regexp.MustCompile(`(.)([A-Z][a-z]+)`)
	wordEnd   = regexp.MustCompile(`([a-z0-9])([A-Z])`)
)

func hyphenate(name string) string {
	name = wordStart.ReplaceAllString(name, "$1-$2")
	name = wordEnd.ReplaceAllString(name, "$1-$2")
	return strings.ToLower(name)
}

// CLI is the AWS CLI line of a call. What an earlier step answers stands in it as
// <step:field>. The lines of a script are not repeated: file names the JSON of the
// parameters that stands beside it.
func (c Call) CLI(region string) string {
	if c.Region != "" {
		region = c.Region
	}
	service, operation, _ := strings.Cut(c.Operation, ":")
	parts := []string{"aws", service, hyphenate(operation)}
	if region != "" && service != "iam" {
		parts = append(parts, "--region", region)
	}
	for _, name := range slices.Sorted(maps.Keys(c.Input)) {
		parts = append(parts, c.parameter(operation, name, c.Input[name])...)
	}
	return strings.Join(parts, " ")
}

func (c Call) parameter(operation, name string, value any) []string {
	flag := "--" + hyphenate(name)
	switch {
	case operation == "RunInstances" && name == "MaxCount":
		return nil // --count says both
	case operation == "RunInstances" && name == "MinCount":
		flag = "--count"
	case operation == "SendCommand" && name == "Parameters":
		return []string{flag, "file://parameters.json"}
	case strings.HasSuffix(operation, "NetworkAclEntry") && name == "Egress" && value == false:
		return []string{"--ingress"}
	}
	switch v := value.(type) {
	case bool:
		if !v {
			flag = "--no-" + strings.TrimPrefix(flag, "--")
		}
		return []string{flag}
	case []string:
		return append([]string{flag}, quoteAll(v)...)
	case []any:
		if all, ok := texts(v); ok {
			return append([]string{flag}, quoteAll(all)...)
		}
	case string:
		return []string{flag, quote(v)}
	}
	b, err := json.Marshal(value)
	if err != nil {
		return []string{flag, quote(fmt.Sprint(value))}
	}
	return []string{flag, quote(unmark(string(b)))}
}

// texts turns a list of strings and numbers into strings.
func texts(list []any) ([]string, bool) {
	out := make([]string, len(list))
	for i, v := range list {
		switch v := v.(type) {
		case string:
			out[i] = v
		case int, int32, int64, float64, json.Number:
			out[i] = fmt.Sprint(v)
		default:
			return nil, false
		}
	}
	return out, true
}

func quoteAll(all []string) []string {
	out := make([]string, len(all))
	for i, s := range all {
		out[i] = quote(s)
	}
	return out
}

var plainWord = regexp.MustCompile(`^[A-Za-z0-9_./:=@%+,-]+$`)

// quote writes a word for a POSIX shell.
func quote(s string) string {
	s = unmark(s)
	if plainWord.MatchString(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

var marked = regexp.MustCompile(outputMark + `([a-z0-9-]+):([A-Za-z0-9.]+)`)

// unmark shows placeholders the way a reader understands them.
func unmark(s string) string { return marked.ReplaceAllString(s, "<$1:$2>") }
