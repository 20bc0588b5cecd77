package probe

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
)

func directoryProbes() []Probe {
	return []Probe{
		{
			ID:    "ad.directory",
			Title: lang.Both("State of the directory", "ディレクトリの状態"),
			Parts: withDomain(),
			Asks:  []string{estate.AnswerADDomain},
			Codes: []finding.Code{finding.ADDirectoryNotActive},
			Judge: judgeDirectory,
		},
		joinProbe(),
	}
}

// domain is the Active Directory domain that an instance must be able to find.
type domain struct {
	// FQDN is the domain's DNS name, lower case, without a trailing dot.
	FQDN string
	// Directory is its id in AWS, "" where it is no directory of AWS, or not known.
	Directory string
	// Row is the directory as Directory Service describes it; zero where that is not known.
	Row estate.Directory
	// Servers are the addresses that answer for the domain, sorted. Empty: not known.
	Servers []netip.Addr
	// ServerWhys says why there may be more servers than Servers holds.
	ServerWhys []fact.Why
	// Source tells how FQDN became known, and Certainty how sure it is.
	Source    fact.Source
	Certainty finding.Certainty
	// At and Origin are where the domain was read.
	At     estate.Key
	Origin fact.Origin
	// assumptions are what a judgement that uses the domain rests on.
	assumptions []finding.Assumption
}

// withDomain lists the parts that adDomain reads, and more.
func withDomain(more ...estate.AnyKind) []estate.AnyKind {
	parts := []estate.AnyKind{
		estate.InstancePart, estate.TrailPart, estate.IdentityProvidersPart, estate.LicensedInstancesPart,
		estate.LicenseInterfacesPart, estate.CommandsPart, estate.DirectoriesPart, estate.DomainControllersPart, estate.PeeringsPart,
	}
	for _, k := range more {
		if !slices.ContainsFunc(parts, func(p estate.AnyKind) bool { return p.Name() == k.Name() }) {
			parts = append(parts, k)
		}
	}
	return parts
}

// adDomain tells which AD domain the instance must resolve, and who answers for it:
// the domain that the operator named, else, for an instance of License Manager's
// user-based subscriptions, the one of the directory that License Manager selects.
// License Manager's API is in no managed read-only policy, so its facts have second
// sources (domain.md §5.2, §5.4); what rests on one is likely at most and carries
// an assumption.
func adDomain(v *estate.View, p patient) (domain, []fact.Why) {
	answer, _ := v.Answer(estate.AnswerADDomain)
	stated := domainName(answer)
	l, whys := licensed(v, p)
	if len(whys) > 0 && stated == "" {
		return domain{}, whys
	}
	if !l.Is {
		if stated == "" {
			return domain{}, []fact.Why{{Reason: fact.NeedsAnswer, Blocker: estate.AnswerADDomain, Detail: answer}}
		}
		return statedDomain(v, stated)
	}
	derived, whys := licenseDomain(v)
	whys = append(whys, pendingOf(derived.ServerWhys)...)
	if stated == "" || (len(whys) == 0 && derived.FQDN == stated) {
		return derived, whys
	}
	if pending := pendingOf(whys); len(pending) > 0 {
		return domain{}, pending
	}
	return statedDomain(v, stated)
}

// domainName reads a DNS name as a person types it; "" for what is none.
func domainName(s string) string {
	s = strings.ToLower(strings.TrimSuffix(strings.TrimSpace(s), "."))
	if len(s) > 253 || !dnsName().MatchString(s) {
		return ""
	}
	return s
}

