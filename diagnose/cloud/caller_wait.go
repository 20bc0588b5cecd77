package cloud

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/route53resolver"
	"github.com/aws/aws-sdk-go-v2/service/route53resolver/types"

	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/lang"
)

// endedError says that what a call started came to a bad end: it is over, and nobody
// has to look again.
type endedError struct {
	reason fact.Reason
	detail string
}

func (e *endedError) Error() string { return e.detail }

func ended(format string, args ...any) error {
	return &endedError{fact.NotSupported, clean(Mask(fmt.Sprintf(format, args...)), maxDetail)}
}

// slowError says that the end did not come in the time that it should take.
type slowError struct {
	state string
	after time.Duration
}

func (e *slowError) Error() string {
	return fmt.Sprintf("not finished after %s (%s)", e.after, cmp.Or(e.state, "no state"))
}

func (e *slowError) Timeout() bool   { return true }
func (e *slowError) Temporary() bool { return true }

// patience is how often something is looked at, and for how long. The time that is
// slept is counted, not that of a clock, which a simulated account may hold.
type patience struct{ first, last, limit time.Duration }

var (
	// Interface and Resolver endpoints come and go in one to five minutes; ten minutes is
	// also what AWS's own tools wait.
	forEndpoint = patience{first: 2 * time.Second, last: 15 * time.Second, limit: 10 * time.Minute}
	// An instance runs, or does not, within some minutes.
	forInstance = patience{first: 2 * time.Second, last: 15 * time.Second, limit: 10 * time.Minute}
	// A service-linked role is deleted by its service, which asks every region.
	forRole = patience{first: 2 * time.Second, last: 10 * time.Second, limit: 3 * time.Minute}
)

// poll looks until look says that it is over. Refusals of the rate and looks without
// an answer do not end it.
func (e *errand) poll(ctx context.Context, p patience, say lang.Text, look func(context.Context) (state string, over bool, err error)) error {
	slept, pause, last := time.Duration(0), p.first, ""
	for {
		own := &sheet{}
		request, cancel := context.WithTimeout(onSheet(ctx, own), DefaultDeadline)
		state, over, err := look(request)
		cancel()
		if err != nil {
			switch reason, expired := classify(err); {
			case ctx.Err() != nil, expired, reason != fact.Throttled && reason != fact.Timeout:
				return err
			}
		}
		if over && err == nil {
			return nil
		}
		last = cmp.Or(clean(state, 64), last)
		if slept >= p.limit {
			return &slowError{last, p.limit}
		}
		e.say(lang.Both("%s (%s, %s so far)", "%s（%s、経過 %s）").With(say, cmp.Or(last, "-"), slept.Round(time.Second).String()))
		if err := e.c.o.Sleep(ctx, pause); err != nil {
			return err
		}
		slept += pause
		pause = min(pause*3/2, p.last)
	}
}

func untilAvailable(ctx context.Context, e *errand, in *ec2.CreateVpcEndpointInput, out *ec2.CreateVpcEndpointOutput) error {
	if out.VpcEndpoint == nil || aws.ToString(out.VpcEndpoint.VpcEndpointId) == "" {
		return errCannotTell
	}
	id := aws.ToString(out.VpcEndpoint.VpcEndpointId)
	say := lang.Both("waiting for the endpoint %s to become available", "エンドポイント %s の available 待ち").With(clean(id, 64))
	return e.poll(ctx, forEndpoint, say, func(ctx context.Context) (string, bool, error) {
		all, err := e.vpcEndpoints(ctx, filtered("vpc-endpoint-id", id))
		if err != nil || len(all) == 0 { // not in the lists yet
			return "", false, err
		}
		v := all[0]
		switch {
		case inState(v.State, ec2types.StateAvailable):
			return string(v.State), true, nil
		case inState(v.State, ec2types.StateFailed, ec2types.StateRejected, ec2types.StateExpired, ec2types.StateDeleting, ec2types.StateDeleted):
			why := aws.ToString(v.FailureReason)
			if v.LastError != nil {
				why = cmp.Or(why, aws.ToString(v.LastError.Message))
			}
			return "", false, ended("the endpoint %s is %s: %s", id, v.State, why)
		case inState(v.State, ec2types.StatePendingAcceptance):
			return "", false, ended("the endpoint %s waits for its service's owner to accept it", id)
		}
		return string(v.State), false, nil
	})
}

// untilEndpointGone: the interfaces of an endpoint hold its security group until then.
func untilEndpointGone(ctx context.Context, e *errand, in *ec2.DeleteVpcEndpointsInput, _ *ec2.DeleteVpcEndpointsOutput) error {
	say := lang.Both("waiting for the endpoint to be deleted", "エンドポイントの削除完了待ち")
	return e.poll(ctx, forEndpoint, say, func(ctx context.Context) (string, bool, error) {
		all, err := e.vpcEndpoints(ctx, filtered("vpc-endpoint-id", in.VpcEndpointIds...))
		if err != nil {
			return "", false, err
		}
		for _, v := range all {
			if !inState(v.State, ec2types.StateDeleted) {
				return string(v.State), false, nil
			}
		}
		return "", true, nil
	})
}

