package shell

import (
	"io"
	"sync"
)

// queueRoom is how much output waits for its reader. What comes then is not
// acknowledged until there is room, which slows the agent down.
const queueRoom = 1 << 20

// queue is output on its way to the reader.
type queue struct {
	mu     sync.Mutex // guards what follows
	moved  *sync.Cond
	parts  [][]byte
	size   int
	closed bool
}

func newQueue() *queue {
	q := &queue{}
	q.moved = sync.NewCond(&q.mu)
	return q
}

// push waits for room and takes p, which nobody may change any more.
func (q *queue) push(p []byte) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.size >= queueRoom && !q.closed {
		q.moved.Wait()
	}
	if q.closed || len(p) == 0 {
		return
	}
	q.parts = append(q.parts, p)
	q.size += len(p)
	q.moved.Broadcast()
}

// Read waits for output; io.EOF comes behind the last.
func (q *queue) Read(p []byte) (int, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(p) == 0 {
		return 0, nil
	}
	for len(q.parts) == 0 && !q.closed {
		q.moved.Wait()
	}
	n := 0
	for len(q.parts) > 0 && n < len(p) {
		c := copy(p[n:], q.parts[0])
		n += c
		if q.parts[0] = q.parts[0][c:]; len(q.parts[0]) == 0 {
			q.parts[0] = nil
			q.parts = q.parts[1:]
		}
	}
	q.size -= n
	q.moved.Broadcast()
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.moved.Broadcast()
}
