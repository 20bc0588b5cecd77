package lab

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

func vpcChanges() map[string]operation {
	return map[string]operation{
		"ec2:ModifyVpcAttribute":   change(modifyVpc),
		"ec2:CreateDhcpOptions":    change(createOptions),
		"ec2:AssociateDhcpOptions": change(associateOptions),
		"ec2:DeleteDhcpOptions":    change(deleteOptions),
		"ec2:CreateRoute":          change(createRoute),
		"ec2:DeleteRoute":          change(deleteRoute),
	}
}

func aclChanges() map[string]operation {
	return map[string]operation{
		"ec2:CreateNetworkAclEntry":  change(createEntry),
		"ec2:ReplaceNetworkAclEntry": change(replaceEntry),
		"ec2:DeleteNetworkAclEntry":  change(deleteEntry),
	}
}

// leaseHalf is when DHCP renews a lease of EC2: at half of its 60 minutes
// (https://docs.aws.amazon.com/vpc/latest/userguide/DHCPOptionSet.html).
const leaseHalf = 30 * time.Minute

// ownedVPC finds one of this account's VPCs.
func (w *World) ownedVPC(id *string) (*VPC, error) {
	if v := w.VPCs[aws.ToString(id)]; v != nil && w.mine(v.Owner) {
		return v, nil
	}
	return nil, fail("InvalidVpcID.NotFound", "The vpc ID '%s' does not exist", aws.ToString(id))
}

func modifyVpc(w *World, _ *request, in *ec2.ModifyVpcAttributeInput) (*ec2.ModifyVpcAttributeOutput, error) {
	v, err := w.ownedVPC(in.VpcId)
	if err != nil {
		return nil, err
	}
	support, names := in.EnableDnsSupport, in.EnableDnsHostnames
	switch {
	case support != nil && names != nil:
		return nil, fail("InvalidParameterCombination", "Fields for multiple attribute types specified: enableDnsSupport, enableDnsHostnames")
	case support != nil:
		v.DNSSupport = aws.ToBool(support.Value)
	case names != nil && aws.ToBool(names.Value) && !v.DNSSupport:
		return nil, fail("InvalidParameterValue", "The attribute enableDnsHostnames can only be enabled if enableDnsSupport is: %s", v.ID)
	case names != nil:
		v.DNSHostnames = aws.ToBool(names.Value)
	default:
		return nil, fail("InvalidParameterCombination", "No attributes specified.")
	}
	return &ec2.ModifyVpcAttributeOutput{}, nil
}

func createOptions(w *World, _ *request, in *ec2.CreateDhcpOptionsInput) (*ec2.CreateDhcpOptionsOutput, error) {
	o := &DHCPOptions{}
	for _, c := range in.DhcpConfigurations {
		key, values := aws.ToString(c.Key), slices.Clone(c.Values)
		if len(values) == 0 {
			return nil, fail("InvalidParameterValue", "The DHCP option %s has no values", key)
		}
		switch key {
		case "domain-name-servers":
			if len(values) > 4 {
				return nil, fail("InvalidParameterValue", "Value (%s) for parameter value is invalid. At most four domain name servers are allowed.", strings.Join(values, ", "))
			}
			for _, s := range values {
				if _, err := netip.ParseAddr(s); err != nil && s != "AmazonProvidedDNS" {
					return nil, fail("InvalidParameterValue", "Value (%s) for parameter value is invalid. Invalid IPv4 address.", s)
				}
			}
			o.DNS = values
		case "domain-name":
			o.Domain = values
		case "ntp-servers", "netbios-name-servers", "netbios-node-type", "ipv6-address-preferred-lease-time":
			if o.More == nil {
				o.More = map[string][]string{}
			}
			o.More[key] = values
		default:
			return nil, fail("InvalidParameterValue", "Value (%s) for parameter key is invalid. Unknown DHCP option", key)
		}
	}
	if len(in.DhcpConfigurations) == 0 {
		return nil, fail("MissingParameter", "The request must contain the parameter dhcpConfigurations")
	}
	tags, err := specified(in.TagSpecifications, types.ResourceTypeDhcpOptions)
	if err != nil {
		return nil, err
	}
	o.ID = w.newID("dopt")
	w.DHCPOptions[o.ID] = o
	w.tag(o.ID, tags[types.ResourceTypeDhcpOptions])
	row := w.showOptions(o)
	return &ec2.CreateDhcpOptionsOutput{DhcpOptions: &row}, nil
}

