package cloud

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/guest"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/remedy"
)

// documents are what plans may run inside Windows. All are Amazon's own.
var documents = []string{powerShell, "AWS-UpdateSSMAgent", "AWSSupport-RunEC2RescueForWindowsTool"}

const (
	// longestDelivery is AWS's default of TimeoutSeconds, and longestExecution that of a
	// document's executionTimeout (domain.md §11).
	longestDelivery, longestExecution = time.Hour, time.Hour
	// commandGrace is for AWS's own handling at both ends of a command.
	commandGrace = 30 * time.Second
	// fixLine is how a script starts that answers with guest.ReadFix's line.
	fixLine = "# monshin-fix: "
)

// oneNode refuses a command that is not for exactly one instance, runs another
// document, or could not be found again.
func oneNode(in *ssm.SendCommandInput) error {
	switch {
	case len(in.InstanceIds) != 1 || len(in.Targets) > 0:
		return errors.New("a plan's command names exactly one instance in InstanceIds")
	case !slices.Contains(documents, aws.ToString(in.DocumentName)):
		return fmt.Errorf("%q is no document that a plan may run", aws.ToString(in.DocumentName))
	case aws.ToString(in.Comment) == "":
		return errors.New("a command needs a Comment by which it is found again")
	}
	return nil
}

// patienceOf is how long a command may take to arrive and to run.
func patienceOf(in *ssm.SendCommandInput) patience {
	delivery, execution := longestDelivery, longestExecution
	if in.TimeoutSeconds != nil {
		delivery = time.Duration(*in.TimeoutSeconds) * time.Second
	}
	if t := in.Parameters["executionTimeout"]; len(t) == 1 {
		if n, err := strconv.Atoi(t[0]); err == nil && n > 0 {
			execution = time.Duration(n) * time.Second
		}
	}
	return patience{first: firstPause, last: lastPause, limit: delivery + execution + commandGrace}
}

// untilCommandEnds waits for a command and reads what it said. A script that says that
// it did nothing has failed, whatever the command's status is.
func untilCommandEnds(ctx context.Context, e *errand, in *ssm.SendCommandInput, out *ssm.SendCommandOutput) (json.RawMessage, error) {
	if out.Command == nil || aws.ToString(out.Command.CommandId) == "" {
		return nil, errNoCommand
	}
	r := run{id: aws.ToString(out.Command.CommandId)}
	say := lang.Both("waiting for the command on %s", "%s でのコマンド完了待ち").With(clean(in.InstanceIds[0], 64))
	err := e.poll(ctx, patienceOf(in), say, func(ctx context.Context) (string, bool, error) {
		i, err := e.at.ssm.GetCommandInvocation(ctx, &ssm.GetCommandInvocationInput{CommandId: aws.String(r.id), InstanceId: aws.String(in.InstanceIds[0])})
		switch {
		case hasCode(err, noInvocation):
			return "", false, nil
		case err != nil:
			return "", false, err
		}
		r.state = stateOf(aws.ToString(i.StatusDetails), string(i.Status))
		if !slices.Contains(ends, r.state) {
			// Status is the enumeration, StatusDetails is free text that AWS may extend.
			r.state = stateOf("", string(i.Status))
		}
		r.code, r.stdout, r.stderr = i.ResponseCode, aws.ToString(i.StandardOutputContent), aws.ToString(i.StandardErrorContent)
		return string(i.Status), slices.Contains(ends, r.state), nil
	})
	if err != nil {
		return nil, err
	}
	if why := r.failure(); why.Reason != "" {
		return nil, &endedError{why.Reason, "the command ended as " + why.Detail}
	}
	if fixes(in) {
		return readFix(r, in)
	}
	said, err := json.Marshal(commandSaid{Command: r.id, Status: r.state, Parameters: parameterNames(r.stdout)})
	switch {
	case err != nil:
		return nil, err
	case r.state != "success":
		return said, &endedError{fact.NotSupported, clean(Mask(r.detail(errors.New("the command failed"))), maxDetail)}
	}
	return said, nil
}

