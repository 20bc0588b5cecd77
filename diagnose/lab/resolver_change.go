package lab

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53resolver"
	"github.com/aws/aws-sdk-go-v2/service/route53resolver/types"
)

func resolverChanges() map[string]operation {
	return map[string]operation{
		"route53resolver:CreateResolverEndpoint":     change(createResolverEndpoint),
		"route53resolver:DeleteResolverEndpoint":     change(deleteResolverEndpoint),
		"route53resolver:GetResolverEndpoint":        on(getResolverEndpoint),
		"route53resolver:CreateResolverRule":         change(createResolverRule),
		"route53resolver:UpdateResolverRule":         change(updateResolverRule),
		"route53resolver:DeleteResolverRule":         change(deleteResolverRule),
		"route53resolver:GetResolverRule":            on(getResolverRule),
		"route53resolver:AssociateResolverRule":      change(associateResolverRule),
		"route53resolver:DisassociateResolverRule":   change(disassociateResolverRule),
		"route53resolver:GetResolverRuleAssociation": on(getResolverRuleAssociation),
	}
}

// How long things of Resolver take, about ([M]).
const (
	resolverTakes    = 2 * time.Minute
	resolverLeaves   = time.Minute
	ruleTakes        = time.Minute
	maxResolverNodes = 4 // endpoints a region (quota)
)

// resolverName is what names in Resolver may hold.
func resolverName() *regexp.Regexp { return regexp.MustCompile(`^[a-zA-Z0-9\-_' ]{0,64}$`) }

func checkResolverName(name *string) error {
	if n := aws.ToString(name); !resolverName().MatchString(n) || n != "" && strings.Trim(n, "0123456789") == "" {
		return fail("InvalidParameterException", "The name %s is not valid", n)
	}
	return nil
}

// made looks up what an earlier call with the same CreatorRequestId made. Asked for
// other things with the same id, Resolver says that it exists.
func (w *World) madeBefore(r *request, creator *string) (string, error) {
	known, ok, mismatch := w.repeated(r, creator)
	switch {
	case mismatch:
		return "", fail("ResourceExistsException", "A resource with the creator request ID %s exists, with other settings", aws.ToString(creator))
	case ok:
		return known, nil
	}
	return "", nil
}

func (w *World) newResolverID(prefix string) string {
	return resolverID(prefix, w.newID("resolver"))
}

func (w *World) tagResolver(id string, tags []types.Tag) {
	for _, t := range tags {
		w.setTag(id, aws.ToString(t.Key), aws.ToString(t.Value))
	}
}

