package lab

import (
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/lab/windows"
)

// Names of the servers whose inside matters.
const (
	legacySource, legacyCopy = "LEGACY-01", "LEGACY-02"
	terminal, jump           = "TS-01", "JUMP-01"
	officePC                 = "203.0.113.10"
	windows2019AMI           = "Windows_Server-2019-Japanese-Full-Base-2025.03.12"
	windows2025AMI           = "Windows_Server-2025-Japanese-Full-Base-2026.10.14"
)

func (w *World) addImage(name string, created time.Time, source, from string) string {
	ami := id("ami", name)
	w.Images[ami] = &Image{ID: ami, Name: name, Created: created, SourceInstance: source, SourceImage: from}
	if from == "" {
		w.Images[ami].Owner, w.Images[ami].Alias = amazonOwner, "amazon"
	}
	return ami
}

// cloneNotActivated is a Windows Server 2019 that was copied, without Sysprep, from
// one that still runs in another subnet, and then renamed. Its persistent routes
// lead to the other subnet's router; only the one to the metadata service was put
// right, by a start-up script of the account's own.
func cloneNotActivated() *World {
	w := healthy()
	aws := w.addImage(windows2019AMI, time.Date(2025, 3, 12, 20, 11, 5, 0, time.UTC), "", "")
	source := w.addInstance(machine{name: legacySource, computer: legacySource, release: 2019, subnet: appSubnetC(), host: "61", group: commonGroup(), role: commonRole, image: aws,
		launched: time.Date(2025, 4, 8, 1, 20, 9, 0, time.UTC)})
	own := w.addImage("legacy-template-20261117", time.Date(2026, 11, 17, 11, 2, 40, 0, time.UTC), source.ID, aws)
	i := w.addInstance(machine{name: legacyCopy, computer: legacyCopy, release: 2019, copied: source.Windows, subnet: appSubnet(), host: "62", group: commonGroup(), role: commonRole, image: own,
		launched: time.Date(2026, 11, 18, 2, 44, 51, 0, time.UTC)})
	i.PasswordData = ""
	i.Windows.Routes = append(i.Windows.Routes, windows.Route{Destination: "169.254.169.254/32", NextHop: w.router(i.Subnet), Metric: 5})
	return w
}

// copies2025 are two Windows Server 2025 of one image, which was taken without
// Sysprep, each renamed after its launch, and both patched last night.
func copies2025() (w *World, target, other *Instance) {
	w = healthy()
	aws := w.addImage(windows2025AMI, time.Date(2026, 10, 14, 21, 30, 48, 0, time.UTC), "", "")
	made := time.Date(2026, 10, 20, 3, 5, 0, 0, time.UTC)
	gold := windows.Launched(2025, "TS-GOLD", windows.Japanese, made, "10.20.2.1", []string{"AmazonProvidedDNS"}, region+".compute.internal")
	gold.Updates = append(gold.Updates, windows.Update{KB: "KB5072033", Title: "2026-11 Cumulative Update for Microsoft server operating system version 24H2", Installed: time.Date(2026, 11, 20, 18, 12, 0, 0, time.UTC)})
	own := w.addImage("ts-gold-20261025", time.Date(2026, 10, 25, 6, 40, 2, 0, time.UTC), id("i", "TS-GOLD"), aws)
	add := func(name, host string, minute int) *Instance {
		return w.addInstance(machine{name: name, computer: name, release: 2025, copied: gold, subnet: appSubnet(), host: host, group: commonGroup(), role: commonRole, image: own,
			launched: time.Date(2026, 11, 10, 1, minute, 30, 0, time.UTC)})
	}
	target, other = add(terminal, "71", 12), add(jump, "72", 19)
	for _, i := range []*Instance{target, other} {
		i.PasswordData = ""
		i.Windows.Booted = time.Date(2026, 11, 20, 18, 20, 0, 0, time.UTC)
	}
	return w, target, other
}

// cloneServer2025 signs in from one copy to the other, which Windows has blocked
// since last night's update.
func cloneServer2025() *World {
	w, target, client := copies2025()
	for _, minutes := range []int{14, 16, 17} {
		target.Windows.Mismatches = append(target.Windows.Mismatches, w.Now.Add(time.Duration(-minutes)*time.Minute))
	}
	target.Windows.Failures = []estate.GuestLogonFailure{{Status: "0xC000006D", SubStatus: "0x00000000", Account: "Administrator", Source: client.IP, Type: 3,
		Count: 3, Last: target.Windows.Mismatches[0]}}
	return w
}

// cloneNotTheCause is the same pair, but one signs in from an office PC, and the
// account is locked.
func cloneNotTheCause() *World {
	w, target, _ := copies2025()
	gateway := id("igw", mainVPC)
	public := w.addSubnet(vpcID(), "prod-public-a", "10.20.100.0/24", zoneA)
	w.InternetGateways[gateway] = &InternetGateway{ID: gateway, VPC: vpcID()}
	w.RouteTables[id("rtb", "prod-public")] = &RouteTable{ID: id("rtb", "prod-public"), VPC: vpcID(), Subnets: []string{public},
		Routes: []Route{{To: "0.0.0.0/0", Target: gateway}}}
	group := w.addGroup(vpcID(), "ts-office", "RDP from the office", in("tcp", 3389, 3389, "203.0.113.0/24"), out("-1", -1, -1, "0.0.0.0/0"))
	w.move(target, public, w.address(public, "71"), group)
	target.PublicIP = "198.51.100.31"
	h := target.Windows
	last := w.Now.Add(-6 * time.Minute)
	h.Failures = []estate.GuestLogonFailure{
		{Status: "0xC0000234", SubStatus: "0x00000000", Account: "sato", Source: officePC, Type: 3, Count: 7, Last: last},
		{Status: "0xC000006D", SubStatus: "0xC000006A", Account: "sato", Source: officePC, Type: 3, Count: 10, Last: last.Add(-9 * time.Minute)},
	}
	h.Accounts = append(h.Accounts, estate.GuestSignInAccount{Name: "sato", Local: true, Locked: true})
	return w
}

