package lab

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/monshin/monshin/diagnose/lab/windows"
)

// The account that the scenarios are set in, with the ids of AWS's documentation.
const (
	account      = "111122223333"
	otherAccount = "444455556666"
	region       = "ap-northeast-1"
	zoneA        = "ap-northeast-1a"
	zoneC        = "ap-northeast-1c"
)

// now is when the scenarios are looked at: the night of a support engineer in
// Tokyo, 2026-11-22 01:58 JST.
func now() time.Time { return time.Date(2026, 11, 21, 16, 58, 0, 0, time.UTC) }

// newWorld is an account with nothing in it.
func newWorld() *World {
	w := &World{
		Account: account, Alias: "example-prod", Region: region, Now: now(),
		CallerARN: "arn:aws:sts::" + account + ":assumed-role/OpsReadOnly/suzuki",
		CallerID:  iamID("AROA", "OpsReadOnly") + ":suzuki",
		Regions:   []string{"ap-northeast-1", "ap-northeast-3", "ap-southeast-1", "eu-west-1", "us-east-1", "us-west-2"},
		Compute:   Compute{Instances: map[string]*Instance{}, Images: map[string]*Image{}, InstanceTypes: map[string]*InstanceType{}},
		Network: Network{
			VPCs: map[string]*VPC{}, Subnets: map[string]*Subnet{}, ACLs: map[string]*ACL{}, RouteTables: map[string]*RouteTable{},
			InternetGateways: map[string]*InternetGateway{}, NATGateways: map[string]*NATGateway{}, Endpoints: map[string]*Endpoint{},
			Interfaces: map[string]*Interface{}, Peerings: map[string]*Peering{}, Groups: map[string]*Group{},
			PrefixLists: map[string]*PrefixList{}, DHCPOptions: map[string]*DHCPOptions{},
		},
		Names: Names{ResolverRules: map[string]*ResolverRule{}, ResolverAssociations: map[string]*ResolverAssociation{},
			ResolverEndpoints: map[string]*ResolverEndpoint{}, Directories: map[string]*Directory{}},
		Identity:   Identity{Roles: map[string]*Role{}, Profiles: map[string]*Profile{}, Policies: map[string]*Policy{}},
		Management: Management{Nodes: map[string]*Node{}, Settings: map[string]string{}, Parameters: map[string]*Parameter{}, Automations: map[string]*Automation{}},
		License:    License{Steps: map[string]int{}}, Tokens: map[string]Token{}, Tags: map[string]map[string]string{},
	}
	for _, name := range []string{"AmazonSSMManagedInstanceCore", "AmazonSSMManagedEC2InstanceDefaultPolicy", "CloudWatchAgentServerPolicy", "AmazonS3ReadOnlyAccess"} {
		version := "v2"
		if !strings.HasPrefix(name, "AmazonSSM") {
			version = "v3"
		}
		w.addPolicy("arn:aws:iam::aws:policy/"+name, version)
	}
	w.InstanceTypes["m6i.large"] = &InstanceType{Name: "m6i.large", Hypervisor: "nitro", Architectures: []string{"x86_64"}}
	w.InstanceTypes["t3.large"] = &InstanceType{Name: "t3.large", Hypervisor: "nitro", Architectures: []string{"x86_64"}}
	return w
}

// managed is the ARN of one of AWS's own policies; own is one of this account's.
func managed(name string) string { return "arn:aws:iam::aws:policy/" + name }
func own(name string) string     { return "arn:aws:iam::" + account + ":policy/" + name }

func (w *World) addPolicy(arn, version string) string {
	name := arn[strings.LastIndexByte(arn, '/')+1:]
	w.Policies[arn] = &Policy{ARN: arn, Name: name, Version: version, Document: document(name), Created: w.Now.AddDate(-3, 0, 0)}
	return arn
}

// addRole makes a role for EC2 with a profile of the same name.
func (w *World) addRole(name string, attached ...string) {
	born := w.Now.AddDate(0, -8, 0)
	w.Roles[name] = &Role{Name: name, ID: iamID("AROA", name), Trust: trust("ec2.amazonaws.com"), Attached: attached, Inline: map[string]string{}, Created: born}
	w.Profiles[name] = &Profile{Name: name, ID: iamID("AIPA", name), Role: name, Created: born}
}

