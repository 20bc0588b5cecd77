package gateway

import (
	"encoding/binary"
	"io"
	"net"
	"sync"
)

// Port is the type of sessions that carry connections.
const Port = "Port"

// PortProperties are what the agent tells the client of a port session.
func PortProperties(port, local string) any {
	return map[string]string{"portNumber": port, "localPortNumber": local, "type": "LocalPortForwarding"}
}

// flagNoPort tells the client that nobody answers at the port.
const flagNoPort = 3

// Flagging is an Endpoint that sends flags beside its output.
type Flagging interface{ Flags(send func(flag uint32)) }

// Ports is the agent's end of a port session: connections in smux, version 1, whose
// frames have a header of eight bytes (version, command, length 2, stream 4; little
// endian). Each stream that the client opens becomes a connection by dial.
type Ports struct {
	dial func() (net.Conn, error)
	flag func(uint32)

	mu      sync.Mutex // guards what follows
	moved   *sync.Cond
	in      []byte // not a whole frame yet
	out     []byte // to be read
	streams map[uint32]*portStream
	closed  bool
	wait    sync.WaitGroup
}

type portStream struct {
	waiting [][]byte // for the connection
	over    bool     // the client has closed it
}

// NewPorts makes the end of a port session.
func NewPorts(dial func() (net.Conn, error)) *Ports {
	p := &Ports{dial: dial, flag: func(uint32) {}, streams: map[uint32]*portStream{}}
	p.moved = sync.NewCond(&p.mu)
	return p
}

// Flags takes the way to send flags.
func (p *Ports) Flags(send func(uint32)) { p.flag = send }

// Resize has no meaning here.
func (p *Ports) Resize(int, int) {}

// Read gives the frames for the client.
func (p *Ports) Read(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.out) == 0 && !p.closed {
		p.moved.Wait()
	}
	if len(p.out) == 0 {
		return 0, io.EOF
	}
	n := copy(b, p.out)
	p.out = p.out[n:]
	p.moved.Broadcast()
	return n, nil
}

// mostOut is how much waits for the client before connections do.
const mostOut = 1 << 20

// frame queues a frame for the client. p.mu is held, and is let go of while there is
// no room.
func (p *Ports) frame(command byte, id uint32, data []byte) {
	for len(p.out) > mostOut && !p.closed {
		p.moved.Wait()
	}
	h := [8]byte{1, command}
	binary.LittleEndian.PutUint16(h[2:], uint16(len(data)))
	binary.LittleEndian.PutUint32(h[4:], id)
	p.out = append(append(p.out, h[:]...), data...)
	p.moved.Broadcast()
}

// Write takes frames of the client, in whatever pieces.
func (p *Ports) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return 0, io.ErrClosedPipe
	}
	p.in = append(p.in, b...)
	for len(p.in) >= 8 {
		n := int(binary.LittleEndian.Uint16(p.in[2:]))
		if p.in[0] != 1 {
			return 0, io.ErrUnexpectedEOF
		}
		if len(p.in) < 8+n {
			break
		}
		p.take(p.in[1], binary.LittleEndian.Uint32(p.in[4:]), append([]byte(nil), p.in[8:8+n]...))
		p.in = p.in[8+n:]
	}
	return len(b), nil
}

// take acts on a frame. p.mu is held.
func (p *Ports) take(command byte, id uint32, data []byte) {
	s := p.streams[id]
	switch {
	case command == 0 && s == nil:
		s = &portStream{}
		p.streams[id] = s
		p.wait.Go(func() { p.connect(id, s) })
	case command == 1 && s != nil:
		s.over = true
		p.moved.Broadcast()
	case command == 2 && s != nil:
		s.waiting = append(s.waiting, data)
		p.moved.Broadcast()
	}
}

// connect runs one stream.
func (p *Ports) connect(id uint32, s *portStream) {
	c, err := p.dial()
	if err != nil {
		p.flag(flagNoPort)
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.streams, id)
		p.frame(1, id, nil)
		return
	}
	p.wait.Go(func() {
		defer c.Close()
		b := make([]byte, 8<<10)
		for {
			n, err := c.Read(b)
			p.mu.Lock()
			if n > 0 {
				p.frame(2, id, b[:n])
			}
			if err != nil || p.closed {
				delete(p.streams, id)
				s.over = true
				p.frame(1, id, nil)
				p.mu.Unlock()
				return
			}
			p.mu.Unlock()
		}
	})
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		for len(s.waiting) == 0 && !s.over && !p.closed {
			p.moved.Wait()
		}
		batch := s.waiting
		s.waiting = nil
		if len(batch) == 0 || p.closed {
			_ = c.Close()
			return
		}
		p.mu.Unlock()
		for _, b := range batch {
			if _, err := c.Write(b); err != nil {
				break // its reader says so
			}
		}
		p.mu.Lock()
	}
}

// Close ends every connection.
func (p *Ports) Close() error {
	p.mu.Lock()
	p.closed = true
	p.moved.Broadcast()
	p.mu.Unlock()
	p.wait.Wait()
	return nil
}
