package fixes_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/monshin/monshin/diagnose/cloud"
	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/guest"
	"github.com/monshin/monshin/diagnose/remedy"
)

// Every simulated Windows whose trouble a script removes.
func TestFixesRepairWhatIsInsideWindows(t *testing.T) {
	for _, c := range []struct {
		scenario string
		code     finding.Code
		fix      string
		script   string
	}{
		{"clone-not-activated", finding.ActivationStaleRoutes, "activation.add-routes", guest.FixActivateV1},
		{"clone-not-activated", finding.ActivationStaleRoutes, "activation.remove-routes", guest.FixRemoveRoutes},
		{"kms-blocked", finding.ActivationNoRoute, "activation.add-routes", guest.FixActivateV2},
		{"clock-skewed", finding.ActivationClockSkewed, "activation.set-clock", guest.FixClock},
		{"lease-stale", finding.DNSLeaseStale, "dns.renew-lease", guest.FixRenewLease},
	} {
		t.Run(c.scenario+"/"+c.fix, func(t *testing.T) {
			t.Parallel()
			d := walked(t, c.scenario).repairs(t, c.fix, c.code)
			checkScripts(t, d.Plan, c.script)
		})
	}
}

// checkScripts checks what holds of every step that runs in Windows: the script that is
// shown is the one that is sent, and so is the one that takes it back.
func checkScripts(t *testing.T, p *remedy.Plan, want string) {
	t.Helper()
	seen := false
	for _, s := range p.Steps {
		for _, x := range []struct {
			call   *remedy.Call
			script string
		}{{s.Call, s.Script}, {s.Undo, s.UndoScript}} {
			if x.call == nil {
				continue
			}
			id, _, err := guest.FixAsked(x.script)
			if err != nil {
				t.Fatalf("step %s: %v", s.ID, err)
			}
			seen = seen || id == want
			if err := cloud.CheckCall(*x.call); err != nil {
				t.Errorf("step %s: %v", s.ID, err)
			}
			if x.call.Operation != "ssm:SendCommand" || x.call.Input["Comment"] != "monshin fix "+id {
				t.Errorf("step %s: %s %v", s.ID, x.call.Operation, x.call.Input["Comment"])
			}
			var lines []string
			for _, l := range x.call.Input["Parameters"].(map[string]any)["commands"].([]any) {
				lines = append(lines, l.(string))
			}
			if d := cmp.Diff(strings.TrimSuffix(x.script, "\n"), strings.Join(lines, "\n")); d != "" {
				t.Errorf("step %s sends another script than it shows: %s", s.ID, d)
			}
		}
	}
	if !seen {
		t.Errorf("no step runs %s", want)
	}
}

// The way back of a change of routes names what stood there, to the metric.
func TestRoutesAreRecordedForTheWayBack(t *testing.T) {
	p := walked(t, "clone-not-activated")
	d := p.repairs(t, "activation.add-routes", finding.ActivationStaleRoutes)
	last := d.Plan.Steps[len(d.Plan.Steps)-1]
	_, args, err := guest.FixAsked(last.UndoScript)
	if err != nil {
		t.Fatal(err)
	}
	a := value(t, p, estate.GuestActivationPart, p.estate.Target.InstanceID)
	for _, r := range a.Routes {
		if r.Destination == "0.0.0.0/0" || r.Store != "PersistentStore" {
			continue
		}
		if !strings.Contains(args["routes"], r.Destination+"|"+r.NextHop+"|") {
			t.Errorf("%+v is not in %s", r, args["routes"])
		}
	}
	if len(last.Guards) == 0 || !slices.ContainsFunc(last.Guards, func(g remedy.Guard) bool { return strings.HasPrefix(g.At, "routes[") && g.After == "" }) {
		t.Errorf("the routes that go are not guarded: %+v", last.Guards)
	}
}

// A wrong host beside wrong routes is a step of its own, with a way back of its own.
func TestRoutesAndHostAreTwoSteps(t *testing.T) {
	p := walked(t, "clone-not-activated")
	alter(t, p, estate.GuestActivationPart, p.estate.Target.InstanceID, func(a estate.GuestActivation) estate.GuestActivation {
		a.Products = slices.Clone(a.Products)
		a.Products[0].KMSHost, a.Products[0].KMSPort = "kms.corp.example", 1689
		return a
	})
	p.judge(t)
	d := p.repairs(t, "activation.add-routes", finding.ActivationStaleRoutes)
	if len(d.Plan.Steps) != 2 {
		t.Fatalf("%d steps", len(d.Plan.Steps))
	}
	checkScripts(t, d.Plan, guest.FixRestoreRoutes)
	if _, args, err := guest.FixAsked(d.Plan.Steps[0].UndoScript); err != nil || args["host"] != "kms.corp.example" || args["port"] != "1689" {
		t.Errorf("%v %v", args, err)
	}
}