// addVPC makes a VPC with what every VPC is born with: default group, default
// network ACL, main route table, AWS's option set.
func (w *World) addVPC(name, cidr, owner string) string {
	vpc := id("vpc", name)
	options := id("dopt", "amazon/"+w.owner(owner))
	w.DHCPOptions[options] = &DHCPOptions{ID: options, Owner: owner, DNS: []string{"AmazonProvidedDNS"}, Domain: []string{w.Region + ".compute.internal"}}
	w.VPCs[vpc] = &VPC{ID: vpc, Owner: owner, CIDR: cidr, DHCP: options, Name: name, DNSSupport: true, DNSHostnames: true}
	w.RouteTables[id("rtb", name+"/main")] = &RouteTable{ID: id("rtb", name+"/main"), VPC: vpc, Main: true}
	w.ACLs[id("acl", name)] = &ACL{ID: id("acl", name), VPC: vpc, Default: true, Entries: []ACLEntry{
		{Number: 100, Allow: true, Protocol: "-1", CIDR: "0.0.0.0/0"},
		{Number: 100, Egress: true, Allow: true, Protocol: "-1", CIDR: "0.0.0.0/0"},
	}}
	w.Groups[defaultGroup(name)] = &Group{ID: defaultGroup(name), VPC: vpc, Owner: owner, Name: "default", Description: "default VPC security group"}
	w.setRules(defaultGroup(name), in("-1", -1, -1, defaultGroup(name)), out("-1", -1, -1, "0.0.0.0/0"))
	return vpc
}

func defaultGroup(vpc string) string { return id("sg", vpc+"/default") }

func (w *World) addSubnet(vpc, name, cidr, az string) string {
	s := id("subnet", name)
	w.Subnets[s] = &Subnet{ID: s, VPC: vpc, Owner: w.VPCs[vpc].Owner, AZ: az, CIDR: cidr, Name: name}
	return s
}

func in(protocol string, from, to int32, peer string) Rule {
	return Rule{Protocol: protocol, From: from, To: to, Peer: peer}
}

func out(protocol string, from, to int32, peer string) Rule {
	return Rule{Egress: true, Protocol: protocol, From: from, To: to, Peer: peer}
}

func (w *World) addGroup(vpc, name, description string, rules ...Rule) string {
	g := id("sg", name)
	w.Groups[g] = &Group{ID: g, VPC: vpc, Name: name, Description: description}
	w.setRules(g, rules...)
	return g
}

// setRules gives a group these rules and no others.
func (w *World) setRules(group string, rules ...Rule) {
	g := w.Groups[group]
	g.Rules = nil
	for _, r := range rules {
		direction := "in"
		if r.Egress {
			direction = "out"
		}
		r.ID = id("sgr", strings.Join([]string{group, direction, r.Protocol, strconv.Itoa(len(g.Rules)), r.Peer}, "/"))
		g.Rules = append(g.Rules, r)
	}
}

// service is the full name of one of AWS's endpoint services in this region.
func service(suffix string) string { return "com.amazonaws." + region + "." + suffix }

// addEndpoint makes an interface endpoint with one interface in each subnet, at
// the address .host of it.
func (w *World) addEndpoint(vpc, suffix, group string, host string, subnets ...string) *Endpoint {
	e := &Endpoint{
		ID: id("vpce", vpc+suffix), VPC: vpc, Owner: w.VPCs[vpc].Owner, Service: service(suffix), Type: "Interface", State: "available", PrivateDNS: true,
		Groups: []string{group}, Subnets: subnets, Created: w.Now.AddDate(0, -6, 0),
	}
	e.DNSNames = []string{e.ID + "-" + digits(e.ID, 8) + "." + suffix + "." + region + ".vpce.amazonaws.com", suffix + "." + region + ".amazonaws.com"}
	for _, s := range subnets {
		eni := id("eni", e.ID+s)
		w.Interfaces[eni] = &Interface{ID: eni, Owner: e.Owner, Subnet: s, IP: w.address(s, host), Type: "vpc_endpoint", Description: "VPC Endpoint Interface " + e.ID,
			Requester: "727180483921", Status: "in-use", Groups: []string{group}}
		e.Interfaces = append(e.Interfaces, eni)
	}
	w.Endpoints[e.ID] = e
	return e
}

// address is the address .host of a subnet, all of which are /24 here.
func (w *World) address(subnet, host string) string {
	cidr := w.Subnets[subnet].CIDR
	return cidr[:strings.LastIndexByte(cidr, '.')+1] + host
}

// dropEndpoint removes an endpoint and its interfaces.
func (w *World) dropEndpoint(vpc, suffix string) {
	e := w.Endpoints[id("vpce", vpc+suffix)]
	for _, eni := range e.Interfaces {
		delete(w.Interfaces, eni)
	}
	delete(w.Endpoints, e.ID)
}

// machine says what addInstance shall make.
type machine struct {
	name, subnet, host, group, role, image string
	launched                               time.Time
	productCodes                           []string
	// release is the Windows; 0 is 2022. computer is its name where it has one already.
	release  windows.Release
	computer string
	// copied is the Windows that the image holds, where it was taken without Sysprep.
	copied *windows.Host
}

