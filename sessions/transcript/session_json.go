package transcript

import (
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/walk"
	"github.com/monshin/monshin/sessions/transcript/redact"
)

// sessionJSON is what monshin.diagnosis/v1 holds of a session beside its diagnosis.
type sessionJSON struct {
	ID          string           `json:"id"`
	Reader      Reader           `json:"reader"`
	Version     string           `json:"version"`
	Lang        lang.Lang        `json:"lang"`
	Started     string           `json:"started"`
	Ended       string           `json:"ended"`
	Profile     string           `json:"profile,omitempty"`
	Journal     string           `json:"journal,omitempty"`
	Operators   []operatorJSON   `json:"operators"`
	Reported    string           `json:"reported"`
	Answers     []answerJSON     `json:"answers"`
	Notes       []noteJSON       `json:"notes"`
	Consents    []consentJSON    `json:"consents"`
	Timeline    []eventJSON      `json:"timeline"`
	Calls       []callJSON       `json:"calls"`
	Scripts     []scriptJSON     `json:"scripts"`
	Fixes       []fixJSON        `json:"fixes"`
	Shells      []shellJSON      `json:"shells"`
	Screenshots []screenJSON     `json:"screenshots"`
	Attachments []attachmentJSON `json:"attachments"`
	Seal        sealJSON         `json:"seal"`
	LeftOut     []leftJSON       `json:"left_out"`
	Redactions  []redactionJSON  `json:"redactions"`
}

type operatorJSON struct {
	Name string `json:"name"`
	From string `json:"from"`
}

type answerJSON struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	Time  string `json:"time"`
	By    string `json:"by,omitempty"`
}

type noteJSON struct {
	Time     string   `json:"time"`
	By       string   `json:"by,omitempty"`
	Audience Audience `json:"audience"`
	Text     string   `json:"text"`
	At       string   `json:"at,omitempty"`
}

type consentJSON struct {
	Time     string `json:"time"`
	What     string `json:"what"`
	Ticket   string `json:"ticket,omitempty"`
	Approver string `json:"approver,omitempty"`
	Text     string `json:"text"`
}

type eventJSON struct {
	Time string `json:"time"`
	From string `json:"from"`
	What string `json:"what"`
	Who  string `json:"who,omitempty"`
	ID   string `json:"id,omitempty"`
	Fail string `json:"error,omitempty"`
}

type callJSON struct {
	Time      string `json:"time"`
	Operation string `json:"operation"`
	TookMS    int64  `json:"took_ms"`
	RequestID string `json:"request_id,omitempty"`
	Error     string `json:"error,omitempty"`
	Again     string `json:"again,omitempty"`
}

type scriptJSON struct {
	Time         string `json:"time"`
	Name         string `json:"name"`
	SHA256       string `json:"sha256"`
	Source       string `json:"source"`
	CommandID    string `json:"command_id,omitempty"`
	OutputSHA256 string `json:"output_sha256"`
	Output       string `json:"output,omitempty"`
}

type fixJSON struct {
	Name    string      `json:"name"`
	Title   string      `json:"title"`
	Finding string      `json:"finding"`
	PlanID  string      `json:"plan_id"`
	Impact  string      `json:"impact"`
	Cost    string      `json:"cost"`
	Result  string      `json:"result"`
	Steps   []stepJSON  `json:"steps"`
	Before  []checkJSON `json:"before"`
	After   []checkJSON `json:"after"`

	ByHand    bool          `json:"by_hand"`
	Approvals []consentJSON `json:"approvals"`
	Verified  string        `json:"verified"`
	Say       string        `json:"say"`
	Rest      []string      `json:"rest"`
}

type stepJSON struct {
	Title        string `json:"title"`
	Call         string `json:"call"`
	CLI          string `json:"cli,omitempty"`
	Done         string `json:"done"`
	RequestID    string `json:"request_id,omitempty"`
	Error        string `json:"error,omitempty"`
	Undo         string `json:"undo,omitempty"`
	Irreversible bool   `json:"irreversible,omitempty"`
	Prior        bool   `json:"prior,omitempty"`
	Unsure       bool   `json:"unsure,omitempty"`
	Undone       string `json:"undone"`
	By           string `json:"by,omitempty"`
}

type checkJSON struct {
	Probe   string `json:"probe"`
	Outcome string `json:"outcome"`
	Say     string `json:"say"`
	Time    string `json:"time"`
}

type shellJSON struct {
	SessionID string      `json:"session_id"`
	By        string      `json:"by,omitempty"`
	From      string      `json:"from"`
	To        string      `json:"to"`
	SHA256    string      `json:"sha256,omitempty"`
	Lines     []typedJSON `json:"lines"`
}

type typedJSON struct {
	Time  string `json:"time"`
	Typed bool   `json:"typed,omitempty"`
	Text  string `json:"text"`
}

type screenJSON struct {
	Time string `json:"time"`
	Type string `json:"type"`
	Data []byte `json:"data"` // base64
}

