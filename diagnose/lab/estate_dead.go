package lab

import (
	"time"
)

// The life of an Office instance that License Manager gave up, counted from its launch.
const (
	adopted  = 101 * time.Second // AWSLicenseManager tag
	prepared = 7 * time.Minute   // first Run Command, after Systems Manager registration
	joined   = 10 * time.Minute  // domain join
	retried  = 18 * time.Minute
	ended    = 26 * time.Minute
)

// dies makes an Office instance that was launched at a time and terminated by
// License Manager 26 minutes later, with the events of both.
func (w *World) dies(launched time.Time) *Instance {
	i := w.addOffice(dead, "33", launched)
	i.Terminated = launched.Add(ended)
	w.Events = append(w.Events, terminateEvent(i.Terminated, i.ID, licenseManager()))
	return i
}

// adopt adds License Manager's tag, its row and its first Run Command.
func (w *World) adopt(i *Instance) {
	w.Events = append(w.Events, tagEvent(i.Launched.Add(adopted), i.ID))
	i.Tags["AWSLicenseManager"] = "UserSubscriptions"
	w.Licensed = append(w.Licensed, &Licensed{Instance: i.ID, Status: "TERMINATED", Products: []string{officeProduct}, Directory: directoryCorp(), Checked: i.Terminated})
	w.run(Command{Instance: i.ID, Document: "AWS-RunPowerShellScript", Requested: i.Launched.Add(prepared), Took: 48 * time.Second, Status: "Success",
		Stdout: "OS: Microsoft Windows Server 2022 Datacenter\r\nPartOfDomain: False\r\nPowerShell: 5.1.20348.2849\r\n"}, licenseManager())
}

// failJoin adds the two attempts at the domain whose name cannot be resolved.
func (w *World) failJoin(i *Instance) {
	const computer = "EC2AMAZ-7Q2K9D1"
	for _, after := range []time.Duration{joined, retried} {
		w.run(Command{Instance: i.ID, Document: "AWS-RunPowerShellScript", Requested: i.Launched.Add(after), Took: 164 * time.Second, Status: "Failed", ResponseCode: 1,
			Stdout: joinOutput(computer) + "Resolve-DnsName _ldap._tcp.dc._msdcs." + adDomain + " SRV: DNS name does not exist (9003)\r\n",
			Stderr: joinError(computer)}, licenseManager())
	}
}

// officeTerminates died a day before anybody looked, because the VPC's DNS does
// not know the domain.
func officeTerminates() *World {
	w := office()
	i := w.dies(time.Date(2026, 11, 20, 14, 55, 7, 0, time.UTC))
	w.adopt(i)
	w.failJoin(i)
	return w
}

// officeElsewhere died of the same, but the directory stands in a peered VPC, whose
// Resolver knows nothing of this VPC's endpoints: its controllers would be the wrong
// DNS servers here (domain.md §1 B4).
func officeElsewhere() *World {
	w := healthy()
	w.addLicensing()
	w.addGroup(vpcID(), "office", "Office servers", in("tcp", 3389, 3389, "10.0.0.0/8"), out("-1", -1, -1, "0.0.0.0/0"))
	const name = "directory"
	vpc := w.addVPC(name, "10.40.0.0/16", "")
	a := w.addSubnet(vpc, name+"-a", "10.40.20.0/24", zoneA)
	c := w.addSubnet(vpc, name+"-c", "10.40.21.0/24", zoneC)
	peering := id("pcx", name)
	w.Peerings[peering] = &Peering{ID: peering, Status: "active", Requester: vpcID(), Accepter: vpc}
	private, main := w.RouteTables[privateTable()], w.RouteTables[id("rtb", name+"/main")]
	private.Routes = append(private.Routes, Route{To: "10.40.0.0/16", Target: peering})
	main.Routes = append(main.Routes, Route{To: "10.20.0.0/16", Target: peering})
	w.addDirectory(adDomain, name, a, c)
	w.addActivationEndpoint(vpc, name, "10.0.0.0/8", a, c)
	w.register(directoryCorp(), id("sg", "license-activation-"+name), a, c)
	i := w.dies(time.Date(2026, 11, 20, 14, 55, 7, 0, time.UTC))
	w.adopt(i)
	w.failJoin(i)
	return w
}

