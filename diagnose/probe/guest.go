package probe

import (
	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/lang"
)

func guestProbes() []Probe {
	return []Probe{{
		ID:    "agent.service",
		Title: lang.Both("The agent's Windows service", "SSM Agent のサービス状態"),
		Parts: []estate.AnyKind{estate.InstancePart, estate.TrailPart},
		Judge: func(v *estate.View) Verdict {
			return insideWindows(v, lang.Both("only Windows itself can tell whether the AmazonSSMAgent service runs", "AmazonSSMAgent サービスの状態は OS 内の確認が必要"))
		},
	}}
}

// insideWindows is the verdict of a judgement that no AWS API can make: it needs a
// look inside Windows where there is a running Windows to look into.
func insideWindows(v *estate.View, say lang.Text) Verdict {
	_, stop := runningWindows(v)
	if stop != nil {
		return *stop
	}
	return unknown(say, fact.Why{Reason: fact.NeedsGuest})
}

// runningWindows is the start of a judgement about Windows itself. stop is set
// where there is no running Windows, or where that cannot be told.
func runningWindows(v *estate.View) (patient, *Verdict) {
	end := func(v Verdict) *Verdict { return &v }
	p, whys := thePatient(v)
	switch {
	case len(whys) > 0:
		return p, end(unread(whys...))
	case p.dead:
		return p, end(notApplicable(lang.Both("the instance is terminated", "終了済み（terminated）")))
	case p.Platform != "windows":
		return p, end(notApplicable(lang.Both("not a Windows instance", "Windows インスタンスではない")))
	case p.State != "running":
		return p, end(notApplicable(lang.Both("the instance is not running (%s)", "稼働中ではない（%s）").With(orDash(p.State))))
	}
	return p, nil
}
