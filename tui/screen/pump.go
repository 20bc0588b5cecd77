package screen

import (
	"sync"
	"time"
)

const (
	// frame is the least time between two signals that the screen has changed: a
	// terminal is not looked at more often than sixty times a second.
	frame = 16 * time.Millisecond
	// maxBacklog is how much may wait to be drawn before the sender has to wait too.
	// Its waiting holds back the acknowledgements of the session, and with them
	// the shell.
	maxBacklog = 8 << 20
)

// Pump draws what a session delivers, in a goroutine of its own, so that neither
// the session nor the interface waits for the other. Whatever has come in the
// meantime is drawn together, which is what makes floods cheap.
type Pump struct {
	screen Screen
	answer func([]byte)
	signal chan struct{}
	done   chan struct{}

	mu      sync.Mutex
	more    *sync.Cond // the backlog has grown or shrunk, or the pump closes
	backlog []byte
	busy    bool
	closed  bool
}

// NewPump starts to draw on a screen. answer gets the replies to what the shell
// asked, in order and from one goroutine; it may wait, as long as it does not wait
// for Write. It is nil where nobody is there to be answered: in a replay.
func NewPump(s Screen, answer func([]byte)) *Pump {
	p := &Pump{screen: s, answer: answer, signal: make(chan struct{}, 1), done: make(chan struct{})}
	p.more = sync.NewCond(&p.mu)
	go p.run()
	return p
}

// Write hands output over. It keeps none of b, and waits only while too much is
// there already. After Close it does nothing.
func (p *Pump) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.backlog) > maxBacklog && !p.closed {
		p.more.Wait()
	}
	if !p.closed {
		p.backlog = append(p.backlog, b...)
		p.more.Broadcast()
	}
	return len(b), nil
}

// Changed receives a value when the screen has changed since the last one, at once
// where nothing has happened for a frame and once a frame otherwise. It is closed
// when the pump has ended.
func (p *Pump) Changed() <-chan struct{} { return p.signal }

// Flush waits until everything handed over is drawn.
func (p *Pump) Flush() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for (len(p.backlog) > 0 || p.busy) && !p.closed {
		p.more.Wait()
	}
}

// Close draws what is there and ends the goroutine. It waits for answer to return.
func (p *Pump) Close() {
	p.mu.Lock()
	p.closed = true
	p.more.Broadcast()
	p.mu.Unlock()
	<-p.done
}

func (p *Pump) run() {
	defer close(p.done)
	ticks := newFrames(p.signal)
	defer ticks.close()
	var memory []byte
	for {
		p.mu.Lock()
		p.busy = false
		p.more.Broadcast()
		for len(p.backlog) == 0 && !p.closed {
			p.more.Wait()
		}
		if len(p.backlog) == 0 {
			p.mu.Unlock()
			return
		}
		p.busy = true
		batch := p.backlog
		p.backlog = memory[:0]
		p.mu.Unlock()

		_, _ = p.screen.Write(batch) // it never fails
		if r := p.screen.Replies(); len(r) > 0 && p.answer != nil {
			p.answer(r)
		}
		ticks.changed()
		if memory = batch; cap(memory) > 1<<20 {
			memory = nil // a flood's memory is not kept for the prompt after it
		}
	}
}

// frames spaces signals out.
type frames struct {
	out chan struct{}

	mu     sync.Mutex
	last   time.Time
	timer  *time.Timer // runs while a signal is due
	closed bool
}

func newFrames(out chan struct{}) *frames { return &frames{out: out} }

func (f *frames) changed() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.timer != nil {
		return
	}
	if wait := frame - time.Since(f.last); wait > 0 {
		f.timer = time.AfterFunc(wait, f.due)
		return
	}
	f.send()
}

func (f *frames) due() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.timer = nil
	f.send()
}

func (f *frames) send() {
	if f.closed {
		return
	}
	f.last = time.Now()
	select {
	case f.out <- struct{}{}:
	default: // the one before has not been fetched yet and stands for both
	}
}

// close signals what is still due, and ends.
func (f *frames) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.timer != nil {
		f.timer.Stop()
		f.send()
	}
	f.closed = true
	close(f.out)
}
