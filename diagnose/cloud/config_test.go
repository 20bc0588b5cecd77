package cloud

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/monshin/monshin/diagnose/estate"
)

// clear leaves nothing of the machine's own AWS configuration.
func clear(t *testing.T, shared string) {
	t.Helper()
	for _, v := range os.Environ() {
		if name, _, _ := strings.Cut(v, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, "")
			os.Unsetenv(name)
		}
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "config")
	if err := os.WriteFile(file, []byte(shared), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_CONFIG_FILE", file)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(dir, "none"))
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("PATH", dir) // no AWS CLI
}

func TestConfigProblems(t *testing.T) {
	tests := []struct {
		name, shared string
		env          map[string]string
		s            Settings
		want         string
	}{
		{"no region", "", nil, Settings{}, "--region"},
		{"a typing error", "", nil, Settings{Region: "ap-northest-1"}, "ap-northeast-1"},
		{"no such region", "", nil, Settings{Region: "us-east-99"}, `"us-east-99"`},
		{"a region that is a host", "", nil, Settings{Region: "x.evil.example/"}, `"x.evil.example/"`},
		{"a region of the environment", "", map[string]string{"AWS_REGION": "tokyo"}, Settings{}, `"tokyo"`},
		{"a region of the profile", "[default]\nregion = tokyo\n", nil, Settings{}, `"tokyo"`},
		{"no such profile", "[profile a]\nregion = eu-west-1\n", nil, Settings{Profile: "b"}, `no profile "b"`},
		{"no such profile in the environment", "[default]\nregion = eu-west-1\n", map[string]string{"AWS_PROFILE": "b"}, Settings{}, `no profile "b"`},
		{"an endpoint that is none", "", map[string]string{"AWS_ENDPOINT_URL": "localhost:4566"}, Settings{Region: "eu-west-1"}, "AWS_ENDPOINT_URL"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			clear(t, tt.shared)
			for k, v := range tt.env {
				t.Setenv(k, v)
			}
			_, err := Config(t.Context(), tt.s)
			var p *Problem
			if !errors.As(err, &p) || !p.Say.Complete() || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v does not say %q", err, tt.want)
			}
		})
	}
}

func TestConfig(t *testing.T) {
	clear(t, "[profile p]\nregion = eu-west-1\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = s\n")
	var agent, path string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		agent, path = r.Header.Get("User-Agent"), r.URL.Path
		w.WriteHeader(501)
	}))
	defer server.Close()
	t.Setenv("AWS_ENDPOINT_URL_LICENSE_MANAGER_USER_SUBSCRIPTIONS", server.URL)
	cfg, err := Config(t.Context(), Settings{Profile: "p", Region: "ap-northeast-1", Version: "1.2.3"})
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Region != "ap-northeast-1" || cfg.RetryMode != aws.RetryModeAdaptive || cfg.RetryMaxAttempts != maxAttempts {
		t.Errorf("region %s, retries %s %d", cfg.Region, cfg.RetryMode, cfg.RetryMaxAttempts)
	}
	if err := Usable(t.Context(), cfg, "p"); err != nil {
		t.Error(err)
	}
	collect(t, t.Context(), New(cfg, Options{}), estate.LicensedInstancesPart.Key(""))
	if !strings.Contains(agent, "monshin/1.2.3") || path != "/instance/ListInstances" {
		t.Errorf("agent %q, path %q", agent, path)
	}
}

func TestNoCredentials(t *testing.T) {
	clear(t, "")
	cfg, err := Config(t.Context(), Settings{Region: "eu-west-1"})
	if err != nil {
		t.Fatal(err)
	}
	err = Usable(t.Context(), cfg, "")
	var p *Problem
	if !errors.As(err, &p) || !p.Say.Complete() || !strings.Contains(err.Error(), "--profile") {
		t.Errorf("%v", err)
	}
}

func TestMFA(t *testing.T) {
	const shared = "[profile base]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = s\n[profile p]\nregion = eu-west-1\nrole_arn = arn:aws:iam::111122223333:role/r\nmfa_serial = arn:aws:iam::111122223333:mfa/u\nsource_profile = base\n"
	clear(t, shared)
	var body string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.ParseForm()
		body = r.Form.Get("TokenCode")
		w.Write([]byte(`<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIAEXAMPLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>` + time.Now().Add(time.Hour).UTC().Format(time.RFC3339) + `</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`))
	}))
	defer server.Close()
	t.Setenv("AWS_ENDPOINT_URL_STS", server.URL)
	asked := 0
	cfg, err := Config(t.Context(), Settings{Profile: "p", Token: func() (string, error) { asked++; return "123456", nil }})
	if err != nil || asked != 0 {
		t.Fatalf("asked %d times by Config, %v", asked, err)
	}
	for range 3 {
		if v, err := cfg.Credentials.Retrieve(t.Context()); err != nil || v.AccessKeyID != "ASIAEXAMPLE" {
			t.Fatal(v.AccessKeyID, err)
		}
	}
	if asked != 1 || body != "123456" {
		t.Errorf("asked %d times, sent %q", asked, body)
	}
	// Nobody to ask.
	cfg, err = Config(t.Context(), Settings{Profile: "p"})
	if err != nil {
		t.Fatal(err)
	}
	if err := Usable(t.Context(), cfg, "p"); err == nil || !strings.Contains(err.Error(), "MFA") {
		t.Errorf("%v", err)
	}
}