func createResolverEndpoint(w *World, r *request, in *route53resolver.CreateResolverEndpointInput) (*route53resolver.CreateResolverEndpointOutput, error) {
	known, err := w.madeBefore(r, in.CreatorRequestId)
	if err != nil {
		return nil, err
	}
	if e := w.ResolverEndpoints[known]; e != nil {
		row := w.showResolverEndpoint(e)
		return &route53resolver.CreateResolverEndpointOutput{ResolverEndpoint: &row}, nil
	}
	if err := checkResolverName(in.Name); err != nil {
		return nil, err
	}
	outbound := in.Direction == types.ResolverEndpointDirectionOutbound
	if !outbound && in.Direction != types.ResolverEndpointDirectionInbound {
		return nil, fail("InvalidParameterException", "The direction %s is not valid", in.Direction)
	}
	if n := len(in.IpAddresses); n < 2 || n > 20 {
		return nil, fail("InvalidParameterException", "A Resolver endpoint needs between 2 and 20 IP addresses, not %d", n)
	}
	if len(w.ResolverEndpoints) >= maxResolverNodes {
		return nil, fail("LimitExceededException", "The account has reached the limit of %d Resolver endpoints", maxResolverNodes)
	}
	vpc := ""
	var ips []string
	for _, a := range in.IpAddresses {
		s := w.Subnets[aws.ToString(a.SubnetId)]
		if s == nil || !w.mine(s.Owner) {
			return nil, fail("ResourceNotFoundException", "The subnet %s does not exist", aws.ToString(a.SubnetId))
		}
		if vpc != "" && vpc != s.VPC {
			return nil, fail("InvalidParameterException", "The subnets belong to different VPCs")
		}
		vpc = s.VPC
		ip := aws.ToString(a.Ip)
		if ip == "" {
			if ip, err = w.freeAddress(s.ID, ips...); err != nil {
				return nil, fail("InvalidRequestException", "The subnet %s has no free address", s.ID)
			}
		} else if p, bad := netip.ParseAddr(ip); bad != nil || !netip.MustParsePrefix(s.CIDR).Contains(p) || slices.Contains(ips, ip) {
			return nil, fail("InvalidParameterException", "The address %s is not in subnet %s, or is there twice", ip, s.ID)
		}
		ips = append(ips, ip)
	}
	for _, g := range in.SecurityGroupIds {
		if x := w.Groups[g]; x == nil || x.VPC != vpc || !w.mine(x.Owner) {
			return nil, fail("ResourceNotFoundException", "The security group %s does not exist in %s", g, vpc)
		}
	}
	prefix := map[bool]string{true: "rslvr-out", false: "rslvr-in"}[outbound]
	e := &ResolverEndpoint{ID: w.newResolverID(prefix), Name: aws.ToString(in.Name), Direction: string(in.Direction), Status: "CREATING", VPC: vpc,
		Groups: slices.Clone(in.SecurityGroupIds), IPs: int32(len(ips)), Creator: aws.ToString(in.CreatorRequestId)}
	for n, ip := range ips {
		eni := w.newID("eni")
		w.Interfaces[eni] = &Interface{ID: eni, Subnet: aws.ToString(in.IpAddresses[n].SubnetId), IP: ip, Type: "interface", Description: "Route 53 Resolver: " + e.ID,
			Requester: "AWS", Status: "in-use", Groups: slices.Clone(e.Groups)}
		e.Interfaces = append(e.Interfaces, eni)
	}
	w.ResolverEndpoints[e.ID] = e
	w.tagResolver(e.ID, in.Tags)
	w.later(resolverTakes, taskResolverReady, e.ID)
	w.remember(r, in.CreatorRequestId, e.ID)
	row := w.showResolverEndpoint(e)
	return &route53resolver.CreateResolverEndpointOutput{ResolverEndpoint: &row}, nil
}

func (w *World) resolverEndpoint(id *string) (*ResolverEndpoint, error) {
	if e := w.ResolverEndpoints[aws.ToString(id)]; e != nil {
		return e, nil
	}
	return nil, fail("ResourceNotFoundException", "[RSLVR-00601] Resolver endpoint with ID '%s' does not exist.", aws.ToString(id))
}

func getResolverEndpoint(w *World, _ *request, in *route53resolver.GetResolverEndpointInput) (*route53resolver.GetResolverEndpointOutput, error) {
	e, err := w.resolverEndpoint(in.ResolverEndpointId)
	if err != nil {
		return nil, err
	}
	row := w.showResolverEndpoint(e)
	return &route53resolver.GetResolverEndpointOutput{ResolverEndpoint: &row}, nil
}

func deleteResolverEndpoint(w *World, _ *request, in *route53resolver.DeleteResolverEndpointInput) (*route53resolver.DeleteResolverEndpointOutput, error) {
	e, err := w.resolverEndpoint(in.ResolverEndpointId)
	if err != nil {
		return nil, err
	}
	for _, rule := range sorted(w.ResolverRules) {
		if rule.Endpoint == e.ID {
			return nil, fail("InvalidRequestException", "[RSLVR-00605] Resolver endpoint '%s' is used by Resolver rule '%s'.", e.ID, rule.ID)
		}
	}
	e.Status = "DELETING"
	w.never(taskResolverReady, e.ID)
	w.later(resolverLeaves, taskResolverGone, e.ID)
	row := w.showResolverEndpoint(e)
	return &route53resolver.DeleteResolverEndpointOutput{ResolverEndpoint: &row}, nil
}

func (w *World) removeResolverEndpoint(id string) {
	e := w.ResolverEndpoints[id]
	if e == nil {
		return
	}
	for _, eni := range e.Interfaces {
		delete(w.Interfaces, eni)
	}
	delete(w.ResolverEndpoints, id)
	delete(w.Tags, id)
}

// targets reads the addresses of a rule.
func targetsOf(addresses []types.TargetAddress) ([]string, error) {
	var out []string
	for _, t := range addresses {
		ip := aws.ToString(t.Ip)
		if _, err := netip.ParseAddr(ip); err != nil {
			return nil, fail("InvalidParameterException", "The target address %s is not valid", ip)
		}
		if p := t.Port; p != nil && *p != 53 {
			return nil, fail("InvalidParameterException", "lab: a name server answers on port 53, not on %d", *p)
		}
		out = append(out, ip)
	}
	if len(out) == 0 || len(out) > 6 {
		return nil, fail("InvalidParameterException", "A rule forwards to between 1 and 6 addresses, not %d", len(out))
	}
	return out, nil
}

