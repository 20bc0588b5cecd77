package fixes

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/remedy"
)

// bind writes the step that gives an instance a profile: associated where it has
// none, replaced where it has one.
func bind(b *remedy.Builder, i estate.Instance, arn, id, role string) bool {
	row, ok := need(b, estate.InstancePart, i.ID)
	if !ok {
		return false
	}
	if row.ProfileARN == arn && row.ProfileID == id {
		b.Refuse("%s is attached by now", "%s は既に関連付け済み", lastName(arn))
		return false
	}
	binding := estate.ProfileBindingPart.Of(b.View(), i.ID)
	if binding.IsUnknown() {
		b.Unread(estate.ProfileBindingPart.Key(i.ID), binding.Why())
		return false
	}
	old, bound := binding.Get()
	if bound && old.State != "associated" {
		b.Refuse("the association %s is %s: wait until it is settled", "関連付け %s は %s。完了まで待機が必要", old.ID, old.State)
		return false
	}
	out := "IamInstanceProfileAssociation.AssociationId"
	association := remedy.Output("bind", out)
	remedy.Edit(b, estate.InstancePart, i.ID, func(i estate.Instance) estate.Instance { i.ProfileARN, i.ProfileID = arn, id; return i })
	remedy.Edit(b, estate.ProfileBindingPart, i.ID, func(estate.ProfileBinding) estate.ProfileBinding {
		return estate.ProfileBinding{ID: association, State: "associated", ProfileARN: arn, ProfileID: id}
	})
	s := remedy.Step{
		ID: "bind", Title: lang.Both("Attach the instance profile %s to %s", "%[2]s にインスタンスプロファイル %[1]s を関連付け").With(lastName(arn), i.ID),
		Actions: []string{"ec2:AssociateIamInstanceProfile", "iam:PassRole"},
		Call: &remedy.Call{Operation: "ec2:AssociateIamInstanceProfile", Outputs: []string{out},
			Input: map[string]any{"InstanceId": i.ID, "IamInstanceProfile": map[string]any{"Arn": arn}}},
		Undo: &remedy.Call{Operation: "ec2:DisassociateIamInstanceProfile", Input: map[string]any{"AssociationId": association}},
		Do: lang.Both("EC2 console > Instances > %s > Actions > Security > Modify IAM role: %s", "EC2 コンソール > インスタンス > %s > アクション > セキュリティ > IAM ロールを変更 > %s").
			With(i.ID, orDash(role)),
		Check: remedy.Check{
			Command: "aws ec2 describe-iam-instance-profile-associations --filters Name=instance-id,Values=" + i.ID,
			Expect:  lang.Both(`"State": "associated" with %s`, `"State": "associated"、プロファイルは %s`).With(lastName(arn)),
		},
	}
	if bound {
		s.Actions[0] = "ec2:ReplaceIamInstanceProfileAssociation"
		s.Call.Operation = "ec2:ReplaceIamInstanceProfileAssociation"
		s.Call.Input = map[string]any{"AssociationId": old.ID, "IamInstanceProfile": map[string]any{"Arn": arn}}
		// What was attached is a profile that was deleted: nothing can attach it again.
		s.Undo, s.NoUndo = nil, lang.Both("the profile that was attached (%s) has been deleted and gave no credentials", "元のプロファイル（%s）は削除済みで認証情報を取得できない状態だったため").With(orDash(old.ProfileID))
	}
	b.Step(s)
	return true
}

// profileEnds are the words that every plan about the profile shares.
func profileEnds(b *remedy.Builder, i estate.Instance) {
	single(b, i.ID)
	b.Why("the agent gets its credentials from the role in the instance profile", "SSM Agent はインスタンスプロファイルのロールから認証情報を取得するため")
	agentWaits(b, agentBackoff)
	b.Takes(5 * time.Minute)
	b.Stop("stop if a template launches the instance: put the profile there as well, or the next instance lacks it again",
		"インスタンスがテンプレートから起動されている場合は、テンプレート側にもプロファイルの設定が必要")
}

func replaceProfile(b *remedy.Builder) {
	i, ok := living(b)
	if !ok {
		return
	}
	name := lastName(i.ProfileARN)
	f := estate.InstanceProfilePart.Of(b.View(), name)
	if f.IsAbsent() {
		b.Refuse("IAM has no instance profile %s any more", "IAM にインスタンスプロファイル %s が存在しない", name)
		return
	}
	p, ok := need(b, estate.InstanceProfilePart, name)
	if !ok {
		return
	}
	if p.Role == "" {
		b.Refuse("the instance profile %s of today has no role", "現在のインスタンスプロファイル %s にロールなし", name)
		return
	}
	if bind(b, i, p.ARN, p.ID, p.Role) {
		profileEnds(b, i)
	}
}

