package fleet

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/walk"
)

var tokyo = Place{Account: "111122223333", Region: "ap-northeast-1"}

// server is a running, online Windows of tokyo.
func server(id string, change func(*Member)) *Member {
	m := &Member{
		Place: tokyo, ID: id,
		Instance: fact.Known(estate.Instance{ID: id, State: "running", Platform: "windows", ImageID: "ami-own"}, fact.Origin{}),
		Node:     fact.Known(estate.ManagedNode{ID: id, PingStatus: "Online", ComputerName: id}, fact.Origin{}),
		Identity: fact.Unknown[estate.GuestIdentity](notAsked()),
	}
	if change != nil {
		change(m)
	}
	return m
}

// told is a server whose Windows told its SID.
func told(id, sid string, build, ubr int) *Member {
	return server(id, func(m *Member) {
		m.Identity = fact.Known(estate.GuestIdentity{Host: id, MachineSID: sid, Build: build, UBR: ubr, Role: 3}, fact.Origin{})
	})
}

func ownImage() map[imageKey]fact.Of[estate.Image] {
	return map[imageKey]fact.Of[estate.Image]{{tokyo, "ami-own"}: fact.Known(estate.Image{ID: "ami-own", OwnerID: tokyo.Account}, fact.Origin{})}
}

func TestStandings(t *testing.T) {
	state := func(s string) func(*Member) {
		return func(m *Member) {
			m.Instance = fact.Known(estate.Instance{State: s, Platform: "windows"}, fact.Origin{})
		}
	}
	for want, m := range map[Standing]*Member{
		Answered:   told("i-1", "S", 20348, 1),
		Online:     server("i-1", nil),
		Unread:     server("i-1", func(m *Member) { m.Identity = fact.Unknown[estate.GuestIdentity](fact.Why{Reason: fact.Timeout}) }),
		Offline:    server("i-1", func(m *Member) { m.Node = fact.Known(estate.ManagedNode{PingStatus: "ConnectionLost"}, fact.Origin{}) }),
		Unmanaged:  server("i-1", func(m *Member) { m.Node = fact.Absent[estate.ManagedNode](fact.Origin{}) }),
		Stopped:    server("i-1", state("stopped")),
		Terminated: server("i-1", state("terminated")),
		Linux:      server("i-1", func(m *Member) { m.Instance = fact.Known(estate.Instance{State: "running"}, fact.Origin{}) }),
		Controller: server("i-1", func(m *Member) { m.Identity = fact.Known(estate.GuestIdentity{Role: 5}, fact.Origin{}) }),
		Missing:    server("i-1", func(m *Member) { m.Instance = fact.Absent[estate.Instance](fact.Origin{}) }),
		Denied:     server("i-1", func(m *Member) { m.Identity = fact.Unknown[estate.GuestIdentity](fact.Why{Reason: fact.Denied}) }),
	} {
		if got := m.Standing(); got != want {
			t.Errorf("standing %s, want %s", got, want)
		}
		if !want.Text().Complete() {
			t.Errorf("%s has no words", want)
		}
	}
}