func untilRunning(ctx context.Context, e *errand, in *ec2.RunInstancesInput, out *ec2.RunInstancesOutput) error {
	ids := mapped(out.Instances, func(i ec2types.Instance) string { return aws.ToString(i.InstanceId) })
	if len(ids) == 0 {
		return errCannotTell
	}
	say := lang.Both("waiting for the instance %s to run", "インスタンス %s の running 待ち").With(clean(ids[0], 64))
	return e.poll(ctx, forInstance, say, func(ctx context.Context) (string, bool, error) {
		all, err := e.instances(ctx, filtered("instance-id", ids...))
		if err != nil || len(all) < len(ids) {
			return "", false, err
		}
		for _, i := range all {
			state := ec2types.InstanceStateName("")
			if i.State != nil {
				state = i.State.Name
			}
			switch state {
			case ec2types.InstanceStateNameRunning:
			case ec2types.InstanceStateNamePending, "":
				return string(state), false, nil
			default:
				why := aws.ToString(i.StateTransitionReason)
				if i.StateReason != nil {
					why = cmp.Or(aws.ToString(i.StateReason.Message), why)
				}
				return "", false, ended("the instance %s is %s: %s", aws.ToString(i.InstanceId), state, why)
			}
		}
		return string(ec2types.InstanceStateNameRunning), true, nil
	})
}

func untilOperational(ctx context.Context, e *errand, _ *route53resolver.CreateResolverEndpointInput, out *route53resolver.CreateResolverEndpointOutput) error {
	if out.ResolverEndpoint == nil || aws.ToString(out.ResolverEndpoint.Id) == "" {
		return errCannotTell
	}
	id := out.ResolverEndpoint.Id
	say := lang.Both("waiting for the Resolver endpoint %s to become OPERATIONAL", "Resolver エンドポイント %s の OPERATIONAL 待ち").With(clean(*id, 64))
	return e.poll(ctx, forEndpoint, say, func(ctx context.Context) (string, bool, error) {
		r, err := e.resolverEndpoint(ctx, id)
		if err != nil || r == nil {
			return "", false, err
		}
		switch r.Status {
		case types.ResolverEndpointStatusOperational:
			return string(r.Status), true, nil
		case types.ResolverEndpointStatusActionNeeded, types.ResolverEndpointStatusDeleting:
			return "", false, ended("the Resolver endpoint %s is %s: %s", *id, r.Status, aws.ToString(r.StatusMessage))
		}
		return string(r.Status), false, nil
	})
}

// untilResolverEndpointGone: its interfaces hold its security group until then.
func untilResolverEndpointGone(ctx context.Context, e *errand, in *route53resolver.DeleteResolverEndpointInput, _ *route53resolver.DeleteResolverEndpointOutput) error {
	say := lang.Both("waiting for the Resolver endpoint to be deleted", "Resolver エンドポイントの削除完了待ち")
	return e.poll(ctx, forEndpoint, say, func(ctx context.Context) (string, bool, error) {
		r, err := e.resolverEndpoint(ctx, in.ResolverEndpointId)
		if err != nil || r == nil {
			return "", err == nil, err
		}
		return string(r.Status), false, nil
	})
}

func untilComplete(ctx context.Context, e *errand, in *route53resolver.AssociateResolverRuleInput, _ *route53resolver.AssociateResolverRuleOutput) error {
	say := lang.Both("waiting for the Resolver rule to be associated", "Resolver ルールの関連付け完了待ち")
	return e.poll(ctx, forEndpoint, say, func(ctx context.Context) (string, bool, error) {
		a, err := e.resolverAssociation(ctx, in.ResolverRuleId, in.VPCId)
		if err != nil || a == nil {
			return "", false, err
		}
		switch a.Status {
		case types.ResolverRuleAssociationStatusComplete:
			return string(a.Status), true, nil
		case types.ResolverRuleAssociationStatusFailed, types.ResolverRuleAssociationStatusOverridden, types.ResolverRuleAssociationStatusDeleting:
			return "", false, ended("the association of the Resolver rule is %s: %s", a.Status, aws.ToString(a.StatusMessage))
		}
		return string(a.Status), false, nil
	})
}

// untilDissociated: a rule cannot be deleted before.
func untilDissociated(ctx context.Context, e *errand, in *route53resolver.DisassociateResolverRuleInput, _ *route53resolver.DisassociateResolverRuleOutput) error {
	say := lang.Both("waiting for the Resolver rule to be disassociated", "Resolver ルールの関連付け解除待ち")
	return e.poll(ctx, forEndpoint, say, func(ctx context.Context) (string, bool, error) {
		a, err := e.resolverAssociation(ctx, in.ResolverRuleId, in.VPCId)
		if err != nil || a == nil {
			return "", err == nil, err
		}
		return string(a.Status), false, nil
	})
}

// untilRoleGone: the service itself deletes its role, or says what still uses it.
func untilRoleGone(ctx context.Context, e *errand, in *iam.DeleteServiceLinkedRoleInput, out *iam.DeleteServiceLinkedRoleOutput) error {
	say := lang.Both("waiting for the role %s to be deleted", "ロール %s の削除完了待ち").With(clean(aws.ToString(in.RoleName), 64))
	return e.poll(ctx, forRole, say, func(ctx context.Context) (string, bool, error) {
		r, err := e.iamRole(ctx, in.RoleName)
		if err != nil || r == nil || out.DeletionTaskId == nil {
			return "", err == nil && r == nil, err
		}
		task, err := e.at.iam.GetServiceLinkedRoleDeletionStatus(ctx, &iam.GetServiceLinkedRoleDeletionStatusInput{DeletionTaskId: out.DeletionTaskId})
		if err != nil {
			return "", false, nil // the role itself is the better witness
		}
		if task.Status == iamtypes.DeletionTaskStatusTypeFailed {
			why := ""
			if task.Reason != nil {
				why = aws.ToString(task.Reason.Reason)
			}
			return "", false, ended("the role %s was not deleted: %s", aws.ToString(in.RoleName), why)
		}
		return string(task.Status), false, nil
	})
}
