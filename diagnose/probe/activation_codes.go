package probe

import (
	"strings"

	"github.com/monshin/monshin/diagnose/lang"
)

// The families of reasons for which an activation fails: what is to be looked at.
const (
	reasonReach = "reach" // no KMS answered
	reasonHost  = "host"  // what answered, or was looked for, is no KMS for this machine
	reasonKey   = "key"   // the product key is wrong or missing
	reasonClock = "clock" // the time stamp of the request
	reasonOther = "other"
)

// reason is what a code of the Software Licensing Service says.
type reason struct {
	meaning lang.Text
	family  string
	// memory marks what no source at hand confirms: possible at most.
	memory bool
}

// reasonOf explains a LicenseStatusReason, "0xC004F074". The symbols and meanings
// are those of the Windows SDK's slerror.h (domain.md §7.1 [V:slerror]) unless
// marked. Ok is false for a code that is not known here.
func reasonOf(code string) (r reason, ok bool) {
	r, ok = reasons()[strings.ToUpper(strings.TrimPrefix(strings.ToLower(code), "0x"))]
	return r, ok
}

func reasons() map[string]reason {
	unreachable := lang.Both("no KMS could be contacted", "KMS に接続できない")
	other := lang.Both("the KMS that answered cannot serve this machine", "応答した KMS では認証できない")
	lookup := lang.Both("the name of a KMS was looked up and not found: no KMS host is set", "KMS の名前解決に失敗（KMS ホスト未設定）")
	return map[string]reason{
		"C004F074": {meaning: unreachable, family: reasonReach},
		"800706BA": {meaning: lang.Both("the port of the KMS does not answer", "KMS のポートから応答がない"), family: reasonReach, memory: true},
		"C004F038": {meaning: lang.Both("the KMS that answered has too few clients: it is not AWS's", "KMS のカウント不足（AWS 以外の KMS に接続）"), family: reasonHost},
		"C004F039": {meaning: other, family: reasonHost},
		"C004F041": {meaning: other, family: reasonHost},
		"C004F042": {meaning: other, family: reasonHost},
		"8007007B": {meaning: lookup, family: reasonHost, memory: true},
		"8007232B": {meaning: lookup, family: reasonHost, memory: true},
		"8007251D": {meaning: lookup, family: reasonHost, memory: true},
		"C004F050": {meaning: lang.Both("the product key is invalid", "プロダクトキーが無効"), family: reasonKey},
		"C004F051": {meaning: lang.Both("the product key is blocked", "プロダクトキーがブロックされている"), family: reasonKey},
		"C004F069": {meaning: lang.Both("the product key does not fit this edition", "プロダクトキーとエディションの不一致"), family: reasonKey},
		"C004F014": {meaning: lang.Both("no product key is installed", "プロダクトキーが未設定"), family: reasonKey},
		"C004F035": {meaning: lang.Both("the volume key needs a qualifying Windows", "ボリュームキーの対象外の OS"), family: reasonKey},
		"C004C008": {meaning: lang.Both("the activation limit of the key is exceeded", "プロダクトキーの認証回数の上限超過"), family: reasonKey, memory: true},
		"C004F06C": {meaning: lang.Both("the time stamp of the request is invalid", "要求のタイムスタンプが無効"), family: reasonClock},
		"C004F015": {meaning: lang.Both("the licence of the product is not installed", "製品のライセンスが未インストール"), family: reasonOther},
		"C004F025": {meaning: lang.Both("tried without administrator rights", "管理者権限なしで実行"), family: reasonOther},
		"80070005": {meaning: lang.Both("access denied", "アクセス拒否"), family: reasonOther},
		"C004F056": {meaning: lang.Both("the activation by a KMS failed or has lapsed", "KMS による認証の失敗または期限切れ"), family: reasonOther},
	}
}

// licenseStatus names a LicenseStatus (domain.md §7.1 [V:ls]). Works says that the
// product still works without limits: its grace period runs.
func licenseStatus(status int) (name lang.Text, works bool) {
	switch status {
	case 0:
		return lang.Both("unlicensed", "ライセンスなし"), false
	case 1:
		return lang.Both("licensed", "ライセンス認証済み"), true
	case 2:
		return lang.Both("grace period after the installation", "初期猶予期間"), true
	case 3:
		return lang.Both("grace period, out of tolerance", "許容範囲外の猶予期間"), true
	case 4:
		return lang.Both("not genuine", "非正規の猶予期間"), false
	case 5:
		return lang.Both("notification mode", "通知モード"), false
	case 6:
		return lang.Both("extended grace period", "延長猶予期間"), true
	}
	return lang.Both("status %d", "ステータス %d").With(status), false
}
