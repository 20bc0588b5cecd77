//go:build unix

package shell

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/monshin/monshin/diagnose/lab/gateway"
)

func TestShell(t *testing.T) {
	r := newRig(t, gateway.Spec{Faults: gateway.Faults{Slow: 50 * time.Millisecond}})
	s := r.open(Options{Cols: 101, Rows: 33})
	out := read(t, s)
	typing(t, s, "stty size; echo 日本語$((40+2))\r")
	// The size goes out before the shell behind it has started: it must not be lost.
	out.until("33 101")
	out.until("日本語42")
	s.Resize(132, 40)
	typing(t, s, "stty size\r")
	out.until("40 132")
	if s.Agent() == "" {
		t.Error("the agent's version is not known")
	}
	typing(t, s, "exit\r")
	if e := ended(t, s); e.Cause != Exited || !e.Say.Complete() {
		t.Errorf("%+v", e)
	}
	out.all()
	if _, err := s.Write([]byte("x")); !errors.Is(err, ErrEnded) {
		t.Errorf("typing after the end: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestClose(t *testing.T) {
	r := newRig(t, gateway.Spec{})
	s := r.open(Options{})
	out := read(t, s)
	out.until("$ ")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if e := s.End(); e.Cause != Closed {
		t.Errorf("%+v", e)
	}
	select {
	case <-r.behind(s).Done():
	case <-time.After(5 * time.Second):
		t.Error("the session is still open in AWS")
	}
	out.all()
}

func TestTwoAtOnce(t *testing.T) {
	r := newRig(t, gateway.Spec{})
	var wait sync.WaitGroup
	for n := range 3 {
		s := r.open(Options{})
		wait.Go(func() {
			out := read(t, s)
			for i := range 30 {
				if _, err := fmt.Fprintf(s, "echo s%d-$((%d+0))\r", n, i); err != nil {
					t.Error(err)
				}
				if got := out.until(fmt.Sprintf("s%d-%d\r", n, i)); strings.Contains(got, fmt.Sprintf("s%d-", (n+1)%3)) {
					t.Errorf("the sessions are mixed: %q", got)
				}
			}
		})
	}
	wait.Wait()
}

func TestCuts(t *testing.T) {
	const lines = 6000
	r := newRig(t, gateway.Spec{Faults: gateway.Faults{CutAfter: 3, Cuts: 100}},
		"/bin/sh", "-c", fmt.Sprintf("stty -onlcr; i=0; while [ $i -lt %d ]; do echo line-$i-日本語-abcdefghijklmnopqrstuvwxyz; i=$((i+1)); done; read x; echo got-$x", lines))
	s := r.open(Options{})
	out := read(t, s)
	got := out.until(fmt.Sprintf("line-%d-日本語-abcdefghijklmnopqrstuvwxyz\n", lines-1))
	for deadline := time.Now().Add(60 * time.Second); r.behind(s).Stats().Cuts < 100 && time.Now().Before(deadline); {
		time.Sleep(20 * time.Millisecond)
		s.Resize(80+r.behind(s).Stats().Cuts, 24) // something to be acknowledged
	}
	var want strings.Builder
	for i := range lines {
		fmt.Fprintf(&want, "line-%d-日本語-abcdefghijklmnopqrstuvwxyz\n", i)
	}
	if got != want.String() {
		t.Errorf("%d bytes came of %d, or others", len(got), want.Len())
	}
	typing(t, s, "over\r")
	out.until("got-over")
	if n := r.behind(s).Stats().Cuts; n != 100 {
		t.Errorf("only %d cuts", n)
	}
}

// Typing during the cuts: every byte arrives once.
func TestTypingThroughCuts(t *testing.T) {
	r := newRig(t, gateway.Spec{Faults: gateway.Faults{CutAfter: 7, Cuts: 30, LoseAck: []int64{2, 3, 9}, LoseOutput: []int64{3, 6}, Duplicate: 5, Reorder: 4}},
		"/bin/sh", "-c", "stty -echo raw; head -c 3000 | sha256sum; sleep 0.2")
	s := r.open(Options{})
	out := read(t, s)
	var typed strings.Builder
	for i := 0; typed.Len() < 3000; i++ {
		part := fmt.Sprintf("%04d-入力;", i)
		if typed.Len()+len(part) > 3000 {
			part = strings.Repeat("x", 3000-typed.Len())
		}
		typed.WriteString(part)
		typing(t, s, part)
	}
	out.until(sha(typed.String()))
}

func TestFaults(t *testing.T) {
	tests := map[string]gateway.Spec{
		// Both at once stall a client that does not confirm a second time.
		"a lost confirmation and a lost message": {Faults: gateway.Faults{LoseAck: []int64{0}, LoseOutput: []int64{1}}},
		"a lost greeting":                        {Faults: gateway.Faults{LoseOutput: []int64{0}}},
		"everything twice":                       {Faults: gateway.Faults{Duplicate: 1}},
		"everything in another order":            {Faults: gateway.Faults{Reorder: 2}},
		"a slow network":                         {Faults: gateway.Faults{Delay: 5 * time.Millisecond}},
		"an agent without a handshake":           {Old: true},
		"a message of the account":               {Message: "Authorised users only"},
	}
	for name, spec := range tests {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, spec)
			var mu sync.Mutex
			var notices []Notice
			s := r.open(Options{Notice: func(n Notice) {
				mu.Lock()
				defer mu.Unlock()
				notices = append(notices, n)
			}})
			out := read(t, s)
			for i := range 10 {
				typing(t, s, fmt.Sprintf("echo a-$((%d*1))-b\r", i))
				out.until(fmt.Sprintf("a-%d-b\r\n", i))
			}
			mu.Lock()
			defer mu.Unlock()
			if spec.Message != "" && (len(notices) != 1 || notices[0].Kind != Banner || notices[0].Say.En != spec.Message) {
				t.Errorf("%+v", notices)
			}
		})
	}
}

