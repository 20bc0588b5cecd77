package lab

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/directoryservice"
	dstypes "github.com/aws/aws-sdk-go-v2/service/directoryservice/types"
	"github.com/aws/aws-sdk-go-v2/service/route53resolver"
	"github.com/aws/aws-sdk-go-v2/service/route53resolver/types"
)

func resolverOperations() map[string]operation {
	return map[string]operation{
		"route53resolver:ListResolverRules":            on(listResolverRules),
		"route53resolver:ListResolverRuleAssociations": on(listResolverRuleAssociations),
		"route53resolver:ListResolverEndpoints":        on(listResolverEndpoints),
	}
}

var resolverPaging = paging{min: 1, max: 100, normal: 100, badToken: "InvalidNextTokenException", badSize: "InvalidParameterException"}

// The rule that every VPC has from birth: everything else is the internet's.
const (
	internetRule      = "rslvr-autodefined-rr-internet-resolver"
	internetRuleOwner = "Route 53 Resolver"
)

// resolverFilter is EC2's filter for Resolver, whose names have no case rule of
// their own: VPCId and VPC_ID are the same.
func resolverFilter[T any](items []T, filters []types.Filter, by map[string]func(T) string) ([]T, error) {
	for _, f := range filters {
		get := by[strings.ToLower(strings.ReplaceAll(aws.ToString(f.Name), "_", ""))]
		if get == nil {
			return nil, fail("InvalidParameterException", "The filter %s is not valid", aws.ToString(f.Name))
		}
		var kept []T
		for _, item := range items {
			if slices.Contains(f.Values, get(item)) {
				kept = append(kept, item)
			}
		}
		items = kept
	}
	return items, nil
}

func listResolverRules(w *World, r *request, in *route53resolver.ListResolverRulesInput) (*route53resolver.ListResolverRulesOutput, error) {
	all := pick(w.ResolverRules, func(*ResolverRule) bool { return true }, w.showResolverRule)
	all = append(all, types.ResolverRule{
		Id: aws.String(internetRule), Name: aws.String("Internet Resolver"), RuleType: types.RuleTypeOptionRecursive, DomainName: aws.String("."),
		Status: types.ResolverRuleStatusComplete, OwnerId: aws.String(internetRuleOwner), ShareStatus: types.ShareStatusNotShared,
		Arn: aws.String("arn:aws:route53resolver:" + w.Region + "::autodefined-rule/" + internetRule),
	})
	all, err := resolverFilter(all, in.Filters, map[string]func(types.ResolverRule) string{
		"domainname": func(x types.ResolverRule) string { return aws.ToString(x.DomainName) },
		"name":       func(x types.ResolverRule) string { return aws.ToString(x.Name) },
		"type":       func(x types.ResolverRule) string { return string(x.RuleType) },
	})
	if err != nil {
		return nil, err
	}
	rows, next, err := page(r, resolverPaging, all, in.NextToken, in.MaxResults)
	return &route53resolver.ListResolverRulesOutput{ResolverRules: rows, NextToken: next}, err
}

func listResolverRuleAssociations(w *World, r *request, in *route53resolver.ListResolverRuleAssociationsInput) (*route53resolver.ListResolverRuleAssociationsOutput, error) {
	all := pick(w.ResolverAssociations, func(*ResolverAssociation) bool { return true }, showResolverAssociation)
	for _, v := range sorted(w.VPCs) {
		if w.mine(v.Owner) {
			all = append(all, types.ResolverRuleAssociation{Id: aws.String("rslvr-autodefined-assoc-" + v.ID + "-internet-resolver"),
				Name: aws.String("System Rule Association"), ResolverRuleId: aws.String(internetRule), VPCId: aws.String(v.ID),
				Status: types.ResolverRuleAssociationStatusComplete})
		}
	}
	all, err := resolverFilter(all, in.Filters, map[string]func(types.ResolverRuleAssociation) string{
		"vpcid":          func(x types.ResolverRuleAssociation) string { return aws.ToString(x.VPCId) },
		"resolverruleid": func(x types.ResolverRuleAssociation) string { return aws.ToString(x.ResolverRuleId) },
		"status":         func(x types.ResolverRuleAssociation) string { return string(x.Status) },
	})
	if err != nil {
		return nil, err
	}
	rows, next, err := page(r, resolverPaging, all, in.NextToken, in.MaxResults)
	return &route53resolver.ListResolverRuleAssociationsOutput{ResolverRuleAssociations: rows, NextToken: next}, err
}

func listResolverEndpoints(w *World, r *request, in *route53resolver.ListResolverEndpointsInput) (*route53resolver.ListResolverEndpointsOutput, error) {
	all := pick(w.ResolverEndpoints, func(*ResolverEndpoint) bool { return true }, w.showResolverEndpoint)
	all, err := resolverFilter(all, in.Filters, map[string]func(types.ResolverEndpoint) string{
		"direction": func(x types.ResolverEndpoint) string { return string(x.Direction) },
		"hostvpcid": func(x types.ResolverEndpoint) string { return aws.ToString(x.HostVPCId) },
		"status":    func(x types.ResolverEndpoint) string { return string(x.Status) },
	})
	if err != nil {
		return nil, err
	}
	rows, next, err := page(r, resolverPaging, all, in.NextToken, in.MaxResults)
	return &route53resolver.ListResolverEndpointsOutput{ResolverEndpoints: rows, NextToken: next}, err
}

