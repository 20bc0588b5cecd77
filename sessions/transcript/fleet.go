package transcript

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/fleet"
	"github.com/monshin/monshin/diagnose/lang"
)

// FleetSchemaName names the JSON that Fleet.JSON writes. It changes when a reader
// would break.
const FleetSchemaName = "monshin.fleet/v1"

//go:embed fleet.schema.json
var fleetSchema []byte

// FleetSchema is the JSON Schema (2020-12) of what Fleet.JSON writes.
func FleetSchema() []byte { return slices.Clone(fleetSchema) }

// Fleet is a report about many instances, in one language, ready to be written.
type Fleet struct {
	doc fleetDocument
	o   Options
	// title is what was done; tickets are the groups' sentences for an export.
	title   lang.Text
	tickets []string
}

type fleetDocument struct {
	Schema    string `json:"schema"`
	Kind      string `json:"kind"`
	Simulated bool   `json:"simulated"`
	Source    string `json:"source"`
	Complete  bool   `json:"complete"`
	// Exit is the exit code.
	Exit        int              `json:"exit"`
	AsOf        string           `json:"as_of"`
	Symptom     string           `json:"symptom"`
	Guest       bool             `json:"guest"`
	Counts      countsJSON       `json:"counts"`
	Lacks       []lackJSON       `json:"lacks"`
	Groups      []groupJSON      `json:"groups"`
	Causes      []causeJSON      `json:"causes"`
	Differences []differenceJSON `json:"differences"`
	Instances   []memberJSON     `json:"instances"`
	Calls       fleetCallsJSON   `json:"calls"`
}

type countsJSON struct {
	Total     int            `json:"total"`
	Walked    int            `json:"walked"`
	Clear     int            `json:"clear"`
	Undecided int            `json:"undecided"`
	Standing  map[string]int `json:"standing"`
}

type lackJSON struct {
	Account string      `json:"account"`
	Region  string      `json:"region"`
	Reason  fact.Reason `json:"reason"`
	Action  string      `json:"action"`
	say     lang.Text
}

type groupJSON struct {
	Kind      fleet.GroupKind   `json:"kind"`
	Value     string            `json:"value"`
	Code      finding.Code      `json:"code"`
	Severity  finding.Severity  `json:"severity"`
	Certainty finding.Certainty `json:"certainty"`
	Title     string            `json:"title"`
	Verdict   string            `json:"verdict"`
	Do        []string          `json:"do"`
	Members   []string          `json:"members"`
	Blocking  []string          `json:"blocking"`
	Refused   []string          `json:"refused"`
	Unasked   int               `json:"unasked"`
	WSUS      string            `json:"wsus_id"`
	Images    []lineageJSON     `json:"images"`
}

type lineageJSON struct {
	ID             string `json:"id"`
	Name           string `json:"name"`
	Owner          string `json:"owner"`
	SourceInstance string `json:"source_instance"`
	SourceImage    string `json:"source_image"`
	Count          int    `json:"count"`
}

type causeJSON struct {
	Code      finding.Code      `json:"code"`
	Subject   string            `json:"subject"`
	Severity  finding.Severity  `json:"severity"`
	Certainty finding.Certainty `json:"certainty"`
	Summary   string            `json:"summary"`
	// Count of Of walked instances have it.
	Count     int      `json:"count"`
	Of        int      `json:"of"`
	Instances []string `json:"instances"`
}

type differenceJSON struct {
	Trait  fleet.Trait `json:"trait"`
	Value  string      `json:"value"`
	Bad    int         `json:"bad"`
	BadOf  int         `json:"bad_of"`
	Good   int         `json:"good"`
	GoodOf int         `json:"good_of"`
	Exact  bool        `json:"exact"`
	Unread int         `json:"unread"`
}

