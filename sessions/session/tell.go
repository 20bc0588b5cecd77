package session

import (
	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/runbook"
	"github.com/monshin/monshin/diagnose/walk"
	"github.com/monshin/monshin/sessions/journal"
	"github.com/monshin/monshin/sessions/transcript"
)

// Tell is a recorded investigation as a transcript writes it down. The diagnosis is
// of the record's facts; tree may be nil. An error says which entry about what was
// done cannot be read: a report that leaves a change out would be none.
func Tell(path string, r *journal.Record, d *walk.Diagnosis, e *estate.Estate, tree *runbook.Tree) (transcript.Session, error) {
	language, _ := lang.Parse(r.Opening.Lang)
	s := transcript.Session{
		Diagnosis: d, Estate: e, Tree: tree, ID: IDOf(path), Version: r.Opening.Version, Lang: language,
		Started: r.Started, Ended: r.Ended, Profile: r.Opening.Profile, Journal: path, Calls: r.Calls,
		Seal: transcript.Seal{Entries: r.Entries, Last: r.Last, Torn: r.Torn},
	}
	if r.Opening.Operator != "" {
		s.Operators = append(s.Operators, transcript.Operator{Name: r.Opening.Operator, From: r.Started})
	}
	for _, j := range r.Resumes {
		if n := len(s.Operators); j.Body.Operator != "" && (n == 0 || s.Operators[n-1].Name != j.Body.Operator) {
			s.Operators = append(s.Operators, transcript.Operator{Name: j.Body.Operator, From: j.Time})
		}
	}
	for _, a := range r.Said {
		s.Answers = append(s.Answers, transcript.Answer{Name: a.Body.Name, Value: a.Body.Value, Time: a.Time, By: a.By})
	}
	for _, name := range both(r.Opening.Answers, nil) {
		s.Answers = append(s.Answers, transcript.Answer{Name: name, Value: r.Opening.Answers[name], Time: r.Started, By: r.Opening.Operator})
	}
	for _, n := range r.Notes {
		audience := transcript.ForInternal
		if n.Body.Audience == journal.Customer {
			audience = transcript.ForCustomer
		}
		s.Notes = append(s.Notes, transcript.Note{Time: n.Time, By: n.By, Audience: audience, Text: n.Body.Text, At: n.Body.Node})
	}
	for _, c := range r.Consents {
		s.Consents = append(s.Consents, transcript.Consent{Time: c.Time, What: c.Body.What, Ticket: c.Body.Ticket, Approver: c.Body.Approver, Text: c.Body.Text})
	}
	for _, x := range r.Scripts {
		at := x.Time
		if !x.Body.At.IsZero() {
			at = x.Body.At
		}
		s.Scripts = append(s.Scripts, transcript.Script{Time: at, Name: "monshin", SHA256: x.Body.SHA256, Source: x.Body.Source,
			CommandID: x.Body.CommandID, OutputSHA256: x.Body.OutputSHA256, Output: x.Body.Output})
	}
	for _, h := range r.Shells {
		s.Shells = append(s.Shells, transcript.Shell{SessionID: h.Body.SessionID, By: h.By, From: h.Body.From, To: h.Body.To, SHA256: h.Body.SHA256,
			Lines: tellLines(path, h.Body, language)})
	}
	fixes, scripts, err := fixesOf(r)
	if err != nil {
		return s, err
	}
	s.Fixes, s.Scripts = fixes, append(s.Scripts, scripts...)
	for _, f := range fixes {
		s.Consents = append(s.Consents, f.Approvals...)
	}
	return s, nil
}
