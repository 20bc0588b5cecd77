package tui

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/fleet"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/runbook"
	"github.com/monshin/monshin/tui/world"
)

// fakeFleet is a fleet in memory.
type fakeFleet struct {
	// hold keeps a run going until it is stopped; stopped is what it then returns.
	hold bool
	err  error
	// name is every name in it.
	name string

	mu   sync.Mutex
	runs []string
}

func (f *fakeFleet) note(what string, c world.Choice) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.runs = append(f.runs, fmt.Sprintf("%s ids=%q tags=%q guest=%t ticket=%q again=%t", what, c.IDs, c.Tags, c.Guest, c.Ticket, c.GoOn))
}

func (f *fakeFleet) said() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return strings.Join(f.runs, "\n")
}

// wait is what a run does until it is stopped.
func (f *fakeFleet) wait(ctx context.Context, s fleet.Stage, note func(fleet.Event)) bool {
	note(fleet.Event{Stage: s, Place: fleet.Place{Region: "ap-northeast-1"}, Done: 318, Total: 1002})
	if f.hold {
		<-ctx.Done()
	}
	return ctx.Err() == nil
}

func (f *fakeFleet) members() []*fleet.Member {
	place := fleet.Place{Account: "123456789012", Region: "ap-northeast-1"}
	name := func(s string) string {
		if f.name != "" {
			return f.name
		}
		return s
	}
	var out []*fleet.Member
	for k := range 5 {
		id := fmt.Sprintf("i-0aaaaaaaaaaaaaaa%d", k)
		m := &fleet.Member{
			Place: place, ID: id,
			Instance: fact.Known(estate.Instance{ID: id, Name: name(fmt.Sprintf("WEB-%02d", k)), State: "running", Platform: "windows", ImageID: "ami-0aa11bb22cc33dd44"}, fact.Origin{}),
			Node:     fact.Known(estate.ManagedNode{ID: id, PingStatus: "Online", ComputerName: name("TEMPLATE")}, fact.Origin{}),
			Identity: fact.Known(estate.GuestIdentity{Host: name("TEMPLATE"), MachineSID: "S-1-5-21-1111-2222-3333", Build: 26100, UBR: 7171, Role: 3}, fact.Origin{}),
		}
		switch k {
		case 3:
			m.Node = fact.Known(estate.ManagedNode{ID: id, PingStatus: "ConnectionLost"}, fact.Origin{})
			m.Identity = fact.Unknown[estate.GuestIdentity](fact.Why{Reason: fact.NeedsGuest})
		case 4:
			m.Identity = fact.Unknown[estate.GuestIdentity](fact.Why{Reason: fact.Denied, Action: "ssm:SendCommand"})
		}
		out = append(out, m)
	}
	return out
}

func (f *fakeFleet) report(whole bool) fleet.Report {
	return fleet.Report{Source: "lab:x", Simulated: true, AsOf: clock(), Complete: whole, Members: f.members()}
}

func (f *fakeFleet) Clones(ctx context.Context, c world.Choice, note func(fleet.Event)) (*fleet.Clones, error) {
	f.note("clones", c)
	if f.err != nil {
		return nil, f.err
	}
	r := f.report(f.wait(ctx, fleet.Asking, note))
	g := fleet.Group{
		Kind: fleet.BySID, Value: "S-1-5-21-1111-2222-3333", Code: finding.CloneDuplicateSID, Severity: finding.Error, Certainty: finding.Proven,
		Members: r.Members[:3], Blocking: r.Members[:3],
		Images: []fleet.Lineage{{ID: "ami-0aa11bb22cc33dd44", Count: 3, Image: fact.Known(estate.Image{Name: "app-web", SourceInstance: "i-0fff"}, fact.Origin{})}},
	}
	if !c.Guest {
		g.Kind, g.Value, g.Severity, g.Certainty, g.Blocking, g.Unasked = fleet.ByName, "TEMPLATE", finding.Warning, finding.Likely, nil, 3
	}
	return &fleet.Clones{Report: r, Guest: c.Guest, Groups: []fleet.Group{g}}, nil
}

