package reach

import (
	"net/netip"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
)

// world is a small account: an instance in one subnet, an endpoint of ssm in
// another, a public subnet with a NAT gateway. Everything lets everything through
// until a test closes something.
type world struct {
	instance estate.SecurityGroup
	endpoint estate.SecurityGroup
	acls     []estate.NetworkACL
	tables   []estate.RouteTable
	nats     []estate.NATGateway
	gateways []estate.Gateway
	ends     []estate.Endpoint
	enis     []estate.Interface
	peerings []estate.Peering
	lists    []estate.PrefixList
	vpc      estate.VPC
	dns      estate.VPCDNS
	// denied parts are unknown, absent ones absent.
	denied []estate.Key
}

const (
	vpcID  = "vpc-1"
	ssmEnd = "com.amazonaws.ap-northeast-1.ssm"
)

func origin() fact.Origin { return fact.Origin{Source: fact.API, Call: "ec2:Describe"} }

func allowAll(egress bool) estate.SecurityGroupRule {
	return estate.SecurityGroupRule{ID: "sgr-all", Egress: egress, Protocol: "-1", FromPort: -1, ToPort: -1, CIDR4: "0.0.0.0/0"}
}

func tcpRule(id string, egress bool, from, to int, cidr string) estate.SecurityGroupRule {
	return estate.SecurityGroupRule{ID: id, Egress: egress, Protocol: "tcp", FromPort: from, ToPort: to, CIDR4: cidr}
}

func openACL(id string, subnets ...string) estate.NetworkACL {
	var entries []estate.NetworkACLEntry
	for _, egress := range []bool{false, true} {
		entries = append(entries,
			estate.NetworkACLEntry{Number: 100, Egress: egress, Allow: true, Protocol: "-1", CIDR4: "0.0.0.0/0", ToPort: 65535},
			estate.NetworkACLEntry{Number: 32767, Egress: egress, Protocol: "-1", CIDR4: "0.0.0.0/0", ToPort: 65535})
	}
	return estate.NetworkACL{ID: id, Subnets: subnets, Entries: entries}
}

func newWorld() *world {
	inside := estate.Route{CIDR4: "10.0.0.0/16", Target: local, State: "active"}
	return &world{
		instance: estate.SecurityGroup{ID: "sg-i", VPC: vpcID, Rules: []estate.SecurityGroupRule{allowAll(true), tcpRule("sgr-rdp", false, 3389, 3389, "0.0.0.0/0")}},
		endpoint: estate.SecurityGroup{ID: "sg-e", VPC: vpcID, Rules: []estate.SecurityGroupRule{tcpRule("sgr-443", false, 443, 443, "10.0.0.0/16")}},
		acls:     []estate.NetworkACL{openACL("acl-a", "subnet-a"), openACL("acl-b", "subnet-b"), openACL("acl-p", "subnet-p")},
		tables: []estate.RouteTable{
			{ID: "rtb-main", Main: true, Routes: []estate.Route{inside}},
			{ID: "rtb-p", Subnets: []string{"subnet-p"}, Routes: []estate.Route{inside, {CIDR4: "0.0.0.0/0", Target: "igw-1", State: "active"}}},
		},
		nats:     []estate.NATGateway{{ID: "nat-1", Subnet: "subnet-p", State: "available", Type: "public", PrivateIP: "10.0.0.5", PublicIP: "203.0.113.5"}},
		gateways: []estate.Gateway{{ID: "igw-1", State: "available"}},
		ends: []estate.Endpoint{{ID: "vpce-1", Service: ssmEnd, Type: "Interface", State: "available", PrivateDNS: true,
			Groups: []string{"sg-e"}, Subnets: []string{"subnet-b"}, Interfaces: []string{"eni-e"}}},
		enis: []estate.Interface{{ID: "eni-e", VPC: vpcID, Subnet: "subnet-b", PrivateIPs: []string{"10.0.2.20"}, Groups: []string{"sg-e"}}},
		vpc:  estate.VPC{ID: vpcID, OwnerID: "111111111111", CIDR: "10.0.0.0/16", CIDRs: []string{"10.0.0.0/16"}},
		dns:  estate.VPCDNS{Support: true, Hostnames: true},
	}
}

// natRoute gives the instance's subnet a default route.
func (w *world) defaultRoute(target, state string) *world {
	w.tables[0].Routes = append(w.tables[0].Routes, estate.Route{CIDR4: "0.0.0.0/0", Target: target, State: state})
	return w
}

func (w *world) side() Side {
	return Side{Label: "i-1", VPC: vpcID, Subnet: "subnet-a", IPs: []netip.Addr{netip.MustParseAddr("10.0.1.10")},
		Groups: []string{"sg-i"}, Public: fact.Absent[netip.Addr](origin()), Account: "111111111111"}
}

func (w *world) eni() Side {
	return Side{Label: "eni-e", VPC: vpcID, Subnet: "subnet-b", IPs: []netip.Addr{netip.MustParseAddr("10.0.2.20")}, Groups: []string{"sg-e"}}
}

func (w *world) parts() []estate.Part {
	o := origin()
	parts := []estate.Part{
		estate.SecurityGroupPart.Part("sg-i", fact.Known(w.instance, o)),
		estate.SecurityGroupPart.Part("sg-e", fact.Known(w.endpoint, o)),
		estate.NetworkACLsPart.Part(vpcID, fact.Known(w.acls, o)),
		estate.RouteTablesPart.Part(vpcID, fact.Known(w.tables, o)),
		estate.NATGatewaysPart.Part(vpcID, fact.Known(w.nats, o)),
		estate.InternetGatewaysPart.Part(vpcID, fact.Known(w.gateways, o)),
		estate.EndpointsPart.Part(vpcID, fact.Known(w.ends, o)),
		estate.EndpointInterfacesPart.Part(vpcID, fact.Known(w.enis, o)),
		estate.PeeringsPart.Part(vpcID, fact.Known(w.peerings, o)),
		estate.VPCPart.Part(vpcID, fact.Known(w.vpc, o)),
		estate.VPCDNSPart.Part(vpcID, fact.Known(w.dns, o)),
		estate.SubnetsPart.Part(vpcID, fact.Known([]estate.Subnet{
			{ID: "subnet-a", VPC: vpcID, OwnerID: w.vpc.OwnerID, CIDR: "10.0.1.0/24"},
			{ID: "subnet-b", VPC: vpcID, OwnerID: w.vpc.OwnerID, CIDR: "10.0.2.0/24"},
			{ID: "subnet-p", VPC: vpcID, OwnerID: w.vpc.OwnerID, CIDR: "10.0.0.0/24"},
		}, o)),
	}
	for _, l := range w.lists {
		parts = append(parts, estate.PrefixListPart.Part(l.ID, fact.Known(l, o)))
	}
	return parts
}

func (w *world) view() *estate.View {
	e := estate.New(estate.Target{InstanceID: "i-1", Region: "ap-northeast-1", Account: "111111111111"}, time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC))
	for _, p := range w.parts() {
		e.Put(p)
	}
	for _, k := range w.denied {
		kind, _ := estate.Lookup(k.Kind)
		e.Put(kind.Unknown(k.ID, fact.Why{Reason: fact.Denied, Action: kind.Actions()[0]}))
	}
	return estate.NewView(e)
}
