package usersubscriptions_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	"github.com/google/go-cmp/cmp"

	lm "github.com/monshin/monshin/diagnose/cloud/usersubscriptions"
	"github.com/monshin/monshin/diagnose/cloud/usersubscriptions/types"
)

// service answers requests with what the test wrote down, and keeps them.
type service struct {
	*httptest.Server
	mu       sync.Mutex
	requests []request
}

type request struct {
	Method, Path, Body, Authorization, Token, UserAgent string
}

type answer struct {
	status int
	header map[string]string
	body   string
}

func serve(t *testing.T, answers ...answer) *service {
	t.Helper()
	s := &service{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		n := len(s.requests)
		s.requests = append(s.requests, request{
			Method: r.Method, Path: r.URL.Path, Body: string(body), Authorization: r.Header.Get("Authorization"),
			Token: r.Header.Get("X-Amz-Security-Token"), UserAgent: r.Header.Get("User-Agent"),
		})
		s.mu.Unlock()
		a := answers[min(n, len(answers)-1)]
		for k, v := range a.header {
			w.Header().Set(k, v)
		}
		w.WriteHeader(a.status)
		io.WriteString(w, a.body)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *service) config() aws.Config {
	return aws.Config{
		Region: "ap-northeast-1", BaseEndpoint: aws.String(s.URL), RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", "token"),
		APIOptions:  []func(*middleware.Stack) error{awsmiddleware.AddUserAgentKeyValue("monshin", "1.2.3")},
	}
}

func ad(id string) types.IdentityProvider {
	return &types.IdentityProviderMemberActiveDirectoryIdentityProvider{
		Value: types.ActiveDirectoryIdentityProvider{DirectoryId: aws.String(id)},
	}
}

func TestRequestsAndAnswers(t *testing.T) {
	provider := `{"ActiveDirectoryIdentityProvider":{"DirectoryId":"d-9067f3da7a","ActiveDirectoryType":"AWS_MANAGED","ActiveDirectorySettings":{"DomainName":"corp.example.local","DomainCredentialsProvider":{"SecretsManagerCredentialsProvider":{"SecretId":"x"}}}}}`
	wantProvider := &types.IdentityProviderMemberActiveDirectoryIdentityProvider{Value: types.ActiveDirectoryIdentityProvider{
		DirectoryId: aws.String("d-9067f3da7a"), ActiveDirectoryType: types.ActiveDirectoryTypeAwsManaged,
		ActiveDirectorySettings: &types.ActiveDirectorySettings{DomainName: aws.String("corp.example.local")},
	}}
	tests := []struct {
		name, path, request, answer string
		call                        func(context.Context, *lm.Client) (any, error)
		want                        any
	}{
		{
			name: "ListIdentityProviders", path: "/identity-provider/ListIdentityProviders",
			request: `{"MaxResults":7,"NextToken":"t"}`,
			answer:  `{"IdentityProviderSummaries":[{"IdentityProvider":` + provider + `,"Product":"OFFICE_PROFESSIONAL_PLUS","Status":"REGISTERED","Settings":{"Subnets":["subnet-1"],"SecurityGroupId":"sg-1"},"FailureMessage":null}],"NextToken":"n"}`,
			call: func(ctx context.Context, c *lm.Client) (any, error) {
				out, err := c.ListIdentityProviders(ctx, &lm.ListIdentityProvidersInput{MaxResults: aws.Int32(7), NextToken: aws.String("t")})
				if err != nil {
					return nil, err
				}
				return []any{out.IdentityProviderSummaries, aws.ToString(out.NextToken)}, nil
			},
			want: []any{[]types.IdentityProviderSummary{{
				IdentityProvider: wantProvider, Product: aws.String("OFFICE_PROFESSIONAL_PLUS"), Status: aws.String("REGISTERED"),
				Settings: &types.Settings{Subnets: []string{"subnet-1"}, SecurityGroupId: aws.String("sg-1")},
			}}, "n"},
		},
		{
			name: "ListInstances", path: "/instance/ListInstances",
			request: `{"Filters":[{"Attribute":"InstanceId","Operation":"Equals","Value":"i-1"}]}`,
			answer:  `{"InstanceSummaries":[{"InstanceId":"i-1","Status":"FAILED","StatusMessage":"No registered Active Directory is reachable from this instance's VPC.","Products":["OFFICE_PROFESSIONAL_PLUS"],"LastStatusCheckDate":"2026-11-20T15:21:07Z","IdentityProvider":{"Other":{"A":1}}},{}]}`,
			call: func(ctx context.Context, c *lm.Client) (any, error) {
				out, err := c.ListInstances(ctx, &lm.ListInstancesInput{Filters: []types.Filter{{
					Attribute: aws.String("InstanceId"), Operation: aws.String("Equals"), Value: aws.String("i-1"),
				}}})
				if err != nil {
					return nil, err
				}
				return out.InstanceSummaries, nil
			},
			want: []types.InstanceSummary{{
				InstanceId: aws.String("i-1"), Status: aws.String("FAILED"), Products: []string{"OFFICE_PROFESSIONAL_PLUS"},
				StatusMessage:       aws.String("No registered Active Directory is reachable from this instance's VPC."),
				LastStatusCheckDate: aws.String("2026-11-20T15:21:07Z"),
				IdentityProvider:    &types.UnknownUnionMember{Tag: "Other", Value: []byte(`{"A":1}`)},
			}, {}},
		},
		{
			name: "ListProductSubscriptions", path: "/user/ListProductSubscriptions",
			request: `{"IdentityProvider":{"ActiveDirectoryIdentityProvider":{"DirectoryId":"d-9067f3da7a"}}}`,
			answer:  `{"ProductUserSummaries":[{"Username":"tanaka","Product":"REMOTE_DESKTOP_SERVICES","Status":"SUBSCRIBED","IdentityProvider":` + provider + `}]}`,
			call: func(ctx context.Context, c *lm.Client) (any, error) {
				out, err := c.ListProductSubscriptions(ctx, &lm.ListProductSubscriptionsInput{IdentityProvider: ad("d-9067f3da7a")})
				if err != nil {
					return nil, err
				}
				return out.ProductUserSummaries, nil
			},
			want: []types.ProductUserSummary{{
				Username: aws.String("tanaka"), Product: aws.String("REMOTE_DESKTOP_SERVICES"), Status: aws.String("SUBSCRIBED"), IdentityProvider: wantProvider,
			}},
		},
		{
			name: "ListUserAssociations", path: "/user/ListUserAssociations",
			request: `{"IdentityProvider":{"ActiveDirectoryIdentityProvider":{"DirectoryId":"d-9067f3da7a"}},"InstanceId":"i-1"}`,
			answer:  `{"InstanceUserSummaries":[{"Username":"tanaka","InstanceId":"i-1","Status":"ASSOCIATED","IdentityProvider":null}]}`,
			call: func(ctx context.Context, c *lm.Client) (any, error) {
				out, err := c.ListUserAssociations(ctx, &lm.ListUserAssociationsInput{IdentityProvider: ad("d-9067f3da7a"), InstanceId: aws.String("i-1")})
				if err != nil {
					return nil, err
				}
				return out.InstanceUserSummaries, nil
			},
			want: []types.InstanceUserSummary{{Username: aws.String("tanaka"), InstanceId: aws.String("i-1"), Status: aws.String("ASSOCIATED")}},
		},
		{
			name: "ListLicenseServerEndpoints", path: "/license-server/ListLicenseServerEndpoints",
			request: `{}`,
			answer:  `{"LicenseServerEndpoints":[{"CreationTime":1763651000.5,"ServerType":"RDS_SAL","LicenseServerEndpointProvisioningStatus":"PROVISIONED","ServerEndpoint":{"Endpoint":"10.0.0.9"},"LicenseServers":[{"ProvisioningStatus":"PROVISIONED","HealthStatus":"UNHEALTHY","Ipv4Address":"10.0.0.9"}]}]}`,
			call: func(ctx context.Context, c *lm.Client) (any, error) {
				out, err := c.ListLicenseServerEndpoints(ctx, nil)
				if err != nil {
					return nil, err
				}
				return out.LicenseServerEndpoints, nil
			},
			want: []types.LicenseServerEndpoint{{
				ServerType:                              types.ServerTypeRdsSal,
				LicenseServerEndpointProvisioningStatus: types.LicenseServerEndpointProvisioningStatusProvisioned,
				ServerEndpoint:                          &types.ServerEndpoint{Endpoint: aws.String("10.0.0.9")},
				LicenseServers: []types.LicenseServer{{
					ProvisioningStatus: types.LicenseServerEndpointProvisioningStatusProvisioned,
					HealthStatus:       types.LicenseServerHealthStatusUnhealthy, Ipv4Address: aws.String("10.0.0.9"),
				}},
			}},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := serve(t, answer{status: 200, body: tt.answer})
			got, err := tt.call(t.Context(), lm.NewFromConfig(s.config()))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
			r := s.requests[0]
			if r.Method != "POST" || r.Path != tt.path {
				t.Errorf("%s %s, want POST %s", r.Method, r.Path, tt.path)
			}
			if diff := cmp.Diff(parsed(t, tt.request), parsed(t, r.Body)); diff != "" {
				t.Errorf("body (-want +got):\n%s", diff)
			}
			if !strings.Contains(r.Authorization, "/ap-northeast-1/license-manager-user-subscriptions/aws4_request") || !strings.Contains(r.Authorization, "Signature=") {
				t.Errorf("Authorization = %q", r.Authorization)
			}
			if r.Token != "token" {
				t.Errorf("X-Amz-Security-Token = %q", r.Token)
			}
			if !strings.Contains(r.UserAgent, "monshin/1.2.3") || !strings.Contains(r.UserAgent, "aws-sdk-go-v2/") {
				t.Errorf("User-Agent = %q", r.UserAgent)
			}
		})
	}
}

