package probe

import (
	"slices"
	"strings"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/policy"
)

// rights are what the policies of one role let the agent do.
type rights struct {
	role     string
	texts    roleTexts
	decided  []right
	findings []finding.Finding
	evidence []finding.Evidence
	// undecided says that something of what decides is open; open are the reasons.
	undecided bool
	open      []fact.Why
}

// right is the decision on one action.
type right struct {
	action string
	policy.Decision
}

// roleTexts are the policies of a role, parsed.
type roleTexts struct {
	grants   policy.Set
	boundary *policy.Set
	// boundaryARN is "" where the role has none, or where that is not known.
	boundaryARN    string
	whys           []fact.Why
	origin         fact.Origin
	boundaryOrigin fact.Origin
}

// textsOf reads the policies of a role and its permissions boundary.
func textsOf(v *estate.View, name string) roleTexts {
	role := estate.RolePart.Of(v, name)
	part := estate.RolePoliciesPart.Of(v, name)
	out := roleTexts{origin: part.Origin()}
	if list, known := part.Get(); known {
		for _, t := range slices.Concat(list.Attached, list.Inline) {
			out.add(&out.grants, t)
		}
		for _, u := range list.Unread {
			out.grants.Unread = append(out.grants.Unread, u.Name)
			why := fact.Why{Reason: fact.Reason(u.Reason), Action: u.Action, Resource: u.Name, Detail: u.Detail}
			if why.Reason == "" {
				why.Reason = fact.NotRecorded
			}
			out.whys = append(out.whys, why)
		}
	} else {
		out.grants.Unread = []string{name}
		out.whys = append(out.whys, orNotRecorded(part)...)
	}
	r, known := role.Get()
	if !known {
		out.boundary = &policy.Set{Unread: []string{name}}
		out.whys = append(out.whys, orNotRecorded(role)...)
		return out
	}
	if r.BoundaryARN == "" {
		return out
	}
	out.boundaryARN = r.BoundaryARN
	out.boundary = &policy.Set{}
	boundary := estate.BoundaryPart.Of(v, r.BoundaryARN)
	out.boundaryOrigin = boundary.Origin()
	if t, known := boundary.Get(); known {
		out.add(out.boundary, t)
	} else {
		out.boundary.Unread = []string{r.BoundaryARN}
		out.whys = append(out.whys, orNotRecorded(boundary)...)
	}
	return out
}

// add parses a text into a set; what does not parse counts as unread.
func (r *roleTexts) add(set *policy.Set, t estate.PolicyText) {
	d, err := policy.Parse(t.JSON)
	if err != nil {
		set.Unread = append(set.Unread, t.Name)
		r.whys = append(r.whys, fact.Why{Reason: fact.NotModelled, Resource: t.Name, Detail: err.Error()})
		return
	}
	set.Policies = append(set.Policies, policy.Policy{Source: policy.Source{Policy: t.Name, ARN: t.ARN, Version: t.Version}, Document: d})
}

// rightsOf evaluates the agent's actions for a role. profile is the name of the
// instance profile, "" for the role of Default Host Management.
func rightsOf(v *estate.View, p patient, role, arn, profile string) rights {
	out := rights{role: role, texts: textsOf(v, role)}
	out.open = out.texts.whys
	request := profileRequest
	if profile == "" {
		request = agentRequest
	}
	for _, action := range agentActions() {
		d := right{action, policy.Identity(request(v, p, arn, action), out.texts.grants, out.texts.boundary)}
		out.decided = append(out.decided, d)
		for _, part := range d.parts() {
			if part.Verdict == policy.Undecided {
				out.undecided = true
				out.open = append(out.open, conditionWhys(part.Open)...)
			}
		}
	}
	out.collect(profile)
	return out
}

// parts are what the role's policies and its boundary say by themselves.
func (d right) parts() []policy.Part {
	if d.Boundary == nil {
		return []policy.Part{d.Grants}
	}
	return []policy.Part{d.Grants, *d.Boundary}
}

// may is the decision on one action.
func (r rights) may(action string) policy.Verdict {
	for _, d := range r.decided {
		if d.action == action {
			return d.Verdict
		}
	}
	return policy.Undecided
}

