package fixes

import (
	"fmt"
	"slices"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/policy"
	"github.com/monshin/monshin/diagnose/remedy"
)

// rescuePath is where AWS's tool leaves the password: its page writes the rest of the
// path in two ways (domain.md §9.1 [V:ec2rw]).
const rescuePath = "/EC2Rescue/"

func passwordFixes() []remedy.Fix {
	return []remedy.Fix{{
		ID: "password.reset", Mode: remedy.Automatic, For: []finding.Code{finding.PasswordNotGenerated, finding.PasswordNoKeyPair},
		Title:   lang.Both("Reset the administrator's password with AWS's EC2Rescue document", "AWS の EC2Rescue ドキュメントで管理者パスワードをリセット"),
		Actions: []string{"ssm:SendCommand"},
		Make:    resetPassword,
	}}
}

// resetPassword changes the password inside Windows. EC2's password data stays as it
// is: the new one lies in a SecureString, whose name monshin tells and whose value it
// never reads.
func resetPassword(b *remedy.Builder) {
	i, ok := reached(b)
	if !ok || !mayKeepPassword(b, i) {
		return
	}
	b.Step(remedy.Step{
		ID: "reset", Title: lang.Both("Reset the local administrator's password of %s", "%s のローカル管理者パスワードをリセット").With(i.ID),
		Call: sendDocument(i.ID, resetAccessDocument, map[string]any{"Command": []any{"ResetAccess"}}),
		Do: lang.Both("Systems Manager console > Run Command > Run command > AWSSupport-RunEC2RescueForWindowsTool, Command: ResetAccess, target %s",
			"Systems Manager コンソール > Run Command > コマンドを実行 > AWSSupport-RunEC2RescueForWindowsTool、Command: ResetAccess、対象 %s").With(i.ID),
		Check: remedy.Check{
			Command: "aws ssm describe-parameters --parameter-filters Key=Name,Option=BeginsWith,Values=" + rescuePath,
			Expect:  lang.Both("a SecureString whose name ends in %s", "名前が %s で終わる SecureString").With(i.ID),
		},
		NoUndo: lang.Both("the password of before is not known to anybody here and cannot be put back", "変更前のパスワードは取得できず、元に戻せないため"),
	})
	single(b, i.ID)
	b.Why("AWS's tool sets a new password in Windows and stores it encrypted; no key pair is needed", "AWS のツールが OS 内で新しいパスワードを設定し、暗号化して保存するため（キーペア不要）")
	b.Warn("whoever uses the password of now is locked out: scheduled tasks and services that run as Administrator too", "現在のパスワードは使用不可となり、Administrator で実行されるタスクやサービスにも影響")
	b.Warn("the password lies in Parameter Store under %[1]s…/%[2]s; monshin never reads its value, and GetPasswordData stays as it is", "パスワードの保存先はパラメータストアの %[1]s…/%[2]s（SecureString）。monshin は値を読み取らず、GetPasswordData の結果も変わらない", rescuePath, i.ID)
	b.Warn("on a domain controller there is no local administrator: use the directory", "ドメインコントローラーにはローカル管理者がないため、AD 側で対応")
	b.Stop("stop if the source server's password works (a copy keeps it)", "複製元サーバーのパスワードでサインインできる場合は中止（複製では元のパスワードが引き継がれる）")
	b.Means("the new password lies in Parameter Store under %[1]s…/%[2]s (SecureString): read it there, and delete the parameter afterwards; GetPasswordData stays as it was",
		"新しいパスワードはパラメータストアの %[1]s…/%[2]s（SecureString）に保存済み。確認後にパラメータを削除。GetPasswordData の結果は変更なし", rescuePath, i.ID)
	b.Settles(5*time.Minute, "the tool stores the password", "パスワードの保存")
	b.Takes(10 * time.Minute)
}

// mayKeepPassword refuses where the instance's role may not write the parameter: the
// tool would set a password that nobody can read. AmazonSSMManagedInstanceCore does not
// allow it (domain.md §3.1).
func mayKeepPassword(b *remedy.Builder, i estate.Instance) bool {
	lacking := func() bool {
		b.Refuse("the instance's role may not call ssm:PutParameter on %s*, where AWS's tool keeps the new password: allow that first (an inline policy is enough), and take it back afterwards",
			"インスタンスのロールに、新しいパスワードの保存先（%s*）への ssm:PutParameter の権限がない。先に権限を付与し（インラインポリシーで可）、完了後に削除", rescuePath)
		return false
	}
	if i.ProfileARN == "" {
		return lacking()
	}
	profile, ok := need(b, estate.InstanceProfilePart, lastName(i.ProfileARN))
	if !ok {
		return false
	}
	if profile.Role == "" {
		return lacking()
	}
	held, ok := need(b, estate.RolePoliciesPart, profile.Role)
	if !ok {
		return false
	}
	var grants policy.Set
	for _, u := range held.Unread {
		grants.Unread = append(grants.Unread, u.Name)
	}
	for _, t := range slices.Concat(held.Attached, held.Inline) {
		d, err := policy.Parse(t.JSON)
		if err != nil {
			grants.Unread = append(grants.Unread, t.Name)
			continue
		}
		grants.Policies = append(grants.Policies, policy.Policy{Source: policy.Source{Policy: t.Name, ARN: t.ARN, Version: t.Version}, Document: d})
	}
	t := b.Target()
	q := policy.Request{
		Action:   "ssm:PutParameter",
		Resource: fmt.Sprintf("arn:%s:ssm:%s:%s:parameter%sPasswords/%s", partition(b), t.Region, t.Account, rescuePath, i.ID),
		Who:      policy.Who{Role: profile.RoleARN, Session: i.ID, Account: t.Account},
		Context:  policy.Context{}.With("aws:SecureTransport", "true").With("aws:RequestedRegion", t.Region),
	}
	switch policy.Identity(q, grants, nil).Verdict {
	case policy.Allowed:
		return true
	case policy.Undecided:
		b.Warn("whether the instance's role may call ssm:PutParameter on %s* could not be decided: without it nobody can read the new password", "インスタンスのロールの ssm:PutParameter（%s*）の権限を判定できず。権限がない場合、新しいパスワードを取得不可", rescuePath)
		return true
	}
	return lacking()
}
