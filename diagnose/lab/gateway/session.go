package gateway

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/coder/websocket"
)

// Endpoint is what stands behind a session: a shell. Read ends with an error, io.EOF
// at its own end. Close ends it from outside; Read then returns.
type Endpoint interface {
	io.ReadWriteCloser
	// Resize says how large the client's terminal is.
	Resize(cols, rows int)
}

// Coded is an Endpoint that has an exit code when its Read has ended.
type Coded interface{ ExitCode() int }

// The types of sessions, as the agent names them.
const (
	Shell          = "Standard_Stream"
	Interactive    = "InteractiveCommands"
	NonInteractive = "NonInteractiveCommands"
)

// Spec says what a session is.
type Spec struct {
	// Target is the instance.
	Target string
	// Owner is what the session's id begins with, "" for "lab".
	Owner string
	// Type is one of the types of sessions, "" for Shell. Properties go with it.
	Type       string
	Properties any
	// Agent is the agent's version, "" for one of 2026.
	Agent string
	// Old says that the agent knows no handshake.
	Old bool
	// KMSKey encrypts the session, "" does not.
	KMSKey string
	// Message is what the account's preferences have shown at the start.
	Message string
	// Open starts what is behind a shell. It is called once, without a lock.
	Open func() (Endpoint, error)
	Faults
}

// The agent's ways (amazon-ssm-agent, agent/session).
const (
	agentVersion = "3.3.3050.0"
	chunk        = 1024                   // of output, in bytes
	again        = 200 * time.Millisecond // until a message without acknowledgement is sent again
	window       = 1000                   // messages on their way
	drainTime    = 2 * time.Second        // for what is on its way at the end
	mostEarly    = 10000                  // messages that came too early
)

type stage int

const (
	fresh   stage = iota
	greeted       // the handshake is asked for
	proving       // the encryption is being proved
	opening       // what is behind the session starts
	running
	over
)

// Session is one session. It outlives its connections: its numbers go on.
type Session struct {
	gateway *Gateway
	id      string

	mu    sync.Mutex // guards what follows
	moved *sync.Cond // signalled when something is acknowledged or ends
	spec  Spec
	token string
	stage stage
	begun time.Time

	link    *link
	outSeq  int64
	unacked []*outgoing
	inNext  int64
	early   map[int64]frame

	keys  *keys
	proof []byte

	back     Endpoint
	closed   bool // back was told to close
	input    [][]byte
	cols     int
	rows     int
	draining bool
	stopped  chan struct{} // closed at the end

	stats Stats
}

// Stats counts what happened on a session's connections.
type Stats struct {
	Connections, Cuts, Resent, Repeated int
}

type outgoing struct {
	seq  int64
	b    []byte
	sent time.Time
}

// link is one connection and what waits to go out on it.
type link struct {
	conn  *websocket.Conn
	wire  wire
	queue [][]byte
	cut   bool // once the queue is empty
	bye   bool // likewise, with a close message
	dead  bool
	wake  chan struct{}
}

func newSession(g *Gateway, spec Spec) *Session {
	if spec.Type == "" {
		spec.Type = Shell
	}
	if spec.Agent == "" {
		spec.Agent = agentVersion
	}
	if spec.Owner == "" {
		spec.Owner = "lab"
	}
	s := &Session{gateway: g, spec: spec, id: spec.Owner + "-" + random(9)[:17], early: map[int64]frame{}, stopped: make(chan struct{})}
	s.moved = sync.NewCond(&s.mu)
	return s
}

// ID is the session's id.
func (s *Session) ID() string { return s.id }

// Stats returns the counts so far.
func (s *Session) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stats
}

// Size is what the client last said of its terminal.
func (s *Session) Size() (cols, rows int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cols, s.rows
}

// Cut drops the connection that there is, as a network does.
func (s *Session) Cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.link != nil {
		s.link.cut = true
		s.link.poke()
	}
}

// Inject sends bytes as they are, which need not be a message.
func (s *Session) Inject(b []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.put(b)
}

// End ends the session as the service does; output is the reason that the client is
// told, "" for none.
func (s *Session) End(output string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.end(output)
}

// Done is closed when the session has ended.
func (s *Session) Done() <-chan struct{} { return s.stopped }

func (s *Session) ended() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stage == over
}

func (s *Session) newToken() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.token = random(24)
	return s.token
}

// goes runs f, and Close waits for it.
func (s *Session) goes(f func()) { s.gateway.wait.Go(f) }

