package main

import (
	"bytes"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"

	"github.com/monshin/monshin/diagnose/lang"
)

// What an operator gets wrong on the way to AWS is said in both languages, with the
// exit code for it, before anything is sent.
func TestWireWrongAccess(t *testing.T) {
	for name, c := range map[string]struct {
		prepare func(t testing.TB)
		args    []string
		exit    int
		en, ja  string
	}{
		"no credentials": {
			prepare: func(t testing.TB) { unset(t, "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY") },
			exit:    exitFailed, en: "No AWS credentials were found", ja: "AWS の認証情報が見つからない",
		},
		"half the credentials": {
			prepare: func(t testing.TB) { unset(t, "AWS_SECRET_ACCESS_KEY") },
			exit:    exitFailed, en: "credentials", ja: "AWS の認証情報",
		},
		"unknown profile": {
			args: []string{"--profile", "prdo"},
			exit: exitUsage, en: `There is no profile "prdo"`, ja: `プロファイル "prdo" が`,
		},
		"unknown profile in the environment": {
			prepare: func(t testing.TB) { configure(t, ""); t.Setenv("AWS_PROFILE", "prdo") },
			exit:    exitUsage, en: `There is no profile "prdo"`, ja: `プロファイル "prdo" が`,
		},
		"a profile that leads nowhere": {
			prepare: func(t testing.TB) {
				configure(t, "[profile support]\nrole_arn = arn:aws:iam::111122223333:role/support\nsource_profile = gone\n")
			},
			args: []string{"--profile", "support"},
			exit: exitUsage, en: `There is no profile "gone"`, ja: `プロファイル "gone" が`,
		},
		"unknown region": {
			args: []string{"--region", "ap-northest-1"},
			exit: exitUsage, en: `There is no AWS region "ap-northest-1"`, ja: `AWS リージョン "ap-northest-1" は存在しない`,
		},
		"unknown region in the environment": {
			prepare: func(t testing.TB) { t.Setenv("AWS_REGION", "tokyo") },
			exit:    exitUsage, en: `There is no AWS region "tokyo"`, ja: `AWS リージョン "tokyo" は存在しない`,
		},
		"no region": {
			prepare: func(t testing.TB) { unset(t, "AWS_REGION") },
			exit:    exitUsage, en: "No region is chosen", ja: "リージョン未指定",
		},
		"an endpoint that is no URL": {
			prepare: func(t testing.TB) { t.Setenv("AWS_ENDPOINT_URL", "localhost:4566") },
			exit:    exitUsage, en: `The endpoint "localhost:4566" is not a URL`, ja: `エンドポイント "localhost:4566" は URL として不正`,
		},
		"MFA without a terminal": {
			prepare: func(t testing.TB) {
				configure(t, "[profile mfa]\nrole_arn = arn:aws:iam::111122223333:role/support\nsource_profile = base\nmfa_serial = arn:aws:iam::111122223333:mfa/oncall\n"+
					"[profile base]\naws_access_key_id = "+wireKey+"\naws_secret_access_key = "+wireSecret+"\n")
			},
			args: []string{"--profile", "mfa"},
			exit: exitFailed, en: "MFA code", ja: "MFA コード",
		},
		"SSO that has ended": {
			prepare: func(t testing.TB) {
				configure(t, "[profile sso]\nsso_session = corp\nsso_account_id = 111122223333\nsso_role_name = ReadOnly\n"+
					"[sso-session corp]\nsso_region = ap-northeast-1\nsso_start_url = https://corp.awsapps.com/start\n")
			},
			args: []string{"--profile", "sso"},
			exit: exitFailed, en: "aws sso login --profile sso", ja: "aws sso login --profile sso",
		},
	} {
		t.Run(name, func(t *testing.T) {
			e := serve(t)
			pointAt(t, e.URL)
			if c.prepare != nil {
				c.prepare(t)
			}
			for l, words := range map[lang.Lang]string{lang.En: c.en, lang.Ja: c.ja} {
				code, out, errs := invoke(t, append([]string{"check", wirePatient, "--lang", string(l)}, c.args...)...)
				if code != c.exit || !strings.Contains(errs, words) || out != "" {
					t.Errorf("exit %d, want %d; stdout %q; no %q in %q", code, c.exit, out, words, errs)
				}
			}
			if sent := e.actions(); len(sent) > 0 {
				t.Errorf("%v was sent", sent)
			}
		})
	}
}

// supportProfile assumes a role with the keys of another profile.
const supportProfile = "[profile support]\nrole_arn = arn:aws:iam::111122223333:role/support\nsource_profile = base\nregion = ap-northeast-1\n" +
	"[profile base]\naws_access_key_id = " + wireKey + "\naws_secret_access_key = " + wireSecret + "\n"

