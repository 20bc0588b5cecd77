package shell

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/smithy-go"

	"github.com/monshin/monshin/diagnose/lang"
)

// NotReadyError says that a session cannot be opened on an instance. What is behind
// it, the probes of the symptom no-session tell.
type NotReadyError struct {
	Instance string
	// Call is the call that said so, Code AWS's error code, "" where the answer itself
	// said so.
	Call, Code string
	Say        lang.Text
	Err        error
}

func (e *NotReadyError) Error() string { return e.Say.En }

// Unwrap returns what came back, nil where nothing failed.
func (e *NotReadyError) Unwrap() error { return e.Err }

// Said returns the words.
func (e *NotReadyError) Said() lang.Text { return e.Say }

// Ready asks ssm:GetConnectionStatus, which starts nothing. That the operator may not
// ask is no reason not to try: ReadOnly policies differ in it.
func Ready(ctx context.Context, cfg aws.Config, instance string) error {
	out, err := ssm.NewFromConfig(cfg).GetConnectionStatus(ctx, &ssm.GetConnectionStatusInput{Target: aws.String(instance)})
	var api smithy.APIError
	switch {
	case errors.As(err, &api) && api.ErrorCode() == "AccessDeniedException":
		return nil
	case err != nil:
		return &lang.Error{Err: err, Say: lang.Both("ssm:GetConnectionStatus of %s: %s", "ssm:GetConnectionStatus（%s）に失敗: %s").With(instance, lang.Clean(err.Error()))}
	case out.Status != types.ConnectionStatusConnected:
		return &NotReadyError{Instance: instance, Call: "ssm:GetConnectionStatus", Say: lang.Both(
			"no session can be opened on %s: the agent keeps no channel to Session Manager (ssm:GetConnectionStatus: %s)",
			"%s にはセッションマネージャーで接続不可: SSM Agent とセッションマネージャーの間に接続なし（ssm:GetConnectionStatus: %s）").With(instance, lang.Clean(string(out.Status)))}
	}
	return nil
}

// startFailed is what ssm:StartSession came to.
func startFailed(instance string, err error) error {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return &lang.Error{Err: err, Say: lang.Both("ssm:StartSession on %s: %s", "ssm:StartSession（%s）に失敗: %s").With(instance, lang.Clean(err.Error()))}
	}
	say := lang.Both("ssm:StartSession on %s was refused: %s: %s", "ssm:StartSession（%s）が拒否された: %s: %s").With(instance, api.ErrorCode(), lang.Clean(api.ErrorMessage()))
	if api.ErrorCode() == "TargetNotConnected" {
		say = lang.Both("no session can be opened on %s: the agent keeps no channel to Session Manager (TargetNotConnected)",
			"%s にはセッションマネージャーで接続不可: SSM Agent とセッションマネージャーの間に接続なし（TargetNotConnected）").With(instance)
	}
	return &NotReadyError{Instance: instance, Call: "ssm:StartSession", Code: api.ErrorCode(), Say: say, Err: err}
}
