package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/lab"
	"github.com/monshin/monshin/diagnose/walk"
	"github.com/monshin/monshin/sessions/journal"
	"github.com/monshin/monshin/sessions/transcript"
)

// swell makes the parts of an estate as large as an account can have them: 10,000
// rules in each group, 1,000 endpoints, 5,000 events in each history, twenty policies
// of full length, a full VPC, and a thousand long outputs of Run Command.
func swell(t testing.TB, e *estate.Estate) *estate.Estate {
	t.Helper()
	out := e.Clone()
	v := estate.NewView(e)
	for _, key := range e.Keys() {
		switch key.Kind {
		case estate.SecurityGroupPart.Name():
			if g, ok := estate.SecurityGroupPart.Of(v, key.ID).Get(); ok {
				rules := g.Rules
				g.Rules = nil
				for i := range 10_000 {
					g.Rules = append(g.Rules, estate.SecurityGroupRule{
						ID: fmt.Sprintf("sgr-%017x", i), Egress: i%2 == 0, Protocol: "tcp", FromPort: 8000 + i%1000, ToPort: 8000 + i%1000,
						CIDR4: fmt.Sprintf("10.%d.%d.%d/32", i%200, i/250%250, i%250), Description: "opened for a partner, ticket OPS-" + fmt.Sprint(i),
					})
				}
				g.Rules = append(g.Rules, rules...)
				out.Put(estate.SecurityGroupPart.Part(key.ID, fact.Known(g, fact.Origin{})))
			}
		case estate.EndpointsPart.Name():
			if list, ok := estate.EndpointsPart.Of(v, key.ID).Get(); ok && len(list) > 0 {
				var many []estate.Endpoint
				for i := range 1000 {
					x := list[i%len(list)]
					x.ID, x.Service = fmt.Sprintf("vpce-%017x", i), fmt.Sprintf("com.amazonaws.vpce.ap-northeast-1.vpce-svc-%017x", i)
					many = append(many, x)
				}
				out.Put(estate.EndpointsPart.Part(key.ID, fact.Known(append(many, list...), fact.Origin{})))
			}
		case estate.TrailPart.Name():
			if h, ok := estate.TrailPart.Of(v, key.ID).Get(); ok {
				events := h.Events
				h.Events = nil
				for i := range 5000 {
					h.Events = append(h.Events, estate.TrailEvent{
						ID: fmt.Sprintf("00000000-0000-4000-8000-%012x", i), Time: e.AsOf.Add(-90*24*time.Hour + time.Duration(i)*time.Minute), Name: "DescribeInstances",
						Source: "ec2.amazonaws.com", ReadOnly: true, Actor: estate.Actor{Type: "AssumedRole", ARN: "arn:aws:sts::111122223333:assumed-role/Scanner/scan", Name: "scan"},
					})
				}
				h.Events = append(h.Events, events...)
				out.Put(estate.TrailPart.Part(key.ID, fact.Known(h, fact.Origin{})))
			}
		case estate.RolePoliciesPart.Name():
			if p, ok := estate.RolePoliciesPart.Of(v, key.ID).Get(); ok {
				type statement map[string]any
				var list []statement
				for i := range 30 { // 6 KiB, the limit of a managed policy
					list = append(list, statement{"Sid": fmt.Sprint("S", i), "Effect": "Allow", "Action": []string{fmt.Sprintf("s3:Get*%d", i), "ec2:*a*b*c*d*e*"}, "Resource": fmt.Sprintf("arn:aws:s3:::b%d/*/*/*/*", i),
						"Condition": map[string]any{"StringLike": map[string]any{"aws:PrincipalTag/team": []string{"*a*", fmt.Sprint("t", i)}}}})
				}
				b, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": list})
				if err != nil {
					t.Fatal(err)
				}
				for i := range 20 {
					p.Attached = append(p.Attached, estate.PolicyText{Name: fmt.Sprint("huge-", i), ARN: fmt.Sprint("arn:aws:iam::111122223333:policy/huge-", i), JSON: string(b)})
				}
				out.Put(estate.RolePoliciesPart.Part(key.ID, fact.Known(p, fact.Origin{})))
			}
		case estate.CommandsPart.Name():
			if c, ok := estate.CommandsPart.Of(v, key.ID).Get(); ok {
				for i := range 1000 {
					c.Invocations = append(c.Invocations, estate.Invocation{CommandID: fmt.Sprint(i), Document: "AWS-RunPatchBaseline", Status: "Success",
						Requested: e.AsOf.Add(-24 * time.Hour), Output: strings.Repeat("<patch> & ", 250), Error: strings.Repeat("<x>", 800)})
				}
				out.Put(estate.CommandsPart.Part(key.ID, fact.Known(c, fact.Origin{})))
			}
		case estate.NeighboursPart.Name():
			if p, ok := estate.NeighboursPart.Of(v, key.ID).Get(); ok {
				for i := range 5000 {
					p.Peers = append(p.Peers, estate.Peer{ID: fmt.Sprintf("i-%017x", i), Name: fmt.Sprint("web-", i), State: "running", Platform: "windows", VPC: key.ID, Groups: []string{"sg-1"}})
				}
				out.Put(estate.NeighboursPart.Part(key.ID, fact.Known(p, fact.Origin{})))
			}
		}
	}
	return out
}