func TestGroups(t *testing.T) {
	wsus := func(m *Member, id string) *Member {
		i := m.Identity.Value()
		i.SusClientID = id
		m.Identity = fact.Known(i, fact.Origin{})
		return m
	}
	named := func(id, name string) *Member {
		return server(id, func(m *Member) {
			m.Node = fact.Known(estate.ManagedNode{ID: id, PingStatus: "Online", ComputerName: name}, fact.Origin{})
		})
	}
	controller := func(id string) *Member {
		return server(id, func(m *Member) {
			m.Identity = fact.Known(estate.GuestIdentity{Host: id, Role: 5, Build: 26100, UBR: 7171}, fact.Origin{})
		})
	}
	for name, c := range map[string]struct {
		members []*Member
		images  map[imageKey]fact.Of[estate.Image]
		want    []string
		exit    int
	}{
		"older builds are a risk":         {[]*Member{told("a", "S", 20348, 4405), told("b", "S", 14393, 1)}, nil, []string{"machine-sid S warning 2 blocking 0"}, 1},
		"one hardened member blocks":      {[]*Member{told("a", "S", 26100, 5074), told("b", "S", 20348, 1)}, nil, []string{"machine-sid S error 2 blocking 1"}, 1},
		"2025 before the updates":         {[]*Member{told("a", "S", 26100, 5073), told("b", "S", 26100, 1742)}, nil, []string{"machine-sid S warning 2 blocking 0"}, 1},
		"later builds":                    {[]*Member{told("a", "S", 26200, 1), told("b", "S", 26200, 1)}, nil, []string{"machine-sid S error 2 blocking 2"}, 1},
		"unique":                          {[]*Member{told("a", "S1", 26100, 7171), told("b", "S2", 26100, 7171)}, ownImage(), nil, 0},
		"controllers have none":           {[]*Member{controller("a"), controller("b")}, nil, nil, 0},
		"equal names":                     {[]*Member{named("a", "TEMPLATE"), named("b", "template.corp.example.local")}, nil, []string{"computer-name TEMPLATE warning 2 blocking 0"}, 1},
		"an image of the account's own":   {[]*Member{named("a", "A"), named("b", "B")}, ownImage(), []string{"image ami-own info 2 blocking 0"}, 3},
		"an image of AWS":                 {[]*Member{named("a", "A"), named("b", "B")}, map[imageKey]fact.Of[estate.Image]{{tokyo, "ami-own"}: fact.Known(estate.Image{OwnerAlias: "amazon", OwnerID: "801119661308"}, fact.Origin{})}, nil, 3},
		"WSUS of copies goes with them":   {[]*Member{wsus(told("a", "S", 20348, 1), "W"), wsus(told("b", "S", 20348, 1), "w")}, nil, []string{"machine-sid S warning 2 blocking 0 wsus w"}, 1},
		"WSUS of others stands by itself": {[]*Member{wsus(told("a", "S1", 20348, 1), "W"), wsus(told("b", "S2", 20348, 1), "W")}, nil, []string{"wsus-id w warning 2 blocking 0"}, 1},
		"names of different SIDs are no suspect": {[]*Member{told("x", "S1", 20348, 1), func() *Member {
			m := told("y", "S2", 20348, 1)
			i := m.Identity.Value()
			i.Host = "X"
			m.Identity = fact.Known(i, fact.Origin{})
			return m
		}()}, nil, nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			clones := &Clones{Report: Report{Complete: true, Members: c.members}, Groups: judgeClones(c.members, c.images)}
			var got []string
			for _, g := range clones.Groups {
				s := fmt.Sprintf("%s %s %s %d blocking %d", g.Kind, g.Value, g.Severity, len(g.Members), len(g.Blocking))
				if g.WSUS != "" {
					s += " wsus " + g.WSUS
				}
				got = append(got, s)
				for _, text := range append([]lang.Text{g.Title(), g.Verdict(), g.Ticket()}, g.Do()...) {
					if !text.Complete() {
						t.Errorf("%s lacks words: %+v", g.Kind, text)
					}
				}
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("groups (-want +got):\n%s", d)
			}
			if clones.Exit() != c.exit {
				t.Errorf("exit %d, want %d", clones.Exit(), c.exit)
			}
		})
	}
}

