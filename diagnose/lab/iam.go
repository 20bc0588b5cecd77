package lab

import (
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

func identityOperations() map[string]operation {
	return map[string]operation{
		"sts:GetCallerIdentity":        on(getCallerIdentity),
		"iam:ListAccountAliases":       on(listAccountAliases),
		"iam:GetInstanceProfile":       on(getInstanceProfile),
		"iam:GetRole":                  on(getRole),
		"iam:ListAttachedRolePolicies": on(listAttachedRolePolicies),
		"iam:ListRolePolicies":         on(listRolePolicies),
		"iam:GetRolePolicy":            on(getRolePolicy),
		"iam:GetPolicy":                on(getPolicy),
		"iam:GetPolicyVersion":         on(getPolicyVersion),
		"iam:SimulatePrincipalPolicy":  on(simulatePrincipalPolicy),
	}
}

var iamPaging = paging{min: 1, max: 1000, normal: 100, badToken: "InvalidInput", badSize: "ValidationError"}

// encoded is how IAM hands out policy documents: percent-encoded, RFC 3986.
func encoded(document string) *string {
	return aws.String(strings.ReplaceAll(url.QueryEscape(document), "+", "%20"))
}

func (w *World) profileARN(name string) string {
	return "arn:aws:iam::" + w.Account + ":instance-profile/" + name
}

func (w *World) roleARN(r *Role) string {
	return "arn:aws:iam::" + w.Account + ":role" + r.path() + r.Name
}

func (r *Role) path() string {
	if r.Path == "" {
		return "/"
	}
	return r.Path
}

func (w *World) role(name *string) (*Role, error) {
	if r := w.Roles[aws.ToString(name)]; r != nil {
		return r, nil
	}
	return nil, fail("NoSuchEntity", "The role with name %s cannot be found.", aws.ToString(name))
}

func (w *World) policy(arn *string) (*Policy, error) {
	if p := w.Policies[aws.ToString(arn)]; p != nil {
		return p, nil
	}
	return nil, fail("NoSuchEntity", "Policy %s does not exist or is not attachable.", aws.ToString(arn))
}

func getCallerIdentity(w *World, _ *request, _ *sts.GetCallerIdentityInput) (*sts.GetCallerIdentityOutput, error) {
	return &sts.GetCallerIdentityOutput{Account: aws.String(w.Account), Arn: aws.String(w.CallerARN), UserId: aws.String(w.CallerID)}, nil
}

func listAccountAliases(w *World, _ *request, _ *iam.ListAccountAliasesInput) (*iam.ListAccountAliasesOutput, error) {
	out := &iam.ListAccountAliasesOutput{}
	if w.Alias != "" {
		out.AccountAliases = []string{w.Alias}
	}
	return out, nil
}

func getInstanceProfile(w *World, _ *request, in *iam.GetInstanceProfileInput) (*iam.GetInstanceProfileOutput, error) {
	p, err := w.profile(in.InstanceProfileName)
	if err != nil {
		return nil, err
	}
	return &iam.GetInstanceProfileOutput{InstanceProfile: w.showProfile(p)}, nil
}

func getRole(w *World, _ *request, in *iam.GetRoleInput) (*iam.GetRoleOutput, error) {
	r, err := w.role(in.RoleName)
	if err != nil {
		return nil, err
	}
	return &iam.GetRoleOutput{Role: w.showRole(r)}, nil
}

func (w *World) showRole(r *Role) *types.Role {
	row := &types.Role{RoleName: aws.String(r.Name), RoleId: aws.String(r.ID), Arn: aws.String(w.roleARN(r)), Path: aws.String(r.path()),
		AssumeRolePolicyDocument: encoded(r.Trust), CreateDate: aws.Time(r.Created), MaxSessionDuration: aws.Int32(3600),
		Tags: w.entityTags(w.roleARN(r))}
	if r.Boundary != "" {
		row.PermissionsBoundary = &types.AttachedPermissionsBoundary{PermissionsBoundaryArn: aws.String(r.Boundary),
			PermissionsBoundaryType: types.PermissionsBoundaryAttachmentTypePolicy}
	}
	return row
}

func listAttachedRolePolicies(w *World, r *request, in *iam.ListAttachedRolePoliciesInput) (*iam.ListAttachedRolePoliciesOutput, error) {
	role, err := w.role(in.RoleName)
	if err != nil {
		return nil, err
	}
	var all []types.AttachedPolicy
	for _, arn := range role.Attached {
		all = append(all, types.AttachedPolicy{PolicyArn: aws.String(arn), PolicyName: aws.String(arn[strings.LastIndexByte(arn, '/')+1:])})
	}
	rows, next, err := page(r, iamPaging, all, in.Marker, in.MaxItems)
	return &iam.ListAttachedRolePoliciesOutput{AttachedPolicies: rows, IsTruncated: next != nil, Marker: next}, err
}

func listRolePolicies(w *World, r *request, in *iam.ListRolePoliciesInput) (*iam.ListRolePoliciesOutput, error) {
	role, err := w.role(in.RoleName)
	if err != nil {
		return nil, err
	}
	rows, next, err := page(r, iamPaging, sortedKeys(role.Inline), in.Marker, in.MaxItems)
	return &iam.ListRolePoliciesOutput{PolicyNames: rows, IsTruncated: next != nil, Marker: next}, err
}

func getRolePolicy(w *World, _ *request, in *iam.GetRolePolicyInput) (*iam.GetRolePolicyOutput, error) {
	role, err := w.role(in.RoleName)
	if err != nil {
		return nil, err
	}
	document, ok := role.Inline[aws.ToString(in.PolicyName)]
	if !ok {
		return nil, fail("NoSuchEntity", "The role policy with name %s cannot be found.", aws.ToString(in.PolicyName))
	}
	return &iam.GetRolePolicyOutput{RoleName: aws.String(role.Name), PolicyName: aws.String(*in.PolicyName), PolicyDocument: encoded(document)}, nil
}

func getPolicy(w *World, _ *request, in *iam.GetPolicyInput) (*iam.GetPolicyOutput, error) {
	p, err := w.policy(in.PolicyArn)
	if err != nil {
		return nil, err
	}
	var used, bounds int32
	for _, r := range w.Roles {
		for _, arn := range r.Attached {
			if arn == p.ARN {
				used++
			}
		}
		if r.Boundary == p.ARN {
			bounds++
		}
	}
	return &iam.GetPolicyOutput{Policy: &types.Policy{
		Arn: aws.String(p.ARN), PolicyName: aws.String(p.Name), PolicyId: aws.String(iamID("ANPA", p.ARN)), Path: aws.String("/"),
		DefaultVersionId: aws.String(p.Version), IsAttachable: true, CreateDate: aws.Time(p.Created), UpdateDate: aws.Time(p.Created),
		AttachmentCount: aws.Int32(used), PermissionsBoundaryUsageCount: aws.Int32(bounds),
	}}, nil
}

func getPolicyVersion(w *World, _ *request, in *iam.GetPolicyVersionInput) (*iam.GetPolicyVersionOutput, error) {
	p, err := w.policy(in.PolicyArn)
	if err != nil {
		return nil, err
	}
	if aws.ToString(in.VersionId) != p.Version {
		return nil, fail("NoSuchEntity", "Policy %s version %s does not exist or is not attachable.", p.ARN, aws.ToString(in.VersionId))
	}
	return &iam.GetPolicyVersionOutput{PolicyVersion: &types.PolicyVersion{Document: encoded(p.Document), IsDefaultVersion: true,
		VersionId: aws.String(p.Version), CreateDate: aws.Time(p.Created)}}, nil
}
