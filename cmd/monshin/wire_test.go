package main

import (
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/monshin/monshin/diagnose/lang"
)

// These tests run the whole program against a small AWS-compatible endpoint over
// real HTTP, so that the SDK's serialisers, signers, retries and deserialisers, and
// what monshin makes of their errors, are tested together. See wire_endpoint_test.go.

// What reads: the only operations that a walk may send.
var reading = regexp.MustCompile(`^(Describe|Get|List|Lookup)[A-Z]`)

func TestWireHealthy(t *testing.T) {
	e := serve(t)
	pointAt(t, e.URL)
	code, r := diagnose(t, "not-in-systems-manager")
	if code != exitOK || !r.Complete || len(r.Findings) > 0 {
		t.Errorf("exit %d, complete %v, findings %+v", code, r.Complete, r.Findings)
	}
	if r.Target.Account != wireAccount || r.Target.Region != wireRegion {
		t.Errorf("target %+v", r.Target)
	}
	for _, u := range r.Unknowns {
		if u.Reason != "needs-guest" {
			t.Errorf("%s is unknown: %s %s", u.Probe, u.Reason, u.Action)
		}
	}
	for _, p := range []string{
		"instance.state", "ssm.registration", "ssm.channel", "iam.profile", "iam.trust", "iam.permissions", "endpoint.presence",
		"endpoint.security-groups", "endpoint.policy", "network.security-groups", "network.acls", "network.routes", "dns.vpc-attributes",
	} {
		if got := r.outcome(p); got != "ok" {
			t.Errorf("%s is %q", p, got)
		}
	}

	// What the report says was called is what reached the endpoint.
	if diff := cmp.Diff(e.actions(), r.Calls.ByOperation); diff != "" {
		t.Errorf("calls that arrived and calls reported differ:\n%s", diff)
	}
	for _, c := range e.sent() {
		if agent := c.header.Get("User-Agent"); !strings.Contains(" "+agent, " monshin/") {
			t.Errorf("%s does not name monshin in %q", c, agent)
		}
		if c.region != wireRegion {
			t.Errorf("%s is signed for %s", c, c.region)
		}
		if !reading.MatchString(c.action) || c.action == "GetPasswordData" {
			t.Errorf("%s was sent", c)
		}
	}
	if n := e.actions()["ec2:DescribeSecurityGroupRules"]; n < 2 {
		t.Errorf("%d pages of rules were read, of a list that has several", n)
	}
}

// Names come from outside: nothing of them may turn a terminal's text around, or
// clear its screen.
func TestWireNamesAreTame(t *testing.T) {
	e := serve(t)
	pointAt(t, e.URL)
	for _, l := range lang.All() {
		for _, format := range []string{"text", "markdown", "json"} {
			code, out, errs := invoke(t, "check", wirePatient, "-o", format, "--lang", string(l))
			if code != exitOK || !strings.Contains(out, "fileserver") && format != "json" {
				t.Errorf("%s in %s: exit %d, %s\n%s", format, l, code, errs, out)
			}
			if i := strings.IndexAny(out+errs, "\u202e\u009b\x1b"); i >= 0 {
				t.Errorf("%s in %s lets %q through", format, l, (out + errs)[i:min(len(out+errs), i+20)])
			}
		}
	}
}

func TestWireNoProfile(t *testing.T) {
	e := serve(t)
	e.estate.cut("ec2/DescribeInstances.xml", "<iamInstanceProfile>", "</iamInstanceProfile>")
	e.estate.cut("ec2/DescribeIamInstanceProfileAssociations.xml", "<item>", "</item>")
	e.estate.documents["ssm/DescribeInstanceInformation.json"] = `{"InstanceInformationList": []}`
	pointAt(t, e.URL)
	code, r := diagnose(t, "not-in-systems-manager")
	if diff := cmp.Diff([]string{"iam.profile-missing@" + wirePatient}, r.causes()); diff != "" || code != exitProblem {
		t.Fatalf("exit %d, root causes (-want +got):\n%s", code, diff)
	}
	if c := r.RootCauses[0]; c.Certainty != "proven" || !explains(c.Explains, "ssm.not-registered") {
		t.Errorf("%+v", c)
	}
}

