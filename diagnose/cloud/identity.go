package cloud

import (
	"context"
	"net/url"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
)

// iamPage is the most rows of a page that IAM gives.
const iamPage = 1000

// minimumActions are what an instance needs to register with Systems Manager and to
// receive commands (domain.md §3.1).
var minimumActions = []string{
	"ssm:UpdateInstanceInformation",
	"ssmmessages:CreateControlChannel", "ssmmessages:OpenControlChannel",
	"ssmmessages:CreateDataChannel", "ssmmessages:OpenDataChannel",
}

func noEntity(err error) bool { return hasCode(err, "NoSuchEntity", "NoSuchEntityException") }

// caller tells who asks. An alias that may not be read is left out.
func (s *Source) caller(ctx context.Context, _ string) (estate.Caller, error) {
	var me estate.Caller
	var alias string
	err := parallel(
		func() (err error) { me, err = s.identity(ctx); return err },
		func() error {
			if out, err := s.iam.ListAccountAliases(ctx, &iam.ListAccountAliasesInput{}); err == nil && len(out.AccountAliases) > 0 {
				alias = out.AccountAliases[0]
			}
			return nil
		},
	)
	me.Alias = alias
	return me, err
}

func (s *Source) identity(ctx context.Context) (estate.Caller, error) {
	return recall(ctx, s, "caller", func(ctx context.Context) (estate.Caller, error) {
		out, err := s.sts.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
		if err != nil {
			return estate.Caller{}, err
		}
		return estate.Caller{Account: aws.ToString(out.Account), ARN: aws.ToString(out.Arn), UserID: aws.ToString(out.UserId)}, nil
	})
}

func (s *Source) instanceProfile(ctx context.Context, name string) (estate.InstanceProfile, error) {
	out, err := s.iam.GetInstanceProfile(ctx, &iam.GetInstanceProfileInput{InstanceProfileName: aws.String(name)})
	if noEntity(err) || err == nil && out.InstanceProfile == nil {
		return estate.InstanceProfile{}, errAbsent
	}
	if err != nil {
		return estate.InstanceProfile{}, err
	}
	p := out.InstanceProfile
	e := estate.InstanceProfile{Name: aws.ToString(p.InstanceProfileName), ARN: aws.ToString(p.Arn), ID: aws.ToString(p.InstanceProfileId)}
	if len(p.Roles) > 0 {
		e.Role, e.RoleARN = aws.ToString(p.Roles[0].RoleName), aws.ToString(p.Roles[0].Arn)
	}
	return e, nil
}

func (s *Source) role(ctx context.Context, name string) (estate.Role, error) {
	out, err := s.iam.GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String(name)})
	if noEntity(err) || err == nil && out.Role == nil {
		return estate.Role{}, errAbsent
	}
	if err != nil {
		return estate.Role{}, err
	}
	r := out.Role
	e := estate.Role{
		Name: aws.ToString(r.RoleName), ARN: aws.ToString(r.Arn), Path: aws.ToString(r.Path), ID: aws.ToString(r.RoleId),
		Trust: document(r.AssumeRolePolicyDocument),
	}
	if r.PermissionsBoundary != nil {
		e.BoundaryARN = aws.ToString(r.PermissionsBoundary.PermissionsBoundaryArn)
	}
	return e, nil
}

// document decodes a policy as IAM sends it: percent-encoded by RFC 3986, where a
// plus sign is itself. What is not encoded stays as it is.
func document(s *string) string {
	decoded, err := url.PathUnescape(aws.ToString(s))
	if err != nil {
		return aws.ToString(s)
	}
	return decoded
}

// policy reads a managed policy at its default version, once for all roles.
func (s *Source) policy(ctx context.Context, arn string) (estate.PolicyText, error) {
	return recall(ctx, s, "policy "+arn, func(ctx context.Context) (estate.PolicyText, error) {
		out, err := s.iam.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: aws.String(arn)})
		if noEntity(err) || err == nil && out.Policy == nil {
			return estate.PolicyText{}, errAbsent
		}
		if err != nil {
			return estate.PolicyText{}, err
		}
		e := estate.PolicyText{Name: aws.ToString(out.Policy.PolicyName), ARN: arn, Version: aws.ToString(out.Policy.DefaultVersionId)}
		version, err := s.iam.GetPolicyVersion(deeper(ctx), &iam.GetPolicyVersionInput{PolicyArn: aws.String(arn), VersionId: aws.String(e.Version)})
		if noEntity(err) || err == nil && version.PolicyVersion == nil {
			return estate.PolicyText{}, errAbsent
		}
		if err != nil {
			return estate.PolicyText{}, err
		}
		e.JSON = document(version.PolicyVersion.Document)
		return e, nil
	})
}

