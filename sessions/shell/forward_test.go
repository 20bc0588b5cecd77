//go:build unix

package shell

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/monshin/monshin/diagnose/lab/gateway"
)

// echoServer answers every byte with itself.
func echoServer(t testing.TB) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				_, _ = io.Copy(c, c)
			}()
		}
	}()
	return l.Addr().String()
}

func portRig(t testing.TB, faults gateway.Faults, agent string, dial func() (net.Conn, error)) *rig {
	return newRig(t, gateway.Spec{Type: gateway.Port, Agent: agent, Properties: gateway.PortProperties("3389", "0"), Faults: faults,
		Open: func() (gateway.Endpoint, error) { return gateway.NewPorts(dial), nil }})
}

// through sends bytes through a connection that answers with them.
func through(c net.Conn, size int) error {
	sent := make([]byte, size)
	_, _ = rand.Read(sent)
	// The plugin would change a message of a single line feed.
	sent[len(sent)-1] = '\n'
	var wait sync.WaitGroup
	defer wait.Wait()
	wait.Go(func() { _, _ = c.Write(sent) })
	got := make([]byte, size)
	_ = c.SetReadDeadline(time.Now().Add(30 * time.Second))
	if _, err := io.ReadFull(c, got); err != nil {
		return err
	}
	if !bytes.Equal(sent, got) {
		return errors.New("other bytes came back")
	}
	return nil
}

func TestForward(t *testing.T) {
	echo := echoServer(t)
	for name, faults := range map[string]gateway.Faults{"sound": {}, "cut": {CutAfter: 40, Cuts: 20}, "disordered": {Reorder: 3, Duplicate: 4}} {
		for _, agent := range []string{"", "3.0.500.0"} { // without and with signs of life
			t.Run(name+agent, func(t *testing.T) {
				r := portRig(t, faults, agent, func() (net.Conn, error) { return net.Dial("tcp", echo) })
				f, err := OpenForward(context.Background(), Options{Config: r.config, Instance: instance}, RDP, 0)
				if err != nil {
					t.Fatal(err)
				}
				defer f.Close()
				var wait sync.WaitGroup
				for n := range 3 {
					wait.Go(func() {
						c, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(f.Port())))
						if err != nil {
							t.Error(err)
							return
						}
						defer c.Close()
						for _, size := range []int{1, 1017, 1024, 100_000 + n} {
							if err := through(c, size); err != nil {
								t.Errorf("%d bytes: %v", size, err)
								return
							}
						}
					})
				}
				wait.Wait()
				if err := f.Close(); err != nil {
					t.Error(err)
				}
				if e := f.End(); e.Cause != Closed {
					t.Errorf("%+v", e)
				}
				if c, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(f.Port()))); err == nil {
					_ = c.Close()
					t.Error("the port is still open")
				}
			})
		}
	}
}

// The other end hangs up: what it said before arrives, and then the end.
func TestForwardEndsConnections(t *testing.T) {
	r := portRig(t, gateway.Faults{}, "", func() (net.Conn, error) {
		a, b := net.Pipe()
		go func() {
			_, _ = io.WriteString(b, "bye")
			_ = b.Close()
		}()
		return a, nil
	})
	f, err := OpenForward(context.Background(), Options{Config: r.config, Instance: instance}, RDP, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for range 3 {
		c, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(f.Port())))
		if err != nil {
			t.Fatal(err)
		}
		_ = c.SetReadDeadline(time.Now().Add(20 * time.Second))
		if b, err := io.ReadAll(c); err != nil || string(b) != "bye" {
			t.Errorf("%q %v", b, err)
		}
		_ = c.Close()
	}
}

func TestForwardToNobody(t *testing.T) {
	r := portRig(t, gateway.Faults{}, "", func() (net.Conn, error) { return nil, errors.New("nobody") })
	told := make(chan Notice, 10)
	f, err := OpenForward(context.Background(), Options{Config: r.config, Instance: instance, Notice: func(n Notice) { told <- n }}, RDP, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	c, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(f.Port())))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetReadDeadline(time.Now().Add(20 * time.Second))
	if b, err := io.ReadAll(c); err != nil || len(b) > 0 {
		t.Errorf("%q %v", b, err)
	}
	select {
	case n := <-told:
		if n.Kind != PortRefused || !n.Say.Complete() {
			t.Errorf("%+v", n)
		}
	case <-time.After(20 * time.Second):
		t.Error("nobody is told")
	}
}

func TestForwardRefusals(t *testing.T) {
	r := portRig(t, gateway.Faults{}, "2.3.700.0", func() (net.Conn, error) { return nil, errors.New("nobody") })
	if _, err := OpenForward(context.Background(), Options{Config: r.config, Instance: instance}, RDP, 0); err == nil || !strings.Contains(err.Error(), "too old") {
		t.Errorf("%v", err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := OpenForward(context.Background(), Options{Config: r.config, Instance: instance}, RDP, l.Addr().(*net.TCPAddr).Port); err == nil || !strings.Contains(err.Error(), "local port") {
		t.Errorf("%v", err)
	}
}

// The official plugin forwards through the same gateway, with the library that
// monshin's own protocol was written after.
func TestOfficialPluginForwards(t *testing.T) {
	path, why := plugin()
	if why != "" {
		t.Skipf("the official plugin cannot be built here: %s", why)
	}
	echo := echoServer(t)
	r := portRig(t, gateway.Faults{}, "", func() (net.Conn, error) { return net.Dial("tcp", echo) })
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	_ = l.Close()
	r.mu.Lock()
	r.spec.Properties = gateway.PortProperties("3389", strconv.Itoa(port))
	r.mu.Unlock()
	o, err := r.startOfficial(path, 80, 24)
	if err != nil {
		t.Fatal(err)
	}
	defer o.end()
	out := read(t, o)
	out.until(fmt.Sprintf("Port %d opened", port))
	for _, size := range []int{2, 1000, 100_000} {
		c, err := net.Dial("tcp", net.JoinHostPort("localhost", strconv.Itoa(port)))
		if err != nil {
			t.Fatal(err)
		}
		if err := through(c, size); err != nil {
			t.Errorf("%d bytes: %v", size, err)
		}
		_ = c.Close()
	}
}
