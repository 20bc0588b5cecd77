package shell

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// The agent carries the connections of a port session in smux, version 1
// (github.com/xtaci/smux): frames of a header of eight bytes (version, command,
// length and stream in little endian) and at most 64 KiB of data. The client's
// streams have odd numbers.
const (
	muxVersion = 1
	muxOpen    = 0
	muxClose   = 1
	muxData    = 2
	muxNothing = 3
	muxHeader  = 8
	// muxPart is how much of a connection goes into one frame.
	muxPart = 16 << 10
	// muxAlive is how often an agent that wants a sign of life gets one; it gives up
	// after thirty seconds (smux.DefaultConfig).
	muxAlive = 10 * time.Second
)

// mux carries connections over the bytes of a session.
type mux struct {
	under io.ReadWriter

	writing sync.Mutex // guards writing to under

	mu      sync.Mutex // guards what follows
	streams map[uint32]*stream
	next    uint32
	over    bool
	wait    sync.WaitGroup
}

// stream is one connection.
type stream struct {
	id   uint32
	conn net.Conn
	in   *queue
}

func newMux(under io.ReadWriter) *mux {
	return &mux{under: under, streams: map[uint32]*stream{}, next: 1}
}

var errMuxOver = errors.New("the session has ended")

// carry takes a connection over. It returns at once.
func (m *mux) carry(c net.Conn) error {
	m.mu.Lock()
	if m.over {
		m.mu.Unlock()
		_ = c.Close()
		return errMuxOver
	}
	m.next += 2
	s := &stream{id: m.next, conn: c, in: newQueue()}
	m.streams[s.id] = s
	m.wait.Add(2)
	m.mu.Unlock()
	go func() {
		defer m.wait.Done()
		_, _ = io.Copy(c, s.in) // the other direction says the same
		_ = c.Close()
	}()
	go func() {
		defer m.wait.Done()
		m.send(s)
	}()
	return nil
}

// send sends what comes from a connection, until its end.
func (m *mux) send(s *stream) {
	err := m.frame(muxOpen, s.id, nil)
	b := make([]byte, muxPart)
	for err == nil {
		var n int
		n, err = s.conn.Read(b)
		if n > 0 {
			if e := m.frame(muxData, s.id, b[:n]); e != nil {
				err = e
			}
		}
	}
	m.mu.Lock()
	delete(m.streams, s.id)
	m.mu.Unlock()
	s.in.close()
	_ = s.conn.Close()
	_ = m.frame(muxClose, s.id, nil) // an ended session needs none
}

func (m *mux) frame(command byte, id uint32, data []byte) error {
	b := make([]byte, muxHeader, muxHeader+len(data))
	b[0], b[1] = muxVersion, command
	binary.LittleEndian.PutUint16(b[2:], uint16(len(data)))
	binary.LittleEndian.PutUint32(b[4:], id)
	m.writing.Lock()
	defer m.writing.Unlock()
	_, err := m.under.Write(append(b, data...))
	return err
}

// run takes what comes, until the session ends; then all connections are closed.
func (m *mux) run() error {
	err := m.take(bufio.NewReaderSize(m.under, 64<<10))
	m.mu.Lock()
	m.over = true
	all := make([]*stream, 0, len(m.streams))
	for _, s := range m.streams {
		all = append(all, s)
	}
	m.mu.Unlock()
	for _, s := range all {
		s.in.close()
		_ = s.conn.Close()
	}
	m.wait.Wait()
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

func (m *mux) take(in *bufio.Reader) error {
	var h [muxHeader]byte
	for {
		if _, err := io.ReadFull(in, h[:]); err != nil {
			return err
		}
		if h[0] != muxVersion || h[1] > muxNothing {
			return fmt.Errorf("the agent sent a frame of another protocol (%x)", h)
		}
		data := make([]byte, binary.LittleEndian.Uint16(h[2:]))
		if _, err := io.ReadFull(in, data); err != nil {
			return err
		}
		m.mu.Lock()
		s := m.streams[binary.LittleEndian.Uint32(h[4:])]
		m.mu.Unlock()
		switch {
		case s == nil: // it has ended here
		case h[1] == muxData:
			s.in.push(data)
		case h[1] == muxClose:
			s.in.close()
		}
	}
}

// live sends signs of life until the session ends.
func (m *mux) live(done <-chan struct{}) {
	t := time.NewTicker(muxAlive)
	defer t.Stop()
	for {
		select {
		case <-done:
			return
		case <-t.C:
			if m.frame(muxNothing, 0, nil) != nil {
				return
			}
		}
	}
}