// activation changes what Windows tells of its licence.
func activation(t *testing.T, turn func(*estate.GuestActivation)) *patientFile {
	t.Helper()
	p := walked(t, "clock-skewed")
	alter(t, p, estate.GuestActivationPart, p.estate.Target.InstanceID, func(a estate.GuestActivation) estate.GuestActivation {
		right, one := 0.0, 1
		a.ClockOffset, a.RealTimeIsUniversal = &right, &one
		a.Products = slices.Clone(a.Products)
		turn(&a)
		return a
	})
	p.judge(t)
	return p
}

func TestFixesRepairTheLicence(t *testing.T) {
	t.Run("another KMS", func(t *testing.T) {
		p := activation(t, func(a *estate.GuestActivation) {
			a.Products[0].Status, a.Products[0].Reason, a.Products[0].KMSHost = 5, "0xC004F074", "kms.corp.example"
		})
		d := p.repairs(t, "activation.set-kms-host", finding.ActivationKMSHostWrong)
		checkScripts(t, d.Plan, guest.FixKMSHost)
		_, args, err := guest.FixAsked(d.Plan.Steps[0].UndoScript)
		if err != nil || args["host"] != "kms.corp.example" {
			t.Errorf("the way back is %v, %v", args, err)
		}
		f, err := remedy.WhatIf(p.options, p.found, d)
		if err != nil || !slices.Contains(f.Gone, "activation.not-licensed@"+p.estate.Target.InstanceID) {
			t.Errorf("with everything else right it is activated: %+v %v", f, err)
		}
	})
	t.Run("another KMS and a wrong clock", func(t *testing.T) {
		p := activation(t, func(a *estate.GuestActivation) {
			ahead := 9 * 3600.0
			a.Products[0].Status, a.Products[0].Reason, a.Products[0].KMSHost, a.ClockOffset = 5, "0xC004F074", "kms.corp.example", &ahead
		})
		d := p.repairs(t, "activation.set-kms-host", finding.ActivationKMSHostWrong)
		f, err := remedy.WhatIf(p.options, p.found, d)
		if err != nil || len(f.Gone) > 0 {
			t.Errorf("one of two causes removed is no promise: %+v %v", f, err)
		}
	})
	t.Run("no KMS host", func(t *testing.T) {
		p := activation(t, func(a *estate.GuestActivation) {
			a.Products[0].Status, a.Products[0].Reason, a.Products[0].KMSHost, a.Products[0].KMSPort = 5, "0x8007232B", "", 0
		})
		d := p.repairs(t, "activation.set-kms-host", finding.ActivationKMSHostWrong)
		if _, args, err := guest.FixAsked(d.Plan.Steps[0].UndoScript); err != nil || args["clear"] != "1" {
			t.Errorf("the way back is %v, %v", args, err)
		}
	})
	t.Run("another key", func(t *testing.T) {
		p := activation(t, func(a *estate.GuestActivation) {
			a.Products[0].Status, a.Products[0].Reason, a.Products[0].PartialKey = 5, "0xC004F050", "AAAAA"
			a.Products[0].Description = "Windows(R) Operating System, RETAIL channel"
		})
		d := p.repairs(t, "activation.set-client-key", finding.ActivationKeyWrong)
		checkScripts(t, d.Plan, guest.FixClientKey)
		if d.Plan.Undoable() || !slices.Contains(d.Plan.Risks, remedy.NotUndoable) {
			t.Error("a key cannot be put back, and the plan does not say so")
		}
	})
	t.Run("a licence of the customer's own", func(t *testing.T) {
		p := activation(t, func(a *estate.GuestActivation) {
			a.Products[0].Status, a.Products[0].Reason, a.Products[0].KMSHost = 5, "0xC004F074", "kms.corp.example"
		})
		alter(t, p, estate.InstancePart, p.estate.Target.InstanceID, func(i estate.Instance) estate.Instance { i.UsageOperation = "RunInstances:0800"; return i })
		p.refuses(t, "activation.set-kms-host", finding.ActivationKMSHostWrong, false)
		p.refuses(t, "activation.runbook", finding.ActivationKMSHostWrong, false)
	})
	t.Run("a value that no script takes", func(t *testing.T) {
		p := activation(t, func(a *estate.GuestActivation) {
			a.Products[0].Status, a.Products[0].Reason, a.Products[0].KMSHost = 5, "0xC004F074", "kms'; Restart-Computer; '"
		})
		p.refuses(t, "activation.set-kms-host", finding.ActivationKMSHostWrong, false)
	})
	t.Run("the routes are there and a firewall stands before them", func(t *testing.T) {
		p := activation(t, func(a *estate.GuestActivation) {
			a.Products[0].Status, a.Products[0].Reason = 5, "0xC004F074"
			a.Ports = map[string]string{"169.254.169.250:1688": "timeout", "169.254.169.251:1688": "timeout"}
		})
		p.refuses(t, "activation.add-routes", finding.ActivationNoRoute, false)
	})
}

