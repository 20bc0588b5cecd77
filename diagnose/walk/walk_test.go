package walk

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/probe"
	"github.com/monshin/monshin/diagnose/runbook"
)

const id = "i-0123456789abcdef0"

// words is a catalogue of two codes: the endpoint explains the registration.
type words struct{}

func (words) Entry(c finding.Code) (*finding.Entry, bool) {
	switch c {
	case finding.EndpointMissing:
		return &finding.Entry{Code: c, Severity: finding.Error, Explains: []finding.Explanation{{Code: finding.SSMNotRegistered, Scope: "ssm"}}}, true
	case finding.CloneNotGeneralized:
		return &finding.Entry{Code: c, Severity: finding.Error, Explains: []finding.Explanation{{Code: finding.CloneDuplicateSID}}}, true
	case finding.CloneDuplicateSID:
		return &finding.Entry{Code: c, Severity: finding.Warning}, true
	case finding.SSMNotRegistered:
		return &finding.Entry{Code: c, Severity: finding.Error, Observation: true}, true
	}
	return nil, false
}

func (w words) Explains(cause, effect finding.Finding) bool {
	e, ok := w.Entry(cause.Code)
	return ok && slices.ContainsFunc(e.Explains, func(x finding.Explanation) bool {
		return x.Code == effect.Code && (x.Scope == "" || slices.Contains(cause.Scope, x.Scope))
	})
}

// chain is a probe that reads the instance, its VPC and the VPC's endpoints, each
// found by the one before.
func chain() probe.Probe {
	return probe.Probe{
		ID: "endpoint.presence", Title: lang.Both("endpoint", "endpoint"), Codes: []finding.Code{finding.EndpointMissing},
		Judge: func(v *estate.View) probe.Verdict {
			i := estate.InstancePart.Of(v, id)
			if !i.IsKnown() {
				return probe.Verdict{Outcome: probe.Unknown, Whys: []fact.Why{i.Why()}}
			}
			e := estate.EndpointsPart.Of(v, i.Value().VPC)
			if !e.IsKnown() {
				return probe.Verdict{Outcome: probe.Unknown, Whys: []fact.Why{e.Why()}}
			}
			if len(e.Value()) == 0 {
				return probe.Verdict{Outcome: probe.Problem, Findings: []finding.Finding{{
					Code: finding.EndpointMissing, Subject: "ssm", Certainty: finding.Proven, Scope: []string{"ssm"},
				}}}
			}
			return probe.Verdict{Outcome: probe.OK}
		},
	}
}

func registration() probe.Probe {
	return probe.Probe{
		ID: "ssm.registration", Title: lang.Both("registration", "registration"),
		Judge: func(v *estate.View) probe.Verdict {
			n := estate.ManagedNodePart.Of(v, id)
			switch {
			case n.IsUnknown():
				return probe.Verdict{Outcome: probe.Unknown, Whys: []fact.Why{n.Why()}}
			case n.IsAbsent():
				return probe.Verdict{Outcome: probe.Problem, Findings: []finding.Finding{{Code: finding.SSMNotRegistered, Subject: id, Certainty: finding.Proven}}}
			}
			return probe.Verdict{Outcome: probe.OK}
		},
	}
}

func asking() probe.Probe {
	return probe.Probe{
		ID: "rdp.port", Title: lang.Both("port", "port"), Asks: []string{estate.AnswerFrom},
		Judge: func(v *estate.View) probe.Verdict {
			if a, asked := v.Answer(estate.AnswerFrom); !asked || a == "" {
				return probe.Verdict{Outcome: probe.Unknown, Whys: []fact.Why{{Reason: fact.NeedsAnswer, Blocker: estate.AnswerFrom}}}
			}
			return probe.Verdict{Outcome: probe.OK}
		},
	}
}

func tree(ids ...string) *runbook.Tree {
	t := &runbook.Tree{Symptom: runbook.NotInSystemsManager}
	for _, p := range ids {
		t.Nodes = append(t.Nodes, runbook.Node{ID: p, Kind: runbook.ProbeNode, Probe: p})
	}
	t.Start = ids[0]
	return t
}

