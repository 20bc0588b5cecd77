package cloud

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// TestOneCodeForAllProfiles signs in to two profiles of one identity, in two regions
// each, and a further role: one code, one session.
func TestOneCodeForAllProfiles(t *testing.T) {
	var mu sync.Mutex
	asked := map[string]int{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		action := r.Form.Get("Action")
		mu.Lock()
		asked[action+" "+r.Form.Get("RoleArn")]++
		mu.Unlock()
		if action == "AssumeRole" && r.Form.Get("TokenCode") != "" {
			http.Error(w, "a code was used for a role", http.StatusForbidden)
			return
		}
		expires := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
		fmt.Fprintf(w, `<%[1]sResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><%[1]sResult><Credentials><AccessKeyId>ASIA%[2]s</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>%[3]s</Expiration></Credentials></%[1]sResult></%[1]sResponse>`,
			action, url.PathEscape(strings.ToUpper(action)), expires)
	}))
	defer server.Close()
	dir := t.TempDir()
	file := filepath.Join(dir, "config")
	text := `[profile base]
aws_access_key_id = AKIAIOSFODNN7EXAMPLE
aws_secret_access_key = x
region = ap-northeast-1
[profile one]
role_arn = arn:aws:iam::111122223333:role/ops
source_profile = base
mfa_serial = arn:aws:iam::999999999999:mfa/me
region = ap-northeast-1
[profile two]
role_arn = arn:aws:iam::444455556666:role/ops
source_profile = base
mfa_serial = arn:aws:iam::999999999999:mfa/me
region = ap-northeast-1
`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_CONFIG_FILE", file)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(dir, "none"))
	t.Setenv("AWS_ENDPOINT_URL", server.URL)
	t.Setenv("AWS_PROFILE", "")
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("PATH", dir) // without the AWS CLI, which keeps sessions of its own

	codes := 0
	logins := NewLogins(Settings{Token: func() (string, error) { codes++; return "123456", nil }})
	for _, profile := range []string{"one", "two"} {
		for _, region := range []string{"ap-northeast-1", "ap-northeast-3"} {
			for _, role := range []string{"", "arn:aws:iam::777788889999:role/audit"} {
				cfg, err := logins.Config(context.Background(), profile, role, region)
				if err != nil {
					t.Fatal(err)
				}
				if cfg.Region != region {
					t.Errorf("region %q, want %q", cfg.Region, region)
				}
				if err := Usable(context.Background(), cfg, profile); err != nil {
					t.Fatal(err)
				}
				if _, err := sts.NewFromConfig(cfg).Options().Credentials.Retrieve(context.Background()); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	want := map[string]int{
		"GetSessionToken ": 1, "AssumeRole arn:aws:iam::111122223333:role/ops": 1, "AssumeRole arn:aws:iam::444455556666:role/ops": 1,
		"AssumeRole arn:aws:iam::777788889999:role/audit": 2,
	}
	for call, n := range want {
		if asked[call] != n {
			t.Errorf("%s: %d times, want %d", call, asked[call], n)
		}
	}
	if codes != 1 || len(asked) != len(want) {
		t.Errorf("%d codes were asked for; calls: %v", codes, asked)
	}
	if _, err := logins.Config(context.Background(), "one", "", "nowhere"); err == nil {
		t.Error("a region that does not exist was accepted")
	}
	if _, err := logins.Config(context.Background(), "three", "", ""); err == nil {
		t.Error("a profile that does not exist was accepted")
	}
}
