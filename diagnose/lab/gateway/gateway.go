// Package gateway is Session Manager's message gateway and the agent behind it, on
// loopback: it speaks the data channel as the agent does (handshake, encryption,
// acknowledgements, sequence numbers, retransmission, sizes, the end) and puts
// whatever is wanted behind a session. What a network does to a channel can be done
// to it on demand (Faults).
//
// The protocol is that of github.com/aws/session-manager-plugin and
// github.com/aws/amazon-ssm-agent, from whose behaviour it was written; the real
// gateway's close codes and its publication messages were not seen.
package gateway

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/coder/websocket"
)

// path is where data channels are.
const path = "/v1/data-channel/"

// Options say how a gateway behaves.
type Options struct {
	// Region and Credentials, where set, are what a connection has to be signed with.
	Region      string
	Credentials aws.CredentialsProvider
	// Target says what StartSession over HTTP opens on a target; nil opens nothing.
	Target func(target, document string, parameters map[string][]string) (Spec, error)
}

// Gateway serves data channels on a loopback address.
type Gateway struct {
	options Options
	keys    *keyring
	server  *http.Server
	address string
	base    context.Context
	stop    context.CancelFunc
	served  chan struct{}

	mu       sync.Mutex // guards sessions and closed
	sessions map[string]*Session
	closed   bool
	wait     sync.WaitGroup
}

// Listen opens a gateway on a free port of 127.0.0.1. Close ends it.
func Listen(o Options) (*Gateway, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("the lab's message gateway: %w", err)
	}
	g := &Gateway{options: o, keys: newKeyring(), address: l.Addr().String(), served: make(chan struct{}), sessions: map[string]*Session{}}
	g.base, g.stop = context.WithCancel(context.Background())
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+path+"{session}", g.channel)
	mux.HandleFunc("POST /", g.call)
	g.server = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() {
		defer close(g.served)
		_ = g.server.Serve(l) // ends with ErrServerClosed
	}()
	return g, nil
}

// Close ends every session without a word, and waits until nothing of them is left.
func (g *Gateway) Close() {
	g.mu.Lock()
	g.closed = true
	all := make([]*Session, 0, len(g.sessions))
	for _, s := range g.sessions {
		all = append(all, s)
	}
	g.mu.Unlock()
	for _, s := range all {
		s.vanish()
	}
	g.stop()
	_ = g.server.Close()
	<-g.served
	g.wait.Wait()
}

// Endpoint is the address under which the same port answers StartSession,
// ResumeSession, TerminateSession and kms:GenerateDataKey as AWS's JSON 1.1.
func (g *Gateway) Endpoint() string { return "http://" + g.address }

// Ticket is what opens a data channel.
type Ticket struct{ SessionID, Token, URL string }

// ErrClosed is what opening comes to after Close.
var ErrClosed = errors.New("the lab's message gateway is closed")

// Start makes a session. Its end behind the agent is opened when the client is
// through with the handshake.
func (g *Gateway) Start(spec Spec) (Ticket, error) {
	s := newSession(g, spec)
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return Ticket{}, ErrClosed
	}
	g.sessions[s.id] = s
	s.goes(s.tend)
	return g.ticket(s), nil
}

// Resume gives a new token for a session; ok says that it is still there.
func (g *Gateway) Resume(id string) (Ticket, bool) {
	s := g.Session(id)
	if s == nil || s.ended() {
		return Ticket{SessionID: id}, false
	}
	return g.ticket(s), true
}

// Terminate ends a session as ssm:TerminateSession does; it reports whether there
// was one.
func (g *Gateway) Terminate(id string) bool {
	s := g.Session(id)
	if s == nil {
		return false
	}
	s.End("")
	return true
}

// Session finds a session, also one that has ended; nil where there never was one.
func (g *Gateway) Session(id string) *Session {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.sessions[id]
}

// DataKey makes a data key as kms:GenerateDataKey does.
func (g *Gateway) DataKey(key string, context map[string]string, bytes int) (plain, blob []byte, err error) {
	return g.keys.generate(key, context, bytes)
}

func (g *Gateway) ticket(s *Session) Ticket {
	return Ticket{SessionID: s.id, Token: s.newToken(), URL: "ws://" + g.address + path + url.PathEscape(s.id) + "?role=publish_subscribe"}
}

func random(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return hex.EncodeToString(b)
}

// channel takes one connection.
func (g *Gateway) channel(w http.ResponseWriter, r *http.Request) {
	s := g.Session(r.PathValue("session"))
	if s == nil || s.ended() {
		http.Error(w, "no such session", http.StatusNotFound)
		return
	}
	if err := g.signed(r); err != nil {
		http.Error(w, err.Error(), http.StatusForbidden)
		return
	}
	c, err := websocket.Accept(w, r, nil)
	if err != nil {
		return // Accept has answered
	}
	// A long paste is one message.
	c.SetReadLimit(-1)
	s.serve(g.base, c)
}

// signed checks the signature of a connection by making it again.
func (g *Gateway) signed(r *http.Request) error {
	if g.options.Credentials == nil {
		return nil
	}
	c, err := g.options.Credentials.Retrieve(r.Context())
	if err != nil {
		return err
	}
	at, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	if err != nil {
		return errors.New("the connection is not signed")
	}
	again, err := http.NewRequestWithContext(r.Context(), http.MethodGet, "ws://"+r.Host+r.URL.RequestURI(), nil)
	if err != nil {
		return err
	}
	// Of nothing: an upgrade has no body.
	const empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	if err := v4.NewSigner().SignHTTP(r.Context(), c, again, empty, "ssmmessages", g.options.Region, at); err != nil {
		return err
	}
	if again.Header.Get("Authorization") != r.Header.Get("Authorization") {
		return errors.New("the signature does not fit")
	}
	return nil
}
