package lab

import (
	"errors"
	"reflect"
	"slices"
	"sync"
	"testing"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	"github.com/google/go-cmp/cmp"

	"github.com/monshin/monshin/diagnose/estate"
)

// notThere are the codes with which AWS says that something does not exist, or
// that this caller may not know.
func notThere() []string {
	return []string{"NoSuchEntity", "InvalidInstanceID.NotFound", "InvalidAMIID.NotFound", "InvalidInstanceId", "InvocationDoesNotExist",
		"EntityDoesNotExistException", "ResourceNotFoundException", "InvalidDhcpOptionID.NotFound", "InvalidPrefixListID.NotFound",
		"UnauthorizedOperation", "AccessDenied", "AccessDeniedException"}
}

func TestEveryCallIsAnsweredInEveryScenario(t *testing.T) {
	for _, s := range Scenarios() {
		t.Run(s.Name, func(t *testing.T) {
			c := open(t, s.Name, Options{})
			for action, call := range every(c) {
				out, err := call(t.Context())
				var api smithy.APIError
				switch {
				case err == nil:
					checkOutput(t, action, out)
				case !errors.As(err, &api):
					t.Errorf("%s: not an error of AWS: %v", action, err)
				case !slices.Contains(notThere(), api.ErrorCode()):
					t.Errorf("%s: %v", action, err)
				}
			}
		})
	}
}

// checkOutput looks at what an SDK's output holds: a request id, no nil elements
// in lists, and no token on a page that is the last.
func checkOutput(t *testing.T, action string, out any) {
	t.Helper()
	v := reflect.ValueOf(out).Elem()
	if v.IsZero() {
		t.Errorf("%s: an empty output", action)
	}
	md := v.FieldByName("ResultMetadata").Interface().(middleware.Metadata)
	if id, ok := awsmiddleware.GetRequestIDMetadata(md); !ok || len(id) != 36 {
		t.Errorf("%s: request id %q", action, id)
	}
	for _, name := range []string{"NextToken", "Marker"} {
		if f := v.FieldByName(name); f.IsValid() && !f.IsNil() && action != "cloudtrail:LookupEvents" {
			t.Errorf("%s: more than one page of a small list", action)
		}
	}
}

func TestLabKnowsExactlyTheCallsOfCollectors(t *testing.T) {
	c := open(t, "healthy", Options{})
	var tested []string
	for action := range every(c) {
		tested = append(tested, action)
	}
	tested = append(tested, changed()...)
	slices.Sort(tested)
	tested = slices.Compact(tested)
	if d := cmp.Diff(tested, c.lab.Actions()); d != "" {
		t.Errorf("operations of the lab and of this test differ (-test +lab):\n%s", d)
	}
	for _, k := range estate.Kinds() {
		for _, action := range k.Actions() {
			if !slices.Contains(c.lab.Actions(), action) {
				t.Errorf("part %s needs %s, which the lab does not answer", k.Name(), action)
			}
		}
	}
}

func TestUnfakedOperationFailsLoudly(t *testing.T) {
	c := open(t, "healthy", Options{})
	_, err := c.ec2.DescribeVolumes(t.Context(), &ec2.DescribeVolumesInput{})
	var api smithy.APIError
	if err == nil || errors.As(err, &api) {
		t.Fatalf("got %v", err)
	}
	var op *smithy.OperationError
	if !errors.As(err, &op) || op.Err.Error() != "lab: unfaked EC2:DescribeVolumes" {
		t.Errorf("got %v", err)
	}
}

// Answers share nothing with the world or with each other.
func TestAnswersCanBeScribbledOn(t *testing.T) {
	c := open(t, "office-two-directories", Options{})
	for action, call := range every(c) {
		first, err := call(t.Context())
		if err != nil {
			continue
		}
		second, _ := call(t.Context())
		before := string(mustJSON(second))
		scribble(reflect.ValueOf(first))
		third, _ := call(t.Context())
		if string(mustJSON(second)) != before {
			t.Errorf("%s: two answers share memory", action)
		}
		if got := string(mustJSON(clean(third))); got != string(mustJSON(clean(second))) {
			t.Errorf("%s: an answer shares memory with the world", action)
		}
	}
}

func clean(out any) any {
	reflect.ValueOf(out).Elem().FieldByName("ResultMetadata").SetZero()
	return out
}

// scribble overwrites every string that can be reached.
func scribble(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			scribble(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				scribble(v.Field(i))
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			scribble(v.Index(i))
		}
	case reflect.String:
		if v.CanSet() {
			v.SetString("scribbled")
		}
	}
}

func TestConcurrentCalls(t *testing.T) {
	c := open(t, "office-terminates", Options{})
	var wg sync.WaitGroup
	for range 4 {
		for _, call := range every(c) {
			wg.Go(func() { _, _ = call(t.Context()) })
		}
	}
	wg.Wait()
}

// The same seed gives the same answers, request ids too.
func TestAnswersAreTheSameInEveryRun(t *testing.T) {
	run := func() map[string]string {
		c := open(t, "office-terminates", Options{Seed: 7, Faults: []Fault{{kind: throttleFault, rate: 0.3}}})
		out := map[string]string{}
		for action, call := range every(c) {
			answer, err := call(t.Context())
			if err != nil {
				out[action] = err.Error()
				continue
			}
			md := reflect.ValueOf(answer).Elem().FieldByName("ResultMetadata").Interface().(middleware.Metadata)
			id, _ := awsmiddleware.GetRequestIDMetadata(md)
			out[action] = id + string(mustJSON(clean(answer)))
		}
		return out
	}
	if d := cmp.Diff(run(), run()); d != "" {
		t.Error(d)
	}
}
