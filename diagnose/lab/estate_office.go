package lab

import (
	"fmt"
	"time"

	"github.com/monshin/monshin/diagnose/lab/windows"
)

// Names of License Manager's world.
const (
	officeProduct     = "OFFICE_PROFESSIONAL_PLUS"
	remoteProduct     = "REMOTE_DESKTOP_SERVICES"
	officeProductCode = "77yzkpa7kvee1y1tt7wnsdwoc" // Office LTSC Professional Plus (domain.md §5.1)
	adDomain          = "corp.example.local"
	dead, living      = "OFFICE-03", "OFFICE-01"
)

// PlantedSecret stands in the output of one of License Manager's commands, as an
// argument of a PowerShell line. Nothing of monshin may ever show or keep it.
const PlantedSecret = "Fuji-Yama-7731!"

func officeID(name string) string  { return id("i", name) }
func officeGroup() string          { return id("sg", "office") }
func activationGroup() string      { return id("sg", "license-activation") }
func controllers(d string) string  { return id("sg", d+"_controllers") }
func directoryCorp() string        { return directoryID(adDomain) }
func officeLaunch(n int) time.Time { return now().Add(-time.Duration(n) * time.Minute) }

// office is the common estate with a Managed Microsoft AD in the same VPC that is
// registered with License Manager for Office and for Remote Desktop Services. Its
// domain is not resolvable from the VPC yet: see withResolverRule.
func office() *World {
	w := healthy()
	a := w.addSubnet(vpcID(), "prod-ad-a", "10.20.20.0/24", zoneA)
	c := w.addSubnet(vpcID(), "prod-ad-c", "10.20.21.0/24", zoneC)
	table := w.RouteTables[privateTable()]
	table.Subnets = append(table.Subnets, a, c)
	w.addGroup(vpcID(), "office", "Office servers", in("tcp", 3389, 3389, "10.0.0.0/8"), out("-1", -1, -1, "0.0.0.0/0"))
	w.addLicensing()
	w.addDirectory(adDomain, mainVPC, a, c)
	w.register(directoryCorp(), activationGroup(), endpointA(), endpointC())
	w.addActivationEndpoint(vpcID(), mainVPC, "10.20.0.0/16", endpointA(), endpointC())
	return w
}

// addLicensing makes what the account needs for user-based subscriptions: the
// service-linked role and the image of the Marketplace.
func (w *World) addLicensing() {
	w.Roles[licenseManagerRole] = &Role{Name: licenseManagerRole, Path: "/aws-service-role/" + licenseManagerService + "/", ID: iamID("AROA", licenseManagerRole),
		Trust: trust(licenseManagerService), Inline: map[string]string{}, Created: w.Now.AddDate(0, -3, 0)}
	image := id("ami", officeAMI)
	w.Images[image] = &Image{ID: image, Name: officeAMI, Owner: marketplaceOwner, Alias: "aws-marketplace", Created: time.Date(2026, 9, 16, 18, 30, 2, 0, time.UTC),
		ProductCodes: []string{officeProductCode}}
}

// addDirectory makes a Managed Microsoft AD with a controller in each of two
// subnets, its group as AWS makes it, and its interfaces.
func (w *World) addDirectory(domain, vpc, a, c string) {
	d := directoryID(domain)
	group := controllers(d)
	w.Groups[group] = &Group{ID: group, VPC: id("vpc", vpc), Name: d + "_controllers", Description: "AWS created security group for " + d + " directory controllers"}
	rules := []Rule{in("-1", -1, -1, group), out("-1", -1, -1, "0.0.0.0/0")}
	for _, port := range []int32{53, 88, 389, 464} {
		rules = append(rules, in("tcp", port, port, "0.0.0.0/0"), in("udp", port, port, "0.0.0.0/0"))
	}
	for _, port := range []int32{135, 445, 636, 9389} {
		rules = append(rules, in("tcp", port, port, "0.0.0.0/0"))
	}
	rules = append(rules, in("udp", 123, 123, "0.0.0.0/0"), in("tcp", 3268, 3269, "0.0.0.0/0"), in("tcp", 1024, 65535, "0.0.0.0/0"))
	w.setRules(group, rules...)
	dir := &Directory{ID: d, Name: domain, Short: "CORP", Type: "MicrosoftAD", Stage: "Active", VPC: id("vpc", vpc), Group: group,
		Subnets: []string{a, c}, Launched: w.Now.AddDate(0, -4, 0)}
	for _, s := range dir.Subnets {
		ip := w.address(s, "10")
		dir.DNS = append(dir.DNS, ip)
		dir.Controllers = append(dir.Controllers, Controller{ID: "dc-9" + digits(d+s, 9), IP: ip, Status: "Active", Subnet: s})
		w.addInterface("AWS created network interface for directory "+d, s, "10", group)
	}
	w.Directories[d] = dir
}