// A profile that assumes a role gets its session from STS, and everything else is
// signed with it.
func TestWireAssumesRole(t *testing.T) {
	e := serve(t)
	const session = "ASIAWIREEXAMPLE00002"
	e.secrets[session] = aws.Credentials{
		AccessKeyID: session, SecretAccessKey: "temporary-secret-of-the-wire-tests", SessionToken: "session-token-of-the-wire-tests",
	}
	e.estate.replace("sts/GetCallerIdentity.xml", "arn:aws:iam::111122223333:user/oncall", "arn:aws:sts::111122223333:assumed-role/support/monshin")
	pointAt(t, e.URL)
	configure(t, supportProfile)
	code, _ := diagnose(t, "not-in-systems-manager", "--profile", "support")
	if code != exitOK {
		t.Errorf("exit %d", code)
	}
	for _, c := range e.sent() {
		if want := map[bool]string{true: wireKey, false: session}[c.action == "AssumeRole"]; c.key != want {
			t.Errorf("%s is signed with %s", c, c.key)
		}
		if agent := c.header.Get("User-Agent"); !strings.Contains(" "+agent, " monshin/") {
			t.Errorf("%s does not name monshin in %q", c, agent)
		}
	}
	if n := e.actions()["sts:AssumeRole"]; n != 1 {
		t.Errorf("the role was assumed %d times", n)
	}
}

// A profile that wants an MFA code gets it from the operator, who is asked once.
func TestWireAsksForMFA(t *testing.T) {
	e := serve(t)
	const session = "ASIAWIREEXAMPLE00002"
	e.secrets[session] = aws.Credentials{
		AccessKeyID: session, SecretAccessKey: "temporary-secret-of-the-wire-tests", SessionToken: "session-token-of-the-wire-tests",
	}
	pointAt(t, e.URL)
	configure(t, strings.Replace(supportProfile, "source_profile", "mfa_serial = arn:aws:iam::111122223333:mfa/oncall\nsource_profile", 1))
	var out, errs bytes.Buffer
	state := t.TempDir()
	code := run(t.Context(), &app{
		args: []string{"check", wirePatient, "--symptom", "not-in-systems-manager", "--profile", "support"},
		in:   strings.NewReader("123456\n654321\n"), out: &out, err: &errs,
		getenv: func(name string) string {
			return map[string]string{"XDG_STATE_HOME": state, "LOCALAPPDATA": state}[name]
		},
		isTerminal: func() (bool, bool, bool) { return true, false, false },
	})
	if code != exitOK || strings.Count(errs.String(), "MFA code") != 1 {
		t.Errorf("exit %d, asked: %q", code, errs.String())
	}
	var codes []string
	for _, c := range e.sent() {
		if c.action == "AssumeRole" {
			codes = append(codes, c.form.Get("SerialNumber")+" "+c.form.Get("TokenCode"))
		}
	}
	if diff := cmp.Diff([]string{"arn:aws:iam::111122223333:mfa/oncall 123456"}, codes); diff != "" {
		t.Errorf("what STS was told (-want +got):\n%s", diff)
	}
	if strings.Contains(out.String()+errs.String()+journalIn(t, state), "123456") {
		t.Error("the code was kept")
	}
}

// A role that may not be assumed ends it, with the words of STS.
func TestWireMayNotAssumeRole(t *testing.T) {
	e := serve(t)
	e.interfere = func(w http.ResponseWriter, c *wireCall) bool {
		c.fail(w, wireError{403, "AccessDenied", "User: arn:aws:iam::111122223333:user/oncall is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::111122223333:role/support"})
		return true
	}
	pointAt(t, e.URL)
	configure(t, supportProfile)
	for l, words := range map[lang.Lang]string{lang.En: "AWS credentials could not be had", lang.Ja: "AWS の認証情報を取得できず"} {
		code, out, errs := invoke(t, "check", wirePatient, "--profile", "support", "--lang", string(l))
		if code != exitFailed || !strings.Contains(errs, words) || !strings.Contains(errs, "not authorized to perform: sts:AssumeRole") || out != "" {
			t.Errorf("exit %d, stdout %q, stderr %q", code, out, errs)
		}
	}
}