// rolePolicies reads every permission policy of a role. A list that is refused
// leaves the whole part unknown; a text that is refused stands in Unread.
func (s *Source) rolePolicies(ctx context.Context, role string) (estate.RolePolicies, error) {
	var attached []types.AttachedPolicy
	var inline []string
	err := parallel(
		func() error {
			return pages(ctx, func(ctx context.Context, token *string) (*string, error) {
				out, err := s.iam.ListAttachedRolePolicies(ctx, &iam.ListAttachedRolePoliciesInput{RoleName: aws.String(role), Marker: token, MaxItems: aws.Int32(iamPage)})
				if err != nil {
					return nil, err
				}
				attached = append(attached, out.AttachedPolicies...)
				return marker(out.IsTruncated, out.Marker), nil
			})
		},
		func() error {
			return pages(ctx, func(ctx context.Context, token *string) (*string, error) {
				out, err := s.iam.ListRolePolicies(ctx, &iam.ListRolePoliciesInput{RoleName: aws.String(role), Marker: token, MaxItems: aws.Int32(iamPage)})
				if err != nil {
					return nil, err
				}
				inline = append(inline, out.PolicyNames...)
				return marker(out.IsTruncated, out.Marker), nil
			})
		},
	)
	if noEntity(err) {
		return estate.RolePolicies{}, errAbsent
	}
	if err != nil {
		return estate.RolePolicies{}, err
	}

	texts := make([]estate.PolicyText, len(attached)+len(inline))
	errs := make([]error, len(texts))
	ctx = deeper(ctx)
	_ = each(texts, func(i int, _ estate.PolicyText) error {
		if i < len(attached) {
			texts[i], errs[i] = s.policy(ctx, aws.ToString(attached[i].PolicyArn))
			return nil
		}
		texts[i], errs[i] = s.inlinePolicy(ctx, role, inline[i-len(attached)])
		return nil
	})
	var e estate.RolePolicies
	for i, text := range texts {
		switch {
		case errs[i] != nil:
			if ctx.Err() != nil {
				return e, errs[i]
			}
			name, action := "", "iam:GetRolePolicy"
			if i < len(attached) {
				name, action = first(attached[i].PolicyName, attached[i].PolicyArn), "iam:GetPolicy"
			} else {
				name = inline[i-len(attached)]
			}
			unread, expired := unreadPolicy(errs[i], name, action, sheetOf(ctx))
			if expired {
				return e, errs[i]
			}
			e.Unread = append(e.Unread, unread)
		case i < len(attached):
			e.Attached = append(e.Attached, text)
		default:
			e.Inline = append(e.Inline, text)
		}
	}
	return e, nil
}

func unreadPolicy(err error, name, action string, s *sheet) (unread estate.Unread, expired bool) {
	why, expired := whyNot(err, action, name, s)
	if err == errAbsent { // listed, and gone when it was read
		why.Reason, why.Detail = fact.NotSupported, "NoSuchEntity"
	}
	return estate.Unread{Name: name, Action: why.Action, Reason: string(why.Reason), Detail: why.Detail}, expired
}

func (s *Source) inlinePolicy(ctx context.Context, role, name string) (estate.PolicyText, error) {
	out, err := s.iam.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: aws.String(role), PolicyName: aws.String(name)})
	if noEntity(err) {
		return estate.PolicyText{}, errAbsent
	}
	if err != nil {
		return estate.PolicyText{}, err
	}
	return estate.PolicyText{Name: name, JSON: document(out.PolicyDocument)}, nil
}

// maxProfilePages bounds the profiles of a role. An account has 1,000 of them unless
// AWS raised that quota.
const maxProfilePages = 5

// roleProfiles lists the instance profiles that hold a role, by name.
func (s *Source) roleProfiles(ctx context.Context, role string) (estate.RoleProfiles, error) {
	e := estate.RoleProfiles{Names: []string{}, Complete: true}
	read := 0
	err := pages(ctx, func(ctx context.Context, token *string) (*string, error) {
		out, err := s.iam.ListInstanceProfilesForRole(ctx, &iam.ListInstanceProfilesForRoleInput{RoleName: aws.String(role), Marker: token, MaxItems: aws.Int32(iamPage)})
		if err != nil {
			return nil, err
		}
		for _, p := range out.InstanceProfiles {
			e.Names = append(e.Names, aws.ToString(p.InstanceProfileName))
		}
		next := marker(out.IsTruncated, out.Marker)
		if read++; read >= maxProfilePages && aws.ToString(next) != "" {
			e.Complete = false
			return nil, nil
		}
		return next, nil
	})
	if noEntity(err) {
		return estate.RoleProfiles{}, errAbsent
	}
	if err != nil {
		return estate.RoleProfiles{}, err
	}
	slices.Sort(e.Names)
	return e, nil
}

// marker is IAM's way to say that there is a further page.
func marker(truncated bool, token *string) *string {
	if !truncated {
		return nil
	}
	return token
}

func (s *Source) simulation(ctx context.Context, role string) (estate.Simulation, error) {
	e := estate.Simulation{Results: []estate.SimulatedAction{}}
	err := pages(ctx, func(ctx context.Context, token *string) (*string, error) {
		out, err := s.iam.SimulatePrincipalPolicy(ctx, &iam.SimulatePrincipalPolicyInput{
			PolicySourceArn: aws.String(role), ActionNames: minimumActions, Marker: token, MaxItems: aws.Int32(iamPage),
		})
		if err != nil {
			return nil, err
		}
		for _, r := range out.EvaluationResults {
			a := estate.SimulatedAction{Action: aws.ToString(r.EvalActionName), Decision: string(r.EvalDecision)}
			if d := r.OrganizationsDecisionDetail; d != nil {
				a.Organizations = decision(d.AllowedByOrganizations)
			}
			if d := r.PermissionsBoundaryDecisionDetail; d != nil {
				a.Boundary = decision(d.AllowedByPermissionsBoundary)
			}
			e.Results = append(e.Results, a)
		}
		return marker(out.IsTruncated, out.Marker), nil
	})
	if noEntity(err) {
		return estate.Simulation{}, errAbsent
	}
	return e, err
}

func decision(allowed bool) string {
	if allowed {
		return "allowed"
	}
	return "denied"
}