func explains(ids []string, code string) bool {
	return slices.ContainsFunc(ids, func(id string) bool { return strings.HasPrefix(id, code) })
}

func TestWireEndpointGroup(t *testing.T) {
	e := serve(t)
	e.estate.replace("ec2/DescribeSecurityGroupRules.xml", "<fromPort>443</fromPort>", "<fromPort>8443</fromPort>")
	e.estate.replace("ec2/DescribeSecurityGroupRules.xml", "<toPort>443</toPort>", "<toPort>8443</toPort>")
	e.estate.documents["ssm/DescribeInstanceInformation.json"] = `{"InstanceInformationList": []}`
	pointAt(t, e.URL)
	code, r := diagnose(t, "not-in-systems-manager")
	want := []string{
		"endpoint.sg-blocks@com.amazonaws.ap-northeast-1.ssm",
		"endpoint.sg-blocks@com.amazonaws.ap-northeast-1.ssmmessages",
	}
	if diff := cmp.Diff(want, r.causes()); diff != "" || code != exitProblem {
		t.Errorf("exit %d, root causes (-want +got):\n%s", code, diff)
	}
}

// The main case, by every protocol: an Office instance that License Manager ended a
// day ago.
func TestWireOffice(t *testing.T) {
	e := serve(t)
	e.estate.load("office.txtar")
	pointAt(t, e.URL)
	code, r := diagnose(t, "office-terminates")
	if diff := cmp.Diff([]string{"dns.ad-domain-unresolvable@corp.example.com"}, r.causes()); diff != "" || code != exitProblem {
		t.Fatalf("exit %d, root causes (-want +got):\n%s", code, diff)
	}
	c := r.RootCauses[0]
	if c.Certainty != "proven" || !explains(c.Explains, "instance.terminated-by-license-manager") {
		t.Errorf("%+v", c)
	}
	services := map[string]bool{}
	for _, c := range e.sent() {
		services[c.service] = true
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(protocols)), slices.Sorted(maps.Keys(services))); diff != "" {
		t.Errorf("the services that were asked:\n%s", diff)
	}
}

// A secret in the output of a script reaches neither a report nor the journal.
func TestWireSecretsStayBehind(t *testing.T) {
	const secret = "Kita-Dake-3193!"
	e := serve(t)
	e.estate.load("office.txtar")
	pointAt(t, e.URL)
	for _, format := range []string{"text", "markdown", "json"} {
		state := t.TempDir()
		code, out, errs := invokeIn(t, state, "check", wirePatient, "--symptom", "office-terminates", "-o", format)
		if code != exitProblem || strings.Contains(out+errs, secret) {
			t.Errorf("%s: exit %d, the secret is in %q", format, code, out+errs)
		}
		kept := journalIn(t, state)
		if !strings.Contains(kept, "Add-Computer") {
			t.Error("the journal lacks the output")
		}
		for _, s := range []string{secret, wireSecret, wireKey} {
			if strings.Contains(kept, s) {
				t.Errorf("the journal holds %q", s)
			}
		}
	}
}

// Password data is asked for once, where a password is what it is about, and goes no
// further than the fact that there is some.
func TestWirePasswordData(t *testing.T) {
	const data = "TUFER0VCSVJHRU5EV0FTLVdBUy1OSUVNQU5ELUxFU0VOLVNPTEw="
	e := serve(t)
	pointAt(t, e.URL)
	for symptom, calls := range map[string]int{"everything": 0, "no-password": 1} {
		before := e.actions()["ec2:GetPasswordData"]
		state := t.TempDir()
		code, out, errs := invokeIn(t, state, "check", wirePatient, "--symptom", symptom, "-o", "json")
		if n := e.actions()["ec2:GetPasswordData"] - before; n != calls || code != exitOK {
			t.Errorf("%s: exit %d, GetPasswordData was called %d times", symptom, code, n)
		}
		if strings.Contains(out+errs+journalIn(t, state), data) {
			t.Errorf("%s: the password data was kept", symptom)
		}
	}
	_, r := diagnose(t, "no-password")
	if got := r.outcome("password.data"); got != "ok" {
		t.Errorf("password.data is %q", got)
	}
}

