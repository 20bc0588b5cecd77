package main

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/monshin/monshin/diagnose/lab"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/remedy"
	"github.com/monshin/monshin/sessions/workorder"
)

// hostileName is a name that acts in HTML, in Markdown and on a terminal.
const hostileName = "<script>alert(1)</script>|`\x1b]0;owned\x07**"

// Work orders of the whole plan of every scenario, in every format and both languages:
// complete, readable, and safe to open.
func TestWorkOrders(t *testing.T) {
	k, err := learn()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range lab.Scenarios() {
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			o := operateIn(t, k, s, "", func(_ string, w *lab.World) {
				for _, i := range w.Instances {
					i.Name = hostileName
				}
			})
			whole, err := o.Whole(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			order := workorder.Order{Diagnosis: o.diagnosis, Estate: o.inv.Estate(), Proposals: whole.Proposals, Left: whole.Left, Forecast: whole.Forecast}
			for _, w := range o.diagnosis.RootCauses() { // the other fixes too
				all, err := o.Proposals(t.Context(), w.ID())
				if err != nil {
					t.Fatal(err)
				}
				order.Others = append(order.Others, all...)
			}
			for _, l := range lang.All() {
				for _, format := range workorder.Formats() {
					b, err := workorder.Write(order, k.catalogue, format, workorder.Options{Lang: l, Zone: time.UTC})
					if err != nil {
						t.Fatal(err)
					}
					sound(t, string(l)+" "+format, format, string(b))
				}
				text, _ := workorder.Write(order, k.catalogue, "text", workorder.Options{Lang: l, Zone: time.UTC})
				complete(t, l, string(text), whole.Proposals)
			}
		})
	}
}

var broken = regexp.MustCompile(`%![a-zA-Z(]|%\[\d\]|<nil>|\bnil\b`)

// sound holds a document against what no document may hold.
func sound(t *testing.T, name, format, s string) {
	t.Helper()
	if m := broken.FindString(s); m != "" {
		t.Errorf("%s holds %q", name, m)
	}
	if strings.ContainsAny(s, "\x1b\x07") || format != "json" && format != "text" && strings.Contains(s, "<script") {
		t.Errorf("%s holds what a terminal or a browser acts on", name)
	}
	switch format {
	case "json":
		if !json.Valid([]byte(s)) {
			t.Errorf("%s is no JSON", name)
		}
	case "html":
		// Void elements apart it is well-formed as XML is.
		s = regexp.MustCompile(`<meta [^>]*>`).ReplaceAllString(s, "")
		s = strings.Replace(s, "<!DOCTYPE html>", "", 1)
		d := xml.NewDecoder(strings.NewReader(s))
		for {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Errorf("%s: %v", name, err)
				break
			}
		}
		if regexp.MustCompile(`(?i)\b(src|href|on[a-z]+)=`).MatchString(s) {
			t.Errorf("%s reaches out or acts", name)
		}
	case "text":
		for line := range strings.Lines(s) {
			line = strings.TrimRight(line, "\n")
			if lang.Width(line) > 72 && !strings.HasPrefix(line, "    ") && strings.Contains(strings.TrimLeft(line, " -"), " ") {
				t.Errorf("%s: %d cells: %s", name, lang.Width(line), line)
			}
		}
	}
}

// complete looks for what whoever carries a plan out needs.
func complete(t *testing.T, l lang.Lang, text string, plans []remedy.Proposal) {
	t.Helper()
	flat := strings.Join(strings.Fields(text), "")
	has := func(what string, s lang.Text) {
		if !strings.Contains(flat, strings.Join(strings.Fields(lang.Clean(s.In(l))), "")) {
			t.Errorf("%s: %s is missing: %s", l, what, s.In(l))
		}
	}
	for _, p := range plans {
		plan := p.Planned.Plan
		if plan.Stop.Zero() {
			t.Errorf("%s does not say when to stop", plan.Fix)
		}
		has("when to stop", plan.Stop)
		has("the way it works", plan.Why)
		for _, s := range plan.Steps {
			if s.Do.Zero() {
				t.Errorf("%s, step %s: no console path", plan.Fix, s.ID)
			}
			has("the console path", s.Do)
			if s.Call != nil {
				has("the command line", lang.Same(s.Call.CLI(plan.Target.Region)))
				if s.Check.Command == "" || s.Check.Expect.Zero() {
					t.Errorf("%s, step %s: no check afterwards", plan.Fix, s.ID)
				}
			}
			if s.Undo != nil {
				has("the way back", lang.Same(s.Undo.CLI(plan.Target.Region)))
			} else if s.Call != nil {
				has("why there is no way back", s.NoUndo)
			}
		}
	}
	if len(plans) > 0 {
		for _, label := range []lang.Text{lang.Both("done by", "実施者"), lang.Both("checked by", "確認者"), lang.Both("Checks after", "事後確認")} {
			has("a field", label)
		}
	}
}