// collect turns decisions into findings, one for each way to be refused, and into
// the evidence of what is allowed.
func (r *rights) collect(profile string) {
	var missing, denied, bounded, allowed, within tally
	at := estate.RolePoliciesPart.Key(r.role)
	boundary := estate.BoundaryPart.Key(r.texts.boundaryARN)
	for _, d := range r.decided {
		switch d.Grants.Verdict {
		case policy.ImplicitDeny:
			missing.add(d.action, d.Grants)
		case policy.ExplicitDeny:
			denied.add(d.action, d.Grants)
		case policy.Allowed:
			allowed.add(d.action, d.Grants)
		}
		switch {
		case d.Boundary == nil:
		case d.Boundary.Verdict.Denied():
			bounded.add(d.action, *d.Boundary)
		case d.Boundary.Verdict == policy.Allowed:
			within.add(d.action, *d.Boundary)
		}
	}
	names := setText(r.texts.grants)
	r.evidence = append(allowed.evidence(at, names, lang.Both("allows %s", "%s を許可"), r.texts.origin),
		within.evidence(boundary, "", lang.Both("the permissions boundary allows %s", "アクセス許可の境界が %s を許可"), r.texts.boundaryOrigin)...)
	report := func(code finding.Code, x tally, policies string, evidence ...finding.Evidence) {
		if len(x.actions) == 0 {
			return
		}
		r.findings = append(r.findings, finding.Finding{
			Code: code, Subject: r.role, Certainty: finding.Proven, Scope: x.scope(),
			Params:   iamParams(r.role, profile, strings.Join(x.actions, ", "), policies),
			Evidence: evidence,
		})
	}
	report(finding.IAMPermissionMissing, missing, names, missing.evidence(at, names,
		lang.Both("no statement of these policies allows %s", "これらのポリシーに %s を許可するステートメントなし"), r.texts.origin)...)
	report(finding.IAMPermissionDenied, denied, denied.policies(), denied.evidence(at, names,
		lang.Both("an explicit deny of %s wins over every allow", "%s の明示的な拒否は許可より優先"), r.texts.origin)...)
	if len(bounded.actions) > 0 {
		report(finding.IAMBoundaryBlocks, bounded, lastName(r.texts.boundaryARN), bounded.evidence(boundary, setText(*r.texts.boundary),
			lang.Both("the permissions boundary does not allow %s, whatever other policies say", "アクセス許可の境界が %s を許可していない（他のポリシーの許可は無効）"), r.texts.boundaryOrigin)...)
	}
}

// tally collects the actions that were decided in one way.
type tally struct {
	actions []string
	parts   []policy.Part
}

func (x *tally) add(action string, p policy.Part) {
	x.actions = append(x.actions, action)
	x.parts = append(x.parts, p)
}

// serviceOf is the service prefix of an action: "ssm" of "ssm:UpdateInstanceInformation".
func serviceOf(action string) string {
	service, _, _ := strings.Cut(action, ":")
	return service
}

// scope are the services of the actions.
func (x tally) scope() []string {
	var out []string
	for _, a := range x.actions {
		if s := serviceOf(a); !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// policies names the policies whose statements decided.
func (x tally) policies() string {
	var out []string
	for _, p := range x.parts {
		if p.By != nil && !slices.Contains(out, p.By.Policy) {
			out = append(out, p.By.Policy)
		}
	}
	return strings.Join(out, ", ")
}

// evidence is one piece for the actions that no statement decides, and one for each
// statement that denies, or that comes closest to allowing.
func (x tally) evidence(at estate.Key, names string, rule lang.Text, o fact.Origin) []finding.Evidence {
	var by, near []policy.Ref
	actions := map[policy.Ref][]string{}
	fails := map[policy.Ref]string{}
	var rest []string
	for i, p := range x.parts {
		if p.By == nil {
			rest = append(rest, x.actions[i])
		} else {
			if actions[*p.By] == nil {
				by = append(by, *p.By)
			}
			actions[*p.By] = append(actions[*p.By], x.actions[i])
		}
		if c := p.Closest; c != nil && fails[*c] == "" {
			near = append(near, *c)
			fails[*c] = p.ClosestFails
		}
	}
	var out []finding.Evidence
	if len(rest) > 0 {
		out = append(out, see(at, "", names, rule.With(strings.Join(rest, ", ")), o))
	}
	for _, ref := range by {
		out = append(out, see(at, "", refText(ref), rule.With(strings.Join(actions[ref], ", ")), o))
	}
	for _, ref := range near {
		out = append(out, see(at, "", refText(ref), closestText(fails[ref]), o))
	}
	return out
}

func closestText(fails string) lang.Text {
	if fails == "condition" {
		return lang.Both("the closest: allows the action, but its Condition is not met", "最も近い許可だが Condition が不一致")
	}
	return lang.Both("the closest: allows the action, but its Resource does not cover this instance", "最も近い許可だが Resource が対象外")
}

// setText names the policies of a group.
func setText(s policy.Set) string {
	var out []string
	for _, p := range s.Policies {
		out = append(out, sourceText(p.Source))
	}
	return orDash(strings.Join(append(out, s.Unread...), ", "))
}