func (w *World) addInterface(description, subnet, host, group string) {
	eni := id("eni", description+subnet)
	w.Interfaces[eni] = &Interface{ID: eni, Subnet: subnet, IP: w.address(subnet, host), Type: "interface", Description: description, Status: "in-use",
		Requester: "AWS", Groups: []string{group}}
}

// register registers a directory with License Manager for both products. License
// Manager then has two interfaces, with the default group of the directory's VPC.
func (w *World) register(directory, group string, subnets ...string) {
	d := w.Directories[directory]
	for _, product := range []string{officeProduct, remoteProduct} {
		w.Providers = append(w.Providers, &Provider{Directory: directory, Product: product, Status: "REGISTERED", Group: group, Subnets: subnets})
	}
	name := w.VPCs[d.VPC].Name
	for _, s := range d.Subnets {
		w.addInterface("AWS created network interface for LicenseManager "+directory, s, "20", defaultGroup(name))
	}
	e := at(w.Now.AddDate(0, 0, -61), "RegisterIdentityProvider", person("OpsAdmin", "yamada"), map[string]any{
		"identityProvider": map[string]any{"activeDirectoryIdentityProvider": map[string]any{"directoryId": directory}}, "product": officeProduct,
	}, nil, [2]string{"AWS::DirectoryService::Directory", directory})
	e.Source = licenseManagerService
	w.Events = append(w.Events, e)
	w.LicenseServers = append(w.LicenseServers, &LicenseServer{ID: "lse-" + digits(directory, 17), Directory: directory, Provisioning: "PROVISIONED",
		Address: "rds-license." + d.Name, Servers: [][2]string{{w.address(d.Subnets[0], "30"), "HEALTHY"}, {w.address(d.Subnets[1], "30"), "HEALTHY"}}})
}

// addActivationEndpoint makes License Manager's endpoint for the activation
// servers of Office. Its service name is not documented (domain.md §5.2).
func (w *World) addActivationEndpoint(vpc, name, from string, subnets ...string) {
	suffix := "license-activation"
	if name != mainVPC {
		suffix += "-" + name
	}
	group := w.addGroup(vpc, suffix, "License Manager activation", in("tcp", 1688, 1688, from), out("-1", -1, -1, "0.0.0.0/0"))
	e := w.addEndpoint(vpc, suffix, group, "40", subnets...)
	e.Service = "com.amazonaws.vpce." + region + "." + id("vpce-svc", "license-activation")
	e.PrivateDNS, e.Managed = false, true
	e.DNSNames = e.DNSNames[:1]
}

// withResolverRule forwards a domain of a directory from the main VPC to its controllers.
func (w *World) withResolverRule(domain string) {
	d := w.Directories[directoryID(domain)]
	endpoint := resolverID("rslvr-out", mainVPC)
	if w.ResolverEndpoints[endpoint] == nil {
		group := w.addGroup(vpcID(), "resolver-outbound", "Resolver outbound", out("tcp", 53, 53, "10.0.0.0/8"), out("udp", 53, 53, "10.0.0.0/8"))
		w.ResolverEndpoints[endpoint] = &ResolverEndpoint{ID: endpoint, Name: "ad-outbound", Direction: "OUTBOUND", Status: "OPERATIONAL", VPC: vpcID(), Groups: []string{group}, IPs: 2}
	}
	rule := resolverID("rslvr-rr", domain)
	w.ResolverRules[rule] = &ResolverRule{ID: rule, Name: "ad-" + d.ID, Type: "FORWARD", Domain: domain + ".", Endpoint: endpoint, Targets: append([]string(nil), d.DNS...)}
	association := resolverID("rslvr-rrassoc", domain)
	w.ResolverAssociations[association] = &ResolverAssociation{ID: association, Name: "ad-" + d.ID, Rule: rule, VPC: vpcID(), Status: "COMPLETE"}
}