func TestEncrypted(t *testing.T) {
	r := newRig(t, gateway.Spec{KMSKey: "arn:aws:kms:ap-northeast-1:111122223333:key/lab", Faults: gateway.Faults{CutAfter: 20, Cuts: 5}})
	s := r.open(Options{Cols: 90, Rows: 30})
	out := read(t, s)
	for i := range 20 {
		typing(t, s, fmt.Sprintf("echo 暗号-$((%d*1))\r", i))
		out.until(fmt.Sprintf("暗号-%d\r\n", i))
	}
	typing(t, s, "stty size\r")
	out.until("30 90")
}

func TestEnds(t *testing.T) {
	tests := []struct {
		output string
		want   Cause
		say    string
	}{
		{"", Exited, "the shell ended"},
		{"Session: x timed out due to inactivity.", TimedOut, "time limits"},
		{"Plugin with name Standard_Stream not found. \x1b]0;evil\x07", Service, `\x1b]0;evil\x07`},
	}
	for _, tt := range tests {
		r := newRig(t, gateway.Spec{})
		s := r.open(Options{})
		out := read(t, s)
		out.until("$ ")
		r.behind(s).End(tt.output)
		e := ended(t, s)
		if e.Cause != tt.want || !strings.Contains(e.Say.En, tt.say) || e.Told != tt.output || !e.Say.Complete() {
			t.Errorf("%q: %+v", tt.output, e)
		}
		out.all()
	}
}

func TestGoneWhileAway(t *testing.T) {
	r := newRig(t, gateway.Spec{})
	s := r.open(Options{})
	out := read(t, s)
	out.until("$ ")
	// The end does not reach the client, as when a laptop sleeps over the time-out.
	b := r.behind(s)
	b.Cut()
	b.End("Session timed out")
	if e := ended(t, s); e.Cause != Gone && e.Cause != TimedOut {
		t.Errorf("%+v", e)
	}
}