// officeDeadLongAgo died of the same forty days ago. Run Command has forgotten it,
// the operator has ReadOnlyAccess, which has no action of License Manager's API and
// runs nothing, and somebody has tried another option set in between.
func officeDeadLongAgo() *World {
	w := office()
	i := w.dies(w.Now.AddDate(0, 0, -40).Add(-3 * time.Hour))
	w.adopt(i)
	w.failJoin(i)
	// Somebody watched it come up; together with the rest more than a page of events.
	watcher := Actor{Role: "BootWatcher", Session: "boot-watcher", IP: "10.20.2.80", UserAgent: "Boto3/1.40.2"}
	for n := range 52 {
		e := at(i.Launched.Add(time.Duration(40+25*n)*time.Second), "GetConsoleScreenshot", watcher, map[string]any{"InstanceId": i.ID}, nil, instanceResource(i.ID))
		e.ReadOnly = true
		w.Events = append(w.Events, e)
	}
	tried := id("dopt", "tried")
	w.DHCPOptions[tried] = &DHCPOptions{ID: tried, Name: "try-ad-dns", DNS: []string{"10.20.20.10", "10.20.21.10"}, Domain: []string{adDomain}}
	for _, change := range []struct {
		days    int
		options string
	}{{-20, tried}, {-19, w.VPCs[vpcID()].DHCP}} {
		w.Events = append(w.Events, at(w.Now.AddDate(0, 0, change.days), "AssociateDhcpOptions", person("OpsAdmin", "kato"),
			map[string]any{"dhcpOptionsId": change.options, "vpcId": vpcID()}, map[string]any{"_return": true},
			[2]string{"AWS::EC2::VPC", vpcID()}, [2]string{"AWS::EC2::DHCPOptions", change.options}))
	}
	w.Denied, w.ReadOnly = []string{"license-manager-user-subscriptions:*", "ssm:SendCommand"}, true
	return w
}

// office1688 joined the domain and could not reach the activation servers: their
// group admits a subnet that is no more. It died so recently that its row, without
// VPC, subnet and groups, is still there.
func office1688() *World {
	w := office()
	w.withResolverRule(adDomain)
	w.setRules(activationGroup(), in("tcp", 1688, 1688, "10.20.99.0/24"), out("-1", -1, -1, "0.0.0.0/0"))
	i := w.dies(officeLaunch(64))
	w.adopt(i)
	w.run(Command{Instance: i.ID, Document: "AWS-RunPowerShellScript", Requested: i.Launched.Add(joined), Took: 175 * time.Second, Status: "Success",
		Stdout: joinOutput("EC2AMAZ-0V5T1KC") + "HasSucceeded : True\r\n"}, licenseManager())
	w.run(Command{Instance: i.ID, Document: "AWS-RunPowerShellScript", Requested: i.Launched.Add(retried), Took: 300 * time.Second, Status: "Failed", ResponseCode: 1,
		Stdout: "cscript //nologo OSPP.VBS /act\r\nERROR CODE: 0xC004F074\r\nERROR DESCRIPTION: The Software Licensing Service reported that the product could not be activated. No Key Management Service (KMS) could be contacted.\r\n",
		Stderr: "TcpTestSucceeded : False (port 1688)\r\n"}, licenseManager())
	return w
}

// officeTwoDirectories is peered with two VPCs that each have a registered
// directory, and has none of its own. Both domains can be resolved.
func officeTwoDirectories() *World {
	w := healthy()
	w.addLicensing()
	w.addGroup(vpcID(), "office", "Office servers", in("tcp", 3389, 3389, "10.0.0.0/8"), out("-1", -1, -1, "0.0.0.0/0"))
	private := w.RouteTables[privateTable()]
	for _, side := range []struct{ vpc, net, domain string }{{"directory-a", "10.40", "a.example.local"}, {"directory-b", "10.50", "b.example.local"}} {
		vpc := w.addVPC(side.vpc, side.net+".0.0/16", "")
		a := w.addSubnet(vpc, side.vpc+"-a", side.net+".20.0/24", zoneA)
		c := w.addSubnet(vpc, side.vpc+"-c", side.net+".21.0/24", zoneC)
		peering := id("pcx", side.vpc)
		w.Peerings[peering] = &Peering{ID: peering, Status: "active", Requester: vpcID(), Accepter: vpc}
		private.Routes = append(private.Routes, Route{To: side.net + ".0.0/16", Target: peering})
		main := w.RouteTables[id("rtb", side.vpc+"/main")]
		main.Routes = append(main.Routes, Route{To: "10.20.0.0/16", Target: peering})
		w.addDirectory(side.domain, side.vpc, a, c)
		w.addActivationEndpoint(vpc, side.vpc, "10.0.0.0/8", a, c)
		w.register(directoryID(side.domain), id("sg", "license-activation-"+side.vpc), a, c)
		w.withResolverRule(side.domain)
	}
	i := w.dies(officeLaunch(206))
	w.Licensed = append(w.Licensed, &Licensed{Instance: i.ID, Status: "TERMINATED", Products: []string{officeProduct}, Checked: i.Terminated,
		Message: "This instance's VPC is peered with multiple VPCs that each have a registered Active Directory."})
	return w
}
