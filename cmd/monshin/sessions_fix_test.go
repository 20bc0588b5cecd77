package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/monshin/monshin/diagnose/lab"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/sessions/journal"
	"github.com/monshin/monshin/sessions/transcript"
)

// planned is the id of the plan that monshin fix --plan writes for a finding.
func (m *machine) planned(args ...string) string {
	m.t.Helper()
	out, _ := m.want(0, append([]string{"fix", "--plan", "-o", "json"}, args...)...)
	var doc struct{ Plans []struct{ ID string } }
	if err := json.Unmarshal([]byte(out), &doc); err != nil || len(doc.Plans) != 1 {
		m.t.Fatalf("%v\n%s", err, out)
	}
	return doc.Plans[0].ID
}

// planID is a command of scripts: it sets PLAN to the id of the plan that was printed.
func planID(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: planid")
	}
	m := regexp.MustCompile(`plan id: ([0-9a-f]{16})`).FindStringSubmatch(ts.ReadFile("stdout"))
	if m == nil {
		ts.Fatalf("no plan was printed")
	}
	ts.Setenv("PLAN", m[1])
}

// retell is a recorded session as it is exported.
func (m *machine) retell(k *knowledge, path string) transcript.Session {
	m.t.Helper()
	r, err := journal.Open(path)
	if err != nil {
		m.t.Fatal(err)
	}
	var o, e bytes.Buffer
	s, _, err := m.app(&o, &e).retold(context.Background(), &flags{lang: lang.En, zone: time.UTC}, k, recordedAccount(r), path, r)
	if err != nil {
		m.t.Fatal(err)
	}
	return s
}

// everywhere exports a session in every format and language and for every reader.
func everywhere(t *testing.T, k *knowledge, s transcript.Session, do func(transcript.Format, lang.Lang, transcript.Reader, string)) {
	t.Helper()
	for _, form := range transcript.Formats() {
		for _, l := range lang.All() {
			for _, r := range transcript.Readers() {
				b, err := transcript.Export(s, k.catalogue, form, transcript.Options{Lang: l, Zone: time.UTC, Version: "test", Reader: r})
				if err != nil {
					t.Fatalf("%s in %s for %s: %v", form, l, r, err)
				}
				do(form, l, r, string(b))
			}
		}
	}
}

// flat is a text without its line ends and the spaces around them, as a report for
// a ticket breaks its lines.
func flat(s string) string { return strings.Join(strings.Fields(s), "") }

const missingChannel = "endpoint.missing@com.amazonaws.ap-northeast-1.ssmmessages"

// What was changed, by whom, with which approval, and what it came to stands in what
// people keep: after the fix, and after it was taken back.
func TestAFixIsTold(t *testing.T) {
	k, err := learn()
	if err != nil {
		t.Fatal(err)
	}
	m := newMachine(t)
	world := []string{"--lab", "no-endpoint", "--lab-state", filepath.Join(t.TempDir(), "w")}
	with := func(args ...string) []string { return append(args, world...) }
	id := m.planned(with("endpoint.missing")...)
	m.want(0, with("fix", "endpoint.missing", "--yes", "--plan-id", id, "--confirm", "example-prod", "--ticket", "CHG-77", "--approver", "shonin-sha")...)
	path := m.list()[0].Path
	fixed := m.retell(k, path)
	m.want(0, with("verify", path)...)
	m.want(0, with("undo", path)...)
	undone := m.retell(k, path)

	for _, c := range []struct {
		name      string
		s         transcript.Session
		result    string
		conclude  lang.Text
		takenBack bool
	}{
		{"fixed", fixed, "verified", lang.Both("the same check no longer found it", "同じ確認により解消を確認しております"), false},
		{"undone", undone, "undone", lang.Both("and took it back", "を実施後、切り戻しております"), true},
	} {
		t.Run(c.name, func(t *testing.T) {
			if len(c.s.Fixes) != 1 {
				t.Fatalf("%d fixes", len(c.s.Fixes))
			}
			f := c.s.Fixes[0]
			if f.Name != "endpoint.create" || f.Finding != missingChannel || f.PlanID != id || f.Result != c.result || f.ByHand || f.Impact.Zero() || f.Cost.Zero() ||
				f.Found == nil || len(f.Found.Evidence) == 0 || f.Verified.IsZero() || len(f.Rest) > 0 {
				t.Errorf("%+v", f)
			}
			if len(f.Approvals) != 1 || f.Approvals[0].Ticket != "CHG-77" || f.Approvals[0].Approver != "shonin-sha" || f.Approvals[0].What != id || !strings.Contains(f.Approvals[0].Text, "aws ec2 create-vpc-endpoint") {
				t.Errorf("approved: %+v", f.Approvals)
			}
			if len(c.s.Consents) != 1 || c.s.Consents[0].What != id {
				t.Errorf("consents: %+v", c.s.Consents)
			}
			if len(f.Steps) != 3 {
				t.Fatalf("%d steps", len(f.Steps))
			}
			for _, s := range f.Steps {
				if s.Done.IsZero() || s.RequestID == "" || !s.Error.Zero() || s.Undo == "" || s.Irreversible || !strings.Contains(s.By, "assumed-role/") || s.Undone.IsZero() == c.takenBack ||
					strings.Contains(s.CLI+s.Undo, "new:") || strings.Contains(s.CLI+s.Undo, "<group") {
					t.Errorf("step %+v", s)
				}
			}
			said := map[string][2]string{}
			for _, x := range f.Before {
				said[x.Probe] = [2]string{x.Outcome}
			}
			for _, x := range f.After {
				said[x.Probe] = [2]string{said[x.Probe][0], x.Outcome}
			}
			for _, p := range []string{"endpoint.presence", "ssm.channel"} {
				if said[p] != [2]string{"problem", "ok"} {
					t.Errorf("%s before and after: %q of %v", p, said[p], said)
				}
			}
			everywhere(t, k, c.s, func(form transcript.Format, l lang.Lang, r transcript.Reader, text string) {
				name := fmt.Sprintf("%s in %s for %s", form, l, r)
				want := func(what ...string) {
					t.Helper()
					for _, w := range what {
						if !strings.Contains(flat(text), flat(w)) {
							t.Errorf("%s lacks %q", name, w)
						}
					}
				}
				never := func(what ...string) {
					t.Helper()
					for _, w := range what {
						if strings.Contains(text, w) {
							t.Errorf("%s holds %q", name, w)
						}
					}
				}
				switch form {
				case transcript.AsHTML, transcript.AsMarkdown, transcript.AsPlain:
					want(c.conclude.In(l))
					want("ec2:CreateVpcEndpoint")
					if r != transcript.Support || form == transcript.AsHTML {
						want(f.Title.In(l), id, "--ip-permissions")
					}
					if r == transcript.Internal {
						want("CHG-77", "shonin-sha", "assumed-role/OpsReadOnly/suzuki", f.Steps[2].RequestID, f.Steps[2].Call)
					}
				case transcript.AsJSON:
					want(`"plan_id": "`+id+`"`, `"result": "`+c.result+`"`, `"by_hand": false`)
				}
				switch r {
				case transcript.Support:
					never("suzuki", "shonin-sha", "CHG-77")
				case transcript.Public:
					never("suzuki", "shonin-sha", "CHG-77", "111122223333", "i-0bc0c73087a13a267", "vpc-06f35b9576fbddd40", "sg-0fde8dfc9cca76cb0")
				case transcript.Customer:
					never("OpsReadOnly/suzuki")
				}
			})
		})
	}
	// The command says the same as the function.
	for _, form := range append(exportFormats(), "text --summary") {
		if form == handOverFormat || form == castFormat { // files of their own
			continue
		}
		out, _ := m.want(0, append([]string{"sessions", "export", path, "--lang", "ja", "-o"}, strings.Fields(form)...)...)
		if out == "" {
			t.Errorf("-o %s writes nothing", form)
		}
	}
}

