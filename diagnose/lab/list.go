package lab

import (
	"encoding/base64"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// paging says how a list operation counts its pages.
type paging struct {
	// min and max bound the page size that may be asked for; normal is the size
	// where none is asked for, and for 0 where the service takes it.
	min, max, normal int
	// badToken and badSize are the error codes of the service.
	badToken, badSize string
}

var (
	ec2Paging   = paging{min: 5, max: 1000, normal: 1000, badToken: "InvalidNextToken", badSize: "InvalidParameterValue"}
	routePaging = paging{min: 5, max: 100, normal: 100, badToken: "InvalidNextToken", badSize: "InvalidParameterValue"}
	entryPaging = paging{min: 1, max: 100, normal: 100, badToken: "InvalidNextToken", badSize: "InvalidParameterValue"}
)

// page cuts one page out of items. Tokens are opaque and hold for the very request
// that they came from.
func page[T any](r *request, p paging, items []T, token *string, size *int32) ([]T, *string, error) {
	n := p.normal
	if size != nil && (*size != 0 || p.min > 0) {
		n = int(*size)
		if n < p.min || n > p.max {
			return nil, nil, fail(p.badSize, "Value ( %d ) for parameter maxResults is invalid. Expecting a value between %d and %d.", n, p.min, p.max)
		}
	}
	start := 0
	if token != nil && *token != "" {
		raw, err := base64.RawURLEncoding.DecodeString(*token)
		scope, at, ok := strings.Cut(string(raw), "/")
		start, _ = strconv.Atoi(at)
		if err != nil || !ok || scope != r.scope || start <= 0 || start >= len(items) {
			return nil, nil, fail(p.badToken, "The specified token is not valid")
		}
	}
	end := min(start+n, len(items))
	if end == len(items) {
		return items[start:], nil, nil
	}
	return items[start:end], aws.String(base64.RawURLEncoding.EncodeToString([]byte(r.scope + "/" + strconv.Itoa(end)))), nil
}

// fields says which filters a list of EC2 takes, and where their values are.
type fields[T any] map[string]func(T) []string

// filter keeps what all filters accept: a filter accepts where one of its values,
// in which * and ? are wildcards, fits one of the item's. A name that the
// operation does not know is refused, as EC2 does.
func filter[T any](items []T, filters []ec2types.Filter, by fields[T], tags func(T) []ec2types.Tag) ([]T, error) {
	for _, f := range filters {
		name := aws.ToString(f.Name)
		get, ok := by[name]
		if !ok && tags != nil {
			get, ok = tagField(name, tags)
		}
		if !ok {
			return nil, fail("InvalidParameterValue", "The filter '%s' is invalid", name)
		}
		if len(f.Values) == 0 {
			return nil, fail("InvalidParameterValue", "The filter '%s' has no values", name)
		}
		var kept []T
		for _, item := range items {
			if slices.ContainsFunc(get(item), func(v string) bool {
				return slices.ContainsFunc(f.Values, func(pattern string) bool { return glob(pattern, v) })
			}) {
				kept = append(kept, item)
			}
		}
		items = kept
	}
	return items, nil
}

func tagField[T any](name string, tags func(T) []ec2types.Tag) (func(T) []string, bool) {
	key, isTag := strings.CutPrefix(name, "tag:")
	if !isTag && name != "tag-key" {
		return nil, false
	}
	return func(item T) []string {
		var out []string
		for _, t := range tags(item) {
			switch {
			case !isTag:
				out = append(out, aws.ToString(t.Key))
			case aws.ToString(t.Key) == key:
				out = append(out, aws.ToString(t.Value))
			}
		}
		return out
	}, true
}

func one(s *string) []string {
	if s == nil {
		return nil
	}
	return []string{*s}
}

// byID keeps the items with the ids that were asked for, and refuses the first id
// that is not there with the service's code.
func byID[T any](items []T, ids []string, id func(T) *string, code, message string) ([]T, error) {
	if len(ids) == 0 {
		return items, nil
	}
	var out []T
	for _, want := range ids {
		i := slices.IndexFunc(items, func(item T) bool { return aws.ToString(id(item)) == want })
		if i < 0 {
			return nil, fail(code, message, want)
		}
		out = append(out, items[i])
	}
	return out, nil
}

// noPagesWithIDs is EC2's rule for most of its lists.
func noPagesWithIDs(ids []string, size *int32) error {
	if len(ids) > 0 && size != nil {
		return fail("InvalidParameterCombination", "The parameter maxResults cannot be used with a list of ids")
	}
	return nil
}

// named makes the tags of something with a name.
func named(name string, more map[string]string) []ec2types.Tag {
	var tags []ec2types.Tag
	if name != "" {
		tags = append(tags, ec2types.Tag{Key: aws.String("Name"), Value: aws.String(name)})
	}
	for _, k := range sortedKeys(more) {
		tags = append(tags, ec2types.Tag{Key: aws.String(k), Value: aws.String(more[k])})
	}
	return tags
}

func groupIDs(w *World, ids []string) []ec2types.GroupIdentifier {
	var out []ec2types.GroupIdentifier
	for _, id := range ids {
		g := ec2types.GroupIdentifier{GroupId: aws.String(id)}
		if known := w.Groups[id]; known != nil {
			g.GroupName = aws.String(known.Name)
		}
		out = append(out, g)
	}
	return out
}
