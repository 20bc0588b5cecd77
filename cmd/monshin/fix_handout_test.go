package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
)

// An operator who may only read hands the whole plan out, a colleague carries it out
// elsewhere, and monshin judges it afterwards.
func TestAPlanThatIsHandedOut(t *testing.T) {
	const scenario = "many-causes"
	mine, theirs := t.TempDir(), t.TempDir()
	state := filepath.Join(t.TempDir(), "lab.json")
	account := []string{"--lab", scenario, "--lab-state", state}
	with := func(args ...string) []string { return append(args, account...) }

	code, out := process(t, mine, "", with("fix", "--plan", "--hand-out", "--read-only", "-o", "json")...)
	var v struct {
		Session string
		Plans   []struct {
			ID   string
			Plan struct{ Finding, Typed string }
		}
	}
	if err := json.Unmarshal([]byte(out[strings.Index(out, "{"):strings.LastIndex(out, "}")+1]), &v); err != nil || code != exitOK || len(v.Plans) == 0 || v.Session == "" {
		t.Fatalf("%v, exit %d: %s", err, code, out)
	}
	if !strings.Contains(out, "monshin verify "+v.Session) {
		t.Errorf("nobody is told how it is verified: %s", out)
	}
	if code, out = process(t, mine, "", with("verify", v.Session, "--no-wait", "--read-only")...); code != exitProblem || !strings.Contains(out, "ineffective") {
		t.Errorf("nothing was done, and verify ends with %d: %s", code, out)
	}
	for _, p := range v.Plans {
		// The colleague's own plan: the ones before it have been carried out by now.
		code, out = process(t, theirs, "", with("fix", p.Plan.Finding, "--plan", "-o", "json")...)
		var one struct {
			Plans []struct {
				ID   string
				Plan struct{ Typed string }
			}
		}
		if err := json.Unmarshal([]byte(out[strings.Index(out, "{"):strings.LastIndex(out, "}")+1]), &one); err != nil || code != exitOK {
			t.Fatalf("%v, exit %d: %s", err, code, out)
		}
		if code, out = process(t, theirs, "", with("fix", p.Plan.Finding, "--yes", "--plan-id", one.Plans[0].ID, "--confirm", one.Plans[0].Plan.Typed)...); code != exitOK {
			t.Fatalf("exit %d: %s", code, out)
		}
	}
	code, out = process(t, mine, "", with("verify", v.Session, "--read-only")...)
	if code != exitOK || strings.Count(out, "verified:") != len(v.Plans) || !strings.Contains(out, "5 before, 0 after") {
		t.Errorf("exit %d: %s", code, out)
	}
	// What was not carried out here cannot be taken back here.
	if code, out = process(t, mine, "", with("undo", v.Session)...); code != exitUsage {
		t.Errorf("undo ended with %d: %s", code, out)
	}
	for _, wrong := range [][]string{
		{"fix", "--hand-out"},
		{"fix", "endpoint.missing", "--yes", "--plan-id", "x", "--hand-out"},
		{"fix", "--continue", "last", "--hand-out"},
	} {
		if code, out = process(t, mine, "", with(wrong...)...); code != exitUsage {
			t.Errorf("%v ended with %d: %s", wrong, code, out)
		}
	}
}

// A fix that stops on the way says how to go on and how to take back what is done; one
// that may not even begin says for whom the work order is.
func TestWhatToDoAfterAFailure(t *testing.T) {
	for _, c := range []struct{ scenario, finding, fault, en, ja string }{
		{"no-endpoint", "endpoint.missing", "deny=ec2:CreateVpcEndpoint", "monshin undo ", "切り戻し: monshin undo "},
		{"sg-egress", "network.sg-egress-blocks", "deny=ec2:AuthorizeSecurityGroupEgress", "--plan --hand-out", "権限を持つ担当者への作業手順書"},
	} {
		for l, want := range map[string]string{"en": c.en, "ja": c.ja} {
			dir := t.TempDir()
			state := filepath.Join(dir, "lab.json")
			args := []string{"--lab", c.scenario, "--lab-state", state, "--lang", l}
			code, out := process(t, dir, "", append([]string{"fix", c.finding, "--plan", "-o", "json"}, args...)...)
			if code != exitOK {
				t.Fatalf("exit %d: %s", code, out)
			}
			var v struct {
				Plans []struct {
					ID   string
					Plan struct{ Typed string }
				}
			}
			if err := json.Unmarshal([]byte(out[strings.Index(out, "{"):strings.LastIndex(out, "}")+1]), &v); err != nil || code != exitOK {
				t.Fatalf("%v, exit %d: %s", err, code, out)
			}
			code, out = process(t, dir, "", append([]string{"fix", c.finding, "--yes", "--plan-id", v.Plans[0].ID, "--confirm", v.Plans[0].Plan.Typed, "--lab-fault", c.fault}, args...)...)
			if code != exitFailed || !strings.Contains(out, want) {
				t.Errorf("%s %s: exit %d: %s", c.scenario, l, code, out)
			}
		}
	}
}
