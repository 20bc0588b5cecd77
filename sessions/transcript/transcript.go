// Package transcript writes a diagnosis down: for a terminal, for a chat message,
// as Markdown for a ticket, as JSON for a program. It holds pure projections;
// nothing in it reads a clock, calls anything or decides what is wrong.
//
// On the screen Japanese is said in 体言止め, in an export in です・ます with the
// certainty in the verb. Strings that came from AWS or from Windows pass lang.Clean
// wherever they are shown.
package transcript

import (
	"slices"
	"time"

	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/probe"
	"github.com/monshin/monshin/diagnose/walk"
)

// Options say for whom a transcript is written.
type Options struct {
	// Lang is the language; "" is Japanese.
	Lang lang.Lang
	// Zone is the reader's zone; nil is UTC.
	Zone *time.Location
	// Summary makes Text and Markdown fit a chat message: at most 12 lines.
	Summary bool
	// Width is how many cells a line of Text may take; 0 is 80.
	Width int
	// Version is monshin's own, named in the exports; "" leaves it out.
	Version string
	// Reader is for whom Export writes; "" is Internal. The functions that take a bare
	// diagnosis write it as it is.
	Reader Reader
}

// defaultWidth is what a terminal that does not say has.
const defaultWidth = 80

// filled is o with what its zero fields stand for.
func (o Options) filled() Options {
	if o.Lang == "" {
		o.Lang = lang.Ja
	}
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	if o.Width <= 0 {
		o.Width = defaultWidth
	}
	return o
}

// report is a diagnosis sorted for a reader.
type report struct {
	d     *walk.Diagnosis
	cat   *finding.Catalogue
	o     Options
	roots []walk.Weighed
	// effects are consequences of other findings, loose what nothing explains and
	// is no root cause, notes what is only for information.
	effects, loose, notes []walk.Weighed
	// guest is what only Windows can tell; open is the rest of the unknowns.
	guest, open []walk.Open
}

func sorted(d *walk.Diagnosis, cat *finding.Catalogue, o Options) report {
	r := report{d: d, cat: cat, o: o.filled()}
	for _, f := range d.Findings {
		switch {
		case f.Root:
			r.roots = append(r.roots, f)
		case len(f.CausedBy) > 0:
			r.effects = append(r.effects, f)
		case f.Severity == finding.Info:
			r.notes = append(r.notes, f)
		default:
			r.loose = append(r.loose, f)
		}
	}
	for _, u := range d.Unknowns {
		if u.Why.Reason == fact.NeedsGuest {
			r.guest = append(r.guest, u)
		} else {
			r.open = append(r.open, u)
		}
	}
	return r
}

func (r report) say(t lang.Text) string { return t.In(r.o.Lang) }

// show makes an untrusted string fit to be shown, and a dash of an empty one.
func show(s string) string {
	if s == "" {
		return "-"
	}
	return lang.Clean(s)
}

// when writes a time in the reader's zone, with the offset.
func (r report) when(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.In(r.o.Zone).Format("2006-01-02 15:04:05 -07:00")
}

// whenBoth writes a time in the reader's zone and in UTC.
func (r report) whenBoth(t time.Time) string {
	local := r.when(t)
	if t.IsZero() || r.o.Zone == time.UTC {
		return local
	}
	return local + " / " + t.UTC().Format(time.RFC3339)
}

// needed counts the unknowns without which the symptom stays undecided.
func (r report) needed() int {
	n := 0
	for _, u := range r.d.Unknowns {
		if u.Needed {
			n++
		}
	}
	return n
}