type memberJSON struct {
	Account  string         `json:"account"`
	Region   string         `json:"region"`
	ID       string         `json:"id"`
	Name     string         `json:"name"`
	Standing fleet.Standing `json:"standing"`
	// Set is bad or good where two sets were compared.
	Set          string   `json:"set"`
	State        string   `json:"state"`
	ComputerName string   `json:"computer_name"`
	MachineSID   string   `json:"machine_sid"`
	Build        string   `json:"build"`
	Image        string   `json:"image"`
	Outcome      string   `json:"outcome"`
	Causes       []string `json:"causes"`
	// Reason says why it could not be asked or judged, with what came back.
	Reason fact.Reason `json:"reason"`
	Action string      `json:"action"`
}

type fleetCallsJSON struct {
	Total       int            `json:"total"`
	ByOperation map[string]int `json:"by_operation"`
}

func newFleet(kind string, r fleet.Report, exit int, title lang.Text, o Options) *Fleet {
	o = o.filled()
	f := &Fleet{o: o, title: title, doc: fleetDocument{
		Schema: FleetSchemaName, Kind: kind, Simulated: r.Simulated, Source: r.Source, Complete: r.Complete, Exit: exit, AsOf: stamp(r.AsOf),
		Lacks: []lackJSON{}, Groups: []groupJSON{}, Causes: []causeJSON{}, Differences: []differenceJSON{}, Instances: []memberJSON{},
		Counts: countsJSON{Total: len(r.Members), Standing: map[string]int{}}, Calls: fleetCallsJSON{ByOperation: map[string]int{}},
	}}
	for s, n := range fleet.Count(r.Members) {
		f.doc.Counts.Standing[string(s)] = n
	}
	for _, l := range r.Lacks {
		f.doc.Lacks = append(f.doc.Lacks, lackJSON{l.Place.Account, l.Place.Region, l.Why.Reason, l.Why.Action, reason(l.Why, func(t time.Time) string { return lang.Time(t, o.Zone) })})
	}
	slices.SortFunc(f.doc.Lacks, func(a, b lackJSON) int {
		return strings.Compare(a.Account+a.Region+a.Action, b.Account+b.Region+b.Action)
	})
	for op, n := range r.Calls {
		f.doc.Calls.ByOperation[op] = n
		f.doc.Calls.Total += n
	}
	return f
}

func memberOf(m *fleet.Member) memberJSON {
	i, id := m.Instance.Value(), m.Identity.Value()
	out := memberJSON{
		Account: m.Place.Account, Region: m.Place.Region, ID: m.ID, Name: i.Name, Standing: m.Standing(), State: i.State,
		ComputerName: m.ComputerName(), MachineSID: id.MachineSID, Image: i.ImageID, Build: m.Node.Value().PlatformVer, Causes: []string{},
	}
	if m.Identity.IsKnown() {
		out.Build = strconv.Itoa(id.Build) + "." + strconv.Itoa(id.UBR)
	}
	for _, w := range []fact.Why{m.Instance.Why(), m.Node.Why(), m.Identity.Why()} {
		if w.Reason != "" && w.Reason != fact.NotRecorded && out.Reason == "" && (out.Standing == fleet.Denied || out.Standing == fleet.Unread || out.Standing == fleet.Online) {
			out.Reason, out.Action = w.Reason, w.Action
		}
	}
	return out
}

// FleetClones is the report of a survey for clones.
func FleetClones(c *fleet.Clones, o Options) *Fleet {
	f := newFleet("clones", c.Report, c.Exit(), lang.Both("Copies of one Windows", "複製された Windows の確認"), o)
	f.doc.Guest, f.doc.Symptom = c.Guest, "cloned"
	for _, g := range c.Groups {
		j := groupJSON{
			Kind: g.Kind, Value: g.Value, Code: g.Code, Severity: g.Severity, Certainty: g.Certainty, Title: f.say(g.Title()), Verdict: f.say(g.Verdict()),
			Do: []string{}, Members: memberIDs(g.Members), Blocking: memberIDs(g.Blocking), Refused: memberIDs(g.Refused), Unasked: g.Unasked, WSUS: g.WSUS, Images: []lineageJSON{},
		}
		for _, t := range g.Do() {
			j.Do = append(j.Do, f.say(t))
		}
		for _, l := range g.Images {
			i := l.Image.Value()
			j.Images = append(j.Images, lineageJSON{l.ID, i.Name, i.OwnerAlias, i.SourceInstance, i.SourceImage, l.Count})
		}
		f.doc.Groups = append(f.doc.Groups, j)
		f.tickets = append(f.tickets, f.say(g.Ticket()))
	}
	for _, m := range c.Members {
		f.doc.Instances = append(f.doc.Instances, memberOf(m))
	}
	return f
}

