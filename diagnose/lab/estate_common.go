package lab

import (
	"time"
)

// The names of the common estate, from which its ids follow.
const (
	mainVPC     = "prod"
	appRole     = "app-server-role"
	commonRole  = "app-common-role"
	windowsAMI  = "Windows_Server-2022-Japanese-Full-Base-2026.10.14"
	officeAMI   = "Windows_Server-2022-English-OfficeLTSC-ProPlus-2026.09.16"
	goldenAMI   = "app-template-20260930"
	amazonOwner = "801119661308" // Amazon's account for Windows images
	// marketplaceOwner is the account of AWS Marketplace's images.
	marketplaceOwner = "679593333241"
)

// Ids of the common estate.
func vpcID() string         { return id("vpc", mainVPC) }
func appID() string         { return id("i", "APP-01") }
func neighbourID() string   { return id("i", "APP-02") }
func appSubnet() string     { return id("subnet", "prod-app-a") }
func appSubnetC() string    { return id("subnet", "prod-app-c") }
func endpointA() string     { return id("subnet", "prod-endpoint-a") }
func endpointC() string     { return id("subnet", "prod-endpoint-c") }
func appGroup() string      { return id("sg", "app-01") }
func commonGroup() string   { return id("sg", "app-common") }
func endpointGroup() string { return id("sg", "vpc-endpoints") }
func privateTable() string  { return id("rtb", "prod-private") }

// agentServices are the endpoint services of the Systems Manager agent.
func agentServices() []string { return []string{"ssm", "ssmmessages", "ec2messages"} }

// healthy is the common estate, in which everything works: a private VPC in Tokyo
// with the agent's three interface endpoints in subnets of their own, a Windows
// Server 2022 APP-01, and its neighbour APP-02 in another zone, with its own group
// and role.
func healthy() *World {
	w := newWorld()
	vpc := w.addVPC(mainVPC, "10.20.0.0/16", "")
	subnets := []string{
		w.addSubnet(vpc, "prod-app-a", "10.20.1.0/24", zoneA), w.addSubnet(vpc, "prod-app-c", "10.20.2.0/24", zoneC),
		w.addSubnet(vpc, "prod-endpoint-a", "10.20.10.0/24", zoneA), w.addSubnet(vpc, "prod-endpoint-c", "10.20.11.0/24", zoneC),
	}
	w.RouteTables[privateTable()] = &RouteTable{ID: privateTable(), VPC: vpc, Subnets: subnets}
	w.addStorageEndpoint(vpc)

	w.addGroup(vpc, "vpc-endpoints", "Interface endpoints", in("tcp", 443, 443, "10.20.0.0/16"), out("-1", -1, -1, "0.0.0.0/0"))
	w.addGroup(vpc, "app-01", "APP-01", in("tcp", 3389, 3389, "10.0.0.0/8"), out("-1", -1, -1, "0.0.0.0/0"))
	w.addGroup(vpc, "app-common", "Application servers", in("tcp", 3389, 3389, "10.0.0.0/8"), in("tcp", 8443, 8443, appGroup()), out("-1", -1, -1, "0.0.0.0/0"))
	for _, s := range agentServices() {
		w.addEndpoint(vpc, s, endpointGroup(), hostOf(s), endpointA(), endpointC())
	}
	w.addServers(appSubnet(), appGroup(), appSubnetC(), commonGroup())
	return w
}

// hostOf is the last number of an endpoint's addresses.
func hostOf(suffix string) string {
	return map[string]string{"ssm": "11", "ssmmessages": "12", "ec2messages": "13"}[suffix]
}

// addStorageEndpoint gives the private table its way to S3, which the agent's
// updates use.
func (w *World) addStorageEndpoint(vpc string) {
	const list = "pl-61a54008" // com.amazonaws.ap-northeast-1.s3
	w.PrefixLists[list] = &PrefixList{ID: list, Name: service("s3"), Owner: "AWS", CIDRs: []string{"3.5.152.0/21", "52.219.0.0/20", "52.219.16.0/22", "52.219.68.0/22"}}
	e := &Endpoint{ID: id("vpce", vpc+"s3"), VPC: vpc, Service: service("s3"), Type: "Gateway", State: "available", RouteTables: []string{privateTable()}, Created: w.Now.AddDate(0, -6, 0)}
	w.Endpoints[e.ID] = e
	w.RouteTables[privateTable()].Routes = append(w.RouteTables[privateTable()].Routes, Route{To: list, Target: e.ID})
}

