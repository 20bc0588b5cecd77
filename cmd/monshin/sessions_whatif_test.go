package main

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/remedy"
	"github.com/monshin/monshin/diagnose/walk"
	"github.com/monshin/monshin/sessions/journal"
	"github.com/monshin/monshin/tui/world"
)

const lackingPolicy = "iam.permission-missing@app-server-role"

// On a recording a fix can be planned and what it comes to be told; nothing can be
// carried out, and nothing is written.
func TestWhatIfOnARecording(t *testing.T) {
	m := newMachine(t)
	m.want(1, "check", "--lab", "role-without-policy")
	was := m.list()[0]
	out, _ := m.want(0, "fix", "iam.permission-missing", "--recording", was.Path, "--plan", "-o", "text", "--lang", "ja")
	has(t, out, "AmazonSSMManagedInstanceCore", lackingPolicy, "模擬データです")
	m.want(0, "fix", "--recording", was.Path, "--plan")
	id := m.planned("iam.permission-missing", "--recording", was.Path)
	for _, l := range lang.All() {
		_, errs := m.want(2, "fix", "iam.permission-missing", "--recording", was.Path, "--yes", "--plan-id", id, "--lang", string(l))
		has(t, errs, lang.Both("a recording: it has no account", "記録の再生中のため変更不可").In(l))
	}
	if now := m.list(); len(now) != 1 || now[0].Last != was.Last {
		t.Error("something was written")
	}

	// The screen that replays it offers the same.
	r, err := journal.Open(was.Path)
	if err != nil {
		t.Fatal(err)
	}
	k, err := learn()
	if err != nil {
		t.Fatal(err)
	}
	var o, e bytes.Buffer
	f := &flags{lang: lang.En, zone: time.UTC}
	b := &backend{app: m.app(&o, &e), flags: f, knowledge: k, account: recordedAccount(r), log: slog.New(slog.DiscardHandler)}
	w, err := b.Start(context.Background(), was.InstanceID, "not-in-systems-manager")
	if err != nil {
		t.Fatal(err)
	}
	w.Run(context.Background(), func(*walk.Diagnosis) {})
	fixer, ok := w.(world.Fixer)
	if !ok {
		t.Fatalf("%T offers no fixes", w)
	}
	list, err := fixer.Proposals(context.Background(), lackingPolicy)
	if err != nil || len(list) == 0 || list[0].Refused != nil || list[0].Forecast == nil || len(list[0].Forecast.Gone) == 0 {
		t.Fatalf("%+v, %v", list, err)
	}
	p := list[0].Planned
	run, err := fixer.Apply(context.Background(), p, remedy.Approval{Hash: p.Plan.Hash(), Typed: p.Plan.Typed}, nil)
	if run != nil || err == nil || !strings.Contains(lang.Said(err).Ja, "変更不可") {
		t.Errorf("%v, %v", run, err)
	}
	if _, err := fixer.HandOut(context.Background(), p); err == nil {
		t.Error("a plan was handed out into a recording")
	}
}
