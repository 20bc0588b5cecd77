package fixes

import (
	"slices"
	"strings"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/guest"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/remedy"
)

func signInFixes() []remedy.Fix {
	return []remedy.Fix{{
		ID: "rdp.start-service", Mode: remedy.Automatic, For: []finding.Code{finding.RDPServiceOff},
		Title:   lang.Both("Turn Remote Desktop on and start its service", "リモートデスクトップを有効化し、サービスを開始"),
		Actions: []string{"ssm:SendCommand"},
		Make:    startDesktop,
	}, {
		ID: "account.unlock", Mode: remedy.Automatic, For: []finding.Code{finding.AccountLocked},
		Title:   lang.Both("Unlock the account", "アカウントのロックアウトを解除"),
		Actions: []string{"ssm:SendCommand"},
		Make:    unlockAccount,
	}}
}

// startDesktop changes the switch, the start type of a disabled service, and starts it.
// Windows Firewall and group policies are left alone (the guided steps name them).
func startDesktop(b *remedy.Builder) {
	i, ok := reached(b)
	if !ok {
		return
	}
	g, ok := need(b, estate.GuestSignInPart, i.ID)
	if !ok {
		return
	}
	off := g.DenyTS != nil && *g.DenyTS != 0
	down := g.TermService.Status != "Running" && g.TermService.Status != ""
	switch {
	case g.TermService.Status == "Missing":
		b.Refuse("Windows has no service TermService", "サービス TermService が存在しない")
		return
	case !off && !down:
		b.Refuse("Remote Desktop is on and its service runs: what is left is Windows Firewall or another port", "リモートデスクトップは有効でサービスも実行中。残る要因は Windows ファイアウォールまたは待ち受けポート")
		return
	case g.DenyTS == nil:
		b.Refuse("the switch fDenyTSConnections could not be read, so that it could not be put back", "fDenyTSConnections を取得できておらず、切り戻しができないため")
		return
	}
	back := map[string]string{"deny": "0"}
	if off {
		back["deny"] = "1"
	}
	if slices.Contains([]string{"Automatic", "Manual", "Disabled"}, g.TermService.StartType) {
		back["start_type"] = g.TermService.StartType
	}
	if down {
		back["status"] = "Stopped"
	}
	remedy.Edit(b, estate.GuestSignInPart, i.ID, func(g estate.GuestSignIn) estate.GuestSignIn {
		on := 0
		g.DenyTS, g.TermService.Status = &on, "Running"
		if g.TermService.StartType == "Disabled" {
			g.TermService.StartType = "Manual"
		}
		return g
	})
	if !runInside(b, i, inside{
		step: "desktop", fix: guest.FixRDPService, undo: guest.FixRDPService, undoArgs: back,
		title:  lang.Both("Turn Remote Desktop of %s on", "%s のリモートデスクトップを有効化").With(i.ID),
		byHand: lang.Same(`Set-ItemProperty 'HKLM:\SYSTEM\CurrentControlSet\Control\Terminal Server' fDenyTSConnections 0; Set-Service TermService -StartupType Manual; Start-Service TermService`),
		check:  "Get-Service TermService | Select-Object Status, StartType; (Get-ItemProperty 'HKLM:\\SYSTEM\\CurrentControlSet\\Control\\Terminal Server').fDenyTSConnections",
		expect: lang.Both("Running, and 0", "Running、および 0"),
	}) {
		return
	}
	insideEnds(b, i)
	b.Risk(remedy.OpensPort)
	b.Why("Windows listens on its Remote Desktop port again", "リモートデスクトップのポートでの待ち受けを再開するため")
	b.Warn("where a group policy turns Remote Desktop off the script changes nothing and says so: change the policy", "グループポリシーで無効化されている場合、スクリプトは変更せずに終了（ポリシー側の変更が必要）")
	b.Warn("Sysprep leaves Remote Desktop off when it breaks off: find out first whether the setup of this Windows finished", "Sysprep が途中で止まった場合も無効のまま残るため、先に OS のセットアップ完了を確認")
	b.Stop("stop if Remote Desktop was turned off on purpose (hardening, Session Manager only)", "意図的に無効化している場合（セキュリティ強化、セッションマネージャーのみの運用など）は中止")
	b.Settles(time.Minute, "the service listens", "サービスの待ち受け開始")
	b.Takes(3 * time.Minute)
}