func memberIDs(list []*fleet.Member) []string {
	out := []string{}
	for _, m := range list {
		out = append(out, m.ID)
	}
	return out
}

// FleetCheck is the report of one symptom over many.
func FleetCheck(x *fleet.Matrix, o Options) *Fleet {
	f := newFleet("check", x.Report, x.Exit(), lang.Both("%s: many instances", "%s（複数台の切り分け）").With(cleaned(x.Title)), o)
	f.doc.Symptom, f.doc.Guest = x.Symptom, x.Guest
	f.doc.Counts.Walked, f.doc.Counts.Clear, f.doc.Counts.Undecided = x.Walked, x.Clear, x.Undecided
	for _, c := range x.Causes {
		j := causeJSON{Code: c.Code, Subject: c.Subject, Severity: c.Severity, Certainty: c.Certainty, Summary: f.say(cleaned(c.Say)), Count: len(c.Instances), Of: x.Walked, Instances: []string{}}
		if c.Each {
			j.Subject = ""
		}
		for _, id := range c.Instances {
			j.Instances = append(j.Instances, id.ID)
		}
		f.doc.Causes = append(f.doc.Causes, j)
	}
	members := map[fleet.MemberID]*fleet.Member{}
	for _, m := range x.Members {
		members[fleet.MemberID{Place: m.Place, ID: m.ID}] = m
	}
	for _, r := range x.Rows {
		j := memberJSON{Account: r.Place.Account, Region: r.Place.Region, ID: r.ID, Name: r.Name, Standing: r.Standing, Causes: []string{}}
		if m := members[fleet.MemberID{Place: r.Place, ID: r.ID}]; m != nil {
			j = memberOf(m)
			j.Reason, j.Action = "", ""
		}
		j.Outcome = string(r.Outcome)
		for _, c := range r.Causes {
			id := string(c.Code)
			if c.Subject != "" {
				id += "@" + c.Subject
			}
			j.Causes = append(j.Causes, id)
		}
		switch {
		case r.Why.Reason == fact.Pending:
			j.Reason = fact.NotRecorded // it was not reached before the end
		case r.Why.Reason != "":
			j.Reason, j.Action = r.Why.Reason, r.Why.Action
		case len(r.Causes) == 0 && len(r.Open) > 0:
			j.Reason = slices.Sorted(maps.Keys(r.Open))[0]
		}
		f.doc.Instances = append(f.doc.Instances, j)
	}
	return f
}

// FleetCompare is the report of what the bad ones share.
func FleetCompare(c *fleet.Comparison, o Options) *Fleet {
	f := newFleet("compare", c.Report, 0, lang.Both("What the instances with the problem have in common", "問題のあるインスタンスの共通点"), o)
	for _, d := range c.Differences {
		f.doc.Differences = append(f.doc.Differences, differenceJSON{d.Trait, d.Value, d.Bad, d.BadOf, d.Good, d.GoodOf, d.Exact, d.Unread})
	}
	for set, list := range map[string][]fleet.Subject{"bad": c.Bad, "good": c.Good} {
		for _, s := range list {
			j := memberOf(s.Member)
			j.Set = set
			f.doc.Instances = append(f.doc.Instances, j)
		}
	}
	slices.SortFunc(f.doc.Instances, func(a, b memberJSON) int { return strings.Compare(a.Set+a.ID, b.Set+b.ID) })
	f.doc.Exit = c.Exit()
	return f
}

func (f *Fleet) say(t lang.Text) string { return t.In(f.o.Lang) }

// JSON writes the report as monshin.fleet/v1.
func (f *Fleet) JSON() ([]byte, error) {
	b, err := json.MarshalIndent(f.doc, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write the report of %d instances as JSON: %w", f.doc.Counts.Total, err)
	}
	return append(lang.CleanJSON(b), '\n'), nil
}