// addOffice launches an Office instance that License Manager then adopts.
func (w *World) addOffice(name, host string, launched time.Time) *Instance {
	return w.addInstance(machine{name: name, subnet: appSubnet(), host: host, group: officeGroup(), role: commonRole, image: id("ami", officeAMI), launched: launched,
		productCodes: []string{officeProductCode}})
}

// officeRunning is an Office instance in good order, with two users.
func officeRunning() *World {
	w := office()
	w.withResolverRule(adDomain)
	launched := time.Date(2026, 11, 14, 3, 20, 40, 0, time.UTC)
	i := w.addOffice(living, "31", launched)
	i.Tags["AWSLicenseManager"] = "UserSubscriptions"
	i.Windows.Join(adDomain, windows.SID("domain/"+adDomain))
	i.Windows.Products = append(i.Windows.Products, w.officeProduct())
	w.Events = append(w.Events, tagEvent(launched.Add(100*time.Second), i.ID))
	w.run(Command{Instance: i.ID, Document: "AWS-RunPowerShellScript", Requested: launched.Add(8 * time.Minute), Took: 190 * time.Second, Status: "Success",
		Stdout: joinOutput("EC2AMAZ-OFF0001") + "HasSucceeded : True\r\n"}, licenseManager())
	w.Licensed = append(w.Licensed, &Licensed{Instance: i.ID, Status: "ACTIVATED", Products: []string{officeProduct}, Directory: directoryCorp(), Checked: w.Now.Add(-40 * time.Minute)})
	for _, user := range []string{"sato", "ito"} {
		w.subscribe(user, officeProduct)
		w.subscribe(user, remoteProduct)
		w.Associations = append(w.Associations, &Association{User: user, Domain: adDomain, Directory: directoryCorp(), Instance: i.ID, Status: "ASSOCIATED", Since: launched.Add(time.Hour)})
	}
	return w
}

// officeProduct is the Office of License Manager's image, which asks the activation
// endpoint for its licence.
func (w *World) officeProduct() windows.Product {
	return officeKMS(w.Interfaces[w.Endpoints[id("vpce", vpcID()+"license-activation")].Interfaces[0]].IP)
}

func officeKMS(host string) windows.Product {
	return windows.Product{
		Name: "Office 24, Office24ProPlus2024VL_KMS_Client_AE edition", Channel: "Office 24, VOLUME_KMSCLIENT channel",
		Application: windows.OfficeApplication, KMS: true, PartialKey: "6F7TH", Host: host, Port: 1688,
	}
}

func (w *World) subscribe(user, product string) {
	w.Subscriptions = append(w.Subscriptions, &Subscription{User: user, Domain: adDomain, Directory: directoryCorp(), Product: product, Status: "SUBSCRIBED",
		Started: w.Now.AddDate(0, -1, -3)})
}

// joinOutput is what License Manager's script prints before it tries the domain.
func joinOutput(computer string) string {
	return fmt.Sprintf("Computer name: %s\r\nDomain: %s\r\nAdd-Computer -DomainName %s -Credential CORP\\svc-lm -Password '%s' -Force\r\n", computer, adDomain, adDomain, PlantedSecret)
}

// joinError is PowerShell's error where the domain's name leads nowhere.
func joinError(computer string) string {
	return "Add-Computer : Computer '" + computer + "' failed to join domain '" + adDomain + "' from its current workgroup 'WORKGROUP' with following error message: " +
		"The specified domain either does not exist or could not be contacted.\r\n" +
		"At C:\\ProgramData\\Amazon\\SSM\\InstanceData\\document\\orchestration\\_script.ps1:41 char:5\r\n" +
		"    + CategoryInfo          : OperationStopped: (" + computer + ":String) [Add-Computer], InvalidOperationException\r\n" +
		"    + FullyQualifiedErrorId : FailToJoinDomainFromWorkgroup,Microsoft.PowerShell.Commands.AddComputerCommand\r\n"
}