// typedName is the account's own name in what somebody typed: DOMAIN\name, name@domain.
func typedName(typed string) string {
	if _, after, found := strings.Cut(typed, `\`); found {
		typed = after
	}
	typed, _, _ = strings.Cut(typed, "@")
	return strings.TrimSpace(typed)
}

// unlockAccount unlocks a local account, or, on a domain controller, one of the domain.
// The computer account of a member may not write to the directory: there it is the
// guided steps.
func unlockAccount(b *remedy.Builder) {
	i, ok := reached(b)
	if !ok {
		return
	}
	g, ok := need(b, estate.GuestSignInPart, i.ID)
	if !ok {
		return
	}
	name := typedName(b.Finding().Subject)
	at := slices.IndexFunc(g.Accounts, func(a estate.GuestSignInAccount) bool { return strings.EqualFold(a.Name, name) })
	if at < 0 {
		b.Refuse("Windows did not tell of an account %s", "アカウント %s の情報を OS から取得できない", lang.Clean(name))
		return
	}
	account := g.Accounts[at]
	scope := "local"
	switch {
	case !account.Locked:
		b.Refuse("the account %s is not locked any more", "アカウント %s は現在ロックアウトされていない", lang.Clean(account.Name))
		return
	case !account.Local:
		who, ok := need(b, estate.GuestIdentityPart, i.ID)
		if !ok {
			return
		}
		if who.Role < 4 {
			b.Refuse("%s is an account of the domain, which only a domain controller or an administrator of the directory can unlock", "%s はドメインのアカウントのため、解除できるのはドメインコントローラーまたは AD の管理者のみ", lang.Clean(account.Name))
			return
		}
		scope = "domain"
	}
	remedy.Edit(b, estate.GuestSignInPart, i.ID, func(g estate.GuestSignIn) estate.GuestSignIn {
		g.Accounts = slices.Clone(g.Accounts)
		g.Accounts[at].Locked = false
		return g
	})
	// The refusals of before stay in the log, and are weighed against the account's state.
	remedy.Awaits(b, estate.GuestSignInPart, i.ID)
	byHand := "$u = [adsi]'WinNT://./ACCOUNT,user'; $u.IsAccountLocked = $false; $u.SetInfo()"
	if scope == "domain" {
		byHand = "Unlock-ADAccount -Identity ACCOUNT"
	}
	if !runInside(b, i, inside{
		step: "unlock", fix: guest.FixUnlockAccount, args: map[string]string{"account": account.Name, "scope": scope},
		title:  lang.Both("Unlock the account %[2]s on %[1]s", "%[1]s のアカウント %[2]s のロックアウトを解除").With(i.ID, lang.Clean(account.Name)),
		noUndo: lang.Both("Windows locks an account by itself only; nobody can lock it again by a setting", "ロックアウトは Windows が自動で行うもので、設定で再度ロックすることはできないため"),
		byHand: lang.Same(byHand),
		check:  "net user ACCOUNT",
		expect: lang.Both("the account is active", "アカウントが有効"),
	}) {
		return
	}
	insideEnds(b, i)
	b.Why("the account may sign in again at once, instead of when the lockout time is over", "ロックアウト期間の経過を待たずにサインインを可能にするため")
	b.Warn("find out first who typed the wrong passwords: a service or a disconnected session with an old password locks it again within minutes", "先に誤ったパスワードの送信元を確認。古いパスワードのまま動作するサービスや切断セッションがあると数分で再ロック")
	b.Stop("stop if the failed sign-ins come from an address that nobody knows: that is an attack, and the lockout is what stops it", "サインイン失敗の送信元に心当たりがない場合は中止（攻撃の可能性があり、ロックアウトが防御として機能している）")
	b.Settles(time.Minute, "the user signs in again", "再サインイン")
	b.Takes(3 * time.Minute)
}