func createResolverRule(w *World, r *request, in *route53resolver.CreateResolverRuleInput) (*route53resolver.CreateResolverRuleOutput, error) {
	known, err := w.madeBefore(r, in.CreatorRequestId)
	if err != nil {
		return nil, err
	}
	if rule := w.ResolverRules[known]; rule != nil {
		row := w.showResolverRule(rule)
		return &route53resolver.CreateResolverRuleOutput{ResolverRule: &row}, nil
	}
	if err := checkResolverName(in.Name); err != nil {
		return nil, err
	}
	domain := strings.TrimSuffix(aws.ToString(in.DomainName), ".")
	if in.RuleType != types.RuleTypeOptionForward {
		return nil, fail("InvalidParameterException", "lab: only forwarding rules can be made here, not %s", in.RuleType)
	}
	if domain == "" || strings.ContainsAny(domain, " /") {
		return nil, fail("InvalidParameterException", "The domain name '%s' is not valid", domain)
	}
	targets, err := targetsOf(in.TargetIps)
	if err != nil {
		return nil, err
	}
	e, err := w.resolverEndpoint(in.ResolverEndpointId)
	if err != nil {
		return nil, err
	}
	switch {
	case e.Direction != "OUTBOUND":
		return nil, fail("InvalidParameterException", "[RSLVR-00407] Resolver endpoint '%s' is not an outbound endpoint.", e.ID)
	case e.Status != "OPERATIONAL":
		return nil, fail("ResourceUnavailableException", "[RSLVR-00408] Resolver endpoint '%s' is in status %s.", e.ID, e.Status)
	}
	rule := &ResolverRule{ID: w.newResolverID("rslvr-rr"), Name: aws.ToString(in.Name), Type: "FORWARD", Domain: domain + ".", Endpoint: e.ID, Targets: targets,
		Creator: aws.ToString(in.CreatorRequestId)}
	w.ResolverRules[rule.ID] = rule
	w.tagResolver(rule.ID, in.Tags)
	w.remember(r, in.CreatorRequestId, rule.ID)
	row := w.showResolverRule(rule)
	return &route53resolver.CreateResolverRuleOutput{ResolverRule: &row}, nil
}

// resolverRule finds one of this account's rules.
func (w *World) resolverRule(id *string) (*ResolverRule, error) {
	if rule := w.ResolverRules[aws.ToString(id)]; rule != nil {
		return rule, nil
	}
	return nil, fail("ResourceNotFoundException", "[RSLVR-00703] Resolver rule with ID '%s' does not exist.", aws.ToString(id))
}

func getResolverRule(w *World, _ *request, in *route53resolver.GetResolverRuleInput) (*route53resolver.GetResolverRuleOutput, error) {
	rule, err := w.resolverRule(in.ResolverRuleId)
	if err != nil {
		return nil, err
	}
	row := w.showResolverRule(rule)
	return &route53resolver.GetResolverRuleOutput{ResolverRule: &row}, nil
}

// updateResolverRule changes what is given of a rule: its name, its targets, its endpoint.
func updateResolverRule(w *World, _ *request, in *route53resolver.UpdateResolverRuleInput) (*route53resolver.UpdateResolverRuleOutput, error) {
	rule, err := w.resolverRule(in.ResolverRuleId)
	if err != nil {
		return nil, err
	}
	targets, endpoint := rule.Targets, rule.Endpoint
	if !w.mine(rule.Owner) {
		return nil, fail("AccessDeniedException", "The rule %s is owned by another account", rule.ID)
	}
	if err := checkResolverName(in.Config.Name); err != nil {
		return nil, err
	}
	if len(in.Config.TargetIps) > 0 {
		if targets, err = targetsOf(in.Config.TargetIps); err != nil {
			return nil, err
		}
	}
	if in.Config.ResolverEndpointId != nil {
		e, err := w.resolverEndpoint(in.Config.ResolverEndpointId)
		if err != nil {
			return nil, err
		}
		endpoint = e.ID
	}
	rule.Targets, rule.Endpoint = targets, endpoint
	if in.Config.Name != nil {
		rule.Name = *in.Config.Name
	}
	row := w.showResolverRule(rule)
	return &route53resolver.UpdateResolverRuleOutput{ResolverRule: &row}, nil
}