// agentVersion is the SSM Agent's on every server.
const agentVersion = "3.3.3050.0"

// builds are the builds of the releases, as Systems Manager tells them.
var builds = map[windows.Release]string{2016: "10.0.14393", 2019: "10.0.17763", 2022: "10.0.20348", 2025: "10.0.26100"}

// addInstance makes a running Windows instance that is a managed node with
// everything in order, and the event of its launch.
func (w *World) addInstance(m machine) *Instance {
	i := &Instance{
		ID: id("i", m.name), Name: m.name, Type: "m6i.large", Image: m.image, Key: "ops-key", Tags: map[string]string{"env": "prod"},
		Subnet: m.subnet, Interface: id("eni", m.name), IP: w.address(m.subnet, m.host), Groups: []string{m.group},
		Launched: m.launched, State: "running", Volume: id("vol", m.name), ProductCodes: m.productCodes,
		PasswordData: "bGFi" + digits("password/"+m.name, 60), // not a ciphertext, only as present as one
	}
	if p := w.Profiles[m.role]; p != nil {
		i.Profile, i.ProfileID, i.Association = p.Name, p.ID, id("iip-assoc", m.name)
	}
	w.Instances[i.ID] = i
	if m.release == 0 {
		m.release = 2022
	}
	if m.computer == "" {
		m.computer = "EC2AMAZ-" + strings.ToUpper(digits("computer/"+m.name, 7))
	}
	options := w.DHCPOptions[w.VPCs[w.subnet(m.subnet).VPC].DHCP]
	suffix := options.Domain[0]
	switch {
	case m.copied != nil:
		i.Windows = m.copied.Copied(i.Launched, w.router(i.Subnet), options.DNS, suffix).Rename(m.computer)
	default:
		i.Windows = windows.Launched(m.release, m.computer, languageOf(m.image, w), i.Launched, w.router(i.Subnet), options.DNS, suffix)
	}
	w.Nodes[i.ID] = &Node{
		Instance: i.ID, Ping: "Online", Agent: agentVersion, Computer: m.computer, IP: i.IP,
		Platform: fmt.Sprintf("Microsoft Windows Server %d Datacenter", m.release), PlatformVersion: builds[m.release],
		LastPing: w.Now.Add(-2 * time.Minute), Registered: i.Launched.Add(6 * time.Minute), Connected: true, Captured: w.Now.Add(-23 * time.Minute),
	}
	w.Events = append(w.Events, w.launchEvent(i, person("OpsAdmin", "yamada")))
	return i
}

// languageOf is the language of an image of AWS, which its name tells.
func languageOf(image string, w *World) int {
	if i := w.Images[image]; i != nil && strings.Contains(i.Name, "-English-") {
		return windows.English
	}
	return windows.Japanese
}

// move puts an instance into another subnet as if it had been launched there: with
// the routes that its launch agent adds at each start.
func (w *World) move(i *Instance, subnet, ip string, groups ...string) {
	i.Subnet, i.IP, i.Groups = subnet, ip, groups
	w.Nodes[i.ID].IP = ip
	for n, r := range i.Windows.Routes {
		if !r.Persistent {
			i.Windows.Routes[n].NextHop = w.router(subnet)
		}
	}
	w.relaunch(i)
}

// renew lets the Windows of an instance ask DHCP again: it takes what the VPC's
// option set says now.
func (w *World) renew(instance string, at time.Time) {
	i := w.Instances[instance]
	i.Windows.Lease = w.lease(i.Subnet, at)
}

// lease is what DHCP hands out in a subnet: nothing for DNS where the VPC has no
// option set.
func (w *World) lease(subnet string, at time.Time) windows.Lease {
	l := windows.Lease{Since: at}
	if options := w.DHCPOptions[w.VPCs[w.subnet(subnet).VPC].DHCP]; options != nil {
		l.DNS = slices.Clone(options.DNS)
		if len(options.Domain) > 0 {
			l.Suffix = options.Domain[0]
		}
	}
	return l
}

// relaunch makes the launch event of an instance tell of it as it is now, where a
// scenario has changed how it was born.
func (w *World) relaunch(i *Instance) {
	w.Events = slices.DeleteFunc(w.Events, func(e *Event) bool {
		return e.Name == "RunInstances" && slices.Contains(e.Resources, instanceResource(i.ID))
	})
	w.Events = append(w.Events, w.launchEvent(i, person("OpsAdmin", "yamada")))
}

// offline takes instances out of Systems Manager as if they had never been in it.
func (w *World) offline(instances ...string) {
	for _, i := range instances {
		delete(w.Nodes, i)
	}
}

// allOffline is for what hits the whole VPC.
func (w *World) allOffline() { w.offline(sortedKeys(w.Nodes)...) }
