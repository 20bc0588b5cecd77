package permission

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/policy"
	"github.com/monshin/monshin/diagnose/probe"
	"github.com/monshin/monshin/diagnose/runbook"
	"github.com/monshin/monshin/diagnose/walk"
)

func set() probe.Set {
	return probe.NewSet([]probe.Probe{
		{ID: "a", Title: lang.Both("A", "あ"), Parts: []estate.AnyKind{estate.RolePart, estate.VPCPart}},
		{ID: "b", Title: lang.Both("B", "い"), Parts: []estate.AnyKind{estate.RolePart}},
		{ID: "c", Title: lang.Both("C", "う"), Parts: []estate.AnyKind{estate.PasswordPart}},
	})
}

func treeOf(ids ...string) *runbook.Tree {
	t := &runbook.Tree{Symptom: runbook.NoSession, Title: lang.Both("no session", "接続できない")}
	for _, id := range ids {
		t.Nodes = append(t.Nodes, runbook.Node{ID: id, Kind: runbook.ProbeNode, Probe: id})
	}
	return t
}

func names(needs []Need) []string {
	var out []string
	for _, n := range needs {
		out = append(out, n.Action)
	}
	return out
}

func TestNeededIsWhatTheTreesPartsDeclare(t *testing.T) {
	got := Needed(treeOf("a", "b"), set())
	if diff := cmp.Diff([]string{"ec2:DescribeVpcs", "iam:GetRole", "iam:ListAccountAliases"}, names(got)); diff != "" {
		t.Error(diff)
	}
	for _, n := range got {
		if n.Action == "iam:GetRole" && len(n.Probes) != 2 {
			t.Errorf("iam:GetRole serves %v", n.Probes)
		}
	}
}

func TestDeniedFindsEveryRefusal(t *testing.T) {
	e := estate.New(estate.Target{InstanceID: "i-1"}, time.Unix(0, 0))
	e.Put(estate.RolePart.Unknown("r", fact.Why{Reason: fact.Denied, Action: "iam:GetRole"}))
	e.Put(estate.VPCPart.Unknown("v", fact.Why{Reason: fact.Timeout, Action: "ec2:DescribeVpcs"}))
	e.Put(estate.RolePoliciesPart.Part("r", fact.Known(estate.RolePolicies{
		Unread: []estate.Unread{{Name: "p", Action: "iam:GetPolicyVersion", Reason: "denied"}, {Name: "q", Action: "iam:GetPolicy", Reason: "throttled"}},
	}, fact.Origin{})))
	got := Denied(e, treeOf("a"), set())
	if diff := cmp.Diff([]string{"iam:GetPolicyVersion", "iam:GetRole"}, names(got)); diff != "" {
		t.Error(diff)
	}
	if i := slices.IndexFunc(got, func(n Need) bool { return n.Action == "iam:GetRole" }); len(got[i].Probes) != 1 {
		t.Errorf("reasons %v: only the tree's own judgements count", got[i].Probes)
	}
}

// The policy is read back by monshin's own evaluator: it allows what it should.
func TestThePolicyAllowsWhatIsAskedFor(t *testing.T) {
	text := Policy(Needed(treeOf("a"), set()))
	if !json.Valid([]byte(text)) || !strings.HasPrefix(text, "{\n  \"Version\"") {
		t.Fatal(text)
	}
	doc, err := policy.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	for action, want := range map[string]policy.Verdict{"iam:GetRole": policy.Allowed, "iam:DeleteRole": policy.ImplicitDeny} {
		d := policy.Identity(policy.Request{Action: action, Resource: "arn:aws:iam::111122223333:role/x"}, policy.Set{Policies: []policy.Policy{{Document: doc}}}, nil)
		if d.Verdict != want {
			t.Errorf("%s is %v, want %v", action, d.Verdict, want)
		}
	}
}

func TestTheRequestIsPoliteAndWhole(t *testing.T) {
	d := &walk.Diagnosis{Target: estate.Target{InstanceID: "i-1\x1b[2J", Region: "ap-northeast-1"}, Title: lang.Both("no session", "接続できない")}
	needs := Needed(treeOf("a", "b"), set())
	for l, want := range map[lang.Lang][]string{lang.Ja: {"お手数", "変更は行いません", "iam:GetRole"}, lang.En: {"Could you please", "only read", "iam:GetRole"}} {
		text := Request(d, needs, l)
		for _, w := range want {
			if !strings.Contains(text, w) {
				t.Errorf("%s: no %q in\n%s", l, w, text)
			}
		}
		if strings.Contains(text, "\x1b") {
			t.Errorf("%s: an escape sequence got through", l)
		}
		if !strings.Contains(Request(d, nil, l), lang.Both("Nothing was denied", "拒否された操作はありません").In(l)) {
			t.Errorf("%s: an empty request does not say so", l)
		}
	}
}

func TestManagedPoliciesAreReadOnlyAndKnown(t *testing.T) {
	policies, err := ManagedPolicies()
	if err != nil || len(policies) != 3 {
		t.Fatal(policies, err)
	}
	known := map[string]bool{}
	for _, k := range estate.Kinds() {
		for _, a := range k.Actions() {
			known[a] = true
		}
	}
	for _, m := range policies {
		for _, a := range m.Allows {
			if !known[a] {
				t.Errorf("%s lists %s, which no part needs", m.Name, a)
			}
			if strings.HasPrefix(a, "license-manager-user-subscriptions:") {
				t.Errorf("%s is said to allow %s", m.Name, a)
			}
		}
	}
	p, _ := set().Get("c")
	if got := policies[1].Missing(p); !slices.Equal(got, []string{"ec2:GetPasswordData"}) {
		t.Errorf("%s misses %v", policies[1].Name, got)
	}
}
