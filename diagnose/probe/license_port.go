package probe

import (
	"slices"
	"strings"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/reach"
)

// judgeLicensePort judges the path from the instance to the endpoints at which
// Office is activated (domain.md LM-6).
func judgeLicensePort(v *estate.View) Verdict {
	p, l, stop := licensedPatient(v)
	if stop != nil {
		return *stop
	}
	products, whys := productsOf(v, p, l)
	if len(whys) > 0 {
		return unread(whys...)
	}
	if !l.Office && !slices.ContainsFunc(products, isOffice) {
		return notApplicable(lang.Both("only Office is activated over tcp/1688", "tcp/1688 を使用するのは Office のみ"))
	}
	// Asked for at once with what tells which of them are License Manager's.
	endpoints := estate.EndpointsPart.Of(v, p.VPC)
	interfaces := estate.EndpointInterfacesPart.Of(v, p.VPC)
	reg := registered(v, p, l)
	d, whys := licenseDomain(v)
	if whys = append(whys, reg.whys...); len(whys) > 0 {
		return unread(whys...)
	}
	settings, known := settingsOf(reg, d.Directory)
	if !known {
		return unread(fact.Why{Reason: fact.BlockedBy, Blocker: "license.provider"})
	}
	vpc := p.VPC
	if endpoints.IsUnknown() {
		return unread(endpoints.Why())
	}
	targets := activationEndpoints(endpoints.Value(), settings)
	if len(targets) == 0 && d.Row.VPC != "" && d.Row.VPC != p.VPC {
		// The settings may as well name subnets of the directory's VPC.
		vpc = d.Row.VPC
		endpoints, interfaces = estate.EndpointsPart.Of(v, vpc), estate.EndpointInterfacesPart.Of(v, vpc)
		if endpoints.IsUnknown() {
			return unread(endpoints.Why())
		}
		targets = activationEndpoints(endpoints.Value(), settings)
	}
	at := estate.EndpointsPart.Key(vpc)
	if len(targets) == 0 {
		// The service's name is not documented: endpoints are recognised by the
		// registration's group and subnets, and somebody may have changed either.
		verdict := unknown(lang.Both("no endpoint with the registration's group and subnets", "登録時のセキュリティグループ・サブネットに一致するエンドポイントなし（特定不可）"),
			fact.Why{Reason: fact.NotModelled, Action: "ec2:DescribeVpcEndpoints", Resource: vpc, Detail: join(settings.SecurityGroup, strings.Join(settings.Subnets, ","))})
		verdict.Evidence = []finding.Evidence{see(estate.IdentityProvidersPart.Key(""), settings.Directory, join(settings.SecurityGroup, strings.Join(settings.Subnets, ",")),
			lang.Both("where the registration makes its endpoints", "登録設定上のエンドポイント作成先"), reg.providers.Origin())}
		return verdict
	}
	j := portJudgement{v: v, p: p, l: l, d: d, at: at, origin: endpoints.Origin(), from: patientSide(p)}
	for _, e := range targets {
		j.endpoint(e, sidesOf(e, vpc, interfaces))
	}
	return j.verdict()
}

func isOffice(product string) bool { return strings.HasPrefix(strings.ToUpper(product), "OFFICE") }

// settingsOf finds the registration of Office for a directory, with its settings.
func settingsOf(reg registration, directory string) (estate.IdentityProvider, bool) {
	for _, row := range reg.rows {
		if row.Directory == directory && isOffice(row.Product) && row.SecurityGroup != "" {
			return row, true
		}
	}
	return estate.IdentityProvider{}, false
}

// activationEndpoints finds the endpoints that License Manager made: those with the
// registration's group in the registration's subnets (domain.md §5.2.4). Endpoints
// of known services that share the group are the customer's own; where AWS marks
// some of the rest as made by a service, those are the ones.
func activationEndpoints(all []estate.Endpoint, settings estate.IdentityProvider) []estate.Endpoint {
	var out []estate.Endpoint
	for _, e := range all {
		inside := !slices.ContainsFunc(e.Subnets, func(s string) bool {
			return len(settings.Subnets) > 0 && !slices.Contains(settings.Subnets, s)
		})
		if e.Type == "Interface" && inside && slices.Contains(e.Groups, settings.SecurityGroup) && !ownService(e.Service) {
			out = append(out, e)
		}
	}
	if slices.ContainsFunc(out, func(e estate.Endpoint) bool { return e.Managed }) {
		out = slices.DeleteFunc(out, func(e estate.Endpoint) bool { return !e.Managed })
	}
	return out
}

