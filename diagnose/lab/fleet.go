package lab

import (
	"fmt"
	"strings"
	"time"

	"github.com/monshin/monshin/diagnose/lab/windows"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/runbook"
)

// Fleets lists the scenarios that hold many instances and no single one to look at.
// They are for `monshin fleet`, and are generated: the same instances in every run.
func Fleets() []Scenario {
	var out []Scenario
	for _, n := range []int{1000, 10000} {
		out = append(out, Scenario{
			Name: fmt.Sprintf("fleet-%d", n), Symptom: runbook.Cloned,
			Region: region, Account: account, Now: now(),
			Title: lang.Both("%d servers, some of them copies of each other", "%d 台のサーバー（一部は Sysprep 未実施の複製）").With(n),
			Lesson: lang.Both(
				"Which servers are copies, which of those Windows blocks, and how many could not be asked: monshin fleet clones --guest.",
				"複製されたサーバー、そのうち認証がブロックされる範囲、確認できなかった台数を monshin fleet clones --guest で確認できます。"),
			build: func() *World { return manyServers(n) }, operations: fleetOperations,
		})
	}
	return out
}

// fleetPart is what a generated fleet holds beside its instances.
type fleetPart struct {
	// refuses are the instances whose node refuses Run Command (AccessDenied).
	refuses map[string]bool
	// ids and nodes are the ids of the instances and of the managed nodes, in order.
	// Lists of some hundred pages would sort them for every page.
	ids, nodes []string
	// sent are the invocations by command, looks how often each command was looked at.
	sent  map[string][]*Command
	looks map[string]int
	// untagged are instances whose tags Run Command does not know yet, hybrid a node
	// outside of EC2 with the tags that it has.
	untagged map[string]bool
	hybrid   string
	tags     map[string]string
}

// cloneSets are the groups of copies among each thousand servers.
var cloneSets = []struct {
	name    string
	release windows.Release
	// ubr overrides the release's update level where it is not 0.
	ubr, members int
	// renamed says that each copy was given a name of its own.
	renamed bool
}{
	{"WEB", 2016, 0, 4, false},
	{"BATCH", 2019, 0, 6, true},
	{"APP", 2022, 0, 9, false},
	{"VDI", 2025, 0, 12, true},
	// Windows Server 2025 as it came out, without the updates that block.
	{"OLD", 2025, 1742, 3, false},
}

// manyServers is an account with n servers beside those of the common estate.
func manyServers(n int) *World {
	w := healthy()
	w.fleet = fleetPart{refuses: map[string]bool{}, sent: map[string][]*Command{}, looks: map[string]int{}, untagged: map[string]bool{},
		hybrid: "m" + id("i", "fleet/datacenter"), tags: map[string]string{"system": "sys-09"}}
	vpc := w.addVPC("fleet", "10.128.0.0/16", "")
	group := w.addGroup(vpc, "fleet", "Servers", in("tcp", 3389, 3389, "10.0.0.0/8"), out("-1", -1, -1, "0.0.0.0/0"))
	golden := w.ownImage("server-golden-20260801")
	g := &generator{World: w, vpc: vpc, group: group}
	for k := range n / 1000 {
		for _, set := range cloneSets {
			g.copies(fmt.Sprintf("%s%02d", set.name, k), set.release, set.ubr, set.members, set.renamed)
		}
	}
	releases := []windows.Release{2016, 2019, 2022, 2025}
	for k := 0; g.made < n; k++ {
		name := fmt.Sprintf("SRV-%05d", k)
		image := id("ami", windowsAMI)
		if k%3 == 0 {
			image = golden
		}
		launched := w.Now.Add(-time.Duration(24+k%2000) * time.Hour)
		i := g.instance(name, image, launched)
		if k%50 == 7 { // Linux runs no Windows
			continue
		}
		host := windows.Launched(releases[k%len(releases)], "EC2AMAZ-"+g.suffix(name), windows.Japanese, launched, w.router(i.Subnet), []string{"AmazonProvidedDNS"}, region+".compute.internal")
		i.Windows = host
		node := g.node(i)
		switch {
		case k%40 == 3:
			i.State = "stopped"
		case k%33 == 5:
			node.Ping, node.LastPing = "ConnectionLost", w.Now.Add(-50*time.Hour)
		case k%100 == 9:
			delete(w.Nodes, i.ID)
		case k%200 == 11:
			host.Controller = true
			host.Join("corp.example.local", windows.SID("corp.example.local"))
		case k%125 == 13:
			w.fleet.refuses[i.ID] = true
		case i.Tags["system"] == "sys-09" && k%100 == 15:
			w.fleet.untagged[i.ID] = true
		}
	}
	w.fleet.ids = sortedKeys(w.Instances)
	for _, i := range w.fleet.ids {
		if w.node(i) != nil {
			w.fleet.nodes = append(w.fleet.nodes, i)
		}
	}
	return w
}