// commandSaid is what is kept of a command that is not one of monshin's scripts. Its
// output may hold a password, and is not kept.
type commandSaid struct {
	Command string `json:"command"`
	Status  string `json:"status"`
	// Parameters are the names of the parameters into which EC2Rescue put a password.
	Parameters []string `json:"parameters,omitempty"`
}

// rescued is the name of a parameter of EC2Rescue, whose spelling AWS documents in two
// ways (domain.md §9.1).
var rescued = regexp.MustCompile(`/EC2Rescue/Passwords?/i-[0-9a-f]{8,17}\b`)

func parameterNames(output string) []string {
	names := rescued.FindAllString(output, 8)
	slices.Sort(names)
	return slices.Compact(names)
}

// fixes reports whether a command runs one of monshin's fixing scripts.
func fixes(in *ssm.SendCommandInput) bool {
	lines := in.Parameters["commands"]
	return aws.ToString(in.DocumentName) == powerShell && len(lines) > 0 && strings.HasPrefix(lines[0], fixLine)
}

// findCommand finds a command by its comment, which holds the step's token.
func findCommand(ctx context.Context, e *errand, in *ssm.SendCommandInput) (*ssm.SendCommandOutput, error) {
	var found *types.Command
	read := 0
	err := pages(ctx, func(ctx context.Context, token *string) (*string, error) {
		out, err := e.at.ssm.ListCommands(ctx, &ssm.ListCommandsInput{InstanceId: aws.String(in.InstanceIds[0]), MaxResults: aws.Int32(commandPage), NextToken: token})
		if err != nil {
			return nil, err
		}
		for _, c := range out.Commands {
			if aws.ToString(c.Comment) == aws.ToString(in.Comment) && aws.ToString(c.DocumentName) == aws.ToString(in.DocumentName) {
				found = &c
				return nil, nil
			}
		}
		if read++; read >= maxCommandPages && aws.ToString(out.NextToken) != "" {
			return nil, errCannotTell
		}
		return out.NextToken, nil
	})
	if err != nil || found == nil {
		return nil, err
	}
	return &ssm.SendCommandOutput{Command: found}, nil
}

// automationForm is what AWS takes for the token of an automation.
var automationForm = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// automationToken gives a token the form of a UUID, which AWS wants of this operation
// alone. The same token makes the same UUID.
func automationToken(in *ssm.StartAutomationExecutionInput) error {
	if in.ClientToken != nil && !automationForm.MatchString(*in.ClientToken) {
		h := sha256.Sum256([]byte(*in.ClientToken))
		in.ClientToken = aws.String(fmt.Sprintf("%x-%x-%x-%x-%x", h[:4], h[4:6], h[6:8], h[8:10], h[10:16]))
	}
	return nil
}

// forAutomation: an automation that works on one instance takes some minutes; those
// that stop it and start it again take up to half an hour.
var forAutomation = patience{first: 2 * time.Second, last: 15 * time.Second, limit: 45 * time.Minute}

