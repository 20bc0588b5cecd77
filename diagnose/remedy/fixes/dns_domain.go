package fixes

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/remedy"
)

// domain is an AD domain with who answers for it.
type domain struct {
	fqdn string
	row  estate.Directory
	// servers are the directory's DNS addresses, in order.
	servers []netip.Addr
}

// hostName is what may become a parameter of a call: a DNS name of two labels or more.
var hostName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$`)

// domainOf finds the AD domain that a finding is about, in Directory Service: by the
// directory that the finding names, by the domain's name, or by the servers that DHCP
// hands out. found is false, and nothing is refused, where there is none; ok is false
// where the list could not be read.
func domainOf(b *remedy.Builder) (d domain, found, ok bool) {
	part := estate.DirectoriesPart.Of(b.View(), "")
	if part.IsUnknown() {
		b.Unread(estate.DirectoriesPart.Key(""), part.Why())
		return domain{}, false, false
	}
	p := b.Finding().Params
	name := strings.ToLower(strings.TrimSuffix(p["domain"], "."))
	handed := words(p["servers"])
	is := []func(estate.Directory) bool{
		func(r estate.Directory) bool { return r.ID == p["directory"] },
		func(r estate.Directory) bool {
			return name != "" && strings.EqualFold(strings.TrimSuffix(r.Name, "."), name)
		},
		func(r estate.Directory) bool {
			return slices.ContainsFunc(r.DNS, func(s string) bool { return slices.Contains(handed, s) })
		},
	}
	for _, fits := range is {
		if i := slices.IndexFunc(part.Value(), fits); i >= 0 {
			d.row = part.Value()[i]
			break
		}
	}
	if d.row.ID == "" {
		return domain{}, false, true
	}
	d.fqdn = strings.ToLower(strings.TrimSuffix(d.row.Name, "."))
	for _, s := range d.row.DNS {
		if a, err := netip.ParseAddr(s); err == nil && a.Is4() && !slices.Contains(d.servers, a) {
			d.servers = append(d.servers, a)
		}
	}
	slices.SortFunc(d.servers, netip.Addr.Compare)
	return d, hostName.MatchString(d.fqdn) && len(d.servers) > 0, true
}

// words splits a list as findings write them.
func words(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' })
}

// needDomain is domainOf for a fix that is nothing without it.
func needDomain(b *remedy.Builder) (domain, bool) {
	d, found, ok := domainOf(b)
	if ok && !found {
		b.Refuse("Directory Service of this account lists no directory for %s, so its DNS servers are not known", "このアカウントの Directory Service に %s のディレクトリがなく、DNS サーバーが不明", orDash(b.Finding().Params["domain"]))
	}
	return d, ok && found
}

func texts(as []netip.Addr) []string {
	out := make([]string, len(as))
	for i, a := range as {
		out[i] = a.String()
	}
	return out
}

// governs finds the forwarding rule that answers for a name in a VPC, associated and
// in force.
func governs(name, vpc string, associations []estate.ResolverAssociation, rules []estate.ResolverRule) (estate.ResolverRule, bool) {
	var best estate.ResolverRule
	found := false
	for _, a := range associations {
		if a.VPC != vpc || !strings.EqualFold(a.Status, "COMPLETE") {
			continue
		}
		for _, r := range rules {
			of := strings.ToLower(strings.TrimSuffix(r.Domain, "."))
			if r.ID == a.Rule && of != "" && (name == of || strings.HasSuffix(name, "."+of)) && (!found || len(r.Domain) > len(best.Domain)) {
				best, found = r, true
			}
		}
	}
	return best, found && strings.EqualFold(best.Type, "FORWARD")
}

// resolverParts reads what is known of Route 53 Resolver.
func resolverParts(b *remedy.Builder, vpc string) (associations []estate.ResolverAssociation, rules []estate.ResolverRule, endpoints []estate.ResolverEndpoint, ok bool) {
	a := estate.ResolverAssociationsPart.Of(b.View(), vpc)
	r := estate.ResolverRulesPart.Of(b.View(), "")
	e := estate.ResolverEndpointsPart.Of(b.View(), "")
	switch {
	case a.IsUnknown():
		b.Unread(estate.ResolverAssociationsPart.Key(vpc), a.Why())
	case r.IsUnknown():
		b.Unread(estate.ResolverRulesPart.Key(""), r.Why())
	case e.IsUnknown():
		b.Unread(estate.ResolverEndpointsPart.Key(""), e.Why())
	}
	ok = !a.IsUnknown() && !r.IsUnknown() && !e.IsUnknown()
	return a.Value(), r.Value(), e.Value(), ok
}
