package shell

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/session-manager-plugin/src/communicator"
	pluginlog "github.com/aws/session-manager-plugin/src/log"
	"github.com/gorilla/websocket"
)

const (
	// dialTime is how long a connection may take to come about.
	dialTime = 15 * time.Second
	// writeTime is how long one message may take to get into the network's buffers: a
	// connection on which nothing moves for so long is dead.
	writeTime = 20 * time.Second
	// pingEvery keeps the state of firewalls and NAT gateways alive, which forget an
	// idle connection after 350 seconds (NAT gateway, network load balancer).
	pingEvery = 2 * time.Minute
	// largest is more than any message of the agent: it sends a kilobyte at a time.
	largest = 1 << 20
)

// socket is the plugin's connection, made anew: the plugin's own races on its state,
// can leave two readers behind after a reconnect, and cannot be given up while it
// dials. A socket is connected again and again, and has one reader at a time.
type socket struct {
	config aws.Config
	signer *v4.Signer
	dialer websocket.Dialer

	// onMessage and onLost are set before the first connection. onLost is called once
	// for each connection that was lost, and not for one that was hung up.
	onMessage func([]byte)
	onLost    func(error)

	writing sync.Mutex // held while a message is written; taken before mu

	mu    sync.Mutex // guards what follows
	url   string
	token string
	conn  *websocket.Conn
	hung  bool          // conn is being hung up
	read  chan struct{} // closed when conn's reader has ended
	ping  *time.Timer
}

var _ communicator.IWebSocketChannel = (*socket)(nil)

func newSocket(cfg aws.Config) *socket {
	s := &socket{config: cfg, signer: v4.NewSigner(), dialer: websocket.Dialer{
		Proxy: http.ProxyFromEnvironment, HandshakeTimeout: dialTime, ReadBufferSize: 16 << 10, WriteBufferSize: 16 << 10,
	}}
	// A certificate authority of the company's own, and its proxy, are those of the
	// SDK's connections.
	if c, ok := cfg.HTTPClient.(*awshttp.BuildableClient); ok {
		t := c.GetTransport()
		if t.TLSClientConfig != nil {
			s.dialer.TLSClientConfig = t.TLSClientConfig.Clone()
			s.dialer.TLSClientConfig.NextProtos = nil // a WebSocket is HTTP/1.1
		}
		if t.Proxy != nil {
			s.dialer.Proxy = t.Proxy
		}
	}
	return s
}

// dial connects, in place of a connection that may still be there. The reader starts
// with Open.
func (s *socket) dial(ctx context.Context) error {
	s.hangUp()
	ctx, cancel := context.WithTimeout(ctx, dialTime)
	defer cancel()
	header, err := s.signature(ctx)
	if err != nil {
		return err
	}
	c, resp, err := s.dialer.DialContext(ctx, s.GetStreamUrl(), header)
	if resp != nil && resp.Body != nil {
		defer resp.Body.Close()
	}
	if err != nil {
		if resp != nil {
			b, _ := io.ReadAll(io.LimitReader(resp.Body, 200)) // only to say more
			return &refusal{status: resp.StatusCode, text: strings.TrimSpace(string(b)), err: err}
		}
		return err
	}
	c.SetReadLimit(largest)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conn, s.hung, s.read = c, false, make(chan struct{})
	return nil
}

// refusal is an answer that is no data channel.
type refusal struct {
	status int
	text   string
	err    error
}

func (r *refusal) Error() string {
	return fmt.Sprintf("the message gateway answered HTTP %d: %s", r.status, r.text)
}

func (r *refusal) Unwrap() error { return r.err }

// signature signs the upgrade, with the credentials of now: a session lives longer
// than those it began with.
func (s *socket) signature(ctx context.Context) (http.Header, error) {
	u, err := url.Parse(s.GetStreamUrl())
	if err != nil {
		return nil, err
	}
	for name := range u.Query() {
		if strings.HasPrefix(strings.ToLower(name), "x-amz-") {
			return http.Header{}, nil // signed already
		}
	}
	if s.config.Credentials == nil {
		return nil, errors.New("no credentials")
	}
	c, err := s.config.Credentials.Retrieve(ctx)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	// The digest of nothing: an upgrade has no body.
	const empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	if err := s.signer.SignHTTP(ctx, c, r, empty, "ssmmessages", s.config.Region, time.Now()); err != nil {
		return nil, err
	}
	return r.Header, nil
}