// Whatever the order in which members arrive: everybody with a SID of a group is in
// it, and nobody is in two groups of one kind.
func TestGroupsDoNotDependOnTheOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var members []*Member
		for k := range rapid.IntRange(0, 30).Draw(t, "n") {
			sid := fmt.Sprint("S", rapid.IntRange(0, 9).Draw(t, "sid"))
			members = append(members, told(fmt.Sprintf("i-%02d", k), sid, 26100, rapid.SampledFrom([]int{1, 5074}).Draw(t, "ubr")))
		}
		describe := func(list []*Member) []string {
			var out []string
			for _, g := range judgeClones(list, nil) {
				ids := []string{}
				for _, m := range g.Members {
					ids = append(ids, m.ID)
				}
				slices.Sort(ids)
				out = append(out, fmt.Sprint(g.Kind, g.Value, g.Severity, len(g.Blocking), ids))
			}
			slices.Sort(out)
			return out
		}
		shuffled := rapid.Permutation(members).Draw(t, "order")
		if d := cmp.Diff(describe(members), describe(shuffled)); d != "" {
			t.Fatal(d)
		}
		seen := map[string]bool{}
		for _, g := range judgeClones(members, nil) {
			for _, m := range g.Members {
				if seen[string(g.Kind)+m.ID] || len(g.Members) < 2 {
					t.Fatalf("%s is in two groups, or alone", m.ID)
				}
				seen[string(g.Kind)+m.ID] = true
			}
		}
	})
}

func TestCompare(t *testing.T) {
	of := func(id, image string, groups []string, patches ...string) Subject {
		s := Subject{Member: server(id, func(m *Member) {
			m.Instance = fact.Known(estate.Instance{ID: id, State: "running", Platform: "windows", ImageID: image, Groups: groups, Type: "m6i.large"}, fact.Origin{})
		})}
		var list []estate.Patch
		for _, kb := range patches {
			list = append(list, estate.Patch{KB: kb, State: "Installed", Installed: time.Date(2026, 11, 20, 3, 0, 0, 0, time.UTC)})
		}
		s.Patches = fact.Known(list, fact.Origin{})
		return s
	}
	bad := []Subject{of("a", "ami-1", []string{"sg-1", "sg-2"}, "KB1"), of("b", "ami-1", []string{"sg-2"}, "KB1", "KB2")}
	good := []Subject{of("c", "ami-2", []string{"sg-1"}, "KB2"), of("d", "ami-2", []string{"sg-1"})}
	var exact []string
	for _, d := range Compare(bad, good) {
		if d.Exact {
			exact = append(exact, string(d.Trait)+" "+d.Value)
		}
		if !d.Trait.Text().Complete() {
			t.Errorf("%s has no words", d.Trait)
		}
		if d.Trait == TraitType {
			t.Errorf("everybody has %s, which separates nobody", d.Value)
		}
	}
	if d := cmp.Diff([]string{"image ami-1", "patch KB1 2026-11-20", "security-group sg-2"}, exact); d != "" {
		t.Errorf("what separates (-want +got):\n%s", d)
	}

	// Who could not be read is not one that does not have it.
	good[1].Patches = fact.Unknown[[]estate.Patch](fact.Why{Reason: fact.Denied})
	for _, d := range Compare(bad, good) {
		if d.Trait == TraitPatch && (d.Exact || d.Unread != 1) {
			t.Errorf("%s: exact %v with %d unread", d.Value, d.Exact, d.Unread)
		}
	}
}

// parts answers every part, and counts how often each was asked for.
type parts struct {
	mu    sync.Mutex
	asked map[estate.Key]int
	// fail makes the first answer to these a time-out.
	fail map[estate.Key]bool
}

func (p *parts) Name() string { return "test" }

func (p *parts) Collect(_ context.Context, keys []estate.Key, done func(walk.Got)) {
	for _, k := range keys {
		p.mu.Lock()
		p.asked[k]++
		failing := p.fail[k]
		delete(p.fail, k)
		p.mu.Unlock()
		time.Sleep(time.Millisecond)
		kind, _ := estate.Lookup(k.Kind)
		reason := fact.Denied
		if failing {
			reason = fact.Timeout
		}
		done(walk.Got{Part: kind.Unknown(k.ID, fact.Why{Reason: reason}), Depth: 1, Calls: []walk.Call{{Operation: "x:Y"}}})
	}
}