func deleteResolverRule(w *World, _ *request, in *route53resolver.DeleteResolverRuleInput) (*route53resolver.DeleteResolverRuleOutput, error) {
	rule, err := w.resolverRule(in.ResolverRuleId)
	if err != nil {
		return nil, err
	}
	for _, a := range sorted(w.ResolverAssociations) {
		if a.Rule == rule.ID {
			return nil, fail("ResourceInUseException", "[RSLVR-00705] Resolver rule '%s' is associated with VPC '%s'.", rule.ID, a.VPC)
		}
	}
	delete(w.ResolverRules, rule.ID)
	delete(w.Tags, rule.ID)
	row := w.showResolverRule(rule)
	row.Status = types.ResolverRuleStatusDeleting
	return &route53resolver.DeleteResolverRuleOutput{ResolverRule: &row}, nil
}

func showResolverAssociation(a *ResolverAssociation) types.ResolverRuleAssociation {
	return types.ResolverRuleAssociation{Id: aws.String(a.ID), Name: aws.String(a.Name), ResolverRuleId: aws.String(a.Rule), VPCId: aws.String(a.VPC),
		Status: types.ResolverRuleAssociationStatus(a.Status)}
}

func associateResolverRule(w *World, _ *request, in *route53resolver.AssociateResolverRuleInput) (*route53resolver.AssociateResolverRuleOutput, error) {
	rule, err := w.resolverRule(in.ResolverRuleId)
	if err != nil {
		return nil, err
	}
	if err := checkResolverName(in.Name); err != nil {
		return nil, err
	}
	v := w.VPCs[aws.ToString(in.VPCId)]
	if v == nil || !w.mine(v.Owner) {
		return nil, fail("ResourceNotFoundException", "[RSLVR-00802] VPC with ID '%s' does not exist.", aws.ToString(in.VPCId))
	}
	for _, a := range sorted(w.ResolverAssociations) {
		if other := w.ResolverRules[a.Rule]; a.VPC == v.ID && other != nil && other.Domain == rule.Domain {
			return nil, fail("ResourceExistsException", "[RSLVR-00803] A rule for the domain '%s' is associated with VPC '%s' already.", rule.Domain, v.ID)
		}
	}
	a := &ResolverAssociation{ID: w.newResolverID("rslvr-rrassoc"), Name: aws.ToString(in.Name), Rule: rule.ID, VPC: v.ID, Status: "CREATING"}
	w.ResolverAssociations[a.ID] = a
	w.later(ruleTakes, taskForwardReady, a.ID)
	row := showResolverAssociation(a)
	return &route53resolver.AssociateResolverRuleOutput{ResolverRuleAssociation: &row}, nil
}

func disassociateResolverRule(w *World, _ *request, in *route53resolver.DisassociateResolverRuleInput) (*route53resolver.DisassociateResolverRuleOutput, error) {
	for _, a := range sorted(w.ResolverAssociations) {
		if a.Rule == aws.ToString(in.ResolverRuleId) && a.VPC == aws.ToString(in.VPCId) && a.Status != "DELETING" {
			a.Status = "DELETING"
			w.never(taskForwardReady, a.ID)
			w.later(ruleTakes, taskForwardGone, a.ID)
			row := showResolverAssociation(a)
			return &route53resolver.DisassociateResolverRuleOutput{ResolverRuleAssociation: &row}, nil
		}
	}
	return nil, fail("ResourceNotFoundException", "[RSLVR-00804] Resolver rule '%s' is not associated with VPC '%s'.", aws.ToString(in.ResolverRuleId), aws.ToString(in.VPCId))
}

func getResolverRuleAssociation(w *World, _ *request, in *route53resolver.GetResolverRuleAssociationInput) (*route53resolver.GetResolverRuleAssociationOutput, error) {
	a := w.ResolverAssociations[aws.ToString(in.ResolverRuleAssociationId)]
	if a == nil {
		return nil, fail("ResourceNotFoundException", "[RSLVR-00805] Resolver rule association with ID '%s' does not exist.", aws.ToString(in.ResolverRuleAssociationId))
	}
	row := showResolverAssociation(a)
	return &route53resolver.GetResolverRuleAssociationOutput{ResolverRuleAssociation: &row}, nil
}
