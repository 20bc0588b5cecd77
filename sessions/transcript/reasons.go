package transcript

import (
	"time"

	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/lang"
)

// reason says on one line why something is unknown. until writes a time.
func reason(w fact.Why, until func(time.Time) string) lang.Text {
	action, detail := show(w.Action), show(w.Detail)
	var t lang.Text
	switch w.Reason {
	case fact.Denied:
		t = lang.Both("permission denied: %s", "権限不足: %s").With(action)
	case fact.Throttled:
		t = lang.Both("throttled by AWS: %s", "API 制限: %s").With(action)
	case fact.Timeout:
		t = lang.Both("no answer in time: %s", "応答なし: %s").With(action)
	case fact.NotSupported:
		t = lang.Both("not supported by this endpoint: %s", "接続先が非対応: %s").With(action)
	case fact.TooEarly:
		t = lang.Both("too early to tell", "反映待ち")
		if !w.Until.IsZero() {
			t = lang.Both("too early to tell before %s", "反映待ち（%s 以降に再確認）").With(until(w.Until))
		}
		return t
	case fact.NeedsGuest:
		t = lang.Both("only Windows itself can tell", "OS 内の確認が必要")
	case fact.NeedsAnswer:
		t = lang.Both("needs an answer: %s", "回答待ち: %s").With(show(w.Blocker))
	case fact.BlockedBy:
		return lang.Both("not done until this is settled: %s", "未実施（前段: %s）").With(show(w.Blocker))
	case fact.NotVisible:
		t = lang.Both("belongs to another account", "他アカウントの所有リソース")
	case fact.NotModelled:
		t = lang.Both("not evaluated by monshin", "判定対象外の構成")
	case fact.AfterFix:
		t = lang.Both("only shows after the change", "適用後に確認")
	case fact.Pending:
		return lang.Both("not read before the walk ended", "取得前に中断")
	default:
		t = lang.Both("no record of it", "記録なし")
	}
	if w.Detail != "" {
		t = lang.Both("%s (%s)", "%s（%s）").With(t, detail)
	}
	return t
}

// remedy says what one does about an unknown.
func remedy(w fact.Why) lang.Text {
	switch w.Reason {
	case fact.Denied:
		return lang.Both("have the action allowed, or have somebody check who may", "該当アクションの許可、または権限を持つ担当者による確認")
	case fact.Throttled, fact.Timeout:
		return lang.Both("run it again after a while", "時間をおいて再実行")
	case fact.NotSupported:
		return lang.Both("check it by hand, or use the service's own endpoint", "手動での確認、または AWS のエンドポイントへの接続")
	case fact.TooEarly:
		return lang.Both("run it again then", "当該時刻以降に再実行")
	case fact.NeedsGuest:
		return lang.Both("check it inside Windows (RDP or Run Command)", "OS 内での確認（RDP、Run Command など）")
	case fact.NeedsAnswer:
		return lang.Both("run it again with --answer %s=VALUE", "--answer %s=値 を指定して再実行").With(show(w.Blocker))
	case fact.BlockedBy:
		return lang.Both("settle that first, then run it again", "前段の解消後に再実行")
	case fact.NotVisible:
		return lang.Both("have it checked from the account that owns it", "所有アカウントでの確認")
	case fact.NotModelled:
		return lang.Both("check it by hand", "手動での確認")
	case fact.AfterFix:
		return lang.Both("look again after the change", "適用後に再確認")
	case fact.Pending:
		return lang.Both("run it again to the end", "最後まで再実行")
	}
	return lang.Both("read it anew from the account, or look in the console", "実環境での再取得、またはコンソールでの確認")
}

// reasonSentence is reason for an export.
func reasonSentence(w fact.Why, until func(time.Time) string) lang.Text {
	action := show(w.Action)
	switch w.Reason {
	case fact.Denied:
		return lang.Both("It could not be checked because %s was denied.", "権限不足（%s）のため確認できておりません。").With(action)
	case fact.Throttled:
		return lang.Both("It could not be checked because AWS throttled %s.", "API 制限（%s）のため確認できておりません。").With(action)
	case fact.Timeout:
		return lang.Both("It could not be checked because %s was not answered in time.", "応答がなかった（%s）ため確認できておりません。").With(action)
	case fact.NotSupported:
		return lang.Both("It could not be checked because the endpoint does not support %s.", "接続先が %s に対応していないため確認できておりません。").With(action)
	case fact.TooEarly:
		if w.Until.IsZero() {
			return lang.Both("It is too early to tell.", "情報の反映を待つ必要があるため、確認できておりません。")
		}
		return lang.Both("It is too early to tell; it can be checked after %s.", "情報の反映を待つ必要があるため確認できておりません。%s 以降に再確認いたします。").With(until(w.Until))
	case fact.NeedsGuest:
		return lang.Both("It can only be checked inside Windows.", "OS 内での確認が必要なため、確認できておりません。")
	case fact.NeedsAnswer:
		return lang.Both("It could not be checked without knowing: %s.", "情報（%s）をご提供いただいた後に確認が必要です。").With(show(w.Blocker))
	case fact.BlockedBy:
		return lang.Both("It has to be checked after %s is settled.", "前段（%s）の問題を解消後に確認が必要です。").With(show(w.Blocker))
	case fact.NotVisible:
		return lang.Both("It belongs to another account and could not be checked from the account examined.", "他のアカウントが所有するリソースのため、確認できておりません。")
	case fact.NotModelled:
		return lang.Both("The configuration is one that has to be checked by hand (%s).", "個別の確認が必要な構成（%s）のため、確認できておりません。").With(show(w.Detail))
	case fact.AfterFix:
		return lang.Both("It only shows after the change.", "変更の適用後に確認が必要です。")
	case fact.Pending:
		return lang.Both("The examination was stopped before it was read.", "調査を途中で終了したため、確認できておりません。")
	}
	return lang.Both("There is no record of it.", "記録が残っていないため、確認できておりません。")
}

func requestID() lang.Text { return lang.Both("request id", "リクエスト ID") }

// source names who told a fact.
func source(s fact.Source) lang.Text {
	switch s {
	case fact.API:
		return lang.Same("API")
	case fact.Guest:
		return lang.Both("inside Windows", "OS 内")
	case fact.Console:
		return lang.Both("console output", "コンソール出力")
	case fact.Inventory:
		return lang.Both("inventory", "インベントリ")
	case fact.Trail:
		return lang.Same("CloudTrail")
	case fact.Customer:
		return lang.Both("the customer's reading", "お客様による取得")
	case fact.Stated:
		return lang.Both("as stated", "申告")
	}
	return lang.Both("unknown source", "取得元不明")
}
