package probe

import (
	"slices"
	"strings"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/lang"
)

// noteZones adds to a verdict that finds the endpoints in order which of them have
// no interface in the instance's Availability Zone. They work, through the VPC's
// local route; the traffic crosses zones, and an outage of the other zone takes the
// way along (domain.md NET-9). That is worth knowing and the cause of nothing, so it
// is no finding.
func noteZones(v *estate.View, verdict Verdict) Verdict {
	p, whys := thePatient(v)
	if verdict.Outcome != OK || len(whys) > 0 || p.AZ == "" || p.VPC == "" {
		return verdict
	}
	var needed []estate.Endpoint
	for _, e := range estate.EndpointsPart.Of(v, p.VPC).Value() {
		short := e.Service[strings.LastIndexByte(e.Service, '.')+1:]
		if strings.EqualFold(e.Type, "Interface") && (short == scopeSSM || short == scopeMessages) {
			needed = append(needed, e)
		}
	}
	if len(needed) == 0 {
		return verdict
	}
	interfaces := estate.EndpointInterfacesPart.Of(v, p.VPC)
	if !interfaces.IsKnown() {
		return verdict
	}
	var elsewhere []string
	for _, e := range needed {
		var zones []string
		for _, i := range interfaces.Value() {
			if slices.Contains(e.Interfaces, i.ID) && i.AZ != "" {
				zones = append(zones, i.AZ)
			}
		}
		if len(zones) == 0 || slices.Contains(zones, p.AZ) {
			continue
		}
		elsewhere = append(elsewhere, e.ID)
		verdict.Evidence = append(slices.Clip(verdict.Evidence), see(estate.EndpointInterfacesPart.Key(p.VPC), e.ID, strings.Join(zones, ", "),
			lang.Both("no interface in the instance's zone %s: reached across zones", "インスタンスの AZ（%s）に ENI なし、AZ をまたぐ通信").With(p.AZ), interfaces.Origin()))
	}
	if len(elsewhere) > 0 {
		verdict.Say = lang.Both("%s; across zones: %s", "%s、AZ をまたぐ通信: %s").With(verdict.Say, strings.Join(elsewhere, ", "))
	}
	return verdict
}
