package session

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/probe"
	"github.com/monshin/monshin/sessions/journal"
)

// State is what was known, and how it was judged, at one time.
type State struct {
	Facts    map[estate.Key]fact.Fact
	Verdicts map[string]journal.Verdict
	Answers  map[string]string
}

// StateOf is the state at the end of a record.
func StateOf(r *journal.Record) State {
	s := State{Facts: map[estate.Key]fact.Fact{}, Verdicts: r.Verdicts, Answers: r.Answers}
	for k, p := range r.Parts {
		s.Facts[k] = p.Fact
	}
	return s
}

// Sort says what a change is about.
type Sort string

// The sorts of changes, in the order in which they are told.
const (
	ChangedFinding Sort = "finding" // what was found appeared or is gone
	ChangedVerdict Sort = "verdict"
	ChangedAnswer  Sort = "answer"
	ChangedFact    Sort = "fact"
)

// Change is one difference between two states.
type Change struct {
	Sort Sort
	// Key is the id of what changed: code@subject, a probe, a question, or a part's key.
	Key string
	// Path is where in a part, "" for the whole.
	Path string
	// Before and After are the values, "" where there was none. They are untrusted.
	Before, After string
	// Say tells it on one line. It is clean.
	Say lang.Text
}

// Diff tells the differences between two states, findings and verdicts first. When
// facts were read does not count as a difference, nor does what cannot be the same
// twice, as the time of a heartbeat.
func Diff(a, b State) []Change {
	var out []Change
	probes := probe.All()
	title := func(id string) lang.Text {
		if p, ok := probes.Get(id); ok {
			return p.Title
		}
		return lang.Same(lang.Clean(id))
	}
	fa, fb := findings(a), findings(b)
	for _, id := range both(fa, fb) {
		_, was := fa[id]
		_, is := fb[id]
		switch {
		case was && !is:
			out = append(out, Change{Sort: ChangedFinding, Key: id, Before: id, Say: lang.Both("no longer found: %s", "解消または検出されず: %s").With(lang.Clean(id))})
		case !was && is:
			out = append(out, Change{Sort: ChangedFinding, Key: id, After: id, Say: lang.Both("newly found: %s", "新たに検出: %s").With(lang.Clean(id))})
		}
	}
	for _, id := range both(a.Verdicts, b.Verdicts) {
		before, after := outcomeOf(a.Verdicts, id), outcomeOf(b.Verdicts, id)
		if before == after {
			continue
		}
		out = append(out, Change{Sort: ChangedVerdict, Key: id, Before: string(before), After: string(after),
			Say: lang.Both("%s: %s -> %s", "%s: %s → %s").With(title(id), outcomeWord(before), outcomeWord(after))})
	}
	if a.Answers != nil && b.Answers != nil {
		for _, name := range both(a.Answers, b.Answers) {
			before, after := answerWord(a.Answers, name), answerWord(b.Answers, name)
			if before != after {
				out = append(out, Change{Sort: ChangedAnswer, Key: name, Before: a.Answers[name], After: b.Answers[name],
					Say: lang.Both("answer to %s: %s -> %s", "質問 %s への回答: %s → %s").With(lang.Clean(name), before, after)})
			}
		}
	}
	keys := slices.Collect(maps.Keys(a.Facts))
	for k := range b.Facts {
		if _, had := a.Facts[k]; !had {
			keys = append(keys, k)
		}
	}
	slices.SortFunc(keys, estate.Key.Compare)
	for _, k := range keys {
		out = append(out, factChanges(k, a.Facts[k], b.Facts[k])...)
	}
	return out
}