// An endpoint need not have every service, and says so in many ways. What it lacks
// is unknown, with the action, and nothing is concluded from its absence.
func TestWireLacksAService(t *testing.T) {
	ways := map[string]func(w http.ResponseWriter, c *wireCall){
		"unknown operation": func(w http.ResponseWriter, c *wireCall) { c.fail(w, unknownOperation(c)) },
		"501":               func(w http.ResponseWriter, _ *wireCall) { w.WriteHeader(501) },
		"501 in HTML":       func(w http.ResponseWriter, _ *wireCall) { htmlPage(w, 501) },
		"404 in HTML":       func(w http.ResponseWriter, _ *wireCall) { htmlPage(w, 404) },
		"404 in XHTML":      func(w http.ResponseWriter, _ *wireCall) { xhtmlPage(w, 404) },
		"an unknown code": func(w http.ResponseWriter, c *wireCall) {
			c.fail(w, wireError{400, "LicenseRequired", "Only in the paid edition."})
		},
	}
	e := serve(t)
	e.impatient()
	e.estate.load("office.txtar")
	pointAt(t, e.URL)
	_, whole := diagnose(t, "office-terminates")
	for _, way := range slices.Sorted(maps.Keys(ways)) {
		for service, action := range map[string]string{
			"ec2":                                "ec2:DescribeInstances",
			"iam":                                "iam:GetRole",
			"ssm":                                "ssm:ListCommandInvocations",
			"route53resolver":                    "route53resolver:ListResolverRuleAssociations",
			"license-manager-user-subscriptions": "license-manager-user-subscriptions:ListIdentityProviders",
		} {
			t.Run(way+"/"+service, func(t *testing.T) {
				e.interfere = func(w http.ResponseWriter, c *wireCall) bool {
					if c.service == service {
						ways[way](w, c)
					}
					return c.service == service
				}
				inNoTime(t, func(t *testing.T) {
					code, r := diagnose(t, "office-terminates")
					if code != exitProblem && code != exitUndecided || !r.Complete {
						t.Errorf("exit %d, complete %v", code, r.Complete)
					}
					if got := r.reasons()[action]; got != "not-supported" {
						t.Errorf("%s left %q; all: %v", action, got, r.reasons())
					}
					r.lessThan(t, whole)
				})
			})
		}
	}
}

func TestWireRefused(t *testing.T) {
	e := serve(t)
	e.estate.load("office.txtar")
	pointAt(t, e.URL)
	_, whole := diagnose(t, "office-terminates")
	refuse := func(but ...string) {
		e.interfere = func(w http.ResponseWriter, c *wireCall) bool {
			if slices.Contains(but, c.String()) {
				return false
			}
			c.fail(w, refused(c))
			return true
		}
	}

	refuse()
	code, r := diagnose(t, "office-terminates")
	if code != exitUndecided || !r.Complete || len(r.Findings) > 0 {
		t.Errorf("everything refused: exit %d, complete %v, findings %v", code, r.Complete, r.Findings)
	}
	if got := r.reasons()["ec2:DescribeInstances"]; got != "denied" {
		t.Errorf("ec2:DescribeInstances left %q", got)
	}
	r.lessThan(t, whole)

	// The instance is known, and nothing else.
	refuse("sts:GetCallerIdentity", "ec2:DescribeInstances", "cloudtrail:LookupEvents")
	code, r = diagnose(t, "office-terminates")
	if code != exitUndecided && code != exitProblem {
		t.Errorf("exit %d", code)
	}
	for _, action := range []string{
		"ec2:DescribeVpcs", "iam:GetRole", "ssm:ListCommandInvocations", "ds:DescribeDirectories",
		"license-manager-user-subscriptions:ListIdentityProviders",
	} {
		if got := r.reasons()[action]; got != "denied" {
			t.Errorf("%s left %q; all: %v", action, got, r.reasons())
		}
	}
	r.lessThan(t, whole)
}

