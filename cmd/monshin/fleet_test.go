package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go/middleware"

	"github.com/monshin/monshin/diagnose/cloud"
	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/fleet"
	"github.com/monshin/monshin/diagnose/lab"
	"github.com/monshin/monshin/diagnose/walk"
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
	calls := map[string]int{}
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
	calls = doc.Calls.ByOperation
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

// TestFleetResume stops a survey half way, and goes on with what it recorded.
func TestFleetResume(t *testing.T) {
	state := t.TempDir()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var out, errs strings.Builder
	getenv := func(name string) string {
		if name == "XDG_STATE_HOME" || name == "LOCALAPPDATA" {
			return state
		}
		return ""
	}
	stop := time.AfterFunc(250*time.Millisecond, cancel)
	defer stop.Stop()
	terminal := func() (bool, bool, bool) { return false, false, false }
	code := run(ctx, &app{args: []string{"fleet", "clones", "--lab", "fleet-1000", "--guest", "--ticket", "CHG-1", "--lab-latency", "20ms", "-o", "json"},
		in: strings.NewReader(""), out: &out, err: &errs, getenv: getenv, isTerminal: terminal})
	if !strings.Contains(out.String(), `"complete": false`) || code == exitOK {
		t.Fatalf("exit %d; it was not stopped: %.300s %s", code, out.String(), errs.String())
	}
	var file string
	_ = filepath.WalkDir(state, func(path string, _ fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".jsonl") {
			file = path
		}
		return err
	})
	if file == "" || !strings.Contains(errs.String(), "--resume "+file) {
		t.Fatalf("the record %q is not named: %s", file, errs.String())
	}
	out.Reset()
	code = run(context.Background(), &app{args: []string{"fleet", "clones", "--resume", file, "-o", "json"},
		in: strings.NewReader(""), out: &out, err: &errs, getenv: getenv, isTerminal: terminal})
	var doc struct {
		Complete bool
		Counts   struct{ Standing map[string]int }
		Calls    struct {
			ByOperation map[string]int `json:"by_operation"`
		}
	}
	if err := json.Unmarshal([]byte(out.String()), &doc); err != nil {
		t.Fatalf("%v: %s", err, errs.String())
	}
	if code != exitProblem || !doc.Complete || doc.Counts.Standing["answered"] != 906 {
		t.Errorf("exit %d, %+v", code, doc)
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
