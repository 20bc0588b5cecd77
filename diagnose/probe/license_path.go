package probe

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/reach"
)

// activationPort is where Office asks License Manager's endpoints for its licence
// (domain.md §5.2.4 [V:lm-main]).
const activationPort = 1688

// directoryPathParts lists the parts that a path inside a VPC or over a peering needs.
func directoryPathParts() []estate.AnyKind {
	return []estate.AnyKind{
		estate.SecurityGroupPart, estate.PrefixListPart, estate.SubnetsPart, estate.NetworkACLsPart,
		estate.RouteTablesPart, estate.PeeringsPart,
	}
}

// joinService is the port of Active Directory Web Services, which License Manager
// asks for beside the usual ones (domain.md LM-15 [V:lm-main]).
const joinService = 9389

// joinPorts are what a member of a domain needs of its controllers, DNS aside: the
// list AWS gives for joins to a Managed Microsoft AD (Amazon RDS User Guide,
// "Network configuration port rules") and tcp/9389, which License Manager asks for
// (domain.md LM-15 [V:lm-main]).
func joinPorts() []reach.Port {
	return []reach.Port{
		reach.TCP(88), reach.TCP(135), reach.TCP(389), reach.UDP(389), reach.TCP(445), reach.TCP(464), reach.TCP(joinService),
	}
}

// otherPorts are shown and do not decide: DNS may be asked through a Resolver rule
// (dns.ad-servers judges that), LDAPS and the global catalogue are not needed to
// join.
func otherPorts() []reach.Port {
	return []reach.Port{reach.TCP(53), reach.UDP(53), reach.TCP(636), reach.TCP(3268)}
}

// portScan is what became of several ports on the way to one address.
type portScan struct {
	closed  []string
	open    int // ports that are reachable
	blocked []reach.Hop
	whys    []fact.Why
}

func scan(v *estate.View, from, to reach.Side, ports []reach.Port) portScan {
	var s portScan
	for _, port := range ports {
		path := reach.Between(v, reach.Question{From: from, To: to, Port: port})
		switch path.Verdict {
		case reach.Yes:
			s.open++
		case reach.No:
			s.closed = append(s.closed, port.String())
			s.blocked = append(s.blocked, path.Blocked()...)
		default:
			s.whys = append(s.whys, path.Whys()...)
		}
	}
	return s
}

// hops turns closed hops into evidence, each once, and says what their findings may
// claim and whose change would have changed them.
func hops(blocked []reach.Hop) (evidence []finding.Evidence, certainty finding.Certainty, changed []estate.TrailQuery) {
	certainty = finding.Proven
	for _, h := range blocked {
		at := h.At.String()
		if h.Item != "" {
			at += "#" + h.Item
		}
		e := finding.Evidence{At: at, Value: h.Value, Rule: h.Rule, Origin: h.Origin}
		if slices.ContainsFunc(evidence, func(o finding.Evidence) bool { return o.At == e.At && o.Rule == e.Rule }) {
			continue
		}
		evidence = append(evidence, e)
		certainty = certainty.AtMost(h.Certainty)
		for _, r := range h.Resources {
			if q := resource(r); !slices.Contains(changed, q) {
				changed = append(changed, q)
			}
		}
	}
	return evidence, certainty, changed
}

// controllerSide is a domain controller as an end of a path.
func controllerSide(v *estate.View, p patient, d domain, server netip.Addr) reach.Side {
	return adNeeded{p: p, domain: d}.serverSide(v, server)
}

