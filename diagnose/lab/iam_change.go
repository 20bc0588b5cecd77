package lab

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

func identityChanges() map[string]operation {
	return map[string]operation{
		"iam:CreateInstanceProfile":              change(createProfile),
		"iam:DeleteInstanceProfile":              change(deleteProfile),
		"iam:AddRoleToInstanceProfile":           change(addRoleToProfile, "iam:PassRole"),
		"iam:RemoveRoleFromInstanceProfile":      change(removeRoleFromProfile),
		"iam:CreateRole":                         change(createRole),
		"iam:DeleteRole":                         change(deleteRole),
		"iam:AttachRolePolicy":                   change(attachPolicy),
		"iam:DetachRolePolicy":                   change(detachPolicy),
		"iam:PutRolePolicy":                      change(putRolePolicy),
		"iam:DeleteRolePolicy":                   change(deleteRolePolicy),
		"iam:UpdateAssumeRolePolicy":             change(updateTrust),
		"iam:CreateServiceLinkedRole":            change(createLinkedRole),
		"iam:DeleteServiceLinkedRole":            change(deleteLinkedRole),
		"iam:ListInstanceProfilesForRole":        on(listProfilesForRole),
		"iam:GetServiceLinkedRoleDeletionStatus": on(linkedRoleDeletion),
	}
}

// Quotas of IAM (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html).
const (
	maxAttached = 10
	maxTrust    = 2048
)

// entityName is what names in IAM may hold.
func entityName() *regexp.Regexp { return regexp.MustCompile(`^[\w+=,.@-]{1,128}$`) }

func checkEntity(name *string) error {
	if !entityName().MatchString(aws.ToString(name)) {
		return fail("ValidationError", "The specified value for the name is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-")
	}
	return nil
}

// profile finds an instance profile.
func (w *World) profile(name *string) (*Profile, error) {
	if p := w.Profiles[aws.ToString(name)]; p != nil {
		return p, nil
	}
	return nil, fail("NoSuchEntity", "Instance Profile %s cannot be found.", aws.ToString(name))
}

// editable finds a role that may be changed: a service-linked one may not.
func (w *World) editable(name *string) (*Role, error) {
	r, err := w.role(name)
	if err == nil && strings.HasPrefix(r.Path, "/aws-service-role/") {
		return nil, fail("UnmodifiableEntity", "Cannot perform the operation on the protected role '%s' - this role is only modifiable by AWS", r.Name)
	}
	return r, err
}

func (w *World) showProfile(p *Profile) *types.InstanceProfile {
	row := &types.InstanceProfile{InstanceProfileName: aws.String(p.Name), InstanceProfileId: aws.String(p.ID), Path: aws.String("/"),
		Arn: aws.String(w.profileARN(p.Name)), CreateDate: aws.Time(p.Created)}
	if r := w.Roles[p.Role]; r != nil {
		row.Roles = []types.Role{*w.showRole(r)}
	}
	return row
}

func createProfile(w *World, _ *request, in *iam.CreateInstanceProfileInput) (*iam.CreateInstanceProfileOutput, error) {
	name := aws.ToString(in.InstanceProfileName)
	if err := checkEntity(in.InstanceProfileName); err != nil {
		return nil, err
	}
	if w.Profiles[name] != nil {
		return nil, fail("EntityAlreadyExists", "Instance Profile %s already exists.", name)
	}
	// A profile that is made anew under an old name has another id.
	p := &Profile{Name: name, ID: iamID("AIPA", w.newID("profile")), Created: w.Now}
	w.Profiles[name] = p
	w.tagEntity(w.profileARN(name), in.Tags)
	row := w.showProfile(p)
	row.Tags = w.entityTags(w.profileARN(name))
	return &iam.CreateInstanceProfileOutput{InstanceProfile: row}, nil
}

