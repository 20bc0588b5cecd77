package fixes

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/remedy"
)

// The names of License Manager user-based subscriptions (domain.md §5.2, §5.3).
const (
	licenseService = "license-manager-user-subscriptions"
	licenseRole    = "AWSServiceRoleForAWSLicenseManagerUserSubscriptionsService"
	remoteDesktop  = "REMOTE_DESKTOP_SERVICES"
)

func licenseFixes() []remedy.Fix {
	operation := func(names ...string) []string {
		for i := range names {
			names[i] = licenseService + ":" + names[i]
		}
		return names
	}
	return []remedy.Fix{
		{
			ID: "license.create-role", Mode: remedy.Automatic, For: []finding.Code{finding.LicenseRoleMissing},
			Title:   lang.Both("Make License Manager's service-linked role", "License Manager のサービスリンクロールを作成"),
			Actions: []string{"iam:CreateServiceLinkedRole", "iam:DeleteServiceLinkedRole"}, Make: createLicenseRole,
		},
		{
			ID: "license.open-1688", Mode: remedy.Automatic, For: []finding.Code{finding.LicensePort1688Blocked},
			Title: lang.Both("Open tcp/1688 from the instance to the activation endpoint", "インスタンスからライセンス認証用エンドポイントへの tcp/1688 を許可"),
			Actions: []string{"ec2:AuthorizeSecurityGroupEgress", "ec2:AuthorizeSecurityGroupIngress", "ec2:CreateNetworkAclEntry", "ec2:CreateTags",
				"ec2:DeleteNetworkAclEntry", "ec2:RevokeSecurityGroupEgress", "ec2:RevokeSecurityGroupIngress"},
			Make: openActivation,
		},
		{
			ID: "license.subscribe-user", Mode: remedy.Automatic, For: []finding.Code{finding.LicenseUserNotSubscribed, finding.LicenseRDSLicenseMissing},
			Title:   lang.Both("Subscribe the user to the product", "ユーザーを製品にサブスクライブ"),
			Actions: operation("StartProductSubscription", "StopProductSubscription"), Make: subscribeUser,
		},
		{
			ID: "license.associate-user", Mode: remedy.Automatic, For: []finding.Code{finding.LicenseUserNotAssociated},
			Title:   lang.Both("Associate the user with the instance", "ユーザーをインスタンスに関連付け"),
			Actions: operation("AssociateUser", "DisassociateUser"), Make: associateUser,
		},
	}
}

