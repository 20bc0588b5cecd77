package session

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/probe"
	"github.com/monshin/monshin/diagnose/remedy"
	"github.com/monshin/monshin/sessions/journal"
	"github.com/monshin/monshin/sessions/transcript"
	"github.com/monshin/monshin/sessions/workorder"
)

// Runs are the plans of a record with what became of them, in the order in which
// they were made.
func Runs(r *journal.Record) ([]*remedy.Run, error) {
	var lines []remedy.Line
	for _, d := range r.Deeds {
		lines = append(lines, remedy.Line{Kind: string(d.Kind), Body: d.Body})
	}
	return remedy.Fold(lines)
}

// course is how a run went, beyond where it ended.
type course struct {
	planned       time.Time
	before, after map[string]journal.Verdict
	verified      time.Time
	approvals     []transcript.Consent
	steps         map[string]*stepCourse
}

// stepCourse is how a step went.
type stepCourse struct {
	by           string
	done, undone *remedy.Result
	sent, unsent *remedy.Call // as they were sent: the call, and the one that took it back
}

func (c *course) step(id string) *stepCourse {
	s := c.steps[id]
	if s == nil {
		s = &stepCourse{}
		c.steps[id] = s
	}
	return s
}

// courses reads how each run went.
func courses(r *journal.Record) (map[string]*course, error) {
	out := map[string]*course{}
	for _, d := range r.Deeds {
		var x struct {
			Run          string              `json:"run"`
			Step         string              `json:"step"`
			Undo         bool                `json:"undo"`
			Approval     remedy.Approval     `json:"approval"`
			Verification remedy.Verification `json:"verification"`
		}
		into := func(v any) error {
			if err := json.Unmarshal(d.Body, v); err != nil {
				return &lang.Error{Err: err, Say: lang.Both("entry %d (%s) is not readable: %v", "項目 %d（%s）を解釈できない: %v").With(d.Seq, string(d.Kind), err)}
			}
			return nil
		}
		if err := into(&x); err != nil {
			return nil, err
		}
		c := out[x.Run]
		if c == nil {
			c = &course{steps: map[string]*stepCourse{}}
			out[x.Run] = c
		}
		switch d.Kind {
		case journal.KindPlan:
			c.planned, c.before = d.Time, d.Verdicts
		case journal.KindApproval:
			at := x.Approval.Time
			if at.IsZero() {
				at = d.Time
			}
			c.approvals = append(c.approvals, transcript.Consent{Time: at, What: x.Approval.Hash, Ticket: x.Approval.Ticket, Approver: x.Approval.Approver})
		case journal.KindVerification:
			c.verified, c.after = x.Verification.Time, d.Verdicts
		case journal.KindIntent:
			var i remedy.Intent
			if err := into(&i); err != nil {
				return nil, err
			}
			s := c.step(x.Step)
			if s.by = d.By; x.Undo {
				s.unsent = &i.Call
			} else {
				s.sent = &i.Call
			}
		case journal.KindResult:
			var res remedy.Result
			if err := into(&res); err != nil {
				return nil, err
			}
			if res.Reply.Time.IsZero() {
				res.Reply.Time = d.Time
			}
			if s := c.step(x.Step); x.Undo {
				s.undone = &res
			} else {
				s.done = &res
			}
		}
	}
	return out, nil
}

// fixesOf tells what a record says was planned, approved, called, checked and taken
// back, and which scripts that ran inside Windows.
func fixesOf(r *journal.Record) (fixes []transcript.Fix, scripts []transcript.Script, err error) {
	runs, err := Runs(r)
	if err != nil {
		return nil, nil, err
	}
	went, err := courses(r)
	if err != nil {
		return nil, nil, err
	}
	probes := probe.All()
	for _, run := range runs {
		c := went[run.ID]
		f := transcript.Fix{
			Name: run.Plan.Fix, Title: run.Plan.Title, Finding: run.Plan.Finding, PlanID: run.Hash, ByHand: run.ByHand, Approvals: c.approvals,
			Cost: lang.Join(run.Plan.Costs, comma()), Impact: impact(run.Plan), Result: result(run),
		}
		for i := range f.Approvals {
			f.Approvals[i].Text = approved(run.Plan)
		}
		for _, s := range run.Plan.Steps {
			told := tellStep(run, s, c.step(s.ID))
			f.Steps = append(f.Steps, told)
			if s.Script != "" && !told.Done.IsZero() && !told.Prior {
				scripts = append(scripts, tellScript(run, s, told))
			}
		}
		watched := slices.Clone(run.Probes)
		for id, v := range c.before {
			for _, x := range v.Verdict.Findings {
				if slices.Contains(run.Explains, x.ID()) {
					watched = append(watched, id)
				}
			}
		}
		// Those that made the finding stand first.
		slices.Sort(watched[len(run.Probes):])
		watched = unique(watched)
		f.Found = found(run.Plan.Finding, watched, c.before)
		f.Before = checks(probes, watched, c.before, c.planned)
		if v := run.Verification; v != nil {
			f.After = checks(probes, watched, c.after, c.verified)
			f.Verified, f.Say = c.verified, lang.Both("%s: %s", "%s: %s").With(v.State.Words(), v.Say)
		}
		if run.Undone != nil {
			for _, x := range run.Undone.Rest {
				f.Rest = append(f.Rest, x.Say())
			}
		}
		fixes = append(fixes, f)
	}
	return fixes, scripts, nil
}

