package probe

import (
	"testing"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
)

// ssmNode replaces Systems Manager's row.
func ssmNode(change func(*estate.ManagedNode)) func(*estate.Estate) {
	return func(e *estate.Estate) {
		n := estate.ManagedNode{ID: iamInstance, PingStatus: "Online", LastPing: iamNow().Add(-time.Minute), AgentVersion: "3.3.987.0"}
		change(&n)
		iamKnown(e, estate.ManagedNodePart, iamInstance, n)
	}
}

func ssmNoRow(e *estate.Estate) { iamAbsent(e, estate.ManagedNodePart, iamInstance) }

func ssmStopped(e *estate.Estate) {
	iamInstanceIs(e, func(i *estate.Instance) { i.State = "stopped" })
	ssmNoRow(e)
}

func ssmNeverWas(e *estate.Estate) {
	iamAbsent(e, estate.InstancePart, iamInstance)
	iamKnown(e, estate.TrailPart, instanceQuery(iamInstance).String(), estate.Trail{Complete: true})
	ssmNoRow(e)
}

func TestRegistration(t *testing.T) {
	iamRun(t, "ssm.registration", []iamCase{
		{"online", func(*estate.Estate) {}, OK, "", ""},
		{"lost", ssmNode(func(n *estate.ManagedNode) { n.PingStatus = "ConnectionLost" }), Problem, "ssm.connection-lost@" + iamInstance, ""},
		{"lost, and started again just now", func(e *estate.Estate) {
			ssmNode(func(n *estate.ManagedNode) { n.PingStatus = "ConnectionLost" })(e)
			iamInstanceIs(e, func(i *estate.Instance) { i.LaunchTime = iamNow().Add(-4 * time.Minute) })
		}, Unknown, "", "too-early"},
		{"inactive", ssmNode(func(n *estate.ManagedNode) { n.PingStatus = "Inactive" }), Problem, "ssm.connection-lost@" + iamInstance, ""},
		{"online, pings overdue", ssmNode(func(n *estate.ManagedNode) { n.LastPing = iamNow().Add(-16 * time.Minute) }), Unknown, "", "too-early"},
		{"online, no time", ssmNode(func(n *estate.ManagedNode) { n.LastPing = time.Time{} }), Unknown, "", "not-recorded"},
		{"no row", ssmNoRow, Problem, "ssm.not-registered@" + iamInstance, ""},
		{"no row, just started", func(e *estate.Estate) {
			ssmNoRow(e)
			iamInstanceIs(e, func(i *estate.Instance) { i.LaunchTime = iamNow().Add(-14 * time.Minute) })
		}, Unknown, "", "too-early"},
		{"no row, starting", func(e *estate.Estate) {
			ssmNoRow(e)
			iamInstanceIs(e, func(i *estate.Instance) { i.State = "pending" })
		}, Unknown, "", "too-early"},
		{"stopped", ssmStopped, NotApplicable, "", ""},
		{"dead", iamDead, NotApplicable, "", ""},
		{"dead, trail denied", func(e *estate.Estate) {
			iamDead(e)
			iamDeny(e, estate.TrailPart, instanceQuery(iamInstance).String())
		}, NotApplicable, "", ""},
		{"never was", ssmNeverWas, Unknown, "", "blocked-by"},
		{"denied", func(e *estate.Estate) { iamDeny(e, estate.ManagedNodePart, iamInstance) }, Unknown, "", "denied"},
		{"instance denied", func(e *estate.Estate) { iamDeny(e, estate.InstancePart, iamInstance) }, Unknown, "", "denied"},
	})
}

func TestTooEarlySaysUntilWhen(t *testing.T) {
	e := iamEstate()
	ssmNoRow(e)
	started := iamNow().Add(-4 * time.Minute)
	iamInstanceIs(e, func(i *estate.Instance) { i.LaunchTime = started })
	got := iamJudge(t, e, "ssm.registration")
	if want := started.Add(15 * time.Minute); len(got.Whys) != 1 || !got.Whys[0].Until.Equal(want) {
		t.Errorf("got %+v, want until %s", got.Whys, want)
	}
}

