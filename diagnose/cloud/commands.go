package cloud

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/monshin/monshin/diagnose/estate"
)

const (
	// maxCommandPages bounds the history of a busy instance: 20 pages of 50 are a
	// run every 45 minutes for the month that AWS keeps.
	maxCommandPages = 20
	commandPage     = 50
	// maxOutputs is how many invocations are read with their whole output.
	maxOutputs = 10
	// GetCommandInvocation cuts stdout and stderr at these lengths (domain.md §11).
	maxStdout, maxStderr = 24000, 8000
	// powerShell is the only document that License Manager runs (domain.md §5.2).
	powerShell = "AWS-RunPowerShellScript"
	// errorMark separates stderr from stdout in ListCommandInvocations (domain.md §11).
	errorMark = "\n----------ERROR-------\n"
)

// commands reads the Run Command history of an instance, newest first, which
// outlives the instance.
func (s *Source) commands(ctx context.Context, id string) (estate.Commands, error) {
	e := estate.Commands{Invocations: []estate.Invocation{}, Complete: true}
	read := 0
	err := pages(ctx, func(ctx context.Context, token *string) (*string, error) {
		out, err := s.ssm.ListCommandInvocations(ctx, &ssm.ListCommandInvocationsInput{
			InstanceId: aws.String(id), Details: true, MaxResults: aws.Int32(commandPage), NextToken: token,
		})
		if err != nil {
			return nil, err
		}
		e.Invocations = append(e.Invocations, mapped(out.CommandInvocations, invocationOf)...)
		if read++; read >= maxCommandPages && aws.ToString(out.NextToken) != "" {
			e.Complete = false
			return nil, nil
		}
		return out.NextToken, nil
	})
	if hasCode(err, noNode) {
		return e, nil // Run Command never knew it, so it never ran anything there
	}
	if err != nil {
		return estate.Commands{}, err
	}
	slices.SortStableFunc(e.Invocations, func(a, b estate.Invocation) int { return b.Requested.Compare(a.Requested) })

	var telling []*estate.Invocation
	for i := range e.Invocations {
		v := &e.Invocations[i]
		if v.CommandID != "" && (v.Status != string(types.CommandInvocationStatusSuccess) || v.Document == powerShell) && len(telling) < maxOutputs {
			telling = append(telling, v)
		}
	}
	ctx = deeper(ctx)
	err = each(telling, func(_ int, v *estate.Invocation) error { return s.output(ctx, id, v) })
	if err != nil {
		return estate.Commands{}, err
	}
	return e, nil
}

func invocationOf(c types.CommandInvocation) estate.Invocation {
	v := estate.Invocation{
		CommandID: aws.ToString(c.CommandId), Document: aws.ToString(c.DocumentName), Requested: utc(c.RequestedDateTime),
		Status: string(c.Status), Details: freeText(c.StatusDetails), Comment: freeText(c.Comment),
		ServiceRole: aws.ToString(c.ServiceRole),
	}
	var stdout, stderr []string
	for _, p := range c.CommandPlugins {
		out, errs, _ := strings.Cut(aws.ToString(p.Output), errorMark)
		stdout, stderr = append(stdout, present(&out)...), append(stderr, present(&errs)...)
		if v.ResponseCode == 0 {
			v.ResponseCode = int(p.ResponseCode)
		}
	}
	v.Output, v.Error = Mask(strings.Join(stdout, "\n")), Mask(strings.Join(stderr, "\n"))
	v.Truncated = cut(v.Output) || cut(v.Error)
	return v
}

// output reads one invocation's whole output. Where that cannot be had, what the
// list gave stands: it is shorter, and not less true.
func (s *Source) output(ctx context.Context, id string, v *estate.Invocation) error {
	out, err := s.ssm.GetCommandInvocation(ctx, &ssm.GetCommandInvocationInput{CommandId: aws.String(v.CommandID), InstanceId: aws.String(id)})
	if err != nil {
		if _, expired := classify(err); expired {
			return err
		}
		v.Truncated = v.Truncated || v.Output != "" || v.Error != ""
		return nil
	}
	stdout, stderr := aws.ToString(out.StandardOutputContent), aws.ToString(out.StandardErrorContent)
	if stdout != "" || stderr != "" {
		v.Output, v.Error = Mask(stdout), Mask(stderr)
		v.Truncated = cut(stdout) || cut(stderr) || len(stdout) >= maxStdout || len(stderr) >= maxStderr
	}
	v.ResponseCode = int(out.ResponseCode)
	return nil
}

// cut recognises the marks of the agent and of AWS (domain.md §11).
func cut(s string) bool {
	s = strings.ToLower(s)
	return strings.Contains(s, "--output truncated--") || strings.Contains(s, "---error truncated----")
}
