package probe

import (
	"fmt"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/policy"
)

// trust is what a role's trust policy says to a service.
type trust struct {
	policy.Decision
	service string
	// broken is why the document could not be read as a policy.
	broken error
}

// ec2Services are the names by which EC2 assumes a role in a partition: in the
// China regions it has its own, and roles there are made with either.
func ec2Services(t estate.Target) []string {
	if t.Partition == "aws-cn" {
		return []string{"ec2.amazonaws.com.cn", "ec2.amazonaws.com"}
	}
	return []string{"ec2.amazonaws.com"}
}

// trustOf evaluates a trust policy for the first of the services that may assume
// the role, or else for the first of them.
func trustOf(role estate.Role, known policy.Context, services ...string) trust {
	document, err := policy.Parse(role.Trust)
	if err != nil {
		return trust{Decision: policy.Decision{Verdict: policy.Undecided}, broken: err}
	}
	p := policy.Policy{Source: policy.Source{Policy: role.Name}, Document: document}
	var best trust
	for i, s := range services {
		t := trust{Decision: policy.Trust(p, s, "sts:AssumeRole", known), service: s}
		if i == 0 || t.Verdict == policy.Allowed || t.Verdict == policy.Undecided && best.Verdict.Denied() {
			best = t
		}
		if best.Verdict == policy.Allowed {
			break
		}
	}
	return best
}

// whys are the reasons of an undecided trust.
func (t trust) whys() []fact.Why {
	if t.broken != nil {
		return []fact.Why{{Reason: fact.NotModelled, Detail: t.broken.Error()}}
	}
	return conditionWhys(t.Grants.Open)
}

func (t trust) unreadable(at estate.Key, o fact.Origin) Verdict {
	out := unknown(lang.Both("not a policy document", "ポリシードキュメントとして解釈できない"), t.whys()...)
	out.Evidence = []finding.Evidence{see(at, "trust", t.broken.Error(), lang.Both("the trust policy could not be parsed", "信頼ポリシーの構文を解釈できず"), o)}
	return out
}

// conditionWhys says what an evaluation left open, once for each thing. Unread
// policies are not among them: they have reasons of their own.
func conditionWhys(open []policy.Open) []fact.Why {
	var out []fact.Why
	for _, o := range open {
		if o.Kind == "policy" {
			continue
		}
		detail := o.Kind + " " + o.What
		if o.Ref != nil {
			detail += " (" + refText(*o.Ref) + ")"
		}
		out = append(out, fact.Why{Reason: fact.NotModelled, Detail: detail})
	}
	return dedupe(out)
}

// refText names a statement: `AllowSSM v2 Statement[1] (Sid "Core")`.
func refText(r policy.Ref) string {
	s := sourceText(r.Source) + fmt.Sprintf(" Statement[%d]", r.Index)
	if r.Sid != "" {
		s += fmt.Sprintf(" (Sid %q)", r.Sid)
	}
	return s
}

func sourceText(s policy.Source) string { return join(s.Policy, s.Version) }