// A plan that was handed out, carried out by somebody else and verified later.
func TestAPlanCarriedOutByOthersIsTold(t *testing.T) {
	k, err := learn()
	if err != nil {
		t.Fatal(err)
	}
	s, ok := lab.Find("no-endpoint")
	if !ok {
		t.Fatal("no such scenario")
	}
	state := filepath.Join(t.TempDir(), "w")
	o := operate(t, k, s, state)
	o.order.Zone = time.UTC
	proposals, err := o.Proposals(t.Context(), missingChannel)
	if err != nil || len(proposals) == 0 {
		t.Fatalf("%v, %v", proposals, err)
	}
	if _, err := o.HandOut(t.Context(), proposals[0].Planned); err != nil {
		t.Fatal(err)
	}
	path := o.inv.journalPath()
	if err := o.inv.close(); err != nil {
		t.Fatal(err)
	}
	m := newMachine(t)
	handed := m.retell(k, path)
	if f := handed.Fixes[0]; f.Result != "handed-out" || !f.ByHand || len(f.Approvals) > 0 || len(f.Before) < 2 || len(f.After) > 0 {
		t.Errorf("handed out: %+v", f)
	}
	world := []string{"--lab", "no-endpoint", "--lab-state", state}
	m.want(1, append([]string{"verify", path, "--no-wait"}, world...)...)
	id := m.planned(append(world, "endpoint.missing")...)
	m.want(0, append([]string{"fix", "endpoint.missing", "--yes", "--plan-id", id, "--confirm", "example-prod"}, world...)...)
	m.want(0, append([]string{"verify", path}, world...)...)
	done := m.retell(k, path)
	f := done.Fixes[0]
	if f.Result != "verified" || !f.ByHand || len(f.Before) < 2 || len(f.After) < 2 || f.After[0].Outcome != "ok" {
		t.Errorf("verified: %+v", f)
	}
	for _, s := range f.Steps {
		if !s.Done.IsZero() || s.By != "" {
			t.Errorf("a step that others carried out is told as ours: %+v", s)
		}
	}
	everywhere(t, k, done, func(form transcript.Format, l lang.Lang, r transcript.Reader, text string) {
		switch form {
		case transcript.AsHTML, transcript.AsMarkdown, transcript.AsPlain:
			want := lang.Both("We handed out the steps", "をご案内し、").In(l)
			if !strings.Contains(flat(text), flat(want)) {
				t.Errorf("%s in %s for %s lacks %q", form, l, r, want)
			}
		case transcript.AsJSON:
			if !strings.Contains(text, `"by_hand": true`) {
				t.Errorf("JSON in %s for %s does not say that others did it", l, r)
			}
		}
	})
}