func (w *World) tagEntity(arn string, tags []types.Tag) {
	for _, t := range tags {
		w.setTag(arn, aws.ToString(t.Key), aws.ToString(t.Value))
	}
}

func (w *World) entityTags(arn string) []types.Tag {
	var out []types.Tag
	for _, k := range sortedKeys(w.Tags[arn]) {
		out = append(out, types.Tag{Key: aws.String(k), Value: aws.String(w.Tags[arn][k])})
	}
	return out
}

func deleteProfile(w *World, _ *request, in *iam.DeleteInstanceProfileInput) (*iam.DeleteInstanceProfileOutput, error) {
	p, err := w.profile(in.InstanceProfileName)
	if err != nil {
		return nil, err
	}
	if p.Role != "" {
		return nil, fail("DeleteConflict", "Cannot delete entity, must remove roles from instance profile first.")
	}
	delete(w.Profiles, p.Name)
	delete(w.Tags, w.profileARN(p.Name))
	return &iam.DeleteInstanceProfileOutput{}, nil
}

func addRoleToProfile(w *World, _ *request, in *iam.AddRoleToInstanceProfileInput) (*iam.AddRoleToInstanceProfileOutput, error) {
	p, err := w.profile(in.InstanceProfileName)
	if err != nil {
		return nil, err
	}
	r, err := w.editable(in.RoleName)
	if err != nil {
		return nil, err
	}
	if p.Role != "" {
		return nil, fail("LimitExceeded", "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1")
	}
	p.Role = r.Name
	return &iam.AddRoleToInstanceProfileOutput{}, nil
}

func removeRoleFromProfile(w *World, _ *request, in *iam.RemoveRoleFromInstanceProfileInput) (*iam.RemoveRoleFromInstanceProfileOutput, error) {
	p, err := w.profile(in.InstanceProfileName)
	if err != nil {
		return nil, err
	}
	r, err := w.editable(in.RoleName)
	if err != nil {
		return nil, err
	}
	if p.Role != r.Name {
		return nil, fail("NoSuchEntity", "Role %s in Instance Profile %s cannot be found.", r.Name, p.Name)
	}
	p.Role = ""
	return &iam.RemoveRoleFromInstanceProfileOutput{}, nil
}

// checkTrust refuses a document that is no trust policy.
func checkTrust(document *string) error {
	var doc struct {
		Version   string
		Statement json.RawMessage
	}
	switch text := aws.ToString(document); {
	case len(text) > maxTrust:
		return fail("LimitExceeded", "Cannot exceed quota for ACLSizePerRole: %d", maxTrust)
	case json.Unmarshal([]byte(text), &doc) != nil:
		return fail("MalformedPolicyDocument", "This policy contains invalid Json")
	case len(doc.Statement) == 0 || !strings.Contains(text, `"Principal"`):
		return fail("MalformedPolicyDocument", "AssumeRole policy may only specify STS AssumeRole actions with a principal.")
	}
	return nil
}

func createRole(w *World, _ *request, in *iam.CreateRoleInput) (*iam.CreateRoleOutput, error) {
	name := aws.ToString(in.RoleName)
	if err := checkEntity(in.RoleName); err != nil {
		return nil, err
	}
	if w.Roles[name] != nil {
		return nil, fail("EntityAlreadyExists", "Role with name %s already exists.", name)
	}
	if err := checkTrust(in.AssumeRolePolicyDocument); err != nil {
		return nil, err
	}
	if b := aws.ToString(in.PermissionsBoundary); b != "" && w.Policies[b] == nil {
		return nil, fail("NoSuchEntity", "Scope ARN: %s does not exist or is not attachable.", b)
	}
	r := &Role{Name: name, Path: aws.ToString(in.Path), ID: iamID("AROA", w.newID("role")), Trust: *in.AssumeRolePolicyDocument, Boundary: aws.ToString(in.PermissionsBoundary),
		Inline: map[string]string{}, Created: w.Now}
	if r.Path == "/" {
		r.Path = ""
	}
	w.Roles[name] = r
	w.tagEntity(w.roleARN(r), in.Tags)
	return &iam.CreateRoleOutput{Role: w.showRole(r)}, nil
}

