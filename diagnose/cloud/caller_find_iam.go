package cloud

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/monshin/monshin/diagnose/remedy"
)

// ours reports whether something in IAM carries the tag that the call puts on it. A
// name that is taken by somebody else's is not the call's effect.
func ours(is, want []types.Tag) (bool, error) {
	for _, t := range want {
		if aws.ToString(t.Key) == remedy.StepTag && aws.ToString(t.Value) != "" {
			return slices.ContainsFunc(is, func(o types.Tag) bool {
				return aws.ToString(o.Key) == remedy.StepTag && aws.ToString(o.Value) == aws.ToString(t.Value)
			}), nil
		}
	}
	return false, errCannotTell
}

// iamProfile reads an instance profile; nil where there is none.
func (e *errand) iamProfile(ctx context.Context, name *string) (*types.InstanceProfile, error) {
	out, err := e.at.iam.GetInstanceProfile(ctx, &iam.GetInstanceProfileInput{InstanceProfileName: name})
	if noEntity(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return out.InstanceProfile, nil
}

// iamRole reads a role; nil where there is none.
func (e *errand) iamRole(ctx context.Context, name *string) (*types.Role, error) {
	out, err := e.at.iam.GetRole(ctx, &iam.GetRoleInput{RoleName: name})
	if noEntity(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return out.Role, nil
}

func findNewProfile(ctx context.Context, e *errand, in *iam.CreateInstanceProfileInput) (*iam.CreateInstanceProfileOutput, error) {
	p, err := e.iamProfile(ctx, in.InstanceProfileName)
	if err != nil || p == nil {
		return nil, err
	}
	if mine, err := ours(p.Tags, in.Tags); err != nil || !mine {
		return nil, err
	}
	return &iam.CreateInstanceProfileOutput{InstanceProfile: p}, nil
}

func findProfileDeletion(ctx context.Context, e *errand, in *iam.DeleteInstanceProfileInput) (*iam.DeleteInstanceProfileOutput, error) {
	p, err := e.iamProfile(ctx, in.InstanceProfileName)
	if err != nil || p != nil {
		return nil, err
	}
	return &iam.DeleteInstanceProfileOutput{}, nil
}

func (e *errand) roleIn(ctx context.Context, profile, role *string) (bool, error) {
	p, err := e.iamProfile(ctx, profile)
	if err != nil || p == nil {
		return false, err
	}
	return slices.ContainsFunc(p.Roles, func(r types.Role) bool { return aws.ToString(r.RoleName) == aws.ToString(role) }), nil
}

func findRoleInProfile(ctx context.Context, e *errand, in *iam.AddRoleToInstanceProfileInput) (*iam.AddRoleToInstanceProfileOutput, error) {
	there, err := e.roleIn(ctx, in.InstanceProfileName, in.RoleName)
	if err != nil || !there {
		return nil, err
	}
	return &iam.AddRoleToInstanceProfileOutput{}, nil
}

func findRoleOutOfProfile(ctx context.Context, e *errand, in *iam.RemoveRoleFromInstanceProfileInput) (*iam.RemoveRoleFromInstanceProfileOutput, error) {
	there, err := e.roleIn(ctx, in.InstanceProfileName, in.RoleName)
	if err != nil || there {
		return nil, err
	}
	return &iam.RemoveRoleFromInstanceProfileOutput{}, nil
}

func findNewRole(ctx context.Context, e *errand, in *iam.CreateRoleInput) (*iam.CreateRoleOutput, error) {
	r, err := e.iamRole(ctx, in.RoleName)
	if err != nil || r == nil {
		return nil, err
	}
	if mine, err := ours(r.Tags, in.Tags); err != nil || !mine {
		return nil, err
	}
	return &iam.CreateRoleOutput{Role: r}, nil
}

func findRoleDeletion(ctx context.Context, e *errand, in *iam.DeleteRoleInput) (*iam.DeleteRoleOutput, error) {
	r, err := e.iamRole(ctx, in.RoleName)
	if err != nil || r != nil {
		return nil, err
	}
	return &iam.DeleteRoleOutput{}, nil
}

func (e *errand) policyOn(ctx context.Context, role, arn *string) (bool, error) {
	there := false
	err := pages(ctx, func(ctx context.Context, token *string) (*string, error) {
		out, err := e.at.iam.ListAttachedRolePolicies(ctx, &iam.ListAttachedRolePoliciesInput{RoleName: role, Marker: token, MaxItems: aws.Int32(iamPage)})
		if err != nil {
			return nil, err
		}
		there = there || slices.ContainsFunc(out.AttachedPolicies, func(p types.AttachedPolicy) bool { return aws.ToString(p.PolicyArn) == aws.ToString(arn) })
		return marker(out.IsTruncated, out.Marker), nil
	})
	if noEntity(err) {
		return false, nil
	}
	return there, err
}

func findPolicyOnRole(ctx context.Context, e *errand, in *iam.AttachRolePolicyInput) (*iam.AttachRolePolicyOutput, error) {
	there, err := e.policyOn(ctx, in.RoleName, in.PolicyArn)
	if err != nil || !there {
		return nil, err
	}
	return &iam.AttachRolePolicyOutput{}, nil
}

func findPolicyOffRole(ctx context.Context, e *errand, in *iam.DetachRolePolicyInput) (*iam.DetachRolePolicyOutput, error) {
	there, err := e.policyOn(ctx, in.RoleName, in.PolicyArn)
	if err != nil || there {
		return nil, err
	}
	return &iam.DetachRolePolicyOutput{}, nil
}

func findTrust(ctx context.Context, e *errand, in *iam.UpdateAssumeRolePolicyInput) (*iam.UpdateAssumeRolePolicyOutput, error) {
	r, err := e.iamRole(ctx, in.RoleName)
	if err != nil || r == nil || !sameJSON(document(r.AssumeRolePolicyDocument), aws.ToString(in.PolicyDocument)) {
		return nil, err
	}
	return &iam.UpdateAssumeRolePolicyOutput{}, nil
}

// serviceRoles are the names of the service-linked roles that plans make (domain.md §5.2).
var serviceRoles = map[string]string{
	"license-manager-user-subscriptions.amazonaws.com": "AWSServiceRoleForAWSLicenseManagerUserSubscriptionsService",
}

func findServiceRole(ctx context.Context, e *errand, in *iam.CreateServiceLinkedRoleInput) (*iam.CreateServiceLinkedRoleOutput, error) {
	name, ok := serviceRoles[aws.ToString(in.AWSServiceName)]
	if !ok || in.CustomSuffix != nil {
		return nil, errCannotTell
	}
	r, err := e.iamRole(ctx, &name)
	if err != nil || r == nil {
		return nil, err
	}
	return &iam.CreateServiceLinkedRoleOutput{Role: r}, nil
}

func findServiceRoleDeletion(ctx context.Context, e *errand, in *iam.DeleteServiceLinkedRoleInput) (*iam.DeleteServiceLinkedRoleOutput, error) {
	r, err := e.iamRole(ctx, in.RoleName)
	if err != nil || r != nil {
		return nil, err
	}
	return &iam.DeleteServiceLinkedRoleOutput{}, nil
}
