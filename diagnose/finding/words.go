package finding

import (
	"slices"
	"strings"
	"time"

	"github.com/monshin/monshin/diagnose/lang"
)

// Entry finds what the catalogue says about a code.
func (c *Catalogue) Entry(code Code) (*Entry, bool) { e, ok := c.entries[code]; return e, ok }

// Codes lists every code, family by family.
func (c *Catalogue) Codes() []Code { return slices.Clone(c.order) }

// Assumption finds what the catalogue says about an assumption.
func (c *Catalogue) Assumption(code string) (*AssumptionEntry, bool) {
	a, ok := c.assumptions[code]
	return a, ok
}

// Explains reports whether cause, while it stands, explains effect.
func (c *Catalogue) Explains(cause, effect Finding) bool {
	e, ok := c.entries[cause.Code]
	return ok && slices.ContainsFunc(e.Explains, func(x Explanation) bool {
		return x.Code == effect.Code &&
			(x.Scope == "" || slices.Contains(cause.Scope, x.Scope)) &&
			(x.Of == "" || slices.Contains(effect.Scope, x.Of)) &&
			(!x.Same || cause.Subject == effect.Subject)
	})
}

// Title names what is wrong, without values. A code that the catalogue does not
// know, as a newer recording may hold it, is shown as it is; so it is below.
func (c *Catalogue) Title(code Code) lang.Text {
	if e, ok := c.entries[code]; ok {
		return e.Title
	}
	return lang.Same(lang.Clean(string(code)))
}

// Screen says a finding on one line, with its values, for a screen.
func (c *Catalogue) Screen(f Finding) lang.Text {
	return c.fill(f, func(e *Entry) lang.Text { return e.Screen })
}

// Ticket says the fact in whole polite sentences, for an export.
func (c *Catalogue) Ticket(f Finding) lang.Text {
	return c.fill(f, func(e *Entry) lang.Text { return e.Ticket })
}

// Cause says in a sentence that the finding is the cause, and how sure that is:
// certainty lives in the verb.
func (c *Catalogue) Cause(f Finding) lang.Text {
	noun := c.fill(f, func(e *Entry) lang.Text { return e.Cause })
	var t lang.Text
	switch f.Certainty {
	case Proven:
		t = lang.Both("The cause is %s.", "%sが原因と判断しております。")
	case Likely:
		t = lang.Both("The cause is most likely %s.", "%sが原因である可能性が高いと考えております。")
	default:
		t = lang.Both("A possible cause is %s.", "%sが原因の可能性がございます。")
	}
	return t.With(noun)
}

// AssumptionScreen says on one line what a verdict rests on and was not checked.
func (c *Catalogue) AssumptionScreen(a Assumption) lang.Text {
	return c.fillAssumption(a, func(e *AssumptionEntry) lang.Text { return e.Screen })
}

// AssumptionTicket says it in a whole sentence, for an export.
func (c *Catalogue) AssumptionTicket(a Assumption) lang.Text {
	return c.fillAssumption(a, func(e *AssumptionEntry) lang.Text { return e.Ticket })
}

func (c *Catalogue) fill(f Finding, pick func(*Entry) lang.Text) lang.Text {
	e, ok := c.entries[f.Code]
	if !ok {
		return lang.Same(lang.Clean(f.ID()))
	}
	values := make(map[string]string, len(e.Params)+1)
	for _, p := range e.Params {
		values[p] = lang.Clean(f.Params[p])
	}
	values["subject"] = lang.Clean(f.Subject)
	return fillIn(pick(e), values)
}

func (c *Catalogue) fillAssumption(a Assumption, pick func(*AssumptionEntry) lang.Text) lang.Text {
	e, ok := c.assumptions[a.Code]
	if !ok {
		return lang.Same(lang.Clean(a.Code))
	}
	values := make(map[string]string, len(e.Params))
	for _, p := range e.Params {
		values[p] = lang.Clean(a.Params[p])
	}
	return fillIn(pick(e), values)
}

// fillIn fills values in and keeps the text readable where one is empty: brackets
// around nothing go, and what is left of the name is a dash. Judgements write "-"
// for a value that is not there, too.
func fillIn(t lang.Text, values map[string]string) lang.Text {
	filled := make(map[string]string, len(values))
	for k, v := range values {
		if v == "" || v == "-" {
			t = lang.Both(without(t.En, k), without(t.Ja, k))
			v = "-"
		}
		filled[k] = v
	}
	return t.Fill(filled)
}

func without(s, name string) string {
	hole := "{" + name + "}"
	// "（所在: {region}）", "(state: {state})": the label goes with its value.
	for _, b := range [][2]string{{"（", "）"}, {" (", ")"}} {
		if i := strings.Index(s, ": "+hole+b[1]); i >= 0 {
			if open := strings.LastIndex(s[:i], b[0]); open >= 0 && !strings.Contains(s[open:i], b[1]) {
				s = s[:open] + s[i+len(": "+hole+b[1]):]
			}
		}
	}
	s = strings.NewReplacer("（"+hole+"）", "", " ("+hole+")", "", "("+hole+")", "").Replace(s)
	return strings.TrimSuffix(strings.TrimSuffix(s, " "+hole), ":")
}

// WithTimes returns f with the times among its parameters, and among those of its
// assumptions, written by say: a finding carries them in UTC (RFC 3339), a reader
// wants the own zone.
func (f Finding) WithTimes(say func(time.Time) string) Finding {
	f.Params = sayTimes(f.Params, say)
	f.Assumptions = slices.Clone(f.Assumptions)
	for i := range f.Assumptions {
		f.Assumptions[i].Params = sayTimes(f.Assumptions[i].Params, say)
	}
	return f
}

func sayTimes(params map[string]string, say func(time.Time) string) map[string]string {
	out := make(map[string]string, len(params))
	for k, v := range params {
		if t, err := time.Parse(time.RFC3339, v); err == nil {
			v = say(t)
		}
		out[k] = v
	}
	return out
}

// Text names a severity.
func (s Severity) Text() lang.Text {
	switch s {
	case Error:
		return lang.Both("error", "要対処")
	case Warning:
		return lang.Both("warning", "要注意")
	}
	return lang.Both("info", "参考")
}

// Text names a certainty.
func (c Certainty) Text() lang.Text {
	switch c {
	case Proven:
		return lang.Both("proven", "確定")
	case Likely:
		return lang.Both("likely", "有力")
	}
	return lang.Both("possible", "可能性あり")
}