// ownService reports whether customers make endpoints for the service themselves.
func ownService(service string) bool {
	if !strings.HasPrefix(service, "com.amazonaws.") && !strings.HasPrefix(service, "cn.com.amazonaws.") {
		return false
	}
	name := service[strings.LastIndexByte(service, '.')+1:]
	return slices.Contains([]string{
		"ssm", "ssmmessages", "ec2messages", "ec2", "logs", "monitoring", "events", "kms", "s3", "sts", "secretsmanager",
		"sns", "sqs", "license-manager", "license-manager-user-subscriptions", "ds", "ds-data", "dynamodb", "autoscaling",
		"cloudformation", "elasticloadbalancing", "execute-api", "lambda", "config", "rds", "fsx", "elasticfilesystem", "backup",
	}, name)
}

// sidesOf are the endpoint's interfaces as ends of paths. Where they cannot be read,
// the endpoint's groups and subnets stand for them.
func sidesOf(e estate.Endpoint, vpc string, interfaces fact.Of[[]estate.Interface]) []reach.Side {
	var out []reach.Side
	for _, i := range interfaces.Value() {
		if slices.Contains(e.Interfaces, i.ID) {
			s := interfaceSide(i)
			if len(s.Groups) == 0 {
				s.Groups = e.Groups
			}
			out = append(out, s)
		}
	}
	if len(out) > 0 {
		return out
	}
	for _, subnet := range e.Subnets {
		out = append(out, reach.Side{Label: e.ID, VPC: vpc, Subnet: subnet, Groups: e.Groups})
	}
	return out
}

// portJudgement gathers what is found about the endpoints.
type portJudgement struct {
	v      *estate.View
	p      patient
	l      license
	d      domain
	at     estate.Key
	origin fact.Origin
	from   reach.Side

	good  int
	found []finding.Finding
	open  []fact.Why
	read  []finding.Evidence
}

// endpoint judges one endpoint: one interface that can be reached is enough.
func (j *portJudgement) endpoint(e estate.Endpoint, sides []reach.Side) {
	var blocked []reach.Hop
	var open []fact.Why
	reached := false
	for _, to := range sides {
		path := reach.Between(j.v, reach.Question{From: j.from, To: to, Port: reach.TCP(activationPort)})
		switch path.Verdict {
		case reach.Yes:
			reached = true
		case reach.No:
			blocked = append(blocked, path.Blocked()...)
		default:
			open = append(open, path.Whys()...)
		}
	}
	seen := see(j.at, e.ID, join(e.Service, strings.Join(e.Groups, ","), e.State),
		lang.Both("an endpoint with the group and the subnets of the registration", "登録時のセキュリティグループ・サブネットを持つエンドポイント"), j.origin)
	j.read = append(j.read, seen)
	switch {
	case reached:
		j.good++
	case len(open) > 0 || len(blocked) == 0:
		if len(open) == 0 {
			open = []fact.Why{{Reason: fact.NotRecorded, Action: "ec2:DescribeNetworkInterfaces", Resource: e.ID}}
		}
		j.open = append(j.open, open...)
	default:
		evidence, certainty, changed := hops(blocked)
		f := finding.Finding{
			Code: finding.LicensePort1688Blocked, Subject: e.ID, Certainty: certainty.AtMost(j.d.Certainty), Scope: []string{"1688"},
			Params:   licenseParams(j.p, j.d.Directory, first(j.l.Product, j.l.Name), "", "tcp/1688"),
			Evidence: append(evidence, seen), Assumptions: j.d.assumptions,
		}
		j.found = append(j.found, afterDeath(j.v, j.p, []finding.Finding{f}, changed...)...)
	}
}

func (j *portJudgement) verdict() Verdict {
	if pending := pendingOf(j.open); len(pending) > 0 {
		return unread(pending...)
	}
	if j.good > 0 || len(j.open) > 0 {
		// Whether Office needs each of several endpoints is not documented.
		for i := range j.found {
			j.found[i].Severity, j.found[i].Certainty = finding.Warning, finding.Possible
		}
	}
	verdict := settle(j.found, j.open, lang.Both("%d endpoints can be reached on tcp/1688", "エンドポイント %d 個へ tcp/1688 で到達可能").With(j.good), j.read...)
	if verdict.Outcome == Problem {
		verdict.Say = lang.Both("tcp/1688 to %s is closed", "%s への tcp/1688 が通信不可").With(j.found[0].Subject)
	}
	return verdict
}
