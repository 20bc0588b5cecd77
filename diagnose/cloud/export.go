package cloud

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
)

// exportTimeout bounds the AWS CLI: it starts slowly (Python), and where it has no
// valid credentials it may want to ask somebody.
const exportTimeout = 5 * time.Second

// heldByCLI reports whether credentials come from a profile of a kind for which the
// AWS CLI keeps sessions: sign-in, assumed role, MFA.
func heldByCLI(cfg aws.Config, named bool) bool {
	if !named && (os.Getenv("AWS_ACCESS_KEY_ID") != "" || os.Getenv("AWS_WEB_IDENTITY_TOKEN_FILE") != "") {
		return false
	}
	for _, source := range cfg.ConfigSources {
		if p, ok := source.(config.SharedConfig); ok {
			return p.SSOSessionName != "" || p.SSOStartURL != "" || p.LoginSession != "" || p.MFASerial != "" ||
				p.RoleARN != "" && p.WebIdentityTokenFile == ""
		}
	}
	return false
}

// cliCredentials takes the credentials that the AWS CLI already holds, and where it
// has none asks the SDK's own chain.
type cliCredentials struct {
	program   string
	profile   string
	otherwise aws.CredentialsProvider
}

// Retrieve runs `aws configure export-credentials`, without a terminal, so that the
// CLI cannot ask questions on a screen that is monshin's.
func (c *cliCredentials) Retrieve(ctx context.Context) (aws.Credentials, error) {
	v, err := c.export(ctx)
	if err == nil {
		return v, nil
	}
	return c.otherwise.Retrieve(ctx)
}

func (c *cliCredentials) export(ctx context.Context) (aws.Credentials, error) {
	ctx, cancel := context.WithTimeout(ctx, exportTimeout)
	defer cancel()
	arguments := []string{"configure", "export-credentials", "--format", "process"}
	if c.profile != "" {
		arguments = append(arguments, "--profile="+c.profile)
	}
	command := exec.CommandContext(ctx, c.program, arguments...)
	command.SysProcAttr = withoutTerminal()
	command.WaitDelay = time.Second // a child of the CLI may keep the pipe open
	var out bytes.Buffer
	command.Stdout = &out
	if err := command.Run(); err != nil {
		return aws.Credentials{}, fmt.Errorf("aws configure export-credentials: %w", err)
	}
	return exported(out.Bytes(), time.Now())
}

// exported reads what the CLI printed
// (https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-sourcing-external.html).
func exported(b []byte, now time.Time) (aws.Credentials, error) {
	var p struct {
		Version                                               int
		AccessKeyID, SecretAccessKey, SessionToken, AccountID string
		Expiration                                            *string
	}
	if err := json.Unmarshal(b, &p); err != nil {
		return aws.Credentials{}, errors.New("aws configure export-credentials: the output is not JSON") // and may hold keys
	}
	if p.Version != 1 || p.AccessKeyID == "" || p.SecretAccessKey == "" {
		return aws.Credentials{}, errors.New("aws configure export-credentials: no credentials of version 1")
	}
	v := aws.Credentials{
		AccessKeyID: p.AccessKeyID, SecretAccessKey: p.SecretAccessKey, SessionToken: p.SessionToken,
		AccountID: p.AccountID, Source: "AWS CLI",
	}
	if p.Expiration != nil && *p.Expiration != "" {
		v.CanExpire, v.Expires = true, isoTime(p.Expiration)
		if !v.Expires.After(now) {
			return aws.Credentials{}, errors.New("aws configure export-credentials: the credentials have expired")
		}
	}
	return v, nil
}