// addServers makes the two servers, their image and their roles.
func (w *World) addServers(subnet, group, otherSubnet, otherGroup string) {
	image := id("ami", windowsAMI)
	w.Images[image] = &Image{ID: image, Name: windowsAMI, Owner: amazonOwner, Alias: "amazon", Created: time.Date(2026, 10, 14, 21, 4, 11, 0, time.UTC),
		Deprecated: time.Date(2028, 10, 14, 21, 4, 11, 0, time.UTC)}
	w.addRole(appRole, managed("AmazonSSMManagedInstanceCore"), managed("CloudWatchAgentServerPolicy"))
	w.addRole(commonRole, managed("AmazonSSMManagedInstanceCore"), managed("AmazonS3ReadOnlyAccess"))
	w.addInstance(machine{name: "APP-01", subnet: subnet, host: "15", group: group, role: appRole, image: image, launched: time.Date(2026, 11, 12, 2, 10, 33, 0, time.UTC)})
	w.addInstance(machine{name: "APP-02", subnet: otherSubnet, host: "16", group: otherGroup, role: commonRole, image: image, launched: time.Date(2026, 11, 5, 1, 44, 8, 0, time.UTC)})
	// Somebody else's work, which has nothing to do with anything.
	deploy := Actor{User: "ci-deploy", IP: "198.51.100.7", UserAgent: "aws-cli/2.31.4"}
	w.Events = append(w.Events,
		at(w.Now.Add(-50*time.Hour), "CreateTags", deploy, map[string]any{
			"resourcesSet": items(map[string]any{"resourceId": neighbourID()}), "tagSet": items(map[string]any{"key": "release", "value": "2026.11.3"}),
		}, map[string]any{"_return": true}, instanceResource(neighbourID())),
		at(w.Now.Add(-5*time.Minute), "RebootInstances", deploy, map[string]any{"instancesSet": items(map[string]any{"instanceId": neighbourID()})},
			map[string]any{"_return": true}, instanceResource(neighbourID())),
	)
}

// withNAT replaces the endpoints by a NAT gateway in a public subnet.
func withNAT() *World {
	w := healthy()
	for _, s := range agentServices() {
		w.dropEndpoint(vpcID(), s)
	}
	public := w.addSubnet(vpcID(), "prod-public-a", "10.20.100.0/24", zoneA)
	gateway, nat := id("igw", mainVPC), id("nat", mainVPC)
	w.InternetGateways[gateway] = &InternetGateway{ID: gateway, VPC: vpcID()}
	w.NATGateways[nat] = &NATGateway{ID: nat, VPC: vpcID(), Subnet: public, Interface: id("eni", "nat"), PublicIP: "198.51.100.20", PrivateIP: "10.20.100.20"}
	w.Interfaces[id("eni", "nat")] = &Interface{ID: id("eni", "nat"), Subnet: public, IP: "10.20.100.20", Type: "nat_gateway",
		Description: "Interface for NAT Gateway " + nat, Status: "in-use"}
	w.RouteTables[id("rtb", "prod-public")] = &RouteTable{ID: id("rtb", "prod-public"), VPC: vpcID(), Subnets: []string{public},
		Routes: []Route{{To: "0.0.0.0/0", Target: gateway}}}
	private := w.RouteTables[privateTable()]
	private.Routes = append(private.Routes, Route{To: "0.0.0.0/0", Target: nat})
	return w
}

// withCustomPolicy lets the role grant the minimum by a policy of the account's
// own, among others that look dangerous and do not matter here.
func withCustomPolicy() *World {
	w := healthy()
	w.Roles[appRole].Attached = []string{w.addPolicy(own("region-guard"), "v4"), w.addPolicy(own("ssm-minimum"), "v2")}
	w.Roles[appRole].Inline["log-archive"] = document("log-archive")
	return w
}

// sharedVPC is a subnet that another account shares: its endpoints and their
// groups work, and cannot be seen from here.
func sharedVPC() *World {
	w := newWorld()
	vpc := w.addVPC("network", "10.60.0.0/16", otherAccount)
	shared := w.addSubnet(vpc, "network-shared-a", "10.60.1.0/24", zoneA)
	w.Subnets[shared].Shared = true
	central := w.addSubnet(vpc, "network-endpoint-a", "10.60.10.0/24", zoneA)
	w.RouteTables[id("rtb", "network-private")] = &RouteTable{ID: id("rtb", "network-private"), VPC: vpc, Subnets: []string{shared, central}}
	hidden := w.addGroup(vpc, "network-endpoints", "Interface endpoints", in("tcp", 443, 443, "10.60.0.0/16"))
	w.Groups[hidden].Owner = otherAccount
	for _, s := range agentServices() {
		w.addEndpoint(vpc, s, hidden, hostOf(s), central)
	}
	group := w.addGroup(vpc, "app-01", "APP-01", in("tcp", 3389, 3389, "10.0.0.0/8"), out("-1", -1, -1, "0.0.0.0/0"))
	w.addServers(shared, group, shared, group)
	w.allOffline()
	return w
}

// witness is a VPC whose way out is a transit gateway. The neighbour shares subnet
// and group with the target and is Online; the target's role lacks the permission.
func witness() *World {
	w := healthy()
	for _, s := range agentServices() {
		w.dropEndpoint(vpcID(), s)
	}
	table := w.RouteTables[privateTable()]
	table.Routes = append(table.Routes, Route{To: "0.0.0.0/0", Target: id("tgw", "network")})
	w.move(w.Instances[neighbourID()], appSubnet(), "10.20.1.16", appGroup())
	w.withoutPermission()
	return w
}

// withoutPermission leaves the target's role with a policy that has nothing to do
// with the agent.
func (w *World) withoutPermission() {
	w.Roles[appRole].Attached = []string{managed("CloudWatchAgentServerPolicy")}
	w.offline(appID())
}