func comma() lang.Text { return lang.Both("; ", "、") }

func unique(list []string) []string {
	var out []string
	for _, s := range list {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// impact is the blast radius (影響範囲) of a plan with its risks.
func impact(p remedy.Plan) lang.Text {
	var all []lang.Text
	for _, b := range p.Blast {
		all = append(all, workorder.Blast(b))
	}
	for _, r := range p.Risks {
		all = append(all, r.Words())
	}
	if len(all) == 0 {
		return lang.Both("this instance only", "対象インスタンスのみ")
	}
	return lang.Join(all, comma())
}

// approved is what an approval of the plan allows, one call a line.
func approved(p remedy.Plan) string {
	var out []string
	for _, s := range p.Steps {
		if s.Call != nil {
			out = append(out, s.Call.CLI(p.Target.Region))
		}
	}
	return strings.Join(out, "\n")
}

// result is what became of a run; see transcript.Fix.
func result(run *remedy.Run) string {
	reverted, failed := false, false
	for _, s := range run.Plan.Steps {
		switch run.State(s.ID) {
		case remedy.Reverted:
			reverted = true
		case remedy.Failed:
			failed = true
		}
	}
	switch {
	case run.Dangling():
		return "unsure"
	case reverted && !run.Begun():
		return "undone"
	case reverted:
		return "partly-undone"
	case run.Verification != nil:
		return string(run.Verification.State)
	case run.ByHand:
		return "handed-out"
	case failed:
		return "failed"
	case run.Begun(), run.Finished():
		return "unverified"
	case run.Approval != nil:
		return "refused"
	}
	return "planned"
}

func tellStep(run *remedy.Run, s remedy.Step, c *stepCourse) transcript.Step {
	region := run.Plan.Target.Region
	out := transcript.Step{Title: s.Title, Irreversible: s.Undo == nil && (s.Call != nil || !s.NoUndo.Zero()), By: c.by}
	if out.By == "" && run.Approval != nil {
		out.By = run.Approval.By
	}
	if call := or(c.sent, s.Call); call != nil {
		out.Call, out.CLI = call.Operation, call.CLI(region)
	}
	switch whole, err := run.Resolve(s, true); {
	case s.Undo == nil:
	case c.unsent != nil:
		out.Undo = c.unsent.CLI(region)
	case err == nil:
		out.Undo = whole.CLI(region)
	default: // it needs what the step has not answered yet
		out.Undo = s.Undo.CLI(region)
	}
	state := run.State(s.ID)
	out.Unsure = state == remedy.Intended || state == remedy.Undoing
	if d := c.done; d != nil {
		out.Done, out.RequestID, out.Prior = d.Reply.Time, d.Reply.RequestID, d.Prior
		if !d.OK {
			out.Error = d.Error
		}
	}
	if u := c.undone; u != nil {
		switch {
		case state == remedy.Reverted:
			out.Undone = u.Reply.Time
		case !u.OK:
			out.Error = lang.Both("taking it back: %s", "切り戻し: %s").With(u.Error)
		}
	}
	return out
}

// found is a finding as the first of these probes made it.
func found(id string, probes []string, said map[string]journal.Verdict) *finding.Finding {
	for _, p := range probes {
		for _, f := range said[p].Verdict.Findings {
			if f.ID() == id {
				return &f
			}
		}
	}
	return nil
}

func or(a, b *remedy.Call) *remedy.Call {
	if a != nil {
		return a
	}
	return b
}

// tellScript is the script that a step ran inside Windows.
func tellScript(run *remedy.Run, s remedy.Step, told transcript.Step) transcript.Script {
	sum := sha256.Sum256([]byte(s.Script))
	out := transcript.Script{Time: told.Done, Name: fmt.Sprintf("%s/%s", run.Plan.Fix, s.ID), SHA256: hex.EncodeToString(sum[:]), Source: "guest"}
	if reply, ok := run.Replies[s.ID]; ok {
		out.CommandID, out.Output = reply.Outputs["Command.CommandId"], string(reply.Said)
	}
	return out
}

// checks are what these probes said at one time. One that had not been judged then
// is left out.
func checks(probes probe.Set, ids []string, said map[string]journal.Verdict, at time.Time) []transcript.Check {
	var out []transcript.Check
	for _, id := range ids {
		v, judged := said[id]
		if !judged {
			continue
		}
		title := lang.Same(lang.Clean(id))
		if p, ok := probes.Get(id); ok {
			title = p.Title
		}
		out = append(out, transcript.Check{Probe: id, Title: title, Outcome: string(v.Verdict.Outcome), Say: v.Verdict.Say, Time: at})
	}
	return out
}
