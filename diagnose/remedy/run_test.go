package remedy_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/remedy"
)

var found = finding.Finding{Code: finding.DNSADDomainUnresolvable, Subject: "corp.example"}

func planned(t *testing.T, w *world) remedy.Planned {
	t.Helper()
	d, err := remedy.Make(dhcpFix(), w.estate(), found)
	if err != nil {
		t.Fatal(err)
	}
	if d.Plan == nil {
		t.Fatalf("no plan: %+v", d)
	}
	return remedy.Planned{Plan: *d.Plan}
}

func approval(p remedy.Planned) remedy.Approval {
	return remedy.Approval{Hash: p.Plan.Hash(), Typed: p.Plan.Typed}
}

func folded(t *testing.T, w *world) *remedy.Run {
	t.Helper()
	runs, err := remedy.Fold(w.journal)
	if err != nil {
		t.Fatal(err)
	}
	if len(runs) != 1 {
		t.Fatalf("%d runs", len(runs))
	}
	return runs[0]
}

func TestAPlanIsCarriedOutAndTakenBack(t *testing.T) {
	w := newWorld()
	before := newWorld()
	p := planned(t, w)
	if got := p.Plan.Steps[1].Guards; len(got) != 1 || got[0].At != "dhcp" || got[0].Before != `"dopt-old"` {
		t.Fatalf("guards: %+v", got)
	}
	run, err := w.runner().Start("run-1", p, approval(p))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.runner().Apply(t.Context(), run); err != nil {
		t.Fatal(err)
	}
	if w.dhcp != "dopt-1" || len(w.groups[group].Rules) != 2 {
		t.Fatalf("the world: %s %+v", w.dhcp, w.groups)
	}
	again := folded(t, w)
	if diff := cmp.Diff(run.Left, again.Left); diff != "" || !again.Finished() {
		t.Fatalf("the ledger tells another run: %s", diff)
	}
	// Carried out again it changes nothing.
	n := len(w.calls)
	if err := w.runner().Apply(t.Context(), again); err != nil || len(w.calls) != n {
		t.Fatalf("applied twice: %v, %d calls", err, len(w.calls)-n)
	}
	if err := w.runner().Undo(t.Context(), again, ""); err != nil {
		t.Fatal(err)
	}
	if w.dhcp != before.dhcp || len(w.tokens) != 0 {
		t.Errorf("left behind: %s %v", w.dhcp, w.tokens)
	}
	if diff := cmp.Diff(before.groups, w.groups); diff != "" {
		t.Error(diff)
	}
	if u := folded(t, w).Undone; u == nil || len(u.Rest) != 0 || len(u.Steps) != 3 {
		t.Errorf("undone: %+v", u)
	}
	if err := w.runner().Undo(t.Context(), folded(t, w), ""); err == nil {
		t.Error("undone twice")
	}
}

