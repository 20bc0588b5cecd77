package gateway

import "time"

// Faults is what the network between a session and its client does. The zero value
// does nothing.
type Faults struct {
	// CutAfter drops the connection, without a close message, whenever so many messages
	// were sent on it; at most Cuts times.
	CutAfter, Cuts int
	// LoseOutput and LoseAck are the sequence numbers of messages to the client, and of
	// the client's messages, that are lost, respectively whose acknowledgement is lost,
	// the first time.
	LoseOutput, LoseAck []int64
	// Duplicate sends each n-th message twice, Reorder each n-th behind its successor.
	Duplicate, Reorder int
	// Delay holds every message back.
	Delay time.Duration
	// Slow holds the start of what is behind the session back: until then the agent
	// neither takes nor acknowledges what the client sends.
	Slow time.Duration
}

// wire applies the faults to the messages that go out on one connection.
type wire struct {
	faults *Faults
	sent   int
	held   []byte
}

// out gives what really goes out in place of one message, and whether the
// connection is cut behind it. s.mu is held.
func (w *wire) out(b []byte) (all [][]byte, cut bool) {
	f := w.faults
	w.sent++
	switch {
	case f.Reorder > 0 && w.sent%f.Reorder == 0 && w.held == nil:
		w.held = b
	case w.held != nil:
		all = [][]byte{b, w.held}
		w.held = nil
	default:
		all = [][]byte{b}
	}
	if f.Duplicate > 0 && w.sent%f.Duplicate == 0 {
		all = append(all, b)
	}
	if f.CutAfter > 0 && w.sent >= f.CutAfter && f.Cuts > 0 {
		f.Cuts--
		return all, true
	}
	return all, false
}

// loses reports whether a number is among those that are lost, and takes it off.
func loses(list *[]int64, seq int64) bool {
	for i, n := range *list {
		if n == seq {
			*list = append((*list)[:i:i], (*list)[i+1:]...)
			return true
		}
	}
	return false
}
