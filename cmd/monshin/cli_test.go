package main

import (
	"bytes"
	"context"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/monshin/monshin/diagnose/lab"
	"github.com/monshin/monshin/diagnose/lang"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"monshin": main, "monshin-dies": dies})
}

// TestScripts runs the commands as a user does; the scripts are the documentation
// of what each flag and mistake comes to.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:  "testdata",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"planid": planID},
		Setup: func(e *testscript.Env) error {
			e.Setenv("XDG_STATE_HOME", filepath.Join(e.WorkDir, "state"))
			e.Setenv("LOCALAPPDATA", filepath.Join(e.WorkDir, "state"))
			// No account of whoever runs the tests is ever asked.
			e.Setenv("AWS_EC2_METADATA_DISABLED", "true")
			e.Setenv("AWS_CONFIG_FILE", filepath.Join(e.WorkDir, "no-config"))
			e.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(e.WorkDir, "no-credentials"))
			e.Setenv("LANG", "C")
			e.Setenv("TZ", "UTC")
			return nil
		},
	})
}

// recordWalk walks a scenario and returns the report and the journal's path.
func recordWalk(t *testing.T, base, scenario string) (out, file string) {
	t.Helper()
	state := filepath.Join(base, scenario)
	var o, e bytes.Buffer
	args := []string{"check", "--lab", scenario, "-o", "json"}
	if s, ok := lab.Find(scenario); ok && s.Guest {
		args = append(args, "--guest")
	}
	run(context.Background(), &app{
		args: args, in: strings.NewReader(""), out: &o, err: &e,
		getenv: func(name string) string {
			if name == "XDG_STATE_HOME" || name == "LOCALAPPDATA" {
				return state
			}
			return ""
		},
		isTerminal: func() (bool, bool, bool) { return false, false, false },
	})
	_ = filepath.WalkDir(state, func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".jsonl") {
			file = path
		}
		return err
	})
	if file == "" {
		t.Fatalf("no journal was written: %s", e.String())
	}
	return o.String(), file
}

func TestEveryCommandSpeaksBothLanguages(t *testing.T) {
	for _, args := range [][]string{{"--help"}, {"check", "--help"}, {"runbook", "--help"}, {"permissions", "--help"}, {"lab", "--help"}} {
		texts := map[lang.Lang]string{}
		for _, l := range lang.All() {
			code, out, errs := invoke(t, append(args, "--lang", string(l))...)
			if code != 0 || errs != "" {
				t.Errorf("%v: exit %d, %s", args, code, errs)
			}
			texts[l] = out
		}
		if texts[lang.Ja] == texts[lang.En] {
			t.Errorf("%v reads the same in both languages", args)
		}
	}
}
