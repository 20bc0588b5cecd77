package session

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/probe"
	"github.com/monshin/monshin/diagnose/remedy"
	"github.com/monshin/monshin/diagnose/walk"
	"github.com/monshin/monshin/sessions/journal"
)

// twoSteps is a plan of a call that can be taken back and of one that cannot.
func twoSteps() remedy.Planned {
	p := remedy.Plan{Fix: "x.fix", Mode: remedy.Automatic, Finding: missing.ID(), Title: lang.Both("Fix it", "対処"), Target: estate.Target{InstanceID: "i-1", Region: "ap-northeast-1"},
		Steps: []remedy.Step{
			{ID: "a", Title: lang.Both("First", "1 番目"), Call: &remedy.Call{Operation: "ec2:CreateTags", Input: map[string]any{"Resources": []string{"i-1"}}}, Undo: &remedy.Call{Operation: "ec2:DeleteTags", Input: map[string]any{"Resources": []string{remedy.Output("a", "Id")}}}},
			{ID: "b", Title: lang.Both("Second", "2 番目"), Call: &remedy.Call{Operation: "ssm:SendCommand", Input: map[string]any{"InstanceIds": []string{"i-1"}}}, Script: "Get-Date", NoUndo: lang.Both("it ran", "実行済み")},
		}}
	return remedy.Planned{Run: "r", Hash: p.Hash(), Plan: p, Probes: []string{"endpoint.presence"}, Explains: []string{"ssm.not-registered@i-1"}}
}

// deeds is a record of what was done; verdicts stand at plans and verifications.
func deeds(t *testing.T, bodies ...any) *journal.Record {
	t.Helper()
	r := &journal.Record{}
	for i, b := range bodies {
		raw, err := json.Marshal(b)
		if err != nil {
			t.Fatal(err)
		}
		d := journal.Deed{Seq: i + 1, Time: start.Add(time.Duration(i) * time.Minute), By: "sato", Body: raw}
		verdict := func(id string, o probe.Outcome, f ...finding.Finding) {
			if d.Verdicts == nil {
				d.Verdicts = map[string]journal.Verdict{}
			}
			d.Verdicts[id] = journal.Verdict{Probe: id, Verdict: probe.Verdict{Outcome: o, Say: lang.Both("said", "判定"), Findings: f}}
		}
		switch b.(type) {
		case remedy.Planned:
			d.Kind = journal.KindPlan
			verdict("endpoint.presence", probe.Problem, missing)
			verdict("ssm.registration", probe.Problem, finding.Finding{Code: "ssm.not-registered", Subject: "i-1"})
			verdict("iam.profile", probe.OK)
		case remedy.Approved:
			d.Kind = journal.KindApproval
		case remedy.Intent:
			d.Kind = journal.KindIntent
		case remedy.Result:
			d.Kind = journal.KindResult
		case remedy.Verified:
			d.Kind = journal.KindVerification
			verdict("endpoint.presence", probe.OK)
			verdict("ssm.registration", probe.Unknown)
		case remedy.Undone:
			d.Kind = journal.KindUndo
		}
		r.Deeds = append(r.Deeds, d)
	}
	return r
}