type attachmentJSON struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256,omitempty"`
}

type sealJSON struct {
	Entries int    `json:"entries"`
	Last    string `json:"last"`
	Torn    bool   `json:"torn"`
}

type leftJSON struct {
	What  string `json:"what"`
	Count int    `json:"count"`
}

type redactionJSON struct {
	Place  string       `json:"place"`
	Class  redact.Class `json:"class"`
	Values int          `json:"values"`
	Times  int          `json:"times"`
}

// sessionJSON is nil where nothing is known beyond the diagnosis.
func (m *material) sessionJSON() *sessionJSON {
	s := m.s
	known := s.ID != "" || s.Seal.Last != "" || len(s.Operators)+len(s.Answers)+len(s.Notes)+len(s.Consents)+len(s.Calls)+len(s.Scripts)+
		len(s.Fixes)+len(s.Shells)+len(s.Screenshots)+len(s.Attachments) > 0 || s.Reported != ""
	if !known && m.reader == redact.Internal {
		return nil
	}
	return &sessionJSON{
		ID: s.ID, Reader: m.reader, Version: s.Version, Lang: s.Lang, Started: stamp(s.Started), Ended: stamp(s.Ended), Profile: s.Profile, Journal: s.Journal,
		Reported: s.Reported, Seal: sealJSON(s.Seal),
		Operators: each(s.Operators, func(o Operator) operatorJSON { return operatorJSON{o.Name, stamp(o.From)} }),
		Answers:   each(s.Answers, func(a Answer) answerJSON { return answerJSON{a.Name, a.Value, stamp(a.Time), a.By} }),
		Notes: each(s.Notes, func(n Note) noteJSON {
			if n.Audience != ForCustomer {
				n.Audience = ForInternal
			}
			return noteJSON{stamp(n.Time), n.By, n.Audience, n.Text, n.At}
		}),
		Consents: each(s.Consents, consented),
		Timeline: each(m.events, func(e event) eventJSON {
			return eventJSON{stamp(e.Time), m.say(e.From), m.say(e.What), e.Who, e.ID, e.Failed}
		}),
		Calls: each(s.Calls, func(c walk.Call) callJSON {
			return callJSON{stamp(c.Time), c.Operation, c.Took.Milliseconds(), c.RequestID, c.Error, c.Again}
		}),
		Scripts: each(s.Scripts, func(x Script) scriptJSON {
			return scriptJSON{stamp(x.Time), x.Name, x.SHA256, x.Source, x.CommandID, x.OutputSHA256, x.Output}
		}),
		Fixes: each(s.Fixes, m.fixJSON),
		Shells: each(s.Shells, func(h Shell) shellJSON {
			return shellJSON{h.SessionID, h.By, stamp(h.From), stamp(h.To), h.SHA256, each(h.Lines, func(l ShellLine) typedJSON {
				return typedJSON{stamp(l.Time), l.Typed, l.Text}
			})}
		}),
		Screenshots: each(s.Screenshots, func(x Screenshot) screenJSON { return screenJSON{stamp(x.Time), x.Type, x.Data} }),
		Attachments: each(s.Attachments, func(a Attachment) attachmentJSON { return attachmentJSON(a) }),
		LeftOut:     each(m.left, func(l leftOut) leftJSON { return leftJSON{m.say(l.what), l.n} }),
		Redactions:  each(m.rows, func(r redact.Row) redactionJSON { return redactionJSON(r) }),
	}
}

func (m *material) fixJSON(f Fix) fixJSON {
	checks := func(in []Check) []checkJSON {
		return each(in, func(c Check) checkJSON { return checkJSON{c.Probe, c.Outcome, m.say(c.Say), stamp(c.Time)} })
	}
	return fixJSON{
		Name: f.Name, Title: m.say(f.Title), Finding: f.Finding, PlanID: f.PlanID, Impact: m.say(f.Impact), Cost: m.say(f.Cost), Result: f.Result,
		Steps: each(f.Steps, func(s Step) stepJSON {
			return stepJSON{Title: m.say(s.Title), Call: s.Call, CLI: s.CLI, Done: stamp(s.Done), RequestID: s.RequestID, Error: m.say(s.Error), Undo: s.Undo,
				Irreversible: s.Irreversible, Prior: s.Prior, Unsure: s.Unsure, Undone: stamp(s.Undone), By: s.By}
		}),
		Before: checks(f.Before), After: checks(f.After), ByHand: f.ByHand, Approvals: each(f.Approvals, consented),
		Verified: stamp(f.Verified), Say: m.say(f.Say), Rest: each(f.Rest, m.say),
	}
}

func consented(c Consent) consentJSON {
	return consentJSON{stamp(c.Time), c.What, c.Ticket, c.Approver, c.Text}
}

// each turns every element; none make an empty list, as readers of JSON expect.
func each[T, U any](in []T, turn func(T) U) []U {
	out := make([]U, 0, len(in))
	for _, x := range in {
		out = append(out, turn(x))
	}
	return out
}