// dnsName is compiled once: every judgement about a domain asks it.
var dnsName = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[a-z0-9_](?:[a-z0-9_-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$`)
})

// statedDomain is the domain that the operator named, with its directory where
// AWS knows one of that name. Whys holds only what is still being read.
func statedDomain(v *estate.View, name string) (domain, []fact.Why) {
	d := domain{
		FQDN: name, Source: fact.Stated, Certainty: finding.Likely,
		At: estate.Key{Kind: "answer", ID: estate.AnswerADDomain}, Origin: fact.Origin{Source: fact.Stated},
	}
	directories := estate.DirectoriesPart.Of(v, "")
	if directories.IsUnknown() {
		d.ServerWhys = whyOf(directories)
	} else if row, found := directoryNamed(directories, name); found {
		at, origin := d.At, d.Origin
		d.describe(v, row, directories.Origin())
		d.At, d.Origin = at, origin
	}
	return d, pendingOf(d.ServerWhys)
}

func directoryNamed(directories fact.Of[[]estate.Directory], name string) (estate.Directory, bool) {
	for _, r := range directories.Value() {
		if domainName(r.Name) == name && name != "" {
			return r, true
		}
	}
	return estate.Directory{}, false
}

func directoryWithID(directories fact.Of[[]estate.Directory], id string) (estate.Directory, bool) {
	for _, r := range directories.Value() {
		if r.ID == id && id != "" {
			return r, true
		}
	}
	return estate.Directory{}, false
}

// describe completes the domain from its directory. Controllers are asked for only
// where Directory Service lists them; they can have come after DnsIpAddrs.
func (d *domain) describe(v *estate.View, row estate.Directory, o fact.Origin) {
	d.FQDN, d.Directory, d.Row = domainName(row.Name), row.ID, row
	d.At, d.Origin = estate.DirectoriesPart.Key(""), o
	addresses := slices.Clone(row.DNS)
	if row.Type == "MicrosoftAD" {
		controllers := estate.DomainControllersPart.Of(v, row.ID)
		d.ServerWhys = whyOf(controllers)
		for _, c := range controllers.Value() {
			addresses = append(addresses, c.IP)
		}
	}
	for _, s := range addresses {
		if a, err := netip.ParseAddr(s); err == nil && !slices.Contains(d.Servers, a.Unmap()) {
			d.Servers = append(d.Servers, a.Unmap())
		}
	}
	slices.SortFunc(d.Servers, netip.Addr.Compare)
}

// weaken notes that the domain rests on a second source.
func (d *domain) weaken(source string) {
	d.Certainty = d.Certainty.AtMost(finding.Likely)
	d.assumptions = append(d.assumptions, secondSource(source))
}

func secondSource(source string) finding.Assumption {
	return finding.Assumption{Code: finding.AssumeSecondSource, Params: map[string]string{"source": source}}
}

// licenseDomain is the domain of the directory that License Manager selects for
// the instance. Its controllers may still be being read: see ServerWhys.
func licenseDomain(v *estate.View) (domain, []fact.Why) {
	// Ten judgements need it, and reading the commands' output is the dear part.
	type result struct {
		domain domain
		whys   []fact.Why
	}
	r := estate.Derive(v, "license-domain", func(v *estate.View) result {
		// Read again inside, so that the derivation counts as resting on them.
		p, _ := thePatient(v)
		l, _ := licensed(v, p)
		d, whys := deriveLicenseDomain(v, p, l)
		return result{d, whys}
	})
	r.domain.assumptions = slices.Clone(r.domain.assumptions)
	return r.domain, slices.Clone(r.whys)
}

func deriveLicenseDomain(v *estate.View, p patient, l license) (domain, []fact.Why) {
	reg := registered(v, p, l)
	directories := estate.DirectoriesPart.Of(v, "")
	commands := estate.CommandsPart.Of(v, p.ID)
	chosen, whys := reg.selected(v, p, directories)
	if row, found := directoryWithID(directories, chosen.id); found && row.Type == "MicrosoftAD" {
		// Asked for now, and not after the commands, which take two calls.
		estate.DomainControllersPart.Of(v, row.ID)
	}
	if pending := pendingOf(append(whys, slices.Concat(reg.whys, whyOf(directories), whyOf(commands))...)); len(pending) > 0 {
		return domain{}, pending
	}
	d := domain{Source: fact.API, Certainty: finding.Proven}
	joined, output := "", finding.Evidence{}
	if f, found := failedJoin(commands.Value(), !p.dead); found && f.domain != "" {
		joined, output = domainName(f.domain), joinEvidence(p.ID, f, commands.Origin())
	}
	switch {
	case chosen.id != "":
		if chosen.second != "" {
			d.weaken(chosen.second)
		}
		if row, found := directoryWithID(directories, chosen.id); found {
			d.describe(v, row, directories.Origin())
			return d, nil
		}
		d.Directory = chosen.id
		d.ServerWhys = whyOf(directories)
		if name := domainName(chosen.domain); name != "" {
			d.FQDN, d.At, d.Origin = name, estate.IdentityProvidersPart.Key(""), reg.providers.Origin()
			return d, nil
		}
	case len(whys) > 0:
		return domain{}, whys
	}
	if joined != "" {
		d.weaken("ssm:GetCommandInvocation")
		d.FQDN, d.At, d.Origin = joined, estate.CommandsPart.Key(p.ID), output.Origin
		d.ServerWhys = whyOf(directories)
		if row, found := directoryNamed(directories, joined); found && d.Directory == "" {
			d.describe(v, row, directories.Origin())
		}
		return d, nil
	}
	if chosen.id != "" {
		if directories.IsUnknown() {
			return domain{}, whyOf(directories)
		}
		return domain{}, []fact.Why{{Reason: fact.NotVisible, Action: "ds:DescribeDirectories", Resource: chosen.id}}
	}
	// Nothing names the directory. Where the account has a single one in the region,
	// License Manager can only mean that.
	if row, single := onlyDirectory(directories); single {
		d.weaken("ds:DescribeDirectories")
		d.describe(v, row, directories.Origin())
		return d, nil
	}
	if len(directories.Value()) > 1 {
		seen, whys := registeredInTrail(v, directories)
		if len(whys) == 0 {
			chosen, whys = selectAmong(v, p, seen, directories)
		}
		if len(whys) > 0 {
			return domain{}, whys
		}
		if row, found := directoryWithID(directories, chosen.id); found {
			d.weaken(chosen.second)
			d.describe(v, row, directories.Origin())
			return d, nil
		}
	}
	if whys := slices.Concat(reg.whys, whyOf(directories)); len(whys) > 0 {
		return domain{}, whys
	}
	return domain{}, []fact.Why{{Reason: fact.BlockedBy, Blocker: "license.provider"}}
}

// pendingOf keeps the reasons that will go away by themselves.
func pendingOf(whys []fact.Why) []fact.Why {
	var out []fact.Why
	for _, w := range whys {
		if w.Reason == fact.Pending {
			out = append(out, w)
		}
	}
	return out
}

// onlyDirectory is the one Managed Microsoft AD of the region: the only kind that
// License Manager registers for Office and Visual Studio (domain.md §1 [V:lm-main]).
func onlyDirectory(directories fact.Of[[]estate.Directory]) (estate.Directory, bool) {
	var one estate.Directory
	n := 0
	for _, r := range directories.Value() {
		if r.Type == "MicrosoftAD" || r.Type == "SharedMicrosoftAD" {
			one = r
			n++
		}
	}
	return one, n == 1
}

func judgeDirectory(v *estate.View) Verdict {
	p, whys := thePatient(v)
	if len(whys) > 0 {
		return unread(whys...)
	}
	answer, _ := v.Answer(estate.AnswerADDomain)
	l, whys := licensed(v, p)
	if domainName(answer) == "" {
		if len(whys) > 0 {
			return unread(whys...)
		}
		if !l.Is {
			return notApplicable(lang.Both("no AD domain is needed here, as far as is known", "AD ドメインを必要とする構成ではない"))
		}
	}
	d, whys := adDomain(v, p)
	if len(whys) > 0 {
		return unread(whys...)
	}
	if d.Row.ID == "" {
		if len(d.ServerWhys) > 0 {
			return unread(d.ServerWhys...)
		}
		if d.Source != fact.Stated {
			// License Manager's directories are AWS's: one that is not listed is another account's.
			return unread(fact.Why{Reason: fact.NotVisible, Action: "ds:DescribeDirectories", Resource: first(d.Directory, d.FQDN)})
		}
		return notApplicable(lang.Both("%s is no directory of AWS Directory Service here", "%s は当アカウントの AWS Directory Service のディレクトリではない").With(d.FQDN))
	}
	found, open, read := directoryState(v, p, d)
	if pending := pendingOf(open); len(pending) > 0 {
		return unread(pending...)
	}
	verdict := settle(readAfter(v, p, found), open, lang.Both("%s (%s): %s", "%s（%s）: %s").With(d.Directory, d.FQDN, d.Row.Stage), read...)
	if verdict.Outcome == Problem {
		verdict.Say = lang.Both("%s (%s) is not fully active: %s", "%s（%s）が Active ではない: %s").With(d.Directory, d.FQDN, read[0].Value)
	}
	return verdict
}

// directoryState judges the stage of the directory and of its controllers: a
// directory answers only while it is Active (domain.md §6.1 [V:botocore]).
func directoryState(v *estate.View, p patient, d domain) (found []finding.Finding, open []fact.Why, read []finding.Evidence) {
	directories := estate.DirectoriesPart.Of(v, "")
	stage := see(estate.DirectoriesPart.Key(""), d.Directory, orDash(d.Row.Stage),
		lang.Both("the directory's stage; only Active answers", "ディレクトリのステージ（Active 以外では応答しない）"), directories.Origin())
	read = append(read, stage)
	bad := func(severity finding.Severity, message string, evidence ...finding.Evidence) {
		params := licenseParams(p, d.Directory, "", "", message)
		params["domain"], params["vpc"] = d.FQDN, orDash(d.Row.VPC)
		params["servers"], params["options"] = orDash(addressList(d.Servers)), "-"
		found = append(found, finding.Finding{
			Code: finding.ADDirectoryNotActive, Subject: d.Directory, Certainty: d.Certainty, Severity: severity,
			Scope: []string{"directory"}, Params: params, Evidence: evidence, Assumptions: d.assumptions,
		})
	}
	switch d.Row.Stage {
	case "Active":
	case "":
		open = append(open, fact.Why{Reason: fact.NotRecorded, Action: "ds:DescribeDirectories", Resource: d.Directory})
	case "Updating", "Restoring":
		// AWS does not say whether it answers meanwhile.
		open = append(open, fact.Why{Reason: fact.NotModelled, Action: "ds:DescribeDirectories", Resource: d.Directory, Detail: d.Row.Stage})
	default:
		bad("", d.Row.Stage, stage)
		return found, append(open, d.ServerWhys...), read
	}
	if d.Row.Type != "MicrosoftAD" {
		return found, append(open, d.ServerWhys...), read
	}
	controllers := estate.DomainControllersPart.Of(v, d.Directory)
	open = append(open, whyOf(controllers)...)
	var down []finding.Evidence
	active := 0
	for _, c := range controllers.Value() {
		e := see(estate.DomainControllersPart.Key(d.Directory), c.ID, join(c.IP, c.Status),
			lang.Both("state of a domain controller", "ドメインコントローラーの状態"), controllers.Origin())
		read = append(read, e)
		switch c.Status {
		case "Active":
			active++
		case "Creating", "Deleting", "Deleted", "Updating":
			// One more or one less on the way: planned, and the others serve.
		default:
			down = append(down, e)
		}
	}
	if len(down) > 0 {
		severity := finding.Severity("")
		if active > 0 {
			severity = finding.Warning // the others still answer
		}
		bad(severity, down[0].Value, down...)
	}
	return found, open, read
}

func addressList(as []netip.Addr) string {
	var out []string
	for _, a := range as {
		out = append(out, a.String())
	}
	return strings.Join(out, ", ")
}