// judgeDirectoryGroup judges whether the instance reaches a controller of the
// directory on the ports that a join needs.
func judgeDirectoryGroup(v *estate.View) Verdict {
	p, l, stop := licensedPatient(v)
	if stop != nil {
		return *stop
	}
	d, whys := licenseDomain(v)
	if len(whys) > 0 {
		return unread(whys...)
	}
	if len(d.Servers) == 0 {
		return unread(append(d.ServerWhys, fact.Why{Reason: fact.NotVisible, Action: "ds:DescribeDirectories", Resource: d.Directory})...)
	}
	from := patientSide(p)
	var closed []string
	var blocked []reach.Hop
	// The addresses at hand are tried while the controllers are still being read, so
	// that what their paths need is asked for at once.
	open := pendingOf(d.ServerWhys)
	var read []finding.Evidence
	good := 0
	partly := false // some of the ports that a join needs are open where others are closed
	for _, server := range d.Servers {
		to := controllerSide(v, p, d, server)
		s := scan(v, from, to, joinPorts())
		also := scan(v, from, to, otherPorts())
		read = append(read, see(d.At, d.Directory, fmt.Sprintf("%s: %s", server, orDash(strings.Join(append(slices.Clone(s.closed), also.closed...), ", "))),
			lang.Both("ports of this controller that are closed to the instance", "インスタンスからこのドメインコントローラーへ到達できないポート"), d.Origin))
		switch {
		case len(s.closed) > 0:
			closed = append(closed, s.closed...)
			blocked = append(blocked, s.blocked...)
			partly = partly || s.open > 0
		case len(s.whys) > 0:
			open = append(open, s.whys...)
		default:
			good++
		}
	}
	if pending := pendingOf(open); len(pending) > 0 {
		return unread(pending...)
	}
	var found []finding.Finding
	// A controller that cannot be told may be the one that answers, so that closed
	// ones are a problem only beside others that are closed or open.
	if len(blocked) > 0 && len(open) == 0 {
		evidence, certainty, changed := hops(blocked)
		slices.Sort(closed)
		f := finding.Finding{
			Code: finding.LicenseDirectoryUnreachable, Subject: d.Directory, Certainty: certainty.AtMost(d.Certainty), Scope: []string{"directory"},
			Params:   licenseParams(p, d.Directory, first(l.Product, l.Name), "", strings.Join(slices.Compact(closed), ", ")),
			Evidence: evidence, Assumptions: d.assumptions,
		}
		switch {
		case good > 0:
			f.Severity, f.Certainty = finding.Warning, f.Certainty.AtMost(finding.Likely)
		case partly && !slices.Contains(closed, reach.TCP(joinService).String()):
			// That License Manager needs this very port is documented for tcp/9389 only.
			f.Certainty = f.Certainty.AtMost(finding.Likely)
		}
		found = afterDeath(v, p, []finding.Finding{f}, changed...)
	}
	verdict := settle(found, open, lang.Both("the controllers of %s can be reached", "%s のドメインコントローラーへ到達可能").With(d.Directory), read...)
	if verdict.Outcome == Problem {
		verdict.Say = lang.Both("controllers of %s cannot be reached on %s", "%s のドメインコントローラーへ通信不可: %s").With(d.Directory, found[0].Params["message"])
	}
	return verdict
}

// judgeLicenseInterfaces judges the two interfaces that a registration makes in the
// directory's VPC, with the VPC's default group, which has to let them out to the
// controllers (domain.md §5.2.3 [V:lm-main], LM-5).
func judgeLicenseInterfaces(v *estate.View) Verdict {
	p, l, stop := licensedPatient(v)
	if stop != nil {
		return *stop
	}
	interfaces := estate.LicenseInterfacesPart.Of(v, "")
	reg := registered(v, p, l)
	d, whys := licenseDomain(v)
	if whys = append(whys, whyOf(interfaces)...); len(whys) > 0 {
		return unread(whys...)
	}
	if d.Directory == "" {
		return unread(fact.Why{Reason: fact.BlockedBy, Blocker: "license.provider"})
	}
	at := estate.LicenseInterfacesPart.Key("")
	var mine []estate.Interface
	var read []finding.Evidence
	var found []finding.Finding
	report := func(severity finding.Severity, certainty finding.Certainty, message string, evidence []finding.Evidence, changed ...estate.TrailQuery) {
		f := finding.Finding{
			Code: finding.LicenseInterfaceBroken, Subject: d.Directory, Severity: severity, Certainty: certainty.AtMost(d.Certainty), Scope: []string{"directory"},
			Params: licenseParams(p, d.Directory, first(l.Product, l.Name), "", message), Evidence: evidence, Assumptions: d.assumptions,
		}
		found = append(found, afterDeath(v, p, []finding.Finding{f}, changed...)...)
	}
	for _, i := range interfaces.Value() {
		if directoryOf(i) != d.Directory {
			continue
		}
		mine = append(mine, i)
		e := see(at, i.ID, join(i.Status, i.Subnet, strings.Join(i.Groups, ",")),
			lang.Both("an interface that License Manager made for the directory; it must be in use", "License Manager がディレクトリ用に作成した ENI（in-use である必要あり）"), interfaces.Origin())
		read = append(read, e)
		if i.Status != "in-use" {
			report("", finding.Proven, join(i.ID, i.Status), []finding.Evidence{e}, resource(i.ID))
		}
	}
	if len(mine) < 2 {
		if why, judged := mayBeMissing(v, reg, d); !judged {
			return unread(why)
		}
		// Found by its description, whose exact words AWS does not promise.
		e := see(at, d.Directory, len(mine), lang.Both("interfaces of License Manager for this directory; a registration makes two", "このディレクトリ用の ENI 数（登録時に 2 つ作成される）"), interfaces.Origin())
		report("", finding.Likely, fmt.Sprint(len(mine)), append([]finding.Evidence{e}, read...))
	}
	open := interfacePaths(v, p, d, mine, report)
	if pending := pendingOf(open); len(pending) > 0 {
		return unread(pending...)
	}
	verdict := settle(found, open, lang.Both("%d interfaces in use, let out to the directory", "ENI %d 個が in-use、ディレクトリへ通信可能").With(len(mine)), read...)
	if verdict.Outcome == Problem {
		verdict.Say = lang.Both("License Manager's interfaces for %s: %s", "%s 用 ENI の不備: %s").With(d.Directory, found[0].Params["message"])
	}
	return verdict
}

