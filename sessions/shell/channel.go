package shell

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/session-manager-plugin/src/datachannel"
	pluginlog "github.com/aws/session-manager-plugin/src/log"
	"github.com/aws/session-manager-plugin/src/message"
	"github.com/aws/smithy-go"
	"github.com/gorilla/websocket"

	"github.com/monshin/monshin/diagnose/lang"
)

const (
	headerLength = message.ClientMessage_PayloadLengthOffset
	// mostOdd is how many messages in a row may be unintelligible: a message that was
	// damaged comes again.
	mostOdd = 16
)

// message takes one message of the connection. It runs in the reader, and decides
// before the plugin sees it: the plugin prints two kinds of messages to the terminal,
// never confirms one twice, loses parts of the handshake that come too early, and
// falls over headers that lie about their length.
func (s *Shell) message(raw []byte) {
	defer func() {
		if v := recover(); v != nil {
			s.strange(fmt.Sprint(v))
		}
	}()
	s.heard.Store(time.Now().UnixNano())
	if len(raw) < headerLength+message.ClientMessage_PayloadLengthLength || binary.BigEndian.Uint32(raw) != headerLength {
		s.strange("a message without a whole header")
		return
	}
	kind := bytes.TrimRight(raw[message.ClientMessage_MessageTypeOffset:message.ClientMessage_SchemaVersionOffset], " \x00")
	var err error
	switch string(kind) {
	case message.ChannelClosedMessage:
		s.channelClosed(raw[headerLength+message.ClientMessage_PayloadLengthLength:])
		return
	case message.PausePublicationMessage, message.StartPublicationMessage:
		s.paused.Store(string(kind) == message.PausePublicationMessage)
		return
	case message.AcknowledgeMessage:
		err = s.acknowledged(raw)
	case message.OutputStreamMessage:
		err = s.stream(raw)
	}
	if err != nil {
		s.strange(err.Error())
		return
	}
	s.odd = 0
}

// strange counts what could not be understood.
func (s *Shell) strange(why string) {
	if s.odd++; s.odd >= mostOdd {
		s.finish(brokenEnd(why))
	}
}

func (s *Shell) channelClosed(payload []byte) {
	var c message.ChannelClosed
	if err := json.Unmarshal(payload, &c); err != nil {
		c.Output = "" // it is closed, whatever the reason says
	}
	e := told(c.Output)
	e.ExitCode = s.code
	s.finish(e)
}

// acknowledged takes the confirmation of what was sent.
func (s *Shell) acknowledged(raw []byte) error {
	s.sending.Lock()
	defer s.sending.Unlock()
	list := s.dc.OutgoingMessageBuffer.Messages
	before := list.Len()
	err := s.dc.OutputMessageHandler(quiet{}, func() {}, s.id, raw)
	s.moved = time.Now()
	for range before - list.Len() {
		select {
		case <-s.room:
		default: // one of the plugin's own messages
		}
	}
	return err
}

// stream takes a message of the agent's stream.
func (s *Shell) stream(raw []byte) error {
	seq := int64(binary.BigEndian.Uint64(raw[message.ClientMessage_SequenceNumberOffset:]))
	kind := message.PayloadType(binary.BigEndian.Uint32(raw[message.ClientMessage_PayloadTypeOffset:]))
	shakes := kind >= message.HandshakeRequestPayloadType && kind <= message.EncChallengeResponse
	switch {
	case seq < s.dc.ExpectedSequenceNumber:
		// The agent did not get the confirmation. It waits for it before it sends what
		// else is missing.
		var m message.ClientMessage
		if err := m.DeserializeClientMessage(quiet{}, raw); err != nil {
			return err
		}
		return acknowledge(quiet{}, s.dc, m)
	case shakes && seq > s.dc.ExpectedSequenceNumber:
		return nil // it comes again; the plugin would take it for output
	case !shakes:
		// Without the lock: a slow reader must not keep anybody from typing.
		err := s.dc.OutputMessageHandler(quiet{}, func() {}, s.id, raw)
		if err == nil {
			s.begin() // an old agent shakes no hands
		}
		return err
	}
	if kind == message.HandshakeCompletePayloadType {
		raw = s.banner(raw)
	}
	s.sending.Lock()
	err := s.dc.OutputMessageHandler(quiet{}, func() {}, s.id, raw)
	s.sending.Unlock()
	if err == nil && kind == message.HandshakeCompletePayloadType {
		<-s.dc.IsSessionTypeSet() // the plugin has just filled it
		s.begin()
	}
	return err
}

func (s *Shell) begin() { s.greet.Do(func() { close(s.ready) }) }

// banner takes the text out of the end of the handshake that the plugin would print.
func (s *Shell) banner(raw []byte) []byte {
	var m message.ClientMessage
	var done message.HandshakeCompletePayload
	if m.DeserializeClientMessage(quiet{}, raw) != nil || m.Validate() != nil || json.Unmarshal(m.Payload, &done) != nil || done.CustomerMessage == "" {
		return raw
	}
	text := done.CustomerMessage
	done.CustomerMessage = ""
	payload, err := json.Marshal(done)
	if err != nil {
		return raw
	}
	m.Payload = payload
	again, err := m.SerializeClientMessage(quiet{})
	if err != nil {
		return raw
	}
	// Before it is shown.
	s.record(func(r Recorder) error { return r.Mark(text) })
	s.options.notice(Banner, lang.Same(lang.CleanLines(text)))
	return again
}

