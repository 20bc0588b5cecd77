package runbook

import (
	"io/fs"
	"os"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// The schema is for editors: it accepts what is good, and refuses the mistakes of
// form that a schema can see.
func TestTheSchemaAgreesWithTheLoader(t *testing.T) {
	schema, err := jsonschema.NewCompiler().Compile("tree.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	validate := func(src []byte) error {
		var v any
		if err := yaml.Unmarshal(src, &v); err != nil {
			return err
		}
		return schema.Validate(v)
	}
	for _, dir := range []string{"trees", "branches"} {
		files, err := fs.Glob(embedded, dir+"/*.yaml")
		if err != nil || len(files) == 0 {
			t.Fatalf("no files in %s: %v", dir, err)
		}
		for _, f := range files {
			src, err := embedded.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			if err := validate(src); err != nil {
				t.Errorf("%s: %v", f, err)
			}
		}
	}
	if err := validate([]byte(good)); err != nil {
		t.Errorf("the example of the tests: %v", err)
	}
	for _, bad := range []string{
		"unknown-field", "missing-language", "wrong-type", "two-kinds", "no-kind", "misplaced-field", "missing-fields",
		"missing-edge", "findings-with-edge", "no-findings", "unknown-question", "unknown-outcome", "no-start", "reserved-id",
		"unquoted-number", "empty", "no-targets", "node-not-a-mapping",
	} {
		src, err := os.ReadFile("testdata/bad/" + bad + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		if validate(src) == nil {
			t.Errorf("the schema accepts %s", bad)
		}
	}
}