// attachProfile takes the profile that the most managed instances of the VPC use:
// the account's own choice, with all that its role allows.
func attachProfile(b *remedy.Builder) {
	i, ok := living(b)
	if !ok {
		return
	}
	peers, ok := need(b, estate.NeighboursPart, i.VPC)
	if !ok {
		return
	}
	votes := map[string]int{}
	for _, p := range peers.Peers {
		if p.ID != i.ID && p.Managed && strings.EqualFold(p.PingStatus, "Online") && p.Platform == i.Platform && p.ProfileARN != "" && p.ProfileARN != i.ProfileARN {
			votes[p.ProfileARN]++
		}
	}
	best := ""
	for arn, n := range votes {
		if best == "" || n > votes[best] || n == votes[best] && arn < best {
			best = arn
		}
	}
	if best == "" {
		b.Refuse("no instance of %s is known that is managed and has an instance profile", "%s 内に、マネージドノードでインスタンスプロファイルを持つ同種のインスタンスが見当たらない", i.VPC)
		return
	}
	p, ok := need(b, estate.InstanceProfilePart, lastName(best))
	if !ok {
		return
	}
	if p.Role == "" {
		b.Refuse("the instance profile %s has no role", "インスタンスプロファイル %s にロールなし", p.Name)
		return
	}
	// What the role allows decides whether this is enough: it is read for the what-if,
	// and shown.
	estate.RolePart.Of(b.View(), p.Role)
	policies := estate.RolePoliciesPart.Of(b.View(), p.Role)
	if b.Waiting() || !bind(b, i, best, p.ID, p.Role) {
		return
	}
	if list, known := policies.Get(); known {
		var names []string
		for _, t := range slices.Concat(list.Attached, list.Inline) {
			names = append(names, t.Name)
		}
		b.Warn("the instance gets everything that the role %s allows: %s", "インスタンスはロール %s のすべての権限を得る: %s", p.Role, strings.Join(names, ", "))
	} else {
		b.Warn("what else the role %s allows could not be read", "ロール %s のその他の権限は取得できていない", p.Role)
	}
	profileEnds(b, i)
	withProfile(b, i.VPC, best)
}

// instanceID keeps what becomes part of a name to what EC2 gives out.
var instanceID = regexp.MustCompile(`^i-[0-9a-f]{8,17}$`)

// newName names the role and the profile that are made for an instance.
func newName(b *remedy.Builder, i estate.Instance) (string, bool) {
	if !instanceID.MatchString(i.ID) {
		b.Refuse("%q is no id of an instance", "%q はインスタンス ID ではない", i.ID)
		return "", false
	}
	return "monshin-ssm-" + i.ID, true
}

// newRole writes the steps that make a role for EC2 with the agent's permissions. It
// returns the role's ARN.
func newRole(b *remedy.Builder, name string) (string, bool) {
	f := estate.RolePart.Of(b.View(), name)
	switch {
	case f.IsKnown():
		b.Refuse("the role %s exists already; see what it is for before another is made", "ロール %s は既に存在。用途の確認が必要", name)
		return "", false
	case f.IsUnknown():
		b.Unread(estate.RolePart.Key(name), f.Why())
		return "", false
	}
	arn := iamARN(b, "role", name)
	trust := ec2Trust(b)
	remedy.Creates(b, estate.RolePart, name, estate.Role{Name: name, ARN: arn, Path: "/", ID: remedy.Output("role", "Role.RoleId"), Trust: trust})
	b.Step(remedy.Step{
		ID: "role", Title: lang.Both("Make the role %s", "ロール %s を作成").With(name),
		Actions: []string{"iam:CreateRole", "iam:TagRole"},
		Call: &remedy.Call{Operation: "iam:CreateRole", Outputs: []string{"Role.RoleId"}, Tagged: true, Input: map[string]any{
			"RoleName": name, "AssumeRolePolicyDocument": trust, "Description": "Systems Manager for EC2 (made by monshin)", "Tags": labelled(name),
		}},
		Undo:  &remedy.Call{Operation: "iam:DeleteRole", Input: map[string]any{"RoleName": name}},
		Do:    lang.Both("IAM console > Roles > Create role: AWS service, EC2; name %s", "IAM コンソール > ロール > ロールを作成 > AWS のサービス、EC2 > ロール名 %s").With(name),
		Check: remedy.Check{Command: "aws iam get-role --role-name " + name, Expect: lang.Both("the role, trusted by %s", "信頼ポリシーに %s を含むロール").With(ec2Principal(b))},
	})
	attachPolicyStep(b, name, true)
	return arn, true
}

func iamARN(b *remedy.Builder, kind, name string) string {
	return fmt.Sprintf("arn:%s:iam::%s:%s/%s", partition(b), b.Target().Account, kind, name)
}

