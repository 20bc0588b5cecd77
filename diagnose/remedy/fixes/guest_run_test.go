package fixes_test

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"testing"

	diff "github.com/google/go-cmp/cmp"

	"github.com/monshin/monshin/diagnose/cloud"
	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lab"
	"github.com/monshin/monshin/diagnose/lab/windows"
	"github.com/monshin/monshin/diagnose/remedy"
	"github.com/monshin/monshin/diagnose/remedy/fixes"
	"github.com/monshin/monshin/diagnose/runbook"
	"github.com/monshin/monshin/diagnose/walk"
)

// ledger keeps entries for nobody.
type ledger struct{ kinds []string }

func (l *ledger) Append(kind string, _ any) error { l.kinds = append(l.kinds, kind); return nil }

// carried is a plan that was carried out on a simulated account.
type carried struct {
	p      *patientFile
	lab    *lab.Lab
	before *estate.Estate
	runner *remedy.Runner
	run    *remedy.Run
}

func carryOut(t *testing.T, scenario string, symptom runbook.Symptom, code finding.Code, fix string, broken ...func(*windows.Host)) carried {
	t.Helper()
	s, ok := lab.Find(scenario)
	if !ok {
		t.Fatal("no such scenario")
	}
	l, err := lab.Open(scenario, lab.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range broken {
		if err := l.Meddle(func(w *lab.World) { f(w.Instances[s.InstanceID].Windows) }); err != nil {
			t.Fatal(err)
		}
	}
	p := walkedAs(t, l, s, cmp.Or(symptom, s.Symptom))
	w := p.finding(t, code)
	p.make(t, theFix(t, fix), w.Finding) // reads what the plan needs
	proposals, _, err := remedy.Propose(fixes.Library(), p.options, p.estate, p.found, w)
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(proposals, func(x remedy.Proposal) bool { return x.Fix.ID == fix && x.Refused == nil })
	if at < 0 {
		t.Fatalf("it is not proposed: %+v", proposals)
	}
	planned := proposals[at].Planned
	x := carried{p: p, lab: l, before: p.estate.Clone(), runner: &remedy.Runner{
		Caller: cloud.NewCaller(l.Config(), cloud.CallerOptions{Target: p.estate.Target, Now: l.Now, Sleep: l.Sleep}),
		Reader: p.source, Ledger: &ledger{}, Now: l.Now, Sleep: l.Sleep,
	}}
	x.run, err = x.runner.Start("run-1", planned, remedy.Approval{Hash: planned.Hash, Typed: planned.Plan.Typed, Time: l.Now()})
	if err != nil {
		t.Fatal(err)
	}
	if err := x.runner.Apply(t.Context(), x.run); err != nil {
		t.Fatal(err)
	}
	return x
}

// again reads parts afresh.
func (x carried) again(t *testing.T, keys ...estate.Key) {
	t.Helper()
	x.p.source.Forget(keys...)
	x.p.read(t.Context(), keys)
}

// The account is open again; what was refused before stays in Windows's log.
func TestAnAccountIsUnlocked(t *testing.T) {
	x := carryOut(t, "clone-not-the-cause", "", finding.AccountLocked, "account.unlock")
	id := x.p.estate.Target.InstanceID
	x.again(t, estate.GuestSignInPart.Key(id))
	for _, a := range value(t, x.p, estate.GuestSignInPart, id).Accounts {
		if a.Locked {
			t.Errorf("%s is still locked", a.Name)
		}
	}
	var refused *remedy.Refused
	if err := x.runner.Undo(t.Context(), x.run, ""); !errors.As(err, &refused) {
		t.Errorf("nothing can lock it again, and undo says %v", err)
	}
}

// One is launched again and protected; the way back lifts that and terminates it.
func TestOneIsCaughtAndLetGo(t *testing.T) {
	x := carryOut(t, "office-terminates", "", finding.InstanceTerminatedByLicense, "license.catch-one")
	caught := x.run.Outputs[remedy.Output("launch", "Instances.0.InstanceId")]
	x.again(t, estate.InstancePart.Key(caught))
	i := value(t, x.p, estate.InstancePart, caught)
	was, known := estate.InstancePart.Of(estate.NewView(x.before), x.p.estate.Target.InstanceID).Get()
	if known && was.ImageID != "" && (i.ImageID != was.ImageID || i.Type != was.Type) || i.State == "terminated" {
		t.Errorf("%+v is not the like of %+v", i, was)
	}
	if err := x.runner.Undo(t.Context(), x.run, ""); err != nil {
		t.Fatal(err)
	}
	x.again(t, estate.InstancePart.Key(caught))
	if s := value(t, x.p, estate.InstancePart, caught).State; s != "terminated" && s != "shutting-down" {
		t.Errorf("it is %s after the way back", s)
	}
}

// sound breaks nothing beyond what the scenario does.
func sound(*windows.Host) {}

// Each fix inside Windows is carried out on the simulated server, checked by the same
// probes and taken back, and leaves what it names as it was.
func TestFixesInsideWindowsAreCarriedOutAndTakenBack(t *testing.T) {
	for _, c := range []struct {
		scenario string
		symptom  runbook.Symptom // "" is the scenario's own
		code     finding.Code
		fix      string
		state    remedy.State
		undone   bool
		broken   func(*windows.Host) // before anybody looks
	}{
		{"clone-not-activated", "", finding.ActivationStaleRoutes, "activation.add-routes", remedy.Confirmed, true, sound},
		{"kms-blocked", "", finding.ActivationNoRoute, "activation.add-routes", remedy.Ineffective, true, sound},
		{"clock-skewed", "", finding.ActivationClockSkewed, "activation.set-clock", remedy.Confirmed, true, sound},
		{"lease-stale", "", finding.DNSLeaseStale, "dns.renew-lease", remedy.Confirmed, false, sound},
		{"sysprep-stuck", runbook.RDPRefused, finding.RDPServiceOff, "rdp.start-service", remedy.Confirmed, true, sound},
		{"sysprep-stuck", runbook.RDPRefused, finding.RDPServiceOff, "rdp.start-service", remedy.Confirmed, true, func(h *windows.Host) {
			h.TermService = estate.GuestService{Status: "Stopped", StartType: "Disabled"}
		}},
		{"clock-skewed", "", finding.ActivationKMSHostWrong, "activation.set-kms-host", remedy.Confirmed, true, func(h *windows.Host) {
			h.Ahead, h.Products[0].Host, h.Products[0].Port = 0, "kms.corp.example", 1689
		}},
		{"clock-skewed", "", finding.ActivationKeyWrong, "activation.set-client-key", remedy.Confirmed, false, func(h *windows.Host) {
			h.Ahead, h.Products[0].PartialKey, h.Products[0].Channel = 0, "AAAAA", "Windows(R) Operating System, RETAIL channel"
			h.Products[0].Host = "kms.corp.example" // so that it is not activated
		}},
	} {
		t.Run(c.scenario+"/"+c.fix, func(t *testing.T) {
			t.Parallel()
			x := carryOut(t, c.scenario, c.symptom, c.code, c.fix, c.broken)
			p, r, run := x.p, x.runner, x.run
			keys := remedy.Observations(p.estate, run.Plan)
			judge := func(ctx context.Context, keys []estate.Key) (*walk.Diagnosis, error) {
				p.source.Forget(keys...)
				p.read(ctx, keys)
				p.estate.AsOf = x.lab.Now()
				return p.judge(t), nil
			}
			if _, err := r.Verify(t.Context(), run, keys, judge, true); err != nil {
				t.Fatal(err)
			}
			if run.Verification.State != c.state {
				t.Errorf("%s: %s", run.Verification.State, run.Verification.Say.En)
			}
			if !c.undone {
				return
			}
			if err := r.Undo(t.Context(), run, ""); err != nil {
				t.Fatal(err)
			}
			if len(run.Undone.Rest) > 0 {
				t.Errorf("the way back leaves %v", run.Undone.Rest)
			}
			p.source.Forget(keys...)
			p.read(t.Context(), keys)
			id := p.estate.Target.InstanceID
			want, got := configured(x.before, id), configured(p.estate, id)
			if d := diff.Diff(want, got); d != "" {
				t.Errorf("the way back does not lead there (-before +after):\n%s", d)
			}
		})
	}
}

// setting is what a fix of activation sets.
type setting struct {
	Routes    []estate.GuestRoute
	Universal *int
	Hosts     []string
}

func configured(e *estate.Estate, id string) setting {
	a := estate.GuestActivationPart.Of(estate.NewView(e), id).Value()
	s := setting{Routes: slices.Clone(a.Routes), Universal: a.RealTimeIsUniversal}
	slices.SortFunc(s.Routes, func(x, y estate.GuestRoute) int {
		return slices.Compare([]string{x.Store, x.Destination, x.NextHop}, []string{y.Store, y.Destination, y.NextHop})
	})
	for _, p := range a.Products {
		s.Hosts = append(s.Hosts, p.KMSHost)
	}
	return s
}
