package probe

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
)

// reach judges the way from Windows to AWS's KMS. The addresses are link-local, so
// that only the routes and the firewall of Windows decide (domain.md ACT-2).
func (j *licenseJudgement) reach(licensed bool) {
	tested, connects := kmsPorts(j.a)
	stale, gateways := staleRoutes(j.a)
	for _, name := range tested {
		j.read = append(j.read, j.see("ports", name+" "+j.a.Ports[name], lang.Both("connecting to AWS's KMS", "AWS の KMS への接続")))
	}
	if connects {
		if len(stale) > 0 {
			j.read = append(j.read, j.see("routes", routeText(stale[0]), lang.Both("a persistent route to another gateway, without effect: the connection works", "別のゲートウェイへの永続ルートが残存（接続は可能なため影響なし）")))
		}
		return
	}
	severity := finding.Severity("")
	if licensed {
		severity = finding.Warning // it holds until the next renewal, within 180 days
	}
	switch {
	case len(stale) > 0:
		f := finding.Finding{Code: finding.ActivationStaleRoutes, Subject: j.p.ID, Severity: severity, Certainty: finding.Likely, Params: j.with("host", stale[0].NextHop)}
		if j.a.V1 && len(tested) > 0 {
			f.Certainty = finding.Proven
		}
		for _, r := range stale {
			f.Evidence = append(f.Evidence, j.see("routes", routeText(r),
				lang.Both("the gateway now is %s: EC2Launch v1 wrote this route in another subnet", "現在のゲートウェイは %s。EC2Launch v1 が別サブネットで登録した永続ルート").With(strings.Join(gateways, ", "))))
		}
		f.Evidence = append(f.Evidence, j.portEvidence(tested)...)
		j.add(f)
	case len(tested) == 0:
		j.open = append(j.open, unreadField(j.p.ID, "tcp/1688"))
	default:
		f := finding.Finding{Code: finding.ActivationNoRoute, Subject: j.p.ID, Severity: severity, Certainty: finding.Proven,
			Params: j.with("host", strings.Join(tested, ", ")), Evidence: j.portEvidence(tested)}
		switch routes := kmsRoutes(j.a, "ActiveStore"); {
		case j.a.Unread.Has("routes"):
			f.Evidence = append(f.Evidence, j.see("routes", "-", lang.Both("the routes could not be read", "ルートは読み取れず")))
		case len(routes) == 0:
			f.Evidence = append(f.Evidence, j.see("routes", "-", lang.Both("Windows has no route of its own to the KMS hosts", "KMS ホストへの個別ルートなし")))
		default:
			f.Evidence = append(f.Evidence, j.see("routes", routeText(routes[0]), lang.Both("the route is there: the firewall of Windows, or another filter in it, is left", "ルートは存在。残る要因は OS のファイアウォール等")))
		}
		j.add(f)
	}
}

func (j *licenseJudgement) portEvidence(tested []string) []finding.Evidence {
	var out []finding.Evidence
	for _, name := range tested {
		out = append(out, j.see("ports", name+" "+j.a.Ports[name], lang.Both("AWS's KMS does not answer", "AWS の KMS から応答なし")))
	}
	return out
}

// kmsPorts lists the KMS ports that were tried, and whether one answered.
func kmsPorts(a estate.GuestActivation) (tested []string, connects bool) {
	for _, host := range kmsHosts()[:2] {
		name := host + ":1688"
		if result, tried := a.Ports[name]; tried && result != "" {
			tested = append(tested, name)
			connects = connects || result == "ok"
		}
	}
	return tested, connects
}

// kmsRoutes lists the routes of a store to AWS's KMS hosts.
func kmsRoutes(a estate.GuestActivation, store string) []estate.GuestRoute {
	var out []estate.GuestRoute
	for _, r := range a.Routes {
		d, err := netip.ParsePrefix(r.Destination)
		if err != nil || r.Store != store || d.Bits() == 0 {
			continue
		}
		if slices.ContainsFunc(kmsHosts(), func(h string) bool { return d.Contains(netip.MustParseAddr(h)) }) {
			out = append(out, r)
		}
	}
	return out
}

// staleRoutes lists the persistent routes to AWS's KMS hosts that lead to none of
// the gateways of now (domain.md ACT-2). Without a gateway nothing can be told.
func staleRoutes(a estate.GuestActivation) (stale []estate.GuestRoute, gateways []string) {
	for _, r := range a.Routes {
		if hop, err := netip.ParseAddr(r.NextHop); err == nil && r.Destination == "0.0.0.0/0" && r.Store == "ActiveStore" && !hop.IsUnspecified() {
			gateways = append(gateways, r.NextHop)
		}
	}
	if len(gateways) == 0 {
		return nil, nil
	}
	for _, r := range kmsRoutes(a, "PersistentStore") {
		if hop, err := netip.ParseAddr(r.NextHop); err == nil && !hop.IsUnspecified() && !slices.Contains(gateways, r.NextHop) {
			stale = append(stale, r)
		}
	}
	return stale, gateways
}

func routeText(r estate.GuestRoute) string {
	return fmt.Sprintf("%s -> %s (%s)", r.Destination, r.NextHop, r.Store)
}