// source answers from a table; a key that is not in it is owed.
type source struct {
	mu    sync.Mutex
	parts map[estate.Key]estate.Part
	asked []string
	// expired, while true, answers everything with expired credentials.
	expired bool
	// hang keeps the source from answering until ctx ends.
	hang bool
}

func (s *source) Name() string { return "lab:test" }

func (s *source) Collect(ctx context.Context, keys []estate.Key, done func(Got)) {
	for _, k := range keys {
		s.mu.Lock()
		p, ok := s.parts[k]
		s.asked = append(s.asked, k.String())
		expired, hang := s.expired, s.hang
		s.mu.Unlock()
		switch {
		case hang:
			<-ctx.Done()
			return
		case expired:
			done(Got{Part: estate.Part{Key: k}, Expired: errors.New("ExpiredToken")})
		case ok:
			done(Got{Part: p, Depth: 1, Calls: []Call{{Operation: "x:" + k.Kind}}})
		}
	}
}

func sick() *source {
	o := fact.Origin{Source: fact.API}
	parts := []estate.Part{
		estate.CallerPart.Part("", fact.Known(estate.Caller{Account: "123456789012"}, o)),
		estate.InstancePart.Part(id, fact.Known(estate.Instance{ID: id, State: "running", VPC: "vpc-1"}, o)),
		estate.EndpointsPart.Part("vpc-1", fact.Known([]estate.Endpoint{}, o)),
		estate.ManagedNodePart.Part(id, fact.Absent[estate.ManagedNode](o)),
	}
	s := &source{parts: map[estate.Key]estate.Part{}}
	for _, p := range parts {
		s.parts[p.Key] = p
	}
	return s
}

