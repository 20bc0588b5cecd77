package gateway

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// The types of messages. The agent sends output, the client input; both acknowledge.
const (
	inputStream      = "input_stream_data"
	outputStream     = "output_stream_data"
	acknowledge      = "acknowledge"
	channelClosed    = "channel_closed"
	startPublication = "start_publication"
)

// The types of payloads.
const (
	payloadOutput            = 1
	payloadSize              = 3
	payloadHandshakeRequest  = 5
	payloadHandshakeResponse = 6
	payloadHandshakeComplete = 7
	payloadChallenge         = 8
	payloadChallengeResponse = 9
	payloadFlag              = 10
	payloadExitCode          = 12
)

// flagTerminate is the flag with which the client ends the session.
const flagTerminate = 2

// headerSize is the offset of the payload's length, which is what the protocol calls
// the length of the header; the payload stands behind that length.
const headerSize = 116

// frame is one binary message of the data channel. All numbers are big endian:
// header length 4, type 32 (padded with spaces), schema 4, created 8 (ms), sequence
// number 8, flags 8, id 16, SHA-256 of the payload 32, payload type 4, payload
// length 4, payload. Written from the format, and not with the official plugin's
// code, so that each checks the other.
type frame struct {
	kind        string
	seq         int64
	flags       uint64
	id          [16]byte
	payloadType uint32
	payload     []byte
}

// flagsSyn marks the agent's first message; acknowledgements carry both marks.
const (
	flagsSyn = 1
	flagsAck = 3
)

func newFrame(kind string, seq int64, payloadType uint32, payload []byte) frame {
	f := frame{kind: kind, seq: seq, payloadType: payloadType, payload: payload}
	_, _ = rand.Read(f.id[:]) // never fails (crypto/rand)
	f.id[6], f.id[8] = f.id[6]&0x0f|0x40, f.id[8]&0x3f|0x80
	return f
}

func (f frame) encode() []byte {
	b := make([]byte, headerSize+4, headerSize+4+len(f.payload))
	binary.BigEndian.PutUint32(b, headerSize)
	copy(b[4:36], f.kind+strings.Repeat(" ", 32-len(f.kind)))
	binary.BigEndian.PutUint32(b[36:], 1)
	binary.BigEndian.PutUint64(b[40:], uint64(time.Now().UnixMilli()))
	binary.BigEndian.PutUint64(b[48:], uint64(f.seq))
	binary.BigEndian.PutUint64(b[56:], f.flags)
	// The two halves of the id stand in the other order.
	copy(b[64:], f.id[8:])
	copy(b[72:], f.id[:8])
	sum := sha256.Sum256(f.payload)
	copy(b[80:], sum[:])
	binary.BigEndian.PutUint32(b[112:], f.payloadType)
	binary.BigEndian.PutUint32(b[116:], uint32(len(f.payload)))
	return append(b, f.payload...)
}

// decode reads a frame. The payload is a piece of b.
func decode(b []byte) (frame, error) {
	if len(b) < headerSize+4 {
		return frame{}, fmt.Errorf("a message of %d bytes is shorter than its header", len(b))
	}
	if n := binary.BigEndian.Uint32(b); n != headerSize {
		return frame{}, fmt.Errorf("a header of %d bytes", n)
	}
	f := frame{
		kind: strings.TrimRight(string(b[4:36]), " \x00"), seq: int64(binary.BigEndian.Uint64(b[48:])), flags: binary.BigEndian.Uint64(b[56:]),
		payloadType: binary.BigEndian.Uint32(b[112:]), payload: b[headerSize+4:],
	}
	copy(f.id[8:], b[64:72])
	copy(f.id[:8], b[72:80])
	if binary.BigEndian.Uint64(b[40:]) == 0 {
		return frame{}, fmt.Errorf("a %s message without its time", f.kind)
	}
	if n := binary.BigEndian.Uint32(b[116:]); int(n) != len(f.payload) {
		return frame{}, fmt.Errorf("a payload of %d bytes that says it has %d", len(f.payload), n)
	}
	if sum := sha256.Sum256(f.payload); len(f.payload) > 0 && string(sum[:]) != string(b[80:112]) {
		return frame{}, fmt.Errorf("the digest of message %d does not fit its payload", f.seq)
	}
	return f, nil
}

func (f frame) name() string {
	return fmt.Sprintf("%x-%x-%x-%x-%x", f.id[:4], f.id[4:6], f.id[6:8], f.id[8:10], f.id[10:])
}

// ack is the content of an acknowledgement.
type ack struct {
	Type       string `json:"AcknowledgedMessageType"`
	ID         string `json:"AcknowledgedMessageId"`
	Seq        int64  `json:"AcknowledgedMessageSequenceNumber"`
	Sequential bool   `json:"IsSequentialMessage"`
}

func acknowledgement(f frame) frame {
	out := newFrame(acknowledge, 0, 0, mustJSON(ack{f.kind, f.name(), f.seq, true}))
	out.flags = flagsAck
	return out
}

// closing is the content of channel_closed.
type closing struct {
	MessageID     string `json:"MessageId"`
	CreatedDate   string
	DestinationID string `json:"DestinationId"`
	SessionID     string `json:"SessionId"`
	MessageType   string
	SchemaVersion int
	Output        string
}

// size is what the client says of its terminal.
type size struct {
	Cols uint32 `json:"cols"`
	Rows uint32 `json:"rows"`
}

type handshakeRequest struct {
	AgentVersion           string
	RequestedClientActions []requestedAction
}

type requestedAction struct {
	ActionType       string
	ActionParameters any
}

type sessionType struct {
	SessionType string
	Properties  any
}

type kmsRequest struct {
	KMSKeyID  string `json:"KMSKeyId"`
	Challenge string
}

type handshakeResponse struct {
	ClientVersion          string
	ProcessedClientActions []struct {
		ActionType   string
		ActionStatus int
		ActionResult json.RawMessage
		Error        string
	}
	Errors []string
}

type handshakeComplete struct {
	HandshakeTimeToComplete time.Duration
	CustomerMessage         string
}

type challenge struct{ Challenge []byte }

func mustJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic("gateway: own message is not JSON: " + err.Error())
	}
	return b
}
