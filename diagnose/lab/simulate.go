package lab

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// simulatePrincipalPolicy is the policy simulator, as far as the lab's policies
// need it: identity policies and boundary over actions with wildcards. It is
// separate from monshin's own evaluator on purpose, because the one is compared
// with the other. Without context entries a statement with a condition does not
// apply here; resources other than * are not looked at.
func simulatePrincipalPolicy(w *World, _ *request, in *iam.SimulatePrincipalPolicyInput) (*iam.SimulatePrincipalPolicyOutput, error) {
	var role *Role
	for _, r := range w.Roles {
		if w.roleARN(r) == aws.ToString(in.PolicySourceArn) {
			role = r
		}
	}
	if role == nil {
		return nil, fail("NoSuchEntity", "%s cannot be found.", aws.ToString(in.PolicySourceArn))
	}
	var identity []statement
	for _, arn := range role.Attached {
		if p := w.Policies[arn]; p != nil {
			identity = append(identity, statements(p.Name, p.Document)...)
		}
	}
	for _, name := range sortedKeys(role.Inline) {
		identity = append(identity, statements(name, role.Inline[name])...)
	}
	out := &iam.SimulatePrincipalPolicyOutput{}
	for _, action := range in.ActionNames {
		decision, by := decide(identity, action)
		result := types.EvaluationResult{EvalActionName: aws.String(action), EvalResourceName: aws.String("*"), EvalDecision: decision}
		for _, policy := range by {
			result.MatchedStatements = append(result.MatchedStatements, types.Statement{SourcePolicyId: aws.String(policy), SourcePolicyType: types.PolicySourceTypeRole})
		}
		if p := w.Policies[role.Boundary]; p != nil {
			within, _ := decide(statements(p.Name, p.Document), action)
			allowed := within == types.PolicyEvaluationDecisionTypeAllowed
			result.PermissionsBoundaryDecisionDetail = &types.PermissionsBoundaryDecisionDetail{AllowedByPermissionsBoundary: allowed}
			if !allowed && decision == types.PolicyEvaluationDecisionTypeAllowed {
				result.EvalDecision, result.MatchedStatements = types.PolicyEvaluationDecisionTypeImplicitDeny, nil
			}
		}
		out.EvaluationResults = append(out.EvaluationResults, result)
	}
	return out, nil
}

type statement struct {
	policy            string
	deny, conditional bool
	actions, except   []string
}

// statements reads a policy document of the lab; they are fixed and tested to parse.
func statements(policy, document string) []statement {
	var doc struct{ Statement json.RawMessage }
	if json.Unmarshal([]byte(document), &doc) != nil {
		return nil
	}
	type raw struct {
		Effect            string
		Action, NotAction list
		Condition         json.RawMessage
	}
	var all []raw
	if json.Unmarshal(doc.Statement, &all) != nil {
		all = make([]raw, 1)
		if json.Unmarshal(doc.Statement, &all[0]) != nil {
			return nil
		}
	}
	var out []statement
	for _, s := range all {
		out = append(out, statement{policy: policy, deny: s.Effect == "Deny", conditional: len(s.Condition) > 0, actions: s.Action, except: s.NotAction})
	}
	return out
}

// list is a JSON string or a list of them.
type list []string

func (l *list) UnmarshalJSON(b []byte) error {
	var s string
	if json.Unmarshal(b, &s) == nil {
		*l = list{s}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(l))
}

func (s statement) covers(action string) bool {
	matches := func(patterns []string) bool {
		return slices.ContainsFunc(patterns, func(p string) bool { return glob(strings.ToLower(p), strings.ToLower(action)) })
	}
	if s.conditional {
		return false
	}
	if len(s.except) > 0 {
		return !matches(s.except)
	}
	return matches(s.actions)
}

// decide weighs statements and names the policies that decided.
func decide(all []statement, action string) (types.PolicyEvaluationDecisionType, []string) {
	var allow []string
	for _, s := range all {
		switch {
		case !s.covers(action):
		case s.deny:
			return types.PolicyEvaluationDecisionTypeExplicitDeny, []string{s.policy}
		default:
			allow = append(allow, s.policy)
		}
	}
	if len(allow) == 0 {
		return types.PolicyEvaluationDecisionTypeImplicitDeny, nil
	}
	return types.PolicyEvaluationDecisionTypeAllowed, allow
}