func TestExpiredSignIn(t *testing.T) {
	clear(t, "[profile p]\nregion = eu-west-1\nsso_start_url = https://x.awsapps.com/start\nsso_region = eu-west-1\nsso_account_id = 111122223333\nsso_role_name = r\n")
	t.Setenv("HOME", t.TempDir())
	cfg, err := Config(t.Context(), Settings{Profile: "p"})
	if err != nil {
		t.Fatal(err)
	}
	err = Usable(t.Context(), cfg, "p")
	var p *Problem
	if !errors.As(err, &p) || !strings.Contains(p.Say.Ja, "aws sso login --profile p") || !p.Say.Complete() {
		t.Errorf("%v", err)
	}
}

// ownSession ends a script that is not the leader of a session; only such a script
// cannot open the operator's terminal. Where there is no /proc it cannot tell.
const ownSession = `if [ -r /proc/$$/stat ]; then read -r pid name state parent group session rest </proc/$$/stat; [ "$session" = "$$" ] || exit 1; fi; `

// What the AWS CLI holds goes first, and its absence leaves the SDK's own way.
func TestCredentialsOfTheCLI(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the stand-in for the AWS CLI is a shell script")
	}
	const shared = "[profile base]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = s\n[profile p]\nregion = eu-west-1\nrole_arn = arn:aws:iam::111122223333:role/r\nsource_profile = base\n"
	good := `{"Version":1,"AccessKeyId":"ASIACLI","SecretAccessKey":"s","SessionToken":"t","Expiration":"` + time.Now().Add(time.Hour).UTC().Format(time.RFC3339) + `"}`
	tests := []struct {
		name, script, profile string
		want                  string // "" where the SDK goes its own way
	}{
		{"held", `[ "$*" = "configure export-credentials --format process --profile=p" ] && echo '` + good + `'`, "p", "ASIACLI"},
		{"has no terminal to ask on", ownSession + `echo '` + good + `'`, "p", "ASIACLI"},
		{"has none", `echo "no" >&2; exit 255`, "p", ""},
		{"prints something else", `echo hello`, "p", ""},
		{"expired", `echo '{"Version":1,"AccessKeyId":"ASIACLI","SecretAccessKey":"s","Expiration":"2020-01-01T00:00:00Z"}'`, "p", ""},
		{"not for keys in a file", `echo '` + good + `'`, "base", "AKIDEXAMPLE"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			clear(t, shared)
			t.Setenv("AWS_REGION", "eu-west-1")
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "aws"), []byte("#!/bin/sh\n"+tt.script+"\n"), 0o700); err != nil {
				t.Fatal(err)
			}
			t.Setenv("PATH", dir)
			server := httptest.NewServer(http.NotFoundHandler()) // STS, which the SDK's own way asks
			defer server.Close()
			t.Setenv("AWS_ENDPOINT_URL_STS", server.URL)
			cfg, err := Config(t.Context(), Settings{Profile: tt.profile})
			if err != nil {
				t.Fatal(err)
			}
			v, err := cfg.Credentials.Retrieve(t.Context())
			switch {
			case tt.want == "" && err == nil:
				t.Errorf("credentials %s", v.AccessKeyID)
			case tt.want != "" && v.AccessKeyID != tt.want:
				t.Errorf("credentials %q, %v; want %s", v.AccessKeyID, err, tt.want)
			}
		})
	}
}

func FuzzExported(f *testing.F) {
	f.Add([]byte(`{"Version":1,"AccessKeyId":"a","SecretAccessKey":"b","Expiration":"2030-01-01T00:00:00Z"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		v, err := exported(b, asOf)
		if err == nil && (!v.HasKeys() || v.CanExpire && !v.Expires.After(asOf)) {
			t.Errorf("%+v", v)
		}
	})
}

func TestRegions(t *testing.T) {
	for _, r := range append(regions, "cn-north-1", "us-gov-west-1", "eusc-de-east-1", "us-iso-east-1", "us-isob-east-1", "ap-southeast-8", "mx-west-1") {
		if !IsRegion(r) {
			t.Errorf("%s is a region", r)
		}
	}
	for _, r := range []string{"", "tokyo", "ap-northest-1", "ap-northeast-9", "ap-northeast-1a", "us-east-0", "us-east-1.evil.example", "AP-NORTHEAST-1", "us-east-1\n", "xx-east-1", "us-east-", "-1"} {
		if IsRegion(r) {
			t.Errorf("%q is no region", r)
		}
	}
	for r, want := range map[string]string{"eu-west-1": "aws", "cn-north-1": "aws-cn", "us-gov-east-1": "aws-us-gov", "x": ""} {
		if got := Partition(r); got != want {
			t.Errorf("the partition of %q is %q, want %q", r, got, want)
		}
	}
	for typed, want := range map[string]string{"ap-northest-1": "ap-northeast-1", "us-eats-1": "us-east-1", "tokyo": "", "EU-WEST-1 ": "eu-west-1"} {
		if got := nearest(typed); got != want {
			t.Errorf("nearest to %q is %q, want %q", typed, got, want)
		}
	}
}