func TestNotIntelligible(t *testing.T) {
	r := newRig(t, gateway.Spec{})
	s := r.open(Options{})
	out := read(t, s)
	out.until("$ ")
	b := r.behind(s)
	lies := make([]byte, 130)
	lies[0] = 0xff
	b.Inject(lies)
	b.Inject([]byte("x"))
	typing(t, s, "echo still-$((1+1))\r")
	out.until("still-2")
	for range mostOdd {
		b.Inject(lies)
	}
	if e := ended(t, s); e.Cause != Broken {
		t.Errorf("%+v", e)
	}
}

func TestDocuments(t *testing.T) {
	r := newRig(t, gateway.Spec{})
	s := r.open(Options{Document: NonInteractive("echo one; exit 7")})
	if got := read(t, s).all(); got != "one\r\n" {
		t.Errorf("%q", got)
	}
	if e := ended(t, s); e.Cause != Exited || e.ExitCode == nil || *e.ExitCode != 7 {
		t.Errorf("%+v", e)
	}
	s = r.open(Options{Document: Interactive("read x; echo [$x]")})
	out := read(t, s)
	typing(t, s, "hello\r")
	out.until("[hello]")
}

func TestNotReady(t *testing.T) {
	r := newRig(t, gateway.Spec{})
	_, err := Open(context.Background(), Options{Config: r.config, Instance: "i-00000000000000000"})
	var not *NotReadyError
	if !errors.As(err, &not) || not.Call != "ssm:GetConnectionStatus" || !not.Say.Complete() {
		t.Errorf("%v", err)
	}
	bad := newRig(t, gateway.Spec{Open: func() (gateway.Endpoint, error) { return nil, errors.New("no such shell") }})
	s, err := Open(context.Background(), Options{Config: bad.config, Instance: instance})
	if err == nil {
		// The agent says so only behind the handshake.
		if e := ended(t, s); e.Cause != Service || !strings.Contains(e.Told, "no such shell") {
			t.Errorf("%+v", e)
		}
		_ = s.Close()
	} else if !strings.Contains(err.Error(), "no such shell") {
		t.Error(err)
	}
}

func TestTrusted(t *testing.T) {
	for address, want := range map[string]bool{
		"wss://ssmmessages.ap-northeast-1.amazonaws.com/v1/data-channel/x": true,
		"ws://127.0.0.1:1/v1/data-channel/x":                               true,
		"ws://ssmmessages.ap-northeast-1.amazonaws.com/":                   false,
		"http://127.0.0.1/": false,
		"":                  false,
	} {
		if got := trusted(address) == nil; got != want {
			t.Errorf("%q: %v", address, got)
		}
	}
}

// Everything is recorded before it can be read, and a recorder that fails is said
// once and takes nobody's shell away.
func TestShellIsRecorded(t *testing.T) {
	r := newRig(t, gateway.Spec{Message: "Authorised users only"})
	path := filepath.Join(t.TempDir(), "x.cast")
	rec, err := Record(path, "x", 80, 24, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	s := r.open(Options{Recorder: rec, Cols: 90, Rows: 20})
	out := read(t, s)
	typing(t, s, "echo 記録-$((40+2))\r")
	out.until("記録-42")
	if !strings.Contains(contents(t, path), "記録-42") {
		t.Error("it was shown before it was recorded")
	}
	if !strings.Contains(contents(t, path), "Authorised users only") || !strings.Contains(contents(t, path), "90x20") {
		t.Error("the banner or the size is not recorded")
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, err := rec.Close(); err != nil {
		t.Error(err)
	}

	told := make(chan Notice, 10)
	full := &failing{}
	s = r.open(Options{Recorder: full, Notice: func(n Notice) { told <- n }})
	out = read(t, s)
	typing(t, s, "echo still-$((1+1))\r")
	out.until("still-2")
	_ = s.Close()
	close(told)
	var kinds []string
	for n := range told {
		kinds = append(kinds, string(n.Kind))
	}
	if fmt.Sprint(kinds) != "[banner unrecorded]" || full.calls != 1 {
		t.Errorf("%v, %d calls", kinds, full.calls)
	}
}
