// Package permission answers what an operator must be allowed to do for a walk,
// what was refused, and how to ask for it.
package permission

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/probe"
	"github.com/monshin/monshin/diagnose/runbook"
	"github.com/monshin/monshin/diagnose/walk"
)

// Need is one IAM action and the judgements that need it.
type Need struct {
	Action string
	// Probes are the titles of the judgements that it serves, in the tree's order.
	Probes []lang.Text
}

// free needs no permission at all: every principal may call it, also one that is
// denied it (https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html).
const free = "sts:GetCallerIdentity"

// Needed lists the actions that a tree's judgements can need, by name.
func Needed(t *runbook.Tree, set probe.Set) []Need {
	needs := map[string]*Need{}
	for _, id := range t.Probes() {
		p, ok := set.Get(id)
		if !ok {
			continue
		}
		for _, k := range p.Parts {
			for _, a := range k.Actions() {
				add(needs, a, p.Title)
			}
		}
	}
	who := lang.Both("Who is asking, and the account's alias", "実行者とアカウントエイリアスの確認")
	for _, a := range estate.CallerPart.Actions() {
		add(needs, a, who)
	}
	return sorted(needs)
}

// Denied lists the actions that a walk of the tree was refused, by name. It looks at
// every part, so that a refusal which no verdict rests on is asked for too.
func Denied(e *estate.Estate, t *runbook.Tree, set probe.Set) []Need {
	needs := map[string]*Need{}
	for _, key := range e.Keys() {
		f, _ := e.Fact(key)
		var actions []string
		if f.State() == fact.StateUnknown && f.Why().Reason == fact.Denied {
			actions = append(actions, f.Why().Action)
		}
		if r, ok := f.(fact.Of[estate.RolePolicies]); ok {
			for _, u := range r.Value().Unread {
				if u.Reason == string(fact.Denied) {
					actions = append(actions, u.Action)
				}
			}
		}
		for _, a := range actions {
			for _, id := range t.Probes() {
				p, _ := set.Get(id)
				if slices.ContainsFunc(p.Parts, func(k estate.AnyKind) bool { return k.Name() == key.Kind }) {
					add(needs, a, p.Title)
				}
			}
			add(needs, a)
		}
	}
	return sorted(needs)
}

func add(needs map[string]*Need, action string, titles ...lang.Text) {
	if action == "" || action == free {
		return
	}
	n := needs[action]
	if n == nil {
		n = &Need{Action: action}
		needs[action] = n
	}
	for _, t := range titles {
		if !slices.Contains(n.Probes, t) {
			n.Probes = append(n.Probes, t)
		}
	}
}

func sorted(needs map[string]*Need) []Need {
	var out []Need
	for _, a := range slices.Sorted(maps.Keys(needs)) {
		out = append(out, *needs[a])
	}
	return out
}

// Policy writes one IAM policy that allows the actions. Reads take no narrower
// resource, or their ids are not known beforehand; what runs a script is narrowed to
// the document that monshin runs it by.
func Policy(needs []Need) string {
	type statement struct {
		Sid, Effect string
		Action      []string
		Resource    any
	}
	read := statement{Sid: "MonshinRead", Effect: "Allow", Action: []string{}, Resource: "*"}
	statements := []statement{}
	for _, n := range needs {
		if r := resourcesOf(n.Action); r != nil {
			statements = append(statements, statement{Sid: "MonshinAskWindows", Effect: "Allow", Action: []string{n.Action}, Resource: r})
			continue
		}
		read.Action = append(read.Action, n.Action)
	}
	if len(read.Action) > 0 || len(statements) == 0 {
		statements = append([]statement{read}, statements...)
	}
	b, _ := json.MarshalIndent(struct { // strings only: it cannot fail
		Version   string
		Statement []statement
	}{"2012-10-17", statements}, "", "  ")
	return string(b)
}

// most is how many reasons of an action a reader still takes in.
const most = 4

// Request writes the request for the actions that a walk was refused: what is
// asked, the reason for each action, and that nothing is changed.
func Request(d *walk.Diagnosis, needs []Need, l lang.Lang) string {
	if len(needs) == 0 {
		return lang.Both("Nothing was denied in this walk.\n", "この調査で拒否された操作はありませんでした。\n").In(l)
	}
	caller := "-"
	if c, ok := d.Caller.Get(); ok {
		caller = c.ARN
	}
	var b strings.Builder
	b.WriteString(lang.Both(
		"Request for read permissions\n\n"+
			"While examining %[1]s (%[2]s) for \"%[3]s\", the following reads were refused to\n%[4]s.\n"+
			"Could you please allow them for the time of the examination? All of them only read; none changes anything.\n\n",
		"権限付与のお願い\n\n"+
			"インスタンス %[1]s（%[2]s）の「%[3]s」について調査しておりますが、下記の参照操作が権限不足のため実施できておりません。\n"+
			"実行ロール: %[4]s\n"+
			"お手数をおかけしますが、調査期間中のみ許可いただけますでしょうか。いずれも参照のみの操作であり、設定の変更は行いません。\n\n",
	).With(lang.Clean(d.Target.InstanceID), lang.Clean(d.Target.Region), d.Title, lang.Clean(caller)).In(l))
	for _, n := range needs {
		var titles []string
		for i, t := range n.Probes {
			if i == most {
				titles = append(titles, lang.Both("and %d more", "ほか %d 項目").With(len(n.Probes)-most).In(l))
				break
			}
			titles = append(titles, t.In(l))
		}
		b.WriteString("- " + lang.Clean(n.Action) + ": " + strings.Join(titles, lang.Both(", ", "、").In(l)) + "\n")
	}
	b.WriteString(lang.Both("\nPolicy:\n\n", "\nポリシー:\n\n").In(l))
	b.WriteString(Policy(needs) + "\n")
	return b.String()
}