func createLicenseRole(b *remedy.Builder) {
	f := estate.RolePart.Of(b.View(), licenseRole)
	switch {
	case f.IsKnown():
		b.Refuse("the role is there by now", "ロールは既に存在")
		return
	case f.IsUnknown():
		b.Unread(estate.RolePart.Key(licenseRole), f.Why())
		return
	}
	registered := estate.IdentityProvidersPart.Of(b.View(), "")
	if b.Waiting() {
		return
	}
	path := "aws-service-role/" + licenseService + ".amazonaws.com"
	remedy.Creates(b, estate.RolePart, licenseRole, estate.Role{
		Name: licenseRole, Path: "/" + path + "/", ARN: iamARN(b, "role", path+"/"+licenseRole), ID: remedy.Output("role", "Role.RoleId"),
		Trust: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"` + licenseService + `.amazonaws.com"},"Action":"sts:AssumeRole"}]}`,
	})
	s := remedy.Step{
		ID: "role", Title: lang.Both("Make the role %s", "ロール %s を作成").With(licenseRole),
		Call: &remedy.Call{Operation: "iam:CreateServiceLinkedRole", Outputs: []string{"Role.RoleId"}, Input: map[string]any{"AWSServiceName": licenseService + ".amazonaws.com"}},
		Undo: &remedy.Call{Operation: "iam:DeleteServiceLinkedRole", Input: map[string]any{"RoleName": licenseRole}},
		Do:   lang.Both("License Manager console > Settings > User-based subscriptions: the console makes the role when it is asked for", "License Manager コンソール > 設定 > ユーザーベースのサブスクリプション（画面の案内に従いロールを作成）"),
		Check: remedy.Check{
			Command: "aws iam get-role --role-name " + licenseRole, Expect: lang.Both("the role", "当該ロール"),
		},
	}
	if !registered.IsKnown() || len(registered.Value()) > 0 {
		// IAM does not delete a service-linked role while its service has resources
		// (IAM User Guide, "Delete a service-linked role").
		s.Undo = nil
		s.NoUndo = lang.Both("AWS does not delete the role while directories are registered with License Manager", "License Manager にディレクトリが登録されている間、AWS はこのロールの削除を受け付けないため")
	}
	b.Step(s)
	b.Reaches(remedy.Blast{What: lang.Both("accounts", "対象アカウント"), Count: 1, Known: true, Names: nonEmpty(b.Target().Account)})
	b.Why("License Manager tags, commands and joins instances with this role; its permissions are AWS's own and cannot be changed",
		"License Manager はこのロールでインスタンスのタグ付け・コマンド実行・ドメイン参加を行うため（権限は AWS が定義し変更不可）")
	b.Warn("the role lets License Manager terminate instances of its products that it cannot configure", "このロールにより、License Manager は構成に失敗した対象製品のインスタンスを終了（terminated）させることが可能になる")
	b.TypeAccount()
	b.Settles(5*time.Minute, "IAM's changes spread within minutes; instances that were terminated have to be launched again", "IAM の変更の反映は数分以内（終了済みのインスタンスは再作成が必要）")
	b.Takes(5 * time.Minute)
	b.Stop("stop if the account is not meant to use user-based subscriptions", "このアカウントでユーザーベースのサブスクリプションを利用しない方針の場合は中止")
}

func nonEmpty(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

// accountName is what may be a user's name in Active Directory, without the
// characters that sAMAccountName excludes.
var accountName = regexp.MustCompile(`^[^\s"/\\\[\]:;|=,+*?<>@]{1,104}$`)

// user is a person as the finding names one: "tanaka", "CORP\tanaka" or
// "tanaka@corp.example.local".
type user struct{ name, domain string }

func userOf(b *remedy.Builder) (user, bool) {
	s := strings.TrimSpace(b.Finding().Subject)
	u := user{name: s}
	if d, n, found := strings.Cut(s, `\`); found {
		u = user{name: n, domain: strings.ToLower(d)}
	} else if n, d, found := strings.Cut(s, "@"); found {
		u = user{name: n, domain: strings.ToLower(d)}
	}
	if !accountName.MatchString(u.name) {
		b.Refuse("%q is no user name", "%q はユーザー名として使用不可", s)
		return u, false
	}
	if !hostName.MatchString(u.domain) {
		u.domain = "" // a NetBIOS name: License Manager takes DNS names only
	}
	return u, true
}

// input are the parameters that name a user in a directory.
func (u user) input(directory string) map[string]any {
	in := map[string]any{
		"Username":         u.name,
		"IdentityProvider": map[string]any{"ActiveDirectoryIdentityProvider": map[string]any{"DirectoryId": directory}},
	}
	if u.domain != "" {
		in["Domain"] = u.domain
	}
	return in
}

// is reports whether a row of License Manager is the user's.
func (u user) is(name, domain string) bool {
	if n, d, found := strings.Cut(name, "@"); found {
		name, domain = n, d
	}
	return strings.EqualFold(u.name, name) && (u.domain == "" || domain == "" || domain == "-" || strings.EqualFold(u.domain, domain))
}

func (u user) has(rows []estate.UserSubscription, product string) bool {
	return slices.ContainsFunc(rows, func(r estate.UserSubscription) bool {
		return u.is(r.User, r.Domain) && strings.EqualFold(r.Product, product) && (strings.EqualFold(r.Status, "SUBSCRIBED") || strings.EqualFold(r.Status, "ACTIVE"))
	})
}

// directoryID is what Directory Service and License Manager give out.
var directoryID = regexp.MustCompile(`^s?d-[0-9a-f]{10}$`)

// productName is the form of License Manager's product names; the list is open
// (domain.md §5.3).
var productName = regexp.MustCompile(`^[A-Z][A-Z0-9_]{2,63}$`)

// subject reads who and in which directory a finding is about.
func subject(b *remedy.Builder) (u user, directory string, ok bool) {
	u, ok = userOf(b)
	if !ok {
		return u, "", false
	}
	directory = b.Finding().Params["directory"]
	if !directoryID.MatchString(directory) {
		b.Refuse("the directory of the user is not known", "ユーザーのディレクトリが不明")
		return u, "", false
	}
	return u, directory, true
}

// subscribeUser starts the subscription that is missing, and with it the Remote
// Desktop licence that every user needs beside the product (domain.md LM-9).
func subscribeUser(b *remedy.Builder) {
	u, directory, ok := subject(b)
	if !ok {
		return
	}
	rows, ok := need(b, estate.SubscriptionsPart, directory)
	if !ok {
		return
	}
	var products []string
	for _, p := range append(words(b.Finding().Params["product"]), remoteDesktop) {
		if productName.MatchString(p) && !u.has(rows, p) && !slices.Contains(products, p) {
			products = append(products, p)
		}
	}
	if len(products) == 0 {
		b.Refuse("%s has these subscriptions by now", "%s は既にサブスクライブ済み", u.name)
		return
	}
	for _, product := range products {
		remedy.Edit(b, estate.SubscriptionsPart, directory, func(list []estate.UserSubscription) []estate.UserSubscription {
			return append(slices.Clone(list), estate.UserSubscription{User: u.name, Domain: u.domain, Product: product, Status: "SUBSCRIBED"})
		})
		in := func() map[string]any { m := u.input(directory); m["Product"] = product; return m }
		b.Step(remedy.Step{
			ID: "subscribe-" + strings.ToLower(product), Title: lang.Both("Subscribe %s to %s", "%s を %s にサブスクライブ").With(u.name, product),
			Call: &remedy.Call{Operation: licenseService + ":StartProductSubscription", Input: in()},
			Undo: &remedy.Call{Operation: licenseService + ":StopProductSubscription", Input: in()},
			Do: lang.Both("License Manager console > User-based subscriptions > Products > %s > Users > Subscribe users: %s, %s", "License Manager コンソール > ユーザーベースのサブスクリプション > 製品 > %s > ユーザー > ユーザーをサブスクライブ > %s、%s").
				With(product, directory, u.name),
			Check: remedy.Check{
				Command: `aws license-manager-user-subscriptions list-product-subscriptions --product ` + product + ` --identity-provider "ActiveDirectoryIdentityProvider={DirectoryId=` + directory + `}"`,
				Expect:  lang.Both("%s, SUBSCRIBED", "%s の Status が SUBSCRIBED").With(u.name),
			},
		})
		if strings.EqualFold(product, remoteDesktop) {
			b.Cost("%s: per user and month; billing runs until the licence that was issued expires (60 days)", "%s: ユーザー単位・月単位の課金（発行されたライセンスの失効（60 日）まで継続）", product)
		} else {
			b.Cost("%s: per user and calendar month, not prorated", "%s: ユーザー単位・暦月単位の課金（日割りなし）", product)
		}
	}
	b.Reaches(remedy.Blast{What: lang.Both("users", "対象ユーザー"), Count: 1, Known: true, Names: []string{u.name}})
	b.Why("a user may use the product only with a subscription to it and to %s", "製品の利用には製品および %s のサブスクリプションが必要", remoteDesktop)
	b.Warn("taking the plan back stops the subscription: License Manager keeps its row as UNSUBSCRIBED, and the month that was begun is billed all the same",
		"切り戻しはサブスクリプションの停止のみ。License Manager 上に UNSUBSCRIBED の行が残り、開始済みの月の料金は発生する")
	b.TypeAccount()
	b.Settles(10*time.Minute, "License Manager takes a subscription over within minutes; the user signs in again", "License Manager への反映は数分以内（反映後、ユーザーの再サインインが必要）")
	b.Takes(5 * time.Minute)
	b.Stop("stop if the user is not entitled to the product", "製品の利用が承認されていないユーザーの場合は中止")
}

func associateUser(b *remedy.Builder) {
	u, directory, ok := subject(b)
	i, ok2 := living(b)
	if !ok || !ok2 {
		return
	}
	rows, ok := need(b, estate.SubscriptionsPart, directory)
	key := i.ID + "/" + directory
	list, ok2 := need(b, estate.AssociationsPart, key)
	if !ok || !ok2 {
		return
	}
	for _, product := range words(b.Finding().Params["product"]) {
		if productName.MatchString(product) && !u.has(rows, product) {
			b.Refuse("%s has no subscription to %s, without which License Manager refuses: subscribe first", "%s に %s のサブスクリプションがなく、関連付け不可。先にサブスクライブが必要", u.name, product)
			return
		}
	}
	if slices.ContainsFunc(list, func(r estate.UserAssociation) bool {
		return u.is(r.User, r.Domain) && (strings.EqualFold(r.Status, "ASSOCIATED") || strings.EqualFold(r.Status, "ACTIVE"))
	}) {
		b.Refuse("%s is associated by now", "%s は既に関連付け済み", u.name)
		return
	}
	remedy.Edit(b, estate.AssociationsPart, key, func(list []estate.UserAssociation) []estate.UserAssociation {
		return append(slices.Clone(list), estate.UserAssociation{User: u.name, Domain: u.domain, Instance: i.ID, Status: "ASSOCIATED"})
	})
	in := func() map[string]any { m := u.input(directory); m["InstanceId"] = i.ID; return m }
	b.Step(remedy.Step{
		ID: "associate", Title: lang.Both("Associate %s with %s", "%s を %s に関連付け").With(u.name, i.ID),
		Call: &remedy.Call{Operation: licenseService + ":AssociateUser", Input: in()},
		Undo: &remedy.Call{Operation: licenseService + ":DisassociateUser", Input: in()},
		Do:   lang.Both("License Manager console > User-based subscriptions > User association > %s > Associate users: %s", "License Manager コンソール > ユーザーベースのサブスクリプション > ユーザーの関連付け > %s > ユーザーを関連付け > %s").With(i.ID, u.name),
		Check: remedy.Check{
			Command: `aws license-manager-user-subscriptions list-user-associations --instance-id ` + i.ID + ` --identity-provider "ActiveDirectoryIdentityProvider={DirectoryId=` + directory + `}"`,
			Expect:  lang.Both("%s, ASSOCIATED", "%s の Status が ASSOCIATED").With(u.name),
		},
	})
	single(b, i.ID)
	b.Reaches(remedy.Blast{What: lang.Both("users", "対象ユーザー"), Count: 1, Known: true, Names: []string{u.name}})
	b.Why("a user may use the product only on instances that License Manager associates with the user", "ユーザーは License Manager で関連付けられたインスタンスでのみ製品を利用可能")
	b.Settles(10*time.Minute, "License Manager gives the user the rights on the instance within minutes", "License Manager によるインスタンス側の設定は数分以内")
	b.Takes(5 * time.Minute)
	b.Stop("stop if the instance already has as many users as it has sessions (two by default)", "インスタンスの同時セッション数（デフォルト 2）を超える場合は中止")
}