func both[V any](a, b map[string]V) []string {
	keys := slices.Collect(maps.Keys(a))
	for k := range b {
		if _, had := a[k]; !had {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	return keys
}

func findings(s State) map[string]bool {
	out := map[string]bool{}
	for _, v := range s.Verdicts {
		for _, f := range v.Verdict.Findings {
			out[f.ID()] = true
		}
	}
	return out
}

func outcomeOf(m map[string]journal.Verdict, id string) probe.Outcome { return m[id].Verdict.Outcome }

func outcomeWord(o probe.Outcome) lang.Text {
	switch o {
	case probe.OK:
		return lang.Both("no problem", "問題なし")
	case probe.Problem:
		return lang.Both("problem", "問題あり")
	case probe.NotApplicable:
		return lang.Both("not applicable", "対象外")
	case probe.Unknown:
		return lang.Both("not known", "確認できず")
	}
	return lang.Both("not judged", "判定なし")
}

func answerWord(m map[string]string, name string) lang.Text {
	v, asked := m[name]
	switch {
	case !asked:
		return lang.Both("(none)", "（なし）")
	case v == "":
		return lang.Both("don't know", "わからない")
	}
	return lang.Same(short(v))
}

// mostChanges is how many differences of one part are told one by one. More are a
// different thing under the same id, and are counted.
const mostChanges = 12

func factChanges(k estate.Key, a, b fact.Fact) []Change {
	name := PartName(k)
	whole := func(before, after lang.Text, x, y string) []Change {
		return []Change{{Sort: ChangedFact, Key: k.String(), Before: x, After: y, Say: lang.Both("%s: %s -> %s", "%s: %s → %s").With(name, before, after)}}
	}
	switch {
	case a == nil && b == nil:
		return nil
	case a == nil || b == nil || a.State() != b.State():
		if before, after := stateWord(a), stateWord(b); before != after {
			return whole(before, after, before.En, after.En)
		}
		return nil
	case a.State() == fact.StateUnknown:
		if a.Why().Reason == b.Why().Reason {
			return nil
		}
		return whole(stateWord(a), stateWord(b), string(a.Why().Reason), string(b.Why().Reason))
	case a.State() == fact.StateAbsent:
		return nil
	}
	c := comparison{kind: k.Kind}
	c.compare("", valueOf(k, a), valueOf(k, b))
	var out []Change
	for i, d := range c.found {
		if i == mostChanges {
			more := len(c.found) - i
			return append(out, Change{Sort: ChangedFact, Key: k.String(), Say: lang.Both("%s: %d more differences", "%s: ほか %d 件の差分").With(name, more)})
		}
		d.Sort, d.Key = ChangedFact, k.String()
		at := name
		if d.Path != "" {
			at = lang.Both("%s, %s", "%s の %s").With(name, lang.Clean(d.Path))
		}
		switch {
		case d.Before == "":
			d.Say = lang.Both("%s: new: %s", "%s: 追加 %s").With(at, short(d.After))
		case d.After == "":
			d.Say = lang.Both("%s: gone: %s", "%s: 削除 %s").With(at, short(d.Before))
		default:
			d.Say = lang.Both("%s: %s -> %s", "%s: %s → %s").With(at, short(d.Before), short(d.After))
		}
		out = append(out, d)
	}
	return out
}

func stateWord(f fact.Fact) lang.Text {
	if f == nil {
		return lang.Both("not read", "未取得")
	}
	switch f.State() {
	case fact.StateKnown:
		return lang.Both("there", "あり")
	case fact.StateAbsent:
		return lang.Both("not there", "なし（存在しないことを確認）")
	}
	return lang.Both("could not be read (%s)", "確認できず（%s）").With(probe.ReasonWord(f.Why().Reason))
}

// valueOf is a known fact's value as JSON has it.
func valueOf(k estate.Key, f fact.Fact) any {
	b, err := estate.Encode(estate.Part{Key: k, Fact: f})
	if err != nil {
		return nil
	}
	var w struct{ Value any }
	if json.Unmarshal(b, &w) != nil {
		return nil
	}
	return w.Value
}

// comparison finds the differences of two JSON values.
type comparison struct {
	kind  string
	found []Change
}

// restless are the fields that cannot be the same twice and say nothing by that:
// the heartbeat of an agent that lives.
func restless(kind, field string) bool {
	return kind == estate.ManagedNodePart.Name() && field == "last_ping"
}

func (c *comparison) compare(path string, a, b any) {
	switch x := a.(type) {
	case map[string]any:
		if y, ok := b.(map[string]any); ok {
			for _, k := range both(x, y) {
				if !restless(c.kind, k) {
					c.pair(join(path, k), x, y, k)
				}
			}
			return
		}
	case []any:
		if y, ok := b.([]any); ok {
			p, q := named(x), named(y)
			if p == nil || q == nil {
				p, q = numbered(x), numbered(y)
			}
			for _, k := range both(p, q) {
				c.pair(join(path, k), p, q, k)
			}
			return
		}
	}
	if before, after := inWords(a), inWords(b); before != after {
		c.found = append(c.found, Change{Path: path, Before: before, After: after})
	}
}

// pair compares what two maps have under a key.
func (c *comparison) pair(path string, x, y map[string]any, k string) {
	v, had := x[k]
	w, has := y[k]
	switch {
	case had && has:
		c.compare(path, v, w)
	case had:
		c.found = append(c.found, Change{Path: path, Before: orNothing(inWords(v))})
	default:
		c.found = append(c.found, Change{Path: path, After: orNothing(inWords(w))})
	}
}

func orNothing(s string) string {
	if s == "" {
		return `""`
	}
	return s
}

func join(path, k string) string {
	if path == "" {
		return k
	}
	return path + "." + k
}

// named gives the elements of a list by what names them, so that an element more at
// the front does not make all others differ. It is nil where two have one name.
func named(list []any) map[string]any {
	out := map[string]any{}
	for _, e := range list {
		name := nameOf(e)
		if _, twice := out[name]; name == "" || twice {
			return nil
		}
		out[name] = e
	}
	return out
}

// nameOf is what names an element: itself where it is a string, its id or its name.
func nameOf(e any) string {
	switch e := e.(type) {
	case string:
		return e
	case map[string]any:
		for _, field := range []string{"id", "arn", "event_id", "command_id", "number", "name", "user", "cidr"} {
			switch v := e[field].(type) {
			case string:
				if v != "" {
					return v
				}
			case float64:
				// A network ACL has one entry of a number each way.
				return fmt.Sprint(strconv.FormatFloat(v, 'f', -1, 64), " ", e["egress"])
			}
		}
	}
	return ""
}

func numbered(list []any) map[string]any {
	out := map[string]any{}
	for i, e := range list {
		out[fmt.Sprintf("[%03d]", i)] = e
	}
	return out
}

// inWords is a value on one line.
func inWords(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return orNothing(v)
	}
	b, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(b)
}

// shortest is how much of a value fits a line that says two of them.
const shortest = 72

// short makes a value fit a line.
func short(s string) string {
	return lang.Truncate(lang.Clean(strings.Join(strings.Fields(s), " ")), shortest)
}
