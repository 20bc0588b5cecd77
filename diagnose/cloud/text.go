package cloud

import (
	"strings"
	"time"
	"unicode"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// clean makes a foreign string fit for one line: control and format characters
// (terminal escapes, line ends, bidirectional overrides) become spaces, runs of
// white space one space, and what is longer than limit runes is cut.
func clean(s string, limit int) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == unicode.ReplacementChar {
			return ' '
		}
		return r
	}, s)
	s = strings.Join(strings.Fields(s), " ")
	if runes := []rune(s); len(runes) > limit {
		return string(runes[:limit-1]) + "…"
	}
	return s
}

// utc is a time of an answer, or zero.
func utc(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}

// isoTime reads the times that services write as text.
func isoTime(s *string) time.Time {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999Z0700", "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02"} {
		if t, err := time.Parse(layout, aws.ToString(s)); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}

// int32Or is a number of an answer, or what its absence stands for.
func int32Or(p *int32, otherwise int) int {
	if p == nil {
		return otherwise
	}
	return int(*p)
}

// mapped turns a list of an answer into a list of an estate.
func mapped[A, B any](in []A, turn func(A) B) []B {
	if len(in) == 0 {
		return nil
	}
	out := make([]B, len(in))
	for i, v := range in {
		out[i] = turn(v)
	}
	return out
}

// present collects the strings that are there.
func present(values ...*string) []string {
	var out []string
	for _, v := range values {
		if aws.ToString(v) != "" {
			out = append(out, *v)
		}
	}
	return out
}

// list is never nil, for parts whose value is a list: known and empty is not null.
func list[T any](in []T) []T {
	if in == nil {
		return []T{}
	}
	return in
}

// first is the first string that is not empty.
func first(values ...*string) string {
	for _, v := range values {
		if aws.ToString(v) != "" {
			return *v
		}
	}
	return ""
}