// A huge account is judged, written and read like any other.
func TestHugeEstates(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	k, err := learn()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range lab.Scenarios() {
		if s.Name != "many-causes" && s.Name != "office-terminates" {
			continue
		}
		t.Run(s.Name, func(t *testing.T) {
			s.Symptom = "everything"
			_, full := walkLab(t, k, s)
			base := judge(t, k, s, full.Clone())
			big := swell(t, full)
			runtime.GC()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := time.Now()
			d := judge(t, k, s, big.Clone())
			took := time.Since(start)
			runtime.ReadMemStats(&after)
			t.Logf("judged in %s, %d MiB allocated", took.Round(time.Millisecond), (after.TotalAlloc-before.TotalAlloc)>>20)
			// Not a measure: a judgement that is quadratic takes minutes.
			if took > 30*time.Second {
				t.Errorf("the judgement took %s", took)
			}
			was, is := rootIDs(base), rootIDs(d)
			for id := range was {
				if !is[id] {
					t.Errorf("%s was lost among what does not matter", id)
				}
			}
			start = time.Now()
			out := transcript.Text(d, k.catalogue, transcript.Options{})
			t.Logf("text of %d KiB in %s", len(out)>>10, time.Since(start).Round(time.Millisecond))

			w, err := journal.Create(t.TempDir(), "x.jsonl", time.Now, journal.Opening{Target: big.Target, Symptom: string(s.Symptom), AsOf: s.Now})
			if err != nil {
				t.Fatal(err)
			}
			o := optionsFor(t, k, s, held{big})
			walking, err := walk.New(o)
			if err != nil {
				t.Fatal(err)
			}
			start = time.Now()
			walking.Run(t.Context(), func(_ *walk.Diagnosis, events []walk.Event) { w.Record(events) })
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			info, err := os.Stat(w.Path())
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("walked and recorded %d MiB in %s", info.Size()>>20, time.Since(start).Round(time.Millisecond))
			start = time.Now()
			if _, err := journal.Open(w.Path()); err != nil {
				t.Errorf("monshin cannot read its own record: %v", err)
			}
			t.Logf("read in %s", time.Since(start).Round(time.Millisecond))
			if strings.Count(out, "\n") > 5000 {
				t.Errorf("a report of %d lines", strings.Count(out, "\n"))
			}
		})
	}
}

func rootIDs(d *walk.Diagnosis) map[string]bool {
	out := map[string]bool{}
	for _, f := range d.RootCauses() {
		out[f.ID()] = true
	}
	return out
}
