package probe

import (
	"strings"
	"testing"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
)

func TestWitness(t *testing.T) {
	peer := estate.Peer{ID: "i-2", State: "running", Platform: "windows", Subnet: "subnet-a", Groups: []string{"sg-i"}, ImageID: "ami-2",
		ProfileARN: "arn:aws:iam::111111111111:instance-profile/other", Managed: true, PingStatus: "Online", LastPing: netNow().Add(-time.Minute)}
	with := func(change func(*estate.Peer)) func(*netWorld) {
		return func(w *netWorld) {
			p := peer
			change(&p)
			w.peers = append(w.peers, p)
		}
	}
	for _, c := range []struct {
		name   string
		change func(*netWorld)
		want   Outcome
	}{
		{"nobody else", func(*netWorld) {}, NotApplicable},
		{"same subnet and groups", with(func(*estate.Peer) {}), OK},
		{"itself is no witness", with(func(p *estate.Peer) { p.ID = netID }), NotApplicable},
		{"not a managed node", with(func(p *estate.Peer) { p.Managed = false }), NotApplicable},
		{"lost", with(func(p *estate.Peer) { p.PingStatus = "ConnectionLost" }), NotApplicable},
		{"an old ping", with(func(p *estate.Peer) { p.LastPing = netNow().Add(-time.Hour) }), NotApplicable},
		{"other groups", with(func(p *estate.Peer) { p.Groups = []string{"sg-i", "sg-x"} }), NotApplicable},
		{"another subnet with another ACL", with(func(p *estate.Peer) { p.Subnet = "subnet-b" }), NotApplicable},
		{"another subnet with the same table and ACL", func(w *netWorld) {
			with(func(p *estate.Peer) { p.Subnet = "subnet-c" })(w)
			w.acls[0].Subnets = append(w.acls[0].Subnets, "subnet-c")
		}, OK},
		{"the instance is Online itself", func(w *netWorld) { with(func(*estate.Peer) {})(w); w.online() }, NotApplicable},
		{"a dead instance has witnesses too", func(w *netWorld) { with(func(*estate.Peer) {})(w); w.dead() }, OK},
		{"neighbours denied", func(w *netWorld) { w.denied = []estate.Key{estate.NeighboursPart.Key(netVPC)} }, Unknown},
		{"route tables denied, and they decide", func(w *netWorld) {
			with(func(p *estate.Peer) { p.Subnet = "subnet-b" })(w)
			w.denied = []estate.Key{estate.RouteTablesPart.Key(netVPC)}
		}, Unknown},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newNetWorld()
			c.change(w)
			v := w.judge(t, "network.witness")
			if v.Outcome != c.want || !v.Say.Complete() {
				t.Errorf("%s (%s), want %s", v.Outcome, v.Say.En, c.want)
			}
		})
	}
}

func TestWitnessDifferences(t *testing.T) {
	w := newNetWorld()
	w.peers = []estate.Peer{{ID: "i-2", Subnet: "subnet-a", Groups: []string{"sg-i"}, ImageID: "ami-2", Platform: "windows",
		ProfileARN: w.instance.ProfileARN, Managed: true, PingStatus: "Online", LastPing: netNow()}}
	var seen []string
	for _, e := range w.judge(t, "network.witness").Evidence {
		seen = append(seen, e.At+" "+e.Value)
	}
	all := strings.Join(seen, "\n")
	if !strings.Contains(all, "image_id ami-2 / ami-1") || strings.Contains(all, "profile") {
		t.Errorf("differences shown:\n%s", all)
	}
}

// An instance that is Online proves its own way, also one that is not evaluated; only
// what AWS reports right now counts, and only for the service that it reports on.
func TestAnOnlineInstanceProvesItsWay(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*netWorld)
		want   Outcome
	}{
		{"both channels work", func(*netWorld) {}, OK},
		{"the session channel does not", func(w *netWorld) { w.connection = "notconnected" }, Unknown},
		{"an old ping", func(w *netWorld) { w.node.LastPing = netNow().Add(-time.Hour) }, Unknown},
		{"the connection was lost", func(w *netWorld) { w.node.PingStatus = "ConnectionLost" }, Unknown},
		{"never registered", func(w *netWorld) { w.node = nil }, Unknown},
		{"an agent that needs ec2messages", func(w *netWorld) { w.node.AgentVersion = "3.0.1.0" }, Unknown},
		{"the node may not be read", func(w *netWorld) { w.denied = []estate.Key{estate.ManagedNodePart.Key(netID)} }, Unknown},
		{"the route tables may not be read", func(w *netWorld) { w.denied = []estate.Key{estate.RouteTablesPart.Key(netVPC)} }, Unknown},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newNetWorld()
			w.endpoints, w.connection = nil, "connected"
			w.route("tgw-1", "active")
			w.online()
			c.change(w)
			for _, id := range []string{"endpoint.presence", "network.routes", "network.acls"} {
				v := w.judge(t, id)
				if v.Outcome != c.want || len(v.Findings) > 0 || !v.Say.Complete() {
					t.Errorf("%s: %s (%s), want %s", id, v.Outcome, v.Say.En, c.want)
				}
				if c.want == OK && (len(v.Whys) > 0 || !strings.Contains(v.Say.En, "AWS reports it working right now: ssm, ssmmessages")) {
					t.Errorf("%s: %s, open %v", id, v.Say.En, v.Whys)
				}
			}
		})
	}
}

// What worked before a change of the routes is no witness for what comes after it.
func TestAnOnlineInstanceProvesNothingOfAPlannedChange(t *testing.T) {
	w := newNetWorld()
	w.endpoints, w.connection = nil, "connected"
	w.route("tgw-1", "active")
	w.online()
	e := w.estate()
	e.Put(estate.ManagedNodePart.Unknown(netID, fact.Why{Reason: fact.AfterFix, Detail: "Online"}))
	e.Put(estate.ConnectionPart.Unknown(netID, fact.Why{Reason: fact.AfterFix, Detail: "connected"}))
	if v := netProbe(t, "network.routes").Judge(estate.NewView(e)); v.Outcome != Unknown {
		t.Errorf("%s (%s)", v.Outcome, v.Say.En)
	}
}