func TestChannel(t *testing.T) {
	status := func(s string) func(*estate.Estate) {
		return func(e *estate.Estate) {
			iamKnown(e, estate.ConnectionPart, iamInstance, estate.Connection{Status: s})
		}
	}
	iamRun(t, "ssm.channel", []iamCase{
		{"connected", func(*estate.Estate) {}, OK, "", ""},
		{"as another SDK writes it", status("Connected"), OK, "", ""},
		{"not connected", status("notconnected"), Problem, "ssm.session-channel-down@" + iamInstance, ""},
		{"a new word", status("half"), Unknown, "", "not-modelled"},
		{"denied", func(e *estate.Estate) { iamDeny(e, estate.ConnectionPart, iamInstance) }, Unknown, "", "denied"},
		{"not registered", ssmNoRow, Unknown, "", "blocked-by"},
		{"lost", ssmNode(func(n *estate.ManagedNode) { n.PingStatus = "ConnectionLost" }), Unknown, "", "blocked-by"},
		{"dead", iamDead, NotApplicable, "", ""},
		{"stopped", ssmStopped, NotApplicable, "", ""},
	})
	e := iamEstate()
	ssmNoRow(e)
	e.Remove(estate.ConnectionPart.Key(iamInstance))
	view := estate.NewView(e)
	judgeChannel(view)
	if len(view.Wanted()) != 0 {
		t.Errorf("asks for %v of an instance that is not registered", view.Wanted())
	}
}

func TestAgent(t *testing.T) {
	old := ssmNode(func(n *estate.ManagedNode) { n.AgentVersion, n.PingStatus = "3.2.419.0", "ConnectionLost" })
	image := func(created time.Time) func(*estate.Estate) {
		return func(e *estate.Estate) {
			ssmNoRow(e)
			iamKnown(e, estate.ImagePart, "ami-1", estate.Image{ID: "ami-1", Created: created})
		}
	}
	iamRun(t, "ssm.agent", []iamCase{
		{"new", func(*estate.Estate) {}, OK, "", ""},
		{"old, with a profile", old, OK, "", ""},
		{"old, host management the only way", func(e *estate.Estate) { iamNoProfile(e); iamHostOn(e); old(e) }, Problem, "ssm.agent-outdated@" + iamInstance, ""},
		{"old, but it answers right now", func(e *estate.Estate) {
			iamNoProfile(e)
			iamHostOn(e)
			ssmNode(func(n *estate.ManagedNode) { n.AgentVersion = "3.2.419.0" })(e)
		}, OK, "", ""},
		{"old, no way at all", func(e *estate.Estate) { iamNoProfile(e); old(e) }, OK, "", ""},
		{"old, host management denied", func(e *estate.Estate) { iamNoProfile(e); iamDeny(e, estate.HostMgmtPart, ""); old(e) }, Unknown, "", "denied"},
		{"by a new image", image(iamNow().AddDate(0, -1, 0)), OK, "", ""},
		{"by an old image", image(iamNow().AddDate(-5, 0, 0)), Unknown, "", "needs-guest"},
		{"image gone", func(e *estate.Estate) { ssmNoRow(e); iamAbsent(e, estate.ImagePart, "ami-1") }, Unknown, "", "not-visible"},
		{"nonsense", ssmNode(func(n *estate.ManagedNode) { n.AgentVersion = "latest" }), Unknown, "", "not-recorded"},
		{"dead", iamDead, NotApplicable, "", ""},
	})
}

func TestAgentAtLeast(t *testing.T) {
	tests := []struct {
		a            agent
		version      string
		newer, known bool
	}{
		{agent{Version: "3.3.40.0", Known: true}, "3.3.40.0", true, true},
		{agent{Version: "3.10.0.0", Known: true}, "3.3.40.0", true, true},
		{agent{Version: "3.3.4.0", Known: true}, "3.3.40.0", false, true},
		{agent{Version: "3.3", Known: true}, "3.3.0.0", true, true},
		{agent{Version: "3.3.40.0", Known: true, Estimated: true}, "3.2.582.0", true, true},
		{agent{Version: "3.3.40.0", Known: true, Estimated: true}, "3.3.500.0", false, false},
		{agent{}, "1", false, false},
		{agent{Version: "x", Known: true}, "1", false, false},
	}
	for _, tt := range tests {
		if newer, known := tt.a.AtLeast(tt.version); newer != tt.newer || known != tt.known {
			t.Errorf("%+v at least %s: got %v, %v", tt.a, tt.version, newer, known)
		}
	}
}

func TestMetadataService(t *testing.T) {
	options := func(m estate.MetadataOptions) func(*estate.Estate) {
		return func(e *estate.Estate) { iamInstanceIs(e, func(i *estate.Instance) { i.Metadata = m }) }
	}
	iamRun(t, "imds.endpoint", []iamCase{
		{"enabled", func(*estate.Estate) {}, OK, "", ""},
		{"disabled", options(estate.MetadataOptions{Endpoint: "disabled", State: "applied"}), Problem, "imds.disabled@" + iamInstance, ""},
		{"changing", options(estate.MetadataOptions{Endpoint: "disabled", State: "pending"}), Unknown, "", "too-early"},
		{"not said", options(estate.MetadataOptions{}), Unknown, "", "not-recorded"},
		{"denied", func(e *estate.Estate) { iamDeny(e, estate.InstancePart, iamInstance) }, Unknown, "", string(fact.Denied)},
		{"dead", iamDead, OK, "", ""},
	})
}
