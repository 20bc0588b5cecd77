package cloud

import (
	"cmp"
	"context"
	"errors"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/lang"
)

// Problem is why AWS cannot be reached at all, said so that the reader knows what to
// do next. It is an error whose text is English.
type Problem struct {
	Say lang.Text
	Err error
}

func (p *Problem) Error() string { return p.Say.En }

// Unwrap returns what came back.
func (p *Problem) Unwrap() error { return p.Err }

// Said returns the words, for lang.Said.
func (p *Problem) Said() lang.Text { return p.Say }

// expiredProblem is why the walk pauses.
func expiredProblem(why fact.Why, err error) error {
	if credentials := (*credentialsError)(nil); errors.As(err, &credentials) {
		return credentialsProblem("", credentials.err)
	}
	return &Problem{
		Say: lang.Both(
			"AWS no longer accepts the credentials (%s: %s). Sign in again (for example: aws sso login), then go on.",
			"AWS の認証情報が無効または期限切れ（%s: %s）。再ログイン（例: aws sso login）後に再開。",
		).With(why.Action, clean(Mask(message(err)), maxDetail)),
		Err: err,
	}
}

// Usable asks the credentials' provider for credentials, which can mean a request to
// STS or to IAM Identity Center, and explains why there are none. A refusal that
// only AWS itself can tell shows in the first call.
func Usable(ctx context.Context, cfg aws.Config, profile string) error {
	if cfg.Credentials == nil {
		return noCredentials(nil)
	}
	if _, err := cfg.Credentials.Retrieve(ctx); err != nil {
		return credentialsProblem(profile, err)
	}
	return nil
}

func noCredentials(err error) error {
	return &Problem{
		Say: lang.Both(
			"No AWS credentials were found: not in the environment, not in the profile, not in an instance or container role. Name a profile with --profile, or sign in (aws sso login, aws configure).",
			"AWS の認証情報が見つからない（環境変数・プロファイル・インスタンスロール・コンテナロールのいずれにもなし）。--profile で指定するか、aws sso login または aws configure を実行。",
		),
		Err: err,
	}
}

// credentialsProblem explains why a provider gave no credentials. The SDK's
// providers have no common type of error, so that their texts tell the case.
func credentialsProblem(profile string, err error) error {
	if p := (*Problem)(nil); errors.As(err, &p) {
		return p
	}
	text := strings.ToLower(err.Error())
	named := ""
	if profile != "" {
		named = " --profile " + quoted(printable(profile))
	}
	detail := clean(Mask(err.Error()), maxDetail)
	switch {
	case strings.Contains(text, "sso") && (strings.Contains(text, "token") || strings.Contains(text, "expired")):
		return &Problem{
			Say: lang.Both(
				"The sign-in to IAM Identity Center (SSO) has expired. Run aws sso login%s, then go on. (%s)",
				"IAM Identity Center (SSO) のログインが期限切れ。aws sso login%s を実行して再開。（%s）",
			).With(named, detail),
			Err: err,
		}
	case strings.Contains(text, "no ec2 imds role found"), strings.Contains(text, "imds"), strings.Contains(text, "failed to retrieve credentials"):
		return noCredentials(err)
	}
	return &Problem{
		Say: lang.Both(
			"AWS credentials could not be had: %s. Sign in again, or name another profile with --profile.",
			"AWS の認証情報を取得できず: %s。再ログインするか、--profile で別のプロファイルを指定。",
		).With(detail),
		Err: err,
	}
}

// loadProblem explains why the shared configuration could not be read.
func loadProblem(profile string, err error) error {
	if missing := (config.SharedConfigProfileNotExistError{}); errors.As(err, &missing) {
		return &Problem{
			Say: lang.Both(
				"There is no profile %q in %s. aws configure list-profiles lists those there are.",
				"プロファイル %q が %s に見つからない。一覧は aws configure list-profiles で確認。",
			).With(printable(missing.Profile), cmp.Or(printable(strings.Join(missing.Filename, ", ")), "~/.aws/config, ~/.aws/credentials")),
			Err: err,
		}
	}
	if broken := (config.SharedConfigLoadError{}); errors.As(err, &broken) {
		return &Problem{
			Say: lang.Both(
				"The AWS configuration file %s cannot be read: %v. Correct it, or name another with AWS_CONFIG_FILE.",
				"AWS 設定ファイル %s を読み取れず: %v。修正するか、AWS_CONFIG_FILE で別のファイルを指定。",
			).With(printable(broken.Filename), clean(Mask(broken.Err.Error()), maxDetail)),
			Err: err,
		}
	}
	return &Problem{
		Say: lang.Both(
			"The AWS configuration cannot be used: %s. Check the profile and the environment variables that begin with AWS_.",
			"AWS の設定を使用できず: %s。プロファイルと AWS_ で始まる環境変数を確認。",
		).With(clean(Mask(err.Error()), maxDetail)),
		Err: err,
	}
}