func (f *fakeFleet) Check(ctx context.Context, s runbook.Symptom, c world.Choice, note func(fleet.Event)) (*fleet.Matrix, error) {
	f.note("check "+string(s), c)
	if f.err != nil {
		return nil, f.err
	}
	x := &fleet.Matrix{Report: f.report(f.wait(ctx, fleet.Walking, note)), Symptom: string(s), Walked: 4, Clear: 1, Undecided: 1}
	cause := fleet.Cause{Code: finding.EndpointMissing, Subject: "com.amazonaws.ap-northeast-1.ssmmessages", Severity: finding.Error, Certainty: finding.Proven,
		Say: lang.Both("vpc-0123 has no endpoint for ssmmessages", "vpc-0123 に ssmmessages の VPC エンドポイントなし")}
	shared := fleet.SharedCause{Cause: cause}
	for k, m := range x.Members {
		row := fleet.Row{Place: m.Place, ID: m.ID, Name: m.Name(), Standing: m.Standing(), Walked: k != 4}
		switch k {
		case 0, 1:
			row.Exit, row.Causes = 1, []fleet.Cause{cause}
			shared.Instances = append(shared.Instances, fleet.MemberID{Place: m.Place, ID: m.ID})
		case 2:
			row.Exit, row.Open = 3, map[fact.Reason]int{fact.NeedsGuest: 2}
		case 4:
			row.Exit, row.Why = 3, fact.Why{Reason: fact.Pending}
		}
		x.Rows = append(x.Rows, row)
	}
	x.Causes = []fleet.SharedCause{shared}
	return x, nil
}

func (f *fakeFleet) Compare(ctx context.Context, bad, good []string, note func(fleet.Event)) (*fleet.Comparison, error) {
	f.note("compare "+strings.Join(bad, ","), world.Choice{IDs: good})
	if f.err != nil {
		return nil, f.err
	}
	c := &fleet.Comparison{Report: f.report(f.wait(ctx, fleet.Listing, note))}
	for k, m := range c.Members {
		if k < 2 {
			c.Bad = append(c.Bad, fleet.Subject{Member: m})
		} else {
			c.Good = append(c.Good, fleet.Subject{Member: m})
		}
	}
	c.Differences = []fleet.Difference{
		{Trait: fleet.TraitPatch, Value: "KB5065426 2026-11-20", Bad: 2, BadOf: 2, Good: 0, GoodOf: 3, Exact: true},
		{Trait: fleet.TraitSubnet, Value: "subnet-0aa", Bad: 2, BadOf: 2, Good: 1, GoodOf: 3, Unread: 1},
	}
	return c, nil
}

func (f *fakeFleet) Script() (string, error) { return script(), f.err }

// many is a rig on the page about many instances.
func manyRig(t testing.TB, s size, o Options, f *fakeFleet) *rig {
	o.Fleet = f
	return newRig(t, s.w, s.h, o).idle().press("f")
}

func fleetScenes() []scene {
	at := func(f *fakeFleet, keys ...string) func(t testing.TB, s size, o Options) *rig {
		return func(t testing.TB, s size, o Options) *rig {
			r := manyRig(t, s, o, f)
			for _, k := range keys {
				if text, ok := strings.CutPrefix(k, "type:"); ok {
					r.typed(text)
					continue
				}
				r.press(k).idle()
			}
			return r
		}
	}
	return []scene{
		{"fleet-tasks", at(&fakeFleet{}, "down")},
		{"fleet-naming", at(&fakeFleet{}, "down", "enter", "enter", "type:env=本番")},
		{"fleet-running", func(t testing.TB, s size, o Options) *rig {
			r := manyRig(t, s, o, &fakeFleet{hold: true}).press("enter", "enter")
			return r.until("it is told how far it is", func() bool { return strings.Contains(plainText(r.m.View().Content), "318") })
		}},
		{"fleet-stopped", func(t testing.TB, s size, o Options) *rig {
			r := manyRig(t, s, o, &fakeFleet{hold: true}).press("enter", "enter")
			r.until("it is told how far it is", func() bool { return strings.Contains(plainText(r.m.View().Content), "318") })
			return r.press("esc").idle()
		}},
		{"fleet-clones", at(&fakeFleet{}, "enter", "enter")},
		{"fleet-consent", at(&fakeFleet{}, "enter", "enter", "w", "t", "type:CHG-1 承認")},
		{"fleet-members", at(&fakeFleet{}, "enter", "enter", "enter", "down")},
		{"fleet-check", at(&fakeFleet{}, "down", "enter", "enter", "type:env=prod", "enter")},
		{"fleet-compare", at(&fakeFleet{}, "end", "enter", "type:i-0aaaaaaaaaaaaaaa0", "enter", "type:i-0aaaaaaaaaaaaaaa2", "enter")},
	}
}