// associateOptions gives a VPC another option set; "default" gives it none (domain.md
// §6.1). Windows hears of it when its lease is renewed.
func associateOptions(w *World, _ *request, in *ec2.AssociateDhcpOptionsInput) (*ec2.AssociateDhcpOptionsOutput, error) {
	v, err := w.ownedVPC(in.VpcId)
	if err != nil {
		return nil, err
	}
	set := aws.ToString(in.DhcpOptionsId)
	if o := w.DHCPOptions[set]; set != "default" && (o == nil || !w.mine(o.Owner)) {
		return nil, fail("InvalidDhcpOptionID.NotFound", "The dhcpOption ID '%s' does not exist", set)
	}
	v.DHCP = set
	for _, i := range sorted(w.Instances) {
		if i.Windows == nil || !i.Terminated.IsZero() || w.subnet(i.Subnet).VPC != v.ID {
			continue
		}
		age := w.Now.Sub(i.Windows.Lease.Since)
		w.later(leaseHalf-age%leaseHalf, taskLeaseRenewed, i.ID)
	}
	return &ec2.AssociateDhcpOptionsOutput{}, nil
}

func deleteOptions(w *World, _ *request, in *ec2.DeleteDhcpOptionsInput) (*ec2.DeleteDhcpOptionsOutput, error) {
	set := aws.ToString(in.DhcpOptionsId)
	if o := w.DHCPOptions[set]; o == nil || !w.mine(o.Owner) {
		return nil, fail("InvalidDhcpOptionID.NotFound", "The dhcpOption ID '%s' does not exist", set)
	}
	for _, v := range w.VPCs {
		if v.DHCP == set {
			return nil, fail("DependencyViolation", "The dhcpOptions '%s' has dependencies and cannot be deleted.", set)
		}
	}
	delete(w.DHCPOptions, set)
	delete(w.Tags, set)
	return &ec2.DeleteDhcpOptionsOutput{}, nil
}

// routeTable finds one of this account's route tables.
func (w *World) routeTable(id *string) (*RouteTable, error) {
	if t := w.RouteTables[aws.ToString(id)]; t != nil && w.ownVPC(t.VPC) {
		return t, nil
	}
	return nil, fail("InvalidRouteTableID.NotFound", "The routeTable ID '%s' does not exist", aws.ToString(id))
}

func createRoute(w *World, _ *request, in *ec2.CreateRouteInput) (*ec2.CreateRouteOutput, error) {
	t, err := w.routeTable(in.RouteTableId)
	if err != nil {
		return nil, err
	}
	to, err := canonical(aws.ToString(in.DestinationCidrBlock), true)
	if err != nil {
		return nil, err
	}
	var target string
	for _, id := range []*string{in.GatewayId, in.NatGatewayId, in.TransitGatewayId, in.VpcPeeringConnectionId} {
		if id == nil {
			continue
		}
		if target != "" {
			return nil, fail("InvalidParameterCombination", "Only one target of a route can be given")
		}
		target = *id
	}
	there := w.InternetGateways[target] != nil || w.NATGateways[target] != nil || w.Peerings[target] != nil || strings.HasPrefix(target, "tgw-")
	switch {
	case target == "":
		return nil, fail("MissingParameter", "The request must contain a target of the route")
	case !there:
		return nil, fail("InvalidGatewayID.NotFound", "The gateway ID '%s' does not exist", target)
	case slices.ContainsFunc(t.Routes, func(r Route) bool { return r.To == to }):
		return nil, fail("RouteAlreadyExists", "The route identified by %s already exists.", to)
	}
	t.Routes = append(t.Routes, Route{To: to, Target: target})
	return &ec2.CreateRouteOutput{Return: aws.Bool(true)}, nil
}

func deleteRoute(w *World, _ *request, in *ec2.DeleteRouteInput) (*ec2.DeleteRouteOutput, error) {
	t, err := w.routeTable(in.RouteTableId)
	if err != nil {
		return nil, err
	}
	to := aws.ToString(in.DestinationCidrBlock)
	n := slices.IndexFunc(t.Routes, func(r Route) bool { return r.To == to })
	if n < 0 {
		return nil, fail("InvalidRoute.NotFound", "no route with destination-cidr-block %s in route table %s", to, t.ID)
	}
	t.Routes = slices.Delete(t.Routes, n, n+1)
	return &ec2.DeleteRouteOutput{}, nil
}

// Numbers that a person may give to an entry, and how many there may be in one
// direction (https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html).
const (
	lastEntry  = 32766
	maxEntries = 20
)

// entry is what a call says of one entry of a network ACL.
type entry struct {
	acl                  *string
	number               *int32
	egress               *bool
	protocol, block, six *string
	action               types.RuleAction
	ports                *types.PortRange
}