func parsed(t *testing.T, s string) (v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(s), &v); err != nil {
		t.Fatalf("%q: %v", s, err)
	}
	return v
}

func TestErrors(t *testing.T) {
	tests := []struct {
		name   string
		answer answer
		code   string // "" where the answer is no API error
		want   string
	}{
		{"code in the header", answer{400, map[string]string{"X-Amzn-ErrorType": "ValidationException:http://internal.amazon.com/coral/"}, `{"message":"bad"}`}, "ValidationException", "bad"},
		{"code in __type", answer{403, nil, `{"__type":"com.amazonaws#AccessDeniedException","Message":"not you"}`}, "AccessDeniedException", "not you"},
		{"code in code", answer{404, nil, `{"code":"ResourceNotFoundException","message":"gone"}`}, "ResourceNotFoundException", "gone"},
		{"code of another type", answer{400, nil, `{"code":7}`}, "UnknownError", "UnknownError"},
		{"empty body", answer{403, nil, ``}, "UnknownError", "UnknownError"},
		{"page of HTML", answer{500, map[string]string{"Content-Type": "text/html"}, "<html><h1>It works!</h1></html>"}, "", "HTTP status 500 is not JSON"},
		{"success that is HTML", answer{200, nil, "<html>"}, "", "deserialization failed"},
		{"success of another shape", answer{200, nil, `{"InstanceSummaries":"none"}`}, "", "deserialization failed"},
		{"union of another shape", answer{200, nil, `{"InstanceSummaries":[{"IdentityProvider":"d-1"}]}`}, "", "IdentityProvider"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.answer.header == nil {
				tt.answer.header = map[string]string{}
			}
			tt.answer.header["X-Amzn-RequestId"] = "req-1"
			s := serve(t, tt.answer)
			_, err := lm.NewFromConfig(s.config()).ListInstances(t.Context(), nil)
			if err == nil {
				t.Fatal("no error")
			}
			if !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "ListInstances") {
				t.Errorf("error %q does not say %q and the operation", err, tt.want)
			}
			var api smithy.APIError
			switch {
			case errors.As(err, &api) && api.ErrorCode() != tt.code:
				t.Errorf("code %q, want %q", api.ErrorCode(), tt.code)
			case api == nil && tt.code != "":
				t.Errorf("%v is no API error", err)
			}
			if !strings.Contains(err.Error(), "req-1") {
				t.Errorf("error %q does not hold the request id", err)
			}
		})
	}
}