// addRoleStep puts a role into a profile.
func addRoleStep(b *remedy.Builder, profile, role, arn string) {
	remedy.Edit(b, estate.InstanceProfilePart, profile, func(p estate.InstanceProfile) estate.InstanceProfile {
		p.Role, p.RoleARN = role, arn
		return p
	})
	in := map[string]any{"InstanceProfileName": profile, "RoleName": role}
	b.Step(remedy.Step{
		ID: "fill", Title: lang.Both("Put the role %s into the instance profile %s", "インスタンスプロファイル %[2]s にロール %[1]s を追加").With(role, profile),
		Actions: []string{"iam:AddRoleToInstanceProfile", "iam:PassRole"},
		Call:    &remedy.Call{Operation: "iam:AddRoleToInstanceProfile", Input: in},
		Undo:    &remedy.Call{Operation: "iam:RemoveRoleFromInstanceProfile", Input: in},
		Do:      lang.Both("The console has no page for this: use the AWS CLI", "コンソールに該当画面がないため AWS CLI を使用"),
		Check: remedy.Check{
			Command: fmt.Sprintf("aws iam get-instance-profile --instance-profile-name %s --query InstanceProfile.Roles[].RoleName", profile),
			Expect:  lang.Same(role),
		},
	})
}

func createProfile(b *remedy.Builder) {
	i, ok := living(b)
	if !ok {
		return
	}
	name, ok := newName(b, i)
	if !ok {
		return
	}
	if b.Target().Account == "" {
		estate.CallerPart.Of(b.View(), "")
		if !b.Waiting() {
			b.Refuse("the account is not known, and the ARN of the new role needs it", "アカウント ID が不明のため、新しいロールの ARN を決定できない")
		}
		return
	}
	f := estate.InstanceProfilePart.Of(b.View(), name)
	switch {
	case f.IsKnown():
		b.Refuse("the instance profile %s exists already; see what it is for before another is made", "インスタンスプロファイル %s は既に存在。用途の確認が必要", name)
		return
	case f.IsUnknown():
		estate.RolePart.Of(b.View(), name)
		b.Unread(estate.InstanceProfilePart.Key(name), f.Why())
		return
	}
	role, ok := newRole(b, name)
	if !ok {
		return
	}
	arn := iamARN(b, "instance-profile", name)
	id := remedy.Output("profile", "InstanceProfile.InstanceProfileId")
	remedy.Creates(b, estate.InstanceProfilePart, name, estate.InstanceProfile{Name: name, ARN: arn, ID: id})
	b.Step(remedy.Step{
		ID: "profile", Title: lang.Both("Make the instance profile %s", "インスタンスプロファイル %s を作成").With(name),
		Actions: []string{"iam:CreateInstanceProfile", "iam:TagInstanceProfile"},
		Call: &remedy.Call{Operation: "iam:CreateInstanceProfile", Outputs: []string{"InstanceProfile.InstanceProfileId"}, Tagged: true,
			Input: map[string]any{"InstanceProfileName": name, "Tags": labelled(name)}},
		Undo:  &remedy.Call{Operation: "iam:DeleteInstanceProfile", Input: map[string]any{"InstanceProfileName": name}},
		Do:    lang.Both("The IAM console makes the instance profile together with an EC2 role: nothing to do there", "IAM コンソールでは EC2 用ロールの作成時に自動作成されるため作業不要"),
		Check: remedy.Check{Command: "aws iam get-instance-profile --instance-profile-name " + name, Expect: lang.Both("the instance profile", "当該インスタンスプロファイル")},
	})
	addRoleStep(b, name, name, role)
	if bind(b, i, arn, id, name) {
		profileEnds(b, i)
	}
}

// fillProfile puts the role of the profile's own name into it, which is how the
// console makes the two, or a new one.
func fillProfile(b *remedy.Builder) {
	i, ok := living(b)
	if !ok {
		return
	}
	p, ok := need(b, estate.InstanceProfilePart, b.Finding().Subject)
	if !ok {
		return
	}
	if p.Role != "" {
		b.Refuse("the instance profile %s has the role %s by now", "インスタンスプロファイル %s には既にロール %s あり", p.Name, p.Role)
		return
	}
	same := estate.RolePart.Of(b.View(), p.Name)
	role, known := same.Get()
	switch {
	case known:
		estate.RolePoliciesPart.Of(b.View(), p.Name) // decides whether it is enough
		if b.Waiting() {
			return
		}
		addRoleStep(b, p.Name, role.Name, role.ARN)
		b.Warn("the role %s is chosen because it has the profile's name, as the console gives it; see that it is meant for this instance",
			"コンソールで作成した場合の命名（プロファイルと同名）に基づきロール %s を選択。このインスタンス用であることの確認が必要", role.Name)
	case same.IsUnknown():
		b.Unread(estate.RolePart.Key(p.Name), same.Why())
		return
	default:
		name, ok := newName(b, i)
		if !ok {
			return
		}
		if b.Target().Account == "" {
			b.Refuse("the account is not known, and the ARN of the new role needs it", "アカウント ID が不明のため、新しいロールの ARN を決定できない")
			return
		}
		arn, ok := newRole(b, name)
		if !ok {
			return
		}
		addRoleStep(b, p.Name, name, arn)
	}
	withProfile(b, i.VPC, i.ProfileARN)
	b.Why("an instance profile without a role gives no credentials", "ロールのないインスタンスプロファイルからは認証情報を取得できないため")
	agentWaits(b, agentBackoff)
	b.Takes(5 * time.Minute)
	b.Stop("stop if another team answers for the profile", "インスタンスプロファイルの管理者が別部門の場合は中止し、確認すること")
}