func start(t *testing.T, s Source, tr *runbook.Tree, probes ...probe.Probe) *Walk {
	t.Helper()
	w, err := New(Options{
		Tree: tr, Probes: probe.NewSet(probes), Words: words{}, Source: s,
		Estate: estate.New(estate.Target{InstanceID: id, Region: "ap-northeast-1"}, time.Unix(0, 0)),
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestACauseIsFoundAndItsConsequenceShownOnce(t *testing.T) {
	s := sick()
	w := start(t, s, tree("ssm.registration", "endpoint.presence"), registration(), chain())
	var last *Diagnosis
	d := w.Run(context.Background(), func(d *Diagnosis, _ []Event) { last = d })
	if d != last {
		t.Error("the last snapshot is not the result")
	}
	roots := d.RootCauses()
	if len(roots) != 1 || roots[0].ID() != "endpoint.missing@ssm" {
		t.Fatalf("root causes %v", roots)
	}
	if diff := cmp.Diff([]string{"ssm.not-registered@" + id}, roots[0].Explains); diff != "" {
		t.Error(diff)
	}
	if d.Exit() != 1 || d.Outcome != Problems || !d.Complete || d.Target.Account != "123456789012" {
		t.Errorf("exit %d, outcome %s, complete %v, account %q", d.Exit(), d.Outcome, d.Complete, d.Target.Account)
	}
	// caller, instance and node at once; then the endpoints: two waves.
	if d.Calls.Waves != 2 || d.Calls.Total != 4 {
		t.Errorf("%d waves, %d calls, want 2 and 4", d.Calls.Waves, d.Calls.Total)
	}
	if diff := cmp.Diff([]string{"caller", "endpoints:vpc-1", "instance:" + id, "managed-node:" + id}, slices.Sorted(slices.Values(s.asked))); diff != "" {
		t.Error("asked for", diff)
	}
}

func TestARefusedPartLeavesTheRestAndIsNeeded(t *testing.T) {
	s := sick()
	k := estate.EndpointsPart.Key("vpc-1")
	s.parts[k] = estate.EndpointsPart.Unknown("vpc-1", fact.Why{Reason: fact.Denied, Action: "ec2:DescribeVpcEndpoints"})
	w := start(t, s, tree("ssm.registration", "endpoint.presence"), registration(), chain())
	d := w.Run(context.Background(), nil)
	if len(d.RootCauses()) != 0 || d.Exit() != 3 || d.Outcome != Undecided {
		t.Errorf("roots %v, exit %d", d.RootCauses(), d.Exit())
	}
	if len(d.Unknowns) != 1 || d.Unknowns[0].Why.Action != "ec2:DescribeVpcEndpoints" || !d.Unknowns[0].Needed {
		t.Errorf("unknowns %+v", d.Unknowns)
	}
	// Permission granted: Retry reads it again, and nothing else.
	s.asked = nil
	s.parts[k] = estate.EndpointsPart.Part("vpc-1", fact.Known([]estate.Endpoint{}, fact.Origin{}))
	w.Retry()
	d = w.Run(context.Background(), nil)
	if d.Exit() != 1 || !slices.Equal(s.asked, []string{"endpoints:vpc-1"}) {
		t.Errorf("exit %d after asking for %v", d.Exit(), s.asked)
	}
}

func TestExpiredCredentialsPauseAndKeepEverything(t *testing.T) {
	s := sick()
	w := start(t, s, tree("ssm.registration", "endpoint.presence"), registration(), chain())
	// They run out after the first wave.
	d := w.Run(context.Background(), func(d *Diagnosis, _ []Event) {
		if d.Instance.IsKnown() {
			s.mu.Lock()
			s.expired = true
			s.mu.Unlock()
		}
	})
	if d.Paused == nil || d.Complete || !d.Instance.IsKnown() {
		t.Fatalf("paused %v, complete %v, instance %v", d.Paused, d.Complete, d.Instance)
	}
	s.expired, s.asked = false, nil
	d = w.Run(context.Background(), nil)
	if d.Paused != nil || d.Exit() != 1 {
		t.Errorf("paused %v, exit %d", d.Paused, d.Exit())
	}
	if slices.Contains(s.asked, "instance:"+id) {
		t.Error("what was known was read again")
	}
}

func TestCancelGivesWhatIsKnown(t *testing.T) {
	s := sick()
	w := start(t, s, tree("ssm.registration", "endpoint.presence"), registration(), chain())
	ctx, cancel := context.WithCancel(context.Background())
	d := w.Run(ctx, func(d *Diagnosis, _ []Event) {
		if d.Instance.IsKnown() && len(d.Findings) > 0 {
			cancel()
		}
	})
	cancel()
	if d.Complete || !d.Instance.IsKnown() || d.Exit() == 0 {
		t.Errorf("complete %v, instance %v, exit %d", d.Complete, d.Instance, d.Exit())
	}
}

func TestCancelDoesNotWaitForASourceThatHangs(t *testing.T) {
	s := sick()
	s.hang = true
	w := start(t, s, tree("ssm.registration"), registration())
	ctx, cancel := context.WithCancel(context.Background())
	d := w.Run(ctx, func(*Diagnosis, []Event) { cancel() })
	if d.Complete {
		t.Error("a walk that read nothing says it is complete")
	}
}

func TestAnAnswerTakesEffectInTheMiddle(t *testing.T) {
	s := sick()
	w := start(t, s, tree("ssm.registration", "endpoint.presence", "rdp.port"), registration(), chain(), asking())
	said := false
	var answers []Answer
	d := w.Run(context.Background(), func(_ *Diagnosis, events []Event) {
		for _, e := range events {
			if e.Answer != nil {
				answers = append(answers, *e.Answer)
			}
		}
		if !said {
			said = true
			w.Answer(estate.AnswerFrom, "10.0.0.0/8")
		}
	})
	for _, p := range d.Probes {
		if p.Probe == "rdp.port" && p.Verdict.Outcome != probe.OK {
			t.Errorf("the answer changed nothing: %+v", p.Verdict)
		}
	}
	if diff := cmp.Diff([]Answer{{estate.AnswerFrom, "10.0.0.0/8"}}, answers); diff != "" {
		t.Error(diff)
	}
}

func TestAPartThatTheSourceOwesIsUnknown(t *testing.T) {
	s := sick()
	delete(s.parts, estate.ManagedNodePart.Key(id))
	w := start(t, s, tree("ssm.registration"), registration())
	d := w.Run(context.Background(), nil)
	if d.Exit() != 3 || len(d.Unknowns) != 1 || d.Unknowns[0].Why.Reason != fact.NotRecorded {
		t.Errorf("exit %d, unknowns %+v", d.Exit(), d.Unknowns)
	}
}

func TestACrashOfAJudgementIsAResult(t *testing.T) {
	bad := probe.Probe{ID: "bad", Judge: func(*estate.View) probe.Verdict { panic("oops") }}
	w := start(t, sick(), tree("bad", "ssm.registration"), bad, registration())
	d := w.Run(context.Background(), nil)
	if len(d.Probes) != 2 || d.Probes[0].Verdict.Outcome != probe.Unknown || d.Probes[1].Verdict.Outcome != probe.Problem {
		t.Errorf("%+v", d.Probes)
	}
}

// A consequence whose cause could not be judged must not be called a cause.
func TestAnOpenCauseKeepsItsConsequenceFromBeingARoot(t *testing.T) {
	says := func(id string, v probe.Verdict, codes ...finding.Code) probe.Probe {
		return probe.Probe{ID: id, Codes: codes, Judge: func(*estate.View) probe.Verdict { return v }}
	}
	sid := says("clone.sid", probe.Verdict{Outcome: probe.Problem, Findings: []finding.Finding{{Code: finding.CloneDuplicateSID, Certainty: finding.Proven}}}, finding.CloneDuplicateSID)
	found := says("clone.image", probe.Verdict{Outcome: probe.Problem, Findings: []finding.Finding{{Code: finding.CloneNotGeneralized, Certainty: finding.Proven}}}, finding.CloneNotGeneralized)
	open := says("clone.image", probe.Verdict{Outcome: probe.Unknown, Whys: []fact.Why{{Reason: fact.Denied}}}, finding.CloneNotGeneralized)
	fine := says("clone.image", probe.Verdict{Outcome: probe.OK}, finding.CloneNotGeneralized)
	unasked := says("clone.image", probe.Verdict{Outcome: probe.Unknown, Whys: []fact.Why{{Reason: fact.NeedsGuest, Action: "ssm:SendCommand"}}}, finding.CloneNotGeneralized)
	for _, c := range []struct {
		name  string
		image probe.Probe
		want  []string
	}{
		{"the cause is there", found, []string{"clone.not-generalized"}},
		{"the cause is open", open, nil},
		{"there is no cause", fine, []string{"clone.duplicate-sid"}},
		{"nobody was asked inside", unasked, []string{"clone.duplicate-sid"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := start(t, sick(), tree("clone.sid", "clone.image"), sid, c.image).Run(context.Background(), nil)
			var got []string
			for _, f := range d.RootCauses() {
				got = append(got, f.ID())
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Two judgements of one thing make one finding: as severe and as certain as either,
// with the evidence of both.
func TestTwoJudgementsOfOneFindingAreOne(t *testing.T) {
	piece := func(at string) finding.Evidence { return finding.Evidence{At: at, Value: "v"} }
	says := func(id string, f finding.Finding) probe.Probe {
		f.Code = finding.CloneDuplicateSID
		return probe.Probe{ID: id, Judge: func(*estate.View) probe.Verdict {
			return probe.Verdict{Outcome: probe.Problem, Findings: []finding.Finding{f}}
		}}
	}
	hint := says("hint", finding.Finding{Severity: finding.Info, Certainty: finding.Proven, Evidence: []finding.Evidence{piece("a"), piece("b")}})
	fault := says("fault", finding.Finding{Severity: finding.Error, Certainty: finding.Possible, Evidence: []finding.Evidence{piece("b"), piece("c")}})
	usual := says("usual", finding.Finding{Certainty: finding.Likely}) // the catalogue's: a warning
	for name, c := range map[string]struct {
		probes    []probe.Probe
		severity  finding.Severity
		certainty finding.Certainty
		by        string
	}{
		"the fault last":           {[]probe.Probe{hint, fault}, finding.Error, finding.Proven, "fault"},
		"the fault first":          {[]probe.Probe{fault, hint}, finding.Error, finding.Proven, "fault"},
		"the catalogue's severity": {[]probe.Probe{hint, usual}, finding.Warning, finding.Proven, "usual"},
		"all three":                {[]probe.Probe{usual, hint, fault}, finding.Error, finding.Proven, "fault"},
	} {
		var ids []string
		for _, p := range c.probes {
			ids = append(ids, p.ID)
		}
		d := start(t, sick(), tree(ids...), c.probes...).Run(context.Background(), nil)
		if len(d.Findings) != 1 {
			t.Fatalf("%s: %+v", name, d.Findings)
		}
		f := d.Findings[0]
		if f.Severity != c.severity || f.Finding.Severity != c.severity || f.Certainty != c.certainty || f.Probe != c.by || !f.Root {
			t.Errorf("%s: %s, %s, by %s, root %v", name, f.Severity, f.Certainty, f.Probe, f.Root)
		}
		seen := map[string]int{}
		for _, e := range f.Evidence {
			seen[e.At]++
		}
		for at, n := range seen {
			if n != 1 {
				t.Errorf("%s: %s stands there %d times", name, at, n)
			}
		}
	}
}

func TestATreeWithAnUnknownProbeIsRefused(t *testing.T) {
	_, err := New(Options{Tree: tree("no.such"), Probes: probe.NewSet()})
	if err == nil {
		t.Error("accepted")
	}
}

func inside() probe.Probe {
	return probe.Probe{
		ID: "clone.sid", Title: lang.Both("sid", "sid"), Parts: []estate.AnyKind{estate.GuestIdentityPart},
		Judge: func(v *estate.View) probe.Verdict {
			g := estate.GuestIdentityPart.Of(v, id)
			if !g.IsKnown() {
				return probe.Verdict{Outcome: probe.Unknown, Whys: []fact.Why{g.Why()}}
			}
			return probe.Verdict{Outcome: probe.OK}
		},
	}
}

func TestTheGuestIsAskedWithConsentOnlyAndLast(t *testing.T) {
	s := sick()
	k := estate.GuestIdentityPart.Key(id)
	s.parts[k] = estate.GuestIdentityPart.Part(id, fact.Known(estate.GuestIdentity{Host: "A"}, fact.Origin{}))
	tr := tree("clone.sid", "endpoint.presence")
	tr.NeedsGuest = true
	w := start(t, s, tr, inside(), chain())
	d := w.Run(context.Background(), nil)
	if slices.Contains(s.asked, k.String()) {
		t.Error("the guest was asked without consent")
	}
	if len(d.Unknowns) != 1 || d.Unknowns[0].Why.Reason != fact.NeedsGuest || !d.Complete {
		t.Errorf("unknowns %+v, complete %v", d.Unknowns, d.Complete)
	}
	w.Consent()
	d = w.Run(context.Background(), nil)
	if len(d.Unknowns) != 0 || s.asked[len(s.asked)-1] != k.String() {
		t.Errorf("unknowns %+v, asked %v", d.Unknowns, s.asked)
	}
	// With consent from the start, everything else is read before the guest is asked.
	s = sick()
	s.parts[k] = estate.GuestIdentityPart.Part(id, fact.Known(estate.GuestIdentity{Host: "A"}, fact.Origin{}))
	w, err := New(Options{Tree: tr, Probes: probe.NewSet([]probe.Probe{inside(), chain()}), Words: words{}, Source: s, Guest: true,
		Estate: estate.New(estate.Target{InstanceID: id}, time.Unix(0, 0))})
	if err != nil {
		t.Fatal(err)
	}
	w.Run(context.Background(), nil)
	if len(s.asked) != 4 || s.asked[3] != k.String() {
		t.Errorf("asked %v", s.asked)
	}
}
