package policy

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	instanceARN = "arn:aws:ec2:ap-northeast-1:111122223333:instance/i-1"
	roleARN     = "arn:aws:iam::111122223333:role/path/App"
	update      = "ssm:UpdateInstanceInformation"
)

// managedCore is the part of AmazonSSMManagedInstanceCore that registration needs.
const managedCore = `{"Version":"2012-10-17","Statement":[
	{"Effect":"Allow","Action":["ssm:GetDocument","ssm:UpdateInstanceInformation"],"Resource":"*"},
	{"Effect":"Allow","Action":["ssmmessages:CreateControlChannel","ssmmessages:OpenDataChannel"],"Resource":"*"}]}`

func mustParse(t interface {
	Helper()
	Fatalf(string, ...any)
}, name, text string) Policy {
	t.Helper()
	d, err := Parse(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return Policy{Source: Source{Policy: name}, Document: d}
}

// statement writes a document with one statement.
func statement(inside string) string {
	return `{"Version":"2012-10-17","Statement":{` + inside + `}}`
}

func TestIdentity(t *testing.T) {
	known := Context{}.With("aws:RequestedRegion", "ap-northeast-1").With("aws:PrincipalArn", roleARN).
		With("ec2:SourceInstanceARN", instanceARN).With("aws:CurrentTime", "2026-11-21T00:00:00Z").
		With("aws:SourceIp", "10.0.1.5").With("aws:SecureTransport", "true").With("aws:CalledVia").
		With("aws:TagKeys", "a", "b").With("n", "10")
	tests := []struct {
		name     string
		policies []string
		want     Verdict
		by       string // "policy/index"
		open     string
	}{
		{"no policy", nil, ImplicitDeny, "", ""},
		{"AWS's own", []string{managedCore}, Allowed, "p0/0", ""},
		{"case of the action", []string{statement(`"Effect":"Allow","Action":"SSM:updateinstance*","Resource":"*"`)}, Allowed, "p0/0", ""},
		{"question marks", []string{statement(`"Effect":"Allow","Action":"ssm:Update????????Information","Resource":"*"`)}, Allowed, "p0/0", ""},
		{"another action", []string{statement(`"Effect":"Allow","Action":"ssm:Get*","Resource":"*"`)}, ImplicitDeny, "", ""},
		{"everything", []string{statement(`"Effect":"Allow","Action":"*","Resource":"*"`)}, Allowed, "p0/0", ""},
		{"not action, other", []string{statement(`"Effect":"Allow","NotAction":"iam:*","Resource":"*"`)}, Allowed, "p0/0", ""},
		{"not action, this", []string{statement(`"Effect":"Allow","NotAction":"ssm:*","Resource":"*"`)}, ImplicitDeny, "", ""},
		{"deny wins", []string{managedCore, statement(`"Effect":"Deny","Action":"ssm:*","Resource":"*"`)}, ExplicitDeny, "p1/0", ""},
		{"deny by not resource", []string{managedCore, statement(`"Effect":"Deny","Action":"*","NotResource":"arn:aws:s3:::*"`)}, ExplicitDeny, "p1/0", ""},
		{"own instance", []string{statement(`"Effect":"Allow","Action":"ssm:*","Resource":"arn:aws:ec2:*:111122223333:instance/*"`)}, Allowed, "p0/0", ""},
		{"other account", []string{statement(`"Effect":"Allow","Action":"ssm:*","Resource":"arn:aws:ec2:*:999999999999:instance/*"`)}, ImplicitDeny, "", ""},
		{"star over segments", []string{statement(`"Effect":"Allow","Action":"ssm:*","Resource":"arn:aws:ec2:*"`)}, Allowed, "p0/0", ""},
		{"completed", []string{statement(`"Effect":"Allow","Action":"ssm:*","Resource":"arn:aws:ec2"`)}, Allowed, "p0/0", ""},
		{"star inside a segment", []string{statement(`"Effect":"Allow","Action":"ssm:*","Resource":"arn:aws:e*e/i-1"`)}, Undecided, "", "resource arn:aws:e*e/i-1"},
		{"variable, known", []string{statement(`"Effect":"Allow","Action":"ssm:*","Resource":"${ec2:SourceInstanceARN}"`)}, Allowed, "p0/0", ""},
		{"variable, unknown", []string{statement(`"Effect":"Allow","Action":"ssm:*","Resource":"arn:aws:ec2:*:*:instance/${aws:PrincipalTag/host}"`)}, Undecided, "", "resource arn:aws:ec2:*:*:instance/${aws:PrincipalTag/host}"},
		{"variable that cannot matter", []string{statement(`"Effect":"Allow","Action":"ssm:*","Resource":"arn:aws:s3:::${aws:PrincipalTag/host}"`)}, ImplicitDeny, "", ""},
		{"variable with fallback", []string{statement(`"Effect":"Allow","Action":"ssm:*","Resource":"arn:aws:ec2:*:*:instance/${aws:CalledVia, 'i-1'}"`)}, Allowed, "p0/0", ""},
		{"no variables in 2008", []string{`{"Statement":{"Effect":"Allow","Action":"ssm:*","Resource":"${ec2:SourceInstanceARN}"}}`}, ImplicitDeny, "", ""},
		{"no resource", []string{statement(`"Effect":"Allow","Action":"ssm:*"`)}, Undecided, "", "resource no Resource"},
		{"condition true", []string{conditioned(`"StringEquals":{"aws:RequestedRegion":["us-east-1","ap-northeast-1"]}`)}, Allowed, "p0/0", ""},
		{"condition false", []string{conditioned(`"StringEquals":{"aws:requestedregion":"us-east-1"}`)}, ImplicitDeny, "", ""},
		{"condition, case", []string{conditioned(`"StringEquals":{"aws:RequestedRegion":"AP-NORTHEAST-1"}`)}, ImplicitDeny, "", ""},
		{"condition, ignore case", []string{conditioned(`"StringEqualsIgnoreCase":{"aws:RequestedRegion":"AP-NORTHEAST-1"}`)}, Allowed, "p0/0", ""},
		{"condition, like", []string{conditioned(`"StringLike":{"aws:RequestedRegion":"ap-*"}`)}, Allowed, "p0/0", ""},
		{"condition, star is text", []string{conditioned(`"StringEquals":{"aws:RequestedRegion":"ap-*"}`)}, ImplicitDeny, "", ""},
		{"condition, not like", []string{conditioned(`"StringNotLike":{"aws:RequestedRegion":"ap-*"}`)}, ImplicitDeny, "", ""},
		{"condition unknown", []string{conditioned(`"StringEquals":{"aws:SourceVpc":"vpc-1"}`)}, Undecided, "", "condition StringEquals aws:SourceVpc"},
		{"condition unknown, if exists", []string{conditioned(`"StringEqualsIfExists":{"aws:SourceVpc":"vpc-1"}`)}, Undecided, "", "condition StringEqualsIfExists aws:SourceVpc"},
		{"condition absent", []string{conditioned(`"StringEquals":{"aws:CalledVia":"x"}`)}, ImplicitDeny, "", ""},
		{"condition absent, if exists", []string{conditioned(`"StringEqualsIfExists":{"aws:CalledVia":"x"}`)}, Allowed, "p0/0", ""},
		{"condition absent, negated", []string{conditioned(`"StringNotEquals":{"aws:CalledVia":"x"}`)}, Allowed, "p0/0", ""},
		{"condition absent, all", []string{conditioned(`"ForAllValues:StringEquals":{"aws:CalledVia":"x"}`)}, Allowed, "p0/0", ""},
		{"condition absent, any", []string{conditioned(`"ForAnyValue:StringNotEquals":{"aws:CalledVia":"x"}`)}, ImplicitDeny, "", ""},
		{"set, all", []string{conditioned(`"ForAllValues:StringEquals":{"aws:TagKeys":["a","b","c"]}`)}, Allowed, "p0/0", ""},
		{"set, not all", []string{conditioned(`"ForAllValues:StringEquals":{"aws:TagKeys":["a"]}`)}, ImplicitDeny, "", ""},
		{"set, any", []string{conditioned(`"ForAnyValue:StringEquals":{"aws:TagKeys":["b"]}`)}, Allowed, "p0/0", ""},
		{"set without an operator", []string{conditioned(`"StringEquals":{"aws:TagKeys":["b"]}`)}, Undecided, "", "condition StringEquals aws:TagKeys"},
		{"unknown operator", []string{conditioned(`"BinaryEquals":{"aws:CalledVia":"x"}`)}, Undecided, "", "condition BinaryEquals aws:CalledVia"},
		{"made-up operator", []string{conditioned(`"NotBool":{"aws:SecureTransport":"false"}`)}, Undecided, "", "condition NotBool aws:SecureTransport"},
		{"null, absent", []string{conditioned(`"Null":{"aws:CalledVia":"true"}`)}, Allowed, "p0/0", ""},
		{"null, there", []string{conditioned(`"Null":{"aws:SourceIp":"true"}`)}, ImplicitDeny, "", ""},
		{"null, unknown", []string{conditioned(`"Null":{"aws:SourceVpc":"true"}`)}, Undecided, "", "condition Null aws:SourceVpc"},
		{"bool", []string{conditioned(`"Bool":{"aws:SecureTransport":"True"}`)}, Allowed, "p0/0", ""},
		{"bool, nonsense", []string{conditioned(`"Bool":{"aws:SecureTransport":"yes"}`)}, Undecided, "", "condition Bool aws:SecureTransport"},
		{"address", []string{conditioned(`"IpAddress":{"aws:SourceIp":["192.0.2.1","10.0.0.0/8"]}`)}, Allowed, "p0/0", ""},
		{"not address", []string{conditioned(`"NotIpAddress":{"aws:SourceIp":"10.0.0.0/8"}`)}, ImplicitDeny, "", ""},
		{"address out of range", []string{conditioned(`"IpAddress":{"aws:SourceIp":"10.0.0.0/33"}`)}, Undecided, "", "condition IpAddress aws:SourceIp"},
		{"arn", []string{conditioned(`"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/path/*"}`)}, Allowed, "p0/0", ""},
		{"arn, not", []string{conditioned(`"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/path/*"}`)}, ImplicitDeny, "", ""},
		{"date", []string{conditioned(`"DateLessThan":{"aws:CurrentTime":"2027-01-01T00:00:00Z"},"DateGreaterThanEquals":{"aws:CurrentTime":"2026-11-21"}`)}, Allowed, "p0/0", ""},
		{"date, epoch", []string{conditioned(`"DateLessThan":{"aws:CurrentTime":"1500000000"}`)}, ImplicitDeny, "", ""},
		{"date, nonsense", []string{conditioned(`"DateLessThan":{"aws:CurrentTime":"tomorrow"}`)}, Undecided, "", "condition DateLessThan aws:CurrentTime"},
		{"number", []string{conditioned(`"NumericGreaterThan":{"n":9.5},"NumericNotEquals":{"n":11}`)}, Allowed, "p0/0", ""},
		{"number, orders", []string{conditioned(`"NumericLessThanEquals":{"n":10},"NumericGreaterThanEquals":{"n":"10.0"},"NumericLessThan":{"n":11}`)}, Allowed, "p0/0", ""},
		{"number, made-up order", []string{conditioned(`"NumericAbout":{"n":10}`)}, Undecided, "", "condition NumericAbout n"},
		{"date, made-up order", []string{conditioned(`"DateAround":{"aws:CurrentTime":"2026-11-21"}`)}, Undecided, "", "condition DateAround aws:CurrentTime"},
		{"literal characters", []string{conditioned(`"StringLike":{"n":"1${*}"}`)}, ImplicitDeny, "", ""},
		{"variable without an end", []string{conditioned(`"StringEquals":{"n":"${n"}`)}, ImplicitDeny, "", ""},
		{"number, huge exponent", []string{conditioned(`"NumericLessThan":{"n":"1e999999999"}`)}, Undecided, "", "condition NumericLessThan n"},
		{"two keys, one false", []string{conditioned(`"StringEquals":{"aws:SourceVpc":"vpc-1","aws:RequestedRegion":"us-east-1"}`)}, ImplicitDeny, "", ""},
		{"deny undecided", []string{managedCore, statement(`"Effect":"Deny","Action":"*","Resource":"*","Condition":{"StringNotEquals":{"aws:SourceVpce":"vpce-1"}}`)}, Undecided, "p0/0", "condition StringNotEquals aws:SourceVpce"},
		{"deny undecided, nothing allowed", []string{statement(`"Effect":"Deny","Action":"*","Resource":"*","Condition":{"StringNotEquals":{"aws:SourceVpce":"vpce-1"}}`)}, ImplicitDeny, "", ""},
		{"unknown allow beside a sure one", []string{conditioned(`"StringEquals":{"aws:SourceVpc":"vpc-1"}`), managedCore}, Allowed, "p1/0", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var set Set
			for i, text := range tt.policies {
				set.Policies = append(set.Policies, mustParse(t, fmt.Sprintf("p%d", i), text))
			}
			d := Identity(Request{Action: update, Resource: instanceARN, Context: known}, set, nil)
			by := ""
			if d.Grants.By != nil {
				by = fmt.Sprintf("%s/%d", d.Grants.By.Policy, d.Grants.By.Index)
			}
			var open []string
			for _, o := range d.Grants.Open {
				open = append(open, o.Kind+" "+o.What)
			}
			if got := strings.Join(open, "; "); d.Verdict != tt.want || by != tt.by || got != tt.open {
				t.Errorf("got %s by %q open %q, want %s by %q open %q", d.Verdict, by, got, tt.want, tt.by, tt.open)
			}
		})
	}
}

