package cloud

import (
	"context"
	"errors"
	"os/exec"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// sessionName is how an assumed role's session is called where the profile does not
// say: a customer finds it in CloudTrail.
const sessionName = "monshin"

// Logins makes configurations for several profiles, roles and regions. One MFA code
// serves all profiles of one identity and device: AWS takes a code once only, so the
// first need of it opens a session with it, from which all roles are assumed.
type Logins struct {
	settings Settings

	mu       sync.Mutex
	configs  map[[2]string]aws.Config              // by profile and role
	sessions map[[2]string]aws.CredentialsProvider // by source profile and MFA device
}

// NewLogins prepares logins with what is the same for all of them. It sends nothing.
func NewLogins(s Settings) *Logins {
	return &Logins{settings: s, configs: map[[2]string]aws.Config{}, sessions: map[[2]string]aws.CredentialsProvider{}}
}

// Config makes the configuration for a profile ("" is the default chain), a role to
// assume from there ("" is none) and a region ("" is the profile's). All regions of a
// profile and role share their credentials. Errors are *Problem.
func (l *Logins) Config(ctx context.Context, profile, role, region string) (aws.Config, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if region != "" && !IsRegion(region) {
		return aws.Config{}, regionProblem(region)
	}
	cfg, ok := l.configs[[2]string{profile, role}]
	if !ok {
		var err error
		if cfg, err = l.base(ctx, profile, region); err != nil {
			return aws.Config{}, err
		}
		if role != "" {
			cfg.Credentials = assumed(cfg, cfg.Credentials, role, nil)
			l.configs[[2]string{profile, role}] = cfg
		}
	}
	cfg = cfg.Copy()
	if region != "" {
		cfg.Region = region
	}
	return cfg, nil
}

// base is the configuration of a profile before any further role.
func (l *Logins) base(ctx context.Context, profile, region string) (aws.Config, error) {
	key := [2]string{profile, ""}
	if cfg, ok := l.configs[key]; ok {
		return cfg.Copy(), nil
	}
	s := l.settings
	s.Profile = profile
	if region != "" {
		s.Region = region
	}
	cfg, err := l.login(ctx, s)
	if err == nil {
		l.configs[key] = cfg
	}
	return cfg, err
}

// login is Config of one profile, whose MFA code opens a session that others share.
func (l *Logins) login(ctx context.Context, s Settings) (aws.Config, error) {
	cfg, err := Config(ctx, s)
	name := s.profile()
	if err != nil || name == "" {
		return cfg, err
	}
	shared, ok := profileOf(cfg)
	if !ok || shared.MFASerial == "" || shared.RoleARN == "" || shared.Source == nil || !shared.Source.Credentials.HasKeys() {
		return cfg, nil // Config has read it; it needs no code, or in a way that cannot be shared
	}
	source := cfg.Copy()
	source.Credentials = aws.CredentialsProvider(aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return shared.Source.Credentials, nil
	}))
	device := [2]string{shared.SourceProfileName, shared.MFASerial}
	session, open := l.sessions[device]
	if !open {
		session = aws.NewCredentialsCache(&mfaSession{client: sts.NewFromConfig(source), serial: shared.MFASerial, token: l.settings.token})
		l.sessions[device] = session
	}
	provider := assumed(cfg, session, shared.RoleARN, func(o *stscreds.AssumeRoleOptions) {
		if shared.ExternalID != "" {
			o.ExternalID = aws.String(shared.ExternalID)
		}
		if shared.RoleSessionName != "" {
			o.RoleSessionName = shared.RoleSessionName
		}
		if shared.RoleDurationSeconds != nil {
			o.Duration = *shared.RoleDurationSeconds
		}
	})
	cfg.Credentials = provider
	if program, err := exec.LookPath("aws"); err == nil {
		cfg.Credentials = aws.NewCredentialsCache(&cliCredentials{program: program, profile: name, otherwise: provider})
	}
	return cfg, nil
}

// profileOf is the profile of the shared configuration that cfg was made from.
func profileOf(cfg aws.Config) (config.SharedConfig, bool) {
	for _, source := range cfg.ConfigSources {
		if p, ok := source.(config.SharedConfig); ok {
			return p, true
		}
	}
	return config.SharedConfig{}, false
}

// assumed are the credentials of a role that those of from may assume.
func assumed(cfg aws.Config, from aws.CredentialsProvider, role string, more func(*stscreds.AssumeRoleOptions)) aws.CredentialsProvider {
	cfg = cfg.Copy()
	cfg.Credentials = from
	return aws.NewCredentialsCache(stscreds.NewAssumeRoleProvider(sts.NewFromConfig(cfg), role, func(o *stscreds.AssumeRoleOptions) {
		o.RoleSessionName = sessionName
		if more != nil {
			more(o)
		}
	}))
}

// mfaSession is a session that one MFA code opened. Roles that demand MFA accept it.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html
type mfaSession struct {
	client *sts.Client
	serial string
	token  func() (string, error)
}

// Retrieve asks for a code. The cache around it asks for it once.
func (m *mfaSession) Retrieve(ctx context.Context) (aws.Credentials, error) {
	code, err := m.token()
	if err != nil {
		return aws.Credentials{}, err
	}
	out, err := m.client.GetSessionToken(ctx, &sts.GetSessionTokenInput{SerialNumber: aws.String(m.serial), TokenCode: aws.String(code)})
	if err != nil {
		return aws.Credentials{}, err
	}
	c := out.Credentials
	if c == nil || aws.ToString(c.AccessKeyId) == "" {
		return aws.Credentials{}, errors.New("sts:GetSessionToken answered without credentials")
	}
	return aws.Credentials{
		AccessKeyID: aws.ToString(c.AccessKeyId), SecretAccessKey: aws.ToString(c.SecretAccessKey), SessionToken: aws.ToString(c.SessionToken),
		Source: "MFA session", CanExpire: c.Expiration != nil, Expires: utc(c.Expiration),
	}, nil
}
