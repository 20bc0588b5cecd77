package shell

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"strconv"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/session-manager-plugin/src/message"
	"github.com/aws/session-manager-plugin/src/version"

	"github.com/monshin/monshin/diagnose/lang"
)

// portDocument forwards a port of the instance itself.
const portDocument = "AWS-StartPortForwardingSession"

// RDP is the port of Remote Desktop.
const RDP = 3389

// Forward is a port of the instance on this machine's loopback.
type Forward struct {
	shell    *Shell
	listener net.Listener
	wait     sync.WaitGroup
	once     sync.Once
	closed   error
}

// OpenForward forwards a port of the instance to a port of 127.0.0.1; local 0 is any
// that is free. The document and what is for a terminal in o are passed over, and
// nothing of what goes through is recorded. Agents before 3.0.196.0 (September 2020),
// which carry one connection after the other, are refused.
func OpenForward(ctx context.Context, o Options, port, local int) (*Forward, error) {
	// Before the session: a port that is taken must not leave one behind.
	var nets net.ListenConfig
	l, err := nets.Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(local)))
	if err != nil {
		return nil, &lang.Error{Err: err, Say: lang.Both("the local port %d: %s", "ローカルポート %d を使用できず: %s").With(local, lang.Clean(err.Error()))}
	}
	own := strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
	o.Document = Document{Name: portDocument, Parameters: map[string][]string{"portNumber": {strconv.Itoa(port)}, "localPortNumber": {own}}}
	o.Cols, o.Rows, o.Recorder = 0, 0, nil
	if err = Ready(ctx, o.Config, o.Instance); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	s, err := open(ctx, ssm.NewFromConfig(o.Config), o)
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	if !version.DoesAgentSupportTCPMultiplexing(quiet{}, s.Agent()) {
		said := &lang.Error{Say: lang.Both("the agent %s is too old to forward ports here (3.0.196.0 or later)", "SSM Agent %s はポート転送に未対応（3.0.196.0 以降が必要）").With(lang.Clean(s.Agent()))}
		return nil, errors.Join(said, s.Close(), l.Close())
	}
	f := &Forward{shell: s, listener: l}
	m := newMux(s)
	f.wait.Go(func() {
		if err := m.run(); err != nil {
			s.finish(brokenEnd(err.Error()))
		}
		_ = l.Close() // nobody is to come any more
	})
	f.wait.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			if m.carry(c) != nil {
				return
			}
		}
	})
	if !version.DoesAgentSupportDisableSmuxKeepAlive(quiet{}, s.Agent()) {
		f.wait.Go(func() { m.live(s.Done()) })
	}
	return f, nil
}

// Port is the local port.
func (f *Forward) Port() int { return f.listener.Addr().(*net.TCPAddr).Port }

// SessionID is AWS's id of the session.
func (f *Forward) SessionID() string { return f.shell.SessionID() }

// Done is closed when the session has ended.
func (f *Forward) Done() <-chan struct{} { return f.shell.Done() }

// End says how the session ended; the zero End while it goes on.
func (f *Forward) End() End { return f.shell.End() }

// Close ends the session and every connection over it.
func (f *Forward) Close() error {
	f.once.Do(func() {
		_ = f.listener.Close() // it may be closed already
		f.closed = f.shell.Close()
		f.wait.Wait()
	})
	return f.closed
}

// flagged takes a flag of the agent.
func (s *Shell) flagged(b []byte) {
	if len(b) == 4 && message.PayloadTypeFlag(binary.BigEndian.Uint32(b)) == message.ConnectToPortError {
		s.options.notice(PortRefused, lang.Both("the agent could not connect to the port inside Windows", "SSM Agent から OS 内の当該ポートに接続できず"))
	}
}