func signIn(t *testing.T, turn func(*estate.GuestSignIn)) *patientFile {
	t.Helper()
	p := walked(t, "clone-not-the-cause")
	alter(t, p, estate.GuestSignInPart, p.estate.Target.InstanceID, func(g estate.GuestSignIn) estate.GuestSignIn {
		g.Accounts = slices.Clone(g.Accounts)
		turn(&g)
		return g
	})
	p.judge(t)
	return p
}

func TestFixesRepairSignIn(t *testing.T) {
	t.Run("service off", func(t *testing.T) {
		p := signIn(t, func(g *estate.GuestSignIn) {
			off := 1
			g.DenyTS, g.TermService = &off, estate.GuestService{Status: "Stopped", StartType: "Disabled"}
		})
		d := p.repairs(t, "rdp.start-service", finding.RDPServiceOff)
		checkScripts(t, d.Plan, guest.FixRDPService)
		_, args, err := guest.FixAsked(d.Plan.Steps[0].UndoScript)
		if diff := cmp.Diff(map[string]string{"deny": "1", "status": "Stopped", "start_type": "Disabled"}, args); err != nil || diff != "" {
			t.Errorf("%v %s", err, diff)
		}
	})
	t.Run("firewall only", func(t *testing.T) {
		p := signIn(t, func(g *estate.GuestSignIn) { closed := false; g.FirewallOpen = &closed })
		p.refuses(t, "rdp.start-service", finding.RDPServiceOff, false)
	})
	t.Run("a local account", func(t *testing.T) {
		p := signIn(t, func(g *estate.GuestSignIn) {
			for n := range g.Accounts {
				g.Accounts[n].Local = true
			}
		})
		d := p.repairs(t, "account.unlock", finding.AccountLocked)
		checkScripts(t, d.Plan, guest.FixUnlockAccount)
		if d.Plan.Undoable() {
			t.Error("an account cannot be locked again")
		}
	})
	t.Run("an account of the domain on a member", func(t *testing.T) {
		p := signIn(t, func(g *estate.GuestSignIn) {
			for n := range g.Accounts {
				g.Accounts[n].Local = false
			}
		})
		p.refuses(t, "account.unlock", finding.AccountLocked, false)
	})
	t.Run("an account of the domain on a controller", func(t *testing.T) {
		p := signIn(t, func(g *estate.GuestSignIn) {
			for n := range g.Accounts {
				g.Accounts[n].Local = false
			}
		})
		alter(t, p, estate.GuestIdentityPart, p.estate.Target.InstanceID, func(i estate.GuestIdentity) estate.GuestIdentity { i.Role = 5; return i })
		d := p.make(t, theFix(t, "account.unlock"), p.finding(t, finding.AccountLocked).Finding)
		if d.Plan == nil {
			t.Fatalf("%+v", d.Refused)
		}
		if _, args, err := guest.FixAsked(d.Plan.Steps[0].Script); err != nil || args["scope"] != "domain" {
			t.Errorf("%v %v", args, err)
		}
	})
}

// Run Command is told only to who hears it.
func TestFixesInsideNeedAnAgentThatAnswers(t *testing.T) {
	for _, c := range []struct {
		scenario string
		code     finding.Code
		fix      string
	}{
		{"clone-not-activated", finding.ActivationStaleRoutes, "activation.add-routes"},
		{"lease-stale", finding.DNSLeaseStale, "dns.renew-lease"},
		{"no-password", finding.PasswordNotGenerated, "password.reset"},
	} {
		p := walked(t, c.scenario)
		p.offline()
		p.refuses(t, c.fix, c.code, false)
	}
}

func TestForwarderBelongsOnControllers(t *testing.T) {
	p := walked(t, "dns-forwarder-missing")
	p.refuses(t, "dns.add-forwarder", finding.DNSAWSNamesNotForwarded, false)
	alter(t, p, estate.GuestIdentityPart, p.estate.Target.InstanceID, func(i estate.GuestIdentity) estate.GuestIdentity { i.Role = 5; return i })
	d := p.make(t, theFix(t, "dns.add-forwarder"), p.finding(t, finding.DNSAWSNamesNotForwarded).Finding)
	if d.Plan == nil || d.Plan.Steps[0].Undo == nil {
		t.Fatalf("%+v", d)
	}
	checkScripts(t, d.Plan, guest.FixRemoveForwarder)
}

