package fixes

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/policy"
	"github.com/monshin/monshin/diagnose/remedy"
)

// coreName is AWS's policy for managed instances, and coreJSON its version 2 of
// 2019-05-23, in force until today (domain.md §3.1 [V:mamip]).
const (
	coreName    = "AmazonSSMManagedInstanceCore"
	coreVersion = "v2"
)

//go:embed policies/AmazonSSMManagedInstanceCore.json
var coreJSON string

func iamFixes() []remedy.Fix {
	associate := []string{"ec2:AssociateIamInstanceProfile", "ec2:DisassociateIamInstanceProfile", "ec2:ReplaceIamInstanceProfileAssociation", "iam:PassRole"}
	newRole := []string{"iam:AttachRolePolicy", "iam:CreateRole", "iam:DeleteRole", "iam:DetachRolePolicy", "iam:TagRole"}
	fill := []string{"iam:AddRoleToInstanceProfile", "iam:RemoveRoleFromInstanceProfile"}
	return []remedy.Fix{
		{
			ID: "iam.replace-profile", Mode: remedy.Automatic, For: []finding.Code{finding.IAMProfileStale},
			Title:   lang.Both("Attach the instance profile of that name again", "同名のインスタンスプロファイルを関連付け直す"),
			Actions: associate, Make: replaceProfile,
		},
		{
			ID: "iam.attach-profile", Mode: remedy.Automatic, For: []finding.Code{finding.IAMProfileMissing, finding.IAMProfileStale},
			Title:   lang.Both("Attach the instance profile that a managed instance of the VPC uses", "VPC 内のマネージドノードと同じインスタンスプロファイルを関連付け"),
			Actions: associate, Make: attachProfile,
		},
		{
			ID: "iam.create-profile", Mode: remedy.Automatic, For: []finding.Code{finding.IAMProfileMissing, finding.IAMProfileStale},
			Title:   lang.Both("Make a role and an instance profile for Systems Manager and attach it", "Systems Manager 用のロールとインスタンスプロファイルを作成して関連付け"),
			Actions: slices.Concat(associate, newRole, fill, []string{"iam:CreateInstanceProfile", "iam:DeleteInstanceProfile", "iam:TagInstanceProfile"}), Make: createProfile,
		},
		{
			ID: "iam.fill-profile", Mode: remedy.Automatic, For: []finding.Code{finding.IAMProfileEmpty},
			Title:   lang.Both("Put a role into the instance profile", "インスタンスプロファイルにロールを追加"),
			Actions: slices.Concat(newRole, fill, []string{"iam:PassRole"}), Make: fillProfile,
		},
		{
			ID: "iam.repair-trust", Mode: remedy.Automatic, For: []finding.Code{finding.IAMTrustDeniesEC2},
			Title:   lang.Both("Let EC2 assume the role", "ロールの信頼ポリシーで EC2 による引き受けを許可"),
			Actions: []string{"iam:UpdateAssumeRolePolicy"}, Make: repairTrust,
		},
		{
			ID: "iam.attach-policy", Mode: remedy.Automatic, For: []finding.Code{finding.IAMPermissionMissing},
			Title:   lang.Both("Attach %s to the role", "ロールに %s をアタッチ").With(coreName),
			Actions: []string{"iam:AttachRolePolicy", "iam:DetachRolePolicy"}, Make: attachPolicy,
		},
	}
}