// conditioned writes a document that allows everything under a condition.
func conditioned(condition string) string {
	return statement(`"Effect":"Allow","Action":"*","Resource":"*","Condition":{` + condition + `}`)
}

func TestUnreadPolicies(t *testing.T) {
	core := mustParse(t, "core", managedCore)
	deny := mustParse(t, "deny", statement(`"Effect":"Deny","Action":"*","Resource":"*"`))
	q := Request{Action: update, Resource: instanceARN}
	tests := []struct {
		name     string
		grants   Set
		boundary *Set
		want     Verdict
	}{
		{"allowed and an unread one", Set{[]Policy{core}, []string{"x"}}, nil, Undecided},
		{"nothing and an unread one", Set{nil, []string{"x"}}, nil, Undecided},
		{"an unread one does not lift a deny", Set{[]Policy{deny}, []string{"x"}}, nil, ExplicitDeny},
		{"boundary allows", Set{Policies: []Policy{core}}, &Set{Policies: []Policy{core}}, Allowed},
		{"boundary does not name it", Set{Policies: []Policy{core}}, &Set{}, ImplicitDeny},
		{"boundary denies", Set{Policies: []Policy{core}}, &Set{Policies: []Policy{deny}}, ExplicitDeny},
		{"boundary unread", Set{Policies: []Policy{core}}, &Set{Unread: []string{"b"}}, Undecided},
		{"boundary allows what is not granted", Set{}, &Set{Policies: []Policy{core}}, ImplicitDeny},
		{"boundary unread, not granted", Set{}, &Set{Unread: []string{"b"}}, ImplicitDeny},
		{"boundary denies, grants unread", Set{Unread: []string{"x"}}, &Set{}, ImplicitDeny},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Identity(q, tt.grants, tt.boundary); got.Verdict != tt.want {
				t.Errorf("got %+v, want %s", got, tt.want)
			}
		})
	}
}