func (l *link) poke() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// serve runs one connection to its end.
func (s *Session) serve(base context.Context, c *websocket.Conn) {
	ctx, cancel := context.WithCancel(base)
	defer cancel()
	defer func() { _ = c.CloseNow() }()
	first, stop := context.WithTimeout(ctx, 10*time.Second)
	kind, b, err := c.Read(first)
	stop()
	if err != nil {
		return
	}
	var hello struct{ TokenValue, ClientID, ClientVersion string }
	if kind != websocket.MessageText || json.Unmarshal(b, &hello) != nil {
		_ = c.Close(websocket.StatusPolicyViolation, "the first message is not the token")
		return
	}
	l := &link{conn: c, wake: make(chan struct{}, 1)}
	l.wire.faults = &s.spec.Faults
	if !s.join(hello.TokenValue, l) {
		_ = c.Close(websocket.StatusPolicyViolation, "the token is not valid")
		return
	}
	var writer sync.WaitGroup
	writer.Go(func() {
		l.write(ctx, s)
		cancel()
	})
	for {
		_, b, err := c.Read(ctx)
		if err != nil {
			break
		}
		if f, err := decode(b); err == nil {
			s.mu.Lock()
			s.take(l, f)
			s.mu.Unlock()
		}
	}
	s.leave(l)
	cancel()
	writer.Wait()
}

// join makes a connection the session's, in place of another, and sends what is on
// its way once more.
func (s *Session) join(token string, l *link) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if token == "" || token != s.token || s.stage == over {
		return false
	}
	s.token = ""
	if s.link != nil {
		s.link.cut = true
		s.link.poke()
	}
	s.link = l
	s.stats.Connections++
	s.put(newFrame(startPublication, 0, 0, nil).encode())
	for _, o := range s.unacked {
		o.sent = time.Now()
		s.put(o.b)
	}
	if s.stage == fresh {
		s.begun = time.Now()
		if s.spec.Old {
			s.launch()
		} else {
			s.stage = greeted
			s.greet()
		}
	}
	return true
}

func (s *Session) leave(l *link) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l.dead = true
	if s.link == l {
		s.link = nil
	}
}

// put hands bytes to the connection, if there is one. s.mu is held.
func (s *Session) put(b []byte) {
	l := s.link
	if l == nil || l.cut || l.dead {
		return
	}
	all, cut := l.wire.out(b)
	l.queue = append(l.queue, all...)
	if cut {
		l.cut = true
		s.stats.Cuts++
	}
	l.poke()
}

// write sends what is queued.
func (l *link) write(ctx context.Context, s *Session) {
	for {
		s.mu.Lock()
		batch, cut, bye := l.queue, l.cut, l.bye
		delay := s.spec.Delay
		l.queue = nil
		s.mu.Unlock()
		for _, b := range batch {
			if delay > 0 {
				select {
				case <-ctx.Done():
					return
				case <-time.After(delay):
				}
			}
			if l.conn.Write(ctx, websocket.MessageBinary, b) != nil {
				return
			}
		}
		switch {
		case cut:
			_ = l.conn.CloseNow()
			return
		case bye && len(batch) == 0:
			_ = l.conn.Close(websocket.StatusNormalClosure, "")
			return
		case len(batch) > 0:
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-l.wake:
		}
	}
}

// send numbers a message and sends it until it is acknowledged. s.mu is held.
func (s *Session) send(payloadType uint32, payload []byte) {
	if s.keys != nil && (payloadType == payloadOutput || payloadType == payloadExitCode || payloadType == 11) {
		payload = encrypt(s.keys.agent, payload, nil)
	}
	f := newFrame(outputStream, s.outSeq, payloadType, payload)
	if f.seq == 0 {
		f.flags = flagsSyn
	}
	s.outSeq++
	o := &outgoing{seq: f.seq, b: f.encode(), sent: time.Now()}
	s.unacked = append(s.unacked, o)
	if !loses(&s.spec.LoseOutput, f.seq) {
		s.put(o.b)
	}
}

// take takes one message of the client. s.mu is held.
func (s *Session) take(l *link, f frame) {
	if s.stage == over || s.link != l {
		return
	}
	switch f.kind {
	case acknowledge:
		var a ack
		if json.Unmarshal(f.payload, &a) == nil {
			s.acknowledged(a.Seq)
		}
	case inputStream:
		switch {
		case f.seq < s.inNext:
			s.stats.Repeated++
			s.confirm(f)
		case f.seq > s.inNext:
			if len(s.early) < mostEarly {
				f.payload = append([]byte(nil), f.payload...)
				s.early[f.seq] = f
				s.confirm(f)
			}
		default:
			for s.handle(f) {
				s.inNext++
				s.confirm(f)
				next, ok := s.early[s.inNext]
				if !ok {
					break
				}
				delete(s.early, s.inNext)
				f = next
			}
		}
	}
}

func (s *Session) acknowledged(seq int64) {
	for i, o := range s.unacked {
		if o.seq == seq {
			s.unacked = append(s.unacked[:i], s.unacked[i+1:]...)
			s.moved.Broadcast()
			return
		}
	}
}

func (s *Session) confirm(f frame) {
	if !loses(&s.spec.LoseAck, f.seq) {
		s.put(acknowledgement(f).encode())
	}
}

