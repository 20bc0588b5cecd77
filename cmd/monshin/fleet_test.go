package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/smithy-go/middleware"
	"github.com/google/go-cmp/cmp"

	"github.com/monshin/monshin/diagnose/cloud"
	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fleet"
	"github.com/monshin/monshin/diagnose/lab"
	"github.com/monshin/monshin/diagnose/policy"
	"github.com/monshin/monshin/diagnose/walk"
	"github.com/monshin/monshin/sessions/resume"
)

// gauge counts requests under way, for each service and region by itself.
type gauge struct {
	now, most atomic.Int32
	// after counts requests; the hook runs behind each.
	after func(operation string, n int32)
	n     atomic.Int32
}

func (g *gauge) install(stack *middleware.Stack) error {
	// In front of the lab's answer, which stands first in Deserialize, and behind the
	// Source's own bound, which stands last in Finalize.
	return stack.Deserialize.Insert(middleware.DeserializeMiddlewareFunc("Gauge",
		func(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
			n := g.now.Add(1)
			for most := g.most.Load(); n > most && !g.most.CompareAndSwap(most, n); most = g.most.Load() {
			}
			out, md, err := next.HandleDeserialize(ctx, in)
			g.now.Add(-1)
			if g.after != nil {
				g.after(awsmiddleware.GetOperationName(ctx), g.n.Add(1))
			}
			return out, md, err
		}), "LabAnswer", middleware.Before)
}

func fleetOf(t testing.TB, scenario string, latency time.Duration, g *gauge) (*lab.Lab, *cloud.Fleet) {
	t.Helper()
	l, err := lab.Open(scenario, lab.Options{Latency: latency})
	if err != nil {
		t.Fatal(err)
	}
	cfg := l.Config()
	if g != nil {
		cfg.APIOptions = append(cfg.APIOptions, g.install)
	}
	return l, cloud.New(cfg, cloud.Options{
		Target: estate.Target{Region: l.Scenario().Region}, Name: l.Source(), Now: l.Now, NoSlowdown: true, Concurrency: cloud.FleetConcurrency,
	}).Fleet()
}

// TestFleetBudget holds a survey of ten thousand to its limits: requests for each
// instance, and requests under way.
func TestFleetBudget(t *testing.T) {
	g := &gauge{}
	l, a := fleetOf(t, "fleet-10000", time.Millisecond, g)
	found, err := fleet.FindClones(context.Background(), []fleet.Account{a}, fleet.CloneOptions{Guest: true, Concurrency: 500, Now: l.Now})
	if err != nil || !found.Complete {
		t.Fatalf("complete %v, %v", found.Complete, err)
	}
	total := 0
	for _, n := range found.Calls {
		total += n
	}
	if share := float64(total) / float64(len(found.Members)); share > 0.12 {
		t.Errorf("%.3f requests for each instance, more than 0.12: %v", share, found.Calls)
	}
	// All requests of one service and region, of two services: at most four each.
	if most := g.most.Load(); most > 2*cloud.FleetConcurrency {
		t.Errorf("%d requests were under way at the same time", most)
	}
	want := map[fleet.Standing]bool{fleet.Answered: true, fleet.Offline: true, fleet.Unmanaged: true, fleet.Stopped: true, fleet.Linux: true, fleet.Controller: true, fleet.Denied: true}
	counted := 0
	for s, n := range fleet.Count(found.Members) {
		counted += n
		delete(want, s)
	}
	if counted != 10002 || len(want) > 0 {
		t.Errorf("%d counted of 10002; nobody was %v", counted, want)
	}
	groups := map[string]int{}
	for _, k := range found.Groups {
		groups[fmt.Sprintf("%s %s %d", k.Kind, k.Severity, len(k.Members))]++
	}
	for _, k := range []string{"machine-sid error 12", "machine-sid warning 9", "machine-sid warning 6", "machine-sid warning 4", "machine-sid warning 3"} {
		if groups[k] != 10 {
			t.Errorf("%d groups of %q, want 10: %v", groups[k], k, groups)
		}
	}
}