// An action at a time is refused, the rest answer.
func TestWireRefusedOneByOne(t *testing.T) {
	e := serve(t)
	e.impatient()
	e.estate.load("office.txtar")
	pointAt(t, e.URL)
	_, whole := diagnose(t, "office-terminates")
	actions := slices.Sorted(maps.Keys(e.actions()))
	if len(actions) < 30 {
		t.Fatalf("only %v were called", actions)
	}
	for _, action := range actions {
		t.Run(action, func(t *testing.T) {
			e.interfere = func(w http.ResponseWriter, c *wireCall) bool {
				if c.String() == action {
					c.fail(w, refused(c))
				}
				return c.String() == action
			}
			inNoTime(t, func(t *testing.T) {
				code, r := diagnose(t, "office-terminates")
				if code != exitProblem && code != exitUndecided || !r.Complete {
					t.Errorf("exit %d, complete %v", code, r.Complete)
				}
				r.lessThan(t, whole)
			})
		})
	}
}

// Refusals name the action, and what came back, without EC2's coded text.
func TestWireRefusedInWords(t *testing.T) {
	e := serve(t)
	e.interfere = func(w http.ResponseWriter, c *wireCall) bool {
		if c.action == "DescribeVpcEndpoints" {
			c.fail(w, refused(c))
		}
		return c.action == "DescribeVpcEndpoints"
	}
	pointAt(t, e.URL)
	for l, words := range map[lang.Lang]string{lang.En: "permission denied: ec2:DescribeVpcEndpoints", lang.Ja: "権限不足: ec2:DescribeVpcEndpoints"} {
		code, out, errs := invoke(t, "check", wirePatient, "--symptom", "not-in-systems-manager", "--lang", string(l))
		flat := strings.Join(strings.Fields(out), " ")
		if code != exitUndecided || !strings.Contains(flat, words) || !strings.Contains(flat, "UnauthorizedOperation") {
			t.Errorf("exit %d, no %q in:\n%s%s", code, words, out, errs)
		}
		if strings.Contains(flat, "kXw9ZjQ0kXw9ZjQ0kXw9ZjQ0kXw9ZjQ0kXw9ZjQ0kXw9ZjQ0") {
			t.Error("EC2's coded text is shown")
		}
	}
}

// Credentials that end pause the walk, whichever service notices first; what was
// read is reported, and the words say what to do.
func TestWireExpired(t *testing.T) {
	e := serve(t)
	e.estate.load("office.txtar")
	pointAt(t, e.URL)
	for service := range protocols {
		for name, c := range map[string]struct {
			how   fault
			lang  lang.Lang
			words string
		}{
			"expired": {expired, lang.En, "AWS no longer accepts the credentials (" + service + ":"},
			"invalid": {invalidKey, lang.Ja, "AWS の認証情報が無効または期限切れ（" + service + ":"},
		} {
			t.Run(service+"/"+name, func(t *testing.T) {
				e.interfere = func(w http.ResponseWriter, call *wireCall) bool {
					if call.service != service || call.action == "ListAccountAliases" {
						return false
					}
					call.fail(w, c.how(call))
					return true
				}
				code, out, errs := invoke(t, "check", wirePatient, "--symptom", "office-terminates", "--lang", string(c.lang))
				if code != exitFailed || !strings.Contains(errs, c.words) || !strings.Contains(errs, "aws sso login") {
					t.Errorf("exit %d, no %q in %q", code, c.words, errs)
				}
				if !strings.Contains(out, wirePatient) {
					t.Errorf("what was known is not reported:\n%s", out)
				}
			})
		}
	}
}
