package usersubscriptions

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

func TestEndpointOfRegions(t *testing.T) {
	tests := []struct {
		o    Options
		want string
	}{
		{Options{Region: "ap-northeast-1"}, "https://license-manager-user-subscriptions.ap-northeast-1.amazonaws.com/"},
		{Options{Region: "us-gov-west-1", UseFIPS: true}, "https://license-manager-user-subscriptions-fips.us-gov-west-1.amazonaws.com/"},
		{Options{Region: "cn-north-1"}, "https://license-manager-user-subscriptions.cn-north-1.amazonaws.com.cn/"},
		{Options{Region: "us-isob-east-1"}, "https://license-manager-user-subscriptions.us-isob-east-1.sc2s.sgov.gov/"},
		{Options{Region: "us-iso-east-1"}, "https://license-manager-user-subscriptions.us-iso-east-1.c2s.ic.gov/"},
		{Options{Region: "eu-west-1", UseDualStack: true}, "https://license-manager-user-subscriptions.eu-west-1.api.aws/"},
		{Options{Region: "eu-west-1", BaseEndpoint: aws.String("http://localhost:4566/aws")}, "http://localhost:4566/aws"},
		{Options{Region: ""}, ""},
		{Options{Region: "evil.example/"}, ""},
		{Options{Region: "eu-west-1", BaseEndpoint: aws.String("localhost")}, ""},
		{Options{Region: "eu-west-1", BaseEndpoint: aws.String("http://[")}, ""},
	}
	for _, tt := range tests {
		u, err := tt.o.endpoint()
		switch {
		case tt.want == "" && err == nil:
			t.Errorf("%+v resolved to %s", tt.o, u)
		case tt.want != "" && err != nil:
			t.Errorf("%+v: %v", tt.o, err)
		case tt.want != "" && u.String() != tt.want:
			t.Errorf("%+v resolved to %s, want %s", tt.o, u, tt.want)
		}
	}
}

func TestConfiguredEndpoints(t *testing.T) {
	shared := filepath.Join(t.TempDir(), "config")
	err := os.WriteFile(shared, []byte("[default]\nservices = s\n[services s]\nlicense_manager_user_subscriptions =\n  endpoint_url = http://shared\n"), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	const global, own = "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_LICENSE_MANAGER_USER_SUBSCRIPTIONS"
	tests := []struct {
		name   string
		env    map[string]string
		shared bool
		want   string
	}{
		{"none", nil, false, "https://license-manager-user-subscriptions.eu-west-1.amazonaws.com/"},
		{"global", map[string]string{global: "http://all"}, false, "http://all"},
		{"own", map[string]string{own: "http://own"}, false, "http://own"},
		{"own beats global", map[string]string{own: "http://own", global: "http://all"}, false, "http://own"},
		{"shared config", nil, true, "http://shared"},
		{"global variable beats shared config", map[string]string{global: "http://all"}, true, "http://all"},
		{"ignored", map[string]string{own: "http://own", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}, true, "https://license-manager-user-subscriptions.eu-west-1.amazonaws.com/"},
		{"FIPS", map[string]string{"AWS_USE_FIPS_ENDPOINT": "true", "AWS_USE_DUALSTACK_ENDPOINT": "true"}, false, "https://license-manager-user-subscriptions-fips.eu-west-1.api.aws/"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, name := range []string{global, own} {
				t.Setenv(name, "") // so that it is put back; then really unset
				os.Unsetenv(name)
			}
			for k, v := range tt.env {
				t.Setenv(k, v)
			}
			file := filepath.Join(t.TempDir(), "none")
			if tt.shared {
				file = shared
			}
			cfg, err := config.LoadDefaultConfig(context.Background(), config.WithRegion("eu-west-1"),
				config.WithSharedConfigFiles([]string{file}), config.WithSharedCredentialsFiles(nil),
				config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider("a", "b", "")))
			if err != nil {
				t.Fatal(err)
			}
			u, err := NewFromConfig(cfg).options.endpoint()
			if err != nil || u.String() != tt.want {
				t.Errorf("%v, %v; want %s", u, err, tt.want)
			}
		})
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"InstanceSummaries":[{"IdentityProvider":{"ActiveDirectoryIdentityProvider":{"DirectoryId":"d-1"}}}]}`))
	f.Add([]byte(`{"IdentityProviderSummaries":[{"IdentityProvider":{"X":null,"ActiveDirectoryIdentityProvider":null}}]}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, decode := range []func([]byte) (any, error){decodeIdentityProviders, decodeInstances, decodeSubscriptions, decodeAssociations, decodeLicenseServers} {
			if out, err := decode(body); (out == nil) == (err == nil) {
				t.Errorf("decoded to %v, %v", out, err)
			}
		}
		if decodeError(500, "", body) == nil {
			t.Error("an error answer is no error")
		}
	})
}
