package gateway

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"time"
)

const (
	actionSession = "SessionType"
	actionKMS     = "KMSEncryption"
	succeeded     = 1 // ActionStatus
)

// greet asks for the handshake. s.mu is held.
func (s *Session) greet() {
	var ask []requestedAction
	if s.spec.KMSKey != "" {
		ask = append(ask, requestedAction{actionKMS, kmsRequest{KMSKeyID: s.spec.KMSKey, Challenge: random(16)}})
	}
	ask = append(ask, requestedAction{actionSession, sessionType{s.spec.Type, s.spec.Properties}})
	s.send(payloadHandshakeRequest, mustJSON(handshakeRequest{s.spec.Agent, ask}))
}

// handle acts on the client's message that is next; false says that it is neither
// taken nor acknowledged. s.mu is held.
func (s *Session) handle(f frame) bool {
	switch s.stage {
	case greeted:
		// What is typed before is taken and lost.
		if f.payloadType == payloadHandshakeResponse {
			s.answered(f.payload)
		}
	case proving:
		if f.payloadType == payloadChallengeResponse {
			s.proved(f.payload)
		}
	case opening:
		return false
	case running:
		return s.typed(f)
	}
	return true
}

// answered takes the client's answer to the handshake.
func (s *Session) answered(b []byte) {
	var r handshakeResponse
	if err := json.Unmarshal(b, &r); err != nil {
		s.end(fmt.Sprintf("Handshake failed: %s", err))
		return
	}
	var made *keys
	for _, a := range r.ProcessedClientActions {
		if a.ActionStatus != succeeded {
			s.end(fmt.Sprintf("Handshake with agent has failed: %s", a.Error))
			return
		}
		if a.ActionType == actionKMS {
			var err error
			if made, err = s.agree(a.ActionResult); err != nil {
				s.end(fmt.Sprintf("Encountered error while initiating handshake. %s", err))
				return
			}
		}
	}
	if s.spec.KMSKey == "" {
		s.complete()
		return
	}
	if made == nil {
		s.end("Handshake with agent has failed: the client did not encrypt")
		return
	}
	s.proof = make([]byte, 64)
	_, _ = rand.Read(s.proof) // never fails (crypto/rand)
	s.keys = made
	s.stage = proving
	s.send(payloadChallenge, mustJSON(challenge{encrypt(made.agent, s.proof, nil)}))
}

// proved takes the client's proof that it has the key.
func (s *Session) proved(b []byte) {
	var c challenge
	err := json.Unmarshal(b, &c)
	if err == nil {
		c.Challenge, err = decrypt(s.keys.client, c.Challenge, nil)
	}
	if err != nil || subtle.ConstantTimeCompare(c.Challenge, s.proof) != 1 {
		s.end("Encryption challenge does not match")
		return
	}
	s.complete()
}

func (s *Session) complete() {
	s.send(payloadHandshakeComplete, mustJSON(handshakeComplete{time.Since(s.begun), s.spec.Message}))
	s.launch()
}

// typed takes what the client sends to what runs.
func (s *Session) typed(f frame) bool {
	switch f.payloadType {
	case payloadOutput:
		b := append([]byte(nil), f.payload...)
		if s.keys != nil {
			var err error
			if b, err = decrypt(s.keys.client, b, nil); err != nil {
				return false
			}
		}
		if len(b) > 0 {
			s.input = append(s.input, b)
			s.moved.Broadcast()
		}
	case payloadSize:
		var to size
		if json.Unmarshal(f.payload, &to) == nil && to.Cols > 0 && to.Rows > 0 && to.Cols < 10000 && to.Rows < 10000 {
			s.cols, s.rows = int(to.Cols), int(to.Rows)
			s.input = append(s.input, nil)
			s.moved.Broadcast()
		}
	case payloadFlag:
		if len(f.payload) == 4 && binary.BigEndian.Uint32(f.payload) == flagTerminate {
			s.end("")
		}
	}
	return true
}
