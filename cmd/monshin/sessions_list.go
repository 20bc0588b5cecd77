package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/runbook"
	"github.com/monshin/monshin/sessions/journal"
	"github.com/monshin/monshin/sessions/session"
)

// listed is an investigation in JSON. Times are RFC 3339 in UTC.
type listed struct {
	ID         string    `json:"id"`
	Path       string    `json:"path"`
	InstanceID string    `json:"instance_id"`
	Region     string    `json:"region"`
	Symptom    string    `json:"symptom"`
	Source     string    `json:"source"`
	Simulated  bool      `json:"simulated"`
	Started    time.Time `json:"started,omitzero"`
	Updated    time.Time `json:"updated,omitzero"`
	Entries    int       `json:"entries"`
	Last       string    `json:"last_hash"`
	Outcome    string    `json:"outcome"` // "" where the run was cut short
	RootCauses []string  `json:"root_causes"`
	Unfinished bool      `json:"unfinished"`
	Error      string    `json:"error,omitempty"`
}

func listedOf(s session.Summary) listed {
	o := s.Opening
	l := listed{ID: s.ID, Path: s.Path, InstanceID: o.Target.InstanceID, Region: o.Target.Region, Symptom: o.Symptom, Source: o.Source,
		Simulated: o.Simulated, Started: s.Started.UTC(), Updated: s.Updated.UTC(), Entries: s.Entries, Last: s.Last,
		Outcome: s.Outcome(), RootCauses: []string{}, Unfinished: s.Unfinished()}
	if s.Closing != nil {
		l.RootCauses = append(l.RootCauses, s.Closing.RootCauses...)
	}
	if s.Err != nil {
		l.Error = lang.Said(s.Err).En
	}
	return l
}

func newSessionsList(a *app, f *flags) *cobra.Command {
	l := f.lang
	var format string
	var unfinished bool
	c := &cobra.Command{
		Use:   "list",
		Short: lang.Both("The investigations, newest first", "調査一覧（新しい順）").In(l),
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if err := oneOf("-o", format, "text", "json"); err != nil {
				return err
			}
			store, err := a.store()
			if err != nil {
				return badInput(lang.Same("monshin sessions list"), err)
			}
			list, err := store.List()
			if err != nil {
				return failed(lang.Same("monshin sessions list"), err)
			}
			if unfinished {
				var open []session.Summary
				for _, s := range list {
					if s.Unfinished() {
						open = append(open, s)
					}
				}
				list = open
			}
			if format == "json" {
				out := []listed{}
				for _, s := range list {
					out = append(out, listedOf(s))
				}
				return a.writeJSON(out)
			}
			return a.listSessions(f, store, list)
		},
	}
	c.Flags().StringVarP(&format, "output", "o", "text", lang.Both("text or json", "text、json のいずれか").In(l))
	c.Flags().BoolVar(&unfinished, "unfinished", false, lang.Both("only those to go on with", "未完了の調査のみ").In(l))
	return c
}

func (a *app) writeJSON(v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return failed(lang.Same("JSON"), err)
	}
	if _, err := a.out.Write(append(lang.CleanJSON(b), '\n')); err != nil {
		return failed(lang.Both("writing the output", "結果の出力"), err)
	}
	return nil
}

func (a *app) listSessions(f *flags, store *session.Store, list []session.Summary) error {
	if len(list) == 0 {
		fmt.Fprintln(a.err, clean(lang.Both("no investigation in %s", "%s に調査の記録なし").With(store.Dir()).In(f.lang)))
		return nil
	}
	k, err := learn()
	if err != nil {
		return failed(lang.Same("monshin"), err)
	}
	for _, s := range list {
		mark := "  "
		if s.Unfinished() {
			mark = "* "
		}
		if s.Err != nil {
			fmt.Fprintf(a.out, "! %s %s %s\n", column(s.ID, 8), when(s.Updated, f), clean(lang.Both("cannot be read: %s", "読み取り不可: %s").With(lang.Said(s.Err)).In(f.lang)))
			continue
		}
		line := mark + column(s.ID, 8) + " " + when(s.Updated, f) + "  " + column(s.Opening.Target.InstanceID, 20) +
			column(outcomeText(s).In(f.lang), 26) + symptomTitle(k, s.Opening.Symptom).In(f.lang)
		if s.Opening.Simulated {
			line += " " + lang.Both("[SIMULATED]", "【模擬データ】").In(f.lang)
		}
		fmt.Fprintln(a.out, line)
	}
	fmt.Fprintln(a.err, lang.Both("* unfinished: monshin sessions resume ID", "* 未完了（再開: monshin sessions resume ID）").In(f.lang))
	return nil
}

// column is text in exactly so many cells, and one more.
func column(s string, width int) string {
	s = lang.Truncate(clean(s), width)
	return s + strings.Repeat(" ", width-lang.Width(s)+1)
}

func when(t time.Time, f *flags) string {
	if t.IsZero() {
		return column("-", 22)
	}
	return t.In(f.zone).Format("2006-01-02 15:04 -07:00")
}

func symptomTitle(k *knowledge, s string) lang.Text {
	if t, ok := k.library.Tree(runbook.Symptom(s)); ok {
		return t.Title
	}
	return lang.Same(clean(s))
}

