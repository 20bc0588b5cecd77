package probe

import (
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/lang"
)

// ReasonWord is a reason of unknown in a word.
func ReasonWord(r fact.Reason) lang.Text {
	switch r {
	case fact.Denied:
		return lang.Both("denied", "権限不足")
	case fact.Throttled:
		return lang.Both("throttled", "API 制限")
	case fact.Timeout:
		return lang.Both("no answer", "応答なし")
	case fact.NotSupported:
		return lang.Both("unsupported", "非対応")
	case fact.TooEarly:
		return lang.Both("too early", "反映待ち")
	case fact.NeedsGuest:
		return lang.Both("inside Windows", "要 OS 内確認")
	case fact.NeedsAnswer:
		return lang.Both("needs an answer", "回答待ち")
	case fact.BlockedBy:
		return lang.Both("not done yet", "未実施")
	case fact.NotVisible:
		return lang.Both("other account", "他アカウント")
	case fact.NotModelled:
		return lang.Both("not evaluated", "判定対象外")
	case fact.NotRecorded:
		return lang.Both("not recorded", "記録なし")
	case fact.AfterFix:
		return lang.Both("after the change", "適用後に確認")
	case fact.Pending:
		return lang.Both("reading", "確認中")
	}
	return lang.Both("unknown", "確認できず")
}