// TestFleetInFlight bounds the requests of one service.
func TestFleetInFlight(t *testing.T) {
	g := &gauge{}
	_, a := fleetOf(t, "fleet-1000", 2*time.Millisecond, g)
	done := make(chan struct{})
	for k := range 16 {
		go func() {
			defer func() { done <- struct{}{} }()
			a.Source().Collect(context.Background(), []estate.Key{estate.StatusPart.Key(fmt.Sprintf("i-0123456789abcde%02d", k))}, func(walk.Got) {})
		}()
	}
	for range 16 {
		<-done
	}
	if most := g.most.Load(); most > cloud.FleetConcurrency || most < 2 {
		t.Errorf("%d requests were under way at the same time, want 2 to %d", most, cloud.FleetConcurrency)
	}
}

func TestFleetCheckSharesAndRaisesNoAlarm(t *testing.T) {
	code, out, errs := invoke(t, "fleet", "check", "--lab", "fleet-1000", "--symptom", "everything", "--tag", "system=sys-03", "-o", "json")
	var doc struct {
		Counts struct{ Total, Walked int }
		Calls  struct {
			ByOperation map[string]int `json:"by_operation"`
		}
		Causes []struct{ Count, Of int }
	}
	if err := json.Unmarshal([]byte(out), &doc); err != nil {
		t.Fatalf("%v: %s", err, errs)
	}
	calls := doc.Calls.ByOperation
	for _, never := range []string{"ec2:GetPasswordData", "ssm:SendCommand", "ssm:StartSession"} {
		if calls[never] != 0 {
			t.Errorf("%s was called %d times", never, calls[never])
		}
	}
	for _, once := range []string{"ec2:DescribeVpcs", "ec2:DescribeRouteTables", "ec2:DescribeNetworkAcls", "iam:GetRole"} {
		if calls[once] > 1 {
			t.Errorf("%s, which all share, was called %d times", once, calls[once])
		}
	}
	if code != exitProblem || doc.Counts.Walked != 50 || len(doc.Causes) == 0 || doc.Causes[0].Of != 50 {
		t.Errorf("exit %d, %+v", code, doc)
	}
}

func TestFleetNoPasswordIsNotAskedFor(t *testing.T) {
	_, out, _ := invoke(t, "fleet", "check", "--lab", "no-password", "--symptom", "no-password", "-o", "json", lab.Scenarios()[0].InstanceID)
	if !strings.Contains(out, `"ec2:DescribeInstances"`) || strings.Contains(out, `"ec2:GetPasswordData":`) {
		t.Errorf("password data was asked for: %s", out)
	}
}

// interrupted runs a command until its record holds as many lines of a kind, stops it as
// ctrl+c does, and returns what it reported and the file to go on with.
func interrupted(t *testing.T, kind string, lines int, args ...string) (doc fleetReport, record string, again func() (int, fleetReport)) {
	t.Helper()
	state := t.TempDir()
	getenv := func(name string) string {
		if name == "XDG_STATE_HOME" || name == "LOCALAPPDATA" {
			return state
		}
		return ""
	}
	start := func(ctx context.Context, args ...string) (int, fleetReport, string) {
		var out, errs strings.Builder
		var doc fleetReport
		code := run(ctx, &app{args: append(args, "-o", "json"), in: strings.NewReader(""), out: &out, err: &errs, getenv: getenv,
			isTerminal: func() (bool, bool, bool) { return false, false, false }})
		if err := json.Unmarshal([]byte(out.String()), &doc); err != nil {
			t.Fatalf("exit %d, %v: %s", code, err, errs.String())
		}
		return code, doc, errs.String()
	}
	find := func() (path string) {
		_ = filepath.WalkDir(state, func(at string, _ fs.DirEntry, err error) error {
			if err == nil && strings.HasSuffix(at, ".jsonl") {
				path = at
			}
			return err
		})
		return path
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		for ctx.Err() == nil {
			time.Sleep(2 * time.Millisecond)
			if b, err := os.ReadFile(find()); err == nil && strings.Count(string(b), "\n{\""+kind+"\"") >= lines {
				cancel()
			}
		}
	}()
	code, doc, errs := start(ctx, args...)
	if doc.Complete || code == exitOK {
		t.Fatalf("exit %d; it was not stopped: %+v", code, doc.Counts)
	}
	record = find()
	if record == "" || !strings.Contains(errs, "--resume "+record) {
		t.Fatalf("the record %q is not named: %s", record, errs)
	}
	return doc, record, func() (int, fleetReport) {
		code, doc, _ := start(context.Background(), "fleet", args[1], "--resume", record)
		return code, doc
	}
}