// generator makes many instances without their history, which nobody asks a fleet for.
type generator struct {
	*World
	vpc, group string
	made       int
}

// perSubnet is how many servers a subnet holds.
const perSubnet = 250

func (g *generator) instance(name, image string, launched time.Time) *Instance {
	number, host := g.made/perSubnet, g.made%perSubnet+4
	subnet := id("subnet", fmt.Sprintf("fleet-%03d", number))
	if g.Subnets[subnet] == nil {
		zone := zoneA
		if number%2 == 1 {
			zone = zoneC
		}
		g.addSubnet(g.vpc, fmt.Sprintf("fleet-%03d", number), fmt.Sprintf("10.128.%d.0/24", number), zone)
	}
	profile := g.Profiles[commonRole]
	i := &Instance{
		ID: id("i", "fleet/"+name), Name: name, Type: "m6i.large", Image: image, Key: "ops-key",
		Tags:   map[string]string{"env": "prod", "system": fmt.Sprintf("sys-%02d", g.made%20)},
		Subnet: subnet, Interface: id("eni", "fleet/"+name), IP: g.address(subnet, fmt.Sprint(host)), Groups: []string{g.group},
		Launched: launched, State: "running", Volume: id("vol", "fleet/"+name), PasswordData: "bGFi",
		Profile: profile.Name, ProfileID: profile.ID, Association: id("iip-assoc", "fleet/"+name),
	}
	g.made++
	g.Instances[i.ID] = i
	return i
}

func (g *generator) suffix(name string) string { return strings.ToUpper(digits("computer/"+name, 7)) }

func (g *generator) node(i *Instance) *Node {
	n := &Node{
		Instance: i.ID, Ping: "Online", Agent: agentVersion, Computer: i.Windows.Name, IP: i.IP,
		Platform: "Microsoft Windows Server Datacenter", PlatformVersion: fmt.Sprintf("10.0.%d", i.Windows.Build),
		LastPing: g.Now.Add(-2 * time.Minute), Registered: i.Launched.Add(6 * time.Minute), Connected: true,
	}
	g.Nodes[i.ID] = n
	return n
}

func (w *World) ownImage(name string) string {
	image := id("ami", name)
	w.Images[image] = &Image{ID: image, Name: name, Created: time.Date(2026, 8, 1, 3, 0, 0, 0, time.UTC),
		SourceInstance: id("i", "TEMPLATE/"+name), SourceImage: id("ami", windowsAMI)}
	return image
}

// copies makes a group of servers of one image that was taken without Sysprep.
func (g *generator) copies(name string, release windows.Release, ubr, members int, renamed bool) {
	image := g.ownImage("app-" + name)
	born := time.Date(2026, 7, 20, 5, 0, 0, 0, time.UTC)
	lease, suffix := []string{"AmazonProvidedDNS"}, region+".compute.internal"
	template := windows.Launched(release, "TEMPLATE-"+name, windows.Japanese, born, "10.128.0.1", lease, suffix)
	if ubr != 0 {
		template.UBR = ubr
	}
	for k := range members {
		launched := time.Date(2026, 8, 3, 1, k, 0, 0, time.UTC)
		server := fmt.Sprintf("%s-%02d", name, k)
		i := g.instance(server, image, launched)
		i.Windows = template.Copied(launched, g.router(i.Subnet), lease, suffix)
		if renamed {
			i.Windows.Rename(server)
		}
		g.node(i)
	}
}
