package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// reach points the program at an endpoint by the environment alone, as an operator
// does, and hides whatever account the machine has.
func reach(t *testing.T, url string) {
	t.Helper()
	for _, pair := range os.Environ() {
		if name, _, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, "") // so that it is restored
			if err := os.Unsetenv(name); err != nil {
				t.Fatal(err)
			}
		}
	}
	home := t.TempDir()
	for name, value := range map[string]string{
		"HOME": home, "USERPROFILE": home, "PATH": home,
		"AWS_CONFIG_FILE":             filepath.Join(home, "config"),
		"AWS_SHARED_CREDENTIALS_FILE": filepath.Join(home, "credentials"),
		"AWS_EC2_METADATA_DISABLED":   "true",
		"AWS_REGION":                  wireRegion,
		"AWS_ACCESS_KEY_ID":           wireKey,
		"AWS_SECRET_ACCESS_KEY":       wireSecret,
		"AWS_ENDPOINT_URL":            url,
	} {
		t.Setenv(name, value)
	}
}

func TestWireTry(t *testing.T) {
	e := serve(t)
	if os.Getenv("OFFICE") != "" {
		e.estate.load("office.txtar")
	}
	reach(t, e.URL)
	code, out, errs := invoke(t, "check", wirePatient, "--symptom", os.Getenv("SYM"))
	t.Log(code, out, errs)
	b, _ := json.MarshalIndent(e.actions(), "", " ")
	t.Log(string(b))
}