func deleteRole(w *World, _ *request, in *iam.DeleteRoleInput) (*iam.DeleteRoleOutput, error) {
	r, err := w.editable(in.RoleName)
	if err != nil {
		return nil, err
	}
	switch {
	case len(r.Attached) > 0:
		return nil, fail("DeleteConflict", "Cannot delete entity, must detach all policies first.")
	case len(r.Inline) > 0:
		return nil, fail("DeleteConflict", "Cannot delete entity, must delete policies first.")
	}
	for _, p := range w.Profiles {
		if p.Role == r.Name {
			return nil, fail("DeleteConflict", "Cannot delete entity, must remove roles from instance profile first.")
		}
	}
	delete(w.Tags, w.roleARN(r))
	delete(w.Roles, r.Name)
	return &iam.DeleteRoleOutput{}, nil
}

// attachPolicy attaches a managed policy; one that is attached already stays so,
// without an error.
func attachPolicy(w *World, _ *request, in *iam.AttachRolePolicyInput) (*iam.AttachRolePolicyOutput, error) {
	r, err := w.editable(in.RoleName)
	if err != nil {
		return nil, err
	}
	p, err := w.policy(in.PolicyArn)
	if err != nil {
		return nil, err
	}
	if slices.Contains(r.Attached, p.ARN) {
		return &iam.AttachRolePolicyOutput{}, nil
	}
	if len(r.Attached) >= maxAttached {
		return nil, fail("LimitExceeded", "Cannot exceed quota for PoliciesPerRole: %d", maxAttached)
	}
	r.Attached = append(r.Attached, p.ARN)
	return &iam.AttachRolePolicyOutput{}, nil
}

func detachPolicy(w *World, _ *request, in *iam.DetachRolePolicyInput) (*iam.DetachRolePolicyOutput, error) {
	r, err := w.editable(in.RoleName)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(r.Attached, aws.ToString(in.PolicyArn)) {
		return nil, fail("NoSuchEntity", "Policy %s was not found.", aws.ToString(in.PolicyArn))
	}
	r.Attached = slices.DeleteFunc(r.Attached, func(arn string) bool { return arn == *in.PolicyArn })
	return &iam.DetachRolePolicyOutput{}, nil
}

func putRolePolicy(w *World, _ *request, in *iam.PutRolePolicyInput) (*iam.PutRolePolicyOutput, error) {
	r, err := w.editable(in.RoleName)
	if err != nil {
		return nil, err
	}
	if err := checkEntity(in.PolicyName); err != nil {
		return nil, err
	}
	if !json.Valid([]byte(aws.ToString(in.PolicyDocument))) {
		return nil, fail("MalformedPolicyDocument", "The policy is not in the valid JSON format.")
	}
	if r.Inline == nil {
		r.Inline = map[string]string{}
	}
	r.Inline[*in.PolicyName] = *in.PolicyDocument
	return &iam.PutRolePolicyOutput{}, nil
}

func deleteRolePolicy(w *World, _ *request, in *iam.DeleteRolePolicyInput) (*iam.DeleteRolePolicyOutput, error) {
	r, err := w.editable(in.RoleName)
	if err != nil {
		return nil, err
	}
	if _, ok := r.Inline[aws.ToString(in.PolicyName)]; !ok {
		return nil, fail("NoSuchEntity", "The role policy with name %s cannot be found.", aws.ToString(in.PolicyName))
	}
	delete(r.Inline, *in.PolicyName)
	return &iam.DeleteRolePolicyOutput{}, nil
}