func (w *World) entryOf(e entry) (*ACL, ACLEntry, error) {
	a, err := w.acl(e.acl)
	if err != nil {
		return nil, ACLEntry{}, err
	}
	out := ACLEntry{Number: aws.ToInt32(e.number), Egress: aws.ToBool(e.egress), Allow: e.action == types.RuleActionAllow, Protocol: strings.ToLower(aws.ToString(e.protocol))}
	if number := map[string]string{"tcp": "6", "udp": "17", "icmp": "1", "all": "-1"}[out.Protocol]; number != "" {
		out.Protocol = number
	}
	n, bad := strconv.Atoi(out.Protocol)
	block, four := e.block, true
	if e.six != nil {
		block, four = e.six, false
	}
	switch {
	case out.Number < 1 || out.Number > lastEntry:
		return nil, out, fail("InvalidParameterValue", "The rule number %d is not between 1 and %d", out.Number, lastEntry)
	case bad != nil || n < -1 || n > 255:
		return nil, out, fail("InvalidParameterValue", "Invalid value '%s' for protocol.", aws.ToString(e.protocol))
	case e.action != types.RuleActionAllow && e.action != types.RuleActionDeny:
		return nil, out, fail("InvalidParameterValue", "Invalid value '%s' for ruleAction.", e.action)
	case e.block != nil && e.six != nil || block == nil:
		return nil, out, fail("InvalidParameterCombination", "Exactly one of cidrBlock and ipv6CidrBlock has to be given")
	case (out.Protocol == "6" || out.Protocol == "17") && e.ports == nil:
		return nil, out, fail("MissingParameter", "The request must contain the parameter portRange for TCP and UDP")
	}
	if out.CIDR, err = canonical(*block, four); err != nil {
		return nil, out, err
	}
	if e.ports != nil && (out.Protocol == "6" || out.Protocol == "17") {
		out.From, out.To = aws.ToInt32(e.ports.From), aws.ToInt32(e.ports.To)
		if out.From < 0 || out.To > 65535 || out.From > out.To {
			return nil, out, fail("InvalidParameterValue", "Invalid port range (%d:%d)", out.From, out.To)
		}
	}
	return a, out, nil
}

func (w *World) acl(id *string) (*ACL, error) {
	if a := w.ACLs[aws.ToString(id)]; a != nil && w.ownVPC(a.VPC) {
		return a, nil
	}
	return nil, fail("InvalidNetworkAclID.NotFound", "The networkAcl ID '%s' does not exist", aws.ToString(id))
}

// at is where an entry stands, -1 for nowhere.
func (a *ACL) at(number int32, egress bool) int {
	return slices.IndexFunc(a.Entries, func(e ACLEntry) bool { return e.Number == number && e.Egress == egress })
}

func createEntry(w *World, _ *request, in *ec2.CreateNetworkAclEntryInput) (*ec2.CreateNetworkAclEntryOutput, error) {
	a, e, err := w.entryOf(entry{in.NetworkAclId, in.RuleNumber, in.Egress, in.Protocol, in.CidrBlock, in.Ipv6CidrBlock, in.RuleAction, in.PortRange})
	if err != nil {
		return nil, err
	}
	if a.at(e.Number, e.Egress) >= 0 {
		return nil, fail("NetworkAclEntryAlreadyExists", "The network acl entry identified by %d already exists.", e.Number)
	}
	have := 0
	for _, x := range a.Entries {
		if x.Egress == e.Egress {
			have++
		}
	}
	if have >= maxEntries {
		return nil, fail("NetworkAclEntryLimitExceeded", "The maximum number of network ACL entries has been reached.")
	}
	a.Entries = append(a.Entries, e)
	return &ec2.CreateNetworkAclEntryOutput{}, nil
}

func replaceEntry(w *World, _ *request, in *ec2.ReplaceNetworkAclEntryInput) (*ec2.ReplaceNetworkAclEntryOutput, error) {
	a, e, err := w.entryOf(entry{in.NetworkAclId, in.RuleNumber, in.Egress, in.Protocol, in.CidrBlock, in.Ipv6CidrBlock, in.RuleAction, in.PortRange})
	if err != nil {
		return nil, err
	}
	n := a.at(e.Number, e.Egress)
	if n < 0 {
		return nil, noEntry(e.Number)
	}
	a.Entries[n] = e
	return &ec2.ReplaceNetworkAclEntryOutput{}, nil
}

func deleteEntry(w *World, _ *request, in *ec2.DeleteNetworkAclEntryInput) (*ec2.DeleteNetworkAclEntryOutput, error) {
	a, err := w.acl(in.NetworkAclId)
	if err != nil {
		return nil, err
	}
	n := a.at(aws.ToInt32(in.RuleNumber), aws.ToBool(in.Egress))
	if n < 0 {
		return nil, noEntry(aws.ToInt32(in.RuleNumber))
	}
	a.Entries = slices.Delete(a.Entries, n, n+1)
	return &ec2.DeleteNetworkAclEntryOutput{}, nil
}

func noEntry(number int32) error {
	return fail("InvalidNetworkAclEntry.NotFound", "The network acl entry identified by %d does not exist.", number)
}
