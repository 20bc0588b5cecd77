package transcript_test

import (
	"bytes"
	"encoding/csv"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/fleet"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/walk"
	"github.com/monshin/monshin/sessions/transcript"
)

// hostileName is a name that would do something wherever it is shown: a formula, a
// terminal escape, markup and a turned direction.
const hostileName = "=cmd|'/C calc'!A1 \x1b[31m<script>|`x`\u202e"

func fleetMembers(name string) []*fleet.Member {
	place := fleet.Place{Account: "111122223333", Region: "ap-northeast-1"}
	var out []*fleet.Member
	for _, id := range []string{"i-0123456789abcdef0", "i-0123456789abcdef1"} {
		out = append(out, &fleet.Member{
			Place: place, ID: id,
			Instance: fact.Known(estate.Instance{ID: id, Name: name, State: "running", Platform: "windows", ImageID: name}, fact.Origin{}),
			Node:     fact.Known(estate.ManagedNode{ID: id, PingStatus: "Online", ComputerName: name}, fact.Origin{}),
			Identity: fact.Known(estate.GuestIdentity{Host: name, MachineSID: "S-1-5-21-1-2-3", Build: 26100, UBR: 7171, Role: 2}, fact.Origin{}),
		})
	}
	return append(out, &fleet.Member{Place: place, ID: "i-0123456789abcdef2", Instance: fact.Absent[estate.Instance](fact.Origin{})})
}

func fleetReports(name string, l lang.Lang) map[string]*transcript.Fleet {
	o := transcript.Options{Lang: l, Zone: time.UTC}
	members := fleetMembers(name)
	base := fleet.Report{
		Source: "lab:x", Simulated: true, AsOf: time.Date(2026, 11, 21, 16, 58, 0, 0, time.UTC), Members: members, Calls: map[string]int{"ec2:DescribeInstances": 2},
		Lacks: []fleet.Lack{{Place: members[0].Place, Why: fact.Why{Reason: fact.Denied, Action: "ssm:DescribeInstanceInformation", Detail: name}}},
	}
	group := fleet.Group{
		Kind: fleet.BySID, Value: "S-1-5-21-1-2-3", Code: finding.CloneDuplicateSID, Severity: finding.Error, Certainty: finding.Proven,
		Members: members[:2], Blocking: members[:2], Refused: members[:1], WSUS: name,
		Images: []fleet.Lineage{{ID: name, Count: 2, Image: fact.Known(estate.Image{Name: name, SourceInstance: name}, fact.Origin{})}},
	}
	ids := []fleet.MemberID{{Place: members[0].Place, ID: members[0].ID}}
	cause := fleet.Cause{Code: finding.EndpointMissing, Subject: name, Severity: finding.Error, Certainty: finding.Proven, Say: lang.Same(name)}
	return map[string]*transcript.Fleet{
		"clones": transcript.FleetClones(&fleet.Clones{Report: base, Guest: true, Groups: []fleet.Group{group}}, o),
		"check": transcript.FleetCheck(&fleet.Matrix{Report: base, Symptom: "no-session", Title: lang.Both("x", "事象"), Walked: 1,
			Rows:   []fleet.Row{{Place: members[0].Place, ID: members[0].ID, Name: name, Standing: fleet.Answered, Walked: true, Outcome: walk.Problems, Exit: 1, Causes: []fleet.Cause{cause}}},
			Causes: []fleet.SharedCause{{Cause: cause, Instances: ids}}}, o),
		"compare": transcript.FleetCompare(&fleet.Comparison{Report: base, Bad: []fleet.Subject{{Member: members[0]}}, Good: []fleet.Subject{{Member: members[1]}},
			Differences: []fleet.Difference{{Trait: fleet.TraitTag, Value: name, Bad: 1, BadOf: 1, GoodOf: 1, Exact: true}}}, o),
	}
}

func fleetSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(transcript.FleetSchema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("fleet.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("fleet.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestFleetReports(t *testing.T) {
	schema := fleetSchema(t)
	if v, _ := jsonschema.UnmarshalJSON(strings.NewReader(`{"schema": "monshin.fleet/v2"}`)); schema.Validate(v) == nil {
		t.Error("the schema accepts anything")
	}
	// The words that monshin does not say (users.md, Words).
	never := []string{"証拠", "証明済み", "健全", "爆発半径", "トランスクリプト", "ゲスト", "足場", "ファインディング", "歩く", "正常"}
	for _, l := range lang.All() {
		for kind, r := range fleetReports(hostileName, l) {
			b, err := r.JSON()
			if err != nil {
				t.Fatal(err)
			}
			v, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
			if err != nil {
				t.Fatal(err)
			}
			if err := schema.Validate(v); err != nil {
				t.Errorf("%s: %v", kind, err)
			}
			table, err := r.CSV(true)
			if err != nil {
				t.Fatal(err)
			}
			text, markdown := r.Text(), r.Markdown()
			for form, s := range map[string]string{"json": string(b), "text": text, "markdown": markdown, "csv": string(table)} {
				if strings.ContainsAny(s, "\x1b\u202e") {
					t.Errorf("%s as %s lets a control character through", kind, form)
				}
				for _, w := range never {
					if strings.Contains(s, w) {
						t.Errorf("%s as %s says %q", kind, form, w)
					}
				}
			}
			if strings.Contains(markdown, "<script>") {
				t.Errorf("%s: a name became markup", kind)
			}
			for _, mark := range []string{text, markdown} {
				if !strings.Contains(mark, "SIMULATED") && !strings.Contains(mark, "模擬データ") {
					t.Errorf("%s is not marked as simulated", kind)
				}
			}
			rows, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(table, []byte("\ufeff")))).ReadAll()
			if err != nil || len(rows) < 2 {
				t.Fatalf("%s: %d rows, %v", kind, len(rows), err)
			}
			for _, row := range rows {
				for _, cell := range row {
					if cell != "" && strings.ContainsAny(cell[:1], "=+-@\t\r") {
						t.Errorf("%s: the cell %q is a formula", kind, cell)
					}
				}
			}
		}
	}
}

func FuzzFleetCSV(f *testing.F) {
	for _, s := range []string{hostileName, "=1+1", " +1", "-1", "@SUM(A1)", "\t=1", "＝1", "\r\n=1", "a\"b,c"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		table, err := fleetReports(name, lang.Ja)["clones"].CSV(false)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(bytes.NewReader(table)).ReadAll()
		if err != nil || len(rows) != 4 {
			t.Fatalf("%d rows of %q: %v", len(rows), name, err)
		}
		for _, row := range rows {
			for _, cell := range row {
				if c := strings.TrimLeft(cell, " \u3000"); c != "" && strings.ContainsAny(c[:1], "=+-@\t\r") {
					t.Fatalf("the cell %q is a formula", cell)
				}
			}
		}
	})
}