func TestConsentIsToOnePlan(t *testing.T) {
	w := newWorld()
	p := planned(t, w)
	for name, a := range map[string]remedy.Approval{
		"another hash": {Hash: "0", Typed: network},
		"no word":      {Hash: p.Plan.Hash()},
		"wrong word":   {Hash: p.Plan.Hash(), Typed: "vpc-2"},
	} {
		if _, err := w.runner().Start("r", p, a); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
	r := w.runner()
	r.ReadOnly = true
	if _, err := r.Start("r", p, approval(p)); err == nil {
		t.Error("--read-only started a plan")
	}
	if len(w.calls)+len(w.journal) != 0 {
		t.Error("something happened")
	}
	// What would be changed decides the hash, and who made the plan when does not.
	w.dhcp = "dopt-other"
	if planned(t, w).Plan.Hash() == p.Plan.Hash() {
		t.Error("the world changed and the hash did not")
	}
	w.dhcp, w.now = "dopt-old", w.now.Add(time.Hour)
	if planned(t, w).Plan.Hash() != p.Plan.Hash() {
		t.Error("the hash follows the clock")
	}
}

func TestSomebodyElseChangedIt(t *testing.T) {
	w := newWorld()
	p := planned(t, w)
	run, err := w.runner().Start("r", p, approval(p))
	if err != nil {
		t.Fatal(err)
	}
	w.dhcp = "dopt-theirs"
	var changed *remedy.Changed
	if err := w.runner().Apply(t.Context(), run); !errors.As(err, &changed) || len(w.calls) != 0 {
		t.Fatalf("applied onto a changed world: %v, %d calls", err, len(w.calls))
	}
	if s := changed.Said(); !strings.Contains(s.En, "dopt-theirs") || !strings.Contains(s.Ja, "dopt-old") {
		t.Errorf("said: %+v", s)
	}
	w.dhcp = "dopt-old"
	if err := w.runner().Apply(t.Context(), run); err != nil {
		t.Fatal(err)
	}
	w.dhcp = "dopt-theirs"
	n := len(w.calls)
	err = w.runner().Undo(t.Context(), run, "")
	if !errors.As(err, &changed) || w.dhcp != "dopt-theirs" {
		t.Fatalf("undone over somebody's change: %v", err)
	}
	if len(w.calls) != n+1 { // the rule, which came last, is ours and goes first
		t.Errorf("%d calls", len(w.calls)-n)
	}
	// What cannot be read is not taken for unchanged.
	w.unread = true
	if err := w.runner().Undo(t.Context(), run, ""); !errors.As(err, &changed) {
		t.Errorf("undone blindly: %v", err)
	}
}

func TestAFailureStopsThePlan(t *testing.T) {
	w := newWorld()
	p := planned(t, w)
	w.refuse = "ec2:AssociateDhcpOptions"
	run, _ := w.runner().Start("r", p, approval(p))
	err := w.runner().Apply(t.Context(), run)
	var f *remedy.Failure
	if !errors.As(err, &f) || f.Why.Reason != fact.Denied {
		t.Fatal(err)
	}
	again := folded(t, w)
	if again.State("create") != remedy.Done || again.State("associate") != remedy.Failed || again.State("allow") != remedy.Open {
		t.Errorf("states: %v", again.States)
	}
	w.refuse = ""
	if err := w.runner().Undo(t.Context(), again, ""); err != nil || len(w.tokens) != 0 {
		t.Errorf("undo of a half plan: %v %v", err, w.tokens)
	}
}

func TestALostAnswerIsLookedFor(t *testing.T) {
	for _, op := range []string{"ec2:CreateDhcpOptions", "ec2:AssociateDhcpOptions", "ec2:AuthorizeSecurityGroupIngress"} {
		w := newWorld()
		p := planned(t, w)
		w.late = op
		run, _ := w.runner().Start("r", p, approval(p))
		if err := w.runner().Apply(t.Context(), run); err != nil {
			t.Errorf("%s took effect and its answer was lost: %v", op, err)
			continue
		}
		if len(w.calls) != 3 {
			t.Errorf("%s: %d calls", op, len(w.calls))
		}
		if err := w.runner().Undo(t.Context(), folded(t, w), ""); err != nil || w.dhcp != "dopt-old" || len(w.tokens) != 0 {
			t.Errorf("%s: undo: %v", op, err)
		}

		w = newWorld()
		w.lost = op
		run, _ = w.runner().Start("r", p, approval(p))
		if err := w.runner().Apply(t.Context(), run); err == nil {
			t.Errorf("%s was lost and counts as done", op)
		}
		if err := w.runner().Apply(t.Context(), folded(t, w)); err != nil || !folded(t, w).Finished() || len(w.groups[group].Rules) != 2 {
			t.Errorf("%s: going on: %v", op, err)
		}
	}
}

// Whatever entry of the ledger is the last that reached the disk, going on from it
// does nothing twice, and what is done can be taken back.
func TestKilledAtEveryWrite(t *testing.T) {
	for _, back := range []bool{false, true} {
		for room := 2; ; room++ {
			w := newWorld()
			p := planned(t, w)
			w.room = room
			run, err := w.runner().Start("r", p, approval(p))
			if err != nil {
				t.Fatal(err)
			}
			err = w.runner().Apply(t.Context(), run)
			if err == nil {
				err = w.runner().Undo(t.Context(), run, "")
			}
			if err == nil {
				break
			}
			if !errors.Is(err, errFull) {
				t.Fatalf("room %d: %v", room, err)
			}
			w.room = -1
			again := folded(t, w)
			if back {
				if err := w.runner().Undo(t.Context(), again, ""); err != nil {
					var r *remedy.Refused
					if !errors.As(err, &r) {
						t.Fatalf("room %d: undo: %v", room, err)
					}
				}
				if w.dhcp != "dopt-old" || len(w.groups[group].Rules) != 1 || len(w.tokens) != 0 {
					t.Errorf("room %d: left behind: %s %v %v", room, w.dhcp, w.groups[group].Rules, w.tokens)
				}
				continue
			}
			undoing := again.State("allow") == remedy.Undoing || again.State("allow") == remedy.Reverted
			if undoing {
				continue // an undo that was begun is only ever finished: the case above
			}
			if err := w.runner().Apply(t.Context(), again); err != nil {
				t.Fatalf("room %d: %v", room, err)
			}
			if len(w.groups[group].Rules) != 2 || len(w.tokens) != 1 {
				t.Errorf("room %d: done twice: %v %v", room, w.groups[group].Rules, w.tokens)
			}
		}
	}
}

func TestAPlanFromTheLedgerIsTheSame(t *testing.T) {
	w := newWorld()
	p := planned(t, w)
	if _, err := w.runner().Start("r", p, approval(p)); err != nil {
		t.Fatal(err)
	}
	if again := folded(t, w); again.Plan.Hash() != p.Plan.Hash() {
		t.Errorf("hash %s became %s", p.Plan.Hash(), again.Plan.Hash())
	}
}

func TestFoldRefuses(t *testing.T) {
	for _, lines := range [][]remedy.Line{
		{{Kind: remedy.KindIntent, Body: []byte(`{"run":"x","step":"s"}`)}},
		{{Kind: remedy.KindPlan, Body: []byte(`{"run":1}`)}},
		{{Kind: remedy.KindPlan, Body: []byte(`{"run":"a"}`)}, {Kind: remedy.KindPlan, Body: []byte(`{"run":"a"}`)}},
		{{Kind: remedy.KindPlan, Body: []byte(`{}`)}},
	} {
		if _, err := remedy.Fold(lines); err == nil {
			t.Errorf("%s was read", lines[len(lines)-1].Body)
		}
	}
	if runs, err := remedy.Fold([]remedy.Line{{Kind: "note", Body: []byte(`{}`)}}); err != nil || len(runs) != 0 {
		t.Errorf("%v %v", runs, err)
	}
}

func TestCLI(t *testing.T) {
	for want, c := range map[string]remedy.Call{
		"aws ec2 associate-dhcp-options --region ap-northeast-1 --dhcp-options-id '<create:DhcpOptions.DhcpOptionsId>' --vpc-id vpc-1": {
			Operation: "ec2:AssociateDhcpOptions", Input: map[string]any{"VpcId": "vpc-1", "DhcpOptionsId": remedy.Output("create", "DhcpOptions.DhcpOptionsId")}},
		`aws ec2 modify-vpc-attribute --region ap-northeast-1 --enable-dns-support '{"Value":true}' --vpc-id vpc-1`: {
			Operation: "ec2:ModifyVpcAttribute", Input: map[string]any{"VpcId": "vpc-1", "EnableDnsSupport": map[string]any{"Value": true}}},
		"aws iam attach-role-policy --policy-arn arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore --role-name 'it'\\''s'": {
			Operation: "iam:AttachRolePolicy", Input: map[string]any{"RoleName": "it's", "PolicyArn": "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"}},
		"aws route53resolver associate-resolver-rule --region ap-northeast-1 --resolver-rule-id rslvr-rr-1 --vpc-id vpc-1": {
			Operation: "route53resolver:AssociateResolverRule", Input: map[string]any{"VPCId": "vpc-1", "ResolverRuleId": "rslvr-rr-1"}},
		"aws ec2 create-network-acl-entry --region ap-northeast-1 --ingress --rule-number 90": {
			Operation: "ec2:CreateNetworkAclEntry", Input: map[string]any{"Egress": false, "RuleNumber": 90}},
		"aws ec2 modify-vpc-endpoint --region ap-northeast-1 --private-dns-enabled --subnet-ids subnet-1 subnet-2": {
			Operation: "ec2:ModifyVpcEndpoint", Input: map[string]any{"PrivateDnsEnabled": true, "SubnetIds": []any{"subnet-1", "subnet-2"}}},
	} {
		if got := c.CLI("ap-northeast-1"); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func TestUnsettle(t *testing.T) {
	w := newWorld()
	e := w.estate()
	after := remedy.Unsettle(e, []estate.Key{estate.VPCPart.Key(network)})
	if f := estate.ManagedNodePart.Of(estate.NewView(after), patient); f.Why().Reason != fact.AfterFix {
		t.Errorf("the node is %v", f)
	}
	if f := estate.ManagedNodePart.Of(estate.NewView(e), patient); !f.IsAbsent() {
		t.Error("the estate itself was changed")
	}
}

func TestCancelledInTheMiddleOfACall(t *testing.T) {
	w := newWorld()
	p := planned(t, w)
	run, _ := w.runner().Start("r", p, approval(p))
	ctx, cancel := context.WithCancel(t.Context())
	r := w.runner()
	r.On = func(p remedy.Progress) {
		if p.Step == "associate" && p.State == remedy.Done {
			cancel()
		}
	}
	_ = r.Apply(ctx, run) // the toy world does not look at ctx; the ledger is what counts
	if again := folded(t, w); again.State("associate") != remedy.Done {
		t.Errorf("states: %v", again.States)
	}
}

// A plan takes minutes where a step waits: what somebody changes meanwhile stops it
// before the step that would have gone over it.
func TestSomebodyChangedItBetweenTwoSteps(t *testing.T) {
	w := newWorld()
	p := planned(t, w)
	r := w.runner()
	r.On = func(x remedy.Progress) {
		if x.Step == "create" && x.State == remedy.Done {
			w.dhcp = "dopt-theirs"
		}
	}
	run, err := r.Start("r", p, approval(p))
	if err != nil {
		t.Fatal(err)
	}
	var changed *remedy.Changed
	if err := r.Apply(t.Context(), run); !errors.As(err, &changed) || w.dhcp != "dopt-theirs" {
		t.Fatalf("%v; the set is %s", err, w.dhcp)
	}
	if again := folded(t, w); again.State("create") != remedy.Done || again.State("associate") != remedy.Open {
		t.Errorf("states: %v", again.States)
	}
	if err := w.runner().Undo(t.Context(), folded(t, w), ""); err != nil || len(w.tokens) != 0 || w.dhcp != "dopt-theirs" {
		t.Errorf("undo: %v; %v %s", err, w.tokens, w.dhcp)
	}
}
