package probe

import (
	"slices"
	"testing"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
)

// netWorld is a VPC with an instance in one subnet, interface endpoints of ssm and
// ssmmessages in another, and a public subnet with a NAT gateway that no route
// leads to yet. The instance has never registered.
type netWorld struct {
	instance   estate.Instance
	gone       bool // the instance's row
	groups     map[string][]estate.SecurityGroupRule
	acls       []estate.NetworkACL
	tables     []estate.RouteTable
	endpoints  []estate.Endpoint
	interfaces []estate.Interface
	nats       []estate.NATGateway
	peers      []estate.Peer
	vpc        estate.VPC
	dns        estate.VPCDNS
	node       *estate.ManagedNode
	connection string
	image      estate.Image
	trails     map[estate.TrailQuery]estate.Trail
	others     []estate.Instance
	answers    map[string]string
	denied     []estate.Key
}

const (
	netID   = "i-0123456789abcdef0"
	netVPC  = "vpc-1"
	netOwn  = "111111111111"
	netSSM  = "com.amazonaws.ap-northeast-1.ssm"
	netMsg  = "com.amazonaws.ap-northeast-1.ssmmessages"
	netMDS  = "com.amazonaws.ap-northeast-1.ec2messages"
	netRole = "arn:aws:iam::111111111111:role/win"
)

func netNow() time.Time { return time.Date(2026, 11, 21, 3, 0, 0, 0, time.UTC) }

func netRule(id string, egress bool, port int, cidr string) estate.SecurityGroupRule {
	return estate.SecurityGroupRule{ID: id, Egress: egress, Protocol: "tcp", FromPort: port, ToPort: port, CIDR4: cidr}
}

func netACL(id string, subnets ...string) estate.NetworkACL {
	all := func(egress bool) estate.NetworkACLEntry {
		return estate.NetworkACLEntry{Number: 100, Egress: egress, Allow: true, Protocol: "-1", CIDR4: "0.0.0.0/0", ToPort: 65535}
	}
	return estate.NetworkACL{ID: id, Subnets: subnets, Entries: []estate.NetworkACLEntry{all(true), all(false)}}
}

func newNetWorld() *netWorld {
	inside := estate.Route{CIDR4: "10.0.0.0/16", Target: "local", State: "active"}
	end := func(id, service, eni string) estate.Endpoint {
		return estate.Endpoint{ID: id, Service: service, Type: "Interface", State: "available", PrivateDNS: true,
			Groups: []string{"sg-e"}, Subnets: []string{"subnet-b"}, Interfaces: []string{eni}}
	}
	eni := func(id, ip string) estate.Interface {
		return estate.Interface{ID: id, VPC: netVPC, Subnet: "subnet-b", PrivateIPs: []string{ip}, Groups: []string{"sg-e"}}
	}
	return &netWorld{
		instance: estate.Instance{ID: netID, OwnerID: netOwn, State: "running", Platform: "windows", VPC: netVPC, Subnet: "subnet-a",
			PrivateIP: "10.0.1.10", Groups: []string{"sg-i"}, ImageID: "ami-1", LaunchTime: netNow().Add(-48 * time.Hour),
			ProfileARN: "arn:aws:iam::111111111111:instance-profile/win"},
		groups: map[string][]estate.SecurityGroupRule{
			"sg-i": {{ID: "sgr-out", Egress: true, Protocol: "-1", FromPort: -1, ToPort: -1, CIDR4: "0.0.0.0/0"}, netRule("sgr-rdp", false, 3389, "10.0.0.0/16")},
			"sg-e": {netRule("sgr-in", false, 443, "10.0.0.0/16")},
		},
		acls: []estate.NetworkACL{netACL("acl-a", "subnet-a"), netACL("acl-b", "subnet-b"), netACL("acl-p", "subnet-p")},
		tables: []estate.RouteTable{
			{ID: "rtb-main", Main: true, Routes: []estate.Route{inside}},
			{ID: "rtb-p", Subnets: []string{"subnet-p"}, Routes: []estate.Route{inside, {CIDR4: "0.0.0.0/0", Target: "igw-1", State: "active"}}},
		},
		endpoints:  []estate.Endpoint{end("vpce-ssm", netSSM, "eni-ssm"), end("vpce-msg", netMsg, "eni-msg")},
		interfaces: []estate.Interface{eni("eni-ssm", "10.0.2.20"), eni("eni-msg", "10.0.2.21")},
		nats:       []estate.NATGateway{{ID: "nat-1", Subnet: "subnet-p", State: "available", Type: "public", PrivateIP: "10.0.0.5"}},
		vpc:        estate.VPC{ID: netVPC, OwnerID: netOwn, CIDR: "10.0.0.0/16", CIDRs: []string{"10.0.0.0/16"}},
		dns:        estate.VPCDNS{Support: true, Hostnames: true},
		connection: "notconnected",
		image:      estate.Image{ID: "ami-1", Created: netNow().AddDate(0, -2, 0)},
		trails:     map[estate.TrailQuery]estate.Trail{},
		answers:    map[string]string{},
	}
}

func (w *netWorld) route(target, state string) {
	w.tables[0].Routes = append(w.tables[0].Routes, estate.Route{CIDR4: "0.0.0.0/0", Target: target, State: state})
}