// A service can have an endpoint of its own, by the environment or by the shared
// configuration.
func TestWireServiceEndpoints(t *testing.T) {
	const lm = "license-manager-user-subscriptions"
	for name, arrange := range map[string]func(t testing.TB, general, ec2, licenses string){
		"environment": func(t testing.TB, _, ec2, licenses string) {
			t.Setenv("AWS_ENDPOINT_URL_EC2", ec2)
			t.Setenv("AWS_ENDPOINT_URL_LICENSE_MANAGER_USER_SUBSCRIPTIONS", licenses)
		},
		"configuration": func(t testing.TB, general, ec2, licenses string) {
			unset(t, "AWS_ENDPOINT_URL")
			configure(t, "[default]\nservices = here\nendpoint_url = "+general+"\naws_access_key_id = "+wireKey+"\naws_secret_access_key = "+wireSecret+"\n"+
				"[services here]\nec2 =\n  endpoint_url = "+ec2+"\nlicense_manager_user_subscriptions =\n  endpoint_url = "+licenses+"\n")
		},
	} {
		t.Run(name, func(t *testing.T) {
			general, ec2, licenses := serve(t), serve(t), serve(t)
			for _, e := range []*endpoint{general, ec2, licenses} {
				e.estate.load("office.txtar")
			}
			pointAt(t, general.URL)
			arrange(t, general.URL, ec2.URL, licenses.URL)
			code, r := diagnose(t, "office-terminates")
			if diff := cmp.Diff([]string{"dns.ad-domain-unresolvable@corp.example.com"}, r.causes()); diff != "" || code != exitProblem {
				t.Errorf("exit %d, root causes (-want +got):\n%s", code, diff)
			}
			got := map[string][]string{}
			for name, e := range map[string]*endpoint{"general": general, "ec2": ec2, "licenses": licenses} {
				services := map[string]bool{}
				for _, c := range e.sent() {
					services[c.service] = true
				}
				got[name] = slices.Sorted(maps.Keys(services))
			}
			want := map[string][]string{
				"general":  {"cloudtrail", "ds", "iam", "route53resolver", "ssm", "sts"},
				"ec2":      {"ec2"},
				"licenses": {lm},
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("services at endpoints (-want +got):\n%s", diff)
			}
		})
	}
}

// An endpoint can lie below a path.
func TestWireEndpointWithAPath(t *testing.T) {
	e := serve(t)
	e.estate.load("office.txtar")
	var below []string
	front := newFront(t, "/aws/account-1", e, &below)
	pointAt(t, front.URL+"/aws/account-1")
	code, r := diagnose(t, "office-terminates")
	if code != exitProblem || len(r.RootCauses) != 1 {
		t.Errorf("exit %d, root causes %v, unknown %v", code, r.causes(), r.reasons())
	}
	for _, path := range below {
		t.Errorf("%s was asked", path)
	}
}

// An id that this region does not know is looked for in the others that are
// switched on, and the answer says where it is.
func TestWireAnotherRegion(t *testing.T) {
	e := serve(t)
	row := e.estate.documents["ec2/DescribeInstances.xml"]
	e.estate.load("office.txtar") // EC2 knows no instance here
	empty := e.estate.documents["ec2/DescribeInstances.xml"]
	e.estate.documents["cloudtrail/LookupEvents.json"] = `{"Events": []}`
	e.estate.replace("ec2/DescribeRegions.xml", "<regionName>us-east-1</regionName>", "<regionName>me-south-1</regionName>")
	e.estate.replace("ec2/DescribeRegions.xml", "ec2.us-east-1.amazonaws.com</regionEndpoint>\n      <optInStatus>opt-in-not-required", "ec2.me-south-1.amazonaws.com</regionEndpoint>\n      <optInStatus>not-opted-in")
	var other wireEstate
	other.t, other.documents = t, map[string]string{"ec2/DescribeInstances.xml": row}
	if row == empty {
		t.Fatal("the estates do not differ")
	}
	e.interfere = func(w http.ResponseWriter, c *wireCall) bool {
		if c.region == wireRegion {
			return false
		}
		other.answer(w, c)
		return true
	}
	pointAt(t, e.URL)
	code, r := diagnose(t, "everything")
	if len(r.Findings) != 1 || r.Findings[0].Code != "instance.not-found" || code != exitProblem {
		t.Errorf("exit %d, findings %+v", code, r.Findings)
	}
	asked := map[string]int{}
	for _, c := range e.sent() {
		if c.region != wireRegion {
			asked[c.region+" "+c.String()]++
		}
	}
	if diff := cmp.Diff(map[string]int{"ap-northeast-3 ec2:DescribeInstances": 1}, asked); diff != "" {
		t.Errorf("calls to other regions (-want +got):\n%s", diff)
	}
	for _, l := range lang.All() {
		code, out, errs := invoke(t, "check", wirePatient, "--lang", string(l))
		if code != exitProblem || !strings.Contains(strings.Join(strings.Fields(out), " "), "--region ap-northeast-3") {
			t.Errorf("exit %d, the region is not named:\n%s%s", code, out, errs)
		}
	}

	// Followed, the advice leads to the instance.
	e.interfere = func(w http.ResponseWriter, c *wireCall) bool {
		if c.region != "ap-northeast-3" || c.String() != "ec2:DescribeInstances" {
			return false
		}
		other.answer(w, c)
		return true
	}
	_, r = diagnose(t, "instance-gone", "--region", "ap-northeast-3")
	if got := r.outcome("instance.state"); got != "ok" || r.Target.Region != "ap-northeast-3" {
		t.Errorf("instance.state is %q in %s", got, r.Target.Region)
	}
}