// output takes the payloads of the stream, in their order and decrypted.
func (s *Shell) output(_ pluginlog.T, m message.ClientMessage) (bool, error) {
	switch message.PayloadType(m.PayloadType) {
	case message.Output, message.StdErr:
		s.record(func(r Recorder) error { return r.Output(m.Payload) })
		s.queue.push(m.Payload)
	case message.ExitCode:
		s.code = exitCode(m.Payload)
	case message.Flag:
		s.flagged(m.Payload)
	}
	return true, nil
}

// exitCode reads an exit code. The protocol's form is not documented; digits and a
// number of four bytes are understood, anything else is not known.
func exitCode(b []byte) *int {
	if n, err := strconv.Atoi(strings.TrimSpace(string(b))); err == nil {
		return &n
	}
	if len(b) == 4 {
		n := int(int32(binary.BigEndian.Uint32(b)))
		return &n
	}
	return nil
}

// connect makes the connection and begins to read from it.
func (s *Shell) connect(ctx context.Context) error {
	if err := s.socket.dial(ctx); err != nil {
		return err
	}
	// What the plugin does here with the format of UUIDs is the process's.
	opening.Lock()
	defer opening.Unlock()
	return s.dc.Open(quiet{})
}

// cut is told by the reader that the connection was lost.
func (s *Shell) cut(err error) {
	select {
	case s.lost <- err:
	default:
	}
}

// keep makes a lost connection again, and tears everything down at the end.
func (s *Shell) keep() {
	for {
		select {
		case <-s.done:
			s.socket.hangUp()
			return
		case err := <-s.lost:
			s.resume(err)
		}
	}
}

// resume connects anew. The session goes on where it was: both sides count their
// messages for the session and not for the connection.
func (s *Shell) resume(cause error) {
	limit := s.options.GiveUp
	if limit == 0 {
		limit = giveUp
	}
	began, told := time.Now(), false
	for pause := time.Duration(0); ; pause = min(max(2*pause, 100*time.Millisecond), 5*time.Second) {
		if pause > 0 {
			sleep(s.ctx, pause)
		}
		if s.ctx.Err() != nil {
			return
		}
		if time.Since(began) > limit {
			s.finish(lostEnd(cause))
			return
		}
		out, err := s.api.ResumeSession(s.ctx, &ssm.ResumeSessionInput{SessionId: aws.String(s.id)})
		var api smithy.APIError
		switch {
		case err == nil && aws.ToString(out.TokenValue) == "":
			s.finish(goneEnd())
			return
		case errors.As(err, &api) && api.ErrorCode() == "DoesNotExistException":
			s.finish(goneEnd())
			return
		case err == nil:
			s.socket.hangUp()
			select {
			case <-s.lost: // of a connection before this one
			default:
			}
			s.socket.SetChannelToken(aws.ToString(out.TokenValue))
			if err = s.connect(s.ctx); err == nil {
				s.repeat()
				if told {
					s.options.notice(Reconnected, lang.Both("connected again", "再接続完了"))
				}
				return
			}
		}
		cause = err
		if !told {
			told = true
			s.options.notice(Disconnected, lang.Both("connection lost, trying again: %s", "接続断。再接続中: %s").With(cleaned(lang.Said(err))))
		}
	}
}

// repeat sends everything again that waits for its confirmation.
func (s *Shell) repeat() {
	s.sending.Lock()
	defer s.sending.Unlock()
	s.moved = time.Now()
	for e := s.dc.OutgoingMessageBuffer.Messages.Front(); e != nil; e = e.Next() {
		if m, ok := e.Value.(datachannel.StreamingMessage); ok {
			m.LastSentTime = time.Now()
			e.Value = m
			_ = s.socket.SendMessage(quiet{}, m.Content, websocket.BinaryMessage) // never fails for these
		}
	}
}

// tend sends input again that nobody has confirmed. It sleeps while nothing waits.
func (s *Shell) tend() {
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-s.poke:
		}
		for {
			wait, any := s.again(time.Now())
			if !any {
				break
			}
			sleep(s.ctx, wait)
			if s.ctx.Err() != nil {
				return
			}
		}
	}
}

// again sends the oldest message again if its time is over, and says when to look
// next; any says that something waits at all.
func (s *Shell) again(now time.Time) (wait time.Duration, any bool) {
	s.sending.Lock()
	defer s.sending.Unlock()
	e := s.dc.OutgoingMessageBuffer.Messages.Front()
	if e == nil {
		return 0, false
	}
	m, ok := e.Value.(datachannel.StreamingMessage)
	if !ok {
		return 0, false
	}
	if now.Sub(s.moved) > silence && now.Sub(time.Unix(0, s.heard.Load())) > silence && !s.paused.Load() {
		s.moved = now
		s.socket.drop()
		return time.Second, true
	}
	timeout := max(s.dc.RetransmissionTimeout, 50*time.Millisecond)
	if late := now.Sub(m.LastSentTime); late < timeout {
		return timeout - late, true
	}
	m.LastSentTime = now
	e.Value = m
	_ = s.socket.SendMessage(quiet{}, m.Content, websocket.BinaryMessage) // never fails for these
	return timeout, true
}
