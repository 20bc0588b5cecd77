package session

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/probe"
	"github.com/monshin/monshin/diagnose/walk"
	"github.com/monshin/monshin/sessions/journal"
)

func recordOf(t testing.TB, events ...walk.Event) *journal.Record {
	t.Helper()
	r, err := journal.Open(begun(t, At(t.TempDir()), start, walk.Problems, events...))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func said(list []Change, l lang.Lang) []string {
	out := []string{}
	for _, c := range list {
		out = append(out, c.Say.In(l))
	}
	return out
}

func TestDiffSaysWhatChanged(t *testing.T) {
	later := start.AddDate(0, 0, 1)
	before := recordOf(t, endpoints(start, "pending"), judged(probe.Problem, missing),
		walk.Event{Answer: &walk.Answer{Name: "ad-domain", Value: "corp.example.local"}},
		walk.Event{Got: &walk.Got{Part: estate.RolePart.Unknown("web", fact.Why{Reason: fact.Denied, Action: "iam:GetRole"})}},
		walk.Event{Got: &walk.Got{Part: estate.ManagedNodePart.Part("i-1", fact.Known(estate.ManagedNode{ID: "i-1", LastPing: start}, api(start)))}})
	after := recordOf(t, endpoints(later, "available", estate.Endpoint{ID: "vpce-2", State: "available"}), judged(probe.OK),
		walk.Event{Answer: &walk.Answer{Name: "ad-domain", Value: ""}},
		walk.Event{Got: &walk.Got{Part: estate.RolePart.Part("web", fact.Known(estate.Role{Name: "web"}, api(later)))}},
		walk.Event{Got: &walk.Got{Part: estate.ManagedNodePart.Part("i-1", fact.Known(estate.ManagedNode{ID: "i-1", LastPing: later}, api(later)))}})
	got := Diff(StateOf(before), StateOf(after))
	en := said(got, lang.En)
	for i, s := range en {
		if strings.Contains(s, "vpce-2") {
			en[i] = s[:strings.Index(s, "{")]
		}
	}
	if d := cmp.Diff([]string{
		"no longer found: endpoint.missing@ssm",
		"VPC endpoint presence: problem -> no problem",
		"answer to ad-domain: corp.example.local -> don't know",
		"VPC endpoints of vpc-1, vpce-1.state: pending -> available",
		"VPC endpoints of vpc-1, vpce-2: new: ",
		"role web: could not be read (denied) -> there",
	}, titleless(en)); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	for i, s := range said(got, lang.Ja) {
		if s == en[i] || s == "" {
			t.Errorf("in Japanese too: %q", s)
		}
	}
	if same := Diff(StateOf(before), StateOf(before)); len(same) != 0 {
		t.Errorf("with itself: %q", said(same, lang.En))
	}
	back := Diff(StateOf(after), StateOf(before))
	if len(back) != len(got) {
		t.Errorf("%d there, %d back", len(got), len(back))
	}
}

// titleless puts a fixed title in place of the probe's own.
func titleless(in []string) []string {
	p, _ := probe.All().Get("endpoint.presence")
	var out []string
	for _, s := range in {
		out = append(out, strings.Replace(s, p.Title.En+":", "VPC endpoint presence:", 1))
	}
	return out
}

func TestManyDifferencesAreCounted(t *testing.T) {
	var many []estate.Endpoint
	for i := range 40 {
		many = append(many, estate.Endpoint{ID: "vpce-x" + strings.Repeat("i", i)})
	}
	got := Diff(StateOf(recordOf(t, endpoints(start, "available"))), StateOf(recordOf(t, endpoints(start, "available", many...))))
	if len(got) != mostChanges+1 || !strings.Contains(got[mostChanges].Say.En, "28 more") {
		t.Errorf("%q", said(got, lang.En))
	}
}

func TestHostileValuesAreShownTame(t *testing.T) {
	got := Diff(StateOf(recordOf(t, endpoints(start, "a"))), StateOf(recordOf(t, endpoints(start, "\x1b[2J\u202e"+strings.Repeat("長", 300)))))
	if len(got) != 1 {
		t.Fatalf("%q", said(got, lang.En))
	}
	for _, l := range lang.All() {
		if s := got[0].Say.In(l); s != lang.Clean(s) || lang.Width(s) > 250 {
			t.Errorf("%q", s)
		}
	}
}

// Every kind of part has words, and they are not those of another.
func TestEveryKindHasAName(t *testing.T) {
	names := kindNames()
	seen := map[lang.Text]string{}
	for _, k := range estate.Kinds() {
		n, ok := names[k.Name()]
		if !ok || !n.Complete() {
			t.Errorf("%s has no name", k.Name())
		}
		if other, twice := seen[n]; twice {
			t.Errorf("%s and %s have the same name", k.Name(), other)
		}
		seen[n] = k.Name()
		delete(names, k.Name())
	}
	for k := range names {
		t.Errorf("there is no kind %s", k)
	}
}

// answers is a source that gives what it holds.
type answers struct{ parts map[estate.Key]walk.Got }

func (a answers) Name() string { return "aws" }
func (a answers) Collect(_ context.Context, keys []estate.Key, done func(walk.Got)) {
	for _, k := range keys {
		done(a.parts[k])
	}
}

func TestReadingAgain(t *testing.T) {
	rec := recordOf(t, endpoints(start, "pending"), judged(probe.Problem, missing),
		walk.Event{Got: &walk.Got{Part: estate.VPCPart.Part("vpc-1", fact.Known(estate.VPC{ID: "vpc-1"}, api(start)))}},
		walk.Event{Got: &walk.Got{Part: estate.RolePart.Part("web", fact.Known(estate.Role{Name: "web"}, api(start)))}})
	now := start.AddDate(0, 0, 1)
	taken := TakeOver(rec, now)
	live := answers{map[estate.Key]walk.Got{
		estate.EndpointsPart.Key("vpc-1"): *endpoints(now, "available").Got,
		estate.VPCPart.Key("vpc-1"):       {Part: estate.VPCPart.Unknown("vpc-1", fact.Why{Reason: fact.Throttled})},
		estate.RolePart.Key("web"):        {Part: estate.RolePart.Unknown("web", fact.Why{Reason: fact.Denied})},
	}}
	again := taken.Again(live)
	again.Collect(context.Background(), taken.Stale, func(g walk.Got) { taken.Estate.Put(g.Part) })
	read, stood := again.Read()
	if len(read) != 2 || len(stood) != 1 || stood[0] != estate.VPCPart.Key("vpc-1") || again.Name() != "aws" {
		t.Errorf("read %v, stood %v", read, stood)
	}
	v := estate.NewView(taken.Estate)
	if f := estate.VPCPart.Of(v, "vpc-1"); !f.IsKnown() || !f.Origin().Time.Equal(start) {
		t.Errorf("the VPC that nobody could read now: %+v", f)
	}
	// What nobody had read or judged before has not changed.
	news := estate.VPCPart.Part("vpc-2", fact.Known(estate.VPC{ID: "vpc-2"}, api(now)))
	taken.Estate.Put(news)
	read = append(read, news.Key)
	got := taken.Changed(taken.Estate, &walk.Diagnosis{Probes: []walk.Judged{
		{Probe: "endpoint.presence", Verdict: probe.Verdict{Outcome: probe.OK}}, {Probe: "iam.trust", Verdict: probe.Verdict{Outcome: probe.OK}},
	}}, read)
	if d := cmp.Diff([]string{
		"no longer found: endpoint.missing@ssm",
		"VPC endpoint presence: problem -> no problem",
		"VPC endpoints of vpc-1, vpce-1.state: pending -> available",
		"role web: there -> could not be read (denied)",
	}, titleless(said(got, lang.En))); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}