func TestClosest(t *testing.T) {
	p := mustParse(t, "p", `{"Version":"2012-10-17","Statement":[
		{"Sid":"Other","Effect":"Allow","Action":"s3:*","Resource":"*"},
		{"Sid":"Near","Effect":"Allow","Action":"ssm:*","Resource":"arn:aws:ec2:*:*:instance/i-2"}]}`)
	got := Identity(Request{Action: update, Resource: instanceARN}, Set{Policies: []Policy{p}}, nil).Grants
	want := Part{Verdict: ImplicitDeny, ClosestFails: "resource",
		Closest: &Ref{Source: Source{Policy: "p"}, Sid: "Near", Index: 1, Effect: Allow}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestUnscopedAction(t *testing.T) {
	q := Request{Action: "ssmmessages:OpenDataChannel", Resource: "arn:aws:ssmmessages:ap-northeast-1:111122223333:*", Unscoped: true}
	for resource, want := range map[string]Verdict{
		"*":                         Allowed,
		"arn:aws:ssmmessages:*:*:*": Undecided,
		"arn:aws:ec2:*:*:*":         ImplicitDeny,
	} {
		p := mustParse(t, "p", statement(`"Effect":"Allow","Action":"*","Resource":"`+resource+`"`))
		if got := Identity(q, Set{Policies: []Policy{p}}, nil); got.Verdict != want {
			t.Errorf("%s: got %s, want %s", resource, got.Verdict, want)
		}
	}
}

func TestTrust(t *testing.T) {
	tests := []struct {
		inside string
		want   Verdict
	}{
		{`"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"ec2.amazonaws.com"}`, Allowed},
		{`"Effect":"Allow","Action":"sts:*","Principal":{"Service":["ssm.amazonaws.com","ec2.amazonaws.com"]}`, Allowed},
		{`"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"lambda.amazonaws.com"}`, ImplicitDeny},
		{`"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"111122223333"}`, ImplicitDeny},
		{`"Effect":"Allow","Action":"sts:AssumeRole","Principal":"*"`, Allowed},
		{`"Effect":"Allow","Action":"sts:TagSession","Principal":{"Service":"ec2.amazonaws.com"}`, ImplicitDeny},
		{`"Effect":"Deny","Action":"sts:AssumeRole","Principal":{"AWS":"*"}`, ExplicitDeny},
		{`"Effect":"Deny","Action":"sts:AssumeRole","NotPrincipal":{"Service":"ssm.amazonaws.com"}`, ExplicitDeny},
		{`"Effect":"Allow","Action":"sts:AssumeRole","NotPrincipal":{"Service":"ec2.amazonaws.com"}`, ImplicitDeny},
		{`"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"ec2.amazonaws.com"},"Condition":{"StringEquals":{"aws:SourceAccount":"1"}}`, Undecided},
		{`"Effect":"Allow","Action":"sts:AssumeRole"`, Undecided},
	}
	for _, tt := range tests {
		if got := Trust(mustParse(t, "trust", statement(tt.inside)), "ec2.amazonaws.com", "sts:AssumeRole", nil); got.Verdict != tt.want {
			t.Errorf("%s: got %s, want %s", tt.inside, got.Verdict, tt.want)
		}
	}
}

func TestResource(t *testing.T) {
	q := Request{Action: update, Resource: instanceARN, Who: Who{Role: roleARN, Session: "i-1", Account: "111122223333"},
		Context: Context{}.With("aws:SourceVpc", "vpc-1")}
	tests := []struct {
		principal string
		want      Verdict
	}{
		{`"Principal":"*"`, Allowed},
		{`"Principal":{"AWS":"*"}`, Allowed},
		{`"Principal":{"AWS":["999999999999","111122223333"]}`, Allowed},
		{`"Principal":{"AWS":"arn:aws:iam::111122223333:root"}`, Allowed},
		{`"Principal":{"AWS":"arn:aws:iam::111122223333:role/path/App"}`, Allowed},
		{`"Principal":{"AWS":"arn:aws:iam::111122223333:role/App"}`, ImplicitDeny},
		{`"Principal":{"AWS":"arn:aws:sts::111122223333:assumed-role/App/i-1"}`, Allowed},
		{`"Principal":{"AWS":"arn:aws:sts::111122223333:assumed-role/App/i-2"}`, ImplicitDeny},
		{`"Principal":{"AWS":"AROAXXXXXXXX"}`, Undecided},
		{`"Principal":{"Service":"ec2.amazonaws.com"}`, ImplicitDeny},
		{`"NotPrincipal":{"AWS":"999999999999"}`, Allowed},
		{`"NotPrincipal":{"AWS":"111122223333"}`, Undecided},
		{`"NotPrincipal":{"AWS":"*"}`, ImplicitDeny},
		{`"Principal":"*","Condition":{"StringEquals":{"aws:SourceVpc":"vpc-2"}}`, ImplicitDeny},
	}
	for _, tt := range tests {
		p := mustParse(t, "endpoint", statement(`"Effect":"Allow","Action":"*","Resource":"*",`+tt.principal))
		if got := Resource(p, q); got.Verdict != tt.want {
			t.Errorf("%s: got %+v, want %s", tt.principal, got, tt.want)
		}
	}
	nameless := q
	nameless.Who.Session = ""
	session := mustParse(t, "endpoint", statement(`"Effect":"Allow","Action":"*","Resource":"*","Principal":{"AWS":"arn:aws:sts::111122223333:assumed-role/App/i-1"}`))
	if got := Resource(session, nameless); got.Verdict != Undecided {
		t.Errorf("a session without a name: got %s", got.Verdict)
	}
	nameless.Who.Account = "999999999999"
	if got := Resource(session, nameless); got.Verdict != ImplicitDeny {
		t.Errorf("a session of another account: got %s", got.Verdict)
	}
	anonymous := q
	anonymous.Who = Who{}
	p := mustParse(t, "endpoint", statement(`"Effect":"Allow","Action":"*","Resource":"*","Principal":{"AWS":"111122223333"}`))
	if got := Resource(p, anonymous); got.Verdict != Undecided {
		t.Errorf("an unknown role: got %s", got.Verdict)
	}
}
