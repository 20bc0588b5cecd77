package cloud

import (
	"cmp"
	"context"
	"errors"
	"net/url"
	"os"
	"os/exec"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/middleware"

	"github.com/monshin/monshin/diagnose/lang"
)

// maxAttempts is how often a request is sent at most. With the SDK's pauses the
// fifth attempt still fits a part's deadline.
const maxAttempts = 5

// Settings are what the command line says about the way to AWS.
type Settings struct {
	// Profile and Region override the environment and the shared configuration.
	Profile, Region string
	// Version is monshin's, for the user agent.
	Version string
	// Token asks the operator for an MFA code. Nil where nobody can be asked.
	Token func() (string, error)
}

// Config makes the SDK's configuration: its default chain, and before it, for
// profiles whose credentials the AWS CLI may already hold, what that has. It sends
// nothing: credentials are fetched by the first call, or by Usable. Errors are
// *Problem.
func Config(ctx context.Context, s Settings) (aws.Config, error) {
	if s.Region != "" && !IsRegion(s.Region) {
		return aws.Config{}, regionProblem(s.Region)
	}
	profile := s.profile()
	var base *string // known once the configuration is loaded, before anything is sent
	options := []func(*config.LoadOptions) error{
		config.WithRetryMode(aws.RetryModeAdaptive),
		config.WithRetryMaxAttempts(maxAttempts),
		config.WithAPIOptions([]func(*middleware.Stack) error{
			// A customer finds every call of monshin in CloudTrail by this.
			awsmiddleware.AddUserAgentKeyValue("monshin", cmp.Or(s.Version, "devel")),
		}),
		config.WithAssumeRoleCredentialOptions(func(o *stscreds.AssumeRoleOptions) {
			o.TokenProvider = s.token
			o.Client = roleClient{o.Client, &base}
		}),
	}
	if profile != "" {
		options = append(options, config.WithSharedConfigProfile(profile))
	}
	if s.Region != "" {
		options = append(options, config.WithRegion(s.Region))
	}
	cfg, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return aws.Config{}, loadProblem(profile, err)
	}
	if !IsRegion(cfg.Region) {
		return aws.Config{}, regionProblem(cfg.Region)
	}
	if cfg.BaseEndpoint != nil {
		if u, err := url.Parse(*cfg.BaseEndpoint); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return aws.Config{}, endpointProblem(*cfg.BaseEndpoint, err)
		}
	}
	base = cfg.BaseEndpoint
	if program, err := exec.LookPath("aws"); err == nil && heldByCLI(cfg, s.Profile != "") {
		cfg.Credentials = aws.NewCredentialsCache(&cliCredentials{program: program, profile: profile, otherwise: cfg.Credentials})
	}
	return cfg, nil
}

// roleClient assumes roles at the endpoint that is configured for all services. The
// SDK makes its own client before it reads that setting, and would ask AWS.
type roleClient struct {
	stscreds.AssumeRoleAPIClient
	base **string
}

// AssumeRole leaves alone an endpoint that is configured for STS.
func (c roleClient) AssumeRole(ctx context.Context, in *sts.AssumeRoleInput, more ...func(*sts.Options)) (*sts.AssumeRoleOutput, error) {
	return c.AssumeRoleAPIClient.AssumeRole(ctx, in, append(slices.Clone(more), func(o *sts.Options) {
		if o.BaseEndpoint == nil {
			o.BaseEndpoint = *c.base
		}
	})...)
}

// profile is the profile to name to the SDK. It takes AWS_PROFILE for a preference
// and goes on without it where there is no such profile, which hides a typing error;
// credentials in the environment go before it, as everywhere.
func (s Settings) profile() string {
	if s.Profile != "" || os.Getenv("AWS_ACCESS_KEY_ID") != "" || os.Getenv("AWS_WEB_IDENTITY_TOKEN_FILE") != "" {
		return s.Profile
	}
	return cmp.Or(os.Getenv("AWS_PROFILE"), os.Getenv("AWS_DEFAULT_PROFILE"))
}

func (s Settings) token() (string, error) {
	if s.Token == nil {
		return "", &Problem{Say: lang.Both(
			"The profile needs an MFA code, and there is nobody to ask. Run monshin in a terminal, or hand it a session (aws sts get-session-token).",
			"プロファイルに MFA コードが必要だが、入力できる端末がない。端末から実行するか、取得済みのセッション（aws sts get-session-token）を使用。",
		)}
	}
	return s.Token()
}

func endpointProblem(endpoint string, err error) error {
	if err == nil {
		err = errors.New("not an http or https URL")
	}
	return &Problem{
		Say: lang.Both(
			"The endpoint %q is not a URL that can be called. Correct AWS_ENDPOINT_URL or endpoint_url, for example http://localhost:4566.",
			"エンドポイント %q は URL として不正。AWS_ENDPOINT_URL または endpoint_url を修正（例: http://localhost:4566）。",
		).With(clean(Mask(endpoint), maxDetail)),
		Err: err,
	}
}
