package fixes

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/policy"
	"github.com/monshin/monshin/diagnose/remedy"
)

// coreActions are the actions of AmazonSSMManagedInstanceCore on one service: what
// the agent calls there (domain.md §3.1 [V:mamip]).
func coreActions(service string) ([]string, error) {
	d, err := policy.Parse(coreJSON)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, s := range d.Statements {
		for _, a := range s.Actions {
			if strings.HasPrefix(a, service+":") {
				out = append(out, a)
			}
		}
	}
	slices.Sort(out)
	return out, nil
}

// repairEndpointPolicy adds a statement to the endpoint's policy that allows the
// agent's calls to the account's own roles; what stands there stays.
func repairEndpointPolicy(b *remedy.Builder) {
	i, ok := patient(b)
	if !ok {
		return
	}
	endpoints, ok := need(b, estate.EndpointsPart, i.VPC)
	if !ok {
		return
	}
	id := b.Finding().Params["endpoint"]
	at := slices.IndexFunc(endpoints, func(e estate.Endpoint) bool { return e.ID == id && id != "" })
	if at < 0 {
		b.Refuse("the endpoint %s is not listed", "エンドポイント %s が一覧に存在しない", orDash(id))
		return
	}
	e, account := endpoints[at], b.Target().Account
	if account == "" {
		account = i.OwnerID
	}
	actions, err := coreActions(shortService(e.Service))
	switch {
	case err != nil || len(actions) == 0:
		b.Refuse("the agent's calls to %s are not known", "%s に対する SSM Agent の通信内容が不明", e.Service)
		return
	case account == "":
		b.Refuse("the account is not known, and the statement names it", "アカウント ID が不明のため、ステートメントを作成できない")
		return
	}
	document, err := policy.Parse(e.Policy)
	if err != nil {
		b.Refuse("the endpoint's policy is no policy document that monshin can read: %s", "エンドポイントポリシーをポリシードキュメントとして解釈できない: %s", err.Error())
		return
	}
	after, err := withStatement(e.Policy, map[string]any{
		"Effect": "Allow", "Principal": "*", "Action": anys(actions), "Resource": "*",
		"Condition": map[string]any{"StringEquals": map[string]any{"aws:PrincipalAccount": account}},
	})
	if err != nil {
		b.Refuse("a statement cannot be added to the endpoint's policy: %s", "エンドポイントポリシーへのステートメントの追加不可: %s", err.Error())
		return
	}
	verdict := func(d policy.Document) policy.Verdict {
		// What the denials of the document say to any role of the account; conditions on
		// what is not known here stay open, and the what-if decides.
		q := policy.Request{Action: actions[0], Resource: "*", Unscoped: true,
			Who:     policy.Who{Role: fmt.Sprintf("arn:%s:iam::%s:role/any", partition(b), account), Session: i.ID, Account: account},
			Context: policy.Context{}.With("aws:PrincipalAccount", account).With("aws:SourceVpce", id).With("aws:SourceVpc", i.VPC)}
		return policy.Resource(policy.Policy{Source: policy.Source{Policy: id}, Document: d}, q).Verdict
	}
	if verdict(document) == policy.ExplicitDeny {
		b.Refuse("a statement denies the calls by name, and no other can allow them: the policy has to be edited by hand", "明示的な拒否ステートメントがあり、許可の追加では解消できない。手動での編集が必要")
		return
	}
	remedy.Edit(b, estate.EndpointsPart, i.VPC, func(list []estate.Endpoint) []estate.Endpoint {
		return changed(list, id, func(e estate.Endpoint) estate.Endpoint { e.Policy = after; return e })
	})
	put := func(text string) *remedy.Call {
		return &remedy.Call{Operation: "ec2:ModifyVpcEndpoint", Input: map[string]any{"VpcEndpointId": id, "PolicyDocument": text}}
	}
	b.Step(remedy.Step{
		ID: "policy", Title: lang.Both("Add the agent's calls to the policy of %s", "%s のポリシーに SSM Agent の通信の許可を追加").With(id),
		Call: put(after), Undo: put(e.Policy), Diff: &remedy.Diff{Name: id, Before: indented(e.Policy), After: indented(after)},
		Do: lang.Both("VPC console > Endpoints > %s > Policy > Edit policy: as in the difference", "VPC コンソール > エンドポイント > %s > ポリシー > ポリシーを編集 > 差分のとおり変更").With(id),
		Check: remedy.Check{
			Command: fmt.Sprintf("aws ec2 describe-vpc-endpoints --vpc-endpoint-ids %s --query \"VpcEndpoints[].PolicyDocument\"", id),
			Expect:  lang.Both("the statement for the account %s", "アカウント %s に対する許可ステートメントあり").With(account),
		},
	})
	inVPC(b, i.VPC)
	b.Why("the endpoint then lets the agent's calls through for roles of the account %s", "アカウント %s のロールによる SSM Agent の通信がエンドポイントで許可される", account)
	b.Risk(remedy.WholeVPC)
	b.Type(i.VPC)
	agentWaits(b, agentRetry)
	b.Takes(5 * time.Minute)
	b.Stop("stop if the policy is a guard rail of the organization", "ポリシーが組織の統制として設定されている場合は中止")
}
