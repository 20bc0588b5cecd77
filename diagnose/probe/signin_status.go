package probe

import (
	"strconv"
	"strings"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
)

// refusal is what a status of a failed logon means.
type refusal struct {
	// code is the finding that it is; "" where monshin has none.
	code    finding.Code
	meaning lang.Text
	// trust says that it tells of the computer's relation to its domain, not of the user.
	trust bool
	// nobody says that there is no such account: what was typed can be anything, also a
	// password in the wrong field, and is not shown.
	nobody bool
	// sure is how sure the finding can be by the event alone.
	sure finding.Certainty
}

// refusals are the statuses and sub-statuses of event 4625 that are understood
// (Microsoft, "4625(F): An account failed to log on", and [MS-ERREF] 2.3.1).
func refusals() map[uint32]refusal {
	restricted := func(en, ja string) refusal {
		return refusal{code: finding.RDPNotPermitted, meaning: lang.Both(en, ja), sure: finding.Likely}
	}
	trust := func(sure finding.Certainty, en, ja string) refusal {
		return refusal{code: finding.ADSecureChannelBroken, meaning: lang.Both(en, ja), sure: sure, trust: true}
	}
	// An account's state can change by itself or by hand after the event: alone the
	// event makes it likely, the state read beside it proves it.
	account := func(code finding.Code, en, ja string) refusal {
		return refusal{code: code, meaning: lang.Both(en, ja), sure: finding.Likely}
	}
	return map[uint32]refusal{
		0xC0000234: account(finding.AccountLocked, "the account is locked out", "アカウントのロックアウト"),
		0xC0000072: account(finding.AccountDisabled, "the account is disabled", "アカウントが無効"),
		0xC0000193: account(finding.AccountExpired, "the account has expired", "アカウントの有効期限切れ"),
		0xC0000071: account(finding.AccountPasswordExpired, "the password has expired", "パスワードの有効期限切れ"),
		0xC0000224: account(finding.AccountPasswordExpired, "the password has to be changed first", "パスワードの変更が必要"),
		0xC000006A: {code: finding.AccountCredentialsWrong, meaning: lang.Both("the password is wrong", "パスワードの誤り"), sure: finding.Proven},
		0xC0000064: {code: finding.AccountCredentialsWrong, meaning: lang.Both("there is no such account", "存在しないアカウント名"), sure: finding.Proven, nobody: true},
		0xC000015B: {code: finding.RDPNotPermitted, meaning: lang.Both("the right for this kind of logon is missing", "この種類のログオンの権限なし"), sure: finding.Proven},
		0xC000006E: restricted("a restriction of the account forbids it (an empty password, for one)", "アカウントの制限に抵触（空のパスワードなど）"),
		0xC000006F: restricted("outside the hours in which the account may log on", "ログオン可能な時間帯の外"),
		0xC0000070: restricted("the account may not log on from this workstation", "このワークステーションからのログオンは許可なし"),
		0xC0000413: restricted("selective authentication of the trust: the account may not log on to this computer", "信頼の認証の選択により、このコンピューターへの認証は許可なし"),
		0xC000018A: trust(finding.Likely, "the computer has no secret for its domain", "ドメインに対するコンピューターのシークレットなし"),
		0xC000018B: trust(finding.Likely, "the domain has no account of this computer", "ドメインにこのコンピューターのアカウントなし"),
		0xC000018D: trust(finding.Likely, "the trust between this computer and its domain failed", "このコンピューターとドメインとの信頼関係に失敗"),
		0xC0000192: trust(finding.Possible, "the Netlogon service was not running", "Netlogon サービスの停止"),
		0xC000005E: trust(finding.Possible, "no domain controller was reached", "ドメインコントローラーに到達不可"),
		0xC000018C: {meaning: lang.Both("the trust between two domains failed", "ドメイン間の信頼関係に失敗")},
		0xC0000133: {code: finding.ActivationClockSkewed, meaning: lang.Both("the clocks of this computer and the domain controller are too far apart", "ドメインコントローラーとの時刻のずれが過大"), sure: finding.Likely},
		0xC000006D: {meaning: lang.Both("the user name or the authentication was wrong, no detail", "ユーザー名または認証情報の誤り（詳細なし）")},
		0xC00002EE: {meaning: lang.Both("an error occurred during the logon, no detail", "ログオン中のエラー（詳細なし）")},
		0x8009030E: {meaning: lang.Both("the security package has no credentials", "セキュリティパッケージに資格情報なし")},
	}
}

// generic are statuses that leave the reason to the sub-status.
func generic(code uint32) bool { return code == 0 || code == 0xC000006D || code == 0xC000006E }

// refusalOf reads a failed logon: the sub-status tells more, where there is one.
func refusalOf(f estate.GuestLogonFailure) (r refusal, code string, known bool) {
	table := refusals()
	status, sub := ntStatus(f.Status), ntStatus(f.SubStatus)
	pick := status
	if generic(status) && sub != 0 {
		pick = sub
	} else if _, ok := table[status]; !ok && sub != 0 {
		pick = sub
	}
	r, known = table[pick]
	return r, "0x" + strings.ToUpper(strconv.FormatUint(uint64(pick), 16)), known
}

// ntStatus reads "0xC000006A"; 0 for what is none.
func ntStatus(s string) uint32 {
	hex, found := strings.CutPrefix(strings.ToLower(strings.TrimSpace(s)), "0x")
	if !found {
		return 0
	}
	n, err := strconv.ParseUint(hex, 16, 32)
	if err != nil {
		return 0
	}
	return uint32(n)
}
