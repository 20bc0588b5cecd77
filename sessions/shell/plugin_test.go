//go:build unix

package shell

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/creack/pty"

	"github.com/monshin/monshin/diagnose/lab/gateway"
)

// plugin builds the official session-manager-plugin from its module, once; "" with
// the reason where that cannot be done.
var plugin = sync.OnceValues(func() (path, why string) {
	dir, err := os.MkdirTemp("", "monshin-plugin")
	if err != nil {
		return "", err.Error()
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	path = filepath.Join(dir, "session-manager-plugin")
	c := exec.CommandContext(ctx, "go", "build", "-o", path, "github.com/aws/session-manager-plugin/src/sessionmanagerplugin-main")
	// A module of its own: monshin needs less of the plugin than the plugin does.
	c.Dir = filepath.Join("testdata", "plugin")
	c.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off")
	if out, err := c.CombinedOutput(); err != nil {
		_ = os.RemoveAll(dir)
		return "", fmt.Sprintf("%v: %s", err, out)
	}
	return path, ""
})

// official is a session of the official plugin, under a pseudo terminal.
type official struct {
	*os.File
	command *exec.Cmd
	session *gateway.Session
	done    chan error
}

func (r *rig) official(cols, rows uint16) *official {
	r.t.Helper()
	path, why := plugin()
	if why != "" {
		r.t.Skipf("the official plugin cannot be built here (a Go toolchain and its modules are needed): %s", why)
	}
	o, err := r.startOfficial(path, cols, rows)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(o.end)
	return o
}

func (r *rig) startOfficial(path string, cols, rows uint16) (*official, error) {
	out, err := ssm.NewFromConfig(r.config).StartSession(context.Background(), &ssm.StartSessionInput{Target: new(instance)})
	if err != nil {
		return nil, err
	}
	response, err := json.Marshal(map[string]*string{"SessionId": out.SessionId, "TokenValue": out.TokenValue, "StreamUrl": out.StreamUrl})
	if err != nil {
		return nil, err
	}
	c := exec.Command(path, string(response), r.config.Region, "StartSession", "", `{"Target":"`+instance+`"}`, r.gateway.Endpoint())
	c.Env = append(slices.DeleteFunc(os.Environ(), func(s string) bool { return strings.HasPrefix(s, "AWS_") }),
		"AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "AWS_REGION="+r.config.Region,
		"AWS_EC2_METADATA_DISABLED=true", "AWS_ENDPOINT_URL_KMS="+r.gateway.Endpoint(), "AWS_CONFIG_FILE=/dev/null", "AWS_SHARED_CREDENTIALS_FILE=/dev/null")
	f, err := pty.StartWithSize(c, &pty.Winsize{Cols: cols, Rows: rows})
	if err != nil {
		return nil, err
	}
	o := &official{File: f, command: c, session: r.gateway.Session(*out.SessionId), done: make(chan error, 1)}
	go func() { o.done <- c.Wait() }()
	return o, nil
}

func (o *official) end() {
	_ = o.command.Process.Kill() // it may have ended
	_ = o.File.Close()
}

func TestOfficialPlugin(t *testing.T) {
	specs := map[string]gateway.Spec{
		"plain":        {},
		"encrypted":    {KMSKey: "arn:aws:kms:ap-northeast-1:111122223333:key/lab"},
		"cut":          {Faults: gateway.Faults{CutAfter: 12, Cuts: 3}},
		"a lost start": {Faults: gateway.Faults{LoseOutput: []int64{0}, Slow: 300 * time.Millisecond}},
	}
	for name, spec := range specs {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, spec)
			o := r.official(91, 31)
			out := read(t, o)
			out.until("$ ")
			typing(t, o, "echo 日本語$((40+2))\r")
			out.until("日本語42")
			waitFor(t, "the first size", func() bool { c, l := o.session.Size(); return c == 91 && l == 31 })
			if err := pty.Setsize(o.File, &pty.Winsize{Cols: 120, Rows: 40}); err != nil {
				t.Fatal(err)
			}
			waitFor(t, "the second size", func() bool { c, l := o.session.Size(); return c == 120 && l == 40 })
			typing(t, o, "stty size\r")
			out.until("40 120")
			typing(t, o, "exit\r")
			select {
			case err := <-o.done:
				if err != nil {
					t.Errorf("the plugin ended with %v", err)
				}
			case <-time.After(20 * time.Second):
				t.Error("the plugin does not end with its session")
			}
		})
	}
}