func TestSharedPartsAreReadOnce(t *testing.T) {
	const one, two = "i-0123456789abcdef0", "i-0123456789abcdef1"
	vpc, flaky := estate.VPCPart.Key("vpc-1"), estate.RolePart.Key("role")
	inner := &parts{asked: map[estate.Key]int{}, fail: map[estate.Key]bool{flaky: true}}
	s := NewShared(inner)
	var wg sync.WaitGroup
	var got, calls atomic.Int32
	for k := range 8 {
		wg.Go(func() {
			id := []string{one, two}[k%2]
			s.Collect(context.Background(), []estate.Key{vpc, flaky, estate.InstancePart.Key(id), estate.PasswordPart.Key(id)}, func(g walk.Got) {
				got.Add(1)
				if g.Part.Key == vpc {
					calls.Add(int32(len(g.Calls)))
				}
			})
		})
	}
	wg.Wait()
	if got.Load() != 32 {
		t.Errorf("%d deliveries, want 32", got.Load())
	}
	if inner.asked[vpc] != 1 || calls.Load() != 1 {
		t.Errorf("the VPC was read %d times, with %d calls told", inner.asked[vpc], calls.Load())
	}
	if inner.asked[estate.InstancePart.Key(one)] != 4 {
		t.Errorf("an instance's own part was kept: read %d times", inner.asked[estate.InstancePart.Key(one)])
	}
	if n := inner.asked[estate.PasswordPart.Key(one)]; n != 0 {
		t.Errorf("password data was asked for %d times", n)
	}
	if n := inner.asked[flaky]; n < 2 {
		t.Errorf("a time-out was taken for an answer")
	}
}

// A walk that goes away takes nobody else's part with it.
func TestSharedSurvivesCancellation(t *testing.T) {
	key := estate.VPCPart.Key("vpc-1")
	gone := NewShared(cancelled{})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	gone.Collect(ctx, []estate.Key{key}, func(walk.Got) { t.Error("something was delivered") })
	gone.inner = &parts{asked: map[estate.Key]int{}}
	n := 0
	gone.Collect(context.Background(), []estate.Key{key}, func(walk.Got) { n++ })
	if n != 1 {
		t.Errorf("%d deliveries after a cancelled one, want 1", n)
	}
}

type cancelled struct{}

func (cancelled) Name() string                                          { return "test" }
func (cancelled) Collect(context.Context, []estate.Key, func(walk.Got)) {}

func TestMatrixGroupsByCause(t *testing.T) {
	row := func(id string, exit int, causes ...Cause) Row {
		return Row{Place: tokyo, ID: id, Walked: true, Exit: exit, Causes: causes}
	}
	endpoint := Cause{Code: finding.EndpointMissing, Subject: "ssm", Certainty: finding.Proven}
	weaker := endpoint
	weaker.Certainty = finding.Likely
	profile := func(id string) Cause {
		return Cause{Code: finding.IAMProfileMissing, Subject: id, Certainty: finding.Proven}
	}
	x := &Matrix{Report: Report{Complete: true}, Rows: []Row{
		row("i-0123456789abcdef2", 1, endpoint, profile("i-0123456789abcdef2")), row("i-0123456789abcdef1", 1, weaker),
		row("i-0123456789abcdef3", 1, endpoint, profile("i-0123456789abcdef3")), row("i-0123456789abcdef4", 3), row("i-0123456789abcdef5", 0),
	}}
	x.Members = []*Member{server("i-0123456789abcdef6", nil)}
	x.group()
	if len(x.Causes) != 2 || len(x.Causes[0].Instances) != 3 || len(x.Causes[1].Instances) != 2 || !x.Causes[1].Each {
		t.Fatalf("causes: %+v", x.Causes)
	}
	if x.Causes[0].Certainty != finding.Likely {
		t.Errorf("a group is as sure as its least sure member, not %s", x.Causes[0].Certainty)
	}
	if x.Walked != 5 || x.Clear != 1 || x.Undecided != 1 || len(x.Rows) != 6 || x.Exit() != 1 {
		t.Errorf("walked %d, clear %d, undecided %d, rows %d, exit %d", x.Walked, x.Clear, x.Undecided, len(x.Rows), x.Exit())
	}
}