// TestFleetResume stops a survey half way, and goes on with what it recorded.
func TestFleetResume(t *testing.T) {
	part, record, again := interrupted(t, "told", 60, "fleet", "clones", "--lab", "fleet-1000", "--guest", "--ticket", "CHG-1", "--approver", "Sato", "--lab-latency", "20ms")
	log, err := resume.Open(record)
	if err != nil || log.Opening.Ticket != "CHG-1" || log.Opening.Approver != "Sato" || len(log.Sent) == 0 || !strings.Contains(log.Sent[0].Script, "Block 'identity'") {
		t.Fatalf("the consent is not recorded: %+v, %v", log, err)
	}
	if len(log.Told) < part.Counts.Standing["answered"] {
		t.Errorf("%d answers are recorded of %d", len(log.Told), part.Counts.Standing["answered"])
	}
	code, doc := again()
	if code != exitProblem || !doc.Complete || doc.Counts.Standing["answered"] != 906 {
		t.Errorf("exit %d, %+v", code, doc)
	}
	// Who has answered is not asked again: one command of fifty at least is saved.
	if n := doc.Calls.ByOperation["ssm:SendCommand"]; n >= 19 {
		t.Errorf("%d commands after %d answers", n, len(log.Told))
	}
}

// A check that is stopped shows what it has, and goes on without walking that again.
func TestFleetCheckResume(t *testing.T) {
	part, record, again := interrupted(t, "row", 60, "fleet", "check", "--lab", "fleet-1000", "--symptom", "not-activated", "--lab-latency", "10ms", "--tag", "env=prod")
	log, err := resume.Open(record)
	if err != nil || len(log.Rows) == 0 || part.Counts.Walked == 0 || part.Counts.Walked >= 982 || part.Counts.Total != 1002 {
		t.Fatalf("%d rows recorded, %+v, %v", len(log.Rows), part.Counts, err)
	}
	code, doc := again()
	if code != exitProblem || !doc.Complete || doc.Counts.Walked != 982 || doc.Counts.Total != 1002 {
		t.Errorf("exit %d, %+v", code, doc.Counts)
	}
	if n := doc.Calls.ByOperation["ec2:DescribeInstanceStatus"]; n+len(log.Rows) > 1010 {
		t.Errorf("%d were walked again after %d rows", n, len(log.Rows))
	}
	// What Windows said in the first run still stands in the second.
	part, record, again = interrupted(t, "sent", 1, "fleet", "check", "--lab", "fleet-1000", "--symptom", "not-activated", "--guest", "--lab-latency", "10ms", "--tag", "env=prod")
	if part.Counts.Walked == 0 {
		t.Error("what was known without Windows is not shown")
	}
	if log, err = resume.Open(record); err != nil || !log.Opening.Guest {
		t.Fatal(log, err)
	}
	if code, doc = again(); code != exitProblem || !doc.Complete || doc.Counts.Standing["answered"] != 906 {
		t.Errorf("exit %d, %+v", code, doc.Counts)
	}
}

// Two profiles that lead to one account must not make everybody a copy of himself.
func TestFleetSamePlaceTwice(t *testing.T) {
	l, a := fleetOf(t, "cloned-fleet", 0, nil)
	again := cloud.New(l.Config(), cloud.Options{Target: estate.Target{Region: l.Scenario().Region}, Now: l.Now, NoSlowdown: true}).Fleet()
	found, err := fleet.FindClones(context.Background(), []fleet.Account{a, again}, fleet.CloneOptions{Guest: true, Now: l.Now})
	if err != nil || len(found.Members) != 7 {
		t.Fatalf("%d members, want 7: %v", len(found.Members), err)
	}
	for _, g := range found.Groups {
		if g.Kind == fleet.BySID && len(g.Members) != 5 {
			t.Errorf("a group of %d, want 5", len(g.Members))
		}
	}
}

func TestFleetFormats(t *testing.T) {
	for _, l := range []string{"ja", "en"} {
		_, csv, _ := invoke(t, "fleet", "clones", "--lab", "cloned-fleet", "-o", "csv", "--lang", l)
		if !strings.HasPrefix(csv, "\ufeff") || strings.Count(csv, "\r\n") < 6 {
			t.Errorf("%s: no byte order mark, or no rows: %q", l, csv)
		}
		_, plain, _ := invoke(t, "fleet", "clones", "--lab", "cloned-fleet", "-o", "csv", "--no-bom", "--lang", l)
		if "\ufeff"+plain != csv {
			t.Errorf("%s: --no-bom changes more than the mark", l)
		}
	}
	texts := map[string]bool{}
	for _, command := range []string{"fleet", "fleet check", "fleet clones", "fleet compare"} {
		for _, l := range []string{"ja", "en"} {
			code, out, errs := invoke(t, append(strings.Fields(command), "--help", "--lang", l)...)
			if code != 0 || texts[out] {
				t.Errorf("%s --help --lang %s: exit %d, %s", command, l, code, errs)
			}
			texts[out] = true
		}
	}
}

