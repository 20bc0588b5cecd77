package permission

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/probe"
	"github.com/monshin/monshin/diagnose/runbook"
)

// managed.json says which of monshin's actions the AWS managed policies for
// readers allow. It was derived from the policy documents in the mirror
// https://github.com/zoph-io/MAMIP at 0387244 (2026-03-07).
//
//go:embed managed.json
var managedJSON []byte

// Managed is an AWS managed policy for readers.
type Managed struct {
	Name    string   `json:"name"`
	Version string   `json:"version"`
	Created string   `json:"created"`
	Allows  []string `json:"allows"`
}

// ManagedPolicies lists them, the widest first.
func ManagedPolicies() ([]Managed, error) {
	var out []Managed
	if err := json.Unmarshal(managedJSON, &out); err != nil {
		return nil, fmt.Errorf("the data about AWS managed policies: %w", err)
	}
	return out, nil
}

// Missing lists the actions of a judgement that the policy does not allow.
func (m Managed) Missing(p probe.Probe) []string {
	var out []string
	for _, k := range p.Parts {
		for _, a := range k.Actions() {
			if a != free && !slices.Contains(m.Allows, a) && !slices.Contains(out, a) {
				out = append(out, a)
			}
		}
	}
	return out
}

// Table says, as Markdown, what each managed policy can decide per symptom.
func Table(trees []*runbook.Tree, set probe.Set, l lang.Lang) (string, error) {
	policies, err := ManagedPolicies()
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString("| " + lang.Both("symptom", "事象").In(l) + " |")
	for _, m := range policies {
		fmt.Fprintf(&b, " %s %s |", m.Name, m.Version)
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(policies)) + "\n")
	for _, t := range trees {
		fmt.Fprintf(&b, "| `%s` %s |", t.Symptom, t.Title.In(l))
		for _, m := range policies {
			total, open := 0, []string{}
			for _, id := range t.Probes() {
				p, ok := set.Get(id)
				if !ok {
					continue
				}
				total++
				if len(m.Missing(p)) > 0 {
					open = append(open, "`"+id+"`")
				}
			}
			switch {
			case len(open) == 0:
				b.WriteString(" " + lang.Both("all %d", "全 %d 項目").With(total).In(l) + " |")
			case len(open) == total:
				b.WriteString(" " + lang.Both("none of %d", "%d 項目すべて不可").With(total).In(l) + " |")
			case len(open) <= 6:
				b.WriteString(" " + lang.Both("%d of %d; not always: %s", "%d / %d 項目。判定できない場合あり: %s").With(total-len(open), total, strings.Join(open, ", ")).In(l) + " |")
			default:
				b.WriteString(" " + lang.Both("%d of %d", "%d / %d 項目").With(total-len(open), total).In(l) + " |")
			}
		}
		b.WriteString("\n")
	}
	return b.String(), nil
}

// Kinds lists which actions each kind of part needs, as Markdown.
func Kinds() string {
	var b strings.Builder
	b.WriteString("| part | IAM actions |\n|---|---|\n")
	for _, k := range estate.Kinds() {
		fmt.Fprintf(&b, "| `%s` | %s |\n", k.Name(), "`"+strings.Join(k.Actions(), "`, `")+"`")
	}
	return b.String()
}