// tend sends the oldest message again that nobody has acknowledged, and only that.
func (s *Session) tend() {
	t := time.NewTicker(again / 4)
	defer t.Stop()
	for {
		select {
		case <-s.stopped:
			return
		case now := <-t.C:
			s.mu.Lock()
			if len(s.unacked) > 0 && s.link != nil && now.Sub(s.unacked[0].sent) > again {
				s.unacked[0].sent = now
				s.stats.Resent++
				s.put(s.unacked[0].b)
			}
			s.mu.Unlock()
		}
	}
}

// end tells the client and forgets everything. s.mu is held.
func (s *Session) end(output string) {
	if s.stage == over {
		return
	}
	s.stage = over
	s.put(newFrame(channelClosed, 0, 0, mustJSON(closing{
		MessageID: newFrame("", 0, 0, nil).name(), CreatedDate: strconv.FormatInt(time.Now().UnixMilli(), 10), DestinationID: s.spec.Target,
		SessionID: s.id, MessageType: channelClosed, SchemaVersion: 1, Output: output,
	})).encode())
	if s.link != nil {
		s.link.bye = true
		s.link.poke()
	}
	s.finish()
}

// vanish ends the session without a word.
func (s *Session) vanish() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.link != nil {
		s.link.cut = true
		s.link.poke()
	}
	if s.stage != over {
		s.stage = over
		s.finish()
	}
}

func (s *Session) finish() {
	close(s.stopped)
	s.moved.Broadcast()
	if s.back != nil && !s.closed {
		s.closed = true
		back := s.back
		s.goes(func() { _ = back.Close() })
	}
}

// launch starts what is behind the session. s.mu is held.
func (s *Session) launch() {
	s.stage = opening
	slow := s.spec.Slow
	s.goes(func() {
		if slow > 0 {
			select {
			case <-s.stopped:
				return
			case <-time.After(slow):
			}
		}
		back, err := s.spec.Open()
		s.mu.Lock()
		if err != nil {
			s.end(fmt.Sprintf("Unable to start shell: %s", err))
			s.mu.Unlock()
			return
		}
		s.back = back
		if s.stage == over {
			s.closed = true
			s.mu.Unlock()
			_ = back.Close()
			return
		}
		s.stage = running
		s.mu.Unlock()
		if f, ok := back.(Flagging); ok {
			f.Flags(func(flag uint32) { s.give(payloadFlag, binary.BigEndian.AppendUint32(nil, flag)) })
		}
		s.goes(s.feed)
		s.pump(back)
		_ = back.Close()
	})
}

// pump sends what the endpoint writes, in pieces that split no character, and ends
// the session behind its last.
func (s *Session) pump(back Endpoint) {
	buf := make([]byte, chunk)
	kept := 0
	for {
		n, err := back.Read(buf[kept:])
		have := buf[:kept+n]
		whole := len(have) - partial(have)
		if err != nil || s.spec.Type == Port {
			whole = len(have)
		}
		if whole > 0 && !s.give(payloadOutput, append([]byte(nil), have[:whole]...)) {
			return
		}
		kept = copy(buf, have[whole:])
		if err != nil {
			break
		}
	}
	if c, ok := back.(Coded); ok && s.spec.Type == NonInteractive {
		s.give(payloadExitCode, []byte(strconv.Itoa(c.ExitCode())))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	late := time.AfterFunc(drainTime, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.draining = true
		s.moved.Broadcast()
	})
	defer late.Stop()
	for len(s.unacked) > 0 && !s.draining && s.stage != over {
		s.moved.Wait()
	}
	s.end("")
}

// give sends a payload when there is room for it; it reports whether the session
// still stands.
func (s *Session) give(payloadType uint32, b []byte) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.unacked) >= window && s.stage != over {
		s.moved.Wait()
	}
	if s.stage == over {
		return false
	}
	s.send(payloadType, b)
	return true
}

// partial is how many bytes at the end of b begin a character that is not whole.
func partial(b []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(b); n++ {
		c := b[len(b)-n]
		if utf8.RuneStart(c) {
			if c >= utf8.RuneSelf && !utf8.FullRune(b[len(b)-n:]) {
				return n
			}
			return 0
		}
	}
	return 0
}

// feed writes what the client types.
func (s *Session) feed() {
	for {
		s.mu.Lock()
		for len(s.input) == 0 && s.stage != over {
			s.moved.Wait()
		}
		if s.stage == over {
			s.mu.Unlock()
			return
		}
		batch := s.input
		s.input = nil
		back := s.back
		s.mu.Unlock()
		for _, b := range batch {
			if b == nil {
				cols, rows := s.Size()
				back.Resize(cols, rows)
			} else if _, err := back.Write(b); err != nil {
				return
			}
		}
	}
}