// fleetReport is what the tests read of a report.
type fleetReport struct {
	Exit     int
	Complete bool
	Counts   struct {
		Total, Walked, Clear, Undecided int
		Standing                        map[string]int
	}
	Calls struct {
		ByOperation map[string]int `json:"by_operation"`
	}
	Causes []struct {
		Code      string
		Count, Of int
	}
	Groups    []struct{ Kind, Verdict string }
	Instances []struct{ ID, Region, Standing, Outcome, Reason string }
}

func reportOf(t *testing.T, args ...string) (int, fleetReport) {
	t.Helper()
	code, out, errs := invoke(t, append(append([]string{"fleet"}, args...), "-o", "json")...)
	var doc fleetReport
	if err := json.Unmarshal([]byte(out), &doc); err != nil {
		t.Fatalf("%v: %v: %s", args, err, errs)
	}
	return code, doc
}

// What Windows has to tell and cannot be asked leaves the symptom undecided, and what it
// waits for is called by its name, though it is no part of the symptom's tree.
func TestAnOfflineWindowsIsNotClear(t *testing.T) {
	for l, want := range map[string]string{"en": "until this is settled: Registration with Systems Manager", "ja": "前段: マネージドノードの登録状態"} {
		code, out, _ := invoke(t, "check", "--lab", "no-role", "--symptom", "not-activated", "--guest", "--lang", l)
		if out = strings.Join(strings.Fields(out), " "); code != 3 || !strings.Contains(out, want) {
			t.Errorf("exit %d:\n%s", code, out)
		}
	}
}

// A tag that nobody carries is no good news: nothing was judged.
func TestFleetOfNobody(t *testing.T) {
	for _, args := range [][]string{{"clones"}, {"check", "--symptom", "rdp-refused"}} {
		args = append(args, "--lab", "clone-server-2025", "--tag", "Role=no-such-role")
		if code, doc := reportOf(t, args...); code != 3 || doc.Exit != 3 {
			t.Errorf("%v: exit %d, told %d", args, code, doc.Exit)
		}
		for l, want := range map[string]string{"en": "undecided: no such instance was found", "ja": "切り分け未完了（該当するインスタンスなし）"} {
			if _, out, _ := invoke(t, append(append([]string{"fleet"}, args...), "--lang", l)...); !strings.Contains(out, want) {
				t.Errorf("%v:\n%s", args, out)
			}
		}
	}
}

// One command goes to all with the tag; who it did not reach, and whom nobody meant, are
// counted apart. Where the tag would reach servers without Windows, ids are named.
func TestFleetByTag(t *testing.T) {
	for system, want := range map[string]struct{ sent, commands, answered, unreached, extra int }{
		"sys-03": {sent: 1, commands: 3, answered: 38},
		"sys-09": {sent: 1, commands: 3, answered: 39, unreached: 10, extra: 1},
		"sys-01": {sent: 1, answered: 39}, // ten of them run Linux
	} {
		_, doc := reportOf(t, "clones", "--lab", "fleet-1000", "--guest", "--tag", "system="+system)
		calls, counts := doc.Calls.ByOperation, doc.Counts.Standing
		if calls["ssm:SendCommand"] != want.sent || calls["ssm:ListCommands"] != want.commands || calls["ssm:GetCommandInvocation"] != 0 {
			t.Errorf("%s: calls %v", system, calls)
		}
		if counts["answered"] != want.answered || counts["unreached"] != want.unreached || counts["extra"] != want.extra || doc.Counts.Total != 50+want.extra {
			t.Errorf("%s: %d, %v", system, doc.Counts.Total, counts)
		}
	}
	// A value that EC2 takes as a wildcard is none to Run Command.
	_, doc := reportOf(t, "clones", "--lab", "fleet-1000", "--guest", "--tag", "system=sys-0?")
	if doc.Calls.ByOperation["ssm:ListCommands"] != 0 || doc.Counts.Total != 500 || doc.Calls.ByOperation["ssm:SendCommand"] != 10 {
		t.Errorf("%d, %v", doc.Counts.Total, doc.Calls)
	}
}