func updateTrust(w *World, _ *request, in *iam.UpdateAssumeRolePolicyInput) (*iam.UpdateAssumeRolePolicyOutput, error) {
	r, err := w.editable(in.RoleName)
	if err != nil {
		return nil, err
	}
	if err := checkTrust(in.PolicyDocument); err != nil {
		return nil, err
	}
	r.Trust = *in.PolicyDocument
	return &iam.UpdateAssumeRolePolicyOutput{}, nil
}

func createLinkedRole(w *World, _ *request, in *iam.CreateServiceLinkedRoleInput) (*iam.CreateServiceLinkedRoleOutput, error) {
	if service := aws.ToString(in.AWSServiceName); service != licenseManagerService {
		return nil, fail("InvalidInput", "lab: only the role of %s can be made here, not that of %s", licenseManagerService, service)
	}
	if w.Roles[licenseManagerRole] != nil {
		return nil, fail("InvalidInput", "Service role name %s has been taken in this account, please try a different suffix.", licenseManagerRole)
	}
	r := &Role{Name: licenseManagerRole, Path: "/aws-service-role/" + licenseManagerService + "/", ID: iamID("AROA", w.newID("role")), Trust: trust(licenseManagerService),
		Inline: map[string]string{}, Created: w.Now}
	w.Roles[r.Name] = r
	return &iam.CreateServiceLinkedRoleOutput{Role: w.showRole(r)}, nil
}

// deleteLinkedRole starts the deletion, which License Manager refuses while it looks
// after an instance ([M]): the task then fails, and the role stays.
func deleteLinkedRole(w *World, _ *request, in *iam.DeleteServiceLinkedRoleInput) (*iam.DeleteServiceLinkedRoleOutput, error) {
	r, err := w.role(in.RoleName)
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(r.Path, "/aws-service-role/") {
		return nil, fail("InvalidInput", "%s is not a service-linked role", r.Name)
	}
	if !slices.ContainsFunc(w.Licensed, func(l *Licensed) bool { return l.Status == "ACTIVATED" }) {
		delete(w.Roles, r.Name)
	}
	return &iam.DeleteServiceLinkedRoleOutput{DeletionTaskId: aws.String("task" + r.path() + r.Name + "/" + uuid(w.newID("task")))}, nil
}

// linkedRoleDeletion tells how a deletion ended: the role is gone, or its service
// still needs it.
func linkedRoleDeletion(w *World, _ *request, in *iam.GetServiceLinkedRoleDeletionStatusInput) (*iam.GetServiceLinkedRoleDeletionStatusOutput, error) {
	// task/aws-service-role/SERVICE/ROLE/UUID
	parts := strings.Split(aws.ToString(in.DeletionTaskId), "/")
	if len(parts) != 5 || parts[0] != "task" || parts[1] != "aws-service-role" {
		return nil, fail("NoSuchEntity", "Deletion task %s cannot be found.", aws.ToString(in.DeletionTaskId))
	}
	if w.Roles[parts[3]] == nil {
		return &iam.GetServiceLinkedRoleDeletionStatusOutput{Status: types.DeletionTaskStatusTypeSucceeded}, nil
	}
	return &iam.GetServiceLinkedRoleDeletionStatusOutput{Status: types.DeletionTaskStatusTypeFailed,
		Reason: &types.DeletionTaskFailureReasonType{Reason: aws.String("The service " + parts[2] + " still has resources that need the role.")}}, nil
}

func listProfilesForRole(w *World, r *request, in *iam.ListInstanceProfilesForRoleInput) (*iam.ListInstanceProfilesForRoleOutput, error) {
	role, err := w.role(in.RoleName)
	if err != nil {
		return nil, err
	}
	all := pick(w.Profiles, func(p *Profile) bool { return p.Role == role.Name }, func(p *Profile) types.InstanceProfile { return *w.showProfile(p) })
	rows, next, err := page(r, iamPaging, all, in.Marker, in.MaxItems)
	return &iam.ListInstanceProfilesForRoleOutput{InstanceProfiles: rows, IsTruncated: next != nil, Marker: next}, err
}