func TestWhatBecameOfAPlan(t *testing.T) {
	plan := twoSteps()
	byHand := plan
	byHand.ByHand = true
	approved := remedy.Approved{Run: "r", Approval: remedy.Approval{Hash: plan.Hash, By: "arn:x", Ticket: "CHG-1", Approver: "shonin", Time: start}}
	intent := func(step string, undo bool) remedy.Intent {
		c := *plan.Plan.Steps[0].Call
		return remedy.Intent{Run: "r", Step: step, Undo: undo, Call: c}
	}
	result := func(step string, undo, ok bool) remedy.Result {
		x := remedy.Result{Run: "r", Step: step, Undo: undo, OK: ok, Reply: remedy.Reply{RequestID: "q-" + step, Time: start.Add(time.Hour), Outputs: map[string]string{"Id": "sg-9"}}}
		if !ok {
			x.Reply.Outputs = nil
			x.Error = lang.Both("it was denied", "拒否された")
		}
		return x
	}
	prior := result("a", false, true)
	prior.Prior = true
	unsure := result("a", false, false)
	unsure.Unsure = true
	verified := func(s remedy.State) remedy.Verified {
		return remedy.Verified{Run: "r", Verification: remedy.Verification{State: s, Time: start.Add(2 * time.Hour), Say: lang.Both("seen", "確認")}}
	}
	done := []any{plan, approved, intent("a", false), result("a", false, true), intent("b", false), result("b", false, true)}
	for _, c := range []struct {
		name, want string
		deeds      []any
	}{
		{"only planned", "planned", []any{plan}},
		{"handed out", "handed-out", []any{byHand}},
		{"handed out and verified", "verified", []any{byHand, verified(remedy.Confirmed)}},
		{"refused", "refused", []any{plan, approved}},
		{"failed", "failed", []any{plan, approved, intent("a", false), result("a", false, false)}},
		{"interrupted", "unsure", []any{plan, approved, intent("a", false)}},
		{"without an answer", "unsure", []any{plan, approved, intent("a", false), unsure}},
		{"carried out", "unverified", done},
		{"there already", "unverified", []any{plan, approved, intent("a", false), prior, intent("b", false), result("b", false, true)}},
		{"ineffective", "ineffective", append(done[:6:6], verified(remedy.Ineffective))},
		{"too early", "too-early", append(done[:6:6], verified(remedy.TooEarly))},
		{"undecided", "undecided", append(done[:6:6], verified(remedy.Undecided))},
		{"verified again", "verified", append(done[:6:6], verified(remedy.TooEarly), verified(remedy.Confirmed))},
		{"partly undone", "partly-undone", append(done[:6:6], intent("a", true), result("a", true, true), remedy.Undone{Run: "r", Steps: []string{"a"}})},
		{"undone", "undone", append(done[:4:4], intent("a", true), result("a", true, true), remedy.Undone{Run: "r", Steps: []string{"a"}})},
		{"an undo that failed", "unverified", append(done[:6:6], intent("a", true), result("a", true, false))},
	} {
		t.Run(c.name, func(t *testing.T) {
			fixes, scripts, err := fixesOf(deeds(t, c.deeds...))
			if err != nil || len(fixes) != 1 {
				t.Fatalf("%+v, %v", fixes, err)
			}
			f := fixes[0]
			if f.Result != c.want {
				t.Errorf("%s, want %s", f.Result, c.want)
			}
			if f.Found == nil || f.Found.ID() != missing.ID() || len(f.Before) != 2 || f.Before[0].Probe != "endpoint.presence" || f.Before[1].Probe != "ssm.registration" {
				t.Errorf("found %+v, before %+v", f.Found, f.Before)
			}
			if (len(f.After) == 2) == f.Verified.IsZero() {
				t.Errorf("after %+v, verified %s", f.After, f.Verified)
			}
			a, b := f.Steps[0], f.Steps[1]
			if a.Irreversible || !b.Irreversible || b.Undo != "" {
				t.Errorf("%+v", f.Steps)
			}
			if ran := !b.Done.IsZero(); ran != (len(scripts) == 1) {
				t.Errorf("%d scripts", len(scripts))
			}
			switch c.name {
			case "carried out":
				if a.RequestID != "q-a" || a.By != "sato" || !strings.Contains(a.Undo, "sg-9") || len(f.Approvals) != 1 || f.Approvals[0].Ticket != "CHG-1" || !strings.Contains(f.Approvals[0].Text, "create-tags") {
					t.Errorf("%+v, approved %+v", a, f.Approvals)
				}
			case "failed":
				if a.Error.Ja != "拒否された" || a.Done.IsZero() || !b.Done.IsZero() {
					t.Errorf("%+v", f.Steps)
				}
			case "there already":
				if !a.Prior {
					t.Errorf("%+v", a)
				}
			case "interrupted", "without an answer":
				if !a.Unsure {
					t.Errorf("%+v", a)
				}
			case "undone", "partly undone":
				if a.Undone.IsZero() || !a.Error.Zero() {
					t.Errorf("%+v", a)
				}
			case "an undo that failed":
				if !a.Undone.IsZero() || !strings.Contains(a.Error.Ja, "切り戻し: 拒否された") {
					t.Errorf("%+v", a)
				}
			}
		})
	}
}

// What cannot be read is said: a report that leaves a change out would be none.
func TestADeedThatCannotBeReadIsTold(t *testing.T) {
	r := deeds(t, remedy.Intent{Run: "r", Step: "a"})
	if _, err := Tell("x", r, &walk.Diagnosis{}, nil, nil); err == nil || lang.Said(err).Ja == "" {
		t.Errorf("have %v", err)
	}
	r.Deeds[0].Body = json.RawMessage(`[]`)
	if _, err := Tell("x", r, &walk.Diagnosis{}, nil, nil); err == nil {
		t.Error("it was read")
	}
}
