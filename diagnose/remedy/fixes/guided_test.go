package fixes_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/remedy"
	"github.com/monshin/monshin/diagnose/remedy/fixes"
)

// Whatever can be a root cause has an automatic fix, guided steps, or a reason why
// there is none.
func TestEveryCauseHasAWay(t *testing.T) {
	catalogue, err := words()
	if err != nil {
		t.Fatal(err)
	}
	library, without := fixes.Library(), fixes.Without()
	for _, code := range catalogue.Codes() {
		e, _ := catalogue.Entry(code)
		_, said := without[code]
		switch found := library.For(code); {
		case said && len(found) > 0:
			t.Errorf("%s has fixes and a reason why it has none", code)
		case len(found) == 0 && !said && !e.Observation && e.Severity != finding.Info:
			t.Errorf("%s has no fix, and nothing says why", code)
		}
	}
	for code, why := range without {
		if _, known := catalogue.Entry(code); !known || !why.Complete() {
			t.Errorf("%s: %q", code, why)
		}
	}
	name := regexp.MustCompile(`^[a-z]+(\.[a-z0-9-]+)$`)
	seen := map[string]bool{}
	for _, f := range library.All() {
		if !name.MatchString(f.ID) || seen[f.ID] {
			t.Errorf("the fix's id %q is none, or stands there twice", f.ID)
		}
		seen[f.ID] = true
		if len(f.For) == 0 || !f.Title.Complete() || (f.Mode == remedy.Automatic) != (len(f.Actions) > 0) {
			t.Errorf("%s: for %v, actions %v", f.ID, f.For, f.Actions)
		}
		for _, code := range f.For {
			if _, known := catalogue.Entry(code); !known {
				t.Errorf("%s is for %s, which is no code", f.ID, code)
			}
		}
	}
}

// Steps for a person stand behind what monshin can do by itself.
func TestGuidesComeLast(t *testing.T) {
	all := fixes.Library().All()
	first := slices.IndexFunc(all, func(f remedy.Fix) bool { return f.ID == "agent.start" })
	if first < 0 {
		t.Fatal("no guides")
	}
	for n, f := range all {
		if n >= first && f.Mode != remedy.Guided {
			t.Errorf("%s stands behind guided steps", f.ID)
		}
	}
}

func japanese(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r >= 0x3040 && r <= 0x9fff })
}

// guidedPlans makes every guided plan for every code it is for, on one account.
func guidedPlans(t testing.TB, p *patientFile, params map[string]string, each func(remedy.Fix, finding.Code, remedy.Draft)) {
	for _, f := range fixes.Library().All() {
		if f.Mode != remedy.Guided {
			continue
		}
		for _, code := range f.For {
			each(f, code, p.make(t, f, finding.Finding{Code: code, Subject: p.estate.Target.InstanceID, Params: params}))
		}
	}
}

func TestGuidedPlansAreTold(t *testing.T) {
	p := walked(t, "healthy")
	params := map[string]string{"role": appRole, "policy": "monshin-test", "domain": "corp.example.local", "user": "sato", "endpoint": "vpce-0123456789abcdef0", "directory": "d-0123456789"}
	made := 0
	guidedPlans(t, p, params, func(f remedy.Fix, code finding.Code, d remedy.Draft) {
		if d.Plan == nil {
			if d.Refused == nil || !d.Refused.Say.Complete() {
				t.Errorf("%s for %s: neither a plan nor a reason", f.ID, code)
			}
			return
		}
		made++
		checkPlan(t, f, d.Plan)
		if len(d.Plan.Steps) < 2 {
			t.Errorf("%s: a check between has nothing to stand between", f.ID)
		}
		for _, s := range d.Plan.Steps {
			if s.Call != nil {
				t.Errorf("%s: monshin makes no calls in guided steps", f.ID)
			}
			for _, text := range []lang.Text{s.Title, s.Do, s.Check.Expect, s.NoUndo} {
				if text.Zero() && text == s.NoUndo {
					continue
				}
				if !text.Complete() || japanese(text.En) {
					t.Errorf("%s: step %s: %q / %q", f.ID, s.ID, text.En, text.Ja)
				}
				for _, said := range []string{text.En, text.Ja} {
					if m := regexp.MustCompile(`\{[a-z_]+\}`).FindString(said); m != "" {
						t.Errorf("%s: step %s leaves %s open", f.ID, s.ID, m)
					}
				}
			}
			if !japanese(s.Title.Ja) {
				t.Errorf("%s: step %s is not told in Japanese: %s", f.ID, s.ID, s.Title.Ja)
			}
			if s.Check.Command == "" || regexp.MustCompile(`\{[a-z_]+\}`).MatchString(s.Check.Command) {
				t.Errorf("%s: step %s: the check %q", f.ID, s.ID, s.Check.Command)
			}
			for _, w := range []string{"証拠", "証明済み", "健全", "爆発半径", "トランスクリプト", "ゲスト", "足場", "ファインディング", "歩く", "歩き", "正常"} {
				if strings.Contains(s.Title.Ja+s.Do.Ja+s.Check.Expect.Ja+s.NoUndo.Ja+d.Plan.Why.Ja+d.Plan.Stop.Ja, w) {
					t.Errorf("%s: step %s says %s", f.ID, s.ID, w)
				}
			}
		}
	})
	if made < 30 {
		t.Errorf("only %d guided plans", made)
	}
}

