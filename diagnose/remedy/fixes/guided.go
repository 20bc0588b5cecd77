package fixes

import (
	"regexp"
	"slices"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/remedy"
)

// guide is a guided fix: instructions for a person, each with a check that says whether
// to go on. monshin changes nothing by itself, and judges afterwards. Names in braces
// are filled with what the finding and the instance say.
type guide struct {
	id    string
	codes []finding.Code
	title lang.Text
	why   lang.Text
	steps []guideStep
	takes time.Duration
	// settles is how long the effect may take to show, and wait what is waited for.
	settles time.Duration
	wait    lang.Text
	stop    lang.Text
	risks   []remedy.Risk
	cost    lang.Text
	warn    []lang.Text
	typed   bool // account-wide: whoever approves types the account
	// applies refuses where the guide is not for this instance; nil is always.
	applies func(b *remedy.Builder, i estate.Instance) bool
}

// guideStep is one instruction.
type guideStep struct {
	title lang.Text
	do    lang.Text // the console path, or what to do on the server
	// command checks the step from a shell (AWS CLI, or PowerShell on the server).
	command string
	expect  lang.Text
	noUndo  lang.Text // why it cannot be taken back, where it cannot
}

// guidedFixes are the fixes that a person carries out.
func guidedFixes() []remedy.Fix {
	var out []remedy.Fix
	for _, g := range slices.Concat(agentGuides(), policyGuides(), networkGuides(), nameGuides(), directoryGuides(), licenseGuides(),
		cloneGuides(), activationGuides(), passwordGuides(), desktopGuides(), accountGuides()) {
		out = append(out, remedy.Fix{ID: g.id, Mode: remedy.Guided, For: g.codes, Title: g.title, Make: g.plan})
	}
	return out
}

func (g guide) plan(b *remedy.Builder) {
	f := b.Instance()
	i, known := f.Get()
	if b.Waiting() {
		return
	}
	if !known && f.IsUnknown() {
		// The steps stand for an instance that could not be read as well: its id is known.
		i.ID = b.Target().InstanceID
	}
	if g.applies != nil && !g.applies(b, i) {
		return
	}
	values := guideValues(b, i)
	shown, typed := map[string]string{}, map[string]string{}
	for name, value := range values {
		shown[name], typed[name] = lang.Clean(value), value
		if !commandSafe.MatchString(value) {
			typed[name] = "<" + name + ">"
		}
	}
	for n, s := range g.steps {
		b.Step(remedy.Step{
			ID: stepName(n), Title: s.title.Fill(shown), Do: s.do.Fill(shown), NoUndo: s.noUndo.Fill(shown),
			Check: remedy.Check{Command: lang.Same(s.command).Fill(typed).En, Expect: s.expect.Fill(shown)},
		})
	}
	b.Why("%s", "%s", g.why.Fill(shown))
	for _, w := range g.warn {
		b.Warn("%s", "%s", w.Fill(shown))
	}
	for _, r := range g.risks {
		b.Risk(r)
	}
	if !g.cost.Zero() {
		b.Cost("%s", "%s", g.cost.Fill(shown))
	}
	if g.typed || slices.Contains(g.risks, remedy.WholeRole) {
		b.TypeAccount()
	}
	switch {
	case slices.Contains(g.risks, remedy.WholeVPC) && i.VPC != "":
		b.Type(i.VPC)
		inVPC(b, i.VPC)
	case slices.Contains(g.risks, remedy.WholeRole) && f.IsKnown() && commandSafe.MatchString(b.Finding().Params["role"]):
		withRole(b, b.Finding().Params["role"])
	default:
		single(b, i.ID)
	}
	if !g.wait.Zero() {
		b.Settles(g.settles, "%s", "%s", g.wait.Fill(shown))
	}
	b.Takes(g.takes)
	b.Stop("%s", "%s", g.stop.Fill(shown))
}

func stepName(n int) string { return "step-" + string(rune('a'+n)) }

// commandSafe is what may stand in a command line as it is. Everything else, which AWS
// or Windows may have told, is left for the person to fill in.
var commandSafe = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:/@=+,-]{0,199}$`)

func guideValues(b *remedy.Builder, i estate.Instance) map[string]string {
	f, t := b.Finding(), b.Target()
	v := map[string]string{}
	for name, value := range f.Params {
		v[name] = value
	}
	for name, value := range map[string]string{
		"instance": i.ID, "subject": f.Subject, "vpc": i.VPC, "subnet": i.Subnet, "region": t.Region, "account": t.Account,
		"image": i.ImageID, "type": i.Type, "az": i.AZ, "root": i.RootVolume,
	} {
		if value != "" || v[name] == "" {
			v[name] = orDash(value)
		}
	}
	for _, name := range []string{"role", "policy", "domain", "user", "directory", "endpoint", "service", "product", "route", "from", "port", "message", "servers"} {
		v[name] = orDash(v[name])
	}
	return v
}

// Without lists the findings for which there is no fix, and says why not. Together
// with the library it covers every error and warning that is no observation.
func Without() map[finding.Code]lang.Text {
	return map[finding.Code]lang.Text{
		finding.InstanceNotFound: lang.Both("there is nothing to change: the id, the region or the account is another one, or the instance was terminated long ago",
			"変更対象なし（インスタンス ID・リージョン・アカウントの指定違い、または終了から長期間経過）"),
	}
}
