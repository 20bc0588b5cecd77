package probe

import (
	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/lang"
)

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