func (w *netWorld) online() {
	w.node = &estate.ManagedNode{ID: netID, PingStatus: "Online", LastPing: netNow().Add(-2 * time.Minute), AgentVersion: "3.3.100.0"}
}

// dead makes the instance a terminated one whose row is gone.
func (w *netWorld) dead() time.Time {
	died := netNow().Add(-26 * time.Hour)
	launch := w.instance
	w.gone = true
	w.trails[instanceQuery(netID)] = estate.Trail{Complete: true, To: netNow(), Events: []estate.TrailEvent{
		{Name: "RunInstances", Time: died.Add(-20 * time.Minute), Launch: &launch},
		{Name: "TerminateInstances", Time: died},
	}}
	return died
}

func (w *netWorld) estate() *estate.Estate {
	o := fact.Origin{Source: fact.API, Time: netNow()}
	e := estate.New(estate.Target{InstanceID: netID, Region: "ap-northeast-1", Account: netOwn, Partition: "aws"}, netNow())
	for k, v := range w.answers {
		e.Answers[k] = v
	}
	if w.gone {
		e.Put(estate.InstancePart.Part(netID, fact.Absent[estate.Instance](o)))
	} else {
		e.Put(estate.InstancePart.Part(netID, fact.Known(w.instance, o)))
	}
	for _, i := range w.others {
		e.Put(estate.InstancePart.Part(i.ID, fact.Known(i, o)))
	}
	for id, rules := range w.groups {
		e.Put(estate.SecurityGroupPart.Part(id, fact.Known(estate.SecurityGroup{ID: id, VPC: netVPC, Rules: rules}, o)))
	}
	for q, t := range w.trails {
		e.Put(estate.TrailPart.Part(q.String(), fact.Known(t, o)))
	}
	e.Put(estate.NetworkACLsPart.Part(netVPC, fact.Known(w.acls, o)))
	e.Put(estate.RouteTablesPart.Part(netVPC, fact.Known(w.tables, o)))
	e.Put(estate.EndpointsPart.Part(netVPC, fact.Known(w.endpoints, o)))
	e.Put(estate.EndpointInterfacesPart.Part(netVPC, fact.Known(w.interfaces, o)))
	e.Put(estate.NATGatewaysPart.Part(netVPC, fact.Known(w.nats, o)))
	e.Put(estate.InternetGatewaysPart.Part(netVPC, fact.Known([]estate.Gateway{{ID: "igw-1", State: "available"}}, o)))
	e.Put(estate.PeeringsPart.Part(netVPC, fact.Known([]estate.Peering(nil), o)))
	e.Put(estate.VPCPart.Part(netVPC, fact.Known(w.vpc, o)))
	e.Put(estate.VPCDNSPart.Part(netVPC, fact.Known(w.dns, o)))
	e.Put(estate.SubnetsPart.Part(netVPC, fact.Known([]estate.Subnet{
		{ID: "subnet-a", VPC: netVPC, OwnerID: w.vpc.OwnerID, CIDR: "10.0.1.0/24"},
		{ID: "subnet-b", VPC: netVPC, OwnerID: w.vpc.OwnerID, CIDR: "10.0.2.0/24"}}, o)))
	e.Put(estate.NeighboursPart.Part(netVPC, fact.Known(estate.Peers{Peers: w.peers, Complete: true}, o)))
	e.Put(estate.ConnectionPart.Part(netID, fact.Known(estate.Connection{Status: w.connection}, o)))
	e.Put(estate.ImagePart.Part("ami-1", fact.Known(w.image, o)))
	e.Put(estate.InstanceProfilePart.Part("win", fact.Known(estate.InstanceProfile{Name: "win", Role: "win", RoleARN: netRole}, o)))
	if w.node != nil {
		e.Put(estate.ManagedNodePart.Part(netID, fact.Known(*w.node, o)))
	} else {
		e.Put(estate.ManagedNodePart.Part(netID, fact.Absent[estate.ManagedNode](o)))
	}
	for _, k := range w.denied {
		kind, _ := estate.Lookup(k.Kind)
		e.Put(kind.Unknown(k.ID, fact.Why{Reason: fact.Denied, Action: kind.Actions()[0]}))
	}
	return e
}

// netProbe finds one of the probes of these files.
func netProbe(t testing.TB, id string) Probe {
	t.Helper()
	p, ok := NewSet(networkProbes(), rdpProbes()).Get(id)
	if !ok {
		t.Fatalf("no probe is called %s", id)
	}
	return p
}

func (w *netWorld) judge(t testing.TB, id string) Verdict {
	t.Helper()
	return netProbe(t, id).Judge(estate.NewView(w.estate()))
}

func netFound(v Verdict) []string {
	var out []string
	for _, f := range v.Findings {
		out = append(out, f.ID())
	}
	slices.Sort(out)
	return out
}

func netReasons(v Verdict) []string {
	var out []string
	for _, w := range v.Whys {
		out = append(out, string(w.Reason))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func netFinding(t testing.TB, v Verdict, id string) finding.Finding {
	t.Helper()
	for _, f := range v.Findings {
		if f.ID() == id {
			return f
		}
	}
	t.Fatalf("no finding %s among %v", id, netFound(v))
	return finding.Finding{}
}