func TestAgentUpdateCanBeTakenBack(t *testing.T) {
	p := walked(t, "healthy")
	id := p.estate.Target.InstanceID
	alter(t, p, estate.ManagedNodePart, id, func(n estate.ManagedNode) estate.ManagedNode { n.AgentVersion = "3.1.338.0"; return n })
	p.judge(t)
	f := theFix(t, "agent.update")
	d := p.make(t, f, finding.Finding{Code: finding.SSMAgentOutdated, Subject: id})
	if d.Plan == nil {
		t.Fatalf("%+v", d)
	}
	checkPlan(t, f, d.Plan)
	if err := errors.Join(cloud.CheckCall(*d.Plan.Steps[0].Call), cloud.CheckCall(*d.Plan.Steps[0].Undo)); err != nil {
		t.Error(err)
	}
	if p := d.Plan.Steps[0].Undo.Input["Parameters"].(map[string]any); p["version"].([]any)[0] != "3.1.338.0" {
		t.Errorf("the way back goes to %v", p)
	}
}

// allowRescue lets the patient's role write what AWS's tool keeps.
func allowRescue(t *testing.T, p *patientFile) {
	t.Helper()
	profile := value(t, p, estate.InstanceProfilePart, lastOf(p.patient(t).ProfileARN))
	alter(t, p, estate.RolePoliciesPart, profile.Role, func(r estate.RolePolicies) estate.RolePolicies {
		r.Inline = append(slices.Clone(r.Inline), estate.PolicyText{Name: "rescue",
			JSON: `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"ssm:PutParameter","Resource":"arn:aws:ssm:*:*:parameter/EC2Rescue/*"}}`})
		return r
	})
}

func lastOf(arn string) string { return arn[strings.LastIndexByte(arn, '/')+1:] }

func TestPasswordResetNamesAndNeverReads(t *testing.T) {
	p := walked(t, "no-password")
	p.refuses(t, "password.reset", finding.PasswordNotGenerated, false) // the role may not keep it
	allowRescue(t, p)
	f, w := theFix(t, "password.reset"), p.finding(t, finding.PasswordNotGenerated)
	d := p.make(t, f, w.Finding)
	if d.Plan == nil {
		t.Fatalf("%+v", d)
	}
	checkPlan(t, f, d.Plan)
	for _, s := range d.Plan.Steps {
		if err := cloud.CheckCall(*s.Call); err != nil {
			t.Error(err)
		}
		if s.Call.Input["DocumentName"] != "AWSSupport-RunEC2RescueForWindowsTool" || s.Undo != nil || s.NoUndo.Zero() {
			t.Errorf("%+v", s)
		}
		if strings.Contains(s.Check.Command, "get-parameter ") || strings.Contains(s.Check.Command, "with-decryption") {
			t.Error("the check reads the password")
		}
	}
}

// A dead License Manager instance is launched again with its own facts, protected, and
// the way back lifts the protection before it terminates.
func TestCatchOneAlive(t *testing.T) {
	for _, scenario := range []string{"office-terminates", "office-dead-long-ago"} {
		p := walked(t, scenario)
		f, w := theFix(t, "license.catch-one"), p.finding(t, finding.InstanceTerminatedByLicense)
		d := p.make(t, f, w.Finding)
		if d.Plan == nil {
			t.Fatalf("%s: %+v", scenario, d.Refused)
		}
		checkPlan(t, f, d.Plan)
		for _, s := range d.Plan.Steps {
			if err := errors.Join(cloud.CheckCall(*s.Call), cloud.CheckCall(*s.Undo)); err != nil {
				t.Errorf("step %s: %v", s.ID, err)
			}
		}
		in := d.Plan.Steps[0].Call.Input
		if in["DisableApiTermination"] != true || in["SubnetId"] == "" || in["ImageId"] == "" || d.Plan.Steps[0].Call.Token != "ClientToken" {
			t.Errorf("%s: %v", scenario, in)
		}
		var back []string
		for _, s := range slices.Backward(d.Plan.Steps) {
			back = append(back, s.Undo.Operation)
		}
		if diff := cmp.Diff([]string{"ec2:ModifyInstanceAttribute", "ec2:TerminateInstances"}, back); diff != "" {
			t.Error(diff)
		}
		if d.Plan.Typed == "" || !slices.Contains(d.Plan.Risks, remedy.Billing) {
			t.Errorf("%s: it costs money and asks for nothing", scenario)
		}
	}
	p := walked(t, "office-1688")
	d := p.make(t, theFix(t, "license.catch-one"), finding.Finding{Code: finding.InstanceTerminatedByLicense, Subject: p.estate.Target.InstanceID})
	if i := p.estate; d.Plan != nil && estate.InstancePart.Of(estate.NewView(i), i.Target.InstanceID).Value().State == "running" {
		t.Error("a living instance is launched again")
	}
}