// outcomeText says what an investigation came to.
func outcomeText(s session.Summary) lang.Text {
	n := 0
	if s.Closing != nil {
		n = len(s.Closing.RootCauses)
	}
	switch s.Outcome() {
	case "problems":
		return lang.Both("problems (root causes: %d)", "問題あり（根本原因 %d 件）").With(n)
	case "clear":
		return lang.Both("no problem in what was read", "確認した範囲では問題なし")
	case "undecided":
		return lang.Both("undecided", "切り分け未完了")
	case journal.ShellOnly:
		return lang.Both("shell only, nothing judged", "シェルのみ（判定なし）")
	}
	return lang.Both("cut short", "中断")
}

func newSessionsShow(a *app, f *flags) *cobra.Command {
	l := f.lang
	var format string
	c := &cobra.Command{
		Use:   "show SESSION",
		Short: lang.Both("What an investigation is about, and who did what", "調査の内容と経過").In(l),
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := oneOf("-o", format, "text", "json"); err != nil {
				return err
			}
			path, r, err := a.openSession(args[0])
			if err != nil {
				return err
			}
			if format == "json" {
				return a.writeJSON(shownOf(path, r))
			}
			return a.showSession(f, path, r)
		},
	}
	c.Flags().StringVarP(&format, "output", "o", "text", lang.Both("text or json", "text、json のいずれか").In(l))
	return c
}

// shown is an investigation with what was written down, in JSON.
type shown struct {
	listed
	Version   string     `json:"version"`
	Schema    string     `json:"schema"`
	Account   string     `json:"account"`
	Caller    string     `json:"caller"`
	Operators []string   `json:"operators"`
	Parts     int        `json:"parts"`
	Calls     int        `json:"calls"`
	Torn      bool       `json:"torn"`
	Backward  int        `json:"clock_set_back"`
	Events    []happened `json:"events"`
}

// happened is something that somebody did.
type happened struct {
	Seq  int       `json:"seq"`
	Time time.Time `json:"time"`
	By   string    `json:"by,omitempty"`
	Kind string    `json:"kind"`
	Text string    `json:"text"`
	// For says for whom a note is.
	For string          `json:"for,omitempty"`
	Raw json.RawMessage `json:"body,omitempty"`
}

func shownOf(path string, r *journal.Record) shown {
	o := r.Opening
	s := shown{listed: listed{ID: session.IDOf(path), Path: path, InstanceID: o.Target.InstanceID, Region: o.Target.Region, Symptom: o.Symptom, Source: o.Source,
		Simulated: o.Simulated, Started: r.Started, Updated: r.Ended, Entries: r.Entries, Last: r.Last, RootCauses: []string{}},
		Version: o.Version, Schema: r.Schema, Operators: []string{}, Parts: len(r.Parts), Calls: len(r.Calls), Torn: r.Torn, Backward: r.Backward, Events: []happened{}}
	if !r.Cut() {
		s.Outcome = r.Outcome()
	}
	s.Unfinished = s.Outcome == "" || s.Outcome == "undecided"
	if n := len(r.Closings); n > 0 {
		s.RootCauses = append(s.RootCauses, r.Closings[n-1].RootCauses...)
	}
	if c, ok := estate.CallerPart.Of(estate.NewView(r.Known()), "").Get(); ok {
		s.Account, s.Caller = c.Account, c.ARN
	}
	if o.Operator != "" {
		s.Operators = append(s.Operators, o.Operator)
	}
	for _, j := range r.Resumes {
		if j.Body.Operator != "" {
			s.Operators = append(s.Operators, j.Body.Operator)
		}
		s.Events = append(s.Events, happened{Seq: j.Seq, Time: j.Time, By: j.By, Kind: "resume", Text: j.Body.Version})
	}
	for _, x := range r.Said {
		s.Events = append(s.Events, happened{Seq: x.Seq, Time: x.Time, By: x.By, Kind: "answer", Text: x.Body.Name + "=" + x.Body.Value})
	}
	for _, x := range r.Consents {
		s.Events = append(s.Events, happened{Seq: x.Seq, Time: x.Time, By: x.By, Kind: "consent", Text: strings.TrimSpace(x.Body.What + " " + x.Body.Ticket + " " + x.Body.Approver)})
	}
	for _, x := range r.Notes {
		s.Events = append(s.Events, happened{Seq: x.Seq, Time: x.Time, By: x.By, Kind: "note", Text: x.Body.Text, For: x.Body.Audience})
	}
	for _, x := range r.Scripts {
		s.Events = append(s.Events, happened{Seq: x.Seq, Time: x.Time, By: x.By, Kind: "script", Text: strings.TrimSpace(x.Body.Source + " " + x.Body.CommandID)})
	}
	for _, x := range r.Shells {
		s.Events = append(s.Events, happened{Seq: x.Seq, Time: x.Time, By: x.By, Kind: "shell", Text: x.Body.SessionID})
	}
	for _, x := range r.Deeds {
		s.Events = append(s.Events, happened{Seq: x.Seq, Time: x.Time, By: x.By, Kind: string(x.Kind), Raw: x.Body})
	}
	sortBySeq(s.Events)
	return s
}