// Initialize takes what the plugin hands on; the signature is made anew each time.
func (s *socket) Initialize(_ pluginlog.T, channelURL, token, _ string, _ *v4.Signer, _ aws.Credentials) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.url, s.token = channelURL, token
}

// Open starts to read from the connection that dial made.
func (s *socket) Open(pluginlog.T) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn == nil {
		return errors.New("no connection")
	}
	go s.listen(s.conn, s.read)
	s.ping = time.AfterFunc(pingEvery, s.pings(s.conn))
	return nil
}

// pings keeps one connection alive as long as it is there.
func (s *socket) pings(c *websocket.Conn) func() {
	return func() {
		if s.current() != c {
			return
		}
		// WriteControl takes its own lock; that it failed shows at the reader.
		_ = c.WriteControl(websocket.PingMessage, []byte("keepalive"), time.Now().Add(writeTime))
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.conn == c {
			s.ping.Reset(pingEvery)
		}
	}
}

func (s *socket) listen(c *websocket.Conn, done chan struct{}) {
	defer close(done)
	for {
		kind, b, err := c.ReadMessage()
		if err != nil {
			s.mu.Lock()
			hung := s.hung || s.conn != c
			s.mu.Unlock()
			_ = c.Close()
			if !hung {
				s.onLost(err)
			}
			return
		}
		if kind == websocket.BinaryMessage || kind == websocket.TextMessage {
			s.onMessage(b)
		}
	}
}

// drop loses the connection as if the network had.
func (s *socket) drop() {
	if c := s.current(); c != nil {
		_ = c.Close() // the reader says what came of it
	}
}

// hangUp ends the connection and waits until its reader is gone. It must not be
// called by the reader.
func (s *socket) hangUp() {
	s.mu.Lock()
	c, read := s.conn, s.read
	s.conn, s.hung = nil, true
	started := s.ping != nil
	if s.ping != nil {
		s.ping.Stop()
		s.ping = nil
	}
	s.mu.Unlock()
	if c == nil {
		return
	}
	_ = c.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseNormalClosure, ""), time.Now().Add(time.Second))
	_ = c.Close()
	if started {
		<-read
	}
}

// Close ends the connection.
func (s *socket) Close(pluginlog.T) error {
	s.hangUp()
	return nil
}

// SendMessage sends one message. What cannot be sent is no error, except for the
// token (a text): a message of the stream waits for its acknowledgement anyway, and
// goes out again on the next connection.
func (s *socket) SendMessage(_ pluginlog.T, b []byte, kind int) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	err := errors.New("no connection")
	if c := s.current(); c != nil {
		_ = c.SetWriteDeadline(time.Now().Add(writeTime)) // never fails (gorilla/websocket)
		if err = c.WriteMessage(kind, b); err != nil {
			_ = c.Close() // the reader ends, and says so
		}
	}
	if kind == websocket.TextMessage {
		return err
	}
	return nil
}

func (s *socket) current() *websocket.Conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conn
}

// StartPings is not needed: a connection pings from its start.
func (s *socket) StartPings(pluginlog.T, time.Duration) {}

// GetChannelToken is the token with which the next connection begins.
func (s *socket) GetChannelToken() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.token
}

// SetChannelToken sets that token.
func (s *socket) SetChannelToken(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.token = token
}

// GetStreamUrl is the channel's address.
func (s *socket) GetStreamUrl() string { //nolint:revive // the plugin's interface spells it so
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.url
}

// SetOnError and SetOnMessage belong to the plugin's own way of reading; here a
// channel is told directly.
func (s *socket) SetOnError(func(error)) {}

// SetOnMessage does nothing; see SetOnError.
func (s *socket) SetOnMessage(func([]byte)) {}