// The Windows of all are asked with one script, and nobody who was not asked is fine.
func TestFleetCheckAsksWindowsTogether(t *testing.T) {
	code, doc := reportOf(t, "check", "--lab", "fleet-1000", "--symptom", "not-activated", "--guest", "--tag", "env=prod")
	calls := doc.Calls.ByOperation
	if calls["ssm:SendCommand"] != 20 || calls["ssm:GetCommandInvocation"] != 0 || calls["ec2:GetPasswordData"] != 0 {
		t.Errorf("calls: %v", calls)
	}
	if code != exitProblem || doc.Counts.Standing["answered"] != 906 || len(doc.Causes) == 0 || doc.Causes[0].Of != doc.Counts.Walked {
		t.Errorf("exit %d, %+v, causes %+v", code, doc.Counts, doc.Causes)
	}
	for _, i := range doc.Instances {
		switch i.Standing {
		case "offline", "unmanaged", "denied":
			if i.Outcome != "undecided" || i.Reason == "" {
				t.Errorf("%s is %s and %q for %q", i.ID, i.Standing, i.Outcome, i.Reason)
			}
		case "linux":
			if i.Outcome != "" {
				t.Errorf("%s runs no Windows and came to %q", i.ID, i.Outcome)
			}
		}
	}
	_, doc = reportOf(t, "check", "--lab", "fleet-1000", "--symptom", "not-activated", "--guest", "--tag", "system=sys-09")
	if calls := doc.Calls.ByOperation; calls["ssm:SendCommand"] != 1 || doc.Counts.Standing["unreached"] != 10 || doc.Counts.Standing["extra"] != 1 || doc.Counts.Clear > 39 {
		t.Errorf("by tag: %v, %+v", calls, doc.Counts)
	}
	_, doc = reportOf(t, "check", "--lab", "fleet-1000", "--symptom", "not-activated", "--tag", "system=sys-03")
	if calls := doc.Calls.ByOperation; calls["ssm:SendCommand"] != 0 || doc.Counts.Clear != 0 {
		t.Errorf("without consent: %v, %+v", calls, doc.Counts)
	}
}

// An id is looked for in every region, and is missing only where no region has it.
func TestFleetCheckInSeveralRegions(t *testing.T) {
	here, nowhere := lab.Scenarios()[0].InstanceID, "i-0123456789abcdef0"
	code, doc := reportOf(t, "check", "--lab", "healthy", "--symptom", "not-in-systems-manager", "--region", "ap-northeast-3", "--region", "ap-northeast-1", here)
	if code != exitOK || len(doc.Instances) != 1 || doc.Instances[0].Region != "ap-northeast-1" || doc.Counts.Walked != 1 {
		t.Errorf("exit %d, %+v", code, doc.Instances)
	}
	code, doc = reportOf(t, "check", "--lab", "healthy", "--symptom", "not-in-systems-manager", "--region", "ap-northeast-3", "--region", "ap-northeast-1", here, nowhere)
	if code != exitProblem || len(doc.Instances) != 2 || doc.Counts.Standing["not-found"] != 1 {
		t.Errorf("exit %d, %+v", code, doc.Instances)
	}
}

// Consoles are read of suspects, and of nobody else.
func TestFleetConsolesOfSuspectsOnly(t *testing.T) {
	_, doc := reportOf(t, "clones", "--lab", "cloned-fleet")
	if n := doc.Calls.ByOperation["ec2:GetConsoleOutput"]; n != 5 || doc.Groups[0].Kind != "computer-name" || !strings.Contains(doc.Groups[0].Verdict, "certificate") {
		t.Errorf("%d consoles of five suspects: %+v", n, doc.Groups)
	}
	_, doc = reportOf(t, "clones", "--lab", "fleet-1000", "--tag", "system=sys-19")
	if n := doc.Calls.ByOperation["ec2:GetConsoleOutput"]; n != 0 {
		t.Errorf("%d consoles without a suspect: %+v", n, doc.Groups)
	}
}