// outcome says what the diagnosis comes to, without a full stop. It never says
// that all is well: only what was read was judged.
func (r report) outcome() lang.Text {
	switch {
	case !r.d.Complete:
		return lang.Both("not finished: stopped before everything was read", "切り分け未完了（途中で中断）")
	case r.d.Outcome == walk.Problems && len(r.roots) > 0:
		return lang.Both("problems found (root causes: %d)", "問題あり（根本原因 %d 件）").With(len(r.roots))
	case r.d.Outcome == walk.Problems:
		return lang.Both("problems found", "問題あり")
	case r.d.Outcome == walk.Clear && len(r.d.Unknowns) == 0:
		return lang.Both("no problem in what was checked", "確認した範囲では問題なし")
	case r.d.Outcome == walk.Clear:
		return lang.Both("no problem in what was checked (not checked: %d)", "確認した範囲では問題なし（確認できず %d 件）").With(len(r.d.Unknowns))
	case r.needed() > 0 && r.needed() < len(r.d.Unknowns):
		return lang.Both("undecided (not checked: %d, needed for a conclusion: %d)", "切り分け未完了（確認できず %d 件、うち結論に必要 %d 件）").With(len(r.d.Unknowns), r.needed())
	case r.needed() > 0:
		return lang.Both("undecided (not checked: %d)", "切り分け未完了（確認できず %d 件）").With(r.needed())
	}
	return lang.Both("undecided (the cause is not found)", "切り分け未完了（原因未特定）")
}

// simulated is the mark over everything that comes from a lab.
func simulated() lang.Text {
	return lang.Both("[SIMULATED] This is data of a simulated account, not of a real one.", "【模擬データ】模擬アカウントの結果（実環境のデータではない）")
}

// target names what was examined: account, region, instance, Name.
func (r report) target() (account, region, instance string) {
	t := r.d.Target
	account = show(t.Account)
	if c, ok := r.d.Caller.Get(); ok {
		if t.Account == "" {
			account = show(c.Account)
		}
		if c.Alias != "" {
			account += " (" + show(c.Alias) + ")"
		}
	}
	instance = show(t.InstanceID)
	if i, ok := r.d.Instance.Get(); ok {
		if i.Name != "" {
			instance += " " + show(i.Name)
		}
		if i.State != "" {
			instance += " (" + show(i.State) + ")"
		}
	}
	return account, show(t.Region), instance
}

// named returns w with the probe that blocks it by its title.
func (r report) named(w fact.Why) fact.Why {
	if w.Reason != fact.BlockedBy {
		return w
	}
	for _, j := range r.d.Probes {
		if j.Probe == w.Blocker && !j.Title.Zero() {
			w.Blocker = r.say(j.Title)
			return w
		}
	}
	if t := probe.TitleOf(w.Blocker); !t.Zero() { // it is not in this tree
		w.Blocker = r.say(t)
	}
	return w
}

// finding returns a finding with its times in words of the reader's zone.
func (r report) finding(f walk.Weighed, say func(time.Time) string) finding.Finding {
	return f.Finding.WithTimes(say)
}

// state names the state of a judgement by word and by an ASCII mark, so that
// neither a colour nor the width of a symbol matters.
func state(v probe.Verdict) (mark string, word lang.Text) {
	if v.Pending() {
		return "[..]", lang.Both("reading", "確認中")
	}
	switch v.Outcome {
	case probe.OK:
		return "[ok]", lang.Both("no problem", "問題なし")
	case probe.Problem:
		return "[x]", lang.Both("problem", "問題あり")
	case probe.NotApplicable:
		return "[-]", lang.Both("not applicable", "対象外")
	}
	if len(v.Whys) > 0 {
		switch v.Whys[0].Reason {
		case fact.BlockedBy:
			return "[?]", lang.Both("not done", "未実施")
		case fact.TooEarly:
			return "[?]", lang.Both("too early", "反映待ち")
		}
	}
	return "[?]", lang.Both("not known", "確認できず")
}

// readOnly reports whether every operation that was sent only reads. An operation
// whose name does not say so counts as one that changes something.
func (r report) readOnly() bool {
	for op := range r.d.Calls.ByOperation {
		if !reads(op) {
			return false
		}
	}
	return true
}

func reads(op string) bool {
	for i, c := range op {
		if c == ':' {
			op = op[i+1:]
			break
		}
	}
	return slices.ContainsFunc([]string{"Describe", "Get", "List", "Lookup", "Search", "Simulate", "BatchGet"}, func(p string) bool {
		return len(op) >= len(p) && op[:len(p)] == p
	})
}
