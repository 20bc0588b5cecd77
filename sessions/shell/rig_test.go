//go:build unix

package shell

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"go.uber.org/goleak"

	"github.com/monshin/monshin/diagnose/lab/gateway"
	"github.com/monshin/monshin/diagnose/lab/gateway/local"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		// The plugin's logger starts two of them when the package is loaded.
		goleak.IgnoreAnyFunction("github.com/cihub/seelog.(*asyncLoopLogger).processQueue"))
}

const instance = "i-0123456789abcdef0"

// rig is a gateway with a real shell behind each of its sessions.
type rig struct {
	t       testing.TB
	gateway *gateway.Gateway
	config  aws.Config

	mu   sync.Mutex
	spec gateway.Spec
}

// newRig opens a gateway; program and args are what its sessions run, an interactive
// sh where there are none.
func newRig(t testing.TB, spec gateway.Spec, program ...string) *rig {
	t.Helper()
	if len(program) == 0 {
		program = []string{"/bin/sh"}
	}
	r := &rig{t: t, spec: spec}
	if r.spec.Open == nil {
		r.spec.Open = func() (gateway.Endpoint, error) { return local.Start(program[0], program[1:]...) }
	}
	r.config = aws.Config{Region: "ap-northeast-1", Credentials: credentials.NewStaticCredentialsProvider("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "")}
	g, err := gateway.Listen(gateway.Options{Region: r.config.Region, Credentials: r.config.Credentials,
		Target: func(target, document string, p map[string][]string) (gateway.Spec, error) {
			if target != instance {
				return gateway.Spec{}, fmt.Errorf("%s is not connected", target)
			}
			r.mu.Lock()
			defer r.mu.Unlock()
			s := r.spec
			s.Target = target
			if command := p["command"]; len(command) > 0 {
				s.Type = map[string]string{interactiveDocument: gateway.Interactive, nonInteractiveDocument: gateway.NonInteractive}[document]
				s.Open = func() (gateway.Endpoint, error) { return local.Start("/bin/sh", "-c", command[0]) }
			}
			return s, nil
		}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(g.Close)
	r.gateway = g
	r.config.BaseEndpoint = aws.String(g.Endpoint())
	client := &loneClient{}
	t.Cleanup(client.close)
	r.config.HTTPClient = client
	return r
}

func (r *rig) open(o Options) *Shell {
	r.t.Helper()
	o.Config, o.Instance = r.config, instance
	s, err := Open(context.Background(), o)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = s.Close() })
	return s
}

// behind is the gateway's side of a shell.
func (r *rig) behind(s *Shell) *gateway.Session {
	r.t.Helper()
	b := r.gateway.Session(s.SessionID())
	if b == nil {
		r.t.Fatalf("the gateway does not know %s", s.SessionID())
	}
	return b
}

// reader reads a shell, so that a test can wait for what has to come.
type reader struct {
	t   testing.TB
	mu  sync.Mutex
	got bytes.Buffer
	new chan struct{}
	end chan struct{}
}

func read(t testing.TB, src io.Reader) *reader {
	r := &reader{t: t, new: make(chan struct{}, 1), end: make(chan struct{})}
	go func() {
		defer close(r.end)
		b := make([]byte, 32<<10)
		for {
			n, err := src.Read(b)
			r.mu.Lock()
			r.got.Write(b[:n])
			r.mu.Unlock()
			select {
			case r.new <- struct{}{}:
			default:
			}
			if err != nil {
				return
			}
		}
	}()
	return r
}

func (r *reader) text() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.got.String()
}

// until waits for a text, and forgets everything up to its end.
func (r *reader) until(text string) string {
	r.t.Helper()
	limit := time.After(30 * time.Second)
	for {
		r.mu.Lock()
		i := strings.Index(r.got.String(), text)
		if i >= 0 {
			before := string(r.got.Next(i + len(text)))
			r.mu.Unlock()
			return before
		}
		r.mu.Unlock()
		select {
		case <-r.new:
		case <-r.end:
			if !strings.Contains(r.text(), text) {
				r.t.Fatalf("the output ended without %q: %q", text, r.text())
			}
		case <-limit:
			r.t.Fatalf("no %q within 30 s: %q", text, r.text())
		}
	}
}

func (r *reader) all() string {
	r.t.Helper()
	select {
	case <-r.end:
	case <-time.After(60 * time.Second):
		r.t.Fatalf("no end within 60 s; %d bytes so far", len(r.text()))
	}
	return r.text()
}

func typing(t testing.TB, s io.Writer, text string) {
	t.Helper()
	if _, err := io.WriteString(s, text); err != nil {
		t.Fatal(err)
	}
}

func ended(t testing.TB, s *Shell) End {
	t.Helper()
	select {
	case <-s.Done():
	case <-time.After(30 * time.Second):
		t.Fatal("the session does not end")
	}
	return s.End()
}

func sha(s string) string {
	h := sha256.Sum256([]byte(s))
	return hex.EncodeToString(h[:])
}