// handOut makes an option set with a directory's servers and gives it to the main
// VPC at a time, with the event. Who has a lease keeps it: see renew.
func (w *World) handOut(domain string, at time.Time) {
	d := w.Directories[directoryID(domain)]
	set := id("dopt", "ad-dns")
	w.DHCPOptions[set] = &DHCPOptions{ID: set, Name: "ad-dns", DNS: append([]string(nil), d.DNS...), Domain: []string{domain}}
	w.VPCs[vpcID()].DHCP = set
	w.Events = append(w.Events, w.optionsEvent(at, set))
}

func (w *World) optionsEvent(t time.Time, set string) *Event {
	return at(t, "AssociateDhcpOptions", person("OpsAdmin", "kato"), map[string]any{"dhcpOptionsId": set, "vpcId": vpcID()}, map[string]any{"_return": true},
		[2]string{"AWS::EC2::VPC", vpcID()}, [2]string{"AWS::EC2::DHCPOptions", set})
}

// dnsForwarderMissing hands out the servers of a directory in a peered VPC. They
// know the domain, and of AWS's names what is public. The agent still holds the
// connection that it opened before the lease was renewed.
func dnsForwarderMissing() *World {
	w := healthy()
	vpc := w.addVPC("directory", "10.40.0.0/16", "")
	a := w.addSubnet(vpc, "directory-a", "10.40.20.0/24", zoneA)
	c := w.addSubnet(vpc, "directory-c", "10.40.21.0/24", zoneC)
	peering := id("pcx", "directory")
	w.Peerings[peering] = &Peering{ID: peering, Status: "active", Requester: vpcID(), Accepter: vpc}
	private, main := w.RouteTables[privateTable()], w.RouteTables[id("rtb", "directory/main")]
	private.Routes = append(private.Routes, Route{To: "10.40.0.0/16", Target: peering})
	main.Routes = append(main.Routes, Route{To: "10.20.0.0/16", Target: peering})
	w.addDirectory(adDomain, "directory", a, c)

	w.handOut(adDomain, w.Now.Add(-47*time.Minute))
	w.renew(appID(), w.Now.Add(-5*time.Minute))
	w.Instances[appID()].Windows.Join(adDomain, windows.SID("domain/"+adDomain))
	w.Nodes[appID()].LastPing = w.Now.Add(-6 * time.Minute)
	return w
}

// leaseStale hands out the servers of the directory in the same VPC, which is right;
// Windows has not renewed its lease since and tries to join.
func leaseStale() *World {
	w := office()
	w.handOut(adDomain, w.Now.Add(-38*time.Minute))
	return w
}

// kmsBlocked was hardened: the routes to the KMS servers are gone, and Windows
// Firewall lets nothing out to them.
func kmsBlocked(w *World) {
	h := w.Instances[appID()].Windows
	var kept []windows.Route
	for _, r := range h.Routes {
		if r.Destination != "169.254.169.250/32" && r.Destination != "169.254.169.251/32" {
			kept = append(kept, r)
		}
	}
	h.Routes, h.BlocksKMS = kept, true
}

// clockSkewed took the hardware clock for local time when its time zone was changed
// to Tokyo's. The agent still holds the connection that it opened before.
func clockSkewed(w *World) {
	h := w.Instances[appID()].Windows
	h.TimeZone, h.RealTimeIsUniversal, h.Ahead = "Tokyo Standard Time", nil, 9*time.Hour
	w.Nodes[appID()].LastPing = w.Now.Add(-9 * time.Minute)
}

// agentStopped lost its agent this morning: somebody disabled the service, which the
// last inventory saw, and then stopped it.
func agentStopped(w *World) {
	w.Instances[appID()].Windows.SSMAgent = estate.GuestService{Status: "Stopped", StartType: "Disabled"}
	n := w.Nodes[appID()]
	n.Ping, n.Connected = "ConnectionLost", false
	n.LastPing = time.Date(2026, 11, 21, 0, 12, 40, 0, time.UTC)
	n.Captured = n.LastPing
}

// sysprepStuck was launched from an image of the account's own in which Sysprep had
// stopped half-way, and so did the setup after it: RDP stays off.
func sysprepStuck() *World {
	w := healthy()
	i := w.Instances[appID()]
	i.Image, i.PasswordData = w.golden(), ""
	w.relaunch(i)
	h := i.Windows
	h.ImageState, h.Generalization, h.RemoteOff = "IMAGE_STATE_UNDEPLOYABLE", 3, true
	h.RunOnce, h.State = time.Time{}, time.Time{}
	return w
}

// rdsGraceOver is a Remote Desktop Session Host whose 120 days without a licence
// server are over.
func rdsGraceOver(w *World) {
	h := w.Instances[appID()].Windows
	days := 0
	h.SessionHost, h.GraceDays = true, &days
}