// longer makes one answer of each list so long that the list cuts it.
func longer(stack *middleware.Stack) error {
	return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("Longer",
		func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
			out, md, err := next.HandleInitialize(ctx, in)
			if list, ok := out.Result.(*ssm.ListCommandInvocationsOutput); ok && len(list.CommandInvocations) > 0 && len(list.CommandInvocations[0].CommandPlugins) > 0 {
				list.CommandInvocations[0].CommandPlugins[0].Output = aws.String("MONSHIN1 \n---Output truncated---")
			}
			return out, md, err
		}), middleware.After)
}

// The policy of monshin permissions --fleet allows what is called, and nothing more.
func TestFleetPermissionsAreWhatIsCalled(t *testing.T) {
	called := map[string]bool{}
	note := func(r fleet.Report) {
		for a := range r.Calls {
			called[a] = true
		}
	}
	ctx := context.Background()
	l, err := lab.Open("cloned-fleet", lab.Options{})
	if err != nil {
		t.Fatal(err)
	}
	cfg := l.Config()
	cfg.APIOptions = append(cfg.APIOptions, longer)
	a := cloud.New(cfg, cloud.Options{Target: estate.Target{Region: l.Scenario().Region}, Now: l.Now, NoSlowdown: true}).Fleet()
	for _, o := range []fleet.CloneOptions{{Now: l.Now}, {Now: l.Now, Guest: true}} {
		found, err := fleet.FindClones(ctx, []fleet.Account{a}, o)
		if err != nil || !found.Complete {
			t.Fatal(err)
		}
		note(found.Report)
	}
	for _, args := range [][]string{
		{"clones", "--lab", "fleet-1000", "--guest", "--tag", "system=sys-03"},
		{"compare", "--lab", "cloned-fleet", "--bad", lab.Scenarios()[0].InstanceID, "--good", "i-0123456789abcdef0"},
	} {
		_, doc := reportOf(t, args...)
		note(fleet.Report{Calls: doc.Calls.ByOperation})
	}
	delete(called, "sts:GetCallerIdentity") // needs no permission
	_, text, _ := invoke(t, "permissions", "--fleet")
	doc, err := policy.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	allowed := map[string]bool{}
	for _, s := range doc.Statements {
		for _, a := range s.Actions {
			allowed[a] = true
		}
	}
	if d := cmp.Diff(called, allowed); d != "" {
		t.Errorf("actions (-called +allowed):\n%s", d)
	}

	// With a symptom everything that its walks call is in it too.
	_, text, _ = invoke(t, "permissions", "--fleet", "--symptom", "everything")
	_, checked := reportOf(t, "check", "--lab", "fleet-1000", "--symptom", "everything", "--guest", "--tag", "system=sys-03")
	for a := range checked.Calls.ByOperation {
		if a != "sts:GetCallerIdentity" && !strings.Contains(text, `"`+a+`"`) {
			t.Errorf("%s is called and not in the policy", a)
		}
	}
	if strings.Contains(text, "GetPasswordData") {
		t.Error("a fleet reads no password data")
	}
}

// BenchmarkFleetClones reports the time for an instance, the requests for an instance
// and the most memory that was in use, of a thousand and of ten thousand: the first
// must not grow.
func BenchmarkFleetClones(b *testing.B) {
	for _, scenario := range []string{"fleet-1000", "fleet-10000"} {
		b.Run(scenario, func(b *testing.B) {
			for b.Loop() {
				l, a := fleetOf(b, scenario, 0, nil)
				var most atomic.Uint64
				stop, ended := make(chan struct{}), make(chan struct{})
				go func() {
					defer close(ended)
					tick := time.NewTicker(20 * time.Millisecond)
					defer tick.Stop()
					for {
						select {
						case <-stop:
							return
						case <-tick.C:
							var m runtime.MemStats
							runtime.ReadMemStats(&m)
							most.Store(max(most.Load(), m.HeapInuse+m.StackInuse))
						}
					}
				}()
				start := time.Now()
				found, err := fleet.FindClones(context.Background(), []fleet.Account{a}, fleet.CloneOptions{Guest: true, Now: l.Now})
				took := time.Since(start)
				close(stop)
				<-ended
				if err != nil || !found.Complete {
					b.Fatal(err)
				}
				total := 0
				for _, n := range found.Calls {
					total += n
				}
				n := float64(len(found.Members))
				b.ReportMetric(float64(took.Microseconds())/n, "us/instance")
				b.ReportMetric(float64(total)/n, "calls/instance")
				b.ReportMetric(float64(most.Load())/(1<<20), "MiB-peak")
			}
		})
	}
}
