package guest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"time"
)

// FixAnswer is what a fixing script printed.
type FixAnswer struct {
	// Instance is the id that Windows read from its metadata service; "" where it could
	// not reach it.
	Instance string `json:"instance,omitempty"`
	// Time is the guest's clock, in UTC.
	Time time.Time `json:"time"`
	// Fix is the fix's id.
	Fix string `json:"fix"`
	// Done says that what the fix changes is changed. Where it is not, the script has
	// put back what it had begun, and Error says why: a .NET type and an HRESULT.
	Done  bool   `json:"done"`
	Error string `json:"error,omitempty"`
	// Before and After are what stood there, by names. Untrusted.
	Before map[string]string `json:"before,omitempty"`
	After  map[string]string `json:"after,omitempty"`
}

const (
	// maxFixValue bounds a value: twelve routes are the longest.
	maxFixValue = 700
	// maxFixNames bounds how many values a script prints.
	maxFixNames = 24
)

var (
	fixStart = regexp.MustCompile(marker + `\{"b":"fix",`)
	fixName  = regexp.MustCompile(`^[a-z][a-z0-9_]{0,31}$`)
)

// fixValue is the value of a fix's line.
type fixValue struct {
	Fix    string            `json:"fix"`
	Done   *bool             `json:"done"`
	Before map[string]string `json:"before"`
	After  map[string]string `json:"after"`
	Error  string            `json:"error"`
}

// ReadFix finds the one line that a fixing script prints in the output of its run;
// what stands around it is noise. It is an error when there is none, when it is not
// exactly what such a script prints, and when two lines contradict each other:
// then nobody knows what was changed.
func ReadFix(output []byte) (FixAnswer, error) {
	if len(output) > maxOutput {
		return FixAnswer{}, fmt.Errorf("the output has %d bytes: more than %d cannot be an answer", len(output), maxOutput)
	}
	var answer FixAnswer
	var seen []byte
	for line := range bytes.Lines(narrow(output)) {
		at := fixStart.FindIndex(line)
		if at == nil {
			continue
		}
		line = bytes.TrimSpace(line[at[0]+len(marker):])
		if seen != nil {
			if !bytes.Equal(seen, line) {
				return FixAnswer{}, fmt.Errorf("the output holds two answers that contradict each other")
			}
			continue
		}
		a, err := readFixLine(line)
		if err != nil {
			return FixAnswer{}, fmt.Errorf("the answer of the fix is not as its script prints it: %w", err)
		}
		answer, seen = a, bytes.Clone(line)
	}
	if seen == nil {
		return FixAnswer{}, fmt.Errorf("the output holds no answer of a fix: no line starts with %q", marker+`{"b":"fix"`)
	}
	return answer, nil
}

func readFixLine(line []byte) (FixAnswer, error) {
	var e envelope
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(&e); err != nil {
		return FixAnswer{}, err
	}
	if d.More() {
		return FixAnswer{}, fmt.Errorf("text follows it")
	}
	if err := sound(line); err != nil {
		return FixAnswer{}, err
	}
	switch {
	case e.Time.IsZero() || checkTime(e.Time) != nil:
		return FixAnswer{}, fmt.Errorf("its time is missing or impossible")
	case e.Instance != "" && !instanceID.MatchString(e.Instance):
		return FixAnswer{}, fmt.Errorf("%.40q is not an instance id", e.Instance)
	case e.Piece != 0 || e.Pieces != 0 || e.Error != "" || len(e.Value) == 0:
		return FixAnswer{}, fmt.Errorf("it is not one whole value")
	}
	var v fixValue
	d = json.NewDecoder(bytes.NewReader(e.Value))
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		return FixAnswer{}, err
	}
	switch {
	case !slices.Contains(Fixes(), v.Fix):
		return FixAnswer{}, fmt.Errorf("%.40q is no fix", v.Fix)
	case v.Done == nil:
		return FixAnswer{}, fmt.Errorf("it does not say whether it is done")
	case *v.Done == (v.Error != ""):
		return FixAnswer{}, fmt.Errorf("done is %t with the error %.80q", *v.Done, v.Error)
	case v.Error != "" && !exception.MatchString(v.Error):
		return FixAnswer{}, fmt.Errorf("its error is not a type and a code")
	}
	for _, values := range []map[string]string{v.Before, v.After} {
		if err := checkFixValues(values); err != nil {
			return FixAnswer{}, err
		}
	}
	return FixAnswer{Instance: e.Instance, Time: e.Time.UTC(), Fix: v.Fix, Done: *v.Done, Error: v.Error, Before: v.Before, After: v.After}, nil
}

func checkFixValues(values map[string]string) error {
	if len(values) > maxFixNames {
		return fmt.Errorf("%d values are more than a script prints", len(values))
	}
	c := &checker{}
	for name, value := range values {
		if !fixName.MatchString(name) {
			return fmt.Errorf("%.40q is not a name", name)
		}
		c.text(name, value, maxFixValue)
	}
	return c.err
}

// FixLine writes what a fixing script prints, without the line end. errText is "" where
// it was done, else a .NET type and an HRESULT.
func FixLine(fix, instance string, t time.Time, before, after map[string]string, errText string) string {
	v := map[string]any{"fix": fix, "done": errText == "", "before": given(before), "after": given(after)}
	if errText != "" {
		v["error"] = errText
	}
	return fmt.Sprintf(`%s{"b":"fix","i":"%s","t":"%s","d":%s}`, marker, instance, t.UTC().Format(time.RFC3339), ascii(v))
}

func given(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}