// mayBeMissing tells whether interfaces that are not seen can be called missing:
// only for a directory of this account whose registration is known.
func mayBeMissing(v *estate.View, reg registration, d domain) (fact.Why, bool) {
	i := slices.IndexFunc(reg.rows, func(r estate.IdentityProvider) bool { return r.Directory == d.Directory })
	if i < 0 {
		if reg.providers.IsUnknown() {
			return reg.providers.Why(), false
		}
		return fact.Why{Reason: fact.BlockedBy, Blocker: "license.provider"}, false
	}
	owner := reg.rows[i].OwnerID
	if d.Row.Type == "SharedMicrosoftAD" || (owner != "" && v.Target().Account != "" && owner != v.Target().Account) {
		return fact.Why{Reason: fact.NotVisible, Action: "ec2:DescribeNetworkInterfaces", Resource: d.Directory}, false
	}
	if !standing(reg.rows[i]) {
		return fact.Why{Reason: fact.BlockedBy, Blocker: "license.provider"}, false
	}
	return fact.Why{}, true
}

// interfacePaths judges whether the interfaces get out to the controllers. Which
// ports License Manager uses is not documented, so that some closed ports are only
// worth a mention; nothing getting through at all is a fault.
func interfacePaths(v *estate.View, p patient, d domain, mine []estate.Interface,
	report func(finding.Severity, finding.Certainty, string, []finding.Evidence, ...estate.TrailQuery)) (open []fact.Why) {
	open = pendingOf(d.ServerWhys)
	for _, i := range mine {
		var blocked []reach.Hop
		var closed []string
		passed, undecided := 0, 0
		for _, server := range d.Servers {
			s := scan(v, interfaceSide(i), controllerSide(v, p, d, server), joinPorts())
			passed += s.open
			undecided += len(s.whys)
			open = append(open, s.whys...)
			blocked = append(blocked, s.blocked...)
			closed = append(closed, s.closed...)
		}
		if len(blocked) == 0 || undecided > 0 {
			continue
		}
		evidence, certainty, changed := hops(blocked)
		slices.Sort(closed)
		message := i.ID + ": " + strings.Join(slices.Compact(closed), ", ")
		if passed == 0 {
			report("", certainty, message, evidence, changed...)
		} else {
			report(finding.Info, finding.Possible, message, evidence, changed...)
		}
	}
	if len(d.Servers) == 0 && len(mine) > 0 {
		open = append(open, append(d.ServerWhys, fact.Why{Reason: fact.NotVisible, Action: "ds:DescribeDirectories", Resource: d.Directory})...)
	}
	return open
}

func interfaceSide(i estate.Interface) reach.Side {
	s := reach.Side{Label: i.ID, VPC: i.VPC, Subnet: i.Subnet, Groups: i.Groups}
	for _, text := range slices.Concat(i.PrivateIPs, i.IPv6s) {
		if a, err := netip.ParseAddr(text); err == nil {
			s.IPs = append(s.IPs, a)
		}
	}
	return s
}