// The root causes of these accounts are for people to remove.
func TestGuidedPlansOfTheScenarios(t *testing.T) {
	for _, c := range []struct {
		scenario string
		code     finding.Code
		fix      string
	}{
		{"boundary", finding.IAMBoundaryBlocks, "iam.widen-boundary"},
		{"office-two-directories", finding.LicenseDirectoryAmbiguous, "license.one-directory"},
		{"cloned-fleet", finding.CloneSuspected, "clone.rebuild"},
		{"clone-not-activated", finding.CloneNotGeneralized, "clone.rebuild"},
		{"clone-server-2025", finding.CloneNotGeneralized, "clone.rebuild"},
		{"sysprep-stuck", finding.CloneSysprepStuck, "clone.rebuild"},
		{"agent-stopped", finding.SSMAgentStopped, "agent.start"},
		{"rds-grace-over", finding.RDPLicenseExpired, "rdp.license-server"},
		{"clone-not-the-cause", finding.AccountLocked, "account.unlock-in-directory"},
		{"kms-blocked", finding.ActivationNoRoute, "activation.open-firewall"},
		{"dns-forwarder-missing", finding.DNSAWSNamesNotForwarded, "dns.forward-aws-names"},
		{"no-password", finding.PasswordNotGenerated, "password.rerun-v2"},
	} {
		t.Run(c.scenario+"/"+c.fix, func(t *testing.T) {
			t.Parallel()
			p := walked(t, c.scenario)
			f, w := theFix(t, c.fix), p.finding(t, c.code)
			d := p.make(t, f, w.Finding)
			if d.Plan == nil {
				t.Fatalf("%+v", d.Refused)
			}
			checkPlan(t, f, d.Plan)
			forecast, err := remedy.WhatIf(p.options, p.found, d)
			if err != nil || len(forecast.Appears) > 0 || len(forecast.Gone) > 0 {
				t.Errorf("steps that nobody carried out change nothing: %+v %v", forecast, err)
			}
		})
	}
}

// A server in use is never generalized.
func TestNoPlanGeneralizesAServerInUse(t *testing.T) {
	p := walked(t, "clone-not-activated")
	d := p.make(t, theFix(t, "clone.rebuild"), p.finding(t, finding.CloneNotGeneralized).Finding)
	sysprep := -1
	for n, s := range d.Plan.Steps {
		if strings.Contains(s.Do.En, "sysprep") {
			sysprep = n
			if !strings.Contains(s.Title.En, "On the helper only") || !strings.Contains(s.Do.En, "Never on the server that is in use") || strings.Contains(s.Do.En, p.estate.Target.InstanceID) {
				t.Errorf("step %s: %s", s.ID, s.Do.En)
			}
		}
	}
	if sysprep < 2 {
		t.Errorf("Sysprep is step %d: an image and a helper come first", sysprep)
	}
}

// What AWS or Windows told is never part of a command line as it came, nor moves a
// terminal's cursor.
func TestHostileNamesStayOutOfCommands(t *testing.T) {
	p := walked(t, "healthy")
	rapid.Check(t, func(t *rapid.T) {
		hostile := rapid.SampledFrom([]string{"; rm -rf /", "$(id)", "`id`", "a b", "x'y", "x\"y", "\x1b[2J", "a|b", "a&b", "<x>", "{instance}"}).Draw(t, "value")
		value := rapid.StringMatching(`[a-z]{0,4}`).Draw(t, "before") + hostile
		params := map[string]string{}
		for _, name := range []string{"role", "policy", "domain", "user", "endpoint", "directory", "service", "servers", "route", "from"} {
			params[name] = value
		}
		f := rapid.SampledFrom(slices.DeleteFunc(fixes.Library().All(), func(f remedy.Fix) bool { return f.Mode != remedy.Guided })).Draw(t, "fix")
		d, err := remedy.Make(f, p.estate, finding.Finding{Code: f.For[0], Subject: value, Params: params})
		if err != nil {
			t.Fatal(err)
		}
		if d.Plan == nil {
			return
		}
		for _, s := range d.Plan.Steps {
			if strings.Contains(s.Check.Command, value) {
				t.Fatalf("%s: %s", f.ID, s.Check.Command)
			}
			if strings.Contains(s.Title.En+s.Do.En+s.Do.Ja, "\x1b") {
				t.Fatalf("%s lets an escape through", f.ID)
			}
		}
	})
}