func partition(b *remedy.Builder) string {
	if p := b.Target().Partition; p != "" {
		return p
	}
	switch r := b.Target().Region; {
	case strings.HasPrefix(r, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(r, "us-gov-"):
		return "aws-us-gov"
	}
	return "aws"
}

func coreARN(b *remedy.Builder) string {
	return fmt.Sprintf("arn:%s:iam::aws:policy/%s", partition(b), coreName)
}

// ec2Principal is the name by which EC2 assumes roles.
func ec2Principal(b *remedy.Builder) string {
	if partition(b) == "aws-cn" {
		return "ec2.amazonaws.com.cn"
	}
	return "ec2.amazonaws.com"
}

// ec2Trust is the trust policy that the console writes for EC2.
func ec2Trust(b *remedy.Builder) string {
	return fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":%q},"Action":"sts:AssumeRole"}]}`, ec2Principal(b))
}

// attachPolicyStep attaches AmazonSSMManagedInstanceCore. made says that the role
// comes into being in the same plan.
func attachPolicyStep(b *remedy.Builder, role string, made bool) {
	core := estate.PolicyText{Name: coreName, ARN: coreARN(b), Version: coreVersion, JSON: coreJSON}
	if made {
		remedy.Creates(b, estate.RolePoliciesPart, role, estate.RolePolicies{Attached: []estate.PolicyText{core}})
	} else {
		remedy.Edit(b, estate.RolePoliciesPart, role, func(p estate.RolePolicies) estate.RolePolicies {
			p.Attached = append(slices.Clone(p.Attached), core)
			return p
		})
	}
	in := map[string]any{"RoleName": role, "PolicyArn": core.ARN}
	b.Step(remedy.Step{
		ID: "attach", Title: lang.Both("Attach %s to %s", "%[2]s に %[1]s をアタッチ").With(coreName, role),
		Why:  lang.Both("it grants what the agent needs to register and to be reached", "登録と通信に必要な権限を付与するため"),
		Call: &remedy.Call{Operation: "iam:AttachRolePolicy", Input: in},
		Undo: &remedy.Call{Operation: "iam:DetachRolePolicy", Input: in},
		Do:   lang.Both("IAM console > Roles > %s > Add permissions > Attach policies: %s", "IAM コンソール > ロール > %s > 許可を追加 > ポリシーをアタッチ > %s").With(role, coreName),
		Check: remedy.Check{
			Command: "aws iam list-attached-role-policies --role-name " + role,
			Expect:  lang.Both("%s is in the list", "一覧に %s あり").With(coreName),
		},
	})
}

func attachPolicy(b *remedy.Builder) {
	name := b.Finding().Subject
	i, ok := patient(b)
	role, ok2 := need(b, estate.RolePart, name)
	policies, ok3 := need(b, estate.RolePoliciesPart, name)
	if !ok || !ok2 || !ok3 {
		return
	}
	switch {
	case strings.HasPrefix(role.Path, "/aws-service-role/"):
		b.Refuse("%s is a service-linked role, whose policies only AWS changes", "%s はサービスリンクロールのためポリシーの変更不可", name)
		return
	case slices.ContainsFunc(policies.Attached, func(p estate.PolicyText) bool { return p.ARN == coreARN(b) }):
		b.Refuse("%s is attached already; something else takes the permission away", "%s はアタッチ済み。別の要因により権限が制限されている", coreName)
		return
	}
	attachPolicyStep(b, name, false)
	withRole(b, name)
	withProfile(b, i.VPC, i.ProfileARN)
	if n := len(policies.Attached); n >= policyQuota {
		b.Warn("%s already has %d managed policies; the default quota is %d", "%s のマネージドポリシーは既に %d 件（デフォルトのクォータは %d 件）", name, n, policyQuota)
	}
	if role.BoundaryARN != "" {
		b.Warn("the role has a permissions boundary (%s), which has to allow the same", "ロールにアクセス許可の境界（%s）あり。境界側での許可も必要", lastName(role.BoundaryARN))
	}
	b.Why("the role then allows the actions with which the agent registers and opens its channels", "SSM Agent の登録と通信に必要なアクションがロールで許可される")
	b.Risk(remedy.WholeRole)
	b.TypeAccount()
	agentWaits(b, agentRetry)
	b.Takes(5 * time.Minute)
	b.Stop("stop if another team answers for the role", "ロールの管理者が別部門の場合は中止し、確認すること")
}

// policyQuota is how many managed policies a role takes by default (IAM User Guide,
// "IAM and AWS STS quotas").
const policyQuota = 10

func repairTrust(b *remedy.Builder) {
	name := b.Finding().Subject
	i, ok := patient(b)
	role, ok2 := need(b, estate.RolePart, name)
	if !ok || !ok2 {
		return
	}
	document, err := policy.Parse(role.Trust)
	if err != nil {
		b.Refuse("the trust policy is no policy document that monshin can read: %s", "信頼ポリシーをポリシードキュメントとして解釈できない: %s", err.Error())
		return
	}
	service := ec2Principal(b)
	trusts := func(d policy.Document) policy.Verdict {
		return policy.Trust(policy.Policy{Source: policy.Source{Policy: name}, Document: d}, service, "sts:AssumeRole", nil).Verdict
	}
	if trusts(document) == policy.ExplicitDeny {
		b.Refuse("a statement denies it by name, and no other can allow it: the policy has to be edited by hand", "明示的な拒否ステートメントがあり、許可の追加では解消できない。手動での編集が必要")
		return
	}
	after, err := withStatement(role.Trust, map[string]any{"Effect": "Allow", "Principal": map[string]any{"Service": service}, "Action": "sts:AssumeRole"})
	if err != nil {
		b.Refuse("a statement cannot be added to the trust policy: %s", "信頼ポリシーへのステートメントの追加不可: %s", err.Error())
		return
	}
	if d, err := policy.Parse(after); err != nil || trusts(d) != policy.Allowed {
		b.Refuse("the policy would not allow it with the statement either", "ステートメントを追加しても許可されない")
		return
	}
	remedy.Edit(b, estate.RolePart, name, func(r estate.Role) estate.Role { r.Trust = after; return r })
	b.Step(remedy.Step{
		ID: "trust", Title: lang.Both("Add %s to the trust policy of %s", "%[2]s の信頼ポリシーに %[1]s を追加").With(service, name),
		Call: &remedy.Call{Operation: "iam:UpdateAssumeRolePolicy", Input: map[string]any{"RoleName": name, "PolicyDocument": after}},
		Undo: &remedy.Call{Operation: "iam:UpdateAssumeRolePolicy", Input: map[string]any{"RoleName": name, "PolicyDocument": role.Trust}},
		Diff: &remedy.Diff{Name: name, Before: indented(role.Trust), After: indented(after)},
		Do:   lang.Both("IAM console > Roles > %s > Trust relationships > Edit trust policy: as in the difference", "IAM コンソール > ロール > %s > 信頼関係 > 信頼ポリシーを編集 > 差分のとおり変更").With(name),
		Check: remedy.Check{
			Command: fmt.Sprintf("aws iam get-role --role-name %s --query Role.AssumeRolePolicyDocument", name),
			Expect:  lang.Both("a statement that allows sts:AssumeRole to %s", "%s に sts:AssumeRole を許可するステートメントあり").With(service),
		},
	})
	withRole(b, name)
	withProfile(b, i.VPC, i.ProfileARN)
	b.Why("EC2 may then hand the role's credentials to the instance; the other statements stay as they are", "EC2 がロールの認証情報をインスタンスへ配布可能になる（既存のステートメントは変更しない）")
	b.Warn("instances may take the role from then on: whoever may pass it to EC2 has what it allows", "以後 EC2 がロールを引き受け可能になるため、iam:PassRole を持つ利用者はこのロールの権限をインスタンス経由で利用可能")
	b.Risk(remedy.WholeRole)
	b.TypeAccount()
	agentWaits(b, agentBackoff)
	b.Takes(5 * time.Minute)
	b.Stop("stop if the role is meant for another service: attach a profile with another role instead", "ロールが別サービス用の場合は中止し、別のロールのインスタンスプロファイルを関連付けること")
}