func untilAutomationEnds(ctx context.Context, e *errand, _ *ssm.StartAutomationExecutionInput, out *ssm.StartAutomationExecutionOutput) (json.RawMessage, error) {
	id := aws.ToString(out.AutomationExecutionId)
	if id == "" {
		return nil, errCannotTell
	}
	say := lang.Both("waiting for the automation %s", "オートメーション %s の完了待ち").With(clean(id, 64))
	var status types.AutomationExecutionStatus
	err := e.poll(ctx, forAutomation, say, func(ctx context.Context) (string, bool, error) {
		got, err := e.at.ssm.GetAutomationExecution(ctx, &ssm.GetAutomationExecutionInput{AutomationExecutionId: aws.String(id)})
		if hasCode(err, "AutomationExecutionNotFoundException") {
			return "", false, nil
		}
		if err != nil || got.AutomationExecution == nil {
			return "", false, err
		}
		status = got.AutomationExecution.AutomationExecutionStatus
		switch status {
		case types.AutomationExecutionStatusSuccess, types.AutomationExecutionStatusCompletedWithSuccess:
			return string(status), true, nil
		case types.AutomationExecutionStatusTimedout, types.AutomationExecutionStatusCancelled, types.AutomationExecutionStatusFailed,
			types.AutomationExecutionStatusRejected, types.AutomationExecutionStatusCompletedWithFailure, types.AutomationExecutionStatusExited:
			return "", false, ended("the automation %s is %s: %s", id, status, aws.ToString(got.AutomationExecution.FailureMessage))
		}
		return string(status), false, nil
	})
	if err != nil {
		return nil, err
	}
	return json.Marshal(map[string]string{"automation": id, "status": string(status)})
}

// findAutomation finds an execution of the same document with the same parameters that
// carries the step's tag.
func findAutomation(ctx context.Context, e *errand, in *ssm.StartAutomationExecutionInput) (*ssm.StartAutomationExecutionOutput, error) {
	i := slices.IndexFunc(in.Tags, func(t types.Tag) bool { return aws.ToString(t.Key) == remedy.StepTag })
	if i < 0 {
		return nil, errCannotTell
	}
	var ids []string
	err := pages(ctx, func(ctx context.Context, token *string) (*string, error) {
		out, err := e.at.ssm.DescribeAutomationExecutions(ctx, &ssm.DescribeAutomationExecutionsInput{
			Filters: []types.AutomationExecutionFilter{
				{Key: types.AutomationExecutionFilterKeyDocumentNamePrefix, Values: []string{aws.ToString(in.DocumentName)}},
				{Key: types.AutomationExecutionFilterKeyTagKey, Values: []string{remedy.StepTag}},
			},
			MaxResults: aws.Int32(50), NextToken: token,
		})
		if err != nil {
			return nil, err
		}
		for _, m := range out.AutomationExecutionMetadataList {
			ids = append(ids, aws.ToString(m.AutomationExecutionId))
		}
		return out.NextToken, nil
	})
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		tags, err := e.at.ssm.ListTagsForResource(ctx, &ssm.ListTagsForResourceInput{ResourceId: aws.String(id), ResourceType: types.ResourceTypeForTaggingAutomation})
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(tags.TagList, func(t types.Tag) bool {
			return aws.ToString(t.Key) == remedy.StepTag && aws.ToString(t.Value) == aws.ToString(in.Tags[i].Value)
		}) {
			return &ssm.StartAutomationExecutionOutput{AutomationExecutionId: aws.String(id)}, nil
		}
	}
	return nil, nil
}

// readFix reads the answer of a fixing script. Where there is none that can be
// trusted, nobody knows what the script did, and looking again would not tell.
func readFix(r run, in *ssm.SendCommandInput) (json.RawMessage, error) {
	answer, err := guest.ReadFix([]byte(r.stdout))
	if err != nil {
		return nil, &endedError{fact.NotSupported, clean(Mask(r.detail(err)), maxDetail)}
	}
	for _, values := range []map[string]string{answer.Before, answer.After} {
		for name, value := range values {
			values[name] = Mask(value)
		}
	}
	said, err := json.Marshal(answer)
	switch {
	case err != nil:
		return nil, err
	case answer.Instance != "" && answer.Instance != in.InstanceIds[0]:
		return said, ended("the answer is from %s, not from %s", answer.Instance, in.InstanceIds[0])
	case !strings.HasPrefix(in.Parameters["commands"][0], fixLine+answer.Fix+" "):
		return said, ended("the answer is of the script %s, which was not sent", answer.Fix)
	case !answer.Done:
		return said, ended("the script %s could not do it: %s", answer.Fix, answer.Error)
	}
	return said, nil
}