func TestRetriesAndPages(t *testing.T) {
	s := serve(t,
		answer{429, map[string]string{"X-Amzn-ErrorType": "ThrottlingException"}, `{}`},
		answer{200, nil, `{"InstanceSummaries":[{"InstanceId":"i-1"}],"NextToken":"2"}`},
		answer{200, nil, `{"InstanceSummaries":[{"InstanceId":"i-2"}]}`},
	)
	cfg := s.config()
	cfg.RetryMaxAttempts = 3
	c := lm.NewFromConfig(cfg)
	var got []string
	in := &lm.ListInstancesInput{}
	for {
		out, err := c.ListInstances(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range out.InstanceSummaries {
			got = append(got, aws.ToString(i.InstanceId))
		}
		if in.NextToken = out.NextToken; in.NextToken == nil {
			break
		}
	}
	if diff := cmp.Diff([]string{"i-1", "i-2"}, got); diff != "" {
		t.Error(diff)
	}
	if len(s.requests) != 3 || s.requests[2].Body != `{"NextToken":"2"}` {
		t.Errorf("requests: %+v", s.requests)
	}
}

// A simulated account takes the typed input in Initialize and gives the typed
// output in Deserialize, inside the retry loop, as with the SDK's own clients.
func TestTypedAnswerThroughTheStack(t *testing.T) {
	var attempts int
	cfg := aws.Config{Region: "ap-northeast-1", Credentials: credentials.NewStaticCredentialsProvider("a", "b", "")}
	cfg.APIOptions = append(cfg.APIOptions, func(stack *middleware.Stack) error {
		type key struct{}
		if err := stack.Initialize.Add(middleware.InitializeMiddlewareFunc("take", func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
			return next.HandleInitialize(context.WithValue(ctx, key{}, in.Parameters), in)
		}), middleware.After); err != nil {
			return err
		}
		return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("give", func(ctx context.Context, _ middleware.DeserializeInput, _ middleware.DeserializeHandler) (out middleware.DeserializeOutput, metadata middleware.Metadata, err error) {
			if awsmiddleware.GetServiceID(ctx) != lm.ServiceID || awsmiddleware.GetRegion(ctx) != "ap-northeast-1" {
				t.Errorf("service %q in region %q", awsmiddleware.GetServiceID(ctx), awsmiddleware.GetRegion(ctx))
			}
			if attempts++; attempts == 1 {
				return out, metadata, &smithy.GenericAPIError{Code: "ThrottlingException"}
			}
			in := ctx.Value(key{}).(*lm.ListUserAssociationsInput)
			awsmiddleware.SetRequestIDMetadata(&metadata, awsmiddleware.GetOperationName(ctx))
			out.Result = &lm.ListUserAssociationsOutput{InstanceUserSummaries: []types.InstanceUserSummary{{InstanceId: in.InstanceId}}}
			return out, metadata, nil
		}), middleware.Before)
	})
	out, err := lm.NewFromConfig(cfg).ListUserAssociations(t.Context(), &lm.ListUserAssociationsInput{IdentityProvider: ad("d-1"), InstanceId: aws.String("i-1")})
	if err != nil {
		t.Fatal(err)
	}
	if id, _ := awsmiddleware.GetRequestIDMetadata(out.ResultMetadata); id != "ListUserAssociations" || attempts != 2 {
		t.Errorf("request id %q after %d attempts", id, attempts)
	}
	if aws.ToString(out.InstanceUserSummaries[0].InstanceId) != "i-1" {
		t.Errorf("%+v", out)
	}
}

func TestRequiredMembers(t *testing.T) {
	_, err := lm.NewFromConfig(aws.Config{Region: "ap-northeast-1"}).ListUserAssociations(t.Context(), nil)
	for _, want := range []string{"IdentityProvider", "InstanceId", "ListUserAssociations"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not name %s", err, want)
		}
	}
	_, err = lm.NewFromConfig(aws.Config{Region: "ap-northeast-1"}).ListProductSubscriptions(t.Context(),
		&lm.ListProductSubscriptionsInput{IdentityProvider: &types.UnknownUnionMember{Tag: "x"}})
	if err == nil || !strings.Contains(err.Error(), "Active Directory") {
		t.Errorf("an unknown union member was sent: %v", err)
	}
}