func (w *World) showResolverRule(rule *ResolverRule) types.ResolverRule {
	row := types.ResolverRule{
		Id: aws.String(rule.ID), Name: aws.String(rule.Name), RuleType: types.RuleTypeOption(rule.Type), DomainName: aws.String(rule.Domain),
		Status: types.ResolverRuleStatusComplete, OwnerId: aws.String(w.owner(rule.Owner)), ShareStatus: types.ShareStatusNotShared,
		Arn: aws.String(w.arn("route53resolver", "resolver-rule/"+rule.ID)),
	}
	if rule.Status != "" {
		row.Status = types.ResolverRuleStatus(rule.Status)
	}
	if rule.Creator != "" {
		row.CreatorRequestId = aws.String(rule.Creator)
	}
	if rule.Endpoint != "" {
		row.ResolverEndpointId = aws.String(rule.Endpoint)
	}
	for _, ip := range rule.Targets {
		row.TargetIps = append(row.TargetIps, types.TargetAddress{Ip: aws.String(ip), Port: aws.Int32(53)})
	}
	return row
}

func (w *World) showResolverEndpoint(e *ResolverEndpoint) types.ResolverEndpoint {
	row := types.ResolverEndpoint{
		Id: aws.String(e.ID), Name: aws.String(e.Name), Direction: types.ResolverEndpointDirection(e.Direction), Status: types.ResolverEndpointStatus(e.Status),
		HostVPCId: aws.String(e.VPC), SecurityGroupIds: append([]string(nil), e.Groups...), IpAddressCount: aws.Int32(e.IPs),
		Arn: aws.String(w.arn("route53resolver", "resolver-endpoint/"+e.ID)),
	}
	if e.Creator != "" {
		row.CreatorRequestId = aws.String(e.Creator)
	}
	return row
}

func directoryOperations() map[string]operation {
	return map[string]operation{
		"ds:DescribeDirectories":       on(describeDirectories),
		"ds:DescribeDomainControllers": on(describeDomainControllers),
	}
}

var directoryPaging = paging{min: 0, max: 1000, normal: 100, badToken: "InvalidNextTokenException", badSize: "InvalidParameterException"}

func describeDirectories(w *World, r *request, in *directoryservice.DescribeDirectoriesInput) (*directoryservice.DescribeDirectoriesOutput, error) {
	all := pick(w.Directories, func(*Directory) bool { return true }, func(d *Directory) dstypes.DirectoryDescription {
		return dstypes.DirectoryDescription{
			DirectoryId: aws.String(d.ID), Name: aws.String(d.Name), ShortName: aws.String(d.Short), Type: dstypes.DirectoryType(d.Type),
			Stage: dstypes.DirectoryStage(d.Stage), Alias: aws.String(d.ID), AccessUrl: aws.String(d.ID + ".awsapps.com"), Edition: dstypes.DirectoryEditionStandard,
			DnsIpAddrs: append([]string(nil), d.DNS...), DesiredNumberOfDomainControllers: aws.Int32(int32(len(d.Controllers))),
			LaunchTime: aws.Time(d.Launched), StageLastUpdatedDateTime: aws.Time(d.Launched),
			VpcSettings: &dstypes.DirectoryVpcSettingsDescription{VpcId: aws.String(d.VPC), SubnetIds: append([]string(nil), d.Subnets...),
				SecurityGroupId: aws.String(d.Group), AvailabilityZones: w.zones(d.Subnets)},
		}
	})
	all, err := byID(all, in.DirectoryIds, func(d dstypes.DirectoryDescription) *string { return d.DirectoryId },
		"EntityDoesNotExistException", "Directory %s does not exist")
	if err != nil {
		return nil, err
	}
	rows, next, err := page(r, directoryPaging, all, in.NextToken, in.Limit)
	return &directoryservice.DescribeDirectoriesOutput{DirectoryDescriptions: rows, NextToken: next}, err
}

func (w *World) zones(subnets []string) []string {
	var out []string
	for _, s := range subnets {
		out = append(out, w.subnet(s).AZ)
	}
	return out
}

func describeDomainControllers(w *World, r *request, in *directoryservice.DescribeDomainControllersInput) (*directoryservice.DescribeDomainControllersOutput, error) {
	d := w.Directories[aws.ToString(in.DirectoryId)]
	if d == nil {
		return nil, fail("EntityDoesNotExistException", "Directory %s does not exist", aws.ToString(in.DirectoryId))
	}
	if d.Type != "MicrosoftAD" {
		return nil, fail("UnsupportedOperationException", "This operation is only supported for Microsoft AD directories")
	}
	var all []dstypes.DomainController
	for _, c := range d.Controllers {
		all = append(all, dstypes.DomainController{
			DomainControllerId: aws.String(c.ID), DirectoryId: aws.String(d.ID), DnsIpAddr: aws.String(c.IP), Status: dstypes.DomainControllerStatus(c.Status),
			SubnetId: aws.String(c.Subnet), VpcId: aws.String(d.VPC), AvailabilityZone: aws.String(w.subnet(c.Subnet).AZ), LaunchTime: aws.Time(d.Launched),
		})
	}
	rows, next, err := page(r, directoryPaging, all, in.NextToken, in.Limit)
	return &directoryservice.DescribeDomainControllersOutput{DomainControllers: rows, NextToken: next}, err
}