func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("no %s within 20 s", what)
		}
	}
}

// TestBesideThePlugin measures both clients at the same gateway in one run. It says
// the figures and fails only where monshin is far behind: on a busy machine the
// figures swing. MONSHIN_MEASURE=1 runs it.
func TestBesideThePlugin(t *testing.T) {
	if os.Getenv("MONSHIN_MEASURE") == "" {
		t.Skip("MONSHIN_MEASURE=1 measures")
	}
	const keys, starts, size = 200, 10, 20 << 20
	shellRig := newRig(t, gateway.Spec{}, "/bin/sh", "-c", "stty raw -echo; echo ready; exec cat")
	flood := newRig(t, gateway.Spec{}, "/bin/sh", "-c", fmt.Sprintf("read x; yes %s | head -c %d; echo; echo over; sleep 1", strings.Repeat("x", 99), size))

	echo := func(rw io.ReadWriter) time.Duration {
		out := read(t, rw)
		out.until("ready")
		took := make([]time.Duration, 0, keys)
		for i := range keys {
			key := string(rune('a' + i%26))
			began := time.Now()
			typing(t, rw, key)
			out.until(key)
			took = append(took, time.Since(began))
			time.Sleep(2 * time.Millisecond)
		}
		slices.Sort(took)
		return took[keys/2]
	}
	pour := func(rw io.ReadWriter) float64 {
		typing(t, rw, "x\r")
		began, n, tail := time.Now(), 0, ""
		b := make([]byte, 64<<10)
		for {
			got, err := rw.Read(b)
			n += got
			tail += string(b[max(0, got-16):got])
			if len(tail) > 32 {
				tail = tail[len(tail)-32:]
			}
			if strings.Contains(tail, "over") || err != nil {
				break
			}
		}
		return float64(n) / 1e6 / time.Since(began).Seconds()
	}
	first := func(open func() (io.Reader, func())) time.Duration {
		took := make([]time.Duration, 0, starts)
		for range starts {
			began := time.Now()
			src, end := open()
			var b [1]byte
			if _, err := src.Read(b[:]); err != nil {
				t.Fatal(err)
			}
			took = append(took, time.Since(began))
			end()
		}
		slices.Sort(took)
		return took[starts/2]
	}
	ours := map[string]any{
		"echo": echo(shellRig.open(Options{})), "pour": pour(flood.open(Options{})),
		"first": first(func() (io.Reader, func()) { s := shellRig.open(Options{}); return s, func() { _ = s.Close() } }),
	}
	theirs := map[string]any{
		"echo": echo(shellRig.official(80, 24)), "pour": pour(flood.official(80, 24)),
		"first": first(func() (io.Reader, func()) { o := shellRig.official(80, 24); return o, o.end }),
	}
	t.Logf("echo of a key, median of %d: %v, plugin %v", keys, ours["echo"], theirs["echo"])
	t.Logf("throughput of %d MB: %.1f MB/s, plugin %.1f MB/s", size>>20, ours["pour"], theirs["pour"])
	t.Logf("StartSession to the first byte, median of %d: %v, plugin %v", starts, ours["first"], theirs["first"])
	if ours["echo"].(time.Duration) > 3*theirs["echo"].(time.Duration) || ours["pour"].(float64)*3 < theirs["pour"].(float64) || ours["first"].(time.Duration) > 3*theirs["first"].(time.Duration) {
		t.Error("far behind the official plugin")
	}
}
